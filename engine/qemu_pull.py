"""The guest of a QEMU post-copy: it runs at the destination and waits for pages it writes.

The source pushes from page 0 upwards; a page that the guest asks for goes first, and the push
goes on behind it. Only writes touch memory in this model, so the faults are a lower bound.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.qemu_guest import Marks, QemuGuest

LOOK_AHEAD_NS: Final = 100_000_000
NEVER: Final = np.iinfo(np.int64).max


class PullingGuest:
    """The guest after its start at the destination, and the order in which pages come."""

    def __init__(self, guest: QemuGuest, missing: Marks, resumed_ns: int) -> None:
        """Start at `resumed_ns` with some pages missing."""
        self._timeline = guest.timeline
        self._guest_ns = guest.guest_ns(resumed_ns)
        self._offset_ns = resumed_ns - self._guest_ns
        self._there: npt.NDArray[np.int64] = np.zeros(guest.load.n_pages, np.int64)
        self._there[missing] = NEVER
        self._missing = missing
        self._left = int(np.count_nonzero(missing))
        self._cursor = 0
        self._stalled: int | None = None
        self.asked: list[int] = []
        self.asked_ns = resumed_ns
        self.faults = 0
        self.stall_ns = 0

    def next_page(self) -> int | None:
        """Return the page to send: the one asked for, or the next behind the last one."""
        if not self._left:
            return None
        page = self.asked.pop(0) if self.asked else self._behind(self._cursor)
        self._missing[page] = False
        self._left -= 1
        self._cursor = page + 1
        return page

    def _behind(self, page: int) -> int:
        if page < len(self._missing):
            found = page + int(self._missing[page:].argmax())
            if self._missing[found]:
                return found
        return int(self._missing.argmax())

    def arrive(self, page: int, t_ns: int) -> None:
        """Let a page be there at `t_ns`; a guest that waits for it goes on then."""
        self._there[page] = t_ns
        if page == self._stalled:
            self._go_on(t_ns)

    def _go_on(self, t_ns: int) -> None:
        waited_ns = max(0, t_ns - (self._guest_ns + self._offset_ns))
        self.stall_ns += waited_ns
        self._offset_ns += waited_ns
        self._stalled = None

    def run_until(self, t_ns: int) -> None:
        """Let the guest write up to `t_ns`, or to its first page that is not there."""
        while self._timeline is not None and self._stalled is None:
            end_ns = min(t_ns - self._offset_ns, self._guest_ns + LOOK_AHEAD_NS)
            if end_ns <= self._guest_ns:
                return
            pages, times = self._timeline.writes_between(self._guest_ns, end_ns)
            late = self._there[pages] > times + self._offset_ns
            at = int(late.argmax()) if len(late) else 0
            if not len(late) or not late[at]:
                self._guest_ns = end_ns
                continue
            self._guest_ns = int(times[at])
            self._touch(int(pages[at]))

    def _touch(self, page: int) -> None:
        """Meet a page that is not there: to be asked for, held by the sender, or on its way."""
        there_ns = int(self._there[page])
        if there_ns != NEVER:
            self._go_on(there_ns)
            return
        self._stalled = page
        if self._missing[page]:
            self.faults += 1
            self.asked.append(page)
            self.asked_ns = self._guest_ns + self._offset_ns
