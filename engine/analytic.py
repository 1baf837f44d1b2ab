"""Models of pre-copy without a simulation: one recurrence over a dirty curve.

With U(t) the pages dirtied in t seconds, V the memory and R the rate: v0 = V,
v(k+1) = U(v(k) / R), until a rule stops; the last of them is sent while the VM is stopped.
Every model knows the stages' costs; none knows the skip bitmap, which pages are where, links
shared with others, or a guest that copying slows. The curves are in `engine.working_set`.
Floats are in order here: nothing of this module is part of a run or of its digest.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Protocol

import numpy as np

from engine.network import stream_capacity_bps
from engine.policies import ParameterValue, parameters_of
from engine.specs import PAGE_BYTES, MigrationSpec, ScenarioSpec, VmSpec
from engine.working_set import (
    CLEAN_NS,
    MBIT,
    READ_NS,
    SECOND_NS,
    CappedLinear,
    Curve,
    Flags,
    Floats,
    Levels,
    Linear,
    WorkingSet,
    measure,
    power_law_of,
    record,
    uniform,
    writers_of,
)

HEADER_BYTES: Final = 8
PAGE_WIRE_BYTES: Final = PAGE_BYTES + HEADER_BYTES
PROBES_PER_DECADE: Final = 60  # how finely a curve is searched for crossings
RECORDING_BYTES: Final = 64 << 20  # a VM of more than 12 GiB is recorded at a coarser grain
SHORTEST_S: Final = 1e-6
LONGEST_S: Final = 1e9


@dataclass(frozen=True, slots=True)
class Progress:
    """What a stop rule may know before the next round.

    Attributes:
        number: Live rounds made. sent: Pages sent in the newest, None before round 1.
        previous_sent: Pages sent in the one before it, or None.
        total_sent: Pages sent in all. pages: Pages of the VM.
        dirtied: Pages that are due now. due_s: How long they take.
        round_s: Length of the newest round. elapsed_s: Of all of them.
        limit_bps: Rate limit in force.
        stuck: Whether the rounds can shrink no more, ever.
    """

    number: int
    sent: float | None
    previous_sent: float | None
    total_sent: float
    pages: float
    dirtied: float
    due_s: float
    round_s: float
    elapsed_s: float
    limit_bps: float
    stuck: bool


class Rule(Protocol):
    """When to stop the VM, and how fast to send."""

    @property
    def first_limit_bps(self) -> float:
        """Return the rate limit of the first round."""

    def reason(self, progress: Progress) -> str | None:
        """Return why the next round is sent while stopped; None: it is a live one."""

    def next_limit_bps(self, limit_bps: float, dirtied: float, round_s: float) -> float:
        """Return the rate limit after a round that dirtied so many pages."""

    def last_limit_bps(self, limit_bps: float) -> float:
        """Return the rate limit of the copy while stopped."""


CONVERGED: Final = frozenset({"downtime-limit", "few-pages", "stop-and-copy"})
NEVER: Final = "never"


class _NoLimit:
    """A rule that does not limit the rate."""

    @property
    def first_limit_bps(self) -> float:
        """Return no limit."""
        return math.inf

    def next_limit_bps(self, limit_bps: float, dirtied: float, round_s: float) -> float:
        """Return the same limit."""
        return limit_bps

    def last_limit_bps(self, limit_bps: float) -> float:
        """Return the same limit."""
        return limit_bps


class StopAtOnce(_NoLimit):
    """No live round: plain stop-and-copy."""

    def reason(self, progress: Progress) -> str | None:
        """Stop before the first round."""
        return "stop-and-copy"


@dataclass(frozen=True, slots=True)
class DowntimeLimit(_NoLimit):
    """Stop when what is due takes no longer than the downtime allowed (QEMU).

    Attributes:
        limit_s: Downtime allowed.
        max_time_s: Give up after so long: then it does not converge.
    """

    limit_s: float
    max_time_s: float = 3600.0

    def reason(self, progress: Progress) -> str | None:
        """Compare what is due with the limit."""
        if progress.due_s <= self.limit_s:
            return "downtime-limit"
        return NEVER if progress.stuck or progress.elapsed_s > self.max_time_s else None


@dataclass(frozen=True, slots=True)
class BoundedRounds(_NoLimit):
    """Xen's rule: few pages in a round, enough rounds, or enough sent."""

    max_rounds: int = 29
    min_dirty_pages: int = 50
    max_factor: float = 3.0

    def reason(self, progress: Progress) -> str | None:
        """Return the first of the three tests that holds after a live round."""
        if progress.sent is None:
            return None
        if progress.sent < self.min_dirty_pages:
            return "few-pages"
        if progress.number >= self.max_rounds:
            return "max-rounds"
        if progress.total_sent > self.max_factor * progress.pages:
            return "max-factor"
        return None


