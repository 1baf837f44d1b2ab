"""May this VM move to that host? The rules of the XenServer 4.0.1 FAQ, each with its sentence.

`check_move` needs the scenario and a `Situation` only, so a run can ask before it begins a move
and a window can ask while a VM is being dragged. A rule that did not pass says what is the case and
how to mend it; a rule that is only advisory never refuses a move.

Source:
    XenServer 4.0.1 FAQ (2008): Enterprise edition, one pool, same manufacturer and type of
    processor, remote shared storage (NFS or iSCSI), gigabit network recommended.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from engine.events import EventKind
from engine.history import History
from engine.specs import HostSpec, ScenarioSpec, StorageSpec, VmSpec
from engine.units import format_bit_rate, format_size

GIGABIT_BPS: Final = 10**9
REMOTE_KINDS: Final = {"nfs": "NFS", "iscsi": "iSCSI", "local": "a local disk"}
_MODEL_NUMBER: Final = re.compile(r"\d{3,}")


class Check(Struct, frozen=True):
    """One rule, asked of one VM and one destination.

    Attributes:
        rule: Name of the rule.
        passed: Whether the move keeps it.
        advisory: Whether it only advises; such a rule never refuses a move.
        sentence: What is the case, with both values.
        remedy: How to mend it; "" when it passed.
        title: The rule in two or three words, for a table.
        needed: What the VM, or the host where it is, asks for, in a few words.
        found: What there is on the destination, in a few words.
    """

    rule: str
    passed: bool
    advisory: bool
    sentence: str
    remedy: str
    title: str
    needed: str
    found: str


class VmSituation(Struct, frozen=True):
    """Where a VM is, in which condition, and whether a migration of it is under way."""

    host: str
    status: str = "running"
    migrating: bool = False


class Situation(Struct, frozen=True):
    """The pool at one instant, as far as a move depends on it.

    Attributes:
        memory_in_use_bytes: On each host, reservations for moves under way included.
        dead_hosts: Hosts that died.
        down_hosts: Hosts whose link is down.
        vms: Each VM by name.
    """

    memory_in_use_bytes: Mapping[str, int] = field(default_factory=dict)
    dead_hosts: frozenset[str] = frozenset()
    down_hosts: frozenset[str] = frozenset()
    vms: Mapping[str, VmSituation] = field(default_factory=dict)

    def of(self, vm: VmSpec) -> VmSituation:
        """Return where a VM is; where nothing is known of it, as the scenario begins."""
        return self.vms.get(vm.name, VmSituation(vm.host))


def cpu_type_of(host: HostSpec) -> str:
    """Return the type of a host's processors: processors of one type differ in clock speed only.

    It is `cpu_type` where the scenario gives it, else the model with the last two digits of its
    number masked: a Xeon 5130 and a Xeon 5140 are both of type "Xeon 51xx" (assumed).
    """
    if host.cpu_type is not None:
        return host.cpu_type
    numbers = list(_MODEL_NUMBER.finditer(host.cpu))
    if not numbers:
        return host.cpu
    end = numbers[-1].end()
    return f"{host.cpu[: end - 2]}xx{host.cpu[end:]}"


def initial_situation(spec: ScenarioSpec) -> Situation:
    """Return the situation before anything has happened."""
    used = {
        host.name: sum(vm.memory_bytes for vm in spec.vms if vm.host == host.name)
        for host in spec.hosts
    }
    return Situation(used, vms={vm.name: VmSituation(vm.host) for vm in spec.vms})


def check_move(
    spec: ScenarioSpec, vm: VmSpec, destination: HostSpec, situation: Situation
) -> list[Check]:
    """Return every rule with its answer, in the order in which they are explained.

    Args:
        spec: The scenario: pool, hosts, storage, network.
        vm: The VM that is to move.
        destination: The host that it is to move to.
        situation: The pool at the instant of the question.
    """
    place = situation.of(vm)
    hosts = {host.name: host for host in spec.hosts}
    source = hosts.get(place.host, destination)
    storage = next((s for s in spec.storage if s.name == vm.storage), None)
    return [
        _pool_membership(spec, vm, source=source, destination=destination),
        _vm_running(vm, place),
        _not_migrating(vm, place),
        *_hosts_up(source, destination, situation),
        _cpu_vendor(source, destination),
        _cpu_type(source, destination),
        _shared_storage(vm, storage),
        _storage_visible(vm, storage, source=source, destination=destination),
        _memory(vm, source=source, destination=destination, situation=situation),
        _licence(spec),
        _gigabit(spec, source=source, destination=destination),
    ]


def may_move(checks: list[Check]) -> bool:
    """Return whether every rule that is not advisory passed."""
    return all(check.passed or check.advisory for check in checks)


TITLES: Final = {
    "pool-membership": "Another host",
    "vm-running": "VM running",
    "not-migrating-already": "No move under way",
    "host-alive": "Host alive",
    "link-up": "Link up",
    "cpu-vendor": "Processor maker",
    "cpu-type": "Processor type",
    "shared-storage": "Shared storage",
    "storage-visible": "Storage in sight",
    "memory": "Free memory",
    "licence": "Licence",
    "gigabit-network": "Network",
}
"""Each rule in two or three words."""


def _check(
    rule: str,
    passed: bool,
    *,
    values: tuple[str, str],
    good: str,
    bad: str,
    remedy: str,
    advisory: bool = False,
) -> Check:
    """Return a check; `values` are what is needed and what was found."""
    sentence = good if passed else bad
    found_remedy = "" if passed else remedy
    return Check(rule, passed, advisory, sentence, found_remedy, TITLES[rule], *values)


def _pool_membership(
    spec: ScenarioSpec, vm: VmSpec, *, source: HostSpec, destination: HostSpec
) -> Check:
    pool = spec.pool.name
    if len(spec.hosts) < 2:
        bad = f"{pool} has one host only, {source.name}; a move needs at least two."
        remedy = "Add a second host to the pool."
    else:
        bad = f"{vm.name} is on {source.name} already."
        remedy = "Choose another host of the pool."
    return _check(
        "pool-membership",
        source.name != destination.name and destination in spec.hosts,
        values=(
            f"not {source.name}",
            destination.name if destination in spec.hosts else "not in pool",
        ),
        good=f"{source.name} and {destination.name} are two hosts of {pool}.",
        bad=bad,
        remedy=remedy,
    )


def _vm_running(vm: VmSpec, place: VmSituation) -> Check:
    return _check(
        "vm-running",
        place.status == "running",
        values=("running", place.status),
        good=f"{vm.name} is running on {place.host}.",
        bad=f"{vm.name} is {place.status} on {place.host}; a live move needs it running.",
        remedy="Wait until the VM runs again."
        if place.status == "suspended"
        else "Go back to an instant before the VM was lost.",
    )


def _not_migrating(vm: VmSpec, place: VmSituation) -> Check:
    return _check(
        "not-migrating-already",
        not place.migrating,
        values=("none", "under way" if place.migrating else "none"),
        good=f"No migration of {vm.name} is under way.",
        bad=f"A migration of {vm.name} is under way already; it is on {place.host} now.",
        remedy="Wait until that migration has ended.",
    )


def _hosts_up(source: HostSpec, destination: HostSpec, situation: Situation) -> list[Check]:
    dead = [h.name for h in (source, destination) if h.name in situation.dead_hosts]
    down = [h.name for h in (source, destination) if h.name in situation.down_hosts]
    both = f"{source.name} and {destination.name}"
    return [
        _check(
            "host-alive",
            not dead,
            values=("alive", _state(source, destination, dead, good="alive", bad="dead")),
            good=f"{both} are alive.",
            bad=f"{' and '.join(dead)} died; a move needs both {both}.",
            remedy="Choose a host that is alive.",
        ),
        _check(
            "link-up",
            not down,
            values=("up", _state(source, destination, down, good="up", bad="down")),
            good=f"The links of {both} are up.",
            bad=f"The link of {' and of '.join(down)} is down; a move needs those of {both}.",
            remedy="Wait until the link is up again, or choose another host.",
        ),
    ]


def _state(
    source: HostSpec, destination: HostSpec, failing: Sequence[str], *, good: str, bad: str
) -> str:
    """Return the state of the destination, or that of the source if that one alone fails."""
    if destination.name in failing:
        return bad
    return f"{source.name} {bad}" if failing else good


def _cpu_vendor(source: HostSpec, destination: HostSpec) -> Check:
    return _check(
        "cpu-vendor",
        source.vendor == destination.vendor,
        values=(source.vendor, destination.vendor),
        good=f"The processors of {source.name} and {destination.name} are both by {source.vendor}.",
        bad=f"The processors of {source.name} are by {source.vendor}, those of {destination.name} "
        f"by {destination.vendor}; a running VM cannot change the manufacturer.",
        remedy=f"Choose a host with processors by {source.vendor}.",
    )


def _cpu_type(source: HostSpec, destination: HostSpec) -> Check:
    old, new = cpu_type_of(source), cpu_type_of(destination)
    return _check(
        "cpu-type",
        old == new,
        values=(old, new),
        good=f"{source.name} ({source.cpu}) and {destination.name} ({destination.cpu}) have "
        f"processors of one type, {old}; clock speeds may differ.",
        bad=f"{source.name} has processors of type {old} ({source.cpu}), {destination.name} of "
        f"type {new} ({destination.cpu}).",
        remedy=f"Choose a host with processors of type {old}.",
    )


def _shared_storage(vm: VmSpec, storage: StorageSpec | None) -> Check:
    if storage is None:
        bad = f"The disk of {vm.name} lies on no storage repository of the pool."
    else:
        kind = REMOTE_KINDS[storage.kind]
        bad = f"The disk of {vm.name} lies on {storage.name}, {kind}; a move needs NFS or iSCSI."
    return _check(
        "shared-storage",
        storage is not None and storage.kind != "local",
        values=("NFS or iSCSI", REMOTE_KINDS[storage.kind] if storage else "none"),
        good=f"The disk of {vm.name} lies on {storage.name}, remote storage over "
        f"{REMOTE_KINDS[storage.kind]}."
        if storage
        else "",
        bad=bad,
        remedy="Move the disk to remote shared storage: NFS or iSCSI.",
    )


def _storage_visible(
    vm: VmSpec, storage: StorageSpec | None, *, source: HostSpec, destination: HostSpec
) -> Check:
    both = (source.name, destination.name)
    blind = [h for h in both if storage is None or h not in storage.hosts]
    seen = [h for h in both if h not in blind]
    disk = storage.name if storage else "its disk"
    name = f"storage repository {storage.name}" if storage else f"the disk of {vm.name}"
    by_whom = f", {seen[0]} does" if seen else ""
    return _check(
        "storage-visible",
        not blind,
        values=(disk, _state(source, destination, blind, good=disk, bad=f"not {disk}")),
        good=f"{source.name} and {destination.name} both see {name}.",
        bad=f"{' and '.join(dict.fromkeys(blind))} "
        f"{'do' if len(set(blind)) > 1 else 'does'} not see {name}{by_whom}.",
        remedy=f"Connect {' and '.join(dict.fromkeys(blind))} to {disk}."
        if storage
        else "Give the VM a disk on remote shared storage.",
    )


def _memory(vm: VmSpec, *, source: HostSpec, destination: HostSpec, situation: Situation) -> Check:
    used = situation.memory_in_use_bytes.get(destination.name, 0)
    free = max(0, destination.memory_bytes - used)
    needed = format_size(vm.memory_bytes)
    return _check(
        "memory",
        vm.memory_bytes <= free or source.name == destination.name,
        values=(needed, format_size(free)),
        good=f"{destination.name} has {format_size(free)} free; {vm.name} needs {needed}.",
        bad=f"{vm.name} needs {needed}, but {destination.name} has {format_size(free)} free of "
        f"{format_size(destination.memory_bytes)}, reservations counted.",
        remedy=f"Free {format_size(vm.memory_bytes - free)} on {destination.name}, or choose a "
        "host with more free memory.",
    )


def _licence(spec: ScenarioSpec) -> Check:
    edition = spec.pool.edition
    return _check(
        "licence",
        edition == "Enterprise",
        values=("Enterprise", edition),
        good=f"{spec.pool.name} is licensed for the {edition} edition, which includes XenMotion.",
        bad=f"{spec.pool.name} is licensed for the {edition} edition; XenMotion needs Enterprise.",
        remedy="License the pool for the Enterprise edition.",
    )


def _gigabit(spec: ScenarioSpec, *, source: HostSpec, destination: HostSpec) -> Check:
    network = spec.network.bandwidth_bps
    slowest = min(network, *(h.nic_bps or network for h in (source, destination)))
    rate = format_bit_rate(slowest)
    way = f"The network from {source.name} to {destination.name} carries {rate}"
    return _check(
        "gigabit-network",
        slowest >= GIGABIT_BPS,
        values=(format_bit_rate(GIGABIT_BPS), rate),
        good=f"{way}; 1 Gbit/s is recommended.",
        bad=f"{way}; 1 Gbit/s is recommended, so the move will take long.",
        remedy="Use Gigabit Ethernet between the hosts.",
        advisory=True,
    )


def situation_at(history: History, t_ns: int) -> Situation:
    """Return the situation of the pool at an instant of a run."""
    dead, down = set(), set()
    for event in history.events:
        if event.t_ns > t_ns:
            break
        if event.kind is EventKind.HOST_DIED:
            dead.add(event.subject)
        elif event.kind is EventKind.LINK_DOWN:
            down.add(event.subject)
        elif event.kind is EventKind.LINK_UP:
            down.discard(event.subject)
    used = {host: _step_at(steps, t_ns) for host, steps in history.reserved.items()}
    return Situation(used, frozenset(dead), frozenset(down), vms=_vms_at(history, t_ns))


def _step_at(steps: tuple[tuple[int, int], ...], t_ns: int) -> int:
    value = 0
    for step_ns, n_bytes in steps:
        if step_ns > t_ns:
            break
        value = n_bytes
    return value


def _vms_at(history: History, t_ns: int) -> dict[str, VmSituation]:
    result = {}
    for record in history.vms:
        name = record.spec.name
        placement = record.placement_at(t_ns)
        migrating = any(
            migration.vm == name
            and migration.outcome != "refused"
            and migration.requested_ns <= t_ns
            and (migration.ended_ns is None or t_ns < migration.ended_ns)
            for migration in history.migrations
        )
        result[name] = VmSituation(placement.host, placement.status, migrating)
    return result
