"""What Linux offers a tracer and Python does not: structures, numbers, calls with errno.

Numbers are those of x86-64, the only processor family that tracing is for. Nothing here decides
anything.

Source: Linux include/uapi/linux/{fs,userfaultfd,ptrace}.h, arch/x86/include/asm/user_64.h;
Documentation/admin-guide/mm/{pagemap,userfaultfd}.rst.
"""

import ctypes
import os
import platform
import sys
from functools import cache
from typing import Final

from engine.errors import MigrascopeError

PAGE_BYTES: Final = 4096

SYS_USERFAULTFD: Final = 323
SYS_PIDFD_GETFD: Final = 438
SYS_CLOSE: Final = 3

UFFD_USER_MODE_ONLY: Final = 1  # allowed without privileges since Linux 5.11
UFFD_API: Final = 0xAA
UFFD_FEATURE_WP_ASYNC: Final = 1 << 15  # Linux 6.7; the kernel adds WP_UNPOPULATED itself
UFFDIO_API: Final = 0xC018AA3F
UFFDIO_REGISTER: Final = 0xC020AA00
UFFDIO_REGISTER_MODE_WP: Final = 1 << 1

PAGEMAP_SCAN: Final = 0xC0606610
PM_SCAN_WP_MATCHING: Final = 1
PM_SCAN_CHECK_WPASYNC: Final = 2
PAGE_IS_WRITTEN: Final = 1 << 1
PAGE_IS_FILE: Final = 1 << 2
PAGE_IS_PRESENT: Final = 1 << 3
PAGE_IS_SWAPPED: Final = 1 << 4
PAGE_IS_PFNZERO: Final = 1 << 5


class TraceError(MigrascopeError):
    """A program cannot be traced; the message is one sentence that says why."""


def words(names: str) -> list[tuple[str, type[ctypes.c_uint64]]]:
    """Return fields of a structure that is made of 64-bit words, by their names."""
    return [(name, ctypes.c_uint64) for name in names.split()]


class UffdApi(ctypes.Structure):
    """`struct uffdio_api`."""

    _fields_ = words("api features ioctls")


class UffdRegister(ctypes.Structure):
    """`struct uffdio_register`."""

    _fields_ = words("start len mode ioctls")


class ScanArgument(ctypes.Structure):
    """`struct pm_scan_arg`."""

    _fields_ = words(
        "size flags start end walk_end vec vec_len max_pages "
        "category_inverted category_mask category_anyof_mask return_mask"
    )


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def syscall(number: int, *arguments: int) -> int:
    """Return the result of a system call.

    Raises:
        OSError: It failed; with errno.
    """
    longs = [ctypes.c_long(a) for a in arguments]
    return _checked(_libc().syscall(ctypes.c_long(number), *longs))


def ioctl(fd: int, request: int, argument: ctypes.Structure) -> int:
    """Return the result of an ioctl, which may change its argument.

    Raises:
        OSError: It failed; with errno.
    """
    return _checked(_libc().ioctl(fd, ctypes.c_ulong(request), ctypes.byref(argument)))


def ptrace(request: int, tid: int, address: int = 0, data: object = 0) -> int:
    """Return the result of a ptrace request; `data` is a number or a pointer of ctypes.

    Raises:
        OSError: It failed; with errno.
    """
    call = _libc().ptrace
    call.restype = ctypes.c_long
    pointer = ctypes.c_void_p(data) if isinstance(data, int) else data
    where = ctypes.c_void_p(address)
    return _checked(call(ctypes.c_long(request), ctypes.c_long(tid), where, pointer))


def open_userfaultfd(fd: int) -> None:
    """Make a fresh userfaultfd one of asynchronous write protection.

    Raises:
        OSError: EINVAL: the kernel does not have it.
    """
    ioctl(fd, UFFDIO_API, UffdApi(UFFD_API, UFFD_FEATURE_WP_ASYNC, 0))


def check_platform() -> None:
    """Say what machine tracing needs, if this is another one.

    Raises:
        TraceError: Not Linux, or not a 64-bit x86 with pages of 4 KiB.
    """
    if not sys.platform.startswith("linux"):
        raise TraceError(f"trace: needs Linux, and this is {platform.system() or sys.platform}")
    if platform.machine() != "x86_64" or ctypes.sizeof(ctypes.c_void_p) != 8:
        raise TraceError(f"trace: needs a 64-bit x86 processor, and this is {platform.machine()}")
    if os.sysconf("SC_PAGE_SIZE") != PAGE_BYTES:
        raise TraceError(f"trace: needs pages of {PAGE_BYTES} bytes")
