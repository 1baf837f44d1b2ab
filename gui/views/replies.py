"""What a client is told of one reply: words and signs of its fate, and when it is back."""

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.history import History
from engine.probes import LOST_NS, Fate, ProbeRecord

Times = npt.NDArray[np.int64]

SECOND_NS: Final = 1_000_000_000
TIME_OUT_NS: Final = 4 * SECOND_NS  # Windows ping gives up after four seconds
SYMBOLS: Final = {Fate.ON_TIME: "o", Fate.LATE: "t1", Fate.HELD: "d", Fate.LOST: "x"}
WORDS: Final = {Fate.ON_TIME: "on time", Fate.LATE: "late", Fate.HELD: "held", Fate.LOST: "lost"}


def give_up_ns(probe: ProbeRecord) -> int:
    """Return how long a client waits for a reply: the interval, at most four seconds."""
    return min(probe.spec.interval_ns, TIME_OUT_NS)


def probe_of(history: History, vm: str) -> ProbeRecord | None:
    """Return the first ping probe of a VM."""
    return next((p for p in history.probes if p.vm == vm and p.spec.kind == "ping"), None)


def probes_of(history: History, vm: str) -> list[ProbeRecord]:
    """Return all probes of a VM, in the scenario's order."""
    return [p for p in history.probes if p.vm == vm]


def settled_ns(probe: ProbeRecord, history: History) -> Times:
    """Return when each reply was back, or was given up, by the clock of the scenario.

    A VM that pings times its replies by its own clock, which stands still with it.
    """
    waited = np.where(probe.rtt_ns == LOST_NS, give_up_ns(probe), probe.rtt_ns)
    if probe.spec.kind != "ping" or probe.spec.direction == "to-vm" or not len(waited):
        return probe.sent_ns + waited
    clock = history.vm(probe.vm).clocks[0]
    due = np.array([clock.guest_at(t) for t in probe.sent_ns.tolist()], np.int64) + waited
    return np.maximum(clock.scenario_times(due), probe.sent_ns)


def lost_so_far(probe: ProbeRecord, history: History, t_ns: int) -> int:
    """Return how many keys or frames are known to be lost at an instant.

    A key waits in TCP for as long as there is a VM to answer; a frame is lost when it is sent.
    """
    gone = (probe.fates == Fate.LOST) & (probe.sent_ns <= t_ns)
    if probe.spec.kind == "typing":
        if history.vm(probe.vm).placement_at(t_ns).status != "lost":
            return 0
    return int(np.count_nonzero(gone))


def ago_text(elapsed_ns: int) -> str:
    """Return a time that passes, in tenths of a second: "0.3 s ago"."""
    return f"{elapsed_ns // (SECOND_NS // 10) / 10:,.1f} s ago"
