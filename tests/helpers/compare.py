"""Comparison of the engine's history with the twin's run of the same scenario."""

from collections.abc import Iterator
from random import Random

from engine.history import History, MigrationRecord
from engine.specs import ScenarioSpec
from engine.states import PageState
from tests.helpers.twin import Twin
from tests.helpers.twin_migration import TwinMigration

INSTANTS = 12


def differences(
    spec: ScenarioSpec, history: History, twin: Twin, *, instants: int = INSTANTS
) -> list[str]:
    """Return every difference in words; none: engine and twin agree.

    Args:
        spec: The scenario that both were given.
        history: What the engine made of it.
        twin: The twin, after its run.
        instants: At how many random instants of each migration page states are compared.
    """
    return list(_differences(spec, history, twin, instants))


def _differences(spec: ScenarioSpec, history: History, twin: Twin, instants: int) -> Iterator[str]:
    if history.end_ns != twin.end_ns:
        yield f"end of the run: engine {history.end_ns}, twin {twin.end_ns}"
    requested = twin.requested
    yield from _unequal("migrations", len(history.migrations), len(requested))
    for record, migration in zip(history.migrations, requested, strict=False):
        for text in _migration_differences(record, migration):
            yield f"{record.vm} ({record.policy}): {text}"
        for text in _page_differences(history, record, migration, spec.run.seed, instants):
            yield f"{record.vm} ({record.policy}): {text}"
    for vm_record in history.vms:
        vm = twin.vms[vm_record.spec.name]
        engine_places = [(p.t_ns, p.host, p.status) for p in vm_record.placements]
        yield from _unequal(f"{vm.spec.name} places", _where(engine_places), _where(vm.placements))
        guest = [clock.guest_at(history.end_ns) for clock in vm_record.clocks]
        twin_guest = [clock.at(twin.end_ns) for clock in vm.clocks]
        yield from _unequal(f"{vm.spec.name} guest times", guest, twin_guest)
    yield from _series_differences(history, twin, Random(spec.run.seed), instants)


def _series_differences(history: History, twin: Twin, rng: Random, count: int) -> Iterator[str]:
    """Compare guest times and web rates at random instants, and at those where they change."""
    for record in history.vms:
        vm = twin.vms[record.spec.name]
        for engine_clock, clock in zip(record.clocks, vm.clocks, strict=True):
            for t in _some_instants([k[0] for k in clock.knots], history.end_ns, rng, count):
                name = f"{vm.spec.name} guest time at {t}"
                yield from _unequal(name, engine_clock.guest_at(t), clock.guest_at(t))
        for client in vm.clients:
            rates = history.web_rates[client.name]
            steps = [t for t, _ in client.rates.steps]
            for t in _some_instants(steps, history.end_ns, rng, count):
                name = f"{client.name} rate at {t}"
                yield from _unequal(name, rates.value_at(t), client.rates.noted_at(t))
    clients = sum(len(vm.clients) for vm in twin.vms.values())
    yield from _unequal("number of web clients", len(history.web_rates), clients)


def _some_instants(edges: list[int], end_ns: int, rng: Random, count: int) -> list[int]:
    times = [rng.randint(0, end_ns) for _ in range(count)]
    times += [t - i for t in rng.sample(edges, min(len(edges), count)) for i in (0, 1)]
    return sorted({t for t in times if 0 <= t <= end_ns})


