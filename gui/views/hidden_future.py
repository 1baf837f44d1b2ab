"""What views show while a prediction stands: the past, and an axis that does not tell the end."""

from dataclasses import replace
from typing import Final

from gui.views.plot_content import PlotContent
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

    Kinds of points keep their names, without their number, once the first of them is there.
    """
    markers = tuple(
        replace(m, word=m.word.lstrip("0123456789, ") if (m.x_s * 1e9 <= t_ns).any() else "")
        for m in content.markers
    )
    note = "" if content.curves or content.markers or content.bars else content.note
    return replace(content, bands=(), tags=(), shares=(), note=note, markers=markers)
