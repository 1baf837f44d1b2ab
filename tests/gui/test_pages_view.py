"""The page grids: mixes, deltas, patterns, heat, and the words between them."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from engine.history import History
from engine.playback import PageDelta
from engine.scenario import load_scenario
from engine.simulation import simulate
from engine.states import N_STATES, PageState
from gui.style.patterns import pattern_mask
from gui.style.theme import DARK, LIGHT
from gui.views.cell_layout import MOST_CELLS, layout_for
from gui.views.heat import recent_writes, warmth
from gui.views.page_grid import PageGrid
from gui.views.pages_view import PagesView

SECOND_NS = 1_000_000_000


@pytest.fixture(scope="module")
def pulled() -> History:
    return simulate(load_scenario("postcopy-pull").spec)


@pytest.fixture(scope="module")
def demo() -> History:
    return simulate(load_scenario("recorded-demo").spec)


def grid_of(
    qtbot: QtBot, states: list[int], *, width: int, height: int, destination: bool = False
) -> PageGrid:
    grid = PageGrid("Memory", empty_not_sent=destination)
    qtbot.addWidget(grid)
    grid.resize(width, height)
    grid.set_pages(np.array(states, np.uint8))
    return grid


def view_of(qtbot: QtBot, history: History, vm: str) -> PagesView:
    view = PagesView()
    qtbot.addWidget(view)
    view.resize(900, 320)
    view.set_history(history, selected=vm)
    view.show()
    return view


def middle_of(view: PagesView) -> str:
    return view.middle.accessibleDescription()


def test_cell_of_several_pages_shows_their_mix(qtbot: QtBot) -> None:
    half = [PageState.UP_TO_DATE, PageState.DIRTY_AGAIN] * 50
    grid = grid_of(qtbot, half, width=5, height=5)
    color = grid.grab().toImage().pixelColor(1, 1)
    a, b = (DARK.state_color(s) for s in (PageState.UP_TO_DATE, PageState.DIRTY_AGAIN))

    assert grid.layout_of_cells.pages_per_cell == 100
    assert abs(color.red() - (a.red() + b.red()) / 2) <= 1
    assert abs(color.blue() - (a.blue() + b.blue()) / 2) <= 1


def test_one_dirty_page_in_a_hundred_does_not_paint_the_cell_dirty(qtbot: QtBot) -> None:
    mostly_fresh = [PageState.UP_TO_DATE] * 99 + [PageState.DIRTY_AGAIN]
    grid = grid_of(qtbot, mostly_fresh, width=5, height=5)
    color = grid.grab().toImage().pixelColor(1, 1)
    fresh = DARK.state_color(PageState.UP_TO_DATE)

    assert abs(color.red() - fresh.red()) <= 2
    assert abs(color.green() - fresh.green()) <= 2


def test_large_cell_of_several_pages_shows_a_band_for_each_state(qtbot: QtBot) -> None:
    half = [PageState.UP_TO_DATE, PageState.DIRTY_AGAIN]
    grid = grid_of(qtbot, half, width=22, height=22)
    image = grid.grab().toImage()

    assert grid.layout_of_cells.pages_per_cell == 2
    assert image.pixelColor(1, 1) == DARK.state_color(PageState.UP_TO_DATE)
    assert image.pixelColor(19, 19) == DARK.state_color(PageState.DIRTY_AGAIN)


def test_deltas_and_a_fresh_count_paint_the_same(qtbot: QtBot) -> None:
    bits = np.random.Philox(key=3)
    old = (bits.random_raw(4000) % N_STATES).astype(np.uint8)
    pages = np.unique((bits.random_raw(500) % 4000).astype(np.uint32))
    new = old.copy()
    new[pages] = (bits.random_raw(len(pages)) % N_STATES).astype(np.uint8)
    moved = grid_of(qtbot, list(old), width=120, height=100)
    fresh = grid_of(qtbot, list(new), width=120, height=100)
    moved.apply(PageDelta(pages, old[pages], new[pages]))

    assert np.array_equal(moved.counts(), fresh.counts())
    assert moved.grab().toImage() == fresh.grab().toImage()


def test_a_new_size_loses_no_page(qtbot: QtBot) -> None:
    states = [int(s) for s in PageState] * 400
    grid = grid_of(qtbot, states, width=300, height=200)
    grid.show()
    grid.resize(140, 90)
    grid.grab()

    assert grid.counts().sum(axis=0).tolist() == [400] * N_STATES


def test_large_cells_carry_the_pattern_of_their_state(qtbot: QtBot) -> None:
    pictures = {
        state: grid_of(qtbot, [state], width=22, height=22).grab().toImage()
        for state in PageState
    }

    assert grid_of(qtbot, [0], width=22, height=22).layout_of_cells.cell_px == 22
    assert pictures[PageState.MISSING] != pictures[PageState.NOT_SENT]
    assert pictures[PageState.PUSHED] != pictures[PageState.UP_TO_DATE]


@pytest.mark.parametrize("state", [PageState.FREE, PageState.MISSING])
def test_small_cells_hatch_what_is_free_and_cross_what_is_missing(
    qtbot: QtBot, state: PageState
) -> None:
    grid = grid_of(qtbot, [state] * 100, width=5, height=5, destination=True)
    image = grid.grab().toImage()

    assert len({image.pixelColor(x, y).name() for x in range(4) for y in range(4)}) == 2


def test_every_state_has_a_pattern_of_its_own() -> None:
    masks = {s: pattern_mask(s, 14).tobytes() for s in PageState}

    assert len(set(masks.values())) == N_STATES


@pytest.mark.parametrize("n_pages", [1, 17, 4096, 131_072, 1 << 20, 1 << 24])
@pytest.mark.parametrize("size", [(180, 110), (460, 300), (880, 620)])
def test_every_page_has_a_place(n_pages: int, size: tuple[int, int]) -> None:
    layout = layout_for(n_pages, *size)

    assert layout.n_cells * layout.pages_per_cell >= n_pages
    assert layout.columns * layout.cell_px <= size[0]
    assert layout.rows * layout.cell_px <= size[1]
    assert layout.n_cells <= MOST_CELLS


@pytest.mark.parametrize("n_pages", [16_384, 65_536, 131_072, 1 << 20])
def test_the_cells_fill_the_grid(n_pages: int) -> None:
    layout = layout_for(n_pages, 385, 250)
    lines = -(-n_pages // (layout.pages_per_cell * layout.columns))

    assert lines * layout.cell_px >= 0.85 * 250
    assert 4 <= layout.cell_px <= 8


def test_played_and_jumped_to_are_the_same_picture(qtbot: QtBot, pulled: History) -> None:
    played, jumped = (view_of(qtbot, pulled, "busy") for _ in range(2))
    end_ns = 2_800_000_000
    for t_ns in range(1_400_000_000, end_ns + 1, 20_000_000):
        played.show_frame(pulled.frame_at(t_ns))
    jumped.show_frame(pulled.frame_at(end_ns))

    assert np.array_equal(played.destination.counts(), jumped.destination.counts())
    assert played.destination.grab().toImage() == jumped.destination.grab().toImage()
    assert "pull" in middle_of(played)


def test_counts_are_those_of_the_history(qtbot: QtBot, demo: History) -> None:
    view = view_of(qtbot, demo, "cps")
    for t_ns in range(7 * SECOND_NS, 9 * SECOND_NS, 130_000_000):
        frame = demo.frame_at(t_ns)
        view.show_frame(frame)

        assert view.source.counts().sum(axis=0).tolist() == frame.vms["cps"].counts.tolist()


def test_pull_shows_missing_pulled_and_pushed_pages(qtbot: QtBot, pulled: History) -> None:
    view = view_of(qtbot, pulled, "busy")
    view.show_frame(pulled.frame_at(2_800_000_000))

    assert "missing" in view.legend.text()
    assert "pulled on a fault" in view.legend.text()
    assert "pushed after resume" in view.legend.text()


def test_resting_memory_shows_writes_at_the_source_only(qtbot: QtBot, demo: History) -> None:
    view = view_of(qtbot, demo, "cps")
    view.show_frame(demo.frame_at(0))
    quiet = view.source.grab().toImage()
    nothing = view.destination.grab().toImage()
    view.show_frame(demo.frame_at(800_000_000))

    assert view.source.grab().toImage() != quiet
    assert view.destination.grab().toImage() == nothing


def test_after_the_move_the_destination_holds_the_memory_and_shows_writes(
    qtbot: QtBot, demo: History
) -> None:
    view = view_of(qtbot, demo, "cps")
    view.show_frame(demo.frame_at(demo.end_ns - SECOND_NS))
    before = view.destination.grab().toImage()
    empty = view.source.grab().toImage()
    view.show_frame(demo.frame_at(demo.end_ns))

    assert view.destination.grab().toImage() != before
    assert view.source.grab().toImage() == empty
    assert "completed. runs on xen-2" in middle_of(view)
    assert "memory released" in {label.text() for label in view._notes}


def test_a_lost_vm_is_told_once(qtbot: QtBot) -> None:
    scenario = load_scenario("postcopy-pull")
    at_ns = simulate(scenario.spec).migrations[0].resumed_ns
    assert at_ns is not None
    history = simulate(scenario.with_fault(at_ns + 10**8, "link-down", "xen-2").spec)
    view = view_of(qtbot, history, history.vms[0].spec.name)
    view.show_frame(history.frame_at(history.end_ns))

    assert history.migrations[0].outcome == "lost"
    assert middle_of(view).count("lost") == 1


def test_a_failed_move_leaves_the_memory_at_the_source(qtbot: QtBot) -> None:
    scenario = load_scenario("recorded-demo")
    document = {**scenario.document, "published": []}
    document["faults"] = [{"at": "7 s", "kind": "link-down", "on": "xen-2"}]
    spec = scenario.spec.model_validate(document)
    history = simulate(spec)
    view = view_of(qtbot, history, "cps")
    view.show_frame(history.frame_at(history.end_ns))

    assert "failed. runs on xen-1" in middle_of(view)
    assert view.destination.counts()[:, PageState.UP_TO_DATE].sum() == 0


def test_push_names_round_and_what_is_left(qtbot: QtBot, demo: History) -> None:
    view = view_of(qtbot, demo, "cps")
    view.show_frame(demo.frame_at(8 * SECOND_NS))

    assert "push. round 1 of at most 29" in middle_of(view)
    assert "pages to send" in middle_of(view)


def test_writes_fade_with_their_age(demo: History) -> None:
    pages, weights = recent_writes(demo.vm("cps"), 2 * SECOND_NS, limit=4096)

    assert len(pages) == len(weights) == 825
    assert weights.min() < 0.01
    assert weights.max() == 1.0
    assert warmth(np.array([0.0, 1.0]))[0] == 0.0


def test_both_themes_paint(qtbot: QtBot, demo: History) -> None:
    view = view_of(qtbot, demo, "cps")
    view.show_frame(demo.frame_at(8 * SECOND_NS))
    dark = view.source.grab().toImage()
    view.set_theme(LIGHT)

    assert view.source.grab().toImage() != dark


@pytest.mark.parametrize("size", [(1, 1), (330, 1), (1, 200), (4, 4)])
def test_a_grid_squeezed_to_nothing_does_no_harm(
    qtbot: QtBot, demo: History, size: tuple[int, int]
) -> None:
    view = view_of(qtbot, demo, "cps")
    view.source.setMinimumSize(1, 1)
    view.source.resize(*size)
    view.show_frame(demo.frame_at(8 * SECOND_NS))
    assert not view.source.grab().isNull()
