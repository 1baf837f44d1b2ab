"""While a prediction stands nothing tells the outcome: no axis, no comparison; a bar says so."""

from collections.abc import Callable

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.scenario import load_scenario
from engine.simulation import simulate
from gui.app import Parts
from gui.views.client_contents import LEAST_TOP_MS, ping_content
from gui.views.hidden_future import HIDDEN, known_key, known_part, known_top
from gui.views.stall_contents import stall_content
from tests.gui.conftest import Opener
from tests.gui.test_compare import compare
from tests.gui.test_predict import lock

Settle = Callable[[Parts], None]
SECOND_NS = 1_000_000_000


@pytest.mark.parametrize("log", [False, True])
def test_the_axis_of_replies_does_not_tell_the_longest_before_it_is_back(
    parts: Parts, settle: Settle, log: bool
) -> None:
    settle(parts)
    history = parts.session.history
    assert history is not None
    plots = parts.window.plots
    plots.set_log(log)
    plots.show_plot(0, "ping")
    panel = plots.panel_of("ping")
    content = panel.content
    assert content is not None
    whole_top = content.y_max
    worst = int(np.argmax(content.open_y))
    sent_ns, back_ns = (int(t) for t in content.open_ns[:, worst])
    lock(parts)
    tops = []
    for t_ns in (SECOND_NS, sent_ns - 1, back_ns - 1, back_ns):
        parts.player.seek(t_ns)
        shown = panel.content
        assert shown is not None
        tops.append(shown.y_max)
    before, sent, waiting, back = tops
    assert before <= sent == waiting < back and waiting < whole_top
    assert back >= content.open_y[worst]
    parts.wiring.predicting.drop()
    assert panel.content is not None and panel.content.y_max == whole_top


def test_a_lost_reply_says_nothing_by_its_height(open_window: Opener, settle: Settle) -> None:
    parts = open_window(load_scenario("recorded-demo"))
    settle(parts)
    history = parts.session.history
    assert history is not None
    content = ping_content(history, "cps")
    high = np.full_like(content.markers[0].y, 0.9 * content.y_max)
    lost = replace(content.markers[0], role="lost", y=high)
    at_ns = np.rint(lost.x_s * SECOND_NS).astype(np.int64)
    only_lost = replace(
        content, markers=(lost,), open_ns=np.stack([at_ns, at_ns]), open_y=lost.y
    )
    shown = known_part(only_lost, history.end_ns)
    assert known_top(only_lost, history.end_ns) == LEAST_TOP_MS == shown.y_max
    assert shown.markers[0].y == pytest.approx(0.9 * LEAST_TOP_MS)
    assert known_key(content, 0) != known_key(content, history.end_ns)


def test_a_standing_prediction_is_seen_while_presenting_and_revealed_there(
    parts: Parts, settle: Settle, qtbot: QtBot
) -> None:
    settle(parts)
    bar = parts.window.standing_bar
    lock(parts)
    assert parts.window.outcome.standing.isVisible() and not bar.isVisible()
    parts.window.actions_by_name.present.trigger()
    QApplication.processEvents()
    assert not parts.window.outcome.standing.isVisible() and bar.isVisible()
    assert "30 s" in bar.said.text() and HIDDEN in bar.accessibleDescription()
    parts.window.actions_by_name.panel_narration.setChecked(False)
    assert bar.isVisible()
    # Where the scale leaves no room for the side it is there too.
    parts.wiring.presenting.leave()
    assert not bar.isVisible()
    parts.wiring.layouts.set_scale(200)
    assert not parts.wiring.layouts.is_shown("side") and bar.isVisible()
    assert not parts.window.narration.isVisible()  # there is room for one of them
    parts.wiring.layouts.set_scale(100)
    parts.window.actions_by_name.panel_side.setChecked(False)
    assert bar.isVisible()
    QTest.mouseClick(bar.reveal_button, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert not bar.isVisible() and not parts.wiring.predicting.standing
    assert parts.wiring.predicting.card is not None
    parts.wiring.predicting.card.close()


def test_compared_runs_hide_their_future_too(parts: Parts, settle: Settle, qtbot: QtBot) -> None:
    settle(parts)
    compare(parts, qtbot, "stop-and-copy")
    page = parts.window.compare_page
    curves = page.curves
    parts.player.seek(8 * SECOND_NS)
    QApplication.processEvents()
    ground = QColor(parts.window.theme.ground).rgb()

    def inked_after() -> int:
        """Return how many pixels after the cursor are not of the ground."""
        image = curves.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        raw = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)
        area = curves._area().toRect()
        left = round(curves.x_at(parts.player.t_ns)) + 3
        inside = raw[area.top() : area.bottom() - 1, left : area.right() - 1]
        return int((inside != ground).sum())

    assert inked_after() > 0 and page.table.isVisible() and " of " in page.clock.text()
    page.set_future_hidden(True)
    assert inked_after() == 0 and not page.table.isVisible()
    assert page.clock.text() == "8 s"
    shown = curves._shown_ns
    page.show_instant(9 * SECOND_NS)
    assert curves._shown_ns >= shown != page.end_ns
    page.set_future_hidden(False)
    page.show_instant(8 * SECOND_NS)
    assert inked_after() > 0 and page.table.isVisible()


def test_a_prediction_hides_the_future_of_a_comparison_that_is_open(
    parts: Parts, settle: Settle, qtbot: QtBot
) -> None:
    settle(parts)
    lock(parts)
    parts.player.pause()
    parts.window.activateWindow()
    qtbot.waitUntil(parts.window.isActiveWindow)
    compare(parts, qtbot, "stop-and-copy")
    assert not parts.window.compare_page.table.isVisible()
    assert parts.window.compare_page.curves._hidden
    parts.wiring.predicting.drop()
    assert parts.window.compare_page.table.isVisible()


def test_what_counts_the_whole_run_is_not_told_by_the_names_of_things() -> None:
    scenario = load_scenario("postcopy-pull")
    history = simulate(scenario.spec)
    content = stall_content(history, "busy")
    assert any(char.isdigit() for bars in content.bars for char in bars.word.partition(":")[2])
    shown = known_part(content, history.end_ns)
    assert [bars.word for bars in shown.bars] == ["vCPU 0", "vCPU 1"]
    pings = known_part(ping_content(history, "busy"), history.end_ns)
    assert "on time" in [markers.word for markers in pings.markers]
