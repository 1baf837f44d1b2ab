"""The outcome table. Its values are those of the whole run, the future included."""

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from engine.history import Frame, History
from engine.metrics import outcome_rows
from gui.models.outcome_model import HEADINGS, OutcomeModel
from gui.style.theme import DARK, Theme, ui_font

ROW_PX: Final = 22
CELL_PAD_PX: Final = 12


class OutcomeView(QWidget):
    """Outcome, simulated and published, always wide enough for its text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty; `set_history` gives it a run."""
        super().__init__(parent)
        self.model = OutcomeModel(self)
        self._table = QTableView()
        self._set_up_table()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._table)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Outcome of the run")
        self.set_theme(DARK)

    @property
    def table(self) -> QTableView:
        """Return the table."""
        return self._table

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._table.setStyleSheet(
            f"QTableView {{ background: transparent; color: {theme.ink}; border: 0;"
            f" selection-background-color: {theme.pill_mig}; selection-color: {theme.ink};"
            f" outline: 0; }}"
            f"QTableView:focus {{ border: 1px solid {theme.link}; }}"
            f"QHeaderView {{ background: transparent; }}"
            f"QHeaderView::section {{ background: transparent; color: {theme.dim}; border: 0;"
            f" border-bottom: 1px solid {theme.line}; padding: 0 4px; }}"
        )

    def set_history(self, history: History, *, selected: str) -> None:
        """Show the outcome of a run."""
        self.model.set_rows(outcome_rows(history.spec, history))
        self._fit()

    def show_frame(self, frame: Frame) -> None:
        """Change nothing: the outcome is that of the whole run."""

    def _set_up_table(self) -> None:
        table = self._table
        table.setModel(self.model)
        table.setFont(ui_font(12))
        table.setShowGrid(False)
        table.setFrameShape(QTableView.Shape.NoFrame)
        table.setAccessibleName("Outcome, simulated and published")
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        for policy in (table.setVerticalScrollBarPolicy, table.setHorizontalScrollBarPolicy):
            policy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ROW_PX)
        table.verticalHeader().setMinimumSectionSize(ROW_PX)
        header = table.horizontalHeader()
        header.setFont(ui_font(11))
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setFixedHeight(ROW_PX)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

    def _column_width(self, column: int) -> int:
        cells, head = QFontMetrics(ui_font(12)), QFontMetrics(ui_font(11))
        rows = range(len(self.model.rows))
        texts = [str(self.model.data(self.model.index(row, column))) for row in rows]
        widths = [cells.horizontalAdvance(text) for text in texts]
        return max([head.horizontalAdvance(HEADINGS[column]), *widths]) + CELL_PAD_PX

    def _fit(self) -> None:
        """Give every column and row the room that its text needs."""
        for column in range(1, len(HEADINGS)):
            self._table.setColumnWidth(column, self._column_width(column))
        self._table.setMinimumWidth(sum(map(self._column_width, range(len(HEADINGS)))))
        self._table.setFixedHeight((len(self.model.rows) + 1) * ROW_PX + 4)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Return the room that the text needs."""
        return QSize(self._table.minimumWidth(), self._table.minimumHeight())
