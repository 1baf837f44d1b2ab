"""The list of lessons, and who takes them."""

from collections.abc import Mapping, Sequence

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
        chosen: With the lesson's name, the name of the student, which may be empty, and whether
            the lesson is to begin anew although it was left in the middle.
    """

    chosen = Signal(str, str, bool)

    def __init__(
        self,
        lessons: Sequence[Lesson],
        done: Sequence[str],
        left: Mapping[str, int],
        student: str,
        parent: QWidget | None = None,
    ) -> None:
        """List lessons, the one that was left or the first one that was not done chosen.

        Args:
            lessons: All of them.
            done: Names of those that were walked to their end.
            left: Names of those that were left, with the step.
            student: Who takes them.
            parent: Dialogs have one.
        """
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Lessons")
        self._lessons, self._left = {lesson.name: lesson for lesson in lessons}, left
        self.list, self._belief, self.student = QListWidget(), QLabel(), QLineEdit(student)
        self.list.setFont(ui_font(14))
        self.list.setAccessibleName("Lessons")
        for lesson in lessons:
            mark = "\N{CHECK MARK} " if lesson.name in done else ""
            minutes = f"   {lesson.spec.minutes} min" if lesson.spec.minutes else ""
            if lesson.name in left:
                minutes += f"   left at step {left[lesson.name]} of {len(lesson.steps)}"
            text = f"{lesson.spec.number}.  {lesson.title}{minutes}   {mark}".rstrip()
            item = QListWidgetItem(text)
            item.setData(Qt.ItemDataRole.UserRole, lesson.name)
            self.list.addItem(item)
        open_ones = [i for i, one in enumerate(lessons) if one.name not in done]
        first = [i for i, one in enumerate(lessons) if one.name in left] + open_ones
        self.list.setCurrentRow(first[0] if first else 0)
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
        self.anew_button = QPushButton("From the beginning")
        self.anew_button.clicked.connect(lambda checked=False: self._choose(anew=True))
        self.start_button.setProperty("hot", True)
        self.start_button.setDefault(True)
        self.start_button.clicked.connect(lambda checked=False: self._choose())
        cancel.clicked.connect(self.reject)
        label = QLabel("Your name, for the file of answers:")
        label.setFont(ui_font(13))
        label.setBuddy(self.student)
        who = QHBoxLayout()
        who.addWidget(label)
        who.addWidget(self.student, 1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (cancel, self.anew_button, self.start_button):
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
        step = self._left.get(self._name())
        self.start_button.setText("Start" if step is None else f"Go on at step {step}")
        self.anew_button.setVisible(step is not None)

    def _choose(self, *, anew: bool = False) -> None:
        name = self._name()
        if name:
            self.accept()
            self.chosen.emit(name, self.student.text().strip(), anew)
