"""Slow motion: every switchover lasts as long as can be seen, and nothing is leapt over."""

from itertools import pairwise

import pytest

from engine.pacing import CORE_WALL_NS, SlowMotion, switchovers
from engine.scenario import load_scenario
from engine.simulation import simulate

TICK_NS = 16_000_000


@pytest.fixture(scope="module")
def demo():
    return simulate(load_scenario("recorded-demo").spec)


def played(history, base, tick_ns=TICK_NS):
    pacing, t_ns, instants = SlowMotion(history), 0, [0]
    while t_ns < history.end_ns:
        after = pacing.advanced(t_ns, tick_ns, base)
        assert after > t_ns
        t_ns = after
        instants.append(t_ns)
    return instants


@pytest.mark.parametrize("base", [0.25, 1.0, 5.0, 20.0])
@pytest.mark.parametrize("name", ["recorded-demo", "postcopy-pull", "evacuate-for-maintenance"])
def test_switchover_takes_the_wall_time_that_it_shall(name, base):
    history = simulate(load_scenario(name).spec)
    instants = played(history, base)
    for s in switchovers(history):
        inside = sum(s.start_ns <= t <= s.end_ns for t in instants)
        wanted = max(CORE_WALL_NS, (s.end_ns - s.start_ns) / base)
        assert inside * TICK_NS == pytest.approx(wanted, rel=0.03)


def test_away_from_switchovers_it_plays_as_chosen(demo):
    pacing = SlowMotion(demo)
    assert pacing.speed_at(2 * 10**9, 1.0) == 1.0
    assert pacing.advanced(10**9, TICK_NS, 2.0) == 10**9 + 2 * TICK_NS


def test_it_eases_in_and_out(demo):
    (s,) = switchovers(demo)
    pacing = SlowMotion(demo)
    before = [pacing.speed_at(s.start_ns - ms * 10**6, 1.0) for ms in (600, 400, 200, 100, 1)]
    after = [pacing.speed_at(s.end_ns + ms * 10**6, 1.0) for ms in (1, 100, 200, 400, 600)]
    assert before == sorted(before, reverse=True) and after == sorted(after)
    assert before[0] == after[-1] == 1.0 and before[-1] < 0.05


def test_slower_playing_than_slow_motion_stays(demo):
    (s,) = switchovers(demo)
    assert SlowMotion(demo).speed_at(s.start_ns, 0.001) == 0.001


def test_length_of_a_tick_does_not_matter(demo):
    (s,) = switchovers(demo)
    for tick_ns in (1_000_000, 33_000_000, 250_000_000):
        instants = played(demo, 20.0, tick_ns)
        inside = sum(s.start_ns <= t <= s.end_ns for t in instants) * tick_ns
        assert inside == pytest.approx(CORE_WALL_NS, abs=2 * tick_ns + 10**8)


def test_switchovers_that_overlap_are_one():
    history = simulate(load_scenario("evacuate-for-maintenance").spec)
    found = switchovers(history)
    assert all(a.end_ns < b.start_ns for a, b in pairwise(found))
