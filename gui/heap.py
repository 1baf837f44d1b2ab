"""The heap of the C library, bounded: memory that is free goes back to the system.

By default glibc gives every thread that allocates an arena of its own, and learns from every large
block that is freed to keep larger ones in the heap. A window that takes runs of some megabytes from
a thread, draws large pictures and frees both all day then holds more and more memory that is free
but broken into pieces. Python's objects and numpy's arrays are not more than before.
"""

import ctypes
import gc
import sys
from typing import Final

M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
M_ARENA_MAX: Final = -8
"""Names as in malloc.h."""
LARGE_BLOCK_BYTES: Final = 2**20
"""Blocks from this size on are mapped on their own: freed, they are gone at once."""
KEPT_FREE_BYTES: Final = 2 * 2**20
"""So much may lie free at the end of the heap."""


def bound_heap() -> bool:
    """Let the C library keep one heap, and give large blocks and the free end of it back.

    Returns:
        Whether it could be told so: glibc alone knows these settings. Elsewhere nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = (
        (M_ARENA_MAX, 1),
        (M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES),
        (M_TRIM_THRESHOLD, KEPT_FREE_BYTES),
    )
    # Each call answers 1 when the setting was taken.
    return all(mallopt(name, value) == 1 for name, value in settings)


def give_back() -> bool:
    """Give what is free in the middle of the heap back to the system too.

    It takes a few milliseconds and is worth it once a run of some megabytes was dropped.

    Returns:
        Whether the C library can do it: glibc alone can. Elsewhere nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return False
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:
        return False
    trim(0)
    return True


def leave_out_of_collections() -> None:
    """Let the garbage collector pass over what exists now, which stays as long as the window.

    Otherwise each of its full passes goes through all classes, functions and widgets, and the event
    loop stands still meanwhile. What is made later is collected as ever.
    """
    gc.freeze()
