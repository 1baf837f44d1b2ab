"""The outline of a set of pages on a grid of cells, as a picture to lay over the grid."""

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor, QImage

Flags = npt.NDArray[np.bool_]


def cells_filled(pages: Flags, pages_per_cell: int) -> Flags:
    """Return which cells are filled by at least half with pages of a set, shape (cells,)."""
    n_cells = -(-len(pages) // pages_per_cell)
    padded = np.zeros(n_cells * pages_per_cell, np.bool_)
    padded[: len(pages)] = pages
    inside = padded.reshape(n_cells, pages_per_cell).sum(axis=1)
    sizes = np.full(n_cells, pages_per_cell)
    sizes[-1] = len(pages) - (n_cells - 1) * pages_per_cell
    filled: Flags = 2 * inside >= sizes
    return filled


def outline_image(
    cells: Flags, columns: int, cell_px: int, size_px: tuple[int, int], color: QColor
) -> QImage:
    """Return a transparent picture with the edges between cells inside and outside of a set.

    Args:
        cells: Which cells are inside, in reading order.
        columns: Cells in a line.
        cell_px: Distance of cells; lines lie in the gap between them.
        size_px: Width and height of the picture.
        color: Colour of the lines.
    """
    lines = -(-len(cells) // columns)
    inside = np.zeros((lines + 2, columns + 2), np.bool_)
    whole = np.zeros(lines * columns, np.bool_)
    whole[: len(cells)] = cells
    inside[1:-1, 1:-1] = whole.reshape(lines, columns)
    width, height = size_px
    drawn = np.zeros((height, width), np.bool_)
    across = np.argwhere(inside[1:, 1:-1] != inside[:-1, 1:-1])
    upright = np.argwhere(inside[1:-1, 1:] != inside[1:-1, :-1])
    for edges, flat in ((across, True), (upright, False)):
        y = np.maximum(edges[:, 0] * cell_px - 1, 0)[:, None]
        x = np.maximum(edges[:, 1] * cell_px - 1, 0)[:, None]
        along = np.arange(cell_px + 1)[None, :]
        rows, places = (y + 0 * along, x + along) if flat else (y + along, x + 0 * along)
        drawn[np.minimum(rows, height - 1), np.minimum(places, width - 1)] = True
    pixels = np.where(drawn, np.uint32(color.rgba()), np.uint32(0))
    form = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.data, width, height, width * 4, form).copy()
