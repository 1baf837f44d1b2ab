"""Signs of points in a plot and its legend: a dot, a cross, a triangle, a lozenge, a square.

Every fate and every processor has a sign as well as a colour, so that colour is never the only
difference. Signs are drawn as shapes, so they stay sharp at every scale and in every format.
"""

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

MARKER_PX: Final = 9
CORNERS: Final = {
    "t1": ((0, -1), (1, 1), (-1, 1)),
    "d": ((0, -1), (1, 0), (0, 1), (-1, 0)),
    "s": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
}
"""Corners of the signs that have some, in halves of their size."""


def draw_signs(
    painter: QPainter,
    symbol: str,
    centers: Iterable[QPointF],
    *,
    color: QColor,
    edge: QColor | None = None,
    hollow: bool = False,
    size_px: float = MARKER_PX,
) -> None:
    """Draw one sign at many places.

    Args:
        painter: Of the picture; it is left as it was.
        symbol: "o" (dot), "x" (cross), "t1" (triangle), "d" (lozenge) or "s" (square).
        centers: Where.
        color: What it is filled with, or drawn with if it is a cross or hollow.
        edge: Its outline; None: as its colour.
        hollow: Only the outline.
        size_px: Width and height.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    half = size_px / 2
    radius = half - 0.5 if edge is None else half  # an edge in the ground's colour takes its part
    if symbol == "x":
        painter.setPen(QPen(color, 2))
        arm = half - 1
        for center in centers:
            painter.drawLine(center + QPointF(-arm, -arm), center + QPointF(arm, arm))
            painter.drawLine(center + QPointF(-arm, arm), center + QPointF(arm, -arm))
    else:
        painter.setPen(QPen(color if edge is None else edge, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush if hollow else color)
        corners = [QPointF(half * x, half * y) for x, y in CORNERS.get(symbol, ())]
        for center in centers:
            if corners:
                painter.drawPolygon(QPolygonF([center + corner for corner in corners]))
            else:
                painter.drawEllipse(center, radius, radius)
    painter.restore()
