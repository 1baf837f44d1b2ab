"""The player: the only owner of time.

It turns wall time into scenario time and tells everybody which instant to show. It does not
simulate and does not draw; a wall clock is injected so that tests of time never sleep.
"""

import time
from collections.abc import Callable
from typing import Final, Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from engine import playback
from engine.history import Frame, History
from engine.pacing import SlowMotion

TICK_MS: Final = 16
STEP_NS: Final = 20_000_000
"""What the arrow keys step: the same at every speed."""
SPEEDS: Final = (0.001, 0.01, 0.1, 0.25, 1.0, 2.0, 5.0, 20.0)
LONGEST_TICK_NS: Final = 250_000_000
"""A longer pause of the event loop (a dialog, a suspended laptop) does not skip the lesson."""


class WallClock(Protocol):
    """Something that tells the time and never goes back."""

    def now_ns(self) -> int:
        """Return nanoseconds since some fixed instant."""
        ...


class MonotonicClock:
    """The real wall clock."""

    def now_ns(self) -> int:
        """Return nanoseconds since some fixed instant."""
        return time.monotonic_ns()


class Player(QObject):
    """Plays a history.

    Attributes:
        frame_changed: Once a tick or seek, with the `Frame` to show.
        playing_changed: Playing began or ended, with the new state.
        speed_changed: With the new speed, 1.0 is real time.
        slow_motion_changed: Slow motion at switchovers is on, or off.
        slowed: With the speed of the moment while slow motion holds it back; 0.0: it does not.
        clock_changed: With the playhead, also beyond the end of the run (see `set_least_end`).
        stopped_at: Playing has paused by itself at an instant where it was to (see `set_stops`).
    """

    frame_changed = Signal(object)
    playing_changed = Signal(bool)
    speed_changed = Signal(float)
    slow_motion_changed = Signal(bool)
    slowed = Signal(float)
    stopped_at = Signal(object)
    clock_changed = Signal(object)

    def __init__(self, clock: WallClock, parent: QObject | None = None) -> None:
        """Make a player without a history, paused, at 0."""
        super().__init__(parent)
        self._clock = clock
        self._history: History | None = None
        self._expecting = False
        self._t_ns = 0
        self._speed = 1.0
        self._playing = False
        self._held = False
        self._last_ns = self._least_end_ns = 0
        self._loop: tuple[int, int] | None = None
        self._stops: Callable[[History, int], int] | None = None
        self._slow_motion = False
        self._pacing: SlowMotion | None = None
        self._slowed_to = 0.0
        self._timer = QTimer(self, interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.tick)

    @property
    def t_ns(self) -> int:
        """Return the playhead, scenario time."""
        return self._t_ns

    @property
    def end_ns(self) -> int:
        """Return the length of the run."""
        return max(self._least_end_ns, self._history.end_ns) if self._history is not None else 0

    def set_least_end(self, end_ns: int) -> None:
        """Let the clock go on to an instant beyond the run: a longer run is shown beside it."""
        self._least_end_ns = end_ns
        if self._t_ns > self.end_ns:
            self.seek(self._t_ns)

    @property
    def playing(self) -> bool:
        """Return whether time runs, or would if it were not held."""
        return self._playing

    @property
    def speed(self) -> float:
        """Return how many seconds of the scenario pass in a second."""
        return self._speed

    def expect_history(self) -> None:
        """Show no more frames of the run there is: the views are being given another one."""
        self._expecting = True

    def set_history(self, history: History) -> None:
        """Play another history from the same instant on; the next frame comes at once."""
        self._history, self._expecting = history, False
        self._pacing = SlowMotion(history) if self._slow_motion else None
        self.seek(self._t_ns)

    def play(self) -> None:
        """Let time run; at the end of the run, from its start."""
        if self._history is None or self._playing:
            return
        if self._t_ns >= self.end_ns and self._loop is None:
            self.seek(0)
        self._playing = True
        self._restart_timer()
        self.playing_changed.emit(True)

    def pause(self) -> None:
        """Stop time."""
        if self._playing:
            self._playing = False
            self._restart_timer()
            self.playing_changed.emit(False)

    def toggle(self) -> None:
        """Play or pause."""
        if self._playing:
            self.pause()
        else:
            self.play()

    def hold(self) -> None:
        """Stand still while a slider is in hand, without ending the playing."""
        self._held = True
        self._restart_timer()

    def release(self) -> None:
        """Go on after `hold`."""
        self._held = False
        self._restart_timer()

    def seek(self, t_ns: int) -> None:
        """Go to an instant, clipped to the run."""
        self._t_ns = max(0, min(int(t_ns), self.end_ns))
        self._last_ns = self._clock.now_ns()
        self._emit()

    def step(self, count: int) -> None:
        """Pause and go so many fixed steps on, or back."""
        self.pause()
        self.seek(self._t_ns + count * STEP_NS)

    def step_event(self, direction: int) -> None:
        """Pause and go to the next event, or with a negative direction to the one before."""
        self._jump(playback.next_event if direction > 0 else playback.previous_event)

    def step_round(self, direction: int) -> None:
        """Pause and go to the next start of a round, or to the one before."""
        self._jump(playback.next_round if direction > 0 else playback.previous_round)

    def to_start(self) -> None:
        """Pause and go to the start."""
        self.pause()
        self.seek(0)

    def to_end(self) -> None:
        """Pause and go to the end."""
        self.pause()
        self.seek(self.end_ns)

    def set_speed(self, speed: float) -> None:
        """Change the speed, within 1/1000 and 20."""
        speed = max(SPEEDS[0], min(speed, SPEEDS[-1]))
        if speed != self._speed:
            self._speed = speed
            self.speed_changed.emit(speed)

    @property
    def loop(self) -> tuple[int, int] | None:
        """Return the stretch that playing stays in, as (from, to) in ns; None: the whole run."""
        return self._loop

    def set_loop(self, loop: tuple[int, int] | None) -> None:
        """Let playing stay in a stretch; from outside of it, it goes to its start first."""
        self._loop = loop

    def set_stops(self, stops: Callable[[History, int], int] | None) -> None:
        """Let playing pause at instants of its own.

        Args:
            stops: Returns the next such instant after one of a run; None: play on to the end.
        """
        self._stops = stops

    @property
    def slow_motion(self) -> bool:
        """Return whether playing eases into switchovers."""
        return self._slow_motion

    def set_slow_motion(self, on: bool) -> None:
        """Ease into every switchover and out again while playing, or play on evenly."""
        if on != self._slow_motion:
            self._slow_motion = on
            self._pacing = SlowMotion(self._history) if on and self._history else None
            self.slow_motion_changed.emit(on)
            self._tell_slowed()

    def _tell_slowed(self) -> None:
        """Tell how far slow motion holds the playing back at this instant."""
        speed = 0.0
        if self._pacing is not None:
            here = self._pacing.speed_at(self._t_ns, self._speed)
            speed = here if here < self._speed else 0.0
        if speed != self._slowed_to:
            self._slowed_to = speed
            self.slowed.emit(speed)

    def change_speed(self, direction: int) -> None:
        """Take the next faster or slower speed."""
        if direction > 0:
            self.set_speed(next((s for s in SPEEDS if s > self._speed), SPEEDS[-1]))
        else:
            self.set_speed(next((s for s in reversed(SPEEDS) if s < self._speed), SPEEDS[0]))

    def tick(self) -> None:
        """Show the instant that wall time has come to; stop at the end."""
        now_ns = self._clock.now_ns()
        passed_ns = min(now_ns - self._last_ns, LONGEST_TICK_NS)
        self._last_ns = now_ns
        if not self._playing or self._held or self._history is None:
            return
        # No microsecond is lost: at 1/1000 a tick of 16 ms is 16 us of the run.
        if self._pacing is not None:
            t_ns = self._pacing.advanced(self._t_ns, passed_ns, self._speed)
        else:
            t_ns = self._t_ns + round(passed_ns * self._speed)
        t_ns = min(self.end_ns, t_ns)
        stop_ns = self._stops(self._history, self._t_ns) if self._stops is not None else None
        if stop_ns is not None and self._t_ns < stop_ns <= t_ns < self.end_ns:
            self._t_ns = stop_ns
            self._emit()
            self.pause()
            self.stopped_at.emit(stop_ns)
            return
        if self._loop is not None:
            start_ns, stop_ns = self._loop
            if not start_ns <= t_ns < min(stop_ns, self.end_ns):
                t_ns = start_ns
        if t_ns != self._t_ns:
            self._t_ns = t_ns
            self._emit()
        if self._t_ns >= self.end_ns and self._loop is None:
            self.pause()

    def jump(self, find: Callable[[History, int], int]) -> None:
        """Pause and go where a function of run and instant says."""
        self._jump(find)

    def _jump(self, find: Callable[[History, int], int]) -> None:
        if self._history is not None:
            self.pause()
            self.seek(find(self._history, self._t_ns))

    def _restart_timer(self) -> None:
        self._last_ns = self._clock.now_ns()
        if self._playing and not self._held:
            self._timer.start()
        else:
            self._timer.stop()

    def _emit(self) -> None:
        if self._history is not None and not self._expecting:
            self._tell_slowed()
            frame: Frame = self._history.frame_at(self._t_ns)
            self.frame_changed.emit(frame)
            self.clock_changed.emit(self._t_ns)
