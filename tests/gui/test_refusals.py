"""`refusals` in the window: while a VM is in the air, every host shows every rule."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.eligibility import may_move
from engine.scenario import Scenario, load_scenario
from gui.app import Parts
from gui.dialogs.choose_host import ChooseHost
from gui.style.theme import DARK, LIGHT, ui_font
from gui.views.pool_verdicts import Verdicts
from gui.views.verdict_table import MARK_ROOM_PX, TEXT_PX, VerdictTable
from tests.gui.conftest import Opener
from tests.gui.test_labels import cut_texts

LEFT = Qt.MouseButton.LeftButton
AT_NS = 1_500_000_000
REFUSED = {
    "xen-1": ["Another host"],
    "xen-2": [],
    "amd-3": ["Processor maker", "Processor type"],
    "old-4": ["Processor type"],
    "blind-5": ["Storage in sight"],
    "full-6": ["Free memory"],
    "unplugged-7": ["Link up"],
    "dead-8": ["Host alive"],
}
SIZES = [(1120, 700), (1280, 800), (1920, 1080)]


@pytest.fixture(scope="module")
def refusals() -> Scenario:
    return load_scenario("refusals")


@pytest.fixture
def opened(open_window: Opener, refusals: Scenario) -> Callable[..., Parts]:
    def at_the_instant(width: int = 1280, height: int = 800) -> Parts:
        parts = open_window(refusals, width, height)
        parts.player.seek(AT_NS)
        QApplication.processEvents()
        return parts

    return at_the_instant


def lift(parts: Parts) -> None:
    """Press on the VM and begin to move it."""
    pool = parts.window.pool
    start = pool.tile_rect("cps").center()
    QTest.mousePress(pool, LEFT, pos=start)
    QTest.mouseMove(pool, start + QPoint(12, 4))


def hover(parts: Parts, host: str) -> None:
    QTest.mouseMove(parts.window.pool, parts.window.pool.host_rect(host).center())
    QApplication.processEvents()


def test_over_each_of_the_eight_hosts_every_rule_of_every_host_is_shown(
    opened: Callable[..., Parts],
) -> None:
    parts = opened()
    table, pool = parts.window.verdict_table, parts.window.pool
    lift(parts)
    for under_mouse in REFUSED:
        hover(parts, under_mouse)
        assert table.isVisible()
        assert table.verdicts is not None and table.verdicts.over == under_mouse
        assert table.table_layout().hosts == tuple(REFUSED)
        for host, refused in REFUSED.items():
            cells = table.cells(host)
            checks = parts.session.check("cps", host)
            assert [c.title for c in cells] == [c.title for c in checks]
            assert all(c.needed and c.found for c in cells)
            assert [c.title for c in cells if c.mark == "✗"] == refused
            assert all(bool(c.remedy) is (c.mark != "✓") for c in cells)
            assert table.verdicts.accepts(host) is may_move(checks)
        assert under_mouse in table.words()
        assert pool._drag is not None and pool._drag.accepts("xen-2")
    assert dict(table.remedies()).keys() == REFUSED.keys() - {"xen-2"}
    QTest.keyClick(pool, Qt.Key.Key_Escape)
    assert not table.isVisible()


def test_both_values_are_those_of_the_vm_and_of_the_host(opened: Callable[..., Parts]) -> None:
    parts = opened()
    lift(parts)
    table = parts.window.verdict_table
    values = {
        host: {c.title: (c.needed, c.found) for c in table.cells(host)} for host in REFUSED
    }

    assert values["amd-3"]["Processor maker"] == ("Intel", "AMD")
    assert values["old-4"]["Processor type"] == ("Xeon 51xx", "Xeon 30xx")
    assert values["blind-5"]["Storage in sight"] == ("nfs-1", "not nfs-1")
    assert values["full-6"]["Free memory"] == ("512 MiB", "256 MiB")
    assert values["unplugged-7"]["Link up"] == ("up", "down")
    assert values["dead-8"]["Host alive"] == ("alive", "dead")


@pytest.mark.parametrize("host", [h for h, rules in REFUSED.items() if rules and h != "xen-1"])
def test_a_refused_drop_keeps_everything_as_it_was(
    opened: Callable[..., Parts], host: str
) -> None:
    parts = opened()
    scenario, history = parts.session.scenario, parts.session.history
    before = parts.window.pool.grab().toImage()
    lift(parts)
    hover(parts, host)
    QTest.mouseRelease(parts.window.pool, LEFT, pos=parts.window.pool.host_rect(host).center())
    QApplication.processEvents()
    notice = parts.window.error_notice

    assert notice.isVisible() and notice.title == f"cps cannot move to {host}"
    assert len(notice.lines) == len(REFUSED[host])
    assert not parts.window.verdict_table.isVisible()
    assert parts.wiring.moving.dialog is None
    assert parts.session.scenario is scenario
    assert parts.session.history is history
    assert parts.session.undo_stack.count() == 0
    assert parts.window.pool.grab().toImage() == before


def test_the_host_that_can_take_it_asks(opened: Callable[..., Parts]) -> None:
    parts = opened()
    lift(parts)
    hover(parts, "xen-2")
    QTest.mouseRelease(parts.window.pool, LEFT, pos=parts.window.pool.host_rect("xen-2").center())

    assert parts.wiring.moving.dialog is not None


@pytest.mark.parametrize("size", SIZES)
def test_eight_hosts_are_readable(opened: Callable[..., Parts], size: tuple[int, int]) -> None:
    parts = opened(*size)
    lift(parts)
    hover(parts, "amd-3")
    table = parts.window.verdict_table
    layout, metrics = table.table_layout(), QFontMetrics(ui_font(TEXT_PX))
    for host, (left, width) in zip(layout.hosts, layout.columns[2:], strict=True):
        assert left + width <= table.width()
        for cell in table.cells(host):
            assert metrics.horizontalAdvance(cell.found) + MARK_ROOM_PX <= width, cell

    assert layout.hosts == tuple(REFUSED)
    assert layout.row_px >= metrics.height()
    assert layout.top_px(13) <= table.height()
    assert parts.window.rect().contains(table.geometry())
    assert parts.window.pool.mapTo(parts.window, QPoint(0, 0)).y() < table.y()


def test_the_answers_follow_the_run_while_the_vm_is_in_the_air(
    opened: Callable[..., Parts],
) -> None:
    parts = opened()
    parts.player.seek(0)
    lift(parts)
    table = parts.window.verdict_table
    assert all(c.mark == "✓" for c in table.cells("dead-8"))
    parts.player.seek(AT_NS)

    assert [c.title for c in table.cells("dead-8") if c.mark == "✗"] == ["Host alive"]


def test_by_keyboard_all_hosts_are_listed_with_all_rules(
    opened: Callable[..., Parts],
) -> None:
    parts = opened()
    QTest.keyClick(parts.window, Qt.Key.Key_M)
    dialog = parts.window.findChild(ChooseHost)
    assert dialog is not None and dialog.isVisible()
    assert dialog.host == "xen-2" and dialog.accept_button.isEnabled()
    seen = []
    for _ in REFUSED:
        QTest.keyClick(dialog.table, Qt.Key.Key_Right)
        seen.append(dialog.host)
        assert dialog.table.cells(dialog.host)
        assert dialog.table.accessibleDescription().startswith(dialog.host)
        assert dialog.accept_button.isEnabled() is (dialog.host == "xen-2")
    assert sorted(seen) == sorted(REFUSED)
    QTest.keyClick(dialog.table, Qt.Key.Key_Right)
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    assert parts.wiring.moving.dialog is None and dialog.isVisible()

    QTest.keyClick(dialog.table, Qt.Key.Key_Left)
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    assert parts.wiring.moving.dialog is not None
    assert parts.wiring.moving.dialog.question.text() == "Move cps from xen-1 to xen-2?"


def test_a_click_looks_at_a_host_and_a_double_click_takes_it(
    opened: Callable[..., Parts],
) -> None:
    parts = opened()
    QTest.keyClick(parts.window, Qt.Key.Key_M)
    dialog = parts.window.findChild(ChooseHost)
    assert dialog is not None
    layout = dialog.table.table_layout()
    places = {
        host: QPoint(left + 10, layout.top_px(2))
        for host, (left, _) in zip(layout.hosts, layout.columns[2:], strict=True)
    }
    QTest.mouseClick(dialog.table, LEFT, pos=places["amd-3"])
    assert dialog.host == "amd-3"
    QTest.mouseDClick(dialog.table, LEFT, pos=places["xen-2"])

    assert parts.wiring.moving.dialog is not None


def test_more_hosts_than_fit_show_the_one_under_the_mouse(refusals: Scenario) -> None:
    checks = {f"host-{i}": () for i in range(40)}
    table = VerdictTable()
    table.resize(900, 400)
    for over in ("host-0", "host-20", "host-39"):
        table.set_verdicts(Verdicts("cps", "host-0", checks, over))
        layout = table.table_layout()

        assert over in layout.hosts
        assert layout.hidden == 40 - len(layout.hosts) > 0
    table.deleteLater()


def test_the_table_takes_the_theme(opened: Callable[..., Parts]) -> None:
    parts = opened()
    lift(parts)
    hover(parts, "amd-3")
    pictures = []
    for theme in (DARK, LIGHT):
        parts.window.set_theme(theme)
        pictures.append(parts.window.verdict_table.grab().toImage().pixelColor(40, 8).lightness())

    assert pictures[1] > pictures[0] + 100


@pytest.mark.parametrize("size", SIZES[1:])
def test_no_label_of_the_dialog_is_cut(
    opened: Callable[..., Parts], size: tuple[int, int]
) -> None:
    parts = opened(*size)
    QTest.keyClick(parts.window, Qt.Key.Key_M)
    dialog = parts.window.findChild(ChooseHost)
    assert dialog is not None
    for _ in REFUSED:
        QTest.keyClick(dialog.table, Qt.Key.Key_Right)
        QApplication.processEvents()

        assert cut_texts(dialog) == []
