"""Plots over the time of a run, side by side on one time axis with one cursor.

As many as there is room for; where there are more, the title of a plot offers the others. The
strip under them tells which part of the run they show.
"""

from functools import partial
from typing import Final

from PySide6.QtCore import QPoint, QSize, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from engine.history import Frame, History
from gui.style.theme import Theme, ui_font
from gui.views.hidden_future import horizon_ns, known_key, known_part
from gui.views.plot_axes import bands_of
from gui.views.plot_content import PlotContent, logarithmic
from gui.views.plot_geometry import Stretch, stretch_text
from gui.views.plot_kinds import MAKERS, NAMES, kinds_of, switchover_of
from gui.views.plot_marks import HEADER_PX
from gui.views.plot_panel import PlotPanel
from gui.views.plot_strip import STRIP_PX, PlotStrip
from gui.views.recorded_plots import with_recorded

LEAST_PANELS: Final = 2
MOST_PANELS: Final = 4
PANEL_PX: Final = 270
"""A third plot, and a fourth, is shown where each has this width."""
SPACING_PX: Final = 14
STRIP_GAP_PX: Final = 4
TELL_MS: Final = 250
"""While a run plays, descriptions follow the playhead so often."""


class PlotsView(QWidget):
    """Plots of one VM; one range, one cursor, one selection.

    Attributes:
        seek_requested: The user asks for an instant in any plot: scenario time in ns.
        table_requested: The user asks for the figures of a plot: a `PlotTable`.
    """

    seek_requested = Signal(object)
    table_requested = Signal(object)
    selection_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty; `set_history` gives it a run."""
        super().__init__(parent)
        self.panels = tuple(PlotPanel(self) for _ in range(MOST_PANELS))
        self.strip = PlotStrip(self)
        self._history: History | None = None
        self._previous: History | None = None
        self._selected = ""
        self._kinds: list[str] = []
        self._shown: list[str] = []
        self._contents: dict[str, PlotContent] = {}
        self._picked = False
        self._t_ns = 0
        self._stretch: Stretch | None = None
        self._at_switchover = False
        self._chosen: Stretch | None = None
        self._log = False
        self._follow = False
        self._hidden = False
        self._known: tuple[object, ...] = ()
        self._tell_timer = QTimer(self, singleShot=True, interval=TELL_MS)
        self._tell_timer.timeout.connect(self._tell)
        self._arrange_widgets()
        self._connect()
        self.setAccessibleName("Plots on one time axis")

    def _arrange_widgets(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(SPACING_PX)
        for place, panel in enumerate(self.panels):
            row.addWidget(panel, 1)
            panel.setVisible(place < LEAST_PANELS)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(STRIP_GAP_PX)
        layout.addLayout(row, 1)
        layout.addWidget(self.strip)

    def _connect(self) -> None:
        for place, panel in enumerate(self.panels):
            panel.seek_requested.connect(self._on_seek_requested)
            panel.hovered.connect(self._on_hovered)
            panel.choice_requested.connect(partial(self._on_choice_requested, place))
            panel.menu_requested.connect(partial(self._popup, place))
            panel.zoom_requested.connect(self.zoom)
            panel.pan_requested.connect(self.pan)
            panel.selection_requested.connect(self.select)
        strip = self.strip
        strip.switchover.clicked.connect(lambda checked: self.toggle_switchover())
        strip.whole.clicked.connect(lambda checked: self.show_whole_run())
        strip.log.toggled.connect(self.set_log)
        strip.table.clicked.connect(lambda checked: self.request_table())
        strip.overview.stretch_requested.connect(self.show_stretch)

    @property
    def shown(self) -> tuple[str, ...]:
        """Return which plots are shown, from the left."""
        return tuple(self._shown)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return all plots that the run has something for."""
        return tuple(self._kinds)

    @property
    def stretch(self) -> Stretch | None:
        """Return the part of the run that is shown, None for all of it."""
        return self._stretch

    @property
    def selection(self) -> Stretch | None:
        """Return the stretch that is selected."""
        return self._chosen

    def panel_of(self, kind: str) -> PlotPanel:
        """Return the panel that shows a plot."""
        return self.panels[self._shown.index(kind)]

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        for panel in self.panels:
            panel.set_theme(theme)
        self.strip.set_theme(theme)

    def set_future_hidden(self, hidden: bool) -> None:
        """Show nothing after the playhead, and an axis that does not tell how long it lasts."""
        self._hidden = hidden
        if hidden:
            self._stretch, self._at_switchover = None, False
            self.clear_selection()
        for panel in self.panels:
            panel.set_future_hidden(hidden)
        strip = self.strip
        for part in (strip.overview, strip.switchover, strip.whole, strip.table):
            part.setVisible(not hidden)
        self._arrange()
        self._apply_stretch()

    def set_history(self, history: History, *, selected: str) -> None:
        """Show a run as its clients and its host see the selected VM."""
        kinds = kinds_of(history, selected)
        if selected != self._selected or kinds != self._kinds:
            # Plots that somebody picked stay where they are; else the telling ones come first.
            self._picked = self._picked and selected == self._selected
            self._shown = [kind for kind in self._shown if self._picked and kind in kinds]
            self._kinds = kinds
        self._history, self._selected = history, selected
        self._contents = {}
        self.strip.overview.set_run(history.end_ns, list(bands_of(history, selected)))
        self.strip.switchover.setEnabled(self._switchover() is not None)
        self._fit_stretches(history.end_ns)
        self._arrange()
        self._apply_stretch()

    def _fit_stretches(self, run_ns: int) -> None:
        """Keep what is shown and selected in a run of another length."""
        if self._at_switchover:
            self._stretch = self._switchover()
            self._at_switchover = self._stretch is not None
        elif self._stretch is not None:
            self._stretch = self._stretch.within(run_ns)
        chosen = self._chosen
        if chosen is not None:
            end_ns = min(chosen.end_ns, run_ns)
            self._chosen = Stretch(chosen.start_ns, end_ns) if end_ns > chosen.start_ns else None

    def set_previous(self, previous: History | None, *, draw: bool = True) -> None:
        """Draw another run thinly behind, so that a change shows old against new; None: no.

        Args:
            previous: The run before, or a recording to compare with.
            draw: Whether to show it now; else with the next run.
        """
        if previous is self._previous:
            return
        self._previous = previous
        self._contents = {}
        if draw and self._history is not None:
            self._arrange()

    def show_frame(self, frame: Frame) -> None:
        """Move all cursors to the frame's instant."""
        self._t_ns = frame.t_ns
        if self._hidden and self._known_key() != self._known:
            self._arrange()
            self._apply_stretch()
        shown = self._stretch
        if self._follow and shown is not None and not shown.start_ns <= frame.t_ns <= shown.end_ns:
            half = shown.length_ns // 2
            self.show_stretch(Stretch(frame.t_ns - half, frame.t_ns - half + shown.length_ns))
        for panel in self.panels[: len(self._shown)]:
            panel.set_time(frame.t_ns)
        self.strip.overview.set_time(frame.t_ns)
        if not self._tell_timer.isActive():
            self._tell()
            self._tell_timer.start()

    def toggle_switchover(self) -> None:
        """Show only the time around the switchover, or what was shown before that: all."""
        if self._hidden:
            return
        around = None if self._at_switchover else self._switchover()
        self._stretch, self._at_switchover = around, around is not None
        self._apply_stretch()

    def show_whole_run(self) -> None:
        """Show all of the run."""
        self._stretch, self._at_switchover = None, False
        self._apply_stretch()

    def show_stretch(self, stretch: Stretch) -> None:
        """Show a part of the run; one that is as long as the run is all of it."""
        if self._history is None or self._hidden:
            return
        fitted = stretch.within(self._history.end_ns)
        self._stretch = fitted if fitted.length_ns < self._history.end_ns else None
        self._at_switchover = False
        self._apply_stretch()

    def zoom(self, at_ns: int, factor: float) -> None:
        """Show `factor` times as much time; an instant keeps its place."""
        if self._history is not None:
            run_ns = self._history.end_ns
            self.show_stretch(self._whole().zoomed(at_ns, factor, run_ns))

    def zoom_at_playhead(self, factor: float) -> None:
        """Show `factor` times as much time around the playhead."""
        shown = self._whole()
        inside = shown.start_ns <= self._t_ns <= shown.end_ns
        self.zoom(self._t_ns if inside else (shown.start_ns + shown.end_ns) // 2, factor)

    def pan(self, by_ns: int) -> None:
        """Show what lies so much later."""
        if self._history is not None and self._stretch is not None:
            self.show_stretch(self._stretch.moved(by_ns, self._history.end_ns))

    def select(self, start_ns: int, end_ns: int) -> None:
        """Select a stretch; its figures stand in every plot."""
        if self._history is None:
            return
        known_ns = self._t_ns if self._hidden else self._history.end_ns
        start_ns, end_ns = max(0, start_ns), min(known_ns, end_ns)
        self._choose(Stretch(start_ns, end_ns) if end_ns > start_ns else None)

    def mark_start(self) -> None:
        """Let the selection begin at the playhead; without an end it goes to that of the run."""
        if self._history is not None:
            end_ns = self._chosen.end_ns if self._chosen is not None else self._history.end_ns
            self.select(self._t_ns, end_ns if end_ns > self._t_ns else self._history.end_ns)

    def mark_end(self) -> None:
        """Let the selection end at the playhead; without a start it begins with the run."""
        start_ns = self._chosen.start_ns if self._chosen is not None else 0
        self.select(start_ns if start_ns < self._t_ns else 0, self._t_ns)

    def clear_selection(self) -> None:
        """Select nothing."""
        self._choose(None)

    def set_log(self, log: bool) -> None:
        """Show replies and remaining pages on a logarithmic scale, or not."""
        if log != self._log:
            self._log = log
            self.strip.log.setChecked(log)
            self._arrange()

    def request_table(self, place: int | None = None) -> None:
        """Ask for the figures of a plot as a table: of the one with the focus, or the first."""
        if self._hidden:
            return
        focused = next((i for i, p in enumerate(self.panels) if p.hasFocus()), 0)
        index = focused if place is None else place
        content = self.panels[index].content
        if content is not None and content.table is not None:
            self.table_requested.emit(content.table())

    def show_plot(self, place: int, kind: str) -> None:
        """Show a plot in a place; if it is shown elsewhere, the two change places."""
        old = self._shown[place]
        self._shown = [old if shown == kind else shown for shown in self._shown]
        self._shown[place] = kind
        self._picked = True
        self._arrange()

    def choices(self, place: int) -> QMenu:
        """Return the menu of a place: all plots, then what can be done with them."""
        menu = QMenu(self)
        menu.setFont(ui_font(13))
        menu.setAccessibleName("Plot in this place")
        for kind in self._kinds:
            action = menu.addAction(NAMES[kind])
            action.setCheckable(True)
            action.setChecked(kind == self._shown[place])
            action.triggered.connect(partial(self._on_chosen, place, kind))
        menu.addSeparator()
        menu.addAction("Show as table…").triggered.connect(lambda: self.request_table(place))
        log = menu.addAction("Linear scale" if self._log else "Logarithmic scale")
        content = self.panels[place].content
        log.setEnabled(content is not None and content.log_from > 0)
        log.triggered.connect(lambda: self.set_log(not self._log))
        back = "Leave the switchover" if self._at_switchover else "Zoom to the switchover"
        around = menu.addAction(back)
        around.setEnabled(self.strip.switchover.isEnabled())
        around.triggered.connect(self.toggle_switchover)
        whole = menu.addAction("Whole run")
        whole.setEnabled(self._stretch is not None)
        whole.triggered.connect(self.show_whole_run)
        clear = menu.addAction("Clear the selection")
        clear.setEnabled(self._chosen is not None)
        clear.triggered.connect(self.clear_selection)
        return menu

    def _whole(self) -> Stretch:
        run_ns = self._history.end_ns if self._history is not None else 1
        return self._stretch or Stretch(0, run_ns)

    def _switchover(self) -> Stretch | None:
        if self._history is None:
            return None
        return switchover_of(self._history, self._selected, self._t_ns)

    def _choose(self, chosen: Stretch | None) -> None:
        self._chosen = chosen
        for panel in self.panels:
            panel.set_chosen(chosen)
        self._describe()
        self.selection_changed.emit(chosen)

    def _apply_stretch(self) -> None:
        shown = Stretch(0, horizon_ns(self._t_ns)) if self._hidden else self._stretch
        for panel in self.panels:
            panel.set_shown(shown)
            panel.set_chosen(self._chosen)
        self._describe()

    def _describe(self) -> None:
        """Tell what part of the run is shown and selected."""
        run_ns = self._history.end_ns if self._history is not None else 0
        self.strip.set_shown(
            self._stretch, run_ns, at_switchover=self._at_switchover, chosen=self._chosen
        )
        text = "the whole run" if self._stretch is None else stretch_text(self._stretch)
        if self._chosen is not None:
            text += f"; selected {stretch_text(self._chosen)}"
        self.setAccessibleDescription(f"shown: {text}")

    def _tell(self) -> None:
        for panel in self.panels[: len(self._shown)]:
            panel.tell()

    def _room(self) -> int:
        """Return how many plots there is room for."""
        fitting = (self.width() + SPACING_PX) // (PANEL_PX + SPACING_PX)
        return min(max(LEAST_PANELS, fitting), len(self._kinds), MOST_PANELS)

    def _arrange(self) -> None:
        """Show as many plots as there is room for, each in its place."""
        if self._history is None:
            return
        room = self._room()
        missing = [kind for kind in self._kinds if kind not in self._shown]
        self._shown = [*self._shown, *missing][:room]
        for place, panel in enumerate(self.panels):
            panel.setVisible(place < room)
            panel.set_choice(room < len(self._kinds))
            if place < room:
                content = self._content(self._shown[place])
                if self._hidden:
                    content = known_part(content, self._t_ns)
                panel.set_content(logarithmic(content) if self._log else content)
                panel.set_time(self._t_ns)
            else:
                panel.forget()
        self._known = self._known_key()

    def _known_key(self) -> tuple[object, ...]:
        """Return what changes when more of the run is known, while its future is hidden."""
        shown = [self._contents[kind] for kind in self._shown if kind in self._contents]
        return (horizon_ns(self._t_ns), *(known_key(content, self._t_ns) for content in shown))

    def _content(self, kind: str) -> PlotContent:
        """Return a plot of the present run, made when it is first shown."""
        assert self._history is not None
        if kind not in self._contents:
            content = MAKERS[kind](self._history, self._selected, self._previous)
            content = with_recorded(content, kind, self._history, self._previous)
            self._contents[kind] = content
        return self._contents[kind]

    def _on_seek_requested(self, t_ns: int) -> None:
        self._follow = True
        self.seek_requested.emit(t_ns)
        self._follow = False

    def _on_hovered(self, t_ns: int | None) -> None:
        for panel in self.panels:
            panel.set_hover(t_ns)

    def _on_choice_requested(self, place: int) -> None:
        self._popup(place, self.panels[place].mapToGlobal(QPoint(0, HEADER_PX)))

    def _popup(self, place: int, position: QPoint) -> None:
        menu = self.choices(place)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(position)

    def _on_chosen(self, place: int, kind: str, checked: bool = False) -> None:
        self.show_plot(place, kind)

    def minimumSizeHint(self) -> QSize:
        """Return room for the fewest plots."""
        one = self.panels[0].minimumSizeHint()
        width = LEAST_PANELS * one.width() + (LEAST_PANELS - 1) * SPACING_PX
        strip = 0 if self.strip.isHidden() else STRIP_PX + STRIP_GAP_PX
        return QSize(width, one.height() + strip)

    def set_strip_shown(self, shown: bool) -> None:
        """Show the row of tools under the plots, or give its room to the plots."""
        self.strip.setVisible(shown)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Return a comfortable size for the fewest plots."""
        one = self.panels[0].sizeHint()
        height = one.height() + STRIP_PX + STRIP_GAP_PX
        return QSize(LEAST_PANELS * one.width() + SPACING_PX, height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show more or fewer plots."""
        if self._history is not None and self._room() != len(self._shown):
            self._arrange()
            self._apply_stretch()
