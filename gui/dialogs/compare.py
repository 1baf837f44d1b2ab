"""Choosing two to four runs to compare."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.errors import ScenarioError
from gui.models.compare_runs import FEWEST, MOST, Candidate
from gui.style.theme import ui_font

CANDIDATE_ROLE = Qt.ItemDataRole.UserRole


class CompareDialog(QDialog):
    """Lists candidates to check; the first is the run on screen and stays.

    Signals:
        chosen: With the candidates, the run on screen first.
    """

    chosen = Signal(object)

    def __init__(
        self,
        candidates: Sequence[Candidate],
        paths: Sequence[str],
        make: Callable[[str, str], Candidate],
        parent: QWidget | None = None,
    ) -> None:
        """Offer candidates, and values to type.

        Args:
            candidates: The run on screen first.
            paths: Paths that are offered for values.
            make: Returns the candidate of a path and a value; raises ScenarioError.
            parent: The window.
        """
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Compare")
        self._make = make
        self.list = QListWidget()
        self.list.setFont(ui_font(13))
        self.list.setAccessibleName("Runs to compare")
        self.list.installEventFilter(self)
        for candidate in candidates:
            self._add(candidate)
        first = self.list.item(0)
        first.setCheckState(Qt.CheckState.Checked)
        first.setFlags(first.flags() & ~Qt.ItemFlag.ItemIsUserCheckable)
        self.list.setCurrentRow(min(1, self.list.count() - 1))
        self.list.itemChanged.connect(lambda item: self._update())
        self.list.itemClicked.connect(self._on_clicked)
        self._make_fields(paths)
        self._lay_out()
        self._update()
        self.list.setFocus()

    def _make_fields(self, paths: Sequence[str]) -> None:
        self.path, self.value = QComboBox(), QLineEdit()
        self.path.setEditable(True)
        self.path.addItems(list(paths))
        self.path.setAccessibleName("Path of the value")
        self.value.setPlaceholderText("another value, as in 500 Mbit/s")
        self.value.setAccessibleName("Value")
        self.value.returnPressed.connect(self._add_value)
        self.add_button, self.note = QPushButton("Add"), QLabel()
        self.add_button.setAutoDefault(False)
        self.add_button.clicked.connect(self._add_value)
        self.note.setObjectName("dim")
        self.note.setWordWrap(True)
        self.compare_button, self.cancel_button = QPushButton("Compare"), QPushButton("Cancel")
        self.compare_button.setProperty("hot", True)
        self.compare_button.clicked.connect(self._choose)
        self.cancel_button.clicked.connect(self.reject)
        for button in (self.compare_button, self.cancel_button):
            button.setAutoDefault(False)  # Return in the value's field adds it

    def _lay_out(self) -> None:
        title = QLabel("Compare the run on screen with one to three others")
        with_value = QLabel("The same with another value:")
        values, buttons = QHBoxLayout(), QHBoxLayout()
        values.addWidget(self.path, 3)
        values.addWidget(self.value, 3)
        values.addWidget(self.add_button)
        buttons.addWidget(self.note, 1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.compare_button)
        fields: tuple[QWidget, ...] = (
            with_value, self.path, self.value, self.add_button, self.note, self.cancel_button,
            self.compare_button,
        )
        for part in fields:
            part.setFont(ui_font(13))
        title.setFont(ui_font(14, bold=True))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(10)
        layout.addWidget(title)
        layout.addWidget(self.list, 1)
        layout.addWidget(with_value)
        layout.addLayout(values)
        layout.addLayout(buttons)
        self.resize(660, 540)

    def checked(self) -> list[Candidate]:
        """Return the candidates that are checked, in their order."""
        items = (self.list.item(row) for row in range(self.list.count()))
        return [
            item.data(CANDIDATE_ROLE)
            for item in items
            if item.checkState() == Qt.CheckState.Checked
        ]

    def _add(self, candidate: Candidate, *, checked: bool = False) -> None:
        item = QListWidgetItem(candidate.words)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)
        item.setData(CANDIDATE_ROLE, candidate)
        self.list.addItem(item)
        if checked:
            self.list.setCurrentItem(item)

    def _add_value(self) -> None:
        """Add the run with the value that was typed; say what is wrong with it otherwise."""
        try:
            candidate = self._make(self.path.currentText().strip(), self.value.text().strip())
        except ScenarioError as error:
            self.note.setText(error.faults[0])
            return
        self.value.clear()
        self._add(candidate, checked=True)
        self._update()

    def _on_clicked(self, item: QListWidgetItem) -> None:
        self.list.setCurrentItem(item)

    def _update(self) -> None:
        count = len(self.checked())
        self.compare_button.setEnabled(FEWEST <= count <= MOST)
        if count < FEWEST:
            self.note.setText("Check one to three others (Space).")
        elif count > MOST:
            self.note.setText(f"{count} are checked; {MOST} fit side by side.")
        else:
            self.note.setText(f"{count} runs")

    def _choose(self) -> None:
        if self.compare_button.isEnabled():
            self.accept()
            self.chosen.emit(self.checked())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let Return compare while the list has the focus."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose()
                return True
        return False
