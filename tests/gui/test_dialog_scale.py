"""Dialogs are as large as the window's scale says, and nothing in them is out of reach."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox, QScrollArea
from pytestqt.qtbot import QtBot

from gui.app import Parts
from gui.dialog_scale import FRAME_PX, ScrolledDialog
from gui.dialogs.key_sheet import KeySheet
from gui.dialogs.palette import ROW_PX, CommandPalette
from gui.dialogs.plot_table import PlotTableDialog
from gui.dialogs.predict import PredictDialog
from gui.dialogs.why import WhyDialog
from gui.style.enlarging import enlarged_sheet
from tests.gui.test_access import OPENERS, SECOND_NS
from tests.gui.test_labels import cut_texts

Settle = Callable[[Parts], None]


def opened(parts: Parts, name: str) -> QDialog:
    """Open the dialog of an action, and return it."""
    parts.window.activateWindow()
    getattr(parts.window.actions_by_name, name).trigger()
    for _ in range(3):
        QApplication.processEvents()
    (dialog,) = [d for d in parts.window.findChildren(QDialog) if d.isVisible()]
    return dialog


def test_the_screen_is_that_of_a_lecture_hall() -> None:
    size = QApplication.primaryScreen().size()
    assert (size.width(), size.height()) == (1920, 1080)


def test_pixels_of_a_style_sheet_are_enlarged_and_nothing_else() -> None:
    sheet = "QLabel { border: 1px solid #101010; padding: 0px 5px; font-weight: 600; }"
    assert enlarged_sheet(sheet, 2) == sheet.replace("1px", "2px").replace("5px", "10px")
    assert "border: 1px" in enlarged_sheet(sheet, 0.5)


@pytest.mark.parametrize("percent", [75, 150, 200, 250])
@pytest.mark.parametrize("name", sorted(OPENERS))
def test_every_dialog_takes_the_scale_and_cuts_nothing(
    parts: Parts, settle: Settle, name: str, percent: int
) -> None:
    settle(parts)
    parts.player.seek(2 * SECOND_NS)
    parts.wiring.layouts.set_scale(percent)
    dialog = opened(parts, name)
    assert dialog.font().pixelSize() == round(QApplication.font().pixelSize() * percent / 100)
    assert cut_texts(dialog) == []
    room = parts.window.size() - FRAME_PX
    assert dialog.width() <= room.width() and dialog.height() <= room.height()
    area = dialog.findChild(ScrolledDialog)
    if area is not None and percent <= 200:  # it scrolls down and not across
        assert area.horizontalScrollBar().maximum() == 0
    for inner in dialog.findChildren(QScrollArea):
        if inner.horizontalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff:
            content = inner.widget()
            assert content is not None
            assert content.minimumSizeHint().width() <= inner.viewport().width()
    dialog.close()


def test_a_dialog_at_the_usual_scale_is_as_it_was_built(parts: Parts, settle: Settle) -> None:
    settle(parts)
    dialog = opened(parts, "why")
    assert dialog.size().toTuple() == (620, 640) and dialog.styleSheet() == ""
    dialog.close()


def test_a_dialog_that_stays_open_follows_the_scale_and_back(
    parts: Parts, settle: Settle
) -> None:
    settle(parts)
    dialog = opened(parts, "why")
    assert isinstance(dialog, WhyDialog)
    font, size = dialog.heading.font().pixelSize(), dialog.size()
    parts.wiring.layouts.set_scale(150)
    assert dialog.heading.font().pixelSize() == round(font * 1.5)
    parts.player.seek(8 * SECOND_NS)  # answers that come later are as large
    QApplication.processEvents()
    first = dialog.answers.itemAt(0)
    answer = first.widget() if first is not None else None
    assert answer is not None and answer.font().pixelSize() == round(14 * 1.5)
    parts.wiring.layouts.set_theme("light")
    QApplication.processEvents()  # the dialog has a turn of its own
    assert parts.window.theme.panel in dialog.styleSheet()
    parts.wiring.layouts.set_scale(100)
    assert dialog.heading.font().pixelSize() == font
    assert abs(dialog.width() - size.width()) <= 2
    dialog.close()


def test_what_does_not_fit_scrolls_to_what_has_the_focus(
    parts: Parts, settle: Settle, qtbot: QtBot
) -> None:
    settle(parts)
    parts.wiring.layouts.set_scale(200)
    dialog = opened(parts, "predict")
    assert isinstance(dialog, PredictDialog)
    area = dialog.findChild(ScrolledDialog)
    assert area is not None and area.verticalScrollBar().maximum() > 0
    # The buttons do not scroll away, and Return still locks in.
    assert not area.isAncestorOf(dialog.lock_button) and dialog.lock_button.isDefault()
    dialog.activateWindow()
    dialog.clear_button.setEnabled(True)
    dialog.longer.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(lambda: not dialog.longer.visibleRegion().isEmpty())
    corner = dialog.longer.mapTo(area.viewport(), dialog.longer.rect().bottomRight())
    assert area.viewport().rect().contains(corner)
    dialog.reject()


def test_what_paints_itself_is_painted_larger_and_hit_where_it_is_seen(
    parts: Parts, settle: Settle, qtbot: QtBot
) -> None:
    settle(parts)
    parts.wiring.layouts.set_scale(200)
    palette = opened(parts, "palette")
    assert isinstance(palette, CommandPalette)
    assert palette.list.visualItemRect(palette.list.item(1)).height() >= 2 * ROW_PX
    palette.close()
    keys = opened(parts, "keys")
    assert isinstance(keys, KeySheet) and keys.shown()
    keys.close()
    table = opened(parts, "plot_table")
    assert isinstance(table, PlotTableDialog)
    assert table.view.rowHeight(0) == 44
    assert all(
        table.view.columnWidth(c) >= table.view.fontMetrics().horizontalAdvance(
            str(table.model.index(0, c).data()))
        for c in range(table.model.columnCount())
    )  # fmt: skip
    table.close()


def test_a_box_of_the_system_is_as_large(parts: Parts, settle: Settle) -> None:
    settle(parts)
    parts.session.edit("network.bandwidth", "500 Mbit/s")
    parts.wiring.layouts.set_scale(200)
    box = opened(parts, "reset_all")
    assert isinstance(box, QMessageBox)
    base = QApplication.font().pixelSize()
    assert {button.font().pixelSize() for button in box.buttons()} == {2 * base}
    assert cut_texts(box) == []
    box.close()
