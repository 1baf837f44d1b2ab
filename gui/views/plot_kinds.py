"""Which plots there are, what they are called, and which of them a run has something for."""

from collections.abc import Callable
from typing import Final

from engine.history import History
from gui.views.client_contents import (
    has_web_clients,
    ping_content,
    replies_of,
    web_content,
)
from gui.views.move_contents import (
    downtime_content,
    downtime_parts,
    has_downtime,
    has_rounds,
    left_is_known,
    migrations_of,
    remaining_content,
    rounds_content,
)
from gui.views.plot_content import PlotContent
from gui.views.plot_geometry import SHORTEST_NS, Stretch
from gui.views.rate_contents import is_slowed, rate_content, speed_content
from gui.views.stall_contents import has_stalls, stall_content

Maker = Callable[[History, str, History | None], PlotContent]

MAKERS: Final[dict[str, Maker]] = {
    "web": web_content,
    "ping": ping_content,
    "rate": rate_content,
    "stalls": stall_content,
    "remaining": remaining_content,
    "rounds": rounds_content,
    "speed": speed_content,
    "downtime": downtime_content,
}
NAMES: Final = {
    "web": "Web throughput",
    "ping": "Replies to clients",
    "rate": "Link rate and page dirtying",
    "stalls": "Fault stalls",
    "remaining": "Remaining pages",
    "downtime": "Downtime and its parts",
    "speed": "Guest speed",
    "rounds": "Rounds",
}
BEFORE_SHARE: Final = 0.4
AFTER_SHARE: Final = 0.3


def kinds_of(history: History, vm: str) -> list[str]:
    """Return the plots that a VM has something for, the telling ones first."""
    migrations = migrations_of(history, vm)
    found = {
        "web": has_web_clients(history, vm),
        "ping": bool(replies_of(history, vm)),
        "rate": any(m.rate.values for m in history.migrations) or not migrations,
        "stalls": has_stalls(history, vm),
        "remaining": left_is_known(migrations, history),
        "downtime": has_downtime(history, vm),
        "speed": is_slowed(history, vm),
        "rounds": has_rounds(history, vm),
    }
    first = ("web", "rate", "ping") if found["web"] else ("ping", "rate")
    order = dict.fromkeys([*first, *MAKERS])
    kinds = [kind for kind in order if found[kind]]
    return kinds if len(kinds) > 1 else ["ping", "rate"]


def switchover_of(history: History, vm: str, t_ns: int) -> Stretch | None:
    """Return from a bit before a VM stops to a bit after clients reach it again.

    Of several migrations the one that goes on or was last at the instant, else the first.
    """
    ends = []
    for m in migrations_of(history, vm):
        parts = downtime_parts(history, m)
        if parts:
            ends.append((m.requested_ns, parts[0][1], parts[-1][2]))
    if not ends:
        return None
    past = [entry for entry in ends if entry[0] <= t_ns]
    _, start, end = past[-1] if past else ends[0]
    length = max(SHORTEST_NS, end - start)
    room = (round(length * BEFORE_SHARE), round(length * AFTER_SHARE))
    return Stretch(start - room[0], end + room[1]).within(history.end_ns)
