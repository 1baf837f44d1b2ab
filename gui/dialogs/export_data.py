"""Chooses a table of the run, shows how it begins, and asks for it to be saved."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.errors import MigrascopeError
from engine.history import History
from engine.tables import TABLE_NAMES, TABLE_TITLES, Table, table_of
from gui.dialogs.rows_table import RowsTable
from gui.models.plot_rows import Cell, PlotTable
from gui.style.theme import Theme, ui_font

SHOWN = 200
"""So many rows are shown; all are saved."""


class ExportData(QDialog):
    """Chooses a table.

    Signals:
        wanted: With the `Table` to save.
    """

    wanted = Signal(object)

    def __init__(
        self, history: History, t_ns: int, vm: str, theme: Theme, parent: QWidget | None = None
    ) -> None:
        """Offer the tables of a run; that of the pages is the selected VM's at the playhead."""
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Export data")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self._history, self._t_ns, self._vm = history, t_ns, vm
        self.table: Table | None = None
        self.choice, self.view = QComboBox(), RowsTable(theme)
        self.choice.setAccessibleName("Table")
        for name in TABLE_NAMES:
            self.choice.addItem(TABLE_TITLES[name], name)
        self.words, self.fault = QLabel(), QLabel()
        self.words.setObjectName("dim")
        self.fault.setObjectName("refusal")
        self.save_button, self.cancel_button = QPushButton("Save…"), QPushButton("Cancel")
        self.save_button.setProperty("hot", True)
        self.save_button.setDefault(True)
        self._lay_out()
        self.choice.currentIndexChanged.connect(lambda index: self._show())
        self.save_button.clicked.connect(lambda checked: self._save())
        self.cancel_button.clicked.connect(self.reject)
        self._show()
        self.choice.setFocus()

    def _show(self) -> None:
        try:
            self.table = table_of(
                self._history, self.choice.currentData(), at_ns=self._t_ns, vm=self._vm
            )
        except MigrascopeError as error:
            self.table = None
            self.fault.setText(f"{error}.")
        there = self.table is not None
        self.fault.setVisible(not there)
        self.view.setVisible(there)
        self.save_button.setEnabled(there)
        self.words.setText("")
        if self.table is not None:
            self.view.show_table(_preview(self.table))
            count = len(self.table.rows)
            first = f", the first {SHOWN} are shown" if count > SHOWN else ""
            self.words.setText(f"{count:,} {'row' if count == 1 else 'rows'}{first}. CSV or JSON.")

    def _save(self) -> None:
        if self.table is not None:
            self.accept()
            self.wanted.emit(self.table)

    def _lay_out(self) -> None:
        for label in (self.words, self.fault):
            label.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.words, 1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.save_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(10)
        layout.addWidget(self.choice)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.fault, 1, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(buttons)
        for widget in (
            self.choice, self.words, self.fault, self.save_button, self.cancel_button
        ):
            widget.setFont(ui_font(13))
        self.resize(860, 460)


def _preview(table: Table) -> PlotTable:
    rows = tuple(tuple(_cell(cell) for cell in row) for row in table.rows[:SHOWN])
    return PlotTable(table.title, tuple(c.name for c in table.columns), rows)


def _cell(cell: object) -> Cell:
    if cell is None or isinstance(cell, bool):
        return "" if cell is None else str(cell).lower()
    return cell if isinstance(cell, str | int | float) else str(cell)
