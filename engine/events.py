"""Events: the dated facts of a run, in the words of the field."""

from enum import StrEnum

from msgspec import Struct, field


class EventKind(StrEnum):
    """What happened. The stages of Clark et al. 2005 (0 to 5) and all that may interrupt them."""

    RUN_STARTED = "run-started"
    RUN_ENDED = "run-ended"
    CHANGE = "change"
    REQUESTED = "requested"  # stage 0, pre-migration
    REFUSED = "refused"
    RESERVED = "reserved"  # end of stage 1, reservation; log-dirty goes on
    ROUND_STARTED = "round-started"  # stage 2, the bitmap is read and cleaned
    ROUND_ENDED = "round-ended"
    SUSPEND_REQUESTED = "suspend-requested"  # the stop rule said so
    SUSPENDED = "suspended"  # stage 3, stop-and-copy: the VM runs nowhere
    COPIED = "copied"  # stage 4, commitment: everything is at the destination
    COMMITTED = "committed"  # the acknowledgement: the destination is primary
    RESUMED = "resumed"  # stage 5, activation: the VM runs at the destination
    ANNOUNCED = "announced"
    ANNOUNCEMENT_LOST = "announcement-lost"
    REACHABLE = "reachable"  # the switch has relearned the port
    FAULTED = "faulted"  # post-copy: the first page pulled on a fault
    PAUSED = "postcopy-paused"  # the link is down, the pull stands still and can be recovered
    RECOVERED = "postcopy-recovered"
    PULLED_ALL = "pulled-all"
    RELEASED = "released"  # the source may be switched off
    FAILED = "failed"  # the VM goes on at the source
    LOST = "lost"  # no copy is left that could run
    CANCELLED = "cancelled"  # by the operator; the VM goes on at the source
    CANCEL_REFUSED = "cancel-refused"  # after the commit, or nothing to cancel
    BALLOONED = "ballooned"  # the guest has given free and cached pages back
    STUNNED = "stunned"  # a writer that faulted too often waits
    TIMED_OUT = "timed-out"
    LINK_DOWN = "link-down"
    LINK_UP = "link-up"
    HOST_DIED = "host-died"


class Event(Struct, frozen=True):
    """One dated fact.

    Attributes:
        t_ns: Scenario time.
        kind: What happened.
        subject: Name of the VM or host that it happened to; "" for the run.
        migration: Index in `History.migrations`, or None.
        details: Figures that a sentence needs, by name, in a fixed order.
    """

    t_ns: int
    kind: EventKind
    subject: str = ""
    migration: int | None = None
    details: tuple[tuple[str, int | str], ...] = field(default=())

    def detail(self, name: str, default: int | str = "") -> int | str:
        """Return one of the details by name."""
        return dict(self.details).get(name, default)
