"""Lessons: loading them, the scenario of each step, and what a student's answer is worth.

A `Lesson` is a value. Nothing here plays or shows anything; the window and the headless walk
(`engine.lesson_walk`) use the same functions.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from operator import eq, ge, le
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from pydantic import ValidationError

from engine.errors import MigrascopeError, ScenarioError
from engine.history import History, MigrationRecord
from engine.lesson_checks import faults_of, shape_faults, share_of
from engine.lesson_figures import FigureError, figure_of, kind_of, label_of, parse_value
from engine.lesson_file import ExerciseStep, GoalSpec, LessonSpec, QuestionStep, Step, Value
from engine.prediction import CurvePoints, curve_distance, curve_sentence, since_request
from engine.remaining_pages import remaining_pages
from engine.scenario import Scenario, load_scenario

BUNDLED_LESSONS: Final = Path(__file__).resolve().parent.parent / "assets" / "lessons"
_LARGEST_FILE_BYTES: Final = 1 << 20
_PLACEHOLDER: Final = re.compile(r"\{([^{}\s]+\.[a-z_]+)\}")


class LessonError(MigrascopeError):
    """A lesson is wrong.

    Attributes:
        faults: One sentence per fault: `file: path = value: what was expected`.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        """Keep the faults, in the order of the file."""
        self.faults: tuple[str, ...] = tuple(faults)
        super().__init__("\n".join(self.faults))


class Lesson(Struct, frozen=True):
    """A valid lesson.

    Attributes:
        name: What messages call it: the bundled name, or the file's name.
        spec: What the file says.
    """

    name: str
    spec: LessonSpec

    @property
    def title(self) -> str:
        """Return what it is called."""
        return self.spec.title

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return its steps."""
        return self.spec.steps

    def vm_at(self, step: int) -> str:
        """Return the VM that a step is about."""
        vm = self.spec.vm
        for number, one in enumerate(self.steps[: step + 1]):
            if one.scenario is not None:
                vm = None
            vm = one.vm or vm
            if vm is None and number == step:
                vm = _first_mover(lesson_scenario(self, step))
        return vm or _first_mover(lesson_scenario(self, step))


class Verdict(Struct, frozen=True):
    """What an answer, or a run, is worth.

    Attributes:
        right: Whether it is so, or close.
        said: What was answered, in words.
        did: What the run did, in words.
        text: Both in one sentence, without blame.
    """

    right: bool
    said: str
    did: str
    text: str


class GoalState(Struct, frozen=True):
    """A goal of an exercise on a run: what is asked, what the run has, whether that is enough."""

    asked: str
    found: str
    met: bool


def bundled_lessons() -> list[str]:
    """Return the names of the lessons that come with the program, in their order."""
    return [path.stem for path in sorted(BUNDLED_LESSONS.glob("*.toml"))]


def load_lesson(path_or_name: str | Path) -> Lesson:
    """Return a lesson: the bundled one of that name or number, or else the one in that file.

    Raises:
        LessonError: There is neither, or it is wrong: all faults.
    """
    if isinstance(path_or_name, str) and "/" not in path_or_name and "\\" not in path_or_name:
        for name in bundled_lessons():
            number = name.partition("-")[0].lstrip("0")
            if path_or_name in (name, number):
                return parse_lesson((BUNDLED_LESSONS / f"{name}.toml").read_text("utf-8"), name)
    path = Path(path_or_name)
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise LessonError([f"{path_or_name}: too large for a lesson"])
        return parse_lesson(path.read_bytes().decode(), path.name)
    except FileNotFoundError as error:
        known = ", ".join(bundled_lessons())
        sentence = f"{path_or_name}: no such file and no lesson of that name; there are: {known}"
        raise LessonError([sentence]) from error
    except UnicodeDecodeError as error:
        raise LessonError([f"{path_or_name}: not a text file in UTF-8"]) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable file name"
        raise LessonError([f"{path_or_name}: cannot be read: {reason}"]) from error


def parse_lesson(text: str, name: str) -> Lesson:
    """Return the lesson that a text in TOML describes.

    Raises:
        LessonError: It is no TOML, or a wrong lesson: all faults.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LessonError([f"{name}: not valid TOML: {error}"]) from error
    try:
        spec = LessonSpec.model_validate(document)
    except ValidationError as error:
        raise LessonError([f"{name}: {fault}" for fault in shape_faults(error)]) from error
    faults = [f"{name}: {fault}" for fault in faults_of(spec)]
    if faults:
        raise LessonError(faults)
    return Lesson(name, spec)


