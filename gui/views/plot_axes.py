"""What the makers of plot contents share: ticks, steps, and the phases of migrations as bands."""

from collections.abc import Iterator

import numpy as np

from engine.history import History
from engine.network import PiecewiseSeries
from engine.units import format_duration_ns
from gui.views.plot_content import Band, Floats
from gui.views.stages import STAGE_WORDS, downtime_of
from gui.views.time_text import SECOND_NS


def axis_step(y_max: float) -> float:
    """Return a distance of ticks (1, 2 or 5 times a power of ten) that gives three to five."""
    step = 10.0 ** np.floor(np.log10(max(y_max, 1e-3) / 3))
    for factor in (1, 2, 5, 10):
        if y_max / (step * factor) <= 5:
            return float(step * factor)
    return float(step * 10)


def bands_of(history: History, vm: str) -> Iterator[Band]:
    """Yield the phases of the VM's migrations; the time that it is stopped is one band."""
    for migration in history.migrations:
        if migration.vm != vm:
            continue
        for phase in migration.phases:
            end_ns = history.end_ns if phase.end_ns is None else phase.end_ns
            if phase.name in ("stop-and-copy", "commitment") or end_ns <= phase.start_ns:
                continue
            yield Band(phase.name, phase.start_ns, end_ns, STAGE_WORDS[phase.name])
        stop = downtime_of(migration, history.end_ns)
        if stop is not None and stop[1] > stop[0]:
            length = format_duration_ns(stop[1] - stop[0])
            yield Band("stop-and-copy", *stop, (f"stopped {length}", length))


def steps_mbps(series: PiecewiseSeries, end_ns: int) -> tuple[Floats, Floats]:
    """Return corner points (s, Mbit/s) of a piecewise rate from 0 to the end of the run."""
    x = [0, *(t for t in series.t_ns for _ in (0, 1)), end_ns]
    y = [0, 0, *(v for v in series.values for _ in (0, 1))]
    if not series.values:
        y = [0, 0]
    return np.array(x, np.float64) / SECOND_NS, np.array(y, np.float64) / 1e6


def from_start(series: PiecewiseSeries, end_ns: int) -> tuple[Floats, Floats]:
    """Return corner points without the climb from zero at the start."""
    x, y = steps_mbps(series, end_ns)
    return x[2:], y[2:]
