"""Trying the knobs of a migration in the background: see `engine.knobs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Signal

from engine.scenario import Scenario
from gui.background import Background, Tell

if TYPE_CHECKING:
    from engine.knobs import Trial

BUG_SENTENCE: Final = "The knobs could not be tried; this is a bug of ours: {details}"


def _work(tell: Tell, scenario: Scenario, request: int) -> None:
    """Try every knob, in the worker."""
    from engine.knobs import knob_names, try_knob

    for name in knob_names(scenario, request):
        tell("trying", name)
        tell("tried", try_knob(scenario, request, name))


class KnobTrials(QObject):
    """Tries the knobs of one migration at a time and keeps what came of it.

    Attributes:
        changed: It was started or stopped, tries another knob, or has ended.
        failed: With a sentence.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        """Make it; nothing runs before `start`."""
        super().__init__(parent)
        self.scenario: Scenario | None = None
        self.request = 0
        self.trials: list[Trial] = []
        self.trying = ""
        self._background = Background(self)
        self._background.told.connect(self._take)
        self._background.changed.connect(self._on_changed)
        self._background.failed.connect(
            lambda details: self.failed.emit(BUG_SENTENCE.format(details=details))
        )

    @property
    def busy(self) -> bool:
        """Return whether knobs are being tried."""
        return self._background.busy

    def start(self, scenario: Scenario, request: int) -> None:
        """Try the knobs of a migration.

        Args:
            scenario: As it is in force.
            request: The migration's place in it.
        """
        self.scenario, self.request, self.trials, self.trying = scenario, request, [], ""
        self._background.start(_work, scenario, request)

    def stop(self) -> None:
        """Give up; what was found stays."""
        self._background.stop()

    def _take(self, what: str, value: Any) -> None:
        if what == "trying":
            self.trying = value
        else:
            self.trials.append(value)
        self.changed.emit()

    def _on_changed(self) -> None:
        if not self.busy:
            self.trying = ""
        self.changed.emit()
