"""What stands in the place of the page grids for a recording: that it holds no pages, and figures.

A recording knows counters, not pages; a hatched map says so and invents none. It costs the same for
a VM of any size.
"""

from typing import Final

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.history import Frame, History
from engine.recorded import RecordedHistory, known_at
from engine.specs import PAGE_BYTES
from engine.units import format_count, format_size
from gui.style.theme import DARK, Theme, ui_font

NO_PAGES: Final = "This recording holds no pages: only counters were recorded, so no map is drawn."
PINGS_ONLY: Final = "This recording holds no pages: only pings were recorded."
CARD_PX: Final = 560
PAD_PX: Final = 18
BAR_PX: Final = 22
HATCH_ALPHA: Final = 70
CENTER: Final = int(Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap)


class NoPagesView(QWidget):
    """A hatched map with a card of what was transferred and what is left."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden; `take` gives it a recording."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Memory: this recording holds no pages")
        self._theme = DARK
        self._recording: RecordedHistory | None = None
        self._lines: tuple[str, ...] = ()
        self._sent = self._left = 0
        self.hide()

    @property
    def lines(self) -> tuple[str, ...]:
        """Return the sentence and the figures as shown."""
        return self._lines

    def take(self, history: History) -> bool:
        """Take a run; return whether it is a recording, for which this view is meant."""
        self._recording = history if isinstance(history, RecordedHistory) else None
        self.setVisible(self._recording is not None)
        self.raise_()
        return self._recording is not None

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def show_frame(self, frame: Frame) -> None:
        """Show the counters of an instant; repaint only if they change."""
        if self._recording is None:
            return
        lines, sent, left = self._told(self._recording, frame.t_ns)
        if (lines, sent, left) != (self._lines, self._sent, self._left):
            self._lines, self._sent, self._left = lines, sent, left
            self.setAccessibleDescription(" ".join(lines))
            self.update()

    @staticmethod
    def _told(recording: RecordedHistory, t_ns: int) -> tuple[tuple[str, ...], int, int]:
        """Return the lines, and bytes sent and left (0: not known)."""
        if not recording.migrations:
            return (PINGS_ONLY,), 0, 0
        m = recording.migrations[0]
        sent = known_at(recording.transferred_bytes, t_ns)
        left = known_at(recording.remaining_bytes, t_ns)
        lines = [NO_PAGES]
        lines.append(f"Sent: {format_size(sent)}" if sent is not None else "Sent: not recorded yet")
        if left is not None:
            pages = format_count(left // PAGE_BYTES)
            lines.append(f"Left: {format_size(left)} ({pages} pages of 4 KiB)")
        elif not recording.remaining_bytes.t_ns:
            lines.append("Left: this kind of recording does not tell")
        if recording.memory_known:
            lines.append(f"Memory of the VM: {format_size(m.pages_total * PAGE_BYTES)}")
        return tuple(lines), sent or 0, left or 0

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the hatched map, and the card on it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("sunken"))
        hatch = QColor(self._theme.color("dim"))
        hatch.setAlpha(HATCH_ALPHA)
        painter.fillRect(self.rect(), QBrush(hatch, Qt.BrushStyle.BDiagPattern))
        painter.setPen(QPen(self._theme.color("line"), 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        self._paint_card(painter)

    def _paint_card(self, painter: QPainter) -> None:
        width = min(CARD_PX, self.width() - 2 * PAD_PX)
        inner = width - 2 * PAD_PX
        fonts = [ui_font(15, bold=True), *(ui_font(13) for _ in self._lines[1:])]
        heights = [
            QFontMetrics(font).boundingRect(QRect(0, 0, inner, 1000), CENTER, text).height() + 6
            for font, text in zip(fonts, self._lines, strict=False)
        ]
        bar = BAR_PX + 10 if self._sent or self._left else 0
        height = sum(heights) + bar + 2 * PAD_PX
        card = QRect((self.width() - width) // 2, (self.height() - height) // 2, width, height)
        painter.fillRect(card, self._theme.color("panel"))
        painter.setPen(QPen(self._theme.color("line"), 1))
        painter.drawRect(card)
        y = card.top() + PAD_PX
        for i, (font, text, room) in enumerate(zip(fonts, self._lines, heights, strict=False)):
            painter.setFont(font)
            painter.setPen(self._theme.color("ink" if i else "warn"))
            painter.drawText(QRect(card.left() + PAD_PX, y, inner, room), CENTER, text)
            y += room
        if bar:
            self._paint_bar(painter, QRectF(card.left() + PAD_PX, y + 8, inner, BAR_PX - 8))

    def _paint_bar(self, painter: QPainter, box: QRectF) -> None:
        """Draw what was sent and what is left, one after the other; the rest is hatched."""
        whole = max(1, self._sent + self._left)
        split = box.width() * self._sent / whole
        painter.fillRect(box, self._theme.color("ground"))
        sent = QRectF(box.left(), box.top(), split, box.height())
        painter.fillRect(sent, self._theme.color("link"))
        left = QRectF(sent.right(), box.top(), box.width() - split, box.height())
        painter.fillRect(left, QBrush(self._theme.color("warn"), Qt.BrushStyle.FDiagPattern))
        painter.setPen(QPen(self._theme.color("line"), 1))
        painter.drawRect(box)

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(1060, 380)

    def minimumSizeHint(self) -> QSize:
        """Return the least size in which the card is readable."""
        return QSize(360, 190)
