"""A VM's memory as migration sees it: the order of visiting, the dirty log, page versions.

A version is the instant of the newest write, so "the destination holds the newest version" is
"its contents were read at or after the newest write".
"""

from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]
Pages = npt.NDArray[np.uint32]
Writes = list[tuple[Pages, Times]]

NEVER: Final = np.iinfo(np.int64).max
MOST_KEPT: Final = 1 << 24
"""So many writes that are not settled yet are kept; more are made anew when it is their turn."""
ROTATION: Final = 10  # Xen's permute() in xc_linux_save.c


def visiting_order(n_pages: int, order: str) -> Pages:
    """Return the page numbers in the order in which a round visits them, uint32.

    Source: Xen xc_linux_save.c: the index is rotated left by 10 bits within the next power of
    two, again while it is out of range; ascending from 2008 on.
    """
    index = np.arange(n_pages, dtype=np.uint32)
    return index if order == "ascending" else _rotated(index, n_pages, ROTATION)


def in_visiting_order(pages: Pages, n_pages: int, order: str) -> Pages:
    """Return some distinct pages in the order in which a round visits them."""
    return pages[np.argsort(visiting_rank(pages, n_pages, order))]


def visiting_rank(pages: Pages, n_pages: int, order: str) -> Pages:
    """Return at which place of a whole round's order each page stands, uint32."""
    return pages if order == "ascending" else _rotated(pages, n_pages, -ROTATION)


def _rotated(index: Pages, n_pages: int, by: int) -> Pages:
    """Rotate every index by so many bits (negative: right) until it is below `n_pages`."""
    bits = max(1, (n_pages - 1).bit_length())
    shift, mask = by % bits, np.uint32((1 << bits) - 1)
    if shift == 0:
        return index

    def once(x: Pages) -> Pages:
        return ((x << np.uint32(shift)) & mask) | (x >> np.uint32(bits - shift))

    result = once(index)
    outside = np.flatnonzero(result >= n_pages)
    while len(outside):
        result[outside] = once(result[outside])
        outside = outside[result[outside] >= n_pages]
    return result


class DirtyLog:
    """The dirty bitmap since its last cleaning, with the instant of each page's first write.

    Writes are asked for ahead of time (`look_ahead`), since they are a pure function of guest
    time; what lies behind an instant that changes the guest is forgotten and asked for anew.
    """

    def __init__(
        self,
        n_pages: int,
        start_ns: int,
        writes: Callable[[int, int], Iterable[tuple[Pages, Times]]],
        n_writes: Callable[[int, int], int],
    ) -> None:
        """Start tracking at `start_ns`.

        Args:
            n_pages: Of the VM.
            start_ns: Scenario time.
            writes: Returns the guest's writes after one instant and up to another, in parts.
            n_writes: Returns how many these are, without making them.
        """
        self.first_ns: Times = np.full(n_pages, NEVER, np.int64)
        # Beside `first_ns` and eight times smaller: most looks find a page that is clean.
        self.marked: npt.NDArray[np.bool_] = np.zeros(n_pages, np.bool_)
        self.newest_ns: Times = np.full(n_pages, -1, np.int64)
        self._writes, self._count_of = writes, n_writes
        self._known_until_ns = self._settled_ns = start_ns
        self._touched: list[Pages] = []
        self._pending: Writes = []
        self._kept = True
        """Whether `_pending` holds all writes that are known and not settled."""
        self.n_writes: Times = np.zeros(0, np.int64)

    def count_writes(self) -> None:
        """Count the writes of every page from now on in `n_writes` (as far as is settled)."""
        self.n_writes = np.zeros(len(self.first_ns), np.int64)

    def n_ahead(self, t_ns: int) -> int:
        """Return how many writes `look_ahead` would have to make."""
        known_ns = self._known_until_ns
        return self._count_of(known_ns, t_ns) if t_ns > known_ns else 0

    def look_ahead(self, t_ns: int) -> None:
        """Know all writes up to and including `t_ns`."""
        if t_ns <= self._known_until_ns:
            return
        if self._count_of(self._settled_ns, t_ns) > MOST_KEPT:
            self._pending, self._kept = [], False
        for pages, times in self._writes(self._known_until_ns, t_ns):
            if self._kept:
                self._pending.append((pages, times))
            self._mark(pages, times)
        self._known_until_ns = t_ns

    def _mark(self, pages: Pages, times: Times) -> None:
        before = self.first_ns[pages]
        earlier = times < before
        pages, times, before = pages[earlier], times[earlier], before[earlier]
        np.minimum.at(self.first_ns, pages, times)
        new = (before == NEVER) & (self.first_ns[pages] == times)
        self.marked[pages] = True
        self._touched.append(pages[new])

    def settle(self, t_ns: int) -> None:
        """Take the writes up to and including `t_ns` as made: they are page versions now."""
        self.look_ahead(t_ns)
        if t_ns <= self._settled_ns:
            return
        rest: Writes = []
        for pages, times in self._pending if self._kept else self._writes(self._settled_ns, t_ns):
            stop = int(np.searchsorted(times, t_ns, side="right"))
            np.maximum.at(self.newest_ns, pages[:stop], times[:stop])
            if len(self.n_writes):
                np.add.at(self.n_writes, pages[:stop], 1)
            if stop < len(pages):
                rest.append((pages[stop:], times[stop:]))
        self._pending, self._settled_ns = rest, t_ns
        self._kept |= t_ns == self._known_until_ns

    def forget_after(self, t_ns: int) -> None:
        """Forget what was looked at ahead of `t_ns`: the guest goes on differently."""
        self.settle(t_ns)
        touched = self._all_touched()
        late = self.first_ns[touched] > t_ns
        self.first_ns[touched[late]] = NEVER
        self.marked[touched[late]] = False
        self._touched = [touched[~late]]
        self._pending, self._kept = [], True
        self._known_until_ns = t_ns

    def _all_touched(self) -> Pages:
        return np.concatenate([np.empty(0, np.uint32), *self._touched])

    def count(self, t_ns: int) -> int:
        """Return how many pages are dirty at `t_ns` (PEEK)."""
        self.look_ahead(t_ns)
        return int(np.count_nonzero(self.first_ns[self._all_touched()] <= t_ns))

    def clean(self, t_ns: int) -> tuple[Pages, Times]:
        """Return the pages written up to `t_ns` with their first writes, and clean (CLEAN)."""
        self.settle(t_ns)
        touched = self._all_touched()
        first = self.first_ns[touched]
        dirty = first <= t_ns
        pages, times = touched[dirty], first[dirty]
        self.first_ns[touched] = NEVER
        self.marked[touched] = False
        self._touched = []
        for later_pages, later_times in self._pending:
            self._mark(later_pages, later_times)
        if not self._kept:  # what was looked at ahead is asked for anew
            self._known_until_ns, self._kept = t_ns, True
        return pages, times
