"""The command palette: type a few letters of anything that the window can do, and do it."""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct
from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from gui.models.fuzzy import ranked
from gui.style.enlarging import scale_of, shrunk
from gui.style.theme import Theme, ui_font

WIDTH_PX: Final = 680
HEIGHT_PX: Final = 460
ROW_PX: Final = 44
TOP_PX: Final = 60
ENTRY_ROLE: Final = Qt.ItemDataRole.UserRole
_MOVES: Final = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class Command(Struct, frozen=True):
    """Something that can be done.

    Attributes:
        key: What it is remembered by.
        name: What it is called.
        words: What it does, or where it stands in the menus.
        keys: Its keys as people read them; "": none.
        why_not: Why it cannot be done now; "": it can.
        run: Does it.
    """

    key: str
    name: str
    words: str
    keys: str
    why_not: str
    run: Callable[[], object]


class CommandPalette(QDialog):
    """Finds commands by a few letters.

    Args:
        commands: Everything, in the order in which it is listed.
        recent: Keys of the commands that were used last, newest first: they come first.
        theme: Its colours.
        parent: The window; the palette lies over its upper part.

    Attributes:
        used: The key of the command that was chosen, "" before.
    """

    def __init__(
        self,
        commands: Sequence[Command],
        recent: Sequence[str],
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Commands")
        self.used = ""
        order = {key: i for i, key in enumerate(recent)}
        self._commands = sorted(commands, key=lambda c: order.get(c.key, len(order)))
        self.field = QLineEdit()
        self.field.setFont(ui_font(15))
        self.field.setPlaceholderText("Type a few letters, as in “sw” for slow motion")
        self.field.setAccessibleName("Command")
        self.field.textChanged.connect(self._list)
        self.field.returnPressed.connect(self._choose)
        self.field.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName("Commands that fit")
        self.list.setItemDelegate(_Rows(theme, self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.itemClicked.connect(lambda item: self._choose())
        self.list.currentItemChanged.connect(lambda item, before: self._tell())
        self.foot = QLabel()
        self.foot.setObjectName("dim")
        self.foot.setFont(ui_font(12))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 10)
        layout.setSpacing(8)
        for part in (self.field, self.list, self.foot):
            layout.addWidget(part, 1 if part is self.list else 0)
        self.resize(WIDTH_PX, HEIGHT_PX)
        if parent is not None:
            corner = parent.mapToGlobal(parent.rect().topLeft())
            self.move(corner.x() + (parent.width() - WIDTH_PX) // 2, corner.y() + TOP_PX)
        self._list("")

    @property
    def shown(self) -> list[Command]:
        """Return the commands that fit what was typed, best first."""
        items = (self.list.item(row) for row in range(self.list.count()))
        return [item.data(ENTRY_ROLE) for item in items]

    def _list(self, typed: str) -> None:
        self.list.clear()
        for index in ranked(typed, ((c.name, c.words) for c in self._commands)):
            command = self._commands[index]
            item = QListWidgetItem(command.name)
            item.setData(ENTRY_ROLE, command)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, _spoken(command))
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self._tell()

    def _tell(self) -> None:
        command = self._current()
        if command is None:
            self.foot.setText("Nothing is called that.")
        elif command.why_not:
            self.foot.setText(f"Not now: {command.why_not}.")
        else:
            self.foot.setText("Return does it, Up and Down choose, Escape closes.")
        self.field.setAccessibleDescription(_spoken(command) if command else self.foot.text())

    def _current(self) -> Command | None:
        item = self.list.currentItem()
        command: Command | None = None if item is None else item.data(ENTRY_ROLE)
        return command

    def _choose(self) -> None:
        command = self._current()
        if command is None or command.why_not:
            return
        self.used = command.key
        self.accept()
        command.run()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the arrows choose in the list while letters go into the field."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in _MOVES:
                row_px = round(ROW_PX * scale_of(self))
                count, page = self.list.count(), max(1, self.list.height() // row_px - 1)
                steps = dict(zip(_MOVES, (-1, 1, -page, page), strict=True))
                row = self.list.currentRow() + steps[Qt.Key(event.key())]
                self.list.setCurrentRow(max(0, min(row, count - 1)))
                return True
        return False


def _spoken(command: Command) -> str:
    parts = (command.name, command.words, command.keys, command.why_not)
    return ". ".join(part for part in parts if part)


class _Rows(QStyledItemDelegate):
    """Draws a command: its name, what it does below, its keys to the right."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Return the height of every row."""
        return QSize(0, round(ROW_PX * scale_of(option.widget)))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Draw one row; what cannot be done now is dim and says why."""
        command: Command = index.data(ENTRY_ROLE)
        theme, scale = self._theme, scale_of(option.widget)
        rect = QRect(QPoint(0, 0), shrunk(option.rect.size(), scale))
        painter.save()
        painter.translate(option.rect.topLeft())
        painter.scale(scale, scale)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.fillRect(rect, theme.color("accent"))
            painter.fillRect(QRect(rect.x(), rect.y(), 4, rect.height()), theme.color("ink"))
        inside = rect.adjusted(14, 4, -10, -4)
        ink = "accent_ink" if chosen else "dim" if command.why_not else "ink"
        below = f"not now: {command.why_not}" if command.why_not else command.words
        keys_font, name_font, words_font = ui_font(12, bold=True), ui_font(14), ui_font(12)
        keys_px = QFontMetrics(keys_font).horizontalAdvance(command.keys)
        room = inside.adjusted(0, 0, -(keys_px + 12) if keys_px else 0, 0)
        for font, text, role, flag in (
            (name_font, command.name, ink, Qt.AlignmentFlag.AlignTop),
            (words_font, below, "accent_ink" if chosen else "dim", Qt.AlignmentFlag.AlignBottom),
        ):
            painter.setFont(font)
            painter.setPen(theme.color(role))
            cut = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, flag | Qt.AlignmentFlag.AlignLeft, cut)
        painter.setFont(keys_font)
        painter.setPen(theme.color(ink))
        painter.drawText(
            inside, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, command.keys
        )
        painter.restore()
