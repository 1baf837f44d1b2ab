"""Source and destination memory of the selected VM, and what goes on between them."""

from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from engine.history import Frame, History, MigrationRecord, VmFrame
from engine.page_track import States
from engine.playback import PageCursor
from engine.policies import parameters_of
from engine.states import N_STATES, PageState
from engine.units import format_count
from gui.style.theme import DARK, Theme, ui_font
from gui.views.figure_line import FigureLine
from gui.views.heat import recent_writes
from gui.views.legend_view import LegendView
from gui.views.page_grid import PageGrid
from gui.views.working_set_panel import WorkingSetPanel
from gui.views.working_set_sight import WorkingSetSight

HEAT_LIMIT: Final = 20_000
MIDDLE_PX: Final = 148
HEAT_WORDS: Final = ("marked: written in the last 0.5 s", "dim", 11)
SHOWING_STATES: Final = ("moving", "arrived")
"""Conditions in which the grids show page states; in others they show memory at rest."""
ARRIVED: Final = (
    PageState.UP_TO_DATE,
    PageState.SENT_WHILE_STOPPED,
    PageState.PULLED,
    PageState.PUSHED,
)
PENDING: Final = (PageState.NOT_SENT, PageState.DIRTY_AGAIN, PageState.MISSING)


class MiddleColumn(QWidget):
    """The arrow between the two memories, and the round's figures."""

    def __init__(self) -> None:
        """Start without anything to say."""
        super().__init__()
        self.setAccessibleName("What is being sent")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setFixedWidth(MIDDLE_PX)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = DARK
        self._lines: tuple[tuple[str, str, int], ...] = ()
        self._arrow: str = ""

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.update()

    def say(self, arrow: str, lines: tuple[tuple[str, str, int], ...]) -> None:
        """Show an arrow ("", "push", "pull", "done") and lines of (text, colour, size)."""
        if (arrow, lines) != (self._arrow, self._lines):
            self._arrow, self._lines = arrow, lines
            self.setAccessibleDescription(". ".join(text for text, _, _ in lines))
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("ground"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        heights = [self._height(text, size) for text, _, size in self._lines]
        y = max(0, (self.height() - sum(heights) - 64) // 2)
        if self._arrow:
            self._paint_arrow(painter, y + 24)
        y += 64
        for (text, color, size), height in zip(self._lines, heights, strict=True):
            painter.setFont(ui_font(size))
            painter.setPen(self._theme.color(color))
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(QRect(4, y, self.width() - 8, height), int(flags), text)
            y += height
        painter.end()

    def _height(self, text: str, size: int) -> int:
        metrics = QFontMetrics(ui_font(size))
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
        box = metrics.boundingRect(QRect(0, 0, self.width() - 8, 1000), int(flags), text)
        return box.height() + 6

    def _paint_arrow(self, painter: QPainter, y: int) -> None:
        middle, half = self.width() / 2, 32
        pen = QPen(self._theme.color("link" if self._arrow != "done" else "line"), 5)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        if self._arrow == "pull":
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawLine(QPointF(middle - half, y), QPointF(middle + half, y))
        pen.setStyle(Qt.PenStyle.SolidLine)
        painter.setPen(pen)
        tip = middle + half
        painter.drawPolyline(
            QPolygonF([QPointF(tip - 15, y - 14), QPointF(tip, y), QPointF(tip - 15, y + 14)])
        )


class PagesView(QWidget):
    """Two page grids side by side, fed by one cursor, with their legend beneath."""

    def __init__(self) -> None:
        """Build the two sides."""
        super().__init__()
        self.setAccessibleName("Memory, page by page")
        self.source = PageGrid("Memory at the source", empty_not_sent=False)
        self.destination = PageGrid("Memory at the destination", empty_not_sent=True)
        self.middle = MiddleColumn()
        self.legend = LegendView()
        self._titles = [QLabel(), QLabel()]
        self._panels = (WorkingSetPanel(), WorkingSetPanel())
        self._notes = [FigureLine(ui_font(12), ink="dim", ground="ground") for _ in range(2)]
        layout = QGridLayout(self)
        layout.setContentsMargins(16, 8, 16, 8)
        layout.setHorizontalSpacing(6)
        layout.setVerticalSpacing(6)
        for side, grid, column in ((0, self.source, 0), (1, self.destination, 2)):
            layout.addLayout(self._header(side), 0, column)
            layout.addWidget(grid, 1, column)
            layout.setColumnStretch(column, 1)
            layout.addWidget(self._panels[side], 1, column)
        self.working_set = WorkingSetSight((self.source, self.destination), self._panels, self)
        layout.addWidget(self.working_set.button, 0, 1, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self.middle, 1, 1)
        layout.addWidget(self.legend, 2, 0, 1, 3)
        layout.setRowStretch(1, 1)
        self._history: History | None = None
        self._cursor: PageCursor | None = None
        self._selected = ""
        self._rest_states: States = np.zeros(1, np.uint8)
        self._shown = ""
        self.set_theme(DARK)

    def _header(self, side: int) -> QHBoxLayout:
        title, note = self._titles[side], self._notes[side]
        title.setFont(ui_font(13, bold=True))
        row = QHBoxLayout()
        row.addWidget(title)
        row.addWidget(note, 1)
        return row

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        for part in (self.source, self.destination, self.middle, self.legend):
            part.set_theme(theme)
        self.working_set.set_theme(theme)
        for label in self._titles:
            label.setStyleSheet(f"color: {theme.ink}; background: transparent;")
        for line in self._notes:
            line.set_theme(theme)

    def set_history(self, history: History, *, selected: str) -> None:
        """Show another run, or another VM."""
        self._history, self._selected = history, selected
        self._cursor = PageCursor(history, selected)
        self.legend.set_history(history, selected=selected)
        self.working_set.set_history(history, selected)
        spec = history.vm(selected).spec
        self._rest_states = np.zeros(spec.n_pages, np.uint8)
        self._rest_states[spec.first_zero_page :] = PageState.FREE
        self._shown = ""

    def show_frame(self, frame: Frame) -> None:
        """Show an instant."""
        if self._history is None or self._cursor is None:
            return
        vm = frame.vms[self._selected]
        delta = self._cursor.move_to(frame.t_ns)
        condition = self._condition(vm, frame.t_ns, self._cursor.states)
        if condition != self._shown or (delta is None and condition in SHOWING_STATES):
            self._shown = condition
            self._show_anew(condition, self._cursor.states)
        elif delta is not None and condition in SHOWING_STATES:
            for grid in self._grids_of_states(condition):
                grid.apply(delta)
        self._show_heat(condition, frame.t_ns)
        self._show_working_set(vm, condition, frame.t_ns)
        counts = self._counts()
        self._say(vm, frame.t_ns, counts)
        self.legend.show_counts(
            counts if condition in SHOWING_STATES else None,
            self.source.layout_of_cells.pages_per_cell,
        )

    def _condition(self, vm: VmFrame, t_ns: int, states: States | None) -> str:
        """Return which of `SHOWING_STATES` it is; "rest" before a copying, "stayed" after one."""
        assert self._history is not None
        if states is None or vm.migration is None:
            return "rest"
        m = self._history.migrations[vm.migration]
        if m.ended_ns is None or t_ns < m.ended_ns or vm.status == "lost":
            return "moving"
        return "arrived" if vm.host == m.destination else "stayed"

    def _grids_of_states(self, condition: str) -> tuple[PageGrid, ...]:
        if condition == "arrived":
            return (self.destination,)
        return self.source, self.destination

    def _show_anew(self, condition: str, states: States | None) -> None:
        """Count both sides anew; a side where the VM has no memory is empty."""
        n_pages = len(self._rest_states)
        if condition in SHOWING_STATES:
            assert states is not None
            for grid in self._grids_of_states(condition):
                grid.set_pages(states)
            if condition == "arrived":
                self.source.set_absent(n_pages)
            return
        self.source.set_pages(self._rest_states)
        self.destination.set_absent(n_pages)

    def _show_heat(self, condition: str, t_ns: int) -> None:
        """Mark what a VM writes where it runs, unless its pages are on their way."""
        assert self._history is not None
        if condition != "moving":
            record = self._history.vm(self._selected)
            grid = self.destination if condition == "arrived" else self.source
            grid.set_heat(*recent_writes(record, t_ns, limit=HEAT_LIMIT))

    def _show_working_set(self, vm: VmFrame, condition: str, t_ns: int) -> None:
        """Outline it where the VM runs; a VM that runs nowhere is still at the source."""
        arrived = condition == "arrived"
        if condition == "moving" and vm.migration is not None and vm.status == "running":
            assert self._history is not None
            arrived = vm.host == self._history.migrations[vm.migration].destination
        self.working_set.show_instant(t_ns, at_destination=arrived)

    # Words

    def _migration(self, vm: VmFrame) -> MigrationRecord | None:
        assert self._history is not None
        if vm.migration is not None:
            return self._history.migrations[vm.migration]
        ours = [m for m in self._history.migrations if m.vm == vm.name]
        return ours[0] if ours else None

    def _say(self, vm: VmFrame, t_ns: int, counts: list[int]) -> None:
        assert self._history is not None
        m = self._migration(vm)
        n_pages = len(self._rest_states)
        source = m.source if m else vm.host
        self._put(0, f"Source, {source}", self._source_note(n_pages, counts))
        self._put(
            1,
            f"Destination, {m.destination}" if m else "Destination",
            self._destination_note(m, counts),
        )
        self.middle.say(*self._middle(vm, m, counts, t_ns))

    def _counts(self) -> list[int]:
        """Return the pages in each state, as the grid keeps them; zeros while nothing moves."""
        if self._shown not in SHOWING_STATES:
            return [0] * N_STATES
        return [int(n) for n in self.destination.counts().sum(axis=0)]

    def _source_note(self, n_pages: int, counts: list[int]) -> str:
        if self._shown == "arrived":
            return "memory released"
        per_cell = self.source.layout_of_cells.pages_per_cell
        cell = "1 page a cell" if per_cell == 1 else f"{per_cell} to a cell"
        dirty = counts[PageState.DIRTY_AGAIN] + counts[PageState.SKIPPED]
        tail = f" · {format_count(dirty)} dirty" if any(counts) else ""
        return f"{format_count(n_pages)} pages, {cell}{tail}"

    def _destination_note(self, m: MigrationRecord | None, counts: list[int]) -> str:
        if m is None:
            return "no migration planned"
        if not any(counts):
            return "memory released" if self._shown == "stayed" else "nothing sent yet"
        missing = counts[PageState.MISSING]
        tail = f" · {format_count(missing)} missing" if missing else ""
        return f"{format_count(sum(counts[s] for s in ARRIVED))} up to date{tail}"

    def _put(self, side: int, title: str, note: str) -> None:
        if self._titles[side].text() != title:
            self._titles[side].setText(title)
        self._notes[side].set_text(note)

    def _middle(
        self, vm: VmFrame, m: MigrationRecord | None, counts: list[int], t_ns: int
    ) -> tuple[str, tuple[tuple[str, str, int], ...]]:
        if m is None or t_ns < m.requested_ns:
            return "", (("at rest", "ink", 14), HEAT_WORDS)
        if m.ended_ns is not None and t_ns >= m.ended_ns:
            where = f"runs on {vm.host}" if vm.status == "running" else vm.status
            over = ((m.outcome, "ink", 14), (where, "dim", 12))
            return "done", over if vm.status == "lost" else (*over, HEAT_WORDS)
        lines: list[tuple[str, str, int]] = [(vm.phase or "", "ink", 14)]
        if vm.round is not None:
            lines.append((self._round_text(m, vm), "dim", 12))
        left = sum(counts[s] for s in PENDING) + counts[PageState.IN_FLIGHT]
        if any(counts):
            lines.append((f"{format_count(left)} pages left", "dim", 12))
        if counts[PageState.SKIPPED]:
            skipped = format_count(counts[PageState.SKIPPED])
            lines.append((f"{skipped} skipped, dirty again", "warn", 12))
        if counts[PageState.PULLED]:
            lines.append((f"{format_count(counts[PageState.PULLED])} pulled on faults", "dim", 12))
        arrow = "pull" if counts[PageState.MISSING] else "push"
        return (arrow if any(counts) else ""), tuple(lines)

    def _round_text(self, m: MigrationRecord, vm: VmFrame) -> str:
        assert vm.round is not None and self._history is not None
        if not vm.round.live:
            return "last copy, the VM stands still"
        given = next(
            (
                spec.parameters
                for spec in self._history.spec.migrations
                if spec.vm == m.vm and spec.at_ns == m.requested_ns and spec.policy == m.policy
            ),
            {},
        )
        most = parameters_of(m.policy, given).get("max_rounds")
        return f"round {vm.round.number}" + (f" of at most {most}" if most else "")

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(1060, 380)
