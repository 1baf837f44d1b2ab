"""A lesson by mouse alone, before an audience, with pauses, at other scales, sizes and themes."""

import itertools

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.lesson import load_lesson
from gui.dialogs.lessons import LessonsDialog
from gui.lesson_playing import HEADING_GAP_PX
from gui.models.lesson_record import LessonRecord
from gui.models.lesson_run import Stage
from gui.named_parts import part_rect
from gui.views.lesson_answer import OptionLabel
from gui.views.lesson_panel import LARGE, TEXT_PX
from tests.gui.test_lessons_window import exercise_of, press

LEFT = Qt.MouseButton.LeftButton
KEY = Qt.Key


def click(widget, at=None):
    """Click a widget that is seen, in its middle or at a point of its own."""
    assert widget.isVisible() and widget.isEnabled()
    QTest.mouseClick(widget, LEFT, pos=widget.rect().center() if at is None else at)
    QApplication.processEvents()


def walk_to(teaching, kind):
    run = teaching.running
    run.number = next(i for i, step in enumerate(run.lesson.steps) if step.kind == kind)
    teaching.show_step()
    QApplication.processEvents()


def draw_a_curve(canvas):
    """Draw from the upper left to the lower right with the mouse."""
    corners = [QPoint(70, 30), QPoint(120, 80), QPoint(170, 110), QPoint(220, 180)]
    QTest.mousePress(canvas, LEFT, pos=corners[0])
    for corner in corners[1:]:
        QTest.mouseMove(canvas, corner)
    QTest.mouseRelease(canvas, LEFT, pos=corners[-1])


def answer_by_mouse(parts, settle, run, panel):
    step = run.step
    if step.kind == "question" and step.ask == "choice":
        click(panel.answer.findChildren(OptionLabel)[step.right])
        click(panel.next_button)
    elif step.kind == "question":
        draw_a_curve(panel.answer.canvas)
        assert len(panel.answer.canvas.curve) >= 2
        click(panel.next_button)
    elif step.kind == "exercise":
        slider = parts.window.controls.dirty_rate.slider
        for share in (0.9, 0.3, 0.15, 0.05):
            click(slider, QPoint(round(slider.width() * share), slider.height() // 2))
            settle(parts)
            if run.may_go_on:
                return
        raise AssertionError("no place of the slider meets the goals")


def test_a_whole_lesson_is_walked_by_mouse_alone(parts, qtbot, settle):
    parts.window.actions_by_name.lessons.trigger()
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, LessonsDialog)
    rect = dialog.list.visualItemRect(dialog.list.item(3))
    QTest.mouseClick(dialog.list.viewport(), LEFT, pos=rect.center())
    click(dialog.start_button)
    teaching = parts.wiring.teaching
    qtbot.waitUntil(lambda: teaching.running is not None)
    run, panel = teaching.running, teaching.panel
    assert run.lesson.spec.number == 4
    for _ in range(30):
        if teaching.running is None:
            break
        number = run.number
        answer_by_mouse(parts, settle, run, panel)
        assert run.number == number and run.may_go_on
        click(panel.next_button)
    assert teaching.running is None
    assert "Lesson done: Will it converge?" in parts.window.notice.whole
    assert {a.kind for a in teaching.answers.answers} == {"choice", "curve", "exercise"}


def test_the_page_keys_of_a_clicker_show_what_a_hall_has_answered_aloud(parts, qtbot, settle):
    teaching, presenting = parts.wiring.teaching, parts.wiring.presenting
    teaching.start(load_lesson("4"))
    presenting.enter()
    qtbot.waitUntil(parts.window.isActiveWindow)
    run, panel = teaching.running, teaching.panel
    for kind in ("curve", "choice", "exercise"):
        while getattr(run.step, "ask", run.step.kind) != kind:
            press(KEY.Key_PageDown)
            settle(parts)
        number = run.number
        press(KEY.Key_PageDown)
        assert not run.may_go_on and "Once more shows" in panel.why.text()
        press(KEY.Key_PageDown)
        settle(parts)
        assert run.may_go_on and run.number == number
        assert not parts.wiring.predicting.hidden and panel.verdict.text()
    assert not run.verdicts
    press(KEY.Key_PageUp)
    press(KEY.Key_PageDown)
    settle(parts)
    assert run.number == number and run.stage is Stage.MET
    presenting.leave()


def test_at_a_desk_a_question_wants_its_answer(parts):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("4"))
    walk_to(teaching, "question")
    for _ in range(3):
        teaching.go_on()
    assert teaching.running.stage is Stage.ASKING


def test_words_are_large_before_an_audience_in_every_form(parts, qtbot):
    teaching, presenting = parts.wiring.teaching, parts.wiring.presenting
    presenting.enter()
    teaching.start(load_lesson("8"))
    panel = teaching.panel
    for kind in ("question", "exercise"):
        walk_to(teaching, kind)
        assert panel.text.font().pixelSize() == round(TEXT_PX * LARGE) >= 20
        words = panel.answer.findChildren(OptionLabel) or list(panel.answer.fields.values())
        assert words and all(w.font().pixelSize() >= 20 for w in words)
    presenting.leave()
    assert panel.text.font().pixelSize() == TEXT_PX
    assert all(w.font().pixelSize() == TEXT_PX for w in panel.answer.fields.values())


