"""A note over the timeline while the playhead is at it."""

from typing import Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from engine.history import Frame, History
from gui.style.theme import ui_font

SHOWN_NS: Final = 3_000_000_000
"""How long, in scenario time, a note stays after its instant; the next one takes its place."""
WIDTH_PX: Final = 420
GAP_PX: Final = 6
MARGIN_PX: Final = 12


class NoteBubble(QFrame):
    """Shows the newest note of the last seconds."""

    def __init__(self, parent: QWidget) -> None:
        """Lie over a window, hidden."""
        super().__init__(parent)
        self.setObjectName("noteBubble")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._window, self._label = parent, QLabel()
        self._label.setFont(ui_font(14))
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN_PX, 8, MARGIN_PX, 9)
        layout.addWidget(self._label)
        self.hide()

    @property
    def text(self) -> str:
        """Return the note that is shown, "" if none is."""
        return self._label.text() if self.isVisibleTo(self._window) else ""

    def show_note(self, history: History, frame: Frame, over: QPoint) -> None:
        """Show the note of an instant, if there is one.

        Args:
            history: The run.
            frame: The instant.
            over: Place of the playhead in the window; the note stands above it.
        """
        due = [n for n in history.spec.notes if n.at_ns <= frame.t_ns < n.at_ns + SHOWN_NS]
        if not due:
            self.hide()
            return
        text = due[-1].text
        if text != self._label.text() or not self.isVisible():
            self._label.setText(text)
            self.setAccessibleName("Note")
            self.setAccessibleDescription(text)
            beside = 2 * MARGIN_PX
            wanted = self._label.fontMetrics().horizontalAdvance(text) + beside + 8
            self.setFixedWidth(min(WIDTH_PX, max(120, wanted)))
            self._label.setFixedWidth(self.width() - beside)
            self.setFixedHeight(self.heightForWidth(self.width()))
        room = self._window.width() - self.width() - GAP_PX
        x = max(GAP_PX, min(over.x() - self.width() // 2, room))
        self.move(x, over.y() - self.height() - GAP_PX)
        if not self.isVisible():
            self.show()
            self.raise_()
