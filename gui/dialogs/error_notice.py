"""The notice: what does not work, in whole sentences, over the window until it is dismissed.

It blocks nothing and loses nothing: behind it everything stays as it was.
"""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui.style.theme import ui_font

WIDTH_PX = 720
TOP_PX = 56
MARGIN_PX = 24


class ErrorNotice(QFrame):
    """A panel over the window with a title and sentences."""

    def __init__(self, parent: QWidget) -> None:
        """Lie over `parent`, hidden until there is something to say."""
        super().__init__(parent)
        self.setObjectName("errorNotice")
        self.lines: tuple[str, ...] = ()
        self._window, self._column = parent, QVBoxLayout(self)
        self._title, self._text = QLabel(), QLabel()
        self._title.setObjectName("refusal")
        self._title.setFont(ui_font(14, bold=True))
        self._title.setWordWrap(True)
        self._text.setFont(ui_font(13))
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.close_button = QPushButton("Close")
        self.close_button.setFont(ui_font(13))
        self.close_button.setToolTip("Close this notice (Esc)")
        self.close_button.clicked.connect(self.dismiss)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        layout = self._column
        layout.setContentsMargins(16, 12, 16, 14)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(self._text)
        parent.installEventFilter(self)
        self.hide()

    @property
    def title(self) -> str:
        """Return the title as shown."""
        return self._title.text()

    def show_lines(self, title: str, lines: Sequence[str]) -> None:
        """Show a title and sentences, one a line."""
        self.lines = tuple(lines)
        self._title.setText(title)
        self._text.setText("\n".join(f"•  {line}" for line in lines))
        self.setAccessibleName(title)
        self.setAccessibleDescription(self._text.text())
        self._place()
        self.show()
        self.raise_()
        self.close_button.setFocus()

    def dismiss(self) -> None:
        """Go away, and give the keys back to the window."""
        if self.isVisible():
            self.hide()
            self._window.setFocus()

    def _place(self) -> None:
        width = min(WIDTH_PX, self._window.width() - 2 * MARGIN_PX)
        self.setFixedWidth(width)
        height = self._column.heightForWidth(width)
        self.resize(width, max(height, self._column.minimumSize().height()))
        self.move((self._window.width() - width) // 2, TOP_PX)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in place when the window changes its size."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close with Esc."""
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)
