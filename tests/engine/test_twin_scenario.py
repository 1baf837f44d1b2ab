"""The simulated twin of a recording, recordings with pings, and what is told of a recording."""

import random
from math import exp
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.history_io import load_history, save_history
from engine.importing import (
    Format,
    LogFileError,
    Observed,
    ObservedPing,
    ObservedRound,
    ObservedSample,
    TwinError,
    history_of,
    open_files,
    read_recording,
    read_together,
    reasons_for,
    twin_of,
    with_pings,
)
from engine.importing.files import OpenedRecording
from engine.importing.guest_load import fitted, throughput_bps, writing_of
from engine.importing.twin_scenario import values_text
from engine.metrics import total_time_ns
from engine.narration import narrate
from engine.policies import POLICIES
from engine.recorded import RecordedHistory, known_at
from engine.scenario import Scenario, scenario_from_document
from engine.simulation import simulate

DATA = Path(__file__).resolve().parents[1] / "data"
SAMPLES, QEMU = DATA / "importing", DATA / "qemu"
MOVES = [
    "qmp_lines.jsonl", "hmp_10_0.txt", "hmp_10_1.txt", "domjobinfo.txt", "proxmox_task.log",
    "xl_new.log", "xl_new_untimed.log", "xl_legacy.log",
]  # fmt: skip
SECOND_NS, MS_NS = 10**9, 10**6
START_NS = 1_762_938_840 * SECOND_NS


def recording(name: str) -> RecordedHistory:
    folder = QEMU if name.endswith(".gz") else SAMPLES
    return history_of(read_recording(folder / name))


def origins(scenario: Scenario) -> dict[str, str]:
    return {path: given for path, given, _ in values_text(scenario)}


# The twin


@pytest.mark.parametrize("name", MOVES)
def test_every_recorded_migration_has_a_twin_that_runs(name: str) -> None:
    seen = recording(name)
    scenario = twin_of(seen)
    run = simulate(scenario.spec)

    assert run.migrations[0].outcome == "completed"
    assert run.migrations[0].pages_total == seen.migrations[0].pages_total
    assert scenario.spec.vms[0].name == seen.vms[0].spec.name


def test_the_twin_is_a_document_that_can_be_saved_and_read_again() -> None:
    scenario = twin_of(recording("qmp_lines.jsonl"))
    again = scenario_from_document(scenario.document, scenario.name)

    assert again.spec == scenario.spec


def test_the_same_recording_gives_the_same_twin() -> None:
    first, second = (twin_of(recording("hmp_10_0.txt")) for _ in range(2))

    assert first.document == second.document


@pytest.mark.parametrize("name", ["qmp_lines.jsonl", "xl_legacy.log", "a02_idle_full256.json.gz"])
def test_the_twin_of_a_calm_guest_takes_as_long_as_the_recording(name: str) -> None:
    seen = recording(name)
    run = simulate(twin_of(seen).spec)
    took = total_time_ns(run.migrations[0])

    assert took is not None
    assert took == pytest.approx(seen.migrations[0].ended_ns, rel=0.07)


def test_every_value_says_where_it_comes_from() -> None:
    told = origins(twin_of(recording("qmp_lines.jsonl")))

    assert told["vms.vm.memory"] == "from the recording"
    assert told["vms.vm.writers.0.rate"] == "from the recording"
    assert told["network.bandwidth"] == "from the recording"
    assert told["vms.vm.writers.0.pattern"] == "assumed"
    assert told["stages"] == "assumed"


def test_what_is_not_recorded_is_called_assumed() -> None:
    seen = Observed(
        format=Format.HMP, name="a.log", outcome="completed", total_time_ns=5 * SECOND_NS,
        samples=(ObservedSample(SECOND_NS), ObservedSample(5 * SECOND_NS)),
    )  # fmt: skip
    told = origins(twin_of(history_of(seen)))

    assert told["vms.vm.memory"] == "assumed"
    assert told["network.bandwidth"] == "assumed"
    assert told["vms.vm.writers.0.rate"] == "assumed"


