"""The timeline: stages and rounds of every migration on one bar, and the playhead to drag.

What a stage is, in which words and colours, is decided in `stages`. This module does not move
time: it asks for it.
"""

from math import ceil
from typing import Final

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QContextMenuEvent,
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.history import Frame, History, MigrationRecord
from engine.units import format_duration_ns
from gui.style.theme import DARK, Theme, ui_font
from gui.views.hidden_future import horizon_ns
from gui.views.picture_ratio import picture_ratio
from gui.views.plot_geometry import Stretch
from gui.views.scrubbing import ArrowKeeper, Scrubber
from gui.views.stages import Stage, downtime_of, past_of, stage_color, stages_of
from gui.views.time_text import clock_text, time_ticks
from gui.views.timeline_marks import Mark, draw_group, group_words, grouped, marks_of

MAX_LANES: Final = 3
LABEL_PX: Final = 15
BAR_PX: Final = 14
LANE_PX: Final = LABEL_PX + BAR_PX + 3
MARKS_PX: Final = 14
AXIS_PX: Final = 14
TOP_PX: Final = 4
SIDE_PX: Final = 12
GAP_PX: Final = 6
MARK_REACH_PX: Final = 6
PLAYHEAD_PX: Final = 9
KEYS: Final = "Left and right move the playhead, Home and End jump."


