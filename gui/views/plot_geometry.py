"""Where instants and values lie in a plot, and the stretch of time that all plots show."""

from math import floor, log10
from typing import Final

from msgspec import Struct, field
from PySide6.QtCore import QRectF

from gui.views.time_text import SECOND_NS, TICK_STEPS_NS, time_ticks

SHORTEST_NS: Final = 20_000
"""The closest look at time: 20 microseconds."""


class Stretch(Struct, frozen=True):
    """From one instant to another, in ns."""

    start_ns: int
    end_ns: int

    @property
    def length_ns(self) -> int:
        """Return how long it is."""
        return self.end_ns - self.start_ns

    def within(self, run_ns: int) -> "Stretch":
        """Return a stretch of this length that lies in a run as far as that is possible."""
        length = max(min(self.length_ns, run_ns), min(SHORTEST_NS, run_ns))
        start = max(0, min(self.start_ns, run_ns - length))
        return Stretch(start, start + length)

    def zoomed(self, at_ns: int, factor: float, run_ns: int) -> "Stretch":
        """Return a stretch `factor` times as long in which an instant keeps its place."""
        length = max(SHORTEST_NS, round(self.length_ns * factor))
        share = (at_ns - self.start_ns) / max(1, self.length_ns)
        start = round(at_ns - share * length)
        return Stretch(start, start + length).within(run_ns)

    def moved(self, by_ns: int, run_ns: int) -> "Stretch":
        """Return it later by so much, or as much of that as the run allows."""
        return Stretch(self.start_ns + by_ns, self.end_ns + by_ns).within(run_ns)


class Geometry(Struct):
    """Positions of instants and values in the inside of a plot.

    Attributes:
        area: The inside. shown: The stretch that it shows.
        y_min: Value at the bottom. y_max: Value at the top. log: Whether decades are even.
    """

    area: QRectF = field(default_factory=QRectF)
    shown: Stretch = Stretch(0, 1)
    y_min: float = 0.0
    y_max: float = 1.0
    log: bool = False

    def x_at(self, t_ns: int) -> float:
        """Return the horizontal position of an instant, also of one that is not shown."""
        share = (t_ns - self.shown.start_ns) / max(1, self.shown.length_ns)
        return self.area.left() + self.area.width() * share

    def clipped_x(self, t_ns: int) -> float:
        """Return the horizontal position of an instant, at most at an edge."""
        return min(self.area.right(), max(self.area.left(), self.x_at(t_ns)))

    def y_at(self, value: float) -> float:
        """Return the vertical position of a value, at most the top of the plot."""
        low, high = self.scaled(self.y_min), self.scaled(self.y_max)
        share = (self.scaled(value) - low) / (high - low) if high > low else 0.0
        return self.area.bottom() - self.area.height() * max(0.0, min(1.0, share))

    def scaled(self, value: float) -> float:
        """Return a value as the axis has it: its logarithm, if that is so."""
        return log10(max(value, self.y_min)) if self.log and self.y_min > 0 else value

    def time_at(self, x_px: float) -> int:
        """Return the instant at a horizontal position, clipped to what is shown."""
        if not self.area.width():
            return 0
        share = max(0.0, min(1.0, (x_px - self.area.left()) / self.area.width()))
        return self.shown.start_ns + round(share * self.shown.length_ns)


def tick_text(value: float) -> str:
    """Return a value as the axis has room for it: "500", "1,000", "120k", "2M"."""
    for unit, letter in ((10**6, "M"), (10**3, "k")):
        if value >= 10 * unit or (value >= unit and unit == 10**6):
            return f"{value / unit:g}{letter}"
    return f"{value:,g}"


def value_ticks(geometry: Geometry, step: float) -> list[tuple[float, str]]:
    """Return (value, label) on the value axis: even steps, or 1, 2, 5 of each decade."""
    if geometry.log and geometry.y_min > 0:
        decades = range(floor(log10(geometry.y_min)), floor(log10(geometry.y_max)) + 1)
        few = len(decades) <= 2
        values = [f * 10.0**d for d in decades for f in ((1, 2, 5) if few else (1,))]
        inside = [v for v in values if geometry.y_min <= v <= geometry.y_max]
        return [(v, tick_text(v)) for v in inside]
    if step <= 0:
        return []
    count = int((geometry.y_max - geometry.y_min) * 1.0001 / step)
    values = [geometry.y_min + i * step for i in range(count + 1)]
    return [(v, tick_text(v)) for v in values]


def stretch_ticks(shown: Stretch, run_ns: int, most: int) -> list[tuple[int, str]]:
    """Return (instant, label) of round instants in a stretch, at most `most` steps."""
    if shown.start_ns == 0 and shown.end_ns == run_ns:
        return time_ticks(run_ns, most)
    longest = TICK_STEPS_NS[-1]
    wanted = shown.length_ns
    step = next((s for s in TICK_STEPS_NS if s * max(1, most) >= wanted), longest)
    decimals = max(0, 9 - floor(log10(step))) if step < SECOND_NS else 0
    first = -(-shown.start_ns // step) * step
    return [(t, f"{t / SECOND_NS:.{decimals}f} s") for t in range(first, shown.end_ns + 1, step)]


def stretch_text(shown: Stretch) -> str:
    """Return a stretch for people, as exact as its length needs: "10.58 to 10.68 s"."""
    decimals = max(1, min(6, 11 - len(str(max(1, shown.length_ns)))))
    start, end = (f"{t / SECOND_NS:,.{decimals}f}" for t in (shown.start_ns, shown.end_ns))
    return f"{start} to {end} s"
