"""From what a recording knows to a History: rounds, rates, phases, downtime, pings; no pages.

What a History must have and a recording does not know: hosts, network and policy are named after
the defaults of a scenario (the bandwidth after the fastest rate seen); a count is 0. Rounds without
times follow each other at an assumed rate; `Observed.notes` says so, and they go with the run.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
from msgspec import Struct

from engine.events import Event, EventKind
from engine.history import (
    MigrationRecord,
    PhaseRecord,
    Placement,
    RoundRecord,
    VmRecord,
)
from engine.importing.laid_out import (
    ASSUMED_BPS,
    SECOND_NS,
    Laid,
    bytes_of,
    counters_of,
    laid_out,
    rate_of,
    stopped_at,
)
from engine.importing.observed import Format, LogFileError, Observed, ObservedRound
from engine.network import PiecewiseSeries, QueueSeries
from engine.policies import POLICIES
from engine.probes import LOST_NS, Fate, ProbeRecord
from engine.recorded import RecordedHistory
from engine.specs import (
    PAGE_BYTES,
    HostSpec,
    MigrationSpec,
    NetworkSpec,
    ProbeSpec,
    RunSpec,
    ScenarioSpec,
    VmSpec,
)
from engine.units import format_size
from engine.workload import FULL_SPEED, GuestClock

LEAST_NS: Final = 10**6
"""The shortest run that a player can play."""
LARGEST_MEMORY_BYTES: Final = 2**40
"""A view of pages holds a byte and more for each of them."""
LONGEST_NS: Final = 366 * 86_400 * SECOND_NS
_DEFAULT_MEMORY_BYTES: Final = 512 * 2**20
_HOST_BYTES: Final = 8 * 2**30
_LATE_FACTOR: Final = 2
"""A reply counts as late when it took more than so many times the median, and 1 ms more."""
_POLICIES: Final = {
    Format.XL: ("xen-v2", "xen-legacy"),
    Format.XL_LEGACY: ("xen-legacy",),
}
_QEMU_POLICIES: Final = ("qemu-precopy", "xen-legacy")
_END_EVENTS: Final = {
    "completed": EventKind.RELEASED,
    "failed": EventKind.FAILED,
    "cancelled": EventKind.CANCELLED,
}
_CUT: Final = "the recording ends while the migration goes on"


class _Times(Struct, frozen=True):
    """When what happened; None: not known, or it did not happen."""

    push_ns: int
    suspended_ns: int | None
    resumed_ns: int | None
    there_ns: int | None
    """From when on the VM runs at the destination."""
    ended_ns: int | None
    end_ns: int


def history_of(observed: Observed) -> RecordedHistory:
    """Return a run that shows what a recording knows.

    Args:
        observed: As `read_recording` gave it; with pings only, no migration is in the run.

    Raises:
        LogFileError: The VM or the time is larger than can be shown.
    """
    rounds = laid_out(observed)
    times = _times_of(observed, rounds)
    _check_extent(observed, times.end_ns)
    moved = bool(observed.samples or observed.rounds or observed.statuses)
    rate = rate_of(
        observed, rounds, push_ns=times.push_ns, over_ns=times.ended_ns or times.end_ns
    )
    spec = _spec_of(observed, times, moved=moved, fastest_bps=max(rate.values, default=0))
    records = tuple(_round_record(observed, r, *span) for r, span in rounds)
    migrations = (_migration_of(observed, spec, times, records, rate),) if moved else ()
    transferred, remaining, dirtied = counters_of(observed, rounds)
    return RecordedHistory(
        kind=observed.format.label,
        notes=observed.notes,
        transferred_bytes=transferred,
        remaining_bytes=remaining,
        dirtied_pps=dirtied,
        memory_known=observed.memory_bytes is not None,
        deltas=observed.deltas,
        downtime_limit_ns=observed.downtime_limit_ns,
        spec=spec,
        end_ns=times.end_ns,
        events=_events_of(observed, migrations, rounds, times),
        migrations=migrations,
        vms=(_vm_of(observed, spec, times),),
        probes=_probes_of(observed),
        queues={f"{way}:{host.name}": QueueSeries() for host in spec.hosts for way in ("tx", "rx")},
        reserved=_reserved_of(
            spec, times, moved=moved, done=observed.outcome == "completed"
        ),
    )


def _check_extent(seen: Observed, end_ns: int) -> None:
    if _memory_of(seen) > LARGEST_MEMORY_BYTES:
        most = format_size(LARGEST_MEMORY_BYTES)
        raise LogFileError(f"{seen.name}: the VM has more memory than the {most} that can be shown")
    if end_ns > LONGEST_NS:
        raise LogFileError(f"{seen.name}: the recording lasts longer than a year")


def _times_of(seen: Observed, rounds: list[Laid]) -> _Times:
    marks = [span[1] for _, span in rounds] + [s.t_ns for s in seen.samples]
    marks += [s.t_ns for s in seen.statuses if s.t_ns is not None]
    marks += [p.t_ns + (p.rtt_ns or 0) for p in seen.pings] + [seen.total_time_ns or 0]
    last_ns = max(LEAST_NS, *marks)
    ended_ns = None
    if seen.outcome is not None:
        known_ns = seen.total_time_ns
        ended_ns = last_ns if known_ns is None else max(known_ns, *(s[1] for _, s in rounds), 0)
    push_ns = min(seen.setup_ns or 0, rounds[0][1][0] if rounds else last_ns, last_ns)
    if seen.outcome in ("cancelled", "failed"):
        return _Times(push_ns, None, None, None, ended_ns, last_ns)
    suspended_ns = stopped_at(seen, rounds)
    resumed_ns = None
    if suspended_ns is not None:
        suspended_ns = max(push_ns, min(suspended_ns, last_ns))
        if seen.downtime_ns is not None and (seen.outcome or seen.push_end_ns is not None):
            resumed_ns = min(suspended_ns + seen.downtime_ns, ended_ns or last_ns)
    there_ns = seen.push_end_ns if resumed_ns is None else resumed_ns
    if there_ns is None and seen.outcome == "completed":
        there_ns = ended_ns
    end_ns = max(last_ns, ended_ns or 0)
    return _Times(push_ns, suspended_ns, resumed_ns, there_ns, ended_ns, end_ns)


def _policy_of(seen: Observed) -> str:
    if seen.push_end_ns is not None:
        return "postcopy"
    return next(p for p in _POLICIES.get(seen.format, _QEMU_POLICIES) if p in POLICIES)


def _memory_of(seen: Observed) -> int:
    known = seen.memory_bytes or _DEFAULT_MEMORY_BYTES
    return max(1, -(-known // PAGE_BYTES)) * PAGE_BYTES


def _spec_of(seen: Observed, times: _Times, *, moved: bool, fastest_bps: int) -> ScenarioSpec:
    memory = _memory_of(seen)
    room = max(_HOST_BYTES, 2 * memory)
    names = (seen.source, seen.destination) if moved else (seen.source,)
    move = MigrationSpec(
        vm=seen.vm,
        to=seen.destination,
        policy=_policy_of(seen),
        rate_limit_bps=seen.rate_limit_bps,
    )
    probes = (_probe_spec(seen),) if seen.pings else ()
    return ScenarioSpec(
        format=1,
        title=f"Recorded: {seen.name}",
        description=" ".join([f"{seen.format.label}.", *seen.notes]),
        run=RunSpec(until=(False, times.end_ns)),
        hosts=tuple(HostSpec(name=name, memory_bytes=room, cpu="not recorded") for name in names),
        network=NetworkSpec(bandwidth_bps=max(ASSUMED_BPS, fastest_bps)),
        vms=(VmSpec(name=seen.vm, host=seen.source, memory_bytes=memory, probes=probes),),
        migrations=(move,) if moved else (),
    )


def _probe_spec(seen: Observed) -> ProbeSpec:
    return ProbeSpec(kind="ping", interval_ns=seen.ping_interval_ns or SECOND_NS)


def _round_record(seen: Observed, r: ObservedRound, start_ns: int, end_ns: int) -> RoundRecord:
    return RoundRecord(
        number=r.number,
        live=r.live,
        start_ns=start_ns,
        end_ns=end_ns,
        pages_sent=r.pages_sent or 0,
        pages_skipped=r.pages_skipped or 0,
        pages_dirtied=r.pages_dirtied or 0,
        bytes_sent=bytes_of(seen, r),
        rate_limit_bps=None,
    )


def _phases_of(seen: Observed, times: _Times) -> tuple[PhaseRecord, ...]:
    ended = times.ended_ns
    phases = []
    if times.push_ns > 0:
        phases.append(PhaseRecord("reservation", 0, times.push_ns))
    stopped, there = times.suspended_ns, times.there_ns
    push_end = there if stopped is None else stopped
    phases.append(PhaseRecord("push", times.push_ns, ended if push_end is None else push_end))
    if stopped is not None:
        phases.append(PhaseRecord("stop-and-copy", stopped, ended if there is None else there))
    if there is not None and (ended is None or there < ended):
        name = "activation" if seen.push_end_ns is None else "pull"
        phases.append(PhaseRecord(name, there, ended))
    return tuple(phases)


def _migration_of(
    seen: Observed,
    spec: ScenarioSpec,
    times: _Times,
    rounds: tuple[RoundRecord, ...],
    rate: PiecewiseSeries,
) -> MigrationRecord:
    sent = seen.pages_sent if seen.pages_sent is not None else sum(r.pages_sent for r in rounds)
    parts: tuple[tuple[str, int], ...] = ()
    if times.suspended_ns is not None and times.resumed_ns is not None:
        parts = (("recorded", times.resumed_ns - times.suspended_ns),)
    reason = seen.reason or ("" if seen.outcome == "completed" else f"{seen.outcome} at the source")
    return MigrationRecord(
        vm=seen.vm,
        source=seen.source,
        destination=seen.destination,
        policy=spec.migrations[0].policy,
        requested_ns=0,
        outcome=seen.outcome or "does-not-converge",
        reason=reason if seen.outcome else _CUT,
        refusals=(),
        stop_reason=None,
        suspended_ns=times.suspended_ns,
        resumed_ns=times.resumed_ns,
        reachable_ns=None,
        released_ns=times.ended_ns if seen.outcome == "completed" else None,
        ended_ns=times.ended_ns,
        downtime_parts=parts,
        phases=_phases_of(seen, times),
        rounds=rounds,
        pages_total=_memory_of(seen) // PAGE_BYTES,
        pages_sent=sent,
        bytes_sent=_all_sent(seen, sent),
        pages_skipped=sum(r.pages_skipped for r in rounds),
        pages_faulted=0,
        zero_pages=seen.zero_pages or 0,
        track=None,
        rate=rate,
    )


def _all_sent(seen: Observed, pages_sent: int) -> int:
    """Return the bytes sent: as told, else as far as the samples go, else the pages' contents."""
    if seen.bytes_sent is not None:
        return seen.bytes_sent
    sampled = [s.transferred_bytes for s in seen.samples if s.transferred_bytes is not None]
    return max(sampled, default=pages_sent * seen.page_bytes)


