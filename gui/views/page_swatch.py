"""Swatches of a legend: a class's colour and pattern with an edge that shows on any ground."""

import numpy as np
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter, QPixmap

from engine.states import PageState
from gui.style.patterns import draw_state
from gui.style.theme import Theme
from gui.views.page_coding import Coding, class_color, class_ink, class_mask


def swatch(coding: Coding, number: int, size_px: int, theme: Theme) -> QPixmap:
    """Return a square picture of a class."""
    picture = QPixmap(size_px, size_px)
    painter = QPainter(picture)
    if coding.is_state:
        draw_state(painter, QRect(0, 0, size_px, size_px), PageState(number), theme)
    else:
        pixels = np.full((size_px, size_px), class_color(coding, number, theme).rgb(), np.uint32)
        pixels[class_mask(coding, number, size_px)] = class_ink(coding, number, theme).rgb()
        kind = QImage.Format.Format_RGB32
        image = QImage(pixels.data, size_px, size_px, size_px * 4, kind)
        painter.drawImage(0, 0, image.copy())
        painter.setPen(theme.color("line"))
        painter.drawRect(0, 0, size_px - 1, size_px - 1)
    painter.end()
    return picture
