"""The figures behind a plot as a table: headings with units, one row an instant, text to copy."""

from collections.abc import Sequence

from msgspec import Struct
from PySide6.QtCore import QObject

from gui.models.rows_model import RowsModel

Cell = str | int | float


class PlotTable(Struct, frozen=True):
    """What a plot shows, as rows.

    Attributes:
        title: The plot's title.
        headings: One a column, with its unit.
        rows: One cell a column; a number stands to the right.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...] = ()


def cell_text(cell: Cell) -> str:
    """Return a cell's text; numbers without commas, so that a spreadsheet reads them."""
    return f"{cell:.9g}" if isinstance(cell, float) else str(cell)


class PlotRowsModel(RowsModel[tuple[Cell, ...]]):
    """The rows of one plot; texts are made only for what is seen."""

    def __init__(self, table: PlotTable, parent: QObject | None = None) -> None:
        """Hold a table; it does not change."""
        super().__init__(
            table.headings,
            lambda row: [cell_text(cell) for cell in row],
            lambda row: "",
            numbers=_numbers(table),
            parent=parent,
        )
        self.table = table
        self.replace_rows(table.rows)

    def tab_separated(self, rows: Sequence[int] | None = None) -> str:
        """Return rows as lines of tab separated values, the headings first; None: all rows."""
        chosen = range(len(self.rows)) if rows is None else rows
        lines = ["\t".join(self.table.headings)]
        lines += ["\t".join(cell_text(cell) for cell in self.rows[i]) for i in chosen]
        return "\n".join(lines) + "\n"


def _numbers(table: PlotTable) -> list[int]:
    """Return the columns that hold numbers, as far as the first row with a value tells."""
    columns = range(len(table.headings))
    return [c for c in columns if any(not isinstance(row[c], str) for row in table.rows[:200])]
