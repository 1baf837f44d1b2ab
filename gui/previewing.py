"""A coarse preview of a run that takes long: what a closed-form model says, until the run is there.

A run is usually simulated within a few tens of milliseconds. When it is not, the title line gives a
model's figures at once and says that they are a model's; the figures at the side are marked as
those of the run before.
"""

from typing import Final

from PySide6.QtCore import QObject, QTimer

from engine.history import History
from engine.scenario import Scenario
from gui.main_window import MainWindow
from gui.models.preview_text import preview_text
from gui.run_controller import RunController
from gui.session import Session

PREVIEW_AFTER_MS: Final = 45
"""A run that takes longer gets a preview; one that does not shows itself."""


class Previewing(QObject):
    """Shows the preview while the run controller is busy with the newest version."""

    def __init__(self, window: MainWindow, session: Session, runs: RunController) -> None:
        """Watch what is edited and what arrives."""
        super().__init__(window)
        self._window, self._session, self._runs = window, session, runs
        self._shown = False
        self._timer = QTimer(self, singleShot=True, interval=PREVIEW_AFTER_MS)
        self._timer.timeout.connect(self._show)
        session.scenario_changed.connect(self._on_scenario_changed)
        session.history_changed.connect(self._on_history_changed)
        session.failed.connect(lambda faults: self._end())

    @property
    def shown(self) -> bool:
        """Return whether a preview stands in the place of a run."""
        return self._shown

    def _on_scenario_changed(self, scenario: Scenario) -> None:
        if self._shown:
            self._show()  # the hand goes on while a run is awaited: so does the preview
        elif not self._timer.isActive():
            self._timer.start()

    def _on_history_changed(self, history: History, previous: History | None) -> None:
        if self._runs.busy:
            self._timer.start()  # what has come is not the newest: that is still awaited
            return
        self._timer.stop()
        self._end()

    def _show(self) -> None:
        scenario = self._session.scenario
        if scenario is None or self._session.history is None or not self._runs.busy:
            return
        self._shown = True
        self._window.outcome.set_outdated(True)
        self._window.show_notice(preview_text(scenario, self._session.selected))

    def _end(self) -> None:
        if self._shown:
            self._shown = False
            self._window.outcome.set_outdated(False)
