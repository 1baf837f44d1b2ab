"""A figure from the window: previewed, saved as the command line would, cited."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from engine.scenario import load_scenario
from engine.scenario_text import scenario_text
from gui import shot
from gui.dialogs.figure_callouts import FigureCallouts, plain_words
from tests.gui.test_cut_text import painted, troubles  # noqa: F401
from tests.gui.test_figures import shoot

ROOM_MS = 60_000


@pytest.fixture
def dialog(parts, qtbot, settle):
    parts.session.edit("network.bandwidth", "500 Mbit/s")
    parts.session.end_gesture()
    settle(parts)
    parts.player.seek(9_000_000_000)
    parts.window.activateWindow()
    QTest.keyClick(parts.window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    export = parts.wiring.figure_export
    qtbot.waitUntil(lambda: not export.busy, timeout=ROOM_MS)
    yield export.dialog
    if export.dialog is not None:
        export.dialog.close()
    assert not export.busy


def _wait(parts, qtbot):
    qtbot.waitUntil(lambda: not parts.wiring.figure_export.busy, timeout=ROOM_MS)
    QApplication.processEvents()


def test_a_preview_stands_at_once_and_follows_the_form(parts, dialog, qtbot):
    assert not dialog.preview.pixmap().isNull()
    assert "1600 x 900" in dialog.preview.accessibleDescription()
    dialog.view.setCurrentText("timeline")
    qtbot.waitUntil(lambda: "1100 x 90" in dialog.preview.accessibleDescription(), timeout=ROOM_MS)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_what_is_saved_is_what_is_on_screen(parts, dialog, qtbot, tmp_path, monkeypatch, ending):
    out = tmp_path / f"a.{ending}"
    dialog.view.setCurrentText("ping")
    _wait(parts, qtbot)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(out), ""))
    QTest.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: f"Saved: {out.name}" in dialog.note.text(), timeout=ROOM_MS)
    assert load_scenario(out).spec == parts.session.scenario.spec
    if ending == "png":
        wanted = shot.render(
            parts.session.scenario, shot.Picture("9 s", (640, 320), view="ping", vm="cps")
        )
        assert QImage(str(out)).convertToFormat(wanted.format()).size() == wanted.size()


def test_a_size_that_is_too_small_and_a_folder_that_is_not_there_are_told(
    parts, dialog, qtbot, tmp_path, monkeypatch
):
    dialog.size_px.setText("200x900")
    qtbot.waitUntil(lambda: "the window needs" in dialog.note.text(), timeout=ROOM_MS)
    dialog.size_px.setText("1600x900")
    qtbot.waitUntil(lambda: not dialog.note.text(), timeout=ROOM_MS)
    missing = Path(tmp_path / "no" / "a.png")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a: (str(missing), ""))
    dialog.save_button.click()
    qtbot.waitUntil(lambda: "cannot be written" in dialog.note.text(), timeout=ROOM_MS)


def test_the_citation_is_copied(parts, dialog, qtbot):
    QTest.mouseClick(dialog.cite_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "copied" in dialog.note.text(), timeout=ROOM_MS)
    assert "@misc{migrascope-recorded-demo" in QApplication.clipboard().text()


def test_closing_ends_what_is_being_drawn(parts, dialog):
    parts.wiring.figure_export._preview()
    assert parts.wiring.figure_export.busy
    dialog.close()
    assert not parts.wiring.figure_export.busy and parts.wiring.figure_export.dialog is None


# Callouts and scale


@pytest.fixture
def callouts(qtbot):
    page = FigureCallouts()
    qtbot.addWidget(page)
    page.offer(["pool", "pages", "host:xen-1", "knob:network.bandwidth"])
    page.show()
    return page


def _check_by_keys(page, row):
    page.list.setFocus()
    page.list.setCurrentRow(row)
    QTest.keyClick(page.list, Qt.Key.Key_Space)


def test_parts_are_numbered_in_the_order_of_checking(callouts):
    for row in (2, 0, 3):
        _check_by_keys(callouts, row)
    assert callouts.callouts == [
        ("host:xen-1", "Host xen-1"), ("pool", "Pool"), ("knob:network.bandwidth", "Bandwidth")
    ]
    assert [callouts.list.item(row).text()[:2] for row in (2, 0, 3)] == ["1.", "2.", "3."]
    _check_by_keys(callouts, 2)
    assert [part for part, _ in callouts.callouts] == ["pool", "knob:network.bandwidth"]
    assert callouts.list.item(0).text() == "1. pool: Pool"
    assert callouts.list.item(2).text() == "host:xen-1"


def test_the_words_of_a_part_are_typed_and_kept(callouts, qtbot):
    assert not callouts.words.isEnabled()
    _check_by_keys(callouts, 0)
    with qtbot.waitSignal(callouts.changed):
        QTest.keyClicks(callouts.words, "All = hosts")
    _check_by_keys(callouts, 1)
    assert callouts.words.text() == ""
    assert callouts.callouts == [("pool", "All = hosts"), ("pages", "Pages")]
    callouts.list.setCurrentRow(0)
    assert callouts.words.text() == "All = hosts"
    callouts.words.clear()
    callouts.words.textEdited.emit("")
    assert callouts.callouts[0] == ("pool", "Pool")


def test_other_parts_leave_what_is_checked(callouts):
    _check_by_keys(callouts, 1)
    callouts.offer(["pool", "ping"])
    texts = [callouts.list.item(row).text() for row in range(3)]
    assert texts == ["pool", "ping", "1. pages: Pages"]
    assert callouts.callouts == [("pages", "Pages")]


def test_a_part_is_named_as_people_write_it():
    names = ("source-memory", "vm:cps", "knob:rate_limit", "link")
    assert [plain_words(n) for n in names] == ["Source memory", "VM cps", "Rate limit", "Link"]


def test_the_dialog_writes_the_bytes_of_the_command(parts, dialog, qtbot, tmp_path, monkeypatch):
    page = dialog.callouts["window"]
    names = [page.list.item(row).text() for row in range(page.list.count())]
    assert {"pool", "pages", "link", "host:xen-1", "timeline"} <= set(names)
    for name in ("timeline", "link"):
        _check_by_keys(page, names.index(name))
    QTest.keyClicks(page.words, "Pages travel here")
    dialog.scale.setValue(1.5)
    dialog.caption.setText("The push")
    dialog.alt.setText("A picture of the push")
    qtbot.waitUntil(lambda: "2400 x" in dialog.pixels.text(), timeout=ROOM_MS)
    kept = tmp_path / "recorded-demo.toml"
    kept.write_text(scenario_text(parts.session.scenario.document), encoding="utf-8")
    for ending in ("png", "svg", "pdf"):
        ours, theirs = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
        dialog.save_wanted.emit(str(ours))
        qtbot.waitUntil(lambda name=ours.name: name in dialog.note.text(), timeout=ROOM_MS)
        done = shoot(
            theirs, str(kept), "--at", "9 s", "--scale", "1.5", "--caption", "The push",
            "--callout", "timeline=Timeline", "--callout", "link=Pages travel here",
            "--alt", "A picture of the push",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert ours.read_bytes() == theirs.read_bytes()


def test_the_pool_has_its_own_callouts_and_a_plot_has_none(parts, dialog, qtbot):
    _check_by_keys(dialog.callouts["window"], 1)
    dialog.view.setCurrentText("pool")
    pool = dialog.callouts["pool"]
    qtbot.waitUntil(lambda: pool.list.count() > 0, timeout=ROOM_MS)
    assert pool.isVisible() and not dialog.callouts["window"].isVisible()
    assert "--callout" not in dialog.arguments
    _check_by_keys(pool, 0)
    assert "--callout" in dialog.arguments
    dialog.view.setCurrentText("ping")
    assert not pool.isVisible() and "--callout" not in dialog.arguments
    _wait(parts, qtbot)
    assert dialog.note.text() == ""


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)])
@pytest.mark.parametrize("percent", [100, 200])
def test_no_text_of_the_filled_dialog_is_cut(parts, dialog, painted, qtbot, size, percent):  # noqa: F811
    parts.window.resize(*size)
    parts.wiring.layouts.set_scale(percent)
    page = dialog.callouts["window"]
    for row in (0, 1, 12):
        _check_by_keys(page, row)
    QTest.keyClicks(page.words, "Pages of the memory travel here")
    dialog.scale.setValue(2.25)
    assert troubles(dialog, painted, parts.window) == []
