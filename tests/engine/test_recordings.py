"""Recorded QEMU migrations, loaded and predicted, and what is said of damaged ones."""

import gzip
import json
import shutil
from pathlib import Path

import pytest

from engine import recordings, reproduce_recordings
from engine.cli import EXIT_BAD_INPUT, EXIT_DONE, main
from engine.recordings import COMPLETED, DOES_NOT_CONVERGE, RecordingError, load_recording

FOLDER = Path(__file__).resolve().parents[1] / "data" / "qemu"
LIMITER = {
    "a02_idle_full256": (4.921, 252_681_765, 3),
    "b03_sweep64_4k_d300": (3.524, 193_061_976, 6),
    "c03_hotcold_8_128": (3.616, 198_048_498, 5),
    "f03_noxbzrle": (20.001, 420_191_320, 9),
}
LINK = {"g01_link50_sweep64": (4.045, 197_248_668, 7)}
OTHERS = {
    "d02_diverge_autoconv": (26.902, 1_381_806_312, 17),
    "e01_postcopy_sweep": (3.428, 303_332_676, 3),
    "f01_xbzrle": (7.321, 152_376_808, 5),
    "g07_link50_autoconv": (19.645, 971_539_278, 25),
}


@pytest.fixture(scope="module")
def rows() -> dict[str, reproduce_recordings.Compared]:
    found, faults = reproduce_recordings.reproduce_folder(FOLDER)
    assert not faults
    return {row.name: row for row in found}


def test_every_recording_has_a_row_and_its_own_figures(rows) -> None:
    expected = LIMITER | LINK | OTHERS
    assert set(rows) == set(expected)
    for name, figures in expected.items():
        r = rows[name].recorded
        assert (r.total_time_s, r.bytes_sent, r.dirty_syncs) == figures


@pytest.mark.parametrize("name", sorted(LIMITER | LINK | OTHERS))
def test_the_outcome_is_predicted(rows, name) -> None:
    expected = DOES_NOT_CONVERGE if name == "f03_noxbzrle" else COMPLETED
    assert rows[name].recorded.outcome == rows[name].simulated.outcome == expected


@pytest.mark.parametrize("name", sorted(LIMITER))
def test_plain_precopy_behind_the_own_limiter_within_one_per_cent(rows, name) -> None:
    row = rows[name]
    assert abs(row.total_deviation) <= 0.01
    assert abs(row.bytes_deviation) <= 0.01
    assert row.simulated.dirty_syncs == row.recorded.dirty_syncs
    assert row.in_band is True


@pytest.mark.parametrize("name", sorted(LINK))
def test_plain_precopy_behind_a_link_within_three_and_two_per_cent(rows, name) -> None:
    row = rows[name]
    assert abs(row.total_deviation) <= 0.03
    assert abs(row.bytes_deviation) <= 0.02
    assert abs(row.simulated.dirty_syncs - row.recorded.dirty_syncs) <= 1
    assert row.in_band is True


@pytest.mark.parametrize(
    ("name", "total", "sent"),
    [
        # The recorded guest slowed more than by the share that its vCPU slept; the two
        # recordings differ in that, and the cause is not known.
        ("d02_diverge_autoconv", 0.20, 0.20),
        ("g07_link50_autoconv", 0.04, 0.04),
        ("e01_postcopy_sweep", 0.01, 0.01),
        ("f01_xbzrle", 0.01, 0.01),
    ],
)
def test_the_other_kinds_keep_their_deviations(rows, name, total, sent) -> None:
    row = rows[name]
    assert abs(row.total_deviation) <= total
    assert abs(row.bytes_deviation) <= sent
    assert row.in_band is None


def test_downtimes(rows) -> None:
    assert rows["e01_postcopy_sweep"].recorded.downtime_s is None
    assert rows["e01_postcopy_sweep"].simulated.downtime_s < 0.01
    assert rows["f03_noxbzrle"].recorded.downtime_s is None
    assert rows["f03_noxbzrle"].simulated.downtime_s is None
    link = rows["g01_link50_sweep64"]
    assert link.simulated.downtime_s == pytest.approx(link.recorded.downtime_s, abs=0.03)


def test_renamed_copies_give_the_same_rows(rows, tmp_path) -> None:
    names = {}
    for i, path in enumerate(sorted(FOLDER.glob("*.json.gz"), reverse=True)):
        document = json.loads(gzip.decompress(path.read_bytes()))
        document["name"] = document["config"]["name"] = f"run {i}"
        (tmp_path / f"run{i}.json").write_text(json.dumps(document), encoding="utf-8")
        names[f"run{i}"] = path.name.removesuffix(".json.gz")
    copies, faults = reproduce_recordings.reproduce_folder(tmp_path)
    assert not faults
    for copy in copies:
        original = rows[names[copy.name]]
        assert copy.recorded == original.recorded
        assert copy.simulated == original.simulated


def test_nothing_of_the_migration_itself_is_used(tmp_path) -> None:
    """The same prediction without samples, events, trace and final figures of the recording."""
    source = FOLDER / "c03_hotcold_8_128.json.gz"
    document = json.loads(gzip.decompress(source.read_bytes()))
    whole = reproduce_recordings.compare(load_recording(source))
    document["samples"], document["events"], document["trace"] = [], [], {}
    document["guest"]["src"]["writes"] = [
        entry for entry in document["guest"]["src"]["writes"] if entry[0] <= 0
    ]
    document["final"] |= {"total-time": 1, "downtime": 1}
    document["final"]["ram"] |= {"transferred": 1, "dirty-sync-count": 1}
    path = tmp_path / "bare.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert reproduce_recordings.compare(load_recording(path)).simulated == whole.simulated


