"""The slow and obvious twin of the engine: `engine/MODEL.md`, taken literally.

One event after the other, one write at a time, one page at a time; sets, dicts and loops. It
shares nothing with the engine's logic: only the scenario's values, the names of the page states
and raw random words. Where the engine and the twin differ, one of them misreads the model.
"""

import heapq
import re
from collections.abc import Callable
from functools import partial

from engine.specs import ChangeSpec, FaultSpec, ScenarioSpec, VmSpec
from engine.units import parse_bit_rate, parse_page_rate, parse_share, parse_speed
from tests.helpers.twin_clients import TwinSwitch, TwinWebClient
from tests.helpers.twin_guest import Clock, Writer
from tests.helpers.twin_migration import TwinMigration
from tests.helpers.twin_network import TwinFlow, port_capacities, share

_PARSERS = {
    "rate": ("rate_pps", parse_page_rate),
    "hot_writes": ("hot_writes_ppm", parse_share),
    "speed": ("speed_percent", parse_speed),
}


class TwinVm:
    """A VM: where it is, its vCPUs, its writers and a version for every page."""

    def __init__(self, twin: "Twin", spec: VmSpec) -> None:
        """Run on its host from the start."""
        self.twin, self.spec, self.n_pages = twin, spec, spec.n_pages
        self.host, self.status = spec.host, "running"
        self.placements = [(0, spec.host, "running")]
        self.running_on = {spec.host}
        self.clocks = [Clock() for _ in range(spec.vcpus)]
        self.writers = [Writer(twin.spec.run.seed, spec, i) for i in range(len(spec.writers))]
        self.version = [0] * spec.n_pages
        self.waits: dict[int, tuple[int, int]] = {}  # vCPU: (page, since)
        self.pull: TwinMigration | None = None
        self.switch = TwinSwitch(twin, self)
        self.clients = [
            TwinWebClient(self, i, probe)
            for i, probe in enumerate(spec.probes)
            if probe.kind == "web"
        ]

    def next_write(self) -> tuple[int, Writer] | None:
        """Return when the next write is made and by which writer."""
        best = None
        for writer in self.writers:
            t = None
            if writer.due is not None:
                t = self.clocks[writer.vcpu].when(writer.due)
            if t is not None:
                if best is None or t < best[0]:
                    best = (t, writer)
        return best

    def write(self, writer: Writer) -> bool:
        """Make a write, or stop the vCPU at a missing page; return whether it was made."""
        page = writer.page
        if self.pull is not None and page in self.pull.missing:
            self.clocks[writer.vcpu].stop(self.twin.now)
            self.waits[writer.vcpu] = (page, self.twin.now)
            self.pull.ask_for(page)
            return False
        writer.advance()
        self.version[page] += 1
        for migration in self.twin.migrations:
            if migration.vm is self:
                migration.written(page, writer)
        return True

    def wake(self, pages: range) -> None:
        """Let vCPUs go on that waited for one of these pages."""
        for vcpu, (wanted, since) in sorted(self.waits.items()):
            if wanted in pages:
                assert self.pull is not None
                self.pull.stalls.append((since, self.twin.now - since))
                self.pull.stall_vcpus.append((since, self.twin.now - since, vcpu))
                del self.waits[vcpu]
                self.clocks[vcpu].run(self.twin.now)

    def _set(self, status: str) -> None:
        now = self.twin.now
        if self.placements[-1][0] == now:
            self.placements.pop()
        self.status = status
        self.placements.append((now, self.host, status))
        if status == "running":
            self.running_on.add(self.host)
        else:
            self.running_on.discard(self.host)
        assert len(self.running_on) <= 1, "two copies run"
        self.twin.rates_may_change()

    def suspend(self) -> None:
        """Stop all vCPUs."""
        for clock in self.clocks:
            clock.stop(self.twin.now)
        self.switch.suspended()
        for client in self.clients:
            client.stop(link_down=False)
        self._set("suspended")

    def run(self) -> None:
        """Let all vCPUs run where the VM is."""
        if self.status != "running":
            for clock in self.clocks:
                clock.run(self.twin.now)
            self._set("running")

    def go_on(self) -> None:
        """Run again at the source after all, and be reachable at once."""
        if self.status == "suspended":
            self.run()
            self.switch.went_on()

    def set_speed(self, thousandths: int) -> None:
        """Let all vCPUs run so fast."""
        for clock in self.clocks:
            clock.set_speed(self.twin.now, thousandths)

    def in_touch(self) -> bool:
        """Return whether packets find the VM and its link carries them."""
        running = self.status == "running" and self.switch.knows
        return running and self.host not in self.twin.down

    def clients_may_go_on(self) -> None:
        """Let web clients go on that have waited, if they can."""
        if self.in_touch():
            for client in self.clients:
                client.may_go_on()

    def move(self, host: str) -> None:
        """Be on another host; only a suspended VM moves."""
        assert self.status == "suspended"
        self.host = host
        self._set("suspended")

    def die(self) -> None:
        """No copy is left that could run."""
        if self.status != "lost":
            self.waits.clear()
            self.pull = None
            for clock in self.clocks:
                clock.stop(self.twin.now)
            for client in self.clients:
                client.stop(link_down=False)
            self._set("lost")


