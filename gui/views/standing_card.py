"""What stands in place of the outcome while a prediction waits for its reveal."""

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui.style.theme import ui_font
from gui.views.hidden_future import HIDDEN

WIDTH_PX: Final = 286
"""The side has so much room: lines break so that they fit into it."""
ASKING: Final = "The outcome is hidden until you have said what you expect, and it has run."


class StandingCard(QFrame):
    """The guess, and the two ways to end the waiting.

    Signals:
        reveal_requested: The outcome is to be shown at once.
        drop_requested: The prediction is to be forgotten.
    """

    reveal_requested = Signal()
    drop_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden; `show_said` shows it."""
        super().__init__(parent)
        title = QLabel(HIDDEN)
        title.setFont(ui_font(14, bold=True))
        self.said = QLabel()
        self.said.setFont(ui_font(13))
        self.said.setWordWrap(True)
        self.reveal_button, self.drop_button = QPushButton("Reveal now"), QPushButton("Drop it")
        self.reveal_button.setToolTip("Show the outcome at once (Shift+Y)")
        self.drop_button.setToolTip("Forget the prediction and show everything again")
        row = QHBoxLayout()
        for button in (self.reveal_button, self.drop_button):
            button.setFont(ui_font(13))
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.setSpacing(8)
        layout.addWidget(title)
        layout.addWidget(self.said)
        layout.addLayout(row)
        self.setAccessibleName("Prediction")
        self.reveal_button.clicked.connect(lambda checked=False: self.reveal_requested.emit())
        self.drop_button.clicked.connect(lambda checked=False: self.drop_requested.emit())
        self.hide()

    def show_said(self, sentence: str) -> None:
        """Show what was said; "" while the form is still open."""
        self.said.setText(sentence or ASKING)
        self.setAccessibleDescription(f"{HIDDEN}. {self.said.text()}")
        for button in (self.reveal_button, self.drop_button):
            button.setVisible(bool(sentence))
        layout = self.layout()
        assert layout is not None
        layout.activate()
        self.setFixedHeight(layout.heightForWidth(WIDTH_PX))
