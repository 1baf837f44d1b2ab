"""What guests write: a pure function of (seed, VM, writer, guest time).

Write k of a stretch of constant rate r (pages/s) that begins at guest time g is made at guest
time g + ceil((k + 1) * 10^9 / r); its page follows from raw word k of the stretch's own
Philox stream. No state is kept, so any stretch of guest time can be asked for, in any order.
"""

import hashlib
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.errors import ScenarioError
from engine.specs import PAGE_BYTES, VmSpec, WriterSpec

Times = npt.NDArray[np.int64]
Pages = npt.NDArray[np.uint32]

SECOND_NS: Final = 1_000_000_000
MOST_WRITES: Final = 1 << 22
"""So many writes are kept for later reads, where it does not matter how many."""
MOST_WRITES_OF_PART: Final = 1 << 19
"""So many writes are made at once, which takes tens of milliseconds."""
FULL_SPEED: Final = 1000  # thousandths
_BEGIN: Final = attrgetter("guest_ns")
_NO_TRACE: Final = (
    *(OSError, EOFError, BadZipFile, zlib.error, NotImplementedError),
    *(KeyError, ValueError, TypeError, IndexError, AttributeError),
)
"""What a file that is no trace, or a damaged one, makes numpy raise."""
ZIPF_WEIGHT: Final = 1 << 27  # of the most written page
TRACES: Final = Path(__file__).resolve().parent.parent / "assets" / "traces"


