"""What a modelled QEMU migration is asked for, and what it comes to."""

from msgspec import Struct, field

from engine.qemu_stream import HostCosts


class QemuParameters(Struct, frozen=True):
    """QEMU's own parameters of a migration, and what is done to it from outside.

    Attributes:
        max_bandwidth: Bytes a second; 0: no limit.
        downtime_limit_ms: Target of the estimate.
        switchover_bandwidth: Bytes a second assumed for the switch-over; 0: as measured.
        link_bytes_per_s: What the link carries; None: more than the sender can make.
        auto_converge: Slow the guest down when it dirties too fast.
        throttle_trigger: Per cent of the bytes sent that may be dirtied.
        throttle_initial: First step, per cent. throttle_increment: Each further one.
        throttle_most: The last one.
        xbzrle_cache_bytes: Size of the cache of sent pages; None: XBZRLE is off.
        postcopy_at_read: Post-copy is asked for at the first poll that sees so many reads.
        postcopy_bandwidth: Bytes a second after the switch; 0: no limit.
        time_limit_ns: Cancelled at the first poll from then on; None: never.
        counts_flushes: The limiter counts flushed bytes only (QEMU 8 and later).
        costs: Times of the machine.
    """

    max_bandwidth: int = 128 * 2**20
    downtime_limit_ms: int = 300
    switchover_bandwidth: int = 0
    link_bytes_per_s: int | None = None
    auto_converge: bool = False
    throttle_trigger: int = 50
    throttle_initial: int = 20
    throttle_increment: int = 10
    throttle_most: int = 99
    xbzrle_cache_bytes: int | None = None
    postcopy_at_read: int | None = None
    postcopy_bandwidth: int = 0
    time_limit_ns: int | None = None
    counts_flushes: bool = True
    costs: HostCosts = field(default_factory=HostCosts)


class BitmapRead(Struct, frozen=True):
    """One read of the dirty log: when, the pages newly marked, and all that are left then."""

    t_ns: int
    new_pages: int
    left_pages: int


class QemuRun(Struct, frozen=True):
    """What a modelled migration came to; figures of one that was cancelled are its last.

    Attributes:
        outcome: "completed" or "does-not-converge".
        total_ns: From the request to the end.
        downtime_ns: From the stop to the end (post-copy: to the start at the other side).
        bytes_sent: Everything put into the stream.
        reads: Every read of the dirty log, that of the set-up and the last one among them.
        normal_pages: Pages sent whole. zero_pages: Pages sent as zero.
        delta_pages: Pages found in XBZRLE's cache, unchanged ones among them.
        throttle_percent: Auto-converge's last step.
        faults: Pages that the guest asked for. stall_ns: How long it waited for them.
        stale_pages: Pages whose newest contents the destination has not (0, or a bug of ours).
    """

    outcome: str
    total_ns: int
    downtime_ns: int | None
    bytes_sent: int
    reads: tuple[BitmapRead, ...]
    normal_pages: int
    zero_pages: int
    delta_pages: int
    throttle_percent: int
    faults: int
    stall_ns: int
    stale_pages: int
