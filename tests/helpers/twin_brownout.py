"""What a migration does to the twin's guest: it slows the vCPUs, and stuns busy writers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.helpers.twin_guest import Writer
    from tests.helpers.twin_migration import TwinMigration

FULL_SPEED = 1000
WINDOW = 50 * 10**6


class TwinBrownout:
    """Slows the guest of one pre-copy migration from log-dirty on until it is suspended."""

    def __init__(self, migration: TwinMigration) -> None:
        """Begin now: this is the instant of log-dirty on."""
        self.migration, self.twin, self.vm = migration, migration.twin, migration.vm
        self.on = True
        self.arrears = False  # did write faults ever slow the guest?
        self.first_writes: list[int] = []
        [host] = [h for h in self.twin.spec.hosts if h.name == migration.source]
        self.base = (1_000_000 - host.copy_cost_ppm) // 1000
        self.cost = host.first_write_cost_ns
        self.shares = [FULL_SPEED] * self.vm.spec.vcpus  # what a throttle leaves to each vCPU
        self.turn(self.base)
        if self.cost:
            self.twin.schedule(self.twin.now + WINDOW, self._tick)

    def first_write(self) -> None:
        """Note that a page was written for the first time since CLEAN."""
        self.first_writes.append(self.twin.now)

    def _tick(self) -> None:
        if not self.on:
            return
        now = self.twin.now
        n = sum(1 for t in self.first_writes if now - WINDOW < t <= now)
        lost = n * self.cost * FULL_SPEED // (WINDOW * self.vm.spec.vcpus)
        self.arrears |= lost > 0
        left = max(100, FULL_SPEED - lost)
        self.turn(max(1, self.base * left // FULL_SPEED))
        self.twin.schedule(now + WINDOW, self._tick)

    def turn(self, speed: int) -> None:
        """Let the vCPUs run so fast, each by the share that a throttle leaves to it."""
        self.speed = speed
        for clock, share in zip(self.vm.clocks, self.shares, strict=True):
            clock.set_speed(self.twin.now, max(1, speed * share // FULL_SPEED))

    def hold_back(self, shares: list[int]) -> None:
        """Leave to each vCPU so many thousandths from now on."""
        self.shares = shares
        self.turn(self.speed)

    def end(self) -> None:
        """The VM is suspended, or the migration is over."""
        if self.on:
            self.on = False
            self.vm.set_speed(FULL_SPEED)


class TwinStunning:
    """Counts the write faults of each writer since CLEAN, and stops the busiest writers."""

    def __init__(self, migration: TwinMigration) -> None:
        """Count nothing yet."""
        self.migration, self.vm = migration, migration.vm
        self.counting = False
        self.faults: dict[int, int] = {}
        self.stunned: list[Writer] = []
        self.ever = False

    def cleaned(self, round_number: int) -> None:
        """Count anew from the CLEAN that begins a live round."""
        after = self.migration.parameter("stun_after")
        self.counting = bool(after) and round_number > after
        self.faults = {}

    def fault(self, writer: Writer) -> None:
        """A writer met a page that was clean until this instant."""
        if not self.counting or writer.stunned:
            return
        self.faults[writer.index] = self.faults.get(writer.index, 0) + 1
        too_many = self.faults[writer.index] > self.migration.parameter("stun_faults")
        if too_many and not writer.spec.interactive:
            writer.stun(self.vm.clocks[writer.vcpu].at(self.vm.twin.now))
            self.stunned.append(writer)
            self.ever = True

    def suspended(self) -> None:
        """Nobody writes any more; who is stunned stays so."""
        self.counting = False

    def end(self) -> None:
        """The VM runs at the destination, or the migration is over: all may write again."""
        self.counting = False
        for writer in self.stunned:
            writer.wake(self.vm.clocks[writer.vcpu].at(self.vm.twin.now))
        self.stunned = []
