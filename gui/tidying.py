"""Memory that is free goes back to the system once nobody waits for the window."""

import gc
from typing import Final

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QPixmapCache

from gui.heap import give_back
from gui.main_window import MainWindow
from gui.run_controller import RunController
from gui.session import Session
from gui.style.patterns import pattern_mask, state_picture
from gui.style.theme import forget_glyphs
from gui.views.page_coding import bar_mask
from gui.views.pool_tiles import tile_image

KEPT_PICTURES: Final = (tile_image, state_picture, pattern_mask, bar_mask)
"""What keeps pictures by their looks and sizes."""
REST_MS: Final = 1000
"""So long after the last of what leaves memory behind, and no slider is in hand."""


class Tidying(QObject):
    """Collects garbage and gives back what is free, a moment after much was dropped.

    Much is dropped when one run takes another's place, when models have answered, when a dialog
    has closed, and when everything was drawn anew in other colours or another size.
    """

    def __init__(self, window: MainWindow, session: Session, runs: RunController) -> None:
        """Watch what comes and goes."""
        super().__init__(window)
        self._session = session
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._on_rest)
        session.history_changed.connect(lambda history, previous: self._rest.start())
        runs.models_finished.connect(lambda spec, request, rows, frontier: self._rest.start())
        window.room_changed.connect(self._rest.start)
        window.theme_changed.connect(lambda theme: self._rest.start())
        window.installEventFilter(self)

    @property
    def done(self) -> bool:
        """Return whether nothing has been left behind since it was tidied."""
        return not self._rest.isActive()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Begin to wait when a dialog has gone and the window is in front again."""
        if event.type() == QEvent.Type.WindowActivate:
            self._rest.start()
        return False

    def _on_rest(self) -> None:
        if self._session.editing:
            self._rest.start()
            return
        self.tidy()

    def tidy(self) -> None:
        """Give back what can be given back, in a few milliseconds."""
        if gc.get_freeze_count():
            gc.collect()  # what stays as long as the window is passed over
        # Pictures of buttons, letters, tiles and patterns in every size and state that there ever
        # was, tens of MiB: those on screen are drawn again in no time.
        QPixmapCache.clear()
        for pictures in KEPT_PICTURES:
            pictures.cache_clear()
        forget_glyphs()
        give_back()
