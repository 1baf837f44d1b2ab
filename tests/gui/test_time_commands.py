"""Marks of the timeline, notes by hand, steps by page, batch and stage, and loops."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from engine.dated import with_note
from engine.scenario import Scenario
from engine.simulation import simulate
from engine.steps import step_to
from gui.app import Parts
from gui.dialogs.note import NoteDialog
from gui.views.timeline_marks import Mark, group_words, grouped, marks_of
from gui.views.timeline_view import TimelineView
from tests.gui.conftest import FakeWallClock, Opener

Settle = Callable[[Parts], None]
SECOND_NS = 1_000_000_000
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def back(parts: Parts, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is None)
    parts.window.activateWindow()
    qtbot.waitUntil(parts.window.isActiveWindow)


def note_dialog(parts: Parts) -> NoteDialog:
    (found,) = [d for d in parts.window.findChildren(NoteDialog) if d.isVisible()]
    return found


def write_note(parts: Parts, qtbot: QtBot, text: str) -> None:
    qtbot.keyClick(parts.window, Qt.Key.Key_N)
    dialog = note_dialog(parts)
    qtbot.keyClicks(dialog.field, text)
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    back(parts, qtbot)


def mark_spot(parts: Parts, t_ns: int) -> QPoint:
    timeline = parts.window.timeline
    return QPoint(round(timeline.x_at(t_ns)), timeline._marks_top() + 6)


# Marks


def marked(small: Scenario) -> Scenario:
    scenario = small.with_change(200_000_000, {"network.bandwidth": "500 Mbit/s"})
    return with_note(scenario.with_fault(300_000_000, "link-down", "xen-2"), 100_000_000, "look")


def test_each_kind_of_mark_has_its_words(small: Scenario) -> None:
    found = marks_of(simulate(marked(small).spec))
    kinds = {mark.kind: mark.words for mark in found}
    assert [m.t_ns for m in found] == sorted(m.t_ns for m in found)
    assert kinds["note"] == "note: look"
    assert kinds["change"].startswith("change: ") and "500 Mbit/s" in kinds["change"]
    assert any(m.kind == "fault" and "link down: xen-2" in m.words for m in found)


def test_marks_that_would_overlap_are_one_box_with_their_number() -> None:
    marks = [Mark(t, "change", f"at {t}") for t in (0, 5, 9, 30, 100)]
    groups = grouped(marks, float)
    assert [len(g) for g in groups] == [3, 1, 1]
    assert group_words(groups[0]).splitlines()[0] == "3 marks:"
    assert [len(g) for g in grouped(marks, lambda t: t * 100.0)] == [1] * 5


def test_shapes_differ_without_their_colours(qtbot: QtBot, small: Scenario) -> None:
    view = TimelineView()
    qtbot.addWidget(view)
    view.set_history(simulate(marked(small).spec), selected="cps")
    view.resize(1200, view.height())
    image = view.grab().toImage()
    ground = image.pixelColor(4, view._marks_top() + 2)
    shapes: dict[str, set[tuple[bool, ...]]] = {}
    for group in grouped(view._marks, view.x_at):
        x = round(view.x_at(group[0].t_ns))
        shapes.setdefault(group[0].kind, set()).add(
            tuple(
                image.pixelColor(x + dx, view._marks_top() + dy) != ground
                for dx in range(-6, 8) for dy in range(14)
            )
        )
    assert set(shapes) == {"note", "change", "fault"}
    assert all(len(drawn) == 1 for drawn in shapes.values())
    assert len(set.union(*shapes.values())) == 3


def test_a_click_on_a_mark_goes_to_its_instant(open_window: Opener, demo: Scenario) -> None:
    at_ns = 6_123_456_789
    parts = open_window(demo.with_change(at_ns, {"network.bandwidth": "500 Mbit/s"}))
    timeline = parts.window.timeline
    QTest.mouseClick(timeline, LEFT, NONE, mark_spot(parts, at_ns))
    assert parts.player.t_ns == at_ns
    assert "500 Mbit/s" in timeline.description_at(mark_spot(parts, at_ns))


# Notes


def test_a_note_is_written_shown_changed_undone_and_saved(
    parts: Parts, qtbot: QtBot, settle: Settle
) -> None:
    parts.player.seek(5 * SECOND_NS)
    write_note(parts, qtbot, "Watch the ping now")
    settle(parts)
    scenario = parts.session.scenario
    assert scenario is not None
    assert scenario.document["notes"] == [{"at": "5 s", "text": "Watch the ping now"}]
    bubble = parts.wiring.noting.bubble
    assert bubble.text == "Watch the ping now"
    below = parts.window.timeline.mapTo(parts.window, QPoint(0, 0)).y()
    assert bubble.geometry().bottom() < below
    assert parts.window.rect().contains(bubble.geometry())
    parts.player.seek(9 * SECOND_NS)
    assert bubble.text == ""

    parts.player.seek(5 * SECOND_NS)
    qtbot.keyClick(parts.window, Qt.Key.Key_N)
    dialog = note_dialog(parts)
    assert dialog.field.toPlainText() == "Watch the ping now"
    dialog.field.setPlainText("   ")
    assert not dialog.keep_button.isEnabled()
    dialog.field.setPlainText("Better")
    qtbot.mouseClick(dialog.keep_button, LEFT)
    back(parts, qtbot)
    settle(parts)
    assert [n.text for n in parts.session.scenario.spec.notes] == ["Better"]

    qtbot.keyClick(parts.window, Qt.Key.Key_Z, CTRL)
    settle(parts)
    assert [n.text for n in parts.session.scenario.spec.notes] == ["Watch the ping now"]


def test_del_takes_away_what_stands_at_the_playhead(
    parts: Parts, qtbot: QtBot, settle: Settle
) -> None:
    qtbot.keyClick(parts.window, Qt.Key.Key_Delete)
    assert parts.window.error_notice.title == "Nothing to remove here"
    parts.window.error_notice.dismiss()
    parts.player.seek(6 * SECOND_NS)
    parts.session.edit("network.bandwidth", "500 Mbit/s")
    parts.session.end_gesture()
    settle(parts)
    parts.player.seek(0)
    qtbot.keyClick(parts.window, Qt.Key.Key_Right, SHIFT)
    while parts.player.t_ns < 6 * SECOND_NS:
        qtbot.keyClick(parts.window, Qt.Key.Key_Right, SHIFT)
    qtbot.keyClick(parts.window, Qt.Key.Key_Delete)
    settle(parts)
    assert parts.session.scenario is not None and parts.session.scenario.spec.changes == ()
    assert parts.window.notice.whole.startswith("New future: without the change at 6 s")
    qtbot.keyClick(parts.window, Qt.Key.Key_Z, CTRL)
    assert len(parts.session.scenario.spec.changes) == 1


def test_the_menu_of_a_mark_offers_to_remove_it(
    parts: Parts, qtbot: QtBot, settle: Settle
) -> None:
    parts.player.seek(5 * SECOND_NS)
    write_note(parts, qtbot, "here")
    settle(parts)
    timeline = parts.window.timeline
    spot = mark_spot(parts, 5 * SECOND_NS)
    timeline.menu_requested.emit(
        sorted({m.t_ns for m in timeline.marks_at(spot)}), timeline.mapToGlobal(spot)
    )
    (menu,) = [m for m in parts.window.findChildren(QMenu) if m.isVisible()]
    texts = [a.text() for a in menu.actions()]
    assert texts == ["Note at 5 s…", "Remove the note at 5 s: here"]
    menu.actions()[1].trigger()
    menu.close()
    assert parts.session.scenario is not None and parts.session.scenario.spec.notes == ()


# Steps


@pytest.mark.parametrize(
    ("kind", "key", "modifier"),
    [
        ("stage", Qt.Key.Key_PageDown, SHIFT),
        ("batch", Qt.Key.Key_Right, CTRL),
        ("page", Qt.Key.Key_Right, ALT),
    ],
)
def test_keys_step_through_the_record(
    parts: Parts, qtbot: QtBot, kind: str, key: Qt.Key, modifier: Qt.KeyboardModifier
) -> None:
    history = parts.session.history
    assert history is not None
    backwards = {Qt.Key.Key_PageDown: Qt.Key.Key_PageUp}.get(key, Qt.Key.Key_Left)
    parts.player.seek(7 * SECOND_NS)
    landed = [step_to(history, 7 * SECOND_NS, "cps", kind, 1)]  # type: ignore[arg-type]
    landed.append(step_to(history, landed[0], "cps", kind, 1))  # type: ignore[arg-type]
    for wanted in landed:
        qtbot.keyClick(parts.window, key, modifier)
        assert parts.player.t_ns == wanted
    qtbot.keyClick(parts.window, backwards, modifier)
    assert parts.player.t_ns == landed[0]


# Loops


def test_a_selected_stretch_plays_again_and_again(
    parts: Parts, qtbot: QtBot, clock: FakeWallClock
) -> None:
    timeline = parts.window.timeline
    y = 8
    ends = [QPoint(round(timeline.x_at(t * SECOND_NS)), y) for t in (5, 6)]
    QTest.mousePress(timeline, LEFT, SHIFT, ends[0])
    QTest.mouseMove(timeline, (ends[0] + ends[1]) / 2)
    QTest.mouseMove(timeline, ends[1])
    QTest.mouseRelease(timeline, LEFT, SHIFT, ends[1])
    chosen = parts.window.plots.selection
    assert chosen is not None and abs(chosen.start_ns - 5 * SECOND_NS) < SECOND_NS // 20
    before = timeline.grab().toImage()

    qtbot.keyClick(parts.window, Qt.Key.Key_O)
    assert parts.player.loop == (chosen.start_ns, chosen.end_ns)
    assert timeline.grab().toImage() != before
    parts.player.seek(chosen.end_ns - 50_000_000)
    parts.player.play()
    seen = [parts.player.t_ns]
    for _ in range(20):
        clock.pass_ms(100)
        parts.player.tick()
        seen.append(parts.player.t_ns)
    assert all(chosen.start_ns <= t < chosen.end_ns for t in seen)
    assert sum(b < a for a, b in pairwise(seen)) == 2
    assert parts.player.playing

    qtbot.keyClick(parts.window, Qt.Key.Key_O)
    assert parts.player.loop is None


def test_without_a_selection_the_stage_at_the_playhead_loops(parts: Parts, qtbot: QtBot) -> None:
    history = parts.session.history
    assert history is not None
    (m,) = history.migrations
    push = next(p for p in m.phases if p.name == "push")
    parts.player.seek((push.start_ns + push.end_ns) // 2)
    qtbot.keyClick(parts.window, Qt.Key.Key_O)
    assert parts.player.loop == (push.start_ns, push.end_ns)
    qtbot.keyClick(parts.window, Qt.Key.Key_Escape)
    assert parts.window.plots.selection is None
    assert parts.player.loop is None
    assert not parts.window.actions_by_name.loop.isChecked()
