"""A recording and its simulated twin: made in the worker, shown together, compared in a table.

A part of `gui.wiring`. The twin is a scenario like any other: the controls change it, and the
recording stays as the dashed curve. What makes it is imported when it is first asked for.
"""

from PySide6.QtCore import QObject, QTimer

from engine.errors import MigrascopeError
from engine.history import History
from engine.recorded import RecordedHistory
from engine.scenario import Scenario
from gui.main_window import MainWindow
from gui.opening import sentences_of
from gui.run_controller import RunController
from gui.session import Session

REFUSED = "That cannot be simulated beside"
NOTHING_OPEN = (
    "Only a recording has a simulated twin. Open or drop one first: a log of QEMU, Xen, libvirt or "
    "Proxmox."
)


class Beside(QObject):
    """Simulates the recording that is open, and compares both."""

    def __init__(self, window: MainWindow, session: Session, runs: RunController) -> None:
        """Connect the action, the panel and the table."""
        super().__init__(window)
        self._window, self._session, self._runs = window, session, runs
        self._asked: Scenario | None = None
        self._stretched = False
        a = window.actions_by_name
        a.beside.triggered.connect(lambda checked=False: self.toggle())
        a.twin_values.triggered.connect(lambda checked=False: self.show_values())
        a.twin_values.setEnabled(False)
        session.recording_changed.connect(self._on_recording_changed)
        session.scenario_changed.connect(lambda scenario: self._show_state())
        session.history_changed.connect(lambda history, previous: self._compare())
        runs.run_finished.connect(self._on_run_finished)
        runs.run_failed.connect(self._on_run_failed)

    @property
    def busy(self) -> bool:
        """Return whether a twin is being simulated."""
        return self._asked is not None

    def toggle(self) -> None:
        """Simulate the recording beside it, or show it alone again."""
        recording = self._session.recording
        if self._session.beside:
            self._session.close_beside()
        elif not isinstance(recording, RecordedHistory):
            self._window.error_notice.show_lines(REFUSED, [NOTHING_OPEN])
        else:
            self._ask(recording)

    def show_values(self) -> None:
        """Show where each value of the twin comes from."""
        from gui.dialogs.twin_values import TwinValues

        scenario = self._session.original
        if self._session.beside and scenario is not None:
            page = TwinValues(scenario, self._window)
            page.finished.connect(page.deleteLater)
            page.open()

    def _ask(self, recording: RecordedHistory) -> None:
        from engine.importing import twin_of

        try:
            scenario = twin_of(recording)
        except MigrascopeError as error:
            self._window.error_notice.show_lines(REFUSED, sentences_of(error))
            return
        self._asked, self._stretched = scenario, False
        self._window.show_notice("Simulating the recording …")
        self._runs.request(scenario)

    def _on_run_finished(self, scenario: Scenario, history: History) -> None:
        recording = self._session.recording
        if scenario is not self._asked or recording is None:
            return
        self._asked = None
        missing_ns = recording.end_ns - history.end_ns
        if missing_ns > 0 and not self._stretched:
            # The run goes on to the end of the recording, so that both have one time axis.
            _, tail_ns = scenario.spec.run.until
            self._asked = scenario.with_value(
                "run.until", f"{tail_ns + missing_ns} ns after last migration"
            )
            self._stretched = True
            # Not from here: the controller is still handing this run to the others.
            QTimer.singleShot(0, self._ask_again)
            return
        if not self._session.beside:
            self._session.open_beside(scenario, history)

    def _ask_again(self) -> None:
        if self._asked is not None and self._session.recording is not None:
            self._runs.request(self._asked)

    def _on_run_failed(self, scenario: Scenario, faults: tuple[str, ...]) -> None:
        if scenario is self._asked:
            self._asked = None
            self._window.show_notice("")
            self._window.error_notice.show_lines(REFUSED, faults)

    def _on_recording_changed(self, history: History | None, title: str) -> None:
        """Drop the wish for a twin: it was about what was open before."""
        self._asked = None
        self._show_state()

    def _show_state(self) -> None:
        """Show what is open: in the panel, in the controls, and on the actions."""
        session, window = self._session, self._window
        beside, recording = session.beside, session.recording
        window.show_recording(recording, session.recording_title, beside=beside)
        window.actions_by_name.twin_values.setEnabled(beside)
        self._compare()

    def _compare(self) -> None:
        recording, history = self._session.recording, self._session.history
        view = self._window.comparison
        if not self._session.beside or not isinstance(recording, RecordedHistory):
            view.set_runs([])
            return
        if history is not None and history is not recording:
            from engine.importing import reasons_for

            runs = [("recorded", recording), ("simulated", history)]
            view.set_runs(runs, reasons=reasons_for(recording, history))
