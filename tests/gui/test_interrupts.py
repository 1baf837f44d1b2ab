"""Ctrl+C and a request to end leave nothing half-written, no worker, and say one sentence."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

ROOT = Path(__file__).resolve().parents[2]
SIGNALS = [signal.SIGINT, signal.SIGTERM]
ROOM_S = 60
WHOLE = "interrupted; every picture that is there is whole"
SWEEP = ("sweep", "clark-diabolical", "--vary", "network.bandwidth=100 Mbit/s:2 Gbit/s:400")
FIGURES = """format = 1
[[figures]]
file = "{}.png"
scenario = "recorded-demo"
at = "push"
"""

Started = subprocess.Popen[str]


def start(folder: Path, *arguments: str) -> Started:
    """Start a command that keeps what it throws away later in an own folder."""
    spare = folder / "spare"
    spare.mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "gui", *arguments], cwd=ROOT, text=True, stderr=subprocess.PIPE,
        stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(spare)},
    )


def wait_for(there: Callable[[], object]) -> None:
    deadline = time.monotonic() + ROOM_S
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def end(process: Started, kind: signal.Signals) -> str:
    """End a command, and return what it says."""
    process.send_signal(kind)
    _, error = process.communicate(timeout=ROOM_S)

    assert process.returncode == 130, error
    return error.strip()


def children_of(pid: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("kind", SIGNALS)
@pytest.mark.parametrize("command", ["shot", "figures"])
def test_pictures_are_whole_or_not_there(
    tmp_path: Path, command: str, kind: signal.Signals
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    if command == "shot":
        arguments = ["recorded-demo", "--at", "rounds", "--theme", "both", "-o", f"{out}/x.png"]
    else:
        text = "".join(FIGURES.format(name).replace("format = 1", "") for name in "bcdefghij")
        (tmp_path / "m.toml").write_text(FIGURES.format("a") + text)
        arguments = [str(tmp_path / "m.toml"), "-o", str(out)]
    process = start(tmp_path, command, *arguments)
    wait_for(lambda: list(out.glob("[!.]*.png")))

    assert end(process, kind) == f"{command}: {WHOLE}"
    made = list(out.iterdir())
    assert 1 <= len(made) < 10
    assert all(not QImage(str(path)).isNull() for path in made)
    assert list((tmp_path / "spare").iterdir()) == []


@pytest.mark.parametrize("kind", SIGNALS)
def test_a_check_that_is_ended_leaves_no_picture(tmp_path: Path, kind: signal.Signals) -> None:
    manifest = tmp_path / "m.toml"
    text = "".join(FIGURES.format(name).replace("format = 1", "") for name in "bcdefghij")
    manifest.write_text(FIGURES.format("a") + text)
    process = start(tmp_path, "figures", str(manifest), "--check")
    wait_for(lambda: list((tmp_path / "spare").glob("*/*.png")))

    assert end(process, kind) == f"figures: {WHOLE}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.toml", "spare"]
    assert list((tmp_path / "spare").iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no list of children")
@pytest.mark.parametrize("kind", SIGNALS)
def test_a_sweep_ends_with_its_workers(tmp_path: Path, kind: signal.Signals) -> None:
    process = start(tmp_path, *SWEEP, "--jobs", "2", "-o", str(tmp_path / "grid.csv"))
    wait_for(lambda: len(children_of(process.pid)) >= 3)  # one of them tracks resources
    workers = children_of(process.pid)

    assert end(process, kind) == "migrascope: interrupted"
    wait_for(lambda: not any(Path(f"/proc/{pid}").is_dir() for pid in workers))
    assert [path.name for path in tmp_path.iterdir()] == ["spare"]


@pytest.mark.parametrize("kind", SIGNALS)
@pytest.mark.parametrize("ending", [".mp4", ".gif"])
def test_a_film_that_is_ended_leaves_nothing(
    tmp_path: Path, ending: str, kind: signal.Signals
) -> None:
    process = start(tmp_path, "film", "recorded-demo", "-o", str(tmp_path / f"film{ending}"))
    wait_for(lambda: list(tmp_path.glob(".film*")))

    assert end(process, kind) == "film: interrupted; nothing is left of it"
    assert [path.name for path in tmp_path.iterdir()] == ["spare"]
    assert list((tmp_path / "spare").iterdir()) == []
