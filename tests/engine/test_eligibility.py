"""The rules of the FAQ, each broken alone."""

import pytest
from msgspec.structs import replace

from engine.eligibility import (
    Situation,
    VmSituation,
    check_move,
    cpu_type_of,
    initial_situation,
    may_move,
    situation_at,
)
from engine.history import History
from engine.scenario import Scenario
from engine.simulation import simulate
from engine.specs import HostSpec


def broken(scenario: Scenario, to: str = "xen-2", situation: Situation | None = None) -> list[str]:
    """Return the rules that forbid or advise against moving the VM."""
    spec = scenario.spec
    destination = next(h for h in spec.hosts if h.name == to)
    found = situation or initial_situation(spec)
    checks = check_move(spec, spec.vms[0], destination, found)
    assert all(c.sentence.endswith(".") for c in checks)
    assert all(bool(c.remedy) is not c.passed for c in checks)
    return [c.rule for c in checks if not c.passed]


def test_two_hosts_that_differ_in_clock_speed_may_exchange_vms(small: Scenario) -> None:
    assert broken(small) == []


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("hosts.xen-2.vendor", "AMD", "cpu-vendor"),
        ("hosts.xen-2.cpu", "Xeon 5430", "cpu-type"),
        ("hosts.xen-2.cpu_type", "Xeon 53xx", "cpu-type"),
        ("storage.nfs-1.kind", "local", "shared-storage"),
        ("storage.nfs-1.hosts", '["xen-1"]', "storage-visible"),
        ("hosts.xen-2.memory", "12 MiB", "memory"),
        ("pool.edition", "Express", "licence"),
        ("network.bandwidth", "100 Mbit/s", "gigabit-network"),
        ("hosts.xen-2.nic", "100 Mbit/s", "gigabit-network"),
    ],
)
def test_each_rule_of_the_scenario_alone(
    small: Scenario, path: str, value: str, rule: str
) -> None:
    assert broken(small.with_value(path, value)) == [rule]


def test_each_rule_of_the_instant_alone(small: Scenario) -> None:
    start = initial_situation(small.spec)

    assert broken(small, "xen-1") == ["pool-membership"]
    dead = replace(start, dead_hosts=frozenset({"xen-2"}))
    assert broken(small, situation=dead) == ["host-alive"]
    assert broken(small, situation=replace(start, down_hosts=frozenset({"xen-1"}))) == ["link-up"]
    stopped = replace(start, vms={"cps": VmSituation("xen-1", "suspended")})
    assert broken(small, situation=stopped) == ["vm-running"]
    busy = replace(start, vms={"cps": VmSituation("xen-1", migrating=True)})
    assert broken(small, situation=busy) == ["not-migrating-already"]


def test_reservations_count_as_memory_in_use(small: Scenario) -> None:
    start = initial_situation(small.spec)
    full = replace(start, memory_in_use_bytes={"xen-2": 2**30 - 2**20})

    assert broken(small, situation=full) == ["memory"]


def test_a_vm_without_shared_storage_says_so(small: Scenario) -> None:
    vm = small.spec.vms[0].model_copy(update={"storage": None})

    checks = check_move(small.spec, vm, small.spec.hosts[1], initial_situation(small.spec))

    assert {c.rule for c in checks if not c.passed} == {"shared-storage", "storage-visible"}


def test_the_network_only_advises(small: Scenario) -> None:
    spec = small.with_value("network.bandwidth", "100 Mbit/s").spec

    assert may_move(check_move(spec, spec.vms[0], spec.hosts[1], initial_situation(spec)))


def test_a_sentence_names_both_values(small: Scenario) -> None:
    checks = check_move(
        small.spec, small.spec.vms[0], small.spec.hosts[2], initial_situation(small.spec)
    )

    vendor = next(c for c in checks if c.rule == "cpu-vendor")
    assert "Intel" in vendor.sentence
    assert "AMD" in vendor.sentence


