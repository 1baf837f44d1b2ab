"""When pre-copy stops, in models without a simulation: a rule sees counts, never pages.

Floats are in order here: nothing of this module is part of a run or of its digest.
"""

import math
from collections.abc import Mapping
from typing import Final, Protocol

from msgspec import Struct

from engine.policies import ParameterValue, parameters_of
from engine.specs import PAGE_BYTES
from engine.working_set import (
    MBIT,
)

SHORTEST_S: Final = 1e-6
HALF_PAGE: Final = 0.5  # a model counts in fractions; less than this is no page


class Progress(Struct, frozen=True):
    """What a stop rule may know before the next round.

    Attributes:
        number: Live rounds made. sent: Pages sent in the newest, None before round 1.
        previous_sent: Pages sent in the one before it, or None.
        total_sent: Pages sent in all. pages: Pages of the VM.
        dirtied: Pages that are due now. due_s: How long they take.
        round_s: Length of the newest round. elapsed_s: Of all of them.
        limit_bps: Rate limit in force.
        stuck: Whether the rounds can shrink no more, ever.
        copy_s: What of `round_s` the pages were on their way.
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
    copy_s: float = 0.0


class Rule(Protocol):
    """When to stop the VM, and how fast to send."""

    @property
    def first_limit_bps(self) -> float:
        """Return the rate limit of the first round."""

    @property
    def timeout_s(self) -> float:
        """Return after how long the rounds end whatever they are like; infinite: never."""

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

    @property
    def timeout_s(self) -> float:
        """Return no timeout."""
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


class DowntimeLimit(_NoLimit, Struct, frozen=True):
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


class BoundedRounds(_NoLimit, Struct, frozen=True):
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


class TwiceAskedRounds(_NoLimit, Struct, frozen=True):
    """Xen's rule since 4.6: few dirty pages are sent live once more, then the VM is stopped."""

    max_rounds: int = 5
    min_dirty_pages: int = 50

    def reason(self, progress: Progress) -> str | None:
        """Return whether the newest round was small, the last one, or nothing is left."""
        if progress.sent is None:
            return None
        counted = progress.pages if progress.number == 1 else progress.sent
        if counted < self.min_dirty_pages:
            return "few-pages"
        if progress.number >= self.max_rounds:
            return "max-rounds"
        return "few-pages" if progress.dirtied < min(HALF_PAGE, self.min_dirty_pages) else None


class LiveStageRounds(_NoLimit, Struct, frozen=True):
    """The rule of XenServer's toolstack: enough rounds, or few pages, which are not sent live."""

    max_rounds: int = 4
    min_dirty_pages: int = 50

    def reason(self, progress: Progress) -> str | None:
        """Return the first of the two tests that holds after a live round."""
        if progress.sent is None:
            return None
        if progress.number >= self.max_rounds:
            return "max-rounds"
        return "few-pages" if progress.dirtied < self.min_dirty_pages else None


class EstimatedDowntime(_NoLimit, Struct, frozen=True):
    """Stop when what is due, at the newest round's bandwidth, fits the downtime (Cloud Hypervisor).

    Attributes:
        limit_s: Downtime allowed.
        after_s: Stop, or give up, after so long.
        gives_up: Which of the two.
    """

    limit_s: float = 0.3
    after_s: float = 3600.0
    gives_up: bool = True

    @property
    def timeout_s(self) -> float:
        """Return after how long the rounds end."""
        return self.after_s

    def reason(self, progress: Progress) -> str | None:
        """Compare the estimate with the limit, then the time with the timeout."""
        if progress.sent is None:
            return None
        fits = progress.sent > 0 and progress.dirtied * progress.copy_s <= (
            self.limit_s * progress.sent
        )
        if progress.dirtied < HALF_PAGE or fits:
            return "downtime-limit"
        over = progress.elapsed_s >= self.after_s
        if self.gives_up:
            return NEVER if over or progress.stuck else None
        return "timeout" if over else None


class LimitedBandwidth(Struct, frozen=True):
    """Stop when what is due fits the downtime at the limiter's bandwidth; then lift it (QEMU).

    Attributes:
        limit_s: Downtime allowed.
        live_bps: Limit while the VM runs; infinite: none.
        switchover_bps: Bandwidth assumed for the last copy; 0: that of the newest round.
        max_time_s: Give up after so long: then it does not converge.
    """

    limit_s: float = 0.3
    live_bps: float = math.inf
    switchover_bps: float = 0.0
    max_time_s: float = 3600.0

    @property
    def first_limit_bps(self) -> float:
        """Return the limit while the VM runs."""
        return self.live_bps

    @property
    def timeout_s(self) -> float:
        """Return no timeout."""
        return math.inf

    def reason(self, progress: Progress) -> str | None:
        """Compare what is due, at the bandwidth assumed, with the limit."""
        if progress.sent is None:
            return None
        due_s = progress.due_s
        if self.switchover_bps:
            due_s = progress.dirtied * PAGE_BYTES * 8 / self.switchover_bps
        if progress.dirtied < HALF_PAGE or due_s < self.limit_s:
            return "downtime-limit"
        return NEVER if progress.stuck or progress.elapsed_s > self.max_time_s else None

    def next_limit_bps(self, limit_bps: float, dirtied: float, round_s: float) -> float:
        """Return the same limit."""
        return limit_bps

    def last_limit_bps(self, limit_bps: float) -> float:
        """Return no limit: it is lifted when the VM is stopped."""
        return math.inf


class AdaptiveRounds(BoundedRounds, Struct, frozen=True):
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
    if policy == "xen-v2":
        return TwiceAskedRounds(int(given["max_rounds"]), int(given["min_dirty"]))
    if policy == "xapi-emu":
        return LiveStageRounds(int(given["max_iteration"]), int(given["min_dirty"]))
    if policy == "cloud-hypervisor":
        limit_s, cancels = int(given["downtime_limit"]) / 1000, given["timeout_action"] == "cancel"
        return EstimatedDowntime(limit_s, float(given["timeout"]), cancels)
    if policy == "qemu-precopy":
        return LimitedBandwidth(
            int(given["downtime_limit"]) / 1000,
            float(given["max_bandwidth"]) * 8 or math.inf,
            float(given["avail_switchover_bandwidth"]) * 8,
        )
    return StopAtOnce() if policy == "stop-and-copy" else _xen_2005(given)


def _xen_2005(given: Mapping[str, ParameterValue]) -> Rule | None:
    """Return the rule of Xen's first years, limiter or not; None for other parameters."""
    if "max_rounds" not in given or "max_factor" not in given:
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
