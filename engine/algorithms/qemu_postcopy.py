"""Post-copy of QEMU: pre-copy until the operator switches, then a cursor behind the faults."""

from engine.algorithms.pulling import let_vm_go_first
from engine.algorithms.qemu_precopy import LiveCopy, complete
from engine.migration import Migration, Process

MS_NS = 1_000_000


def qemu_postcopy(m: Migration) -> Process:
    """Copy as QEMU does, switch when it is asked for, and push behind the newest fault.

    The VM moves with what was marked at the switch still at the source. When what is left fits
    into the downtime limit before the switch is due, it completes without one.
    Source: QEMU migration/postcopy-ram.c, migration/ram.c (ram_save_host_page, get_queued_page).
    """
    yield from m.reserve()
    m.begin_phase("push")
    copy = LiveCopy(m)
    begun_ns = m.now_ns

    def is_due() -> bool:
        if m.parameters["switch"] == "first-pass":
            return copy.first_pass_done
        return m.now_ns - begun_ns >= int(m.parameters["switch_after"]) * MS_NS

    yield from copy.run(until=is_due)
    if not is_due():
        yield from complete(m)
        return
    yield from m.suspend("switched")
    m.note_round_ended()
    yield from let_vm_go_first(m, m.clean())
