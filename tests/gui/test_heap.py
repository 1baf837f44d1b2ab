"""The heap of the C library gives back what is free."""

import ctypes
import gc
import subprocess
import sys
import weakref

import pytest

from gui.heap import bound_heap, leave_out_of_collections

SIZES = """
import ctypes, sys
from gui.heap import bound_heap
class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
        "fordblks", "keepcost")]
libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Info
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes, libc.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
if "bounded" in sys.argv:
    assert bound_heap()
libc.free(libc.malloc(24 << 20))  # from here on glibc would keep what is smaller in the heap
before = libc.mallinfo2().hblkhd
block = libc.malloc(4 << 20)
print(libc.mallinfo2().hblkhd - before)
"""


def has_mallinfo2() -> bool:
    return sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "mallinfo2")


def mapped_bytes(*arguments: str) -> int:
    """Return how much of a block of 4 MiB is mapped on its own, after one of 24 MiB was freed."""
    done = subprocess.run(
        [sys.executable, "-c", SIZES, *arguments], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(not has_mallinfo2(), reason="needs the C library glibc, 2.33 or newer")
def test_large_blocks_stay_out_of_the_heap() -> None:
    assert mapped_bytes("bounded") >= 4 << 20


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: pytest.fail("nothing is to be called"))

    assert not bound_heap()


def test_collections_pass_over_what_was_there_and_not_over_what_comes_later() -> None:
    class Knot:
        def __init__(self) -> None:
            self.own = self

    before = Knot()
    try:
        leave_out_of_collections()
        assert gc.get_freeze_count() > 0
        assert not any(thing is before for thing in gc.get_objects())
        later = weakref.ref(Knot())
        gc.collect()
        assert later() is None
    finally:
        gc.unfreeze()
