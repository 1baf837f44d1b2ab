"""Sliders and boxes that edit the scenario: dirty rate, bandwidth, limit, policy, relearning.

The view edits nothing itself. It says which value the user wants at which path; the owner decides
whether that changes the scenario or adds a dated change, and hands the new scenario back.
"""

from collections.abc import Callable
from contextlib import suppress

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from engine.errors import ScenarioError
from engine.policies import POLICIES
from engine.scenario import Scenario
from gui.style.style_sheet import dress
from gui.style.theme import DARK, Theme, ui_font
from gui.views.scales import BANDWIDTH, PAGE_RATE, RATE_LIMIT, RELEARN, SPEED
from gui.views.transport_view import ArrowBox
from gui.views.value_row import ValueRow


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
            dress(title, f"color: {theme.dim};")
        dress(self.policy_note, f"color: {theme.warn};")
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
        told = reason or (policy.sentence if policy else "")
        self.policy.setToolTip(told)
        self.policy.setAccessibleDescription(told)
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
