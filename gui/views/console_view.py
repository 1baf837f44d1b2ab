"""The client's command window: what `ping` has printed up to the playhead.

Replies are printed when they come back, so a held one is a line that is late. A lost one is
printed as "Request timed out." when the client gives up: when the next request would be due,
or after four seconds, whichever is earlier.
"""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.history import Frame, History
from engine.probes import LOST_NS, Fate, ProbeRecord
from gui.style.theme import DARK, Theme, mono_font, ui_font
from gui.views.plots_view import WORDS, give_up_ns, probe_of

HEADER_PX: Final = 20
PAD_PX: Final = 9
LINE_PX: Final = 17
FONT_PX: Final = 11
TIMED_OUT: Final = "Request timed out."


@dataclass(frozen=True, slots=True)
class Line:
    """A printed line: when, what, and what became of the reply."""

    t_ns: int
    text: str
    fate: Fate


def time_text(rtt_ns: int) -> str:
    """Return the time as Windows prints it: whole milliseconds, "<1ms" below a half."""
    milliseconds = (rtt_ns + 500_000) // 1_000_000
    return f"time={milliseconds}ms" if milliseconds else "time<1ms"


def printed_lines(probe: ProbeRecord, address: str) -> list[Line]:
    """Return what ping prints over the whole run, in order of printing."""
    wait_ns = give_up_ns(probe)
    lines = []
    for sent, rtt, fate in zip(
        probe.sent_ns.tolist(), probe.rtt_ns.tolist(), probe.fates.tolist(), strict=True
    ):
        if rtt == LOST_NS:
            lines.append(Line(sent + wait_ns, TIMED_OUT, Fate.LOST))
        else:
            text = f"Reply from {address}: {time_text(rtt)} TTL=128"
            lines.append(Line(sent + rtt, text, Fate(fate)))
    return sorted(lines, key=lambda line: line.t_ns)


class ConsoleView(QWidget):
    """Lines of a ping, the newest at the bottom."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty; `set_history` gives it a run."""
        super().__init__(parent)
        self._theme = DARK
        self._probe: ProbeRecord | None = None
        self._selected = self._address = ""
        self._lines: list[Line] = []
        self._times: list[int] = []
        self._printed = 0
        self._waiting = False
        self._t_ns = 0
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setToolTip(
            "Replies are printed when they come back. A lost one is printed as "
            f"“{TIMED_OUT}” when the next request is due, after four seconds at the latest."
        )

    @property
    def shown(self) -> list[str]:
        """Return the lines as printed up to the playhead, the waiting line last."""
        lines = [self._opening()] if self._probe else []
        lines += [line.text for line in self._lines[: self._printed]]
        if self._waiting:
            lines.append(f"Reply from {self._address}: time=…")
        return lines

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def set_history(self, history: History, *, selected: str) -> None:
        """Show the first ping of a VM."""
        self._selected = selected
        self._probe = probe_of(history, selected)
        self._address = history.vm(selected).spec.address or selected
        self._lines = printed_lines(self._probe, self._address) if self._probe else []
        self._times = [line.t_ns for line in self._lines]
        self.setAccessibleName(f"Client: ping {selected}")
        self._move(self._t_ns)
        self.update()

    def show_frame(self, frame: Frame) -> None:
        """Show what has been printed at the frame's instant."""
        before = self._printed, self._waiting
        self._move(frame.t_ns)
        if before != (self._printed, self._waiting):
            self.update()

    def _move(self, t_ns: int) -> None:
        self._t_ns = t_ns
        self._printed = bisect_right(self._times, t_ns)
        self._waiting = self._printed < self._sent_at(t_ns)

    def _sent_at(self, t_ns: int) -> int:
        """Return how many requests have been sent, also those not back by the end."""
        if self._probe is None or t_ns < self._probe.spec.phase_ns:
            return 0
        return (t_ns - self._probe.spec.phase_ns) // self._probe.spec.interval_ns + 1

    def _opening(self) -> str:
        return f"C:\\> ping -t {self._address}"

    def _draw_line(self, painter: QPainter, text: str, fate: Fate | None, row: QRectF) -> None:
        late = fate in (Fate.LATE, Fate.HELD, Fate.LOST)
        align = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(mono_font(FONT_PX))
        painter.setPen(self._theme.color("warn" if fate is Fate.LOST else "ink"))
        painter.drawText(row, align | Qt.AlignmentFlag.AlignLeft, text)
        used = painter.fontMetrics().horizontalAdvance(text)
        if fate is None or not late:
            return
        painter.setFont(ui_font(FONT_PX))
        word = WORDS[fate]
        if used + painter.fontMetrics().horizontalAdvance(word) + 6 <= row.width():
            painter.setPen(self._theme.color("ink" if fate is Fate.HELD else "warn"))
            painter.drawText(row, align | Qt.AlignmentFlag.AlignRight, word)

    def sizeHint(self) -> QSize:
        """Return room for a whole line with its word, and ten lines."""
        return QSize(self.minimumSizeHint().width() + 12, HEADER_PX + 10 * LINE_PX + 2 * PAD_PX)

    def minimumSizeHint(self) -> QSize:
        """Return a width that holds the longest line and its word."""
        longest = f"Reply from {self._address or '10.0.0.210'}: time=1000ms TTL=128"
        width = QFontMetrics(mono_font(FONT_PX)).horizontalAdvance(longest)
        word = QFontMetrics(ui_font(FONT_PX)).horizontalAdvance(max(WORDS.values(), key=len))
        return QSize(width + word + 2 * PAD_PX + 8, HEADER_PX + 4 * LINE_PX + 2 * PAD_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw header, frame and the newest lines."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("ground"))
        painter.setFont(ui_font(12))
        painter.setPen(self._theme.color("dim"))
        painter.drawText(0, 13, f"Client: ping {self._selected}")
        box = QRectF(self.rect()).adjusted(0.5, HEADER_PX + 0.5, -0.5, -0.5)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("line"), 1))
        painter.setBrush(self._theme.color("sunken"))
        painter.drawRoundedRect(box, 6, 6)
        inner = box.adjusted(PAD_PX, PAD_PX - 2, -PAD_PX, -PAD_PX + 2)
        if self._probe is None:
            painter.setFont(ui_font(12))
            painter.setPen(self._theme.color("dim"))
            painter.drawText(inner, Qt.TextFlag.TextWordWrap, f"Nobody pings {self._selected}.")
            return
        shown: list[tuple[str, Fate | None]] = [(self._opening(), None)]
        room = max(1, int(inner.height() // LINE_PX))
        newest = self._lines[max(0, self._printed - room) : self._printed]
        shown = shown if self._printed <= room else []
        shown += [(line.text, line.fate) for line in newest]
        if self._waiting:
            shown.append((f"Reply from {self._address}: time=…", None))
        for i, (text, fate) in enumerate(shown[-room:]):
            row = QRectF(inner.left(), inner.top() + i * LINE_PX, inner.width(), LINE_PX)
            self._draw_line(painter, text, fate, row)
