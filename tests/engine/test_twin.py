"""The engine against its slow twin: equal times, rounds, outcomes and page states.

Random scenarios in groups (so that they spread over processes); a seed that fails can be run
alone: `differences(spec, simulate(spec), Twin(spec).simulate())`.
"""

from collections import Counter
from functools import lru_cache

import pytest

from engine.simulation import simulate
from engine.specs import ScenarioSpec
from tests.helpers.aimed_scenarios import aimed_scenario
from tests.helpers.compare import differences
from tests.helpers.random_scenarios import random_scenario, tie_scenario
from tests.helpers.twin import Twin

N_SEEDS = 320
N_AIMED = 160
GROUP = 10


def _faults(spec: ScenarioSpec) -> list[str]:
    return differences(spec, simulate(spec), Twin(spec).simulate())


@pytest.mark.parametrize("first", range(0, N_SEEDS, GROUP))
def test_engine_equals_its_twin_on_random_scenarios(first: int) -> None:
    """Times, rounds, outcomes, guest clocks, rates, and page states at random instants."""
    found = {
        seed: faults[:3]
        for seed in range(first, first + GROUP)
        if (faults := _faults(random_scenario(seed)))
    }

    assert found == {}


@pytest.mark.parametrize("first", range(0, N_AIMED, GROUP))
def test_engine_equals_its_twin_when_faults_fall_on_turning_points(first: int) -> None:
    """Links, hosts and administrators that fail at, or just beside, an end or a begin."""
    found = {
        seed: faults[:3]
        for seed in range(first, first + GROUP)
        if (faults := _faults(aimed_scenario(seed)))
    }

    assert found == {}


def test_engine_equals_its_twin_where_writes_fall_on_reads() -> None:
    """A write at the instant of a bitmap read counts as read, in both."""
    assert _faults(tie_scenario()) == []


@lru_cache(maxsize=1)
def _what_happens() -> Counter[str]:
    """Count what the random scenarios contain, as the twin sees it."""
    seen: Counter[str] = Counter()
    for seed in range(N_SEEDS):
        spec = random_scenario(seed)
        twin = Twin(spec).simulate()
        busy = [m for m in twin.migrations if m.requested and m.outcome != "refused"]
        for m in busy:
            seen[str(m.stop_reason)] += 1
            seen["skips"] += any(r.pages_skipped for r in m.rounds)
            seen["several batches"] += any(r.pages_sent > 1024 for r in m.rounds)
            seen["several rounds"] += len(m.rounds) > 2
            seen["stalls"] += bool(m.stalls)
            seen[f"{m.policy} {m.outcome}"] += 1
            seen[str(m.outcome)] += 1
            seen["after another"] += bool(m.spec.after)
            seen["balloon"] += bool(m.parameter("balloon")) and m.vm.spec.cache_pages_ppm > 0
            seen["ceiling"] += bool(m.rounds) and m.vm.spec.sending_ceiling_bps is not None
            seen["last rate"] += bool(m.parameter("last_rate")) and m.resumed_ns is not None
            seen["stunned"] += m.stunning.ever
            seen["slowed by a share"] += m.brownout is not None and m.brownout.base < 1000
            seen["slowed by faults"] += m.brownout is not None and m.brownout.arrears
        seen["announcements lost"] += any(vm.switch.lost_one for vm in twin.vms.values())
        clients = [c for vm in twin.vms.values() for c in vm.clients]
        seen["web clients at once"] += any(c.went_on_at_once for c in clients)
        seen["web clients after a time-out"] += any(c.waited for c in clients)
        for a in busy:
            seen["two on one link"] += any(
                a is not b and b.spec.at_ns <= a.spec.at_ns < (b.ended_ns or 0) for b in busy
            )
            seen["changes under way"] += any(
                a.spec.at_ns < c.at_ns < (a.ended_ns or 0) for c in spec.changes
            )
    return seen


@pytest.mark.parametrize(
    "what",
    [
        "skips",
        "several batches",
        "several rounds",
        "stalls",
        "two on one link",
        "changes under way",
        "few-pages",
        "max-rounds",
        "max-factor",
        "not-shrinking",
        "rate-over-max",
        "non-live",
        "switched",
        "stop-and-copy failed",
        "xen-legacy completed",
        "xen-adaptive completed",
        "xen-legacy failed",
        "postcopy completed",
        "postcopy lost",
        "cancelled",
        "after another",
        "balloon",
        "ceiling",
        "last rate",
        "stunned",
        "slowed by a share",
        "slowed by faults",
        "announcements lost",
        "web clients at once",
        "web clients after a time-out",
    ],
)
def test_random_scenarios_hold_what_they_are_for(what: str) -> None:
    """Without skips, stalls, changes and faults the comparison would show little."""
    assert _what_happens()[what] >= 2
