"""A line of text that gives way: what does not fit is cut, and told by a tip."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy

from gui.style.theme import ui_font


class TitleLabel(QLabel):
    """A line that gives way: what does not fit is cut with an ellipsis and told by a tip."""

    def __init__(self, name: str, size_px: int, *, middle: bool = False) -> None:
        """Start empty.

        Args:
            name: What the style sheet calls it.
            size_px: Of its font.
            middle: Its end is told too, such as a key: it is cut in its middle.
        """
        super().__init__()
        self.setObjectName(name)
        self.setFont(ui_font(size_px))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._whole = ""
        right, both = Qt.TextElideMode.ElideRight, Qt.TextElideMode.ElideMiddle
        self._mode = both if middle else right
        self._lines = 1

    @property
    def whole(self) -> str:
        """Return the text before cutting."""
        return self._whole

    def set_whole(self, text: str) -> None:
        """Show a text, as much of it as fits."""
        self._whole = text
        self.setToolTip(text)
        self.setAccessibleName(text)
        self._cut()

    def set_lines(self, lines: int) -> None:
        """Use one line, or go on in a second one before anything is cut."""
        if lines != self._lines:
            self._lines = lines
            self._cut()

    def _cut(self) -> None:
        metrics, room = QFontMetrics(self.font()), max(0, self.width() - 2)
        wrap = int(Qt.TextFlag.TextWordWrap)
        needed = metrics.boundingRect(0, 0, room, 10_000, wrap, self._whole)
        fits = needed.height() <= 2 * metrics.lineSpacing() and needed.width() <= room
        wrapped = self._lines > 1 and fits and metrics.horizontalAdvance(self._whole) > room
        self.setWordWrap(wrapped)
        if wrapped:
            self.setText(self._whole)
        else:
            self.setText(metrics.elidedText(self._whole, self._mode, room))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut anew."""
        super().resizeEvent(event)
        self._cut()
