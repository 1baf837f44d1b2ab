"""Painting of the whole pool: a picture of what stands still, and what moves above it."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct, field
from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPen, QPixmap

from engine.eligibility import Check
from gui.style.theme import Theme, ui_font
from gui.views.pool_layout import CARD_PADDING_PX, HEADER_PX, Detail, PoolLayout
from gui.views.pool_network import paint_wires
from gui.views.pool_reading import HostLook, TileLook
from gui.views.pool_tiles import (
    bar_rect,
    fitting,
    mini_rect,
    paint_card,
    paint_heading,
    paint_map,
    paint_memory_bar,
    paint_tile,
    tile_image,
)
from gui.views.pool_verdicts import (
    Verdicts,
    failed,
    heights,
    met_text,
    paint_lines,
    paint_refusal,
    paint_strip,
    reasons,
)

DRAGGED_SIZE: Final = QSize(176, 28)
DRAGGED_OPACITY: Final = 0.85
VERDICT_TOP_PX: Final = HEADER_PX

TileKey = tuple[str, str]
"""Host and VM."""


class Drag(Struct, frozen=True):
    """A VM in the air: over which host, and what every other host answers."""

    vm: str
    over: str | None
    verdicts: Mapping[str, Sequence[Check]] = field(default_factory=dict)
    home: str = ""
    home_checks: Sequence[Check] = ()

    def refuses(self, host: str) -> bool:
        """Return whether a host has answered no."""
        return bool(failed(self.verdicts.get(host, ())))

    def accepts(self, host: str) -> bool:
        """Return whether a host has answered yes."""
        return host in self.verdicts and not self.refuses(host)

    def checks(self, host: str) -> Sequence[Check]:
        """Return every rule with the answer of a host, home included."""
        return self.home_checks if host == self.home else self.verdicts.get(host, ())

    def all_verdicts(self, hosts: Sequence[str]) -> Verdicts:
        """Return the answers of all hosts, in this order."""
        found = {host: self.checks(host) for host in hosts if self.checks(host)}
        return Verdicts(self.vm, self.home, found, self.over)


class Still(Struct, frozen=True):
    """Everything of the pool that stands still between two events.

    Attributes:
        current: Tile with the keyboard's focus, None without focus.
    """

    layout: PoolLayout
    hosts: tuple[HostLook, ...]
    tiles: Mapping[TileKey, TileLook]
    storage: str
    selected: str
    current: TileKey | None
    drag: Drag | None

    def covers(self, host: str) -> bool:
        """Return whether a host's tiles make room for its reasons."""
        return self.drag is not None and self.drag.refuses(host)

    def neighbour(self, vm: str, step: int, *, around: bool) -> str:
        """Return the VM whose tile comes after (1) or before (-1) that of another, "" at an end.

        Ghosts are passed over. `around`: the last one is followed by the first.
        """
        names = [name for (_, name), look in self.tiles.items() if not look.ghost]
        if vm not in names:
            return names[0] if names else ""
        i = names.index(vm) + step
        if around:
            i %= len(names)
        return names[i] if 0 <= i < len(names) else ""

    def tip(self, tile: TileKey | None, host: str | None) -> str:
        """Return the whole text of a tile, or else of a host's card."""
        if tile is not None and tile in self.tiles:
            look = self.tiles[tile]
            return f"{look.name}: {look.pill}\n{look.details[0]}"
        found = next((look for look in self.hosts if look.name == host), None)
        if found is None:
            return ""
        return "\n".join(part for part in (found.name, found.notes[0], found.trouble) if part)


