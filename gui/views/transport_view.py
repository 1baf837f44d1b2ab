"""Transport: play, pause, steps by event and round, speed and clock.

The view owns no time. It asks for steps and shows what the player tells it.
"""

import math
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QWidget,
)

from engine.history import Frame, History
from gui.style.style_sheet import dress
from gui.style.theme import DARK, Theme, ui_font
from gui.views.figure_line import FigureLine
from gui.views.stages import blend
from gui.views.time_text import clock_text

SPEEDS: Final = (
    (0.001, "1/1000×"),
    (0.01, "1/100×"),
    (0.1, "1/10×"),
    (0.25, "1/4×"),
    (1.0, "1×"),
    (2.0, "2×"),
    (5.0, "5×"),
    (20.0, "20×"),
)
SMALL_PX: Final = 32
LARGE_PX: Final = 40


def speed_text(speed: float) -> str:
    """Return how a speed is written: "1/10×", or "0.5×" between the detents."""
    for value, text in SPEEDS:
        if math.isclose(value, speed, rel_tol=1e-6):
            return text
    return f"{speed:g}×"


def slow_text(speed: float) -> str:
    """Return a speed of slow motion in steps that can be read: "1/60×"."""
    if speed >= 0.5:
        return f"{speed:.1f}×"
    parts = 1 / speed
    step = 1 if parts < 10 else 5 if parts < 50 else 10 if parts < 200 else 50
    return f"1/{round(parts / step) * step}×"


def icon_path(name: str) -> QPainterPath:
    """Return an icon in a square from -1 to 1: start, play, pause, or a step and its direction."""
    path = QPainterPath()
    if name == "pause":
        path.addRect(QRectF(-0.62, -0.75, 0.42, 1.5))
        path.addRect(QRectF(0.2, -0.75, 0.42, 1.5))
        return path
    sign = -1.0 if name in ("start", "event-back", "round-back") else 1.0
    tips = {"play": [(-0.5, 1.3)], "start": [(0.45, 1.1)]}.get(name, [(-0.4, 0.85)])
    if name.startswith("round"):
        tips = [(-0.85, 0.8), (-0.05, 0.8)]
    for base, length in tips:
        start = base if name != "start" else -0.45
        path.moveTo(sign * start, -0.72)
        path.lineTo(sign * (start + length), 0.0)
        path.lineTo(sign * start, 0.72)
        path.closeSubpath()
    if name == "start":
        path.addRect(QRectF(-0.85, -0.72, 0.22, 1.44))
    if name.startswith("event"):
        path.addRect(QRectF(sign * 0.6 - 0.1, -0.72, 0.2, 1.44))
    return path


class RoundButton(QAbstractButton):
    """A round button whose icon is drawn by code."""

    def __init__(self, icon: str, tip: str, *, large: bool = False) -> None:
        """Draw the icon of that name; the tip is also the accessible name."""
        super().__init__()
        self._icon, self._large, self._theme = icon, large, DARK
        side = LARGE_PX if large else SMALL_PX
        self.setFixedSize(side, side)
        self._tell(tip)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def set_icon(self, icon: str, tip: str) -> None:
        """Show another icon and tip."""
        self._icon = icon
        self._tell(tip)
        self.update()

    def _tell(self, tip: str) -> None:
        """Take a tip: "Next round (PgDown)" is a name and its key."""
        name, _, key = tip.partition(" (")
        self.setToolTip(tip)
        self.setAccessibleName(name)
        self.setAccessibleDescription(f"Key: {key.removesuffix(')')}" if key else "")

    def sizeHint(self) -> QSize:
        """Return the fixed size."""
        return self.minimumSize()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw disc, icon and focus ring."""
        theme = self._theme
        fill = theme.color("accent" if self._large else "field")
        ink = theme.color("accent_ink" if self._large else "ink")
        if self.underMouse() and self.isEnabled():
            fill = blend(fill, ink, 0.12)
        if self.isDown():
            fill = blend(fill, ink, 0.24)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = theme.color("link" if self._large or self.hasFocus() else "line")
        painter.setPen(QPen(edge, 3 if self.hasFocus() else 1))
        painter.setBrush(fill)
        painter.drawEllipse(QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5))
        if self.hasFocus() and self._large:
            painter.setPen(QPen(ink, 2))
            painter.drawEllipse(QRectF(self.rect()).adjusted(4, 4, -4, -4))
        painter.translate(QPointF(self.width() / 2, self.height() / 2))
        scale = self.width() * (0.2 if self._large else 0.18)
        painter.scale(scale, scale)
        painter.fillPath(icon_path(self._icon), ink if self.isEnabled() else theme.color("dim"))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus."""
        super().focusInEvent(event)
        self.update()


