"""Lessons in the window: begins and ends them, and goes from step to step.

A part of `gui.wiring`. What was open before a lesson is open again after it (`gui.lesson_return`).
What a step plays is in `gui.lesson_playing`, what it asks in `gui.lesson_asking`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from engine.history import History
from engine.scenario import Scenario
from gui.layouts import Layouts
from gui.lesson_asking import ASKED_LATER, LessonAsking
from gui.lesson_choosing import LessonChoosing
from gui.lesson_papers import LessonPapers
from gui.lesson_playing import SIDE_PARTS, LessonPlaying
from gui.lesson_return import WindowBefore
from gui.lesson_runs import LessonRuns
from gui.lesson_scene import LessonScene
from gui.main_window import MainWindow
from gui.player import Player
from gui.predicting import Predicting
from gui.run_controller import RunController
from gui.session import Session
from gui.settings import Settings
from gui.window_content import keep_keys

if TYPE_CHECKING:
    from engine.lesson import Lesson
    from engine.lesson_answers import Answers
    from gui.models.lesson_run import LessonRun
    from gui.views.lesson_panel import LessonPanel
    from gui.views.spotlight import Spotlight

PATIENCE_MS: Final = 200
MAKING: Final = "The run of this step is being made \N{HORIZONTAL ELLIPSIS}"


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
        runs: RunController,
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
            runs: Makes the runs of the steps.
            settings: Remembers who takes lessons, which were done, and where others stopped.
            layouts: Makes room.
            predicting: Hides what comes while something is asked.
        """
        super().__init__(window)
        self._window, self._player, self._session = window, player, session
        self._settings, self._layouts, self._predicting = settings, layouts, predicting
        self._scene = LessonScene(window, player, session)
        self._playing = LessonPlaying(self._scene, self)
        self._asking = LessonAsking(self._scene, self._playing, predicting, self)
        self._runs = LessonRuns(runs, self)
        self._runs.made.connect(self._show_step_of)
        self._runs.failed.connect(self._on_failed)
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._show_waiting)
        LessonPapers(self._scene, self)
        LessonChoosing(window, player, settings, self).wanted.connect(self.start)
        self._before: WindowBefore | None = None
        self._shown: int | None = None  # the step on the panel
        self._urged: int | None = None  # the step whose answer was asked for
        self._opened: Scenario | None = None
        self._standing: Scenario | None = None  # what is open while a step waits for its run
        self._opening = self._large = False
        a = window.actions_by_name
        for action, handler in (
            (a.lesson_next, self.go_on), (a.lesson_back, self.go_back),
            (a.lesson_replay, self.replay), (a.lesson_end, self.end),
        ):
            action.triggered.connect(lambda checked=False, handler=handler: handler())
        self._asking.part_changed.connect(self._on_part_changed)
        self._playing.pause_changed.connect(self._show_part)
        session.history_changed.connect(self._on_history_changed)
        for part in (window, window.canvas):  # scaled, the canvas is no child of the window
            part.installEventFilter(self)
        self._enable()

    @property
    def running(self) -> LessonRun | None:
        """Return the lesson that runs, None without one."""
        return self._scene.run

    @property
    def waiting(self) -> bool:
        """Return whether the step that is next waits for its run."""
        return self._runs.waiting

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

    # Beginning and end

    def start(self, lesson: Lesson, student: str = "", resume: bool = False) -> None:
        """Begin a lesson.

        Args:
            lesson: The lesson.
            student: Who takes it.
            resume: Go on where it was stopped, if it was; else it begins at its first step.
        """
        from engine.lesson_answers import Answers
        from gui.models.lesson_record import LessonRecord
        from gui.models.lesson_run import LessonRun

        self.end()
        self._predicting.drop()
        self._before = WindowBefore(self._window, self._player)
        self._session.set_aside()
        self._opened = None  # what is set aside is not what the first step may go on with
        found = LessonRecord(self._settings).stopped(lesson) if resume else None
        run, answers = found or (LessonRun(lesson), Answers(lesson.name, lesson.title))
        answers.student = student or answers.student
        self._scene.run, self._scene.answers = run, answers
        self._make_panel()
        self._layouts.set_lesson(True, side=False)
        self._enable()
        self.changed.emit(True)
        a = self._window.actions_by_name
        a.auto_pause.setChecked(self._settings.flag("lesson_pauses", True))
        self.show_step()

    def end(self) -> None:
        """End the lesson, and open again what was open before; it can be taken up again."""
        run = self._scene.run
        if run is None:
            return
        kept = self._keep_progress()
        self._leave()
        if kept:
            place = f"step {run.number + 1} of {len(run.lesson.steps)}"
            words = f"Lesson left at {place}: {run.lesson.title}; Ctrl+L goes on there."
            self._window.show_notice(words)

    def _keep_progress(self) -> bool:
        from gui.models.lesson_record import LessonRecord

        run, answers = self._scene.run, self._scene.answers
        assert run is not None and answers is not None
        return LessonRecord(self._settings).keep(run, answers)

    def _finish(self) -> None:
        from gui.models.lesson_record import LessonRecord

        run = self._scene.run
        assert run is not None
        LessonRecord(self._settings).finish(run.lesson)
        self._leave()
        close = sum(verdict.right for verdict in run.verdicts.values())
        told = f" {close} of {len(run.verdicts)} predictions were close." if run.verdicts else ""
        self._window.show_notice(f"Lesson done: {run.lesson.title}.{told}")

    def _leave(self, *, bring_back: bool = True) -> None:
        """Take the lesson away; what was open comes back, or is forgotten."""
        a = self._window.actions_by_name
        self._settings.put("lesson_pauses", a.auto_pause.isChecked())
        self._scene.run = None
        self._runs.stop()
        self._player.pause()
        self._playing.clear()
        self._predicting.set_hidden(False)
        self._playing.outline(False)
        if self._scene.panel is not None and self._scene.light is not None:
            self._scene.panel.hide()
            self._scene.light.end()
        self._layouts.set_lesson(False, side=True)
        self._enable()
        if bring_back:
            self._session.bring_back()
        else:
            self._session.forget_aside()
        before, self._before = self._before, None
        if before is not None:
            before.restore(same=bring_back)
        self.changed.emit(False)
        self._window.setFocus()

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
            panel = self._scene.make_widgets()
            for signal, handler in (
                (panel.go_on, self.go_on), (panel.go_back, self.go_back),
                (panel.replay, self.replay), (panel.closed, self.end),
                (panel.hint_wanted, self._asking.show_hint),
                (panel.solution_wanted, self._asking.show_solution),
            ):
                signal.connect(handler)
        self._scene.show_widgets()
        self.set_large(self._large)

    def set_large(self, on: bool) -> None:
        """Let the words be as large as the last row of a hall wants, or as at a desk."""
        self._large = on
        if self._scene.panel is not None and self._scene.light is not None:
            self._scene.panel.set_large(on)
            self._scene.light.set_large(on)
            self._playing.place_light_soon()

    # Steps

    def go_on(self) -> None:
        """Hand in what is asked, play on, or go to the next step; at the end, end the lesson."""
        run, panel = self._scene.run, self._scene.panel
        if run is None or panel is None or self.waiting:
            return
        if not run.may_go_on:
            self._urge(run)
        elif self._playing.paused:
            self._player.play()
        elif run.at_end:
            self._finish()
        elif run.go_on():
            self.show_step()
        else:
            self._show_part()

    def _urge(self, run: LessonRun) -> None:
        """Hand in what is answered; before an audience, the second time shows what it did."""
        if self._layouts.presenting and self._urged == run.number:
            self._asking.show_unanswered()
            return
        self._urged = run.number
        self._asking.hand_in()
        if self._layouts.presenting and not run.may_go_on:
            self._asking.offer_unanswered()

    def go_back(self) -> None:
        """Go to the step before."""
        run = self._scene.run
        if run is None:
            return
        if run.go_back():
            self.show_step()
        else:
            self._show_part()

    def replay(self) -> None:
        """Play the stretch of the step again."""
        from gui.models.lesson_run import Stage

        run = self._scene.run
        if run is None or self.waiting:
            return
        if run.stage in (Stage.READING, Stage.REVEALED):
            self._playing.play()

    def show_step(self) -> None:
        """Open the scenario of the step, show its text, and play or ask; wait for a long run."""
        from engine.lesson import lesson_scenario

        run, panel = self._scene.run, self._scene.panel
        assert run is not None and panel is not None
        self._runs.stop()
        self._player.pause()
        self._playing.clear()
        self._shown = self._urged = None
        scenario = lesson_scenario(run.lesson, run.number)
        history = self._session.history if self._is_open(scenario) else None
        history = history or self._runs.run_of(scenario)
        if history is not None:
            self._show_step_of(scenario, history)
            return
        self._standing = self._session.original
        panel.setEnabled(False)  # what it shows is the step before
        self._patience.start()

    def _show_waiting(self) -> None:
        """Say that the run takes its time, if it does: most come before the eye sees a change."""
        run, panel = self._scene.run, self._scene.panel
        if run is None or panel is None or not self.waiting:
            return
        panel.setEnabled(True)
        panel.show_step(*_heading(run), run.step.title, MAKING, None)
        panel.show_buttons(go_on="Continue", back=run.number > 0, replay=False, exercise=False)
        panel.next_button.setEnabled(False)

    def _show_step_of(self, scenario: Scenario, history: History) -> None:
        from engine.lesson import filled

        self._patience.stop()
        run, panel = self._scene.run, self._scene.panel
        assert run is not None and panel is not None
        panel.setEnabled(True)
        step = run.step
        self._predicting.set_hidden(False)
        self._open(scenario, run.lesson.vm_at(run.number), history)
        side = step.spotlight in SIDE_PARTS or self._playing.knob is not None
        self._layouts.set_lesson(True, side=side)
        panel.show_step(
            *_heading(run), step.title, filled(step.text, history), self._asking.form(history)
        )
        if panel.answer is not None:
            keep_keys(self._window, panel.answer)
        self._shown = run.number
        if side:
            self._playing.show_in_side()
        self._asking.tell_all()
        self._begin_step(history)
        self._keep_progress()

    def _begin_step(self, history: History) -> None:
        """Ask, let try, or play; then the keys go where the student is to act."""
        from gui.models.lesson_run import Stage

        run, panel = self._scene.run, self._scene.panel
        assert run is not None and panel is not None
        step, stage = run.step, run.stage
        self._playing.outline(getattr(step, "working_set", False))
        self._predicting.set_hidden(stage is Stage.ASKING or run.tells_too_much, ASKED_LATER)
        if stage is Stage.ASKING:
            self._playing.seek_to(step.start, history)  # type: ignore[union-attr]
        elif step.kind == "exercise":
            self._player.to_start()  # what is changed there changes the whole run
            self._asking.judge()
        else:
            self._playing.play()
            if run.at_end and not self._player.playing:
                self._player.to_end()  # what it all came to
        if stage is Stage.REVEALED:
            self._asking.tell_verdict(run.verdicts.get(run.number))
        self._show_part()
        if panel.answer is not None and stage in (Stage.ASKING, Stage.TRYING):
            panel.answer.take_focus()
        else:
            panel.next_button.setFocus()

    def _is_open(self, scenario: Scenario) -> bool:
        opened = self._session.scenario
        return opened is not None and self._opened is not None and opened.spec == scenario.spec

    def _open(self, scenario: Scenario, vm: str, history: History) -> None:
        """Open a scenario, unless it is what is open."""
        if not self._is_open(scenario):
            self._opening = True
            try:
                self._session.open(scenario, history)
            finally:
                self._opening = False
        self._opened = self._session.original
        self._session.select(vm)

    def _on_part_changed(self) -> None:
        self._show_part()
        self._keep_progress()

    def _show_part(self) -> None:
        """Light what the step is about, and show its buttons."""
        run, panel = self._scene.run, self._scene.panel
        if run is None or panel is None:
            return
        step = run.step
        if step.kind == "parts":
            panel.show_verdict("", self._scene.filled(step.parts[run.part].text))
        go_on = "Continue"
        if not run.may_go_on:
            go_on = "Answer" if step.kind == "question" else "Continue"
        elif self._playing.paused:
            go_on = "Play on"
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

    # What comes from outside

    def _on_failed(self, sentences: list[str]) -> None:
        self.end()
        self._window.error_notice.show_lines("The lesson cannot go on", sentences)

    def _on_history_changed(self, history: History, previous: History | None) -> None:
        run = self._scene.run
        opened = self._standing if self.waiting else self._opened
        if run is not None and not self._opening and self._session.original is not opened:
            self._keep_progress()
            self._leave(bring_back=False)  # somebody opened something else: that is wanted now
            words = f"The lesson has ended: {run.lesson.title}."
            # Opening takes the notice away once more when it is through.
            QTimer.singleShot(0, self, lambda: self._window.show_notice(words))
        # While a step opens its scenario the panel still shows the step before.
        elif run is not None and run.step.kind == "exercise" and self._shown == run.number:
            self._asking.judge()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let Esc end the lesson, where it is for nothing else."""
        if self._scene.run is None or event.type() != QEvent.Type.KeyPress:
            return False
        pressed = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if pressed and self._esc_is_free():
            QTimer.singleShot(0, self, self.end)
            return True
        return False

    def _esc_is_free(self) -> bool:
        return (
            not self._layouts.presenting
            and not self._window.error_notice.isVisible()
            and QApplication.mouseButtons() == Qt.MouseButton.NoButton
        )


def _heading(run: LessonRun) -> tuple[str, tuple[int, int]]:
    """Return number and title of a lesson, and (step counted from 1, how many there are)."""
    title = f"Lesson {run.lesson.spec.number}: {run.lesson.title}"
    return title, (run.number + 1, len(run.lesson.steps))
