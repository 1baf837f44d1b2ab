"""Scrubbing by mouse and keys, the same in every view that has a time axis."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent

ARROWS: Final = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End)


class ArrowKeeper(QObject):
    """Event filter that keeps the arrow keys for a focused widget, before shortcuts take them."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Claim Left, Right, Home and End without modifiers other than Shift."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
            if event.key() in ARROWS and not plain & Qt.KeyboardModifier.ControlModifier:
                event.accept()
                return True
        return False


class Scrubber:
    """Turns presses, drags and arrow keys into instants.

    Args:
        span: Returns the length of the run (ns), None while nothing is shown.
        time_at: Returns the instant at a horizontal position, clipped to the run.
        seek: Takes the instant that the user asks for.
    """

    def __init__(
        self,
        span: Callable[[], int | None],
        time_at: Callable[[float], int],
        seek: Callable[[object], None],
    ) -> None:
        self._span, self._time_at, self._seek = span, time_at, seek

    def press(self, event: QMouseEvent) -> None:
        """Ask for the instant under the pointer."""
        if event.button() == Qt.MouseButton.LeftButton and self._span() is not None:
            self._seek(self._time_at(event.position().x()))

    def move(self, event: QMouseEvent) -> int | None:
        """Ask for it too while the button is down; return it, None while nothing is shown."""
        if self._span() is None:
            return None
        t_ns = self._time_at(event.position().x())
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._seek(t_ns)
        return t_ns

    def key(self, event: QKeyEvent, t_ns: int) -> bool:
        """Move by a hundredth of the run, with Shift by a thousandth, or to its ends.

        Args:
            event: The key.
            t_ns: Where the playhead is.

        Returns:
            Whether it was one of these keys.
        """
        end_ns = self._span()
        fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        step = max(1, (end_ns or 0) // (1000 if fine else 100))
        targets = {
            Qt.Key.Key_Left: t_ns - step,
            Qt.Key.Key_Right: t_ns + step,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: end_ns or 0,
        }
        target = targets.get(Qt.Key(event.key()))
        if target is None or end_ns is None:
            return False
        self._seek(max(0, min(end_ns, target)))
        return True
