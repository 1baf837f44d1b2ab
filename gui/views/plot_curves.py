"""Curves and points of a plot, drawn offscreen by pyqtgraph and rendered into a picture."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import QWidget

from gui.style.theme import Theme
from gui.views.plot_content import Floats, Markers, PlotContent, role_color
from gui.views.plot_geometry import Geometry
from gui.views.time_text import SECOND_NS

if TYPE_CHECKING:
    import pyqtgraph as pg

AXIS_WIDTH_PX: Final = 46
AXIS_HEIGHT_PX: Final = 22
RIGHT_PX: Final = 12
TOP_PX: Final = 4
MARKER_PX: Final = 9
DENSE: Final = 1.5
DENSE_PX: Final = 5
"""Points that would cover the width so many times are small and have no edge."""
SHARE_PX: Final = 74
"""Room at the right for how often which value occurs."""

Filled = tuple[str, int, PlotContent]
"""Theme, width and content that the offscreen plot holds."""


def _same(before: Filled | None, now: Filled, i: int, kind: Literal["curves", "markers"]) -> bool:
    """Return whether item `i` looks as it did: while a slider moves, the run before stays."""
    if before is None or before[:2] != now[:2] or _axis(before[2]) != _axis(now[2]):
        return False
    old, new = getattr(before[2], kind), getattr(now[2], kind)
    return i < len(old) and all(
        np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b
        for a, b in ((getattr(old[i], f.name), getattr(new[i], f.name)) for f in fields(new[i]))
    )


def _axis(content: PlotContent) -> tuple[bool, float]:
    """Return what decides how values are stretched."""
    return content.log, content.y_min if content.log else 0.0


class PlotCurves:
    """The offscreen plot; it belongs to the widget whose picture it helps to make."""

    def __init__(self, owner: QWidget) -> None:
        """Start without a plot: pyqtgraph is heavy, so not before it is needed."""
        self._owner = owner
        self._view: pg.PlotWidget | None = None
        self._curves: list[Any] = []
        self._scatters: list[Any] = []
        self._dense: list[bool] = []
        self._laid_out = QSize(), 0
        self._filled: Filled | None = None

    def lay_out(self, size: QSize, *, shares: bool) -> QRectF:
        """Give the offscreen plot a size and return its inside."""
        view = self._ensure_view()
        right = RIGHT_PX + (SHARE_PX if shares else 0)
        if (size, right) != self._laid_out:
            self._laid_out = size, right
            item = view.getPlotItem()
            item.layout.setContentsMargins(AXIS_WIDTH_PX, TOP_PX, right, AXIS_HEIGHT_PX)
            view.resize(size)
            # A hidden widget is not told its size: without this pyqtgraph lays out for the old one.
            view.resizeEvent(QResizeEvent(size, size))
            item.layout.activate()
        rect: QRectF = view.getPlotItem().vb.sceneBoundingRect()
        return rect

    def draw(
        self, painter: QPainter, content: PlotContent, geometry: Geometry, *, theme: Theme, top: int
    ) -> None:
        """Draw curves and points; `lay_out` comes first.

        Args:
            painter: Of the picture.
            content: What to draw.
            geometry: The stretch and values that are shown.
            theme: Its colours.
            top: Height of what is above the plot.
        """
        if not content.curves and not content.markers:
            return
        view = self._ensure_view()
        self._fill(content, geometry, theme)
        shown = geometry.shown
        view.getPlotItem().vb.setRange(
            xRange=(shown.start_ns / SECOND_NS, shown.end_ns / SECOND_NS),
            yRange=(geometry.scaled(geometry.y_min), geometry.scaled(geometry.y_max)),
            padding=0,
        )
        target = QRectF(0, top, view.width(), view.height())
        view.render(painter, target, view.rect(), Qt.AspectRatioMode.IgnoreAspectRatio)

    def _ensure_view(self) -> "pg.PlotWidget":
        if self._view is not None:
            return self._view
        import pyqtgraph as pg

        view = pg.PlotWidget(self._owner, background=None, useOpenGL=False)
        view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        view.hide()
        view.setFrameShape(view.Shape.NoFrame)
        view.viewport().setAutoFillBackground(False)
        item = view.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        item.setMouseEnabled(False, False)
        for side in ("left", "bottom"):
            item.hideAxis(side)  # drawing them ourselves takes a fifth of the time
        self._view = view
        return view

    def _fill(self, content: PlotContent, geometry: Geometry, theme: Theme) -> None:
        """Give the offscreen plot its data and pens, where they changed."""
        import pyqtgraph as pg

        item = self._ensure_view().getPlotItem()
        while len(self._curves) < len(content.curves):
            self._curves.append(pg.PlotCurveItem(antialias=False))
            item.addItem(self._curves[-1])
        while len(self._scatters) < len(content.markers):
            self._scatters.append(pg.ScatterPlotItem(antialias=True, pxMode=True))
            self._dense.append(False)
            item.addItem(self._scatters[-1])
        before = self._filled
        self._filled = now = (theme.name, self._laid_out[0].width(), content)
        for i, (shown, curve) in enumerate(zip(self._curves, content.curves, strict=False)):
            if not _same(before, now, i, "curves"):
                style = Qt.PenStyle.DashLine if curve.dashed else Qt.PenStyle.SolidLine
                pen = pg.mkPen(role_color(theme, curve.role), width=curve.width_px, style=style)
                shown.setData(curve.x_s, _scaled(geometry, curve.y), pen=pen)
        for i, marks in enumerate(content.markers):
            dense = self._is_dense(marks, geometry)
            if not _same(before, now, i, "markers") or dense != self._dense[i]:
                self._dense[i] = dense
                self._fill_points(i, marks, geometry, theme)
        for spare in [*self._curves[len(content.curves) :]]:
            spare.setData([], [])
        for spare in [*self._scatters[len(content.markers) :]]:
            spare.setData([], [])

    def _is_dense(self, marks: Markers, geometry: Geometry) -> bool:
        low, high = (t / SECOND_NS for t in (geometry.shown.start_ns, geometry.shown.end_ns))
        count = int(np.count_nonzero((marks.x_s >= low) & (marks.x_s <= high)))
        return count * MARKER_PX > DENSE * self._laid_out[0].width()

    def _fill_points(self, i: int, marks: Markers, geometry: Geometry, theme: Theme) -> None:
        import pyqtgraph as pg

        color, dense = role_color(theme, marks.role), self._dense[i]
        hollow = marks.role == "before"
        self._scatters[i].setData(
            x=marks.x_s,
            y=_scaled(geometry, marks.y),
            symbol=marks.symbol,
            size=DENSE_PX if dense else MARKER_PX - 2 if hollow else MARKER_PX,
            pen=pg.mkPen(color if hollow or dense else theme.ground),
            brush=None if hollow else pg.mkBrush(color),
        )


def _scaled(geometry: Geometry, values: Floats) -> Floats:
    """Return values as the axis has them."""
    if not geometry.log or geometry.y_min <= 0:
        return values
    scaled: Floats = np.log10(np.maximum(values, geometry.y_min))
    return scaled
