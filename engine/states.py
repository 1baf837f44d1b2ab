"""Page states: what a viewer may know about one page at one instant.

The order of the numbers is part of a saved history; append only.
"""

from enum import IntEnum
from typing import Final


class PageState(IntEnum):
    """State of one page of a VM whose migration has begun."""

    NOT_SENT = 0
    IN_FLIGHT = 1
    UP_TO_DATE = 2
    DIRTY_AGAIN = 3
    SENT_WHILE_STOPPED = 4
    PULLED = 5
    SKIPPED = 6
    FREE = 7
    MISSING = 8
    PUSHED = 9


N_STATES: Final = len(PageState)

PENDING: Final = (
    PageState.NOT_SENT,
    PageState.IN_FLIGHT,
    PageState.DIRTY_AGAIN,
    PageState.SKIPPED,
    PageState.MISSING,
)
"""States in which the destination still lacks a page's newest content."""

STATE_LABELS: Final[dict[PageState, str]] = {
    PageState.NOT_SENT: "not sent",
    PageState.IN_FLIGHT: "in flight",
    PageState.UP_TO_DATE: "up to date",
    PageState.DIRTY_AGAIN: "dirty again, stale copy",
    PageState.SENT_WHILE_STOPPED: "sent while stopped",
    PageState.PULLED: "pulled on a fault",
    PageState.SKIPPED: "skipped: dirty again",
    PageState.FREE: "zero or free",
    PageState.MISSING: "missing",
    PageState.PUSHED: "pushed after resume",
}
