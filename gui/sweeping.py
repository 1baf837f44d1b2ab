"""Sweeps in the window: asks, runs them in worker processes, and opens the run of a point."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, Signal

from engine.errors import ScenarioError
from engine.scenario import Scenario
from gui.main_window import MainWindow
from gui.player import Player
from gui.session import Session

if TYPE_CHECKING:
    from engine.sweep import Plan, SweepResult
    from gui.dialogs.sweep import SweepDialog

PARAMETERS: Final = (
    ("network.bandwidth", "100 Mbit/s", "2 Gbit/s"),
    ("network.relearn_delay", "0 ms", "200 ms"),
    ("network.latency", "0.1 ms", "20 ms"),
    ("network.transmit_queue", "0 packets", "2000 packets"),
)
OF_THE_VM: Final = (
    ("vms.{vm}.writers.0.rate", "200 pages/s", "40000 pages/s"),
    ("migrations.{vm}.rate_limit", "100 Mbit/s", "900 Mbit/s"),
    ("vms.{vm}.zero_pages", "0 %", "80 %"),
)


class Sweeping(QObject):
    """Runs one sweep at a time; its thread only waits for worker processes."""

    _told = Signal(int, int)
    _ended = Signal(object)

    def __init__(self, window: MainWindow, player: Player, session: Session) -> None:
        """Connect the action."""
        super().__init__(window)
        self._window, self._player, self._session = window, player, session
        self.dialog: SweepDialog | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._told.connect(self._on_told, Qt.ConnectionType.QueuedConnection)
        self._ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)
        window.actions_by_name.sweep.triggered.connect(lambda checked=False: self.ask())
        window.closed.connect(self._on_closed)

    @property
    def running(self) -> bool:
        """Return whether a sweep is under way."""
        return self._thread is not None

    def ask(self) -> None:
        """Open the dialog, or bring it to the front."""
        scenario, vm = self._session.scenario, self._session.selected
        if self.dialog is not None:
            self.dialog.raise_()
            self.dialog.activateWindow()
            return
        moves = () if scenario is None else scenario.spec.migrations
        if scenario is None or not any(m.vm == vm for m in moves):
            line = f"{vm or 'No VM'} does not move in this run; let it migrate first (M)."
            self._window.error_notice.show_lines("There is nothing to sweep", [line])
            return
        from gui.dialogs.sweep import SweepDialog

        self._player.pause()
        policy = next(m.policy for m in moves if m.vm == vm)
        self.dialog = SweepDialog(
            _choices(scenario, vm), policy, self._window.theme, self._window
        )
        self.dialog.wanted.connect(self._on_wanted)
        self.dialog.cancelled.connect(self._stop.set)
        self.dialog.run_wanted.connect(self._on_run_wanted)
        self.dialog.finished.connect(self._on_finished)
        self.dialog.show()

    def _on_wanted(self, axes: list[str], policies: list[str]) -> None:
        from engine.sweep import plan_sweep

        scenario, dialog = self._session.scenario, self.dialog
        if scenario is None or dialog is None or self.running:
            return
        if not policies:
            dialog.complain(["Choose a policy or more."])
            return
        try:
            plan = plan_sweep(scenario, axes, policies, self._session.selected)
        except ScenarioError as error:
            dialog.complain(error.faults)
            return
        self._stop.clear()
        dialog.show_progress(0, plan.n_points)
        self._thread = threading.Thread(target=self._work, args=(plan,), daemon=True)
        self._thread.start()

    def _work(self, plan: Plan) -> None:
        """Run a sweep; called in the thread."""
        import os

        from engine.sweep import run_sweep
        from engine.worker_processes import worker_processes

        workers = max(1, os.cpu_count() or 1)
        result: object
        try:
            with worker_processes(workers) as executor:
                result = run_sweep(
                    plan, executor, workers=workers, progress=self._told.emit,
                    cancelled=self._stop.is_set,
                )
        except Exception as error:  # told in the window's own thread
            result = error
        self._ended.emit(result)

    def _on_told(self, done: int, total: int) -> None:
        if self.dialog is not None and self.running:
            self.dialog.show_progress(done, total)

    def _on_ended(self, result: SweepResult | Exception) -> None:
        from engine.sweep import SweepCancelledError

        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        if self.dialog is None:
            return
        if not isinstance(result, Exception):
            self.dialog.show_result(result)
            return
        self.dialog.show_stopped()
        if isinstance(result, ScenarioError):
            self.dialog.complain(result.faults)
        elif not isinstance(result, SweepCancelledError):
            self.dialog.complain([f"The sweep stopped: {type(result).__name__}: {result}."])

    def _on_run_wanted(self, policy: str, pairs: list[tuple[str, str]]) -> None:
        """Put the values of a point in force, as one edit."""
        scenario = self._session.scenario
        if scenario is None:
            return
        vm = self._session.selected
        words = ", ".join(f"{path} {value}" for path, value in pairs)
        try:
            if policy:
                pairs = [(f"migrations.{vm}.policy", policy), *pairs]
            self._session.take(scenario.with_values(pairs), f"a point of the sweep: {words}")
        except ScenarioError as error:
            self._window.error_notice.show_lines("That does not work", error.faults)

    def _on_finished(self) -> None:
        self._stop.set()
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None

    def _on_closed(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()


def _choices(scenario: Scenario, vm: str) -> list[tuple[str, str, str]]:
    """Return the parameters that this scenario has, with telling ranges."""
    own = [(path.format(vm=vm), low, high) for path, low, high in OF_THE_VM]
    found = []
    for path, low, high in (*PARAMETERS, *own):
        try:
            scenario.with_values([(path, low)])
        except ScenarioError:
            continue
        found.append((path, low, high))
    return found
