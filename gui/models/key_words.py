"""The keys of an action, as people read them."""

from PySide6.QtGui import QAction, QKeySequence


def keys_text(action: QAction) -> str:
    """Return an action's keys as people read them: "Space or ."."""
    native = QKeySequence.SequenceFormat.NativeText
    return " or ".join(key.toString(native) for key in action.shortcuts()[:2])
