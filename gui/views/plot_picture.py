"""The picture of one plot, drawn once a run, stretch, size and theme, and kept.

`plot_curves` draws curves and points, `plot_marks` bars and legend; bands, axes and
texts are painted here. The picture also knows where instants and values lie.
"""

from collections.abc import Iterator
from math import ceil
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from gui.style.theme import DARK, Theme, ui_font
from gui.views.picture_ratio import picture_ratio
from gui.views.plot_content import Band, PlotContent, Tag, role_color
from gui.views.plot_curves import AXIS_WIDTH_PX, RIGHT_PX, draw_curves, inside_of
from gui.views.plot_geometry import Geometry, Stretch, stretch_ticks, value_ticks
from gui.views.plot_marks import (
    HEADER_PX,
    draw_bars,
    draw_legend,
    draw_shares,
    legend_entries,
    sign_of,
)
from gui.views.plot_signs import MARKER_PX
from gui.views.stages import blend, stage_color

VALUE_GAP_PX: Final = 6
TICK_PX: Final = 52
FINE_TICK_PX: Final = 74
"""Ticks of a short stretch have more digits."""
BAND_LABEL_PX: Final = 16
GAP_ALPHA: Final = 46
WIDE_STOP_PX: Final = 12
BAND_STRENGTH: Final = {"stop-and-copy": 0.6, "pull": 0.22}
TAG_GAP_PX: Final = 4
CHOICE_MARK: Final = " ▾"


