"""A note at an instant: written, changed or taken away."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.dated import Dated
from engine.units import format_duration_ns
from gui.style.theme import ui_font


class NoteDialog(QDialog):
    """Asks for the text of a note.

    Signals:
        written: With the text.
        removed: The note that was there is to go.
    """

    written = Signal(str)
    removed = Signal()

    def __init__(self, at_ns: int, note: Dated | None, parent: QWidget | None = None) -> None:
        """Ask for a note at an instant; `note` is the one that stands there."""
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Note")
        title = QLabel(f"Note at {format_duration_ns(at_ns)}")
        title.setFont(ui_font(14, bold=True))
        hint = QLabel("It stands on the timeline, shows when the playhead comes by, and is saved.")
        hint.setObjectName("dim")
        hint.setFont(ui_font(12))
        hint.setWordWrap(True)
        self.field = QPlainTextEdit(note.text if note else "")
        self.field.setFont(ui_font(14))
        self.field.setAccessibleName("Text of the note")
        self.field.setTabChangesFocus(True)
        self.field.setMinimumHeight(96)
        self.field.installEventFilter(self)
        self.keep_button, cancel = QPushButton("Keep"), QPushButton("Cancel")
        self.remove_button = QPushButton("Remove")
        self.keep_button.setProperty("hot", True)
        self.keep_button.setDefault(True)
        self.keep_button.setToolTip("Keep the note (Return)")
        self.keep_button.clicked.connect(self._keep)
        self.remove_button.clicked.connect(self._remove)
        self.remove_button.setVisible(note is not None)
        cancel.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.addWidget(self.remove_button)
        row.addStretch(1)
        for button in (cancel, self.keep_button):
            row.addWidget(button)
        for button in (cancel, self.keep_button, self.remove_button):
            button.setFont(ui_font(13))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(10)
        for part in (title, hint, self.field):
            layout.addWidget(part)
        layout.addLayout(row)
        self.resize(460, 250)
        self.field.textChanged.connect(self._update)
        self._update()
        self.field.selectAll()
        self.field.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let Return keep the note: its text is one paragraph."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                if self.keep_button.isEnabled():
                    self._keep()
                return True
        return False

    def _text(self) -> str:
        return " ".join(self.field.toPlainText().split())

    def _update(self) -> None:
        self.keep_button.setEnabled(bool(self._text()))

    def _keep(self) -> None:
        self.accept()
        self.written.emit(self._text())

    def _remove(self) -> None:
        self.accept()
        self.removed.emit()
