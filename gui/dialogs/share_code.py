"""A share code to paste: what a lecturer puts into a chat, and students put in here."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.errors import ScenarioError
from engine.scenario_text import SHARE_MARK, scenario_of_share_code
from gui.style.theme import ui_font


class PasteShareCode(QDialog):
    """Asks for a share code.

    Signals:
        scenario_wanted: The code holds a scenario (the `Scenario`), and the user wants it open.
    """

    scenario_wanted = Signal(object)

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        """Ask; `text` stands there already."""
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Open a share code")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        heading = QLabel("Paste a share code")
        heading.setFont(ui_font(16, bold=True))
        hint = QLabel(f'It begins with "{SHARE_MARK}"; line breaks in it do not matter.')
        hint.setObjectName("dim")
        hint.setFont(ui_font(13))
        self.edit = QPlainTextEdit(text)
        self.edit.setFont(ui_font(13))
        self.edit.setAccessibleName("Share code")
        self.edit.setTabChangesFocus(True)
        self.fault = QLabel()
        self.fault.setObjectName("refusal")
        self.fault.setWordWrap(True)
        self.fault.setFont(ui_font(13))
        self.fault.hide()
        self.open_button, cancel = QPushButton("Open"), QPushButton("Cancel")
        self.open_button.setProperty("hot", True)
        self.open_button.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (cancel, self.open_button):
            button.setFont(ui_font(13))
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 18)
        layout.setSpacing(10)
        for widget in (heading, hint, self.edit, self.fault):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        self.resize(560, 320)
        self.open_button.clicked.connect(self._on_open)
        cancel.clicked.connect(self.reject)
        self.edit.setFocus()

    def _on_open(self) -> None:
        try:
            scenario = scenario_of_share_code(self.edit.toPlainText())
        except ScenarioError as error:
            self.fault.setText("\n".join(error.faults))
            self.fault.show()
            return
        self.accept()
        self.scenario_wanted.emit(scenario)
