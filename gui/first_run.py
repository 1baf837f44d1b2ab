"""The first run, simulated in another process while the window is still being built.

Importing and building the window keeps one processor busy; where there is a second one, the run is
there when the window is. The process is a fork, made before Qt has a thread, so it starts at once.
Where that cannot be (processors that are all busy, or another system than Linux) the window
simulates by itself, as it does for everything that is opened later.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engine.history import History
    from engine.scenario import Scenario

PATIENCE_S: Final = 0.1
"""A run that is still not there so long after it was needed is simulated by the window."""
LOAD: Final = Path("/proc/loadavg")


def may_fork() -> bool:
    """Return whether a second process may be made by a fork, and has a processor of its own."""
    if sys.platform != "linux":
        return False
    processors = len(os.sched_getaffinity(0))
    return processors > 1 and _running() <= processors


def _running() -> int:
    """Return how many threads want a processor now, this one included; 1 if nobody knows."""
    try:
        return int(LOAD.read_text().split()[3].partition("/")[0])
    except (OSError, ValueError, IndexError):
        return 1


class FirstRun:
    """A bundled scenario and its run, on their way."""

    def __init__(self, name: str) -> None:
        """Begin, in another process; call it before Qt's application is made.

        Args:
            name: Of the bundled scenario.
        """
        self._pid, self._pipe = 0, -1
        if not may_fork():
            return
        here, there = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(here)
            _simulate(name, there)
        os.close(there)
        self._pid, self._pipe = pid, here

    @property
    def on_its_way(self) -> bool:
        """Return whether another process is at it, and nobody has taken it yet."""
        return self._pipe >= 0

    def take(self, patience_s: float = PATIENCE_S) -> tuple[Scenario, History] | None:
        """Return the scenario and its run, once; None: there is none, or not in time.

        Args:
            patience_s: Seconds to wait at most.
        """
        if self._pipe < 0:
            return None
        pid, pipe = self._pid, self._pipe
        self._pid, self._pipe = 0, -1
        with os.fdopen(pipe, "rb") as stream:
            there, _, _ = select.select([stream], [], [], patience_s)
            data = stream.read() if there else b""
        if not there:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        if not data:
            return None
        # Written by this program's own process, into a pipe that nobody else has.
        found: tuple[Scenario, History] = pickle.loads(data)
        return found


def _simulate(name: str, there: int) -> None:
    """Simulate, send, and end the process; what goes wrong is found out again by the window."""
    try:
        from engine.scenario import load_scenario
        from gui.run_controller import simulate_spec

        scenario = load_scenario(name)
        data = pickle.dumps((scenario, simulate_spec(scenario.spec)), pickle.HIGHEST_PROTOCOL)
        with os.fdopen(there, "wb") as stream:
            stream.write(data)
    finally:
        # Not by an exception or the interpreter's own end: both belong to the other process.
        os._exit(0)
