"""The small heatmap of a VM's memory: page states while it moves, what it writes at rest.

A map is a function of the instant, not of the frames before it: scrubbing back shows the same
picture. Counts of states per cell are kept and moved by deltas.
"""

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from PySide6.QtGui import QImage

from engine.history import History, VmFrame, VmRecord
from engine.playback import PageCursor, PageDelta
from engine.sampling import whole_sample
from engine.states import N_STATES, PageState
from gui.style.theme import Theme
from gui.views.heat import recent_writes, warmth

CELL_PX: Final = 2
HEAT_LIMIT: Final = 4096
BLOCK_PAGES: Final = 1 << 18
PERIOD_NS: Final = 40_000_000
VMS_PER_PERIOD: Final = 8

Rgb = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class MiniSize(Struct, frozen=True):
    """Cells of a map, each of `CELL_PX` a side."""

    columns: int
    rows: int

    @property
    def n_cells(self) -> int:
        """Return the number of cells."""
        return self.columns * self.rows


class MiniMap:
    """The map of one VM.

    Attributes:
        image: The map where the VM runs, a pixel a cell.
        ghost: The map on the other host of a migration under way.
    """

    def __init__(self, history: History, vm: str, *, turn: int, n_vms: int) -> None:
        """Take a VM; `turn` spreads the maps of `n_vms` over their period."""
        self.image = self.ghost = QImage()
        self._record: VmRecord = history.vm(vm)
        self._n_pages = self._record.spec.n_pages
        sample = whole_sample(history, vm)
        self._n_known = self._n_pages if sample is None else sample.n_pages
        self._cursor = PageCursor(history, vm, sample)
        self._counts: Counts | None = None
        self._shown: tuple[object, ...] = ()
        self._period_ns = PERIOD_NS * max(1, -(-n_vms // VMS_PER_PERIOD))
        self._turn = turn / max(1, n_vms)

    def show(
        self, vm: VmFrame, t_ns: int, *, moving: bool, size: MiniSize, theme: Theme
    ) -> bool:
        """Show an instant; return whether the map changed."""
        period = PERIOD_NS if moving else self._period_ns
        # A map stands still for a period; they take turns, so frames stay short.
        offset_ns = int(period * self._turn)
        at_ns = max(0, (t_ns + offset_ns) // period * period - offset_ns)
        if moving:
            at_ns = max(at_ns, vm.track.start_ns if vm.track else 0)
        key = (at_ns, moving, size, theme.name, id(vm.track))
        if key == self._shown:
            return False
        resized = not self._shown or self._shown[2] != size
        self._shown = key
        if moving:
            self._show_states(at_ns, size, theme, resized=resized)
        else:
            self._counts = None
            self._show_writes(at_ns, size, theme)
        return True

    def _show_states(self, at_ns: int, size: MiniSize, theme: Theme, *, resized: bool) -> None:
        delta = self._cursor.move_to(at_ns)
        states = self._cursor.states
        if states is None:
            self._show_writes(at_ns, size, theme)
            return
        if delta is None or resized or self._counts is None:
            self._counts = count_states(states, size.n_cells)
        else:
            _move_counts(self._counts, delta, self._n_known, size.n_cells)
        total = np.maximum(self._counts.sum(axis=1, keepdims=True), 1)
        here, there = state_colors(theme)
        self.image = _image((self._counts @ here) / total, size)
        self.ghost = _image((self._counts @ there) / total, size)

    def _show_writes(self, at_ns: int, size: MiniSize, theme: Theme) -> None:
        pages, weights = recent_writes(self._record, at_ns, limit=HEAT_LIMIT)
        rgb = _rest_colors(self._n_pages, self._record.spec.first_zero_page, size, theme)
        if len(pages):
            cells = pages.astype(np.int64) * size.n_cells // self._n_pages
            heat = np.bincount(cells, weights=weights, minlength=size.n_cells)
            glow = warmth(heat.astype(np.float64))[:, None]
            rgb = rgb * (1 - glow) + _rgb_of(theme, "ink") * glow
        self.image = _image(rgb, size)
        self.ghost = _image(np.tile(_rgb_of(theme, "ground"), (size.n_cells, 1)), size)


def count_states(states: npt.NDArray[np.uint8], n_cells: int) -> Counts:
    """Return how many pages of each cell are in each state, shape (n_cells, N_STATES)."""
    counts = np.zeros((n_cells, N_STATES), np.int64)
    bounds = -(-np.arange(n_cells + 1, dtype=np.int64) * len(states) // n_cells)
    step = max(1, BLOCK_PAGES * n_cells // max(1, len(states)))
    for first in range(0, n_cells, step):
        edges = bounds[first : first + step + 1]
        lines = len(edges) - 1
        # Pages of a cell lie side by side: no page is divided by anything.
        keys = np.repeat(np.arange(lines) * N_STATES, np.diff(edges))
        keys += states[edges[0] : edges[-1]]
        flat = np.bincount(keys, minlength=lines * N_STATES)
        counts[first : first + lines] = flat.reshape(lines, N_STATES)
    return counts


def _move_counts(counts: Counts, delta: PageDelta, n_pages: int, n_cells: int) -> None:
    """Move the changed pages from their old states to their new ones, in place."""
    cells = delta.pages.astype(np.int64) * n_cells // n_pages * N_STATES
    size = n_cells * N_STATES
    gain = np.bincount(cells + delta.new, minlength=size)
    loss = np.bincount(cells + delta.old, minlength=size)
    counts += (gain - loss).reshape(n_cells, N_STATES)


@lru_cache(maxsize=8)
def state_colors(theme: Theme) -> tuple[Counts, Counts]:
    """Return the colours of the states where the VM runs, and on the other host."""
    rgb = np.zeros((N_STATES, 3), np.int64)
    for state in PageState:
        color = theme.state_color(state)
        if state is PageState.SKIPPED:
            color = theme.color("skipped")
        rgb[state] = (color.red(), color.green(), color.blue())
    there = rgb.copy()
    there[PageState.NOT_SENT] = _rgb_of(theme, "ground")
    return rgb, there


@lru_cache(maxsize=64)
def _rest_colors(n_pages: int, first_zero_page: int, size: MiniSize, theme: Theme) -> Rgb:
    """Return the colours of memory at rest: used pages, and the ground for free ones."""
    bounds = np.arange(size.n_cells + 1) * n_pages / size.n_cells
    used = np.clip((first_zero_page - bounds[:-1]) / np.maximum(np.diff(bounds), 1e-9), 0, 1)
    ground, fill = _rgb_of(theme, "ground"), _rgb_of(theme, "unsent")
    rgb: Rgb = ground + (fill - ground) * used[:, None]
    return rgb


def _rgb_of(theme: Theme, token: str) -> Rgb:
    color = theme.color(token)
    return np.array([color.red(), color.green(), color.blue()], np.float64)


def _image(rgb: npt.NDArray[np.float64], size: MiniSize) -> QImage:
    whole = np.clip(rgb + 0.5, 0, 255).astype(np.uint32)
    packed = np.uint32(0xFF000000) | (whole[:, 0] << 16) | (whole[:, 1] << 8) | whole[:, 2]
    pixels = np.ascontiguousarray(packed, np.uint32)
    kind = QImage.Format.Format_RGB32
    return QImage(pixels.data, size.columns, size.rows, size.columns * 4, kind).copy()
