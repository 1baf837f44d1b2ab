"""The heap of the C library gives back what is free."""

import ctypes
import gc
import subprocess
import sys
import weakref

import pytest
from PySide6.QtGui import QPixmap, QPixmapCache
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui import tidying
from gui.app import Parts
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


LEFT = """
import ctypes, sys
from pathlib import Path
from gui.heap import give_back
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes, libc.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
blocks = [libc.malloc(100_000) for _ in range(400)]
for block in blocks:
    ctypes.memset(block, 1, 100_000)
for block in blocks[:-1]:
    libc.free(block)
def own_kib():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))
before = own_kib()
assert give_back()
print(before - own_kib())
"""


@pytest.mark.skipif(not has_mallinfo2(), reason="needs the C library glibc, 2.33 or newer")
def test_what_is_free_below_a_block_in_use_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", LEFT], capture_output=True, text=True, check=True)

    assert int(done.stdout) > 0.9 * 399 * 100_000 / 1024


def test_heap_is_tidied_after_a_run_has_come_and_not_while_a_slider_is_in_hand(
    parts: Parts, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[bool] = []
    monkeypatch.setattr(tidying, "give_back", lambda: given.append(True))
    slider = parts.window.controls.bandwidth.slider
    slider.setSliderDown(True)
    slider.setValue(slider.value() - 10)
    qtbot.wait(2 * tidying.REST_MS)
    assert parts.session.editing and given == []

    slider.setSliderDown(False)
    qtbot.waitUntil(lambda: bool(given), timeout=20_000)
    qtbot.wait(2 * tidying.REST_MS)
    assert len(given) <= 2  # once more when the models have answered
    done = len(given)
    qtbot.wait(2 * tidying.REST_MS)
    assert len(given) == done


def test_pictures_of_buttons_and_tiles_are_given_back_too(parts: Parts) -> None:
    parts.window.grab()
    picture = QPixmap(64, 64)
    picture.fill()
    assert QPixmapCache.insert("a button", picture)

    assert tidying.tile_image.cache_info().currsize > 0

    parts.wiring.tidying.tidy()

    assert not QPixmapCache.find("a button", picture)
    assert [kept.cache_info().currsize for kept in tidying.KEPT_PICTURES] == [0, 0, 0, 0]


def test_heap_is_tidied_after_a_dialog_has_closed(
    parts: Parts, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    qtbot.wait(2 * tidying.REST_MS)
    given: list[bool] = []
    monkeypatch.setattr(tidying, "give_back", lambda: given.append(True))
    parts.window.actions_by_name.keys.trigger()
    sheet = QApplication.activeModalWidget()
    assert sheet is not None
    sheet.close()
    parts.window.activateWindow()
    qtbot.waitUntil(lambda: given == [True], timeout=20_000)
