"""One run of a comparison: its name, what goes on, its memory, and a few figures."""

from typing import Final

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from engine.history import History
from engine.playback import PageCursor
from engine.recorded import RecordedHistory
from engine.states import N_STATES, PageState
from gui.models.compare_runs import Instant, instant_of
from gui.style.theme import DARK, Theme, ui_font
from gui.views.compare_curves import STYLES, curve_color
from gui.views.page_grid import PageGrid

LEAST_GRID_PX: Final = QSize(110, 90)
NO_PAGES: Final = "A recording knows no single pages."


class _Swatch(QWidget):
    """A piece of the run's curve."""

    def __init__(self, place: int, name: str) -> None:
        super().__init__()
        self._place, self._theme = place, DARK
        self.setAccessibleName(f"Curve of {name}")
        self.setAccessibleDescription(f"The {STYLES[place][1]} line")
        self.setFixedSize(34, 14)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        pen = QPen(curve_color(self._theme, self._place), 3, STYLES[self._place][0])
        painter.setPen(pen)
        painter.drawLine(2, 7, 32, 7)


class CompareColumn(QFrame):
    """Shows one run."""

    def __init__(self, place: int, name: str) -> None:
        """Start waiting for a run.

        Args:
            place: 0 to 3: says which line is its own.
            name: What the run is called.
        """
        super().__init__()
        self.setObjectName("compareColumn")
        self.name = name
        self._history: History | None = None
        self._vm = ""
        self._cursor: PageCursor | None = None
        self._resting = False
        self.instant: Instant | None = None
        self._swatch = _Swatch(place, name)
        self.title, self.headline, self.state = QLabel(name), QLabel(), QLabel()
        self.title.setFont(ui_font(14, bold=True))
        self.title.setToolTip(name)
        self.headline.setFont(ui_font(13))
        self.headline.setWordWrap(True)
        self.headline.setMinimumHeight(36)
        self.headline.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.state.setFont(ui_font(13))
        self.state.setObjectName("dim")
        self.state.setWordWrap(True)
        self.state.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.grid = PageGrid(f"Memory under {name}", empty_not_sent=False)
        self.grid.setMinimumSize(LEAST_GRID_PX)
        self._figures = QGridLayout()
        self._figures.setHorizontalSpacing(8)
        self._figures.setVerticalSpacing(2)
        self._values: dict[str, QLabel] = {}
        head = QHBoxLayout()
        head.addWidget(self._swatch)
        head.addWidget(self.title, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(6)
        layout.addLayout(head)
        layout.addWidget(self.headline)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self.state)
        layout.addLayout(self._figures)
        self.setAccessibleName(name)
        self.wait()

    @property
    def history(self) -> History | None:
        """Return the run, None while it is awaited or cannot be had."""
        return self._history

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self.grid.set_theme(theme)
        self._swatch.set_theme(theme)

    def wait(self) -> None:
        """Say that the run is being simulated."""
        self.state.setText("is being simulated …")
        self._show_grid(False)

    def _show_grid(self, shown: bool) -> None:
        """Show the memory; without it the words take its room."""
        self.grid.setVisible(shown)
        policy = QSizePolicy.Policy.Preferred if shown else QSizePolicy.Policy.Expanding
        self.state.setSizePolicy(QSizePolicy.Policy.Preferred, policy)

    def fail(self, sentence: str) -> None:
        """Say why there is no run."""
        self.state.setText(sentence)

    def set_history(self, history: History, vm: str) -> None:
        """Show a run, and of it one VM."""
        self._history, self._vm = history, vm
        recorded = isinstance(history, RecordedHistory)
        self._cursor = None if recorded else PageCursor(history, vm)
        self._resting = False
        self._show_grid(not recorded)
        self.state.setText(NO_PAGES if recorded else "")
        self.state.setVisible(recorded)

    def show_instant(self, t_ns: int) -> None:
        """Show an instant of the common clock."""
        if self._history is None:
            return
        counts = self._show_pages(t_ns)
        told = instant_of(self._history, self._vm, t_ns, counts)
        if told == self.instant:
            return
        self.instant = told
        self.headline.setText(f"{told.headline} ({told.over})" if told.over else told.headline)
        for row, (what, figure) in enumerate(told.lines):
            if what not in self._values:
                label, value = QLabel(what), QLabel()
                label.setObjectName("dim")
                for part in (label, value):
                    part.setFont(ui_font(13))
                value.setAlignment(Qt.AlignmentFlag.AlignRight)
                self._figures.addWidget(label, row, 0)
                self._figures.addWidget(value, row, 1)
                self._values[what] = value
            self._values[what].setText(figure)
        figures = ", ".join(f"{what} {figure}" for what, figure in told.lines)
        self.setAccessibleDescription(f"{told.headline}. {figures}")
        self.grid.setAccessibleDescription(figures)

    def _show_pages(self, t_ns: int) -> list[int]:
        if self._cursor is None or self._history is None:
            return [0] * N_STATES
        delta = self._cursor.move_to(min(t_ns, self._history.end_ns))
        states = self._cursor.states
        if states is None:
            if not self._resting:
                spec = self._history.vm(self._vm).spec
                rest = np.zeros(spec.n_pages, np.uint8)
                rest[spec.first_zero_page :] = PageState.FREE
                self.grid.set_pages(rest)
            self._resting = True
            return [0] * N_STATES
        if delta is None or self._resting:
            self.grid.set_pages(states)
        else:
            self.grid.apply(delta)
        self._resting = False
        found: list[int] = self.grid.counts().sum(axis=0).tolist()
        return found
