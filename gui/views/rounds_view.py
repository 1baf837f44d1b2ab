"""Megabytes of every round as bars; the copy made while the VM is stopped has a pattern."""

from typing import Final

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.history import Frame, History, MigrationRecord, RoundRecord
from engine.states import PageState
from engine.units import format_duration_ns
from gui.style.theme import DARK, Theme, ui_font
from gui.views.stages import stage_color

BARS_PX: Final = 58
TITLE_PX: Final = 20
VALUE_PX: Final = TITLE_PX + 15
LABEL_PX: Final = 16
MIN_BAR_PX: Final = 2
MAX_BAR_PX: Final = 34
GAP_PX: Final = 6


def mebibytes_text(n_bytes: int) -> str:
    """Return MiB in two or three digits: "512", "12", "1.4", "0.02"."""
    value = n_bytes / 2**20
    if value >= 10:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 or not n_bytes else f"{value:.2g}"


def round_sentence(record: RoundRecord) -> str:
    """Return the figures of one round."""
    name = f"Round {record.number}" + ("" if record.live else ", VM stopped")
    limit = record.rate_limit_bps
    parts = [
        f"{name}: {mebibytes_text(record.bytes_sent)} MiB in "
        f"{format_duration_ns(record.end_ns - record.start_ns)}",
        f"{record.pages_sent:,} pages sent, {record.pages_skipped:,} skipped, "
        f"{record.pages_dirtied:,} dirtied",
    ]
    if limit is not None:
        parts.append(f"rate limit {limit / 1e6:,.0f} Mbit/s")
    return "\n".join(parts)


class RoundsView(QWidget):
    """Bars of the rounds of the selected VM's migration at the playhead."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty; `set_history` gives it a run."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = DARK
        self._history: History | None = None
        self._selected = ""
        self._migration: MigrationRecord | None = None
        self._current: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Megabytes sent in each round")

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def set_history(self, history: History, *, selected: str) -> None:
        """Show the rounds of a VM; before its first migration those of the first one."""
        self._history, self._selected = history, selected
        self._choose(0)
        self.update()

    def show_frame(self, frame: Frame) -> None:
        """Point out the round at the frame's instant."""
        vm = frame.vms.get(self._selected)
        record = vm.round if vm else None
        current = record.number if record else None
        before = self._migration
        self._choose(frame.t_ns)
        if current != self._current or before is not self._migration:
            self._current = current
            self.update()

    def rounds(self) -> tuple[RoundRecord, ...]:
        """Return the rounds shown."""
        return self._migration.rounds if self._migration else ()

    def bar_rect(self, index: int) -> QRectF:
        """Return the bar of a round."""
        rounds = self.rounds()
        largest = max((r.bytes_sent for r in rounds), default=0) or 1
        pitch = min(MAX_BAR_PX + GAP_PX, self.width() / max(1, len(rounds)))
        width = max(float(MIN_BAR_PX), pitch - min(GAP_PX, pitch / 3))
        height = max(2.0, BARS_PX * rounds[index].bytes_sent / largest)
        return QRectF(round(index * pitch), VALUE_PX + BARS_PX - height, round(width), height)

    def _choose(self, t_ns: int) -> None:
        if self._history is None:
            return
        index = self._history.migration_at(self._selected, t_ns)
        own = [
            m for m in self._history.migrations if m.vm == self._selected and m.outcome != "refused"
        ]
        first = own[0] if own else None
        self._migration = first if index is None else self._history.migrations[index]

    def description_at(self, position: QPoint) -> str:
        """Return the figures of the round under a position, or ""."""
        for i, record in enumerate(self.rounds()):
            rect = self.bar_rect(i)
            if rect.left() - 1 <= position.x() <= rect.right() + 1:
                return round_sentence(record)
        return ""

    def _draw_bar(self, painter: QPainter, index: int, record: RoundRecord) -> None:
        rect = self.bar_rect(index)
        current = record.number == self._current
        if record.live:
            painter.fillRect(rect, stage_color(self._theme, "round", 0))
        else:
            painter.fillRect(rect, stage_color(self._theme, "stop-and-copy"))
            ground = self._theme.color("ground")
            painter.fillRect(rect, QBrush(ground, Qt.BrushStyle.BDiagPattern))
        if current:
            if record.live:
                painter.fillRect(rect, self._theme.state_color(PageState.UP_TO_DATE))
            painter.setPen(QPen(self._theme.color("ink"), 1))
            painter.drawRect(rect.adjusted(-1, -1, 0, 0))

    def _draw_texts(self, painter: QPainter) -> None:
        """Write value and number of each bar where the next one leaves room; the stop first."""
        painter.setFont(ui_font(10))
        metrics = painter.fontMetrics()
        taken: list[tuple[float, float]] = []
        order = sorted(enumerate(self.rounds()), key=lambda pair: pair[1].live)
        for i, record in order:
            rect = self.bar_rect(i)
            value = mebibytes_text(record.bytes_sent)
            name = str(record.number) if record.live else "stopped"
            wide = max(metrics.horizontalAdvance(value), metrics.horizontalAdvance(name))
            left = max(0.0, min(rect.center().x() - wide / 2, self.width() - wide))
            if any(left < b + 3 and a - 3 < left + wide for a, b in taken):
                continue
            taken.append((left, left + wide))
            center = left + wide / 2
            current = record.number == self._current
            token = "ink" if current else "dim" if record.live else "warn"
            painter.setPen(self._theme.color(token))
            bottom = VALUE_PX + BARS_PX
            for text, y in ((value, rect.top() - 4), (name, bottom + 12)):
                painter.drawText(QPointF(center - metrics.horizontalAdvance(text) / 2, y), text)

    def sizeHint(self) -> QSize:
        """Return the fixed height and a comfortable width."""
        return QSize(280, VALUE_PX + BARS_PX + LABEL_PX)

    def minimumSizeHint(self) -> QSize:
        """Return a width that holds the note shown without rounds."""
        return QSize(160, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bars on their ground line."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("panel"))
        painter.setFont(ui_font(12))
        painter.setPen(self._theme.color("dim"))
        painter.drawText(0, 13, "Rounds, MiB sent")
        if not self.rounds():
            painter.setFont(ui_font(11))
            note = "This policy has no rounds." if self._migration else "Nothing migrates."
            painter.drawText(0, VALUE_PX, note)
            return
        bottom = VALUE_PX + BARS_PX
        painter.setPen(self._theme.color("line"))
        painter.drawLine(0, bottom, self.width(), bottom)
        for i, record in enumerate(self.rounds()):
            self._draw_bar(painter, i, record)
        self._draw_texts(painter)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell the figures of the round under the pointer."""
        self.setToolTip(self.description_at(event.position().toPoint()))
