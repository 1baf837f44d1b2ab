"""Pull: the destination runs, missing pages are pushed in order and pulled on faults.

Pages go one at a time; a request that has reached the source goes next, and may change the order
of the rest (see `engine.push_order`). A vCPU that writes a page which is not there stands still,
and with it the guest time of its writers.

All of it is told in units: pages of the host, which are one page of the guest or many (2 MiB).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.memory import NEVER
from engine.push_order import PushOrder
from engine.states import PageState
from engine.transfer import PAGE_WIRE_BITS, SECOND_NS, Pace, carried_after, carried_at
from engine.workload import GuestClock, WriterTimeline

Times = npt.NDArray[np.int64]
Pages = npt.NDArray[np.uint32]

CHUNK_NS: Final = 20_000_000
CHUNK_GROWTH: Final = 4
LOOK_NS: Final = 100_000_000
"""How far is looked ahead for a fault while nothing is on its way."""


class VcpuWrites:
    """The writes of one vCPU in order of guest time, read ahead in chunks."""

    def __init__(
        self, clock: GuestClock, writers: list[WriterTimeline], unit_pages: int = 1
    ) -> None:
        """Know nothing yet; see `begin`. Pages are told in units of so many."""
        self.clock = clock
        self._writers, self._unit_pages = writers, unit_pages
        self._known_ns = 0
        self._chunk_ns = CHUNK_NS
        self.pages: Pages = np.empty(0, np.uint32)
        self.guest_ns: Times = np.empty(0, np.int64)
        self.at = 0

    def begin(self, guest_ns: int) -> None:
        """Forget everything read ahead; the next write is the first after `guest_ns`."""
        self._known_ns, self.at = guest_ns, 0
        self.pages, self.guest_ns = np.empty(0, np.uint32), np.empty(0, np.int64)

    @property
    def writes_at_all(self) -> bool:
        """Return whether this vCPU has writers."""
        return bool(self._writers)

    def refill(self, until_ns: int) -> bool:
        """Read the next chunk; False when nothing is known up to guest time `until_ns`."""
        while self.at >= len(self.pages):
            if self._known_ns >= until_ns:
                return False
            to_ns = self._known_ns + self._chunk_ns
            parts = [w.writes_between(self._known_ns, to_ns) for w in self._writers]
            pages = np.concatenate([p for p, _ in parts])
            times = np.concatenate([t for _, t in parts])
            order = np.argsort(times, kind="stable")
            # Units of one page keep their array: this is where a pull spends its time.
            units = pages if self._unit_pages == 1 else pages // np.uint32(self._unit_pages)
            self.pages, self.guest_ns, self.at = units[order], times[order], 0
            self._known_ns = to_ns
            if len(pages) < 512:
                self._chunk_ns *= CHUNK_GROWTH
        return True


class Pull:
    """The pull phase of one migration.

    Args:
        n_units: Units of the VM.
        missing: Units to bring, ascending.
        order: The same units, in the order of pushing.
        start_ns: When the VM resumed.
        latency_ns: One way.
        vcpus: Writes of every vCPU in units, begun at the resume.
        send_buffer_bytes: What was handed to the link already and still goes before a request.
        unit_pages: Pages in a unit, which goes and arrives as one.
        background_bps: The most that is sent while nothing was asked for; None: all it gets.
    """

    def __init__(
        self,
        n_units: int,
        missing: Pages,
        *,
        order: PushOrder,
        start_ns: int,
        latency_ns: int,
        vcpus: list[VcpuWrites],
        send_buffer_bytes: int = 0,
        unit_pages: int = 1,
        background_bps: int | None = None,
    ) -> None:
        self._full_buffer_bits = self._buffer_bits = send_buffer_bytes * 8
        self.unit_pages, self._unit_bits = unit_pages, unit_pages * PAGE_WIRE_BITS
        self._background_bps = background_bps
        self._serves = False
        """Whether a unit that was asked for is under way or waits: the limit does not hold."""
        self._latency_ns = latency_ns
        self._order = order
        self.paused = False
        self.arrive_ns: Times = np.zeros(n_units, np.int64)
        self.arrive_ns[missing] = NEVER
        self._vcpus = vcpus
        self._waiting: dict[int, tuple[int, int]] = {}
        self._requests: list[int] = []  # have reached the source
        self._travelling: list[tuple[int, int]] = []  # (reaches the source, page)
        self._asked: set[int] = set()
        self.pace = Pace(start_ns)
        self.stalls: list[tuple[int, int, int]] = []  # (since, how long, which vCPU)
        self._n_faulted = 0
        self._pages: list[Pages] = []
        self._begins: list[Times] = []
        self._arrivals: list[Times] = []
        self._states: list[npt.NDArray[np.uint8]] = []

    @property
    def n_left(self) -> int:
        """Return how many pages have not been sent."""
        return self._n_left * self.unit_pages

    @property
    def _n_left(self) -> int:
        return len(self._order) + len(self._requests)

    @property
    def n_faulted(self) -> int:
        """Return how many pages were sent because they, or a neighbour, were asked for."""
        return self._n_faulted * self.unit_pages

    @property
    def own_limit_bps(self) -> int | None:
        """Return the most that it wants now: pushed pages alone may be held back."""
        return None if self._serves else self._background_bps

    @property
    def lingers(self) -> bool:
        """Return whether it ends only if the guest or an operator lets it."""
        return self.paused or (not self._order.pushes and self._n_left > 0)

    @property
    def _n_sendable(self) -> int:
        """Return how many units would be sent if nothing else happened."""
        return self._n_left if self._order.pushes else len(self._requests)

    @property
    def n_sent(self) -> int:
        """Return how many pages have been sent, those under way included."""
        return sum(len(p) for p in self._pages) * self.unit_pages

    def _ready_ns(self) -> int:
        """Return when the page under way has been carried."""
        if self.pace.bits == 0:
            return self.pace.t0_ns
        return NEVER - self._latency_ns if self.pace.rate_bps == 0 else self.pace.ready_ns()

    def last_arrival_ns(self) -> int:
        """Return when the last page sent is there."""
        return int(self._arrivals[-1][-1]) if self._arrivals else self.pace.t0_ns

    def finished_by(self, t_ns: int) -> bool:
        """Return whether everything is there at `t_ns`."""
        return self._n_left == 0 and self.last_arrival_ns() <= t_ns

    def set_rate(self, t_ns: int, rate_bps: int) -> None:
        """Go on at another rate; what is on its way arrives accordingly."""
        self._send_before(t_ns)
        self.pace.turn(t_ns, rate_bps)
        if self._background_bps is not None and not self._serves:
            # Held back, pages do not wait for the link; they do where the link is slower still.
            held_back = rate_bps >= self._background_bps
            self._buffer_bits = 0 if held_back else self._full_buffer_bits
        if self._arrivals and self.pace.bits:
            self._time_anew(t_ns)

    def _time_anew(self, t_ns: int) -> None:
        """Find when the page under way, and those that wait behind it, are there now."""
        self._join()
        arrivals, begins = self._arrivals[0], self._begins[0]
        n = -(-self.pace.bits // self._unit_bits)
        if self.pace.rate_bps == 0:
            ends = np.full(n, NEVER - self._latency_ns, np.int64)
        else:
            behind = np.arange(n - 1, -1, -1, dtype=np.int64) * self._unit_bits
            ends = carried_at(t_ns, self.pace.bits - behind, self.pace.rate_bps)
        arrivals[-n:] = ends + self._latency_ns
        begins[len(begins) - n + 1 :] = ends[:-1]
        self.arrive_ns[self._pages[0][-n:]] = arrivals[-n:]

    def _join(self) -> None:
        """Keep what was sent in one array each, which may be changed."""
        self._pages = [np.concatenate(self._pages)]
        self._begins = [np.concatenate(self._begins)]
        self._arrivals = [np.concatenate(self._arrivals)]
        self._states = [np.concatenate(self._states)]

    def writers_changed(self, t_ns: int) -> None:
        """Read the guest's writes anew from `t_ns` on."""
        for i, vcpu in enumerate(self._vcpus):
            guest_ns = vcpu.clock.guest_at(t_ns)
            if i in self._waiting:  # the write that waits is made anew when its page is there
                vcpu.begin(guest_ns - 1)
                vcpu.refill(guest_ns)
            else:
                vcpu.begin(guest_ns)

    def on_wire_at(self, t_ns: int) -> bool:
        """Return whether the link still carries pages at `t_ns`; the last arrive later."""
        if self.paused:
            return False
        return self._n_sendable > 0 or (self.pace.bits > 0 and self._ready_ns() > t_ns)

    def pause(self, t_ns: int) -> None:
        """Send nothing from `t_ns` on: the link is down."""
        self.set_rate(t_ns, 0)
        self.paused = True

    def recover(self) -> None:
        """Go on where it was; the rate follows."""
        self.paused = False

    def settle(self, t_ns: int) -> None:
        """Take as sent what began before `t_ns`."""
        self._send_before(t_ns)

    def close(self, t_ns: int) -> None:
        """End here: what began before `t_ns` was sent, what still waits for the link was not."""
        self._send_before(t_ns)
        if not self._buffer_bits or not self._pages:
            return
        self._join()
        begun = int(np.searchsorted(self._begins[0], t_ns, side="left"))
        self._pages[0] = self._pages[0][:begun]
        self._begins[0] = self._begins[0][:begun]
        self._arrivals[0] = self._arrivals[0][:begun]
        self._states[0] = self._states[0][:begun]

    def _send_before(self, t_ns: int) -> None:
        """Send what begins before `t_ns`: requests first, then the next pages in order."""
        pace = self.pace
        if pace.rate_bps == 0:
            return
        through = (t_ns - 1 - pace.t0_ns) * pace.rate_bps // SECOND_NS + self._buffer_bits
        count = (through - pace.bits) // self._unit_bits + 1 if through >= pace.bits else 0
        count = min(count, self._n_sendable)
        if count <= 0:
            return
        asked = min(count, len(self._requests))
        pushed = count - asked
        pages = np.concatenate(
            [np.array(self._requests[:asked], np.uint32), self._order.take(pushed)]
        )
        states = np.full(count, PageState.PUSHED, np.uint8)
        states[:asked] = PageState.PULLED
        del self._requests[:asked]
        bits = pace.bits + np.arange(count + 1, dtype=np.int64) * self._unit_bits
        edges = carried_at(pace.t0_ns, bits, pace.rate_bps)
        arrivals = edges[1:] + self._latency_ns
        self.arrive_ns[pages] = arrivals
        self._pages.append(pages)
        self._begins.append(edges[:-1])
        self._arrivals.append(arrivals)
        self._states.append(states)
        self._n_faulted += asked
        pace.bits += count * self._unit_bits

    def _planned_ns(self, page: int) -> int:
        """Return when a page is there if nobody asks for another one."""
        known = int(self.arrive_ns[page])
        if known != NEVER or self.paused or self.pace.rate_bps == 0:
            return known
        if page in self._asked and page in self._requests:
            ahead = self._requests.index(page) + 1
        elif self._order.pushes:
            ahead = len(self._requests) + 1 + self._order.ahead_of(page)
        else:
            return NEVER
        bits = self.pace.bits + ahead * self._unit_bits
        ready = self.pace.t0_ns - (-bits * SECOND_NS // self.pace.rate_bps)
        return ready + self._latency_ns

    def _next_fault(self, vcpu: VcpuWrites, t_ns: int, horizon_ns: int) -> int | None:
        """Return when a vCPU next writes a page that is not there, under the present plan.

        Without one in the chunk that is read ahead, the end of the chunk: look again there.
        """
        if not vcpu.writes_at_all:
            return None
        offset = vcpu.clock.scenario_offset()
        while True:
            made = int(np.searchsorted(vcpu.guest_ns, t_ns - offset, side="right"))
            vcpu.at = max(vcpu.at, made)
            if vcpu.at < len(vcpu.pages):
                break
            if not vcpu.refill(horizon_ns - offset):
                return None
        pages, when_ns = vcpu.pages[vcpu.at :], vcpu.guest_ns[vcpu.at :] + offset
        for i in np.flatnonzero(self.arrive_ns[pages] > when_ns):
            if self._planned_ns(int(pages[i])) > int(when_ns[i]):
                return int(when_ns[i])
        return int(when_ns[-1])  # nothing here; look again at the end of the chunk

    def next_ns(self, t_ns: int) -> int:
        """Return the next instant at which anything may be decided."""
        if self.paused or self.pace.rate_bps == 0:
            carried = end = t_ns + LOOK_NS
        elif self._n_sendable:
            bits = self.pace.bits + self._n_sendable * self._unit_bits
            carried = self.pace.t0_ns - (-bits * SECOND_NS // self.pace.rate_bps)
            end = carried + self._latency_ns
        else:
            carried, end = self._ready_ns(), self.last_arrival_ns()
            if self._n_left and end <= t_ns:  # nothing comes by itself
                end = t_ns + LOOK_NS
        soonest = end + (self._latency_ns if self._travelling else 0)
        if carried > t_ns:
            soonest = min(soonest, carried)
        if self._background_bps is not None and self._serves and not self.paused:
            soonest = min(soonest, self._served_ns())
        for when, _ in self._travelling:
            soonest = min(soonest, when)
        for _, page in self._waiting.values():
            soonest = min(soonest, self._planned_ns(page))
        for i, vcpu in enumerate(self._vcpus):
            if i not in self._waiting:
                fault = self._next_fault(vcpu, t_ns, end)
                if fault is not None:
                    soonest = min(soonest, fault)
        return max(soonest, t_ns)

    def _served_ns(self) -> int:
        """Return when the last unit that was asked for has been carried."""
        bits = self.pace.bits + len(self._requests) * self._unit_bits
        if self.pace.rate_bps == 0:
            return NEVER - self._latency_ns
        return carried_after(self.pace.t0_ns, bits, self.pace.rate_bps)

    def step(self, t_ns: int) -> int:
        """Do everything that is due at `t_ns` and return how many vCPUs have just stopped."""
        self._send_before(t_ns)
        self._receive_requests(t_ns)
        if self._background_bps is not None:
            pulled = bool(self._states) and self._states[-1][-1] == PageState.PULLED
            self._serves = bool(self._requests) or (pulled and self._ready_ns() > t_ns)
        self._wake(t_ns)
        return self._stall(t_ns)

    def _receive_requests(self, t_ns: int) -> None:
        due = [page for when, page in self._travelling if when <= t_ns]
        self._travelling = [(w, p) for w, p in self._travelling if w > t_ns]
        for page in due:
            if int(self.arrive_ns[page]) == NEVER and page not in self._requests:
                if not self.paused and not self._n_sendable and self._ready_ns() <= t_ns:
                    self.pace.turn(t_ns, self.pace.rate_bps)  # the link has been idle
                self._requests.append(page)
                self._order.request(page)

    def _wake(self, t_ns: int) -> None:
        for i, (since, page) in list(self._waiting.items()):
            if int(self.arrive_ns[page]) <= t_ns:
                del self._waiting[i]
                self._vcpus[i].clock.set_running(t_ns, True)
                self.stalls.append((since, t_ns - since, i))

    def _stall(self, t_ns: int) -> int:
        stopped = 0
        for i, vcpu in enumerate(self._vcpus):
            if i in self._waiting or not len(vcpu.pages):
                continue
            guest = vcpu.clock.guest_at(t_ns)
            vcpu.at = max(vcpu.at, int(np.searchsorted(vcpu.guest_ns, guest, side="left")))
            while vcpu.at < len(vcpu.pages) and int(vcpu.guest_ns[vcpu.at]) == guest:
                page = int(vcpu.pages[vcpu.at])
                if int(self.arrive_ns[page]) > t_ns:
                    self._wait_for(i, page, t_ns)
                    stopped += 1
                    break
                vcpu.at += 1
        return stopped

    def _wait_for(self, i: int, page: int, t_ns: int) -> None:
        self._waiting[i] = (t_ns, page)
        self._vcpus[i].clock.set_running(t_ns, False)
        if int(self.arrive_ns[page]) == NEVER and page not in self._asked:
            self._asked.add(page)
            self._travelling.append((t_ns + self._latency_ns, page))

    def arrived(self) -> tuple[Times, Times, Pages, npt.NDArray[np.uint8]]:
        """Return begins, arrivals, pages and states of everything sent, in order."""
        size = self.unit_pages
        units = np.concatenate([np.empty(0, np.uint32), *self._pages])
        inside = np.tile(np.arange(size, dtype=np.uint32), len(units))
        return (
            np.repeat(np.concatenate([np.empty(0, np.int64), *self._begins]), size),
            np.repeat(np.concatenate([np.empty(0, np.int64), *self._arrivals]), size),
            np.repeat(units * np.uint32(size), size) + inside,
            np.repeat(np.concatenate([np.empty(0, np.uint8), *self._states]), size),
        )
