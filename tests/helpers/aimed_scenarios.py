"""Random scenarios whose faults fall on, or just beside, the turning points of a run.

The twin first runs the scenario without faults to learn when its turning points are.
"""

from random import Random

from engine.specs import FaultSpec, ScenarioSpec
from tests.helpers.random_extras import HOSTS, MS, with_clients
from tests.helpers.random_scenarios import random_scenario
from tests.helpers.twin import Twin


def aimed_scenario(seed: int) -> ScenarioSpec:
    """Return a scenario with clients whose faults hit what a random instant hardly hits."""
    rng = Random(f"aimed {seed}")
    spec = with_clients(random_scenario(seed), rng)
    stages = {"start_up_ns": rng.choice((0, 10 * MS, 80 * MS, rng.randrange(300 * MS)))}
    lost = [
        FaultSpec(at_ns=0, kind="announcement-lost", on=vm.name)
        for vm in spec.vms
        if rng.random() < 0.7
    ]
    spec = spec.model_copy(
        update={"stages": spec.stages.model_copy(update=stages), "faults": tuple(lost)}
    )
    times = _turning_points(spec)
    faults = list(lost)
    for _ in range(rng.choice((1, 1, 2, 3))):
        faults += _fault(spec, rng, times)
    return spec.model_copy(update={"faults": tuple(faults)})


def _turning_points(spec: ScenarioSpec) -> list[int]:
    twin = Twin(spec).simulate()
    times: list[int | None] = [0]
    for m in twin.requested:
        times += [m.base_ns, m.suspended_ns, m.resumed_ns, m.reachable_ns, m.ended_ns]
        if m.resumed_ns is not None and m.suspended_ns is not None:
            commit = m.resumed_ns - spec.stages.start_up_ns
            between = (commit + m.resumed_ns) // 2
            times += 2 * [commit, between, m.resumed_ns, m.resumed_ns + 10 * MS]
            times += [(m.suspended_ns + commit) // 2]
        times += [r.end for r in m.rounds[:2]]
    return [t for t in times if t is not None]


def _fault(spec: ScenarioSpec, rng: Random, times: list[int]) -> list[FaultSpec]:
    at = max(0, rng.choice(times) + rng.choice((0, 0, 0, -1, 1, rng.randrange(40 * MS))))
    kind = rng.choice(("link-down", "link-down", "cancel", "host-dies"))
    if kind == "cancel":
        return [FaultSpec(at_ns=at, kind="cancel", on=rng.choice(spec.vms).name)]
    host = rng.choice((*HOSTS, spec.migrations[0].to, spec.migrations[0].to))
    down = FaultSpec(at_ns=at, kind=kind, on=host)
    if kind == "host-dies" or rng.random() < 0.1:
        return [down]
    length = rng.choice((0, 1, rng.randrange(60) * MS, rng.randrange(500 * MS)))
    return [down, FaultSpec(at_ns=at + length, kind="link-up", on=host)]
