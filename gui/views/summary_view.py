"""The state in words: a line that can be shown, and that screen readers are told."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from gui.style.theme import ui_font

MARGIN_PX: Final = 5


class SummaryView(QLabel):
    """Shows one paragraph."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty and hidden."""
        super().__init__(parent)
        self.setObjectName("summary")
        self.setFont(ui_font(13))
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setContentsMargins(16, MARGIN_PX, 16, MARGIN_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.setAccessibleName("State in words")
        self.hide()

    def say(self, words: str) -> None:
        """Show words."""
        if words != self.text():
            self.setText(words)
            self._keep_room()
            self.setAccessibleDescription(words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take only as much room as the words need at another width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.setMinimumHeight(0)
            self._keep_room()

    def _keep_room(self) -> None:
        """Keep the room of the longest words so far: the picture below must not jump."""
        needed_px = self.heightForWidth(self.width())
        if needed_px > self.minimumHeight():
            self.setMinimumHeight(needed_px)
