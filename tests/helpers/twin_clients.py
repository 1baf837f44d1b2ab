"""The twin's clients: who reaches a VM when, and what the web clients fetch meanwhile.

The frames that teach the switch where a VM is are events like all others: at its instant a frame
is sent, if the VM still runs there, and is lost or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.policies import policy_of
from engine.specs import FaultSpec, ProbeSpec
from tests.helpers.twin_network import RateLog, TwinFlow

if TYPE_CHECKING:
    from tests.helpers.twin import Twin, TwinVm
    from tests.helpers.twin_migration import TwinMigration


class TwinWebClient:
    """One web client: it is served, or it waits since `stopped_ns`."""

    def __init__(self, vm: TwinVm, index: int, spec: ProbeSpec) -> None:
        """Be served from the start."""
        self.vm, self.spec = vm, spec
        self.name = f"web:{vm.spec.name}:{index:06d}"
        self.served = True
        self.stopped_ns = 0
        self.link_was_down = False
        self.went_on_at_once = self.waited = False
        self.rates = RateLog()

    def flow(self) -> TwinFlow:
        """Return what this client takes while it is served."""
        port = "tx" if self.spec.sender == "vm" else "rx"
        return TwinFlow(self.name, (f"{port}:{self.vm.host}",), self.spec.rate_bps)

    def stop(self, *, link_down: bool) -> None:
        """The VM is suspended, or its link is down; it may be stopped already."""
        if self.served:
            self.served, self.link_was_down = False, False
            self.stopped_ns = self.vm.twin.now
        self.link_was_down |= link_down

    def may_go_on(self) -> None:
        """The VM is reachable and its link is up: go on, or at the next time-out."""
        if self.served:
            return
        twin = self.vm.twin
        if self.spec.sender == "vm" and not self.link_was_down:
            self.went_on_at_once = True
            self._serve()
            return
        wait = self.spec.min_timeout_ns
        retry = self.stopped_ns + wait
        while retry < twin.now:
            wait *= 2
            retry += wait
        stopped = self.stopped_ns

        def act() -> None:
            if not self.served and self.stopped_ns == stopped and self.vm.in_touch():
                self.waited = True
                self._serve()

        twin.schedule(retry, act)

    def _serve(self) -> None:
        self.served = True
        self.vm.twin.rates_may_change()


class TwinSwitch:
    """What the switch knows of one VM, and the frames that teach it."""

    def __init__(self, twin: Twin, vm: TwinVm) -> None:
        """Know the VM from the start."""
        self.twin, self.vm = twin, vm
        self.knows = True  # packets find the VM
        self.learned = True  # a frame from where it is has come
        self.stays = 0  # how often the VM was suspended: another stay, other frames
        faults = [
            f for f in twin.spec.faults if f.kind == "announcement-lost" and f.on == vm.spec.name
        ]
        self.lost_one = False
        self.losses: list[FaultSpec] = sorted(faults, key=lambda f: f.at_ns)

    def suspended(self) -> None:
        """Packets find nobody."""
        self.knows = self.learned = False
        self.stays += 1

    def went_on(self) -> None:
        """The VM goes on where it was."""
        self.knows = True
        self.vm.clients_may_go_on()

    def resumed(self, migration: TwinMigration) -> None:
        """Plan every frame that the VM may send from its new host."""
        now, network = self.twin.now, self.twin.spec.network
        for offset in policy_of(migration.policy).announcements_ns:
            self._at(now + offset, migration, self._announce)
        probes = self.vm.spec.probes
        serves = any(p.kind == "web" and p.sender == "vm" for p in probes)
        if self.vm.spec.traffic_bps or serves:
            self._at(now, migration, self._frame)
        for probe in probes:
            if probe.kind == "game" or (probe.kind == "ping" and probe.direction == "from-vm"):
                self._at(self._first_instant(probe), migration, self._frame)
        assert migration.suspended_ns is not None
        forgets = migration.suspended_ns + network.mac_age_ns - self._delay()
        self._at(max(now, forgets), migration, self._learn)

    def _first_instant(self, probe: ProbeSpec) -> int:
        guest = self.vm.clocks[0].at(self.twin.now)
        due = probe.phase_ns
        while due < guest:
            due += probe.interval_ns
        return self.twin.now + due - guest

    def _delay(self) -> int:
        network = self.twin.spec.network
        return network.latency_ns + network.relearn_delay_ns

    def _at(self, t: int, migration: TwinMigration, action: object) -> None:
        stay = self.stays

        def act() -> None:
            if self.stays == stay and self.vm.status == "running":
                assert callable(action)
                action(migration)

        self.twin.schedule(t, act)

    def _announce(self, migration: TwinMigration) -> None:
        for fault in self.losses:
            if fault.at_ns <= self.twin.now:
                self.losses.remove(fault)
                self.lost_one = True
                return
        self._frame(migration)

    def _frame(self, migration: TwinMigration) -> None:
        if self.vm.host not in self.twin.down:
            self._learn(migration)

    def _learn(self, migration: TwinMigration) -> None:
        if not self.learned:
            self.learned = True
            self._at(self.twin.now + self._delay(), migration, self._reach)

    def _reach(self, migration: TwinMigration) -> None:
        migration.reachable_ns = self.twin.now
        self.knows = True
        self.vm.clients_may_go_on()
