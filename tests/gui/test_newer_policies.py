"""The window under each of the newer pre-copy policies: chosen by key, played, and told."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.policies import POLICIES, parameters_of, round_limit
from gui.app import Parts
from tests.helpers.random_scenarios import NEWER_POLICIES

Settle = Callable[[Parts], None]


@pytest.mark.parametrize("name", NEWER_POLICIES)
def test_a_policy_chosen_by_key_is_simulated_and_told(
    name: str, parts: Parts, qtbot: QtBot, settle: Settle
) -> None:
    settle(parts)
    box = parts.window.controls.policy
    box.setFocus()
    steps = box.findData(name) - box.currentIndex()
    for _ in range(abs(steps)):
        qtbot.keyClick(box, Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up)
    settle(parts)
    history = parts.session.history
    assert history is not None
    migration = history.migrations[0]

    assert (migration.policy, migration.outcome) == (name, "completed")
    assert box.currentText() == POLICIES[name].title

    parts.player.seek(migration.rounds[0].start_ns + 10**9)
    QApplication.processEvents()
    most = round_limit(parameters_of(name, {}))
    told = "Push, round 1" + (f" of at most {most}." if most else ".")
    assert told in parts.window.narration.text
