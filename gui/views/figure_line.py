"""A line of text that changes with every frame and never asks for a new layout.

A `QLabel` tells its layout of every new text, and the whole window is then laid out anew and
painted from its ground up: at sixty frames a second that is a third of the work.
"""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.style.theme import DARK, Theme


class FigureLine(QWidget):
    """One line, at the right end of its room, on a ground of its own.

    Args:
        font: Its font.
        ink: Colour of the text, and `ground`: the colour behind it, as the theme calls them.
        widest: A text that shall have room from the start.
    """

    def __init__(self, font: QFont, *, ink: str, ground: str, widest: str = "") -> None:
        super().__init__()
        self._theme, self._ink, self._ground, self._text = DARK, ink, ground, ""
        self.setFont(font)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setMinimumSize(self._width_of(widest), QFontMetrics(font).height())

    def text(self) -> str:
        """Return the text."""
        return self._text

    def set_text(self, text: str) -> None:
        """Show a text; room once taken is kept, so that only the widest text so far moves it."""
        if text == self._text:
            return
        self._text = text
        self.setAccessibleDescription(text)
        width = self._width_of(text)
        if width > self.minimumWidth():
            self.setMinimumWidth(width)
        self.update()

    def reserve(self, widest: str) -> None:
        """Give room for a text, and no more, whatever was shown before."""
        self.setMinimumWidth(self._width_of(widest))

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def _width_of(self, text: str) -> int:
        return QFontMetrics(self.font()).horizontalAdvance(text)

    def sizeHint(self) -> QSize:
        """Return the room of the widest text so far."""
        return self.minimumSize()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Write the text."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color(self._ground))
        painter.setPen(self._theme.color(self._ink))
        # At whole pixels: right-aligned by Qt, every other text would be blurred anew.
        left = self.width() - self._width_of(self._text)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect().adjusted(left, 0, 0, 0), middle, self._text)
