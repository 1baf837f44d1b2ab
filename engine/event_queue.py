"""The event queue: a total order over everything that happens in a run.

Order: time, then rank (faults before changes before all else), then the order of scheduling.
"""

import heapq
from collections.abc import Callable
from enum import IntEnum


class Rank(IntEnum):
    """What goes first at one instant."""

    FAULT = 0
    CHANGE = 1
    STEP = 2


Action = Callable[[], None]


class EventQueue:
    """Dated actions in total order; an action may be cancelled by its ticket."""

    def __init__(self) -> None:
        """Start empty, at time zero."""
        self._heap: list[tuple[int, int, int]] = []
        self._actions: dict[int, Action] = {}
        self._next_ticket = 0
        self.now_ns = 0

    def push(self, t_ns: int, action: Action, *, rank: Rank = Rank.STEP) -> int:
        """Schedule `action` at `t_ns` and return its ticket."""
        assert t_ns >= self.now_ns, "an event cannot lie in the past"
        ticket = self._next_ticket
        self._next_ticket += 1
        heapq.heappush(self._heap, (t_ns, rank, ticket))
        self._actions[ticket] = action
        return ticket

    def cancel(self, ticket: int | None) -> None:
        """Forget an action; one that is gone already is no error."""
        if ticket is not None:
            self._actions.pop(ticket, None)

    def pop(self) -> Action | None:
        """Go to the next action's instant and return it; None when nothing is left."""
        while self._heap:
            t_ns, _, ticket = heapq.heappop(self._heap)
            action = self._actions.pop(ticket, None)
            if action is not None:
                self.now_ns = t_ns
                return action
        return None

    def next_ns(self) -> int | None:
        """Return when the next action is due; None when nothing is left."""
        while self._heap and self._heap[0][2] not in self._actions:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None
