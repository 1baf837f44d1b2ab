"""Closed-form models beside the run in the outcome table."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from engine.history import History
from engine.model_rows import ModelRow, models_for
from gui.app import Parts
from gui.models.closed_form_model import NEVER, THIS_RUN, WAITING, ClosedFormModel, model_row
from gui.views.outcome_view import WIDEST_PX, OutcomeView
from tests.gui.conftest import ROOM_MS

Settle = Callable[[Parts], None]


@pytest.fixture(scope="module")
def rows(history: History) -> list[ModelRow]:
    spec = history.spec
    return models_for(spec, spec.vms[0], spec.migrations[0])


@pytest.fixture
def view(qtbot: QtBot, history: History) -> OutcomeView:
    found = OutcomeView()
    qtbot.addWidget(found)
    found.set_history(history, selected="cps")
    found.show()
    return found


def test_the_model_keeps_the_rules_of_item_models(
    qtmodeltester: ModelTester, rows: list[ModelRow]
) -> None:
    model = ClosedFormModel()
    model.set_rows([model_row(row) for row in rows])
    qtmodeltester.check(model)

    assert model.rowCount() == len(rows)


def test_models_are_shown_under_the_run_with_what_they_assume(
    view: OutcomeView, history: History, rows: list[ModelRow]
) -> None:
    assert not view.models_table.isVisible()
    view.show_models(history.spec, 0, rows)
    labels = [row.label for row in view.closed_forms.rows]
    tip = view.closed_forms.data(view.closed_forms.index(1, 0), Qt.ItemDataRole.ToolTipRole)

    assert view.models_table.isVisible()
    assert labels == [THIS_RUN, *(row.model for row in rows)]
    assert rows[0].assumption in tip


def test_a_model_that_never_ends_says_so() -> None:
    row = model_row(ModelRow("Geometric series", math.inf, math.inf, 0.0, False, "Always more."))

    assert (row.total, row.downtime, row.converges) == (NEVER, NEVER, False)
    assert row.marked_label.startswith("✗")


def test_models_of_another_run_or_migration_are_not_shown(
    view: OutcomeView, history: History, pulled: History, rows: list[ModelRow]
) -> None:
    view.show_models(pulled.spec, 0, rows)
    view.show_models(history.spec, 3, rows)

    assert view.closed_forms.rows == ()


def test_a_new_run_keeps_the_lines_until_the_new_figures_come(
    view: OutcomeView, history: History, pulled: History, rows: list[ModelRow]
) -> None:
    view.show_models(history.spec, 0, rows)
    view.set_history(pulled, selected="cps")
    kept = view.closed_forms.rows
    assert len(kept) == len(rows) + 1
    assert all(row.total == WAITING for row in kept[1:])
    view.show_models(pulled.spec, 0, [])

    assert view.closed_forms.rows == ()
    assert not view.models_table.isVisible()


def test_no_figure_is_cut_and_the_side_has_room(
    view: OutcomeView, history: History, rows: list[ModelRow]
) -> None:
    view.show_models(history.spec, 0, rows)
    metrics, table = QFontMetrics(view.models_table.font()), view.models_table
    for row in range(view.closed_forms.rowCount()):
        for column in (1, 2):
            text = str(view.closed_forms.data(view.closed_forms.index(row, column)))
            assert metrics.horizontalAdvance(text) <= table.columnWidth(column)

    assert view.sizeHint().width() <= WIDEST_PX


def test_models_come_from_the_worker_after_a_run_has_settled(
    parts: Parts, settle: Settle, qtbot: QtBot
) -> None:
    asked: list[object] = []
    parts.runs.models_finished.connect(lambda *what: asked.append(what))
    parts.runs.warm_up()
    outcome = parts.window.outcome
    qtbot.waitUntil(lambda: bool(outcome.closed_forms.rows), timeout=ROOM_MS)
    first = outcome.closed_forms.rows
    assert first[0].label == THIS_RUN and len(first) > 4

    parts.player.seek(0)
    row = parts.window.controls.bandwidth
    row.slider.setFocus()
    QTest.keyClick(row.slider, Qt.Key.Key_PageDown)
    settle(parts)

    def fresh() -> bool:
        rows = outcome.closed_forms.rows
        return len(asked) > 1 and len(rows) == len(first) and rows[1].total != first[1].total

    qtbot.waitUntil(fresh, timeout=ROOM_MS)
    second = outcome.closed_forms.rows

    assert [r.label for r in second] == [r.label for r in first]
    assert second[1].total != first[1].total
    assert WAITING not in {r.total for r in second}


def test_nothing_is_asked_while_a_slider_is_in_hand(
    parts: Parts, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(parts.runs, "request_models", lambda *what: asked.append(what))
    parts.session.edit("network.bandwidth", "500 Mbit/s")
    settle(parts)
    parts.wiring.showing._ask_models()
    assert parts.session.editing and asked == []
    parts.session.end_gesture()
    parts.wiring.showing._ask_models()
    QApplication.processEvents()

    assert len(asked) == 1


def test_a_run_goes_before_models(parts: Parts, settle: Settle) -> None:
    parts.runs.request_models(parts.session.history.spec, 0)  # type: ignore[union-attr]

    assert parts.runs._executor is None
    assert not parts.runs.busy
