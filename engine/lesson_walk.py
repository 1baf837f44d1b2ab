"""Walking through a lesson without a window: to check it, and to see that answers are judged."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Final, Literal

from msgspec import Struct

from engine.errors import ScenarioError
from engine.history import History
from engine.instants import InstantError, instant_ns
from engine.lesson import (
    Lesson,
    judge_choice,
    judge_curve,
    judge_goals,
    judge_number,
    lesson_scenario,
    mover_of,
    placeholders,
    true_curve,
    with_values,
)
from engine.lesson_figures import NOT_THERE, FigureError, figure_of, kind_of
from engine.lesson_file import ExerciseStep, PartsStep, QuestionStep, Step, WatchStep
from engine.prediction import CurvePoints
from engine.scenario import Scenario
from engine.scenario_paths import PathError, locate
from engine.simulation import simulate
from engine.specs import ScenarioSpec
from engine.units import format_duration_ns

Answers = Literal["right", "wrong"]
WORDS_A_MINUTE: Final = 150
QUESTION_S: Final = 20
EXERCISE_S: Final = 60
LONGEST_MINUTES: Final = 8
_FIXED_PARTS: Final = (
    "pool", "pages", "source-memory", "destination-memory", "legend", "narration", "plots", "web",
    "ping", "rate", "stalls", "remaining", "rounds", "speed", "downtime", "console", "timeline",
    "transport", "controls", "outcome", "rounds-table", "summary", "branches", "header", "link",
    "switch",
)  # fmt: skip
_KNOBS: Final = ("network.bandwidth", "network.relearn_delay", "rate_limit", "policy", "dirty_rate")
_KNOB_ENDS: Final = (".rate_limit", ".policy", ".rate", ".speed")


class StepResult(Struct, frozen=True):
    """How a step was answered: None where it asks nothing."""

    step: int
    title: str
    right: bool | None
    text: str


class Runs:
    """The runs of one lesson, each made once."""

    def __init__(self) -> None:
        """Begin without any."""
        self._known: list[tuple[ScenarioSpec, History]] = []

    def of(self, scenario: Scenario) -> History:
        """Return the run of a scenario."""
        for spec, history in self._known:
            if spec == scenario.spec:
                return history
        history = simulate(scenario.spec)
        self._known.append((scenario.spec, history))
        return history


def walk(lesson: Lesson, answers: Answers, runs: Runs | None = None) -> list[StepResult]:
    """Go through a lesson to its end and answer everything right, or wrong.

    Args:
        lesson: The lesson.
        answers: right: what the run did, and each exercise's solution. wrong: something else, and
            each exercise's wrong values.
        runs: Where runs are kept; None: for this walk alone.
    """
    runs = runs or Runs()
    found = []
    for number, step in enumerate(lesson.steps):
        scenario = lesson_scenario(lesson, number)
        history = runs.of(scenario)
        right, text = _answered(lesson, number, step, scenario, history, answers, runs)
        found.append(StepResult(number, step.title, right, text))
    return found


def _answered(
    lesson: Lesson, number: int, step: Step, scenario: Scenario, history: History,
    answers: Answers, runs: Runs,
) -> tuple[bool | None, str]:
    if isinstance(step, ExerciseStep):
        values = step.solution if answers == "right" else step.wrong
        states = judge_goals(step, runs.of(with_values(scenario, values)))
        return all(s.met for s in states), "; ".join(f"{s.asked}, now {s.found}" for s in states)
    if not isinstance(step, QuestionStep):
        return None, ""
    if step.ask == "choice":
        assert step.right is not None
        chosen = step.right if answers == "right" else (step.right + 1) % len(step.options)
        verdict = judge_choice(step, chosen, history)
    elif step.ask == "curve":
        vm = lesson.vm_at(number)
        curve = true_curve(history, vm) if answers == "right" else flat_curve(history, vm)
        verdict = judge_curve(step, curve, history, vm)
    else:
        verdict = judge_number(step, number_answer(step, history, answers), history)
    return verdict.right, verdict.text


def flat_curve(history: History, vm: str) -> CurvePoints:
    """Return a curve that says that nothing ever arrives."""
    move = mover_of(history, vm)
    end_ns = (move.released_ns or history.end_ns) - move.requested_ns
    return (0, move.pages_total), (end_ns, move.pages_total)


def number_answer(step: QuestionStep, history: History, answers: Answers) -> str:
    """Return what to type for a right answer, or for one that is far off."""
    assert step.figure is not None
    value = figure_of(history, step.figure).value
    kind = kind_of(step.figure)
    if not isinstance(value, int):
        return str(value) if answers == "right" else "something else"
    if answers == "wrong":
        value = value * 100 + 7
    if kind == "duration":
        return f"{value} ns"
    return f"{value} B" if kind == "size" else str(value)


def check_lesson(lesson: Lesson, runs: Runs | None = None) -> list[str]:
    """Return what is wrong with a lesson on its runs, a sentence a fault.

    Every scenario can be run, every event comes, every figure and part exists, every solution
    reaches its goals, nothing else does from the start, and it takes less than eight minutes.
    """
    runs = runs or Runs()
    faults: list[str] = []
    for number, step in enumerate(lesson.steps):
        at = f"{lesson.name}: steps.{number}"
        try:
            scenario = lesson_scenario(lesson, number)
            history = runs.of(scenario)
            faults += [f"{at}{fault}" for fault in _step_faults(step, history)]
            if isinstance(step, ExerciseStep):
                faults += [f"{at}{f}" for f in _exercise_faults(step, scenario, history, runs)]
            if isinstance(step, QuestionStep):
                faults += [f"{at}{f}" for f in _told_faults(lesson, number, step, history)]
        except ScenarioError as error:
            faults += [f"{at}: {fault}" for fault in error.faults]
    if not faults:
        minutes, promised = minutes_of(lesson, runs), lesson.spec.minutes
        if minutes >= LONGEST_MINUTES:
            faults.append(
                f"{lesson.name}: takes about {minutes:.1f} minutes; "
                f"use less than {LONGEST_MINUTES}, shorten texts or what is played"
            )
        elif promised is not None and round(minutes) > promised:
            faults.append(
                f"{lesson.name}: minutes = {promised}: takes about {minutes:.1f}; "
                "promise more, or shorten texts or what is played"
            )
    return faults


def minutes_of(lesson: Lesson, runs: Runs | None = None) -> float:
    """Return about how many minutes a lesson takes: reading, watching and answering."""
    runs = runs or Runs()
    seconds = 0.0
    for number, step in enumerate(lesson.steps):
        words = sum(len(text.split()) for text in texts_of(step))
        seconds += words / WORDS_A_MINUTE * 60
        if isinstance(step, QuestionStep):
            seconds += QUESTION_S
        if isinstance(step, ExerciseStep):
            seconds += EXERCISE_S
        if isinstance(step, QuestionStep | WatchStep) and step.to is not None:
            stretch = stretch_of(step, runs.of(lesson_scenario(lesson, number)))
            if stretch is not None:
                seconds += (stretch[1] - stretch[0]) / 1e9 / speed_of(step.speed)
    return seconds / 60


def stretch_of(step: Step, history: History) -> tuple[int, int] | None:
    """Return from where to where a step plays, ns; None: it plays nothing.

    Raises:
        InstantError: The run has no such instants.
    """
    if not isinstance(step, QuestionStep | WatchStep) or step.to is None:
        return None
    return instant_ns(history, step.start), instant_ns(history, step.to)


def speed_of(text: str) -> float:
    """Return a speed of playing: "1/4", "2".

    Raises:
        ValueError: It is none.
    """
    speed = float(Fraction(text))
    if not 0 < speed <= 100 or not math.isfinite(speed):
        raise ValueError(f'"{text}": use a speed such as 1/4 or 2')
    return speed


def texts_of(step: Step) -> list[str]:
    """Return everything in a step that is read."""
    texts = [step.title, step.text]
    if isinstance(step, PartsStep):
        texts += [part.text for part in step.parts]
    elif isinstance(step, WatchStep):
        texts += [caption.text for caption in step.captions]
    elif isinstance(step, QuestionStep):
        texts += [step.why, *step.options, *step.feedback[:1]]
    else:
        texts += [step.hint, step.why]
    return texts


def _step_faults(step: Step, history: History) -> Iterator[str]:
    texts = [*texts_of(step), *(step.feedback if isinstance(step, QuestionStep) else ())]
    for key in dict.fromkeys(key for text in texts for key in placeholders(text)):
        try:
            if figure_of(history, key).text == NOT_THERE:
                yield f": {{{key}}}: the run never comes to it; there is nothing to fill in"
        except FigureError as error:
            yield f": {{{key}}}: {error}"
    parts = [step.spotlight] if step.spotlight else []
    if isinstance(step, PartsStep):
        parts += [part.part for part in step.parts]
    if isinstance(step, WatchStep):
        parts += [caption.part for caption in step.captions if caption.part]
        for caption in step.captions:
            yield from _instant_fault("captions", caption.at, history)
    for part in parts:
        if not _is_part(part, history):
            yield f': part "{part}": no such part of the window'
    if not isinstance(step, ExerciseStep):
        yield from _play_faults(step, history)
    if isinstance(step, QuestionStep) and step.figure is not None:
        try:
            if figure_of(history, step.figure).value is None:
                yield f".figure = {step.figure}: the run never comes to it; ask for another"
        except FigureError as error:
            yield f".figure = {error}"


def _told_faults(
    lesson: Lesson, number: int, step: QuestionStep, history: History
) -> Iterator[str]:
    """Yield what answers a question before it is asked: a text with its figure, or what played."""
    asked = lesson_scenario(lesson, number).spec
    if step.figure in placeholders(step.text):
        yield f".text: {{{step.figure}}} is what is asked for; leave it to why"
    for earlier, before in enumerate(lesson.steps[:number]):
        if lesson_scenario(lesson, earlier).spec != asked:
            continue
        if step.figure in {key for text in texts_of(before) for key in placeholders(text)}:
            yield f".figure = {step.figure}: steps.{earlier} tells it before it is asked"
        # What is drawn is drawn whole; only its end must not have been seen.
        first = step.to if step.ask == "curve" else step.start
        try:
            stretch, first_ns = stretch_of(before, history), instant_ns(history, first)
        except InstantError:
            continue  # told where it is written
        if stretch is not None and stretch[1] > first_ns:
            yield (
                f'.from = "{step.start}": steps.{earlier} has played on to "{before.to}"; '  # type: ignore[union-attr]
                "ask before what is asked for is seen, or of another run"
            )


def _play_faults(step: PartsStep | QuestionStep | WatchStep, history: History) -> Iterator[str]:
    if isinstance(step, PartsStep):
        yield from _instant_fault("from", step.start, history)
        return
    if step.to is None:
        return
    wrong = [*_instant_fault("from", step.start, history), *_instant_fault("to", step.to, history)]
    yield from wrong
    if not wrong:
        begin_ns, end_ns = instant_ns(history, step.start), instant_ns(history, step.to)
        if begin_ns >= end_ns:
            yield f'.to = "{step.to}": comes before "{step.start}" in this run'
        elif isinstance(step, WatchStep):
            yield from _caption_faults(step, history, begin_ns, end_ns)
    try:
        speed_of(step.speed)
    except (ValueError, ZeroDivisionError):
        yield f'.speed = "{step.speed}": use a speed such as 1/4 or 2'


def _caption_faults(
    step: WatchStep, history: History, begin_ns: int, end_ns: int
) -> Iterator[str]:
    """Yield the captions that nobody would see: the stretch begins later, or ends before."""
    for caption in step.captions:
        if not [*_instant_fault("captions", caption.at, history)]:
            t_ns = instant_ns(history, caption.at)
            if not begin_ns <= t_ns <= end_ns:
                stretch = f"{format_duration_ns(begin_ns)} to {format_duration_ns(end_ns)}"
                at = format_duration_ns(t_ns)
                yield f'.captions = "{caption.at}": is at {at}, but the step plays {stretch}'


def _instant_fault(key: str, text: str, history: History) -> Iterator[str]:
    try:
        instant_ns(history, text)
    except InstantError as error:
        yield f".{key} = {error}"


def _is_part(part: str, history: History) -> bool:
    kind, colon, name = part.partition(":")
    if not colon:
        return part in _FIXED_PARTS
    known = {
        "vm": [vm.name for vm in history.spec.vms],
        "host": [host.name for host in history.spec.hosts],
        "knob": [name] if name in _KNOBS or name.endswith(_KNOB_ENDS) else [],
    }
    return name in known.get(kind, ())


def _exercise_faults(
    step: ExerciseStep, scenario: Scenario, history: History, runs: Runs
) -> Iterator[str]:
    for i, path in enumerate(step.knobs):
        try:
            locate(scenario.document, path)
        except PathError as error:
            yield f".knobs.{i} = {path}: {error}"
    if all(state.met for state in judge_goals(step, history)):
        yield ".goals: are met before anything is changed"
    for key, values, wanted in (("solution", step.solution, True), ("wrong", step.wrong, False)):
        states = judge_goals(step, runs.of(with_values(scenario, values)))
        if all(state.met for state in states) is not wanted:
            found = "; ".join(f"{s.asked}, now {s.found}" for s in states)
            yield f".{key}: {'does not reach' if wanted else 'reaches'} the goals: {found}"


def minutes_text(minutes: float) -> str:
    """Return how long a lesson takes, for a list: "about 5 min"."""
    return f"about {max(1, round(minutes))} min"