def still_picture(
    still: Still, size: QSize, *, ratio: float, theme: Theme
) -> QPixmap:
    """Return a picture of what stands still."""
    picture = QPixmap(size * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(theme.color("ground"))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_wires(painter, still.layout, still.hosts, still.storage, theme)
    for look in still.hosts:
        _paint_host(painter, still, look, theme)
    detail = still.layout.detail
    for key, tile_look in still.tiles.items():
        if still.covers(key[0]):
            continue
        selected = key[1] == still.selected and not tile_look.ghost
        tile = still.layout.tiles[key]
        if selected or theme.thicker_px or ratio != int(ratio):
            # Its frame reaches beyond it; or a picture of it would be blurred.
            paint_tile(painter, tile, tile_look, detail=detail, selected=selected, theme=theme)
            continue
        image = tile_image(
            tile_look, (tile.width(), tile.height()), detail=detail,
            ground=_card_ground(still, key[0]), theme=theme, ratio=int(ratio),
        )  # fmt: skip
        painter.drawImage(tile.topLeft(), image)
    _paint_verdicts(painter, still, theme)
    if still.current in still.layout.tiles and still.current is not None:
        radius = 3 if detail is Detail.CHIP else 7
        _paint_focus(painter, still.layout.tiles[still.current], radius, theme)
    painter.end()
    return picture


def _card_ground(still: Still, host: str) -> str:
    """Return the colour of a host's card by its name: another while a VM is held over it."""
    drag = still.drag
    over = drag is not None and drag.over == host and drag.accepts(host)
    return "pill_mig" if over else "panel"


def _paint_host(painter: QPainter, still: Still, look: HostLook, theme: Theme) -> None:
    card, drag = still.layout.hosts[look.name], still.drag
    pen = QPen(theme.color("warn" if look.trouble else "line"), 1 + theme.thicker_px)
    fill, notes, ink = theme.color(_card_ground(still, look.name)), look.notes, "dim"
    if look.trouble:
        notes, ink = (look.trouble,), "warn"
    if drag is not None and drag.accepts(look.name):
        over = drag.over == look.name
        pen = QPen(theme.color("link"), 3 if over else 2, Qt.PenStyle.DashLine)
        notes, ink = (f"✓ can take {drag.vm}", "✓"), "good"
    elif drag is not None and drag.refuses(look.name):
        notes, ink = (f"✗ cannot take {drag.vm}", "✗ cannot", "✗"), "warn"
    paint_card(painter, card, look, theme=theme, pen=pen, fill=fill)
    bar, checks = bar_rect(card), drag.checks(look.name) if drag is not None else ()
    if checks:
        paint_strip(painter, bar.adjusted(0, -3, 0, 3), checks, theme)
    else:
        paint_memory_bar(painter, bar, look, theme)
    paint_heading(painter, card, look.name, notes, ink=ink, theme=theme)


def _paint_focus(painter: QPainter, tile: QRect, radius: int, theme: Theme) -> None:
    painter.setPen(QPen(theme.color("ink"), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(tile).adjusted(-1.5, -1.5, 1.5, 1.5), radius, radius)


def paint_maps(
    painter: QPainter,
    still: Still,
    images: Mapping[TileKey, QImage],
    *,
    clip: QRect,
) -> None:
    """Paint the map of every tile that lies in `clip`."""
    for key, image in images.items():
        place = mini_rect(still.layout.tiles[key], still.layout.detail)
        if place.intersects(clip) and not still.covers(key[0]):
            paint_map(painter, place, image, ghost=still.tiles[key].ghost)


def _paint_verdicts(painter: QPainter, still: Still, theme: Theme) -> None:
    """Paint the answers of all hosts into their cards."""
    if still.drag is None:
        return
    for host, checks in still.drag.verdicts.items():
        card = still.layout.hosts[host]
        area = card.adjusted(3, VERDICT_TOP_PX, -3, -4)
        if still.drag.refuses(host):
            paint_refusal(painter, area, checks, theme)
        else:
            _paint_welcome(painter, still, host, checks, theme)


def _paint_welcome(
    painter: QPainter, still: Still, host: str, checks: Sequence[Check], theme: Theme
) -> None:
    """Paint the rules that passed under the tiles of a host, if there is room."""
    card = still.layout.hosts[host]
    tiles = [rect.bottom() for (on, _), rect in still.layout.tiles.items() if on == host]
    top = max([card.y() + VERDICT_TOP_PX, *tiles]) + 5
    inner = QRect(card.x() + CARD_PADDING_PX, top, card.width() - 2 * CARD_PADDING_PX, 0)
    room = card.bottom() - 4 - top
    lines = [met_text(checks), *reasons(checks)]
    if sum(heights(lines, inner.width())) <= room:
        inner.setHeight(room)
        paint_lines(painter, inner, lines, theme)


def paint_dragged(
    painter: QPainter, at: QPoint, bounds: QRect, look: TileLook, image: QImage, theme: Theme
) -> None:
    """Paint the tile that follows the pointer, translucent."""
    tile = dragged_rect(at, bounds)
    painter.setOpacity(DRAGGED_OPACITY)
    painter.setPen(QPen(theme.color("link"), 2))
    painter.setBrush(theme.color("field"))
    painter.drawRoundedRect(QRectF(tile).adjusted(1, 1, -1, -1), 6, 6)
    place = mini_rect(tile, Detail.LINE)
    painter.drawImage(place, image)
    font = ui_font(13, bold=True)
    painter.setFont(font)
    painter.setPen(theme.color("ink"))
    left = place.right() + 9
    room = QRect(left, tile.y(), tile.right() - 8 - left, tile.height())
    text = fitting((look.name,), font, room.width())
    painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), text)
    painter.setOpacity(1.0)


def dragged_rect(at: QPoint, bounds: QRect) -> QRect:
    """Return where the dragged tile lies: at the pointer, inside the view."""
    tile = QRect(at + QPoint(12, 10), DRAGGED_SIZE)
    tile.moveRight(min(tile.right(), bounds.right() - 2))
    tile.moveBottom(min(tile.bottom(), bounds.bottom() - 2))
    tile.moveLeft(max(tile.left(), bounds.left() + 2))
    return tile
