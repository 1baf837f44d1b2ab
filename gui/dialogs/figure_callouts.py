"""Chooses which parts of a figure are numbered, in the order of checking, and what is said of each.

What it gives is what `migrascope shot --callout PART=TEXT` takes, in the same order.
"""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from gui.style.theme import ui_font

_NAME_ROLE: Final = Qt.ItemDataRole.UserRole
_KINDS: Final = {"host": "Host", "vm": "VM"}
LEAST_HEIGHT_PX: Final = 110


def plain_words(part: str) -> str:
    """Return what is said of a part until somebody says more: its name as people write it."""
    kind, colon, name = part.partition(":")
    if colon and kind in _KINDS:
        return f"{_KINDS[kind]} {name}"
    words = part.rpartition(":")[2].rpartition(".")[2].replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


class FigureCallouts(QWidget):
    """A list of parts to check, and a field for the words of the one that is current.

    Signals:
        changed: Another part is checked, or one says something else.
    """

    changed = Signal()

    def __init__(self) -> None:
        """Start without parts; `offer` brings them."""
        super().__init__()
        self.list, self.words = QListWidget(), QLineEdit()
        self._checked: list[str] = []
        self._said: dict[str, str] = {}
        self.list.setAccessibleName("Callouts: parts, numbered in the order of checking")
        self.list.setMinimumHeight(LEAST_HEIGHT_PX)
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.words.setAccessibleName("Words of the callout")
        for widget in (self.list, self.words):
            widget.setFont(ui_font(13))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.words)
        self.list.itemChanged.connect(self._on_item_changed)
        self.list.currentItemChanged.connect(lambda now, before: self._show_words())
        self.words.textEdited.connect(self._on_words)
        self._show_words()

    @property
    def callouts(self) -> list[tuple[str, str]]:
        """Return the parts that are checked, in that order, and what is said of each."""
        return [(part, self._said.get(part) or plain_words(part)) for part in self._checked]

    def offer(self, parts: Sequence[str]) -> None:
        """List parts; what is checked stays, even where the picture has it no more."""
        wanted = [*parts, *(part for part in self._checked if part not in parts)]
        if wanted == [self._part_of(item) for item in self._items()]:
            return
        current = self._part_of(self.list.currentItem())
        self.list.blockSignals(True)
        self.list.clear()
        for part in wanted:
            item = QListWidgetItem(part)
            item.setData(_NAME_ROLE, part)
            item.setCheckState(
                Qt.CheckState.Checked if part in self._checked else Qt.CheckState.Unchecked
            )
            self.list.addItem(item)
        self.list.setCurrentRow(wanted.index(current) if current in wanted else 0)
        self.list.blockSignals(False)
        self._number()
        self._show_words()

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _part_of(self, item: QListWidgetItem | None) -> str:
        return str(item.data(_NAME_ROLE)) if item is not None else ""

    def _on_item_changed(self, item: QListWidgetItem) -> None:
        part, checked = self._part_of(item), item.checkState() == Qt.CheckState.Checked
        if checked == (part in self._checked):
            return
        if checked:
            self._checked.append(part)
            self.list.setCurrentItem(item)
        else:
            self._checked.remove(part)
        self._number()
        self._show_words()
        self.changed.emit()

    def _on_words(self, text: str) -> None:
        self._said[self._part_of(self.list.currentItem())] = text.strip()
        self._number()
        self.changed.emit()

    def _number(self) -> None:
        """Write its number and its words beside every part that is checked."""
        numbered = {part: (i, text) for i, (part, text) in enumerate(self.callouts, 1)}
        self.list.blockSignals(True)
        for item in self._items():
            part = self._part_of(item)
            number, text = numbered.get(part, (0, ""))
            item.setText(f"{number}. {part}: {text}" if number else part)
        self.list.blockSignals(False)

    def _show_words(self) -> None:
        """Show what is said of the current part, if it is called out."""
        part = self._part_of(self.list.currentItem())
        self.words.setEnabled(part in self._checked)
        self.words.setText(self._said.get(part, "") if part in self._checked else "")
        self.words.setPlaceholderText(
            plain_words(part) if part in self._checked else "check a part, then say what it is"
        )
