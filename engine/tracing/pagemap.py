"""What one look at a process gives, and the parts that both mechanisms share.

Looked at are private writable mappings (heap, stacks, data segments); mappings shared between
processes and the page cache are not seen, and neither are forked children. Of those the
anonymous pages count: a page of a file, or the page of zeros, appears when it is read.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Self

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.tracing import ptrace

PageNumbers = npt.NDArray[np.uint64]


class Look(Struct, frozen=True):
    """What one look at a process found.

    Attributes:
        written: Numbers of the pages written since the look before, ascending, shape (n,).
        resident_pages: How many of its own pages it has, in memory or swapped out.
    """

    written: PageNumbers
    resident_pages: int


class Watcher(ABC):
    """A process whose writes are seen."""

    mechanism: str

    @abstractmethod
    def look(self) -> Look:
        """Return the pages written since the look before; the first time, all that there are.

        Raises:
            ProcessEndedError: There is nothing to look at any more.
        """

    @abstractmethod
    def close(self) -> None:
        """Leave the process as it was."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def private_writable(maps: str) -> Iterator[tuple[int, int]]:
    """Yield first and last address (excluded) of the private writable mappings of a maps file."""
    for line in maps.splitlines():
        span, permissions = line.split(maxsplit=2)[:2]
        if permissions[1] == "w" and permissions[3] == "p":
            begin, _, end = span.partition("-")
            yield int(begin, 16), int(end, 16)


class Process:
    """The folder of a process under /proc; never that of another one that got its number."""

    def __init__(self, pid: int) -> None:
        """Open the folder.

        Raises:
            OSError: There is no such process.
        """
        self.pid = pid
        self._folder = os.open(f"/proc/{pid}", os.O_RDONLY | os.O_DIRECTORY)

    def close(self) -> None:
        """Close the folder."""
        os.close(self._folder)

    def open(self, name: str, flags: int = os.O_RDONLY) -> int:
        """Return a descriptor of one of its files.

        Raises:
            ProcessEndedError: The process is gone.
            OSError: No right to.
        """
        try:
            return os.open(name, flags | os.O_CLOEXEC, dir_fd=self._folder)
        except (ProcessLookupError, FileNotFoundError):
            raise ptrace.ProcessEndedError(f"trace: process {self.pid} ended") from None

    def mappings(self) -> list[tuple[int, int]]:
        """Return first and last address (excluded) of its private writable mappings.

        Raises:
            ProcessEndedError: The process is gone.
        """
        try:
            with os.fdopen(self.open("maps"), "rb") as file:
                found = list(private_writable(file.read().decode(errors="replace")))
        except ProcessLookupError:
            found = []
        if not found:
            raise ptrace.ProcessEndedError(f"trace: process {self.pid} ended")
        return found
