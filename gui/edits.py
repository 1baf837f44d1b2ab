"""Edits of a scenario: what a move is, how one is put in, and the command that undo takes back."""

from collections.abc import Callable

from msgspec import Struct
from PySide6.QtGui import QUndoCommand

from engine.scenario import Scenario, exact_duration, scenario_from_document
from engine.scenario_paths import Document


class Move(Struct, frozen=True):
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
    """One edit of the scenario; all moves of one gesture are one edit.

    A move does not make another command that merges into the one before: the binding keeps the
    Python side of commands that Qt has deleted, and a slider moves often.
    """

    def __init__(
        self,
        adopt: Callable[[Scenario], None],
        before: Scenario,
        after: Scenario,
        *,
        text: str,
        gesture: int,
    ) -> None:
        """Take who puts a version in force, both versions, and what was done in words."""
        super().__init__(text)
        self._adopt: Callable[[Scenario], None] | None = adopt
        self._versions: tuple[Scenario, Scenario] | None = (before, after)
        self._gesture = gesture

    @property
    def gesture(self) -> int:
        """Return the number of the gesture that this edit is."""
        return self._gesture

    def redo(self) -> None:
        """Take the newer version."""
        if self._versions is not None and self._adopt is not None:
            self._adopt(self._versions[1])

    def undo(self) -> None:
        """Go back to the older version."""
        if self._versions is not None and self._adopt is not None:
            self._adopt(self._versions[0])

    def go_on(self, after: Scenario, text: str) -> None:
        """Take over a later move of the same gesture, which leads to another version."""
        if self._versions is not None:
            self._versions = self._versions[0], after
        self.setText(text)
        self.redo()

    def forget(self) -> None:
        """Let go of both versions: this command will not be asked any more.

        The binding keeps commands that Qt has deleted; what they hold would never be freed.
        """
        self._versions = self._adopt = None


def with_edit(base: Scenario, path: str, text: str, *, t_ns: int) -> Scenario:
    """Return a scenario with another value from an instant on.

    Raises:
        ScenarioError: The path leads nowhere, or the value does not fit there.
    """
    if t_ns > 0:
        return base.with_change(t_ns, {path: text})
    return base.with_value(path, text)


def with_move(base: Scenario, move: Move) -> Scenario:
    """Return a scenario with a move in it, in place of planned ones of the same VM.

    Raises:
        ScenarioError: It cannot be.
    """
    old = [
        index
        for index, m in enumerate(base.spec.migrations)
        if m.vm == move.vm and m.at_ns >= move.at_ns
    ]
    if not old:
        return base.with_migration(move.vm, move.destination, move.at_ns, move.policy)
    document = _without_items(base, "migrations", old[1:])
    raw = dict(document["migrations"][old[0]])
    raw |= {"to": move.destination, "at": exact_duration(move.at_ns)}
    if raw.get("policy") != move.policy:
        raw.pop("parameters", None)
        raw["policy"] = move.policy
    moves = list(document["migrations"])
    moves[old[0]] = raw
    return scenario_from_document({**document, "migrations": moves}, base.name, base)


def _without_items(scenario: Scenario, key: str, indices: list[int]) -> Document:
    items = scenario.document.get(key, [])
    return {**scenario.document, key: [x for i, x in enumerate(items) if i not in indices]}
