"""The sweep: which parameters, which policies, which figure; then its curves or its map."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from engine.policies import POLICIES
from engine.sweep import SweepResult
from gui.dialogs.modeless import ModelessDialog
from gui.models.sweep_reading import LABELS
from gui.style.theme import Theme, ui_font
from gui.views.sweep_picture import SweepPicture

NONE: Final = "none"
FORM_PX: Final = 300


class AxisFields(QWidget):
    """One parameter: its path, from where to where, in how many steps."""

    def __init__(self, title: str, choices: Sequence[tuple[str, str, str]], *, none: bool) -> None:
        """Offer parameters.

        Args:
            title: What the group is called.
            choices: Path, least and largest value of each.
            none: Whether no parameter is a choice too; it is chosen first.
        """
        super().__init__()
        self._ranges = {path: (low, high) for path, low, high in choices}
        self.path, self.steps = QComboBox(), QSpinBox()
        self.low, self.high, self.log = QLineEdit(), QLineEdit(), QCheckBox("even ratios")
        self.path.setEditable(not none)
        self.path.addItems([*([NONE] if none else []), *self._ranges])
        self.steps.setRange(2, 100)
        self.steps.setValue(8)
        for widget, name in (
            (self.path, "parameter"), (self.low, "from"), (self.high, "to"),
            (self.steps, "steps"), (self.log, "even ratios"),
        ):
            widget.setFont(ui_font(13))
            widget.setAccessibleName(f"{title}: {name}")
        self.path.setMinimumContentsLength(14)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        heading = QLabel(title)
        heading.setFont(ui_font(13, bold=True))
        form.addRow(heading)
        form.addRow(self.path)
        row = QHBoxLayout()
        for widget in (self.low, self.high):
            row.addWidget(widget)
        form.addRow(row)
        steps = QHBoxLayout()
        steps.addWidget(self.steps)
        steps.addWidget(self.log, 1)
        form.addRow(steps)
        self.path.currentTextChanged.connect(self._on_path)
        self._on_path(self.path.currentText())

    def _on_path(self, path: str) -> None:
        known = path in self._ranges
        if known:
            low, high = self._ranges[path]
            self.low.setText(low)
            self.high.setText(high)
        for widget in (self.low, self.high, self.steps, self.log):
            widget.setEnabled(path != NONE)

    @property
    def text(self) -> str:
        """Return the axis as `plan_sweep` reads it; "" for none."""
        path = self.path.currentText().strip()
        if path in ("", NONE):
            return ""
        log = ":log" if self.log.isChecked() else ""
        low, high = self.low.text().strip(), self.high.text().strip()
        return f"{path}={low}:{high}:{self.steps.value()}{log}"


class SweepDialog(ModelessDialog):
    """Asks, runs and shows.

    Signals:
        wanted: Axes and policies of a sweep, to be run.
        cancelled: What runs is to stop.
        run_wanted: The run of a point is to be opened: policy and (path, value) pairs.
    """

    wanted = Signal(object, object)
    cancelled = Signal()
    run_wanted = Signal(str, object)

    def __init__(
        self,
        choices: Sequence[tuple[str, str, str]],
        policy: str,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        """Offer a scenario's parameters, its own policy chosen."""
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Sweep")
        self.result_shown: SweepResult | None = None
        self.first = AxisFields("Across", choices, none=False)
        self.second = AxisFields("Up (makes a map)", choices, none=True)
        self.policies, self.figure, self.shown_policy = QListWidget(), QComboBox(), QComboBox()
        self.picture, self.readout = SweepPicture(theme), QLabel()
        self.bar, self.fault = QProgressBar(), QLabel()
        self.run_button, self.cancel_button = QPushButton("Run"), QPushButton("Cancel")
        self.open_button, self.csv_button = QPushButton("Open this run"), QPushButton("Save CSV…")
        self.picture_button = QPushButton("Save picture…")
        self._fill(policy)
        self._lay_out()
        self._connect()
        self._update_buttons(running=False)

    def _fill(self, policy: str) -> None:
        for name in POLICIES:
            item = QListWidgetItem(name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(
                Qt.CheckState.Checked if name == policy else Qt.CheckState.Unchecked
            )
            self.policies.addItem(item)
        self.policies.setAccessibleName("Policies")
        self.policies.setFont(ui_font(12))
        for figure, label in LABELS.items():
            self.figure.addItem(label, figure)
        self.figure.setCurrentIndex(list(LABELS).index("downtime_s"))
        self.figure.setAccessibleName("Figure")
        self.shown_policy.setAccessibleName("Policy of the map")
        self.bar.setAccessibleName("Progress of the sweep")
        self.fault.setObjectName("refusal")
        for words in (self.fault, self.readout):
            words.setFont(ui_font(13))
            words.setWordWrap(True)
        self.readout.setMinimumHeight(40)
        self.fault.hide()

    def _lay_out(self) -> None:
        form = QVBoxLayout()
        form.setSpacing(10)
        for widget in (self.first, self.second, self.policies):
            form.addWidget(widget, 1 if widget is self.policies else 0)
        form.addWidget(self.fault)
        form.addWidget(self.bar)
        buttons = QHBoxLayout()
        for button in (self.run_button, self.cancel_button):
            buttons.addWidget(button)
        form.addLayout(buttons)
        left = QWidget()
        left.setLayout(form)
        left.setFixedWidth(FORM_PX)
        form.setContentsMargins(0, 0, 0, 0)
        top, foot = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.figure, 1)
        top.addWidget(self.shown_policy, 1)
        for button in (self.open_button, self.csv_button, self.picture_button):
            foot.addWidget(button)
        right = QVBoxLayout()
        right.addLayout(top)
        right.addWidget(self.picture, 1)
        right.addWidget(self.readout)
        right.addLayout(foot)
        for control in (
            self.figure, self.shown_policy, self.run_button, self.cancel_button,
            self.open_button, self.csv_button, self.picture_button,
        ):
            control.setFont(ui_font(13))
        self.run_button.setProperty("hot", True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(16)
        layout.addWidget(left)
        layout.addLayout(right, 1)
        self.resize(1060, 640)

    def _connect(self) -> None:
        self.run_button.clicked.connect(lambda checked=False: self.run())
        self.cancel_button.clicked.connect(lambda checked=False: self.cancelled.emit())
        self.open_button.clicked.connect(lambda checked=False: self._open(self.picture.at))
        self.csv_button.clicked.connect(lambda checked=False: self._save_csv())
        self.picture_button.clicked.connect(lambda checked=False: self._save_picture())
        self.figure.currentIndexChanged.connect(lambda index: self._show())
        self.shown_policy.currentIndexChanged.connect(lambda index: self._show())
        self.picture.pointed.connect(lambda point: self.readout.setText(self.picture.words(point)))
        self.picture.opened.connect(self._open)

    def run(self) -> None:
        """Ask for the sweep that the form describes."""
        self.fault.hide()
        axes = [text for text in (self.first.text, self.second.text) if text]
        chosen = [
            self.policies.item(i).text()
            for i in range(self.policies.count())
            if self.policies.item(i).checkState() == Qt.CheckState.Checked
        ]
        self.wanted.emit(axes, chosen)

    def complain(self, faults: Sequence[str]) -> None:
        """Say what is wrong with the form."""
        self.fault.setText("\n".join(fault.removeprefix("--vary ") for fault in faults))
        self.fault.show()

    def show_progress(self, done: int, total: int) -> None:
        """Show how far the sweep is."""
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.bar.setFormat(f"{done:,} of {total:,} runs")
        self._update_buttons(running=True)

    def show_result(self, result: SweepResult) -> None:
        """Show a finished sweep."""
        self.result_shown = result
        self.shown_policy.blockSignals(True)
        self.shown_policy.clear()
        self.shown_policy.addItems([policy or "this policy" for policy in result.plan.policies])
        self.shown_policy.blockSignals(False)
        self.shown_policy.setVisible(len(result.plan.axes) > 1 and self.shown_policy.count() > 1)
        self._update_buttons(running=False)
        self._show()
        self.picture.setFocus()

    def show_stopped(self) -> None:
        """Show that a sweep was given up."""
        self.bar.setFormat("cancelled")
        self.bar.setValue(0)
        self._update_buttons(running=False)

    def _show(self) -> None:
        if self.result_shown is not None:
            policy = max(0, self.shown_policy.currentIndex())
            self.picture.show_result(
                self.result_shown, str(self.figure.currentData()), policy
            )

    def _update_buttons(self, *, running: bool) -> None:
        self.run_button.setEnabled(not running)
        self.cancel_button.setEnabled(running)
        for button in (self.open_button, self.csv_button, self.picture_button):
            button.setEnabled(not running and self.result_shown is not None)

    def _open(self, point: int) -> None:
        if self.result_shown is not None:
            plan = self.result_shown.plan
            policy, values = list(plan.points())[point]
            pairs = list(zip((axis.path for axis in plan.axes), values, strict=True))
            self.run_wanted.emit(policy, pairs)

    def _save_csv(self) -> None:
        if self.result_shown is None:
            return
        name, _ = QFileDialog.getSaveFileName(self, "Save the figures", "sweep.csv", "CSV (*.csv)")
        if name:
            try:
                Path(name).write_text(self.result_shown.to_csv(), encoding="utf-8")
            except OSError as error:
                self.complain([f"{Path(name).name} cannot be written: {error.strerror}."])

    def _save_picture(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, "Save the picture", "sweep.png", "Pictures (*.png)"
        )
        if name and not self.picture.grab().save(name):
            self.complain([f"{Path(name).name} cannot be written; choose another folder."])
