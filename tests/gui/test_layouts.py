"""Panels, basic and advanced, themes; remembered, reset."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from engine.scenario import Scenario
from gui import app
from gui.app import Parts
from gui.layouts import PANELS
from gui.settings import Settings
from gui.style.theme import DARK, LIGHT, PROJECTOR, THEMES
from tests.gui.conftest import FakeWallClock

CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


def widget_of(parts: Parts, panel: str):
    return parts.wiring.layouts._widgets()[panel][0]


@pytest.mark.parametrize(("number", "panel"), list(enumerate(PANELS, start=1)))
def test_a_key_hides_a_panel_and_shows_it_again(
    parts: Parts, qtbot: QtBot, number: int, panel: str
) -> None:
    widget = widget_of(parts, panel)
    assert widget.isVisible()
    qtbot.keyClick(parts.window, str(number), ALT)
    assert not widget.isVisible()
    others = [p for p in PANELS if p != panel]
    assert all(widget_of(parts, p).isVisible() for p in others)
    qtbot.keyClick(parts.window, str(number), ALT)
    assert widget.isVisible()


def test_without_pages_and_words_the_others_take_the_room(parts: Parts, qtbot: QtBot) -> None:
    before = parts.window.plots.height()
    for number in (2, 3):
        qtbot.keyClick(parts.window, str(number), ALT)
    QApplication.processEvents()
    assert parts.window.plots.height() > before


def test_basic_hides_the_jargon_and_the_run_stays(parts: Parts, qtbot: QtBot) -> None:
    w = parts.window
    history = parts.session.history
    qtbot.keyClick(w, Qt.Key.Key_F11, Qt.KeyboardModifier.ShiftModifier)
    assert not w.rounds.isVisible() and not w.pages.working_set.button.isVisible()
    assert not w.actions_by_name.parameters.isVisible()
    assert w.pool.isVisible() and w.outcome.isVisible() and w.controls.isVisible()
    assert parts.session.history is history
    qtbot.keyClick(w, Qt.Key.Key_F11, Qt.KeyboardModifier.ShiftModifier)
    assert w.rounds.isVisible() and w.actions_by_name.parameters.isVisible()


def test_t_goes_through_the_themes(parts: Parts, qtbot: QtBot) -> None:
    seen = []
    for _ in range(4):
        seen.append(parts.wiring.layouts.theme_name)
        qtbot.keyClick(parts.window, Qt.Key.Key_T)
    assert seen == ["dark", "light", "projector", "system"]
    assert parts.window.theme is DARK
    qtbot.keyClick(parts.window, "3", CTRL)
    assert parts.window.theme is PROJECTOR
    checked = [n for n in (*THEMES, "system")
               if getattr(parts.window.actions_by_name, f"theme_{n}").isChecked()]
    assert checked == ["projector"]


def test_the_theme_follows_the_desktop_while_it_runs(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    layouts = parts.wiring.layouts
    monkeypatch.setattr("gui.layouts.theme_of", lambda name: LIGHT if name == "system" else DARK)
    layouts.set_theme("system")
    assert parts.window.theme is LIGHT
    monkeypatch.setattr("gui.layouts.theme_of", lambda name: DARK)
    layouts._on_desktop_changed()
    assert parts.window.theme is DARK


def test_what_was_chosen_comes_back_the_next_time(
    application: QApplication, qtbot: QtBot, clock: FakeWallClock, demo: Scenario, tmp_path: Path
) -> None:
    def window() -> Parts:
        parts = app.build(DARK, clock, settings=Settings(tmp_path / "settings.ini"))
        parts.window.resize(1400, 900)
        parts.window.show()
        qtbot.waitExposed(parts.window)
        parts.session.open(demo)
        return parts

    first = window()
    first.window.actions_by_name.panel_console.setChecked(False)
    first.window.actions_by_name.advanced.setChecked(False)
    first.window.actions_by_name.reduced_motion.setChecked(True)
    first.window.splitters["left"].setSizes([250, 300, 300])
    sizes = first.window.splitters["left"].sizes()
    first.wiring.layouts.set_theme("projector")
    first.runs.close()
    first.window.close()

    second = window()
    assert not second.window.console.isVisible() and not second.window.rounds.isVisible()
    assert second.window.actions_by_name.reduced_motion.isChecked()
    assert second.window.splitters["left"].sizes() == sizes
    assert Settings(tmp_path / "settings.ini").text("theme", "") == "projector"
    second.wiring.layouts.reset()
    assert second.window.console.isVisible() and second.window.rounds.isVisible()
    second.runs.close()
    second.window.close()
    for parts in (first, second):
        parts.window.deleteLater()


def test_reset_all_asks_while_there_are_edits_and_undo_brings_them_back(
    parts: Parts, qtbot: QtBot
) -> None:
    w, a = parts.window, parts.window.actions_by_name
    original = parts.session.scenario
    parts.session.edit("network.bandwidth", "500 Mbit/s")
    parts.session.end_gesture()
    edited = parts.session.scenario
    a.panel_console.setChecked(False)
    a.slow_motion.trigger()
    parts.player.set_speed(5.0)
    parts.wiring.layouts.set_theme("light")
    qtbot.keyClick(w, "R", CTRL)
    box = QApplication.activeModalWidget()
    assert isinstance(box, QMessageBox)
    qtbot.mouseClick(box.button(QMessageBox.StandardButton.Reset), Qt.MouseButton.LeftButton)

    assert parts.session.scenario is original
    assert w.console.isVisible() and w.theme is DARK
    assert parts.player.speed == 1.0 and not parts.player.slow_motion
    parts.session.undo_stack.undo()
    assert parts.session.scenario is edited


def test_reset_all_without_edits_does_not_ask(parts: Parts, qtbot: QtBot) -> None:
    parts.window.actions_by_name.panel_plots.setChecked(False)
    qtbot.keyClick(parts.window, "R", CTRL)
    assert QApplication.activeModalWidget() is None
    assert parts.window.plots.isVisible()
