"""Mouse and keys on the page grids, told as what the user wants with which pages."""

from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from gui.views.page_grid import PageGrid

NOTCH: Final = 120
HOVER_MS: Final = 140
"""The pointer rests so long before a story is told."""
DRAG_PX: Final = 5
ZOOM_KEYS: Final = {
    Qt.Key.Key_Plus: 1, Qt.Key.Key_Equal: 1, Qt.Key.Key_Minus: -1,
}  # fmt: skip
PAN_KEYS: Final = {
    Qt.Key.Key_Up: -0.2, Qt.Key.Key_Down: 0.2, Qt.Key.Key_Left: -1.0, Qt.Key.Key_Right: 1.0,
}  # fmt: skip


class PagePointing(QObject):
    """Event filter of the grids.

    Attributes:
        zoom_wanted: (grid, point or None for its middle, steps towards single pages).
        opened: (grid, point): zoom into the cell there.
        whole_wanted: Show everything.
        pan_wanted: By so many thousandths of what is shown, towards higher pages.
        rested: (grid, point): the pointer rests there; (None, None): it is gone.
        picked: (first page, last page) of the cell that was clicked.
        let_go: Escape.
    """

    zoom_wanted = Signal(object, object, float)
    opened = Signal(object, object)
    whole_wanted = Signal()
    pan_wanted = Signal(int)
    rested = Signal(object, object)
    picked = Signal(object, object)
    let_go = Signal()

    def __init__(self, grids: tuple[PageGrid, ...], parent: QObject) -> None:
        """Listen to these grids."""
        super().__init__(parent)
        self.zoomed = False
        """Whether arrows pan; if not they are left to the window."""
        self._grid: PageGrid | None = None
        self._at = QPoint()
        self._pressed: QPoint | None = None
        self._dragged_px = 0
        self._rest = QTimer(self, singleShot=True, interval=HOVER_MS)
        self._rest.timeout.connect(lambda: self.rested.emit(self._grid, self._at))
        for grid in grids:
            grid.setMouseTracking(True)
            grid.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            grid.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take wheel, buttons and keys of a grid."""
        if not isinstance(watched, PageGrid):
            return False
        if isinstance(event, QWheelEvent):
            return self._wheel(watched, event)
        if isinstance(event, QMouseEvent):
            return self._mouse(watched, event)
        if isinstance(event, QKeyEvent):
            return self._key(watched, event)
        if event.type() == QEvent.Type.Leave:
            self._rest.stop()
            self.rested.emit(None, None)
        return False

    def _wheel(self, grid: PageGrid, event: QWheelEvent) -> bool:
        delta = event.angleDelta().y()
        if delta:
            self.zoom_wanted.emit(grid, event.position().toPoint(), delta / NOTCH)
        return True

    def _mouse(self, grid: PageGrid, event: QMouseEvent) -> bool:
        at, kind = event.position().toPoint(), event.type()
        left = event.button() == Qt.MouseButton.LeftButton
        if kind == QEvent.Type.MouseMove:
            self._move(grid, at)
        elif kind == QEvent.Type.MouseButtonDblClick and left:
            self._pressed = None
            self.opened.emit(grid, at)
        elif kind == QEvent.Type.MouseButtonPress and left:
            self._pressed, self._dragged_px = at, 0
        elif kind == QEvent.Type.MouseButtonRelease and left and self._pressed is not None:
            pages = grid.pages_at(at)
            if pages is not None and self._dragged_px <= DRAG_PX:
                self.picked.emit(*pages)
            self._pressed = None
        return False

    def _move(self, grid: PageGrid, at: QPoint) -> None:
        if self._pressed is not None:
            moved = at - self._pressed
            self._dragged_px = max(self._dragged_px, moved.manhattanLength())
            if self.zoomed and abs(moved.y()) >= grid.layout_of_cells.cell_px:
                self.pan_wanted.emit(-1000 * moved.y() // max(1, grid.height()))
                self._pressed = at
            return
        self._grid, self._at = grid, at
        self._rest.start()

    def _key(self, grid: PageGrid, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        plain = event.modifiers() & ~(
            Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier
        )
        if plain or not self._takes(key):
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
        elif event.type() == QEvent.Type.KeyPress:
            if key in ZOOM_KEYS:
                self.zoom_wanted.emit(grid, None, float(ZOOM_KEYS[key]))
            elif key in PAN_KEYS:
                self.pan_wanted.emit(round(1000 * PAN_KEYS[key]))
            elif key == Qt.Key.Key_0:
                self.whole_wanted.emit()
            else:
                self.let_go.emit()
        return True

    def _takes(self, key: Qt.Key) -> bool:
        if key in PAN_KEYS:
            return self.zoomed
        return key in ZOOM_KEYS or key in (Qt.Key.Key_0, Qt.Key.Key_Escape)
