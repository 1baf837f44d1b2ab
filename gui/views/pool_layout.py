"""Where everything of the pool lies: host cards around the switch, VM tiles in the cards."""

from dataclasses import dataclass, field
from typing import Final

from PySide6.QtCore import QPoint, QRect

MARGIN_PX: Final = 14
GAP_PX: Final = 14
SWITCH_PX: Final = 150
BUS_PX: Final = 20
HEADER_PX: Final = 42
TILE_PX: Final = 46
COMPACT_TILE_PX: Final = 26
TILE_GAP_PX: Final = 5
CARD_PADDING_PX: Final = 10
ONE_ROW_HOSTS: Final = 4
WIDEST_CARD_PX: Final = 420
MIN_TILE_COLUMN_PX: Final = 150


@dataclass(frozen=True, slots=True)
class PoolLayout:
    """Rectangles of one size of the view.

    Attributes:
        hosts: Card of each host. tiles: Tile of each (host, VM); a VM that is on its way has two.
        switch: The switch's box. rows: y of the bus under each row of cards.
        compact: Whether tiles are one line high.
    """

    hosts: dict[str, QRect] = field(default_factory=dict)
    tiles: dict[tuple[str, str], QRect] = field(default_factory=dict)
    switch: QRect = field(default_factory=QRect)
    rows: dict[str, int] = field(default_factory=dict)
    compact: bool = False

    def path(self, source: str, destination: str) -> list[QPoint]:
        """Return the way of a packet: card, bus, switch, bus, card."""
        a, b, s = self.hosts[source], self.hosts[destination], self.switch
        ya, yb = self.rows[source], self.rows[destination]
        x, y = s.center().x(), s.center().y()
        return [
            QPoint(a.center().x(), a.bottom()),
            QPoint(a.center().x(), ya),
            QPoint(x, ya),
            QPoint(x, y),
            QPoint(x, yb),
            QPoint(b.center().x(), yb),
            QPoint(b.center().x(), b.bottom()),
        ]

    def host_at(self, point: QPoint) -> str | None:
        """Return the host whose card holds a point."""
        return next((name for name, rect in self.hosts.items() if rect.contains(point)), None)

    def tile_at(self, point: QPoint) -> tuple[str, str] | None:
        """Return the (host, VM) whose tile holds a point."""
        return next((key for key, rect in self.tiles.items() if rect.contains(point)), None)


def pool_layout(width: int, height: int, residents: dict[str, list[str]]) -> PoolLayout:
    """Lay out hosts and the VMs (and reservations) on each.

    Args:
        width: Of the view, in pixels.
        height: Of the view, in pixels.
        residents: For each host the VMs whose tile it shows, in order.
    """
    names = list(residents)
    n_rows = 1 if len(names) <= ONE_ROW_HOSTS else 2
    per_row = -(-len(names) // n_rows)
    left = max(1, per_row // 2) if per_row > 1 else 1
    free = width - 2 * MARGIN_PX - SWITCH_PX - GAP_PX * max(0, per_row - 2)
    card_w = min(WIDEST_CARD_PX, max(60, free // max(1, per_row)))
    used = card_w * per_row + SWITCH_PX + GAP_PX * max(0, per_row - 2)
    x0 = MARGIN_PX if per_row > 2 else max(MARGIN_PX, (width - used) // 2)
    card_h = (height - 10 - n_rows * (BUS_PX + 4)) // n_rows
    result_hosts, rows = {}, {}
    for i, name in enumerate(names):
        row, column = divmod(i, per_row)
        x = x0 + column * card_w + GAP_PX * column
        if column >= left:
            x += SWITCH_PX - GAP_PX
        y = 10 + row * (card_h + BUS_PX + 4)
        result_hosts[name] = QRect(x, y, card_w, card_h)
        rows[name] = y + card_h + BUS_PX // 2
    sx = x0 + left * card_w + GAP_PX * (left - 1)
    sy = 10 + card_h // 2 - 18 if n_rows == 1 else (height - 36) // 2
    switch = QRect(sx + (SWITCH_PX - 62) // 2, sy, 62, 36)
    most = max((len(vms) for vms in residents.values()), default=0)
    room = card_h - HEADER_PX - TILE_GAP_PX
    compact = most * (TILE_PX + TILE_GAP_PX) > room
    tiles = _tiles(result_hosts, residents, compact=compact)
    return PoolLayout(result_hosts, tiles, switch, rows, compact)


def _tiles(
    hosts: dict[str, QRect], residents: dict[str, list[str]], *, compact: bool
) -> dict[tuple[str, str], QRect]:
    height = COMPACT_TILE_PX if compact else TILE_PX
    result = {}
    for host, vms in residents.items():
        card = hosts[host]
        inner = card.width() - 2 * CARD_PADDING_PX
        fit = max(1, (card.height() - HEADER_PX) // (height + TILE_GAP_PX))
        columns = max(1, -(-len(vms) // fit)) if vms else 1
        columns = min(columns, max(1, inner // MIN_TILE_COLUMN_PX))
        tile_w = (inner - (columns - 1) * TILE_GAP_PX) // columns
        for i, vm in enumerate(vms):
            row, column = divmod(i, columns)
            result[(host, vm)] = QRect(
                card.x() + CARD_PADDING_PX + column * (tile_w + TILE_GAP_PX),
                card.y() + HEADER_PX + row * (height + TILE_GAP_PX),
                tile_w,
                height,
            )
    return result
