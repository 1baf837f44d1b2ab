"""How the resource pool looks: hosts, their VMs, the switch, and the stream that moves a VM.

One widget for everything: tiles as widgets of their own cost twice the time. What stands still is
painted once into a picture; maps and streams are painted above it.
"""

from typing import cast

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from engine.history import Frame, History
from gui.style.theme import DARK, Theme
from gui.views.picture_ratio import picture_ratio
from gui.views.pool_glide import Glide, glide_rect, glides_at, paint_glides
from gui.views.pool_layout import PoolLayout, pool_layout
from gui.views.pool_maps import PoolMaps
from gui.views.pool_network import paint_streams, stream_rects
from gui.views.pool_painter import Drag, Still, TileKey, paint_dragged, paint_maps, still_picture
from gui.views.pool_pulls import RATE_NS
from gui.views.pool_reading import PoolReader, Stream


class PoolDisplay(QWidget):
    """All hosts and VMs at an instant; a VM in the air follows the pointer."""

    def __init__(self) -> None:
        """Start without a pool."""
        super().__init__()
        self.setAccessibleName("Resource pool")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._theme = DARK
        self._reader: PoolReader | None = None
        self._frame: Frame | None = None
        self._selected = self._current = ""
        self._still = Still(PoolLayout(), (), {}, "", "", None, None)
        self._residents: dict[str, list[str]] = {}
        self._layout = PoolLayout()
        self._picture: QPixmap | None = None
        self._maps: PoolMaps | None = None
        self._streams: list[Stream] = []
        self._still_streams = False
        self._told_pulls = -1
        self._glides: list[Glide] = []
        self._drag: Drag | None = None
        self._at = QPoint()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self._picture = None
        if self._frame is not None:
            self.show_frame(self._frame)
        self.update()

    def set_reduced_motion(self, reduced: bool) -> None:
        """Let the squares of streams stand still; how dense they are tells the rate."""
        self._still_streams = reduced
        if self._frame is not None:
            self.show_frame(self._frame)
        self.update()

    def set_history(self, history: History, *, selected: str) -> None:
        """Show another run, with this VM selected."""
        if self._reader is None or self._reader.history is not history:
            self._reader = PoolReader(history)
            self._maps = PoolMaps(history)
            # What was on the wires of another pool is nowhere in this one.
            self._residents, self._streams, self._glides = {}, [], []
        self._on_run_changed()
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
        self._on_moved_on()
        self._compose()
        self._show_maps(frame)
        self._show_glides(frame.t_ns)
        streams = self._reader.streams(frame)
        if streams or self._streams:
            dirty = self._streams + streams if moved_on else []
            self._streams = streams
            self._tell_pulls()
            for rect in stream_rects(self._layout, dirty):
                self.update(rect)

    def _tell_pulls(self) -> None:
        """Say anew how many pages are pulled, a few times a second."""
        assert self._frame is not None
        pulling = any(stream.faults is not None for stream in self._streams)
        told = self._frame.t_ns // RATE_NS if pulling else -1
        if told != self._told_pulls:
            self._told_pulls = told
            self.setAccessibleDescription(self.summary())

    def _on_run_changed(self) -> None:
        """Let who handles a VM in the air look at another run."""

    def _on_moved_on(self) -> None:
        """Let who handles a VM in the air look at another instant."""

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

    def part_rects(self) -> dict[str, QRect]:
        """Return where everything is that has a name: link, switch, host:NAME, vm:NAME."""
        if self._frame is None:
            return {}
        layout = self._layout
        link = QRect(layout.switch)
        for point in self._way():
            link = link.united(QRect(point, point).adjusted(-6, -6, 6, 6))
        found = {"link": link, "switch": layout.switch}
        found |= {f"host:{name}": rect for name, rect in layout.hosts.items()}
        return found | {f"vm:{vm}": self.tile_rect(vm) for vm in self._frame.vms}

    def _way(self) -> list[QPoint]:
        """Return the way of the selected VM's migration; of all packets while there is none."""
        assert self._frame is not None and self._reader is not None
        vm = self._frame.vms.get(self._selected)
        if vm is None or vm.migration is None:
            return [point for wire in self._layout.wires.values() for point in wire]
        move = self._reader.history.migrations[vm.migration]
        return self._layout.path(move.source, move.destination)

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
            ratio = picture_ratio(self)
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
            still=self._still_streams,
            theme=self._theme,
        )
        paint_glides(painter, self._layout, self._glides, self._theme)
        if self._drag is not None:
            self._paint_drag(painter)
        painter.end()

    def _show_glides(self, t_ns: int) -> None:
        """Let tiles glide where a VM has just resumed, unless nothing is to move for its looks."""
        assert self._reader is not None
        glides = [] if self._still_streams else glides_at(self._reader.history, t_ns)
        if glides != self._glides:
            for glide in (*self._glides, *glides):
                self.update(glide_rect(self._layout, glide).adjusted(-2, -2, 2, 2))
            self._glides = glides

    def _paint_drag(self, painter: QPainter) -> None:
        drag = self._drag
        assert drag is not None
        key = self._tile_key(drag.vm)
        if key is not None and self._maps is not None and key in self._maps.images:
            look, image = self._still.tiles[key], self._maps.images[key]
            paint_dragged(painter, self._at, self.rect(), look, image, self._theme)

    def event(self, event: QEvent) -> bool:
        """Show all that a tile or a card has no room for as its tool tip."""
        if event.type() == QEvent.Type.ToolTip and self._drag is None:
            help_event = cast(QHelpEvent, event)
            QToolTip.showText(help_event.globalPos(), self.tip_at(help_event.pos()), self)
            return True
        return super().event(event)

    def tip_at(self, point: QPoint) -> str:
        """Return the whole text of the tile or card at a point, or what is on the wires there."""
        found = self._still.tip(self._layout.tile_at(point), self._layout.host_at(point))
        if not found and self._reader is not None and self._frame is not None:
            return self._reader.link_tip(self._frame)
        return found

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
