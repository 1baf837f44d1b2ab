"""The writable working set: dirty curves, and how to measure one as Clark et al. 2005 did.

A dirty curve U(t) says how many distinct pages a guest writes in a window of t seconds that
begins with a clean bitmap. Curves come as formulas, as points, or as recorded bitmaps; what a
migration makes of one is in `engine.analytic`. Floats are in order here: nothing of this module
is part of a run or of its digest.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.specs import PAGE_BYTES, VmSpec, WriterSpec
from engine.workload import GuestClock, Pages, WriterTimeline

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SECOND_NS: Final = 1_000_000_000
READ_NS: Final = 50_000_000  # Clark et al. 2005, section 4.1: bitmap read every 50 ms
CLEAN_NS: Final = 8 * SECOND_NS  # the same: cleaned every 8 s
MBIT: Final = 1 << 20  # 512 MB take 32, 16 and 8 s at 128, 256 and 512 Mbit/s: section 4.2
CLARK_RATES_BPS: Final = (128 * MBIT, 256 * MBIT, 512 * MBIT)  # the panels of Figs 3 to 6


class Curve(ABC):
    """How many distinct pages are written in a window that begins with a clean bitmap."""

    @property
    def stationary(self) -> bool:
        """Return whether it does not matter when the window begins."""
        return True

    @abstractmethod
    def pages_in(self, window_s: float, start_s: float = 0.0) -> float:
        """Return the pages written in a window.

        Args:
            window_s: Its length.
            start_s: When it begins; only a recording cares.
        """

    def sampled(self, windows_s: Sequence[float] | Floats) -> Floats:
        """Return the pages for many windows, for a plot; same shape."""
        return np.array([self.pages_in(float(t)) for t in windows_s], np.float64)

    def steady(self) -> "Curve":
        """Return a curve for which it does not matter when the window begins: itself."""
        return self

    def at_speed(self, factor: float) -> "Curve":
        """Return the curve of the same guest running `factor` times as fast."""
        return AtSpeed(self, factor)


@dataclass(frozen=True, slots=True)
class AtSpeed(Curve):
    """Another curve, its guest running faster or slower."""

    curve: Curve
    factor: float

    @property
    def stationary(self) -> bool:
        """Return what holds for the other curve."""
        return self.curve.stationary

    def steady(self) -> Curve:
        """Return the other curve's steady one at this speed."""
        return AtSpeed(self.curve.steady(), self.factor)

    def pages_in(self, window_s: float, start_s: float = 0.0) -> float:
        """Return U(factor * t)."""
        return self.curve.pages_in(window_s * self.factor, start_s * self.factor)


@dataclass(frozen=True, slots=True)
class Linear(Curve):
    """D t: every write hits another page, without end (geometric series)."""

    dirty_rate_pps: float

    def pages_in(self, window_s: float, start_s: float = 0.0) -> float:
        """Return D t."""
        return self.dirty_rate_pps * window_s


@dataclass(frozen=True, slots=True)
class CappedLinear(Curve):
    """min(D t, W): a sweep over the working set."""

    dirty_rate_pps: float
    working_set_pages: float

    def pages_in(self, window_s: float, start_s: float = 0.0) -> float:
        """Return min(D t, W)."""
        return min(self.dirty_rate_pps * window_s, self.working_set_pages)


@dataclass(frozen=True, slots=True)
class Levels(Curve):
    """A sum of W (1 - exp(-w t)) and a linear part c t: sets of pages, each written evenly.

    Attributes:
        levels: (pages of the set, writes a second per page of it), for every set.
        linear_pps: Pages a second that are always new.
        limit_pages: Never more than this.
    """

    levels: tuple[tuple[float, float], ...]
    linear_pps: float = 0.0
    limit_pages: float = math.inf

    def pages_in(self, window_s: float, start_s: float = 0.0) -> float:
        """Return the sum, capped."""
        total = sum(-pages * math.expm1(-per_s * window_s) for pages, per_s in self.levels)
        return min(total + self.linear_pps * window_s, self.limit_pages)


def uniform(write_rate_pps: float, working_set_pages: float) -> Levels:
    """Return the curve W (1 - exp(-D t / W)): writes evenly spread over the working set."""
    return Levels(((working_set_pages, write_rate_pps / working_set_pages),))


@dataclass(frozen=True, slots=True)
class PowerLaw(Curve):
    """a t^b: skewed access, as of a key-value store."""

    scale_pages: float
    exponent: float
    limit_pages: float = math.inf

    def pages_in(self, window_s: float, start_s: float = 0.0) -> float:
        """Return min(a t^b, limit)."""
        if window_s <= 0:
            return 0.0
        return float(min(self.scale_pages * window_s**self.exponent, self.limit_pages))


