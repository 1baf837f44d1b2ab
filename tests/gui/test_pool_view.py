"""The pool view: what it shows, and dragging with real mouse events."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QContextMenuEvent, QFontMetrics, QImage, QPainter, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.eligibility import check_move, situation_at
from engine.history import History
from engine.scenario import load_scenario
from engine.simulation import simulate
from engine.states import PageState
from gui.style.theme import DARK, LIGHT, Theme, load_fonts, ui_font
from gui.views.pool_glide import GLIDE_NS, glide_rect
from gui.views.pool_layout import Detail, pool_layout
from gui.views.pool_minis import count_states
from gui.views.pool_network import rate_rect
from gui.views.pool_reading import TileLook
from gui.views.pool_tiles import fitting, mini_rect, paint_tile, tile_image
from gui.views.pool_verdicts import card_lines, heights
from gui.views.pool_view import PoolView

SECOND_NS = 1_000_000_000
LEFT = Qt.MouseButton.LeftButton
Maker = Callable[..., PoolView]


@pytest.fixture(scope="module")
def demo() -> History:
    return simulate(load_scenario("recorded-demo").spec)


@pytest.fixture(scope="module")
def faulty() -> History:
    scenario = load_scenario("recorded-demo")
    faults = [
        {"at": "7 s", "kind": "link-down", "on": "xen-2"},
        {"at": "8 s", "kind": "host-dies", "on": "amd-3"},
    ]
    document = {**scenario.document, "published": [], "faults": faults}
    return simulate(scenario.spec.model_validate(document))


@pytest.fixture
def make(qtbot: QtBot) -> Maker:
    load_fonts()

    def view_of(
        history: History, vm: str, *, t_ns: int = 0, size: tuple[int, int] = (1000, 210)
    ) -> PoolView:
        view = PoolView()
        qtbot.addWidget(view)
        view.resize(*size)
        view.set_history(history, selected=vm)
        view.set_checker(
            lambda name, host: check_move(
                history.spec,
                history.vm(name).spec,
                next(h for h in history.spec.hosts if h.name == host),
                situation_at(history, view._frame.t_ns if view._frame else 0),
            )
        )
        view.show_frame(history.frame_at(t_ns))
        view.show()
        return view

    return view_of


@pytest.fixture
def view(make: Maker, demo: History) -> PoolView:
    return make(demo, "cps")


def big_pool(hosts: int, vms: int) -> History:
    scenario = load_scenario("recorded-demo")
    names = [f"host-{i}" for i in range(hosts)]
    document = {
        "format": 1,
        "title": "Big",
        "run": {"seed": 1, "until": "1 s"},
        "hosts": [{"name": name, "memory": "64 GiB"} for name in names],
        "storage": [{"name": "nfs-1", "kind": "nfs", "hosts": names}],
        "vms": [
            {
                "name": f"vm-{h}-{v}",
                "host": f"host-{h}",
                "memory": "64 MiB",
                "storage": "nfs-1",
                "writers": [{"pattern": "uniform", "rate": "200 pages/s"}],
            }
            for h in range(hosts)
            for v in range(vms)
        ],
    }
    return simulate(scenario.spec.model_validate(document))


def drag(view: PoolView, vm: str, host: str, *, release: bool = True) -> None:
    start, end = view.tile_rect(vm).center(), view.host_rect(host).center()
    QTest.mousePress(view, LEFT, pos=start)
    QTest.mouseMove(view, start + QPoint(12, 4))
    QTest.mouseMove(view, end)
    if release:
        QTest.mouseRelease(view, LEFT, pos=end)


# Dragging


def test_drop_on_a_host_that_can_take_it_asks_to_move(qtbot: QtBot, view: PoolView) -> None:
    with qtbot.waitSignal(view.move_requested, timeout=1000) as caught:
        drag(view, "cps", "xen-2")

    assert caught.args == ["cps", "xen-2"]


def test_drop_on_the_amd_host_is_refused_with_its_reason(qtbot: QtBot, view: PoolView) -> None:
    with qtbot.waitSignal(view.move_refused, timeout=1000) as caught:
        drag(view, "cps", "amd-3")

    assert caught.args is not None
    assert caught.args[:2] == ["cps", "amd-3"]
    assert any("AMD" in sentence for sentence in caught.args[2])


def test_drop_at_home_or_beside_all_hosts_says_nothing(view: PoolView) -> None:
    said: list[str] = []
    view.move_requested.connect(lambda vm, host: said.append(host))
    view.move_refused.connect(lambda vm, host, sentences: said.append(host))
    drag(view, "cps", "xen-1")
    drag(view, "cps", "xen-2", release=False)
    QTest.mouseRelease(view, LEFT, pos=QPoint(1, 1))

    assert said == []


def test_every_host_answers_while_the_vm_is_still_in_the_air(view: PoolView) -> None:
    cards = [view.host_rect("xen-2"), view.host_rect("amd-3")]
    before = [view.grab(card).toImage() for card in cards]
    start = view.tile_rect("cps").center()
    QTest.mousePress(view, LEFT, pos=start)
    QTest.mouseMove(view, start + QPoint(20, 0))

    assert all(view.grab(card).toImage() != old for card, old in zip(cards, before, strict=True))


def test_answers_follow_the_run_while_a_vm_is_in_the_air(view: PoolView, demo: History) -> None:
    drag(view, "cps", "xen-2", release=False)
    assert view._drag is not None and view._drag.accepts("xen-2")
    view.show_frame(demo.frame_at(8 * SECOND_NS))

    assert view._drag.refuses("xen-2")


def test_a_refusing_card_says_every_failed_rule_and_ticks_the_rest(demo: History) -> None:
    load_fonts()
    spec = demo.spec
    checks = check_move(spec, spec.vms[0], spec.hosts[2], situation_at(demo, 0))
    lines = card_lines(QRect(0, 0, 260, 200), checks)

    assert sum(text.startswith("✗") for text, _ in lines) == 2
    assert lines[0][0].startswith("✗ Processor maker: AMD, needed Intel. Choose a host")
    assert "✓" in lines[-1][0]
    assert sum(heights(lines, 260)) <= 200


@pytest.mark.parametrize("height", [20, 40, 80, 160])
@pytest.mark.parametrize("width", [110, 160, 260, 500])
def test_no_reason_leaves_its_card(demo: History, width: int, height: int) -> None:
    load_fonts()
    spec = demo.spec
    checks = check_move(spec, spec.vms[0], spec.hosts[2], situation_at(demo, 0))
    lines = card_lines(QRect(0, 0, width, height), checks)

    assert lines
    assert sum(heights(lines, width)) <= height + 3


def test_escape_puts_the_vm_back(view: PoolView) -> None:
    moved: list[tuple[str, str]] = []
    view.move_requested.connect(lambda vm, host: moved.append((vm, host)))
    rest = view.grab().toImage()
    drag(view, "cps", "xen-2", release=False)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(view, LEFT, pos=view.host_rect("xen-2").center())

    assert moved == []
    assert view.grab().toImage() == rest


def test_a_drag_ends_when_another_pool_is_opened(view: PoolView, demo: History) -> None:
    told: list[object] = []
    view.verdicts_changed.connect(told.append)
    drag(view, "cps", "xen-2", release=False)
    other = simulate(load_scenario("clark-diabolical").spec)
    view.set_history(other, selected=other.vms[0].spec.name)

    assert view._drag is None
    assert told[-1] is None
    assert view._still is not None
    assert {vm for _, vm in view._still.tiles} == {record.spec.name for record in other.vms}


def test_a_ghost_cannot_be_dragged(view: PoolView, demo: History) -> None:
    view.show_frame(demo.frame_at(8 * SECOND_NS))
    ghost = view._layout.tiles[("xen-2", "cps")]
    QTest.mousePress(view, LEFT, pos=ghost.center())
    QTest.mouseMove(view, ghost.center() + QPoint(40, 0))

    assert view._drag is None


# Keys


def test_arrow_keys_select_and_m_asks_for_the_menu(qtbot: QtBot, view: PoolView) -> None:
    with qtbot.waitSignal(view.vm_selected, timeout=1000) as selected:
        QTest.keyClick(view, Qt.Key.Key_Down)
    with qtbot.waitSignal(view.menu_requested, timeout=1000) as menu:
        QTest.keyClick(view, Qt.Key.Key_M)

    assert selected.args == ["xenapp"]
    assert menu.args is not None
    assert menu.args[0] == "xenapp"


def test_the_menu_key_asks_once(view: PoolView) -> None:
    asked: list[str] = []
    view.menu_requested.connect(lambda vm, at: asked.append(vm))
    QTest.keyPress(view, Qt.Key.Key_Menu)
    reason = QContextMenuEvent.Reason.Keyboard
    QApplication.sendEvent(view, QContextMenuEvent(reason, QPoint(5, 5), QPoint(5, 5)))
    QTest.keyRelease(view, Qt.Key.Key_Menu)

    assert asked == ["cps"]


def test_right_click_asks_for_the_menu_of_the_tile_under_it(view: PoolView) -> None:
    asked: list[str] = []
    view.menu_requested.connect(lambda vm, at: asked.append(vm))
    spot = view.tile_rect("print").center()
    event = QContextMenuEvent(
        QContextMenuEvent.Reason.Mouse, spot, view.mapToGlobal(spot)
    )
    QApplication.sendEvent(view, event)

    assert asked == ["print"]


def test_tab_goes_through_the_tiles_without_choosing_and_then_on(
    qtbot: QtBot, view: PoolView
) -> None:
    chosen: list[str] = []
    view.vm_selected.connect(chosen.append)
    view.setFocus(Qt.FocusReason.TabFocusReason)
    seen = [view._current]
    while view.focusNextPrevChild(True) and len(seen) < 9:
        seen.append(view._current)
    assert seen == ["cps", "xenapp", "print"]
    assert chosen == []

    QTest.keyClick(view, Qt.Key.Key_Return)
    assert chosen == ["print"]


def test_the_focus_is_seen(view: PoolView) -> None:
    around = view.tile_rect("cps").adjusted(-3, -3, 3, 3)
    view.clearFocus()
    view._compose()
    before = view.grab(around).toImage()
    view.hasFocus = lambda: True  # type: ignore[method-assign]
    view._compose()

    assert view.grab(around).toImage() != before


# What it shows


def test_reserved_memory_and_the_moved_tile_follow_the_run(view: PoolView, demo: History) -> None:
    m = demo.migrations[0]
    assert m.resumed_ns is not None
    view.show_frame(demo.frame_at(m.requested_ns + 1))
    assert view.host_rect("xen-1").contains(view.tile_rect("cps"))
    assert view._still.tiles[("xen-2", "cps")].pill == "reserved"
    view.show_frame(demo.frame_at(m.resumed_ns))

    assert view.host_rect("xen-2").contains(view.tile_rect("cps"))
    assert "cps running on xen-2" in view.accessibleDescription()


def test_status_is_said_in_words_from_request_to_release(view: PoolView, demo: History) -> None:
    m = demo.migrations[0]
    assert m.suspended_ns is not None and m.released_ns is not None
    said = []
    for t_ns in (0, m.requested_ns, 8 * SECOND_NS, m.suspended_ns, m.released_ns):
        view.show_frame(demo.frame_at(t_ns))
        said.append(view._still.tiles[(demo.frame_at(t_ns).vms["cps"].host, "cps")].pill)

    assert said == ["running", "reserving", "round 1", "suspended", "running"]


def test_a_host_in_trouble_says_so_in_words(make: Maker, faulty: History) -> None:
    view = make(faulty, "cps", t_ns=9 * SECOND_NS)

    assert "xen-2: link down" in view.accessibleDescription()
    assert "amd-3: host died" in view.accessibleDescription()


@pytest.mark.parametrize("t_ns", [SECOND_NS, 14 * SECOND_NS])
def test_resting_vm_shows_what_it_writes_before_and_after_moves(
    view: PoolView, demo: History, t_ns: int
) -> None:
    view.show_frame(demo.frame_at(t_ns))
    for vm in ("cps", "xenapp"):
        place = mini_rect(view.tile_rect(vm), Detail.FULL)
        view.show_frame(demo.frame_at(t_ns))
        first = view.grab(place).toImage()
        view.show_frame(demo.frame_at(t_ns + 700_000_000))

        assert view.grab(place).toImage() != first, vm


def test_a_picture_depends_on_the_instant_alone(view: PoolView, demo: History) -> None:
    view.show_frame(demo.frame_at(8 * SECOND_NS))
    first = view.grab().toImage()
    for t_ns in (9 * SECOND_NS, 2 * SECOND_NS, 13 * SECOND_NS, 7_990_000_000, 8 * SECOND_NS):
        view.show_frame(demo.frame_at(t_ns))
        view.grab()

    assert view.grab().toImage() == first


def test_map_counts_moved_by_deltas_are_those_of_the_states(view: PoolView, demo: History) -> None:
    for t_ns in range(7 * SECOND_NS, 8 * SECOND_NS, 40_000_000):
        view.show_frame(demo.frame_at(t_ns))
    assert view._maps is not None
    kept = view._maps._maps["cps"]._counts
    assert kept is not None
    states = demo.frame_at(t_ns // 40_000_000 * 40_000_000).vms["cps"].states
    assert states is not None

    assert np.array_equal(kept, count_states(states, len(kept)))
    assert kept[:, PageState.UP_TO_DATE].any()


def test_squares_travel_with_the_time_of_the_run(view: PoolView, demo: History) -> None:
    lane = view._layout.switch.adjusted(-40, 0, -60, 0)
    view.show_frame(demo.frame_at(8 * SECOND_NS))
    first = view.grab(lane).toImage()
    view.show_frame(demo.frame_at(8 * SECOND_NS + 30_000_000))

    assert view.grab(lane).toImage() != first


def test_nothing_is_painted_while_nothing_changes(view: PoolView, demo: History) -> None:
    view.show_frame(demo.frame_at(SECOND_NS))
    view.grab()
    asked: list[object] = []
    view.update = lambda *area: asked.append(area)  # type: ignore[method-assign]
    view.show_frame(demo.frame_at(SECOND_NS))

    assert asked == []


def test_both_themes_paint(view: PoolView) -> None:
    view.set_theme(LIGHT)
    light = view.grab().toImage().pixelColor(2, 205)
    view.set_theme(DARK)

    assert light.lightness() > view.grab().toImage().pixelColor(2, 205).lightness()


def test_another_run_replaces_the_one_that_is_shown(make: Maker, demo: History) -> None:
    view = make(demo, "cps", t_ns=8 * SECOND_NS)
    other = simulate(load_scenario("postcopy-pull").spec)
    view.set_history(other, selected="busy")
    view.show_frame(other.frame_at(2 * SECOND_NS))

    assert "busy pulling on xen-2" in view.accessibleDescription()
    assert view.tip_at(view.tile_rect("busy").center()).startswith("busy: pulling")


# Geometry


@pytest.mark.parametrize("size", [(420, 150), (922, 150), (922, 190), (1560, 260)])
@pytest.mark.parametrize(("hosts", "vms"), [(1, 1), (2, 1), (3, 5), (4, 2), (8, 4), (8, 32)])
def test_nothing_overlaps_or_leaves_its_card(
    hosts: int, vms: int, size: tuple[int, int]
) -> None:
    residents = {f"h{i}": [f"v{i}-{j}" for j in range(vms)] for i in range(hosts)}
    layout = pool_layout(*size, residents)
    cards, tiles = list(layout.hosts.values()), layout.tiles

    assert all(not a.intersects(b) for i, a in enumerate(cards) for b in cards[i + 1 :])
    assert all(not card.intersects(layout.switch) for card in cards)
    assert len(tiles) == hosts * vms
    if size[0] >= 900:
        assert all(layout.hosts[host].contains(tile) for (host, _), tile in tiles.items())
        assert all(QRect(0, 0, *size).contains(card) for card in cards)
    for host in residents:
        own = [tile for (on, _), tile in tiles.items() if on == host]
        assert all(not a.intersects(b) for i, a in enumerate(own) for b in own[i + 1 :])


def test_the_detail_of_tiles_stays_when_a_reservation_comes(view: PoolView, demo: History) -> None:
    before = view.tile_rect("xenapp"), view._layout.detail
    view.show_frame(demo.frame_at(8 * SECOND_NS))

    assert (view.tile_rect("xenapp"), view._layout.detail) == before


def test_wording_is_chosen_by_room_and_never_cut() -> None:
    load_fonts()
    font = ui_font(11)
    choices = ("512 MiB · 10.0.0.21 · application server", "512 MiB · 10.0.0.21", "512 MiB")
    for choice in choices:
        assert fitting(choices, font, QFontMetrics(font).horizontalAdvance(choice)) == choice


def test_rate_fits_above_the_switch() -> None:
    load_fonts()
    layout = pool_layout(922, 150, {"a": ["v"], "b": [], "c": []})
    text = QFontMetrics(ui_font(13, bold=True)).horizontalAdvance("9.41 Gbit/s")

    assert text <= rate_rect(layout).width()
    assert rate_rect(layout).top() >= 0


def test_eight_hosts_with_thirty_two_vms_each_are_shown(make: Maker) -> None:
    history = big_pool(8, 32)
    view = make(history, "vm-0-0", size=(1560, 260))
    view.show_frame(history.frame_at(SECOND_NS // 2))
    picture = QPixmap(view.size())
    view.render(picture)

    assert len(view._layout.tiles) == 256
    assert view.tip_at(view.tile_rect("vm-7-31").center()).startswith("vm-7-31: running")


# The tile that moves over


def test_a_tile_glides_over_with_the_time_of_the_run_and_back(
    qtbot: QtBot, view: PoolView, demo: History
) -> None:
    m = next(m for m in demo.migrations if m.resumed_ns is not None)
    assert m.resumed_ns is not None
    ends = {
        host: view.host_rect(host).center().x() for host in (m.source, m.destination)
    }
    places = []
    for share in (0.0, 0.5, 0.98):
        view.show_frame(demo.frame_at(m.resumed_ns + round(share * GLIDE_NS)))
        (glide,) = view._glides
        places.append(glide_rect(view._layout, glide).center().x())
    assert abs(places[0] - ends[m.source]) < abs(places[0] - ends[m.destination])
    assert abs(places[2] - ends[m.destination]) < abs(places[2] - ends[m.source])
    assert places[0] < places[1] < places[2] or places[0] > places[1] > places[2]
    first = view.grab().toImage()
    view.show_frame(demo.frame_at(m.resumed_ns - 1))
    assert view._glides == []
    view.show_frame(demo.frame_at(m.resumed_ns + round(0.98 * GLIDE_NS)))
    assert view.grab().toImage() == first
    view.set_reduced_motion(True)
    assert view._glides == []


@pytest.mark.parametrize("detail", list(Detail))
@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_a_kept_tile_looks_as_if_it_were_painted_in_its_place(
    qapp: QApplication, detail: Detail, theme: Theme
) -> None:
    size, at = (210, 44), QPoint(37, 21)
    for kind, ghost, ground in product(
        ("run", "move", "bad"), (False, True), ("panel", "pill_mig")
    ):
        look = TileLook("web-1", ("256 MiB", "256"), pill="67 %", kind=kind, ghost=ghost)
        placed, kept = (QImage(300, 90, QImage.Format.Format_RGB32) for _ in range(2))
        for image in (placed, kept):
            image.fill(theme.color(ground))
            painter = QPainter(image)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if image is kept:
                found = tile_image(
                    look, size, detail=detail, ground=ground, theme=theme, ratio=1
                )
                painter.drawImage(at, found)
            else:
                tile = QRect(at, QSize(*size))
                paint_tile(painter, tile, look, detail=detail, selected=False, theme=theme)
            painter.end()
        assert placed == kept
