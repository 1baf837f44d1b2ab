"""The player: time passes as the wall clock says, and nothing else moves it."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.history import Frame, History
from gui.app import Parts
from gui.player import LONGEST_TICK_NS, SPEEDS, STEP_NS, Player
from tests.gui.conftest import FakeWallClock

MS = 1_000_000


@pytest.fixture
def player(qapp: QApplication, clock: FakeWallClock, history: History) -> Player:
    player = Player(clock)
    player.set_history(history)
    return player


def tick(player: Player, clock: FakeWallClock, milliseconds: float) -> None:
    clock.pass_ms(milliseconds)
    player.tick()


def test_time_stands_still_until_play(player: Player, clock: FakeWallClock) -> None:
    tick(player, clock, 100)

    assert player.t_ns == 0


def test_real_time_passes_at_speed_one(player: Player, clock: FakeWallClock) -> None:
    player.play()
    tick(player, clock, 16)
    tick(player, clock, 34)

    assert player.t_ns == 50 * MS


def test_slow_motion_loses_no_microsecond(player: Player, clock: FakeWallClock) -> None:
    player.set_speed(0.001)
    player.play()
    for _ in range(1000):
        tick(player, clock, 16)

    assert player.t_ns == 16 * MS


def test_times_beyond_32_bits_arrive_whole(player: Player, history: History) -> None:
    assert player.end_ns == history.end_ns

    frames: list[Frame] = []
    player.frame_changed.connect(frames.append)
    player.to_end()

    assert frames[-1].t_ns == history.end_ns


def test_playing_stops_at_the_end(player: Player, clock: FakeWallClock, qtbot: QtBot) -> None:
    player.set_speed(20.0)
    player.play()
    with qtbot.waitSignal(player.playing_changed) as stopped:
        while player.playing:
            tick(player, clock, 200)

    assert stopped.args == [False]
    assert player.t_ns == player.end_ns


def test_play_at_the_end_begins_anew(player: Player) -> None:
    player.to_end()
    player.play()

    assert player.playing
    assert player.t_ns == 0


def test_one_frame_a_tick(player: Player, clock: FakeWallClock) -> None:
    frames: list[Frame] = []
    player.play()
    player.frame_changed.connect(frames.append)
    for _ in range(5):
        tick(player, clock, 16)

    assert len(frames) == 5


def test_time_does_not_pass_while_held(player: Player, clock: FakeWallClock) -> None:
    player.play()
    player.hold()
    tick(player, clock, 500)
    player.release()
    tick(player, clock, 16)

    assert player.playing
    assert player.t_ns == 16 * MS


def test_a_long_pause_of_the_event_loop_skips_nothing(
    player: Player, clock: FakeWallClock
) -> None:
    player.play()
    tick(player, clock, 60_000)

    assert player.t_ns == LONGEST_TICK_NS


@pytest.mark.parametrize(("asked", "got"), [(-5, 0), (10**15, None), (123_456_789, 123_456_789)])
def test_seek_stays_in_the_run(player: Player, asked: int, got: int | None) -> None:
    player.seek(asked)

    assert player.t_ns == (player.end_ns if got is None else got)


def test_seeking_while_playing_goes_on_from_there(player: Player, clock: FakeWallClock) -> None:
    player.play()
    tick(player, clock, 100)
    player.seek(10 * MS)
    tick(player, clock, 20)

    assert player.t_ns == 30 * MS


@pytest.mark.parametrize("speed", SPEEDS)
def test_a_step_has_one_size_at_every_speed(player: Player, speed: float) -> None:
    player.set_speed(speed)
    player.step(2)
    player.step(-1)

    assert player.t_ns == STEP_NS


def test_a_step_pauses(player: Player) -> None:
    player.play()
    player.step_event(1)

    assert not player.playing


def test_event_steps_go_there_and_back(player: Player, history: History) -> None:
    times = sorted({e.t_ns for e in history.events if 0 < e.t_ns <= history.end_ns})
    player.step_event(1)
    player.step_event(1)
    assert player.t_ns == times[1]

    player.step_event(-1)
    assert player.t_ns == times[0]


def test_round_steps_stop_at_every_round(player: Player, history: History) -> None:
    starts = [r.start_ns for r in history.migrations[0].rounds]
    met = []
    for _ in starts:
        player.step_round(1)
        met.append(player.t_ns)

    assert met == starts


def test_another_history_keeps_the_playhead(player: Player, pulled: History) -> None:
    player.seek(700 * MS)
    player.set_history(pulled)

    assert player.t_ns == 700 * MS


def test_a_shorter_history_clips_the_playhead(player: Player, pulled: History) -> None:
    player.to_end()
    before = player.t_ns
    player.set_history(pulled)

    assert player.t_ns == min(before, pulled.end_ns)


def test_speeds_go_up_and_down_within_their_bounds(player: Player) -> None:
    met = []
    for _ in range(len(SPEEDS)):
        player.change_speed(1)
    met.append(player.speed)
    for _ in range(2 * len(SPEEDS)):
        player.change_speed(-1)
    met.append(player.speed)

    assert met == [20.0, 0.001]


def test_slow_motion_eases_into_the_switchover(
    parts: Parts, clock: FakeWallClock
) -> None:
    told: list[float] = []
    parts.player.slowed.connect(told.append)
    QTest.keyClick(parts.window, Qt.Key.Key_S)
    assert parts.player.slow_motion and parts.window.actions_by_name.slow_motion.isChecked()
    assert parts.session.history is not None
    m = parts.session.history.migrations[0]
    assert m.suspended_ns is not None
    parts.player.seek(m.suspended_ns - 100_000_000)
    assert "slow " in parts.window.transport.clock
    parts.player.play()
    clock.pass_ms(100)
    parts.player.tick()
    assert parts.player.t_ns < m.suspended_ns  # at 1x it would be there
    parts.player.to_start()
    assert "slow" not in parts.window.transport.clock
    assert told[-1] == 0.0 and min(s for s in told if s) < 0.3
    QTest.keyClick(parts.window, Qt.Key.Key_S)
    assert not parts.player.slow_motion
