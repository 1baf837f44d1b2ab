"""Scenario files: all faults at once, edits by path, what is in force when."""

import copy
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import scenario as scenarios
from engine.errors import ScenarioError
from engine.scenario import (
    Scenario,
    bundled_scenarios,
    load_scenario,
    parse_scenario,
    scenario_from_document,
)
from engine.scenario_text import scenario_text

SIX_FAULTS = """
format = 1
[[hosts]]
name = "xen-1"
memory = "8 GB"
[[hosts]]
name = "xen-2"
[network]
bandwith = "1 Gbit/s"
[[vms]]
name = "cps"
host = "xen-1"
memory = "-512 MiB"
[[vms.writers]]
region = "64 MiB"
rate = "100 pages/s"
[[vms]]
name = "cps"
host = "xen-9"
[[migrations]]
vm = "cps"
to = "xen-1"
at = "4 s"
"""


def faults_of(text: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "demo.toml")
    return list(caught.value.faults)


def test_six_faults_give_exactly_six_sentences_in_the_order_of_the_file() -> None:
    assert faults_of(SIX_FAULTS) == [
        'demo.toml: hosts.xen-1.memory = "8 GB": use B, KiB, MiB or GiB',
        'demo.toml: network.bandwith = "1 Gbit/s": unknown key; did you mean "bandwidth"?',
        'demo.toml: vms.cps.memory = "-512 MiB": must be more than 0',
        'demo.toml: vms.1.name = "cps": another VM has this name',
        'demo.toml: vms.1.host = "xen-9": no host of that name; there are: xen-1, xen-2',
        'demo.toml: migrations.cps.to = "xen-1": the VM is on this host already; '
        "name another host",
    ]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('memory = "16 MiB"', "memory = 512", "vms.cps.memory = 512: use B, KiB, MiB or GiB"),
        ('memory = "16 MiB"', 'memory = "5 KiB"', "multiple of a page"),
        ('region = "8 MiB"', 'region = "64 MiB"', "writers.0.region = \"64 MiB\": reaches beyond"),
        ('rate = "20000 pages/s"', "rate = 20000", "vms.cps.writers.0.rate = 20000: use pages/s"),
        ('storage = "nfs-1"', 'storage = "nfs-2"', "vms.cps.storage"),
        ('to = "xen-2"', 'to = "xen-7"', "migrations.cps.to = \"xen-7\": no host of that name"),
        ('vm = "cps"', 'vm = "dns"', "migrations.dns.vm = \"dns\": no VM of that name"),
        ('"xen-legacy"', '"xen-legcy"', 'did you mean "xen-legacy"?'),
        ("max_rounds = 5", "max_round = 5", 'did you mean "max_rounds"?'),
        ("max_rounds = 5", "max_rounds = 0", "must be 1 or more"),
        ("format = 1", "format = 2", "format = 2: use 1"),
        ("format = 1", "", "format: is missing; write format = 1"),
        ("seed = 7", 'seed = "7"', 'run.seed = "7": must be a whole number'),
        ('host = "xen-1"\n', 'hots = "xen-1"\n', 'unknown key; did you mean "host"?'),
        ('interval = "10 ms"', 'interval = "0 s"', "vms.cps.probes.0.interval"),
        ('pattern = "hot-cold"', 'pattern = "trace"', "writers.0.trace: is missing"),
        ('name = "cps"', 'name = "a.b"', "without dots"),
        ('memory = "16 MiB"', 'memory = "2 GiB"', "hosts.xen-1.memory"),
    ],
)
def test_one_mistake_gives_one_sentence(small_text: str, old: str, new: str, fault: str) -> None:
    text = small_text.replace(old, new, 1) if old != 'name = "cps"' else small_text.replace(
        '"cps"', '"a.b"'
    )

    found = faults_of(text)

    assert len(found) == 1
    assert fault in found[0]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ('"network.relearn_delay" = "1 s"', "cannot change while the run goes on"),
        ('"network.bandwidth" = 5', "use bit/s, kbit/s"),
        ('"network.bandwidht" = "5 bit/s"', 'did you mean "bandwidth"?'),
        ('"vms.dns.writers.0.rate" = "5 pages/s"', 'no "dns" in vms; there are: cps'),
        ('"vms.cps.writers.1.rate" = "5 pages/s"', "there is no such writer"),
        ('"migrations.cps.policy" = "magic"', "unknown policy"),
    ],
)
def test_a_dated_change_is_checked(small_text: str, change: str, fault: str) -> None:
    found = faults_of(f'{small_text}\n[[changes]]\nat = "1 s"\nset = {{ {change} }}\n')

    assert len(found) == 1
    assert fault in found[0]


