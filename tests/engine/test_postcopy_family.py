"""Post-copy in all its forms: orders of pushing, hybrid, QEMU's switch, pause and recovery."""

import numpy as np
import pytest

from engine.errors import ScenarioError
from engine.events import EventKind
from engine.metrics import summarize
from engine.narration import narrate
from engine.playback import PageCursor
from engine.scenario import load_scenario, parse_scenario, scenario_from_document
from engine.simulation import simulate
from engine.states import PageState
from tests.helpers.compare import differences
from tests.helpers.pull_scenarios import pull_scenario
from tests.helpers.twin import Twin

N_SEEDS = 240
GROUP = 20
SECOND_NS = 10**9


def run(policy, *values, name="postcopy-pull", until="12 s"):
    scenario = load_scenario(name).with_policy(policy).with_value("run.until", until)
    given = [(f"migrations.0.parameters.{key}", str(value)) for key, value in values]
    return simulate(scenario.with_values(given).spec)


def faulted_share(history):
    (m,) = history.migrations
    return m.pages_faulted / m.pages_sent


@pytest.mark.parametrize("first", range(0, N_SEEDS, GROUP))
def test_engine_equals_its_twin(first):
    found = {}
    for seed in range(first, first + GROUP):
        spec = pull_scenario(seed)
        faults = differences(spec, simulate(spec), Twin(spec).simulate())
        if faults:
            found[seed] = faults[:3]
    assert found == {}


FORMS = {
    "demand only": (("push", "none"),),
    "sequential": (),
    "forward": (("push", "bubbling"), ("direction", "forward")),
    "dual": (("push", "bubbling"),),
    "seven pivots": (("push", "bubbling"), ("pivots", 7)),
    "cursor": (("push", "cursor"),),
}


def test_share_of_network_faults_falls_from_demand_to_push_to_bubbling():
    share = {name: faulted_share(run("postcopy", *values)) for name, values in FORMS.items()}
    assert share["demand only"] == 1
    assert share["demand only"] > share["sequential"] > share["dual"]
    for name in ("forward", "seven pivots", "cursor"):
        assert share["sequential"] > share[name]


@pytest.mark.parametrize("name", FORMS)
def test_each_page_crosses_once(name):
    history = run("postcopy", *FORMS[name])
    (m,) = history.migrations
    assert m.track is not None
    arrived = np.zeros(m.pages_total, np.int64)
    cursor = PageCursor(history, m.vm)
    cursor.move_to(m.resumed_ns)
    for t_ns in range(m.resumed_ns, history.end_ns + 1, 50_000_000):
        delta = cursor.move_to(t_ns)
        if delta is not None:
            there = (PageState.PULLED, PageState.PUSHED)
            come = np.isin(delta.new, there) & ~np.isin(delta.old, there)
            arrived[delta.pages[come]] += 1
    assert arrived.max() == 1
    if m.outcome == "completed":
        assert arrived.sum() == m.pages_sent == m.pages_total - m.zero_pages
    else:
        assert m.pages_sent < m.pages_total - m.zero_pages


def test_demand_only_says_why_it_does_not_end():
    (m,) = run("postcopy", *FORMS["demand only"]).migrations
    assert m.outcome == "does-not-converge"
    assert "pages are still only at xen-1" in m.reason and "nothing pushes them" in m.reason


def test_demand_only_ends_when_the_guest_has_asked_for_everything():
    scenario = load_scenario("postcopy-pull").with_policy("postcopy")
    raw = scenario.document
    writer = {"pattern": "sweep", "rate": "20000 pages/s"}
    small = {**raw["vms"][0], "memory": "4 MiB", "zero_pages": "0 %", "writers": [writer]}
    move = {**raw["migrations"][0], "parameters": {"push": "none"}}
    document = {**raw, "vms": [small, *raw["vms"][1:]], "migrations": [move]}
    history = simulate(scenario_from_document(document, "small").spec)
    m = history.migrations[0]
    assert m.outcome == "completed" and m.pages_faulted == m.pages_sent == 1024


# A limit of pushed pages, and pages of 2 MiB

AT_ONCE = (("switch", "time"), ("switch_after", 0))


def waits_ms(history):
    (m,) = history.migrations
    return [ns / 1e6 for _, ns in m.stalls]


