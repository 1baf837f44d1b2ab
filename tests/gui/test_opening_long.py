"""Opening what takes long to simulate: the window goes on meanwhile, and says what it does."""

import gc
import weakref

import pytest
from PySide6.QtWidgets import QLabel

from engine.errors import ScenarioError
from engine.scenario import load_scenario
from tests.gui.conftest import ROOM_MS
from tests.gui.test_previewing import SlowPool
from tests.helpers.many_vms import large_vm


@pytest.fixture
def long_run(monkeypatch):
    """Let no run be over in a moment."""
    monkeypatch.setattr("gui.run_controller.BRIEF_PAGES", 0)


def open_slowly(parts, scenario, **more):
    pool = SlowPool()
    parts.runs._executor = pool
    assert parts.wiring.opening.show_opened(scenario, **more)
    return pool


def test_what_is_open_stays_until_the_run_is_there(parts, long_run, qtbot):
    before, other, told = parts.session.scenario, load_scenario("faq-downtime"), []
    pool = open_slowly(parts, other, then=lambda: told.append(True))
    assert parts.session.scenario is before
    assert "Coarse preview, by a model:" in parts.window.notice.whole
    assert parts.window.notice.whole.startswith(f"Opening {other.spec.title}.")
    parts.player.seek(1_000_000_000)
    assert parts.player.t_ns == 1_000_000_000
    with qtbot.waitSignal(parts.wiring.opening.ended, timeout=ROOM_MS):
        pool.answer()
    assert parts.session.scenario is other
    assert parts.session.history.spec == other.spec
    assert parts.player.t_ns == 0
    assert told == [True]
    assert "Opening" not in parts.window.notice.whole


def test_a_run_that_something_was_opened_with_goes_with_it(parts, long_run, qtbot):
    pool = open_slowly(parts, load_scenario("faq-downtime"))
    with qtbot.waitSignal(parts.wiring.opening.ended, timeout=ROOM_MS):
        pool.answer()
    pool.asked.clear()
    run = weakref.ref(parts.session.history)
    parts.session.open(load_scenario("recorded-demo"))
    qtbot.waitUntil(lambda: gc.collect() >= 0 and run() is None, timeout=ROOM_MS)


def test_the_newest_wish_counts(parts, long_run, qtbot):
    first, second = load_scenario("refusals"), load_scenario("faq-downtime")
    pool = open_slowly(parts, first)
    assert parts.wiring.opening.show_opened(second)
    with qtbot.waitSignals([parts.wiring.opening.ended] * 2, timeout=ROOM_MS):
        pool.answer()
    assert parts.session.scenario is second


def test_something_opened_meanwhile_is_not_taken_away(parts, long_run, qtbot):
    pool = open_slowly(parts, load_scenario("refusals"))
    lesson = load_scenario("faq-downtime")
    parts.session.open(lesson)
    with qtbot.waitSignal(parts.wiring.opening.ended, timeout=ROOM_MS):
        pool.answer()
    assert parts.session.scenario is lesson


def test_a_run_that_fails_is_said_and_what_was_open_stays(parts, long_run, qtbot):
    before = parts.session.scenario
    pool = open_slowly(parts, load_scenario("refusals"))
    with qtbot.waitSignal(parts.wiring.opening.ended, timeout=ROOM_MS):
        pool.asked[0][0].set_exception(ScenarioError(["it cannot be run"]))
    assert parts.session.scenario is before
    notice = parts.window.error_notice
    assert notice.isVisible()
    assert "it cannot be run" in " ".join(
        label.text() for label in notice.findChildren(QLabel)
    )


def test_a_large_vm_opens_by_way_of_the_worker(parts, qtbot):
    large = large_vm("4 GiB")
    with qtbot.waitSignal(parts.wiring.opening.ended, timeout=60_000):
        assert parts.wiring.opening.show_opened(large)
        assert parts.session.scenario is not large
    assert parts.session.scenario is large
