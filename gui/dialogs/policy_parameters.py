"""The parameters of a migration's policy: every number and switch of its rule, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from engine.policies import Parameter, ParameterValue, Policy
from gui.style.theme import ui_font

LARGEST: Final = 2**31 - 1
SIZE_PX: Final = (560, 560)
NONE_SENTENCE: Final = "This policy has no parameters."


class PolicyParameters(QDialog):
    """Asks for the parameters of one migration.

    Signals:
        chosen: The parameters that differ from those in force (name to value), at least one.
    """

    chosen = Signal(object)

    def __init__(
        self,
        vm: str,
        policy: Policy,
        values: Mapping[str, ParameterValue],
        parent: QWidget | None = None,
    ) -> None:
        """Ask; `values` are all parameters as they are in force."""
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Parameters")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self._policy, self._values = policy, dict(values)
        self.editors: dict[str, QWidget] = {}
        heading = QLabel(f"{policy.title}: {vm}")
        heading.setFont(ui_font(16, bold=True))
        heading.setWordWrap(True)
        sentence = _dim(policy.sentence)
        self.apply_button, cancel = QPushButton("Take over"), QPushButton("Cancel")
        self.defaults_button = QPushButton("Defaults")
        self.apply_button.setProperty("hot", True)
        self.apply_button.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.defaults_button)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.apply_button)
        for button in (self.defaults_button, cancel, self.apply_button):
            button.setFont(ui_font(13))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 18)
        layout.setSpacing(10)
        layout.addWidget(heading)
        layout.addWidget(sentence)
        layout.addWidget(self._list(), 1)
        layout.addLayout(buttons)
        self.resize(*SIZE_PX)
        self.apply_button.clicked.connect(self._on_apply)
        self.defaults_button.clicked.connect(self._on_defaults)
        cancel.clicked.connect(self.reject)
        self.apply_button.setEnabled(bool(policy.parameters))
        self.defaults_button.setEnabled(bool(policy.parameters))

    def value(self, name: str) -> ParameterValue:
        """Return a parameter as it stands in its field."""
        editor = self.editors[name]
        if isinstance(editor, QCheckBox):
            return editor.isChecked()
        if isinstance(editor, QComboBox):
            return str(editor.currentText())
        assert isinstance(editor, QSpinBox)
        return int(editor.value())

    def _list(self) -> QScrollArea:
        content = QWidget()
        content.setObjectName("sideContent")
        column = QVBoxLayout(content)
        column.setContentsMargins(2, 2, 12, 2)
        column.setSpacing(4)
        for name, parameter in self._policy.parameters.items():
            row = QHBoxLayout()
            label = QLabel(name.replace("_", " "))
            label.setFont(ui_font(14))
            editor = _editor(parameter, self._values[name])
            editor.setFont(ui_font(13))
            editor.setMinimumHeight(editor.sizeHint().height())  # the list scrolls instead
            editor.setAccessibleName(label.text())
            editor.setAccessibleDescription(parameter.sentence)
            label.setBuddy(editor)
            row.addWidget(label, 1)
            row.addWidget(editor)
            column.addLayout(row)
            column.addWidget(_dim(parameter.sentence))
            column.addSpacing(8)
            self.editors[name] = editor
        if not self._policy.parameters:
            column.addWidget(_dim(NONE_SENTENCE))
        column.addStretch(1)
        area = QScrollArea()
        area.setObjectName("side")
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(content)
        return area

    def _on_defaults(self) -> None:
        for name, parameter in self._policy.parameters.items():
            _put(self.editors[name], parameter.default)

    def _on_apply(self) -> None:
        new = {name: self.value(name) for name in self.editors}
        changed = {name: value for name, value in new.items() if value != self._values[name]}
        self.accept()
        if changed:
            self.chosen.emit(changed)


def _editor(parameter: Parameter, value: ParameterValue) -> QWidget:
    editor: QCheckBox | QComboBox | QSpinBox
    if parameter.choices:
        editor = QComboBox()
        editor.addItems(parameter.choices)
    elif isinstance(parameter.default, bool):
        editor = QCheckBox()
    else:
        editor = QSpinBox()
        most = LARGEST if parameter.maximum is None else parameter.maximum
        editor.setRange(parameter.minimum, most)
        editor.setGroupSeparatorShown(True)
        editor.setMinimumWidth(150)
    _put(editor, value)
    return editor


def _put(editor: QWidget, value: ParameterValue) -> None:
    if isinstance(editor, QCheckBox):
        editor.setChecked(bool(value))
    elif isinstance(editor, QComboBox):
        editor.setCurrentText(str(value))
    elif isinstance(editor, QSpinBox):
        editor.setValue(int(value))


def _dim(text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName("dim")
    label.setFont(ui_font(12))
    label.setWordWrap(True)
    return label
