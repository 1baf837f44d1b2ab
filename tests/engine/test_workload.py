"""The writer patterns `zipf` and `phases`, and what counts as a recorded trace."""

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ScenarioError
from engine.scenario import load_scenario, scenario_from_document
from engine.simulation import simulate
from engine.specs import PAGE_BYTES, VmSpec, WriterSpec
from engine.workload import WriterTimeline, load_trace, raw_words, stream_key, zipf_table

SECOND_NS = 10**9


def timeline(writer: WriterSpec, *, pages: int = 1000) -> WriterTimeline:
    vm = VmSpec(name="vm", host="a", memory_bytes=pages * PAGE_BYTES, writers=(writer,))
    return WriterTimeline(7, vm, 0)


def test_zipf_weights_are_whole_numbers_and_fit_any_memory() -> None:
    sums = zipf_table(1 << 22)

    assert np.diff(sums[:4], prepend=np.uint64(0)).tolist() == [
        2**27, 2**26, 2**27 // 3, 2**25,
    ]  # fmt: skip
    # 2^40 pages would be 4 PiB: the sum grows by its logarithm only.
    assert int(sums[-1]) + 2**27 * 13 < 2**32


def test_zipf_writes_page_k_one_kth_as_often() -> None:
    n = 1000
    pages, _ = timeline(WriterSpec(pattern="zipf", rate_pps=200_000)).writes_between(0, SECOND_NS)
    counts = np.bincount(pages, minlength=n)
    total = sum(1 / k for k in range(1, n + 1))

    for k in (1, 2, 3, 10, 50):
        expected = 200_000 / k / total
        assert counts[k - 1] == pytest.approx(expected, abs=5 * expected**0.5)
    assert len(pages) == 200_000


