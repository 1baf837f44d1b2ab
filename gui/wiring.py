"""The one place where signals meet: player, session and runs with the views and actions.

A connection that is not here does not exist. Handlers pass on and choose words; what an edit
means is decided in `gui.session`.
"""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, QTimer
from PySide6.QtGui import QAction, QPixmap
from PySide6.QtWidgets import QFileDialog, QMenu

from engine.eligibility import Check
from engine.history import Frame, History
from engine.scenario import Scenario
from engine.scenario_paths import Document
from engine.units import format_duration_ns
from gui.asking import Asking
from gui.beside import Beside
from gui.dialogs.choose_host import ChooseHost
from gui.dialogs.confirm_migration import ConfirmMigration
from gui.dialogs.key_sheet import KeySheet
from gui.edits import Move
from gui.fault_menus import FaultMenus
from gui.files import Files
from gui.live_door import LiveDoor
from gui.main_window import HistoryView, MainWindow
from gui.opening import Opening
from gui.player import Player
from gui.plot_commands import PlotCommands
from gui.policy_commands import PolicyCommands
from gui.run_controller import RunController
from gui.session import RECORDING_LOCKED, Session
from gui.settings import Settings
from gui.style.theme import DARK, LIGHT, ui_font

START_HINT = "Press Play (Space)."
MODELS_AFTER_MS = 400
"""Models are asked so long after a run has come: a slider in hand never waits for them."""


def refusal_lines(checks: Sequence[Check]) -> list[str]:
    """Return the sentences of the rules that refuse a move, each with its way out."""
    return [
        f"{check.sentence} {check.remedy}".strip()
        for check in checks
        if not check.passed and not check.advisory
    ]


