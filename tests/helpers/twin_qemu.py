"""The twin's pre-copy of QEMU: one bitmap as a set, a cursor, one page after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.states import PageState

if TYPE_CHECKING:
    from tests.helpers.twin_migration import TwinMigration

MS = 10**6
PAGE = 4096
DEFAULTS: dict[str, Any] = {
    "downtime_limit": 300,
    "max_bandwidth": 128 * 2**20,
    "avail_switchover_bandwidth": 0,
    "clearing": "late",
    "clear_bitmap_shift": 18,
    "auto_converge": False,
    "throttle_trigger_threshold": 50,
    "cpu_throttle_initial": 20,
    "cpu_throttle_increment": 10,
    "max_cpu_throttle": 99,
    "dirty_limit": False,
    "vcpu_dirty_limit": 1,
    "vcpu_dirty_limit_period": 1000,
    "dirty_ring_size": 4096,
    "xbzrle": False,
    "xbzrle_cache_size": 64 * 2**20,
    "xbzrle_write_bytes": 8,
}


class TwinQemu:
    """What one migration does by QEMU's rules, from log-dirty on."""

    def __init__(self, migration: TwinMigration) -> None:
        """Every page is marked; the first read of the bitmap is this instant."""
        m = self.m = migration
        self.start = m.twin.now
        self.zero_at_first = {p for p, s in enumerate(m.base) if s is PageState.FREE}
        m.there.clear()  # that a page is zero has to be told
        self.marked = set(range(m.vm.n_pages))  # and not sent yet
        self.cursor = 0
        self.kernel = set(self.marked) if self.late() else set()
        self.found = set(self.kernel)  # by the newest read
        self.cleared: set[int] = set()  # chunks, since the newest read
        self.written_in_part: set[int] = set()
        # The window, and what was sent.
        self.window_begin, self.in_window, self.threshold = self.start, 0, 0
        self.sent_bytes = 0
        self.part_begin, self.first_of_part = self.start, False
        self.zero: set[int] = set()
        self.versions: list[int] = []
        self.under_way = False
        self.buffer_bytes = 0
        self.markers: list[int] = []
        self.marks_sent = 0
        # Holding the guest back.
        self.reads = 1
        self.period_begin_ms, self.period_pages, self.period_bytes, self.bad = 0, 0, 0, 0
        self.percent = 0
        self.looked_ms, self.looked_reads = 0, 0
        self.limited = False
        self.highest = 0
        self.sleeps = [0] * m.vm.spec.vcpus
        self.period_writes: list[tuple[int, int, int]] = []  # (when, vCPU, page)
        self.forced = 0
        # XBZRLE.
        self.passed_end = False
        self.cache: dict[int, tuple[int, int, int]] = {}
        self.deltas = 0
        self.open_stretch()

    def value(self, name: str) -> Any:
        """Return a parameter of QEMU, or its default."""
        return self.m.given.get(name, DEFAULTS[name])

    def late(self) -> bool:
        """Return whether marks are cleared chunk by chunk before sending."""
        return bool(self.value("clearing") == "late")

    def now_ms(self) -> int:
        """Return whole milliseconds since log-dirty on."""
        return (self.m.twin.now - self.start) // MS

    def left_bytes(self) -> int:
        """Return what is left, as the test counts it: also a zero page is a page."""
        return len(self.marked) * PAGE

    # Reading the bitmap.

    def written(self, page: int, vcpu: int) -> None:
        """Note a write of the running guest."""
        self.kernel.add(page)
        self.written_in_part.add(page)
        self.period_writes.append((self.m.twin.now, vcpu, page))

    def n_new(self) -> int:
        """Return how many pages a read would mark that are not marked already."""
        return len(self.kernel - self.marked) if self.m.live else 0

    def read(self) -> None:
        """Read the bitmap: the stretch is over."""
        new = self.n_new()
        self.m.close_round()
        if not any(page >= self.cursor for page in self.marked):
            self.passed_end = True
        self.found = set(self.kernel)
        self.marked |= self.kernel
        self.cleared = set()
        if not self.late():
            self.kernel = set()
        self.m.dirty = {}
        self.reads += 1
        self.period_pages += new
        if self.now_ms() > self.period_begin_ms + 1000:
            self.period_over()

    def open_stretch(self) -> None:
        """Count what is sent from now on as a round of its own."""
        m = self.m
        m.live, m.in_round, m.clean_ns, m.sent = True, True, m.twin.now, 0
        m.number += 1
        limits = [x for x in (m.rate_limit, self.value("max_bandwidth") * 8) if x]
        m.limit = min(limits, default=None)
        self.costs_paid = False

    def last_read(self) -> None:
        """The VM has just been suspended: the last read, and the rest without a limit."""
        m = self.m
        self.read()
        m.live, m.clean_ns, m.sent = False, m.twin.now, 0
        m.to_send = self.marked
        self.begin_part()
        m.after(m.twin.spec.stages.suspend_ns, m.open_round)

    # The loop.

    def decide(self) -> None:
        """Stop the VM if what is left fits into the downtime limit, else send."""
        if self.left_bytes() < self.threshold:
            self.read()
            self.open_stretch()
        if not self.marked or self.left_bytes() < self.threshold:
            self.m.decide_to_stop("downtime-limit")
        elif not self.costs_paid:
            self.costs_paid = True
            self.m.after(self.m.twin.spec.stages.round_ns, self.send_part)
        else:
            self.send_part()

    def begin_part(self) -> None:
        """Look at what is zero and what has changed, for all that this part sends."""
        self.part_begin, self.first_of_part = self.m.twin.now, True
        self.versions = list(self.m.vm.version)
        self.zero = {p for p in self.zero_at_first if self.versions[p] == 0}
        self.written_in_part = set()

    def send_part(self) -> None:
        """Send buffers until something ends the part."""
        self.begin_part()
        self.m.start_sending()
        self.m.next_batch()

    def over(self) -> bool:
        """Return whether no further buffer begins now."""
        if not self.marked:
            return True
        if not self.m.live or self.first_of_part:
            return False
        late = self.m.twin.now - self.part_begin >= 51 * MS
        return late or self.budget_spent()

    def budget_spent(self) -> bool:
        """Return whether the window has had more than its bytes."""
        budget: int = self.value("max_bandwidth") // 10
        return budget > 0 and self.in_window > budget

    def next_buffer(self) -> None:
        """Fill a buffer with the next pages, or end the part."""
        m = self.m
        if self.over():
            m.after(0, self.part_over if m.live else m.copied)
            return
        self.first_of_part = False
        self.buffer_bytes = copied = whole = 0
        m.batch, self.markers = [], []
        while self.marked and whole < 32 and copied < 32768:
            page = self.next_page()
            cost = 9
            if page in self.zero:
                self.markers.append(page)
            else:
                m.batch.append((page, m.vm.version[page]))
                m.put(page, PageState.IN_FLIGHT)
                delta = self.delta_cost(page)
                cost = 8 if delta is None else delta
                if delta is None:
                    whole += 1
                    self.buffer_bytes += PAGE
            copied += cost
            self.buffer_bytes += cost
        self.under_way = True
        m.sender.follow(self.buffer_bytes * 8)

    def next_page(self) -> int:
        """Take the next marked page from the cursor on, going round at the end."""
        page = self.cursor
        while page not in self.marked:
            page += 1
            if page >= self.m.vm.n_pages:
                page = 0
                self.passed_end |= self.m.live
        self.marked.remove(page)
        self.cursor = page + 1
        chunk = page >> self.value("clear_bitmap_shift")
        if self.late() and chunk not in self.cleared:
            self.cleared.add(chunk)
            for other in self.found:
                same = other >> self.value("clear_bitmap_shift") == chunk
                if same and other not in self.written_in_part:
                    self.kernel.discard(other)
        return page

    def buffer_through(self) -> None:
        """The link has carried a buffer."""
        self.under_way = False
        for page in self.markers:
            self.m.there[page] = 0
        self.marks_sent += len(self.markers)
        self.in_window += self.buffer_bytes
        self.sent_bytes += self.buffer_bytes

    def part_over(self) -> None:
        """Sleep until the window's end if its bytes are spent."""
        self.m.stop_sending()
        self.look_at_clocks()
        if self.budget_spent():
            self.m.after(self.window_begin + 100 * MS - self.m.twin.now, self.wake)
        else:
            self.decide()

    def wake(self) -> None:
        """The window is over."""
        self.look_at_clocks()
        self.decide()

    def look_at_clocks(self) -> None:
        """End the window after 100 ms, and force a read that is overdue."""
        now = self.m.twin.now
        spent = (now - self.window_begin) // MS
        if spent >= 100:
            given = self.value("avail_switchover_bandwidth")
            limit = self.value("downtime_limit")
            self.threshold = given * limit // 1000 if given else self.in_window * limit // spent
            self.window_begin, self.in_window = now, 0
        if self.value("auto_converge") and self.now_ms() >= self.looked_ms + 5000:
            if self.reads > 1 and self.reads == self.looked_reads:
                self.read()
                self.open_stretch()
                self.forced += 1
            self.looked_ms, self.looked_reads = self.now_ms(), self.reads

    # Holding the guest back.

    def period_over(self) -> None:
        """More than a second has passed: was too much dirtied, the second time?"""
        allowed = (
            (self.sent_bytes - self.period_bytes) * self.value("throttle_trigger_threshold") // 100
        )
        if self.period_pages * PAGE > allowed:
            self.bad += 1
            if self.bad == 2:
                self.bad = 0
                self.hold_back()
        self.period_begin_ms, self.period_bytes = self.now_ms(), self.sent_bytes
        self.period_pages = 0

    def hold_back(self) -> None:
        """Slow the guest, if it still runs and QEMU may."""
        brownout = self.m.brownout
        if brownout is None or not brownout.on:
            return
        if self.value("auto_converge"):
            first = self.percent == 0
            step = self.value("cpu_throttle_initial" if first else "cpu_throttle_increment")
            self.percent = min(self.value("max_cpu_throttle"), self.percent + step)
            brownout.hold_back([10 * (100 - self.percent)] * self.m.vm.spec.vcpus)
        elif self.value("dirty_limit") and not self.limited:
            self.limited = True
            self.m.after(self.value("vcpu_dirty_limit_period") * MS, self.limit_vcpus)

    def limit_vcpus(self) -> None:
        """Measure the vCPUs, and let those that write too much sleep longer."""
        brownout = self.m.brownout
        if brownout is None or not brownout.on:
            return
        now, period = self.m.twin.now, self.value("vcpu_dirty_limit_period")
        rates = []
        for vcpu in range(self.m.vm.spec.vcpus):
            pages = {
                p for t, v, p in self.period_writes if v == vcpu and now - period * MS < t <= now
            }
            rates.append(len(pages) * PAGE * 1000 // (2**20 * period))
        self.highest = max([self.highest, *rates])
        if self.highest:
            ring = self.value("dirty_ring_size") * PAGE * 10**6 // (2**20 * self.highest)
            for vcpu, rate in enumerate(rates):
                self.sleeps[vcpu] = self.next_sleep(self.sleeps[vcpu], rate, ring)
            brownout.hold_back([max(1, 1000 * ring // (ring + s)) for s in self.sleeps])
        self.m.after(period * MS, self.limit_vcpus)

    def next_sleep(self, sleep: int, rate: int, ring: int) -> int:
        """Return how long a vCPU sleeps at each full ring from now on."""
        quota: int = self.value("vcpu_dirty_limit")
        gap, most = abs(rate - quota), max(rate, quota)
        if gap <= 25:
            return sleep
        change = ring * gap // max(1, min(rate, quota)) if 100 * gap > 50 * most else ring // 10
        return min(99 * ring, max(0, sleep + change if rate > quota else sleep - change))

    # XBZRLE.

    def delta_cost(self, page: int) -> int | None:
        """Return the bytes of a change or of a copied page; None: sent by reference."""
        if not self.value("xbzrle") or not self.passed_end:
            return None
        slots = 1
        while slots * 2 * PAGE <= self.value("xbzrle_cache_size"):
            slots *= 2
        slot, version = page % slots, self.versions[page]
        kept, last = self.cache.get(slot), not self.m.live
        whole = None if last else 8 + PAGE
        if kept is None or kept[0] != page:
            if not last and (kept is None or kept[2] + 2 <= self.reads):
                self.cache[slot] = (page, version, self.reads)
            return whole
        size = self.delta_bytes(version - kept[1])
        if size == 0:
            self.deltas += 1
            return 0
        if not last:
            self.cache[slot] = (page, version, self.reads)
        if size > PAGE:
            return whole
        self.deltas += 1
        return 8 + 3 + size

    def delta_bytes(self, writes: int) -> int:
        """Return the length of the runs that some writes left."""
        word: int = self.value("xbzrle_write_bytes")
        run = (3 if word < 128 else 4) + word
        return min(writes, PAGE // word) * run
