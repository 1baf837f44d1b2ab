"""A row of small tabs for views that have one line to spare."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.style.theme import DARK, Theme, ui_font
from gui.views.scrubbing import ArrowKeeper

FONT_PX: Final = 12
PAD_PX: Final = 7
LINE_PX: Final = 2
HEIGHT_PX: Final = 19


class TabStrip(QWidget):
    """Names side by side, one of them chosen, by mouse or by Left and Right."""

    chosen = Signal(int)
    """The user chose another tab: its place."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        """Start without tabs; `name` says what they choose among."""
        super().__init__(parent)
        self._theme = DARK
        self._texts: tuple[str, ...] = ()
        self._current = 0
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.installEventFilter(ArrowKeeper(self))

    @property
    def texts(self) -> tuple[str, ...]:
        """Return the names of the tabs."""
        return self._texts

    @property
    def current(self) -> int:
        """Return the place of the chosen tab."""
        return self._current

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def set_tabs(self, texts: Sequence[str], current: int) -> None:
        """Show these tabs; nothing is told to anybody."""
        if tuple(texts) != self._texts:
            self._texts = tuple(texts)
            self.updateGeometry()
        self._current = current
        self.setAccessibleDescription(self._texts[current] if self._texts else "")
        self.update()

    def place_of(self, index: int) -> QRect:
        """Return where a tab lies."""
        return self._places()[index]

    def _places(self) -> list[QRect]:
        metrics, x, places = QFontMetrics(ui_font(FONT_PX)), 0, []
        for text in self._texts:
            width = metrics.horizontalAdvance(text) + 2 * PAD_PX
            places.append(QRect(x, 0, width, HEIGHT_PX))
            x += width
        return places

    def _choose(self, index: int) -> None:
        if index != self._current and 0 <= index < len(self._texts):
            self.set_tabs(self._texts, index)
            self.chosen.emit(index)

    def sizeHint(self) -> QSize:
        """Return room for all names."""
        places = self._places()
        return QSize(places[-1].right() + 1 if places else 0, HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        """Return the same."""
        return self.sizeHint()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the tab under the pointer."""
        for i, place in enumerate(self._places()):
            if place.contains(event.position().toPoint()):
                self._choose(i)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose the neighbour."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self._choose(self._current + step)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the focus."""
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Write the names; the chosen one is underlined."""
        painter = QPainter(self)
        painter.setFont(ui_font(FONT_PX))
        for i, (text, place) in enumerate(zip(self._texts, self._places(), strict=True)):
            chosen = i == self._current
            painter.setPen(self._theme.color("ink" if chosen else "dim"))
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), text)
            if chosen:
                line = QRect(place.left() + PAD_PX - 2, place.bottom() - LINE_PX + 1, 0, LINE_PX)
                line.setRight(place.right() - PAD_PX + 2)
                painter.fillRect(line, self._theme.color("link"))
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("link"), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
