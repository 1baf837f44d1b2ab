"""What a picture of a sweep tells of one figure: values, scales, points in words. No pixels."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, Final

from msgspec import Struct

from engine import units
from engine.sweep import FIGURES, SweepResult

WIDE: Final = 20
"""Values that differ by more than this factor are coloured by their ratios."""
MODEL_OF: Final = {
    "total_time_s": "model_total_time_s", "downtime_s": "model_downtime_s",
}
LABELS: Final = {
    "total_time_s": "Total migration time, s", "downtime_s": "Downtime, s",
    "service_gap_s": "Service gap, s", "bytes_sent": "Sent, MiB", "pages_sent": "Pages sent",
    "pages_skipped": "Pages skipped", "pages_faulted": "Pages pulled on a fault",
    "rounds": "Rounds",
}
SCALES: Final = {"bytes_sent": 1 / 2**20}


class SweepReading(Struct, frozen=True, dict=True):
    """One figure of a result.

    Attributes:
        result: Of the sweep.
        figure: Key of the figure, of `LABELS`.
    """

    result: SweepResult
    figure: str

    @property
    def is_map(self) -> bool:
        """Return whether two parameters are varied."""
        return len(self.result.plan.axes) == 2

    def value(self, point: int, figure: str | None = None) -> float | None:
        """Return a figure of a point as it is shown; None: it has none."""
        figure = figure or self.figure
        value: Any = self.result.rows[point][FIGURES.index(figure)]
        base = {v: k for k, v in MODEL_OF.items()}.get(figure, figure)
        return None if value is None else float(value) * SCALES.get(base, 1)

    @cached_property
    def _known(self) -> list[float]:
        values = (self.value(i) for i in range(len(self.result.rows)))
        return [v for v in values if v is not None]

    @cached_property
    def extent(self) -> tuple[float, float]:
        """Return the ends of the value axis."""
        return (0.0, max(self._known, default=1.0) or 1.0)

    @cached_property
    def least(self) -> float:
        """Return the least value above 0 if the values span so much that ratios tell more."""
        low, high = min(self._known, default=0.0), max(self._known, default=0.0)
        return low if low > 0 and high / low > WIDE else 0.0

    def share(self, value: float) -> float:
        """Return where a value stands on the scale of colours, 0 to 1."""
        low, high = self.least, self.extent[1]
        if low:
            return math.log(max(value, low) / low) / math.log(high / low)
        return value / high

    def value_of(self, share: float) -> float:
        """Return the value at a place of the scale of colours."""
        low, high = self.least, self.extent[1]
        return low * (high / low) ** share if low else share * high

    def words(self, point: int) -> str:
        """Return a point in one line: its values and what came out."""
        plan, row = self.result.plan, self.result.rows[point]
        policy, values = list(plan.points())[point]
        given = ", ".join(
            f"{axis.path} {value}" for axis, value in zip(plan.axes, values, strict=True)
        )
        value, outcome = self.value(point), row[0]
        label = LABELS[self.figure]
        found = "none" if value is None else f"{value:.4g}"
        parts = [f"{policy + ': ' if policy else ''}{given}", f"{label}: {found}", outcome]
        if row[1] is not None:
            parts.append("stops by itself" if row[1] else "does not converge")
        model = MODEL_OF.get(self.figure)
        modelled = None if model is None else self.value(point, model)
        if modelled is not None:
            parts.append(f"model: {modelled:.4g}")
        return "; ".join(parts)

    def steps(self) -> tuple[int, int]:
        """Return how many values either parameter has; 1 for one that is not there."""
        axes = self.result.plan.axes
        return len(axes[0].values), len(axes[1].values) if len(axes) > 1 else 1

    def point(self, first: int, second: int, policy: int) -> int:
        """Return the number of a point, in the order of the grid."""
        n_first, n_second = self.steps()
        return (policy * n_first + first) * n_second + second

    def place(self, point: int) -> tuple[int, int, int]:
        """Return (first, second, policy) of a point, each counted from 0."""
        n_first, n_second = self.steps()
        rest, second = divmod(point, n_second)
        policy, first = divmod(rest, n_first)
        return first, second, policy


def short_value(value: str) -> str:
    """Return a value for an axis: "200 Mbit/s" for "200000000 bit/s"."""
    number, _, unit = value.partition(" ")
    if not number.isdigit():
        return value
    whole = int(number)
    if unit == "bit/s":
        return units.format_bit_rate(whole)
    if unit == "ns":
        return units.format_duration_ns(whole)
    if unit == "B":
        return units.format_size(whole)
    return units.format_count(whole)
