"""The outcome of a run as a table: what was simulated beside what was published."""

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from engine.metrics import OutcomeRow

HEADINGS: Final = ("Outcome", "simulated", "published")
NOTHING: Final = "–"
AnyIndex = QModelIndex | QPersistentModelIndex


class OutcomeModel(QAbstractTableModel):
    """Rows of label, simulated and published value; read only."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Start without rows."""
        super().__init__(parent)
        self._rows: tuple[OutcomeRow, ...] = ()

    def set_rows(self, rows: Sequence[OutcomeRow]) -> None:
        """Show other rows; views keep their selection if the labels are the same."""
        rows = tuple(rows)
        if rows == self._rows:
            return
        if [r.label for r in rows] == [r.label for r in self._rows]:
            self._rows = rows
            last = self.index(len(rows) - 1, len(HEADINGS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    @property
    def rows(self) -> tuple[OutcomeRow, ...]:
        """Return the rows shown."""
        return self._rows

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        """Return the number of rows; a cell has none."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        """Return three; a cell has none."""
        return 0 if parent.isValid() else len(HEADINGS)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text or alignment."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        texts = (row.label, row.simulated or NOTHING, row.published or NOTHING)
        if role == Qt.ItemDataRole.DisplayRole:
            return texts[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return _sentence(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Return a heading's text or alignment."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(HEADINGS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADINGS[section]
        return _alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _sentence(row: OutcomeRow) -> str:
    """Return a row in words, with the source of the published figure."""
    text = f"{row.label}: simulated {row.simulated or NOTHING}"
    if not row.published:
        return text
    fits = {True: ": within its tolerance", False: ": outside its tolerance", None: ""}[row.fits]
    source = f" ({row.source})" if row.source else ""
    band = f", to be met by {row.band}" if row.band else ""
    return f"{text}, published {row.published}{band}{source}{fits}"