@dataclass(frozen=True, slots=True)
class Points(Curve):
    """A measured curve: straight lines through points.

    Left of the first point the line through the first two goes on, not below zero; right of the
    last one the last slope goes on up to the limit.

    Source: the empirical predictor of Gudkov, qemu-devel 2023.
    """

    windows_s: tuple[float, ...]
    pages: tuple[float, ...]
    limit_pages: float = math.inf

    def pages_in(self, window_s: float, start_s: float = 0.0) -> float:
        """Return the pages on the line that the window falls on."""
        x, y = self.windows_s, self.pages
        if x[0] <= window_s <= x[-1]:
            return float(np.interp(window_s, x, y))
        i, j = (0, 1) if window_s < x[0] else (-2, -1)
        slope = (y[j] - y[i]) / (x[j] - x[i])
        near = 0 if window_s < x[0] else -1
        return max(0.0, min(self.limit_pages, y[near] + slope * (window_s - x[near])))


def power_law_of(windows_s: Floats, pages: Floats, *, limit_pages: float = math.inf) -> PowerLaw:
    """Return the power law that fits points best: least squares of the logarithms."""
    kept = (windows_s > 0) & (pages > 0)
    if np.count_nonzero(kept) < 2:
        return PowerLaw(0.0, 1.0)
    exponent, offset = np.polyfit(np.log(windows_s[kept]), np.log(pages[kept]), 1)
    return PowerLaw(float(np.exp(offset)), float(max(0.0, exponent)), limit_pages)


CLARK_FITS: Final[dict[str, Levels]] = {
    "kernel-compile": Levels(((1799, 26.3), (4294, 1.77)), 250, 131_072),
    "oltp": Levels(((1320, 41.6), (2015, 0.695)), 570, 131_072),
    "quake3": Levels(((273, 1000), (1337, 0.18)), 0, 131_072),
    "specweb99": Levels(((10143, 2.53), (4201, 0.385)), 1152, 131_072),
}
"""Fitted by us to the lines of Figs 3 to 6 of Clark et al. 2005; up to 8 s, a VM of 512 MB."""

MEMCACHED_PAGES: Final = 8_392_704
MEMCACHED_ZERO_PAGES: Final = 10_060 * 512
_MEMCACHED_SAMPLES: Final = (
    (0.125, 33), (0.25, 78), (0.375, 119), (0.5, 151), (0.75, 217), (1, 236), (1.5, 293),
    (2, 336), (3, 425), (4, 505), (6, 620), (8, 756), (10, 898), (15, 1204), (20, 1457),
    (25, 1723), (30, 1934), (35, 2141), (40, 2328), (45, 2522), (50, 2675), (60, 2958),
)  # fmt: skip
MEMCACHED: Final = Points(
    tuple(float(window_s) for window_s, _ in _MEMCACHED_SAMPLES),
    tuple(512.0 * sampled for _, sampled in _MEMCACHED_SAMPLES),
    MEMCACHED_PAGES - MEMCACHED_ZERO_PAGES,
)
"""memcached under YCSB, 32 GiB, one page in 512 sampled: Gudkov, qemu-devel 2023."""


def _written(
    writers: Sequence[WriterTimeline], clocks: Sequence[GuestClock] | None, from_ns: int, to_ns: int
) -> Iterator[Pages]:
    """Yield the pages of every writer after `from_ns`, `to_ns` included, with repeats."""
    for writer in writers:
        start, stop = from_ns, to_ns
        if clocks is not None:
            clock = clocks[writer.vcpu]
            start, stop = clock.guest_at(from_ns), clock.guest_at(to_ns)
        yield writer.writes_between(start, stop)[0]


def _highest(writers: Sequence[WriterTimeline]) -> int:
    return max((writer.first_page + writer.n_pages for writer in writers), default=1)


def distinct_pages(
    writers: Sequence[WriterTimeline],
    from_ns: int,
    to_ns: int,
    *,
    n_pages: int | None = None,
    clocks: Sequence[GuestClock] | None = None,
) -> Flags:
    """Return which pages are written after `from_ns` and at `to_ns` at the latest.

    Args:
        writers: The VM's writers.
        from_ns: Guest time, or scenario time if there are `clocks`.
        to_ns: The same.
        n_pages: Pages of the VM; absent: up to the highest that a writer reaches.
        clocks: The guest clocks of the VM's vCPUs.

    Returns:
        Boolean array, shape (n_pages,).
    """
    flags = np.zeros(n_pages or _highest(writers), np.bool_)
    for start in range(from_ns, to_ns, READ_NS):  # in slices: a fast writer fills the memory
        for pages in _written(writers, clocks, start, min(start + READ_NS, to_ns)):
            flags[pages] = True
    return flags


