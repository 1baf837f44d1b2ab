"""What a host's card answers while a VM is in the air: a mark for every rule, and why not."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct, field
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen, QPolygonF

from engine.eligibility import Check
from gui.style.theme import Theme, ui_font

TEXT_PX: Final = 11
LINE_GAP_PX: Final = 3
MARK_PX: Final = 9
WIDEST_PITCH_PX: Final = 16
WRAP: Final = int(Qt.TextFlag.TextWordWrap)
MARKS: Final = {"met": "✓", "refused": "✗", "advised": "!"}
INKS: Final = {"met": "good", "refused": "warn", "advised": "dim"}

Line = tuple[str, str]
"""Text and the colour's name in the theme."""


class Verdicts(Struct, frozen=True):
    """What every host answers to one VM.

    Attributes:
        vm: Name of the VM.
        home: Where it is.
        checks: For each host, home included, every rule with its answer.
        over: The host that is looked at, None if none is.
    """

    vm: str
    home: str
    checks: Mapping[str, Sequence[Check]] = field(default_factory=dict)
    over: str | None = None

    def accepts(self, host: str) -> bool:
        """Return whether a host can take the VM."""
        return host != self.home and host in self.checks and not failed(self.checks[host])


def failed(checks: Sequence[Check]) -> list[Check]:
    """Return the checks that refuse a move."""
    return [check for check in checks if not check.passed and not check.advisory]


def answer(check: Check) -> str:
    """Return "met", "refused" or "advised": what the answer of a rule comes to."""
    if check.passed:
        return "met"
    return "advised" if check.advisory else "refused"


def values_text(check: Check) -> str:
    """Return a rule with its mark and both values, in a few words."""
    mark = MARKS[answer(check)]
    if check.passed:
        return f"{mark} {check.title}: {check.found}"
    return f"{mark} {check.title}: {check.found}, needed {check.needed}"


def reasons(checks: Sequence[Check], *, remedies: bool = False) -> list[Line]:
    """Return a line for each rule that refuses, then for each that only warns."""
    advice = [check for check in checks if check.advisory and not check.passed]
    lines = []
    for check in [*failed(checks), *advice]:
        tail = f". {check.remedy}" if remedies else ""
        lines.append((values_text(check) + tail, INKS[answer(check)]))
    return lines


def met_text(checks: Sequence[Check]) -> Line:
    """Return in words how many rules are met."""
    n_met = sum(check.passed for check in checks)
    return f"✓ {n_met} of {len(checks)} rules met", "good"


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


def card_lines(area: QRect, checks: Sequence[Check]) -> list[Line]:
    """Return the fullest wording of a refusal that fits into a host's card."""
    room = area.height() + LINE_GAP_PX
    return next(
        (lines for lines in _wordings(checks) if sum(heights(lines, area.width())) <= room), []
    )


def _wordings(checks: Sequence[Check]) -> list[list[Line]]:
    """Return the reasons from the fullest wording to the shortest."""
    short, refused = reasons(checks), failed(checks)
    wordings = [
        [*reasons(checks, remedies=True), met_text(checks)],
        reasons(checks, remedies=True),
        [*short, met_text(checks)],
        short,
        reasons(refused),
    ]
    for text in (values_text(refused[0]), f"✗ {refused[0].title}"):
        more = len(refused) - 1
        wordings.append([(f"{text} and {more} more" if more else text, "warn")])
    return [*wordings, [(f"✗ {len(refused)}", "warn")]]


def paint_refusal(painter: QPainter, area: QRect, checks: Sequence[Check], theme: Theme) -> None:
    """Fill a card with its reasons."""
    inner = area.adjusted(7, 0, -7, 0)
    paint_lines(painter, inner, card_lines(inner, checks), theme)


def paint_strip(painter: QPainter, area: QRect, checks: Sequence[Check], theme: Theme) -> None:
    """Paint one mark for each rule, side by side in the order of the rules."""
    pitch = min(WIDEST_PITCH_PX, area.width() / max(1, len(checks)))
    size = min(MARK_PX, pitch - 2)
    for i, check in enumerate(checks):
        top = area.y() + (area.height() - size) / 2
        paint_mark(painter, QRectF(area.x() + i * pitch, top, size, size), check, theme)


def paint_mark(painter: QPainter, box: QRectF, check: Check, theme: Theme) -> None:
    """Draw a tick, a cross or, for advice, an exclamation mark into a box."""
    found = answer(check)
    pen = QPen(theme.color(INKS[found]), 2.2 if found == "refused" else 1.6)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    x, y, w, h = box.x(), box.y(), box.width(), box.height()
    if found == "met":
        corners = [QPointF(x, y + 0.55 * h), QPointF(x + 0.36 * w, y + 0.95 * h)]
        painter.drawPolyline(QPolygonF([*corners, QPointF(x + w, y + 0.08 * h)]))
    elif found == "refused":
        painter.drawLine(box.topLeft(), box.bottomRight())
        painter.drawLine(box.bottomLeft(), box.topRight())
    else:
        middle = x + w / 2
        painter.drawLine(QPointF(middle, y), QPointF(middle, y + 0.6 * h))
        painter.drawPoint(QPointF(middle, y + h))
