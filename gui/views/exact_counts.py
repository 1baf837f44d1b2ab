"""Exact pictures of large memories, made in a thread while time stands still.

While time moves a large VM is shown by a part of its pages. Once the playhead rests, all pages are
counted here, in numpy calls that leave the window free to paint.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import numpy as np
from msgspec import Struct
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from engine.history import History
from engine.page_track import Sample
from engine.playback import PageCursor
from engine.sampling import sample_of, stride_for
from gui.views.cell_layout import CellLayout, Counts, Spread, States, Window, counts_of
from gui.views.page_coding import N_CLASSES

REST_MS: Final = 120
"""So long the playhead must have rested before all pages are counted."""
CELLS_A_TURN: Final = 64
"""Cells that are counted in one call, so that the window can paint in between."""

View = tuple[Window, CellLayout]


class Question(Struct, frozen=True):
    """What is to be counted: a VM at an instant, in the cells of some grids."""

    history: History
    vm: str
    t_ns: int
    views: tuple[View, ...]


class ExactCounts(QObject):
    """Counts all pages of a VM, and picks the pages of a small window, when asked.

    Signals:
        counted: The `Question`, and one array of counts for each of its views.
        picked: The history, and the `Sample` of a window.
    """

    counted = Signal(object, object)
    picked = Signal(object, object)
    _done = Signal(object, object)

    def __init__(self, parent: QObject) -> None:
        """Make it; its thread starts with the first question."""
        super().__init__(parent)
        self._threads: ThreadPoolExecutor | None = None
        self._running: Future[Any] | None = None
        self._wanted: Callable[[], None] | None = None
        self._states: tuple[History, str, int, States] | None = None
        self._timer = QTimer(self, singleShot=True, interval=REST_MS)
        self._timer.timeout.connect(self._begin)
        self._done.connect(self._on_done, Qt.ConnectionType.QueuedConnection)
        self.destroyed.connect(partial(_stop, self._pools()))

    def _pools(self) -> list[ThreadPoolExecutor]:
        self._made: list[ThreadPoolExecutor] = []
        return self._made

    @property
    def busy(self) -> bool:
        """Return whether an answer is still to come."""
        return self._timer.isActive() or self._running is not None

    def ask(self, question: Question) -> None:
        """Count once the playhead has rested; the latest question wins."""
        self._wanted = partial(self._count, question)
        self._timer.start()

    def pick(self, history: History, vm: str, window: Window) -> None:
        """Pick the pages of a window, as finely as can be followed at every frame."""
        self._submit(_picked, history, vm, window)

    def forget(self) -> None:
        """Give up what was asked; what is being counted is not told any more."""
        self._timer.stop()
        self._wanted = None

    def _begin(self) -> None:
        if self._running is not None:
            self._timer.start()  # one after the other
        elif self._wanted is not None:
            wanted, self._wanted = self._wanted, None
            wanted()

    def _count(self, question: Question) -> None:
        known = self._states
        if known is not None and known[:3] != (question.history, question.vm, question.t_ns):
            known = self._states = None
        self._submit(_counted, question, None if known is None else known[3])

    def _submit(self, work: Callable[..., Any], *args: Any) -> None:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(1, thread_name_prefix="exact-counts")
            self._made.append(self._threads)
        future = self._threads.submit(work, *args)
        self._running = future
        future.add_done_callback(partial(self._tell, args[0]))

    def _tell(self, asked: object, future: "Future[Any]") -> None:
        """Hand a result to the window's thread; called in ours."""
        try:
            self._done.emit(asked, future)
        except RuntimeError:  # the window is gone
            return

    def _on_done(self, asked: object, future: "Future[Any]") -> None:
        if future is self._running:
            self._running = None
        if isinstance(asked, Question):
            states, counts = future.result()
            if states is not None:
                self._states = (asked.history, asked.vm, asked.t_ns, states)
                self.counted.emit(asked, counts)
        else:
            self.picked.emit(asked, future.result())


def _stop(pools: Sequence[ThreadPoolExecutor]) -> None:
    for pool in pools:
        pool.shutdown(wait=False, cancel_futures=True)


def _counted(question: Question, states: States | None) -> tuple[States | None, list[Counts]]:
    """Return the states of all pages, and their counts in every view."""
    if states is None:
        cursor = PageCursor(question.history, question.vm)
        cursor.move_to(question.t_ns)
        states = cursor.states
    if states is None:
        return None, []
    found: dict[View, Counts] = {}
    for window, layout in question.views:
        if (window, layout) not in found:
            found[window, layout] = _in_turns(states, window, layout)
    return states, [found[view] for view in question.views]


def _in_turns(states: States, window: Window, layout: CellLayout) -> Counts:
    """Count some cells after the others: one call for all would hold the interpreter."""
    counts = np.zeros((layout.n_cells, N_CLASSES), np.int32)
    per_cell = layout.pages_per_cell
    n_used = -(-window.n_shown // per_cell)
    for cell in range(0, n_used, CELLS_A_TURN):
        first = window.first + cell * per_cell
        cells = min(CELLS_A_TURN, n_used - cell)
        n_pages = min(cells * per_cell, window.first + window.n_shown - first)
        part = CellLayout(cells, 1, layout.cell_px, per_cell)
        found = counts_of(states, Spread(), Window(first, n_pages), part)
        counts[cell : cell + cells] = found[:cells]
    return counts


def _picked(history: History, vm: str, window: Window) -> Sample:
    every = stride_for(window.n_shown)
    return sample_of(history, vm, window.first, window.n_shown, every)
