"""The runs of a lesson's steps: at once if they are over in a moment, by the worker otherwise.

A part of `gui.teaching`.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.errors import ScenarioError
from engine.history import History
from engine.scenario import Scenario
from gui.run_controller import RunController, bug_sentence

if TYPE_CHECKING:
    from gui.run_controller import Run


class LessonRuns(QObject):
    """Makes one run at a time; the newest wish counts.

    Signals:
        made: A run that was waited for is there: its scenario and its history.
        failed: It cannot be made: sentences that say why.
    """

    made = Signal(object, object)
    failed = Signal(list)
    _arrived = Signal(int, object, object)

    def __init__(self, runs: RunController, parent: QObject) -> None:
        """Wait for nothing.

        Args:
            runs: Makes runs.
            parent: As Qt has it.
        """
        super().__init__(parent)
        self._runs = runs
        self._number = 0
        self.waiting = False
        # The worker answers in a thread of its own: the signal leads back here.
        self._arrived.connect(self._on_arrived)

    def run_of(self, scenario: Scenario) -> History | None:
        """Return a run that is over in a moment; None: it comes with `made`.

        Raises:
            ScenarioError: The scenario cannot be run.
        """
        self.stop()
        history = self._runs.simulate_at_once(scenario, share=2)
        if history is None:
            self.waiting = True
            number = self._number

            def emit(future: Future[Run]) -> None:
                if not future.cancelled():
                    self._arrived.emit(number, scenario, future)

            self._runs.simulate_aside(scenario).add_done_callback(emit)
        return history

    def stop(self) -> None:
        """Wait no longer."""
        self._number += 1
        self.waiting = False

    def _on_arrived(self, number: int, scenario: Scenario, future: Future[Run]) -> None:
        if number != self._number:
            return
        self.stop()
        error = future.exception()
        if error is None:
            self.made.emit(scenario, future.result()[0])
        elif isinstance(error, ScenarioError):
            self.failed.emit(list(error.faults))
        else:
            self.failed.emit([bug_sentence(error)])
