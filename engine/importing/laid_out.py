"""The rounds and samples of a recording on its time axis: from counters to series.

Rounds without times follow each other at an assumed rate; `Observed.notes` says so.
"""

from itertools import pairwise
from typing import Final

from engine.importing.observed import Observed, ObservedRound
from engine.importing.polls import stop_of
from engine.network import PiecewiseSeries

SECOND_NS: Final = 10**9
ASSUMED_BPS: Final = 10**9
"""Rate at which rounds of unknown duration are laid out."""

Laid = tuple[ObservedRound, tuple[int, int]]
"""A round, and when it began and ended."""


def laid_out(seen: Observed) -> list[Laid]:
    """Return every round with its beginning and end; none overlaps the one before."""
    found: list[Laid] = []
    at_ns = 0
    for r in seen.rounds:
        start_ns = at_ns if r.start_ns is None else max(at_ns, r.start_ns)
        length_ns = r.duration_ns
        if length_ns is None:
            pages = r.pages_sent if r.pages_sent is not None else r.pages or 0
            length_ns = pages * seen.page_bytes * 8 * SECOND_NS // ASSUMED_BPS
        at_ns = start_ns + max(0, length_ns)
        found.append((r, (start_ns, at_ns)))
    return found


def stopped_at(seen: Observed, rounds: list[Laid]) -> int | None:
    """Return when the VM stopped: as the recording tells, or with the first round at rest."""
    stopped_ns = stop_of(seen)
    if stopped_ns is not None:
        return stopped_ns
    return next((span[0] for r, span in rounds if not r.live), None)


def rate_of(seen: Observed, rounds: list[Laid], *, push_ns: int, over_ns: int) -> PiecewiseSeries:
    """Return the stream's rate in bit/s: as stated, else from what was sent between two instants.

    Args:
        seen: The recording.
        rounds: Its rounds as laid out.
        push_ns: When the first page was sent.
        over_ns: From when on nothing is sent.
    """
    series = PiecewiseSeries()
    stated = any(s.rate_bps for s in seen.samples)
    first = seen.samples[0] if seen.samples else None
    if first is not None and first.transferred_bytes and first.t_ns > push_ns:
        length_ns = first.t_ns - push_ns
        series.step(push_ns, first.transferred_bytes * 8 * SECOND_NS // length_ns)
    for before, sample in pairwise(seen.samples):
        length_ns = sample.t_ns - before.t_ns
        if length_ns <= 0:
            continue
        value = sample.rate_bps
        if not stated or value is None:
            grown = (sample.transferred_bytes or 0) - (before.transferred_bytes or 0)
            value = max(0, grown) * 8 * SECOND_NS // length_ns
        series.step(before.t_ns, value)
    if len(seen.samples) < 2:
        for r, (start_ns, end_ns) in rounds:
            if end_ns > start_ns:
                series.step(start_ns, bytes_of(seen, r) * 8 * SECOND_NS // (end_ns - start_ns))
    if series.t_ns:
        series.step(max(over_ns, series.t_ns[-1]), 0)
    return series


def counters_of(
    seen: Observed, rounds: list[Laid]
) -> tuple[PiecewiseSeries, PiecewiseSeries, PiecewiseSeries]:
    """Return what was transferred, what is left and what was dirtied, as it came to be known."""
    transferred, remaining, dirtied = PiecewiseSeries(), PiecewiseSeries(), PiecewiseSeries()
    for sample in seen.samples:
        for series, value in (
            (transferred, sample.transferred_bytes),
            (remaining, sample.remaining_bytes),
            (dirtied, sample.dirty_rate_pps),
        ):
            if value is not None:
                series.step(sample.t_ns, value)
    if not transferred.t_ns:
        sent = 0
        for r, (_, end_ns) in rounds:
            sent += bytes_of(seen, r)
            transferred.step(end_ns, sent)
    if not dirtied.t_ns:
        for r, (start_ns, end_ns) in rounds:
            if r.live and r.pages_dirtied is not None and end_ns > start_ns:
                dirtied.step(start_ns, r.pages_dirtied * SECOND_NS // (end_ns - start_ns))
    if dirtied.t_ns and (stopped := stopped_at(seen, rounds)) is not None:
        dirtied.step(max(stopped, dirtied.t_ns[-1]), 0)
    return transferred, remaining, dirtied


def bytes_of(seen: Observed, r: ObservedRound) -> int:
    """Return the bytes that a round sent: as told, else its pages' contents."""
    if r.bytes_sent is not None:
        return r.bytes_sent
    return (r.pages_sent or 0) * seen.page_bytes
