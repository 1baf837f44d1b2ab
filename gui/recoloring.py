"""Other colours for the whole window, a slice at a time, so that the event loop turns meanwhile."""

import time
from collections.abc import Iterator
from typing import Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

SLICE_S: Final = 0.008
"""After so long the event loop has its turn, whatever is left to do."""


class Recoloring(QObject):
    """Does steps of work on a widget, which is painted again when all are done."""

    def __init__(self, widget: QWidget) -> None:
        """Have nothing to do yet."""
        super().__init__(widget)
        self._widget = widget
        self._steps: Iterator[None] | None = None
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._go_on)

    @property
    def under_way(self) -> bool:
        """Return whether steps are left."""
        return self._steps is not None

    def begin(self, steps: Iterator[None]) -> None:
        """Do the first steps now and the others in later turns; what was left before is not done.

        What is half done is not painted: the old picture stands until then.
        """
        self._steps = steps
        self._widget.setUpdatesEnabled(False)
        self._timer.start()
        self._go_on()

    def stop(self) -> None:
        """Do nothing more, and paint what there is."""
        if self._steps is not None:
            self._steps = None
            self._timer.stop()
            self._widget.setUpdatesEnabled(True)

    def _go_on(self) -> None:
        end_s = time.perf_counter() + SLICE_S
        steps = self._steps
        try:
            while steps is not None and steps is self._steps and time.perf_counter() < end_s:
                next(steps)
        except StopIteration:
            self.stop()
