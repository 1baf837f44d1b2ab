"""In which order post-copy pushes missing pages, and what a request changes about it.

A request that has reached the source takes its page out of the order; what it says about the rest
is the difference between the strategies: nothing (sequential push), go on behind it (QEMU's
cursor), or grow around it (pre-paging with bubbling; Hines and Gopalan, VEE 2009).
"""

from collections.abc import Mapping
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

Pages = npt.NDArray[np.uint32]

FIRST_ROUNDS: Final = 64
"""How many turns of every bubble are laid out at first; what a fault overtakes was for nothing."""


class PushOrder(Protocol):
    """The pages that are missing and not sent, in the order in which they would be pushed."""

    pushes: bool
    """Whether anything is pushed at all."""

    def __len__(self) -> int:
        """Return how many there are, requested ones not counted."""

    def take(self, count: int) -> Pages:
        """Take out the first ones, at most `count`, in order."""

    def ahead_of(self, page: int) -> int:
        """Return how many stand before one of them."""

    def request(self, page: int) -> None:
        """Take out one of them, because it was asked for; the order of the rest may change."""


class SequentialPush:
    """Ascending, whatever is asked for."""

    def __init__(self, missing: Pages, *, pushes: bool = True) -> None:
        """Start with these pages, ascending; without pushing they only wait to be asked for."""
        self.pushes = pushes
        self._remaining = missing

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._remaining)

    def take(self, count: int) -> Pages:
        """Take out the lowest ones."""
        taken, self._remaining = self._remaining[:count], self._remaining[count:]
        return taken

    def ahead_of(self, page: int) -> int:
        """Return how many are lower."""
        # A plain int would make numpy convert the whole array first.
        return int(np.searchsorted(self._remaining, np.uint32(page)))

    def request(self, page: int) -> None:
        """Take it out; the rest stays as it is."""
        self._remaining = np.delete(self._remaining, self.ahead_of(page))


