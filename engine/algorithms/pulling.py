"""What all forms of post-copy do in the end: the VM goes first, and its memory follows."""

import numpy as np

from engine.events import EventKind
from engine.memory import Pages
from engine.migration import Migration, Process, Send, Wait
from engine.pull import Pull, VcpuWrites
from engine.push_order import push_order
from engine.senders import PullSender
from engine.transfer import PAGE_WIRE_BYTES


def let_vm_go_first(m: Migration, marked: Pages | None = None) -> Process:
    """Resume the suspended VM at the destination and bring what is missing there.

    Args:
        m: The migration; its VM is suspended.
        marked: Pages that the destination does not hold in their newest version; None: all.
    """
    yield from m.stop_without_pages()
    yield from m.commit()
    yield from _pull_all(m, marked)
    check_pulled(m)


def _pull_all(m: Migration, marked: Pages | None) -> Process:
    """Bring all missing pages while the destination runs (with activation beside it)."""
    now = m.now_ns
    assert m.memory is not None, "the copying has not begun"
    unit = int(m.parameters.get("page_unit", 1))
    missing = m.memory.mark_missing(now, marked, unit_pages=unit)
    units = missing if unit == 1 else missing[::unit] // np.uint32(unit)
    m.begin_phase("pull")
    m.begin_phase("activation")
    activated_ns = now + m.stages.activation_ns
    m.world.queue.push(activated_ns, lambda: m.end_phase("activation"))
    m.pull = Pull(
        m.n_pages // unit,
        units,
        order=push_order(units, m.n_pages // unit, m.parameters),
        start_ns=now,
        latency_ns=m.world.spec.network.latency_ns,
        vcpus=_vcpus(m, unit),
        send_buffer_bytes=_send_buffer_bytes(m),
        unit_pages=unit,
        background_bps=_background_bps(m),
    )
    if len(missing):
        yield Send(PullSender(m.pull), _service_limit_bps(m))
    m.end_phase("pull")
    m.note(EventKind.PULLED_ALL, faults=m.pull.n_faulted)
    if activated_ns > m.now_ns:
        yield Wait(activated_ns - m.now_ns)


def _vcpus(m: Migration, unit_pages: int) -> list[VcpuWrites]:
    vcpus = []
    for i, clock in enumerate(m.guest.clocks):
        vcpu = VcpuWrites(clock, [w for w in m.guest.writers if w.vcpu == i], unit_pages)
        vcpu.begin(clock.guest_at(m.now_ns))
        vcpus.append(vcpu)
    return vcpus


def _service_limit_bps(m: Migration) -> int | None:
    """Return what the hosts can bring of missing pages, however fast the link is."""
    pages_a_second = int(m.parameters.get("service_rate", 0))
    return pages_a_second * PAGE_WIRE_BYTES * 8 or None


def _background_bps(m: Migration) -> int | None:
    """Return the most that is sent while nothing was asked for."""
    in_bytes = int(m.parameters.get("max_postcopy_bandwidth", 0))
    in_pages = int(m.parameters.get("background_limit", 0))
    return (in_bytes or in_pages * PAGE_WIRE_BYTES) * 8 or None


def _send_buffer_bytes(m: Migration) -> int:
    """Return what goes before a request on the wire; nothing with a channel of its own."""
    return 0 if m.parameters.get("preempt", True) else int(m.parameters["send_buffer"])


def check_pulled(m: Migration) -> None:
    """Assert that every write at the destination met its page, or waited for it."""
    assert m.pull is not None
    ends: dict[int, int] = {}
    for since, ns, _ in m.pull.stalls:
        ends[since] = max(ends.get(since, 0), since + ns)
    for pages, times in m.guest.writes_in_parts(m.times["resumed"], m.now_ns):
        units = pages // np.uint32(m.pull.unit_pages)
        arrive = m.pull.arrive_ns[units]
        for i in np.flatnonzero(arrive > times):
            made = int(times[i])
            while made in ends:  # writes of one instant may wait one after the other
                made = ends[made]
            assert int(arrive[i]) <= made, f"a write met no page {int(pages[i])}"
