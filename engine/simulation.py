"""simulate(scenario) -> History: builds the world and drives the algorithms on the event queue."""

from collections.abc import Callable
from functools import partial
from typing import Final

from engine import eligibility
from engine.algorithms import process_of
from engine.changes import apply_change
from engine.event_queue import Rank
from engine.events import EventKind
from engine.history import History, Refusal, VmRecord
from engine.migration import GiveUp, Migration, Send, Wait
from engine.network import PiecewiseSeries
from engine.probes import Client, Paths, ProbeRecord, read_probe
from engine.specs import ChangeSpec, FaultSpec, MigrationSpec, ScenarioSpec
from engine.world import World

REASON_END: Final = "the run ended before it did"
_END_EVENTS: Final = {
    "does-not-converge": EventKind.TIMED_OUT,
    "failed": EventKind.FAILED,
    "cancelled": EventKind.CANCELLED,
}


def simulate(spec: ScenarioSpec) -> History:
    """Run a scenario to its end.

    The same scenario gives the same History, to the bit, in any process.

    Args:
        spec: A valid scenario (see `engine.scenario`).

    Returns:
        The finished run.
    """
    return Simulation(spec).run()


class _RunAbandonedError(Exception):
    """A run has taken longer than its caller wanted to wait."""


def simulate_while(spec: ScenarioSpec, may_go_on: Callable[[], bool]) -> History | None:
    """Run a scenario to its end, unless the caller has had enough of it before.

    The engine reads no clock: a caller that wants to wait for so long and no longer brings its own.

    Args:
        spec: A valid scenario.
        may_go_on: Asked before every event of the run, and between parts of very many writes; False
            abandons the run.

    Returns:
        The same History as `simulate` gives, or None if the run was abandoned.
    """
    simulation = Simulation(spec)
    simulation.may_go_on = may_go_on
    try:
        return simulation.run()
    except _RunAbandonedError:
        return None


def _reason_at_end(m: Migration) -> str:
    """Return why a migration was still going on at the end of the run."""
    if m.pull is not None and m.lingers:
        return (
            f"{m.pull.n_left} pages are still only at {m.source}: the guest did not ask for them, "
            "and nothing pushes them"
        )
    return REASON_END


