"""History: the immutable record of a run, readable at any instant.

A run is data; the page states of a migration are a `PageTrack`.
This module does not simulate and does not word anything; see `simulation`, `narration`.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.events import Event
from engine.network import PiecewiseSeries, QueueSeries
from engine.page_track import Pages, PageTrack, Sample, States
from engine.probes import ProbeRecord
from engine.specs import ScenarioSpec, VmSpec
from engine.states import N_STATES
from engine.workload import GuestClock, WriterTimeline

if TYPE_CHECKING:
    from engine.remaining_pages import RemainingPages


class RoundRecord(Struct, frozen=True):
    """One round of copying; the one made while the VM is stopped has `live` False."""

    number: int
    live: bool
    start_ns: int
    end_ns: int
    pages_sent: int
    pages_skipped: int
    pages_dirtied: int
    bytes_sent: int
    rate_limit_bps: int | None


class PhaseRecord(Struct, frozen=True):
    """A phase: reservation, push, stop-and-copy, commitment, activation or pull."""

    name: str
    start_ns: int
    end_ns: int | None


class Refusal(Struct, frozen=True):
    """A rule of the pool that forbids a move: its name and its sentence."""

    rule: str
    sentence: str


class MigrationRecord(Struct, frozen=True):
    """Everything that is known of one migration at the end of the run."""

    vm: str
    source: str
    destination: str
    policy: str
    requested_ns: int
    outcome: str
    reason: str
    """Why it did not complete, in one sentence; "" when it did."""
    refusals: tuple[Refusal, ...]
    stop_reason: str | None
    suspended_ns: int | None
    resumed_ns: int | None
    reachable_ns: int | None
    released_ns: int | None
    ended_ns: int | None
    """Released, failed, refused, lost, or cut off by the end of the run."""
    downtime_parts: tuple[tuple[str, int], ...]
    phases: tuple[PhaseRecord, ...]
    rounds: tuple[RoundRecord, ...]
    pages_total: int
    pages_sent: int
    bytes_sent: int
    pages_skipped: int
    pages_faulted: int
    zero_pages: int
    track: PageTrack | None
    rate: PiecewiseSeries
    """Rate of the migration's own stream, bit/s."""
    stalls: tuple[tuple[int, int], ...] = ()
    """(when a vCPU stopped at a missing page, nanoseconds until the page was there)."""
    request: int = 0
    """Its place in the scenario's migrations."""
    stall_vcpus: tuple[int, ...] = ()
    """Which vCPU stopped, for each of `stalls`."""


class Placement(Struct, frozen=True):
    """From `t_ns` on the VM is on `host` and `running`, `suspended` or `lost`."""

    t_ns: int
    host: str
    status: str


class VmRecord(Struct, frozen=True):
    """A VM over the whole run."""

    spec: VmSpec
    placements: tuple[Placement, ...]
    clocks: tuple[GuestClock, ...]
    writers: tuple[WriterTimeline, ...]

    def placement_at(self, t_ns: int) -> Placement:
        """Return where the VM is at `t_ns`, and in which condition."""
        found = self.placements[0]
        for placement in self.placements:
            if placement.t_ns > t_ns:
                break
            found = placement
        return found

    def speed_at(self, t_ns: int) -> int:
        """Return the guest's speed at `t_ns` in thousandths: the mean of its vCPUs."""
        return sum(clock.speed_at(t_ns) for clock in self.clocks) // len(self.clocks)

    def speed_steps(self, end_ns: int) -> tuple[list[int], list[int]]:
        """Return (instants, thousandths) of the guest's speed up to `end_ns`, steps merged."""
        instants = sorted({t for c in self.clocks for t, _, _ in c.knots_until(end_ns + 1)})
        series = PiecewiseSeries()
        for t_ns in instants:
            series.step(t_ns, self.speed_at(t_ns))
        return series.t_ns, series.values

    def writes_between(self, from_ns: int, to_ns: int, *, limit: int = 1 << 20) -> Pages:
        """Return the pages written after `from_ns`, at `to_ns` at the latest, with repeats.

        Args:
            from_ns: Scenario time, excluded.
            to_ns: Scenario time, included.
            limit: At most so many, the newest, for each writer.
        """
        parts = [np.empty(0, np.uint32)]
        for writer in self.writers:
            clock = self.clocks[writer.vcpu]
            start, stop = clock.guest_at(from_ns), clock.guest_at(to_ns)
            parts.append(writer.pages_between(start, stop, limit=limit))
        return np.concatenate(parts)

    def write_rate_at(self, t_ns: int) -> int:
        """Return the page writes a second at `t_ns` (0 while the VM does not run)."""
        return sum(
            writer.rate_at(clock.guest_at(t_ns)) if clock.running_at(t_ns) else 0
            for writer in self.writers
            for clock in (self.clocks[writer.vcpu],)
        )


class VmFrame(Struct, frozen=True, dict=True):
    """A VM at one instant."""

    name: str
    host: str
    status: str
    """running, suspended or lost."""
    migration: int | None
    """Index of the newest migration whose request is not later than the instant."""
    phase: str | None
    round: RoundRecord | None
    """The round that is going on, with its figures at its end."""
    t_ns: int
    track: PageTrack | None
    """Page states of that migration; None before the first copying begins."""

    @cached_property
    def states(self) -> States | None:
        """Page states at the instant, shape (n_pages,), or None; made when first asked for."""
        return None if self.track is None else self.track.states_at(self.t_ns)

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """How many pages are in each `PageState`, shape (N_STATES,)."""
        if self.states is None:
            return np.zeros(N_STATES, np.int64)
        return np.bincount(self.states, minlength=N_STATES)


