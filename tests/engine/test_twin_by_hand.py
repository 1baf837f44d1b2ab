"""The twin on cases so small that every instant was worked out by hand."""

import numpy as np
import pytest

from engine.specs import ChangeSpec, FaultSpec, MigrationSpec, ProbeSpec, VmSpec
from engine.states import PageState
from tests.helpers.by_hand import LATENCY, MS, PAGE, PAGE_A_MS, small_pool, sweeping
from tests.helpers.twin import Twin
from tests.helpers.twin_guest import Clock, Words, Writer
from tests.helpers.twin_network import TwinFlow, share
from tests.helpers.twin_order import visiting_order


def test_stop_and_copy_takes_its_costs_its_pages_and_a_round_trip() -> None:
    """100 ms request; 2 + 3 suspend + 5 round; 10 pages; 1 device; 1 round trip; 7; 4."""
    stages = {
        "reservation_ns": 2 * MS,
        "suspend_ns": 3 * MS,
        "round_ns": 5 * MS,
        "start_up_ns": 7 * MS,
        "activation_ns": 4 * MS,
    }
    twin = Twin(small_pool("stop-and-copy", stages=stages)).simulate()
    move = twin.migrations[0]

    assert move.suspended_ns == 102 * MS
    assert move.resumed_ns == (102 + 3 + 5 + 10 + 1 + 1 + 7) * MS
    assert move.released_ns == move.resumed_ns + 4 * MS
    assert twin.end_ns == move.released_ns + 50 * MS
    assert move.states_at(110 * MS - 1) == [PageState.NOT_SENT] * 10
    assert move.states_at(110 * MS) == [PageState.IN_FLIGHT] * 10
    assert move.states_at(120 * MS) == [PageState.SENT_WHILE_STOPPED] * 10


def test_bandwidth_change_in_mid_batch_keeps_the_bits_that_are_through() -> None:
    """4 of 10 pages are through when the link becomes half as fast: 12 ms for the other 6."""
    change = ChangeSpec(at_ns=104 * MS, set={"network.bandwidth": f"{PAGE_A_MS // 2} bit/s"})
    move = Twin(small_pool("stop-and-copy", changes=(change,))).simulate().migrations[0]

    assert move.rounds[0].end == 116 * MS
    assert move.resumed_ns == (116 + 2 + 1) * MS


def test_written_pages_are_skipped_sent_again_or_stale_in_flight() -> None:
    """One write every 4 ms from 103 ms on, page 0 first; CLEAN at 100, first batch at 105 ms.

    Page 0 is written at 104 ms: skipped. Page 1 at 108 ms is in flight: stale at 114 ms, when
    the 9 pages have arrived. Page 2 at 112 ms too. Round 2 sends the three: below 4, so it is
    the last live one. Pages 3 (116 ms) and 4 (120 ms) are written in it; 119 ms + 3 = 122 ms.
    """
    spec = small_pool(
        "xen-legacy",
        vm=sweeping(250, start_ns=100 * MS),
        stages={"round_ns": 5 * MS},
        migration={"parameters": {"order": "ascending", "min_dirty": 4}},
    )
    move = Twin(spec).simulate().migrations[0]

    figures = [
        (r.live, r.start, r.end, r.pages_sent, r.pages_skipped, r.pages_dirtied)
        for r in move.rounds
    ]
    assert figures == [
        (True, 100 * MS, 114 * MS, 9, 1, 3),
        (True, 114 * MS, 122 * MS, 3, 0, 2),
        (False, 122 * MS, 129 * MS, 2, 0, 0),
    ]
    assert move.stop_reason == "few-pages"
    at_113 = move.states_at(113 * MS)
    assert at_113[0] is PageState.SKIPPED
    assert at_113[1] is PageState.IN_FLIGHT
    at_114 = move.states_at(114 * MS)
    assert at_114[:4] == [
        PageState.NOT_SENT,
        PageState.DIRTY_AGAIN,
        PageState.DIRTY_AGAIN,
        PageState.UP_TO_DATE,
    ]
    assert move.states_at(116 * MS)[3] is PageState.DIRTY_AGAIN
    assert move.states_at(129 * MS)[3] is PageState.SENT_WHILE_STOPPED


def test_write_at_the_instant_of_the_read_counts_as_read() -> None:
    """Page 0 is written at 105 ms, when the first batch reads the bitmap: skipped."""
    spec = small_pool(
        "xen-legacy",
        vm=sweeping(200, start_ns=100 * MS),
        stages={"round_ns": 5 * MS},
        migration={"parameters": {"order": "ascending", "max_rounds": 1}},
    )
    move = Twin(spec).simulate().migrations[0]

    assert move.states_at(105 * MS)[0] is PageState.SKIPPED


