"""The live bar: which QEMU is watched, what its migration does, and what can be asked of it."""

from collections.abc import Collection, Sequence
from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.style.style_sheet import dress
from gui.style.theme import DARK, Theme, ui_font
from gui.views.title_label import TitleLabel

DOT_PX: Final = 10


class LiveDot(QWidget):
    """A filled dot while a QEMU is watched, a ring when it is gone; the text says so as well."""

    def __init__(self) -> None:
        """Start as a ring."""
        super().__init__()
        self.setFixedSize(DOT_PX + 4, DOT_PX + 4)
        self.setAccessibleName("Not attached")
        self._theme, self._live = DARK, False

    def show_live(self, live: bool) -> None:
        """Say whether a QEMU is watched."""
        self._live = live
        self.setAccessibleName("Attached" if live else "Not attached")
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the dot."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = QColor(self._theme.good if self._live else self._theme.dim)
        painter.setPen(color)
        painter.setBrush(color if self._live else QColor(0, 0, 0, 0))
        painter.drawEllipse(QRectF(2, 2, DOT_PX, DOT_PX))


class LiveBar(QFrame):
    """Two lines of text and a row of buttons; hidden while nothing is attached."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden."""
        super().__init__(parent)
        self.setObjectName("liveBar")
        self.setAccessibleName("Live migration")
        self.dot = LiveDot()
        self.headline, self.figures = TitleLabel("liveHeadline", 13), TitleLabel("dim", 12)
        self.headline.setFont(ui_font(13, bold=True))
        self.buttons: dict[str, QPushButton] = {}
        texts = QVBoxLayout()
        texts.setSpacing(1)
        texts.addWidget(self.headline)
        texts.addWidget(self.figures)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(16, 5, 16, 5)
        self._row.setSpacing(7)
        self._row.addWidget(self.dot)
        self._row.addLayout(texts, 1)
        self._theme, self._live = DARK, False
        self.hide()
        self.set_theme(DARK)

    def set_actions(self, actions: Sequence[tuple[str, QAction, str]]) -> None:
        """Give the bar its buttons.

        Args:
            actions: For each of them its short text, the action that it triggers, and its keys.
        """
        for text, action, keys in actions:
            button = QPushButton(text)
            button.setFont(ui_font(13))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setToolTip(f"{action.text().rstrip('…')} ({keys})")
            button.setAccessibleName(action.text().rstrip("…"))
            button.setEnabled(action.isEnabled())
            button.clicked.connect(action.trigger)
            action.enabledChanged.connect(button.setEnabled)
            self._row.addWidget(button)
            self.buttons[text.rstrip("…")] = button

    def show_buttons(self, names: Collection[str]) -> None:
        """Show these buttons and no others: the text has the room that is left."""
        for name, button in self.buttons.items():
            button.setVisible(name in names)

    def show_state(self, headline: str, figures: str, *, live: bool) -> None:
        """Say what is going on.

        Args:
            headline: In one sentence.
            figures: The counters in one line.
            live: Whether the QEMU is still watched.
        """
        self.dot.show_live(live)
        if "Detach" in self.buttons:
            self.buttons["Detach"].setText("Detach" if live else "Close")
        if live is not self._live:
            self._live = live
            self.set_theme(self._theme)
        self.headline.set_whole(headline)
        self.figures.set_whole(figures)
        self.setAccessibleDescription(f"{headline} {figures}".strip())

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        edge = theme.good if self._live else theme.dim
        dress(
            self,
            f"#liveBar {{ background: {theme.panel}; border: 0;"
            f" border-bottom: 1px solid {theme.line}; border-left: 4px solid {edge}; }}"
            f"#liveHeadline {{ color: {theme.ink}; background: transparent; }}"
        )
        self.dot.set_theme(theme)
