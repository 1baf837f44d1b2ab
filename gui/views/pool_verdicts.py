"""What a host answers while a VM is in the air: its reasons, and the rules that passed."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen

from engine.eligibility import Check
from gui.style.theme import Theme, ui_font

TEXT_PX: Final = 11
LINE_GAP_PX: Final = 3
BALLOON_PX: Final = 400
PADDING_PX: Final = 9
NO_BREAK: Final = "\u00a0"
ABBREVIATIONS: Final = {"vm", "cpu"}
WRAP: Final = int(Qt.TextFlag.TextWordWrap)

Line = tuple[str, str]
"""Text and the colour's name in the theme."""


def failed(checks: Sequence[Check]) -> list[Check]:
    """Return the checks that refuse a move."""
    return [check for check in checks if not check.passed and not check.advisory]


def reasons(checks: Sequence[Check]) -> list[Line]:
    """Return a line for each rule that refuses, then for each that only warns."""
    lines = [(f"✗ {check.sentence}", "warn") for check in failed(checks)]
    advice = [check for check in checks if check.advisory and not check.passed]
    return lines + [(f"! {check.sentence}", "dim") for check in advice]


def ticks(checks: Sequence[Check], *, at_most: int | None = None) -> Line:
    """Return the rules that passed, as one line; the rest is counted."""
    words = [_words(check) for check in checks if check.passed]
    shown = words if at_most is None else words[:at_most]
    rest = len(words) - len(shown)
    if not shown:
        return f"✓ {rest} rules met", "good"
    text = "  ".join(f"✓ {word}".replace(" ", NO_BREAK) for word in shown)
    return text + (f"  and {rest} more" if rest else ""), "good"


def _words(check: Check) -> str:
    """Return the name of a rule as words."""
    words = check.rule.split("-")
    return " ".join(word.upper() if word in ABBREVIATIONS else word for word in words)


def heights(lines: Sequence[Line], width_px: int) -> list[int]:
    """Return the height of each wrapped line, its gap included."""
    metrics = QFontMetrics(ui_font(TEXT_PX))
    room = QRect(0, 0, width_px, 10_000)
    return [metrics.boundingRect(room, WRAP, text).height() + LINE_GAP_PX for text, _ in lines]


def paint_lines(painter: QPainter, area: QRect, lines: Sequence[Line], theme: Theme) -> None:
    """Paint wrapped lines from the top of an area."""
    painter.setFont(ui_font(TEXT_PX))
    y = area.y()
    for (text, color), height in zip(lines, heights(lines, area.width()), strict=True):
        painter.setPen(theme.color(color))
        painter.drawText(QRect(area.x(), y, area.width(), height), WRAP, text)
        y += height


def card_lines(area: QRect, checks: Sequence[Check]) -> tuple[list[Line], bool]:
    """Return what fits into a refusing host's card, and whether every sentence does."""
    width, room = area.width(), area.height()
    lines = reasons(checks)
    left = room - sum(heights(lines, width))
    if left >= 0:
        n_passed = sum(check.passed for check in checks)
        for at_most in range(n_passed, -1, -1):
            tick = ticks(checks, at_most=at_most)
            if heights([tick], width)[0] <= left:
                return [*lines, tick], True
        return lines, True
    names = [_words(check) for check in failed(checks)]
    for count in range(len(names), -1, -1):
        rest = len(names) - count
        tail = f" and {rest} more" if rest else ""
        text = f"✗ {', '.join(names[:count])}{tail}" if count else f"✗ {rest} reasons"
        if sum(heights([(text, "warn")], width)) <= room + LINE_GAP_PX:
            return [(text, "warn")], False
    return [], False


def paint_refusal(
    painter: QPainter, area: QRect, checks: Sequence[Check], theme: Theme
) -> bool:
    """Fill a card with its reasons; return whether all sentences found room."""
    inner = area.adjusted(7, 0, -7, 0)
    lines, whole = card_lines(inner, checks)
    paint_lines(painter, inner, lines, theme)
    return whole


def paint_balloon(
    painter: QPainter, bounds: QRect, card: QRect, checks: Sequence[Check], theme: Theme
) -> None:
    """Paint the reasons beside a card that is too small for them."""
    lines = [*reasons(checks), ticks(checks)]
    widest = bounds.width() - 8
    width, needed = widest, 0
    for choice in range(min(BALLOON_PX, widest), widest + 1, 60):
        needed = sum(heights(lines, choice - 2 * PADDING_PX)) + 2 * PADDING_PX
        width = choice
        if needed <= bounds.height() - 4:
            break
    needed = sum(heights(lines, width - 2 * PADDING_PX)) + 2 * PADDING_PX
    box = QRect(0, 0, width, needed)
    box.moveTop(max(bounds.top() + 2, min(card.top(), bounds.bottom() - needed - 2)))
    to_right = card.right() + 6
    box.moveLeft(to_right if to_right + width <= bounds.right() else card.left() - 6 - width)
    if box.left() < bounds.left() + 4:
        box.moveLeft(max(4, min(bounds.right() - width - 4, card.center().x() - width // 2)))
    painter.setPen(QPen(theme.color("warn"), 1))
    painter.setBrush(theme.color("sunken"))
    painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
    inner = box.adjusted(PADDING_PX, PADDING_PX, -PADDING_PX, -PADDING_PX)
    paint_lines(painter, inner, lines, theme)
