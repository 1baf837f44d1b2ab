"""What the pool says at an instant: residents, words and shares, read from a run.

No drawing and no widget: the view asks once a frame and paints only what differs.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from msgspec import Struct

from engine.events import EventKind
from engine.history import Frame, History, MigrationRecord, VmFrame
from engine.specs import HostSpec
from engine.units import format_bit_rate, format_count, format_size, parse_bit_rate
from gui.views.pool_pulls import Instants, faults_of, pulls_per_s

Value = TypeVar("Value")


class TileLook(Struct, frozen=True):
    """What a VM's tile says.

    Attributes:
        details: The second line, from the longest wording to the shortest.
        pill: The status in words. kind: "run", "move" or "bad".
        ghost: A reservation, or a copy that is left behind; the VM does not run there.
    """

    name: str
    details: tuple[str, ...]
    pill: str
    kind: str
    ghost: bool


class HostLook(Struct, frozen=True):
    """What a host's card says.

    Attributes:
        notes: Memory, processor and link, from the longest wording to the shortest.
        trouble: "host died", "link down" or "".
        used: Share of the memory that VMs use. reserved: Share that is reserved beside it.
    """

    name: str
    notes: tuple[str, ...]
    trouble: str
    used: float
    reserved: float


@dataclass(frozen=True, slots=True)
class Stream:
    """A migration's stream: from where to where, and its rate in bit/s."""

    source: str
    destination: str
    rate_bps: int
    carries: bool
    """Whether the link between the two is up."""
    vm: str = ""
    faults: Instants | None = field(default=None, compare=False)
    """When pages were pulled on a fault, ns, in order; None: the VM runs where they are."""


