"""Ping and rate plots: what they show of a run, and that a frame is cheap."""

import dataclasses
import gc
import weakref

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from engine.client_figures import arrival_gaps_ns, web_rate
from engine.history import History
from engine.probes import LOST_NS, Fate
from engine.scenario import Scenario
from engine.simulation import simulate
from engine.specs import ProbeSpec
from gui.style.theme import DARK, LIGHT
from gui.views import rate_contents
from gui.views.client_contents import ping_content, web_content
from gui.views.plot_content import role_color
from gui.views.plots_view import PlotsView
from gui.views.rate_contents import dirtying_mbps, rate_content, speed_content, speed_series

SECOND_NS = 10**9


@pytest.fixture
def mixed(history: History) -> History:
    """Return the run with one reply of every fate."""
    probe = history.probes[0]
    sent = np.array([0, 400_000_000, 500_000_000, 600_000_000], np.int64)
    rtts = np.array([10**6, 10**7, 49 * 10**6, LOST_NS], np.int64)
    fates = np.array([Fate.ON_TIME, Fate.LATE, Fate.HELD, Fate.LOST], np.uint8)
    changed = replace(probe, sent_ns=sent, rtt_ns=rtts, fates=fates)
    return dataclasses.replace(history, probes=(changed,))


@pytest.fixture
def view(qtbot: QtBot, mixed: History) -> PlotsView:
    """Return the plots of that run."""
    widget = PlotsView()
    qtbot.addWidget(widget)
    widget.set_theme(DARK)
    widget.set_history(mixed, selected="cps")
    widget.resize(900, 240)
    widget.show()
    widget.grab()
    return widget


def test_fates_differ_in_colour_shape_and_word(mixed: History) -> None:
    marks = ping_content(mixed, "cps").markers

    assert [m.word for m in marks] == ["1 on time", "1 late", "1 held", "1 lost"]
    assert len({m.symbol for m in marks}) == len(marks)
    for theme in (DARK, LIGHT):
        assert len({role_color(theme, m.role).name() for m in marks}) == len(marks)


def test_lost_ping_is_a_cross_at_the_top_and_a_gap(mixed: History) -> None:
    content = ping_content(mixed, "cps")
    lost = content.markers[-1]

    assert lost.symbol == "x"
    assert lost.y[0] == pytest.approx(content.y_max, rel=0.15)
    assert any(b.kind == "lost-ping" and b.start_ns == 600_000_000 for b in content.bands)


def test_held_and_late_pings_carry_their_values(mixed: History) -> None:
    tags = ping_content(mixed, "cps").tags

    assert [t.texts[0] for t in tags] == ["49 ms, held", "10 ms"]


def test_rate_plot_shows_stream_dirtying_and_link(history: History) -> None:
    curves = {c.word.split(" ")[0]: c for c in rate_content(history, "cps").curves}

    assert set(curves) == {"link", "dirtied", "sent"}
    assert curves["sent"].y.max() == pytest.approx(max(history.migrations[0].rate.values) / 1e6)
    assert np.all(curves["link"].y == 1000.0)
    assert np.all(np.diff(curves["sent"].x_s) >= 0)


