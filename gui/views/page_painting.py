"""Cells of a page grid as blocks of pixels: mixes, marks, bands with patterns, dimmed classes."""

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.states import PageState
from gui.style.patterns import MIN_PATTERN_PX
from gui.style.theme import DARK, Theme
from gui.views.page_coding import (
    ABSENT,
    N_CLASSES,
    STATE,
    Coding,
    class_color,
    class_ink,
    class_mask,
)

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint32]

CROSS_STRENGTH: Final = 0.6
DIMMED: Final = 0.12
"""How much of its colour a class keeps that the legend filters out."""
LARGE_CELL: Final = 256
LEAST_LIFT: Final = 0.35
"""How much of its colour one page has at least in a cell of many that are filtered out."""


def packed(rgb: Floats) -> Pixels:
    """Return colours, shape (n, 3), as opaque 32-bit pixels."""
    whole = np.clip(rgb + 0.5, 0, 255).astype(np.uint32)
    joined = np.uint32(0xFF000000) | (whole[:, 0] << 16) | (whole[:, 1] << 8) | whole[:, 2]
    return joined.astype(np.uint32)


def counted(classes: npt.NDArray[np.uint8], per_cell: int) -> npt.NDArray[np.int64]:
    """Return how many pages of each class are in each cell, shape (cells, N_CLASSES)."""
    n_cells = -(-len(classes) // per_cell)
    if per_cell >= LARGE_CELL:  # a cell at a time: the numbers of cells would fill the memory
        parts = (classes[i * per_cell : (i + 1) * per_cell] for i in range(n_cells))
        return np.array([np.bincount(part, minlength=N_CLASSES) for part in parts])
    cells = np.repeat(np.arange(n_cells) * N_CLASSES, per_cell)
    flat = np.bincount(cells[: len(classes)] + classes, minlength=n_cells * N_CLASSES)
    return flat.reshape(n_cells, N_CLASSES)


def _rgb(theme: Theme, token: str) -> Longs:
    color = theme.color(token)
    return np.array([color.red(), color.green(), color.blue()], np.int64)


class CellPainter:
    """Knows the colours of one grid.

    Args:
        empty_not_sent: Whether a page that was not sent is simply not there (the destination).
    """

    def __init__(self, *, empty_not_sent: bool) -> None:
        self._empty_not_sent = empty_not_sent
        self.theme = DARK
        self.coding: Coding = STATE
        self.absent = False
        self.shown: frozenset[int] = frozenset()
        """Classes that the legend lets through; empty: all."""
        self.cell_px = 5
        self.refresh()

    def refresh(self) -> None:
        """Take theme, coding, cell size and filter as they are now."""
        coding, theme = self.coding, self.theme
        rgb = np.zeros((N_CLASSES, 3), np.int64)
        inks = np.zeros((N_CLASSES, 3), np.int64)
        for k in range(N_CLASSES):
            for table, color in (
                (rgb, class_color(coding, k, theme)), (inks, class_ink(coding, k, theme)),
            ):
                table[k] = (color.red(), color.green(), color.blue())
        if coding.is_state and (self.absent or self._empty_not_sent):
            rgb[PageState.NOT_SENT] = _rgb(theme, "grid")
        if not coding.is_state:
            rgb[ABSENT] = _rgb(theme, "ground")
        self._set_marks(inks)
        self._skipped = _rgb(theme, "skipped")
        hidden = [k for k in range(N_CLASSES) if self.shown and k not in self.shown]
        ground = _rgb(theme, "ground")
        for k in hidden:
            rgb[k] = ground + (rgb[k] - ground) * DIMMED
            inks[k] = ground + (inks[k] - ground) * DIMMED
        self._hidden, self._full_rgb, self._inks = hidden, rgb, inks
        inner = max(1, self.cell_px - 1)
        self._masks = np.array([class_mask(coding, k, inner) for k in range(N_CLASSES)])

    def _set_marks(self, inks: Longs) -> None:
        """Small cells hatch what is free, and cross what is missing here but at the source."""
        self._small_marks: list[tuple[PageState, Longs, float]] = []
        if self.coding.is_state:
            self._small_marks.append((PageState.FREE, inks[PageState.FREE].copy(), 1.0))
            if self._empty_not_sent:
                ground = _rgb(self.theme, "ground")
                self._small_marks.append((PageState.MISSING, ground, CROSS_STRENGTH))

    def blocks(self, counts: Longs, warmth: Floats | None) -> Pixels:
        """Return the cells' pixels, shape (cells, y, x), without the gap between cells.

        Args:
            counts: Pages in each class, shape (cells, N_CLASSES).
            warmth: How brightly each cell was written lately, shape (cells,), or None.
        """
        total = np.maximum(counts.sum(axis=1, keepdims=True), 1)
        if self.cell_px >= MIN_PATTERN_PX:
            return self._patterned(counts, total, warmth)
        return self._mixed(counts, total, warmth)

    def _warmed(self, rgb: Floats, warmth: Floats | None) -> Floats:
        """Blend colours, shape (cells, 3), towards the ink where pages were written lately."""
        if warmth is None:
            return rgb
        warmed: Floats = rgb + (_rgb(self.theme, "ink") - rgb) * warmth[:, None]
        return warmed

    def _mixed(self, counts: Longs, total: Longs, warmth: Floats | None) -> Pixels:
        """Return small cells: the weighted mix, an edge for skipped, marks for free and missing."""
        # Whole numbers: a float product rounds differently with the number of cells.
        fill = (counts @ self._full_rgb) / total
        if self._hidden or not self.coding.is_state:
            fill = self._lifted(counts, total, fill)
        fill = self._warmed(fill, warmth)
        inner = self.cell_px - 1
        block = np.empty((len(counts), inner, inner), np.uint32)
        block[:] = packed(fill)[:, None, None]
        for state, color, strength in self._small_marks:
            some = np.flatnonzero(counts[:, state])
            if len(some) and state not in self._hidden:
                share = counts[some, state, None] / total[some] * strength
                mark = fill[some] + (color - fill[some]) * share
                block[some[:, None], self._small_mark(state)] = packed(mark)[:, None]
        if self.coding.is_state and PageState.SKIPPED not in self._hidden:
            self._edge_skipped(block, counts, total, fill)
        return block

    def _edge_skipped(self, block: Pixels, counts: Longs, total: Longs, fill: Floats) -> None:
        some = np.flatnonzero(counts[:, PageState.SKIPPED])
        if len(some):
            share = np.sqrt(counts[some, PageState.SKIPPED, None] / total[some])
            edge = packed(fill[some] + (self._skipped - fill[some]) * share)
            inner = self.cell_px - 1
            rim = np.ones((inner, inner), np.bool_)
            rim[1:-1, 1:-1] = False
            block[some[:, None], rim] = edge[:, None]

    def _lifted(self, counts: Longs, total: Longs, fill: Floats) -> Floats:
        """Let few pages be seen among many: those that pass the filter, those above zero."""
        kept = counts.copy()
        kept[:, self._hidden] = 0
        if not self.coding.is_state:
            kept[:, [0, ABSENT]] = 0
        n_kept = kept.sum(axis=1, keepdims=True)
        bright = (kept @ self._full_rgb) / np.maximum(n_kept, 1)
        rest = ((counts - kept) @ self._full_rgb) / np.maximum(total - n_kept, 1)
        least = LEAST_LIFT if self._hidden else 0.0
        share = least + (1 - least) * np.sqrt(n_kept / total)
        found: Floats = np.where(n_kept == 0, fill, rest + (bright - rest) * share)
        return found

    def _small_mark(self, state: PageState) -> npt.NDArray[np.bool_]:
        inner = self.cell_px - 1
        y, x = np.mgrid[0:inner, 0:inner]
        if state is PageState.FREE:
            mark: npt.NDArray[np.bool_] = (x + y) % 3 == 0
            return mark
        cross: npt.NDArray[np.bool_] = (x == y) | (x + y == inner - 1)
        return cross

    def _patterned(self, counts: Longs, total: Longs, warmth: Floats | None) -> Pixels:
        """Return large cells: a band as wide as its share for each class, with its pattern."""
        inner = self.cell_px - 1
        ends = np.cumsum(counts, axis=1) / total * inner
        middles = np.arange(inner) + 0.5
        band = (ends[:, None, :] <= middles[None, :, None]).sum(axis=2)  # (cells, x)
        band = np.minimum(band, N_CLASSES - 1)
        fill = self._full_rgb[band].astype(np.float64).reshape(-1, 3)
        warm = None if warmth is None else np.repeat(warmth, inner)
        fills = packed(self._warmed(fill, warm)).reshape(band.shape)
        inks: Pixels = packed(self._inks.astype(np.float64))[band]
        columns = np.arange(inner)
        drawn = self._masks[band, :, columns[None, :]].transpose(0, 2, 1)  # (cells, y, x)
        return np.where(drawn, inks[:, None, :], fills[:, None, :])
