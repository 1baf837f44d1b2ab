"""The memory of a VM while QEMU copies it: one bitmap, a cursor that goes round, the dirty marks.

QEMU has no rounds. What the record calls a round is the stretch between two reads of the bitmap:
the pages that were not sent in it are still marked, and go into the next one with the new ones.
"""

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from engine.buffer_transfer import BufferTransfer, Flags, Forms, plain_forms
from engine.history import RoundRecord
from engine.memory import NEVER, Pages, Times
from engine.migrating_memory import MigratingMemory, OpenRound
from engine.qemu_stream import HEADER_BYTES, XBZRLE_HEADER_BYTES
from engine.qemu_xbzrle import DeltaCache
from engine.specs import PAGE_BYTES
from engine.states import PageState
from engine.world import Guest


class MarkRules(Struct, frozen=True):
    """How QEMU's dirty marks go, and what it keeps of the pages that it sent.

    Attributes:
        late: Marks that a read found are cleared chunk by chunk before the pages are sent (KVM);
            else with the read (emulated processor).
        chunk_shift: A chunk has 2 to the power of this pages.
        cache_bytes: Size of XBZRLE's cache; None: XBZRLE is off.
        write_bytes: Bytes that one write changes, for XBZRLE.
    """

    late: bool
    chunk_shift: int
    cache_bytes: int | None = None
    write_bytes: int = 8


