"""What a figure is to show: the view, its size and theme, words under it, with a live preview."""

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui.dialogs.modeless import ModelessDialog
from gui.look_names import PALETTES, THEME_NAMES
from gui.style.theme import ui_font

PREVIEW_MS = 350
ENDINGS = "Pictures (*.png);;Drawings (*.svg);;Pages (*.pdf)"
SIZES = {
    "window": (1600, 900), "pool": (1100, 260), "pages": (1100, 420), "narration": (1000, 80),
    "plots": (1100, 300), "console": (420, 280), "timeline": (1100, 90), "outcome": (400, 480),
}
PLOT_SIZE = (640, 320)


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
        self.caption, self.narrated = QLineEdit(), QCheckBox("What happens, in words")
        self.preview, self.note = QLabel(), QLabel()
        self.save_button, self.cite_button = QPushButton("Save…"), QPushButton("Copy citation")
        self.view.addItems(views)
        self.theme.addItems(list(THEME_NAMES))
        self.theme.setCurrentText(theme)
        self.palette_box.addItems(list(PALETTES))
        self.caption.setPlaceholderText("words under the picture")
        self._timer = QTimer(self, singleShot=True, interval=PREVIEW_MS)
        self._timer.timeout.connect(self.changed)
        self._lay_out()
        self._name_parts()
        self._take_size()
        self._connect()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow("Show", self.view)
        form.addRow("Theme", self.theme)
        form.addRow("Palette", self.palette_box)
        form.addRow("Size, pixels", self.size_px)
        form.addRow("Caption", self.caption)
        form.addRow("", self.narrated)
        self.note.setWordWrap(True)
        self.note.setFont(ui_font(12))
        self.note.setMinimumHeight(34)
        self.preview.setFixedSize(560, 340)
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.save_button.setProperty("hot", True)
        self.save_button.setDefault(True)
        buttons = QHBoxLayout()
        close = QPushButton("Close")
        close.clicked.connect(self.reject)
        for button in (close, self.cite_button, self.save_button):
            button.setFont(ui_font(13))
            buttons.addWidget(button)
        left = QVBoxLayout()
        left.addLayout(form)
        left.addWidget(self.note)
        left.addStretch(1)
        left.addLayout(buttons)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(16)
        layout.addLayout(left, 1)
        layout.addWidget(self.preview)

    def _name_parts(self) -> None:
        for widget, name in (
            (self.view, "Show"), (self.theme, "Theme"), (self.palette_box, "Palette"),
            (self.size_px, "Size in pixels"),
            (self.caption, "Caption"),
            (self.narrated, "What happens, in words"), (self.preview, "Preview"),
        ):
            widget.setAccessibleName(name)
            widget.setFont(ui_font(13))

    def _connect(self) -> None:
        self.view.currentTextChanged.connect(self._take_size)
        for signal in (
            self.view.currentTextChanged, self.theme.currentTextChanged,
            self.palette_box.currentTextChanged,
            self.size_px.textChanged, self.caption.textChanged, self.narrated.toggled,
        ):
            signal.connect(lambda *value: self._timer.start())
        self.save_button.clicked.connect(lambda checked=False: self._on_save())
        self.cite_button.clicked.connect(lambda checked=False: self.cite_wanted.emit())

    def _take_size(self) -> None:
        """Propose a size that suits the view."""
        width, height = SIZES.get(self.view.currentText(), PLOT_SIZE)
        self.size_px.setText(f"{width}x{height}")

    @property
    def arguments(self) -> list[str]:
        """Return what the form says, as `migrascope shot` takes it."""
        found = ["--view", self.view.currentText(), "--theme", self.theme.currentText()]
        found += ["--palette", self.palette_box.currentText()]
        found += ["--size", self.size_px.text().strip()]
        if self.caption.text().strip():
            found += ["--caption", self.caption.text().strip()]
        return [*found, *(["--captions"] if self.narrated.isChecked() else [])]

    def show_preview(self, path: Path) -> None:
        """Show the picture in a file."""
        picture = QPixmap(str(path))
        if picture.isNull():
            return
        self.preview.setPixmap(picture.scaled(
            self.preview.size(), Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        ))  # fmt: skip
        self.preview.setAccessibleDescription(f"{picture.width()} x {picture.height()} pixels")

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
