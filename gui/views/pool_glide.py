"""The moment at which a VM is somewhere else: its tile glides over, with the run's own time.

The glide is a function of the instant, so it scrubs both ways and stretches in slow motion. What
stays at the source until all pages are there is the old copy's tile, as before.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from engine.history import History
from gui.style.theme import Theme, ui_font
from gui.views.pool_layout import CARD_BOTTOM_PX, CARD_PADDING_PX, HEADER_PX, PoolLayout

GLIDE_NS: Final = 300_000_000
"""How long it lasts in scenario time, from the resume on."""
RADIUS_PX: Final = 7


class Glide(Struct, frozen=True):
    """A VM on its way.

    Attributes:
        vm: Its name.
        source: The host that it leaves. destination: Where it runs now.
        share: How far it has come, 0 to 1, eased.
    """

    vm: str
    source: str
    destination: str
    share: float


def eased(share: float) -> float:
    """Return a share of the way for a share of the time: slow at both ends."""
    return share * share * (3 - 2 * share)


def glides_at(history: History, t_ns: int) -> list[Glide]:
    """Return the VMs that have just resumed somewhere else."""
    found = []
    for m in history.migrations:
        since = None if m.resumed_ns is None else t_ns - m.resumed_ns
        if since is not None and 0 <= since < GLIDE_NS and m.outcome != "refused":
            found.append(Glide(m.vm, m.source, m.destination, eased(since / GLIDE_NS)))
    return found


def glide_rect(layout: PoolLayout, glide: Glide) -> QRect:
    """Return where the tile is: between its places on both hosts."""
    start = layout.tiles.get((glide.source, glide.vm)) or _first_place(layout, glide.source)
    end = layout.tiles.get((glide.destination, glide.vm)) or _first_place(layout, glide.destination)
    size = end.size()
    x = start.x() + (end.x() - start.x()) * glide.share
    y = start.y() + (end.y() - start.y()) * glide.share
    return QRect(round(x), round(y), size.width(), size.height())


def _first_place(layout: PoolLayout, host: str) -> QRect:
    """Return where a tile would stand in a card that has none for it, below its heading."""
    return layout.hosts[host].adjusted(
        CARD_PADDING_PX, HEADER_PX, -CARD_PADDING_PX, -CARD_BOTTOM_PX
    )


def paint_glides(
    painter: QPainter, layout: PoolLayout, glides: Sequence[Glide], theme: Theme
) -> None:
    """Paint every tile on its way: a frame with the VM's name, fading in as it arrives."""
    for glide in glides:
        rect = QRectF(glide_rect(layout, glide))
        fill = theme.color("pill_mig")
        fill.setAlphaF(0.85 * (1 - 0.5 * glide.share))
        painter.setBrush(fill)
        painter.setPen(QPen(theme.color("link"), 2))
        painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), RADIUS_PX, RADIUS_PX)
        painter.setPen(theme.color("ink"))
        painter.setFont(ui_font(13, bold=True))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, glide.vm)
