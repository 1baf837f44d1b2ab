"""The legend: every page state with colour, pattern, name and count, in lines that wrap."""

from typing import Final

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.history import History
from engine.states import STATE_LABELS, PageState
from engine.units import format_count
from gui.style.patterns import draw_state
from gui.style.theme import DARK, Theme, ui_font

SWATCH_PX: Final = 14
ROW_PX: Final = 20
GAP_PX: Final = 6
BETWEEN_PX: Final = 16
FONT_PX: Final = 11
WIDEST_COUNT: Final = "0,000,000"
PRECOPY: Final = (
    PageState.NOT_SENT,
    PageState.IN_FLIGHT,
    PageState.UP_TO_DATE,
    PageState.DIRTY_AGAIN,
    PageState.SKIPPED,
    PageState.SENT_WHILE_STOPPED,
    PageState.FREE,
)
POSTCOPY: Final = (
    PageState.NOT_SENT,
    PageState.IN_FLIGHT,
    PageState.MISSING,
    PageState.PULLED,
    PageState.PUSHED,
    PageState.FREE,
)


class LegendView(QWidget):
    """What the cells mean, and how many pages are in each state now."""

    def __init__(self) -> None:
        """Start empty, dark."""
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Page states")
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._theme = DARK
        self._counts: list[int] | None = None
        self._states: tuple[PageState, ...] = PRECOPY
        self._per_cell = 1
        self._swatches: dict[PageState, QPixmap] = {}

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self._swatches = {}
        self.update()

    def set_history(self, history: History, *, selected: str) -> None:
        """Show the states that this VM's migrations can have."""
        policies = {m.policy for m in history.migrations if m.vm == selected}
        states: tuple[PageState, ...] = PRECOPY
        if policies == {"postcopy"}:
            states = POSTCOPY
        elif "postcopy" in policies:
            states = tuple(dict.fromkeys(PRECOPY + POSTCOPY))
        if states != self._states:
            self._states = states
            self.updateGeometry()
            self.update()

    def show_counts(self, counts: list[int] | None, pages_per_cell: int) -> None:
        """Show how many pages are in each state (None: nothing was sent), and a cell's size."""
        if (counts, pages_per_cell) != (self._counts, self._per_cell):
            self._counts, self._per_cell = counts, pages_per_cell
            self.update()

    def text(self) -> str:
        """Return the legend as a sentence, for who cannot see it."""
        if self._counts is None:
            return "No pages have been sent."
        named = [(STATE_LABELS[s], self._counts[s]) for s in self._states if self._counts[s]]
        return ", ".join(f"{format_count(n)} {label}" for label, n in named)

    def _footer(self) -> str:
        if self._per_cell == 1:
            return "1 page of 4 KiB a cell"
        return f"{self._per_cell} pages of 4 KiB a cell, colours mixed"

    def _places(self, width: int) -> tuple[list[QRect], int]:
        """Return a place for each state and the footer, and the height of all."""
        metrics = QFontMetrics(ui_font(FONT_PX))
        number = metrics.horizontalAdvance(WIDEST_COUNT) + GAP_PX
        widths = [
            SWATCH_PX + GAP_PX + metrics.horizontalAdvance(STATE_LABELS[s]) + number
            for s in self._states
        ]
        widths.append(metrics.horizontalAdvance(self._footer()) + 2)
        places, x, y = [], 0, 0
        for item in widths:
            if x and x + item > width:
                x, y = 0, y + ROW_PX
            places.append(QRect(x, y, item, ROW_PX))
            x += item + BETWEEN_PX
        return places, y + ROW_PX

    def _swatch(self, state: PageState) -> QPixmap:
        if state not in self._swatches:
            picture = QPixmap(SWATCH_PX, SWATCH_PX)
            painter = QPainter(picture)
            draw_state(painter, QRect(0, 0, SWATCH_PX, SWATCH_PX), state, self._theme)
            painter.end()
            self._swatches[state] = picture
        return self._swatches[state]

    def hasHeightForWidth(self) -> bool:
        """Return that the lines wrap."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height of all lines."""
        return self._places(width)[1]

    def sizeHint(self) -> QSize:
        """Return two lines, roughly."""
        return QSize(900, self._places(max(300, self.width()))[1])

    def minimumSizeHint(self) -> QSize:
        """Return room for the widest entry."""
        widest = max(place.width() for place in self._places(10_000)[0])
        return QSize(widest, self._places(max(300, self.width()))[1])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take the height that the new width needs."""
        self.setFixedHeight(self._places(self.width())[1])

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint every entry."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("ground"))
        painter.setFont(ui_font(FONT_PX))
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        places, _ = self._places(self.width())
        metrics = painter.fontMetrics()
        for state, place in zip(self._states, places, strict=False):
            painter.drawPixmap(place.x(), place.y() + 3, self._swatch(state))
            count = self._counts[state] if self._counts else 0
            text = place.adjusted(SWATCH_PX + GAP_PX, 0, 0, 0)
            painter.setPen(self._theme.color("ink" if count else "dim"))
            painter.drawText(text, middle, STATE_LABELS[state])
            if count:
                label = metrics.horizontalAdvance(STATE_LABELS[state]) + GAP_PX
                painter.setPen(self._theme.color("dim"))
                painter.drawText(text.adjusted(label, 0, 0, 0), middle, format_count(count))
        painter.setPen(self._theme.color("dim"))
        painter.drawText(places[-1], middle, self._footer())
        painter.end()
