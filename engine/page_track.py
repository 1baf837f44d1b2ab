"""Page states of one migration over time: sections of lanes of dated changes.

A section has a base state and lanes in which a page appears at most once. Lanes are applied in
their order, which is the order of a page's life inside a section: settled, then skipped, then
dirty again. Keyframes bound the work of a jump.
"""

from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.memory import NEVER
from engine.states import PageState

Times = npt.NDArray[np.int64]
Pages = npt.NDArray[np.uint32]
States = npt.NDArray[np.uint8]

KEYFRAME_MIN_CHANGES: Final = 65_536


class Lane(Struct, frozen=True):
    """Dated changes of pages; a page appears at most once.

    Attributes:
        end_ns: When a group of pages takes its new state, sorted, shape (groups,).
        bounds: Group g is `pages[bounds[g]:bounds[g + 1]]`; None: a group is one page.
        pages: Page numbers, uint32.
        states: New states, shape (pages,) or one state for all.
        begin_ns: When a group went in flight, sorted, shape (groups,); None: it never does.
    """

    end_ns: Times
    bounds: Times | None
    pages: Pages
    states: States | PageState
    begin_ns: Times | None = None

    def count_at(self, t_ns: int) -> int:
        """Return how many pages have taken their new state at `t_ns`."""
        groups = int(np.searchsorted(self.end_ns, t_ns, side="right"))
        return groups if self.bounds is None else int(self.bounds[groups])

    def begun_at(self, t_ns: int) -> int:
        """Return how many pages have left at `t_ns`, in flight or arrived."""
        if self.begin_ns is None:
            return 0
        groups = int(np.searchsorted(self.begin_ns, t_ns, side="right"))
        return groups if self.bounds is None else int(self.bounds[groups])

    def apply(self, states: States, start: int, stop: int) -> None:
        """Write the new states of pages `start` to `stop` into `states`."""
        if stop > start:
            value = self.states
            states[self.pages[start:stop]] = (
                value if isinstance(value, PageState) else value[start:stop]
            )


class Section(Struct, frozen=True, dict=True):
    """A stretch of a migration in which every lane holds a page at most once.

    Attributes:
        start_ns: From here on.
        base: States at the start, shape (n_pages,).
        lanes: In the order in which they are applied.
    """

    start_ns: int
    base: States
    lanes: tuple[Lane, ...]

    @cached_property
    def keyframes(self) -> tuple[tuple[int, States], ...]:
        """(instant, states) every so many changes; made when the section is first read."""
        total = sum(len(lane.pages) for lane in self.lanes)
        every = max(KEYFRAME_MIN_CHANGES, len(self.base) // 8)
        if total <= every:
            return ()
        result: list[tuple[int, States]] = []
        states, done = self.base, [0] * len(self.lanes)
        for t_ns in self._keyframe_instants(every):
            states = states.copy()
            for i, lane in enumerate(self.lanes):
                upto = lane.count_at(t_ns)
                lane.apply(states, done[i], upto)
                done[i] = upto
            result.append((t_ns, states))
        return tuple(result)

    def _keyframe_instants(self, every: int) -> list[int]:
        marks: set[int] = set()
        for lane in self.lanes:
            for count in range(every, len(lane.pages), every):
                bounds = lane.bounds
                group = count if bounds is None else int(np.searchsorted(bounds, count))
                if group < len(lane.end_ns) and int(lane.end_ns[group]) != NEVER:
                    marks.add(int(lane.end_ns[group]))
        return sorted(marks)

    def __getstate__(self) -> dict[str, object]:
        """Leave the keyframes out of a pickle: they are made anew where they are needed."""
        return {name: getattr(self, name) for name in ("start_ns", "base", "lanes")}

    def settled_at(self, t_ns: int) -> States:
        """Return a new array of the states at `t_ns`, without the pages in flight."""
        from_ns, base = self.start_ns, self.base
        counts = [lane.count_at(t_ns) for lane in self.lanes]
        # Keyframes cost as much as all changes: few changes are made without them.
        for key_ns, states in self.keyframes if sum(counts) > KEYFRAME_MIN_CHANGES else ():
            if key_ns > t_ns:
                break
            from_ns, base = key_ns, states
        result = base.copy()
        for lane, count in zip(self.lanes, counts, strict=True):
            lane.apply(result, lane.count_at(from_ns) if base is not self.base else 0, count)
        return result

    def in_flight_at(self, t_ns: int) -> Pages:
        """Return the pages on the wire at `t_ns`."""
        parts = [np.empty(0, np.uint32)]
        for lane in self.lanes:  # one for each round of the section
            if lane.begin_ns is not None:
                begun = lane.begun_at(t_ns)
                parts.append(lane.pages[min(lane.count_at(t_ns), begun) : begun])
        return np.concatenate(parts)

    def changed_between(self, from_ns: int, to_ns: int) -> Pages:
        """Return the pages whose state may differ between two instants, repeats included."""
        parts = [self.in_flight_at(from_ns), self.in_flight_at(to_ns)]
        parts += [lane.pages[lane.count_at(from_ns) : lane.count_at(to_ns)] for lane in self.lanes]
        return np.concatenate(parts)


class PageTrack(Struct, frozen=True):
    """Page states of one migration, from the start of its copying.

    Attributes:
        sections: In order of time; the first begins when the copying begins.
        end_ns: From here on the states no longer change.
    """

    n_pages: int
    sections: tuple[Section, ...]
    end_ns: int

    @property
    def start_ns(self) -> int:
        """Return the instant of the first known states."""
        return self.sections[0].start_ns

    def section_at(self, t_ns: int) -> Section:
        """Return the section that holds `t_ns` (the first one before the start)."""
        found = self.sections[0]
        for section in self.sections:
            if section.start_ns > t_ns:
                break
            found = section
        return found

    def states_at(self, t_ns: int) -> States:
        """Return a new uint8 array of `PageState`, shape (n_pages,), at `t_ns`."""
        t_ns = min(t_ns, self.end_ns)
        section = self.section_at(t_ns)
        states = section.settled_at(t_ns)
        states[section.in_flight_at(t_ns)] = PageState.IN_FLIGHT
        return states


class Sample(Struct, frozen=True):
    """Some pages of a VM: page i is one of the `every` pages from `first + i * every` on.

    Attributes:
        first: First page of the first of these groups.
        every: Pages in a group, a power of two.
        n_pages: How many they are.
        tracks: Their states in each migration of the run, by the migration's index.
    """

    first: int
    every: int
    n_pages: int
    tracks: dict[int, PageTrack]
