"""Recording which pages a real program writes: exact, without a trace in the program."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from engine import cli
from engine.scenario import load_scenario
from engine.simulation import simulate
from engine.workload import load_trace

if not sys.platform.startswith("linux"):
    pytest.skip("tracing needs Linux", allow_module_level=True)

from engine.tracing import (
    mechanism,
    pagemap,
    recorder,
    scenario_file,
    soft_dirty,
    trace_file,
    write_protect,
)
from tests.helpers.traced_programs import (
    PAGE,
    Control,
    reason_not_to_trace,
    settled,
    tiny_program,
    tracing,
)

REASON = reason_not_to_trace()
pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)
protects = pytest.mark.skipif(
    not write_protect.has_write_protect(), reason="the kernel has no asynchronous write protection"
)
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give its rights away")


def traced(*arguments: str) -> int:
    """Run the command in this process and return its exit status."""
    return cli.main(["trace", *arguments])


# What is seen


@protects
@pytest.mark.slow
@pytest.mark.parametrize("n_pages", [0, 1, 50, 400, 4096])
def test_program_of_known_pattern_is_measured_exactly(n_pages: int, tmp_path: Path) -> None:
    program = tiny_program(tmp_path / "control", n_pages=n_pages)
    out = tmp_path / "control.npz"

    assert traced("--duration", "800ms", "-o", str(out), program) == 0

    with np.load(out) as kept:
        rows = np.unpackbits(kept["bits"], axis=1, count=int(kept["n_pages"]))[1:].sum(axis=1)
    # Nothing is added by the tracer: no remainder is taken away.
    assert 6 <= len(rows) <= 8
    assert set(rows) == {n_pages}


@pytest.mark.slow
def test_running_program_of_known_pattern_is_measured_exactly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tiny_program(tmp_path / "control", n_pages=400)
    with subprocess.Popen([program]) as process:
        status = traced(str(process.pid), "--duration", "600ms", "--json")
        process.kill()
    found = json.loads(capsys.readouterr().out)

    assert status == 0
    assert found["ended_by"] == "duration"
    assert found["pages_per_interval"] == {"min": 400, "median": 400, "max": 400}
    assert found["working_set_pages"]["0.1"] == found["working_set_pages"]["0.5"] == 400


def test_every_look_gives_the_pages_written_since_the_one_before(control: Control) -> None:
    with mechanism.watcher_for(control.pid) as watcher:
        watcher.look()
        for n_pages in (0, 1, 50, 400, 4096, 1, 0):
            control.ask(f"write {n_pages}")

            assert control.inside(watcher.look()) == n_pages


@protects
def test_pages_that_are_only_read_do_not_count(control: Control) -> None:
    with mechanism.watcher_for(control.pid) as watcher:
        watcher.look()
        control.ask("read 3000")

        assert control.inside(watcher.look()) == 0


def test_memory_mapped_while_tracing_is_seen(control: Control) -> None:
    with mechanism.watcher_for(control.pid) as watcher:
        watcher.look()
        control.first = int(control.ask("map"))
        for n_pages in (70, 30):
            control.ask(f"write {n_pages}")

            assert control.inside(watcher.look()) == n_pages


def test_program_that_becomes_another_one_is_followed(control: Control) -> None:
    program = (
        "import sys; x = bytearray(9 << 20); print('here', flush=True); sys.stdin.readline(); "
        "x[::4096] = bytes(9 << 8); print('done', flush=True); sys.stdin.read()"
    )
    with mechanism.watcher_for(control.pid) as watcher:
        watcher.look()
        control.ask(f"exec {program}")
        settled(control.pid)
        watcher.look()
        quiet = len(watcher.look().written)
        control.ask("")

        assert quiet < 200
        assert len(watcher.look().written) >= 9 * 256


def test_first_look_is_the_memory_at_the_start(sleeper: int) -> None:
    with mechanism.watcher_for(sleeper) as watcher:
        look = watcher.look()

    assert len(look.written) == look.resident_pages > 0


# The file and the scenario


def _recording(looks: list[tuple[list[int], int]], *, step_ns: int = 10**8) -> recorder.Recording:
    return recorder.Recording(
        tuple(pagemap.Look(np.array(pages, np.uint64), n) for pages, n in looks),
        tuple(i * step_ns for i in range(len(looks))),
        step_ns,
        "duration",
        len(looks) * step_ns,
    )


def test_file_is_what_a_writer_plays(tmp_path: Path) -> None:
    high = 2**35
    looks = [([5, 6, high], 3), ([6], 3), ([], 3), ([5, high, high + 1], 4)]
    trace = trace_file.trace_of(_recording(looks))
    path = tmp_path / "trace.npz"
    trace_file.save(trace, path, name="program", mechanism="write-protect")
    offsets, pages, period_ns, n_pages = load_trace(str(path))

    assert (period_ns, n_pages) == (3 * 10**8, 4)
    assert pages.tolist() == [1, 0, 2, 3]
    assert (offsets // 10**8).tolist() == [1, 2, 2, 3]
    with np.load(path) as kept:
        assert kept["run_first_page"].tolist() == [5, high]
        assert kept["run_index"].tolist() == [0, 2]
        assert kept["resident_pages"].tolist() == [3, 3, 3, 4]
    assert [p.name for p in tmp_path.iterdir()] == ["trace.npz"]


def test_figures_leave_the_start_out() -> None:
    looks = [(list(range(100)), 100), ([1, 2], 100), ([2, 3, 4], 100), ([9], 120)]
    found = trace_file.figures(trace_file.trace_of(_recording(looks)))

    assert found["pages_per_interval"] == {"min": 1, "median": 2, "max": 3}
    assert found["resident_pages"] == {"first": 100, "last": 120, "max": 120}
    assert found["working_set_pages"] == {"0.1": 2, "0.5": None, "1": None, "5": None}


def test_recorded_program_becomes_the_workload_of_a_vm(tmp_path: Path) -> None:
    program = tiny_program(tmp_path / "my prog.1", n_pages=300, period_ns=10_000_000)
    scenario_path = tmp_path / "vm.toml"
    status = traced("--interval", "10ms", "--duration", "100ms", "--scenario", str(scenario_path),
                    program)  # fmt: skip
    scenario = load_scenario(scenario_path)
    vm = scenario.spec.vms[0]
    history = simulate(scenario.spec)

    assert status == 0
    assert (tmp_path / "vm.npz").is_file()
    assert (vm.name, vm.memory_bytes) == ("my-prog-1", 64 << 20)
    assert vm.first_zero_page >= 300
    assert history.migrations[0].outcome == "completed"
    assert sum(r.pages_dirtied for r in history.migrations[0].rounds) > 0


def test_memory_of_the_vm_is_rounded_up() -> None:
    step = (64 << 20) // PAGE

    assert [scenario_file.memory_bytes_for(n) >> 20 for n in (0, 1, step, step + 1)] == [
        64, 64, 64, 128,
    ]  # fmt: skip


# How it ends


def test_program_that_ends_in_the_middle_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.npz"
    status = traced("--interval", "20ms", "-o", str(out), "sh", "-c", "sleep 0.2; exit 3")
    error = capsys.readouterr().err.splitlines()[0]

    assert status == 0
    assert load_trace(str(out))[2] >= 3 * 20_000_000
    assert "ended after" in error
    assert error.endswith("what was recorded until then is kept; its exit status is 3")


def test_program_that_is_over_at_once_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    status = traced("--interval", "10s", "true")
    captured = capsys.readouterr()

    assert status == 1
    assert "less than one interval (10 s), so nothing is kept" in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_what_was_recorded(number: int, tmp_path: Path) -> None:
    out = tmp_path / "out.npz"
    program = tiny_program(tmp_path / "control", n_pages=20, period_ns=10_000_000)
    with subprocess.Popen([program]) as control:
        try:
            tracer = tracing(control.pid, "-o", str(out))
            time.sleep(0.2)
            tracer.send_signal(number)
            _, error = tracer.communicate(timeout=60)
            goes_on = control.poll() is None
        finally:
            control.kill()

    assert tracer.returncode == 0, error
    assert error.startswith(b"trace: interrupted after")
    assert goes_on, "a process that was there before is left alone"
    assert len(load_trace(str(out))[1]) >= 20


def test_command_is_ended_with_its_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = time.monotonic()
    status = traced("--interval", "10ms", "--duration", "30ms", "sleep", "60")

    assert status == 0
    assert "sleep was ended with it" in capsys.readouterr().err
    assert time.monotonic() - begun < 20


# What cannot be


def _sentence(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    status = traced(*arguments)
    captured = capsys.readouterr()

    assert status == cli.EXIT_BAD_INPUT
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err.strip()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["4194304999"], "there is no process of that number"),
        ([str(2**80)], "there is no process of that number"),
        ([str(os.getpid())], "cannot trace itself"),
        (["no-such-command-here"], "no-such-command-here: there is no such command"),
        (["/"], "/: cannot be started: Permission denied"),
        (["-o", "/no-such-folder/x.npz", "true"], "/no-such-folder/x.npz: cannot be written"),
        (["-o", "/", "true"], "/: is a folder"),
        (["--interval", "3", "true"], "use ns, us, ms, s or min"),
        (["--interval", "1ns", "true"], "must be 1 ms or more"),
        (["--duration", "50ms", "true"], "shorter than one --interval"),
        (["1", "2"], "takes nothing behind a PID but options"),
        ([], "name a PID or a COMMAND"),
    ],
)
def test_what_cannot_be_traced_gets_one_sentence(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expected in _sentence(capsys, *arguments)


def test_process_that_has_ended_gets_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert "the process has ended already" in _sentence(capsys, str(process.pid))
    process.wait()


def test_process_that_is_being_traced_gets_one_sentence(
    sleeper: int, capsys: pytest.CaptureFixture[str]
) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.ptrace(0x4206, sleeper, None, None) == 0

    assert f"traced or debugged by process {os.getpid()}" in _sentence(capsys, str(sleeper))


@as_root
def test_no_right_to_gets_one_sentence(sleeper: int) -> None:
    program = (
        "import os, sys; from engine import cli; os.setgid(65534); os.setuid(65534); "
        f"sys.exit(cli.main(['trace', '{sleeper}']))"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=False, capture_output=True, text=True)

    assert done.returncode == cli.EXIT_BAD_INPUT
    assert done.stderr.startswith(f"trace {sleeper}: no right to trace this process")
    assert done.stderr.count("\n") == 1


def test_kernel_without_a_mechanism_gets_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mechanism, "has_write_protect", lambda: False)
    monkeypatch.setattr(mechanism, "has_soft_dirty", lambda: False)

    assert _sentence(capsys, "true") == mechanism.NO_MECHANISM


def test_other_systems_get_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    assert "needs Linux" in _sentence(capsys, "true")


# The other mechanism


def test_soft_dirty_entries_are_read() -> None:
    present, swapped, file, dirty = (1 << bit for bit in (63, 62, 61, 55))
    entries = np.array([0, present, swapped, present | file, present | dirty, dirty], np.uint64)

    assert soft_dirty.populated(entries).tolist() == [False, True, True, False, True, False]
    assert soft_dirty.soft_dirty(entries).tolist() == [False] * 4 + [True] * 2


def test_soft_dirty_is_believed_only_where_it_works(control: Control) -> None:
    with soft_dirty.SoftDirtyWatcher(control.pid) as watcher:
        first = watcher.look()
        control.ask("write 50")
        seen = control.inside(watcher.look())

    assert len(first.written) == first.resident_pages > 0
    assert seen == (50 if soft_dirty.has_soft_dirty() else 0)


def test_soft_dirty_stands_in_for_write_protection(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mechanism, "has_write_protect", lambda: False)
    monkeypatch.setattr(mechanism, "has_soft_dirty", lambda: True)
    program = tiny_program(tmp_path / "control", n_pages=100)
    status = traced("--interval", "20ms", "--duration", "100ms", "--json", program)
    found = json.loads(capsys.readouterr().out)

    assert status == 0
    assert found["mechanism"] == "soft-dirty"
    assert found["resident_pages"]["max"] >= 100
    if soft_dirty.has_soft_dirty():
        assert found["pages_per_interval"]["max"] >= 100
