"""The pool while a run goes on: who is where, what memory is taken, and who sends how fast.

Placement, reservation and the sharing of links. It decides nothing about migrations.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from engine.eligibility import Situation, VmSituation
from engine.event_queue import EventQueue
from engine.events import Event, EventKind
from engine.history import Placement
from engine.memory import Pages, Times, Writes
from engine.network import (
    FRAME_BYTES,
    PACKET_BITS,
    STREAM_BYTES_OF_FRAME,
    UNLIMITED_FACTOR,
    Flow,
    PiecewiseSeries,
    QueueSeries,
    max_min_shares,
    stream_capacity_bps,
)
from engine.probes import Service
from engine.specs import HostSpec, ScenarioSpec, VmSpec
from engine.web import WebClient
from engine.workload import MOST_WRITES_OF_PART, GuestClock, WriterTimeline

MIN_RATE_BPS: Final = 1


class Sender(Protocol):
    """Something that sends over a link at a rate that others decide."""

    def set_rate(self, t_ns: int, rate_bps: int) -> None:
        """Go on at another rate from `t_ns` on."""

    def own_limit_bps(self) -> int | None:
        """Return the most that it wants now, whatever others decide; None: all it gets."""

    def next_ns(self, t_ns: int) -> int:
        """Return when it has to be looked at again."""

    def on_wire(self, t_ns: int) -> bool:
        """Return whether it takes a share of the links (else it waits for arrivals)."""

    def step(self, t_ns: int) -> bool:
        """Do what is due at `t_ns`; return whether everything is sent."""


class Guest:
    """A VM in the run: its clocks, its writers and where it is."""

    def __init__(self, seed: int, spec: VmSpec) -> None:
        """Put the VM on its host, running, at guest time zero."""
        self.spec = spec
        self.clocks = tuple(GuestClock() for _ in range(spec.vcpus))
        self.writers = tuple(WriterTimeline(seed, spec, i) for i in range(len(spec.writers)))
        self.host, self.status = spec.host, "running"
        self.home = spec.host
        """The host that it belongs to: from the commit on the destination."""
        self.placements = [Placement(0, spec.host, "running")]
        self.services = [Service(0, spec.host)]
        self.turns = 0
        """How often it was placed: who planned for an earlier turn plans for nobody."""
        self.announcements_to_lose = 0
        self.between_parts: Callable[[], None] = lambda: None
        """Called between two parts of very many writes: it may abandon the run."""
        self.web = tuple(
            WebClient(f"web:{spec.name}:{i:06d}", probe)
            for i, probe in enumerate(spec.probes)
            if probe.kind == "web"
        )

    def place(self, t_ns: int, host: str, status: str) -> None:
        """Record where the VM is from `t_ns` on; its clocks follow."""
        self.host, self.status, self.home = host, status, host
        self.turns += 1
        for clock in self.clocks:
            clock.set_running(t_ns, status == "running")
        self.placements.append(Placement(t_ns, host, status))

    def serve(self, t_ns: int, host: str | None) -> None:
        """Record where packets find the VM from `t_ns` on."""
        self.services.append(Service(t_ns, host))

    def own_frames(self, t_ns: int) -> list[int]:
        """Return when, from `t_ns` on, the VM first sends a frame of its own, by each cause."""
        clock, result = self.clocks[0], []
        if self.spec.traffic_bps or any(w.spec.sender == "vm" for w in self.web):
            result.append(t_ns)
        for probe in self.spec.probes:
            own = probe.kind == "game" or (probe.kind == "ping" and probe.direction == "from-vm")
            if own:
                past = max(0, clock.guest_at(t_ns) - probe.phase_ns)
                due = probe.phase_ns - (-past // probe.interval_ns) * probe.interval_ns
                result.append(t_ns + due - clock.guest_at(t_ns))
        return result

    def writes(self, from_ns: int, to_ns: int) -> Writes:
        """Return the writes after `from_ns` up to `to_ns` (scenario time) of each writer.

        The VM runs on at the newest stretch of its clocks: a look ahead.
        """
        result: Writes = []
        for writer in self.writers:
            clock = self.clocks[writer.vcpu]
            start, stop = clock.guest_at(from_ns), clock.guest_at(to_ns)
            pages, times = writer.writes_between(start, stop)
            result.append((pages, clock.scenario_times(times)))
        return result


    def writes_in_parts(self, from_ns: int, to_ns: int) -> Iterator[tuple[Pages, Times]]:
        """Yield the writes after `from_ns` up to `to_ns` as `writes`, never too many at once."""
        n = self.n_writes(from_ns, to_ns) // MOST_WRITES_OF_PART + 1
        edges = [from_ns + (to_ns - from_ns) * i // n for i in range(n + 1)]
        for start_ns, stop_ns in pairwise(edges):
            self.between_parts()
            yield from (part for part in self.writes(start_ns, stop_ns) if len(part[0]))

    def n_writes(self, from_ns: int, to_ns: int) -> int:
        """Return how many writes `writes` would give, without making them.

        Of a trace it is the mean's number, which is off by less than one period.
        """
        return sum(
            writer.writes_until(self.clocks[writer.vcpu].guest_at(to_ns))
            - writer.writes_until(self.clocks[writer.vcpu].guest_at(from_ns))
            for writer in self.writers
        )


class Sending(Struct):
    """A sender on its way, and what it gets."""

    sender: Sender
    flow: Flow
    series: PiecewiseSeries
    rate_bps: int = 0
    ticket: int | None = None
    on_wire: bool = True
    own_limit_bps: int | None = None
    """What the sender wanted at most when the links were shared last."""

    def wanted(self) -> Flow:
        """Return the flow with the smaller of its limit and what the sender wants now."""
        self.own_limit_bps = self.sender.own_limit_bps()
        if self.own_limit_bps is None:
            return self.flow
        limit_bps = min(self.own_limit_bps, self.flow.limit_bps or self.own_limit_bps)
        return replace(self.flow, limit_bps=limit_bps)


@dataclass
class World:
    """Hosts, guests, memory and links of one run."""

    spec: ScenarioSpec
    queue: EventQueue = field(default_factory=EventQueue)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Put every VM on its host; all links are up."""
        self.guests = {vm.name: Guest(self.spec.run.seed, vm) for vm in self.spec.vms}
        self.bandwidth_bps = self.spec.network.bandwidth_bps
        self.dead: set[str] = set()
        self.down: dict[str, list[tuple[int, int]]] = {h.name: [] for h in self.spec.hosts}
        self.memory = {h.name: 0 for h in self.spec.hosts}
        for vm in self.spec.vms:
            self.memory[vm.host] += vm.memory_bytes
        self.memory_steps = {name: [(0, used)] for name, used in self.memory.items()}
        self.queues = {
            f"{side}:{h.name}": QueueSeries() for h in self.spec.hosts for side in ("tx", "rx")
        }
        self.sendings: dict[str, Sending] = {}
        self.migrating: set[str] = set()
        self._hosts = {h.name: h for h in self.spec.hosts}

    def host(self, name: str) -> HostSpec:
        """Return a host by its name."""
        return self._hosts[name]

    @property
    def now_ns(self) -> int:
        """Return the present instant."""
        return self.queue.now_ns

    def note(
        self,
        kind: EventKind,
        subject: str = "",
        *,
        migration: int | None = None,
        **details: int | str,
    ) -> None:
        """Record an event of the present instant."""
        found = tuple(details.items())
        self.events.append(Event(self.now_ns, kind, subject, migration, found))

    def take_memory(self, host: str, n_bytes: int) -> None:
        """Take memory of a host (negative: give it back)."""
        self.memory[host] += n_bytes
        self.memory_steps[host].append((self.now_ns, self.memory[host]))

    def link_is_down(self, host: str) -> bool:
        """Return whether the link of a host is down now."""
        return bool(self.down[host]) and self.down[host][-1][1] > self.now_ns

    def situation(self) -> Situation:
        """Return what the eligibility rules need to know of the present instant."""
        return Situation(
            memory_in_use_bytes=dict(self.memory),
            dead_hosts=frozenset(self.dead),
            down_hosts=frozenset(h for h in self.down if self.link_is_down(h)),
            vms={
                name: VmSituation(g.host, g.status, name in self.migrating)
                for name, g in self.guests.items()
            },
        )

    def wire_bps(self, host: str) -> int:
        """Return the bandwidth of a host's link."""
        nic = self._hosts[host].nic_bps
        return self.bandwidth_bps if nic is None else min(nic, self.bandwidth_bps)

    def capacity_bps(self, port: str) -> int:
        """Return the TCP stream that a port carries."""
        host = port.split(":", 1)[1]
        return stream_capacity_bps(self.wire_bps(host), overhead=self.spec.network.overhead)

    def start_sending(self, name: str, sending: Sending) -> None:
        """Let a sender begin now."""
        self.sendings[name] = sending
        sending.on_wire = sending.sender.on_wire(self.now_ns)
        self.share_links()
        if sending.ticket is None:
            self.plan(name)

    def stop_sending(self, name: str) -> None:
        """Take a sender off the links, if it is there."""
        sending = self.sendings.pop(name, None)
        if sending is not None:
            self.queue.cancel(sending.ticket)
            sending.series.step(self.now_ns, 0)
        self.share_links()

    def _traffic(self) -> list[Flow]:
        return [
            Flow(f"traffic:{g.spec.name}", (f"tx:{g.host}",), g.spec.traffic_bps)
            for g in self.guests.values()
            if g.spec.traffic_bps and g.status == "running" and not self.link_is_down(g.host)
        ] + [w.flow(g.host) for g in self.guests.values() for w in g.web if w.serving]

    # Web clients

    def serve(self, guest: Guest, host: str | None) -> None:
        """Let packets find a VM on a host (None: nowhere) from now on; its web clients follow."""
        guest.serve(self.now_ns, host)
        self.update_web(guest)

    def update_web(self, guest: Guest) -> None:
        """Stop a VM's web clients where nothing gets through now, and plan when they go on."""
        now, served = self.now_ns, guest.services[-1].host is not None
        down = self.link_is_down(guest.home)
        for web in guest.web:
            self.queue.cancel(web.ticket)
            web.ticket = None
            if not served or down:
                web.stop(now)
                web.link_lost |= down
            elif not web.serving:
                web.ticket = self.queue.push(web.starts_ns(now), partial(self._start_web, web))

    def _start_web(self, web: WebClient) -> None:
        web.serving, web.ticket = True, None
        self.share_links()

    def share_links(self) -> None:
        """Share the links anew; senders whose rate changes settle what is through."""
        flows = [s.wanted() for s in self.sendings.values() if s.on_wire] + self._traffic()
        capacity = {port: self.capacity_bps(port) for port in self.queues}
        shares = max_min_shares(flows, capacity)
        for name, sending in self.sendings.items():
            if not sending.on_wire:
                continue
            rate = max(MIN_RATE_BPS, shares[sending.flow.name].rate_bps)
            if rate != sending.rate_bps:
                sending.sender.set_rate(self.now_ns, rate)
                sending.rate_bps = rate
                sending.series.step(self.now_ns, rate)
                self.plan(name)
        for guest in self.guests.values():
            for web in guest.web:
                web.rate.step(self.now_ns, shares[web.name].rate_bps if web.serving else 0)
        for port, series in self.queues.items():
            offered = 0
            for flow in flows:
                if port not in flow.ports:
                    continue
                share = shares[flow.name]
                wanted = share.rate_bps
                if share.bottleneck == port:
                    free = UNLIMITED_FACTOR * capacity[port]
                    wanted = free if flow.limit_bps is None else flow.limit_bps
                offered += wanted
            slope = offered - capacity[port]
            if self.spec.network.overhead:
                slope = slope * FRAME_BYTES // STREAM_BYTES_OF_FRAME
            series.turn(
                self.now_ns,
                slope_bps=slope,
                limit_bits=self.spec.network.transmit_queue_packets * PACKET_BITS,
                wire_bps=self.wire_bps(port.split(":", 1)[1]),
            )

    def plan_again(self, name: str) -> None:
        """Plan a sender anew, if there is one of that name."""
        if name in self.sendings:
            self.plan(name)

    def plan(self, name: str) -> None:
        """Look at a sender again when it says so."""
        sending = self.sendings[name]
        if sending.on_wire and sending.sender.own_limit_bps() != sending.own_limit_bps:
            self.share_links()
        self.queue.cancel(sending.ticket)
        when = max(self.now_ns, sending.sender.next_ns(self.now_ns))
        sending.ticket = self.queue.push(when, lambda: self._step(name))

    def _step(self, name: str) -> None:
        sending = self.sendings[name]
        sending.ticket = None
        if sending.sender.step(self.now_ns):
            self.finished(name)
            return
        on_wire = sending.sender.on_wire(self.now_ns)
        if on_wire != sending.on_wire:
            sending.on_wire = on_wire
            if not on_wire:
                sending.rate_bps = 0
                sending.series.step(self.now_ns, 0)
            self.share_links()
        self.plan(name)

    def finished(self, name: str) -> None:
        """Do what follows on the end of a sender; the simulation replaces this."""
        raise NotImplementedError(name)
