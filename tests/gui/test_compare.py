"""Two to four runs side by side: policies, values, branches, recordings; one clock, one table."""

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.metrics import downtime_ns, format_figure, total_time_ns
from engine.remaining_pages import remaining_pages
from engine.scenario import Scenario, load_scenario
from engine.simulation import simulate
from engine.states import PENDING
from engine.workload import WriterTimeline
from gui.app import Parts
from gui.dialogs.compare import CompareDialog
from gui.models.compare_runs import (
    policy_candidates,
    value_candidate,
    value_paths,
    writes_sentence,
)
from gui.views.compare_curves import STYLES
from tests.gui.conftest import ROOM_MS, FakeWallClock
from tests.gui.test_branches import change

Settle = Callable[[Parts], None]
SECOND_NS = 1_000_000_000
CTRL = Qt.KeyboardModifier.ControlModifier


def ask(parts: Parts, qtbot: QtBot) -> CompareDialog:
    qtbot.keyClick(parts.window, "D", CTRL)
    (found,) = [d for d in parts.window.findChildren(CompareDialog) if d.isVisible()]
    return found


def check(dialog: CompareDialog, qtbot: QtBot, *labels: str) -> None:
    for row in range(dialog.list.count()):
        item = dialog.list.item(row)
        if item.data(Qt.ItemDataRole.UserRole).label in labels:
            dialog.list.setCurrentRow(row)
            qtbot.keyClick(dialog.list, Qt.Key.Key_Space)


def compare(parts: Parts, qtbot: QtBot, *labels: str) -> None:
    dialog = ask(parts, qtbot)
    check(dialog, qtbot, *labels)
    assert [c.label for c in dialog.checked()][1:] == list(labels)
    qtbot.keyClick(dialog.list, Qt.Key.Key_Return)
    page = parts.window.compare_page
    qtbot.waitUntil(lambda: len(page.runs()) == 1 + len(labels), timeout=ROOM_MS)
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is None)
    parts.window.activateWindow()
    qtbot.waitUntil(parts.window.isActiveWindow)


def test_policies_side_by_side_with_the_figures_of_their_own_runs(
    parts: Parts, qtbot: QtBot, demo: Scenario
) -> None:
    compare(parts, qtbot, "xen-v2", "postcopy")
    page = parts.window.compare_page
    assert page.isVisible() and not parts.window.pool.isVisible()
    assert parts.window.timeline.isVisible()
    assert [c.name for c in page.columns] == ["xen-legacy", "xen-v2", "postcopy"]
    for column, policy in zip(page.columns[1:], ("xen-v2", "postcopy"), strict=True):
        alone = simulate(demo.with_policy(policy).spec)
        assert column.history is not None and column.history.digest() == alone.digest()
    rows = {row.key: row.values for row in page.table.model.rows}
    for key, figure in (("total_time_s", total_time_ns), ("downtime_s", downtime_ns)):
        assert rows[key] == tuple(
            format_figure(key, figure(run.migrations[0]) / 1e9)  # type: ignore[operator]
            for run in page.runs()
        )
    assert page.writes.text().startswith("All runs meet the same writes")


def test_same_writes_is_true(demo: Scenario) -> None:
    runs = [simulate(demo.with_policy(p).spec) for p in ("xen-legacy", "postcopy", "qemu-precopy")]
    assert writes_sentence(runs).startswith("All runs meet the same writes")
    # What a guest writes is a function of its own time: the same in each run.
    written = []
    for run in runs:
        writer = WriterTimeline(run.spec.run.seed, run.vm("cps").spec, 0)
        until_ns = run.vm("cps").clocks[0].guest_at(run.migrations[0].suspended_ns or 0)
        pages, times = writer.writes_between(0, until_ns)
        written.append(list(zip(pages.tolist(), times.tolist(), strict=True)))
    fewest = min(len(w) for w in written)
    assert fewest > 5000 and all(w[:fewest] == written[0][:fewest] for w in written)
    other = simulate(demo.with_value("vms.cps.writers.0.rate", "99 pages/s").spec)
    assert writes_sentence([runs[0], other]) == "The guests differ in what they write."


