"""Lessons in the window: every one walked through to its end by keys alone, and by mouse."""

import json
import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QLabel, QWidget

from engine.lesson import bundled_lessons, load_lesson, parse_lesson
from engine.lesson_figures import figure_of
from engine.lesson_walk import number_answer
from engine.scenario import load_scenario
from gui.dialogs.lessons import LessonsDialog
from gui.models.lesson_run import LessonRun, Stage
from gui.named_parts import part_rect
from gui.views.lesson_answer import OptionLabel

KEY = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier

WATCH = """
    format = 1
    number = 1
    title = "T"
    misconception = "M"
    scenario = "recorded-demo"
    [[steps]]
    kind = "watch"
    title = "A"
"""
"""A lesson of one step, whose stretch is still to be said."""


def press(key, modifiers=Qt.KeyboardModifier.NoModifier):
    """Press a key where the focus is."""
    QTest.keyClick(QApplication.focusWidget(), key, modifiers)
    QApplication.processEvents()


def write(text):
    widget = QApplication.focusWidget()
    if hasattr(widget, "selectAll"):
        widget.selectAll()
    QTest.keyClicks(widget, text)


def toml_text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def exercise_of(lesson):
    """Return the place of the lesson's exercise."""
    return next(i for i, step in enumerate(lesson.steps) if step.kind == "exercise")


def choose_lesson(parts, qtbot, place):
    """Open the list by its key and start a lesson by its place."""
    parts.window.activateWindow()
    press(KEY.Key_L, CTRL)
    dialogs = [w for w in parts.window.findChildren(LessonsDialog) if w.isVisible()]
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is not None)
    dialog = QApplication.activeModalWidget()
    assert dialog in dialogs
    press(KEY.Key_Home)
    for _ in range(place):
        press(KEY.Key_Down)
    press(KEY.Key_Return)
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is None)
    parts.window.activateWindow()
    qtbot.waitUntil(parts.window.isActiveWindow)
    assert parts.wiring.teaching.running is not None


def arrive(parts, qtbot):
    """Wait for the run of a step, if the worker makes it."""
    qtbot.waitUntil(lambda: not parts.wiring.teaching.waiting, timeout=60_000)


def answer_by_keys(parts, qtbot, settle, run, right=True):
    """Answer the present step with the keyboard, once its run is there."""
    arrive(parts, qtbot)
    step, panel = run.step, parts.wiring.teaching.panel
    if step.kind == "question" and step.ask == "number":
        write(number_answer(step, parts.session.history, "right" if right else "wrong"))
        press(KEY.Key_Return)
    elif step.kind == "question" and step.ask == "choice":
        place = step.right if right else (step.right + 1) % len(step.options)
        press(KEY(KEY.Key_1 + place))
        press(KEY.Key_Return)
    elif step.kind == "question":
        press(KEY.Key_Return)
        for key, times in ((KEY.Key_Right, 14), (KEY.Key_Down, 40)):
            for _ in range(times):
                press(key)
        press(KEY.Key_Return)
        press(KEY.Key_Return, CTRL)
    elif step.kind == "exercise":
        for path, value in (step.solution if right else step.wrong).items():
            if path in panel.answer.fields:
                field = panel.answer.fields[path]
                while QApplication.focusWidget() is not field:
                    press(KEY.Key_Tab)
                if isinstance(field, QComboBox):
                    place = field.findData(toml_text(value))
                    press(KEY.Key_Home)
                    for _ in range(place):
                        press(KEY.Key_Down)
                    assert field.currentIndex() == place
                else:
                    write(toml_text(value))
                    press(KEY.Key_Return)
                settle(parts)


