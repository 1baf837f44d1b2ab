"""Showing a run: every view gets the newest History, a few at a time, and every frame."""

import time
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QObject, QTimer

from engine.history import Frame, History
from engine.scenario import Scenario
from engine.units import format_duration_ns
from gui.main_window import HistoryView, MainWindow
from gui.player import Player
from gui.run_controller import RunController
from gui.session import Session

START_HINT = "Press Play (Space)."
RUN_NUMBER = "run_number"
"""Name of the Qt property in which a view carries the number of the run that it shows."""
TURN_NS: Final = 8_000_000
"""After so long in one turn of the event loop, views that still wait do so until the next."""
MODELS_AFTER_MS = 400
"""Models are asked so long after a run has come: a slider in hand never waits for them."""


class Showing(QObject):
    """Brings runs and instants to the views."""

    def __init__(
        self, window: MainWindow, player: Player, session: Session, runs: RunController
    ) -> None:
        """Connect player and session with the views.

        Args:
            window: Its views.
            player: Tells the instant.
            session: Tells what is open and how it runs.
            runs: Asked for closed-form models once nothing else is under way.
        """
        super().__init__(window)
        self._window, self._player = window, player
        self._session, self._runs = session, runs
        self._original: Scenario | None = None
        self._hints = True
        self._controls_key: tuple[object, ...] = ()
        self._previous: History | None = None
        self._number = 0
        self._due: list[tuple[HistoryView, ...]] = []
        self._fresh: list[HistoryView] = []
        self._fresh_ns = 0
        self._later: Frame | None = None
        # Not 0: what a jump shows first is painted before the rest is worked out.
        self._later_timer = QTimer(self, singleShot=True, interval=1)
        self._later_timer.timeout.connect(self._show_later)
        self._due_timer = QTimer(self, singleShot=True, interval=0)
        self._due_timer.timeout.connect(self._show_due)
        self._models_timer = QTimer(self, singleShot=True, interval=MODELS_AFTER_MS)
        self._models_timer.timeout.connect(self._ask_models)
        player.frame_changed.connect(self._on_frame_changed)
        session.scenario_changed.connect(self._on_scenario_changed)
        session.history_changed.connect(self._on_history_changed)
        session.selection_changed.connect(self._on_selection_changed)
        runs.models_finished.connect(window.outcome.show_models)

    @property
    def up_to_date(self) -> bool:
        """Return whether every view shows the newest run, and the instant that is shown."""
        return not self._due and self._later is None

    @property
    def run_number(self) -> int:
        """Return how many runs have been shown; every view carries the number of its own."""
        return self._number

    def _on_frame_changed(self, frame: Frame) -> None:
        # A view that still waits for the newest run would look for its instants in the old one.
        # One that has just been given this very instant with its run does not need it again.
        passed = [view for group in self._due for view in group]
        if frame.t_ns == self._fresh_ns:
            passed += self._fresh
        self._fresh, self._later = [], None
        for view in self._first_views(frame):
            if not any(view is other for other in passed):
                view.show_frame(frame)
        self._update_controls(frame.t_ns)
        if self._later is not None:
            self._later_timer.start()
        if frame.t_ns == 0 and not self._player.playing:
            self._show_start_hint()

    def set_start_hint(self, on: bool) -> None:
        """Say at the start of a run how it is played, or leave that to a lesson."""
        self._hints = on

    def _first_views(self, frame: Frame) -> Sequence[HistoryView]:
        """Return the views that show an instant at once: of a large VM, after a jump, its pages."""
        history, window = self._session.history, self._window
        if self._player.playing or history is None or not history.samples:
            return window.views
        self._later = frame
        return window.timeline, window.transport, window.narration, window.pages

    def _show_later(self) -> None:
        """Let the views that a jump has left out follow, unless something newer was shown."""
        frame, self._later = self._later, None
        history, window = self._session.history, self._window
        if frame is not None and history is not None:
            for view in (window.pool, window.plots, window.console, window.outcome, window.rounds):
                if not any(view is other for group in self._due for other in group):
                    view.show_frame(frame)

    def _show_start_hint(self) -> None:
        if not self._hints:
            return
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
        original = self._session.original
        if original is not None and (scenario is original or original is not self._original):
            self._original = original
            self._window.controls.set_original(original)
            self._window.show_title(original.name, original.spec.title)
        self._update_controls(self._player.t_ns)

    def _on_history_changed(self, history: History, previous: History | None) -> None:
        # Not more views in a turn of the event loop than it has time for: a slider in hand waits
        # for no other. Those that still wait from the run before go first and are not starved.
        window = self._window
        self._previous, self._number = previous, self._number + 1
        self._models_timer.start()
        groups: list[tuple[HistoryView, ...]] = [
            (window.timeline, window.transport, window.narration),
            (window.pool,),
            (window.pages,),
            (window.console, window.outcome, window.rounds),
            (window.plots,),
        ]
        self._due = self._due + [group for group in groups if group not in self._due]
        before = self._due
        self._show_due()
        shown = before[: len(before) - len(self._due)]
        self._fresh, self._fresh_ns = [v for group in shown for v in group], self._player.t_ns
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
        end_ns = time.perf_counter_ns() + TURN_NS
        while self._due and time.perf_counter_ns() < end_ns:
            group, *self._due = self._due
            self._show_group(group, history, frame)
        if self._due:
            self._due_timer.start()

    def _show_group(
        self, views: tuple[HistoryView, ...], history: History, frame: Frame
    ) -> None:
        for view in views:
            if view is self._window.plots:
                self._window.plots.set_previous(self._previous, draw=False)
            view.set_history(history, selected=self._session.selected)
            view.show_frame(frame)
            view.setProperty(RUN_NUMBER, self._number)

    def _on_selection_changed(self, vm: str) -> None:
        history = self._session.history
        if history is not None and any(v.spec.name == vm for v in history.vms):
            self._fresh = []
            for view in self._window.views:
                view.set_history(history, selected=vm)
            self._models_timer.start()
            self._player.seek(self._player.t_ns)
