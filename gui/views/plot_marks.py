"""Signs that a plot's picture is made of beside its curves: symbols, legend, bars, shares."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from gui.style.theme import Theme, ui_font
from gui.views.plot_content import Bars, Curve, Markers, PlotContent, Share, role_color
from gui.views.plot_curves import RIGHT_PX, SHARE_PX
from gui.views.plot_geometry import Geometry
from gui.views.plot_signs import draw_signs

Entry = Curve | Markers | Bars
ENTRY_PX: Final = 30
HEADER_PX: Final = 18
STEM_TOPS: Final = 150
"""Stems have a sign on their tops while no more than so many are in sight."""
SOFT_ALPHA: Final = 150
VCPU_SYMBOLS: Final = ("o", "t1", "d", "s")


def symbol_of(role: str) -> str:
    """Return the sign of a processor's stems."""
    number = int(role[5:]) if role.startswith("vcpu-") else 0
    return VCPU_SYMBOLS[number % len(VCPU_SYMBOLS)]


def legend_entries(content: PlotContent) -> list[Entry]:
    """Return what has a word: that is told in the legend."""
    everything: tuple[Entry, ...] = (*content.bars, *content.curves, *content.markers)
    return [entry for entry in everything if entry.word]


def sign_of(entry: Entry) -> tuple[str, ...]:
    """Return all that the look of an entry of the legend depends on, besides the theme."""
    if isinstance(entry, Curve):
        look = "dashed" if entry.dashed else "line"
    else:
        look = entry.fill if isinstance(entry, Bars) else entry.symbol
    return type(entry).__name__, entry.role, entry.word, look


def draw_legend(
    painter: QPainter, content: PlotContent, theme: Theme, *, width: int, used: int
) -> int:
    """Write the legend right of the title, or below it; return the height of both.

    Args:
        painter: Of the picture.
        content: Its bars, curves and markers with a word are told.
        theme: Its colours.
        width: Of the picture.
        used: Width of the title.
    """
    painter.setFont(ui_font(11))
    metrics = painter.fontMetrics()
    entries = legend_entries(content)
    widths = [metrics.horizontalAdvance(e.word) + ENTRY_PX for e in entries]
    room = width - RIGHT_PX
    x, y = room + 12 - sum(widths), HEADER_PX - 5
    if entries and x < used:
        x, y = 0, y + HEADER_PX
    for entry, wide in zip(entries, widths, strict=True):
        if x and x + wide - 12 > room:
            x, y = 0, y + HEADER_PX
        _draw_entry(painter, entry, QPointF(x, y), theme)
        x += wide
    return y + 5


def _draw_entry(painter: QPainter, entry: Entry, at: QPointF, theme: Theme) -> None:
    """Draw one sign of the legend and its word."""
    color = role_color(theme, entry.role)
    center = at + QPointF(7, -4)
    if isinstance(entry, Curve):
        style = Qt.PenStyle.DashLine if entry.dashed else Qt.PenStyle.SolidLine
        painter.setPen(QPen(color, 2 + theme.thicker_px, style))
        painter.drawLine(center - QPointF(7, 0), center + QPointF(6, 0))
    elif isinstance(entry, Bars) and entry.fill == "stem":
        draw_signs(painter, symbol_of(entry.role), [center], color=color)
    elif isinstance(entry, Bars):
        fill_bar(painter, QRectF(center.x() - 6, center.y() - 5, 12, 10), color, entry.fill)
    else:
        hollow = entry.role == "before"
        draw_signs(painter, entry.symbol, [center], color=color, hollow=hollow)
    painter.setPen(theme.color("dim"))
    painter.drawText(at + QPointF(18, 0), entry.word)


def fill_bar(painter: QPainter, rect: QRectF, color: QColor, fill: str) -> None:
    """Draw one bar: solid, hatch (stripes in a frame) or outline (a frame)."""
    if fill == "solid":
        painter.fillRect(rect, color)
        return
    if fill == "hatch":
        soft = QColor(color)
        soft.setAlpha(60)
        painter.fillRect(rect, soft)
        painter.fillRect(rect, QBrush(color, Qt.BrushStyle.BDiagPattern))
    if rect.width() <= 2 or rect.height() <= 2:
        painter.fillRect(rect, color)
        return
    painter.setPen(QPen(color, 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect.adjusted(0, 0, -1, -1))


def draw_bars(painter: QPainter, bars: Sequence[Bars], geometry: Geometry, theme: Theme) -> None:
    """Draw the bars that are in sight, at least one pixel wide."""
    for group in bars:
        color, shown = role_color(theme, group.role), geometry.shown
        seen = np.flatnonzero((group.end_ns >= shown.start_ns) & (group.start_ns <= shown.end_ns))
        if group.fill == "stem":
            _draw_stems(painter, group, seen, geometry=geometry, color=color)
            continue
        for i in seen.tolist():
            left = round(geometry.clipped_x(int(group.start_ns[i])))
            right = round(geometry.clipped_x(int(group.end_ns[i])))
            top = round(geometry.y_at(float(group.high[i])))
            bottom = round(geometry.y_at(float(group.low[i])))
            if bottom > top:
                rect = QRectF(left, top, max(1, right - left), bottom - top)
                fill_bar(painter, rect, color, group.fill)


def _draw_stems(
    painter: QPainter, group: Bars, seen: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    *, geometry: Geometry, color: QColor,
) -> None:
    """Draw a line for each, with a sign on top; of many in one pixel the longest."""
    if not len(seen):
        return
    scale = geometry.area.width() / max(1, geometry.shown.length_ns)
    since = (group.start_ns[seen] - geometry.shown.start_ns) * scale
    columns = np.rint(geometry.area.left() + since).astype(np.int64)
    heights = group.high[seen]
    order = np.lexsort((heights, columns))
    last = np.append(np.diff(columns[order]) != 0, True)
    chosen = order[last]
    painter.setPen(QPen(color, 1))
    bottom = geometry.area.bottom()
    for i in chosen.tolist():
        x, y = float(columns[i]), geometry.y_at(float(heights[i]))
        painter.drawLine(QPointF(x, bottom), QPointF(x, y))
        if len(seen) <= STEM_TOPS:
            draw_signs(painter, symbol_of(group.role), [QPointF(x, y)], color=color)


def draw_shares(
    painter: QPainter, shares: Sequence[Share], geometry: Geometry, theme: Theme
) -> None:
    """Draw how often which value occurs, on the value axis, right of the plot."""
    largest = max((int(s.counts.max(initial=0)) for s in shares), default=0)
    if not largest:
        return
    left = round(geometry.area.right()) + 10
    room = SHARE_PX - 8
    painter.setPen(theme.color("line"))
    painter.drawLine(QPointF(left, geometry.area.top()), QPointF(left, geometry.area.bottom()))
    for number, share in enumerate(shares):
        color = role_color(theme, share.role)
        for low, high, count in zip(share.edges, share.edges[1:], share.counts, strict=False):
            if not count:
                continue
            bottom, top = geometry.y_at(float(low)), geometry.y_at(float(high))
            each = max(1.0, (bottom - top - 1) / len(shares))
            wide = max(2, round(room * int(count) / largest))
            rect = QRectF(left + 1, round(top + number * each), wide, max(1, round(each)))
            fill_bar(painter, rect, color, ("solid", "hatch", "outline", "solid")[number % 4])
    painter.setFont(ui_font(11))
    painter.setPen(theme.color("dim"))
    text = f"up to {largest:,}"
    painter.drawText(QPointF(left + 4, geometry.area.top() + 10), text)