class Simulation:
    """One run: it owns the world and the migrations, and decides what ends them."""

    def __init__(self, spec: ScenarioSpec) -> None:
        """Put everything that is dated on the queue."""
        self.spec = spec
        self.world = World(spec)
        self.world.finished = self._sent  # type: ignore[method-assign]
        self.migrations: list[Migration] = []
        self.requests: dict[int, MigrationSpec] = dict(enumerate(spec.migrations))
        self._waiting: set[int] = set(self.requests)
        self._last_end_ns = 0
        self.may_go_on: Callable[[], bool] | None = None
        for guest in self.world.guests.values():
            guest.between_parts = self._heed
        queue = self.world.queue
        for fault in spec.faults:
            queue.push(fault.at_ns, partial(self._fault, fault), rank=Rank.FAULT)
        for change in spec.changes:
            queue.push(change.at_ns, partial(self._change, change), rank=Rank.CHANGE)
        self._followers: dict[int, list[int]] = {}
        for i, request in self.requests.items():
            if request.after:
                before = max(k for k in range(i) if spec.migrations[k].vm == request.after)
                self._followers.setdefault(before, []).append(i)
            else:
                queue.push(request.at_ns, partial(self._request, i))

    def run(self) -> History:
        """Let everything happen, and read the probes off the result."""
        world = self.world
        world.note(EventKind.RUN_STARTED)
        world.share_links()
        end_ns = self._drive()
        for m in [m for m in self.migrations if not m.ended]:
            if m.pull is not None and m.pull.paused:
                self._lose(m, "the link was not mended while pages were only at the source")
            else:
                m.close("does-not-converge", _reason_at_end(m))
        world.note(EventKind.RUN_ENDED)
        events = tuple(e for e in world.events if e.t_ns <= end_ns)
        return History(
            spec=self.spec,
            end_ns=end_ns,
            events=events,
            migrations=tuple(m.record(end_ns) for m in self.migrations),
            vms=tuple(
                VmRecord(g.spec, tuple(g.placements), g.clocks, g.writers)
                for g in world.guests.values()
            ),
            probes=self._probes(end_ns),
            queues=world.queues,
            web_rates=self._web_rates(),
            reserved={name: tuple(steps) for name, steps in world.memory_steps.items()},
        )

    def _end_ns(self) -> int | None:
        relative, ns = self.spec.run.until
        if not relative:
            return ns
        if self._waiting or any(not m.ended and not m.lingers for m in self.migrations):
            return None
        standing = [m.stands_since_ns for m in self.migrations if not m.ended]
        return max([self._last_end_ns, *standing]) + ns

    def _heed(self) -> None:
        """Abandon the run if the caller has had enough of it."""
        if self.may_go_on is not None and not self.may_go_on():
            raise _RunAbandonedError

    def _drive(self) -> int:
        queue = self.world.queue
        while True:
            end_ns = self._end_ns()
            next_ns = queue.next_ns()
            if next_ns is None or (end_ns is not None and next_ns > end_ns):
                assert end_ns is not None, "a migration waits for nothing"
                queue.now_ns = end_ns
                return end_ns
            self._heed()
            action = queue.pop()
            assert action is not None
            action()

    # Migrations

    def _request(self, i: int) -> None:
        spec = self.requests[i]
        self._waiting.discard(i)
        world, now = self.world, self.world.now_ns
        m = Migration(len(self.migrations), spec, world, request=i)
        self.migrations.append(m)
        m.note(EventKind.REQUESTED, source=m.source, destination=spec.to, policy=spec.policy)
        host = next(h for h in self.spec.hosts if h.name == spec.to)
        checks = eligibility.check_move(self.spec, m.guest.spec, host, world.situation())
        failed = [c for c in checks if not c.passed and not c.advisory]
        if failed:
            m.refusals = tuple(Refusal(c.rule, c.sentence) for c in failed)
            m.note(EventKind.REFUSED, rule=failed[0].rule)
            m.outcome, m.reason = "refused", failed[0].sentence
            m.times["ended"] = now
            self._ended(m)
            return
        world.migrating.add(spec.vm)
        m.process = process_of(m)
        world.queue.push(now + spec.time_limit_ns, lambda: self._time_out(m))
        self._resume(m)

    def _resume(self, m: Migration) -> None:
        if m.ended or m.process is None:
            return
        try:
            command = next(m.process)
        except StopIteration:
            self._complete(m)
            return
        if isinstance(command, Wait):
            self.world.queue.push(self.world.now_ns + command.ns, lambda: self._resume(m))
        elif isinstance(command, GiveUp):
            self._go_on_at_source(m, "does-not-converge", command.reason)
        else:
            self._send(m, command)

    def _send(self, m: Migration, send: Send) -> None:
        self.world.start_sending(m.name, m.sending(send))

    def _sent(self, name: str) -> None:
        """Go on with the migration whose sender has sent everything."""
        self.world.stop_sending(name)
        self._resume(next(m for m in self.migrations if m.name == name))

    def _complete(self, m: Migration) -> None:
        m.times["released"] = self.world.now_ns
        self.world.take_memory(m.source, -m.guest.spec.memory_bytes)
        m.note(EventKind.RELEASED, host=m.source)
        self._close(m, "completed")

    def _close(self, m: Migration, outcome: str, reason: str = "") -> None:
        self.world.stop_sending(m.name)
        m.close(outcome, reason)
        self._ended(m)

    def _ended(self, m: Migration) -> None:
        """Take note of an end, and let the requests come that waited for it."""
        now = self._last_end_ns = self.world.now_ns
        for i in self._followers.pop(m.request, ()):
            self.world.queue.push(now + self.requests[i].at_ns, partial(self._request, i))

    def _go_on_at_source(self, m: Migration, outcome: str, reason: str) -> None:
        """Drop the partial copy; the VM goes on where it is."""
        self._close(m, outcome, reason)
        self.world.take_memory(m.destination, -m.guest.spec.memory_bytes)
        m.note(_END_EVENTS[outcome], reason=reason, host=m.source)
        if m.guest.status == "suspended":
            m.guest.place(self.world.now_ns, m.source, "running")
            self.world.serve(m.guest, m.source)
            self.world.share_links()

    def _time_out(self, m: Migration) -> None:
        if not m.ended and not m.committed:
            self._go_on_at_source(m, "does-not-converge", "its time limit was reached")

    # Faults and changes

    def _fault(self, fault: FaultSpec) -> None:
        world, host = self.world, fault.on
        if fault.kind == "cancel":
            self._cancel(host)
            return
        if fault.kind == "announcement-lost":
            world.guests[host].announcements_to_lose += 1
            return
        if fault.kind == "link-up":
            if world.link_is_down(host):
                since, _ = world.down[host].pop()
                world.down[host].append((since, world.now_ns))
                world.note(EventKind.LINK_UP, host)
                self._update_web(host)
                for m in self._on(host):
                    if m.recover():
                        world.plan_again(m.name)
                world.share_links()
            return
        if fault.kind == "link-down":
            if world.link_is_down(host) or host in world.dead:
                return
            world.down[host].append((world.now_ns, 2**62))
            world.note(EventKind.LINK_DOWN, host)
            self._update_web(host)
            for m in self._on(host):
                self._cut(m, f"the link of {host} went down", recoverable=True)
        else:
            if host in world.dead:
                return
            world.dead.add(host)
            world.note(EventKind.HOST_DIED, host)
            self._host_died(host)
        world.share_links()

    def _update_web(self, host: str) -> None:
        for guest in self.world.guests.values():
            if guest.home == host:
                self.world.update_web(guest)

    def _cancel(self, vm: str) -> None:
        """Cancel the migration of a VM, if that is still possible."""
        running = [m for m in self.migrations if m.spec.vm == vm and not m.ended]
        for m in running:
            if m.committed:
                reason = f"{m.destination} is primary already"
                m.note(EventKind.CANCEL_REFUSED, reason=reason)
            else:
                self._go_on_at_source(m, "cancelled", f"cancelled; {vm} goes on at {m.source}")
        if not running:
            self.world.note(EventKind.CANCEL_REFUSED, vm, reason="no migration of it is under way")

    def _on(self, host: str) -> list[Migration]:
        return [m for m in self.migrations if not m.ended and host in (m.source, m.destination)]

    def _needs_source(self, m: Migration) -> bool:
        """Return whether pages exist only at the source although the destination is primary."""
        if not m.committed or not m.pulls:
            return False
        if m.pull is None:
            return True
        m.pull.settle(self.world.now_ns)  # what the link has carried by now has been carried
        return not m.pull.finished_by(self.world.now_ns)

    def _cut(self, m: Migration, why: str, *, recoverable: bool = False) -> None:
        if not m.committed:
            self._go_on_at_source(m, "failed", f"{why}; {m.spec.vm} goes on at {m.source}")
        elif self._needs_source(m):
            if recoverable and m.can_pause:
                m.pause()
                self.world.plan_again(m.name)
                return
            self._lose(m, f"{why} while pages of {m.spec.vm} were only at {m.source}")

    def _lose(self, m: Migration, reason: str) -> None:
        self._close(m, "lost", reason)
        m.note(EventKind.LOST, reason=reason)
        self._kill(m.spec.vm, m.destination)

    def _kill(self, vm: str, host: str) -> None:
        guest = self.world.guests[vm]
        guest.place(self.world.now_ns, host, "lost")
        self.world.serve(guest, None)

    def _host_died(self, host: str) -> None:
        for m in self._on(host):
            home = m.destination if m.committed else m.source
            if home == host:
                self._lose_with_host(m, host)
            elif not m.committed or self._needs_source(m):
                self._cut(m, f"{host} died")
        for guest in self.world.guests.values():
            if guest.host == host and guest.status == "running":
                self._kill(guest.spec.name, host)
                self.world.note(
                    EventKind.LOST, guest.spec.name, reason=f"{host} died and the VM with it"
                )

    def _lose_with_host(self, m: Migration, host: str) -> None:
        reason = f"{host} died and {m.spec.vm} with it"
        self._close(m, "lost", reason)
        m.note(EventKind.LOST, reason=reason)
        self._kill(m.spec.vm, host)

    def _change(self, change: ChangeSpec) -> None:
        for path, value in change.set.items():
            apply_change(self, path, value)
            self.world.note(EventKind.CHANGE, path=path, value=str(value))

    def is_pending(self, request: int) -> bool:
        """Return whether a request (by its number in the scenario) has not begun."""
        return request in self._waiting

    def limit_changed(self, m: Migration) -> None:
        """Take a running migration's new rate limit to the links."""
        sending = self.world.sendings.get(m.name)
        if sending is not None:
            sending.flow = m.flow()
            self.world.share_links()

    # Probes

    def _probes(self, end_ns: int) -> tuple[ProbeRecord, ...]:
        world = self.world
        network = Paths(self.spec.network, world.queues, world.down)
        return tuple(
            read_probe(
                Client(g.spec.name, i, probe, g.services, g.clocks[0], tuple(g.placements)),
                network,
                end_ns,
            )
            for g in world.guests.values()
            for i, probe in enumerate(g.spec.probes)
        )

    def _web_rates(self) -> dict[str, PiecewiseSeries]:
        return {w.name: w.rate for g in self.world.guests.values() for w in g.web}
