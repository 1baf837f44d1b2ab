"""Reading a finished run as a player does: page states step by step, and where to jump.

A `PageCursor` stands at one instant of one VM. Forward moves inside a section of the page track
cost as much as the pages that changed; every other move compares the whole state.
"""

from bisect import bisect_left, bisect_right
from typing import Final

import numpy as np
from msgspec import Struct

from engine.events import EventKind
from engine.history import History
from engine.page_track import Pages, PageTrack, Sample, Section, States
from engine.states import PageState

MOST_CHANGES: Final = 0.25
"""Share of the pages above which a jump is not told page by page."""
SORTED_SHARE: Final = 1024
"""Up to this part of all pages, changed pages are sorted; more are marked."""


class PageDelta(Struct, frozen=True):
    """Pages whose shown state changed between two instants.

    Attributes:
        pages: Page numbers, each once.
        old: Their states before, uint8, same shape.
        new: Their states now, uint8, same shape.
    """

    pages: Pages
    old: States
    new: States


class PageCursor:
    """The page states of one VM at one instant, moved through a run.

    Attributes:
        states: States at the present instant, shape (n_pages,); None before the first copying.
            The array is the cursor's own: read it until the next move, do not write it.
    """

    def __init__(self, history: History, vm: str, sample: Sample | None = None) -> None:
        """Stand before the beginning: nothing is known of any page.

        Args:
            history: The run.
            vm: Name of the VM.
            sample: Read these pages alone, under their numbers in the sample; None: all.
        """
        self._history, self._vm, self._sample = history, vm, sample
        self._track: PageTrack | None = None
        self._section: Section | None = None
        self._settled: States | None = None
        self._t_ns = 0
        self.states: States | None = None

    def move_to(self, t_ns: int) -> PageDelta | None:
        """Move to an instant.

        Args:
            t_ns: Scenario time; clipped to the run.

        Returns:
            What changed; None if nothing is known of the pages, or if everything may have changed:
            then read `states`.
        """
        t_ns = max(0, min(t_ns, self._history.end_ns))
        track = self._track_at(t_ns)
        if track is None:
            self._track = self._section = self._settled = self.states = None
            self._t_ns = t_ns
            return None
        at_ns = min(t_ns, track.end_ns)
        section = track.section_at(at_ns)
        if section is self._section and track is self._track and at_ns >= self._t_ns:
            return self._advance(section, at_ns)
        before = self.states if track is self._track else None
        self._track, self._section, self._t_ns = track, section, at_ns
        self._recount(section, at_ns)
        return None if before is None else self._difference(before)

    def _track_at(self, t_ns: int) -> PageTrack | None:
        if self._sample is None:
            return self._history.track_at(self._vm, t_ns)
        index = self._history.migration_at(self._vm, t_ns)
        track = None if index is None else self._sample.tracks.get(index)
        return track if track is not None and track.start_ns <= t_ns else None

    def _difference(self, before: States) -> PageDelta | None:
        """Return what a jump inside a migration changed, unless that is too much to tell."""
        assert self.states is not None
        pages = np.flatnonzero(before != self.states).astype(np.uint32)
        if len(pages) > MOST_CHANGES * len(before):
            return None
        return PageDelta(pages, before[pages], self.states[pages])

    def _recount(self, section: Section, at_ns: int) -> None:
        self._settled = section.settled_at(at_ns)
        self.states = self._settled.copy()
        self.states[section.in_flight_at(at_ns)] = PageState.IN_FLIGHT

    def _advance(self, section: Section, at_ns: int) -> PageDelta:
        """Go on inside a section: lanes in their order, as a page lives through them."""
        assert self._settled is not None and self.states is not None
        pages = _each_once(section.changed_between(self._t_ns, at_ns), len(self.states))
        old = self.states[pages]
        for lane in section.lanes:
            lane.apply(self._settled, lane.count_at(self._t_ns), lane.count_at(at_ns))
        self.states[pages] = self._settled[pages]
        self.states[section.in_flight_at(at_ns)] = PageState.IN_FLIGHT
        self._t_ns = at_ns
        new = self.states[pages]
        changed = old != new
        return PageDelta(pages[changed], old[changed], new[changed])


def _each_once(pages: Pages, n_pages: int) -> Pages:
    """Return page numbers sorted, each once; few are sorted, many are marked in the memory."""
    if len(pages) * SORTED_SHARE < n_pages:
        return np.unique(pages)
    touched = np.zeros(n_pages, np.bool_)
    touched[pages] = True
    return np.flatnonzero(touched).astype(np.uint32)


def _event_times(history: History) -> list[int]:
    return sorted({event.t_ns for event in history.events if event.t_ns <= history.end_ns})


def _round_times(history: History) -> list[int]:
    kinds = (EventKind.ROUND_STARTED, EventKind.SUSPENDED, EventKind.RESUMED)
    return sorted({e.t_ns for e in history.events if e.kind in kinds and e.t_ns <= history.end_ns})


def _next(times: list[int], t_ns: int, end_ns: int) -> int:
    i = bisect_right(times, t_ns)
    return times[i] if i < len(times) else end_ns


def _previous(times: list[int], t_ns: int) -> int:
    i = bisect_left(times, t_ns)
    return times[i - 1] if i else 0


def next_event(history: History, t_ns: int) -> int:
    """Return the instant of the first event after `t_ns`; the run's end if there is none."""
    return _next(_event_times(history), t_ns, history.end_ns)


def previous_event(history: History, t_ns: int) -> int:
    """Return the instant of the last event before `t_ns`; 0 if there is none."""
    return _previous(_event_times(history), t_ns)


def next_round(history: History, t_ns: int) -> int:
    """Return when the next round begins, or the VM stops or resumes; else the run's end."""
    return _next(_round_times(history), t_ns, history.end_ns)


def previous_round(history: History, t_ns: int) -> int:
    """Return when the round before `t_ns` began, or the VM stopped or resumed; else 0."""
    return _previous(_round_times(history), t_ns)
