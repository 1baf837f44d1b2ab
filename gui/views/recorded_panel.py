"""What stands in the place of the controls while a recording is open: what it is and offers.

Beside a simulated twin it shrinks to a line above the controls, which then change the twin.
"""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from engine.history import History
from engine.recorded import RecordedHistory
from gui.style.style_sheet import dress
from gui.style.theme import DARK, Theme, ui_font

LOCKED: Final = (
    "What was recorded cannot be changed. Simulate it beside, and change the simulation."
)
PINGS_ONLY: Final = (
    "What was recorded cannot be changed. Drop the log of the migration together with these pings "
    "to see both on one time axis."
)
BESIDE: Final = "The curves of the recording are dashed; the controls change the simulation."
ALONE_TEXT: Final = "Recording alone"
BESIDE_TEXT: Final = "Simulate beside"
MOST_NOTES: Final = 4


class RecordedPanel(QFrame):
    """The recording that is open, alone or beside its twin; hidden while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden."""
        super().__init__(parent)
        self.setObjectName("recordedPanel")
        self.title, self.sentence, self.notes = QLabel(), QLabel(), QLabel()
        self.button, self.values_button = QPushButton(BESIDE_TEXT), QPushButton("Values…")
        self._action: QAction | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 12)
        layout.setSpacing(6)
        for label, size_px, bold in (
            (self.title, 13, True), (self.sentence, 12, False), (self.notes, 11, False),
        ):  # fmt: skip
            label.setFont(ui_font(size_px, bold=bold))
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            layout.addWidget(label)
        row = QHBoxLayout()
        for button in (self.button, self.values_button):
            button.setFont(ui_font(13))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button, 1)
        layout.addLayout(row)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Recording")
        self.hide()
        self.set_theme(DARK)

    def set_actions(self, beside: QAction, values: QAction, keys: Sequence[str]) -> None:
        """Let the buttons do what these actions do.

        Args:
            beside: Simulate beside, or show the recording alone again.
            values: Where the twin's values come from.
            keys: Their keys, for the tips.
        """
        self.button.clicked.connect(beside.trigger)
        self.values_button.clicked.connect(values.trigger)
        for button, action, key in zip(
            (self.button, self.values_button), (beside, values), keys, strict=True
        ):
            button.setToolTip(f"{action.text().rstrip('…')} ({key})")
            button.setEnabled(action.isEnabled())
            action.enabledChanged.connect(button.setEnabled)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        dress(
            self,
            f"#recordedPanel {{ background: {theme.field}; border: 1px solid {theme.line};"
            f" border-left: 4px solid {theme.link}; border-radius: 4px; }}"
            f"#recordedPanel QLabel {{ background: transparent; }}"
        )
        dress(self.title, f"color: {theme.ink};")
        dress(self.sentence, f"color: {theme.ink};")
        dress(self.notes, f"color: {theme.dim};")

    def show_recording(self, history: History | None, title: str, *, beside: bool) -> None:
        """Say which recording is open; None hides the panel.

        Args:
            history: The recording.
            title: What it is called.
            beside: Whether its simulated twin is shown with it.
        """
        self.setVisible(history is not None)
        if history is None:
            return
        self.title.setText(f"Beside the recording: {title}" if beside else f"Recording: {title}")
        alone = LOCKED if history.migrations else PINGS_ONLY
        self.sentence.setText(BESIDE if beside else alone)
        self.button.setVisible(bool(history.migrations))
        told = history.notes if isinstance(history, RecordedHistory) else ()
        shown = [] if beside else [f"•  {note}" for note in told[:MOST_NOTES]]
        if len(told) > MOST_NOTES and not beside:
            shown.append(f"•  and {len(told) - MOST_NOTES} more")
        self.notes.setText("\n".join(shown))
        self.notes.setVisible(bool(shown))
        self.notes.setToolTip("\n".join(told))
        self.button.setText(ALONE_TEXT if beside else BESIDE_TEXT)
        self.values_button.setVisible(beside)
        self.setAccessibleDescription(f"{self.title.text()}. {self.sentence.text()}")
