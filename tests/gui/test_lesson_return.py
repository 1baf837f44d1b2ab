"""What was open before a lesson comes back whole, and a lesson goes on where it was stopped."""

from concurrent.futures import Future

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.errors import ScenarioError
from engine.lesson import load_lesson
from engine.lesson_walk import number_answer
from engine.scenario import load_scenario, scenario_from_document
from gui.dialogs.lessons import LessonsDialog
from gui.keeping import left_behind
from gui.models.lesson_progress import progress_text, taken_up
from gui.models.lesson_run import LessonRun, Stage

SECOND_NS = 1_000_000_000


def press(key, modifiers=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(QApplication.focusWidget(), key, modifiers)
    QApplication.processEvents()


def edit(parts, settle, path, text):
    parts.session.edit(path, text)
    parts.session.end_gesture()
    settle(parts)


def walk_to(teaching, kind):
    """Go to the first step of a kind, as if all before it was read."""
    run = teaching.running
    run.number = next(i for i, step in enumerate(run.lesson.steps) if step.kind == kind)
    teaching.show_step()


def test_edits_undo_redo_and_branches_come_back_whole(parts, settle):
    session, tree = parts.session, parts.wiring.forking.tree
    opened = session.original
    edit(parts, settle, "network.bandwidth", "500 Mbit/s")
    tree.rename(tree.nodes()[1], "narrow")
    parts.player.seek(2 * SECOND_NS)
    edit(parts, settle, "migrations.cps.rate_limit", "300 Mbit/s")
    session.undo_stack.undo()
    settle(parts)
    session.select("xenapp")
    parts.window.plots.select(SECOND_NS, 2 * SECOND_NS)
    parts.player.set_speed(0.5)
    before = (
        session.scenario, session.original, session.history, tree.document(),
        [n.name for n in tree.nodes()], session.undo_stack.count(), session.undo_stack.index(),
        parts.window.title.whole, parts.window.plots.selection, parts.window.side.isVisible(),
        parts.window.splitters["across"].sizes(), parts.window.splitters["left"].sizes(),
    )  # fmt: skip
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("1"))
    assert session.undo_stack.count() == 0 and session.original is not opened
    assert not parts.window.actions_by_name.undo.isEnabled()
    walk_to(teaching, "exercise")
    teaching.panel.answer.edited.emit("migrations.cps.rate_limit", "400 Mbit/s")
    settle(parts)
    teaching.end()
    QApplication.processEvents()
    assert before == (
        session.scenario, session.original, session.history, tree.document(),
        [n.name for n in tree.nodes()], session.undo_stack.count(), session.undo_stack.index(),
        parts.window.title.whole, parts.window.plots.selection, parts.window.side.isVisible(),
        parts.window.splitters["across"].sizes(), parts.window.splitters["left"].sizes(),
    )  # fmt: skip
    assert (session.selected, parts.player.t_ns) == ("xenapp", 2 * SECOND_NS)
    assert parts.player.speed == 0.5
    session.undo_stack.undo()
    settle(parts)
    assert "narrow" not in [n.name for n in tree.nodes()]
    session.undo_stack.undo()
    settle(parts)
    assert session.scenario is opened and tree.current.parent is None
    for _ in range(3):
        session.undo_stack.redo()
        settle(parts)
    assert session.scenario.value_at("migrations.cps.rate_limit", 3 * SECOND_NS) == 300_000_000
    session.reset()
    settle(parts)
    assert session.scenario is opened


def test_an_edit_just_before_a_lesson_is_simulated_after_it(parts, settle):
    parts.session.edit("network.bandwidth", "500 Mbit/s")
    parts.session.end_gesture()
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("5"))
    teaching.end()
    settle(parts)
    assert parts.session.history.spec.network.bandwidth_bps == 500_000_000


def test_a_note_that_is_undone_leaves_the_branches(parts, settle):
    tree = parts.wiring.forking.tree
    edit(parts, settle, "network.bandwidth", "500 Mbit/s")
    tree.go_to(tree.nodes()[0])
    settle(parts)
    parts.wiring.noting._keep(SECOND_NS, "look", None)
    settle(parts)
    for _ in range(2):
        parts.session.undo_stack.undo()
        settle(parts)
    assert len(tree.nodes()) == 2


