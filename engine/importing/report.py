"""What a recording knows, as an object for scripts and as text for people."""

from collections.abc import Sequence
from typing import Any, Final

from engine.importing.observed import Observed, ObservedRound
from engine.units import format_bit_rate, format_count, format_duration_ns, format_size

SECOND_NS: Final = 10**9
NONE_TEXT: Final = "\N{EN DASH}"


def _seconds(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else duration_ns / SECOND_NS


def as_json(observed: Observed) -> dict[str, Any]:
    """Return the object that `import --json` prints: seconds, bytes, bit/s; null: not known."""
    return {
        "name": observed.name,
        "format": observed.format.value,
        "vm": observed.vm,
        "source": observed.source,
        "destination": observed.destination,
        "outcome": observed.outcome,
        "reason": observed.reason or None,
        "total_time_s": _seconds(observed.total_time_ns),
        "setup_s": _seconds(observed.setup_ns),
        "downtime_s": _seconds(observed.downtime_ns),
        "suspended_s": _seconds(observed.suspended_ns),
        "postcopy_s": _seconds(observed.push_end_ns),
        "memory_bytes": observed.memory_bytes,
        "pages_sent": observed.pages_sent,
        "zero_pages": observed.zero_pages,
        "bytes_sent": observed.bytes_sent,
        "rounds": [_round_json(r) for r in observed.rounds],
        "statuses": [{"t_s": _seconds(s.t_ns), "status": s.status} for s in observed.statuses],
        "samples": [
            {
                "t_s": _seconds(s.t_ns),
                "remaining_bytes": s.remaining_bytes,
                "transferred_bytes": s.transferred_bytes,
                "rate_bps": s.rate_bps,
                "dirty_rate_pps": s.dirty_rate_pps,
                "throttle_percent": s.throttle_percent,
            }
            for s in observed.samples
        ],
        "pings": [
            {"sent_s": _seconds(p.t_ns), "rtt_ms": None if p.rtt_ns is None else p.rtt_ns / 10**6}
            for p in observed.pings
        ],
        "timed": observed.timed,
        "notes": list(observed.notes),
    }


def _round_json(r: ObservedRound) -> dict[str, Any]:
    return {
        "round": r.number,
        "live": r.live,
        "start_s": _seconds(r.start_ns),
        "duration_s": _seconds(r.duration_ns),
        "pages": r.pages,
        "pages_sent": r.pages_sent,
        "pages_skipped": r.pages_skipped,
        "pages_dirtied": r.pages_dirtied,
        "bytes_sent": r.bytes_sent,
        "rate_bps": r.rate_bps,
    }


def as_text(observed: Observed) -> str:
    """Return what the recording knows, for people; what it does not know is left out."""
    parts = [f"{observed.name}: {observed.format.label}"]
    figures = _figures(observed)
    width = max((len(label) for label, _ in figures), default=0)
    parts.append("\n".join(f"  {label:<{width}}  {value}" for label, value in figures))
    if observed.rounds:
        parts.append(_rounds_text(observed.rounds))
    if observed.notes:
        parts.append("\n".join(f"  note: {note}" for note in observed.notes))
    return "\n\n".join(part for part in parts if part)


def _figures(seen: Observed) -> list[tuple[str, str]]:
    rows = []
    if seen.samples or seen.rounds:
        outcome = seen.outcome or "still going on where the recording ends"
        rows.append(("Outcome", f"{outcome} ({seen.reason})" if seen.reason else outcome))
    for label, value, words in (
        ("Total migration time", seen.total_time_ns, format_duration_ns),
        ("Downtime", seen.downtime_ns, format_duration_ns),
        ("Post-copy from", seen.push_end_ns, format_duration_ns),
        ("Memory", seen.memory_bytes, format_size),
        ("Pages sent", seen.pages_sent, format_count),
        ("Zero pages", seen.zero_pages, format_count),
        ("Sent", seen.bytes_sent, format_size),
        ("Rounds", len(seen.rounds) or None, format_count),
        ("Samples", len(seen.samples) or None, format_count),
    ):
        if value is not None:
            rows.append((label, words(value)))
    return rows + _ping_figures(seen)


def _ping_figures(seen: Observed) -> list[tuple[str, str]]:
    if not seen.pings:
        return []
    came = sorted(p.rtt_ns for p in seen.pings if p.rtt_ns is not None)
    rows = [
        ("Pings", format_count(len(seen.pings))),
        ("Pings lost", format_count(len(seen.pings) - len(came))),
    ]
    if came:
        rows.append(("Shortest ping", format_duration_ns(came[0])))
        rows.append(("Median ping", format_duration_ns(came[len(came) // 2])))
        rows.append(("Longest ping", format_duration_ns(came[-1])))
    return rows


def _rounds_text(rounds: Sequence[ObservedRound]) -> str:
    head = ["round", "sent", "skipped", "dirtied", "duration", "bytes", "rate"]
    rows = [head]
    for r in rounds:
        counts = (r.pages_sent, r.pages_skipped, r.pages_dirtied)
        rows.append(
            [
                str(r.number) if r.live else f"{r.number} (stopped)",
                *(NONE_TEXT if n is None else format_count(n) for n in counts),
                NONE_TEXT if r.duration_ns is None else format_duration_ns(r.duration_ns),
                NONE_TEXT if r.bytes_sent is None else format_size(r.bytes_sent),
                NONE_TEXT if r.rate_bps is None else format_bit_rate(r.rate_bps),
            ]
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join(f"  {line}" for line in lines)
