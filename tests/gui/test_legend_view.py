"""The legend: every state with its pattern, its name and its count."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from pytestqt.qtbot import QtBot

from engine.history import History
from engine.scenario import load_scenario
from engine.simulation import simulate
from engine.states import N_STATES, STATE_LABELS, PageState
from gui.style.patterns import pattern_color, pattern_mask, state_picture
from gui.style.theme import DARK, LIGHT, Theme, load_fonts, ui_font
from gui.views.legend_view import FONT_PX, GAP_PX, SWATCH_PX, LegendView
from gui.views.page_coding import AGE, SENT, WRITTEN, Coding, class_color, class_mask


@pytest.fixture(scope="module")
def demo() -> History:
    return simulate(load_scenario("recorded-demo").spec)


@pytest.fixture
def legend(qtbot: QtBot, demo: History) -> LegendView:
    load_fonts()
    view = LegendView()
    qtbot.addWidget(view)
    view.resize(900, 40)
    view.set_history(demo, selected="cps")
    return view


def test_counts_are_said_with_the_names_of_their_states(legend: LegendView) -> None:
    counts = [0] * N_STATES
    counts[PageState.UP_TO_DATE], counts[PageState.DIRTY_AGAIN] = 117_900, 65
    legend.show_counts(counts, 14)

    assert legend.text() == "117,900 up to date, 65 dirty again, stale copy"


def test_nothing_sent_is_said_in_words(legend: LegendView) -> None:
    legend.show_counts(None, 14)

    assert legend.text() == "No pages have been sent."


def test_a_run_without_pull_shows_no_state_of_it(qtbot: QtBot, demo: History) -> None:
    pulled = simulate(load_scenario("postcopy-pull").spec)
    counts = [1] * N_STATES
    view = LegendView()
    qtbot.addWidget(view)
    view.show_counts(counts, 1)
    view.set_history(demo, selected="cps")
    assert STATE_LABELS[PageState.PULLED] not in view.text()

    view.set_history(pulled, selected="busy")

    assert STATE_LABELS[PageState.PULLED] in view.text()


def test_a_new_count_is_painted(legend: LegendView) -> None:
    legend.show_counts([5] * N_STATES, 14)
    before = legend.grab().toImage()
    legend.show_counts([6] * N_STATES, 14)

    assert legend.grab().toImage() != before


@pytest.mark.parametrize("width", [360, 620, 900, 1500])
def test_every_entry_has_room_for_its_words(legend: LegendView, width: int) -> None:
    legend.resize(width, 40)
    places, height = legend._places(width)
    metrics = QFontMetrics(ui_font(FONT_PX))

    assert all(place.right() <= width for place in places)
    assert all(place.bottom() < height for place in places)
    assert all(not a.intersects(b) for i, a in enumerate(places) for b in places[i + 1 :])
    for state, place in zip(legend._states, places, strict=False):
        words = f"{STATE_LABELS[state]} 131,072"
        assert SWATCH_PX + GAP_PX + metrics.horizontalAdvance(words) <= place.width()


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("state", [s for s in PageState if s is not PageState.NOT_SENT])
def test_a_pattern_is_seen_on_its_fill(qtbot: QtBot, state: PageState, theme: Theme) -> None:
    picture = state_picture(state, SWATCH_PX, theme)
    colors = {
        picture.pixelColor(x, y).name() for x in range(SWATCH_PX) for y in range(SWATCH_PX)
    }

    assert pattern_mask(state, SWATCH_PX).any()
    assert colors == {theme.state_color(state).name(), pattern_color(state, theme).name()}
    assert len(colors) == 2


def click_entry(qtbot: QtBot, legend: LegendView, state: PageState) -> None:
    places, _ = legend._places(legend.width())
    place = places[legend._states.index(state)]
    qtbot.mouseClick(legend, Qt.MouseButton.LeftButton, pos=place.center())


def test_a_click_filters_and_a_sentence_says_so(qtbot: QtBot, legend: LegendView) -> None:
    counts = [0] * N_STATES
    counts[PageState.DIRTY_AGAIN] = 611
    legend.show_counts(counts, 14)
    heard: list[frozenset[int]] = []
    legend.filter_changed.connect(heard.append)
    click_entry(qtbot, legend, PageState.DIRTY_AGAIN)

    assert heard == [frozenset({PageState.DIRTY_AGAIN})]
    assert legend.footer() == "filter on: 611 pages lit; Esc clears it"
    click_entry(qtbot, legend, PageState.DIRTY_AGAIN)
    assert heard[-1] == frozenset() and legend.footer().startswith("one cell = 14 pages")


def test_the_filter_works_by_keys(qtbot: QtBot, legend: LegendView) -> None:
    legend.show()
    legend.setFocus()
    qtbot.keyClick(legend, Qt.Key.Key_Right)
    qtbot.keyClick(legend, Qt.Key.Key_Space)
    assert legend.filtered == {PageState.IN_FLIGHT}
    qtbot.keyClick(legend, Qt.Key.Key_Escape)
    assert legend.filtered == frozenset()


@pytest.mark.parametrize("coding", [SENT, WRITTEN, AGE])
@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_a_scale_rises_in_lightness_and_shows_it_by_bars_too(
    coding: Coding, theme: Theme
) -> None:
    n = len(coding.labels)
    steps = [class_color(coding, k, theme).lightnessF() for k in range(1, n)]
    bars = [int(class_mask(coding, k, SWATCH_PX).sum()) for k in range(n)]

    assert steps == sorted(steps, reverse=theme is LIGHT)
    assert len({class_color(coding, k, theme).name() for k in range(n)}) == n
    assert bars == sorted(set(bars)) and bars[0] == 0


def test_a_scale_is_explained_with_its_numbers(legend: LegendView) -> None:
    legend.toggle(PageState.FREE)
    legend.set_coding(WRITTEN)
    legend.show_counts([5, 0, 2, 0, 0, 0, 0, 0, 1, 0], 3)

    assert legend.filtered == frozenset()
    assert legend.text() == "0: 5, 2 to 3: 2, 128 or more: 1"
    assert legend.footer() == "since the start; one cell = 3 pages of 4 KiB, mixed"


@pytest.mark.parametrize("policy", ["hybrid", "qemu-postcopy"])
def test_policy_that_switches_has_the_states_of_both_parts(qtbot: QtBot, policy: str) -> None:
    history = simulate(load_scenario("postcopy-pull").with_policy(policy).spec)
    legend = LegendView()
    qtbot.addWidget(legend)
    legend.set_history(history, selected=history.vms[0].spec.name)
    m = history.migrations[0]
    assert m.track is not None
    seen = {
        PageState(s)
        for t in range(m.track.start_ns, m.track.end_ns, 20_000_000)
        for s in set(m.track.states_at(t).tolist())
    }
    assert seen <= set(legend._states)
    assert PageState.MISSING in seen and PageState.UP_TO_DATE in seen
