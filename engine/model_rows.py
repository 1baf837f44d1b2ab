"""What closed-form models say of one migration of a scenario, for the table beside its run."""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from msgspec import Struct

from engine.analytic import Overheads, frontier, least_bandwidth_bps, predict
from engine.network import stream_capacity_bps
from engine.policies import parameters_of
from engine.specs import PAGE_BYTES, MigrationSpec, ScenarioSpec, VmSpec
from engine.stop_rules import (
    Rule,
    rule_of,
)
from engine.working_set import (
    CLEAN_NS,
    READ_NS,
    SECOND_NS,
    CappedLinear,
    Curve,
    Flags,
    Levels,
    Linear,
    WorkingSet,
    measure,
    power_law_of,
    record,
    uniform,
    writers_of,
)

RECORDING_BYTES: Final = 64 << 20  # a VM of more than 12 GiB is recorded at a coarser grain


class ModelRow(Struct, frozen=True):
    """What one model says of a migration, for the outcome table.

    Attributes:
        model: Its name on screen.
        total_time_s: Infinite if it never ends; so is `downtime_s`.
        downtime_s: Seconds.
        bytes_sent: On the wire.
        converges: Whether the rounds shrank until the rule was content.
        assumption: What the model takes for granted, in one sentence.
    """

    model: str
    total_time_s: float
    downtime_s: float
    bytes_sent: float
    converges: bool
    assumption: str


FRONTIER_DOWNTIME_S: Final = 0.3  # QEMU's default downtime limit, as a yardstick for all
FRONTIER_SPEEDS: Final = tuple(2.0 ** (k / 4) for k in range(-12, 17))


class ConvergenceFrontier(Struct, frozen=True):
    """Where rounds of pre-copy come down to a short downtime, for a guest at several speeds.

    Attributes:
        downtime_s: The downtime that is asked for.
        rate_bps: What this migration may send.
        least_bps: The least that this guest needs.
        speeds: Multiples of the guest's speed of writing, ascending.
        bandwidths_bps: The least that each needs, same length.
        most_speed: The greatest multiple that `rate_bps` still brings down, None beyond the ends.
    """

    downtime_s: float
    rate_bps: float
    least_bps: float
    speeds: tuple[float, ...]
    bandwidths_bps: tuple[float, ...]
    most_speed: float | None

    @property
    def converges(self) -> bool:
        """Return whether this migration is on the right side."""
        return self.rate_bps >= self.least_bps


def frontier_for(
    spec: ScenarioSpec, vm: VmSpec, migration: MigrationSpec
) -> ConvergenceFrontier | None:
    """Return the convergence frontier of a migration's guest; None without rounds.

    The guest's dirty curve is measured over a window that begins one window after the request:
    how it goes on, and not how it began, decides whether rounds shrink.
    """
    if rule_of(migration.policy, migration.parameters) is None:
        return None
    writers = writers_of(spec.run.seed, vm)
    from_ns = migration.at_ns + CLEAN_NS
    curve = measure(writers, from_ns, from_ns + CLEAN_NS, n_pages=vm.n_pages).curve()
    found = frontier(
        curve, downtime_s=FRONTIER_DOWNTIME_S, pages=vm.n_pages, speeds=FRONTIER_SPEEDS
    )
    rate_bps = min(rate_of(spec, migration), vm.sending_ceiling_bps or math.inf)
    enough = np.flatnonzero(found.bandwidths_bps <= rate_bps)
    inside = 0 < len(enough) < len(FRONTIER_SPEEDS)
    return ConvergenceFrontier(
        FRONTIER_DOWNTIME_S,
        float(rate_bps),
        least_bandwidth_bps(curve, downtime_s=FRONTIER_DOWNTIME_S, pages=vm.n_pages),
        FRONTIER_SPEEDS,
        tuple(found.bandwidths_bps.tolist()),
        FRONTIER_SPEEDS[int(enough[-1])] if inside else None,
    )


