"""Everything that a run did with one page: its changes in every migration, and its writes.

Facts only; `page_story` words them. Found by reading the page track's lanes for one page number
and the deterministic writers for its writes; nothing is recorded for this.
"""

from bisect import bisect_right
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.history import History, MigrationRecord, RoundRecord, VmRecord
from engine.memory import NEVER
from engine.page_track import Lane, PageTrack, Section
from engine.page_writes import SECOND_NS, Pages, Times, dated_writes, densest_pps
from engine.states import PageState

MOST_WRITES: Final = 1 << 19
"""A window of writes holds about so many at most."""
KEPT_LIVES: Final = 256


class Change(Struct, frozen=True):
    """One entry of a lane for the page.

    Attributes:
        begin_ns: When it left the source (its contents are those of this instant); None: it was
            not sent, it changed its state only.
        end_ns: When it took its new state; `NEVER` if it did not get through.
        state: The new state.
    """

    begin_ns: int | None
    end_ns: int
    state: PageState


class Stretch(Struct, frozen=True):
    """A section of the page track, for one page: changes in the order of the page's life."""

    start_ns: int
    base: PageState
    changes: tuple[Change, ...]


class Era(Struct, frozen=True):
    """One migration, for one page.

    Attributes:
        migration: The migration.
        from_ns: From here on its states are shown. until_ns: Up to here, excluded.
        end_ns: The states do not change after.
        stretches: In order of time.
    """

    migration: MigrationRecord
    from_ns: int
    until_ns: int
    end_ns: int
    stretches: tuple[Stretch, ...]

    @property
    def changes(self) -> list[Change]:
        """Return all changes in the order of the page's life."""
        return [change for stretch in self.stretches for change in stretch.changes]

    def state_at(self, t_ns: int) -> PageState:
        """Return the page's state at an instant of this era."""
        t_ns = min(t_ns, self.end_ns)
        stretch = self.stretches[0]
        for later in self.stretches:
            if later.start_ns <= t_ns:
                stretch = later
        state, flying = stretch.base, False
        for change in stretch.changes:
            if change.end_ns <= t_ns:
                state = change.state
            elif change.begin_ns is not None and change.begin_ns <= t_ns:
                flying = True
        return PageState.IN_FLIGHT if flying else state

    def round_of(self, change: Change) -> RoundRecord | None:
        """Return the round to which a change belongs; None outside of rounds (a pull)."""
        for record in self.migration.rounds:
            if change.begin_ns is not None:
                if record.start_ns <= change.begin_ns < max(record.end_ns, record.start_ns + 1):
                    return record
            elif record.start_ns < change.end_ns <= record.end_ns:
                return record
        return None


class PageLife(Struct, frozen=True, dict=True):
    """One page over a whole run.

    Attributes:
        page: Its number.
        eras: The migrations in which it has a state, in order.
        end_ns: Length of the run.
    """

    page: int
    eras: tuple[Era, ...]
    end_ns: int

    def era_at(self, t_ns: int) -> Era | None:
        """Return the era that holds an instant."""
        return next((era for era in self.eras if era.from_ns <= t_ns < era.until_ns), None)

    def state_at(self, t_ns: int) -> PageState | None:
        """Return the page's state; None while no migration has one."""
        era = self.era_at(t_ns)
        return None if era is None else era.state_at(t_ns)

    @cached_property
    def spans(self) -> tuple[tuple[int, int, PageState], ...]:
        """(from, to, state) of every stretch of one state, in order of time."""
        found: list[tuple[int, int, PageState]] = []
        for era in self.eras:
            until = min(era.until_ns, self.end_ns)
            marks = {era.from_ns} | {s.start_ns for s in era.stretches}
            for change in era.changes:
                marks |= {change.end_ns} | ({change.begin_ns} if change.begin_ns else set())
            times = sorted(t for t in marks if era.from_ns <= t < until)
            for start, stop in zip(times, [*times[1:], until], strict=True):
                state = era.state_at(start)
                goes_on = bool(found) and found[-1][1] == start and found[-1][2] is state
                begun = found.pop()[0] if goes_on else start
                found.append((begun, stop, state))
        return tuple(found)


