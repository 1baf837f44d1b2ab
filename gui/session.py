"""The session: the scenario being edited, its run, what is selected, and undo.

An edit at the start changes the scenario; anywhere else it adds a dated change, so that the past
stays what it was. This module decides that; it shows nothing and simulates nothing itself.

Instead of a scenario a recording may be open: a run that somebody's machines made. Nothing in it
can be changed; a simulated twin may be opened beside it, and that can.
"""

from itertools import count
from typing import Final

from msgspec import Struct
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoGroup, QUndoStack

from engine.eligibility import Check, check_move, situation_at
from engine.errors import ScenarioError
from engine.history import History
from engine.scenario import Scenario
from engine.units import format_duration_ns
from gui.edits import Move, ScenarioEdit, with_edit, with_move
from gui.models.fault_choices import fault_sentence
from gui.player import Player
from gui.run_controller import RunController

RECORDING_LOCKED: Final = (
    "This is a recording: what happened cannot be changed. Simulate it beside, and change that."
)


class Aside(Struct, frozen=True):
    """What was open and is set aside: see `Session.set_aside`."""

    scenario: Scenario | None
    original: Scenario | None
    history: History | None
    previous: History | None
    recording: History | None
    recording_title: str
    selected: str
    t_ns: int
    stack: QUndoStack
    edits: list[ScenarioEdit]


