"""Every host beside every rule: what a VM needs, what the host has, and how to mend what fails.

The window lays it under the pool while a VM is dragged; the dialog of the move shows the same and
lets a host be chosen with arrow keys or a click. It asks and decides nothing itself.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.eligibility import Check
from gui.style.enlarging import shrunk
from gui.style.theme import DARK, Theme, ui_font
from gui.views.pool_verdicts import (
    INKS,
    MARKS,
    TEXT_PX,
    WRAP,
    Verdicts,
    answer,
    paint_mark,
    values_text,
)

PADDING_PX: Final = 12
TITLE_PX: Final = 26
ROW_PX: Final = 20
LEAST_ROW_PX: Final = 16
MARK_ROOM_PX: Final = 14
NARROWEST_COLUMN_PX: Final = 76
LEAST_COLUMN_PX: Final = 40
CELL_PADDING_PX: Final = 12
REMEDY_PX: Final = 16
MIDDLE: Final = int(Qt.AlignmentFlag.AlignVCenter)
KEY_STEPS: Final = {
    Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1
}


class Cell(Struct, frozen=True):
    """One rule of one host, as the table shows it.

    Attributes:
        title: The rule. mark: ✓, ✗, or ! for a rule that only advises.
        needed: What the VM or its host asks for. found: What this host has.
        remedy: How to mend it; "" when it is met.
    """

    title: str
    mark: str
    needed: str
    found: str
    remedy: str


class TableLayout(Struct, frozen=True):
    """Where everything of the table lies, for one size and one set of answers.

    Attributes:
        hosts: The hosts that have a column, in order.
        columns: Left and width of the titles, of what is needed, then of each host.
        row_px: Height of a rule. hidden: How many hosts found no room.
    """

    hosts: tuple[str, ...]
    columns: tuple[tuple[int, int], ...]
    row_px: int
    hidden: int

    def top_px(self, row: int) -> int:
        """Return the top of a row: 0 are the hosts' names, 1 is the first rule."""
        return PADDING_PX + TITLE_PX + row * self.row_px


