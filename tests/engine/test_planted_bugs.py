"""Bugs planted in the engine, one at a time: each must turn the comparison with the twin red.

A comparison that nothing can break proves nothing. Every bug is a misreading of one sentence of
`engine/MODEL.md` that looks right at a glance.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from engine import brownout, handover, network, transfer, web, workload, world
from engine.algorithms import pulling
from engine.memory import DirtyLog
from engine.migrating_memory import MigratingMemory
from engine.migration import Migration
from engine.pull import Pull
from engine.simulation import simulate
from engine.specs import ScenarioSpec
from tests.helpers.compare import differences
from tests.helpers.random_scenarios import random_scenario, tie_scenario
from tests.helpers.twin import Twin

N_SEEDS = 60
Patch = pytest.MonkeyPatch


@lru_cache(maxsize=N_SEEDS + 1)
def _case(seed: int) -> tuple[ScenarioSpec, Twin]:
    """Return a scenario and the twin's run of it; -1: the one with ties."""
    spec = tie_scenario() if seed < 0 else random_scenario(seed)
    return spec, Twin(spec).simulate()


def _is_red(seed: int) -> bool:
    spec, twin = _case(seed)
    return bool(differences(spec, simulate(spec), twin))


def _plant_write_at_a_read_is_not_read(patch: Patch) -> None:
    """A write at the instant of a read of the bitmap counts as made after it."""
    honest = transfer.Transfer._skips

    def planted(self: Any, window: Any, reads_ns: Any) -> Any:
        return honest(self, window, reads_ns - 1)

    patch.setattr(transfer.Transfer, "_skips", planted)


def _plant_batches_of_1023_pages(patch: Patch) -> None:
    """A batch takes one page less."""
    patch.setattr(transfer, "BATCH_PAGES", 1023)
    patch.setattr(transfer, "BATCH_BITS", 1023 * transfer.PAGE_WIRE_BITS)


def _plant_skipped_pages_are_lost(patch: Patch) -> None:
    """A page that was skipped is not sent in the next round, and nobody checks at the end."""
    honest = Migration.clean

    def planted(self: Any) -> Any:
        record = self._open.transfer.record
        dirty = honest(self)
        skipped = np.concatenate([np.empty(0, np.uint32), *record.skipped])
        return dirty[~np.isin(dirty, skipped)]

    patch.setattr(Migration, "clean", planted)
    patch.setattr(Migration, "check_destination", lambda self: None)


def _plant_rate_change_forgets_the_bits_that_are_through(patch: Patch) -> None:
    """The batch under way begins anew at the new rate."""

    def planted(self: Any, t_ns: int, rate_bps: int) -> None:
        self.t0_ns, self.rate_bps = t_ns, rate_bps

    patch.setattr(transfer.Pace, "turn", planted)


def _plant_guest_time_runs_through_a_stall(patch: Patch) -> None:
    """A vCPU at a missing page waits, but its guest time runs; nobody checks at the end."""
    honest = Pull._wait_for

    def planted(self: Any, i: int, page: int, t_ns: int) -> None:
        honest(self, i, page, t_ns)
        self._vcpus[i].clock.set_running(t_ns, True)

    patch.setattr(Pull, "_wait_for", planted)
    patch.setattr(pulling, "check_pulled", lambda m: None)


def _plant_changed_writer_keeps_its_stream(patch: Patch) -> None:
    """A dated change of a writer goes on with the sub-stream that it had."""
    honest = workload.stream_key

    def planted(seed: int, vm: str, writer: int, stretch: int) -> int:
        return honest(seed, vm, writer, 0)

    patch.setattr(workload, "stream_key", planted)


def _plant_newest_writes_are_lost_in_clean(patch: Patch) -> None:
    """CLEAN forgets the writes of the newest millisecond, and nobody checks at the end."""
    honest = DirtyLog.clean

    def planted(self: Any, t_ns: int) -> Any:
        pages, times = honest(self, t_ns)
        kept = times <= t_ns - 1_000_000
        return pages[kept], times[kept]

    patch.setattr(DirtyLog, "clean", planted)
    patch.setattr(Migration, "check_destination", lambda self: None)


def _plant_shares_are_rounded_up(patch: Patch) -> None:
    """Shares of a link are rounded up instead of down."""
    honest = network.max_min_shares

    def planted(flows: Any, capacity_bps: Any) -> Any:
        shares = honest(flows, capacity_bps)
        return {n: replace(a, rate_bps=a.rate_bps + 1) for n, a in shares.items()}

    patch.setattr(world, "max_min_shares", planted)