def _where(places: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """Return placements by where a copy runs: a suspended one is between its hosts.

    What lasts no time is left out.
    """
    result: list[tuple[int, str, str]] = []
    ends = [t for t, _, _ in places[1:]] + [-1]
    for t, host, status in [p for p, end in zip(places, ends, strict=True) if p[0] != end]:
        place = (t, host if status == "running" else "", status)
        if not result or result[-1][1:] != place[1:]:
            result.append(place)
    return result


def _unequal(name: str, engine: object, twin: object) -> Iterator[str]:
    if engine != twin:
        yield f"{name}: engine {engine}, twin {twin}"


def _migration_differences(record: MigrationRecord, migration: TwinMigration) -> Iterator[str]:
    twin = {
        "vm": migration.spec.vm,
        "policy": migration.policy,
        "outcome": migration.outcome,
        "stop_reason": migration.stop_reason,
        "suspended_ns": migration.suspended_ns,
        "resumed_ns": migration.resumed_ns,
        "reachable_ns": migration.reachable_ns,
        "released_ns": migration.released_ns,
        "ended_ns": migration.ended_ns,
        "pages_faulted": len(migration.faulted),
        "pages_sent": migration.pages_sent(),
    }
    for name, value in twin.items():
        yield from _unequal(name, getattr(record, name), value)
    yield from _unequal("stalls", sorted(record.stalls), sorted(migration.stalls))
    stalls = [(*s, vcpu) for s, vcpu in zip(record.stalls, record.stall_vcpus, strict=True)]
    yield from _unequal("vCPUs that stalled", stalls, sorted(migration.stall_vcpus))
    rounds = [
        (
            r.number, r.live, r.start_ns, r.end_ns, r.pages_sent, r.pages_skipped,
            r.pages_dirtied, r.rate_limit_bps,
        )
        for r in record.rounds
    ]  # fmt: skip
    twin_rounds = [
        (
            r.number, r.live, r.start, r.end, r.pages_sent, r.pages_skipped,
            r.pages_dirtied, r.limit,
        )
        for r in migration.rounds
    ]  # fmt: skip
    for engine_round, twin_round in zip(rounds, twin_rounds, strict=False):
        yield from _unequal("round", engine_round, twin_round)
    yield from _unequal("number of rounds", len(rounds), len(twin_rounds))
    if record.resumed_ns is not None and record.suspended_ns is not None:
        downtime = record.resumed_ns - record.suspended_ns
        parts = sum(length for _, length in record.downtime_parts)
        if parts != downtime:
            yield f"downtime parts sum to {parts}, not to {downtime}"


def _instants(record: MigrationRecord, end_ns: int, seed: int, count: int) -> list[int]:
    """Return random instants, and those at which something ends or begins."""
    assert record.track is not None
    rng = Random(seed)
    start = record.track.start_ns
    end = max(start, min(record.ended_ns or end_ns, end_ns))
    times = [rng.randint(start, end) for _ in range(count)]
    edges = [r.end_ns for r in record.rounds] + [r.start_ns for r in record.rounds]
    edges += [record.suspended_ns or start, record.resumed_ns or start, start, end]
    times += rng.sample(edges, min(len(edges), 4))
    times += [t - 1 for t in rng.sample(edges, min(len(edges), 2))]
    return sorted({t for t in times if start <= t <= end_ns})


def _page_differences(
    history: History,
    record: MigrationRecord,
    migration: TwinMigration,
    seed: int,
    count: int,
) -> Iterator[str]:
    if record.track is None:
        yield from _unequal("track", None, migration.base_ns)
        return
    yield from _unequal("start of copying", record.track.start_ns, migration.base_ns)
    if migration.base_ns is None:
        return
    for t in _instants(record, history.end_ns, seed, count):
        yield from _unequal(f"rate at {t}", record.rate.value_at(t), migration.sender.noted_at(t))
        engine = [PageState(int(s)) for s in record.track.states_at(t)]
        frame = history.frame_at(t).vms[record.vm].states
        shown = history.track_at(record.vm, t) is record.track  # no later move of the VM is
        if shown and frame is not None and [int(s) for s in frame] != [int(s) for s in engine]:
            yield f"frame_at({t}) and the track disagree"
        twin = migration.states_at(t)
        wrong = [p for p in range(len(twin)) if engine[p] is not twin[p]]
        if wrong:
            page = wrong[0]
            yield (
                f"{len(wrong)} page states at {t}: page {page}: "
                f"engine {engine[page].name}, twin {twin[page].name}"
            )
