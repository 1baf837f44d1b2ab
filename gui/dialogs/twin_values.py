"""Where each value of a simulated twin comes from: the recording, or an assumption."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from engine.errors import ScenarioError
from engine.importing.twin_scenario import values_text
from engine.scenario import Scenario
from gui.models.rows_model import RowsModel
from gui.style.theme import ui_font

Row = tuple[str, str, str, str]
"""Path, value in the file, origin, note."""


def rows_of(scenario: Scenario) -> list[Row]:
    """Return a row for every value of a twin whose origin is told."""
    return [(path, _raw(scenario, path), given, note) for path, given, note in
            values_text(scenario)]  # fmt: skip


def _raw(scenario: Scenario, path: str) -> str:
    """Return a value as the file has it, "" where the path names a whole table."""
    from engine import scenario_paths as paths

    try:
        location, _ = paths.locate(scenario.document, path)
        raw = paths.raw_value(scenario.document, location)
    except (ScenarioError, paths.PathError, KeyError, IndexError):
        return ""
    return str(raw) if isinstance(raw, str | int | float) else ""


class TwinValues(QDialog):
    """A table of values with their origins."""

    def __init__(self, scenario: Scenario, parent: QWidget | None = None) -> None:
        """Show the values of a twin."""
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Values of the simulated twin")
        head = QLabel("Taken from the recording, or assumed. Nothing is fitted to its result.")
        head.setFont(ui_font(13))
        self.model: RowsModel[Row] = RowsModel(
            ("Value", "in the twin", "origin", "why"),
            lambda row: row,
            lambda row: f"{row[0]} = {row[1]}: {row[2]}, {row[3]}",
            numbers=(),
            parent=self,
        )
        self.model.replace_rows(rows_of(scenario))
        self.table = QTableView()
        self._set_up()
        self.close_button = QPushButton("Close")
        self.close_button.setFont(ui_font(13))
        self.close_button.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.setSpacing(10)
        layout.addWidget(head)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignRight)
        room = parent.size() if parent is not None else None
        self.resize(min(1000, room.width() - 80) if room else 1000, 440)
        self.setWindowModality(Qt.WindowModality.WindowModal)

    def _set_up(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setFont(ui_font(12))
        table.setWordWrap(True)
        table.setAccessibleName("Values and their origins")
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        header = table.horizontalHeader()
        header.setFont(ui_font(12))
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
