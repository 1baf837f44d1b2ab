"""QEMU's rules, each by itself: limiter, threshold, throttle, zero pages, deltas, post-copy."""

import numpy as np
import pytest
from msgspec.structs import replace

from engine.qemu_guest import GuestLoad as Load
from engine.qemu_guest import QemuGuest, throttled_speed
from engine.qemu_model import migrate
from engine.qemu_pull import PullingGuest
from engine.qemu_stream import DEVICE_BYTES, SETUP_BYTES, Stream
from engine.qemu_terms import QemuParameters
from engine.qemu_xbzrle import DeltaCache

QUANTUM = 131_328
IDLE = Load(
    memory_mib=64,
    fill_pages=8192,
    set_pages=0,
    pattern="idle",
    hot_pages=1,
    hot_percent=90,
    write_bytes=4,
    by_work=False,
    rate_pps=0,
    writes_before=0,
)
SWEEP = replace(IDLE, pattern="sweep", set_pages=4096, rate_pps=2000, writes_before=4000)
PLAIN = QemuParameters(max_bandwidth=50_000_000)


def test_the_limiter_counts_whole_buffers() -> None:
    stream = Stream(None, counts_flushes=True)
    stream.flush(0)
    before = stream.counted_bytes
    for _ in range(31):
        stream.put_page(0)
    assert stream.counted_bytes == before
    stream.put_page(0)
    assert stream.counted_bytes == before + QUANTUM


def test_an_old_limiter_counts_what_is_put() -> None:
    stream = Stream(None, counts_flushes=False)
    stream.put_page(0)
    assert stream.counted_bytes == SETUP_BYTES + 4104


def test_copied_bytes_are_flushed_by_the_buffer() -> None:
    stream = Stream(None, counts_flushes=True)
    stream.flush(0)
    stream.put_copied(32_767, 0)
    assert stream.counted_bytes == SETUP_BYTES
    stream.put_copied(4104, 0)
    assert stream.counted_bytes == SETUP_BYTES + 32_768
    stream.flush(0)
    assert stream.counted_bytes == SETUP_BYTES + 32_767 + 4104


@pytest.mark.parametrize(("bandwidth", "quanta"), [(50_000_000, 39), (10_000_000, 8), (10**8, 77)])
def test_a_window_sends_the_smallest_multiple_that_reaches_its_budget(bandwidth, quanta) -> None:
    """50 MB/s gives 51.2, 10 MB/s 10.5 and 100 MB/s 101.1 (README of the recordings)."""
    asked = QemuParameters(max_bandwidth=bandwidth, downtime_limit_ms=0, time_limit_ns=2 * 10**8)
    load = replace(IDLE, memory_mib=256, fill_pages=64_000)
    two = migrate(load, asked)
    one = migrate(load, replace(asked, time_limit_ns=10**8))
    assert two.bytes_sent - one.bytes_sent == quanta * QUANTUM + 18


def test_bytes_are_those_of_pages_zero_pages_and_state() -> None:
    run = migrate(SWEEP, PLAIN)
    rest = run.bytes_sent - 4104 * run.normal_pages - 9 * run.zero_pages
    assert DEVICE_BYTES <= rest < DEVICE_BYTES + 5000
    assert run.normal_pages + run.zero_pages >= SWEEP.n_pages


def test_an_easy_guest_needs_three_reads() -> None:
    run = migrate(IDLE, PLAIN)
    assert (run.outcome, len(run.reads)) == ("completed", 3)


def test_zero_pages_become_ordinary_by_the_first_write() -> None:
    beyond = replace(SWEEP, fill_pages=0, writes_before=1000)
    guest = QemuGuest(beyond)
    assert np.count_nonzero(guest.in_use[1024:5120]) == 1000
    guest.advance(10**9)
    assert np.count_nonzero(guest.in_use[1024:5120]) == 3000


def test_the_last_copy_is_not_limited_but_the_link_holds_it() -> None:
    free = migrate(SWEEP, PLAIN)
    held = migrate(SWEEP, replace(PLAIN, max_bandwidth=0, link_bytes_per_s=50_000_000))
    assert free.downtime_ns < 20_000_000
    assert held.downtime_ns > 100_000_000
    assert held.downtime_ns < 310_000_000


def test_a_given_switchover_bandwidth_replaces_the_measured_one() -> None:
    early = migrate(SWEEP, replace(PLAIN, switchover_bandwidth=10**9))
    plain = migrate(SWEEP, PLAIN)
    assert len(early.reads) <= len(plain.reads)
    assert early.total_ns < plain.total_ns


