"""Everything that the window can do, found by a few letters; and the sheet of its keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from engine.scenario import bundled_scenarios
from gui.main_window import MainWindow
from gui.models.key_words import keys_text
from gui.moving import Moving, refusal_lines
from gui.opening import Opening
from gui.player import Player
from gui.session import Session
from gui.settings import Settings

if TYPE_CHECKING:
    from gui.dialogs.palette import Command, CommandPalette

RECENT_KEY: Final = "palette/recent"
MOST_RECENT: Final = 6
_WHY_NOT: Final = {
    "undo": "nothing was edited",
    "redo": "nothing was taken back",
    "twin_values": "no recording is shown beside its simulated twin",
    "lesson_next": "no lesson runs", "lesson_back": "no lesson runs",
    "lesson_replay": "no lesson runs", "lesson_end": "no lesson runs",
    "lesson_sheet": "no lesson runs", "lesson_key": "no lesson runs",
    "lesson_answers": "no lesson was taken",
    "live_start": "no QEMU is attached", "live_cancel": "no QEMU is attached",
    "live_bandwidth": "no QEMU is attached", "live_downtime": "no QEMU is attached",
    "live_postcopy": "no QEMU is attached", "live_show": "no QEMU is attached",
    "save_recording": "no QEMU is attached", "detach": "no QEMU is attached",
}


class Commands(QObject):
    """Opens the palette and the key sheet."""

    def __init__(
        self,
        window: MainWindow,
        player: Player,
        session: Session,
        moving: Moving,
        opening: Opening,
        settings: Settings,
    ) -> None:
        """Connect both actions.

        Args:
            window: The window.
            player: Tells where the selected VM is now.
            session: What is open.
            moving: Moves the selected VM.
            opening: Opens scenarios.
            settings: Remembers what was used last.
        """
        super().__init__(window)
        self._window, self._player, self._session = window, player, session
        self._moving, self._opening, self._settings = moving, opening, settings
        a = window.actions_by_name
        a.palette.triggered.connect(lambda checked=False: self.show_palette())
        a.keys.triggered.connect(lambda checked=False: self.show_keys())

    def show_palette(self) -> CommandPalette:
        """Ask what to do."""
        from gui.dialogs.palette import CommandPalette

        recent = self._settings.text(RECENT_KEY, "").split("\t")
        palette = CommandPalette(self.all(), recent, self._window.theme, self._window)
        palette.accepted.connect(lambda: self._remember(palette.used))
        palette.finished.connect(palette.deleteLater)
        palette.open()
        palette.field.setFocus()
        return palette

    def show_keys(self) -> None:
        """Show every key."""
        from gui.dialogs.key_sheet import KeySheet

        sheet = KeySheet(self._window.actions_by_name.rows(), self._window)
        sheet.finished.connect(sheet.deleteLater)
        sheet.open()
        sheet.field.setFocus()

    def all(self) -> list[Command]:
        """Return everything that can be asked for: actions, moves of the VM, scenarios."""
        return [*self._actions(), *self._moves(), *self._scenarios()]

    def _actions(self) -> list[Command]:
        from gui.dialogs.palette import Command

        return [
            Command(
                key=row.name,
                name=action.text(),
                words=row.help,
                keys=keys_text(action),
                why_not="" if action.isEnabled() else _WHY_NOT.get(row.name, "it has no object"),
                run=action.trigger,
            )
            for row, action in self._window.actions_by_name.rows()
            if row.name != "palette"
        ]

    def _moves(self) -> list[Command]:
        from gui.dialogs.palette import Command

        history, vm = self._session.history, self._session.selected
        if history is None or not vm or self._session.scenario is None:
            return []
        here = history.vm(vm).placement_at(self._player.t_ns).host
        result = []
        for host in history.spec.hosts:
            if host.name == here:
                continue
            refused = refusal_lines(self._session.check(vm, host.name))
            result.append(
                Command(
                    key=f"migrate:{host.name}",
                    name=f"Migrate {vm} to {host.name}",
                    words="Asks first, with the total time and downtime to expect.",
                    keys="",
                    why_not=refused[0].rstrip(".") if refused else "",
                    run=partial(self._moving.request_move, vm, host.name),
                )
            )
        return result

    def _scenarios(self) -> list[Command]:
        from gui.dialogs.palette import Command

        return [
            Command(
                key=f"open:{scenario.name}",
                name=f"Open {scenario.title}",
                words=f"Scenario {scenario.name}",
                keys="",
                why_not="",
                run=partial(self._opening.open_path, scenario.name),
            )
            for scenario in bundled_scenarios()
        ]

    def _remember(self, used: str) -> None:
        recent = [key for key in self._settings.text(RECENT_KEY, "").split("\t") if key]
        recent = [used, *(key for key in recent if key != used)][:MOST_RECENT]
        self._settings.put(RECENT_KEY, "\t".join(recent))