def test_limit_of_pushed_pages_spares_what_is_asked_for():
    free = run("qemu-postcopy", *AT_ONCE)
    limited = run(
        "qemu-postcopy", *AT_ONCE, ("max_postcopy_bandwidth", 20_000_000), until="40 s"
    )
    (m,), (slower,) = free.migrations, limited.migrations
    assert m.outcome == slower.outcome == "completed" and m.pages_sent == slower.pages_sent
    # Pushed at 20 MB/s, but for what was pulled at the link's rate meanwhile.
    pushed = slower.pages_sent - slower.pages_faulted
    seconds = (slower.phases[-1].end_ns - slower.resumed_ns) / SECOND_NS
    assert seconds == pytest.approx(pushed * 4104 / 20e6, rel=0.02)
    # Nothing waits for the link before a request: two latencies and its own page, no more.
    page_ms = 4104 * 8 * 1538 / 1448 / 1e9 * 1e3
    assert max(waits_ms(limited)) < 2 * 0.2 + 3 * page_ms
    assert np.median(waits_ms(free)) > 4 * np.median(waits_ms(limited))


def test_limit_above_the_link_changes_nothing():
    free = run("qemu-postcopy", *AT_ONCE)
    above = run("qemu-postcopy", *AT_ONCE, ("max_postcopy_bandwidth", 10**9))
    assert free.migrations[0].stalls == above.migrations[0].stalls


@pytest.mark.parametrize("policy", ["postcopy", "hybrid", "qemu-postcopy"])
def test_huge_pages_come_whole(policy):
    history = run(policy, ("page_unit", 512), until="20 s")
    (m,) = history.migrations
    assert m.outcome == "completed"
    pulled = m.pages_sent - sum(r.pages_sent for r in m.rounds)
    assert pulled % 512 == 0 and m.pages_faulted % 512 == 0
    cursor = PageCursor(history, m.vm)
    cursor.move_to(m.resumed_ns)
    for t_ns in range(m.resumed_ns, m.released_ns, 10_000_000):
        cursor.move_to(t_ns)
        there = np.isin(cursor.states, (PageState.PULLED, PageState.PUSHED)).reshape(-1, 512)
        assert (there.all(axis=1) == there.any(axis=1)).all()
    if policy == "postcopy":
        small = run(policy).migrations[0]
        assert len(m.stalls) < len(small.stalls) / 5
        assert sum(ns for _, ns in m.stalls) > 5 * sum(ns for _, ns in small.stalls)


def test_huge_pages_that_do_not_divide_the_memory_are_refused():
    scenario = load_scenario("postcopy-pull")
    with pytest.raises(ScenarioError) as error:
        scenario.with_value("migrations.0.parameters.page_unit", "1000")
    assert "must divide the 131,072 pages of VM" in error.value.faults[0]
    change = {"at": "4 s", "set": {"migrations.0.parameters.page_unit": 3}}
    document = {**scenario.document, "changes": [change]}
    with pytest.raises(ScenarioError) as error:
        scenario_from_document(document, "odd")
    assert "must divide the 131,072 pages of VM" in error.value.faults[0]


# Hybrid


def test_hybrid_pulls_only_what_was_dirty():
    plain, hybrid = run("postcopy"), run("hybrid")
    (m,) = hybrid.migrations
    assert [r.live for r in m.rounds] == [True]
    assert m.pages_faulted < plain.migrations[0].pages_faulted / 10
    assert m.pages_sent == m.rounds[0].pages_sent + (m.pages_sent - m.rounds[0].pages_sent)
    assert m.pages_sent < m.pages_total + m.rounds[0].pages_dirtied
    assert m.stop_reason == "switched" and m.outcome == "completed"


def test_hybrid_switches_after_rounds_at_a_time_or_on_stall():
    assert len(run("hybrid", ("rounds", 3)).migrations[0].rounds) == 3
    early = run("hybrid", ("rounds", 9), ("switch_after", 1)).migrations[0]
    assert len(early.rounds) == 1
    stalled = run(
        "hybrid", ("rounds", 29), ("on_stall", "true"), name="clark-diabolical"
    ).migrations[0]
    live = [r for r in stalled.rounds if r.live]
    assert 1 < len(live) < 29
    assert all(a.pages_dirtied < a.pages_sent for a in live[:-1])


# QEMU


def test_qemu_switches_after_the_first_pass_or_at_a_time():
    first = run("qemu-postcopy").migrations[0]
    assert first.stop_reason == "switched"
    assert first.rounds[0].pages_sent >= first.pages_total - first.zero_pages
    early = run("qemu-postcopy", ("switch", "time"), ("switch_after", 0)).migrations[0]
    assert early.stop_reason == "switched" and early.pages_faulted > first.pages_faulted
    assert sum(r.pages_sent for r in early.rounds) < first.rounds[0].pages_sent


def test_qemu_completes_without_a_switch_when_little_is_left_before_it_is_due():
    m = run("qemu-postcopy", ("switch", "time"), ("switch_after", 60_000)).migrations[0]
    assert m.stop_reason == "downtime-limit" and m.outcome == "completed"
    assert m.pages_faulted == 0 and m.stalls == ()


