"""The table of published figures, computed in the background: some hundred runs take their time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Signal

from engine.scenario import bundled_scenarios
from gui.background import Background, Tell

if TYPE_CHECKING:
    from engine.reproduce import Reproduced

MODELS: Final = "models"
BUG_SENTENCE: Final = (
    "The published figures could not be computed; this is a bug of ours: {details}"
)


def _work(tell: Tell) -> None:
    """Compute all rows and tell the window, in the worker."""
    from engine.reproduce import reproduce

    tell("rows", reproduce((), lambda name: tell("began", name)))


class Reproduction(QObject):
    """Computes the rows of `engine.reproduce` and keeps them.

    Attributes:
        began: With the name of the scenario that is being run.
        changed: It was started, stopped, or has its rows.
        failed: With a sentence.
    """

    began = Signal(str)
    changed = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        """Make it; nothing runs before `start`."""
        super().__init__(parent)
        self.rows: tuple[Reproduced, ...] = ()
        self.done: list[str] = []
        self._background = Background(self)
        self._background.told.connect(self._take)
        self._background.changed.connect(self.changed)
        self._background.failed.connect(
            lambda details: self.failed.emit(BUG_SENTENCE.format(details=details))
        )

    @property
    def busy(self) -> bool:
        """Return whether the worker is at work."""
        return self._background.busy

    @property
    def n_parts(self) -> int:
        """Return in how many steps it is told how far it has come, at most."""
        return len(bundled_scenarios()) + 1

    def start(self) -> None:
        """Compute all rows; once at a time."""
        if not self.busy:
            self.done = []
            self._background.start(_work)

    def stop(self) -> None:
        """Give up; rows of an earlier time stay."""
        self._background.stop()

    def _take(self, what: str, value: Any) -> None:
        if what == "began":
            self.done.append(value)
            self.began.emit(value)
        else:
            self.rows = tuple(value)
