"""A read-only table as dialogs show it: columns as wide as their texts, rows that can be chosen."""

from typing import Final

from PySide6.QtCore import QItemSelectionModel
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from gui.models.plot_rows import PlotRowsModel, PlotTable
from gui.style.theme import Theme, ui_font

ROW_PX: Final = 22
CELL_PAD_PX: Final = 22
LOOKED_AT: Final = 300
"""So many rows decide how wide a column is."""


class RowsTable(QTableView):
    """Shows a `PlotTable`."""

    def __init__(self, theme: Theme) -> None:
        """Start without a table, in a theme's colours."""
        super().__init__()
        self.setFont(ui_font(12))
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        self.verticalHeader().setMinimumSectionSize(ROW_PX)
        header = self.horizontalHeader()
        header.setFont(ui_font(11))
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.setStyleSheet(
            f"QTableView {{ background: {theme.field}; color: {theme.ink};"
            f" border: 1px solid {theme.line}; border-radius: 6px;"
            f" selection-background-color: {theme.pill_mig}; selection-color: {theme.ink};"
            f" outline: 0; }}"
            f"QTableView:focus {{ border: 2px solid {theme.link}; }}"
            f"QHeaderView {{ background: transparent; }}"
            f"QHeaderView::section {{ background: {theme.field}; color: {theme.dim}; border: 0;"
            f" border-bottom: 1px solid {theme.line}; padding: 2px 4px; }}"
        )

    def show_table(self, table: PlotTable) -> PlotRowsModel:
        """Show a table and return its model."""
        model = PlotRowsModel(table, self)
        self.setModel(model)
        self.setAccessibleName(table.title)
        for column in range(len(table.headings)):
            self.setColumnWidth(column, _column_width(model, column))
        if table.rows:
            flag = QItemSelectionModel.SelectionFlag.NoUpdate
            self.selectionModel().setCurrentIndex(model.index(0, 0), flag)
        return model


def _column_width(model: PlotRowsModel, column: int) -> int:
    """Return the width at which no heading and no cell looked at is cut."""
    cells, head = QFontMetrics(ui_font(12)), QFontMetrics(ui_font(11))
    seen = range(min(LOOKED_AT, len(model.rows)))
    texts = [str(model.index(row, column).data()) for row in seen]
    widest = max((cells.horizontalAdvance(text) for text in texts), default=0)
    heading = head.horizontalAdvance(model.table.headings[column])
    return max(widest, heading) + CELL_PAD_PX
