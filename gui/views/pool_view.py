"""The resource pool: hosts, their VMs, the switch, and the stream that moves a VM.

One widget for everything: tiles as widgets of their own cost twice the time. A VM is dragged by
our own mouse events; while it is in the air every host says whether it can take it, and why not.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.eligibility import Check
from engine.history import Frame, History, VmFrame
from engine.specs import HostSpec
from engine.units import format_bit_rate, format_size
from gui.style.theme import DARK, Theme, ui_font
from gui.views.pool_layout import (
    CARD_PADDING_PX,
    HEADER_PX,
    PoolLayout,
    pool_layout,
)
from gui.views.pool_tiles import (
    TileLook,
    mini_heatmap,
    paint_memory_bar,
    paint_stream,
    paint_tile,
)

Checker = Callable[[str, str], list[Check]]

DRAG_FROM_PX: Final = 6
HEAT_WINDOW_NS: Final = 500_000_000
HEAT_LIMIT: Final = 4096
MINI_EVERY_NS: Final = 80_000_000


class PoolView(QWidget):
    """All hosts and VMs.

    Signals:
        vm_selected: A VM was chosen (its name).
        move_requested: A VM was dropped on a host that can take it (VM, host).
        move_refused: A VM was dropped on a host that cannot (VM, host, list of sentences).
        menu_requested: The menu of a VM was asked for (VM, global position).
    """

    vm_selected = Signal(str)
    move_requested = Signal(str, str)
    move_refused = Signal(str, str, object)
    menu_requested = Signal(str, QPoint)

    def __init__(self) -> None:
        """Start without a pool."""
        super().__init__()
        self.setAccessibleName("Resource pool")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._theme = DARK
        self._history: History | None = None
        self._frame: Frame | None = None
        self._selected = ""
        self._checker: Checker | None = None
        self._layout = PoolLayout()
        self._residents: dict[str, list[str]] = {}
        self._minis: dict[str, QImage] = {}
        self._minis_ns: int | None = None
        self._pressed: tuple[str, QPoint] | None = None
        self._dragged: str | None = None
        self._at = QPoint()
        self._verdicts: dict[str, list[Check]] = {}
        self._still = QPixmap()
        self._still_key: tuple[object, ...] = ()

    # What it shows

    def set_checker(self, checker: Checker) -> None:
        """Take the function that says for a VM and a host which rules are met."""
        self._checker = checker

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self._minis_ns = None
        self.update()

    def set_history(self, history: History, *, selected: str) -> None:
        """Show another run, with this VM selected."""
        self._history, self._selected = history, selected
        self._minis_ns = None
        if self._frame is not None:
            self.show_frame(history.frame_at(self._frame.t_ns))

    def show_frame(self, frame: Frame) -> None:
        """Show an instant."""
        if self._history is None:
            return
        self._frame = frame
        residents = self._residents_of(frame)
        if residents != self._residents:
            self._residents = residents
            self._relayout()
        if self._minis_ns is None or abs(frame.t_ns - self._minis_ns) >= MINI_EVERY_NS:
            self._make_minis(frame)
        self.setAccessibleDescription(self.summary())
        self.update()

    def summary(self) -> str:
        """Return the pool in words."""
        if self._frame is None:
            return ""
        return "; ".join(
            f"{vm.name} {self._pill(vm)[0]} on {vm.host}" for vm in self._frame.vms.values()
        )

    def tile_rect(self, vm: str) -> QRect:
        """Return the tile of a VM on the host where it is."""
        assert self._frame is not None
        return self._layout.tiles[(self._frame.vms[vm].host, vm)]

    def host_rect(self, host: str) -> QRect:
        """Return the card of a host."""
        return self._layout.hosts[host]

    def _hosts(self) -> Sequence[HostSpec]:
        return self._history.spec.hosts if self._history else ()

    def _residents_of(self, frame: Frame) -> dict[str, list[str]]:
        residents: dict[str, list[str]] = {h.name: [] for h in self._hosts()}
        for vm in frame.vms.values():
            residents[vm.host].append(vm.name)
            other = self._other_host(vm, frame.t_ns)
            if other is not None:
                residents[other].append(vm.name)
        return residents

    def _other_host(self, vm: VmFrame, t_ns: int) -> str | None:
        """Return the host that holds a reservation for a VM, or still holds its pages."""
        assert self._history is not None
        if vm.migration is None or vm.status == "lost":
            return None
        m = self._history.migrations[vm.migration]
        over = m.ended_ns is not None and t_ns >= m.ended_ns
        if over or m.outcome == "refused":
            return None
        return m.destination if vm.host == m.source else m.source

    def _relayout(self) -> None:
        self._layout = pool_layout(self.width(), self.height(), self._residents)

    def _make_minis(self, frame: Frame) -> None:
        assert self._history is not None
        self._minis_ns = frame.t_ns
        for vm in frame.vms.values():
            record = self._history.vm(vm.name)
            written = np.empty(0, np.uint32)
            if vm.track is None:
                start = max(0, frame.t_ns - HEAT_WINDOW_NS)
                written = record.writes_between(start, frame.t_ns, limit=HEAT_LIMIT)
            self._minis[vm.name] = mini_heatmap(
                self._theme,
                n_pages=record.spec.n_pages,
                first_zero_page=record.spec.first_zero_page,
                states=vm.states,
                written=written,
            )

    # Words

    def _pill(self, vm: VmFrame) -> tuple[str, str]:
        if vm.status == "lost":
            return "lost", "bad"
        if vm.status == "suspended":
            return "stopped", "bad"
        if vm.phase == "pull":
            return "pulling", "move"
        if vm.phase == "push" and vm.round is not None:
            return f"round {vm.round.number}", "move"
        if vm.phase == "reservation":
            return "reserving", "move"
        return "running", "run"

    def _look(self, host: str, vm: VmFrame) -> TileLook:
        assert self._history is not None
        spec = self._history.vm(vm.name).spec
        ghost = host != vm.host
        size = format_size(spec.memory_bytes)
        if ghost:
            arriving = vm.status != "lost" and vm.phase != "pull"
            pill = ("receiving", "move") if arriving else ("sending", "move")
            detail = f"{size} reserved" if arriving else f"{size}, pages left here"
        else:
            pill = self._pill(vm)
            detail = " · ".join(x for x in (size, spec.address, spec.note) if x)
        return TileLook(vm.name, detail, *pill, ghost, vm.name == self._selected and not ghost)

    def _host_note(self, host: HostSpec) -> str:
        assert self._history is not None and self._frame is not None
        bandwidth = int(self._history.spec.network.bandwidth_bps)
        for change in self._history.spec.changes:
            value = change.set.get("network.bandwidth")
            if value is not None and change.at_ns <= self._frame.t_ns:
                return f"{host.cpu} · {value}"
        speed = bandwidth if host.nic_bps is None else min(bandwidth, host.nic_bps)
        return f"{host.cpu} · {format_bit_rate(speed)}"

    def _host_trouble(self, host: str) -> str:
        """Return "host died" or "link down" while that is so, else ""."""
        assert self._history is not None and self._frame is not None
        trouble = ""
        for event in self._history.events:
            if event.t_ns > self._frame.t_ns:
                break
            if event.subject == host and event.kind.value in ("link-down", "host-died"):
                trouble = event.kind.value.replace("-", " ")
            elif event.subject == host and event.kind.value == "link-up":
                trouble = ""
        return trouble

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._history is not None and self._frame is not None:
            painter.drawPixmap(0, 0, self._still_layer())
            self._paint_streams(painter)
            self._paint_switch(painter)
            if self._dragged is not None:
                for spec in self._hosts():
                    self._paint_verdict(painter, spec.name)
                self._paint_dragged(painter)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("link"), 1, Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(1, 1, -2, -2))
        painter.end()

    def _still_layer(self) -> QPixmap:
        """Return everything but the moving stream; painted anew only when it has changed."""
        assert self._frame is not None
        looks = tuple(
            self._look(host, self._frame.vms[name]) for host, name in self._layout.tiles
        )
        hosts = tuple(
            (self._memory_of(h), self._host_trouble(h.name), self._host_note(h))
            for h in self._hosts()
        )
        hovered = self._layout.host_at(self._at) if self._dragged else None
        key = (looks, hosts, self._minis_ns, self._theme.name, self.size(), hovered, self._dragged)
        if key != self._still_key:
            self._still_key = key
            ratio = self.devicePixelRatio()
            self._still = QPixmap(self.size() * ratio)
            self._still.setDevicePixelRatio(ratio)
            self._still.fill(self._theme.color("ground"))
            painter = QPainter(self._still)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._theme.color("line"), 3))
            for name in self._layout.hosts:
                painter.drawPolyline(self._layout.path(name, name)[:4])
            for host in self._hosts():
                self._paint_host(painter, host)
            self._paint_tiles(painter)
            painter.end()
        return self._still

    def _paint_switch(self, painter: QPainter) -> None:
        theme, layout = self._theme, self._layout
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("field"))
        painter.drawRoundedRect(layout.switch, 7, 7)
        painter.setFont(ui_font(11))
        painter.setPen(theme.color("dim"))
        painter.drawText(layout.switch, int(Qt.AlignmentFlag.AlignCenter), "switch")
        kinds = {"nfs": "NFS", "iscsi": "iSCSI", "local": "local"}
        assert self._history is not None
        stores = [kinds[s.kind] for s in self._history.spec.storage if s.kind != "local"]
        if stores:
            text = f"{' and '.join(dict.fromkeys(stores))} shared storage"
            place = QRect(layout.switch.center().x() - 74, layout.switch.bottom() + 6, 148, 16)
            painter.fillRect(place.adjusted(4, 0, -4, 0), theme.color("ground"))
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), text)

    def _paint_streams(self, painter: QPainter) -> None:
        assert self._history is not None and self._frame is not None
        t_ns, total = self._frame.t_ns, 0
        for m in self._history.migrations:
            rate = m.rate.value_at(t_ns)
            going = m.requested_ns <= t_ns and (m.ended_ns is None or t_ns < m.ended_ns)
            if m.outcome == "refused" or not going:
                continue
            total += rate
            share = rate / max(1, self._history.spec.network.bandwidth_bps)
            path = self._layout.path(m.source, m.destination)
            paint_stream(painter, path, t_ns=t_ns, rate=share, theme=self._theme)
        if total:
            switch = self._layout.switch
            place = QRect(switch.center().x() - 74, switch.y() - 24, 148, 18)
            painter.setFont(ui_font(13, bold=True))
            painter.setPen(self._theme.color("ink"))
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), format_bit_rate(total))

    def _paint_host(self, painter: QPainter, host: HostSpec) -> None:
        theme, card = self._theme, self._layout.hosts[host.name]
        trouble = self._host_trouble(host.name)
        checks = self._verdicts.get(host.name, [])
        failed = [c for c in checks if not c.passed and not c.advisory]
        pen = QPen(theme.color("warn" if trouble else "line"), 1)
        if self._dragged is not None and checks and not failed:
            hovered = card.contains(self._at)
            pen = QPen(theme.color("link"), 3 if hovered else 2, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(theme.color("panel"))
        painter.drawRoundedRect(QRectF(card).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        inner = card.adjusted(CARD_PADDING_PX, 7, -CARD_PADDING_PX, 0)
        painter.setFont(ui_font(14, bold=True))
        painter.setPen(theme.color("ink"))
        line = QRect(inner.x(), inner.y(), inner.width(), 20)
        painter.drawText(line, int(Qt.AlignmentFlag.AlignVCenter), host.name)
        used_px = QFontMetrics(ui_font(14, bold=True)).horizontalAdvance(host.name) + 10
        note = trouble or self._host_note(host)
        font = ui_font(11, bold=bool(trouble))
        painter.setFont(font)
        painter.setPen(theme.color("warn" if trouble else "dim"))
        text = QFontMetrics(font).elidedText(
            note, Qt.TextElideMode.ElideRight, max(0, line.width() - used_px)
        )
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(line, int(flags), text)
        used, reserved = self._memory_of(host)
        bar = QRect(inner.x(), inner.y() + 25, inner.width(), 6)
        paint_memory_bar(painter, bar, used=used, reserved=reserved, theme=theme)

    def _memory_of(self, host: HostSpec) -> tuple[float, float]:
        """Return the shares of a host's memory that its VMs use, and that is reserved."""
        assert self._history is not None and self._frame is not None
        used = sum(
            self._history.vm(vm.name).spec.memory_bytes
            for vm in self._frame.vms.values()
            if vm.host == host.name
        )
        total = 0
        for t_ns, n_bytes in self._history.reserved[host.name]:
            if t_ns <= self._frame.t_ns:
                total = n_bytes
        return used / host.memory_bytes, max(0, total - used) / host.memory_bytes

    def _paint_tiles(self, painter: QPainter) -> None:
        assert self._frame is not None
        for (host, name), rect in self._layout.tiles.items():
            if self._layout.hosts[host].bottom() < rect.bottom() - 2:
                continue
            look = self._look(host, self._frame.vms[name])
            paint_tile(painter, rect, look, self._minis[name], self._theme)

    def _paint_verdict(self, painter: QPainter, host: str) -> None:
        """Say on a host's card whether it can take the VM that is in the air."""
        theme, card = self._theme, self._layout.hosts[host]
        checks = self._verdicts.get(host, [])
        if not checks:
            return
        failed = [c for c in checks if not c.passed and not c.advisory]
        area = card.adjusted(3, HEADER_PX - 6, -3, -3)
        veil = QColor(theme.panel)
        veil.setAlpha(235)
        if failed:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(veil)
            painter.drawRect(area)
        text_area = area.adjusted(9, 3, -9, -3)
        if not failed:
            if card.contains(self._at):
                painter.setFont(ui_font(12, bold=True))
                painter.setPen(theme.color("link"))
                foot = QRect(text_area.x(), card.bottom() - 22, text_area.width(), 18)
                painter.drawText(foot, int(Qt.AlignmentFlag.AlignCenter), "✓ Drop to migrate here")
            return
        painter.save()
        painter.setClipRect(area)
        hovered = card.contains(self._at)
        y = text_area.y()
        for i, check in enumerate(failed):
            lines = [(f"✗ {check.sentence}", "warn")]
            if hovered and i == 0:
                lines.append((check.remedy, "dim"))
            for text, color in lines:
                y = self._paint_line(painter, text_area, y, text, color)
        passed = sum(c.passed for c in checks)
        self._paint_line(painter, text_area, y, f"✓ {passed} other checks passed", "dim")
        painter.restore()

    def _paint_line(self, painter: QPainter, area: QRect, y: int, text: str, color: str) -> int:
        """Paint a wrapped line below `y`, or say that there is more; return its end."""
        flags = int(Qt.TextFlag.TextWordWrap)
        font = ui_font(11)
        painter.setFont(font)
        room = area.bottom() - y
        if room <= 0:
            return y
        box = QRect(area.x(), y, area.width(), room)
        # The painter's own measure is clipped like its painting.
        endless = QRect(0, 0, area.width(), 1000)
        height = QFontMetrics(font).boundingRect(endless, flags, text).height()
        fits = height <= room
        painter.setPen(self._theme.color(color if fits else "dim"))
        painter.drawText(box, flags, text if fits else "and more; drop to read all")
        return y + height + 2 if fits else area.bottom() + 1

    def _paint_dragged(self, painter: QPainter) -> None:
        assert self._frame is not None and self._dragged is not None
        home = self.tile_rect(self._dragged)
        rect = QRect(home)
        rect.setWidth(min(rect.width(), 190))
        rect.moveTopLeft(self._at + QPoint(10, 8))
        rect.moveBottom(min(rect.bottom(), self.height() - 2))
        rect.moveRight(min(rect.right(), self.width() - 2))
        look = self._look(self._frame.vms[self._dragged].host, self._frame.vms[self._dragged])
        paint_tile(painter, rect, look, self._minis[self._dragged], self._theme)

    # Mouse and keys

    def _end_drag(self) -> None:
        self._pressed = self._dragged = None
        self._verdicts = {}
        self.unsetCursor()
        self.update()

    def _begin_drag(self, vm: str) -> None:
        assert self._frame is not None
        self._dragged = vm
        home = self._frame.vms[vm].host
        if self._checker is not None:
            self._verdicts = {
                h.name: self._checker(vm, h.name) for h in self._hosts() if h.name != home
            }
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        point = event.position().toPoint()
        found = self._layout.tile_at(point)
        if found is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._select(found[1])
        if self._frame is not None and self._frame.vms[found[1]].host == found[0]:
            self._pressed = (found[1], point)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self._at = event.position().toPoint()
        if self._dragged is None and self._pressed is not None:
            vm, start = self._pressed
            if (self._at - start).manhattanLength() >= DRAG_FROM_PX:
                self._begin_drag(vm)
        if self._dragged is not None:
            self.update()
        elif self._pressed is None:
            over = self._layout.tile_at(self._at) is not None
            shape = Qt.CursorShape.OpenHandCursor if over else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        vm, verdicts = self._dragged, self._verdicts
        host = self._layout.host_at(event.position().toPoint())
        self._end_drag()
        if vm is None or host is None or host not in verdicts:
            return
        failed = [c.sentence for c in verdicts[host] if not c.passed and not c.advisory]
        if failed:
            self.move_refused.emit(vm, host, failed)
        else:
            self.move_requested.emit(vm, host)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: D102
        found = self._layout.tile_at(event.pos())
        vm = found[1] if found else self._selected
        if vm:
            self._select(vm)
            self.menu_requested.emit(vm, event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        names = [name for vms in self._residents.values() for name in vms]
        names = list(dict.fromkeys(names))
        step = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Left: -1,
        }.get(Qt.Key(event.key()))
        if event.key() == Qt.Key.Key_Escape and self._dragged is not None:
            self._end_drag()
        elif step is not None and self._selected in names:
            self._select(names[(names.index(self._selected) + step) % len(names)])
        elif event.key() in (Qt.Key.Key_M, Qt.Key.Key_Menu, Qt.Key.Key_Return) and self._selected:
            corner = self.tile_rect(self._selected).bottomLeft()
            self.menu_requested.emit(self._selected, self.mapToGlobal(corner))
        else:
            super().keyPressEvent(event)

    def _select(self, vm: str) -> None:
        if vm != self._selected:
            self._selected = vm
            self.update()
            self.vm_selected.emit(vm)

    # Size

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        self._relayout()

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(1060, 200)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(420, 150)


