"""The parameters of a policy by hand: every one has a field, and what is chosen is one edit."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QSpinBox
from pytestqt.qtbot import QtBot

from engine.policies import POLICIES, parameters_of
from engine.scenario import load_scenario
from gui.app import Parts
from gui.dialogs.policy_parameters import NONE_SENTENCE, PolicyParameters
from tests.gui.conftest import Opener
from tests.gui.test_labels import cut_texts

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
LEFT = Qt.MouseButton.LeftButton


def ask(parts: Parts) -> PolicyParameters:
    QTest.keyClick(parts.window, Qt.Key.Key_P, SHIFT)
    (page,) = (p for p in parts.window.findChildren(PolicyParameters) if p.isVisible())
    return page


@pytest.mark.parametrize("name", POLICIES)
def test_every_parameter_has_a_field_with_its_value(qtbot: QtBot, name: str) -> None:
    policy = POLICIES[name]
    values = parameters_of(policy, {})
    page = PolicyParameters("cps", policy, values)
    qtbot.addWidget(page)
    page.show()
    assert {n: page.value(n) for n in page.editors} == values
    assert all(e.accessibleName() for e in page.editors.values())
    assert cut_texts(page) == []
    if not values:
        assert NONE_SENTENCE in [label.text() for label in page.findChildren(QLabel)]


def test_push_order_is_chosen_by_hand_and_undone(open_window: Opener, settle) -> None:  # type: ignore[no-untyped-def]
    parts = open_window(load_scenario("postcopy-pull"))
    before = parts.session.history
    assert before is not None
    page = ask(parts)
    push, pivots = page.editors["push"], page.editors["pivots"]
    assert isinstance(push, QComboBox) and isinstance(pivots, QSpinBox)
    push.setFocus()
    QTest.keyClicks(push, "b")
    pivots.setFocus()
    pivots.selectAll()
    QTest.keyClicks(pivots, "7")
    QTest.mouseClick(page.apply_button, LEFT)
    settle(parts)
    after = parts.session.history
    assert after is not None and parts.session.scenario is not None
    assert parts.session.scenario.spec.migrations[0].parameters == {"push": "bubbling", "pivots": 7}
    assert after.migrations[0].pages_faulted < before.migrations[0].pages_faulted
    assert "push bubbling" in parts.window.notice.whole
    parts.window.activateWindow()
    QApplication.processEvents()
    QTest.keyClick(parts.window, Qt.Key.Key_Z, CTRL)
    settle(parts)
    assert parts.session.history is not None
    assert parts.session.history.migrations[0].pages_faulted == before.migrations[0].pages_faulted


def test_defaults_come_back_and_cancel_changes_nothing(open_window: Opener) -> None:
    parts = open_window(load_scenario("recorded-demo").with_policy("qemu-precopy"))
    before = parts.session.scenario
    page = ask(parts)
    box = page.editors["auto_converge"]
    assert isinstance(box, QCheckBox)
    box.setChecked(True)
    QTest.mouseClick(page.defaults_button, LEFT)
    assert not box.isChecked()
    box.setChecked(True)
    QTest.keyClick(page, Qt.Key.Key_Escape)
    assert parts.session.scenario is before


def test_vm_without_a_migration_gets_a_sentence(parts: Parts) -> None:
    parts.session.select("xenapp")
    QTest.keyClick(parts.window, Qt.Key.Key_P, SHIFT)
    assert parts.window.error_notice.isVisible()
    assert not parts.window.findChildren(PolicyParameters)
