"""Hybrid: rounds of pre-copy while the VM runs, then post-copy of what is dirty."""

from collections.abc import Mapping

from engine.algorithms.pulling import let_vm_go_first
from engine.migration import Migration, Process, RoundStats

MS_NS = 1_000_000


def hybrid(m: Migration) -> Process:
    """Copy in rounds until it is time to switch; then let the VM go first, as in post-copy.

    Source: Hines and Gopalan, VEE 2009, section 2 (pre-copy of the non-pageable part aside);
    virsh migrate --postcopy-after-precopy and --timeout-postcopy.
    """
    yield from m.reserve()
    m.begin_phase("push")
    pages = m.begin_copying(tracked=True)
    begun_ns = m.now_ns
    while True:
        stats = yield from m.live_round(pages, None)
        if is_time(m.parameters, stats, m.now_ns - begun_ns):
            break
        pages = m.clean()
    yield from m.suspend("switched")
    yield from let_vm_go_first(m, m.clean())


def is_time(parameters: Mapping[str, object], stats: RoundStats, elapsed_ns: int) -> bool:
    """Return whether to switch after a round.

    Args:
        parameters: `rounds`, `switch_after` (ms, 0: never) and `on_stall`.
        stats: What is known of the round.
        elapsed_ns: Since the copying began.
    """
    after = parameters["switch_after"]
    assert isinstance(after, int) and isinstance(parameters["rounds"], int)
    if stats.number >= parameters["rounds"] or (after and elapsed_ns >= after * MS_NS):
        return True
    return bool(parameters["on_stall"]) and stats.dirty >= stats.sent
