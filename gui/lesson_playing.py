"""Plays the stretch of a lesson's step, with its captions, and lights what it is about.

A part of `gui.teaching`.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, QRect, QTimer

from engine.history import Frame, History
from gui.lesson_scene import LessonScene
from gui.named_parts import part_rect

LEFT_FREE: Final = ("legend",)
"""Parts that no caption covers: without them what it speaks of is not understood."""


class LessonPlaying(QObject):
    """Plays one step at a time."""

    def __init__(self, scene: LessonScene, parent: QObject) -> None:
        """Follow the player; nothing is lit."""
        super().__init__(parent)
        self._scene = scene
        self._window, self._player, self._session = scene.window, scene.player, scene.session
        self._stop_ns: int | None = None
        self._captions: list[tuple[int, str, str | None]] = []
        self._light_timer = QTimer(self, singleShot=True, interval=0)
        self._light_timer.timeout.connect(self.place_light)
        self._player.frame_changed.connect(self._on_frame)
        self._window.room_changed.connect(self.place_light)

    def clear(self) -> None:
        """Forget the stretch and the captions of the step before."""
        self._stop_ns, self._captions = None, []

    def place_light_soon(self) -> None:
        """Light once more when everything has its place."""
        self._light_timer.start()

    def place_light(self) -> None:
        """Light the part that is meant, where it is now."""
        run, panel, light = self._scene.run, self._scene.panel, self._scene.light
        if run is None or panel is None or light is None:
            return
        step = run.step
        part = step.parts[run.part].part if step.kind == "parts" else step.spotlight
        rect = part_rect(self._window, part) if part else None
        place = panel.mapTo(self._window.canvas, panel.rect().topLeft())
        light.light(rect, kept=QRect(place, panel.size()))

    def play(self) -> None:
        """Play the stretch of the step from its begin."""
        from engine.instants import instant_ns
        from engine.lesson_file import WatchStep
        from engine.lesson_walk import speed_of, stretch_of

        run, history = self._scene.run, self._session.history
        assert run is not None and history is not None and self._scene.panel is not None
        stretch = stretch_of(run.step, history)
        if stretch is None:
            return
        step = run.step
        self._captions = []
        if isinstance(step, WatchStep):
            self._captions = sorted(
                (instant_ns(history, c.at), c.text, c.part) for c in step.captions
            )
        self._stop_ns = stretch[1]
        self._player.pause()
        self._player.set_speed(speed_of(getattr(step, "speed", "1")))
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
        from engine.lesson import filled

        history = self._session.history
        assert history is not None
        said = [c for c in self._captions if c[0] <= frame.t_ns]
        words = [filled(text, history) for _, text, _ in said]
        self._scene.panel.show_captions(words)
        newest = said[-1] if said else None
        rect = part_rect(self._window, newest[2]) if newest and newest[2] else None
        free = [found for name in LEFT_FREE if (found := part_rect(self._window, name))]
        self._scene.light.say(words[-1] if newest and rect else "", rect or QRect(), free=free)
        stop_ns = self._stop_ns
        if stop_ns is not None and self._player.playing and frame.t_ns >= stop_ns:
            self._stop_ns = None
            self._player.pause()
            self._player.seek(stop_ns)
