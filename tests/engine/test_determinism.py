"""Same scenario, same History: in this process, in another one, and as stored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.scenario import load_scenario
from engine.simulation import simulate, simulate_while
from engine.specs import ScenarioSpec

GOLDEN = Path(__file__).parents[1] / "golden" / "digests.json"
NAMES = ("recorded-demo", "faq-downtime", "clark-diabolical", "postcopy-pull", "sqlite-vm")
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", NAMES)
def test_digest_is_the_stored_one(name: str, request: pytest.FixtureRequest) -> None:
    """Renew with `pytest --renew-goldens`, and say in the commit why."""
    digest = simulate(load_scenario(name).spec).digest()
    if request.config.getoption("--renew-goldens"):
        stored = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
        stored[name] = digest
        GOLDEN.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")

    assert json.loads(GOLDEN.read_text())[name] == digest


def test_digest_does_not_depend_on_the_process() -> None:
    code = (
        "from engine.scenario import load_scenario;"
        "from engine.simulation import simulate;"
        "print(simulate(load_scenario('recorded-demo').spec).digest())"
    )
    found = set()
    for seed in ("0", "12345"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        found.add(
            subprocess.run(
                [sys.executable, "-c", code],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )

    assert len(found) == 1


def test_another_seed_gives_another_run() -> None:
    demo = load_scenario("recorded-demo")

    assert (
        simulate(demo.spec).digest() != simulate(demo.with_value("run.seed", "8").spec).digest()
    )


def test_change_in_mid_run_leaves_the_past_as_it_was() -> None:
    demo = load_scenario("recorded-demo")
    at_ns = 8_250_000_123
    before = simulate(demo.spec)
    after = simulate(demo.with_change(at_ns, {"network.bandwidth": "300 Mbit/s"}).spec)

    assert before.digest_until(at_ns) == after.digest_until(at_ns)
    assert before.digest() != after.digest()
    for t_ns in (0, 6_500_000_000, at_ns - 1):
        old, new = before.frame_at(t_ns).vms["cps"], after.frame_at(t_ns).vms["cps"]
        assert np.array_equal(old.states, new.states) or (old.states is None is new.states)


def test_change_of_the_writers_in_mid_run_leaves_the_past_as_it_was() -> None:
    demo = load_scenario("recorded-demo")
    at_ns = 7_100_000_007
    before = simulate(demo.spec)
    after = simulate(demo.with_change(at_ns, {"vms.cps.writers.0.rate": "9000 pages/s"}).spec)

    assert before.digest_until(at_ns) == after.digest_until(at_ns)
    assert after.migrations[0].pages_sent > before.migrations[0].pages_sent


@pytest.mark.parametrize("name", NAMES)
def test_at_every_instant_at_most_one_copy_runs(name: str) -> None:
    spec: ScenarioSpec = load_scenario(name).spec
    history = simulate(spec)

    for record in history.vms:
        times = [p.t_ns for p in record.placements]
        assert times == sorted(times)
        running = [p for p in record.placements if p.status == "running"]
        hosts = [p.host for p in running]
        assert all(a != b for a, b in pairwise(hosts))


def test_a_run_that_may_go_on_is_the_same_run() -> None:
    spec = load_scenario("recorded-demo").spec

    run = simulate_while(spec, lambda: True)

    assert run is not None
    assert run.digest() == simulate(spec).digest()


def test_a_run_ends_without_a_result_when_it_may_not_go_on() -> None:
    answers = iter([True, True, True, False])

    run = simulate_while(load_scenario("recorded-demo").spec, lambda: next(answers))

    assert run is None
    assert next(answers, None) is None
