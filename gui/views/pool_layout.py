"""Where everything of the pool lies: cards around the switch, tiles in the cards, the wires.

Pure geometry. The tiles of one pool all have the same detail, the richest that fits the fullest
card, so that two VMs can be compared; it does not change while a run is played.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from msgspec import Struct, field
from PySide6.QtCore import QPoint, QRect

MARGIN_PX: Final = 16
TOP_PX: Final = 7
GAP_PX: Final = 14
BUS_PX: Final = 15
HEADER_PX: Final = 41
CARD_PADDING_PX: Final = 10
CARD_BOTTOM_PX: Final = 6
WIDEST_CARD_PX: Final = 560
SWITCH_COLUMN_PX: Final = 150
WIDEST_SWITCH_COLUMN_PX: Final = 230
SWITCH_WIDTH_PX: Final = 62
SWITCH_HEIGHT_PX: Final = 34
RISER_PX: Final = 9
LOW_PORT_PX: Final = 9
NARROWEST_CARD_PX: Final = 210
SMALLEST_CHIP_PX: Final = 5


class Detail(IntEnum):
    """How much a tile says: two lines, one line, a name beside its map, or the map alone."""

    FULL = 0
    LINE = 1
    NAME = 2
    CHIP = 3


class TileSize(Struct, frozen=True):
    """Least width, least and largest height, and gap of a detail, in pixels."""

    min_width_px: int
    min_height_px: int
    max_height_px: int
    gap_px: int


TILE_SIZES: Final = {
    Detail.FULL: TileSize(190, 38, 48, 4),
    Detail.LINE: TileSize(158, 24, 30, 4),
    Detail.NAME: TileSize(92, 19, 22, 3),
}


class PoolLayout(Struct, frozen=True):
    """Rectangles of one size of the view.

    Attributes:
        hosts: Card of each host. wires: Way from each card to the switch.
        tiles: Tile of each (host, VM); a VM that is on its way has two.
        switch: The switch's box. column: The column in which it stands.
        detail: How much the tiles say.
    """

    hosts: dict[str, QRect] = field(default_factory=dict)
    wires: dict[str, list[QPoint]] = field(default_factory=dict)
    tiles: dict[tuple[str, str], QRect] = field(default_factory=dict)
    switch: QRect = field(default_factory=QRect)
    column: QRect = field(default_factory=QRect)
    detail: Detail = Detail.FULL

    def path(self, source: str, destination: str) -> list[QPoint]:
        """Return the way of a packet: card, switch, card."""
        there = self.wires[source]
        return [*there, self.switch.center(), *reversed(self.wires[destination])]

    def host_at(self, point: QPoint) -> str | None:
        """Return the host whose card holds a point."""
        return next((name for name, rect in self.hosts.items() if rect.contains(point)), None)

    def tile_at(self, point: QPoint) -> tuple[str, str] | None:
        """Return the (host, VM) whose tile holds a point."""
        return next((key for key, rect in self.tiles.items() if rect.contains(point)), None)


def pool_layout(
    width_px: int,
    height_px: int,
    residents: Mapping[str, list[str]],
    *,
    most_residents: int = 0,
) -> PoolLayout:
    """Lay out hosts, wires and the VMs (and reservations) on each host.

    Args:
        width_px: Of the view.
        height_px: Of the view.
        residents: For each host the VMs whose tile it shows, in order.
        most_residents: Most tiles that a host ever shows, so that the detail stays the same.
    """
    if not residents:
        return PoolLayout()
    frame = _Frame.of(width_px, height_px, len(residents))
    hosts = {name: frame.card(i) for i, name in enumerate(residents)}
    switch = frame.switch()
    wires = {name: frame.wire(i, hosts[name], switch) for i, name in enumerate(residents)}
    most = max(most_residents, *(len(vms) for vms in residents.values()))
    card = next(iter(hosts.values()))
    inner = QRect(0, 0, card.width() - 2 * CARD_PADDING_PX, 0)
    inner.setHeight(max(SMALLEST_CHIP_PX, card.height() - HEADER_PX - CARD_BOTTOM_PX))
    detail, columns, tile_w, tile_h, gap = _tile_grid(inner.width(), inner.height(), most)
    tiles = {}
    for host, vms in residents.items():
        for i, vm in enumerate(vms):
            row, column = divmod(i, columns)
            x = hosts[host].x() + CARD_PADDING_PX + column * (tile_w + gap)
            y = hosts[host].y() + HEADER_PX + row * (tile_h + gap)
            tiles[(host, vm)] = QRect(x, y, tile_w, tile_h)
    return PoolLayout(hosts, wires, tiles, switch, frame.column, detail)


class _Frame(Struct, frozen=True):
    """The rows of cards and the column of the switch."""

    per_row: int
    n_rows: int
    left: int
    card_w: int
    card_h: int
    x0: int
    column: QRect

    @classmethod
    def of(cls, width_px: int, height_px: int, n_hosts: int) -> "_Frame":
        n_rows = _rows_for(width_px, n_hosts)
        per_row = -(-n_hosts // n_rows)
        left = max(1, per_row // 2)
        gaps = GAP_PX * max(0, per_row - 2)
        free = width_px - 2 * MARGIN_PX - gaps
        switch_w = SWITCH_COLUMN_PX
        card_w = max(60, min(WIDEST_CARD_PX, (free - switch_w) // per_row))
        spare = free - card_w * per_row
        switch_w = max(switch_w, min(WIDEST_SWITCH_COLUMN_PX, spare))
        x0 = max(MARGIN_PX, (width_px - card_w * per_row - gaps - switch_w) // 2)
        bottom = BUS_PX + 4 if n_rows == 1 and per_row > 2 else TOP_PX
        card_h = (height_px - TOP_PX - bottom - BUS_PX * (n_rows - 1)) // n_rows
        column_x = x0 + left * card_w + (left - 1) * GAP_PX
        column = QRect(column_x, TOP_PX, switch_w, card_h * n_rows + BUS_PX * (n_rows - 1))
        return cls(per_row, n_rows, left, card_w, card_h, x0, column)

    def card(self, i: int) -> QRect:
        row, place = divmod(i, self.per_row)
        x = self.x0 + place * (self.card_w + GAP_PX)
        if place >= self.left:
            x += self.column.width() - GAP_PX
        y = TOP_PX + row * (self.card_h + BUS_PX)
        return QRect(x, y, self.card_w, self.card_h)

    def switch(self) -> QRect:
        box = QRect(0, 0, SWITCH_WIDTH_PX, SWITCH_HEIGHT_PX)
        box.moveCenter(self.column.center())
        if self.n_rows == 1:  # room for the storage beneath
            box.moveTop(self.column.y() + round(self.column.height() * 0.44) - box.height() // 2)
        return box

    def wire(self, i: int, card: QRect, switch: QRect) -> list[QPoint]:
        """Return the way from a card to the switch: straight, or along the bus."""
        row, place = divmod(i, self.per_row)
        on_left = place < self.left
        port_x = switch.left() if on_left else switch.right()
        side = card.right() if on_left else card.left()
        riser = self.column.left() + RISER_PX if on_left else self.column.right() - RISER_PX
        middle = switch.center().y()
        near = place in (self.left - 1, self.left)
        if near and self.n_rows == 1:
            return [QPoint(side, middle), QPoint(port_x, middle)]
        if near:
            y = card.center().y()
            return [
                QPoint(side, y), QPoint(riser, y), QPoint(riser, middle), QPoint(port_x, middle)
            ]
        below = row == 0
        lane = card.bottom() + (BUS_PX + 1) // 2 if below else card.top() - BUS_PX // 2
        port_y = middle if self.n_rows > 1 else middle + LOW_PORT_PX
        return [
            QPoint(card.center().x(), card.bottom() if below else card.top()),
            QPoint(card.center().x(), lane),
            QPoint(riser, lane),
            QPoint(riser, port_y),
            QPoint(port_x, port_y),
        ]


def _rows_for(width_px: int, n_hosts: int) -> int:
    """Return how many rows of cards there are: as few as leave the cards wide enough."""
    free = width_px - 2 * MARGIN_PX - SWITCH_COLUMN_PX
    fit = max(2, free // (NARROWEST_CARD_PX + GAP_PX))
    if n_hosts <= min(4, fit):
        return 1
    return -(-n_hosts // max(fit, -(-n_hosts // 2)))


def _tile_grid(width_px: int, height_px: int, most: int) -> tuple[Detail, int, int, int, int]:
    """Return detail, columns, tile width, tile height and gap for the fullest card."""
    for detail, size in TILE_SIZES.items():
        columns_max = max(1, (width_px + size.gap_px) // (size.min_width_px + size.gap_px))
        rows_max = (height_px + size.gap_px) // (size.min_height_px + size.gap_px)
        if rows_max < 1 or width_px < size.min_width_px or columns_max * rows_max < most:
            continue
        columns = max(1, -(-most // rows_max))
        rows = max(1, -(-most // columns))
        tile_w = (width_px - (columns - 1) * size.gap_px) // columns
        tile_h = (height_px - (rows - 1) * size.gap_px) // rows
        return detail, columns, tile_w, min(size.max_height_px, tile_h), size.gap_px
    return _chips(width_px, height_px, most)


def _chips(width_px: int, height_px: int, most: int) -> tuple[Detail, int, int, int, int]:
    """Return the grid with the largest chips."""
    gap, best = 2, (Detail.CHIP, max(1, most), SMALLEST_CHIP_PX, SMALLEST_CHIP_PX, 2)
    largest = 0
    for rows in range(1, max(1, (height_px + gap) // (SMALLEST_CHIP_PX + gap)) + 1):
        columns = max(1, -(-most // rows))
        w = (width_px - (columns - 1) * gap) // columns
        h = (height_px - (rows - 1) * gap) // rows
        w, h = min(w, 44, 3 * h), min(h, 30, 2 * w)
        if min(w, h) >= SMALLEST_CHIP_PX and w * h > largest:
            largest, best = w * h, (Detail.CHIP, columns, w, h, gap)
    return best
