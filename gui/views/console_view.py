"""The client console: what every client of the selected VM sees, a tab for each."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from engine.history import Frame, History
from engine.probes import ProbeRecord
from gui.style.style_sheet import dress
from gui.style.theme import DARK, Theme, ui_font
from gui.views.client_pane import ClientPane
from gui.views.game_pane import GamePane
from gui.views.ping_pane import PingPane
from gui.views.replies import probes_of
from gui.views.spreadsheet_view import SpreadsheetView
from gui.views.tab_strip import TabStrip
from gui.views.web_pane import WebPane

HEADER_PX: Final = 20
PANES: Final[dict[str, type[ClientPane]]] = {
    "ping": PingPane,
    "typing": SpreadsheetView,
    "web": WebPane,
    "game": GamePane,
}


def tab_texts(panes: Sequence[ClientPane]) -> list[str]:
    """Return a name for every pane; those of one kind are numbered."""
    texts = [pane.tab for pane in panes]
    return [
        f"{text} {texts[: i + 1].count(text)}" if texts.count(text) > 1 else text
        for i, text in enumerate(texts)
    ]


class ConsoleView(QWidget):
    """The clients of a VM; one is shown, the others are behind their tabs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty; `set_history` gives it a run."""
        super().__init__(parent)
        self._theme = DARK
        self._frame: Frame | None = None
        self._vm = ""
        self._panes: list[ClientPane] = []
        self._kinds: list[str] = []
        self._title = QLabel()
        self._title.setFont(ui_font(12))
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.tabs = TabStrip("Clients")
        self.tabs.chosen.connect(self._on_chosen)
        self._stack = QStackedLayout()
        header = QHBoxLayout()
        header.setContentsMargins(0, 0, 0, 0)
        header.addWidget(self._title, 1)
        header.addWidget(self.tabs)
        head = QWidget()
        head.setFixedHeight(HEADER_PX)
        head.setLayout(header)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(head)
        layout.addLayout(self._stack, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._show_panes(["ping"])

    @property
    def panes(self) -> tuple[ClientPane, ...]:
        """Return the pane of every client, in the scenario's order."""
        return tuple(self._panes)

    @property
    def pane(self) -> ClientPane:
        """Return the pane that is shown."""
        return self._panes[self.tabs.current]

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        dress(self._title, f"color: {theme.dim}; background: transparent;")
        self.tabs.set_theme(theme)
        for pane in self._panes:
            pane.set_theme(theme)

    def set_history(self, history: History, *, selected: str) -> None:
        """Show the clients of a VM; the chosen one stays, if it is the same VM."""
        probes: list[ProbeRecord | None] = [*probes_of(history, selected)] or [None]
        kinds: list[str] = [probe.spec.kind if probe else "ping" for probe in probes]
        current = self.tabs.current if selected == self._vm and kinds == self._kinds else 0
        if kinds != self._kinds:
            self._show_panes(kinds)
        self._vm = selected
        for pane, probe in zip(self._panes, probes, strict=True):
            pane.set_probe(history, selected, probe)
        self.tabs.set_tabs(tab_texts(self._panes), current)
        self.tabs.setVisible(len(self._panes) > 1)
        self._show_current()

    def show_frame(self, frame: Frame) -> None:
        """Show what the chosen client sees at the frame's instant."""
        self._frame = frame
        self.pane.show_frame(frame)
        self._tell()

    def _show_panes(self, kinds: list[str]) -> None:
        for pane in self._panes:
            self._stack.removeWidget(pane)
            pane.hide()
            pane.deleteLater()
        self._kinds = kinds
        self._panes = [PANES[kind]() for kind in kinds]
        for pane in self._panes:
            pane.set_theme(self._theme)
            self._stack.addWidget(pane)
        self.tabs.set_tabs(tab_texts(self._panes), 0)
        self.tabs.setVisible(len(self._panes) > 1)

    def _on_chosen(self, index: int) -> None:
        if self._frame is not None:
            self._panes[index].show_frame(self._frame)
        self._show_current()

    def _show_current(self) -> None:
        self._stack.setCurrentWidget(self.pane)
        several = len(self._panes) > 1
        self._title.setText(f"Clients of {self._vm}" if several else self.pane.title)
        self.setAccessibleName(self.pane.title)
        self._tell()

    def _tell(self) -> None:
        """Let the console tell what the pane that is shown tells."""
        told = self.pane.accessibleDescription()
        if told != self.accessibleDescription():
            self.setAccessibleDescription(told)

    def minimumSizeHint(self) -> QSize:
        """Return room for the pane that needs most."""
        sizes = [pane.minimumSizeHint() for pane in self._panes]
        width, height = max(s.width() for s in sizes), max(s.height() for s in sizes)
        return QSize(max(width, self.tabs.sizeHint().width()), height + HEADER_PX)

    def sizeHint(self) -> QSize:
        """Return room for ten lines."""
        hint = self.pane.sizeHint()
        return QSize(hint.width(), hint.height() + HEADER_PX)
