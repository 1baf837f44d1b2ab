"""The one place where signals meet: player, session and runs with the views and actions.

A connection that is not here does not exist. Handlers pass on and choose words; what an edit
means is decided in `gui.session`.
"""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject

from gui.beside import Beside
from gui.exporting import Exporting
from gui.fault_menus import FaultMenus
from gui.forking import Forking
from gui.layouts import Layouts
from gui.main_window import MainWindow
from gui.moving import Moving
from gui.noting import Noting
from gui.opening import Opening
from gui.player import Player
from gui.previewing import Previewing
from gui.run_controller import RunController
from gui.session import Session
from gui.settings import Settings
from gui.showing import Showing
from gui.telling import Telling
from gui.tidying import Tidying
from gui.views.full_screen import fill_screen


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
        later: bool = False,
    ) -> None:
        """Connect everything.

        Args:
            window: The window.
            player: The owner of time.
            session: What is open.
            runs: Who simulates.
            settings: What is remembered.
            keep_in: Folder for edits kept against a crash; None: nothing is kept.
            later: Leave what the first picture does not need to `finish`.
        """
        super().__init__(window)
        self._window, self._player = window, player
        self._session, self._runs = session, runs
        self._settings, self._keep_in = settings, keep_in
        window.pool.set_checker(session.check)
        self._connect_player()
        self._connect_session()
        self._connect_views()
        self._connect_actions()
        self.showing = Showing(window, player, session, runs)
        self.previewing = Previewing(window, session, runs)
        self.tidying = Tidying(window, session, runs)
        self.moving = Moving(
            window, player, session, runs, FaultMenus(window, player, session)
        )
        self.opening = Opening(window, player, session, runs)
        self.beside = Beside(window, session, runs)
        self.layouts = Layouts(window, player, session, settings)
        self.forking = Forking(window, session)
        self.telling = Telling(window, session, settings)
        player.frame_changed.connect(self.telling.show_frame)
        self.noting = Noting(window, player, session)
        if not later:
            self.finish()

    def finish(self) -> None:
        """Connect what nobody can ask for before the first picture; once."""
        # Here, not above: for the same reason.
        from gui.asking import Asking
        from gui.commands import Commands
        from gui.comparing import Comparing
        from gui.dialog_scale import DialogScale
        from gui.figure_export import FigureExport
        from gui.files import Files
        from gui.live_door import LiveDoor
        from gui.plot_commands import PlotCommands
        from gui.policy_commands import PolicyCommands
        from gui.predicting import Predicting
        from gui.presenting import Presenting
        from gui.stepping import Stepping
        from gui.sweeping import Sweeping
        from gui.teaching import Teaching

        window, player, session = self._window, self._player, self._session
        settings, tree = self._settings, self.forking.tree
        self._plots = PlotCommands(window, player)
        self.live_door = LiveDoor(window, player, session)
        self.predicting = Predicting(window, player, session, self._runs, self.moving)
        self.asking = Asking(window, player, session)
        self._policies = PolicyCommands(window, player, session)
        DialogScale(window)
        self.presenting = Presenting(window, player, session, self.layouts)
        self.comparing = Comparing(window, player, session, tree)
        self.stepping = Stepping(window, player, session)
        self.exporting = Exporting(window, player, session, self.stepping.stage_here)
        self.commands = Commands(window, player, session, self.moving, self.opening, settings)
        self.figure_export = FigureExport(window, player, session)
        self.sweeping = Sweeping(window, player, session)
        self.teaching = Teaching(
            window, player, session, self._runs, settings,
            layouts=self.layouts, predicting=self.predicting,
        )  # fmt: skip
        self.teaching.changed.connect(self.presenting.set_lesson)
        self.teaching.changed.connect(lambda on: self.showing.set_start_hint(not on))
        self.presenting.changed.connect(self.teaching.set_large)
        self.files = Files(
            window, session, self.opening, settings, tree=tree, keep_in=self._keep_in
        )

    def open_path(self, path_or_name: Path | str) -> bool:
        """Open a scenario or recording, or a bundled scenario; say why if it is not possible."""
        return self.opening.open_path(path_or_name)

    def _connect_player(self) -> None:
        player, transport = self._player, self._window.transport
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
        session.edited.connect(self._window.show_notice)
        session.failed.connect(self._on_failed)

    def _connect_views(self) -> None:
        window, session = self._window, self._session
        window.pool.vm_selected.connect(session.select)
        window.pool.verdicts_changed.connect(window.show_verdicts)
        window.plots.seek_requested.connect(self._player.seek)
        window.pages.seek_requested.connect(self._player.seek)
        window.timeline.seek_requested.connect(self._player.seek)
        window.controls.value_edited.connect(session.edit)
        window.controls.edit_finished.connect(session.end_gesture)
        window.closed.connect(self._runs.close)

    def _connect_actions(self) -> None:
        a, player, edits = self._window.actions_by_name, self._player, self._session.undo_group
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
            (a.undo, edits.undo),
            (a.redo, edits.redo),
            (a.reset, self._session.reset),
            (a.slow_motion, lambda: player.set_slow_motion(a.slow_motion.isChecked())),
            (a.working_set, self._window.pages.working_set.button.toggle),
            (a.page_colors, self._window.pages.next_coding),
            (a.go_to_page, self._window.pages.go_to_page),
            (a.pages_in, lambda: self._window.pages.sight.zoom(1)),
            (a.pages_out, lambda: self._window.pages.sight.zoom(-1)),
            (a.pages_whole, lambda: self._window.pages.sight.zoom(0)),
            (a.full_screen, self._on_full_screen),
            (a.quit, self._window.close),
        ):
            # `triggered` carries whether the action is checked, which nobody here takes.
            action.triggered.connect(lambda checked=False, handler=handler: handler())
        a.undo.setEnabled(False)
        a.redo.setEnabled(False)
        edits.canUndoChanged.connect(a.undo.setEnabled)
        edits.canRedoChanged.connect(a.redo.setEnabled)

    def _on_failed(self, faults: Sequence[str]) -> None:
        self._window.error_notice.show_lines("That does not work", faults)

    def _on_full_screen(self) -> None:
        fill_screen(self._window, not self._window.isFullScreen())