def test_one_clock_for_all_columns_scrubbed_and_stepped(parts: Parts, qtbot: QtBot) -> None:
    compare(parts, qtbot, "stop-and-copy")
    page = parts.window.compare_page
    parts.player.seek(7 * SECOND_NS)
    for column in page.columns:
        assert column.history is not None and column.instant is not None
        states = column.history.frame_at(7 * SECOND_NS).vms["cps"].states
        left = sum(int(np.count_nonzero(states == s)) for s in PENDING)
        assert dict(column.instant.lines)["Pages left"] == f"{left:,}"
    assert page.columns[0].instant != page.columns[1].instant

    curves = page.curves
    spot = QPoint(round(curves.x_at(5 * SECOND_NS)), curves.height() // 2)
    QTest.mouseClick(curves, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, spot)
    assert abs(parts.player.t_ns - 5 * SECOND_NS) < SECOND_NS // 10
    qtbot.keyClick(parts.window, Qt.Key.Key_PageDown)
    assert parts.player.t_ns == page.runs()[0].migrations[0].rounds[0].start_ns


def test_the_clock_goes_to_the_end_of_the_longest(
    parts: Parts, qtbot: QtBot, clock: FakeWallClock
) -> None:
    own_end_ns = parts.player.end_ns
    dialog = ask(parts, qtbot)
    dialog.path.setCurrentText("network.bandwidth")
    qtbot.keyClicks(dialog.value, "200 Mbit/s")
    qtbot.keyClick(dialog.value, Qt.Key.Key_Return)
    assert [c.label for c in dialog.checked()] == ["xen-legacy", "bandwidth 200 Mbit/s"]
    qtbot.keyClick(dialog.list, Qt.Key.Key_Return)
    page = parts.window.compare_page
    qtbot.waitUntil(lambda: len(page.runs()) == 2, timeout=ROOM_MS)
    assert parts.player.end_ns == page.end_ns > own_end_ns
    parts.player.seek(own_end_ns - 50_000_000)
    parts.player.play()
    for _ in range(10):
        clock.pass_ms(100)
        parts.player.tick()
    assert parts.player.t_ns > own_end_ns and parts.player.playing
    assert "ended at" in page.columns[0].headline.text()
    parts.wiring.comparing.close()
    assert parts.player.end_ns == own_end_ns >= parts.player.t_ns


def test_a_wrong_value_gets_a_sentence_and_nothing_is_lost(parts: Parts, qtbot: QtBot) -> None:
    dialog = ask(parts, qtbot)
    count = dialog.list.count()
    dialog.path.setCurrentText("network.bandwidth")
    qtbot.keyClicks(dialog.value, "fast")
    qtbot.mouseClick(dialog.add_button, Qt.MouseButton.LeftButton)
    assert "network.bandwidth" in dialog.note.text() and "fast" in dialog.note.text()
    assert dialog.list.count() == count and dialog.value.text() == "fast"
    assert not dialog.compare_button.isEnabled()
    check(dialog, qtbot, "xen-v2", "xapi-emu", "postcopy", "hybrid")
    assert dialog.note.text() == "5 are checked; 4 fit side by side."
    assert not dialog.compare_button.isEnabled()


def test_four_runs_and_esc_brings_the_window_back(parts: Parts, qtbot: QtBot) -> None:
    compare(parts, qtbot, "stop-and-copy", "xen-v2", "hybrid")
    page = parts.window.compare_page
    assert len(page.columns) == 4
    assert all(c.width() >= 200 for c in page.columns)
    assert len({STYLES[i] for i in range(4)}) == 4
    qtbot.keyClick(parts.window, Qt.Key.Key_Escape)
    assert not page.isVisible() and parts.window.pool.isVisible()
    assert not parts.wiring.comparing.on


def test_branches_are_compared_from_their_tree(
    parts: Parts, qtbot: QtBot, settle: Settle
) -> None:
    node = change(parts, settle, 7, 500)
    panel = parts.window.branches
    qtbot.keyClick(parts.window, Qt.Key.Key_T, Qt.KeyboardModifier.ShiftModifier)
    for row in (0, 1):
        panel.tree.setCurrentItem(panel.tree.topLevelItem(row))
        qtbot.keyClick(panel.tree, Qt.Key.Key_Space)
    qtbot.mouseClick(panel.compare_button, Qt.MouseButton.LeftButton)
    page = parts.window.compare_page
    qtbot.waitUntil(lambda: len(page.runs()) == 2, timeout=ROOM_MS)
    assert [c.name for c in page.columns] == [node.name, "as opened"]
    before, after = page.runs()
    assert before.digest_until(node.at_ns) == after.digest_until(node.at_ns)


def test_an_edit_ends_the_comparison(parts: Parts, qtbot: QtBot, settle: Settle) -> None:
    compare(parts, qtbot, "xen-v2")
    parts.session.edit("network.bandwidth", "300 Mbit/s")
    parts.session.end_gesture()
    settle(parts)
    assert not parts.window.compare_page.isVisible()


def test_candidates_are_those_that_can_run(demo: Scenario) -> None:
    labels = [c.label for c in policy_candidates(demo, "cps")]
    assert "xen-legacy" not in labels and {"xen-v2", "qemu-precopy", "postcopy"} <= set(labels)
    assert value_paths(demo, "cps")[:2] == ["network.bandwidth", "vms.cps.writers.0.rate"]
    made = value_candidate(demo, "vms.cps.writers.0.rate", "9000 pages/s")
    assert isinstance(made.run, Scenario) and made.label == "rate 9000 pages/s"


def test_curves_are_the_remaining_pages_of_the_runs(parts: Parts, qtbot: QtBot) -> None:
    compare(parts, qtbot, "postcopy")
    page = parts.window.compare_page
    for curve, run in zip(page.curves._curves, page.runs(), strict=True):
        points = remaining_pages(run, run.migrations[0])
        assert points is not None and curve.points is not None
        assert (curve.points.pages == points.pages).all()


@pytest.mark.parametrize("theme", ["dark", "light", "projector"])
def test_themes_change_while_it_is_open(parts: Parts, qtbot: QtBot, theme: str) -> None:
    compare(parts, qtbot, "xen-v2")
    parts.wiring.layouts.set_theme(theme)
    assert not parts.window.compare_page.grab().isNull()
    assert load_scenario("recorded-demo").name == parts.session.scenario.name  # type: ignore[union-attr]
