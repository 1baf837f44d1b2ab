"""XBZRLE: QEMU's cache of the pages that it sent, and the size of a change against it.

A direct-mapped cache: the slot is the page's number modulo the slots. A page that is not in it
is sent whole and takes its slot if that is free, or two reads of the dirty log old. A cached
page costs what changed: runs of zero and of changed bytes with their lengths.
"""

from typing import Final

from engine.specs import PAGE_BYTES

RUN_BYTES: Final = 3
"""Lengths of one unchanged run (two bytes from 128 on) and one changed run."""
LONG_RUN_BYTES: Final = 4
SHORT_RUN: Final = 128
LIFETIME_READS: Final = 2


class DeltaCache:
    """What the sender keeps of the pages that it sent, as their write counts."""

    def __init__(self, cache_bytes: int, write_bytes: int) -> None:
        """Start empty; it is used from the end of the first pass on (`started`).

        Args:
            cache_bytes: Size of the cache; its slots are the largest power of two in it.
            write_bytes: Bytes that one write changes.
        """
        slots = max(1, cache_bytes // PAGE_BYTES)
        self._slots = 1 << (slots.bit_length() - 1)
        self._write_bytes = write_bytes
        self._kept: dict[int, tuple[int, int, int]] = {}
        self.started = False

    def slot_of(self, page: int) -> int:
        """Return the one slot that a page can be in."""
        return page % self._slots

    def entry(self, slot: int) -> tuple[int, int, int] | None:
        """Return what a slot holds: (page, its write count, reads of the log by then)."""
        return self._kept.get(slot)

    def restore(self, slot: int, entry: tuple[int, int, int] | None) -> None:
        """Put a slot back to what `entry` told of it."""
        if entry is None:
            self._kept.pop(slot, None)
        else:
            self._kept[slot] = entry

    def delta_bytes(self, page: int, version: int, reads: int, *, last: bool) -> int | None:
        """Return the bytes of a page's change, 0 if there is none, None: it is sent whole.

        Args:
            page: Its number.
            version: How often it was written.
            reads: Reads of the dirty log so far.
            last: The machine is stopped: the cache is not changed any more.
        """
        slot = page % self._slots
        kept = self._kept.get(slot)
        if kept is None or kept[0] != page:
            free = kept is None or kept[2] + LIFETIME_READS <= reads
            if free and not last:
                self._kept[slot] = (page, version, reads)
            return None
        size = self._changed_bytes(version - kept[1])
        if not last and (size is None or size):
            self._kept[slot] = (page, version, reads)
        return size

    def _changed_bytes(self, writes: int) -> int | None:
        run = RUN_BYTES if self._write_bytes < SHORT_RUN else LONG_RUN_BYTES
        words = min(writes, PAGE_BYTES // max(1, self._write_bytes))
        size = words * (run + self._write_bytes)
        return size if size <= PAGE_BYTES else None
