"""The writes of one VM over scenario time, read in pieces of bounded size.

What a guest writes is a pure function of guest time, so any stretch can be read at any time, in
any order; nothing here is recorded.
"""

import numpy as np
import numpy.typing as npt

from engine.history import VmRecord

Pages = npt.NDArray[np.uint32]
Times = npt.NDArray[np.int64]

SECOND_NS = 1_000_000_000


def densest_pps(record: VmRecord, end_ns: int) -> int:
    """Return the page writes a second of all writers together, where each is at its fastest."""
    total = 0
    for writer in record.writers:
        writer.rate_at(record.clocks[writer.vcpu].guest_at(end_ns))  # its stretches are known now
        total += max((writer.rate_at(s.guest_ns) for s in writer.stretches), default=0)
    return total


def pages_written(record: VmRecord, from_ns: int, to_ns: int) -> Pages:
    """Return the pages written after `from_ns`, at `to_ns` at the latest, with repeats."""
    parts = [np.empty(0, np.uint32)]
    for writer in record.writers:
        clock = record.clocks[writer.vcpu]
        parts.append(writer.writes_between(clock.guest_at(from_ns), clock.guest_at(to_ns))[0])
    return np.concatenate(parts)


def dated_writes(record: VmRecord, from_ns: int, to_ns: int) -> tuple[Pages, Times]:
    """Return the pages written after `from_ns`, at `to_ns` at the latest, and when.

    Returns:
        Pages with repeats and scenario times, same shape; in order of time for each writer.
    """
    pages, times = [np.empty(0, np.uint32)], [np.empty(0, np.int64)]
    for writer in record.writers:
        clock = record.clocks[writer.vcpu]
        found, guest_ns = writer.writes_between(clock.guest_at(from_ns), clock.guest_at(to_ns))
        if len(found):
            pages.append(found)
            times.append(clock.scenario_times(guest_ns))
    return np.concatenate(pages), np.concatenate(times)
