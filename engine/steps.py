"""Where the playhead goes step by step: single pages, batches, rounds and stages of a VM's moves.

Every instant comes from the record of the run; nothing is counted out.
"""

from collections.abc import Iterator
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from engine.history import History
from engine.memory import NEVER
from engine.page_track import Lane, PageTrack
from engine.playback import next_round, previous_round

Times = npt.NDArray[np.int64]
StepKind = Literal["page", "batch", "round", "stage"]
STEP_KINDS: Final[tuple[StepKind, ...]] = ("page", "batch", "round", "stage")


def step_to(history: History, t_ns: int, vm: str, kind: StepKind, direction: int) -> int:
    """Return the instant of the next step, or of the one before.

    Args:
        history: The run.
        t_ns: Where the playhead is, scenario time.
        vm: The VM whose migrations count; rounds are those of all.
        kind: page: a page leaves, arrives or is dirty again. batch: one begins to be sent, or the
            last is through. round: as `engine.playback.next_round`. stage: one begins or ends.
        direction: Positive: forwards.

    Returns:
        The first such instant after `t_ns` (else the run's end), or the last before it (else 0).
    """
    if kind == "round":
        return (next_round if direction > 0 else previous_round)(history, t_ns)
    if kind == "stage":
        found = _stages(history, vm)
    else:
        found = _pages(history, vm, batches=kind == "batch")
    if direction > 0:
        after = [_first_after(times, t_ns) for times in found]
        return min([t for t in after if t <= history.end_ns], default=history.end_ns)
    return max((_last_before(times, t_ns) for times in found), default=0)


def _first_after(times: Times, t_ns: int) -> int:
    i = int(np.searchsorted(times, t_ns, side="right"))
    return int(times[i]) if i < len(times) else NEVER


def _last_before(times: Times, t_ns: int) -> int:
    i = int(np.searchsorted(times, t_ns, side="left"))
    return int(times[i - 1]) if i else 0


def _stages(history: History, vm: str) -> Iterator[Times]:
    """Yield the instants at which stages of a VM's migrations begin and end, sorted."""
    for m in history.migrations:
        if m.vm != vm:
            continue
        ends = (m.suspended_ns, m.resumed_ns, m.reachable_ns, m.released_ns, m.ended_ns)
        edges = [m.requested_ns, *(t for t in ends if t is not None)]
        edges += [t for p in m.phases for t in (p.start_ns, p.end_ns) if t is not None]
        yield np.unique(np.array(edges, np.int64))


def _pages(history: History, vm: str, *, batches: bool) -> Iterator[Times]:
    """Yield sorted instants of changes of a VM's pages, an array a lane."""
    for m in history.migrations:
        if m.vm == vm and m.track is not None:
            for lane in _lanes(m.track):
                if lane.begin_ns is not None:
                    yield _within(lane.begin_ns, m.track)
                    # Between batches the end of one is the begin of the next.
                    ends = _within(lane.end_ns, m.track)
                    yield ends[-1:] if batches else ends
                elif not batches:
                    yield _within(lane.end_ns, m.track)


def _lanes(track: PageTrack) -> Iterator[Lane]:
    for section in track.sections:
        yield from section.lanes


def _within(times: Times, track: PageTrack) -> Times:
    """Return the sorted times up to the end of a track."""
    return times[: int(np.searchsorted(times, track.end_ns, side="right"))]
