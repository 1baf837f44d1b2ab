"""Zooming, panning and selecting in the plots by mouse and keys, and the table behind a plot."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.history import History
from engine.scenario import Scenario
from gui.app import Parts
from gui.dialogs.plot_table import PlotTableDialog
from gui.style.theme import DARK
from gui.views.plot_geometry import Geometry, Stretch, stretch_ticks, tick_text, value_ticks
from gui.views.plot_panel import PlotPanel
from gui.views.plots_view import PlotsView

SHIFT = Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def view(qtbot: QtBot, history: History) -> PlotsView:
    """Return the plots of the small run."""
    widget = PlotsView()
    qtbot.addWidget(widget)
    widget.set_theme(DARK)
    widget.resize(900, 260)
    widget.show()
    widget.set_history(history, selected="cps")
    widget.show_frame(history.frame_at(0))
    widget.grab()
    return widget


def turn_wheel(
    panel: PlotPanel, x: float, notches: int, modifiers: Qt.KeyboardModifier = NONE
) -> None:
    at = QPointF(x, panel.height() / 2)
    event = QWheelEvent(
        at, panel.mapToGlobal(at), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(panel, event)


def drag(qtbot: QtBot, panel: PlotPanel, from_ns: int, to_ns: int) -> None:
    start, end = (QPoint(round(panel.x_at(t)), 120) for t in (from_ns, to_ns))
    qtbot.mousePress(panel, LEFT, SHIFT, start)
    qtbot.mouseMove(panel, QPoint((start.x() + end.x()) // 2, 120))
    qtbot.mouseRelease(panel, LEFT, SHIFT, end)


def test_wheel_zooms_all_plots_and_what_is_under_the_pointer_stays(
    view: PlotsView, history: History
) -> None:
    panel = view.panels[0]
    x = panel.x_at(history.end_ns // 3)
    turn_wheel(panel, x, 4)
    view.grab()

    assert view.stretch is not None
    assert view.stretch.length_ns == pytest.approx(history.end_ns * 0.8**4, rel=0.01)
    for other in view.panels[: len(view.shown)]:
        assert other.time_at(other.x_at(history.end_ns // 3)) == pytest.approx(
            history.end_ns / 3, abs=history.end_ns / 500
        )
    assert panel.time_at(x) == pytest.approx(history.end_ns / 3, rel=0.02)


def test_wheel_out_ends_at_the_whole_run(view: PlotsView) -> None:
    turn_wheel(view.panels[0], 120, 3)
    turn_wheel(view.panels[0], 120, -9)

    assert view.stretch is None


def test_shifted_wheel_shows_what_is_later(view: PlotsView, history: History) -> None:
    turn_wheel(view.panels[0], view.panels[0].x_at(0), 5)
    before = view.stretch
    turn_wheel(view.panels[0], 120, -2, SHIFT)

    assert before is not None and view.stretch is not None
    assert view.stretch.length_ns == before.length_ns
    assert view.stretch.start_ns == round(before.start_ns + 0.2 * before.length_ns)


def test_plain_drag_scrubs_as_ever(qtbot: QtBot, view: PlotsView, history: History) -> None:
    wanted: list[int] = []
    view.seek_requested.connect(wanted.append)
    panel = view.panels[1]
    x = round(panel.x_at(history.end_ns // 2))
    qtbot.mousePress(panel, LEFT, NONE, QPoint(x, 120))
    qtbot.mouseMove(panel, QPoint(x + 20, 120))
    qtbot.mouseRelease(panel, LEFT, NONE, QPoint(x + 20, 120))

    assert wanted and view.selection is None and view.stretch is None


def test_switchover_is_shown_from_before_the_stop_to_after_it_is_reached(
    qtbot: QtBot, view: PlotsView, history: History
) -> None:
    move = history.migrations[0]
    qtbot.mouseClick(view.strip.switchover, LEFT)
    shown = view.stretch

    assert shown is not None
    assert move.suspended_ns is not None and move.reachable_ns is not None
    assert shown.start_ns < move.suspended_ns < move.reachable_ns < shown.end_ns
    assert shown.length_ns < 3 * (move.reachable_ns - move.suspended_ns)
    assert view.strip.switchover.isChecked() and " of " in view.strip.text.text()
    qtbot.mouseClick(view.strip.switchover, LEFT)
    assert view.stretch is None and view.strip.text.text() == ""


def test_zoom_to_the_switchover_follows_it_into_another_run(
    view: PlotsView, history: History, pulled: History
) -> None:
    view.toggle_switchover()
    view.set_history(pulled, selected="cps")
    stop = pulled.migrations[0].suspended_ns

    assert view.stretch is not None and stop is not None
    assert view.stretch.start_ns < stop < view.stretch.end_ns


def test_run_without_a_stop_has_no_switchover(
    view: PlotsView, small: Scenario, history: History
) -> None:
    from engine.simulation import simulate

    view.toggle_switchover()
    view.set_history(
        simulate(small.spec.model_copy(update={"migrations": ()})), selected="cps"
    )

    assert view.stretch is None and not view.strip.switchover.isEnabled()


def test_arrow_keys_in_a_zoomed_plot_step_by_what_is_shown_and_take_the_view_along(
    qtbot: QtBot, view: PlotsView, history: History
) -> None:
    view.seek_requested.connect(lambda t_ns: view.show_frame(history.frame_at(t_ns)))
    view.show_stretch(Stretch(0, history.end_ns // 10))
    view.show_frame(history.frame_at(history.end_ns // 10))
    length = history.end_ns // 10
    qtbot.keyClick(view.panels[0], Qt.Key.Key_Right)

    assert view._t_ns == length + length // 100
    assert view.stretch is not None and view.stretch.end_ns > view._t_ns


def test_playhead_outside_is_an_arrow_at_the_edge(view: PlotsView, history: History) -> None:
    view.show_stretch(Stretch(history.end_ns // 2, history.end_ns))
    view.show_frame(history.frame_at(0))
    panel = view.panels[0]
    image = panel.grab().toImage()
    area = panel._picture.area
    row = round(area.bottom()) - 8

    ink = DARK.color("ink").name()
    assert image.pixelColor(round(area.left()) + 4, row).name() == ink
    assert image.pixelColor(round(area.left()), round(area.center().y())).name() != ink


def test_shift_drag_selects_and_every_plot_tells_its_figures(
    qtbot: QtBot, view: PlotsView, history: History
) -> None:
    drag(qtbot, view.panels[0], 100_000_000, 400_000_000)

    assert view.selection is not None
    assert view.selection.start_ns == pytest.approx(100_000_000, abs=10_000_000)
    assert view.selection.end_ns == pytest.approx(400_000_000, abs=10_000_000)
    told = view.panels[0].accessibleDescription()
    assert told.startswith("selected ") and "min / mean / max" in told and "none lost" in told
    assert "sent 0 / 0 / 0 Mbit/s" in view.panel_of("rate").accessibleDescription()
    assert view.strip.text.text().startswith("min / mean / max of ")


def test_backward_drag_selects_the_same(qtbot: QtBot, view: PlotsView) -> None:
    drag(qtbot, view.panels[0], 400_000_000, 100_000_000)

    assert view.selection is not None and view.selection.start_ns < view.selection.end_ns


def test_selection_is_cut_to_a_shorter_run(view: PlotsView, history: History) -> None:
    import dataclasses

    view.select(history.end_ns // 2, history.end_ns)
    view.set_history(dataclasses.replace(history, end_ns=history.end_ns * 3 // 4), selected="cps")
    assert view.selection == Stretch(history.end_ns // 2, history.end_ns * 3 // 4)
    view.set_history(dataclasses.replace(history, end_ns=history.end_ns // 4), selected="cps")
    assert view.selection is None


def test_description_follows_the_playhead(qtbot: QtBot, view: PlotsView, history: History) -> None:
    panel = view.panel_of("ping")
    view.show_frame(history.frame_at(0))
    first = panel.accessibleDescription()
    view.show_frame(history.frame_at(history.migrations[0].suspended_ns or 0))

    qtbot.waitUntil(lambda: panel.accessibleDescription() != first, timeout=2000)
    assert "00:00." in panel.accessibleDescription() and "on time" in first
    assert all(p.accessibleName() for p in view.panels[: len(view.shown)])


def test_overview_drags_the_frame(qtbot: QtBot, view: PlotsView, history: History) -> None:
    view.show_stretch(Stretch(0, history.end_ns // 5))
    overview = view.strip.overview
    qtbot.mouseClick(overview, LEFT, NONE, QPoint(overview.width() - 1, 10))

    assert view.stretch is not None and view.stretch.end_ns == history.end_ns
    assert overview.window_rect().right() <= overview.width()


def test_menu_of_a_plot_offers_table_scale_and_zoom(
    qtbot: QtBot, view: PlotsView, history: History
) -> None:
    asked: list[QPoint] = []
    panel = view.panels[0]
    panel.menu_requested.disconnect()
    panel.menu_requested.connect(asked.append)
    reason = QContextMenuEvent.Reason.Keyboard
    QApplication.sendEvent(panel, QContextMenuEvent(reason, QPoint(5, 5), QPoint(5, 5)))
    menu = view.choices(0)
    entries = {a.text(): a for a in menu.actions() if a.text()}
    entries["Logarithmic scale"].trigger()

    assert len(asked) == 1
    assert "Show as table…" in entries and "Zoom to the switchover" in entries
    assert view.strip.log.isChecked()
    assert panel.accessibleName().endswith("log scale")
    heights = [panel.y_at(v) for v in (1.0, 5.0, 25.0)]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=1.0)


def test_geometry_keeps_ticks_round_and_inside() -> None:
    run_ns = 20 * 10**9
    shown = Stretch(10_583_000_000, 10_684_000_000)
    ticks = stretch_ticks(shown, run_ns, 4)
    assert [text for _, text in ticks] == ["10.60 s", "10.65 s"]
    assert all(shown.start_ns <= t <= shown.end_ns for t, _ in ticks)
    log = Geometry(y_min=0.1, y_max=60.0, log=True)
    assert [text for _, text in value_ticks(log, 1.0)] == ["0.1", "1", "10"]
    assert [tick_text(v) for v in (500.0, 1500.0, 120_000.0, 2e6)] == [
        "500", "1,500", "120k", "2M",
    ]  # fmt: skip


def test_stretches_stay_in_the_run() -> None:
    assert Stretch(-5_000_000, 5_000_000).within(100_000_000) == Stretch(0, 10_000_000)
    assert Stretch(0, 10**9).within(10**8) == Stretch(0, 10**8)
    assert Stretch(0, 10**9).zoomed(0, 1e-9, 10**9).length_ns == 20_000
    assert Stretch(10**8, 2 * 10**8).moved(10**9, 3 * 10**8) == Stretch(2 * 10**8, 3 * 10**8)


def test_keys_of_the_window_zoom_select_and_clear(
    qtbot: QtBot, parts: Parts, settle: Callable[[Parts], None]
) -> None:
    window, plots = parts.window, parts.window.plots
    settle(parts)
    history = parts.session.history
    assert history is not None
    qtbot.keyClick(window, Qt.Key.Key_Z)
    assert plots.strip.switchover.isChecked()
    qtbot.keyClick(window, Qt.Key.Key_Z, SHIFT)
    assert plots.stretch is None
    parts.player.seek(5_000_000_000)
    qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
    assert plots.selection == Stretch(5_000_000_000, history.end_ns)
    parts.player.seek(9_000_000_000)
    qtbot.keyClick(window, Qt.Key.Key_BracketRight)
    assert plots.selection == Stretch(5_000_000_000, 9_000_000_000)
    qtbot.keyClick(window, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    assert plots.stretch is not None
    assert plots.stretch.length_ns == history.end_ns // 2
    qtbot.keyClick(window, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(window, Qt.Key.Key_L)
    assert plots.panel_of("ping").accessibleName().endswith("log scale")
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert plots.selection is None


def test_esc_closes_a_notice_before_it_clears_the_selection(qtbot: QtBot, parts: Parts) -> None:
    window = parts.window
    window.plots.select(0, 10**9)
    window.error_notice.show_lines("That does not work", ["Nothing does."])
    qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Escape)

    assert not window.error_notice.isVisible()
    assert window.plots.selection is not None
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.plots.selection is None


def test_table_of_the_focused_plot_opens_and_is_copied(
    qtbot: QtBot, parts: Parts, settle: Callable[[Parts], None]
) -> None:
    settle(parts)
    panel = parts.window.plots.panel_of("rate")
    panel.setFocus()
    qtbot.keyClick(panel, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    dialog = next(iter(parts.window.findChildren(PlotTableDialog)))
    table = dialog.model.table
    qtbot.keyClick(dialog.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()

    assert table.title == "Rates" and dialog.view.accessibleName() == "Rates"
    assert lines[0].split("\t") == list(table.headings)
    assert len(lines) == len(table.rows) + 1
    for column, heading in enumerate(table.headings):
        needed = dialog.view.fontMetrics().horizontalAdvance(heading)
        assert dialog.view.columnWidth(column) >= needed
    qtbot.mouseClick(dialog.copy_button, LEFT)
    assert len(QGuiApplication.clipboard().text().splitlines()) == len(table.rows) + 1
    dialog.close()