@dataclass(frozen=True, slots=True, eq=False)
class WorkingSet:
    """What the readings of the bitmap showed.

    Attributes:
        read_ns: Time between two readings.
        clean_ns: Time between two cleanings: the length of a window.
        reads_ns: Instant of every reading, shape (n_reads,).
        dirty_pages: Pages dirty at every reading, same shape: a saw-tooth.
        windows_pages: The same by window, shape (n_windows, reads in a window); whole windows
            only, but if the stretch is shorter than one window, that part is the window.
        written: Pages written in the last of these windows, shape (n_pages,): the outline.
        windows_written: In how many of these windows each page was written, shape (n_pages,).
    """

    read_ns: int
    clean_ns: int
    reads_ns: Counts
    dirty_pages: Counts
    windows_pages: Counts
    written: Flags
    windows_written: Counts

    @property
    def windows_s(self) -> Floats:
        """Return the window lengths of the curve, seconds."""
        reads = np.arange(1, self.windows_pages.shape[1] + 1)
        return np.asarray(reads * self.read_ns / SECOND_NS, np.float64)

    @property
    def mean_pages(self) -> Floats:
        """Return D(t): the mean over the windows, at `windows_s`."""
        return np.asarray(self.windows_pages.mean(axis=0), np.float64)

    @property
    def size_pages(self) -> int:
        """Return the size of the working set: the pages of the outline."""
        return int(np.count_nonzero(self.written))

    def curve(self, *, worst: bool = False) -> Points:
        """Return D(t) as a curve from (0, 0) on; the mean, or of the window with most pages."""
        pages = self.mean_pages
        if worst:
            pages = self.windows_pages[int(self.windows_pages[:, -1].argmax())].astype(np.float64)
        return Points(
            (0.0, *self.windows_s.tolist()), (0.0, *pages.tolist()), float(len(self.written))
        )


