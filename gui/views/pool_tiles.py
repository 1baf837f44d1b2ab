"""Painting of tiles and cards: VMs with their small heatmap, hosts with their memory."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPen

from gui.style.theme import Theme, ui_font
from gui.views.pool_layout import CARD_PADDING_PX, Detail
from gui.views.pool_minis import CELL_PX, MiniSize
from gui.views.pool_reading import HostLook, TileLook

TEXT_PX: Final = 11
PILL_PX: Final = 17
PILL_PADDING_PX: Final = 14
DOT_PX: Final = 7
GHOST_OPACITY: Final = 0.62
FILLS: Final = {"run": "pill_run", "move": "pill_mig", "bad": "pill"}
INKS: Final = {"run": "good", "move": "link", "bad": "warn"}
MIDDLE: Final = int(Qt.AlignmentFlag.AlignVCenter)
CENTER: Final = int(Qt.AlignmentFlag.AlignCenter)
RIGHT: Final = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)


def mini_size(tile: QRect, detail: Detail) -> MiniSize:
    """Return how many cells the map of a tile has."""
    if detail is Detail.FULL:
        return MiniSize(30, 16 if tile.height() >= 40 else 15)
    if detail is Detail.LINE:
        return MiniSize(16, (tile.height() - 6) // CELL_PX)
    if detail is Detail.NAME:
        return MiniSize(9, (tile.height() - 5) // CELL_PX)
    return MiniSize(
        max(1, (tile.width() - 2) // CELL_PX), max(1, (tile.height() - 2) // CELL_PX)
    )


def mini_rect(tile: QRect, detail: Detail) -> QRect:
    """Return where the map of a tile is painted."""
    size = mini_size(tile, detail)
    width, height = size.columns * CELL_PX, size.rows * CELL_PX
    y = tile.y() + (tile.height() - height) // 2
    inset = {Detail.FULL: 6, Detail.LINE: 5, Detail.NAME: 4}.get(
        detail, (tile.width() - width) // 2
    )
    return QRect(tile.x() + inset, y, width, height)


def fitting(choices: Sequence[str], font: QFont, width_px: int) -> str:
    """Return the first wording that fits; the last one, elided, if none does."""
    metrics = QFontMetrics(font)
    for text in choices:
        if metrics.horizontalAdvance(text) <= width_px:
            return text
    return metrics.elidedText(choices[-1], Qt.TextElideMode.ElideMiddle, max(0, width_px))


def paint_tile(
    painter: QPainter, tile: QRect, look: TileLook, *, detail: Detail, selected: bool, theme: Theme
) -> None:
    """Paint a VM's tile, all but its map."""
    painter.setOpacity(GHOST_OPACITY if look.ghost else 1.0)
    line = "link" if selected else INKS[look.kind] if look.kind == "bad" else "line"
    pen = QPen(theme.color(line), (2 if selected else 1) + theme.thicker_px)
    if look.ghost:
        pen.setStyle(Qt.PenStyle.DashLine)
        pen.setColor(theme.color("link" if selected else "dim"))
    painter.setPen(pen)
    painter.setBrush(theme.color("field"))
    inset = 1.0 if selected else 0.5
    radius = 2 if detail is Detail.CHIP else 6
    frame = QRectF(tile).adjusted(inset, inset, -inset, -inset)
    painter.drawRoundedRect(frame, radius, radius)
    words = {
        Detail.FULL: _paint_two_lines, Detail.LINE: _paint_line, Detail.NAME: _paint_name
    }.get(detail)
    if words is not None:
        left = mini_rect(tile, detail).right() + 9
        words(painter, QRect(left, tile.y(), tile.right() - 6 - left, tile.height()), look, theme)
    painter.setOpacity(1.0)


