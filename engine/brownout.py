"""Brownout: what a migration costs the guest that it copies, and how the guest helps.

Copying and write faults slow the vCPUs; writers that fault too often may be stunned. Both change
what the guest writes from an instant on, so the migration settles before and plans anew after.
Source: Clark et al. 2005, sections 5.1 (log-dirty faults), 5.5 (stunning), 6.2 (cost of copying).
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from engine.events import EventKind
from engine.memory import DirtyLog
from engine.workload import FULL_SPEED
from engine.world import Guest, World

WINDOW_NS: Final = 50_000_000  # the cost of write faults is settled as often (assumed)
LEAST_SHARE: Final = 100  # thousandths that write faults leave to the guest at least
LOOK_NS: Final = 100_000_000


class Copied(Protocol):
    """What a migration shows to its brownout."""

    world: World
    guest: Guest
    source: str

    @property
    def name(self) -> str:
        """Return the name of its flow."""

    def note(self, kind: EventKind, **details: int | str) -> None:
        """Record an event."""

    def dirty_log(self) -> DirtyLog:
        """Return the dirty log of the running guest."""

    def before_guest_changes(self) -> None:
        """Settle everything up to now."""

    def after_guest_changed(self) -> None:
        """Forget what was looked at ahead of now."""


class Slowdown:
    """The guest's speed while it is copied."""

    def __init__(self, migration: Copied) -> None:
        """Slow nothing yet; see `begin`."""
        self._m = migration
        self._active = False
        self._speed = FULL_SPEED
        self._shares = [FULL_SPEED] * len(migration.guest.clocks)
        self._cleaned_pages = self._faults_before = 0

    def begin(self) -> None:
        """Log-dirty is on: the guest pays from now on."""
        m = self._m
        host = m.world.host(m.source)
        self._active = True
        self._base = (1_000_000 - host.copy_cost_ppm) * FULL_SPEED // 1_000_000
        self._cost_ns = host.first_write_cost_ns
        self._turn(self._base)
        if self._cost_ns:
            m.world.queue.push(m.world.now_ns + WINDOW_NS, self._settle)

    def cleaned(self, n_pages: int) -> None:
        """Take note of a CLEAN that found so many pages dirty."""
        self._cleaned_pages += n_pages

    def end(self) -> None:
        """Let the guest run at full speed again."""
        self._active = False
        for clock in self._m.guest.clocks:
            clock.set_speed(self._m.world.now_ns, FULL_SPEED)

    def _settle(self) -> None:
        """Charge the faults of the window that ends now to the next one."""
        if not self._active:
            return
        m, now = self._m, self._m.world.now_ns
        faults = self._cleaned_pages + m.dirty_log().count(now)
        new, self._faults_before = faults - self._faults_before, faults
        lost = new * self._cost_ns * FULL_SPEED // (WINDOW_NS * len(m.guest.clocks))
        share = max(LEAST_SHARE, FULL_SPEED - lost)
        self._turn(max(1, self._base * share // FULL_SPEED))
        m.world.queue.push(now + WINDOW_NS, self._settle)

    @property
    def active(self) -> bool:
        """Return whether the guest is being copied while it runs."""
        return self._active

    def hold_back(self, shares: Sequence[int]) -> None:
        """Let each vCPU run only a share of the time from now on, on top of all else.

        Args:
            shares: In thousandths, by vCPU.
        """
        self._shares = list(shares)
        self._turn(self._speed)

    def _turn(self, speed: int) -> None:
        m, self._speed = self._m, speed
        speeds = [max(1, speed * share // FULL_SPEED) for share in self._shares]
        pairs = list(zip(m.guest.clocks, speeds, strict=True))
        if all(clock.speed_at(m.world.now_ns) == wanted for clock, wanted in pairs):
            return
        m.before_guest_changes()
        for clock, wanted in pairs:
            clock.set_speed(m.world.now_ns, wanted)
        m.after_guest_changed()
        m.world.plan_again(m.name)


class Stunning:
    """The guest stops writers that fault too often in a late round."""

    def __init__(self, migration: Copied, parameters: dict[str, Any]) -> None:
        """Take `stun_after` and `stun_faults`; a policy without them stuns nobody."""
        self._m = migration
        self._after: int = parameters.get("stun_after", 0)
        self._most: int = parameters.get("stun_faults", 0)
        self._since_ns: int | None = None
        self._ticket: int | None = None

    def begin_round(self, number: int) -> None:
        """Count faults from this CLEAN on, if the round is a late one."""
        if self._after and number > self._after:
            self._since_ns = self._m.world.now_ns
            self.watch()

    def end(self) -> None:
        """Count no more: the guest is suspended."""
        self._m.world.queue.cancel(self._ticket)
        self._since_ns = self._ticket = None

    def release(self) -> None:
        """Let the stunned writers go on."""
        self.end()
        guest, now = self._m.guest, self._m.world.now_ns
        for writer in guest.writers:
            if writer.stunned:
                writer.stun(guest.clocks[writer.vcpu].guest_at(now), False)

    def watch(self) -> None:
        """Look for the next writer to stun; called anew whenever the guest changes."""
        if self._since_ns is None:
            return
        queue = self._m.world.queue
        queue.cancel(self._ticket)
        horizon_ns = queue.now_ns + LOOK_NS
        due = [t for t, _ in self._due(horizon_ns)]
        if due:
            self._ticket = queue.push(min(due), self._stun)
        else:
            self._ticket = queue.push(horizon_ns, self.watch)

    def _due(self, until_ns: int) -> list[tuple[int, int]]:
        """Return (when, writer) of all that fault once too often by `until_ns`."""
        assert self._since_ns is not None
        guest, log = self._m.guest, self._m.dirty_log()
        log.look_ahead(until_ns)
        result = []
        for i, writer in enumerate(guest.writers):
            if writer.stunned or writer.spec.interactive:
                continue
            clock = guest.clocks[writer.vcpu]
            pages, guest_ns = writer.writes_between(
                clock.guest_at(self._since_ns), clock.guest_at(until_ns)
            )
            times = clock.scenario_times(guest_ns)
            faults = times[log.first_ns[pages] == times]
            if len(faults) > self._most:
                result.append((int(faults[self._most]), i))
        return result

    def _stun(self) -> None:
        m, now = self._m, self._m.world.now_ns
        due = [i for t, i in self._due(now) if t <= now]
        m.before_guest_changes()
        for i in due:
            writer = m.guest.writers[i]
            writer.stun(m.guest.clocks[writer.vcpu].guest_at(now), True)
            m.note(EventKind.STUNNED, writer=i)
        m.after_guest_changed()
        m.world.plan_again(m.name)
