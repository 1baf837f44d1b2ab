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

    def show_said(self, sentence: str, asking: str = ASKING) -> None:
        """Show what was said; "" while the form is still open: then it says what it waits for."""
        self.said.setText(sentence or asking)
        self.setAccessibleDescription(f"{HIDDEN}. {self.said.text()}")
        for button in (self.reveal_button, self.drop_button):
            button.setVisible(bool(sentence))
        layout = self.layout()
        assert layout is not None
        layout.activate()
        self.setFixedHeight(layout.heightForWidth(WIDTH_PX))


class StandingBar(QFrame):
    """The same in one line under the pages, where the side with the card is not shown.

    Signals:
        reveal_requested: The outcome is to be shown at once.
        drop_requested: The prediction is to be forgotten.
        wanted_changed: It came or went.
    """

    reveal_requested = Signal()
    drop_requested = Signal()
    wanted_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden."""
        super().__init__(parent)
        self.setObjectName("standingBar")
        self._hidden_future, self._side_shown = False, True
        title = QLabel(HIDDEN)
        title.setFont(ui_font(15, bold=True))
        self.said = QLabel()
        self.said.setFont(ui_font(15))
        self.said.setWordWrap(True)
        self.reveal_button, self.drop_button = QPushButton("Reveal now"), QPushButton("Drop it")
        self.reveal_button.setToolTip("Show the outcome at once (Shift+Y)")
        self.drop_button.setToolTip("Forget the prediction and show everything again")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 16, 6)
        row.setSpacing(14)
        row.addWidget(title)
        row.addWidget(self.said, 1)
        for button in (self.reveal_button, self.drop_button):
            button.setFont(ui_font(13))
            row.addWidget(button)
        self.setAccessibleName("Prediction")
        self.reveal_button.clicked.connect(lambda checked=False: self.reveal_requested.emit())
        self.drop_button.clicked.connect(lambda checked=False: self.drop_requested.emit())
        self.hide()

    @property
    def wanted(self) -> bool:
        """Return whether a prediction stands and nothing else says so."""
        return self._hidden_future and not self._side_shown

    def show_said(self, sentence: str, asking: str = ASKING) -> None:
        """Show what was said; "" while the form is still open: then it says what it waits for."""
        self.said.setText(sentence or asking)
        self.setAccessibleDescription(f"{HIDDEN}. {self.said.text()}")
        for button in (self.reveal_button, self.drop_button):
            button.setVisible(bool(sentence))

    def set_future_hidden(self, hidden: bool) -> None:
        """Stand while the future is hidden."""
        before, self._hidden_future = self.wanted, hidden
        self.setVisible(self.wanted)
        if self.wanted != before:
            self.wanted_changed.emit()

    def set_side_shown(self, shown: bool) -> None:
        """Leave it to the card in the side, if that is shown."""
        self._side_shown = shown
        self.setVisible(self.wanted)
