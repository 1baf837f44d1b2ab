"""The outcome of a run as a table: what was simulated beside what was published."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QObject, Qt

from engine.metrics import OutcomeRow
from gui.models.rows_model import RowsModel

HEADINGS: Final = ("Outcome", "simulated", "published")
OUTDATED: Final = "run before"
NOTHING: Final = "–"


class OutcomeModel(RowsModel[OutcomeRow]):
    """Rows of label, simulated and published value; read only."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Start without rows."""
        super().__init__(HEADINGS, _texts, _sentence, numbers=(1, 2), parent=parent)

    def set_recorded(self, recorded: bool) -> None:
        """Say whether the figures are recorded or simulated."""
        self._set_heading("recorded" if recorded else HEADINGS[1])

    def set_outdated(self, outdated: bool) -> None:
        """Say whether the figures are those of the run before, while the next one is made."""
        self._set_heading(OUTDATED if outdated else HEADINGS[1])

    def _set_heading(self, heading: str) -> None:
        headings = (HEADINGS[0], heading, HEADINGS[2])
        if headings != self._headings:
            self._headings = headings
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(headings) - 1)

    def set_rows(self, rows: Sequence[OutcomeRow]) -> None:
        """Show other rows; views keep their selection if the labels are the same."""
        if tuple(rows) != self.rows:
            same = [r.label for r in rows] == [r.label for r in self.rows]
            self.replace_rows(rows, in_place=same)


def _texts(row: OutcomeRow) -> tuple[str, str, str]:
    return row.label, row.simulated or NOTHING, row.published or NOTHING


def _sentence(row: OutcomeRow) -> str:
    """Return a row in words, with the source of the published figure."""
    text = f"{row.label}: simulated {row.simulated or NOTHING}"
    if not row.published:
        return text
    fits = {True: ": within its tolerance", False: ": outside its tolerance", None: ""}[row.fits]
    source = f" ({row.source})" if row.source else ""
    band = f", to be met by {row.band}" if row.band else ""
    return f"{text}, published {row.published}{band}{source}{fits}"
