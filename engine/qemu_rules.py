"""QEMU's rules of pre-copy, each by itself: limiter, threshold, throttle, dirty limit.

Pure arithmetic on whole numbers, shared by the page-accurate policy of the engine
(`engine.algorithms.qemu_precopy`) and by the model of recorded migrations (`engine.qemu_model`).
Source: QEMU migration/migration.c, migration/ram.c, migration/cpu-throttle.c and
system/dirtylimit.c.
"""

from typing import Final

from msgspec import Struct

from engine.specs import PAGE_BYTES

MS_NS: Final = 1_000_000
SECOND_NS: Final = 1_000_000_000
MIB: Final = 2**20
WINDOW_MS: Final = 100
"""BUFFER_DELAY: the window of the limiter and of the bandwidth estimate."""
MOST_ITERATION_MS: Final = 50
"""MAX_WAIT: an iteration ends when more whole milliseconds than this have passed."""
PERIOD_MS: Final = 1000
FORCED_READ_MS: Final = 5000
HITS_TO_THROTTLE: Final = 2
SLICE_NS: Final = 10 * MS_NS
"""A throttled vCPU runs so long between its sleeps."""
FULL_SPEED: Final = 1000
TOLERATED_MBPS: Final = 25
LINEAR_ABOVE_PERCENT: Final = 50
MOST_SLEEP_FACTOR: Final = 99


def window_budget(max_bandwidth: int) -> int | None:
    """Return the bytes that the limiter lets through in a window; None: it does not limit.

    Args:
        max_bandwidth: Bytes a second; 0: no limit.
    """
    return max_bandwidth * WINDOW_MS // 1000 or None


def threshold_bytes(
    moved_bytes: int, spent_ms: int, *, downtime_limit_ms: int, switchover_bandwidth: int
) -> int:
    """Return below how many bytes what is left would fit into the downtime limit.

    Args:
        moved_bytes: Sent in the last window.
        spent_ms: Length of that window, at least 1.
        downtime_limit_ms: `downtime-limit`.
        switchover_bandwidth: `avail-switchover-bandwidth`, bytes a second; 0: as measured.
    """
    if switchover_bandwidth:
        return switchover_bandwidth * downtime_limit_ms // 1000
    return moved_bytes * downtime_limit_ms // spent_ms


class ThrottleTrigger(Struct):
    """Decides at the reads of the bitmap when the guest has to be held back (further).

    Attributes:
        percent: `throttle-trigger-threshold`: of the bytes sent that may be dirtied.
        since_ms: Begin of the period under way.
        bytes_before: Bytes that had been sent by then.
        pages: Pages newly dirtied in the period.
        hits: Bad periods since the last step; a good period does not take one back.
    """

    percent: int
    since_ms: int
    bytes_before: int = 0
    pages: int = 0
    hits: int = 0

    def read(self, now_ms: int, *, new_pages: int, sent_bytes: int) -> bool:
        """Take note of a read of the bitmap; return whether the guest is to be held back.

        Args:
            now_ms: Its instant.
            new_pages: Pages that it found and that were not waiting already.
            sent_bytes: Bytes sent so far.
        """
        self.pages += new_pages
        if now_ms <= self.since_ms + PERIOD_MS:
            return False
        allowed = (sent_bytes - self.bytes_before) * self.percent // 100
        self.hits += self.pages * PAGE_BYTES > allowed
        fires = self.hits >= HITS_TO_THROTTLE
        if fires:
            self.hits = 0
        self.since_ms, self.bytes_before, self.pages = now_ms, sent_bytes, 0
        return fires


def next_throttle(percent: int, *, initial: int, increment: int, most: int) -> int:
    """Return auto-converge's next step, in per cent of the guest's time."""
    return min(percent + (increment if percent else initial), most)


def throttle_sleep_ns(percent: int) -> int:
    """Return how long a throttled vCPU sleeps after each `SLICE_NS` of work."""
    return SLICE_NS * percent // (100 - percent)


def next_ring_sleep_us(
    sleep_us: int, *, quota_mbps: int, rate_mbps: int, highest_mbps: int, ring_pages: int
) -> int:
    """Return how long a vCPU sleeps at each full dirty ring, after one period of the dirty limit.

    Args:
        sleep_us: How long it slept until now.
        quota_mbps: What it may dirty, MiB/s.
        rate_mbps: What it dirtied in the period, MiB/s.
        highest_mbps: The highest such rate of any vCPU since the limit is on.
        ring_pages: Size of the dirty ring.
    """
    if not highest_mbps or abs(quota_mbps - rate_mbps) <= TOLERATED_MBPS:
        return sleep_us
    ring_us = ring_time_us(ring_pages, highest_mbps)
    most, gap = max(quota_mbps, rate_mbps), abs(rate_mbps - quota_mbps)
    step_us = ring_us // 10
    if gap * 100 > LINEAR_ABOVE_PERCENT * most:
        step_us = ring_us * gap // max(1, most - gap)
    wanted_us = sleep_us + (step_us if rate_mbps > quota_mbps else -step_us)
    return max(0, min(MOST_SLEEP_FACTOR * ring_us, wanted_us))


def ring_time_us(ring_pages: int, highest_mbps: int) -> int:
    """Return how long a vCPU that dirties at the highest rate takes to fill its ring."""
    return ring_pages * PAGE_BYTES * 1_000_000 // (MIB * highest_mbps)


def ring_speed(sleep_us: int, ring_us: int) -> int:
    """Return the speed, in thousandths, of a vCPU that sleeps so long at each full ring."""
    return max(1, FULL_SPEED * ring_us // (ring_us + sleep_us)) if sleep_us else FULL_SPEED
