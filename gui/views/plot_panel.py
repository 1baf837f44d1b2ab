"""One plot as a widget: its picture is kept, a frame only moves the cursor.

Repainting a plot for every frame is what makes animations stutter. A frame costs one blit, a veil
over the future, the cursor and what is on its way.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QRegion,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.style.theme import DARK, Theme, ui_font
from gui.views.plot_content import PlotContent
from gui.views.plot_picture import BAND_LABEL_PX, PlotPicture
from gui.views.scrubbing import ArrowKeeper, Scrubber

VEIL_ALPHA: Final = 150
MOST_OPEN: Final = 64
"""Replies on their way at once, at most."""


class PlotPanel(QWidget):
    """A plot over the time of a run, with a cursor."""

    seek_requested = Signal(object)
    """The user clicked, dragged or used the arrow keys: scenario time in ns."""
    choice_requested = Signal()
    """The user asks for another plot in this place."""
    hovered = Signal(object)
    """The pointer is over an instant (ns), or None when it has left."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty; pyqtgraph is imported when the first content comes."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = DARK
        self._picture = PlotPicture(self)
        self._t_ns = 0
        self._hover_ns: int | None = None
        self._choice = False
        self._scrubber = Scrubber(self._run_length, self.time_at, self.seek_requested.emit)
        self.setMouseTracking(True)
        self.installEventFilter(ArrowKeeper(self))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self._picture.set_theme(theme)
        self.update()

    def set_content(self, content: PlotContent) -> None:
        """Show another run; the picture is drawn anew at the next paint."""
        self._picture.set_content(content)
        self.setAccessibleName(content.title)
        words = [c.word for c in content.curves] + [m.word for m in content.markers]
        self.setAccessibleDescription(", ".join(filter(None, words)) or content.note)
        self.update()

    @property
    def content(self) -> PlotContent | None:
        """Return what the plot shows."""
        return self._picture.content

    def set_choice(self, choice: bool) -> None:
        """Let the title offer other plots, or not."""
        self._choice = choice
        self._picture.set_choice(choice)
        self.update()

    def set_time(self, t_ns: int) -> None:
        """Move the cursor."""
        if t_ns != self._t_ns:
            before, self._t_ns = self._t_ns, t_ns
            for rect in self._changed_between(before, t_ns):
                self.update(rect.toAlignedRect())

    def set_hover(self, t_ns: int | None) -> None:
        """Show the read-out of an instant, or none."""
        if t_ns != self._hover_ns:
            self._hover_ns = t_ns
            self.update()

    def picture(self) -> QPixmap:
        """Return the cached picture without cursor, drawn now if need be."""
        return self._picture.pixmap()

    def x_at(self, t_ns: int) -> float:
        """Return the horizontal position of an instant."""
        return self._picture.x_at(t_ns)

    def y_at(self, value: float) -> float:
        """Return the vertical position of a value, at most the top of the plot."""
        return self._picture.y_at(value)

    def time_at(self, x_px: float) -> int:
        """Return the instant at a horizontal position, clipped to the run."""
        return self._picture.time_at(x_px)

    def _changed_between(self, before_ns: int, t_ns: int) -> Iterator[QRectF]:
        """Yield what looks different at two instants: where the cursor went, what waits."""
        content, height = self._picture.content, float(self.height())
        if content is None or self._hover_ns is not None:
            yield QRectF(self.rect())
            return
        xs = [round(self.x_at(t)) for t in (before_ns, t_ns)]
        if xs[0] != xs[1]:
            yield QRectF(min(xs) - 2, 0, max(xs) - min(xs) + 4, height)
        for i in {*self._open_at(content, before_ns), *self._open_at(content, t_ns)}:
            begun_ns = int(content.open_ns[0, i])
            yield QRectF(round(self.x_at(begun_ns)) - 8, 0, 16, height)
            yield self._picture.tag_rects.get(begun_ns, QRectF()).adjusted(-1, -1, 1, 1)

    @staticmethod
    def _open_at(content: PlotContent, t_ns: int) -> Iterator[int]:
        """Yield the points that are not back yet at an instant."""
        begun, ended = content.open_ns
        hi = int(np.searchsorted(begun, t_ns, side="right"))
        for i in range(max(0, hi - MOST_OPEN), hi):
            if ended[i] > t_ns:
                yield i

    def _draw_open(self, painter: QPainter, veil: QColor) -> None:
        """Hide points that are not back yet and draw how long they have been waiting."""
        content, area = self._picture.content, self._picture.area
        assert content is not None
        begun, waiting = content.open_ns[0], list(self._open_at(content, self._t_ns))
        if not waiting:
            return
        hidden = QRegion()
        for i in waiting:
            x, y = round(self.x_at(int(begun[i]))), round(self.y_at(float(content.open_y[i])))
            hidden += QRect(x - 6, y - 6, 13, 13)
            hidden += self._picture.tag_rects.get(int(begun[i]), QRectF()).toAlignedRect()
        now = round(self.x_at(self._t_ns))
        hidden &= QRect(0, 0, now, self.height())  # what comes later has its veil already
        painter.setClipRegion(hidden)
        painter.fillRect(self.rect(), veil)
        painter.setClipping(False)
        painter.setPen(QPen(self._theme.color("ink"), 1))
        for i in waiting:
            x = round(self.x_at(int(begun[i])))
            waited = self.y_at((self._t_ns - int(begun[i])) / 1e6)
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, waited))
            painter.drawRect(QRectF(x - 2, waited - 2, 4, 4))

    def _draw_hover(self, painter: QPainter, t_ns: int) -> None:
        """Draw a thin line and a box with the values there."""
        content = self._picture.content
        assert content is not None
        x = round(self.x_at(t_ns))
        painter.setPen(QPen(self._theme.color("dim"), 1, Qt.PenStyle.DotLine))
        area = self._picture.area
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        reach_ns = round(6 * content.end_ns / max(1.0, area.width()))
        text = content.read(t_ns, reach_ns)
        if not text:
            return
        painter.setFont(ui_font(11))
        box = painter.fontMetrics().boundingRect(0, 0, 400, 200, 0, text).adjusted(-6, -3, 6, 3)
        left = x + 8 if x + 8 + box.width() < self.width() else x - 8 - box.width()
        box.moveTo(max(0, left), round(self._picture.area.top()) + BAND_LABEL_PX + 2)
        painter.fillRect(box, self._theme.color("field"))
        painter.setPen(self._theme.color("line"))
        painter.drawRect(box)
        painter.setPen(self._theme.color("ink"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def minimumSizeHint(self) -> QSize:
        """Return a size at which the plot can be read."""
        return QSize(220, 130)

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(460, 220)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, the veil over the future, what is on its way, and the cursor."""
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self.picture())
        if self._picture.content is not None and self._picture.area.width() > 0:
            area, x = self._picture.area, round(self.x_at(self._t_ns))
            veil = self._theme.color("ground")
            veil.setAlpha(VEIL_ALPHA)
            painter.fillRect(QRectF(x, area.top(), area.right() - x + 7, area.height() + 1), veil)
            self._draw_open(painter, veil)
            ink = self._theme.color("ink")
            painter.fillRect(QRectF(x - 1, area.top(), 2, area.height()), ink)
            if self._hover_ns is not None:
                self._draw_hover(painter, self._hover_ns)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("link"), 1))
            painter.drawRect(self._picture.area.adjusted(-2, -2, 2, 2))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ask for the instant under the pointer, or for the other plots if that is the title."""
        if self._on_title(event):
            self.choice_requested.emit()
        else:
            self._scrubber.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub while the button is down, read values otherwise."""
        title = self._on_title(event)
        pointing = Qt.CursorShape.PointingHandCursor
        self.setCursor(pointing if title else Qt.CursorShape.ArrowCursor)
        t_ns = self._scrubber.move(event)
        self.hovered.emit(None if title else t_ns)

    def _on_title(self, event: QMouseEvent) -> bool:
        """Return whether the pointer is over a title that offers other plots."""
        pressed = event.buttons() & Qt.MouseButton.LeftButton
        moving = event.type() == QEvent.Type.MouseMove and pressed
        over = self._picture.title_rect.contains(event.position())
        return self._choice and over and not moving

    def leaveEvent(self, event: QEvent) -> None:
        """Take the read-out away."""
        self.hovered.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cursor by a hundredth of the run; Down asks for the other plots."""
        if self._choice and event.key() == Qt.Key.Key_Down:
            self.choice_requested.emit()
        elif not self._scrubber.key(event, self._t_ns):
            super().keyPressEvent(event)

    def _run_length(self) -> int | None:
        content = self._picture.content
        return None if content is None else content.end_ns

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the focus."""
        self.update()
