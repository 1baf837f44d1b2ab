"""Everything larger or smaller at run time: drawn sharp, hit where it is seen, nothing cut."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QGraphicsView, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from engine.scenario import Scenario, load_scenario
from gui import app
from gui.app import Parts
from gui.layouts import NEEDED_PX, SCALES
from gui.settings import Settings
from gui.style.theme import DARK
from gui.views.picture_ratio import picture_ratio
from gui.views.scaled_view import ScaledView
from tests.gui.conftest import FakeWallClock, Opener
from tests.gui.test_compare import compare
from tests.gui.test_labels import cut_texts

SECOND_NS = 1_000_000_000
CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def spot(parts: Parts, view: QWidget, position: QPoint) -> tuple[QWidget, QPoint]:
    """Return the widget that gets a click on a place of a view, and where."""
    central = parts.window.centralWidget()
    if not isinstance(central, QGraphicsView):
        return view, position
    inside = view.mapTo(parts.window.canvas, position)
    return central.viewport(), central.mapFromScene(QPointF(inside))


def fits(parts: Parts) -> bool:
    """Return whether the content has the room there is, or scrolls over what it needs at least."""
    window = parts.window
    least, given, room = window.canvas.minimumSizeHint(), window.canvas.size(), window.room
    across = given.width() <= max(room.width(), least.width()) + 1
    down = given.height() <= max(room.height(), least.height()) + 1
    return across and down


def test_keys_go_through_the_scales_and_back(parts: Parts, qtbot: QtBot) -> None:
    layouts = parts.wiring.layouts
    seen = [layouts.scale_percent]
    for _ in range(len(SCALES)):
        qtbot.keyClick(parts.window, Qt.Key.Key_Up, CTRL_SHIFT)
        seen.append(layouts.scale_percent)
    assert seen[:4] == [100, 110, 125, 150] and seen[-1] == 250
    qtbot.keyClick(parts.window, Qt.Key.Key_0, CTRL_SHIFT)
    assert layouts.scale_percent == 100
    qtbot.waitUntil(lambda: parts.window.room == parts.window.canvas.size())
    qtbot.keyClick(parts.window, Qt.Key.Key_Down, CTRL_SHIFT)
    assert layouts.scale_percent == 90


@pytest.mark.parametrize("percent", [75, 150, 200])
def test_clicks_land_where_they_are_seen_and_keys_work(
    open_window: Opener, demo: Scenario, qtbot: QtBot, percent: int
) -> None:
    parts = open_window(demo, 1920, 1080)
    parts.wiring.layouts.set_scale(percent)
    QApplication.processEvents()
    # A dragged VM asks to move, as at 100 %.
    pool = parts.window.pool
    start = spot(parts, pool, pool.tile_rect("cps").center())
    end = spot(parts, pool, pool.host_rect("xen-2").center())
    QTest.mousePress(start[0], Qt.MouseButton.LeftButton, pos=start[1])
    for step in range(1, 6):
        QTest.mouseMove(end[0], start[1] + (end[1] - start[1]) * step / 5)
        QApplication.processEvents()
    QTest.mouseRelease(end[0], Qt.MouseButton.LeftButton, pos=end[1])
    dialog = parts.wiring.moving.dialog
    assert dialog is not None and "cps from xen-1 to xen-2" in dialog.question.text()
    dialog.reject()
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is None)
    parts.window.activateWindow()
    timeline = parts.window.timeline
    target, at = spot(parts, timeline, QPoint(round(timeline.x_at(5 * SECOND_NS)), 10))
    QTest.mouseClick(target, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    assert abs(parts.player.t_ns - 5 * SECOND_NS) < SECOND_NS // 20
    qtbot.keyClick(parts.window, Qt.Key.Key_Space)
    assert parts.player.playing


def test_cached_pictures_have_the_pixels_of_the_scale(parts: Parts) -> None:
    parts.wiring.layouts.set_scale(200)
    QApplication.processEvents()
    timeline = parts.window.timeline
    assert picture_ratio(timeline) == 2 * timeline.devicePixelRatioF()
    timeline.grab()
    assert timeline._cache is not None
    assert timeline._cache.width() >= 2 * timeline.width() - 2
    parts.wiring.layouts.set_scale(100)
    assert picture_ratio(timeline) == timeline.devicePixelRatioF()


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)])
@pytest.mark.parametrize("percent", [75, 100, 150, 200, 250])
def test_nothing_is_cut_at_any_scale(
    open_window: Opener, demo: Scenario, size: tuple[int, int], percent: int
) -> None:
    parts = open_window(demo, *size)
    parts.player.seek(8 * SECOND_NS)
    parts.wiring.layouts.set_scale(percent)
    for _ in range(3):
        QApplication.processEvents()
    window = parts.window
    # A long title is elided; its tip and the window's own title have it whole.
    cut = [text for text in cut_texts(window.canvas) if not text.startswith("TitleLabel")]
    assert cut == []
    least, given = window.canvas.minimumSizeHint(), window.canvas.size()
    assert given.width() >= least.width() and given.height() >= least.height()
    if percent <= 200:  # no scrolling is needed across up to 200 %
        assert given.width() <= window.room.width() + 1
    for shown in (window.pages, window.timeline, window.narration):
        assert shown.isVisible()


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)])
@pytest.mark.parametrize("path", [(75, 200), (75, 150), (200, 100, 200), (150, 175, 200)])
def test_content_fits_whatever_scale_came_before(
    open_window: Opener, demo: Scenario, qtbot: QtBot, size: tuple[int, int], path: tuple[int, ...]
) -> None:
    parts = open_window(demo, *size)
    for percent in path:
        parts.wiring.layouts.set_scale(percent)
        QApplication.processEvents()
    qtbot.waitUntil(lambda: fits(parts))


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)])
@pytest.mark.parametrize("name", ["recorded-demo", "clark-quake3", "postcopy-pull"])
def test_up_to_200_percent_nothing_has_to_be_scrolled(
    open_window: Opener, qtbot: QtBot, name: str, size: tuple[int, int]
) -> None:
    parts = open_window(load_scenario(name), *size)
    parts.player.seek(3 * SECOND_NS)
    for percent in [p for p in SCALES if 100 < p <= 200]:
        parts.wiring.layouts.set_scale(percent)
        QApplication.processEvents()
        window = parts.window
        qtbot.waitUntil(lambda: fits(parts))
        least = window.canvas.minimumSizeHint()
        assert least.width() <= window.room.width() and least.height() <= window.room.height(), (
            percent
        )
        view = window.centralWidget()
        assert isinstance(view, ScaledView)
        assert view.horizontalScrollBar().maximum() == 0 == view.verticalScrollBar().maximum()


def test_three_compared_runs_need_no_scrolling_across(
    parts: Parts, qtbot: QtBot, settle: Callable[[Parts], None]
) -> None:
    settle(parts)
    compare(parts, qtbot, "stop-and-copy", "xen-adaptive")
    for percent in (150, 200):
        parts.wiring.layouts.set_scale(percent)
        qtbot.waitUntil(lambda: fits(parts))
        view = parts.window.centralWidget()
        assert isinstance(view, ScaledView) and view.horizontalScrollBar().maximum() == 0
        page = parts.window.compare_page
        assert page.table.y() >= page.curves.geometry().bottom()
    assert cut_texts(parts.window.compare_page) == []
    parts.wiring.layouts.set_scale(100)
    qtbot.waitUntil(lambda: page.table.x() > page.curves.geometry().right())


def test_content_fits_after_a_start_at_a_remembered_scale_and_after_a_resize(
    application: QApplication, qtbot: QtBot, clock: FakeWallClock, demo: Scenario
) -> None:
    settings = Settings(None)
    settings.put("scale", 200)
    parts = app.build(DARK, clock, settings=settings)
    parts.window.resize(1280, 800)
    parts.window.show()
    qtbot.waitExposed(parts.window)
    parts.session.open(demo)
    qtbot.waitUntil(lambda: fits(parts))
    for width, height in ((1920, 1080), (1280, 800)):
        parts.window.resize(width, height)
        qtbot.waitUntil(lambda width=width: parts.window.width() == width and fits(parts))
    parts.runs.close()
    parts.window.close()
    parts.window.deleteLater()


def test_panels_give_way_in_their_order_and_come_back(
    open_window: Opener, demo: Scenario
) -> None:
    parts = open_window(demo, 1280, 800)
    layouts = parts.wiring.layouts
    order = list(NEEDED_PX)
    hidden = []
    for percent in SCALES[2:]:
        layouts.set_scale(percent)
        QApplication.processEvents()
        hidden.append([name for name in order if not layouts.is_shown(name)])
    assert all(set(a) <= set(b) for a, b in pairwise(hidden))
    assert hidden[0] == [] and set(hidden[-1]) == set(order)
    layouts.set_scale(100)
    assert all(layouts.is_shown(name) for name in order)
    assert parts.window.console.isVisible() and parts.window.side.isVisible()


def test_notes_and_notices_are_scaled_too(parts: Parts, qtbot: QtBot) -> None:
    parts.wiring.layouts.set_scale(150)
    window = parts.window
    window.error_notice.show_lines("That does not work", ["Because."])
    QApplication.processEvents()
    assert window.error_notice.window() is window.canvas
    qtbot.keyClick(window.error_notice, Qt.Key.Key_Escape)
    assert not window.error_notice.isVisible()


def test_scale_is_remembered_and_presenting_enlarges_for_a_while(
    application: QApplication, qtbot: QtBot, clock: FakeWallClock, demo: Scenario, tmp_path: Path
) -> None:
    parts = app.build(DARK, clock, settings=Settings(tmp_path / "s.ini"))
    parts.wiring.layouts.set_scale(125)
    parts.runs.close()
    parts.window.close()
    again = app.build(DARK, clock, settings=Settings(tmp_path / "s.ini"))
    assert again.wiring.layouts.scale_percent == 125
    assert isinstance(again.window.centralWidget(), ScaledView)
    layouts = again.wiring.layouts
    layouts.set_scale(100)
    layouts.set_presenting(True)
    layouts.enlarge_for(again.window.size() * 0 + again.window.size().expandedTo(
        again.window.size()).scaled(1920, 1080, Qt.AspectRatioMode.IgnoreAspectRatio))
    assert layouts.scale_percent == 125  # 1920x1080 has room for 1536x864
    layouts.set_presenting(False)
    assert layouts.scale_percent == 100
    again.runs.close()
    again.window.close()
    for opened in (parts, again):
        opened.window.deleteLater()


def test_tips_are_as_large_as_what_they_tell_of(parts: Parts, qtbot: QtBot) -> None:
    button = parts.window.pages.working_set.button

    def tip_px() -> int:
        at = button.rect().center()
        event = QHelpEvent(QEvent.Type.ToolTip, at, button.mapToGlobal(at))
        QApplication.sendEvent(button, event)
        (tip,) = [w for w in QApplication.topLevelWidgets() if w.inherits("QTipLabel")]
        found = tip.font().pixelSize()
        QToolTip.hideText()
        qtbot.waitUntil(lambda: not QToolTip.isVisible())
        return found

    for percent, size_px in ((200, 26), (75, 10), (100, 13)):
        parts.wiring.layouts.set_scale(percent)
        assert tip_px() == size_px
