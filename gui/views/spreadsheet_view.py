"""The spreadsheet that somebody types into without pause, as the client's screen shows it.

A key shows in the sheet when its echo is back. Keys that were typed and are not echoed yet are
kept apart, as hollow keys under the sheet; after a hiccup they appear all at once. What is typed
follows from the number of the key alone, so every run and every instant shows the same text.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QWidget

from engine.history import History
from engine.probes import NEVER_NS, Fate
from engine.units import format_duration_ns
from gui.style.theme import mono_font, ui_font
from gui.views.client_pane import FONT_PX, LEFT, RIGHT, ClientPane
from gui.views.replies import ago_text, lost_so_far

Times = npt.NDArray[np.int64]

KEYS_PER_CELL: Final = 5
"""Four digits, and the key that goes to the next cell."""
COLUMN_NAMES: Final = "ABCDE"
COLUMNS: Final = len(COLUMN_NAMES)
NEXT_CELL: Final = "⇥"
NEXT_ROW: Final = "↵"
ROW_PX: Final = 17
HEAD_PX: Final = 14
NUMBER_PX: Final = 26
CELL_PAD_PX: Final = 6
STRIP_PX: Final = 22
STATUS_PX: Final = 15
CAP_PX: Final = 15
CAP_GAP_PX: Final = 2
CENTER: Final = int(Qt.AlignmentFlag.AlignCenter)
LATE_ALPHA: Final = 80
_SPREAD: Final = 2_654_435_761  # scatters successive cells; any odd number near 2^32 / 1.618


def cell_text(cell: int) -> str:
    """Return the number that is typed into a cell, counted along the rows."""
    mixed = (cell + 1) * _SPREAD % 2**32
    mixed = (mixed ^ mixed >> 15) * _SPREAD % 2**32
    return str(1000 + (mixed >> 8) % 9000)


def key_text(key: int) -> str:
    """Return what a key writes, by its number; the last one of a cell goes on to the next."""
    cell, place = divmod(key, KEYS_PER_CELL)
    if place < KEYS_PER_CELL - 1:
        return cell_text(cell)[place]
    return NEXT_ROW if (cell + 1) % COLUMNS == 0 else NEXT_CELL


def keys_text(count: int) -> str:
    """Return how many keys wait."""
    return "1 key waits" if count == 1 else f"{count} keys wait"


class SpreadsheetView(ClientPane):
    """A sheet that fills as echoes come back, and the keys that wait."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self._history: History | None = None
        self._echo_ns: Times = np.empty(0, np.int64)
        self._held: npt.NDArray[np.bool_] = np.empty(0, np.bool_)
        self._arrivals: Times = np.empty(0, np.int64)
        self._longest: Times = np.empty(0, np.int64)
        self._echoed = self._typed = 0
        self._status: tuple[tuple[str, str], ...] = ()
        self.setToolTip(
            "Typed without pause; a key shows when its echo is back. "
            "Hollow keys were typed and wait; tinted ones came late."
        )

    @property
    def tab(self) -> str:
        """Return the short name."""
        return "Typing"

    @property
    def title(self) -> str:
        """Return what the client does."""
        return f"Client: typing on {self._selected}"

    @property
    def status(self) -> tuple[str, ...]:
        """Return the parts of the line beneath."""
        return tuple(text for text, _ in self._status)

    @property
    def waiting(self) -> range:
        """Return the numbers of the keys that were typed and are not echoed yet."""
        return range(self._echoed, self._typed)

    def text_of_cell(self, cell: int) -> str:
        """Return what the client sees in a cell."""
        seen = self._echoed - cell * KEYS_PER_CELL
        return cell_text(cell)[: max(0, min(KEYS_PER_CELL - 1, seen))]

    def _read(self, history: History) -> None:
        probe, self._history = self._probe, history
        assert probe is not None
        spec = probe.spec
        count = max(0, (history.end_ns - spec.phase_ns) // spec.interval_ns + 1)
        keys = (probe.sent_ns - spec.phase_ns) // spec.interval_ns
        back = probe.fates != Fate.LOST
        echo_ns = np.full(count, NEVER_NS, np.int64)
        echo_ns[keys[back]] = (probe.sent_ns + probe.rtt_ns)[back]
        self._held = np.zeros(count, np.bool_)
        self._held[keys[back]] = probe.fates[back] == Fate.HELD
        self._echo_ns = np.maximum.accumulate(echo_ns)  # TCP: never before the key before
        self._arrivals = self._echo_ns[self._echo_ns < NEVER_NS]
        gaps = np.diff(self._arrivals, prepend=self._arrivals[:1])
        self._longest = np.maximum.accumulate(gaps)

    def _move(self, t_ns: int) -> bool:
        assert self._probe is not None and self._history is not None
        before = self._echoed, self._typed, self._status
        spec, self._t_ns = self._probe.spec, t_ns
        self._echoed = int(np.searchsorted(self._echo_ns, t_ns, side="right"))
        typed = (t_ns - spec.phase_ns) // spec.interval_ns + 1
        self._typed = max(self._echoed, min(len(self._echo_ns), typed))
        self._status = self._status_at(t_ns)
        return before != (self._echoed, self._typed, self._status)

    def _status_at(self, t_ns: int) -> tuple[tuple[str, str], ...]:
        assert self._probe is not None and self._history is not None
        lost = lost_so_far(self._probe, self._history, t_ns)
        told = (f"{lost} lost", "warn") if lost else ("none lost", "dim")
        if not self._echoed:
            return ("no echo yet", "dim"), told
        since_ns = t_ns - int(self._arrivals[self._echoed - 1])
        # In tenths while it grows: the line is written anew ten times a second, not each frame.
        running_ns = since_ns // 100_000_000 * 100_000_000
        longest = max(int(self._longest[self._echoed - 1]), running_ns)
        late = longest > 2 * self._probe.spec.interval_ns
        return (
            (f"last echo {ago_text(since_ns)}", "dim"),
            (f"longest wait {format_duration_ns(longest)}", "warn" if late else "dim"),
            told,
        )

    # Painting

    def _paint_inside(self, painter: QPainter, inner: QRectF) -> None:
        bottom = inner.bottom() - STATUS_PX
        strip = QRectF(inner.left(), bottom - STRIP_PX, inner.width(), STRIP_PX)
        sheet = QRectF(inner.left(), inner.top(), inner.width(), strip.top() - inner.top() - 2)
        self._paint_sheet(painter, sheet)
        self._paint_waiting(painter, strip)
        status = QRectF(inner.left(), bottom, inner.width(), STATUS_PX)
        self._paint_status(painter, status, self._status)

    def _paint_sheet(self, painter: QPainter, area: QRectF) -> None:
        """Draw the newest rows that there is room for, and mark the cell that is typed into."""
        rows = max(1, int((area.height() - HEAD_PX) // ROW_PX))
        active = self._echoed // KEYS_PER_CELL
        first = max(0, active // COLUMNS - rows + 1)
        width = (area.width() - NUMBER_PX) // COLUMNS
        inside = QRectF(area.left() + NUMBER_PX, area.top() + HEAD_PX, 0, 0)
        inside.setSize(QSizeF(COLUMNS * width, rows * ROW_PX))
        self._paint_names(painter, inside, first)
        self._paint_lines(painter, inside)
        painter.setFont(mono_font(FONT_PX))
        for cell in range(first * COLUMNS, active + 1):
            row, column = divmod(cell - first * COLUMNS, COLUMNS)
            left, top = inside.left() + column * width, inside.top() + row * ROW_PX
            self._paint_cell(painter, QRectF(left, top, width, ROW_PX), cell)
            if cell == active:
                painter.setPen(QPen(self._theme.color("link"), 1))
                painter.drawRect(QRectF(round(left), round(top), width, ROW_PX))

    def _paint_names(self, painter: QPainter, inside: QRectF, first: int) -> None:
        """Write the columns' letters and the rows' numbers."""
        painter.setFont(ui_font(10))
        painter.setPen(self._theme.color("dim"))
        width = inside.width() / COLUMNS
        for column, name in enumerate(COLUMN_NAMES):
            left = inside.left() + column * width
            head = QRectF(left, inside.top() - HEAD_PX, width - CELL_PAD_PX, HEAD_PX - 1)
            painter.drawText(head, RIGHT, name)
        for row in range(round(inside.height() / ROW_PX)):
            top = inside.top() + row * ROW_PX
            number = QRectF(inside.left() - NUMBER_PX, top, NUMBER_PX - 5, ROW_PX)
            painter.drawText(number, RIGHT, str(first + row + 1))

    def _paint_lines(self, painter: QPainter, inside: QRectF) -> None:
        painter.setPen(self._theme.color("grid"))
        left, right = round(inside.left()), round(inside.right())
        for row in range(round(inside.height() / ROW_PX) + 1):
            y = round(inside.top() + row * ROW_PX)
            painter.drawLine(left, y, right, y)
        for column in range(COLUMNS + 1):
            x = round(inside.left() + column * inside.width() / COLUMNS)
            painter.drawLine(x, round(inside.top()), x, round(inside.bottom()))

    def _paint_cell(self, painter: QPainter, box: QRectF, cell: int) -> None:
        """Write a cell's number, at its place from the first digit on; late ones tinted."""
        advance = painter.fontMetrics().horizontalAdvance("0")
        left = box.right() - CELL_PAD_PX - (KEYS_PER_CELL - 1) * advance
        text, first = self.text_of_cell(cell), cell * KEYS_PER_CELL
        tint = self._theme.color("warn")
        tint.setAlpha(LATE_ALPHA)
        for i in range(len(text)):
            if self._held[first + i]:
                at = QRectF(left + i * advance, box.top() + 2, advance, ROW_PX - 3)
                painter.fillRect(at, tint)
        painter.setPen(self._theme.color("ink"))
        painter.drawText(QRectF(left, box.top(), box.right() - left, ROW_PX), LEFT, text)

    def _paint_waiting(self, painter: QPainter, strip: QRectF) -> None:
        """Draw the keys that wait, the newest at the right, and their number."""
        waiting = self.waiting
        painter.setFont(ui_font(FONT_PX))
        if not waiting:
            painter.setPen(self._theme.color("dim"))
            seen = "every key is on the screen" if self._typed else "nothing typed yet"
            painter.drawText(strip, LEFT, seen)
            return
        painter.setPen(self._theme.color("warn"))
        painter.drawText(strip, RIGHT, keys_text(len(waiting)))
        taken = painter.fontMetrics().horizontalAdvance(keys_text(1000))
        room = int((strip.width() - taken - 8) // (CAP_PX + CAP_GAP_PX))
        painter.setFont(mono_font(FONT_PX))
        keys = waiting[-room:] if room > 0 else waiting[:0]
        cut = len(keys) < len(waiting)
        for i, key in enumerate(keys):
            left = round(strip.left() + i * (CAP_PX + CAP_GAP_PX))
            cap = QRectF(left, round(strip.top()) + 3, CAP_PX - 1, STRIP_PX - 7)
            painter.setPen(QPen(self._theme.color("dim"), 1))
            if not (cut and i == 0):
                painter.drawRect(cap)
            text = "…" if cut and i == 0 else key_text(key)
            painter.drawText(cap.adjusted(1, 0, 0, 0), CENTER, text)
