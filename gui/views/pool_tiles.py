"""Painting of the pool's parts: VM tiles with a small heatmap, host cards, the moving stream."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPen

from engine.states import N_STATES, PageState
from gui.style.theme import Theme, ui_font

MINI_COLUMNS: Final = 28
MINI_ROWS: Final = 15
SAMPLES: Final = 16_384
PACKET_PX: Final = 7


@dataclass(frozen=True, slots=True)
class TileLook:
    """What a VM's tile shows."""

    name: str
    detail: str
    pill: str
    pill_kind: str
    """run, move or bad."""
    ghost: bool
    selected: bool


def mini_heatmap(
    theme: Theme,
    *,
    n_pages: int,
    first_zero_page: int,
    states: npt.NDArray[np.uint8] | None,
    written: npt.NDArray[np.uint32],
) -> QImage:
    """Return a VM's memory as a small picture: page states, or what it wrote lately."""
    n_cells = MINI_COLUMNS * MINI_ROWS
    per_cell = max(1, -(-n_pages // n_cells))
    colors = np.zeros((N_STATES, 3), np.int64)
    for state in PageState:
        c = theme.color("warn") if state is PageState.SKIPPED else theme.state_color(state)
        colors[state] = (c.red(), c.green(), c.blue())
    step = max(1, n_pages // SAMPLES)
    pages = np.arange(0, n_pages, step)
    if states is None:
        sample = np.where(pages >= first_zero_page, PageState.FREE, PageState.NOT_SENT)
    else:
        sample = states[::step]
    flat = np.bincount(pages // per_cell * N_STATES + sample, minlength=n_cells * N_STATES)
    counts = flat[: n_cells * N_STATES].reshape(n_cells, N_STATES)
    total = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rgb = (counts @ colors) / total
    if states is None and len(written):
        heat = np.bincount(written // per_cell, minlength=n_cells)[:n_cells]
        warmth = np.sqrt(np.minimum(1.0, heat / max(1.0, per_cell * 0.4)))[:, None]
        hot = theme.color("link")
        rgb += (np.array([hot.red(), hot.green(), hot.blue()]) - rgb) * warmth
    ground = theme.color("ground")
    rgb[counts.sum(axis=1) == 0] = (ground.red(), ground.green(), ground.blue())
    whole = np.clip(rgb, 0, 255).astype(np.uint32)
    packed = 0xFF000000 | (whole[:, 0] << 16) | (whole[:, 1] << 8) | whole[:, 2]
    pixels = np.ascontiguousarray(packed.astype(np.uint32).reshape(MINI_ROWS, MINI_COLUMNS))
    image = QImage(
        pixels.data, MINI_COLUMNS, MINI_ROWS, MINI_COLUMNS * 4, QImage.Format.Format_RGB32
    )
    return image.copy()


def paint_tile(
    painter: QPainter, rect: QRect, look: TileLook, image: QImage, theme: Theme
) -> None:
    """Paint a VM's tile."""
    painter.setOpacity(0.6 if look.ghost else 1.0)
    pen = QPen(theme.color("link" if look.selected else "line"), 2 if look.selected else 1)
    if look.ghost:
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.setBrush(theme.color("field"))
    painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
    compact = rect.height() < 40
    map_w, map_h = (34, 18) if compact else (60, 32)
    target = QRect(rect.x() + 7, rect.y() + (rect.height() - map_h) // 2, map_w, map_h)
    painter.drawImage(target, image)
    right = rect.right() - 6 - paint_pill(painter, rect, look, theme)
    left = target.right() + 9
    painter.setPen(theme.color("ink"))
    name_font = ui_font(12 if compact else 13, bold=look.selected)
    painter.setFont(name_font)
    name_h = rect.height() if compact else 20
    top = rect.y() if compact else rect.y() + 5
    name = QFontMetrics(name_font).elidedText(
        look.name, Qt.TextElideMode.ElideRight, max(10, right - left)
    )
    painter.drawText(
        QRect(left, top, right - left, name_h), int(Qt.AlignmentFlag.AlignVCenter), name
    )
    if not compact:
        painter.setPen(theme.color("dim"))
        font = ui_font(11)
        painter.setFont(font)
        text = QFontMetrics(font).elidedText(
            look.detail, Qt.TextElideMode.ElideRight, max(10, right - left)
        )
        painter.drawText(
            QRect(left, rect.y() + 23, right - left, 17),
            int(Qt.AlignmentFlag.AlignVCenter),
            text,
        )
    painter.setOpacity(1.0)


def paint_pill(painter: QPainter, rect: QRect, look: TileLook, theme: Theme) -> int:
    """Paint the status at the right of a tile; return its width."""
    font = ui_font(11)
    width = QFontMetrics(font).horizontalAdvance(look.pill) + 16
    pill = QRect(rect.right() - width - 5, rect.center().y() - 9, width, 19)
    fills = {"run": "pill_run", "move": "pill_mig", "bad": "pill"}
    inks = {"run": "good", "move": "link", "bad": "warn"}
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(fills[look.pill_kind]))
    painter.drawRoundedRect(pill, 9, 9)
    painter.setPen(theme.color(inks[look.pill_kind]))
    painter.setFont(font)
    painter.drawText(pill, int(Qt.AlignmentFlag.AlignCenter), look.pill)
    return width + 6


def paint_memory_bar(
    painter: QPainter, rect: QRect, *, used: float, reserved: float, theme: Theme
) -> None:
    """Paint a host's memory: used, and reserved for a VM that is on its way (hatched)."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("line"))
    painter.drawRoundedRect(rect, 3, 3)
    width = max(0, round(rect.width() * min(1.0, used)))
    painter.setBrush(theme.color("dim"))
    painter.drawRoundedRect(QRect(rect.x(), rect.y(), width, rect.height()), 3, 3)
    if reserved > 0:
        extra = round(rect.width() * min(1.0 - min(1.0, used), reserved))
        place = QRect(rect.x() + width, rect.y(), extra, rect.height())
        painter.setBrush(theme.color("pill_mig"))
        painter.drawRect(place)
        painter.setBrush(QColor(theme.link))
        for x in range(place.x() + 2, place.right(), 5):
            painter.drawRect(x, place.y(), 2, place.height())


def paint_stream(
    painter: QPainter, path: list[QPoint], *, t_ns: int, rate: float, theme: Theme
) -> None:
    """Paint packets along a way; there are more of them the higher the rate (0 to 1)."""
    painter.setPen(QPen(theme.color("pill_mig"), 6))
    painter.drawPolyline(path)
    lengths = [
        abs(b.x() - a.x()) + abs(b.y() - a.y()) for a, b in pairwise(path)
    ]
    total = sum(lengths)
    if rate <= 0 or not total:
        return
    spacing = 18 + round(70 * (1 - min(1.0, rate)))
    offset = (t_ns // 6_000_000) % spacing
    painter.setPen(QPen(QColor("#101418"), 1))
    painter.setBrush(QColor("#F0E442"))
    for at in range(offset, total, spacing):
        point = _point_at(path, lengths, at)
        half = PACKET_PX / 2
        painter.drawRect(QRectF(point.x() - half, point.y() - half, PACKET_PX, PACKET_PX))


def _point_at(path: list[QPoint], lengths: list[int], at: int) -> QPointF:
    for a, b, length in zip(path, path[1:], lengths, strict=False):
        if at <= length and length:
            share = at / length
            return QPointF(a.x() + (b.x() - a.x()) * share, a.y() + (b.y() - a.y()) * share)
        at -= length
    return QPointF(path[-1])
