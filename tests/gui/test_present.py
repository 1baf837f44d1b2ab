"""Present mode with a clicker, pauses at phase ends, the ring, reduced motion."""

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.steps import step_to
from gui.app import Parts
from tests.gui.conftest import FakeWallClock

SECOND_NS = 1_000_000_000


def present(parts: Parts, qtbot: QtBot) -> None:
    qtbot.keyClick(parts.window, Qt.Key.Key_F11)
    assert parts.wiring.presenting.on
    QApplication.processEvents()


def test_f11_leaves_what_an_audience_needs_and_esc_brings_all_back(
    parts: Parts, qtbot: QtBot
) -> None:
    w = parts.window
    small_px = w.narration.height()
    present(parts, qtbot)
    assert w.isFullScreen()
    for hidden in (w.header, w.side, w.transport, w.console):
        assert not hidden.isVisible()
    for shown in (w.pool, w.pages, w.narration, w.plots, w.timeline):
        assert shown.isVisible()
    assert w.narration.height() >= 1.4 * small_px
    assert "Esc ends" in parts.wiring.presenting.toast.text()

    qtbot.keyClick(w, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not parts.wiring.presenting.on)
    assert not w.isFullScreen()
    for shown in (w.header, w.side, w.transport, w.console):
        assert shown.isVisible()
    assert w.narration.height() == small_px
    assert not parts.wiring.presenting.toast.isVisible()


def test_a_clicker_goes_by_stages_and_plays(
    parts: Parts, qtbot: QtBot, clock: FakeWallClock
) -> None:
    history = parts.session.history
    assert history is not None
    present(parts, qtbot)
    wanted = step_to(history, 0, "cps", "stage", 1)
    qtbot.keyClick(parts.window, Qt.Key.Key_PageDown)
    assert parts.player.t_ns == wanted == history.migrations[0].requested_ns
    qtbot.keyClick(parts.window, Qt.Key.Key_PageDown)
    assert parts.player.t_ns == step_to(history, wanted, "cps", "stage", 1)
    qtbot.keyClick(parts.window, Qt.Key.Key_PageUp)
    assert parts.player.t_ns == wanted
    qtbot.keyClick(parts.window, ".")
    assert parts.player.playing
    clock.pass_ms(100)
    parts.player.tick()
    assert parts.player.t_ns == wanted + 100_000_000
    qtbot.keyClick(parts.window, ".")
    assert not parts.player.playing
    # Afterwards the keys go by rounds again.
    qtbot.keyClick(parts.window, Qt.Key.Key_F11)
    assert not parts.wiring.presenting.on
    qtbot.keyClick(parts.window, Qt.Key.Key_PageDown)
    assert parts.player.t_ns == history.migrations[0].rounds[0].start_ns


def test_h_hides_and_shows_the_words(parts: Parts, qtbot: QtBot) -> None:
    present(parts, qtbot)
    qtbot.keyClick(parts.window, "h")
    assert not parts.window.narration.isVisible() and parts.window.pages.isVisible()
    qtbot.keyClick(parts.window, "h")
    assert parts.window.narration.isVisible()