def lesson_scenario(lesson: Lesson, step: int) -> Scenario:
    """Return the scenario of a step: with the values of all steps up to it.

    Args:
        lesson: The lesson.
        step: Counted from 0.

    Raises:
        ScenarioError: A value does not fit.
    """
    spec = lesson.spec
    name, values = spec.scenario, dict(spec.set)
    for one in lesson.steps[: step + 1]:
        if one.scenario is not None:
            name, values = one.scenario, {}
        values |= one.set
    scenario = load_scenario(name)
    return scenario.with_values(list(values.items())) if values else scenario


def with_values(scenario: Scenario, values: Mapping[str, Value]) -> Scenario:
    """Return a scenario with the values of a solution, or of a wrong answer.

    Raises:
        ScenarioError: A value does not fit.
    """
    return scenario.with_values(list(values.items())) if values else scenario


def filled(text: str, history: History) -> str:
    """Return a text with every `{vm.figure}` as the run has it.

    Raises:
        FigureError: The run has no such figure.
    """
    return _PLACEHOLDER.sub(lambda found: figure_of(history, found[1]).text, text)


def placeholders(text: str) -> list[str]:
    """Return the figures that a text asks for."""
    return _PLACEHOLDER.findall(text)


# Answers


def judge_number(step: QuestionStep, text: str, history: History) -> Verdict:
    """Return what a typed figure is worth.

    Raises:
        FigureError: The text is no value of that kind, in a clause.
    """
    assert step.figure is not None
    kind = kind_of(step.figure)
    given, found = parse_value(kind, text), figure_of(history, step.figure)
    label = label_of(step.figure)
    if isinstance(given, str) or isinstance(found.value, str) or found.value is None:
        right = given == found.value
    else:
        right = _near(given, found.value, step.near)
    tail = "close enough" if right else _apart(given, found.value)
    return Verdict(
        right, text.strip(), found.text,
        f"You said {text.strip()}, it did {found.text} ({label}): {tail}.",
    )


def options_of(step: QuestionStep, history: History) -> list[str]:
    """Return the options of a choice, figures of the run filled in."""
    return [filled(option, history) for option in step.options]


def judge_choice(step: QuestionStep, chosen: int, history: History) -> Verdict:
    """Return what a choice is worth."""
    assert step.right is not None
    right = chosen == step.right
    options = options_of(step, history)
    said, did = options[chosen], options[step.right]
    feedback = filled(step.feedback[chosen], history) if step.feedback else ""
    both = f"You said: {said}." if right else f"You said: {said}. It did: {did}."
    return Verdict(right, said, did, f"{both} {feedback}".strip())


def judge_curve(step: QuestionStep, curve: CurvePoints, history: History, vm: str) -> Verdict:
    """Return what a drawn curve of remaining pages is worth."""
    m = mover_of(history, vm)
    simulated = true_curve(history, vm)
    distance = curve_distance(curve, simulated, m.pages_total)
    limit = share_of(step.near)
    right = distance is not None and Fraction(distance.mean_share) <= limit
    text = curve_sentence(curve, simulated, m.pages_total) or "No curve was drawn."
    return Verdict(right, "a curve", "the simulated curve", text)


def did_sentence(step: QuestionStep, history: History) -> str:
    """Return what the run did in answer to a question that nobody answered."""
    if step.ask == "curve":
        return "This is how it went."
    if step.ask == "choice":
        assert step.right is not None
        feedback = filled(step.feedback[step.right], history) if step.feedback else ""
        return f"It did: {options_of(step, history)[step.right]}. {feedback}".strip()
    assert step.figure is not None
    return f"It did {figure_of(history, step.figure).text} ({label_of(step.figure)})."


