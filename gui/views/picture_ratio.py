"""How sharp a cached picture has to be: the screen's ratio, times the scale of the content."""

from typing import Final

from PySide6.QtWidgets import QWidget

SCALE_PROPERTY: Final = "uiScale"
"""Of a window: how many times as large as drawn its content is shown."""


def picture_ratio(widget: QWidget) -> float:
    """Return how many pixels of the screen a pixel of a widget has: for cached pictures."""
    scale = widget.window().property(SCALE_PROPERTY)
    return widget.devicePixelRatioF() * (float(scale) if scale else 1.0)
