"""What the watcher tells the window; plain values, so that they may cross from thread to thread."""

from dataclasses import dataclass
from typing import Any

from gui.live.figures import Figures, Machine
from gui.live.recorder import Recorder


@dataclass(frozen=True)
class Attached:
    """The session is there."""

    machine: Machine


@dataclass(frozen=True)
class Refused:
    """There is no session."""

    sentence: str


@dataclass(frozen=True)
class Seen:
    """New figures."""

    figures: Figures


@dataclass(frozen=True)
class Began:
    """A migration has begun, and is recorded."""

    recorder: Recorder


@dataclass(frozen=True)
class Grown:
    """There is more of the recording: `Watcher.take_history` has it."""


@dataclass(frozen=True)
class Over:
    """A migration has ended; `figures` say how."""

    figures: Figures


@dataclass(frozen=True)
class Answered:
    """A request was carried out, or not: then `fault` says why."""

    command: str
    fault: str = ""


@dataclass(frozen=True)
class Lost:
    """The session has ended over there.

    Attributes:
        why: A clause; "" for a plain hang-up.
        figures: The last ones.
        said_goodbye: QEMU told that it shuts down.
    """

    why: str
    figures: Figures
    said_goodbye: bool


@dataclass(frozen=True)
class Wish:
    """Commands that somebody asked for, in their order; the first that is refused is the last."""

    steps: tuple[tuple[str, dict[str, Any]], ...]
