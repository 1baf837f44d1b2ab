"""How often every page was sent and written, and how long ago: kept by deltas, at any instant.

A counter stands at one instant and is moved, forwards or backwards, by what lies between. The
counts are told in classes (0, 1, 2 to 3 times and so on), so that a picture needs few colours.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.history import History, VmRecord
from engine.memory import NEVER
from engine.page_track import Lane, PageTrack
from engine.page_writes import SECOND_NS, Pages, dated_writes, densest_pps, pages_written

Classes = npt.NDArray[np.uint8]

SENT_FROM: Final = (1, 2, 3, 4, 6, 9, 16)
"""Least count of each class above class 0."""
WRITTEN_FROM: Final = (1, 2, 4, 8, 16, 32, 64, 128)
AGE_FROM_NS: Final = (100_000_000, 300_000_000, SECOND_NS, 3 * SECOND_NS, 10 * SECOND_NS)
"""Ages at which a page changes its class; class 0: never written, 1: the oldest."""
NEVER_WRITTEN: Final = 0
YOUNGEST: Final = len(AGE_FROM_NS) + 1
HORIZON_NS: Final = AGE_FROM_NS[-1]


def _each_once(parts: list[Pages], n_pages: int) -> Pages:
    """Return the pages of all parts, ascending, each once."""
    touched = np.zeros(n_pages, np.bool_)
    for part in parts:
        touched[part] = True
    return np.flatnonzero(touched).astype(np.uint32)


class SentCounter:
    """How often each page of a VM has arrived in the migration that is shown.

    Attributes:
        counts: Arrivals at the present instant, shape (n_pages,); do not write it.
        classes: The same as classes of `SENT_FROM`.
    """

    def __init__(self, history: History, vm: str) -> None:
        """Stand before the beginning: nothing is sent."""
        self._history, self._vm = history, vm
        n_pages = history.vm(vm).spec.n_pages
        self._track: PageTrack | None = None
        self._lanes: list[tuple[int, int, Lane]] = []
        self._t_ns = -1
        self.counts = np.zeros(n_pages, np.uint16)
        self.classes: Classes = np.zeros(n_pages, np.uint8)

    def move_to(self, t_ns: int) -> Pages | None:
        """Move to an instant; return the pages whose count changed, None if all may have."""
        track = self._history.track_at(self._vm, t_ns)
        anew = track is not self._track
        if anew:
            self._begin(track)
        at_ns = t_ns if track is None else min(t_ns, track.end_ns)
        parts = self._move(at_ns)
        self._t_ns = at_ns
        if anew:
            self._classify(slice(None))
            return None
        pages = _each_once(parts, len(self.counts)) if parts else np.empty(0, np.uint32)
        self._classify(pages)
        return pages

    def _begin(self, track: PageTrack | None) -> None:
        self._track, self._t_ns, self._lanes = track, -1, []
        self.counts[:] = 0
        for section in track.sections if track is not None else ():
            for lane in section.lanes:
                through = int(np.searchsorted(lane.end_ns, NEVER, side="left"))
                if lane.begin_ns is not None and through:
                    ends = lane.end_ns
                    self._lanes.append((int(ends[0]), int(ends[through - 1]), lane))

    def _move(self, t_ns: int) -> list[Pages]:
        low, high = min(t_ns, self._t_ns), max(t_ns, self._t_ns)
        parts: list[Pages] = []
        for first_ns, last_ns, lane in self._lanes:
            if first_ns <= high and last_ns > low:
                pages = lane.pages[lane.count_at(low) : lane.count_at(high)]
                if t_ns > self._t_ns:
                    self.counts[pages] += 1  # a page is in a lane once
                else:
                    self.counts[pages] -= 1
                parts.append(pages)
        return parts

    def _classify(self, pages: Pages | slice) -> None:
        self.classes[pages] = np.searchsorted(SENT_FROM, self.counts[pages], side="right")


class WriteCounter:
    """How often each page was written since the run began.

    Args:
        record: The VM.
        end_ns: Length of the run.

    Attributes:
        counts: Writes up to `t_ns`, shape (n_pages,); do not write it.
        classes: The same as classes of `WRITTEN_FROM`.
        t_ns: The instant at which it stands.
    """

    def __init__(self, record: VmRecord, end_ns: int) -> None:
        self._record = record
        self._pace_pps = max(1, densest_pps(record, end_ns))
        self.counts = np.zeros(record.spec.n_pages, np.int32)
        self.classes: Classes = np.zeros(record.spec.n_pages, np.uint8)
        self.t_ns = 0

    def move_to(self, t_ns: int, *, most_writes: int | None = None) -> Pages:
        """Move to an instant, or towards it.

        Args:
            t_ns: Scenario time.
            most_writes: Read about so many writes and no more; then `t_ns` is not reached yet.

        Returns:
            The pages whose count changed, each once.
        """
        if most_writes is not None:
            reach_ns = max(1, most_writes * SECOND_NS // self._pace_pps)
            t_ns = max(self.t_ns - reach_ns, min(self.t_ns + reach_ns, t_ns))
        if t_ns == self.t_ns:
            return np.empty(0, np.uint32)
        low, high = min(t_ns, self.t_ns), max(t_ns, self.t_ns)
        written = pages_written(self._record, low, high)
        change = np.int32(1 if t_ns > self.t_ns else -1)
        np.add.at(self.counts, written, change)
        self.t_ns = t_ns
        pages = _each_once([written], len(self.counts))
        self.classes[pages] = np.searchsorted(WRITTEN_FROM, self.counts[pages], side="right")
        return pages


class AgeMeter:
    """How long ago each page was written last, in classes.

    A page changes its class when it is written, and when the last write reaches a bound of
    `AGE_FROM_NS`: these are the writes of the same stretch, so long ago. So a step reads only
    writes, and a jump the last ten seconds of them.

    Attributes:
        classes: Class of each page at `t_ns`, shape (n_pages,); do not write it.
        t_ns: The instant at which it stands.
        last_ns: Newest write of each page, -1 for none within the horizon; do not write it.
    """

    def __init__(self, record: VmRecord, end_ns: int) -> None:
        """Stand at the start of the run; arguments as in `WriteCounter`."""
        self._record = record
        self._written = WriteCounter(record, end_ns)
        self._pace_pps = max(1, densest_pps(record, end_ns))
        self._filled_ns: int | None = None
        """Where the reading of the last ten seconds stands after a jump; None: no jump."""
        self._target_ns = 0
        self.last_ns = np.full(record.spec.n_pages, -1, np.int64)
        self.classes: Classes = np.zeros(record.spec.n_pages, np.uint8)
        self.t_ns = 0

    def move_to(self, t_ns: int, *, most_writes: int | None = None) -> Pages | None:
        """Move to an instant, or towards it: as in `WriteCounter`; None: all may have changed."""
        step_ns = None
        if most_writes is not None:
            step_ns = max(1, most_writes * SECOND_NS // (self._pace_pps * YOUNGEST))
        if not 0 <= t_ns - self.t_ns <= HORIZON_NS or self._filled_ns is not None:
            return self._jump(t_ns, step_ns, most_writes)
        to_ns = t_ns if step_ns is None else min(t_ns, self.t_ns + step_ns)
        return self._step(to_ns)

    def _step(self, to_ns: int) -> Pages:
        from_ns = self.t_ns
        written = self._written.move_to(to_ns)
        parts = [written]
        pages, times = dated_writes(self._record, from_ns, to_ns)
        np.maximum.at(self.last_ns, pages, times)
        for age_ns in AGE_FROM_NS:
            if to_ns > age_ns:
                start = max(0, from_ns - age_ns)
                parts.append(pages_written(self._record, start, to_ns - age_ns))
        self.t_ns = to_ns
        touched = _each_once(parts, len(self.last_ns))
        self._classify(touched)
        return touched

    def _jump(self, t_ns: int, step_ns: int | None, most_writes: int | None) -> Pages | None:
        """Bring the counts to an instant, then read the last ten seconds before it."""
        if self._filled_ns is None or self._target_ns != t_ns:
            self._target_ns, self._filled_ns = t_ns, max(0, t_ns - HORIZON_NS)
            self.last_ns[:] = -1
        self._written.move_to(t_ns, most_writes=most_writes)
        upto = t_ns if step_ns is None else min(t_ns, self._filled_ns + step_ns * YOUNGEST)
        pages, times = dated_writes(self._record, self._filled_ns, upto)
        np.maximum.at(self.last_ns, pages, times)
        self._filled_ns = upto
        if upto < t_ns or self._written.t_ns != t_ns:
            return np.empty(0, np.uint32)
        self._filled_ns, self.t_ns = None, t_ns
        self._classify(slice(None))
        return None

    def _classify(self, pages: Pages | slice) -> None:
        last = self.last_ns[pages]
        age = np.searchsorted(AGE_FROM_NS, self.t_ns - last, side="right")
        age = np.where(last < 0, len(AGE_FROM_NS), age)
        ever = self._written.counts[pages] > 0
        self.classes[pages] = np.where(ever, YOUNGEST - age, NEVER_WRITTEN)
