"""What clients of a VM saw, in figures: replies, gaps, throughput and outages.

Keys and units of `summarize_probe` are part of the contract of `run --json`.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from engine.history import History, MigrationRecord
from engine.network import PiecewiseSeries
from engine.probes import FATE_LABELS, Fate, ProbeRecord

SECOND_NS: Final = 10**9
MILLISECOND_NS: Final = 10**6


def summarize_probe(probe: ProbeRecord, history: History | None = None) -> dict[str, Any]:
    """Return the figures of one probe and all its replies.

    Args:
        probe: The probe.
        history: The run, for what only it knows of: a web client's throughput.
    """
    sent, rtts, fates = probe.sent_ns.tolist(), probe.rtt_ns.tolist(), probe.fates.tolist()
    came = sorted(r for r, f in zip(rtts, fates, strict=True) if f != Fate.LOST)
    figures: dict[str, Any] = {
        "vm": probe.vm,
        "kind": probe.spec.kind,
        "sent": len(sent),
        "received": len(came),
        "lost": len(sent) - len(came),
        "min_ms": came[0] / MILLISECOND_NS if came else None,
        "median_ms": _median_ms(came),
        "p99_ms": came[-(-99 * len(came) // 100) - 1] / MILLISECOND_NS if came else None,
        "max_ms": came[-1] / MILLISECOND_NS if came else None,
        "replies": [
            {
                "sent_s": sent_ns / SECOND_NS,
                "rtt_ms": None if fate == Fate.LOST else rtt_ns / MILLISECOND_NS,
                "fate": FATE_LABELS[Fate(fate)],
            }
            for sent_ns, rtt_ns, fate in zip(sent, rtts, fates, strict=True)
        ],
    }
    if probe.spec.kind == "ping":
        figures["direction"] = probe.spec.direction
    if probe.spec.kind in ("game", "typing"):
        gaps = arrival_gaps_ns(probe)
        figures["gap_median_ms"] = _median_ms(sorted(gaps))
        figures["gap_max_ms"] = max(gaps) / MILLISECOND_NS if gaps else None
    if probe.spec.kind == "web" and history is not None:
        figures |= _web_figures(probe, history)
    return figures


def arrival_gaps_ns(probe: ProbeRecord) -> list[int]:
    """Return the times between successive arrivals at the client (game frames, echoes)."""
    there = np.sort((probe.sent_ns + probe.rtt_ns)[probe.rtt_ns >= 0])
    gaps: list[int] = np.diff(there).tolist()
    return gaps


def web_rate(probe: ProbeRecord, history: History) -> PiecewiseSeries:
    """Return what a web client got over the run, bit/s of stream."""
    return history.web_rates[f"web:{probe.vm}:{probe.index:06d}"]


def mean_bps(series: PiecewiseSeries, from_ns: int, to_ns: int) -> int:
    """Return the mean of a rate between two instants, in whole bit/s."""
    if to_ns <= from_ns:
        return 0
    edges = [from_ns, *(t for t in series.t_ns if from_ns < t < to_ns), to_ns]
    total = sum(series.value_at(a) * (b - a) for a, b in pairwise(edges))
    return total // (to_ns - from_ns)


def outages_ns(series: PiecewiseSeries, end_ns: int) -> list[tuple[int, int]]:
    """Return the (from, to) stretches in which a rate was nothing, after it once was more."""
    steps = [*zip(series.t_ns, series.values, strict=True), (end_ns, 1)]
    result: list[tuple[int, int]] = []
    since, began = None, False
    for t_ns, value in steps:
        if value and since is not None:
            result.append((since, t_ns))
            since = None
        elif not value and began and since is None:
            since = t_ns
        began |= bool(value)
    return result


def _web_figures(probe: ProbeRecord, history: History) -> dict[str, Any]:
    series, interval = web_rate(probe, history), probe.spec.interval_ns
    starts = range(probe.spec.phase_ns, history.end_ns - interval + 1, interval)
    outages = [to - since for since, to in outages_ns(series, history.end_ns)]
    figures = {
        "throughput": [
            {"t_s": t / SECOND_NS, "bps": mean_bps(series, t, t + interval)} for t in starts
        ],
        "mean_bps": mean_bps(series, 0, history.end_ns),
        "outage_s": max(outages) / SECOND_NS if outages else 0.0,
    }
    needed = probe.spec.clients * probe.spec.client_rate_bps
    moves = [m for m in history.migrations if m.vm == probe.vm]
    if needed and moves:
        ends = [m.reachable_ns or m.ended_ns or history.end_ns for m in moves]
        for when, a, b in (
            ("before", 0, moves[0].requested_ns),
            ("during", moves[0].requested_ns, max(ends)),
            ("after", max(ends), history.end_ns),
        ):
            content = mean_bps(series, a, b) >= needed
            figures[f"content_{when}"] = probe.spec.clients if content else 0
    return figures


def _median_ms(ordered_ns: Sequence[int]) -> float | None:
    """Return the median of sorted times; the mean of the middle two if their number is even."""
    if not ordered_ns:
        return None
    middle = len(ordered_ns) // 2
    low = ordered_ns[middle] if len(ordered_ns) % 2 else ordered_ns[middle - 1]
    return (low + ordered_ns[middle]) / (2 * MILLISECOND_NS)


def ping_figures(pings: Sequence[ProbeRecord], migration: MigrationRecord) -> dict[str, Any]:
    """Return what the pings of a VM saw around its migration."""
    rtts = np.concatenate([np.empty(0, np.int64), *(p.rtt_ns[p.rtt_ns >= 0] for p in pings)])
    during = sorted(rtt for p in pings for rtt in _during_push(p, migration))
    return {
        "base_ping_ms": int(rtts.min()) / MILLISECOND_NS if len(rtts) else None,
        "push_ping_ms": _median_ms(during),
        "latest_ping_ms": int(rtts.max()) / MILLISECOND_NS if len(rtts) else None,
        "pings_lost": sum(int((p.fates == Fate.LOST).sum()) for p in pings) if pings else None,
    }


def client_figures(
    probes: Sequence[ProbeRecord], migration: MigrationRecord, history: History
) -> dict[str, Any]:
    """Return what web, game and typing clients saw around a migration."""
    figures: dict[str, Any] = {}
    for probe in probes:
        gaps = arrival_gaps_ns(probe)
        if probe.spec.kind == "game" and gaps:
            figures["game_gap_median_ms"] = _median_ms(sorted(gaps))
            figures["game_gap_max_ms"] = max(gaps) / MILLISECOND_NS
        elif probe.spec.kind == "typing" and gaps:
            figures["typing_gap_s"] = max(gaps) / SECOND_NS
            figures["keys_lost"] = int((probe.fates == Fate.LOST).sum())
        elif probe.spec.kind == "web":
            figures |= _web_of(probe, migration, history)
    return figures


def _web_of(probe: ProbeRecord, migration: MigrationRecord, history: History) -> dict[str, Any]:
    """Return what web clients got before, in the first round, in rounds of a raised limit."""
    series = web_rate(probe, history)
    live = [r for r in migration.rounds if r.live]
    first_limit = live[0].rate_limit_bps if live else None
    late = [r for r in live[1:] if r.rate_limit_bps != first_limit]
    raised = mean_bps(series, late[0].start_ns, late[-1].end_ns) if late else None
    gone = outages_ns(series, history.end_ns)
    figures = {
        "web_before_bps": mean_bps(series, 0, migration.requested_ns),
        "web_first_round_bps": mean_bps(series, live[0].start_ns, live[0].end_ns) if live else None,
        "web_late_bps": raised,
        "web_outage_s": max((b - a for a, b in gone), default=0) / SECOND_NS,
    }
    counted = _web_figures(probe, history)
    return figures | {k: v for k, v in counted.items() if k.startswith("content_")}


def _during_push(probe: ProbeRecord, migration: MigrationRecord) -> list[int]:
    """Return the round-trip times of the pings that were sent during push."""
    result: list[int] = []
    for phase in migration.phases:
        if phase.name == "push":
            end_ns = np.iinfo(np.int64).max if phase.end_ns is None else phase.end_ns
            inside = (probe.sent_ns >= phase.start_ns) & (probe.sent_ns < end_ns)
            result += probe.rtt_ns[inside & (probe.rtt_ns >= 0)].tolist()
    return result
