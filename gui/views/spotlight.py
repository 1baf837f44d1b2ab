"""Lights one part of the window, dims the rest, and lets a caption stand beside it."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QMargins, QObject, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QRegion
from PySide6.QtWidgets import QWidget

from gui.style.theme import DARK, Theme, ui_font

DIM_ALPHA: Final = 120
EDGE_PX: Final = 2
CAPTION_PX: Final = 15
LARGE_PX: Final = 22
MARGINS: Final = QMargins(10, 10, 10, 10)
WIDEST_PX: Final = 360
LARGE_WIDEST_PX: Final = 480
GAP_PX: Final = 12


class Spotlight(QWidget):
    """Lies over the content and takes no clicks; it appears and goes at once, nothing flashes."""

    def __init__(self, canvas: QWidget) -> None:
        """Lie over the content of the window, hidden."""
        super().__init__(canvas)
        self._canvas, self._theme = canvas, DARK
        self._lit: QRect | None = None
        self._kept, self._dims = QRect(), True
        self._clear: tuple[QRect, ...] = ()
        self._caption_px, self._widest_px = CAPTION_PX, WIDEST_PX
        self._caption, self._anchor = "", QRect()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setAccessibleName("Caption")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        canvas.installEventFilter(self)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    @property
    def lit(self) -> QRect | None:
        """Return the part that is lit."""
        return self._lit

    @property
    def caption(self) -> str:
        """Return the words that stand there."""
        return self._caption

    def set_large(self, on: bool) -> None:
        """Write captions for the last row of a hall, or for one reader."""
        self._caption_px = LARGE_PX if on else CAPTION_PX
        self._widest_px = LARGE_WIDEST_PX if on else WIDEST_PX
        self.update()

    def keep_clear(self, parts: Sequence[QRect]) -> None:
        """Let no caption stand over these, if there is another place."""
        if tuple(parts) != self._clear:
            self._clear = tuple(parts)
            self.update()

    def light(self, part: QRect | None, *, kept: QRect, dims: bool = True) -> None:
        """Light a part, or nothing.

        Args:
            part: Gets a frame.
            kept: Stays undimmed too.
            dims: Whether everything else is dimmed.
        """
        if (part, kept, dims) != (self._lit, self._kept, self._dims):
            self._lit, self._kept, self._dims = part, kept, dims
            self._refresh()

    def say(self, caption: str, anchor: QRect) -> None:
        """Let words stand beside a part; "" takes them away."""
        if (caption, anchor) != (self._caption, self._anchor):
            self._caption, self._anchor = caption, anchor
            self.setAccessibleDescription(caption)
            self._refresh()

    def end(self) -> None:
        """Light nothing, say nothing."""
        self._lit, self._caption = None, ""
        self.hide()

    def caption_rect(self) -> QRect:
        """Return where the caption stands: beside its part, inside of the window.

        Below it, above it, beside it or at its edges: the first place where it covers least of
        what is to stay clear, and of its own part.
        """
        metrics = QFontMetrics(ui_font(self._caption_px))
        wrap = int(Qt.TextFlag.TextWordWrap)
        text = metrics.boundingRect(QRect(0, 0, self._widest_px, 10_000), wrap, self._caption)
        size = text.size().grownBy(MARGINS)
        room = self.rect().adjusted(GAP_PX, GAP_PX, -GAP_PX, -GAP_PX)
        places = [_inside(QRect(corner, size), room) for corner in self._corners(size)]
        return min(places, key=self._covered)

    def _corners(self, size: QSize) -> list[QPoint]:
        """Return where the caption's upper left corner may be, the best place first."""
        part, width, height = self._anchor, size.width(), size.height()
        middle = QPoint(part.center().x() - width // 2, part.center().y() - height // 2)
        below, above = part.bottom() + GAP_PX, part.top() - GAP_PX - height
        foot, head = part.bottom() - height - GAP_PX, part.top() + GAP_PX
        return [
            QPoint(middle.x(), below), QPoint(middle.x(), above),
            QPoint(part.right() + GAP_PX, middle.y()),
            QPoint(part.left() - GAP_PX - width, middle.y()),
            QPoint(middle.x(), foot), QPoint(middle.x(), head), middle,
        ]

    def _covered(self, place: QRect) -> int:
        """Return how much is lost under a caption, in square pixels; its part counts half."""
        lost = sum(2 * _area(place & part) for part in self._clear)
        return lost + _area(place & self._anchor)

    def _refresh(self) -> None:
        self.setGeometry(self._canvas.rect())
        self.setVisible(self._lit is not None or bool(self._caption))
        self.raise_()
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Cover the content whatever its size."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._canvas.rect())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Dim what is not lit, frame what is, and draw the caption."""
        painter = QPainter(self)
        if self._lit is not None:
            self._dim(painter)
        if self._caption:
            self._draw_caption(painter)
        painter.end()

    def _dim(self, painter: QPainter) -> None:
        assert self._lit is not None
        shade = QColor(self._theme.color("ground"))
        shade.setAlpha(DIM_ALPHA)
        lit = self._lit.adjusted(-3, -3, 3, 3) & self.rect()
        rest = QRegion(self.rect()) - QRegion(lit) - QRegion(self._kept)
        if self._caption:
            rest -= QRegion(self._anchor)
        if self._dims:
            painter.setClipRegion(rest)
            painter.fillRect(self.rect(), shade)
            painter.setClipping(False)
        painter.setPen(QPen(self._theme.color("link"), EDGE_PX))
        painter.drawRect(lit.adjusted(1, 1, -1, -1))

    def _draw_caption(self, painter: QPainter) -> None:
        box = self.caption_rect()
        painter.setPen(QPen(self._theme.color("link"), EDGE_PX))
        if not box.intersects(self._anchor):
            begin = _nearest(box, self._anchor.center())
            painter.drawLine(begin, _nearest(self._anchor, box.center()))
        painter.setBrush(self._theme.color("field"))
        painter.drawRoundedRect(QRectF(box), 8, 8)
        painter.setPen(self._theme.color("ink"))
        painter.setFont(ui_font(self._caption_px))
        inside = box.marginsRemoved(MARGINS)
        painter.drawText(inside, int(Qt.TextFlag.TextWordWrap), self._caption)


def _inside(rect: QRect, room: QRect) -> QRect:
    """Return a rectangle moved into a room."""
    x = max(room.left(), min(rect.left(), room.right() - rect.width() + 1))
    y = max(room.top(), min(rect.top(), room.bottom() - rect.height() + 1))
    return QRect(QPoint(x, y), rect.size())


def _area(rect: QRect) -> int:
    return 0 if rect.isEmpty() else rect.width() * rect.height()


def _nearest(rect: QRect, point: QPoint) -> QPoint:
    """Return the point of a rectangle that is nearest to another one."""
    x = max(rect.left(), min(point.x(), rect.right()))
    return QPoint(x, max(rect.top(), min(point.y(), rect.bottom())))
