"""Sees writes by PAGEMAP_SCAN with asynchronous write protection: no write is missed.

The mappings are registered with a userfaultfd of the process in asynchronous mode; PAGEMAP_SCAN
then says which pages were written and protects them again in one step. The process keeps no
descriptor, and when ours is closed, in whatever way, the kernel takes every protection away.
"""

import ctypes
import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.tracing import kernel, ptrace
from engine.tracing.kernel import PAGE_BYTES
from engine.tracing.pagemap import Look, PageNumbers, Process, Watcher

_MOST_REGIONS: Final = 1 << 14
_POPULATED: Final = kernel.PAGE_IS_PRESENT | kernel.PAGE_IS_SWAPPED
_NOT_ITS_OWN: Final = kernel.PAGE_IS_FILE | kernel.PAGE_IS_PFNZERO


class WriteProtectWatcher(Watcher):
    """Sees writes by PAGEMAP_SCAN with asynchronous write protection."""

    mechanism = "write-protect"

    def __init__(self, pid: int, *, at_exec: bool = False) -> None:
        """Get a userfaultfd of the process; the process keeps none.

        Args:
            pid: The process.
            at_exec: It is our child and stands at its exec; it runs when this returns.

        Raises:
            OSError: No right to, or it is gone.
            TraceError: It cannot be stopped for it.
        """
        self._process = Process(pid)
        self._regions = np.empty((_MOST_REGIONS, 3), np.uint64)
        self._at_start: list[Look] = []
        self._uffd = -1
        self._followed = False
        try:
            if at_exec:
                ptrace.run_at_exec(pid, self._adopt_and_look)
            else:
                ptrace.run_inside(pid, _calm_thread(pid), self._adopt)
        except BaseException:
            self.close()
            raise

    def _adopt(self, thread: ptrace.StoppedThread) -> None:
        """Let the thread make a userfaultfd, take it over, and close the thread's own."""
        flags = os.O_CLOEXEC | os.O_NONBLOCK | kernel.UFFD_USER_MODE_ONLY
        theirs = thread.call(kernel.SYS_USERFAULTFD, flags)
        if theirs < 0:
            raise OSError(-theirs, os.strerror(-theirs))
        try:
            pidfd = os.pidfd_open(thread.pid)
            try:
                ours = kernel.syscall(kernel.SYS_PIDFD_GETFD, pidfd, theirs, 0)
            finally:
                os.close(pidfd)
        finally:
            thread.call(kernel.SYS_CLOSE, theirs)
        old, self._uffd = self._uffd, ours
        if old >= 0:
            os.close(old)
        kernel.open_userfaultfd(ours)

    def _adopt_and_look(self, thread: ptrace.StoppedThread) -> None:
        self._adopt(thread)
        self._at_start.append(self.look())

    def look(self) -> Look:
        """Return the pages written since the look before, and protect them again."""
        if self._at_start:
            return self._at_start.pop()
        parts: list[npt.NDArray[np.uint64]] = []
        self._followed = False
        mappings = self._process.mappings()
        pagemap = self._process.open("pagemap")
        try:
            for begin, end in mappings:
                parts += self._scanned(pagemap, begin, end)
        finally:
            os.close(pagemap)
        regions = np.concatenate(parts) if parts else np.empty((0, 3), np.uint64)
        written = (regions[:, 2] & np.uint64(kernel.PAGE_IS_WRITTEN)) != 0
        n_resident = int(np.sum(regions[:, 1] - regions[:, 0])) // PAGE_BYTES
        if np.all(regions[1:, 0] >= regions[:-1, 1]):
            return Look(_pages_of(regions[written]), n_resident)
        # The kernel may report a range twice when its list was full: pages count once.
        return Look(np.unique(_pages_of(regions[written])), len(np.unique(_pages_of(regions))))

    def _scanned(self, pagemap: int, begin: int, end: int) -> list[npt.NDArray[np.uint64]]:
        """Return the populated regions of a mapping, which is registered if it is new."""
        try:
            return self._scan(pagemap, begin, end)
        except OSError as error:
            if error.errno != errno.EPERM:
                return []  # unmapped since the list of mappings was read
        try:
            self._register(begin, end)
            return self._scan(pagemap, begin, end)
        except OSError as error:
            # ENOMEM: the memory that our userfaultfd belongs to is no more.
            if error.errno not in (errno.ENOMEM, errno.ESRCH) or self._followed:
                return []  # a userfaultfd of the program's own is there, or it is gone again
        self._follow_exec()
        with suppress(OSError):
            self._register(begin, end)
            return self._scan(pagemap, begin, end)
        return []

    def _follow_exec(self) -> None:
        """Get another userfaultfd: the process runs another program now."""
        pid, self._followed = self._process.pid, True
        try:
            ptrace.run_inside(pid, _calm_thread(pid), self._adopt)
        except ProcessLookupError:
            raise ptrace.ProcessEndedError(f"trace: process {pid} ended") from None
        except PermissionError as error:
            # A process that is ending cannot be stopped either; otherwise the program has changed
            # to one that we may not look at.
            raise ptrace.ProcessEndedError(f"trace: process {pid} ended") from error

    def _register(self, begin: int, end: int) -> None:
        mode = kernel.UFFDIO_REGISTER_MODE_WP
        argument = kernel.UffdRegister(begin, end - begin, mode, 0)
        kernel.ioctl(self._uffd, kernel.UFFDIO_REGISTER, argument)

    def _scan(self, pagemap: int, begin: int, end: int) -> list[npt.NDArray[np.uint64]]:
        parts = []
        argument = kernel.ScanArgument(
            size=ctypes.sizeof(kernel.ScanArgument),
            flags=kernel.PM_SCAN_WP_MATCHING | kernel.PM_SCAN_CHECK_WPASYNC,
            end=end,
            vec=self._regions.ctypes.data,
            vec_len=_MOST_REGIONS,
            category_inverted=_NOT_ITS_OWN,
            category_mask=_NOT_ITS_OWN,
            category_anyof_mask=_POPULATED,
            return_mask=kernel.PAGE_IS_WRITTEN,
        )
        while begin < end:
            argument.start = begin
            found = kernel.ioctl(pagemap, kernel.PAGEMAP_SCAN, argument)
            parts.append(self._regions[:found].copy())
            begin = max(int(argument.walk_end), begin + PAGE_BYTES)
        return parts

    def close(self) -> None:
        """Close the userfaultfd: the kernel then takes every protection away."""
        if self._uffd >= 0:
            os.close(self._uffd)
            self._uffd = -1
            self._process.close()


