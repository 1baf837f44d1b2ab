"""What clients of a VM see: pings both ways, web clients with TCP's time-outs, games, typing."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from engine import migration
from engine.client_figures import arrival_gaps_ns, outages_ns, web_rate
from engine.history import History
from engine.metrics import migration_figures, service_gap_ns
from engine.probes import Fate
from engine.scenario import Scenario, load_scenario, scenario_from_document
from engine.simulation import simulate
from engine.web import resumed_after
from engine.working_set import measure_vm

MS = 10**6


def pool(probes: list[dict[str, object]], **vm: object) -> dict[str, object]:
    """Return a small scenario with these probes on its one VM."""
    hosts = [{"name": name} for name in ("a", "b")]
    return {
        "format": 1,
        "run": {"seed": 5, "until": "8 s after last migration"},
        "hosts": hosts,
        "storage": [{"name": "nfs", "hosts": ["a", "b"]}],
        "network": {"latency": "0.5 ms", "bandwidth": "1 Gbit/s", "relearn_delay": "50 ms"},
        "stages": {"start_up": "13 ms", "device_state": "64 KiB"},
        "vms": [
            {
                "name": "vm",
                "host": "a",
                "memory": "16 MiB",
                "storage": "nfs",
                "writers": [{"rate": "500 pages/s", "region": "1 MiB"}],
                "probes": probes,
                **vm,
            }
        ],
        "migrations": [{"vm": "vm", "to": "b", "at": "2 s"}],
    }


def run(document: dict[str, object], *values: tuple[str, str]) -> History:
    return simulate(scenario_from_document(document, "test").with_values(values).spec)


def test_expected_losses_are_outage_over_interval() -> None:
    """Over all phases the mean number of lost pings is outage / interval."""
    phases, interval_ms = 250, 100
    probes = [
        {"kind": "ping", "interval": f"{interval_ms} ms", "phase": f"{i * 400} us"}
        for i in range(phases)
    ]
    history = run(pool(probes))
    gap = service_gap_ns(history.migrations[0])
    assert gap is not None
    lost = [int((p.fates == Fate.LOST).sum()) for p in history.probes]

    expected = gap / (interval_ms * MS)
    deviations = [n - expected for n in lost]
    spread = (sum(d * d for d in deviations) / (phases - 1)) ** 0.5
    assert abs(sum(deviations) / phases) <= spread / phases**0.5


@pytest.mark.parametrize(
    ("outage_ms", "stall_ms"),
    [(10, 200), (60, 200), (200, 200), (210, 600), (300, 600), (600, 600), (610, 1400),
     (900, 1400), (1400, 1400), (1410, 3000), (1500, 3000), (3010, 6200), (5000, 6200)],
)  # fmt: skip
def test_tcp_stalls_until_the_first_time_out_after_the_outage(
    outage_ms: int, stall_ms: int
) -> None:
    assert resumed_after(0, outage_ms * MS, 200 * MS) == stall_ms * MS


@pytest.mark.parametrize(
    ("relearn", "stall_s"), [("20 ms", 0.2), ("300 ms", 0.6), ("1.5 s", 3.0), ("5 s", 6.2)]
)
def test_a_client_that_sends_stalls_as_tcp_does(relearn: str, stall_s: float) -> None:
    web = {"kind": "web", "sender": "client", "rate": "100 Mbit/s", "interval": "100 ms"}

    history = run(pool([web]), ("network.relearn_delay", relearn))

    (outage,) = outages_ns(web_rate(history.probes[0], history), history.end_ns)
    assert outage[0] == history.migrations[0].suspended_ns
    assert outage[1] - outage[0] == round(stall_s * 10**9)


def test_a_vm_that_sends_goes_on_at_once_and_teaches_the_switch() -> None:
    history = run(
        pool([{"kind": "web", "rate": "100 Mbit/s"}])
        | {"faults": [{"at": "0 s", "kind": "announcement-lost", "on": "vm"}]}
    )
    m = history.migrations[0]

    ((stopped, again),) = outages_ns(web_rate(history.probes[0], history), history.end_ns)

    assert m.resumed_ns is not None
    assert (stopped, again) == (m.suspended_ns, m.reachable_ns)
    assert again == m.resumed_ns + 50 * MS + MS // 2


def test_web_clients_get_what_the_link_leaves() -> None:
    document = pool([{"kind": "web", "rate": "900 Mbit/s"}], memory="256 MiB")
    document["migrations"][0]["rate_limit"] = "300 Mbit/s"  # type: ignore[index]

    history = run(document, ("network.overhead", "false"))

    figures = migration_figures(history.migrations[0], history)
    assert figures["web_before_bps"] == 900_000_000
    assert figures["web_first_round_bps"] == pytest.approx(700_000_000, rel=0.01)


def test_typed_keys_come_late_and_none_is_lost() -> None:
    history = run(
        pool([{"kind": "typing", "interval": "50 ms", "min_timeout": "200 ms"}]),
        ("network.relearn_delay", "250 ms"),
    )
    (keys,) = history.probes
    m = history.migrations[0]
    assert m.suspended_ns is not None

    assert int((keys.fates == Fate.LOST).sum()) == 0
    held = keys.fates == Fate.HELD
    first = int(keys.sent_ns[held][0])
    echoes = (keys.sent_ns + keys.rtt_ns)[held]
    assert first >= m.suspended_ns - MS
    assert len(set(echoes.tolist())) == 1, "all that was typed meanwhile is echoed together"
    assert int(echoes[0]) == first + 600 * MS + MS
    assert max(arrival_gaps_ns(keys)) == pytest.approx(600 * MS, abs=51 * MS)


def test_keys_are_lost_only_with_the_vm() -> None:
    document = pool([{"kind": "typing", "interval": "100 ms"}])
    document["faults"] = [{"at": "1 s", "kind": "host-dies", "on": "a"}]
    document["run"] = {"until": "4 s"}

    (keys,) = run(document).probes

    lost = keys.fates == Fate.LOST
    assert lost.any()
    assert int(keys.sent_ns[lost][0]) >= 1_000 * MS - MS


def test_game_packets_stand_still_with_the_vm() -> None:
    history = run(pool([{"kind": "game", "interval": "50 ms"}]))
    m = history.migrations[0]
    assert m.suspended_ns is not None and m.resumed_ns is not None

    gaps = arrival_gaps_ns(history.probes[0])

    assert sorted(gaps)[len(gaps) // 2] == pytest.approx(50 * MS, abs=MS)
    down = m.resumed_ns - m.suspended_ns
    assert max(gaps) == pytest.approx(50 * MS + down, abs=13 * MS)


def test_a_guest_cannot_see_its_own_pause() -> None:
    """The same pause: a client's ping waits for it, a ping by the guest's own clock does not."""
    probes = [
        {"kind": "ping", "interval": "5 ms", "direction": "to-vm"},
        {"kind": "ping", "interval": "5 ms", "direction": "from-vm"},
    ]

    history = run(
        pool(probes), ("network.to_old_port", "forwarded"), ("network.relearn_delay", "0 s")
    )

    outside, inside = history.probes
    assert int(outside.rtt_ns.max()) > 13 * MS
    push = max(int(p.rtt_ns[p.fates != Fate.HELD].max()) for p in history.probes)
    assert int(inside.rtt_ns.max()) <= push + MS


def test_lost_announcement_leaves_a_quiet_vm_unreachable_until_the_switch_forgets() -> None:
    document = pool([])
    document["faults"] = [{"at": "0 s", "kind": "announcement-lost", "on": "vm"}]

    m = run(document, ("network.mac_age", "4 s")).migrations[0]

    assert m.suspended_ns is not None and m.reachable_ns is not None
    assert m.reachable_ns == m.suspended_ns + 4_000 * MS


def test_any_frame_teaches_the_switch() -> None:
    document = pool([{"kind": "ping", "interval": "500 ms", "direction": "from-vm"}])
    document["faults"] = [{"at": "0 s", "kind": "announcement-lost", "on": "vm"}]

    history = run(document)

    m = history.migrations[0]
    assert m.resumed_ns is not None and m.reachable_ns is not None
    sent = history.probes[0].sent_ns
    frame = int(sent[sent >= m.resumed_ns][0])
    assert frame > m.resumed_ns
    assert m.reachable_ns == frame + 50 * MS + MS // 2


def small() -> Scenario:
    return scenario_from_document(pool([]), "test")


def test_cancel_before_the_commit_leaves_the_vm_at_the_source() -> None:
    document = pool([], memory="256 MiB")
    document["faults"] = [{"at": "2.5 s", "kind": "cancel", "on": "vm"}]

    history = run(document)

    m = history.migrations[0]
    assert (m.outcome, m.ended_ns) == ("cancelled", 2_500 * MS)
    assert "goes on at a" in m.reason
    last = history.vms[0].placements[-1]
    assert (last.host, last.status) == ("a", "running")


def test_cancel_after_the_commit_is_refused() -> None:
    done = run(pool([])).migrations[0]
    assert done.resumed_ns is not None
    document = pool([])
    document["stages"] = {"start_up": "13 ms", "device_state": "64 KiB", "activation": "1 s"}
    document["faults"] = [{"at": f"{done.resumed_ns + MS} ns", "kind": "cancel", "on": "vm"}]

    history = run(document)

    assert history.migrations[0].outcome == "completed"
    assert any(e.kind.value == "cancel-refused" for e in history.events)


def test_with_several_announcements_the_first_that_arrives_teaches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At 0, 50, 200, 450 and 800 ms, as QEMU announces; the first two are lost."""
    times = tuple(ms * MS for ms in (0, 50, 200, 450, 800))
    original = migration.policy_of
    monkeypatch.setattr(
        migration, "policy_of", lambda name: replace(original(name), announcements_ns=times)
    )
    document = pool([])
    lost = {"at": "0 s", "kind": "announcement-lost", "on": "vm"}
    document["faults"] = [lost, lost]

    history = run(document)

    m = history.migrations[0]
    assert m.resumed_ns is not None
    assert m.reachable_ns == m.resumed_ns + 200 * MS + 50 * MS + MS // 2
    sent = [e.t_ns - m.resumed_ns for e in history.events if e.kind.value == "announced"]
    missed = [e.t_ns - m.resumed_ns for e in history.events if e.kind.value == "announcement-lost"]
    assert (missed, sent) == ([0, 50 * MS], [200 * MS, 450 * MS, 800 * MS])


def test_the_evacuation_goes_in_order_of_working_sets() -> None:
    spec = load_scenario("evacuate-for-maintenance").spec
    vms = {vm.name: vm for vm in spec.vms}

    sizes = [
        measure_vm(spec.run.seed, vms[move.vm], 0, 8_000 * MS).size_pages
        for move in spec.migrations
    ]

    assert sizes == sorted(sizes) and len(set(sizes)) == 4
    ended = simulate(spec).migrations
    assert [m.outcome for m in ended] == ["completed"] * 4
    assert all(a.ended_ns is not None and b.requested_ns == a.ended_ns + 500 * MS
               for a, b in pairwise(ended))  # fmt: skip