class QemuMemory(MigratingMemory):
    """All pages of one VM from the start of the copying on.

    Attributes:
        n_new: Pages that the newest read marked and that were not waiting already.

    Args:
        guest: The VM.
        now_ns: The start: every page is marked.
        rules: How marks go.
        order: Not used: the cursor ascends.
        skip: Not used: nothing is skipped.
        tracked: Whether log-dirty is on.
        balloon: Not used.
    """

    def __init__(
        self,
        guest: Guest,
        now_ns: int,
        *,
        rules: MarkRules,
        order: str = "ascending",
        skip: bool = False,
        tracked: bool = True,
        balloon: bool = False,
    ) -> None:
        super().__init__(guest, now_ns, order="ascending", skip=False, tracked=tracked)
        self._rules = rules
        self._zero = self.recorder.states == PageState.FREE
        self._marked = np.ones(self.n_pages, np.bool_)
        self._wrap_at, self._cursor = self.n_pages, 0
        self.n_new = 0
        self._reads = 1
        self._deltas: DeltaCache | None = None
        if rules.cache_bytes is not None and self.log is not None:
            self._deltas = DeltaCache(rules.cache_bytes, rules.write_bytes)
            self.log.count_writes()
        self._versions: Times = np.zeros(0, np.int64)
        self._versions_ns = -1
        self._journal: list[tuple[int, int, tuple[int, int, int] | None]] = []

    def held_pages(self) -> Pages:
        """Return all pages, in order: those that are zero are told to be so."""
        return np.arange(self.n_pages, dtype=np.uint32)

    def open_round(
        self, number: int, pages: Pages, now_ns: int, *, live: bool, limit_bps: int | None
    ) -> OpenRound:
        """Begin a stretch: all marked pages, from the cursor on."""
        transfer = BufferTransfer(
            pages,
            start_ns=now_ns,
            content=self._contents,
            first_batch=self._n_batches,
            forms_of=self._live_forms if live else self._last_forms,
        )
        base = self.recorder.states.copy()
        return OpenRound(number, live, now_ns, transfer, base, limit_bps)

    # Reading the bitmap

    def clean(self, opened: OpenRound, now_ns: int) -> tuple[Pages, RoundRecord]:
        """Read the bitmap: return all marked pages from the cursor on, and the stretch's record."""
        assert self.log is not None
        transfer = opened.transfer
        assert isinstance(transfer, BufferTransfer)
        dirty, first_ns = self.log.clean(now_ns)
        self.n_written = len(dirty)
        self._undo_beyond(transfer.position)
        self._journal.clear()
        self._zero[dirty] = False
        wrapped = self._passed_end(transfer)
        self._read_marks(transfer, dirty)
        local = self._marked.copy()
        local[transfer.rest] = True
        marked = np.flatnonzero(local).astype(np.uint32)
        self.n_new = len(marked) - transfer.left
        if transfer.position:
            self._cursor = int(transfer.visited[-1]) + 1
        first = int(np.searchsorted(marked, self._cursor))
        self._wrap_at = len(marked) - first
        if self._deltas is not None:
            self._deltas.started |= wrapped
        self._reads += 1
        record = self.close_round(opened, dirty, first_ns, now_ns)
        record = replace(record, pages_dirtied=self.n_new)
        return np.concatenate([marked[first:], marked[:first]]), record

    def _read_marks(self, transfer: BufferTransfer, dirty: Pages) -> None:
        """Let `_marked` be what the kernel's log says at this read."""
        assert self.log is not None
        if not self._rules.late:
            self._marked = np.zeros(self.n_pages, np.bool_)
            self._marked[dirty] = True
            return
        cleared_ns = self._cleared_ns(transfer)
        chunks = np.arange(self.n_pages) >> self._rules.chunk_shift
        found = self._marked & (cleared_ns[chunks] == NEVER)
        of_page = np.where(self._marked[dirty], cleared_ns[chunks[dirty]], np.int64(-1))
        found[dirty[self.log.newest_ns[dirty] > of_page]] = True
        self._marked = found

    def _cleared_ns(self, transfer: BufferTransfer) -> Times:
        """Return when each chunk's marks were cleared since the last read; NEVER: not yet."""
        shift = self._rules.chunk_shift
        cleared = np.full((self.n_pages - 1 >> shift) + 1, NEVER, np.int64)
        chunks, places = np.unique(transfer.visited >> np.uint32(shift), return_index=True)
        if len(chunks):
            begins = np.array([place for _, place in transfer.iterations], np.int64)
            times = np.array([t_ns for t_ns, _ in transfer.iterations], np.int64)
            cleared[chunks] = times[np.searchsorted(begins, places, side="right") - 1]
        return cleared

    # Forms of pages

    def _zero_now(self, pages: Pages, t_ns: int) -> Flags:
        zero: Flags = self._zero[pages]
        if self.log is not None and zero.any():
            self.log.look_ahead(t_ns)
            zero &= self.log.first_ns[pages] > t_ns
        return zero

    def _live_forms(self, pages: Pages, place: int, t_ns: int) -> Forms:
        forms = plain_forms(self._zero_now(pages, t_ns))
        if self._deltas is not None:
            self._use_deltas(forms, pages, place, t_ns)
        return forms

    def _last_forms(self, pages: Pages, place: int, t_ns: int) -> Forms:
        forms = plain_forms(self._zero[pages])
        if self._deltas is not None and self._deltas.started:
            self._look_at_versions(t_ns)
            for i in np.flatnonzero(~forms.zero).tolist():
                self._put_delta(forms, int(pages[i]), i, last=True)
        return forms

    def _passed_end(self, transfer: BufferTransfer) -> bool:
        """Return whether the cursor has passed the end of the memory."""
        return transfer.position >= self._wrap_at

    def _use_deltas(self, forms: Forms, pages: Pages, place: int, t_ns: int) -> None:
        """Let XBZRLE have its say: pages after the first wrap of the cursor, one by one."""
        assert self._deltas is not None and self.log is not None
        self._undo_beyond(place)
        self._look_at_versions(t_ns)
        started = 0 if self._deltas.started else max(0, self._wrap_at - place)
        if started >= len(pages):
            return
        for i in (np.flatnonzero(~forms.zero[started:]) + started).tolist():
            page = int(pages[i])
            slot = self._deltas.slot_of(page)
            before = self._deltas.entry(slot)
            self._put_delta(forms, page, i, last=False)
            if self._deltas.entry(slot) != before:
                self._journal.append((place + i, slot, before))

    def _look_at_versions(self, t_ns: int) -> None:
        """Keep how often each page was written by the begin of an iteration."""
        assert self.log is not None
        if t_ns != self._versions_ns:
            self.log.settle(t_ns)
            self._versions, self._versions_ns = self.log.n_writes.copy(), t_ns

    def _put_delta(self, forms: Forms, page: int, i: int, *, last: bool) -> None:
        assert self._deltas is not None
        version = int(self._versions[page])
        size = self._deltas.delta_bytes(page, version, self._reads, last=last)
        if size is None and last:
            return
        forms.by_reference[i] = False
        if size is None:
            forms.copied_bytes[i] = HEADER_BYTES + PAGE_BYTES
        else:
            forms.copied_bytes[i] = HEADER_BYTES + XBZRLE_HEADER_BYTES + size if size else 0

    def _undo_beyond(self, position: int) -> None:
        """Take back what was put into the cache for pages that were planned and not sent."""
        while self._journal and self._journal[-1][0] >= position:
            _, slot, before = self._journal.pop()
            assert self._deltas is not None
            self._deltas.restore(slot, before)

    def release(self) -> None:
        """Give the large arrays back."""
        super().release()
        self._zero = self._marked = np.zeros(0, np.bool_)
        self._deltas, self._versions = None, np.zeros(0, np.int64)
