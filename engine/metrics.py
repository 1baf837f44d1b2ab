"""The figures of a run, as scripts and people read them.

`summarize` is the object that `run --json` prints: its keys and units are a contract. Seconds and
milliseconds are divided from whole nanoseconds once, at the end, so that a run always gives the
same text.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from engine.client_figures import client_figures, ping_figures, summarize_probe
from engine.history import History, MigrationRecord, RoundRecord
from engine.specs import PAGE_BYTES, PublishedSpec, ScenarioSpec
from engine.units import (
    format_bit_rate,
    format_count,
    format_duration_ns,
    format_size,
    parse_share,
)

SECOND_NS: Final = 10**9
MILLISECOND_NS: Final = 10**6
MIB: Final = 2**20
NONE_TEXT: Final = "\N{EN DASH}"

_LABELS: Final[dict[str, str]] = {
    "total_time_s": "Total migration time",
    "downtime_s": "Downtime",
    "service_gap_s": "Service gap",
    "relearn_s": "Relearning",
    "rounds": "Rounds",
    "pages_sent": "Pages sent",
    "bytes_sent": "Sent",
    "pages_skipped": "Pages skipped",
    "pages_faulted": "Pages pulled on a fault",
    "zero_pages": "Zero or free pages",
    "pages_total": "Pages of the VM",
    "base_ping_ms": "Shortest ping",
    "push_ping_ms": "Median ping during push",
    "latest_ping_ms": "Longest ping",
    "pings_lost": "Pings lost",
    "content_mib": "Contents",
    "relearn_share": "Relearning, share of the service gap",
    "limit_mibit": "Rate limit",
    "later_rounds_s": "Rounds after the first",
    "web_before_bps": "Web throughput before",
    "web_first_round_bps": "Web throughput in round 1",
    "web_late_bps": "Web throughput in later rounds",
    "web_outage_s": "Longest pause of the web clients",
    "content_before": "Content web clients before",
    "content_during": "Content web clients during the move",
    "content_after": "Content web clients after",
    "game_gap_median_ms": "Time between game packets",
    "game_gap_max_ms": "Longest time between game packets",
    "typing_gap_s": "Longest wait for an echo",
    "keys_lost": "Keys lost",
}
_ALWAYS_SHOWN: Final = (
    "total_time_s",
    "downtime_s",
    "service_gap_s",
    "rounds",
    "pages_sent",
    "bytes_sent",
    "pages_skipped",
    "pages_faulted",
    "latest_ping_ms",
    "pings_lost",
)


def _seconds(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else duration_ns / SECOND_NS


def _between(from_ns: int | None, to_ns: int | None) -> int | None:
    return None if from_ns is None or to_ns is None else to_ns - from_ns


def total_time_ns(migration: MigrationRecord) -> int | None:
    """Return the time from the request to the released source, or None."""
    return _between(migration.requested_ns, migration.released_ns)


def downtime_ns(migration: MigrationRecord) -> int | None:
    """Return the time from suspended to resumed at the destination, or None."""
    return _between(migration.suspended_ns, migration.resumed_ns)


def service_gap_ns(migration: MigrationRecord) -> int | None:
    """Return the time from suspended until the first client packet can arrive, or None."""
    return _between(migration.suspended_ns, migration.reachable_ns)


def round_rate_bps(record: RoundRecord) -> int:
    """Return the mean rate of a round's own stream, its beginning included."""
    duration_ns = record.end_ns - record.start_ns
    return record.bytes_sent * 8 * SECOND_NS // duration_ns if duration_ns > 0 else 0


def summarize(scenario_name: str, history: History) -> dict[str, Any]:
    """Return the object that `run --json` prints.

    Args:
        scenario_name: What the scenario is called there.
        history: The finished run.
    """
    return {
        "scenario": scenario_name,
        "seed": history.spec.run.seed,
        "digest": history.digest(),
        "end_s": history.end_ns / SECOND_NS,
        "migrations": [summarize_migration(m) for m in history.migrations],
        "probes": [summarize_probe(p, history) for p in history.probes],
    }


def summarize_migration(migration: MigrationRecord) -> dict[str, Any]:
    """Return the figures of one migration; times are None where the instant never came."""
    down, gap = downtime_ns(migration), service_gap_ns(migration)
    return {
        "vm": migration.vm,
        "source": migration.source,
        "destination": migration.destination,
        "policy": migration.policy,
        "outcome": migration.outcome,
        "reason": migration.reason or None,
        "refusals": [{"rule": r.rule, "sentence": r.sentence} for r in migration.refusals],
        "stop_reason": migration.stop_reason,
        "total_time_s": _seconds(total_time_ns(migration)),
        "downtime_s": _seconds(down),
        "service_gap_s": _seconds(gap),
        "relearn_s": _seconds(_between(down, gap)),
        "downtime_parts": {name: ns / SECOND_NS for name, ns in migration.downtime_parts},
        "phases": [
            {"name": p.name, "start_s": _seconds(p.start_ns), "end_s": _seconds(p.end_ns)}
            for p in migration.phases
        ],
        "pages_total": migration.pages_total,
        "pages_sent": migration.pages_sent,
        "bytes_sent": migration.bytes_sent,
        "pages_skipped": migration.pages_skipped,
        "pages_faulted": migration.pages_faulted,
        "zero_pages": migration.zero_pages,
        "stalls": summarize_stalls(migration),
        "fault_latency_histogram": latency_histogram([ns for _, ns in migration.stalls]),
        "rounds": [_summarize_round(r) for r in migration.rounds],
    }


