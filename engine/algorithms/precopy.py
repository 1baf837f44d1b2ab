"""Pre-copy: rounds while the VM runs, then a short stop. The stop rules are strategies."""

from typing import Final, Protocol

from engine.migration import Migration, Process, RoundStats
from engine.specs import PAGE_BYTES

MBIT: Final = 1 << 20  # the limiter of 2004 counts Mbit of 2^20 bit


class StopRule(Protocol):
    """When to stop, and how fast to send until then."""

    limit_bps: int | None
    last_limit_bps: int | None
    """Of the copy while stopped; None: the limit then in force."""

    def after_round(self, stats: RoundStats) -> str | None:
        """Return why the live rounds are over, or None to go on."""

    def after_clean(self, dirtied_pages: int, duration_ns: int) -> None:
        """Take note of what the bitmap said at the end of a round."""


class LegacyRule:
    """Xen until 4.5 without a limiter: 29 rounds, 50 pages, 3 times the memory.

    Source: Xen xc_linux_save.c, 2005 to 2011.
    """

    def __init__(self, parameters: dict[str, object]) -> None:
        """Take max_rounds, min_dirty and max_factor."""
        self.limit_bps: int | None = None
        self.last_limit_bps: int | None = None
        self._max_rounds = _whole(parameters, "max_rounds")
        self._min_dirty = _whole(parameters, "min_dirty")
        self._max_factor = _whole(parameters, "max_factor")

    def after_round(self, stats: RoundStats) -> str | None:
        """Return the first of the three tests that holds."""
        if stats.number >= self._max_rounds:
            return "max-rounds"
        if stats.sent + stats.skipped < self._min_dirty:
            return "few-pages"
        if stats.total_sent > self._max_factor * stats.n_pages:
            return "max-factor"
        return None

    def after_clean(self, dirtied_pages: int, duration_ns: int) -> None:
        """Nothing to adapt."""


class AdaptiveRule(LegacyRule):
    """The rate-limited rule of Xen's code of 2004; the limit never falls.

    Source: Xen xc_linux_save.c of October 2004; Clark et al. 2005, figures 9, 11 and 12.
    """

    def __init__(self, parameters: dict[str, object]) -> None:
        """Take start_rate, max_rate, increment and last_rate beside the legacy parameters."""
        super().__init__(parameters)
        self.rate_mbit = self.start_mbit = _whole(parameters, "start_rate")
        self.max_mbit = _whole(parameters, "max_rate")
        self.increment_mbit = _whole(parameters, "increment")
        self.limit_bps = self.rate_mbit * MBIT
        last_mbit = _whole(parameters, "last_rate")
        self.last_limit_bps = last_mbit * MBIT if last_mbit else None

    def after_round(self, stats: RoundStats) -> str | None:
        """Stop too when a round at the highest rate was longer than the one before."""
        grew = stats.previous_sent is not None and stats.sent > stats.previous_sent
        if grew and self.rate_mbit >= self.max_mbit:
            return "not-shrinking"
        return super().after_round(stats)

    def after_clean(self, dirtied_pages: int, duration_ns: int) -> None:
        """Raise the limit to what the guest dirtied, plus the increment."""
        dirtied = dirty_mbit(dirtied_pages, duration_ns)
        if dirtied > self.rate_mbit:
            self.rate_mbit = min(self.max_mbit, dirtied + self.increment_mbit)
        self.limit_bps = self.rate_mbit * MBIT


class PrintedRule(AdaptiveRule):
    """The rule as the paper prints it (section 5.3), which its own figures do not follow."""

    def __init__(self, parameters: dict[str, object]) -> None:
        """Take min_remaining as well."""
        super().__init__(parameters)
        self._min_remaining_bytes = _whole(parameters, "min_remaining")

    def after_round(self, stats: RoundStats) -> str | None:
        """Stop when the next limit would pass the highest, or little is left."""
        wanted = dirty_mbit(stats.dirty, stats.duration_ns) + self.increment_mbit
        if wanted > self.max_mbit:
            reason = "rate-over-max"
        elif stats.dirty * PAGE_BYTES < self._min_remaining_bytes:
            reason = "few-pages"
        elif stats.number >= self._max_rounds:
            reason = "max-rounds"
        else:
            self.rate_mbit = max(self.start_mbit, wanted)
            self.limit_bps = self.rate_mbit * MBIT
            return None
        self.limit_bps = self.max_mbit * MBIT
        return reason

    def after_clean(self, dirtied_pages: int, duration_ns: int) -> None:
        """The limit was set with the decision."""


def dirty_mbit(dirtied_pages: int, duration_ns: int) -> int:
    """Return the dirty rate in whole decimal Mbit/s, as the code of 2004 computes it."""
    return dirtied_pages * PAGE_BYTES * 8 // max(1, duration_ns // 1000)


def _whole(parameters: dict[str, object], name: str) -> int:
    value = parameters[name]
    assert isinstance(value, int)
    return value


def precopy(m: Migration, rule: StopRule) -> Process:
    """Copy in rounds until the rule stops, then suspend and copy the rest.

    Source: Clark et al. 2005, sections 3.3 and 5.
    """
    yield from m.reserve()
    m.begin_phase("push")
    pages = m.begin_copying(tracked=True)
    while True:
        stats = yield from m.live_round(pages, rule.limit_bps)
        reason = rule.after_round(stats)
        if reason:
            break
        pages = m.clean()
        rule.after_clean(m.rounds[-1].pages_dirtied, m.last_round_ns())
    yield from m.suspend(reason)
    pages = m.clean()
    rule.after_clean(m.rounds[-1].pages_dirtied, m.last_round_ns())
    yield from m.copy_while_stopped(pages, rule.last_limit_bps or rule.limit_bps)
    yield from m.commit()
    yield from m.activate()
