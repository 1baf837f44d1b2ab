"""The figures behind a plot as a table, to read and to copy."""

from typing import Final

from PySide6.QtCore import QItemSelectionModel
from PySide6.QtGui import QFontMetrics, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from gui.models.plot_rows import PlotRowsModel, PlotTable
from gui.style.theme import Theme, ui_font

ROW_PX: Final = 22
CELL_PAD_PX: Final = 22
LEAST_WIDTH_PX: Final = 340
MOST_WIDTH_PX: Final = 860
HEIGHT_PX: Final = 460
SIDES_PX: Final = 66
"""Margins, frame and scroll bar."""
LOOKED_AT: Final = 300
"""So many rows decide how wide a column is."""


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
        self.model, self.view = PlotRowsModel(table, self), QTableView()
        self.summary = QLabel(_summary(table))
        self.copy_button, self.close_button = QPushButton("Copy all"), QPushButton("Close")
        self.copy_button.clicked.connect(lambda checked: self.copy(everything=True))
        self.close_button.clicked.connect(self.reject)
        self._set_up_table(table, theme)
        self._lay_out()
        self.view.setFocus()

    def copy(self, *, everything: bool = False) -> None:
        """Put the selected rows on the clipboard with their headings; none selected: all."""
        chosen = sorted({index.row() for index in self.view.selectionModel().selectedRows()})
        rows = None if everything or not chosen else chosen
        QGuiApplication.clipboard().setText(self.model.tab_separated(rows))
        count = len(self.model.rows) if rows is None else len(rows)
        self.summary.setText(f"{count:,} rows copied, with their headings.")

    def _set_up_table(self, table: PlotTable, theme: Theme) -> None:
        view = self.view
        view.setModel(self.model)
        view.setFont(ui_font(12))
        view.setShowGrid(False)
        view.setAccessibleName(table.title)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setTabKeyNavigation(False)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(ROW_PX)
        view.verticalHeader().setMinimumSectionSize(ROW_PX)
        header = view.horizontalHeader()
        header.setFont(ui_font(11))
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column in range(len(table.headings)):
            view.setColumnWidth(column, self._column_width(column))
        if table.rows:
            first = self.model.index(0, 0)
            flag = QItemSelectionModel.SelectionFlag.NoUpdate
            view.selectionModel().setCurrentIndex(first, flag)
        view.setStyleSheet(
            f"QTableView {{ background: {theme.field}; color: {theme.ink};"
            f" border: 1px solid {theme.line}; border-radius: 6px;"
            f" selection-background-color: {theme.pill_mig}; selection-color: {theme.ink};"
            f" outline: 0; }}"
            f"QTableView:focus {{ border: 2px solid {theme.link}; }}"
            f"QHeaderView {{ background: transparent; }}"
            f"QHeaderView::section {{ background: {theme.field}; color: {theme.dim}; border: 0;"
            f" border-bottom: 1px solid {theme.line}; padding: 2px 4px; }}"
        )

    def _column_width(self, column: int) -> int:
        """Return the width at which no heading and no cell looked at is cut."""
        cells, head = QFontMetrics(ui_font(12)), QFontMetrics(ui_font(11))
        seen = range(min(LOOKED_AT, len(self.model.rows)))
        texts = [str(self.model.index(row, column).data()) for row in seen]
        widest = max((cells.horizontalAdvance(text) for text in texts), default=0)
        heading = head.horizontalAdvance(self.model.table.headings[column])
        return max(widest, heading) + CELL_PAD_PX

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
