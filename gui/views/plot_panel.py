"""One plot as a picture: pyqtgraph draws it offscreen once a run, a frame only moves the cursor.

Repainting a plot for every frame is what makes animations stutter, so the plot is kept as a
pixmap. A frame costs one blit, a veil over the future, the cursor and what is on its way.
The panel knows axes, curves and points; what they mean is the business of `plots_view`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.states import PageState
from gui.style.theme import DARK, Theme, ui_font
from gui.views.timeline_view import SECOND_NS, ArrowKeeper, blend, stage_color, time_ticks

if TYPE_CHECKING:
    import pyqtgraph as pg

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]

AXIS_WIDTH_PX: Final = 46
AXIS_HEIGHT_PX: Final = 22
HEADER_PX: Final = 18
RIGHT_PX: Final = 12
TOP_PX: Final = 4
BAND_LABEL_PX: Final = 16
MARKER_PX: Final = 9
VEIL_ALPHA: Final = 150
GAP_ALPHA: Final = 46
WIDE_STOP_PX: Final = 12
BAND_STRENGTH: Final = {"stop-and-copy": 0.6, "pull": 0.22}
TAG_GAP_PX: Final = 4


@dataclass(frozen=True, slots=True)
class Band:
    """A labelled stretch of time behind the curves; labels longest first."""

    kind: str
    start_ns: int
    end_ns: int
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """A line. `role` names its colour, see `role_color`."""

    role: str
    x_s: Floats
    y: Floats
    word: str = ""
    dashed: bool = False
    width_px: int = 1


@dataclass(frozen=True, slots=True)
class Markers:
    """Points of one shape and colour; `symbol` as in pyqtgraph."""

    role: str
    symbol: str
    x_s: Floats
    y: Floats
    word: str = ""


@dataclass(frozen=True, slots=True)
class Tag:
    """A value written beside a point; texts longest first."""

    t_ns: int
    y: float
    texts: tuple[str, ...]
    role: str


@dataclass(frozen=True)
class PlotContent:
    """Everything that one plot shows of a run.

    Attributes:
        title: Above the plot, with the unit. end_ns: Length of the time axis.
        y_max: Top of the value axis. y_step: Distance of its ticks.
        note: Instead of a plot without content, or at its top right.
        open_ns: Instants from which and until which a point is still on its way, shape (2, n).
        open_y: Their values in the end.
    """

    title: str
    end_ns: int
    y_max: float
    y_step: float
    bands: tuple[Band, ...] = ()
    curves: tuple[Curve, ...] = ()
    markers: tuple[Markers, ...] = ()
    tags: tuple[Tag, ...] = ()
    note: str = ""
    open_ns: Times = field(default_factory=lambda: np.empty((2, 0), np.int64))
    open_y: Floats = field(default_factory=lambda: np.empty(0))
    read: Callable[[int, int], str] = lambda t_ns, reach_ns: ""


def role_color(theme: Theme, role: str) -> QColor:
    """Return the colour of a role: sent, dirtied, limit, on-time, late, held, lost, before."""
    tokens = {
        "sent": "link",
        "on-time": "link",
        "limit": "dim",
        "late": "warn",
        "held": "stopped",
        "before": "dim",
        "other": "good",
    }
    if role in tokens:
        return theme.color(tokens[role])
    return theme.state_color(PageState.DIRTY_AGAIN)


class PlotPanel(QWidget):
    """A plot over the time of a run, with a cursor."""

    seek_requested = Signal(object)
    """The user clicked, dragged or used the arrow keys: scenario time in ns."""
    hovered = Signal(object)
    """The pointer is over an instant (ns), or None when it has left."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty; pyqtgraph is imported when the first content comes."""
        super().__init__(parent)
        self._theme = DARK
        self._content: PlotContent | None = None
        self._view: pg.PlotWidget | None = None
        self._curves: list[Any] = []
        self._scatters: list[Any] = []
        self._cache: QPixmap | None = None
        self._area = QRectF()
        self._tag_rects: dict[int, QRectF] = {}
        self._t_ns = 0
        self._hover_ns: int | None = None
        self.setMouseTracking(True)
        self.installEventFilter(ArrowKeeper(self))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme, self._cache = theme, None
        self.update()

    def set_content(self, content: PlotContent) -> None:
        """Show another run; the picture is drawn anew at the next paint."""
        self._content, self._cache = content, None
        self.setAccessibleName(content.title)
        words = [c.word for c in content.curves] + [m.word for m in content.markers]
        self.setAccessibleDescription(", ".join(filter(None, words)) or content.note)
        self.update()

    def set_time(self, t_ns: int) -> None:
        """Move the cursor."""
        if t_ns != self._t_ns:
            self._t_ns = t_ns
            self.update()

    def set_hover(self, t_ns: int | None) -> None:
        """Show the read-out of an instant, or none."""
        if t_ns != self._hover_ns:
            self._hover_ns = t_ns
            self.update()

    def x_at(self, t_ns: int) -> float:
        """Return the horizontal position of an instant."""
        end_ns = self._content.end_ns if self._content else 1
        return self._area.left() + self._area.width() * t_ns / max(1, end_ns)

    def y_at(self, value: float) -> float:
        """Return the vertical position of a value, at most the top of the plot."""
        top = self._content.y_max if self._content else 1.0
        share = min(1.0, value / top) if top else 0.0
        return self._area.bottom() - self._area.height() * share

    def time_at(self, x_px: float) -> int:
        """Return the instant at a horizontal position, clipped to the run."""
        if self._content is None or not self._area.width():
            return 0
        share = (x_px - self._area.left()) / self._area.width()
        return round(max(0.0, min(1.0, share)) * self._content.end_ns)

    def picture(self) -> QPixmap:
        """Return the cached picture without cursor, drawn now if need be."""
        if self._cache is None:
            self._cache = self._render()
        return self._cache

    def _ensure_view(self) -> "pg.PlotWidget":
        """Build the offscreen plot; pyqtgraph is heavy, so not before it is needed."""
        if self._view is not None:
            return self._view
        import pyqtgraph as pg

        view = pg.PlotWidget(self, background=None, useOpenGL=False)
        view.hide()
        view.setFrameShape(view.Shape.NoFrame)
        view.viewport().setAutoFillBackground(False)
        item = view.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        item.setMouseEnabled(False, False)
        item.layout.setContentsMargins(0, TOP_PX, RIGHT_PX, 0)
        left, bottom = item.getAxis("left"), item.getAxis("bottom")
        left.setWidth(AXIS_WIDTH_PX)
        bottom.setHeight(AXIS_HEIGHT_PX)
        for axis in (left, bottom):
            axis.enableAutoSIPrefix(False)
            axis.setStyle(tickLength=0, tickTextOffset=6, tickFont=ui_font(11))
            axis.setStyle(hideOverlappingLabels=False)
        self._view = view
        return view

    def _fill_view(self, view: "pg.PlotWidget", content: PlotContent) -> None:
        """Give the offscreen plot its data, pens and ticks."""
        import pyqtgraph as pg

        item, theme = view.getPlotItem(), self._theme
        while len(self._curves) < len(content.curves):
            self._curves.append(pg.PlotCurveItem(antialias=False))
            item.addItem(self._curves[-1])
        while len(self._scatters) < len(content.markers):
            self._scatters.append(pg.ScatterPlotItem(antialias=True, pxMode=True))
            item.addItem(self._scatters[-1])
        for shown, curve in zip(self._curves, content.curves, strict=False):
            style = Qt.PenStyle.DashLine if curve.dashed else Qt.PenStyle.SolidLine
            pen = pg.mkPen(role_color(theme, curve.role), width=curve.width_px, style=style)
            shown.setData(curve.x_s, curve.y, pen=pen)
        for scatter, marks in zip(self._scatters, content.markers, strict=False):
            color = role_color(theme, marks.role)
            hollow = marks.role == "before"
            scatter.setData(
                x=marks.x_s,
                y=marks.y,
                symbol=marks.symbol,
                size=MARKER_PX - 2 if hollow else MARKER_PX,
                pen=pg.mkPen(color if hollow else theme.ground),
                brush=None if hollow else pg.mkBrush(color),
            )
        for spare in [*self._curves[len(content.curves) :]]:
            spare.setData([], [])
        for spare in [*self._scatters[len(content.markers) :]]:
            spare.setData([], [])
        item.vb.setRange(
            xRange=(0, content.end_ns / SECOND_NS), yRange=(0, content.y_max), padding=0
        )
        self._set_ticks(view, content)

    def _set_ticks(self, view: "pg.PlotWidget", content: PlotContent) -> None:
        item = view.getPlotItem()
        bottom, left = item.getAxis("bottom"), item.getAxis("left")
        ticks = time_ticks(content.end_ns, max(2, (self.width() - AXIS_WIDTH_PX) // 52))
        bottom.setTicks([[(t / SECOND_NS, text) for t, text in ticks]])
        values = np.arange(0, content.y_max * 1.0001, content.y_step)
        left.setTicks([[(float(v), f"{v:,g}") for v in values]])
        for axis in (bottom, left):
            axis.setPen(self._theme.line)
            axis.setTextPen(self._theme.dim)

    def _render(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(self._theme.color("ground"))
        content = self._content
        if content is None or self.width() < 2 * AXIS_WIDTH_PX:
            return pixmap
        view = self._ensure_view()
        self._fill_view(view, content)
        painter = QPainter(pixmap)
        head = self._draw_header(painter, content)
        self._lay_out(view, head)
        self._draw_ground(painter, content)
        target = QRectF(0, head, view.width(), view.height())
        view.render(painter, target, view.rect(), Qt.AspectRatioMode.IgnoreAspectRatio)
        painter.setFont(ui_font(11))
        self._draw_tags(painter, content, self._draw_band_labels(painter, content))
        painter.end()
        return pixmap

    def _lay_out(self, view: "pg.PlotWidget", head: int) -> None:
        """Size the offscreen plot and read where its axes lie."""
        size = QSize(self.width(), max(1, self.height() - head))
        if view.size() != size:
            view.resize(size)
        # A hidden widget is not told its size: without this pyqtgraph lays out for the old one.
        view.resizeEvent(QResizeEvent(size, size))
        item = view.getPlotItem()
        item.layout.activate()
        self._area = item.vb.sceneBoundingRect().translated(0, head)

    def _draw_header(self, painter: QPainter, content: PlotContent) -> int:
        """Write the title and the legend; return the height used."""
        painter.setFont(ui_font(12))
        painter.setPen(self._theme.color("dim"))
        painter.drawText(0, 13, content.title)
        used = painter.fontMetrics().horizontalAdvance(content.title) + 18
        painter.setFont(ui_font(11))
        metrics = painter.fontMetrics()
        everything: tuple[Curve | Markers, ...] = (*content.curves, *content.markers)
        entries = [e for e in everything if e.word]
        widths = [metrics.horizontalAdvance(e.word) + 30 for e in entries]
        room = self.width() - RIGHT_PX
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
        area, ground = self._area, self._theme.color("ground")
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

    def _draw_band_labels(self, painter: QPainter, content: PlotContent) -> list[QRectF]:
        """Write the bands' names where there is room, the stop first; return what is taken."""
        metrics, taken = painter.fontMetrics(), list[QRectF]()
        for band in sorted(content.bands, key=lambda b: b.kind != "stop-and-copy"):
            for x, text in self._label_places(metrics, band):
                rect = QRectF(x, self._area.top(), metrics.horizontalAdvance(text), BAND_LABEL_PX)
                if self._free(rect, taken):
                    inside = rect.left() >= self.x_at(band.start_ns) and rect.right() <= self.x_at(
                        band.end_ns
                    )
                    stop = band.kind == "stop-and-copy"
                    token = "dim" if not stop else "ink" if inside else "warn"
                    painter.setPen(self._theme.color(token))
                    painter.drawText(QPointF(x, self._area.top() + 12), text)
                    taken.append(rect)
                    break
        if content.note:
            painter.setPen(self._theme.color("dim"))
            width = metrics.horizontalAdvance(content.note)
            at = QPointF(self._area.center().x() - width / 2, self._area.center().y())
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
        metrics, self._tag_rects = painter.fontMetrics(), {}
        for role in dict.fromkeys(tag.role for tag in content.tags):
            tags = [tag for tag in content.tags if tag.role == role]
            for length in range(len(tags[0].texts)):
                placed = self._placed(metrics, tags, length, taken)
                if len(placed) == len(tags) or length + 1 == len(tags[0].texts):
                    break
            painter.setPen(role_color(self._theme, role))
            for tag, rect in placed:
                painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, tag.texts[length])
                self._tag_rects[tag.t_ns] = rect
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
        return self._area.contains(rect) and not any(rect.intersects(t) for t in taken)

    def _draw_open(self, painter: QPainter, veil: QColor) -> None:
        """Hide points that are not back yet and draw how long they have been waiting."""
        content = self._content
        assert content is not None
        begun, ended = content.open_ns
        hi = int(np.searchsorted(begun, self._t_ns, side="right"))
        for i in range(max(0, hi - 64), hi):
            if ended[i] <= self._t_ns:
                continue
            x, y = round(self.x_at(int(begun[i]))), self.y_at(float(content.open_y[i]))
            painter.fillRect(QRectF(x - 7, y - 7, 14, 14), veil)
            painter.fillRect(self._tag_rects.get(int(begun[i]), QRectF()), veil)
            waited = self.y_at((self._t_ns - int(begun[i])) / 1e6)
            painter.setPen(QPen(self._theme.color("ink"), 1))
            painter.drawLine(QPointF(x, self._area.bottom()), QPointF(x, waited))
            painter.drawRect(QRectF(x - 2, waited - 2, 4, 4))

    def _draw_hover(self, painter: QPainter, t_ns: int) -> None:
        """Draw a thin line and a box with the values there."""
        content = self._content
        assert content is not None
        x = round(self.x_at(t_ns))
        painter.setPen(QPen(self._theme.color("dim"), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x, self._area.top()), QPointF(x, self._area.bottom()))
        reach_ns = round(6 * content.end_ns / max(1.0, self._area.width()))
        text = content.read(t_ns, reach_ns)
        if not text:
            return
        painter.setFont(ui_font(11))
        box = painter.fontMetrics().boundingRect(0, 0, 400, 200, 0, text).adjusted(-6, -3, 6, 3)
        left = x + 8 if x + 8 + box.width() < self.width() else x - 8 - box.width()
        box.moveTo(max(0, left), round(self._area.top()) + BAND_LABEL_PX + 2)
        painter.fillRect(box, self._theme.color("field"))
        painter.setPen(self._theme.color("line"))
        painter.drawRect(box)
        painter.setPen(self._theme.color("ink"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def minimumSizeHint(self) -> QSize:
        """Return a size at which the plot can be read."""
        return QSize(220, 130)

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(460, 220)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, the veil over the future, what is on its way, and the cursor."""
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self.picture())
        if self._content is not None and self._area.width() > 0:
            area, x = self._area, round(self.x_at(self._t_ns))
            veil = self._theme.color("ground")
            veil.setAlpha(VEIL_ALPHA)
            painter.fillRect(QRectF(x, area.top(), area.right() - x + 7, area.height() + 1), veil)
            self._draw_open(painter, veil)
            ink = self._theme.color("ink")
            painter.fillRect(QRectF(x - 1, area.top(), 2, area.height()), ink)
            if self._hover_ns is not None:
                self._draw_hover(painter, self._hover_ns)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("link"), 1))
            painter.drawRect(self._area.adjusted(-2, -2, 2, 2))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw anew at the new size."""
        self._cache = None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ask for the instant under the pointer."""
        if event.button() == Qt.MouseButton.LeftButton and self._content is not None:
            self.seek_requested.emit(self.time_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub while the button is down, read values otherwise."""
        if self._content is None:
            return
        t_ns = self.time_at(event.position().x())
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.seek_requested.emit(t_ns)
        self.hovered.emit(t_ns)

    def leaveEvent(self, event: QEvent) -> None:
        """Take the read-out away."""
        self.hovered.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cursor by a hundredth of the run."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        step = steps.get(Qt.Key(event.key()))
        if step is None or self._content is None:
            super().keyPressEvent(event)
            return
        end_ns = self._content.end_ns
        target = self._t_ns + step * max(1, end_ns // 100)
        self.seek_requested.emit(max(0, min(end_ns, target)))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the focus."""
        self.update()


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
