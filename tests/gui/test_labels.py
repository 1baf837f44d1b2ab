"""No label is narrower than its text, at the sizes of a projector and of a desk."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QStyle,
    QStyleOptionComboBox,
    QWidget,
)

from engine.history import History
from engine.scenario import bundled_scenarios, load_scenario
from gui.actions import build_actions
from gui.dialogs.confirm_migration import ConfirmMigration
from gui.dialogs.key_sheet import KeySheet
from gui.dialogs.scenarios import ScenariosDialog
from gui.views.title_label import TitleLabel
from tests.gui.conftest import Opener

SIZES = [(1280, 800), (1920, 1080)]


def cut_texts(root: QWidget) -> list[str]:
    """Return the texts of visible labels, buttons and boxes that do not fit."""
    found = []
    for widget in root.findChildren(QWidget):
        if widget.isVisible() and not fits(widget):
            found.append(f"{type(widget).__name__} {widget.objectName()}: {text_of(widget)!r}")
    return found


def text_of(widget: QWidget) -> str:
    if isinstance(widget, QLabel | QAbstractButton | QLineEdit):
        return widget.text().replace("&", "")
    return widget.currentText() if isinstance(widget, QComboBox) else ""


def fits(widget: QWidget) -> bool:
    text, metrics = text_of(widget), QFontMetrics(widget.font())
    if not text:
        return True
    if isinstance(widget, TitleLabel):
        return widget.text() == widget.whole
    if isinstance(widget, QLabel) and widget.wordWrap():
        flags = Qt.TextFlag.TextWordWrap
        box = metrics.boundingRect(0, 0, widget.width(), 10_000, int(flags), text)
        return box.width() <= widget.width() and box.height() <= widget.height() + 1
    needed = max(metrics.horizontalAdvance(line) for line in text.splitlines())
    return needed <= room(widget) and metrics.height() <= widget.height()


def room(widget: QWidget) -> int:
    if isinstance(widget, QComboBox):
        option = QStyleOptionComboBox()
        widget.initStyleOption(option)
        part = QStyle.SubControl.SC_ComboBoxEditField
        return widget.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, part, widget
        ).width()
    return widget.contentsRect().width()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", [s.name for s in bundled_scenarios()])
def test_no_label_in_the_window_is_cut(
    open_window: Opener, name: str, size: tuple[int, int]
) -> None:
    parts = open_window(load_scenario(name), *size)
    history = parts.session.history
    assert isinstance(history, History)
    for share in (0.0, 0.3, 0.6, 1.0):
        parts.player.seek(round(history.end_ns * share))
        QApplication.processEvents()

        assert cut_texts(parts.window) == []


@pytest.mark.parametrize("size", SIZES)
def test_nothing_of_the_window_lies_outside_of_it(
    open_window: Opener, size: tuple[int, int]
) -> None:
    parts = open_window(load_scenario("recorded-demo"), *size)
    window = parts.window

    assert (window.width(), window.height()) == size
    for view in (window.pool, window.pages, window.narration, window.plots, window.console,
                 window.timeline, window.transport, window.controls):
        corner = view.mapTo(window, view.rect().bottomRight())
        smallest = view.minimumSizeHint()
        assert window.rect().contains(corner), type(view).__name__
        assert view.width() >= smallest.width(), type(view).__name__
        assert view.height() >= smallest.height(), type(view).__name__


def test_no_label_in_a_dialog_is_cut(open_window: Opener) -> None:
    parts = open_window(load_scenario("recorded-demo"))
    window, session = parts.window, parts.session
    dialogs = [
        ConfirmMigration(session.planned_move("cps", "xen-2"), session.with_move, window),
        ScenariosDialog(bundled_scenarios(), "recorded-demo", window),
        KeySheet(window.actions_by_name.rows(), window),
    ]
    for dialog in dialogs:
        dialog.show()
        QApplication.processEvents()

        assert cut_texts(dialog) == []
        dialog.close()


def test_no_two_actions_share_a_key(open_window: Opener) -> None:
    window = QWidget()
    keys = [k.toString() for a in build_actions(window).all() for k in a.shortcuts()]

    assert len(keys) == len(set(keys))