def measure(
    writers: Sequence[WriterTimeline],
    from_ns: int,
    to_ns: int,
    *,
    read_ns: int = READ_NS,
    clean_ns: int = CLEAN_NS,
    n_pages: int | None = None,
    clocks: Sequence[GuestClock] | None = None,
) -> WorkingSet:
    """Measure a writable working set: read the dirty bitmap often, clean it seldom.

    Args:
        writers: The VM's writers, those of a `VmRecord` too.
        from_ns: Guest time, or scenario time if there are `clocks`; the bitmap is clean then.
        to_ns: The same; at least one reading later.
        read_ns: Time between two readings.
        clean_ns: Time between two cleanings, a multiple of `read_ns`.
        n_pages: Pages of the VM; absent: up to the highest that a writer reaches.
        clocks: The guest clocks of the VM's vCPUs, when the times are of the scenario.

    Raises:
        ValueError: The stretch has no reading, or windows are no multiple of readings.

    Source:
        Clark et al. 2005, section 4.1.
    """
    if read_ns <= 0 or clean_ns <= 0 or clean_ns % read_ns or to_ns - from_ns < read_ns:
        raise ValueError("needs one reading at least, and windows of whole readings")
    n_pages = n_pages or _highest(writers)
    per_window, n_reads = clean_ns // read_ns, (to_ns - from_ns) // read_ns
    reads_ns = from_ns + read_ns * np.arange(1, n_reads + 1, dtype=np.int64)
    dirty_pages = np.zeros(n_reads, np.int64)
    windows_written = np.zeros(n_pages, np.int64)
    flags = written = np.zeros(n_pages, np.bool_)
    for i, read in enumerate(reads_ns.tolist()):
        if i % per_window == 0:
            flags = np.zeros(n_pages, np.bool_)
        for pages in _written(writers, clocks, read - read_ns, read):
            flags[pages] = True
        dirty_pages[i] = np.count_nonzero(flags)
        if (i + 1) % per_window == 0 or (n_reads < per_window and i + 1 == n_reads):
            windows_written += flags
            written = flags
    n_windows = max(1, n_reads // per_window)
    length = min(per_window, n_reads)
    windows = dirty_pages[: n_windows * length].reshape(n_windows, length)
    return WorkingSet(read_ns, clean_ns, reads_ns, dirty_pages, windows, written, windows_written)


def measure_vm(seed: int, vm: VmSpec, from_ns: int, to_ns: int) -> WorkingSet:
    """Measure a VM that nothing slows, from its spec alone (guest time = scenario time)."""
    return measure(writers_of(seed, vm), from_ns, to_ns, n_pages=vm.n_pages)


def writers_of(seed: int, vm: VmSpec) -> list[WriterTimeline]:
    """Return the writers of a VM as they are before any dated change."""
    return [WriterTimeline(seed, vm, index) for index in range(len(vm.writers))]


def vm_like(levels: Levels, *, memory_bytes: int) -> VmSpec:
    """Return a VM that writes as a curve says: a uniform writer for each of its levels.

    The linear part becomes a writer over the rest of the memory, so it bends a little where it
    writes a page again.
    """
    writers, first = [], 0
    for pages, per_s in levels.levels:
        region = round(pages)
        writers.append(
            WriterSpec(
                region_bytes=region * PAGE_BYTES,
                offset_bytes=first * PAGE_BYTES,
                rate_pps=round(region * per_s),
            )
        )
        first += region
    if levels.linear_pps:
        writers.append(
            WriterSpec(offset_bytes=first * PAGE_BYTES, rate_pps=round(levels.linear_pps))
        )
    return VmSpec(name="vm", host="host", memory_bytes=memory_bytes, writers=tuple(writers))


@dataclass(frozen=True, slots=True, eq=False)
class Recording(Curve):
    """The pages written in each interval of a recording, played in an endless loop.

    A window begins at the interval nearest to its start; its end may lie within an interval.

    Source: the HIST model of Akoush et al. 2010.

    Attributes:
        bits: Packed rows (`numpy.packbits`), one per interval.
        interval_s: Length of an interval.
    """

    bits: npt.NDArray[np.uint8]
    interval_s: float

    @property
    def stationary(self) -> bool:
        """Return that it does matter when a window begins."""
        return False

    def steady(self) -> Points:
        """Return the curve of windows that begin with the recording; flat after its end."""
        merged = np.zeros_like(self.bits[0])
        windows_s, pages = [0.0], [0.0]
        for i, row in enumerate(self.bits):
            merged |= row
            windows_s.append((i + 1) * self.interval_s)
            pages.append(float(np.count_nonzero(np.unpackbits(merged))))
        return Points(tuple(windows_s), tuple(pages), pages[-1])

    def _count(self, first: int, n_rows: int) -> int:
        rows = (first + np.arange(min(n_rows, len(self.bits)))) % len(self.bits)
        merged = np.bitwise_or.reduce(self.bits[rows], axis=0)
        return int(np.count_nonzero(np.unpackbits(merged)))

    def pages_in(self, window_s: float, start_s: float = 0.0) -> float:
        """Return the distinct pages of the intervals that the window covers."""
        first = round(start_s / self.interval_s)
        length = min(window_s / self.interval_s, float(len(self.bits)))
        whole = int(length)
        before = self._count(first, whole)
        if length == whole:
            return float(before)
        return before + (length - whole) * (self._count(first, whole + 1) - before)


def record(
    writers: Sequence[WriterTimeline],
    from_ns: int,
    to_ns: int,
    *,
    interval_ns: int = READ_NS,
    n_pages: int | None = None,
    clocks: Sequence[GuestClock] | None = None,
) -> Recording:
    """Record which pages are written in every whole interval; arguments as of `measure`."""
    n_pages = n_pages or _highest(writers)
    rows = [
        np.packbits(
            distinct_pages(writers, start, start + interval_ns, n_pages=n_pages, clocks=clocks)
        )
        for start in range(from_ns, to_ns - interval_ns + 1, interval_ns)
    ]
    return Recording(np.stack(rows), interval_ns / SECOND_NS)


def predicted_downtime_s(
    curve: Curve,
    n_pages: int,
    rates_bps: Sequence[float] = CLARK_RATES_BPS,
    *,
    rounds: int = 4,
    grain_s: float = READ_NS / SECOND_NS,
    cap_s: float = CLEAN_NS / SECOND_NS,
) -> Floats:
    """Return the downtime to expect after 1, 2, ... `rounds` rounds of pre-copy.

    The first round lasts as long as all of the memory takes; each round sends what was dirtied
    in the one before, as far as readings tell: at least one reading, at most `cap_s`; the downtime
    sends what the last one dirtied.

    Args:
        curve: The dirty curve.
        n_pages: Pages of the VM.
        rates_bps: Rates of the transfer.
        rounds: The highest number of rounds.
        grain_s: The shortest window that was measured: pages of a shorter round show in it too.
        cap_s: The longest window that was measured.

    Returns:
        Seconds, shape (rates, rounds).

    Source:
        Clark et al. 2005, section 4.2, Figs 3 to 6.
    """
    result = np.zeros((len(rates_bps), rounds), np.float64)
    for i, rate_bps in enumerate(rates_bps):
        length_s = stop_and_copy_s(n_pages, rate_bps)
        for k in range(rounds):
            dirtied = curve.pages_in(max(grain_s, min(length_s, cap_s)))
            length_s = result[i, k] = stop_and_copy_s(dirtied, rate_bps)
    return result


def stop_and_copy_s(n_pages: float, rate_bps: float) -> float:
    """Return how long pages take at a rate, without headers: a plain stop-and-copy."""
    return n_pages * PAGE_BYTES * 8 / rate_bps
