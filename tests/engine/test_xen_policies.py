"""Pre-copy of Xen 4.6, of XenServer's toolstack and of Cloud Hypervisor: rules and runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.algorithms.cloud_hypervisor import DowntimeEstimate
from engine.algorithms.xapi_emu import LiveStage
from engine.algorithms.xen_v2 import SimplePrecopyPolicy
from engine.history import History, MigrationRecord
from engine.importing import history_of, read_recording
from engine.importing.twin_scenario import twin_of
from engine.metrics import outcome_rows
from engine.narration import narrate
from engine.policies import POLICIES, parameters_of, round_limit
from engine.scenario import load_scenario
from engine.simulation import simulate
from engine.specs import ScenarioSpec, WriterSpec
from engine.states import PageState
from engine.stop_thresholds import downtime_limit_ns, stop_threshold
from tests.helpers.by_hand import MS, PAGE, small_pool, sweeping
from tests.helpers.random_scenarios import NEWER_POLICIES
from tests.helpers.round_traces import GIB_PAGES, PAGE_US, constant, gib_pool, shrinking

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "importing"


def moved(spec: ScenarioSpec) -> MigrationRecord:
    return simulate(spec).migrations[0]


def sent(m: MigrationRecord) -> tuple[list[int], list[int]]:
    """Return the pages of the live rounds, and of the others."""
    live = [r.pages_sent for r in m.rounds if r.live]
    return live, [r.pages_sent for r in m.rounds if not r.live]


# The rule of Xen 4.6 and later


def trace(dirty: Sequence[int], *, frames: int = GIB_PAGES) -> tuple[list[int], str]:
    """Ask the built-in policy as Xen does; return the live rounds and why they ended.

    `dirty` is what each reading of the bitmap finds; the last one goes on for ever.
    """
    policy = SimplePrecopyPolicy(max_rounds=5, min_dirty=50)
    count, rounds, live = frames, 0, []
    while True:
        answer = policy.ask(rounds=rounds, dirty_pages=count)
        if count:
            live.append(count)
        if answer:
            return live, answer
        rounds += 1
        answer = policy.ask(rounds=rounds, dirty_pages=None)
        if answer:
            return live, answer
        count = dirty[min(rounds, len(dirty)) - 1]


def test_the_rule_makes_five_rounds_and_never_more() -> None:
    assert trace([20_000]) == ([GIB_PAGES, 20_000, 20_000, 20_000, 20_000], "max-rounds")


def test_the_rule_sends_the_small_set_live_once_more() -> None:
    assert trace([9000, 400, 30]) == ([GIB_PAGES, 9000, 400, 30], "few-pages")


def test_the_rule_sends_an_idle_guest_once() -> None:
    assert trace([0]) == ([GIB_PAGES], "few-pages")


def test_a_count_of_exactly_the_threshold_goes_on() -> None:
    policy = SimplePrecopyPolicy(max_rounds=5, min_dirty=50)

    assert policy.ask(rounds=1, dirty_pages=50) is None
    assert policy.ask(rounds=1, dirty_pages=49) == "few-pages"
    assert policy.ask(rounds=4, dirty_pages=None) is None
    assert policy.ask(rounds=5, dirty_pages=None) == "max-rounds"


def test_a_run_makes_five_rounds_and_pays_with_its_downtime() -> None:
    m = moved(constant("xen-v2"))

    assert sent(m) == ([GIB_PAGES, 20_000, 20_000, 20_000, 20_000], [20_000])
    assert m.stop_reason == "max-rounds"
    assert dict(m.downtime_parts)["last_copy"] == 20_000 * PAGE_US * 1000


def test_a_run_sends_the_small_set_live_and_then_nothing() -> None:
    m = moved(shrinking("xen-v2"))

    assert sent(m) == ([GIB_PAGES, 9000, 400, 30], [0])
    assert m.stop_reason == "few-pages"
    assert m.suspended_ns == (GIB_PAGES + 9000 + 400 + 30) * PAGE_US * 1000


def test_a_run_of_an_idle_guest_is_one_round_and_a_pause() -> None:
    m = moved(gib_pool("xen-v2"))

    assert sent(m) == ([GIB_PAGES], [0])
    assert m.stop_reason == "few-pages"
    assert m.suspended_ns == m.rounds[0].end_ns == GIB_PAGES * PAGE_US * 1000


def test_what_an_idle_guest_writes_until_it_is_suspended_is_the_last_copy() -> None:
    """10 pages in 10 ms; 20 ms to the suspension, in which a page is written every 2 ms."""
    spec = small_pool(
        "xen-v2",
        vm=sweeping(500, start_ns=111 * MS),
        stages={"suspend_delay_ns": 20 * MS},
        migration={"parameters": {"min_dirty": 1}},
    )
    m = moved(spec)

    # Written at 113, 115 ... 129 ms; suspended at 130 ms.
    assert sent(m) == ([10], [9])
    assert (m.rounds[0].end_ns, m.rounds[0].pages_dirtied) == (130 * MS, 9)


def test_a_vm_smaller_than_the_threshold_is_sent_live_once() -> None:
    m = moved(small_pool("xen-v2", vm=sweeping(1000)))

    assert sent(m)[0] == [10]
    assert m.stop_reason == "few-pages"


def test_a_page_written_before_its_turn_is_sent_now_and_in_the_next_round() -> None:
    """Page 9 is written at 1 s: after CLEAN at 996 ms, before its batch, 1001 to 1011 ms."""
    writer = WriterSpec(pattern="sweep", rate_pps=1, region_bytes=PAGE, offset_bytes=9 * PAGE)
    spec = small_pool(
        "xen-v2",
        vm={"writers": (writer,)},
        stages={"round_ns": 5 * MS},
        migration={"at_ns": 996 * MS, "parameters": {"min_dirty": 1, "max_rounds": 3}},
    )
    m = moved(spec)

    assert [(r.pages_sent, r.pages_skipped, r.pages_dirtied) for r in m.rounds] == [
        (10, 0, 1),
        (1, 0, 0),
        (0, 0, 0),
    ]
    assert m.track is not None
    assert m.track.states_at(1011 * MS)[9] == PageState.UP_TO_DATE


def test_rounds_go_in_ascending_order() -> None:
    m = moved(gib_pool("xen-v2"))

    assert m.track is not None
    states = m.track.states_at(1024 * PAGE_US * 1000)  # one batch is there, one is on its way
    assert set(states[:1024]) == {PageState.UP_TO_DATE}
    assert set(states[1024:2048]) == {PageState.IN_FLIGHT}
    assert set(states[2048:]) == {PageState.NOT_SENT}


# XenServer's toolstack


def test_the_live_stage_is_done_by_its_published_condition() -> None:
    stage = LiveStage(max_iteration=4, min_dirty=50)

    assert stage.done(iteration=0, remaining_pages=0) is None
    assert stage.done(iteration=1, remaining_pages=50) is None
    assert stage.done(iteration=1, remaining_pages=49) == "few-pages"
    assert stage.done(iteration=3, remaining_pages=None) is None
    assert stage.done(iteration=4, remaining_pages=None) == "max-rounds"


def test_the_toolstack_does_not_send_the_small_set_live() -> None:
    m = moved(shrinking("xapi-emu"))

    assert sent(m) == ([GIB_PAGES, 9000, 400], [30])
    assert m.stop_reason == "few-pages"


def test_the_toolstack_stops_after_four_rounds() -> None:
    m = moved(constant("xapi-emu"))

    assert sent(m) == ([GIB_PAGES, 20_000, 20_000, 20_000], [20_000])
    assert m.stop_reason == "max-rounds"


def test_devices_are_plugged_inside_the_downtime() -> None:
    def start_up_ns(**parameters: int) -> int:
        stages, migration = {"start_up_ns": 7 * MS}, {"parameters": parameters}
        m = moved(small_pool("xapi-emu", stages=stages, migration=migration))
        return dict(m.downtime_parts)["start_up"]

    assert start_up_ns(plug_time=40) == 47 * MS
    assert start_up_ns() == 107 * MS


def test_the_squeeze_leaves_less_to_copy_and_takes_its_time() -> None:
    values = {"vm": {"cache_pages_ppm": 400_000}, "stages": {"balloon_ns": 3 * MS}}
    m = moved(small_pool("xapi-emu", **values, migration={"parameters": {"balloon": True}}))

    assert sent(m)[0] == [6]
    assert m.rounds[0].start_ns == 103 * MS


# Cloud Hypervisor


def test_the_estimate_is_what_is_due_at_the_newest_rounds_pace() -> None:
    estimate = DowntimeEstimate(limit_ns=300 * MS, timeout_ns=10**12)

    def reason(due: int, sent_pages: int, transfer_ms: int, elapsed_ns: int = 0) -> str | None:
        return estimate.reason(
            due_pages=due,
            sent_pages=sent_pages,
            transfer_ns=transfer_ms * MS,
            elapsed_ns=elapsed_ns,
        )

    assert reason(300, 1000, 1000) == "downtime-limit"
    assert reason(301, 1000, 1000) is None
    assert reason(301, 1000, 1000, 10**12) == "timeout"
    assert reason(300, 1000, 1000, 10**12) == "downtime-limit"
    assert reason(0, 0, 0) == "downtime-limit"
    assert reason(1, 0, 0) is None


@pytest.mark.parametrize("limit_ms", [200, 300])
def test_a_set_that_fits_into_the_limit_is_sent_while_stopped(limit_ms: int) -> None:
    """20 000 pages take 200 ms."""
    m = moved(constant("cloud-hypervisor", downtime_limit=limit_ms))

    assert sent(m) == ([GIB_PAGES], [20_000])
    assert m.stop_reason == "downtime-limit"


def test_at_the_timeout_it_gives_up_and_the_vm_stays() -> None:
    """Rounds end at 2.62144 s and every 0.2 s from there; the first after 4 s ends at 4.02144."""
    spec = constant("cloud-hypervisor", downtime_limit=199, timeout=4)
    history = simulate(spec)
    m = history.migrations[0]

    assert m.outcome == "does-not-converge"
    assert (m.stop_reason, m.suspended_ns, m.resumed_ns) == (None, None, None)
    assert m.ended_ns == (GIB_PAGES + 7 * 20_000) * PAGE_US * 1000
    assert "timeout of 4 s" in m.reason
    assert [(p.host, p.status) for p in history.vm("v").placements] == [("a", "running")]
    assert history.reserved["b"][-1] == (m.ended_ns, 0)
    text = narrate(history, history.end_ns, "v")
    assert "did not converge" in text.headline
    assert "timeout of 4 s" in text.sentence
    assert outcome_rows(spec, history)[0].simulated == "does not converge"


def test_at_the_timeout_it_may_stop_the_vm_all_the_same() -> None:
    spec = constant("cloud-hypervisor", downtime_limit=199, timeout=4, timeout_action="ignore")
    m = moved(spec)

    assert (m.outcome, m.stop_reason) == ("completed", "timeout")
    assert sent(m) == ([GIB_PAGES] + [20_000] * 7, [20_000])


def test_the_stopped_vms_bitmap_is_read_twice_and_reading_is_not_bandwidth() -> None:
    """10 pages in 10 ms after 5 ms of reading; 3 are due: 3 ms at 1 page a ms, not 4.5 ms."""
    spec = small_pool(
        "cloud-hypervisor",
        vm=sweeping(200, start_ns=100 * MS),
        stages={"round_ns": 5 * MS},
        migration={"parameters": {"downtime_limit": 3}},
    )
    m = moved(spec)

    assert sent(m) == ([10], [3])
    assert dict(m.downtime_parts)["last_copy"] == (5 + 3 + 5) * MS
    assert m.rounds[-1].end_ns == (115 + 5 + 3) * MS


def test_it_announces_the_vm_five_times() -> None:
    assert POLICIES["cloud-hypervisor"].announcements_ns == tuple(
        ms * MS for ms in (0, 200, 400, 600, 800)
    )


# Words


def test_a_caption_names_the_bound_on_rounds_and_the_reason() -> None:
    history = simulate(constant("xapi-emu"))
    m = history.migrations[0]
    assert m.suspended_ns is not None
    assert m.resumed_ns is not None

    assert narrate(history, MS, "v").headline == "Push, round 1 of at most 4"
    assert "The limit of 4 rounds" in narrate(history, m.suspended_ns + 1, "v").sentence
    assert "plugs in its devices" in narrate(history, m.resumed_ns - 1, "v").sentence


def test_a_caption_names_the_downtime_limit_and_the_timeout() -> None:
    fits = simulate(constant("cloud-hypervisor"))
    late = simulate(
        constant("cloud-hypervisor", downtime_limit=1, timeout=3, timeout_action="ignore")
    )

    def said(history: History) -> str:
        stopped_ns = history.migrations[0].suspended_ns
        assert stopped_ns is not None
        return narrate(history, stopped_ns + 1, "v").sentence

    assert "downtime limit of 300 ms" in said(fits)
    assert "timeout of 3 s" in said(late)
    assert narrate(fits, MS, "v").headline == "Push, round 1"


def test_thresholds_on_screen_are_those_of_the_policy() -> None:
    assert [round_limit(parameters_of(name, {})) for name in NEWER_POLICIES] == [5, 4, None]
    assert downtime_limit_ns(parameters_of("cloud-hypervisor", {})) == 300 * MS
    history = simulate(constant("cloud-hypervisor"))
    steps = stop_threshold(history, history.migrations[0])
    assert steps is not None
    assert steps[0] == (0, 300_000 // PAGE_US * 4104 // 4096)


@pytest.mark.parametrize("name", NEWER_POLICIES)
def test_a_bundled_scenario_moves_under_it(name: str) -> None:
    m = moved(load_scenario("recorded-demo").with_policy(name).spec)

    assert (m.outcome, m.policy) == ("completed", name)
    assert m.pages_skipped == 0


@pytest.mark.parametrize(
    ("log", "policy"), [("xl_new.log", "xen-v2"), ("xl_legacy.log", "xen-legacy")]
)
def test_the_twin_of_a_recorded_xen_migration_follows_the_rule_of_its_age(
    log: str, policy: str
) -> None:
    recording = history_of(read_recording(SAMPLES / log))
    spec = twin_of(recording).spec

    assert spec.migrations[0].policy == recording.migrations[0].policy == policy
    assert moved(spec).outcome == "completed"
