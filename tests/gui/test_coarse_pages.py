"""Large memories: a part of the pages while time moves, all of them when it rests."""

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from engine import sampling
from engine.scenario import load_scenario
from engine.simulation import simulate
from engine.states import N_STATES, PageState
from gui.figure_stage import Picture, staged
from gui.views.cell_layout import CellLayout, Spread, Window, counts_of
from gui.views.exact_counts import Question, _counted
from gui.views.pages_view import PagesView


@pytest.fixture
def small_limits(monkeypatch):
    """Call every VM large, so that a small one shows what a large one does."""
    monkeypatch.setattr(sampling, "LARGEST_EXACT_PAGES", 1 << 12)
    monkeypatch.setattr(sampling, "SAMPLE_PAGES", 1 << 12)


@pytest.fixture
def view(qtbot, small_limits):
    history = simulate(load_scenario("recorded-demo").spec)
    made = PagesView()
    qtbot.addWidget(made)
    made.resize(1000, 420)
    made.show()
    made.set_history(history, selected="cps")
    made.history = history
    return made


def _wait(qtbot, view):
    qtbot.waitUntil(lambda: not view.counting, timeout=20_000)
    QApplication.processEvents()


def test_moving_shows_a_part_and_says_so(view):
    t_ns = 9_000_000_000
    view.show_frame(view.history.frame_at(t_ns))
    exact = view.history.frame_at(t_ns).vms["cps"].counts
    shown = view.source.counts().sum(axis=0)[:N_STATES]
    assert shown.sum() == exact.sum()
    assert "coarse: 1 page in 32 counted" in view.legend.footer()
    # Thousands of pages, evenly spread: near, and not the same.
    assert np.abs(shown - exact).max() < 0.03 * exact.sum()
    assert not np.array_equal(shown, exact)
    assert not view.source.exact


def test_rest_brings_exact_counts_cell_by_cell(view, qtbot):
    t_ns = 9_000_000_000
    view.show_frame(view.history.frame_at(t_ns))
    _wait(qtbot, view)
    states = view.history.frame_at(t_ns).vms["cps"].states
    for grid in (view.source, view.destination):
        window, layout = Window(*grid.window_of_pages), grid.layout_of_cells
        assert np.array_equal(grid.counts(), counts_of(states, Spread(), window, layout))
        assert grid.exact
    assert "all counted" in view.legend.footer()
    assert view.totals(t_ns)[:N_STATES] == view.history.frame_at(t_ns).vms["cps"].counts.tolist()


def test_going_on_is_coarse_again_and_the_same_as_a_jump(view, qtbot):
    view.show_frame(view.history.frame_at(9_000_000_000))
    _wait(qtbot, view)
    view.show_frame(view.history.frame_at(9_040_000_000))
    assert "coarse" in view.legend.footer()
    played = view.source.counts().copy()
    view.show_frame(view.history.frame_at(2_000_000_000))
    view.show_frame(view.history.frame_at(9_040_000_000))
    assert np.array_equal(view.source.counts(), played)


def test_an_answer_that_comes_late_is_dropped(view, qtbot):
    view.show_frame(view.history.frame_at(9_000_000_000))
    question = Question(
        view.history, "cps", 9_000_000_000,
        tuple((Window(*g.window_of_pages), g.layout_of_cells) for g in view._grids),
    )
    _, counts = _counted(question, None)
    view.show_frame(view.history.frame_at(9_100_000_000))
    before = view.source.counts().copy()
    view.exact.counted.emit(question, counts)
    assert np.array_equal(view.source.counts(), before)
    assert not view.source.exact


def test_a_zoomed_window_is_followed_page_by_page(view, qtbot):
    view.show_frame(view.history.frame_at(9_000_000_000))
    sight = view.sight
    sight._look_at(sight.lens.around(3000, 256))
    _wait(qtbot, view)
    first, n_shown = view.source.window_of_pages
    assert n_shown <= 512
    for t_ns in (9_000_000_000, 9_050_000_000, 11_000_000_000, 4_000_000_000):
        view.show_frame(view.history.frame_at(t_ns))
        frame = view.history.frame_at(t_ns).vms["cps"]
        if frame.states is None:
            continue
        wanted = np.bincount(frame.states[first : first + n_shown], minlength=N_STATES)
        assert view.source.counts().sum(axis=0)[:N_STATES].tolist() == wanted.tolist(), t_ns


def test_memory_at_rest_shows_used_and_free_pages(view):
    view.show_frame(view.history.frame_at(0))
    spec = view.history.vm("cps").spec
    free = int(view.source.counts()[:, PageState.FREE].sum())
    assert abs(free - (spec.n_pages - spec.first_zero_page)) <= 64
    assert view.destination.counts()[:, PageState.NOT_SENT].sum() == spec.n_pages


@pytest.mark.parametrize("every", [1, 4, 64])
@pytest.mark.parametrize("per_cell", [1, 3, 50, 700])
def test_counts_of_a_window_are_those_of_its_known_pages(every, per_cell):
    rng = np.random.Generator(np.random.Philox(key=2))
    pages = rng.integers(0, 5, 8192).astype(np.uint8)
    window = Window(640, 5000)
    layout = CellLayout(100, -(-5000 // per_cell // 100) + 1, 5, per_cell)
    counts = counts_of(pages[::every], Spread(0, every), window, layout)
    for cell in range(-(-window.n_shown // per_cell)):
        first = window.first + cell * per_cell
        inside = range(first, min(first + per_cell, window.first + window.n_shown))
        if per_cell < every:
            wanted = {int(pages[first // every * every]): len(inside)}
        else:
            known = [int(pages[p]) for p in inside if p % every == 0]
            wanted = {s: known.count(s) * every for s in set(known)}
        found = {s: int(n) for s, n in enumerate(counts[cell]) if n}
        assert found == wanted, cell


def test_a_jump_shows_the_pages_first_and_the_rest_right_after(
    small_limits, open_window, demo, qtbot
):
    parts = open_window(demo)
    assert parts.session.history.samples
    window, t_ns = parts.window, 9_000_000_000
    parts.player.seek(t_ns)
    assert window.pages._vm_frame[1] == t_ns
    assert window.plots._t_ns == 0
    qtbot.waitUntil(lambda: window.plots._t_ns == t_ns)
    parts.player.seek(t_ns + 1)
    parts.player.play()
    parts.player.seek(t_ns + 2)
    assert window.plots._t_ns == t_ns + 2
    qtbot.wait(5)
    assert window.plots._t_ns == t_ns + 2


def test_a_figure_of_a_large_memory_is_counted_whole(small_limits, qapp):
    picture = Picture("round 1 + 2 s", (1280, 800))
    with staged(load_scenario("recorded-demo"), picture) as stage:
        window = stage.parts.window
        assert stage.history.samples
        for t_ns in (stage.t_ns, stage.t_ns + 500_000_000):
            shown = stage.at(t_ns)
            exact = shown.history.frame_at(t_ns).vms["cps"].counts
            assert window.pages.source.exact
            assert np.array_equal(window.pages.source.counts().sum(axis=0)[:N_STATES], exact)
            assert window.plots._t_ns == t_ns
