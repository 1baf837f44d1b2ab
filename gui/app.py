"""The composition root: builds the parts of the program and hands them to each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QTimer
from PySide6.QtWidgets import QApplication, QStyleFactory

from engine.scenario import Scenario, load_scenario
from gui.main_window import MainWindow
from gui.player import MonotonicClock, Player, WallClock
from gui.run_controller import RunController
from gui.session import Session
from gui.settings import Settings, config_file, data_folder
from gui.style.theme import THEME_CHOICES, Theme, load_fonts, theme_of, ui_font
from gui.wiring import Wiring

if TYPE_CHECKING:
    from engine.importing import OpenedRecording

FIRST_SCENARIO = "recorded-demo"
WARM_UP_DELAY_MS = 200
UNSAVED = "unsaved"


@dataclass(frozen=True)
class Parts:
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
    player = Player(clock or MonotonicClock())
    runs = RunController()
    session = Session(player, runs)
    window = MainWindow(theme)
    remembered = settings or Settings(None, window)
    wiring = Wiring(window, player, session, runs, settings=remembered, keep_in=keep_in)
    for part in (player, runs, session):
        part.setParent(window)
    return Parts(window, player, runs, session, wiring)


def run(opened: Scenario | OpenedRecording | None, *, theme_name: str = "") -> int:
    """Show the window until it is closed, and return the exit status.

    Args:
        opened: What to open, a scenario or a recording; None: the recorded demo.
        theme_name: One of `THEME_CHOICES`; "": the one that was used last.
    """
    application = create_application()
    settings = Settings(config_file())
    chosen = theme_name or settings.text("theme", THEME_CHOICES[0], THEME_CHOICES)
    parts = build(theme_of(chosen), settings=settings, keep_in=data_folder() / UNSAVED)
    parts.wiring.layouts.take_theme(chosen)

    def fill() -> None:
        """Open it: after the first paint, so that the shell is there at once."""
        parts.wiring.opening.show_opened(opened or load_scenario(FIRST_SCENARIO))
        parts.wiring.files.offer_left_behind()
        QTimer.singleShot(WARM_UP_DELAY_MS, parts.runs.warm_up)

    parts.window.first_painted.connect(lambda: QTimer.singleShot(0, fill))
    if not parts.wiring.layouts.has_geometry:
        parts.window.fit_to_screen()
    parts.window.show()
    status = application.exec()
    parts.runs.close()
    return status
