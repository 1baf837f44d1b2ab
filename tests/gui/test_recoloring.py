"""Other colours come a part at a time, are seen together, and the newest choice wins."""

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from gui.app import Parts
from gui.style.theme import DARK, LIGHT, PROJECTOR


def color_of_ground(parts: Parts) -> str:
    image = parts.window.plots.grab().toImage()
    return image.pixelColor(1, 1).name().upper()


def test_theme_that_is_chosen_comes_in_turns_and_is_seen_when_it_is_whole(
    parts: Parts, qtbot: QtBot
) -> None:
    window, turns = parts.window, []
    told: list[object] = []
    window.theme_changed.connect(told.append)
    beat = QTimer(window, interval=0)
    beat.timeout.connect(lambda: turns.append(window.recoloring.under_way))
    before = color_of_ground(parts)
    beat.start()
    window.actions_by_name.theme_light.trigger()
    assert window.theme is LIGHT and window.recoloring.under_way
    assert not window.updatesEnabled() and told == []

    qtbot.waitUntil(lambda: not window.recoloring.under_way, timeout=20_000)
    beat.stop()
    assert sum(turns) >= 2  # the loop turned meanwhile
    assert window.updatesEnabled() and told == [LIGHT]
    assert color_of_ground(parts) != before
    assert LIGHT.panel in window.styleSheet()


def test_the_newest_of_two_choices_wins(parts: Parts, qtbot: QtBot) -> None:
    window = parts.window
    told: list[object] = []
    window.theme_changed.connect(told.append)
    window.actions_by_name.theme_light.trigger()
    window.actions_by_name.theme_projector.trigger()
    qtbot.waitUntil(lambda: not window.recoloring.under_way, timeout=20_000)
    assert told == [PROJECTOR] and window.theme is PROJECTOR

    window.actions_by_name.theme_light.trigger()
    window.set_theme(DARK)  # at once
    assert not window.recoloring.under_way and window.updatesEnabled()
    qtbot.wait(50)
    assert window.theme is DARK and told == [PROJECTOR, DARK]
    assert DARK.panel in window.styleSheet()


def test_another_scale_does_not_work_the_style_out_anew(
    parts: Parts, qtbot: QtBot
) -> None:
    parts.wiring.layouts.set_scale(110)
    sheets: list[str] = []
    for widget in (parts.window, parts.window.canvas):
        own = widget.setStyleSheet
        widget.setStyleSheet = lambda s, own=own: (sheets.append(s), own(s))  # type: ignore[method-assign]
    parts.wiring.layouts.set_scale(125)
    assert sheets == []
    parts.wiring.layouts.set_theme("light")
    assert len(sheets) == 2


def painted_and_mute(parts: Parts) -> tuple[list[str], list[str]]:
    """Return the views that are painted again when they ask for it, and those that are not."""
    window = parts.window
    shown = [view for view in window.views if isinstance(view, QWidget) and view.isVisible()]
    assert len(shown) >= 4
    painted: set[int] = set()
    for view in shown:
        paint = view.paintEvent
        view.paintEvent = (  # type: ignore[method-assign]
            lambda event, view=view, paint=paint: (painted.add(id(view)), paint(event))
        )
        view.update()
    for _ in range(5):
        QApplication.processEvents()
    names = {id(view): type(view).__name__ for view in shown}
    return [names[i] for i in names if i in painted], [names[i] for i in names if i not in painted]


@pytest.mark.parametrize("how", ["menu", "present", "reset"])
def test_the_content_is_painted_after_another_scale(
    parts: Parts, qtbot: QtBot, settle: object, how: str
) -> None:
    window, wiring = parts.window, parts.wiring
    window.resize(1920, 1080)
    QApplication.processEvents()
    if how == "present":
        wiring.presenting.enter()
    else:
        wiring.layouts.change_scale(125)
        if how == "reset":
            qtbot.waitUntil(lambda: not window.recoloring.under_way, timeout=20_000)
            wiring.layouts.reset_all()
    qtbot.waitUntil(lambda: not window.recoloring.under_way, timeout=20_000)
    assert window.scale == (1.0 if how == "reset" else 1.25)
    mute = [w for w in window.canvas.findChildren(QWidget) if not w.updatesEnabled()]
    assert mute == [] and window.canvas.updatesEnabled()
    image = window.grab().toImage().scaled(192, 108)
    seen = {image.pixel(x, y) for x in range(192) for y in range(108)}
    assert len(seen) > 100  # grounds alone have a few colours
    painted, unpainted = painted_and_mute(parts)
    assert unpainted == [], painted
    if how == "present":
        wiring.presenting.leave()
