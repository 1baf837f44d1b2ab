"""What dialogs that stand beside a playing run share."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog


class ModelessDialog(QDialog):
    """A dialog beside the window, which goes on with what it does."""

    def event(self, event: QEvent) -> bool:
        """Keep Escape for closing, whatever the window beside it does with it."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
        ):
            event.accept()
            return True
        return super().event(event)
