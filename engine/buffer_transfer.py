"""QEMU's sending between two reads of the bitmap: in the cursor's order, buffer by buffer.

A buffer is to QEMU what a batch is to Xen: its pages are read when it begins, and count when it
has ended. An iteration goes on until the window's budget is reached, until it has lasted too long,
or until no page is left; the algorithm decides between two of them. How its pages go into the
stream is known when an iteration begins, so that all its buffers can be planned at once.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.qemu_rules import MOST_ITERATION_MS, MS_NS
from engine.qemu_stream import BUFFER_BYTES, HEADER_BYTES, MOST_PIECES, ZERO_PAGE_BYTES
from engine.specs import PAGE_BYTES
from engine.transfer import (
    PAGE_WIRE_BYTES,
    WINDOW_PAGES,
    Contents,
    Pace,
    Pages,
    Times,
    Transfer,
    carried_at,
)

Flags = npt.NDArray[np.bool_]

BUFFER_PAGES: Final = MOST_PIECES // 2
"""Whole pages in a buffer: each is two of its pieces, a header and the page by reference."""
MOST_ITERATION_NS: Final = (MOST_ITERATION_MS + 1) * MS_NS
PLANNED_PAGES: Final = 1 << 13


class Forms(Struct, frozen=True):
    """How some pages go into the stream; arrays of shape (pages,), in the order of sending.

    Attributes:
        copied_bytes: What is copied into the buffer: a header, a zero mark, a delta.
        by_reference: Whether the page itself follows, by reference.
        zero: Whether only a mark is sent that says that the page is zero.
    """

    copied_bytes: Times
    by_reference: Flags
    zero: Flags

    @property
    def wire_bytes(self) -> Times:
        """Return what each page costs on the wire."""
        return self.copied_bytes + self.by_reference * np.int64(PAGE_BYTES)


def plain_forms(zero: Flags) -> Forms:
    """Return the forms of pages that are whole or zero."""
    copied = np.where(zero, np.int64(ZERO_PAGE_BYTES), np.int64(HEADER_BYTES))
    return Forms(copied, ~zero, zero)


FormsOf = Callable[[Pages, int, int], Forms]
"""(pages, place of the first of them in the order, begin of the iteration) -> their forms."""


def buffer_bounds(forms: Forms, *, final: bool) -> Times:
    """Return where buffers end: buffer b holds the pages from `bounds[b]` to `bounds[b + 1]`.

    A buffer is full with the page that is the 32nd by reference, or with which 32 KiB are copied.

    Args:
        forms: The pages.
        final: Whether no page follows, so that the last buffer need not be full.

    Returns:
        int64 array, shape (buffers + 1,), from 0 on.
    """
    n = len(forms.zero)
    references = np.cumsum(forms.by_reference, dtype=np.int64)
    copied = np.cumsum(forms.copied_bytes)
    if n and references[-1] == n and copied[-1] == n * HEADER_BYTES:
        bounds = np.arange(0, n + 1, BUFFER_PAGES, dtype=np.int64)
    else:
        bounds = np.array(_bounds(references, copied), np.int64)
    if final and bounds[-1] < n:
        bounds = np.append(bounds, n)
    return bounds


def _bounds(references: Times, copied: Times) -> list[int]:
    """Return the ends of all full buffers, from 0 on."""
    result, n = [0], len(copied)
    full_at = np.searchsorted(references, np.arange(BUFFER_PAGES, n + BUFFER_PAGES + 1)) + 1
    sent, put = 0, 0
    while True:
        by_pages = int(full_at[sent])
        by_bytes = by_pages
        if by_pages > n or int(copied[by_pages - 1]) - put >= BUFFER_BYTES:
            by_bytes = int(np.searchsorted(copied, put + BUFFER_BYTES)) + 1
        end = min(by_pages, by_bytes)
        if end > n:
            return result
        result.append(end)
        sent, put = int(references[end - 1]), int(copied[end - 1])


class BufferPlan(Struct):
    """Buffers of one step, not settled yet.

    Attributes:
        reads_ns: When each begins. ends_ns: When it is through.
        bounds: Places in the order, counted from the first page, shape (buffers + 1,).
        wire_bytes: Bytes up to each bound. references: Whole pages up to each bound.
        zeros: Zero marks up to each bound.
        content: Pages of which something is sent but a mark, in order.
        content_bounds: Where each buffer's begin in `content`.
        over: Whether the iteration ends with the last of them.
    """

    reads_ns: Times
    ends_ns: Times
    bounds: Times
    wire_bytes: Times
    zeros: Times
    content: Pages
    content_bounds: Times
    over: bool


class BufferTransfer(Transfer):
    """The pages between two reads of the bitmap, sent in iterations.

    Args:
        order: Page numbers in the cursor's order.
        start_ns: When the bitmap was read.
        content: Which buffer read the contents that the destination holds; written here.
        first_batch: Number of this transfer's first buffer.
        forms_of: Tells how pages go into the stream.
    """

    def __init__(
        self,
        order: Pages,
        *,
        start_ns: int,
        content: Contents,
        first_batch: int,
        forms_of: FormsOf,
    ) -> None:
        super().__init__(
            order,
            start_ns=start_ns,
            log=None,
            skip=False,
            content=content,
            first_batch=first_batch,
        )
        self._forms_of = forms_of
        self._buffers: BufferPlan | None = None
        self._budget: int | None = None
        self._most_ns: int | None = None
        self._begin_ns = start_ns
        self._over = False
        self._bytes_sent = self._n_zero = 0
        self.iterations: list[tuple[int, int]] = []
        """(when, place in the order) at which each iteration began."""

    @property
    def bytes_sent(self) -> int:
        """Return the bytes of all buffers that have begun."""
        return self._bytes_sent

    @property
    def n_zero(self) -> int:
        """Return how many zero marks were sent."""
        return self._n_zero

    @property
    def position(self) -> int:
        """Return how many pages of the order have had their turn."""
        return self._position

    @property
    def left(self) -> int:
        """Return how many pages still wait for their turn."""
        return len(self._order) - self._position

    @property
    def visited(self) -> Pages:
        """Return the pages that have had their turn."""
        return self._order[: self._position]

    @property
    def rest(self) -> Pages:
        """Return the pages that still wait for their turn."""
        return self._order[self._position :]

    def begin_iteration(self, t_ns: int, *, budget: int | None) -> None:
        """Go on with the next iteration at `t_ns`; its forms are those of this instant.

        Args:
            t_ns: Its begin.
            budget: It ends with the buffer that takes it over so many bytes; None: no limit.
        """
        self.iterations.append((t_ns, self._position))
        self._begin_ns, self._over = t_ns, self.finished
        self._budget, self._most_ns = budget, t_ns + MOST_ITERATION_NS
        self.pace, self._buffers = Pace(t_ns), None

    def next_ns(self) -> int:
        """Return when this transfer has to be looked at again."""
        if self._over:
            return self.pace.ready_ns()
        if self._buffers is None:
            self._buffers = self._plan_buffers()
        ends = self._buffers.ends_ns
        return int(ends[-1]) if len(ends) else self.pace.ready_ns()

    def ended_by(self, t_ns: int) -> bool:
        """Return whether the iteration is over at `t_ns` (after `settle`)."""
        return self._over and self.pace.ready_ns() <= t_ns

    def replan(self) -> None:
        """Throw the plan away; what was settled stays."""
        self._buffers = None

    def _plan_buffers(self) -> BufferPlan:
        size = PLANNED_PAGES if self._most_ns is not None else WINDOW_PAGES
        if self._budget is not None:
            size = min(size, max(0, self._budget) // PAGE_WIRE_BYTES + 2 * BUFFER_PAGES)
        while True:
            plan = self._plan_pages(size)
            if plan.over or len(plan.ends_ns):
                return plan
            size *= 2

    def _plan_pages(self, size: int) -> BufferPlan:
        """Plan the full buffers of the next `size` pages, as far as the iteration goes."""
        pages = self._order[self._position : self._position + size]
        final = self._position + len(pages) >= len(self._order)
        forms = self._forms_of(pages, self._position, self._begin_ns)
        bounds = buffer_bounds(forms, final=final)
        sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(forms.wire_bytes)])[bounds]
        pace = self.pace
        at_ns = carried_at(pace.t0_ns, pace.bits + sums * 8, pace.rate_bps)
        n, over = self._allowed(at_ns, sums, final=final)
        bounds, at_ns, sums = bounds[: n + 1], at_ns[: n + 1], sums[: n + 1]
        forms_end = int(bounds[-1])
        zeros = np.concatenate([np.zeros(1, np.int64), np.cumsum(forms.zero)])[bounds]
        return BufferPlan(
            at_ns[:-1],
            at_ns[1:],
            bounds,
            sums,
            zeros,
            pages[:forms_end][~forms.zero[:forms_end]],
            bounds - zeros,
            over,
        )

    def _allowed(self, at_ns: Times, sums: Times, *, final: bool) -> tuple[int, bool]:
        """Return how many of the buffers the iteration begins, and whether it is over then."""
        n, over = len(sums) - 1, final
        if self._budget is not None:
            enough = int(np.searchsorted(sums, self._budget, side="right"))
            if enough <= n:
                n, over = enough, True
        if self._most_ns is not None and n:
            in_time = int(np.searchsorted(at_ns[:n], self._most_ns, side="left"))
            if self._begins():
                in_time = max(1, in_time)
            if in_time < n:
                n, over = in_time, True
        return n, over

    def _begins(self) -> bool:
        """Return whether nothing of the iteration was sent yet."""
        return bool(self.iterations) and self.iterations[-1][1] == self._position

    def settle(self, t_ns: int) -> None:
        """Take as done what began before `t_ns`; a buffer under way keeps its pages."""
        plan, self._buffers = self._buffers, None
        if plan is None:
            return
        end_ns = int(plan.ends_ns[-1]) if len(plan.ends_ns) else self.pace.ready_ns()
        n = len(plan.reads_ns)
        if t_ns < end_ns:
            n = int(np.searchsorted(plan.reads_ns, t_ns, side="left"))
        if n:
            self._take(plan, n)
        # Not by the count alone: at another rate one more buffer may begin in time.
        self._over = plan.over and t_ns >= end_ns

    def _take(self, plan: BufferPlan, n: int) -> None:
        upto = int(plan.content_bounds[n])
        sizes = np.diff(plan.content_bounds[: n + 1])
        numbers = np.arange(self._next_batch, self._next_batch + n, dtype=np.uint32)
        self._content.read(plan.content[:upto], np.repeat(numbers, sizes))
        self._next_batch += n
        record, n_bytes = self.record, int(plan.wire_bytes[n])
        record.begins_ns.append(plan.reads_ns[:n])
        record.ends_ns.append(plan.ends_ns[:n].copy())
        record.sizes.append(sizes)
        record.pages.append(plan.content[:upto])
        self.n_sent += upto
        self._n_zero += int(plan.zeros[n])
        self._bytes_sent += n_bytes
        if self._budget is not None:
            self._budget -= n_bytes
        self.pace.bits += n_bytes * 8
        self._position += int(plan.bounds[n])

    def set_rate(self, t_ns: int, rate_bps: int) -> None:
        """Go on at another rate from `t_ns` on."""
        self.settle(t_ns)
        self.pace.turn(t_ns, rate_bps)
        if self.record.ends_ns and self.pace.bits:
            self.record.ends_ns[-1][-1] = self.pace.ready_ns()
