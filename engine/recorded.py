"""A run that real machines made: a History of what a recording knows, and its counters.

No page of it is known, so its migrations have no page track; figures of which the recording says
nothing are 0 or None there. Who reads it asks `isinstance(history, RecordedHistory)` first.
"""

from dataclasses import dataclass, field

from engine.history import History
from engine.network import PiecewiseSeries


@dataclass(frozen=True)
class RecordedHistory(History):
    """A recorded migration, or recorded pings.

    Attributes:
        kind: What people call the format of the recording.
        notes: A sentence on everything that was assumed or left out.
        transferred_bytes: Sent so far, as of the newest sample; without steps where unknown.
        remaining_bytes: Left to be sent, in the same way.
        dirtied_pps: Pages dirtied a second, in the same way.
        memory_known: Whether the VM's memory is the recording's, or a default.
        deltas: Whether pages were sent as differences (XBZRLE).
        downtime_limit_ns: The downtime that the machine was to stay within, if it is told.
    """

    kind: str = ""
    notes: tuple[str, ...] = ()
    transferred_bytes: PiecewiseSeries = field(default_factory=PiecewiseSeries)
    remaining_bytes: PiecewiseSeries = field(default_factory=PiecewiseSeries)
    dirtied_pps: PiecewiseSeries = field(default_factory=PiecewiseSeries)
    memory_known: bool = True
    deltas: bool = False
    downtime_limit_ns: int | None = None


def known_at(series: PiecewiseSeries, t_ns: int) -> int | None:
    """Return a counter's newest value at an instant, None before the first one."""
    return series.value_at(t_ns) if series.t_ns and series.t_ns[0] <= t_ns else None