class Twin:
    """A run: call `simulate` once, then read `vms`, `migrations` and `end_ns`."""

    # What comes first at one instant. Parts on the wire end before all of these.
    ARRIVE, WRITES, CONTINUE, FAULT, CHANGE, STAGE = 1, 2, 3, 4, 5, 6

    def __init__(self, spec: ScenarioSpec) -> None:
        """Build the pool as it is at the start."""
        self.spec, self.now = spec, 0
        self.bandwidth = spec.network.bandwidth_bps
        self.vms = {vm.name: TwinVm(self, vm) for vm in spec.vms}
        self.migrations = [TwinMigration(self, i, m) for i, m in enumerate(spec.migrations)]
        self.requested: list[TwinMigration] = []  # in the order of the requests
        self.dead: set[str] = set()
        self.down: set[str] = set()
        self.queue: list[tuple[int, int, int, Callable[[], None]]] = []
        self.sequence = 0
        self.end_ns = 0

    def schedule(self, t: int, action: Callable[[], None], priority: int = STAGE) -> None:
        """Let something happen at `t`."""
        heapq.heappush(self.queue, (t, priority, self.sequence, action))
        self.sequence += 1

    def rates_may_change(self) -> None:
        """Share the links anew: somebody began, ended, or has another limit."""
        flows = []
        for vm in self.vms.values():
            if vm.spec.traffic_bps and vm.status == "running" and vm.host not in self.down:
                flows.append(
                    TwinFlow(f"vm {vm.spec.name}", (f"tx:{vm.host}",), vm.spec.traffic_bps)
                )
            flows += [client.flow() for client in vm.clients if client.served]
        for m in self.migrations:
            if m.sending:
                ports = (f"tx:{m.source}", f"rx:{m.spec.to}")
                flows.append(TwinFlow(f"migration {m.index}", ports, m.flow_limit()))
        network = self.spec.network
        capacity = port_capacities(self.spec.hosts, self.bandwidth, network.overhead)
        rates = share(flows, capacity)
        for m in self.migrations:
            rate = rates.get(f"migration {m.index}", 0)
            if m.sending:
                m.sender.set_rate(self.now, rate)
            m.sender.note(self.now, rate)
        for vm in self.vms.values():
            for client in vm.clients:
                client.rates.note(self.now, rates.get(client.name, 0))

    def followers_of(self, migration: TwinMigration) -> list[TwinMigration]:
        """Return the migrations that count from the end of this one."""
        result = []
        for follower in self.migrations:
            above = self.migrations[: follower.index]
            named = [m for m in above if m.spec.vm == follower.spec.after]
            if named and named[-1] is migration:
                result.append(follower)
        return result

    def refuses(self, vm: TwinVm, to: str) -> bool:
        """Return whether a VM cannot move: it is lost, there or on its way, or a link is gone."""
        gone = self.dead | self.down
        moving = sum(1 for m in self.migrations if m.vm is vm and m.requested and not m.over)
        lost = vm.status == "lost" or to in gone or vm.host in gone
        return lost or vm.host == to or moving > 1

    def simulate(self) -> "Twin":
        """Run from the start to the end."""
        for fault in self.spec.faults:
            self._schedule_fault(fault)
        for change in sorted(self.spec.changes, key=lambda c: c.at_ns):
            self._schedule_change(change)
        for migration in self.migrations:
            if not migration.spec.after:
                self.schedule(migration.spec.at_ns, migration.request)
        self.rates_may_change()
        after_last, length = self.spec.run.until
        while not (after_last and all(m.over or m.lingers() for m in self.migrations)):
            if not self._step(None if after_last else length):
                break
        if after_last:
            ahead = length
            while True:  # who lingers may end after all, and others with it
                last = max((m.last_ns() for m in self.migrations), default=0)
                length = ahead + last
                waits = any(not m.over and not m.lingers() for m in self.migrations)
                if not self._step(None if waits else length):
                    break
        self.now = self.end_ns = length
        for migration in self.migrations:
            if migration.requested and not migration.over:
                migration.sending = False  # its rate is in force to the end
                migration.end("does-not-converge")
        return self

    def _schedule_fault(self, fault: FaultSpec) -> None:
        self.schedule(fault.at_ns, lambda: self._break(fault), self.FAULT)

    def _schedule_change(self, change: ChangeSpec) -> None:
        self.schedule(change.at_ns, lambda: self._change(change), self.CHANGE)

    # The loop.

    def _step(self, until: int | None) -> bool:
        """Do the next thing, if there is one up to `until`; return whether there was."""
        best: tuple[int, int] | None = None
        action: Callable[[], object] = self._pop
        for migration in self.migrations:
            end = migration.sender.part_end() if migration.sending else None
            if end is not None and (best is None or (end, 0) < best):
                best, action = (end, 0), migration.part_ended
        for vm in self.vms.values():
            write = vm.next_write()
            if write and (best is None or (write[0], self.WRITES) < best):
                best, action = (write[0], self.WRITES), partial(vm.write, write[1])
        if self.queue and (best is None or self.queue[0][:2] < best):
            best, action = self.queue[0][:2], self._pop
        if (best is None or best[0] > self.now) and self._finish_instant():
            return True
        if best is None or (until is not None and best[0] > until):
            return False
        self.now = best[0]
        action()
        if best[1] == self.WRITES:
            self._write_on(until)
        return True

    def _pop(self) -> None:
        heapq.heappop(self.queue)[3]()

    def _write_on(self, until: int | None) -> None:
        """Make the writes up to the next other thing (the same steps, without looking anew)."""
        limits = [] if until is None else [(until + 1, 0)]
        if self.queue:
            limits.append(self.queue[0][:2])
        for migration in self.migrations:
            end = migration.sender.part_end() if migration.sending else None
            if end is not None:
                limits.append((end, 0))
        if not limits or any(m.pulling for m in self.migrations):
            return
        stop = min(limits)
        while True:
            nexts = [(w[0], vm, w[1]) for vm in self.vms.values() if (w := vm.next_write())]
            if not nexts:
                return
            t, vm, writer = min(nexts, key=lambda n: n[0])
            if (t, self.WRITES) >= stop:
                return
            self.now = t
            vm.write(writer)

    def _finish_instant(self) -> bool:
        """Choose the next pages of pulls; return whether anything was done."""
        choosing = [
            m
            for m in self.migrations
            if m.pulling and m.sending and m.on_wire is None and m.has_to_send()
        ]
        for migration in choosing:
            migration.choose_page()
        return bool(choosing)

    # Changes and faults.

    def _change(self, change: ChangeSpec) -> None:
        writers: dict[tuple[str, int], dict[str, int]] = {}
        for path, value in change.set.items():
            found = re.fullmatch(r"vms\.(.+)\.writers\.(\d+)\.(\w+)", path)
            if found:
                name, parse = _PARSERS[found[3]]
                writers.setdefault((found[1], int(found[2])), {})[name] = parse(value)
            elif path == "network.bandwidth":
                self.bandwidth = parse_bit_rate(value)
                self.rates_may_change()
            else:
                _, name, key = path.split(".")
                self._change_migration(name, key, str(value))
        for (name, index), values in writers.items():
            vm = self.vms[name]
            writer = vm.writers[index]
            guest = vm.clocks[writer.vcpu].at(self.now)
            writer.change(guest, writer.spec.model_copy(update=values))

    def _change_migration(self, vm: str, key: str, value: str) -> None:
        for migration in self.migrations:
            if migration.spec.vm != vm:
                continue
            if key == "rate_limit":
                migration.rate_limit = None if value == "none" else parse_bit_rate(value)
                self.rates_may_change()
            elif key == "policy" and not migration.requested and migration.policy != value:
                migration.policy, migration.given = value, {}  # no parameters of another one

    def _break(self, fault: FaultSpec) -> None:
        vms_there = [vm for vm in self.vms.values() if vm.host == fault.on]
        if fault.kind == "link-up":
            self.down.discard(fault.on)
            self.rates_may_change()
            for vm in vms_there:
                vm.clients_may_go_on()
            return
        if fault.kind == "cancel":
            for m in self.migrations:
                if m.spec.vm == fault.on and m.requested and not m.over:
                    m.cancel()
        if fault.kind in ("cancel", "announcement-lost"):
            return
        if fault.kind == "link-down":
            for vm in vms_there:
                for client in vm.clients:
                    client.stop(link_down=True)
        (self.dead if fault.kind == "host-dies" else self.down).add(fault.on)
        for m in self.migrations:
            if m.requested and not m.over and fault.on in (m.source, m.spec.to):
                m.broken(
                    source_lives=m.source not in self.dead,
                    destination_lives=m.spec.to not in self.dead,
                )
        for vm in self.vms.values():
            if vm.host in self.dead:
                vm.die()
        self.rates_may_change()
