"""Dialogs in the window's scale, and never larger than there is room: what does not fit scrolls.

A part of `gui.wiring`. It watches the window's dialogs as they come; they know nothing of it.
"""

from typing import Final

from PySide6.QtCore import QChildEvent, QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QBoxLayout,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLayout,
    QMessageBox,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gui.main_window import MainWindow
from gui.style.enlarging import (
    LEAST_SCALE_PROPERTY,
    SCALE_PROPERTY,
    enlarge,
    enlarge_font,
    margins_of,
    scale_of,
    set_margins,
    widgets_in,
)
from gui.style.style_sheet import dress, style_sheet
from gui.style.watching import unwatched

FRAME_PX: Final = QSize(8, 36)
"""Room for the frame and title that a desktop puts around a dialog."""
BAR_PX: Final = 12
GAP_PX: Final = 10
MOST_PX: Final = (1 << 24) - 1


class DialogScale(QObject):
    """Shows every dialog of a window in the window's scale."""

    def __init__(self, window: MainWindow) -> None:
        """Watch a window."""
        super().__init__(window)
        self._window, self._scale = window, window.scale
        # In a turn of its own: the window has just done as much.
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._restyle)
        window.installEventFilter(self)
        window.room_changed.connect(self._on_room_changed)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take a dialog when it is shown, and what is added to it later."""
        kind = event.type()
        if kind == QEvent.Type.ChildPolished and isinstance(event, QChildEvent):
            child = event.child()
            if watched is self._window:
                if isinstance(child, QDialog) and not isinstance(child, QFileDialog):
                    child.installEventFilter(self)
            elif isinstance(child, QWidget) and scale_of(child) != 1 and not child.isWindow():
                self._enlarge_all(child, scale_of(child))
        elif kind == QEvent.Type.Show and isinstance(watched, QDialog):
            if watched.parentWidget() is self._window:
                self._fit(watched)
        elif kind == QEvent.Type.FocusIn and isinstance(watched, QWidget):
            self._bring_into_sight(watched)
        elif kind == QEvent.Type.StyleChange and watched is self._window:
            self._soon.start()
        return False

    def _on_room_changed(self) -> None:
        if self._window.scale != self._scale:
            self._scale = self._window.scale
            for dialog in self._dialogs():
                self._fit(dialog)

    def _restyle(self) -> None:
        """Give the dialogs that are open the window's new colours."""
        for dialog in self._dialogs():
            if scale_of(dialog) != 1:
                dress(dialog, style_sheet(self._window.theme, scale_of(dialog)))

    def _dialogs(self) -> list[QDialog]:
        direct = Qt.FindChildOption.FindDirectChildrenOnly
        found = self._window.findChildren(QDialog, options=direct)
        return [d for d in found if d.isVisible() and not isinstance(d, QFileDialog)]

    def _fit(self, dialog: QDialog) -> None:
        """Show a dialog in the window's scale, within the room there is."""
        least = dialog.property(LEAST_SCALE_PROPERTY) or 0.0
        before, scale, size = scale_of(dialog), max(self._window.scale, least), dialog.size()
        if scale != before:
            dialog.setProperty(SCALE_PROPERTY, scale)
            with unwatched():
                enlarge_font(dialog, scale)
                self._enlarge_all(dialog, scale)
            dress(dialog, style_sheet(self._window.theme, scale))
        if not isinstance(dialog, QMessageBox):  # a box finds its own size when it is shown
            self._resize(dialog, size * (scale / before))

    def _enlarge_all(self, root: QWidget, scale: float) -> None:
        for widget in widgets_in(root):
            enlarge(widget, scale)
            widget.installEventFilter(self)

    def _resize(self, dialog: QDialog, wanted: QSize) -> None:
        layout = dialog.layout()
        if layout is None:
            return
        room = self._room(dialog)
        if isinstance(layout, QHBoxLayout) and layout.totalMinimumSize().width() > room.width():
            layout.setDirection(QBoxLayout.Direction.TopToBottom)  # one below the other
        layout.activate()
        size = _needed(layout, wanted).boundedTo(room)
        if _needed(layout, size).height() > room.height() or (
            layout.totalMinimumSize().width() > room.width()
        ):
            self._let_scroll(dialog, layout)
            dialog.setMinimumSize(0, 0)
            dialog.setMaximumSize(MOST_PX, MOST_PX)
        dialog.setMinimumSize(dialog.minimumSize().boundedTo(room))
        dialog.setMaximumSize(dialog.maximumSize().expandedTo(size))
        middle = dialog.geometry().center()
        dialog.resize(size)
        if dialog.testAttribute(Qt.WidgetAttribute.WA_Moved):
            shift = middle.x() - dialog.geometry().center().x()
            top = min(dialog.y(), self._window.mapToGlobal(self._window.rect().bottomLeft()).y()
                      - size.height() - FRAME_PX.height() // 2)
            dialog.move(max(0, dialog.x() + shift), max(0, top))

    def _room(self, dialog: QDialog) -> QSize:
        """Return how large a dialog may be: within the screen, and not beyond the window."""
        return dialog.screen().availableSize().boundedTo(self._window.size()) - FRAME_PX

    def _let_scroll(self, dialog: QDialog, layout: QLayout) -> None:
        """Put what a dialog holds into an area that scrolls; its buttons stay in sight."""
        if dialog.findChild(ScrolledDialog, options=Qt.FindChildOption.FindDirectChildrenOnly):
            return
        foot = _take_foot(layout)
        margins, scale = margins_of(layout), scale_of(dialog)
        content = QWidget()
        content.setObjectName("sideContent")
        content.setLayout(layout)
        area = ScrolledDialog(content, dialog.windowTitle())
        outer = QVBoxLayout(dialog)
        outer.setSpacing(GAP_PX)
        set_margins(outer, margins, scale)
        set_margins(layout, (0, 0, BAR_PX, 0), scale)
        outer.addWidget(area, 1)
        if foot is not None:
            sides = outer.contentsMargins()
            for row in _rows(foot, self._room(dialog).width() - sides.left() - sides.right()):
                outer.addLayout(row)
        for widget in widgets_in(dialog):
            widget.installEventFilter(self)

    def _bring_into_sight(self, widget: QWidget) -> None:
        around = widget.parentWidget()
        while around is not None:
            if isinstance(around, ScrolledDialog):
                around.ensureWidgetVisible(widget)
                return
            around = around.parentWidget()


class ScrolledDialog(QScrollArea):
    """What a dialog holds, where there is not enough room for it."""

    def __init__(self, content: QWidget, title: str) -> None:
        """Hold it."""
        super().__init__()
        self.setObjectName("side")
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setAccessibleName(title)
        self.setWidget(content)


def _needed(layout: QLayout, size: QSize) -> QSize:
    """Return a size that is large enough for what a layout holds: text that wraps is high."""
    size = size.expandedTo(layout.totalMinimumSize())
    if layout.hasHeightForWidth():
        height = layout.totalMinimumHeightForWidth(size.width())
        size = QSize(size.width(), max(size.height(), height))
    return size


def _rows(foot: QHBoxLayout, wide_px: int) -> list[QHBoxLayout]:
    """Return a row of buttons as two where it is too wide: what follows its gap goes below."""
    if foot.minimumSize().width() <= wide_px:
        return [foot]
    spacers = [foot.itemAt(i) for i in range(foot.count())]
    gaps = [i for i, s in enumerate(spacers) if s is not None and s.spacerItem() is not None]
    gaps = [i for i in gaps if foot.stretch(i)]
    if not gaps:
        return [foot]
    below = QHBoxLayout()
    below.setSpacing(foot.spacing())
    below.addStretch(1)
    while foot.count() > gaps[-1] + 1:
        item = foot.takeAt(gaps[-1] + 1)
        widget = item.widget() if item is not None else None
        if widget is not None:
            below.addWidget(widget)
    return [foot, below]


def _take_foot(layout: QLayout) -> QHBoxLayout | None:
    """Take the row of buttons, which is the last one, out of a dialog's layout."""
    if not isinstance(layout, QBoxLayout) or layout.count() < 2:
        return None
    last = layout.itemAt(layout.count() - 1)
    foot = last.layout() if last is not None else None
    if not isinstance(foot, QHBoxLayout):
        return None
    layout.takeAt(layout.count() - 1)
    return foot
