"""A card beside the pointer with the story of the page under it."""

from typing import Final

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from gui.style.theme import DARK, Theme, ui_font

WIDTH_PX: Final = 330
PAD_PX: Final = 10
AWAY_PX: Final = 18
FONT_PX: Final = 12
BETWEEN_PX: Final = 4
FLAGS: Final = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop)


class PageCard(QWidget):
    """Sentences on a raised ground; the mouse goes through it."""

    def __init__(self, parent: QWidget) -> None:
        """Start hidden."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Story of the page under the mouse")
        self._theme = DARK
        self._sentences: tuple[str, ...] = ()
        self.hide()

    @property
    def text(self) -> str:
        """Return what it says."""
        return " ".join(self._sentences)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.update()

    def tell(self, sentences: tuple[str, ...], at: QPoint) -> None:
        """Show sentences beside a point of the parent, inside of it."""
        around = self.parentWidget()
        assert around is not None
        self._sentences = sentences
        self.setAccessibleDescription(self.text)
        width = min(WIDTH_PX, around.width() - 8)
        height = 2 * PAD_PX + sum(self._heights(width)) + BETWEEN_PX * (len(sentences) - 1)
        room = around.rect().adjusted(4, 4, -4, -4)
        left = at.x() + AWAY_PX
        if left + width > room.right():
            left = at.x() - AWAY_PX - width
        top = min(at.y() + AWAY_PX, room.bottom() - height)
        place = QRect(max(room.left(), left), max(room.top(), top), width, height)
        self.setGeometry(place)
        self.show()
        self.raise_()
        self.update()

    def _heights(self, width: int) -> list[int]:
        metrics = QFontMetrics(ui_font(FONT_PX))
        box = QRect(0, 0, width - 2 * PAD_PX, 1000)
        return [metrics.boundingRect(box, FLAGS, text).height() for text in self._sentences]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the first sentence in ink, the others dimmer."""
        painter = QPainter(self)
        painter.setPen(self._theme.color("link"))
        painter.setBrush(self._theme.color("field"))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.setFont(ui_font(FONT_PX))
        y = PAD_PX
        for i, height in enumerate(self._heights(self.width())):
            painter.setPen(self._theme.color("ink" if i == 0 else "dim"))
            place = QRect(PAD_PX, y, self.width() - 2 * PAD_PX, height)
            painter.drawText(place, FLAGS, self._sentences[i])
            y += height + BETWEEN_PX
        painter.end()