def test_a_fault_needs_a_host_that_exists(small_text: str) -> None:
    text = f'{small_text}\n[[faults]]\nat = "1 s"\nkind = "link-down"\non = "xen-5"\n'

    assert faults_of(text) == [
        'demo.toml: faults.0.on = "xen-5": no host of that name; there are: xen-1, xen-2, amd-1'
    ]


def test_a_syntax_error_is_one_sentence_with_its_line() -> None:
    (fault,) = faults_of("format = 1\ntitle = \n")

    assert fault.startswith("demo.toml: line 2")
    assert "\n" not in fault


def test_a_later_migration_may_go_back_home(small_text: str) -> None:
    back = '\n[[migrations]]\nvm = "cps"\nto = "xen-1"\nat = "9 s"\n'

    assert len(parse_scenario(small_text + back, "x").spec.migrations) == 2


def test_with_value_sets_any_path_and_makes_missing_tables(small: Scenario) -> None:
    edited = small.with_value("stages.start_up", "20 ms").with_value("vms.cps.memory", "32MiB")

    assert edited.spec.stages.start_up_ns == 20_000_000
    assert edited.spec.vms[0].n_pages == 8192
    assert small.spec.vms[0].n_pages == 4096
    assert "stages" not in small.document


def test_with_value_reads_toml_where_it_can(small: Scenario) -> None:
    edited = small.with_values(
        [("run.seed", "9"), ("network.overhead", "false"), ("title", "5"), ("vms.0.vcpus", "2")]
    )

    assert (edited.spec.run.seed, edited.spec.network.overhead) == (9, False)
    assert (edited.spec.title, edited.spec.vms[0].vcpus) == ("5", 2)


def test_all_wrong_edits_are_reported_together(small: Scenario) -> None:
    with pytest.raises(ScenarioError) as caught:
        small.with_values([("network.bandwidth", "500"), ("vms.cps.colour", "red")])

    assert len(caught.value.faults) == 2


def test_a_change_can_be_made_by_position(small: Scenario) -> None:
    dated = small.with_change(10**9, {"network.bandwidth": "500 Mbit/s"})

    edited = dated.with_value("changes.0.set.network.bandwidth", "100 Mbit/s")

    assert edited.value_at("network.bandwidth", 10**9) == 100_000_000


def test_changes_of_one_instant_are_merged_and_sorted(small: Scenario) -> None:
    rate = "vms.cps.writers.0.rate"

    edited = (
        small.with_change(2 * 10**9, {rate: "5 pages/s"})
        .with_change(10**9, {rate: "3 pages/s"})
        .with_change(2 * 10**9, {"network.bandwidth": "1 Mbit/s"})
        .with_change(2 * 10**9, {"vms.0.writers.0.rate": "6 pages/s"})
    )

    assert [c.at_ns for c in edited.spec.changes] == [10**9, 2 * 10**9]
    assert edited.spec.changes[1].set == {"network.bandwidth": "1 Mbit/s", rate: "6 pages/s"}
    assert [edited.value_at(rate, t) for t in (0, 10**9, 2 * 10**9)] == [20_000, 3, 6]


def test_a_change_at_an_odd_instant_is_exact(small: Scenario) -> None:
    edited = small.with_change(1_234_567_891, {"network.bandwidth": "5 Mbit/s"})

    assert edited.spec.changes[0].at_ns == 1_234_567_891


def test_value_at_knows_defaults_and_parameters(small: Scenario) -> None:
    assert small.value_at("network.latency", 0) == 500_000
    assert small.value_at("migrations.cps.parameters.max_rounds", 0) == 5
    assert small.value_at("migrations.cps.parameters.max_factor", 0) == 3
    with pytest.raises(ScenarioError):
        small.value_at("network.colour", 0)


def test_with_policy_drops_parameters_and_a_new_policy_those_it_lacks(small: Scenario) -> None:
    assert small.with_policy("xen-legacy").spec.migrations[0].parameters == {}
    postcopy = small.with_value("migrations.cps.policy", "postcopy")
    assert postcopy.spec.migrations[0].parameters == {}
    adaptive = small.with_value("migrations.cps.policy", "xen-adaptive")
    assert adaptive.spec.migrations[0].parameters == {"max_rounds": 5}


def test_with_migration_adds_a_request(small: Scenario) -> None:
    edited = small.with_migration("cps", "xen-2", 123_456_789, "postcopy")

    assert edited.spec.migrations[1].at_ns == 123_456_789
    with pytest.raises(ScenarioError):
        small.with_migration("cps", "xen-1", 0, "postcopy")


def test_a_migration_is_found_by_its_vm_first_and_by_position(small: Scenario) -> None:
    both = small.with_migration("cps", "xen-1", 5 * 10**9)

    edited = both.with_values(
        [("migrations.cps.rate_limit", "1 Mbit/s"), ("migrations.1.rate_limit", "2 Mbit/s")]
    )

    assert [m.rate_limit_bps for m in edited.spec.migrations] == [10**6, 2 * 10**6]


