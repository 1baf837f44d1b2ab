"""The column between the two memories: an arrow, and the round's figures."""

from typing import Final

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.style.theme import DARK, Theme, ui_font

MIDDLE_PX: Final = 148
ARROW_PX: Final = 64
"""Room for the arrow, where the words leave it."""


class MiddleColumn(QWidget):
    """The arrow between the two memories, and the round's figures."""

    def __init__(self) -> None:
        """Start without anything to say."""
        super().__init__()
        self.setAccessibleName("What is being sent")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setFixedWidth(MIDDLE_PX)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = DARK
        self._lines: tuple[tuple[str, str, int], ...] = ()
        self._arrow: str = ""

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.update()

    def say(self, arrow: str, lines: tuple[tuple[str, str, int], ...]) -> None:
        """Show an arrow ("", "push", "pull", "done") and lines of (text, colour, size)."""
        if (arrow, lines) != (self._arrow, self._lines):
            self._arrow, self._lines = arrow, lines
            self.setAccessibleDescription(". ".join(text for text, _, _ in lines))
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("ground"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        heights = [self._height(text, size) for text, _, size in self._lines]
        arrow = ARROW_PX if sum(heights) + ARROW_PX <= self.height() else 0
        y = max(0, (self.height() - sum(heights) - arrow) // 2)
        if self._arrow and arrow:
            self._paint_arrow(painter, y + 24)
        y += arrow
        for (text, color, size), height in zip(self._lines, heights, strict=True):
            if y and y + height > self.height() + 2:
                break  # half a line reads worse than none; all of it is in the description
            painter.setFont(ui_font(size))
            painter.setPen(self._theme.color(color))
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(QRect(4, y, self.width() - 8, height), int(flags), text)
            y += height
        painter.end()

    def _height(self, text: str, size: int) -> int:
        metrics = QFontMetrics(ui_font(size))
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
        box = metrics.boundingRect(QRect(0, 0, self.width() - 8, 1000), int(flags), text)
        return box.height() + 6

    def _paint_arrow(self, painter: QPainter, y: int) -> None:
        middle, half = self.width() / 2, 32
        pen = QPen(self._theme.color("link" if self._arrow != "done" else "line"), 5)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        if self._arrow == "pull":
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawLine(QPointF(middle - half, y), QPointF(middle + half, y))
        pen.setStyle(Qt.PenStyle.SolidLine)
        painter.setPen(pen)
        tip = middle + half
        painter.drawPolyline(
            QPolygonF([QPointF(tip - 15, y - 14), QPointF(tip, y), QPointF(tip - 15, y + 14)])
        )
