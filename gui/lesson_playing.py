"""Plays the stretch of a lesson's step, with its captions, and lights what it is about.

A part of `gui.teaching`.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, QRect, QTimer, Signal
from PySide6.QtWidgets import QWidget

from engine.history import Frame, History
from engine.steps import step_to
from gui.lesson_scene import LessonScene
from gui.named_parts import part_rect, part_widget

NOT_IN_THIS_RUN: Final = (
    "The run was changed and cannot be played as this step wants it: {why}. Reset (R) brings the "
    "step's own run back."
)
LEAST_APART_NS: Final = 1_000_000_000
"""Two pauses are at least so far apart as it is seen, whatever the speed."""
SIDE_GAP_PX: Final = 12
GRIDS: Final = ("source-memory", "destination-memory")
HEADING_GAP_PX: Final = 4
SIDE_PARTS: Final = ("controls", "outcome", "rounds-table")
KEPT_CLEAR: Final = ("legend", "transport", "narration")
"""No caption stands over these, if there is another place."""


class LessonPlaying(QObject):
    """Plays one step at a time.

    Signals:
        pause_changed: The playing stands at the end of a phase, or goes on from there.
    """

    pause_changed = Signal()

    def __init__(self, scene: LessonScene, parent: QObject) -> None:
        """Follow the player; nothing is lit."""
        super().__init__(parent)
        self._scene = scene
        self._window, self._player, self._session = scene.window, scene.player, scene.session
        self._stop_ns: int | None = None
        self._captions: list[tuple[int, str, str | None]] = []
        self._pauses: list[int] | None = None
        self._paused_ns: int | None = None
        self._outlined = False
        self._light_timer = QTimer(self, singleShot=True, interval=0)
        self._light_timer.timeout.connect(self.place_light)
        self._scroll_timer = QTimer(self, singleShot=True, interval=0)
        self._scroll_timer.timeout.connect(self._scroll)
        self._player.frame_changed.connect(self._on_frame)
        self._player.stopped_at.connect(self._on_stopped)
        self._player.playing_changed.connect(self._end_pause)
        self._window.room_changed.connect(self.place_light_soon)
        self._window.theme_changed.connect(lambda theme: self.place_light_soon())
        bar = self._window.side.verticalScrollBar()
        bar.valueChanged.connect(lambda value: self.place_light_soon())
        # The side gets another height, or a note comes above what is lit.
        bar.rangeChanged.connect(lambda least, most: self._show_lit_in_side())

    @property
    def paused(self) -> bool:
        """Return whether it stands at the end of a phase, with more of the stretch to come."""
        return self._paused_ns is not None

    def clear(self) -> None:
        """Forget the stretch and the captions of the step before."""
        self._stop_ns, self._captions, self._pauses = None, [], None
        self._paused_ns = None

    # The light

    @property
    def knob(self) -> QWidget | None:
        """Return the control that the exercise is about; None: it has only the lesson's fields."""
        step = self._scene.run.step if self._scene.run is not None else None
        if step is None or step.kind != "exercise":
            return None
        return part_widget(self._window, f"knob:{step.knobs[0]}")

    def show_in_side(self) -> None:
        """Scroll the side to what the step is about."""
        self._scroll_timer.start()  # what is shown there has no place yet

    def _show_lit_in_side(self) -> None:
        run = self._scene.run
        if run is not None and (self.knob is not None or run.step.spotlight in SIDE_PARTS):
            self.show_in_side()

    def _scroll(self) -> None:
        run, side = self._scene.run, self._window.side
        if run is None:
            return
        step = run.step
        widget = self.knob or part_widget(self._window, step.spotlight or "controls")
        assert widget is not None
        if step.spotlight == "outcome":
            side.verticalScrollBar().setValue(widget.y() - SIDE_GAP_PX)
        else:
            side.ensureWidgetVisible(widget, 0, SIDE_GAP_PX)
        self.place_light()

    def place_light_soon(self) -> None:
        """Light once more when everything has its place."""
        self._light_timer.start()

    def place_light(self) -> None:
        """Light the part that is meant, where it is now, and say the caption beside its part."""
        run, panel, light = self._scene.run, self._scene.panel, self._scene.light
        if run is None or panel is None or light is None:
            return
        step = run.step
        part = step.parts[run.part].part if step.kind == "parts" else step.spotlight
        if step.kind == "exercise" and part is None:
            part = f"knob:{step.knobs[0]}"
        rect = self._rect_of(part)
        place = panel.mapTo(self._window.canvas, panel.rect().topLeft())
        kept = QRect(place, panel.size())
        clear = [part_rect(self._window, name) for name in KEPT_CLEAR]
        light.keep_clear([kept, *(other for other in clear if other is not None)])
        # While somebody tries values all of the run is looked at: nothing is dimmed.
        light.light(rect, kept=kept, dims=step.kind != "exercise")
        self._say(self._player.t_ns)

    def _say(self, t_ns: int) -> None:
        """List the captions up to an instant, and let the newest stand beside its part."""
        panel, light = self._scene.panel, self._scene.light
        assert panel is not None and light is not None
        said = [c for c in self._captions if c[0] <= t_ns]
        words = [self._scene.filled(text) for _, text, _ in said]
        panel.show_captions(words)
        newest = said[-1] if said else None
        rect = self._rect_of(newest[2]) if newest else None
        light.say(words[-1] if newest and rect else "", rect or QRect())

    def _rect_of(self, part: str | None) -> QRect | None:
        """Return where a part is; a grid with its heading, so that no caption stands over that."""
        rect = part_rect(self._window, part) if part else None
        pages = part_rect(self._window, "pages")
        if rect is not None and pages is not None and part in GRIDS:
            rect.setTop(min(rect.top(), pages.top() + HEADING_GAP_PX))
        return rect

    def outline(self, wanted: bool) -> None:
        """Outline the working set while a step wants it; what a student chose comes back after."""
        button = self._window.pages.working_set.button
        if wanted and not button.isChecked():
            self._outlined = True
            button.setChecked(True)
        elif not wanted and self._outlined:
            self._outlined = False
            button.setChecked(False)

    # Playing

    def play(self) -> None:
        """Play the stretch of the step from its begin; say it if a changed run has none."""
        from engine.instants import InstantError, instant_ns
        from engine.lesson_file import PartsStep, WatchStep
        from engine.lesson_walk import speed_of, stretch_of

        run, history = self._scene.run, self._session.history
        assert run is not None and history is not None and self._scene.panel is not None
        self.clear()
        told = run.step.captions if isinstance(run.step, WatchStep) else ()
        try:
            stretch = stretch_of(run.step, history)
            captions = sorted((instant_ns(history, c.at), c.text, c.part) for c in told)
        except InstantError as error:
            self._window.show_notice(NOT_IN_THIS_RUN.format(why=error))
            return
        if stretch is None:
            self._set_stops()
            if isinstance(run.step, PartsStep):
                self.seek_to(run.step.start, history)
            if run.step.spotlight == "controls":
                self._player.to_start()  # there all of them can be changed
            return
        step = run.step
        speed = speed_of(getattr(step, "speed", "1"))
        self._pauses = []
        if isinstance(step, WatchStep):
            self._captions = captions
            self._pauses = self._phase_ends(history, stretch, speed)
        self._stop_ns = stretch[1]
        self._set_stops()
        self._player.pause()
        self._player.set_speed(speed)
        self._player.seek(stretch[0])
        self._player.play()

    def seek_to(self, text: str, history: History) -> None:
        """Go to an instant that a lesson names."""
        from engine.instants import instant_ns

        self._player.seek(instant_ns(history, text))

    def _on_frame(self, frame: Frame) -> None:
        """Say what belongs to this instant, and stop where the step ends."""
        if self._scene.run is None or self._scene.panel is None or self._scene.light is None:
            return
        self._say(frame.t_ns)
        if self._paused_ns not in (None, frame.t_ns):
            self._end_pause(True)
        stop_ns = self._stop_ns
        if stop_ns is not None and self._player.playing and frame.t_ns >= stop_ns:
            self._stop_ns = None
            self._player.pause()
            self._player.seek(stop_ns)

    # Pauses at the ends of phases

    def _phase_ends(
        self, history: History, stretch: tuple[int, int], speed: float
    ) -> list[int]:
        """Return where phases begin and end in a stretch, as far as an eye can tell them apart."""
        apart_ns = round(LEAST_APART_NS * speed)
        found: list[int] = []
        last = t_ns = stretch[0]
        while True:
            t_ns = step_to(history, t_ns, self._session.selected, "stage", 1)
            if t_ns >= stretch[1] - apart_ns:
                return found
            if t_ns - last >= apart_ns:
                found.append(t_ns)
                last = t_ns

    def _set_stops(self) -> None:
        wanted = self._window.actions_by_name.auto_pause.isChecked()
        self._player.set_stops(self._next_pause if wanted else None)

    def _next_pause(self, history: History, t_ns: int) -> int:
        """Return where playing pauses next."""
        if self._pauses is None:  # nothing is played: the student plays what he likes
            return step_to(history, t_ns, self._session.selected, "stage", 1)
        return next((t for t in self._pauses if t > t_ns), history.end_ns)

    def _on_stopped(self, t_ns: int) -> None:
        if self._scene.run is not None and self._stop_ns is not None:
            self._paused_ns = t_ns
            self.pause_changed.emit()

    def _end_pause(self, over: bool) -> None:
        if over and self._paused_ns is not None:
            self._paused_ns = None
            self.pause_changed.emit()