def true_curve(history: History, vm: str) -> CurvePoints:
    """Return the remaining pages of a VM's first migration, by time after its request."""
    m = mover_of(history, vm)
    remaining = remaining_pages(history, m)
    return () if remaining is None else since_request(remaining, m.requested_ns)


def closing_lines(lesson: Lesson, verdicts: Mapping[int, Verdict]) -> list[str]:
    """Return for each question of a lesson what was said beside what it did.

    Args:
        lesson: The lesson.
        verdicts: Of the questions that were answered, by step, counted from 0.
    """
    lines = []
    for number, step in enumerate(lesson.steps):
        verdict = verdicts.get(number)
        if not isinstance(step, QuestionStep) or verdict is None:
            continue
        if step.ask == "curve":
            both = verdict.text.rstrip(".")
        elif verdict.said == verdict.did:
            both = f"you said and it did: {verdict.said}"
        else:
            both = f"you said: {verdict.said}; it did: {verdict.did}"
        asked = step.title if step.title.endswith("?") else f"{step.title}:"
        lines.append(f"{asked} {both}.")
    return lines


def judge_goals(step: ExerciseStep, history: History) -> list[GoalState]:
    """Return how the goals of an exercise stand on a run."""
    return [_goal_state(goal, history) for goal in step.goals]


def mover_of(history: History, vm: str) -> MigrationRecord:
    """Return the first migration of a VM that was not refused, or else its first.

    Raises:
        FigureError: It has none.
    """
    own = [m for m in history.migrations if m.vm == vm]
    if not own:
        raise FigureError(f"no migration of {vm} in this run")
    return next((m for m in own if m.outcome != "refused"), own[0])


def _goal_state(goal: GoalSpec, history: History) -> GoalState:
    kind, label = kind_of(goal.figure), label_of(goal.figure)
    try:
        found = figure_of(history, goal.figure)
    except FigureError:
        return GoalState(f"{label}: {_bounds(goal)}", "no such migration yet", False)
    value: Any = found.value
    met = value is not None
    for bound, holds in ((goal.at_most, le), (goal.at_least, ge), (goal.equals, eq)):
        if bound is not None and met:
            met = bool(holds(value, parse_value(kind, bound)))
    return GoalState(f"{label}: {_bounds(goal)}", found.text, met)


def _bounds(goal: GoalSpec) -> str:
    words = [("at most ", goal.at_most), ("at least ", goal.at_least), ("", goal.equals)]
    return " and ".join(f"{word}{bound}" for word, bound in words if bound is not None)


def _near(given: int, found: int, near: str) -> bool:
    if near.startswith("x"):
        factor = Fraction(near[1:])
        if given <= 0 or found <= 0:
            return given == found
        return max(given, found) <= factor * min(given, found)
    return abs(given - found) <= share_of(near) * abs(found)


def _apart(given: int | str, found: int | str | None) -> str:
    if not isinstance(given, int) or not isinstance(found, int):
        return "another answer"
    if not given or not found:
        return "more than you said" if found > given else "less than you said"
    ratio = Fraction(max(given, found), min(given, found))
    return f"{float(ratio):.3g} times {'more' if found > given else 'less'} than you said"


def _first_mover(scenario: Scenario) -> str:
    spec = scenario.spec
    return spec.migrations[0].vm if spec.migrations else spec.vms[0].name


__all__ = [
    "GoalState", "Lesson", "LessonError", "ScenarioError", "Verdict", "bundled_lessons",
    "closing_lines", "did_sentence", "filled", "judge_choice", "judge_curve", "judge_goals",
    "judge_number", "lesson_scenario", "load_lesson", "mover_of", "options_of", "parse_lesson",
    "placeholders", "true_curve", "with_values",
]  # fmt: skip
