"""The picture of one plot: pyqtgraph draws curves and points offscreen, the rest is painted here.

It is drawn once a run, size and theme, and kept. It also knows where instants and values lie.
"""

from collections.abc import Iterator
from dataclasses import fields
from math import ceil
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QPainter,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from gui.style.theme import DARK, Theme, ui_font
from gui.views.plot_content import Band, Curve, Markers, PlotContent, Tag, role_color
from gui.views.stages import blend, stage_color
from gui.views.time_text import SECOND_NS, time_ticks

if TYPE_CHECKING:
    import pyqtgraph as pg

AXIS_WIDTH_PX: Final = 46
AXIS_HEIGHT_PX: Final = 22
VALUE_GAP_PX: Final = 6
TICK_PX: Final = 52
HEADER_PX: Final = 18
RIGHT_PX: Final = 12
TOP_PX: Final = 4
BAND_LABEL_PX: Final = 16
MARKER_PX: Final = 9
DENSE: Final = 1.5
DENSE_PX: Final = 5
"""Points that would cover the width so many times are small and have no edge."""
GAP_ALPHA: Final = 46
WIDE_STOP_PX: Final = 12
BAND_STRENGTH: Final = {"stop-and-copy": 0.6, "pull": 0.22}
TAG_GAP_PX: Final = 4
CHOICE_MARK: Final = " ▾"


Filled = tuple[str, int, PlotContent]
"""Theme, width and content that the offscreen plot holds."""


def _same(before: Filled | None, now: Filled, i: int, kind: Literal["curves", "markers"]) -> bool:
    """Return whether item `i` looks as it did: while a slider moves, the run before stays."""
    if before is None or before[:2] != now[:2]:
        return False
    old, new = getattr(before[2], kind), getattr(now[2], kind)
    return i < len(old) and all(
        np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b
        for a, b in ((getattr(old[i], f.name), getattr(new[i], f.name)) for f in fields(new[i]))
    )


