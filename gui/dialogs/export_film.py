"""Chooses what is filmed and how, and tells how far the film has come."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from msgspec import Struct
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui.film_files import FORMATS, Format
from gui.style.theme import Theme, ui_font

SIZES: Final = ((1280, 720), (1600, 900), (1920, 1080))
RATES: Final = (30, 15, 25, 50)
SPEEDS: Final = ("1", "2", "1/2", "1/4", "1/10", "1/100")


class FilmWish(Struct, frozen=True):
    """What is wanted.

    Attributes:
        from_ns: Scenario time. to_ns: The same; the film ends right before it.
        kind: How it is kept.
        size_px: Width and height.
        fps: Pictures a second.
        speed: Scenario seconds a second of film, as text.
        slow_motion: Whether it eases into switchovers.
        view: What is filmed: the window, or one view of it.
    """

    from_ns: int
    to_ns: int
    kind: Format
    size_px: tuple[int, int]
    fps: int
    speed: str
    slow_motion: bool
    view: str


class ExportFilm(QDialog):
    """Asks what to film; then shows the progress until the film is there or is given up.

    Signals:
        wanted: With the `FilmWish`.
    """

    wanted = Signal(object)

    def __init__(
        self, stretches: Sequence[tuple[str, int, int]], theme: Theme, *, views: Sequence[str],
        slow_motion: bool, parent: QWidget | None = None,
    ) -> None:
        """Offer stretches of the run.

        Args:
            stretches: What each is called, from and to (ns); the first is chosen.
            theme: The window's colours.
            views: What can be filmed; the first is chosen.
            slow_motion: Whether the window plays so.
            parent: The window.
        """
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Export film")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.stretch = _combo("Stretch", [(text, (a, b)) for text, a, b in stretches])
        self.view = _combo("Show", [(view, view) for view in views])
        self.kind = _combo("Format", [(_title(f), f) for f in FORMATS])
        self.size_choice = _combo("Size", [(f"{w} × {h}", (w, h)) for w, h in SIZES])
        self.fps = _combo("Pictures a second", [(str(n), n) for n in RATES])
        self.speed = _combo("Speed", [(f"{s} ×", s) for s in SPEEDS])
        self.slow_motion = QCheckBox("Slow motion at switchovers")
        self.slow_motion.setChecked(slow_motion)
        self.words, self.fault, self.bar = QLabel(), QLabel(), QProgressBar()
        self.words.setObjectName("dim")
        self.fault.setObjectName("refusal")
        self.bar.setAccessibleName("Progress of the film")
        self.bar.setStyleSheet(
            f"QProgressBar {{ background: {theme.field}; color: {theme.ink};"
            f" border: 1px solid {theme.line}; border-radius: 4px; text-align: center; }}"
            f"QProgressBar::chunk {{ background: {theme.accent}; }}"
        )
        self.start_button, self.cancel_button = QPushButton("Export…"), QPushButton("Cancel")
        self.start_button.setProperty("hot", True)
        self.start_button.setDefault(True)
        self._lay_out()
        for box in (self.stretch, self.kind, self.fps, self.speed):
            box.currentIndexChanged.connect(lambda index: self._tell_length())
        self.slow_motion.toggled.connect(lambda on: self._tell_length())
        self.start_button.clicked.connect(lambda checked: self.wanted.emit(self.wish))
        self.cancel_button.clicked.connect(self.reject)
        self._tell_length()
        self.stretch.setFocus()

    @property
    def wish(self) -> FilmWish:
        """Return what is chosen."""
        from_ns, to_ns = self.stretch.currentData()
        return FilmWish(
            from_ns, to_ns, self.kind.currentData(), tuple(self.size_choice.currentData()),
            self.fps.currentData(), self.speed.currentData(), self.slow_motion.isChecked(),
            self.view.currentData(),
        )

    def show_progress(self, done: int, n_frames: int) -> None:
        """Show how many pictures are there; nothing can be chosen meanwhile."""
        self._set_working(True)
        self.bar.setMaximum(n_frames)
        self.bar.setValue(done)
        self.words.setText(f"{done:,} of {n_frames:,} pictures. Cancel leaves nothing behind.")

    def show_fault(self, sentence: str) -> None:
        """Say why there is no film; everything can be chosen again."""
        self._set_working(False)
        self._tell_length()
        self.fault.setText(sentence)
        self.fault.show()

    def _set_working(self, working: bool) -> None:
        self.fault.hide()
        self.bar.setVisible(working)
        for widget in (*self._asked, self.start_button):
            widget.setEnabled(not working)

    def _tell_length(self) -> None:
        wish = self.wish
        seconds = float((wish.to_ns - wish.from_ns) / 10**9 / Fraction(wish.speed))
        more = ", and what slow motion adds" if wish.slow_motion else ""
        count = round(seconds * wish.fps)
        self.words.setText(f"{seconds:,.1f} s of film, {count:,} pictures{more}.")

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setSpacing(8)
        self._asked: tuple[QWidget, ...] = (
            self.stretch, self.view, self.kind, self.size_choice, self.fps, self.speed,
            self.slow_motion,
        )
        for widget in self._asked:
            widget.setFont(ui_font(13))
            name = QLabel("" if widget is self.slow_motion else widget.accessibleName())
            name.setFont(ui_font(13))
            form.addRow(name, widget)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.start_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 18)
        layout.setSpacing(12)
        layout.addLayout(form)
        for part in (self.words, self.bar, self.fault):
            part.setFont(ui_font(13))
            layout.addWidget(part)
        self.words.setWordWrap(True)
        self.fault.setWordWrap(True)
        for button in (self.start_button, self.cancel_button):
            button.setFont(ui_font(13))
        layout.addLayout(buttons)
        self._set_working(False)
        self.setMinimumWidth(480)


def _combo(name: str, choices: Sequence[tuple[str, Any]]) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    for text, value in choices:
        box.addItem(text, value)
    return box


def _title(kind: Format) -> str:
    return f"{kind.title} ({kind.ending})" if kind.ending else kind.title
