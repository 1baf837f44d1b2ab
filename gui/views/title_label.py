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

    def _cut(self) -> None:
        metrics = QFontMetrics(self.font())
        self.setText(metrics.elidedText(self._whole, self._mode, max(0, self.width() - 2)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut anew."""
        super().resizeEvent(event)
        self._cut()
