"""Parts of a form that asks: a duration that is typed, and a choice. They know no dialog.

Each tells its value, None where nothing was said, and says in one clause what is wrong with it.
"""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from engine.units import parse_duration
from gui.style.theme import ui_font

FIELD_PX = 130


class DurationQuestion(QWidget):
    """Asks for a length of time, typed with its unit; an empty field is no guess.

    Signals:
        changed: The text is another.
    """

    changed = Signal()

    def __init__(self, question: str, example: str, parent: QWidget | None = None) -> None:
        """Ask a question.

        Args:
            question: What is asked, and the name of the field.
            example: An answer as it may be typed.
            parent: The form.
        """
        super().__init__(parent)
        self._name = question
        label = QLabel(question)
        label.setFont(ui_font(14))
        self.field, self.fault_label = QLineEdit(), QLabel()
        self.field.setFont(ui_font(14))
        self.field.setPlaceholderText(f"such as {example}")
        self.field.setAccessibleName(question)
        self.field.setFixedWidth(FIELD_PX)
        label.setBuddy(self.field)
        self.fault_label.setObjectName("refusal")
        self.fault_label.setFont(ui_font(12))
        self.fault_label.setWordWrap(True)
        self.fault_label.hide()
        row = QHBoxLayout()
        row.addWidget(label, 1)
        row.addWidget(self.field)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(row)
        layout.addWidget(self.fault_label)
        self.field.textChanged.connect(self._on_changed)

    @property
    def value_ns(self) -> int | None:
        """Return what was said; None if nothing was, or nothing that can be read."""
        text = self.field.text().strip()
        if not text or self.fault:
            return None
        return parse_duration(text)

    @property
    def fault(self) -> str:
        """Return in one sentence what is wrong with what was typed, "" if nothing is."""
        text = self.field.text().strip()
        if not text:
            return ""
        try:
            value = parse_duration(text)
        except ValueError as error:
            return f"{self._name}: {text!r} cannot be read; {error}, such as 1.5 s."
        return "" if value >= 0 else f"{self._name}: a length of time cannot be less than 0."

    def show_fault(self) -> None:
        """Say what is wrong, and let it be mended."""
        self.fault_label.setText(self.fault)
        self.fault_label.setVisible(bool(self.fault))
        self.field.setAccessibleDescription(self.fault)

    def _on_changed(self) -> None:
        if not self.fault_label.isHidden():
            self.show_fault()
        self.changed.emit()


class ChoiceQuestion(QWidget):
    """Asks for one of a few answers; the one without a value is no guess.

    Signals:
        changed: Another answer was chosen.
    """

    changed = Signal()

    def __init__(
        self,
        question: str,
        answers: Sequence[tuple[str, object]],
        parent: QWidget | None = None,
    ) -> None:
        """Ask a question.

        Args:
            question: What is asked.
            answers: Words and value of each; the one whose value is None is chosen at first.
            parent: The form.
        """
        super().__init__(parent)
        label = QLabel(question)
        label.setFont(ui_font(14))
        label.setWordWrap(True)
        self._values = [value for _, value in answers]
        self._group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(16)
        for number, (words, value) in enumerate(answers):
            button = QRadioButton(words)
            button.setFont(ui_font(14))
            button.setChecked(value is None)
            button.setAccessibleName(f"{question} {words}")
            self._group.addButton(button, number)
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(label)
        layout.addLayout(row)
        self._lead_tab()
        self._group.idToggled.connect(self._on_toggled)

    @property
    def value(self) -> object:
        """Return the value of the answer that is chosen, None without one."""
        number = self._group.checkedId()
        return self._values[number] if number >= 0 else None

    def _on_toggled(self, number: int, checked: bool) -> None:
        if checked:
            self._lead_tab()
            self.changed.emit()

    def _lead_tab(self) -> None:
        """Let Tab lead to the answer that is chosen; the arrow keys go to the others."""
        for button in self._group.buttons():
            policy = Qt.FocusPolicy.StrongFocus if button.isChecked() else Qt.FocusPolicy.ClickFocus
            button.setFocusPolicy(policy)

    def button(self, value: object) -> QRadioButton:
        """Return the button of an answer, by its value."""
        found = self._group.button(self._values.index(value))
        assert isinstance(found, QRadioButton)
        return found