@lru_cache(maxsize=128)
def tile_image(
    look: TileLook,
    size_px: tuple[int, int],
    *,
    detail: Detail,
    ground: str,
    theme: Theme,
    ratio: int,
) -> QImage:
    """Return a tile but its map, painted once; the VM is not selected, the theme has thin lines.

    Most tiles look the same for long.

    Args:
        look: What it says.
        size_px: Width and height.
        detail: How much it says.
        ground: Colour of the card under it, by its name in the theme.
        theme: Its colours.
        ratio: Pixels of the picture in one of `size_px`.
    """
    tile = QRect(0, 0, *size_px)
    image = QImage(tile.size() * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(theme.color(ground))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_tile(painter, tile, look, detail=detail, selected=False, theme=theme)
    painter.end()
    return image


def paint_map(painter: QPainter, place: QRect, image: QImage, *, ghost: bool) -> None:
    """Paint a VM's map, two pixels a cell."""
    painter.setOpacity(GHOST_OPACITY if ghost else 1.0)
    painter.drawImage(place, image)
    painter.setOpacity(1.0)


def _paint_two_lines(painter: QPainter, area: QRect, look: TileLook, theme: Theme) -> None:
    half = area.height() // 2
    top = QRect(area.x(), area.y() + 2, area.width(), half)
    below = QRect(area.x(), area.y() + half, area.width(), half - 2)
    if _pill_leaves_name(look, area.width()):
        _paint_line(painter, top, look, theme)
    else:
        _paint_text(painter, top, look, theme, size_px=13)
        below.setWidth(area.width() - paint_pill(painter, below, look, theme) - 5)
    font = ui_font(TEXT_PX)
    painter.setFont(font)
    painter.setPen(theme.color("dim"))
    painter.drawText(below, MIDDLE, fitting(look.details, font, below.width()))


def _pill_leaves_name(look: TileLook, room_px: int) -> bool:
    """Return whether a name is whole beside its pill, or the second line is no help either."""
    name_px = QFontMetrics(ui_font(13, bold=not look.ghost)).horizontalAdvance(look.name)
    font = QFontMetrics(ui_font(TEXT_PX))
    pill_px = font.horizontalAdvance(look.pill) + PILL_PADDING_PX + 5
    least = min((font.horizontalAdvance(text) for text in look.details), default=0)
    return name_px + pill_px <= room_px or least + pill_px > room_px


def _paint_line(painter: QPainter, area: QRect, look: TileLook, theme: Theme) -> None:
    width = paint_pill(painter, area, look, theme)
    _paint_text(painter, area.adjusted(0, 0, -width - 5, 0), look, theme, size_px=13)


def _paint_name(painter: QPainter, area: QRect, look: TileLook, theme: Theme) -> None:
    dot = QRectF(area.right() - DOT_PX, area.center().y() - DOT_PX / 2 + 0.5, DOT_PX, DOT_PX)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(INKS[look.kind]))
    if look.kind == "run":
        painter.drawEllipse(dot)
    else:
        painter.drawRect(dot)
    _paint_text(painter, area.adjusted(-3, 0, -DOT_PX - 4, 0), look, theme, size_px=TEXT_PX)


def _paint_text(
    painter: QPainter, area: QRect, look: TileLook, theme: Theme, *, size_px: int
) -> None:
    font = ui_font(size_px, bold=size_px > TEXT_PX and not look.ghost)
    painter.setFont(font)
    painter.setPen(theme.color("ink"))
    painter.drawText(area, MIDDLE, fitting((look.name,), font, area.width()))


def paint_pill(painter: QPainter, area: QRect, look: TileLook, theme: Theme) -> int:
    """Paint the status at the right of an area; return its width."""
    font = ui_font(TEXT_PX)
    width = QFontMetrics(font).horizontalAdvance(look.pill) + PILL_PADDING_PX
    pill = QRect(area.right() - width + 1, 0, width, PILL_PX)
    pill.moveTop(area.y() + (area.height() - PILL_PX) // 2)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(FILLS[look.kind]))
    painter.drawRoundedRect(pill, PILL_PX / 2, PILL_PX / 2)
    painter.setPen(theme.color(INKS[look.kind]))
    painter.setFont(font)
    painter.drawText(pill, CENTER, look.pill)
    return width


def paint_card(
    painter: QPainter, card: QRect, look: HostLook, *, theme: Theme, pen: QPen, fill: QColor
) -> None:
    """Paint a host's card without its heading and its memory."""
    painter.setPen(pen)
    painter.setBrush(fill)
    inset = max(1, pen.width()) / 2
    painter.drawRoundedRect(QRectF(card).adjusted(inset, inset, -inset, -inset), 8, 8)


def bar_rect(card: QRect) -> QRect:
    """Return where a card shows how much of the host's memory is used."""
    return QRect(card.x() + CARD_PADDING_PX, card.y() + 29, card.width() - 2 * CARD_PADDING_PX, 6)


def paint_heading(
    painter: QPainter, card: QRect, name: str, notes: Sequence[str], *, ink: str, theme: Theme
) -> None:
    """Paint a host's name, and at the right the longest note that fits beside it."""
    line = card.adjusted(CARD_PADDING_PX, 6, -CARD_PADDING_PX, 0)
    line.setHeight(20)
    bold = ui_font(14, bold=True)
    text = fitting((name,), bold, line.width())
    painter.setFont(bold)
    painter.setPen(theme.color("ink"))
    painter.drawText(line, MIDDLE, text)
    room = line.width() - QFontMetrics(bold).horizontalAdvance(text) - 10
    font = ui_font(TEXT_PX, bold=ink != "dim")
    metrics = QFontMetrics(font)
    note = next((n for n in notes if metrics.horizontalAdvance(n) <= room), "")
    painter.setFont(font)
    painter.setPen(theme.color(ink))
    painter.drawText(line, RIGHT, note)


def paint_memory_bar(painter: QPainter, bar: QRect, look: HostLook, theme: Theme) -> None:
    """Paint a host's memory: used, and hatched what is reserved for a VM on its way."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("line"))
    painter.drawRoundedRect(bar, 3, 3)
    used = round(bar.width() * min(1.0, look.used))
    held = min(bar.width() - used, max(3, round(bar.width() * look.reserved)))
    if look.reserved > 0 and held > 0:
        place = QRect(bar.x() + used, bar.y(), held, bar.height())
        painter.save()
        painter.setClipRect(place)
        painter.fillRect(place, theme.color("pill_mig"))
        painter.setBrush(theme.color("link"))
        for x in range(place.x() + 1, place.right() + 1, 5):
            painter.drawRect(x, place.y(), 2, place.height())
        painter.restore()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("dim"))
    if used > 0:
        painter.drawRoundedRect(QRect(bar.x(), bar.y(), used, bar.height()), 3, 3)