@pytest.mark.parametrize("name", bundled_lessons())
def test_a_lesson_is_walked_to_its_end_by_keys_alone(parts, qtbot, settle, name):
    place = bundled_lessons().index(name)
    choose_lesson(parts, qtbot, place)
    teaching = parts.wiring.teaching
    run = teaching.running
    assert run.lesson.name == name
    for _ in range(60):
        if teaching.running is None:
            break
        number, part = run.number, run.part
        answer_by_keys(parts, qtbot, settle, run)
        assert run.may_go_on, run.step.title
        assert parts.wiring.predicting.hidden is run.tells_too_much
        press(KEY.Key_Return, CTRL)
        assert teaching.running is None or (run.number, run.part) != (number, part)
    assert teaching.running is None
    asked = [i for i, s in enumerate(run.lesson.steps) if s.kind == "question"]
    assert sorted(run.verdicts) == asked
    typed = [i for i in asked if run.lesson.steps[i].ask != "curve"]
    assert all(run.verdicts[i].right for i in typed)
    assert f"Lesson done: {run.lesson.title}" in parts.window.notice.whole
    assert parts.session.scenario.name == "recorded-demo"
    assert not parts.session.undo_stack.canUndo()


@pytest.mark.parametrize("name", bundled_lessons())
def test_a_lesson_is_given_up_and_ended_by_keys_alone(parts, qtbot, settle, name):
    choose_lesson(parts, qtbot, bundled_lessons().index(name))
    teaching = parts.wiring.teaching
    run, panel = teaching.running, teaching.panel
    for _ in range(60):
        if teaching.running is None:
            break
        step, number = run.step, run.number
        answer_by_keys(parts, qtbot, settle, run, right=False)
        if step.kind == "question" and step.ask != "curve":
            assert not run.verdicts[number].right, step.title
        if step.kind == "exercise":
            assert not run.may_go_on and "\N{BALLOT X}" in panel.goals.text()
            press(KEY.Key_Return, CTRL)
            assert run.number == number
            for button in (panel.hint_button, panel.solution_button):
                for _ in range(60):
                    if QApplication.focusWidget() is button:
                        break
                    press(KEY.Key_Tab)
                assert QApplication.focusWidget() is button
                press(KEY.Key_Space)
                assert not parts.player.playing
            settle(parts)
            assert run.may_go_on and "\N{BALLOT X}" not in panel.goals.text()
            assert not teaching.answers.answers[-1].close
        press(KEY.Key_Return, CTRL)
    assert teaching.running is None and parts.session.scenario.name == "recorded-demo"


def test_space_presses_what_has_the_focus_in_a_lesson(parts, qtbot):
    choose_lesson(parts, qtbot, 0)
    teaching = parts.wiring.teaching
    teaching.panel.next_button.setFocus()
    press(KEY.Key_Space)
    assert teaching.running.part == 1 and not parts.player.playing


@pytest.mark.parametrize("kind", ["watch", "question", "exercise"])
def test_opening_something_else_ends_the_lesson_and_keeps_what_was_opened(parts, settle, kind):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("1"))
    run = teaching.running
    run.number = next(i for i, step in enumerate(run.lesson.steps) if step.kind == kind)
    teaching.show_step()
    parts.session.open(load_scenario("postcopy-pull"))
    QApplication.processEvents()
    assert teaching.running is None and teaching.panel.isHidden()
    assert parts.session.scenario.name == "postcopy-pull" and not parts.wiring.predicting.hidden
    assert "The lesson has ended" in parts.window.notice.whole
    teaching.go_on()
    teaching.replay()
    assert parts.session.scenario.name == "postcopy-pull"


def test_a_question_hides_what_comes_until_it_is_answered(parts, qtbot, settle):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("1"))
    run = teaching.running
    while run.stage is not Stage.ASKING:
        teaching.go_on()
    assert parts.wiring.predicting.hidden
    teaching.go_on()  # nothing was chosen: it says so and stays
    assert run.stage is Stage.ASKING and teaching.panel.answer.fault.isVisible()
    answer_by_keys(parts, qtbot, settle, run, right=False)
    assert parts.wiring.predicting.hidden  # a later question asks how long it stops
    assert parts.player.playing and not run.verdicts[run.number].right
    told = teaching.panel.verdict.text()
    assert told.startswith("You said:") and "It did:" in told and teaching.panel.why.text()
    while run.stage is not Stage.ASKING:
        teaching.go_on()
    answer_by_keys(parts, qtbot, settle, run)
    assert not parts.wiring.predicting.hidden and parts.player.playing


