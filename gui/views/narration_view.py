"""One headline and one sentence about what is happening at the playhead."""

from typing import Final

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QTextCharFormat,
    QTextLayout,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.history import Frame, History
from engine.narration import narrate
from gui.style.theme import DARK, Theme, ui_font

FONT_PX: Final = 15
MARGIN_X_PX: Final = 16
MARGIN_Y_PX: Final = 6
MAX_LINES: Final = 2
SMALLEST_PX: Final = 11


class NarrationView(QWidget):
    """The narrator's line; it always has room for two lines, so nothing below it moves."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without a text."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = DARK
        self._history: History | None = None
        self._selected = ""
        self._headline = ""
        self._sentence = ""
        self._font_px, self._lines = FONT_PX, MAX_LINES
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(self.sizeHint().height())
        self.setAccessibleName("What is happening")

    @property
    def text(self) -> str:
        """Return headline and sentence."""
        return f"{self._headline} {self._sentence}".strip()

    def set_font_px(self, size_px: int | None) -> None:
        """Write larger, for an audience; None: as usual."""
        self._font_px = size_px or FONT_PX
        self._lines = MAX_LINES if size_px is None else MAX_LINES + 1
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def set_history(self, history: History, *, selected: str) -> None:
        """Speak about a run and one of its VMs."""
        self._history, self._selected = history, selected

    def show_frame(self, frame: Frame) -> None:
        """Say what is happening at the frame's instant; repaint only if the words change."""
        if self._history is None:
            return
        told = narrate(self._history, frame.t_ns, self._selected)
        self.show_text(told.headline, told.sentence)

    def show_text(self, headline: str, sentence: str) -> None:
        """Show these words; a headline without a full stop gets one."""
        if headline and headline[-1] not in ".!?:":
            headline += "."
        if (headline, sentence) == (self._headline, self._sentence):
            return
        self._headline, self._sentence = headline, sentence
        self.setAccessibleDescription(self.text)
        self.setToolTip(self.text)
        self.update()

    def _layout(self, size_px: int) -> QTextLayout:
        """Return the text set in lines at a font size."""
        layout = QTextLayout(self.text, ui_font(size_px))
        accent, ink = QTextCharFormat(), QTextCharFormat()
        accent.setForeground(QColor(self._theme.link))
        accent.setFontWeight(QFont.Weight.Bold)
        ink.setForeground(QColor(self._theme.ink))
        ranges = []
        split = len(self._headline)
        for start, length, style in ((0, split, accent), (split, len(self.text), ink)):
            part = QTextLayout.FormatRange()
            part.start, part.length, part.format = start, length, style
            ranges.append(part)
        layout.setFormats(ranges)
        layout.beginLayout()
        height = float(QFontMetrics(ui_font(size_px)).height() + 1)
        y = 0.0
        while (line := layout.createLine()).isValid():
            line.setLineWidth(max(1, self.width() - 2 * MARGIN_X_PX))
            line.setPosition(QPointF(0, y))
            y += height
        layout.endLayout()
        return layout

    def _fitting_layout(self) -> QTextLayout:
        """Return the largest setting that fits into the lines."""
        for size_px in range(self._font_px, SMALLEST_PX, -1):
            layout = self._layout(size_px)
            if layout.lineCount() <= self._lines:
                return layout
        return self._layout(SMALLEST_PX)

    def sizeHint(self) -> QSize:
        """Return room for two lines."""
        line = QFontMetrics(ui_font(self._font_px)).height() + 1
        return QSize(640, self._lines * line + 2 * MARGIN_Y_PX)

    def minimumSizeHint(self) -> QSize:
        """Return the narrowest useful size."""
        return QSize(320, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the text, centred between its borders."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("sunken"))
        painter.setPen(self._theme.color("line"))
        painter.drawLine(0, 0, self.width(), 0)
        layout = self._fitting_layout()
        height = layout.boundingRect().height()
        painter.setClipRect(self.rect(), Qt.ClipOperation.ReplaceClip)
        layout.draw(painter, QPointF(MARGIN_X_PX, max(2.0, (self.height() - height) / 2)))
