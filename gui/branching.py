"""The tree of futures: every version of the scenario that was in force, none lost until deleted.

A version is one run; versions that differ in notes alone are the same. Undo and redo move through
the tree, a new edit grows it. Histories are kept for a few versions and made again for the others.
"""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand

from engine.branches import Branch, branches_of, document_with_branches, fork_name
from engine.errors import ScenarioError
from engine.history import History
from engine.metrics import downtime_ns, total_time_ns
from engine.scenario import Scenario
from engine.scenario_paths import Document
from engine.specs import ScenarioSpec
from gui.session import Session

FIRST_NAME: Final = "as opened"
SAVED_NAME: Final = "as saved"
MOST_HISTORIES: Final = 8


class Node(Struct, eq=False):
    """A future.

    Attributes:
        name: What the viewer calls it; no two are the same.
        parent: The future from which it forked; None: the scenario as it was opened.
        at_ns: Where it forked.
        scenario: The version.
        history: Its run, if it is kept.
        outcome: How its selected migration ended; "" while it was never simulated.
        total_ns: Total migration time; None: not known, or it never ended.
        downtime_ns: Downtime; None: not known, or the VM never stopped.
    """

    name: str
    parent: "Node | None"
    at_ns: int
    scenario: Scenario
    history: History | None = None
    outcome: str = ""
    total_ns: int | None = None
    downtime_ns: int | None = None
    used: int = 0


class _TreeEdit(QUndoCommand):
    """A change of the tree itself, such as a name, that undo takes back."""

    def __init__(self, text: str, do: Callable[[], None], back: Callable[[], None]) -> None:
        super().__init__(text)
        self._ways: tuple[Callable[[], None], Callable[[], None]] | None = (do, back)

    def redo(self) -> None:
        if self._ways is not None:
            self._ways[0]()

    def undo(self) -> None:
        if self._ways is not None:
            self._ways[1]()

    def forget(self) -> None:
        """Let go of what it holds: see `ScenarioEdit.forget`."""
        self._ways = None


class _TreeAside(Struct, frozen=True):
    """A tree that waits while something else is open: see `Session.set_aside`."""

    opened: Scenario | None
    nodes: list[Node]
    opened_shape: list[tuple[str, str, Scenario]]
    current: Node | None
    edits: list[_TreeEdit]


