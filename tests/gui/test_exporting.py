"""File > Export data and Export film, by keys: what is saved, what is given up, what is said."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from engine.tables import csv_text, table_of
from gui.app import Parts
from gui.dialogs.export_data import ExportData
from gui.dialogs.export_film import ExportFilm

Settle = Callable[[Parts], None]
SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def save_as(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args, **kw: (str(path), ""))


def data_dialog(parts: Parts, qtbot: QtBot) -> ExportData:
    qtbot.keyClick(parts.window, Qt.Key.Key_E, SHIFT)
    (dialog,) = [d for d in parts.window.findChildren(ExportData) if d.isVisible()]
    return dialog


def film_dialog(parts: Parts, qtbot: QtBot) -> ExportFilm:
    qtbot.keyClick(parts.window, Qt.Key.Key_F, SHIFT)
    dialog = parts.wiring.exporting.film
    assert dialog is not None and dialog.isVisible()
    return dialog


def test_a_table_is_saved_as_it_is_shown(
    parts: Parts, settle: Settle, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(parts)
    out = tmp_path / "rounds.csv"
    save_as(monkeypatch, out)
    dialog = data_dialog(parts, qtbot)
    history = parts.session.history
    assert history is not None
    table = table_of(history, "rounds")
    assert dialog.view.model().rowCount() == len(table.rows)
    qtbot.keyClick(dialog, Qt.Key.Key_Return)

    assert out.read_text() == csv_text(table)


def test_pages_are_those_at_the_playhead_or_why_there_are_none_is_said(
    parts: Parts, settle: Settle, qtbot: QtBot
) -> None:
    settle(parts)
    dialog = data_dialog(parts, qtbot)
    dialog.choice.setCurrentIndex(dialog.choice.findData("pages"))
    assert "no copying has begun" in dialog.fault.text()
    assert dialog.fault.isVisible() and not dialog.save_button.isEnabled()
    dialog.reject()
    parts.player.seek(8 * 10**9)
    parts.window.activateWindow()
    dialog = data_dialog(parts, qtbot)
    dialog.choice.setCurrentIndex(dialog.choice.findData("pages"))
    assert dialog.table is not None and len(dialog.table.rows) == 131_072
    assert dialog.words.text().startswith("131,072 rows, the first 200 are shown")


def test_a_stretch_is_filmed(
    parts: Parts, settle: Settle, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(parts)
    parts.window.plots.select(8 * 10**9, 8 * 10**9 + 200_000_000)
    out = tmp_path / "film.mp4"
    save_as(monkeypatch, out)
    dialog = film_dialog(parts, qtbot)
    assert dialog.stretch.currentText() == "Selection, 8 s to 8.2 s"
    assert dialog.words.text() == "0.2 s of film, 6 pictures."
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: parts.wiring.exporting.film is None, timeout=60_000)

    assert list(tmp_path.iterdir()) == [out]
    assert out.stat().st_size > 1000


def test_escape_gives_up_at_once_and_leaves_nothing(
    parts: Parts, settle: Settle, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(parts)
    save_as(monkeypatch, tmp_path / "film.mp4")
    dialog = film_dialog(parts, qtbot)
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.bar.value() > 3, timeout=60_000)
    assert dialog.bar.isVisible() and not dialog.stretch.isEnabled()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    QApplication.processEvents()

    assert not parts.wiring.exporting.background.busy
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_said_in_the_dialog(
    parts: Parts, settle: Settle, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(parts)
    save_as(monkeypatch, Path("/nowhere/film.mp4"))
    dialog = film_dialog(parts, qtbot)
    qtbot.keyClick(dialog, Qt.Key.Key_Return)

    assert "cannot be written" in dialog.fault.text() and dialog.fault.isVisible()
    assert dialog.start_button.isEnabled()