def test_the_rate_is_that_of_the_writes_before_the_request() -> None:
    recording = load_recording(FOLDER / "b03_sweep64_4k_d300.json.gz")
    rate, before = reproduce_recordings.counted_before(recording)
    assert rate == pytest.approx(4000, rel=0.01)
    assert before == pytest.approx(8401 + 0.037 * rate, abs=10)
    assert all(t <= 0 for t, _ in recording.writes_before)


def _whole() -> bytes:
    return (FOLDER / "b03_sweep64_4k_d300.json.gz").read_bytes()


def _changed(change) -> bytes:
    document = json.loads(gzip.decompress(_whole()))
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(_whole()[:4000], "cut off or damaged", id="gzip cut in the middle"),
        pytest.param(gzip.decompress(_whole())[:4000], "expected JSON", id="text cut"),
        pytest.param(b"", "expected JSON", id="empty"),
        pytest.param(bytes(range(256)) * 20, "no text", id="binary"),
        pytest.param(b"\x1f\x8b" + bytes(300), "damaged", id="no gzip behind its mark"),
        pytest.param(b"[1, 2]", "expected one JSON object", id="a list"),
        pytest.param(b"[" * 100_000, "expected JSON", id="too deep"),
        pytest.param(b'{"format": 1}', "config: missing", id="wrong shape"),
        pytest.param(
            _changed(lambda d: d["config"].update(bw="50 MB/s")), "config.bw", id="unit in a value"
        ),
        pytest.param(
            _changed(lambda d: d["config"].update(mem_mib=-1)), "config.mem_mib = -1", id="negative"
        ),
        pytest.param(
            _changed(lambda d: d["guest"]["src"].update(writes=[[1.0, 5]])),
            "no count before the request",
            id="no count before",
        ),
        pytest.param(
            _changed(lambda d: d["config"]["guest"].update(mode=9)),
            "config.guest.mode = 9",
            id="unknown pattern",
        ),
        pytest.param(
            _changed(lambda d: d["final"].pop("ram")), "no figures", id="no final figures"
        ),
        pytest.param(
            _changed(lambda d: d["config"]["guest"].update(rate=float("nan"))),
            "config.guest.rate",
            id="not a number",
        ),
    ],
)
def test_a_damaged_file_is_one_sentence(tmp_path, data, said) -> None:
    ending = ".json.gz" if data[:2] == b"\x1f\x8b" else ".json"
    path = tmp_path / f"bad{ending}"
    path.write_bytes(data)
    with pytest.raises(RecordingError) as caught:
        load_recording(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"bad{ending}: ")
    assert said in sentence
    assert "\n" not in sentence
    assert len(sentence) < 300


def test_a_huge_file_is_refused_without_reading_it_all(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(recordings, "MOST_BYTES", 1000)
    path = tmp_path / "huge.json.gz"
    path.write_bytes(_whole())
    with pytest.raises(RecordingError, match="more than"):
        load_recording(path)


def test_the_command_prints_a_list(capsys) -> None:
    assert main(["reproduce", "--recordings", str(FOLDER), "--json"]) == EXIT_DONE
    out, err = capsys.readouterr()
    assert err == ""
    printed = json.loads(out)
    assert len(printed) == 9
    keys = {"outcome", "total_time_s", "downtime_s", "bytes_sent", "dirty_syncs"}
    for row in printed:
        assert set(row) == {"name", "recorded", "simulated"}
        assert set(row["recorded"]) == set(row["simulated"]) == keys


def test_the_command_prints_a_table(capsys) -> None:
    assert main(["reproduce", "--recordings", str(FOLDER)]) == EXIT_DONE
    out, _ = capsys.readouterr()
    assert "Outcomes: 9 of 9 as recorded." in out
    assert "Plain pre-copy: 5 of 5 in the band" in out
    line = next(x for x in out.splitlines() if x.startswith("g07_link50_autoconv"))
    assert "link, auto-converge" in line
    assert "25 / " in line


def test_a_damaged_file_is_named_and_the_others_are_shown(tmp_path, capsys) -> None:
    shutil.copy(FOLDER / "a02_idle_full256.json.gz", tmp_path)
    (tmp_path / "cut.json.gz").write_bytes(_whole()[:500])
    (tmp_path / "notes.txt").write_text("not looked at", encoding="utf-8")
    assert main(["reproduce", "--recordings", str(tmp_path), "--json"]) == EXIT_DONE
    out, err = capsys.readouterr()
    assert [row["name"] for row in json.loads(out)] == ["a02_idle_full256"]
    assert err.startswith("cut.json.gz: ")
    assert err.count("\n") == 1


def test_a_folder_without_recordings_is_one_sentence(tmp_path, capsys) -> None:
    missing = str(tmp_path / "nowhere")
    for folder, said in ((str(tmp_path), "no recording"), (missing, "cannot be read")):
        assert main(["reproduce", "--recordings", folder]) == EXIT_BAD_INPUT
        out, err = capsys.readouterr()
        assert out == ""
        assert said in err
        assert err.count("\n") == 1


def test_names_beside_a_folder_are_refused(capsys) -> None:
    assert main(["reproduce", "models", "--recordings", str(FOLDER)]) == EXIT_BAD_INPUT
    assert "--recordings" in capsys.readouterr().err


def test_the_licence_travels_with_the_data() -> None:
    assert "MIT licence" in (FOLDER / "README.md").read_text(encoding="utf-8")