class Branching(QObject):
    """Keeps the tree beside a session.

    Signals:
        changed: A node came, went, or has another name or other figures.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        """Follow a session."""
        super().__init__(parent)
        self._session = session
        self._opened: Scenario | None = None
        self._nodes: list[Node] = []
        self._opened_shape: list[tuple[str, str, Scenario]] = []
        self._current: Node | None = None
        self._grown: Node | None = None
        self._gesture: int | None = None
        self._edits: list[_TreeEdit] = []
        self._aside: _TreeAside | None = None
        self._uses = 0
        session.scenario_changed.connect(self._on_scenario_changed)
        session.history_changed.connect(lambda history, previous: self._on_history(history))
        session.recording_changed.connect(lambda history, title: self._forget_without_scenario())
        session.aside_changed.connect(self._on_aside_changed)

    def nodes(self) -> Sequence[Node]:
        """Return the futures, each after the one from which it forked."""
        return tuple(self._nodes)

    @property
    def current(self) -> Node | None:
        """Return the future that is in force."""
        return self._current

    def depths(self) -> list[int]:
        """Return how often the way to each node forked: the first future goes straight on."""
        found: dict[int, int] = {}
        straight: set[int] = set()
        for node in self._nodes:  # each after the one from which it forked
            parent = node.parent
            if parent is None:
                found[id(node)] = 0
            else:
                found[id(node)] = found[id(parent)] + (id(parent) in straight)
                straight.add(id(parent))
        return [found[id(node)] for node in self._nodes]

    # What the viewer does

    def go_to(self, node: Node) -> None:
        """Put a future in force; undo goes back."""
        if node is not self._current and node in self._nodes:
            self._session.take(node.scenario, f"went to “{node.name}”")

    def rename(self, node: Node, name: str) -> str:
        """Give a future another name; return why it cannot have it, "" if it has it now."""
        name, before = " ".join(name.split()), node.name
        if name == before:
            return ""
        if not name:
            return "A branch needs a name."
        if len(name) > 200:
            return "A name has 200 characters at most."
        if any(other.name == name for other in self._nodes):
            return f"Another branch is called “{name}” already."

        def call(word: str) -> Callable[[], None]:
            def do() -> None:
                node.name = word
                self.changed.emit()

            return do

        self._push(_TreeEdit(f"“{before}” is called “{name}”", call(name), call(before)))
        return ""

    def delete(self, node: Node) -> str:
        """Take a future away, and those that forked from it; return why not, or ""."""
        if node.parent is None:
            return "The scenario as it was opened stays; Reset goes back to it."
        doomed = self._below(node)
        if self._current in doomed:
            return "This future is in force; go to another one first."
        before = list(self._nodes)

        def do() -> None:
            self._nodes = [n for n in self._nodes if n not in doomed]
            self.changed.emit()

        def back() -> None:
            later = [n for n in self._nodes if n not in before]
            self._nodes = before + later
            self.changed.emit()

        self._push(_TreeEdit(f"branch “{node.name}” deleted", do, back))
        return ""

    def _push(self, edit: _TreeEdit) -> None:
        self._edits.append(edit)
        self._session.undo_stack.push(edit)

    def _below(self, node: Node) -> list[Node]:
        found = [node]
        for other in self._nodes:
            if other.parent in found:
                found.append(other)
        return found

    # Files

    @property
    def differs_from_file(self) -> bool:
        """Return whether futures came, went or were renamed since the scenario was opened."""
        return self._shape() != self._opened_shape

    def _shape(self) -> list[tuple[str, str, Scenario]]:
        return [
            (node.name, node.parent.name if node.parent else "", node.scenario)
            for node in self._nodes
        ]

    def document(self, *, all_of_them: bool = True) -> Document | None:
        """Return what a file keeps: the scenario in force and the other futures as branches.

        Args:
            all_of_them: Whether it is a fault that no file can keep one of them; else the others
                are kept.

        Returns:
            None while a recording is open alone.

        Raises:
            ScenarioError: A future differs in a way that no file can keep, and all are wanted.
        """
        scenario = self._session.scenario
        if scenario is None:
            return None
        others = [node for node in self._nodes if node is not self._current]
        if not others:
            return _without_branches(scenario)
        kept = [
            Branch(
                node.name,
                node.parent.name if node.parent in others and node.parent is not None else "",
                node.at_ns,
                node.scenario,
            )
            for node in others
        ]
        try:
            return document_with_branches(scenario, kept)
        except ScenarioError:
            if all_of_them:
                raise
        return _with_as_many(scenario, kept)

    # Following the session

    def _on_scenario_changed(self, scenario: Scenario) -> None:
        if scenario is self._session.original:
            # The root may hold a version with other notes by now: that is no other scenario.
            if not self._nodes or self._opened is not scenario:
                self._open(scenario)
                return
        found = next((n for n in self._nodes if n.scenario is scenario), None)
        if found is None:
            run = _run_of(scenario.spec)
            found = next((n for n in self._nodes if _run_of(n.scenario.spec) == run), None)
        in_hand = self._session.gesture
        grown = self._grown if in_hand is not None and in_hand == self._gesture else None
        if found is not None and found is not grown:
            found.scenario = scenario
            if grown is not None and found is grown.parent:
                self._nodes.remove(grown)  # the slider in hand is back where it was
                self._grown = None
            self._current = found
        elif grown is not None and grown is self._current:
            grown.scenario, grown.name = scenario, self._name_of_edit(grown)
            grown.history, grown.outcome = None, ""
        else:
            self._grow(scenario)
        self.changed.emit()

    def _open(self, scenario: Scenario) -> None:
        self._opened = scenario
        kept = [branch.name for branch in scenario.spec.branches]
        root = Node(fork_name(0, SAVED_NAME if kept else FIRST_NAME, kept), None, 0, scenario)
        self._nodes, self._current, self._grown = [root], root, None
        for edit in self._edits:
            edit.forget()
        self._edits = []
        try:
            found = branches_of(scenario)
        except ScenarioError as error:
            self._session.failed.emit(error.faults)
            found = []
        by_name = {"": root}
        for branch in found:
            name = fork_name(0, branch.name, [n.name for n in self._nodes])
            node = Node(name, by_name[branch.parent], branch.at_ns, branch.scenario)
            by_name[branch.name] = node
            self._nodes.append(node)
        self._opened_shape = self._shape()
        self.changed.emit()

    def _grow(self, scenario: Scenario) -> None:
        node = Node("", self._current, self._session.playhead_ns, scenario)
        node.name = self._name_of_edit(node)
        self._nodes.append(node)
        self._current = self._grown = node
        self._gesture = self._session.gesture

    def _name_of_edit(self, node: Node) -> str:
        taken = [n.name for n in self._nodes if n is not node]
        return fork_name(node.at_ns, self._session.edit_text, taken)[:200]

    def _on_history(self, history: History) -> None:
        node = self._current
        if node is None or self._session.scenario is None:
            return
        if _run_of(history.spec) != _run_of(node.scenario.spec):
            return
        self._uses += 1
        node.history, node.used = history, self._uses
        moves = [m for m in history.migrations if m.vm == self._session.selected]
        move = moves[0] if moves else None
        node.outcome = move.outcome if move is not None else "no migration"
        node.total_ns = total_time_ns(move) if move is not None else None
        node.downtime_ns = downtime_ns(move) if move is not None else None
        kept = sorted((n for n in self._nodes if n.history is not None), key=lambda n: -n.used)
        for old in kept[MOST_HISTORIES:]:
            old.history = None
        self.changed.emit()

    def _on_aside_changed(self, what: str) -> None:
        """Set the tree aside with what is open, and bring it back with it."""
        if what == "about to":
            return
        now = _TreeAside(
            self._opened, self._nodes, self._opened_shape, self._current, self._edits
        )
        if what == "aside":
            self._put(_TreeAside(None, [], [], None, []))
            self._aside = now
            return
        aside, self._aside = self._aside, None
        assert aside is not None
        left = now if what == "back" else aside
        for edit in left.edits:
            edit.forget()
        if what == "back":
            self._put(aside)

    def _put(self, tree: _TreeAside) -> None:
        self._opened, self._nodes, self._opened_shape = tree.opened, tree.nodes, tree.opened_shape
        self._current, self._edits, self._grown = tree.current, tree.edits, None

    def _forget_without_scenario(self) -> None:
        if self._session.scenario is None:
            self._nodes, self._current, self._grown = [], None, None
            self.changed.emit()


def _run_of(spec: ScenarioSpec) -> ScenarioSpec:
    """Return what a run depends on."""
    return spec.model_copy(update={"notes": (), "branches": ()})


def _with_as_many(scenario: Scenario, branches: Sequence[Branch]) -> Document:
    """Return what a file keeps, with as many branches as it can."""
    good: list[Branch] = []
    document = _without_branches(scenario)
    for branch in branches:
        known = {other.name for other in good}
        parent = branch.parent if branch.parent in known else ""
        try:
            with_this = [*good, replace(branch, parent=parent)]
            document = document_with_branches(scenario, with_this)
        except ScenarioError:
            continue
        good.append(replace(branch, parent=parent))
    return document


def _without_branches(scenario: Scenario) -> Document:
    return {key: value for key, value in scenario.document.items() if key != "branches"}
