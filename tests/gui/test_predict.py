"""Predict, then reveal: the form by mouse and keys, nothing told before the end, then all of it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from engine.importing import history_of, read_recording
from engine.metrics import downtime_ns, total_time_ns
from engine.scenario import load_scenario
from engine.units import format_duration_ns
from gui.app import Parts
from gui.dialogs.predict import NOTHING_SAID, PredictDialog
from gui.dialogs.reveal import NO_MODELS, RevealDialog
from gui.predicting import PREDICT, REVEAL
from gui.style.theme import DARK
from gui.views.curve_canvas import CurveCanvas
from gui.views.hidden_future import HIDDEN, horizon_ns
from tests.gui.conftest import ROOM_MS, FakeWallClock, Opener

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "importing"
LEFT = Qt.MouseButton.LeftButton
SHIFT = Qt.KeyboardModifier.ShiftModifier
S = 10**9


def press_predict(parts: Parts) -> None:
    parts.window.activateWindow()
    QApplication.processEvents()
    QTest.keyClick(parts.window, Qt.Key.Key_Y, SHIFT)
    QApplication.processEvents()


def ask(parts: Parts) -> PredictDialog:
    press_predict(parts)
    form = parts.wiring.predicting.form
    assert form is not None and form.isVisible()
    return form


def draw(canvas: CurveCanvas, shares: list[tuple[float, float]]) -> None:
    """Draw through places given as shares of the inside, from the top left."""
    area = canvas.area()
    places = [
        QPoint(round(area.left() + x * area.width()), round(area.top() + y * area.height()))
        for x, y in shares
    ]
    QTest.mousePress(canvas, LEFT, pos=places[0])
    for place in places[1:]:
        QTest.mouseMove(canvas, place)
        QApplication.processEvents()
    QTest.mouseRelease(canvas, LEFT, pos=places[-1])


def lock(parts: Parts, total: str = "30 s", downtime: str = "50 ms") -> None:
    form = ask(parts)
    QTest.keyClicks(form.total.field, total)
    QTest.keyClicks(form.downtime.field, downtime)
    QTest.mouseClick(form.lock_button, LEFT)
    QApplication.processEvents()
    assert parts.wiring.predicting.standing


def card_of(parts: Parts, qtbot: QtBot) -> RevealDialog:
    qtbot.waitUntil(lambda: parts.wiring.predicting.card is not None, timeout=ROOM_MS)
    card = parts.wiring.predicting.card
    assert card is not None and card.isVisible()
    return card


def visible_words(parts: Parts) -> str:
    labels = parts.window.findChildren(QLabel)
    return "\n".join(label.text() for label in labels if label.isVisible())


def test_guess_drawn_curve_model_and_run_stand_together(
    parts: Parts, clock: FakeWallClock, qtbot: QtBot
) -> None:
    parts.runs.warm_up()
    form = ask(parts)
    QTest.keyClicks(form.total.field, "30 s")
    QTest.keyClicks(form.downtime.field, "50 ms")
    QTest.mouseClick(form.converges.button(False), LEFT, pos=QPoint(8, 12))
    draw(form.canvas, [(0, 0), (0.2, 0.4), (0.6, 1)])
    assert len(form.canvas.curve) == 3
    QTest.mouseClick(form.lock_button, LEFT)
    assert parts.wiring.predicting.form is None and parts.player.playing
    record = parts.session.history.migrations[0]  # type: ignore[union-attr]
    assert parts.player.t_ns == record.requested_ns - S
    for _ in range(90):  # played, not sought: 0.2 s a tick
        clock.pass_ms(200)
        parts.player.tick()
    QApplication.processEvents()
    card = card_of(parts, qtbot)
    assert not parts.player.playing and parts.player.t_ns < parts.player.end_ns
    said = {row.name: row for row in card.rows}
    total, down = total_time_ns(record), downtime_ns(record)
    assert total is not None and down is not None
    assert said["Total time"].said == "30 s"
    assert said["Total time"].simulation == format_duration_ns(total)
    assert said["Total time"].words == "about 3.5 times shorter"
    assert said["Downtime"].simulation == format_duration_ns(down)
    assert said["Stops by itself"].words == "the other way round"
    assert card.canvas.curve and card.canvas.reference
    assert "Your curve runs" in card.text and "Why" in card.text
    qtbot.waitUntil(lambda: card.model.count() > 1, timeout=ROOM_MS)
    assert card.model.currentText() == "Measured curve"
    model = card.rows[0].model
    card.model.setCurrentIndex(0)
    assert "Every write dirties another page" in card.text and card.rows[0].model
    assert re.fullmatch(r"[\d.,]+ (m?s|min)", model)
    assert not re.search(r"\b(wrong|right|score|points|failed)\b", card.text, re.IGNORECASE)


def test_while_it_stands_nothing_tells_the_outcome(parts: Parts, qtbot: QtBot) -> None:
    window, history = parts.window, parts.session.history
    assert history is not None
    record = history.migrations[0]
    total, down = total_time_ns(record), downtime_ns(record)
    assert total is not None and down is not None and record.suspended_ns is not None
    assert window.outcome.table.isVisible()
    lock(parts)
    parts.player.seek(record.suspended_ns - S)
    QApplication.processEvents()
    words = visible_words(parts)
    assert HIDDEN in words and "total time 30 s, downtime 50 ms" in words
    assert format_duration_ns(total) not in words and format_duration_ns(down) not in words
    assert not window.outcome.table.isVisible() and not window.outcome.downtime.isVisible()
    assert not window.outcome.models_table.isVisible()
    assert window.rounds.rounds() == tuple(
        r for r in record.rounds if r.end_ns <= parts.player.t_ns
    )
    timeline = window.timeline
    assert timeline.time_at(timeline.width()) == horizon_ns(parts.player.t_ns) != history.end_ns
    beyond = QPoint(round(timeline.x_at(record.suspended_ns + down // 2)), 20)
    assert "stop" not in timeline.description_at(beyond).lower()
    assert "of ?" in words
    actions = window.actions_by_name
    assert not any(a.isEnabled() for a in (actions.why, actions.plot_table))
    window.plots.toggle_switchover()
    assert window.plots.stretch is None
    parts.player.to_end()
    card_of(parts, qtbot)
    assert window.outcome.table.isVisible() and actions.why.isEnabled()
    assert len(window.rounds.rounds()) == len(record.rounds)
    assert timeline.time_at(timeline.width()) == history.end_ns


def test_plots_are_blank_after_the_playhead(parts: Parts) -> None:
    lock(parts)
    parts.player.pause()
    parts.player.seek(9 * S)
    QApplication.processEvents()
    panel = parts.window.plots.panels[0]
    picture = panel.grab().toImage()
    after = [round(panel.x_at(t * S // 10)) for t in range(92, 198)]
    area_top, area_bottom = round(panel.y_at(1e9)) + 2, round(panel.y_at(0)) - 2
    colors = {
        picture.pixelColor(x, y).name() for x in after for y in range(area_top, area_bottom, 2)
    }
    assert colors == {DARK.ground.lower()}
    parts.wiring.predicting.drop()
    QApplication.processEvents()
    picture = panel.grab().toImage()
    after = [round(panel.x_at(t * S // 10)) for t in range(95, 120)]
    assert len({picture.pixelColor(x, y).name() for x in after for y in range(60, 110)}) > 1


def test_bad_values_are_told_and_nothing_is_lost(parts: Parts) -> None:
    form = ask(parts)
    QTest.keyClicks(form.total.field, "30 s")
    QTest.keyClicks(form.downtime.field, "1 parsec")
    QTest.mouseClick(form.lock_button, LEFT)
    assert form.isVisible() and not parts.wiring.predicting.standing
    assert form.downtime.fault_label.isVisible()
    assert form.downtime.fault_label.text() == (
        "Downtime: '1 parsec' cannot be read; use ns, us, ms, s or min, such as 1.5 s."
    )
    assert form.total.field.text() == "30 s" and form.prediction.total_ns == 30 * S
    QTest.keyClicks(form.downtime.field, "0.2 s")  # what is wrong is selected and typed over
    assert not form.downtime.fault_label.isVisible()
    assert form.prediction.downtime_ns == S // 5


def test_nothing_said_is_asked_once_more(parts: Parts) -> None:
    form = ask(parts)
    QTest.keyClick(form, Qt.Key.Key_Return)
    assert form.isVisible() and form.fault.isVisible() and form.fault.text() == NOTHING_SAID
    QTest.keyClicks(form.total.field, "9 s")
    assert not form.fault.isVisible()
    QTest.keyClick(form.total.field, Qt.Key.Key_Return)
    assert parts.wiring.predicting.standing


def test_cancel_brings_everything_back(parts: Parts) -> None:
    parts.player.seek(7 * S)
    form = ask(parts)
    assert parts.wiring.predicting.hidden and parts.player.t_ns < 4 * S
    QTest.keyClick(form, Qt.Key.Key_Escape)
    assert not parts.wiring.predicting.hidden and parts.player.t_ns == 7 * S
    assert parts.window.outcome.table.isVisible()


def test_the_key_and_the_buttons_end_the_waiting(parts: Parts, qtbot: QtBot) -> None:
    action, standing = parts.window.actions_by_name.predict, parts.window.outcome.standing
    lock(parts)
    assert action.text() == REVEAL
    press_predict(parts)
    card = card_of(parts, qtbot)
    assert action.text() == PREDICT and not parts.wiring.predicting.standing
    QTest.keyClick(card, Qt.Key.Key_Escape)
    assert parts.wiring.predicting.card is None
    lock(parts)
    QTest.mouseClick(standing.reveal_button, LEFT)
    card = card_of(parts, qtbot)
    QTest.mouseClick(card.again_button, LEFT)
    form = parts.wiring.predicting.form
    assert form is not None and parts.wiring.predicting.card is None
    form.reject()
    lock(parts)
    QTest.mouseClick(standing.drop_button, LEFT)
    assert not parts.wiring.predicting.hidden and parts.wiring.predicting.card is None


def test_an_edit_keeps_it_and_another_scenario_ends_it(parts: Parts, qtbot: QtBot) -> None:
    lock(parts)
    parts.player.pause()
    parts.session.edit("network.bandwidth", "200 Mbit/s")
    parts.session.end_gesture()
    before = parts.session.history
    qtbot.waitUntil(lambda: parts.session.history is not before, timeout=ROOM_MS)
    assert parts.wiring.predicting.standing
    assert not parts.window.outcome.table.isVisible()
    history = parts.session.history
    assert history is not None
    parts.player.to_end()
    card = card_of(parts, qtbot)
    total = total_time_ns(history.migrations[0])
    assert total is not None and card.rows[0].simulation == format_duration_ns(total)
    card.close()
    lock(parts)
    parts.session.open(load_scenario("clark-web"))
    assert not parts.wiring.predicting.hidden
    assert parts.window.outcome.table.isVisible()


def test_prices_of_another_move_are_hidden_too(parts: Parts, qtbot: QtBot) -> None:
    lock(parts)
    parts.player.pause()
    parts.wiring.moving.request_move("xenapp", "xen-2")
    dialog = parts.wiring.moving.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.total.text() == HIDDEN, timeout=ROOM_MS)
    assert dialog.downtime.text() == HIDDEN
    dialog.reject()


def test_post_copy_is_not_asked_about_rounds(open_window: Opener, qtbot: QtBot) -> None:
    scenario = load_scenario("recorded-demo").with_values([("migrations.0.policy", "postcopy")])
    parts = open_window(scenario)
    parts.runs.warm_up()
    form = ask(parts)
    assert not form.converges.isVisible()
    form.reject()
    lock(parts)
    parts.player.to_end()
    card = card_of(parts, qtbot)
    assert [row.name for row in card.rows] == ["Total time", "Downtime"]
    qtbot.waitUntil(lambda: card.assumption.text() == NO_MODELS, timeout=ROOM_MS)


def test_without_a_migration_it_says_so(parts: Parts) -> None:
    parts.session.select("print")
    press_predict(parts)
    assert parts.wiring.predicting.form is None and not parts.wiring.predicting.hidden
    assert parts.window.error_notice.isVisible()


@pytest.fixture
def canvas(application: QApplication, qtbot: QtBot) -> CurveCanvas:
    canvas = CurveCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(500, 260)
    canvas.set_axes(40 * S, 1000)
    canvas.show()
    canvas.setFocus(Qt.FocusReason.TabFocusReason)
    return canvas


def test_a_curve_by_keys_alone(canvas: CurveCanvas) -> None:
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    for _ in range(3):
        QTest.keyClick(canvas, Qt.Key.Key_Right)
    QTest.keyClick(canvas, Qt.Key.Key_Down)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert canvas.curve == ((0, 1000), (3 * S, 975))
    QTest.keyClick(canvas, Qt.Key.Key_Right, SHIFT)
    assert canvas.cursor_point == (3 * S + S // 5, 975)
    assert "you: from 3.91 MiB at 0 s to 3.81 MiB at 3 s" in canvas.accessibleDescription()
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert canvas.curve == ()
    for _ in range(100):
        QTest.keyClick(canvas, Qt.Key.Key_Left)
        QTest.keyClick(canvas, Qt.Key.Key_Up)
    assert canvas.cursor_point == (0, 1000)


def test_drawing_over_replaces_what_lay_there(canvas: CurveCanvas) -> None:
    draw(canvas, [(0, 0), (0.25, 0.25), (0.5, 0.5), (0.75, 0.75), (1, 1)])
    assert len(canvas.curve) == 5 and canvas.curve[-1] == (40 * S, 0)
    draw(canvas, [(0.9, 0.1), (0.1, 0.1)])  # from right to left
    times = [t_ns for t_ns, _ in canvas.curve]
    assert times == sorted(times) and len(canvas.curve) == 4
    assert all(0 <= pages <= 1000 for _, pages in canvas.curve)
    draw(canvas, [(0.5, 0.5), (3, -3)])  # beyond the edge it stays on the axes
    assert canvas.curve[-1] == (40 * S, 1000)


def test_what_is_only_shown_cannot_be_drawn_on(canvas: CurveCanvas) -> None:
    canvas.set_curve(((0, 5), (S, 0)))
    canvas.set_editable(False)
    draw(canvas, [(0, 0), (1, 1)])
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert canvas.curve == ((0, 5), (S, 0))


def test_sums_of_a_round_stay_out_until_it_is_over(open_window: Opener) -> None:
    parts = open_window(load_scenario("clark-diabolical"), 1920, 1080)
    plots, history = parts.window.plots, parts.session.history
    assert history is not None and "rounds" in plots.shown
    first, second = history.migrations[0].rounds[:2]
    panel = plots.panel_of("rounds")

    def bars() -> list[int]:
        assert panel.content is not None
        return [len(b.start_ns) for b in panel.content.bars]

    assert bars()[0] > 2
    lock(parts)
    parts.player.pause()
    parts.player.seek(first.end_ns - S)
    assert bars() == [0, 0, 0]
    parts.player.seek(first.end_ns)
    assert bars() == [1, 1, 1]
    parts.player.seek(second.end_ns)
    assert bars() == [2, 2, 2]
    parts.wiring.predicting.drop()
    assert bars()[0] > 2


def test_futures_do_not_tell_how_they_end(
    parts: Parts, qtbot: QtBot, settle: Callable[[Parts], None]
) -> None:
    tree = parts.window.branches.tree

    def figures() -> list[str]:
        items = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
        return [item.text(column) for item in items if item for column in (1, 2)]

    parts.player.seek(7 * S)
    parts.session.edit("network.bandwidth", "200 Mbit/s")
    parts.session.end_gesture()
    settle(parts)
    parts.session.undo_stack.undo()
    settle(parts)
    parts.session.edit("network.bandwidth", "300 Mbit/s")
    parts.session.end_gesture()
    settle(parts)
    parts.window.actions_by_name.branches.trigger()
    before = figures()
    assert len(before) >= 4 and "hidden" not in before
    lock(parts)
    assert set(figures()) == {"hidden"}
    parts.wiring.predicting.drop()
    assert figures() == before


def test_in_full_screen_the_card_is_larger(parts: Parts, qtbot: QtBot) -> None:
    lock(parts)
    parts.wiring.predicting.reveal()
    card = card_of(parts, qtbot)
    small = card.grid.itemAtPosition(1, 3).widget().font().pixelSize()
    card.close()
    parts.window.showFullScreen()
    lock(parts)
    parts.wiring.predicting.reveal()
    card = card_of(parts, qtbot)
    assert card.grid.itemAtPosition(1, 3).widget().font().pixelSize() > small


def test_a_page_that_is_followed_keeps_its_later_life_for_itself(parts: Parts) -> None:
    sight = parts.window.pages.sight
    parts.window.actions_by_name.go_to_page.trigger()
    QTest.keyClicks(sight.tools.page, "7")
    QTest.keyClick(sight.tools.page, Qt.Key.Key_Return)
    assert sight.pinned == 7 and sight.strip.isVisible()
    lock(parts)
    parts.player.seek(6 * S)
    assert not sight.strip.isVisible() and sight.pinned == 7
    parts.wiring.predicting.drop()
    assert sight.strip.isVisible()


@pytest.mark.parametrize("name", ["xl_legacy.log", "qmp_lines.jsonl", "proxmox_task.log"])
def test_a_recording_is_predicted_without_models(parts: Parts, qtbot: QtBot, name: str) -> None:
    recording = history_of(read_recording(SAMPLES / name))
    parts.session.open_recording(recording, name)
    form = ask(parts)
    draw(form.canvas, [(0, 0), (1, 1)])
    QTest.keyClicks(form.total.field, "1 min")
    QTest.mouseClick(form.lock_button, LEFT)
    assert parts.wiring.predicting.standing
    parts.player.to_end()
    card = card_of(parts, qtbot)
    total = total_time_ns(recording.migrations[0])
    down = downtime_ns(recording.migrations[0])
    for row, value in zip(card.rows[:2], (total, down), strict=True):
        assert row.simulation == ("not recorded" if value is None else format_duration_ns(value))
    headings = [card.grid.itemAtPosition(0, column).widget().text() for column in (3, 4)]
    assert headings == ["Recording", "The recording against you"]
    assert card.assumption.text() == NO_MODELS
    assert card.canvas.curve


def test_all_of_it_by_keyboard(parts: Parts, qtbot: QtBot) -> None:
    form = ask(parts)

    def focused() -> QWidget:
        widget = form.focusWidget()
        assert widget is not None
        return widget

    def tab_to(wanted: QWidget) -> None:
        for _ in range(20):
            if focused() is wanted:
                return
            QTest.keyClick(focused(), Qt.Key.Key_Tab)
        raise AssertionError(f"{wanted.accessibleName()} is not reached")

    assert focused() is form.total.field
    QTest.keyClicks(form.total.field, "8 s")
    tab_to(form.downtime.field)
    QTest.keyClicks(form.downtime.field, "40 ms")
    tab_to(form.converges.button(None))
    QTest.keyClick(focused(), Qt.Key.Key_Left)
    QTest.keyClick(focused(), Qt.Key.Key_Left)
    assert form.converges.value is True
    tab_to(form.canvas)
    QTest.keyClick(form.canvas, Qt.Key.Key_Return)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down):
        for _ in range(20):
            QTest.keyClick(form.canvas, key)
    QTest.keyClick(form.canvas, Qt.Key.Key_Return)
    assert form.isVisible() and len(form.canvas.curve) == 2
    tab_to(form.lock_button)
    QTest.keyClick(form.lock_button, Qt.Key.Key_Space)
    assert parts.wiring.predicting.standing
    parts.window.activateWindow()
    QApplication.processEvents()
    QTest.keyClick(parts.window, Qt.Key.Key_End)
    card = card_of(parts, qtbot)
    assert [row.words for row in card.rows] == ["close", "close", "as you said"]
    QTest.keyClick(card, Qt.Key.Key_Return)
    assert parts.wiring.predicting.card is None
