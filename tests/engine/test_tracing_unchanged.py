"""Attaching changes nothing in a program: not its results, nor what the kernel shows of it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import MigrascopeError

if not sys.platform.startswith("linux"):
    pytest.skip("tracing needs Linux", allow_module_level=True)

from engine.tracing import mechanism, write_protect
from tests.helpers.traced_programs import (
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


def test_nothing_is_left_behind(control: Control) -> None:
    control.ask("write 2000")
    before = settled(control.pid)
    with mechanism.watcher_for(control.pid) as watcher:
        watcher.look()
        fds = settled(control.pid)["fds"]
        watcher.look()

    assert fds == before["fds"], "no descriptor in the program even while it is traced"
    assert settled(control.pid) == before


def test_memory_is_byte_for_byte_the_same(tmp_path: Path) -> None:
    program = tiny_program(tmp_path / "control", n_pages=300, period_ns=60 * 10**9)
    process = subprocess.Popen([program])

    def memory() -> list[bytes]:
        parts = []
        with open(f"/proc/{process.pid}/mem", "rb", buffering=0) as file:
            for line in Path(f"/proc/{process.pid}/maps").read_text().splitlines():
                begin, end = (int(x, 16) for x in line.split()[0].split("-"))
                if line.split()[1].startswith("r") and "[v" not in line:
                    parts.append(os.pread(file.fileno(), end - begin, begin))
        return parts

    settled(process.pid)
    before = memory()
    with mechanism.watcher_for(process.pid) as watcher:
        watcher.look()
        watcher.look()
    after = memory()
    process.kill()
    process.wait()

    assert sum(part.count(1) for part in before) >= 300
    assert after == before


WORKER = """
import hashlib, signal, sys, threading, time
ticks = []
signal.signal(signal.SIGALRM, lambda *_: ticks.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.003, 0.003)
memory, digests = bytearray(1 << 20), {}
def work(name):
    h = hashlib.sha256()
    mine = bytearray(1 << 18)
    for i in range(60):
        for k in range(0, len(mine), 4096): mine[k] = (mine[k] + i + k) % 256
        h.update(mine); time.sleep(0.002)
    digests[name] = h.hexdigest()
print("ready", flush=True)
sys.stdin.readline()
threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
[t.start() for t in threads]; work(9); [t.join() for t in threads]
signal.setitimer(signal.ITIMER_REAL, 0)
assert ticks
for i in range(200): memory[i * 4096] = i
print(hashlib.sha256(memory).hexdigest(), sorted(digests.items()))
"""


def _result_of_worker(*, attached: bool) -> tuple[bytes, int, int]:
    times = 0
    with subprocess.Popen(
        [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        process.stdin.write(b"\n")
        process.stdin.flush()
        while attached and times < 30:
            try:
                with mechanism.watcher_for(process.pid) as watcher:
                    watcher.look()
                    watcher.look()
            except (MigrascopeError, OSError):
                break
            times += 1
        output = process.stdout.read()
    return output, process.returncode, times


@pytest.mark.slow
def test_results_are_the_same_with_and_without() -> None:
    alone = _result_of_worker(attached=False)
    watched = _result_of_worker(attached=True)

    assert alone[0].strip()
    assert watched[2] >= 5, "attached in the midst of threads and signals"
    assert watched[:2] == alone[:2]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("c.nanosleep(ctypes.byref(L(0, 300000000)), None)", "0 0"),
        ("c.poll(None, 0, 300)", "0 0"),
        ("c.select(0, None, None, None, ctypes.byref(L(0, 300000)))", "0 0"),
        ("c.read(r, b, 8)", "1 0"),
        ("c.epoll_wait(c.epoll_create(1), b, 1, 300)", "0 0"),
        ("c.sigtimedwait(b, None, ctypes.byref(L(0, 300000000)))", "-1 11"),
    ],
)
def test_call_that_waits_is_not_broken_off(call: str, expected: str) -> None:
    program = f"""
import ctypes, os, threading
class L(ctypes.Structure): _fields_ = [("a", ctypes.c_long), ("b", ctypes.c_long)]
c = ctypes.CDLL(None, use_errno=True); b = ctypes.create_string_buffer(256)
r, w = os.pipe()
print("ready", flush=True)
if "read" in {call!r}:
    if os.fork() == 0:
        import time; time.sleep(0.4); os.write(w, b"x"); os._exit(0)
x = {call}
print(x, ctypes.get_errno(), flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        settled(process.pid)
        for _ in range(5):
            with mechanism.watcher_for(process.pid):
                pass
        output = process.stdout.read().decode().strip()

    assert output == expected


def test_stopped_program_stays_stopped(sleeper: int) -> None:
    os.kill(sleeper, signal.SIGSTOP)
    before = settled(sleeper)
    with mechanism.watcher_for(sleeper) as watcher:
        watcher.look()
    after = settled(sleeper)
    os.kill(sleeper, signal.SIGCONT)

    assert "T (stopped)" in str(before["status"])
    assert after["status"] == before["status"]


@protects
@pytest.mark.slow
def test_killed_tracer_leaves_nothing_behind(control: Control) -> None:
    control.ask("write 2000")
    before = settled(control.pid)
    tracer = tracing(control.pid)
    control.ask("write 1000")
    tracer.kill()
    tracer.communicate()

    after = settled(control.pid)

    assert {**after, "call": ""} == {**before, "call": ""}, "the call reads to another place"
    assert control.ask("write 500") == b"done\n"