def cut(*faults, policy="qemu-postcopy"):
    scenario = load_scenario("postcopy-pull").with_policy(policy)
    if policy == "qemu-postcopy":
        scenario = scenario.with_values(
            [
                ("migrations.0.parameters.switch", "time"),
                ("migrations.0.parameters.switch_after", "0"),
            ]
        )
    resumed_ns = simulate(scenario.spec).migrations[0].resumed_ns
    for after_ns, kind in faults:
        scenario = scenario.with_fault(resumed_ns + after_ns, kind, "xen-1")
    return simulate(scenario.spec)


def test_lost_network_pauses_qemu_and_a_mended_one_lets_it_go_on():
    history = cut((SECOND_NS, "link-down"), (2 * SECOND_NS, "link-up"))
    m = history.migrations[0]
    kinds = [e.kind for e in history.events if e.migration == 0]
    assert kinds.index(EventKind.PAUSED) < kinds.index(EventKind.RECOVERED)
    assert m.outcome == "completed"
    assert m.rate.value_at(m.resumed_ns + SECOND_NS + SECOND_NS // 2) == 0
    # The guest stood still at a missing page until the link was up again.
    longest = max(ns for _, ns in m.stalls)
    assert SECOND_NS // 2 < longest <= SECOND_NS + SECOND_NS // 10


def test_lost_network_that_nobody_mends_loses_the_vm_with_the_reason():
    history = cut((SECOND_NS, "link-down"))
    m = history.migrations[0]
    assert m.outcome == "lost" and "not mended" in m.reason
    assert history.vm(m.vm).placements[-1].status == "lost"


def test_generic_postcopy_is_lost_at_once():
    m = cut((SECOND_NS, "link-down"), policy="postcopy").migrations[0]
    assert m.outcome == "lost" and m.ended_ns == m.resumed_ns + SECOND_NS


# Figures


def test_stalls_are_told_for_each_vcpu_and_as_a_histogram():
    history = run("postcopy")
    (m,) = history.migrations
    figures = summarize("postcopy-pull", history)["migrations"][0]
    assert sum(v["count"] for v in figures["stalls"]) == len(m.stalls)
    assert sum(v["total_s"] for v in figures["stalls"]) == pytest.approx(
        sum(ns for _, ns in m.stalls) / SECOND_NS
    )
    histogram = figures["fault_latency_histogram"]
    assert len(histogram["counts"]) == len(histogram["edges_ms"]) - 1
    assert sum(histogram["counts"]) == len(m.stalls)
    assert run("xen-legacy").migrations[0].stalls == ()


BEHIND_A_LINK = """
format = 1
[run]
until = "2 s after last migration"
[[hosts]]
name = "a"
[[hosts]]
name = "b"
[[storage]]
name = "s"
hosts = ["a", "b"]
[network]
latency = "0.05 ms"
bandwidth = "400 Mbit/s"
overhead = false
[[vms]]
name = "guest"
host = "a"
storage = "s"
memory = "256 MiB"
[[vms.writers]]
pattern = "uniform"
region = "128 MiB"
rate = "5000 pages/s"
[[migrations]]
vm = "guest"
to = "b"
at = "1 s"
policy = "qemu-postcopy"
parameters = { switch = "time", switch_after = 1000, max_bandwidth = 0 }
"""


def test_fault_behind_a_full_buffer_waits_as_long_as_recorded():
    """Behind a link of 50 MB/s a recorded guest stood still for 2.0 s in 446 requests."""
    scenario = parse_scenario(BEHIND_A_LINK, "link")
    m = simulate(scenario.spec).migrations[0]
    mean_ms = sum(ns for _, ns in m.stalls) / len(m.stalls) / 1e6
    assert mean_ms == pytest.approx(2000 / 446, rel=0.03)
    own = scenario.with_value("migrations.guest.parameters.preempt", "true")
    with_preempt = simulate(own.spec).migrations[0]
    assert max(ns for _, ns in with_preempt.stalls) < 1e6
    assert m.pages_sent == with_preempt.pages_sent  # each page once, in both


def test_pull_is_told_in_words():
    history = cut((SECOND_NS, "link-down"), (2 * SECOND_NS, "link-up"))
    m = history.migrations[0]
    paused = narrate(history, m.resumed_ns + SECOND_NS + 10**8, m.vm)
    assert paused.headline.startswith("Post-copy is paused")
    going_on = narrate(history, m.resumed_ns + 2 * SECOND_NS + 10**8, m.vm)
    assert "pushed behind its newest fault" in going_on.sentence
    hybrid = run("hybrid")
    h = hybrid.migrations[0]
    dirty = h.pages_sent - h.rounds[0].pages_sent
    assert f"{dirty:,} pages are still only on" in narrate(hybrid, h.resumed_ns, h.vm).sentence
