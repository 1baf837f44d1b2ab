"""What the parts of a lesson in the window share: where it is, and the widgets that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from gui.window_content import keep_keys

if TYPE_CHECKING:
    from engine.lesson_answers import Answers
    from gui.main_window import MainWindow
    from gui.models.lesson_run import LessonRun
    from gui.player import Player
    from gui.session import Session
    from gui.views.lesson_panel import LessonPanel
    from gui.views.spotlight import Spotlight


class LessonScene(Struct):
    """One window with at most one lesson in it.

    Attributes:
        window: The window. player: Its time. session: What is open.
        run: The lesson that runs, None without one.
        panel: Its panel, once a lesson was started. light: Its spotlight, likewise.
        answers: What was answered in the lesson that runs, or ran last.
    """

    window: MainWindow
    player: Player
    session: Session
    run: LessonRun | None = None
    panel: LessonPanel | None = None
    light: Spotlight | None = None
    answers: Answers | None = None

    def filled(self, text: str) -> str:
        """Return a text with the figures of the run that is shown."""
        from engine.lesson import filled

        history = self.session.history
        return text if history is None else filled(text, history)

    def make_widgets(self) -> LessonPanel:
        """Make the panel and the light, hidden, and give them their places."""
        from gui.models.key_words import keys_text
        from gui.views.lesson_panel import LessonPanel
        from gui.views.spotlight import Spotlight

        window, a = self.window, self.window.actions_by_name
        panel, light = LessonPanel(), Spotlight(window.canvas)
        self.panel, self.light = panel, light
        window.add_beside(panel)
        keep_keys(window, panel)
        window.theme_changed.connect(panel.set_theme)
        window.theme_changed.connect(light.set_theme)
        actions = (a.lesson_next, a.lesson_back, a.lesson_replay, a.lesson_end)
        panel.set_keys(*(keys_text(action) for action in actions))
        return panel

    def show_widgets(self) -> None:
        """Show the panel in the window's colours."""
        assert self.panel is not None and self.light is not None
        self.panel.set_theme(self.window.theme)
        self.light.set_theme(self.window.theme)
        self.panel.show()