@pytest.mark.parametrize("name", bundled_lessons())
def test_nothing_on_the_screen_tells_a_number_before_it_is_asked(parts, qtbot, settle, name):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson(name))
    run = teaching.running
    asked = [s.figure for s in run.lesson.steps if s.kind == "question" and s.figure]
    for _ in range(60):
        if not asked:
            break
        arrive(parts, qtbot)
        step = run.step
        if step.kind == "question" and step.figure is not None:
            asked.remove(step.figure)
            figure = figure_of(parts.session.history, step.figure)
            views = [v for v in parts.window.canvas.findChildren(QWidget) if v.isVisible()]
            told = [v.text() for v in views if isinstance(v, QLabel)]
            told += [v.accessibleDescription() for v in views]
            if figure.text not in ("0", "1"):
                word = re.compile(rf"(?<![\d,.]){re.escape(figure.text)}(?![\d,.])")
                assert not [text for text in told if word.search(text)], step.title
        answer_by_keys(parts, qtbot, settle, run)
        teaching.go_on()
    assert not asked


def test_what_a_later_question_asks_is_hidden_while_a_step_before_it_plays(parts, qtbot, settle):
    teaching, predicting = parts.wiring.teaching, parts.wiring.predicting
    teaching.start(load_lesson("1"))
    run = teaching.running
    hidden = {}
    while run.step.kind != "exercise":
        if run.step.kind == "watch":
            hidden[run.step.title] = predicting.hidden
        answer_by_keys(parts, qtbot, settle, run)
        teaching.go_on()
    assert hidden == {
        "Somebody asks for a move": True,
        "Push: pages go, and get dirty again": True,
        "It was there all the time": False,
    }
    while run.step.title != "Somebody asks for a move":
        teaching.go_back()
    assert not predicting.hidden  # all of it is known by now


def test_a_number_that_cannot_be_read_is_one_sentence(parts, qtbot):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("2"))
    run = teaching.running
    run.number = next(
        i for i, s in enumerate(run.lesson.steps) if s.kind == "question" and s.ask == "number"
    )
    teaching.show_step()
    write("soon")
    press(KEY.Key_Return)
    assert run.stage is Stage.ASKING
    assert "a whole number" in teaching.panel.answer.fault.text()
    write("3,400")
    press(KEY.Key_Return)
    assert run.stage is Stage.REVEALED


def test_an_exercise_is_judged_on_every_new_run(parts, qtbot, settle):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("1"))
    run, panel = teaching.running, teaching.panel
    run.number = exercise_of(run.lesson)
    teaching.show_step()
    assert run.stage is Stage.TRYING and "\N{BALLOT X}" in panel.goals.text()
    assert not panel.next_button.isEnabled()
    QTest.mouseClick(panel.hint_button, Qt.MouseButton.LeftButton)
    assert panel.why.text() == run.step.hint
    panel.answer.edited.emit("migrations.cps.rate_limit", "fast")
    assert "Rate limit" in panel.answer.fault.text()
    assert "migrations." not in panel.answer.fault.text()
    # The slider of the window counts as well as the field.
    parts.session.edit("migrations.cps.rate_limit", "500 Mbit/s")
    parts.session.end_gesture()
    settle(parts)
    assert run.stage is Stage.MET and "\N{BALLOT X}" not in panel.goals.text()
    assert panel.answer.fields["migrations.cps.rate_limit"].text() == "500 Mbit/s"
    assert teaching.answers.answers[-1].close
    parts.session.undo_stack.undo()
    settle(parts)
    assert "\N{BALLOT X}" in panel.goals.text()


