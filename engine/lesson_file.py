"""The lesson as values: what a lesson file may say, checked, with units read.

A lesson is text and steps, never code. The models validate the file: a key of the file and a field
are one thing, as in `engine.specs`.
"""

from typing import Annotated, Literal

from pydantic import Field

from engine.specs import Spec

Ask = Literal["number", "choice", "curve"]
Value = str | int | float | bool


class PartSpec(Spec):
    """A part of the window that is named before it is used."""

    part: str
    text: str


class CaptionSpec(Spec):
    """A sentence that stands beside a part from an event of the run on."""

    at: str
    text: str
    part: str | None = None


class GoalSpec(Spec):
    """What an exercise asks of a figure of the student's own run."""

    figure: str
    at_most: str | None = None
    at_least: str | None = None
    equals: str | None = Field(default=None, alias="is")


class StepSpec(Spec):
    """What all steps have.

    Attributes:
        title: Heading of the step.
        text: Paragraphs, an empty line between two; `{vm.figure}` is filled in from the run.
        scenario: Another bundled scenario from here on.
        vm: The VM that is selected; with another scenario its first that migrates.
        set: Values of the scenario from here on; the run is made anew with them.
        spotlight: The part that is lit.
    """

    title: str
    text: str = ""
    scenario: str | None = None
    vm: str | None = None
    set: dict[str, Value] = {}
    spotlight: str | None = None


class PartsStep(StepSpec):
    """The card "meet the parts".

    Attributes:
        parts: What is named, one after the other.
        start: The instant that is shown meanwhile.
    """

    kind: Literal["parts"]
    start: str = Field(default="start", alias="from")
    parts: tuple[PartSpec, ...] = Field(min_length=1)


class WatchStep(StepSpec):
    """Something to read, and a stretch of the run to watch if `to` is given.

    Attributes:
        start, to, speed: What is played.
        captions: What is said while it plays.
        working_set: Whether the writable working set is outlined meanwhile.
    """

    kind: Literal["watch"]
    working_set: bool = False
    start: str = Field(default="start", alias="from")
    to: str | None = None
    speed: str = "1"
    captions: tuple[CaptionSpec, ...] = ()


class QuestionStep(StepSpec):
    """A prediction before the reveal.

    Attributes:
        ask: number: a figure is typed. choice: one of `options`. curve: drawn by hand.
        figure: Of a number: which, as `VM.figure`.
        near: How near a number counts as close: "x2" (a factor) or "20 %"; of a curve the mean
            distance as a share of the memory.
        options: Of a choice. right: The one that is so, counted from 0.
        feedback: Of a choice, one sentence for each option.
        start, to, speed: What the reveal plays.
        why: What is said after the reveal.
    """

    kind: Literal["question"]
    ask: Ask
    figure: str | None = None
    near: str = "20 %"
    options: tuple[str, ...] = ()
    right: int | None = None
    feedback: tuple[str, ...] = ()
    why: str
    start: str = Field(default="request", alias="from")
    to: str = "released"
    speed: str = "1"


class ExerciseStep(StepSpec):
    """Something to bring about; the program checks it on the student's own run.

    Attributes:
        goals: All must hold.
        knobs: Paths of the values that are meant to be moved.
        hint: Said on wish.
        solution: Values that reach the goal. wrong: Values that do not.
        why: What is said when the goal is reached.
    """

    kind: Literal["exercise"]
    goals: tuple[GoalSpec, ...] = Field(min_length=1)
    knobs: tuple[str, ...] = Field(min_length=1)
    hint: str
    solution: dict[str, Value] = Field(min_length=1)
    wrong: dict[str, Value] = {}
    why: str


Step = Annotated[
    PartsStep | WatchStep | QuestionStep | ExerciseStep, Field(discriminator="kind")
]


class LessonSpec(Spec):
    """A lesson.

    Attributes:
        format: 1.
        number: Its place among the lessons.
        misconception: What many believe, and the lesson is for.
        minutes: About how long it takes; the check estimates it again.
        scenario: Bundled scenario that it begins with.
        sources: Where its facts are from.
    """

    format: Literal[1]
    number: int = Field(ge=1, le=99)
    title: str
    misconception: str
    minutes: int | None = Field(default=None, ge=1, le=7)
    scenario: str
    vm: str | None = None
    set: dict[str, Value] = {}
    sources: tuple[str, ...] = ()
    steps: tuple[Step, ...] = Field(min_length=1)
