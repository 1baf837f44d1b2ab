"""Guess, model and run side by side: the words, the curve, and which answer explains most."""

import numpy as np
import pytest
from msgspec.structs import replace

from engine.history import History
from engine.metrics import downtime_ns, total_time_ns
from engine.model_rows import ModelRow
from engine.prediction import (
    AS_SAID,
    CLOSE,
    NO_GUESS,
    NO_MODEL,
    OTHERWISE,
    Prediction,
    asks_convergence,
    compare,
    curve_distance,
    curve_sentence,
    is_close,
    next_migration,
    pages_on,
    since_request,
    stopped_by_itself,
    telling_answer,
    times_words,
)
from engine.remaining_pages import RemainingPages, remaining_pages
from engine.scenario import load_scenario
from engine.simulation import simulate
from engine.why import why

MS, S = 10**6, 10**9


@pytest.fixture(scope="module")
def web() -> History:
    return simulate(load_scenario("clark-web").spec)


@pytest.fixture(scope="module")
def diabolical() -> History:
    return simulate(load_scenario("clark-diabolical").spec)


@pytest.mark.parametrize(
    ("guess", "actual", "words"),
    [
        (100, 100, CLOSE),
        (80, 100, CLOSE),
        (120, 100, CLOSE),
        (79, 100, "about 1.3 times longer"),
        (121, 100, "about 1.2 times shorter"),
        (20 * S, 60 * S, "about 3 times longer"),
        (60 * S, 20 * S, "about 3 times shorter"),
        (100, 1234, "about 12 times longer"),
        (1, 1001, "more than 1,000 times longer"),
        (0, 0, CLOSE),
        (0, 5, "longer: you said none"),
        (5, 0, "shorter: there was none"),
    ],
)
def test_the_run_against_a_guess_in_words(guess: int, actual: int, words: str) -> None:
    assert times_words(guess, actual) == words
    assert (times_words(guess, actual) == CLOSE) is is_close(guess, actual)


def test_what_never_came_is_said() -> None:
    assert times_words(5, None) == "it never ended"
    assert times_words(5, None, none="it did not complete") == "it did not complete"
    assert times_words(2, 8, words=("more", "fewer")) == "about 4 times more"


