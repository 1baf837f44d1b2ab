"""The session: the scenario being edited, its run, what is selected, and undo.

An edit at the start changes the scenario; anywhere else it adds a dated change, so that the past
stays what it was. This module decides that; it shows nothing and simulates nothing itself.
"""

from dataclasses import dataclass
from itertools import count

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from engine.eligibility import Check, check_move, situation_at
from engine.errors import ScenarioError
from engine.history import History
from engine.scenario import Scenario, scenario_from_document
from engine.scenario_paths import Document
from engine.units import format_duration_ns
from gui.models.fault_choices import fault_sentence
from gui.player import Player
from gui.run_controller import RunController


@dataclass(frozen=True)
class Move:
    """A move that the user asked for, not yet confirmed.

    Attributes:
        vm: Name of the VM. source: Where it is. destination: Where it is to go.
        at_ns: Instant of the request.
        policy: Name of the policy.
        dropped: Sentence on a planned move that this one replaces; "" if there is none.
    """

    vm: str
    source: str
    destination: str
    at_ns: int
    policy: str
    dropped: str = ""


class ScenarioEdit(QUndoCommand):
    """One edit of the scenario; the moves of one gesture merge into one."""

    def __init__(
        self, session: "Session", before: Scenario, after: Scenario, *, text: str, gesture: int
    ) -> None:
        """Take both versions and the sentence that says what was done."""
        super().__init__(text)
        self._session, self._before, self._after = session, before, after
        self._gesture = gesture

    def redo(self) -> None:
        """Take the newer version."""
        self._session.adopt(self._after)

    def undo(self) -> None:
        """Go back to the older version."""
        self._session.adopt(self._before)

    def id(self) -> int:
        """Return the kind of command: only edits merge."""
        return 1

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take over a later move of the same gesture."""
        if not isinstance(other, ScenarioEdit) or other._gesture != self._gesture:
            return False
        self._after = other._after
        self.setText(other.text())
        return True


class Session(QObject):
    """What is open.

    Attributes:
        scenario_changed: With the `Scenario` in force, at once, before it is simulated.
        history_changed: With the new `History` and the one whose future it replaces, or None.
        selection_changed: With the name of the selected VM.
        edited: With a sentence on what was replaced; "" when nothing is edited any more.
        failed: With the sentences on why an edit or a run did not work.
    """

    scenario_changed = Signal(object)
    history_changed = Signal(object, object)
    selection_changed = Signal(str)
    edited = Signal(str)
    failed = Signal(object)

    def __init__(
        self, player: Player, runs: RunController, parent: QObject | None = None
    ) -> None:
        """Take the owners of time and of runs."""
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self._player, self._runs = player, runs
        self._scenario: Scenario | None = None
        self._original: Scenario | None = None
        self._history: History | None = None
        self._previous: History | None = None
        self._selected = ""
        self._gestures = count()
        self._gesture: tuple[int, Scenario, int] | None = None
        self._play_on_arrival = False
        runs.run_finished.connect(self._on_run_finished)
        runs.run_failed.connect(self._on_run_failed)

    @property
    def scenario(self) -> Scenario | None:
        """Return the scenario in force."""
        return self._scenario

    @property
    def original(self) -> Scenario | None:
        """Return the scenario as it was opened."""
        return self._original

    @property
    def history(self) -> History | None:
        """Return the run that is shown."""
        return self._history

    @property
    def selected(self) -> str:
        """Return the name of the selected VM, "" if there is none."""
        return self._selected

    @property
    def settled(self) -> bool:
        """Return whether the run that is shown is that of the scenario in force."""
        return not self._runs.busy

    @property
    def editing(self) -> bool:
        """Return whether a gesture is under way: a slider is in hand."""
        return self._gesture is not None

    def open(self, scenario: Scenario) -> None:
        """Open a scenario at its start, paused; simulated here, because nothing else can go on.

        Raises:
            ScenarioError: It cannot be run; what was open stays open.
        """
        history = self._runs.simulate_now(scenario)
        self._player.pause()
        self._scenario = self._original = scenario
        self._previous, self._gesture = None, None
        self.undo_stack.clear()
        names = [m.vm for m in scenario.spec.migrations] + [v.name for v in scenario.spec.vms]
        self._selected = names[0] if names else ""
        self.scenario_changed.emit(scenario)
        self.selection_changed.emit(self._selected)
        self._show(history)
        self._player.to_start()
        self.edited.emit("")

    def select(self, vm: str) -> None:
        """Select a VM."""
        if self._history is not None and vm != self._selected:
            self._history.vm(vm)
            self._selected = vm
            self.selection_changed.emit(vm)

    def edit(self, path: str, text: str) -> None:
        """Change a value: in the scenario at its start, from the playhead on elsewhere."""
        if self._scenario is None:
            return
        if self._gesture is None:
            self._gesture = (next(self._gestures), self._scenario, self._player.t_ns)
            self._previous = self._history
            self._player.hold()
        gesture, base, t_ns = self._gesture
        try:
            after = _edited(base, path, text, t_ns=t_ns)
        except ScenarioError as error:
            self.failed.emit(error.faults)
            return
        name = path.rpartition(".")[2].replace("_", " ")
        sentence = f"{name} {text} {self._from(t_ns)}"
        self.undo_stack.push(
            ScenarioEdit(self, self._scenario, after, text=sentence, gesture=gesture)
        )

    def end_gesture(self) -> None:
        """Let the next edit be one of its own, and time go on."""
        self._gesture = None
        self._player.release()

    def reset(self) -> None:
        """Go back to the scenario as it was opened; undo brings the edits back."""
        if self._scenario is None or self._original is None:
            return
        self.end_gesture()
        if self._scenario is not self._original:
            self.undo_stack.push(
                ScenarioEdit(
                    self, self._scenario, self._original,
                    text="all edits taken back", gesture=next(self._gestures),
                )
            )
        self._previous = None
        self._player.to_start()

    def check(self, vm: str, host: str) -> list[Check]:
        """Return every rule of a move at the playhead, with its answer."""
        assert self._history is not None
        spec = self._history.spec
        vm_spec = next(v for v in spec.vms if v.name == vm)
        destination = next(h for h in spec.hosts if h.name == host)
        return check_move(
            spec, vm_spec, destination, situation_at(self._history, self._player.t_ns)
        )

    def planned_move(self, vm: str, host: str) -> Move:
        """Return a move from the playhead on, with the policy that the VM's scenario gives it."""
        assert self._history is not None and self._scenario is not None
        t_ns = self._player.t_ns
        own = [m for m in self._scenario.spec.migrations if m.vm == vm]
        later = [m for m in own if m.at_ns >= t_ns]
        dropped = ""
        if later:
            dropped = (
                f"The move of {vm} to {later[0].to} that is planned at "
                f"{format_duration_ns(later[0].at_ns)} is dropped."
            )
        source = self._history.vm(vm).placement_at(t_ns).host
        policy = own[0].policy if own else "xen-legacy"
        return Move(vm, source, host, t_ns, policy, dropped)

    def with_move(self, move: Move) -> Scenario:
        """Return the scenario with a move in it, in place of planned ones of the same VM.

        Raises:
            ScenarioError: It cannot be.
        """
        assert self._scenario is not None
        base = self._scenario
        old = [
            index
            for index, m in enumerate(base.spec.migrations)
            if m.vm == move.vm and m.at_ns >= move.at_ns
        ]
        if not old:
            return base.with_migration(move.vm, move.destination, move.at_ns, move.policy)
        document = _without_items(base, "migrations", old[1:])
        raw = dict(document["migrations"][old[0]])
        raw |= {"to": move.destination, "at": f"{move.at_ns} ns"}
        if raw.get("policy") != move.policy:
            raw.pop("parameters", None)
            raw["policy"] = move.policy
        moves = list(document["migrations"])
        moves[old[0]] = raw
        return scenario_from_document({**document, "migrations": moves}, base.name)

    def migrate(self, move: Move, scenario: Scenario, history: History | None) -> None:
        """Make a confirmed move, and play it.

        Args:
            move: What was confirmed.
            scenario: As `with_move` gave it.
            history: Its run, if it is known already.
        """
        assert self._scenario is not None
        self.end_gesture()
        self._previous = self._history
        text = f"{move.vm} moves to {move.destination} {self._from(move.at_ns)}"
        self._play_on_arrival = True
        self.undo_stack.push(
            ScenarioEdit(
                self, self._scenario, scenario, text=text, gesture=next(self._gestures)
            )
        )
        if history is not None:
            self._on_run_finished(scenario, history)

    def fault(self, kind: str, on: str) -> None:
        """Let something break at the playhead.

        Args:
            kind: As in a scenario file: link-down, link-up, host-dies, cancel, announcement-lost.
            on: Name of the host or VM.
        """
        if self._scenario is None:
            return
        self.end_gesture()
        t_ns = self._player.t_ns
        try:
            after = self._scenario.with_fault(t_ns, kind, on)
        except ScenarioError as error:
            self.failed.emit(error.faults)
            return
        self._previous = self._history
        text = f"{fault_sentence(kind, on)} at {format_duration_ns(t_ns)}"
        self.undo_stack.push(
            ScenarioEdit(self, self._scenario, after, text=text, gesture=next(self._gestures))
        )

    def adopt(self, scenario: Scenario) -> None:
        """Put a version in force and have it simulated; for undo commands."""
        self._scenario = scenario
        self.scenario_changed.emit(scenario)
        self._runs.request(scenario)
        # The stack moves its index after the command: what it says then is read in `_show`.

    def _from(self, t_ns: int) -> str:
        return "from the start" if t_ns == 0 else f"from {format_duration_ns(t_ns)} on"

    def _on_run_finished(self, scenario: Scenario, history: History) -> None:
        # While a slider moves, runs of versions just before arrive too: they are live feedback.
        known = (scenario is self._scenario) or self._gesture is not None
        if known and history is not self._history:
            self._show(history)

    def _show(self, history: History) -> None:
        self._history = history
        edited = self._scenario is not self._original
        self.history_changed.emit(history, self._previous if edited else None)
        self._player.set_history(history)
        self.edited.emit(self._notice() if edited else "")
        if self._play_on_arrival:
            self._play_on_arrival = False
            self._player.play()

    def _notice(self) -> str:
        text = self.undo_stack.undoText()
        return f"New future: {text}" if text else "New future"

    def _on_run_failed(self, scenario: Scenario, faults: tuple[str, ...]) -> None:
        if scenario is self._scenario:
            self._play_on_arrival = False
            self.failed.emit(faults)


def _edited(base: Scenario, path: str, text: str, *, t_ns: int) -> Scenario:
    """Return a scenario with another value from an instant on."""
    if t_ns > 0:
        return base.with_change(t_ns, {path: text})
    return base.with_value(path, text)


def _without_items(scenario: Scenario, key: str, indices: list[int]) -> Document:
    items = scenario.document.get(key, [])
    return {**scenario.document, key: [x for i, x in enumerate(items) if i not in indices]}
