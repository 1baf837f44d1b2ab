"""Live: attaching to a running QEMU, the live bar, and the recording that grows in the window.

A part of `gui.wiring`. What is sent is asked first, by `gui.live_questions`. The client
itself (`gui.live.watcher`) is imported when it is needed: a start must not wait for it.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QFileDialog

from engine.recorded import RecordedHistory
from engine.units import format_duration_ns
from gui.dialogs.attach import Attach
from gui.dialogs.live_command import AskCommand
from gui.live.address import AddressError, parse_address
from gui.live.commands import Plan
from gui.live.figures import OVER, Figures, Machine, end_sentence, figures_line, headline
from gui.live_questions import LiveQuestions
from gui.main_window import MainWindow
from gui.models.key_words import keys_text
from gui.player import Player
from gui.session import Session
from gui.settings import Settings, data_folder

if TYPE_CHECKING:
    from gui.live.recorder import Recorder
    from gui.live.watcher import Watcher

CANNOT_MOVE: Final = ("inmigrate", "finish-migrate", "postmigrate")
"""The VM is not here yet, or not any more."""
RECENT_KEY: Final = "live/recent"
MOST_RECENT: Final = 6
_SHOW_SHARE: Final = 4
"""The growing recording is shown again after so many times of what showing it took."""


def recordings_folder() -> Path:
    """Return the folder in which live recordings are kept unasked."""
    return data_folder() / "recordings"


class Live(QObject):
    """Watches one QEMU at a time.

    Args:
        window: Its live bar and actions are used.
        player: Follows the end of the recording.
        session: Shows the recording.
        settings: Remembers sockets; None: for as long as the window lives.

    Attributes:
        folder: Where recordings are kept.
    """

    def __init__(
        self,
        window: MainWindow,
        player: Player,
        session: Session,
        settings: Settings | None = None,
    ) -> None:
        super().__init__(window)
        self.folder = recordings_folder()
        self._window, self._player, self._session = window, player, session
        self._settings = settings or Settings(None, self)
        self._watcher: Watcher | None = None
        self._machine: Machine | None = None
        self._figures = Figures()
        self._recorder: Recorder | None = None
        self._newest: RecordedHistory | None = None
        self._shown: RecordedHistory | None = None
        self._lost = ""
        self._attach: Attach | None = None
        self._show_timer = QTimer(self, singleShot=True)
        self._show_timer.timeout.connect(self._show_grown)
        self._questions = LiveQuestions(window, self._watched, self._send, self)
        self._connect()
        self._update()

    @property
    def attached(self) -> bool:
        """Return whether a QEMU is watched."""
        return self._machine is not None and not self._lost

    @property
    def figures(self) -> Figures:
        """Return the newest figures."""
        return self._figures

    @property
    def attach_dialog(self) -> Attach | None:
        """Return the question to which QEMU, while it stands."""
        return self._attach

    @property
    def question(self) -> AskCommand | None:
        """Return the question whether to send a command, while it stands."""
        return self._questions.dialog

    @property
    def recording_path(self) -> Path | None:
        """Return the file of the newest recording."""
        return None if self._recorder is None else self._recorder.path

    def _connect(self) -> None:
        a = self._window.actions_by_name
        for action, handler in (
            (a.live_show, self.show_recording),
            (a.save_recording, self._ask_file),
            (a.detach, self.detach),
        ):
            action.triggered.connect(lambda checked=False, handler=handler: handler())
        self._window.live_bar.set_actions(
            [
                (text, action, keys_text(action))
                for text, action in (
                    ("Show", a.live_show),
                    ("Start…", a.live_start),
                    ("Cancel…", a.live_cancel),
                    ("Bandwidth…", a.live_bandwidth),
                    ("Downtime…", a.live_downtime),
                    ("Post-copy…", a.live_postcopy),
                    ("Save as…", a.save_recording),
                    ("Detach", a.detach),
                )
            ]
        )
        self._window.closed.connect(self._leave)
        self._session.recording_changed.connect(lambda history, title: self._update())

    # Attaching and leaving

    def ask_where(self) -> None:
        """Ask to which QEMU."""
        self._player.pause()
        dialog = self._attach = Attach(self._recent(), self._window)
        dialog.wanted.connect(self.attach)
        dialog.finished.connect(self._on_attach_closed)
        dialog.open()

    def attach(self, text: str) -> None:
        """Attach to a QEMU; one that is watched already is left to itself.

        Args:
            text: Path of its QMP socket, or host:port.
        """
        try:
            address = parse_address(text)
        except AddressError as error:
            self._refuse(str(error))
            return
        from gui.live.watcher import Watcher

        self._leave()
        self._forget()
        if self._attach is not None:
            self._attach.show_trying(address.text)
        self._watcher = Watcher(address, self.folder, self)
        self._watcher.told.connect(self._on_told, Qt.ConnectionType.QueuedConnection)
        self._watcher.start()

    def detach(self) -> None:
        """Leave the QEMU alone: it and its migration go on."""
        machine, moving = self._machine, self._figures.moving
        was_attached = self.attached
        self._leave()
        kept = self._kept()
        self._forget()
        if was_attached and machine is not None:
            what = "it and its migration go on" if moving else "it goes on"
            said = f"Detached from {machine.name}: {what} untouched. {kept}"
            self._window.show_notice(said.strip())

    def _leave(self) -> None:
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.leave()
            history = watcher.take_history()
            if history is not None:
                self._newest = history
                self._show_grown()
            watcher.deleteLater()

    def _forget(self) -> None:
        """Be attached to nothing; the recording that is open stays open."""
        self._show_timer.stop()
        self._machine, self._figures, self._lost = None, Figures(), ""
        self._recorder = self._newest = self._shown = None
        self._questions.dismiss()
        self._update()

    def _on_attach_closed(self) -> None:
        dialog, self._attach = self._attach, None
        if dialog is not None:
            dialog.deleteLater()
        if self._machine is None:
            self._leave()  # it was still being tried

    def _refuse(self, sentence: str) -> None:
        if self._attach is not None:
            self._attach.show_refusal(sentence)
        else:
            self._window.error_notice.show_lines("No QEMU is attached", [sentence])

    def _recent(self) -> list[str]:
        return [line for line in self._settings.text(RECENT_KEY, "").split("\n") if line]

    # What the watcher tells

    def _on_told(self, watcher: Watcher, message: object) -> None:
        from gui.live import messages as m

        if watcher is not self._watcher:
            return  # it was left meanwhile
        if isinstance(message, m.Seen):
            self._figures = message.figures
        elif isinstance(message, m.Grown):
            if not self._show_timer.isActive():
                self._show_timer.start(0)
            return
        elif isinstance(message, m.Attached):
            self._on_attached(message.machine)
        elif isinstance(message, m.Refused):
            self._leave()
            self._refuse(message.sentence)
        elif isinstance(message, m.Began):
            self._recorder, self._newest, self._shown = message.recorder, None, None
        elif isinstance(message, m.Over):
            self._figures = message.figures
        elif isinstance(message, m.Answered):
            self._on_answered(message)
        elif isinstance(message, m.Lost):
            self._on_lost(message)
        self._update()

    def _on_attached(self, machine: Machine) -> None:
        self._machine = machine
        names = [machine.address, *(n for n in self._recent() if n != machine.address)]
        self._settings.put(RECENT_KEY, "\n".join(names[:MOST_RECENT]))
        if self._attach is not None:
            self._attach.accept()

    def _on_answered(self, message: object) -> None:
        from gui.live.messages import Answered

        assert isinstance(message, Answered)
        if message.fault:
            line = f"{message.fault.rstrip('.')}. ({message.command})"
            self._window.error_notice.show_lines("QEMU refused the command", [line])

    def _on_lost(self, message: object) -> None:
        from gui.live.messages import Lost

        assert isinstance(message, Lost)
        self._leave()
        if self._machine is None:
            self._refuse(f"The connection was lost: {message.why or 'QEMU hung up'}.")
            return
        name, figures = self._machine.name, message.figures
        when = ""
        if figures.moving:
            known = figures.total_time_ns is not None
            at = format_duration_ns(figures.total_time_ns or 0)
            when = f" {at} into its migration" if known else " during its migration"
        if message.said_goodbye:
            self._lost = f"The QEMU of {name} has shut down{when}."
        elif message.why:
            self._lost = f"The QEMU of {name} is lost{when}: {message.why}."
        else:
            self._lost = f"The QEMU of {name} is gone{when}: it ended, or closed its socket."
        self._questions.dismiss()

    def _watched(self) -> tuple[Machine, Figures] | None:
        return (self._machine, self._figures) if self._machine and self.attached else None

    def _send(self, plan: Plan) -> None:
        if self._watcher is not None:
            self._watcher.request(*plan.steps)

    # The recording

    def show_recording(self) -> None:
        """Show the live recording in place of what is open, and follow its end."""
        history, recorder = self._newest, self._recorder
        if history is not None and recorder is not None:
            self._shown = history
            self._session.open_recording(history, f"{recorder.title} (live)")
            self._player.to_end()
            self._update()

    def save_to(self, path: Path) -> None:
        """Write the recording to another file too."""
        recorder = self._recorder
        if recorder is None:
            return
        try:
            if recorder.path is not None and not recorder.fault:
                shutil.copyfile(recorder.path, path)
            else:
                recorder.save_copy(path)
        except OSError as error:
            why = (error.strerror or "it cannot be written").lower()
            self._window.error_notice.show_lines("The recording is not saved", [f"{path}: {why}."])
        else:
            self._window.show_notice(f"The recording is saved as {path}.")

    def _ask_file(self) -> None:
        if self._recorder is None:
            return
        proposal = self._recorder.path.name if self._recorder.path is not None else "live.jsonl"
        name, _ = QFileDialog.getSaveFileName(
            self._window, "Save the recording", proposal, "Recordings (*.jsonl)"
        )
        if name:
            self.save_to(Path(name))

    def _show_grown(self) -> None:
        """Show what has come, unless something else was opened meanwhile."""
        if self._watcher is not None:
            self._newest = self._watcher.take_history() or self._newest
        if self._newest is None or self._newest is self._shown:
            return
        begun_s = time.monotonic()
        session = self._session
        if self._shown is None:
            if session.undo_stack.count() == 0:
                self.show_recording()
        elif session.recording is self._shown:
            self._shown = self._newest
            session.update_recording(self._newest)
        self._update()
        took_ms = round(1000 * (time.monotonic() - begun_s))
        self._show_timer.start(_SHOW_SHARE * took_ms)

    def _kept(self) -> str:
        recorder = self._recorder
        if recorder is None:
            return ""
        if recorder.fault or recorder.path is None:
            return recorder.fault
        return f"The recording is kept as {recorder.path.name} in {recorder.path.parent}."

    # The bar

    def _update(self) -> None:
        """Let the bar and the actions say what is so."""
        a, bar, figures = self._window.actions_by_name, self._window.live_bar, self._figures
        live = self.attached
        a.live_start.setEnabled(
            live and not figures.moving and figures.run_state not in CANNOT_MOVE
        )
        a.live_cancel.setEnabled(live and figures.moving and not figures.pulling)
        a.live_bandwidth.setEnabled(live)
        a.live_downtime.setEnabled(live)
        a.live_postcopy.setEnabled(live and figures.postcopy and figures.status == "active")
        a.save_recording.setEnabled(self._recorder is not None)
        a.detach.setEnabled(self._machine is not None)
        elsewhere = self._newest is not None and self._session.recording is not self._shown
        unseen = self._newest is not None and self._shown is None
        a.live_show.setEnabled(elsewhere or unseen)
        bar.setVisible(self._machine is not None)
        if self._machine is not None:
            bar.show_buttons(self._useful())
            first, second = self._lines(self._machine)
            bar.show_state(first, second, live=live)

    def _useful(self) -> set[str]:
        """Return the buttons that make sense now; the menu has all of them."""
        moving, pulling = self._figures.moving, self._figures.pulling
        names = {"Detach"}
        if self.attached:
            names |= {"Bandwidth", "Downtime"}
            if not pulling:
                names.add("Cancel" if moving else "Start")
            if self._figures.postcopy and moving and not pulling:
                names.add("Post-copy")
        if self._window.actions_by_name.live_show.isEnabled():
            names.add("Show")
        if self._recorder is not None and (self._lost or not moving):
            names.add("Save as")
        return names

    def _lines(self, machine: Machine) -> tuple[str, str]:
        """Return what is going on, and the figures or where the recording is kept."""
        figures, line = self._figures, figures_line(self._figures)
        if self._lost:
            return self._lost, self._kept()
        if figures.status in OVER:
            return end_sentence(machine, figures), self._kept() or line
        fault = self._recorder.fault if self._recorder is not None else ""
        return headline(machine, figures), fault or line