def test_postcopy_pulls_the_page_that_a_vcpu_waits_for() -> None:
    """Resumed at 102 ms; page 7 is written 2 ms of guest time later, at 104 ms.

    The request is at the source at 104.5 ms, page 2 is through at 105, so page 7 at 106 and
    there at 106.5 ms: 2.5 ms of stall. All 10 pages are through at 112, there at 112.5 ms.
    """
    writer = {"start_ns": 100 * MS, "offset_bytes": 7 * PAGE, "region_bytes": PAGE}
    move = Twin(small_pool("postcopy", vm=sweeping(500, **writer))).simulate().migrations[0]

    assert (move.suspended_ns, move.resumed_ns) == (100 * MS, 102 * MS)
    assert move.stalls == [(104 * MS, 2 * MS + LATENCY)]
    assert move.faulted == {7}
    assert move.released_ns == 112 * MS + LATENCY
    at = move.states_at(106 * MS + LATENCY)
    assert at[7] is PageState.PULLED
    assert at[2] is PageState.PUSHED
    assert at[3] is PageState.IN_FLIGHT
    assert at[4] is PageState.MISSING


def test_stall_stops_the_guest_time_of_one_vcpu_alone() -> None:
    """The vCPU above loses 2.5 ms at the missing page and 2 ms of downtime; the other only 2."""
    writer = {"start_ns": 100 * MS, "offset_bytes": 7 * PAGE, "region_bytes": PAGE}
    vm = sweeping(500, **writer) | {"vcpus": 2}
    twin = Twin(small_pool("postcopy", vm=vm)).simulate()

    lost = [twin.end_ns - clock.at(twin.end_ns) for clock in twin.vms["v"].clocks]
    assert lost == [2 * MS + 2 * MS + LATENCY, 2 * MS]


def test_link_fault_before_the_commit_leaves_the_vm_at_the_source() -> None:
    """The link goes down while the VM is stopped: it goes on at once where it was."""
    fault = FaultSpec(at_ns=105 * MS, kind="link-down", on="b")
    twin = Twin(small_pool("stop-and-copy", faults=(fault,))).simulate()

    assert twin.migrations[0].outcome == "failed"
    assert twin.vms["v"].placements == [
        (0, "a", "running"),
        (100 * MS, "a", "suspended"),
        (105 * MS, "a", "running"),
    ]


def test_link_fault_during_the_pull_loses_the_vm() -> None:
    """Pages are missing at the destination and nobody else can run the VM."""
    fault = FaultSpec(at_ns=105 * MS, kind="link-down", on="a")
    twin = Twin(small_pool("postcopy", faults=(fault,))).simulate()

    assert twin.migrations[0].outcome == "lost"
    assert twin.vms["v"].placements[-1] == (105 * MS, "b", "lost")


def test_zero_page_is_sent_once_it_was_written() -> None:
    """Pages 5 to 9 are zero; page 5 is written at 102 ms, in round 1: it comes in round 2."""
    spec = small_pool(
        "xen-legacy",
        vm=sweeping(500, start_ns=100 * MS, offset_bytes=5 * PAGE) | {"zero_pages_ppm": 500_000},
        migration={"parameters": {"order": "ascending", "max_rounds": 1}},
    )
    move = Twin(spec).simulate().migrations[0]

    assert move.base[5:] == [PageState.FREE] * 5
    assert [r.pages_sent for r in move.rounds] == [5, 2]
    assert move.states_at(102 * MS)[5] is PageState.NOT_SENT


@pytest.mark.parametrize(
    ("n", "expected"), [(4, [0, 1, 2, 3]), (8, [0, 2, 4, 6, 1, 3, 5, 7]), (1, [0])]
)
def test_xen_order_rotates_left_by_ten_bits(n: int, expected: list[int]) -> None:
    """10 mod 2 = 0 leaves the order; 10 mod 3 = 1 turns 0, 1, 2 into 0, 2, 4."""
    assert visiting_order(n, "permuted") == expected


def test_xen_order_of_a_131072_page_vm_jumps_by_1024() -> None:
    """As in Clark et al.: with 17 bits consecutive visits are 1024 pages apart."""
    order = visiting_order(131072, "permuted")

    assert order[:3] == [0, 1024, 2048]
    assert sorted(order) == list(range(131072))


def test_sharing_fixes_the_smallest_first() -> None:
    """Port of 100: a limit of 20 leaves 80 for two; one of these gets 30 at its other port."""
    flows = [
        TwinFlow("small", ("tx:a",), 20),
        TwinFlow("held", ("tx:a", "rx:b"), None),
        TwinFlow("rest", ("tx:a", "rx:c"), None),
    ]

    assert share(flows, {"tx:a": 100, "rx:b": 30, "rx:c": 100}) == {
        "small": 20,
        "held": 30,
        "rest": 50,
    }


