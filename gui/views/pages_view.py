"""Source and destination memory of the selected VM, and what goes on between them."""

from typing import Final

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from engine.history import Frame, History, VmFrame
from engine.page_track import Sample, States
from engine.playback import PageCursor, PageDelta
from engine.sampling import stride_for, whole_sample
from engine.states import N_STATES, PageState
from gui.style.style_sheet import dress
from gui.style.theme import DARK, Theme, ui_font
from gui.views.cell_layout import Counts, Spread, Window
from gui.views.exact_counts import ExactCounts, Question
from gui.views.figure_line import FigureLine
from gui.views.heat import recent_writes
from gui.views.legend_view import LegendView
from gui.views.no_pages_view import NoPagesView
from gui.views.page_coding import CODINGS, N_CLASSES, STATE, Coding
from gui.views.page_grid import PageGrid
from gui.views.page_middle import MiddleColumn
from gui.views.page_sight import PageSight
from gui.views.page_values import PageValues
from gui.views.page_words import HEAT_WORDS, PageWords
from gui.views.working_set_panel import WorkingSetPanel
from gui.views.working_set_sight import WorkingSetSight

HEAT_LIMIT: Final = 20_000
CATCH_UP_MS: Final = 16
SHOWING_STATES: Final = ("moving", "arrived")
"""Conditions in which the grids show page states; in others they show memory at rest."""