def _events_of(
    seen: Observed, moves: tuple[MigrationRecord, ...], rounds: list[Laid], times: _Times
) -> tuple[Event, ...]:
    found = [(0, 0, Event(0, EventKind.RUN_STARTED))]

    def note(t_ns: int | None, rank: int, kind: EventKind, **details: int | str) -> None:
        if t_ns is not None:
            event = Event(t_ns, kind, seen.vm, 0, tuple(details.items()))
            found.append((t_ns, rank, event))

    for m in moves:
        note(0, 1, EventKind.REQUESTED, source=m.source, destination=m.destination, policy=m.policy)
        note(times.push_ns, 2, EventKind.RESERVED, host=m.destination)
        for r, (start_ns, _) in rounds:
            pages = r.pages if r.pages is not None else r.pages_sent or 0
            rank = 3 if r.live else 6
            note(start_ns, rank, EventKind.ROUND_STARTED, round=r.number, pages=pages,
                 live=int(r.live))  # fmt: skip
        note(times.suspended_ns, 5, EventKind.SUSPENDED)
        note(times.resumed_ns, 7, EventKind.RESUMED, host=m.destination)
        if m.outcome in _END_EVENTS:
            note(times.ended_ns, 8, _END_EVENTS[m.outcome], reason=m.reason, host=m.source)
    found.append((times.end_ns, 9, Event(times.end_ns, EventKind.RUN_ENDED)))
    return tuple(event for _, _, event in sorted(found, key=lambda item: item[:2]))


