"""A look at a program every interval, until its time is over, it ends, or the user stops it."""

import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal

from msgspec import Struct

from engine.tracing.pagemap import Look, Watcher
from engine.tracing.ptrace import ProcessEndedError

SECOND_NS: Final = 1_000_000_000
MOST_BYTES: Final = 1 << 30  # of packed rows: what a reader has to hold in memory

Ending = Literal["duration", "interrupted", "process-ended", "full"]


class Recording(Struct, frozen=True):
    """What was seen.

    Attributes:
        looks: The first is the memory at the start, each other one the writes of an interval.
        t_ns: When each look began, from the first one on.
        interval_ns: What was asked for.
        ending: Why there are no more.
        end_ns: When that was.
    """

    looks: tuple[Look, ...]
    t_ns: tuple[int, ...]
    interval_ns: int
    ending: Ending
    end_ns: int


@contextmanager
def interruptible() -> Iterator[int]:
    """Give a descriptor that becomes readable at Ctrl+C or SIGTERM, which then do nothing else."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, lambda *_: os.write(writer, b"!") and None)
        yield reader
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)


def record(
    watcher: Watcher,
    *,
    interval_ns: int,
    duration_ns: int | None,
    pidfd: int,
    stop_fd: int,
    clock: Callable[[], int] = time.monotonic_ns,
) -> Recording:
    """Look at a program every interval; what was seen is kept however it ends.

    A look that comes too late leaves out the instants that it missed: the times are recorded.

    Args:
        watcher: What sees its writes.
        interval_ns: From look to look.
        duration_ns: When it is over; None: at the program's end or the user's wish.
        pidfd: Readable when the process has ended.
        stop_fd: Readable when the user wants no more.
        clock: Nanoseconds of a clock that does not jump.
    """
    start_ns = clock()
    looks, times_ns = [], []
    ending: Ending = "process-ended"
    try:
        looks, times_ns = [watcher.look()], [0]
        n_bytes, due_ns = 0, interval_ns
        while True:
            if duration_ns is not None and due_ns > duration_ns:
                ending = "duration"
                break
            event = _wait(pidfd, stop_fd, start_ns + due_ns - clock())
            if event is not None:
                ending = event
                if event == "process-ended" or len(looks) > 1:
                    break
            t_ns = clock() - start_ns
            looks.append(watcher.look())
            times_ns.append(t_ns)
            n_bytes += looks[-1].resident_pages // 8
            if event is not None:
                break
            if n_bytes > MOST_BYTES:
                ending = "full"
                break
            due_ns = ((clock() - start_ns) // interval_ns + 1) * interval_ns
    except ProcessEndedError:
        ending = "process-ended"
    end_ns = clock() - start_ns
    return Recording(tuple(looks), tuple(times_ns), interval_ns, ending, end_ns)


def _wait(pidfd: int, stop_fd: int, timeout_ns: int) -> Ending | None:
    """Return what happened before the time was over, the user's wish first."""
    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    poller.register(stop_fd, select.POLLIN)
    deadline_ns = time.monotonic_ns() + timeout_ns
    while True:
        left_ns = max(0, deadline_ns - time.monotonic_ns())
        # poll counts in milliseconds, rounded up: the last one is slept through.
        ready = {fd for fd, _ in poller.poll(left_ns // 1_000_000)}
        if stop_fd in ready:
            return "interrupted"
        if pidfd in ready:
            return "process-ended"
        left_ns = deadline_ns - time.monotonic_ns()
        if left_ns < 2_000_000:
            time.sleep(max(0, left_ns) / SECOND_NS)
            return None
