"""Least, mean and most of what a plot shows over a stretch, as lines of text."""

from collections.abc import Callable, Sequence

import numpy as np

from engine.network import PiecewiseSeries
from engine.units import format_count
from gui.views.plot_content import Floats, Times

Shower = Callable[[float], str]


def spread_line(
    name: str, values: tuple[float, float, float] | None, show: Shower, *, unit: str = ""
) -> str:
    """Return "sent 1 / 2 / 3 Mbit/s" of (least, mean, most), or that there is nothing."""
    text = "none" if values is None else " / ".join(show(value) for value in values)
    return " ".join(part for part in (name, text, unit if values is not None else "") if part)


def spread_of(values: Sequence[float] | Floats) -> tuple[float, float, float] | None:
    """Return least, mean and most of single values, None without one."""
    found = np.asarray(values, np.float64)
    return (float(found.min()), float(found.mean()), float(found.max())) if len(found) else None


def spread_of_steps(
    series: PiecewiseSeries, start_ns: int, end_ns: int
) -> tuple[float, float, float] | None:
    """Return least, mean by time, and most of a value that is constant between dated steps."""
    if end_ns <= start_ns:
        return None
    cuts = [start_ns, *(t for t in series.t_ns if start_ns < t < end_ns), end_ns]
    values = [series.value_at(t) for t in cuts[:-1]]
    parts = zip(values, np.diff(cuts).tolist(), strict=True)
    mean = sum(value * length for value, length in parts) / (end_ns - start_ns)
    return float(min(values)), float(mean), float(max(values))


def spread_of_line(
    t_ns: Times, values: Times | Floats, start_ns: int, end_ns: int
) -> tuple[float, float, float] | None:
    """Return least, mean by time, and most of a line through dated points, where it is known."""
    if not len(t_ns):
        return None
    start, end = max(start_ns, int(t_ns[0])), min(end_ns, int(t_ns[-1]))
    if end <= start:
        return None
    inside = t_ns[(t_ns > start) & (t_ns < end)]
    at = np.concatenate([[start], inside, [end]])
    line = np.interp(at, t_ns, values)
    mean = float(((line[1:] + line[:-1]) / 2 * np.diff(at)).sum() / (end - start))
    return float(line.min()), mean, float(line.max())


def sum_of_steps(series: Sequence[PiecewiseSeries]) -> PiecewiseSeries:
    """Return the sum of several stepped values."""
    if len(series) == 1:
        return series[0]
    total = PiecewiseSeries()
    for t_ns in sorted({t for one in series for t in one.t_ns}):
        total.step(t_ns, sum(one.value_at(t_ns) for one in series))
    return total


def show_number(value: float) -> str:
    """Return a number in three digits, or all those before the point: "11.2"."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def show_pages(pages: float) -> str:
    """Return a number of pages: "1,204"."""
    return format_count(round(pages))