def test_a_migration_at_its_limit_has_the_limit_and_a_faster_link() -> None:
    spec = twin_of(recording("a02_idle_full256.json.gz")).spec

    assert spec.migrations[0].policy == "qemu-precopy"
    assert spec.migrations[0].parameters["max_bandwidth"] == 50_000_000
    assert spec.migrations[0].parameters["downtime_limit"] == 300
    assert spec.network.bandwidth_bps == 10**9


def test_help_that_was_recorded_is_given_to_the_twin() -> None:
    slowed = twin_of(recording("d02_diverge_autoconv.json.gz")).spec.migrations[0].parameters
    deltas = twin_of(recording("f01_xbzrle.json.gz")).spec.migrations[0].parameters
    plain = twin_of(recording("b03_sweep64_4k_d300.json.gz")).spec.migrations[0].parameters

    assert slowed["auto_converge"] is True
    assert deltas["xbzrle"] is True
    assert "auto_converge" not in plain
    assert "xbzrle" not in plain


def test_a_migration_held_back_by_its_link_has_no_limit() -> None:
    seen = recording("g01_link50_sweep64.json.gz")
    spec = twin_of(seen).spec

    assert spec.migrations[0].rate_limit_bps is None
    measured = throughput_bps(seen.migrations[0])
    assert spec.network.bandwidth_bps == pytest.approx(measured * 1538 / 1448, rel=0.005)


def test_a_cancelled_recording_is_cancelled_in_the_twin_at_the_same_instant() -> None:
    seen = recording("f03_noxbzrle.json.gz")
    run = simulate(twin_of(seen).spec)

    assert run.migrations[0].outcome == "cancelled"
    assert run.migrations[0].ended_ns == seen.migrations[0].ended_ns


def test_the_policy_follows_from_the_format() -> None:
    old = twin_of(recording("xl_legacy.log")).spec.migrations[0].policy
    new = twin_of(recording("xl_new.log")).spec.migrations[0].policy
    qemu = twin_of(recording("hmp_10_0.txt")).spec.migrations[0].policy

    assert old == "xen-legacy"
    assert new == next(p for p in ("xen-v2", "xen-legacy") if p in POLICIES)
    assert qemu == next(p for p in ("qemu-precopy", "xen-legacy") if p in POLICIES)


def test_pings_of_the_recording_are_sent_in_the_twin_too() -> None:
    seen = history_of(
        read_together([SAMPLES / "qmp_lines.jsonl", SAMPLES / "ping_linux.txt"])
    )
    probe = twin_of(seen).spec.vms[0].probes[0]

    assert probe.interval_ns == seen.probes[0].spec.interval_ns
    assert probe.phase_ns == int(seen.probes[0].sent_ns[0])


def test_pings_alone_have_no_twin() -> None:
    with pytest.raises(TwinError, match="pings only"):
        twin_of(recording("ping_linux.txt"))


def test_a_guest_too_large_to_simulate_is_refused_in_a_sentence() -> None:
    seen = replace(read_recording(SAMPLES / "hmp_10_0.txt"), memory_bytes=2**40)
    with pytest.raises(TwinError, match=r"1,024 GiB of memory; .* at most 64 GiB"):
        twin_of(history_of(seen))


# What the guest writes


def test_a_uniform_writer_is_found_again() -> None:
    rng = random.Random(5)
    for _ in range(30):
        region, rate = rng.randrange(500, 60_000), rng.randrange(50, 50_000)
        seen = [
            (t, round(region * (1 - exp(-rate * t / region)))) for t in (8.0, 2.0, 0.7, 0.2, 0.05)
        ]
        got_rate, got_region = fitted(seen, 65_536)
        for run_s, pages in seen:
            back = got_region * (1 - exp(-got_rate * run_s / got_region))
            assert back == pytest.approx(pages, rel=0.08, abs=region * 0.05)


def test_guest_time_counts_and_not_the_clock_on_the_wall() -> None:
    rounds = (
        ObservedRound(1, start_ns=0, duration_ns=10 * SECOND_NS, pages_sent=100_000,
                      pages_dirtied=5_000),
        ObservedRound(2, live=False, start_ns=10 * SECOND_NS, duration_ns=SECOND_NS,
                      pages_sent=5_000),
    )  # fmt: skip
    seen = Observed(Format.QMP, "a", rounds=rounds, outcome="completed", memory_bytes=2**30)
    slow = replace(seen, samples=(ObservedSample(0, throttle_percent=50),))

    full, half = (writing_of(history_of(s)).rate_pps for s in (seen, slow))
    assert half == pytest.approx(2 * full, rel=0.02)


