"""A figure from the window: previewed, saved as the command line would, cited."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from engine.scenario import load_scenario
from gui import shot

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
    if ending != "pdf":
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
