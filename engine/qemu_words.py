"""QEMU's pre-copy in words: what its cursor does, and what it waits for."""

from typing import Final

from msgspec import Struct

from engine.specs import PAGE_BYTES
from engine.units import format_bit_rate, format_count

FULL_SPEED: Final = 1000


class QemuSight(Struct, frozen=True):
    """What is known of the live copy at an instant.

    Attributes:
        source: Host that sends. vm: What it sends.
        reads: Reads of the dirty bitmap so far, that of the set-up included.
        marked: Pages that the newest read left marked. sent: Pages sent whole since.
        zero_pages: Pages told to be zero, in 9 bytes each, in the whole migration.
        rate_bps: What the stream carries now; 0: it sleeps.
        threshold_bytes: What would have fitted into the downtime limit at the newest read.
        downtime_limit_ms: That limit. max_bandwidth: The limiter, bytes a second; 0: none.
        speed: The guest's speed, thousandths. throttle: Auto-converge's step, per cent.
    """

    source: str
    vm: str
    reads: int
    marked: int
    sent: int
    zero_pages: int
    rate_bps: int
    threshold_bytes: int
    downtime_limit_ms: int
    max_bandwidth: int
    speed: int
    throttle: int


def live_words(sight: QemuSight) -> tuple[str, str]:
    """Return a headline and some sentences on QEMU's live copy."""
    times = "once" if sight.reads == 1 else f"{format_count(sight.reads)} times"
    headline = f"Push: the dirty bitmap was read {times}"
    sentences = [_sending(sight), _waiting(sight)]
    if sight.throttle:
        sentences.append(f"Auto-converge lets {sight.vm} run {100 - sight.throttle} % of the time.")
    elif sight.speed < FULL_SPEED:
        sentences.append(f"{sight.vm} runs at {sight.speed // 10} % of its speed.")
    return headline, " ".join(sentences)


def _sending(sight: QemuSight) -> str:
    marked, sent = format_count(sight.marked), format_count(sight.sent)
    done = f"{sent} of {marked} marked pages are sent"
    zero = ""
    if sight.reads == 1 and sight.zero_pages:
        zero = "; a page that is zero takes 9 bytes"
    if not sight.rate_bps and not sight.sent:
        return f"{sight.source} has just read it: {marked} pages are marked and not sent yet."
    if not sight.rate_bps and sight.max_bandwidth:
        limit = format_bit_rate(sight.max_bandwidth * 8)
        return (
            f"{sight.source} has sent all that {limit} allow in this window of 100 ms, and sleeps "
            f"until its end: {done}{zero}."
        )
    speed = f" at {format_bit_rate(sight.rate_bps)}" if sight.rate_bps else ""
    return f"{sight.source} sends page after page, round and round{speed}: {done}{zero}."


def _waiting(sight: QemuSight) -> str:
    limit = f"{sight.downtime_limit_ms} ms"
    text = f"QEMU reads the bitmap again when what is left would fit into {limit}"
    if not sight.threshold_bytes:
        return f"{text} at the bandwidth of the last 100 ms."
    pages = format_count(-(-sight.threshold_bytes // PAGE_BYTES))
    return f"{text} (fewer than {pages} pages), and stops {sight.vm} if it fits then."