def summarize_stalls(migration: MigrationRecord) -> list[dict[str, Any]]:
    """Return for each vCPU that stood still at a missing page how often and how long."""
    by_vcpu: dict[int, list[int]] = {}
    for (_, ns), vcpu in zip(migration.stalls, migration.stall_vcpus, strict=True):
        by_vcpu.setdefault(vcpu, []).append(ns)
    return [
        {
            "vcpu": vcpu,
            "count": len(by_vcpu[vcpu]),
            "total_s": sum(by_vcpu[vcpu]) / SECOND_NS,
            "longest_s": max(by_vcpu[vcpu]) / SECOND_NS,
        }
        for vcpu in sorted(by_vcpu)
    ]


def latency_histogram(latencies_ns: Sequence[int]) -> dict[str, list[Any]]:
    """Return how many latencies lie between one edge and the next, three edges a decade.

    Args:
        latencies_ns: How long each fault took, at most 1000 s.

    Returns:
        `edges_ms`, and `counts`, one fewer; the last edge is the first one above all.
    """
    edges_ns = [0]
    for decade in range(3, 13):
        edges_ns += [step * 10**decade for step in (1, 2, 5)]
    longest = max(latencies_ns, default=0)
    last = next(i for i, edge in enumerate(edges_ns) if edge > longest)
    edges_ns = edges_ns[: last + 1]
    counts = [0] * (len(edges_ns) - 1)
    for ns in latencies_ns:
        counts[bisect_right(edges_ns, ns) - 1] += 1
    return {"edges_ms": [edge / MILLISECOND_NS for edge in edges_ns], "counts": counts}


def _summarize_round(record: RoundRecord) -> dict[str, Any]:
    return {
        "round": record.number,
        "live": record.live,
        "pages_sent": record.pages_sent,
        "pages_skipped": record.pages_skipped,
        "pages_dirtied": record.pages_dirtied,
        "duration_s": (record.end_ns - record.start_ns) / SECOND_NS,
        "rate_bps": round_rate_bps(record),
        "rate_limit_bps": record.rate_limit_bps,
    }


def outcome_text(outcome: str) -> str:
    """Return how a migration ended, for people: "does not converge"."""
    return outcome.replace("-", " ")


class OutcomeRow(Struct, frozen=True):
    """A row of the outcome table, ready to be shown.

    Attributes:
        label: What is measured.
        simulated: The run's figure, with its unit.
        published: The source's figure with its tolerance; "" if there is none.
        source: Who published it.
        fits: Whether the run's figure lies within the tolerance; None if that cannot be said.
    """

    label: str
    simulated: str
    published: str
    source: str = ""
    fits: bool | None = None
    band: str = ""
    """What counts as reproduced, where that is no tolerance: "100 s to 150 s"."""


def outcome_rows(spec: ScenarioSpec, history: History) -> list[OutcomeRow]:
    """Return the figures of every migration beside the published ones.

    Args:
        spec: For its `published` figures. A key is a name of `run --json` (`downtime_s`,
            `downtime_parts.start_up`), a figure of the VM's pings (`latest_ping_ms`), or one of a
            round by its number (`rounds.1.pages_sent`; `rounds.last` is the newest one).
        history: The finished run.
    """
    several = len(history.migrations) > 1
    rows: list[OutcomeRow] = []
    taken: set[int] = set()
    for migration in history.migrations:
        figures = migration_figures(migration, history)
        mine = [
            (i, p)
            for i, p in enumerate(spec.published)
            if i not in taken and p.migration in ("", migration.vm) and not p.overrides
        ]
        taken.update(i for i, _ in mine)
        if migration.outcome == "refused":
            label = f"{migration.vm} to {migration.destination}"
            rows.append(OutcomeRow(label, migration.outcome, ""))
            continue
        prefix = f"{migration.vm}: " if several else ""
        rows += [_with_prefix(row, prefix) for row in _rows(figures, [p for _, p in mine])]
    return rows


def _with_prefix(row: OutcomeRow, prefix: str) -> OutcomeRow:
    return replace(row, label=prefix + row.label)


def _rows(figures: dict[str, Any], published: Sequence[PublishedSpec]) -> list[OutcomeRow]:
    given = {p.key: p for p in published}
    rows = []
    if figures["outcome"] != "completed":
        rows.append(OutcomeRow("Outcome", outcome_text(figures["outcome"]), ""))
    for key in (*_ALWAYS_SHOWN, *(k for k in given if k not in _ALWAYS_SHOWN)):
        value, source = figure(figures, key), given.get(key)
        if source is None and value in (None, 0) and key not in ("downtime_s", "pings_lost"):
            continue
        rows.append(_row(key, value, source))
    return rows


