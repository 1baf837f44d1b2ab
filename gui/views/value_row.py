"""A row that edits one value: its name, a box to type in, and a slider with a mark."""

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QSlider, QWidget

from gui.style.theme import DARK, Theme, ui_font
from gui.views.scales import NONE, STEPS, Scale

KNOB_PX: Final = 14
GROOVE_PX: Final = 5


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
        self.slider.setAccessibleName(name)
        self.box.setAccessibleName(f"{name}, value")
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
        self._tell()

    def _show(self, value: int | None) -> None:
        self.value, self._wrong = value, ""
        self.box.setText(self.scale.text_of(value))
        self.box.setModified(False)
        note = "" if value is None else self.scale.note(value)
        self.note.setText(note)
        self.note.setMinimumWidth(QFontMetrics(self.note.font()).horizontalAdvance(note))
        self._restyle()
        self._tell()

    def _tell(self) -> None:
        """Say the value in its unit, and why it is wrong or not to be changed.

        Without it a screen reader reads the slider's position, which means nothing.
        """
        parts = (self.scale.text_of(self.value), self.note.text(), self._wrong, self._reason)
        told = "; ".join(part for part in parts if part)
        for widget in (self.slider, self.box):
            if widget.accessibleDescription() != told:
                widget.setAccessibleDescription(told)

    def _restyle(self) -> None:
        theme = self._theme
        edge = theme.warn if self._wrong else theme.line
        ink = theme.dim if self._reason else theme.ink
        style = (
            f"QLineEdit {{ color: {ink}; background: {theme.field}; border: 1px solid {edge};"
            f" border-radius: 4px; padding: 1px 5px; selection-background-color: {theme.accent};"
            f" selection-color: {theme.accent_ink}; }}"
            f"QLineEdit:focus {{ border: 2px solid {theme.warn if self._wrong else theme.link};"
            f" padding: 0 4px; }}"
        )
        styles = (
            (self.label, f"color: {ink};"),
            (self.note, f"color: {theme.dim};"),
            (self.box, style),
        )
        for widget, wanted in styles:
            if widget.styleSheet() != wanted:  # setting it lays everything out anew
                widget.setStyleSheet(wanted)

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
            self._tell()
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
