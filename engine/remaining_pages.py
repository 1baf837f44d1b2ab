"""How many pages the destination still lacks, over a migration: counted from its page track.

A track holds every change of every page; the count is exact at each of the instants. Where no
page is known (a recording) or where there are very many, the ends of the rounds are told instead.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.history import History, MigrationRecord
from engine.memory import NEVER
from engine.page_track import PageTrack, Section
from engine.recorded import RecordedHistory
from engine.specs import PAGE_BYTES
from engine.states import N_STATES, PENDING, PageState

Times = npt.NDArray[np.int64]
Flags = npt.NDArray[np.int8]

POINTS: Final = 400
SWITCHOVER_POINTS: Final = 200
MOST_CHANGES: Final = 6_000_000
"""With more changes of pages than this the rounds are told: counting them takes too long."""


class RemainingPages(Struct, frozen=True):
    """Pages that are still to arrive, by time.

    Attributes:
        t_ns: Instants, sorted, shape (n,).
        pages: Pages at each of them, shape (n,).
        exact: Counted page by page; else known at the ends of rounds, or as a recording says.
        steps: Constant until the next instant; else a line goes from one to the next.
    """

    t_ns: Times
    pages: Times
    exact: bool
    steps: bool = False


def remaining_pages(history: History, migration: MigrationRecord) -> RemainingPages | None:
    """Return the pages that a migration has still to bring, None where nothing is known of it.

    They are counted once for a run, and kept with it.

    Args:
        history: A run.
        migration: One of its migrations.
    """
    index = next((i for i, m in enumerate(history.migrations) if m is migration), None)
    if index is None:
        return _counted(history, migration)
    if index not in history.remaining:
        history.remaining[index] = _counted(history, migration)
    return history.remaining[index]


def _counted(history: History, migration: MigrationRecord) -> RemainingPages | None:
    track = migration.track
    if isinstance(history, RecordedHistory) and history.remaining_bytes.t_ns:
        t_ns = np.array(history.remaining_bytes.t_ns, np.int64)
        pages = np.array(history.remaining_bytes.values, np.int64) // PAGE_BYTES
        return RemainingPages(t_ns, pages, exact=False, steps=True)
    if track is not None and (not migration.rounds or _n_changes(track) <= MOST_CHANGES):
        at_ns = _instants(history, migration, track)
        return RemainingPages(at_ns, remaining_at(track, at_ns), exact=True)
    return _by_rounds(migration)


def remaining_at(track: PageTrack, at_ns: Times) -> Times:
    """Return how many pages are pending at each of some instants.

    Args:
        track: Page states of a migration.
        at_ns: Instants, sorted, none before the track's start, shape (n,).

    Returns:
        int64 array, shape (n,): pages whose newest content has not arrived, those in flight too.
    """
    pending = np.zeros(N_STATES, np.int8)
    pending[list(PENDING)] = 1
    result = np.zeros(len(at_ns), np.int64)
    starts = [section.start_ns for section in track.sections]
    edges = [0, *np.searchsorted(at_ns, starts[1:], side="left").tolist(), len(at_ns)]
    for section, low, high in zip(track.sections, edges, edges[1:], strict=False):
        if high > low:
            result[low:high] = _in_section(section, at_ns[low:high], pending)
    return result


def _in_section(section: Section, at_ns: Times, pending: Flags) -> Times:
    """Return the pages pending at instants within one section.

    The lanes stand in the order of a page's life, so one pass over them knows of each page
    whether it was pending before each change.
    """
    before = pending.take(section.base, mode="clip")
    result = np.full(len(at_ns), np.count_nonzero(before), np.int64)
    for lane in section.lanes:
        through = np.searchsorted(lane.end_ns, np.minimum(at_ns, NEVER - 1), side="right")
        counts = through if lane.bounds is None else lane.bounds[through]
        n = int(counts[-1])
        if n:
            # Wide once, for reading and writing: numpy would widen the pages for each of the two.
            pages = lane.pages[:n].astype(np.intp)
            states = lane.states
            after = pending[states if isinstance(states, PageState) else states[:n]]
            result += _sums_until(after - before.take(pages, mode="clip"), counts)
            before[pages] = after
    return result


def _sums_until(steps: Flags, counts: Times) -> Times:
    """Return the sums of the first so many steps, without a sum for each of the steps.

    Args:
        steps: int8, shape (n,).
        counts: Sorted, none above n, shape (m,).

    Returns:
        int64 array, shape (m,).
    """
    edges = np.concatenate(([0], counts))
    # Where nothing lies between two edges `reduceat` gives the step there, which is not meant.
    inside = np.flatnonzero(np.diff(edges))
    parts = np.zeros(len(counts), np.int64)
    if len(inside):
        parts[inside] = np.add.reduceat(steps[: edges[-1]], edges[inside], dtype=np.int64)
    return np.cumsum(parts)


def _n_changes(track: PageTrack) -> int:
    return sum(len(lane.pages) for section in track.sections for lane in section.lanes)


def _instants(history: History, migration: MigrationRecord, track: PageTrack) -> Times:
    """Return where the count is wanted: evenly, closer at the switchover, at every round's ends."""
    start, end = track.start_ns, max(track.start_ns, min(track.end_ns, history.end_ns))
    parts = [np.linspace(start, end, POINTS).astype(np.int64)]
    if migration.suspended_ns is not None:
        until = next(t for t in (migration.resumed_ns, migration.ended_ns, end) if t is not None)
        room = max(1, until - migration.suspended_ns)
        low, high = migration.suspended_ns - room, until + room
        parts.append(np.linspace(low, high, SWITCHOVER_POINTS).astype(np.int64))
        parts.append(np.array([migration.suspended_ns, until], np.int64))
    edges = [t for r in migration.rounds for t in (r.start_ns, r.end_ns)]
    parts.append(np.array(edges, np.int64))
    return np.unique(np.clip(np.concatenate(parts), start, end))


def _by_rounds(migration: MigrationRecord) -> RemainingPages | None:
    """Return what was due at the start of each round, and dirtied at its end."""
    points: list[tuple[int, int]] = []
    for r in migration.rounds:
        points.append((r.start_ns, r.pages_sent + r.pages_skipped))
        points.append((r.end_ns, r.pages_dirtied if r.live else 0))
    if not points:
        return None
    t_ns, pages = zip(*points, strict=True)
    return RemainingPages(np.array(t_ns, np.int64), np.array(pages, np.int64), exact=False)
