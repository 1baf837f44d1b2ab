"""Moving a VM by hand: asked before, refused with the reasons, offered in menus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from engine.eligibility import Check
from engine.history import History
from engine.scenario import Scenario
from gui.edits import Move
from gui.fault_menus import FaultMenus
from gui.main_window import MainWindow
from gui.player import Player
from gui.run_controller import RunController
from gui.session import RECORDING_LOCKED, Session
from gui.style.theme import ui_font

if TYPE_CHECKING:
    from gui.dialogs.confirm_migration import ConfirmMigration


def refusal_lines(checks: Sequence[Check]) -> list[str]:
    """Return the sentences of the rules that refuse a move, each with its way out."""
    return [
        f"{check.sentence} {check.remedy}".strip()
        for check in checks
        if not check.passed and not check.advisory
    ]


class Moving(QObject):
    """Asks whether a VM is to move, and says why it cannot."""

    def __init__(
        self,
        window: MainWindow,
        player: Player,
        session: Session,
        runs: RunController,
        faults: FaultMenus,
    ) -> None:
        """Connect the pool, the menus and the key.

        Args:
            window: The window.
            player: Stands still while a question stands.
            session: What is open.
            runs: Simulates what the question predicts.
            faults: What the menu of a VM offers besides.
        """
        super().__init__(window)
        self._window, self._player = window, player
        self._session, self._runs, self._faults = session, runs, faults
        self._dialog: ConfirmMigration | None = None
        self._hidden = False
        window.pool.move_requested.connect(self.request_move)
        window.pool.move_refused.connect(
            lambda vm, host, sentences: self._on_move_refused(vm, host)
        )
        window.pool.menu_requested.connect(self._on_menu_requested)
        window.destinations.aboutToShow.connect(
            lambda: self.destination_menu(session.selected, window.destinations)
        )
        window.actions_by_name.migrate.triggered.connect(lambda checked=False: self._on_migrate())
        runs.run_finished.connect(self._on_run_finished)
        runs.run_failed.connect(self._on_run_failed)

    @property
    def dialog(self) -> ConfirmMigration | None:
        """Return the question that stands, if one does."""
        return self._dialog

    def set_future_hidden(self, hidden: bool) -> None:
        """Ask about moves without their prices, or with them again."""
        self._hidden = hidden

    def request_move(self, vm: str, host: str) -> None:
        """Ask whether to move a VM to a host, or say why it cannot go there."""
        if self._locked():
            return
        refused = refusal_lines(self._session.check(vm, host))
        if refused:
            self._show_refusal(vm, host, refused)
            return
        self._player.pause()
        move = self._session.planned_move(vm, host)
        from gui.dialogs.confirm_migration import ConfirmMigration

        dialog = ConfirmMigration(move, self._session.with_move, self._window)
        dialog.set_future_hidden(self._hidden)
        self._dialog = dialog
        dialog.prediction_wanted.connect(self._runs.request)
        dialog.confirmed.connect(self._on_move_confirmed)
        dialog.finished.connect(self._on_dialog_finished)
        dialog.ask()

    def destination_menu(self, vm: str, menu: QMenu) -> None:
        """Fill a menu with the hosts that a VM may go to; the others say why not."""
        menu.clear()
        menu.setFont(ui_font(13))
        history = self._session.history
        if history is None or not vm:
            return
        here = history.vm(vm).placement_at(self._player.t_ns).host
        for host in history.spec.hosts:
            if host.name == here:
                continue
            reasons = [
                c.sentence
                for c in self._session.check(vm, host.name)
                if not c.passed and not c.advisory
            ]
            text = f"{host.name}  ({reasons[0].rstrip('.')})" if reasons else host.name
            action = menu.addAction(text.replace("&", "&&"))
            action.setEnabled(not reasons)
            action.setData((vm, host.name))
            action.triggered.connect(self._on_destination_chosen)

    def _locked(self) -> bool:
        """Return whether nothing can be edited because a recording is open, and say so."""
        if self._session.scenario is not None or self._session.recording is None:
            return False
        self._window.error_notice.show_lines("That does not work", [RECORDING_LOCKED])
        return True

    def _on_run_finished(self, scenario: Scenario, history: History) -> None:
        if self._dialog is not None:
            self._dialog.show_prediction(scenario, history)

    def _on_run_failed(self, scenario: Scenario, faults: Sequence[str]) -> None:
        if self._dialog is not None:
            self._window.error_notice.show_lines("That does not work", faults)

    def _on_move_refused(self, vm: str, host: str) -> None:
        if self._locked():
            return
        self._show_refusal(vm, host, refusal_lines(self._session.check(vm, host)))

    def _show_refusal(self, vm: str, host: str, lines: Sequence[str]) -> None:
        self._window.error_notice.show_lines(f"{vm} cannot move to {host}", lines)

    def _on_move_confirmed(
        self, move: Move, scenario: Scenario, history: History | None
    ) -> None:
        self._session.migrate(move, scenario, history)

    def _on_dialog_finished(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None

    def _on_destination_chosen(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            vm, host = action.data()
            self.request_move(vm, host)

    def _on_menu_requested(self, vm: str, position: QPoint) -> None:
        self._session.select(vm)
        self._popup_destinations(vm, position)

    def _on_migrate(self) -> None:
        history, vm = self._session.history, self._session.selected
        if history is None or not vm or self._locked():
            return
        self._player.pause()
        home = history.vm(vm).placement_at(self._player.t_ns).host
        checks = {host.name: self._session.check(vm, host.name) for host in history.spec.hosts}
        from gui.dialogs.choose_host import ChooseHost

        dialog = ChooseHost(vm, home, checks, self._window.theme, self._window)
        dialog.chosen.connect(self.request_move)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _popup_destinations(self, vm: str, position: QPoint) -> None:
        menu = QMenu(self._window)
        menu.setAccessibleName(f"Migrate {vm} to")
        self.destination_menu(vm, menu)
        self._faults.add_to(menu, vm)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(position)
        if menu.actions():
            menu.setActiveAction(menu.actions()[0])
