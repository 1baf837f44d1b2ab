"""The result of a sweep as curves or as a map, with the closed-form model drawn in.

A map has numbers and hatching beside its colours, curves have dashes and marks: colour is never
the only sign. A cross goes from point to point by mouse or arrow keys.
"""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.sweep import FIGURES, SweepResult
from gui.models.sweep_reading import MODEL_OF, SweepReading, short_value
from gui.style.enlarging import shrunk
from gui.style.theme import DARK, Theme, ui_font

LEFT_PX, TOP_PX, RIGHT_PX, BOTTOM_PX = 84, 34, 18, 46
FONT_PX: Final = 11
STOPS: Final = ((0, 32, 76), (66, 78, 108), (124, 123, 120), (186, 171, 116), (255, 233, 69))
"""Five stops of cividis (Nunez, Anderton, Renslow 2018): one order for every colour vision."""
DASHES: Final = (
    Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine,
)
INKS: Final = ("link", "warn", "good", "ink")


class SweepPicture(QWidget):
    """One figure over one or two parameters.

    Signals:
        pointed: Another point is under the cross: its number in the result.
        opened: The run of a point is wanted: its number.
    """

    pointed = Signal(int)
    opened = Signal(int)

    def __init__(self, theme: Theme = DARK, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self._theme, self._scale = theme, 1.0
        self._result: SweepResult | None = None
        self._reading: SweepReading | None = None
        self._figure, self._policy, self._at = "downtime_s", 0, 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Result of the sweep")
        self.setAccessibleDescription("nothing yet")

    @property
    def at(self) -> int:
        """Return the number of the point under the cross."""
        return self._at

    def set_scale(self, scale: float) -> None:
        """Paint so many times as large, as the dialog around it is shown."""
        self._scale = scale
        self.updateGeometry()
        self.update()

    @property
    def _room(self) -> QRect:
        """Return the room there is, in pixels of the unscaled picture."""
        return QRect(QPoint(0, 0), shrunk(self.size(), self._scale))

    def show_result(self, result: SweepResult | None, figure: str, policy: int = 0) -> None:
        """Show a figure of a result; of a map that of one policy."""
        if result is not self._result:
            self._at = 0
        self._result, self._figure, self._policy = result, figure, policy
        self._reading = None if result is None else SweepReading(result, figure)
        self._tell()
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for a picture that a lecture hall reads."""
        return QSize(640, 440) * self._scale

    def minimumSizeHint(self) -> QSize:
        """Return the smallest size at which axes are read."""
        return QSize(380, 260) * self._scale

    # What is shown

    @property
    def _read(self) -> SweepReading:
        assert self._reading is not None
        return self._reading

    def words(self, point: int) -> str:
        """Return a point in one line: its values and what came out."""
        return self._read.words(point)

    def _tell(self) -> None:
        if self._result is None:
            self.setAccessibleDescription("nothing yet")
            return
        self.setAccessibleDescription(self._read.words(self._at))
        self.pointed.emit(self._at)

    # Geometry

    def _area(self) -> QRectF:
        right = RIGHT_PX + (54 if self._result is not None and self._read.is_map else 0)
        return QRectF(
            LEFT_PX, TOP_PX, max(10, self._room.width() - LEFT_PX - right),
            max(10, self._room.height() - TOP_PX - BOTTOM_PX),
        )  # fmt: skip

    def _cell(self, first: int, second: int) -> QRectF:
        area, (n_first, n_second) = self._area(), self._read.steps()
        width, height = area.width() / n_first, area.height() / n_second
        return QRectF(
            area.left() + first * width, area.bottom() - (second + 1) * height, width, height
        )

    def _spot(self, point: int, figure: str | None = None) -> QPointF | None:
        """Return where a point of a curve lies."""
        value = self._read.value(point, figure)
        if value is None:
            return None
        area, (n_first, _) = self._area(), self._read.steps()
        first = self._read.place(point)[0]
        low, high = self._read.extent
        share = min(1.05, (value - low) / (high - low))
        return QPointF(
            area.left() + area.width() * first / max(1, n_first - 1),
            area.bottom() - area.height() * share,
        )

    # Mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Put the cross on the nearest point."""
        self._point_at(self._inside(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open the run of the point."""
        self._point_at(self._inside(event.position()))
        if self._result is not None:
            self.opened.emit(self._at)

    def _inside(self, at: QPointF) -> QPointF:
        """Return a place of the widget in pixels of the unscaled picture."""
        return QPointF(at.x() / self._scale, at.y() / self._scale)

    def _point_at(self, at: QPointF) -> None:
        if self._result is None:
            return
        area, (n_first, n_second) = self._area(), self._read.steps()
        share = (at.x() - area.left()) / area.width()
        if self._read.is_map:
            first = max(0, min(n_first - 1, int(share * n_first)))
            up = (area.bottom() - at.y()) / area.height()
            self._go(self._read.point(first, max(0, min(n_second - 1, int(up * n_second))),
                                 self._policy))
            return
        first = max(0, min(n_first - 1, round(share * (n_first - 1))))
        points = [self._read.point(first, 0, p) for p in range(len(self._result.plan.policies))]
        spots = [(abs(s.y() - at.y()), p) for p in points if (s := self._spot(p)) is not None]
        self._go(min(spots)[1] if spots else points[0])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cross by the arrows, open its run by Return."""
        moves = {
            Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1),
            Qt.Key.Key_Down: (0, -1),
        }  # fmt: skip
        key = Qt.Key(event.key())
        if self._result is None or key not in (*moves, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
            return
        if key not in moves:
            self.opened.emit(self._at)
            return
        n_first, n_second = self._read.steps()
        first, second, policy = self._read.place(self._at)
        across, up = moves[key]
        first = max(0, min(n_first - 1, first + across))
        if self._read.is_map:
            second = max(0, min(n_second - 1, second + up))
            policy = self._policy
        else:
            policy = max(0, min(len(self._result.plan.policies) - 1, policy - up))
        self._go(self._read.point(first, second, policy))

    def _go(self, point: int) -> None:
        if point != self._at:
            self._at = point
            self._tell()
            self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that it went."""
        self.update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint curves or a map, with axes and the cross."""
        painter = QPainter(self)
        painter.scale(self._scale, self._scale)
        painter.fillRect(self._room, self._theme.color("ground"))
        painter.setFont(ui_font(FONT_PX))
        if self._result is None:
            painter.setPen(self._theme.color("dim"))
            painter.drawText(
                self._room, int(Qt.AlignmentFlag.AlignCenter), "Choose parameters, then run."
            )
        elif self._read.is_map:
            self._paint_map(painter)
        else:
            self._paint_curves(painter)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("link"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self._room.adjusted(1, 1, -1, -1))
        painter.end()

    def _paint_axes(self, painter: QPainter) -> None:
        """Name the parameter across and the figure, with ticks."""
        assert self._result is not None
        area, theme, axes = self._area(), self._theme, self._result.plan.axes
        painter.setPen(theme.color("dim"))
        if self._read.is_map:
            painter.drawText(QPointF(8, 20), f"up: {axes[1].path}")
        painter.drawText(
            QRectF(area.left(), self._room.height() - 20, area.width(), 18),
            int(Qt.AlignmentFlag.AlignCenter), axes[0].path,
        )
        self._paint_ticks(painter, axes[0].values)

    def _paint_ticks(self, painter: QPainter, values: Sequence[str]) -> None:
        area, metrics = self._area(), painter.fontMetrics()
        texts = [short_value(value) for value in values]
        widest = max(metrics.horizontalAdvance(text) for text in texts) + 14
        every = max(1, -(-len(values) * widest // max(1, int(area.width()))))
        for i, text in enumerate(texts):
            if i % every:
                continue
            if self._read.is_map:
                x = area.left() + (i + 0.5) * area.width() / len(values)
            else:
                x = area.left() + i * area.width() / max(1, len(values) - 1)
            width = metrics.horizontalAdvance(text)
            at = max(0.0, min(x - width / 2, self._room.width() - width - 2.0))
            painter.drawText(QPointF(at, area.bottom() + 16), text)

    def _paint_curves(self, painter: QPainter) -> None:
        assert self._result is not None
        area, theme = self._area(), self._theme
        self._paint_axes(painter)
        low, high = self._read.extent
        for quarter in range(5):
            y = area.bottom() - area.height() * quarter / 4
            painter.setPen(theme.color("line" if quarter == 0 else "grid"))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(theme.color("dim"))
            text = f"{low + (high - low) * quarter / 4:.3g}"
            width = painter.fontMetrics().horizontalAdvance(text)
            painter.drawText(QPointF(area.left() - width - 8, y + 4), text)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(area.adjusted(-6, -6, 6, 6))
        for number in range(len(self._result.plan.policies)):
            self._paint_curve(painter, number)
        painter.setClipping(False)
        self._paint_names(painter)
        spot = self._spot(self._at)
        if spot is not None:
            painter.setPen(QPen(theme.color("ink"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(spot, 8, 8)

    def _paint_curve(self, painter: QPainter, number: int) -> None:
        """Draw a policy's curve; a hollow mark does not converge; the model is a thin line."""
        assert self._result is not None
        color = self._theme.color(INKS[number % len(INKS)])
        points = [self._read.point(i, 0, number) for i in range(self._read.steps()[0])]
        model = MODEL_OF.get(self._figure)
        for figure, pen in (
            (model, QPen(self._theme.color("dim"), 1, Qt.PenStyle.DotLine)),
            (self._figure, QPen(color, 2, DASHES[number % len(DASHES)])),
        ):
            if figure is not None:
                spots = [s for p in points if (s := self._spot(p, figure)) is not None]
                painter.setPen(pen)
                painter.drawPolyline(QPolygonF(spots))
        painter.setPen(QPen(color, 2))
        for point in points:
            spot = self._spot(point)
            if spot is not None:
                forced = self._result.rows[point][1] is False
                painter.setBrush(self._theme.color("ground") if forced else color)
                painter.drawEllipse(spot, 3.5, 3.5)

    def _paint_names(self, painter: QPainter) -> None:
        """Name the lines at the top right."""
        assert self._result is not None
        names = list(self._result.plan.policies)
        entries = [
            (name or "this policy", INKS[i % len(INKS)], DASHES[i % len(DASHES)], 2)
            for i, name in enumerate(names)
        ]
        if self._figure in MODEL_OF:
            entries.append(("model", "dim", Qt.PenStyle.DotLine, 1))
        entries.append(("hollow: does not converge", "", Qt.PenStyle.NoPen, 0))
        x = float(self._room.width() - RIGHT_PX)
        for name, ink, dash, width in reversed(entries):
            x -= painter.fontMetrics().horizontalAdvance(name)
            painter.setPen(self._theme.color("ink"))
            painter.drawText(QPointF(x, 20), name)
            if ink:
                painter.setPen(QPen(self._theme.color(ink), width, dash))
                painter.drawLine(QPointF(x - 26, 16), QPointF(x - 5, 16))
                x -= 40
            else:
                x -= 16

    def _paint_map(self, painter: QPainter) -> None:
        assert self._result is not None
        self._paint_axes(painter)
        n_first, n_second = self._read.steps()
        _, high = self._read.extent
        roomy = self._area().width() / n_first >= 44 and self._area().height() / n_second >= 16
        for first in range(n_first):
            for second in range(n_second):
                self._paint_cell(painter, first, second, high, roomy)
        self._paint_border(painter)
        self._paint_second_axis(painter, high)
        first, second, _ = self._read.place(self._at)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for token, width in (("ground", 4), ("ink", 2)):
            painter.setPen(QPen(self._theme.color(token), width))
            painter.drawRect(self._cell(first, second))

    def _paint_cell(
        self, painter: QPainter, first: int, second: int, high: float, roomy: bool
    ) -> None:
        """Fill a cell, hatch what does not converge, and write its number where there is room."""
        assert self._result is not None
        point = self._read.point(first, second, self._policy)
        value, cell = self._read.value(point), self._cell(first, second)
        color = _color(0.0 if value is None else self._read.share(value))
        if value is None:
            painter.fillRect(cell, self._theme.color("ground"))
            painter.fillRect(cell, QColor(self._theme.color("dim")))
        else:
            painter.fillRect(cell, color)
        light = color.lightness() > 110
        if self._result.rows[point][1] is False or value is None:
            ink = QColor("#000000" if light else "#FFFFFF")
            ink.setAlpha(120)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.fillRect(cell, QBrush(ink, Qt.BrushStyle.BDiagPattern))
        if roomy and value is not None:
            painter.setPen(QColor("#000000" if light else "#FFFFFF"))
            painter.drawText(cell, int(Qt.AlignmentFlag.AlignCenter), f"{value:.3g}")

    def _paint_border(self, painter: QPainter) -> None:
        """Draw where the model says that rounds begin to shrink."""
        assert self._result is not None
        at = FIGURES.index("model_converges")
        rows, (n_first, n_second) = self._result.rows, self._read.steps()
        painter.setPen(QPen(self._theme.color("warn"), 3))
        for first in range(n_first):
            for second in range(n_second):
                here = rows[self._read.point(first, second, self._policy)][at]
                cell = self._cell(first, second)
                if first + 1 < n_first:
                    other = rows[self._read.point(first + 1, second, self._policy)][at]
                    if None not in (here, other) and here != other:
                        painter.drawLine(cell.topRight(), cell.bottomRight())
                if second + 1 < n_second:
                    other = rows[self._read.point(first, second + 1, self._policy)][at]
                    if None not in (here, other) and here != other:
                        painter.drawLine(cell.topLeft(), cell.topRight())

    def _paint_second_axis(self, painter: QPainter, high: float) -> None:
        """Write the second parameter's values, and the scale of colours."""
        assert self._result is not None
        area, axis, theme = self._area(), self._result.plan.axes[1], self._theme
        metrics = painter.fontMetrics()
        painter.setPen(theme.color("dim"))
        every = max(1, -(-len(axis.values) * 16 // max(1, int(area.height()))))
        for i, value in enumerate(axis.values):
            if i % every == 0:
                cell, text = self._cell(0, i), short_value(value)
                width = metrics.horizontalAdvance(text)
                painter.drawText(
                    QPointF(area.left() - width - 8, cell.center().y() + 4), text
                )
        left = metrics.horizontalAdvance(f"up: {axis.path}") + 24
        room = self._room.width() - left - 8
        for note in ("hatched: does not converge;  line: the model's border", "hatched: forced"):
            if metrics.horizontalAdvance(note) <= room:
                painter.drawText(
                    QRectF(left, 6, room, 20), int(Qt.AlignmentFlag.AlignRight), note
                )
                break
        bar = QRectF(area.right() + 14, area.top(), 12, area.height())
        for i in range(64):
            part = QRectF(
                bar.left(), bar.bottom() - (i + 1) * bar.height() / 64, 12, bar.height() / 64 + 1
            )
            painter.fillRect(part, _color(i / 63))
        for share in (0.0, 0.5, 1.0):
            y = bar.bottom() - share * bar.height()
            painter.drawText(QPointF(bar.right() + 3, y + 4), f"{self._read.value_of(share):.2g}")


def _color(share: float) -> QColor:
    """Return a colour of the scale, 0 to 1."""
    at = max(0.0, min(1.0, share)) * (len(STOPS) - 1)
    i = min(len(STOPS) - 2, int(at))
    rest = at - i
    red, green, blue = (
        round(a + (b - a) * rest) for a, b in zip(STOPS[i], STOPS[i + 1], strict=True)
    )
    return QColor(red, green, blue)
