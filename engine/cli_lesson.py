"""The headless commands of lessons: list them, walk through one, print its worksheet, collect."""

import json
import tomllib
from pathlib import Path
from typing import Literal, cast

import click

from engine.lesson import Lesson, LessonError, bundled_lessons, load_lesson
from engine.lesson_answers import collected, collected_json
from engine.lesson_walk import Runs, check_lesson, minutes_of, minutes_text, walk
from engine.whole_file import write_whole
from engine.worksheet import worksheet


@click.command("lesson")
@click.argument("name", metavar="NAME|NUMBER|FILE")
@click.option("--worksheet", "sheet", metavar="OUT.html", help="Write the sheet to print.")
@click.option("--key", is_flag=True, help="With the answers, for the teacher.")
@click.option(
    "--walk", "answers", type=click.Choice(["right", "wrong"]),
    help="Go through it and answer everything so.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what the walk found as JSON.")
def lesson_command(
    name: str, sheet: str | None, key: bool, answers: str | None, as_json: bool
) -> int:
    """Print what a lesson is, its worksheet, or a walk through it."""
    lesson, runs = load_lesson(name), Runs()
    if sheet is not None:
        _write(Path(sheet), worksheet(lesson, key=key, runs=runs))
    if answers is not None:
        return _walk(lesson, cast(Literal["right", "wrong"], answers), runs, as_json)
    if sheet is None:
        click.echo(_about(lesson, runs))
    return 0


@click.command("answers")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-o", "--output", metavar="OUT", help="Write the table there, not here.")
@click.option("--json", "as_json", is_flag=True, help="As JSON instead of CSV.")
def answers_command(files: tuple[str, ...], output: str | None, as_json: bool) -> None:
    """Collect the answers of many students into one table."""
    table = (collected_json if as_json else collected)([Path(name) for name in files])
    if output is None:
        click.echo(table, nl=False)
    else:
        _write(Path(output), table)


def is_lesson(name: str) -> bool:
    """Return whether a name or file is a lesson and no scenario: it is named so, or has steps."""
    if name in bundled_lessons():
        return True
    try:
        document = tomllib.loads(Path(name).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return "steps" in document


def check_text(name: str) -> str:
    """Return that a lesson is right.

    Raises:
        LessonError: It is not: all faults.
    """
    lesson, runs = load_lesson(name), Runs()
    faults = check_lesson(lesson, runs)
    if faults:
        raise LessonError(faults)
    length = minutes_text(minutes_of(lesson, runs))
    return f"{lesson.name}: right ({len(lesson.steps)} steps, {length})"


def lessons_text() -> str:
    """Return the bundled lessons, a line each: name, minutes, title."""
    lessons = [load_lesson(name) for name in bundled_lessons()]
    width = max((len(lesson.name) for lesson in lessons), default=0)
    return "\n".join(
        f"{lesson.name:<{width}}  {lesson.spec.minutes or '?':>2} min  {lesson.title}"
        for lesson in lessons
    )


def _walk(lesson: Lesson, answers: Literal["right", "wrong"], runs: Runs, as_json: bool) -> int:
    results = walk(lesson, answers, runs)
    if as_json:
        entries = [
            {"step": r.step + 1, "title": r.title, "right": r.right, "text": r.text}
            for r in results
        ]
        click.echo(json.dumps(entries, indent=2, ensure_ascii=False))
    else:
        marks = {None: " ", True: "+", False: "-"}
        for r in results:
            click.echo(f"{marks[r.right]} {r.step + 1:2} {r.title}")
            if r.text:
                click.echo(f"       {r.text}")
    return 1 if any(r.right is False for r in results) else 0


def _about(lesson: Lesson, runs: Runs) -> str:
    lines = [
        f"{lesson.spec.number}. {lesson.title} ({minutes_text(minutes_of(lesson, runs))})",
        f"For the belief: {lesson.spec.misconception}",
        *(f"  {i}. {step.title} [{step.kind}]" for i, step in enumerate(lesson.steps, 1)),
    ]
    return "\n".join(lines)


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise LessonError([f"-o {path}: cannot be written: {error.strerror}"]) from error
