"""Lessons without a window: every one to its end, answers judged, faults told."""

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from engine import cli
from engine.instants import EVENT_WORDS
from engine.knob_names import knob_unset
from engine.lesson import (
    LessonError,
    Verdict,
    bundled_lessons,
    closing_lines,
    filled,
    judge_choice,
    judge_curve,
    judge_goals,
    judge_number,
    lesson_scenario,
    load_lesson,
    options_of,
    parse_lesson,
    placeholders,
    true_curve,
    with_values,
)
from engine.lesson_answers import Answer, Answers, collected, load_answers
from engine.lesson_figures import FIGURES, FigureError, figure_of, kind_of, parse_value
from engine.lesson_file import ExerciseStep, QuestionStep, WatchStep
from engine.lesson_walk import (
    LONGEST_MINUTES,
    Runs,
    check_lesson,
    flat_curve,
    minutes_of,
    texts_of,
    walk,
)
from engine.metrics import summarize
from engine.worksheet import worksheet

RUNS = {name: Runs() for name in bundled_lessons()}
TITLES = 10
ROOT = Path(__file__).resolve().parents[2]

HEAD = """
format = 1
number = 11
title = "T"
misconception = "M"
scenario = "recorded-demo"
"""


def test_there_are_ten_lessons_in_their_order():
    lessons = [load_lesson(name) for name in bundled_lessons()]
    assert [lesson.spec.number for lesson in lessons] == list(range(1, TITLES + 1))
    assert all(lesson.spec.misconception and lesson.spec.sources for lesson in lessons)
    asked = {s.ask for lesson in lessons for s in lesson.steps if isinstance(s, QuestionStep)}
    assert asked == {"number", "choice", "curve"}


@pytest.mark.parametrize("name", bundled_lessons())
def test_a_lesson_is_right_asks_and_lets_something_be_done(name):
    lesson, runs = load_lesson(name), RUNS[name]
    assert check_lesson(lesson, runs) == []
    assert any(isinstance(step, QuestionStep) for step in lesson.steps)
    assert any(isinstance(step, ExerciseStep) for step in lesson.steps)
    watched = [step for step in lesson.steps if isinstance(step, WatchStep)]
    assert any(step.captions for step in watched) and any(step.spotlight for step in watched)
    assert isinstance(lesson.steps[-1], WatchStep) and lesson.steps[-1].to is None
    assert 1 < minutes_of(lesson, runs) < LONGEST_MINUTES
    assert minutes_of(lesson, runs) <= lesson.spec.minutes < LONGEST_MINUTES


@pytest.mark.parametrize("name", bundled_lessons())
def test_a_lesson_runs_to_its_end_with_right_and_with_wrong_answers(name):
    lesson, runs = load_lesson(name), RUNS[name]
    right, wrong = walk(lesson, "right", runs), walk(lesson, "wrong", runs)
    assert len(right) == len(wrong) == len(lesson.steps)
    for step, good, bad in zip(lesson.steps, right, wrong, strict=True):
        asks = isinstance(step, QuestionStep | ExerciseStep)
        assert (good.right, bad.right) == ((True, False) if asks else (None, None)), step.title
        assert not asks or (good.text and bad.text)


@pytest.mark.parametrize("name", bundled_lessons())
def test_every_figure_in_a_text_is_one_of_the_run(name):
    lesson = load_lesson(name)
    for number, step in enumerate(lesson.steps):
        history = RUNS[name].of(lesson_scenario(lesson, number))
        for text in texts_of(step):
            assert "{" not in filled(text, history), step.title
            for key in placeholders(text):
                assert figure_of(history, key).value is not None, (step.title, key)


def test_figures_are_those_of_the_summary():
    history = Runs().of(lesson_scenario(load_lesson("1"), 0))
    summary = summarize("x", history)["migrations"][0]
    for key, name in (("total_time", "total_time_s"), ("downtime", "downtime_s"),
                      ("service_gap", "service_gap_s")):
        assert figure_of(history, f"cps.{key}").value == round(summary[name] * 1e9)
    for key in ("pages_sent", "pages_skipped", "pages_faulted", "pages_total", "outcome",
                "stop_reason"):
        assert figure_of(history, f"cps.{key}").value == summary[key]
    assert figure_of(history, "cps.rounds").value == len(summary["rounds"])
    for name in FIGURES:
        assert kind_of(f"cps.{name}") in ("duration", "count", "size", "word")
        assert figure_of(history, f"cps.{name}").text


