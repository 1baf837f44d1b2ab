"""The client's command window: what `ping` has printed up to the playhead.

Replies are printed when they come back, so a held one is a line that is late. A lost one is
printed as "Request timed out." when the client gives up: when the next request would be due,
or after four seconds, whichever is earlier. A VM that pings the client prints by its own clock.
"""

from bisect import bisect_right
from typing import Final

from msgspec import Struct
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from engine.history import History
from engine.probes import LOST_NS, Fate, ProbeRecord
from engine.workload import GuestClock
from gui.style.theme import mono_font, ui_font
from gui.views.client_pane import FONT_PX, LEFT, LINE_PX, RIGHT, ClientPane
from gui.views.replies import WORDS, settled_ns

TIMED_OUT: Final = "Request timed out."


class Line(Struct, frozen=True):
    """A printed line: when, what, and what became of the reply."""

    t_ns: int
    text: str
    fate: Fate


def time_text(rtt_ns: int) -> str:
    """Return the time as Windows prints it: whole milliseconds, "<1ms" below a half."""
    milliseconds = (rtt_ns + 500_000) // 1_000_000
    return f"time={milliseconds}ms" if milliseconds else "time<1ms"


def printed_lines(probe: ProbeRecord, address: str, history: History) -> list[Line]:
    """Return what ping prints over the whole run, in order of printing."""
    lines = []
    for t_ns, rtt, fate in zip(
        settled_ns(probe, history).tolist(),
        probe.rtt_ns.tolist(),
        probe.fates.tolist(),
        strict=True,
    ):
        if rtt == LOST_NS:
            lines.append(Line(t_ns, TIMED_OUT, Fate.LOST))
        else:
            text = f"Reply from {address}: {time_text(rtt)} TTL=128"
            lines.append(Line(t_ns, text, Fate(fate)))
    return sorted(lines, key=lambda line: line.t_ns)


class PingPane(ClientPane):
    """Lines of a ping, the newest at the bottom."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self._lines: list[Line] = []
        self._times: list[int] = []
        self._clock: GuestClock | None = None
        self._printed = 0
        self._waiting = False
        self.setToolTip(
            "Replies are printed when they come back. A lost one is printed as "
            f"“{TIMED_OUT}” when the next request is due, after four seconds at the latest."
        )

    @property
    def tab(self) -> str:
        """Return the short name."""
        return "Ping from the VM" if self._from_vm else "Ping"

    @property
    def title(self) -> str:
        """Return who pings whom."""
        if self._from_vm:
            return f"On {self._selected}: ping client"
        return f"Client: ping {self._selected}"

    @property
    def shown(self) -> list[str]:
        """Return the lines as printed up to the playhead, the waiting line last."""
        lines = [self._opening()] if self._probe else []
        lines += [line.text for line in self._lines[: self._printed]]
        if self._waiting:
            lines.append(self._waiting_text())
        return lines

    @property
    def _from_vm(self) -> bool:
        return self._probe is not None and self._probe.spec.direction == "from-vm"

    @property
    def _target(self) -> str:
        return "client" if self._from_vm else self._address

    def _read(self, history: History) -> None:
        self._clock = history.vm(self._selected).clocks[0] if self._from_vm else None
        self._lines = printed_lines(self._probe, self._target, history) if self._probe else []
        self._times = [line.t_ns for line in self._lines]

    def _move(self, t_ns: int) -> bool:
        before = self._printed, self._waiting
        self._t_ns = t_ns
        self._printed = bisect_right(self._times, t_ns)
        self._waiting = self._printed < self._sent_at(t_ns)
        return before != (self._printed, self._waiting)

    def _sent_at(self, t_ns: int) -> int:
        """Return how many requests have been sent, also those not back by the end."""
        now = t_ns if self._clock is None else self._clock.guest_at(t_ns)
        if self._probe is None or now < self._probe.spec.phase_ns:
            return 0
        return (now - self._probe.spec.phase_ns) // self._probe.spec.interval_ns + 1

    def _opening(self) -> str:
        return f"C:\\> ping -t {self._target}"

    def _waiting_text(self) -> str:
        return f"Reply from {self._target}: time=…"

    def _paint_inside(self, painter: QPainter, inner: QRectF) -> None:
        """Draw the newest lines."""
        if self._probe is None:
            self._paint_note(painter, inner, f"Nobody pings {self._selected}.")
            return
        room = max(1, int(inner.height() // LINE_PX))
        shown: list[tuple[str, Fate | None]] = [(self._opening(), None)]
        newest = self._lines[max(0, self._printed - room) : self._printed]
        shown = shown if self._printed <= room else []
        shown += [(line.text, line.fate) for line in newest]
        if self._waiting:
            shown.append((self._waiting_text(), None))
        for i, (text, fate) in enumerate(shown[-room:]):
            row = QRectF(inner.left(), inner.top() + i * LINE_PX, inner.width(), LINE_PX)
            self._draw_line(painter, text, fate, row)

    def _draw_line(self, painter: QPainter, text: str, fate: Fate | None, row: QRectF) -> None:
        painter.setFont(mono_font(FONT_PX))
        painter.setPen(self._theme.color("warn" if fate is Fate.LOST else "ink"))
        painter.drawText(row, LEFT, text)
        used = painter.fontMetrics().horizontalAdvance(text)
        if fate is None or fate is Fate.ON_TIME:
            return
        painter.setFont(ui_font(FONT_PX))
        word = WORDS[fate]
        if used + painter.fontMetrics().horizontalAdvance(word) + 6 <= row.width():
            painter.setPen(self._theme.color("ink" if fate is Fate.HELD else "warn"))
            painter.drawText(row, RIGHT, word)