class WriteWindow(Struct, frozen=True):
    """The writes of a VM after `from_ns`, at `to_ns` at the latest; whole: none lie before."""

    from_ns: int
    to_ns: int
    whole: bool
    pages: Pages
    times_ns: Times

    def times_of(self, first: int, last: int) -> Times:
        """Return when pages `first` to `last` were written, ascending."""
        inside = (self.pages >= first) & (self.pages <= last)
        return np.sort(self.times_ns[inside])


class LifeReader:
    """Reads pages of one VM of one run, and keeps what it has read.

    A run with very many writes is read in windows that overlap by half: then what lies before
    the window is not known, and whoever asks is told so.
    """

    def __init__(self, history: History, vm: str) -> None:
        """Read nothing yet.

        Raises:
            KeyError: No VM has that name.
        """
        self.history, self.vm = history, vm
        self.record: VmRecord = history.vm(vm)
        self._lives: dict[int, PageLife] = {}
        self._window: WriteWindow | None = None
        pace_pps = max(1, densest_pps(self.record, history.end_ns))
        self._half_ns = MOST_WRITES * SECOND_NS // 2 // pace_pps

    def life(self, page: int) -> PageLife:
        """Return the life of a page.

        Raises:
            IndexError: The VM has no such page.
        """
        if not 0 <= page < self.record.spec.n_pages:
            raise IndexError(f"page {page}: the VM has {self.record.spec.n_pages} pages")
        if page not in self._lives:
            if len(self._lives) >= KEPT_LIVES:
                del self._lives[next(iter(self._lives))]
            self._lives[page] = PageLife(page, self._eras(page), self.history.end_ns)
        return self._lives[page]

    def writes_near(self, t_ns: int) -> WriteWindow:
        """Return a window of writes that holds an instant and, if it can, all before it."""
        end_ns = self.history.end_ns
        window = self._window
        if end_ns <= 2 * self._half_ns:
            wanted = (-1, end_ns)
        else:
            place = t_ns // self._half_ns
            wanted = (max(-1, (place - 1) * self._half_ns - 1), (place + 1) * self._half_ns)
        if window is None or (window.from_ns, window.to_ns) != wanted:
            pages, times = dated_writes(self.record, *wanted)
            window = self._window = WriteWindow(*wanted, wanted[0] < 0, pages, times)
        return window

    def tracks(self) -> list[tuple[MigrationRecord, PageTrack, int]]:
        """Return (migration, its page track, until when it is shown) of this VM."""
        ours = [m for m in self.history.migrations if m.vm == self.vm and m.outcome != "refused"]
        ends = [m.requested_ns for m in ours[1:]] + [self.history.end_ns + 1]
        found = []
        for migration, until_ns in zip(ours, ends, strict=False):  # none of either without ours
            if migration.track is not None and migration.track.start_ns < until_ns:
                found.append((migration, migration.track, until_ns))
        return found

    def _eras(self, page: int) -> tuple[Era, ...]:
        return tuple(
            Era(
                migration,
                track.start_ns,
                until_ns,
                track.end_ns,
                tuple(_stretch(section, page) for section in track.sections),
            )
            for migration, track, until_ns in self.tracks()
        )


def _stretch(section: Section, page: int) -> Stretch:
    changes = (_change(lane, page) for lane in section.lanes)
    found = tuple(change for change in changes if change is not None)
    return Stretch(section.start_ns, PageState(int(section.base[page])), found)


def _change(lane: Lane, page: int) -> Change | None:
    places = np.flatnonzero(lane.pages == np.uint32(page))
    if not len(places):
        return None
    place = int(places[0])
    group = place if lane.bounds is None else bisect_right(lane.bounds, place) - 1
    begin = None if lane.begin_ns is None else int(lane.begin_ns[group])
    value = lane.states
    state = value if isinstance(value, PageState) else PageState(int(value[place]))
    return Change(begin, int(lane.end_ns[group]), state)


def sends_in(track: PageTrack, first: int, last: int, t_ns: int) -> npt.NDArray[np.int64]:
    """Return how often each of the pages `first` to `last` has arrived at an instant."""
    counts = np.zeros(last - first + 1, np.int64)
    for section in track.sections:
        for lane in section.lanes:
            if lane.begin_ns is None or section.start_ns > t_ns:
                continue
            pages = lane.pages[: lane.count_at(min(t_ns, track.end_ns))]
            counts[pages[(pages >= first) & (pages <= last)] - np.uint32(first)] += 1
    return counts


__all__ = ["NEVER", "Change", "Era", "LifeReader", "PageLife", "WriteWindow", "sends_in"]
