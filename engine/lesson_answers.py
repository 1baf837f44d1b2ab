"""What a student answered in a lesson: a file that a teacher can collect.

The file is JSON and says what was asked, said and simulated; there are no marks in it. Times are
left out on purpose: how long somebody thought is nobody's business.
"""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import asdict

from engine import __version__
from engine.lesson import LessonError

FORMAT: Final = 1
COLUMNS: Final = ("file", "student", "lesson", "step", "kind", "asked", "said", "did", "close")
_LARGEST_FILE_BYTES: Final = 1 << 22


class Answer(Struct, frozen=True):
    """One answer.

    Attributes:
        step: Place of the step in the lesson, counted from 1.
        kind: number, choice, curve or exercise.
        asked: The question, or the goals.
        said: What was answered; of an exercise the values that were in force.
        did: What the run did.
        close: Whether it was so, or near; of an exercise whether the goals were met.
    """

    step: int
    kind: str
    asked: str
    said: str
    did: str
    close: bool


class Answers(Struct):
    """The answers of one student to one lesson; a question answered again replaces the first."""

    lesson: str
    title: str
    student: str = ""
    answers: list[Answer] = field(default_factory=list)

    def add(self, answer: Answer) -> None:
        """Keep an answer in the place of an earlier one to the same step."""
        self.answers = sorted(
            [*(a for a in self.answers if a.step != answer.step), answer], key=lambda a: a.step
        )

    def to_json(self) -> str:
        """Return the file's text."""
        return json.dumps(
            {
                "format": FORMAT, "program": f"Migrascope {__version__}", "lesson": self.lesson,
                "title": self.title, "student": self.student,
                "answers": [asdict(answer) for answer in self.answers],
            },
            indent=2, ensure_ascii=False,
        ) + "\n"  # fmt: skip


def load_answers(path: Path) -> Answers:
    """Return the answers in a file.

    Raises:
        LessonError: It cannot be read, or holds no answers, in one sentence.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise LessonError([f"{path.name}: too large for a file of answers"])
        document = json.loads(path.read_bytes().decode())
    except OSError as error:
        raise LessonError([f"{path.name}: cannot be read: {error.strerror}"]) from error
    except (ValueError, RecursionError) as error:
        raise LessonError([f"{path.name}: not a file of answers: no JSON"]) from error
    try:
        if document["format"] != FORMAT:
            raise LessonError([f"{path.name}: format = {document['format']}: use {FORMAT}"])
        answers = [_answer(entry) for entry in document["answers"]]
        lesson, title, student = (str(document[key]) for key in ("lesson", "title", "student"))
    except (KeyError, TypeError, ValueError) as error:
        raise LessonError(
            [f"{path.name}: not a file of answers: {error} is missing or of another kind"]
        ) from error
    return Answers(lesson, title, student, answers)


def _answer(entry: Any) -> Answer:
    found = Answer(**entry)
    if not isinstance(found.step, int) or not isinstance(found.close, bool):
        raise ValueError("step or close")
    return found


def collected(paths: Sequence[Path]) -> str:
    """Return the answers of many students as one table, CSV with a heading.

    Raises:
        LessonError: Some files hold no answers: all of them are named.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in collected_rows(paths):
        writer.writerow([_plain("yes" if v is True else "no" if v is False else v) for v in row])
    return out.getvalue()


def collected_json(paths: Sequence[Path]) -> str:
    """Return the same table as a JSON list of objects.

    Raises:
        LessonError: Some files hold no answers: all of them are named.
    """
    table = [dict(zip(COLUMNS, row, strict=True)) for row in collected_rows(paths)]
    return json.dumps(table, indent=2, ensure_ascii=False) + "\n"


def collected_rows(paths: Sequence[Path]) -> list[tuple[str | int | bool, ...]]:
    """Return a row of `COLUMNS` for each answer in many files.

    Raises:
        LessonError: Some files hold no answers: all of them are named.
    """
    rows: list[tuple[str | int | bool, ...]] = []
    faults: list[str] = []
    for path in paths:
        try:
            found = load_answers(path)
        except LessonError as error:
            faults += error.faults
            continue
        for a in found.answers:
            asked = (a.step, a.kind, a.asked, a.said, a.did, a.close)
            rows.append((path.name, found.student, found.lesson, *asked))
    if faults:
        raise LessonError(faults)
    return rows


def _plain(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value
