"""What a figure says beside the picture: numbered callouts, their key, and a caption, painted."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from gui.style.theme import Theme, ui_font

BULLET_PX: Final = 22
FONT_PX: Final = 14
PAD_PX: Final = 14
LINE_GAP_PX: Final = 7
FRAME_PX: Final = 2


class Notes(Struct, frozen=True):
    """What stands on and under a picture.

    Attributes:
        callouts: Rectangle of each part in the picture, and what is said of it.
        caption: Under the picture; "" for none.
    """

    callouts: tuple[tuple[QRect, str], ...] = ()
    caption: str = ""

    @property
    def texts(self) -> list[str]:
        """Return all words, in their order."""
        numbered = [f"{i}. {text}" for i, (_, text) in enumerate(self.callouts, 1)]
        return [*numbered, *([self.caption] if self.caption else [])]


def foot_height(notes: Notes, width_px: int) -> int:
    """Return how much room the words under a picture need."""
    if not notes.callouts and not notes.caption:
        return 0
    heights = [_text_height(text, width_px, bool(notes.callouts)) for text in _words(notes)]
    return round(sum(heights) + LINE_GAP_PX * (len(heights) - 1) + 2 * PAD_PX)


def paint_notes(painter: QPainter, notes: Notes, size: QSize, theme: Theme) -> None:
    """Frame what is called out, with its number, and write the words under the picture.

    Args:
        painter: On the whole figure; the picture lies at its top left.
        notes: What to say.
        size: Of the picture alone.
        theme: Its colours.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    taken: list[QRectF] = []
    for number, (rect, _) in enumerate(notes.callouts, 1):
        frame = QRectF(rect & QRect(0, 0, size.width(), size.height())).adjusted(1, 1, -1, -1)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("ground"), FRAME_PX + 2))
        painter.drawRect(frame)
        painter.setPen(QPen(theme.color("warn"), FRAME_PX))
        painter.drawRect(frame)
        place = _place(frame, taken, size)
        taken.append(place)
        _paint_bullet(painter, place, number, theme)
    _paint_foot(painter, notes, size, theme)


def _place(frame: QRectF, taken: Sequence[QRectF], size: QSize) -> QRectF:
    """Return where a number stands: at the frame's corner, moved on where another one is."""
    x = min(max(1.0, frame.left() - BULLET_PX / 3), size.width() - BULLET_PX - 1.0)
    y = min(max(1.0, frame.top() - BULLET_PX / 3), size.height() - BULLET_PX - 1.0)
    place = QRectF(x, y, BULLET_PX, BULLET_PX)
    while any(place.intersects(other) for other in taken):
        place.translate(BULLET_PX + 2.0, 0)
    return place


def _paint_bullet(painter: QPainter, place: QRectF, number: int, theme: Theme) -> None:
    painter.setPen(QPen(theme.color("ground"), 2))
    painter.setBrush(theme.color("warn"))
    painter.drawEllipse(place)
    painter.setPen(theme.color("ground"))
    painter.setFont(ui_font(13, bold=True))
    painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), str(number))


def _paint_foot(painter: QPainter, notes: Notes, size: QSize, theme: Theme) -> None:
    words = _words(notes)
    if not words:
        return
    height = foot_height(notes, size.width())
    painter.fillRect(QRectF(0, size.height(), size.width(), height), theme.color("panel"))
    y = float(size.height() + PAD_PX)
    keyed = bool(notes.callouts)
    for number, text in enumerate(words, 1):
        is_key = number <= len(notes.callouts)
        left = PAD_PX + (BULLET_PX + 8 if keyed else 0)
        needed = _text_height(text, size.width(), keyed)
        if is_key:
            _paint_bullet(painter, QRectF(PAD_PX, y, BULLET_PX, BULLET_PX), number, theme)
        painter.setPen(theme.color("ink"))
        painter.setFont(ui_font(FONT_PX))
        room = QRectF(left, y, size.width() - left - PAD_PX, needed)
        wrap = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(room, wrap, text)
        y += needed + LINE_GAP_PX


def _words(notes: Notes) -> list[str]:
    return [*(text for _, text in notes.callouts), *([notes.caption] if notes.caption else [])]


def _text_height(text: str, width_px: int, keyed: bool) -> float:
    room = width_px - 2 * PAD_PX - (BULLET_PX + 8 if keyed else 0)
    metrics = QFontMetricsF(ui_font(FONT_PX))
    bounds = metrics.boundingRect(
        QRectF(0, 0, room, 100_000), int(Qt.TextFlag.TextWordWrap), text
    )
    return max(bounds.height(), float(BULLET_PX))


