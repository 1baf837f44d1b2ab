"""Models of pre-copy without a simulation: one recurrence over a dirty curve.

With U(t) the pages dirtied in t seconds, V the memory and R the rate: v0 = V,
v(k+1) = U(v(k) / R), until a rule stops; the last of them is sent while the VM is stopped.
Every model knows the stages' costs; none knows the skip bitmap, which pages are where, links
shared with others, or a guest that copying slows. The curves are in `engine.working_set`.
Floats are in order here: nothing of this module is part of a run or of its digest.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from msgspec import Struct, field

from engine.specs import PAGE_BYTES
from engine.stop_rules import (
    CONVERGED,
    NEVER,
    SHORTEST_S,
    Progress,
    Rule,
)
from engine.working_set import (
    Curve,
    Floats,
)

HEADER_BYTES: Final = 8
PAGE_WIRE_BYTES: Final = PAGE_BYTES + HEADER_BYTES
PROBES_PER_DECADE: Final = 60  # how finely a curve is searched for crossings
LONGEST_S: Final = 1e9
FOLLOWED_ROUNDS: Final = 5000  # of a rule with a timeout; then the newest round is repeated


class Overheads(Struct, frozen=True):
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


class Prediction(Struct, frozen=True):
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


class _Run(Struct):
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
    newest_copy_s: float = 0.0

    def copy_s(self, rate_bps: float) -> float:
        """Return how long takes what is due."""
        return (self.dirtied * self.wire_bytes + self.extra_bytes) * 8 / rate_bps

    def send(self, overhead_s: float, copy_s: float) -> None:
        """Note a round of what is due."""
        seconds, self.newest_copy_s = overhead_s + copy_s, copy_s
        self.rounds.append((self.dirtied, seconds))
        self.pages_sent += self.dirtied
        self.bytes_sent += self.dirtied * self.wire_bytes + self.extra_bytes
        self.elapsed_s += seconds
        self.extra_bytes = 0.0

    def repeat_until(self, end_s: float) -> None:
        """Let as many rounds like the newest one pass as fit before an instant, uncounted."""
        pages, seconds = self.rounds[-1]
        count = max(0.0, math.floor((end_s - self.elapsed_s) / max(seconds, SHORTEST_S)))
        self.pages_sent += count * pages
        self.bytes_sent += count * pages * self.wire_bytes
        self.elapsed_s += count * seconds

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
            copy_s=self.newest_copy_s,
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
        if len(run.rounds) == FOLLOWED_ROUNDS and rule.timeout_s < math.inf:
            run.repeat_until(rule.timeout_s)
        start_s = run.elapsed_s
        run.send(overheads.round_s, run.copy_s(min(rate_bps, live_ceiling_bps, run.limit_bps)))
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
        run.send(overheads.round_s, run.copy_s(rate_bps))
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


class Frontier(Struct, frozen=True, eq=False):
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
