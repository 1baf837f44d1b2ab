"""The twin's guests: clocks of vCPUs and writers that make one write at a time.

Written from `engine/MODEL.md` alone: nothing of the engine's logic is used, only raw words of
the Philox generator. Clear before fast.
"""

import hashlib
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

import numpy as np

from engine.specs import PAGE_BYTES, VmSpec, WriterSpec

SECOND = 10**9
MILLION = 10**6
WORDS_AT_ONCE = 256
TRACES = Path(__file__).resolve().parents[2] / "assets" / "traces"


def ceil_div(a: int, b: int) -> int:
    """Return a / b, rounded up."""
    return (a + b - 1) // b


class Clock:
    """Guest time of one vCPU: an amount, and since when it runs (None: it stands still).

    `speed` is in thousandths; `knots` are the (t, guest time, speed) at which stretches began.
    """

    def __init__(self) -> None:
        """Start at zero, running."""
        self.amount = 0
        self.since: int | None = 0
        self.speed = 1000
        self.knots = [(0, 0, 1000)]

    def at(self, t: int) -> int:
        """Return the guest time at scenario time `t`, not before the stretch under way."""
        ran = 0 if self.since is None else (t - self.since) * self.speed // 1000
        return self.amount + ran

    def when(self, guest: int) -> int | None:
        """Return the first scenario time of a guest time, if the clock goes on as it does."""
        if self.since is None:
            return None
        return self.since + ceil_div((guest - self.amount) * 1000, self.speed)

    def stop(self, t: int) -> None:
        """Let the clock stand still from `t` on."""
        self.amount, self.since = self.at(t), None
        self.knots.append((t, self.amount, 0))

    def run(self, t: int) -> None:
        """Let the clock run from `t` on."""
        if self.since is None:
            self.since = t
            self.knots.append((t, self.amount, self.speed))

    def set_speed(self, t: int, speed: int) -> None:
        """Let the clock run with another speed from `t` on; the same one changes nothing."""
        if speed == self.speed:
            return
        if self.since is not None:
            self.amount, self.since = self.at(t), t
            self.knots.append((t, self.amount, speed))
        self.speed = speed

    def guest_at(self, t: int) -> int:
        """Return the guest time at any scenario time of the run."""
        begin, amount, speed = [knot for knot in self.knots if knot[0] <= t][-1]
        return amount + (t - begin) * speed // 1000


