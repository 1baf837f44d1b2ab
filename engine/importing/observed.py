"""What a recording knows of a migration, and nothing more: absent figures are None.

Times are nanoseconds from the start of the migration (of the first ping, for pings). This module
holds values only; who reads them is in the modules of the formats.
"""

from enum import StrEnum

from msgspec import Struct

from engine.errors import MigrascopeError


class LogFileError(MigrascopeError):
    """A file is no recording that can be read; one sentence says what, where, and what was due."""


class Format(StrEnum):
    """The kinds of recordings."""

    QMP = "qmp"
    HMP = "hmp"
    XL = "xl"
    XL_LEGACY = "xl-legacy"
    DOMJOBINFO = "domjobinfo"
    PROXMOX = "proxmox"
    PING_LINUX = "ping-linux"
    PING_WINDOWS = "ping-windows"

    @property
    def label(self) -> str:
        """Return what people call it."""
        return _LABELS[self]


_LABELS = {
    Format.QMP: "QMP query-migrate samples",
    Format.HMP: "HMP info migrate",
    Format.XL: "xl -v migrate",
    Format.XL_LEGACY: "xl -v migrate, Xen up to 4.5",
    Format.DOMJOBINFO: "virsh domjobinfo",
    Format.PROXMOX: "Proxmox task log",
    Format.PING_LINUX: "ping",
    Format.PING_WINDOWS: "ping of Windows",
}


class ObservedRound(Struct, frozen=True):
    """One round of copying, as far as the recording tells.

    Attributes:
        number: From 1 on; of QEMU the dirty sync count.
        live: Whether the VM ran.
        start_ns: When it began. duration_ns: How long it took.
        pages: Pages that it had to send at its start.
        pages_sent: Pages whose contents it sent. pages_skipped: Pages left for a later round.
        pages_dirtied: Pages found newly dirty at its end.
        bytes_sent: Bytes of the stream.
        rate_bps: Its rate as the recording states it.
    """

    number: int
    live: bool = True
    start_ns: int | None = None
    duration_ns: int | None = None
    pages: int | None = None
    pages_sent: int | None = None
    pages_skipped: int | None = None
    pages_dirtied: int | None = None
    bytes_sent: int | None = None
    rate_bps: int | None = None


class ObservedSample(Struct, frozen=True):
    """The counters at one instant."""

    t_ns: int
    remaining_bytes: int | None = None
    transferred_bytes: int | None = None
    rate_bps: int | None = None
    dirty_rate_pps: int | None = None
    throttle_percent: int | None = None


class StatusChange(Struct, frozen=True):
    """From `t_ns` on (None: the recording does not say when) the status is `status`."""

    t_ns: int | None
    status: str


class ObservedPing(Struct, frozen=True):
    """One ping: when it was sent, and its round-trip time; None: it was lost."""

    t_ns: int
    rtt_ns: int | None


class Observed(Struct, frozen=True):
    """Everything that a recording knows.

    Attributes:
        format: What kind of recording it is.
        name: The file's name.
        rounds: In their order.
        samples: In order of time.
        statuses: In their order; `stop` and `resume` are events of the guest.
        outcome: completed, cancelled or failed; None: the recording ends before.
        reason: Why it failed, in the recording's words; "" if it does not say.
        total_time_ns: From the request to the end, where that is known.
        setup_ns: Until the first page is sent.
        downtime_ns: As the recording states it.
        suspended_ns: When the VM stopped, if the recording tells.
        push_end_ns: When post-copy took over, if it did.
        memory_bytes: Memory of the VM. page_bytes: Size of its pages.
        pages_sent: Pages sent with their contents. zero_pages: Pages sent as zero.
        bytes_sent: All that was sent.
        pings: In order of sending.
        ping_interval_ns: From one ping to the next.
        timed: Whether the instants are the recording's own; if not, `notes` says what is assumed.
        vm: What the VM is called. source: Its first host. destination: Where it goes.
        notes: One sentence on everything that was assumed or left out.
        rate_limit_bps: The bandwidth that the migration was given.
        downtime_limit_ns: The downtime that it was to stay within.
        deltas: Whether pages were sent as differences (XBZRLE).
        began_clock_ns: The instant 0 on the clock of the recording: ns since 1970.
        clock: Which clock that is: "utc", "local" (the zone is not told), "" for none.
    """

    format: Format
    name: str
    rounds: tuple[ObservedRound, ...] = ()
    samples: tuple[ObservedSample, ...] = ()
    statuses: tuple[StatusChange, ...] = ()
    outcome: str | None = None
    reason: str = ""
    total_time_ns: int | None = None
    setup_ns: int | None = None
    downtime_ns: int | None = None
    suspended_ns: int | None = None
    push_end_ns: int | None = None
    memory_bytes: int | None = None
    page_bytes: int = 4096
    pages_sent: int | None = None
    zero_pages: int | None = None
    bytes_sent: int | None = None
    pings: tuple[ObservedPing, ...] = ()
    ping_interval_ns: int | None = None
    timed: bool = True
    vm: str = "vm"
    source: str = "source"
    destination: str = "destination"
    notes: tuple[str, ...] = ()
    rate_limit_bps: int | None = None
    downtime_limit_ns: int | None = None
    deltas: bool = False
    began_clock_ns: int | None = None
    clock: str = ""
