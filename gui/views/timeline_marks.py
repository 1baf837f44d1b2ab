"""The marks below the timeline's lanes: changes, faults, mends and notes, each with its own shape.

Marks that would overlap stand as one box with their number.
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal

from msgspec import Struct
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF

from engine.events import Event, EventKind
from engine.history import History
from gui.style.theme import Theme, ui_font
from gui.views.time_text import clock_text

FAULTS: Final = {
    EventKind.LINK_DOWN: "link down",
    EventKind.HOST_DIED: "host died",
    EventKind.FAILED: "migration failed, the VM goes on at the source",
    EventKind.LOST: "VM lost",
    EventKind.TIMED_OUT: "time limit reached",
    EventKind.REFUSED: "refused",
    EventKind.CANCELLED: "cancelled, the VM goes on at the source",
    EventKind.CANCEL_REFUSED: "too late to cancel",
    EventKind.ANNOUNCEMENT_LOST: "announcement lost",
}
MENDS: Final = {EventKind.LINK_UP: "link up again"}
MARKED: Final = {**FAULTS, **MENDS, EventKind.CHANGE: "change"}
NEAR_PX: Final = 10
"""Marks closer than this stand as one."""

MarkKind = Literal["change", "fault", "mend", "note"]


class Mark(Struct, frozen=True):
    """Something at an instant.

    Attributes:
        t_ns: Scenario time.
        kind: What it is; each has a shape of its own.
        words: What it says.
    """

    t_ns: int
    kind: MarkKind
    words: str

    @property
    def sentence(self) -> str:
        """Return its instant and what it says."""
        return f"{clock_text(self.t_ns)}  {self.words}"


def marks_of(history: History) -> list[Mark]:
    """Return the marks of a run in order of time."""
    found = [_of_event(e) for e in history.events if e.kind in MARKED]
    # This fault waits for an announcement: it has no event of its own at its own instant.
    found += [
        Mark(f.at_ns, "change", f"change: {f.on}: next announcement = lost")
        for f in history.spec.faults
        if f.kind == "announcement-lost" and f.at_ns <= history.end_ns
    ]
    found += [Mark(n.at_ns, "note", f"note: {n.text}") for n in history.spec.notes
              if n.at_ns <= history.end_ns]
    return sorted(found, key=lambda mark: mark.t_ns)


def _of_event(event: Event) -> Mark:
    told = dict(event.details)
    if event.kind is EventKind.CHANGE and {"path", "value"} <= set(told):
        details = f"{told['path']} = {told['value']}"
    else:
        details = ", ".join(f"{name} = {value}" for name, value in event.details)
    words = ": ".join(p for p in (MARKED[event.kind], event.subject, details) if p)
    kind: MarkKind = "change"
    if event.kind in FAULTS:
        kind = "fault"
    elif event.kind in MENDS:
        kind = "mend"
    return Mark(event.t_ns, kind, words)


def grouped(marks: Sequence[Mark], x_at: Callable[[int], float]) -> list[list[Mark]]:
    """Return marks that are drawn apart, each with those that it stands for.

    Args:
        marks: In order of time.
        x_at: Returns where an instant is drawn.
    """
    groups: list[list[Mark]] = []
    for mark in marks:
        if groups and x_at(mark.t_ns) - x_at(groups[-1][0].t_ns) < NEAR_PX:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    return groups


def group_words(group: Sequence[Mark]) -> str:
    """Return what a group says: a line a mark."""
    if len(group) == 1:
        return group[0].sentence
    return "\n".join([f"{len(group)} marks:", *(mark.sentence for mark in group)])


def draw_group(painter: QPainter, theme: Theme, group: Sequence[Mark], centre: QPointF) -> None:
    """Draw a mark, or the number of several in a box with the colour of the gravest."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if len(group) == 1:
        _draw_mark(painter, theme, group[0].kind, centre)
    else:
        grave = any(mark.kind == "fault" for mark in group)
        painter.setPen(QPen(theme.color("warn" if grave else "link"), 1.4))
        painter.setBrush(theme.color("field"))
        text = str(len(group))
        painter.setFont(ui_font(10, bold=True))
        width = max(13, painter.fontMetrics().horizontalAdvance(text) + 6)
        box = QRectF(centre.x() - width / 2, centre.y() - 6, width, 12)
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(theme.color("ink"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()


def _draw_mark(painter: QPainter, theme: Theme, kind: MarkKind, centre: QPointF) -> None:
    """Draw the shape: diamond (change), cross (fault), triangle (mend) or flag (note)."""
    x, y = centre.x(), centre.y()
    if kind == "fault":
        painter.setPen(QPen(theme.color("warn"), 2))
        painter.drawLine(QPointF(x - 4, y - 4), QPointF(x + 4, y + 4))
        painter.drawLine(QPointF(x - 4, y + 4), QPointF(x + 4, y - 4))
        return
    if kind == "note":
        painter.setPen(QPen(theme.color("ink"), 1.4))
        painter.drawLine(QPointF(x, y - 6), QPointF(x, y + 6))
        flag = QPainterPath(QPointF(x, y - 6))
        for dx, dy in ((7, -3), (0, 0)):
            flag.lineTo(x + dx, y + dy)
        painter.fillPath(flag, theme.color("ink"))
        return
    token, shape = "link", [(0, -5), (5, 0), (0, 5), (-5, 0)]
    if kind == "mend":
        token, shape = "good", [(0, -5), (5, 4), (-5, 4)]
    painter.setPen(QPen(theme.color("panel"), 1))
    painter.setBrush(theme.color(token))
    painter.drawPolygon(QPolygonF([QPointF(x + dx, y + dy) for dx, dy in shape]))