def test_zipf_page_follows_from_the_raw_word_by_whole_numbers() -> None:
    writer = timeline(WriterSpec(pattern="zipf", rate_pps=500), pages=37)
    pages, _ = writer.writes_between(0, SECOND_NS)
    words = raw_words(stream_key(7, "vm", 0, 0), 0, 500).tolist()
    weights = [2**27 // k for k in range(1, 38)]

    for page, word in zip(pages.tolist(), words, strict=True):
        drawn = (word >> 32) * sum(weights) >> 32
        assert sum(weights[:page]) <= drawn < sum(weights[: page + 1])


def test_hot_pages_of_phases_move_on() -> None:
    spec = WriterSpec(
        pattern="phases", rate_pps=20_000, hot_share_ppm=250_000, phase_length_ns=SECOND_NS,
        start_ns=SECOND_NS // 2,
    )  # fmt: skip
    pages, times = timeline(spec).writes_between(0, 6 * SECOND_NS + SECOND_NS // 2)
    for phase in range(6):
        begin = spec.start_ns + phase * SECOND_NS
        mine = pages[(times >= begin) & (times < begin + SECOND_NS)] // 250
        share = np.bincount(mine, minlength=4) / len(mine)

        # Nine in ten writes go to the hot quarter; the others everywhere.
        assert share[phase % 4] == pytest.approx(0.9 + 0.1 / 4, abs=0.01)


@pytest.mark.parametrize("pattern", ["zipf", "phases"])
def test_any_part_of_guest_time_can_be_asked_for(pattern: str) -> None:
    spec = WriterSpec.model_validate(
        {"pattern": pattern, "rate": "900 pages/s", "offset": "40 KiB", "region": "400 KiB",
         "phase_length": "130 ms", "jitter": "20 %"}
    )  # fmt: skip
    whole = timeline(spec).writes_between(0, 3 * SECOND_NS)
    cuts = [0, 1, 77_777_777, 130_000_000, 1_000_000_001, 3 * SECOND_NS]
    parts = [
        timeline(spec).writes_between(a, b) for a, b in pairwise(cuts)
    ]  # fmt: skip

    assert np.array_equal(whole[0], np.concatenate([p for p, _ in parts]))
    assert np.array_equal(whole[1], np.concatenate([t for _, t in parts]))
    assert whole[0].min() >= 10
    assert whole[0].max() < 110


@pytest.mark.parametrize("pattern", ["zipf", "phases"])
@pytest.mark.parametrize("pages", [1, 2, 3])
def test_smallest_regions_are_written(pattern: str, pages: int) -> None:
    spec = WriterSpec.model_validate({"pattern": pattern, "rate": "100 pages/s"})
    found, _ = timeline(spec, pages=pages).writes_between(0, 20 * SECOND_NS)

    assert set(found.tolist()) == set(range(pages))


@pytest.mark.parametrize("pattern", ["zipf", "phases"])
def test_patterns_stand_in_a_scenario_file(pattern: str) -> None:
    document = dict(load_scenario("sqlite-vm").document)
    vm = dict(document["vms"][0])
    vm["writers"] = [{"pattern": pattern, "rate": "3000 pages/s", "phase_length": "700 ms"}]
    del vm["zero_pages"]
    document["vms"], document["values"] = [vm], []
    if pattern == "zipf":
        del vm["writers"][0]["phase_length"]
    scenario = scenario_from_document(document, "here")
    first, second = simulate(scenario.spec), simulate(scenario.spec)

    assert first.migrations[0].outcome == "completed"
    assert first.migrations[0].rounds == second.migrations[0].rounds


def test_phase_length_belongs_to_phases() -> None:
    document = dict(load_scenario("sqlite-vm").document)
    writer = {"pattern": "uniform", "phase_length": "1 s"}
    document["vms"] = [{**document["vms"][0], "writers": [writer]}]
    document["values"] = []
    with pytest.raises(ScenarioError, match=r"phase_length.*only a writer with pattern"):
        scenario_from_document(document, "here")


# Traces


def _write(path: Path, **changed: object) -> str:
    bits = np.packbits(np.array([[1, 1, 1], [1, 0, 0], [0, 1, 1]], np.bool_), axis=1)
    arrays = {"bits": bits, "n_pages": 3, "t_s": np.array([0.0, 0.1, 0.2])} | changed
    np.savez(path, **arrays)
    return str(path)


def test_trace_that_was_recorded_again_is_read_again(tmp_path: Path) -> None:
    name = _write(tmp_path / "a.npz")
    before = load_trace(name)[2]
    _write(tmp_path / "a.npz", t_s=np.array([0.0, 0.5, 1.0]))
    os.utime(name, ns=(0, 0))

    assert (before, load_trace(name)[2]) == (200_000_000, 1_000_000_000)


@pytest.mark.parametrize(
    "changed",
    [
        {"t_s": np.array([0.0])},
        {"t_s": np.array([0.0, 0.1])},
        {"t_s": np.array([0.0, 0.0, 0.0])},
        {"t_s": np.array(["a", "b", "c"])},
        {"n_pages": np.array([1, 2])},
    ],
)
def test_file_that_is_no_recording_is_a_fault_of_the_scenario(
    changed: dict[str, object], tmp_path: Path
) -> None:
    with pytest.raises(ScenarioError, match="no recorded trace"):
        load_trace(_write(tmp_path / "a.npz", **changed))


def test_damaged_file_is_a_fault_of_the_scenario(tmp_path: Path) -> None:
    whole = Path(_write(tmp_path / "a.npz")).read_bytes()
    damaged = whole[:60] + bytes(20) + whole[80:]
    for part in (whole[:100], whole[: len(whole) // 2], b"", b"text", bytes(300), damaged):
        (tmp_path / "b.npz").write_bytes(part)
        with pytest.raises(ScenarioError, match="no recorded trace"):
            load_trace(str(tmp_path / "b.npz"))


@pytest.mark.parametrize("pattern", ["uniform", "hot-cold", "sweep", "zipf"])
def test_writes_are_counted_as_they_are_made(pattern: str) -> None:
    spec = WriterSpec(pattern=pattern, rate_pps=3333, start_ns=SECOND_NS // 3)
    writer = timeline(spec)
    writer.change(2 * SECOND_NS, spec.model_copy(update={"rate_pps": 70_001}))
    writer.stun(3 * SECOND_NS, True)
    writer.stun(4 * SECOND_NS, False)
    writer.change(5 * SECOND_NS, spec.model_copy(update={"rate_pps": 7}))

    for t_ns in (0, SECOND_NS // 3, 1_234_567_891, 2 * SECOND_NS, 3_500_000_000, 7_654_321_098):
        assert writer.writes_until(t_ns) == len(writer.writes_between(-1, t_ns)[0])
    # The rate at the end says nothing of the whole run.
    assert writer.writes_until(9 * SECOND_NS) > 70_000 > 9 * writer.rate_at(9 * SECOND_NS)


def test_the_stretch_of_an_instant_is_the_one_that_a_look_at_all_finds() -> None:
    keys = {"pattern": "uniform", "rate": "900 pages/s", "start": "200 ms", "jitter": "30 %",
            "jitter_interval": "70 ms"}  # fmt: skip
    writer = timeline(WriterSpec.model_validate(keys))
    writer.change(1_000_000_000, writer.spec.model_copy(update={"rate_pps": 500}))
    writer.stun(1_500_000_000, stunned=True)
    writer.stun(1_700_000_000, stunned=False)
    ends = [0, 199_999_999, 200_000_000, 270_000_000, 999_999_999, 1_000_000_000, 1_500_000_001,
            1_650_000_000, 1_700_000_000, 3_000_000_000]  # fmt: skip
    writer.rate_at(ends[-1])
    stretches = list(writer.stretches)
    assert len(stretches) > 20
    for end in ends:
        slow = [s.rate for s in stretches if s.guest_ns <= end]
        assert writer.rate_at(end) == (slow[-1] if slow else 0)
    for begin in ends:
        for end in (e for e in ends if e >= begin):
            whole = [
                writer._stretch_writes(s, max(begin, s.guest_ns), min(end, after))
                for s, after in pairwise([*stretches, None])
                for after in [end if after is None else after.guest_ns]
                if s.rate and min(end, after) > max(begin, s.guest_ns)
            ]
            pages, times = writer.writes_between(begin, end)
            assert pages.tolist() == [p for part, _ in whole for p in part.tolist()]
            assert times.tolist() == [t for _, part in whole for t in part.tolist()]
        assert writer.writes_until(begin) == len(writer.writes_between(-1, begin)[0])