class Frame(Struct, frozen=True):
    """The whole pool at one instant."""

    t_ns: int
    vms: dict[str, VmFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class History:
    """A finished run.

    Attributes:
        spec: The scenario that was run.
        end_ns: Length of the run.
        events: In order of time.
        migrations: In order of request.
        vms: In the scenario's order.
        probes: In the scenario's order.
        queues: Backlog of each host's sending port, by host.
        reserved: Per host (t_ns, bytes) steps of memory used or reserved.
        web_rates: What each web client got, bit/s, by `web:VM:INDEX` (index of six digits).
        samples: Part of the pages of large VMs, by VM, once `engine.sampling` has made them: no
            part of the record.
        remaining: Pages left of migrations, by their index, once `engine.remaining_pages` has
            counted them: no part of the record either.
    """

    spec: ScenarioSpec
    end_ns: int
    events: tuple[Event, ...]
    migrations: tuple[MigrationRecord, ...]
    vms: tuple[VmRecord, ...]
    probes: tuple[ProbeRecord, ...]
    queues: dict[str, QueueSeries]
    reserved: dict[str, tuple[tuple[int, int], ...]]
    web_rates: dict[str, PiecewiseSeries] = field(default_factory=dict)
    samples: dict[str, Sample] = field(default_factory=dict, compare=False, repr=False)
    remaining: dict[int, "RemainingPages | None"] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def vm(self, name: str) -> VmRecord:
        """Return a VM's record by its name.

        Raises:
            KeyError: No VM has that name.
        """
        for record in self.vms:
            if record.spec.name == name:
                return record
        raise KeyError(name)

    def migration_at(self, vm: str, t_ns: int) -> int | None:
        """Return the index of the VM's newest migration requested at or before `t_ns`."""
        found = None
        for index, record in enumerate(self.migrations):
            if record.vm == vm and record.requested_ns <= t_ns and record.outcome != "refused":
                found = index
        return found

    def track_at(self, vm: str, t_ns: int) -> PageTrack | None:
        """Return the page track that a view of the VM shows at `t_ns`, if any."""
        index = self.migration_at(vm, t_ns)
        track = None if index is None else self.migrations[index].track
        return track if track is not None and track.start_ns <= t_ns else None

    def frame_at(self, t_ns: int) -> Frame:
        """Return the state of everything at `t_ns`, clipped to the run."""
        t_ns = max(0, min(t_ns, self.end_ns))
        return Frame(t_ns, {r.spec.name: self._vm_frame(r, t_ns) for r in self.vms})

    def _vm_frame(self, record: VmRecord, t_ns: int) -> VmFrame:
        name = record.spec.name
        placement = record.placement_at(t_ns)
        index = self.migration_at(name, t_ns)
        phase = round_record = None
        if index is not None:
            migration = self.migrations[index]
            for p in migration.phases:
                if p.start_ns <= t_ns and (p.end_ns is None or t_ns < p.end_ns):
                    phase = p.name
            for r in migration.rounds:
                if r.start_ns <= t_ns < r.end_ns:
                    round_record = r
        return VmFrame(
            name,
            placement.host,
            placement.status,
            index,
            phase,
            round_record,
            t_ns,
            self.track_at(name, t_ns),
        )

    def digest(self) -> str:
        """Return a SHA-256 of everything that the run produced, as hexadecimal text."""
        return self.digest_until(self.end_ns + 1)

    def digest_until(self, t_ns: int) -> str:
        """Return a SHA-256 of everything dated before `t_ns`: the past of a branch.

        Figures that are only known later (a round's end, an outcome) are left out until then.
        """
        hasher = hashlib.sha256()
        whole = t_ns > self.end_ns
        for chunk in self._digest_parts(t_ns, whole=whole):
            hasher.update(chunk)
        return hasher.hexdigest()

    def _digest_parts(self, t_ns: int, *, whole: bool) -> Iterator[bytes]:
        for event in self.events:
            if event.t_ns < t_ns:
                yield repr((event.t_ns, event.kind.value, event.subject, event.details)).encode()
        for migration in self.migrations:
            if migration.requested_ns < t_ns:
                yield from _migration_parts(migration, t_ns, whole=whole)
        for vm in self.vms:
            past = [p for p in vm.placements if p.t_ns < t_ns]
            yield repr([(p.t_ns, p.host, p.status) for p in past]).encode()
            for clock in vm.clocks:
                yield repr(clock.knots_until(t_ns)).encode()
        for probe in self.probes:
            yield from probe.digest_parts(t_ns)
        for name, queue in self.queues.items():
            yield name.encode() + queue.digest_part(t_ns)
        for name, rate in self.web_rates.items():
            yield name.encode() + rate.digest_part(t_ns)


def _migration_parts(migration: MigrationRecord, t_ns: int, *, whole: bool) -> Iterator[bytes]:
    yield repr((migration.vm, migration.destination, migration.policy)).encode()
    if whole:
        yield repr(
            (
                migration.outcome,
                migration.stop_reason,
                migration.refusals,
                migration.downtime_parts,
                migration.phases,
                migration.pages_sent,
                migration.bytes_sent,
                migration.pages_faulted,
                migration.released_ns,
                migration.reachable_ns,
                migration.stalls,
            )
        ).encode()
    yield repr([r for r in migration.rounds if r.end_ns < t_ns]).encode()
    yield migration.rate.digest_part(t_ns)
    if migration.track is None:
        return
    for section in migration.track.sections:
        if section.start_ns >= t_ns:
            break
        yield str(section.start_ns).encode() + section.base.tobytes()
        for lane in section.lanes:
            stop = lane.count_at(t_ns - 1)
            groups = int(np.searchsorted(lane.end_ns, t_ns, side="left"))
            yield lane.end_ns[:groups].tobytes() + lane.pages[:stop].tobytes()
