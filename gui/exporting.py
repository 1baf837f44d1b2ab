"""Exports of a run: tables for other programs, and films.

A part of `gui.wiring`. A film is made in a process of its own; what is given up leaves nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QIODevice, QObject, QSaveFile
from PySide6.QtWidgets import QFileDialog

from engine.units import format_duration_ns
from gui.background import Background, Tell
from gui.look_names import DEFAULT_PALETTE, MAIN_VIEWS
from gui.main_window import MainWindow
from gui.player import Player
from gui.session import Session

if TYPE_CHECKING:
    from engine.scenario import Scenario
    from engine.tables import Table
    from gui.dialogs.export_film import ExportFilm, FilmWish
    from gui.views.plot_geometry import Stretch

ONLY_SCENARIOS = "A film is made of a scenario; of a recording a picture can be saved."



def film_in_worker(
    tell: Tell, scenario: Scenario, wanted: dict[str, Any], output: str, part: Path
) -> None:
    """Make a film, in the worker: a program of its own, which builds a window that nobody sees."""
    importlib.import_module("gui.film").film_for_window(tell, scenario, wanted, output, part)


class Exporting(QObject):
    """Saves tables and films."""

    def __init__(
        self, window: MainWindow, player: Player, session: Session,
        stage_here: Callable[[], Stretch | None],
    ) -> None:
        """Connect the actions.

        Args:
            window: The window.
            player: Has the playhead.
            session: What is open.
            stage_here: Tells the stage at the playhead, as loops take it.
        """
        super().__init__(window)
        self._window, self._player, self._session = window, player, session
        self._stage_here = stage_here
        self.background = Background(self)
        self.background.told.connect(self._on_told)
        self.background.failed.connect(self._on_failed)
        self.film: ExportFilm | None = None
        self._part: Path | None = None
        a = window.actions_by_name
        a.export_data.triggered.connect(lambda checked=False: self.export_data())
        a.export_film.triggered.connect(lambda checked=False: self.export_film())
        window.closed.connect(self._give_up)

    def export_data(self) -> None:
        """Open the dialog of tables."""
        history = self._session.history
        if history is None:
            return
        self._player.pause()
        from gui.dialogs.export_data import ExportData

        dialog = ExportData(
            history, self._player.t_ns, self._session.selected, self._window.theme, self._window
        )
        dialog.wanted.connect(self._save_table)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _save_table(self, table: Table) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self._window, "Export data", f"{table.name}.csv", "Tables (*.csv *.json)"
        )
        if not name:
            return
        from engine.tables import FORMATS, text_for

        path = Path(name) if name.lower().endswith(tuple(FORMATS)) else Path(f"{name}.csv")
        file, data = QSaveFile(str(path)), text_for(table, path.name).encode()
        opened = file.open(QIODevice.OpenModeFlag.WriteOnly)
        if not opened or file.write(data) != len(data) or not file.commit():
            why = file.errorString().rstrip(".")
            self._window.error_notice.show_lines(
                f"{path.name} cannot be written", [f"{why}; choose another folder."]
            )
            return
        self._window.show_notice(f"Saved {len(table.rows):,} rows as {path.name}")

    def export_film(self) -> None:
        """Open the dialog of films."""
        history = self._session.history
        if self._session.scenario is None or history is None:
            self._window.error_notice.show_lines("It cannot be filmed", [ONLY_SCENARIOS])
            return
        self._player.pause()
        from gui.dialogs.export_film import ExportFilm

        stretches = [
            _named("Selection", self._window.plots.selection),
            ("The whole run, " + format_duration_ns(history.end_ns), 0, history.end_ns),
            _named("Stage at the playhead", self._stage_here()),
        ]
        self.film = ExportFilm(
            [s for s in stretches if s is not None], self._window.theme,
            views=(*MAIN_VIEWS, *self._window.plots.kinds),
            slow_motion=self._player.slow_motion, parent=self._window,
        )
        self.film.wanted.connect(self._ask_where)
        self.film.finished.connect(lambda result: self._on_film_closed())
        self.film.open()

    def _ask_where(self, wish: FilmWish) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self._window, "Export film", f"film{wish.kind.ending}", f"*{wish.kind.ending}"
        )
        if name:
            self.make(wish, name)

    def make(self, wish: FilmWish, name: str) -> None:
        """Begin a film in a file, or a folder, of that name."""
        from gui import film_files

        scenario, ending = self._session.scenario, wish.kind.ending or "/"
        output = name if name.lower().endswith(ending) else name + ending
        if scenario is None or self.film is None:
            return
        try:
            film_files.check(wish.kind, output, wish.size_px, wish.fps)
        except film_files.FilmError as error:
            self.film.show_fault(f"{error}.")
            return
        self._part = film_files.part_of(output)
        wanted = {
            "from_at": f"{wish.from_ns} ns", "to_at": f"{wish.to_ns} ns", "fps": wish.fps,
            "speed": wish.speed, "slow_motion": wish.slow_motion, "size_px": wish.size_px,
            "theme_name": self._window.theme.name, "vm": self._session.selected,
            "view": wish.view, "palette": DEFAULT_PALETTE,
        }
        self.film.show_progress(0, 1)
        self.background.start(film_in_worker, scenario, wanted, output, self._part)

    def _on_told(self, what: str, value: Any) -> None:
        if self.film is None:
            return
        if what == "progress":
            self.film.show_progress(*value)
        elif what == "refused":
            self.film.show_fault(f"{value}.")
        elif what == "made":
            self._part = None
            self.film.accept()
            self._window.show_notice(f"Film saved: {value}")

    def _on_failed(self, why: str) -> None:
        self._discard()
        if self.film is not None:
            self.film.show_fault(f"The film broke off: {why}.")

    def _on_film_closed(self) -> None:
        self._give_up()
        if self.film is not None:
            self.film.deleteLater()
            self.film = None

    def _give_up(self) -> None:
        self.background.stop()
        self._discard()

    def _discard(self) -> None:
        if self._part is not None:
            from gui.film_files import discard

            discard(self._part)
            self._part = None


def _named(name: str, stretch: Stretch | None) -> tuple[str, int, int] | None:
    """Return a stretch with what it is called; None: there is none."""
    if stretch is None or stretch.end_ns <= stretch.start_ns:
        return None
    ends = [format_duration_ns(t) for t in (stretch.start_ns, stretch.end_ns)]
    return f"{name}, {ends[0]} to {ends[1]}", stretch.start_ns, stretch.end_ns
