"""Work that was not saved when the program ended unasked: take it up again, or not."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QDateTime, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui.keeping import Kept
from gui.style.theme import ui_font

KEPT_ROLE = Qt.ItemDataRole.UserRole


class RestoreWork(QDialog):
    """Offers what was kept.

    Signals:
        restore_wanted: One is to be opened (its `Kept`).
        discard_wanted: One is to be deleted (its `Kept`).
    """

    restore_wanted = Signal(object)
    discard_wanted = Signal(object)

    def __init__(
        self, found: Sequence[tuple[Kept, str]], parent: QWidget | None = None
    ) -> None:
        """Offer what was found: each with its title."""
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Unsaved work")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        heading = QLabel("Migrascope ended before this was saved")
        heading.setFont(ui_font(16, bold=True))
        self.list = QListWidget()
        self.list.setFont(ui_font(13))
        self.list.setAccessibleName("Unsaved work")
        for kept, title in found:
            when = QDateTime.fromSecsSinceEpoch(int(kept.modified_s)).toString("yyyy-MM-dd HH:mm")
            item = QListWidgetItem(f"{title}\nkept {when}")
            item.setData(KEPT_ROLE, kept)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.restore_button = QPushButton("Open it")
        self.discard_button = QPushButton("Delete it")
        later = QPushButton("Later")
        self.restore_button.setProperty("hot", True)
        self.restore_button.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.discard_button)
        buttons.addStretch(1)
        buttons.addWidget(later)
        buttons.addWidget(self.restore_button)
        for button in (self.restore_button, self.discard_button, later):
            button.setFont(ui_font(13))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 18)
        layout.setSpacing(12)
        layout.addWidget(heading)
        layout.addWidget(self.list, 1)
        layout.addLayout(buttons)
        self.resize(480, 300)
        self.restore_button.clicked.connect(self._on_restore)
        self.discard_button.clicked.connect(self._on_discard)
        self.list.itemActivated.connect(self._on_restore)
        later.clicked.connect(self.reject)

    @property
    def chosen(self) -> Kept | None:
        """Return what is chosen."""
        item = self.list.currentItem()
        found = item.data(KEPT_ROLE) if item is not None else None
        return found if isinstance(found, Kept) else None

    def _on_restore(self) -> None:
        kept = self.chosen
        if kept is not None:
            self.accept()
            self.restore_wanted.emit(kept)

    def _on_discard(self) -> None:
        kept = self.chosen
        if kept is None:
            return
        self.discard_wanted.emit(kept)
        self.list.takeItem(self.list.currentRow())
        if self.list.count() == 0:
            self.reject()
