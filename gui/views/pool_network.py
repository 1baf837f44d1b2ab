"""Painting of the switch, its wires and the streams on them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from PySide6.QtCore import QMargins, QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from engine.states import PageState
from engine.units import format_bit_rate
from gui.style.theme import Theme, ui_font
from gui.views.pool_layout import PoolLayout
from gui.views.pool_pulls import paint_pulls, paint_rate, pulls_per_s, rate_text
from gui.views.pool_reading import HostLook, Stream

PACKET_PX: Final = 7
NS_PER_PX: Final = 6_000_000
DENSEST_PX: Final = 18
SPARSEST_PX: Final = 88
WIRE_PX: Final = 3
STREAM_PX: Final = 7
BESIDE_PX: Final = 20
"""So far from a wire there may be marks."""
CENTER: Final = int(Qt.AlignmentFlag.AlignCenter)


def paint_wires(
    painter: QPainter, layout: PoolLayout, looks: Sequence[HostLook], storage: str, theme: Theme
) -> None:
    """Paint a wire for each host; a link that is down is dashed and crossed."""
    for look in looks:
        pen = QPen(theme.color("warn" if look.trouble else "line"), WIRE_PX)
        if look.trouble:
            pen.setStyle(Qt.PenStyle.DotLine)
        painter.setPen(pen)
        painter.drawPolyline(layout.wires[look.name])
        if look.trouble:
            _paint_cross(painter, layout.wires[look.name], theme)
    if storage:
        _paint_storage(painter, layout, storage, theme)


def _paint_cross(painter: QPainter, wire: Sequence[QPoint], theme: Theme) -> None:
    a, b = max(pairwise(wire), key=lambda leg: (leg[1] - leg[0]).manhattanLength())
    x, y = (a.x() + b.x()) / 2, (a.y() + b.y()) / 2
    painter.setPen(QPen(theme.color("warn"), 3))
    for dy in (-5, 5):
        painter.drawLine(QPointF(x - 5, y + dy), QPointF(x + 5, y - dy))


def _paint_storage(painter: QPainter, layout: PoolLayout, storage: str, theme: Theme) -> None:
    """Paint the storage under the switch, with a line to it, if there is room."""
    label = storage_rect(layout)
    if label.bottom() > layout.column.bottom() + 2:
        return
    x = layout.switch.center().x()
    painter.setPen(QPen(theme.color("line"), WIRE_PX))
    painter.drawLine(x, layout.switch.bottom(), x, label.y())
    painter.setFont(ui_font(11))
    painter.setPen(theme.color("dim"))
    painter.drawText(label, CENTER, storage)


def storage_rect(layout: PoolLayout) -> QRect:
    """Return the place of the storage's label."""
    room = layout.column.bottom() - layout.switch.bottom()
    y = layout.switch.bottom() + max(6, min(30, room - 18))
    width = layout.column.width() - 24
    return QRect(layout.switch.center().x() - width // 2, y, width, 16)


def paint_switch(painter: QPainter, layout: PoolLayout, rate_bps: int, theme: Theme) -> None:
    """Paint the switch, and above it the rate of the streams."""
    painter.setPen(QPen(theme.color("line"), 1))
    painter.setBrush(theme.color("field"))
    painter.drawRoundedRect(QRectF(layout.switch).adjusted(0.5, 0.5, -0.5, -0.5), 7, 7)
    painter.setFont(ui_font(11))
    painter.setPen(theme.color("dim"))
    painter.drawText(layout.switch, CENTER, "switch")
    if rate_bps:
        painter.setFont(ui_font(13, bold=True))
        painter.setPen(theme.color("ink"))
        painter.drawText(rate_rect(layout), CENTER, format_bit_rate(rate_bps))


def paint_streams(
    painter: QPainter,
    layout: PoolLayout,
    streams: Sequence[Stream],
    *,
    t_ns: int,
    bandwidth_bps: int,
    still: bool,
    theme: Theme,
) -> None:
    """Paint every stream that a link carries, and the switch above them with their rates."""
    total_bps = total_pulls = 0
    for stream in streams:
        if stream.carries and stream.rate_bps:
            total_bps += stream.rate_bps
            path = layout.path(stream.source, stream.destination)
            share = stream.rate_bps / max(1, bandwidth_bps)
            at_ns = 0 if still else t_ns
            paint_stream(painter, path, t_ns=at_ns, share=share, theme=theme)
        if stream.carries and stream.faults is not None:
            total_pulls += pulls_per_s(stream.faults, t_ns)
            way = layout.path(stream.source, stream.destination)
            paint_pulls(painter, way, stream.faults, t_ns=t_ns, still=still, theme=theme)
    paint_switch(painter, layout, total_bps, theme)
    if total_pulls:
        painter.setFont(ui_font(11))
        paint_rate(painter, _pulls_at(painter, layout, total_pulls), total_pulls, theme)


def _pulls_at(painter: QPainter, layout: PoolLayout, per_s: int) -> QPointF:
    width = painter.fontMetrics().horizontalAdvance(rate_text(per_s)) + 12
    place = pulls_rect(layout)
    return QPointF(place.center().x() - width / 2, place.bottom() - 3)


def pulls_rect(layout: PoolLayout) -> QRect:
    """Return the place of the rate of pulled pages, above that of the stream."""
    return rate_rect(layout).translated(0, -16)


def rate_rect(layout: PoolLayout) -> QRect:
    """Return the place of the rate, above the switch."""
    width = layout.column.width() - 24
    center = layout.switch.center().x()
    return QRect(center - width // 2, layout.switch.y() - 22, width, 18)


def stream_rects(layout: PoolLayout, streams: Sequence[Stream]) -> list[QRect]:
    """Return what has to be painted again when the streams move on."""
    if not streams:
        return []
    found = [layout.switch, rate_rect(layout), pulls_rect(layout)]
    for stream in streams:
        for a, b in pairwise(layout.path(stream.source, stream.destination)):
            around = QMargins(BESIDE_PX, BESIDE_PX, BESIDE_PX, BESIDE_PX)
            found.append(QRect(a, b).normalized().marginsAdded(around))
    return found


def paint_stream(
    painter: QPainter, path: Sequence[QPoint], *, t_ns: int, share: float, theme: Theme
) -> None:
    """Paint the squares of a stream; they are the denser the larger its share of the link."""
    glow = theme.color("link")
    glow.setAlphaF(0.4)
    pen = QPen(glow, STREAM_PX)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(list(path))
    if share <= 0:
        return
    lengths = [(b - a).manhattanLength() for a, b in pairwise(path)]
    spacing = DENSEST_PX + round((SPARSEST_PX - DENSEST_PX) * (1 - min(1.0, share)))
    painter.setPen(QPen(QColor("#101418"), 1))
    painter.setBrush(theme.state_color(PageState.IN_FLIGHT))
    half = PACKET_PX / 2
    for at in range(t_ns // NS_PER_PX % spacing, sum(lengths), spacing):
        point = _point_at(path, lengths, at)
        painter.drawRect(QRectF(point.x() - half, point.y() - half, PACKET_PX, PACKET_PX))


def _point_at(path: Sequence[QPoint], lengths: Sequence[int], at: int) -> QPointF:
    for (a, b), length in zip(pairwise(path), lengths, strict=True):
        if at <= length and length:
            share = at / length
            return QPointF(a.x() + (b.x() - a.x()) * share, a.y() + (b.y() - a.y()) * share)
        at -= length
    return QPointF(path[-1])
