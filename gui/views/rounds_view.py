"""Every round as bars, in MiB: sent, over it what was skipped, beside it what was dirtied.

The copy made while the VM is stopped has a pattern of its own.
"""

from typing import Final

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.history import Frame, History, MigrationRecord, RoundRecord
from engine.specs import PAGE_BYTES
from engine.states import PageState
from engine.units import format_duration_ns
from gui.style.theme import DARK, Theme, ui_font
from gui.views.plot_marks import fill_bar
from gui.views.stages import stage_color

BARS_PX: Final = 58
TITLE_PX: Final = 20
VALUE_PX: Final = TITLE_PX + 15
LABEL_PX: Final = 16
MIN_BAR_PX: Final = 2
MAX_BAR_PX: Final = 34
GAP_PX: Final = 6
MOST_TOLD: Final = 6
"""So many of the newest rounds are told in the description."""


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
        self._largest = 1
        self._hidden, self._t_ns = False, 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Rounds: MiB sent, skipped and dirtied")

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def set_future_hidden(self, hidden: bool) -> None:
        """Show only rounds that have ended at the playhead, or all of them again."""
        self._hidden = hidden
        self._measure()
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
        shown = self.rounds()
        self._choose(frame.t_ns)
        if len(shown) != len(self.rounds()):
            self._measure()
            self.update()
        if current != self._current or before is not self._migration:
            self._current = current
            self._describe()
            self.update()

    def rounds(self) -> tuple[RoundRecord, ...]:
        """Return the rounds shown."""
        rounds = self._migration.rounds if self._migration else ()
        if not self._hidden:
            return rounds
        return tuple(r for r in rounds if r.end_ns <= self._t_ns)

    def bar_rect(self, index: int) -> QRectF:
        """Return the bar of what a round sent."""
        return self._rect(index, self.rounds()[index].bytes_sent, least_px=2.0)

    def skipped_rect(self, index: int) -> QRectF:
        """Return the bar of what a round skipped, on top of what it sent; empty without any."""
        skipped = self.rounds()[index].pages_skipped * PAGE_BYTES
        rect = self._rect(index, skipped)
        return rect.translated(0, -self.bar_rect(index).height()) if skipped else QRectF()

    def dirtied_rect(self, index: int) -> QRectF:
        """Return the narrow bar of what was dirtied in a round; empty without any."""
        dirtied = self.rounds()[index].pages_dirtied * PAGE_BYTES
        rect = self._rect(index, dirtied)
        width = self._dirtied_px()
        left = self.bar_rect(index).right() + (1 if width > 2 else 0)
        return QRectF(left, rect.top(), width, rect.height()) if dirtied else QRectF()

    def _pitch(self) -> float:
        return min(MAX_BAR_PX + GAP_PX, self.width() / max(1, len(self.rounds())))

    def _dirtied_px(self) -> int:
        return max(1, min(9, round(self._pitch() / 4)))

    def _rect(self, index: int, n_bytes: int, *, least_px: float = 1.0) -> QRectF:
        """Return a bar of so many bytes that stands on the ground line."""
        pitch = self._pitch()
        width = max(float(MIN_BAR_PX), pitch - min(GAP_PX, pitch / 3) - self._dirtied_px())
        height = max(least_px, BARS_PX * n_bytes / self._largest)
        return QRectF(round(index * pitch), VALUE_PX + BARS_PX - height, round(width), height)

    def _choose(self, t_ns: int) -> None:
        self._t_ns = t_ns
        if self._history is None:
            return
        index = self._history.migration_at(self._selected, t_ns)
        own = [
            m for m in self._history.migrations if m.vm == self._selected and m.outcome != "refused"
        ]
        first = own[0] if own else None
        chosen = first if index is None else self._history.migrations[index]
        if chosen is self._migration:
            return
        self._migration = chosen
        self._measure()

    def _measure(self) -> None:
        """Let the largest round that is shown fill the height."""
        rounds = self.rounds()
        self._largest = max(
            (
                max(r.bytes_sent + r.pages_skipped * PAGE_BYTES, r.pages_dirtied * PAGE_BYTES)
                for r in rounds
            ),
            default=0,
        ) or 1
        self._describe()

    def _describe(self) -> None:
        """Tell which round goes on at the playhead, and the figures of the newest."""
        rounds = self.rounds()
        told = [round_sentence(r).replace("\n", ", ") for r in rounds[-MOST_TOLD:]]
        if self._current is not None:
            told.insert(0, f"Now: round {self._current}")
        self.setAccessibleDescription(". ".join(told) or "no rounds")

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
        orange = self._theme.state_color(PageState.DIRTY_AGAIN)
        skipped, dirtied = self.skipped_rect(index), self.dirtied_rect(index)
        for over, fill in ((skipped, "outline"), (dirtied, "hatch")):
            if not over.isEmpty():
                fill_bar(painter, over, orange, fill)
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
            top = min(r.top() for r in (rect, self.skipped_rect(i)) if not r.isEmpty())
            for text, y in ((value, top - 4), (name, bottom + 12)):
                painter.drawText(QPointF(center - metrics.horizontalAdvance(text) / 2, y), text)

    def _draw_legend(self, painter: QPainter) -> None:
        """Say which bar is which, at the right of the title."""
        painter.setFont(ui_font(11))
        metrics, x = painter.fontMetrics(), float(self.width())
        orange = self._theme.state_color(PageState.DIRTY_AGAIN)
        for word, color, fill in (
            ("dirtied", orange, "hatch"), ("skipped", orange, "outline"),
            ("sent", stage_color(self._theme, "round", 0), "solid"),
        ):
            x -= metrics.horizontalAdvance(word)
            painter.setPen(self._theme.color("dim"))
            painter.drawText(QPointF(x, 13), word)
            x -= 14
            fill_bar(painter, QRectF(round(x), 4, 10, 10), color, fill)
            x -= 10

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
        painter.drawText(0, 13, "Rounds, MiB")
        if not self.rounds():
            painter.setFont(ui_font(11))
            note = "This policy has no rounds." if self._migration else "Nothing migrates."
            if self._hidden and self._migration is not None and self._migration.rounds:
                note = "No round has ended yet."
            painter.drawText(0, VALUE_PX, note)
            return
        self._draw_legend(painter)
        bottom = VALUE_PX + BARS_PX
        painter.setPen(self._theme.color("line"))
        painter.drawLine(0, bottom, self.width(), bottom)
        for i, record in enumerate(self.rounds()):
            self._draw_bar(painter, i, record)
        self._draw_texts(painter)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell the figures of the round under the pointer."""
        self.setToolTip(self.description_at(event.position().toPoint()))
