"""Ctrl+C, and a request to end, for commands that draw.

An exception that comes up inside a method that Qt calls is lost, or ends the process. So both wait
until nothing is being drawn.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

EXIT_INTERRUPTED: Final = 130
Check = Callable[[], None]
"""Raises KeyboardInterrupt if the command is to end."""


@contextmanager
def waiting_interrupts() -> Iterator[Check]:
    """Let Ctrl+C and SIGTERM wait until the check that this yields is called."""
    asked: list[int] = []
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(kind, lambda number, frame: asked.append(number)) for kind in kinds]

    def check() -> None:
        if asked:
            raise KeyboardInterrupt

    try:
        yield check
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def tell_interrupted(command: str, left: str) -> int:
    """Say that a command was ended and what is left, and return its exit status."""
    print(f"{command}: interrupted; {left}", file=sys.stderr)
    return EXIT_INTERRUPTED