class BubblingPush:
    """Grows from pivots, the pages that were asked for: a page at every edge in turn.

    Without a pivot yet: ascending. With pivots, newest first, each bubble sends the next page
    above it, then (dual) the next one below it. Two edges that grow towards each other share what
    lies between them until it is used up. Growing forward only, what lies below the lowest pivot
    comes last, ascending: with one pivot that is QEMU's cursor.

    Args:
        missing: Page numbers, ascending.
        n_pages: Pages of the VM.
        dual: Whether bubbles grow downwards too.
        pivots: How many bubbles there are at most; the oldest is dropped.
    """

    pushes = True

    def __init__(self, missing: Pages, n_pages: int, *, dual: bool, pivots: int) -> None:
        self._unsent = np.zeros(n_pages, np.bool_)
        self._unsent[missing] = True
        self._left = len(missing)
        self._dual, self._most = dual, pivots
        self._pivots: list[int] = []
        self._grow()

    def __len__(self) -> int:
        """Return how many there are."""
        return self._left

    def take(self, count: int) -> Pages:
        """Take out the first ones of the order."""
        count = min(count, self._left)
        while len(self._laid) - self._taken < count:
            self._lay_out()
        taken = self._laid[self._taken : self._taken + count]
        self._taken += count
        self._left -= count
        self._unsent[taken] = False
        return taken

    def ahead_of(self, page: int) -> int:
        """Return how many are pushed before a page, as things stand."""
        segment, offset = self._find(page)
        length = self._bounds[segment + 1] - self._bounds[segment]
        up, down = self._up[segment], self._down[segment]
        if up < 0 and down < 0:  # below the lowest pivot, growing forward: after all others
            ahead = sum(len(edge) for edge in self._edges) + offset
            return ahead - self._taken
        n_up = self._n_up(segment, length)
        turn, index = (up, offset) if offset < n_up else (down, length - 1 - offset)
        ahead = sum(
            min(len(edge), index + (1 if other < turn else 0))
            for other, edge in enumerate(self._edges)
        )
        return ahead - self._taken

    def request(self, page: int) -> None:
        """Take it out and make it the newest pivot."""
        self._unsent[page] = False
        self._left -= 1
        self._pivots = [page, *(p for p in self._pivots if p != page)][: self._most]
        self._grow()

    def _grow(self) -> None:
        """Lay the edges of all bubbles anew, from what is missing now."""
        pages = np.flatnonzero(self._unsent).astype(np.uint32)
        self._sorted = pages
        ordered = sorted(self._pivots)
        places = np.searchsorted(pages, np.array(ordered, np.uint32)).tolist() if ordered else []
        self._bounds: list[int] = [0, *places, len(pages)] if ordered else [0, len(pages)]
        n = len(self._bounds) - 1
        self._up, self._down = [-1] * n, [-1] * n
        if not ordered:
            self._up[0] = 0
        turn = 0
        for pivot in self._pivots:  # newest first
            above = ordered.index(pivot) + 1
            self._up[above] = turn
            turn += 1
            if self._dual:
                self._down[above - 1] = turn
                turn += 1
        self._edges = self._made_edges(max(turn, 1))
        self._laid: Pages = np.empty(0, np.uint32)
        self._taken, self._rounds = 0, 0

    def _n_up(self, segment: int, length: int) -> int:
        """Return how many pages of a segment its lower bubble sends, growing upwards."""
        up, down = self._up[segment], self._down[segment]
        if down < 0:
            return length if up >= 0 else 0
        if up < 0:
            return 0
        return (length + 1) // 2 if up < down else length // 2

    def _made_edges(self, n_edges: int) -> list[Pages]:
        edges: list[Pages] = [np.empty(0, np.uint32)] * n_edges
        for segment in range(len(self._bounds) - 1):
            pages = self._sorted[self._bounds[segment] : self._bounds[segment + 1]]
            n_up = self._n_up(segment, len(pages))
            if self._up[segment] >= 0:
                edges[self._up[segment]] = pages[:n_up]
            if self._down[segment] >= 0:
                edges[self._down[segment]] = pages[n_up:][::-1]
        return edges

    def _find(self, page: int) -> tuple[int, int]:
        """Return the segment of a page, and its place in it."""
        place = int(np.searchsorted(self._sorted, np.uint32(page)))
        segment = int(np.searchsorted(self._bounds, place, side="right")) - 1
        segment = min(segment, len(self._bounds) - 2)
        while self._bounds[segment + 1] <= place:
            segment += 1
        return segment, place - self._bounds[segment]

    def _lay_out(self) -> None:
        """Lay out twice as many turns as before; behind the last turn what lies below."""
        first, longest = self._rounds, max(len(edge) for edge in self._edges)
        if first >= longest:
            below = self._sorted[: self._bounds[1]] if self._up[0] < 0 > self._down[0] else None
            assert below is not None, "nothing is left to lay out"
            self._laid = np.concatenate([self._laid, below])
            return
        last = min(longest, max(FIRST_ROUNDS, 2 * first))
        turns = np.zeros((last - first, len(self._edges)), np.int64)
        for turn, edge in enumerate(self._edges):
            part = edge[first:last]
            turns[: len(part), turn] = part.astype(np.int64) + 1
        flat = turns.reshape(-1)
        self._laid = np.concatenate([self._laid, (flat[flat > 0] - 1).astype(np.uint32)])
        self._rounds = last


def push_order(
    missing: Pages, n_pages: int, parameters: Mapping[str, object]
) -> PushOrder:
    """Return the order that a policy's parameters name.

    Args:
        missing: Page numbers to bring, ascending.
        n_pages: Pages of the VM.
        parameters: `push` ("sequential", "none", "cursor" or "bubbling"); for bubbling also
            `direction` ("dual" or "forward") and `pivots`.
    """
    kind = parameters.get("push", "sequential")
    if kind == "cursor":
        return BubblingPush(missing, n_pages, dual=False, pivots=1)
    if kind == "bubbling":
        pivots = parameters.get("pivots", 1)
        assert isinstance(pivots, int)
        dual = parameters.get("direction", "dual") == "dual"
        return BubblingPush(missing, n_pages, dual=dual, pivots=pivots)
    return SequentialPush(missing, pushes=kind != "none")