def test_figures_name_who_they_are_of():
    history = Runs().of(lesson_scenario(load_lesson("10"), 0))
    assert figure_of(history, "cps>full-6.outcome").text == "refused"
    assert figure_of(history, "cps>xen-2.outcome").text == "completed"
    for key, part in (("cps>mars.outcome", "no migration of cps to mars"),
                      ("mail.outcome", "no migration of mail"), ("cps.beauty", "use VM.FIGURE")):
        with pytest.raises(FigureError, match=part):
            figure_of(history, key)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("duration", "60 ms", 60_000_000), ("count", " 1,200 ", 1200), ("size", "2 MiB", 2 << 20),
     ("word", "completed", "completed")],
)
def test_values_are_read_with_their_units(kind, text, value):
    assert parse_value(kind, text) == value


def test_a_value_without_a_unit_is_one_clause():
    with pytest.raises(FigureError, match='"60": use ns, us, ms, s or min'):
        parse_value("duration", "60")
    with pytest.raises(FigureError, match="a whole number"):
        parse_value("count", "many")


def test_numbers_are_judged_by_their_nearness():
    lesson = load_lesson("1")
    step = next(s for s in lesson.steps if isinstance(s, QuestionStep) and s.ask == "number")
    history = Runs().of(lesson_scenario(lesson, 0))
    true = figure_of(history, "cps.downtime").value
    for factor, right in ((1, True), (1.9, True), (0.51, True), (2.1, False), (0.4, False)):
        verdict = judge_number(step, f"{round(true * factor)} ns", history)
        assert verdict.right is right, factor
        assert "You said" in verdict.text and "it did" in verdict.text
    with pytest.raises(FigureError):
        judge_number(step, "soon", history)


def test_options_and_feedback_are_filled_from_the_run():
    lesson = load_lesson("6")
    number, step = next(
        (i, s) for i, s in enumerate(lesson.steps)
        if isinstance(s, QuestionStep) and s.ask == "choice"
    )
    history = Runs().of(lesson_scenario(lesson, number))
    base = figure_of(history, "cps.base_ping").text
    assert options_of(step, history)[step.right].endswith(base)
    wrong = judge_choice(step, 0, history)
    assert wrong.did.endswith(base) and "{" not in wrong.text and "It did: " in wrong.text


def test_the_closing_says_what_was_said_beside_what_it_did():
    lesson = load_lesson("2")
    verdicts = {
        0: Verdict(True, "a curve", "the simulated curve", "Your curve runs on it."),
        2: Verdict(False, "90,000", "3,442", "x"),
        5: Verdict(True, "Nothing", "Nothing", "x"),
        7: Verdict(True, "not", "a question", "x"),
    }
    assert closing_lines(lesson, verdicts) == [
        "Draw what is left: Your curve runs on it.",
        "How many go twice? you said: 90,000; it did: 3,442.",
        "A busier guest: you said and it did: Nothing.",
    ]
    assert closing_lines(lesson, {}) == []


def test_pings_in_the_gap_are_those_sent_while_nobody_answers():
    lesson = load_lesson("1")
    scenario = lesson_scenario(lesson, 0)
    for interval_ms in (1000, 10):
        values = {"vms.cps.probes.0.interval": f"{interval_ms} ms"}
        history = Runs().of(with_values(scenario, values))
        move = history.migrations[0]
        sent = [
            t for p in history.probes if p.vm == "cps" for t in p.sent_ns.tolist()
            if move.suspended_ns <= t < move.reachable_ns
        ]
        assert figure_of(history, "cps.pings_in_gap").value == len(sent)
    assert len(sent) >= 5
    assert figure_of(history, "cps.why_stopped").text.startswith("so few pages were left")


