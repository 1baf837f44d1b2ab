"""What views show while a prediction stands: the past, and an axis that does not tell the end."""

from dataclasses import replace
from typing import Final

from gui.views.plot_content import Bars, Markers, PlotContent
from gui.views.time_text import SECOND_NS

HIDDEN: Final = "Hidden until the reveal"
LEAST_NS: Final = 10 * SECOND_NS
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
        replace(m, word=m.word.lstrip("0123456789, ") if _begun(m, t_ns) else "")
        for m in content.markers
    )
    bars = tuple(_known_bars(b, t_ns) for b in content.bars)
    note = "" if content.curves or markers or bars else content.note
    return replace(
        content, bands=(), tags=(), shares=(), note=note, markers=markers, bars=bars
    )  # fmt: skip


def known_key(content: PlotContent, t_ns: int) -> tuple[int, ...]:
    """Return what changes when `known_part` does."""
    begun = [int(_begun(m, t_ns)) for m in content.markers]
    ended = [int((b.known_ns <= t_ns).sum()) for b in content.bars if b.known_ns is not None]
    return (*begun, *ended)


def _begun(markers: Markers, t_ns: int) -> bool:
    return bool((markers.x_s * SECOND_NS <= t_ns).any())


def _known_bars(bars: Bars, t_ns: int) -> Bars:
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