def _plant_guest_time_is_rounded_up(patch: Patch) -> None:
    """A slowed clock shows the nanosecond that is under way as full."""
    honest = workload.GuestClock.guest_at

    def planted(self: Any, t_ns: int) -> int:
        behind = honest(self, t_ns + 1) > honest(self, t_ns)
        return honest(self, t_ns) + (behind and 0 < self.speed_at(t_ns) < 1000)

    patch.setattr(workload.GuestClock, "guest_at", planted)


def _plant_announcements_are_never_lost(patch: Patch) -> None:
    """The fault `announcement-lost` does nothing."""
    honest = handover.Handover._announce

    def planted(self: Any) -> None:
        self._guest.announcements_to_lose = 0
        honest(self)

    patch.setattr(handover.Handover, "_announce", planted)


def _plant_writers_are_stunned_a_fault_late(patch: Patch) -> None:
    """A writer is stunned with the second fault that is too many."""
    honest = brownout.Stunning.__init__

    def planted(self: Any, *args: Any) -> None:
        honest(self, *args)
        self._most += 1

    patch.setattr(brownout.Stunning, "__init__", planted)


def _plant_brownout_forgets_the_last_clean(patch: Patch) -> None:
    """First writes before a CLEAN in the middle of a window cost nothing."""
    patch.setattr(brownout.Slowdown, "cleaned", lambda self, n_pages: None)


def _plant_ballooned_pages_are_sent(patch: Patch) -> None:
    """The balloon takes its time, but its pages are sent like all others."""
    honest = MigratingMemory.__init__

    def planted(self: Any, *args: Any, **values: Any) -> None:
        honest(self, *args, **{**values, "balloon": False})

    patch.setattr(MigratingMemory, "__init__", planted)


def _plant_sending_ceiling_is_ignored(patch: Patch) -> None:
    """The migration takes what the link leaves although the guest needs the machine."""
    honest = Migration.flow

    def planted(self: Any) -> Any:
        return replace(honest(self), limit_bps=self.effective_limit())

    patch.setattr(Migration, "flow", planted)


def _plant_timers_never_stand_still(patch: Patch) -> None:
    """A web server that was suspended waits for a time-out before it sends again."""

    def planted(self: Any, ready_ns: int) -> int:
        return web.resumed_after(self.stopped_ns, ready_ns, self.spec.min_timeout_ns)

    patch.setattr(web.WebClient, "starts_ns", planted)


BUGS: dict[str, Callable[[Patch], None]] = {
    "a write at the instant of a read is not read": _plant_write_at_a_read_is_not_read,
    "batches of 1023 pages": _plant_batches_of_1023_pages,
    "skipped pages are lost": _plant_skipped_pages_are_lost,
    "a rate change forgets the bits that are through": (
        _plant_rate_change_forgets_the_bits_that_are_through
    ),
    "guest time runs through a stall": _plant_guest_time_runs_through_a_stall,
    "a changed writer keeps its sub-stream": _plant_changed_writer_keeps_its_stream,
    "the newest writes are lost in CLEAN": _plant_newest_writes_are_lost_in_clean,
    "shares of a link are a bit/s too high": _plant_shares_are_rounded_up,
    "guest time is rounded up": _plant_guest_time_is_rounded_up,
    "announcements are never lost": _plant_announcements_are_never_lost,
    "writers are stunned one fault late": _plant_writers_are_stunned_a_fault_late,
    "first writes before a CLEAN cost nothing": _plant_brownout_forgets_the_last_clean,
    "ballooned pages are sent": _plant_ballooned_pages_are_sent,
    "the sending ceiling is ignored": _plant_sending_ceiling_is_ignored,
    "a suspended server's timers run": _plant_timers_never_stand_still,
}


@pytest.mark.parametrize("bug", BUGS)
def test_comparison_with_the_twin_finds_a_planted_bug(
    bug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least one of a few scenarios is red; without the bug all of them are green."""
    seeds = range(-1, N_SEEDS)
    BUGS[bug](monkeypatch)
    red = next((seed for seed in seeds if _is_red(seed)), None)
    monkeypatch.undo()

    assert red is not None, f"nothing noticed that {bug}"
    assert not _is_red(red), "this scenario is red without the bug as well"
