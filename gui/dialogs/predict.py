"""The form before a run: total time, downtime, whether it stops by itself, and the curve.

Any part may be left out. What is asked about is told by its inputs alone: memory, link, policy.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.prediction import Prediction
from gui.style.theme import Theme, ui_font
from gui.views.curve_canvas import CurveCanvas
from gui.views.question_parts import ChoiceQuestion, DurationQuestion

NOTHING_SAID: Final = "Say at least one of them, or draw a curve; or cancel, and just play."
HINT: Final = "Any part may be left out. Nothing is marked: afterwards it stands beside the run."
WIDTH_PX: Final = 640


class Asked(Struct, frozen=True):
    """What a prediction is about.

    Attributes:
        question: Which VM moves, from where to where.
        facts: Its inputs, in one sentence.
        pages: Memory of the VM.
        length_ns: How much time the canvas shows at first.
        rounds: Whether it copies in rounds, so that it may or may not stop by itself.
    """

    question: str
    facts: str
    pages: int
    length_ns: int
    rounds: bool


class PredictDialog(QDialog):
    """Asks what is expected.

    Signals:
        locked: With the `Prediction`; the run is to be played.
    """

    locked = Signal(object)

    def __init__(self, asked: Asked, theme: Theme, parent: QWidget | None = None) -> None:
        """Ask about a migration; `open` shows it."""
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Predict")
        self.total = DurationQuestion("Total migration time", "40 s")
        self.downtime = DurationQuestion("Downtime", "200 ms")
        self.converges = ChoiceQuestion(
            "Will the copying stop by itself, because little is left?",
            (("yes", True), ("no", False), ("no guess", None)),
        )
        self.converges.setVisible(asked.rounds)
        self.canvas = CurveCanvas()
        self.canvas.set_theme(theme)
        self.canvas.set_axes(asked.length_ns, asked.pages)
        self.longer, self.shorter = QPushButton("Longer axis"), QPushButton("Shorter axis")
        self.clear_button = QPushButton("Clear the curve")
        self.lock_button, self.cancel_button = (
            QPushButton("Lock in and play"),
            QPushButton("Cancel"),
        )
        self.fault = _label("", 13, name="refusal")
        self.fault.hide()
        self._pages = asked.pages
        self._lay_out(asked)
        self._connect()
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.total.field.setFocus()

    @property
    def prediction(self) -> Prediction:
        """Return what is said so far; what cannot be read is left out."""
        value = self.converges.value
        return Prediction(
            self.total.value_ns,
            self.downtime.value_ns,
            value if isinstance(value, bool) else None,
            self.canvas.curve,
        )

    def lock(self) -> None:
        """Take what is said, or say what is wrong with it and keep everything."""
        faulty = [part for part in (self.total, self.downtime) if part.fault]
        for part in (self.total, self.downtime):
            part.show_fault()
        prediction = self.prediction
        empty = not faulty and prediction.empty
        self.fault.setText(NOTHING_SAID if empty else "")
        self.fault.setVisible(empty)
        if faulty:
            faulty[0].field.setFocus()
            faulty[0].field.selectAll()
        elif not empty:
            self.accept()
            self.locked.emit(prediction)

    def _connect(self) -> None:
        self.lock_button.clicked.connect(lambda checked=False: self.lock())
        self.cancel_button.clicked.connect(self.reject)
        self.clear_button.clicked.connect(lambda checked=False: self.canvas.clear())
        self.longer.clicked.connect(lambda checked=False: self._stretch(2, 1))
        self.shorter.clicked.connect(lambda checked=False: self._stretch(1, 2))
        for part in (self.total, self.downtime, self.converges):
            part.changed.connect(self.fault.hide)
        self.canvas.curve_changed.connect(self._on_curve_changed)
        self._on_curve_changed()

    def _stretch(self, times: int, parts: int) -> None:
        self.canvas.set_axes(self.canvas.length_ns * times // parts, self._pages)
        self._on_curve_changed()

    def _on_curve_changed(self) -> None:
        curve = self.canvas.curve
        self.fault.hide()
        self.clear_button.setEnabled(bool(curve))
        # What is drawn stays on the axis.
        self.shorter.setEnabled(not curve or curve[-1][0] <= self.canvas.length_ns // 2)

    def _lay_out(self, asked: Asked) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(10)
        for part in (
            _label(asked.question, 16, bold=True), _label(asked.facts, 13),
            _label(HINT, 13, name="dim"), self.total, self.downtime, self.converges,
        ):  # fmt: skip
            layout.addWidget(part)
        layout.addWidget(_label("Draw how much is still to arrive, if you like.", 14))
        layout.addWidget(self.canvas, 1)
        tools = QHBoxLayout()
        for button in (self.clear_button, self.shorter, self.longer):
            tools.addWidget(button)
        tools.addStretch(1)
        layout.addLayout(tools)
        layout.addWidget(self.fault)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.lock_button)
        layout.addLayout(buttons)
        for button in (
            self.clear_button, self.shorter, self.longer, self.cancel_button, self.lock_button,
        ):  # fmt: skip
            button.setFont(ui_font(13))
            button.setAutoDefault(False)
        self.lock_button.setProperty("hot", True)
        self.lock_button.setDefault(True)
        self.resize(WIDTH_PX, 620)


def _label(text: str, size_px: int, *, bold: bool = False, name: str = "") -> QLabel:
    label = QLabel(text)
    label.setFont(ui_font(size_px, bold=bold))
    label.setObjectName(name)
    label.setWordWrap(True)
    return label