class ArrowBox(QComboBox):
    """A box of choices with an arrow in the theme's ink."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self._theme = DARK

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self.set_arrow(theme)
        dress(
            self,
            f"QComboBox {{ color: {theme.ink}; background: {theme.field}; padding: 4px 7px;"
            f" border: 1px solid {theme.line}; border-radius: 6px; }}"
            f"QComboBox:disabled {{ color: {theme.dim}; }}"
            f"QComboBox:focus {{ border: 2px solid {theme.link}; padding: 3px 6px; }}"
            f"QComboBox::drop-down {{ width: 18px; border: 0; }}"
            f"QComboBox::down-arrow {{ image: none; }}"
            f"QComboBox QAbstractItemView {{ color: {theme.ink}; background: {theme.field};"
            f" selection-background-color: {theme.accent};"
            f" selection-color: {theme.accent_ink}; }}"
        )

    def set_arrow(self, theme: Theme) -> None:
        """Take a theme for the arrow alone: the style is that of the parent."""
        self._theme = theme
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to whatever scrolls: passing by must not choose anything."""
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box and its arrow."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("ink" if self.isEnabled() else "dim"), 1.5))
        x, y = self.width() - 13.0, self.height() / 2
        painter.drawPolyline([QPointF(x - 4, y - 2), QPointF(x, y + 2), QPointF(x + 4, y - 2)])