class VerdictTable(QWidget):
    """Hosts across, rules down.

    Attributes:
        host_chosen: Another host is looked at (its name), by key or click.
        host_taken: A host was double-clicked (its name).
    """

    host_chosen = Signal(str)
    host_taken = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with nothing to show."""
        super().__init__(parent)
        self._theme: Theme = DARK
        self._verdicts: Verdicts | None = None
        self._scale = 1.0
        self.setAccessibleName("Which host can take the VM")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    @property
    def verdicts(self) -> Verdicts | None:
        """Return the answers that are shown."""
        return self._verdicts

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def set_scale(self, scale: float) -> None:
        """Paint so many times as large, as the dialog around it is shown."""
        self._scale = scale
        self.updateGeometry()
        self.update()

    @property
    def _inside(self) -> QRect:
        """Return the room there is, in pixels of the unscaled table."""
        return QRect(QPoint(0, 0), shrunk(self.size(), self._scale))

    def set_verdicts(self, verdicts: Verdicts | None) -> None:
        """Show what all hosts answer."""
        self._verdicts = verdicts
        self.setAccessibleDescription(self.words())
        self.updateGeometry()
        self.update()

    def cells(self, host: str) -> tuple[Cell, ...]:
        """Return every rule of a host as it is painted."""
        if self._verdicts is None:
            return ()
        return tuple(
            Cell(c.title, MARKS[answer(c)], c.needed, c.found, c.remedy)
            for c in self._verdicts.checks[host]
        )

    def remedies(self) -> list[tuple[str, str]]:
        """Return for each host that refuses or is advised against the ways out, as painted."""
        if self._verdicts is None:
            return []
        found = []
        for host, checks in self._verdicts.checks.items():
            ways = " ".join(check.remedy for check in checks if check.remedy)
            if ways:
                found.append((host, f"{host}: {ways}"))
        return found

    def words(self) -> str:
        """Return the host that is looked at in words, all its rules with both values."""
        shown = self._verdicts
        host = shown.over if shown is not None else None
        if shown is None or host is None or host not in shown.checks:
            return ""
        checks = shown.checks[host]
        lines = [f"{host} {self.answer_of(host)}."]
        lines += [f"{values_text(check)}. {check.remedy}".strip() for check in checks]
        return "\n".join(lines)

    def answer_of(self, host: str) -> str:
        """Return in a word or two what a host says."""
        shown = self._verdicts
        assert shown is not None
        if host == shown.home:
            return "is home"
        return "can take it" if shown.accepts(host) else "cannot"

    def host_at(self, point: QPointF) -> str | None:
        """Return the host whose column holds a point."""
        layout, x_px = self.table_layout(), point.x() / self._scale
        for host, (left, width) in zip(layout.hosts, layout.columns[2:], strict=True):
            if left <= x_px < left + width:
                return host
        return None

    # Geometry

    def table_layout(self) -> TableLayout:
        """Return where everything lies now."""
        shown = self._verdicts
        if shown is None:
            return TableLayout((), ((0, 0), (0, 0)), ROW_PX, 0)
        wide = self._natural_widths(shown)
        titles, needs = wide[0] + CELL_PADDING_PX, wide[1] + CELL_PADDING_PX
        room = self._inside.width() - 2 * PADDING_PX - titles - needs
        hosts = _window(list(shown.checks), shown.over, max(1, room // NARROWEST_COLUMN_PX))
        widths = [titles, needs, *self._host_widths(shown, hosts, room)]
        lefts = [PADDING_PX + sum(widths[:i]) for i in range(len(widths))]
        n_rows = len(next(iter(shown.checks.values()), ())) + 1
        free = self._inside.height() - 2 * PADDING_PX - TITLE_PX - self._remedies_px()
        row_px = max(LEAST_ROW_PX, min(ROW_PX, free // n_rows))
        hidden = len(shown.checks) - len(hosts)
        return TableLayout(hosts, tuple(zip(lefts, widths, strict=True)), row_px, hidden)

    def _natural_widths(self, shown: Verdicts) -> tuple[int, int]:
        metrics = QFontMetrics(ui_font(TEXT_PX))
        checks = [c for found in shown.checks.values() for c in found]
        titles = max((metrics.horizontalAdvance(c.title) for c in checks), default=0)
        needs = max((metrics.horizontalAdvance(c.needed) for c in checks), default=0)
        heading = QFontMetrics(ui_font(TEXT_PX, bold=True)).horizontalAdvance(_needs(shown))
        return titles, max(needs, heading)

    def needed_width_px(self) -> int:
        """Return the width at which every host has its column and no word is cut."""
        shown = self._verdicts
        if shown is None:
            return 0
        fixed = sum(self._natural_widths(shown)) + 2 * CELL_PADDING_PX + 2 * PADDING_PX
        return fixed + sum(self._needed_widths(shown, list(shown.checks)))

    def _host_widths(self, shown: Verdicts, hosts: Sequence[str], room: int) -> list[int]:
        """Return the width of each host's column: what its words need, and a share of the rest."""
        needed = self._needed_widths(shown, hosts)
        spare = min(60, (room - sum(needed)) // max(1, len(hosts)))
        return [max(LEAST_COLUMN_PX, width + spare) for width in needed]

    def _needed_widths(self, shown: Verdicts, hosts: Sequence[str]) -> list[int]:
        metrics, bold = QFontMetrics(ui_font(TEXT_PX)), QFontMetrics(ui_font(TEXT_PX, bold=True))
        return [
            max(
                [bold.horizontalAdvance(f"✗ {host}") + 4]
                + [metrics.horizontalAdvance(c.found) + MARK_ROOM_PX for c in shown.checks[host]]
            )
            + CELL_PADDING_PX
            for host in hosts
        ]

    def _remedies_px(self) -> int:
        return sum(height for _, _, height in self._remedy_lines()) + 8

    def _remedy_lines(self) -> list[tuple[str, str, int]]:
        """Return (host, text, height) of each host's ways out."""
        metrics = QFontMetrics(ui_font(TEXT_PX))
        room = QRect(0, 0, max(60, self._inside.width() - 2 * PADDING_PX), 10_000)
        return [
            (host, text, max(REMEDY_PX, metrics.boundingRect(room, WRAP, text).height() + 2))
            for host, text in self.remedies()
        ]

    def needed_height_px(self, width_px: int) -> int:
        """Return the height at which nothing is squeezed, for a width."""
        if self._inside.width() != width_px and self._scale == 1:
            self.resize(width_px, self.height())
        shown = self._verdicts
        n_rows = len(next(iter(shown.checks.values()), ())) + 1 if shown else 1
        return 2 * PADDING_PX + TITLE_PX + n_rows * ROW_PX + self._remedies_px()

    # Painting

    def _paint_heading(self, painter: QPainter, layout: TableLayout, shown: Verdicts) -> None:
        theme, wide = self._theme, self._inside.width() - 2 * PADDING_PX
        line = QRect(PADDING_PX, PADDING_PX - 3, wide, TITLE_PX - 4)
        bold = ui_font(13, bold=True)
        painter.setFont(bold)
        painter.setPen(theme.color("ink"))
        title = f"Where can {shown.vm} go?"
        painter.drawText(line, MIDDLE, title)
        painter.setFont(ui_font(TEXT_PX))
        painter.setPen(theme.color("dim"))
        more = f"{layout.hidden} more: point at them   " if layout.hidden else ""
        line.setLeft(line.left() + QFontMetrics(bold).horizontalAdvance(title) + 16)
        words = f"{more}✓ met   ✗ forbids the move   ! only advice"
        cut = painter.fontMetrics().elidedText(
            words, Qt.TextElideMode.ElideRight, max(0, line.width())
        )
        painter.drawText(line, MIDDLE, cut)
        _paint_cell(painter, _row(layout, 0, 0), "Rule", theme.color("dim"), bold=False)
        _paint_cell(painter, _row(layout, 0, 1), _needs(shown), theme.color("dim"), bold=False)

    def _paint_host(
        self, painter: QPainter, layout: TableLayout, shown: Verdicts, column: int
    ) -> None:
        theme, host = self._theme, layout.hosts[column - 2]
        left, width = layout.columns[column]
        checks = shown.checks[host]
        accepted = shown.accepts(host)
        if host == shown.over or accepted:
            box = QRectF(left - 5, layout.top_px(0), width - 2, (len(checks) + 1) * layout.row_px)
            painter.setPen(
                QPen(theme.color("link"), 1.5, Qt.PenStyle.DashLine)
                if accepted
                else QPen(theme.color("dim"), 1)
            )
            fill = "pill_mig" if accepted else "field"
            painter.setBrush(theme.color(fill) if host == shown.over else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, 5, 5)
        mark = "✓ " if accepted else "⌂ " if host == shown.home else "✗ "
        ink = "good" if accepted else "dim" if host == shown.home else "warn"
        heading = _row(layout, 0, column)
        _paint_cell(painter, heading, mark + host, theme.color(ink), bold=True)
        for row, check in enumerate(checks, start=1):
            self._paint_check(painter, _row(layout, row, column), check)

    def _paint_check(self, painter: QPainter, place: QRect, check: Check) -> None:
        theme, size = self._theme, 8
        top = place.y() + (place.height() - size) / 2
        paint_mark(painter, QRectF(place.x(), top, size, size), check, theme)
        ink = "dim" if check.passed else INKS[answer(check)]
        words = place.adjusted(MARK_ROOM_PX, 0, 0, 0)
        _paint_cell(painter, words, check.found, theme.color(ink), bold=False)

    def _paint_remedies(self, painter: QPainter, layout: TableLayout, shown: Verdicts) -> None:
        theme = self._theme
        n_rows = len(next(iter(shown.checks.values()), ())) + 1
        y = layout.top_px(n_rows) + 8
        lines = self._remedy_lines()
        if y + sum(height for *_, height in lines) > self._inside.height() - PADDING_PX + 8:
            lines.sort(key=lambda line: line[0] != shown.over)
        for host, text, height in lines:
            if y + height > self._inside.height() - 4:
                return
            looked_at = host == shown.over
            painter.setFont(ui_font(TEXT_PX))
            painter.setPen(theme.color("ink" if looked_at else "dim"))
            place = QRect(PADDING_PX, y, self._inside.width() - 2 * PADDING_PX, height)
            painter.drawText(place, WRAP, text)
            if looked_at:
                painter.fillRect(QRect(3, y + 1, 3, height - 3), theme.color("warn"))
            y += height

    # Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the table."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(self._scale, self._scale)
        theme, shown, inside = self._theme, self._verdicts, QRectF(self._inside)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("sunken"))
        painter.drawRoundedRect(inside.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        if shown is not None and shown.checks:
            layout = self.table_layout()
            self._paint_heading(painter, layout, shown)
            for row, check in enumerate(next(iter(shown.checks.values())), start=1):
                _paint_cell(painter, _row(layout, row, 0), check.title, theme.color("ink"))
                _paint_cell(painter, _row(layout, row, 1), check.needed, theme.color("ink"))
            for column in range(2, len(layout.columns)):
                self._paint_host(painter, layout, shown, column)
            self._paint_remedies(painter, layout, shown)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("link"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(inside.adjusted(1.5, 1.5, -1.5, -1.5), 7, 7)
        painter.end()

    def sizeHint(self) -> QSize:
        """Return room for all rows and ways out."""
        return QSize(880, self.needed_height_px(max(880, self._inside.width()))) * self._scale

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Look at the next or previous host."""
        step = KEY_STEPS.get(Qt.Key(event.key()))
        shown = self._verdicts
        if step is None or shown is None or not shown.checks:
            super().keyPressEvent(event)
            return
        hosts = list(shown.checks)
        at = hosts.index(shown.over) if shown.over in hosts else -1
        self.host_chosen.emit(hosts[(at + step) % len(hosts)])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Look at the host under the pointer."""
        host = self.host_at(event.position())
        if host is not None:
            self.host_chosen.emit(host)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Take the host under the pointer."""
        host = self.host_at(event.position())
        if host is not None:
            self.host_taken.emit(host)


def _needs(shown: Verdicts) -> str:
    return f"{shown.vm} needs"


def _row(layout: TableLayout, row: int, column: int) -> QRect:
    left, width = layout.columns[column]
    return QRect(left, layout.top_px(row), width - CELL_PADDING_PX, layout.row_px)


def _paint_cell(
    painter: QPainter, place: QRect, text: str, ink: QColor, *, bold: bool = False
) -> None:
    font = ui_font(TEXT_PX, bold=bold)
    painter.setFont(font)
    painter.setPen(ink)
    # The gap between two columns may be used up before a word is cut.
    room = place.width() + CELL_PADDING_PX - 4
    cut = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, room)
    painter.drawText(place.adjusted(0, 0, CELL_PADDING_PX, 0), MIDDLE, cut)


def _window(hosts: Sequence[str], over: str | None, fit: int) -> tuple[str, ...]:
    """Return as many hosts as fit, the one that is looked at among them."""
    if len(hosts) <= fit:
        return tuple(hosts)
    at = hosts.index(over) if over in hosts else 0
    first = max(0, min(at - fit // 2, len(hosts) - fit))
    return tuple(hosts[first : first + fit])
