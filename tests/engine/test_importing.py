"""Recordings of other programs: what is read of them, what plays, and what damage does."""

import gzip
import json
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import cli, metrics
from engine.history import History
from engine.history_io import load_history, save_history
from engine.importing import (
    Format,
    LogFileError,
    Observed,
    as_json,
    as_text,
    history_of,
    log_file,
    read_recording,
    sniff,
)
from engine.narration import narrate

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "importing"
FORMATS = {
    "qmp_lines.jsonl": Format.QMP,
    "hmp_10_0.txt": Format.HMP,
    "hmp_10_1.txt": Format.HMP,
    "domjobinfo.txt": Format.DOMJOBINFO,
    "proxmox_task.log": Format.PROXMOX,
    "xl_new.log": Format.XL,
    "xl_new_untimed.log": Format.XL,
    "xl_legacy.log": Format.XL_LEGACY,
    "ping_linux.txt": Format.PING_LINUX,
    "ping_windows.txt": Format.PING_WINDOWS,
}
SECOND_NS = 10**9
MS_NS = 10**6
Log = Callable[[str | bytes], Path]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    def write(contents: str | bytes) -> Path:
        path = tmp_path / "a.log"
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        return path

    return write


def text_of(name: str) -> str:
    return (SAMPLES / name).read_text(encoding="utf-8")


def read(name: str) -> Observed:
    return read_recording(SAMPLES / name)


