"""Connects the page with the parameters of a migration's policy: what is chosen is one edit."""

from collections.abc import Mapping

from PySide6.QtCore import QObject

from engine.errors import ScenarioError
from engine.policies import ParameterValue, parameters_of, policy_of
from gui.main_window import MainWindow
from gui.player import Player
from gui.session import RECORDING_LOCKED, Session

NO_MOVE = "{vm} has no migration yet: drag it onto another host, or press M."


class PolicyCommands(QObject):
    """Asks for parameters and puts them into the scenario, from its start on."""

    def __init__(self, window: MainWindow, player: Player, session: Session) -> None:
        """Connect the action."""
        super().__init__(window)
        self._window, self._player, self._session = window, player, session
        action = window.actions_by_name.parameters
        action.triggered.connect(lambda checked=False: self.ask())

    def ask(self) -> None:
        """Ask for the parameters of the selected VM's migration: the newest, or the next one."""
        scenario, vm = self._session.scenario, self._session.selected
        if scenario is None:
            if self._session.recording is not None:
                self._say(RECORDING_LOCKED)
            return
        own = [(i, m) for i, m in enumerate(scenario.spec.migrations) if m.vm == vm]
        if not own:
            self._say(NO_MOVE.format(vm=vm))
            return
        self._player.pause()
        begun = [(i, m) for i, m in own if m.at_ns <= self._player.t_ns]
        request, migration = begun[-1] if begun else own[0]
        from gui.dialogs.policy_parameters import PolicyParameters

        page = PolicyParameters(
            vm,
            policy_of(migration.policy),
            parameters_of(migration.policy, migration.parameters),
            self._window,
        )
        page.chosen.connect(lambda values: self._take(request, values))
        page.finished.connect(page.deleteLater)
        page.open()

    def _take(self, request: int, values: Mapping[str, ParameterValue]) -> None:
        scenario = self._session.scenario
        if scenario is None:
            return
        path = f"migrations.{request}.parameters"
        given = [(f"{path}.{name}", value) for name, value in values.items()]
        words = ", ".join(f"{name.replace('_', ' ')} {_shown(v)}" for name, v in values.items())
        try:
            self._session.take(scenario.with_values(given), f"{words} from the start")
        except ScenarioError as error:
            self._window.error_notice.show_lines("That does not work", error.faults)

    def _say(self, sentence: str) -> None:
        self._window.error_notice.show_lines("That does not work", [sentence])


def _shown(value: ParameterValue) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
