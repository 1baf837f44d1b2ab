"""QEMU's outgoing stream: its buffer, its bandwidth limiter and the link behind it.

Bytes count for the limiter when the buffer is flushed: after 64 pieces (a page by reference is
two, its header and itself), or when the 32 KiB of copied bytes are full. So 32 whole pages, or
131328 bytes, are the limiter's quantum.
"""

from typing import Final

from msgspec import Struct

from engine.specs import PAGE_BYTES

SECOND_NS: Final = 1_000_000_000
HEADER_BYTES: Final = 8
ZERO_PAGE_BYTES: Final = 9
XBZRLE_HEADER_BYTES: Final = 3
SETUP_BYTES: Final = 199
SECTION_HEAD_BYTES: Final = 5
SECTION_TAIL_BYTES: Final = 13
DEVICE_BYTES: Final = 112_000
MOST_PIECES: Final = 64
BUFFER_BYTES: Final = 32_768
LINK_BUFFER_BYTES: Final = 212_992
"""What a socket takes before the sender has to wait: Linux's default."""


class HostCosts(Struct, frozen=True):
    """Times of the machine that runs QEMU: one set for all recordings of one machine.

    Attributes:
        page_ns: A page is copied to the stream while the guest runs.
        zero_page_ns: A page is found to be zero.
        delta_ns: A page is compared with its cached copy.
        last_page_ns: A page is copied with the guest stopped.
        pulled_page_ns: A page is copied after the switch to post-copy.
        first_arrival_ppm: How much longer a link takes for a page that the receiver never had:
            its machine has to find memory for it, and shares its processors with the link.
        read_ns: The dirty bitmap is read.
        setup_ns: From the request to the first page.
        switch_ns: Fixed cost of the switch-over.
        wake_ns: A sleep lasts so much longer than asked for.
    """

    page_ns: int = 9_000
    zero_page_ns: int = 500
    delta_ns: int = 1_100
    last_page_ns: int = 2_000
    pulled_page_ns: int = 3_800
    first_arrival_ppm: int = 25_000
    read_ns: int = 100_000
    setup_ns: int = 1_500_000
    switch_ns: int = 2_500_000
    wake_ns: int = 100_000


class Stream:
    """Counts what is put into the stream, and says when the sender has to wait for the link."""

    def __init__(self, link_bytes_per_s: int | None, *, counts_flushes: bool) -> None:
        """Start empty.

        Args:
            link_bytes_per_s: What the link carries; None: more than the sender can make.
            counts_flushes: The limiter counts flushed bytes only (QEMU 8 and later).
        """
        self._link = link_bytes_per_s
        self._counts_flushes = counts_flushes
        self.put_bytes = SETUP_BYTES
        self.flushed_bytes = 0
        self._held = SETUP_BYTES
        self._copied = SETUP_BYTES
        self._pieces = 1
        self._in_buffer = True
        self._extra_ns = 0
        self._carried_ns = 0

    @property
    def counted_bytes(self) -> int:
        """Bytes that the limiter and the estimate of the bandwidth know of."""
        return self.flushed_bytes if self._counts_flushes else self.put_bytes

    def put_copied(self, n_bytes: int, t_ns: int) -> int:
        """Put bytes that are copied into the buffer; returns when the sender goes on."""
        self.put_bytes += n_bytes
        if not self._in_buffer:
            self._pieces += 1
            self._in_buffer = True
        while self._copied + n_bytes >= BUFFER_BYTES:
            part = BUFFER_BYTES - self._copied
            self._held += part
            n_bytes -= part
            t_ns = self.flush(t_ns)
        self._copied += n_bytes
        self._held += n_bytes
        if n_bytes and not self._pieces:
            self._pieces, self._in_buffer = 1, True
        return t_ns

    def put_page(self, t_ns: int, slower_ppm: int = 0) -> int:
        """Put a whole page by reference behind its header; returns when the sender goes on."""
        if self._link is not None:
            carry_ns = (HEADER_BYTES + PAGE_BYTES) * SECOND_NS // self._link
            self._extra_ns += carry_ns * slower_ppm // 1_000_000
        t_ns = self.put_copied(HEADER_BYTES, t_ns)
        self.put_bytes += PAGE_BYTES
        self._held += PAGE_BYTES
        self._pieces += 1
        self._in_buffer = False
        return self.flush(t_ns) if self._pieces >= MOST_PIECES else t_ns

    def flush(self, t_ns: int) -> int:
        """Hand what is held to the link; returns when the socket has taken it."""
        held, self._held = self._held, 0
        self._copied = self._pieces = 0
        self._in_buffer = False
        self.flushed_bytes += held
        if self._link is None:
            return t_ns
        carry_ns = held * SECOND_NS // self._link + self._extra_ns
        self._extra_ns = 0
        self._carried_ns = max(self._carried_ns, t_ns) + carry_ns
        return max(t_ns, self._carried_ns - LINK_BUFFER_BYTES * SECOND_NS // self._link)

    def arrival_ns(self, t_ns: int) -> int:
        """Return when all that was flushed is at the other side."""
        return max(t_ns, self._carried_ns)
