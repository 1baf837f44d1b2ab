"""The memory of a VM while it is copied: dirty log, contents at the destination, the record.

It opens and closes rounds; which rounds there are is for the algorithms to say.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.history import RoundRecord
from engine.memory import (
    NEVER,
    DirtyLog,
    Pages,
    Times,
    in_visiting_order,
    visiting_order,
)
from engine.page_recorder import PageRecorder
from engine.page_track import Lane, States
from engine.states import PageState
from engine.transfer import Contents, Transfer
from engine.world import Guest


class OpenRound(Struct):
    """A round that is going on.

    Attributes:
        number: From 1 on, the one while stopped included.
        live: Whether the VM runs meanwhile.
        start_ns: When the bitmap was read and cleaned.
        transfer: What is being sent.
        base: Page states at the start.
        limit_bps: Rate limit at the start.
    """

    number: int
    live: bool
    start_ns: int
    transfer: Transfer
    base: States
    limit_bps: int | None


class MigratingMemory:
    """All pages of one VM from the start of the copying on.

    Attributes:
        n_written: Pages that the newest CLEAN found written.

    Args:
        guest: The VM.
        now_ns: The start.
        order: In which order rounds visit pages: "permuted" or "ascending".
        skip: Whether rounds skip pages that are dirty again.
        tracked: Whether the VM runs on, so that log-dirty is needed.
        balloon: Whether the guest has given free and cached pages back.
    """

    def __init__(
        self,
        guest: Guest,
        now_ns: int,
        *,
        order: str,
        skip: bool,
        tracked: bool,
        balloon: bool = False,
    ) -> None:
        self._guest, self._order, self._skip = guest, order, skip
        spec = guest.spec
        n = self.n_pages = spec.n_pages
        first_free = spec.first_cache_page if balloon else spec.first_zero_page
        states = np.zeros(n, np.uint8)
        states[first_free:] = PageState.FREE
        if first_free < n:
            for pages, _ in guest.writes_in_parts(-1, now_ns):
                states[pages] = PageState.NOT_SENT
        self.recorder = PageRecorder(now_ns, states)
        self.log = DirtyLog(n, now_ns, guest.writes_in_parts, guest.n_writes) if tracked else None
        self._contents = Contents(n, order)
        self.n_written = 0
        self._batch_reads: list[Times] = [np.array([-1], np.int64)]
        self._n_batches = 1

    def held_pages(self) -> Pages:
        """Return the pages that are not free, in the order of visiting."""
        pages = visiting_order(self.n_pages, self._order)
        states = self.recorder.states
        if states[-1] != PageState.FREE and not (states == PageState.FREE).any():
            return pages
        held: Pages = pages[states[pages] != PageState.FREE]
        return held

    def open_round(
        self, number: int, pages: Pages, now_ns: int, *, live: bool, limit_bps: int | None
    ) -> OpenRound:
        """Begin a round of these pages."""
        transfer = Transfer(
            pages,
            start_ns=now_ns,
            log=self.log if live else None,
            skip=self._skip,
            content=self._contents,
            first_batch=self._n_batches,
        )
        base = self.recorder.states.copy()
        return OpenRound(number, live, now_ns, transfer, base, limit_bps)

    def clean(self, opened: OpenRound, now_ns: int) -> tuple[Pages, RoundRecord]:
        """Read and clean the bitmap: the round is over. Return what is dirty, and its record."""
        assert self.log is not None
        dirty, first_ns = self.log.clean(now_ns)
        self.n_written = len(dirty)
        record = self.close_round(opened, dirty, first_ns, now_ns)
        return in_visiting_order(dirty, self.n_pages, self._order), record

    def close_stopped(self, opened: OpenRound, now_ns: int) -> RoundRecord:
        """Close the round that was made while the VM was stopped."""
        return self.close_round(opened, np.empty(0, np.uint32), np.empty(0, np.int64), now_ns)

    def close_round(
        self, opened: OpenRound, dirty: Pages, first_ns: Times, now_ns: int
    ) -> RoundRecord:
        """Write a round into the record: batches, skips, and what became dirty again."""
        transfer, recorder = opened.transfer, self.recorder
        record = transfer.record
        state = PageState.UP_TO_DATE if opened.live else PageState.SENT_WHILE_STOPPED
        if opened.live and not self._skip:
            self._add_dirtied_before_turn(opened, dirty, first_ns)
        recorder.add_batches(record, state, until_ns=now_ns)
        skipped = np.concatenate([np.empty(0, np.uint32), *record.skipped])
        skipped_ns = np.concatenate([np.empty(0, np.int64), *record.skipped_ns])
        recorder.add(Lane(skipped_ns, None, skipped, PageState.SKIPPED))
        if opened.live and not self._skip:
            stale = self._first_after_content(opened, now_ns)
        else:
            stale = dirty, first_ns
        self._add_dirtied(opened, *stale, now_ns)
        recorder.set_states(now_ns, skipped, opened.base[skipped])
        recorder.cut(now_ns)
        return RoundRecord(
            number=opened.number,
            live=opened.live,
            start_ns=opened.start_ns,
            end_ns=now_ns,
            pages_sent=transfer.n_sent,
            pages_skipped=transfer.n_skipped,
            pages_dirtied=len(dirty),
            bytes_sent=transfer.bytes_sent,
            rate_limit_bps=opened.limit_bps,
        )

    def _add_dirtied_before_turn(self, opened: OpenRound, dirty: Pages, first_ns: Times) -> None:
        """Record pages that were up to date, or zero, and were written before their turn."""
        if not opened.transfer.record.begins_ns:
            return
        begins_ns = np.concatenate(opened.transfer.record.begins_ns)
        batch = self._contents.batch_of(dirty).astype(np.int64) - self._n_batches
        base = opened.base[dirty]
        for was, becomes in (
            (PageState.UP_TO_DATE, PageState.DIRTY_AGAIN),
            (PageState.FREE, PageState.NOT_SENT),
        ):
            before = (batch >= 0) & (base == was)
            before[before] = first_ns[before] <= begins_ns[batch[before]]
            when, pages = first_ns[before], dirty[before]
            order = np.argsort(when, kind="stable")
            self.recorder.add(Lane(when[order], None, pages[order], becomes))

    def _add_dirtied(self, opened: OpenRound, dirty: Pages, first_ns: Times, now_ns: int) -> None:
        """Record which pages became dirty again, or came into being, and when."""
        record = opened.transfer.record
        batch = self._contents.batch_of(dirty).astype(np.int64) - self._n_batches
        self._batch_reads += record.begins_ns
        self._n_batches += sum(len(part) for part in record.begins_ns)
        sent = batch >= 0
        when = first_ns.copy()
        if sent.any():
            when[sent] = np.maximum(when[sent], np.concatenate(record.ends_ns)[batch[sent]])
        base = opened.base[dirty]
        free = (base == PageState.FREE) & ~sent
        stale = sent | (base == PageState.UP_TO_DATE)
        states = np.where(free, PageState.NOT_SENT, PageState.DIRTY_AGAIN).astype(np.uint8)
        keep = (free | stale) & (when <= now_ns)
        when, dirty, states = when[keep], dirty[keep], states[keep]
        if (when[1:] < when[:-1]).any():
            order = np.argsort(when, kind="stable")
            when, dirty, states = when[order], dirty[order], states[order]
        self.recorder.add(Lane(when, None, dirty, states))

    def _first_after_content(self, opened: OpenRound, now_ns: int) -> tuple[Pages, Times]:
        """Return the pages written since their contents were read, with the first such write."""
        first = np.full(self.n_pages, NEVER, np.int64)
        reads_ns = np.concatenate([*self._batch_reads, *opened.transfer.record.begins_ns])
        for pages, times in self._guest.writes_in_parts(opened.start_ns, now_ns):
            after = times > reads_ns[self._contents.batch_of(pages)]
            np.minimum.at(first, pages[after], times[after])
        found = np.flatnonzero(first != NEVER).astype(np.uint32)
        return found, first[found]

    def mark_missing(
        self, now_ns: int, marked: Pages | None = None, *, unit_pages: int = 1
    ) -> Pages:
        """Let pages be missing from now on; return them, ascending.

        Args:
            now_ns: The resume.
            marked: Pages that the destination does not hold in their newest version; free ones
                among them are left out. None: every page that was not sent.
            unit_pages: A page of the host has so many, and is missing as a whole or not at all.
        """
        states = self.recorder.states
        if marked is None:
            missing = np.flatnonzero(states == PageState.NOT_SENT).astype(np.uint32)
        else:
            missing = np.sort(marked[states[marked] != PageState.FREE])
            stale = np.flatnonzero(self._stale())
            assert np.isin(stale, missing).all(), "a stale page is not marked"
        if unit_pages > 1:
            whole = np.zeros(self.n_pages // unit_pages, np.bool_)
            whole[missing // np.uint32(unit_pages)] = True
            missing = np.flatnonzero(np.repeat(whole, unit_pages)).astype(np.uint32)
        self.recorder.set_states(now_ns, missing, PageState.MISSING)
        return missing

    def count_stale(self) -> int:
        """Return how many pages the destination does not hold in their newest version."""
        return int(np.count_nonzero(self._stale()))

    def _stale(self) -> npt.NDArray[np.bool_]:
        stale = np.zeros(self.n_pages, np.bool_)
        never_sent = self._contents.missing()
        stale[never_sent] = self.recorder.states[never_sent] != PageState.FREE
        if self.log is not None:
            written = np.flatnonzero(self.log.newest_ns >= 0).astype(np.uint32)
            reads_ns = np.concatenate(self._batch_reads)
            read_ns = reads_ns[self._contents.batch_of(written)]
            stale[written] |= read_ns < self.log.newest_ns[written]
        return stale

    def release(self) -> None:
        """Give the large arrays back: a run's parts form cycles that nothing frees soon."""
        self.log, self._contents = None, Contents(0, self._order)
