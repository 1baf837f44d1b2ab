"""What closed-form models say of a migration, beside its run; read only."""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from PySide6.QtCore import QObject

from engine.history import History
from engine.metrics import downtime_ns, total_time_ns
from engine.units import format_duration_ns
from gui.models.rows_model import RowsModel

if TYPE_CHECKING:
    from engine.model_rows import ModelRow

HEADINGS: Final = ("Closed-form models", "total time", "downtime")
THIS_RUN: Final = "this run"
CONVERGED: Final = ("few-pages", "non-live")
"""Reasons for the stop of a run whose rounds had shrunk enough, or that needs none."""
WAITING: Final = "…"
NEVER: Final = "never"


class ClosedFormRow(Struct, frozen=True):
    """One line: a model or the run itself, its two times and whether it ends.

    Attributes:
        label: Name of the model.
        total: Total time as text. downtime: The same.
        converges: Whether the rounds shrank until the rule was content; None: not known yet.
        sentence: What the model takes for granted.
    """

    label: str
    total: str
    downtime: str
    converges: bool | None
    sentence: str

    @property
    def marked_label(self) -> str:
        """Return the name, short enough for the side, with its mark."""
        mark = {True: "✓", False: "✗", None: WAITING}[self.converges]
        return f"{mark} {self.label.replace(' in the ', ' ')}"

    @property
    def whole_sentence(self) -> str:
        """Return the line in words."""
        rounds = {
            True: "its rounds shrink until the rest is small",
            False: "its rounds do not shrink enough, and the policy ends them otherwise",
            None: "being computed",
        }[self.converges]
        times = f"total {self.total}, downtime {self.downtime}"
        return f"{self.label}: {times}; {rounds}.\n{self.sentence}"


def request_of(history: History, vm: str) -> int | None:
    """Return the number of the request that models speak of: the VM's first that was not refused.

    None if there is none.
    """
    for migration in history.migrations:
        if migration.vm == vm and migration.outcome != "refused":
            return migration.request
    return None


def run_row(history: History, request: int) -> ClosedFormRow:
    """Return the run's own line."""
    record = next(m for m in history.migrations if m.request == request)
    total, down = total_time_ns(record), downtime_ns(record)
    return ClosedFormRow(
        THIS_RUN,
        NEVER if total is None else format_duration_ns(total),
        NEVER if down is None else format_duration_ns(down),
        record.stop_reason in CONVERGED,
        f"The simulation of every page, from {record.source} to {record.destination}.",
    )


def model_row(row: ModelRow) -> ClosedFormRow:
    """Return a model's line."""
    return ClosedFormRow(
        row.model,
        _seconds_text(row.total_time_s),
        _seconds_text(row.downtime_s),
        row.converges,
        row.assumption,
    )


def waiting_row(row: ClosedFormRow) -> ClosedFormRow:
    """Return a line whose figures are being computed anew."""
    return ClosedFormRow(row.label, WAITING, WAITING, None, row.sentence)


def _seconds_text(seconds: float) -> str:
    return NEVER if isinf(seconds) else format_duration_ns(round(seconds * 1e9))


class ClosedFormModel(RowsModel[ClosedFormRow]):
    """Lines of the models, the run's own first."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Start without rows."""
        super().__init__(
            HEADINGS,
            lambda row: (row.marked_label, row.total, row.downtime),
            lambda row: row.whole_sentence,
            numbers=(1, 2),
            headings_tip="✓ the rounds shrink until the rest is small, ✗ they do not",
            parent=parent,
        )

    def set_rows(self, rows: Sequence[ClosedFormRow]) -> None:
        """Show other lines."""
        if tuple(rows) != self.rows:
            same = [r.label for r in rows] == [r.label for r in self.rows]
            self.replace_rows(rows, in_place=same)