class GuestClock:
    """Guest time of one vCPU: it runs at a speed in thousandths, and stands still with the vCPU."""

    def __init__(self) -> None:
        """Start at zero, running at full speed."""
        self._t: list[int] = [0]
        self._guest: list[int] = [0]
        self._speed: list[int] = [FULL_SPEED]
        self._nominal = FULL_SPEED

    @classmethod
    def from_knots(cls, knots: Sequence[tuple[int, int, int]]) -> "GuestClock":
        """Return the clock that `knots_until` told of."""
        clock = cls()
        clock._t, clock._guest, clock._speed = (list(column) for column in zip(*knots, strict=True))
        return clock

    def set_running(self, t_ns: int, running: bool) -> None:
        """Let the clock run or stand still from scenario time `t_ns` on."""
        self._turn(t_ns, self._nominal if running else 0)

    def set_speed(self, t_ns: int, speed: int) -> None:
        """Let the clock run at so many thousandths from `t_ns` on, as long as it runs."""
        self._nominal = speed
        if self._speed[-1]:
            self._turn(t_ns, speed)

    def _turn(self, t_ns: int, speed: int) -> None:
        if speed == self._speed[-1]:
            return
        guest = self.guest_at(t_ns)
        self._t.append(t_ns)
        self._guest.append(guest)
        self._speed.append(speed)

    def guest_at(self, t_ns: int) -> int:
        """Return the guest time at scenario time `t_ns` (zero before the start)."""
        i = bisect_right(self._t, t_ns) - 1
        if i < 0:
            return 0
        return self._guest[i] + (t_ns - self._t[i]) * self._speed[i] // FULL_SPEED

    def speed_at(self, t_ns: int) -> int:
        """Return the speed at `t_ns` in thousandths; 0 while the vCPU stands still."""
        return self._speed[max(0, bisect_right(self._t, t_ns) - 1)]

    def running_at(self, t_ns: int) -> bool:
        """Return whether the vCPU runs at `t_ns`."""
        return self.speed_at(t_ns) > 0

    def scenario_offset(self) -> int:
        """Return scenario time minus guest time of the newest stretch, which runs at full speed."""
        assert self._speed[-1] == FULL_SPEED, "a slowed clock has no constant offset"
        return self._t[-1] - self._guest[-1]

    def knots_until(self, t_ns: int) -> list[tuple[int, int, int]]:
        """Return the (scenario time, guest time, speed) knots before `t_ns`."""
        knots = zip(self._t, self._guest, self._speed, strict=True)
        return [knot for knot in knots if knot[0] < t_ns]

    def scenario_time(self, guest_ns: int) -> int:
        """Return the first instant at which the guest time is `guest_ns`, as far as is known."""
        return int(self.scenario_times(np.array([guest_ns], np.int64))[0])

    def scenario_times(self, guest_ns: Times) -> Times:
        """Return the first instants of guest times; a stop counts to the stretch before it."""
        running = [i for i, speed in enumerate(self._speed) if speed]
        starts = np.array([self._guest[i] for i in running], np.int64)
        place = np.maximum(np.searchsorted(starts, guest_ns, side="left") - 1, 0)
        if all(self._speed[i] == FULL_SPEED for i in running):
            offsets = np.array([self._t[i] - self._guest[i] for i in running], np.int64)
            return guest_ns + offsets[place]
        begins = np.array([self._t[i] for i in running], np.int64)[place]
        speeds = np.array([self._speed[i] for i in running], np.int64)[place]
        times: Times = begins - (-(guest_ns - starts[place]) * FULL_SPEED // speeds)
        return times


def load_trace(name: str) -> tuple[Times, Pages, int, int]:
    """Return a recorded trace as (offsets in ns, pages, period in ns, number of pages).

    The writes of a scan are spread evenly over the time since the scan before, in ascending
    order of page (assumed: a scan says which pages were written, not when). The first row of
    a recording is its initial memory and is left out.

    Raises:
        ScenarioError: No such trace, or not one.
    """
    path = TRACES / f"{name}.npz"
    if not path.is_file():
        path = Path(name)
    try:
        stamp = path.stat()
        return _loaded_trace(path, (stamp.st_mtime_ns, stamp.st_size))
    except _NO_TRACE as error:
        known = ", ".join(sorted(p.stem for p in TRACES.glob("*.npz")))
        raise ScenarioError(
            [f'trace = "{name}": no recorded trace; bundled are: {known}']
        ) from error


@lru_cache(maxsize=8)
def _loaded_trace(path: Path, _stamp: tuple[int, int]) -> tuple[Times, Pages, int, int]:
    """Return what `load_trace` does; read again when the file has changed.

    Raises:
        ValueError: It is no recording of at least one interval; others as of numpy.
    """
    with path.open("rb") as file, np.load(file, allow_pickle=False) as z:
        n_pages = int(z["n_pages"])
        bits, scan_s = z["bits"], z["t_s"]
    scan_ns = np.round(scan_s * SECOND_NS).astype(np.int64)
    if len(scan_ns) < 2 or len(bits) != len(scan_ns) or np.any(np.diff(scan_ns) <= 0):
        raise ValueError("no interval, or times that do not rise")
    offsets, pages = [], []
    for row in range(1, len(scan_ns)):
        written = np.flatnonzero(np.unpackbits(bits[row], count=n_pages))
        begin, length = scan_ns[row - 1] - scan_ns[0], scan_ns[row] - scan_ns[row - 1]
        steps = np.arange(1, len(written) + 1, dtype=np.int64)
        offsets.append(begin + steps * length // max(1, len(written)))
        pages.append(written.astype(np.uint32))
    period = int(scan_ns[-1] - scan_ns[0])
    return np.concatenate(offsets), np.concatenate(pages), period, n_pages


@lru_cache(maxsize=8)
def zipf_table(n_pages: int) -> npt.NDArray[np.uint64]:
    """Return the sums of Zipf's weights of the first 1, 2 ... n_pages pages, shape (n_pages,).

    The page at place k (1, 2 ...) has weight floor(2^27 / k): whole numbers, so that a sum is the
    same on every machine; the total stays below 2^32 for any memory.

    Source: Zipf 1949, with exponent 1.
    """
    places = np.arange(1, n_pages + 1, dtype=np.uint64)
    return np.cumsum(np.uint64(ZIPF_WEIGHT) // places, dtype=np.uint64)


class Stretch(Struct, frozen=True):
    """A stretch of guest time in which a writer's rate is constant.

    Attributes:
        guest_ns: Guest time of its beginning.
        rate: Pages a second; per cent of the recorded speed for a trace.
        key: Key of its random stream.
        first: Writes that the writer made before (for a sweep), or the trace's position.
        hot_writes_ppm: Share of the writes that go to the hot pages.
    """

    guest_ns: int
    rate: int
    key: int
    first: int
    hot_writes_ppm: int


def stream_key(seed: int, vm: str, writer: int, stretch: int) -> int:
    """Return the 128-bit Philox key of one stretch of one writer."""
    text = f"migrascope/{seed}/{vm}/{writer}/{stretch}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")


def jittered(rate: int, jitter_ppm: int, seed: int, vm: str, writer: int, stretch: int) -> int:
    """Return the rate of one stretch of a wandering rate: `jitter_ppm` to either side."""
    text = f"migrascope/{seed}/{vm}/{writer}/{stretch}/rate"
    key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
    high = int(raw_words(key, 0, 1)[0]) >> 32
    return rate * (1_000_000 - jitter_ppm + (2 * jitter_ppm * high >> 32)) // 1_000_000


def raw_words(key: int, start: int, count: int) -> npt.NDArray[np.uint64]:
    """Return raw words `start` to `start + count` of the Philox stream of `key`."""
    bits = np.random.Philox(key=key, counter=start // 4)
    skip = start % 4
    return bits.random_raw(count + skip)[skip:]


class WriterTimeline:
    """One writer over a run: its stretches of constant rate."""

    def __init__(self, seed: int, vm: VmSpec, index: int) -> None:
        """Read the writer's spec; the first stretch begins at its start."""
        spec: WriterSpec = vm.writers[index]
        self.spec = spec
        self.vcpu = (index if spec.vcpu is None else spec.vcpu) % vm.vcpus
        self.seed, self.vm, self.index = seed, vm.name, index
        self._trace = load_trace(spec.trace or "") if spec.pattern == "trace" else None
        self.first_page = spec.offset_bytes // PAGE_BYTES
        room = vm.n_pages - self.first_page
        wanted = self._trace[3] if self._trace else room
        if spec.region_bytes is not None:
            wanted = spec.region_bytes // PAGE_BYTES
        self.n_pages = max(1, min(wanted, room))
        self.stunned = False
        self.stretches: list[Stretch] = []
        self._append(spec.start_ns, self._spec_rate(), first=0)
        if spec.pattern == "sweep" and spec.first_sweep_rate_pps:
            self.stretches.clear()
            self._append(spec.start_ns, spec.first_sweep_rate_pps, first=0)
            length = -(-self.n_pages * SECOND_NS // spec.first_sweep_rate_pps)
            self._append(spec.start_ns + length, spec.rate_pps, first=self.n_pages)

    def _spec_rate(self) -> int:
        if self.stunned:
            return 0
        return self.spec.speed_percent if self._trace else self.spec.rate_pps

    def _append(self, guest_ns: int, rate: int, *, first: int) -> None:
        number = len(self.stretches)
        key = stream_key(self.seed, self.vm, self.index, number)
        if self.spec.jitter_ppm and rate:
            rate = jittered(rate, self.spec.jitter_ppm, self.seed, self.vm, self.index, number)
        hot = self.spec.hot_writes_ppm
        self.stretches.append(Stretch(guest_ns, rate, key, first, hot))

    def _reach(self, guest_ns: int) -> None:
        """Have all stretches up to `guest_ns`: a rate that wanders has one an interval."""
        if not self.spec.jitter_ppm:
            return
        interval_ns = self.spec.jitter_interval_ns
        while (last := self.stretches[-1]).guest_ns + interval_ns <= guest_ns:
            next_ns = last.guest_ns + interval_ns
            self._append(next_ns, self._spec_rate(), first=self._position(last, next_ns))

    def change(self, guest_ns: int, spec: WriterSpec) -> None:
        """Let the writer go on with other values from `guest_ns` on, in its own sub-stream."""
        self._reach(guest_ns)
        kept = [s for s in self.stretches if s.guest_ns < guest_ns]
        done = self._position(kept[-1], guest_ns) if kept else 0
        self.spec, self.stretches = spec, kept
        self._append(max(guest_ns, spec.start_ns), self._spec_rate(), first=done)

    def stun(self, guest_ns: int, stunned: bool) -> None:
        """Let the writer stop at `guest_ns` (the write of that instant is made), or go on."""
        self.stunned = stunned
        self.change(guest_ns, self.spec)

    def _position(self, stretch: Stretch, guest_ns: int) -> int:
        """Return the writes made before, or for a trace the ns of recorded time played."""
        if self._trace:
            return self._trace_position(stretch, guest_ns)
        return stretch.first + self._count(stretch, guest_ns)

    @staticmethod
    def _count(stretch: Stretch, guest_ns: int) -> int:
        """Return how many writes of a stretch are made at `guest_ns` or before."""
        return max(0, guest_ns - stretch.guest_ns) * stretch.rate // SECOND_NS

    def _trace_position(self, stretch: Stretch, guest_ns: int) -> int:
        """Return the position in the endless trace, in ns of recorded time."""
        return stretch.first + max(0, guest_ns - stretch.guest_ns) * stretch.rate // 100

    def _n_begun(self, guest_ns: int) -> int:
        """Return how many stretches have begun: they stand in order of time."""
        return bisect_right(self.stretches, guest_ns, key=_BEGIN)

    def rate_at(self, guest_ns: int) -> int:
        """Return the page writes a second at a guest time; a trace's mean over its period."""
        self._reach(guest_ns)
        begun = self._n_begun(guest_ns)
        rate = self.stretches[begun - 1].rate if begun else 0
        if self._trace:
            return len(self._trace[1]) * SECOND_NS // self._trace[2] * rate // 100
        return rate

    def writes_until(self, guest_ns: int) -> int:
        """Return how many page writes are made at a guest time or before, without making them.

        Of a trace it is the mean's number, which is off by less than one period.
        """
        self._reach(guest_ns)
        begun = self._n_begun(guest_ns)
        if not begun:
            return 0
        position = self._position(self.stretches[begun - 1], guest_ns)
        if self._trace:
            return position * len(self._trace[1]) // self._trace[2]
        return position

    def writes_between(self, from_ns: int, to_ns: int) -> tuple[Pages, Times]:
        """Return pages and guest times of the writes after `from_ns`, `to_ns` included."""
        parts = list(self._parts(from_ns, to_ns))
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return np.empty(0, np.uint32), np.empty(0, np.int64)
        return (
            np.concatenate([p for p, _ in parts]),
            np.concatenate([t for _, t in parts]),
        )

    def pages_between(self, from_ns: int, to_ns: int, *, limit: int) -> Pages:
        """Return the pages alone, at most the newest `limit`."""
        rate = max(1, self.rate_at(to_ns))
        from_ns = max(from_ns, to_ns - limit * SECOND_NS // rate)
        return self.writes_between(from_ns, to_ns)[0][-limit:]

    def _parts(self, from_ns: int, to_ns: int) -> Iterator[tuple[Pages, Times]]:
        self._reach(to_ns)
        for i in range(max(0, self._n_begun(from_ns) - 1), self._n_begun(to_ns)):
            stretch, last = self.stretches[i], i + 1 == len(self.stretches)
            end = to_ns if last else min(to_ns, self.stretches[i + 1].guest_ns)
            if stretch.rate and end > max(from_ns, stretch.guest_ns):
                yield self._stretch_writes(stretch, max(from_ns, stretch.guest_ns), end)

    def _stretch_writes(self, stretch: Stretch, from_ns: int, to_ns: int) -> tuple[Pages, Times]:
        if self._trace:
            return self._trace_writes(stretch, from_ns, to_ns)
        start, stop = self._count(stretch, from_ns), self._count(stretch, to_ns)
        k = np.arange(start, stop, dtype=np.int64)
        times = stretch.guest_ns - (-(k + 1) * SECOND_NS // stretch.rate)
        if self.spec.pattern == "sweep":
            pages = (stretch.first + k) % self.n_pages
            return (pages + self.first_page).astype(np.uint32), times
        words = raw_words(stretch.key, start, stop - start)
        return self._pages_from_words(words, stretch, times), times

    def _pages_from_words(
        self, words: npt.NDArray[np.uint64], stretch: Stretch, times: Times
    ) -> Pages:
        """Map raw words to pages: the high half says where, the low half hot or cold."""
        high = words >> np.uint64(32)
        if self.spec.pattern == "uniform":
            pages = (high * np.uint64(self.n_pages)) >> np.uint64(32)
            return pages.astype(np.uint32) + np.uint32(self.first_page)
        if self.spec.pattern == "zipf":
            sums = zipf_table(self.n_pages)
            found: Times = np.searchsorted(sums, (high * sums[-1]) >> np.uint64(32), side="right")
            return found.astype(np.uint32) + np.uint32(self.first_page)
        if self.spec.pattern == "phases":
            return self._pages_of_phases(words, stretch, times)
        n_hot = max(1, self.n_pages * self.spec.hot_share_ppm // 1_000_000)
        n_cold = max(1, self.n_pages - n_hot)
        threshold = np.uint64((stretch.hot_writes_ppm << 32) // 1_000_000)
        hot = (words & np.uint64(0xFFFFFFFF)) < threshold
        size = np.where(hot, np.uint64(n_hot), np.uint64(n_cold))
        base = np.where(hot, np.uint32(0), np.uint32(self.n_pages - n_cold))
        pages = (high * size) >> np.uint64(32)
        return pages.astype(np.uint32) + base + np.uint32(self.first_page)

    def _pages_of_phases(
        self, words: npt.NDArray[np.uint64], stretch: Stretch, times: Times
    ) -> Pages:
        """Map raw words to pages: the hot ones lie elsewhere in every phase, in turn."""
        n_hot = max(1, self.n_pages * self.spec.hot_share_ppm // 1_000_000)
        threshold = np.uint64((stretch.hot_writes_ppm << 32) // 1_000_000)
        hot = (words & np.uint64(0xFFFFFFFF)) < threshold
        size = np.where(hot, np.uint64(n_hot), np.uint64(self.n_pages))
        drawn = ((words >> np.uint64(32)) * size) >> np.uint64(32)
        phase = (times - self.spec.start_ns) // self.spec.phase_length_ns
        base = np.where(hot, phase * n_hot, 0)
        pages: Times = (base + drawn.astype(np.int64)) % self.n_pages + self.first_page
        return pages.astype(np.uint32)

    def _trace_writes(self, stretch: Stretch, from_ns: int, to_ns: int) -> tuple[Pages, Times]:
        assert self._trace is not None
        offsets, pages, period, _ = self._trace
        start = self._trace_position(stretch, from_ns)
        stop = self._trace_position(stretch, to_ns)
        parts_p, parts_t = [], []
        for loop in range(start // period, stop // period + 1):
            lo = int(np.searchsorted(offsets, start - loop * period, side="right"))
            hi = int(np.searchsorted(offsets, stop - loop * period, side="right"))
            recorded = offsets[lo:hi] + (loop * period - stretch.first)
            parts_t.append(stretch.guest_ns - (-recorded * 100 // stretch.rate))
            parts_p.append(pages[lo:hi])
        found = np.concatenate(parts_p)
        times = np.concatenate(parts_t)
        if self.n_pages < self._trace[3]:
            keep = found < self.n_pages
            found, times = found[keep], times[keep]
        return found + np.uint32(self.first_page), times
