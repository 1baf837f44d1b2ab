"""What a session keeps of edits, and which runs it shows: those of what is open."""

import gc
from collections.abc import Callable

from engine.history import History
from engine.sampling import add_samples
from engine.scenario import Scenario, load_scenario
from engine.simulation import simulate
from gui.app import Parts
from gui.edits import ScenarioEdit


def run_of(scenario: Scenario) -> History:
    history = simulate(scenario.spec)
    add_samples(history)
    return history


def edits_that_are_kept() -> int:
    """Return how many commands there are in memory, also of those that nobody asks any more."""
    gc.collect()
    return sum(type(thing) is ScenarioEdit for thing in gc.get_objects())


def test_run_of_what_was_open_before_is_not_shown_though_a_slider_is_in_hand(
    parts: Parts, settle: Callable[[Parts], None]
) -> None:
    session, slider = parts.session, parts.window.controls.bandwidth.slider
    session.edit("network.bandwidth", "300 Mbit/s")
    session.end_gesture()
    before = session.scenario
    assert before is not None
    late = run_of(before)
    settle(parts)
    session.open(load_scenario("sqlite-vm"))
    assert late.vms[0].spec.name != session.selected
    slider.setSliderDown(True)
    slider.setValue(slider.value() - 5)
    assert session.editing

    parts.runs.run_finished.emit(before, late)

    assert session.history is not late
    assert parts.window.narration.text
    slider.setSliderDown(False)
    settle(parts)
    assert session.history is not None and session.history.spec == session.scenario.spec


def test_runs_of_versions_before_are_shown_while_a_slider_is_in_hand_each_once(
    parts: Parts, settle: Callable[[Parts], None]
) -> None:
    session = parts.session
    session.edit("network.bandwidth", "300 Mbit/s")
    first = session.scenario
    session.edit("network.bandwidth", "310 Mbit/s")
    assert first is not None and first is not session.scenario
    run = run_of(first)

    parts.runs.run_finished.emit(first, run)
    assert session.history is run

    session.end_gesture()
    settle(parts)
    newest = session.history
    parts.runs.run_finished.emit(first, run_of(first))
    assert session.history is newest


def test_moves_of_a_slider_are_one_command_that_undo_takes_back(
    parts: Parts, settle: Callable[[Parts], None]
) -> None:
    session, stack = parts.session, parts.session.undo_stack
    opened = session.scenario
    slider = parts.window.controls.bandwidth.slider
    before = edits_that_are_kept()
    slider.setSliderDown(True)
    for _ in range(12):
        slider.setValue(slider.value() - 1)
    slider.setSliderDown(False)
    newest = session.scenario

    assert edits_that_are_kept() == before + 1
    assert stack.count() == 1 and newest is not opened
    stack.undo()
    assert session.scenario is opened
    stack.redo()
    assert session.scenario is newest
    settle(parts)


def test_gesture_that_goes_on_after_undo_is_an_edit_of_its_own(
    parts: Parts, settle: Callable[[Parts], None]
) -> None:
    session, stack = parts.session, parts.session.undo_stack
    opened = session.scenario
    session.edit("network.bandwidth", "300 Mbit/s")
    stack.undo()
    session.edit("network.bandwidth", "310 Mbit/s")
    session.end_gesture()

    assert stack.count() == 1 and not stack.canRedo()
    stack.undo()
    assert session.scenario is opened
    settle(parts)


def test_playhead_that_moves_while_the_views_change_runs_shows_no_frame_of_the_old_one(
    parts: Parts,
) -> None:
    session, player = parts.session, parts.player
    session.open(load_scenario("recorded-demo"))
    old_vm = session.selected
    seen: list[set[str]] = []
    player.frame_changed.connect(lambda frame: seen.append(set(frame.vms)))

    session.history_changed.connect(lambda history, previous: player.seek(10**9))
    session.open(load_scenario("clark-diabolical"))

    assert session.selected != old_vm
    assert seen and all(vms == {session.selected} for vms in seen)
