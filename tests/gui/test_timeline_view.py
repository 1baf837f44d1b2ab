"""The timeline: stages, marks, scrubbing."""

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from engine.history import History
from engine.scenario import Scenario
from engine.simulation import simulate
from gui.style.theme import DARK, LIGHT
from gui.views.stages import stages_of
from gui.views.time_text import clock_text, time_ticks
from gui.views.timeline_view import TimelineView


@pytest.fixture
def view(qtbot: QtBot, history: History) -> TimelineView:
    """Return the timeline of the small run."""
    widget = TimelineView()
    qtbot.addWidget(widget)
    widget.set_theme(DARK)
    widget.set_history(history, selected="cps")
    widget.resize(800, widget.height())
    widget.show()
    return widget


def test_stages_are_in_order_and_end_with_where_the_vm_runs(history: History) -> None:
    stages = stages_of(history.migrations[0], history.end_ns)

    assert [s.start_ns for s in stages] == sorted(s.start_ns for s in stages)
    assert stages[0].labels[0] == "runs on xen-1"
    assert stages[-1].labels[0] == "runs on xen-2"
    assert sum(s.kind == "round" for s in stages) == sum(
        r.live for r in history.migrations[0].rounds
    )


def test_pull_is_a_stage_of_its_own(pulled: History) -> None:
    kinds = [s.kind for s in stages_of(pulled.migrations[0], pulled.end_ns)]

    assert "pull" in kinds and "round" not in kinds


def test_short_stage_keeps_two_pixels(view: TimelineView, history: History) -> None:
    for stage in stages_of(history.migrations[0], 10**15):
        assert view._stage_rect(stage, 0).width() >= 2


def test_switchover_is_labelled_in_ms(view: TimelineView, history: History) -> None:
    migration = history.migrations[0]
    assert migration.suspended_ns is not None
    x = round(view.x_at(migration.suspended_ns))
    image = view.grab().toImage()
    warn = DARK.color("warn")
    row = range(x, x + 100)

    assert any(
        abs(image.pixelColor(i, y).hue() - warn.hue()) < 12 and image.pixelColor(i, y).value() > 150
        for i in row
        for y in range(4, 18)
    )


def test_drag_scrubs_and_stays_in_the_run(
    qtbot: QtBot, view: TimelineView, history: History
) -> None:
    wanted: list[int] = []
    view.seek_requested.connect(wanted.append)
    y = view.height() // 2
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(400, y))
    assert wanted == [view.time_at(400)]
    assert view.time_at(-50) == 0
    assert view.time_at(5000) == history.end_ns


def test_arrow_keys_move_the_playhead(qtbot: QtBot, view: TimelineView, history: History) -> None:
    wanted: list[int] = []
    view.seek_requested.connect(wanted.append)
    view.show_frame(history.frame_at(history.end_ns // 2))
    keys = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End)
    for key in keys:
        qtbot.keyClick(view, key)

    half, step = history.end_ns // 2, history.end_ns // 100
    assert wanted == [half - step, half + step, 0, history.end_ns]


def test_changes_and_faults_have_marks_with_words(qtbot: QtBot, small: Scenario) -> None:
    changed = small.with_change(200_000_000, {"network.bandwidth": "500 Mbit/s"})
    history = simulate(changed.spec)
    view = TimelineView()
    qtbot.addWidget(view)
    view.set_history(history, selected="cps")
    view.resize(800, view.height())
    at = QPoint(round(view.x_at(200_000_000)), view._marks_top() + 4)

    assert "change" in view.description_at(at)


def test_more_migrations_scroll_to_the_newest(qtbot: QtBot, small: Scenario) -> None:
    scenario = small
    for i, host in enumerate(("xen-1", "xen-2", "xen-1", "xen-2")):
        scenario = scenario.with_migration("cps", host, (2 + i) * 10**9)
    history = simulate(scenario.spec)
    view = TimelineView()
    qtbot.addWidget(view)
    view.set_history(history, selected="cps")
    view.show_frame(history.frame_at(history.end_ns))

    assert len(history.migrations) == 5
    assert list(view._visible()) == [2, 3, 4]


def test_clock_and_ticks() -> None:
    assert clock_text(10_420_999_999) == "00:10.420"
    assert clock_text(16 * 10**9, decimals=1) == "00:16.0"
    assert [text for _, text in time_ticks(16 * 10**9, 4)] == ["0 s", "5 s", "10 s", "15 s"]
    assert [text for _, text in time_ticks(10 * 60 * 10**9, 5)][-1] == "10 min"


def test_playhead_is_drawn_in_both_themes(view: TimelineView, history: History) -> None:
    for theme in (DARK, LIGHT):
        view.set_theme(theme)
        view.show_frame(history.frame_at(history.end_ns // 2))
        x = round(view.x_at(history.end_ns // 2))
        assert view.grab().toImage().pixelColor(x, 30).name() == theme.color("ink").name()
