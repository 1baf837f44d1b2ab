"""Zoom, stories, the page that is followed, and what colours stand for, by mouse and keys."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.history import History
from engine.page_counts import AgeMeter, SentCounter, WriteCounter
from engine.page_story import page_story
from engine.scenario import Scenario, load_scenario
from engine.simulation import simulate
from engine.states import N_STATES, PageState
from gui import app
from gui.style.theme import DARK, load_fonts
from gui.views.page_coding import ABSENT, AGE, CODINGS, SENT, STATE, WRITTEN, Coding
from gui.views.page_grid import PageGrid
from gui.views.page_lens import LEAST_PAGES, Lens
from gui.views.page_painting import counted
from gui.views.pages_view import PagesView

SECOND_NS = 10**9
PUSH_NS = 8_600_000_000


@pytest.fixture(scope="module")
def run() -> History:
    return simulate(load_scenario("recorded-demo").spec)


@pytest.fixture
def view(qtbot: QtBot, run: History) -> PagesView:
    load_fonts()
    widget = PagesView()
    qtbot.addWidget(widget)
    widget.resize(1100, 420)
    widget.set_theme(DARK)
    widget.set_history(run, selected="cps")
    widget.show_frame(run.frame_at(PUSH_NS))
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def turn_wheel(grid: PageGrid, at: QPoint, notches: int) -> None:
    event = QWheelEvent(
        QPointF(at), QPointF(grid.mapToGlobal(at)), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )
    QApplication.sendEvent(grid, event)


def center_of(grid: PageGrid, page: int) -> QPoint:
    place = grid.cell_of(page)
    assert place is not None
    return place.center()


# Zoom


def test_the_wheel_zooms_to_single_pages_with_the_same_page_under_the_mouse(
    view: PagesView,
) -> None:
    grid, at = view.source, QPoint(200, 120)
    pages = grid.pages_at(at)
    assert pages is not None and pages[1] > pages[0]
    page = sum(pages) // 2
    for _ in range(20):
        turn_wheel(grid, at, 1)
        found = grid.pages_at(at)
        assert found is not None
        # Lines are laid out anew at every step; a cell or two of the old size is the error.
        assert abs(found[0] - page) <= pages[1] - pages[0] + 1
        page, pages = sum(found) // 2, found
    assert grid.layout_of_cells.pages_per_cell == 1
    assert view.sight.lens.n_shown == LEAST_PAGES
    assert grid.layout_of_cells.cell_px >= 8
    for _ in range(20):
        turn_wheel(grid, at, -1)
    assert view.sight.lens == Lens.whole(131_072)


def test_both_grids_show_the_same_part_and_count_only_it(view: PagesView, run: History) -> None:
    turn_wheel(view.source, QPoint(200, 120), 4)
    lens = view.sight.lens
    states = run.frame_at(PUSH_NS).vms["cps"].states
    assert states is not None
    shown = np.bincount(states[lens.first : lens.last + 1], minlength=N_STATES)

    for grid in (view.source, view.destination):
        assert grid.window_of_pages == (lens.first, lens.n_shown)
        assert grid.counts().sum(axis=0).tolist() == shown.tolist()
    whole = view.sight.overview.counts().sum(axis=0).tolist()
    assert whole == np.bincount(states, minlength=N_STATES).tolist()
    assert view.sight.overview.isVisible()
    assert "53,686 not sent" in view.legend.text()  # of the whole memory


@pytest.mark.parametrize("coding", CODINGS)
def test_a_zoomed_view_played_is_the_picture_of_one_jumped_to(
    qtbot: QtBot, run: History, view: PagesView, coding: Coding
) -> None:
    view.set_coding(coding)
    view.sight.go_to(3000)
    view.sight.release()
    turn_wheel(view.source, center_of(view.source, 3000), 6)
    jumped = PagesView()
    qtbot.addWidget(jumped)
    jumped.resize(view.size())
    jumped.set_history(run, selected="cps")
    jumped.set_coding(coding)
    jumped.show()
    qtbot.waitExposed(jumped)
    jumped.sight._look_at(view.sight.lens)
    end_ns = PUSH_NS + 700_000_000
    for t_ns in [*range(PUSH_NS, end_ns, 20_000_000), end_ns + 10**8, end_ns]:
        view.show_frame(run.frame_at(t_ns))
    jumped.show_frame(run.frame_at(end_ns))
    qtbot.wait(60)

    for ours, theirs in zip(view._grids, jumped._grids, strict=True):
        assert np.array_equal(ours.counts(), theirs.counts())
    view.source.clearFocus()
    jumped.source.clearFocus()
    assert view.source.grab().toImage() == jumped.source.grab().toImage()


def test_keys_zoom_pan_and_show_all(qtbot: QtBot, view: PagesView) -> None:
    grid = view.source
    grid.setFocus()
    for _ in range(5):
        qtbot.keyClick(grid, Qt.Key.Key_Plus)
    before = view.sight.lens
    assert before.n_shown < 131_072 // 8
    qtbot.keyClick(grid, Qt.Key.Key_Down)
    assert view.sight.lens.first > before.first
    qtbot.keyClick(grid, Qt.Key.Key_Up)
    assert view.sight.lens == before
    qtbot.keyClick(grid, Qt.Key.Key_0)
    assert view.sight.lens.is_whole and not view.sight.overview.isVisible()


def test_a_double_click_opens_a_cell(qtbot: QtBot, view: PagesView) -> None:
    pages = view.source.pages_at(center_of(view.source, 60_000))
    assert pages is not None
    qtbot.mouseDClick(
        view.source, Qt.MouseButton.LeftButton, pos=center_of(view.source, 60_000)
    )
    lens = view.sight.lens
    assert lens.first <= pages[0] and pages[1] <= lens.last
    assert lens.n_shown == max(LEAST_PAGES, pages[1] - pages[0] + 1)


def test_the_map_shows_another_part(qtbot: QtBot, view: PagesView) -> None:
    view.sight.zoom(6)
    size, overview = view.sight.lens.n_shown, view.sight.overview
    qtbot.mouseClick(overview, Qt.MouseButton.LeftButton, pos=center_of(overview, 100_000))
    assert view.sight.lens.n_shown == size
    assert view.sight.lens.first < 100_000 < view.sight.lens.last


# Stories


def test_the_page_under_the_mouse_is_told(qtbot: QtBot, view: PagesView, run: History) -> None:
    view.sight.go_to(4143)
    view.sight.release()
    turn_wheel(view.source, center_of(view.source, 4143), 12)
    place = center_of(view.source, view.sight.lens.first + 3)
    page, last = view.source.pages_at(place) or (0, 1)
    assert page == last
    qtbot.mouseMove(view.source, place)
    qtbot.waitUntil(view.sight.card.isVisible)

    assert view.sight.card.text == page_story(run, "cps", page, PUSH_NS).text
    assert view.rect().contains(view.sight.card.geometry())


def test_a_click_follows_a_page_and_its_bar_seeks(
    qtbot: QtBot, view: PagesView, run: History
) -> None:
    asked: list[int] = []
    view.seek_requested.connect(asked.append)
    qtbot.mouseClick(view.source, Qt.MouseButton.LeftButton, pos=center_of(view.source, 900))
    assert view.sight.pinned is not None and view.sight.strip.isVisible()
    page = view.sight.pinned
    assert view.sight.strip.text == page_story(run, "cps", page, PUSH_NS).text
    strip = view.sight.strip
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(strip.width() // 2, 50))
    assert len(asked) == 1 and abs(asked[0] - run.end_ns // 2) < run.end_ns // 500

    view.show_frame(run.frame_at(12 * SECOND_NS))
    assert strip.text == page_story(run, "cps", page, 12 * SECOND_NS).text
    qtbot.keyClick(view.source, Qt.Key.Key_Escape)
    assert view.sight.pinned is None and not strip.isVisible()


def test_a_page_is_gone_to_by_its_number(qtbot: QtBot, view: PagesView) -> None:
    view.go_to_page()
    field = view.sight.tools.page
    qtbot.keyClicks(field, "4,143")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert view.sight.pinned == 4143
    assert "Page 4,143 is dirty again" in view.sight.strip.text

    for wrong in ("131072", "-1", "many", "٣"):
        field.clear()
        field.setText(wrong)
        qtbot.keyClick(field, Qt.Key.Key_Return)
        assert "from 0 to 131,071" in view.sight.tools.complaint
        assert view.sight.pinned == 4143
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert view.sight.pinned is None


# Colours


def test_scales_count_what_the_meters_count(view: PagesView, run: History) -> None:
    record = run.vm("cps")
    for t_ns in (PUSH_NS, 3 * SECOND_NS, 11 * SECOND_NS, run.end_ns):
        meters = {
            SENT: SentCounter(run, "cps"), WRITTEN: WriteCounter(record, run.end_ns),
            AGE: AgeMeter(record, run.end_ns),
        }
        view.show_frame(run.frame_at(t_ns))
        for coding, meter in meters.items():
            view.set_coding(coding)
            meter.move_to(t_ns)
            expected = np.bincount(meter.classes, minlength=N_STATES).tolist()
            here = view.destination if t_ns == run.end_ns else view.source
            assert here.counts().sum(axis=0).tolist() == expected, (coding.name, t_ns)
        view.set_coding(STATE)


def test_the_destination_shows_only_what_has_arrived(view: PagesView, run: History) -> None:
    view.set_coding(WRITTEN)
    sent = SentCounter(run, "cps")
    sent.move_to(PUSH_NS)
    absent = int(view.destination.counts()[:, ABSENT].sum())
    assert absent == int((sent.counts == 0).sum()) > 1000
    assert view.source.counts()[:, ABSENT].sum() == 0


def test_a_filter_dims_the_others_and_escape_lights_all(
    qtbot: QtBot, view: PagesView
) -> None:
    view.source.clearFocus()
    before = view.source.grab().toImage()
    view.legend.toggle(PageState.DIRTY_AGAIN)
    assert view.source.grab().toImage() != before
    view.source.setFocus()
    qtbot.keyClick(view.source, Qt.Key.Key_Escape)
    view.source.clearFocus()
    assert view.legend.filtered == frozenset()
    assert view.source.grab().toImage() == before


def test_one_dirty_page_is_found_with_the_filter(qtbot: QtBot) -> None:
    grid = PageGrid("Memory", empty_not_sent=False)
    qtbot.addWidget(grid)
    grid.resize(5, 5)
    grid.set_pages(np.array([2] * 99 + [3], np.uint8))
    fresh = grid.grab().toImage().pixelColor(1, 1)
    grid.set_shown_classes(frozenset({3}))
    found = grid.grab().toImage().pixelColor(1, 1)

    assert fresh.blue() > fresh.red()
    assert found.red() > found.blue()


def test_the_window_has_keys_for_all_of_it(
    parts: app.Parts, qtbot: QtBot, settle: Callable[[app.Parts], None], demo: Scenario
) -> None:
    settle(parts)
    window, pages = parts.window, parts.window.pages
    qtbot.keyClick(window, Qt.Key.Key_W)
    assert pages.working_set.button.isChecked()
    qtbot.keyClick(window, Qt.Key.Key_W)
    qtbot.keyClick(window, Qt.Key.Key_C)
    assert pages.coding is SENT and pages.sight.tools.colors.currentText() == "Times sent"
    qtbot.keyClick(window, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert not pages.sight.lens.is_whole
    qtbot.keyClick(window, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert pages.sight.lens.is_whole
    qtbot.keyClick(window, Qt.Key.Key_G)
    assert pages.sight.tools.page.hasFocus()
    qtbot.keyClicks(pages.sight.tools.page, "77\r")
    assert pages.sight.pinned == 77
    strip = pages.sight.strip
    qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(strip.width() // 2, 50))
    assert parts.player.t_ns > 0


def test_another_vm_is_shown_whole_and_the_same_one_stays_zoomed(
    view: PagesView, run: History
) -> None:
    view.sight.zoom(4)
    lens = view.sight.lens
    view.set_history(run, selected="cps")
    view.show_frame(run.frame_at(PUSH_NS))
    assert view.sight.lens == lens
    assert view.source.window_of_pages == (lens.first, lens.n_shown)
    for name in ("xenapp", "print", "cps"):
        view.set_history(run, selected=name)
        view.show_frame(run.frame_at(PUSH_NS))
        n_pages = run.vm(name).spec.n_pages
        assert view.sight.lens == Lens.whole(n_pages)
        assert view.source.window_of_pages == (0, n_pages)
        assert view.source.counts().sum() == n_pages


@pytest.mark.parametrize("per_cell", [1, 7, 256, 300])
def test_cells_are_counted_alike_whatever_their_size(per_cell: int) -> None:
    classes = (np.random.Philox(key=5).random_raw(5001) % N_STATES).astype(np.uint8)
    parts = [classes[i : i + per_cell] for i in range(0, 5001, per_cell)]
    expected = [np.bincount(part, minlength=N_STATES).tolist() for part in parts]
    assert counted(classes, per_cell).tolist() == expected
