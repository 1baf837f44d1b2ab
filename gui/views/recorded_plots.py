"""Plots of recordings: what was recorded in the place of what a simulation would know.

A recording has no link whose bandwidth is known and no guest whose writes are; the recorded dirty
rate stands there instead. Behind a simulated twin its curves are called "recorded".
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
from msgspec.structs import replace

from engine.history import History
from engine.recorded import RecordedHistory
from engine.specs import PAGE_BYTES
from engine.units import format_bit_rate
from gui.views.plot_axes import axis_step, from_start
from gui.views.plot_content import Curve, PlotContent

BEFORE: Final = "before"
RECORDED: Final = "recorded"
BITS_PER_PAGE: Final = PAGE_BYTES * 8
ROOM: Final = 1.18
PEAK_SHARE: Final = 0.01


def with_recorded(
    content: PlotContent, kind: str, history: History, previous: History | None
) -> PlotContent:
    """Return a plot as it is right for recordings; one without them is not changed.

    Args:
        content: As it is made for simulated runs.
        kind: Which plot it is, as in `plots_view.MAKERS`.
        history: The run shown.
        previous: The one behind it.
    """
    if isinstance(previous, RecordedHistory):
        curves = content.curves
        if kind == "rate":
            curves = (*_without_last_before(curves), *_dirtied(previous, behind=True))
        content = replace(
            content,
            curves=tuple(
                replace(c, word=RECORDED) if c.word == BEFORE else c for c in curves
            ),
            markers=tuple(
                replace(m, word=RECORDED) if m.word == BEFORE else m for m in content.markers
            ),
        )
    if isinstance(history, RecordedHistory) and kind == "rate":
        kept = [c for c in content.curves if c.role not in ("limit", "dirtied")]
        made = (*_dirtied(history, behind=False), *kept)
        y_max = ROOM * max([1.0, *(_usual_top(c) for c in made)])
        content = replace(
            content,
            curves=tuple(_below(c, y_max) for c in made),
            y_max=y_max,
            y_step=axis_step(y_max),
        )
    return content


def _usual_top(curve: Curve) -> float:
    """Return what a curve exceeds for at most `PEAK_SHARE` of its time: a burst sets no scale."""
    if len(curve.x_s) < 2:
        return float(curve.y.max(initial=0))
    lengths, values = np.diff(curve.x_s), curve.y[:-1]
    order = np.argsort(values)[::-1]
    above = np.cumsum(lengths[order])
    place = int(np.searchsorted(above, PEAK_SHARE * float(above[-1]), side="right"))
    return float(values[order[min(place, len(order) - 1)]])


def _below(curve: Curve, y_max: float) -> Curve:
    """Return a curve that ends at the top of the plot; how far its peak goes is told in words."""
    peak = float(curve.y.max(initial=0))
    if peak <= y_max:
        return curve
    word = f"{curve.word}, peak {format_bit_rate(round(peak * 1e6))}" if curve.word else ""
    return replace(curve, y=np.minimum(curve.y, y_max), word=word)


def _without_last_before(curves: tuple[Curve, ...]) -> Iterable[Curve]:
    """Return the curves but the dirtying of the run behind, which is the last of its own."""
    places = [i for i, c in enumerate(curves) if c.role == BEFORE]
    return [c for i, c in enumerate(curves) if not places or i != places[-1]]


def _dirtied(recording: RecordedHistory, *, behind: bool) -> list[Curve]:
    """Return the recorded dirty rate in Mbit/s, if there is one."""
    series = recording.dirtied_pps
    if not any(series.values):
        return []
    x_s, mega = from_start(series, recording.end_ns)
    role, word = (BEFORE, "") if behind else ("dirtied", "dirtied, as recorded")
    return [Curve(role, x_s, mega * BITS_PER_PAGE, word, dashed=behind)]
