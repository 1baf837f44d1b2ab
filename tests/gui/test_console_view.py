"""The client's command window and the narrator's line."""

import dataclasses

import numpy as np
import pytest
from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from engine.history import History
from engine.probes import LOST_NS, Fate
from engine.specs import ProbeSpec
from gui.style.theme import DARK
from gui.views.console_view import ConsoleView
from gui.views.narration_view import NarrationView
from gui.views.ping_pane import TIMED_OUT, PingPane, time_text

MS = 10**6


@pytest.fixture
def mixed(history: History) -> History:
    """Return the run with three pings a second apart: on time, lost, held."""
    probe = replace(
        history.probes[0],
        spec=ProbeSpec(interval_ns=1000 * MS, phase_ns=0),
        sent_ns=np.array([0, 1000 * MS, 2000 * MS], np.int64),
        rtt_ns=np.array([1 * MS, LOST_NS, 49 * MS], np.int64),
        fates=np.array([Fate.ON_TIME, Fate.LOST, Fate.HELD], np.uint8),
    )
    return dataclasses.replace(history, probes=(probe,), end_ns=3000 * MS)


@pytest.fixture
def view(qtbot: QtBot, mixed: History) -> ConsoleView:
    """Return the console of that run."""
    widget = ConsoleView()
    qtbot.addWidget(widget)
    widget.set_theme(DARK)
    widget.set_history(mixed, selected="cps")
    return widget


def lines_at(view: ConsoleView, history: History, t_ms: float) -> list[str]:
    view.show_frame(history.frame_at(round(t_ms * MS)))
    return ping_of(view).shown[1:]


def ping_of(view: ConsoleView) -> PingPane:
    pane = view.pane
    assert isinstance(pane, PingPane)
    return pane


def test_reply_is_printed_when_it_is_back(view: ConsoleView, mixed: History) -> None:
    assert lines_at(view, mixed, 0.5) == ["Reply from cps: time=…"]
    assert lines_at(view, mixed, 1.0) == ["Reply from cps: time=1ms TTL=128"]


def test_lost_reply_times_out_when_the_next_is_due(view: ConsoleView, mixed: History) -> None:
    assert TIMED_OUT not in lines_at(view, mixed, 1999)
    assert TIMED_OUT in lines_at(view, mixed, 2000)


def test_held_reply_waits_and_then_stands_last(view: ConsoleView, mixed: History) -> None:
    assert lines_at(view, mixed, 2040)[-1] == "Reply from cps: time=…"
    assert lines_at(view, mixed, 2049)[-1] == "Reply from cps: time=49ms TTL=128"


def test_scrubbing_back_takes_lines_away(view: ConsoleView, mixed: History) -> None:
    lines_at(view, mixed, 2500)

    assert len(lines_at(view, mixed, 900)) == 1


def test_time_is_written_as_windows_does() -> None:
    assert [time_text(ns) for ns in (400_000, 960_000, 10_400_000)] == [
        "time<1ms",
        "time=1ms",
        "time=10ms",
    ]


def test_newest_line_is_visible_in_a_small_window(view: ConsoleView, history: History) -> None:
    view.set_history(history, selected="cps")
    view.resize(view.minimumSizeHint())
    view.show_frame(history.frame_at(history.end_ns))
    image = view.grab().toImage()
    sunken = DARK.color("sunken").name()
    bottom = [image.pixelColor(x, view.height() - 22).name() for x in range(10, 200)]

    assert len(ping_of(view).shown) > 10
    assert any(color != sunken for color in bottom)


def test_narrator_changes_only_with_the_words(qtbot: QtBot, history: History) -> None:
    narrator = NarrationView()
    qtbot.addWidget(narrator)
    narrator.set_history(history, selected="cps")
    narrator.show_frame(history.frame_at(0))
    first = narrator.text
    narrator.show_frame(history.frame_at(1))
    assert narrator.text == first
    narrator.show_frame(history.frame_at(history.migrations[0].resumed_ns or 0))
    assert narrator.text != first


def test_narrator_has_room_for_every_sentence_of_a_run(qtbot: QtBot, history: History) -> None:
    narrator = NarrationView()
    qtbot.addWidget(narrator)
    narrator.resize(860, narrator.height())
    narrator.set_history(history, selected="cps")
    for event in history.events:
        narrator.show_frame(history.frame_at(event.t_ns))
        layout = narrator._fitting_layout()
        assert layout.lineCount() <= 2, narrator.text
        assert layout.boundingRect().height() <= narrator.height()
