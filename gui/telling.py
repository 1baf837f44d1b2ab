"""Tells the state in words: on a line that can be shown, and to screen readers.

Words cost more than a frame: they are made at most a few times a second while playing, and once
the playhead rests. Screen readers hear of a new phase at once, but not more often than once a
second.
"""

from typing import Final

from PySide6.QtCore import QElapsedTimer, QObject, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

from engine.history import Frame
from engine.summary import state_summary
from gui.main_window import MainWindow
from gui.session import Session
from gui.settings import Settings

EVERY_MS: Final = 300
ANNOUNCED_EVERY_MS: Final = 1000


class Telling(QObject):
    """Keeps the words up to date.

    Attributes:
        announced: What screen readers were told last.
    """

    def __init__(self, window: MainWindow, session: Session, settings: Settings) -> None:
        """Connect the line and its action."""
        super().__init__(window)
        self._window, self._session, self._settings = window, session, settings
        self.announced = ""
        self._frame: Frame | None = None
        self._phase = ""
        self._since = QElapsedTimer()
        self._timer = QTimer(self, singleShot=True, interval=EVERY_MS)
        self._timer.timeout.connect(self.tell)
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self.tell)
        action = window.actions_by_name.summary
        action.setChecked(settings.flag("summary", False))
        action.toggled.connect(self._on_toggled)
        window.summary.setVisible(action.isChecked())

    def show_frame(self, frame: Frame) -> None:
        """Take an instant; the words follow."""
        self._frame = frame
        if not self._timer.isActive():
            self._timer.start()

    def tell(self) -> None:
        """Say what is, now."""
        history, vm, frame = self._session.history, self._session.selected, self._frame
        if history is None or frame is None or vm not in frame.vms:
            return
        words = state_summary(history, frame.t_ns, vm, counts=self._window.pages.totals(frame.t_ns))
        self._window.summary.say(words)
        self._window.setAccessibleDescription(words)
        found = frame.vms[vm]
        phase = f"{found.status} {found.phase} {found.host}"
        if phase != self._phase:
            self._announce(phase, words)

    def _announce(self, phase: str, words: str) -> None:
        """Tell screen readers of a new phase, now or as soon as a second has passed."""
        rest_ms = ANNOUNCED_EVERY_MS - self._since.elapsed() if self._since.isValid() else 0
        if rest_ms > 0:
            # The playhead may rest by then, and nothing else would tell.
            self._later.start(rest_ms)
            return
        self._phase, self.announced = phase, words
        self._since.start()
        if QAccessible.isActive():
            QAccessible.updateAccessibility(
                QAccessibleAnnouncementEvent(self._window.summary, words)
            )

    def _on_toggled(self, on: bool) -> None:
        self._settings.put("summary", on)
        self._window.summary.setVisible(on)
        self.tell()
