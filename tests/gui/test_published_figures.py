"""The page of published figures: rows, details, progress in a worker, stop, and opening a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from engine.reproduce import Reproduced, reproduce
from gui import reproduction
from gui.app import Parts
from gui.dialogs.published_figures import PublishedFigures
from gui.models.reproduced_model import NOTHING, ReproducedModel, details_of, texts_of
from gui.reproduction import Reproduction
from gui.style.theme import DARK
from tests.gui.conftest import ROOM_MS
from tests.gui.test_labels import cut_texts
from tests.helpers.reproduction_workers import (
    dying_work,
    endless_work,
    failing_work,
    quick_work,
)

LEFT = Qt.MouseButton.LeftButton


def made_row(**values: Any) -> Reproduced:
    base: dict[str, Any] = dict(
        id="M4", scenario="clark-diabolical", quantity="Downtime", published="3.5 s ± 5 %",
        simulated="3.51 s", value=3.51, deviation=0.002, runs=(3.51,), inside=1, met=True,
        kind="tight", source="Clark et al. 2005", note="", given=("stages.start_up",),
    )  # fmt: skip
    return Reproduced(**(base | values))


ROWS = [
    made_row(),
    made_row(
        id="W3", scenario="models", met=False, deviation=None, runs=(1.0,) * 20, inside=3,
        note="the start is not modelled", fitted=("the curve",), assumed=("latency",),
    ),
]  # fmt: skip


@pytest.fixture
def quick(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reproduction]:
    monkeypatch.setattr(reproduction, "_work", quick_work)
    found = Reproduction()
    yield found
    found.stop()


def test_the_model_keeps_the_rules_of_item_models(qtmodeltester: ModelTester) -> None:
    model = ReproducedModel()
    model.set_rows(ROWS)
    qtmodeltester.check(model)

    assert model.rowCount() == 2


def test_met_and_missed_are_said_by_mark_and_word() -> None:
    met, missed = (texts_of(row) for row in ROWS)

    assert met[0] == "✓ met" and missed[0] == "✗ MISSED"
    assert met[-2:] == ("+0.2%", NOTHING)
    assert missed[-2:] == (NOTHING, "3 of 20")


def test_details_tell_what_a_row_stands_on() -> None:
    assert dict(details_of(ROWS[1])) == {
        "Source": "Clark et al. 2005",
        "Note": "the start is not modelled",
        "Given by the source": "stages.start_up",
        "Fitted": "the curve",
        "Assumed": "latency",
    }


def test_only_what_misses_can_be_shown() -> None:
    model = ReproducedModel()
    model.set_rows(ROWS, only_missed=True)

    assert [row.id for row in model.rows] == ["W3"]


def test_the_worker_tells_each_scenario_and_gives_the_same_rows(
    quick: Reproduction, qtbot: QtBot
) -> None:
    quick.start()
    assert quick.busy
    qtbot.waitUntil(lambda: not quick.busy, timeout=ROOM_MS)

    assert quick.done == ["faq-downtime", "recorded-demo"]
    assert list(quick.rows) == reproduce(("recorded-demo", "faq-downtime"))


@pytest.mark.parametrize(
    ("work", "sentence"), [(failing_work, "ValueError: no"), (dying_work, "ended early")]
)
def test_a_worker_that_fails_is_told(
    quick: Reproduction, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, work: Any, sentence: str
) -> None:
    monkeypatch.setattr(reproduction, "_work", work)
    with qtbot.waitSignal(quick.failed, timeout=ROOM_MS) as told:
        quick.start()

    assert told.args is not None and sentence in told.args[0]
    assert not quick.busy


def test_it_can_be_stopped_and_keeps_the_rows_of_before(
    quick: Reproduction, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproduction, "_work", endless_work)
    quick.rows = tuple(ROWS)
    page = PublishedFigures(quick, DARK)
    qtbot.addWidget(page)
    page.show()
    QTest.mouseClick(page.run_button, LEFT)
    qtbot.waitUntil(lambda: page.step.text() == "Running clark-web…", timeout=ROOM_MS)
    process = quick._background._process
    assert page.progress.isVisible() and page.run_button.text() == "Stop"
    QTest.mouseClick(page.run_button, LEFT)

    assert process is not None and not process.is_alive()
    assert not quick.busy and quick.rows == tuple(ROWS)
    assert not page.progress.isVisible() and page.run_button.text() == "Compute again"


def test_p_opens_the_page_and_a_row_opens_its_scenario(
    parts: Parts, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproduction, "_work", quick_work)
    QTest.keyClick(parts.window, Qt.Key.Key_P)
    page = parts.window.findChild(PublishedFigures)
    assert page is not None and page.isVisible()
    qtbot.waitUntil(lambda: bool(page.model.rows), timeout=ROOM_MS)
    assert "figures met" in page.summary.text()
    shown = [row.scenario for row in page.model.rows]
    page.table.setFocus()
    for _ in range(shown.index("recorded-demo")):
        QTest.keyClick(page.table, Qt.Key.Key_Down)
    assert page.row is not None and page.row.scenario == "recorded-demo"
    assert page.details.text().startswith("Source: ")
    QTest.keyClick(page.table, Qt.Key.Key_Home)
    while page.row is not None and page.row.scenario != "faq-downtime":
        QTest.keyClick(page.table, Qt.Key.Key_Up)
    QTest.mouseClick(page.open_button, LEFT)

    assert parts.session.scenario is not None
    assert parts.session.scenario.name == "faq-downtime"
    assert not page.isVisible()


def test_a_row_of_the_models_opens_nothing(quick: Reproduction, qtbot: QtBot) -> None:
    quick.rows = tuple(ROWS)
    page = PublishedFigures(quick, DARK)
    qtbot.addWidget(page)
    page.show()
    assert page.open_button.isEnabled()
    QTest.mouseClick(page.only_missed, LEFT, pos=page.only_missed.rect().center())
    page.only_missed.setChecked(True)

    assert [row.id for row in page.model.rows] == ["W3"]
    assert not page.open_button.isEnabled()
    assert "Note: the start is not modelled" in page.details.text()


def test_closing_the_page_stops_the_worker(
    quick: Reproduction, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproduction, "_work", endless_work)
    page = PublishedFigures(quick, DARK)
    qtbot.addWidget(page)
    page.show()
    assert quick.busy
    QTest.keyClick(page, Qt.Key.Key_Escape)

    assert not quick.busy


def test_no_label_of_the_page_is_cut(quick: Reproduction, qtbot: QtBot) -> None:
    quick.rows = tuple(ROWS)
    page = PublishedFigures(quick, DARK)
    qtbot.addWidget(page)
    page.resize(1100, 640)
    page.show()
    QApplication.processEvents()

    assert cut_texts(page) == []
