"""The published figures as a table: published, simulated, deviation, seeds, met or missed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

if TYPE_CHECKING:
    from engine.reproduce import Reproduced

HEADINGS: Final = (
    "Result", "Id", "Scenario", "Quantity", "Published", "Simulated", "Deviation", "Seeds inside"
)
RESULT, QUANTITY = 0, 3
NUMBERS: Final = (6, 7)
NOTHING: Final = "–"
AnyIndex = QModelIndex | QPersistentModelIndex


def result_text(row: Reproduced) -> str:
    """Return whether a figure was reproduced, as mark and word."""
    return "✓ met" if row.met else "✗ MISSED"


def texts_of(row: Reproduced) -> tuple[str, ...]:
    """Return a row's cells."""
    off = NOTHING if row.deviation is None else f"{row.deviation:+.1%}"
    seeds = f"{row.inside} of {len(row.runs)}" if len(row.runs) > 1 else NOTHING
    return (
        result_text(row), row.id or NOTHING, row.scenario, row.quantity, row.published,
        row.simulated, off, seeds,
    )


def details_of(row: Reproduced) -> list[tuple[str, str]]:
    """Return what a row stands on, as (heading, text), the empty ones left out."""
    found = [
        ("Source", row.source),
        ("Note", row.note),
        ("Given by the source", ", ".join(row.given)),
        ("Fitted", ", ".join(row.fitted)),
        ("Assumed", ", ".join(row.assumed)),
    ]
    return [(heading, text) for heading, text in found if text]


class ReproducedModel(QAbstractTableModel):
    """Rows of `engine.reproduce`; read only."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Start without rows."""
        super().__init__(parent)
        self._rows: tuple[Reproduced, ...] = ()

    @property
    def rows(self) -> tuple[Reproduced, ...]:
        """Return the rows shown."""
        return self._rows

    def set_rows(self, rows: Sequence[Reproduced], *, only_missed: bool = False) -> None:
        """Show rows: all, or those that miss."""
        self.beginResetModel()
        self._rows = tuple(row for row in rows if not (only_missed and row.met))
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        """Return the number of rows; a cell has none."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns; a cell has none."""
        return 0 if parent.isValid() else len(HEADINGS)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text or alignment."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return texts_of(row)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(f"{heading}: {text}" for heading, text in details_of(row))
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
    side = Qt.AlignmentFlag.AlignRight if column in NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
