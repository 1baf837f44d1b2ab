"""Seeded random hands on the window: clicks, keys, drags, wheels, seeks, sliders, dialogs."""

import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import TracebackType

from PySide6.QtCore import QEvent, QEventLoop, QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QMenuBar, QWidget
from shiboken6 import isValid

from gui.app import Parts

PLACES = 6
"""So many of the innermost places of an exception are told."""
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
NOT_TOUCHED = frozenset(
    {"quit", "open_file", "save_scenario", "export_picture", "save_recording", "attach",
     "open_share_code"}
)
"""Actions that leave the window, or open dialogs of the desktop."""
FILE_DIALOGS = {
    "getOpenFileName": ("", ""), "getOpenFileNames": ([], ""), "getSaveFileName": ("", ""),
    "getExistingDirectory": "",
}
KEYS = (
    Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End,
    Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Tab, Qt.Key.Key_Return, Qt.Key.Key_Escape,
    Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_7,
)


class Monkey:
    """Random hands.

    Attributes:
        done: How often each kind of thing was done.
        failures: Exceptions of slots, which Qt would only print.
    """

    def __init__(self, parts: Parts, seed: int) -> None:
        """Take a window."""
        self._parts, self._random = parts, Random(seed)
        self.done: Counter[str] = Counter()
        self.failures: list[str] = []

    def act(self, name: str) -> None:
        """Do one action by its name, unless it leaves the window, and close what it opens."""
        with self._watching():
            rows = self._parts.window.actions_by_name.rows()
            action = next(action for row, action in rows if row.name == name)
            if name not in NOT_TOUCHED and self._may(action):
                action.trigger()
            QTest.qWait(20)
            self._close_all()
            self._process()

    def play(self, seconds: float) -> None:
        """Do random things for so long, in real time."""
        with self._watching():
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                self._do_something()
                self._process()
            self._close_all()
            self._process()

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Note exceptions of slots, and choose no file."""
        before = sys.excepthook
        sys.excepthook = self._note
        # Dialogs of the desktop wait for somebody: nobody chooses a file.
        asked = {name: getattr(QFileDialog, name) for name in FILE_DIALOGS}
        for name, nothing in FILE_DIALOGS.items():
            setattr(QFileDialog, name, staticmethod(lambda *a, nothing=nothing, **k: nothing))
        try:
            yield
        finally:
            sys.excepthook = before
            for name, real in asked.items():
                setattr(QFileDialog, name, real)

    def _note(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        frames = traceback.extract_tb(trace)[-PLACES:]
        places = " > ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames)
        self.failures.append(f"{kind.__name__}: {error} ({places or '?'})")

    def _do_something(self) -> None:
        hands: tuple[tuple[int, str, Callable[[], None]], ...] = (
            (5, "click", self._click), (5, "key", self._key), (3, "drag", self._drag),
            (4, "seek", self._seek), (3, "slider", self.slide), (4, "action", self._act),
            (2, "wheel", self._wheel), (3, "wait", self._wait), (2, "close", self._close_all),
        )
        _, name, hand = self._random.choices(hands, [weight for weight, _, _ in hands])[0]
        self.done[name] += 1
        hand()

    def _process(self) -> None:
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def _target(self) -> QWidget:
        """Return the dialog that stands, or the window."""
        return QApplication.activeModalWidget() or self._parts.window

    def _spot(self, widget: QWidget) -> QPoint:
        x, y = max(1, widget.width() - 1), max(1, widget.height() - 1)
        return QPoint(self._random.randrange(x), self._random.randrange(y))

    def _touchable(self) -> tuple[QWidget, QPoint] | None:
        target = self._target()
        spot = self._spot(target)
        widget = target.childAt(spot) or target
        if isinstance(widget, QMenuBar | QMenu) or not widget.isEnabled():
            return None
        button = next(
            (n for n, b in self._parts.window.buttons.items() if b is widget), ""
        )
        if button in NOT_TOUCHED or "Attach" in widget.toolTip():
            return None
        return widget, widget.mapFrom(target, spot)

    def _click(self) -> None:
        found = self._touchable()
        if found is not None:
            QTest.mouseClick(found[0], LEFT, NONE, found[1])

    def _key(self) -> None:
        target = QApplication.focusWidget() or self._target()
        QTest.keyClick(target, self._random.choice(KEYS))

    def _drag(self) -> None:
        found = self._touchable()
        if found is None:
            return
        widget, start = found
        end = self._spot(widget)
        QTest.mousePress(widget, LEFT, NONE, start)
        for step in range(1, 5):
            QTest.mouseMove(widget, start + (end - start) * step / 4)
            self._process()
        if self._random.random() < 0.2 and isValid(widget):
            QTest.keyClick(widget, Qt.Key.Key_Escape)
        if isValid(widget):  # a drag may end what it was in
            QTest.mouseRelease(widget, LEFT, NONE, end)

    def _seek(self) -> None:
        player = self._parts.player
        player.seek(self._random.randrange(player.end_ns + 1))

    def slide(self) -> None:
        """Drag one of two sliders to and fro."""
        controls = self._parts.window.controls
        row = self._random.choice((controls.bandwidth, controls.dirty_rate))
        if row.slider.isVisible() and row.slider.isEnabled():
            row.slider.setSliderDown(True)
            for _ in range(4):
                low, high = row.slider.minimum(), row.slider.maximum()
                row.slider.setValue(self._random.randint(low, high))
                self._process()
            row.slider.setSliderDown(False)

    def _act(self) -> None:
        rows = self._parts.window.actions_by_name.rows()
        row, action = self._random.choice(rows)
        if row.name not in NOT_TOUCHED and self._may(action):
            action.trigger()

    def _may(self, action: QAction) -> bool:
        return action.isEnabled() and QApplication.activeModalWidget() is None

    def _wheel(self) -> None:
        window = self._parts.window
        view = self._random.choice((window.pages.source, window.plots, window.timeline))
        spot = QPointF(self._spot(view))
        event = QWheelEvent(
            spot, view.mapToGlobal(spot), QPoint(), QPoint(0, self._random.choice((-120, 120))),
            Qt.MouseButton.NoButton, NONE, Qt.ScrollPhase.NoScrollPhase, False,
        )
        QApplication.sendEvent(view, event)

    def _wait(self) -> None:
        QTest.qWait(self._random.randrange(60))

    def _close_all(self) -> None:
        """Close what lies over the window."""
        for _ in range(5):
            popup = QApplication.activePopupWidget()
            modal = QApplication.activeModalWidget()
            if popup is None and modal is None:
                return
            (popup or modal).close()  # type: ignore[union-attr]
            self._process()
