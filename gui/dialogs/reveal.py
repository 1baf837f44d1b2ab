"""The reveal after a run: guess, model and simulation stand together, and one answer to why.

It stays open beside the window. Nothing in it is marked: a row says what was said, what a model
says, and what the run did.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.prediction import CurvePoints, Prediction, PredictionRow, curve_sentence
from engine.units import format_duration_ns
from gui.dialogs.modeless import ModelessDialog
from gui.style.enlarging import LEAST_SCALE_PROPERTY
from gui.style.theme import Theme, ui_font
from gui.views.curve_canvas import CurveCanvas

if TYPE_CHECKING:
    from engine.model_rows import ModelRow
    from engine.why import Answer

HEADINGS: Final = ("", "You said", "Model", "{}", "The {} against you")
FIRST_MODEL: Final = "Measured curve"
WAITING: Final = "The models are being computed."
NO_MODELS: Final = "No closed-form model speaks of this migration."
AXIS_ROOM: Final = 20
"""The time axis is longer than the longer curve by one part in so many."""
WIDTH_PX, HEIGHT_PX = 720, 640
LARGE: Final = 1.4


class Revealed(Struct, frozen=True):
    """What is shown.

    Attributes:
        question: Which VM moved, from where to where.
        prediction: What was said.
        compare: Gives the rows for a model, or for none.
        explain: Gives the answer to why, for rows; None if there is none.
        simulated: Remaining pages of the run by time after the request; () if unknown.
        pages: Memory of the VM.
        recorded: Whether it is a recording and no simulation.
    """

    question: str
    prediction: Prediction
    compare: Callable[[ModelRow | None], list[PredictionRow]]
    explain: Callable[[Sequence[PredictionRow]], Answer | None]
    simulated: CurvePoints
    pages: int
    recorded: bool = False


class RevealDialog(ModelessDialog):
    """Shows them side by side.

    Signals:
        closed: It was closed.
        again_requested: Another prediction is wanted.
    """

    closed = Signal()
    again_requested = Signal()

    def __init__(
        self,
        revealed: Revealed,
        theme: Theme,
        parent: QWidget | None = None,
        *,
        large: bool = False,
    ) -> None:
        """Show a prediction and its run; the models come with `show_models`.

        Args:
            revealed: What is shown.
            theme: Its colours.
            parent: The window.
            large: Whether it is to be read from the last row of a hall.
        """
        super().__init__(parent)
        self.setProperty(LEAST_SCALE_PROPERTY, LARGE if large else 1.0)
        self.setObjectName("dialogBox")
        self.setWindowTitle("You said, it did")
        self._revealed = revealed
        self._models: list[ModelRow] = []
        self.rows: list[PredictionRow] = []
        self.grid = QGridLayout()
        self.model, self.assumption = QComboBox(), self._label(WAITING, 12, name="dim")
        self.canvas = CurveCanvas()
        self.curve_words = self._label("", 14)
        self.why_question, self.why_answer = self._label("", 14, bold=True), self._label("", 14)
        self.again_button, self.close_button = QPushButton("Predict again…"), QPushButton("Close")
        self._lay_out()
        self._show_curves(theme)
        self._show_rows()
        self.model.currentIndexChanged.connect(lambda index: self._show_rows())
        self.close_button.clicked.connect(self.close)
        self.again_button.clicked.connect(self._on_again)
        self.finished.connect(lambda result: self.closed.emit())

    @property
    def text(self) -> str:
        """Return everything it says, for who cannot see it, and for tests."""
        labels = self.findChildren(QLabel)
        return "\n".join(label.text() for label in labels if not label.isHidden())

    def show_models(self, models: Sequence[ModelRow]) -> None:
        """Let closed-form models stand beside; none: there is none for the policy."""
        self._models = list(models)
        self.model.blockSignals(True)
        self.model.clear()
        for row in self._models:
            self.model.addItem(row.model)
        self.model.setCurrentIndex(max(0, self.model.findText(FIRST_MODEL)))
        self.model.blockSignals(False)
        self.model.setVisible(bool(self._models))
        self._show_rows()
        if not self._models:
            self.assumption.setText(NO_MODELS)

    def _show_rows(self) -> None:
        index = self.model.currentIndex()
        model = self._models[index] if 0 <= index < len(self._models) else None
        if model is not None:
            self.assumption.setText(model.assumption)
        self.rows = self._revealed.compare(model)
        _clear(self.grid)
        what = "recording" if self._revealed.recorded else "simulation"
        headings = [HEADINGS[0], *HEADINGS[1:3], what.capitalize(), HEADINGS[4].format(what)]
        for column, heading in enumerate(headings):
            self.grid.addWidget(self._label(heading, 12, name="dim"), 0, column)
        for line, row in enumerate(self.rows, start=1):
            cells = (row.name, row.said, row.model, row.simulation, row.words)
            for column, text in enumerate(cells):
                strong = column in (1, 3)
                cell = self._label(text, 15 if column else 14, bold=strong)
                cell.setAccessibleName(
                    f"{row.name}, {headings[column]}: {text}" if column else text
                )
                self.grid.addWidget(cell, line, column)
        answer = self._revealed.explain(self.rows)
        self.why_question.setText(answer.question if answer else "")
        self.why_answer.setText(answer.answer if answer else "")
        for label in (self.why_question, self.why_answer):
            label.setVisible(answer is not None)

    def _show_curves(self, theme: Theme) -> None:
        shown = self._revealed
        curve, simulated = shown.prediction.curve, shown.simulated
        self.canvas.set_theme(theme)
        self.canvas.set_editable(False)
        ends = [points[-1][0] for points in (curve, simulated) if points]
        self.canvas.setVisible(bool(ends))
        if ends:
            length_ns = max(ends)
            self.canvas.set_axes(length_ns + length_ns // AXIS_ROOM, shown.pages)
            self.canvas.set_curve(curve)
            word = "recording" if shown.recorded else "simulation"
            self.canvas.set_reference(simulated, word=word)
        made = "recorded" if shown.recorded else "simulated"
        sentence = curve_sentence(curve, simulated, shown.pages, made=made)
        self.curve_words.setText(sentence)
        self.curve_words.setVisible(bool(sentence))

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(10)
        layout.addWidget(self._label("You said, it did", 17, bold=True))
        layout.addWidget(self._label(self._revealed.question, 13, name="dim"))
        self.grid.setHorizontalSpacing(18)
        self.grid.setVerticalSpacing(7)
        self.grid.setColumnStretch(4, 1)
        layout.addLayout(self.grid)
        self.model.setAccessibleName("Model to compare with")
        self.model.setFont(ui_font(13))
        self.model.hide()
        row = QHBoxLayout()
        row.addWidget(self.model)
        row.addWidget(self.assumption, 1)
        layout.addLayout(row)
        layout.addWidget(self.canvas, 1)
        for label in (self.curve_words, self.why_question, self.why_answer):
            layout.addWidget(label)
        buttons = QHBoxLayout()
        buttons.addWidget(self.again_button)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        layout.addLayout(buttons)
        for button in (self.again_button, self.close_button):
            button.setFont(ui_font(13))
            button.setAutoDefault(False)
        self.close_button.setProperty("hot", True)
        self.close_button.setDefault(True)
        self.resize(WIDTH_PX, HEIGHT_PX)
        self.close_button.setFocus()

    def _label(self, text: str, size_px: int, *, bold: bool = False, name: str = "") -> QLabel:
        label = QLabel(text)
        label.setFont(ui_font(size_px, bold=bold))
        label.setObjectName(name)
        label.setWordWrap(True)
        return label

    def _on_again(self) -> None:
        self.close()
        self.again_requested.emit()


def revealed_question(vm: str, source: str, destination: str, requested_ns: int) -> str:
    """Return which migration it is about, in one line."""
    return f"{vm} from {source} to {destination}, asked for at {format_duration_ns(requested_ns)}"


def _clear(grid: QGridLayout) -> None:
    while (item := grid.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
