"""What comes back as it was: the window after full screen, the scale, everything by Reset all."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.scenario import load_scenario
from gui import app
from gui.app import Parts
from gui.settings import Settings
from gui.style.theme import DARK
from gui.views.page_coding import CODINGS, STATE
from tests.gui.conftest import FakeWallClock, Opener

Settle = Callable[[Parts], None]
HALL = QSize(1920, 1080)


@pytest.mark.parametrize("name", ["present", "full_screen"])
def test_a_maximised_window_is_one_again_after_filling_the_screen(
    parts: Parts, name: str
) -> None:
    window = parts.window
    window.showMaximized()
    QApplication.processEvents()
    action = getattr(window.actions_by_name, name)
    action.trigger()
    QApplication.processEvents()
    assert window.isFullScreen()
    action.trigger()
    QApplication.processEvents()
    assert window.isMaximized() and not window.isFullScreen()


def test_a_window_that_was_not_maximised_has_its_size_again(parts: Parts) -> None:
    window = parts.window
    size = window.size()
    for _ in range(2):
        window.actions_by_name.full_screen.trigger()
        QApplication.processEvents()
    assert not window.isMaximized() and window.size() == size


def test_presenting_enlarges_for_the_screen_at_once_and_not_afterwards(
    parts: Parts, qtbot: QtBot
) -> None:
    action = parts.window.actions_by_name.present
    action.trigger()
    assert parts.wiring.layouts.scale_percent == 125  # of 1920x1080
    qtbot.waitUntil(lambda: parts.window.room.width() == 1920 * 100 // 125)
    action.trigger()
    assert parts.wiring.layouts.scale_percent == 100


def test_presenting_from_full_screen_stays_full_afterwards(parts: Parts) -> None:
    a, window = parts.window.actions_by_name, parts.window
    a.full_screen.trigger()
    a.present.trigger()
    a.present.trigger()
    QApplication.processEvents()
    assert window.isFullScreen()


def test_a_scale_chosen_while_presenting_stays_in_the_window_and_in_the_settings(
    application: QApplication, clock: FakeWallClock, tmp_path: Path
) -> None:
    settings = Settings(tmp_path / "s.ini")
    parts = app.build(DARK, clock, settings=settings)
    layouts = parts.wiring.layouts
    layouts.set_presenting(True)
    layouts.enlarge_for(HALL)
    assert layouts.scale_percent == 125 and settings.number("scale", 100, 75, 250) == 100
    parts.window.actions_by_name.scale_up.trigger()
    layouts.set_presenting(False)
    assert layouts.scale_percent == 150 == settings.number("scale", 100, 75, 250)
    # Without a choice everything is as before.
    layouts.set_scale(100)
    layouts.set_presenting(True)
    layouts.enlarge_for(HALL)
    layouts.set_presenting(False)
    assert layouts.scale_percent == 100 == settings.number("scale", 100, 75, 250)
    parts.runs.close()
    parts.window.close()
    parts.window.deleteLater()


def test_reset_all_takes_the_working_set_off_and_lets_go_of_it(
    parts: Parts, qtbot: QtBot
) -> None:
    sight = parts.window.pages.working_set
    parts.player.seek(9_000_000_000)
    sight.button.setChecked(True)
    qtbot.waitUntil(lambda: sight.measured is not None)

    parts.wiring.layouts.reset_all()

    assert not sight.button.isChecked()
    assert sight.measured is None
    assert sight._meter is None


def test_reset_all_takes_back_the_vm_the_log_scale_and_the_colours_of_pages(
    open_window: Opener, settle: Settle
) -> None:
    parts = open_window(load_scenario("recorded-demo"))
    settle(parts)
    window, session = parts.window, parts.session
    assert session.selected == "cps"
    session.select("xenapp")
    window.actions_by_name.log_scale.trigger()
    window.actions_by_name.page_colors.trigger()
    assert window.plots.strip.log.isChecked() and window.pages.coding is CODINGS[1]
    parts.wiring.layouts.reset_all()
    assert session.selected == "cps"
    assert not window.plots.strip.log.isChecked()
    assert window.pages.coding is STATE
    assert window.pages.legend.filtered == frozenset()


def test_the_notice_of_a_new_future_keeps_the_key_at_its_end(
    parts: Parts, settle: Settle
) -> None:
    settle(parts)
    assert parts.window.width() == 1280
    parts.player.seek(8_000_000_000)
    parts.session.edit("network.bandwidth", "500 Mbit/s")
    settle(parts)
    notice = parts.window.notice
    assert notice.whole.endswith("(Shift+T)") and notice.text() != notice.whole
    assert notice.text().endswith("(Shift+T)") and notice.text().startswith("New future: ")
