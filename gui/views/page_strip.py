"""The life of the page that is followed: its states along time, its writes and sends, to click."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.page_writes import Times
from engine.states import STATE_LABELS
from gui.style.patterns import state_picture
from gui.style.theme import DARK, Theme, ui_font
from gui.views.scrubbing import ArrowKeeper, Scrubber
from gui.views.time_text import time_ticks

if TYPE_CHECKING:
    from engine.page_life import PageLife

TEXT_PX: Final = 30
BAR_PX: Final = 16
MARKS_PX: Final = 9
AXIS_PX: Final = 13
FONT_PX: Final = 11
AXIS_FONT_PX: Final = 10
TILE_PX: Final = 15
HEIGHT_PX: Final = TEXT_PX + MARKS_PX + BAR_PX + AXIS_PX + 4
WRAP: Final = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop)
HINT: Final = "Click the bar to go there. Esc lets go of the page."


class PageStrip(QWidget):
    """Words, and a bar of states with an axis of the whole run.

    Attributes:
        seek_requested: An instant, ns.
        let_go: Escape was pressed.
    """

    seek_requested = Signal(object)
    let_go = Signal()

    def __init__(self) -> None:
        """Start hidden: no page is followed."""
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Life of the page that is followed")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT_PX)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip(HINT)
        self._theme = DARK
        self._life: PageLife | None = None
        self._writes_ns: Times | None = None
        self._t_ns = 0
        self._text = ""
        self._picture: QPixmap | None = None
        self._scrubber = Scrubber(
            lambda: self._life.end_ns if self._life else None,
            self.time_at,
            self.seek_requested.emit,
        )
        self.installEventFilter(ArrowKeeper(self))
        self.hide()

    @property
    def text(self) -> str:
        """Return the words above the bar."""
        return self._text

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme, self._picture = theme, None
        self.update()

    def show_life(self, life: PageLife | None, writes_ns: Times | None) -> None:
        """Follow a page; None: follow none.

        Args:
            life: Its life.
            writes_ns: When it was written, as far as is known.
        """
        self._life, self._writes_ns, self._picture = life, writes_ns, None
        self.setVisible(life is not None)
        self.update()

    def show_instant(self, t_ns: int, text: str) -> None:
        """Move the playhead, and say where the page stands."""
        if (t_ns, text) != (self._t_ns, self._text):
            self._t_ns, self._text = t_ns, text
            self.setAccessibleDescription(text)
            self.update()

    def x_of(self, t_ns: int) -> int:
        """Return the horizontal position of an instant."""
        end_ns = self._life.end_ns if self._life else 1
        return round((self.width() - 1) * t_ns / max(1, end_ns))

    def time_at(self, x: float) -> int:
        """Return the instant at a horizontal position, clipped to the run."""
        end_ns = self._life.end_ns if self._life else 0
        return max(0, min(end_ns, round(x * end_ns / max(1, self.width() - 1))))

    def summary(self) -> str:
        """Return the states in order, for who cannot see the bar."""
        spans = self._life.spans if self._life else ()
        return ", ".join(f"{STATE_LABELS[s]} from {a / 1e9:.3f} s" for a, _, s in spans)

    # Qt

    def sizeHint(self) -> QSize:
        """Return the height that it always has."""
        return QSize(600, HEIGHT_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw the bar anew."""
        self._picture = None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ask for the instant under the pointer."""
        self._scrubber.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Ask for it too while the button is down."""
        self._scrubber.move(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move through time with the arrows; let go with Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.let_go.emit()
        elif not self._scrubber.key(event, self._t_ns):
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the words, the bar and the playhead."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("ground"))
        painter.setFont(ui_font(FONT_PX))
        painter.setPen(self._theme.color("ink"))
        painter.drawText(QRect(0, 0, self.width(), TEXT_PX), WRAP, self._fitting())
        if self._picture is None:
            self._picture = self._render()
        painter.drawPixmap(0, TEXT_PX, self._picture)
        x = self.x_of(self._t_ns)
        painter.fillRect(x - 1, TEXT_PX, 3, MARKS_PX + BAR_PX, self._theme.color("ground"))
        painter.fillRect(x, TEXT_PX, 1, MARKS_PX + BAR_PX + 2, self._theme.color("ink"))
        if self.hasFocus():
            painter.setPen(self._theme.color("link"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _fitting(self) -> str:
        """Return the words, cut behind the last that two lines hold."""
        metrics = QFontMetrics(ui_font(FONT_PX))
        box, words = QRect(0, 0, self.width(), 1000), self._text.split(" ")
        text = self._text
        while len(words) > 1 and metrics.boundingRect(box, WRAP, text).height() > TEXT_PX:
            words.pop()
            text = " ".join(words) + "…"
        return text

    def _render(self) -> QPixmap:
        picture = QPixmap(max(1, self.width()), HEIGHT_PX - TEXT_PX)
        picture.fill(self._theme.color("ground"))
        if self._life is not None:
            painter = QPainter(picture)
            painter.fillRect(0, MARKS_PX, self.width(), BAR_PX, self._theme.color("grid"))
            self._paint_spans(painter, self._life)
            self._paint_marks(painter, self._life)
            self._paint_axis(painter, self._life)
            painter.end()
        return picture

    def _paint_spans(self, painter: QPainter, life: PageLife) -> None:
        for start_ns, stop_ns, state in life.spans:
            left, right = self.x_of(start_ns), self.x_of(stop_ns)
            tile = QBrush(state_picture(state, TILE_PX, self._theme))
            painter.setBrushOrigin(left, MARKS_PX)
            painter.fillRect(left, MARKS_PX, max(1, right - left), BAR_PX, tile)

    def _paint_marks(self, painter: QPainter, life: PageLife) -> None:
        """Ticks over the bar: short ones for writes, arrows for sends."""
        ink, link = self._theme.color("warn"), self._theme.color("link")
        times = [] if self._writes_ns is None else self._writes_ns.tolist()
        for x in sorted({self.x_of(t) for t in times}):
            painter.fillRect(x, 4, 1, MARKS_PX - 4, ink)
        for era in life.eras:
            for change in era.changes:
                if change.begin_ns is not None:
                    x = self.x_of(change.begin_ns)
                    for k in range(4):
                        painter.fillRect(x - k, MARKS_PX - 2 - k, 2 * k + 1, 1, link)

    def _paint_axis(self, painter: QPainter, life: PageLife) -> None:
        painter.setFont(ui_font(AXIS_FONT_PX))
        metrics, top = painter.fontMetrics(), MARKS_PX + BAR_PX + 2
        painter.setPen(self._theme.color("dim"))
        legend = "▾ sent   | written"
        width = metrics.horizontalAdvance(legend)
        painter.drawText(self.width() - width - 2, top + AXIS_PX - 3, legend)
        for t_ns, label in time_ticks(life.end_ns, max(2, self.width() // 90)):
            x, wide = self.x_of(t_ns), metrics.horizontalAdvance(label)
            left = max(0, x - wide // 2)
            if left + wide < self.width() - width - 14:
                painter.drawText(left, top + AXIS_PX - 3, label)
