"""What a figure is to show: the view, its size and theme, words under it, with a live preview."""

from pathlib import Path

from PySide6.QtCore import QLocale, Qt, QTimer, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from gui.dialogs.figure_callouts import FigureCallouts
from gui.dialogs.modeless import ModelessDialog
from gui.look_names import LARGEST_SCALE, PALETTES, THEME_NAMES
from gui.style.theme import ui_font

PREVIEW_MS = 350
PREVIEW_PX = (560, 440)
ENDINGS = "Pictures (*.png);;Drawings (*.svg);;Pages (*.pdf)"
SIZES = {
    "window": (1600, 900), "pool": (1100, 260), "pages": (1100, 420), "narration": (1000, 80),
    "plots": (1100, 300), "console": (420, 280), "timeline": (1100, 90), "outcome": (400, 480),
}
PLOT_SIZE = (640, 320)
WITH_PARTS = ("window", "pool")
"""Views whose parts have names that a callout can point to."""
CALLOUTS_SENTENCE = "numbered in the order of checking"


class ScaleBox(QDoubleSpinBox):
    """Pixels of the file for each of the size, as `migrascope shot --scale` takes them."""

    def __init__(self) -> None:
        """Start with one."""
        super().__init__()
        self.setLocale(QLocale.c())
        self.setRange(1, LARGEST_SCALE)
        self.setSingleStep(0.5)
        self.setSuffix(" \N{MULTIPLICATION SIGN}")

    def textFromValue(self, value: float) -> str:
        """Return the number without zeros at its end."""
        return f"{value:g}"


