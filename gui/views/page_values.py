"""Classes of pages by times sent, times written or age, moved along with the playhead."""

from typing import Final

import numpy as np

from engine.history import History
from engine.page_counts import AgeMeter, SentCounter, WriteCounter
from gui.views.cell_layout import States
from gui.views.page_coding import ABSENT, AGE, SENT, Coding
from gui.views.page_grid import Pages

MOST_WRITES: Final = 1 << 18
"""Writes read in one turn; what is left is read in the next ones."""


class PageValues:
    """The classes of one coding for every page of one VM.

    Args:
        history: The run.
        vm: Name of the VM.
        coding: One that is not of states.

    Attributes:
        exact: Whether the classes are those of the instant asked for, and not of one before it.
    """

    def __init__(self, history: History, vm: str, coding: Coding) -> None:
        record = history.vm(vm)
        self.coding, self.exact = coding, True
        self._sent = SentCounter(history, vm)
        self._meter: WriteCounter | AgeMeter | None = None
        if coding is not SENT:
            kind = AgeMeter if coding is AGE else WriteCounter
            self._meter = kind(record, history.end_ns)

    @property
    def classes(self) -> States:
        """Return the class of each page where the VM runs; do not write it."""
        return self._sent.classes if self._meter is None else self._meter.classes

    def arrived(self, pages: Pages | slice) -> States:
        """Return the classes of pages as the destination holds them: of what has arrived."""
        classes, held = self.classes[pages], self._sent.counts[pages] > 0
        return np.where(held, classes, np.uint8(ABSENT))

    def move_to(self, t_ns: int) -> Pages | None:
        """Move to an instant, or some way towards it (see `exact`).

        Returns:
            The pages that may have changed, each once; None: all may have.
        """
        sent = self._sent.move_to(t_ns)
        if self._meter is None:
            return sent
        changed = self._meter.move_to(t_ns, most_writes=MOST_WRITES)
        self.exact = self._meter.t_ns == t_ns
        if sent is None or changed is None:
            return None
        if not len(sent) or not len(changed):
            return changed if len(changed) else sent
        return np.union1d(sent, changed)
