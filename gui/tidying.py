"""Memory that runs have left goes back to the system once nobody waits for the window."""

from typing import Final

from PySide6.QtCore import QObject, QTimer

from gui.heap import give_back
from gui.session import Session

REST_MS: Final = 1000
"""So long after the newest run has come, and nothing is in hand."""


class Tidying(QObject):
    """Gives back what is free in the heap, a moment after one run has taken another's place."""

    def __init__(self, session: Session, parent: QObject) -> None:
        """Watch which runs come."""
        super().__init__(parent)
        self._session = session
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._on_rest)
        session.history_changed.connect(lambda history, previous: self._rest.start())

    def _on_rest(self) -> None:
        if self._session.editing or not self._session.settled:
            self._rest.start()
        else:
            give_back()
