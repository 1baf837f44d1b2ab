"""The resource pool by hand: choosing and dragging VMs, by mouse and by keys.

A VM is dragged by our own mouse events; while it is in the air every host says whether it can take
it, and why not. What the pool looks like is the business of `pool_display`.
"""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent

from engine.eligibility import Check
from gui.views.pool_display import PoolDisplay
from gui.views.pool_painter import Drag
from gui.views.pool_verdicts import failed

Checker = Callable[[str, str], list[Check]]

DRAG_FROM_PX: Final = 6
NEXT_KEYS: Final = (Qt.Key.Key_Down, Qt.Key.Key_Right)
PREVIOUS_KEYS: Final = (Qt.Key.Key_Up, Qt.Key.Key_Left)
MENU_KEYS: Final = (Qt.Key.Key_M, Qt.Key.Key_Menu)
ENTER_KEYS: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class PoolView(PoolDisplay):
    """All hosts and VMs.

    Arrow keys choose a VM, Tab goes from tile to tile without choosing, Return chooses, M or the
    menu key asks for the menu, Escape puts a dragged VM back.

    Signals:
        vm_selected: A VM was chosen (its name).
        move_requested: A VM was dropped on a host that can take it (VM, host).
        move_refused: A VM was dropped on a host that cannot (VM, host, list of sentences).
        menu_requested: The menu of a VM was asked for (VM, global position).
        host_menu_requested: The menu of a host was asked for (host, global position).
        verdicts_changed: A VM is in the air, with what all hosts answer (`Verdicts`), or None.
    """

    vm_selected = Signal(str)
    move_requested = Signal(str, str)
    move_refused = Signal(str, str, object)
    menu_requested = Signal(str, QPoint)
    host_menu_requested = Signal(str, QPoint)
    verdicts_changed = Signal(object)

    def __init__(self) -> None:
        """Start without a pool."""
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._checker: Checker | None = None
        self._pressed: tuple[str, QPoint] | None = None
        self._n_events_checked = 0
        self._menu_key_held = False

    def set_checker(self, checker: Checker) -> None:
        """Take the function that says for a VM and a host which rules are met."""
        self._checker = checker

    # Dragging

    def _on_run_changed(self) -> None:
        """Give a drag up whose VM is not in this run."""
        assert self._reader is not None
        if self._drag is not None and self._drag.vm not in self._reader.vms:
            self._give_up_drag()

    def _on_moved_on(self) -> None:
        """Ask the hosts anew after an event: the pool is another one."""
        assert self._reader is not None and self._frame is not None
        n_events = self._reader.n_events_at(self._frame.t_ns)
        if self._drag is not None and n_events != self._n_events_checked:
            self._ask_hosts(self._drag.vm)

    def _ask_hosts(self, vm: str) -> None:
        """Ask for every other host whether it can take a VM now."""
        assert self._reader is not None and self._frame is not None
        self._n_events_checked = self._reader.n_events_at(self._frame.t_ns)
        home = self._frame.vms[vm].host
        names = [h.name for h in self._reader.hosts]
        checks = {name: self._checker(vm, name) for name in names} if self._checker else {}
        at_home = checks.pop(home, [])
        self._drag = Drag(vm, self._layout.host_at(self._at), checks, home, at_home)
        self._tell_verdicts()

    def _tell_verdicts(self) -> None:
        assert self._drag is not None
        self.verdicts_changed.emit(self._drag.all_verdicts(list(self._layout.hosts)))

    def _drag_on(self) -> None:
        """Follow the pointer."""
        assert self._drag is not None
        over = self._layout.host_at(self._at)
        if over != self._drag.over:
            self._drag = replace(self._drag, over=over)
            self._compose()
            self._tell_verdicts()
        self.update()

    def _give_up_drag(self) -> None:
        if self._drag is not None:
            self.verdicts_changed.emit(None)
        self._pressed = self._drag = None
        self.unsetCursor()

    def _end_drag(self) -> None:
        self._give_up_drag()
        self._compose()
        self.update()

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the VM under the pointer; it can be dragged from where it runs."""
        point = event.position().toPoint()
        found = self._layout.tile_at(point)
        if found is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._select(found[1])
        if found == self._tile_key(found[1]):
            self._pressed = (found[1], point)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Begin or go on with a drag; else show what can be dragged."""
        self._at = event.position().toPoint()
        if self._drag is None and self._pressed is not None:
            vm, start = self._pressed
            if (self._at - start).manhattanLength() >= DRAG_FROM_PX:
                self._ask_hosts(vm)
                self.setCursor(Qt.CursorShape.ClosedHandCursor)
                self._compose()
        if self._drag is not None:
            self._drag_on()
        elif self._pressed is None:
            found = self._layout.tile_at(self._at)
            movable = found is not None and found == self._tile_key(found[1])
            shape = Qt.CursorShape.OpenHandCursor if movable else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Drop the VM: the host's answer decides what the owner is told."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        drag = self._drag
        host = self._layout.host_at(event.position().toPoint())
        self._end_drag()
        if drag is None or host is None or host not in drag.verdicts:
            return
        if drag.refuses(host):
            sentences = [check.sentence for check in failed(drag.verdicts[host])]
            self.move_refused.emit(drag.vm, host, sentences)
        else:
            self.move_requested.emit(drag.vm, host)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of the VM under the pointer, or of the current one."""
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            if not self._menu_key_held:
                self._ask_for_menu()
            return
        found = self._layout.tile_at(event.pos())
        host = self._layout.host_at(event.pos())
        if found is not None:
            self._select(found[1])
            self.menu_requested.emit(found[1], event.globalPos())
        elif host is not None:
            self.host_menu_requested.emit(host, event.globalPos())

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose another VM, ask for the menu, or give a drag up."""
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Escape and self._drag is not None:
            self._end_drag()
        elif key in NEXT_KEYS + PREVIOUS_KEYS and self._current:
            step = 1 if key in NEXT_KEYS else -1
            self._select(self._still.neighbour(self._current, step, around=True))
        elif key in MENU_KEYS and self._current:
            self._menu_key_held = key == Qt.Key.Key_Menu
            self._ask_for_menu()
        elif key in ENTER_KEYS and self._current and self._current != self._selected:
            self._select(self._current)
        elif key in ENTER_KEYS and self._current:
            self._ask_for_menu()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Note that the menu key is up."""
        self._menu_key_held = False
        super().keyReleaseEvent(event)

    def focusNextPrevChild(self, next: bool) -> bool:
        """Go from tile to tile with Tab, and from the last one to the next view."""
        other = self._still.neighbour(self._current, 1 if next else -1, around=False)
        if other and other != self._current:
            self._current = other
            self._compose()
            return True
        return super().focusNextPrevChild(next)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Stand on the first tile, coming by Tab; on the last, coming back."""
        if event.reason() == Qt.FocusReason.TabFocusReason:
            self._current = self._still.neighbour("", 1, around=False)
        elif event.reason() == Qt.FocusReason.BacktabFocusReason:
            first = self._still.neighbour("", 1, around=False)
            self._current = self._still.neighbour(first, -1, around=True)
        self._compose()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the mark of the focus away."""
        self._current = self._selected
        self._compose()

    def _ask_for_menu(self) -> None:
        key = self._tile_key(self._current)
        if key is not None:
            self._select(self._current)
            corner = self._layout.tiles[key].bottomLeft()
            self.menu_requested.emit(self._current, self.mapToGlobal(corner))

    def _select(self, vm: str) -> None:
        self._current = vm
        if vm != self._selected:
            self._selected = vm
            self._compose()
            self.vm_selected.emit(vm)
        else:
            self._compose()