class PlotPicture:
    """A plot without cursor.

    Args:
        owner: The widget whose picture it is.

    Attributes:
        geometry: Where instants and values lie; its area is known once it was drawn.
        tag_rects: Where the values are written, by the instant of their points.
        title_rect: Where the title is written.
    """

    def __init__(self, owner: QWidget) -> None:
        self.geometry = Geometry()
        self.tag_rects: dict[int, QRectF] = {}
        self.title_rect = QRectF()
        self._owner = owner
        self._theme = DARK
        self._content: PlotContent | None = None
        self._size = QSize()
        self._choice = False
        self._shown: Stretch | None = None
        self._cache: QPixmap | None = None
        self._head: tuple[object, QPixmap, int] | None = None
        """What title and legend depend on, and their picture: most runs have the same."""

    @property
    def content(self) -> PlotContent | None:
        """Return what it shows."""
        return self._content

    @property
    def area(self) -> QRectF:
        """Return where the plot's inside lies."""
        return self.geometry.area

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme, self._cache, self._head = theme, None, None

    def set_content(self, content: PlotContent) -> None:
        """Show another run."""
        self._content, self._cache = content, None
        self._fit()

    def forget(self) -> None:
        """Show nothing, and keep neither the run nor its picture."""
        self._content = self._cache = self._head = None
        self.tag_rects = {}

    def set_shown(self, shown: Stretch | None) -> None:
        """Show a stretch of the run, or all of it (None)."""
        if shown != self._shown:
            self._shown, self._cache = shown, None
            self._fit()

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
        return self.geometry.x_at(t_ns)

    def y_at(self, value: float) -> float:
        """Return the vertical position of a value, at most the top of the plot."""
        return self.geometry.y_at(value)

    def time_at(self, x_px: float) -> int:
        """Return the instant at a horizontal position, clipped to what is shown."""
        return 0 if self._content is None else self.geometry.time_at(x_px)

    def _fit(self) -> None:
        """Let positions be those of the content and the stretch."""
        content = self._content
        if content is not None:
            g = self.geometry
            g.shown = self._shown or Stretch(0, content.end_ns)
            g.y_min, g.y_max, g.log = content.y_min, content.y_max, content.log

    def _render(self) -> QPixmap:
        ratio = picture_ratio(self._owner)
        # Rounded up: the owner paints all of its ground with this picture.
        width, height = self._size.width() * ratio, self._size.height() * ratio
        pixmap = QPixmap(ceil(width), ceil(height))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(self._theme.color("ground"))
        content = self._content
        if content is None or self._size.width() < 2 * AXIS_WIDTH_PX:
            return pixmap
        painter, geometry = QPainter(pixmap), self.geometry
        signs = tuple(sign_of(entry) for entry in legend_entries(content))
        key = (content.title, self._choice, self._size.width(), ratio, signs)
        if self._head is None or self._head[0] != key:
            head = self._draw_header(painter, content)
            self._head = key, pixmap.copy(0, 0, pixmap.width(), ceil(head * ratio)), head
        else:
            painter.drawPixmap(0, 0, self._head[1])
            head = self._head[2]
        size = QSize(self._size.width(), max(1, self._size.height() - head))
        geometry.area = inside_of(size, shares=bool(content.shares)).translated(0, head)
        self._draw_ground(painter, content)
        painter.setClipRect(geometry.area.adjusted(-1, 0, 1, 1))
        draw_bars(painter, content.bars, geometry, self._theme)
        painter.setClipping(False)
        self._draw_axes(painter, content)
        draw_curves(painter, content, geometry, self._theme)
        draw_shares(painter, content.shares, geometry, self._theme)
        painter.setFont(ui_font(11))
        self._draw_tags(painter, content, self._draw_band_labels(painter, content))
        painter.end()
        return pixmap

    def _draw_header(self, painter: QPainter, content: PlotContent) -> int:
        """Write the title and the legend; return the height used."""
        painter.setFont(ui_font(12))
        painter.setPen(self._theme.color("dim"))
        title = content.title + (CHOICE_MARK if self._choice else "")
        room = self._size.width() - RIGHT_PX
        shown = painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, room)
        painter.drawText(0, 13, shown)
        used = painter.fontMetrics().horizontalAdvance(shown) + 18
        self.title_rect = QRectF(0, 0, used - 10, HEADER_PX)
        width = self._size.width()
        return draw_legend(painter, content, self._theme, width=width, used=used)

    def _draw_ground(self, painter: QPainter, content: PlotContent) -> None:
        """Draw the bands of the phases and the grid under the curves."""
        geometry, area, ground = self.geometry, self.area, self._theme.color("ground")
        for band in content.bands:
            if band.end_ns < geometry.shown.start_ns or band.start_ns > geometry.shown.end_ns:
                continue
            left, right = geometry.clipped_x(band.start_ns), geometry.clipped_x(band.end_ns)
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
        for value, _ in value_ticks(geometry, content.y_step):
            y = round(geometry.y_at(value))
            painter.drawLine(round(area.left()), y, round(area.right()), y)

    def _draw_axes(self, painter: QPainter, content: PlotContent) -> None:
        """Draw the two axes and write their values."""
        area, shown = self.area, self.geometry.shown
        painter.setPen(QPen(self._theme.color("line"), 1 + self._theme.thicker_px))
        corner = QPointF(round(area.left()), round(area.bottom()))
        painter.drawLine(QPointF(corner.x(), round(area.top())), corner)
        painter.drawLine(corner, QPointF(round(area.right()), corner.y()))
        painter.setFont(ui_font(11))
        painter.setPen(self._theme.color("dim"))
        half = painter.fontMetrics().height() / 2
        top = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter
        fine = shown != Stretch(0, content.end_ns)
        most = max(2, (self._size.width() - AXIS_WIDTH_PX) // (FINE_TICK_PX if fine else TICK_PX))
        for t_ns, text in stretch_ticks(shown, content.end_ns, most):
            x = round(self.x_at(t_ns))
            painter.drawText(QRectF(x - 40, corner.y() + VALUE_GAP_PX, 80, 2 * half), top, text)
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        for value, text in value_ticks(self.geometry, content.y_step):
            y = round(self.y_at(value)) - half
            place = QRectF(0, y, corner.x() - VALUE_GAP_PX, 2 * half)
            painter.drawText(place, right, text)

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
                    taken.append(rect.adjusted(-TAG_GAP_PX, 0, TAG_GAP_PX, 0))
                    break
        if content.note:
            painter.setPen(self._theme.color("dim"))
            width = metrics.horizontalAdvance(content.note)
            at = QPointF(self.area.center().x() - width / 2, self.area.center().y())
            painter.drawText(at, content.note)
        return taken

    def _label_places(self, metrics: QFontMetrics, band: Band) -> Iterator[tuple[float, str]]:
        """Yield where a band's name may stand: inside, or for a stop also beside it."""
        shown = self.geometry.shown
        if band.end_ns <= shown.start_ns or band.start_ns >= shown.end_ns:
            return
        left = self.geometry.clipped_x(band.start_ns)
        right = self.geometry.clipped_x(band.end_ns)
        stop = band.kind == "stop-and-copy"
        for text in band.labels:
            if stop or left + TAG_GAP_PX + metrics.horizontalAdvance(text) <= right:
                yield left + TAG_GAP_PX, text
        if stop:
            for text in band.labels:
                yield left - TAG_GAP_PX - metrics.horizontalAdvance(text), text

    def _draw_tags(self, painter: QPainter, content: PlotContent, taken: list[QRectF]) -> None:
        """Write values at their points; those of one role are all long, or all short.

        Parts of a downtime are long each for itself: they need their names.
        """
        metrics, self.tag_rects = painter.fontMetrics(), {}
        shown = self.geometry.shown
        seen = [
            t
            for t in content.tags
            if t.t_ns >= shown.start_ns
            and (t.t_ns if t.from_ns is None else t.from_ns) <= shown.end_ns
        ]
        for role in dict.fromkeys(tag.role for tag in seen):
            tags = [tag for tag in seen if tag.role == role]
            each = [[tag] for tag in tags] if role == "part" else [tags]
            painter.setPen(role_color(self._theme, role))
            for alike in each:
                for length in range(len(alike[0].texts)):
                    placed = self._placed(metrics, alike, length, taken)
                    if len(placed) == len(alike) or length + 1 == len(alike[0].texts):
                        break
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
            x, y = self.geometry.clipped_x(tag.t_ns), self.y_at(tag.y)
            left = x if tag.from_ns is None else self.geometry.clipped_x(tag.from_ns)
            w, h = metrics.horizontalAdvance(tag.texts[length]), metrics.height()
            places = [QRectF(x - w / 2, y - half - h - 1, w, h)]
            if tag.role not in ("late", "stop"):
                places.insert(0, QRectF(x + half + TAG_GAP_PX, y - h / 2, w, h))
                places.insert(1, QRectF(left - half - TAG_GAP_PX - w, y - h / 2, w, h))
            margin = AXIS_WIDTH_PX if tag.from_ns is not None else 0  # no values stand there
            rect = next((p for p in places if self._free(p, taken, margin)), None)
            if rect is not None:
                result.append((tag, rect))
                taken.append(rect.adjusted(-2, 0, 2, 0))
        return result

    def _free(self, rect: QRectF, taken: list[QRectF], margin: int = 0) -> bool:
        room = self.area.adjusted(-margin, 0, margin and RIGHT_PX, 0)
        return room.contains(rect) and not any(rect.intersects(t) for t in taken)