def _vm_of(seen: Observed, spec: ScenarioSpec, times: _Times) -> VmRecord:
    placements = [Placement(0, seen.source, "running")]
    clock = GuestClock()
    turns: list[tuple[int, Callable[[int], None]]] = []
    for sample in seen.samples:
        if sample.throttle_percent is not None:
            share = min(99, max(0, sample.throttle_percent))
            speed = FULL_SPEED * (100 - share) // 100
            turns.append((sample.t_ns, partial(_set_speed, clock, speed)))
    there_ns = times.there_ns
    if times.suspended_ns is not None:
        placements.append(Placement(times.suspended_ns, seen.source, "suspended"))
        turns.append((times.suspended_ns, partial(_stop, clock)))
    if there_ns is not None:
        placements.append(Placement(there_ns, seen.destination, "running"))
        turns = [turn for turn in turns if turn[0] < there_ns or turn[0] == times.suspended_ns]
        turns.append((there_ns, partial(_go_on, clock)))
    for t_ns, turn in sorted(turns, key=lambda item: item[0]):
        turn(t_ns)
    return VmRecord(spec.vms[0], tuple(placements), (clock,), ())


def _set_speed(clock: GuestClock, speed: int, t_ns: int) -> None:
    clock.set_speed(t_ns, speed)


