"""Plots over the time of a run, side by side on one time axis with one cursor.

As many as there is room for; where there are more, the title of a plot offers the others.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import QPoint, QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from engine.history import Frame, History
from gui.style.theme import Theme, ui_font
from gui.views.client_contents import has_web_clients, ping_content, web_content
from gui.views.plot_content import PlotContent
from gui.views.plot_panel import PlotPanel
from gui.views.plot_picture import HEADER_PX
from gui.views.rate_contents import rate_content, speed_content

Maker = Callable[[History, str, History | None], PlotContent]

MAKERS: Final[dict[str, Maker]] = {
    "web": web_content,
    "ping": ping_content,
    "rate": rate_content,
    "speed": speed_content,
}
NAMES: Final = {
    "web": "Web throughput",
    "ping": "Replies to clients",
    "rate": "Link rate and page dirtying",
    "speed": "Guest speed",
}
LEAST_PANELS: Final = 2
PANEL_PX: Final = 270
"""A third plot, and a fourth, is shown where each has this width."""
SPACING_PX: Final = 14


def kinds_of(history: History, vm: str) -> list[str]:
    """Return the plots that a VM has something for, the telling ones first."""
    kinds = ["ping", "rate", "speed"]
    return ["web", "rate", "ping", "speed"] if has_web_clients(history, vm) else kinds


class PlotsView(QWidget):
    """Plots of one VM; one range, one cursor."""

    seek_requested = Signal(object)
    """The user asks for an instant in any plot: scenario time in ns."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty; `set_history` gives it a run."""
        super().__init__(parent)
        self.panels = tuple(PlotPanel(self) for _ in MAKERS)
        self._history: History | None = None
        self._previous: History | None = None
        self._selected = ""
        self._kinds: list[str] = []
        self._shown: list[str] = []
        self._contents: dict[str, PlotContent] = {}
        self._t_ns = 0
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING_PX)
        for place, panel in enumerate(self.panels):
            layout.addWidget(panel, 1)
            panel.setVisible(place < LEAST_PANELS)
            panel.seek_requested.connect(self.seek_requested)
            panel.hovered.connect(self._on_hovered)
            panel.choice_requested.connect(partial(self._on_choice_requested, place))
        self.setAccessibleName("Plots of replies, rates and guest speed")

    @property
    def shown(self) -> tuple[str, ...]:
        """Return which plots are shown, from the left."""
        return tuple(self._shown)

    def panel_of(self, kind: str) -> PlotPanel:
        """Return the panel that shows a plot."""
        return self.panels[self._shown.index(kind)]

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        for panel in self.panels:
            panel.set_theme(theme)

    def set_history(self, history: History, *, selected: str) -> None:
        """Show a run as its clients and its host see the selected VM."""
        kinds = kinds_of(history, selected)
        if selected != self._selected or kinds != self._kinds:
            self._kinds, self._shown = kinds, []
        self._history, self._selected = history, selected
        self._contents = {}
        self._arrange()

    def set_previous(self, previous: History | None, *, draw: bool = True) -> None:
        """Draw another run thinly behind, so that a change shows old against new; None: no.

        Args:
            previous: The run before.
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
        for panel in self.panels[: len(self._shown)]:
            panel.set_time(frame.t_ns)

    def show_plot(self, place: int, kind: str) -> None:
        """Show a plot in a place; if it is shown elsewhere, the two change places."""
        old = self._shown[place]
        self._shown = [old if shown == kind else shown for shown in self._shown]
        self._shown[place] = kind
        self._arrange()

    def choices(self, place: int) -> QMenu:
        """Return a menu of all plots for a place."""
        menu = QMenu(self)
        menu.setFont(ui_font(13))
        menu.setAccessibleName("Plot in this place")
        for kind in self._kinds:
            action = menu.addAction(NAMES[kind])
            action.setCheckable(True)
            action.setChecked(kind == self._shown[place])
            action.triggered.connect(partial(self._on_chosen, place, kind))
        return menu

    def _room(self) -> int:
        """Return how many plots there is room for."""
        fitting = (self.width() + SPACING_PX) // (PANEL_PX + SPACING_PX)
        return min(max(LEAST_PANELS, fitting), len(self._kinds))

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
                panel.set_content(self._content(self._shown[place]))
                panel.set_time(self._t_ns)

    def _content(self, kind: str) -> PlotContent:
        """Return a plot of the present run, made when it is first shown."""
        assert self._history is not None
        if kind not in self._contents:
            self._contents[kind] = MAKERS[kind](self._history, self._selected, self._previous)
        return self._contents[kind]

    def _on_hovered(self, t_ns: int | None) -> None:
        for panel in self.panels:
            panel.set_hover(t_ns)

    def _on_choice_requested(self, place: int) -> None:
        menu = self.choices(place)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.panels[place].mapToGlobal(QPoint(0, HEADER_PX)))

    def _on_chosen(self, place: int, kind: str, checked: bool = False) -> None:
        self.show_plot(place, kind)

    def minimumSizeHint(self) -> QSize:
        """Return room for the fewest plots."""
        one = self.panels[0].minimumSizeHint()
        width = LEAST_PANELS * one.width() + (LEAST_PANELS - 1) * SPACING_PX
        return QSize(width, one.height())

    def sizeHint(self) -> QSize:
        """Return a comfortable size for the fewest plots."""
        one = self.panels[0].sizeHint()
        return QSize(LEAST_PANELS * one.width() + SPACING_PX, one.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show more or fewer plots."""
        if self._history is not None and self._room() != len(self._shown):
            self._arrange()
