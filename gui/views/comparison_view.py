"""Two to four runs in one table, and in words what differs much and which assumption may be why.

It knows no recordings and no branches: whoever has runs to compare gives them with their labels.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from gui.models.comparison_model import ComparisonModel, Run
from gui.style.style_sheet import dress
from gui.style.theme import DARK, Theme, ui_font

ROW_PX: Final = 22
CELL_PAD_PX: Final = 12
GAP_PX: Final = 6
EDGE_PX: Final = 4
WIDEST_PX: Final = 300
ALIKE: Final = "No figure differs by 20 % or more."


class ComparisonView(QWidget):
    """A table of runs beside each other; hidden while there are fewer than two."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without runs, hidden."""
        super().__init__(parent)
        self.model = ComparisonModel(self)
        self.table, self.words = QTableView(), QLabel()
        self._set_up_table()
        self.words.setFont(ui_font(11))
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setAccessibleName("What differs, and why it may")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addWidget(self.table)
        layout.addWidget(self.words)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Comparison of runs")
        self._hidden = False
        self.hide()
        self.set_theme(DARK)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        dress(
            self.table,
            f"QTableView {{ background: transparent; color: {theme.ink}; border: 0;"
            f" selection-background-color: {theme.pill_mig}; selection-color: {theme.ink};"
            f" outline: 0; }}"
            f"QTableView:focus {{ border: 1px solid {theme.link}; }}"
            f"QHeaderView {{ background: transparent; }}"
            f"QHeaderView::section {{ background: transparent; color: {theme.dim}; border: 0;"
            f" border-bottom: 1px solid {theme.line}; padding: 0 4px; }}"
        )
        dress(self.words, f"color: {theme.ink}; background: transparent;")

    def set_future_hidden(self, hidden: bool) -> None:
        """Hide what is compared, which is of whole runs, or show it again."""
        self._hidden = hidden
        self.setVisible(bool(self.model.rows) and not hidden)

    def set_runs(
        self, runs: Sequence[Run], vm: str = "", *, reasons: Mapping[str, str] | None = None
    ) -> None:
        """Compare other runs; fewer than two hide the table.

        Args:
            runs: (label, History) of two to four runs; the others are compared with the first.
            vm: Whose migration is compared; "": the first one of each run.
            reasons: Which assumption may explain a difference, by the key of its figure.

        Raises:
            ValueError: There are more than four runs.
        """
        if not runs and not self.model.rows:
            self.hide()  # as it was: laying out an empty table takes its time at every start
            return
        self.model.set_runs(runs, vm, reasons=reasons)
        told = [row.sentence for row in self.model.rows if row.sentence]
        self.words.setText("\n".join(f"•  {line}" for line in told) if told else ALIKE)
        self.setAccessibleDescription(
            ". ".join(f"{row.label}: {', '.join(row.values)}" for row in self.model.rows)
        )
        self.setVisible(bool(self.model.rows) and not self._hidden)
        self._fit()

    def _set_up_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setFont(ui_font(12))
        table.setShowGrid(False)
        table.setFrameShape(QTableView.Shape.NoFrame)
        table.setAccessibleName("Runs compared")
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ROW_PX)
        table.verticalHeader().setMinimumSectionSize(ROW_PX)
        header = table.horizontalHeader()
        header.setFont(ui_font(11))
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setFixedHeight(ROW_PX)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def _widths(self) -> list[int]:
        """Return for each column the width at which none of its cells is cut."""
        cells, head = QFontMetrics(ui_font(12)), QFontMetrics(ui_font(11))
        widths = []
        for column in range(self.model.columnCount()):
            heading = str(self.model.headerData(column, Qt.Orientation.Horizontal))
            texts = [str(self.model.index(r, column).data()) for r in range(self.model.rowCount())]
            widest = max([head.horizontalAdvance(heading), *map(cells.horizontalAdvance, texts)])
            widths.append(widest + CELL_PAD_PX)
        return widths

    @property
    def wanted_px(self) -> int:
        """Return the width at which no column of the table is cut."""
        return sum(self._widths()) + EDGE_PX

    def _fit(self) -> None:
        """Give every column the room of its text; what is left over goes to the first one."""
        widths = self._widths()
        if not widths:
            return
        spare = self.table.viewport().width() - sum(widths)
        self.table.setColumnWidth(0, widths[0] + max(0, spare))
        for column, width in enumerate(widths[1:], start=1):
            self.table.setColumnWidth(column, width)
        self.table.setMinimumWidth(min(WIDEST_PX, sum(widths)))
        bar = self.table.horizontalScrollBar().sizeHint().height() if spare < 0 else 0
        self.table.setFixedHeight((self.model.rowCount() + 1) * ROW_PX + 4 + bar)
        height = self.words.heightForWidth(max(WIDEST_PX, self.width()))
        self.words.setFixedHeight(max(0, height))
        self.updateGeometry()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the room anew."""
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:
        """Return the room that table and words need."""
        height = self.table.minimumHeight() + GAP_PX + self.words.minimumHeight()
        return QSize(max(WIDEST_PX, self.table.minimumWidth()), height)