def test_a_bundled_name_beats_a_file_of_that_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_text: str
) -> None:
    (tmp_path / "bundled").mkdir()
    (tmp_path / "bundled" / "demo.toml").write_text(small_text)
    (tmp_path / "demo").write_text(small_text.replace("seed = 7", "seed = 8"))
    monkeypatch.setattr(scenarios, "BUNDLED", tmp_path / "bundled")
    monkeypatch.chdir(tmp_path)

    assert load_scenario("demo").spec.run.seed == 7
    assert load_scenario("./demo").spec.run.seed == 8
    assert load_scenario(Path("demo")).spec.run.seed == 8


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 5000, b"x = "])
def test_a_file_that_is_no_scenario_gives_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.toml").write_bytes(content)

    with pytest.raises(ScenarioError) as caught:
        load_scenario(str(tmp_path / "x.toml"))

    assert len(caught.value.faults) == 1
    assert "\n" not in caught.value.faults[0]


def test_a_missing_file_names_the_bundled_scenarios() -> None:
    with pytest.raises(ScenarioError, match=r"no-such: no such file .*bundled are"):
        load_scenario("no-such")


def test_every_bundled_scenario_is_right() -> None:
    for bundled in bundled_scenarios():
        assert load_scenario(bundled.name).spec.title == bundled.title


def test_published_figures_are_no_input(write: Callable[[str], str], small_text: str) -> None:
    text = f'{small_text}\n[[published]]\nkey = "downtime_s"\nvalue = 1\n'

    edited = load_scenario(write(text)).spec

    assert edited.published[0].value == 1
    assert edited.model_copy(update={"published": ()}) == parse_scenario(small_text, "x").spec


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[[hosts]]", "[[host]]"),
        ("[[vms]]", "[[vmss]]"),
        ("format = 1", "formats = 1"),
    ],
)
def test_what_follows_from_a_misspelt_name_is_not_reported(
    small_text: str, old: str, new: str
) -> None:
    below = {"[[vms]]": ("[[vms.", "[[vmss.")}.get(old, ("", ""))
    text = small_text.replace(old, new).replace(*below)

    (fault,) = faults_of(text)

    assert "did you mean" in fault


def test_random_mistakes_give_sentences_and_never_another_error(small: Scenario) -> None:
    chance = random.Random(3)
    junk = [5, -1, "x", "", True, 1.5, [], {}, [1], [{}], {"a": 1}, "-5 MiB", float("nan"), 10**30]

    for _ in range(300):
        document = copy.deepcopy(small.document)
        node: Any = document
        while isinstance(node, dict | list) and node:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            parent, key = node, chance.choice(keys)
            node = parent[key]
            if chance.random() < 0.3:
                break
        parent[key] = copy.deepcopy(chance.choice(junk))
        try:
            scenario_from_document(document, "x")
        except ScenarioError as error:
            assert all("\n" not in fault for fault in error.faults)


def test_with_fault_adds_a_dated_fault_in_order_of_time(small: Scenario) -> None:
    edited = small.with_fault(2 * 10**9, "host-dies", "xen-2").with_fault(
        1_500_000_001, "cancel", "cps"
    )
    both = edited.with_fault(2 * 10**9, "link-down", "xen-1")

    assert [(f.at_ns, f.kind, f.on) for f in both.spec.faults] == [
        (1_500_000_001, "cancel", "cps"),
        (2 * 10**9, "host-dies", "xen-2"),
        (2 * 10**9, "link-down", "xen-1"),
    ]
    assert small.spec.faults == ()


@pytest.mark.parametrize(
    ("kind", "on"), [("cancel", "xen-1"), ("host-dies", "cps"), ("explodes", "xen-1")]
)
def test_with_fault_says_what_does_not_fit(small: Scenario, kind: str, on: str) -> None:
    with pytest.raises(ScenarioError, match=r"faults\.0"):
        small.with_fault(0, kind, on)


def test_versions_share_what_an_edit_leaves_as_it_is() -> None:
    before = load_scenario("recorded-demo").with_change(1, {"network.bandwidth": "1 Mbit/s"})
    before = before.with_change(3, {"network.bandwidth": "3 Mbit/s"})
    after = before.with_change(2, {"network.bandwidth": "2 Mbit/s"})

    assert [change.at_ns for change in after.spec.changes] == [1, 2, 3]
    assert after.spec.changes[0] is before.spec.changes[0]
    assert after.spec.changes[2] is before.spec.changes[1]
    assert after.spec.vms is before.spec.vms
    assert after.spec == parse_scenario(scenario_text(after.document), after.name).spec

