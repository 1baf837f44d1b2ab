"""The command palette, the key sheet, and what every action must have."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from gui.action_table import TABLE
from gui.app import Parts
from gui.dialogs.key_sheet import NOTHING, KeyColumns, KeySheet
from gui.dialogs.palette import CommandPalette
from gui.models.fuzzy import fit, ranked


def palette_of(parts: Parts, qtbot: QtBot) -> CommandPalette:
    qtbot.keyClick(parts.window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    (found,) = [p for p in parts.window.findChildren(CommandPalette) if p.isVisible()]
    return found


def back_to_window(parts: Parts, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is None)
    parts.window.activateWindow()
    qtbot.waitUntil(parts.window.isActiveWindow)
    qtbot.wait(50)


def in_menus(menu: QMenu) -> set[QAction]:
    found: set[QAction] = set()
    for action in menu.actions():
        below = action.menu()
        found |= in_menus(below) if isinstance(below, QMenu) else {action}
    return found


def test_every_action_is_in_a_menu_has_a_help_and_a_key_of_its_own(parts: Parts) -> None:
    bar = parts.window.menu_bar
    there: set[QAction] = set()
    for action in bar.actions():
        menu = action.menu()
        assert isinstance(menu, QMenu)
        there |= in_menus(menu)
    missing = [
        row.name
        for row, action in parts.window.actions_by_name.rows()
        if action not in there and row.group != "Faults"  # that menu is filled by the run
    ]
    assert missing == []
    assert all(row.help.endswith(".") and row.text and row.group for row in TABLE)
    keys = [key for row in TABLE for key in row.keys]
    assert len(keys) == len(set(keys))
    assert [row.name for row in TABLE if not row.keys] == []


@pytest.mark.parametrize(
    ("typed", "text", "fits"),
    [
        ("sw", "Slow motion at switchovers", True),
        ("mig 2", "Migrate cps to xen-2", True),
        ("2 mig", "Migrate cps to xen-2", True),
        ("zzz", "Zoom into the plots", False),
        ("PLAY", "Play or pause", True),
    ],
)
def test_letters_fit_in_their_order(typed: str, text: str, fits: bool) -> None:
    assert (fit(typed, text) is not None) == fits


def test_beginnings_of_words_win_and_names_before_words_about_them() -> None:
    names = [("Export a figure…", "Save"), ("Play or pause", ""), ("Plots: the whole run", "")]
    assert ranked("pl", names)[:2] == [1, 2]
    assert ranked("pause", names)[0] == 1
    assert ranked("save", [("Undo", "Save it"), ("Save", "")])[0] == 1
    assert ranked("", names) == [0, 1, 2]


def test_a_few_letters_and_return_do_it_and_it_is_first_the_next_time(
    parts: Parts, qtbot: QtBot
) -> None:
    palette = palette_of(parts, qtbot)
    qtbot.keyClicks(palette.field, "slow mo")
    assert palette.shown[0].key == "slow_motion"
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert parts.player.slow_motion
    back_to_window(parts, qtbot)

    again = palette_of(parts, qtbot)
    assert again is not palette and again.shown[0].key == "slow_motion"
    qtbot.keyClick(again.field, Qt.Key.Key_Escape)
    assert not again.isVisible()


def test_it_opens_scenarios_and_moves_the_vm(parts: Parts, qtbot: QtBot) -> None:
    palette = palette_of(parts, qtbot)
    qtbot.keyClicks(palette.field, "migrate cps")
    moves = [c for c in palette.shown if c.key.startswith("migrate:")]
    assert {c.name: bool(c.why_not) for c in moves} == {
        "Migrate cps to xen-2": False, "Migrate cps to amd-3": True
    }
    refused = next(i for i, c in enumerate(palette.shown) if c.why_not)
    palette.list.setCurrentRow(refused)
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible() and palette.foot.text().startswith("Not now: ")
    palette.field.setText("migrate cps xen-2")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert parts.wiring.moving.dialog is not None
    parts.wiring.moving.dialog.reject()
    back_to_window(parts, qtbot)

    palette = palette_of(parts, qtbot)
    qtbot.keyClicks(palette.field, "open post copy moves")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert parts.session.scenario is not None
    assert parts.session.scenario.name == "postcopy-pull"


def test_arrows_choose_while_letters_are_typed(parts: Parts, qtbot: QtBot) -> None:
    palette = palette_of(parts, qtbot)
    for key, row in ((Qt.Key.Key_Down, 1), (Qt.Key.Key_Down, 2), (Qt.Key.Key_Up, 1)):
        qtbot.keyClick(palette.field, key)
        assert palette.list.currentRow() == row
    qtbot.keyClick(palette.field, Qt.Key.Key_PageDown)
    assert palette.list.currentRow() > 5
    palette.field.setText("qqqq")
    assert palette.shown == [] and palette.foot.text() == "Nothing is called that."
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()


def test_what_cannot_be_done_says_why(parts: Parts, qtbot: QtBot) -> None:
    palette = palette_of(parts, qtbot)
    why = {c.key: c.why_not for c in palette.shown}
    assert why["undo"] == "nothing was edited"
    assert why["detach"] == "no QEMU is attached"
    assert "it has no object" not in why.values()


def test_the_key_sheet_names_every_key_and_finds_them(parts: Parts, qtbot: QtBot) -> None:
    qtbot.keyClick(parts.window, Qt.Key.Key_F1)
    sheet = parts.window.findChild(KeySheet)
    assert sheet is not None and sheet.isVisible()
    assert len(sheet.rows) == sum(bool(row.keys) for row in TABLE)
    assert sheet.width() <= 1280 and sheet.height() <= 800
    qtbot.keyClicks(sheet.field, "slow motion")
    assert [text for _, text, _ in sheet.shown()] == ["Slow motion at switchovers"]
    columns = sheet.findChild(KeyColumns)
    assert columns is not None
    assert columns.accessibleDescription() == "Play: Slow motion at switchovers, S"
    sheet.field.setText("no such thing")
    assert columns.accessibleDescription() == NOTHING
    sheet.field.setText("")
    assert sheet.shown() == sheet.rows
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
