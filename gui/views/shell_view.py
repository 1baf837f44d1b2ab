"""What the window shows in its first moment: header, ground, side and foot, still empty.

The places are those of the content that follows, so that nothing jumps.
"""

from typing import Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from gui.style.theme import Theme, ui_font

HEADER_PX: Final = 44
SIDE_PX: Final = 330
FOOTER_PX: Final = 96
MARGIN_PX: Final = 16
BRAND: Final = "Migrascope"
OPENING: Final = "Opening …"


class ShellView(QWidget):
    """The empty window."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        """Show a theme's colours."""
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(f"{BRAND} is opening")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground, the panels and the name."""
        painter, theme, room = QPainter(self), self._theme, self.rect()
        painter.fillRect(room, theme.color("ground"))
        header = QRect(0, 0, room.width(), HEADER_PX)
        footer = QRect(0, room.height() - FOOTER_PX, room.width(), FOOTER_PX)
        between = room.height() - HEADER_PX - FOOTER_PX
        side = QRect(room.width() - SIDE_PX, HEADER_PX, SIDE_PX, between)
        for panel in (header, side, footer):
            painter.fillRect(panel, theme.color("panel"))
        painter.setPen(theme.color("line"))
        painter.drawLine(header.bottomLeft(), header.bottomRight())
        painter.drawLine(side.topLeft(), side.bottomLeft())
        painter.drawLine(footer.topLeft(), footer.topRight())
        painter.setPen(theme.color("ink"))
        painter.setFont(ui_font(15, bold=True))
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(header.adjusted(MARGIN_PX, 0, 0, 0), middle, BRAND)
        painter.setPen(theme.color("dim"))
        painter.setFont(ui_font(13))
        ground = QRect(0, HEADER_PX, room.width() - SIDE_PX, between)
        painter.drawText(ground, Qt.AlignmentFlag.AlignCenter, OPENING)