@pytest.mark.parametrize(
    ("percent", "by_work", "speed"),
    [(20, True, 800), (99, True, 10), (60, False, 1000), (80, False, 600), (99, False, 30)],
)
def test_throttling_works_on_work_and_on_deadlines_beyond_the_catch_up(
    percent, by_work, speed
) -> None:
    assert throttled_speed(percent, by_work=by_work) == speed


def test_auto_converge_steps_by_two_bad_periods() -> None:
    busy = replace(SWEEP, rate_pps=30_000, set_pages=8192, by_work=True, fill_pages=12_000)
    asked = QemuParameters(max_bandwidth=20_000_000, auto_converge=True, time_limit_ns=60 * 10**9)
    run = migrate(busy, asked)
    assert run.outcome == "completed"
    assert run.throttle_percent in {*range(20, 100, 10), 99}
    without = migrate(busy, replace(asked, auto_converge=False))
    assert without.outcome == "does-not-converge"
    assert without.total_ns == 60 * 10**9


def test_deltas() -> None:
    cache = DeltaCache(1 << 20, 4)
    assert cache.delta_bytes(5, 3, 2, last=False) is None
    assert cache.delta_bytes(5, 3, 2, last=False) == 0
    assert cache.delta_bytes(5, 4, 2, last=False) == 7
    assert cache.delta_bytes(5 + 256, 1, 3, last=False) is None, "the slot is taken"
    assert cache.delta_bytes(5, 4, 3, last=False) == 0
    assert cache.delta_bytes(5 + 256, 1, 4, last=False) is None, "old enough: it takes the slot"
    assert cache.delta_bytes(5, 4, 4, last=True) is None
    whole = DeltaCache(1 << 20, 4096)
    whole.delta_bytes(5, 1, 2, last=False)
    assert whole.delta_bytes(5, 2, 2, last=False) is None, "overflow"


def test_postcopy_pulls_what_the_guest_asks_for() -> None:
    asked = QemuParameters(
        max_bandwidth=0, link_bytes_per_s=20_000_000, postcopy_at_read=1, time_limit_ns=60 * 10**9
    )
    busy = replace(SWEEP, pattern="uniform", rate_pps=2000)
    run = migrate(busy, asked)
    assert run.outcome == "completed"
    assert run.faults > 0
    assert run.stall_ns > run.faults * 1_000_000
    assert run.normal_pages + run.zero_pages - busy.n_pages < 2000, "each page crosses about once"


def test_the_push_goes_on_behind_the_page_that_was_asked_for() -> None:
    guest = QemuGuest(replace(SWEEP, writes_before=0))
    missing = np.ones(SWEEP.n_pages, np.bool_)
    pull = PullingGuest(guest, missing, 0)
    assert pull.next_page() == 0
    pull.run_until(10**9)
    assert pull.asked == [1024]
    assert pull.asked_ns == 500_000
    assert [pull.next_page() for _ in range(3)] == [1024, 1025, 1026]
    pull.arrive(1024, 600_000)
    pull.arrive(1025, 700_000)
    pull.arrive(1026, 800_000)
    pull.run_until(10**9)
    assert pull.stall_ns == 100_000
    assert pull.asked == [1027]


PARAMETERS = [
    PLAIN,
    QemuParameters(max_bandwidth=0),
    QemuParameters(max_bandwidth=0, link_bytes_per_s=30_000_000),
    QemuParameters(max_bandwidth=20_000_000, link_bytes_per_s=30_000_000),
    QemuParameters(max_bandwidth=20_000_000, xbzrle_cache_bytes=1 << 24),
    QemuParameters(max_bandwidth=20_000_000, auto_converge=True),
    QemuParameters(max_bandwidth=20_000_000, postcopy_at_read=1, postcopy_bandwidth=20_000_000),
    QemuParameters(max_bandwidth=0, link_bytes_per_s=30_000_000, postcopy_at_read=2),
    QemuParameters(max_bandwidth=20_000_000, counts_flushes=False),
]


@pytest.mark.parametrize("parameters", PARAMETERS)
@pytest.mark.parametrize("pattern", ["sweep", "uniform", "hot-cold"])
def test_the_destination_ends_with_the_newest_of_every_page(parameters, pattern) -> None:
    load = replace(SWEEP, pattern=pattern, hot_pages=64, fill_pages=2000)
    run = migrate(load, parameters)
    assert run.outcome == "completed"
    assert run.stale_pages == 0
    assert run == migrate(load, parameters), "the same again, to the bit"


def test_reads_are_told_with_their_pages() -> None:
    run = migrate(SWEEP, PLAIN)
    times = [read.t_ns for read in run.reads]
    assert times == sorted(times)
    assert run.reads[0].left_pages == SWEEP.n_pages
    assert all(0 <= read.new_pages <= read.left_pages for read in run.reads)
