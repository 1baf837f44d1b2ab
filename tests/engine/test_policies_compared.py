"""Policies on one scenario: they meet the same writes, and no two of them do the same thing.

Every policy that is registered takes part. A new one that gives the figures of another one has
to say why, in `EXPLAINED_TIES`, or it is the other one under a second name.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations

import pytest

from engine.history import History
from engine.metrics import downtime_ns, total_time_ns
from engine.policies import POLICIES
from engine.scenario import Scenario, load_scenario
from engine.simulation import simulate

STANDARD_SET = ("recorded-demo", "faq-downtime", "sqlite-vm", "xen-idle-guest")
"""Bundled scenarios with one normal pre-copy migration each, by what their guests write: a server
at work, an evenly busy one, a recorded working set that no rounds bring down, and an idle guest.
Small, so that every policy ends soon in each of them."""

Figures = tuple[int | None, int | None, int, int, str | None]
Pair = frozenset[str]

EXPLAINED_TIES: Mapping[Pair, str] = {}
"""Two policies that give equal figures somewhere in the standard set, and why they may."""


@cache
def scenario(name: str, policy: str) -> Scenario:
    return load_scenario(name).with_policy(policy)


@cache
def run(name: str, policy: str) -> History:
    return simulate(scenario(name, policy).spec)


# Equal writes


def guest_times(history: History) -> list[int]:
    """Return how far the guests came, by VM and writer."""
    return [
        vm.clocks[writer.vcpu].guest_at(history.end_ns)
        for vm in history.vms
        for writer in vm.writers
    ]


def writes_hash(history: History, until: list[int]) -> str:
    """Return a hash of what the guests wrote when, in their own time, up to these guest times."""
    digest = hashlib.sha256()
    writers = [(vm.spec.name, writer) for vm in history.vms for writer in vm.writers]
    for (vm, writer), guest_ns in zip(writers, until, strict=True):
        pages, times = writer.writes_between(-1, guest_ns)
        digest.update(f"{vm} {len(pages)} ".encode() + pages.tobytes() + times.tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("name", [*STANDARD_SET, "postcopy-pull"])
def test_every_policy_meets_the_same_writes(name: str) -> None:
    histories = {policy: run(name, policy) for policy in POLICIES}
    until = [min(times) for times in zip(*map(guest_times, histories.values()), strict=True)]
    hashes = {policy: writes_hash(h, until) for policy, h in histories.items()}

    assert all(guest_ns > 10**9 for guest_ns in until), "too little to compare"
    assert set(hashes.values()) == {hashes["stop-and-copy"]}, hashes


def test_another_seed_is_another_guest() -> None:
    history = run("recorded-demo", "xen-v2")
    other = simulate(scenario("recorded-demo", "xen-v2").with_value("run.seed", 8).spec)
    until = guest_times(history)

    assert writes_hash(other, until) != writes_hash(history, until)


def test_a_policy_that_stuns_a_guest_would_be_seen() -> None:
    """Stunning is the one help that changes what a guest writes; none is on by itself."""
    plain = scenario("sqlite-vm", "xen-legacy")
    path = f"migrations.{plain.spec.migrations[0].vm}.parameters"
    stunned = simulate(
        plain.with_value(f"{path}.stun_after", 1).with_value(f"{path}.stun_faults", 1).spec
    )
    until = guest_times(stunned)

    assert writes_hash(stunned, until) != writes_hash(run("sqlite-vm", "xen-legacy"), until)


# Different figures


def figures(history: History) -> tuple[Figures, ...]:
    """Return total time, downtime, pages sent, rounds and stop reason of every migration."""
    return tuple(
        (total_time_ns(m), downtime_ns(m), m.pages_sent, len(m.rounds), m.stop_reason)
        for m in history.migrations
    )


def ties(results: Mapping[tuple[str, str], object]) -> dict[Pair, list[str]]:
    """Return the pairs of policies with equal results, and the scenarios in which they are so.

    Args:
        results: By scenario and policy.
    """
    found: dict[Pair, list[str]] = {}
    for (name, one), (other_name, other) in combinations(results, 2):
        if name == other_name and results[name, one] == results[name, other]:
            found.setdefault(frozenset((one, other)), []).append(name)
    return found


def complaints(
    results: Mapping[tuple[str, str], object], explained: Mapping[Pair, str]
) -> Iterator[str]:
    """Yield what is wrong: ties without a reason, and reasons without a tie."""
    found = ties(results)
    for pair, names in found.items():
        if not explained.get(pair):
            yield f"{' and '.join(sorted(pair))} do the same in {', '.join(names)}: say why"
    for pair in explained:
        if pair not in found:
            yield f"{' and '.join(sorted(pair))} differ everywhere: their reason is out of date"


def test_no_two_policies_give_equal_figures_without_a_reason() -> None:
    results = {
        (name, policy): figures(run(name, policy)) for name in STANDARD_SET for policy in POLICIES
    }

    assert list(complaints(results, EXPLAINED_TIES)) == []


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_completes_in_the_standard_set(policy: str) -> None:
    """Two migrations that fail would tie, and say nothing of their policies."""
    outcomes = {name: run(name, policy).migrations[0].outcome for name in STANDARD_SET}

    assert outcomes == dict.fromkeys(STANDARD_SET, "completed")


@pytest.mark.parametrize("name", STANDARD_SET)
def test_the_standard_set_holds_normal_pre_copy(name: str) -> None:
    spec = load_scenario(name).spec

    assert len(spec.migrations) == 1
    assert POLICIES[spec.migrations[0].policy].family == "pre-copy"
    assert not spec.faults


def test_a_tie_without_a_reason_and_a_reason_without_a_tie_are_both_told() -> None:
    results = {("s", "a"): 1, ("s", "b"): 1, ("s", "c"): 2, ("t", "a"): 1, ("t", "c"): 1}
    same, other, wrong = frozenset("ab"), frozenset("ac"), frozenset("bc")

    assert list(complaints(results, {same: "both idle", other: "no rounds"})) == []
    assert list(complaints(results, {same: "both idle"})) == ["a and c do the same in t: say why"]
    assert list(complaints(results, {same: "", other: "no rounds"})) == [
        "a and b do the same in s: say why"
    ]
    assert list(complaints(results, {same: "x", other: "y", wrong: "z"})) == [
        "b and c differ everywhere: their reason is out of date"
    ]
