"""The working set in the pages view: measuring, outline, curve and predictions."""

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from engine.history import History
from engine.scenario import Scenario, load_scenario
from engine.simulation import simulate
from engine.working_set import CLEAN_NS, measure, predicted_downtime_s
from gui.style.theme import DARK, LIGHT
from gui.views.page_outline import cells_filled, outline_image
from gui.views.pages_view import PagesView
from gui.views.working_set_meter import Window, WorkingSetMeter, window_at
from gui.views.working_set_panel import WorkingSetPanel

SECOND_NS = 10**9
RED = QColor("#ff0000")


@pytest.fixture(scope="module")
def long_run() -> History:
    """Return a run of the recorded demo, longer than one window."""
    return simulate(load_scenario("recorded-demo").spec)


@pytest.fixture
def view(qtbot: QtBot, long_run: History) -> PagesView:
    widget = PagesView()
    qtbot.addWidget(widget)
    widget.resize(1000, 320)
    widget.set_theme(DARK)
    widget.set_history(long_run, selected="cps")
    widget.show_frame(long_run.frame_at(0))
    widget.show()
    return widget


def turn_on(qtbot: QtBot, view: PagesView) -> None:
    view.working_set.button.setChecked(True)
    qtbot.waitUntil(lambda: view.working_set.up_to_date, timeout=20_000)


def colored(image: QImage, color: QColor) -> int:
    wanted = color.name()
    return sum(
        image.pixelColor(x, y).name() == wanted
        for y in range(image.height())
        for x in range(image.width())
    )


def test_window_is_the_last_8_s_in_whole_seconds_and_the_first_8_s_before() -> None:
    end_ns = 20 * SECOND_NS

    assert window_at(0, end_ns) == Window(0, CLEAN_NS)
    assert window_at(12_700_000_000, end_ns) == Window(4 * SECOND_NS, 12 * SECOND_NS)
    assert window_at(0, 1_234_567_890) == Window(0, 1_200_000_000)
    assert window_at(0, 10_000_000) is None


