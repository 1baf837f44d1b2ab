"""The program that is traced: a process that runs already, or a command started for it."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from engine.tracing import kernel, ptrace
from engine.tracing.kernel import TraceError
from engine.tracing.mechanism import check_mechanism, watcher_for
from engine.tracing.pagemap import Watcher

_GRACE_S: Final = 2.0  # for a program that was told to end


class Target:
    """A program being watched; leaving the context lets it go.

    Attributes:
        pid: Its process.
        name: What it is called, for people.
        watcher: What sees its writes.
        pidfd: Becomes readable when the process has ended.
    """

    def __init__(self, pid: int, name: str, child: "subprocess.Popen[bytes] | None" = None) -> None:
        """Begin to watch a process.

        Args:
            pid: The process.
            name: What it is called.
            child: It was started for this, and stands at its exec.

        Raises:
            TraceError: It cannot be watched: no right to, it is gone, no mechanism.
        """
        self.pid, self.name, self._child = pid, name, child
        self.pidfd = -1
        try:
            self.pidfd = os.pidfd_open(pid)
            self.watcher: Watcher = watcher_for(pid, at_exec=child is not None)
        except BaseException as error:
            self._give_up()
            if isinstance(error, OSError):
                raise TraceError(_refusal(pid, error)) from error
            raise

    def _give_up(self) -> None:
        if self.pidfd >= 0:
            os.close(self.pidfd)
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Stop watching; the process goes on as if it had never been watched."""
        if self.pidfd >= 0:
            self.watcher.close()
            os.close(self.pidfd)
            self.pidfd = -1

    def end(self, *, asked_already: bool) -> str:
        """End a command that was started for this, and say in a clause how it ended.

        Args:
            asked_already: It got the user's Ctrl+C as well, and may be ending by itself.

        Returns:
            A clause, empty where there is nothing to say; a process that was there before is
            left alone.
        """
        if self._child is None:
            return ""
        if self._ended(_GRACE_S if asked_already else 0.0):
            return self._how_it_ended()
        self._child.terminate()
        if self._ended(_GRACE_S):
            return f"{self.name} was ended with it"
        return f"{self.name} (process {self.pid}) takes no notice of SIGTERM and goes on"

    def _ended(self, within_s: float) -> bool:
        assert self._child is not None
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(within_s)
            return True
        return False

    def _how_it_ended(self) -> str:
        assert self._child is not None
        status = self._child.returncode
        if status < 0:
            known = {number.value: number.name for number in signal.Signals}
            return f"{known.get(-status, f'signal {-status}')} ended it"
        return f"its exit status is {status}" if status else ""


def running(pid: int) -> Target:
    """Return a process that runs already, watched from now on.

    Raises:
        TraceError: There is none, or it cannot be watched.
    """
    kernel.check_platform()
    fields = _status_of(pid)
    if pid == os.getpid():
        raise TraceError("trace: a tracer cannot trace itself")
    if fields["Tgid"] != str(pid):
        raise TraceError(f"trace {pid}: is a thread; its process is {fields['Tgid']}")
    if fields["State"].startswith(("Z", "X")):
        raise TraceError(f"trace {pid}: the process has ended already")
    if "VmSize" not in fields:
        raise TraceError(f"trace {pid}: is a thread of the kernel ({fields['Name']})")
    if fields["TracerPid"] != "0":
        tracer = fields["TracerPid"]
        raise TraceError(f"trace {pid}: is being traced or debugged by process {tracer} already")
    return Target(pid, fields["Name"])


def _status_of(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
    except (OSError, OverflowError):
        raise TraceError(f"trace {pid}: there is no process of that number") from None
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _refusal(pid: int, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return (
            f"trace {pid}: no right to trace this process; run this as its user or as root "
            "(kernel.yama.ptrace_scope may ask for root even then)"
        )
    if isinstance(error, ProcessLookupError | FileNotFoundError):
        return f"trace {pid}: the process has ended already"
    return f"trace {pid}: the kernel refuses: {error.strerror}"


def started(command: list[str]) -> Target:
    """Return a command, watched from its first instruction on.

    Raises:
        TraceError: There is no such command, or it cannot be watched.
    """
    kernel.check_platform()
    check_mechanism()
    name = Path(command[0]).name
    try:
        child = subprocess.Popen(command, preexec_fn=_ask_to_be_traced)  # noqa: PLW1509
    except (FileNotFoundError, NotADirectoryError):
        raise TraceError(f"trace: {command[0]}: there is no such command") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TraceError(f"trace: {command[0]}: cannot be started: {reason}") from error
    except subprocess.SubprocessError as error:
        raise TraceError("trace: this system lets no program be traced (ptrace)") from error
    return Target(child.pid, name, child)


def _ask_to_be_traced() -> None:
    """Run in the child before its exec: the only thread there is, as in its own program."""
    kernel.ptrace(ptrace.TRACEME, 0)
