"""Bugs planted in the engine, one at a time: each must turn the comparison with the twin red.

A comparison that nothing can break proves nothing. Every bug is a misreading of one sentence of
`engine/MODEL.md` that looks right at a glance.
"""

import dataclasses
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from engine import network, transfer, workload, world
from engine.memory import DirtyLog
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
    patch.setattr(Migration, "check_pulled", lambda self: None, raising=False)


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
        return {n: dataclasses.replace(a, rate_bps=a.rate_bps + 1) for n, a in shares.items()}

    patch.setattr(world, "max_min_shares", planted)


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
