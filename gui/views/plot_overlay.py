"""What is drawn over a plot's picture at every frame: veil, replies on their way, cursor, boxes."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF, QRegion

from gui.style.theme import Theme, ui_font
from gui.views.plot_content import PlotContent
from gui.views.plot_geometry import Stretch, stretch_text
from gui.views.plot_picture import BAND_LABEL_PX, PlotPicture

SELECTION_ALPHA: Final = 46
MOST_OPEN: Final = 64
"""Replies on their way at once, at most."""
LOW_PX: Final = 110
"""In a plot that is lower than this a box has no line to spare."""
NEAR_PX: Final = 6
"""A point so near to the pointer is read."""


def reach_ns(picture: PlotPicture) -> int:
    """Return how much time lies within reach of the pointer."""
    return round(NEAR_PX * picture.geometry.shown.length_ns / max(1.0, picture.area.width()))


def open_at(content: PlotContent, t_ns: int) -> Iterator[int]:
    """Yield the points that are not back yet at an instant."""
    begun, ended = content.open_ns
    hi = int(np.searchsorted(begun, t_ns, side="right"))
    for i in range(max(0, hi - MOST_OPEN), hi):
        if ended[i] > t_ns:
            yield i


def changed_between(
    picture: PlotPicture, before_ns: int, t_ns: int, height: float
) -> Iterator[QRectF]:
    """Yield what looks different at two instants: where the cursor went, what waits."""
    content, geometry = picture.content, picture.geometry
    assert content is not None
    xs = [round(geometry.clipped_x(t)) for t in (before_ns, t_ns)]
    if xs[0] != xs[1]:
        yield QRectF(min(xs) - 8, 0, max(xs) - min(xs) + 16, height)
    for i in {*open_at(content, before_ns), *open_at(content, t_ns)}:
        begun_ns = int(content.open_ns[0, i])
        yield QRectF(round(geometry.x_at(begun_ns)) - 8, 0, 16, height)
        yield picture.tag_rects.get(begun_ns, QRectF()).adjusted(-1, -1, 1, 1)


def draw_now(
    painter: QPainter, picture: PlotPicture, theme: Theme, t_ns: int, *, hidden: bool = False
) -> None:
    """Draw the veil over the future, what is on its way, and the cursor or where it is.

    Args:
        painter: On the panel.
        picture: What it shows.
        theme: Its colours.
        t_ns: The instant.
        hidden: Whether nothing is seen through the veil.
    """
    area, geometry = picture.area, picture.geometry
    x = round(geometry.clipped_x(t_ns))
    veil = theme.color("ground")
    veil.setAlpha(255 if hidden else theme.veil_alpha)
    painter.fillRect(QRectF(x, area.top(), area.right() - x + 7, area.height() + 1), veil)
    _draw_open(painter, picture, theme, t_ns=t_ns, veil=veil)
    ink, shown = theme.color("ink"), geometry.shown
    if shown.start_ns <= t_ns <= shown.end_ns:
        painter.fillRect(QRectF(x - 1, area.top(), 2, area.height()), ink)
        return
    side = -1 if t_ns < shown.start_ns else 1  # an arrow: the cursor is further that way
    tip, middle = QPointF(x - side, area.bottom() - 8), area.bottom() - 8
    back = x - side * 7
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    painter.drawPolygon(QPolygonF([tip, QPointF(back, middle - 5), QPointF(back, middle + 5)]))


def _draw_open(
    painter: QPainter, picture: PlotPicture, theme: Theme, *, t_ns: int, veil: QColor
) -> None:
    """Hide points that are not back yet and draw how long they have been waiting."""
    content, area = picture.content, picture.area
    assert content is not None
    begun, waiting = content.open_ns[0], list(open_at(content, t_ns))
    if not waiting:
        return
    hidden = QRegion()
    for i in waiting:
        x, y = round(picture.x_at(int(begun[i]))), round(picture.y_at(float(content.open_y[i])))
        hidden += QRect(x - 6, y - 6, 13, 13)
        hidden += picture.tag_rects.get(int(begun[i]), QRectF()).toAlignedRect()
    now = round(picture.x_at(t_ns))
    inside = area.adjusted(-6, -6, 6, 6).toAlignedRect()
    hidden &= inside & QRect(0, 0, max(0, now), inside.bottom() + 1)  # later has its veil already
    painter.setClipRegion(hidden)
    painter.fillRect(inside, veil)
    painter.setClipRect(inside)
    painter.setPen(QPen(theme.color("ink"), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for i in waiting:
        x = round(picture.x_at(int(begun[i])))
        waited = picture.y_at((t_ns - int(begun[i])) / 1e6)
        painter.drawLine(QPointF(x, area.bottom()), QPointF(x, waited))
        painter.drawRect(QRectF(x - 2, waited - 2, 4, 4))
    painter.setClipping(False)


def draw_hover(
    painter: QPainter, picture: PlotPicture, theme: Theme, *, t_ns: int, width: int
) -> None:
    """Draw a thin line and a box with the values there."""
    content, area = picture.content, picture.area
    assert content is not None
    if not picture.geometry.shown.start_ns <= t_ns <= picture.geometry.shown.end_ns:
        return
    x = round(picture.x_at(t_ns))
    painter.setPen(QPen(theme.color("dim"), 1, Qt.PenStyle.DotLine))
    painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
    text = content.read(t_ns, reach_ns(picture))
    if text:
        _draw_box(painter, text.split("\n"), theme, x=x, top=area.top(), width=width)


def draw_selection(
    painter: QPainter, picture: PlotPicture, theme: Theme, *, chosen: Stretch, width: int
) -> None:
    """Draw a stretch that is selected, and its figures in a box."""
    content, area, geometry = picture.content, picture.area, picture.geometry
    assert content is not None
    left, right = geometry.clipped_x(chosen.start_ns), geometry.clipped_x(chosen.end_ns)
    color = theme.color("link")
    fill = QColor(color)
    fill.setAlpha(SELECTION_ALPHA)
    if right > left:
        painter.fillRect(QRectF(left, area.top(), right - left, area.height()), fill)
    painter.setPen(QPen(color, 1, Qt.PenStyle.DashLine))
    for t_ns, x in ((chosen.start_ns, left), (chosen.end_ns, right)):
        if geometry.shown.start_ns <= t_ns <= geometry.shown.end_ns:
            painter.drawLine(QPointF(round(x), area.top()), QPointF(round(x), area.bottom()))
    lines = selection_lines(content, chosen)
    if area.height() < LOW_PX:
        lines = lines[1:]  # the strip tells the stretch, and there is no room for it here
    _draw_box(painter, lines, theme, x=round(right), top=area.top(), width=width)


def selection_lines(content: PlotContent, chosen: Stretch) -> list[str]:
    """Return what is told of a stretch: from when to when, then the plot's figures."""
    lines = content.stats(chosen.start_ns, chosen.end_ns)
    spread = ", min / mean / max" if any(" / " in line for line in lines) else ""
    return [stretch_text(chosen) + spread, *lines]


def _draw_box(
    painter: QPainter, lines: Sequence[str], theme: Theme, *, x: int, top: float, width: int
) -> None:
    """Draw lines of text in a box beside a vertical position, inside the widget."""
    painter.setFont(ui_font(11))
    text = "\n".join(lines)
    box = painter.fontMetrics().boundingRect(0, 0, 400, 200, 0, text).adjusted(-6, -3, 6, 3)
    left = x + 8 if x + 8 + box.width() < width else x - 8 - box.width()
    box.moveTo(max(0, min(left, width - box.width() - 1)), round(top) + BAND_LABEL_PX + 2)
    painter.fillRect(box, theme.color("field"))
    painter.setPen(theme.color("line"))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box)
    painter.setPen(theme.color("ink"))
    painter.drawText(box.adjusted(6, 3, -6, -3), Qt.AlignmentFlag.AlignLeft, text)
