"""Two to four runs side by side as a table: recorded or simulated, each against the first one."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct
from PySide6.QtCore import QObject

from engine.history import History, MigrationRecord
from engine.metrics import downtime_ns, format_figure, outcome_text
from engine.recorded import RecordedHistory
from gui.models.rows_model import RowsModel

SECOND_NS: Final = 10**9
FEWEST_RUNS: Final = 2
MOST_RUNS: Final = 4
UNKNOWN: Final = "–"
LARGE_PERCENT: Final = 20
"""A difference from which on words and a reason stand beside it."""
TWICE: Final = 2.0
LABELS: Final = {
    "outcome": "Outcome",
    "total_time_s": "Total time",
    "downtime_s": "Downtime",
    "bytes_sent": "Sent",
    "rounds": "Rounds",
}
WORDS: Final = {
    "total_time_s": ("longer", "shorter"),
    "downtime_s": ("longer", "shorter"),
    "bytes_sent": ("more", "less"),
    "rounds": ("more", "fewer"),
}
_READS_A_BITMAP: Final = ("QMP", "HMP", "domjobinfo")

Run = tuple[str, History]
"""What a run is called, and the run."""


class ComparisonRow(Struct, frozen=True):
    """One figure of all runs.

    Attributes:
        key: Its name in `engine.metrics`.
        label: What people call it.
        values: As text, one a run.
        percents: How far each run but the first is from the first one; None: cannot be said.
        differs: Whether a run but the first one differs much, or in words.
        sentence: What differs, and which assumption may explain it; "" where nothing differs much.
    """

    key: str
    label: str
    values: tuple[str, ...]
    percents: tuple[float | None, ...]
    differs: bool = False
    sentence: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """Return the cells: label, first value, then value and difference in turn."""
        cells = [self.label, self.values[0]]
        for value, percent in zip(self.values[1:], self.percents, strict=True):
            cells += [value, self._difference(value, percent)]
        return tuple(cells)

    def _difference(self, value: str, percent: float | None) -> str:
        if self.key == "outcome":
            return "same" if value == self.values[0] else "≠"
        mark = "! " if percent is not None and abs(percent) >= LARGE_PERCENT else ""
        return mark + percent_text(percent)


def percent_text(percent: float | None) -> str:
    """Return a difference in whole per cent, with its sign; a great one as a factor."""
    if percent is None:
        return UNKNOWN
    if percent >= 900:
        return f"×{1 + percent / 100:,.0f}"
    return "0 %" if abs(percent) < 0.5 else f"{percent:+.0f} %".replace("-", "−")


def comparison_rows(
    runs: Sequence[Run], vm: str = "", *, reasons: Mapping[str, str] | None = None
) -> list[ComparisonRow]:
    """Return outcome, total time, downtime, bytes and rounds of some runs.

    Args:
        runs: Two to four of them; the first one is what the others are compared with.
        vm: Whose migration is compared; "": the first one of each run.
        reasons: By key, which assumption may explain a difference.
    """
    moves = [migration_of(history, vm) for _, history in runs]
    labels = [label for label, _ in runs]
    rows = []
    for key in LABELS:
        label = _label(key, runs)
        numbers = [_number(key, m) for m in moves]
        if key == "outcome":
            values = tuple(UNKNOWN if m is None else outcome_text(m.outcome) for m in moves)
        else:
            values = tuple(UNKNOWN if n is None else format_figure(key, n) for n in numbers)
        percents = tuple(_percent(numbers[0], n) for n in numbers[1:])
        sentence = _sentence(key, label, labels, values, percents, (reasons or {}).get(key, ""))
        rows.append(ComparisonRow(key, label, values, percents, bool(sentence), sentence))
    return rows


def _label(key: str, runs: Sequence[Run]) -> str:
    """Return what a figure is called: QEMU counts reads of its dirty bitmap."""
    kinds = " ".join(h.kind for _, h in runs if isinstance(h, RecordedHistory))
    if key == "rounds" and any(word in kinds for word in _READS_A_BITMAP):
        return "Bitmap reads"
    return LABELS[key]


def migration_of(history: History, vm: str = "") -> MigrationRecord | None:
    """Return the migration of a run that is compared: the VM's first that was not refused."""
    own = [m for m in history.migrations if vm in ("", m.vm)]
    return next((m for m in own if m.outcome != "refused"), own[0] if own else None)


def _number(key: str, m: MigrationRecord | None) -> float | None:
    """Return a figure, None where it is not known: a recording's 0 says nothing."""
    if m is None or key == "outcome":
        return None
    if key == "total_time_s":
        return None if m.ended_ns is None else (m.ended_ns - m.requested_ns) / SECOND_NS
    if key == "downtime_s":
        down = downtime_ns(m)
        return None if down is None else down / SECOND_NS
    return (m.bytes_sent if key == "bytes_sent" else len(m.rounds)) or None


def _percent(first: float | None, other: float | None) -> float | None:
    if first is None or other is None or not first:
        return None
    return 100 * (other - first) / first


def _sentence(
    key: str,
    label: str,
    labels: Sequence[str],
    values: Sequence[str],
    percents: Sequence[float | None],
    reason: str,
) -> str:
    """Return in words what differs much, "" if nothing does."""
    parts = []
    for name, value, percent in zip(labels[1:], values[1:], percents, strict=True):
        if key == "outcome" and UNKNOWN not in (value, values[0]) and value != values[0]:
            parts.append(f"{name} {value}, {labels[0]} {values[0]}")
        elif percent is not None and abs(percent) >= LARGE_PERCENT:
            parts.append(f"{name} {_in_words(key, percent)} than {labels[0]}")
    return f"{label}: {'; '.join(parts)}. {reason}".strip() if parts else ""


def _in_words(key: str, percent: float) -> str:
    more, less = WORDS[key]
    word = more if percent > 0 else less
    factor = max(1 + percent / 100, 1 / max(1e-9, 1 + percent / 100))
    if percent < 0 and more in ("longer", "more") and factor >= TWICE and key != "rounds":
        return f"{factor:.1f} times {word}"
    return f"{factor:.1f} times {more}" if percent > 0 and factor >= TWICE else (
        f"{abs(percent):.0f} % {word}"
    )


class ComparisonModel(RowsModel[ComparisonRow]):
    """The rows of two to four runs."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Start without runs."""
        super().__init__(
            ("Compared",),
            lambda row: row.texts,
            lambda row: row.sentence or f"{row.label}: {', '.join(row.values)}",
            numbers=range(1, 2 * MOST_RUNS),
            headings_tip=f"! differs by {LARGE_PERCENT} % or more from the first",
            parent=parent,
        )

    def set_runs(
        self, runs: Sequence[Run], vm: str = "", *, reasons: Mapping[str, str] | None = None
    ) -> None:
        """Show other runs; fewer than two: nothing.

        Args:
            runs: (label, History), the one that others are compared with first.
            vm: Whose migration; "": the first one of each.
            reasons: By key, which assumption may explain a difference.

        Raises:
            ValueError: There are more than four runs.
        """
        if len(runs) > MOST_RUNS:
            raise ValueError(f"{len(runs)} runs: compare {FEWEST_RUNS} to {MOST_RUNS}")
        enough = len(runs) >= FEWEST_RUNS
        rows = comparison_rows(runs, vm, reasons=reasons) if enough else []
        names = [label for label, _ in runs] if enough else []
        headings = ["Compared", *names[:1]]
        for name in names[1:]:
            headings += [name, "±"]
        self.beginResetModel()
        self._headings, self._rows = tuple(headings), tuple(rows)
        self.endResetModel()
