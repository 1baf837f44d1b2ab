"""The small tree of futures: gone to, named, chosen to compare, deleted."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.units import format_duration_ns
from gui.style.style_sheet import dress
from gui.style.theme import Theme, ui_font

RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
ROW_PX: Final = 26
MOST_ROWS: Final = 9
MOST_COMPARED: Final = 4
NODE_ROLE: Final = Qt.ItemDataRole.UserRole
_OWN_KEYS: Final = (
    Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2, Qt.Key.Key_Delete, Qt.Key.Key_Space,
    Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
)


class Future(Protocol):
    """What is shown of a future."""

    name: str
    at_ns: int
    outcome: str
    total_ns: int | None
    downtime_ns: int | None


class BranchTree(QFrame):
    """Lists the futures of a scenario.

    Signals:
        chosen: With the future to go to.
        renamed: With the future and its new name.
        deleted: With the future to delete.
        compare_wanted: With the futures that are checked, two to four.
    """

    chosen = Signal(object)
    renamed = Signal(object, str)
    deleted = Signal(object)
    compare_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty and hidden."""
        super().__init__(parent)
        self.setObjectName("branches")
        self._filling = self._hidden = self._outdated = False
        self._checked: list[object] = []
        self._written: list[tuple[object, ...]] = []
        self._shown: tuple[Sequence[Future], object, Sequence[int]] = ((), None, ())
        title = QLabel("Branches")
        title.setObjectName("sectionTitle")
        title.setFont(ui_font(12))
        self.tree = QTreeWidget()
        self.tree.setFont(ui_font(12))
        self._set_columns()
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(0)
        self.tree.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.tree.setAccessibleName("Branches")
        self.tree.itemActivated.connect(lambda item, column: self._go())
        self.tree.itemDoubleClicked.connect(lambda item, column: self._go())
        self.tree.itemChanged.connect(self._on_item_changed)
        self.tree.itemSelectionChanged.connect(self._update_buttons)
        self.tree.installEventFilter(self)
        # A name that was being typed leaves its marks behind: write them again.
        self.tree.itemDelegate().closeEditor.connect(
            lambda editor, hint: QTimer.singleShot(0, self, self._write_again)
        )
        self.go_button, self.rename_button = QPushButton("Go to"), QPushButton("Rename")
        self.delete_button, self.compare_button = QPushButton("Delete"), QPushButton("Compare")
        row = QHBoxLayout()
        row.setSpacing(6)
        tips = ("Return", "F2", "Del", "the checked ones, two to four")
        buttons = (self.go_button, self.rename_button, self.delete_button, self.compare_button)
        handlers: tuple[Callable[[], None], ...] = (
            self._go, self._rename, self._delete, self._compare
        )
        for button, tip, handler in zip(buttons, tips, handlers, strict=True):
            button.setFont(ui_font(12))
            button.setToolTip(f"{button.text()} ({tip})")
            button.clicked.connect(handler)
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.setSpacing(6)
        layout.addWidget(title)
        layout.addWidget(self.tree)
        layout.addLayout(row)
        self.hide()

    def _set_columns(self) -> None:
        self.tree.setColumnCount(3)
        self.tree.setHeaderLabels(["future", "total", "downtime"])
        self.tree.headerItem().setTextAlignment(1, RIGHT)
        self.tree.headerItem().setTextAlignment(2, RIGHT)
        self.tree.header().setFont(ui_font(11))
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            mode = QHeaderView.ResizeMode.ResizeToContents
            self.tree.header().setSectionResizeMode(column, mode)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        dress(
            self.tree,
            f"QTreeWidget {{ background: {theme.field}; color: {theme.ink};"
            f" border: 1px solid {theme.line}; border-radius: 6px; outline: 0; }}"
            f"QTreeWidget:focus {{ border: 2px solid {theme.link}; }}"
            f"QTreeWidget::item {{ height: {ROW_PX - 4}px; padding: 1px 3px; }}"
            f"QTreeWidget::item:selected {{ background: {theme.accent};"
            f" color: {theme.accent_ink}; }}"
            f"QTreeWidget::indicator {{ width: 13px; height: 13px; border: 1px solid {theme.dim};"
            f" border-radius: 3px; background: {theme.field}; }}"
            f"QTreeWidget::indicator:checked {{ background: {theme.link};"
            f" border-color: {theme.ink}; }}"
            f"QHeaderView::section {{ background: transparent; color: {theme.dim}; border: 0;"
            f" padding: 2px 4px; }}"
        )

    def set_future_hidden(self, hidden: bool) -> None:
        """Do not tell how the futures end, while a prediction stands, or tell it again."""
        self._hidden = hidden
        self.show_futures(*self._shown)

    def show_futures(
        self, futures: Sequence[Future], current: object, depths: Sequence[int]
    ) -> None:
        """Show futures, each after the one from which it forked.

        Args:
            futures: In their order.
            current: The one in force.
            depths: How often the way to each forked.
        """
        self._filling = True
        self._shown = (futures, current, depths)
        chosen = self._node()
        self._checked = [node for node in self._checked if node in futures]
        del self._written[len(futures) :]
        while self.tree.topLevelItemCount() > len(futures):
            self.tree.takeTopLevelItem(self.tree.topLevelItemCount() - 1)
        pointed = chosen if chosen in futures else current
        for place, (future, depth) in enumerate(zip(futures, depths, strict=True)):
            item = self._write(place, future, depth, is_current=future is current)
            if future is pointed and self.tree.currentItem() is not item:
                self.tree.setCurrentItem(item)
        if self._outdated:
            self._outdated = False
            self.tree.doItemsLayout()
        rows = max(2, min(MOST_ROWS, len(futures)))
        self.tree.setFixedHeight(rows * ROW_PX + self.tree.header().sizeHint().height() + 6)
        self._filling = False
        self._update_buttons()

    def _write_again(self) -> None:
        self._written = []
        self.show_futures(*self._shown)

    def _write(
        self, place: int, future: Future, depth: int, *, is_current: bool
    ) -> QTreeWidgetItem:
        """Return the line of a future, written anew only where it tells something else."""
        there = self.tree.topLevelItem(place)
        item = QTreeWidgetItem() if there is None else there
        times = (future.total_ns, future.downtime_ns)
        key = (
            future, future.name, future.at_ns, *times, future.outcome, depth, is_current,
            self._hidden, future in self._checked,
        )  # fmt: skip
        if self._written[place : place + 1] != [key]:
            self._written[place:] = [key, *self._written[place + 1 :]]
            # The view would look at its rows again after each of eight changes of this one.
            with QSignalBlocker(self.tree.model()):
                self._fill(item, future, depth, is_current=is_current)
            self._outdated = True
        if there is None:
            self.tree.addTopLevelItem(item)
        return item

    def _fill(
        self, item: QTreeWidgetItem, future: Future, depth: int, *, is_current: bool
    ) -> None:
        lead = "\u2003" * depth + ("\u2514 " if depth else "")
        mark = "\u25b6 " if is_current else ""
        where = f"  from {format_duration_ns(future.at_ns)}" if future.at_ns else ""
        item.setText(0, f"{lead}{mark}{future.name}")
        for column, duration_ns in ((1, future.total_ns), (2, future.downtime_ns)):
            text = format_duration_ns(duration_ns) if duration_ns is not None else "\u2013"
            text = "hidden" if self._hidden else text
            item.setText(column, text)
            item.setTextAlignment(column, RIGHT)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEditable)
        checked = Qt.CheckState.Checked if future in self._checked else Qt.CheckState.Unchecked
        item.setCheckState(0, checked)
        item.setData(0, NODE_ROLE, future)
        outcome = "hidden until the reveal" if self._hidden else future.outcome
        tip = f"{future.name}{where}: {outcome or 'not simulated yet'}"
        item.setToolTip(0, tip)
        spoken = f"{tip}{', in force' if is_current else ''}"
        item.setData(0, Qt.ItemDataRole.AccessibleTextRole, spoken)

    def _node(self) -> object | None:
        item = self.tree.currentItem()
        found: object | None = None if item is None else item.data(0, NODE_ROLE)
        return found

    def _on_item_changed(self, item: QTreeWidgetItem, column: int) -> None:
        if self._filling or column != 0:
            return
        node = item.data(0, NODE_ROLE)
        is_checked = item.checkState(0) == Qt.CheckState.Checked
        if is_checked != (node in self._checked):
            self._checked = [n for n in self._checked if n is not node]
            if is_checked:
                self._checked.append(node)
            self._update_buttons()
            return
        self.renamed.emit(node, item.text(0).strip("\u2003\u2514\u25b6 "))

    def _update_buttons(self) -> None:
        node = self._node()
        for button in (self.go_button, self.rename_button, self.delete_button):
            button.setEnabled(node is not None)
        count = len(self._checked)
        self.compare_button.setEnabled(2 <= count <= MOST_COMPARED)
        self.compare_button.setText(f"Compare {count}" if count else "Compare")

    def _go(self) -> None:
        if (node := self._node()) is not None:
            self.chosen.emit(node)

    def _rename(self) -> None:
        item = self.tree.currentItem()
        if item is not None and self.tree.state() != QAbstractItemView.State.EditingState:
            self._filling = True
            self._written = []
            item.setText(0, item.data(0, NODE_ROLE).name)
            self._filling = False
            self.tree.editItem(item, 0)

    def _delete(self) -> None:
        if (node := self._node()) is not None:
            self.deleted.emit(node)

    def _compare(self) -> None:
        if self.compare_button.isEnabled():
            self.compare_wanted.emit(tuple(self._checked))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the tree's own keys before shortcuts of the window take them."""
        if not isinstance(event, QKeyEvent):
            return False
        if event.type() == QEvent.Type.ShortcutOverride and event.key() in _OWN_KEYS:
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress:
            handlers = {
                Qt.Key.Key_Return: self._go, Qt.Key.Key_Enter: self._go,
                Qt.Key.Key_F2: self._rename, Qt.Key.Key_Delete: self._delete,
            }
            handler = handlers.get(Qt.Key(event.key()))
            if handler is not None:
                handler()
                return True
        return False
