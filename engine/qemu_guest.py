"""The guest of a modelled QEMU migration: which pages are zero, and what it writes when.

What it writes is a pure function of guest time (`engine.workload`). The pages that QEMU itself
brings, and the few that the guest's own program writes all the time, are constants of the form.
"""

from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.qemu_rules import SLICE_NS, throttle_sleep_ns
from engine.specs import PAGE_BYTES, VmSpec, WriterSpec
from engine.workload import FULL_SPEED, SECOND_NS, GuestClock, WriterTimeline

MIB_PAGES: Final = 256
FIRST_DATA_PAGE: Final = 4 * MIB_PAGES
FIRMWARE_PAGES: Final = 130
"""Pages of QEMU's own blocks (BIOS, option ROMs, tables), which migrate after the memory."""
LOW_PAGES_IN_USE: Final = range(224, 261)
"""Below 4 MiB: the BIOS's shadow, the image, its variables and its stack."""
HIGH_PAGES_IN_USE: Final = 82
"""At the end: tables and firmware that are not zero."""
OWN_PAGES: Final = (256, 257)
"""The guest's variables and its stack, written all the time."""
CATCH_UP_NS: Final = 20_000_000
"""A guest that is paced by the clock makes good this much of a delay."""

Pattern = Literal["idle", "sweep", "uniform", "hot-cold"]
Counts = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]


class GuestLoad(Struct, frozen=True):
    """What a guest does with its memory.

    Attributes:
        memory_mib: Memory of the machine.
        fill_pages: Data pages, from 4 MiB on, that are not zero from the start.
        set_pages: Data pages that are written.
        pattern: In which order.
        hot_pages: The first of them, for "hot-cold".
        hot_percent: Share of the writes that go there.
        write_bytes: Bytes that one write of a page changes.
        by_work: Paced by work: a slowed vCPU writes less. Otherwise by the clock.
        rate_pps: Page writes a second, as counted before the migration.
        writes_before: Writes made by the time of the request.
    """

    memory_mib: int
    fill_pages: int
    set_pages: int
    pattern: Pattern
    hot_pages: int
    hot_percent: int
    write_bytes: int
    by_work: bool
    rate_pps: int
    writes_before: int

    @property
    def n_pages(self) -> int:
        """Pages that a migration has to send, QEMU's own blocks among them."""
        return self.memory_mib * MIB_PAGES + FIRMWARE_PAGES


def timeline_of(load: GuestLoad) -> WriterTimeline | None:
    """Return the writer of a load; None for an idle guest."""
    room = load.memory_mib * MIB_PAGES - FIRST_DATA_PAGE
    pages = min(load.set_pages, room)
    if load.pattern == "idle" or pages < 1 or load.rate_pps < 1:
        return None
    share_ppm = -(-min(load.hot_pages, pages) * 1_000_000 // pages)
    writer = WriterSpec.model_construct(
        pattern=load.pattern,
        region_bytes=pages * PAGE_BYTES,
        offset_bytes=FIRST_DATA_PAGE * PAGE_BYTES,
        rate_pps=load.rate_pps,
        hot_share_ppm=max(1, share_ppm),
        hot_writes_ppm=load.hot_percent * 10_000,
    )
    memory = load.n_pages * PAGE_BYTES
    vm = VmSpec.model_construct(name="guest", host="", memory_bytes=memory, writers=(writer,))
    return WriterTimeline(0, vm, 0)


class QemuGuest:
    """The running guest at the source: contents as write counts, and the dirty log."""

    def __init__(self, load: GuestLoad) -> None:
        """Let the guest have made its writes before the request, which is time 0."""
        n = load.n_pages
        self.load = load
        self.timeline = timeline_of(load)
        self.clock = GuestClock()
        self.versions: Counts = np.zeros(n, np.int64)
        self.in_use: Marks = np.zeros(n, np.bool_)
        self.in_use[list(LOW_PAGES_IN_USE)] = True
        self.in_use[n - HIGH_PAGES_IN_USE :] = True
        end = FIRST_DATA_PAGE + min(load.fill_pages, n - FIRMWARE_PAGES - FIRST_DATA_PAGE)
        self.in_use[FIRST_DATA_PAGE:end] = True
        self._log: Marks = np.zeros(n, np.bool_)
        self._done_ns = 0
        self.born_ns = 0
        if self.timeline is not None:
            self.born_ns = load.writes_before * SECOND_NS // load.rate_pps
            self._apply(self.born_ns)

    def _apply(self, guest_ns: int) -> None:
        """Make the writes up to a guest time (counted from the guest's first write)."""
        if self.timeline is None or guest_ns <= self._done_ns:
            return
        pages, _ = self.timeline.writes_between(self._done_ns, guest_ns)
        np.add.at(self.versions, pages, 1)
        self.in_use[pages] = True
        self._log[pages] = True
        self._done_ns = guest_ns

    def advance(self, t_ns: int) -> None:
        """Make the writes up to `t_ns` after the request."""
        self._apply(self.guest_ns(t_ns))
        own = list(OWN_PAGES)
        self.versions[own] += 1
        self._log[own] = True

    def guest_ns(self, t_ns: int) -> int:
        """Return the guest time, counted from its first write, at `t_ns` after the request."""
        return self.born_ns + self.clock.guest_at(t_ns)

    def take_dirty(self, t_ns: int) -> Marks:
        """Return the pages written since the last call, and clean the log."""
        self.advance(t_ns)
        taken, self._log = self._log, np.zeros(self.load.n_pages, np.bool_)
        return taken

    def throttle(self, t_ns: int, percent: int) -> None:
        """Let the vCPU sleep `percent` of the time from `t_ns` on."""
        self.clock.set_speed(t_ns, throttled_speed(percent, by_work=self.load.by_work))

    def stop(self, t_ns: int) -> None:
        """Stop the machine."""
        self.advance(t_ns)
        self.clock.set_running(t_ns, False)


def throttled_speed(percent: int, *, by_work: bool) -> int:
    """Return a writer's speed in thousandths while its vCPU sleeps `percent` of the time.

    Work slows by that share. A guest that is paced by the clock makes good what it slept
    through, as far as it catches up at all.
    """
    if by_work:
        return FULL_SPEED * (100 - percent) // 100
    sleep_ns = throttle_sleep_ns(percent)
    lost_ns = max(0, sleep_ns - CATCH_UP_NS)
    return FULL_SPEED - FULL_SPEED * lost_ns // (SLICE_NS + sleep_ns)
