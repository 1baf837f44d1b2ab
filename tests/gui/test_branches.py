"""The tree of futures: grown by edits, walked by undo, gone to, named, deleted, saved."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from engine.scenario import load_scenario
from gui.app import Parts
from gui.branching import FIRST_NAME, MOST_HISTORIES, Branching, Node
from tests.gui.conftest import Opener
from tests.gui.test_stories import click_on_time, drag_slider, history_of

Settle = Callable[[Parts], None]
SECOND_NS = 1_000_000_000
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def tree_of(parts: Parts) -> Branching:
    return parts.wiring.forking.tree


def names(parts: Parts) -> list[str]:
    return [node.name for node in tree_of(parts).nodes()]


def change(parts: Parts, settle: Settle, at_s: float, bandwidth: int) -> Node:
    click_on_time(parts, round(at_s * SECOND_NS))
    row = parts.window.controls.bandwidth
    drag_slider(row.slider, row.scale.position_of(bandwidth * 1_000_000))
    settle(parts)
    node = tree_of(parts).current
    assert node is not None
    return node


def test_one_drag_of_a_slider_is_one_future_and_the_old_one_is_kept(
    parts: Parts, settle: Settle
) -> None:
    old = history_of(parts)
    node = change(parts, settle, 7, 500)
    assert names(parts) == [FIRST_NAME, node.name]
    assert node.name.startswith("bandwidth") and abs(node.at_ns - 7 * SECOND_NS) < SECOND_NS // 10
    assert node.parent is tree_of(parts).nodes()[0]
    assert node.history is history_of(parts) and node.outcome == "completed"
    assert history_of(parts).digest_until(node.at_ns) == old.digest_until(node.at_ns)
    assert f"the old one is kept as “{FIRST_NAME}”" in parts.window.notice.whole


def test_undo_walks_up_and_a_new_edit_makes_a_sibling(
    parts: Parts, qtbot: QtBot, settle: Settle
) -> None:
    first = change(parts, settle, 7, 500)
    qtbot.keyClick(parts.window, Qt.Key.Key_Z, CTRL)
    settle(parts)
    tree = tree_of(parts)
    root = tree.nodes()[0]
    assert tree.current is root and first in tree.nodes()
    second = change(parts, settle, 7, 300)
    assert second.parent is root and len(tree.nodes()) == 3
    assert tree.depths() == [0, 0, 1]
    qtbot.keyClick(parts.window, Qt.Key.Key_Z, CTRL)
    qtbot.keyClick(parts.window, Qt.Key.Key_Z, CTRL | SHIFT)
    settle(parts)
    assert tree.current is second and len(tree.nodes()) == 3


def test_edits_one_after_the_other_are_futures_one_after_the_other(
    parts: Parts, settle: Settle
) -> None:
    nodes = [change(parts, settle, at_s, 500 - 50 * at_s) for at_s in (6, 7, 8)]
    assert [n.parent for n in nodes] == [tree_of(parts).nodes()[0], *nodes[:2]]
    assert tree_of(parts).depths() == [0, 0, 0, 0]


def test_a_slider_that_comes_back_leaves_no_future(parts: Parts, settle: Settle) -> None:
    session = parts.session
    parts.player.seek(7 * SECOND_NS)
    session.edit("network.bandwidth", "500 Mbit/s")
    assert len(tree_of(parts).nodes()) == 2
    session.edit("network.bandwidth", "400 Mbit/s")
    session.end_gesture()
    settle(parts)
    assert len(tree_of(parts).nodes()) == 2
    assert "400" in tree_of(parts).nodes()[1].name


def open_panel(parts: Parts, qtbot: QtBot) -> None:
    qtbot.keyClick(parts.window, Qt.Key.Key_T, SHIFT)
    assert parts.window.branches.isVisible()
    assert QApplication.focusWidget() is parts.window.branches.tree


def test_the_panel_goes_to_a_future_by_key_and_the_playhead_stays(
    parts: Parts, qtbot: QtBot, settle: Settle
) -> None:
    old = history_of(parts)
    node = change(parts, settle, 7, 500)
    parts.player.seek(9 * SECOND_NS)
    open_panel(parts, qtbot)
    tree = parts.window.branches.tree
    assert tree.topLevelItemCount() == 2
    assert node.name in tree.topLevelItem(1).text(0)
    assert tree.topLevelItem(1).text(1).endswith("s")
    qtbot.keyClick(tree, Qt.Key.Key_Up)
    qtbot.keyClick(tree, Qt.Key.Key_Return)
    settle(parts)
    assert tree_of(parts).current is tree_of(parts).nodes()[0]
    assert history_of(parts).digest() == old.digest()
    assert parts.player.t_ns == 9 * SECOND_NS
    parts.session.undo_stack.undo()
    settle(parts)
    assert tree_of(parts).current is node


def test_f2_names_a_future_and_two_cannot_share_a_name(
    parts: Parts, qtbot: QtBot, settle: Settle
) -> None:
    node = change(parts, settle, 7, 500)
    open_panel(parts, qtbot)
    tree = parts.window.branches.tree
    qtbot.keyClick(tree, Qt.Key.Key_F2)
    editor = tree.findChild(QLineEdit)
    assert editor is not None
    editor.selectAll()
    qtbot.keyClicks(editor, "half the link")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    QApplication.processEvents()
    assert node.name == "half the link"
    assert "half the link" in tree.topLevelItem(1).text(0)
    parts.wiring.forking._rename(node, FIRST_NAME)
    assert parts.window.error_notice.isVisible() and node.name == "half the link"
    parts.window.error_notice.dismiss()
    parts.session.undo_stack.undo()
    assert node.name != "half the link"


def test_del_deletes_what_is_not_in_force_and_undo_brings_it_back(
    parts: Parts, qtbot: QtBot, settle: Settle
) -> None:
    first = change(parts, settle, 7, 500)
    parts.session.undo_stack.undo()
    settle(parts)
    change(parts, settle, 8, 300)
    open_panel(parts, qtbot)
    tree = parts.window.branches.tree
    qtbot.keyClick(tree, Qt.Key.Key_Delete)
    assert parts.window.error_notice.lines == (
        "This future is in force; go to another one first.",
    )
    parts.window.error_notice.dismiss()
    tree.setFocus()
    tree.setCurrentItem(tree.topLevelItem(1))
    qtbot.keyClick(tree, Qt.Key.Key_Delete)
    assert first not in tree_of(parts).nodes() and tree.topLevelItemCount() == 2
    parts.session.undo_stack.undo()
    assert tree_of(parts).nodes()[1] is first
    tree.setCurrentItem(tree.topLevelItem(0))
    qtbot.keyClick(tree, Qt.Key.Key_Delete)
    assert "stays" in parts.window.error_notice.lines[0]


def test_two_to_four_are_chosen_to_compare(parts: Parts, qtbot: QtBot, settle: Settle) -> None:
    node = change(parts, settle, 7, 500)
    open_panel(parts, qtbot)
    panel = parts.window.branches
    asked: list[object] = []
    panel.compare_wanted.connect(asked.append)
    assert not panel.compare_button.isEnabled()
    for row in (0, 1):
        panel.tree.setCurrentItem(panel.tree.topLevelItem(row))
        qtbot.keyClick(panel.tree, Qt.Key.Key_Space)
    assert panel.compare_button.isEnabled() and panel.compare_button.text() == "Compare 2"
    qtbot.mouseClick(panel.compare_button, Qt.MouseButton.LeftButton)
    assert asked == [(tree_of(parts).nodes()[0], node)]
    assert not parts.player.playing


def test_playing_goes_on_under_the_panel(parts: Parts, qtbot: QtBot, settle: Settle) -> None:
    change(parts, settle, 7, 500)
    open_panel(parts, qtbot)
    parts.window.setFocus()
    qtbot.keyClick(parts.window, Qt.Key.Key_Space)
    assert parts.player.playing and parts.window.branches.isVisible()


def test_a_saved_file_keeps_every_future(
    parts: Parts, settle: Settle, open_window: Opener, tmp_path: Path
) -> None:
    first = change(parts, settle, 7, 500)
    parts.session.undo_stack.undo()
    settle(parts)
    change(parts, settle, 8, 300)
    digests = {node.name: node.history.digest() for node in tree_of(parts).nodes() if node.history}
    document = tree_of(parts).document()
    assert document is not None
    assert parts.wiring.files.save_to(tmp_path / "kept.toml", document)

    again = open_window(load_scenario(str(tmp_path / "kept.toml")))
    nodes = tree_of(again).nodes()
    assert {n.name for n in nodes[1:]} == {FIRST_NAME, first.name}
    assert history_of(again).digest() == history_of(parts).digest()
    for name in (first.name, FIRST_NAME):
        tree_of(again).go_to(next(n for n in nodes if n.name == name))
        settle(again)
        assert history_of(again).digest() == digests[name]


def test_notes_make_no_future_of_their_own(parts: Parts, settle: Settle) -> None:
    from engine.dated import with_note

    assert parts.session.scenario is not None
    parts.session.take(with_note(parts.session.scenario, SECOND_NS, "look"), "note")
    settle(parts)
    assert names(parts) == [FIRST_NAME]
    document = tree_of(parts).document()
    assert document is not None and document["notes"][0]["text"] == "look"


def test_only_a_few_histories_are_kept(parts: Parts, settle: Settle) -> None:
    for i in range(MOST_HISTORIES + 2):
        parts.player.seek((7 + i // 4) * SECOND_NS)
        parts.session.edit("network.bandwidth", f"{300 + 10 * i} Mbit/s")
        parts.session.end_gesture()
        settle(parts)
    nodes = tree_of(parts).nodes()
    assert sum(n.history is not None for n in nodes) <= MOST_HISTORIES
    assert all(n.outcome for n in nodes)


def test_asking_for_a_name_twice_keeps_what_is_typed(
    parts: Parts, qtbot: QtBot, settle: Settle
) -> None:
    change(parts, settle, 7, 500)
    open_panel(parts, qtbot)
    panel = parts.window.branches
    panel.rename_button.click()
    editor = panel.tree.findChild(QLineEdit)
    assert editor is not None
    editor.setText("half the link")
    panel.rename_button.click()  # a warning of Qt fails a test
    assert panel.tree.findChild(QLineEdit) is editor and editor.text() == "half the link"


@pytest.mark.parametrize("theme", ["dark", "light", "projector"])
def test_the_panel_fits_into_the_side(
    parts: Parts, qtbot: QtBot, settle: Settle, theme: str
) -> None:
    change(parts, settle, 7, 500)
    parts.wiring.layouts.set_theme(theme)
    open_panel(parts, qtbot)
    panel = parts.window.branches
    right = panel.mapTo(parts.window, QPoint(panel.width(), 0)).x()
    assert right <= parts.window.width()
    for button in (panel.go_button, panel.rename_button, panel.compare_button):
        assert button.width() >= button.sizeHint().width()
    QTest.qWait(10)


def test_lines_that_tell_the_same_are_not_written_again(
    parts: Parts, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(parts, settle, 6, 400)
    parts.window.actions_by_name.branches.trigger()
    panel = parts.window.branches
    written: list[object] = []
    fill = panel._fill

    def note(item: object, future: object, *rest: object, **more: object) -> None:
        written.append(future)
        fill(item, future, *rest, **more)

    monkeypatch.setattr(panel, "_fill", note)
    parts.wiring.forking.tree.changed.emit()
    assert written == []

    change(parts, settle, 7, 300)
    nodes = parts.wiring.forking.tree.nodes()
    assert nodes[0] not in written and nodes[1] in written and nodes[2] in written
    texts = [panel.tree.topLevelItem(i).text(0) for i in range(panel.tree.topLevelItemCount())]
    assert len(texts) == 3 and [("\u25b6" in t) for t in texts] == [False, False, True]


def test_many_futures_are_written_anew_without_the_view_looking_at_each_change(
    parts: Parts,
) -> None:
    futures = [Node(f"future {i}", None, 0, parts.session.scenario) for i in range(60)]
    panel = parts.window.branches
    panel.show_futures(futures, futures[3], [0] * 60)
    told: list[object] = []
    panel.tree.model().dataChanged.connect(lambda *where: told.append(where))

    panel.set_future_hidden(True)

    assert told == []
    texts = {panel.tree.topLevelItem(row).text(1) for row in range(60)}
    assert texts == {"hidden"}
    panel.set_future_hidden(False)
    assert panel.tree.topLevelItem(59).text(1) == "\N{EN DASH}"