def test_dirtying_counts_a_page_once_in_a_bin(history: History) -> None:
    record = history.vm("cps")
    x_s, mbps = dirtying_mbps(record, history.end_ns)

    pages = len(np.unique(record.writes_between(0, SECOND_NS // 10)))
    assert mbps[0] == pytest.approx(pages * 4096 * 8 * 10 / 1e6)
    assert x_s[0] == pytest.approx(0.05)


def test_cheap_figure_of_a_busy_guest_is_close_to_the_exact_one(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = dirtying_mbps(history.vm("cps"), history.end_ns)[1]
    monkeypatch.setattr(rate_contents, "MAX_EXACT_WRITES", 0)
    cheap = dirtying_mbps(history.vm("cps"), history.end_ns)[1]

    assert cheap[0] == pytest.approx(exact[0], rel=0.1)


def test_burst_in_mid_run_is_not_drawn_write_by_write(
    small: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "vms.cps.writers.0.rate"
    burst = small.with_change(SECOND_NS // 10, {path: "5000000 pages/s"})
    calm = burst.with_change(SECOND_NS // 2, {path: "10 pages/s"})
    history = simulate(calm.spec)
    monkeypatch.setattr(rate_contents, "_distinct_exact", lambda *args: pytest.fail("too many"))
    mbps = dirtying_mbps(history.vm("cps"), history.end_ns)[1]

    assert max(mbps) > 2 * mbps[0] and mbps[-1] < mbps[0]


def test_vm_without_a_probe_says_so(small: Scenario) -> None:
    spec = small.spec
    quiet = spec.model_copy(update={"vms": (spec.vms[0].model_copy(update={"probes": ()}),)})
    content = ping_content(simulate(quiet), "cps")

    assert "Nobody pings cps" in content.note


def test_both_plots_have_one_range_and_one_cursor(view: PlotsView, mixed: History) -> None:
    view.show_frame(mixed.frame_at(mixed.end_ns // 2))
    ping, rate = view.panel_of("ping"), view.panel_of("rate")

    for share in (0.0, 0.5, 1.0):
        t_ns = round(share * mixed.end_ns)
        assert ping.x_at(t_ns) == pytest.approx(rate.x_at(t_ns), abs=1)


def test_click_and_keys_ask_for_an_instant(qtbot: QtBot, view: PlotsView, mixed: History) -> None:
    wanted: list[int] = []
    view.seek_requested.connect(wanted.append)
    panel = view.panel_of("rate")
    x = round(panel.x_at(mixed.end_ns // 2))
    qtbot.mouseClick(panel, Qt.MouseButton.LeftButton, pos=QPoint(x, 120))
    qtbot.keyClick(panel, Qt.Key.Key_Right)

    assert wanted[0] == pytest.approx(mixed.end_ns // 2, rel=0.01)
    assert wanted[1] == mixed.end_ns // 100


def test_frame_moves_the_cursor_without_drawing_the_plot_anew(
    view: PlotsView, mixed: History
) -> None:
    before = view.panel_of("ping").picture()
    view.show_frame(mixed.frame_at(mixed.end_ns // 3))
    image = view.panel_of("ping").grab().toImage()

    assert view.panel_of("ping").picture() is before
    x = round(view.panel_of("ping").x_at(mixed.end_ns // 3))
    assert image.pixelColor(x, 150).name() == DARK.color("ink").name()


def test_theme_redraws_on_its_ground(view: PlotsView) -> None:
    view.set_theme(LIGHT)
    image = view.panel_of("rate").grab().toImage()

    assert image.pixelColor(2, image.height() - 2).name() == LIGHT.color("ground").name()


def test_waiting_ping_is_not_shown_before_it_is_back(view: PlotsView, mixed: History) -> None:
    panel = view.panel_of("ping")
    held = QPoint(round(panel.x_at(500_000_000)), round(panel.y_at(49.0)))
    view.show_frame(mixed.frame_at(530_000_000))
    waiting = panel.grab().toImage().pixelColor(held)
    view.show_frame(mixed.frame_at(700_000_000))
    back = panel.grab().toImage().pixelColor(held)

    assert back.name() == DARK.color("stopped").name()
    assert waiting.lightness() < back.lightness()


def test_previous_run_is_drawn_dashed_behind(view: PlotsView, small: Scenario) -> None:
    old = simulate(small.with_value("network.bandwidth", "500 Mbit/s").spec)
    content = rate_content(view._history or old, "cps", old)
    view.set_previous(old)

    assert content.curves[0].dashed and content.curves[0].role == "before"
    assert content.curves[0].y.max() < content.curves[-1].y.max()


def test_hover_reads_values(view: PlotsView, mixed: History) -> None:
    text = ping_content(mixed, "cps").read(501_000_000, 5_000_000)

    assert text == "00:00.500\n49 ms, held"


TYPING = ProbeSpec(kind="typing", interval_ns=20_000_000, min_timeout_ns=50_000_000)
GAME = ProbeSpec(kind="game", interval_ns=10_000_000)
WEB = ProbeSpec(kind="web", rate_bps=400_000_000)


def run_with(small: Scenario, *probes: ProbeSpec, copy_cost: str = "0 %") -> History:
    spec = small.with_value("hosts.xen-1.copy_cost", copy_cost).spec
    vm = spec.vms[0].model_copy(update={"probes": probes})
    network = spec.network.model_copy(update={"to_old_port": "lost"})
    return simulate(spec.model_copy(update={"vms": (vm,), "network": network}))


def test_keys_share_the_plot_of_the_pings(small: Scenario) -> None:
    history = run_with(small, TYPING, ProbeSpec(interval_ns=100_000_000))
    content = ping_content(history, "cps")
    probe = history.probes[0]
    held = next(m for m in content.markers if m.role == "held")

    assert content.title == "Ping and key echoes, ms"
    assert sum(len(m.x_s) for m in content.markers) == sum(len(p.sent_ns) for p in history.probes)
    assert held.y.max() == pytest.approx(probe.rtt_ns[probe.fates == Fate.HELD].max() / 1e6)
    assert np.all(np.diff(content.open_ns[0]) >= 0)
    assert "key: " in content.read(int(probe.sent_ns[3]), 5_000_000)


def test_game_is_plotted_as_time_between_packets(small: Scenario) -> None:
    history = run_with(small, GAME)
    content = ping_content(history, "cps")
    highest = max(float(m.y.max(initial=0)) for m in content.markers)

    assert content.title == "Time between packets, ms"
    assert highest == pytest.approx(max(arrival_gaps_ns(history.probes[0])) / 1e6)
    assert [tag.y for tag in content.tags] == [highest]


def test_web_throughput_is_a_plot_where_there_are_web_clients(
    view: PlotsView, small: Scenario
) -> None:
    history = run_with(small, WEB, ProbeSpec())
    series = web_rate(history.probes[0], history)
    curve = web_content(history, "cps").curves[-1]
    view.set_history(history, selected="cps")

    assert view.shown[0] == "web"
    assert curve.y.max() == pytest.approx(max(series.values) / 1e6)
    assert curve.y.min() == 0.0 and curve.word.startswith("longest pause")


def test_guest_speed_shows_brownout_and_stop(small: Scenario) -> None:
    history = run_with(small, copy_cost="12 %")
    move = history.migrations[0]
    curve = speed_content(history, "cps").curves[-1]

    def at(t_ns: int) -> float:
        return float(curve.y[np.searchsorted(curve.x_s, t_ns / SECOND_NS, side="right") - 1])

    assert move.suspended_ns is not None and move.resumed_ns is not None
    assert at(0) == 100.0
    assert at(move.suspended_ns - 1_000_000) == 88.0
    assert at((move.suspended_ns + move.resumed_ns) // 2) == 0.0
    assert at(move.resumed_ns + 1_000_000) == 100.0
    assert curve.word == "slowed to 88 %, still at times"


def test_stalls_of_post_copy_slow_the_guest(pulled: History) -> None:
    values = speed_series(pulled.vm("cps"), pulled.end_ns).values

    assert values.count(0) > 1


def test_as_many_plots_as_there_is_room_for(view: PlotsView, mixed: History) -> None:
    assert view.shown == ("ping", "rate", "remaining")
    view.resize(520, 200)
    assert view.shown == ("ping", "rate")
    assert [p.isVisible() for p in view.panels] == [True, True, False, False]
    view.resize(1200, 200)
    assert view.shown == ("ping", "rate", "remaining", "rounds")


def test_title_offers_the_plots_that_have_no_room(
    qtbot: QtBot, view: PlotsView, mixed: History
) -> None:
    view.resize(520, 200)
    view.show_frame(mixed.frame_at(mixed.end_ns // 2))
    menu = view.choices(1)
    checked = [(a.text(), a.isChecked()) for a in menu.actions()]
    menu.actions()[2].trigger()

    assert [text for text, on in checked if on] == ["Link rate and page dirtying"]
    assert view.shown == ("ping", "remaining")
    assert view.panels[1].accessibleName() == "Remaining pages"
    view.show_plot(0, "remaining")
    assert view.shown == ("remaining", "ping")


def test_click_on_a_title_asks_for_the_choice_and_not_for_an_instant(
    qtbot: QtBot, view: PlotsView
) -> None:
    view.resize(520, 200)
    view.grab()
    asked: list[int] = []
    sought: list[int] = []
    view.panels[0].choice_requested.disconnect()
    view.panels[0].choice_requested.connect(lambda: asked.append(1))
    view.seek_requested.connect(sought.append)
    qtbot.mouseClick(view.panels[0], Qt.MouseButton.LeftButton, pos=QPoint(30, 8))
    qtbot.keyClick(view.panels[0], Qt.Key.Key_Down)

    assert (asked, sought) == ([1, 1], [])


def test_chosen_plot_stays_over_a_new_run_of_the_vm(
    view: PlotsView, mixed: History, history: History
) -> None:
    view.resize(520, 200)
    view.show_plot(0, "rounds")
    view.set_history(history, selected="cps")

    assert view.shown == ("rounds", "rate")


def test_plots_without_a_place_are_not_made(view: PlotsView, history: History) -> None:
    view.resize(520, 200)
    view.set_history(history, selected="cps")

    assert set(view._contents) == {"ping", "rate"}


def test_panels_that_are_not_shown_keep_no_run(qtbot: QtBot, small: Scenario) -> None:
    view = PlotsView()
    qtbot.addWidget(view)
    view.resize(1600, 240)
    view.show()
    old = weakref.ref(history := simulate(small.spec))
    view.set_history(history, selected="cps")
    wide = len(view.shown)
    view.resize(520, 240)
    view.grab()
    assert len(view.shown) < wide
    view.set_history(simulate(small.spec), selected="cps")
    del history
    gc.collect()

    assert old() is None
    view.resize(1600, 240)
    view.grab()
    assert all(view.panel_of(kind).content is not None for kind in view.shown)
