"""A line of text that gives way: what does not fit is cut, and told by a tip."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy

from gui.style.theme import ui_font


class TitleLabel(QLabel):
    """A line that gives way: what does not fit is cut with an ellipsis and told by a tip."""

    def __init__(self, name: str, size_px: int, *, keep_end: bool = False) -> None:
        """Start empty.

        Args:
            name: What the style sheet calls it.
            size_px: Of its font.
            keep_end: What stands in brackets at the end, such as a key, is not cut.
        """
        super().__init__()
        self.setObjectName(name)
        self.setFont(ui_font(size_px))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._whole = ""
        self._keep_end = keep_end
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
        self.setText(self._whole if wrapped else self._cut_to(metrics, room))

    def _cut_to(self, metrics: QFontMetrics, room_px: int) -> str:
        """Return as much as fits in one line, with the end if that is to be kept."""
        whole, right = self._whole, Qt.TextElideMode.ElideRight
        bracket = whole.rfind(" (") if self._keep_end and whole.endswith(")") else -1
        end_px = metrics.horizontalAdvance(whole[bracket:]) if bracket > 0 else 0
        if metrics.horizontalAdvance(whole) <= room_px or not 0 < end_px < room_px / 2:
            return metrics.elidedText(whole, right, room_px)
        return metrics.elidedText(whole[:bracket], right, room_px - end_px) + whole[bracket:]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut anew."""
        super().resizeEvent(event)
        self._cut()
