"""The newer pre-copy policies against the twin, on random scenarios and with planted bugs."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any

import pytest

from engine import algorithms
from engine.algorithms.cloud_hypervisor import DowntimeEstimate
from engine.algorithms.xapi_emu import LiveStage, xapi_emu
from engine.algorithms.xen_v2 import SimplePrecopyPolicy
from engine.migration import Migration, Process
from engine.simulation import simulate
from engine.specs import ScenarioSpec
from tests.helpers import aimed_scenarios
from tests.helpers.by_hand import MS
from tests.helpers.compare import differences
from tests.helpers.random_scenarios import NEWER_POLICIES, newer_scenario
from tests.helpers.twin import Twin

N_SEEDS = 320
N_AIMED = 100
GROUP = 20
Patch = pytest.MonkeyPatch


@pytest.mark.parametrize("first", range(0, N_SEEDS, GROUP))
def test_engine_equals_its_twin(first: int) -> None:
    """Times, rounds, outcomes, guest clocks, rates, and page states at random instants."""
    found = {seed: faults[:3] for seed in range(first, first + GROUP) if (faults := _faults(seed))}

    assert found == {}


@pytest.mark.parametrize("first", range(0, N_AIMED, GROUP))
def test_engine_equals_its_twin_when_faults_fall_on_turning_points(
    first: int, monkeypatch: Patch
) -> None:
    """Ends of rounds, decisions, suspensions and commits: a fault at the instant of each."""
    monkeypatch.setattr(aimed_scenarios, "random_scenario", newer_scenario)
    found = {}
    for seed in range(first, first + GROUP):
        spec = aimed_scenarios.aimed_scenario(seed)
        if faults := differences(spec, simulate(spec), Twin(spec).simulate()):
            found[seed] = faults[:3]

    assert found == {}


@lru_cache(maxsize=N_SEEDS)
def _case(seed: int) -> tuple[ScenarioSpec, Twin]:
    spec = newer_scenario(seed)
    return spec, Twin(spec).simulate()


def _faults(seed: int) -> list[str]:
    spec, twin = _case(seed)
    return differences(spec, simulate(spec), twin)


def test_random_scenarios_hold_what_they_are_for() -> None:
    seen: Counter[str] = Counter()
    for seed in range(N_SEEDS):
        for m in _case(seed)[1].migrations:
            seen[f"{m.policy} {m.outcome}"] += 1
            seen[f"{m.policy} {m.stop_reason}"] += m.outcome == "completed"
            seen["balloon"] += bool(m.policy == "xapi-emu" and m.parameter("balloon"))
            seen["small set live"] += m.small_set and len(m.rounds) > 2
            gave_up = m.outcome == "does-not-converge" and m.spec.time_limit_ns > 10**12
            seen["gave up"] += gave_up and m.policy == "cloud-hypervisor"
    wanted = [f"{p} {o}" for p in NEWER_POLICIES for o in ("completed", "failed")]
    wanted += [f"{p} {r}" for p in NEWER_POLICIES[:2] for r in ("few-pages", "max-rounds")]
    wanted += [f"cloud-hypervisor {r}" for r in ("downtime-limit", "timeout")]
    wanted += ["balloon", "small set live", "gave up"]

    assert [what for what in wanted if seen[what] < 5] == []


# Bugs that look right at a glance: each must turn the comparison red


def _plant_asked_once(patch: Patch) -> None:
    """Xen's policy is asked before a round only: the last set is sent live once more."""
    honest = SimplePrecopyPolicy.ask

    def planted(self: Any, *, rounds: int, dirty_pages: int | None) -> str | None:
        return None if dirty_pages is None else honest(self, rounds=rounds, dirty_pages=dirty_pages)

    patch.setattr(SimplePrecopyPolicy, "ask", planted)


def _plant_small_set_waits(patch: Patch) -> None:
    """Few dirty pages are not sent live by Xen either: its rounds end as the toolstack's do."""
    patch.setitem(algorithms._ALGORITHMS, "xen-v2", _xen_without_the_small_set)


