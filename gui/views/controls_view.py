"""Sliders and boxes that edit the scenario: dirty rate, bandwidth, limit, policy, relearning.

The view edits nothing itself. It says which value the user wants at which path; the owner decides
whether that changes the scenario or adds a dated change, and hands the new scenario back.
"""

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from engine import units
from engine.errors import ScenarioError
from engine.policies import POLICIES
from engine.scenario import Scenario
from gui.style.theme import DARK, Theme, ui_font
from gui.views.transport_view import ArrowBox

STEPS: Final = 1000
KNOB_PX: Final = 14
GROOVE_PX: Final = 5
BITS_PER_PAGE: Final = units.PAGE_BYTES * 8
NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithmic scale of a quantity.

    Attributes:
        low: Value at the left end (above zero, if `zero`). high: Value at the right end.
        step: Values are multiples of it.
        parse: Text to base units. show: Base units to text for people.
        write: Base units to exact text for a scenario. unit: Taken for a bare number.
        widest: The longest text that `show` gives.
        zero: The left end is zero. none: The right end is no value at all.
        note: The same value in another unit.
    """

    low: int
    high: int
    step: int
    parse: Callable[[object], int]
    show: Callable[[int], str]
    write: Callable[[int], str]
    unit: str
    widest: str
    zero: bool = False
    none: bool = False
    note: Callable[[int], str] = lambda value: ""

    def value_at(self, position: int) -> int | None:
        """Return the value at a slider position, in two or three digits; None at a none end."""
        if self.none and position >= STEPS:
            return None
        if self.zero and position <= 0:
            return 0
        exact = self.low * math.pow(self.high / self.low, position / STEPS)
        digit = 10 ** max(0, math.floor(math.log10(exact)) - 1)
        fine = digit // 2 if digit > 1 and exact < 5 * 10 * digit else digit
        grain = max(self.step, fine)
        nearest: int = round(exact / grain) * grain
        return max(self.low, min(self.high, nearest))

    def position_of(self, value: int | None) -> int:
        """Return the slider position that is nearest to a value."""
        if value is None:
            return STEPS
        if value <= self.low:
            return 0 if self.zero and not value else 1 if self.zero else 0
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return min(STEPS - 1 if self.none else STEPS, round(share * STEPS))

    def text_of(self, value: int | None) -> str:
        """Return a value for people."""
        return NONE if value is None else self.show(value)

    def read(self, text: str) -> int | None:
        """Return the value of a typed text; a bare number gets the unit.

        Raises:
            ValueError: Says in a clause what was expected.
        """
        text = text.replace(",", "").strip()
        if self.none and text.lower() in (NONE, ""):
            return None
        bare = text.replace(".", "", 1).isdigit()
        value = self.parse(f"{text} {self.unit}" if bare else text)
        if value < 0 or (value == 0 and not self.zero):
            raise ValueError("must be more than 0")
        return value


def exact_bit_rate(rate_bps: int) -> str:
    """Return a bit rate as a scenario has it, exact: "940 Mbit/s"."""
    for unit, factor in (("Mbit/s", 10**6), ("kbit/s", 10**3)):
        if rate_bps % factor == 0:
            return f"{rate_bps // factor} {unit}"
    return f"{rate_bps} bit/s"


def exact_duration(duration_ns: int) -> str:
    """Return a duration as a scenario has it, exact: "30 ms"."""
    for unit, factor in (("ms", 10**6), ("us", 10**3)):
        if duration_ns % factor == 0:
            return f"{duration_ns // factor} {unit}"
    return f"{duration_ns} ns"


def show_bit_rate(rate_bps: int) -> str:
    """Return a bit rate for people in one unit over the whole scale: "1,000 Mbit/s"."""
    return f"{rate_bps / 10**6:,.6g} Mbit/s"


PAGE_RATE: Final = Scale(
    10, 1_000_000, 1, units.parse_page_rate, units.format_page_rate,
    lambda v: f"{v} pages/s", "pages/s", "1,000,000 pages/s", zero=True,
    note=lambda v: units.format_bit_rate(v * BITS_PER_PAGE),
)  # fmt: skip
SPEED: Final = Scale(
    10, 1000, 1, units.parse_speed, lambda v: f"{v:,} %", lambda v: f"{v} %", "%",
    "100,000 %", zero=True,
)  # fmt: skip
BANDWIDTH: Final = Scale(
    10**7, 10**10, 10**6, units.parse_bit_rate, show_bit_rate, exact_bit_rate, "Mbit/s",
    "10,000 Mbit/s",
)  # fmt: skip
RATE_LIMIT: Final = Scale(
    10**7, 10**10, 10**6, units.parse_bit_rate, show_bit_rate, exact_bit_rate, "Mbit/s",
    "10,000 Mbit/s", none=True,
)  # fmt: skip
RELEARN: Final = Scale(
    10**6, 10**10, 10**5, units.parse_duration, units.format_duration_ns, exact_duration, "ms",
    "999 ms", zero=True,
)  # fmt: skip


class MarkedSlider(QSlider):
    """A horizontal slider with a mark at the scenario's own value."""

    def __init__(self) -> None:
        """Start at the left end without a mark."""
        super().__init__(Qt.Orientation.Horizontal)
        self._theme = DARK
        self._mark: int | None = None
        self.setRange(0, STEPS)
        self.setPageStep(STEPS // 20)
        self.setSingleStep(STEPS // 100)
        self.setMinimumHeight(KNOB_PX + 8)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def set_mark(self, position: int | None) -> None:
        """Mark a position, or none."""
        self._mark = position
        self.update()

    def x_at(self, position: int) -> float:
        """Return where the knob's centre is at a position."""
        return KNOB_PX / 2 + 1 + (self.width() - KNOB_PX - 2) * position / STEPS

    def _move_to(self, x_px: float) -> None:
        share = (x_px - KNOB_PX / 2 - 1) / max(1, self.width() - KNOB_PX - 2)
        self.setValue(round(max(0.0, min(1.0, share)) * STEPS))

    def sizeHint(self) -> QSize:
        """Return a comfortable width and the fixed height."""
        return QSize(200, KNOB_PX + 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw groove, mark, knob and focus ring."""
        theme, middle = self._theme, self.height() / 2
        x, enabled = self.x_at(self.value()), self.isEnabled()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        groove = QRectF(0, middle - GROOVE_PX / 2, self.width(), GROOVE_PX)
        painter.setBrush(theme.color("pill"))
        painter.drawRoundedRect(groove, GROOVE_PX / 2, GROOVE_PX / 2)
        groove.setRight(x)
        painter.setBrush(theme.color("link" if enabled else "line"))
        painter.drawRoundedRect(groove, GROOVE_PX / 2, GROOVE_PX / 2)
        if self._mark is not None:
            mark = QRectF(round(self.x_at(self._mark)) - 1, middle + 4, 2, 6)
            painter.fillRect(mark, theme.color("dim"))
        painter.setBrush(theme.color("ink" if enabled else "dim"))
        painter.setPen(QPen(theme.color("panel"), 2))
        painter.drawEllipse(QRectF(x - 7, middle - 7, KNOB_PX, KNOB_PX))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("link"), 2))
            painter.drawEllipse(QRectF(x - 8, middle - 8, KNOB_PX + 2, KNOB_PX + 2))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to whatever scrolls: passing by must not change a value."""
        event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the knob to the pointer and hold it."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._move_to(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the knob with the pointer."""
        if self.isSliderDown():
            self._move_to(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go of the knob."""
        self.setSliderDown(False)


class ValueRow(QWidget):
    """A name, a typed value and a slider for one value of the scenario."""

    edited = Signal(str)
    """The user wants another value: exact text for the scenario, at each move."""
    finished = Signal()
    """The knob was let go, or a value was typed."""

    def __init__(self, name: str, scale: Scale) -> None:
        """Show a value under a name."""
        super().__init__()
        self.scale = scale
        self.value: int | None = scale.low
        self._theme, self._wrong, self._reason = DARK, "", ""
        self.label, self.note, self.box = QLabel(name), QLabel(), QLineEdit()
        self.slider = MarkedSlider()
        self.slider.setAccessibleName(name)
        self.box.setAccessibleName(f"{name}, value")
        self.label.setFont(ui_font(13))
        self.note.setFont(ui_font(11))
        self.box.setFont(ui_font(13))
        self.box.setAlignment(Qt.AlignmentFlag.AlignRight)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(8)
        layout.setVerticalSpacing(1)
        layout.setColumnStretch(1, 1)
        layout.addWidget(self.label, 0, 0)
        layout.addWidget(self.note, 0, 1, Qt.AlignmentFlag.AlignRight)
        layout.addWidget(self.box, 0, 2)
        layout.addWidget(self.slider, 1, 0, 1, 3)
        self.set_scale(name, scale)
        self.slider.valueChanged.connect(self._on_slider_moved)
        self.slider.sliderReleased.connect(self.finished)
        self.box.editingFinished.connect(self._on_typed)

    def set_scale(self, name: str, scale: Scale) -> None:
        """Show another quantity."""
        self.scale = scale
        self.label.setText(name)
        self.label.setMinimumWidth(QFontMetrics(self.label.font()).horizontalAdvance(name))
        widest = QFontMetrics(self.box.font()).horizontalAdvance(scale.widest)
        self.box.setFixedWidth(widest + 16)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.slider.set_theme(theme)
        self._restyle()

    def set_value(self, value: int | None, *, mark: int | None = None) -> None:
        """Show a value and the scenario's own, without a signal."""
        self.slider.set_mark(self.scale.position_of(mark))
        typing = self.box.hasFocus() and self.box.isModified()
        if self.slider.isSliderDown() or typing:
            return  # The user's hand is on it: do not pull it away.
        self.slider.blockSignals(True)
        if self.scale.value_at(self.slider.value()) != value:
            self.slider.setValue(self.scale.position_of(value))
        self.slider.blockSignals(False)
        self._show(value)

    def set_usable(self, reason: str) -> None:
        """Let the value be edited if there is no reason against it."""
        self._reason = reason
        for widget in (self.slider, self.box):
            widget.setEnabled(not reason)
            widget.setToolTip(reason)
        self._restyle()

    def _show(self, value: int | None) -> None:
        self.value, self._wrong = value, ""
        self.box.setText(self.scale.text_of(value))
        self.box.setModified(False)
        note = "" if value is None else self.scale.note(value)
        self.note.setText(note)
        self.note.setMinimumWidth(QFontMetrics(self.note.font()).horizontalAdvance(note))
        self._restyle()

    def _restyle(self) -> None:
        theme = self._theme
        edge = theme.warn if self._wrong else theme.line
        ink = theme.dim if self._reason else theme.ink
        self.label.setStyleSheet(f"color: {ink};")
        self.note.setStyleSheet(f"color: {theme.dim};")
        style = (
            f"QLineEdit {{ color: {ink}; background: {theme.field}; border: 1px solid {edge};"
            f" border-radius: 4px; padding: 1px 5px; selection-background-color: {theme.accent};"
            f" selection-color: {theme.accent_ink}; }}"
            f"QLineEdit:focus {{ border-color: {theme.warn if self._wrong else theme.link}; }}"
        )
        if style != self.box.styleSheet():
            self.box.setStyleSheet(style)

    def _on_slider_moved(self, position: int) -> None:
        value = self.scale.value_at(position)
        if value == self.value:
            return
        self._show(value)
        self.edited.emit(NONE if value is None else self.scale.write(value))
        if not self.slider.isSliderDown():
            self.finished.emit()

    def _on_typed(self) -> None:
        if not self.box.isModified():
            return
        try:
            value = self.scale.read(self.box.text())
        except ValueError as error:
            self._wrong = f"{self.box.text()}: {error}"
            self.box.setToolTip(self._wrong)
            self._restyle()
            return
        self.box.setToolTip("")
        self.slider.blockSignals(True)
        self.slider.setValue(self.scale.position_of(value))
        self.slider.blockSignals(False)
        changed = value != self.value
        self._show(value)
        if changed:
            self.edited.emit(NONE if value is None else self.scale.write(value))
            self.finished.emit()


class ControlsView(QWidget):
    """The values of a scenario that a hand may change while looking at the run."""

    value_edited = Signal(str, str)
    """A value is wanted: path in the scenario and exact text; "none": no rate limit."""
    edit_finished = Signal()
    """The hand is off the control; the last value stands."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty; `set_scenario` gives it values."""
        super().__init__(parent)
        self._theme = DARK
        self._scenario: Scenario | None = None
        self._original: Scenario | None = None
        self._selected = self._writer_path = ""
        self._locked = ""
        self._at_start = True
        self.workload_title, network_title, policy_title = QLabel(), QLabel(), QLabel()
        self._titles = (self.workload_title, network_title, policy_title)
        network_title.setText("Network")
        policy_title.setText("Policy")
        self.dirty_rate = ValueRow("Dirty rate", PAGE_RATE)
        self.bandwidth = ValueRow("Link bandwidth", BANDWIDTH)
        self.relearn = ValueRow("Switch relearn delay", RELEARN)
        self.rate_limit = ValueRow("Rate limit", RATE_LIMIT)
        self.policy, self.policy_note = ArrowBox(), QLabel()
        self._set_up_policy()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        for title, widgets in (
            (self.workload_title, (self.dirty_rate,)),
            (network_title, (self.bandwidth, self.relearn)),
            (policy_title, (self.policy, self.policy_note, self.rate_limit)),
        ):
            title.setFont(ui_font(12))
            layout.addWidget(title)
            for widget in widgets:
                layout.addWidget(widget)
            layout.addSpacing(4)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._connect()
        self.set_theme(DARK)

    @property
    def rows(self) -> tuple[ValueRow, ...]:
        """Return the rows with sliders."""
        return self.dirty_rate, self.bandwidth, self.relearn, self.rate_limit

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        for row in self.rows:
            row.set_theme(theme)
        for title in self._titles:
            title.setStyleSheet(f"color: {theme.dim};")
        self.policy_note.setStyleSheet(f"color: {theme.warn};")
        self.policy.set_theme(theme)

    def set_original(self, scenario: Scenario) -> None:
        """Take the values that the marks show: those of the file, before any edit."""
        self._original = scenario

    def set_scenario(self, scenario: Scenario, t_ns: int, selected: str) -> None:
        """Show the values in force at an instant, without a signal."""
        if self._original is None or self._original.name != scenario.name:
            self._original = scenario
        self._scenario, self._selected = scenario, selected
        self.workload_title.setText(f"Workload of {selected}")
        self._show_workload(scenario, t_ns)
        self._show_value(self.bandwidth, "network.bandwidth", t_ns)
        self._show_value(self.relearn, "network.relearn_delay", t_ns)
        moves = any(m.vm == selected for m in scenario.spec.migrations)
        self.rate_limit.set_usable("" if moves else f"{selected} does not migrate yet.")
        if moves:
            self._show_value(self.rate_limit, f"migrations.{selected}.rate_limit", t_ns)
            name = str(scenario.value_at(f"migrations.{selected}.policy", t_ns))
            self.policy.setCurrentIndex(self.policy.findData(name))
        self._show_policy_state(moves)

    def set_policy_locked(self, reason: str) -> None:
        """Disable the policy and say why; "" enables it."""
        self._locked = reason
        self._show_policy_state(self.rate_limit.slider.isEnabled())

    def set_at_start(self, at_start: bool) -> None:
        """Say whether the playhead is at the start: only there relearning can be edited."""
        if at_start != self._at_start:
            self._at_start = at_start
            self.relearn.set_usable(
                "" if at_start else "The relearn delay is fixed for a run: go to the start."
            )

    def _show_workload(self, scenario: Scenario, t_ns: int) -> None:
        vm = next((v for v in scenario.spec.vms if v.name == self._selected), None)
        if vm is None or not vm.writers:
            self.dirty_rate.set_usable(f"{self._selected} writes nothing in this scenario.")
            return
        trace = vm.writers[0].pattern == "trace"
        key = "speed" if trace else "rate"
        self._writer_path = f"vms.{vm.name}.writers.0.{key}"
        name = "Speed of the recorded work" if trace else "Dirty rate"
        self.dirty_rate.set_scale(name, SPEED if trace else PAGE_RATE)
        self.dirty_rate.set_usable("")
        self._show_value(self.dirty_rate, self._writer_path, t_ns)

    def _show_value(self, row: ValueRow, path: str, t_ns: int) -> None:
        assert self._scenario is not None and self._original is not None
        mark: int | None = None
        with suppress(ScenarioError):  # A migration added by hand is not in the file.
            mark = self._original.value_at(path, 0)
        row.set_value(self._scenario.value_at(path, t_ns), mark=mark)

    def _show_policy_state(self, moves: bool) -> None:
        reason = self._locked if moves else f"{self._selected} does not migrate yet."
        self.policy.setEnabled(not reason)
        policy = POLICIES.get(self.policy.currentData() or "")
        self.policy.setToolTip(reason or (policy.sentence if policy else ""))
        self.policy_note.setText(reason)
        self.policy_note.setVisible(bool(reason))

    def _set_up_policy(self) -> None:
        self.policy.setFont(ui_font(12))
        self.policy.setAccessibleName("Policy")
        for name, policy in POLICIES.items():
            self.policy.addItem(policy.title, name)
            index = self.policy.count() - 1
            self.policy.setItemData(index, policy.sentence, Qt.ItemDataRole.ToolTipRole)
        metrics = QFontMetrics(ui_font(12))
        widest = max(metrics.horizontalAdvance(p.title) for p in POLICIES.values())
        self.policy.setMinimumWidth(widest + 46)
        self.policy_note.setFont(ui_font(11))
        self.policy_note.setWordWrap(True)
        self.policy_note.hide()

    def _connect(self) -> None:
        paths: tuple[tuple[ValueRow, Callable[[], str]], ...] = (
            (self.dirty_rate, lambda: self._writer_path),
            (self.bandwidth, lambda: "network.bandwidth"),
            (self.relearn, lambda: "network.relearn_delay"),
            (self.rate_limit, lambda: f"migrations.{self._selected}.rate_limit"),
        )
        for row, path in paths:
            row.edited.connect(lambda text, path=path: self.value_edited.emit(path(), text))
            row.finished.connect(self.edit_finished)
        self.policy.activated.connect(self._on_policy_chosen)

    def _on_policy_chosen(self, index: int) -> None:
        path = f"migrations.{self._selected}.policy"
        self.value_edited.emit(path, str(self.policy.itemData(index)))
        self.edit_finished.emit()
