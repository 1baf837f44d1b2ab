"""The sheet of keys, made from the actions themselves, so that it cannot tell something else."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gui.action_table import ActionRow
from gui.models.fuzzy import fit
from gui.models.key_words import keys_text
from gui.style.enlarging import scale_of
from gui.style.theme import ui_font

COLUMNS: Final = 3
COLUMN_PX: Final = 352
HEIGHT_PX: Final = 700
SIDES_PX: Final = 48


class KeySheet(QDialog):
    """Shows every action that has a key, under the heading of its group.

    Attributes:
        rows: (group, what it does, keys), in the order of the table.
    """

    def __init__(
        self, actions: Sequence[tuple[ActionRow, QAction]], parent: QWidget | None = None
    ) -> None:
        """Show the keys of these actions."""
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Keys")
        self.rows = [
            (row.group, action.text().rstrip("…"), keys_text(action))
            for row, action in actions
            if action.shortcuts()
        ]
        self.field = QLineEdit()
        self.field.setFont(ui_font(13))
        self.field.setPlaceholderText("Find a key or what it does")
        self.field.setAccessibleName("Find")
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._fill)
        self._n_columns = 0
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFrameShape(QScrollArea.Shape.NoFrame)
        self._area.setAccessibleName("Keys")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 12, 14)
        layout.setSpacing(10)
        layout.addWidget(self.field)
        layout.addWidget(self._area, 1)
        room = parent.height() - 40 if parent is not None else HEIGHT_PX
        self.resize(COLUMNS * COLUMN_PX + SIDES_PX, min(HEIGHT_PX, room))
        self._set_columns()

    def shown(self) -> list[tuple[str, str, str]]:
        """Return the rows that fit what is looked for."""
        typed = self.field.text()
        if not typed.strip():
            return self.rows
        return [
            (group, text, keys)
            for group, text, keys in self.rows
            if typed.strip() == keys or fit(typed, f"{text} {keys} {group}") is not None
        ]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Set as many columns as there is room for."""
        super().resizeEvent(event)
        self._set_columns()

    def _set_columns(self) -> None:
        inside = self.width() / scale_of(self) - SIDES_PX
        n_columns = max(1, min(COLUMNS, int(inside // COLUMN_PX)))
        if n_columns != self._n_columns:
            self._n_columns = n_columns
            self._fill(self.field.text())

    def _fill(self, typed: str) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for group, text, keys in self.shown():
            groups.setdefault(group, []).append((text, keys))
        content = QWidget()
        content.setObjectName("sideContent")
        across = QHBoxLayout(content)
        across.setContentsMargins(0, 0, 8, 0)
        across.setSpacing(18)
        for column in _columns(groups, self._n_columns):
            across.addLayout(_column(column), 1)
        if not groups:
            nothing = QLabel("No key and no action is called that.")
            nothing.setFont(ui_font(13))
            across.addWidget(nothing, 0, Qt.AlignmentFlag.AlignTop)
        self._area.setWidget(content)


Groups = list[tuple[str, list[tuple[str, str]]]]


def _columns(groups: dict[str, list[tuple[str, str]]], n_columns: int) -> list[Groups]:
    """Return the groups in columns of about the same height, in their order."""
    heights = [len(rows) + 2 for rows in groups.values()]
    most = max([sum(heights) / n_columns, *heights], default=0)
    columns: list[Groups] = [[]]
    filled = 0
    for (title, rows), height in zip(groups.items(), heights, strict=True):
        if columns[-1] and filled + height / 2 > most and len(columns) < n_columns:
            columns.append([])
            filled = 0
        columns[-1].append((title, rows))
        filled += height
    return columns


def _column(groups: Groups) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    line = 0
    for title, rows in groups:
        heading = QLabel(title)
        heading.setObjectName("sectionTitle")
        heading.setFont(ui_font(12, bold=True))
        if line:
            grid.setRowMinimumHeight(line, 8)
            line += 1
        grid.addWidget(heading, line, 0, 1, 2)
        for text, keys in rows:
            line += 1
            key_label, label = QLabel(keys), QLabel(text)
            key_label.setFont(ui_font(12, bold=True))
            key_label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            label.setFont(ui_font(12))
            label.setWordWrap(True)
            grid.addWidget(key_label, line, 0)
            grid.addWidget(label, line, 1)
        line += 1
    grid.setRowStretch(line, 1)
    return grid
