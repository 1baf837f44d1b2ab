"""Pre-copy of QEMU: no rounds, one bitmap and a cursor, and a bound on the downtime alone.

The bitmap is read only when what is left would fit into the downtime limit at the bandwidth of
the last window; if it still fits then, the VM is stopped. Nothing bounds the number of reads.
Source: QEMU migration/migration.c (migration_iteration_run, migration_rate_limit) and
migration/ram.c (ram_save_iterate, migration_bitmap_sync).
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from engine.buffer_transfer import BufferTransfer
from engine.memory import Pages
from engine.migration import Migration, Process, Send, Wait
from engine.qemu_memory import MarkRules, QemuMemory
from engine.qemu_rules import (
    FORCED_READ_MS,
    MS_NS,
    WINDOW_MS,
    ThrottleTrigger,
    threshold_bytes,
    window_budget,
)
from engine.qemu_throttle import AutoConverge, DirtyLimit
from engine.senders import BatchSender
from engine.specs import PAGE_BYTES

WORDS: Final = ("clearing", "switch", "push", "direction")
"""Parameters that are no numbers."""


def qemu_precopy(m: Migration) -> Process:
    """Copy until what is left fits into the downtime limit, then stop and send the rest."""
    yield from m.reserve()
    m.begin_phase("push")
    yield from LiveCopy(m).run()
    yield from complete(m)


def complete(m: Migration) -> Process:
    """Stop, and send what is left without a limit: it fits into the downtime limit."""
    yield from m.suspend("downtime-limit")
    m.note_round_ended()
    yield from m.copy_while_stopped(m.clean(), None)
    yield from m.commit()
    yield from m.activate()


class Window:
    """The 100 ms in which the limiter counts, and from which the threshold follows."""

    def __init__(self, now_ns: int, parameters: dict[str, int]) -> None:
        """Begin the first window: until it ends, nothing fits."""
        self._limit_ms = parameters["downtime_limit"]
        self._switchover = parameters["avail_switchover_bandwidth"]
        self._budget = window_budget(parameters["max_bandwidth"])
        self._start_ns, self._moved = now_ns, 0
        self.threshold = 0

    @property
    def end_ns(self) -> int:
        """Return until when the sender sleeps that has used up its budget."""
        return self._start_ns + WINDOW_MS * MS_NS

    @property
    def budget(self) -> int | None:
        """Return the bytes that may still be sent in it, one buffer more; None: no limit."""
        return None if self._budget is None else self._budget - self._moved

    @property
    def exceeded(self) -> bool:
        """Return whether more than its bytes were sent."""
        return self.budget is not None and self.budget < 0

    def count(self, n_bytes: int) -> None:
        """Take note of bytes sent."""
        self._moved += n_bytes

    def close_if_over(self, now_ns: int) -> None:
        """After 100 ms: find the threshold from what was sent, and begin the next window."""
        spent_ms = (now_ns - self._start_ns) // MS_NS
        if spent_ms < WINDOW_MS:
            return
        self.threshold = threshold_bytes(
            self._moved,
            spent_ms,
            downtime_limit_ms=self._limit_ms,
            switchover_bandwidth=self._switchover,
        )
        self._start_ns, self._moved = now_ns, 0


class LiveCopy:
    """What QEMU does while the VM runs."""

    def __init__(self, m: Migration) -> None:
        """Read the parameters, and mark every page."""
        self._m = m
        p = self._whole = {name: int(v) for name, v in m.parameters.items() if name not in WORDS}
        rules = MarkRules(
            late=m.parameters["clearing"] == "late",
            chunk_shift=p["clear_bitmap_shift"],
            cache_bytes=p["xbzrle_cache_size"] if p["xbzrle"] else None,
            write_bytes=p["xbzrle_write_bytes"],
        )
        pages = m.begin_copying(tracked=True, make=partial(QemuMemory, rules=rules))
        assert isinstance(m.memory, QemuMemory)
        self._memory = m.memory
        self._start_ns = m.now_ns
        self._window = Window(m.now_ns, p)
        self._throttle = AutoConverge(
            m,
            initial=p["cpu_throttle_initial"],
            increment=p["cpu_throttle_increment"],
            most=p["max_cpu_throttle"],
        )
        self._dirty_limit = DirtyLimit(
            m,
            quota_mbps=p["vcpu_dirty_limit"],
            period_ms=p["vcpu_dirty_limit_period"],
            ring_pages=p["dirty_ring_size"],
        )
        self._trigger = ThrottleTrigger(p["throttle_trigger_threshold"], 0)
        self._sent_bytes = 0
        self._reads = 1
        self._looked_ms, self._looked_reads = 0, 0
        self._open(pages)

    @property
    def _now_ms(self) -> int:
        return (self._m.now_ns - self._start_ns) // MS_NS

    def _open(self, pages: Pages) -> None:
        """Begin the stretch that follows a read of the bitmap."""
        rate = self._whole["max_bandwidth"]
        transfer = self._m.open_stretch(
            pages,
            rate * 8 or None,
            threshold=self._window.threshold,
            throttle=self._throttle.percent,
        )
        assert isinstance(transfer, BufferTransfer)
        self._transfer = transfer
        self._begun = False

    @property
    def first_pass_done(self) -> bool:
        """Return whether the cursor has gone over the whole memory once."""
        return self._reads > 1 or not self._transfer.left

    def run(self, until: Callable[[], bool] = lambda: False) -> Process:
        """Send until what is left fits into the downtime limit, or something else is due.

        Args:
            until: Asked before each iteration, as QEMU asks whether to switch to post-copy.
        """
        while not until() and not self._fits():
            yield from self._iterate()
            self._after_part()
            if self._window.exceeded:
                yield Wait(self._window.end_ns - self._m.now_ns)
                self._after_part()

    def _fits(self) -> bool:
        """Return whether the VM is to be stopped; if it seems so, the bitmap is read first."""
        threshold = self._window.threshold
        if self._transfer.left * PAGE_BYTES < threshold:
            self._read()
        left = self._transfer.left
        return not left or left * PAGE_BYTES < threshold

    def _iterate(self) -> Process:
        """Send until the window's bytes, 50 ms or the pages are used up."""
        if not self._begun:
            self._begun = True
            yield Wait(self._m.stages.round_ns)
        transfer = self._transfer
        before = transfer.bytes_sent
        transfer.begin_iteration(self._m.now_ns, budget=self._window.budget)
        yield Send(BatchSender(transfer))
        self._window.count(transfer.bytes_sent - before)
        self._sent_bytes += transfer.bytes_sent - before

    def _after_part(self) -> None:
        self._window.close_if_over(self._m.now_ns)
        self._read_if_overdue()

    def _read_if_overdue(self) -> None:
        """With auto-converge, look every 5 s whether a read was made, and make one if not."""
        if not self._whole["auto_converge"] or self._now_ms < self._looked_ms + FORCED_READ_MS:
            return
        if self._reads > 1 and self._reads == self._looked_reads:
            self._read()
        self._looked_ms, self._looked_reads = self._now_ms, self._reads

    def _read(self) -> None:
        """Read the bitmap: what was written joins what was not sent yet."""
        self._m.note_round_ended()
        pages = self._m.clean()
        self._reads += 1
        fires = self._trigger.read(
            self._now_ms, new_pages=self._memory.n_new, sent_bytes=self._sent_bytes
        )
        if fires and self._whole["auto_converge"]:
            self._throttle.step()
        elif fires and self._whole["dirty_limit"]:
            self._dirty_limit.step()
        self._open(pages)
