"""The writable working set is measured as Clark et al. 2005 did, and their figures follow from it.

Published values: Clark et al. 2005, sections 4.1 and 4.2, Figs 3 to 6 (lines read from the
vector drawings); uniform writer: Gudkov, qemu-devel 2023.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.history import History
from engine.specs import PAGE_BYTES, VmSpec, WriterSpec
from engine.working_set import (
    CLARK_FITS,
    CLARK_RATES_BPS,
    CappedLinear,
    Curve,
    Levels,
    Linear,
    Points,
    PowerLaw,
    distinct_pages,
    measure,
    measure_vm,
    power_law_of,
    predicted_downtime_s,
    record,
    stop_and_copy_s,
    uniform,
    vm_like,
    writers_of,
)

SECOND_NS = 1_000_000_000
MS_NS = 1_000_000
CLARK_PAGES = 131_072

FIGURES_3_TO_6 = {
    "kernel-compile": [
        [1.98, 1.55, 1.53, 1.53], [0.99, 0.68, 0.62, 0.60], [0.49, 0.26, 0.21, 0.19],
    ],
    "oltp": [
        [1.93, 0.95, 0.70, 0.60], [0.96, 0.35, 0.24, 0.21], [0.48, 0.13, 0.097, 0.090],
    ],
    "quake3": [
        [0.316, 0.085, 0.072, 0.072], [0.158, 0.037, 0.034, 0.034], [0.079, 0.018, 0.017, 0.017],
    ],
    "specweb99": [
        [5.71, 4.99, 4.76, 4.69], [2.86, 1.98, 1.80, 1.73], [1.43, 0.81, 0.67, 0.61],
    ],
}  # fmt: skip

WRITER_PPS = 3_000_000
UNIFORM_MIB_PER_S = {  # theory: (GiB of memory, window in ms) -> distinct MiB dirtied a second
    (1, 100): 6996, (1, 500): 2041, (1, 1000): 1024, (1, 2000): 512,
    (4, 100): 10232, (4, 500): 6245, (4, 1000): 3865, (4, 2000): 2041,
}  # fmt: skip


def vm_of(*writers: WriterSpec, pages: int = 4096) -> VmSpec:
    return VmSpec(name="vm", host="a", memory_bytes=pages * PAGE_BYTES, writers=writers)


@pytest.mark.parametrize(("rate_mbit", "seconds"), [(128, 32), (256, 16), (512, 8)])
def test_naive_stop_and_copy_of_512_mib(rate_mbit: int, seconds: int) -> None:
    assert stop_and_copy_s(CLARK_PAGES, rate_mbit * 2**20) == pytest.approx(seconds, rel=0.02)


@pytest.mark.parametrize("workload", FIGURES_3_TO_6)
def test_fitted_curves_give_the_lines_of_the_figures(workload: str) -> None:
    found = predicted_downtime_s(CLARK_FITS[workload], CLARK_PAGES)

    assert found == pytest.approx(np.array(FIGURES_3_TO_6[workload]), rel=0.05)


@pytest.mark.parametrize("workload", FIGURES_3_TO_6)
def test_writers_measured_page_by_page_give_the_lines_of_the_figures(workload: str) -> None:
    vm = vm_like(CLARK_FITS[workload], memory_bytes=512 * 2**20)

    found = measure_vm(1, vm, 0, 16 * SECOND_NS)

    assert predicted_downtime_s(found.curve(), CLARK_PAGES) == pytest.approx(
        np.array(FIGURES_3_TO_6[workload]), rel=0.15
    )


@pytest.mark.parametrize("workload", ["kernel-compile", "oltp"])
def test_one_round_cuts_the_downtime_by_sixteen(workload: str) -> None:
    found = predicted_downtime_s(CLARK_FITS[workload], CLARK_PAGES)

    assert 15.5 <= stop_and_copy_s(CLARK_PAGES, CLARK_RATES_BPS[0]) / found[0, 0] <= 18


@pytest.mark.parametrize("workload", FIGURES_3_TO_6)
def test_a_fourth_round_at_512_gains_little(workload: str) -> None:
    found = predicted_downtime_s(CLARK_FITS[workload], CLARK_PAGES)

    assert 0 <= 1 - found[2, 3] / found[2, 2] < 0.12


@pytest.mark.parametrize(("gib", "window_ms"), UNIFORM_MIB_PER_S)
def test_uniform_writer_follows_the_formula(gib: int, window_ms: int) -> None:
    pages, writes = gib * 2**18, WRITER_PPS * window_ms / 1000
    vm = vm_of(WriterSpec(rate_pps=WRITER_PPS), pages=pages)

    found = np.count_nonzero(distinct_pages(writers_of(3, vm), 0, window_ms * MS_NS))

    assert found == pytest.approx(pages * (1 - (1 - 1 / pages) ** writes), rel=0.02)
    assert uniform(WRITER_PPS, pages).pages_in(window_ms / 1000) == pytest.approx(found, rel=0.02)
    assert found * PAGE_BYTES / 2**20 / (window_ms / 1000) == pytest.approx(
        UNIFORM_MIB_PER_S[gib, window_ms], rel=0.02
    )


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 2**31),
    rate=st.integers(0, 3000),
    pattern=st.sampled_from(["uniform", "hot-cold", "sweep"]),
    start_ms=st.integers(0, 50),
    reads=st.integers(1, 9),
)
def test_measured_counts_equal_a_count_with_sets(
    seed: int, rate: int, pattern: str, start_ms: int, reads: int
) -> None:
    writer = WriterSpec.model_validate({"pattern": pattern, "rate": rate, "start": "20 ms"})
    writers = writers_of(seed, vm_of(writer, WriterSpec(rate_pps=500), pages=64))
    start, read, clean = start_ms * MS_NS, 10 * MS_NS, 30 * MS_NS

    found = measure(writers, start, start + reads * read, read_ns=read, clean_ns=clean, n_pages=64)

    slow, seen, windows = [], set[int](), []
    for i in range(reads):
        if i % 3 == 0:
            seen = set()
            windows.append(seen)
        for timeline in writers:
            pages, times = timeline.writes_between(0, start + reads * read)
            seen |= {
                int(page)
                for page, t in zip(pages, times, strict=True)
                if start + i * read < t <= start + (i + 1) * read
            }
        slow.append(len(seen))
    whole = windows[: max(1, reads // 3)]
    assert found.dirty_pages.tolist() == slow
    assert set(np.flatnonzero(found.written).tolist()) == whole[-1]
    assert found.windows_written.tolist() == [sum(p in w for w in whole) for p in range(64)]


def test_the_bitmap_is_read_every_50_ms_and_cleaned_every_8_s() -> None:
    vm = vm_of(WriterSpec(rate_pps=1000))

    found = measure_vm(1, vm, 0, 20 * SECOND_NS)

    assert found.windows_pages.shape == (2, 160)
    assert len(found.dirty_pages) == 400
    assert found.reads_ns[[0, -1]].tolist() == [50 * MS_NS, 20 * SECOND_NS]
    assert found.dirty_pages[160] < found.dirty_pages[159]
    assert found.mean_pages.tolist() == found.windows_pages.mean(axis=0).tolist()
    assert found.windows_s[[0, -1]].tolist() == [0.05, 8.0]


def test_the_worst_window_is_that_with_most_pages() -> None:
    vm = vm_of(WriterSpec(pattern="sweep", rate_pps=10), WriterSpec(rate_pps=500, start_ns=10**9))

    found = measure(writers_of(1, vm), 0, 2 * SECOND_NS, clean_ns=SECOND_NS)

    assert found.curve(worst=True).pages_in(1) == found.windows_pages[1, -1]
    assert found.curve().pages_in(1) == found.mean_pages[-1]


def test_a_stretch_shorter_than_a_window_is_the_window() -> None:
    found = measure_vm(1, vm_of(WriterSpec(rate_pps=1000)), 0, SECOND_NS)

    assert found.windows_pages.shape == (1, 20)
    assert found.size_pages == found.dirty_pages[-1] > 0


@pytest.mark.parametrize(("length_ns", "clean_ns"), [(1, 8 * SECOND_NS), (SECOND_NS, 70 * MS_NS)])
def test_windows_must_be_whole_readings(length_ns: int, clean_ns: int) -> None:
    with pytest.raises(ValueError, match="reading"):
        measure([], 0, length_ns, clean_ns=clean_ns)


def test_a_history_is_measured_in_scenario_time(history: History) -> None:
    vm, moved = history.vms[0], history.migrations[0]
    assert moved.suspended_ns is not None
    assert moved.resumed_ns is not None
    end = moved.resumed_ns + 20 * MS_NS

    found = measure(
        vm.writers, 0, end, read_ns=MS_NS, clean_ns=end // MS_NS * MS_NS,
        n_pages=vm.spec.n_pages, clocks=vm.clocks,
    )  # fmt: skip

    while_stopped = (found.reads_ns > moved.suspended_ns) & (found.reads_ns < moved.resumed_ns)
    assert len(set(found.dirty_pages[while_stopped].tolist())) == 1
    written = set(vm.writes_between(0, int(found.reads_ns[-1])).tolist())
    assert set(np.flatnonzero(found.written).tolist()) == written


def test_a_recorded_trace_can_be_measured() -> None:
    vm = vm_of(WriterSpec(pattern="trace", trace="sqlite"), pages=CLARK_PAGES)

    found = measure_vm(1, vm, 0, 8 * SECOND_NS)

    assert 0 < found.mean_pages[0] < found.mean_pages[-1] == found.size_pages


def test_a_recording_counts_what_was_written_then_and_plays_in_a_loop() -> None:
    writers = writers_of(1, vm_of(WriterSpec(rate_pps=2000), pages=512))
    recording = record(writers, 0, SECOND_NS, interval_ns=100 * MS_NS)

    whole = np.count_nonzero(distinct_pages(writers, 300 * MS_NS, 700 * MS_NS))
    late = distinct_pages(writers, 900 * MS_NS, SECOND_NS)
    early = distinct_pages(writers, 0, 100 * MS_NS)

    assert recording.pages_in(0.4, 0.3) == whole
    assert recording.pages_in(0.2, 0.9) == np.count_nonzero(late | early)
    assert recording.pages_in(50) == recording.pages_in(1) == recording.steady().pages_in(1)
    assert not recording.at_speed(2).stationary


positive = st.floats(1e-3, 1e5)
curves = st.one_of(
    st.builds(Linear, positive),
    st.builds(CappedLinear, positive, positive),
    st.builds(uniform, positive, st.floats(1, 1e6)),
    st.builds(PowerLaw, positive, st.floats(0.1, 1)),
    st.builds(
        lambda a, b, c: Levels((a, b), c, 1e6),
        st.tuples(positive, positive), st.tuples(positive, positive), positive,
    ),
    st.lists(st.floats(0, 1e4), min_size=2, max_size=6).map(
        lambda steps: Points(tuple(range(1, len(steps) + 1)), tuple(np.cumsum(steps)), 1e5)
    ),
)  # fmt: skip


@given(curve=curves, shorter=st.floats(0, 100), more=st.floats(0, 100))
def test_a_longer_window_never_has_fewer_pages(curve: Curve, shorter: float, more: float) -> None:
    few, many = curve.pages_in(shorter), curve.pages_in(shorter + more)

    assert 0 <= few <= many * (1 + 1e-9)


@given(curve=curves, factor=st.floats(1, 10), window=st.floats(0, 10))
def test_a_faster_guest_dirties_no_less(curve: Curve, factor: float, window: float) -> None:
    assert curve.at_speed(factor).pages_in(window) >= curve.pages_in(window) * (1 - 1e-9)


@given(
    level=st.tuples(st.floats(1, 1e5), st.floats(1e-3, 100)),
    rate=st.floats(1e6, 1e10),
    factor=st.floats(1, 8),
)
def test_more_bandwidth_or_rounds_never_predict_more_downtime(
    level: tuple[float, float], rate: float, factor: float
) -> None:
    found = predicted_downtime_s(Levels((level,)), CLARK_PAGES, (rate, rate * factor))

    assert (found[1] <= found[0] * (1 + 1e-9)).all()
    assert (np.diff(found[:, :], axis=1) <= 1e-12 + found[:, :-1] * 1e-9).all()


def test_points_go_on_with_their_slopes_within_their_limits() -> None:
    curve = Points((1.0, 2.0, 4.0), (5.0, 15.0, 25.0), 30.0)

    assert curve.sampled([0, 0.75, 1, 1.5, 3, 4.5, 9]).tolist() == [0, 2.5, 5, 10, 20, 27.5, 30]


def test_a_power_law_is_found_again() -> None:
    windows = np.geomspace(0.05, 8, 20)

    found = power_law_of(windows, 300 * windows**0.6)

    assert (found.scale_pages, found.exponent) == pytest.approx((300, 0.6))
    assert power_law_of(windows, np.zeros(20)).pages_in(5) == 0