class PoolReader:
    """Reads one run for the pool view."""

    def __init__(self, history: History) -> None:
        """Prepare what does not depend on the instant."""
        self.history = history
        self.hosts: tuple[HostSpec, ...] = tuple(history.spec.hosts)
        self.vms = {record.spec.name: record for record in history.vms}
        self._event_ns = [event.t_ns for event in history.events]
        self._troubles = {host.name: self._trouble_steps(host.name) for host in self.hosts}
        self._bandwidths = self._bandwidth_steps()
        self._faults: dict[tuple[str, int], Instants] = {}
        self._sizes = {name: r.spec.memory_bytes for name, r in self.vms.items()}
        self._details = {
            name: _details(format_size(r.spec.memory_bytes), r.spec.address, r.spec.note)
            for name, r in self.vms.items()
        }

    def _trouble_steps(self, host: str) -> list[tuple[int, str]]:
        steps = [(-1, "")]
        for event in self.history.events:
            if event.subject != host or steps[-1][1] == "host died":
                continue
            if event.kind in (EventKind.LINK_DOWN, EventKind.HOST_DIED):
                steps.append((event.t_ns, event.kind.value.replace("-", " ")))
            elif event.kind is EventKind.LINK_UP:
                steps.append((event.t_ns, ""))
        return steps

    def _bandwidth_steps(self) -> list[tuple[int, int]]:
        steps = [(-1, self.history.spec.network.bandwidth_bps)]
        for change in sorted(self.history.spec.changes, key=lambda c: c.at_ns):
            if "network.bandwidth" in change.set:
                steps.append((change.at_ns, parse_bit_rate(change.set["network.bandwidth"])))
        return steps

    @property
    def most_residents(self) -> int:
        """Return the most tiles that a host can show at once in this run."""
        on = {host.name: set[str]() for host in self.hosts}
        for name, record in self.vms.items():
            for placement in record.placements:
                on[placement.host].add(name)
        for migration in self.history.migrations:
            if migration.outcome != "refused":
                on[migration.destination].add(migration.vm)
        return max((len(names) for names in on.values()), default=0)

    def n_events_at(self, t_ns: int) -> int:
        """Return how many events have happened: a pool between two events stays the same."""
        return bisect_right(self._event_ns, t_ns)

    def residents(self, frame: Frame) -> dict[str, list[str]]:
        """Return for each host the VMs whose tile it shows, in the scenario's order."""
        found: dict[str, list[str]] = {host.name: [] for host in self.hosts}
        for vm in frame.vms.values():
            found[vm.host].append(vm.name)
            other = self.other_host(vm, frame.t_ns)
            if other is not None:
                found[other].append(vm.name)
        return found

    def migration_under_way(self, vm: VmFrame, t_ns: int) -> MigrationRecord | None:
        """Return the VM's migration if it has not ended."""
        if vm.migration is None:
            return None
        m = self.history.migrations[vm.migration]
        over = m.ended_ns is not None and t_ns >= m.ended_ns
        return None if over or m.outcome == "refused" else m

    def other_host(self, vm: VmFrame, t_ns: int) -> str | None:
        """Return the host that holds a reservation for a VM, or still holds its pages."""
        m = self.migration_under_way(vm, t_ns)
        if m is None or vm.status == "lost":
            return None
        return m.destination if vm.host == m.source else m.source

    def tile(self, host: str, vm: VmFrame) -> TileLook:
        """Return what a VM's tile on a host says."""
        if host == vm.host:
            return TileLook(vm.name, self._details[vm.name], *status_of(vm), ghost=False)
        size = format_size(self._sizes[vm.name])
        m = None if vm.migration is None else self.history.migrations[vm.migration]
        if m is not None and host == m.source:
            pill = "sending" if vm.phase == "pull" else "old copy"
            words = "pages left here" if vm.phase == "pull" else "until released"
            details = (f"{size}, {words}", size)
        elif vm.track is None:
            pill, details = "reserved", (f"{size} reserved", size)
        else:
            pill, details = "receiving", (f"{size} reserved", size)
        return TileLook(vm.name, details, pill, "move", ghost=True)

    def host(self, host: HostSpec, frame: Frame) -> HostLook:
        """Return what a host's card says."""
        used = sum(
            self._sizes[vm.name] for vm in frame.vms.values() if vm.host == host.name
        )
        held = max(used, _step(self.history.reserved.get(host.name, ()), frame.t_ns, 0))
        network = _step(self._bandwidths, frame.t_ns, 0)
        speed = format_bit_rate(network if host.nic_bps is None else min(network, host.nic_bps))
        memory = f"{format_size(held)} of {format_size(host.memory_bytes)}"
        notes = (
            f"{memory} · {host.cpu} · {speed}", f"{host.cpu} · {speed}", host.cpu, speed, ""
        )
        trouble = _step(self._troubles[host.name], frame.t_ns, "")
        total = host.memory_bytes
        return HostLook(host.name, notes, trouble, used / total, (held - used) / total)

    def streams(self, frame: Frame) -> list[Stream]:
        """Return the streams of the migrations that are under way."""
        found = []
        for vm in frame.vms.values():
            m = self.migration_under_way(vm, frame.t_ns)
            if m is not None:
                up = not any(
                    _step(self._troubles[h], frame.t_ns, "") for h in (m.source, m.destination)
                )
                rate = m.rate.value_at(frame.t_ns)
                pulls = m.resumed_ns is not None and frame.t_ns >= m.resumed_ns and m.stalls
                faults = self._faults_of(m) if pulls else None
                found.append(Stream(m.source, m.destination, rate, up, vm.name, faults))
        return found

    def _faults_of(self, migration: MigrationRecord) -> Instants:
        key = (migration.vm, migration.requested_ns)
        if key not in self._faults:
            self._faults[key] = faults_of(migration)
        return self._faults[key]

    def link_tip(self, frame: Frame) -> str:
        """Return what is on the wires, in words; "" if there is nothing."""
        lines = []
        for stream in self.streams(frame):
            if not stream.carries:
                continue
            ends = f"from {stream.source} to {stream.destination}"
            rate = format_bit_rate(stream.rate_bps)
            lines.append(f"Squares: pages of {stream.vm}, pushed {ends}, {rate}.")
            if stream.faults is not None:
                per_s = format_count(pulls_per_s(stream.faults, frame.t_ns))
                lines.append(
                    f"Arrow heads: {stream.destination} asks {stream.source} for missing pages. "
                    f"Diamonds: the pages pulled so, {per_s} a second."
                )
        return "\n".join(lines)

    def bandwidth_bps(self, t_ns: int) -> int:
        """Return the network's bandwidth in force."""
        return _step(self._bandwidths, t_ns, 0)

    @property
    def storage(self) -> str:
        """Return the shared storage in words, "" if there is none."""
        kinds = {"nfs": "NFS", "iscsi": "iSCSI"}
        found = [kinds[s.kind] for s in self.history.spec.storage if s.kind in kinds]
        return f"{' and '.join(dict.fromkeys(found))} shared storage" if found else ""

    def summary(self, frame: Frame) -> str:
        """Return the pool in a sentence, for who cannot see it."""
        parts = [f"{vm.name} {status_of(vm)[0]} on {vm.host}" for vm in frame.vms.values()]
        looks = (self.host(host, frame) for host in self.hosts)
        parts += [f"{look.name}: {look.trouble}" for look in looks if look.trouble]
        parts += [
            f"{s.vm} pulls {format_count(pulls_per_s(s.faults, frame.t_ns))} pages a second"
            for s in self.streams(frame)
            if s.carries and s.faults is not None
        ]
        return "; ".join(parts)


def status_of(vm: VmFrame) -> tuple[str, str]:
    """Return a VM's status in words and its kind: run, move or bad."""
    if vm.status != "running":
        return vm.status, "bad"
    if vm.phase == "push" and vm.round is not None:
        return f"round {vm.round.number}", "move"
    words = {"pull": "pulling", "reservation": "reserving", "push": "pushing"}
    if vm.phase in words:
        return words[vm.phase], "move"
    return "running", "run"


def _details(size: str, address: str, note: str) -> tuple[str, ...]:
    wordings = ((size, address, note), (size, address), (size, note), (size,))
    return tuple(dict.fromkeys(" · ".join(word for word in w if word) for w in wordings))


def _step(steps: Sequence[tuple[int, Value]], t_ns: int, before: Value) -> Value:
    """Return the value of the last step at or before an instant."""
    value = before
    for step_ns, new in steps:
        if step_ns > t_ns:
            break
        value = new
    return value
