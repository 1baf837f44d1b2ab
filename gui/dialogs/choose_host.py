"""The move by keyboard: every host with every rule, and the choice of one that can take the VM.

It shows the same table that lies under the pool while a VM is dragged.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from engine.eligibility import Check
from gui.style.theme import Theme, ui_font
from gui.views.pool_verdicts import Verdicts, failed
from gui.views.verdict_table import VerdictTable


class ChooseHost(QDialog):
    """Chooses where a VM goes; a host that cannot take it can be looked at, not chosen.

    Attributes:
        chosen: With the names of the VM and of the host.
    """

    chosen = Signal(str, str)

    def __init__(
        self,
        vm: str,
        home: str,
        checks: Mapping[str, Sequence[Check]],
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        """Ask where a VM goes, with the first host that can take it looked at.

        Args:
            vm: Name of the VM.
            home: Where it is.
            checks: For each host, home included, every rule with its answer.
            theme: The window's colours.
            parent: The window.
        """
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle(f"Migrate {vm}")
        self.table, self.hint = VerdictTable(), QLabel()
        self.accept_button, self.cancel_button = QPushButton(), QPushButton("Cancel")
        self.table.set_theme(theme)
        self.table.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._verdicts = Verdicts(vm, home, checks)
        self._lay_out()
        self.table.host_chosen.connect(self.look_at)
        self.table.host_taken.connect(self._on_host_taken)
        self.accept_button.clicked.connect(self._choose)
        self.cancel_button.clicked.connect(self.reject)
        others = [host for host in checks if host != home]
        self.look_at(next((h for h in others if self._verdicts.accepts(h)), (others or [home])[0]))
        self.table.setFocus()

    @property
    def host(self) -> str:
        """Return the host that is looked at."""
        return self._verdicts.over or ""

    def look_at(self, host: str) -> None:
        """Show a host's column, and whether it can be chosen."""
        self._verdicts = shown = replace(self._verdicts, over=host)
        self.table.set_verdicts(shown)
        accepted = shown.accepts(host)
        self.accept_button.setEnabled(accepted)
        self.accept_button.setText(f"Migrate to {host}…")
        n_refused = len(failed(shown.checks[host]))
        rules = "1 rule forbids" if n_refused == 1 else f"{n_refused} rules forbid"
        text = f"{host} can take {shown.vm}." if accepted else f"{host}: {rules} the move."
        self.hint.setText(text)

    def _on_host_taken(self, host: str) -> None:
        self.look_at(host)
        self._choose()

    def _choose(self) -> None:
        if self._verdicts.accepts(self.host):
            self.accept()
            self.chosen.emit(self._verdicts.vm, self.host)

    def _lay_out(self) -> None:
        keys = QLabel("← → look at another host, Return takes it")
        keys.setObjectName("dim")
        keys.setWordWrap(True)
        self.accept_button.setProperty("hot", True)
        self.accept_button.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.hint)
        buttons.addSpacing(18)
        buttons.addWidget(keys)
        buttons.addStretch(1)
        for button in (self.cancel_button, self.accept_button):
            buttons.addWidget(button)
        for widget in (self.hint, keys, self.cancel_button, self.accept_button):
            widget.setFont(ui_font(13))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(12)
        layout.addWidget(self.table, 1)
        layout.addLayout(buttons)
        n_hosts = len(self._verdicts.checks)
        width = max(760, min(1080, 300 + 100 * n_hosts))
        self.table.set_verdicts(self._verdicts)
        height = self.table.needed_height_px(width - 32)
        self.table.setMinimumHeight(height)
        self.resize(width, height + 82)
        self.setWindowModality(Qt.WindowModality.WindowModal)