def test_words_follow_one_philox_stream() -> None:
    """Reading block by block gives the words of one long read."""
    words = Words(7, "v", 0, 0)
    long_read = np.random.Philox(key=words.key).random_raw(600)

    assert [words.word(k) for k in (0, 5, 255, 256, 599)] == [
        int(long_read[k]) for k in (0, 5, 255, 256, 599)
    ]


def test_changed_rate_begins_a_new_stretch_at_that_guest_time() -> None:
    """1000 pages/s up to 2.5 ms (writes at 1 and 2), then 500: the third at 4.5 ms, page 2."""
    vm = VmSpec(name="v", host="a", memory_bytes=10 * PAGE, **sweeping(1000))
    writer = Writer(0, vm, 0)
    writer.advance()
    writer.advance()
    writer.change(2 * MS + 500_000, writer.spec.model_copy(update={"rate_pps": 500}))

    assert (writer.due, writer.page) == (4 * MS + 500_000, 2)


ROUNDS = {"order": "ascending", "skip": False, "min_dirty": 1}


def test_copy_cost_slows_the_guest_while_it_is_copied() -> None:
    """10 ms of copying at 400 thousandths are 4 ms of guest time."""
    spec = small_pool(
        "xen-legacy",
        source={"copy_cost_ppm": 600_000},
        migration={"parameters": {"max_rounds": 1}},
    )
    twin = Twin(spec).simulate()
    [clock] = twin.vms["v"].clocks

    assert twin.migrations[0].suspended_ns == 110 * MS
    assert clock.guest_at(110 * MS) == 104 * MS
    assert clock.knots[1:] == [
        (100 * MS, 100 * MS, 400),
        (110 * MS, 104 * MS, 0),
        (112 * MS, 104 * MS, 1000),
    ]


def test_first_writes_are_paid_in_the_next_50_ms() -> None:
    """50 first writes of 1 ms leave nothing, so a tenth; 5 more cost a tenth of the next 50 ms."""
    spec = small_pool(
        "xen-legacy",
        vm=sweeping(1000, start_ns=100 * MS) | {"memory_bytes": 160 * PAGE},
        source={"first_write_cost_ns": MS},
        migration={"parameters": {"order": "ascending", "max_rounds": 1, "skip": False}},
    )
    [clock] = Twin(spec).simulate().vms["v"].clocks

    assert clock.knots[1:4] == [
        (150 * MS, 150 * MS, 100),
        (200 * MS, 155 * MS, 900),
        (250 * MS, 200 * MS, 100),
    ]


def test_guest_time_is_rounded_down_and_what_is_due_waits_for_it() -> None:
    """At 300 thousandths guest time 1 is there after 4 ns, 2 after 7 ns."""
    clock = Clock()
    clock.set_speed(0, 300)

    assert [clock.at(t) for t in (3, 4, 6, 7)] == [0, 1, 1, 2]
    assert [clock.when(g) for g in (1, 2, 3)] == [4, 7, 10]


def test_third_fault_of_round_2_stuns_a_writer_until_the_vm_has_moved() -> None:
    """A page a ms: round 2 begins at 110 ms, the third fault is at 113 ms; resumed at 125 ms."""
    parameters = {**ROUNDS, "stun_after": 1, "stun_faults": 2}
    spec = small_pool(
        "xen-legacy", vm=sweeping(1000, start_ns=100 * MS), migration={"parameters": parameters}
    )
    twin = Twin(spec).simulate()
    move, [writer] = twin.migrations[0], twin.vms["v"].writers

    assert [(r.pages_sent, r.pages_dirtied) for r in move.rounds] == [
        (10, 10),
        (10, 3),
        (3, 0),
        (0, 0),
        (0, 0),
    ]
    assert (move.suspended_ns, move.resumed_ns) == (123 * MS, 125 * MS)
    assert [(s.begin, s.rate, s.first) for s in writer.plan] == [
        (100 * MS, 1000, 0),
        (113 * MS, 0, 13),
        (123 * MS, 1000, 13),
    ]


def test_interactive_writer_is_never_stunned() -> None:
    """It goes on writing, and the rounds never shrink."""
    parameters = {**ROUNDS, "stun_after": 1, "stun_faults": 2, "max_rounds": 4}
    spec = small_pool(
        "xen-legacy",
        vm=sweeping(1000, start_ns=100 * MS, interactive=True),
        migration={"parameters": parameters},
    )

    assert len(Twin(spec).simulate().vms["v"].writers[0].plan) == 1