def test_a_solution_is_shown_on_wish_and_can_be_taken_back(parts, qtbot, settle):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("1"))
    run, panel = teaching.running, teaching.panel
    run.number = exercise_of(run.lesson)
    teaching.show_step()
    QTest.mouseClick(panel.solution_button, Qt.MouseButton.LeftButton)
    settle(parts)
    assert run.may_go_on and not teaching.answers.answers[-1].close
    assert parts.session.undo_stack.canUndo()


def test_a_hint_holds_the_figures_of_the_run(parts):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("5"))
    teaching.running.number = exercise_of(teaching.running.lesson)
    teaching.show_step()
    QTest.mouseClick(teaching.panel.hint_button, Qt.MouseButton.LeftButton)
    assert "{" not in teaching.panel.why.text() and " ms" in teaching.panel.why.text()


def test_the_last_step_tells_what_was_said_and_what_it_did(parts, qtbot, settle):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("6"))
    run = teaching.running
    asked = [i for i, s in enumerate(run.lesson.steps) if s.kind == "question"]
    for number in asked:
        run.number = number
        teaching.show_step()
        if run.step.ask == "choice":
            labels = teaching.panel.answer.findChildren(OptionLabel)
            assert len(labels) == 3 and all("{" not in label.text() for label in labels)
        answer_by_keys(parts, qtbot, settle, run, right=number == asked[0])
    run.number = len(run.lesson.steps) - 1
    teaching.show_step()
    told = teaching.panel.why.text()
    assert teaching.panel.verdict.text() == "What you said, and what it did"
    assert "you said and it did" in told or "it did: 5.8 ms" in told
    assert "it did: As long as before the move: 1 ms" in told


@pytest.mark.parametrize("name", bundled_lessons())
def test_every_part_that_a_lesson_lights_is_shown_then(parts, qtbot, settle, name):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson(name))
    run = teaching.running
    for number, step in enumerate(run.lesson.steps):
        run.number, run.part = number, 0
        teaching.show_step()
        arrive(parts, qtbot)
        QApplication.processEvents()
        wanted = [step.spotlight, *(p.part for p in getattr(step, "parts", ()))]
        wanted += [caption.part for caption in getattr(step, "captions", ())]
        for part in filter(None, wanted):
            assert part_rect(parts.window, part) is not None, (step.title, part)


def test_what_was_open_is_open_again_with_its_edits(parts, settle):
    parts.session.edit("network.bandwidth", "500 Mbit/s")
    parts.session.end_gesture()
    settle(parts)
    parts.session.select("xenapp")
    parts.player.seek(2_000_000_000)
    spec = parts.session.scenario.spec
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("5"))
    assert parts.session.scenario.name == "faq-downtime"
    teaching.end()
    assert parts.session.scenario.spec.network == spec.network
    assert parts.session.selected == "xenapp" and parts.player.t_ns == 2_000_000_000
    assert teaching.panel.isHidden() and not parts.window.actions_by_name.lesson_next.isEnabled()


def test_a_step_plays_its_stretch_with_captions_and_stops(parts, clock):
    lesson = parse_lesson(
        WATCH + """
        from = "round 2"
        to = "resumed"
        spotlight = "link"
        captions = [ { at = "suspended", text = "Stopped after {cps.rounds}.", part = "pages" } ]
        """,
        "mine",
    )
    teaching = parts.wiring.teaching
    teaching.start(lesson)
    record = parts.session.history.migrations[0]
    assert parts.player.playing and teaching.light.lit is not None
    assert teaching.light.caption == ""
    for _ in range(200):
        clock.pass_ms(10)
        parts.player.tick()
        if record.suspended_ns <= parts.player.t_ns < record.resumed_ns:
            assert teaching.light.caption.startswith("Stopped after ")
            assert teaching.light.rect().contains(teaching.light.caption_rect())
    assert parts.player.t_ns == record.resumed_ns and not parts.player.playing
    teaching.replay()
    assert parts.player.playing and parts.player.t_ns < record.suspended_ns


