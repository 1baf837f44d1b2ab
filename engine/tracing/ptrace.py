"""One system call made inside another process, which is then exactly as it was.

A userfaultfd belongs to the memory of the process that makes it. So one thread is stopped for an
instant, its registers are pointed at a `syscall` instruction that is there anyway, and afterwards
registers and signal mask are put back: no byte of its memory is written, no signal is sent to it.
Stops are those of PTRACE_SEIZE and PTRACE_INTERRUPT, and the thread is let go from such a stop:
only there does the kernel start an interrupted system call again.

What cannot be hidden: a thread that waits in `epoll_wait` or another call which the kernel never
starts again would see EINTR. It is sent back into its call; a time limit then begins anew. And as
at any stop, the kernel notes in the program what the program asked it to note: the time left of
a sleep, the processor that a thread runs on.
"""

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from engine.tracing.kernel import TraceError, ptrace, words

_Result = TypeVar("_Result")

TRACEME: Final = 0
_CONT, _GETREGS, _SETREGS, _DETACH, _SYSCALL = 7, 12, 13, 17, 24
_SETOPTIONS, _SEIZE, _INTERRUPT = 0x4200, 0x4206, 0x4207
_GETSIGMASK, _SETSIGMASK, _GET_RSEQ = 0x420A, 0x420B, 0x420F
_TRACESYSGOOD, _SUSPEND_SECCOMP = 1, 1 << 21
_EVENT_STOP = 128  # in the third byte of a wait status
_WALL: Final = 0x40000000  # __WALL: threads too

_STOP_LIMIT_S: Final = 5.0
_RSEQ_TRIES: Final = 50
_CODE_64: Final = 0x33  # the code segment of 64-bit programs
_NO_SYSCALL: Final = 2**64 - 1
_SYSCALL_CODE: Final = b"\x0f\x05"
_EINTR_RESULT: Final = 2**64 - 4
NEVER_RESTARTED: Final = frozenset({65, 128, 220, 232, 281, 441})
"""semop, rt_sigtimedwait, semtimedop, epoll_wait, epoll_pwait, epoll_pwait2: signal(7)."""


class Registers(ctypes.Structure):
    """`struct user_regs_struct` of x86-64."""

    _fields_ = words(
        "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags "
        "rsp ss fs_base gs_base ds es fs gs"
    )


