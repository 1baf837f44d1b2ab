"""Offers the lessons, and remembers who takes them.

A part of `gui.teaching`.
"""

from PySide6.QtCore import QObject, Signal

from gui.main_window import MainWindow
from gui.player import Player
from gui.settings import Settings


class LessonChoosing(QObject):
    """Opens the list of lessons.

    Signals:
        wanted: With a `Lesson`, the student's name, and whether it goes on where it was stopped.
    """

    wanted = Signal(object, str, bool)

    def __init__(
        self, window: MainWindow, player: Player, settings: Settings, parent: QObject
    ) -> None:
        """Connect the action."""
        super().__init__(parent)
        self._window, self._player, self._settings = window, player, settings
        window.actions_by_name.lessons.triggered.connect(lambda checked=False: self.choose())

    def choose(self) -> None:
        """Offer the lessons."""
        from engine.lesson import bundled_lessons, load_lesson
        from gui.dialogs.lessons import LessonsDialog
        from gui.models.lesson_record import LessonRecord

        self._player.pause()
        record, student = LessonRecord(self._settings), self._settings.text("student", "")
        lessons = [load_lesson(name) for name in bundled_lessons()]
        found = {one.name: record.stopped(one) for one in lessons}
        left = {name: there[0].number + 1 for name, there in found.items() if there is not None}
        dialog = LessonsDialog(lessons, record.done, left, student, self._window)
        dialog.chosen.connect(self._take)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _take(self, name: str, student: str, anew: bool) -> None:
        from engine.lesson import load_lesson

        self._settings.put("student", student)
        self.wanted.emit(load_lesson(name), student, not anew)
