"""Post-copy: the VM moves first, its memory follows by demand faults and active push."""

from engine.algorithms.pulling import let_vm_go_first
from engine.migration import Migration, Process


def postcopy(m: Migration) -> Process:
    """Suspend, send the device state, resume at the destination, pull.

    Source: Hines and Gopalan, VEE 2009 (demand paging and active push).
    """
    yield from m.reserve()
    yield from m.suspend("switched")
    m.begin_copying(tracked=False)
    yield from let_vm_go_first(m)
