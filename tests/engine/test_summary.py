"""The state in words names phase, round, pages left and downtime, and they are those of the run."""

import re

import numpy as np
import pytest

from engine.scenario import bundled_scenarios, load_scenario
from engine.simulation import simulate
from engine.states import PENDING
from engine.summary import state_summary

SECOND_NS = 10**9


@pytest.fixture(scope="module")
def demo():
    return simulate(load_scenario("recorded-demo").spec)


def test_push_names_phase_round_and_pages_left(demo):
    t_ns = 8 * SECOND_NS
    told = state_summary(demo, t_ns, "cps")
    states = demo.frame_at(t_ns).vms["cps"].states
    left = sum(int(np.count_nonzero(states == s)) for s in PENDING)
    assert told.startswith("At 8 s: cps runs on xen-1. Phase: push. Round 1 is being sent. ")
    assert f"{left:,} of 131,072 pages left. Sending them would take about " in told
    assert " at 941 Mbit/s; the policy stops the VM at 50. Downtime so far: none." in told
    answered = re.search(r"Pings: (\d+) answered, 0 lost, the last in 10\.\d ms\.", told)
    probe = demo.probes[0]
    assert answered and int(answered[1]) == np.count_nonzero(probe.sent_ns + probe.rtt_ns <= t_ns)


def test_the_time_for_the_pages_left_follows_from_their_number_and_the_rate(demo):
    (m,) = demo.migrations
    checked = 0
    for t_ns in range(m.requested_ns, m.ended_ns, (m.ended_ns - m.requested_ns) // 40):
        told = state_summary(demo, t_ns, "cps")
        found = re.search(r"about ([\d.]+) (s|ms|us) at", told)
        states = demo.frame_at(t_ns).vms["cps"].states
        left = 0 if states is None else int(np.isin(states, PENDING).sum())
        rate_bps = m.rate.value_at(t_ns)
        assert (found is not None) == (left > 0 and rate_bps > 0)
        if found:
            seconds = float(found[1]) * {"s": 1, "ms": 1e-3, "us": 1e-6}[found[2]]
            assert seconds == pytest.approx(left * 4096 * 8 / rate_bps, rel=0.01)
            checked += 1
    assert checked > 10


def test_the_threshold_is_told_in_pages_and_not_once_the_vm_stands_still(demo):
    (m,) = demo.migrations
    before, after = (state_summary(demo, m.suspended_ns + d, "cps") for d in (-SECOND_NS, 10**6))
    assert "at 941 Mbit/s; the policy stops the VM at 50." in before
    assert "the policy stops" not in after
    assert "25 of 131,072 pages left. Downtime so far: 1 ms." in after


def test_downtime_grows_while_it_stands_still_and_is_told_afterwards(demo):
    (m,) = demo.migrations
    middle_ns = (m.suspended_ns + m.resumed_ns) // 2
    assert "cps is suspended." in state_summary(demo, middle_ns, "cps")
    assert "Downtime so far: 19.5 ms." in state_summary(demo, middle_ns, "cps")
    ended = state_summary(demo, demo.end_ns, "cps")
    assert "cps runs on xen-2" in ended and "Downtime: 39.1 ms." in ended
    assert "Phase: migration completed." in ended


def test_before_and_beside_a_migration(demo):
    assert "No migration has begun." in state_summary(demo, 0, "cps")
    assert "No migration has begun." in state_summary(demo, demo.end_ns, "xenapp")


NAMES = [s.name for s in bundled_scenarios()]


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_has_words_at_every_tenth_of_its_run(name):
    history = simulate(load_scenario(name).spec)
    for vm in history.vms:
        for tenth in range(11):
            told = state_summary(history, history.end_ns * tenth // 10, vm.spec.name)
            assert told.startswith("At ") and told.endswith(".") and vm.spec.name in told
            assert "None" not in told and ".." not in told
