"""Patterns of the page states: the second sign beside colour, at any size.

A pattern is a boolean picture; the grid stamps it on cells of eight pixels and more, the legend
shows it always.
"""

from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from engine.states import PageState
from gui.style.theme import Theme

MIN_PATTERN_PX: Final = 8


@lru_cache(maxsize=48)  # the states, at a few sizes: that of one large page is a large one
def pattern_mask(state: PageState, size_px: int) -> npt.NDArray[np.bool_]:
    """Return which pixels of a square of `size_px` carry the state's pattern."""
    mask: npt.NDArray[np.bool_] = np.asarray(_mask(state, size_px), np.bool_)
    mask.setflags(write=False)  # it is shared by all who ask
    return mask


def _mask(state: PageState, n: int) -> Any:  # noqa: PLR0911
    y, x = np.mgrid[0:n, 0:n]
    middle, thick = (n - 1) / 2, max(1, n // 7)
    inside = (x >= 1) & (x < n - 1) & (y >= 1) & (y < n - 1)
    if state in (PageState.IN_FLIGHT, PageState.PULLED):
        point = x if state is PageState.IN_FLIGHT else n - 1 - x
        tip = n * 0.72 - np.abs(y - middle)
        return (np.abs(point - tip) < thick) & (np.abs(y - middle) < n * 0.34) & inside
    if state is PageState.UP_TO_DATE:
        return (x - middle) ** 2 + (y - middle) ** 2 <= (n * 0.16) ** 2 + 0.5
    if state is PageState.DIRTY_AGAIN:
        return (np.abs(x + y - (n - 1)) < thick) & inside
    if state is PageState.SENT_WHILE_STOPPED:
        return (np.abs(x - middle) < thick) & inside
    if state is PageState.SKIPPED:
        edge = max(1, n // 8)
        return (x < edge) | (y < edge) | (x >= n - edge) | (y >= n - edge)
    if state is PageState.FREE:
        step = max(3, n // 3)
        return (x + y) % step == 0
    if state is PageState.MISSING:
        cross = np.minimum(np.abs(x - y), np.abs(x + y - (n - 1)))
        return (cross < thick) & inside
    if state is PageState.PUSHED:
        return (y >= n - 1 - thick) & (y < n - 1) & (x >= 1) & (x < n - 1)
    return np.zeros((n, n), np.bool_)


def pattern_color(state: PageState, theme: Theme) -> QColor:
    """Return the colour of a pattern on its state's fill, at least 3:1 against it."""
    if state is PageState.SKIPPED:
        return theme.color("skipped")
    if state is PageState.FREE:
        return theme.color("line")
    if state is PageState.MISSING:
        return theme.color("ink")
    if state is PageState.PULLED:
        return QColor("#FFFFFF")
    fill = theme.state_color(state)
    return QColor("#FFFFFF") if fill.lightnessF() < 0.35 else QColor("#101418")


@lru_cache(maxsize=48)
def state_picture(state: PageState, size_px: int, theme: Theme) -> QImage:
    """Return a square with a state's fill and pattern."""
    pixels = np.full((size_px, size_px), theme.state_color(state).rgb(), np.uint32)
    pixels[pattern_mask(state, size_px)] = pattern_color(state, theme).rgb()
    kind = QImage.Format.Format_RGB32
    return QImage(pixels.data, size_px, size_px, size_px * 4, kind).copy()


def draw_state(painter: QPainter, rect: QRect, state: PageState, theme: Theme) -> None:
    """Draw a state's fill and pattern into a rectangle, with an edge that shows on any ground."""
    size = min(rect.width(), rect.height())
    painter.drawImage(rect.topLeft(), state_picture(state, size, theme))
    if state is not PageState.SKIPPED:
        painter.setPen(theme.color("line"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(rect.x(), rect.y(), size - 1, size - 1)
