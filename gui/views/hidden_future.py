"""What views show while a prediction stands: the past, and an axis that does not tell the end."""

import re
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from gui.views.plot_axes import axis_step
from gui.views.plot_content import Bars, Markers, PlotContent
from gui.views.time_text import SECOND_NS

HIDDEN: Final = "Hidden until the reveal"
LEAST_NS: Final = 10 * SECOND_NS
ROOM: Final = 1.1
LOST: Final = "lost"
"""Role of points that never come back, as in `plot_content.role_color`."""
_NUMBER_BEFORE: Final = re.compile(r"^[\d,]+ ")
_NUMBER_AFTER: Final = re.compile(r": [\d,]+$")
_STEPS: Final = (10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)


def horizon_ns(t_ns: int) -> int:
    """Return how much time an axis shows that knows only the past: a round length, with room.

    Args:
        t_ns: The playhead.

    Returns:
        At least ten seconds, and a quarter more than has passed.
    """
    wanted = max(LEAST_NS, t_ns + t_ns // 4)
    for step in _STEPS:
        if step * SECOND_NS >= wanted:
            return step * SECOND_NS
    hour = 3600 * SECOND_NS
    return -(-wanted // hour) * hour


def known_part(content: PlotContent, t_ns: int) -> PlotContent:
    """Return a plot without what tells of the whole run: its words would come before the thing.

    Kinds of points keep their names, without their number, once the first of them is there; a bar
    that sums up a stretch is there once the stretch is over.
    """
    markers = tuple(
        replace(m, word=_without_number(m.word) if _begun(m, t_ns) else "")
        for m in content.markers
    )
    bars = tuple(_known_bars(b, t_ns) for b in content.bars)
    note = "" if content.curves or markers or bars else content.note
    if content.least_top:
        content, markers = _with_known_axis(content, markers, t_ns)
    return replace(
        content, bands=(), tags=(), shares=(), note=note, markers=markers, bars=bars
    )  # fmt: skip


def known_key(content: PlotContent, t_ns: int) -> tuple[int, ...]:
    """Return what changes when `known_part` does."""
    begun = [int(_begun(m, t_ns)) for m in content.markers]
    ended = [int((b.known_ns <= t_ns).sum()) for b in content.bars if b.known_ns is not None]
    top = round(1e6 * known_top(content, t_ns)) if content.least_top else 0
    return (*begun, *ended, top)


def known_top(content: PlotContent, t_ns: int) -> float:
    """Return the top of a value axis that knows only what has come back: a round value, with room.

    Args:
        content: A plot with a `least_top`.
        t_ns: The playhead.
    """
    back = (content.open_ns[1] <= t_ns) & ~_lost(content)
    seen = [float(content.open_y[back].max(initial=0.0))]
    seen += [float(b.high[b.end_ns <= t_ns].max(initial=0.0)) for b in content.bars]
    wanted, decade = ROOM * max(seen), content.least_top
    while decade < wanted:
        for step in (2, 5, 10):
            if decade * step >= wanted:
                return decade * step
        decade *= 10
    return decade


def _lost(content: PlotContent) -> npt.NDArray[np.bool_]:
    """Return which of the points never come back: they stand at a height that tells nothing."""
    lost = [m.x_s for m in content.markers if m.role == LOST]
    begun_s = content.open_ns[0] / SECOND_NS
    found: npt.NDArray[np.bool_] = np.isin(begun_s, np.concatenate(lost) if lost else begun_s[:0])
    return found


def _with_known_axis(
    content: PlotContent, markers: tuple[Markers, ...], t_ns: int
) -> tuple[PlotContent, tuple[Markers, ...]]:
    """Return a plot, and its points, on the axis of what is known."""
    top = known_top(content, t_ns)
    share = top / content.y_max
    lowered = tuple(replace(m, y=m.y * share) if m.role == LOST else m for m in markers)
    open_y = np.where(_lost(content), content.open_y * share, content.open_y)
    return replace(content, y_max=top, y_step=axis_step(top), open_y=open_y), lowered


def _without_number(word: str) -> str:
    """Return "late" of "4 late", and "vCPU 0" of "vCPU 0: 1,018"."""
    return _NUMBER_AFTER.sub("", _NUMBER_BEFORE.sub("", word))


def _begun(markers: Markers, t_ns: int) -> bool:
    return bool((markers.x_s * SECOND_NS <= t_ns).any())


def _known_bars(bars: Bars, t_ns: int) -> Bars:
    bars = replace(bars, word=_without_number(bars.word))
    if bars.known_ns is None:
        return bars
    keep = bars.known_ns <= t_ns
    return replace(
        bars,
        start_ns=bars.start_ns[keep],
        end_ns=bars.end_ns[keep],
        low=bars.low[keep],
        high=bars.high[keep],
        known_ns=bars.known_ns[keep],
    )