def test_without_reads_of_the_bitmap_what_was_sent_again_is_taken() -> None:
    seen = Observed(
        Format.PROXMOX, "a", outcome="completed", total_time_ns=10 * SECOND_NS,
        memory_bytes=1000 * 4096, bytes_sent=3000 * 4096,
        samples=(ObservedSample(0, transferred_bytes=0),
                 ObservedSample(10 * SECOND_NS, transferred_bytes=3000 * 4096)),
    )  # fmt: skip
    writing = writing_of(history_of(seen))

    assert writing.rate_pps == 200
    assert "2,000 pages were sent again" in writing.note


def test_every_difference_has_a_reason() -> None:
    reasons = reasons_for(recording("d02_diverge_autoconv.json.gz"))

    assert set(reasons) == {"outcome", "total_time_s", "downtime_s", "bytes_sent", "rounds"}
    assert "slowed down" in reasons["bytes_sent"]
    assert "slowed down" not in reasons_for(recording("xl_new.log"))["bytes_sent"]


def test_a_longer_downtime_is_explained_by_what_was_left() -> None:
    seen = recording("g07_link50_autoconv.json.gz")
    slow = twin_of(seen).with_policy("xen-legacy")
    longer = reasons_for(seen, simulate(slow.spec))["downtime_s"]
    calm = recording("qmp_lines.jsonl")
    shorter = reasons_for(calm, simulate(twin_of(calm).with_policy("xen-legacy").spec))

    assert "pages still to send" in longer
    assert "costs of suspending" in shorter["downtime_s"]


# Pings on the clock of the migration


def move(**more: object) -> Observed:
    seen = Observed(
        Format.QMP, "move.log", outcome="completed", total_time_ns=10 * SECOND_NS,
        samples=(ObservedSample(0), ObservedSample(10 * SECOND_NS)),
        began_clock_ns=START_NS, clock="utc",
    )  # fmt: skip
    return replace(seen, **more)


def pings(first_s: float, count: int = 5, **more: object) -> Observed:
    seen = Observed(
        Format.PING_LINUX, "ping.txt", ping_interval_ns=SECOND_NS,
        pings=tuple(ObservedPing(i * SECOND_NS, MS_NS) for i in range(count)),
        began_clock_ns=START_NS + round(first_s * SECOND_NS), clock="utc",
    )  # fmt: skip
    return replace(seen, **more)


def test_pings_stand_where_their_clock_says() -> None:
    both = with_pings(move(), pings(2.5))

    assert [p.t_ns for p in both.pings] == [round((2.5 + i) * SECOND_NS) for i in range(5)]
    assert both.total_time_ns == 10 * SECOND_NS


def test_pings_before_the_migration_are_left_out_and_told() -> None:
    both = with_pings(move(), pings(-2))

    assert [p.t_ns for p in both.pings] == [0, SECOND_NS, 2 * SECOND_NS]
    assert any("2 pings before the migration began are left out" in n for n in both.notes)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (move(began_clock_ns=None), pings(0), "move.log: it has no times of day"),
        (move(), pings(0, began_clock_ns=None), "ping.txt: it has no times of day"),
        (move(clock="local"), pings(0), "move.log: its times do not tell their zone"),
        (move(), pings(0, clock="local"), "ping.txt: its times do not tell their zone"),
        (move(), pings(-7200), "ping.txt: its last ping was sent"),
        (move(), pings(3600), "ping.txt: its first ping was sent"),
    ],
)
def test_clocks_that_do_not_fit_give_a_sentence(
    first: Observed, second: Observed, words: str
) -> None:
    with pytest.raises(LogFileError) as caught:
        with_pings(first, second)

    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)


def test_two_logs_without_a_zone_are_of_one_clock() -> None:
    both = with_pings(move(clock="local"), pings(1, clock="local"))

    assert len(both.pings) == 5


