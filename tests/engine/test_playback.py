"""Reading a run step by step gives what a jump gives."""

import random

import numpy as np
import pytest

from engine.events import EventKind
from engine.history import History
from engine.playback import (
    PageCursor,
    next_event,
    next_round,
    previous_event,
    previous_round,
)


@pytest.mark.parametrize("name", ["history", "pulled"])
def test_a_cursor_shows_what_a_jump_shows(name: str, request: pytest.FixtureRequest) -> None:
    run: History = request.getfixturevalue(name)
    cursor, chance, t_ns = PageCursor(run, "cps"), random.Random(5), 0

    for step in range(400):
        far = step % 20 == 0
        t_ns = chance.randrange(run.end_ns) if far else t_ns + chance.randrange(5_000_000)
        before = None if cursor.states is None else cursor.states.copy()
        delta = cursor.move_to(t_ns)
        states = run.frame_at(t_ns).vms["cps"].states

        shown = None if cursor.states is None else cursor.states.tobytes()
        assert shown == (None if states is None else states.tobytes())
        if delta is not None and before is not None:
            assert len(np.unique(delta.pages)) == len(delta.pages)
            assert np.array_equal(before[delta.pages], delta.old)
            before[delta.pages] = delta.new
            assert (before == states).all()


def test_forward_steps_are_deltas_from_round_to_round(history: History) -> None:
    cursor = PageCursor(history, "cps")
    track, end = history.migrations[0].track, history.migrations[0].ended_ns
    assert track is not None and end is not None
    cursor.move_to(track.start_ns)

    moves = [cursor.move_to(t) for t in range(track.start_ns, end, 1_000_000)]

    assert len(history.migrations[0].rounds) > 2
    assert all(move is not None for move in moves)
    assert any(move is not None and len(move.pages) for move in moves)


def test_standing_still_changes_nothing(history: History) -> None:
    cursor = PageCursor(history, "cps")
    t_ns = history.migrations[0].requested_ns + 20_000_000
    cursor.move_to(t_ns)

    delta = cursor.move_to(t_ns)

    assert delta is not None
    assert len(delta.pages) == 0


def test_nothing_is_known_before_the_first_copying(history: History) -> None:
    cursor = PageCursor(history, "cps")

    assert cursor.move_to(0) is None
    assert cursor.states is None


def test_events_are_visited_in_both_directions(history: History) -> None:
    times = sorted({event.t_ns for event in history.events})

    forwards = [0]
    while forwards[-1] < history.end_ns:
        forwards.append(next_event(history, forwards[-1]))
    backwards = [history.end_ns]
    while backwards[-1] > 0:
        backwards.append(previous_event(history, backwards[-1]))

    assert forwards == times
    assert backwards == times[::-1]


def test_a_step_by_round_goes_to_its_start(history: History) -> None:
    starts = [e.t_ns for e in history.events if e.kind is EventKind.ROUND_STARTED]

    assert next_round(history, 0) == starts[0]
    assert next_round(history, starts[0]) == starts[1]
    assert previous_round(history, starts[1]) == starts[0]
    assert previous_round(history, 0) == 0
    assert next_round(history, history.end_ns) == history.end_ns