def overheads_of(
    spec: ScenarioSpec, *, balloon: bool = False, plug_ns: int = 0, readings: int = 1
) -> Overheads:
    """Return the stage costs of a scenario.

    Args:
        spec: The scenario.
        balloon: Whether the policy lets the guest give memory back first.
        plug_ns: What it plugs devices for, in the downtime.
        readings: How often it reads the bitmap while the VM is stopped.
    """
    s, latency_ns = spec.stages, spec.network.latency_ns
    before_ns = s.pre_migration_ns + s.reservation_ns + (s.balloon_ns if balloon else 0)
    stopped_ns = s.suspend_ns + 2 * latency_ns + s.handshake_ns + s.start_up_ns
    stopped_ns += plug_ns + (readings - 1) * s.round_ns
    return Overheads(
        before_s=before_ns / SECOND_NS,
        round_s=s.round_ns / SECOND_NS,
        suspend_delay_s=s.suspend_delay_ns / SECOND_NS,
        stopped_s=stopped_ns / SECOND_NS,
        after_s=s.activation_ns / SECOND_NS,
        device_state_bytes=s.device_state_bytes,
    )


def rate_of(spec: ScenarioSpec, migration: MigrationSpec) -> int:
    """Return the most that a migration may send: the way's capacity, or its own rate limit."""
    source = next(vm.host for vm in spec.vms if vm.name == migration.vm)
    cards = [h.nic_bps for h in spec.hosts if h.name in (source, migration.to) and h.nic_bps]
    wire_bps = min([spec.network.bandwidth_bps, *cards])
    capacity_bps = stream_capacity_bps(wire_bps, overhead=spec.network.overhead)
    return min(capacity_bps, migration.rate_limit_bps or capacity_bps)


def models_for(
    spec: ScenarioSpec,
    vm: VmSpec,
    migration: MigrationSpec,
    *,
    rule: Rule | None = None,
    window_ns: int = CLEAN_NS,
) -> list[ModelRow]:
    """Return the predictions of all models for a VM's first migration.

    What the guest writes is taken from its writers as the scenario begins with them, and measured
    from the request on. Dated changes, faults and other migrations are left out.

    Args:
        spec: The scenario.
        vm: The VM that moves.
        migration: Its migration.
        rule: When to stop; absent: by the policy.
        window_ns: For how long the guest is measured.

    Returns:
        One row a model; none for a policy without rounds (post-copy).
    """
    rule = rule or rule_of(migration.policy, migration.parameters)
    if rule is None:
        return []
    parameters = parameters_of(migration.policy, migration.parameters)
    balloon = bool(parameters.get("balloon", False))
    overheads = overheads_of(
        spec,
        balloon=balloon,
        plug_ns=int(parameters.get("plug_time", 0)) * 10**6,
        readings=2 if migration.policy == "cloud-hypervisor" else 1,
    )
    zero_pages = vm.n_pages - (vm.first_cache_page if balloon else vm.first_zero_page)
    rows = []
    for name, curve, sentence in _models(spec.run.seed, vm, migration.at_ns, window_ns):
        found = predict(
            curve,
            pages=vm.n_pages,
            rate_bps=rate_of(spec, migration),
            rule=rule,
            zero_pages=zero_pages,
            live_ceiling_bps=vm.sending_ceiling_bps or math.inf,
            overheads=overheads,
        )
        rows.append(
            ModelRow(
                name,
                found.total_time_s,
                found.downtime_s,
                found.bytes_sent,
                found.converges,
                sentence,
            )
        )
    return rows


def first_look(spec: ScenarioSpec, request: int) -> ModelRow | None:
    """Return the capped linear model of a migration at once, from the specs alone.

    For a moment in which a run still takes long: nothing is measured, so it costs well below a
    millisecond at any size.

    Args:
        spec: The scenario.
        request: The migration's number in it.

    Returns:
        None for a policy without rounds, and for a guest whose writes are a recorded trace.
    """
    migration = spec.migrations[request]
    vm = next(vm for vm in spec.vms if vm.name == migration.vm)
    rule = rule_of(migration.policy, migration.parameters)
    if rule is None or any(w.pattern == "trace" for w in vm.writers):
        return None
    rate = float(sum(w.rate_pps for w in vm.writers))
    regions = [vm.n_pages if w.region_bytes is None else w.region_bytes // PAGE_BYTES
               for w in vm.writers if w.rate_pps]
    found = predict(
        CappedLinear(rate, float(min(vm.n_pages, sum(regions)))),
        pages=vm.n_pages,
        rate_bps=rate_of(spec, migration),
        rule=rule,
        zero_pages=vm.n_pages - vm.first_zero_page,
        live_ceiling_bps=vm.sending_ceiling_bps or math.inf,
        overheads=overheads_of(spec),
    )
    sentence = "Every write dirties another page until the whole working set is dirty."
    times = found.total_time_s, found.downtime_s
    return ModelRow("Capped linear", *times, found.bytes_sent, found.converges, sentence)


