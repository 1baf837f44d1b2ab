"""Why? in the window: it follows the playhead, tries the knobs, and what helps is taken over."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from engine.knobs import result_of
from engine.scenario import load_scenario
from gui.app import Parts
from gui.dialogs.why import NOTHING_YET, WhyDialog
from tests.gui.conftest import ROOM_MS, Opener

LEFT = Qt.MouseButton.LeftButton


def to_front(parts: Parts) -> None:
    """Let the window, not the dialog beside it, have the keys."""
    parts.window.activateWindow()
    QApplication.processEvents()


def ask(parts: Parts) -> WhyDialog:
    to_front(parts)
    QTest.keyClick(parts.window, Qt.Key.Key_Y)
    dialog = parts.wiring.asking.dialog
    assert dialog is not None and dialog.isVisible()
    return dialog


def test_it_opens_by_key_and_follows_the_playhead(parts: Parts, qtbot: QtBot) -> None:
    dialog = ask(parts)
    assert NOTHING_YET in dialog.text
    parts.player.to_end()
    qtbot.waitUntil(lambda: "Where did the downtime go?" in dialog.text, timeout=ROOM_MS)
    assert "held for 50.1 ms" in dialog.text
    parts.player.to_start()
    qtbot.waitUntil(lambda: NOTHING_YET in dialog.text, timeout=ROOM_MS)


def test_escape_closes_it_and_it_opens_again(parts: Parts, qtbot: QtBot) -> None:
    QTest.keyClick(ask(parts), Qt.Key.Key_Escape)
    assert parts.wiring.asking.dialog is None
    assert ask(parts).isVisible()


def test_what_helps_is_tried_and_taken_over_and_undone(
    open_window: Opener, qtbot: QtBot
) -> None:
    parts = open_window(load_scenario("clark-diabolical"))
    before = parts.session.scenario
    parts.player.to_end()
    dialog = ask(parts)
    QTest.mouseClick(dialog.try_button, LEFT)
    trials = parts.wiring.asking.trials
    qtbot.waitUntil(lambda: any(t.helps for t in trials.trials), timeout=3 * ROOM_MS)
    trial = next(t for t in trials.trials if t.helps)
    labels = dialog.findChildren(QLabel)
    assert any(label.text() == trial.sentence for label in labels)
    take = next(
        b for b in dialog.findChildren(QPushButton)
        if b.accessibleName() == f"Take over: {trial.knob}"
    )  # fmt: skip
    QTest.mouseClick(take, LEFT)
    qtbot.waitUntil(
        lambda: parts.session.settled and parts.session.scenario is not before, timeout=ROOM_MS
    )
    assert parts.session.history is not None
    qtbot.waitUntil(
        lambda: result_of(parts.session.history, 0) == trial.after, timeout=ROOM_MS
    )
    to_front(parts)
    QTest.keyClick(parts.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert parts.session.scenario is before
    trials.stop()


def test_trying_can_be_stopped(open_window: Opener, qtbot: QtBot) -> None:
    parts = open_window(load_scenario("clark-web"))
    parts.player.to_end()
    dialog = ask(parts)
    QTest.mouseClick(dialog.try_button, LEFT)
    assert dialog.try_button.text() == "Stop"
    QTest.mouseClick(dialog.try_button, LEFT)
    assert not parts.wiring.asking.trials.busy
    assert dialog.try_button.text() != "Stop"
