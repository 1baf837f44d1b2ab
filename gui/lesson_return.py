"""The window as it was before a lesson: what it played how fast, what it showed, in which sizes.

What was open is set aside by `gui.session`; this is the rest.

A part of `gui.teaching`.
"""

from __future__ import annotations

from PySide6.QtCore import QByteArray

from gui.main_window import MainWindow
from gui.player import Player


class WindowBefore:
    """What a lesson changes on the window; made before it, and used once after it."""

    def __init__(self, window: MainWindow, player: Player) -> None:
        """Take down how everything is.

        Args:
            window: Its sizes, plots and switches.
            player: Its speed.
        """
        self._window, self._player = window, player
        a, plots = window.actions_by_name, window.plots
        self._speed = player.speed
        self._loop, self._auto_pause = a.loop.isChecked(), a.auto_pause.isChecked()
        self._stretch, self._selection = plots.stretch, plots.selection
        self._side_px = window.side.verticalScrollBar().value()
        self._sizes = self._states()
        a.loop.setChecked(False)  # a lesson plays stretches of its own
        plots.clear_selection()
        plots.show_whole_run()

    def _states(self) -> dict[str, QByteArray]:
        return {name: s.saveState() for name, s in self._window.splitters.items()}

    def restore(self, *, same: bool) -> None:
        """Bring back speed, pauses and sizes; with what was open also what was seen of it.

        Args:
            same: Whether what was open then is open again.
        """
        a, plots = self._window.actions_by_name, self._window.plots
        self._player.set_speed(self._speed)
        a.auto_pause.setChecked(self._auto_pause)
        for name, state in self._sizes.items():
            self._window.splitters[name].restoreState(state)
        if not same:
            return
        if self._selection is not None:
            plots.select(self._selection.start_ns, self._selection.end_ns)
        if self._stretch is not None:
            plots.show_stretch(self._stretch)
        a.loop.setChecked(self._loop)
        self._window.side.verticalScrollBar().setValue(self._side_px)