def _xen_without_the_small_set(m: Migration) -> Process:
    m.parameters["max_iteration"] = m.parameters["max_rounds"]
    return xapi_emu(m)


def _plant_at_most_instead_of_less(patch: Patch) -> None:
    """Xen's threshold counts as few itself."""
    honest = SimplePrecopyPolicy.__init__

    def planted(self: Any, *, max_rounds: int, min_dirty: int) -> None:
        honest(self, max_rounds=max_rounds, min_dirty=min_dirty + 1)

    patch.setattr(SimplePrecopyPolicy, "__init__", planted)


def _plant_a_round_more(patch: Patch) -> None:
    """The toolstack's last iteration is counted from nought."""
    honest = LiveStage.done

    def planted(self: Any, *, iteration: int, remaining_pages: int | None) -> str | None:
        if iteration <= 1 and remaining_pages is None:
            return None
        return honest(self, iteration=iteration - 1, remaining_pages=remaining_pages)

    patch.setattr(LiveStage, "done", planted)


def _plant_xcp_ngs_unknown_count(patch: Patch) -> None:
    """An unknown count is few, as where it is -1 and only compared with "at most"."""
    honest = LiveStage.done

    def planted(self: Any, *, iteration: int, remaining_pages: int | None) -> str | None:
        return honest(self, iteration=iteration, remaining_pages=remaining_pages or 0)

    patch.setattr(LiveStage, "done", planted)


def _plant_reading_counts_as_sending(patch: Patch) -> None:
    """Bandwidth is measured over the whole round, the reading of the bitmap included."""
    _patch_reason(patch, lambda m, v: v | {"transfer_ns": v["transfer_ns"] + 5 * MS})


def _plant_time_from_nought(patch: Patch) -> None:
    """The timeout is counted from the start of the run."""
    _patch_reason(patch, lambda m, v: v | {"elapsed_ns": v["elapsed_ns"] + 20 * MS})


def _patch_reason(patch: Patch, change: Any) -> None:
    honest = DowntimeEstimate.reason

    def planted(self: Any, **values: int) -> str | None:
        return honest(self, **change(self, values))

    patch.setattr(DowntimeEstimate, "reason", planted)


def _plant_one_reading(patch: Patch) -> None:
    """The stopped VM's bitmap is read once."""
    honest = Migration.copy_while_stopped

    def planted(self: Any, pages: Any, limit_bps: Any, *, readings: int = 1) -> Any:
        return honest(self, pages, limit_bps)

    patch.setattr(Migration, "copy_while_stopped", planted)


def _plant_due_pages_are_forgotten(patch: Patch) -> None:
    """What was due at the decision is not carried over, and nobody checks at the end."""
    honest = Migration.clean

    def planted(self: Any) -> Any:
        pages = honest(self)
        stopped = self.spec.policy in ("xapi-emu", "cloud-hypervisor") and self.stop_reason
        return pages[: len(pages) // 2] if stopped else pages

    patch.setattr(Migration, "clean", planted)
    patch.setattr(Migration, "check_destination", lambda self: None)


PLANTED = {
    "asked once a round": _plant_asked_once,
    "the small set is not sent live": _plant_small_set_waits,
    "at most instead of less": _plant_at_most_instead_of_less,
    "a round more": _plant_a_round_more,
    "an unknown count is few": _plant_xcp_ngs_unknown_count,
    "reading counts as sending": _plant_reading_counts_as_sending,
    "the time starts too early": _plant_time_from_nought,
    "one reading while stopped": _plant_one_reading,
    "due pages are forgotten": _plant_due_pages_are_forgotten,
}


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_turns_the_comparison_red(bug: str, monkeypatch: Patch) -> None:
    PLANTED[bug](monkeypatch)

    assert any(_faults(seed) for seed in range(120))
