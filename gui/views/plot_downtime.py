"""The downtime as one stacked bar of its parts, each named with its milliseconds."""

from typing import Final

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.history import Frame, History
from engine.units import format_duration_ns
from gui.style.theme import DARK, Theme, ui_font
from gui.views.move_contents import RELEARNING, Part, downtime_parts, migrations_of
from gui.views.plot_marks import fill_bar
from gui.views.stages import blend, stage_color
from gui.views.time_text import SECOND_NS

TITLE_PX: Final = 20
BAR_PX: Final = 16
ROW_PX: Final = 16
SWATCH_PX: Final = 9
COLUMNS: Final = 2
LEAST_PX: Final = 3
"""A part is never thinner: it could not be found."""
FILLS: Final = ("solid", "hatch")


class DowntimeBar(QWidget):
    """The parts of one migration's downtime; the one that goes on at the playhead is framed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty and hidden; `set_history` gives it a run."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = DARK
        self._parts: tuple[Part, ...] = ()
        self._now: int | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Downtime and its parts")
        self.hide()

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return the parts that are shown: name, from when, until when."""
        return self._parts

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def set_history(self, history: History, *, selected: str) -> None:
        """Show the downtime of a VM's newest migration that stops it."""
        found = [downtime_parts(history, m) for m in migrations_of(history, selected)]
        newest = next((parts for parts in reversed(found) if parts), [])
        self._parts = tuple(p for p in newest if p[0] != RELEARNING)
        told = ", ".join(f"{name} {length_text(part)}" for name, part in self._named())
        self.setAccessibleDescription(f"{self.title()}: {told}" if told else "never stopped")
        self.setVisible(bool(self._parts))
        self.setFixedHeight(self.sizeHint().height())
        self.updateGeometry()
        self.update()

    def show_frame(self, frame: Frame) -> None:
        """Frame the part that goes on at the frame's instant."""
        places = enumerate(self._parts)
        now = next((i for i, (_, a, b) in places if a <= frame.t_ns < b), None)
        if now != self._now:
            self._now = now
            self.update()

    def title(self) -> str:
        """Return what the whole bar stands for."""
        return f"Downtime, {format_duration_ns(self._length_ns())}"

    def part_rects(self) -> list[QRectF]:
        """Return the bar of each part; together they are as wide as the widget."""
        if not self._parts:
            return []
        room = max(0, self.width() - 1 - LEAST_PX * len(self._parts))
        total, rects, left = max(1, self._length_ns()), [], 0.0
        for _, start, end in self._parts:
            wide = LEAST_PX + room * (end - start) / total
            right = left + wide
            rects.append(QRectF(round(left), TITLE_PX, round(right) - round(left) - 1, BAR_PX))
            left = right
        return rects

    def description_at(self, position: QPoint) -> str:
        """Return the part under a position with its share, or ""."""
        for rect, part in zip(self.part_rects(), self._parts, strict=True):
            if rect.left() <= position.x() <= rect.right() + 1 and position.y() >= TITLE_PX:
                share = 100 * (part[2] - part[1]) / max(1, self._length_ns())
                since = f"from {part[1] / SECOND_NS:,.4f} s"
                return f"{part[0]}: {length_text(part)}, {share:.0f} % of the downtime, {since}"
        return ""

    def _named(self) -> list[tuple[str, Part]]:
        return [(part[0], part) for part in self._parts]

    def _length_ns(self) -> int:
        return sum(end - start for _, start, end in self._parts)

    def _color(self, index: int) -> QColor:
        """Return the colour of a part: neighbours differ, in their pattern too."""
        strong = stage_color(self._theme, "stop-and-copy")
        share = (1.0, 0.75, 0.5, 0.85, 0.6)[index % 5]
        return blend(self._theme.color("panel"), strong, share)

    def sizeHint(self) -> QSize:
        """Return the height of bar and names, and a comfortable width."""
        rows = -(-len(self._parts) // COLUMNS)
        return QSize(280, TITLE_PX + BAR_PX + 6 + rows * ROW_PX)

    def minimumSizeHint(self) -> QSize:
        """Return the narrowest width at which the names are read."""
        return QSize(160, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw title, bar and names."""
        painter, theme = QPainter(self), self._theme
        painter.fillRect(event.rect(), theme.color("panel"))
        painter.setFont(ui_font(12))
        painter.setPen(theme.color("dim"))
        painter.drawText(0, 13, self.title())
        for i, rect in enumerate(self.part_rects()):
            fill_bar(painter, rect, self._color(i), FILLS[i % len(FILLS)])
            if i == self._now:
                painter.setPen(QPen(theme.color("ink"), 1))
                painter.drawRect(rect.adjusted(0, -2, -1, 1))
        self._draw_names(painter)

    def _draw_names(self, painter: QPainter) -> None:
        """Write each part's name and length under the bar, in two columns."""
        painter.setFont(ui_font(11))
        metrics = QFontMetrics(ui_font(11))
        wide = self.width() / COLUMNS
        for i, part in enumerate(self._parts):
            x, y = (i % COLUMNS) * wide, TITLE_PX + BAR_PX + 6 + (i // COLUMNS) * ROW_PX
            swatch = QRectF(round(x), y + 3, SWATCH_PX, SWATCH_PX)
            fill_bar(painter, swatch, self._color(i), FILLS[i % len(FILLS)])
            painter.setPen(self._theme.color("ink" if i == self._now else "dim"))
            room = round(wide) - SWATCH_PX - 10
            length = length_text(part)
            left = metrics.elidedText(
                part[0], Qt.TextElideMode.ElideRight, room - metrics.horizontalAdvance(f" {length}")
            )
            painter.drawText(QPointF(x + SWATCH_PX + 5, y + 12), f"{left} {length}")

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell the part under the pointer."""
        self.setToolTip(self.description_at(event.position().toPoint()))


def length_text(part: Part) -> str:
    """Return how long a part lasts, in milliseconds: "5.87 ms"."""
    ms = (part[2] - part[1]) / 1e6
    return f"{ms:,.0f} ms" if ms >= 100 else f"{ms:.3g} ms"
