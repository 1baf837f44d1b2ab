"""Lessons beside other work: what was open waits, lessons wait, and presenting knows of them."""

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.knob_names import knob_name, knob_sentence
from engine.lesson import load_lesson
from engine.scenario import load_scenario
from gui.named_parts import part_rect
from gui.views.lesson_panel import LARGE, TEXT_PX
from tests.gui.test_lessons_window import CTRL, KEY, choose_lesson, exercise_of, press

PLAIN = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def edited(parts, settle):
    """A window with two edits, the second taken back, a renamed branch, at 4 s."""
    session = parts.session
    for t_ns, value in ((0, "900 Mbit/s"), (7_000_000_000, "300 Mbit/s")):
        parts.player.seek(t_ns)
        session.edit("network.bandwidth", value)
        session.end_gesture()
        settle(parts)
    session.undo_stack.undo()
    settle(parts)
    parts.player.seek(4_000_000_000)
    return parts


def state_of(parts):
    session, tree = parts.session, parts.wiring.forking.tree
    return {
        "scenario": session.scenario,
        "original": session.original,
        "digest": session.history.digest(),
        "selected": session.selected,
        "t_ns": parts.player.t_ns,
        "edits": [session.undo_stack.text(i) for i in range(session.undo_stack.count())],
        "index": session.undo_stack.index(),
        "undo": parts.window.actions_by_name.undo.isEnabled(),
        "redo": parts.window.actions_by_name.redo.isEnabled(),
        "branches": [(n.name, n.parent and n.parent.name, n.scenario) for n in tree.nodes()],
        "branch": tree.current.name,
        "differs": tree.differs_from_file,
        "title": parts.window.title.whole,
        "value shown": parts.window.controls.bandwidth.slider.value(),
    }


def test_a_lesson_leaves_everything_as_it_was(edited, settle):
    before = state_of(edited)
    teaching = edited.wiring.teaching
    teaching.start(load_lesson("4"))
    assert not edited.window.actions_by_name.undo.isEnabled()
    teaching.running.number = exercise_of(teaching.running.lesson)
    teaching.show_step()
    QTest.mouseClick(teaching.panel.solution_button, Qt.MouseButton.LeftButton)
    settle(edited)
    assert edited.window.actions_by_name.undo.isEnabled()
    teaching.end()
    settle(edited)
    assert state_of(edited) == before
    session = edited.session
    session.undo_group.redo()
    settle(edited)
    assert session.history.spec.changes[0].set == {"network.bandwidth": "300 Mbit/s"}
    session.reset()
    settle(edited)
    assert session.scenario is before["original"]
    session.undo_group.undo()
    session.undo_group.undo()
    session.undo_group.undo()
    settle(edited)
    assert session.scenario is before["original"]
    assert not edited.window.actions_by_name.undo.isEnabled()


def test_what_waited_is_forgotten_when_something_else_is_opened(edited, settle):
    teaching = edited.wiring.teaching
    teaching.start(load_lesson("2"))
    other = load_scenario("faq-downtime")
    edited.session.open(other)
    settle(edited)
    assert teaching.running is None
    assert edited.session.scenario is other
    assert not edited.window.actions_by_name.undo.isEnabled()
    edited.session.edit("network.relearn_delay", "5 ms")
    edited.session.end_gesture()
    settle(edited)
    assert edited.window.actions_by_name.undo.isEnabled()
    teaching.start(load_lesson("2"))
    teaching.end()
    assert edited.session.original is other


def test_a_window_that_keeps_no_work_does_not_put_it_into_words_for_a_lesson(
    edited, monkeypatch
):
    tree = edited.wiring.forking.tree
    monkeypatch.setattr(tree, "document", lambda **which: pytest.fail("nobody keeps it"))
    edited.wiring.teaching.start(load_lesson("4"))
    edited.wiring.teaching.end()


def list_of_lessons(parts, qtbot):
    """Open the list by its key."""
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is None)
    parts.window.activateWindow()
    qtbot.waitUntil(parts.window.isActiveWindow)
    QTest.keyClick(parts.window, KEY.Key_L, CTRL)
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is not None)
    return QApplication.activeModalWidget()


