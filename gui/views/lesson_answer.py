"""What a lesson asks, as a form: a figure, a choice, a curve, or values to be changed."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from engine.prediction import CurvePoints
from gui.style.theme import ui_font
from gui.views.curve_canvas import CurveCanvas

TEXT_PX: Final = 14
CURVE_PX: Final = 220


SMALL_PX: Final = 12


class _Form(QWidget):
    """What asks: all of its words grow together."""

    def set_factor(self, factor: float) -> None:
        """Write so many times as large as for one reader."""
        for kind in (QLabel, QLineEdit, QPushButton, QComboBox):
            for widget in self.findChildren(kind):
                small = widget.property("small") or isinstance(widget, QPushButton)
                widget.setFont(ui_font(round((SMALL_PX if small else TEXT_PX) * factor)))


class NumberAnswer(_Form):
    """A figure that is typed with its unit.

    Signals:
        given: Return was pressed: the text.
    """

    given = Signal(object)

    def __init__(self, asked: str, example: str) -> None:
        """Ask for a figure.

        Args:
            asked: Name of the field.
            example: What may be typed.
        """
        super().__init__()
        self.field, self.fault = QLineEdit(), QLabel()
        self.field.setPlaceholderText(f"such as {example}")
        self.field.setAccessibleName(asked)
        self.fault.setProperty("small", True)
        self.fault.setWordWrap(True)
        self.fault.setObjectName("refusal")
        self.fault.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.field)
        layout.addWidget(self.fault)
        self.field.returnPressed.connect(self.give)
        self.field.textChanged.connect(lambda text: self.fault.hide())

    def give(self) -> None:
        """Hand in what is typed."""
        self.given.emit(self.field.text())

    def complain(self, sentence: str) -> None:
        """Say what is wrong with what was typed."""
        self.fault.setText(sentence)
        self.fault.show()
        self.field.setAccessibleDescription(sentence)
        self.field.setFocus()
        self.field.selectAll()

    def take_focus(self) -> None:
        """Let the keys type here."""
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)


class OptionLabel(QLabel):
    """The words of an option, which wrap; a click on them chooses it."""

    def __init__(self, words: str, button: QRadioButton) -> None:
        """Stand beside a button."""
        super().__init__(words)
        self._button = button

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the option."""
        self._button.setChecked(True)


