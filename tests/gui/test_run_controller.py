"""The run controller: runs arrive from a worker process, and the latest request wins."""

import os
import signal
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.errors import ScenarioError
from engine.history import History
from engine.scenario import Scenario, load_scenario
from gui.run_controller import RunController, simulate_spec
from tests.gui.conftest import ROOM_MS


@pytest.fixture
def runs(qapp: QApplication) -> Iterator[RunController]:
    controller = RunController()
    yield controller
    controller.close()


def test_the_worker_gives_the_same_history_as_here(
    runs: RunController, small: Scenario, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(runs.run_finished, timeout=ROOM_MS) as finished:
        runs.request(small)

    scenario, history = finished.args
    assert scenario is small
    assert isinstance(history, History)
    assert history.digest() == runs.simulate_now(small).digest()


def test_the_latest_request_wins(runs: RunController, small: Scenario, qtbot: QtBot) -> None:
    arrived: list[Scenario] = []
    runs.run_finished.connect(lambda scenario, history: arrived.append(scenario))
    versions = [small.with_value("run.seed", str(seed)) for seed in range(6)]
    for version in versions:
        runs.request(version)
    qtbot.waitUntil(lambda: not runs.busy, timeout=ROOM_MS)

    assert arrived == [versions[0], versions[-1]]


def test_a_brief_run_is_made_here_and_arrives_later(
    runs: RunController, small: Scenario, qtbot: QtBot
) -> None:
    expected = runs.simulate_now(small).digest()
    version = small.with_value("run.seed", "5")
    arrived: list[tuple[Scenario, History]] = []
    runs.run_finished.connect(lambda *told: arrived.append(told))

    for scenario in (small, version, small):
        runs.request(scenario)

    assert not arrived and runs.busy
    qtbot.waitUntil(lambda: not runs.busy, timeout=ROOM_MS)
    assert [(s, h.digest()) for s, h in arrived] == [(small, expected)]
    assert runs._executor is None


def test_a_run_that_turns_out_long_goes_to_the_worker(
    runs: RunController, small: Scenario, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = runs.simulate_now(small).digest()
    monkeypatch.setattr("gui.run_controller.BRIEF_NS", 0)
    with qtbot.waitSignal(runs.run_finished, timeout=ROOM_MS) as finished:
        runs.request(small)

    assert finished.args[1].digest() == expected
    assert runs._executor is not None


def test_faults_of_a_brief_run_are_told_like_those_of_the_worker(
    runs: RunController, small: Scenario, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(spec: object, room_ns: int) -> None:
        raise ScenarioError(["it cannot be run"])

    runs.simulate_now(small)
    monkeypatch.setattr("gui.run_controller.simulate_briefly", fail)
    with qtbot.waitSignal(runs.run_failed, timeout=ROOM_MS) as failed:
        runs.request(small)

    assert failed.args == [small, ("it cannot be run",)]
    assert not runs.busy


def test_a_long_run_does_not_keep_a_newer_one_waiting(
    runs: RunController, small: Scenario, qtbot: QtBot
) -> None:
    endless = load_scenario("clark-stunning").with_policy("cloud-hypervisor")
    told: list[object] = []
    runs.run_failed.connect(lambda *args: told.append(args))
    runs._patience.setInterval(50)
    runs.warm_up()
    runs.request(endless)
    first = runs._executor
    assert first is not None
    with qtbot.waitSignal(runs.run_finished, timeout=ROOM_MS) as finished:
        runs.request(small)

    assert finished.args[0] is small
    assert runs._executor is not first
    qtbot.waitUntil(lambda: not runs.busy, timeout=ROOM_MS)
    assert told == []


def test_a_run_that_nothing_newer_waits_for_is_not_ended(
    runs: RunController, small: Scenario, qtbot: QtBot
) -> None:
    runs._patience.setInterval(1)
    with qtbot.waitSignal(runs.run_finished, timeout=ROOM_MS) as finished:
        runs.request(small)

    assert finished.args[0] is small


def test_a_run_that_needs_too_much_memory_is_one_sentence(
    small: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    def simulate(spec: object) -> None:
        raise MemoryError

    monkeypatch.setattr("engine.simulation.simulate", simulate)
    with pytest.raises(ScenarioError, match="needs more memory than there is"):
        simulate_spec(small.spec)


def test_a_worker_that_dies_is_said_and_replaced(
    runs: RunController, small: Scenario, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(runs.run_finished, timeout=ROOM_MS):
        runs.request(small)
    executor = runs._executor
    assert executor is not None and executor._processes
    with qtbot.waitSignals(
        [runs.run_failed, runs.run_finished], timeout=ROOM_MS, raising=False, order="none"
    ):
        os.kill(next(iter(executor._processes)), signal.SIGKILL)
        runs.request(small.with_value("run.seed", "3"))
        qtbot.waitUntil(lambda: not runs.busy, timeout=ROOM_MS)
        with qtbot.waitSignal(runs.run_finished, timeout=ROOM_MS) as again:
            runs.request(small)

    assert again.args[0] is small


def test_nothing_arrives_after_close(
    runs: RunController, small: Scenario, qtbot: QtBot
) -> None:
    runs.request(small)
    with qtbot.assertNotEmitted(runs.run_finished, wait=50):
        runs.close()

    assert not runs.busy


def test_no_worker_exists_before_the_first_request(runs: RunController) -> None:
    assert runs._executor is None


def test_models_asked_for_before_there_is_a_worker_come_when_it_starts(
    runs: RunController, demo: Scenario, qtbot: QtBot
) -> None:
    runs.request_models(demo.spec, 0)
    with qtbot.waitSignal(runs.models_finished, timeout=ROOM_MS) as finished:
        runs.warm_up()

    assert finished.args[0] is demo.spec