def test_a_step_whose_instants_a_changed_run_does_not_have_says_so(parts, settle):
    lesson = parse_lesson(
        WATCH + """
        from = "suspended"
        to = "resumed"
        """,
        "mine",
    )
    teaching = parts.wiring.teaching
    teaching.start(lesson)
    parts.player.seek(parts.session.history.migrations[0].requested_ns + 1_000_000_000)
    parts.session.fault("cancel", "cps")
    settle(parts)
    assert parts.session.history.migrations[0].suspended_ns is None
    parts.player.pause()
    teaching.replay()
    assert not parts.player.playing
    assert "no migration in this run comes to it" in parts.window.notice.whole
    assert "Reset (R)" in parts.window.notice.whole
    parts.session.reset()
    settle(parts)
    teaching.replay()
    assert parts.player.playing


def test_a_step_outlines_the_working_set_and_leaves_it_as_it_was(parts):
    teaching, button = parts.wiring.teaching, parts.window.pages.working_set.button
    lesson = load_lesson("2")
    place = next(i for i, s in enumerate(lesson.steps) if getattr(s, "working_set", False))
    for chosen in (False, True):
        button.setChecked(chosen)
        teaching.start(lesson)
        for number, on in ((place - 1, chosen), (place, True), (place + 1, chosen), (place, True)):
            teaching.running.number = number
            teaching.show_step()
            assert button.isChecked() is on
        teaching.end()
        assert button.isChecked() is chosen


def test_parts_are_named_at_the_instant_that_a_lesson_wants(parts):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("1"))
    (move,) = parts.session.history.migrations
    assert parts.player.t_ns == move.requested_ns - 800_000_000
    assert parts.wiring.predicting.hidden and not parts.player.playing


def test_answers_and_worksheets_are_saved(parts, tmp_path, monkeypatch, qtbot, settle):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("1"), "Ada")
    run = teaching.running
    while run.stage is not Stage.ASKING:
        teaching.go_on()
    answer_by_keys(parts, qtbot, settle, run)
    path = tmp_path / "ada.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(path), ""))
    press(KEY.Key_S, CTRL | SHIFT)
    found = json.loads(path.read_text("utf-8"))
    assert found["student"] == "Ada" and found["answers"][0]["said"] == "It runs on at the old host"
    path = tmp_path / "sheet.html"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(path), ""))
    press(KEY.Key_P, CTRL)
    assert "<h1>What XenMotion is</h1>" in path.read_text("utf-8")
    path = tmp_path / "no" / "sheet.html"
    press(KEY.Key_P, CTRL | SHIFT)
    assert parts.window.error_notice.isVisible()


def test_the_panel_fits_beside_the_run_at_every_scale(parts, settle):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("1"))
    for factor in (1.0, 1.5, 2.0):
        parts.wiring.layouts.set_scale(round(factor * 100))
        QApplication.processEvents()
        panel = teaching.panel
        place = panel.mapTo(parts.window.canvas, panel.rect().bottomRight())
        assert parts.window.canvas.rect().adjusted(0, 0, 1, 1).contains(place), factor
        assert panel.isVisible()
    teaching.end()
    parts.wiring.layouts.set_scale(100)


def test_a_run_goes_back_and_forth_without_losing_answers():
    run = LessonRun(load_lesson("1"))
    assert run.stage is Stage.READING
    while not run.go_on():
        pass
    assert run.number == 1 and run.go_back() and run.part == len(run.step.parts) - 1
    assert not run.go_back() and run.part == len(run.step.parts) - 2
    assert LessonRun(load_lesson("1")).go_back() is False
