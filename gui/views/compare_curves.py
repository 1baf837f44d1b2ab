"""Remaining pages of several runs over one clock, each curve with its own line and its name."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
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

from engine.remaining_pages import RemainingPages
from engine.units import format_count
from gui.style.theme import DARK, Theme, ui_font
from gui.views.hidden_future import horizon_ns
from gui.views.picture_ratio import picture_ratio
from gui.views.scrubbing import ArrowKeeper, Scrubber
from gui.views.time_text import time_ticks

LEFT_PX: Final = 58
BOTTOM_PX: Final = 20
TOP_PX: Final = 24
NAMES_PX: Final = 150
LINE_PX: Final = 15
STYLES: Final = (
    (Qt.PenStyle.SolidLine, "solid"),
    (Qt.PenStyle.DashLine, "dashed"),
    (Qt.PenStyle.DotLine, "dotted"),
    (Qt.PenStyle.DashDotLine, "dash and dot"),
)
_TOKENS: Final = ("link", "warn", "good", "ink")


def curve_color(theme: Theme, place: int) -> QColor:
    """Return the colour of a run."""
    return theme.color(_TOKENS[place])


class Curve(Struct, frozen=True):
    """The remaining pages of a run, by time."""

    name: str
    points: RemainingPages | None


class CompareCurves(QWidget):
    """Curves, a name beside the end of each, and a cursor.

    Signals:
        seek_requested: With the instant that the user asks for, scenario time in ns.
    """

    seek_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without curves."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = DARK
        self._curves: Sequence[Curve] = ()
        self._end_ns, self._t_ns = 1, 0
        self._cache: QPixmap | None = None
        self._hidden = False
        self.setAccessibleName("Remaining pages of the compared runs")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._scrubber = Scrubber(lambda: self._shown_ns, self.time_at, self.seek_requested.emit)
        self.installEventFilter(ArrowKeeper(self))

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme, self._cache = theme, None
        self.update()

    def set_curves(self, curves: Sequence[Curve], end_ns: int) -> None:
        """Show the curves of some runs up to the end of the longest."""
        self._curves, self._end_ns, self._cache = tuple(curves), max(1, end_ns), None
        self.update()

    def set_future_hidden(self, hidden: bool) -> None:
        """Show nothing after the cursor, and an axis that does not tell how long it lasts."""
        self._hidden, self._cache = hidden, None
        self.update()

    @property
    def _shown_ns(self) -> int:
        """Return how much time the axis shows."""
        return horizon_ns(self._t_ns) if self._hidden else self._end_ns

    def show_instant(self, t_ns: int, words: str) -> None:
        """Move the cursor, and tell the figures there to those who do not see it."""
        before = self._shown_ns
        self._t_ns = t_ns
        if self._shown_ns != before:
            self._cache = None
        self.setAccessibleDescription(words)
        self.update()

    def _area(self) -> QRectF:
        width = max(40, self.width() - LEFT_PX - NAMES_PX)
        return QRectF(LEFT_PX, TOP_PX, width, max(20, self.height() - TOP_PX - BOTTOM_PX))

    def x_at(self, t_ns: int) -> float:
        """Return where an instant is."""
        area = self._area()
        return area.left() + area.width() * t_ns / self._shown_ns

    def time_at(self, x_px: float) -> int:
        """Return the instant at a place, clipped to the clock."""
        area = self._area()
        return round(max(0.0, min(1.0, (x_px - area.left()) / area.width())) * self._shown_ns)

    def _most(self) -> int:
        known = [c.points.pages for c in self._curves if c.points is not None]
        return max([1, *(int(pages.max()) for pages in known if len(pages))])

    @property
    def _width_px(self) -> int:
        return 2 + self._theme.thicker_px

    def _polygon(self, points: RemainingPages) -> QPolygonF:
        area, most = self._area(), self._most()
        xs = area.left() + area.width() * points.t_ns / self._shown_ns
        ys = area.bottom() - area.height() * points.pages / most
        if points.steps:
            xs, ys = np.repeat(xs, 2)[1:], np.repeat(ys, 2)[:-1]
        return QPolygonF([QPointF(x, y) for x, y in zip(xs.tolist(), ys.tolist(), strict=True)])

    def _render(self) -> QPixmap:
        ratio = picture_ratio(self)
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(self._theme.color("ground"))
        painter = QPainter(pixmap)
        self._draw_axes(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not self._theme.thicker_px)
        painter.setClipRect(self._area().adjusted(-2, -2, 2, 2))
        for place, curve in enumerate(self._curves):
            if curve.points is not None and len(curve.points.t_ns):
                pen = QPen(curve_color(self._theme, place), self._width_px, STYLES[place][0])
                painter.setPen(pen)
                painter.drawPolyline(self._polygon(curve.points))
        painter.setClipping(False)
        self._draw_names(painter)
        painter.end()
        return pixmap

    def _draw_axes(self, painter: QPainter) -> None:
        area, theme = self._area(), self._theme
        painter.setFont(ui_font(12))
        painter.setPen(theme.color("dim"))
        painter.drawText(QPointF(8, 15), "Remaining pages")
        painter.setFont(ui_font(11))
        metrics = painter.fontMetrics()
        for share in (0, 0.5, 1):
            y = area.bottom() - area.height() * share
            painter.setPen(theme.color("grid"))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            text = format_count(round(self._most() * share))
            painter.setPen(theme.color("dim"))
            painter.drawText(
                QPointF(area.left() - 6 - metrics.horizontalAdvance(text), y + 4), text
            )
        for t_ns, text in time_ticks(self._shown_ns, max(2, int(area.width()) // 90)):
            x = self.x_at(t_ns)
            width = metrics.horizontalAdvance(text)
            painter.drawText(QPointF(x - width / 2, self.height() - 5), text)

    def _draw_names(self, painter: QPainter) -> None:
        """Write each name at the right, with a piece of its line."""
        area = self._area()
        metrics = QFontMetrics(ui_font(12, bold=True))
        painter.setFont(ui_font(12, bold=True))
        for place, curve in enumerate(self._curves):
            y = area.top() + 6 + place * (LINE_PX + 6)
            painter.setPen(QPen(curve_color(self._theme, place), self._width_px, STYLES[place][0]))
            painter.drawLine(QPointF(area.right() + 10, y), QPointF(area.right() + 38, y))
            room = self.width() - area.right() - 50
            name = metrics.elidedText(curve.name, Qt.TextElideMode.ElideRight, int(room))
            painter.setPen(self._theme.color("ink"))
            painter.drawText(QPointF(area.right() + 44, y + 4), name)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the curves and the cursor."""
        if self._cache is None:
            self._cache = self._render()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._cache)
        x = self.x_at(self._t_ns)
        area = self._area()
        if self._hidden:
            future = QRectF(x, area.top() - 1, area.right() - x + 1, area.height() + 1)
            painter.fillRect(future, self._theme.color("ground"))
        painter.fillRect(QRectF(x - 1, area.top() - 2, 2, area.height() + 4),
                         self._theme.color("ink"))
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("link"), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw anew at the new size."""
        self._cache = None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ask for the instant under the pointer."""
        self._scrubber.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub while the button is down."""
        self._scrubber.move(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move by a hundredth of the clock."""
        if not self._scrubber.key(event, self._t_ns):
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the focus."""
        self.update()

    def sizeHint(self) -> QSize:
        """Return a good size."""
        return QSize(600, 180)

    def minimumSizeHint(self) -> QSize:
        """Return the least useful size."""
        return QSize(360, 110)
