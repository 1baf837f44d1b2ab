"""What the watcher tells the window; plain values, so that they may cross from thread to thread."""

from typing import Any

from msgspec import Struct

from gui.live.figures import Figures, Machine
from gui.live.recorder import Recorder


class Attached(Struct, frozen=True):
    """The session is there."""

    machine: Machine


class Refused(Struct, frozen=True):
    """There is no session."""

    sentence: str


class Seen(Struct, frozen=True):
    """New figures."""

    figures: Figures


class Began(Struct, frozen=True):
    """A migration has begun, and is recorded."""

    recorder: Recorder


class Grown(Struct, frozen=True):
    """There is more of the recording: `Watcher.take_history` has it."""


class Over(Struct, frozen=True):
    """A migration has ended; `figures` say how."""

    figures: Figures


class Answered(Struct, frozen=True):
    """A request was carried out, or not: then `fault` says why."""

    command: str
    fault: str = ""


class Lost(Struct, frozen=True):
    """The session has ended over there.

    Attributes:
        why: A clause; "" for a plain hang-up.
        figures: The last ones.
        said_goodbye: QEMU told that it shuts down.
    """

    why: str
    figures: Figures
    said_goodbye: bool


class Wish(Struct, frozen=True):
    """Commands that somebody asked for, in their order; the first that is refused is the last."""

    steps: tuple[tuple[str, dict[str, Any]], ...]
