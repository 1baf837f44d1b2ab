"""The way to `gui.live_wiring`, which is imported when somebody attaches for the first time.

Starting the program must not wait for what most people never use. Until then the other live actions
are off, and there is no live bar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from gui.main_window import MainWindow
from gui.player import Player
from gui.session import Session
from gui.settings import Settings

if TYPE_CHECKING:
    from gui.live_wiring import Live


class LiveDoor(QObject):
    """Makes the live part when it is needed.

    Args:
        window: Its action "Attach to QEMU" opens the door.
        player: Follows the end of the recording.
        session: Shows the recording.
        settings: Remembers sockets; None: for as long as the window lives.
    """

    def __init__(
        self,
        window: MainWindow,
        player: Player,
        session: Session,
        settings: Settings | None = None,
    ) -> None:
        super().__init__(window)
        self._window, self._player, self._session = window, player, session
        self._settings = settings
        self._live: Live | None = None
        a = window.actions_by_name
        a.attach.triggered.connect(lambda checked=False: self.live.ask_where())
        for action in (
            a.live_start, a.live_cancel, a.live_bandwidth, a.live_downtime, a.live_postcopy,
            a.live_show, a.save_recording, a.detach,
        ):  # fmt: skip
            action.setEnabled(False)

    @property
    def live(self) -> Live:
        """Return the live part."""
        if self._live is None:
            from gui.live_wiring import Live

            self._live = Live(self._window, self._player, self._session, self._settings)
        return self._live
