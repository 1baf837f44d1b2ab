"""The first run comes from another process while the window is being built."""

import os
import sys
import time
from pathlib import Path

import pytest

from engine.metrics import migration_figures
from engine.scenario import load_scenario
from engine.simulation import simulate
from gui import first_run
from gui.first_run import FirstRun

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks safely")
ROOM_S = 60


@pytest.fixture(autouse=True)
def idle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let there be two processors with nothing else to do."""
    load = tmp_path / "loadavg"
    load.write_text("0.20 0.18 0.12 1/80 11206\n")
    monkeypatch.setattr(first_run, "LOAD", load)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    return load


def test_it_is_the_run_that_the_window_would_simulate() -> None:
    taken = FirstRun("recorded-demo").take(ROOM_S)

    assert taken is not None
    scenario, history = taken
    here = load_scenario("recorded-demo")
    assert scenario == here
    assert history.spec is scenario.spec
    own = simulate(here.spec)
    assert history.events == own.events
    assert len(history.vms) == len(own.vms) and history.end_ns == own.end_ns
    assert len(history.migrations) == len(own.migrations) > 0
    for ours, theirs in zip(history.migrations, own.migrations, strict=True):
        assert migration_figures(ours, history) == migration_figures(theirs, own)


def test_it_can_be_edited_like_one_that_was_read_here() -> None:
    taken = FirstRun("recorded-demo").take(ROOM_S)

    assert taken is not None
    edited = taken[0].with_value("network.bandwidth", "500 Mbit/s")
    assert edited.spec.network.bandwidth_bps == 500_000_000


def test_it_is_taken_once() -> None:
    run = FirstRun("recorded-demo")

    assert run.take(ROOM_S) is not None
    assert run.take(ROOM_S) is None


def test_what_cannot_be_simulated_is_left_to_the_window(capfd: pytest.CaptureFixture[str]) -> None:
    assert FirstRun("no-such-scenario").take(ROOM_S) is None
    assert capfd.readouterr() == ("", "")


def test_nobody_waits_long_for_a_process_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(name: str, there: int) -> None:
        time.sleep(ROOM_S)
        os._exit(0)

    monkeypatch.setattr(first_run, "_simulate", hang)
    run = FirstRun("recorded-demo")
    begin = time.monotonic()

    assert run.take(0.05) is None
    assert time.monotonic() - begin < ROOM_S / 2
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_with_one_processor_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0})

    assert not first_run.may_fork()
    assert FirstRun("recorded-demo").take(ROOM_S) is None


@pytest.mark.parametrize(
    ("text", "may"),
    [("0.2 0.2 0.1 2/80 9", True), ("0.2 0.2 0.1 3/80 9", False), ("unheard of", True)],
)
def test_a_busy_machine_does_one_thing_after_the_other(idle: Path, text: str, may: bool) -> None:
    idle.write_text(text)

    assert first_run.may_fork() == may
