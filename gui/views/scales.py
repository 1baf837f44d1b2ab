"""Logarithmic scales of the quantities that a slider edits: position, value and text.

They know units and exact texts; widgets are built on them in `value_row`.
"""

import math
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from engine import units

STEPS: Final = 1000
BITS_PER_PAGE: Final = units.PAGE_BYTES * 8
NONE: Final = "none"


class Scale(Struct, frozen=True):
    """A logarithmic scale of a quantity.

    Attributes:
        low: Value at the left end (above zero, if `zero`). high: Value at the right end.
        step: Values are multiples of it.
        parse: Text to base units. show: Base units to text for people.
        write: Base units to exact text for a scenario. unit: Taken for a bare number.
        widest: The longest text that `show` gives.
        zero: The left end is zero. none: The right end is no value at all.
        note: The same value in another unit.
    """

    low: int
    high: int
    step: int
    parse: Callable[[object], int]
    show: Callable[[int], str]
    write: Callable[[int], str]
    unit: str
    widest: str
    zero: bool = False
    none: bool = False
    note: Callable[[int], str] = lambda value: ""

    def value_at(self, position: int) -> int | None:
        """Return the value at a slider position, in two or three digits; None at a none end."""
        if self.none and position >= STEPS:
            return None
        if self.zero and position <= 0:
            return 0
        exact = self.low * math.pow(self.high / self.low, position / STEPS)
        digit = 10 ** max(0, math.floor(math.log10(exact)) - 1)
        fine = digit // 2 if digit > 1 and exact < 5 * 10 * digit else digit
        grain = max(self.step, fine)
        nearest: int = round(exact / grain) * grain
        return max(self.low, min(self.high, nearest))

    def position_of(self, value: int | None) -> int:
        """Return the slider position that is nearest to a value."""
        if value is None:
            return STEPS
        if value <= self.low:
            return 0 if self.zero and not value else 1 if self.zero else 0
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return min(STEPS - 1 if self.none else STEPS, round(share * STEPS))

    def text_of(self, value: int | None) -> str:
        """Return a value for people."""
        return NONE if value is None else self.show(value)

    def read(self, text: str) -> int | None:
        """Return the value of a typed text; a bare number gets the unit.

        Raises:
            ValueError: Says in a clause what was expected.
        """
        text = text.replace(",", "").strip()
        if self.none and text.lower() in (NONE, ""):
            return None
        bare = text.replace(".", "", 1).isdigit()
        value = self.parse(f"{text} {self.unit}" if bare else text)
        if value < 0 or (value == 0 and not self.zero):
            raise ValueError("must be more than 0")
        return value


def exact_bit_rate(rate_bps: int) -> str:
    """Return a bit rate as a scenario has it, exact: "940 Mbit/s"."""
    for unit, factor in (("Mbit/s", 10**6), ("kbit/s", 10**3)):
        if rate_bps % factor == 0:
            return f"{rate_bps // factor} {unit}"
    return f"{rate_bps} bit/s"


def exact_duration(duration_ns: int) -> str:
    """Return a duration as a scenario has it, exact: "30 ms"."""
    for unit, factor in (("ms", 10**6), ("us", 10**3)):
        if duration_ns % factor == 0:
            return f"{duration_ns // factor} {unit}"
    return f"{duration_ns} ns"


def show_bit_rate(rate_bps: int) -> str:
    """Return a bit rate for people in one unit over the whole scale: "1,000 Mbit/s"."""
    return f"{rate_bps / 10**6:,.6g} Mbit/s"


PAGE_RATE: Final = Scale(
    10, 1_000_000, 1, units.parse_page_rate, units.format_page_rate,
    lambda v: f"{v} pages/s", "pages/s", "1,000,000 pages/s", zero=True,
    note=lambda v: units.format_bit_rate(v * BITS_PER_PAGE),
)  # fmt: skip
SPEED: Final = Scale(
    10, 1000, 1, units.parse_speed, lambda v: f"{v:,} %", lambda v: f"{v} %", "%",
    "100,000 %", zero=True,
)  # fmt: skip
BANDWIDTH: Final = Scale(
    10**7, 10**10, 10**6, units.parse_bit_rate, show_bit_rate, exact_bit_rate, "Mbit/s",
    "10,000 Mbit/s",
)  # fmt: skip
RATE_LIMIT: Final = Scale(
    10**7, 10**10, 10**6, units.parse_bit_rate, show_bit_rate, exact_bit_rate, "Mbit/s",
    "10,000 Mbit/s", none=True,
)  # fmt: skip
RELEARN: Final = Scale(
    10**6, 10**10, 10**5, units.parse_duration, units.format_duration_ns, exact_duration, "ms",
    "999 ms", zero=True,
)  # fmt: skip