def test_work_is_kept_against_a_crash_while_a_lesson_runs(parts, settle, tmp_path):
    from gui.keeping import Keeper

    files = parts.wiring.files
    files._keeper = Keeper(tmp_path, files._unsaved, files)
    edit(parts, settle, "network.bandwidth", "500 Mbit/s")
    files._keeper.keep()
    kept = files._keeper.path.read_text()
    assert "500 Mbit/s" in kept
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("5"))
    files._keeper.keep()
    assert files._keeper.path.read_text() == kept  # the work, not the lesson
    teaching.end()
    files._keeper.keep()
    assert files._keeper.path.read_text() == kept
    files._keeper.close()
    assert left_behind(tmp_path) == []


def test_a_recording_and_its_twin_come_back(parts, settle):
    recording = parts.session.history
    twin = load_scenario("recorded-demo").with_value("network.bandwidth", "500 Mbit/s")
    parts.session.open_recording(recording, "a recording")
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("5"))
    assert parts.session.recording is None
    teaching.end()
    assert parts.session.recording is recording and parts.session.scenario is None
    assert parts.window.recorded.isVisible()
    parts.session.open_beside(twin, parts.runs.simulate_now(twin))
    teaching.start(load_lesson("5"))
    teaching.end()
    assert parts.session.beside and parts.session.scenario is twin
    assert parts.session.recording_title == "a recording"


def test_esc_ends_a_lesson_and_the_list_goes_on_there(parts, qtbot, settle):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("3"), "Ada")
    run = teaching.running
    walk_to(teaching, "question")
    said = number_answer(run.step, parts.session.history, "right")
    QTest.keyClicks(QApplication.focusWidget(), said)
    press(Qt.Key.Key_Return)
    assert run.stage is Stage.REVEALED
    teaching.go_on()
    number = run.number
    press(Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: teaching.running is None)
    assert parts.session.scenario.name == "recorded-demo"
    assert f"left at step {number + 1} of 6" in parts.window.notice.whole
    parts.window.activateWindow()
    press(Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, LessonsDialog)
    assert dialog.start_button.text() == f"Go on at step {number + 1}"
    assert f"left at step {number + 1} of 6" in dialog.list.currentItem().text()
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: teaching.running is not None)
    again = teaching.running
    assert (again.number, again.verdicts) == (number, run.verdicts)
    assert teaching.answers.student == "Ada" and len(teaching.answers.answers) == 1


def test_a_lesson_begins_at_its_start_if_that_is_wanted(parts, qtbot):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("2"))
    walk_to(teaching, "question")
    teaching.end()
    parts.window.actions_by_name.lessons.trigger()
    dialog = QApplication.activeModalWidget()
    QTest.mouseClick(dialog.anew_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: teaching.running is not None)
    assert teaching.running.number == 0


def test_nothing_is_told_of_a_lesson_that_was_only_looked_at(parts):
    teaching = parts.wiring.teaching
    parts.window.show_notice("")
    teaching.start(load_lesson("2"))
    teaching.end()
    assert "Lesson" not in parts.window.notice.whole


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 2, "titles": []}'])
def test_progress_that_cannot_be_read_begins_anew(text):
    assert taken_up(text, load_lesson("1")) is None


def test_progress_of_another_version_of_a_lesson_is_not_taken_up():
    from engine.lesson_answers import Answers

    lesson = load_lesson("1")
    run = LessonRun(lesson, 3)
    text = progress_text(run, Answers(lesson.name, lesson.title))
    found = taken_up(text, lesson)
    assert found is not None and found[0].number == 3
    assert taken_up(text, load_lesson("2")) is None