def test_playing_pauses_at_the_end_of_each_phase_and_says_so(
    parts: Parts, qtbot: QtBot, clock: FakeWallClock
) -> None:
    history = parts.session.history
    assert history is not None
    (m,) = history.migrations
    qtbot.keyClick(parts.window, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    push = next(p for p in m.phases if p.name == "push")
    assert push.end_ns is not None
    parts.player.seek(push.end_ns - 30_000_000)
    qtbot.keyClick(parts.window, Qt.Key.Key_Space)
    for _ in range(3):
        clock.pass_ms(20)
        parts.player.tick()
    assert parts.player.t_ns == push.end_ns and not parts.player.playing
    toast = parts.wiring.presenting.toast
    assert toast.isVisible() and toast.text().startswith("Paused at the end of push.")

    qtbot.keyClick(parts.window, Qt.Key.Key_Space)
    assert parts.player.playing and not toast.isVisible()
    clock.pass_ms(20)
    parts.player.tick()
    assert parts.player.t_ns > push.end_ns


def test_no_phase_end_is_jumped_over_at_any_speed(parts: Parts, clock: FakeWallClock) -> None:
    history = parts.session.history
    assert history is not None
    parts.window.actions_by_name.auto_pause.setChecked(True)
    parts.player.set_speed(20.0)
    seen = []
    for _ in range(200):
        if not parts.player.playing and parts.player.t_ns < history.end_ns:
            parts.player.play()
        clock.pass_ms(100)
        before = parts.player.playing
        parts.player.tick()
        if before and not parts.player.playing:
            seen.append(parts.player.t_ns)
        if parts.player.t_ns >= history.end_ns:
            break
    ends = {p.end_ns for p in history.migrations[0].phases}
    assert ends <= set(seen)


def test_the_ring_follows_the_pointer_and_takes_no_clicks(parts: Parts, qtbot: QtBot) -> None:
    w = parts.window
    qtbot.keyClick(w, "R", Qt.KeyboardModifier.ShiftModifier)
    ring = parts.wiring.presenting.ring
    assert ring.isVisible()
    spot = QPoint(400, 300)
    target = w.childAt(spot)
    QTest.mouseMove(target, target.mapFrom(w, spot))
    QApplication.processEvents()
    assert (ring.geometry().center() - spot).manhattanLength() <= 2
    assert w.childAt(spot) is target
    qtbot.keyClick(w, "R", Qt.KeyboardModifier.ShiftModifier)
    assert not ring.isVisible()


def test_the_pointer_hides_at_rest_and_comes_back(parts: Parts, qtbot: QtBot) -> None:
    present(parts, qtbot)
    presenting = parts.wiring.presenting
    presenting._rest.timeout.emit()
    cursor = QApplication.overrideCursor()
    assert cursor is not None and cursor.shape() == Qt.CursorShape.BlankCursor
    QTest.mouseMove(parts.window.pool, QPoint(30, 30))
    assert QApplication.overrideCursor() is None
    presenting._rest.timeout.emit()
    presenting.leave()
    assert QApplication.overrideCursor() is None


def test_esc_is_for_what_lies_on_top_first(parts: Parts, qtbot: QtBot) -> None:
    present(parts, qtbot)
    parts.window.error_notice.show_lines("Something", ["is wrong."])
    qtbot.keyClick(parts.window.error_notice, Qt.Key.Key_Escape)
    assert not parts.window.error_notice.isVisible() and parts.wiring.presenting.on


# Motion


def changes_of_light(parts: Parts, speed: float, seconds: float = 2.0) -> int:
    """Return the most often that any spot of the pool turned from dark to light in a second."""
    import numpy as np
    from PySide6.QtGui import QImage

    pool = parts.window.pool
    frames = []
    for i in range(int(seconds * 30)):
        parts.player.seek(8 * SECOND_NS + int(i / 30 * speed * SECOND_NS))
        image = pool.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
        flat = np.frombuffer(image.constBits(), np.uint8).reshape(
            image.height(), image.bytesPerLine()
        )
        frames.append(flat[::4, ::4].astype(np.int16))
    light = np.array(frames)
    rises = (light[1:] - light[:-1]) > 25  # a tenth of full brightness, as WCAG counts a flash
    # Large areas count: what flashes together in a quarter of a 10 degree field.
    together = rises.reshape(len(rises), -1).mean(axis=1) > 0.25
    return int(together.sum() / seconds)


@pytest.mark.parametrize("speed", [1.0, 20.0])
def test_nothing_flashes(parts: Parts, speed: float) -> None:
    assert changes_of_light(parts, speed) <= 3


def test_reduced_motion_lets_the_streams_stand_still(parts: Parts, qtbot: QtBot) -> None:
    def between() -> bool:
        parts.player.seek(8 * SECOND_NS)
        one = parts.window.pool.grab(parts.window.pool._layout.column).toImage()
        parts.player.seek(8 * SECOND_NS + 30_000_000)
        return bool(one != parts.window.pool.grab(parts.window.pool._layout.column).toImage())

    assert between()
    qtbot.keyClick(parts.window, "M", Qt.KeyboardModifier.ControlModifier)
    assert not between()


def test_leaving_restores_the_event_filter(parts: Parts, qtbot: QtBot) -> None:
    present(parts, qtbot)
    qtbot.keyClick(parts.window, Qt.Key.Key_F11)
    event = QEvent(QEvent.Type.None_)
    assert not parts.wiring.presenting.eventFilter(parts.window, event)
    assert parts.window.isVisible()
