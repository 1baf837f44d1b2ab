"""Faults by hand: by key, from the menu bar and from the menus of hosts and VMs."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from engine.events import EventKind
from engine.history import History
from gui.app import Parts
from gui.models.fault_choices import fault_sentence, host_faults, vm_faults

Settle = Callable[[Parts], None]
LEFT = Qt.MouseButton.LeftButton
SHIFT, CTRL_SHIFT = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier,
)
PUSH_NS = 7_000_000_000


def history_of(parts: Parts) -> History:
    history = parts.session.history
    assert history is not None
    return history


def kinds_at(history: History, t_ns: int) -> list[EventKind]:
    return [e.kind for e in history.events if e.t_ns == t_ns]


def press(parts: Parts, key: Qt.Key, modifiers: Qt.KeyboardModifier = SHIFT) -> None:
    QTest.keyClick(parts.window, key, modifiers)
    QApplication.processEvents()


def choose(menu: QMenu, text: str) -> None:
    """Click the entry of a menu, as a hand does."""
    action = next(a for a in menu.actions() if a.text().startswith(text))
    QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())
    QApplication.processEvents()


@pytest.mark.parametrize(
    ("key", "modifiers", "event", "headline"),
    [
        (Qt.Key.Key_C, SHIFT, EventKind.CANCELLED, "was cancelled; cps goes on at xen-1"),
        (Qt.Key.Key_L, SHIFT, EventKind.LINK_DOWN, "The migration failed; cps goes on at xen-1"),
        (Qt.Key.Key_D, SHIFT, EventKind.HOST_DIED, "cps is lost"),
        (Qt.Key.Key_L, CTRL_SHIFT, EventKind.LINK_DOWN, "failed; cps goes on at xen-1"),
        (Qt.Key.Key_D, CTRL_SHIFT, EventKind.HOST_DIED, "failed; cps goes on at xen-1"),
    ],
)
def test_a_key_breaks_something_at_the_playhead(
    parts: Parts,
    settle: Settle,
    key: Qt.Key,
    modifiers: Qt.KeyboardModifier,
    event: EventKind,
    headline: str,
) -> None:
    parts.player.seek(PUSH_NS)
    old = history_of(parts)
    press(parts, key, modifiers)
    settle(parts)
    new = history_of(parts)

    assert event in kinds_at(new, PUSH_NS)
    assert new.digest_until(PUSH_NS - 1) == old.digest_until(PUSH_NS - 1)
    assert parts.player.t_ns == PUSH_NS
    assert headline in parts.window.narration.text
    assert any(e.t_ns == PUSH_NS for e in parts.window.timeline._marks)
    assert parts.window.notice.whole.startswith("New future: ")

    parts.window.actions_by_name.undo.trigger()
    settle(parts)
    assert history_of(parts).digest() == old.digest()
    assert parts.window.notice.whole == ""


def test_a_lost_announcement_is_seen_before_and_when_it_is_lost(
    parts: Parts, settle: Settle
) -> None:
    old = history_of(parts)
    parts.player.seek(PUSH_NS)
    press(parts, Qt.Key.Key_A)
    settle(parts)
    new = history_of(parts)
    lost = next(e for e in new.events if e.kind is EventKind.ANNOUNCEMENT_LOST)
    reachable_ns, before_ns = new.migrations[0].reachable_ns, old.migrations[0].reachable_ns
    marks = [m.t_ns for m in parts.window.timeline._marks]

    assert PUSH_NS in marks and lost.t_ns in marks
    assert before_ns is not None and (reachable_ns is None or reachable_ns > before_ns)
    parts.player.seek(lost.t_ns)
    assert "The announcement was lost on its way" in parts.window.narration.text


def test_a_link_goes_down_and_comes_up_again_by_the_same_key(
    parts: Parts, settle: Settle
) -> None:
    parts.player.seek(1_000_000_000)
    press(parts, Qt.Key.Key_L)
    settle(parts)
    assert "The link of xen-1 has been down" in parts.window.narration.text
    parts.player.seek(2_000_000_000)
    press(parts, Qt.Key.Key_L)
    settle(parts)
    scenario = parts.session.scenario
    assert scenario is not None

    assert [f.kind for f in scenario.spec.faults] == ["link-down", "link-up"]
    assert history_of(parts).migrations[0].outcome == "completed"
    assert parts.session.undo_stack.count() == 2


def test_what_cannot_happen_says_why_and_changes_nothing(parts: Parts) -> None:
    before = parts.session.scenario
    parts.player.seek(1_000_000_000)
    press(parts, Qt.Key.Key_C)
    notice = parts.window.error_notice

    assert notice.isVisible()
    assert notice.lines == ("Cancel the migration of cps: no migration of it is under way.",)
    assert parts.session.scenario is before
    QTest.keyClick(notice, Qt.Key.Key_Escape)
    press(parts, Qt.Key.Key_D, CTRL_SHIFT)
    assert notice.lines == ("No migration of cps is under way.",)


def test_the_menu_bar_lists_the_faults_of_the_vm_and_of_every_host(
    parts: Parts, settle: Settle
) -> None:
    parts.player.seek(PUSH_NS)
    menu = parts.window.faults
    menu.popup(parts.window.mapToGlobal(parts.window.rect().center()))
    texts = [a.text() for a in menu.actions() if a.text()]
    assert texts[:2] == ["Cancel the migration of cps", "Lose the next announcement of cps"]
    assert "Link of amd-3 goes down" in texts and "amd-3 dies" in texts
    choose(menu, "xen-2 dies")
    settle(parts)

    assert history_of(parts).migrations[0].outcome == "failed"
    menu.aboutToShow.emit()
    dead = next(a for a in menu.actions() if a.text().startswith("xen-2 dies"))
    assert not dead.isEnabled() and "xen-2 died" in dead.text()


def test_right_click_on_a_host_offers_its_faults(parts: Parts, settle: Settle) -> None:
    parts.player.seek(PUSH_NS)
    pool = parts.window.pool
    spot = pool.host_rect("amd-3").bottomLeft()
    spot.setX(spot.x() + 4)
    spot.setY(spot.y() - 3)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, spot, pool.mapToGlobal(spot))
    QApplication.sendEvent(pool, event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    choose(menu, "Link of amd-3 goes down")
    settle(parts)

    assert EventKind.LINK_DOWN in kinds_at(history_of(parts), PUSH_NS)
    assert "amd-3: link down" in pool.accessibleDescription()


def test_right_click_on_a_vm_offers_to_cancel_its_migration(parts: Parts, settle: Settle) -> None:
    parts.player.seek(PUSH_NS)
    pool = parts.window.pool
    spot = pool.tile_rect("cps").center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, spot, pool.mapToGlobal(spot))
    QApplication.sendEvent(pool, event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    choose(menu, "Cancel the migration of cps")
    settle(parts)

    assert history_of(parts).migrations[0].outcome == "cancelled"


def test_choices_name_what_is_so_at_the_instant(parts: Parts) -> None:
    history = history_of(parts)

    assert [c.kind for c in host_faults(history, 0, "xen-1")] == ["link-down", "host-dies"]
    assert [bool(c.why_not) for c in vm_faults(history, 0, "cps")] == [True, False]
    assert [bool(c.why_not) for c in vm_faults(history, PUSH_NS, "cps")] == [False, False]
    assert fault_sentence("host-dies", "xen-1") == "xen-1 dies"
