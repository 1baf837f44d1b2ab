"""What a recording tells of its guest: what it wrote, what is zero, whether it was slowed down.

And of its stream: the throughput. All of it is a reading of the recording; who simulates a twin
takes these figures as they are.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import exp, expm1, log
from typing import Final

from msgspec import Struct

from engine.history import MigrationRecord
from engine.network import PiecewiseSeries
from engine.recorded import RecordedHistory
from engine.specs import PAGE_BYTES
from engine.units import format_count, format_size
from engine.workload import FULL_SPEED

SECOND_NS: Final = 10**9
REGIONS: Final = 24
BETTER: Final = 0.02
"""A smaller region must be nearer by this share of all pages found dirty."""
NEAR_LIMIT: Final = 0.85
"""A migration that sends this share of its limit is held back by the limit, not by the link."""
OFTEN: Final = 4
"""A guest that dirtied all that it can is taken to write it so often in the longest round."""


class Writing(Struct, frozen=True):
    """What a guest writes, as one uniform writer.

    Attributes:
        rate_pps: Page writes a second of guest time.
        region_pages: It writes only in so many pages.
        note: Where both come from.
        known: Whether the recording tells them.
    """

    rate_pps: int
    region_pages: int
    note: str
    known: bool = True


# What the guest writes


def writing_of(recording: RecordedHistory) -> Writing:
    """Return what the guest wrote, as one uniform writer.

    From the pages that every read of the bitmap found dirty, over the guest's own time since the
    read before; else from the dirty rate as stated; else from what was sent beyond the memory.
    """
    m = recording.migrations[0]
    clock = recording.vms[0].clocks[0]
    seen = [
        ((clock.guest_at(r.end_ns) - clock.guest_at(r.start_ns)) / SECOND_NS, r.pages_dirtied)
        for r in m.rounds
        if r.live and r.end_ns > r.start_ns
    ]
    seen = [(run_s, pages) for run_s, pages in seen if run_s > 0]
    if any(pages for _, pages in seen):
        rate, region = fitted(seen, max(1, m.pages_total - zero_pages_of(m)[0]))
        note = (
            f"{format_count(rate)} writes a second to {format_count(region)} pages leave as many "
            f"dirty as its {len(seen)} reads of the bitmap found"
        )
        region = min(region, m.pages_total)
        return Writing(rate, region, note)
    push = next((p for p in m.phases if p.name == "push"), None)
    push_ns = 0 if push is None else (push.end_ns or recording.end_ns) - push.start_ns
    stated = _mean(recording.dirtied_pps, push_ns)
    if stated:
        note = f"{format_count(stated)} pages dirtied a second on average, as it states"
        return Writing(stated, max(1, m.pages_total - zero_pages_of(m)[0]), note)
    push_s = push_ns / SECOND_NS
    again = m.bytes_sent // PAGE_BYTES - m.pages_total + m.zero_pages
    if again > 0 and push_s > 0:
        rate = three_digits(round(again / push_s))
        note = f"{format_count(again)} pages were sent again in {push_s:.1f} s of push"
        return Writing(rate, m.pages_total, note)
    known = bool(seen)
    note = "no page was found dirty" if known else "not recorded; no writes are assumed"
    return Writing(0, m.pages_total, note, known)


def fitted(seen: Sequence[tuple[float, int]], n_pages: int) -> tuple[int, int]:
    """Return rate (writes/s) and region (pages) of the uniform writer that comes nearest.

    Writes at W a second over R pages leave R (1 - exp(-W t / R)) of them dirty after t seconds.
    Of two that come as near, the larger region: one read of the bitmap tells none.

    Args:
        seen: Seconds that the guest ran, and the pages found dirty then.
        n_pages: Pages that can be written, at most; more were if more were found dirty.
    """
    most = max(pages for _, pages in seen)
    low = most + max(1, most // 50)
    n_pages = max(n_pages, low)
    least = BETTER * sum(pages for _, pages in seen)
    best: tuple[float, int, int] | None = None
    for step in range(REGIONS):
        share = 1 - step / (REGIONS - 1)
        region = round(exp(log(low) * (1 - share) + log(n_pages) * share))
        for run_s, pages in seen:
            if not 0 < pages < region:
                continue
            rate = three_digits(max(1, round(-region / run_s * log(1 - pages / region))))
            off = sum(abs(-region * expm1(-rate * t / region) - found) for t, found in seen)
            if best is None or off < best[0] - (least if region < best[2] else 0):
                best = (off, rate, region)
    if best is None:
        longest = max(run_s for run_s, _ in seen)
        return three_digits(max(1, round(OFTEN * n_pages / longest))), n_pages
    return best[1], best[2]


def _mean(series: PiecewiseSeries, length_ns: int) -> int:
    """Return the mean of a series over a length of time, in three digits.

    What comes after its last step counts nothing, and so does what comes before the first one: a
    log that tells the rate only while it is high leaves the rest out.
    """
    area = sum(v * (b - a) for (a, b), v in zip(pairwise(series.t_ns), series.values, strict=False))
    return three_digits(area // length_ns) if length_ns > 0 else 0


def zero_pages_of(m: MigrationRecord) -> tuple[int, str]:
    """Return how many pages of the VM are zero, and how the recording tells; "": it does not."""
    if m.zero_pages:
        return m.zero_pages, f"{format_count(m.zero_pages)} pages were sent as zero"
    unsent = m.pages_total - m.bytes_sent // PAGE_BYTES
    if m.outcome == "completed" and m.bytes_sent and unsent > m.pages_total // 100:
        return unsent, f"{format_size(m.bytes_sent)} were enough for all of its memory"
    return 0, ""


def throughput_bps(m: MigrationRecord) -> int:
    """Return the mean rate of the stream while the VM ran and its memory was pushed; 0: unknown."""
    live = [r for r in m.rounds if r.live and r.end_ns > r.start_ns]
    sent, length_ns = sum(r.bytes_sent for r in live), sum(r.end_ns - r.start_ns for r in live)
    if not sent or not length_ns:
        push = next((p for p in m.phases if p.name == "push"), None)
        sent, length_ns = m.bytes_sent, 0
        if push is not None and push.end_ns is not None:
            length_ns = push.end_ns - push.start_ns
    return sent * 8 * SECOND_NS // length_ns if sent and length_ns else 0


def held_back(recording: RecordedHistory, m: MigrationRecord) -> bool:
    """Return whether a migration sent as much as its limit allows: the link could do more."""
    limit_bps = recording.spec.migrations[0].rate_limit_bps
    return limit_bps is not None and throughput_bps(m) >= NEAR_LIMIT * limit_bps


def is_slowed(recording: RecordedHistory) -> bool:
    """Return whether the recorded guest was slowed down for its migration."""
    _, values = recording.vms[0].speed_steps(recording.end_ns)
    return any(0 < value < FULL_SPEED for value in values)


def three_digits(value: int) -> int:
    """Return a whole number rounded to three digits: what is measured is not known better."""
    digit = int(10 ** max(0, len(str(value)) - 3))
    return (value + digit // 2) // digit * digit