class Session(QObject):
    """What is open.

    Attributes:
        scenario_changed: With the `Scenario` in force, at once, before it is simulated.
        history_changed: With the new `History` and the one whose future it replaces, or None.
        selection_changed: With the name of the selected VM.
        recording_changed: With the recorded `History` that is open, alone or beside its simulated
            twin, and its title; None and "" when there is none any more.
        aside_changed: What is open is "about to" be set aside, then "aside"; what was set aside is
            "back", just before it is shown, or it is "forgotten".
        edited: With a sentence on what was replaced; "" when nothing is edited any more.
        failed: With the sentences on why an edit or a run did not work.
    """

    scenario_changed = Signal(object)
    history_changed = Signal(object, object)
    selection_changed = Signal(str)
    recording_changed = Signal(object, str)
    aside_changed = Signal(str)
    edited = Signal(str)
    failed = Signal(object)

    def __init__(
        self, player: Player, runs: RunController, parent: QObject | None = None
    ) -> None:
        """Take the owners of time and of runs."""
        super().__init__(parent)
        self.undo_group = QUndoGroup(self)
        self._stack = self._new_stack()
        self._aside: Aside | None = None
        self._player, self._runs = player, runs
        self._scenario: Scenario | None = None
        self._original: Scenario | None = None
        self._history: History | None = None
        self._previous: History | None = None
        self._recording: History | None = None
        self._recording_title = ""
        self._selected = ""
        self._gestures = count()
        self._gesture: tuple[int, Scenario, int] | None = None
        self._edit_text = ""
        self._edits: list[ScenarioEdit] = []
        self._asked: list[Scenario] = []
        self._play_on_arrival = False
        runs.run_finished.connect(self._on_run_finished)
        runs.run_failed.connect(self._on_run_failed)

    @property
    def undo_stack(self) -> QUndoStack:
        """Return the edits of what is open."""
        return self._stack

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
    def recording(self) -> History | None:
        """Return the recording that is open, alone or beside its simulated twin."""
        return self._recording

    @property
    def recording_title(self) -> str:
        """Return what the recording is called, "" if there is none."""
        return self._recording_title

    @property
    def beside(self) -> bool:
        """Return whether a simulated twin is shown beside the recording."""
        return self._recording is not None and self._scenario is not None

    @property
    def settled(self) -> bool:
        """Return whether the run that is shown is that of the scenario in force."""
        return not self._runs.busy

    @property
    def editing(self) -> bool:
        """Return whether a gesture is under way: a slider is in hand."""
        return self._gesture is not None

    @property
    def playhead_ns(self) -> int:
        """Return where the playhead is."""
        return self._gesture[2] if self._gesture is not None else self._player.t_ns

    @property
    def gesture(self) -> int | None:
        """Return the number of the gesture that is under way: all of it is one edit."""
        return None if self._gesture is None else self._gesture[0]

    @property
    def edit_text(self) -> str:
        """Return what the newest edit did, in words."""
        return self._edit_text

    def open(self, scenario: Scenario, history: History | None = None) -> None:
        """Open a scenario at its start, paused.

        Args:
            scenario: What to open.
            history: Its run; None: it is simulated here, and everything waits for it.

        Raises:
            ScenarioError: It cannot be run; what was open stays open.
        """
        if history is None:
            history = self._runs.simulate_now(scenario)
        self._start_over(scenario)
        self._forget_recording()
        self._show_opened(history)

    def open_recording(self, history: History, title: str) -> None:
        """Open a recording at its start, paused, in place of what is open.

        Args:
            history: The recorded run, as `engine.importing.history_of` gives it.
            title: What it is called: file or machine, and format.
        """
        self._start_over(None)
        self._recording, self._recording_title = history, title
        self.recording_changed.emit(history, title)
        self._show_opened(history)

    def update_recording(self, history: History) -> bool:
        """Show more of the recording that is open: a live migration has gone on.

        The playhead stays where it is; at the end it stays at the end.

        Args:
            history: The whole recording so far.

        Returns:
            Whether a recording is open at all; otherwise nothing happens.
        """
        if self._recording is None:
            return False
        self._recording = history
        if self.beside:
            assert self._history is not None
            self.history_changed.emit(self._history, history)
            return True
        at_end = self._player.t_ns >= self._player.end_ns
        if all(record.spec.name != self._selected for record in history.vms):
            self._selected = history.vms[0].spec.name
        self._history = history
        self._player.expect_history()
        self.history_changed.emit(history, None)
        self._player.set_history(history)
        if at_end:
            self._player.seek(history.end_ns)
        return True

    def open_beside(self, scenario: Scenario, history: History) -> None:
        """Open the simulated twin of the recording that is open, at its start, and show both.

        Args:
            scenario: The twin.
            history: Its run.
        """
        assert self._recording is not None
        self._start_over(scenario)
        self._show_opened(history)

    def close_beside(self) -> None:
        """Show the recording alone again."""
        if self._recording is not None and self._scenario is not None:
            self.open_recording(self._recording, self._recording_title)

    def _start_over(self, scenario: Scenario | None) -> None:
        """Put another scenario, or None, in the place of everything that was open."""
        self._player.pause()
        self._player.release()
        self._scenario = self._original = scenario
        self._previous, self._gesture = None, None
        self._play_on_arrival = False
        self.undo_stack.clear()
        for edit in self._edits:
            edit.forget()
        self._edits, self._asked = [], []

    def set_aside(self) -> None:
        """Let what is open, with its edits, wait while something else is shown: a lesson.

        What is open next has a list of edits of its own.
        """
        assert self._aside is None
        self.end_gesture()
        self.aside_changed.emit("about to")
        self.aside_changed.emit("aside")
        self._aside = Aside(
            self._scenario, self._original, self._history, self._previous, self._recording,
            self._recording_title, self._selected, self._player.t_ns, self._stack, self._edits,
        )  # fmt: skip
        self._stack, self._edits = self._new_stack(), []

    def bring_back(self) -> None:
        """Show what was set aside as it was: at its instant, and undo goes on where it was.

        If nothing was open then, what is open now stays.
        """
        aside = self._aside
        assert aside is not None
        if aside.history is None:
            self.forget_aside()
            return
        self._start_over(aside.scenario)
        self._drop_stack(self._stack)
        self._aside, self._stack, self._edits = None, aside.stack, aside.edits
        self.undo_group.setActiveStack(aside.stack)
        self._original, self._previous = aside.original, aside.previous
        self._history, self._selected = aside.history, aside.selected
        self.aside_changed.emit("back")
        recording, self._recording_title = aside.recording, aside.recording_title
        if recording is not self._recording:
            self._recording = recording
            self.recording_changed.emit(recording, self._recording_title)
        if self._scenario is not None:
            self.scenario_changed.emit(self._scenario)
        self._show(aside.history)
        self.selection_changed.emit(self._selected)
        self._player.seek(aside.t_ns)
        if self._scenario is not None and aside.history.spec != self._scenario.spec:
            self._runs.request(self._scenario)  # its run was under way

    def forget_aside(self) -> None:
        """Let go of what was set aside: what is open now has taken its place."""
        aside, self._aside = self._aside, None
        if aside is not None:
            for edit in aside.edits:
                edit.forget()
            self._drop_stack(aside.stack)
            self.aside_changed.emit("forgotten")

    def _new_stack(self) -> QUndoStack:
        stack = QUndoStack(self)
        self.undo_group.addStack(stack)
        self.undo_group.setActiveStack(stack)
        return stack

    def _drop_stack(self, stack: QUndoStack) -> None:
        self.undo_group.removeStack(stack)
        stack.clear()
        stack.deleteLater()

    def _forget_recording(self) -> None:
        if self._recording is not None:
            self._recording, self._recording_title = None, ""
            self.recording_changed.emit(None, "")

    def _show_opened(self, history: History) -> None:
        """Show a run at its start, with the VM that moves selected."""
        self._selected = _first_vm(history)
        if self._scenario is not None:
            self.scenario_changed.emit(self._scenario)
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

    def select_first(self) -> None:
        """Select the VM that is selected when a scenario is opened: the one that moves."""
        if self._history is not None:
            self.select(_first_vm(self._history))

    def edit(self, path: str, text: str) -> None:
        """Change a value: in the scenario at its start, from the playhead on elsewhere."""
        if self._scenario is None:
            self._refuse()
            return
        if self._gesture is None:
            self._gesture = (next(self._gestures), self._scenario, self._player.t_ns)
            self._previous = self._history
            self._player.hold()
        gesture, base, t_ns = self._gesture
        try:
            after = with_edit(base, path, text, t_ns=t_ns)
        except ScenarioError as error:
            self.failed.emit(error.faults)
            return
        name = path.rpartition(".")[2].replace("_", " ")
        sentence = self._edit_text = f"{name} {text} {self._from(t_ns)}"
        newest = self._edits[-1] if self._edits else None
        if newest is not None and newest.gesture == gesture and not self.undo_stack.canRedo():
            newest.go_on(after, sentence)
        else:
            before = self._scenario
            self._push(ScenarioEdit(self.adopt, before, after, text=sentence, gesture=gesture))

    def take(self, scenario: Scenario, text: str) -> None:
        """Put another version in force, as one edit that undo takes back.

        Args:
            scenario: The version.
            text: What was done, in words.
        """
        if self._scenario is None:
            self._refuse()
            return
        self.end_gesture()
        self._previous, self._edit_text = self._history, text
        self._push(
            ScenarioEdit(
                self.adopt, self._scenario, scenario, text=text, gesture=next(self._gestures)
            )
        )

    def _push(self, edit: ScenarioEdit) -> None:
        self._edits.append(edit)
        self.undo_stack.push(edit)

    def end_gesture(self) -> None:
        """Let the next edit be one of its own, and time go on."""
        self._gesture = None
        self._player.release()

    def reset(self) -> None:
        """Go back to the scenario as it was opened; undo brings the edits back."""
        if self._scenario is None or self._original is None:
            self._refuse()
            return
        self.end_gesture()
        if self._scenario is not self._original:
            self._push(
                ScenarioEdit(
                    self.adopt, self._scenario, self._original,
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
        return with_move(self._scenario, move)

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
        self._edit_text = text
        self._play_on_arrival = True
        self._push(
            ScenarioEdit(
                self.adopt, self._scenario, scenario, text=text, gesture=next(self._gestures)
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
            self._refuse()
            return
        t_ns = self._player.t_ns
        try:
            after = self._scenario.with_fault(t_ns, kind, on)
        except ScenarioError as error:
            self.failed.emit(error.faults)
            return
        self.take(after, f"{fault_sentence(kind, on)} at {format_duration_ns(t_ns)}")

    def adopt(self, scenario: Scenario) -> None:
        """Put a version in force and have it simulated; for undo commands."""
        self._scenario = scenario
        self._asked.append(scenario)
        self.scenario_changed.emit(scenario)
        self._runs.request(scenario)
        # The stack moves its index after the command: what it says then is read in `_show`.

    def _refuse(self) -> None:
        """Say why nothing can be edited, if a recording is the reason."""
        if self._recording is not None:
            self.failed.emit((RECORDING_LOCKED,))

    def _from(self, t_ns: int) -> str:
        return "from the start" if t_ns == 0 else f"from {format_duration_ns(t_ns)} on"

    def _on_run_finished(self, scenario: Scenario, history: History) -> None:
        # While a slider moves, runs of versions just before arrive too: they are live feedback. A
        # run that was asked for before something else was opened is not.
        asked = next((i for i, one in enumerate(self._asked) if one is scenario), None)
        if asked is not None:
            del self._asked[: asked + 1]  # runs come in order; those left out never come
        known = scenario is self._scenario or (asked is not None and self._gesture is not None)
        if known and history is not self._history:
            self._show(history)

    def _show(self, history: History) -> None:
        self._history = history
        edited = self._scenario is not self._original
        previous = self._recording if self.beside else self._previous if edited else None
        # Whoever moves the playhead meanwhile must not show the views a run that they do not have.
        self._player.expect_history()
        self.history_changed.emit(history, previous)
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


def _first_vm(history: History) -> str:
    names = [m.vm for m in history.spec.migrations] + [v.name for v in history.spec.vms]
    return names[0] if names else ""