def test_balloon_takes_its_time_and_the_pages_that_were_never_written() -> None:
    """Pages 8, 9 are zero, 5 to 7 cache; page 5 was written at 67 ms. 4 ms more."""
    spec = small_pool(
        "xen-legacy",
        vm=sweeping(15, offset_bytes=5 * PAGE)
        | {"zero_pages_ppm": 200_000, "cache_pages_ppm": 300_000},
        stages={"balloon_ns": 4 * MS},
        migration={"parameters": {"balloon": True, "max_rounds": 1}},
    )
    move = Twin(spec).simulate().migrations[0]

    assert move.base_ns == 104 * MS
    assert move.base[6:] == [PageState.FREE] * 4
    assert move.rounds[0].pages_sent == 6


def test_sending_ceiling_ends_with_the_suspension() -> None:
    """At half the rate 10 pages take 20 ms; the device state still takes one."""
    spec = small_pool(
        "xen-legacy",
        vm={"sending_ceiling_bps": PAGE_A_MS // 2},
        migration={"parameters": {"max_rounds": 1}},
    )
    move = Twin(spec).simulate().migrations[0]

    assert (move.suspended_ns, move.resumed_ns) == (120 * MS, 122 * MS)


def test_first_frame_that_is_not_lost_teaches_the_switch() -> None:
    """Resumed at 112 ms at guest time 100; the ping at guest time 103 is sent at 115 ms."""
    ping = ProbeSpec(direction="from-vm", interval_ns=10 * MS, phase_ns=3 * MS)
    lost = FaultSpec(at_ns=0, kind="announcement-lost", on="v")
    move = Twin(small_pool("stop-and-copy", vm={"probes": (ping,)}, faults=(lost,))).simulate()

    assert move.migrations[0].resumed_ns == 112 * MS
    assert move.migrations[0].reachable_ns == (115 + 30) * MS + LATENCY


@pytest.mark.parametrize(("sender", "again"), [("vm", 142 * MS + LATENCY), ("client", 149 * MS)])
def test_web_client_goes_on_by_the_timers_of_who_sends(sender: str, again: int) -> None:
    """Stopped at 100, reachable at 142.5 ms; time-outs of 7 ms are over at 107, 121, 149 ms."""
    web = ProbeSpec(kind="web", sender=sender, min_timeout_ns=7 * MS)
    [client] = Twin(small_pool("stop-and-copy", vm={"probes": (web,)})).simulate().vms["v"].clients

    rates = [client.rates.noted_at(t) for t in (99 * MS, 100 * MS, again - 1, again)]
    assert rates == [PAGE_A_MS, 0, 0, PAGE_A_MS]


@pytest.mark.parametrize(("at", "outcome"), [(111 * MS, "cancelled"), (113 * MS, "completed")])
def test_cancel_is_only_heard_before_the_commit(at: int, outcome: str) -> None:
    """The commit is at 112 ms, the resume 5 ms later."""
    fault = FaultSpec(at_ns=at, kind="cancel", on="v")
    stages = {"start_up_ns": 5 * MS}
    twin = Twin(small_pool("stop-and-copy", faults=(fault,), stages=stages)).simulate()

    assert twin.migrations[0].outcome == outcome
    assert twin.vms["v"].placements[-1][0] == (at if outcome == "cancelled" else 117 * MS)


def test_request_after_another_counts_from_its_end() -> None:
    """The first ends at 112 ms; the way back is asked for 5 ms later."""
    back = MigrationSpec(vm="v", to="a", after="v", at_ns=5 * MS, policy="stop-and-copy")
    twin = Twin(small_pool("stop-and-copy", later=(back,))).simulate()

    assert [m.suspended_ns for m in twin.requested] == [100 * MS, 117 * MS]
    assert twin.vms["v"].host == "a"


def test_wandering_rate_begins_a_stretch_every_interval_and_forgets_half_a_write() -> None:
    """Half a rate of 1000 to either side, anew every 10 ms of guest time."""
    vm = VmSpec(
        name="v",
        host="a",
        memory_bytes=10 * PAGE,
        **sweeping(1000, jitter_ppm=500_000, jitter_interval_ns=10 * MS),
    )
    writer = Writer(0, vm, 0)
    while writer.due is not None and writer.due <= 35 * MS:
        writer.advance()

    high = [Words(0, "v", 0, i, "/rate").word(0) >> 32 for i in range(4)]
    rates = [1000 * (500_000 + (1_000_000 * hi >> 32)) // 1_000_000 for hi in high]
    assert [(s.begin, s.rate) for s in writer.plan] == [
        (i * 10 * MS, rate) for i, rate in enumerate(rates)
    ]
    assert writer.plan[2].first == rates[0] // 100 + rates[1] // 100
