"""The page view's own controls: what colours mean, go to a page, zoom."""

from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from engine.units import format_count
from gui.style.style_sheet import dress
from gui.style.theme import DARK, Theme, ui_font
from gui.views.page_coding import CODINGS, Coding
from gui.views.transport_view import ArrowBox

FONT_PX: Final = 11
HEIGHT_PX: Final = 20


class PageTools(QWidget):
    """A row of small controls.

    Attributes:
        coding_chosen: A `Coding`.
        page_entered: A page number that exists.
        zoom_wanted: 1 in, -1 out, 0 everything.
        let_go: Escape in the field.
        complained: What is wrong with the number entered, in a sentence; "": nothing.
    """

    coding_chosen = Signal(object)
    page_entered = Signal(object)
    zoom_wanted = Signal(int)
    let_go = Signal()
    complained = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Build the row."""
        super().__init__(parent)
        self._n_pages = 1
        self._theme = DARK
        self.colors = ArrowBox()
        self.colors.setAccessibleName("Colours show")
        self.colors.setToolTip("What the colours of the cells show (C)")
        for coding in CODINGS:
            self.colors.addItem(coding.title, coding)
        self.colors.currentIndexChanged.connect(
            lambda index: self.coding_chosen.emit(self.colors.itemData(index))
        )
        self.page = QLineEdit()
        self.page.setPlaceholderText("Page…")
        self.page.setAccessibleName("Go to page")
        self.page.setFixedWidth(64)
        self.colors.setFixedWidth(110)
        self.page.returnPressed.connect(self._on_entered)
        self.page.textEdited.connect(lambda text: self._complain(""))
        self.page.installEventFilter(self)
        self.zoom = [self._button(*entry) for entry in (
            ("−", "Zoom out (Ctrl+-)", -1),
            ("+", "Zoom in (Ctrl++, or the wheel over a grid)", 1),
            ("All", "Show all of the memory (Ctrl+0)", 0),
        )]  # fmt: skip
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self.colors, self.page, *self.zoom):
            widget.setFont(ui_font(FONT_PX))
            widget.setFixedHeight(HEIGHT_PX)
            layout.addWidget(widget)
        self.set_zoomed(False)
        self.set_coding(CODINGS[0])

    def _button(self, text: str, tip: str, steps: int) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip.partition(" (")[0])
        button.clicked.connect(lambda: self.zoom_wanted.emit(steps))
        return button

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.colors.set_arrow(theme)
        dress(
            self,
            f"QPushButton {{ padding: 0 5px; color: {theme.dim}; background: transparent;"
            f" border: 1px solid {theme.line}; border-radius: 5px; }}"
            f"QPushButton:focus {{ border: 2px solid {theme.link}; padding: 0 4px;"
            f" color: {theme.ink}; }}"
            f"QComboBox {{ padding: 0 4px; color: {theme.ink}; background: {theme.field};"
            f" border: 1px solid {theme.line}; border-radius: 5px; }}"
            f"QComboBox:focus {{ border: 2px solid {theme.link}; padding: 0 3px; }}"
            f"QComboBox::drop-down {{ width: 18px; border: 0; }}"
            f"QLineEdit {{ padding: 0 4px; color: {theme.ink}; background: {theme.field};"
            f" border: 1px solid {theme.line}; border-radius: 5px; }}"
            f"QLineEdit:focus {{ border: 2px solid {theme.link}; padding: 0 3px; }}"
            f'QLineEdit[wrong="true"] {{ border-color: {theme.warn}; }}'
        )

    def set_n_pages(self, n_pages: int) -> None:
        """Take numbers from 0 to `n_pages` - 1."""
        self._n_pages = n_pages
        self._complain("")

    def set_coding(self, coding: Coding) -> None:
        """Show which coding is chosen."""
        self.colors.setCurrentIndex(CODINGS.index(coding))
        self.colors.setAccessibleDescription(f"Pages are coloured by {self.colors.currentText()}")

    def set_zoomed(self, zoomed: bool) -> None:
        """Offer what is possible."""
        self.zoom[0].setEnabled(zoomed)
        self.zoom[2].setEnabled(zoomed)

    @property
    def complaint(self) -> str:
        """Return what is wrong with the number that was entered, or ""."""
        return self.page.toolTip() if self.page.property("wrong") else ""

    def _on_entered(self) -> None:
        text = self.page.text().replace(",", "").replace(" ", "")
        last = self._n_pages - 1
        if not text.isascii() or not text.isdigit() or int(text) > last:
            self._complain(f"Page: must be a whole number from 0 to {format_count(last)}.")
            self.page.selectAll()
            return
        self._complain("")
        self.page_entered.emit(int(text))

    def _complain(self, sentence: str) -> None:
        tip = sentence or f"A number from 0 to {format_count(self._n_pages - 1)}, then Enter (G)"
        self.page.setToolTip(tip)
        self.page.setAccessibleDescription(tip)
        if bool(sentence) != bool(self.page.property("wrong")):
            self.page.setProperty("wrong", bool(sentence))
            self.page.style().unpolish(self.page)
            self.page.style().polish(self.page)
        self.complained.emit(sentence)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let go of the page with Escape in the field."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape:
                self.page.clear()
                self.let_go.emit()
                return True
        return False
