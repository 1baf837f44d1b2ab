"""Recording the page states of one migration as sections and lanes (see `page_track`)."""

import numpy as np
import numpy.typing as npt

from engine.memory import NEVER
from engine.page_track import KEYFRAME_MIN_CHANGES, Lane, PageTrack, Section
from engine.states import PageState
from engine.transfer import TransferLog

Times = npt.NDArray[np.int64]
Pages = npt.NDArray[np.uint32]
States = npt.NDArray[np.uint8]


def _joined(parts: list[npt.NDArray[np.generic]], dtype: type) -> npt.NDArray[np.generic]:
    return np.concatenate([np.empty(0, dtype), *parts])


class PageRecorder:
    """The page states of one migration while it goes on.

    Attributes:
        states: Newest settled states, shape (n_pages,); pages in flight keep their old state.
    """

    def __init__(self, start_ns: int, states: States) -> None:
        """Start with the states at the instant when the copying begins."""
        self.states = states
        self._sections: list[Section] = []
        self._start_ns, self._base = start_ns, states.copy()
        self._lanes: list[Lane] = []
        self._changes = 0

    def add(self, lane: Lane) -> None:
        """Append a lane; a page may appear in it once."""
        if len(lane.pages):
            self._lanes.append(lane)
            lane.apply(self.states, 0, len(lane.pages))
            self._changes += len(lane.pages)

    def set_states(self, t_ns: int, pages: Pages, states: States | PageState) -> None:
        """Let pages take a state at one instant."""
        order = np.argsort(pages, kind="stable") if len(pages) else np.empty(0, np.int64)
        value = states if isinstance(states, PageState) else states[order]
        times = np.full(len(pages), t_ns, np.int64)
        self.add(Lane(times, None, pages[order], value))

    def add_batches(
        self, record: TransferLog, state: PageState, *, until_ns: int | None = None
    ) -> None:
        """Append the batches of a transfer; one not through at `until_ns` stays in flight."""
        begins = np.asarray(_joined(list(record.begins_ns), np.int64), np.int64)
        ends = np.asarray(_joined(list(record.ends_ns), np.int64), np.int64)
        sizes = np.asarray(_joined(list(record.sizes), np.int64), np.int64)
        pages = np.asarray(_joined(list(record.pages), np.uint32), np.uint32)
        bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        if until_ns is not None:
            ends = np.where(ends > until_ns, NEVER, ends)
        lane = Lane(ends, bounds, pages, state, begins)
        through = lane.count_at(NEVER - 1)
        self._lanes.append(lane)
        lane.apply(self.states, 0, through)
        self._changes += len(pages)

    def cut(self, t_ns: int) -> None:
        """Begin a new section at `t_ns` if the present one has become long."""
        if self._changes >= max(KEYFRAME_MIN_CHANGES, len(self.states) // 8):
            self._close()
            self._start_ns, self._base = t_ns, self.states.copy()
            self._lanes, self._changes = [], 0

    def _close(self) -> None:
        self._sections.append(Section(self._start_ns, self._base, tuple(self._lanes)))

    def finish(self, end_ns: int) -> PageTrack:
        """Return the whole record; the states do not change after `end_ns`."""
        self._close()
        return PageTrack(len(self.states), tuple(self._sections), end_ns)
