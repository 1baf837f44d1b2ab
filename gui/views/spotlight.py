"""Lights one part of the window, dims the rest, and lets a caption stand beside it."""

from typing import Final

from PySide6.QtCore import QEvent, QMargins, QObject, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QRegion
from PySide6.QtWidgets import QWidget

from gui.style.theme import DARK, Theme, ui_font

DIM_ALPHA: Final = 120
EDGE_PX: Final = 2
CAPTION_PX: Final = 15
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
        """Return where the caption stands: below its part, else above, inside of the window."""
        metrics = QFontMetrics(ui_font(CAPTION_PX))
        wrap = int(Qt.TextFlag.TextWordWrap)
        text = metrics.boundingRect(QRect(0, 0, WIDEST_PX, 10_000), wrap, self._caption)
        size = text.size().grownBy(MARGINS)
        x = self._anchor.center().x() - size.width() // 2
        x = max(GAP_PX, min(x, self.width() - size.width() - GAP_PX))
        below, above = self._anchor.bottom() + GAP_PX, self._anchor.top() - GAP_PX - size.height()
        if below + size.height() <= self.height() - GAP_PX:
            y = below
        elif above >= GAP_PX:
            y = above
        else:  # the part fills the window from top to bottom
            y = self._anchor.bottom() - size.height() - GAP_PX
        return QRect(QPoint(x, y), size)

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
        painter.setFont(ui_font(CAPTION_PX))
        inside = box.marginsRemoved(MARGINS)
        painter.drawText(inside, int(Qt.TextFlag.TextWordWrap), self._caption)
