"""How far a student is in a lesson, as a text that settings keep: to go on there later."""

import json
from typing import Final

from msgspec.structs import asdict

from engine.lesson import Lesson, Verdict
from engine.lesson_answers import Answer, Answers
from gui.models.lesson_run import LessonRun

FORMAT: Final = 1


def progress_text(run: LessonRun, answers: Answers) -> str:
    """Return where a run is, and what was answered.

    Args:
        run: The walk through the lesson.
        answers: As they are saved for a teacher.

    Returns:
        The text; "" while nothing was done that could be lost.
    """
    if run.number == 0 and not run.verdicts:
        return ""
    return json.dumps(
        {
            "format": FORMAT,
            "titles": _titles(run.lesson),
            "step": run.number,
            "verdicts": {str(n): asdict(verdict) for n, verdict in run.verdicts.items()},
            "met": sorted(run.met),
            "given_up": sorted(run.given_up),
            "shown": sorted(run.shown),
            "student": answers.student,
            "answers": [asdict(answer) for answer in answers.answers],
        }
    )


def taken_up(text: str, lesson: Lesson) -> tuple[LessonRun, Answers] | None:
    """Return the run and the answers that a text of `progress_text` tells.

    Args:
        text: The text.
        lesson: The lesson that it is about.

    Returns:
        None: there is nothing, it cannot be read, or the lesson is another one by now.
    """
    try:
        found = json.loads(text)
        if found["format"] != FORMAT or found["titles"] != _titles(lesson):
            return None
        run = LessonRun(lesson, int(found["step"]))
        if not 0 <= run.number < len(lesson.steps):
            return None
        run.verdicts = {int(n): Verdict(**verdict) for n, verdict in found["verdicts"].items()}
        run.met, run.given_up = set(found["met"]), set(found["given_up"])
        run.shown = set(found["shown"])
        given = [Answer(**answer) for answer in found["answers"]]
        return run, Answers(lesson.name, lesson.title, str(found["student"]), given)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _titles(lesson: Lesson) -> list[str]:
    return [step.title for step in lesson.steps]
