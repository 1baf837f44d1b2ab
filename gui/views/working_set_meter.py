"""Measures a VM's writable working set a little at a time, so that no frame waits for it.

It reads what was written every 50 ms, as Clark et al. 2005 read the dirty bitmap, over one window
of 8 s up to the playhead. Readings are kept, so a window that moves on costs only what is new.
"""

import time
from itertools import pairwise
from typing import Final

import numpy as np
from msgspec import Struct

from engine.history import VmRecord
from engine.page_track import Pages
from engine.working_set import CLEAN_NS, READ_NS, WorkingSet

STEP_NS: Final = 1_000_000_000
"""The window ends at whole seconds."""
READS: Final = CLEAN_NS // READ_NS
MOST_KEPT: Final = 4 * READS
AT_ONCE: Final = 4
"""So many readings are made together, where they are of few writes."""
FEW_WRITES: Final = 200_000
_NO_PAGES: Final = np.empty(0, np.uint32)


class Window(Struct, frozen=True):
    """The stretch that is measured, in scenario time."""

    from_ns: int
    to_ns: int


def window_at(t_ns: int, end_ns: int) -> Window | None:
    """Return the 8 s up to an instant, the first 8 s before they are over; None: too short a run.

    Args:
        t_ns: The playhead.
        end_ns: Length of the run.
    """
    to_ns = max(t_ns // STEP_NS * STEP_NS, CLEAN_NS)
    to_ns = min(to_ns, end_ns // READ_NS * READ_NS)
    from_ns = max(0, to_ns - CLEAN_NS)
    return Window(from_ns, to_ns) if to_ns - from_ns >= READ_NS else None


class WorkingSetMeter:
    """The measurement of one VM of one run.

    Args:
        record: The VM.
    """

    def __init__(self, record: VmRecord) -> None:
        self._record = record
        self._readings: dict[int, Pages] = {}

    def measure(self, window: Window, budget_ns: int | None = None) -> WorkingSet | None:
        """Return the working set of a window, or None if the time was over before it was read.

        Args:
            window: Whole readings.
            budget_ns: Time that may be spent reading; None: as long as it takes.
        """
        give_up_ns = None if budget_ns is None else time.perf_counter_ns() + budget_ns
        begins = range(window.from_ns, window.to_ns, READ_NS)
        for begin_ns in begins:
            if begin_ns not in self._readings:
                if give_up_ns is not None and time.perf_counter_ns() > give_up_ns:
                    return None
                count = self._readings_at_once(begin_ns)
                self._read(begin_ns, min(begin_ns + count * READ_NS, window.to_ns))
        if give_up_ns is not None and time.perf_counter_ns() > give_up_ns:
            return None  # adding up is left to the next turn
        self._forget(window)
        return self._added_up(begins)

    def _readings_at_once(self, from_ns: int) -> int:
        """Return how many readings are made together: of many writes one at a time."""
        writes = 0
        for writer in self._record.writers:
            clock = self._record.clocks[writer.vcpu]
            start, stop = (clock.guest_at(from_ns + t) for t in (0, AT_ONCE * READ_NS))
            writes += writer.writes_until(stop) - writer.writes_until(start)
        return max(1, min(AT_ONCE, AT_ONCE * FEW_WRITES // max(1, writes)))

    def _read(self, from_ns: int, to_ns: int) -> None:
        """Make the readings of a stretch: ask each writer once, and part by time."""
        begins = range(from_ns, to_ns, READ_NS)
        found: list[list[Pages]] = [[] for _ in begins]
        for writer in self._record.writers:
            clock = self._record.clocks[writer.vcpu]
            edges = [clock.guest_at(t) for t in (*begins, to_ns)]
            pages, times = writer.writes_between(edges[0], edges[-1])
            cuts = np.searchsorted(times, edges, side="right").tolist()
            for part, (start, stop) in zip(found, pairwise(cuts), strict=True):
                part.append(pages[start:stop])
        for begin_ns, parts in zip(begins, found, strict=True):
            self._readings[begin_ns] = np.unique(np.concatenate([_NO_PAGES, *parts]))

    def _forget(self, window: Window) -> None:
        """Keep no more readings than a few windows have."""
        if len(self._readings) > MOST_KEPT:
            inside = range(window.from_ns, window.to_ns)
            self._readings = {t: p for t, p in self._readings.items() if t in inside}

    def _added_up(self, begins: range) -> WorkingSet:
        written = np.zeros(self._record.spec.n_pages, np.bool_)
        dirty_pages = np.zeros(len(begins), np.int64)
        total = 0
        for i, begin_ns in enumerate(begins):
            pages = self._readings[begin_ns]
            total += len(pages) - int(np.count_nonzero(written[pages]))
            written[pages] = True
            dirty_pages[i] = total
        reads_ns = np.array(begins, np.int64) + READ_NS
        windows = dirty_pages.reshape(1, -1)
        counts = written.astype(np.int64)
        return WorkingSet(READ_NS, CLEAN_NS, reads_ns, dirty_pages, windows, written, counts)