class Words:
    """Raw words of one stretch, by number."""

    def __init__(self, seed: int, vm: str, writer: int, stretch: int, use: str = "") -> None:
        """Derive the key as the model says."""
        text = f"migrascope/{seed}/{vm}/{writer}/{stretch}{use}".encode()
        self.key = int.from_bytes(hashlib.sha256(text).digest()[:16], "little")
        self.block = -1
        self.words: list[int] = []

    def word(self, k: int) -> int:
        """Return word `k`."""
        block = k // WORDS_AT_ONCE
        if block != self.block:
            stream = np.random.Philox(key=self.key, counter=block * WORDS_AT_ONCE // 4)
            self.words = [int(w) for w in stream.random_raw(WORDS_AT_ONCE)]
            self.block = block
        return self.words[k % WORDS_AT_ONCE]


@dataclass
class TwinStretch:
    """Constant rate from one guest time on.

    `rate` is pages/s, or per cent for a trace; `first` is what was written before, or how many
    ns of a trace were played.
    """

    begin: int
    rate: int
    first: int
    hot_ppm: int
    words: Words


@lru_cache(maxsize=4)
def recorded_writes(name: str) -> tuple[list[tuple[int, int]], int, int]:
    """Return a recording as ((offset ns, page) in order, length in ns, pages)."""
    path = TRACES / f"{name}.npz"
    with np.load(path if path.is_file() else Path(name), allow_pickle=False) as z:
        n_pages = int(z["n_pages"])
        rows = [bytes(row) for row in z["bits"]]
        scans = [round(float(s) * SECOND) for s in z["t_s"]]
    writes = []
    for row in range(1, len(rows)):
        pages = []
        for page in range(n_pages):
            if rows[row][page // 8] >> (7 - page % 8) & 1:
                pages.append(page)
        length = scans[row] - scans[row - 1]
        for i, page in enumerate(pages):
            offset = scans[row - 1] - scans[0] + (i + 1) * length // len(pages)
            writes.append((offset, page))
    return writes, scans[-1] - scans[0], n_pages


@lru_cache(maxsize=64)
def zipf_sums(n_pages: int) -> list[int]:
    """Return the running sums of the weights of Zipf's law."""
    return list(accumulate(2**27 // place for place in range(1, n_pages + 1)))


class Writer:
    """One writer: knows the guest time and the page of its next write.

    Attributes:
        due: Guest time of the next write, None when there is none.
        page: Page of the next write.
    """

    def __init__(self, seed: int, vm: VmSpec, index: int) -> None:
        """Plan the first stretch (and the second, of a sweep with a faster first pass)."""
        spec = vm.writers[index]
        self.seed, self.vm, self.index, self.spec = seed, vm.name, index, spec
        self.vcpu = (index if spec.vcpu is None else spec.vcpu) % vm.vcpus
        self.first_page = spec.offset_bytes // PAGE_BYTES
        self.recording = recorded_writes(spec.trace or "") if spec.pattern == "trace" else None
        room = vm.n_pages - self.first_page
        wanted = self.recording[2] if self.recording else room
        if spec.region_bytes is not None:
            wanted = spec.region_bytes // PAGE_BYTES
        self.n_pages = min(wanted, room)
        self.loop: list[tuple[int, int]] = []
        if self.recording:
            self.loop = [(o, p) for o, p in self.recording[0] if p < self.n_pages]
        self.left_over: list[int] = []
        self.stunned = False
        self.late_guest = 0
        self.plan: list[TwinStretch] = []
        if spec.pattern == "sweep" and spec.first_sweep_rate_pps:
            rate = spec.first_sweep_rate_pps
            self._plan(spec.start_ns, rate, 0)
            length = ceil_div(self.n_pages * SECOND, rate)
            self._plan(spec.start_ns + length, spec.rate_pps, self.n_pages)
        else:
            self._plan(spec.start_ns, self._rate(spec), 0)
        self.current, self.k = 0, 0
        self.due: int | None = None
        self.page = 0
        self._find_next()

    def _rate(self, spec: WriterSpec) -> int:
        return spec.speed_percent if spec.pattern == "trace" else spec.rate_pps

    def _plan(self, begin: int, rate: int, first: int) -> None:
        number = len(self.plan)
        words = Words(self.seed, self.vm, self.index, number)
        jitter = self.spec.jitter_ppm
        if jitter:
            hi = Words(self.seed, self.vm, self.index, number, "/rate").word(0) >> 32
            rate = rate * (MILLION - jitter + 2 * jitter * hi // 2**32) // MILLION
        self.plan.append(TwinStretch(begin, rate, first, self.spec.hot_writes_ppm, words))

    def advance(self) -> None:
        """Take the next write as made."""
        if self.left_over:
            self.left_over.pop(0)
        else:
            self.k += 1
        self._find_next()

    def change(self, guest: int, spec: WriterSpec) -> None:
        """Begin a new stretch with other values at guest time `guest`.

        A stretch that has not begun before that instant never was, and its number is free.
        A writer that is stunned begins one too, but writes nothing until it may again.
        """
        self._wander_until(guest)
        self.spec = spec
        self._begin_stretch(guest)

    def stun(self, guest: int) -> None:
        """Write nothing from a guest time on."""
        self._wander_until(guest)
        self.stunned = True
        self._begin_stretch(guest)

    def wake(self, guest: int) -> None:
        """Write again after being stunned, with the writer's own rate."""
        self._wander_until(guest)
        self.stunned = False
        self._begin_stretch(guest)

    def _wander(self) -> None:
        """Let the last stretch end after its interval, and another one follow."""
        last, interval = self.plan[-1], self.spec.jitter_interval_ns
        if self.recording:
            done = last.first + interval * last.rate // 100
        else:
            done = last.first + interval * last.rate // SECOND
        self._plan(last.begin + interval, self._rate_now(), done)

    def _wander_until(self, guest: int) -> None:
        """Have all the stretches that begin before a guest time."""
        interval = self.spec.jitter_interval_ns
        while self.spec.jitter_ppm and self.plan[-1].begin + interval < guest:
            self._wander()

    def _rate_now(self) -> int:
        return 0 if self.stunned else self._rate(self.spec)

    def _writes_at_last(self) -> bool:
        """Return whether a rate that wanders for ever brings a write at last."""
        spec = self.spec
        if self.recording and not self.loop:
            return False
        most = self._rate_now() * (MILLION + spec.jitter_ppm) // MILLION
        return most > 1 if self.recording else most * spec.jitter_interval_ns >= SECOND

    def _begin_stretch(self, guest: int) -> None:
        late = []
        while self.due is not None and self.due <= guest:
            late.append(self.page)  # due, but the vCPU waits for a page: still to be made
            self.advance()
        old = [s for s in self.plan if s.begin < guest or s is self.plan[0]][-1]
        if old is not self.plan[self.current]:
            self.k = (guest - old.begin) * old.rate // SECOND
        if old.begin >= guest:
            done = old.first
        elif self.recording:
            done = old.first + (guest - old.begin) * old.rate // 100
        else:
            done = old.first + self.k
        self.plan = [s for s in self.plan if s.begin < guest]
        self._plan(max(guest, self.spec.start_ns), self._rate_now(), done)
        self.current, self.k, self.left_over = len(self.plan) - 1, 0, late
        self.late_guest = guest
        self._find_next()

    def _find_next(self) -> None:
        if self.left_over:
            self.due, self.page = self.late_guest, self.left_over[0]
            return
        self.due = None
        while True:
            stretch = self.plan[self.current]
            due = self._due(stretch)
            last = self.current + 1 == len(self.plan)
            ends = stretch.begin + self.spec.jitter_interval_ns
            if last and self.spec.jitter_ppm and (due is None or due > ends):
                due = None
                if self._writes_at_last():
                    self._wander()
                    last = False
            if not last and (due is None or due > self.plan[self.current + 1].begin):
                self.current += 1
                self.k = 0
                continue
            if due is not None:
                self.due, self.page = due, self._page(stretch, due) + self.first_page
            return

    def _due(self, stretch: TwinStretch) -> int | None:
        if stretch.rate == 0 or (self.recording and not self.loop):
            return None
        if self.recording:
            ahead = self._recorded(stretch)[0] - stretch.first
            return stretch.begin + ceil_div(ahead * 100, stretch.rate)
        return stretch.begin + ceil_div((self.k + 1) * SECOND, stretch.rate)

    def _recorded(self, stretch: TwinStretch) -> tuple[int, int]:
        """Return (position, page) of recorded write `k` after the stretch's first position."""
        assert self.recording is not None
        period = self.recording[1]
        rounds, position = divmod(stretch.first, period)
        before = bisect_right(self.loop, (position, self.n_pages))
        rounds, at = (
            rounds + (before + self.k) // len(self.loop),
            (before + self.k) % len(self.loop),
        )
        offset, page = self.loop[at]
        return offset + rounds * period, page

    def _page(self, stretch: TwinStretch, due: int) -> int:
        if self.recording:
            return self._recorded(stretch)[1]
        n = self.n_pages
        if self.spec.pattern == "sweep":
            return (stretch.first + self.k) % n
        word = stretch.words.word(self.k)
        hi, lo = word >> 32, word & 0xFFFFFFFF
        if self.spec.pattern == "uniform":
            return hi * n >> 32
        if self.spec.pattern == "zipf":
            sums = zipf_sums(n)
            return bisect_right(sums, hi * sums[-1] >> 32)
        n_hot = max(1, n * self.spec.hot_share_ppm // MILLION)
        if self.spec.pattern == "phases":
            if lo >= (stretch.hot_ppm << 32) // MILLION:
                return hi * n >> 32
            phase = (due - self.spec.start_ns) // self.spec.phase_length_ns
            return (phase * n_hot + (hi * n_hot >> 32)) % n
        if lo < (stretch.hot_ppm << 32) // MILLION:
            return hi * n_hot >> 32
        n_cold = max(1, n - n_hot)
        return n - n_cold + (hi * n_cold >> 32)
