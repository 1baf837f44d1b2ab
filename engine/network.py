"""The network: fluid max-min sharing of links, and the queue in front of a full one.

Every host has a sending and a receiving side of the network's bandwidth (or of its own card's,
if that is slower), joined by one switch. Flows are rates, not packets. A port whose flows want
more than it carries keeps a queue; other packets wait behind it, see `probes`.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct, field

SECOND_NS: Final = 1_000_000_000
PACKET_BITS: Final = 1500 * 8
STREAM_BYTES_OF_FRAME: Final = 1448  # TCP payload with time stamps in a 1500-byte packet
FRAME_BYTES: Final = 1538  # the same with Ethernet header, check sum, preamble and gap
UNLIMITED_FACTOR: Final = 2  # assumed: a sender without a limit offers twice what the port takes


def stream_capacity_bps(wire_bps: int, *, overhead: bool) -> int:
    """Return the bit/s of TCP stream that a link of `wire_bps` carries."""
    return wire_bps * STREAM_BYTES_OF_FRAME // FRAME_BYTES if overhead else wire_bps


class Flow(Struct, frozen=True):
    """Something that sends: the ports on its way, and the most that it wants (None: all)."""

    name: str
    ports: tuple[str, ...]
    limit_bps: int | None


class Allocation(Struct, frozen=True):
    """What a flow gets, and the port that holds it back (None: its own limit)."""

    rate_bps: int
    bottleneck: str | None


def max_min_shares(flows: Sequence[Flow], capacity_bps: Mapping[str, int]) -> dict[str, Allocation]:
    """Share the ports between the flows by progressive filling.

    In each step the smallest of all flows' limits and all ports' equal shares is fixed; shares
    are rounded down to whole bit/s. Ties: a limit before a port, sending ports (tx) before
    receiving ones, then by name: of two equally full ports the first on the way keeps the queue.

    Args:
        flows: The flows, names unique.
        capacity_bps: Stream capacity of every port in use.
    """
    left = {p: capacity_bps[p] for f in flows for p in f.ports}
    open_flows = sorted(flows, key=lambda f: f.name)
    result: dict[str, Allocation] = {}
    while open_flows:
        share, _, port = min(
            (left[p] // sum(p in f.ports for f in open_flows), not p.startswith("tx:"), p)
            for p in {p for f in open_flows for p in f.ports}
        )
        limited = [f for f in open_flows if f.limit_bps is not None and f.limit_bps <= share]
        if limited:
            smallest = min(limited, key=lambda f: (f.limit_bps or 0, f.name))
            fixed = [(smallest, Allocation(smallest.limit_bps or 0, None))]
        else:
            fixed = [(f, Allocation(share, port)) for f in open_flows if port in f.ports]
        for flow, allocation in fixed:
            result[flow.name] = allocation
            open_flows.remove(flow)
            for p in flow.ports:
                left[p] -= allocation.rate_bps
    return result


class PiecewiseSeries(Struct):
    """A value that is constant between dated steps."""

    t_ns: list[int] = field(default_factory=list)
    values: list[int] = field(default_factory=list)

    def step(self, t_ns: int, value: int) -> None:
        """Let the value be `value` from `t_ns` on."""
        if self.t_ns and self.t_ns[-1] == t_ns:
            self.values[-1] = value
        elif not self.values or self.values[-1] != value:
            self.t_ns.append(t_ns)
            self.values.append(value)

    def value_at(self, t_ns: int) -> int:
        """Return the value at `t_ns` (0 before the first step)."""
        i = bisect_right(self.t_ns, t_ns) - 1
        return self.values[i] if i >= 0 else 0

    def digest_part(self, t_ns: int) -> bytes:
        """Return the steps before `t_ns` as bytes."""
        n = bisect_right(self.t_ns, t_ns - 1)
        return repr((self.t_ns[:n], self.values[:n])).encode()


class QueueKnot(Struct, frozen=True):
    """From `t_ns` on the backlog moves by `slope_bps`, between nothing and `limit_bits`."""

    t_ns: int
    backlog_bits: int
    slope_bps: int
    limit_bits: int
    wire_bps: int

    def backlog_at(self, t_ns: int) -> int:
        """Return the backlog in bits on the wire."""
        moved = self.backlog_bits + self.slope_bps * (t_ns - self.t_ns) // SECOND_NS
        return max(0, min(self.limit_bits, moved))


class QueueSeries(Struct):
    """Backlog of one sending port over the run."""

    knots: list[QueueKnot] = field(default_factory=list)

    def turn(self, t_ns: int, *, slope_bps: int, limit_bits: int, wire_bps: int) -> None:
        """Let the backlog move with another slope from `t_ns` on."""
        backlog = min(self.backlog_at(t_ns), limit_bits)
        if self.knots:
            last = self.knots[-1]
            if (last.slope_bps, last.limit_bits, last.wire_bps) == (
                slope_bps,
                limit_bits,
                wire_bps,
            ):
                return
            if last.t_ns == t_ns:
                self.knots.pop()
        self.knots.append(QueueKnot(t_ns, backlog, slope_bps, limit_bits, wire_bps))

    def _knot_at(self, t_ns: int) -> QueueKnot | None:
        i = bisect_right(self.knots, t_ns, key=lambda k: k.t_ns) - 1
        return self.knots[i] if i >= 0 else None

    def backlog_at(self, t_ns: int) -> int:
        """Return the backlog in bits at `t_ns`."""
        knot = self._knot_at(t_ns)
        return knot.backlog_at(t_ns) if knot else 0

    def wait_at(self, t_ns: int) -> int:
        """Return how many ns a packet waits that joins the queue at `t_ns`."""
        knot = self._knot_at(t_ns)
        return -(-knot.backlog_at(t_ns) * SECOND_NS // knot.wire_bps) if knot else 0

    def digest_part(self, t_ns: int) -> bytes:
        """Return the knots before `t_ns` as bytes."""
        text = repr([k for k in self.knots if k.t_ns < t_ns])
        return hashlib.sha256(text.encode()).digest()
