"""The question before a command goes to a running QEMU: what will happen, in a sentence.

What is sent and what is said are made by `gui.live.commands`; here it is only asked.
"""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui.live.commands import CommandError, LiveCommand, Plan
from gui.style.theme import ui_font


class AskCommand(QDialog):
    """Asks whether a command is to be sent; the sentence follows the value that is typed.

    Attributes:
        confirmed: With the `Plan` that the sentence described.
    """

    confirmed = Signal(object)

    def __init__(
        self, command: LiveCommand, proposal: str, parent: QWidget | None = None
    ) -> None:
        """Ask.

        Args:
            command: What is to be asked for.
            proposal: The value that the field begins with.
            parent: The window.
        """
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle(command.title)
        self._command = command
        self._plan: Plan | None = None
        self.field, self.sentence = QLineEdit(proposal), QLabel()
        self.accept_button = QPushButton(command.button)
        self.cancel_button = QPushButton("Do nothing")
        self._lay_out()
        self.field.textChanged.connect(self._on_text_changed)
        self.accept_button.clicked.connect(self._confirm)
        self.cancel_button.clicked.connect(self.reject)
        self._on_text_changed(proposal)
        if command.label:
            self.field.setFocus()
            self.field.selectAll()
        else:
            self.cancel_button.setFocus()

    def _on_text_changed(self, text: str) -> None:
        try:
            self._plan = self._command.plan(text)
            said = self._plan.sentence
        except CommandError as error:
            self._plan, said = None, str(error)
        self.sentence.setObjectName("refusal" if self._plan is None else "plain")
        self.sentence.style().unpolish(self.sentence)
        self.sentence.style().polish(self.sentence)
        self.sentence.setText(said)
        self.sentence.setAccessibleName(said)
        self.accept_button.setEnabled(self._plan is not None)

    def _confirm(self) -> None:
        if self._plan is not None:
            self.accept()
            self.confirmed.emit(self._plan)

    def _lay_out(self) -> None:
        label = QLabel(self._command.label)
        label.setBuddy(self.field)
        self.field.setAccessibleName(self._command.label)
        label.setVisible(bool(self._command.label))
        self.field.setVisible(bool(self._command.label))
        self.sentence.setWordWrap(True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setMinimumHeight(64)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.accept_button.setProperty("hot", True)
        self.accept_button.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.accept_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(10)
        layout.addWidget(label)
        layout.addWidget(self.field)
        layout.addWidget(self.sentence)
        layout.addLayout(buttons)
        widgets: tuple[QWidget, ...] = (
            label, self.field, self.sentence, self.accept_button, self.cancel_button,
        )  # fmt: skip
        for widget in widgets:
            widget.setFont(ui_font(13))
        self.setFixedWidth(520)
        self.setWindowModality(Qt.WindowModality.WindowModal)
