"""The bundled scenarios show what their sources say, as models and not as constants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.metrics import summarize
from engine.scenario import Scenario, load_scenario, scenario_from_document
from engine.simulation import simulate
from engine.states import PageState

MIB = 2**20


def run(scenario: Scenario) -> dict[str, Any]:
    return summarize(scenario.name, simulate(scenario.spec))


def high_pings(result: dict[str, Any]) -> list[float]:
    return [r["rtt_ms"] for r in result["probes"][0]["replies"] if r["fate"] == "late"]


def held_pings(result: dict[str, Any]) -> list[float]:
    return [r["rtt_ms"] for r in result["probes"][0]["replies"] if r["fate"] == "held"]


def median(values: list[float]) -> float:
    return float(np.median(values))


def test_recorded_demo_shows_the_pings_of_the_recording() -> None:
    result = run(load_scenario("recorded-demo"))
    migration, probe = result["migrations"][0], result["probes"][0]
    base = [r["rtt_ms"] for r in probe["replies"] if r["fate"] == "on-time"]

    assert probe["lost"] == 0
    assert 0.9 <= min(base) <= max(base) <= 1.1
    assert 4 <= len(high_pings(result)) <= 6
    assert 9 <= median(high_pings(result)) <= 12
    assert len(held_pings(result)) == 1
    assert 35 <= held_pings(result)[0] <= 65
    assert 7.5 <= migration["total_time_s"] <= 10.5


def test_half_the_queue_is_half_the_added_delay() -> None:
    demo = load_scenario("recorded-demo")
    whole = median(high_pings(run(demo))) - 1.0
    half = median(high_pings(run(demo.with_value("network.transmit_queue", "400 packets")))) - 1.0

    assert half == pytest.approx(whole / 2, rel=0.01)


def test_rate_limit_below_the_link_brings_the_ping_back_to_its_base() -> None:
    limited = load_scenario("recorded-demo").with_value(
        "migrations.cps.rate_limit", "500 Mbit/s"
    )

    assert high_pings(run(limited)) == []


def test_ping_that_misses_the_pause_is_not_held() -> None:
    shifted = load_scenario("recorded-demo").with_value("vms.cps.probes.0.phase", "0.2 s")
    result = run(shifted)

    assert held_pings(result) == []
    assert result["probes"][0]["lost"] == 0


def faq(**values: str) -> dict[str, Any]:
    scenario = load_scenario("faq-downtime")
    for path, value in values.items():
        scenario = scenario.with_value(path, value)
    return run(scenario)["migrations"][0]


def test_faq_service_gap_is_mostly_relearning() -> None:
    migration = faq()

    assert 0.100 <= migration["service_gap_s"] <= 0.150
    assert migration["relearn_s"] > migration["service_gap_s"] / 2


def test_relearn_delay_adds_exactly_itself() -> None:
    scenario = load_scenario("faq-downtime")
    gaps = [
        run(scenario.with_value("network.relearn_delay", f"{ms} ms"))["migrations"][0]
        for ms in (0, 75, 150)
    ]

    assert 0 < gaps[0]["relearn_s"] < 0.001
    assert gaps[1]["service_gap_s"] - gaps[0]["service_gap_s"] == pytest.approx(0.075, abs=1e-12)
    assert gaps[2]["service_gap_s"] - gaps[0]["service_gap_s"] == pytest.approx(0.150, abs=1e-12)


def test_ten_times_the_dirty_rate_changes_the_downtime() -> None:
    scenario = load_scenario("faq-downtime")
    faster = scenario.with_value("vms.web.writers.0.rate", "20000 pages/s")

    assert (
        run(faster)["migrations"][0]["downtime_s"] > run(scenario)["migrations"][0]["downtime_s"]
    )


def test_diabolical_workload_meets_figure_12() -> None:
    migration = run(load_scenario("clark-diabolical"))["migrations"][0]
    rounds = migration["rounds"]
    sent_mb = [r["pages_sent"] * 4096 / MIB for r in rounds]
    limits = [r["rate_limit_bps"] / MIB for r in rounds]

    assert [r["live"] for r in rounds] == [True, True, True, False]
    assert sent_mb[0] == pytest.approx(255.4, rel=0.01)
    assert sent_mb[1] == pytest.approx(44.0, rel=0.05)
    assert sent_mb[2] == pytest.approx(116.0, rel=0.05)
    assert sent_mb[3] == pytest.approx(222.5, rel=0.04)
    assert limits == pytest.approx([100, 155, 500, 500], rel=0.01)
    assert migration["bytes_sent"] / MIB == pytest.approx(638, rel=0.03)
    assert migration["downtime_s"] == pytest.approx(3.5, abs=0.2)
    assert migration["total_time_s"] == pytest.approx(28.1, rel=0.03)
    assert migration["stop_reason"] == "not-shrinking"


def test_printed_rule_gives_three_rounds() -> None:
    printed = load_scenario("clark-diabolical").with_value(
        "migrations.muncher.parameters.rule", "printed"
    )
    migration = run(printed)["migrations"][0]

    assert [r["live"] for r in migration["rounds"]] == [True, True, False]
    assert migration["stop_reason"] == "rate-over-max"


def test_removing_the_published_figures_changes_no_byte() -> None:
    spec = load_scenario("clark-diabolical").spec

    assert simulate(spec).digest() == simulate(spec.model_copy(update={"published": ()})).digest()


def test_postcopy_sends_every_page_once_and_stalls_the_guest() -> None:
    history = simulate(load_scenario("postcopy-pull").spec)
    migration = history.migrations[0]
    assert migration.track is not None
    final = np.bincount(migration.track.states_at(history.end_ns), minlength=10)

    assert migration.outcome == "completed"
    assert migration.pages_sent == migration.pages_total - migration.zero_pages
    assert final[PageState.PULLED] == migration.pages_faulted > 0
    assert final[PageState.PULLED] + final[PageState.PUSHED] == migration.pages_sent
    assert len(migration.stalls) >= migration.pages_faulted
    assert all(duration > 0 for _, duration in migration.stalls)


@pytest.mark.parametrize(
    ("at", "outcome", "host", "status"),
    [("1.2 s", "failed", "xen-1", "running"), ("3 s", "lost", "xen-2", "lost")],
)
@pytest.mark.parametrize("cut", ["xen-1", "xen-2"])
def test_cut_link_before_and_after_the_switch(
    at: str, outcome: str, host: str, status: str, cut: str
) -> None:
    scenario = load_scenario("postcopy-pull")
    document = dict(scenario.document)
    document["faults"] = [{"at": at, "kind": "link-down", "on": cut}]
    history = simulate(scenario_from_document(document, "cut").spec)
    migration = history.migrations[0]
    placement = history.vm("busy").placement_at(history.end_ns)

    assert migration.outcome == outcome
    assert "link of" in migration.reason
    assert (placement.host, placement.status) == (host, status)


@pytest.mark.parametrize("policy", ["stop-and-copy", "xen-legacy", "xen-adaptive", "postcopy"])
def test_recorded_sqlite_moves_under_any_policy(policy: str) -> None:
    migration = run(load_scenario("sqlite-vm").with_policy(policy))["migrations"][0]

    assert migration["outcome"] == "completed"


@pytest.mark.parametrize(
    "name", ["recorded-demo", "faq-downtime", "clark-diabolical", "postcopy-pull", "sqlite-vm"]
)
def test_every_scenario_says_where_its_values_come_from(name: str) -> None:
    spec = load_scenario(name).spec

    assert {note.given for note in spec.values} <= {"source", "fitted", "assumed"}
    assert len(spec.values) >= 3
    assert all(note.note for note in spec.values if note.given == "fitted")
