"""A lesson on paper: its questions with room to write, and the key for the teacher, as HTML."""

from html import escape
from typing import Final

from engine.history import History
from engine.knob_names import knob_sentence
from engine.lesson import (
    Lesson,
    filled,
    judge_goals,
    lesson_scenario,
    mover_of,
    options_of,
    true_curve,
    with_values,
)
from engine.lesson_figures import figure_of, kind_of, label_of
from engine.lesson_file import ExerciseStep, QuestionStep
from engine.lesson_walk import Runs
from engine.prediction import CurvePoints
from engine.scenario import Scenario
from engine.units import format_count, format_duration_ns

STYLE: Final = (
    "@page{margin:1.8cm}"
    "body{font:11.5pt/1.4 'DejaVu Sans',sans-serif;max-width:17.4cm;margin:1cm auto;color:#000}"
    "@media print{body{margin:0;max-width:none}}"
    "h1{font-size:18pt;margin:0 0 .2em}h2{font-size:12.5pt;margin:1.2em 0 .2em}"
    "p{margin:.35em 0}.meta{color:#333;margin:0 0 .6em}.who{margin:.6em 0 1em}"
    ".line{border-bottom:1px solid #555;height:1.9em}"
    ".row{display:flex;align-items:flex-end;gap:.5em;margin:.5em 0 0}"
    ".row span{white-space:nowrap}.row i{flex:1;border-bottom:1px solid #555;height:1.6em}"
    "svg{display:block;width:100%;height:6.4cm;margin:.4em 0}.small{height:4.8cm}"
    ".key{border-left:4px solid #000;padding-left:.6em;margin-top:.4em}"
    "li{margin:.2em 0;list-style:none}ul{padding-left:.4em;margin:.3em 0}"
    ".step,.last,.sources{break-inside:avoid}.tight{font-size:10.5pt}.sources{font-size:9.5pt;color:#333}"
    ".sources h2{font-size:10.5pt;margin:.8em 0 0}h2{break-after:avoid}"
)
UNITS: Final = {
    "duration": "with its unit, such as 300 ms", "count": "a number",
    "size": "with its unit, such as 512 MiB", "word": "a word",
}  # fmt: skip
SECOND_NS: Final = 1_000_000_000
AXIS_SHARE: Final = 1.4
"""Axes are so many times as long as what comes, then rounded up: they do not tell it."""
WIDTH, HEIGHT, LEFT, FOOT = 640, 240, 78, 34
TICKS: Final = 4


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
    # Sources alone on a page would be a page that nobody prints.
    last = f'<div class="last">{parts.pop() if parts else ""}{_sources(lesson)}</div>'
    title = escape(lesson.title) + (" (key)" if key else "")
    body = '<body class="tight">' if key else "<body>"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head>{body}\n<h1>{title}</h1>\n{_head(lesson, key)}\n"
        + "\n".join([*parts, last])
        + "\n</body></html>\n"
    )


def _head(lesson: Lesson, key: bool) -> str:
    minutes = f", about {lesson.spec.minutes} minutes" if lesson.spec.minutes else ""
    which = f"Lesson {lesson.spec.number} of Migrascope{minutes}."
    if key:
        belief = escape(lesson.spec.misconception)
        return f'<p class="meta">{which} Many believe: &ldquo;{belief}&rdquo;</p>'
    return (
        f'<p class="meta">{which} Say first what you expect; then watch, and write down what it '
        "did.</p>"
        '<div class="row who"><span>Name</span><i></i><span>Date</span><i></i></div>'
    )


def _sources(lesson: Lesson) -> str:
    if not lesson.spec.sources:
        return ""
    sources = "".join(f"<li>{escape(source)}</li>" for source in lesson.spec.sources)
    return f'\n<div class="sources"><h2>Sources</h2><ul>{sources}</ul></div>'


def _item(
    lesson: Lesson, place: int, number: int, step: QuestionStep | ExerciseStep, key: bool,
    runs: Runs,
) -> str:
    scenario = lesson_scenario(lesson, place)
    history = runs.of(scenario)
    text = "".join(
        f"<p>{escape(filled(p, history))}</p>" for p in step.text.split("\n\n") if p.strip()
    )
    if isinstance(step, ExerciseStep):
        asked = "".join(f"<li>&#9744; {escape(s.asked)}</li>" for s in judge_goals(step, history))
        text += f"<ul>{asked}</ul>"
        answer = _exercise_key(step, scenario, runs) if key else _exercise_room()
    else:
        answer = _answer(step, history, lesson.vm_at(place), key)
    if key:
        answer = f'{answer}<div class="key"><p>{escape(filled(step.why, history))}</p></div>'
    return f'<div class="step"><h2>{number}. {escape(step.title)}</h2>{text}{answer}</div>'


