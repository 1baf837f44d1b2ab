"""How the pages of a grid are laid out in cells, and how many of each class are in each cell."""

from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from gui.views.page_coding import N_CLASSES
from gui.views.page_painting import counted

Counts = npt.NDArray[np.int32]
States = npt.NDArray[np.uint8]

SMALLEST_CELL_PX: Final = 5
LARGEST_CELL_PX: Final = 22
MOST_CELLS: Final = 12_000
COARSER_PENALTY: Final = 0.4


class CellLayout(Struct, frozen=True):
    """How pages are laid out: `columns` x `rows` cells of `cell_px`, each of so many pages."""

    columns: int
    rows: int
    cell_px: int
    pages_per_cell: int

    @property
    def n_cells(self) -> int:
        """Return the number of places for cells."""
        return self.columns * self.rows


def layout_for(
    n_pages: int, width_px: int, height_px: int, *, largest_px: int = LARGEST_CELL_PX
) -> CellLayout:
    """Return the layout that fills an area best, with few pages a cell."""
    width_px, height_px = max(width_px, SMALLEST_CELL_PX), max(height_px, SMALLEST_CELL_PX)
    largest = min(largest_px, width_px, height_px)
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


class Window(Struct, frozen=True):
    """Pages that a grid shows: `first` to `first + n_shown - 1`."""

    first: int
    n_shown: int


class Spread(Struct, frozen=True):
    """Which pages are known: `first`, and every so many from there on."""

    first: int = 0
    every: int = 1


def counts_of(
    states: States, spread: Spread, window: Window, layout: CellLayout
) -> Counts:
    """Return how many pages of each class are in each cell of a window.

    Args:
        states: Classes of the known pages.
        spread: Which pages these are; a page stands for all up to the next one.
        window: The pages that are shown.
        layout: Their cells.

    Returns:
        Shape (cells of the layout, N_CLASSES). Cells that hold no known page take the class of the
        known page before them.
    """
    counts = np.zeros((layout.n_cells, N_CLASSES), np.int32)
    per_cell, every = layout.pages_per_cell, spread.every
    n_used = -(-window.n_shown // per_cell)
    if every == 1:
        start = window.first - spread.first
        counts[:n_used] = counted(states[start : start + window.n_shown], per_cell)
    elif per_cell < every:
        firsts = window.first + np.arange(n_used, dtype=np.int64) * per_cell
        known = np.clip((firsts - spread.first) // every, 0, len(states) - 1)
        counts[np.arange(n_used), states[known]] = per_cell
        counts[n_used - 1] = counts[n_used - 1] // per_cell * (
            window.n_shown - (n_used - 1) * per_cell
        )
    else:
        start = -(-(window.first - spread.first) // every)
        stop = -(-(window.first + window.n_shown - spread.first) // every)
        inside = states[max(0, start) : stop]
        pages = spread.first + every * np.arange(max(0, start), max(0, start) + len(inside))
        keys = (pages - window.first) // per_cell * N_CLASSES + inside
        flat = np.bincount(keys, minlength=layout.n_cells * N_CLASSES)
        counts += (flat * every).reshape(layout.n_cells, N_CLASSES)
    return counts