class Wiring(QObject):
    """Connects the parts of one window."""

    def __init__(
        self,
        window: MainWindow,
        player: Player,
        session: Session,
        runs: RunController,
        *,
        settings: Settings,
        keep_in: Path | None = None,
    ) -> None:
        """Connect everything.

        Args:
            window: The window.
            player: The owner of time.
            session: What is open.
            runs: Who simulates.
            settings: What is remembered.
            keep_in: Folder for edits kept against a crash; None: nothing is kept.
        """
        super().__init__(window)
        self._window, self._player = window, player
        self._session, self._runs = session, runs
        self._dialog: ConfirmMigration | None = None
        self._controls_key: tuple[object, ...] = ()
        self._previous: History | None = None
        self._due: list[tuple[HistoryView, ...]] = []
        self._due_timer = QTimer(self, singleShot=True, interval=0)
        self._due_timer.timeout.connect(self._show_due)
        window.pool.set_checker(session.check)
        self._connect_player()
        self._connect_session()
        self._connect_views()
        self._connect_actions()
        self._faults = FaultMenus(window, player, session)
        self._plots = PlotCommands(window, player)
        self.opening = Opening(window, player, session)
        self.beside = Beside(window, session, runs)
        self.live_door = LiveDoor(window, player, session)
        self.asking = Asking(window, player, session)
        self._policies = PolicyCommands(window, player, session)
        self.files = Files(
            window, session, self.opening, settings, document=self._document, keep_in=keep_in
        )
        self._models_timer = QTimer(self, singleShot=True, interval=MODELS_AFTER_MS)
        self._models_timer.timeout.connect(self._ask_models)
        runs.models_finished.connect(window.outcome.show_models)

    def _document(self) -> Document | None:
        """Return what a saved file holds; None while a recording is open alone."""
        scenario = self._session.scenario
        return None if scenario is None else scenario.document

    @property
    def dialog(self) -> ConfirmMigration | None:
        """Return the question that stands, if one does."""
        return self._dialog

    @property
    def up_to_date(self) -> bool:
        """Return whether every view shows the newest run."""
        return not self._due

    def open_path(self, path_or_name: Path | str) -> bool:
        """Open a scenario or recording, or a bundled scenario; say why if it is not possible."""
        return self.opening.open_path(path_or_name)

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
        dialog = ConfirmMigration(move, self._session.with_move, self._window)
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

    def _connect_player(self) -> None:
        player, transport = self._player, self._window.transport
        player.frame_changed.connect(self._on_frame_changed)
        player.playing_changed.connect(transport.set_playing)
        player.speed_changed.connect(transport.set_speed)
        player.slowed.connect(transport.set_slowed)
        transport.play_toggled.connect(player.toggle)
        transport.step_event.connect(player.step_event)
        transport.step_round.connect(player.step_round)
        transport.to_start.connect(player.to_start)
        transport.speed_changed.connect(player.set_speed)

    def _connect_session(self) -> None:
        session = self._session
        session.scenario_changed.connect(self._on_scenario_changed)
        session.history_changed.connect(self._on_history_changed)
        session.selection_changed.connect(self._on_selection_changed)
        session.edited.connect(self._window.show_notice)
        session.failed.connect(self._on_failed)
        self._runs.run_finished.connect(self._on_run_finished)
        self._runs.run_failed.connect(self._on_run_failed)

    def _connect_views(self) -> None:
        window, session = self._window, self._session
        window.pool.vm_selected.connect(session.select)
        window.pool.move_requested.connect(self.request_move)
        window.pool.move_refused.connect(
            lambda vm, host, sentences: self._on_move_refused(vm, host)
        )
        window.pool.menu_requested.connect(self._on_menu_requested)
        window.pool.verdicts_changed.connect(window.show_verdicts)
        window.plots.seek_requested.connect(self._player.seek)
        window.pages.seek_requested.connect(self._player.seek)
        window.timeline.seek_requested.connect(self._player.seek)
        window.controls.value_edited.connect(session.edit)
        window.controls.edit_finished.connect(session.end_gesture)
        window.closed.connect(self._runs.close)
        window.destinations.aboutToShow.connect(
            lambda: self.destination_menu(session.selected, window.destinations)
        )

    def _connect_actions(self) -> None:
        a, player, stack = self._window.actions_by_name, self._player, self._session.undo_stack
        for action, handler in (
            (a.play, player.toggle),
            (a.step_forward, lambda: player.step(1)),
            (a.step_back, lambda: player.step(-1)),
            (a.next_event, lambda: player.step_event(1)),
            (a.previous_event, lambda: player.step_event(-1)),
            (a.next_round, lambda: player.step_round(1)),
            (a.previous_round, lambda: player.step_round(-1)),
            (a.to_start, player.to_start),
            (a.to_end, player.to_end),
            (a.faster, lambda: player.change_speed(1)),
            (a.slower, lambda: player.change_speed(-1)),
            (a.undo, stack.undo),
            (a.redo, stack.redo),
            (a.reset, self._session.reset),
            (a.slow_motion, lambda: player.set_slow_motion(a.slow_motion.isChecked())),
            (a.migrate, self._on_migrate),
            (a.export_picture, self._on_export_picture),
            (a.working_set, self._window.pages.working_set.button.toggle),
            (a.page_colors, self._window.pages.next_coding),
            (a.go_to_page, self._window.pages.go_to_page),
            (a.pages_in, lambda: self._window.pages.sight.zoom(1)),
            (a.pages_out, lambda: self._window.pages.sight.zoom(-1)),
            (a.pages_whole, lambda: self._window.pages.sight.zoom(0)),
            (a.theme, self._on_theme),
            (a.full_screen, self._on_full_screen),
            (a.keys, self._on_keys),
            (a.quit, self._window.close),
        ):
            # `triggered` carries whether the action is checked, which nobody here takes.
            action.triggered.connect(lambda checked=False, handler=handler: handler())
        a.undo.setEnabled(False)
        a.redo.setEnabled(False)
        stack.canUndoChanged.connect(a.undo.setEnabled)
        stack.canRedoChanged.connect(a.redo.setEnabled)

    def _on_frame_changed(self, frame: Frame) -> None:
        for view in self._window.views:
            view.show_frame(frame)
        self._update_controls(frame.t_ns)
        if frame.t_ns == 0 and not self._player.playing:
            self._show_start_hint()

    def _show_start_hint(self) -> None:
        narration = self._window.narration
        narration.show_text(START_HINT, narration.text)

    def _update_controls(self, t_ns: int) -> None:
        scenario, selected = self._session.scenario, self._session.selected
        if scenario is None or not selected:
            return
        passed = sum(change.at_ns <= t_ns for change in scenario.spec.changes)
        locked = self._policy_lock(t_ns)
        key = (scenario, passed, selected, locked, t_ns == 0)
        if all(a is b or a == b for a, b in zip(key[1:], self._controls_key[1:], strict=False)):
            if self._controls_key and self._controls_key[0] is scenario:
                return
        self._controls_key = key
        controls = self._window.controls
        controls.set_scenario(scenario, t_ns, selected)
        controls.set_policy_locked(locked)
        controls.set_at_start(t_ns == 0)

    def _policy_lock(self, t_ns: int) -> str:
        history, vm = self._session.history, self._session.selected
        if history is None:
            return ""
        for move in history.migrations:
            if move.vm == vm and move.requested_ns < t_ns:
                begun = format_duration_ns(move.requested_ns)
                return f"The migration began at {begun}; go back before it to change its policy."
        return ""

    def _on_scenario_changed(self, scenario: Scenario) -> None:
        if scenario is self._session.original:
            self._window.controls.set_original(scenario)
            self._window.show_title(scenario.name, scenario.spec.title)
        self._update_controls(self._player.t_ns)

    def _on_history_changed(self, history: History, previous: History | None) -> None:
        # A few views a turn of the event loop, so that a slider in hand never waits for all of
        # them; those that still wait from the run before go first and are not starved.
        window = self._window
        self._previous = previous
        self._models_timer.start()
        groups: list[tuple[HistoryView, ...]] = [
            (window.timeline, window.transport, window.narration, window.pool),
            (window.pages, window.console, window.outcome, window.rounds),
            (window.plots,),
        ]
        self._due = self._due + [group for group in groups if group not in self._due]
        self._show_due()
        if previous is None:
            # Something was opened or taken back: no hand is on a slider, all show it at once.
            self.show_all()
        if self._session.scenario is None:
            self._ask_models()

    def _ask_models(self) -> None:
        """Ask closed-form models about the migration, once nothing is in hand or under way."""
        session, request = self._session, self._window.outcome.request
        if session.scenario is None:
            # Models are asked about scenarios. What they said of another run goes.
            if session.history is not None and request is not None:
                self._window.outcome.show_models(session.history.spec, request, [])
        elif session.editing or self._runs.busy or self._due:
            self._models_timer.start()
        elif session.history is not None and request is not None:
            self._runs.request_models(session.history.spec, request)

    def show_all(self) -> None:
        """Let the views that still wait for the newest run show it now."""
        while self._due and self._session.history is not None:
            self._show_due()
        self._due_timer.stop()

    def _show_due(self) -> None:
        history = self._session.history
        if history is None or not self._due:
            return
        frame = history.frame_at(self._player.t_ns)
        for view in self._due.pop(0):
            if view is self._window.plots:
                self._window.plots.set_previous(self._previous, draw=False)
            view.set_history(history, selected=self._session.selected)
            view.show_frame(frame)
        if self._due:
            self._due_timer.start()

    def _on_selection_changed(self, vm: str) -> None:
        history = self._session.history
        if history is not None and any(v.spec.name == vm for v in history.vms):
            for view in self._window.views:
                view.set_history(history, selected=vm)
            self._models_timer.start()
            self._player.seek(self._player.t_ns)

    def _on_run_finished(self, scenario: Scenario, history: History) -> None:
        if self._dialog is not None:
            self._dialog.show_prediction(scenario, history)

    def _on_run_failed(self, scenario: Scenario, faults: Sequence[str]) -> None:
        if self._dialog is not None:
            self._on_failed(faults)

    def _on_failed(self, faults: Sequence[str]) -> None:
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

    def _on_export_picture(self) -> None:
        self._player.pause()
        picture: QPixmap = self._window.centralWidget().grab()
        name, _ = QFileDialog.getSaveFileName(
            self._window, "Export picture", "migrascope.png", "Pictures (*.png)"
        )
        if name and not picture.save(name, "PNG"):
            self._on_failed([f"{name} cannot be written; choose another folder."])

    def _on_theme(self) -> None:
        self._window.set_theme(LIGHT if self._window.theme is DARK else DARK)

    def _on_full_screen(self) -> None:
        window = self._window
        if window.isFullScreen():
            window.showNormal()
        else:
            window.showFullScreen()

    def _on_keys(self) -> None:
        sheet = KeySheet(self._window.actions_by_name.all(), self._window)
        sheet.finished.connect(sheet.deleteLater)
        sheet.open()