class ChoiceAnswer(_Form):
    """One of a few options.

    Signals:
        given: Return was pressed on an option, or it was handed in: its place.
    """

    given = Signal(object)

    def __init__(self, asked: str, options: Sequence[str]) -> None:
        """Offer options, none chosen."""
        super().__init__()
        self._group = QButtonGroup(self)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(8)
        layout.setColumnStretch(1, 1)
        self.fault = QLabel("Choose one of them first.")
        self.fault.setProperty("small", True)
        self.fault.setObjectName("refusal")
        self.fault.hide()
        for number, words in enumerate(options):
            button = QRadioButton()
            label = OptionLabel(f"{number + 1}  {words}", button)
            button.setAccessibleName(f"{asked}: {words}")
            label.setWordWrap(True)
            label.setBuddy(button)
            self._group.addButton(button, number)
            layout.addWidget(button, number, 0, Qt.AlignmentFlag.AlignTop)
            layout.addWidget(label, number, 1)
        layout.addWidget(self.fault, len(options), 0, 1, 2)
        self._group.idToggled.connect(lambda number, on: self.fault.hide())

    @property
    def chosen(self) -> int | None:
        """Return the place of the option that is chosen."""
        number = self._group.checkedId()
        return number if number >= 0 else None

    def choose(self, number: int) -> None:
        """Choose an option by its place; there is none: nothing happens."""
        button = self._group.button(number)
        if button is not None:
            button.setChecked(True)
            button.setFocus()

    def give(self) -> None:
        """Hand in what is chosen."""
        if self.chosen is None:
            self.fault.show()
            self.take_focus()
        else:
            self.given.emit(self.chosen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose by the number of an option, hand in by Return."""
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.give()
        elif event.text().isdigit():
            self.choose(int(event.text()) - 1)
        else:
            super().keyPressEvent(event)

    def take_focus(self) -> None:
        """Let the keys choose here."""
        self._group.buttons()[self.chosen or 0].setFocus(Qt.FocusReason.OtherFocusReason)


class CurveAnswer(_Form):
    """A curve that is drawn, by mouse or by keys.

    Signals:
        given: The curve was handed in.
    """

    given = Signal(object)

    def __init__(self, length_ns: int, pages: int) -> None:
        """Offer axes to draw on."""
        super().__init__()
        self.canvas, self.fault = CurveCanvas(), QLabel("Draw two points or more first.")
        self.canvas.set_axes(length_ns, pages)
        self.canvas.setFixedHeight(CURVE_PX)
        hint = QLabel("Draw with the mouse; or go with the arrow keys and set points with Return.")
        for label in (self.fault, hint):
            label.setProperty("small", True)
            label.setWordWrap(True)
        hint.setObjectName("dim")
        self.fault.setObjectName("refusal")
        self.fault.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.canvas, hint, self.fault):
            layout.addWidget(widget)
        self.canvas.curve_changed.connect(self.fault.hide)

    def give(self) -> None:
        """Hand in what is drawn."""
        if self.canvas.curve:
            self.given.emit(self.canvas.curve)
        else:
            self.fault.show()
            self.take_focus()

    def reveal(self, simulated: CurvePoints) -> None:
        """Show the simulated curve beside what was drawn."""
        self.canvas.set_reference(simulated)
        self.canvas.set_editable(False)

    def take_focus(self) -> None:
        """Let the keys draw here."""
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)


class Knob(Struct, frozen=True):
    """A value of the scenario that an exercise is about.

    Attributes:
        path: Where it stands in the scenario.
        name: What it is called, as on the controls.
        value: What it is, as in a file; "": nothing.
        choices: (as in a file, as it is read) of a value that is chosen; () of one that is typed.
        unset: What holds while nothing is typed.
    """

    path: str
    name: str
    value: str
    choices: tuple[tuple[str, str], ...] = ()
    unset: str = "none"


class KnobFields(_Form):
    """Values of the scenario that an exercise is about.

    Signals:
        edited: Path and text of a value that is wanted.
    """

    edited = Signal(str, str)

    def __init__(self, knobs: Sequence[Knob]) -> None:
        """Offer values as they are at present."""
        super().__init__()
        self.fields: dict[str, QLineEdit | QComboBox] = {}
        self.fault = QLabel()
        self.fault.setProperty("small", True)
        self.fault.setWordWrap(True)
        self.fault.setObjectName("refusal")
        self.fault.hide()
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for row, knob in enumerate(knobs):
            name = QLabel(knob.name)
            name.setWordWrap(True)
            name.setProperty("small", True)
            layout.addWidget(name, 2 * row, 0, 1, 2)
            if knob.choices:
                layout.addWidget(self._chooser(knob), 2 * row + 1, 0, 1, 2)
            else:
                layout.addWidget(self._field(knob), 2 * row + 1, 0)
                layout.addWidget(self._button(knob), 2 * row + 1, 1)
            name.setBuddy(self.fields[knob.path])
        layout.addWidget(self.fault, 2 * len(knobs), 0, 1, 2)
        self.show_values({knob.path: knob.value for knob in knobs})

    def _field(self, knob: Knob) -> QLineEdit:
        field = self.fields[knob.path] = QLineEdit(knob.value)
        field.setPlaceholderText(knob.unset)
        field.setAccessibleName(knob.name)
        field.setToolTip(f"{knob.name} from the start; Return tries it")
        field.returnPressed.connect(lambda: self._try(knob.path))
        return field

    def _button(self, knob: Knob) -> QPushButton:
        button = QPushButton("Try")
        button.setAccessibleName(f"Try {knob.name}")
        button.clicked.connect(lambda checked=False: self._try(knob.path))
        return button

    def _chooser(self, knob: Knob) -> QComboBox:
        box = self.fields[knob.path] = QComboBox()
        box.setAccessibleName(knob.name)
        box.setToolTip(f"{knob.name} from the start; what is chosen is tried at once")
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for value, shown in knob.choices:
            box.addItem(shown, value)
        box.activated.connect(lambda place: self._choose(knob.path, str(box.itemData(place))))
        return box

    def show_values(self, values: Mapping[str, str]) -> None:
        """Show the values that are in force, but not in a field that is being typed into."""
        for path, value in values.items():
            field = self.fields[path]
            if isinstance(field, QComboBox):
                field.setCurrentIndex(max(0, field.findData(value)))
            elif not (field.hasFocus() and field.isModified()):
                field.setText(value)

    def _choose(self, path: str, value: str) -> None:
        self.fault.hide()
        self.edited.emit(path, value)

    def _try(self, path: str) -> None:
        field = self.fields[path]
        assert isinstance(field, QLineEdit)
        self.fault.hide()
        field.setModified(False)
        self.edited.emit(path, field.text().strip())

    def complain(self, sentence: str) -> None:
        """Say what is wrong with a value."""
        self.fault.setText(sentence)
        self.fault.show()

    def take_focus(self) -> None:
        """Let the keys change the first value."""
        field = next(iter(self.fields.values()))
        field.setFocus(Qt.FocusReason.OtherFocusReason)
        if isinstance(field, QLineEdit):
            field.selectAll()


Answer = NumberAnswer | ChoiceAnswer | CurveAnswer | KnobFields
