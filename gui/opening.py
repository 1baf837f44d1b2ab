"""Opening: scenarios and recordings, by file, by name and by drop; and the pages that offer them.

A part of `gui.wiring`. What a file is, its contents tell (`engine.importing.open_files`); a damaged
one gives a sentence, and what was open stays. Long files are read in a thread, and long runs are
simulated in the worker; what was open can be used meanwhile. The readers of recordings are imported
with the first file, not with the window.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, Signal

from engine.errors import MigrascopeError, ScenarioError
from engine.instants import InstantError, instant_ns
from engine.scenario import BUNDLED, Scenario, bundled_scenarios
from gui.main_window import MainWindow
from gui.models.preview_text import preview_text
from gui.player import Player
from gui.reproduction import Reproduction
from gui.run_controller import RunController, bug_sentence
from gui.session import Session

if TYPE_CHECKING:
    from engine.figure_text import FigureText
    from engine.importing import OpenedRecording
    from gui.run_controller import Run

    Opened = Scenario | OpenedRecording

LONG_BYTES: Final = 256 * 1024
"""Files that together are larger are read in a thread: reading is slower than a frame."""
FILTER: Final = (
    "Scenarios and recordings (*);;Scenarios (*.toml);;Figures that carry one (*.png *.svg *.pdf)"
)


def _open_files(paths: Sequence[Path | str]) -> tuple[Opened, FigureText | None]:
    """Read files, in this thread or another one; of a picture also what instant it shows."""
    from engine.figure_text import is_picture, read_figure
    from engine.importing import open_files

    opened, path = open_files(paths), Path(paths[0])
    return opened, read_figure(path) if is_picture(path) and path.is_file() else None


def sentences_of(error: MigrascopeError) -> tuple[str, ...]:
    """Return what is wrong, one sentence each."""
    return tuple(error.faults) if isinstance(error, ScenarioError) else (str(error),)


class Opening(QObject):
    """Opens what the user chooses.

    Attributes:
        ended: A reading in the thread has ended, one way or the other.
        opened: Files or a bundled scenario are open: list of absolute paths, or of the one name.
        refused: With a path or name that cannot be opened.
    """

    ended = Signal()
    opened = Signal(list)
    refused = Signal(str)
    _arrived = Signal(int, object)
    _simulated = Signal(int, object, object, object)

    def __init__(
        self, window: MainWindow, player: Player, session: Session, runs: RunController
    ) -> None:
        """Connect files, drops and the pages that offer scenarios."""
        super().__init__(window)
        self._window, self._player, self._session = window, player, session
        self._runs = runs
        self._reader: ThreadPoolExecutor | None = None
        self._newest = 0
        self._names = ""
        self._wanted: list[str] = []
        self._reproduction = Reproduction(self)
        self._arrived.connect(self._on_arrived, Qt.ConnectionType.QueuedConnection)
        self._simulated.connect(self._on_simulated, Qt.ConnectionType.QueuedConnection)
        window.files_dropped.connect(self.open_paths)
        window.closed.connect(self._reproduction.stop)
        window.closed.connect(self._stop)
        a = window.actions_by_name
        for action, handler in (
            (a.scenarios, self.choose_scenario),
            (a.open_file, self.choose_files),
            (a.reproduce, self.show_published),
        ):
            action.triggered.connect(lambda checked=False, handler=handler: handler())

    def open_path(self, path_or_name: Path | str) -> bool:
        """Open a scenario or a recording by file, or a bundled scenario by name.

        Returns:
            Whether it is open, or being read; if not, the window says why.
        """
        return self.open_paths([path_or_name])

    def open_paths(self, paths: Sequence[Path | str]) -> bool:
        """Open a scenario, a recording, or a recording with its pings; see `open_path`."""
        self._newest += 1
        self._names = ", ".join(p.name if isinstance(p, Path) else p for p in paths)
        self._wanted = [_lasting(path) for path in paths]
        if sum(_size_of(path) for path in paths) > LONG_BYTES:
            self._read_aside(list(paths))
            return True
        try:
            opened, figure = _open_files(paths)
            return self._show(opened, self._way_to_instant(figure))
        except MigrascopeError as error:
            return self._refuse(error)

    def _way_to_instant(self, figure: FigureText | None) -> Callable[[], None] | None:
        """Return what goes to the instant and VM that a picture shows, once it is open."""
        if figure is None:
            return None

        def go() -> None:
            history = self._session.history
            if history is None or not figure.at:
                return
            if any(record.spec.name == figure.vm for record in history.vms):
                self._session.select(figure.vm)
            try:
                self._player.seek(instant_ns(history, figure.at, figure.vm))
            except InstantError as error:
                self._window.show_notice(f"Opened at its start: {error}.")

        return go

    def show_opened(self, opened: Opened, *, then: Callable[[], None] | None = None) -> bool:
        """Open what was read elsewhere: the command line's file.

        Args:
            opened: What to open.
            then: Called once it is open.

        Returns:
            Whether it is open, or being simulated; if not, the window says why.
        """
        self._newest += 1
        return self._try_to_show(opened, then)

    def _try_to_show(self, opened: Opened, then: Callable[[], None] | None = None) -> bool:
        try:
            return self._show(opened, then)
        except MigrascopeError as error:
            return self._refuse(error)

    def choose_files(self) -> None:
        """Ask for a file, or a recording and its pings."""
        from PySide6.QtWidgets import QFileDialog

        names, _ = QFileDialog.getOpenFileNames(
            self._window, "Open a scenario or a recording", "", FILTER
        )
        if names:
            self.open_paths([Path(name) for name in names])

    def choose_scenario(self) -> None:
        """Offer the bundled scenarios."""
        from gui.dialogs.scenarios import ScenariosDialog

        current = self._session.scenario
        dialog = ScenariosDialog(
            bundled_scenarios(), current.name if current else "", self._window
        )
        dialog.chosen.connect(self.open_path)
        dialog.file_wanted.connect(self.choose_files)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def show_published(self) -> None:
        """Show the published figures, and open the scenario that the user chooses there."""
        from gui.dialogs.published_figures import PublishedFigures

        self._player.pause()
        page = PublishedFigures(self._reproduction, self._window.theme, self._window)
        page.scenario_chosen.connect(self.open_path)
        page.finished.connect(page.deleteLater)
        page.open()

    def _show(self, opened: Opened, then: Callable[[], None] | None = None) -> bool:
        if not isinstance(opened, Scenario):
            self._session.open_recording(opened.history, opened.title)
        elif self._session.history is None:
            self._session.open(opened)  # there is nothing else to look at meanwhile
        else:
            history = self._runs.simulate_at_once(opened)
            if history is None:
                self._simulate_aside(opened, then)
                return True
            self._session.open(opened, history)
        return self._tell_opened(then)

    def _tell_opened(self, then: Callable[[], None] | None) -> bool:
        if then is not None:
            then()
        self._window.error_notice.dismiss()
        wanted, self._wanted = self._wanted, []
        if wanted:
            self.opened.emit(wanted)
        return True

    def _refuse(self, error: MigrascopeError) -> bool:
        wanted, self._wanted = self._wanted, []
        for name in wanted:
            self.refused.emit(name)
        title = f"{self._names or 'The file'} cannot be opened"
        self._window.error_notice.show_lines(title, sentences_of(error))
        return False

    def _simulate_aside(self, scenario: Scenario, then: Callable[[], None] | None) -> None:
        """Have a long run made; what is open stays until it is there, if nothing newer is."""
        number, standing = self._newest, self._session.original
        title = scenario.spec.title or scenario.name
        moves = scenario.spec.migrations
        look = preview_text(scenario, moves[0].vm if moves else "")
        self._window.show_notice(f"Opening {title}. {look}")

        def emit(future: Future[Run]) -> None:
            if not future.cancelled():
                self._simulated.emit(number, scenario, future, (standing, then))

        self._runs.simulate_aside(scenario).add_done_callback(emit)

    def _on_simulated(
        self,
        number: int,
        scenario: Scenario,
        future: Future[Run],
        context: tuple[Scenario | None, Callable[[], None] | None],
    ) -> None:
        standing, then = context
        if number == self._newest and self._session.original is standing:
            self._window.show_notice("")
            error = future.exception()
            if error is None:
                self._session.open(scenario, future.result()[0])
                self._tell_opened(then)
            elif isinstance(error, MigrascopeError):
                self._refuse(error)
            else:
                self._refuse(MigrascopeError(bug_sentence(error)))
        self.ended.emit()

    def _read_aside(self, paths: list[Path | str]) -> None:
        """Read in a thread; the newest wish counts."""
        number = self._newest
        if self._reader is None:
            self._reader = ThreadPoolExecutor(1, thread_name_prefix="reading")
        self._window.show_notice(f"Reading {self._names} …")

        def emit(future: Future[tuple[Opened, FigureText | None]]) -> None:
            if not future.cancelled() and self._reader is not None:
                self._arrived.emit(number, future)

        self._reader.submit(_open_files, paths).add_done_callback(emit)

    def _on_arrived(self, number: int, future: Future[tuple[Opened, FigureText | None]]) -> None:
        if number == self._newest and self._reader is not None:
            self._window.show_notice("")
            error = future.exception()
            if error is None:
                opened, figure = future.result()
                self._try_to_show(opened, self._way_to_instant(figure))
            elif isinstance(error, MigrascopeError):
                self._refuse(error)
            else:
                raise error
        self.ended.emit()

    def _stop(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.shutdown(wait=False, cancel_futures=True)


def _lasting(path: Path | str) -> str:
    """Return a name that means the same from another folder."""
    if isinstance(path, str) and (BUNDLED / f"{path}.toml").is_file():
        return path
    return str(Path(path).absolute())


def _size_of(path: Path | str) -> int:
    """Return the size of a file; 0 if there is none, which is said elsewhere."""
    try:
        return Path(path).stat().st_size
    except (OSError, ValueError):
        return 0