def test_rows_hold_guess_model_and_run(web: History) -> None:
    record = web.migrations[0]
    total, down = total_time_ns(record), downtime_ns(record)
    assert total is not None and down is not None
    model = ModelRow("M", 2.5, float("inf"), 1.0, False, "It assumes.")
    rows = compare(Prediction(total_ns=total // 3, converges=False), record, model)
    by_name = {row.name: row for row in rows}
    assert list(by_name) == ["Total time", "Downtime", "Stops by itself"]
    assert by_name["Total time"].words == "about 3 times longer"
    assert by_name["Total time"].model == "2.5 s"
    assert by_name["Downtime"].model == "never ends"
    assert by_name["Downtime"].said == NO_GUESS and by_name["Downtime"].words == ""
    did = stopped_by_itself(record)
    assert by_name["Stops by itself"].words == (OTHERWISE if did else AS_SAID)
    assert all(row.model == NO_MODEL for row in compare(Prediction(), record, None))


def test_a_migration_that_did_not_complete_says_so(web: History) -> None:
    record = replace(
        web.migrations[0], released_ns=None, resumed_ns=None, suspended_ns=None,
        stop_reason=None, outcome="does-not-converge",
    )  # fmt: skip
    rows = compare(Prediction(S, S, False), record, None)
    assert [row.simulation for row in rows] == ["never", "never", "no"]
    assert rows[0].words == "it did not complete"
    assert rows[2].words == AS_SAID
    broken = replace(record, outcome="failed")
    assert compare(Prediction(converges=True), broken, None)[2].words == ""


def test_by_itself_is_the_policys_own_reason(web: History, diabolical: History) -> None:
    assert diabolical.migrations[0].stop_reason != "few-pages"
    assert stopped_by_itself(diabolical.migrations[0]) is False
    calm = replace(web.migrations[0], stop_reason="few-pages")
    assert stopped_by_itself(calm) is True
    assert stopped_by_itself(replace(calm, stop_reason="downtime-limit")) is True


def test_without_rounds_nobody_is_asked_whether_it_stops(web: History) -> None:
    record = replace(web.migrations[0], stop_reason="switched")
    assert not asks_convergence(record) and stopped_by_itself(record) is None
    assert len(compare(Prediction(S, S, True), record, None)) == 2


def test_a_curve_goes_straight_from_point_to_point() -> None:
    curve = ((0, 100), (10, 0))
    assert pages_on(curve, [0, 5, 10, 99]).tolist() == [100, 50, 0, 0]


def test_steps_keep_both_corners() -> None:
    track = RemainingPages(
        np.array([5, 8, 9], np.int64), np.array([7, 7, 3], np.int64), exact=True, steps=True
    )
    assert since_request(track, 5) == ((0, 7), (3, 7), (4, 7), (4, 3))
    assert since_request(replace(track, steps=False), 5) == ((0, 7), (3, 7), (4, 3))


def test_the_distance_of_curves_is_that_of_their_areas() -> None:
    level, above = ((0, 100), (1000, 100)), ((0, 150), (1000, 150))
    distance = curve_distance(above, level, 200)
    assert distance is not None
    assert distance.mean_pages == pytest.approx(50)
    assert distance.mean_share == pytest.approx(0.25)
    assert distance.above_share == 1
    falling = curve_distance(((0, 200), (1000, 0)), level, 200)
    assert falling is not None
    assert falling.mean_pages == pytest.approx(50, rel=0.01)
    assert falling.above_share == pytest.approx(0.5, abs=0.01)


def test_a_curve_is_told_in_a_sentence() -> None:
    level = ((0, 1000), (S, 1000))
    told = curve_sentence(((0, 256), (S, 256)), level, 2000)
    assert told == (
        "Your curve runs below the simulated one, on average 2.91 MiB away, 37 % of the memory."
    )
    near = ((0, 1003), (S, 1003))
    assert "under 1 %" in curve_sentence(near, level, 2000)
    assert curve_sentence(level, level, 2000) == "Your curve runs on the simulated one."
    assert curve_sentence((), level, 2000) == ""
    assert curve_sentence(((5, 3),), level, 2000) == ""


def test_drawing_the_simulated_curve_itself_is_no_distance(web: History) -> None:
    record = web.migrations[0]
    simulated = remaining_pages(web, record)
    assert simulated is not None
    curve = since_request(simulated, record.requested_ns)
    distance = curve_distance(curve, curve, record.pages_total)
    assert distance is not None and distance.mean_pages == 0


def test_the_answer_that_explains_what_was_off(diabolical: History) -> None:
    record = diabolical.migrations[0]
    total, down = total_time_ns(record), downtime_ns(record)
    assert total is not None and down is not None
    answers = why(diabolical, diabolical.end_ns, record.vm)
    as_expected = compare(Prediction(total, down, False), record, None)
    short_stop = compare(Prediction(total, down // 100, False), record, None)
    converges = compare(Prediction(total, down, True), record, None)
    told = [telling_answer(answers, rows) for rows in (as_expected, short_stop, converges)]
    assert all(told)
    assert [answer.question for answer in told if answer] == [
        "Why did it stop when it did?",
        "Where did the downtime go?",
        "Why do the rounds not shrink?",
    ]
    assert telling_answer([], as_expected) is None


def test_the_next_migration_or_else_the_last(web: History) -> None:
    first = web.migrations[0]
    later = replace(first, requested_ns=first.requested_ns + 100 * S, request=1)
    refused = replace(first, requested_ns=0, outcome="refused", request=2)
    moves = [refused, first, later]
    assert next_migration(moves, first.vm, 0) is first
    assert next_migration(moves, first.vm, first.requested_ns) is first
    assert next_migration(moves, first.vm, first.requested_ns + 1) is later
    assert next_migration(moves, first.vm, later.requested_ns + 1) is later
    assert next_migration([refused], first.vm, 0) is None
    assert next_migration(moves, "nobody", 0) is None


def test_what_was_said_in_one_sentence() -> None:
    assert Prediction().empty and Prediction().sentence == "You made no guess."
    said = Prediction(40 * S, 200 * MS, True, ((0, 1), (1, 0)))
    assert not said.empty
    assert said.sentence == (
        "You said: total time 40 s, downtime 200 ms, it stops by itself, a curve."
    )


def test_what_a_recording_does_not_tell_is_no_never(web: History) -> None:
    record = replace(web.migrations[0], suspended_ns=None, resumed_ns=None, stop_reason=None)
    rows = compare(Prediction(S, S, True), record, None)
    assert rows[1].simulation == "not recorded" and rows[1].words == ""
    assert rows[2].simulation == NO_GUESS and rows[2].words == ""
    assert rows[0].words != ""
