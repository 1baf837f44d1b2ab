"""A read-only table of rows: what the tables of the window share."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

AnyIndex = QModelIndex | QPersistentModelIndex
Row = TypeVar("Row")


class RowsModel(QAbstractTableModel, Generic[Row]):
    """Rows of one kind, a text a column and a tip a row.

    Args:
        headings: Titles of the columns.
        texts: A row's texts, one a column.
        tip: A row in words.
        numbers: Columns that stand to the right.
        headings_tip: What the headings' tip says; "" for none.
    """

    def __init__(
        self,
        headings: Sequence[str],
        texts: Callable[[Row], Sequence[str]],
        tip: Callable[[Row], str],
        *,
        numbers: Sequence[int],
        headings_tip: str = "",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._headings, self._texts, self._tip = tuple(headings), texts, tip
        self._numbers, self._headings_tip = frozenset(numbers), headings_tip
        self._rows: tuple[Row, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return the rows shown."""
        return self._rows

    def replace_rows(self, rows: Sequence[Row], *, in_place: bool = False) -> None:
        """Show other rows; in place, views keep their selection."""
        if in_place and len(rows) == len(self._rows):
            before, self._rows = self._rows, tuple(rows)
            self._tell_changes(before)
            return
        self.beginResetModel()
        self._rows = tuple(rows)
        self.endResetModel()

    def _tell_changes(self, before: Sequence[Row]) -> None:
        """Tell of the cells that differ, and of those between them: views paint no others."""
        cells = [
            (number, column)
            for number, (old, new) in enumerate(zip(before, self._rows, strict=True))
            if old != new
            for column, (was, now) in enumerate(
                zip(self._texts(old), self._texts(new), strict=True)
            )
            if was != now or self._tip(old) != self._tip(new)
        ]
        if cells:
            numbers, columns = zip(*cells, strict=True)
            first = self.index(min(numbers), min(columns))
            self.dataChanged.emit(first, self.index(max(numbers), max(columns)))

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        """Return the number of rows; a cell has none."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns; a cell has none."""
        return 0 if parent.isValid() else len(self._headings)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text, tip or alignment."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._texts(row)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(index.column())
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Return a heading's text, tip or alignment."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._headings):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._headings[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._headings_tip or None
        return self._alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        right = column in self._numbers
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter
