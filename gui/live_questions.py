"""The questions before a command goes to a running QEMU: one action, one question, one command.

A part of `gui.live_wiring`. Nothing is sent that was not confirmed here.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject

from engine.units import format_bit_rate, format_duration_ns
from gui.dialogs.live_command import AskCommand
from gui.live import commands
from gui.live.figures import MILLISECOND_NS, Figures, Machine
from gui.main_window import MainWindow

PROPOSED_BPS: Final = 10**9
PROPOSED_NS: Final = 300 * MILLISECOND_NS
"""What is proposed where QEMU does not tell what it has."""
Asker = Callable[[Machine, Figures], tuple[commands.LiveCommand, str]]


def _start(machine: Machine, figures: Figures) -> tuple[commands.LiveCommand, str]:
    return commands.start_command(machine), "unix:"


def _cancel(machine: Machine, figures: Figures) -> tuple[commands.LiveCommand, str]:
    return commands.cancel_command(machine), ""


def _bandwidth(machine: Machine, figures: Figures) -> tuple[commands.LiveCommand, str]:
    proposal = format_bit_rate(figures.bandwidth_bps or PROPOSED_BPS)
    return commands.bandwidth_command(machine, figures), proposal


def _downtime(machine: Machine, figures: Figures) -> tuple[commands.LiveCommand, str]:
    proposal = format_duration_ns(figures.downtime_limit_ns or PROPOSED_NS)
    return commands.downtime_command(machine, figures), proposal


def _postcopy(machine: Machine, figures: Figures) -> tuple[commands.LiveCommand, str]:
    return commands.postcopy_command(machine), ""


class LiveQuestions(QObject):
    """Asks one question at a time.

    Args:
        window: Its actions ask.
        watched: Returns the QEMU that is watched and its figures; None: there is none.
        send: Takes what was confirmed.
    """

    def __init__(
        self,
        window: MainWindow,
        watched: Callable[[], tuple[Machine, Figures] | None],
        send: Callable[[commands.Plan], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.dialog: AskCommand | None = None
        self._window, self._watched, self._send = window, watched, send
        a = window.actions_by_name
        for action, asker in (
            (a.live_start, _start),
            (a.live_cancel, _cancel),
            (a.live_bandwidth, _bandwidth),
            (a.live_downtime, _downtime),
            (a.live_postcopy, _postcopy),
        ):
            action.triggered.connect(lambda checked=False, asker=asker: self._ask(asker))

    def dismiss(self) -> None:
        """Take the question away unanswered."""
        if self.dialog is not None:
            self.dialog.reject()

    def _ask(self, asker: Asker) -> None:
        watched = self._watched()
        if watched is None or self.dialog is not None:
            return
        command, proposal = asker(*watched)
        dialog = self.dialog = AskCommand(command, proposal, self._window)
        dialog.confirmed.connect(self._send)
        dialog.finished.connect(self._on_closed)
        dialog.open()

    def _on_closed(self) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.deleteLater()
