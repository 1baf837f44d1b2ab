"""The reasons behind what is seen, and the knobs that help, found by trying them."""

import re

import pytest

from engine.knobs import _least, goal_words, knob_names, result_of, try_knob
from engine.probes import LOST_NS, Fate
from engine.scenario import bundled_scenarios, load_scenario
from engine.simulation import simulate
from engine.why import telling_reply, why, why_reply

SECOND_NS = 10**9


def run(name, *values):
    return simulate(load_scenario(name).with_values(values).spec)


def told(history, t_ns, vm):
    return {a.question: a.answer for a in why(history, t_ns, vm)}


@pytest.mark.parametrize("name", [s.name for s in bundled_scenarios()])
def test_every_instant_has_answers_in_whole_sentences(name):
    history = run(name)
    for vm in (v.spec.name for v in history.vms):
        instants = {0, history.end_ns, *(e.t_ns for e in history.events)}
        for t_ns in sorted(instants):
            for answer in why(history, t_ns, vm):
                assert answer.question.endswith("?") and answer.answer.endswith(".")
                assert "None" not in answer.answer and " -" not in answer.answer


def test_demo_tells_of_late_and_held_pings_and_of_the_gap():
    history = run("recorded-demo")
    late = told(history, 8 * SECOND_NS, "cps")
    assert "9.6 ms in the transmit queue of xen-1" in "".join(late.values())
    end = told(history, history.end_ns, "cps")
    held = next(q for q in end if "held for 50.1 ms" in q)
    assert "suspended at" in end[held]
    m = history.migrations[0]
    assert end["Where did the downtime go?"].startswith("Of 39.1 ms: 22 ms on starting")
    assert sum(ns for _, ns in m.downtime_parts) == m.resumed_ns - m.suspended_ns


def test_lost_pings_name_the_old_port():
    history = run("recorded-demo", ("network.to_old_port", "lost"))
    lost = [a for a in why(history, history.end_ns, "cps") if "lost" in a.question]
    assert len(lost) == 1 and "a port of xen-1 where nobody listened" in lost[0].answer


def test_refused_move_tells_its_rules():
    history = run("refusals")
    refused = next(m for m in history.migrations if m.outcome == "refused")
    answers = told(history, refused.requested_ns, refused.vm)
    assert answers[f"Why may {refused.vm} not go to {refused.destination}?"] == " ".join(
        r.sentence for r in refused.refusals
    )


def test_rounds_that_shrink_and_rounds_that_do_not():
    shrinking = run("recorded-demo")
    rounds = shrinking.migrations[0].rounds
    assert "Why do the rounds shrink?" in told(shrinking, rounds[1].end_ns, "cps")
    stuck = run("clark-diabolical")
    third = stuck.migrations[0].rounds[2]
    assert third.live
    assert "Why do the rounds not shrink?" in told(stuck, third.end_ns, "muncher")


def test_the_reply_that_asks_most_for_a_reason_is_told():
    history = run("recorded-demo", ("network.to_old_port", "lost"))
    (probe,) = (p for p in history.probes if p.vm == "cps")
    index = telling_reply(probe, history.end_ns)
    assert Fate(int(probe.fates[index])) is Fate.LOST
    assert int(probe.rtt_ns[index]) == LOST_NS
    assert telling_reply(probe, 0) is None
    assert why_reply(history, probe, index).question.startswith("Why was the ping of ")


# Knobs


def test_knob_tells_what_its_own_run_shows():
    scenario = load_scenario("clark-diabolical")
    assert not result_of(simulate(scenario.spec), 0).converged
    trial = try_knob(scenario, 0, "Dirty rate")
    assert trial.helps and trial.after.converged
    again = result_of(simulate(scenario.with_values(trial.values).spec), 0)
    assert again == trial.after
    assert goal_words(trial.before).startswith("so that the rounds shrink")
    rate = int(re.search(r"writes ([\d,]+) pages/s", trial.sentence)[1].replace(",", ""))
    own = scenario.spec.vms[0].writers[0].rate_pps
    assert rate < own


def test_least_turn_that_helps_is_told():
    scenario = load_scenario("clark-diabolical")
    trial = try_knob(scenario, 0, "Dirty rate")
    (path, text), *_ = trial.values
    rate = int(text.split()[0])
    own = scenario.spec.vms[0].writers[0].rate_pps
    quarters = [q for q in (5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32, 40, 48, 64)]
    weaker = [4 * own // q for q in quarters if 4 * own // q > rate]
    # One step less does not help: the search has not stopped too far.
    assert not result_of(
        simulate(scenario.with_value(path, f"{weaker[-1]} pages/s").spec), 0
    ).converged


def test_knob_that_does_not_help_says_so():
    scenario = load_scenario("clark-diabolical")
    trial = try_knob(scenario, 0, "Link bandwidth")  # its own limiter holds it back, not the link
    assert not trial.helps
    assert "not enough; stopped by force" in trial.sentence


def test_knobs_fit_the_migration():
    names = knob_names(load_scenario("clark-diabolical"), 0)
    assert "Highest rate of the policy" in names and "Rate limit" not in names
    limited = load_scenario("recorded-demo").with_value("migrations.cps.rate_limit", "200 Mbit/s")
    assert "Rate limit" in knob_names(limited, 0)
    with pytest.raises(ValueError, match='no knob "Colour"'):
        try_knob(limited, 0, "Colour")


@pytest.mark.parametrize("first", [*range(14), None])
def test_search_finds_the_first_turn(first):
    asked = []

    def met(turn):
        asked.append(turn)
        return first is not None and turn >= first

    assert _least(14, met) == first
    assert len(asked) <= 5
