"""The page of published figures: every claim beside what the engine makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from gui.models.reproduced_model import (
    HEADINGS,
    QUANTITY,
    RESULT,
    ReproducedModel,
    details_of,
    texts_of,
)
from gui.reproduction import MODELS, Reproduction
from gui.style.enlarging import scale_of
from gui.style.theme import Theme, ui_font

if TYPE_CHECKING:
    from engine.reproduce import Reproduced

ROW_PX: Final = 23
CELL_PAD_PX: Final = 18
DETAILS_PX: Final = 108
WIDEST_COLUMN_PX: Final = 300
STEP_PX: Final = 170


class ResultDelegate(QStyledItemDelegate):
    """Paints a missed figure's result in the colour of a warning; mark and word say it too."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        """Take the colours."""
        super().__init__(parent)
        self._theme = theme

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Choose the ink."""
        super().initStyleOption(option, index)
        missed = "MISSED" in str(index.data())
        color = self._theme.color("warn" if missed else "good")
        option.palette.setColor(option.palette.ColorRole.Text, color)


class PublishedFigures(QDialog):
    """Shows the rows of a reproduction, computes them, and opens a row's scenario.

    Attributes:
        scenario_chosen: With the name of a bundled scenario.
    """

    scenario_chosen = Signal(str)

    def __init__(
        self, reproduction: Reproduction, theme: Theme, parent: QWidget | None = None
    ) -> None:
        """Show what is known, and compute it if nothing is.

        Args:
            reproduction: Computes the rows and keeps them.
            theme: The window's colours.
            parent: The window.
        """
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Published figures")
        self._reproduction = reproduction
        self.model, self.table = ReproducedModel(self), QTableView()
        self.summary, self.details, self.step = QLabel(), QLabel(), QLabel()
        self.progress, self.only_missed = QProgressBar(), QCheckBox("Only what misses")
        self.run_button, self.open_button = QPushButton(), QPushButton("Open this scenario")
        self.close_button = QPushButton("Close")
        self._set_up_table(theme)
        self._set_up_widgets(theme)
        self._lay_out()
        self._connect()
        self._on_changed()
        if not reproduction.rows:
            reproduction.start()
        self.table.setFocus()

    @property
    def row(self) -> Reproduced | None:
        """Return the row that is selected."""
        index = self.table.currentIndex()
        return self.model.rows[index.row()] if index.isValid() else None

    def _connect(self) -> None:
        reproduction = self._reproduction
        reproduction.began.connect(self._on_began)
        reproduction.changed.connect(self._on_changed)
        reproduction.failed.connect(self.summary.setText)
        self.run_button.clicked.connect(self._on_run_clicked)
        self.open_button.clicked.connect(self._on_open_clicked)
        self.close_button.clicked.connect(self.reject)
        self.only_missed.toggled.connect(self._show_rows)
        self.table.selectionModel().currentChanged.connect(self._on_row_changed)
        self.table.doubleClicked.connect(self._on_open_clicked)
        self.finished.connect(reproduction.stop)

    def _on_run_clicked(self) -> None:
        if self._reproduction.busy:
            self._reproduction.stop()
        else:
            self._reproduction.start()

    def _on_began(self, name: str) -> None:
        n_begun = len(self._reproduction.done)
        self.progress.setMaximum(self._reproduction.n_parts)
        self.progress.setValue(n_begun)
        self.step.setText(f"Running {name}…")

    def _on_changed(self) -> None:
        busy, rows = self._reproduction.busy, self._reproduction.rows
        self.run_button.setText("Stop" if busy else "Compute again" if rows else "Compute")
        self.progress.setVisible(busy)
        self.progress.setValue(0)
        self.step.setVisible(busy)
        self.step.setText("Starting…")
        met = sum(row.met for row in rows)
        known = f"{met} of {len(rows)} figures met, {len(rows) - met} missed and kept, marked."
        waiting = "Every published figure is simulated anew; that takes some seconds."
        self.summary.setText(known if rows else waiting if busy else "Nothing computed yet.")
        if not busy or not self.model.rows:
            self._show_rows()

    def _show_rows(self) -> None:
        rows = self._reproduction.rows
        self.model.set_rows(rows, only_missed=self.only_missed.isChecked())
        self._fit_columns()
        if self.model.rows:
            self.table.selectRow(0)
        self._on_row_changed()

    def _on_row_changed(self) -> None:
        row = self.row
        lines = [f"{heading}: {text}" for heading, text in details_of(row)] if row else []
        self.details.setText("\n".join(lines))
        self.open_button.setEnabled(row is not None and row.scenario != MODELS)

    def _on_open_clicked(self) -> None:
        row = self.row
        if row is not None and row.scenario != MODELS:
            self.accept()
            self.scenario_chosen.emit(row.scenario)

    def _fit_columns(self) -> None:
        """Give every column the room of its longest text, the quantity what is left."""
        table, scale = self.table, scale_of(self)
        metrics, head = table.fontMetrics(), table.horizontalHeader().fontMetrics()
        cells = [texts_of(row) for row in self._reproduction.rows]
        for column, heading in enumerate(HEADINGS):
            widths = [metrics.horizontalAdvance(texts[column]) for texts in cells]
            width = max([head.horizontalAdvance(heading), *widths]) + round(CELL_PAD_PX * scale)
            if column != QUANTITY:
                table.setColumnWidth(column, min(width, round(WIDEST_COLUMN_PX * scale)))

    def _set_up_table(self, theme: Theme) -> None:
        table = self.table
        table.setModel(self.model)
        table.setFont(ui_font(12))
        table.setShowGrid(False)
        table.setAccessibleName("Published figures and ours")
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setTabKeyNavigation(False)
        table.setItemDelegateForColumn(RESULT, ResultDelegate(theme, table))
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ROW_PX)
        table.verticalHeader().setMinimumSectionSize(ROW_PX)
        header = table.horizontalHeader()
        header.setFont(ui_font(11))
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(QUANTITY, QHeaderView.ResizeMode.Stretch)
        table.setStyleSheet(
            f"QTableView {{ background: {theme.field}; color: {theme.ink};"
            f" border: 1px solid {theme.line}; border-radius: 6px;"
            f" selection-background-color: {theme.pill_mig}; selection-color: {theme.ink};"
            f" outline: 0; }}"
            f"QTableView:focus {{ border: 2px solid {theme.link}; }}"
            f"QHeaderView {{ background: transparent; }}"
            f"QHeaderView::section {{ background: {theme.field}; color: {theme.dim}; border: 0;"
            f" border-bottom: 1px solid {theme.line}; padding: 2px 4px; }}"
        )

    def _set_up_widgets(self, theme: Theme) -> None:
        self.progress.setTextVisible(False)
        self.progress.setFixedSize(180, 10)
        self.progress.setAccessibleName("Progress")
        self.progress.setStyleSheet(
            f"QProgressBar {{ background: {theme.line}; border: 0; border-radius: 5px; }}"
            f"QProgressBar::chunk {{ background: {theme.link}; border-radius: 5px; }}"
        )
        for label in (self.summary, self.details, self.step):
            label.setWordWrap(True)
        self.details.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.details.setFixedHeight(DETAILS_PX)
        self.details.setAccessibleName("What the row stands on")
        self.step.setObjectName("dim")
        self.step.setMinimumWidth(STEP_PX)
        self.open_button.setProperty("hot", True)
        self.open_button.setDefault(True)
        for widget in (
            self.summary, self.step, self.only_missed, self.run_button, self.open_button,
            self.close_button,
        ):
            widget.setFont(ui_font(13))
        self.details.setFont(ui_font(12))
        self.summary.setFont(ui_font(13, bold=True))

    def _lay_out(self) -> None:
        head, foot = QHBoxLayout(), QHBoxLayout()
        head.addWidget(self.summary, 1)
        head.addWidget(self.only_missed)
        for widget in (self.run_button, self.progress, self.step):
            foot.addWidget(widget)
        foot.addStretch(1)
        for button in (self.close_button, self.open_button):
            foot.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.setSpacing(10)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.details)
        layout.addLayout(foot)
        parent = self.parentWidget()
        room = parent.size() if parent is not None else None
        width, height = (room.width() - 60, room.height() - 60) if room else (1180, 720)
        self.resize(min(1500, width), min(900, height))
        self.setWindowModality(Qt.WindowModality.WindowModal)
