"""Two to four runs side by side on one clock, their curves over each other, and a table."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from engine.history import History
from engine.remaining_pages import remaining_pages
from engine.units import format_duration_ns
from gui.models.compare_runs import writes_sentence
from gui.models.comparison_model import migration_of
from gui.style.theme import DARK, Theme, ui_font
from gui.views.compare_column import CompareColumn
from gui.views.compare_curves import CompareCurves, Curve
from gui.views.comparison_view import ComparisonView

TABLE_PX: Final = 470
TABLE_SHARE: Final = 0.55
MOST_PX: Final = (1 << 24) - 1


class ComparePage(QFrame):
    """Shows runs as they come.

    Signals:
        closed: The viewer wants the window back.
    """

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty and hidden."""
        super().__init__(parent)
        self.setObjectName("comparePage")
        self._theme, self._vm, self._t_ns = DARK, "", 0
        self._hidden = self._compact = False
        self.columns: list[CompareColumn] = []
        self.curves, self.table = CompareCurves(), ComparisonView()
        self.title, self.writes, self.clock = QLabel("Compare"), QLabel(), QLabel()
        self.title.setFont(ui_font(15, bold=True))
        self.writes.setFont(ui_font(13))
        self.writes.setObjectName("dim")
        self.writes.setWordWrap(True)
        self.clock.setFont(ui_font(14, bold=True))
        self.close_button = QPushButton("Close")
        self.close_button.setFont(ui_font(13))
        self.close_button.setToolTip("Back to the window (Esc)")
        self.close_button.clicked.connect(self.closed)
        head, below = QHBoxLayout(), QHBoxLayout()
        self._below = below
        head.setSpacing(14)
        head.addWidget(self.title)
        head.addWidget(self.writes, 1)
        head.addWidget(self.clock)
        head.addWidget(self.close_button)
        self._row = QHBoxLayout()
        self._row.setSpacing(10)
        below.setSpacing(12)
        below.addWidget(self.curves, 1)
        self.table.setFixedWidth(TABLE_PX)
        below.addWidget(self.table, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 10)
        layout.setSpacing(10)
        layout.addLayout(head)
        layout.addLayout(self._row, 3)
        layout.addLayout(below, 2)
        self.hide()

    @property
    def end_ns(self) -> int:
        """Return the end of the longest run."""
        return max((run.end_ns for run in self.runs()), default=0)

    def runs(self) -> list[History]:
        """Return the runs that have come."""
        return [c.history for c in self.columns if c.history is not None]

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        for column in self.columns:
            column.set_theme(theme)
        self.curves.set_theme(theme)
        self.table.set_theme(theme)

    def set_future_hidden(self, hidden: bool) -> None:
        """Show only what has happened up to the playhead, or everything again."""
        self._hidden = hidden
        self.curves.set_future_hidden(hidden)
        self.table.set_future_hidden(hidden)
        self.show_instant(self._t_ns)

    def set_compact(self, compact: bool) -> None:
        """Put the table below the curves, where there is little room beside them."""
        ways = QHBoxLayout.Direction
        self._compact = compact
        self._below.setDirection(ways.TopToBottom if compact else ways.LeftToRight)
        self._fit_table()

    def _fit_table(self) -> None:
        """Give the table the room that its columns need, and leave some to the curves."""
        if self._compact:
            self.table.setMinimumWidth(0)
            self.table.setMaximumWidth(MOST_PX)
            return
        most = round(self.width() * TABLE_SHARE)
        self.table.setFixedWidth(max(TABLE_PX, min(self.table.wanted_px, most)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the table have its share of the new width."""
        self._fit_table()

    def begin(self, names: Sequence[str], vm: str) -> None:
        """Make room for runs that are being simulated.

        Args:
            names: What they are called.
            vm: The VM that is compared.
        """
        self.clear()
        self._vm = vm
        for place, name in enumerate(names):
            column = CompareColumn(place, name)
            column.set_theme(self._theme)
            self.columns.append(column)
            self._row.addWidget(column, 1)
        self.title.setText(f"Compare {vm}" if vm else "Compare")

    def clear(self) -> None:
        """Forget everything."""
        for column in self.columns:
            self._row.removeWidget(column)
            column.deleteLater()
        self.columns = []
        self.curves.set_curves([], 1)
        self.table.set_runs([])
        self.writes.setText("")

    def set_run(self, place: int, history: History) -> None:
        """Show a run that has come."""
        vm = self._vm if any(v.spec.name == self._vm for v in history.vms) else ""
        self.columns[place].set_history(history, vm or history.vms[0].spec.name)
        known = [c for c in self.columns if c.history is not None]
        curves = []
        for column in self.columns:
            run = column.history
            move = migration_of(run, vm) if run is not None else None
            points = remaining_pages(run, move) if run is not None and move is not None else None
            curves.append(Curve(column.name, points))
        self.curves.set_curves(curves, self.end_ns)
        if len(known) > 1:
            self.table.set_runs([(c.name, c.history) for c in known if c.history is not None], vm)
            self._fit_table()
            self.writes.setText(writes_sentence(self.runs()))
        self.show_instant(self._t_ns)

    def set_fault(self, place: int, sentence: str) -> None:
        """Say why a run does not come."""
        self.columns[place].fail(sentence)

    def show_instant(self, t_ns: int) -> None:
        """Show an instant in all columns."""
        self._t_ns = t_ns
        of_all = "" if self._hidden else f" of {format_duration_ns(self.end_ns)}"
        self.clock.setText(f"{format_duration_ns(t_ns)}{of_all}")
        for column in self.columns:
            column.show_instant(t_ns)
        words = "; ".join(
            f"{c.name}: {dict(c.instant.lines)['Pages left']} pages left"
            for c in self.columns
            if c.instant is not None
        )
        self.curves.show_instant(t_ns, words)
