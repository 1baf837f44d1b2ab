"""Entries of a scenario at instants: listed, taken out, and notes put in."""

import pytest

from engine.dated import dated_entries, entry_words, with_note, without_entry
from engine.errors import ScenarioError
from engine.scenario import load_scenario
from engine.simulation import simulate

SECOND_NS = 10**9


@pytest.fixture
def scenario():
    return (
        load_scenario("recorded-demo")
        .with_change(6 * SECOND_NS, {"network.bandwidth": "500 Mbit/s"})
        .with_fault(9 * SECOND_NS, "link-down", "xen-2")
    )


def test_entries_come_in_order_of_time(scenario):
    noted = with_note(with_note(scenario, 8 * SECOND_NS, "now"), SECOND_NS, "watch the ping")
    found = dated_entries(noted)
    assert [(e.kind, e.at_ns // SECOND_NS, e.text) for e in found] == [
        ("notes", 1, "watch the ping"),
        ("changes", 6, "network.bandwidth = 500 Mbit/s"),
        ("notes", 8, "now"),
        ("faults", 9, "link-down xen-2"),
    ]
    assert entry_words(found[1]) == "the change at 6 s: network.bandwidth = 500 Mbit/s"


def test_a_note_changes_nothing_of_the_run(scenario):
    noted = with_note(scenario, 0, "hello")
    assert simulate(noted.spec).digest() == simulate(scenario.spec).digest()


def test_what_is_taken_out_is_gone_and_the_rest_stays(scenario):
    change, fault = dated_entries(scenario)
    assert without_entry(scenario, change).spec.changes == ()
    assert without_entry(scenario, change).spec.faults == scenario.spec.faults
    assert "faults" not in without_entry(scenario, fault).document


def test_a_note_is_replaced_where_it_stands(scenario):
    noted = with_note(scenario, SECOND_NS, "one")
    (note,) = [e for e in dated_entries(noted) if e.kind == "notes"]
    moved = with_note(noted, 2 * SECOND_NS, "two", note)
    assert [(n.at_ns, n.text) for n in moved.spec.notes] == [(2 * SECOND_NS, "two")]


@pytest.mark.parametrize("text", ["", "x" * 2001])
def test_a_note_without_words_or_with_too_many_is_refused(scenario, text):
    with pytest.raises(ScenarioError):
        with_note(scenario, 0, text)
