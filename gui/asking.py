"""Why? opens beside the run and follows it; what a trial found is taken over as an edit.

A part of `gui.wiring`. While the run plays, the answers change at most four times a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer

from engine.errors import ScenarioError
from gui.knob_trials import KnobTrials
from gui.main_window import MainWindow
from gui.player import Player
from gui.session import Session

if TYPE_CHECKING:
    from engine.knobs import Trial
    from gui.dialogs.why import WhyDialog

FOLLOW_MS: Final = 250
BETWEEN_PX: Final = 24


class Asking(QObject):
    """Shows the dialog, one at a time."""

    def __init__(self, window: MainWindow, player: Player, session: Session) -> None:
        """Connect the action; nothing is shown yet."""
        super().__init__(window)
        self._window, self._player, self._session = window, player, session
        self.trials = KnobTrials(self)
        self.dialog: WhyDialog | None = None
        self._timer = QTimer(self, singleShot=True, interval=FOLLOW_MS)
        self._timer.timeout.connect(self._show)
        window.actions_by_name.why.triggered.connect(lambda checked=False: self.ask())
        window.closed.connect(self.trials.stop)
        player.frame_changed.connect(lambda frame: self._follow())
        session.selection_changed.connect(lambda vm: self._follow())
        session.history_changed.connect(lambda history, previous: self._follow())

    def ask(self) -> None:
        """Open the dialog, or bring it to the front."""
        if self._session.history is None:
            return
        if self.dialog is None:
            from gui.dialogs.why import WhyDialog

            self.dialog = WhyDialog(self.trials, self._window)
            self.dialog.values_wanted.connect(self._take)
            self.dialog.closed.connect(self._on_closed)
            corner = self._window.frameGeometry().topRight()
            self.dialog.move(corner.x() - self.dialog.width() - BETWEEN_PX, corner.y() + 80)
        self._show()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def _follow(self) -> None:
        if self.dialog is None or self._timer.isActive():
            return
        if self._player.playing:
            self._timer.start()
        else:
            self._timer.setInterval(0)
            self._timer.start()
            self._timer.setInterval(FOLLOW_MS)

    def _show(self) -> None:
        session = self._session
        if self.dialog is not None and session.history is not None and session.selected:
            self.dialog.show_instant(
                session.history, self._player.t_ns, session.selected, session.scenario
            )

    def _take(self, trial: Trial) -> None:
        scenario = self._session.scenario
        if scenario is None:
            return
        try:
            after = scenario.with_values(trial.values)
        except ScenarioError as error:
            self._window.error_notice.show_lines("That does not work", error.faults)
            return
        self._session.take(after, f"{trial.knob.lower()} as tried")

    def _on_closed(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None
