"""Notes by hand, and what a scenario holds at an instant: shown, changed and taken away."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QMenu

from engine.dated import Dated, dated_entries, entry_words, with_note, without_entry
from engine.errors import ScenarioError
from engine.history import Frame
from engine.units import format_duration_ns
from gui.main_window import MainWindow
from gui.player import Player
from gui.session import Session
from gui.style.theme import ui_font
from gui.views.note_bubble import NoteBubble


class Noting(QObject):
    """Writes notes and removes what stands at the playhead."""

    def __init__(self, window: MainWindow, player: Player, session: Session) -> None:
        """Connect the actions, the timeline's menu and the bubble."""
        super().__init__(window)
        self._window, self._player, self._session = window, player, session
        self.bubble = NoteBubble(window.canvas)
        a = window.actions_by_name
        a.note.triggered.connect(lambda checked=False: self.write(player.t_ns))
        a.remove_here.triggered.connect(lambda checked=False: self.remove_here())
        window.timeline.menu_requested.connect(self._popup)
        player.frame_changed.connect(self._on_frame_changed)

    def write(self, at_ns: int) -> None:
        """Ask for a note at an instant; the one that is shown there is changed."""
        if self._session.scenario is None:
            self._refuse()
            return
        self._player.pause()
        notes = [e for e in self._entries([at_ns]) if e.kind == "notes"]
        note = notes[0] if notes else None
        from gui.dialogs.note import NoteDialog

        dialog = NoteDialog(at_ns, note, self._window)
        dialog.written.connect(lambda text: self._keep(at_ns, text, note))
        if note is not None:
            dialog.removed.connect(partial(self.remove, note))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def remove_here(self) -> None:
        """Take away what the scenario holds at the playhead."""
        if self._session.scenario is None:
            self._refuse()
            return
        entries = self._entries([self._player.t_ns])
        if not entries:
            self._window.error_notice.show_lines(
                "Nothing to remove here",
                ["No change, fault or note is at the playhead; go to one with Shift+Right or a "
                 "click on its mark."],
            )
        elif len(entries) == 1:
            self.remove(entries[0])
        else:
            corner = self._window.timeline.mapToGlobal(self._playhead())
            self._popup([self._player.t_ns], corner)

    def remove(self, entry: Dated) -> None:
        """Take an entry out of the scenario; undo brings it back."""
        scenario = self._session.scenario
        if scenario is None or entry not in dated_entries(scenario):
            return
        try:
            after = without_entry(scenario, entry)
        except ScenarioError as error:
            self._window.error_notice.show_lines("It cannot be removed", error.faults)
            return
        self._session.take(after, f"without {entry_words(entry)}")

    def _keep(self, at_ns: int, text: str, instead: Dated | None) -> None:
        scenario = self._session.scenario
        if scenario is None:
            return
        try:
            after = with_note(scenario, at_ns, text, instead)
        except ScenarioError as error:
            self._window.error_notice.show_lines("It cannot be kept", error.faults)
            return
        self._session.take(after, f"note at {format_duration_ns(at_ns)}")

    def _entries(self, instants: Sequence[int]) -> list[Dated]:
        scenario = self._session.scenario
        if scenario is None:
            return []
        return [entry for entry in dated_entries(scenario) if entry.at_ns in instants]

    def _popup(self, instants: Sequence[int], position: QPoint) -> None:
        """Offer a note at an instant, and to remove what stands at some."""
        if self._session.scenario is None:
            return
        menu = QMenu(self._window)
        menu.setAccessibleName("What is marked here")
        menu.setFont(ui_font(13))
        at_ns = instants[0]
        note = menu.addAction(f"Note at {format_duration_ns(at_ns)}…")
        note.triggered.connect(lambda checked=False: self.write(at_ns))
        for entry in self._entries(instants):
            action = menu.addAction(f"Remove {entry_words(entry)}".replace("&", "&&"))
            action.triggered.connect(lambda checked=False, entry=entry: self.remove(entry))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(position)

    def _playhead(self) -> QPoint:
        timeline = self._window.timeline
        return QPoint(round(timeline.x_at(self._player.t_ns)), 0)

    def _on_frame_changed(self, frame: Frame) -> None:
        history = self._session.history
        if history is not None and (history.spec.notes or self.bubble.isVisible()):
            over = self._window.timeline.mapTo(self._window.canvas, self._playhead())
            self.bubble.show_note(history, frame, over)

    def _refuse(self) -> None:
        self._window.error_notice.show_lines(
            "That does not work", ["Notes stand in scenarios; open one, or simulate the recording."]
        )
