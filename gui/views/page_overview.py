"""A small map of the whole memory with the visible part outlined, while the grids are zoomed."""

from typing import Final

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy

from gui.views.page_grid import PageGrid

HEIGHT_PX: Final = 54
WIDTH_PX: Final = 140


class PageOverview(PageGrid):
    """The map.

    Attributes:
        page_wanted: A page was pointed at with the button down.
    """

    page_wanted = Signal(object)

    def __init__(self) -> None:
        """Start hidden: everything is shown by the grids."""
        super().__init__("Map of the whole memory", empty_not_sent=False)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedSize(WIDTH_PX, HEIGHT_PX)
        self.setToolTip("The part that the grids show; click to show another")
        self._visible_part = (0, 1)
        self.hide()

    def set_visible_part(self, first: int, last: int) -> None:
        """Outline pages `first` to `last`."""
        self._visible_part = (first, last)
        self.setAccessibleDescription(f"Pages {first:,} to {last:,} are shown.")
        self.update()

    def minimumSizeHint(self) -> QSize:
        """Return its size."""
        return QSize(WIDTH_PX, HEIGHT_PX)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ask for the page under the pointer."""
        self._ask(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Ask for it too while the button is down."""
        self._ask(event)

    def _ask(self, event: QMouseEvent) -> None:
        pages = self.pages_at(event.position().toPoint())
        if pages is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self.page_wanted.emit((pages[0] + pages[1]) // 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the memory, and the outline over it."""
        super().paintEvent(event)
        first, last = (self.cell_of(page) for page in self._visible_part)
        if first is None or last is None:
            return
        painter = QPainter(self)
        lines = self._lines_between(first, last)
        for pen in (QPen(self._theme.color("ground"), 4), QPen(self._theme.color("ink"), 2)):
            painter.setPen(pen)
            for place in lines:
                painter.drawRect(place)
        painter.end()

    def _lines_between(self, first: QRect, last: QRect) -> list[QRect]:
        """Return one frame, from the first line to the last; of one line only its part."""
        if first.top() == last.top():
            return [first.united(last).adjusted(-1, -1, 0, 0)]
        width = self.layout_of_cells.columns * self.layout_of_cells.cell_px
        return [QRect(1, first.top(), width - 3, last.bottom() - first.top())]