class TimelineView(QWidget):
    """One lane per migration, marks of changes and faults, time labels and a playhead."""

    seek_requested = Signal(object)
    """The user asks for an instant, by mouse or keyboard: scenario time in ns."""
    stretch_requested = Signal(object, object)
    """The user selects a stretch with Shift and the mouse: from and to, scenario time in ns."""
    menu_requested = Signal(object, QPoint)
    """The menu of some instants is wanted (a list of scenario times), at a place on the screen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty; `set_history` gives it a run."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = DARK
        self._history: History | None = None
        self._stages: list[list[Stage]] = []
        self._migrations: list[MigrationRecord] = []
        self._marks: list[Mark] = []
        self._chosen: Stretch | None = None
        self._looping = False
        self._from_ns: int | None = None
        self._on_mark = False
        self._hidden = False
        self._t_ns = 0
        self._first_lane = 0
        self._cache: QPixmap | None = None
        self._labels: list[QRect] = []
        self.setAccessibleName("Timeline of the run")
        self.setAccessibleDescription(KEYS)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._scrubber = Scrubber(self._run_length, self.time_at, self.seek_requested.emit)
        self.setMouseTracking(True)
        self.installEventFilter(ArrowKeeper(self))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme, self._cache = theme, None
        self.update()

    def set_history(self, history: History, *, selected: str) -> None:
        """Show the stages of a run; the selected VM's lanes come first."""
        self._history, self._cache = history, None
        shown = [m for m in history.migrations if m.outcome != "refused"]
        self._migrations = sorted(shown, key=lambda m: m.vm != selected)
        self._learn()
        self.setFixedHeight(self.sizeHint().height())
        self.update()

    def set_future_hidden(self, hidden: bool) -> None:
        """Show only what has happened at the playhead, or all of the run again."""
        self._hidden = hidden
        self._learn()
        self.update()

    def _learn(self) -> None:
        """Take stages and marks from the run: all, or the past alone."""
        history, t_ns = self._history, self._t_ns
        if history is None:
            return
        self._cache = None
        self._stages = [stages_of(m, history.end_ns) for m in self._migrations]
        self._marks = marks_of(history)
        if self._hidden:
            self._stages = [past_of(stages, t_ns) for stages in self._stages]
            self._marks = [mark for mark in self._marks if mark.t_ns <= t_ns]

    def _end(self) -> int:
        """Return the instant at the right end."""
        if self._hidden:
            return horizon_ns(self._t_ns)
        return self._history.end_ns if self._history else 0

    def show_frame(self, frame: Frame) -> None:
        """Move the playhead to the frame's instant."""
        if frame.t_ns == self._t_ns:
            return
        xs = [round(self.x_at(t_ns)) for t_ns in (self._t_ns, frame.t_ns)]
        self._t_ns = frame.t_ns
        self._tell()
        if self._hidden:
            self._learn()
        self._reveal_lane()
        if self._cache is None:
            self.update()
        elif xs[0] != xs[1]:
            reach = PLAYHEAD_PX // 2 + 1
            self.update(min(xs) - reach, 0, max(xs) - min(xs) + 2 * reach, self.height())

    def _tell(self) -> None:
        """Describe where the playhead is for those who do not see it."""
        told = [clock_text(self._t_ns, decimals=1)]
        for stages in self._stages[:1]:
            here = [s for s in stages if s.start_ns <= self._t_ns < s.end_ns]
            told += [here[-1].labels[0] if self._hidden else here[-1].sentence] if here else []
        text = f"Playhead at {', '.join(told)}. {KEYS}"
        if text != self.accessibleDescription():
            self.setAccessibleDescription(text)

    def time_at(self, x_px: float) -> int:
        """Return the instant under a horizontal position, clipped to the run."""
        left, right = self._span()
        share = max(0.0, min(1.0, (x_px - left) / max(1, right - left)))
        return round(share * self._end())

    def x_at(self, t_ns: int) -> float:
        """Return the horizontal position of an instant."""
        left, right = self._span()
        return left + (right - left) * t_ns / max(1, self._end())

    def description_at(self, position: QPoint) -> str:
        """Return what is under a position, in a sentence with its instant."""
        group = self.marks_at(position)
        if group:
            return group_words(group)
        t_ns = self.time_at(position.x())
        row = (position.y() - TOP_PX) // LANE_PX + self._first_lane
        if 0 <= row < len(self._stages) and position.y() < self._marks_top():
            for stage in reversed(self._stages[row]):
                right = max(self.x_at(stage.end_ns), self.x_at(stage.start_ns) + 3)
                if self.x_at(stage.start_ns) - 1 <= position.x() <= right:
                    return f"{clock_text(t_ns)}  {stage.sentence}"
        return clock_text(t_ns)

    def marks_at(self, position: QPoint) -> list[Mark]:
        """Return the marks that are drawn at a position; none: it is not on one."""
        if position.y() < self._marks_top() - 2:
            return []
        for group in grouped(self._marks, self.x_at):
            if abs(self.x_at(group[0].t_ns) - position.x()) <= MARK_REACH_PX + 1:
                return group
        return []

    def set_stretch(self, chosen: Stretch | None, *, looping: bool) -> None:
        """Bracket a stretch of the run, or none.

        Args:
            chosen: The stretch that is selected.
            looping: Whether playing stays in it.
        """
        self._chosen, self._looping = chosen, looping and chosen is not None
        self.update()

    def _lanes(self) -> int:
        return max(1, min(MAX_LANES, len(self._stages)))

    def _marks_top(self) -> int:
        return TOP_PX + self._lanes() * LANE_PX

    def _span(self) -> tuple[int, int]:
        left = SIDE_PX
        if len({m.vm for m in self._migrations}) > 1:
            metrics = QFontMetrics(ui_font(11, bold=True))
            left += 8 + max(metrics.horizontalAdvance(m.vm) for m in self._migrations)
        return left, self.width() - SIDE_PX - 6

    def _reveal_lane(self) -> None:
        """Scroll so that the lane of the newest migration at the playhead is visible."""
        begun = [
            (m.requested_ns, i)
            for i, m in enumerate(self._migrations)
            if m.requested_ns <= self._t_ns
        ]
        # Of those that began together the first lane counts: it is the selected VM's.
        newest = max(begun, key=lambda lane: (lane[0], -lane[1]))[1] if begun else 0
        first = max(0, min(newest, max(newest - MAX_LANES + 1, self._first_lane)))
        if first != self._first_lane:
            self._first_lane, self._cache = first, None

    def _render(self) -> QPixmap:
        ratio = picture_ratio(self)
        # Rounded up: the widget paints all of its ground with this picture.
        pixmap = QPixmap(ceil(self.width() * ratio), ceil(self.height() * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(self._theme.color("panel"))
        painter = QPainter(pixmap)
        painter.setFont(ui_font(11))
        self._labels = []
        for row, index in enumerate(self._visible()):
            self._draw_lane(painter, index, TOP_PX + row * LANE_PX)
        self._draw_axis(painter)
        for group in grouped(self._marks, self.x_at):
            centre = QPointF(self.x_at(group[0].t_ns), self._marks_top() + MARKS_PX / 2)
            draw_group(painter, self._theme, group, centre)
        painter.end()
        return pixmap

    def _visible(self) -> range:
        last = min(len(self._stages), self._first_lane + MAX_LANES)
        return range(self._first_lane, last)

    def _draw_lane(self, painter: QPainter, index: int, top: int) -> None:
        migration = self._migrations[index]
        if self._span()[0] > SIDE_PX:
            painter.setPen(self._theme.color("ink"))
            painter.setFont(ui_font(11, bold=True))
            painter.drawText(SIDE_PX, top + LABEL_PX + 11, migration.vm)
            painter.setFont(ui_font(11))
        for stage in self._stages[index]:
            rect = self._stage_rect(stage, top)
            painter.fillRect(rect, stage_color(self._theme, stage.kind, stage.number))
            if stage.kind in ("stop-and-copy", "commitment", "lost") and rect.width() > GAP_PX:
                ground = self._theme.color("ground")
                painter.fillRect(rect, QBrush(ground, Qt.BrushStyle.BDiagPattern))
        self._draw_labels(painter, index, top)

    def _stage_rect(self, stage: Stage, top: int) -> QRectF:
        left, right = round(self.x_at(stage.start_ns)), round(self.x_at(stage.end_ns))
        gap = 1 if right - left > MARK_REACH_PX else 0
        return QRectF(left, top + LABEL_PX, max(2, right - left - gap), BAR_PX)

    def _draw_labels(self, painter: QPainter, index: int, top: int) -> None:
        """Write the switchover first, then every stage's name where room is left."""
        metrics = painter.fontMetrics()
        taken: list[tuple[float, float]] = []
        stop = downtime_of(self._migrations[index], self._history.end_ns if self._history else 0)
        if stop is not None and self._hidden and stop[1] > self._t_ns:
            stop = None
        if stop is not None:
            text = f"stopped {format_duration_ns(stop[1] - stop[0])}"
            width = metrics.horizontalAdvance(text)
            x = min(self.x_at(stop[0]), self._span()[1] - width)
            painter.setPen(self._theme.color("warn"))
            painter.drawText(QPointF(x, top + LABEL_PX - 4), text)
            taken.append((x, x + width))
        painter.setPen(self._theme.color("dim"))
        for stage in self._stages[index]:
            if stop is not None and stage.kind in ("stop-and-copy", "commitment"):
                continue
            for text in stage.labels:
                left = self._label_left(stage, taken)
                right = left + metrics.horizontalAdvance(text)
                free = all(right + GAP_PX < a or b < left for a, b in taken)
                if right <= self.x_at(stage.end_ns) and free:
                    painter.drawText(QPointF(left, top + LABEL_PX - 4), text)
                    taken.append((left, right))
                    break
        for left, right in taken:
            place = QRectF(left, top, right - left, LABEL_PX).toAlignedRect()
            self._labels.append(place.adjusted(-3, 0, 2, 0))

    def _label_left(self, stage: Stage, taken: list[tuple[float, float]]) -> float:
        """Return the start of a stage, or the end of a label that reaches into it."""
        left = self.x_at(stage.start_ns)
        reaching = [b + GAP_PX for a, b in taken if a - GAP_PX <= left <= b + GAP_PX]
        return max([left, *reaching])

    def _draw_axis(self, painter: QPainter) -> None:
        left, right = self._span()
        y = self._marks_top() + MARKS_PX // 2
        painter.setPen(self._theme.color("line"))
        painter.drawLine(left, y, right, y)
        end_ns = self._end()
        painter.setFont(ui_font(10))
        metrics = painter.fontMetrics()
        for t_ns, text in time_ticks(end_ns, max(2, (right - left) // 90)):
            x = round(self.x_at(t_ns))
            painter.setPen(self._theme.color("line"))
            painter.drawLine(x, y - 2, x, y + 2)
            painter.setPen(self._theme.color("dim"))
            width = metrics.horizontalAdvance(text)
            at = max(2, min(x - width // 2, self.width() - width - 2))
            painter.drawText(at, self._marks_top() + MARKS_PX + 10, text)
        hidden = len(self._stages) - self._lanes()
        if hidden > 0:
            text = f"{hidden} more"
            painter.drawText(SIDE_PX, y + 4, text)

    def _draw_stretch(self, painter: QPainter) -> None:
        """Bracket the selected stretch; a loop has its arrow."""
        if self._chosen is None:
            return
        left, right = (round(self.x_at(t)) for t in (self._chosen.start_ns, self._chosen.end_ns))
        top, bottom = 1, self._marks_top() + 2
        painter.setPen(QPen(self._theme.color("link"), 2))
        for x, inwards in ((left, 5), (right, -5)):
            painter.drawLine(x, top, x, bottom)
            for y in (top, bottom):
                painter.drawLine(x, y, x + inwards, y)
        if self._looping:
            painter.drawLine(left, bottom, right, bottom)
            for sign in (-1, 1):
                painter.drawLine(left, bottom, left + 5, bottom + 4 * sign)

    def _draw_playhead(self, painter: QPainter) -> None:
        """Veil the future of the bars, whose names stay readable, and draw the playhead."""
        x = round(self.x_at(self._t_ns))
        veil, panel = self._theme.color("panel"), self._theme.color("panel")
        veil.setAlpha(120)
        for row in range(self._lanes()):
            top = TOP_PX + row * LANE_PX + LABEL_PX
            painter.fillRect(QRect(x, top, self.width() - x, BAR_PX), veil)
            painter.fillRect(QRect(x - 2, top, 5, BAR_PX), panel)
        ink = self._theme.color("ink")
        line = QRegion(x - 1, 1, 3, self._marks_top() + MARKS_PX - 1)
        for label in self._labels:  # the playhead passes under words
            line -= label
        painter.setClipRegion(line)
        painter.fillRect(line.boundingRect(), ink)
        painter.setClipping(False)
        painter.fillRect(QRect(x - PLAYHEAD_PX // 2, 1, PLAYHEAD_PX, 3), ink)

    def sizeHint(self) -> QSize:
        """Return room for the lanes, the marks and the time labels."""
        return QSize(640, self._marks_top() + MARKS_PX + AXIS_PX)

    def minimumSizeHint(self) -> QSize:
        """Return a width at which a few labels fit."""
        return QSize(240, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the cached stages, the veil over the future, and the playhead."""
        if self._cache is None:
            self._cache = self._render()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._cache)
        if self._history is not None:
            self._draw_stretch(painter)
            self._draw_playhead(painter)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("link"), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw anew at the new size."""
        self._cache = None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ask for the instant under the pointer, or that of a mark; with Shift select a stretch."""
        if event.button() != Qt.MouseButton.LeftButton or self._history is None:
            return
        group = self.marks_at(event.position().toPoint())
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._from_ns = self.time_at(event.position().x())
        elif group:
            self._on_mark = True
            self.seek_requested.emit(group[0].t_ns)
        else:
            self._scrubber.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub or select while the button is down; tell what is under the pointer otherwise."""
        if self._from_ns is not None:
            t_ns = self.time_at(event.position().x())
            ends = min(self._from_ns, t_ns), max(self._from_ns, t_ns)
            self.stretch_requested.emit(*ends)
        elif not self._on_mark and self._scrubber.move(event) is not None:
            self.setToolTip(self.description_at(event.position().toPoint()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End what the press began."""
        self._from_ns, self._on_mark = None, False

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of what is marked here."""
        group = self.marks_at(event.pos())
        t_ns = group[0].t_ns if group else self.time_at(event.pos().x())
        instants = sorted({mark.t_ns for mark in group}) or [t_ns]
        self.menu_requested.emit(instants, event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move by a hundredth of the run, with Shift by a thousandth."""
        if not self._scrubber.key(event, self._t_ns):
            super().keyPressEvent(event)

    def _run_length(self) -> int | None:
        return None if self._history is None else self._history.end_ns

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the focus."""
        self.update()
