"""Pages pulled on a fault, on the link: a request goes to the source, and its page comes back.

Pushed pages are squares on the wire. Requests are open arrow heads on one side of it, against the
stream; pulled pages are diamonds on the other side, with it. Where they are is a function of the
instant, so they scrub both ways. The real way takes less than a millisecond; it is slowed here.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from engine.history import MigrationRecord
from engine.states import PageState
from engine.units import format_count
from gui.style.theme import Theme

Instants = npt.NDArray[np.int64]

NS_PER_PX: Final = 3_000_000
"""Twice as fast as pushed pages: they are urgent."""
SLOT_PX: Final = 16
SLOT_NS: Final = SLOT_PX * NS_PER_PX
LEVELS: Final = (1, 8, 32)
"""From so many faults in a slot on there are one, two or four marks in it."""
_NEAR, _FAR = 7.5, 13.0
PLACES: Final = (
    ((0, _NEAR),),
    ((0, _NEAR), (0, _FAR)),
    ((0, _NEAR), (0, _FAR), (8, _NEAR), (8, _FAR)),
)
"""Where the marks of a level are: pixels along the way, and beside the wire."""
HALF_PX: Final = 3.5
RATE_NS: Final = 500_000_000
STEP_NS: Final = 100_000_000
"""The rate in words is told anew so often."""
STILL_STEP_NS: Final = 500_000_000


def faults_of(migration: MigrationRecord) -> Instants:
    """Return when the VM's processors stopped at a missing page, ns, in order."""
    return np.array([since for since, _ in migration.stalls], np.int64)


def pulls_per_s(faults: Instants, t_ns: int) -> int:
    """Return how many pages a second were asked for, in the last half second."""
    at_ns = t_ns // STEP_NS * STEP_NS
    first, last = np.searchsorted(faults, (at_ns - RATE_NS, at_ns), side="right")
    return round((int(last) - int(first)) * 1_000_000_000 / RATE_NS)


def rate_text(per_s: int) -> str:
    """Return a rate of pulled pages as the pool writes it."""
    return f"{format_count(per_s)} pulled/s"


def level_of(n_faults: float) -> int:
    """Return how many marks a slot has: 0 none, then one, two and four."""
    return sum(n_faults >= least for least in LEVELS)


def slots_at(faults: Instants, t_ns: int, first: int, count: int) -> list[int]:
    """Return the faults of slots of time, the newest first.

    Args:
        faults: When they were, ns.
        t_ns: The instant.
        first: So many slots are left out: the way that the requests have gone before.
        count: How many slots.
    """
    newest = t_ns // SLOT_NS - first
    edges = (newest + 1 - np.arange(count + 1, dtype=np.int64)) * SLOT_NS
    places = np.searchsorted(faults, np.minimum(edges, t_ns + 1))
    return [int(n) for n in places[:-1] - places[1:]]


def still_slots(faults: Instants, t_ns: int, count: int) -> list[int]:
    """Return the faults of slots where nothing is to move: their mean, from time to time."""
    end_ns = t_ns // STILL_STEP_NS * STILL_STEP_NS
    first, last = np.searchsorted(faults, (end_ns - STILL_STEP_NS, end_ns))
    mean = (int(last) - int(first)) * SLOT_NS / STILL_STEP_NS
    n_shown = min(count, math.ceil(mean * count))
    return [max(1, int(mean))] * n_shown if mean > 0 else []


class Way:
    """The way from one host to another, walked in pixels."""

    def __init__(self, path: Sequence[QPoint]) -> None:
        """Take the corners."""
        self._legs = [(a, b, (b - a).manhattanLength()) for a, b in pairwise(path) if a != b]
        self.length_px = sum(length for *_, length in self._legs)

    def at(self, along_px: float, beside_px: float) -> tuple[QPointF, QPointF] | None:
        """Return a place beside the way and its direction; None: the way does not go so far."""
        if along_px < 0:
            return None
        for a, b, length in self._legs:
            if along_px <= length:
                dx, dy = (b.x() - a.x()) / length, (b.y() - a.y()) / length
                x = a.x() + dx * along_px - dy * beside_px
                y = a.y() + dy * along_px + dx * beside_px
                return QPointF(x, y), QPointF(dx, dy)
            along_px -= length
        return None


def marks(
    path: Sequence[QPoint], faults: Instants, t_ns: int, *, returning: bool, still: bool
) -> Iterator[tuple[QPointF, QPointF]]:
    """Yield the place and direction of every mark on its way.

    Args:
        path: From where the marks set out to where they go.
        faults: When pages were asked for, ns.
        t_ns: The instant.
        returning: They are pages, which set out when their requests have come.
        still: Nothing is to move.
    """
    way = Way(path)
    count = max(1, way.length_px // SLOT_PX)
    if still:
        slots, moved_px = still_slots(faults, t_ns, count), 0.0
    else:
        slots = slots_at(faults, t_ns, count if returning else 0, count)
        moved_px = t_ns % SLOT_NS / NS_PER_PX
    for slot, n_faults in enumerate(slots):
        level = level_of(n_faults)
        for along_px, beside_px in PLACES[level - 1] if level else ():
            found = way.at(slot * SLOT_PX + moved_px + along_px, beside_px)
            if found is not None:
                yield found


def paint_pulls(
    painter: QPainter,
    path: Sequence[QPoint],
    faults: Instants,
    *,
    t_ns: int,
    still: bool,
    theme: Theme,
) -> None:
    """Paint requests and pages.

    Args:
        painter: Of the pool.
        path: From the source to the destination.
        faults: When pages were asked for, ns.
        t_ns: The instant.
        still: Nothing is to move; how many marks there are tells the rate.
        theme: Its colours.
    """
    back = list(reversed(path))
    painter.setPen(QPen(theme.color("ink"), 1))
    painter.setBrush(theme.color("ground"))
    for place, along in marks(back, faults, t_ns, returning=False, still=still):
        painter.drawPolygon(_arrow(place, along))
    painter.setBrush(theme.state_color(PageState.PULLED))
    for place, _ in marks(path, faults, t_ns, returning=True, still=still):
        painter.drawPolygon(_diamond(place))


def paint_rate(painter: QPainter, text_at: QPointF, per_s: int, theme: Theme) -> None:
    """Write how many pages a second are pulled, behind a diamond as they have."""
    painter.setPen(QPen(theme.color("ink"), 1))
    painter.setBrush(theme.state_color(PageState.PULLED))
    painter.drawPolygon(_diamond(text_at + QPointF(HALF_PX, -HALF_PX)))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawText(text_at + QPointF(2 * HALF_PX + 5, 0), rate_text(per_s))


def _arrow(place: QPointF, along: QPointF) -> QPolygonF:
    side = QPointF(-along.y(), along.x())
    tail = place - along * HALF_PX
    return QPolygonF([place + along * HALF_PX, tail + side * 3, tail - side * 3])


def _diamond(place: QPointF) -> QPolygonF:
    up, right = QPointF(0, -HALF_PX), QPointF(HALF_PX, 0)
    return QPolygonF([place + up, place + right, place - up, place - right])
