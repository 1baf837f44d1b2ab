"""Where a student is in a lesson: the step, what was answered, whether it may go on. No widgets."""

from enum import Enum

from msgspec import Struct, field

from engine.lesson import GoalState, Lesson, Verdict, lesson_scenario
from engine.lesson_file import ExerciseStep, PartsStep, QuestionStep, Step


class Stage(Enum):
    """What a step is doing."""

    READING = "reading"
    """Nothing is asked: a text, parts, or a stretch that plays."""
    ASKING = "asking"
    """A prediction is wanted; what comes is hidden."""
    REVEALED = "revealed"
    """The answer is in, or an audience has given it aloud, and the run shows."""
    TRYING = "trying"
    """An exercise is not met yet."""
    MET = "met"
    """An exercise is met, or was given up."""


class LessonRun(Struct):
    """A walk through a lesson.

    Attributes:
        lesson: The lesson.
        number: The step, counted from 0.
        part: In a card of parts, the part that is named.
        verdicts: What was answered, by step.
        goals: How the goals of the present exercise stand.
        given_up: Steps whose solution was shown.
        shown: Questions that were shown without an answer: before an audience.
    """

    lesson: Lesson
    number: int = 0
    part: int = 0
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    met: set[int] = field(default_factory=set)
    given_up: set[int] = field(default_factory=set)
    shown: set[int] = field(default_factory=set)
    goals: list[GoalState] = field(default_factory=list)

    @property
    def step(self) -> Step:
        """Return the present step."""
        return self.lesson.steps[self.number]

    @property
    def stage(self) -> Stage:
        """Return what the step is doing."""
        step = self.step
        if isinstance(step, QuestionStep):
            answered = self.number in self.verdicts or self.number in self.shown
            return Stage.REVEALED if answered else Stage.ASKING
        if isinstance(step, ExerciseStep):
            done = self.number in self.met or self.number in self.given_up
            return Stage.MET if done else Stage.TRYING
        return Stage.READING

    @property
    def may_go_on(self) -> bool:
        """Return whether Continue leads on: a question wants an answer, an exercise its goal."""
        return self.stage not in (Stage.ASKING, Stage.TRYING)

    @property
    def tells_too_much(self) -> bool:
        """Return whether the run that is shown answers a later question, not answered yet.

        An exercise is tried on the whole run.
        """
        if isinstance(self.step, ExerciseStep):
            return False
        spec = lesson_scenario(self.lesson, self.number).spec
        return any(
            isinstance(step, QuestionStep)
            and number not in self.verdicts
            and number not in self.shown
            and lesson_scenario(self.lesson, number).spec == spec
            for number, step in enumerate(self.lesson.steps)
            if number > self.number
        )

    @property
    def at_end(self) -> bool:
        """Return whether this is the last step, with nothing left to name."""
        return self.number == len(self.lesson.steps) - 1 and not self._more_parts

    @property
    def _more_parts(self) -> bool:
        return isinstance(self.step, PartsStep) and self.part + 1 < len(self.step.parts)

    def go_on(self) -> bool:
        """Go to the next part or step; return whether another step was entered."""
        if self._more_parts:
            self.part += 1
            return False
        if self.number + 1 < len(self.lesson.steps):
            self.number += 1
            self.part, self.goals = 0, []
            return True
        return False

    def go_back(self) -> bool:
        """Go to the part or step before; return whether another step was entered."""
        if isinstance(self.step, PartsStep) and self.part:
            self.part -= 1
            return False
        if self.number:
            self.number -= 1
            step = self.step
            self.part = len(step.parts) - 1 if isinstance(step, PartsStep) else 0
            self.goals = []
            return True
        return False

    def answer(self, verdict: Verdict) -> None:
        """Take what an answer is worth; the first one stands."""
        self.verdicts.setdefault(self.number, verdict)

    def show(self) -> None:
        """Let the present question be shown without an answer."""
        self.shown.add(self.number)

    def take_goals(self, goals: list[GoalState]) -> bool:
        """Take how the goals stand; return whether they are met for the first time now."""
        self.goals = goals
        if all(goal.met for goal in goals) and self.number not in self.met:
            self.met.add(self.number)
            return True
        return False

    def give_up(self) -> None:
        """Let a solution be shown."""
        self.given_up.add(self.number)
