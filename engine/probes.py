"""Probes: what a client sees of a VM, read off the finished run.

A packet to a VM takes the latency to its host and waits behind the queue of the switch's port to
that host; one from it waits behind the host's own queue and takes the latency.
Web clients take part in the run itself (see `web`); here they have no replies.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.network import QueueSeries
from engine.specs import NetworkSpec, ProbeSpec
from engine.workload import GuestClock

LOST_NS: Final = -1
NEVER_NS: Final = np.iinfo(np.int64).max


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


class Service(Struct, frozen=True):
    """From `t_ns` on the VM answers on `host`; None: packets to it find nobody."""

    t_ns: int
    host: str | None


class Place(Protocol):
    """From `t_ns` on a VM is on `host`, with a status."""

    @property
    def t_ns(self) -> int:
        """Return the instant."""

    @property
    def host(self) -> str:
        """Return the host."""

    @property
    def status(self) -> str:
        """Return `running`, `suspended` or `lost`."""


class ProbeRecord(Struct, frozen=True):
    """One probe over the run; arrays of shape (replies,), in order of sending.

    Attributes:
        vm: The VM that is probed.
        index: Its place among the VM's probes.
        spec: Kind, interval and phase.
        sent_ns: When each ping, key or game frame was sent.
        rtt_ns: Round-trip times (a game frame's way to the client, a key's until its echo);
            -1 when it was lost. A ping from the VM is timed by the guest's own clock.
        fates: `Fate` of each.
    """

    vm: str
    index: int
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


class Paths(Struct, frozen=True):
    """The network as it was: latency, queues, and the stretches in which links were down.

    Attributes:
        network: For the latency and what the old port does with packets.
        queues: Queue of every port, `tx:HOST` and `rx:HOST`.
        down: For each host the (from, to) stretches in which its link is down.
    """

    network: NetworkSpec
    queues: Mapping[str, QueueSeries]
    down: Mapping[str, Sequence[tuple[int, int]]]

    def link_up(self, host: str, t_ns: int) -> bool:
        """Return whether a host's link is up."""
        return not any(a <= t_ns < b for a, b in self.down.get(host, ()))


class Client(Struct, frozen=True):
    """One probe with what it has to know of its VM.

    Attributes:
        vm: Name of the VM.
        index: The probe's place among the VM's probes.
        spec: The probe.
        services: Where packets find the VM, sorted by time.
        clock: Guest time of vCPU 0, by which the VM itself sends.
        placements: Where the VM is, sorted by time; each has `t_ns`, `host` and `status`.
    """

    vm: str
    index: int
    spec: ProbeSpec
    services: Sequence[Service]
    clock: GuestClock
    placements: Sequence[Place]

    def host_at(self, t_ns: int) -> str:
        """Return the host whose port the VM's own packets leave by."""
        i = bisect_right(self.placements, t_ns, key=lambda p: p.t_ns) - 1
        return self.placements[i].host

    def lost_by(self, t_ns: int) -> bool:
        """Return whether no copy of the VM is left at `t_ns`."""
        i = bisect_right(self.placements, t_ns, key=lambda p: p.t_ns) - 1
        return self.placements[i].status == "lost"


def delivered(client: Client, paths: Paths, t_ns: int) -> tuple[int, str, Fate] | None:
    """Return when, where and how a packet at the switch finds the VM; None: it is lost."""
    services = client.services
    i = bisect_right(services, t_ns, key=lambda s: s.t_ns) - 1
    host, at_ns, fate = services[i].host, t_ns, Fate.ON_TIME
    if host is None:
        later = next((s for s in services[i + 1 :] if s.host is not None), None)
        if paths.network.to_old_port != "forwarded" or later is None or later.host is None:
            return None
        at_ns, host, fate = later.t_ns, later.host, Fate.HELD
    elif wait := paths.queues[f"rx:{host}"].wait_at(t_ns):
        at_ns, fate = t_ns + wait, Fate.LATE
    if not paths.link_up(host, t_ns) or not paths.link_up(host, at_ns):
        return None
    return at_ns, host, fate


def sent_back(paths: Paths, host: str, t_ns: int, fate: Fate) -> tuple[int, Fate]:
    """Return when a packet that a host sends at `t_ns` is at the client, and its fate."""
    wait = paths.queues[f"tx:{host}"].wait_at(t_ns)
    if wait and fate is Fate.ON_TIME:
        fate = Fate.LATE
    return t_ns + wait + paths.network.latency_ns, fate


Reply = tuple[int, int, Fate]
"""When it was sent, the round-trip time or `LOST_NS`, and the fate."""


