"""What is wrong with a lesson file, before anything of it is run: sentences with path and value."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from pydantic import ValidationError

from engine.lesson_figures import FigureError, kind_of, parse_value
from engine.lesson_file import ExerciseStep, GoalSpec, LessonSpec, QuestionStep


def shape_faults(error: ValidationError) -> list[str]:
    """Return what the models found: `path = value: what was expected`."""
    errors = error.errors()
    # A list whose entries are wrong is not too short as well.
    told = [e for e in errors if e["type"] != "too_short" or len(errors) == 1]
    return [f"{_path(e['loc'])}{_given(e)}: {_expected(e)}" for e in told]


def share_of(near: str) -> Fraction:
    """Return the share that "20 %" names.

    Raises:
        ValueError: It names none.
    """
    return Fraction(near.removesuffix("%").strip()) / 100


def _path(loc: tuple[int | str, ...]) -> str:
    kinds = ("parts", "watch", "question", "exercise")
    kept = [
        str(part) for i, part in enumerate(loc)
        if not (part in kinds and i == 2 and loc[0] == "steps")
    ]
    return ".".join(kept)


def _given(error: Any) -> str:
    value = error["input"]
    return f" = {value!r}" if isinstance(value, str | int | float | bool) else ""


def _expected(error: Any) -> str:
    special = {
        "missing": "is missing",
        "extra_forbidden": "no such key in a lesson",
        "union_tag_invalid": "use parts, watch, question or exercise",
        "union_tag_not_found": "kind is missing; use parts, watch, question or exercise",
    }
    if error["type"] in special:
        return special[error["type"]]
    message: str = error["msg"]
    return message.removeprefix("Value error, ").lower()


def faults_of(spec: LessonSpec) -> Iterator[str]:
    """Yield what the models cannot see: keys that need each other, figures, bounds."""
    for number, step in enumerate(spec.steps):
        at = f"steps.{number}"
        if isinstance(step, QuestionStep):
            yield from _question_faults(at, step)
        elif isinstance(step, ExerciseStep):
            for i, goal in enumerate(step.goals):
                yield from _goal_faults(f"{at}.goals.{i}", goal)


def _question_faults(at: str, step: QuestionStep) -> Iterator[str]:
    if step.ask == "choice":
        if len(step.options) < 2:
            yield f"{at}.options: a choice needs two options or more"
        if step.right is None or not 0 <= step.right < len(step.options):
            yield f"{at}.right = {step.right}: use the place of the right option, counted from 0"
        if step.feedback and len(step.feedback) != len(step.options):
            yield f"{at}.feedback: one sentence for each of the {len(step.options)} options"
        return
    try:
        if not step.near.startswith("x"):
            share_of(step.near)
        elif Fraction(step.near[1:]) < 1 or step.ask == "curve":
            raise ValueError
    except (ValueError, ZeroDivisionError):
        yield f'{at}.near = "{step.near}": use a share such as "20 %", of a number also "x2"'
    if step.ask == "number":
        if step.figure is None:
            yield f"{at}.figure: is missing; name the figure that is asked for"
        else:
            try:
                kind_of(step.figure)
            except FigureError as error:
                yield f"{at}.figure = {error}"


def _goal_faults(at: str, goal: GoalSpec) -> Iterator[str]:
    if goal.at_most is None and goal.at_least is None and goal.equals is None:
        yield f"{at}: a goal needs at_most, at_least or is"
    try:
        kind = kind_of(goal.figure)
    except FigureError as error:
        yield f"{at}.figure = {error}"
        return
    for key, bound in (("at_most", goal.at_most), ("at_least", goal.at_least), ("is", goal.equals)):
        if bound is not None:
            try:
                parse_value(kind, bound)
            except FigureError as error:
                yield f"{at}.{key} = {error}"
