"""Sending pages in batches over a link whose rate changes only at events.

One vectorised step plans many batches: while the rate is constant, the instant at which a batch
reads the dirty bitmap follows from how many pages were sent before it, and "skipped" is "first
write at or before the read of its batch". An event settles what is through and plans anew.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from engine.memory import DirtyLog, visiting_order, visiting_rank
from engine.specs import PAGE_BYTES
from engine.workload import MOST_WRITES

Times = npt.NDArray[np.int64]
Pages = npt.NDArray[np.uint32]

BATCH_PAGES: Final = 1024  # Xen: MAX_BATCH_SIZE
HEADER_BYTES: Final = 8  # one entry of the page type array
PAGE_WIRE_BYTES: Final = PAGE_BYTES + HEADER_BYTES
PAGE_WIRE_BITS: Final = PAGE_WIRE_BYTES * 8
BATCH_BITS: Final = BATCH_PAGES * PAGE_WIRE_BITS
WINDOW_PAGES: Final = 1 << 18
SECOND_NS: Final = 1_000_000_000


def carried_at(t0_ns: int, bits: Times, rate_bps: int) -> Times:
    """Return when a link that starts at `t0_ns` has carried each of `bits`, rounded up.

    Exact: `bits * 10^9` would overflow at one GiB, so the division goes in three parts.
    """
    whole, rest = np.divmod(bits, rate_bps)
    tens_us, rest = np.divmod(rest * 100_000, rate_bps)
    times: Times = t0_ns + whole * SECOND_NS + tens_us * 10_000 - (-(rest * 10_000) // rate_bps)
    return times


def carried_after(t0_ns: int, bits: int, rate_bps: int) -> int:
    """Return the same for one number of bits."""
    return t0_ns - (-bits * SECOND_NS // rate_bps)


class Pace:
    """A stretch of constant rate: how many bits lie before the end of the batch under way."""

    def __init__(self, t_ns: int) -> None:
        """Start with nothing under way."""
        self.t0_ns, self.rate_bps, self.bits = t_ns, 0, 0

    def turn(self, t_ns: int, rate_bps: int) -> None:
        """Go on at another rate from `t_ns` on; bits that are through are whole bits."""
        through = (t_ns - self.t0_ns) * self.rate_bps // SECOND_NS
        self.bits = max(0, self.bits - through)
        self.t0_ns, self.rate_bps = t_ns, rate_bps

    def ready_ns(self) -> int:
        """Return when the batch under way has ended."""
        return carried_after(self.t0_ns, self.bits, self.rate_bps)


class Plan(Struct):
    """Batches of one step, not settled yet; arrays as in `TransferLog`."""

    reads_ns: Times
    ends_ns: Times
    sent: Pages
    bounds: Times
    positions: Times
    """Position in the round's order after each batch's last page."""
    skipped: Pages
    skipped_ns: Times
    skipped_positions: Times
    final: bool


class TransferLog(Struct):
    """What a transfer has done so far: batches, pages and skips, in order of time."""

    begins_ns: list[Times] = field(default_factory=list)
    ends_ns: list[Times] = field(default_factory=list)
    sizes: list[Times] = field(default_factory=list)
    pages: list[Pages] = field(default_factory=list)
    skipped: list[Pages] = field(default_factory=list)
    skipped_ns: list[Times] = field(default_factory=list)


class Contents:
    """For each page the number of the batch that read what the destination holds; 0: none.

    Kept in the order of visiting, so that a round writes it from one end to the other: in the
    order of pages, Xen's permutation would touch a new cache line with every page.
    """

    def __init__(self, n_pages: int, order: str) -> None:
        """Start with nothing at the destination."""
        self._order = order
        self._batches: Pages = np.zeros(n_pages, np.uint32)

    def read(self, pages: Pages, batches: Pages) -> None:
        """Take note that these batches read these pages."""
        self._batches[visiting_rank(pages, len(self._batches), self._order)] = batches

    def batch_of(self, pages: Pages) -> Pages:
        """Return the batch of each page."""
        return self._batches[visiting_rank(pages, len(self._batches), self._order)]

    def missing(self) -> Pages:
        """Return the pages of which nothing was ever sent."""
        places = np.flatnonzero(self._batches == 0).astype(np.uint32)
        return visiting_order(len(self._batches), self._order)[places]


class Transfer:
    """One round: pages in an order, sent in batches of at most 1024.

    Args:
        order: Page numbers in the order of visiting.
        start_ns: When the first batch may begin.
        log: Dirty log of the running guest; None while the VM is stopped.
        skip: Whether the dirty bitmap is read again before every batch.
        content: Which batch read the contents that the destination holds; written here.
        first_batch: Number of this transfer's first batch.
    """

    def __init__(
        self,
        order: Pages,
        *,
        start_ns: int,
        log: DirtyLog | None,
        skip: bool,
        content: Contents,
        first_batch: int,
    ) -> None:
        self._order, self._position = order, 0
        self._log = log
        self._skip = skip and log is not None
        self._content = content
        self._next_batch = first_batch
        self._plan: Plan | None = None
        self.pace = Pace(start_ns)
        self.record = TransferLog()
        self.n_sent = self.n_skipped = 0

    @property
    def bytes_sent(self) -> int:
        """Return the bytes of all batches that have begun."""
        return self.n_sent * PAGE_WIRE_BYTES

    @property
    def n_zero(self) -> int:
        """Return how many pages were told to be zero instead of being sent."""
        return 0

    @property
    def finished(self) -> bool:
        """Return whether every page was visited (the last batch may be under way)."""
        return self._position >= len(self._order)

    def next_ns(self) -> int:
        """Return when this transfer has to be looked at again: a window's or the round's end."""
        if self._plan is None:
            self._plan = self._make_plan()
        ends = self._plan.ends_ns
        return int(ends[-1]) if len(ends) else self.pace.ready_ns()

    def ended_by(self, t_ns: int) -> bool:
        """Return whether everything has been sent at `t_ns` (after `settle`)."""
        return self.finished and self.pace.ready_ns() <= t_ns

    def replan(self) -> None:
        """Throw the plan away; what was settled stays."""
        self._plan = None

    def set_rate(self, t_ns: int, rate_bps: int) -> None:
        """Go on at another rate from `t_ns` on."""
        self.settle(t_ns)
        self._plan = None
        self.pace.turn(t_ns, rate_bps)
        if self.record.ends_ns and self.pace.bits:
            self.record.ends_ns[-1][-1] = self.pace.ready_ns()

    def _make_plan(self) -> Plan:
        size = WINDOW_PAGES
        while True:
            plan = self._plan_window(self._order[self._position : self._position + size])
            if plan.final or len(plan.ends_ns):
                return plan
            size *= 2

    def _plan_window(self, window: Pages) -> Plan:
        final = self._position + len(window) >= len(self._order)
        pace, n_reads = self.pace, len(window) // BATCH_PAGES + 2
        bits = pace.bits + np.arange(n_reads, dtype=np.int64) * BATCH_BITS
        reads_ns = carried_at(pace.t0_ns, bits, pace.rate_bps)
        skips, batches = self._skips(window, reads_ns)
        sent_mask = np.ones(len(window), np.bool_)
        sent_mask[skips] = False
        at = np.flatnonzero(sent_mask)
        n_batches = -(-len(at) // BATCH_PAGES) if final else len(at) // BATCH_PAGES
        n_sent = len(at) if final else n_batches * BATCH_PAGES
        bounds = np.minimum(np.arange(n_batches + 1, dtype=np.int64) * BATCH_PAGES, n_sent)
        ends = carried_at(pace.t0_ns, pace.bits + bounds[1:] * PAGE_WIRE_BITS, pace.rate_bps)
        inside = slice(None) if final else batches < n_batches
        skipped_ns = reads_ns[batches[inside]]
        if final and n_batches:  # behind the last page sent: they belong to the next batch
            skipped_ns[skips[inside] > at[n_sent - 1]] = ends[-1]
        return Plan(
            reads_ns[:n_batches],
            ends,
            window[at[:n_sent]],
            bounds,
            self._position + at[bounds[1:] - 1] + 1,
            window[skips[inside]],
            skipped_ns,
            self._position + skips[inside] + 1,
            final,
        )

    def _skips(self, window: Pages, reads_ns: Times) -> tuple[Times, Times]:
        """Return the positions in the window that are skipped, and their batches.

        A page's batch follows from how many pages before it were sent, so every pass of this
        iteration settles at least one more page; a few passes are enough.
        """
        nothing = np.empty(0, np.int64)
        if not self._skip or self._log is None:
            return nothing, nothing
        # A guest that writes everything anew before its turn is not asked for hours of writes.
        reach = len(reads_ns) - 1
        while reach > 1 and self._log.n_ahead(int(reads_ns[reach])) > MOST_WRITES:
            reach //= 2
        while True:
            self._log.look_ahead(int(reads_ns[reach]))
            at, batches = self._skips_known(self._log, window, reads_ns)
            # Nothing was read later than what is known: more would change nothing.
            if (len(window) - len(at)) // BATCH_PAGES <= reach:
                return at, batches
            reach = min(2 * reach, len(reads_ns) - 1)

    @staticmethod
    def _skips_known(log: DirtyLog, window: Pages, reads_ns: Times) -> tuple[Times, Times]:
        """Return as `_skips` what is skipped for the writes that are known."""
        at = np.flatnonzero(log.marked[window])
        first = log.first_ns[window[at]]
        skip = np.zeros(len(at), np.bool_)
        while True:
            skips_before: Times = np.cumsum(skip) - skip
            batches = (at - skips_before) // BATCH_PAGES
            again = first <= reads_ns[batches]
            if np.array_equal(again, skip):
                return at[skip], batches[skip]
            skip = again

    def settle(self, t_ns: int) -> None:
        """Take as done what began before `t_ns`; a batch under way keeps its pages."""
        plan = self._plan
        if plan is None:
            return
        n = int(np.searchsorted(plan.reads_ns, t_ns, side="left"))
        end_ns = int(plan.ends_ns[-1]) if len(plan.ends_ns) else self.pace.ready_ns()
        whole = n == len(plan.reads_ns) and t_ns >= end_ns
        upto = int(plan.bounds[n])
        record = self.record
        if n:
            sizes = np.diff(plan.bounds[: n + 1])
            numbers = np.arange(self._next_batch, self._next_batch + n, dtype=np.uint32)
            self._content.read(plan.sent[:upto], np.repeat(numbers, sizes))
            self._next_batch += n
            record.begins_ns.append(plan.reads_ns[:n])
            record.ends_ns.append(plan.ends_ns[:n].copy())
            record.sizes.append(sizes)
            record.pages.append(plan.sent[:upto])
        skips = len(plan.skipped)
        if not whole:
            position = int(plan.positions[n - 1]) if n else self._position
            skips = int(np.searchsorted(plan.skipped_positions, position, side="right"))
        record.skipped.append(plan.skipped[:skips])
        record.skipped_ns.append(plan.skipped_ns[:skips])
        self.n_sent += upto
        self.n_skipped += skips
        self.pace.bits += upto * PAGE_WIRE_BITS
        if whole and plan.final:
            self._position = len(self._order)
        elif n:
            self._position = int(plan.positions[n - 1])
        self._plan = None