class _RseqConfiguration(ctypes.Structure):
    _fields_ = [
        ("pointer", ctypes.c_uint64),
        ("size", ctypes.c_uint32),
        ("signature", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("pad", ctypes.c_uint32),
    ]


class ProcessEndedError(TraceError):
    """The process ended while it was looked at."""


class StoppedThread:
    """A thread in a ptrace stop, able to make system calls for the tracer."""

    def __init__(self, pid: int, tid: int, *, seized: bool) -> None:
        """Take a thread that is in a stop.

        Args:
            pid: Its process.
            tid: The thread.
            seized: Stopped by PTRACE_INTERRUPT; otherwise at its exec, by PTRACE_TRACEME.

        Raises:
            TraceError: It is a 32-bit program.
        """
        self.pid, self.tid, self.seized = pid, tid, seized
        self._saved = Registers()
        ptrace(_GETREGS, tid, 0, ctypes.byref(self._saved))
        if self._saved.cs != _CODE_64:
            raise TraceError(f"trace: process {pid} is a 32-bit program; only 64-bit ones can be")
        self._mask = ctypes.c_uint64()
        ptrace(_GETSIGMASK, tid, 8, ctypes.byref(self._mask))
        self._code = _syscall_instruction(pid)

    def call(self, number: int, *arguments: int) -> int:
        """Return the result of a system call made by the thread (-errno if it failed)."""
        registers = Registers.from_buffer_copy(self._saved)
        for name, value in zip(("rdi", "rsi", "rdx"), arguments, strict=False):
            setattr(registers, name, value)
        registers.rax, registers.orig_rax, registers.rip = number, _NO_SYSCALL, self._code
        ptrace(_SETSIGMASK, self.tid, 8, ctypes.byref(ctypes.c_uint64(_NO_SYSCALL)))
        ptrace(_SETREGS, self.tid, 0, ctypes.byref(registers))
        for _ in ("entry", "exit"):
            self._to_syscall_stop()
        ptrace(_GETREGS, self.tid, 0, ctypes.byref(registers))
        return int(ctypes.c_int64(registers.rax).value)

    def _to_syscall_stop(self) -> None:
        while True:
            ptrace(_SYSCALL, self.tid)
            status = wait_for_stop(self.tid)
            if os.WSTOPSIG(status) == signal.SIGTRAP | 0x80:
                return

    def release(self) -> None:
        """Put registers and signal mask back and let the thread go on."""
        ptrace(_SETREGS, self.tid, 0, ctypes.byref(self._restored()))
        if self.seized:
            ptrace(_INTERRUPT, self.tid)
            ptrace(_CONT, self.tid)
            while wait_for_stop(self.tid) >> 16 != _EVENT_STOP:
                ptrace(_CONT, self.tid)
        ptrace(_SETSIGMASK, self.tid, 8, ctypes.byref(self._mask))
        ptrace(_DETACH, self.tid)

    def _restored(self) -> Registers:
        """Return the registers as they were, or back at a call that our stop broke off."""
        registers = Registers.from_buffer_copy(self._saved)
        broken_off = registers.rax == _EINTR_RESULT and registers.orig_rax in NEVER_RESTARTED
        if self.seized and broken_off and not _has_pending_signal(self.pid, self.tid):
            registers.rax, registers.rip = registers.orig_rax, registers.rip - 2
        return registers

    def in_restartable_sequence(self) -> bool:
        """Return whether the thread is where a detour would not be noticed (rseq(2))."""
        found = _RseqConfiguration()
        try:
            ptrace(_GET_RSEQ, self.tid, ctypes.sizeof(found), ctypes.byref(found))
            with open(f"/proc/{self.pid}/mem", "rb", buffering=0) as memory:

                def word(address: int) -> int:
                    return int.from_bytes(os.pread(memory.fileno(), 8, address), "little")

                section = word(found.pointer + 8) if found.pointer else 0
                if not section:
                    return False
                begin, length = word(section + 8), word(section + 16)
        except OSError:
            return False
        return bool(begin <= self._saved.rip < begin + length)


def _has_pending_signal(pid: int, tid: int) -> bool:
    status = Path(f"/proc/{pid}/task/{tid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    pending = int(fields["SigPnd"], 16) | int(fields["ShdPnd"], 16)
    return bool(pending & ~int(fields["SigBlk"], 16))


def _syscall_instruction(pid: int) -> int:
    """Return where the process has a `syscall` instruction: in the vDSO, or in its code."""
    ranges = []
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        span, permissions = line.split()[:2]
        if "x" in permissions and "[vsyscall]" not in line:
            begin, end = (int(x, 16) for x in span.split("-"))
            ranges.append(("[vdso]" not in line, begin, end))
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for _, begin, end in sorted(ranges):
            with suppress(OSError):
                place = os.pread(memory.fileno(), end - begin, begin).find(_SYSCALL_CODE)
                if place >= 0:
                    return begin + place
    raise TraceError(f"trace: process {pid} has no code that could make a system call")


def wait_for_stop(tid: int) -> int:
    """Return the wait status of a stop.

    Raises:
        ProcessEndedError: It ended instead.
        TraceError: It did not stop in time.
    """
    limit = time.monotonic() + _STOP_LIMIT_S
    pause_s = 0.00002
    while time.monotonic() < limit:
        try:
            found, status = os.waitpid(tid, _WALL | os.WNOHANG)
        except ChildProcessError:
            raise ProcessEndedError(f"trace: process {tid} ended") from None
        if found and os.WIFSTOPPED(status):
            return status
        if found:
            raise ProcessEndedError(f"trace: process {tid} ended")
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.005)
    raise TraceError(f"trace: process {tid} cannot be stopped now: it waits for a device")


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold signals back that would leave the other process half changed."""
    wanted = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def run_inside(pid: int, tid: int, work: Callable[[StoppedThread], _Result]) -> _Result:
    """Stop a thread, let `work` make calls in it, and leave it as it was.

    Raises:
        OSError: EPERM: no right to; ESRCH: it is gone.
        TraceError: It ended, does not stop, or must not be touched.
    """
    for _ in range(_RSEQ_TRIES):
        with _undisturbed():
            ptrace(_SEIZE, tid, 0, _TRACESYSGOOD)
            try:
                ptrace(_INTERRUPT, tid)
                _to_event_stop(tid)
                thread = StoppedThread(pid, tid, seized=True)
            except BaseException:
                _let_go(tid)
                raise
            if not thread.in_restartable_sequence():
                return _worked(thread, work)
            thread.release()
        time.sleep(0.001)
    raise TraceError(f"trace: process {pid} is never at a place where it could be stopped")


def _to_event_stop(tid: int) -> None:
    """Wait for our stop; a signal that comes first is delivered."""
    while (status := wait_for_stop(tid)) >> 16 != _EVENT_STOP:
        ptrace(_CONT, tid, 0, os.WSTOPSIG(status))


def run_at_exec(pid: int, work: Callable[[StoppedThread], _Result]) -> _Result:
    """Do the same in a child that asked to be traced, before its first instruction.

    Raises:
        TraceError: It ended, or must not be touched.
    """
    with _undisturbed():
        wait_for_stop(pid)
        ptrace(_SETOPTIONS, pid, 0, _TRACESYSGOOD)
        try:
            thread = StoppedThread(pid, pid, seized=False)
        except BaseException:
            _let_go(pid)
            raise
        return _worked(thread, work)


def _worked(thread: StoppedThread, work: Callable[[StoppedThread], _Result]) -> _Result:
    try:
        _allow_calls(thread)
        return work(thread)
    finally:
        with suppress(ProcessLookupError, ProcessEndedError):
            thread.release()


def _let_go(tid: int) -> None:
    with suppress(OSError):
        ptrace(_DETACH, tid)


def _allow_calls(thread: StoppedThread) -> None:
    """Lift a seccomp filter for our calls: it could kill the program for them.

    Raises:
        TraceError: We may not.
    """
    its, ours = _seccomp(thread.pid), _seccomp(os.getpid())
    if its[0] == "0":
        return
    try:
        ptrace(_SETOPTIONS, thread.tid, 0, _TRACESYSGOOD | _SUSPEND_SECCOMP)
    except OSError:
        if its != ours:  # with the filter that we have ourselves, the call is known to be harmless
            raise TraceError(
                f"trace: process {thread.pid} runs under a seccomp filter, which may kill it for "
                "the call that tracing needs; run this as root, outside of any container"
            ) from None


def _seccomp(pid: int) -> tuple[str, str]:
    status = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    return fields.get("Seccomp", "0").strip(), fields.get("Seccomp_filters", "?").strip()