def _models(seed: int, vm: VmSpec, at_ns: int, window_ns: int) -> Iterator[tuple[str, Curve, str]]:
    """Yield (name, dirty curve, what it assumes) of every model that fits the VM's writers."""
    writers = writers_of(seed, vm)
    measured = measure(writers, at_ns, at_ns + window_ns, clean_ns=window_ns, n_pages=vm.n_pages)
    dirty_rate, working_set = _rate_and_set(vm, measured)
    bitmaps_bytes = dirty_bitmap_bytes(vm.n_pages) * len(measured.windows_s)
    interval_ns = READ_NS * -(-bitmaps_bytes // RECORDING_BYTES)
    yield (
        "Geometric series",
        Linear(dirty_rate),
        "Every write dirties another page, without end.",
    )
    yield (
        "Capped linear",
        CappedLinear(dirty_rate, working_set),
        "Every write dirties another page until the whole working set is dirty.",
    )
    if working_set:
        yield (
            "Uniform in the working set",
            uniform(dirty_rate, working_set),
            "Writes are spread evenly over the working set.",
        )
    levels = _levels(vm)
    if len(levels) > 1:
        yield (
            "Two levels",
            Levels(tuple(levels), limit_pages=vm.n_pages),
            "Writes are spread evenly over each of the writers' own regions, hot and cold.",
        )
    yield (
        "Power law",
        power_law_of(measured.windows_s, measured.mean_pages, limit_pages=vm.n_pages),
        "Dirty pages grow as a power of time, fitted to the measured curve.",
    )
    yield (
        "Measured curve",
        measured.curve(),
        "The guest always writes as it did in one window, bitmap read every 50 ms; longer "
        "windows go on with the last slope.",
    )
    yield (
        "Recorded replay",
        record(writers, at_ns, at_ns + window_ns, interval_ns=interval_ns, n_pages=vm.n_pages),
        "The guest repeats, in a loop, the pages that it wrote in that window.",
    )


def dirty_bitmap_bytes(n_pages: int) -> int:
    """Return how large the dirty bitmap of a VM is: a bit a page."""
    return n_pages // 8


def _rate_and_set(vm: VmSpec, measured: WorkingSet) -> tuple[float, float]:
    """Return dirty rate (pages/s) and working set: of the specs, or measured if one is a trace."""
    if any(w.pattern == "trace" for w in vm.writers):
        return float(measured.mean_pages[0] / measured.windows_s[0]), float(measured.size_pages)
    flags: Flags = np.zeros(vm.n_pages, np.bool_)
    for writer in vm.writers:
        first = writer.offset_bytes // PAGE_BYTES
        length = vm.n_pages if writer.region_bytes is None else writer.region_bytes // PAGE_BYTES
        flags[first : first + length] |= writer.rate_pps > 0
    return float(sum(w.rate_pps for w in vm.writers)), float(np.count_nonzero(flags))


def _levels(vm: VmSpec) -> list[tuple[float, float]]:
    """Return (pages, writes a second per page) of evenly written sets; none if others are there."""
    levels: list[tuple[float, float]] = []
    for writer in vm.writers:
        room = vm.n_pages - writer.offset_bytes // PAGE_BYTES
        pages = room if writer.region_bytes is None else writer.region_bytes // PAGE_BYTES
        pages = max(1, min(pages, room))
        if writer.pattern == "uniform":
            levels.append((pages, writer.rate_pps / pages))
        elif writer.pattern == "hot-cold":
            hot = max(1, pages * writer.hot_share_ppm // 1_000_000)
            cold, share = max(1, pages - hot), writer.hot_writes_ppm / 1_000_000
            levels.append((hot, writer.rate_pps * share / hot))
            levels.append((cold, writer.rate_pps * (1 - share) / cold))
        else:
            return []
    return levels
