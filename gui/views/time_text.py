"""Instants as text: the clock, and the round instants of a time axis."""

from typing import Final

SECOND_NS: Final = 10**9
TICK_STEPS_NS: Final = (
    *(n * 10**e for e in range(3, 10) for n in (1, 2, 5)),
    *(n * SECOND_NS for n in (10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 18000)),
)


def clock_text(t_ns: int, *, decimals: int = 3) -> str:
    """Return "00:10.420" for 10.42 s; cut, never rounded up."""
    scale = 10 ** (9 - decimals)
    minutes, rest = divmod(t_ns // scale, 60 * 10**decimals)
    seconds, fraction = divmod(rest, 10**decimals)
    return f"{minutes:02d}:{seconds:02d}" + (f".{fraction:0{decimals}d}" if decimals else "")


def time_ticks(end_ns: int, max_ticks: int) -> list[tuple[int, str]]:
    """Return (instant, label) of round instants from 0 to `end_ns`, at most `max_ticks` steps."""
    longest = TICK_STEPS_NS[-1]
    step = next((s for s in TICK_STEPS_NS if s * max(1, max_ticks) >= end_ns), longest)
    unit, name = (SECOND_NS, "s") if step >= SECOND_NS // 10 else (10**6, "ms")
    if step >= 60 * SECOND_NS:
        unit, name = 60 * SECOND_NS, "min"
    return [(t, f"{t / unit:g} {name}") for t in range(0, end_ns + 1, step)]
