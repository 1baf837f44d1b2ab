"""Sliders and boxes: what they ask for, and what they show without asking."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetrics
from pytestqt.qtbot import QtBot

from engine.policies import POLICIES
from engine.scenario import Scenario
from gui.style.theme import DARK
from gui.views.controls_view import ControlsView
from gui.views.scales import BANDWIDTH, PAGE_RATE, RATE_LIMIT, RELEARN, SPEED, STEPS, Scale

Edits = list[tuple[str, str]]


@pytest.fixture
def view(qtbot: QtBot, small: Scenario) -> ControlsView:
    """Return the controls of the small scenario."""
    widget = ControlsView()
    qtbot.addWidget(widget)
    widget.set_theme(DARK)
    widget.set_scenario(small, 0, "cps")
    widget.resize(330, widget.sizeHint().height())
    widget.show()
    return widget


@pytest.fixture
def edits(view: ControlsView) -> Edits:
    """Return the list that gathers what the controls ask for."""
    found: Edits = []
    view.value_edited.connect(lambda path, text: found.append((path, text)))
    return found


def test_values_in_force_are_shown_without_a_signal(
    view: ControlsView, edits: Edits, small: Scenario
) -> None:
    changed = small.with_change(10**9, {"network.bandwidth": "500 Mbit/s"})
    view.set_scenario(changed, 0, "cps")
    assert view.bandwidth.box.text() == "1,000 Mbit/s"
    view.set_scenario(changed, 2 * 10**9, "cps")
    assert view.bandwidth.box.text() == "500 Mbit/s"
    assert view.dirty_rate.box.text() == "20,000 pages/s"
    assert view.workload_title.text() == "Workload of cps"
    assert edits == []


def test_dragging_a_slider_asks_at_each_move(
    qtbot: QtBot, view: ControlsView, edits: Edits, small: Scenario
) -> None:
    slider = view.bandwidth.slider
    finished: list[bool] = []
    view.edit_finished.connect(lambda: finished.append(True))
    y = slider.height() // 2
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() // 2, y))
    qtbot.mouseMove(slider, QPoint(slider.width() // 3, y))
    assert not finished
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() // 3, y))

    assert len(edits) >= 2 and {path for path, _ in edits} == {"network.bandwidth"}
    assert finished == [True]
    for path, text in edits:
        small.with_value(path, text)


def test_held_knob_is_not_pulled_away(view: ControlsView, small: Scenario) -> None:
    view.bandwidth.slider.setSliderDown(True)
    view.bandwidth.slider.setValue(100)
    view.set_scenario(small, 0, "cps")

    assert view.bandwidth.slider.value() == 100


def test_typed_value_is_taken_exactly(qtbot: QtBot, view: ControlsView, edits: Edits) -> None:
    box = view.dirty_rate.box
    box.selectAll()
    qtbot.keyClicks(box, "1,234")
    qtbot.keyClick(box, Qt.Key.Key_Return)

    assert edits == [("vms.cps.writers.0.rate", "1234 pages/s")]
    assert box.text() == "1,234 pages/s"
    assert view.dirty_rate.note.text() == "40.4 Mbit/s"


def test_wrong_text_asks_for_nothing_and_says_why(
    qtbot: QtBot, view: ControlsView, edits: Edits
) -> None:
    box = view.bandwidth.box
    box.selectAll()
    qtbot.keyClicks(box, "fast")
    qtbot.keyClick(box, Qt.Key.Key_Return)

    assert edits == []
    assert "Mbit/s" in box.toolTip()


def test_locked_policy_says_why_in_a_visible_line(view: ControlsView) -> None:
    view.set_policy_locked("cps is on its way.")
    assert not view.policy.isEnabled()
    assert view.policy.toolTip() == view.policy_note.text() == "cps is on its way."
    assert view.policy_note.isVisible()
    view.set_policy_locked("")
    assert view.policy.isEnabled() and not view.policy_note.isVisible()


def test_policy_box_asks_by_name(view: ControlsView, edits: Edits) -> None:
    index = view.policy.findData("postcopy")
    view.policy.setCurrentIndex(index)
    view.policy.activated.emit(index)

    assert view.policy.currentText() == POLICIES["postcopy"].title
    assert edits == [("migrations.cps.policy", "postcopy")]


def test_relearning_is_edited_only_at_the_start(view: ControlsView) -> None:
    view.set_at_start(False)
    assert not view.relearn.slider.isEnabled()
    assert "start" in view.relearn.slider.toolTip()
    view.set_at_start(True)
    assert view.relearn.slider.isEnabled()


def test_right_end_of_the_rate_limit_is_none(view: ControlsView, edits: Edits) -> None:
    assert view.rate_limit.box.text() == "none"
    view.rate_limit.slider.setValue(STEPS // 2)
    view.rate_limit.slider.setValue(STEPS)

    assert edits[-1] == ("migrations.cps.rate_limit", "none")


@pytest.mark.parametrize("scale", [PAGE_RATE, SPEED, BANDWIDTH, RATE_LIMIT, RELEARN])
def test_scale_is_even_and_its_text_exact(scale: Scale) -> None:
    values = [scale.value_at(p) for p in range(STEPS + 1)]
    numbers = [v for v in values if v is not None]

    assert numbers == sorted(numbers)
    for value in set(numbers):
        assert scale.parse(scale.write(value)) == value
        again = scale.value_at(scale.position_of(value))
        assert again == pytest.approx(value, rel=0.02)


def test_no_text_is_wider_than_its_place(view: ControlsView) -> None:
    for row in view.rows:
        for label in (row.label, row.note):
            need = QFontMetrics(label.font()).horizontalAdvance(label.text())
            assert label.width() >= need
        assert row.box.width() >= QFontMetrics(row.box.font()).horizontalAdvance(row.box.text())
    titles = [view.policy.itemText(i) for i in range(view.policy.count())]
    widest = max(QFontMetrics(view.policy.font()).horizontalAdvance(t) for t in titles)
    assert view.policy.minimumWidth() >= widest + 30
