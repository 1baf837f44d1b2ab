"""The question before a move: which VM, from where, to where, under which policy, at what price.

The prices are no formulas: the scenario with the move in it is simulated while the question
stands, and that run is what will be played.
"""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.errors import ScenarioError
from engine.history import History, MigrationRecord
from engine.metrics import downtime_ns, total_time_ns
from engine.policies import POLICIES
from engine.scenario import Scenario
from engine.units import format_duration_ns
from gui.edits import Move
from gui.style.theme import ui_font
from gui.views.hidden_future import HIDDEN

WAITING = "simulating…"


class ConfirmMigration(QDialog):
    """Asks whether to move a VM.

    Attributes:
        prediction_wanted: The user looks at a move: the `Scenario` with it, to be simulated.
        confirmed: With the move, its scenario, and its run or None if that is not known yet.
    """

    prediction_wanted = Signal(object)
    confirmed = Signal(object, object, object)

    def __init__(
        self, move: Move, scenario_with: Callable[[Move], Scenario], parent: QWidget | None = None
    ) -> None:
        """Ask about a move; `ask` shows it.

        Args:
            move: What is asked about.
            scenario_with: Gives the scenario with a move in it.
            parent: The window.
        """
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Migrate")
        self._move, self._scenario_with = move, scenario_with
        self._scenario: Scenario | None = None
        self._history: History | None = None
        self._hidden = False
        self.question = QLabel(f"Move {move.vm} from {move.source} to {move.destination}?")
        self.policy, self.total, self.downtime = QComboBox(), QLabel(WAITING), QLabel(WAITING)
        self.note = QLabel()
        self.accept_button = QPushButton(f"Migrate {move.vm}")
        self.cancel_button = QPushButton("Cancel")
        self._set_up_widgets()
        self._lay_out()
        self.policy.currentIndexChanged.connect(self._on_policy_chosen)
        self.accept_button.clicked.connect(self._on_accepted)
        self.cancel_button.clicked.connect(self.reject)

    def ask(self) -> None:
        """Show the question without blocking, and ask for the prediction."""
        self.open()
        self._predict()

    def set_future_hidden(self, hidden: bool) -> None:
        """Do not tell what the move will cost, while somebody's own prediction stands."""
        self._hidden = hidden

    def show_prediction(self, scenario: Scenario, history: History) -> None:
        """Show what a run says; runs of other scenarios are not meant."""
        if scenario is not self._scenario:
            return
        self._history = history
        record = next(
            (
                m
                for m in history.migrations
                if m.vm == self._move.vm and m.requested_ns >= self._move.at_ns
            ),
            None,
        )
        self._show_record(record)

    def _show_record(self, record: MigrationRecord | None) -> None:
        for label, value in (
            (self.total, total_time_ns(record) if record else None),
            (self.downtime, downtime_ns(record) if record else None),
        ):
            if self._hidden:
                label.setText(HIDDEN)
            else:
                label.setText("does not end" if value is None else format_duration_ns(value))
        if record is not None and record.reason and not self._hidden:
            self._say(record.reason)

    def _say(self, sentence: str) -> None:
        self.note.setText(sentence)
        self.note.setVisible(bool(sentence))

    def _predict(self) -> None:
        self._history = None
        self.total.setText(WAITING)
        self.downtime.setText(WAITING)
        self._say(self._move.dropped)
        try:
            self._scenario = self._scenario_with(self._move)
        except ScenarioError as error:
            self._scenario = None
            self._say("\n".join(error.faults))
        self.accept_button.setEnabled(self._scenario is not None)
        if self._scenario is not None:
            self.prediction_wanted.emit(self._scenario)

    def _on_policy_chosen(self, index: int) -> None:
        move = self._move
        self._move = Move(
            move.vm, move.source, move.destination, move.at_ns,
            str(self.policy.itemData(index)), move.dropped,
        )
        self._predict()

    def _on_accepted(self) -> None:
        scenario = self._scenario
        self.accept()
        if scenario is not None:
            self.confirmed.emit(self._move, scenario, self._history)

    def _set_up_widgets(self) -> None:
        self.question.setFont(ui_font(16, bold=True))
        for name, policy in POLICIES.items():
            self.policy.addItem(policy.title, name)
        self.policy.setCurrentIndex(self.policy.findData(self._move.policy))
        self.policy.setAccessibleName("Policy")
        self.note.setObjectName("refusal")
        self.note.setWordWrap(True)
        self.note.hide()
        self.accept_button.setProperty("hot", True)
        self.accept_button.setDefault(True)
        for widget in (
            self.policy, self.total, self.downtime, self.note, self.accept_button,
            self.cancel_button,
        ):
            widget.setFont(ui_font(13))

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 18)
        layout.setSpacing(14)
        layout.addWidget(self.question)
        grid = QGridLayout()
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        begins = QLabel(format_duration_ns(self._move.at_ns))
        begins.setFont(ui_font(13))
        for row, (name, widget) in enumerate(
            (
                ("Begins at", begins),
                ("Policy", self.policy),
                ("Predicted total time", self.total),
                ("Predicted downtime", self.downtime),
            )
        ):
            label = QLabel(name)
            label.setObjectName("dim")
            label.setFont(ui_font(13))
            grid.addWidget(label, row, 0)
            grid.addWidget(widget, row, 1)
        layout.addLayout(grid)
        layout.addWidget(self.note)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.accept_button)
        layout.addLayout(buttons)
        layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetMinimumSize)
        self.setMinimumWidth(460)
        self.setWindowModality(Qt.WindowModality.WindowModal)
