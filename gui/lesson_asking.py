"""What a lesson asks in the window: forms, what answers are worth, and exercises.

A part of `gui.teaching`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from engine.errors import ScenarioError
from engine.history import History
from gui.lesson_playing import LessonPlaying
from gui.lesson_scene import LessonScene
from gui.predicting import Predicting

if TYPE_CHECKING:
    from engine.lesson import Verdict
    from engine.lesson_file import ExerciseStep, QuestionStep
    from engine.prediction import CurvePoints
    from gui.views.lesson_answer import Answer, KnobFields

EXAMPLES: Final = {"duration": "1.5 s", "count": "1,200", "size": "512 MiB", "word": "completed"}
DRAWN_SHARE: Final = 1.4
"""Axes of a drawn curve are so many times as long as what comes, rounded: they do not tell it."""
ASKED_LATER: Final = "What comes is shown as soon as the lesson has asked you what you expect."


class LessonAsking(QObject):
    """Asks and judges.

    Signals:
        part_changed: An answer is in, or an exercise is met: the buttons do something else.
    """

    part_changed = Signal()

    def __init__(
        self, scene: LessonScene, playing: LessonPlaying, predicting: Predicting, parent: QObject
    ) -> None:
        """Ask nothing yet.

        Args:
            scene: The lesson.
            playing: Plays what was asked for.
            predicting: Hides what comes while something is asked.
            parent: As Qt has it.
        """
        super().__init__(parent)
        self._scene, self._playing, self._predicting = scene, playing, predicting
        self._session = scene.session

    def form(self, history: History) -> Answer | None:
        """Return what asks in this step, connected."""
        from engine.knob_names import knob_choices, knob_name, knob_unset
        from gui.models.lesson_run import Stage
        from gui.views.lesson_answer import (
            ChoiceAnswer,
            CurveAnswer,
            Knob,
            KnobFields,
            NumberAnswer,
        )

        run = self._scene.run
        assert run is not None
        step = run.step
        if step.kind == "exercise":
            fields = KnobFields(
                [
                    Knob(
                        path, knob_name(path), self._value_text(path), knob_choices(path),
                        knob_unset(path),
                    )
                    for path in step.knobs
                ]
            )
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

        assert self._scene.run is not None
        vm = self._scene.run.lesson.vm_at(self._scene.run.number)
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

    def _on_given(self, answer: object) -> None:
        """Judge an answer, keep it, and play what comes."""
        from engine.lesson import judge_choice, judge_curve, judge_number, true_curve
        from engine.lesson_figures import FigureError

        run, panel, history = self._scene.run, self._scene.panel, self._session.history
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
        self._show_what_came(verdict)

    def _show_what_came(self, verdict: Verdict | None) -> None:
        """Take the cover away as far as nothing else is asked, say what it did, and play it."""
        assert self._scene.run is not None and self._scene.panel is not None
        self._predicting.set_hidden(self._scene.run.tells_too_much, ASKED_LATER)
        self.tell_verdict(verdict)
        self._playing.play()
        self.part_changed.emit()
        self._scene.panel.next_button.setFocus()

    def hand_in(self) -> None:
        """Take what is answered so far, or lead to where it is answered."""
        panel = self._scene.panel
        assert panel is not None
        if panel.answer is not None and hasattr(panel.answer, "give"):
            panel.answer.give()
        elif panel.answer is not None:
            panel.answer.take_focus()

    def offer_unanswered(self) -> None:
        """Tell a lecturer that nobody has to type what a hall has answered aloud."""
        run, panel = self._scene.run, self._scene.panel
        assert run is not None and panel is not None
        what = "a solution" if run.step.kind == "exercise" else "what it did"
        panel.show_verdict("", f"Once more shows {what}, without an answer.")

    def show_unanswered(self) -> None:
        """Show what the run did, or a solution, though nothing was answered."""
        run, panel = self._scene.run, self._scene.panel
        assert run is not None and panel is not None
        if run.step.kind == "exercise":
            self.show_solution()
            return
        run.show()
        if panel.answer is not None:
            if run.step.kind == "question" and run.step.ask == "curve":
                from engine.lesson import true_curve

                history = self._session.history
                assert history is not None
                panel.answer.reveal(true_curve(history, run.lesson.vm_at(run.number)))  # type: ignore[union-attr]
            else:
                panel.answer.setEnabled(False)
        self._show_what_came(None)

    def tell_all(self) -> None:
        """In the last step: what was said beside what it did, all along the lesson."""
        from engine.lesson import closing_lines

        run, panel = self._scene.run, self._scene.panel
        assert run is not None and panel is not None
        if run.step.kind != "watch" or not run.at_end:
            return
        lines = closing_lines(run.lesson, run.verdicts)
        belief = (
            f"Many believe: \N{LEFT DOUBLE QUOTATION MARK}{run.lesson.spec.misconception}"
            "\N{RIGHT DOUBLE QUOTATION MARK} What would you tell them now?"
        )
        heading = "What you said, and what it did" if lines else "And now"
        panel.show_verdict(heading, "\n\n".join([*lines, belief]), seen=False)

    def tell_verdict(self, verdict: Verdict | None) -> None:
        """Show what was said beside what it did, and why; None: nothing was said."""
        from engine.lesson import did_sentence, filled

        run, history = self._scene.run, self._session.history
        assert run is not None and history is not None and self._scene.panel is not None
        step: QuestionStep = run.step  # type: ignore[assignment]
        text = did_sentence(step, history) if verdict is None else filled(verdict.text, history)
        self._scene.panel.show_verdict(text, filled(step.why, history))

    def _keep(self, kind: str, asked: str, said: str, did: str, close: bool) -> None:
        from engine.lesson import filled
        from engine.lesson_answers import Answer

        history = self._session.history
        run, answers = self._scene.run, self._scene.answers
        assert run is not None and answers is not None and history is not None
        asked = " ".join(filled(asked, history).split())
        answers.add(Answer(run.number + 1, kind, asked, said, did, close))

    def _on_knob(self, path: str, text: str) -> None:
        """Try a value, from the start of the run on."""
        from engine.knob_names import knob_name, knob_sentence

        scenario = self._session.scenario
        fields: KnobFields = self._scene.panel.answer  # type: ignore[assignment,union-attr]
        assert scenario is not None
        try:
            after = scenario.with_value(path, text)
        except ScenarioError as error:
            # The file's path says nothing to a student; the field has a name.
            name = knob_name(path)
            fields.complain(" ".join(fault.replace(path, name) for fault in error.faults))
            return
        self._session.take(after, knob_sentence(path, text))

    def judge(self) -> None:
        """Show how the goals stand on the run that is shown."""
        from engine.knob_names import knob_sentence
        from engine.lesson import filled, judge_goals

        run, panel, history = self._scene.run, self._scene.panel, self._session.history
        assert run is not None and panel is not None and history is not None
        step: ExerciseStep = run.step  # type: ignore[assignment]
        fields: KnobFields = panel.answer  # type: ignore[assignment]
        fields.show_values({path: self._value_text(path) for path in step.knobs})
        goals = judge_goals(step, history)
        newly = run.take_goals(goals)
        panel.show_goals(goals)
        if newly:
            values = "; ".join(knob_sentence(path, self._value_text(path)) for path in step.knobs)
            found = "; ".join(goal.found for goal in goals)
            met = run.number not in run.given_up
            self._keep("exercise", step.text, values, found, met)
            told = "The goal is met." if met else _example(step)
            panel.show_verdict(told, filled(step.why, history))
            self.part_changed.emit()
            panel.next_button.setFocus()

    def show_hint(self) -> None:
        """Show the hint of the exercise."""
        assert self._scene.run is not None and self._scene.panel is not None
        hint = self._scene.run.step.hint  # type: ignore[union-attr]
        self._scene.panel.show_verdict("", self._scene.filled(hint))

    def show_solution(self) -> None:
        """Put a solution in force, as an edit that undo takes back."""
        from engine.lesson import with_values

        run, scenario = self._scene.run, self._session.scenario
        assert run is not None and scenario is not None and self._scene.panel is not None
        step: ExerciseStep = run.step  # type: ignore[assignment]
        run.give_up()
        self._scene.panel.show_verdict(_example(step), "")
        self._session.take(with_values(scenario, step.solution), "a solution of the lesson")
        self.part_changed.emit()


def _example(step: ExerciseStep) -> str:
    """Return the solution of an exercise in words."""
    from engine.knob_names import knob_sentence

    words = "; ".join(knob_sentence(path, value) for path, value in step.solution.items())
    return f"For example: {words}."
