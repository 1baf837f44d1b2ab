"""The published figures as a table: published, simulated, deviation, seeds, met or missed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from gui.models.rows_model import RowsModel

if TYPE_CHECKING:
    from engine.reproduce import Reproduced

HEADINGS: Final = (
    "Result", "Id", "Scenario", "Quantity", "Published", "Simulated", "Deviation", "Seeds inside"
)
RESULT, QUANTITY = 0, 3
NUMBERS: Final = (6, 7)
NOTHING: Final = "–"


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


class ReproducedModel(RowsModel["Reproduced"]):
    """Rows of `engine.reproduce`; read only."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Start without rows."""
        super().__init__(HEADINGS, texts_of, _tip_of, numbers=NUMBERS, parent=parent)

    def set_rows(self, rows: Sequence[Reproduced], *, only_missed: bool = False) -> None:
        """Show rows: all, or those that miss."""
        self.replace_rows([row for row in rows if not (only_missed and row.met)])


def _tip_of(row: Reproduced) -> str:
    return "\n".join(f"{heading}: {text}" for heading, text in details_of(row))