def read_probe(client: Client, paths: Paths, end_ns: int) -> ProbeRecord:
    """Return what a probe sees; replies not back when the run ends are left out."""
    readers: dict[str, Callable[[Client, Paths, int], Iterator[Reply]]] = {
        "ping": _pings_from if client.spec.direction == "from-vm" else _pings_to,
        "game": _game_frames,
        "typing": _keys,
        "web": lambda *_: iter(()),
    }
    replies = list(readers[client.spec.kind](client, paths, end_ns))
    return ProbeRecord(
        client.vm,
        client.index,
        client.spec,
        np.array([r[0] for r in replies], np.int64),
        np.array([r[1] for r in replies], np.int64),
        np.array([r[2] for r in replies], np.uint8),
    )


def _pings_to(client: Client, paths: Paths, end_ns: int) -> Iterator[Reply]:
    """Yield the replies to a client that pings the VM."""
    latency = paths.network.latency_ns
    for t_ns in range(client.spec.phase_ns, end_ns + 1, client.spec.interval_ns):
        found = delivered(client, paths, t_ns + latency)
        if found is None:
            yield t_ns, LOST_NS, Fate.LOST
            continue
        back_ns, fate = sent_back(paths, found[1], found[0], found[2])
        if back_ns <= end_ns:
            yield t_ns, back_ns - t_ns, fate


def _guest_instants(client: Client, end_ns: int) -> Iterator[int]:
    """Yield the instants at which the VM itself sends: by guest time, so never while it stops."""
    guest_end = client.clock.guest_at(end_ns)
    due = range(client.spec.phase_ns, guest_end + 1, client.spec.interval_ns)
    times = client.clock.scenario_times(np.array(due, np.int64))
    yield from (t for t in times.tolist() if t <= end_ns)


def _pings_from(client: Client, paths: Paths, end_ns: int) -> Iterator[Reply]:
    """Yield the replies to the pings that the VM sends, timed by its own clock."""
    latency, clock = paths.network.latency_ns, client.clock
    for t_ns in _guest_instants(client, end_ns):
        host = client.host_at(t_ns)
        if not paths.link_up(host, t_ns):
            yield t_ns, LOST_NS, Fate.LOST
            continue
        at_client_ns, fate = sent_back(paths, host, t_ns, Fate.ON_TIME)
        found = delivered(client, paths, at_client_ns + latency)
        if found is None:
            yield t_ns, LOST_NS, Fate.LOST
        elif found[0] + latency <= end_ns:
            back_ns = found[0] + latency
            seen_ns = clock.guest_at(back_ns) - clock.guest_at(t_ns)
            yield t_ns, seen_ns, found[2] if found[2] is not Fate.ON_TIME else fate


def _game_frames(client: Client, paths: Paths, end_ns: int) -> Iterator[Reply]:
    """Yield the frames that a game server sends to its client."""
    for t_ns in _guest_instants(client, end_ns):
        host = client.host_at(t_ns)
        if not paths.link_up(host, t_ns):
            yield t_ns, LOST_NS, Fate.LOST
            continue
        there_ns, fate = sent_back(paths, host, t_ns, Fate.ON_TIME)
        if there_ns <= end_ns:
            yield t_ns, there_ns - t_ns, fate


def _keys(client: Client, paths: Paths, end_ns: int) -> Iterator[Reply]:
    """Yield the echoes of keys that a user types over TCP: late at worst, in order.

    A key that finds nobody is sent again when TCP's time-out is over, which doubles each time;
    what was typed meanwhile waits and comes with it.
    """
    latency, spec = paths.network.latency_ns, client.spec
    waits_until_ns = -1
    for t_ns in range(spec.phase_ns, end_ns + 1, spec.interval_ns):
        found = delivered(client, paths, t_ns + latency) if t_ns >= waits_until_ns else None
        if found is None:
            if t_ns >= waits_until_ns:
                again_ns = _delivered_again(client, paths, t_ns, end_ns)
                waits_until_ns = NEVER_NS if again_ns is None else again_ns
            if waits_until_ns == NEVER_NS:
                if client.lost_by(end_ns):
                    yield t_ns, LOST_NS, Fate.LOST
                continue
            found = delivered(client, paths, waits_until_ns + latency)
            assert found is not None
            found = found[0], found[1], Fate.HELD
        back_ns, fate = sent_back(paths, found[1], found[0], found[2])
        if back_ns <= end_ns:
            yield t_ns, back_ns - t_ns, fate


def _delivered_again(client: Client, paths: Paths, t_ns: int, end_ns: int) -> int | None:
    """Return when a segment lost at `t_ns` is sent for the last time: that one arrives."""
    again_ns, timeout_ns = t_ns, client.spec.min_timeout_ns
    while (again_ns := again_ns + timeout_ns) <= end_ns:
        if delivered(client, paths, again_ns + paths.network.latency_ns) is not None:
            return again_ns
        timeout_ns *= 2
    return None