@pytest.mark.parametrize(
    ("stamp", "clock"),
    [
        ("[1762938840.000412] ", "utc"),
        ("2025-11-12T09:14:00Z ", "utc"),
        ("2025-11-12 10:14:00+01:00 ", "utc"),
        ("2025-11-12 09:14:00 UTC ", "utc"),
        ("2025-11-12 09:14:00 ", "local"),
        ("2025-11-12 10:14:00 CET ", "local"),
        ("Nov 12 09:14:00 host ping[7]: ", "local"),
    ],
)
def test_a_clock_is_known_by_its_stamps(tmp_path: Path, stamp: str, clock: str) -> None:
    path = tmp_path / "p.txt"
    reply = "64 bytes from 192.0.2.40: icmp_seq={n} ttl=64 time=0.412 ms\n"
    path.write_text("".join(stamp + reply.format(n=n) for n in (1, 2)))
    seen = read_recording(path)

    assert seen.clock == clock
    if clock == "utc":
        assert seen.began_clock_ns == pytest.approx(START_NS, abs=2 * MS_NS)


@pytest.mark.parametrize("name", ["qmp_lines.jsonl", "xl_new.log", "proxmox_task.log",
                                  "domjobinfo.txt", "ping_linux.txt"])  # fmt: skip
def test_logs_with_times_of_day_have_a_clock(name: str) -> None:
    seen = read_recording(SAMPLES / name)

    assert seen.began_clock_ns is not None
    assert seen.clock in ("utc", "local")


@pytest.mark.parametrize("name", ["hmp_10_0.txt", "xl_new_untimed.log", "ping_windows.txt"])
def test_logs_without_times_of_day_have_none(name: str) -> None:
    assert read_recording(SAMPLES / name).began_clock_ns is None


# What is opened


def test_files_are_what_their_contents_say(tmp_path: Path) -> None:
    log = tmp_path / "a.toml"
    log.write_bytes((SAMPLES / "xl_new.log").read_bytes())
    opened = open_files([log])

    assert isinstance(opened, OpenedRecording)
    assert opened.title == "a.toml (xl -v migrate)"
    assert isinstance(open_files(["recorded-demo"]), Scenario)


def test_a_scenario_is_opened_alone(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("format = 1\n")
    with pytest.raises(LogFileError, match=r"mine\.toml: a scenario is opened alone"):
        open_files([path, SAMPLES / "ping_linux.txt"])


# What is told


@pytest.mark.parametrize("name", [*MOVES, "ping_linux.txt", "e01_postcopy_sweep.json.gz",
                                  "f03_noxbzrle.json.gz"])  # fmt: skip
def test_narration_tells_only_what_was_recorded(name: str) -> None:
    seen = recording(name)
    vm = seen.vms[0].spec.name
    for part in range(41):
        told = narrate(seen, seen.end_ns * part // 40, vm)
        words = f"{told.headline} {told.sentence}"
        for wrong in (" pages sent", "of at most", "relearned", "are sent,", "still only on"):
            assert wrong not in words
        assert told.headline and told.sentence


def test_narration_gives_the_newest_sample() -> None:
    seen = recording("hmp_10_0.txt")
    told = narrate(seen, 5 * SECOND_NS, "vm").sentence
    sent = known_at(seen.transferred_bytes, 5 * SECOND_NS)

    assert sent is not None
    assert f"{sent / 2**20:.0f} MiB sent" in told


def test_narration_of_a_log_without_downtime_says_so() -> None:
    seen = recording("xl_legacy.log")
    told = narrate(seen, seen.end_ns, seen.vms[0].spec.name)

    assert "does not tell the downtime" in told.sentence


def test_a_recording_is_saved_and_read_again_with_its_counters(tmp_path: Path) -> None:
    seen = recording("qmp_lines.jsonl")
    save_history(seen, tmp_path / "a.npz")
    again = load_history(tmp_path / "a.npz")

    assert isinstance(again, RecordedHistory)
    assert again.kind == seen.kind
    assert again.remaining_bytes.values == seen.remaining_bytes.values
