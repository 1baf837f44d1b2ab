"""The legend: every page state with colour, pattern, name and count."""

from typing import Final

import numpy as np
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.history import Frame, History
from engine.states import STATE_LABELS, PageState
from engine.units import format_count
from gui.style.patterns import draw_state
from gui.style.theme import DARK, Theme, ui_font

SWATCH_PX: Final = 14
ROW_PX: Final = 22
GAP_PX: Final = 8
PRECOPY: Final = (
    PageState.NOT_SENT,
    PageState.IN_FLIGHT,
    PageState.UP_TO_DATE,
    PageState.DIRTY_AGAIN,
    PageState.SKIPPED,
    PageState.SENT_WHILE_STOPPED,
    PageState.FREE,
)
POSTCOPY: Final = (PageState.MISSING, PageState.PULLED, PageState.PUSHED)


class LegendView(QWidget):
    """What the cells mean, and how many pages are in each state now."""

    def __init__(self) -> None:
        """Start empty, dark."""
        super().__init__()
        self.setAccessibleName("Page states")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._theme = DARK
        self._selected = ""
        self._counts: list[int] | None = None
        self._states: tuple[PageState, ...] = PRECOPY
        self._per_cell = 1

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.update()

    def set_history(self, history: History, *, selected: str) -> None:
        """Show the states that this run can have."""
        self._selected = selected
        pulls = any(m.policy == "postcopy" for m in history.migrations if m.vm == selected)
        self._states = PRECOPY + POSTCOPY if pulls else PRECOPY
        self.updateGeometry()
        self.update()

    def set_pages_per_cell(self, pages_per_cell: int) -> None:
        """Say how many pages a cell of the grid stands for."""
        if pages_per_cell != self._per_cell:
            self._per_cell = pages_per_cell
            self.update()

    def show_frame(self, frame: Frame) -> None:
        """Show the counts of an instant."""
        vm = frame.vms.get(self._selected)
        counts = None
        if vm is not None and vm.states is not None:
            counts = [int(n) for n in vm.counts()]
        if counts != self._counts:
            self._counts = counts
            self.setAccessibleDescription(self.text())
            self.update()

    def text(self) -> str:
        """Return the legend as a sentence, for who cannot see it."""
        if self._counts is None:
            return "No pages have been sent."
        counts = np.array(self._counts)
        named = [(STATE_LABELS[s], counts[s]) for s in self._states if counts[s]]
        return ", ".join(f"{format_count(int(n))} {label}" for label, n in named)

    def _footer(self) -> str:
        pages = "one page" if self._per_cell == 1 else f"{self._per_cell} pages, mixed"
        return f"A cell is {pages}. 4 KiB a page."

    def sizeHint(self) -> QSize:  # noqa: D102
        metrics = QFontMetrics(ui_font(12))
        widest = max(metrics.horizontalAdvance(label) for label in STATE_LABELS.values())
        number = metrics.horizontalAdvance("00,000,000")
        height = ROW_PX * (len(self._states) + 1) + 4
        return QSize(SWATCH_PX + 3 * GAP_PX + widest + number, height)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setFont(ui_font(12))
        for row, state in enumerate(self._states):
            y = row * ROW_PX + 2
            draw_state(painter, QRect(0, y + 3, SWATCH_PX, SWATCH_PX), state, self._theme)
            count = self._counts[state] if self._counts else 0
            painter.setPen(self._theme.color("ink" if count else "dim"))
            place = QRect(SWATCH_PX + GAP_PX, y, self.width() - SWATCH_PX - GAP_PX, ROW_PX)
            painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter), STATE_LABELS[state])
            if self._counts is not None:
                right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
                painter.drawText(place, int(right), format_count(count))
        painter.setPen(self._theme.color("dim"))
        painter.drawText(
            QRect(0, len(self._states) * ROW_PX + 2, self.width(), ROW_PX),
            int(Qt.AlignmentFlag.AlignVCenter),
            self._footer(),
        )
        painter.end()
