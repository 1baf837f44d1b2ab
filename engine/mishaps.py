"""What went wrong, or was done by hand, in plain words: sentences that a caption adds.

Each is bound to an event of the run, as in `engine.narration`, which asks for them.
"""

from collections.abc import Iterator

from engine.events import Event, EventKind
from engine.history import History
from engine.units import format_count, format_duration_ns


def _events(history: History, t_ns: int, kind: EventKind) -> Iterator[Event]:
    """Yield the events of a kind that have happened, newest first."""
    return (e for e in reversed(history.events) if e.t_ns <= t_ns and e.kind is kind)


def host_trouble(history: History, t_ns: int, host: str) -> str:
    """Return in a sentence that a host is cut off from the network, "" if it is not."""
    down = next((e for e in _events(history, t_ns, EventKind.LINK_DOWN) if e.subject == host), None)
    up = next((e for e in _events(history, t_ns, EventKind.LINK_UP) if e.subject == host), None)
    if down is None or (up is not None and up.t_ns >= down.t_ns):
        return ""
    return (
        f"The link of {host} has been down for {format_duration_ns(t_ns - down.t_ns)}: clients do "
        "not reach the VM, and no migration can begin."
    )


def cancel_refused(history: History, t_ns: int, vm: str, *, since_ns: int = 0) -> str:
    """Return in a sentence why the newest wish to cancel was not granted, "" without one."""
    for event in _events(history, t_ns, EventKind.CANCEL_REFUSED):
        if event.subject == vm and event.t_ns >= since_ns:
            return f"It could not be cancelled: {event.detail('reason')}."
    return ""


def announcement_lost(history: History, t_ns: int, migration: int) -> str:
    """Return in a sentence what lost announcements come to, "" if none was lost."""
    lost = [
        e for e in _events(history, t_ns, EventKind.ANNOUNCEMENT_LOST) if e.migration == migration
    ]
    if not lost:
        return ""
    times = "The announcement was lost on its way"
    if len(lost) > 1:
        times = f"{format_count(len(lost))} announcements were lost on their way"
    return (
        f"{times}, so the switch still sends to the old port; the next announcement, or any frame "
        "that the VM sends, will teach it."
    )


def stunned(history: History, t_ns: int, migration: int) -> str:
    """Return in a sentence which writers wait because they wrote too much, "" if none does."""
    names = {
        e.detail("writer")
        for e in _events(history, t_ns, EventKind.STUNNED)
        if e.migration == migration
    }
    if not names:
        return ""
    who = "1 writer has" if len(names) == 1 else f"{len(names)} writers have"
    wait = "waits" if len(names) == 1 else "wait"
    return f"{who} dirtied too many pages and {wait}, stunned, until the VM has moved."


def ballooned(history: History, t_ns: int, migration: int) -> str:
    """Return in a sentence what the guest gave back before round 1, "" if it did not."""
    for event in _events(history, t_ns, EventKind.BALLOONED):
        if event.migration == migration:
            pages = format_count(int(event.detail("pages", 0)))
            return f"Its balloon gave {pages} free and cached pages back: they need not be sent."
    return ""
