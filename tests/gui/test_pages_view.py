"""The page grids: mixes, deltas, patterns, and the words between them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.history import History
from engine.playback import PageDelta
from engine.scenario import load_scenario
from engine.simulation import simulate
from engine.states import N_STATES, PageState
from gui.style.patterns import pattern_mask
from gui.style.theme import DARK
from gui.views.page_grid import PageGrid, layout_for
from gui.views.pages_view import PagesView


@pytest.fixture(scope="module")
def pulled() -> History:
    return simulate(load_scenario("postcopy-pull").spec)


def grid_of(qtbot, states: list[int], *, width: int, height: int) -> PageGrid:  # type: ignore[no-untyped-def]
    grid = PageGrid("Memory", empty_not_sent=False)
    qtbot.addWidget(grid)
    grid.resize(width, height)
    grid.set_pages(np.array(states, np.uint8))
    return grid


def test_cell_of_several_pages_shows_their_mix(qtbot) -> None:  # type: ignore[no-untyped-def]
    half = [PageState.UP_TO_DATE, PageState.DIRTY_AGAIN] * 50
    grid = grid_of(qtbot, half, width=5, height=5)
    color = grid.grab().toImage().pixelColor(1, 1)
    a, b = (DARK.state_color(s) for s in (PageState.UP_TO_DATE, PageState.DIRTY_AGAIN))

    assert grid.layout_of_cells.pages_per_cell == 100
    assert abs(color.red() - (a.red() + b.red()) / 2) <= 1
    assert abs(color.blue() - (a.blue() + b.blue()) / 2) <= 1


def test_deltas_and_a_fresh_count_paint_the_same(qtbot) -> None:  # type: ignore[no-untyped-def]
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


def test_large_cells_carry_the_pattern_of_their_state(qtbot) -> None:  # type: ignore[no-untyped-def]
    pictures = {
        state: grid_of(qtbot, [state], width=22, height=22).grab().toImage()
        for state in PageState
    }

    assert grid_of(qtbot, [0], width=22, height=22).layout_of_cells.cell_px == 22
    assert pictures[PageState.MISSING] != pictures[PageState.NOT_SENT]
    assert pictures[PageState.PUSHED] != pictures[PageState.UP_TO_DATE]


def test_every_state_has_a_pattern_of_its_own() -> None:
    masks = {s: pattern_mask(s, 14).tobytes() for s in PageState}

    assert len(set(masks.values())) == N_STATES


@pytest.mark.parametrize("n_pages", [1, 17, 4096, 131_072, 1 << 20])
def test_every_page_has_a_place(n_pages: int) -> None:
    layout = layout_for(n_pages, 460, 300)

    assert layout.n_cells * layout.pages_per_cell >= n_pages
    assert layout.columns * layout.cell_px <= 460
    assert layout.rows * layout.cell_px <= 300


def test_pages_view_plays_to_the_same_picture_as_a_jump(qtbot, pulled: History) -> None:  # type: ignore[no-untyped-def]
    played, jumped = PagesView(), PagesView()
    for view in (played, jumped):
        qtbot.addWidget(view)
        view.resize(900, 320)
        view.set_history(pulled, selected="busy")
        view.show()
    end_ns = 2_800_000_000
    for t_ns in range(1_400_000_000, end_ns + 1, 20_000_000):
        played.show_frame(pulled.frame_at(t_ns))
    jumped.show_frame(pulled.frame_at(end_ns))

    assert np.array_equal(played.destination.counts(), jumped.destination.counts())
    assert "pull" in played.middle.accessibleDescription()


def test_pull_shows_missing_pulled_and_pushed_pages(qtbot, pulled: History) -> None:  # type: ignore[no-untyped-def]
    view = PagesView()
    qtbot.addWidget(view)
    view.resize(900, 320)
    view.set_history(pulled, selected="busy")
    view.show_frame(pulled.frame_at(2_800_000_000))
    legend = view.legend

    assert "missing" in legend.text()
    assert "pulled on a fault" in legend.text()
    assert "pushed after resume" in legend.text()


def test_resting_memory_shows_writes(qtbot, pulled: History) -> None:  # type: ignore[no-untyped-def]
    view = PagesView()
    qtbot.addWidget(view)
    view.resize(900, 320)
    view.set_history(pulled, selected="busy")
    view.show()
    view.show_frame(pulled.frame_at(0))
    quiet = view.source.grab().toImage()
    view.show_frame(pulled.frame_at(800_000_000))

    assert view.source.grab().toImage() != quiet