@pytest.mark.parametrize("name", ["recorded-demo", "clark-stunning", "postcopy-pull"])
def test_meter_measures_what_the_engine_measures(name: str) -> None:
    history = simulate(load_scenario(name).spec)
    record = history.vms[0]
    meter = WorkingSetMeter(record)
    for t_ns in (0, history.end_ns // 2, history.end_ns):
        window = window_at(t_ns, history.end_ns)
        assert window is not None
        ours = meter.measure(window)
        theirs = measure(
            record.writers, window.from_ns, window.to_ns, n_pages=record.spec.n_pages,
            clocks=record.clocks,
        )
        assert ours is not None
        assert np.array_equal(ours.written, theirs.written)
        assert np.array_equal(ours.windows_pages, theirs.windows_pages)
        assert np.array_equal(ours.reads_ns, theirs.reads_ns)


def test_meter_goes_on_where_its_time_was_over(long_run: History) -> None:
    window = Window(0, CLEAN_NS)
    meter, turns = WorkingSetMeter(long_run.vm("cps")), 1
    while (measured := meter.measure(window, 100_000)) is None:
        turns += 1
        assert turns < 10_000

    at_once = WorkingSetMeter(long_run.vm("cps")).measure(window)
    assert turns > 1 and at_once is not None
    assert np.array_equal(measured.dirty_pages, at_once.dirty_pages)


def test_cell_is_inside_when_half_of_its_pages_are() -> None:
    pages = np.array([1, 1, 0, 0, 1, 0, 0, 0, 1], np.bool_)

    assert cells_filled(pages, 4).tolist() == [True, False, True]
    assert cells_filled(pages, 1).tolist() == pages.tolist()


def test_outline_runs_between_inside_and_outside_only() -> None:
    cells = np.zeros(16, np.bool_)
    cells[[5, 6]] = True
    image = outline_image(cells, 4, 6, (24, 24), RED)

    assert image.pixelColor(5, 8).name() == RED.name()  # left of the first
    assert image.pixelColor(17, 8).name() == RED.name()  # right of the second
    assert image.pixelColor(8, 5).name() == RED.name()  # above
    assert image.pixelColor(8, 11).name() == RED.name()  # below
    assert image.pixelColor(11, 8).alpha() == 0  # between the two
    assert image.pixelColor(2, 20).alpha() == 0


def test_it_is_off_at_first_and_pictures_stay_as_they_were(
    qtbot: QtBot, view: PagesView
) -> None:
    before = view.source.grab().toImage()
    assert view.working_set.measured is None and view.destination.isVisible()

    turn_on(qtbot, view)
    assert view.source.grab().toImage() != before
    view.working_set.button.setChecked(False)

    assert view.source.grab().toImage() == before
    assert view.destination.isVisible()


def test_outline_is_drawn_where_the_vm_runs_and_the_curve_beside(
    qtbot: QtBot, view: PagesView, long_run: History
) -> None:
    turn_on(qtbot, view)
    good = DARK.color("good")
    assert colored(view.source.grab().toImage(), good) > 20
    assert not view.destination.isVisible() and view.source.isVisible()

    view.show_frame(long_run.frame_at(long_run.end_ns))
    qtbot.waitUntil(lambda: view.working_set.up_to_date, timeout=20_000)
    assert view.destination.isVisible() and not view.source.isVisible()
    assert colored(view.destination.grab().toImage(), good) > 20


def test_it_follows_the_playhead(qtbot: QtBot, view: PagesView, long_run: History) -> None:
    turn_on(qtbot, view)
    view.show_frame(long_run.frame_at(10 * SECOND_NS))
    qtbot.waitUntil(lambda: view.working_set.up_to_date, timeout=20_000)
    measured = view.working_set.measured

    assert measured is not None
    assert measured.reads_ns[-1] == 10 * SECOND_NS


def test_frames_never_measure(
    view: PagesView, long_run: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    view.working_set.button.setChecked(True)
    calls: list[int] = []
    monkeypatch.setattr(WorkingSetMeter, "measure", lambda *_: calls.append(1))
    for t_ns in range(0, 10 * SECOND_NS, SECOND_NS):
        view.show_frame(long_run.frame_at(t_ns))

    assert calls == []


def test_another_run_is_measured_anew(
    qtbot: QtBot, view: PagesView, demo: Scenario
) -> None:
    turn_on(qtbot, view)
    first = view.working_set.measured
    calm = simulate(demo.with_value("vms.cps.writers.0.rate", "100 pages/s").spec)
    view.set_history(calm, selected="cps")
    view.show_frame(calm.frame_at(0))
    qtbot.waitUntil(lambda: view.working_set.up_to_date, timeout=20_000)
    second = view.working_set.measured

    assert first is not None and second is not None
    assert second.size_pages < first.size_pages / 2


def test_table_holds_the_predictions_of_the_engine(qtbot: QtBot, long_run: History) -> None:
    window = Window(0, CLEAN_NS)
    record = long_run.vm("cps")
    measured = WorkingSetMeter(record).measure(window)
    assert measured is not None
    panel = WorkingSetPanel()
    qtbot.addWidget(panel)
    panel.resize(360, 190)
    panel.show_measured("cps", window, measured)

    expected = predicted_downtime_s(measured.curve(), record.spec.n_pages)
    assert np.array_equal(panel.downtimes_s, expected)
    assert panel.downtimes_s.shape == (3, 4)
    assert panel.title.endswith("written from 0 to 8 s")
    assert colored(panel.grab().toImage(), DARK.color("good")) > 20
    panel.set_theme(LIGHT)
    assert panel.grab().toImage().pixelColor(350, 60).name() in (
        LIGHT.color("ground").name(), LIGHT.color("grid").name()
    )
