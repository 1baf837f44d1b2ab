"""A canvas for a curve over time: drawn with the mouse or by keys, and shown beside another.

It knows no dialog and no run: a lesson that asks for a curve may use it as it is. Values are
pages of memory, and the axis says them as sizes.
"""

from bisect import bisect_left
from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.prediction import CurvePoints
from engine.specs import PAGE_BYTES
from engine.units import format_duration_ns, format_size
from gui.style.theme import DARK, Theme, ui_font
from gui.views.time_text import SECOND_NS, time_ticks

LEFT_PX, TOP_PX, RIGHT_PX, BOTTOM_PX = 66, 24, 14, 20
FONT_PX: Final = 11
STEPS: Final = 40
FINE_STEPS: Final = 200
POINT_PX: Final = 3
CROSS_PX: Final = 6
MOST_DOTS: Final = 24
"""With more points than these the line alone is drawn."""
TITLES: Final = ("Still to arrive, by time after the request", "Still to arrive", "Left")
HINT: Final = "Draw with the mouse, or move with the arrow keys and set points with Return."
_ARROWS: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}


class CurveCanvas(QWidget):
    """One curve that is drawn, and one that may stand beside it.

    Signals:
        curve_changed: Another curve is drawn.
    """

    curve_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty, to be drawn on."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme: Theme = DARK
        self._length_ns, self._top_pages = 60 * SECOND_NS, 1
        self._points: list[tuple[int, int]] = []
        self._reference: CurvePoints = ()
        self._words = ("you", "simulation")
        self._editable, self._scale = True, 1.0
        self._cursor = (0, 1)
        self._keys = False
        self._last: tuple[int, int] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("Curve of what is still to arrive, against time")
        self.setToolTip(HINT)
        self._tell()

    @property
    def curve(self) -> CurvePoints:
        """Return what is drawn: (ns, pages), sorted by time; nothing below two points."""
        return tuple(self._points) if len(self._points) > 1 else ()

    @property
    def cursor_point(self) -> tuple[int, int]:
        """Return where the keys are: (ns, pages)."""
        return self._cursor

    @property
    def length_ns(self) -> int:
        """Return the length of the time axis."""
        return self._length_ns

    @property
    def reference(self) -> CurvePoints:
        """Return the curve that stands beside."""
        return self._reference

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def set_axes(self, length_ns: int, top_pages: int) -> None:
        """Show so much time and memory; what is drawn keeps its values.

        Args:
            length_ns: Time at the right end, at least 1.
            top_pages: Pages at the top, at least 1.
        """
        fresh = self._cursor == (0, self._top_pages)
        self._length_ns, self._top_pages = max(1, length_ns), max(1, top_pages)
        t_ns, pages = self._cursor
        start = (0, self._top_pages)
        clipped = (min(t_ns, self._length_ns), min(pages, self._top_pages))
        self._cursor = start if fresh else clipped
        self._tell()
        self.update()

    def set_curve(self, points: CurvePoints) -> None:
        """Show a curve as the drawn one."""
        self._points = sorted(points)
        self._changed()

    def set_reference(self, points: CurvePoints, *, word: str = "simulation") -> None:
        """Let another curve stand beside the drawn one; () takes it away."""
        self._reference, self._words = points, (self._words[0], word)
        self._tell()
        self.update()

    def set_editable(self, editable: bool) -> None:
        """Let the curve be drawn, or only be looked at."""
        self._editable = editable
        self.setCursor(Qt.CursorShape.CrossCursor if editable else Qt.CursorShape.ArrowCursor)
        self.setToolTip(HINT if editable else "")
        self._tell()
        self.update()

    def set_scale(self, scale: float) -> None:
        """Draw so many times as large, as the dialog around it is shown."""
        self._scale = scale
        self.updateGeometry()
        self.update()

    def clear(self) -> None:
        """Draw nothing any more."""
        if self._points:
            self._points = []
            self._changed()

    def area(self) -> QRectF:
        """Return the inside of the axes."""
        left, top, right, bottom = (
            round(px * self._scale) for px in (LEFT_PX, TOP_PX, RIGHT_PX, BOTTOM_PX)
        )
        wide, high = self.width() - left - right, self.height() - top - bottom
        return QRectF(left, top, max(1, wide), max(1, high))

    def _around_area(self) -> QRectF:
        half = POINT_PX * self._scale
        return self.area().adjusted(-half, -half, half, half)

    def position_of(self, t_ns: int, pages: float) -> QPointF:
        """Return where a point of the curve lies, in the widget."""
        area = self.area()
        x = area.left() + area.width() * t_ns / self._length_ns
        return QPointF(x, area.bottom() - area.height() * pages / self._top_pages)

    def point_at(self, position: QPointF) -> tuple[int, int]:
        """Return (ns, pages) at a position, clipped to the axes."""
        area = self.area()
        across = max(0.0, min(1.0, (position.x() - area.left()) / area.width()))
        up = max(0.0, min(1.0, (area.bottom() - position.y()) / area.height()))
        return round(across * self._length_ns), round(up * self._top_pages)

    def _changed(self) -> None:
        self._tell()
        self.update()
        self.curve_changed.emit()

    def _tell(self) -> None:
        """Describe what is drawn for those who do not see it."""
        parts = []
        if self._editable:
            t_ns, pages = self._cursor
            parts.append(f"at {format_duration_ns(t_ns)}, {size_text(pages)}")
        for word, points in zip(self._words, (self._points, self._reference), strict=True):
            if points:
                first, last = points[0], points[-1]
                parts.append(
                    f"{word}: from {size_text(first[1])} at {format_duration_ns(first[0])} to "
                    f"{size_text(last[1])} at {format_duration_ns(last[0])}"
                )
        if not self._points and self._editable:
            parts.append(f"nothing drawn yet. {HINT}")
        self.setAccessibleDescription("; ".join(parts))

    def _set_point(self, point: tuple[int, int]) -> None:
        """Set one point, in place of one at the same time."""
        at = bisect_left(self._points, (point[0], -1))
        same = at < len(self._points) and self._points[at][0] == point[0]
        self._points[at : at + int(same)] = [point]

    def _stroke(self, before: tuple[int, int], now: tuple[int, int]) -> None:
        """Draw from one point to another, over what lay between."""
        low, high = sorted((before[0], now[0]))
        self._points = [p for p in self._points if not low < p[0] < high]
        self._set_point(now)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to draw."""
        if event.button() != Qt.MouseButton.LeftButton or not self._editable:
            return
        self._keys = False
        self._last = self.point_at(event.position())
        self._set_point(self._last)
        self._cursor = self._last
        self._changed()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Draw on while the button is down."""
        if self._last is not None and event.buttons() & Qt.MouseButton.LeftButton:
            now = self.point_at(event.position())
            if now != self._last:
                self._stroke(self._last, now)
                self._last = self._cursor = now
                self._changed()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End what is drawn."""
        self._last = None

    def event(self, event: QEvent) -> bool:
        """Keep the arrow keys, Return and Delete from the keys of the window."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self._editable
            and not event.modifiers() & Qt.KeyboardModifier.ControlModifier
            and (event.key() in _ARROWS or event.key() in _SETTERS or event.key() in _TAKERS)
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cross with the arrows, set a point with Return, take it away with Delete."""
        key = Qt.Key(event.key())
        if not self._editable or key not in (*_ARROWS, *_SETTERS, *_TAKERS):
            super().keyPressEvent(event)
            return
        self._keys = True
        if key in _ARROWS:
            fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._move(*_ARROWS[key], steps=FINE_STEPS if fine else STEPS)
        elif key in _SETTERS:
            self._set_point(self._cursor)
            self._changed()
        elif self._points:
            t_ns = self._cursor[0]
            self._points.remove(min(self._points, key=lambda p: abs(p[0] - t_ns)))
            self._changed()

    def _move(self, across: int, up: int, *, steps: int) -> None:
        t_ns, pages = self._cursor
        t_ns += across * max(1, self._length_ns // steps)
        pages += up * max(1, self._top_pages // steps)
        self._cursor = (max(0, min(t_ns, self._length_ns)), max(0, min(pages, self._top_pages)))
        self._tell()
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus, and the cross if it came by a key."""
        self._keys = event.reason() != Qt.FocusReason.MouseFocusReason
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the focus."""
        self.update()

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(560, 230) * self._scale

    def minimumSizeHint(self) -> QSize:
        """Return a size on which a curve can be drawn."""
        return QSize(320, 150) * self._scale

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw axes, the other curve, what is drawn, and the cross of the keys."""
        painter, theme = QPainter(self), self._theme
        painter.fillRect(self.rect(), theme.color("panel"))
        painter.fillRect(self.area(), theme.color("ground"))
        self._draw_axes(painter)
        self._draw_legend(painter)
        painter.setClipRect(self._around_area())
        self._draw_line(painter, self._reference, "ink", Qt.PenStyle.SolidLine)
        self._draw_line(painter, tuple(self._points), "warn", Qt.PenStyle.DashLine)
        if 0 < len(self._points) <= MOST_DOTS:
            half = POINT_PX * self._scale
            for point in self._points:
                centre = self.position_of(*point)
                dot = QRectF(centre.x() - half, centre.y() - half, 2 * half, 2 * half)
                painter.fillRect(dot, theme.color("warn"))
        painter.setClipping(False)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("link"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.area().adjusted(-1, -1, 0, 0))
            if self._editable and self._keys:
                self._draw_cross(painter)

    def _draw_line(
        self, painter: QPainter, points: CurvePoints, token: str, style: Qt.PenStyle
    ) -> None:
        if len(points) > 1:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._theme.color(token), 2 * self._scale, style))
            painter.drawPolyline(QPolygonF([self.position_of(*p) for p in points]))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _draw_axes(self, painter: QPainter) -> None:
        area, theme = self.area(), self._theme
        painter.setFont(ui_font(round(FONT_PX * self._scale)))
        metrics = painter.fontMetrics()
        for quarter in range(5):
            pages = self._top_pages * quarter // 4
            y = round(self.position_of(0, pages).y())
            painter.setPen(theme.color("line" if quarter == 0 else "grid"))
            painter.drawLine(round(area.left()), y, round(area.right()), y)
            if quarter % 2 == 0:
                text = size_text(pages)
                painter.setPen(theme.color("dim"))
                left = area.left() - 6 * self._scale - metrics.horizontalAdvance(text)
                painter.drawText(QPointF(left, y + 4 * self._scale), text)
        n_ticks = max(2, round(area.width() / (80 * self._scale)))
        for t_ns, text in time_ticks(self._length_ns, n_ticks):
            x = self.position_of(t_ns, 0).x()
            painter.setPen(theme.color("line"))
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 3 * self._scale))
            painter.setPen(theme.color("dim"))
            width = metrics.horizontalAdvance(text)
            at = max(0.0, min(x - width / 2, self.width() - width - 1.0))
            painter.drawText(QPointF(at, area.bottom() + 15 * self._scale), text)

    def _draw_legend(self, painter: QPainter) -> None:
        """Name both curves at the top right, and the axes at the top left."""
        painter.setFont(ui_font(round(FONT_PX * self._scale)))
        metrics, theme = painter.fontMetrics(), self._theme
        x, y = self.width() - RIGHT_PX * self._scale, 9 * self._scale
        for word, token, style, shown in (
            (self._words[1], "ink", Qt.PenStyle.SolidLine, bool(self._reference)),
            (self._words[0], "warn", Qt.PenStyle.DashLine, bool(self._points)),
        ):
            if shown:
                x -= metrics.horizontalAdvance(word)
                painter.setPen(theme.color("ink"))
                painter.drawText(QPointF(x, 13 * self._scale), word)
                painter.setPen(QPen(theme.color(token), 2 * self._scale, style))
                painter.drawLine(QPointF(x - 28 * self._scale, y), QPointF(x - 6 * self._scale, y))
                x -= 42 * self._scale
        painter.setPen(theme.color("dim"))
        title = next((t for t in TITLES if metrics.horizontalAdvance(t) < x - 8), "")
        painter.drawText(QPointF(0, 13 * self._scale), title)

    def _draw_cross(self, painter: QPainter) -> None:
        """Draw where the keys are, and say it."""
        centre, theme, s = self.position_of(*self._cursor), self._theme, self._scale
        painter.setPen(QPen(theme.color("ink"), 2 * s))
        for dx, dy in ((CROSS_PX * s, 0), (0, CROSS_PX * s)):
            painter.drawLine(centre - QPointF(dx, dy), centre + QPointF(dx, dy))
        text = f"{format_duration_ns(self._cursor[0])}, {size_text(self._cursor[1])}"
        painter.setFont(ui_font(round(FONT_PX * self._scale)))
        metrics, area = painter.fontMetrics(), self.area()
        width = metrics.horizontalAdvance(text)
        right = centre.x() + 12 * s + width < area.right()
        x = centre.x() + 10 * s if right else centre.x() - 10 * s - width
        y = max(area.top() + 14 * s, min(centre.y() - 8 * s, area.bottom() - 6 * s))
        ground = QRectF(x - 3 * s, y - 12 * s, width + 6 * s, 16 * s)
        painter.fillRect(ground, theme.color("ground"))
        painter.drawText(QPointF(x, y), text)


_SETTERS: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_TAKERS: Final = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


def size_text(pages: int) -> str:
    """Return pages as a size of memory."""
    return format_size(pages * PAGE_BYTES)
