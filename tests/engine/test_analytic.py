"""The recurrence of pre-copy over a dirty curve.

Published values: the predictor grid of Gudkov, qemu-devel 2023, as printed.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analytic import (
    PAGE_WIRE_BYTES,
    Overheads,
    Prediction,
    frontier,
    geometric_series,
    least_bandwidth_bps,
    plateau,
    predict,
)
from engine.history import History
from engine.model_rows import models_for, overheads_of, rate_of
from engine.scenario import Scenario
from engine.specs import PAGE_BYTES, WriterSpec
from engine.stop_rules import (
    NEVER,
    AdaptiveRounds,
    BoundedRounds,
    DowntimeLimit,
    Rule,
    StopAtOnce,
    rule_of,
)
from engine.working_set import (
    CLARK_FITS,
    MBIT,
    MEMCACHED,
    MEMCACHED_PAGES,
    MEMCACHED_ZERO_PAGES,
    CappedLinear,
    Curve,
    Levels,
    Linear,
    PowerLaw,
    record,
    uniform,
    writers_of,
)

GBIT = 1 << 30
DOWNTIMES_S = (0.125, 0.25, 0.5, 1.0, 5.0, math.inf)
GRID = {
    100 * MBIT: ("-", "-", "-", "-", "-", "16m59s"),
    1 * GBIT: ("-", "-", "-", "-", "-", "1m40s"),
    2 * GBIT: ("-", "-", "-", "-", "1m41s", "50s"),
    2.5 * GBIT: ("-", "-", "-", "-", "1m07s", "40s"),
    5 * GBIT: ("48s", "46s", "31s", "28s", "25s", "20s"),
    10 * GBIT: ("13s", "12s", "12s", "12s", "12s", "10s"),
    25 * GBIT: ("5s", "5s", "5s", "5s", "4s", "4s"),
    40 * GBIT: ("3s", "3s", "3s", "3s", "3s", "3s"),
}
IMPLIED_DOWNTIMES_S = {1: 31, 2: 4.0, 2.5: 2.1, 5: 0.27, 10: 0.03}
PAGE_BITS = PAGE_BYTES * 8


def on_the_clock(found: Prediction) -> str:
    """Return a total time as the grid prints it: whole seconds, rounded up."""
    if not found.converges:
        return "-"
    minutes, seconds = divmod(math.ceil(found.total_time_s), 60)
    return f"{minutes}m{seconds:02d}s" if minutes else f"{seconds}s"


def memcached(rate_bps: float, limit_s: float) -> Prediction:
    return predict(
        MEMCACHED, pages=MEMCACHED_PAGES, rate_bps=rate_bps, rule=DowntimeLimit(limit_s),
        zero_pages=MEMCACHED_ZERO_PAGES, zero_page_bytes=8,
    )  # fmt: skip


def bare(curve: Curve, *, pages: float, pps: float, rule: Rule) -> Prediction:
    """Predict with a rate in pages a second."""
    return predict(curve, pages=pages, rate_bps=pps * PAGE_BITS, rule=rule, wire_bytes=PAGE_BYTES)


@pytest.mark.parametrize("rate_bps", GRID)
def test_the_predictor_grid_as_printed(rate_bps: float) -> None:
    found = tuple(on_the_clock(memcached(rate_bps, limit)) for limit in DOWNTIMES_S)

    assert found == GRID[rate_bps]


@pytest.mark.parametrize("gbit", IMPLIED_DOWNTIMES_S)
def test_the_power_law_foretells_the_implied_downtime(gbit: float) -> None:
    rate_bps, published = gbit * GBIT, IMPLIED_DOWNTIMES_S[gbit]
    last_digit = 1 if published > 10 else 0.1 if published > 1 else 0.01
    pages = plateau(PowerLaw(104_586, 0.662), rate_bps=rate_bps)

    assert pages * PAGE_WIRE_BYTES * 8 / rate_bps == pytest.approx(published, abs=last_digit / 2)


def test_the_geometric_recurrence_is_the_closed_form() -> None:
    found = bare(Linear(600), pages=10_000, pps=1000, rule=DowntimeLimit(0.3))
    rounds, total_s = geometric_series(10_000, rate_pps=1000, dirty_rate_pps=600, downtime_s=0.3)

    assert len(found.rounds) == rounds + 1
    assert found.total_time_s == pytest.approx(total_s)
    with pytest.raises(ValueError, match="below"):
        geometric_series(10_000, rate_pps=1000, dirty_rate_pps=1000, downtime_s=0.3)


@pytest.mark.parametrize(
    ("curve", "pages"),
    [
        (Linear(999), 0),
        (Linear(1001), math.inf),
        (CappedLinear(999, 500), 0),
        (CappedLinear(1001, 500), 500),
        (uniform(999, 500), 0),
        (PowerLaw(200, 0.5), (200 * 1000**-0.5) ** 2),
        (Levels(((300, 100.0), (1e6, 1e-6))), 300 + 1e6 * 1e-6 * 0.3),
        (Levels(()), 0),
    ],
)
def test_plateaus_in_closed_form(curve: Curve, pages: float) -> None:
    found = plateau(curve, rate_bps=1000 * PAGE_BITS, wire_bytes=PAGE_BYTES)

    assert found == pytest.approx(pages, rel=1e-3, abs=0.01)


def test_the_plateau_of_a_uniform_writer_is_the_root() -> None:
    v = plateau(uniform(3000, 500), rate_bps=1000 * PAGE_BITS, wire_bytes=PAGE_BYTES)

    assert v == pytest.approx(500 * (1 - math.exp(-3000 * v / (1000 * 500))))
    assert v > 400


def test_rounds_settle_at_the_plateau() -> None:
    found = bare(uniform(3000, 500), pages=10_000, pps=1000, rule=BoundedRounds(max_factor=99))

    assert found.stop_reason == "max-rounds"
    assert len(found.rounds) == 30
    assert found.rounds[-1][0] == pytest.approx(found.plateau_pages)
    assert not found.converges


def test_a_sweep_at_the_working_set_never_meets_a_shorter_downtime() -> None:
    sweep = CappedLinear(5000, 500)

    never = bare(sweep, pages=10_000, pps=1000, rule=DowntimeLimit(0.49))
    ends = bare(sweep, pages=10_000, pps=1000, rule=DowntimeLimit(0.51))

    assert (never.converges, never.stop_reason, never.downtime_s) == (False, NEVER, math.inf)
    assert (ends.converges, ends.downtime_s) == (True, 0.5)
    assert ends.rounds == ((10_000, 10.0), (500, 0.5))


def test_xen_stops_for_few_pages_rounds_or_volume() -> None:
    def reason(curve: Curve, rule: BoundedRounds) -> str:
        return bare(curve, pages=10_000, pps=1000, rule=rule).stop_reason

    assert reason(Linear(100), BoundedRounds()) == "few-pages"
    assert reason(CappedLinear(5000, 60), BoundedRounds()) == "max-rounds"
    assert reason(CappedLinear(5000, 60), BoundedRounds(min_dirty_pages=61)) == "few-pages"
    assert reason(Linear(999), BoundedRounds()) == "max-factor"


def test_stop_and_copy_is_all_of_the_memory_at_once() -> None:
    found = bare(Linear(100), pages=131_072, pps=4096, rule=StopAtOnce())

    assert (found.downtime_s, found.total_time_s) == (32, 32)


def test_the_adaptive_limit_follows_the_dirtying_and_never_falls() -> None:
    rule = AdaptiveRounds()

    assert rule.first_limit_bps == 100 * MBIT
    assert rule.next_limit_bps(100 * MBIT, 1000, 1.0) == 100 * MBIT
    assert rule.next_limit_bps(100 * MBIT, 10_000, 1.0) == pytest.approx(377.68 * MBIT)
    assert rule.next_limit_bps(100 * MBIT, 100_000, 1.0) == 500 * MBIT


def test_the_adaptive_rule_makes_one_more_round_at_its_highest_rate() -> None:
    """A guest that outruns the limiter: the limit rises to 500, and one round must grow there."""
    sweep = CappedLinear(100_000, 65_536)

    code = predict(sweep, pages=131_072, rate_bps=1e9, rule=AdaptiveRounds(max_factor=99))
    printed = predict(sweep, pages=131_072, rate_bps=1e9, rule=AdaptiveRounds(printed=True))

    assert printed.stop_reason == "rate-over-max"
    assert len(code.rounds) > len(printed.rounds)


def test_stage_costs_are_added_where_they_fall() -> None:
    costs = Overheads(
        before_s=1, round_s=0.01, suspend_delay_s=0.1, stopped_s=0.02, after_s=2,
        device_state_bytes=PAGE_BYTES,
    )  # fmt: skip
    found = predict(
        Linear(10), pages=1000, rate_bps=1000 * PAGE_BITS, rule=BoundedRounds(max_rounds=1),
        wire_bytes=PAGE_BYTES, overheads=costs,
    )  # fmt: skip

    last = 10 * (0.01 + 1 + 0.1)
    assert found.rounds[0] == pytest.approx((1000, 1.11))
    assert found.rounds[1] == pytest.approx((last, 0.01 + last / 1000))
    assert found.downtime_s == pytest.approx(0.01 + last / 1000 + 0.02 + 0.001)
    assert found.total_time_s == pytest.approx(1 + 1.11 + found.downtime_s + 2)
    assert found.bytes_sent == pytest.approx((1000 + last + 1) * PAGE_BYTES)


def test_a_ceiling_holds_only_while_the_vm_runs() -> None:
    found = predict(
        Linear(10), pages=1000, rate_bps=1000 * PAGE_BITS, rule=BoundedRounds(max_rounds=1),
        wire_bytes=PAGE_BYTES, live_ceiling_bps=100 * PAGE_BITS,
    )  # fmt: skip

    assert np.array(found.rounds) == pytest.approx(np.array([(1000, 10.0), (100, 0.1)]))


# A rate next to the dirty rate takes rounds without number: keep the two apart.
dirty_rates = st.integers(1, 50).map(lambda hundreds: 100.0 * hundreds)
rates_pps = st.integers(0, 1000).map(lambda hundreds: 100.0 * hundreds + 37)
shrinking = st.one_of(
    st.builds(Linear, dirty_rates),
    st.builds(CappedLinear, dirty_rates, st.floats(1, 10_000)),
    st.builds(uniform, dirty_rates, st.floats(1, 10_000)),
    st.builds(PowerLaw, st.floats(1, 1000), st.floats(0.1, 0.95)),
)


@given(curve=shrinking, downtime=st.floats(0.05, 5), pages=st.floats(1000, 1e6))
def test_pre_copy_converges_above_the_frontier_and_not_below(
    curve: Curve, downtime: float, pages: float
) -> None:
    least_bps = least_bandwidth_bps(curve, downtime_s=downtime, pages=pages, wire_bytes=PAGE_BYTES)
    rule = DowntimeLimit(downtime, max_time_s=math.inf)

    above = bare(curve, pages=pages, pps=least_bps * 1.05 / PAGE_BITS, rule=rule)
    below = bare(curve, pages=pages, pps=least_bps * 0.95 / PAGE_BITS, rule=rule)

    assert above.converges
    assert not below.converges


@given(curve=shrinking, pps=rates_pps, downtime=st.floats(0.05, 5))
def test_it_converges_iff_the_plateau_is_below_the_limit(
    curve: Curve, pps: float, downtime: float
) -> None:
    rule = DowntimeLimit(downtime, max_time_s=math.inf)
    found = bare(curve, pages=1e5, pps=pps, rule=rule)
    allowed = pps * downtime

    if found.plateau_pages < 0.99 * allowed:
        assert found.converges
    elif found.plateau_pages > 1.01 * allowed and allowed < 1e5:
        assert not found.converges


@settings(max_examples=60)
@given(
    curve=st.one_of(
        st.builds(uniform, st.floats(1, 5000), st.floats(1, 10_000)),
        st.builds(CappedLinear, st.floats(1, 5000), st.floats(1, 10_000)),
    ),
    pps=st.floats(100, 1e4),
    factor=st.floats(1, 5),
)
def test_more_bandwidth_never_settles_higher(curve: Curve, pps: float, factor: float) -> None:
    slow = plateau(curve, rate_bps=pps * PAGE_BITS, pages=1e5, wire_bytes=PAGE_BYTES)
    fast = plateau(curve, rate_bps=pps * factor * PAGE_BITS, pages=1e5, wire_bytes=PAGE_BYTES)

    assert fast <= slow * (1 + 1e-6) + 1e-3


def test_the_frontier_rises_with_the_guests_speed() -> None:
    speeds = np.geomspace(0.1, 10, 9)

    found = frontier(CLARK_FITS["oltp"], downtime_s=0.3, pages=131_072, speeds=speeds)

    assert (np.diff(found.bandwidths_bps) > 0).all()
    assert (np.diff(found.dirty_rates_pps) > 0).all()
    here = CLARK_FITS["oltp"].pages_in(0.3) / 0.3 * PAGE_WIRE_BYTES * 8
    assert found.bandwidths_bps[4] == pytest.approx(here)


def test_a_recording_is_replayed_round_by_round(small: Scenario) -> None:
    """A guest that only writes in the first second: the second round finds nothing."""
    vm = small.spec.vms[0].model_copy(
        update={"writers": (WriterSpec(pattern="sweep", rate_pps=1000, start_ns=10**9),)}
    )
    recording = record(writers_of(0, vm), 0, 3 * 10**9, n_pages=vm.n_pages)

    found = bare(recording, pages=1000, pps=1000, rule=BoundedRounds(max_rounds=2))

    assert [pages for pages, _ in found.rounds] == [1000, 0, 0]


def test_models_stand_beside_a_run(small: Scenario, history: History) -> None:
    spec = small.spec

    rows = models_for(spec, spec.vms[0], spec.migrations[0])

    assert [row.model for row in rows] == [
        "Geometric series", "Capped linear", "Uniform in the working set", "Two levels",
        "Power law", "Measured curve", "Recorded replay",
    ]  # fmt: skip
    assert all(row.assumption.endswith(".") for row in rows)
    run = history.migrations[0]
    assert run.released_ns is not None
    assert run.resumed_ns is not None
    assert run.suspended_ns is not None
    total_s = (run.released_ns - run.requested_ns) / 1e9
    for row in rows[-2:]:
        assert row.total_time_s == pytest.approx(total_s, rel=0.1)
        assert row.downtime_s == pytest.approx((run.resumed_ns - run.suspended_ns) / 1e9, rel=0.2)
        assert row.bytes_sent == pytest.approx(run.bytes_sent, rel=0.25)


def test_an_idle_vm_takes_one_round_and_stays_down_for_the_stages_alone(small: Scenario) -> None:
    vm = small.spec.vms[0].model_copy(update={"writers": ()})

    rows = models_for(small.spec, vm, small.spec.migrations[0])

    assert len({round(row.downtime_s, 9) for row in rows}) == 1
    assert all(row.converges for row in rows)


def test_post_copy_has_no_rounds_to_predict(small: Scenario) -> None:
    spec = small.with_policy("postcopy").spec

    assert models_for(spec, spec.vms[0], spec.migrations[0]) == []


def test_a_policys_rule_has_its_parameters() -> None:
    assert isinstance(rule_of("stop-and-copy", {}), StopAtOnce)
    assert rule_of("xen-legacy", {"max_rounds": 5}) == BoundedRounds(max_rounds=5)
    assert rule_of("xen-adaptive", {"start_rate": 80}) == AdaptiveRounds(start_mbit=80)


def test_the_rate_is_the_least_of_link_card_and_limit(small: Scenario) -> None:
    spec = small.spec
    request = spec.migrations[0]
    hosts = tuple(h.model_copy(update={"nic_bps": 10**8}) for h in spec.hosts)

    assert rate_of(spec, request) == 10**9 * 1448 // 1538
    assert rate_of(spec.model_copy(update={"hosts": hosts}), request) == 10**8 * 1448 // 1538
    assert rate_of(spec, request.model_copy(update={"rate_limit_bps": 10**7})) == 10**7


def test_the_stages_of_a_scenario_are_overheads(small: Scenario) -> None:
    costs = overheads_of(small.spec)

    assert costs.round_s == 0.005
    assert costs.stopped_s == pytest.approx(0.011)
    assert costs.device_state_bytes == 262_144
