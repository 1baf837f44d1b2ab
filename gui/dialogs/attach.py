"""The question to which QEMU: the path of its QMP socket, or host and port, and the recent ones."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui.style.theme import ui_font

EXPLAINED: Final = (
    "Migrascope looks at the migration of a running QEMU through its QMP socket. Nothing is sent "
    "that changes anything unless you confirm it, and nothing is sent anywhere else. When a "
    "migration runs, its recording takes the place of what is open; edits are not replaced."
)
HOW: Final = "QEMU opens one with  -qmp unix:PATH,server=on,wait=off"
RECENT_PX: Final = 96


class Attach(QDialog):
    """Asks where, stays open while it is tried, and says why it did not work.

    Attributes:
        wanted: With what was typed or chosen.
    """

    wanted = Signal(str)

    def __init__(self, recent: Sequence[str], parent: QWidget | None = None) -> None:
        """Ask, with the newest of the recent ones as the proposal."""
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Attach to QEMU")
        self.field, self.recent, self.refusal = QLineEdit(), QListWidget(), QLabel()
        self.attach_button, self.cancel_button = QPushButton("Attach"), QPushButton("Cancel")
        self.browse_button = QPushButton("Browse…")
        self.field.setText(recent[0] if recent else "")
        self.field.setPlaceholderText("/run/vm/demo.qmp   or   localhost:4444")
        self.field.setAccessibleName("QMP socket: path, or host:port")
        self.field.selectAll()
        self.recent.setAccessibleName("Recent sockets")
        self.recent.addItems(list(recent))
        self._lay_out(bool(recent))
        self.field.textChanged.connect(self._on_text_changed)
        self.recent.currentTextChanged.connect(self.field.setText)
        self.recent.itemActivated.connect(self._attach)
        self.attach_button.clicked.connect(self._attach)
        self.cancel_button.clicked.connect(self.reject)
        self.browse_button.clicked.connect(self._browse)
        self._on_text_changed(self.field.text())
        self.field.setFocus()

    def show_trying(self, where: str) -> None:
        """Say that it is being tried."""
        self._say(f"Attaching to {where} …", refusal=False)
        self.attach_button.setEnabled(False)

    def show_refusal(self, sentence: str) -> None:
        """Say why it did not work; what was typed stays."""
        self._say(sentence, refusal=True)
        self.attach_button.setEnabled(True)
        self.field.setFocus()
        self.field.selectAll()

    def _say(self, sentence: str, *, refusal: bool) -> None:
        self.refusal.setObjectName("refusal" if refusal else "dim")
        self.refusal.style().unpolish(self.refusal)
        self.refusal.style().polish(self.refusal)
        self.refusal.setText(sentence)
        self.refusal.setAccessibleName(sentence)
        self.refusal.setVisible(bool(sentence))
        self.adjustSize()

    def _on_text_changed(self, text: str) -> None:
        self.attach_button.setEnabled(bool(text.strip()))
        self._say("", refusal=False)

    def _attach(self) -> None:
        if self.attach_button.isEnabled():
            self.wanted.emit(self.field.text())

    def _browse(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "QMP socket", "", "Sockets (*)")
        if name:
            self.field.setText(name)

    def _lay_out(self, some_recent: bool) -> None:
        explained, how, asked = QLabel(EXPLAINED), QLabel(HOW), QLabel("QMP socket")
        asked.setBuddy(self.field)
        how.setObjectName("dim")
        for label in (explained, self.refusal):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        field_row = QHBoxLayout()
        field_row.addWidget(self.field, 1)
        field_row.addWidget(self.browse_button)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.attach_button)
        self.attach_button.setProperty("hot", True)
        self.attach_button.setDefault(True)
        self.browse_button.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(10)
        layout.addWidget(explained)
        layout.addWidget(asked)
        layout.addLayout(field_row)
        layout.addWidget(how)
        recently = QLabel("Recently")
        layout.addWidget(recently)
        layout.addWidget(self.recent)
        recently.setVisible(some_recent)
        self.recent.setVisible(some_recent)
        self.recent.setFixedHeight(RECENT_PX)
        layout.addWidget(self.refusal)
        layout.addLayout(buttons)
        widgets: tuple[QWidget, ...] = (
            explained, how, asked, recently, self.field, self.recent, self.refusal,
            self.attach_button, self.cancel_button, self.browse_button,
        )  # fmt: skip
        for widget in widgets:
            widget.setFont(ui_font(13))
        self.refusal.hide()
        self.setFixedWidth(600)
        self.setWindowModality(Qt.WindowModality.WindowModal)
