"""Which of the two mechanisms this kernel has; each is tried, since a number proves nothing."""

from typing import Final

from engine.tracing import ptrace
from engine.tracing.kernel import TraceError
from engine.tracing.pagemap import Watcher
from engine.tracing.soft_dirty import SoftDirtyWatcher, has_soft_dirty
from engine.tracing.write_protect import WriteProtectWatcher, has_write_protect

NO_MECHANISM: Final = (
    "trace: this kernel cannot say which pages a program writes: it has neither PAGEMAP_SCAN with "
    "asynchronous write protection (Linux 6.7) nor working soft-dirty bits (CONFIG_MEM_SOFT_DIRTY)"
)


def check_mechanism() -> None:
    """Say so if this kernel cannot tell which pages a program writes.

    Raises:
        TraceError: It has neither mechanism.
    """
    if not has_write_protect() and not has_soft_dirty():
        raise TraceError(NO_MECHANISM)


def watcher_for(pid: int, *, at_exec: bool = False) -> Watcher:
    """Return a watcher by the better mechanism that this kernel has.

    Args:
        pid: The process.
        at_exec: It is our child and stands at its exec; it runs when this returns.

    Raises:
        OSError: No right to, or it is gone.
        TraceError: There is no mechanism, or the process must not be touched.
    """
    if has_write_protect():
        return WriteProtectWatcher(pid, at_exec=at_exec)
    check_mechanism()
    if at_exec:
        ptrace.run_at_exec(pid, _nothing)
    return SoftDirtyWatcher(pid)


def _nothing(_: ptrace.StoppedThread) -> None:
    """Only let it go on."""
