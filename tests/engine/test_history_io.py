"""A saved run is the run."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from engine.errors import HistoryFileError
from engine.history import History
from engine.history_io import load_history, save_history
from engine.metrics import summarize
from engine.remaining_pages import remaining_pages
from engine.scenario import Scenario
from engine.simulation import simulate


@pytest.mark.parametrize("policy", ["stop-and-copy", "xen-legacy", "xen-adaptive", "postcopy"])
def test_a_loaded_run_is_equal_to_the_saved_one(
    small: Scenario, tmp_path: Path, policy: str
) -> None:
    scenario = small.with_policy(policy).with_change(
        600_000_000, {"vms.cps.writers.0.rate": "3000 pages/s", "network.bandwidth": "1 Gbit/s"}
    )
    run = simulate(scenario.spec)
    save_history(run, tmp_path / "run.npz")

    loaded = load_history(tmp_path / "run.npz")

    assert loaded.digest() == run.digest()
    assert loaded.spec == run.spec
    assert summarize("x", loaded) == summarize("x", run)
    for t_ns in range(0, run.end_ns, 50_000_000):
        old, new = run.frame_at(t_ns).vms["cps"], loaded.frame_at(t_ns).vms["cps"]
        assert np.array_equal(old.states, new.states)  # type: ignore[arg-type]
        assert (old.phase, old.status, old.round) == (new.phase, new.status, new.round)
        writes = [r.vm("cps").writes_between(t_ns, t_ns + 10**7) for r in (run, loaded)]
        assert np.array_equal(writes[0], writes[1])


def test_the_same_run_gives_the_same_file(history: History, tmp_path: Path) -> None:
    save_history(history, tmp_path / "a.npz")
    for move in history.migrations:
        assert remaining_pages(history, move) is not None  # counted, and kept with the run
    save_history(history, tmp_path / "b.npz")

    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("content", [b"", b"not a zip", b"\x93NUMPY\x01\x00"])
def test_a_file_that_is_no_run_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npz").write_bytes(content)

    with pytest.raises(HistoryFileError, match=r"x\.npz: not a saved run"):
        load_history(tmp_path / "x.npz")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(HistoryFileError, match="no such file"):
        load_history(tmp_path / "x.npz")


def test_a_run_that_was_tampered_with_is_refused(history: History, tmp_path: Path) -> None:
    save_history(history, tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "a.npz") as old:
        members = {name: old.read(name) for name in old.namelist()}
    members["history.json"] = members["history.json"].replace(b'"few-pages"', b'"max-rounds"')
    members["history.json"] = members["history.json"].replace(b'"max-rounds"', b'"timeout"')
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as new:
        for name, content in members.items():
            new.writestr(name, content)

    with pytest.raises(HistoryFileError, match="damaged"):
        load_history(tmp_path / "b.npz")


def test_another_format_is_said(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("history.json", '{"format": "migrascope history 99"}')

    with pytest.raises(HistoryFileError, match="99"):
        load_history(tmp_path / "a.npz")