def test_choices_and_curves_are_judged():
    lesson = load_lesson("2")
    choice = next(s for s in lesson.steps if isinstance(s, QuestionStep) and s.ask == "choice")
    curve = next(s for s in lesson.steps if isinstance(s, QuestionStep) and s.ask == "curve")
    history = Runs().of(lesson_scenario(lesson, 0))
    verdicts = [judge_choice(choice, i, history) for i in range(3)]
    assert [v.right for v in verdicts] == [False, True, False]
    assert all(v.text.endswith(choice.feedback[i]) for i, v in enumerate(verdicts))
    assert judge_curve(curve, true_curve(history, "cps"), history, "cps").right
    assert not judge_curve(curve, flat_curve(history, "cps"), history, "cps").right
    assert judge_curve(curve, (), history, "cps").text == "No curve was drawn."


def test_goals_are_read_from_the_students_own_run():
    lesson = load_lesson("1")
    number = next(i for i, s in enumerate(lesson.steps) if isinstance(s, ExerciseStep))
    step, scenario, runs = lesson.steps[number], lesson_scenario(lesson, number), Runs()
    before = judge_goals(step, runs.of(scenario))
    assert [s.met for s in before] == [False, True]
    after = judge_goals(step, runs.of(with_values(scenario, step.solution)))
    assert all(s.met for s in after) and after[0].asked.endswith("at most 2 ms")


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("format = 1", ["number: is missing", "title: is missing", "steps: is missing"]),
        (HEAD + '[[steps]]\nkind = "dance"\ntitle = "A"', ["steps.0: use parts, watch"]),
        (HEAD + '[[steps]]\nkind = "watch"\ntitle = "A"\ncolour = "red"',
         ['steps.0.colour = \'red\': no such key in a lesson']),
        (HEAD + '[[steps]]\nkind = "question"\ntitle = "A"\nask = "choice"\nwhy = ""\nright = 4',
         ["steps.0.options: a choice needs two options", "steps.0.right = 4: use the place"]),
        (HEAD + '[[steps]]\nkind = "question"\ntitle = "A"\nask = "number"\nwhy = ""\n'
         'near = "some"',
         ["steps.0.figure: is missing", 'steps.0.near = "some": use a share']),
        (HEAD + '[[steps]]\nkind = "exercise"\ntitle = "A"\nhint = ""\nwhy = ""\nknobs = ["a"]\n'
         'solution = { a = 1 }\ngoals = [{ figure = "cps.beauty" }, { figure = "cps.downtime", '
         'at_most = "5" }]',
         ["steps.0.goals.0: a goal needs", "steps.0.goals.0.figure = cps.beauty: use VM.FIGURE",
          'steps.0.goals.1.at_most = "5": use ns, us, ms, s or min']),
        ("format = [", ["not valid TOML"]),
    ],
)  # fmt: skip
def test_a_wrong_lesson_tells_all_its_faults_at_once(text, sentences):
    with pytest.raises(LessonError) as caught:
        parse_lesson(text, "mine.toml")
    told = "\n".join(caught.value.faults)
    assert all(fault.startswith("mine.toml: ") for fault in caught.value.faults)
    for sentence in sentences:
        assert sentence in told


def test_the_check_looks_at_the_runs():
    text = HEAD + """
    minutes = 1
    [[steps]]
    kind = "watch"
    title = "A"
    text = "It took {cps.typing_gap}, {cps.beauty} and {nobody.downtime}."
    from = "resumed"
    to = "push"
    speed = "0"
    spotlight = "moon"
    captions = [ { at = "round 99", text = "x", part = "vm:nobody" } ]
    [[steps]]
    kind = "exercise"
    title = "B"
    goals = [ { figure = "cps.outcome", is = "completed" } ]
    knobs = ["network.bandwith"]
    hint = ""
    why = ""
    solution = { "network.bandwidth" = "1 Gbit/s" }
    [[steps]]
    kind = "question"
    title = "D"
    ask = "number"
    figure = "cps.keys_lost"
    why = ""
    spotlight = "knob:hosts.xen-1.memory"
    [[steps]]
    kind = "watch"
    title = "C"
    set = { "network.colour" = "red" }
    """
    faults = "\n".join(check_lesson(parse_lesson(text, "mine")))
    for part in (
        "{cps.beauty}", "{cps.typing_gap}: the run never comes to it",
        ".figure = cps.keys_lost: the run never comes to it", ".knobs.0 = network.bandwith",
        'part "knob:hosts.xen-1.memory": no such part', "no migration of nobody",
        'part "moon": no such part',
        'part "vm:nobody": no such part', '.captions = "round 99"',
        '.to = "push": comes before "resumed"', '.speed = "0": use a speed',
        "steps.1.goals: are met before anything is changed", "steps.3: ", "network.colour",
    ):  # fmt: skip
        assert part in faults, part