def sentence_on(path: Path) -> str:
    with pytest.raises(LogFileError) as caught:
        read_recording(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# What is read


@pytest.mark.parametrize(("name", "form"), FORMATS.items())
def test_each_format_is_recognised_by_its_contents(name: str, form: Format) -> None:
    assert sniff(SAMPLES / name) is form
    assert read(name).format is form


def test_something_else_is_no_recording(log: Log) -> None:
    path = log("# Shopping\nmilk\n")

    assert sniff(path) is None
    assert "expected QMP or HMP" in sentence_on(path)


@pytest.mark.parametrize("name", ["qmp_lines.jsonl", "hmp_10_0.txt", "hmp_10_1.txt"])
def test_qemu_tells_rounds_downtime_and_total(name: str) -> None:
    seen = read(name)

    assert seen.outcome == "completed"
    assert (seen.total_time_ns, seen.downtime_ns, seen.setup_ns) == (
        10_410 * MS_NS, 62 * MS_NS, 6 * MS_NS,
    )  # fmt: skip
    assert [r.number for r in seen.rounds] == [1, 2, 3, 4]
    assert [r.live for r in seen.rounds] == [True, True, True, False]
    assert sum(r.pages_sent or 0 for r in seen.rounds) == pytest.approx(262_330, rel=0.01)
    assert (seen.pages_sent, seen.zero_pages) == (262_330, 26_240)


def test_qmp_rounds_begin_at_the_events() -> None:
    seen = read("qmp_lines.jsonl")

    assert [r.start_ns for r in seen.rounds] == [6 * MS_NS, 9_385 * MS_NS, 10_156 * MS_NS,
                                                10_349 * MS_NS]  # fmt: skip
    assert seen.suspended_ns == 10_347 * MS_NS
    assert sum(r.bytes_sent or 0 for r in seen.rounds) == seen.bytes_sent
    assert seen.samples[7].throttle_percent == 20


def test_pages_found_dirty_follow_from_what_is_left_and_what_was_sent(log: Log) -> None:
    lines = []
    for ms, left, normal, syncs in ((100, 1000, 500, 1), (200, 900, 600, 1), (300, 870, 700, 2)):
        ram = {"transferred": normal * 4104, "remaining": left * 4096, "total": 6_144_000,
               "normal": normal, "duplicate": 0, "page-size": 4096,
               "dirty-sync-count": syncs}  # fmt: skip
        lines.append(json.dumps({"return": {"status": "active", "total-time": ms, "ram": ram}}))

    seen = read_recording(log("\n".join(lines)))

    assert seen.outcome is None
    assert seen.rounds[0].pages_dirtied == 70


def test_answers_to_other_commands_are_left_out(log: Log) -> None:
    other = '{"return": {"status": "running", "running": true}}\n'
    text = "".join(line + other for line in text_of("qmp_lines.jsonl").splitlines(keepends=True))

    assert as_json(read_recording(log(text))) == as_json(read("qmp_lines.jsonl")) | {
        "name": "a.log"
    }


def test_the_downtime_that_qemu_states_after_postcopy_is_not_taken(log: Log) -> None:
    text = text_of("hmp_10_0.txt").replace("Migration status: active", "Migration status: @", 7)
    text = text.replace("status: active", "status: postcopy-active").replace("@", "active")
    seen = read_recording(log(text))

    assert seen.push_end_ns == 10_240 * MS_NS
    assert seen.downtime_ns is None
    assert any("post-copy" in note for note in seen.notes)
    history = play_through(seen)
    assert history.migrations[0].phases[-1].name == "pull"
    assert history.frame_at(10_300 * MS_NS).vms["vm"].host == "destination"


def test_domjobinfo_counts_by_its_own_clock() -> None:
    seen = read("domjobinfo.txt")

    assert seen.total_time_ns == 10_440 * MS_NS
    assert seen.downtime_ns == 62 * MS_NS
    assert len(seen.samples) == 9
    assert seen.rounds[3].duration_ns == 62 * MS_NS


def test_proxmox_tells_progress_downtime_and_names() -> None:
    seen = read("proxmox_task.log")

    assert (seen.vm, seen.destination) == ("vm-104", "pve2")
    assert (seen.total_time_ns, seen.downtime_ns) == (15 * SECOND_NS, 147 * MS_NS)
    assert [s.t_ns // SECOND_NS for s in seen.samples] == [5, 6, 7, 8, 9, 10, 11]
    assert seen.samples[4].dirty_rate_pps == round(150.2 * 256)
    assert seen.bytes_sent is None


def test_a_failed_proxmox_task_tells_why(log: Log) -> None:
    text = text_of("proxmox_task.log").split("2026-01-10 12:00:12")[0]
    text += "2026-01-10 12:00:12 migration status error: failed\n"
    text += "2026-01-10 12:00:12 ERROR: online migrate failure - aborting\n"
    seen = read_recording(log(text))

    assert seen.outcome == "failed"
    assert history_of(seen).migrations[0].outcome == "failed"


def test_legacy_xl_gives_the_published_table() -> None:
    seen = read("xl_legacy.log")

    assert [r.pages_sent for r in seen.rounds] == [130_785, 308, 43, 244]
    assert [r.pages_skipped for r in seen.rounds] == [287, 0, 0, None]
    assert [r.pages_dirtied for r in seen.rounds] == [308, 43, 244, None]
    assert [(r.duration_ns or 0) // MS_NS for r in seen.rounds] == [7826, 28, 214, 15]
    assert [r.live for r in seen.rounds] == [True, True, True, False]
    assert seen.pages_sent == 131_380
    assert seen.downtime_ns is None


def test_new_xl_counts_pages_and_knows_times_only_with_stamps() -> None:
    timed, untimed = read("xl_new.log"), read("xl_new_untimed.log")

    for seen in (timed, untimed):
        assert [r.pages_sent for r in seen.rounds] == [262_144, 18_211, 2_304, 39, 412]
        assert [r.live for r in seen.rounds] == [True, True, True, True, False]
    assert timed.total_time_ns == 13 * SECOND_NS
    assert timed.suspended_ns == 12 * SECOND_NS
    assert untimed.total_time_ns is None
    assert not untimed.timed and "assumed" not in as_text(timed)


def test_linux_pings_are_lost_late_or_doubled() -> None:
    seen = read("ping_linux.txt")
    rtts = [p.rtt_ns for p in seen.pings]

    assert len(rtts) == 10
    assert [i + 1 for i, rtt in enumerate(rtts) if rtt is None] == [6, 7, 10]
    assert rtts[3] == 253 * MS_NS
    assert rtts[8] == 402_000
    assert seen.ping_interval_ns == pytest.approx(200 * MS_NS, rel=0.001)
    assert seen.pings[5].t_ns == pytest.approx(1000 * MS_NS, rel=0.001)


def test_pings_without_times_are_even(log: Log) -> None:
    lines = [line.partition("] ")[2] or line for line in text_of("ping_linux.txt").splitlines()]
    seen = read_recording(log("\n".join(lines) + "\n"))

    assert [p.t_ns for p in seen.pings[:3]] == [0, 1802 * MS_NS // 9, 2 * (1802 * MS_NS // 9)]
    assert not seen.timed


def test_ping_numbers_begin_again_after_16_bits(log: Log) -> None:
    line = "64 bytes from 192.0.2.4: icmp_seq={} ttl=64 time=1.5 ms\n"
    seen = read_recording(log("".join(line.format(n) for n in (65_534, 65_535, 1, 2))))

    assert [p.rtt_ns is None for p in seen.pings] == [False, False, True, False, False]


def test_windows_pings_are_lost_or_short() -> None:
    seen = read("ping_windows.txt")

    assert [p.rtt_ns for p in seen.pings] == [MS_NS, MS_NS, None, None, 214 * MS_NS, MS_NS]
    assert [p.t_ns // SECOND_NS for p in seen.pings] == [0, 1, 2, 6, 10, 11]


def test_windows_in_another_language_is_refused_in_one_sentence(log: Log) -> None:
    text = "Antwort von 192.0.2.4: Bytes=32 Zeit<1ms TTL=128\r\n"

    assert "English" in sentence_on(log(text))


# How files come


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_powershell_redirection_and_windows_line_ends(
    name: str, encoding: str, log: Log
) -> None:
    text = text_of(name).replace("\n", "\r\n")
    plain, found = read(name), read_recording(log(text.encode(encoding)))

    assert as_json(found) == as_json(plain) | {"name": "a.log"}


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"proxmox_task.log", "xl_new.log"}))
@pytest.mark.parametrize(
    "prefix",
    ["Nov 12 09:14:03 host-a prog[2211]: ", "2026-11-12T09:14:03.120331+01:00 host-a prog[1]: "],
)
def test_a_syslog_prefix_is_taken_off(name: str, prefix: str, log: Log) -> None:
    text = "".join(f"{prefix}{line}\n" for line in text_of(name).splitlines())
    plain, found = read(name), read_recording(log(text))

    assert found.format is plain.format
    assert [r.pages_sent for r in found.rounds] == [r.pages_sent for r in plain.rounds]
    assert [p.rtt_ns for p in found.pings] == [p.rtt_ns for p in plain.pings]


def test_a_redrawn_line_is_a_line(log: Log) -> None:
    text = text_of("xl_new_untimed.log").replace("%\n", "%\r")
    found = read_recording(log(text))

    assert [r.pages_sent for r in found.rounds] == [262_144, 18_211, 2_304, 39, 412]


def test_gzip_and_pretty_json_are_read(log: Log) -> None:
    answers = [json.loads(line) for line in text_of("qmp_lines.jsonl").splitlines()]
    pretty = "\n".join(json.dumps(answer, indent=4) for answer in answers)
    plain = as_json(read("qmp_lines.jsonl")) | {"name": "a.log"}

    assert as_json(read_recording(log(pretty))) == plain
    assert as_json(read_recording(log(json.dumps(answers)))) == plain
    assert as_json(read_recording(log(gzip.compress(pretty.encode())))) == plain


def test_of_two_migrations_the_last_one_is_shown(log: Log) -> None:
    text = text_of("hmp_10_0.txt")
    seen = read_recording(log(text + text))

    assert seen.total_time_ns == 10_410 * MS_NS
    assert any("2 migrations" in note for note in seen.notes)


# Damage


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_cut_anywhere_gives_a_part_or_one_sentence(name: str, log: Log) -> None:
    whole = (SAMPLES / name).read_bytes()
    for length in range(1, len(whole), max(1, len(whole) // 60)):
        path = log(whole[:length])
        try:
            play_through(read_recording(path))
        except LogFileError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("name", FORMATS)
def test_random_damage_never_gives_a_traceback(name: str, log: Log) -> None:
    whole = (SAMPLES / name).read_bytes()
    chance = random.Random(name)
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(len(damaged))
            damaged[at] = chance.choice(b"0123456789 :,={}[]\"\n\r-%eMk\xff\x00")
        try:
            play_through(read_recording(log(bytes(damaged))))
        except LogFileError as error:
            assert "\n" not in str(error)


def test_a_cut_last_line_is_a_note(log: Log) -> None:
    text = text_of("qmp_lines.jsonl")
    seen = read_recording(log(text[: text.rindex('"downtime"')]))

    assert seen.outcome == "completed"
    assert any("cut off in line 20" in note for note in seen.notes)


@pytest.mark.parametrize(
    ("name", "right", "wrong", "line"),
    [
        ("qmp_lines.jsonl", '"transferred": 104', '"transferred": "4 GiB", "x": 104', 6),
        ("hmp_10_0.txt", " kbytes", " mbytes", 13),
        ("hmp_10_1.txt", "Time (ms)", "Time (s)", 3),
        ("domjobinfo.txt", "         ms", "         sec", 4),
        ("proxmox_task.log", "112.2 MiB", "112.2 MB", 11),
        ("xl_new.log", "27648/262144", "27648 kB", 6),
        ("xl_legacy.log", "7826ms", "7826us", 8),
        ("ping_linux.txt", "0.412 ms", "0.412 sec", 2),
        ("ping_windows.txt", "time=1ms", "time=1s", 4),
    ],
)
def test_a_wrong_unit_is_named_with_its_line(
    name: str, right: str, wrong: str, line: int, log: Log
) -> None:
    text = text_of(name)
    assert right in text

    sentence = sentence_on(log(text.replace(right, wrong, 1)))

    assert sentence.startswith(f'a.log: line {line}: "')
    assert "expected" in sentence


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (b"", "is empty"),
        (bytes(range(256)) * 40, "binary"),
        (b"\x7fELF\x02\x01\x01" + bytes(500), "binary"),
        (gzip.compress(b"x" * 100_000, mtime=0)[:60], "gzip"),
        (b"\x1f\x8bnot gzip at all", "gzip"),
        (b"a" * (2**24 + 1), "letters"),
        (b"ok\n" * 30_000 + b"\x00\x01\x02\n", "binary"),
    ],
)
def test_what_is_no_text_is_said(contents: bytes, words: str, log: Log) -> None:
    assert words in sentence_on(log(contents))


def test_missing_files_and_folders_are_said(tmp_path: Path) -> None:
    assert "no such file" in sentence_on(tmp_path / "none")
    assert "is no file" in sentence_on(tmp_path)
    assert sniff(tmp_path / "none") is None


def test_200_mb_are_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "large.log"
    with path.open("wb") as file:
        file.truncate(200 * 10**6)
    tracemalloc.start()

    sentence = sentence_on(path)

    assert "larger than 64 MiB" in sentence
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_a_gzip_bomb_is_refused(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "LARGEST_FILE_BYTES", 2**20)
    packed = gzip.compress(b"Migration status: none\n" * 50_000)

    assert "larger than 1 MiB" in sentence_on(log(packed))


@pytest.mark.parametrize("letter", ["{", "[", "a ", "9", "time=", "Reply from ", '"ram": '])
def test_long_lines_cost_no_time(letter: str, log: Log) -> None:
    line = letter * (1_000_000 // len(letter))

    sentence_on(log(f"x{line}\n{line}\n"))


def test_more_samples_than_any_recording_are_refused(log: Log) -> None:
    assert "100,000" in sentence_on(log("Status: active\n" * 100_001))


@pytest.mark.parametrize(
    "line",
    [
        '{"return": {"status": "active", "total-time": 1e400, "ram": {}}}',
        '{"return": {"status": "active", "total-time": NaN, "ram": {}}}',
        '{"return": {"status": "active", "total-time": true, "ram": {}}}',
        '{"return": {"status": "active", "ram": {"remaining": -1}}}',
        '{"return": {"status": "active", "ram": ' + "[" * 100_000,
        '{"event": "MIGRATION", "timestamp": {"seconds": "x"}}',
        "Status: active\nTime (ms): total=99999999999999999999",
        "Frames iteration 0: 5/3  100%",
    ],
)
def test_absurd_values_are_refused(line: str, log: Log) -> None:
    sentence_on(log(line + "\n"))


# What plays


def play_through(seen: Observed) -> History:
    history = history_of(seen)
    metrics.summarize(seen.name, history)
    for i in range(41):
        t_ns = history.end_ns * i // 40
        frame = history.frame_at(t_ns)
        assert frame.vms[seen.vm].states is None
        assert narrate(history, t_ns, seen.vm).headline
    return history


@pytest.mark.parametrize("name", FORMATS)
def test_every_recording_plays_and_is_saved(name: str, tmp_path: Path) -> None:
    history = play_through(read(name))
    save_history(history, tmp_path / "run.npz")

    assert load_history(tmp_path / "run.npz").digest() == history.digest()
    assert [e.t_ns for e in history.events] == sorted(e.t_ns for e in history.events)


def test_the_run_has_the_figures_of_the_recording() -> None:
    history = history_of(read("qmp_lines.jsonl"))
    figures = metrics.summarize("x", history)["migrations"][0]

    assert figures["outcome"] == "completed"
    assert figures["total_time_s"] == 10.41
    assert figures["downtime_s"] == 0.062
    assert figures["service_gap_s"] is None
    assert figures["bytes_sent"] == read("qmp_lines.jsonl").bytes_sent
    assert history.frame_at(5 * SECOND_NS).vms["vm"].round is not None
    assert history.frame_at(10_380 * MS_NS).vms["vm"].status == "suspended"
    assert history.frame_at(history.end_ns).vms["vm"].host == "destination"
    assert history.vm("vm").speed_at(10_000 * MS_NS) == 800


def test_pings_become_a_probe() -> None:
    probe = metrics.summarize("x", history_of(read("ping_linux.txt")))["probes"][0]

    assert (probe["sent"], probe["lost"], probe["max_ms"]) == (10, 3, 253.0)
    assert [r["fate"] for r in probe["replies"]].count("late") == 2


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("total ram: 1057024 kbytes", "total ram: 2147483648 kbytes", "1,024 GiB"),
        ("total time: 10410 ms", "total time: 99999999999 ms", "a year"),
    ],
)
def test_what_is_too_large_to_show_is_said(right: str, wrong: str, words: str, log: Log) -> None:
    text = text_of("hmp_10_0.txt")
    assert right in text
    seen = read_recording(log(text.replace(right, wrong)))

    with pytest.raises(LogFileError, match=words):
        history_of(seen)


def test_a_recording_that_ends_early_has_no_end(log: Log) -> None:
    text = text_of("hmp_10_0.txt")
    history = play_through(read_recording(log(text[: text.index("total time: 10240")])))

    assert history.migrations[0].ended_ns is None
    assert history.frame_at(history.end_ns).vms["vm"].status == "running"


# The command


def test_import_prints_text_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["import", str(SAMPLES / "xl_legacy.log")]) == 0
    assert "130,785" in capsys.readouterr().out
    assert cli.main(["import", str(SAMPLES / "ping_linux.txt"), "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["pings"][3]["rtt_ms"] == 253.0


def test_import_says_what_is_wrong_in_one_sentence(
    capsys: pytest.CaptureFixture[str], log: Log
) -> None:
    assert cli.main(["import", str(log(b"\x00\x01\x02" * 1000))]) == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
