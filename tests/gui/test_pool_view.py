"""The pool view: what it shows, and dragging with real mouse events."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from engine.eligibility import check_move, situation_at
from engine.history import History
from engine.scenario import load_scenario
from engine.simulation import simulate
from gui.style.theme import DARK, LIGHT
from gui.views.pool_layout import pool_layout
from gui.views.pool_view import PoolView


@pytest.fixture(scope="module")
def demo() -> History:
    return simulate(load_scenario("recorded-demo").spec)


@pytest.fixture
def view(qtbot, demo: History) -> PoolView:  # type: ignore[no-untyped-def]
    view = PoolView()
    qtbot.addWidget(view)
    view.resize(1000, 210)
    view.set_history(demo, selected="cps")
    view.set_checker(
        lambda vm, host: check_move(
            demo.spec,
            demo.vm(vm).spec,
            next(h for h in demo.spec.hosts if h.name == host),
            situation_at(demo, 0),
        )
    )
    view.show_frame(demo.frame_at(0))
    view.show()
    return view


def drag(view: PoolView, vm: str, host: str, *, release: bool = True) -> None:
    start = view.tile_rect(vm).center()
    end = view.host_rect(host).center()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(view, start + QPoint(12, 4))
    QTest.mouseMove(view, end)
    if release:
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)


def test_drop_on_a_host_that_can_take_it_asks_to_move(qtbot, view: PoolView) -> None:  # type: ignore[no-untyped-def]
    with qtbot.waitSignal(view.move_requested, timeout=1000) as caught:
        drag(view, "cps", "xen-2")

    assert caught.args == ["cps", "xen-2"]


def test_drop_on_the_amd_host_is_refused_with_its_reason(qtbot, view: PoolView) -> None:  # type: ignore[no-untyped-def]
    with qtbot.waitSignal(view.move_refused, timeout=1000) as caught:
        drag(view, "cps", "amd-3")

    assert caught.args[:2] == ["cps", "amd-3"]
    assert any("AMD" in sentence for sentence in caught.args[2])


def test_hosts_answer_while_the_vm_is_still_in_the_air(view: PoolView) -> None:
    card = view.host_rect("amd-3")
    before = view.grab(card).toImage()
    drag(view, "cps", "xen-2", release=False)

    assert view.grab(card).toImage() != before


def test_escape_puts_the_vm_back(qtbot, view: PoolView) -> None:  # type: ignore[no-untyped-def]
    moved: list[tuple[str, str]] = []
    view.move_requested.connect(lambda vm, host: moved.append((vm, host)))
    drag(view, "cps", "xen-2", release=False)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(
        view, Qt.MouseButton.LeftButton, pos=view.host_rect("xen-2").center()
    )

    assert moved == []


def test_arrow_keys_select_and_m_asks_for_the_menu(qtbot, view: PoolView) -> None:  # type: ignore[no-untyped-def]
    with qtbot.waitSignal(view.vm_selected, timeout=1000) as selected:
        QTest.keyClick(view, Qt.Key.Key_Down)
    with qtbot.waitSignal(view.menu_requested, timeout=1000) as menu:
        QTest.keyClick(view, Qt.Key.Key_M)

    assert selected.args == ["xenapp"]
    assert menu.args[0] == "xenapp"


def test_reserved_memory_and_the_moved_tile_follow_the_run(view: PoolView, demo: History) -> None:
    m = demo.migrations[0]
    assert m.resumed_ns is not None
    view.show_frame(demo.frame_at(m.requested_ns + 1))
    assert view.host_rect("xen-1").contains(view.tile_rect("cps"))
    view.show_frame(demo.frame_at(m.resumed_ns))

    assert view.host_rect("xen-2").contains(view.tile_rect("cps"))
    assert "cps running on xen-2" in view.accessibleDescription()


def test_resting_vm_shows_what_it_writes(view: PoolView, demo: History) -> None:
    place = view.tile_rect("xenapp")
    view.show_frame(demo.frame_at(1_000_000_000))
    first = view.grab(place).toImage()
    view.show_frame(demo.frame_at(3_000_000_000))

    assert view.grab(place).toImage() != first


def test_both_themes_paint(view: PoolView) -> None:
    view.set_theme(LIGHT)
    light = view.grab().toImage().pixelColor(2, 205)
    view.set_theme(DARK)

    assert light.lightness() > view.grab().toImage().pixelColor(2, 205).lightness()


@pytest.mark.parametrize(("hosts", "vms"), [(1, 1), (2, 1), (3, 5), (8, 4)])
def test_no_cards_or_tiles_overlap(hosts: int, vms: int) -> None:
    residents = {f"h{i}": [f"v{i}-{j}" for j in range(vms)] for i in range(hosts)}
    layout = pool_layout(1000, 260, residents)
    cards = list(layout.hosts.values())

    assert all(not a.intersects(b) for i, a in enumerate(cards) for b in cards[i + 1 :])
    assert all(layout.hosts[host].left() <= tile.left() for (host, _), tile in layout.tiles.items())
    assert len(layout.tiles) == hosts * vms
