"""The window: it opens on the demo, its keys and menus do what they say, nothing is lost."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from engine import cli
from engine.history import History
from engine.scenario import Scenario
from gui.app import Parts
from gui.main_window import MainWindow
from gui.player import STEP_NS
from gui.style.theme import DARK, LIGHT
from tests.gui.conftest import Opener

Settle = Callable[[Parts], None]
SIX_FAULTS = """
format = 1
[[hosts]]
name = "xen-1"
[[hosts]]
name = "xen-2"
[network]
bandwith = "1 Gbit/s"
latency = "5 parsec"
[[vms]]
name = "cps"
host = "xen-1"
memory = "-512 MiB"
[[vms]]
name = "web"
host = "xen-9"
[[vms]]
name = "cps"
host = "xen-2"
[[migrations]]
vm = "web2"
to = "xen-1"
[[migrations]]
vm = "cps"
to = "xen-1"
""".replace('[[migrations]]\nvm = "web2"\nto = "xen-1"\n', "")


def history_of(parts: Parts) -> History:
    history = parts.session.history
    assert history is not None
    return history


def drop(window: MainWindow, path: Path) -> None:
    """Drop a file on the window, with the events that a file manager sends."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    buttons, modifiers = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(
        QPoint(400, 300), Qt.DropAction.CopyAction, data, buttons, modifiers
    )
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(
        window, QDropEvent(QPointF(400, 300), Qt.DropAction.CopyAction, data, buttons, modifiers)
    )


def test_it_opens_paused_at_the_start_and_says_what_to_do(parts: Parts) -> None:
    assert parts.session.selected == "cps"
    assert parts.player.t_ns == 0
    assert not parts.player.playing
    assert parts.window.narration.text.startswith("Press Play")
    assert "Recorded demo" in parts.window.windowTitle()


def test_every_view_shows_a_scenario_as_soon_as_it_is_open(parts: Parts) -> None:
    assert parts.wiring.showing.up_to_date


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Period])
def test_space_or_a_presenters_remote_plays_and_pauses(
    parts: Parts, qtbot: QtBot, key: Qt.Key
) -> None:
    qtbot.keyClick(parts.window, key)
    assert parts.player.playing

    qtbot.keyClick(parts.window, key)
    assert not parts.player.playing


def test_keys_step_by_time_event_and_round(parts: Parts, qtbot: QtBot) -> None:
    window, player = parts.window, parts.player
    record = history_of(parts).migrations[0]
    shift = Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_Right)
    qtbot.keyClick(window, Qt.Key.Key_Right)
    qtbot.keyClick(window, Qt.Key.Key_Left)
    assert player.t_ns == STEP_NS

    qtbot.keyClick(window, Qt.Key.Key_Right, shift)
    assert player.t_ns == record.requested_ns

    qtbot.keyClick(window, Qt.Key.Key_PageDown)
    qtbot.keyClick(window, Qt.Key.Key_PageDown)
    qtbot.keyClick(window, Qt.Key.Key_PageUp)
    assert player.t_ns == record.rounds[0].start_ns

    qtbot.keyClick(window, Qt.Key.Key_End)
    assert player.t_ns == history_of(parts).end_ns

    qtbot.keyClick(window, Qt.Key.Key_Home)
    assert player.t_ns == 0


def test_keys_change_the_speed(parts: Parts, qtbot: QtBot) -> None:
    qtbot.keyClick(parts.window, Qt.Key.Key_Minus)
    assert parts.player.speed == 0.25

    qtbot.keyClick(parts.window, Qt.Key.Key_Plus)
    qtbot.keyClick(parts.window, Qt.Key.Key_Plus)
    assert parts.player.speed == 2.0


def test_single_keys_do_not_fire_in_a_text_field(parts: Parts, qtbot: QtBot) -> None:
    box = parts.window.controls.bandwidth.box
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "1.5 r")

    assert box.text() == "1.5 r"
    assert parts.player.t_ns == 0
    assert not parts.player.playing
    assert parts.window.theme is DARK


def test_a_focused_slider_keeps_its_arrows(parts: Parts, qtbot: QtBot) -> None:
    slider = parts.window.controls.bandwidth.slider
    slider.setFocus()
    before = slider.value()
    qtbot.keyClick(slider, Qt.Key.Key_Right)

    assert slider.value() != before
    assert parts.player.t_ns == 0


