"""Instants by name."""

import pytest

from engine.instants import EVENT_WORDS, InstantError, instant_ns, rounds_ns
from engine.scenario import load_scenario
from engine.simulation import simulate


@pytest.fixture(scope="module")
def pulled():
    return simulate(load_scenario("postcopy-pull").spec)


@pytest.fixture(scope="module")
def demo():
    return simulate(load_scenario("recorded-demo").spec)


def test_moments_are_those_of_the_migration(demo):
    record = demo.migrations[0]
    assert instant_ns(demo, "start") == 0
    assert instant_ns(demo, "end") == demo.end_ns
    assert instant_ns(demo, "request") == record.requested_ns
    assert instant_ns(demo, " suspended ") == record.suspended_ns
    assert instant_ns(demo, "reached") == record.reachable_ns
    assert instant_ns(demo, "released") == record.released_ns
    assert record.suspended_ns < instant_ns(demo, "switchover") < record.resumed_ns


def test_rounds_begin_where_the_record_says(demo):
    for number, begin_ns in rounds_ns(demo, "cps"):
        assert instant_ns(demo, f"round  {number}") == begin_ns
    assert rounds_ns(demo, "nobody") == []


def test_every_word_is_an_instant_of_some_run(demo, pulled):
    for word in EVENT_WORDS:
        history = pulled if word == "pull" else demo
        assert 0 <= instant_ns(history, word) <= history.end_ns


def test_an_offset_moves_a_name(demo):
    base = instant_ns(demo, "suspended")
    assert instant_ns(demo, "suspended + 20 ms") == base + 20_000_000
    assert instant_ns(demo, "suspended - 1.5 s") == base - 1_500_000_000
    assert instant_ns(demo, "round 2 + 1 ms") == instant_ns(demo, "round 2") + 1_000_000


def test_another_vm_has_other_instants():
    history = simulate(load_scenario("evacuate-for-maintenance").spec)
    seen = {instant_ns(history, "resumed", m.vm) for m in history.migrations
            if m.resumed_ns is not None}
    assert len(seen) > 1


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("tomorrow", "use ns, us, ms, s or min; or one of start, request"),
        ("99 min", "the run goes from 0 s to"),
        ("end + 1 s", "the run goes from 0 s to"),
        ("pull", "no migration in this run comes to it"),
        ("round 99", "no migration in this run comes to it"),
        ("end + soon", "use ns, us, ms, s or min after +"),
    ],
)
def test_a_wrong_instant_is_one_sentence(demo, text, part):
    with pytest.raises(InstantError, match=r"^[^\n]*$") as caught:
        instant_ns(demo, text)
    assert part in str(caught.value) and text.split()[0] in str(caught.value)


def test_the_vm_is_named_where_it_has_no_such_instant(demo):
    with pytest.raises(InstantError, match="no migration of nobody"):
        instant_ns(demo, "resumed", "nobody")
