"""Page numbers along the left edge of a grid, one for every few lines."""

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPixmap

from engine.units import format_count
from gui.style.theme import Theme, ui_font

if TYPE_CHECKING:
    from gui.views.cell_layout import CellLayout

FONT_PX: Final = 10
LINE_PX: Final = 26
GAP_PX: Final = 5
LEAST_WIDTH_PX: Final = 260
"""A grid narrower than this has no room for numbers."""


def page_text(page: int, *, exact: bool) -> str:
    """Return a page number: "118,272", or rounded down "118k" and "16.7M"."""
    if exact or page < 1000:
        return format_count(page)
    if page < 1_000_000:
        return f"{page // 1000}k"
    return f"{page // 1_000_000}.{page // 100_000 % 10}M"


def edge_width_px(n_pages: int, grid_px: int, *, exact: bool) -> int:
    """Return how wide numbers up to `n_pages` are; 0 where a grid has no room for them."""
    if grid_px < LEAST_WIDTH_PX:
        return 0
    metrics = QFontMetrics(ui_font(FONT_PX))
    samples = (n_pages, 888) if exact else (min(n_pages, 888_888), 888, n_pages)
    widest = max(metrics.horizontalAdvance(page_text(n, exact=exact)) for n in samples)
    return widest + GAP_PX


def edge_picture(
    layout: "CellLayout",
    window: tuple[int, int],
    width_px: int,
    height_px: int,
    theme: Theme,
    *,
    exact: bool,
) -> QPixmap:
    """Return the numbers of the first pages of lines.

    Args:
        layout: How the pages are laid out.
        window: First page, and number of pages shown.
        width_px: Width of the edge.
        height_px: Height of the grid.
        theme: Colours.
        exact: Whether numbers are given in full.
    """
    picture = QPixmap(max(1, width_px), max(1, height_px))
    picture.fill(theme.color("ground"))
    painter = QPainter(picture)
    painter.setFont(ui_font(FONT_PX))
    painter.setPen(theme.color("dim"))
    per_line = layout.columns * layout.pages_per_cell
    n_lines = -(-window[1] // per_line)
    every = max(1, -(-LINE_PX // layout.cell_px))
    right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    height = max(layout.cell_px - 1, FONT_PX + 2)
    for line in range(0, n_lines, every):
        top = line * layout.cell_px + (layout.cell_px - 1 - height) // 2
        place = QRect(0, max(0, min(top, height_px - height)), width_px - GAP_PX, height)
        painter.drawText(place, right, page_text(window[0] + line * per_line, exact=exact))
    painter.end()
    return picture
