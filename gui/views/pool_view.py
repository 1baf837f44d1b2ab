"""The resource pool: hosts, their VMs, the switch, and the stream that moves a VM.

One widget for everything: tiles as widgets of their own cost twice the time. A VM is dragged by
our own mouse events; while it is in the air every host says whether it can take it, and why not.
What stands still is painted once into a picture; maps and streams are painted above it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, cast

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from engine.eligibility import Check
from engine.history import Frame, History
from gui.style.theme import DARK, Theme
from gui.views.pool_layout import PoolLayout, pool_layout
from gui.views.pool_maps import PoolMaps
from gui.views.pool_network import paint_streams, stream_rects
from gui.views.pool_painter import (
    Drag,
    Still,
    TileKey,
    paint_dragged,
    paint_maps,
    still_picture,
)
from gui.views.pool_reading import PoolReader, Stream
from gui.views.pool_verdicts import failed

Checker = Callable[[str, str], list[Check]]

DRAG_FROM_PX: Final = 6
NEXT_KEYS: Final = (Qt.Key.Key_Down, Qt.Key.Key_Right)
PREVIOUS_KEYS: Final = (Qt.Key.Key_Up, Qt.Key.Key_Left)
MENU_KEYS: Final = (Qt.Key.Key_M, Qt.Key.Key_Menu)
ENTER_KEYS: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class PoolView(QWidget):
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
        self.setAccessibleName("Resource pool")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._theme = DARK
        self._reader: PoolReader | None = None
        self._frame: Frame | None = None
        self._selected = self._current = ""
        self._checker: Checker | None = None
        self._still = Still(PoolLayout(), (), {}, "", "", None, None)
        self._residents: dict[str, list[str]] = {}
        self._layout = PoolLayout()
        self._picture: QPixmap | None = None
        self._maps: PoolMaps | None = None
        self._streams: list[Stream] = []
        self._pressed: tuple[str, QPoint] | None = None
        self._drag: Drag | None = None
        self._n_events_checked = 0
        self._at = QPoint()
        self._menu_key_held = False

    # What it shows

    def set_checker(self, checker: Checker) -> None:
        """Take the function that says for a VM and a host which rules are met."""
        self._checker = checker

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self._picture = None
        if self._frame is not None:
            self.show_frame(self._frame)
        self.update()

    def set_history(self, history: History, *, selected: str) -> None:
        """Show another run, with this VM selected."""
        if self._reader is None or self._reader.history is not history:
            self._reader = PoolReader(history)
            self._maps = PoolMaps(history)
            self._residents = {}
        if self._drag is not None and self._drag.vm not in self._reader.vms:
            self._end_drag()
        if selected != self._selected or self._current not in self._reader.vms:
            self._selected = self._current = selected
        t_ns = self._frame.t_ns if self._frame is not None else 0
        self.show_frame(history.frame_at(t_ns))

    def show_frame(self, frame: Frame) -> None:
        """Show an instant; only what differs is painted again."""
        if self._reader is None or self._reader.vms.keys() != frame.vms.keys():
            return
        moved_on = self._frame is None or self._frame.t_ns != frame.t_ns
        self._frame = frame
        residents = self._reader.residents(frame)
        if residents != self._residents:
            self._residents = residents
            self._lay_out()
        n_events = self._reader.n_events_at(frame.t_ns)
        if self._drag is not None and n_events != self._n_events_checked:
            self._ask_hosts(self._drag.vm)
        self._compose()
        self._show_maps(frame)
        streams = self._reader.streams(frame)
        if streams or self._streams:
            dirty = self._streams + streams if moved_on else []
            self._streams = streams
            for rect in stream_rects(self._layout, dirty):
                self.update(rect)

    def _lay_out(self) -> None:
        most = self._reader.most_residents if self._reader else 0
        self._layout = pool_layout(
            self.width(), self.height(), self._residents, most_residents=most
        )

    def _compose(self) -> None:
        """Read what stands still; paint it again only if it differs."""
        reader, frame = self._reader, self._frame
        if reader is None or frame is None:
            return
        tiles = {key: reader.tile(key[0], frame.vms[key[1]]) for key in self._layout.tiles}
        still = Still(
            layout=self._layout,
            hosts=tuple(reader.host(host, frame) for host in reader.hosts),
            tiles=tiles,
            storage=reader.storage,
            selected=self._selected,
            current=self._tile_key(self._current) if self.hasFocus() else None,
            drag=self._drag,
        )
        if still != self._still or self._picture is None:
            self._still, self._picture = still, None
            self.setAccessibleDescription(self.summary())
            self.update()

    def _show_maps(self, frame: Frame) -> None:
        """Bring the maps up to the instant, each in its turn."""
        assert self._reader is not None and self._maps is not None
        for rect in self._maps.show(frame, self._reader, self._still, self._theme):
            self.update(rect)

    def summary(self) -> str:
        """Return the pool in words."""
        if self._frame is None or self._reader is None:
            return ""
        return self._reader.summary(self._frame)

    def tile_rect(self, vm: str) -> QRect:
        """Return the tile of a VM on the host where it is."""
        key = self._tile_key(vm)
        assert key is not None
        return self._layout.tiles[key]

    def host_rect(self, host: str) -> QRect:
        """Return the card of a host."""
        return self._layout.hosts[host]

    def _tile_key(self, vm: str) -> TileKey | None:
        if self._frame is None or vm not in self._frame.vms:
            return None
        return self._frame.vms[vm].host, vm

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the picture of what stands still, then maps, streams and a VM in the air."""
        painter = QPainter(self)
        if self._reader is None or self._frame is None:
            painter.fillRect(event.rect(), self._theme.color("ground"))
            painter.end()
            return
        if self._picture is None:
            ratio = self.devicePixelRatioF()
            self._picture = still_picture(
                self._still, self.size(), ratio=ratio, theme=self._theme
            )
        painter.drawPixmap(0, 0, self._picture)
        images = self._maps.images if self._maps is not None else {}
        paint_maps(painter, self._still, images, clip=event.rect())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_streams(
            painter,
            self._layout,
            self._streams,
            t_ns=self._frame.t_ns,
            bandwidth_bps=self._reader.bandwidth_bps(self._frame.t_ns),
            theme=self._theme,
        )
        if self._drag is not None:
            self._paint_drag(painter)
        painter.end()

    def _paint_drag(self, painter: QPainter) -> None:
        drag = self._drag
        assert drag is not None
        key = self._tile_key(drag.vm)
        if key is not None and self._maps is not None and key in self._maps.images:
            look, image = self._still.tiles[key], self._maps.images[key]
            paint_dragged(painter, self._at, self.rect(), look, image, self._theme)

    # Dragging

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

    def _end_drag(self) -> None:
        if self._drag is not None:
            self.verdicts_changed.emit(None)
        self._pressed = self._drag = None
        self.unsetCursor()
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

    def event(self, event: QEvent) -> bool:
        """Show all that a tile or a card has no room for as its tool tip."""
        if event.type() == QEvent.Type.ToolTip and self._drag is None:
            help_event = cast(QHelpEvent, event)
            QToolTip.showText(help_event.globalPos(), self.tip_at(help_event.pos()), self)
            return True
        return super().event(event)

    def tip_at(self, point: QPoint) -> str:
        """Return the whole text of the tile or card at a point."""
        return self._still.tip(self._layout.tile_at(point), self._layout.host_at(point))

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

    # Size

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay everything out anew."""
        self._lay_out()
        self._picture = None
        if self._frame is not None:
            self.show_frame(self._frame)

    def sizeHint(self) -> QSize:
        """Return room for two VMs a host."""
        return QSize(1060, 200)

    def minimumSizeHint(self) -> QSize:
        """Return the smallest size at which a pool is still read."""
        return QSize(420, 150)