class FigureDialog(ModelessDialog):
    """Asks for a figure.

    Signals:
        changed: The form says something else: `arguments` are others.
        save_wanted: With the path that the figure is to have.
        cite_wanted: The citation is to be copied.
    """

    changed = Signal()
    save_wanted = Signal(str)
    cite_wanted = Signal()

    def __init__(self, views: list[str], theme: str, parent: QWidget | None = None) -> None:
        """Offer views; the first one and the window's theme are chosen."""
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Export a figure")
        self.view, self.theme, self.palette_box = QComboBox(), QComboBox(), QComboBox()
        self.size_px = QLineEdit()
        self.scale = ScaleBox()
        self.caption, self.narrated = QLineEdit(), QCheckBox("What happens, in words")
        self.alt = QLineEdit()
        self.callouts = {view: FigureCallouts() for view in WITH_PARTS}
        self._callouts_here = QStackedWidget()
        self.preview, self.pixels, self.note = QLabel(), QLabel("Drawing…"), QLabel()
        self.save_button, self.cite_button = QPushButton("Save…"), QPushButton("Copy citation")
        self.view.addItems(views)
        self.theme.addItems(list(THEME_NAMES))
        self.theme.setCurrentText(theme)
        self.palette_box.addItems(list(PALETTES))
        self.caption.setPlaceholderText("words under the picture")
        self.alt.setPlaceholderText("for who cannot see it")
        self._timer = QTimer(self, singleShot=True, interval=PREVIEW_MS)
        self._timer.timeout.connect(self.changed)
        self._lay_out()
        self._name_parts()
        self._take_size()
        self._connect()

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addLayout(self._form())
        left.addWidget(self._callouts_here, 1)
        self.note.setWordWrap(True)
        self.note.setFont(ui_font(12))
        self.note.setMinimumHeight(34)
        left.addWidget(self.note)
        left.addLayout(self._buttons())
        self.preview.setFixedWidth(PREVIEW_PX[0])
        self.preview.setMaximumHeight(PREVIEW_PX[1])
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pixels.setObjectName("dim")
        self.pixels.setFont(ui_font(12))
        right = QVBoxLayout()
        right.addWidget(self.preview)
        right.addWidget(self.pixels)
        right.addStretch(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(16)
        layout.addLayout(left, 1)
        layout.addLayout(right)

    def _form(self) -> QFormLayout:
        form = QFormLayout()
        form.setVerticalSpacing(8)
        for text, widget in (
            ("Show", self.view), ("Theme", self.theme), ("Palette", self.palette_box),
            ("Size, pixels", self.size_px), ("Scale", self.scale), ("Caption", self.caption),
            ("", self.narrated), ("Alt text", self.alt), ("Callouts", QLabel(CALLOUTS_SENTENCE)),
        ):
            label = QLabel(text)
            label.setBuddy(widget)
            for part in (label, widget):
                part.setFont(ui_font(13))
            form.addRow(label, widget)
        nothing = QLabel("Only of the window and the pool.")
        nothing.setObjectName("dim")
        nothing.setFont(ui_font(13))
        nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        for page in (*self.callouts.values(), nothing):
            self._callouts_here.addWidget(page)
        return form

    def _buttons(self) -> QHBoxLayout:
        self.save_button.setProperty("hot", True)
        self.save_button.setDefault(True)
        buttons = QHBoxLayout()
        close = QPushButton("Close")
        close.clicked.connect(self.reject)
        for button in (close, self.cite_button, self.save_button):
            button.setFont(ui_font(13))
            buttons.addWidget(button)
        return buttons

    def _name_parts(self) -> None:
        for widget, name in (
            (self.view, "Show"), (self.theme, "Theme"), (self.palette_box, "Palette"),
            (self.size_px, "Size in pixels"),
            (self.scale, "Scale: pixels of the file for each of these"),
            (self.caption, "Caption"), (self.alt, "Words for who cannot see it"),
            (self.narrated, "What happens, in words"), (self.preview, "Preview"),
        ):
            widget.setAccessibleName(name)

    def _connect(self) -> None:
        self.view.currentTextChanged.connect(self._take_size)
        for signal in (
            self.view.currentTextChanged, self.theme.currentTextChanged,
            self.palette_box.currentTextChanged, self.scale.valueChanged,
            self.size_px.textChanged, self.caption.textChanged, self.narrated.toggled,
            *(page.changed for page in self.callouts.values()),
        ):
            signal.connect(lambda *value: self._timer.start())
        self.save_button.clicked.connect(lambda checked=False: self._on_save())
        self.cite_button.clicked.connect(lambda checked=False: self.cite_wanted.emit())

    def _take_size(self) -> None:
        """Propose a size that suits the view."""
        width, height = SIZES.get(self.view.currentText(), PLOT_SIZE)
        self.size_px.setText(f"{width}x{height}")
        pages = [*self.callouts, self.view.currentText()]
        self._callouts_here.setCurrentIndex(pages.index(self.view.currentText()))

    @property
    def arguments(self) -> list[str]:
        """Return what the form says, as `migrascope shot` takes it."""
        found = ["--view", self.view.currentText(), "--theme", self.theme.currentText()]
        found += ["--palette", self.palette_box.currentText()]
        found += ["--size", self.size_px.text().strip(), "--scale", f"{self.scale.value():g}"]
        for option, field in (("--caption", self.caption), ("--alt", self.alt)):
            if field.text().strip():
                found += [option, field.text().strip()]
        page = self.callouts.get(self.view.currentText())
        for part, words in page.callouts if page is not None else ():
            found += ["--callout", f"{part}={words}"]
        return [*found, *(["--captions"] if self.narrated.isChecked() else [])]

    def offer_parts(self, view: str, parts: list[str]) -> None:
        """Tell which parts of a view can be called out."""
        if view in self.callouts:
            self.callouts[view].offer(parts)

    def show_preview(self, path: Path) -> None:
        """Show the picture in a file."""
        picture = QPixmap(str(path))
        if picture.isNull():
            return
        self.preview.setPixmap(picture.scaled(
            self.preview.maximumSize(), Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        ))  # fmt: skip
        size = f"{picture.width()} x {picture.height()} pixels"
        self.preview.setAccessibleDescription(size)
        self.pixels.setText(f"{size} as PNG")

    def say(self, sentence: str) -> None:
        """Say what came of it."""
        self.note.setText(sentence)

    def set_busy(self, busy: bool) -> None:
        """Take no further wish while one is being met."""
        for button in (self.save_button, self.cite_button):
            button.setEnabled(not busy)

    def _on_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the figure", "figure.png", ENDINGS)
        if name:
            path = Path(name)
            self.save_wanted.emit(str(path if path.suffix else path.with_suffix(".png")))
