"""Guests that write more than memory has room for: asked in parts, and not beyond what matters."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine import memory, transfer, world
from engine.scenario import Scenario
from engine.simulation import simulate, simulate_while
from engine.specs import ScenarioSpec
from engine.workload import WriterTimeline
from tests.helpers.compare import differences
from tests.helpers.pull_scenarios import pull_scenario
from tests.helpers.qemu_scenarios import qemu_scenario
from tests.helpers.random_scenarios import newer_scenario, random_scenario
from tests.helpers.twin import Twin

N_SEEDS = 10
SLIDERS_AT_THEIR_ENDS = (
    ("network.bandwidth", "10 Mbit/s"),
    ("vms.cps.writers.0.rate", "1000000 pages/s"),
)


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything come in parts that a test's scenario has many of."""
    monkeypatch.setattr(world, "MOST_WRITES_OF_PART", 64)
    monkeypatch.setattr(transfer, "MOST_WRITES", 64)
    monkeypatch.setattr(memory, "MOST_KEPT", 256)


@pytest.mark.parametrize(
    "make", [random_scenario, newer_scenario, qemu_scenario, pull_scenario]
)
def test_writes_in_parts_make_the_run_of_the_twin(
    small_limits: None, make: Callable[[int], ScenarioSpec]
) -> None:
    found = {}
    for seed in range(1000, 1000 + N_SEEDS):
        spec = make(seed)
        if faults := differences(spec, simulate(spec), Twin(spec).simulate()):
            found[seed] = faults[:3]

    assert found == {}


@pytest.mark.parametrize("policy", ["xen-legacy", "xen-adaptive", "xen-v2"])
def test_a_guest_that_writes_all_anew_is_not_asked_for_more_than_a_part(
    small: Scenario, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    honest = WriterTimeline.writes_between

    def counted(writer: WriterTimeline, from_ns: int, to_ns: int):  # type: ignore[no-untyped-def]
        found = honest(writer, from_ns, to_ns)
        asked.append(len(found[0]))
        return found

    monkeypatch.setattr(WriterTimeline, "writes_between", counted)
    monkeypatch.setattr(world, "MOST_WRITES_OF_PART", 1 << 16)
    monkeypatch.setattr(transfer, "MOST_WRITES", 1 << 16)
    monkeypatch.setattr(memory, "MOST_KEPT", 1 << 18)
    busy = small.with_policy(policy).with_values(SLIDERS_AT_THEIR_ENDS)
    simulate(busy.spec)

    assert max(asked) <= 1 << 16


def test_a_run_is_abandoned_between_parts_of_very_many_writes(
    small: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [0, 0]
    for i, size in enumerate((1 << 19, 64)):
        monkeypatch.setattr(world, "MOST_WRITES_OF_PART", size)

        def may_go_on(i: int = i) -> bool:
            asked[i] += 1
            return True

        assert simulate_while(small.spec, may_go_on) is not None

    assert asked[1] > 2 * asked[0]
    monkeypatch.setattr(world, "MOST_WRITES_OF_PART", 64)
    left = iter(range(asked[0]))
    assert simulate_while(small.spec, lambda: next(left, None) is not None) is None
