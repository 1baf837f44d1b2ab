"""Lessons in the window: begins and ends them, and goes from step to step.

A part of `gui.wiring`. What was open before a lesson is set aside meanwhile, and open again after
it with its edits, futures and instant. What a step plays is in `gui.lesson_playing`, what it asks
in `gui.lesson_asking`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent

from engine.history import History
from engine.scenario import Scenario
from gui.layouts import Layouts
from gui.lesson_asking import LessonAsking
from gui.lesson_papers import LessonPapers
from gui.lesson_playing import LessonPlaying
from gui.lesson_scene import LessonScene
from gui.main_window import MainWindow
from gui.player import Player
from gui.predicting import Predicting
from gui.session import Session
from gui.settings import Settings
from gui.window_content import keep_keys

if TYPE_CHECKING:
    from engine.lesson import Lesson
    from engine.lesson_answers import Answers
    from gui.models.lesson_run import LessonRun
    from gui.views.lesson_panel import LessonPanel
    from gui.views.spotlight import Spotlight

SIDE_PARTS: Final = ("controls", "outcome", "rounds-table")


class Teaching(QObject):
    """Runs one lesson at a time.

    Signals:
        changed: A lesson begins (True) or has ended (False).
    """

    changed = Signal(bool)

    def __init__(
        self,
        window: MainWindow,
        player: Player,
        session: Session,
        settings: Settings,
        *,
        layouts: Layouts,
        predicting: Predicting,
    ) -> None:
        """Connect the actions; no lesson runs.

        Args:
            window: Gets the panel beside its side.
            player: Plays the steps.
            session: What is open.
            settings: Remembers who takes lessons, and which were done.
            layouts: Makes room.
            predicting: Hides what comes while something is asked.
        """
        super().__init__(window)
        self._window, self._player, self._session = window, player, session
        self._settings, self._layouts, self._predicting = settings, layouts, predicting
        self._scene = LessonScene(window, player, session)
        self._playing = LessonPlaying(self._scene, self)
        self._asking = LessonAsking(self._scene, self._playing, predicting, self)
        LessonPapers(self._scene, self)
        self._left: dict[str, tuple[LessonRun, Answers]] = {}
        self._shown: int | None = None
        self._opened: Scenario | None = None
        self._opening = self._large = False
        a = window.actions_by_name
        for action, handler in (
            (a.lessons, self.choose), (a.lesson_next, self.go_on), (a.lesson_back, self.go_back),
            (a.lesson_replay, self.replay), (a.lesson_end, self.end),
        ):
            action.triggered.connect(lambda checked=False, handler=handler: handler())
        self._asking.part_changed.connect(self._show_part)
        session.history_changed.connect(self._on_history_changed)
        for watched in (window, window.canvas):  # scaled, the content is no child of the window
            watched.installEventFilter(self)
        self._enable()

    @property
    def running(self) -> LessonRun | None:
        """Return the lesson that runs, None without one."""
        return self._scene.run

    @property
    def panel(self) -> LessonPanel | None:
        """Return the panel, once a lesson was started."""
        return self._scene.panel

    @property
    def light(self) -> Spotlight | None:
        """Return the light on what is meant, once a lesson was started."""
        return self._scene.light

    @property
    def answers(self) -> Answers | None:
        """Return what has been answered in the lesson that runs, or ran last."""
        return self._scene.answers

    def choose(self) -> None:
        """Offer the lessons."""
        from engine.lesson import bundled_lessons, load_lesson
        from gui.dialogs.lessons import LessonsDialog

        self._player.pause()
        lessons = [load_lesson(name) for name in bundled_lessons()]
        left = {name: run.number + 1 for name, (run, _) in self._left.items()}
        student = self._settings.text("student", "")
        dialog = LessonsDialog(lessons, self._done(), left, student, self._window)
        dialog.chosen.connect(self._on_chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _done(self) -> list[str]:
        return [name for name in self._settings.text("lessons_done", "").split(",") if name]

    def _on_chosen(self, name: str, student: str, anew: bool) -> None:
        from engine.lesson import load_lesson

        self._settings.put("student", student)
        if anew or name not in self._left:
            self.start(load_lesson(name), student)
        else:
            self.resume(name, student)

    def start(self, lesson: Lesson, student: str = "") -> None:
        """Begin a lesson at its first step."""
        from engine.lesson_answers import Answers
        from gui.models.lesson_run import LessonRun

        self._begin(LessonRun(lesson), Answers(lesson.name, lesson.title, student))

    def resume(self, name: str, student: str = "") -> None:
        """Go on with a lesson at the step where it was left."""
        run, answers = self._left[name]
        answers.student = student
        self._begin(run, answers)

    def _begin(self, run: LessonRun, answers: Answers) -> None:
        self.end()
        self._predicting.drop()
        self._session.set_aside()
        self._scene.answers, self._scene.run, self._opened = answers, run, None
        self._make_panel()
        self._layouts.set_lesson(True, side=False)
        self._enable()
        self.changed.emit(True)
        self.show_step()

    def end(self) -> None:
        """End the lesson, and show again what was open before; the lesson can be gone on with."""
        run, answers = self._scene.run, self._scene.answers
        if run is None or answers is None:
            return
        if run.number:
            self._left[run.lesson.name] = run, answers
        self._stop()
        self._session.bring_back()
        self._window.setFocus()
        if run.number:
            step = f"step {run.number + 1} of {len(run.lesson.steps)}"
            self._window.show_notice(f"Lesson left at {step}: {run.lesson.title}.")

    def _stop(self) -> None:
        """Let no lesson run."""
        self._scene.run = None
        self._player.pause()
        self._player.set_speed(1.0)
        self._predicting.set_hidden(False)
        if self._scene.panel is not None and self._scene.light is not None:
            self._scene.panel.hide()
            self._scene.light.end()
        self._layouts.set_lesson(False, side=True)
        self._enable()
        self.changed.emit(False)

    def set_large(self, large: bool) -> None:
        """Let the text be read from the last row, or be of its usual size."""
        self._large = large
        if self._scene.panel is not None and self._scene.light is not None:
            self._scene.panel.set_large(large)
            self._scene.light.set_large(large)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let Esc, where nothing else wants it, end the lesson."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if self._scene.run is not None and event.key() == Qt.Key.Key_Escape:
                QTimer.singleShot(0, self, self.end)  # not in the middle of a widget's own event
                return True
        return False

    def _enable(self) -> None:
        a, on = self._window.actions_by_name, self._scene.run is not None
        for action in (
            a.lesson_next, a.lesson_back, a.lesson_replay, a.lesson_end, a.lesson_sheet,
            a.lesson_key,
        ):
            action.setEnabled(on)
        a.lesson_answers.setEnabled(self._scene.answers is not None)
        a.predict.setEnabled(not on)

    def _make_panel(self) -> None:
        if self._scene.panel is None:
            from gui.models.key_words import keys_text
            from gui.views.lesson_panel import LessonPanel
            from gui.views.spotlight import Spotlight

            self._scene.panel, self._scene.light = LessonPanel(), Spotlight(self._window.canvas)
            self._window.add_beside(self._scene.panel)
            keep_keys(self._window, self._scene.panel)
            self._window.theme_changed.connect(self._scene.panel.set_theme)
            self._window.theme_changed.connect(self._scene.light.set_theme)
            a = self._window.actions_by_name
            actions = (a.lesson_next, a.lesson_back, a.lesson_replay, a.lesson_end)
            self._scene.panel.set_keys(*(keys_text(action) for action in actions))
            self._scene.panel.go_on.connect(self.go_on)
            self._scene.panel.go_back.connect(self.go_back)
            self._scene.panel.replay.connect(self.replay)
            self._scene.panel.closed.connect(self.end)
            self._scene.panel.hint_wanted.connect(self._asking.show_hint)
            self._scene.panel.solution_wanted.connect(self._asking.show_solution)
            self.set_large(self._large)
        assert self._scene.light is not None
        self._scene.panel.set_theme(self._window.theme)
        self._scene.light.set_theme(self._window.theme)
        self._scene.panel.show()

    def go_on(self) -> None:
        """Hand in what is asked, or go on to the next step; at the end, end the lesson."""
        run, panel = self._scene.run, self._scene.panel
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
            self.show_step()
        else:
            self._show_part()

    def go_back(self) -> None:
        """Go to the step before."""
        if self._scene.run is not None:
            if self._scene.run.go_back():
                self.show_step()
            else:
                self._show_part()

    def replay(self) -> None:
        """Play the stretch of the step again."""
        from gui.models.lesson_run import Stage

        run = self._scene.run
        if run is not None and run.stage in (Stage.READING, Stage.REVEALED):
            self._playing.play()

    def _finish(self) -> None:
        run = self._scene.run
        assert run is not None
        done = self._done()
        if run.lesson.name not in done:
            self._settings.put("lessons_done", ",".join([*done, run.lesson.name]))
        close = sum(verdict.right for verdict in run.verdicts.values())
        asked, title = len(run.verdicts), run.lesson.title
        self.end()
        self._left.pop(run.lesson.name, None)
        self._window.show_notice(
            f"Lesson done: {title}. {close} of {asked} predictions were close."
        )

    def show_step(self) -> None:
        """Open the scenario of the step, show its text, and play or ask."""
        from engine.lesson import filled, lesson_scenario
        from gui.models.lesson_run import Stage

        run, panel = self._scene.run, self._scene.panel
        assert run is not None and panel is not None
        step, stage = run.step, run.stage
        self._player.pause()
        self._playing.clear()
        self._shown = None
        self._predicting.set_hidden(False)
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
            self._asking.form(history),
        )
        if panel.answer is not None:
            keep_keys(self._window, panel.answer)
        self._shown = run.number
        self._tell_all()
        if stage is Stage.ASKING:
            self._predicting.set_hidden(True)
            self._playing.seek_to(step.start, history)  # type: ignore[union-attr]
        elif exercise:
            self._player.to_start()  # what is changed there changes the whole run
            self._asking.judge()
        else:
            self._playing.play()
        if stage is Stage.REVEALED:
            self._asking.tell_verdict(run.verdicts[run.number])
        self._show_part()
        if panel.answer is not None and stage in (Stage.ASKING, Stage.TRYING):
            panel.answer.take_focus()
        else:
            panel.next_button.setFocus()

    def _tell_all(self) -> None:
        """In the last step: what was said beside what it did, all along the lesson."""
        from engine.lesson import closing_lines

        run, panel = self._scene.run, self._scene.panel
        assert run is not None and panel is not None
        lines = closing_lines(run.lesson, run.verdicts)
        if run.step.kind == "watch" and run.at_end and lines:
            panel.show_verdict("What you said, and what it did", "\n\n".join(lines))

    def _open(self, scenario: Scenario, vm: str) -> None:
        """Open a scenario, unless it is what is open."""
        opened = self._session.scenario
        if self._opened is None or opened is None or opened.spec != scenario.spec:
            self._opening = True
            try:
                self._session.open(scenario)
            finally:
                self._opening = False
        self._opened = self._session.original
        self._session.select(vm)

    def _show_part(self) -> None:
        """Light what the step is about, and show its buttons."""
        run, panel = self._scene.run, self._scene.panel
        assert run is not None and panel is not None
        step = run.step
        if step.kind == "parts":
            panel.show_verdict("", self._scene.filled(step.parts[run.part].text))
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
        self._playing.place_light()
        self._playing.place_light_soon()  # once more when everything has its place

    def _on_history_changed(self, history: History, previous: History | None) -> None:
        run = self._scene.run
        if run is not None and not self._opening and self._session.original is not self._opened:
            self._session.forget_aside()  # somebody opened something else: that is wanted now
            self._stop()
            words = f"The lesson has ended: {run.lesson.title}."
            # Opening takes the notice away once more when it is through.
            QTimer.singleShot(0, self, lambda: self._window.show_notice(words))
            return
        # While a step opens its scenario the panel still shows the step before.
        if run is not None and run.step.kind == "exercise" and self._shown == run.number:
            self._asking.judge()