def test_a_caption_that_the_step_never_comes_to_is_told():
    text = HEAD + """
    minutes = 1
    [[steps]]
    kind = "watch"
    title = "A"
    from = "round 1"
    to = "round 1 + 1 s"
    captions = [ { at = "round 1", text = "x" }, { at = "resumed", text = "y" } ]
    """
    faults = [fault for fault in check_lesson(parse_lesson(text, "mine")) if "captions" in fault]
    assert len(faults) == 1
    assert '"resumed": is at 10.6 s, but the step plays 6.4 s to 7.4 s' in faults[0]


QUESTION = """
    [[steps]]
    kind = "question"
    title = "Q"
    text = "{text}"
    ask = "{ask}"
    {more}
    from = "{start}"
    to = "reached"
    why = "It took {{cps.downtime}}."
    """
DOWNTIME, CURVE = 'figure = "cps.downtime"', 'near = "10 %"'


@pytest.mark.parametrize(
    ("before", "asked", "fault"),
    [
        ("", ("It takes {{cps.downtime}}.", "number", DOWNTIME, "request"),
         "steps.0.text: {cps.downtime} is what is asked for"),
        (QUESTION.format(text="", ask="curve", more=CURVE, start="request"),
         ("", "number", DOWNTIME, "suspended"), "steps.0 tells it before it is asked"),
        ('[[steps]]\nkind = "watch"\ntitle = "W"\nfrom = "request"\nto = "suspended"\n',
         ("", "number", DOWNTIME, "round 1"),
         'steps.1.from = "round 1": steps.0 has played on to "suspended"'),
        ('[[steps]]\nkind = "watch"\ntitle = "W"\nfrom = "request"\nto = "released"\n',
         ("", "curve", CURVE, "request"), 'steps.0 has played on to "released"'),
    ],
)  # fmt: skip
def test_what_answers_a_question_before_it_is_asked_is_told(before, asked, fault):
    text, ask, more, start = asked
    # What is filled in twice stays a figure to be filled in from the run.
    question = QUESTION.format(text=text.format(), ask=ask, more=more, start=start)
    faults = check_lesson(parse_lesson(HEAD + before + question, "m"))
    assert any(fault in found for found in faults), faults
    other_run = question + 'set = { "network.bandwidth" = "2 Gbit/s" }\n'
    later = [f for f in check_lesson(parse_lesson(HEAD + before + other_run, "m")) if fault in f]
    assert bool(later) is not bool(before), later


def test_a_lesson_that_takes_longer_than_it_promises_is_told():
    words = "word " * 500
    text = HEAD + f'minutes = 2\n[[steps]]\nkind = "watch"\ntitle = "A"\ntext = "{words}"'
    assert check_lesson(parse_lesson(text, "m")) == [
        "m: minutes = 2: takes about 3.3; promise more, or shorten texts or what is played"
    ]
    text = HEAD + f'[[steps]]\nkind = "watch"\ntitle = "A"\ntext = "{words * 3}"'
    assert "takes about 10.0 minutes; use less than 8" in check_lesson(parse_lesson(text, "m"))[0]


def test_the_lesson_in_the_contributors_page_is_right():
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Write a lesson")[2]
    example = page.partition("```toml\n")[2].partition("```")[0]
    lesson, runs = parse_lesson(example, "page"), Runs()
    assert check_lesson(lesson, runs) == []
    assert [r.right for r in walk(lesson, "right", runs) if r.right is not None] == [True, True]
    assert [r.right for r in walk(lesson, "wrong", runs) if r.right is not None] == [False, False]
    for word in (*FIGURES, *EVENT_WORDS):
        assert f"`{word}`" in page, word