@pytest.mark.parametrize(
    ("cpu", "kind"),
    [
        ("Xeon 5130", "Xeon 51xx"),
        ("Xeon 5140", "Xeon 51xx"),
        ("Opteron 2214 HE", "Opteron 22xx HE"),
    ],
)
def test_the_type_masks_the_clock_speed(cpu: str, kind: str) -> None:
    assert cpu_type_of(HostSpec(name="h", cpu=cpu)) == kind


def test_the_situation_follows_the_run(history: History) -> None:
    migration = history.migrations[0]
    assert migration.released_ns is not None
    before, during, after = (
        situation_at(history, t)
        for t in (0, migration.requested_ns + 1, migration.released_ns)
    )

    assert not before.vms["cps"].migrating
    assert during.vms["cps"].migrating
    assert during.memory_in_use_bytes["xen-2"] == 16 * 2**20
    assert after.vms["cps"] == VmSituation("xen-2")
    assert after.memory_in_use_bytes["xen-1"] == 0


def test_the_situation_knows_links_and_hosts(small_faults: Scenario) -> None:
    run = simulate(small_faults.spec)

    assert situation_at(run, 200_000_000).down_hosts == {"xen-2"}
    assert situation_at(run, 400_000_000).down_hosts == set()
    assert situation_at(run, 500_000_000).dead_hosts == {"amd-1"}


@pytest.fixture
def small_faults(small: Scenario) -> Scenario:
    """Return the small scenario with a link that fails for a while, and a host that dies."""
    return small.with_values(
        [
            (f"faults.{i}.{key}", value)
            for i, (at, kind, on) in enumerate(
                [
                    ("0.1 s", "link-down", "xen-2"),
                    ("0.3 s", "link-up", "xen-2"),
                    ("0.4 s", "host-dies", "amd-1"),
                ]
            )
            for key, value in (("at", at), ("kind", kind), ("on", on))
        ]
    )


@pytest.mark.parametrize(
    ("path", "value", "rule", "needed", "found"),
    [
        ("hosts.xen-2.vendor", "AMD", "cpu-vendor", "Intel", "AMD"),
        ("hosts.xen-2.cpu", "Xeon 5430", "cpu-type", "Xeon 51xx", "Xeon 54xx"),
        ("storage.nfs-1.kind", "local", "shared-storage", "NFS or iSCSI", "a local disk"),
        ("storage.nfs-1.hosts", '["xen-1"]', "storage-visible", "nfs-1", "not nfs-1"),
        ("storage.nfs-1.hosts", '["xen-2"]', "storage-visible", "nfs-1", "xen-1 not nfs-1"),
        ("hosts.xen-2.memory", "12 MiB", "memory", "16 MiB", "12 MiB"),
        ("pool.edition", "Express", "licence", "Enterprise", "Express"),
        ("network.bandwidth", "100 Mbit/s", "gigabit-network", "1 Gbit/s", "100 Mbit/s"),
    ],
)
def test_a_check_gives_both_values_in_a_few_words(
    small: Scenario, path: str, value: str, rule: str, needed: str, found: str
) -> None:
    spec = small.with_value(path, value).spec
    checks = check_move(spec, spec.vms[0], spec.hosts[1], initial_situation(spec))
    check = next(c for c in checks if c.rule == rule)

    assert not check.passed
    assert (check.needed, check.found) == (needed, found)
    assert all(c.title and c.needed and c.found for c in checks)


def test_values_of_the_instant_are_those_of_the_destination(small: Scenario) -> None:
    spec, start = small.spec, initial_situation(small.spec)
    dead = replace(start, dead_hosts=frozenset({"xen-2"}), down_hosts=frozenset({"xen-1"}))
    found = {c.rule: c for c in check_move(spec, spec.vms[0], spec.hosts[1], dead)}

    assert (found["host-alive"].needed, found["host-alive"].found) == ("alive", "dead")
    assert (found["link-up"].needed, found["link-up"].found) == ("up", "xen-1 down")
