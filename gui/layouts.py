"""What of the window is shown, in which colours, and that it comes back the next time.

Three hands are on a panel: the viewer's choice, the basic layout, and present mode; it is shown
when none of them hides it.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import QByteArray, QObject, QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from gui.main_window import MainWindow
from gui.player import Player
from gui.session import Session
from gui.settings import Settings
from gui.style.theme import FOLLOW_SYSTEM, THEME_CHOICES, theme_of
from gui.views.page_coding import STATE
from gui.window_content import POOL_PX

PANELS: Final = ("pool", "pages", "narration", "plots", "console", "side", "timeline")
NEEDED_PX: Final = {
    "console": (1180, 640), "side": (1080, 0), "plots": (0, 640), "pool": (0, 480),
}
"""Enlarged, a panel gives way when the room is less than this (width, height): in this order."""
ROOMY_PX: Final = QSize(1240, 720)
"""Enlarged, the pool is lower and the pages say less where the room is less than this."""
ROOMY_AS_DRAWN_PX: Final = 750
"""As drawn, the pool is lower where the height is less: a film of 1280x720 has room for all."""
STRIP_FROM_PX: Final = 670
"""Enlarged, the row under the plots goes where the height is less: the menus have all of it."""
BOTH_FROM_PX: Final = 460
"""Enlarged, a standing prediction takes the place of the narration where the height is less."""
BESIDE_FROM_PX: Final = 1000
"""Enlarged, the table of a comparison goes below its curves where the width is less."""
SCALES: Final = (75, 90, 100, 110, 125, 150, 175, 200, 225, 250)
IN_PRESENT_MODE: Final = ("pool", "pages", "narration", "plots", "timeline")
"""What stays for an audience."""
ADVANCED_ACTIONS: Final = (
    "working_set", "page_colors", "log_scale", "plot_table", "parameters", "next_batch",
    "previous_batch", "next_page", "previous_page", "far_link_fault", "far_host_fault",
    "announcement_fault", "reproduce",
)


class Layouts(QObject):
    """Panels, basic and advanced, themes, reduced motion: chosen, applied and remembered."""

    def __init__(
        self, window: MainWindow, player: Player, session: Session, settings: Settings
    ) -> None:
        """Bring back what was remembered and connect the actions.

        Args:
            window: The window.
            player: Has its speed reset.
            session: Has its scenario reset.
            settings: What is remembered.
        """
        super().__init__(window)
        self._window, self._player = window, player
        self._session, self._settings = session, settings
        self._lesson = self._lesson_hides_side = False
        self._presenting = False
        self._first_states = self._states()
        self.theme_name = window.theme.name
        a = window.actions_by_name
        for name in PANELS:
            action = getattr(a, f"panel_{name}")
            action.setChecked(settings.flag(f"panels/{name}", True))
            action.toggled.connect(partial(self._on_panel, name))
        a.advanced.setChecked(settings.flag("advanced", True))
        a.advanced.toggled.connect(partial(self._on_flag, "advanced"))
        a.reduced_motion.setChecked(settings.flag("reduced_motion", False))
        a.reduced_motion.toggled.connect(partial(self._on_flag, "reduced_motion"))
        a.theme.triggered.connect(lambda checked=False: self._next_theme())
        for name in THEME_CHOICES:
            getattr(a, f"theme_{name}").triggered.connect(
                lambda checked=False, name=name: self.change_theme(name)
            )
        a.scale_up.triggered.connect(lambda checked=False: self._step_scale(1))
        a.scale_down.triggered.connect(lambda checked=False: self._step_scale(-1))
        a.scale_reset.triggered.connect(lambda checked=False: self.change_scale(100))
        window.room_changed.connect(self._on_room_changed)
        window.standing_bar.wanted_changed.connect(self.apply)
        self._shown_for = (1.0, QSize())
        self._before_presenting = 0
        a.reset_layout.triggered.connect(lambda checked=False: self.reset())
        a.reset_all.triggered.connect(lambda checked=False: self.ask_reset_all())
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_desktop_changed)
        window.closed.connect(self._remember_sizes)
        self._restore_sizes()
        self._show_theme()
        remembered = settings.number("scale", 100, SCALES[0], SCALES[-1])
        if remembered != 100:
            window.set_scale(remembered / 100)
        self.apply()

    # Scale

    @property
    def scale_percent(self) -> int:
        """Return how large everything is shown."""
        return round(self._window.scale * 100)

    def set_scale(self, percent: int) -> None:
        """Show everything larger or smaller, 75 to 250 %, and remember it."""
        self._take_scale(percent, self._window.set_scale)

    def change_scale(self, percent: int) -> None:
        """Do as `set_scale`, a part at a time: whoever asks in the window waits for nothing."""
        self._take_scale(percent, self._window.change_scale)

    def _take_scale(self, percent: int, take: Callable[[float], None]) -> None:
        percent = max(SCALES[0], min(percent, SCALES[-1]))
        self._settings.put("scale", percent)
        self._before_presenting = 0  # what was chosen while presenting stays
        take(percent / 100)
        self.apply()
        self._window.show_notice(f"Scale: {percent} %")

    def _step_scale(self, direction: int) -> None:
        here = self.scale_percent
        further = [s for s in SCALES if (s - here) * direction > 0]
        if further:
            self.change_scale(min(further) if direction > 0 else max(further))

    def enlarge_for(self, size: QSize) -> None:
        """Be as large as an audience wants and a screen allows; `set_presenting(False)` ends it.

        A scale that is chosen meanwhile stays, in the window as in what is remembered.
        """
        most = min(size.width() / 1280, size.height() / 760)
        fitting = [s for s in SCALES if s / 100 <= most]
        if fitting and fitting[-1] > self.scale_percent:
            self._before_presenting = self.scale_percent
            self._window.change_scale(fitting[-1] / 100)
            self.apply()

    def _on_room_changed(self) -> None:
        """Show and hide panels when the room that they share has changed."""
        key = (self._window.scale, self._window.room)
        if key != self._shown_for and (self._window.scale > 1 or self._shown_for[0] > 1):
            self._shown_for = key
            self.apply()

    # Panels

    def _widgets(self) -> Mapping[str, tuple[QWidget, ...]]:
        w = self._window
        return {
            "pool": (w.pool,), "pages": (w.pages,), "narration": (w.narration,),
            "plots": (w.plots_box,), "console": (w.console_box,), "side": (w.side,),
            "timeline": (w.footer,),
        }

    def is_shown(self, panel: str) -> bool:
        """Return whether nobody hides a panel, and there is room for it."""
        if self._presenting and panel not in IN_PRESENT_MODE:
            return False
        if panel == "side" and self._lesson_hides_side:
            return False
        room = self._window.room
        least = NEEDED_PX.get(panel)
        if self._window.scale > 1 and least is not None:
            if room.width() < least[0] or room.height() < least[1]:
                return False
        action = getattr(self._window.actions_by_name, f"panel_{panel}")
        return bool(action.isChecked())

    def set_lesson(self, on: bool, *, side: bool) -> None:
        """Make room for a lesson beside the run; `side`: with the controls beneath it."""
        self._lesson, self._lesson_hides_side = on, on and not side
        self.apply()

    @property
    def presenting(self) -> bool:
        """Return whether only what an audience needs is shown."""
        return self._presenting

    def set_presenting(self, on: bool) -> None:
        """Leave the panels that an audience needs, or all that were chosen."""
        self._presenting = on
        if not on and self._before_presenting:
            self._window.change_scale(self._before_presenting / 100)
            self._before_presenting = 0
        self.apply()

    def apply(self) -> None:
        """Show and hide everything as it was chosen."""
        w, a = self._window, self._window.actions_by_name
        shown = {name: self.is_shown(name) for name in PANELS}
        for name, widgets in self._widgets().items():
            for widget in widgets:
                widget.setVisible(shown[name])
        w.beside.setVisible(shown["side"] or self._lesson)
        w.below.setVisible(shown["plots"] or shown["console"])
        w.standing_bar.set_side_shown(shown["side"])
        if w.standing_bar.wanted and w.scale > 1 and w.room.height() < BOTH_FROM_PX:
            w.narration.hide()
        w.set_compare_compact(w.scale > 1 and w.room.width() < BESIDE_FROM_PX)
        w.middle.setVisible(shown["pages"] or shown["narration"] or w.standing_bar.wanted)
        w.header.setVisible(not self._presenting)
        for button in w.buttons.values():  # what they do is in the menus too
            button.setVisible(w.scale <= 1 or w.room.width() >= 1080)
        compact = w.scale > 1 and w.room.width() < 900
        w.transport.set_compact(compact)
        beside_side = w.scale > 1 and shown["side"] and w.room.width() < ROOMY_PX.width()
        w.pages.set_compact(compact or beside_side)
        short = w.scale > 1 and w.room.height() < STRIP_FROM_PX
        low = w.room.height() < (ROOMY_PX.height() if w.scale > 1 else ROOMY_AS_DRAWN_PX)
        w.pool.setMinimumHeight(w.pool.minimumSizeHint().height() if low else POOL_PX)
        w.transport.setVisible(not self._presenting)
        advanced = a.advanced.isChecked()
        for name in ADVANCED_ACTIONS:
            getattr(a, name).setVisible(advanced)
        w.rounds.setVisible(advanced)
        w.outcome.set_models_wanted(advanced)
        tools = advanced and not self._presenting
        for part in (w.pages.working_set.button, w.pages.sight.tools):
            part.setVisible(tools)
        w.plots.set_strip_shown(tools and not short)
        w.pool.set_reduced_motion(a.reduced_motion.isChecked())

    def _on_panel(self, name: str, on: bool) -> None:
        self._settings.put(f"panels/{name}", on)
        self.apply()

    def _on_flag(self, key: str, on: bool) -> None:
        self._settings.put(key, on)
        self.apply()

    def reset(self) -> None:
        """Show every panel at its first size."""
        a = self._window.actions_by_name
        for name in PANELS:
            getattr(a, f"panel_{name}").setChecked(True)
        a.advanced.setChecked(True)
        self.change_scale(100)
        for name, state in self._first_states.items():
            self._window.splitters[name].restoreState(state)
        self.apply()

    def ask_reset_all(self) -> None:
        """Go back to how everything was; ask first if edits would be taken back."""
        session = self._session
        if session.scenario is session.original:
            self.reset_all()
            return
        box = QMessageBox(self._window)
        box.setWindowTitle("Reset all")
        box.setText("Take all edits back, and reset layout, speed, plots and colours?")
        box.setInformativeText("Undo brings the edits back.")
        box.setStandardButtons(QMessageBox.StandardButton.Reset | QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(QMessageBox.StandardButton.Reset)
        box.button(QMessageBox.StandardButton.Reset).clicked.connect(self.reset_all)
        box.finished.connect(box.deleteLater)
        box.open()

    def reset_all(self) -> None:
        """Take edits, layout, speed, the VM, plots, pages and colours back to how they were."""
        w, a = self._window, self._window.actions_by_name
        for switch in (a.loop, a.slow_motion, a.auto_pause, a.pointer_ring, a.reduced_motion):
            switch.setChecked(False)
        self._player.set_slow_motion(False)
        self._player.set_speed(1.0)
        w.plots.clear_selection()
        w.plots.show_whole_run()
        w.plots.set_log(False)
        w.pages.working_set.button.setChecked(False)
        w.pages.sight.zoom(0)
        w.pages.set_coding(STATE)
        w.pages.legend.clear_filter()
        self._session.select_first()
        self.change_theme(THEME_CHOICES[0])
        self.reset()
        if self._session.scenario is not None:
            self._session.reset()
        self._player.to_start()

    # Sizes

    def _states(self) -> dict[str, QByteArray]:
        return {name: s.saveState() for name, s in self._window.splitters.items()}

    def _restore_sizes(self) -> None:
        geometry = self._settings.state("geometry")
        if not geometry.isEmpty():
            self._window.restoreGeometry(geometry)
        for name, splitter in self._window.splitters.items():
            state = self._settings.state(f"splitter/{name}")
            if not state.isEmpty():
                splitter.restoreState(state)

    @property
    def has_geometry(self) -> bool:
        """Return whether a place on the screen is remembered."""
        return not self._settings.state("geometry").isEmpty()

    def _remember_sizes(self) -> None:
        if self._presenting:
            return
        self._settings.put("geometry", self._window.saveGeometry())
        if self._lesson:
            return  # the sizes are those that the lesson wanted
        for name, state in self._states().items():
            self._settings.put(f"splitter/{name}", state)

    # Colours

    def set_theme(self, name: str) -> None:
        """Take the colours of a choice, and remember it."""
        theme = theme_of(name)
        if theme is not self._window.theme:
            self._window.set_theme(theme)
        self.take_theme(name)

    def change_theme(self, name: str) -> None:
        """Do as `set_theme`, a part at a time: whoever asks in the window waits for nothing."""
        theme = theme_of(name)
        if theme is not self._window.theme:
            self._window.change_theme(theme)
        self.take_theme(name)

    def take_theme(self, name: str) -> None:
        """Remember the choice whose colours the window has."""
        self.theme_name = name
        self._settings.put("theme", name)
        self._show_theme()

    def _next_theme(self) -> None:
        place = THEME_CHOICES.index(self.theme_name)
        name = THEME_CHOICES[(place + 1) % len(THEME_CHOICES)]
        self.change_theme(name)
        a = self._window.actions_by_name
        self._window.show_notice(f"Theme: {getattr(a, f'theme_{name}').text().lower()}")

    def _show_theme(self) -> None:
        for name in THEME_CHOICES:
            action = getattr(self._window.actions_by_name, f"theme_{name}")
            action.setChecked(name == self.theme_name)

    def _on_desktop_changed(self) -> None:
        if self.theme_name == FOLLOW_SYSTEM:
            self._window.change_theme(theme_of(FOLLOW_SYSTEM))
