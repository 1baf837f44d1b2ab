"""Copying costs the guest speed, write faults too, and the guest may help: balloon and stunning."""

from engine.events import EventKind
from engine.history import History
from engine.scenario import scenario_from_document
from engine.simulation import simulate
from engine.workload import GuestClock
from tests.engine.test_clients import MS, pool


def busy(**host: str) -> dict[str, object]:
    """Return a busy VM of 128 MiB on a host with these costs."""
    document = pool([], memory="128 MiB")
    document["vms"][0]["writers"] = [{"rate": "20000 pages/s", "region": "64 MiB"}]  # type: ignore[index]
    document["hosts"] = [{"name": "a", **host}, {"name": "b"}]
    return document


def run(document: dict[str, object], **parameters: object) -> History:
    document["migrations"][0]["parameters"] = parameters  # type: ignore[index]
    return simulate(scenario_from_document(document, "test").spec)


def test_a_slow_clock_reaches_each_instant_first_where_it_should() -> None:
    clock = GuestClock()
    clock.set_speed(1000, 300)
    clock.set_running(2000, False)
    clock.set_running(5000, True)

    assert [clock.guest_at(t) for t in (999, 1000, 1003, 1004, 2000, 5000, 5010)] == [
        999, 1000, 1000, 1001, 1300, 1300, 1303,
    ]  # fmt: skip
    for guest in range(900, 1310):
        t = clock.scenario_time(guest)
        assert clock.guest_at(t) >= guest > clock.guest_at(t - 1)


def test_copying_costs_the_guest_speed_while_it_is_copied() -> None:
    history = run(busy(copy_cost="12 %"))
    m, vm = history.migrations[0], history.vms[0]
    assert m.suspended_ns is not None and m.resumed_ns is not None
    push = next(p for p in m.phases if p.name == "push")

    assert vm.speed_at(push.start_ns - 1) == 1000
    assert vm.speed_at(push.start_ns) == vm.speed_at(m.suspended_ns - 1) == 880
    assert vm.speed_at(m.suspended_ns) == 0
    assert vm.speed_at(m.resumed_ns) == 1000


def test_write_faults_cost_more_when_the_guest_writes_more() -> None:
    history = run(busy(first_write_cost="20 us"))
    plain = run(busy())

    speeds = history.vms[0].speed_steps(history.end_ns)[1]
    assert 100 <= min(s for s in speeds if s) < 900
    slow, fast = history.migrations[0], plain.migrations[0]
    assert slow.rounds[0].pages_dirtied < fast.rounds[0].pages_dirtied


def test_a_balloon_shrinks_the_first_round() -> None:
    document = busy()
    document["vms"][0]["cache_pages"] = "40 %"  # type: ignore[index]
    whole = run(document).migrations[0]
    document["stages"] = {"balloon": "200 ms"}

    history = run(document, balloon=True)

    m = history.migrations[0]
    given = m.zero_pages
    assert 0.39 * m.pages_total < given <= 0.4 * m.pages_total
    assert m.rounds[0].pages_sent < 0.65 * whole.rounds[0].pages_sent
    push = next(p for p in m.phases if p.name == "push")
    assert push.start_ns == m.requested_ns + 200 * MS
    (event,) = [e for e in history.events if e.kind is EventKind.BALLOONED]
    assert event.detail("pages") == given


def test_stunning_stops_the_dirtying_and_ends_with_the_move() -> None:
    plain = run(busy(), max_rounds=8).migrations[0]

    history = run(busy(), max_rounds=8, stun_after=2, stun_faults=40)

    m = history.migrations[0]
    assert m.suspended_ns is not None and m.resumed_ns is not None
    assert m.rounds[2].pages_dirtied == 41 < plain.rounds[2].pages_dirtied / 10
    (event,) = [e for e in history.events if e.kind is EventKind.STUNNED]
    vm = history.vms[0]
    assert len(vm.writes_between(event.t_ns, m.resumed_ns)) == 0
    assert len(vm.writes_between(m.resumed_ns, m.resumed_ns + 100 * MS)) > 1900


def test_interactive_writers_are_not_stunned() -> None:
    document = busy()
    document["vms"][0]["writers"][0]["interactive"] = True  # type: ignore[index]

    history = run(document, stun_after=1, stun_faults=1)

    assert not [e for e in history.events if e.kind is EventKind.STUNNED]


def test_the_sending_ceiling_holds_while_the_guest_runs_only() -> None:
    document = busy()
    document["vms"][0]["sending_ceiling"] = "200 Mbit/s"  # type: ignore[index]

    m = run(document, max_rounds=3).migrations[0]

    assert m.suspended_ns is not None
    assert m.rate.value_at(m.rounds[0].end_ns - 1) == 200_000_000
    assert max(m.rate.values) > 900_000_000
    assert m.rounds[0].rate_limit_bps is None, "it is not the migration's own limit"


def test_a_migration_may_wait_for_another_one() -> None:
    document = pool([])
    document["vms"] = [
        {**document["vms"][0], "name": name}  # type: ignore[index]
        for name in ("one", "two", "three")
    ]
    document["migrations"] = [
        {"vm": "one", "to": "b", "at": "1 s"},
        {"vm": "two", "to": "b", "after": "one", "at": "250 ms"},
        {"vm": "three", "to": "b", "after": "two"},
    ]

    one, two, three = simulate(scenario_from_document(document, "test").spec).migrations

    assert one.ended_ns is not None and two.ended_ns is not None
    assert two.requested_ns == one.ended_ns + 250 * MS
    assert three.requested_ns == two.ended_ns


def test_a_wandering_rate_stays_in_its_band_and_is_the_same_for_every_policy() -> None:
    document = busy()
    writer = document["vms"][0]["writers"][0]  # type: ignore[index]
    writer |= {"jitter": "20 %", "jitter_interval": "100 ms"}
    a, b = run(document), run(document, max_rounds=2)

    rates = [a.vms[0].writers[0].rate_at(k * 100 * MS) for k in range(20)]
    assert len(set(rates)) > 15
    assert 16_000 <= min(rates) < 18_000 < 22_000 < max(rates) <= 24_000
    same = [h.vms[0].writers[0].writes_between(0, 1_500 * MS)[0].tolist() for h in (a, b)]
    assert same[0] == same[1]
