"""The twin's network: who sends how fast, and the stretch of constant rate of each sender."""

from dataclasses import dataclass, field

from engine.specs import HostSpec
from tests.helpers.twin_guest import SECOND, ceil_div

PAYLOAD_OF_FRAME = (1448, 1538)


@dataclass
class TwinFlow:
    """Something that sends over some ports, at most `limit` bit/s (None: all it gets)."""

    name: str
    ports: tuple[str, ...]
    limit: int | None


def port_capacities(hosts: tuple[HostSpec, ...], bandwidth: int, overhead: bool) -> dict[str, int]:
    """Return the bit/s of stream that every port carries."""
    result = {}
    for host in hosts:
        wire = bandwidth if host.nic_bps is None else min(bandwidth, host.nic_bps)
        if overhead:
            wire = wire * PAYLOAD_OF_FRAME[0] // PAYLOAD_OF_FRAME[1]
        result[f"tx:{host.name}"] = result[f"rx:{host.name}"] = wire
    return result


def share(flows: list[TwinFlow], capacity: dict[str, int]) -> dict[str, int]:
    """Return the rate of each flow by max-min sharing, one fixing after the other."""
    rates: dict[str, int] = {}
    waiting = list(flows)
    while waiting:
        # (bit/s, limits before tx ports before rx ports, name)
        choices: list[tuple[int, int, str]] = []
        for flow in waiting:
            if flow.limit is not None:
                choices.append((flow.limit, 0, flow.name))
            for port in flow.ports:
                used = sum(rates[f.name] for f in flows if port in f.ports and f.name in rates)
                users = sum(1 for f in waiting if port in f.ports)
                is_rx = port.startswith("rx")
                choices.append(((capacity[port] - used) // users, 2 if is_rx else 1, port))
        rate, is_port, name = min(choices)
        for flow in list(waiting):
            if (name in flow.ports) if is_port else (flow.name == name):
                rates[flow.name] = rate
                waiting.remove(flow)
    return rates


@dataclass
class RateLog:
    """The rates of a flow as (t, bit/s) steps."""

    steps: list[tuple[int, int]] = field(default_factory=list)

    def note(self, t: int, rate: int) -> None:
        """Write down the rate from `t` on."""
        if self.steps and self.steps[-1][0] == t:
            self.steps.pop()
        self.steps.append((t, rate))

    def noted_at(self, t: int) -> int:
        """Return the rate that was in force at `t`."""
        found = 0
        for step, rate in self.steps:
            if step <= t:
                found = rate
        return found


@dataclass
class Sender(RateLog):
    """A migration on the wire: parts (batches, the device state) one after the other.

    A stretch of constant rate begins at `begin`; `before` bits of it went into parts that have
    ended, `left` bits (counted at the stretch's begin, or the part's) are in the part under way.
    """

    rate: int = 0
    begin: int = 0
    before: int = 0
    left: int | None = None

    def start(self, t: int, bits: int) -> None:
        """Begin a first part, and a stretch whose rate is told later in the same instant."""
        self.rate, self.begin, self.before, self.left = 0, t, 0, bits

    def follow(self, bits: int) -> None:
        """Begin the next part in the same stretch."""
        assert self.left is None
        self.left = bits

    def part_end(self) -> int | None:
        """Return when the part under way ends."""
        if self.left is None or self.rate == 0:
            return None
        return self.begin + ceil_div((self.before + self.left) * SECOND, self.rate)

    def end_part(self) -> None:
        """Take the part under way as through."""
        assert self.left is not None
        self.before += self.left
        self.left = None

    def set_rate(self, t: int, rate: int) -> None:
        """Begin a new stretch, if the rate is another one."""
        if rate == self.rate:
            return
        through = (t - self.begin) * self.rate // SECOND - self.before
        if self.left is not None:
            self.left -= through
        self.rate, self.begin, self.before = rate, t, 0
