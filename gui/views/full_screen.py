"""Filling the screen, and being afterwards as before: a maximised window stays one."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget


def fill_screen(window: QWidget, on: bool) -> None:
    """Let a window fill the screen, or be again what it was before it did."""
    # `showFullScreen` and `showNormal` forget that a window was maximised.
    full = Qt.WindowState.WindowFullScreen
    states = window.windowState() & ~Qt.WindowState.WindowMinimized
    window.setWindowState(states | full if on else states & ~full)
    window.show()
