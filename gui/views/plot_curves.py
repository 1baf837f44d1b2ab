"""Curves and points of a plot, painted straight into its picture.

The plot's axes, legend, zoom and pointer are our own, so a curve is one polyline and a point one
sign: no second scene is laid out, filled and rendered for them, and no library for it has to be
loaded before the first picture.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF
from shiboken6 import VoidPtr

from gui.style.theme import Theme
from gui.views.plot_content import Curve, Floats, Markers, PlotContent, role_color
from gui.views.plot_geometry import Geometry
from gui.views.plot_signs import MARKER_PX, draw_signs
from gui.views.time_text import SECOND_NS

AXIS_WIDTH_PX: Final = 46
AXIS_HEIGHT_PX: Final = 22
RIGHT_PX: Final = 12
TOP_PX: Final = 4
DENSE: Final = 1.5
DENSE_PX: Final = 5
"""Points that would cover the width so many times are small and have no edge."""
SHARE_PX: Final = 74
"""Room at the right for how often which value occurs."""
BEYOND: Final = 0.01
"""How far a curve is drawn beyond either edge, as a share of what is shown."""


def inside_of(size: QSize, *, shares: bool) -> QRectF:
    """Return the inside of a plot of some size, without what is above the plot.

    Args:
        size: Of the plot with its axes.
        shares: Whether there is room for how often which value occurs.
    """
    right = RIGHT_PX + (SHARE_PX if shares else 0)
    # Half a pixel more than the axes leave: a curve at the very end is still painted.
    width = size.width() - AXIS_WIDTH_PX - right + 0.5
    height = size.height() - TOP_PX - AXIS_HEIGHT_PX + 0.5
    return QRectF(AXIS_WIDTH_PX, TOP_PX, max(0.0, width), max(0.0, height))


def draw_curves(
    painter: QPainter, content: PlotContent, geometry: Geometry, theme: Theme
) -> None:
    """Draw the curves, and over them the points, as far as they are in sight.

    Args:
        painter: Of the picture; it is left as it was.
        content: What to draw. A value that is no number is a gap in its curve.
        geometry: The stretch and values that are shown, and where.
        theme: Its colours.
    """
    painter.save()
    painter.setClipRect(geometry.area)
    for curve in content.curves:
        style = Qt.PenStyle.DashLine if curve.dashed else Qt.PenStyle.SolidLine
        width_px = curve.width_px + theme.thicker_px
        painter.setPen(QPen(role_color(theme, curve.role), width_px, style))
        for piece in _pieces(curve, geometry):
            painter.drawPolyline(piece)
    for marks in content.markers:
        _draw_markers(painter, marks, geometry, theme)
    painter.restore()


def _pieces(curve: Curve, geometry: Geometry) -> list[QPolygonF]:
    """Return the parts of a curve that are in sight, in pixels, cut at its gaps."""
    x_s, y = _in_sight(curve.x_s, curve.y, geometry)
    places = _places(x_s, y, geometry)
    gaps = np.flatnonzero(~np.isfinite(places).all(axis=1))
    parts = np.split(places, gaps) if len(gaps) else [places]
    whole = [part[1:] if i else part for i, part in enumerate(parts)]
    return [_polygon(part) for part in whole if len(part) > 1]


def _in_sight(x_s: Floats, y: Floats, geometry: Geometry) -> tuple[Floats, Floats]:
    """Return the part of a curve that is shown, cut just beyond the edges.

    What lies far away would have coordinates that no painter can count in.
    """
    low, high = (t / SECOND_NS for t in (geometry.shown.start_ns, geometry.shown.end_ns))
    low, high = low - BEYOND * (high - low), high + BEYOND * (high - low)
    first = max(0, int(np.searchsorted(x_s, low, "left")) - 1)
    last = int(np.searchsorted(x_s, high, "right")) + 1
    x_s, y = np.array(x_s[first:last], np.float64), np.array(y[first:last], np.float64)
    if len(x_s) > 1:
        if x_s[0] < low:
            x_s[0], y[0] = low, _between(x_s[0], x_s[1], y[0], y[1], low)
        if x_s[-1] > high:
            x_s[-1], y[-1] = high, _between(x_s[-2], x_s[-1], y[-2], y[-1], high)
    return x_s, y


def _between(x0: float, x1: float, y0: float, y1: float, x: float) -> float:
    """Return the height of the line from (x0, y0) to (x1, y1) at x."""
    return y1 if x1 <= x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def _places(x_s: Floats, y: Floats, geometry: Geometry) -> Floats:
    """Return where values lie in the picture: shape (n, 2), pixels."""
    area, shown = geometry.area, geometry.shown
    length_s = max(1, shown.length_ns) / SECOND_NS
    low, high = geometry.scaled(geometry.y_min), geometry.scaled(geometry.y_max)
    share = (_scaled(geometry, y) - low) / ((high - low) or 1.0)
    places = np.empty((len(x_s), 2), np.float64)
    places[:, 0] = area.left() + area.width() * (x_s - shown.start_ns / SECOND_NS) / length_s
    places[:, 1] = area.bottom() - area.height() * share
    return places


def _polygon(places: npt.NDArray[np.float64]) -> QPolygonF:
    """Return points as Qt has them, without a Python object for each."""
    polygon = QPolygonF()
    polygon.resize(len(places))
    # The stub knows neither this form nor that it is a buffer.
    memory: Any = VoidPtr(polygon.data(), places.nbytes, True)  # type: ignore[call-arg, arg-type]
    np.frombuffer(memory, np.float64).reshape(places.shape)[:] = places
    return polygon


def _draw_markers(painter: QPainter, marks: Markers, geometry: Geometry, theme: Theme) -> None:
    """Draw points; where they crowd, small ones, and each pixel's only once."""
    low, high = (t / SECOND_NS for t in (geometry.shown.start_ns, geometry.shown.end_ns))
    reach_s = MARKER_PX * (high - low) / max(1.0, geometry.area.width())
    inside = (marks.x_s >= low) & (marks.x_s <= high)
    seen = (marks.x_s >= low - reach_s) & (marks.x_s <= high + reach_s) & np.isfinite(marks.y)
    places = _places(marks.x_s[seen], marks.y[seen], geometry)
    dense = int(np.count_nonzero(inside)) * MARKER_PX > DENSE * geometry.area.width()
    if dense:
        places = np.unique(np.rint(places), axis=0)
    color, hollow = role_color(theme, marks.role), marks.role == "before"
    draw_signs(
        painter,
        marks.symbol,
        (QPointF(x, y) for x, y in places.tolist()),
        color=color,
        edge=color if hollow or dense else theme.color("ground"),
        hollow=hollow,
        size_px=DENSE_PX if dense else MARKER_PX - 2 if hollow else MARKER_PX,
    )


def _scaled(geometry: Geometry, values: Floats) -> Floats:
    """Return values as the axis has them."""
    if not geometry.log or geometry.y_min <= 0:
        return values
    scaled: Floats = np.log10(np.maximum(values, geometry.y_min))
    return scaled