@dataclass(frozen=True, slots=True)
class AdaptiveRounds(BoundedRounds):
    """The rule of Clark et al. 2005: the limit follows the dirtying rate.

    Attributes:
        start_mbit: First limit. max_mbit: Highest. increment_mbit: Above the dirtying rate.
        last_mbit: Of the copy while stopped; 0: the one in force. (All of 2^20 bit/s.)
        printed: The rule as the paper prints it, not as its code has it.
        min_remaining_bytes: Printed rule: stop when fewer are dirty.
    """

    start_mbit: float = 100.0
    max_mbit: float = 500.0
    increment_mbit: float = 50.0
    last_mbit: float = 0.0
    printed: bool = False
    min_remaining_bytes: float = 262_144.0

    @property
    def first_limit_bps(self) -> float:
        """Return the administrator's lower limit."""
        return self.start_mbit * MBIT

    def reason(self, progress: Progress) -> str | None:
        """Return why the rounds are over, by the code or as printed."""
        if progress.sent is None:
            return None
        if self.printed:
            if _dirty_mbit(progress.dirtied, progress.round_s) + self.increment_mbit > (
                self.max_mbit
            ):
                return "rate-over-max"
            if progress.dirtied * PAGE_BYTES < self.min_remaining_bytes:
                return "few-pages"
            return "max-rounds" if progress.number >= self.max_rounds else None
        grew = progress.previous_sent is not None and progress.sent > progress.previous_sent
        if grew and progress.limit_bps >= self.max_mbit * MBIT:
            return "not-shrinking"
        return BoundedRounds.reason(self, progress)

    def next_limit_bps(self, limit_bps: float, dirtied: float, round_s: float) -> float:
        """Raise the limit to the dirtying rate and the increment; by the code it never falls."""
        rate_mbit = _dirty_mbit(dirtied, round_s)
        if self.printed:
            wanted = max(self.start_mbit, rate_mbit + self.increment_mbit)
        elif rate_mbit > limit_bps / MBIT:
            wanted = rate_mbit + self.increment_mbit
        else:
            return limit_bps
        return min(self.max_mbit, wanted) * MBIT

    def last_limit_bps(self, limit_bps: float) -> float:
        """Return the limit of the copy while stopped."""
        if self.last_mbit:
            return self.last_mbit * MBIT
        return self.max_mbit * MBIT if self.printed else limit_bps


def _dirty_mbit(dirtied: float, round_s: float) -> float:
    return dirtied * PAGE_BYTES * 8 / max(round_s, SHORTEST_S) / 1e6


def rule_of(policy: str, parameters: Mapping[str, ParameterValue]) -> Rule | None:
    """Return the rule of a scenario's policy; None if it has no rounds to predict."""
    given = parameters_of(policy, parameters)
    if policy == "stop-and-copy":
        return StopAtOnce()
    if "max_rounds" not in given or "min_dirty" not in given:
        return None
    bounds = (int(given["max_rounds"]), int(given["min_dirty"]), float(given["max_factor"]))
    if "start_rate" not in given:
        return BoundedRounds(*bounds)
    return AdaptiveRounds(
        *bounds,
        start_mbit=float(given["start_rate"]),
        max_mbit=float(given["max_rate"]),
        increment_mbit=float(given["increment"]),
        last_mbit=float(given["last_rate"]),
        printed=given["rule"] == "printed",
        min_remaining_bytes=float(given["min_remaining"]),
    )


