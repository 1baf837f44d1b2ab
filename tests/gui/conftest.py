"""What the window's tests share: a fake wall clock, and real windows with the real engine."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.scenario import Scenario, load_scenario
from gui import app
from gui.style.theme import DARK

SCREEN = Path(__file__).resolve().parents[1] / "data" / "screen.json"
"""The screen of the tests: 1920x1080; the platform's own has 800x800, as no hall has."""
if os.environ.get("QT_QPA_PLATFORM", "offscreen") == "offscreen":
    os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={SCREEN}"

ROOM_MS = 20_000
"""How long a test waits for the worker at most; it usually takes a fraction of a second."""

Opener = Callable[..., app.Parts]


class FakeWallClock:
    """A wall clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.t_ns = 0

    def now_ns(self) -> int:
        return self.t_ns

    def pass_ms(self, milliseconds: float) -> None:
        self.t_ns += round(milliseconds * 1_000_000)


@pytest.fixture(autouse=True)
def _application_first(qapp: QApplication) -> None:
    """Make the application before anything else: fonts without one end the process."""


@pytest.fixture(autouse=True)
def _openings_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is opened be open at once on a busy machine too; test_opening_long has the rest."""
    monkeypatch.setattr("gui.run_controller.OPENING_NS", 60_000_000_000)


@pytest.fixture
def clock() -> FakeWallClock:
    return FakeWallClock()


@pytest.fixture(scope="session")
def demo() -> Scenario:
    """Return the recorded demo."""
    return load_scenario("recorded-demo")


@pytest.fixture
def application(qapp: QApplication) -> QApplication:
    """Return the application with our style and fonts."""
    return app.create_application()


@pytest.fixture
def open_window(
    application: QApplication, qtbot: QtBot, clock: FakeWallClock
) -> Iterator[Opener]:
    """Return a function that opens a scenario in a window; all windows are closed afterwards."""
    opened: list[app.Parts] = []

    def open_scenario(scenario: Scenario, width: int = 1280, height: int = 800) -> app.Parts:
        parts = app.build(DARK, clock)
        opened.append(parts)
        parts.window.resize(width, height)
        parts.window.show()
        qtbot.waitExposed(parts.window)
        parts.session.open(scenario)
        parts.window.activateWindow()
        application.processEvents()
        return parts

    yield open_scenario
    for parts in opened:
        parts.runs.close()
        parts.window.close()
        parts.window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def parts(open_window: Opener, demo: Scenario) -> app.Parts:
    """Return a window on the recorded demo, at its start."""
    return open_window(demo)


@pytest.fixture
def settle(qtbot: QtBot) -> Callable[[app.Parts], None]:
    """Return a function that waits until the newest run is shown."""

    def wait(parts: app.Parts) -> None:
        def shown() -> bool:
            history, scenario = parts.session.history, parts.session.scenario
            return (
                not parts.runs.busy
                and history is not None
                and scenario is not None
                and history.spec == scenario.spec
                and parts.wiring.showing.up_to_date
            )

        qtbot.waitUntil(shown, timeout=ROOM_MS)
        QApplication.processEvents()

    return wait
