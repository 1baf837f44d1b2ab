"""One plot as a widget: its picture is kept, a frame only moves the cursor.

Repainting a plot for every frame is what makes animations stutter. A frame costs one blit, a veil
over the future, the cursor and what is on its way.
"""

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QPointF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.style.theme import DARK, Theme
from gui.views.plot_content import Bars, Curve, Markers, PlotContent
from gui.views.plot_geometry import Stretch
from gui.views.plot_overlay import (
    changed_between,
    draw_hover,
    draw_now,
    draw_selection,
    reach_ns,
    selection_lines,
)
from gui.views.plot_picture import PlotPicture
from gui.views.scrubbing import ArrowKeeper, Scrubber

NOTCH: Final = 120
"""Angle of one notch of a wheel, in eighths of a degree."""
NOTCH_FACTOR: Final = 0.8
PAN_SHARE: Final = 0.1


class PlotPanel(QWidget):
    """A plot over the time of a run, with a cursor.

    Attributes:
        seek_requested: The user clicked, dragged or used the arrow keys: scenario time in ns.
        choice_requested: The user asks for another plot in this place.
        menu_requested: The user asks for the plot's menu at a place of the screen (`QPoint`).
        hovered: The pointer is over an instant (ns), or None when it has left.
        zoom_requested: Show (factor) times as much time around an instant: (t_ns, factor).
        pan_requested: Show what lies this many ns later.
        selection_requested: A stretch was dragged with Shift: (start_ns, end_ns).
    """

    seek_requested = Signal(object)
    choice_requested = Signal()
    menu_requested = Signal(QPoint)
    hovered = Signal(object)
    zoom_requested = Signal(object, float)
    pan_requested = Signal(object)
    selection_requested = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Plot")
        self._theme = DARK
        self._picture = PlotPicture(self)
        self._t_ns = 0
        self._hover_ns: int | None = None
        self._chosen: Stretch | None = None
        self._anchor_ns: int | None = None
        self._choice = False
        self._hidden = False
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
        self.tell()
        self.update()

    def forget(self) -> None:
        """Let go of the run: a panel that is not shown keeps none in memory."""
        self._picture.forget()

    def set_shown(self, shown: Stretch | None) -> None:
        """Show a stretch of the run, or all of it (None)."""
        self._picture.set_shown(shown)
        self.update()

    def set_future_hidden(self, hidden: bool) -> None:
        """Show nothing after the cursor, or only veil it."""
        self._hidden = hidden
        self._hover_ns = None
        self.update()

    def set_chosen(self, chosen: Stretch | None) -> None:
        """Mark a stretch and tell its figures, or none."""
        if chosen != self._chosen:
            self._chosen = chosen
            self.tell()
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
        if t_ns == self._t_ns:
            return
        before, self._t_ns = self._t_ns, t_ns
        if self._picture.content is None or self._hover_ns is not None or self._chosen is not None:
            self.update()
            return
        for rect in changed_between(self._picture, before, t_ns, self.height()):
            self.update(rect.toAlignedRect())

    def set_hover(self, t_ns: int | None) -> None:
        """Show the read-out of an instant, or none."""
        if self._hidden and t_ns is not None and t_ns > self._t_ns:
            t_ns = None
        if t_ns != self._hover_ns:
            self._hover_ns = t_ns
            self.update()

    def tell(self) -> None:
        """Describe the plot at the playhead for those who do not see it."""
        content = self._picture.content
        if content is None:
            return
        everything: tuple[Bars | Curve | Markers, ...] = (
            *content.bars, *content.curves, *content.markers,
        )  # fmt: skip
        words = ", ".join(entry.word for entry in everything if entry.word)
        near_ns = 0 if self._hidden else max(reach_ns(self._picture), content.end_ns // 100)
        values = content.read(self._t_ns, near_ns)
        parts = [values.replace("\n", ", "), words, content.note]
        if self._chosen is not None:
            parts.insert(0, "selected " + ", ".join(selection_lines(content, self._chosen)))
        text = "; ".join(part for part in parts if part)
        if text != self.accessibleDescription():
            self.setAccessibleDescription(text)

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
        """Return the instant at a horizontal position, clipped to what is shown."""
        return self._picture.time_at(x_px)

    def minimumSizeHint(self) -> QSize:
        """Return a size at which the plot can be read."""
        return QSize(220, 124)

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(460, 200)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, the veil over the future, what is on its way, and the cursor."""
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self.picture())
        picture, theme = self._picture, self._theme
        if picture.content is not None and picture.area.width() > 0:
            draw_now(painter, picture, theme, self._t_ns, hidden=self._hidden)
            if self._chosen is not None:
                draw_selection(painter, picture, theme, chosen=self._chosen, width=self.width())
            if self._hover_ns is not None and self._anchor_ns is None:
                draw_hover(painter, picture, theme, t_ns=self._hover_ns, width=self.width())
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("link"), 1))
            painter.drawRect(picture.area.adjusted(-2, -2, 2, 2))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ask for the instant under the pointer, or for the other plots; Shift begins a stretch."""
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if self._on_title(event):
            self.choice_requested.emit()
        elif shift and event.button() == Qt.MouseButton.LeftButton and self.content is not None:
            self._anchor_ns = self.time_at(event.position().x())
        else:
            self._scrubber.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub or select while the button is down, read values otherwise."""
        if self._anchor_ns is not None:
            self._select_to(event.position())
            return
        title = self._on_title(event)
        pointing = Qt.CursorShape.PointingHandCursor
        self.setCursor(pointing if title else Qt.CursorShape.ArrowCursor)
        t_ns = self._scrubber.move(event)
        self.hovered.emit(None if title else t_ns)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a stretch that is being dragged."""
        if self._anchor_ns is not None:
            self._select_to(event.position())
            self._anchor_ns = None
            self.update()

    def _select_to(self, position: QPointF) -> None:
        assert self._anchor_ns is not None
        t_ns = self.time_at(position.x())
        if t_ns != self._anchor_ns:
            self.selection_requested.emit(min(t_ns, self._anchor_ns), max(t_ns, self._anchor_ns))

    def _on_title(self, event: QMouseEvent) -> bool:
        """Return whether the pointer is over a title that offers other plots."""
        pressed = event.buttons() & Qt.MouseButton.LeftButton
        moving = event.type() == QEvent.Type.MouseMove and pressed
        over = self._picture.title_rect.contains(event.position())
        return self._choice and over and not moving

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom time at the pointer; sideways, or with Shift, show what is earlier or later."""
        if self.content is None:
            return
        angle = event.angleDelta()
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        sideways = angle.x() if not shift else angle.x() or angle.y()
        length = self._picture.geometry.shown.length_ns
        if sideways:
            self.pan_requested.emit(round(-sideways / NOTCH * PAN_SHARE * length))
        elif angle.y():
            at_ns = self.time_at(event.position().x())
            self.zoom_requested.emit(at_ns, NOTCH_FACTOR ** (angle.y() / NOTCH))
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the plot's menu, at the pointer or, from the keyboard, in the plot."""
        keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        inside = self.mapToGlobal(self._picture.area.topLeft().toPoint())
        self.menu_requested.emit(inside if keyboard else event.globalPos())

    def leaveEvent(self, event: QEvent) -> None:
        """Take the read-out away."""
        self.hovered.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cursor by a hundredth of what is shown; Down asks for the other plots."""
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and self._choice and event.key() == Qt.Key.Key_Down:
            self.choice_requested.emit()
        elif not self._step(event) and not self._scrubber.key(event, self._t_ns):
            super().keyPressEvent(event)

    def _step(self, event: QKeyEvent) -> bool:
        """Move by a hundredth of the stretch that is shown, with Shift by a thousandth."""
        shown, run = self._picture.geometry.shown, self._run_length()
        ways = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        way = ways.get(Qt.Key(event.key()))
        if way is None or run is None or shown.length_ns >= run:
            return False
        fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        step = max(1, shown.length_ns // (1000 if fine else 100))
        self.seek_requested.emit(max(0, min(run, self._t_ns + way * step)))
        return True

    def _run_length(self) -> int | None:
        content = self._picture.content
        return None if content is None else content.end_ns

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the focus."""
        self.update()
