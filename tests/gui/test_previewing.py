"""A coarse preview while a run takes long, and the number of the run that every view carries."""

from concurrent.futures import Future

import pytest
from PySide6.QtCore import Qt

from engine.model_rows import first_look
from engine.scenario import load_scenario, scenario_from_document
from gui.models.preview_text import preview_text
from gui.showing import RUN_NUMBER


class SlowPool:
    """A worker that answers when the test says so."""

    def __init__(self):
        self.asked = []

    def submit(self, work, *args):
        future = Future()
        self.asked.append((future, work, args))
        return future

    def answer(self):
        for future, work, args in self.asked:
            if not future.done():
                future.set_result(work(*args))

    def shutdown(self, **_):
        return None


@pytest.fixture
def slow(parts, monkeypatch):
    monkeypatch.setattr("gui.run_controller.BRIEF_PAGES", 0)  # nothing is made in this process
    pool = SlowPool()
    parts.runs._executor = pool
    return pool


def test_a_long_run_shows_a_models_figures_and_then_its_own(parts, slow, qtbot, settle):
    window = parts.window
    before = window.outcome.model.rows
    parts.session.edit("network.bandwidth", "300 Mbit/s")
    assert not parts.wiring.previewing.shown  # most runs need no preview
    qtbot.waitUntil(lambda: parts.wiring.previewing.shown, timeout=5000)
    assert "Coarse preview, by a model:" in window.notice.whole
    assert "exact run follows" in window.notice.whole
    assert window.outcome.model.headerData(1, Qt.Orientation.Horizontal) == "run before"
    assert window.outcome.model.rows == before
    parts.session.end_gesture()
    slow.answer()
    settle(parts)
    assert not parts.wiring.previewing.shown
    assert "preview" not in window.notice.whole
    assert window.outcome.model.headerData(1, Qt.Orientation.Horizontal) == "simulated"
    assert window.outcome.model.rows != before


def test_the_preview_follows_the_hand(parts, slow, qtbot, settle):
    parts.session.edit("network.bandwidth", "300 Mbit/s")
    qtbot.waitUntil(lambda: parts.wiring.previewing.shown, timeout=5000)
    first = parts.window.notice.whole
    parts.session.edit("network.bandwidth", "30 Mbit/s")
    assert parts.window.notice.whole != first
    parts.session.end_gesture()
    slow.answer()
    qtbot.waitUntil(lambda: len(slow.asked) > 1)  # the newest wish went second
    slow.answer()
    settle(parts)


def test_a_run_that_is_not_the_newest_does_not_end_the_preview(parts, slow, qtbot, settle):
    parts.session.edit("network.bandwidth", "300 Mbit/s")
    qtbot.waitUntil(lambda: parts.wiring.previewing.shown, timeout=5000)
    parts.session.edit("network.bandwidth", "30 Mbit/s")
    slow.answer()  # of the first, while the hand is still on the slider
    qtbot.waitUntil(lambda: len(slow.asked) > 1)
    parts.session.end_gesture()
    qtbot.waitUntil(lambda: "Coarse preview" in parts.window.notice.whole, timeout=5000)
    assert parts.wiring.previewing.shown
    heading = parts.window.outcome.model.headerData(1, Qt.Orientation.Horizontal)
    assert heading == "run before"
    slow.answer()
    settle(parts)
    assert not parts.wiring.previewing.shown
    assert "preview" not in parts.window.notice.whole


def test_the_animation_goes_on_while_a_run_is_awaited(parts, slow, clock, settle):
    parts.player.play()
    slower = parts.session.scenario.with_values([("network.bandwidth", "300 Mbit/s")])
    parts.session.take(slower, "slower")
    before = parts.player.t_ns
    clock.pass_ms(100)
    parts.player.tick()
    assert parts.player.t_ns > before and parts.runs.busy
    slow.answer()
    settle(parts)


def test_every_view_carries_the_number_of_the_run(parts, settle):
    views = parts.window.views
    assert {view.property(RUN_NUMBER) for view in views} == {1}
    parts.session.edit("network.bandwidth", "300 Mbit/s")
    parts.session.end_gesture()
    settle(parts)
    assert parts.wiring.showing.run_number == 2
    assert {view.property(RUN_NUMBER) for view in views} == {2}


@pytest.mark.parametrize("name", ["recorded-demo", "clark-diabolical", "faq-downtime"])
def test_the_first_look_is_the_capped_linear_model(name):
    from engine.model_rows import models_for

    spec = load_scenario(name).spec
    migration = spec.migrations[0]
    vm = next(v for v in spec.vms if v.name == migration.vm)
    rows = {row.model: row for row in models_for(spec, vm, migration)}
    found = first_look(spec, 0)
    assert found.total_time_s == pytest.approx(rows["Capped linear"].total_time_s, rel=0.02)
    assert found.converges == rows["Capped linear"].converges


def test_without_a_model_the_preview_says_that_the_run_is_made():
    assert preview_text(load_scenario("postcopy-pull"), "vm") == "The new run is being simulated…"
    assert preview_text(load_scenario("sqlite-vm"), "nobody") == "The new run is being simulated…"


def test_a_model_that_never_ends_says_so():
    document = load_scenario("recorded-demo").document | {}
    scenario = scenario_from_document(document, "x").with_values(
        [("vms.cps.writers.0.rate", "500000 pages/s"), ("vms.cps.writers.0.region", "400 MiB"),
         ("migrations.cps.policy", "qemu-precopy")]
    )
    assert "Coarse preview, by a model" in preview_text(scenario, "cps")