def _row(key: str, value: Any, source: PublishedSpec | None) -> OutcomeRow:
    if source is None:
        return OutcomeRow(label_of(key), format_figure(key, value), "")
    text = format_figure(key, source.value)
    if source.tolerance:
        text += f" ± {source.tolerance}"
    fits, band = within(value, source), band_text(source)
    return OutcomeRow(label_of(key), format_figure(key, value), text, source.source, fits, band)


def published_text(source: PublishedSpec) -> str:
    """Return a published figure with its unit and what counts as reproduced."""
    text, band = format_figure(source.key, source.value), band_text(source)
    if band:
        return f"{text} ({band})"
    return f"{text} ± {source.tolerance}" if source.tolerance else text


def band_text(source: PublishedSpec) -> str:
    """Return a published figure's band, "" where it has a tolerance instead."""
    if source.low is None or source.high is None:
        return ""
    if source.low == source.high == source.value:
        return "exactly"
    low, high = (format_figure(source.key, x) for x in (source.low, source.high))
    return f"{low} to {high}"


def within(value: Any, source: PublishedSpec) -> bool | None:
    """Return whether a figure lies in a published one's band; None if that cannot be said."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    if source.low is not None and source.high is not None:
        return source.low <= value <= source.high
    try:
        share_ppm = parse_share(source.tolerance) if source.tolerance else 0
    except ValueError:
        return None
    return abs(value - source.value) <= abs(source.value) * share_ppm / 1_000_000


def migration_figures(migration: MigrationRecord, history: History) -> dict[str, Any]:
    """Return the figures of a migration by name, those of its VM's clients included.

    Beside those of `run --json`: sizes of page contents in MiB and limits in Mibit/s, as Clark et
    al. 2005 count them, and what pings, web clients, game clients and typists saw.
    """
    figures = summarize_migration(migration)
    for entry in figures["rounds"]:
        limit = entry["rate_limit_bps"]
        entry["content_mib"] = entry["pages_sent"] * PAGE_BYTES / MIB
        entry["limit_mibit"] = None if limit is None else limit / MIB
    live = [r for r in migration.rounds if r.live]
    later_ns = live[-1].end_ns - live[0].end_ns if live else None
    probes = [p for p in history.probes if p.vm == migration.vm]
    return (
        figures
        | {"content_mib": migration.pages_sent * PAGE_BYTES / MIB}
        | {"relearn_share": _share(figures["relearn_s"], figures["service_gap_s"])}
        | {"later_rounds_s": _seconds(later_ns)}
        | ping_figures([p for p in probes if p.spec.kind == "ping"], migration)
        | client_figures(probes, migration, history)
    )


def _share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def figure(figures: dict[str, Any], key: str) -> Any:
    """Return one figure by its dotted key, None if there is none; `rounds` is their number."""
    node: Any = figures
    for part in key.split("."):
        if isinstance(node, list):
            if part == "last":
                node = node[-1] if node else None
            else:
                node = next((r for r in node if str(r["round"]) == part), None)
        elif isinstance(node, dict):
            node = node.get(part)
        else:
            return None
    return len(node) if isinstance(node, list) else node


def label_of(key: str) -> str:
    """Return what people call the figure of a dotted key."""
    parts = key.split(".")
    if parts[0] == "rounds" and len(parts) == 3:
        which = "last round" if parts[1] == "last" else f"round {parts[1]}"
        return f"{label_of(parts[2])}, {which}"
    if parts[0] == "downtime_parts" and len(parts) > 1:
        return f"Downtime: {parts[1].replace('_', ' ')}"
    if key in _LABELS:
        return _LABELS[key]
    words = parts[-1]
    for unit in ("_s", "_ms", "_bps"):
        words = words.removesuffix(unit)
    return words.replace("_", " ").capitalize()


def format_figure(key: str, value: Any) -> str:
    """Return a figure with its unit, which its key tells."""
    if value is None or isinstance(value, dict | list):
        return NONE_TEXT
    if isinstance(value, str | bool):
        return str(value)
    name = "duration_s" if key.startswith("downtime_parts.") else key.rsplit(".", maxsplit=1)[-1]
    for end, factor, words in (
        ("_ms", MILLISECOND_NS, format_duration_ns),
        ("_s", SECOND_NS, format_duration_ns),
        ("_bps", 1, format_bit_rate),
        ("bytes_sent", 1, format_size),
    ):
        if name.endswith(end):
            return words(round(value * factor))
    if name.endswith("_share"):
        return f"{value:.0%}"
    for end, unit in (("_mib", "MiB"), ("_mibit", "Mibit/s")):
        if name.endswith(end):
            return f"{value:,.1f} {unit}"
    return format_count(round(value)) if value == round(value) else f"{value:g}"
