"""The list of lessons, and who takes them."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.lesson import Lesson
from gui.style.theme import ui_font


class LessonsDialog(QDialog):
    """Chooses a lesson.

    Signals:
        chosen: With the lesson's name, and the name of the student, which may be empty.
    """

    chosen = Signal(str, str)

    def __init__(
        self,
        lessons: Sequence[Lesson],
        done: Sequence[str],
        student: str,
        parent: QWidget | None = None,
    ) -> None:
        """List lessons, the first one that was not done chosen."""
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Lessons")
        self._lessons = {lesson.name: lesson for lesson in lessons}
        self.list, self._belief, self.student = QListWidget(), QLabel(), QLineEdit(student)
        self.list.setFont(ui_font(14))
        self.list.setAccessibleName("Lessons")
        for lesson in lessons:
            mark = "\N{CHECK MARK} " if lesson.name in done else ""
            minutes = f"   {lesson.spec.minutes} min" if lesson.spec.minutes else ""
            text = f"{lesson.spec.number}.  {lesson.title}{minutes}   {mark}".rstrip()
            item = QListWidgetItem(text)
            item.setData(Qt.ItemDataRole.UserRole, lesson.name)
            self.list.addItem(item)
        first = next((i for i, one in enumerate(lessons) if one.name not in done), 0)
        self.list.setCurrentRow(first)
        self._belief.setFont(ui_font(13))
        self._belief.setObjectName("dim")
        self._belief.setWordWrap(True)
        self._belief.setMinimumHeight(44)
        self.student.setFont(ui_font(13))
        self.student.setPlaceholderText("may stay empty")
        self.student.setAccessibleName("Your name, for the file of answers")
        self._lay_out()
        self.list.currentItemChanged.connect(self._on_current_changed)
        self.list.itemActivated.connect(lambda item: self._choose())
        self._on_current_changed()
        self.list.setFocus()

    def _lay_out(self) -> None:
        self.start_button, cancel = QPushButton("Start"), QPushButton("Cancel")
        self.start_button.setProperty("hot", True)
        self.start_button.setDefault(True)
        self.start_button.clicked.connect(self._choose)
        cancel.clicked.connect(self.reject)
        label = QLabel("Your name, for the file of answers:")
        label.setFont(ui_font(13))
        label.setBuddy(self.student)
        who = QHBoxLayout()
        who.addWidget(label)
        who.addWidget(self.student, 1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (cancel, self.start_button):
            button.setFont(ui_font(13))
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(12)
        layout.addWidget(self.list, 1)
        layout.addWidget(self._belief)
        layout.addLayout(who)
        layout.addLayout(buttons)
        self.resize(620, 520)

    def _name(self) -> str:
        item = self.list.currentItem()
        return str(item.data(Qt.ItemDataRole.UserRole)) if item is not None else ""

    def _on_current_changed(self) -> None:
        lesson = self._lessons.get(self._name())
        self._belief.setText(
            f"Many believe: \N{LEFT DOUBLE QUOTATION MARK}{lesson.spec.misconception}"
            "\N{RIGHT DOUBLE QUOTATION MARK}" if lesson else ""
        )
        self.start_button.setEnabled(lesson is not None)

    def _choose(self) -> None:
        name = self._name()
        if name:
            self.accept()
            self.chosen.emit(name, self.student.text().strip())