def _answer(step: QuestionStep, history: History, vm: str, key: bool) -> str:
    """Return what is ticked, drawn or written in answer to a question."""
    if step.ask == "choice":
        options = "".join(
            f"<li>{'&#9746;' if key and i == step.right else '&#9744;'} {escape(option)}</li>"
            for i, option in enumerate(options_of(step, history))
        )
        return f"<ul>{options}</ul>" + ("" if key else _row("Because") + _row("It did"))
    if step.ask == "curve":
        axes = _axes(true_curve(history, vm), mover_of(history, vm).pages_total, key=key)
        return axes if key else f"{axes}{_row('It did')}"
    assert step.figure is not None
    if key:
        found = figure_of(history, step.figure).text
        return f"<p>{escape(label_of(step.figure))}: <b>{escape(found)}</b></p>"
    return _row(f"I expect ({UNITS[kind_of(step.figure)]})") + _row("It did")


def _exercise_room() -> str:
    return _row("What I tried, and what came of it") + '<div class="line"></div>' * 3


def _exercise_key(step: ExerciseStep, scenario: Scenario, runs: Runs) -> str:
    values = "; ".join(knob_sentence(path, value) for path, value in step.solution.items())
    states = judge_goals(step, runs.of(with_values(scenario, step.solution)))
    found = "; ".join(f"{state.asked}; it did: {state.found}" for state in states)
    return f"<p>For example <b>{escape(values)}</b>. Then {escape(found)}.</p>"


def _row(label: str) -> str:
    """Return a label with a line behind it, to write on."""
    return f'<div class="row"><span>{escape(label)}:</span><i></i></div>'


# The axes to draw a curve on


def _axes(curve: CurvePoints, pages: int, *, key: bool) -> str:
    """Return axes of remaining pages against time, with the run's own curve on a key."""
    length_ns = _round_up(round((curve[-1][0] if curve else SECOND_NS) * AXIS_SHARE))
    right, top, bottom = WIDTH - 12, 22, HEIGHT - FOOT
    marks = []
    for i in range(TICKS + 1):
        x = LEFT + (right - LEFT) * i // TICKS
        y = bottom - (bottom - top) * i // TICKS
        marks.append(
            f'<path d="M{x} {top}V{bottom}M{LEFT} {y}H{right}" stroke="#bbb"/>'
            f'<text x="{x}" y="{bottom + 14}" text-anchor="middle">'
            f"{format_duration_ns(length_ns * i // TICKS)}</text>"
            f'<text x="{LEFT - 5}" y="{y + 4}" text-anchor="end">'
            f"{format_count(pages * i // TICKS)}</text>"
        )
    names = (
        f'<text x="{LEFT - 5}" y="9">pages still to send</text>'
        f'<text x="{right}" y="{HEIGHT - 4}" text-anchor="end">time after the request</text>'
    )
    drawn, size = "", "small" if key else "wide"
    if key and curve:
        points = " ".join(
            f"{LEFT + (right - LEFT) * t / length_ns:.1f},"
            f"{bottom - (bottom - top) * left / pages:.1f}"
            for t, left in curve
        )
        drawn = f'<polyline points="{points}" fill="none" stroke="#000" stroke-width="2"/>'
    return (
        f'<svg class="{size}" viewBox="0 0 {WIDTH} {HEIGHT}" font-size="10" '
        'font-family="DejaVu Sans,sans-serif">'
        f"{''.join(marks)}{names}"
        f'<path d="M{LEFT} {top}V{bottom}H{right}" fill="none" stroke="#000"/>{drawn}</svg>'
    )


def _round_up(length_ns: int) -> int:
    """Return the next length of 1, 2, 4, 6 or 8 times a power of ten: its quarters are round."""
    unit = 1_000_000
    while True:
        for factor in (1, 2, 4, 6, 8):
            if unit * factor >= length_ns:
                return unit * factor
        unit *= 10
