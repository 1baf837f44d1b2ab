"""Slow motion: how fast a run is played, so that a switchover of some milliseconds can be seen.

Pure functions of the run: the window and a film play the same. Speeds are scenario seconds a second
of wall time. Nothing here is part of a run.
"""

from dataclasses import dataclass
from typing import Final

from engine.history import History

SECOND_NS: Final = 10**9
CORE_WALL_NS: Final = 4 * SECOND_NS
"""A switchover is stretched to this much wall time, if it is shorter."""
RAMP_WALL_NS: Final = SECOND_NS // 2
"""Before and after it, so much at full speed is what the speed eases over."""
LEAST_SPEED: Final = 1 / 1000
_STEP_NS: Final = 1_000_000
"""Wall time that is taken as one step."""


@dataclass(frozen=True, slots=True)
class Switchover:
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
