"""What goes on at an instant of a recording, in plain words: only what the recording knows.

`engine.narration` hands recordings over to this module. A figure that is absent is not told; the
word "recorded" stands where a simulated run would speak of pages.
"""

from engine.history import MigrationRecord, RoundRecord
from engine.probes import LOST_NS, ProbeRecord
from engine.recorded import RecordedHistory, known_at
from engine.units import format_bit_rate, format_count, format_duration_ns, format_size
from engine.workload import FULL_SPEED

Words = tuple[str, str]


def recorded_words(history: RecordedHistory, t_ns: int, vm: str) -> Words:
    """Return a headline and a sentence on an instant of a recording.

    Args:
        history: The recording.
        t_ns: Time from its start.
        vm: Name of the VM.
    """
    if not history.migrations:
        told = _pings(history, t_ns) or "No ping has been sent yet."
        return f"Recorded pings to {vm}", f"{told} No migration is in this recording."
    m = history.migrations[0]
    if m.ended_ns is not None and m.ended_ns <= t_ns:
        return _ended(m)
    phase = next(
        (p.name for p in reversed(m.phases)
         if p.start_ns <= t_ns and (p.end_ns is None or t_ns < p.end_ns)),
        "",
    )  # fmt: skip
    if m.outcome == "does-not-converge" and t_ns >= history.end_ns:
        return (
            "The recording ends while the migration goes on",
            _joined(_counters(history, t_ns), "What became of it is not recorded."),
        )
    headline, sentence = _under_way(history, m, phase, t_ns)
    return headline, _joined(sentence, _pings(history, t_ns))


def _under_way(history: RecordedHistory, m: MigrationRecord, phase: str, t_ns: int) -> Words:
    counters = _counters(history, t_ns)
    if phase == "reservation":
        return "Setting up, before the first page", _joined(f"{m.vm} runs on {m.source}.", counters)
    if phase == "stop-and-copy":
        since = format_duration_ns(t_ns - (m.suspended_ns or t_ns))
        return (
            f"Stop-and-copy: {m.vm} runs nowhere",
            _joined(f"The recorded downtime is {since} so far.", counters),
        )
    if phase == "pull":
        return f"Pull: {m.vm} runs on {m.destination} while pages follow", counters
    if phase == "activation":
        return (
            f"{m.vm} runs on {m.destination}",
            f"The migration itself is recorded as over only later. {counters}".strip(),
        )
    current = _round_at(m, t_ns)
    headline = f"Push, round {current.number}" if current else "Push"
    rate = m.rate.value_at(t_ns)
    sender = "The source" if m.source == "source" else m.source
    speed = f"{sender} sends at {format_bit_rate(rate)}." if rate else ""
    return headline, _joined(speed, counters, _dirtying(history, t_ns))


def _round_at(m: MigrationRecord, t_ns: int) -> RoundRecord | None:
    return next((r for r in m.rounds if r.start_ns <= t_ns < r.end_ns), None)


def _counters(history: RecordedHistory, t_ns: int) -> str:
    """Return what was sent and what is left, as of the newest sample."""
    sent = known_at(history.transferred_bytes, t_ns)
    left = known_at(history.remaining_bytes, t_ns)
    parts = []
    if sent is not None:
        parts.append(f"{format_size(sent)} sent")
    if left is not None:
        parts.append(f"{format_size(left)} left")
    return f"As of the newest sample: {', '.join(parts)}." if parts else ""


def _dirtying(history: RecordedHistory, t_ns: int) -> str:
    dirtied = known_at(history.dirtied_pps, t_ns)
    speed = history.vms[0].speed_at(t_ns)
    parts = []
    if dirtied:
        parts.append(f"The guest dirties {format_count(dirtied)} pages a second.")
    if 0 < speed < FULL_SPEED:
        parts.append(f"It is slowed down to {speed * 100 // FULL_SPEED} %.")
    return " ".join(parts)


def _ended(m: MigrationRecord) -> Words:
    took = format_duration_ns((m.ended_ns or 0) - m.requested_ns)
    sent = f"{format_size(m.bytes_sent)} were sent." if m.bytes_sent else ""
    if m.outcome != "completed":
        reason = f"{m.reason.rstrip('.')}." if m.reason else ""
        return (
            f"The migration of {m.vm} was {m.outcome}",
            _joined(f"It had lasted {took}.", reason, sent),
        )
    down = "The recording does not tell the downtime."
    if m.suspended_ns is not None and m.resumed_ns is not None:
        down = f"The recorded downtime is {format_duration_ns(m.resumed_ns - m.suspended_ns)}."
    return (
        f"{m.vm} runs on {m.destination}",
        _joined(f"The recorded migration took {took}.", down, sent),
    )


def _pings(history: RecordedHistory, t_ns: int) -> str:
    """Return how the pings fared so far, "" if there are none."""
    found: list[ProbeRecord] = [p for p in history.probes if len(p.sent_ns)]
    if not found:
        return ""
    probe = found[0]
    sent = int((probe.sent_ns <= t_ns).sum())
    if not sent:
        return ""
    rtts = probe.rtt_ns[:sent]
    lost = int((rtts == LOST_NS).sum())
    came = rtts[rtts != LOST_NS]
    words = f"{format_count(sent)} {'ping' if sent == 1 else 'pings'} sent, "
    words += f"{format_count(lost)} lost" if lost else "none lost"
    if len(came):
        words += f", the longest {format_duration_ns(int(came.max()))}"
    return f"{words}."


def _joined(*sentences: str) -> str:
    return " ".join(s for s in sentences if s)