class PagesView(QWidget):
    """Two page grids side by side, fed by one cursor, with their legend beneath.

    Attributes:
        sight: Zoom, stories, and the page that is followed.
        seek_requested: An instant that was pointed at, ns.
    """

    seek_requested = Signal(object)

    def __init__(self) -> None:
        """Build the two sides."""
        super().__init__()
        self.setAccessibleName("Memory, page by page")
        self.source = PageGrid("Memory at the source", empty_not_sent=False, numbered=True)
        self.destination = PageGrid(
            "Memory at the destination", empty_not_sent=True, numbered=True
        )
        self.middle = MiddleColumn()
        self.legend = LegendView()
        self.sight = PageSight((self.source, self.destination), self)
        self._titles = [QLabel(), QLabel()]
        self._panels = (WorkingSetPanel(), WorkingSetPanel())
        self._notes = [FigureLine(ui_font(12), ink="dim", ground="ground") for _ in range(2)]
        for note, grid in zip(self._notes, (self.source, self.destination), strict=True):
            note.setAccessibleName(f"{grid.accessibleName()}, in figures")
        layout = QGridLayout(self)
        layout.setContentsMargins(16, 8, 16, 8)
        layout.setHorizontalSpacing(6)
        layout.setVerticalSpacing(6)
        for side, grid, column in ((0, self.source, 0), (1, self.destination, 2)):
            layout.addLayout(self._header(side), 0, column)
            layout.addWidget(grid, 1, column)
            layout.setColumnStretch(column, 1)
            layout.addWidget(self._panels[side], 1, column)
        self.working_set = WorkingSetSight((self.source, self.destination), self._panels, self)
        layout.addWidget(self.working_set.button, 0, 1, Qt.AlignmentFlag.AlignHCenter)
        layout.addLayout(self._column(), 1, 1)
        layout.addWidget(self.sight.strip, 2, 0, 1, 3)
        layout.addWidget(self.legend, 3, 0, 1, 3)
        self.legend.set_corner(self.sight.tools)
        layout.setRowStretch(1, 1)
        self.no_pages = NoPagesView(self)
        layout.addWidget(self.no_pages, 0, 0, 4, 3)
        self._history: History | None = None
        self._cursor: PageCursor | None = None
        self._selected = ""
        self._near: PageCursor | None = None
        self._spread, self._near_spread = Spread(), Spread()
        self._n_pages = self._first_zero_page = 1
        self.exact = ExactCounts(self)
        self._answered: Question | None = None
        self._shown = ""
        self._totals: list[int] | None = None
        self._values: PageValues | None = None
        self._words: PageWords | None = None
        self._vm_frame: tuple[VmFrame, int] | None = None
        self._catch_up = QTimer(self, singleShot=True, interval=CATCH_UP_MS)
        self._connect()
        self.set_theme(DARK)

    def _column(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.addWidget(self.sight.overview, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.middle, 1)
        return column

    def _connect(self) -> None:
        sight = self.sight
        self._catch_up.timeout.connect(self._show_again)
        self.source.laid_out.connect(self._show_again)
        self.exact.counted.connect(self._on_counted)
        self.exact.picked.connect(self._on_picked)
        sight.lens_changed.connect(self._on_lens_changed)
        sight.seek_requested.connect(self.seek_requested)
        sight.let_go.connect(self.legend.clear_filter)
        sight.tools.coding_chosen.connect(self.set_coding)
        self.legend.let_go.connect(sight.release)
        self.legend.filter_changed.connect(self._on_filter_changed)

    @property
    def _grids(self) -> tuple[PageGrid, PageGrid, PageGrid]:
        return self.source, self.destination, self.sight.overview

    @property
    def coding(self) -> Coding:
        """Return what the colours stand for."""
        return STATE if self._values is None else self._values.coding

    def set_coding(self, coding: Coding) -> None:
        """Let the colours stand for something else."""
        if coding is self.coding:
            return
        self._values = None
        if not coding.is_state and self._history is not None:
            self._values = PageValues(self._history, self._selected, coding)
        self.sight.tools.set_coding(self.coding)
        self.legend.set_coding(self.coding)
        self._spread_grids()
        self._show_again(anew=True)

    def next_coding(self) -> None:
        """Go on to the next of the codings."""
        self.set_coding(CODINGS[(CODINGS.index(self.coding) + 1) % len(CODINGS)])

    def let_go(self) -> None:
        """Follow no page; if none was followed, show all classes again."""
        self.sight.release()

    def go_to_page(self) -> None:
        """Ask for the number of a page to follow."""
        self.sight.tools.page.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.sight.tools.page.selectAll()

    def _on_lens_changed(self) -> None:
        self._near = None
        self._spread_grids()
        self._show_window()
        self._show_again(anew=True)
        lens = self.sight.lens
        if self._history is not None and self._spread.every > stride_for(lens.n_shown):
            self.exact.pick(self._history, self._selected, Window(lens.first, lens.n_shown))

    def _show_window(self) -> None:
        """Let both grids show what the lens shows."""
        lens = self.sight.lens
        for grid in (self.source, self.destination):
            grid.set_window(lens.first, lens.n_shown)

    def _on_filter_changed(self, classes: frozenset[int]) -> None:
        for grid in self._grids:
            grid.set_shown_classes(classes)

    @property
    def counting(self) -> bool:
        """Return whether counts are still being made exact."""
        return self.exact.busy or (self._values is not None and not self._values.exact)

    def _show_again(self, *, anew: bool = False) -> None:
        """Show the same instant once more; anew: count everything."""
        if anew:
            self._shown, self._totals = "", None
        if self._vm_frame is not None:
            self._show_vm(*self._vm_frame)

    def _header(self, side: int) -> QHBoxLayout:
        title, note = self._titles[side], self._notes[side]
        title.setFont(ui_font(13, bold=True))
        row = QHBoxLayout()
        row.addWidget(title)
        row.addWidget(note, 1)
        return row

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        for part in (self.source, self.destination, self.middle, self.legend, self.no_pages):
            part.set_theme(theme)
        self.working_set.set_theme(theme)
        self.sight.set_theme(theme)
        for label in self._titles:
            dress(label, f"color: {theme.ink}; background: transparent;")
        for line in self._notes:
            line.set_theme(theme)

    def set_history(self, history: History, *, selected: str) -> None:
        """Show another run, or another VM; of a recording only that it has no pages."""
        recorded = self.no_pages.take(history)
        self.working_set.button.setEnabled(not recorded)
        if recorded:
            self._history = self._vm_frame = self._values = None
            self.sight.forget()
            return
        self._history, self._selected = history, selected
        self._words, self._near = PageWords(history), None
        # The widths of the grids must not hang on which instants were shown before.
        for note, widest in zip(self._notes, self._words.widest_notes(selected), strict=True):
            note.reserve(widest)
        self.exact.forget()
        self.legend.set_history(history, selected=selected)
        self.working_set.set_history(history, selected)
        spec = history.vm(selected).spec
        self._n_pages, self._first_zero_page = spec.n_pages, spec.first_zero_page
        sample = whole_sample(history, selected)
        self._cursor = PageCursor(history, selected, sample)
        self._spread = Spread(0, stride_for(spec.n_pages))
        self._shown, self._totals, self._vm_frame = "", None, None
        if self._values is not None:
            self._values = PageValues(history, selected, self._values.coding)
        self.sight.tools.set_coding(self.coding)
        self.legend.set_coding(self.coding)
        self._spread_grids()
        self.sight.set_history(history, selected)

    def _spread_grids(self) -> None:
        """Tell the grids which pages are known: of a large VM a part, of times all."""
        whole = self._spread if self._values is None else Spread()
        near = whole if self._near is None or self._values is not None else self._near_spread
        for grid in self._grids:
            grid.set_spread(self._n_pages, whole if grid is self.sight.overview else near)
        self._show_window()

    def show_frame(self, frame: Frame) -> None:
        """Show an instant."""
        self.no_pages.show_frame(frame)
        if self._history is None or self._cursor is None:
            return
        self._vm_frame = frame.vms[self._selected], frame.t_ns
        self._show_vm(*self._vm_frame)

    def _show_vm(self, vm: VmFrame, t_ns: int) -> None:
        assert self._cursor is not None
        delta = self._cursor.move_to(t_ns)
        near = delta if self._near is None else self._near.move_to(t_ns)
        self._count_totals(delta)
        condition = self._condition(vm, t_ns, self._cursor.states)
        anew = condition != self._shown
        self._shown = condition
        if self._values is not None:
            self._show_values(self._values, condition, t_ns, anew=anew)
        else:
            self._show_states(condition, delta, near, anew=anew)
            self._show_heat(condition, t_ns)
        if anew:
            self._show_window()
        self._show_working_set(vm, condition, t_ns)
        self._ask_exact(condition, t_ns)
        counts = self._counts()
        self._say(vm, t_ns, counts)
        self._show_legend(counts, condition)
        self.sight.show_instant(t_ns)

    def _ask_exact(self, condition: str, t_ns: int) -> None:
        """Have all pages counted once time stands still, where a part of them is shown."""
        sampled = self._values is None and self._spread.every > 1
        every = self._spread.every if sampled else 1
        if not sampled or condition not in SHOWING_STATES or self._history is None:
            self.legend.set_sampled(every, exact=condition not in SHOWING_STATES)
            self.exact.forget()
            return
        views = tuple((Window(*g.window_of_pages), g.layout_of_cells) for g in self._grids)
        question = Question(self._history, self._selected, t_ns, views)
        if question != self._answered or not self.destination.exact:
            self._answered = None
            for grid in self._grids:
                grid.drop_counts()
            self.legend.set_sampled(every, exact=False)
            self.exact.ask(question)

    def _on_counted(self, question: Question, counts: list[Counts]) -> None:
        """Show exact counts, if nothing has moved meanwhile."""
        now = self._vm_frame[1] if self._vm_frame is not None else None
        asked = question.history, question.vm, question.t_ns
        if asked != (self._history, self._selected, now) or self._values is not None:
            return
        if self._shown not in SHOWING_STATES or self.exact.busy:
            return
        self._answered = question
        shown = self._grids_of_states(self._shown)
        for grid, found in zip(self._grids, counts, strict=True):
            if grid in shown and len(found) == len(grid.counts()):
                grid.take_counts(found)
        if self.sight.lens.is_whole:
            self._totals = None
            self.legend.set_sampled(self._spread.every, exact=True)
        assert self._vm_frame is not None
        counted = self._counts()
        self._say(*self._vm_frame, counted)
        self._show_legend(counted, self._shown)

    def _on_picked(self, history: History, sample: Sample) -> None:
        """Follow the pages of the window that is shown, if it is still the same."""
        lens = self.sight.lens
        window = sample.first, min(sample.n_pages * sample.every, lens.n_shown)
        if history is self._history and window == (lens.first, lens.n_shown):
            self._near = PageCursor(history, self._selected, sample)
            self._near_spread = Spread(sample.first, sample.every)
            self._spread_grids()
            self._show_again(anew=True)

    def _show_states(
        self, condition: str, delta: PageDelta | None, near: PageDelta | None, *, anew: bool
    ) -> None:
        if anew:
            self._show_anew(condition)
        elif condition in SHOWING_STATES:
            for grid in self._grids_of_states(condition):
                change = delta if grid is self.sight.overview else near
                if change is None:
                    grid.set_pages(self._states_for(grid))
                else:
                    grid.apply(change)

    def _states_for(self, grid: PageGrid) -> States:
        """Return the present states of the pages that a grid knows."""
        near = self._near is not None and grid is not self.sight.overview
        cursor = self._near if near else self._cursor
        assert cursor is not None and cursor.states is not None
        return cursor.states

    def _rest_for(self, grid: PageGrid) -> States:
        """Return memory at rest: used pages, then free ones."""
        first, every = grid.spread.first, grid.spread.every
        states = np.zeros(-(-(self._n_pages - first) // every), np.uint8)
        states[max(0, -(-(self._first_zero_page - first) // every)) :] = PageState.FREE
        return states

    def _show_values(
        self, values: PageValues, condition: str, t_ns: int, *, anew: bool
    ) -> None:
        """Show times sent, times written or age, on the sides that hold pages."""
        changed = values.move_to(t_ns)
        self.legend.set_counting(not values.exact)
        if not values.exact:
            self._catch_up.start()
        partly = condition == "moving"  # only what has arrived is at the destination
        for grid in self._grids:
            here = self._holds_pages(grid, condition)
            if not here:
                if anew:
                    grid.set_absent(self._n_pages)
            elif anew or changed is None:
                whole = partly and grid is self.destination
                grid.set_pages(
                    values.arrived(slice(None)) if whole else values.classes, values.coding
                )
            elif partly and grid is self.destination:
                grid.put(changed, values.arrived(changed))
            else:
                grid.put(changed, values.classes[changed])

    def _holds_pages(self, grid: PageGrid, condition: str) -> bool:
        """Return whether a grid has anything to show."""
        if grid is self.source:
            return condition != "arrived"
        if grid is self.destination:
            return condition in SHOWING_STATES
        return not self.sight.lens.is_whole

    def _show_legend(self, counts: list[int], condition: str) -> None:
        shown: list[int] | None = counts if condition in SHOWING_STATES else None
        if self._values is not None:
            here = self.destination if condition == "arrived" else self.source
            if self.sight.lens.is_whole:
                shown = [int(n) for n in here.counts().sum(axis=0)]
            else:
                shown = np.bincount(self._values.classes, minlength=N_CLASSES).tolist()
        self.legend.show_counts(shown, self.source.layout_of_cells.pages_per_cell)

    def _condition(self, vm: VmFrame, t_ns: int, states: States | None) -> str:
        """Return which of `SHOWING_STATES` it is; "rest" before a copying, "stayed" after one."""
        assert self._history is not None
        if states is None or vm.migration is None:
            return "rest"
        m = self._history.migrations[vm.migration]
        if m.ended_ns is None or t_ns < m.ended_ns or vm.status == "lost":
            return "moving"
        return "arrived" if vm.host == m.destination else "stayed"

    def _grids_of_states(self, condition: str) -> tuple[PageGrid, ...]:
        zoomed = () if self.sight.lens.is_whole else (self.sight.overview,)
        if condition == "arrived":
            return (self.destination, *zoomed)
        return (self.source, self.destination, *zoomed)

    def _show_anew(self, condition: str) -> None:
        """Count both sides anew; a side where the VM has no memory is empty."""
        if condition in SHOWING_STATES:
            for grid in self._grids_of_states(condition):
                grid.set_pages(self._states_for(grid))
            if condition == "arrived":
                self.source.set_absent(self._n_pages)
            return
        self.source.set_pages(self._rest_for(self.source))
        self.destination.set_absent(self._n_pages)
        if not self.sight.lens.is_whole:
            self.sight.overview.set_pages(self._rest_for(self.sight.overview))

    def _show_heat(self, condition: str, t_ns: int) -> None:
        """Mark what a VM writes where it runs, unless its pages are on their way."""
        assert self._history is not None
        if condition != "moving":
            record = self._history.vm(self._selected)
            grid = self.destination if condition == "arrived" else self.source
            grid.set_heat(*recent_writes(record, t_ns, limit=HEAT_LIMIT))

    def _show_working_set(self, vm: VmFrame, condition: str, t_ns: int) -> None:
        """Outline it where the VM runs; a VM that runs nowhere is still at the source."""
        arrived = condition == "arrived"
        if condition == "moving" and vm.migration is not None and vm.status == "running":
            assert self._history is not None
            arrived = vm.host == self._history.migrations[vm.migration].destination
        self.working_set.show_instant(t_ns, at_destination=arrived)

    # Words

    def _say(self, vm: VmFrame, t_ns: int, counts: list[int]) -> None:
        assert self._words is not None
        words, shown, m = self._words, self._shown, self._words.migration(vm)
        per_cell = self.source.layout_of_cells.pages_per_cell
        note = words.source_note(shown, self.sight.lens, per_cell, counts)
        self._put(0, f"Source, {m.source if m else vm.host}", note)
        title = f"Destination, {m.destination}" if m else "Destination"
        self._put(1, title, words.destination_note(shown, m, counts))
        arrow, lines = words.middle(vm, m, counts, t_ns)
        if self._values is not None:  # writes are not marked in other colours
            lines = tuple(line for line in lines if line != HEAT_WORDS)
        self.middle.say(arrow, lines)
        told = ", ".join(text for text, _, _ in lines)
        for grid, title, figures in (
            (self.source, self._titles[0].text(), note),
            (self.destination, self._titles[1].text(), words.destination_note(shown, m, counts)),
        ):
            grid.setAccessibleDescription(f"{title}: {figures}; {told}")

    def _counts(self) -> list[int]:
        """Return the pages in each state; zeros while nothing moves."""
        assert self._cursor is not None
        if self._shown not in SHOWING_STATES or self._cursor.states is None:
            return [0] * N_STATES
        if self._values is None and self.sight.lens.is_whole:
            return [int(n) for n in self.destination.counts().sum(axis=0)]
        if self._totals is None:
            counted = np.bincount(self._cursor.states, minlength=N_STATES)
            self._totals = (counted * self._spread.every).tolist()
        return self._totals

    def set_compact(self, compact: bool) -> None:
        """Leave the figures beside the titles out: the legend has them too."""
        for note in self._notes:
            note.setVisible(not compact)

    def totals(self, t_ns: int) -> list[int] | None:
        """Return the pages in each state at the instant that is shown; None: not known here."""
        shown = self._vm_frame is not None and self._vm_frame[1] == t_ns
        if not shown or self._shown not in SHOWING_STATES or self._cursor is None:
            return None
        return self._counts()

    def _count_totals(self, delta: PageDelta | None) -> None:
        """Move the counts of the whole memory, for where no grid has them."""
        if self._totals is not None and delta is not None:
            more = np.bincount(delta.new, minlength=N_STATES)
            less = np.bincount(delta.old, minlength=N_STATES)
            moved = (more - less) * self._spread.every
            self._totals = (np.array(self._totals) + moved).tolist()
        else:
            self._totals = None

    def _put(self, side: int, title: str, note: str) -> None:
        if self._titles[side].text() != title:
            self._titles[side].setText(title)
        self._notes[side].set_text(note)

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(1060, 380)
