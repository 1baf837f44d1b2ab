"""Slow motion: how fast a run is played, so that a switchover of some milliseconds can be seen.

Pure functions of the run: the window and a film play the same. Speeds are scenario seconds a second
of wall time. Nothing here is part of a run.
"""

from fractions import Fraction
from typing import Final

from msgspec import Struct

from engine.errors import MigrascopeError
from engine.history import History
from engine.units import format_count

SECOND_NS: Final = 10**9
CORE_WALL_NS: Final = 4 * SECOND_NS
"""A switchover is stretched to this much wall time, if it is shorter."""
RAMP_WALL_NS: Final = SECOND_NS // 2
"""Before and after it, so much at full speed is what the speed eases over."""
LEAST_SPEED: Final = 1 / 1000
_STEP_NS: Final = 1_000_000
"""Wall time that is taken as one step."""
MOST_FRAMES: Final = 108_000
"""An hour of film at 30 pictures a second."""


class PacingError(MigrascopeError):
    """A film cannot have so many pictures; the message is one sentence."""


class Switchover(Struct, frozen=True):
    """From the suspension until clients reach the VM again."""

    start_ns: int
    end_ns: int


def switchovers(history: History) -> list[Switchover]:
    """Return the switchovers of a run, in order; those that touch are one."""
    found = sorted(
        (m.suspended_ns, max(m.suspended_ns, m.reachable_ns or m.ended_ns or history.end_ns))
        for m in history.migrations
        if m.suspended_ns is not None
    )
    merged: list[Switchover] = []
    for start_ns, end_ns in found:
        if merged and start_ns <= merged[-1].end_ns:
            last = merged.pop()
            merged.append(Switchover(last.start_ns, max(last.end_ns, end_ns)))
        else:
            merged.append(Switchover(start_ns, end_ns))
    return merged


class SlowMotion:
    """Eases into every switchover of a run, and out again."""

    def __init__(self, history: History) -> None:
        """Look where the switchovers are."""
        self.switchovers = switchovers(history)

    def speed_at(self, t_ns: int, base: float) -> float:
        """Return the speed at an instant.

        Args:
            t_ns: Scenario time.
            base: The speed that is chosen; nothing is played faster.
        """
        return min((self._speed(s, t_ns, base) for s in self.switchovers), default=base)

    def advanced(self, t_ns: int, wall_ns: int, base: float) -> int:
        """Return the instant after so much wall time.

        Args:
            t_ns: Scenario time now.
            wall_ns: Wall time that passes.
            base: The speed that is chosen.
        """
        at, left = float(t_ns), wall_ns
        while left > 0:
            step = min(left, _STEP_NS)
            here = self.speed_at(int(at), base)
            ahead = at + step * here
            # No step leaps over what begins to slow down, or is slower already.
            there = min(here, self.speed_at(int(ahead), base))
            begins = (s.start_ns for s in self._slower(base) if at < s.start_ns < ahead)
            begin = min(begins, default=None)
            at = at + step * there if begin is None else float(begin)
            left -= step
        return round(at)

    def _slower(self, base: float) -> list[Switchover]:
        return [s for s in self.switchovers if self._core_speed(s, base) < base]

    def _core_speed(self, s: Switchover, base: float) -> float:
        return max(LEAST_SPEED, min(base, (s.end_ns - s.start_ns) / CORE_WALL_NS))

    def _speed(self, s: Switchover, t_ns: int, base: float) -> float:
        core = self._core_speed(s, base)
        away_ns = max(s.start_ns - t_ns, t_ns - s.end_ns, 0)
        ramp_ns = RAMP_WALL_NS * base
        if core >= base or away_ns >= ramp_ns:
            return base
        return core + (base - core) * away_ns / ramp_ns


def film_instants(
    history: History, from_ns: int, to_ns: int, *, fps: int, speed: Fraction, slow_motion: bool
) -> list[int]:
    """Return the instants that the pictures of a film show.

    Args:
        history: The run.
        from_ns: The first instant, scenario time.
        to_ns: The film ends right before it.
        fps: Pictures a second.
        speed: Scenario seconds a second of film.
        slow_motion: Whether it eases into switchovers and out again, as `SlowMotion` does.

    Returns:
        At least one instant, in order; without slow motion evenly, with no rounding that adds up.

    Raises:
        PacingError: There would be more than `MOST_FRAMES`.
    """
    pacing = SlowMotion(history) if slow_motion else None
    found: list[int] = []
    t_ns, base = from_ns, float(speed)
    while t_ns < to_ns or not found:
        if len(found) == MOST_FRAMES:
            most = format_count(MOST_FRAMES)
            raise PacingError(f"a film of more than {most} pictures: play it faster or take less")
        found.append(t_ns)
        shown, at_ns = len(found), (len(found) - 1) * SECOND_NS // fps
        if pacing is None:
            t_ns = from_ns + int(shown * SECOND_NS * speed / fps)
        else:
            t_ns = pacing.advanced(t_ns, shown * SECOND_NS // fps - at_ns, base)
    return found
