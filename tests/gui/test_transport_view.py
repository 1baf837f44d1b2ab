"""Transport: buttons, speed and clock."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.history import History
from gui.style.theme import DARK, LIGHT
from gui.views.transport_view import SPEEDS, TransportView, icon_path, speed_text


@pytest.fixture
def view(qtbot: QtBot) -> TransportView:
    """Return a transport."""
    widget = TransportView()
    qtbot.addWidget(widget)
    widget.show()
    return widget


def test_buttons_ask_in_their_order(qtbot: QtBot, view: TransportView) -> None:
    asked: list[object] = []
    view.to_start.connect(lambda: asked.append("start"))
    view.play_toggled.connect(lambda: asked.append("play"))
    view.step_event.connect(lambda n: asked.append(("event", n)))
    view.step_round.connect(lambda n: asked.append(("round", n)))
    for button in view.buttons:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    assert asked == ["start", ("round", -1), ("event", -1), "play", ("event", 1), ("round", 1)]


def test_buttons_work_by_keyboard_and_have_names(qtbot: QtBot, view: TransportView) -> None:
    with qtbot.waitSignal(view.play_toggled):
        qtbot.keyClick(view.buttons[3], Qt.Key.Key_Space)

    assert all(button.accessibleName() and "(" in button.toolTip() for button in view.buttons)


def test_play_button_says_what_it_will_do(view: TransportView) -> None:
    play = view.buttons[3]
    assert play.accessibleName() == "Play"
    view.set_playing(True)
    assert play.accessibleName() == "Pause"


def test_chosen_speed_is_asked_for_and_set_speed_is_silent(
    qtbot: QtBot, view: TransportView
) -> None:
    with qtbot.assertNotEmitted(view.speed_changed):
        view.set_speed(0.01)
    assert view.speed_box.currentText() == "1/100×"
    with qtbot.waitSignal(view.speed_changed) as caught:
        view.speed_box.setCurrentIndex(len(SPEEDS) - 1)
    assert caught.args == [20.0]


def test_speed_between_the_detents_is_shown_and_leaves(view: TransportView) -> None:
    view.set_speed(0.5)
    assert view.speed_box.currentText() == speed_text(0.5) == "0.5×"
    view.set_speed(3.0)
    assert view.speed_box.currentText() == "3×"
    assert view.speed_box.count() == len(SPEEDS) + 1


def test_clock_shows_instant_and_length(view: TransportView, history: History) -> None:
    view.set_time(10_420_000_000, 16_000_000_000)
    assert view.clock == "00:10.420 of 00:16.0"
    view.set_history(history, selected="cps")
    view.show_frame(history.frame_at(250_000_000))
    assert view.clock.startswith("00:00.250 of ")


def test_steps_by_round_need_rounds(view: TransportView, pulled: History) -> None:
    view.set_history(pulled, selected="cps")

    assert not view.buttons[1].isEnabled() and not view.buttons[5].isEnabled()


def test_icons_stay_in_their_square_and_paint_in_both_themes(view: TransportView) -> None:
    names = ("start", "play", "pause", "event-back", "event-next", "round-back", "round-next")
    for name in names:
        box = icon_path(name).boundingRect()
        assert box.left() >= -1 and box.right() <= 1 and box.height() <= 2
    for theme in (DARK, LIGHT):
        view.set_theme(theme)
        play = view.buttons[3]
        middle = play.grab().toImage().pixelColor(play.width() // 2, play.height() // 2)
        assert middle.name() == theme.color("accent_ink").name()