def _stop(clock: GuestClock, t_ns: int) -> None:
    clock.set_running(t_ns, False)


def _go_on(clock: GuestClock, t_ns: int) -> None:
    clock.set_speed(t_ns, FULL_SPEED)
    clock.set_running(t_ns, True)


def _probes_of(seen: Observed) -> tuple[ProbeRecord, ...]:
    if not seen.pings:
        return ()
    came = sorted(p.rtt_ns for p in seen.pings if p.rtt_ns is not None)
    usual_ns = came[len(came) // 2] if came else 0
    late_ns = _LATE_FACTOR * usual_ns + LEAST_NS
    rtts = [LOST_NS if p.rtt_ns is None else p.rtt_ns for p in seen.pings]
    fates = [
        Fate.LOST if rtt == LOST_NS else Fate.LATE if rtt > late_ns else Fate.ON_TIME
        for rtt in rtts
    ]
    sent = np.array([p.t_ns for p in seen.pings], np.int64)
    record = ProbeRecord(
        seen.vm, 0, _probe_spec(seen), sent, np.array(rtts, np.int64), np.array(fates, np.uint8)
    )
    return (record,)


def _reserved_of(
    spec: ScenarioSpec, times: _Times, *, moved: bool, done: bool
) -> dict[str, tuple[tuple[int, int], ...]]:
    """Return the memory in use: by both hosts while the VM moves, then by the one that has it."""
    memory = spec.vms[0].memory_bytes
    if not moved:
        return {spec.hosts[0].name: ((0, memory),)}
    source, destination = (host.name for host in spec.hosts)
    gone = ((0, memory),) if times.ended_ns is None else ((0, memory), (times.ended_ns, 0))
    kept = ((0, memory),)
    return {source: gone, destination: kept} if done else {source: kept, destination: gone}