class PlotPicture:
    """A plot without cursor.

    Args:
        owner: The widget whose picture it is; the offscreen plot belongs to it.

    Attributes:
        area: Where the plot's inside lies.
        tag_rects: Where the values are written, by the instant of their points.
        title_rect: Where the title is written.
    """

    def __init__(self, owner: QWidget) -> None:
        self.area = QRectF()
        self.tag_rects: dict[int, QRectF] = {}
        self.title_rect = QRectF()
        self._owner = owner
        self._theme = DARK
        self._content: PlotContent | None = None
        self._size = QSize()
        self._choice = False
        self._view: pg.PlotWidget | None = None
        self._curves: list[Any] = []
        self._scatters: list[Any] = []
        self._cache: QPixmap | None = None
        self._laid_out = QSize()
        self._filled: Filled | None = None

    @property
    def content(self) -> PlotContent | None:
        """Return what it shows."""
        return self._content

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme, self._cache = theme, None

    def set_content(self, content: PlotContent) -> None:
        """Show another run."""
        self._content, self._cache = content, None

    def set_choice(self, choice: bool) -> None:
        """Mark the title as one that offers other plots, or not."""
        if choice != self._choice:
            self._choice, self._cache = choice, None

    def pixmap(self) -> QPixmap:
        """Return the picture at the owner's size, drawn now if need be."""
        if self._cache is None or self._owner.size() != self._size:
            self._size = self._owner.size()
            self._cache = self._render()
        return self._cache

    def x_at(self, t_ns: int) -> float:
        """Return the horizontal position of an instant."""
        end_ns = self._content.end_ns if self._content else 1
        return self.area.left() + self.area.width() * t_ns / max(1, end_ns)

    def y_at(self, value: float) -> float:
        """Return the vertical position of a value, at most the top of the plot."""
        top = self._content.y_max if self._content else 1.0
        share = min(1.0, value / top) if top else 0.0
        return self.area.bottom() - self.area.height() * share

    def time_at(self, x_px: float) -> int:
        """Return the instant at a horizontal position, clipped to the run."""
        if self._content is None or not self.area.width():
            return 0
        share = (x_px - self.area.left()) / self.area.width()
        return round(max(0.0, min(1.0, share)) * self._content.end_ns)

    def _ensure_view(self) -> "pg.PlotWidget":
        """Build the offscreen plot; pyqtgraph is heavy, so not before it is needed."""
        if self._view is not None:
            return self._view
        import pyqtgraph as pg

        view = pg.PlotWidget(self._owner, background=None, useOpenGL=False)
        view.hide()
        view.setFrameShape(view.Shape.NoFrame)
        view.viewport().setAutoFillBackground(False)
        item = view.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        item.setMouseEnabled(False, False)
        item.layout.setContentsMargins(AXIS_WIDTH_PX, TOP_PX, RIGHT_PX, AXIS_HEIGHT_PX)
        for side in ("left", "bottom"):
            item.hideAxis(side)  # `_draw_axes` takes a fifth of the time
        self._view = view
        return view

    def _fill_view(self, view: "pg.PlotWidget", content: PlotContent) -> None:
        """Give the offscreen plot its data, pens and range."""
        import pyqtgraph as pg

        item, theme = view.getPlotItem(), self._theme
        while len(self._curves) < len(content.curves):
            self._curves.append(pg.PlotCurveItem(antialias=False))
            item.addItem(self._curves[-1])
        while len(self._scatters) < len(content.markers):
            self._scatters.append(pg.ScatterPlotItem(antialias=True, pxMode=True))
            item.addItem(self._scatters[-1])
        before = self._filled
        self._filled = (theme.name, self._size.width(), content)
        for i, (shown, curve) in enumerate(zip(self._curves, content.curves, strict=False)):
            if _same(before, self._filled, i, "curves"):
                continue
            style = Qt.PenStyle.DashLine if curve.dashed else Qt.PenStyle.SolidLine
            pen = pg.mkPen(role_color(theme, curve.role), width=curve.width_px, style=style)
            shown.setData(curve.x_s, curve.y, pen=pen)
        for i, (scatter, marks) in enumerate(zip(self._scatters, content.markers, strict=False)):
            if _same(before, self._filled, i, "markers"):
                continue
            color = role_color(theme, marks.role)
            hollow = marks.role == "before"
            dense = len(marks.x_s) * MARKER_PX > DENSE * self._size.width()
            outline = color if hollow or dense else theme.ground
            scatter.setData(
                x=marks.x_s,
                y=marks.y,
                symbol=marks.symbol,
                size=DENSE_PX if dense else MARKER_PX - 2 if hollow else MARKER_PX,
                pen=pg.mkPen(outline),
                brush=None if hollow else pg.mkBrush(color),
            )
        for spare in [*self._curves[len(content.curves) :]]:
            spare.setData([], [])
        for spare in [*self._scatters[len(content.markers) :]]:
            spare.setData([], [])
        item.vb.setRange(
            xRange=(0, content.end_ns / SECOND_NS), yRange=(0, content.y_max), padding=0
        )

    def _render(self) -> QPixmap:
        ratio = self._owner.devicePixelRatioF()
        # Rounded up: the owner paints all of its ground with this picture.
        width, height = self._size.width() * ratio, self._size.height() * ratio
        pixmap = QPixmap(ceil(width), ceil(height))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(self._theme.color("ground"))
        content = self._content
        if content is None or self._size.width() < 2 * AXIS_WIDTH_PX:
            return pixmap
        view = self._ensure_view()
        self._fill_view(view, content)
        painter = QPainter(pixmap)
        head = self._draw_header(painter, content)
        self._lay_out(view, head)
        self._draw_ground(painter, content)
        self._draw_axes(painter, content)
        target = QRectF(0, head, view.width(), view.height())
        view.render(painter, target, view.rect(), Qt.AspectRatioMode.IgnoreAspectRatio)
        painter.setFont(ui_font(11))
        self._draw_tags(painter, content, self._draw_band_labels(painter, content))
        painter.end()
        return pixmap

    def _lay_out(self, view: "pg.PlotWidget", head: int) -> None:
        """Size the offscreen plot and read where its axes lie."""
        size = QSize(self._size.width(), max(1, self._size.height() - head))
        if size != self._laid_out:
            self._laid_out = size
            view.resize(size)
            # A hidden widget is not told its size: without this pyqtgraph lays out for the old one.
            view.resizeEvent(QResizeEvent(size, size))
            view.getPlotItem().layout.activate()
        self.area = view.getPlotItem().vb.sceneBoundingRect().translated(0, head)

    def _draw_header(self, painter: QPainter, content: PlotContent) -> int:
        """Write the title and the legend; return the height used."""
        painter.setFont(ui_font(12))
        painter.setPen(self._theme.color("dim"))
        title = content.title + (CHOICE_MARK if self._choice else "")
        painter.drawText(0, 13, title)
        used = painter.fontMetrics().horizontalAdvance(title) + 18
        self.title_rect = QRectF(0, 0, used - 10, HEADER_PX)
        painter.setFont(ui_font(11))
        metrics = painter.fontMetrics()
        everything: tuple[Curve | Markers, ...] = (*content.curves, *content.markers)
        entries = [e for e in everything if e.word]
        widths = [metrics.horizontalAdvance(e.word) + 30 for e in entries]
        room = self._size.width() - RIGHT_PX
        x, y = room + 12 - sum(widths), HEADER_PX - 5
        if entries and x < used:
            x, y = 0, y + HEADER_PX
        for entry, width in zip(entries, widths, strict=True):
            if x and x + width - 12 > room:
                x, y = 0, y + HEADER_PX
            self._draw_entry(painter, entry, QPointF(x, y))
            x += width
        return y + 5

    def _draw_entry(self, painter: QPainter, entry: Curve | Markers, at: QPointF) -> None:
        """Draw one sign of the legend and its word."""
        color = role_color(self._theme, entry.role)
        center = at + QPointF(7, -4)
        if isinstance(entry, Curve):
            style = Qt.PenStyle.DashLine if entry.dashed else Qt.PenStyle.SolidLine
            painter.setPen(QPen(color, 2, style))
            painter.drawLine(center - QPointF(7, 0), center + QPointF(6, 0))
        else:
            draw_symbol(painter, entry.symbol, center, color, hollow=entry.role == "before")
        painter.setPen(self._theme.color("dim"))
        painter.drawText(at + QPointF(18, 0), entry.word)

    def _draw_ground(self, painter: QPainter, content: PlotContent) -> None:
        """Draw the bands of the phases and the grid under the curves."""
        area, ground = self.area, self._theme.color("ground")
        for band in content.bands:
            left, right = self.x_at(band.start_ns), self.x_at(band.end_ns)
            rect = QRectF(round(left), area.top(), max(2.0, round(right - left)), area.height())
            if band.kind == "lost-ping":
                color = role_color(self._theme, "lost")
                color.setAlpha(GAP_ALPHA)
            else:
                strength = BAND_STRENGTH.get(band.kind, 0.4)
                if band.kind == "stop-and-copy" and rect.width() > WIDE_STOP_PX:
                    strength = 0.3
                color = blend(ground, stage_color(self._theme, band.kind), strength)
            painter.fillRect(rect, color)
        painter.setPen(self._theme.color("grid"))
        for value in np.arange(0, content.y_max * 1.0001, content.y_step):
            y = round(self.y_at(float(value)))
            painter.drawLine(round(area.left()), y, round(area.right()), y)

    def _draw_axes(self, painter: QPainter, content: PlotContent) -> None:
        """Draw the two axes and write their values."""
        area = self.area
        painter.setPen(self._theme.color("line"))
        corner = QPointF(round(area.left()), round(area.bottom()))
        painter.drawLine(QPointF(corner.x(), round(area.top())), corner)
        painter.drawLine(corner, QPointF(round(area.right()), corner.y()))
        painter.setFont(ui_font(11))
        painter.setPen(self._theme.color("dim"))
        half = painter.fontMetrics().height() / 2
        top = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter
        most = max(2, (self._size.width() - AXIS_WIDTH_PX) // TICK_PX)
        for t_ns, text in time_ticks(content.end_ns, most):
            x = round(self.x_at(t_ns))
            painter.drawText(QRectF(x - 40, corner.y() + VALUE_GAP_PX, 80, 2 * half), top, text)
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        for value in np.arange(0, content.y_max * 1.0001, content.y_step):
            y = round(self.y_at(float(value))) - half
            place = QRectF(0, y, corner.x() - VALUE_GAP_PX, 2 * half)
            painter.drawText(place, right, f"{float(value):,g}")

    def _draw_band_labels(self, painter: QPainter, content: PlotContent) -> list[QRectF]:
        """Write the bands' names where there is room, the stop first; return what is taken."""
        metrics, taken = painter.fontMetrics(), list[QRectF]()
        for band in sorted(content.bands, key=lambda b: b.kind != "stop-and-copy"):
            for x, text in self._label_places(metrics, band):
                rect = QRectF(x, self.area.top(), metrics.horizontalAdvance(text), BAND_LABEL_PX)
                if self._free(rect, taken):
                    inside = rect.left() >= self.x_at(band.start_ns) and rect.right() <= self.x_at(
                        band.end_ns
                    )
                    stop = band.kind == "stop-and-copy"
                    token = "dim" if not stop else "ink" if inside else "warn"
                    painter.setPen(self._theme.color(token))
                    painter.drawText(QPointF(x, self.area.top() + 12), text)
                    taken.append(rect)
                    break
        if content.note:
            painter.setPen(self._theme.color("dim"))
            width = metrics.horizontalAdvance(content.note)
            at = QPointF(self.area.center().x() - width / 2, self.area.center().y())
            painter.drawText(at, content.note)
        return taken

    def _label_places(self, metrics: QFontMetrics, band: Band) -> Iterator[tuple[float, str]]:
        """Yield where a band's name may stand: inside, or for a stop also beside it."""
        left, right = self.x_at(band.start_ns), self.x_at(band.end_ns)
        stop = band.kind == "stop-and-copy"
        for text in band.labels:
            if stop or left + TAG_GAP_PX + metrics.horizontalAdvance(text) <= right:
                yield left + TAG_GAP_PX, text
        if stop:
            for text in band.labels:
                yield left - TAG_GAP_PX - metrics.horizontalAdvance(text), text

    def _draw_tags(self, painter: QPainter, content: PlotContent, taken: list[QRectF]) -> None:
        """Write values at their points; those of one role are all long, or all short."""
        metrics, self.tag_rects = painter.fontMetrics(), {}
        for role in dict.fromkeys(tag.role for tag in content.tags):
            tags = [tag for tag in content.tags if tag.role == role]
            for length in range(len(tags[0].texts)):
                placed = self._placed(metrics, tags, length, taken)
                if len(placed) == len(tags) or length + 1 == len(tags[0].texts):
                    break
            painter.setPen(role_color(self._theme, role))
            for tag, rect in placed:
                painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, tag.texts[length])
                self.tag_rects[tag.t_ns] = rect
                taken.append(rect)

    def _placed(
        self, metrics: QFontMetrics, tags: list[Tag], length: int, taken: list[QRectF]
    ) -> list[tuple[Tag, QRectF]]:
        """Return the tags that find a free place, with it: late ones above their points."""
        result: list[tuple[Tag, QRectF]] = []
        taken, half = list(taken), MARKER_PX / 2
        for tag in tags:
            x, y = self.x_at(tag.t_ns), self.y_at(tag.y)
            w, h = metrics.horizontalAdvance(tag.texts[length]), metrics.height()
            places = [QRectF(x - w / 2, y - half - h - 1, w, h)]
            if tag.role != "late":
                places.insert(0, QRectF(x + half + TAG_GAP_PX, y - h / 2, w, h))
                places.insert(1, QRectF(x - half - TAG_GAP_PX - w, y - h / 2, w, h))
            rect = next((p for p in places if self._free(p, taken)), None)
            if rect is not None:
                result.append((tag, rect))
                taken.append(rect.adjusted(-2, 0, 2, 0))
        return result

    def _free(self, rect: QRectF, taken: list[QRectF]) -> bool:
        return self.area.contains(rect) and not any(rect.intersects(t) for t in taken)


def draw_symbol(
    painter: QPainter, symbol: str, center: QPointF, color: QColor, *, hollow: bool = False
) -> None:
    """Draw a marker of the legend in the shape that pyqtgraph gives the points."""
    r = MARKER_PX / 2
    shapes = {
        "t1": [(0, -r), (r, r), (-r, r)],
        "d": [(0, -r), (r, 0), (0, r), (-r, 0)],
    }
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color, 2 if symbol == "x" else 1))
    if symbol == "x":
        painter.drawLine(center + QPointF(-r + 1, -r + 1), center + QPointF(r - 1, r - 1))
        painter.drawLine(center + QPointF(-r + 1, r - 1), center + QPointF(r - 1, -r + 1))
    else:
        painter.setBrush(Qt.BrushStyle.NoBrush if hollow else color)
        if symbol in shapes:
            points = [center + QPointF(x, y) for x, y in shapes[symbol]]
            painter.drawPolygon(QPolygonF(points))
        else:
            painter.drawEllipse(center, r - 0.5, r - 0.5)
    painter.restore()