class TransportView(QWidget):
    """Buttons, speed box and clock."""

    play_toggled = Signal()
    """Play or pause was asked for."""
    step_event = Signal(int)
    """A step by one event: -1 back, 1 forward."""
    step_round = Signal(int)
    """A step by one round: -1 back, 1 forward."""
    to_start = Signal()
    """The start of the run was asked for."""
    speed_changed = Signal(float)
    """The user chose a speed: scenario seconds for one second."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start paused at zero with speed 1."""
        super().__init__(parent)
        self._playing = False
        self._start = RoundButton("start", "To the start (Home)")
        self._round_back = RoundButton("round-back", "Previous round (Shift+Left)")
        self._event_back = RoundButton("event-back", "Previous event (Left)")
        self._play = RoundButton("play", "Play (Space)", large=True)
        self._event_next = RoundButton("event-next", "Next event (Right)")
        self._round_next = RoundButton("round-next", "Next round (Shift+Right)")
        self._speed = ArrowBox()
        for value, text in SPEEDS:
            self._speed.addItem(text, value)
        # Digits of one width do not jump; the widest text has its room.
        self._slowed, self._end_ns = "", 0
        self._hidden = False
        self._now = FigureLine(ui_font(14), ink="ink", ground="panel", widest="00:00.0000")
        self._end = QLabel()
        self._lay_out()
        self._connect()
        self.set_speed(1.0)
        self.set_time(0, 0)
        self.set_theme(DARK)

    @property
    def buttons(self) -> tuple[RoundButton, ...]:
        """Return the buttons from left to right."""
        return (
            self._start,
            self._round_back,
            self._event_back,
            self._play,
            self._event_next,
            self._round_next,
        )

    @property
    def speed_box(self) -> QComboBox:
        """Return the box of speeds."""
        return self._speed

    @property
    def clock(self) -> str:
        """Return the clock's text as shown: "00:10.420 of 00:16.0"."""
        return f"{self._now.text()} {self._end.text()}"

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        for button in self.buttons:
            button.set_theme(theme)
        self._now.set_theme(theme)
        dress(self._end, f"color: {theme.dim};")
        self._speed.set_theme(theme)

    def set_compact(self, compact: bool) -> None:
        """Leave Play and the clock where there is little room; keys do the rest."""
        for part in (*self.buttons, self._speed, self._end):
            part.setVisible(not compact or part is self._play)

    def set_history(self, history: History, *, selected: str) -> None:
        """Show the length of a run; steps by round need a VM's rounds."""
        rounds = any(m.rounds for m in history.migrations)
        self._round_back.setEnabled(rounds)
        self._round_next.setEnabled(rounds)
        self._set_end(history.end_ns)

    def show_frame(self, frame: Frame) -> None:
        """Show the frame's instant on the clock."""
        self._set_now(frame.t_ns)

    def set_playing(self, playing: bool) -> None:
        """Show the pause icon while the run is played, else the play icon."""
        if playing != self._playing:
            self._playing = playing
            icon, word = ("pause", "Pause") if playing else ("play", "Play")
            self._play.set_icon(icon, f"{word} (Space)")

    def set_speed(self, speed: float) -> None:
        """Show a speed without asking for it."""
        index = next((i for i, (value, _) in enumerate(SPEEDS) if math.isclose(value, speed)), -1)
        if index == self._speed.currentIndex() and index >= 0:
            return
        self._speed.blockSignals(True)
        if index < 0:
            self._drop_odd_speed()
            self._speed.addItem(speed_text(speed), speed)
            index = self._speed.count() - 1
        self._speed.setCurrentIndex(index)
        self._speed.blockSignals(False)

    def set_time(self, t_ns: int, end_ns: int) -> None:
        """Show an instant and the length of the run."""
        self._set_now(t_ns)
        self._set_end(end_ns)

    def _drop_odd_speed(self) -> None:
        if self._speed.count() > len(SPEEDS):
            self._speed.removeItem(len(SPEEDS))

    def _set_now(self, t_ns: int) -> None:
        self._now.set_text(clock_text(t_ns))

    def set_slowed(self, speed: float) -> None:
        """Say that slow motion holds the playing back to a speed; 0.0: it does not."""
        self._slowed = f"slow {slow_text(speed)}" if speed else ""
        self._set_end(self._end_ns)

    def set_future_hidden(self, hidden: bool) -> None:
        """Do not tell how long the run is, or tell it again."""
        self._hidden = hidden
        self._set_end(self._end_ns)

    def _set_end(self, end_ns: int) -> None:
        self._end_ns = end_ns
        length = "?" if self._hidden else clock_text(end_ns, decimals=1)
        text = self._slowed or f"of {length}"
        if text != self._end.text():
            self._end.setText(text)
            width = QFontMetrics(self._end.font()).horizontalAdvance(text)
            self._end.setMinimumWidth(max(width, self._end.minimumWidth()))

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(7)
        for button in self.buttons:
            layout.addWidget(button)
        self._speed.setFont(ui_font(13))
        self._speed.setAccessibleName("Speed of playback")
        self._speed.setToolTip("Speed of playback (- slower, + faster)")
        self._speed.setAccessibleDescription("Keys: - slower, + faster")
        widest = max(QFontMetrics(ui_font(13)).horizontalAdvance(t) for _, t in SPEEDS)
        self._speed.setFixedWidth(widest + 36)
        self._speed.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        layout.addWidget(self._speed)
        self._now.setAccessibleName("Playhead")
        self._end.setFont(ui_font(11))
        layout.addWidget(self._now)
        layout.addWidget(self._end)

    def _connect(self) -> None:
        self._start.clicked.connect(self.to_start)
        self._play.clicked.connect(self.play_toggled)
        self._event_back.clicked.connect(lambda: self.step_event.emit(-1))
        self._event_next.clicked.connect(lambda: self.step_event.emit(1))
        self._round_back.clicked.connect(lambda: self.step_round.emit(-1))
        self._round_next.clicked.connect(lambda: self.step_round.emit(1))
        self._speed.currentIndexChanged.connect(self._on_speed_chosen)

    def _on_speed_chosen(self, index: int) -> None:
        speed = self._speed.itemData(index)
        if speed is not None:
            self.speed_changed.emit(float(speed))
