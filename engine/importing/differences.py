"""Which assumption of a simulated twin may explain that it differs from its recording."""

from engine.history import History
from engine.importing.guest_load import held_back, is_slowed, writing_of
from engine.metrics import downtime_ns
from engine.policies import POLICIES
from engine.recorded import RecordedHistory
from engine.units import format_count


def reasons_for(recording: RecordedHistory, run: History | None = None) -> dict[str, str]:
    """Return which assumption may explain a difference, by the figure that differs.

    Args:
        recording: What was recorded.
        run: What is compared with it, if that is known.

    Returns:
        Sentences by the names of `engine.metrics`: outcome, total_time_s, downtime_s, bytes_sent,
        rounds.
    """
    writing = writing_of(recording) if recording.migrations else None
    writer = "The guest is assumed to write uniformly at one rate; a real one changes its pace."
    if writing is not None and not writing.known:
        writer = "What the guest wrote is not recorded: the twin writes nothing."
    untimed = " ".join(note for note in recording.notes if "assumed" in note or "as if" in note)
    brake = (
        " The recorded guest was slowed down meanwhile; the twin's is slowed only if its policy "
        "does so."
        if is_slowed(recording)
        else ""
    )
    m = recording.migrations[0] if recording.migrations else None
    if m is not None and POLICIES[m.policy].family == "post-copy" and m.rounds:
        pushed = f"The recording pushed {len(m.rounds)} rounds before post-copy; the twin none. "
        writer = pushed + writer
    return {
        "outcome": writer + brake,
        "total_time_s": (untimed or f"The throughput is assumed to be constant. {writer}") + brake,
        "downtime_s": _reason_of_downtime(recording, run, writer + brake),
        "bytes_sent": writer + brake,
        "rounds": writer + brake,
    }


def _reason_of_downtime(recording: RecordedHistory, run: History | None, writer: str) -> str:
    """Return why the downtime differs: what was left to send at the stop, or the fixed costs."""
    costs = "The costs of suspending and starting a VM are assumed, not recorded."
    if run is None or not run.migrations or not recording.migrations:
        return costs
    last = [r for r in run.migrations[0].rounds if not r.live]
    before, after = downtime_ns(recording.migrations[0]), downtime_ns(run.migrations[0])
    if not last or before is None or after is None or after <= before:
        return costs
    copied_ns = sum(r.end_ns - r.start_ns for r in last)
    if 2 * copied_ns < after:
        return costs
    sent = format_count(sum(r.pages_sent for r in last))
    told = f"The simulated VM stopped with {sent} pages still to send. "
    if held_back(recording, recording.migrations[0]):
        return told + "The link is assumed: a limit says nothing of how fast it is without one."
    return told + writer