def test_escape_leaves_a_lesson_and_it_is_gone_on_with_later(parts, qtbot):
    choose_lesson(parts, qtbot, 0)
    teaching = parts.wiring.teaching
    while teaching.running.number < 2:
        press(KEY.Key_Return, CTRL)
    run = teaching.running
    press(KEY.Key_Escape)
    qtbot.waitUntil(lambda: teaching.running is None)
    steps = len(run.lesson.steps)
    told = f"Lesson left at step 3 of {steps}: {run.lesson.title}; Ctrl+L goes on there."
    assert parts.window.notice.whole == told
    dialog = list_of_lessons(parts, qtbot)
    assert dialog.start_button.text() == "Go on at step 3"
    QTest.keyClick(dialog.list, KEY.Key_Return)
    assert teaching.running.number == 2 and teaching.running.verdicts == run.verdicts
    teaching.end()
    dialog = list_of_lessons(parts, qtbot)
    QTest.mouseClick(dialog.anew_button, Qt.MouseButton.LeftButton)
    assert teaching.running is not run and teaching.running.number == 0
    teaching.end()


def test_a_lesson_that_was_finished_begins_anew(parts):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("1"))
    teaching.running.number = len(teaching.running.lesson.steps) - 1
    teaching.show_step()
    teaching.go_on()
    assert teaching.running is None and "Lesson done" in parts.window.notice.whole
    parts.window.actions_by_name.lessons.trigger()
    assert QApplication.activeModalWidget().anew_button.isHidden()
    QApplication.activeModalWidget().reject()


def test_a_clicker_goes_through_a_lesson_that_is_presented(parts, qtbot, settle):
    teaching, presenting = parts.wiring.teaching, parts.wiring.presenting
    teaching.start(load_lesson("1"))
    run, panel = teaching.running, teaching.panel
    assert panel.text.font().pixelSize() == TEXT_PX
    presenting.enter()
    qtbot.waitUntil(parts.window.isActiveWindow)
    assert panel.text.font().pixelSize() == round(TEXT_PX * LARGE)
    place = (run.number, run.part)
    press(KEY.Key_PageDown)
    assert (run.number, run.part) > place
    press(KEY.Key_PageUp)
    assert (run.number, run.part) == place
    teaching.end()
    settle(parts)
    parts.player.seek(0)
    parts.window.setFocus()
    press(KEY.Key_PageDown)  # by stages again
    assert parts.player.t_ns > 0 and teaching.running is None
    presenting.leave()
    assert panel.text.font().pixelSize() == TEXT_PX
    keys = parts.window.actions_by_name.lesson_next.shortcuts()
    assert [key.toString() for key in keys] == ["Ctrl+Return"]


def test_no_caption_covers_the_legend(parts, qtbot):
    legend = part_rect(parts.window, "legend")
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("1"))
    light = teaching.light
    for name in ("pages", "source-memory", "destination-memory", "narration", "pool"):
        light.keep_clear([part_rect(parts.window, "legend")])
        words = "Words of some length that stand beside it. " * 3
        light.say(words, part_rect(parts.window, name))
        box = light.caption_rect()
        assert light.rect().contains(box)
        assert not box.intersects(part_rect(parts.window, "legend")), name
    assert isinstance(legend, QRect)


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("network.bandwidth", "Link bandwidth"),
        ("migrations.cps.rate_limit", "Rate limit"),
        ("vms.cps.writers.0.rate", "Dirty rate"),
        ("migrations.muncher.parameters.auto_converge", "Auto-converge"),
        ("hosts.full-6.memory", "Memory of full-6"),
    ],
)
def test_values_have_the_names_of_the_controls(path, title):
    assert knob_name(path) == title


def test_policies_and_switches_are_told_by_their_titles():
    assert knob_sentence("migrations.cps.policy", "postcopy") == "Policy: Post-copy"
    assert knob_sentence("migrations.a.parameters.auto_converge", True) == "Auto-converge: on"
    assert knob_sentence("migrations.cps.rate_limit", "") == "Rate limit: none"
