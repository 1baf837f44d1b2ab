"""A page grid: memory as cells, each the mix of the states of its pages.

Counts of states per cell are kept and moved by deltas; the picture is painted pixel by pixel into
an image of the widget's own size, so no page is lost to scaling.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.playback import PageDelta
from engine.states import N_STATES, PageState
from gui.style.patterns import MIN_PATTERN_PX, SKIPPED_OUTLINE, pattern_color, pattern_mask
from gui.style.theme import DARK, Theme
from gui.views.heat import warmth
from gui.views.page_outline import Flags, cells_filled, outline_image

Pages = npt.NDArray[np.uint32]
States = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int32]

SMALLEST_CELL_PX: Final = 5
LARGEST_CELL_PX: Final = 22
MOST_CELLS: Final = 12_000
COARSER_PENALTY: Final = 0.4
FULL_REPAINT_SHARE: Final = 0.4
COUNT_ANEW_SHARE: Final = 0.25
HEAT_LEVELS: Final = 48
CROSS_STRENGTH: Final = 0.6


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
    """Return the layout that fills an area best, with few pages a cell."""
    width_px, height_px = max(width_px, SMALLEST_CELL_PX), max(height_px, SMALLEST_CELL_PX)
    largest = min(LARGEST_CELL_PX, width_px, height_px)
    found: list[CellLayout] = []
    for cell in range(SMALLEST_CELL_PX, largest + 1):
        columns, rows = width_px // cell, height_px // cell
        if columns * rows <= MOST_CELLS or cell == largest:
            per_cell = max(1, -(-n_pages // (columns * rows)))
            found.append(CellLayout(columns, rows, cell, per_cell))
    finest = min(layout.pages_per_cell for layout in found)

    def merit(layout: CellLayout) -> float:
        lines = -(-n_pages // (layout.pages_per_cell * layout.columns))
        filled = lines * layout.columns * layout.cell_px**2 / (width_px * height_px)
        return filled - COARSER_PENALTY * (layout.pages_per_cell / finest - 1)

    return max(found, key=merit)


class PageGrid(QWidget):
    """One side's memory as a heatmap.

    Args:
        name: Accessible name, such as "Memory at the source".
        empty_not_sent: Whether a page that was not sent is simply not there (the destination).
    """

    def __init__(self, name: str, *, empty_not_sent: bool) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._empty_not_sent = empty_not_sent
        self._absent = False
        self._theme = DARK
        self._n_pages = 1
        self._states: States | None = None
        self._writes: tuple[Pages, Floats] | None = None
        self._warmth: Floats | None = None
        self._outlined: Flags | None = None
        self._outline: QImage | None = None
        self._layout = layout_for(1, 1, 1)
        self._counts = np.zeros((1, N_STATES), np.int32)
        self._set_colors()
        self._new_image()

    @property
    def layout_of_cells(self) -> CellLayout:
        """Return the present layout."""
        return self._layout

    def counts(self) -> Counts:
        """Return the number of pages in each state, per cell, shape (cells, N_STATES)."""
        return self._counts

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme, self._outline = theme, None
        self._set_colors()
        self._paint_all()

    def set_pages(self, states: States) -> None:
        """Show these states, counted anew."""
        self._show(states.copy(), absent=False)

    def set_absent(self, n_pages: int) -> None:
        """Show that no memory is here: room for so many pages, and nothing in it."""
        self._show(np.zeros(n_pages, np.uint8), absent=True)

    def _show(self, states: States, *, absent: bool) -> None:
        delta = self._difference(states) if absent == self._absent else None
        if delta is not None:
            self.apply(delta)
            return
        self._states, self._writes, self._warmth = states, None, None
        if absent != self._absent:
            self._absent = absent
            self._set_colors()
        if len(states) != self._n_pages:
            self._n_pages = len(states)
            self._new_image()
        self._recount()

    def _difference(self, states: States) -> PageDelta | None:
        """Return how other states differ from those shown, unless all is better counted anew."""
        before = self._states
        if before is None or self._warmth is not None or len(before) != len(states):
            return None
        pages = np.flatnonzero(before != states).astype(np.uint32)
        if len(pages) > COUNT_ANEW_SHARE * len(states):
            return None
        return PageDelta(pages, before[pages], states[pages])

    def set_outline(self, pages: Flags | None) -> None:
        """Draw a line around the cells that are at least half full of these pages; None: no."""
        if pages is not None or self._outlined is not None:
            self._outlined, self._outline = pages, None
            self.update()

    def set_heat(self, pages: Pages, weights: Floats) -> None:
        """Mark the cells of pages that were written lately, the fresher the more."""
        self._writes = pages, weights
        cells = (pages // np.uint32(self._layout.pages_per_cell)).astype(np.int64)
        heat = np.bincount(cells, weights=weights, minlength=self._n_used)[: self._n_used]
        new = np.round(warmth(heat.astype(np.float64)) * HEAT_LEVELS) / HEAT_LEVELS
        old = np.zeros(self._n_used) if self._warmth is None else self._warmth
        self._warmth = new
        self._paint_some(np.flatnonzero(new != old))

    def apply(self, delta: PageDelta) -> None:
        """Move the changed pages from their old states to their new ones."""
        if not len(delta.pages):
            return
        if self._states is not None:
            self._states[delta.pages] = delta.new
        cells = (delta.pages // np.uint32(self._layout.pages_per_cell)).astype(np.int64)
        # As much work as pages changed: there are many more cells and states than these.
        flat, first = self._counts.reshape(-1), cells * N_STATES
        np.add.at(flat, first + delta.new, np.int32(1))
        np.subtract.at(flat, first + delta.old, np.int32(1))
        touched = np.zeros(self._layout.n_cells, np.bool_)
        touched[cells] = True
        self._paint_some(np.flatnonzero(touched))

    # Colours and pixels

    def _set_colors(self) -> None:
        theme = self._theme
        rgb = np.zeros((N_STATES, 3), np.int64)
        for state in PageState:
            color = theme.state_color(state)
            if state is PageState.NOT_SENT and (self._absent or self._empty_not_sent):
                color = theme.color("grid")
            rgb[state] = (color.red(), color.green(), color.blue())
        self._rgb = rgb
        inks = [pattern_color(state, theme) for state in PageState]
        self._inks = np.array([[c.red(), c.green(), c.blue()] for c in inks], np.int64)
        ground = theme.color("ground")
        missing = np.array([ground.red(), ground.green(), ground.blue()], np.int64)
        self._small_marks = [(PageState.FREE, self._inks[PageState.FREE], 1.0)]
        if self._empty_not_sent:  # what is missing here is still there at the source
            self._small_marks.append((PageState.MISSING, missing, CROSS_STRENGTH))

    @property
    def _n_used(self) -> int:
        """Return how many cells hold pages."""
        return -(-self._n_pages // self._layout.pages_per_cell)

    def _new_image(self) -> None:
        self._layout = layout_for(self._n_pages, self.width(), self.height())
        self._outline = None
        width, height = max(1, self.width()), max(1, self.height())
        self._pixels = np.zeros((height, width), np.uint32)
        # The image reads the array's memory: what is written here is painted.
        self._image = QImage(
            self._pixels.data, width, height, width * 4, QImage.Format.Format_RGB32
        )
        inner = self._layout.cell_px - 1
        self._masks = np.array([pattern_mask(state, inner) for state in PageState])

    def _recount(self) -> None:
        states, layout = self._states, self._layout
        counts = np.zeros((layout.n_cells, N_STATES), np.int32)
        if states is not None:
            whole = self._n_used
            cells = np.repeat(np.arange(whole) * N_STATES, layout.pages_per_cell)
            flat = np.bincount(cells[: len(states)] + states, minlength=whole * N_STATES)
            counts[:whole] = flat.reshape(whole, N_STATES)
        self._counts = counts
        self._paint_all()

    def _paint_all(self) -> None:
        self._pixels[:] = self._theme.color("ground").rgb()
        self._paint_cells(np.arange(self._n_used))
        self.update()

    def _paint_some(self, cells: npt.NDArray[np.int64]) -> None:
        """Paint cells again, and ask for no more than their lines of the screen."""
        if not len(cells):
            return
        if len(cells) > FULL_REPAINT_SHARE * self._n_used:
            cells = np.arange(self._n_used)
        self._paint_cells(cells)
        px, columns = self._layout.cell_px, self._layout.columns
        top, bottom = int(cells[0]) // columns * px, (int(cells[-1]) // columns + 1) * px
        self.update(0, top, self.width(), bottom - top)

    def _paint_cells(self, cells: npt.NDArray[np.int64]) -> None:
        px, columns = self._layout.cell_px, self._layout.columns
        counts = self._counts[cells].astype(np.int64)
        total = np.maximum(counts.sum(axis=1, keepdims=True), 1)
        if px >= MIN_PATTERN_PX:
            block = self._patterned(cells, counts, total)
        else:
            block = self._mixed(cells, counts, total)
        lines, places = np.divmod(cells, columns)
        used = self._pixels[: self._layout.rows * px, : columns * px]
        by_cell = used.reshape(self._layout.rows, px, columns, px).transpose(0, 2, 1, 3)
        by_cell[lines, places, : px - 1, : px - 1] = block

    def _warmed(self, rgb: Floats, cells: npt.NDArray[np.int64]) -> Floats:
        """Blend colours, shape (cells, 3), towards the ink where pages were written lately."""
        if self._warmth is None:
            return rgb
        ink = self._theme.color("ink")
        target = np.array([ink.red(), ink.green(), ink.blue()], np.float64)
        warmed: Floats = rgb + (target - rgb) * self._warmth[cells][:, None]
        return warmed

    def _mixed(
        self,
        cells: npt.NDArray[np.int64],
        counts: npt.NDArray[np.int64],
        total: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.uint32]:
        """Return small cells: the weighted mix, an edge for skipped, marks for free and missing."""
        # Whole numbers: a float product rounds differently with the number of cells.
        fill = self._warmed((counts @ self._rgb) / total, cells)
        inner = self._layout.cell_px - 1
        block = np.empty((len(cells), inner, inner), np.uint32)
        block[:] = _packed(fill)[:, None, None]
        for state, color, strength in self._small_marks:
            some = np.flatnonzero(counts[:, state])
            if len(some):
                share = counts[some, state, None] / total[some] * strength
                mark = fill[some] + (color - fill[some]) * share
                block[some[:, None], self._small_mark(state)] = _packed(mark)[:, None]
        some = np.flatnonzero(counts[:, PageState.SKIPPED])
        if len(some):
            share = np.sqrt(counts[some, PageState.SKIPPED, None] / total[some])
            edge = _packed(fill[some] + (_OUTLINE - fill[some]) * share)
            rim = np.ones((inner, inner), np.bool_)
            rim[1:-1, 1:-1] = False
            block[some[:, None], rim] = edge[:, None]
        return block

    def _small_mark(self, state: PageState) -> npt.NDArray[np.bool_]:
        inner = self._layout.cell_px - 1
        y, x = np.mgrid[0:inner, 0:inner]
        if state is PageState.FREE:
            mark: npt.NDArray[np.bool_] = (x + y) % 3 == 0
            return mark
        cross: npt.NDArray[np.bool_] = (x == y) | (x + y == inner - 1)
        return cross

    def _patterned(
        self,
        cells: npt.NDArray[np.int64],
        counts: npt.NDArray[np.int64],
        total: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.uint32]:
        """Return large cells: a band as wide as its share for each state, with its pattern."""
        inner = self._layout.cell_px - 1
        ends = np.cumsum(counts, axis=1) / total * inner
        middles = np.arange(inner) + 0.5
        band = (ends[:, None, :] <= middles[None, :, None]).sum(axis=2)  # (cells, x)
        band = np.minimum(band, N_STATES - 1)
        fill = self._rgb[band].astype(np.float64).reshape(-1, 3)
        fills = _packed(self._warmed(fill, np.repeat(cells, inner))).reshape(band.shape)
        inks: npt.NDArray[np.uint32] = _packed(self._inks.astype(np.float64))[band]
        columns = np.arange(inner)
        drawn = self._masks[band, :, columns[None, :]].transpose(0, 2, 1)  # (cells, y, x)
        return np.where(drawn, inks[:, None, :], fills[:, None, :])

    # Qt

    def sizeHint(self) -> QSize:
        """Return room for cells of 512 MiB."""
        return QSize(460, 280)

    def minimumSizeHint(self) -> QSize:
        """Return the smallest size at which a pattern of writes is seen."""
        return QSize(180, 110)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the pages out anew."""
        writes = self._writes
        self._warmth = None
        self._new_image()
        self._recount()
        if writes is not None:
            self.set_heat(*writes)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Copy what changed from the picture."""
        painter = QPainter(self)
        painter.drawImage(event.rect(), self._image, event.rect())
        if self._outlined is not None and len(self._outlined) == self._n_pages:
            if self._outline is None:
                self._outline = self._drawn_outline(self._outlined)
            painter.drawImage(event.rect(), self._outline, event.rect())
        painter.end()

    def _drawn_outline(self, pages: Flags) -> QImage:
        layout = self._layout
        cells = cells_filled(pages, layout.pages_per_cell)
        size = self.width(), self.height()
        color = self._theme.color("good")
        return outline_image(cells, layout.columns, layout.cell_px, size, color)


_OUTLINE: Final = np.array(
    [int(SKIPPED_OUTLINE[i : i + 2], 16) for i in (1, 3, 5)], np.float64
)


def _packed(rgb: Floats) -> npt.NDArray[np.uint32]:
    whole = np.clip(rgb + 0.5, 0, 255).astype(np.uint32)
    packed = np.uint32(0xFF000000) | (whole[:, 0] << 16) | (whole[:, 1] << 8) | whole[:, 2]
    return packed.astype(np.uint32)
