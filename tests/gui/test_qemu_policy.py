"""The window under QEMU's pre-copy: chosen by key, played, and told in its own words."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.policies import POLICIES
from gui.app import Parts

Settle = Callable[[Parts], None]


def test_qemu_is_chosen_by_key_simulated_and_told(
    parts: Parts, qtbot: QtBot, settle: Settle
) -> None:
    settle(parts)
    box = parts.window.controls.policy
    box.setFocus()
    steps = box.findData("qemu-precopy") - box.currentIndex()
    for _ in range(abs(steps)):
        qtbot.keyClick(box, Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up)
    settle(parts)
    history = parts.session.history
    assert history is not None
    migration = history.migrations[0]

    assert (migration.policy, migration.outcome) == ("qemu-precopy", "completed")
    assert box.currentText() == POLICIES["qemu-precopy"].title

    parts.player.seek(migration.rounds[0].start_ns + 10**9)
    QApplication.processEvents()
    told = parts.window.narration.text
    assert "the dirty bitmap was read once" in told
    assert "would fit into 300 ms" in told