def _pages_of(regions: npt.NDArray[np.uint64]) -> PageNumbers:
    """Return the numbers of the pages of regions, each (start, end, _) in bytes."""
    first = regions[:, 0] // np.uint64(PAGE_BYTES)
    counts = (regions[:, 1] // np.uint64(PAGE_BYTES) - first).astype(np.int64)
    ends = np.cumsum(counts)
    steps = np.arange(ends[-1] if len(ends) else 0, dtype=np.int64)
    steps -= np.repeat(ends - counts, counts)
    return np.repeat(first, counts) + steps.astype(np.uint64)


def _calm_thread(pid: int) -> int:
    """Return a living thread, if possible one that a stop does not even wake."""
    waiting = []
    try:
        folders = sorted(Path(f"/proc/{pid}/task").iterdir(), key=lambda path: int(path.name))
    except OSError:
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH)) from None
    for folder in folders:
        with suppress(OSError):
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            if state in "ZX":
                continue
            call = (folder / "syscall").read_text().split()[0]
            if state != "D" and not (call.isdigit() and int(call) in ptrace.NEVER_RESTARTED):
                return int(folder.name)
            waiting.append(int(folder.name))
    return waiting[0] if waiting else pid


def has_write_protect() -> bool:
    """Return whether this kernel has asynchronous write protection, tried on ourselves."""
    try:
        fd = kernel.syscall(kernel.SYS_USERFAULTFD, os.O_CLOEXEC | kernel.UFFD_USER_MODE_ONLY)
    except OSError:
        return False
    try:
        kernel.open_userfaultfd(fd)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True