def test_a_lesson_in_a_window_without_anything_open(application, qtbot, clock):
    from gui import app
    from gui.style.theme import DARK

    parts = app.build(DARK, clock)
    parts.window.show()
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("5"))
    teaching.end()
    assert parts.session.scenario.name == "faq-downtime"
    document = parts.session.scenario.document
    parts.session.open(scenario_from_document(document, "again"))
    parts.session.edit("network.bandwidth", "500 Mbit/s")
    parts.session.end_gesture()
    assert parts.session.undo_stack.canUndo()
    parts.runs.close()
    parts.window.close()
    parts.window.deleteLater()


def test_a_step_whose_run_takes_longer_is_waited_for_and_the_window_goes_on(
    parts, qtbot, settle, monkeypatch
):
    monkeypatch.setattr("gui.run_controller.OPENING_NS", 0)
    teaching, session = parts.wiring.teaching, parts.session
    teaching.start(load_lesson("7"), "Ada")
    run, panel = teaching.running, teaching.panel
    assert session.scenario.name == "recorded-demo" and teaching.waiting
    teaching._patience.timeout.emit()  # it takes so long that it is said
    assert "is being made" in panel.text.text() and not panel.next_button.isEnabled()
    teaching.go_on()  # nothing to go on to yet
    teaching.replay()
    assert run.number == 0
    qtbot.waitUntil(lambda: not teaching.waiting, timeout=60_000)
    assert session.scenario.name == "postcopy-pull" and panel.next_button.isEnabled()
    assert "is being made" not in panel.text.text() and parts.player.playing

    walk_to(teaching, "exercise")  # a run of its own
    assert teaching.waiting
    teaching.end()
    assert teaching.running is None and not teaching.waiting
    settle(parts)
    qtbot.wait(300)
    assert session.scenario.name == "recorded-demo"


def test_a_step_whose_run_cannot_be_made_ends_the_lesson_with_a_sentence(
    parts, qtbot, monkeypatch
):
    monkeypatch.setattr("gui.run_controller.OPENING_NS", 0)
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("7"))
    future = Future()
    future.set_exception(ScenarioError(["postcopy-pull: run.seed: is too odd"]))
    teaching._runs._arrived.emit(teaching._runs._number, None, future)
    assert teaching.running is None
    assert parts.window.error_notice.isVisible()
    assert parts.session.scenario.name == "recorded-demo"


def test_a_run_that_comes_while_a_lesson_waits_for_its_first_one_ends_nothing(
    parts, qtbot, settle, monkeypatch
):
    session, teaching = parts.session, parts.wiring.teaching
    edit(parts, settle, "network.bandwidth", "500 Mbit/s")
    spec = session.scenario.spec
    monkeypatch.setattr("gui.run_controller.OPENING_NS", 0)
    teaching.start(load_lesson("7"))
    assert teaching.waiting and not teaching.panel.isEnabled()
    session.history_changed.emit(session.history, None)  # the edit's own run, a moment too late
    assert teaching.running is not None and teaching.waiting
    teaching.end()
    settle(parts)
    assert session.scenario.spec == spec and session.undo_stack.canUndo()


def test_something_else_that_is_opened_while_a_lesson_waits_ends_it(parts, qtbot, monkeypatch):
    teaching = parts.wiring.teaching
    monkeypatch.setattr("gui.run_controller.OPENING_NS", 0)
    teaching.start(load_lesson("7"))
    assert teaching.waiting
    parts.session.open(load_scenario("faq-downtime"))
    assert teaching.running is None and not teaching.waiting
    qtbot.wait(1500)
    assert parts.session.scenario.name == "faq-downtime"


def test_nothing_can_be_answered_in_a_step_that_is_left(parts, qtbot, settle, monkeypatch):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("7"))
    walk_to(teaching, "exercise")
    panel = teaching.panel
    monkeypatch.setattr("gui.run_controller.OPENING_NS", 0)
    teaching.running.number = 1  # a question of another run
    teaching.show_step()
    assert teaching.waiting
    for button in (panel.hint_button, panel.solution_button):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not panel.answer.isEnabled()
    qtbot.waitUntil(lambda: not teaching.waiting, timeout=60_000)
    assert panel.isEnabled() and teaching.running.stage is Stage.ASKING
