"""The processes that a sweep runs on: they end at once when the sweep does."""

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from types import FrameType
from typing import Final

ENDINGS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def worker_processes(
    workers: int, initializer: Callable[[], None] | None = None
) -> Iterator[ProcessPoolExecutor]:
    """Yield processes to run a sweep on; on any exception they end at once, in the midst of a run.

    Args:
        workers: How many.
        initializer: Called once in each.
    """
    before = {child.pid for child in multiprocessing.active_children()}
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=initializer)
    try:
        with _endings_later():
            for _ in range(workers):
                executor.submit(int)  # each is started with a piece of work
        yield executor
    except BaseException:
        for child in multiprocessing.active_children():
            if child.pid not in before:
                child.terminate()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _endings_later() -> Iterator[None]:
    """Let Ctrl+C and SIGTERM wait for so long: a process that is half started cannot be ended."""
    if threading.current_thread() is not threading.main_thread():
        yield  # no signal is handled here
        return
    came: list[tuple[int, FrameType | None]] = []
    before = {kind: signal.getsignal(kind) for kind in ENDINGS}
    kept = {kind: handler for kind, handler in before.items() if callable(handler)}
    for kind in kept:  # ignored ones stay ignored, the system's own stay the system's
        signal.signal(kind, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        for kind, handler in kept.items():
            signal.signal(kind, handler)
        for number, frame in came:
            kept[signal.Signals(number)](number, frame)
