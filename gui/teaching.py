"""Lessons in the window: plays their steps, asks, hides and reveals, keeps the answers.

A part of `gui.wiring`. What was open before a lesson is open again after it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QRect, QTimer
from PySide6.QtWidgets import QFileDialog

from engine.errors import ScenarioError
from engine.history import Frame, History
from engine.scenario import Scenario, scenario_from_document
from gui.layouts import Layouts
from gui.main_window import MainWindow
from gui.named_parts import part_rect
from gui.player import Player
from gui.predicting import Predicting
from gui.session import Session
from gui.settings import Settings
from gui.window_content import keep_keys

if TYPE_CHECKING:
    from engine.lesson import Lesson, Verdict
    from engine.lesson_answers import Answers
    from engine.lesson_file import ExerciseStep, QuestionStep
    from engine.prediction import CurvePoints
    from gui.models.lesson_run import LessonRun
    from gui.views.lesson_answer import Answer, KnobFields
    from gui.views.lesson_panel import LessonPanel
    from gui.views.spotlight import Spotlight

EXAMPLES: Final = {"duration": "1.5 s", "count": "1,200", "size": "512 MiB", "word": "completed"}
SIDE_PARTS: Final = ("controls", "outcome", "rounds-table")
DRAWN_SHARE: Final = 1.4
"""Axes of a drawn curve are so many times as long as what comes, rounded: they do not tell it."""


class Teaching(QObject):
    """Runs one lesson at a time."""

    def __init__(
        self,
        window: MainWindow,
        player: Player,
        session: Session,
        settings: Settings,
        *,
        layouts: Layouts,
        predicting: Predicting,
        document: Callable[[], Any],
    ) -> None:
        """Connect the actions; no lesson runs.

        Args:
            window: Gets the panel beside its side.
            player: Plays the steps.
            session: What is open.
            settings: Remembers who takes lessons, and which were done.
            layouts: Makes room.
            predicting: Hides what comes while something is asked.
            document: What was open, with its branches, as a file keeps it.
        """
        super().__init__(window)
        self._window, self._player, self._session = window, player, session
        self._settings, self._layouts = settings, layouts
        self._predicting, self._document = predicting, document
        self._run: LessonRun | None = None
        self._panel: LessonPanel | None = None
        self._light: Spotlight | None = None
        self._answers: Answers | None = None
        self._before: Callable[[], None] | None = None
        self._stop_ns: int | None = None
        self._shown: int | None = None
        self._opened: Scenario | None = None
        self._opening = False
        self._captions: list[tuple[int, str, str | None]] = []
        self._light_timer = QTimer(self, singleShot=True, interval=0)
        self._light_timer.timeout.connect(self._place_light)
        a = window.actions_by_name
        for action, handler in (
            (a.lessons, self.choose), (a.lesson_next, self.go_on), (a.lesson_back, self.go_back),
            (a.lesson_replay, self.replay), (a.lesson_end, self.end),
            (a.lesson_answers, self.save_answers), (a.lesson_sheet, self.save_sheet),
            (a.lesson_key, lambda: self.save_sheet(key=True)),
        ):
            action.triggered.connect(lambda checked=False, handler=handler: handler())
        player.frame_changed.connect(self._on_frame)
        session.history_changed.connect(self._on_history_changed)
        window.room_changed.connect(self._place_light)
        self._enable()

    @property
    def running(self) -> LessonRun | None:
        """Return the lesson that runs, None without one."""
        return self._run

    @property
    def panel(self) -> LessonPanel | None:
        """Return the panel, once a lesson was started."""
        return self._panel

    @property
    def answers(self) -> Answers | None:
        """Return what has been answered in the lesson that runs, or ran last."""
        return self._answers

    # Beginning and end

    def choose(self) -> None:
        """Offer the lessons."""
        from engine.lesson import bundled_lessons, load_lesson
        from gui.dialogs.lessons import LessonsDialog

        self._player.pause()
        lessons = [load_lesson(name) for name in bundled_lessons()]
        done, student = self._done(), self._settings.text("student", "")
        dialog = LessonsDialog(lessons, done, student, self._window)
        dialog.chosen.connect(self._on_chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _done(self) -> list[str]:
        return [name for name in self._settings.text("lessons_done", "").split(",") if name]

    def _on_chosen(self, name: str, student: str) -> None:
        from engine.lesson import load_lesson

        self._settings.put("student", student)
        self.start(load_lesson(name), student)

    def start(self, lesson: Lesson, student: str = "") -> None:
        """Begin a lesson at its first step."""
        from engine.lesson_answers import Answers
        from gui.models.lesson_run import LessonRun

        self.end()
        self._predicting.drop()
        self._before = self._way_back()
        self._answers = Answers(lesson.name, lesson.title, student)
        self._run = LessonRun(lesson)
        self._make_panel()
        self._layouts.set_lesson(True, side=False)
        self._enable()
        self._show_step()

    def end(self) -> None:
        """End the lesson, and open again what was open before."""
        if self._run is None:
            return
        self._run = None
        self._player.pause()
        self._player.set_speed(1.0)
        self._hide_future(False)
        if self._panel is not None and self._light is not None:
            self._panel.hide()
            self._light.end()
        self._layouts.set_lesson(False, side=True)
        self._enable()
        before, self._before = self._before, None
        if before is not None:
            before()
        self._window.setFocus()

    def _way_back(self) -> Callable[[], None]:
        """Return what opens again what is open now, at the same instant."""
        session, t_ns, vm = self._session, self._player.t_ns, self._session.selected
        if session.recording is not None:
            recording, title = session.recording, session.recording_title
            return lambda: self._return_to(
                lambda: session.open_recording(recording, title), t_ns, vm
            )
        scenario, document = session.scenario, self._document()
        if scenario is None:
            return lambda: None
        kept = scenario if document is None else scenario_from_document(document, scenario.name)
        return lambda: self._return_to(lambda: session.open(kept), t_ns, vm)

    def _return_to(self, opening: Callable[[], None], t_ns: int, vm: str) -> None:
        opening()
        self._session.select(vm)
        self._player.seek(t_ns)

    def _enable(self) -> None:
        a, on = self._window.actions_by_name, self._run is not None
        for action in (
            a.lesson_next, a.lesson_back, a.lesson_replay, a.lesson_end, a.lesson_sheet,
            a.lesson_key,
        ):
            action.setEnabled(on)
        a.lesson_answers.setEnabled(self._answers is not None)
        a.predict.setEnabled(not on)

    def _make_panel(self) -> None:
        if self._panel is None:
            from gui.models.key_words import keys_text
            from gui.views.lesson_panel import LessonPanel
            from gui.views.spotlight import Spotlight

            self._panel, self._light = LessonPanel(), Spotlight(self._window.canvas)
            self._window.add_beside(self._panel)
            keep_keys(self._window, self._panel)
            self._window.theme_changed.connect(self._panel.set_theme)
            self._window.theme_changed.connect(self._light.set_theme)
            a = self._window.actions_by_name
            actions = (a.lesson_next, a.lesson_back, a.lesson_replay, a.lesson_end)
            self._panel.set_keys(*(keys_text(action) for action in actions))
            self._panel.go_on.connect(self.go_on)
            self._panel.go_back.connect(self.go_back)
            self._panel.replay.connect(self.replay)
            self._panel.closed.connect(self.end)
            self._panel.hint_wanted.connect(self._show_hint)
            self._panel.solution_wanted.connect(self._show_solution)
        assert self._light is not None
        self._panel.set_theme(self._window.theme)
        self._light.set_theme(self._window.theme)
        self._panel.show()

    # Steps

    def go_on(self) -> None:
        """Hand in what is asked, or go on to the next step; at the end, end the lesson."""
        run, panel = self._run, self._panel
        if run is None or panel is None:
            return
        if not run.may_go_on:
            if panel.answer is not None and hasattr(panel.answer, "give"):
                panel.answer.give()
            elif panel.answer is not None:
                panel.answer.take_focus()
            return
        if run.at_end:
            self._finish()
        elif run.go_on():
            self._show_step()
        else:
            self._show_part()

    def go_back(self) -> None:
        """Go to the step before."""
        if self._run is not None:
            if self._run.go_back():
                self._show_step()
            else:
                self._show_part()

    def replay(self) -> None:
        """Play the stretch of the step again."""
        from gui.models.lesson_run import Stage

        run = self._run
        if run is not None and run.stage in (Stage.READING, Stage.REVEALED):
            self._play()

    def _finish(self) -> None:
        run = self._run
        assert run is not None
        done = self._done()
        if run.lesson.name not in done:
            self._settings.put("lessons_done", ",".join([*done, run.lesson.name]))
        close = sum(verdict.right for verdict in run.verdicts.values())
        asked, title = len(run.verdicts), run.lesson.title
        self.end()
        self._window.show_notice(
            f"Lesson done: {title}. {close} of {asked} predictions were close."
        )

    def _show_step(self) -> None:
        """Open the scenario of the step, show its text, and play or ask."""
        from engine.lesson import filled, lesson_scenario
        from gui.models.lesson_run import Stage

        run, panel = self._run, self._panel
        assert run is not None and panel is not None
        step, stage = run.step, run.stage
        self._player.pause()
        self._stop_ns, self._captions, self._shown = None, [], None
        self._hide_future(False)
        self._open(lesson_scenario(run.lesson, run.number), run.lesson.vm_at(run.number))
        history = self._session.history
        assert history is not None
        exercise = step.kind == "exercise"
        side = exercise or step.spotlight in SIDE_PARTS
        self._layouts.set_lesson(True, side=side)
        if step.spotlight == "outcome":
            self._window.side.ensureWidgetVisible(self._window.outcome)
        panel.show_step(
            f"Lesson {run.lesson.spec.number}: {run.lesson.title}",
            (run.number + 1, len(run.lesson.steps)), step.title, filled(step.text, history),
            self._form(history),
        )
        if panel.answer is not None:
            keep_keys(self._window, panel.answer)
        self._shown = run.number
        self._tell_all()
        if stage is Stage.ASKING:
            self._hide_future(True)
            self._seek_to(step.start, history)  # type: ignore[union-attr]
        elif exercise:
            self._player.to_start()  # what is changed there changes the whole run
            self._judge()
        else:
            self._play()
        if stage is Stage.REVEALED:
            self._tell_verdict(run.verdicts[run.number])
        self._show_part()
        if panel.answer is not None and stage in (Stage.ASKING, Stage.TRYING):
            panel.answer.take_focus()
        else:
            panel.next_button.setFocus()

    def _tell_all(self) -> None:
        """In the last step: what was said beside what it did, all along the lesson."""
        from engine.lesson import closing_lines

        run, panel = self._run, self._panel
        assert run is not None and panel is not None
        lines = closing_lines(run.lesson, run.verdicts)
        if run.step.kind == "watch" and run.at_end and lines:
            panel.show_verdict("What you said, and what it did", "\n\n".join(lines))

    def _filled(self, text: str) -> str:
        from engine.lesson import filled

        history = self._session.history
        return text if history is None else filled(text, history)

    def _open(self, scenario: Scenario, vm: str) -> None:
        """Open a scenario, unless it is what is open."""
        opened = self._session.scenario
        if opened is None or opened.spec != scenario.spec:
            self._opening = True
            try:
                self._session.open(scenario)
            finally:
                self._opening = False
        self._opened = self._session.original
        self._session.select(vm)

    def _form(self, history: History) -> Answer | None:
        """Return what asks in this step, connected."""
        from gui.models.lesson_run import Stage
        from gui.views.lesson_answer import ChoiceAnswer, CurveAnswer, KnobFields, NumberAnswer

        run = self._run
        assert run is not None
        step = run.step
        if step.kind == "exercise":
            fields = KnobFields([(path, self._value_text(path)) for path in step.knobs])
            fields.edited.connect(self._on_knob)
            return fields
        if step.kind != "question" or run.stage is Stage.REVEALED:
            return None
        form: NumberAnswer | ChoiceAnswer | CurveAnswer
        if step.ask == "number":
            from engine.lesson_figures import kind_of, label_of

            assert step.figure is not None
            form = NumberAnswer(label_of(step.figure), EXAMPLES[kind_of(step.figure)])
        elif step.ask == "choice":
            from engine.lesson import options_of

            form = ChoiceAnswer(step.title, options_of(step, history))
        else:
            form = CurveAnswer(*self._axes(history))
        form.given.connect(self._on_given)
        return form

    def _axes(self, history: History) -> tuple[int, int]:
        from engine.lesson import mover_of, true_curve
        from gui.views.hidden_future import horizon_ns

        assert self._run is not None
        vm = self._run.lesson.vm_at(self._run.number)
        curve = true_curve(history, vm)
        length_ns = round((curve[-1][0] if curve else 0) * DRAWN_SHARE)
        return horizon_ns(length_ns), mover_of(history, vm).pages_total

    def _value_text(self, path: str) -> str:
        from engine.scenario_paths import PathError, locate, raw_value

        scenario = self._session.scenario
        assert scenario is not None
        try:
            value = raw_value(scenario.document, locate(scenario.document, path)[0])
        except (PathError, KeyError, LookupError):
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        return "" if value is None else str(value)

    def _show_part(self) -> None:
        """Light what the step is about, and show its buttons."""
        run, panel = self._run, self._panel
        assert run is not None and panel is not None
        step = run.step
        if step.kind == "parts":
            panel.show_verdict("", self._filled(step.parts[run.part].text))
        go_on = "Continue"
        if not run.may_go_on:
            go_on = "Answer" if step.kind == "question" else "Continue"
        elif run.at_end:
            go_on = "Finish"
        panel.show_buttons(
            go_on=go_on,
            back=run.number > 0 or run.part > 0,
            replay=getattr(step, "to", None) is not None and run.may_go_on,
            exercise=step.kind == "exercise" and run.number not in run.met,
        )
        panel.next_button.setEnabled(run.may_go_on or step.kind == "question")
        self._place_light()
        self._light_timer.start()  # once more when everything has its place

    def _place_light(self) -> None:
        """Light the part that is meant, where it is now."""
        run, panel, light = self._run, self._panel, self._light
        if run is None or panel is None or light is None:
            return
        step = run.step
        part = step.parts[run.part].part if step.kind == "parts" else step.spotlight
        rect = part_rect(self._window, part) if part else None
        place = panel.mapTo(self._window.canvas, panel.rect().topLeft())
        light.light(rect, kept=QRect(place, panel.size()))

    # Playing

    def _play(self) -> None:
        """Play the stretch of the step from its begin."""
        from engine.instants import instant_ns
        from engine.lesson_file import WatchStep
        from engine.lesson_walk import speed_of, stretch_of

        run, history = self._run, self._session.history
        assert run is not None and history is not None and self._panel is not None
        stretch = stretch_of(run.step, history)
        if stretch is None:
            return
        step = run.step
        self._captions = []
        if isinstance(step, WatchStep):
            self._captions = sorted(
                (instant_ns(history, c.at), c.text, c.part) for c in step.captions
            )
        self._stop_ns = stretch[1]
        self._player.pause()
        self._player.set_speed(speed_of(getattr(step, "speed", "1")))
        self._player.seek(stretch[0])
        self._player.play()

    def _seek_to(self, text: str, history: History) -> None:
        from engine.instants import instant_ns

        self._player.seek(instant_ns(history, text))

    def _on_frame(self, frame: Frame) -> None:
        """Say what belongs to this instant, and stop where the step ends."""
        if self._run is None or self._panel is None or self._light is None:
            return
        from engine.lesson import filled

        history = self._session.history
        assert history is not None
        said = [c for c in self._captions if c[0] <= frame.t_ns]
        words = [filled(text, history) for _, text, _ in said]
        self._panel.show_captions(words)
        newest = said[-1] if said else None
        rect = part_rect(self._window, newest[2]) if newest and newest[2] else None
        self._light.say(words[-1] if newest and rect else "", rect or QRect())
        stop_ns = self._stop_ns
        if stop_ns is not None and self._player.playing and frame.t_ns >= stop_ns:
            self._stop_ns = None
            self._player.pause()
            self._player.seek(stop_ns)

    # Answers

    def _on_given(self, answer: object) -> None:
        """Judge an answer, keep it, and play what comes."""
        from engine.lesson import judge_choice, judge_curve, judge_number, true_curve
        from engine.lesson_figures import FigureError

        run, panel, history = self._run, self._panel, self._session.history
        assert run is not None and panel is not None and history is not None
        step: QuestionStep = run.step  # type: ignore[assignment]
        vm = run.lesson.vm_at(run.number)
        if step.ask == "number":
            try:
                verdict = judge_number(step, str(answer), history)
            except FigureError as error:
                panel.answer.complain(f"{error}.")  # type: ignore[union-attr]
                return
        elif step.ask == "choice":
            assert isinstance(answer, int)
            verdict = judge_choice(step, answer, history)
        else:
            curve: CurvePoints = answer  # type: ignore[assignment]
            verdict = judge_curve(step, curve, history, vm)
            panel.answer.reveal(true_curve(history, vm))  # type: ignore[union-attr]
        run.answer(verdict)
        self._keep(step.ask, step.text, verdict.said, verdict.did, verdict.right)
        if panel.answer is not None and step.ask != "curve":
            panel.answer.setEnabled(False)
        self._hide_future(False)
        self._tell_verdict(verdict)
        self._play()
        self._show_part()
        panel.next_button.setFocus()

    def _tell_verdict(self, verdict: Verdict) -> None:
        from engine.lesson import filled

        run, history = self._run, self._session.history
        assert run is not None and history is not None and self._panel is not None
        step: QuestionStep = run.step  # type: ignore[assignment]
        self._panel.show_verdict(filled(verdict.text, history), filled(step.why, history))

    def _keep(self, kind: str, asked: str, said: str, did: str, close: bool) -> None:
        from engine.lesson import filled
        from engine.lesson_answers import Answer

        history = self._session.history
        assert self._run is not None and self._answers is not None and history is not None
        asked = " ".join(filled(asked, history).split())
        self._answers.add(Answer(self._run.number + 1, kind, asked, said, did, close))

    def _hide_future(self, hidden: bool) -> None:
        self._predicting.set_hidden(hidden)

    # Exercises

    def _on_knob(self, path: str, text: str) -> None:
        """Try a value, from the start of the run on."""
        scenario = self._session.scenario
        fields: KnobFields = self._panel.answer  # type: ignore[assignment,union-attr]
        assert scenario is not None
        try:
            after = scenario.with_value(path, text)
        except ScenarioError as error:
            fields.complain(" ".join(error.faults))
            return
        self._session.take(after, f"{path} {text}")

    def _on_history_changed(self, history: History, previous: History | None) -> None:
        run = self._run
        if run is not None and not self._opening and self._session.original is not self._opened:
            self._before = None  # somebody opened something else: that is what is wanted now
            self.end()
            words = f"The lesson has ended: {run.lesson.title}."
            # Opening takes the notice away once more when it is through.
            QTimer.singleShot(0, self, lambda: self._window.show_notice(words))
            return
        # While a step opens its scenario the panel still shows the step before.
        if run is not None and run.step.kind == "exercise" and self._shown == run.number:
            self._judge()

    def _judge(self) -> None:
        """Show how the goals stand on the run that is shown."""
        from engine.lesson import filled, judge_goals

        run, panel, history = self._run, self._panel, self._session.history
        assert run is not None and panel is not None and history is not None
        step: ExerciseStep = run.step  # type: ignore[assignment]
        fields: KnobFields = panel.answer  # type: ignore[assignment]
        fields.show_values({path: self._value_text(path) for path in step.knobs})
        goals = judge_goals(step, history)
        newly = run.take_goals(goals)
        panel.show_goals(goals)
        if newly:
            values = "; ".join(f"{path} = {self._value_text(path)}" for path in step.knobs)
            found = "; ".join(goal.found for goal in goals)
            met = run.number not in run.given_up
            self._keep("exercise", step.text, values, found, met)
            panel.show_verdict("The goal is met." if met else "", filled(step.why, history))
            self._show_part()
            panel.next_button.setFocus()

    def _show_hint(self) -> None:
        assert self._run is not None and self._panel is not None
        hint = self._run.step.hint  # type: ignore[union-attr]
        self._panel.show_verdict("", self._filled(hint))

    def _show_solution(self) -> None:
        """Put a solution in force, as an edit that undo takes back."""
        from engine.lesson import with_values

        run, scenario = self._run, self._session.scenario
        assert run is not None and scenario is not None and self._panel is not None
        step: ExerciseStep = run.step  # type: ignore[assignment]
        run.give_up()
        words = "; ".join(f"{path} = {value}" for path, value in step.solution.items())
        self._panel.show_verdict(f"For example: {words}.", "")
        self._session.take(with_values(scenario, step.solution), f"a solution: {words}")
        self._show_part()

    # Files

    def save_answers(self) -> None:
        """Ask for a file and keep the answers there."""
        if self._answers is None:
            return
        name = f"{self._answers.student or 'answers'}-{self._answers.lesson}.json"
        path, _ = QFileDialog.getSaveFileName(
            self._window, "Save the answers", name, "Answers (*.json)"
        )
        if path:
            self._write(Path(path), self._answers.to_json())

    def save_sheet(self, *, key: bool = False) -> None:
        """Ask for a file and write the worksheet of the lesson there, or its key."""
        from engine.worksheet import worksheet

        if self._run is None:
            return
        name = f"{self._run.lesson.name}{'-key' if key else ''}.html"
        path, _ = QFileDialog.getSaveFileName(
            self._window, "Save the worksheet", name, "Pages to print (*.html)"
        )
        if path:
            self._write(Path(path), worksheet(self._run.lesson, key=key))

    def _write(self, path: Path, text: str) -> None:
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            self._window.error_notice.show_lines(
                "The file cannot be written", [f"{path.name}: {error.strerror}."]
            )
            return
        self._window.show_notice(f"Saved: {path.name}")
