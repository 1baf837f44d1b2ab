"""A ring around the pointer, for the last row."""

from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QCursor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from gui.style.watching import unwatch_application, watch_application

RADIUS_PX: Final = 26
RING_PX: Final = 5
RING: Final = "#F0E442"
OUTLINE: Final = "#000000"
"""Yellow between two black lines: seen on dark, on light, and with any colour vision."""


class PointerRing(QWidget):
    """Follows the mouse over a window; it takes no clicks."""

    def __init__(self, window: QWidget) -> None:
        """Lie over a window, hidden."""
        super().__init__(window)
        self._window = window
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        side = 2 * (RADIUS_PX + RING_PX)
        self.setFixedSize(side, side)
        self.hide()

    def set_on(self, on: bool) -> None:
        """Show the ring, or not."""
        if not on:
            unwatch_application(self)
            self.hide()
            return
        watch_application(self)
        self._follow(self._window.mapFromGlobal(QCursor.pos()))
        self.show()
        self.raise_()

    def _follow(self, position: QPoint) -> None:
        self.move(position - self.rect().center())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow every movement over the window."""
        if event.type() == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            self._follow(self._window.mapFromGlobal(event.globalPosition().toPoint()))
            self.raise_()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        centre = QPointF(self.rect().center())
        for color, width in ((OUTLINE, RING_PX + 3), (RING, RING_PX)):
            painter.setPen(QPen(QColor(color), width))
            painter.drawEllipse(centre, RADIUS_PX - 2, RADIUS_PX - 2)
