"""The composition root: builds the parts of the program and hands them to each other.

The window is painted first, as a shell, and everything else is imported, built and opened right
after: nobody looks at an empty screen meanwhile. So nothing heavy is imported here.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from PySide6.QtCore import QLocale, QTimer
from PySide6.QtWidgets import QApplication, QStyleFactory

from gui.heap import bound_heap, leave_out_of_collections
from gui.main_window import MainWindow
from gui.settings import Settings, config_file, data_folder
from gui.style.theme import THEME_CHOICES, Theme, load_fonts, theme_of, ui_font

if TYPE_CHECKING:
    from engine.importing import OpenedRecording
    from engine.scenario import Scenario
    from gui.player import Player, WallClock
    from gui.run_controller import RunController
    from gui.session import Session
    from gui.wiring import Wiring

FIRST_SCENARIO = "recorded-demo"
WARM_UP_DELAY_MS = 200
UNSAVED = "unsaved"
HEAVY: Final = (
    "numpy", "pydantic.main", "engine.scenario", "gui.player", "gui.views.pages_view",
    "gui.window_content", "gui.wiring", "engine.sampling", "engine.simulation",
)  # fmt: skip
"""Imported one after the other, in the order in which they need each other."""


class Parts(Struct, frozen=True):
    """The parts of one window; whoever holds this keeps it alive."""

    window: MainWindow
    player: Player
    runs: RunController
    session: Session
    wiring: Wiring


def create_application() -> QApplication:
    """Return the Qt application with our style, fonts and number format.

    Nothing of the desktop's own settings is taken, so that every machine shows the same.
    """
    bound_heap()
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(["migrascope"])
    application.setApplicationName("migrascope")
    application.setApplicationDisplayName("")
    QLocale.setDefault(QLocale.c())
    style = QStyleFactory.create("Fusion")
    if style is not None:
        application.setStyle(style)
    load_fonts()
    application.setFont(ui_font())
    return application


def build(
    theme: Theme,
    clock: WallClock | None = None,
    *,
    settings: Settings | None = None,
    keep_in: Path | None = None,
) -> Parts:
    """Return a window with all its parts, connected, with nothing open.

    Args:
        theme: Its colours.
        clock: The wall clock; None: the real one.
        settings: What is remembered; None: nothing outlives the window.
        keep_in: Folder for edits kept against a crash; None: nothing is kept.
    """
    return complete(MainWindow(theme, shell=True), clock, settings=settings, keep_in=keep_in)


def complete(
    window: MainWindow,
    clock: WallClock | None = None,
    *,
    settings: Settings | None = None,
    keep_in: Path | None = None,
    later: bool = False,
) -> Parts:
    """Give a shell its content and everything that makes it work; nothing is open yet.

    Args:
        window: As `MainWindow(theme, shell=True)` gave it, shown or not.
        clock: As for `build`.
        settings: As for `build`.
        keep_in: As for `build`.
        later: Whether `parts.wiring.finish` comes later.
    """
    from gui.player import MonotonicClock, Player
    from gui.run_controller import RunController
    from gui.session import Session
    from gui.wiring import Wiring

    window.fill()
    player = Player(clock or MonotonicClock())
    runs = RunController()
    session = Session(player, runs)
    remembered = settings or Settings(None, window)
    wiring = Wiring(
        window, player, session, runs, settings=remembered, keep_in=keep_in, later=later
    )
    for part in (player, runs, session):
        part.setParent(window)
    return Parts(window, player, runs, session, wiring)


def run(opened: Scenario | OpenedRecording | None, *, theme_name: str = "") -> int:
    """Show the window until it is closed, and return the exit status.

    Args:
        opened: What to open, a scenario or a recording; None: the recorded demo.
        theme_name: One of `THEME_CHOICES`; "": the one that was used last.
    """
    # What is imported and built stays: looking for garbage in it would take a tenth of the start.
    gc.disable()
    application = create_application()
    settings = Settings(config_file())
    chosen = theme_name or settings.text("theme", THEME_CHOICES[0], THEME_CHOICES)
    window = MainWindow(theme_of(chosen), shell=True)
    place = settings.state("geometry")
    if place.isEmpty():
        window.fit_to_screen()
    else:
        window.restoreGeometry(place)
    start = _Start(window, settings, chosen, opened)
    window.first_painted.connect(start.begin)
    window.show()
    status = application.exec()
    if start.parts is not None:
        start.parts.runs.close()
    if start.failure is not None:
        raise start.failure
    return status


class _Start:
    """The way from the shell to the whole program: in steps, so that the shell never hangs."""

    def __init__(
        self,
        window: MainWindow,
        settings: Settings,
        theme_name: str,
        opened: Scenario | OpenedRecording | None,
    ) -> None:
        """Do nothing yet.

        Args:
            window: The shell.
            settings: What is remembered.
            theme_name: The choice whose colours the window has.
            opened: What to open; None: the recorded demo.
        """
        self.parts: Parts | None = None
        self.failure: Exception | None = None
        self._window, self._settings, self._theme_name = window, settings, theme_name
        self._opened = opened
        window.content_painted.connect(lambda: self._go_on(self._finish()))

    def begin(self) -> None:
        """Begin, once this turn of the event loop is over."""
        self._go_on(self._build())

    def _go_on(self, steps: Iterator[None]) -> None:
        QTimer.singleShot(0, lambda: self._step(steps))

    def _step(self, steps: Iterator[None]) -> None:
        """Do one step, unless the window was closed; leave the next one to another turn."""
        if not self._window.isVisible():
            return
        try:
            next(steps)
        except StopIteration:
            return
        except Exception as error:
            # A slot has nobody to raise to: `run` does, and the program tells of it.
            self.failure = error
            QApplication.exit(1)
            return
        self._go_on(steps)

    def _build(self) -> Iterator[None]:
        """Import, build and open; then the window paints itself."""
        for name in HEAVY:
            import_module(name)
            yield
        self._window.make_views()
        yield
        kept = data_folder() / UNSAVED
        parts = complete(self._window, settings=self._settings, keep_in=kept, later=True)
        parts.wiring.layouts.take_theme(self._theme_name)
        self.parts = parts
        open_first(parts, self._opened)

    def _finish(self) -> Iterator[None]:
        """Connect what the first picture did not need, and begin what has time."""
        assert self.parts is not None
        self.parts.wiring.finish()
        yield
        self.parts.wiring.files.offer_left_behind()
        QTimer.singleShot(WARM_UP_DELAY_MS, self.parts.runs.warm_up)
        # Garbage is collected again, but not looked for in what was there at the start.
        leave_out_of_collections()
        gc.enable()


def open_first(parts: Parts, opened: Scenario | OpenedRecording | None) -> None:
    """Open what the window is to show.

    Args:
        parts: The window's.
        opened: What to open; None: the recorded demo.
    """
    from engine.scenario import load_scenario

    parts.wiring.opening.show_opened(opened or load_scenario(FIRST_SCENARIO))
