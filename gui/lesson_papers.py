"""Files of a lesson: the answers of a student, and worksheets to print.

A part of `gui.teaching`.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from gui.lesson_scene import LessonScene


class LessonPapers(QObject):
    """Asks for files and writes them."""

    def __init__(self, scene: LessonScene, parent: QObject) -> None:
        """Connect the actions."""
        super().__init__(parent)
        self._scene, self._window = scene, scene.window
        a = scene.window.actions_by_name
        for action, handler in (
            (a.lesson_answers, self.save_answers), (a.lesson_sheet, self.save_sheet),
            (a.lesson_key, lambda: self.save_sheet(key=True)),
        ):
            action.triggered.connect(lambda checked=False, handler=handler: handler())

    def save_answers(self) -> None:
        """Ask for a file and keep the answers there."""
        if self._scene.answers is None:
            return
        name = f"{self._scene.answers.student or 'answers'}-{self._scene.answers.lesson}.json"
        path = self._ask("Save the answers", name, "Answers (*.json)")
        if path is not None:
            self._write(path, self._scene.answers.to_json())

    def save_sheet(self, *, key: bool = False) -> None:
        """Ask for a file and write the worksheet of the lesson there, or its key."""
        from engine.worksheet import worksheet

        if self._scene.run is None:
            return
        name = f"{self._scene.run.lesson.name}{'-key' if key else ''}.html"
        path = self._ask("Save the worksheet", name, "Pages to print (*.html)")
        if path is not None:
            self._write(path, worksheet(self._scene.run.lesson, key=key))

    def _ask(self, title: str, name: str, kinds: str) -> Path | None:
        path, _ = QFileDialog.getSaveFileName(self._window, title, name, kinds)
        return Path(path) if path else None

    def _write(self, path: Path, text: str) -> None:
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            self._window.error_notice.show_lines(
                "The file cannot be written", [f"{path.name}: {error.strerror}."]
            )
            return
        self._window.show_notice(f"Saved: {path.name}")
