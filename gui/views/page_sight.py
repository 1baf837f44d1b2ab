"""Zooming, pointing and following in the page view: what its two grids have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtWidgets import QWidget

from engine.history import History
from gui.style.theme import Theme
from gui.views.page_card import PageCard
from gui.views.page_grid import PageGrid
from gui.views.page_lens import LEAST_PAGES, Lens
from gui.views.page_overview import PageOverview
from gui.views.page_pointing import PagePointing
from gui.views.page_strip import PageStrip
from gui.views.page_tools import PageTools

if TYPE_CHECKING:
    from engine.page_life import LifeReader

INTO_CELL: Final = 4
"""A double click on a single page shows so many times fewer pages."""


class PageSight(QObject):
    """One lens, one page that is followed, one story, for both grids.

    Args:
        grids: Memory at the source and at the destination.
        parent: The page view.

    Attributes:
        tools: The row of controls. strip: The life of the page that is followed.
        card: The story under the mouse. overview: The map while zoomed.
        lens_changed: Another part of the memory is shown.
        seek_requested: An instant, ns.
        let_go: Escape, when no page was followed.
    """

    lens_changed = Signal()
    seek_requested = Signal(object)
    let_go = Signal()

    def __init__(self, grids: tuple[PageGrid, PageGrid], parent: QWidget) -> None:
        super().__init__(parent)
        self._grids, self._parent = grids, parent
        self.lens = Lens.whole(1)
        self.pinned: int | None = None
        self._run: tuple[History, str] | None = None
        self._own_reader: LifeReader | None = None
        self._t_ns = 0
        self._hidden = False
        self._resting: tuple[PageGrid, QPoint] | None = None
        self.tools, self.strip = PageTools(), PageStrip()
        self.card, self.overview = PageCard(parent), PageOverview()
        self._pointing = PagePointing(grids, self)
        self._connect()

    def _connect(self) -> None:
        pointing, tools = self._pointing, self.tools
        pointing.zoom_wanted.connect(self._on_zoom)
        pointing.opened.connect(self._on_opened)
        pointing.whole_wanted.connect(lambda: self.zoom(0))
        pointing.pan_wanted.connect(self._on_pan)
        pointing.rested.connect(self._on_rested)
        pointing.picked.connect(self._on_picked)
        pointing.let_go.connect(self.release)
        tools.zoom_wanted.connect(self.zoom)
        tools.page_entered.connect(self.go_to)
        tools.let_go.connect(self.release)
        tools.complained.connect(self._on_complained)
        self.strip.seek_requested.connect(self.seek_requested)
        self.strip.let_go.connect(self.release)
        self.overview.page_wanted.connect(
            lambda page: self._look_at(self.lens.around(page, self.lens.n_shown))
        )

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        for part in (self.tools, self.strip, self.card, self.overview):
            part.set_theme(theme)

    @property
    def _reader(self) -> LifeReader | None:
        """Return who reads the lives of pages, from the first one on that is asked for."""
        if self._own_reader is None and self._run is not None:
            from engine.page_life import LifeReader

            self._own_reader = LifeReader(*self._run)
        return self._own_reader

    def set_history(self, history: History, vm: str) -> None:
        """Read another run; lens and page stay where they are if the memory has the same size."""
        self._run, self._own_reader = (history, vm), None
        n_pages = history.vm(vm).spec.n_pages
        self._hide_card()
        if n_pages != self.lens.n_pages:
            self.pinned = None
            self.tools.set_n_pages(n_pages)
            self._look_at(Lens.whole(n_pages))
        self._show_pinned()

    def forget(self) -> None:
        """Show no page of any run."""
        self._run = self._own_reader = self.pinned = None
        self._hide_card()
        self._show_pinned()

    def set_future_hidden(self, hidden: bool) -> None:
        """Do not show the life of a page, which goes on after the playhead, or show it again."""
        self._hidden = hidden
        self._show_pinned()

    def show_instant(self, t_ns: int) -> None:
        """Follow the playhead."""
        self._t_ns = t_ns
        if self.pinned is not None and not self._hidden:
            self.strip.show_instant(t_ns, " ".join(self._story(self.pinned, self.pinned)))
        if self.card.isVisible() and self._resting is not None:
            self._tell(*self._resting)

    # Zoom

    def zoom(self, steps: float) -> None:
        """Zoom about the middle, or about the page that is followed; 0: show everything."""
        lens = self.lens
        if not steps:
            self._look_at(Lens.whole(lens.n_pages))
            return
        middle = lens.first + lens.n_shown // 2
        if self.pinned is not None and lens.first <= self.pinned <= lens.last:
            middle = self.pinned
        self._look_at(lens.around(middle, lens.size_after(steps)))

    def _on_zoom(self, grid: PageGrid, at: QPoint | None, steps: float) -> None:
        pages = None if at is None else grid.pages_at(at)
        if at is None or pages is None:
            self.zoom(steps)
        else:
            self._look_at(self._anchored(grid, at, pages, self.lens.size_after(steps)))

    def _anchored(
        self, grid: PageGrid, at: QPoint, pages: tuple[int, int], n_shown: int
    ) -> Lens:
        """Return a window of a size in which the same pages are under the mouse."""
        layout = grid.layout_if(n_shown)
        before = grid.place_in(layout, n_shown, at) * layout.pages_per_cell
        middle = (pages[0] + pages[1] + 1) // 2
        return self.lens.placed(middle - before - layout.pages_per_cell // 2, n_shown)

    def _on_opened(self, grid: PageGrid, at: QPoint) -> None:
        """Show the pages of one cell, as large as they can be."""
        pages = grid.pages_at(at)
        if pages is None:
            return
        size = pages[1] - pages[0] + 1
        if size == 1:
            size = self.lens.n_shown // INTO_CELL
        size = max(size, min(LEAST_PAGES, self.lens.n_pages))
        self._look_at(self.lens.around(sum(pages) // 2, size))

    def _on_pan(self, thousandths: int) -> None:
        lens, layout = self.lens, self._grids[0].layout_of_cells
        line = layout.columns * layout.pages_per_cell
        lines = max(1, round(abs(thousandths) * lens.n_shown / 1000 / line))
        way = 1 if thousandths > 0 else -1
        self._look_at(lens.placed(lens.first + way * lines * line, lens.n_shown))

    def _look_at(self, lens: Lens) -> None:
        if lens == self.lens:
            return
        self.lens = lens
        self._pointing.zoomed = not lens.is_whole
        self.tools.set_zoomed(not lens.is_whole)
        self.overview.setVisible(not lens.is_whole)
        self.overview.set_visible_part(lens.first, lens.last)
        self._hide_card()
        self.lens_changed.emit()

    # Stories

    def go_to(self, page: int) -> None:
        """Follow a page, and show it if it is not shown."""
        if self._run is not None:
            self._look_at(self.lens if self.lens.is_whole else self.lens.containing(page))
            self._pin(page)

    def release(self) -> None:
        """Let go of the page that is followed."""
        if self.pinned is None:
            self.let_go.emit()
            return
        self.pinned = None
        self._show_pinned()

    def _on_picked(self, first: int, last: int) -> None:
        self._hide_card()
        if self.pinned is not None and first <= self.pinned <= last:
            self.release()
        else:
            self._pin(self._most_written(first, last))

    def _most_written(self, first: int, last: int) -> int:
        """Return the page of a cell that was written most: one page is followed, not a cell."""
        if first == last or self._reader is None:
            return first
        window = self._reader.writes_near(self._t_ns)
        inside = window.pages[(window.pages >= first) & (window.pages <= last)]
        if not len(inside):
            return first
        return first + int(np.bincount(inside - np.uint32(first)).argmax())

    def _pin(self, page: int) -> None:
        self.pinned = page
        self._show_pinned()

    def _show_pinned(self) -> None:
        """Frame the cell that is followed, and show the life of its page."""
        for grid in self._grids:
            grid.set_pinned(self.pinned)
        if self.pinned is None or self._reader is None or self._hidden:
            self.strip.show_life(None, None)
            return
        page = self.pinned
        writes = self._reader.writes_near(self._t_ns).times_of(page, page)
        self.strip.show_life(self._reader.life(page), writes)
        self.show_instant(self._t_ns)

    def _story(self, first: int, last: int) -> tuple[str, ...]:
        reader = self._reader
        if reader is None:
            return ()
        from engine.page_story import page_story, range_story

        if first == last:
            return page_story(
                reader.history, reader.vm, first, self._t_ns, reader=reader
            ).sentences
        mix = range_story(reader.history, reader.vm, first, last, self._t_ns, reader=reader)
        return mix.sentences

    def _on_rested(self, grid: PageGrid | None, at: QPoint | None) -> None:
        if grid is None or at is None:
            self._hide_card()
            return
        self._tell(grid, at)

    def _tell(self, grid: PageGrid, at: QPoint) -> None:
        pages = grid.pages_at(at)
        if pages is None or self._run is None:
            self._hide_card()
            return
        self._resting = grid, at
        self.card.tell(self._story(*pages), grid.mapTo(self._parent, at))

    def _on_complained(self, sentence: str) -> None:
        """Say what is wrong with a page number, above the field."""
        if sentence:
            field = self.tools.page
            self._resting = None
            self.card.tell((sentence,), field.mapTo(self._parent, QPoint(0, -60)))
        else:
            self._hide_card()

    def _hide_card(self) -> None:
        self._resting = None
        self.card.hide()
