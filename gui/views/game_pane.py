"""What a player of a game server notices: the time between the packets that arrive."""

from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QWidget

from engine.history import History
from engine.probes import Fate
from engine.units import format_duration_ns
from gui.style.theme import ui_font
from gui.views.client_pane import FONT_PX, LEFT, ClientPane
from gui.views.replies import lost_so_far

Times = npt.NDArray[np.int64]

BAR_PX: Final = 5
GAP_PX: Final = 2
STATUS_PX: Final = 16
HEAD_PX: Final = 16
CAPTION: Final = "Time between packets that arrive"
SPIKE: Final = 1.5
"""A gap this many times the usual one is a spike."""


def arrivals_ns(history: History, vm: str, index: int) -> Times:
    """Return when the frames of a game probe arrived, sorted."""
    probe = next(p for p in history.probes if p.vm == vm and p.index == index)
    back = probe.fates != Fate.LOST
    return np.sort((probe.sent_ns + probe.rtt_ns)[back])


class GamePane(ClientPane):
    """A bar for every packet: how long after the one before it came."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self._history: History | None = None
        self._arrivals: Times = np.empty(0, np.int64)
        self._gaps: Times = np.empty(0, np.int64)
        self._longest: Times = np.empty(0, np.int64)
        self._usual_ns = self._highest_ns = 1
        self._count = 0
        self.setToolTip("Each bar is a packet: its height is the time since the packet before.")

    @property
    def tab(self) -> str:
        """Return the short name."""
        return "Game"

    @property
    def title(self) -> str:
        """Return whose packets these are."""
        return f"Client: playing on {self._selected}"

    @property
    def status(self) -> tuple[str, ...]:
        """Return the parts of the line beneath."""
        return tuple(text for text, _ in self._status_parts())

    @property
    def running_ns(self) -> int:
        """Return how long the player has waited for the next packet."""
        return self._t_ns - int(self._arrivals[self._count - 1]) if self._count else 0

    def _read(self, history: History) -> None:
        assert self._probe is not None
        self._history = history
        self._arrivals = arrivals_ns(history, self._selected, self._probe.index)
        self._gaps = np.diff(self._arrivals, prepend=self._arrivals[:1])
        self._longest = np.maximum.accumulate(self._gaps)
        known = self._gaps[1:]
        self._usual_ns = int(np.median(known)) if len(known) else self._probe.spec.interval_ns
        self._highest_ns = int(max(2 * self._usual_ns, known.max(initial=0)))

    def _move(self, t_ns: int) -> bool:
        changed, self._t_ns = t_ns != self._t_ns, t_ns
        self._count = int(np.searchsorted(self._arrivals, t_ns, side="right"))
        return changed

    def _status_parts(self) -> list[tuple[str, str]]:
        assert self._probe is not None and self._history is not None
        lost = lost_so_far(self._probe, self._history, self._t_ns)
        told = (f"{lost} lost", "warn") if lost else ("none lost", "dim")
        if not self._count:
            return [("no packet yet", "dim"), told]
        longest = max(int(self._longest[self._count - 1]), self.running_ns)
        spike = longest > SPIKE * self._usual_ns
        return [
            (f"usual {format_duration_ns(self._usual_ns)}", "dim"),
            (f"longest {format_duration_ns(longest)}", "warn" if spike else "dim"),
            told,
            (f"last {self.running_ns // 1_000_000} ms ago", "dim"),
        ]

    def _paint_inside(self, painter: QPainter, inner: QRectF) -> None:
        painter.setFont(ui_font(FONT_PX))
        painter.setPen(self._theme.color("dim"))
        painter.drawText(QRectF(inner.left(), inner.top(), inner.width(), HEAD_PX), LEFT, CAPTION)
        bars = inner.adjusted(0, 2 * HEAD_PX, 0, -STATUS_PX - 4)
        scale = bars.height() / (1.05 * self._highest_ns)
        usual = round(bars.bottom() - self._usual_ns * scale)
        painter.setPen(self._theme.color("grid"))
        painter.drawLine(round(bars.left()), usual, round(bars.right()), usual)
        room = max(1, int(bars.width() // (BAR_PX + GAP_PX)) - 1)
        first = max(1, self._count - room)
        for i in range(first, self._count):
            x = round(bars.left()) + (i - first) * (BAR_PX + GAP_PX)
            self._paint_bar(painter, bars, x, int(self._gaps[i]), scale)
        x = round(bars.left()) + max(0, self._count - first) * (BAR_PX + GAP_PX)
        height = min(bars.height(), self.running_ns * scale)
        painter.setPen(QPen(self._theme.color("dim"), 1))
        painter.drawRect(QRectF(x, round(bars.bottom() - height), BAR_PX - 1, round(height)))
        status = QRectF(inner.left(), inner.bottom() - STATUS_PX, inner.width(), STATUS_PX)
        self._paint_status(painter, status, self._status_parts())

    def _paint_bar(
        self, painter: QPainter, bars: QRectF, x: int, gap_ns: int, scale: float
    ) -> None:
        """Draw a packet's bar; a spike stands out by colour and by its value."""
        spike = gap_ns > SPIKE * self._usual_ns
        height = round(gap_ns * scale)
        bar = QRectF(x, round(bars.bottom()) - height, BAR_PX, height)
        painter.fillRect(bar, self._theme.color("warn" if spike else "link"))
        if spike:
            painter.setFont(ui_font(FONT_PX))
            painter.setPen(self._theme.color("warn"))
            label = format_duration_ns(gap_ns)
            width = painter.fontMetrics().horizontalAdvance(label)
            left = min(max(bars.left(), x + BAR_PX / 2 - width / 2), bars.right() - width)
            painter.drawText(QRectF(left, bar.top() - HEAD_PX, width + 2, HEAD_PX), LEFT, label)
