"""The state of a VM at an instant in one plain paragraph, for ears as well as for eyes."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import numpy as np

from engine.history import History, MigrationRecord, VmFrame
from engine.narration import narrate
from engine.probes import Fate
from engine.recorded import RecordedHistory
from engine.states import PENDING
from engine.stop_thresholds import stop_threshold
from engine.units import PAGE_BYTES, format_bit_rate, format_count, format_duration_ns


def state_summary(
    history: History, t_ns: int, vm: str, *, counts: Sequence[int] | None = None
) -> str:
    """Return phase, round, pages left, downtime and pings at an instant, in sentences.

    Args:
        history: The run.
        t_ns: Scenario time, clipped to the run.
        vm: Name of the VM.
        counts: Pages in each state at that instant, shape (N_STATES,), if somebody has them:
            counting a large memory takes long.

    Raises:
        KeyError: No VM has that name.
    """
    t_ns = max(0, min(t_ns, history.end_ns))
    frame = history.frame_at(t_ns).vms[vm]
    parts = [f"At {format_duration_ns(t_ns)}: {_where(frame)}."]
    headline = narrate(history, t_ns, vm).headline.rstrip(".")
    move = None if frame.migration is None else history.migrations[frame.migration]
    if move is None:
        parts.append("No migration has begun.")
    else:
        phase = frame.phase or (f"migration {move.outcome}" if _is_over(move, t_ns) else headline)
        parts.append(f"Phase: {phase}.")
        parts += _progress(history, move, frame, t_ns, counts)
        parts.append(_downtime(move, t_ns))
    parts += _pings(history, t_ns, vm)
    return " ".join(parts)


def _where(frame: VmFrame) -> str:
    if frame.status == "running":
        return f"{frame.name} runs on {frame.host}"
    return f"{frame.name} is {frame.status}"


def _is_over(move: MigrationRecord, t_ns: int) -> bool:
    return move.ended_ns is not None and move.ended_ns <= t_ns


def _progress(
    history: History,
    move: MigrationRecord,
    frame: VmFrame,
    t_ns: int,
    counts: Sequence[int] | None,
) -> Iterator[str]:
    """Yield the round and the pages that are still to come, as far as they are known."""
    if frame.round is not None:
        what = f"Round {frame.round.number}" if frame.round.live else "The last copy"
        yield f"{what} is being sent."
    if isinstance(history, RecordedHistory) or move.track is None or t_ns < move.track.start_ns:
        return
    known = frame.counts if counts is None else counts
    left = int(sum(known[state] for state in PENDING))
    yield f"{format_count(left)} of {format_count(move.pages_total)} pages left."
    rate_bps = move.rate.value_at(t_ns)
    if left and rate_bps > 0 and not _is_over(move, t_ns):
        # What a stop now would cost in downtime, were these pages all that counts.
        needed_ns = left * PAGE_BYTES * 8 * 10**9 // rate_bps
        yield (
            f"Sending them would take about {format_duration_ns(needed_ns)} at "
            f"{format_bit_rate(rate_bps)}{_against_limit(history, move, t_ns, left)}."
        )


def _against_limit(history: History, move: MigrationRecord, t_ns: int, left: int) -> str:
    """Return how the pages left stand to those with which the policy stops the VM, or ""."""
    stopped = move.suspended_ns is not None and move.suspended_ns <= t_ns
    steps = None if stopped else stop_threshold(history, move)
    known = [pages for since_ns, pages in steps or () if since_ns <= t_ns]
    if not known:
        return ""
    return f"; the policy stops the VM at {format_count(known[-1])}"


def _downtime(move: MigrationRecord, t_ns: int) -> str:
    if move.suspended_ns is None or t_ns < move.suspended_ns:
        return "Downtime so far: none."
    if move.resumed_ns is None or t_ns < move.resumed_ns:
        end_ns = min(t_ns, move.ended_ns) if move.ended_ns is not None else t_ns
        return f"Downtime so far: {format_duration_ns(end_ns - move.suspended_ns)}."
    return f"Downtime: {format_duration_ns(move.resumed_ns - move.suspended_ns)}."


def _pings(history: History, t_ns: int, vm: str) -> Iterator[str]:
    """Yield what the first ping of the VM has seen so far."""
    for probe in history.probes:
        if probe.vm != vm or probe.spec.kind != "ping":
            continue
        count = bisect_right(probe.sent_ns.tolist(), t_ns)
        rtt_ns, fates = probe.rtt_ns[:count], probe.fates[:count]
        back = (probe.sent_ns[:count] + rtt_ns <= t_ns) & (fates != Fate.LOST)
        lost = int(np.count_nonzero(fates == Fate.LOST))
        if not back.any():
            return
        newest = int(rtt_ns[np.flatnonzero(back)[-1]])
        yield f"Pings: {int(back.sum())} answered, {lost} lost, the last in " + (
            f"{format_duration_ns(newest)}."
        )
        return
