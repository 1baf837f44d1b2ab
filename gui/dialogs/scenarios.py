"""The list of bundled scenarios, each with its description, and the way to a file."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.scenario import BundledScenario
from gui.style.theme import ui_font


class ScenariosDialog(QDialog):
    """Chooses a scenario.

    Attributes:
        chosen: With the name of a bundled scenario.
        file_wanted: The user wants to open a file instead.
    """

    chosen = Signal(str)
    file_wanted = Signal()

    def __init__(
        self, scenarios: Sequence[BundledScenario], current: str, parent: QWidget | None = None
    ) -> None:
        """List scenarios, with the one that is open selected."""
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Scenarios")
        self.list = QListWidget()
        self.list.setFont(ui_font(13))
        self.list.setAccessibleName("Scenarios")
        self._description = QLabel()
        self._description.setObjectName("dim")
        self._description.setFont(ui_font(13))
        self._description.setWordWrap(True)
        self._description.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._description.setMinimumHeight(96)
        self._scenarios = {s.name: s for s in scenarios}
        for scenario in scenarios:
            item = QListWidgetItem(f"{scenario.title}  ({scenario.name})")
            item.setData(Qt.ItemDataRole.UserRole, scenario.name)
            self.list.addItem(item)
            if scenario.name == current:
                self.list.setCurrentItem(item)
        self.list.currentItemChanged.connect(self._on_current_changed)
        self.list.itemActivated.connect(lambda item: self._choose())
        self._lay_out()
        self._on_current_changed()

    def _lay_out(self) -> None:
        self.open_button, cancel, file_button = (
            QPushButton("Open"), QPushButton("Cancel"), QPushButton("Open a file…")
        )
        self.open_button.setProperty("hot", True)
        self.open_button.setDefault(True)
        self.open_button.clicked.connect(self._choose)
        cancel.clicked.connect(self.reject)
        file_button.clicked.connect(self._on_file_wanted)
        buttons = QHBoxLayout()
        buttons.addWidget(file_button)
        buttons.addStretch(1)
        for button in (cancel, self.open_button):
            buttons.addWidget(button)
        for button in (cancel, file_button, self.open_button):
            button.setFont(ui_font(13))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(12)
        layout.addWidget(self.list, 1)
        layout.addWidget(self._description)
        layout.addLayout(buttons)
        self.resize(640, 440)

    def _name(self) -> str:
        item = self.list.currentItem()
        return str(item.data(Qt.ItemDataRole.UserRole)) if item is not None else ""

    def _on_current_changed(self) -> None:
        scenario = self._scenarios.get(self._name())
        text = scenario.description if scenario else ""
        self._description.setText(" ".join(text.split()))
        self.open_button.setEnabled(scenario is not None)

    def _choose(self) -> None:
        name = self._name()
        if name:
            self.accept()
            self.chosen.emit(name)

    def _on_file_wanted(self) -> None:
        self.reject()
        self.file_wanted.emit()
