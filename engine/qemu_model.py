"""QEMU's migration of a guest's memory by its own rules, page by page.

There are no rounds: one bitmap, a cursor that goes round, and a read of the dirty log whenever
what is left would fit into the downtime limit at the rate of the last window. Times are ns
since the request; where QEMU computes in whole milliseconds, so does this.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from engine.qemu_guest import GuestLoad, QemuGuest
from engine.qemu_pull import PullingGuest
from engine.qemu_rules import (
    FORCED_READ_MS,
    MOST_ITERATION_MS,
    MS_NS,
    WINDOW_MS,
    ThrottleTrigger,
    next_throttle,
    threshold_bytes,
    window_budget,
)
from engine.qemu_stream import (
    DEVICE_BYTES,
    HEADER_BYTES,
    SECTION_HEAD_BYTES,
    SECTION_TAIL_BYTES,
    XBZRLE_HEADER_BYTES,
    ZERO_PAGE_BYTES,
    Stream,
)
from engine.qemu_terms import BitmapRead, QemuParameters, QemuRun
from engine.qemu_xbzrle import DeltaCache
from engine.specs import PAGE_BYTES

CLOCK_CHECK_PAGES: Final = 64
POLL_NS: Final = 50 * MS_NS
LONGEST_NS: Final = 600 * 1000 * MS_NS
"""A migration without a time limit is given up after so long."""


def migrate(load: GuestLoad, parameters: QemuParameters) -> QemuRun:
    """Return what QEMU makes of a migration of this guest with these parameters."""
    return _Migration(load, parameters).run()


@dataclass
class _Migration:
    load: GuestLoad
    asked: QemuParameters
    reads: list[BitmapRead] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.costs = self.asked.costs
        self.guest = QemuGuest(self.load)
        self.pull: PullingGuest | None = None
        self.held: list[int] = []
        link = self.asked.link_bytes_per_s
        self.stream = Stream(link, counts_flushes=self.asked.counts_flushes)
        cache = self.asked.xbzrle_cache_bytes
        self.deltas = None if cache is None else DeltaCache(cache, self.load.write_bytes)
        n = self.load.n_pages
        self.sent = np.full(n, -1, np.int64)
        self.todo = np.arange(n, dtype=np.int64)
        self.place, self.wrap_at, self.cursor = 0, n, 0
        self.t_ns = self.costs.setup_ns
        self.limit = window_budget(self.asked.max_bandwidth)
        self.threshold = 0
        self.normal = self.zero = self.delta = 0
        self.stopped_ns: int | None = None
        self.downtime_ns: int | None = None
        self.window_ns = self.t_ns
        self.window_from = self.limit_from = 0
        self.throttle = 0
        self.trigger = ThrottleTrigger(self.asked.throttle_trigger, self.t_ms)
        self.forced_ms, self.forced_reads = self.t_ms, 0

    @property
    def t_ms(self) -> int:
        return self.t_ns // MS_NS

    @property
    def left(self) -> int:
        return len(self.todo) - self.place

    def run(self) -> QemuRun:
        self.guest.take_dirty(self.t_ns)
        self.reads.append(BitmapRead(self.t_ns, 0, self.left))
        while True:
            if not self._exceeded():
                if self._cancelled():
                    return self._result("does-not-converge")
                if self._step():
                    return self._result("completed")
            if self._limit_rate():
                return self._result("does-not-converge")

    def _exceeded(self) -> bool:
        if self.limit is None:
            return False
        return self.stream.counted_bytes - self.limit_from > self.limit

    def _cancel_ns(self) -> int:
        limit = self.asked.time_limit_ns
        return LONGEST_NS if limit is None else -(-limit // POLL_NS) * POLL_NS

    def _cancelled(self) -> bool:
        return self.pull is None and self.t_ns >= self._cancel_ns()

    def _step(self) -> bool:
        """Decide, and send an iteration; returns whether the migration is complete."""
        pending = self.left * PAGE_BYTES
        if pending < self.threshold and self.pull is None:
            self._read()
            pending = self.left * PAGE_BYTES
        if not pending or pending < self.threshold:
            self._complete()
            return True
        if self.pull is None and self._postcopy_asked():
            self._start_postcopy()
            return False
        self._iterate()
        return False

    def _postcopy_asked(self) -> bool:
        wanted = self.asked.postcopy_at_read
        if wanted is None or len(self.reads) < wanted:
            return False
        seen_ns = -(-self.reads[max(0, wanted - 1)].t_ns // POLL_NS) * POLL_NS
        return self.t_ns >= seen_ns

    # Reading the dirty log

    def _read(self) -> None:
        """Read the dirty log: what was written joins what is not sent yet."""
        self.t_ns += self.costs.read_ns
        marks = self.guest.take_dirty(self.t_ns)
        rest = self.todo[self.place :]
        before = len(rest)
        marks[rest] = True
        pages = np.flatnonzero(marks)
        first = int(np.searchsorted(pages, self.cursor))
        self.todo = np.concatenate([pages[first:], pages[:first]])
        self.place, self.wrap_at = 0, len(pages) - first
        new = len(pages) - before
        self.reads.append(BitmapRead(self.t_ns, new, len(pages)))
        counted = self.stream.counted_bytes
        fires = self.trigger.read(self.t_ms, new_pages=new, sent_bytes=counted)
        if fires and self.asked.auto_converge:
            self._throttle_more()

    def _throttle_more(self) -> None:
        self.throttle = next_throttle(
            self.throttle,
            initial=self.asked.throttle_initial,
            increment=self.asked.throttle_increment,
            most=self.asked.throttle_most,
        )
        self.guest.throttle(self.t_ns, self.throttle)

    def _read_if_overdue(self) -> None:
        """Auto-converge forces a read where none was made for five seconds."""
        due_ms = self.forced_ms + FORCED_READ_MS
        if not self.asked.auto_converge or self.pull is not None or self.t_ms < due_ms:
            return
        if len(self.reads) > 1 and len(self.reads) == self.forced_reads:
            self._read()
        self.forced_ms, self.forced_reads = self.t_ms, len(self.reads)

    # Sending

    def _iterate(self) -> None:
        """Send until the window's bytes, 50 ms or the pages are used up."""
        begin_ns, sent = self.t_ns, 0
        self.t_ns = self.stream.put_copied(SECTION_HEAD_BYTES, self.t_ns)
        while not self._exceeded():
            if sent % CLOCK_CHECK_PAGES == 0:
                self._advance_guest()
            page = self._next_page()
            if page is None:
                break
            self._send(page)
            over = (self.t_ns - begin_ns) // MS_NS > MOST_ITERATION_MS
            if sent % CLOCK_CHECK_PAGES == 0 and (over or self._cancelled()):
                break
            sent += 1
        self.t_ns = self.stream.put_copied(SECTION_TAIL_BYTES, self.t_ns)
        self._flush()

    def _flush(self) -> None:
        self.t_ns = self.stream.flush(self.t_ns)
        self._deliver()

    def _deliver(self) -> None:
        """Let the pages of the last flush arrive at a guest that waits for them."""
        if self.pull is None:
            return
        arrival_ns = self.stream.arrival_ns(self.t_ns)
        for page in self.held:
            self.pull.arrive(page, arrival_ns)
        self.held.clear()

    def _advance_guest(self) -> None:
        if self.pull is None:
            self.guest.advance(self.t_ns)

    def _next_page(self) -> int | None:
        """Return the next page in the cursor's order, and take its mark away."""
        if self.pull is not None:
            self.pull.run_until(self.t_ns)
            return self.pull.next_page()
        if self.place >= self.wrap_at and self.deltas is not None:
            self.deltas.started = True
        if self.place >= len(self.todo):
            return None
        page = int(self.todo[self.place])
        self.place += 1
        self.cursor = page + 1
        return page

    def _send(self, page: int) -> None:
        """Put one page into the stream in the cheapest form that QEMU has for it."""
        version, flushed = int(self.guest.versions[page]), self.stream.flushed_bytes
        first = self.sent[page] < 0
        if self.pull is not None:
            self.place += 1
        if not self.guest.in_use[page]:
            self.t_ns += self._page_ns(self.costs.zero_page_ns)
            self.t_ns = self.stream.put_copied(ZERO_PAGE_BYTES, self.t_ns)
            self.zero += 1
        elif not self._send_delta(page, version):
            self.t_ns += self._page_ns(self.costs.page_ns)
            slower_ppm = self.costs.first_arrival_ppm if first else 0
            if self.deltas is not None and self.deltas.started and self.stopped_ns is None:
                self.t_ns = self.stream.put_copied(HEADER_BYTES + PAGE_BYTES, self.t_ns)
            else:
                self.t_ns = self.stream.put_page(self.t_ns, slower_ppm)
            self.normal += 1
        self.sent[page] = version
        if self.pull is not None:
            self.held.append(page)
            if self.stream.flushed_bytes > flushed:
                self._deliver()

    def _page_ns(self, live_ns: int) -> int:
        if self.pull is not None:
            return min(live_ns, self.costs.pulled_page_ns)
        return live_ns if self.stopped_ns is None else min(live_ns, self.costs.last_page_ns)

    def _send_delta(self, page: int, version: int) -> bool:
        """Return whether XBZRLE's cache had the page, and its change was sent."""
        if self.deltas is None or not self.deltas.started or self.pull is not None:
            return False
        last = self.stopped_ns is not None
        size = self.deltas.delta_bytes(page, version, len(self.reads), last=last)
        if size is None:
            return False
        self.t_ns += self.costs.delta_ns
        self.delta += 1
        if size:
            n_bytes = HEADER_BYTES + XBZRLE_HEADER_BYTES + size
            self.t_ns = self.stream.put_copied(n_bytes, self.t_ns)
        return True

    # Windows

    def _limit_rate(self) -> bool:
        """Close a window that is over, or sleep until it is; returns whether cancelled then."""
        self._close_window()
        self._read_if_overdue()
        if not self._exceeded():
            return False
        wake_ns = self.window_ns + WINDOW_MS * MS_NS
        if self.pull is None and wake_ns > self._cancel_ns():
            return True
        for t_ns in self._requests_until(wake_ns):
            self.t_ns = max(self.t_ns, t_ns)
            page = self.pull.next_page() if self.pull else None
            if page is not None:
                self._send(page)
                self._flush()
        if wake_ns > self.t_ns:
            self.t_ns = wake_ns + self.costs.wake_ns
        return False

    def _requests_until(self, wake_ns: int) -> Iterator[int]:
        """Yield the instants before `wake_ns` at which the guest asks for a page."""
        while self.pull is not None and self.t_ns < wake_ns:
            self.pull.run_until(wake_ns)
            if not self.pull.asked:
                return
            yield self.pull.asked_ns

    def _close_window(self) -> None:
        """Every 100 ms: the bandwidth of the window, and with it the threshold."""
        spent_ms = (self.t_ns - self.window_ns) // MS_NS
        if spent_ms < WINDOW_MS:
            return
        counted = self.stream.counted_bytes
        moved = counted - self.window_from
        self.threshold = threshold_bytes(
            moved,
            spent_ms,
            downtime_limit_ms=self.asked.downtime_limit_ms,
            switchover_bandwidth=self.asked.switchover_bandwidth,
        )
        self.window_ns, self.window_from, self.limit_from = self.t_ns, counted, counted

    # The end

    def _stop(self) -> None:
        """Stop the machine, lift the limit and read the log for the last time."""
        self.stopped_ns = self.t_ns
        self.guest.stop(self.t_ns)
        self._read()
        self.limit = None

    def _complete(self) -> None:
        if self.pull is None:
            self._stop()
            self.t_ns += self.costs.switch_ns
        while (page := self._next_page()) is not None:
            self._send(page)
        if self.pull is None:
            self.t_ns = self.stream.put_copied(DEVICE_BYTES, self.t_ns)
        self._flush()
        if self.downtime_ns is None and self.stopped_ns is not None:
            self.downtime_ns = self.t_ns - self.stopped_ns
        if self.pull is not None:
            self.pull.run_until(self.stream.arrival_ns(self.t_ns))

    def _start_postcopy(self) -> None:
        """Stop, send the state, start the guest at the other side; what is left is pulled."""
        self._stop()
        self.t_ns = self.stream.flush(self.stream.put_copied(DEVICE_BYTES, self.t_ns))
        self.t_ns += self.costs.switch_ns
        resumed_ns = self.stream.arrival_ns(self.t_ns)
        assert self.stopped_ns is not None
        self.downtime_ns = resumed_ns - self.stopped_ns
        missing = np.zeros(self.load.n_pages, np.bool_)
        missing[self.todo[self.place :]] = True
        self.pull = PullingGuest(self.guest, missing, resumed_ns)
        self.limit = window_budget(self.asked.postcopy_bandwidth)
        self.limit_from = self.stream.counted_bytes

    def _result(self, outcome: str) -> QemuRun:
        done = outcome == "completed"
        stale = np.count_nonzero(self.sent != self.guest.versions) if done else 0
        return QemuRun(
            outcome=outcome,
            total_ns=self.t_ns if done else self._cancel_ns(),
            downtime_ns=self.downtime_ns if done else None,
            bytes_sent=self.stream.put_bytes,
            reads=tuple(self.reads),
            normal_pages=self.normal,
            zero_pages=self.zero,
            delta_pages=self.delta,
            throttle_percent=self.throttle,
            faults=self.pull.faults if self.pull else 0,
            stall_ns=self.pull.stall_ns if self.pull else 0,
            stale_pages=int(stale),
        )
