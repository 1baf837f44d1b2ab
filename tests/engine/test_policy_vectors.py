"""Closed forms of the newer policies, and figures that sources give for their mechanisms."""

from __future__ import annotations

import pytest

from engine.algorithms.precopy import MBIT
from engine.analytic import FOLLOWED_ROUNDS, predict
from engine.model_rows import dirty_bitmap_bytes, models_for
from engine.policies import POLICIES, qemu_announcements_ns
from engine.qemu_guest import SLICE_NS, GuestLoad, throttled_speed
from engine.qemu_model import _Migration as QemuMigration
from engine.qemu_terms import QemuParameters
from engine.scenario import Scenario
from engine.simulation import simulate
from engine.stop_rules import (
    EstimatedDowntime,
    LiveStageRounds,
    TwiceAskedRounds,
    rule_of,
)
from engine.stop_thresholds import stop_threshold
from engine.working_set import CappedLinear
from tests.helpers.by_hand import MS, PAGE, PAGE_A_MS
from tests.helpers.random_scenarios import NEWER_POLICIES
from tests.helpers.round_traces import GIB_PAGES, PAGE_US, constant, gib_pool

# Models without a simulation


def test_each_policy_has_the_rule_of_its_parameters() -> None:
    assert rule_of("xen-v2", {"max_rounds": 7}) == TwiceAskedRounds(7, 50)
    assert rule_of("xapi-emu", {"min_dirty": 9}) == LiveStageRounds(4, 9)
    assert rule_of("cloud-hypervisor", {"timeout": 60, "timeout_action": "ignore"}) == (
        EstimatedDowntime(0.3, 60.0, False)
    )


@pytest.mark.parametrize("name", NEWER_POLICIES)
def test_the_recurrence_makes_the_rounds_of_the_run(name: str) -> None:
    m = simulate(constant(name)).migrations[0]
    rule = rule_of(name, {})
    assert rule is not None
    found = predict(
        CappedLinear(100_000, 20_000),
        pages=GIB_PAGES,
        rate_bps=PAGE_A_MS * 1000 // PAGE_US,
        rule=rule,
    )

    assert [pages for pages, _ in found.rounds] == [r.pages_sent for r in m.rounds]
    assert found.stop_reason == m.stop_reason
    assert found.downtime_s == pytest.approx(0.2)


@pytest.mark.parametrize("name", NEWER_POLICIES)
def test_models_stand_beside_a_run(name: str, small: Scenario) -> None:
    spec = small.with_policy(name).spec
    m = simulate(spec).migrations[0]
    assert m.released_ns is not None
    assert m.resumed_ns is not None
    assert m.suspended_ns is not None

    for row in models_for(spec, spec.vms[0], spec.migrations[0])[-2:]:
        assert row.total_time_s == pytest.approx((m.released_ns - m.requested_ns) / 1e9, rel=0.1)
        assert row.downtime_s == pytest.approx((m.resumed_ns - m.suspended_ns) / 1e9, rel=0.2)
        assert row.bytes_sent == pytest.approx(m.bytes_sent, rel=0.25)


def test_a_model_that_cannot_meet_the_limit_waits_for_the_timeout() -> None:
    """Rounds of one page, for ever: they are not followed one by one up to the timeout."""
    curve, rate_bps = CappedLinear(1e9, 1), PAGE_A_MS * 100
    stops, gives_up = (
        predict(curve, pages=1000, rate_bps=rate_bps, rule=EstimatedDowntime(0.0, 3600.0, cancels))
        for cancels in (False, True)
    )

    assert stops.stop_reason == "timeout"
    assert not stops.converges
    assert stops.total_time_s == pytest.approx(3600, rel=1e-3)
    assert stops.bytes_sent == pytest.approx(3600 * 100_000 * 4104, rel=1e-3)
    assert len(stops.rounds) <= FOLLOWED_ROUNDS + 3
    assert (gives_up.stop_reason, gives_up.converges) == ("never", False)


# Figures that sources give for the mechanisms


def test_qemu_announces_at_growing_distances() -> None:
    assert qemu_announcements_ns() == tuple(ms * MS for ms in (0, 50, 200, 450, 800))
    assert POLICIES["qemu-precopy"].announcements_ns == qemu_announcements_ns()
    assert qemu_announcements_ns(most_ms=60) == tuple(ms * MS for ms in (0, 50, 110, 170, 230))


@pytest.mark.parametrize(
    ("percent", "sleep_us", "period_us"),
    [(20, 2500, 12_500), (50, 10_000, 20_000), (90, 90_000, 100_000), (99, 990_000, 1_000_000)],
)
def test_a_throttled_processor_sleeps_that_long_of_every_period(
    percent: int, sleep_us: int, period_us: int
) -> None:
    assert period_us - sleep_us == SLICE_NS // 1000
    assert throttled_speed(percent, by_work=True) == 1000 * (period_us - sleep_us) // period_us


def test_what_128_mib_a_second_carry_in_300_ms_is_qemus_threshold() -> None:
    """40 265 318 bytes, 9830 pages: of QEMU's own loop, and of the threshold on screen."""
    load = GuestLoad(
        memory_mib=8,
        fill_pages=0,
        set_pages=0,
        pattern="idle",
        hot_pages=0,
        hot_percent=0,
        write_bytes=0,
        by_work=True,
        rate_pps=0,
        writes_before=0,
    )
    qemu = QemuMigration(load, QemuParameters(switchover_bandwidth=128 * 2**20))
    qemu.t_ns += 100 * MS
    qemu._close_window()
    spec = gib_pool("cloud-hypervisor")
    network = spec.network.model_copy(update={"bandwidth_bps": 128 * 2**20 * 8})
    history = simulate(spec.model_copy(update={"network": network}))

    assert qemu.threshold == 40_265_318
    assert stop_threshold(history, history.migrations[0]) == [(0, 9830)]


def test_the_first_limiters_bucket_is_refilled_in_those_slots() -> None:
    """100 KiB a slot is the rate, because its Mbit is 2^20 bit."""
    burst_bits = 100 * 1024 * 8

    assert burst_bits * 10**6 // (100 * MBIT) == 7812
    assert burst_bits * 10**6 // (500 * MBIT) == 1562


def test_a_dirty_bitmap_takes_32_kib_a_gib() -> None:
    assert dirty_bitmap_bytes(2**30 // PAGE) == 32 * 2**10
