"""Programs that write what they are told to, and what of a process must not change."""

import os
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import numpy as np

from engine.errors import MigrascopeError
from engine.tracing import pagemap, target

PAGE = 4096
SPAN = 5000  # pages of the control program's region


def reason_not_to_trace() -> str:
    """Return why no program can be traced here, or nothing."""
    try:
        with target.started(["sleep", "0"]) as program:
            pass
        program.end(asked_already=True)
    except MigrascopeError as error:
        return str(error)
    return ""


def tiny_program(path: Path, *, n_pages: int, period_ns: int = 30_000_000) -> str:
    """Write a static program that writes `n_pages` pages of its own and sleeps, for ever.

    It writes neither a stack nor data: what it writes is the region alone, all of it several
    times in an interval of 100 ms, so that it does not matter when the interval begins.
    """
    begin = b"\xb8" + struct.pack("<I", 9) + b"\x31\xff"  # mmap(0,
    begin += b"\xbe" + struct.pack("<I", max(1, n_pages) * PAGE)  # length,
    begin += b"\xba" + struct.pack("<I", 3) + b"\x41\xba" + struct.pack("<I", 0x22)  # rw, private
    begin += b"\x49\xc7\xc0" + struct.pack("<i", -1) + b"\x45\x31\xc9\x0f\x05\x49\x89\xc4"
    loop = b"\xbb" + struct.pack("<I", n_pages) + b"\x4c\x89\xe7\x85\xdb"
    write = b"\xfe\x07\x48\x81\xc7" + struct.pack("<I", PAGE) + b"\xff\xcb"  # inc byte; next page
    write += b"\x75" + struct.pack("<b", -(len(write) + 2))
    loop += b"\x74" + struct.pack("<b", len(write)) + write
    nap = b"\xb8" + struct.pack("<I", 35) + b"\x48\x8d\x3d" + struct.pack("<i", 9)
    nap += b"\x31\xf6\x0f\x05"  # nanosleep(time, 0)
    nap += b"\xe9" + struct.pack("<i", -(len(loop) + len(nap) + 5))
    code = begin + loop + nap + struct.pack("<qq", *divmod(period_ns, 10**9))
    base, head = 0x400000, 64 + 56
    size = head + len(code)
    elf = b"\x7fELF\x02\x01\x01" + bytes(9)
    elf += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, base + head, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    elf += struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, PAGE)
    path.write_bytes(elf + code)
    path.chmod(0o755)
    return str(path)


CONTROL = f"""
import ctypes, mmap, os, sys
regions = []
def more():
    m = mmap.mmap(-1, {SPAN * PAGE}, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    regions.append(m)
    print(ctypes.addressof(ctypes.c_char.from_buffer(m)) // {PAGE}, flush=True)
more()
for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    if word == "map": more(); continue
    if word == "exec": os.execv(sys.executable, [sys.executable, "-c", rest])
    if word == "read": [regions[-1][i * {PAGE}] for i in range(int(rest))]
    if word == "write":
        for i in range(int(rest)): regions[-1][i * {PAGE}] = (regions[-1][i * {PAGE}] + 1) % 256
    print("done", flush=True)
"""


class Control:
    """A program that writes as many pages of its region as it is told to."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CONTROL], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.pid = self.process.pid
        self.first = int(self._line())

    def _line(self) -> bytes:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def ask(self, order: str) -> bytes:
        stdin: IO[bytes] | None = self.process.stdin
        assert stdin is not None
        stdin.write(order.encode() + b"\n")
        stdin.flush()
        return self._line()

    def inside(self, look: pagemap.Look) -> int:
        """Return how many of the region's pages a look found written."""
        pages = look.written
        return int(np.count_nonzero((pages >= self.first) & (pages < self.first + SPAN)))

    def end(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()
        self.process.wait(10)


def state_of(pid: int) -> dict[str, object]:
    """Return what of a process is seen from outside: mappings, descriptors, signals, its call."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    kept = ("SigBlk", "SigCgt", "SigIgn", "SigPnd", "TracerPid", "State", "FDSize", "VmLck")
    folder = Path(f"/proc/{pid}/fd")
    return {
        "maps": Path(f"/proc/{pid}/maps").read_text(),
        "fds": {path.name: os.readlink(path) for path in folder.iterdir()},
        "status": [line for line in status if line.split(":")[0] in kept],
        "flags": [
            line
            for line in Path(f"/proc/{pid}/smaps").read_text().splitlines()
            if line.startswith("VmFlags")
        ],
        "call": Path(f"/proc/{pid}/syscall").read_text(),
    }


def settled(pid: int) -> dict[str, object]:
    """Return the state of a process once it sleeps."""
    for _ in range(2000):
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ST":
            break
        time.sleep(0.001)
    return state_of(pid)


def tracing(pid: int, *options: str) -> "subprocess.Popen[bytes]":
    """Return a tracer in a process of its own, once it has attached."""
    command = [sys.executable, "-m", "gui", "trace", str(pid), "--interval", "20ms", *options]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    folder = Path(f"/proc/{tracer.pid}/fd")
    while tracer.poll() is None:
        if any("userfaultfd" in os.readlink(p) for p in folder.iterdir() if p.is_symlink()):
            break
        time.sleep(0.01)
    time.sleep(0.1)
    return tracer
