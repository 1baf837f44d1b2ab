"""Probes: what a client sees of a VM. A ping is a pure reading of the finished run.

A request takes the latency to the VM's host, waits behind the queue of the switch's port to
that host, is answered at once, waits behind the host's own queue and takes the latency back.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.network import QueueSeries
from engine.specs import NetworkSpec, ProbeSpec

LOST_NS: Final = -1


class Fate(IntEnum):
    """What became of one reply."""

    ON_TIME = 0
    LATE = 1
    HELD = 2
    LOST = 3


FATE_LABELS: Final = {
    Fate.ON_TIME: "on-time",
    Fate.LATE: "late",
    Fate.HELD: "held",
    Fate.LOST: "lost",
}


@dataclass(frozen=True, slots=True)
class Service:
    """From `t_ns` on the VM answers on `host`; None: packets to it find nobody."""

    t_ns: int
    host: str | None


@dataclass(frozen=True)
class ProbeRecord:
    """One probe over the run; arrays of shape (replies,), in order of sending.

    Attributes:
        vm: The VM that is probed.
        spec: Kind, interval and phase.
        sent_ns: When each request was sent.
        rtt_ns: Round-trip times; -1 when the reply was lost.
        fates: `Fate` of each.
    """

    vm: str
    spec: ProbeSpec
    sent_ns: npt.NDArray[np.int64]
    rtt_ns: npt.NDArray[np.int64]
    fates: npt.NDArray[np.uint8]

    def digest_parts(self, t_ns: int) -> Iterator[bytes]:
        """Yield what came back before `t_ns`, and what was lost of what was sent before."""
        back = self.sent_ns + np.maximum(self.rtt_ns, 0)
        known = back < t_ns
        for array in (self.sent_ns, self.rtt_ns, self.fates):
            yield array[known].tobytes()


def ping(
    vm: str,
    spec: ProbeSpec,
    *,
    end_ns: int,
    network: NetworkSpec,
    services: Sequence[Service],
    queues: Mapping[str, QueueSeries],
    down: Mapping[str, Sequence[tuple[int, int]]],
) -> ProbeRecord:
    """Return the replies to a client that pings the VM until the run ends.

    Args:
        vm: Name of the VM.
        spec: The probe.
        end_ns: Length of the run; replies not back by then are left out.
        network: For the latency and what the old port does with packets.
        services: Where the VM answers, sorted by time.
        queues: Queue of every port, `tx:HOST` and `rx:HOST`.
        down: For each host the (from, to) stretches in which its link is down.
    """
    starts = [s.t_ns for s in services]
    latency, held_possible = network.latency_ns, network.to_old_port == "forwarded"
    sent, rtts, fates = [], [], []

    def link_up(host: str, t_ns: int) -> bool:
        return not any(a <= t_ns < b for a, b in down.get(host, ()))

    def answer(t_ns: int) -> tuple[int, Fate]:
        """Return when the reply is back, and its fate, for a request at the switch."""
        i = bisect_right(starts, t_ns) - 1
        host = services[i].host
        fate = Fate.ON_TIME
        at_ns = t_ns
        if host is None:
            later = [s for s in services[i + 1 :] if s.host is not None]
            if not held_possible or not later or later[0].host is None:
                return LOST_NS, Fate.LOST
            at_ns, host, fate = later[0].t_ns, later[0].host, Fate.HELD
        elif wait := queues[f"rx:{host}"].wait_at(t_ns):
            at_ns, fate = t_ns + wait, Fate.LATE
        if not link_up(host, t_ns) or not link_up(host, at_ns):
            return LOST_NS, Fate.LOST
        wait = queues[f"tx:{host}"].wait_at(at_ns)
        if wait and fate is Fate.ON_TIME:
            fate = Fate.LATE
        return at_ns + wait + latency, fate

    for t_ns in range(spec.phase_ns, end_ns + 1, spec.interval_ns):
        back, fate = answer(t_ns + latency)
        if back > end_ns:
            continue
        sent.append(t_ns)
        rtts.append(back - t_ns if back != LOST_NS else LOST_NS)
        fates.append(fate)
    return ProbeRecord(
        vm,
        spec,
        np.array(sent, np.int64),
        np.array(rtts, np.int64),
        np.array(fates, np.uint8),
    )
