"""The outcome table. Its values are those of the whole run, the future included.

Under it closed-form models of the same migration; they come later than the run (`show_models`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QAbstractTableModel, QSize, Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from engine.history import Frame, History
from engine.metrics import outcome_rows
from engine.recorded import RecordedHistory
from gui.models.closed_form_model import (
    ClosedFormModel,
    model_row,
    request_of,
    run_row,
    waiting_row,
)
from gui.models.outcome_model import OutcomeModel
from gui.style.style_sheet import dress
from gui.style.theme import DARK, Theme, text_px, ui_font
from gui.views.frontier_view import FrontierView
from gui.views.plot_downtime import DowntimeBar
from gui.views.standing_card import StandingCard

if TYPE_CHECKING:
    from engine.model_rows import ConvergenceFrontier, ModelRow
    from engine.specs import ScenarioSpec

ROW_PX: Final = 22
CELL_PAD_PX: Final = 12
GAP_PX: Final = 8
WIDEST_PX: Final = 292
"""The side has so much room; a label that needs more goes on in a second line."""
LINE_PAD_PX: Final = 6


class OutcomeView(QWidget):
    """Outcome, simulated and published, always wide enough for its text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty; `set_history` gives it a run."""
        super().__init__(parent)
        self.model, self.closed_forms = OutcomeModel(self), ClosedFormModel(self)
        self._table, self._models_table = QTableView(), QTableView()
        self.downtime, self.frontier = DowntimeBar(), FrontierView()
        self._history: History | None = None
        self._request: int | None = None
        self._models_wanted = True
        _set_up_table(self._table, self.model, "Outcome, simulated and published")
        _set_up_table(
            self._models_table, self.closed_forms, "Closed-form models beside the run"
        )
        self._models_table.hide()
        self.standing, self._figures = StandingCard(), QWidget()
        self._hidden = False
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(self.standing)
        around.addWidget(self._figures)
        layout = QVBoxLayout(self._figures)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addWidget(self._table)
        layout.addWidget(self.downtime)
        layout.addWidget(self._models_table)
        layout.addWidget(self.frontier)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Outcome of the run")
        self.set_theme(DARK)

    @property
    def table(self) -> QTableView:
        """Return the table."""
        return self._table

    @property
    def models_table(self) -> QTableView:
        """Return the table of closed-form models; hidden while they have said nothing."""
        return self._models_table

    @property
    def request(self) -> int | None:
        """Return the number of the migration that models are to speak of, None without one."""
        return self._request

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        sheet = (
            f"QTableView {{ background: transparent; color: {theme.ink}; border: 0;"
            f" selection-background-color: {theme.pill_mig}; selection-color: {theme.ink};"
            f" outline: 0; }}"
            f"QTableView:focus {{ border: 1px solid {theme.link}; }}"
            f"QHeaderView {{ background: transparent; }}"
            f"QHeaderView::section {{ background: transparent; color: {theme.dim}; border: 0;"
            f" border-bottom: 1px solid {theme.line}; padding: 0 4px; }}"
        )
        for table in (self._table, self._models_table):
            dress(table, sheet)
        self.downtime.set_theme(theme)
        self.frontier.set_theme(theme)

    def set_future_hidden(self, hidden: bool) -> None:
        """Let the standing prediction be in the place of all figures, or show them again."""
        self._hidden = hidden
        self._describe()
        self._figures.setVisible(not hidden)
        self.standing.setVisible(hidden)
        self.updateGeometry()

    def set_history(self, history: History, *, selected: str) -> None:
        """Show the outcome of a run."""
        self.model.set_recorded(isinstance(history, RecordedHistory))
        self.model.set_rows(outcome_rows(history.spec, history))
        self._describe()
        self.downtime.set_history(history, selected=selected)
        request = request_of(history, selected)
        another = self._history is None or history.spec != self._history.spec
        self._history = history  # an equal run too: the one before would never be freed
        if another or request != self._request:
            self._request = request
            self._expect_models()
        self._fit()

    def set_outdated(self, outdated: bool) -> None:
        """Say that the figures are those of the run before, while the next one is made."""
        if not isinstance(self._history, RecordedHistory):
            self.model.set_outdated(outdated)
            self._fit()

    def _describe(self) -> None:
        """Tell the figures of the table, unless they stay hidden until the run has shown them."""
        rows = () if self._hidden else self.model.rows
        told = "; ".join(f"{r.label} {r.simulated}" for r in rows if r.simulated)
        self.setAccessibleDescription(told or ("hidden" if self._hidden else "nothing yet"))

    def show_models(
        self,
        spec: ScenarioSpec,
        request: int,
        rows: Sequence[ModelRow],
        frontier: ConvergenceFrontier | None = None,
    ) -> None:
        """Show what models say; about another run or migration they are not meant.

        Args:
            spec: The scenario that they were asked about.
            request: The migration's number in it.
            rows: One a model; none if no model fits the policy.
            frontier: From where on the migration converges.
        """
        history = self._history
        if history is None or request != self._request or spec != history.spec:
            return
        lines = [run_row(history, request), *map(model_row, rows)] if rows else []
        self.closed_forms.set_rows(lines)
        self.frontier.set_frontier(frontier)
        self._fit()

    def set_models_wanted(self, wanted: bool) -> None:
        """Show what closed-form models say, or leave it out."""
        if wanted != self._models_wanted:
            self._models_wanted = wanted
            self.frontier.set_wanted(wanted)
            self._fit()

    def _expect_models(self) -> None:
        """Keep the lines in place until their new figures arrive, so that nothing jumps."""
        lines = self.closed_forms.rows
        if self._history is None or self._request is None or not lines:
            self.closed_forms.set_rows([])
            self.frontier.set_frontier(None)
            return
        waiting = [waiting_row(line) for line in lines[1:]]
        self.closed_forms.set_rows([run_row(self._history, self._request), *waiting])

    def show_frame(self, frame: Frame) -> None:
        """Point out the part of the downtime; the outcome is that of the whole run."""
        self.downtime.show_frame(frame)

    def _fit(self) -> None:
        """Give every column and row the room that its text needs."""
        before = self.sizeHint()
        for table in (self._table, self._models_table):
            widths = [_column_width(table, c) for c in range(table.model().columnCount())]
            for column, width in enumerate(widths[1:], start=1):
                table.setColumnWidth(column, width)
            table.setMinimumWidth(min(WIDEST_PX, sum(widths)))
            label_px = max(table.width(), table.minimumWidth()) - sum(widths[1:])
            heights = [_row_height(table, r, label_px) for r in range(table.model().rowCount())]
            for row, height in enumerate(heights):
                table.setRowHeight(row, height)
            table.setFixedHeight(ROW_PX + sum(heights) + 4)
        self._models_table.setVisible(bool(self.closed_forms.rows) and self._models_wanted)
        if self.sizeHint() != before:  # else the whole window would be laid out anew
            self.updateGeometry()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break labels anew when they have more room, or less."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def sizeHint(self) -> QSize:
        """Return the room that the text needs."""
        if self._hidden:
            return QSize(self._table.minimumWidth(), self.standing.height())
        width, height = self._table.minimumWidth(), self._table.minimumHeight()
        if not self.downtime.isHidden():
            height += self.downtime.height() + GAP_PX
        if self.closed_forms.rows:
            width = max(width, self._models_table.minimumWidth())
            height += self._models_table.minimumHeight() + GAP_PX
        if not self.frontier.isHidden():
            height += self.frontier.sizeHint().height() + GAP_PX
        return QSize(width, height)


def _set_up_table(table: QTableView, model: QAbstractTableModel, name: str) -> None:
    table.setModel(model)
    table.setFont(ui_font(12))
    table.setShowGrid(False)
    table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    table.setFrameShape(QTableView.Shape.NoFrame)
    table.setAccessibleName(name)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setTabKeyNavigation(False)
    for policy in (table.setVerticalScrollBarPolicy, table.setHorizontalScrollBarPolicy):
        policy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(ROW_PX)
    table.verticalHeader().setMinimumSectionSize(ROW_PX)
    header = table.horizontalHeader()
    header.setFont(ui_font(11))
    header.setHighlightSections(False)
    header.setSectionsClickable(False)
    header.setFixedHeight(ROW_PX)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)


def _row_height(table: QTableView, row: int, label_px: int) -> int:
    """Return the height at which the label of a row is whole, broken into lines if need be."""
    label = str(table.model().index(row, 0).data())
    room_px = max(1, label_px - CELL_PAD_PX)
    if text_px(label, 12) <= room_px:
        return ROW_PX
    metrics, wrap = QFontMetrics(ui_font(12)), int(Qt.TextFlag.TextWordWrap)
    needed = metrics.boundingRect(0, 0, room_px, 10_000, wrap, label).height()
    return max(ROW_PX, needed + LINE_PAD_PX)


def _column_width(table: QTableView, column: int) -> int:
    """Return the width at which no cell of a column is cut."""
    model = table.model()
    texts = [str(model.index(row, column).data()) for row in range(model.rowCount())]
    heading = str(model.headerData(column, Qt.Orientation.Horizontal))
    widths = [text_px(text, 12) for text in texts]
    return max([text_px(heading, 11), *widths]) + CELL_PAD_PX
