"""The window as a whole: parts painted alone, connections in any order, a long rough session."""

import gc
import random
import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.scenario import Scenario, load_scenario
from gui import wiring
from gui.app import Parts
from gui.main_window import HistoryView, MainWindow
from gui.wiring import Wiring
from tests.gui.conftest import FakeWallClock, Opener

Settle = Callable[[Parts], None]
SECOND_NS = 1_000_000_000
STEPS = 300
KEYS = (
    Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp,
    Qt.Key.Key_Home, Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_T,
)  # fmt: skip
FEWER_REFERENCES = 100
"""So many references to True may come and go between two looks."""
ROUNDING = 1
"""Qt blends a translucent picture by another path when only part of it is painted."""
LAYOUT_TURNS = 3
Pixels = npt.NDArray[np.int16]


def on_screen(window: MainWindow) -> Pixels:
    """Return what the screen shows of a window, shape (height, width, 4): nothing is painted."""
    for _ in range(LAYOUT_TURNS):
        QApplication.processEvents()
    image = window.screen().grabWindow(window.winId()).toImage()
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    flat = np.frombuffer(image.constBits(), np.uint8)
    return flat.reshape(image.height(), image.width(), 4).astype(np.int16)


def paint_everything(window: MainWindow) -> None:
    """Ask every part of a window to paint itself."""
    for widget in window.findChildren(QWidget):
        widget.update()


@pytest.mark.parametrize("name", ["recorded-demo", "postcopy-pull"])
def test_what_is_painted_in_parts_is_what_is_painted_at_once(
    open_window: Opener, name: str
) -> None:
    parts = open_window(load_scenario(name))
    rng = random.Random(4)
    t_ns = parts.player.end_ns // 3
    for step in range(40):
        far = step % 8 == 0
        t_ns = rng.randrange(parts.player.end_ns) if far else t_ns + rng.randrange(80_000_000)
        parts.player.seek(t_ns)
        in_parts = on_screen(parts.window)
        paint_everything(parts.window)

        worst = np.abs(on_screen(parts.window) - in_parts).max()
        assert worst <= ROUNDING, f"at {parts.player.t_ns} ns"


class ShuffledWiring(Wiring):
    """Makes the connections in another order."""

    seed = 0

    def _connect_player(self) -> None:
        """Wait for the last one."""

    def _connect_session(self) -> None:
        """Wait for the last one."""

    def _connect_views(self) -> None:
        """Wait for the last one."""

    def _connect_actions(self) -> None:
        connect = [
            super()._connect_player, super()._connect_session,
            super()._connect_views, super()._connect_actions,
        ]  # fmt: skip
        random.Random(self.seed).shuffle(connect)
        for part in connect:
            part()


def picture_after_a_few_steps(parts: Parts, settle: Settle) -> QImage:
    """Return the window after a seek, an edit in mid-run and a step."""
    parts.player.seek(7 * SECOND_NS)
    parts.session.edit("network.bandwidth", "600 Mbit/s")
    parts.session.end_gesture()
    settle(parts)
    parts.player.step_event(1)
    return parts.window.centralWidget().grab().toImage()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_connections_in_any_order_give_the_same_window(
    open_window: Opener, settle: Settle, demo: Scenario, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    usual = picture_after_a_few_steps(open_window(demo), settle)
    in_order = MainWindow.views.fget
    assert in_order is not None

    def shuffled(window: MainWindow) -> tuple[HistoryView, ...]:
        views = list(in_order(window))
        random.Random(seed).shuffle(views)
        return tuple(views)

    monkeypatch.setattr(MainWindow, "views", property(shuffled))
    monkeypatch.setattr(ShuffledWiring, "seed", seed)
    monkeypatch.setattr(wiring, "Wiring", ShuffledWiring)

    assert picture_after_a_few_steps(open_window(demo), settle) == usual


def test_a_long_rough_session_leaves_nothing_behind(
    parts: Parts, qtbot: QtBot, settle: Settle, clock: FakeWallClock
) -> None:
    window, rng = parts.window, random.Random(11)
    sliders = [window.controls.bandwidth.slider, window.controls.dirty_rate.slider]

    def rough(steps: int) -> None:
        for _ in range(steps):
            kind = rng.randrange(4)
            if kind == 0:
                qtbot.keyClick(window, rng.choice(KEYS))
            elif kind == 1:
                parts.player.seek(rng.randrange(parts.player.end_ns))
            elif kind == 2:
                slider = rng.choice(sliders)
                slider.setValue(rng.randrange(slider.minimum(), slider.maximum()))
            clock.pass_ms(rng.randrange(60))
            parts.player.tick()
            QApplication.processEvents()
        parts.session.reset()
        parts.player.to_start()
        settle(parts)
        gc.collect()

    rough(STEPS // 6)
    objects, references = len(window.findChildren(QObject)), sys.getrefcount(True)
    rough(STEPS)

    assert len(window.findChildren(QObject)) <= objects
    assert sys.getrefcount(True) > references - FEWER_REFERENCES
