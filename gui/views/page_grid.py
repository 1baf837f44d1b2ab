"""A page grid: memory as cells, each the mix of the classes of its pages.

Counts of classes per cell are kept and moved by deltas; the picture is painted pixel by pixel into
an image of the widget's own size, so no page is lost to scaling. A grid shows a window of the
memory: all of it, or the pages that a lens lets through.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QImage, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.playback import PageDelta
from gui.style.theme import DARK, Theme
from gui.views.cell_layout import (
    LARGEST_CELL_PX,
    CellLayout,
    Counts,
    Spread,
    States,
    Window,
    counts_of,
    layout_for,
)
from gui.views.heat import warmth
from gui.views.page_coding import N_CLASSES, STATE, Coding
from gui.views.page_edge import edge_picture, edge_width_px
from gui.views.page_outline import Flags, cells_filled, outline_image
from gui.views.page_painting import CellPainter

Pages = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float64]

LARGEST_ZOOMED_PX: Final = 56
FULL_REPAINT_SHARE: Final = 0.4
COUNT_ANEW_SHARE: Final = 0.25
HEAT_LEVELS: Final = 48


class PageGrid(QWidget):
    """One side's memory as a heatmap.

    Args:
        name: Accessible name, such as "Memory at the source".
        empty_not_sent: Whether a page that was not sent is simply not there (the destination).
        numbered: Whether page numbers stand along the left edge.

    Attributes:
        laid_out: In another size a cell now stands for another number of pages.
    """

    laid_out = Signal()

    def __init__(self, name: str, *, empty_not_sent: bool, numbered: bool = False) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._painter = CellPainter(empty_not_sent=empty_not_sent)
        self._numbered, self._left_px = numbered, 0
        self._theme = DARK
        self._n_pages = 1
        self._first, self._n_shown = 0, 1
        self._spread = Spread()
        self._states: States | None = None
        self._taken = self._sized = False
        self._writes: tuple[Pages, Floats] | None = None
        self._warmth: Floats | None = None
        self._outlined: Flags | None = None
        self._outline: QImage | None = None
        self._edge: QPixmap | None = None
        self._pinned: int | None = None
        self._layout = layout_for(1, 1, 1)
        self._counted: Counts | None = None
        self._stale = True
        self._new_image()

    @property
    def layout_of_cells(self) -> CellLayout:
        """Return the present layout."""
        return self._layout

    @property
    def coding(self) -> Coding:
        """Return what the colours stand for."""
        return self._painter.coding

    @property
    def window_of_pages(self) -> tuple[int, int]:
        """Return (first page, number of pages) that are shown."""
        return self._first, self._n_shown

    def counts(self) -> Counts:
        """Return the number of pages in each class, per cell shown, shape (cells, N_CLASSES)."""
        if self._counted is None:
            if self._states is not None:
                window = Window(self._first, self._n_shown)
                self._counted = counts_of(self._states, self._spread, window, self._layout)
            else:
                self._counted = np.zeros((self._layout.n_cells, N_CLASSES), np.int32)
        return self._counted

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme, self._painter.theme, self._outline, self._edge = theme, theme, None, None
        self._painter.refresh()
        self._paint_all()

    def set_shown_classes(self, classes: frozenset[int]) -> None:
        """Dim all classes but these; empty: none."""
        if classes != self._painter.shown:
            self._painter.shown = classes
            self._painter.refresh()
            self._paint_all()

    def set_spread(self, n_pages: int, spread: Spread) -> None:
        """Say that of so many pages these alone are known, whose states come from now on."""
        self._sized = True
        if spread != self._spread or n_pages != self._n_pages:
            self._spread, self._states = spread, None
            self._writes = self._warmth = None
            if n_pages != self._n_pages:
                self._resize(n_pages)
            self._recount()

    @property
    def spread(self) -> Spread:
        """Return which pages are known."""
        return self._spread

    def drop_counts(self) -> None:
        """Go back from exact counts to what is known of the present states."""
        if self._taken:
            self._recount()

    @property
    def exact(self) -> bool:
        """Return whether every page is counted in what is shown."""
        return self._taken or self._spread.every == 1

    def set_pages(self, states: States, coding: Coding = STATE) -> None:
        """Show these states, or classes of another coding, counted anew."""
        self._show(states.copy(), coding, absent=False)

    def set_absent(self, n_pages: int) -> None:
        """Show that no memory is here: room for so many pages, and nothing in it."""
        n_known = -(-n_pages // self._spread.every)
        self._show(np.zeros(n_known, np.uint8), self.coding, absent=True)

    def take_counts(self, counts: Counts) -> None:
        """Show exact counts of the present layout until the states change again."""
        changed = np.flatnonzero((counts != self.counts()).any(axis=1))
        self._counted, self._taken = counts, True
        self._paint_some(changed)

    def set_window(self, first: int, n_shown: int) -> None:
        """Show pages `first` to `first + n_shown - 1` only, if there are so many."""
        if (first, n_shown) != self.window_of_pages and first + n_shown <= self._n_pages:
            self._first, self._n_shown = first, n_shown
            self._lay_out()

    def set_pinned(self, page: int | None) -> None:
        """Mark the cell of a page; None: no."""
        if page != self._pinned:
            self._pinned = page
            self.update()

    def _show(self, states: States, coding: Coding, *, absent: bool) -> None:
        same = absent == self._painter.absent and coding is self.coding
        delta = self._difference(states) if same else None
        if delta is not None:
            self.apply(delta)
            return
        self._states, self._writes, self._warmth = states, None, None
        if not same:
            self._painter.absent, self._painter.coding = absent, coding
            self._painter.refresh()
        if not self._sized and len(states) != self._n_pages:
            self._resize(len(states))
        self._recount()

    def _resize(self, n_pages: int) -> None:
        """Show all of another number of pages."""
        self._n_pages, self._first, self._n_shown = n_pages, 0, n_pages
        self._new_image()

    def _difference(self, states: States) -> PageDelta | None:
        """Return how other states differ from those shown, unless all is better counted anew."""
        before = self._states
        differs = before is None or len(before) != len(states)
        if before is None or differs or self._taken or self._warmth is not None:
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
        cells, inside = self._cells_of(pages)
        kept = weights if inside is None else weights[inside]
        heat = np.bincount(cells, weights=kept, minlength=self._n_used)[: self._n_used]
        new = np.round(warmth(heat.astype(np.float64)) * HEAT_LEVELS) / HEAT_LEVELS
        old = np.zeros(self._n_used) if self._warmth is None else self._warmth
        self._warmth = new
        self._paint_some(np.flatnonzero(new != old))

    def put(self, pages: Pages, classes: States) -> None:
        """Give some pages, each named once, their present classes."""
        if self._states is not None and len(pages):
            old = self._states[pages]
            changed = old != classes
            self.apply(PageDelta(pages[changed], old[changed], classes[changed]))

    def apply(self, delta: PageDelta) -> None:
        """Move the changed pages from their old states to their new ones."""
        if not len(delta.pages):
            return
        if self._states is not None:
            self._states[delta.pages] = delta.new
        spread = self._spread
        if self._taken or self._layout.pages_per_cell < spread.every:
            self._recount()
            return
        pages = delta.pages
        if spread.every > 1:
            pages = pages * np.uint32(spread.every) + np.uint32(spread.first)
        cells, inside = self._cells_of(pages)
        new, old = delta.new, delta.old
        if inside is not None:
            new, old = new[inside], old[inside]
        if self._counted is None:
            return  # counted with these pages when it is painted
        # As much work as pages changed: there are many more cells and states than these.
        flat, first = self._counted.reshape(-1), cells * N_CLASSES
        np.add.at(flat, first + new, np.int32(spread.every))
        np.subtract.at(flat, first + old, np.int32(spread.every))
        touched = np.zeros(self._layout.n_cells, np.bool_)
        touched[cells] = True
        self._paint_some(np.flatnonzero(touched))

    def _cells_of(
        self, pages: Pages
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_] | None]:
        """Return the cells of the pages in the window, and which are (None: all)."""
        inside = None
        if self._n_shown < self._n_pages:
            inside = (pages >= self._first) & (pages < self._first + self._n_shown)
            pages = pages[inside] - np.uint32(self._first)
        return (pages // np.uint32(self._layout.pages_per_cell)).astype(np.int64), inside

    def layout_if(self, n_shown: int) -> CellLayout:
        """Return the layout of so many pages at the present size."""
        largest = LARGEST_CELL_PX if n_shown == self._n_pages else LARGEST_ZOOMED_PX
        width = self.width() - self._edge_px(n_shown)
        return layout_for(n_shown, width, self.height(), largest_px=largest)

    def _edge_px(self, n_shown: int) -> int:
        """Return the width of the edge: one for all windows of a size, so that panning is calm."""
        if not self._numbered:
            return 0
        return edge_width_px(self._n_pages, self.width(), exact=n_shown < self._n_pages)

    def place_in(self, layout: CellLayout, n_shown: int, at: QPoint) -> int:
        """Return the number of the place for a cell at a point, in the layout of a window."""
        left = at.x() - self._edge_px(n_shown)
        column = max(0, min(layout.columns - 1, left // layout.cell_px))
        return max(0, min(layout.rows - 1, at.y() // layout.cell_px)) * layout.columns + column

    def pages_at(self, at: QPoint) -> tuple[int, int] | None:
        """Return the (first, last) page of the cell at a point of the widget, if there is one."""
        px, columns = self._layout.cell_px, self._layout.columns
        column, line = (at.x() - self._left_px) // px, at.y() // px
        cell = line * columns + column
        if not (0 <= column < columns and 0 <= cell < self._n_used) or self._painter.absent:
            return None
        first = self._first + cell * self._layout.pages_per_cell
        last = min(first + self._layout.pages_per_cell, self._first + self._n_shown) - 1
        return first, last

    def cell_of(self, page: int) -> QRect | None:
        """Return where the cell of a page is painted; None outside of the window."""
        if not self._first <= page < self._first + self._n_shown:
            return None
        px = self._layout.cell_px
        cell = (page - self._first) // self._layout.pages_per_cell
        line, column = divmod(cell, self._layout.columns)
        return QRect(self._left_px + column * px, line * px, px, px)

    # Pixels

    @property
    def _n_used(self) -> int:
        """Return how many cells hold pages."""
        return -(-self._n_shown // self._layout.pages_per_cell)

    def _new_image(self) -> None:
        self._left_px = self._edge_px(self._n_shown)
        self._layout = self.layout_if(self._n_shown)
        self._outline = self._edge = None
        layout = self._layout
        # At least the cells: a grid may be given less room than one of them needs.
        width = max(self.width(), self._left_px + layout.columns * layout.cell_px)
        height = max(self.height(), layout.rows * layout.cell_px)
        self._pixels = np.zeros((height, width), np.uint32)
        # The image reads the array's memory: what is written here is painted.
        self._image = QImage(
            self._pixels.data, width, height, width * 4, QImage.Format.Format_RGB32
        )
        self._painter.cell_px = self._layout.cell_px
        self._painter.refresh()

    def _recount(self) -> None:
        self._taken, self._counted = False, None
        self._paint_all()

    def _lay_out(self) -> None:
        """Lay the pages out anew, and mark the writes again."""
        writes = self._writes
        self._warmth = None
        self._new_image()
        self._recount()
        if writes is not None:
            self.set_heat(*writes)

    def _paint_all(self) -> None:
        """Paint every cell anew when the screen next asks: it may change often before that."""
        self._stale = True
        self.update()

    def _refresh(self) -> None:
        """Paint every cell, if that was put off."""
        if self._stale:
            self._stale = False
            self._pixels[:] = self._theme.color("ground").rgb()
            self._paint_cells(np.arange(self._n_used))

    def _paint_some(self, cells: npt.NDArray[np.int64]) -> None:
        """Paint cells again, and ask for no more than their lines of the screen."""
        if self._stale or not len(cells):
            return
        if len(cells) > FULL_REPAINT_SHARE * self._n_used:
            cells = np.arange(self._n_used)
        self._paint_cells(cells)
        px, columns = self._layout.cell_px, self._layout.columns
        top, bottom = int(cells[0]) // columns * px, (int(cells[-1]) // columns + 1) * px
        self.update(self._left_px, top, self.width() - self._left_px, bottom - top)

    def _paint_cells(self, cells: npt.NDArray[np.int64]) -> None:
        px, columns, rows = self._layout.cell_px, self._layout.columns, self._layout.rows
        warm = None if self._warmth is None else self._warmth[cells]
        block = self._painter.blocks(self.counts()[cells].astype(np.int64), warm)
        used = self._pixels[: rows * px, self._left_px : self._left_px + columns * px]
        by_cell = used.reshape(rows, px, columns, px).transpose(0, 2, 1, 3)
        insides = by_cell[:, :, : px - 1, : px - 1]
        if len(cells) == self._n_used:  # all: line by line, which is a copy of memory
            whole, rest = divmod(len(cells), columns)
            inner = block.shape[1:]
            insides[:whole] = block[: whole * columns].reshape(whole, columns, *inner)
            insides[whole : whole + 1, :rest] = block[whole * columns :]
            return
        lines, places = np.divmod(cells, columns)
        insides[lines, places] = block

    # Qt

    def sizeHint(self) -> QSize:
        """Return room for cells of 512 MiB."""
        return QSize(460, 280)

    def minimumSizeHint(self) -> QSize:
        """Return the smallest size at which a pattern of writes is seen."""
        return QSize(180, 110)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the pages out anew."""
        before = self._layout.pages_per_cell
        self._lay_out()
        if self._layout.pages_per_cell != before:
            self.laid_out.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that it went."""
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Copy what changed from the picture."""
        self._refresh()
        painter = QPainter(self)
        painter.drawImage(event.rect(), self._image, event.rect())
        if self._outlined is not None and len(self._outlined) == self._n_pages:
            if self._outline is None:
                self._outline = self._drawn_outline(self._outlined)
            painter.drawImage(self._left_px, 0, self._outline)
        if self._left_px and event.rect().left() < self._left_px:
            if self._edge is None:
                self._edge = edge_picture(
                    self._layout, (self._first, self._n_shown), self._left_px, self.height(),
                    self._theme, exact=self._n_shown < self._n_pages,
                )
            painter.drawPixmap(0, 0, self._edge)
        self._paint_marks(painter)
        painter.end()

    def _paint_marks(self, painter: QPainter) -> None:
        """Frame the cells of the page that is followed, and the widget that has the focus."""
        if self._pinned is not None and not self._painter.absent:
            place = self.cell_of(self._pinned)
            if place is not None:
                frame = place.adjusted(-3, -3, 1, 1) & self.rect().adjusted(0, 0, -1, -1)
                for token, inset in (("ground", 1), ("ink", 0)):
                    painter.setPen(self._theme.color(token))
                    painter.drawRect(frame.adjusted(inset, inset, -inset, -inset))
        if self.hasFocus():
            painter.setPen(self._theme.color("link"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _drawn_outline(self, pages: Flags) -> QImage:
        layout = self._layout
        shown = pages[self._first : self._first + self._n_shown]
        cells = cells_filled(shown, layout.pages_per_cell)
        size = max(1, self.width() - self._left_px), self.height()
        color = self._theme.color("good")
        return outline_image(cells, layout.columns, layout.cell_px, size, color)
