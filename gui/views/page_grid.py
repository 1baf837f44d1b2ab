"""A page grid: memory as cells, each the mix of the states of its pages.

Counts of states per cell are kept and moved by deltas; the picture is painted pixel by pixel into
an image of the widget's own size, so no page is lost to scaling.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.playback import PageDelta
from engine.states import N_STATES, PageState
from gui.style.patterns import (
    MIN_PATTERN_PX,
    pattern_color,
    pattern_mask,
)
from gui.style.theme import DARK, Theme

Pages = npt.NDArray[np.uint32]
States = npt.NDArray[np.uint8]

SMALLEST_CELL_PX: Final = 5
LARGEST_CELL_PX: Final = 22
FULL_REPAINT_SHARE: Final = 0.4
HEAT_AT_ONE: Final = 0.5


@dataclass(frozen=True, slots=True)
class CellLayout:
    """How pages are laid out: `columns` x `rows` cells of `cell_px`, each of so many pages."""

    columns: int
    rows: int
    cell_px: int
    pages_per_cell: int

    @property
    def n_cells(self) -> int:
        """Return the number of places for cells."""
        return self.columns * self.rows


def layout_for(n_pages: int, width_px: int, height_px: int) -> CellLayout:
    """Return the layout that fills an area with the largest cells of the fewest pages."""
    width_px, height_px = max(width_px, SMALLEST_CELL_PX), max(height_px, SMALLEST_CELL_PX)
    for cell in range(LARGEST_CELL_PX, SMALLEST_CELL_PX - 1, -1):
        columns, rows = width_px // cell, height_px // cell
        if columns * rows >= n_pages > 0:
            return CellLayout(columns, rows, cell, 1)
    columns, rows = width_px // SMALLEST_CELL_PX, height_px // SMALLEST_CELL_PX
    per_cell = max(1, -(-n_pages // (columns * rows)))
    return CellLayout(columns, rows, SMALLEST_CELL_PX, per_cell)


class PageGrid(QWidget):
    """One side's memory as a heatmap.

    Args:
        name: Accessible name, such as "Memory at the source".
        empty_not_sent: Whether a page that was not sent is simply not there (the destination).
    """

    def __init__(self, name: str, *, empty_not_sent: bool) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._empty_not_sent = empty_not_sent
        self._theme = DARK
        self._n_pages = 1
        self._states: States | None = None
        self._heat: npt.NDArray[np.int64] | None = None
        self._layout = layout_for(1, 1, 1)
        self._counts = np.zeros((1, N_STATES), np.int32)
        self._set_colors()
        self._new_image()

    @property
    def layout_of_cells(self) -> CellLayout:
        """Return the present layout."""
        return self._layout

    def counts(self) -> npt.NDArray[np.int32]:
        """Return the number of pages in each state, per cell, shape (cells, N_STATES)."""
        return self._counts

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self._set_colors()
        self._paint_all()

    def set_pages(self, states: States) -> None:
        """Show these states, counted anew."""
        self._states, self._heat = states.copy(), None
        if len(states) != self._n_pages:
            self._n_pages = len(states)
            self._new_image()
        self._recount()

    def set_heat(self, pages: Pages) -> None:
        """Brighten the cells of pages that were written lately (while nothing is sent)."""
        cells = pages // np.uint32(self._layout.pages_per_cell)
        heat = np.bincount(cells, minlength=self._layout.n_cells)[: self._layout.n_cells]
        if self._heat is None or not np.array_equal(heat, self._heat):
            self._heat = heat
            self._paint_all()

    def apply(self, delta: PageDelta) -> None:
        """Move the changed pages from their old states to their new ones."""
        if not len(delta.pages):
            return
        if self._states is not None:
            self._states[delta.pages] = delta.new
        per, n = self._layout.pages_per_cell, self._layout.n_cells
        cells = (delta.pages // np.uint32(per)).astype(np.int64) * N_STATES
        size = n * N_STATES
        gain = np.bincount(cells + delta.new, minlength=size)
        loss = np.bincount(cells + delta.old, minlength=size)
        moved = (gain - loss).reshape(n, N_STATES)
        changed = np.flatnonzero(moved.any(axis=1))
        self._counts[changed] += moved[changed].astype(np.int32)
        if len(changed) > FULL_REPAINT_SHARE * n:
            self._paint_all()
        elif len(changed):
            self._paint_cells(changed)

    # Colours and pixels

    def _set_colors(self) -> None:
        theme = self._theme
        rgb = np.zeros((N_STATES, 3), np.int64)
        for state in PageState:
            color = theme.state_color(state)
            if self._empty_not_sent and state is PageState.NOT_SENT:
                color = theme.color("grid")
            if state is PageState.FREE:
                color = theme.color("panel")
            rgb[state] = (color.red(), color.green(), color.blue())
        self._rgb = rgb

    def _new_image(self) -> None:
        self._layout = layout_for(self._n_pages, self.width(), self.height())
        width, height = max(1, self.width()), max(1, self.height())
        self._pixels = np.zeros((height, width), np.uint32)
        # The image reads the array's memory: what is written here is painted.
        self._image = QImage(
            self._pixels.data, width, height, width * 4, QImage.Format.Format_RGB32
        )

    def _recount(self) -> None:
        states, layout = self._states, self._layout
        counts = np.zeros((layout.n_cells, N_STATES), np.int32)
        if states is not None:
            whole = -(-len(states) // layout.pages_per_cell)
            cells = np.arange(len(states)) // layout.pages_per_cell * N_STATES
            flat = np.bincount(cells + states, minlength=whole * N_STATES)
            counts[:whole] = flat.reshape(whole, N_STATES)
        self._counts = counts
        self._paint_all()

    def _paint_all(self) -> None:
        ground = self._theme.color("ground")
        self._pixels[:] = ground.rgb()
        self._paint_cells(np.arange(-(-self._n_pages // self._layout.pages_per_cell)))

    def _paint_cells(self, cells: npt.NDArray[np.int64]) -> None:
        layout = self._layout
        px, inner = layout.cell_px, layout.cell_px - 1
        counts = self._counts[cells].astype(np.int64)
        total = np.maximum(counts.sum(axis=1, keepdims=True), 1)
        # Whole numbers: a float product rounds differently with the number of cells.
        fill = (counts @ self._rgb) / total
        if self._heat is not None:
            warmth = np.sqrt(np.minimum(1, self._heat[cells, None] / total / HEAT_AT_ONE))
            ink = self._theme.color("link")
            fill += (np.array([ink.red(), ink.green(), ink.blue()]) - fill) * warmth
        skipped = counts[:, PageState.SKIPPED, None] / total
        outline = np.array([0xD5, 0x5E, 0x00])
        edge = fill + (outline - fill) * np.sqrt(skipped)
        block = np.empty((len(cells), inner, inner), np.uint32)
        block[:] = _packed(edge)[:, None, None]
        block[:, 1 : inner - 1, 1 : inner - 1] = _packed(fill)[:, None, None]
        if px >= MIN_PATTERN_PX:
            self._stamp(block, counts)
        rows, columns = np.divmod(cells, layout.columns)
        y = rows[:, None, None] * px + np.arange(inner)[None, :, None]
        x = columns[:, None, None] * px + np.arange(inner)[None, None, :]
        self._pixels[y, x] = block
        self.update()

    def _stamp(self, block: npt.NDArray[np.uint32], counts: npt.NDArray[np.int64]) -> None:
        """Stamp the pattern of the state that most pages of a cell are in."""
        most = counts.argmax(axis=1)
        for state in PageState:
            of_state = np.flatnonzero(most == state)
            plain = state is PageState.NOT_SENT
            if not len(of_state) or plain or not counts[of_state[0]].any():
                continue
            mask = pattern_mask(state, block.shape[1])
            stamped = block[of_state]
            stamped[:, mask] = pattern_color(state, self._theme).rgb()
            block[of_state] = stamped

    # Qt

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(460, 280)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(180, 110)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        self._new_image()
        self._heat = None  # its cells were others; the next frame brings it again
        self._recount()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.drawImage(0, 0, self._image)
        painter.end()


def _packed(rgb: npt.NDArray[np.float64]) -> npt.NDArray[np.uint32]:
    whole = np.clip(rgb + 0.5, 0, 255).astype(np.uint32)
    packed = np.uint32(0xFF000000) | (whole[:, 0] << 16) | (whole[:, 1] << 8) | whole[:, 2]
    return packed.astype(np.uint32)