def test_answers_go_to_a_file_and_are_collected(tmp_path, capsys):
    answers = Answers("01-what-xenmotion-is", "What XenMotion is", "Ada")
    answers.add(Answer(5, "number", "How long?", "2 s", "39.1 ms", False))
    answers.add(Answer(3, "choice", "What?", "It runs on", "It runs on", True))
    answers.add(Answer(5, "number", "How long?", "=cmd", "39.1 ms", False))
    assert [a.step for a in answers.answers] == [3, 5]
    path = tmp_path / "ada.json"
    path.write_text(answers.to_json(), encoding="utf-8")
    assert load_answers(path) == answers
    rows = list(csv.DictReader(io.StringIO(collected([path, path]))))
    assert [row["said"] for row in rows] == ["It runs on", "'=cmd"] * 2
    assert rows[0]["student"] == "Ada" and rows[0]["close"] == "yes"
    assert cli.main(["answers", str(path), "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert [row["close"] for row in table] == [True, False] and table[1]["said"] == "=cmd"
    bad = tmp_path / "bad.json"
    bad.write_text('{"format": 1}', encoding="utf-8")
    worse = tmp_path / "worse.json"
    worse.write_text("x", encoding="utf-8")
    assert cli.main(["answers", str(path), str(bad), str(worse)]) == 2
    told = capsys.readouterr().err
    assert "bad.json: not a file of answers" in told and "worse.json" in told


class _Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.stack, self.words = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta",):
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("name", bundled_lessons())
def test_the_worksheet_asks_and_its_key_answers(name):
    lesson = load_lesson(name)
    sheets = {}
    for key in (False, True):
        parser = _Text()
        text = worksheet(lesson, key=key, runs=RUNS[name])
        parser.feed(text)
        assert parser.stack == [] and placeholders(text) == []
        sheets[key] = " ".join(parser.words)
    for number, step in enumerate(lesson.steps):
        if isinstance(step, QuestionStep) and step.ask == "number":
            history = RUNS[name].of(lesson_scenario(lesson, number))
            answer = figure_of(history, step.figure).text
            assert answer in sheets[True]
        if isinstance(step, QuestionStep | ExerciseStep):
            assert step.title in sheets[False] and step.title in sheets[True]
            why = filled(step.why, RUNS[name].of(lesson_scenario(lesson, number)))
            assert why[:40] in sheets[True] and why[:40] not in sheets[False]


@pytest.mark.parametrize("key", [False, True])
def test_the_sources_of_a_worksheet_stay_with_its_last_question(key):
    text = worksheet(load_lesson("10"), key=key, runs=RUNS["10-when-it-may-not-move"])
    last = text[text.index('<div class="last">') :]
    assert "Your turn: make room" in last and '<div class="sources">' in last
    assert ".last" in text[: text.index("{break-inside:avoid}")].rpartition("}")[2]


def test_a_value_that_is_not_given_is_shown_as_what_holds():
    assert knob_unset("migrations.cps.rate_limit") == "none"
    limit = "migrations.cps.parameters.downtime_limit"
    assert knob_unset(limit) == "300, if nothing is typed"


def test_the_commands_list_check_walk_and_print(tmp_path, capsys):
    assert cli.main(["list", "--lessons"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert len(listed) == TITLES
    assert all(re.search(r" [1-7] min  \S", line) for line in listed)
    assert cli.main(["check", "03-downtime-and-total-time"]) == 0
    assert "right (6 steps" in capsys.readouterr().out
    assert cli.main(["lesson", "1", "--walk", "right", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert {e["right"] for e in entries} == {None, True}
    assert cli.main(["lesson", "1", "--walk", "wrong"]) == 1
    capsys.readouterr()
    out = tmp_path / "sheet.html"
    assert cli.main(["lesson", "1", "--worksheet", str(out), "--key"]) == 0
    assert "(key)" in out.read_text("utf-8")
    assert cli.main(["lesson", "nothing"]) == 2
    assert "no lesson of that name; there are: 01-" in capsys.readouterr().err
    mine = tmp_path / "mine.toml"
    mine.write_text(HEAD + '[[steps]]\nkind = "watch"\ntitle = "A"\nspotlight = "moon"', "utf-8")
    assert cli.main(["check", str(mine)]) == 2
    assert "no such part" in capsys.readouterr().err
    assert cli.main(["lesson", "1", "--worksheet", str(tmp_path / "no" / "x.html")]) == 2
    assert "cannot be written" in capsys.readouterr().err
