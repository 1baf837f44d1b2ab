"""A lesson on paper: its questions with room to write, and the key for the teacher, as HTML."""

from html import escape
from typing import Final

from engine.knob_names import knob_sentence
from engine.lesson import (
    Lesson,
    filled,
    judge_goals,
    lesson_scenario,
    options_of,
    with_values,
)
from engine.lesson_figures import figure_of, label_of
from engine.lesson_file import ExerciseStep, QuestionStep
from engine.lesson_walk import Runs
from engine.scenario import Scenario

STYLE: Final = (
    "body{font:12pt/1.45 'DejaVu Sans',sans-serif;max-width:18cm;margin:1.5cm auto;color:#000}"
    "h1{font-size:18pt;margin:0 0 .2em}h2{font-size:12.5pt;margin:1.4em 0 .3em}"
    ".meta{color:#333;margin:0 0 1em}.line{border-bottom:1px solid #555;height:1.7em}"
    ".box{border:1px solid #555;height:5.5cm}.key{border-left:4px solid #000;padding-left:.6em}"
    "li{margin:.25em 0;list-style:none}ul{padding-left:.4em}.step{break-inside:avoid}"
)


def worksheet(lesson: Lesson, *, key: bool = False, runs: Runs | None = None) -> str:
    """Return the sheet of a lesson as one HTML page that prints on A4 or Letter.

    Args:
        lesson: The lesson.
        key: Whether the answers are on it, as the runs give them.
        runs: Where runs are kept.
    """
    runs = runs or Runs()
    parts = []
    number = 0
    for place, step in enumerate(lesson.steps):
        if isinstance(step, QuestionStep | ExerciseStep):
            number += 1
            parts.append(_item(lesson, place, number, step, key, runs))
    title = escape(lesson.title) + (" (key)" if key else "")
    name = "" if key else '<p class="meta">Name: ________________________ Date: ____________</p>'
    sources = "".join(f"<li>{escape(source)}</li>" for source in lesson.spec.sources)
    belief = (
        f'<p class="meta">For the belief: {escape(lesson.spec.misconception)}</p>' if key else ""
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n{name}{belief}\n"
        + "\n".join(parts)
        + (f"\n<h2>Sources</h2><ul>{sources}</ul>" if sources else "")
        + "\n</body></html>\n"
    )


def _item(
    lesson: Lesson, place: int, number: int, step: QuestionStep | ExerciseStep, key: bool,
    runs: Runs,
) -> str:
    scenario = lesson_scenario(lesson, place)
    history = runs.of(scenario)
    paragraphs = "".join(
        f"<p>{escape(filled(p, history))}</p>" for p in step.text.split("\n\n") if p.strip()
    )
    if isinstance(step, ExerciseStep):
        asked = "".join(f"<li>&#9744; {escape(s.asked)}</li>" for s in judge_goals(step, history))
        paragraphs += f"<ul>{asked}</ul>"
        answer = _exercise_key(step, scenario, runs) if key else _lines(3)
    elif step.ask == "choice":
        options = "".join(
            f"<li>{'&#9746;' if key and i == step.right else '&#9744;'} {escape(option)}</li>"
            for i, option in enumerate(options_of(step, history))
        )
        paragraphs += f"<ul>{options}</ul>"
        answer = "" if key else _lines(1)
    elif step.ask == "curve":
        answer = "" if key else '<div class="box"></div><p>pages still to send, against time</p>'
    else:
        assert step.figure is not None
        found = figure_of(history, step.figure).text
        answer = f"<p>{escape(label_of(step.figure))}: <b>{escape(found)}</b></p>" if key else (
            _lines(1)
        )
    why = f'<div class="key">{answer}<p>{escape(filled(step.why, history))}</p></div>'
    heading = f"<h2>{number}. {escape(step.title)}</h2>"
    return f'<div class="step">{heading}{paragraphs}{why if key else answer}</div>'


def _exercise_key(step: ExerciseStep, scenario: Scenario, runs: Runs) -> str:
    values = "; ".join(knob_sentence(path, value) for path, value in step.solution.items())
    states = judge_goals(step, runs.of(with_values(scenario, step.solution)))
    found = "; ".join(f"{state.asked}: {state.found}" for state in states)
    return f"<p>For example <b>{escape(values)}</b>. Then: {escape(found)}.</p>"


def _lines(count: int) -> str:
    return '<div class="line"></div>' * count


