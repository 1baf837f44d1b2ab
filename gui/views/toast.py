"""A few large words over the window, such as why it has paused."""

from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QLabel, QWidget

from gui.style.theme import ui_font

BOTTOM_PX: Final = 108
FONT_PX: Final = 18


class Toast(QLabel):
    """Words in the lower middle; they come and go at once, so that nothing flashes or slides."""

    def __init__(self, window: QWidget) -> None:
        """Lie over a window, hidden."""
        super().__init__(window)
        self._window = window
        self.setObjectName("toast")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.hide)
        window.installEventFilter(self)
        self.hide()

    def say(self, words: str, *, for_ms: int = 0) -> None:
        """Show words.

        Args:
            words: What to say.
            for_ms: How long; 0: until `hide`.
        """
        self.setText(words)
        self.setAccessibleName(words)
        self._place()
        self.show()
        self.raise_()
        self._timer.stop()
        if for_ms:
            self._timer.start(for_ms)

    def _place(self) -> None:
        room = self._window.width() - 48
        size_px = FONT_PX
        while size_px > 12:
            self.setFont(ui_font(size_px, bold=True))
            if self.fontMetrics().horizontalAdvance(self.text()) + 44 <= room:
                break
            size_px -= 1
        width = min(room, self.fontMetrics().horizontalAdvance(self.text()) + 44)
        self.setFixedWidth(width)
        self.setFixedHeight(max(self.heightForWidth(width), size_px + 22))
        x = (self._window.width() - width) // 2
        self.move(x, self._window.height() - BOTTOM_PX - self.height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in place when the window changes its size."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False
