"""Why? The reasons behind what is seen, following the playhead, and what would help.

It stays open beside the window while the run plays on. What would help is tried on the run itself,
in the background; each answer can be taken over with one click, and undone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from engine.history import History
from engine.scenario import Scenario
from engine.units import format_duration_ns
from engine.why import why
from gui.dialogs.modeless import ModelessDialog
from gui.knob_trials import KnobTrials
from gui.style.theme import ui_font

if TYPE_CHECKING:
    from engine.knobs import Trial

NOTHING_YET: Final = "Nothing has happened to it yet: play on, or go to a later instant."
TRY: Final = "Try what would help"
GOALS: Final = {
    True: "Each knob is turned until the downtime is half of what it is.",
    False: "Each knob is turned until the rounds shrink and the copying stops by itself.",
}
HELPS, HELPS_NOT = "✓", "✗"
SIZE_PX: Final = (620, 640)


class WhyDialog(ModelessDialog):
    """Answers to the questions of an instant.

    Signals:
        values_wanted: What a trial found is to be taken over (the `Trial`).
        closed: It was closed.
    """

    values_wanted = Signal(object)
    closed = Signal()

    def __init__(self, trials: KnobTrials, parent: QWidget | None = None) -> None:
        """Take the trials, which may be known already."""
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Why?")
        self._trials = trials
        self._key: tuple[object, ...] = ()
        self._scenario: Scenario | None = None
        self._request: int | None = None
        self.heading = self._label("", 16, bold=True)
        self.answers = QVBoxLayout()
        self.try_button = QPushButton(TRY)
        self.state = self._label("", 13, name="dim")
        self.found = QVBoxLayout()
        self._lay_out()
        self.try_button.clicked.connect(self._on_try)
        trials.changed.connect(self._show_trials)
        trials.failed.connect(self.state.setText)
        self.finished.connect(self._on_finished)
        self.resize(*SIZE_PX)

    @property
    def text(self) -> str:
        """Return all questions and answers, for who cannot see them, and for tests."""
        return "\n".join(label.text() for label in self._content.findChildren(QLabel))

    def show_instant(
        self, history: History, t_ns: int, vm: str, scenario: Scenario | None
    ) -> None:
        """Answer the questions of an instant.

        Args:
            history: The run.
            t_ns: The instant.
            vm: The VM that is asked about.
            scenario: What was run, None for a recording: nothing can be tried on one.
        """
        answers = why(history, t_ns, vm)
        key = (vm, tuple(answers))
        self.heading.setText(f"Why? {vm} at {format_duration_ns(t_ns)}")
        if key != self._key:
            self._key = key
            _clear(self.answers)
            for answer in answers:
                self.answers.addWidget(self._label(answer.question, 14, bold=True))
                self.answers.addWidget(self._label(answer.answer, 14))
                self.answers.addSpacing(8)
            if not answers:
                self.answers.addWidget(self._label(NOTHING_YET, 14))
        self._scenario = scenario
        index = history.migration_at(vm, t_ns)
        self._request = None if index is None else history.migrations[index].request
        self._show_trials()

    def _lay_out(self) -> None:
        content = QWidget()
        self._content = content
        content.setObjectName("sideContent")
        column = QVBoxLayout(content)
        column.setContentsMargins(4, 4, 12, 4)
        column.addLayout(self.answers)
        line = QFrame()
        line.setFrameShape(QFrame.Shape.HLine)
        column.addWidget(line)
        row = QHBoxLayout()
        row.addWidget(self.try_button)
        row.addWidget(self.state, 1)
        column.addLayout(row)
        column.addLayout(self.found)
        column.addStretch(1)
        area = QScrollArea()
        area.setObjectName("side")
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        area.setAccessibleName("Answers")
        close = QPushButton("Close")
        close.setFont(ui_font(13))
        close.clicked.connect(self.close)
        self.try_button.setFont(ui_font(13))
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(10)
        layout.addWidget(self.heading)
        layout.addWidget(area, 1)
        layout.addLayout(buttons)

    def _label(self, text: str, size_px: int, *, bold: bool = False, name: str = "") -> QLabel:
        label = QLabel(text)
        label.setWordWrap(True)
        label.setFont(ui_font(size_px, bold=bold))
        label.setObjectName(name)
        label.setProperty("reading", not bold)
        label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
            if not bold
            else Qt.TextInteractionFlag.NoTextInteraction
        )
        return label

    @property
    def _mine(self) -> bool:
        """Return whether the trials are those of what is shown."""
        trials = self._trials
        return trials.scenario is self._scenario and trials.request == self._request

    def _on_try(self) -> None:
        if self._trials.busy:
            self._trials.stop()
        elif self._scenario is not None and self._request is not None:
            self._trials.start(self._scenario, self._request)

    def _show_trials(self) -> None:
        trials, mine = self._trials, self._mine
        busy = trials.busy and mine
        possible = self._scenario is not None and self._request is not None
        self.try_button.setText("Stop" if busy else TRY)
        self.try_button.setEnabled(possible)
        if busy:
            self.state.setText(f"Trying: {trials.trying}…" if trials.trying else "Starting…")
        elif not possible:
            self.state.setText(
                "A recording cannot be run again: simulate it beside first."
                if self._scenario is None
                else "There is no migration yet."
            )
        elif mine and trials.trials:
            self.state.setText(GOALS[trials.trials[0].before.converged])
        else:
            self.state.setText("Every knob is turned, and the run made again, until it helps.")
        shown = trials.trials if mine else []
        if self.found.count() != len(shown) or not shown:
            _clear(self.found)
            for trial in shown:
                self.found.addWidget(self._trial_row(trial))

    def _trial_row(self, trial: Trial) -> QWidget:
        row = QFrame()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 4, 0, 4)
        mark = self._label(HELPS if trial.helps else HELPS_NOT, 16, bold=True)
        mark.setAccessibleName("helps" if trial.helps else "does not help")
        mark.setFixedWidth(22)
        layout.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._label(trial.sentence, 14), 1)
        if trial.helps:
            take = QPushButton("Take over")
            take.setFont(ui_font(13))
            take.setAccessibleName(f"Take over: {trial.knob}")
            take.clicked.connect(lambda checked=False, trial=trial: self.values_wanted.emit(trial))
            layout.addWidget(take, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _on_finished(self) -> None:
        self._trials.stop()
        self.closed.emit()


def _clear(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