def play_until_it_stands(parts, clock):
    for _ in range(2000):
        clock.pass_ms(20)
        parts.player.tick()
        if not parts.player.playing:
            return
    raise AssertionError("it plays on and on")


def test_a_step_pauses_where_phases_end_and_continue_plays_on(parts, clock):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("3"))
    panel, run = teaching.panel, teaching.running
    (m,) = parts.session.history.migrations
    seen = []
    while True:
        play_until_it_stands(parts, clock)
        seen.append(parts.player.t_ns)
        if panel.next_button.text() != "Play on":
            break
        assert parts.wiring.presenting.toast.isVisible()
        teaching.go_on()
        assert run.number == 0 and parts.player.playing
    assert seen[-1] == m.released_ns and 2 <= len(seen) <= 5
    assert all(b - a >= 2_000_000_000 for a, b in itertools.pairwise(seen[:-1]))
    teaching.go_on()
    assert run.number == 1


def test_pauses_are_of_lessons_and_can_be_switched_off_there(parts, clock):
    action, teaching = parts.window.actions_by_name.auto_pause, parts.wiring.teaching
    assert not action.isChecked()
    teaching.start(load_lesson("3"))
    assert action.isChecked()
    action.trigger()
    teaching.replay()
    play_until_it_stands(parts, clock)
    assert parts.player.t_ns == parts.session.history.migrations[0].released_ns
    teaching.end()
    assert not action.isChecked()
    parts.player.play()
    play_until_it_stands(parts, clock)
    assert parts.player.t_ns == parts.session.history.end_ns
    teaching.start(load_lesson("3"))
    assert not action.isChecked()  # it was switched off for lessons


@pytest.mark.parametrize("percent", [75, 250])
def test_light_and_captions_are_in_the_window_at_every_scale(parts, percent):
    parts.wiring.layouts.set_scale(percent)
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("1"))
    QApplication.processEvents()
    light, canvas = teaching.light, parts.window.canvas
    assert teaching.panel.isVisible()
    for number in range(len(teaching.running.lesson.steps)):
        teaching.running.number = number
        teaching.show_step()
        parts.player.to_end()
        QApplication.processEvents()
        if light.lit is not None:
            assert canvas.rect().adjusted(-1, -1, 1, 1).contains(light.lit)
        if light.caption:
            assert light.rect().contains(light.caption_rect())
    teaching.end()
    parts.wiring.layouts.set_scale(100)


def test_the_light_follows_when_the_window_changes(parts):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("2"))
    walk_to(teaching, "parts")
    parts.window.resize(1700, 1000)
    parts.wiring.layouts.set_theme("light")
    QApplication.processEvents()
    QApplication.processEvents()
    grid, pages = (part_rect(parts.window, name) for name in ("source-memory", "pages"))
    grid.setTop(pages.top() + HEADING_GAP_PX)  # with its heading
    assert teaching.light.lit == grid
    assert teaching.light.size() == parts.window.canvas.size()
    teaching.end()
    assert not teaching.light.isVisible()


def test_the_control_of_an_exercise_is_seen_and_lit(parts):
    teaching = parts.wiring.teaching
    for name in ("2", "5", "6"):
        teaching.start(load_lesson(name))
        teaching.running.number = exercise_of(teaching.running.lesson)
        teaching.show_step()
        QApplication.processEvents()
        row = {
            "2": parts.window.controls.dirty_rate, "5": parts.window.controls.relearn,
            "6": parts.window.controls.rate_limit,
        }[name]
        assert teaching.light.lit is not None and teaching.light.lit.height() == row.height()


def test_closing_the_window_in_a_lesson_loses_no_place(parts):
    teaching, settings = parts.wiring.teaching, parts.wiring._settings
    lesson = load_lesson("3")
    teaching.start(lesson)
    walk_to(teaching, "question")
    number = teaching.running.number
    parts.window.close()
    found = LessonRecord(settings).stopped(lesson)
    assert found is not None and found[0].number == number


def test_the_last_step_shows_what_it_all_came_to(parts):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("3"))
    teaching.running.number = len(teaching.running.lesson.steps) - 1
    teaching.show_step()
    assert parts.player.t_ns == parts.session.history.end_ns
    assert "Press Play" not in parts.window.narration.text


def test_a_slider_of_an_exercise_is_lit_whole_wherever_the_side_was_scrolled(parts, qtbot, settle):
    teaching = parts.wiring.teaching
    teaching.start(load_lesson("6"))
    run = teaching.running
    run.number = next(i for i, step in enumerate(run.lesson.steps) if step.spotlight == "outcome")
    teaching.show_step()
    settle(parts)
    parts.player.pause()
    teaching.go_on()
    settle(parts)
    row, side = parts.window.controls.rate_limit, parts.window.side.viewport()

    def lit_whole():
        place = row.mapTo(side, row.rect().topLeft())
        seen = side.rect().contains(row.rect().translated(place))
        return seen and teaching.light.lit == part_rect(parts.window, f"knob:{run.step.knobs[0]}")

    assert run.step.kind == "exercise"
    qtbot.waitUntil(lit_whole)
    parts.player.to_end()  # a note comes above the row
    qtbot.waitUntil(lit_whole)
