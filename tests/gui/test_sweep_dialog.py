"""Sweeps in the window: asked, run in workers, shown as curves and maps, cancelled, opened."""

import csv
import io

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from engine.cli_sweep import SerialExecutor
from engine.scenario import load_scenario
from engine.sweep import plan_sweep, run_sweep
from gui.style.theme import DARK, LIGHT
from gui.views.sweep_picture import SweepPicture

ROOM_MS = 60_000


@pytest.fixture
def dialog(parts, qtbot):
    parts.window.activateWindow()
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    QTest.keyClick(parts.window, Qt.Key.Key_D, keys)
    found = parts.wiring.sweeping.dialog
    assert found is not None and found.isVisible()
    yield found
    found.close()
    qtbot.waitUntil(lambda: not parts.wiring.sweeping.running, timeout=ROOM_MS)


def _run(parts, dialog, qtbot):
    QTest.mouseClick(dialog.run_button, Qt.MouseButton.LeftButton)
    assert parts.wiring.sweeping.running
    qtbot.waitUntil(lambda: dialog.result_shown is not None and not parts.wiring.sweeping.running,
                    timeout=ROOM_MS)


def test_a_curve_is_run_shown_and_its_point_opened(parts, dialog, qtbot, settle, tmp_path,
                                                   monkeypatch):
    dialog.first.steps.setValue(4)
    _run(parts, dialog, qtbot)
    assert dialog.bar.value() == 4 and dialog.picture.hasFocus()
    assert "network.bandwidth 100000000 bit/s" in dialog.readout.text()
    QTest.keyClick(dialog.picture, Qt.Key.Key_Right)
    assert dialog.picture.at == 1 and "model" in dialog.readout.text()
    out = tmp_path / "a.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(out), ""))
    QTest.mouseClick(dialog.csv_button, Qt.MouseButton.LeftButton)
    assert len(list(csv.DictReader(io.StringIO(out.read_text("utf-8"))))) == 4
    QTest.keyClick(dialog.picture, Qt.Key.Key_Return)
    settle(parts)
    value = next(csv.DictReader(io.StringIO(out.read_text("utf-8"))))
    assert value and parts.session.scenario.spec.network.bandwidth_bps == 733_333_333
    record = parts.session.history.migrations[0]
    row = dialog.result_shown.rows[1]
    assert (record.resumed_ns - record.suspended_ns) / 1e9 == row[3]
    parts.session.undo_stack.undo()
    settle(parts)


def test_a_map_of_two_policies(parts, dialog, qtbot):
    dialog.first.steps.setValue(3)
    dialog.second.path.setCurrentText("vms.cps.writers.0.rate")
    dialog.second.steps.setValue(3)
    dialog.policies.item(1).setCheckState(Qt.CheckState.Checked)
    dialog.policies.item(2).setCheckState(Qt.CheckState.Checked)
    _run(parts, dialog, qtbot)
    plan = dialog.result_shown.plan
    assert plan.n_points == 9 * len(plan.policies) and len(plan.policies) > 1
    QTest.keyClick(dialog.picture, Qt.Key.Key_Up)
    assert dialog.picture.at == 1
    dialog.shown_policy.setCurrentIndex(1)
    assert not dialog.picture.grab().isNull()


def test_a_sweep_is_cancelled_within_a_second(parts, dialog, qtbot):
    dialog.first.steps.setValue(100)
    dialog.second.path.setCurrentText("vms.cps.writers.0.rate")
    dialog.second.steps.setValue(100)
    QTest.mouseClick(dialog.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.bar.value() > 0, timeout=ROOM_MS)
    QTest.mouseClick(dialog.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not parts.wiring.sweeping.running, timeout=ROOM_MS)
    QApplication.processEvents()
    assert dialog.result_shown is None and dialog.run_button.isEnabled()


def test_a_wrong_form_is_told(parts, dialog):
    dialog.first.low.setText("fast")
    QTest.mouseClick(dialog.run_button, Qt.MouseButton.LeftButton)
    assert "network.bandwidth" in dialog.fault.text() and dialog.fault.isVisible()
    assert not parts.wiring.sweeping.running


@pytest.fixture(scope="module")
def results():
    scenario = load_scenario("recorded-demo")
    axes = ["network.bandwidth=200 Mbit/s:1 Gbit/s:5", "vms.cps.writers.0.rate=500:40000 pages/s:4"]
    return [
        run_sweep(plan_sweep(scenario, axes[:n], policies), SerialExecutor())
        for n, policies in ((1, ["xen-legacy", "postcopy"]), (2, ["xen-legacy"]))
    ]


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_pictures_show_every_point(qtbot, results, theme):
    for result in results:
        view = SweepPicture(theme)
        qtbot.addWidget(view)
        view.resize(700, 460)
        view.show()
        told = set()
        view.pointed.connect(told.add)
        for figure in ("downtime_s", "total_time_s", "bytes_sent", "rounds"):
            view.show_result(result, figure)
            image = view.grab().toImage()
            colors = {image.pixel(x, y) for x in range(0, 700, 3) for y in range(0, 460, 3)}
            assert len(colors) > 8, figure
        for x in range(90, 690, 8):
            for y in range(40, 410, 8):
                QTest.mouseMove(view, view.rect().topLeft() + type(view.rect().topLeft())(x, y))
        assert len(told) >= len(result.rows) - 2
        assert view.accessibleDescription()
