"""Comparing runs: chosen, simulated aside, shown on the one clock of the player."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent

from engine.errors import ScenarioError
from engine.history import History
from engine.specs import ScenarioSpec
from gui.background import Background, Tell
from gui.branching import Branching, Node
from gui.main_window import MainWindow
from gui.models.compare_runs import (
    Candidate,
    policy_candidates,
    value_candidate,
    value_paths,
)
from gui.player import Player
from gui.session import Session

if TYPE_CHECKING:
    from gui.views.compare_page import ComparePage


def _simulate_all(tell: Tell, specs: Sequence[tuple[int, ScenarioSpec]]) -> None:
    """Simulate runs one after the other, in the worker."""
    from engine.simulation import simulate

    for place, spec in specs:
        try:
            tell("run", (place, simulate(spec)))
        except ScenarioError as error:
            tell("fault", (place, " ".join(error.faults)))


class Comparing(QObject):
    """Opens and closes the comparison.

    Attributes:
        on: Whether runs are being compared.
    """

    def __init__(
        self, window: MainWindow, player: Player, session: Session, tree: Branching
    ) -> None:
        """Connect the action, the tree's button and the clock."""
        super().__init__(window)
        self._window, self._player = window, player
        self._session, self._tree = session, tree
        self.on = False
        self._own_page: ComparePage | None = None
        self._background = Background(self)
        self._background.told.connect(self._take)
        self._background.failed.connect(self._on_failed)
        window.actions_by_name.compare.triggered.connect(lambda checked=False: self.toggle())
        window.branches.compare_wanted.connect(self._compare_nodes)
        player.clock_changed.connect(self._on_clock)
        session.history_changed.connect(self._on_history_changed)
        window.closed.connect(self._background.stop)
        window.installEventFilter(self)

    @property
    def _page(self) -> ComparePage:
        """Return the page, which is made for the first comparison."""
        if self._own_page is None:
            self._own_page = page = self._window.compare_page
            page.closed.connect(self.close)
            page.curves.seek_requested.connect(self._player.seek)
        return self._own_page

    def toggle(self) -> None:
        """Ask what to compare, or end it."""
        if self.on:
            self.close()
        else:
            self.ask()

    def ask(self) -> None:
        """Let the viewer choose runs."""
        candidates = self.candidates()
        if not candidates:
            self._window.error_notice.show_lines(
                "Nothing to compare", ["Open a scenario first, or simulate the recording (B)."]
            )
            return
        from gui.dialogs.compare import CompareDialog

        self._player.pause()
        scenario, vm = self._session.scenario, self._session.selected
        assert scenario is not None
        dialog = CompareDialog(
            candidates,
            value_paths(scenario, vm),
            partial(value_candidate, scenario),
            self._window,
        )
        dialog.chosen.connect(self.begin)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def candidates(self) -> list[Candidate]:
        """Return what can be compared: the run on screen first."""
        session = self._session
        scenario, history = session.scenario, session.history
        if scenario is None or history is None:
            return []
        own = [m for m in scenario.spec.migrations if m.vm == session.selected]
        policy = own[0].policy if own else "this run"
        current = self._tree.current
        name = current.name if current is not None and current.parent is not None else policy
        found = [Candidate(name, "The run on screen", history)]
        if session.recording is not None:
            found.append(Candidate("recorded", "The recording", session.recording))
        for node in self._tree.nodes():
            if node is not current:
                run = node.history or node.scenario
                found.append(Candidate(node.name, f"Branch “{node.name}”", run))
        return [*found, *policy_candidates(scenario, session.selected)]

    def begin(self, chosen: Sequence[Candidate]) -> None:
        """Show runs side by side; those that are not there yet are simulated."""
        self.on = True
        page = self._page
        page.begin([c.label for c in chosen], self._session.selected)
        page.set_theme(self._window.theme)
        waiting = []
        for place, candidate in enumerate(chosen):
            if isinstance(candidate.run, History):
                page.set_run(place, candidate.run)
            else:
                waiting.append((place, candidate.run.spec))
        self._window.show_compare(True)
        self._fit_clock()
        page.show_instant(self._player.t_ns)
        self._window.setFocus()
        if waiting:
            self._background.start(_simulate_all, waiting)

    def close(self) -> None:
        """Show the window again."""
        if not self.on:
            return
        self.on = False
        self._background.stop()
        self._page.clear()
        self._window.show_compare(False)
        self._player.set_least_end(0)
        self._window.setFocus()

    def _compare_nodes(self, nodes: Sequence[Node]) -> None:
        ordered = sorted(nodes, key=lambda n: n is not self._tree.current)
        self.begin([Candidate(n.name, n.name, n.history or n.scenario) for n in ordered])

    def _fit_clock(self) -> None:
        self._player.set_least_end(self._page.end_ns)

    def _take(self, what: str, value: Any) -> None:
        if not self.on:
            return
        place, found = value
        if what == "run":
            self._page.set_run(place, found)
            self._fit_clock()
        else:
            self._page.set_fault(place, found)

    def _on_failed(self, details: str) -> None:
        for place, column in enumerate(self._page.columns):
            if column.history is None:
                self._page.set_fault(place, f"It could not be simulated: {details}")

    def _on_clock(self, t_ns: int) -> None:
        if self.on:
            self._page.show_instant(t_ns)

    def _on_history_changed(self, history: History, previous: History | None) -> None:
        """End the comparison when another run is on screen: it would tell of the old one."""
        if self.on and history not in self._page.runs():
            self.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let Esc end the comparison."""
        if self.on and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape and not self._window.error_notice.isVisible():
                self.close()
                return True
        return False
