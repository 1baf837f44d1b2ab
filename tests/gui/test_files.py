"""Recent files, saving what is on screen, share codes, and work kept against a crash."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from engine.branches import branches_of
from engine.errors import ScenarioError
from engine.scenario import Scenario, load_scenario, scenario_from_document
from engine.scenario_text import SHARE_MARK, scenario_text, share_code
from engine.specs import ScenarioSpec
from gui import app
from gui.app import Parts
from gui.dialogs.restore_work import RestoreWork
from gui.dialogs.share_code import PasteShareCode
from gui.settings import Settings
from gui.style.theme import DARK
from tests.gui.conftest import ROOM_MS, FakeWallClock

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton
SECOND_NS = 10**9


@pytest.fixture
def kept_parts(
    application: QApplication, clock: FakeWallClock, demo: Scenario, tmp_path: Path
) -> Iterator[Parts]:
    """Return a window that remembers and keeps, in a folder of the test."""
    parts = app.build(
        DARK, clock, settings=Settings(tmp_path / "settings.ini"), keep_in=tmp_path / "unsaved"
    )
    parts.window.show()
    parts.wiring.open_path("recorded-demo")
    yield parts
    parts.runs.close()
    parts.window.close()
    parts.window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def edit(parts: Parts) -> None:
    parts.player.seek(6 * SECOND_NS)
    parts.session.edit("network.bandwidth", "500 Mbit/s")
    parts.session.end_gesture()


def run_of(scenario: Scenario) -> ScenarioSpec:
    """Return what the run depends on: the other futures are kept beside it."""
    return scenario.spec.model_copy(update={"branches": ()})


def test_what_is_on_screen_is_saved_with_its_changes(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    edit(parts)
    path = tmp_path / "mine.toml"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(path), ""))
    QTest.keyClick(parts.window, Qt.Key.Key_S, CTRL)

    assert parts.session.scenario is not None
    assert run_of(load_scenario(path)) == run_of(parts.session.scenario)
    assert [b.name for b in load_scenario(path).spec.branches] == ["as opened"]
    assert load_scenario(path).spec.changes[0].set == {"network.bandwidth": "500 Mbit/s"}


def test_folder_that_cannot_be_written_gives_a_sentence(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "none" / "mine.toml"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: (str(path), ""))
    QTest.keyClick(parts.window, Qt.Key.Key_S, CTRL)

    assert parts.window.error_notice.isVisible()
    assert not path.exists()


def test_share_code_goes_out_and_comes_in_by_key(parts: Parts, settle) -> None:  # type: ignore[no-untyped-def]
    edit(parts)
    shared = parts.session.scenario
    assert shared is not None
    QTest.keyClick(parts.window, Qt.Key.Key_C, CTRL | SHIFT)
    code = QGuiApplication.clipboard().text()
    assert code.startswith(SHARE_MARK)
    parts.session.open(load_scenario("postcopy-pull"))
    QTest.keyClick(parts.window, Qt.Key.Key_V, CTRL)

    assert parts.session.scenario is not None
    assert run_of(parts.session.scenario) == run_of(shared)


def test_cut_share_code_is_told_in_its_page_and_nothing_is_lost(
    parts: Parts, qtbot: QtBot
) -> None:
    before = parts.session.scenario
    code = share_code(load_scenario("postcopy-pull").document)
    QGuiApplication.clipboard().setText(code[:-9])
    QTest.keyClick(parts.window, Qt.Key.Key_V, CTRL)
    page = parts.window.findChild(PasteShareCode)
    assert page is not None and page.isVisible()
    QTest.mouseClick(page.open_button, LEFT)
    assert "copy the whole code again" in page.fault.text()
    assert parts.session.scenario is before
    page.edit.setPlainText(code)
    QTest.mouseClick(page.open_button, LEFT)
    assert parts.session.scenario is not None
    assert parts.session.scenario.spec.title.startswith("Post-copy")


def test_recent_files_are_offered_and_open(kept_parts: Parts, tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text(scenario_text(load_scenario("postcopy-pull").document))
    kept_parts.wiring.open_path(path)
    menu = kept_parts.window.recent
    menu.aboutToShow.emit()
    texts = [a.text() for a in menu.actions() if a.text()]
    assert texts[0].startswith("&1  other.toml") and texts[1] == "&2  recorded-demo"
    menu.actions()[1].trigger()
    assert kept_parts.session.scenario is not None
    assert kept_parts.session.scenario.name == "recorded-demo"
    path.unlink()
    menu.aboutToShow.emit()
    next(a for a in menu.actions() if "other.toml" in a.text()).trigger()
    assert kept_parts.window.error_notice.isVisible()
    menu.aboutToShow.emit()
    assert not any("other.toml" in a.text() for a in menu.actions())


def test_edits_are_kept_until_the_window_closes(kept_parts: Parts, tmp_path: Path) -> None:
    folder = tmp_path / "unsaved"
    assert not list(folder.glob("*.toml"))
    edit(kept_parts)
    keeper = kept_parts.wiring.files._keeper
    assert keeper is not None
    keeper.keep()
    (path,) = folder.glob("*.toml")
    assert load_scenario(path).spec.changes[0].set == {"network.bandwidth": "500 Mbit/s"}
    kept_parts.window.close()
    assert not list(folder.glob("*.toml"))


def test_work_of_a_program_that_crashed_is_offered_and_opened(
    kept_parts: Parts, qtbot: QtBot, demo: Scenario, tmp_path: Path
) -> None:
    edited = demo.with_change(6 * SECOND_NS, {"network.bandwidth": "400 Mbit/s"})
    folder = tmp_path / "unsaved"
    folder.mkdir(exist_ok=True)
    (folder / "left.toml").write_text(scenario_text(edited.document))
    assert kept_parts.wiring.files.offer_left_behind()
    page = kept_parts.window.findChild(RestoreWork)
    assert page is not None and page.list.count() == 1
    QTest.mouseClick(page.restore_button, LEFT)
    assert kept_parts.session.scenario is not None
    assert kept_parts.session.scenario.spec == edited.spec
    assert not (folder / "left.toml").exists()
    # It is unsaved still, so it is kept again.
    qtbot.waitUntil(lambda: len(list(folder.glob("*.toml"))) == 1, timeout=ROOM_MS)


def kept_scenario(parts: Parts) -> Scenario | None:
    """Return what is kept against a crash now."""
    keeper = parts.wiring.files._keeper
    assert keeper is not None
    keeper.keep()
    return load_scenario(keeper.path) if keeper.path.exists() else None


def test_other_futures_are_kept_also_while_the_original_is_on_screen(kept_parts: Parts) -> None:
    parts, tree = kept_parts, kept_parts.wiring.forking.tree
    assert kept_scenario(parts) is None
    edit(parts)
    edited = parts.session.scenario
    assert edited is not None
    tree.go_to(tree.nodes()[0])
    assert parts.session.scenario is parts.session.original
    kept = kept_scenario(parts)
    assert kept is not None
    (branch,) = branches_of(kept)
    assert run_of(branch.scenario) == run_of(edited)
    # Its name is kept as well, and with the last branch the file goes.
    tree.rename(tree.nodes()[1], "half the link")
    kept = kept_scenario(parts)
    assert kept is not None and kept.spec.branches[0].name == "half the link"
    tree.delete(tree.nodes()[1])
    assert kept_scenario(parts) is None


def test_a_future_that_no_file_can_keep_takes_no_other_with_it(kept_parts: Parts) -> None:
    parts, tree = kept_parts, kept_parts.wiring.forking.tree
    edit(parts)
    tree.go_to(tree.nodes()[0])
    document = parts.session.scenario.document if parts.session.scenario else {}
    hosts = [*document["hosts"], {"name": "xen-9"}]
    parts.session.take(scenario_from_document({**document, "hosts": hosts}, "more"), "one more")
    tree.go_to(tree.nodes()[0])
    assert len(tree.nodes()) == 3
    kept = kept_scenario(parts)
    assert kept is not None and len(kept.spec.branches) == 1
    with pytest.raises(ScenarioError, match="save this branch as a scenario of its own"):
        tree.document()
