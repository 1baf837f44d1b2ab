"""Present mode: the screen for the audience, the keys of a clicker, and pauses to talk."""

from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from engine.history import History
from engine.steps import step_to
from gui.layouts import Layouts
from gui.main_window import MainWindow
from gui.player import Player
from gui.session import Session
from gui.style.watching import unwatch_application, watch_application
from gui.views.full_screen import fill_screen
from gui.views.pointer_ring import PointerRing
from gui.views.toast import Toast

HINT: Final = (
    "Page down and up: next and last stage   ·   . plays   ·   H: words   ·   "
    "Shift+R: ring   ·   Esc ends"
)
LESSON_HINT: Final = (
    "Page down and up: next and last step of the lesson   ·   . plays   ·   Shift+R: ring   ·   "
    "Esc ends"
)
HINT_MS: Final = 6000
POINTER_REST_MS: Final = 3000
WORDS_PX: Final = 24
"""Size of the narration for the last row."""


class Presenting(QObject):
    """Enters and leaves present mode.

    Signals:
        changed: Presenting begins (True) or has ended (False).

    Attributes:
        on: Whether the window presents.
    """

    changed = Signal(bool)

    def __init__(
        self, window: MainWindow, player: Player, session: Session, layouts: Layouts
    ) -> None:
        """Connect the actions."""
        super().__init__(window)
        self._window, self._player = window, player
        self._session, self._layouts = session, layouts
        self.on = False
        self._was_full = self._lesson = False
        self._pointer_hidden = False
        self.toast, self.ring = Toast(window.canvas), PointerRing(window)
        self._rest = QTimer(self, singleShot=True, interval=POINTER_REST_MS)
        self._rest.timeout.connect(self._hide_pointer)
        a = window.actions_by_name
        a.present.triggered.connect(lambda checked=False: self.toggle())
        a.auto_pause.toggled.connect(self._on_auto_pause)
        a.pointer_ring.toggled.connect(self._on_ring)
        player.stopped_at.connect(self._on_stopped)
        player.playing_changed.connect(self._on_playing)
        player.frame_changed.connect(lambda frame: self._on_moved())
        window.closed.connect(self._show_pointer)
        self._paused_ns = -1
        self._step_keys = [action.shortcuts() for action in (a.lesson_next, a.lesson_back)]

    def toggle(self) -> None:
        """Begin or end presenting."""
        if self.on:
            self.leave()
        else:
            self.enter()

    def enter(self) -> None:
        """Fill the screen with what an audience needs."""
        window = self._window
        self.on, self._was_full = True, window.isFullScreen()
        self._swap_keys()
        window.narration.set_font_px(WORDS_PX)
        self._layouts.set_presenting(True)
        fill_screen(window, True)
        # The window has the screen's size a moment later.
        self._layouts.enlarge_for(window.screen().size())
        window.setFocus()
        watch_application(self)
        self._rest.start()
        self.changed.emit(True)
        self.toast.say(LESSON_HINT if self._lesson else HINT, for_ms=HINT_MS)

    def leave(self) -> None:
        """Be as before."""
        window = self._window
        self.on = False
        unwatch_application(self)
        self._rest.stop()
        self._show_pointer()
        self.toast.hide()
        self._swap_keys()
        window.narration.set_font_px(None)
        self._layouts.set_presenting(False)
        if not self._was_full:
            fill_screen(window, False)
        self.changed.emit(False)

    def set_lesson(self, on: bool) -> None:
        """Let a clicker's page keys go by the steps of a lesson, or by stages again."""
        self._lesson = on
        self._swap_keys()
        if not on:  # a lesson has pauses of its own
            self._on_auto_pause(self._window.actions_by_name.auto_pause.isChecked())

    def _swap_keys(self) -> None:
        """Let a clicker's page keys go by stages or steps while presenting, by rounds else."""
        a = self._window.actions_by_name
        by_step = self.on and self._lesson
        rounds, stages, steps = (a.next_round, a.previous_round), (
            a.next_stage, a.previous_stage
        ), (a.lesson_next, a.lesson_back)
        plain, shifted = ("PgDown", "PgUp"), ("Shift+PgDown", "Shift+PgUp")
        keys = {
            stages: shifted if by_step or not self.on else plain,
            rounds: plain if not self.on else ("", "") if by_step else shifted,
        }
        for pair in (rounds, stages, steps):
            for action in pair:
                action.setShortcuts([])
        for pair, names in keys.items():
            for action, name in zip(pair, names, strict=True):
                action.setShortcuts([QKeySequence(name)] if name else [])
        for action, own, name in zip(steps, self._step_keys, plain, strict=True):
            action.setShortcuts([*own, QKeySequence(name)] if by_step else own)

    # Pauses

    def _on_auto_pause(self, on: bool) -> None:
        self._player.set_stops(self._next_phase_end if on else None)
        if not on:
            self.toast.hide()

    def _next_phase_end(self, history: History, t_ns: int) -> int:
        """Return where the next phase of the selected VM's migration ends, or begins."""
        return step_to(history, t_ns, self._session.selected, "stage", 1)

    def _on_stopped(self, t_ns: int) -> None:
        history = self._session.history
        if history is None:
            return
        ended = [
            p.name
            for m in history.migrations
            if m.vm == self._session.selected
            for p in m.phases
            if p.end_ns == t_ns
        ]
        words = f"Paused at the end of {ended[-1]}." if ended else "Paused."
        self._paused_ns = t_ns
        self.toast.say(f"{words} Space or . goes on.")

    def _on_playing(self, playing: bool) -> None:
        if playing:
            self.toast.hide()

    def _on_moved(self) -> None:
        if self._paused_ns >= 0 and self._player.t_ns != self._paused_ns:
            self._paused_ns = -1
            self.toast.hide()

    # The pointer

    def _on_ring(self, on: bool) -> None:
        self.ring.set_on(on)
        if on:
            self._show_pointer()

    def _hide_pointer(self) -> None:
        ringed = self._window.actions_by_name.pointer_ring.isChecked()
        busy = QApplication.activePopupWidget() is not None or QApplication.activeModalWidget()
        if self.on and not ringed and not busy and not self._pointer_hidden:
            self._pointer_hidden = True
            QGuiApplication.setOverrideCursor(Qt.CursorShape.BlankCursor)

    def _show_pointer(self) -> None:
        if self._pointer_hidden:
            self._pointer_hidden = False
            QGuiApplication.restoreOverrideCursor()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Show the pointer when it moves; let Esc end presenting."""
        if event.type() == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            self._show_pointer()
            self._rest.start()
        elif event.type() == QEvent.Type.ShortcutOverride and isinstance(watched, QWidget):
            window = self._window
            if event.key() == Qt.Key.Key_Escape and self._esc_is_free():  # type: ignore[attr-defined]
                event.accept()
                if watched is window or self._is_inside(watched):
                    QTimer.singleShot(0, self.leave)
                    return True
        return False

    def _is_inside(self, widget: QWidget) -> bool:
        """Return whether a widget is of the window, also where its content is scaled."""
        return self._window.isAncestorOf(widget) or self._window.canvas.isAncestorOf(widget)

    def _esc_is_free(self) -> bool:
        window = self._window
        return (
            self.on
            and window.plots.selection is None
            and not window.error_notice.isVisible()
            and QApplication.mouseButtons() == Qt.MouseButton.NoButton
            and QApplication.activeModalWidget() is None
            and QApplication.activePopupWidget() is None
        )
