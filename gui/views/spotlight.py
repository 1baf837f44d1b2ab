"""Lights one part of the window, dims the rest, and lets a caption stand beside it."""

from collections.abc import Iterator, Sequence
from typing import Final

from PySide6.QtCore import QEvent, QMargins, QObject, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QRegion
from PySide6.QtWidgets import QWidget

from gui.style.theme import DARK, Theme, ui_font

DIM_ALPHA: Final = 120
EDGE_PX: Final = 2
CAPTION_PX: Final = 15
LARGE_PX: Final = 20
MARGINS: Final = QMargins(10, 10, 10, 10)
WIDEST_PX: Final = 360
GAP_PX: Final = 12


class Spotlight(QWidget):
    """Lies over the content and takes no clicks; it appears and goes at once, nothing flashes."""

    def __init__(self, canvas: QWidget) -> None:
        """Lie over the content of the window, hidden."""
        super().__init__(canvas)
        self._canvas, self._theme = canvas, DARK
        self._lit: QRect | None = None
        self._kept = QRect()
        self._caption, self._anchor = "", QRect()
        self._free: tuple[QRect, ...] = ()
        self._px = CAPTION_PX
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

    def light(self, part: QRect | None, *, kept: QRect) -> None:
        """Light a part, or nothing; `kept` stays undimmed too."""
        if (part, kept) != (self._lit, self._kept):
            self._lit, self._kept = part, kept
            self._refresh()

    def set_large(self, large: bool) -> None:
        """Let captions be read from the last row, or be of their usual size."""
        self._px = LARGE_PX if large else CAPTION_PX
        self.update()

    def say(self, caption: str, anchor: QRect, *, free: Sequence[QRect] = ()) -> None:
        """Let words stand beside a part; "" takes them away.

        Args:
            caption: The words.
            anchor: The part.
            free: What they are not to cover, if they find another place.
        """
        if (caption, anchor, tuple(free)) != (self._caption, self._anchor, self._free):
            self._caption, self._anchor, self._free = caption, anchor, tuple(free)
            self.setAccessibleDescription(caption)
            self._refresh()

    def end(self) -> None:
        """Light nothing, say nothing."""
        self._lit, self._caption = None, ""
        self.hide()

    def caption_rect(self) -> QRect:
        """Return where the caption stands: beside its part, inside of the window."""
        metrics = QFontMetrics(ui_font(self._px))
        wrap = int(Qt.TextFlag.TextWordWrap)
        widest = WIDEST_PX * self._px // CAPTION_PX
        text = metrics.boundingRect(QRect(0, 0, widest, 10_000), wrap, self._caption)
        size = text.size().grownBy(MARGINS)
        inside = self.rect().adjusted(GAP_PX, GAP_PX, -GAP_PX, -GAP_PX)
        places = [
            place for at in self._places(size) if inside.contains(place := QRect(at, size))
        ]
        free = (p for p in places if not any(p.intersects(part) for part in self._free))
        # The part may fill the window: then the words stand in it, at its foot.
        at = QPoint(self._within(size), self._anchor.bottom() - size.height() - GAP_PX)
        return next(free, places[0] if places else QRect(at, size))

    def _within(self, size: QSize) -> int:
        """Return the left edge of a caption in the middle of its part."""
        x = self._anchor.center().x() - size.width() // 2
        return max(GAP_PX, min(x, self.width() - size.width() - GAP_PX))

    def _places(self, size: QSize) -> Iterator[QPoint]:
        """Yield where the words may stand: below, above, at the sides, in the upper corners."""
        part, x = self._anchor, self._within(size)
        y = max(GAP_PX, min(part.center().y() - size.height() // 2,
                            self.height() - size.height() - GAP_PX))
        yield QPoint(x, part.bottom() + GAP_PX)
        yield QPoint(x, part.top() - GAP_PX - size.height())
        yield QPoint(part.right() + GAP_PX, y)
        yield QPoint(part.left() - GAP_PX - size.width(), y)
        for left in (part.left(), part.right() - size.width()):
            yield QPoint(left, part.bottom() + GAP_PX)
            yield QPoint(left, part.top() - GAP_PX - size.height())

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
        painter.setClipRegion(rest)
        painter.fillRect(self.rect(), shade)
        painter.setClipping(False)
        painter.setPen(QPen(self._theme.color("link"), EDGE_PX))
        painter.drawRect(lit.adjusted(1, 1, -1, -1))

    def _draw_caption(self, painter: QPainter) -> None:
        box = self.caption_rect()
        painter.setPen(QPen(self._theme.color("link"), EDGE_PX))
        edge = box.top() if box.top() > self._anchor.bottom() else box.bottom()
        end = max(self._anchor.left(), min(box.center().x(), self._anchor.right()))
        foot = self._anchor.bottom() if edge == box.top() else self._anchor.top()
        if not box.intersects(self._anchor):
            painter.drawLine(box.center().x(), edge, end, foot)
        painter.setBrush(self._theme.color("field"))
        painter.drawRoundedRect(QRectF(box), 8, 8)
        painter.setPen(self._theme.color("ink"))
        painter.setFont(ui_font(self._px))
        inside = box.marginsRemoved(MARGINS)
        painter.drawText(inside, int(Qt.TextFlag.TextWordWrap), self._caption)
