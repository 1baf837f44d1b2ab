"""Steps by page, batch, round and stage: each lands on the next recorded instant, and no other."""

from itertools import pairwise

import numpy as np
import pytest

from engine.playback import PageCursor
from engine.scenario import load_scenario
from engine.simulation import simulate
from engine.steps import STEP_KINDS, step_to

SECOND_NS = 10**9


NAMES = ["recorded-demo", "postcopy-pull", "evacuate-for-maintenance"]


@pytest.fixture(scope="module", params=NAMES)
def run(request):
    scenario = load_scenario(request.param)
    history = simulate(scenario.spec)
    return history, history.migrations[0].vm


def changes(history, vm, from_ns, to_ns):
    cursor = PageCursor(history, vm)
    cursor.move_to(from_ns)
    before = cursor.states.copy()
    cursor.move_to(to_ns)
    return int(np.count_nonzero(before != cursor.states))


def test_a_page_step_misses_no_change_and_makes_none_up(run):
    history, vm = run
    m = next(m for m in history.migrations if m.vm == vm)
    t_ns = m.track.start_ns + (m.track.end_ns - m.track.start_ns) // 3
    landed = []
    for _ in range(25):
        after_ns = step_to(history, t_ns, vm, "page", 1)
        assert after_ns > t_ns
        assert changes(history, vm, t_ns, after_ns - 1) == 0
        if t_ns in landed:
            assert step_to(history, after_ns, vm, "page", -1) == t_ns
        landed.append(after_ns)
        t_ns = after_ns
    assert sum(changes(history, vm, t - 1, t) > 0 for t in landed) > 20


def test_batches_are_those_of_the_wire():
    scenario = load_scenario("recorded-demo")
    history = simulate(scenario.spec)
    (m,) = history.migrations
    first = m.rounds[0]
    t_ns, steps = first.start_ns - 1, []
    while t_ns < first.end_ns:
        t_ns = step_to(history, t_ns, m.vm, "batch", 1)
        steps.append(t_ns)
    assert first.start_ns <= steps[0] < first.start_ns + SECOND_NS // 10
    batches = len([t for t in steps if first.start_ns <= t < first.end_ns])
    assert batches == -(-first.pages_sent // 1024)
    for earlier, later in pairwise(steps):
        assert step_to(history, later, m.vm, "batch", -1) == earlier


def test_stages_are_the_phases_and_the_switch():
    history = simulate(load_scenario("recorded-demo").spec)
    (m,) = history.migrations
    t_ns, seen = 0, []
    while t_ns < history.end_ns:
        t_ns = step_to(history, t_ns, m.vm, "stage", 1)
        seen.append(t_ns)
    for wanted in (m.requested_ns, m.suspended_ns, m.resumed_ns, m.released_ns):
        assert wanted in seen
    assert {p.start_ns for p in m.phases} | {p.end_ns for p in m.phases} <= set(seen)
    back = []
    while t_ns > 0:
        t_ns = step_to(history, t_ns, m.vm, "stage", -1)
        back.append(t_ns)
    assert back[:-1] == seen[-2::-1] and back[-1] == 0


@pytest.mark.parametrize("kind", STEP_KINDS)
def test_the_ends_of_a_run_hold(run, kind):
    history, vm = run
    assert step_to(history, history.end_ns, vm, kind, 1) == history.end_ns
    assert step_to(history, 0, vm, kind, -1) == 0
    forwards = step_to(history, 0, vm, kind, 1)
    assert 0 < forwards <= history.end_ns
    assert 0 <= step_to(history, history.end_ns, vm, kind, -1) < history.end_ns