@dataclass(frozen=True, slots=True)
class Overheads:
    """What a migration costs beside the copying of pages.

    Attributes:
        before_s: Before the first round. round_s: At the start of every round, the last too.
        suspend_delay_s: From the decision to the stopped VM, which writes meanwhile.
        stopped_s: Of the downtime, beside the copying. after_s: From the resume to the release.
        device_state_bytes: Sent after the last page.
    """

    before_s: float = 0.0
    round_s: float = 0.0
    suspend_delay_s: float = 0.0
    stopped_s: float = 0.0
    after_s: float = 0.0
    device_state_bytes: float = 0.0


NO_OVERHEADS: Final = Overheads()


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of a migration.

    Attributes:
        rounds: (pages, seconds) of every round; the last one was sent while the VM is stopped,
            unless the migration never ends.
        total_time_s: From the request to the release; infinite if it never ends.
        downtime_s: Infinite if it never ends.
        bytes_sent: On the wire, headers and device state included.
        converges: Whether the rounds shrank until the rule was content.
        stop_reason: Of the rule; "never" if it was never content.
        plateau_pages: What the rounds would settle at, if none of them were the last.
    """

    rounds: tuple[tuple[float, float], ...]
    total_time_s: float
    downtime_s: float
    bytes_sent: float
    converges: bool
    stop_reason: str
    plateau_pages: float


@dataclass
class _Run:
    """The recurrence while it goes on."""

    curve: Curve
    pages: float
    dirtied: float
    extra_bytes: float
    wire_bytes: float
    rate_bps: float
    limit_bps: float
    elapsed_s: float = 0.0
    bytes_sent: float = 0.0
    pages_sent: float = 0.0
    rounds: list[tuple[float, float]] = field(default_factory=list)

    def copy_s(self, rate_bps: float) -> float:
        """Return how long takes what is due."""
        return (self.dirtied * self.wire_bytes + self.extra_bytes) * 8 / rate_bps

    def send(self, seconds: float) -> None:
        """Note a round of what is due."""
        self.rounds.append((self.dirtied, seconds))
        self.pages_sent += self.dirtied
        self.bytes_sent += self.dirtied * self.wire_bytes + self.extra_bytes
        self.elapsed_s += seconds
        self.extra_bytes = 0.0

    def progress(self) -> Progress:
        """Return what the rule may know."""
        number = len(self.rounds)
        sent = self.rounds[-1][0] if number else None
        previous = self.rounds[-2][0] if number > 1 else None
        # U grows with t, so rounds that once do not shrink never do again (round 1 is its own).
        grown = previous is not None and sent is not None and self.dirtied >= sent
        return Progress(
            number=number,
            sent=sent,
            previous_sent=previous,
            total_sent=self.pages_sent,
            pages=self.pages,
            dirtied=self.dirtied,
            due_s=self.copy_s(min(self.rate_bps, self.limit_bps)),
            round_s=self.rounds[-1][1] if number else 0.0,
            elapsed_s=self.elapsed_s,
            limit_bps=self.limit_bps,
            stuck=grown and self.curve.stationary,
        )


def predict(
    curve: Curve,
    *,
    pages: float,
    rate_bps: float,
    rule: Rule,
    wire_bytes: float = PAGE_WIRE_BYTES,
    zero_pages: float = 0.0,
    zero_page_bytes: float = 0.0,
    live_ceiling_bps: float = math.inf,
    overheads: Overheads = NO_OVERHEADS,
) -> Prediction:
    """Return what the recurrence says.

    Args:
        curve: Pages dirtied in a window.
        pages: Pages of the VM.
        rate_bps: What the link carries, as stream.
        rule: When to stop.
        wire_bytes: Bytes that a page costs on the wire.
        zero_pages: Of `pages`, those that hold nothing in round 1.
        zero_page_bytes: What such a page costs then.
        live_ceiling_bps: The most that is sent while the VM runs.
        overheads: What the stages cost.
    """
    run = _Run(
        curve,
        pages,
        pages - zero_pages,
        zero_pages * zero_page_bytes,
        wire_bytes,
        rate_bps,
        rule.first_limit_bps,
    )
    reason = rule.reason(run.progress())
    while reason is None:
        start_s = run.elapsed_s
        run.send(overheads.round_s + run.copy_s(min(rate_bps, live_ceiling_bps, run.limit_bps)))
        round_s = run.rounds[-1][1]
        run.dirtied = curve.pages_in(round_s, start_s)
        reason = rule.reason(run.progress())
        if reason is None:  # the rule judges by the limit that was in force
            run.limit_bps = rule.next_limit_bps(run.limit_bps, run.dirtied, round_s)
    settled = plateau(
        curve, rate_bps=min(rate_bps, live_ceiling_bps), pages=pages, wire_bytes=wire_bytes
    )
    return _ended(run, rule, reason, overheads, settled)


def _ended(run: _Run, rule: Rule, reason: str, overheads: Overheads, settled: float) -> Prediction:
    """Send the rest while the VM is stopped, unless that never comes."""
    downtime_s = total_time_s = math.inf
    if reason != NEVER:
        if run.rounds:
            pages, seconds = run.rounds.pop()
            seconds += overheads.suspend_delay_s
            run.elapsed_s += overheads.suspend_delay_s
            run.rounds.append((pages, seconds))
            run.dirtied = run.curve.pages_in(seconds, run.elapsed_s - seconds)
            run.limit_bps = rule.next_limit_bps(run.limit_bps, run.dirtied, seconds)
        else:
            run.elapsed_s += overheads.suspend_delay_s
        live_s = run.elapsed_s
        rate_bps = min(run.rate_bps, rule.last_limit_bps(run.limit_bps))
        run.send(overheads.round_s + run.copy_s(rate_bps))
        run.bytes_sent += overheads.device_state_bytes
        downtime_s = run.rounds[-1][1] + overheads.stopped_s
        downtime_s += overheads.device_state_bytes * 8 / rate_bps
        total_time_s = overheads.before_s + live_s + downtime_s + overheads.after_s
    return Prediction(
        tuple(run.rounds),
        total_time_s,
        downtime_s,
        run.bytes_sent,
        reason in CONVERGED,
        reason,
        settled,
    )


def geometric_series(
    pages: float, *, rate_pps: float, dirty_rate_pps: float, downtime_s: float
) -> tuple[int, float]:
    """Return (live rounds, total seconds) in closed form; U = D t with D below the rate.

    Raises:
        ValueError: The series does not shrink.

    Source:
        The formulas of the CloudSimSDN live-migration fork, He and Buyya.
    """
    ratio = dirty_rate_pps / rate_pps
    if not 0 < ratio < 1:
        raise ValueError("the dirty rate must be above 0 and below the rate")
    n = max(0, math.ceil(math.log(downtime_s * rate_pps / pages) / math.log(ratio)))
    return n, pages / rate_pps * (1 - ratio ** (n + 1)) / (1 - ratio)


def _windows(from_s: float, to_s: float) -> Floats:
    count = max(2, math.ceil(abs(math.log10(to_s / from_s)) * PROBES_PER_DECADE) + 1)
    return np.geomspace(from_s, to_s, count)


def _crossing(curve: Curve, rate_pps: float, low_s: float, high_s: float) -> float:
    """Return the t between the two (U at least R t at one, less at the other) where they meet."""
    above = curve.pages_in(low_s) >= rate_pps * low_s
    for _ in range(80):
        middle = math.sqrt(low_s * high_s)
        if (curve.pages_in(middle) >= rate_pps * middle) == above:
            low_s = middle
        else:
            high_s = middle
    return high_s


def plateau(
    curve: Curve,
    *,
    rate_bps: float,
    pages: float = math.inf,
    wire_bytes: float = PAGE_WIRE_BYTES,
) -> float:
    """Return the pages that rounds settle at: the fixed point v = U(v / R) that they come to.

    Args:
        curve: Pages dirtied in a window.
        rate_bps: What the link carries.
        pages: Pages of the first round; absent: more than any fixed point.
        wire_bytes: Bytes that a page costs.

    Returns:
        Pages; 0 if rounds shrink to nothing, infinite if they grow without end.
    """
    curve, rate_pps = curve.steady(), rate_bps / 8 / wire_bytes
    first_s = min(LONGEST_S, max(2 * SHORTEST_S, pages / rate_pps))
    growing = curve.pages_in(first_s) >= rate_pps * first_s
    ways = _windows(first_s, LONGEST_S if growing else SHORTEST_S)
    for near, far in pairwise(ways.tolist()):
        if (curve.pages_in(far) >= rate_pps * far) != growing:
            return rate_pps * _crossing(curve, rate_pps, near, far)
    return math.inf if growing else 0.0


def least_bandwidth_bps(
    curve: Curve,
    *,
    downtime_s: float,
    pages: float,
    wire_bytes: float = PAGE_WIRE_BYTES,
) -> float:
    """Return the bandwidth above which pre-copy comes down to a downtime: the frontier.

    At a rate R the rounds come below R times the downtime iff U(t) < R t for every round length
    t from the downtime to that of the first round, V / R. (One round that takes no longer than
    the downtime will do as well.)
    """
    curve, densest_pps = curve.steady(), 0.0
    for window_s in _windows(downtime_s, LONGEST_S).tolist():
        densest_pps = max(densest_pps, curve.pages_in(window_s) / window_s)
        if densest_pps * window_s > pages:  # at such a rate round 1 is shorter than this
            break
    return min(pages / downtime_s, densest_pps) * wire_bytes * 8


@dataclass(frozen=True, slots=True, eq=False)
class Frontier:
    """The line between rounds that come down to a downtime (above it) and rounds that do not.

    Attributes:
        speeds: How many times as fast as it is the guest would write, shape (n,).
        dirty_rates_pps: Distinct pages that it then dirties in a first second, same shape.
        bandwidths_bps: The least bandwidth for each, same shape.
    """

    speeds: Floats
    dirty_rates_pps: Floats
    bandwidths_bps: Floats


def frontier(
    curve: Curve,
    *,
    downtime_s: float,
    pages: float,
    speeds: Sequence[float] | Floats,
    wire_bytes: float = PAGE_WIRE_BYTES,
) -> Frontier:
    """Return the least bandwidths for a guest that writes at several multiples of its speed."""
    curves = [curve.at_speed(float(speed)) for speed in speeds]
    return Frontier(
        np.array(speeds, np.float64),
        np.array([c.pages_in(1.0) for c in curves], np.float64),
        np.array(
            [
                least_bandwidth_bps(c, downtime_s=downtime_s, pages=pages, wire_bytes=wire_bytes)
                for c in curves
            ],
            np.float64,
        ),
    )


@dataclass(frozen=True, slots=True)
class ModelRow:
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


def overheads_of(spec: ScenarioSpec, *, balloon: bool = False) -> Overheads:
    """Return the stage costs of a scenario."""
    s, latency_ns = spec.stages, spec.network.latency_ns
    before_ns = s.pre_migration_ns + s.reservation_ns + (s.balloon_ns if balloon else 0)
    return Overheads(
        before_s=before_ns / SECOND_NS,
        round_s=s.round_ns / SECOND_NS,
        suspend_delay_s=s.suspend_delay_ns / SECOND_NS,
        stopped_s=(s.suspend_ns + 2 * latency_ns + s.handshake_ns + s.start_up_ns) / SECOND_NS,
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
    balloon = bool(parameters_of(migration.policy, migration.parameters).get("balloon", False))
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
            overheads=overheads_of(spec, balloon=balloon),
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


def _models(seed: int, vm: VmSpec, at_ns: int, window_ns: int) -> Iterator[tuple[str, Curve, str]]:
    """Yield (name, dirty curve, what it assumes) of every model that fits the VM's writers."""
    writers = writers_of(seed, vm)
    measured = measure(writers, at_ns, at_ns + window_ns, clean_ns=window_ns, n_pages=vm.n_pages)
    dirty_rate, working_set = _rate_and_set(vm, measured)
    bitmaps_bytes = vm.n_pages // 8 * len(measured.windows_s)
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
