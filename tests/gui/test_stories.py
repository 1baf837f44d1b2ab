"""Stories of a lecture, driven by real mouse and key events on the real window and engine."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.history import History
from gui.app import Parts
from gui.dialogs.choose_host import ChooseHost
from gui.views.value_row import MarkedSlider
from tests.gui.conftest import ROOM_MS, FakeWallClock

Settle = Callable[[Parts], None]
LEFT = Qt.MouseButton.LeftButton
SECOND_NS = 1_000_000_000


def history_of(parts: Parts) -> History:
    history = parts.session.history
    assert history is not None
    return history


def drag(widget: QWidget, start: QPoint, end: QPoint, *, drop: bool = True) -> None:
    """Press, move in steps as a hand does, and let go."""
    QTest.mousePress(widget, LEFT, Qt.KeyboardModifier.NoModifier, start)
    for step in range(1, 11):
        QTest.mouseMove(widget, start + (end - start) * step / 10)
        QApplication.processEvents()
    if drop:
        QTest.mouseRelease(widget, LEFT, Qt.KeyboardModifier.NoModifier, end)
        QApplication.processEvents()


def drag_vm(parts: Parts, vm: str, host: str, *, drop: bool = True) -> None:
    pool = parts.window.pool
    drag(pool, pool.tile_rect(vm).center(), pool.host_rect(host).center(), drop=drop)


def drag_slider(slider: MarkedSlider, position: int, *, release: bool = True) -> None:
    height = slider.height() // 2
    start = QPoint(round(slider.x_at(slider.value())), height)
    end = QPoint(round(slider.x_at(position)), height)
    drag(slider, start, end, drop=release)


def click_on_time(parts: Parts, t_ns: int) -> None:
    timeline = parts.window.timeline
    x = round(timeline.x_at(t_ns))
    QTest.mouseClick(
        timeline, LEFT, Qt.KeyboardModifier.NoModifier, QPoint(x, timeline.height() // 2)
    )


def pictures(parts: Parts, t_ns: int) -> dict[str, QImage]:
    """Return what every view shows at an instant."""
    parts.player.seek(t_ns)
    QApplication.processEvents()
    window = parts.window
    views = {
        "pool": window.pool, "pages": window.pages, "narration": window.narration,
        "plots": window.plots, "console": window.console, "outcome": window.outcome,
        "rounds": window.rounds, "timeline": window.timeline, "transport": window.transport,
    }
    return {name: view.grab().toImage() for name, view in views.items()}


def test_drag_a_vm_to_a_host_confirm_and_it_migrates_from_the_playhead_on(
    parts: Parts, qtbot: QtBot, settle: Settle, clock: FakeWallClock
) -> None:
    click_on_time(parts, SECOND_NS)
    at_ns = parts.player.t_ns
    drag_vm(parts, "cps", "xen-2")
    dialog = parts.wiring.moving.dialog
    assert dialog is not None and dialog.isVisible()
    assert dialog.question.text() == "Move cps from xen-1 to xen-2?"
    qtbot.waitUntil(lambda: dialog.total.text().endswith("s"), timeout=ROOM_MS)
    promised = dialog.total.text(), dialog.downtime.text()
    qtbot.mouseClick(dialog.accept_button, LEFT)
    settle(parts)
    record = history_of(parts).migrations[0]

    assert parts.player.playing
    assert len(history_of(parts).migrations) == 1
    assert (record.vm, record.destination) == ("cps", "xen-2")
    assert record.requested_ns == at_ns
    assert record.outcome == "completed"
    assert record.released_ns is not None
    assert promised[0].split()[0][:3] == f"{(record.released_ns - at_ns) / 1e9:.3f}"[:3]
    assert promised[1].endswith("ms")

    clock.pass_ms(200)
    parts.player.tick()
    assert parts.player.t_ns > at_ns


def test_a_cancelled_question_changes_nothing(parts: Parts, qtbot: QtBot) -> None:
    before = parts.session.scenario
    drag_vm(parts, "cps", "xen-2")
    dialog = parts.wiring.moving.dialog
    assert dialog is not None
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)

    assert parts.session.scenario is before
    assert parts.wiring.moving.dialog is None


def test_a_host_that_cannot_take_the_vm_says_why_and_nothing_moves(parts: Parts) -> None:
    before = parts.session.scenario
    drag_vm(parts, "cps", "amd-3")
    notice = parts.window.error_notice

    assert parts.wiring.moving.dialog is None
    assert notice.isVisible()
    assert notice.title == "cps cannot move to amd-3"
    assert any("Intel" in line and "AMD" in line for line in notice.lines)
    assert parts.session.scenario is before


def test_the_same_by_keyboard(parts: Parts, qtbot: QtBot, settle: Settle) -> None:
    qtbot.keyClick(parts.window, Qt.Key.Key_M)
    choice = parts.window.findChild(ChooseHost)
    assert choice is not None and choice.isVisible()
    qtbot.keyClick(choice.table, Qt.Key.Key_Return)
    dialog = parts.wiring.moving.dialog
    assert dialog is not None
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    settle(parts)

    assert history_of(parts).migrations[0].requested_ns == 0
    assert parts.player.playing


def test_scrub_back_and_play_on(parts: Parts, qtbot: QtBot, clock: FakeWallClock) -> None:
    history = history_of(parts)
    timeline = parts.window.timeline
    y = timeline.height() // 2
    at_nine, at_five = (
        QPoint(round(timeline.x_at(t * SECOND_NS)), y) for t in (9, 5)
    )
    drag(timeline, at_nine, at_five)
    scrubbed_ns = parts.player.t_ns
    assert abs(scrubbed_ns - 5 * SECOND_NS) < 0.1 * SECOND_NS

    qtbot.keyClick(parts.window, Qt.Key.Key_Space)
    clock.pass_ms(200)
    parts.player.tick()

    assert parts.player.t_ns == scrubbed_ns + 200_000_000
    assert history_of(parts) is history


def test_scrubbing_back_shows_the_same_picture_again(parts: Parts) -> None:
    first = pictures(parts, 8 * SECOND_NS)
    pictures(parts, 12 * SECOND_NS)
    again = pictures(parts, 8 * SECOND_NS)

    for name, image in first.items():
        assert image == again[name], name


def test_a_slider_in_mid_run_keeps_the_past_and_changes_the_future_in_every_view(
    parts: Parts, settle: Settle
) -> None:
    old = history_of(parts)
    later_ns = 9_500_000_000
    before = pictures(parts, later_ns)
    click_on_time(parts, 7 * SECOND_NS)
    at_ns = parts.player.t_ns
    row = parts.window.controls.bandwidth
    drag_slider(row.slider, row.scale.position_of(400_000_000))
    settle(parts)
    new = history_of(parts)

    assert parts.player.t_ns == at_ns
    assert new.digest_until(at_ns) == old.digest_until(at_ns)
    assert new.digest() != old.digest()
    assert new.end_ns > old.end_ns
    assert new.spec.changes[0].at_ns == at_ns
    assert old.spec.network == new.spec.network
    for name, image in pictures(parts, later_ns).items():
        assert image != before[name], f"{name} shows the old future"


def test_the_future_changes_while_the_slider_is_still_in_hand(
    parts: Parts, settle: Settle
) -> None:
    parts.player.seek(7 * SECOND_NS)
    old = history_of(parts)
    row = parts.window.controls.bandwidth
    drag_slider(row.slider, row.scale.position_of(400_000_000), release=False)
    settle(parts)

    assert row.slider.isSliderDown()
    assert history_of(parts).end_ns > old.end_ns


def test_time_stands_still_while_the_slider_is_in_hand(
    parts: Parts, settle: Settle, clock: FakeWallClock
) -> None:
    parts.player.seek(7 * SECOND_NS)
    parts.player.play()
    row = parts.window.controls.bandwidth
    drag_slider(row.slider, row.scale.position_of(400_000_000), release=False)
    clock.pass_ms(200)
    parts.player.tick()
    assert parts.player.t_ns == 7 * SECOND_NS

    QTest.mouseRelease(row.slider, LEFT)
    settle(parts)
    clock.pass_ms(100)
    parts.player.tick()
    assert parts.player.t_ns > 7 * SECOND_NS


def test_one_drag_of_a_slider_is_one_edit_to_undo(parts: Parts, settle: Settle) -> None:
    parts.player.seek(7 * SECOND_NS)
    old = history_of(parts)
    row = parts.window.controls.bandwidth
    drag_slider(row.slider, row.scale.position_of(400_000_000))
    settle(parts)
    assert parts.session.undo_stack.count() == 1
    assert parts.window.notice.whole.startswith("New future: bandwidth")

    parts.window.actions_by_name.undo.trigger()
    settle(parts)
    assert history_of(parts).digest() == old.digest()
    assert parts.window.notice.whole == ""

    parts.window.actions_by_name.redo.trigger()
    settle(parts)
    assert history_of(parts).end_ns > old.end_ns


def test_at_the_start_a_slider_edits_the_scenario(parts: Parts, settle: Settle) -> None:
    row = parts.window.controls.dirty_rate
    drag_slider(row.slider, row.scale.position_of(20_000))
    settle(parts)
    spec = history_of(parts).spec

    assert spec.changes == ()
    assert spec.vms[0].writers[0].rate_pps > 10_000


def test_r_takes_everything_back(parts: Parts, settle: Settle, qtbot: QtBot) -> None:
    old = history_of(parts)
    for at_ns, position in ((7 * SECOND_NS, 300), (8 * SECOND_NS, 500)):
        parts.player.seek(at_ns)
        drag_slider(parts.window.controls.bandwidth.slider, position)
        settle(parts)
    qtbot.keyClick(parts.window, Qt.Key.Key_R)
    settle(parts)

    assert parts.player.t_ns == 0
    assert history_of(parts).digest() == old.digest()
    assert parts.window.notice.whole == ""


def test_a_second_edit_leaves_the_first_in_its_past(parts: Parts, settle: Settle) -> None:
    row = parts.window.controls.bandwidth
    parts.player.seek(7 * SECOND_NS)
    drag_slider(row.slider, row.scale.position_of(500_000_000))
    settle(parts)
    first = history_of(parts)
    parts.player.seek(9 * SECOND_NS)
    drag_slider(row.slider, row.scale.position_of(900_000_000))
    settle(parts)
    second = history_of(parts)

    assert len(second.spec.changes) == 2
    assert second.digest_until(9 * SECOND_NS) == first.digest_until(9 * SECOND_NS)


def test_the_policy_box_changes_the_migration_that_has_not_begun(
    parts: Parts, settle: Settle, qtbot: QtBot
) -> None:
    parts.player.seek(2 * SECOND_NS)
    box = parts.window.controls.policy
    box.setFocus()
    target = box.findData("postcopy")
    while box.currentIndex() != target:
        key = Qt.Key.Key_Down if box.currentIndex() < target else Qt.Key.Key_Up
        qtbot.keyClick(box, key)
    settle(parts)

    assert history_of(parts).migrations[0].policy == "postcopy"
    assert any(p.name == "pull" for p in history_of(parts).migrations[0].phases)


@pytest.mark.parametrize("limit", ["500 Mbit/s", "none"])
def test_a_rate_limit_comes_and_goes(parts: Parts, settle: Settle, limit: str) -> None:
    controls = parts.window.controls
    controls.rate_limit.box.setFocus()
    for text in ("500 Mbit/s", limit):
        controls.rate_limit.box.selectAll()
        QTest.keyClicks(controls.rate_limit.box, text)
        QTest.keyClick(controls.rate_limit.box, Qt.Key.Key_Return)
        settle(parts)
    got = history_of(parts).spec.migrations[0].rate_limit_bps

    assert got == (500_000_000 if limit != "none" else None)


def test_random_clicks_and_keys_do_no_harm(
    parts: Parts, qtbot: QtBot, settle: Settle, clock: FakeWallClock
) -> None:
    keys = [
        Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_PageDown,
        Qt.Key.Key_PageUp, Qt.Key.Key_End, Qt.Key.Key_Home, Qt.Key.Key_Plus, Qt.Key.Key_T,
    ]
    word = 12345
    for _ in range(120):
        word = (1103515245 * word + 12345) % 2**31
        qtbot.keyClick(parts.window, keys[(word >> 8) % len(keys)])
        spot = QPointF((word >> 3) % 900, (word >> 5) % 760).toPoint()
        target = parts.window.childAt(spot) or parts.window
        if target in (parts.window.timeline, parts.window.pool, parts.window.pages):
            QTest.mouseClick(target, LEFT, Qt.KeyboardModifier.NoModifier, spot)
        clock.pass_ms(40)
        parts.player.tick()
        QApplication.processEvents()

    assert 0 <= parts.player.t_ns <= parts.player.end_ns