def test_t_changes_the_theme_of_every_view(parts: Parts, qtbot: QtBot) -> None:
    before = parts.window.grab().toImage()
    qtbot.keyClick(parts.window, Qt.Key.Key_T)
    after = parts.window.grab().toImage()

    assert parts.window.theme is LIGHT
    for view in parts.window.views:
        corner = view.mapTo(parts.window, QPoint(2, view.height() // 2))  # type: ignore[attr-defined]
        if parts.window.rect().contains(corner) and not view.visibleRegion().isEmpty():  # type: ignore[attr-defined]
            assert before.pixel(corner) != after.pixel(corner), type(view).__name__


def test_question_mark_shows_every_key(parts: Parts, qtbot: QtBot) -> None:
    qtbot.keyClick(parts.window, "?")
    sheet = QApplication.activeModalWidget()
    assert sheet is not None
    shown = {text: keys for _, text, keys in sheet.rows}  # type: ignore[attr-defined]
    sheet.close()

    assert shown["Play or pause"] == "Space or ."
    assert shown["Reset"] == "R"


def test_the_menu_says_why_a_host_cannot_take_the_vm(parts: Parts) -> None:
    menu = QMenu()
    parts.wiring.moving.destination_menu("cps", menu)
    texts = {action.text(): action.isEnabled() for action in menu.actions()}

    assert texts.pop("xen-2")
    assert len(texts) == 1
    text, enabled = texts.popitem()
    assert text.startswith("amd-3  (") and "AMD" in text
    assert not enabled


def test_the_menu_key_opens_the_menu_of_destinations(parts: Parts, qtbot: QtBot) -> None:
    parts.window.pool.setFocus()
    qtbot.keyClick(parts.window.pool, Qt.Key.Key_Menu)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    qtbot.keyClick(menu, Qt.Key.Key_Return)

    assert parts.wiring.moving.dialog is not None
    assert "cps from xen-1 to xen-2" in parts.wiring.moving.dialog.question.text()
    parts.wiring.moving.dialog.reject()


def test_the_policy_is_locked_once_the_migration_has_begun(parts: Parts) -> None:
    controls = parts.window.controls
    assert controls.policy.isEnabled()

    parts.player.seek(5_000_000_000)
    assert not controls.policy.isEnabled()
    assert "began at 4 s" in controls.policy.toolTip()

    parts.player.seek(1_000_000_000)
    assert controls.policy.isEnabled()


def test_selecting_another_vm_reaches_the_controls(
    open_window: Opener, demo: Scenario
) -> None:
    parts = open_window(demo)
    other = next(v.name for v in demo.spec.vms if v.name != "cps")
    parts.window.pool.vm_selected.emit(other)

    assert parts.session.selected == other
    assert other in parts.window.controls.workload_title.text()


def test_a_file_dropped_on_the_window_opens(
    parts: Parts, small_text: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(small_text)
    drop(parts.window, path)

    assert parts.session.scenario is not None
    assert parts.session.scenario.name == "mine.toml"
    assert not parts.window.error_notice.isVisible()


def test_six_faults_are_the_same_six_as_those_of_check(
    parts: Parts, tmp_path: Path, capsys: pytest.CaptureFixture[str], qtbot: QtBot
) -> None:
    path = tmp_path / "six.toml"
    path.write_text(SIX_FAULTS)
    before = history_of(parts)
    drop(parts.window, path)
    shown = parts.window.error_notice.lines
    status = cli.main(["check", str(path)])
    checked = capsys.readouterr().err.splitlines()

    assert status == 2
    assert len(shown) == 6
    assert list(shown) == checked
    assert parts.window.error_notice.isVisible()
    assert history_of(parts) is before

    qtbot.keyClick(parts.window.error_notice, Qt.Key.Key_Escape)
    assert not parts.window.error_notice.isVisible()


def test_the_worker_ends_with_the_window(parts: Parts, settle: Settle) -> None:
    parts.runs.warm_up()
    executor = parts.runs._executor
    assert executor is not None
    parts.window.close()

    assert parts.runs._executor is None
    assert not parts.runs.busy
