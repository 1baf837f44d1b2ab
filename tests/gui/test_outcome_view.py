"""The outcome table, its model, and the bars of the rounds."""

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from engine.history import History
from engine.metrics import outcome_rows
from gui.models.outcome_model import NOTHING, OutcomeModel
from gui.style.theme import DARK, LIGHT
from gui.views.outcome_view import OutcomeView
from gui.views.rounds_view import RoundsView, mebibytes_text, round_sentence


def test_model_keeps_the_rules_of_item_models(qtmodeltester: ModelTester, history: History) -> None:
    model = OutcomeModel()
    rows = outcome_rows(history.spec, history)
    model.set_rows(rows)
    qtmodeltester.check(model)

    assert model.rowCount() == len(rows)


def test_same_labels_change_values_without_a_reset(qtbot: QtBot, history: History) -> None:
    model = OutcomeModel()
    rows = outcome_rows(history.spec, history)
    model.set_rows(rows)
    with qtbot.waitSignal(model.dataChanged), qtbot.assertNotEmitted(model.modelReset):
        model.set_rows([replace(row, simulated="1 s") for row in rows])

    assert model.data(model.index(0, 1)) == "1 s"


def test_unpublished_figure_is_a_dash(history: History) -> None:
    model = OutcomeModel()
    model.set_rows([replace(outcome_rows(history.spec, history)[0], published="")])

    assert model.data(model.index(0, 2)) == NOTHING
    assert model.headerData(2, Qt.Orientation.Horizontal) == "published"


def test_every_cell_has_room_for_its_text(qtbot: QtBot, history: History) -> None:
    view = OutcomeView()
    qtbot.addWidget(view)
    view.set_history(history, selected="cps")
    view.resize(view.sizeHint())
    view.show()
    metrics = QFontMetrics(view.table.font())
    for row in range(view.model.rowCount()):
        for column in range(view.model.columnCount()):
            text = str(view.model.data(view.model.index(row, column)))
            assert metrics.horizontalAdvance(text) <= view.table.columnWidth(column)


def test_values_are_those_of_the_whole_run(qtbot: QtBot, history: History) -> None:
    view = OutcomeView()
    qtbot.addWidget(view)
    view.set_history(history, selected="cps")
    before = view.model.rows
    view.show_frame(history.frame_at(0))

    assert view.model.rows == before == tuple(outcome_rows(history.spec, history))


def test_rounds_have_bars_and_the_current_one_is_framed(qtbot: QtBot, history: History) -> None:
    view = RoundsView()
    qtbot.addWidget(view)
    view.resize(300, view.sizeHint().height())
    view.set_theme(LIGHT)
    view.set_history(history, selected="cps")
    record = view.rounds()[0]
    view.show_frame(history.frame_at(record.start_ns))
    rect = view.bar_rect(0)
    image = view.grab().toImage()

    assert len(view.rounds()) == len(history.migrations[0].rounds)
    corner = image.pixelColor(round(rect.left()) + 4, round(rect.top()) - 1)
    assert corner.name() == LIGHT.color("ink").name()


def test_copy_while_stopped_is_named(history: History) -> None:
    last = history.migrations[0].rounds[-1]

    assert not last.live
    assert "VM stopped" in round_sentence(last)


def test_run_without_rounds_says_so(qtbot: QtBot, pulled: History) -> None:
    view = RoundsView()
    qtbot.addWidget(view)
    view.set_theme(DARK)
    view.set_history(pulled, selected="cps")
    view.grab()

    assert view.rounds() == ()


def test_mebibytes_have_few_digits() -> None:
    texts = [mebibytes_text(n) for n in (537_000_000, 8_835_912, 32_832, 0)]

    assert texts == ["512", "8.4", "0.031", "0.0"]
