"""The sheet of keys, made from the actions themselves, so that it cannot tell something else."""

from collections.abc import Sequence

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QWidget

from gui.style.theme import ui_font

ROWS = 14


class KeySheet(QDialog):
    """Shows every action that has a key."""

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        """Show the keys of these actions, in their order."""
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Keys")
        self.rows = [(a.text().rstrip("…"), keys_text(a)) for a in actions if a.shortcuts()]
        grid = QGridLayout(self)
        grid.setContentsMargins(24, 18, 24, 18)
        grid.setHorizontalSpacing(20)
        grid.setVerticalSpacing(7)
        for index, (text, keys) in enumerate(self.rows):
            column, row = 2 * (index // ROWS), index % ROWS
            key_label, label = QLabel(keys), QLabel(text)
            key_label.setFont(ui_font(13, bold=True))
            label.setFont(ui_font(13))
            grid.addWidget(key_label, row, column)
            grid.addWidget(label, row, column + 1)


def keys_text(action: QAction) -> str:
    """Return an action's keys as people read them: "Space or ."."""
    native = QKeySequence.SequenceFormat.NativeText
    return " or ".join(key.toString(native) for key in action.shortcuts()[:2])
