"""The figures behind a plot as a table, to read and to copy."""

from typing import Final

from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui.dialogs.rows_table import RowsTable
from gui.models.plot_rows import PlotTable
from gui.style.theme import Theme, ui_font

LEAST_WIDTH_PX: Final = 340
MOST_WIDTH_PX: Final = 860
HEIGHT_PX: Final = 460
SIDES_PX: Final = 66
"""Margins, frame and scroll bar."""


class PlotTableDialog(QDialog):
    """Shows a `PlotTable`; Ctrl+C copies the selected rows, or all, as tab separated text."""

    def __init__(self, table: PlotTable, theme: Theme, parent: QWidget | None = None) -> None:
        """Show the rows of a plot.

        Args:
            table: Its figures.
            theme: The window's colours.
            parent: The window.
        """
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle(table.title)
        self.view = RowsTable(theme)
        self.model = self.view.show_table(table)
        self.summary = QLabel(_summary(table))
        self.copy_button, self.close_button = QPushButton("Copy all"), QPushButton("Close")
        self.copy_button.clicked.connect(lambda checked: self.copy(everything=True))
        self.close_button.clicked.connect(self.reject)
        self._lay_out()
        self.view.setFocus()

    def copy(self, *, everything: bool = False) -> None:
        """Put the selected rows on the clipboard with their headings; none selected: all."""
        chosen = sorted({index.row() for index in self.view.selectionModel().selectedRows()})
        rows = None if everything or not chosen else chosen
        QGuiApplication.clipboard().setText(self.model.tab_separated(rows))
        count = len(self.model.rows) if rows is None else len(rows)
        self.summary.setText(f"{count:,} rows copied, with their headings.")

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.addWidget(self.summary, 1)
        for widget in (self.summary, self.copy_button, self.close_button):
            widget.setFont(ui_font(13))
        foot.addWidget(self.copy_button)
        foot.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(10)
        layout.addWidget(self.view, 1)
        layout.addLayout(foot)
        columns = range(len(self.model.table.headings))
        wanted = sum(self.view.columnWidth(column) for column in columns) + SIDES_PX
        self.resize(max(LEAST_WIDTH_PX, min(MOST_WIDTH_PX, wanted)), HEIGHT_PX)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy on Ctrl+C."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
            return
        super().keyPressEvent(event)


def _summary(table: PlotTable) -> str:
    count = len(table.rows)
    return f"{count:,} {'row' if count == 1 else 'rows'}. Ctrl+C copies."
