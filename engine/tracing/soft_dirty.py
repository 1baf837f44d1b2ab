"""Sees writes by the soft-dirty bits of pagemap, for kernels without write protection.

Bit 55 of a page's entry says that it was written since the bits were cleared. Reading and
clearing are two steps: a write between them is missed. The process is not stopped.

Source: Linux Documentation/admin-guide/mm/soft-dirty.rst and pagemap.rst.
"""

import ctypes
import mmap
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.tracing.kernel import PAGE_BYTES
from engine.tracing.pagemap import Look, PageNumbers, Process, Watcher

_MOST_ENTRIES: Final = 1 << 20
_SOFT_DIRTY_BIT, _FILE_BIT, _SWAPPED_BIT, _PRESENT_BIT = 55, 61, 62, 63


class SoftDirtyWatcher(Watcher):
    """Sees writes by the soft-dirty bits of pagemap; needs no stop of the process."""

    mechanism = "soft-dirty"

    def __init__(self, pid: int) -> None:
        """Open the process.

        Raises:
            OSError: No right to, or it is gone.
        """
        self._process = Process(pid)
        self._clear = -1
        try:
            self._clear = self._process.open("clear_refs", os.O_WRONLY)
        finally:
            if self._clear < 0:
                self._process.close()
        self._first = True

    def look(self) -> Look:
        """Return the pages written since the look before, and clear the bits."""
        mappings = self._process.mappings()
        written, resident = [np.empty(0, np.uint64)], 0
        pagemap = self._process.open("pagemap")
        try:
            for begin, end in mappings:
                for first, entries in _entries(pagemap, begin, end):
                    own = populated(entries)
                    dirty = own if self._first else own & soft_dirty(entries)
                    written.append(np.flatnonzero(dirty).astype(np.uint64) + np.uint64(first))
                    resident += int(np.count_nonzero(own))
        finally:
            os.close(pagemap)
        with suppress(ProcessLookupError):
            os.write(self._clear, b"4")
        self._first = False
        return Look(np.concatenate(written), resident)

    def close(self) -> None:
        """Close what was opened."""
        if self._clear >= 0:
            os.close(self._clear)
            self._clear = -1
            self._process.close()


def _entries(pagemap: int, begin: int, end: int) -> Iterator[tuple[int, PageNumbers]]:
    """Yield number of the first page and 64-bit entries of parts of a mapping."""
    first, last = begin // PAGE_BYTES, end // PAGE_BYTES
    while first < last:
        wanted = min(_MOST_ENTRIES, last - first)
        entries = np.frombuffer(os.pread(pagemap, 8 * wanted, 8 * first), np.uint64)
        if not len(entries):
            return
        yield first, entries
        first += len(entries)


def _bit(entries: PageNumbers, number: int) -> npt.NDArray[np.bool_]:
    bits: npt.NDArray[np.bool_] = (entries >> np.uint64(number)) & np.uint64(1) != 0
    return bits


def populated(entries: PageNumbers) -> npt.NDArray[np.bool_]:
    """Return which entries of a pagemap are pages of the process's own, as booleans."""
    there = _bit(entries, _PRESENT_BIT) | _bit(entries, _SWAPPED_BIT)
    return there & ~_bit(entries, _FILE_BIT)


def soft_dirty(entries: PageNumbers) -> npt.NDArray[np.bool_]:
    """Return which entries of a pagemap have their soft-dirty bit, as booleans."""
    return _bit(entries, _SOFT_DIRTY_BIT)


def has_soft_dirty() -> bool:
    """Return whether soft-dirty bits work: a page of ours is written before and after a clearing.

    On a kernel without them the clearing succeeds as well, and the bit never appears.
    """
    page = mmap.mmap(-1, PAGE_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    seen = []
    try:
        address = ctypes.addressof(ctypes.c_char.from_buffer(page))
        pagemap = os.open("/proc/self/pagemap", os.O_RDONLY)
        try:
            page[0] = 1
            for written in (False, True):
                Path("/proc/self/clear_refs").write_text("4")
                if written:
                    page[0] = 2
                _, entries = next(_entries(pagemap, address, address + PAGE_BYTES))
                seen.append(bool(soft_dirty(entries)[0]))
        finally:
            os.close(pagemap)
    except (OSError, StopIteration):
        return False
    return seen == [False, True]
