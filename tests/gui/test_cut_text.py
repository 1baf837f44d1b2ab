"""No text is cut: in no view, mode or dialog, at no size or scale, in no theme."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)
from pytestqt.qtbot import QtBot

from engine.history import History
from engine.scenario import Scenario, bundled_scenarios, load_scenario
from gui.app import Parts
from gui.dialogs.confirm_migration import ConfirmMigration
from gui.dialogs.restore_work import RestoreWork
from gui.keeping import Kept
from gui.style.theme import THEMES
from tests.gui.conftest import ROOM_MS, Opener
from tests.gui.test_labels import cut_texts
from tests.helpers.cut_text import PaintedTexts, cut_items, hidden_edges

SIZES = [(1280, 800), (1920, 1080)]
SCALES = [100, 200]
SECOND_NS = 1_000_000_000
TURNS = 3
WITH_TIP = "title_label"
"""The title gives way, and its tip has it whole."""


@pytest.fixture
def painted() -> Iterator[PaintedTexts]:
    """Listen to everything that is drawn."""
    with PaintedTexts() as texts:
        yield texts


def troubles(
    root: QWidget, painted: PaintedTexts, behind: QWidget | None = None
) -> list[str]:
    """Paint a window whole and return its texts that are not whole.

    Those of pictures that views keep were drawn before; they count since the last look. What the
    window behind a dialog draws meanwhile does not count.
    """
    for _ in range(TURNS):
        QApplication.processEvents()
    for widget in root.findChildren(QWidget):
        widget.update()
    root.grab()
    shortened = [
        f"{whole!r} to {left!r}" for whole, left, by in painted.elided if by != WITH_TIP
    ]
    cut = [text for text in cut_texts(root) if not text.startswith("TitleLabel")]
    if behind is not None:
        painted.forget(behind)
    found = painted.cut() + painted.collisions() + shortened + cut
    painted.clear()
    return found + cut_items(root) + hidden_edges(root)


# The measure itself


class Painter(QWidget):
    """Draws what a test tells it to."""

    def __init__(self, draw: Callable[[QPainter], object]) -> None:
        super().__init__()
        self.draw = draw
        self.resize(200, 40)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.draw(painter)
        painter.end()


WORDS = "words enough to be cut"
LEFT = int(Qt.AlignmentFlag.AlignLeft)


def in_clip(painter: QPainter) -> None:
    painter.setClipRect(QRect(0, 0, 30, 40))
    painter.drawText(5, 20, WORDS)


def elided(painter: QPainter) -> None:
    mode = Qt.TextElideMode.ElideRight
    painter.drawText(5, 20, painter.fontMetrics().elidedText(WORDS, mode, 40))


def twice(painter: QPainter) -> None:
    painter.drawText(5, 20, WORDS)
    painter.drawText(9, 22, "other words")


DRAWN: dict[str, tuple[Callable[[QPainter], object], str]] = {
    "whole": (lambda p: p.drawText(5, 20, WORDS), ""),
    "whole in a box": (lambda p: p.drawText(QRect(5, 5, 190, 30), LEFT, WORDS), ""),
    "in its box": (lambda p: p.drawText(QRect(5, 5, 60, 30), LEFT, WORDS), "by its box"),
    "too low a box": (lambda p: p.drawText(QRect(5, 5, 190, 6), LEFT, WORDS), "by its box"),
    "by the clip": (in_clip, "by the clip"),
    "over the edge": (lambda p: p.drawText(150, 20, WORDS), "by the widget"),
    "under the edge": (lambda p: p.drawText(QPoint(5, 45), WORDS), "by the widget"),
    "elided": (elided, "to 'w"),
    "over each other": (twice, "under 'other words'"),
}


@pytest.mark.parametrize("case", list(DRAWN))
def test_what_is_drawn_too_large_is_found(
    application: QApplication, qtbot: QtBot, painted: PaintedTexts, case: str
) -> None:
    draw, expected = DRAWN[case]
    widget = Painter(draw)
    qtbot.addWidget(widget)
    widget.show()

    found = troubles(widget, painted)

    assert len(found) == (1 if expected else 0), found
    assert all(expected in text for text in found)


def test_narrow_cells_headings_and_edges_are_found(
    application: QApplication, qtbot: QtBot, painted: PaintedTexts
) -> None:
    around = QWidget()
    qtbot.addWidget(around)
    around.resize(300, 200)
    table = QTableWidget(1, 2, around)
    table.setHorizontalHeaderLabels(["short", "a long heading"])
    table.setItem(0, 0, QTableWidgetItem("a cell that is cut"))
    table.setWordWrap(False)
    table.setColumnWidth(0, 60)
    table.setColumnWidth(1, 20)
    outside = QLabel("out of sight", around)
    outside.setGeometry(250, 0, 100, 20)
    around.show()

    assert troubles(around, painted) == [
        "QTableWidget: 'a cell that is cut'", "heading 'a long heading'", "QLabel  in QWidget",
    ]


# Views


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", [s.name for s in bundled_scenarios()])
def test_no_text_of_a_scenario_is_cut(
    open_window: Opener, painted: PaintedTexts, name: str, size: tuple[int, int]
) -> None:
    parts = open_window(load_scenario(name), *size)
    history = parts.session.history
    assert isinstance(history, History)
    for scale in SCALES:
        parts.wiring.layouts.set_scale(scale)
        for share in (0.0, 0.3, 0.6, 1.0):
            parts.player.seek(round(history.end_ns * share))
            assert troubles(parts.window, painted) == [], (scale, share)


def modes(parts: Parts, painted: PaintedTexts) -> Iterator[str]:
    """Take the window through its modes; yield the name of each."""
    a, player = parts.window.actions_by_name, parts.player
    player.seek(8 * SECOND_NS)
    yield "push"
    for switch in ("summary", "branches", "working_set", "log_scale"):
        getattr(a, switch).trigger()
        yield switch
        getattr(a, switch).trigger()
    for _ in range(4):
        a.page_colors.trigger()
        yield "colours of pages"
    a.zoom_switchover.trigger()
    yield "zoomed to the switchover"
    a.zoom_switchover.trigger()
    a.mark_start.trigger()
    player.seek(11 * SECOND_NS)
    a.mark_end.trigger()
    yield "a stretch"
    a.clear_selection.trigger()
    a.pages_in.trigger()
    a.pages_in.trigger()
    yield "zoomed pages"
    a.pages_whole.trigger()
    a.link_fault.trigger()
    yield "a fault and its branch"
    parts.window.error_notice.show_lines("That does not work", ["A reason of some length."])
    yield "an error"
    parts.window.error_notice.hide()
    a.undo.trigger()
    a.advanced.trigger()
    yield "basic"
    a.advanced.trigger()
    size = parts.window.size()
    a.present.trigger()
    QApplication.processEvents()
    painted.clear()
    parts.window.resize(size)  # the screen of the tests is smaller than any projector
    yield "presenting"
    a.present.trigger()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", list(THEMES))
def test_no_text_of_a_mode_is_cut(
    open_window: Opener, demo: Scenario, settle: Callable[[Parts], None], painted: PaintedTexts,
    theme: str, size: tuple[int, int],
) -> None:
    parts = open_window(demo, *size)
    parts.wiring.layouts.set_theme(theme)
    for scale in SCALES:
        parts.wiring.layouts.set_scale(scale)
        for mode in modes(parts, painted):
            settle(parts)
            assert troubles(parts.window, painted) == [], (mode, scale)


@pytest.mark.parametrize(
    ("theme", "size"), [*((theme, SIZES[0]) for theme in THEMES), ("dark", SIZES[1])]
)
def test_no_text_of_a_comparison_is_cut(
    open_window: Opener, demo: Scenario, qtbot: QtBot, painted: PaintedTexts, theme: str,
    size: tuple[int, int],
) -> None:
    parts = open_window(demo, *size)
    parts.wiring.layouts.set_theme(theme)
    parts.window.actions_by_name.compare.trigger()
    (dialog,) = [d for d in parts.window.findChildren(QDialog) if d.isVisible()]
    for row in (1, 2, 3):
        dialog.list.setCurrentRow(row)  # type: ignore[attr-defined]
        QTest.keyClick(dialog.list, Qt.Key.Key_Space)  # type: ignore[attr-defined]
    QTest.keyClick(dialog.list, Qt.Key.Key_Return)  # type: ignore[attr-defined]
    page = parts.window.compare_page
    qtbot.waitUntil(lambda: len(page.runs()) == 4, timeout=ROOM_MS)
    for t_s in (0, 8, 11):
        parts.player.seek(t_s * SECOND_NS)
        assert troubles(parts.window, painted) == []


# Dialogs


BY_ACTION = (
    "scenarios", "why", "parameters", "migrate", "keys", "palette", "note", "compare",
    "plot_table", "predict", "reproduce", "attach", "open_share_code", "reset_all",
)


def confirm(parts: Parts) -> QDialog:
    session = parts.session
    return ConfirmMigration(session.planned_move("cps", "xen-2"), session.with_move, parts.window)


def restore(parts: Parts) -> QDialog:
    scenario = parts.session.scenario
    assert scenario is not None
    kept = Kept(Path("kept.toml"), 1_700_000_000.0)
    return RestoreWork([(kept, scenario.spec.title)], parts.window)


MADE = {"confirm": confirm, "restore": restore}


def visible_dialogs(parts: Parts) -> set[QDialog]:
    return {d for d in parts.window.findChildren(QDialog) if d.isVisible()}


def opened(parts: Parts, name: str) -> set[QDialog]:
    """Return the dialogs that an action opens, or the one that is made for it."""
    before = visible_dialogs(parts)
    if name in MADE:
        MADE[name](parts).show()
    else:
        getattr(parts.window.actions_by_name, name).trigger()
    return visible_dialogs(parts) - before


@pytest.mark.parametrize("theme", list(THEMES))
def test_no_text_of_a_dialog_is_cut(
    parts: Parts, settle: Callable[[Parts], None], painted: PaintedTexts, theme: str
) -> None:
    parts.wiring.layouts.set_theme(theme)
    parts.session.edit("network.bandwidth", "600 Mbit/s")
    parts.session.end_gesture()
    settle(parts)
    for name in (*BY_ACTION, *MADE):
        parts.player.seek(8 * SECOND_NS)
        painted.clear()
        found = opened(parts, name)
        assert found, name
        for dialog in found:
            assert troubles(dialog, painted, behind=parts.window) == [], name
            assert dialog.width() <= 1280 and dialog.height() <= 760, name
            dialog.close()
        QApplication.processEvents()
