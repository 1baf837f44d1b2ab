"""The tree of errors that a user can meet.

MigrascopeError
├── ScenarioError      the input is wrong: one sentence per fault, all faults at once
├── UnknownNameError   a bundled scenario, a policy or a VM of that name does not exist
├── LessonError        a lesson is wrong: as ScenarioError (in `engine.lesson`)
├── InstantError       a text names no instant of the run (in `engine.instants`)
├── TableError         a run has no such table (in `engine.tables`)
├── HistoryFileError   a saved history cannot be read
└── EligibilityError   a move that is not allowed (the reasons are sentences)
"""

from collections.abc import Sequence


class MigrascopeError(Exception):
    """Base of everything that is said to the user in one sentence."""


class ScenarioError(MigrascopeError):
    """A scenario is wrong.

    Attributes:
        faults: One sentence per fault: `file: path = value: what was expected`.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        """Keep the faults, in the order of the file."""
        self.faults: tuple[str, ...] = tuple(faults)
        super().__init__("\n".join(self.faults))


class UnknownNameError(MigrascopeError):
    """Nothing of that name exists."""


class HistoryFileError(MigrascopeError):
    """A saved history cannot be read."""


class EligibilityError(MigrascopeError):
    """A migration was asked for that the pool refuses."""
