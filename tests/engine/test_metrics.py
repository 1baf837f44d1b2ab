"""The figures of a run: the contract's keys and units, and the comparison with sources."""

import numpy as np
import pytest

from engine import metrics
from engine.client_figures import summarize_probe
from engine.history import History
from engine.probes import Fate, ProbeRecord
from engine.scenario import Scenario, load_scenario
from engine.simulation import simulate
from engine.specs import ProbeSpec, PublishedSpec

MIGRATION_KEYS = {
    "vm", "source", "destination", "policy", "outcome", "stop_reason", "total_time_s",
    "downtime_s", "service_gap_s", "relearn_s", "downtime_parts", "phases", "pages_total",
    "pages_sent", "bytes_sent", "pages_skipped", "pages_faulted", "rounds",
}  # fmt: skip
ROUND_KEYS = {
    "round", "live", "pages_sent", "pages_skipped", "pages_dirtied", "duration_s", "rate_bps",
    "rate_limit_bps",
}  # fmt: skip


def probe(rtts_ms: list[int]) -> ProbeRecord:
    """Return pings a second apart; a negative time is a lost one."""
    rtt = np.array([ms * 10**6 if ms >= 0 else -1 for ms in rtts_ms], np.int64)
    fates = np.where(rtt < 0, Fate.LOST, Fate.ON_TIME).astype(np.uint8)
    sent = np.arange(len(rtts_ms), dtype=np.int64) * 10**9
    return ProbeRecord("cps", 0, ProbeSpec(), sent, rtt, fates)


def test_the_contracts_keys_are_there(history: History) -> None:
    summary = metrics.summarize("small", history)

    (migration,) = summary["migrations"]
    assert {"scenario", "seed", "digest", "migrations", "probes"} <= set(summary)
    assert set(migration) >= MIGRATION_KEYS
    assert set(migration["rounds"][0]) == ROUND_KEYS


def test_downtime_parts_sum_to_the_downtime(history: History, pulled: History) -> None:
    for run in (history, pulled):
        (migration,) = metrics.summarize("small", run)["migrations"]
        assert sum(migration["downtime_parts"].values()) == pytest.approx(migration["downtime_s"])


def test_the_service_gap_is_downtime_and_relearning(history: History) -> None:
    (migration,) = metrics.summarize("small", history)["migrations"]

    assert migration["relearn_s"] == pytest.approx(
        migration["service_gap_s"] - migration["downtime_s"]
    )
    assert migration["relearn_s"] == pytest.approx(0.0305)


def test_the_last_round_is_the_one_while_stopped(history: History) -> None:
    (migration,) = metrics.summarize("small", history)["migrations"]

    assert [r["live"] for r in migration["rounds"]] == [True] * 5 + [False]
    assert migration["pages_sent"] == sum(r["pages_sent"] for r in migration["rounds"])


def test_a_refused_migration_has_reasons_and_no_times(small: Scenario) -> None:
    refused = simulate(small.with_value("migrations.cps.to", "amd-1").spec)

    (migration,) = metrics.summarize("small", refused)["migrations"]

    assert migration["outcome"] == "refused"
    assert {"rule", "sentence"} == set(migration["refusals"][0])
    assert migration["total_time_s"] is migration["downtime_s"] is migration["relearn_s"] is None
    assert migration["rounds"] == migration["phases"] == []


def test_a_policy_without_rounds_gives_an_empty_list(pulled: History) -> None:
    assert metrics.summarize("small", pulled)["migrations"][0]["rounds"] == []


def test_statistics_leave_lost_pings_out() -> None:
    summary = summarize_probe(probe([1, 3, -1, 2, 10]))

    assert (summary["sent"], summary["received"], summary["lost"]) == (5, 4, 1)
    assert (summary["min_ms"], summary["median_ms"]) == (1.0, 2.5)
    assert (summary["p99_ms"], summary["max_ms"]) == (10.0, 10.0)
    assert summary["replies"][2] == {"sent_s": 2.0, "rtt_ms": None, "fate": "lost"}


def test_a_probe_without_replies_has_no_statistics() -> None:
    summary = summarize_probe(probe([-1]))

    assert summary["min_ms"] is summary["median_ms"] is summary["p99_ms"] is None


def test_outcome_rows_set_published_figures_beside_ours(
    small: Scenario, history: History
) -> None:
    downtime_s = metrics.summarize("small", history)["migrations"][0]["downtime_s"]
    published = (
        PublishedSpec(key="downtime_s", value=downtime_s * 1.1, tolerance="20 %"),
        PublishedSpec(key="rounds", value=29),
        PublishedSpec(key="rounds.1.pages_sent", value=3000, tolerance="1 %"),
        PublishedSpec(key="weather", value=1),
    )
    spec = small.spec.model_copy(update={"published": published})

    rows = {row.label: row for row in metrics.outcome_rows(spec, history)}

    assert rows["Downtime"].fits is True
    assert rows["Downtime"].published.endswith("± 20 %")
    assert (rows["Rounds"].simulated, rows["Rounds"].published) == ("6", "29")
    assert rows["Rounds"].fits is False
    assert rows["Pages sent, round 1"].fits is False
    assert (rows["Weather"].simulated, rows["Weather"].fits) == (metrics.NONE_TEXT, None)


def test_figures_are_shown_with_their_unit() -> None:
    assert metrics.format_figure("downtime_s", 0.0213) == "21.3 ms"
    assert metrics.format_figure("latest_ping_ms", 49) == "49 ms"
    assert metrics.format_figure("rounds.1.rate_bps", 5e8) == "500 Mbit/s"
    assert metrics.format_figure("bytes_sent", 2**29) == "512 MiB"
    assert metrics.format_figure("pages_sent", 131072) == "131,072"


def test_a_refused_move_has_one_row() -> None:
    spec = load_scenario("refusals").spec

    rows = metrics.outcome_rows(spec, simulate(spec))

    refused = [r for r in rows if r.simulated == "refused"]
    assert [r.label for r in refused] == [
        f"cps to {host}"
        for host in ("amd-3", "old-4", "blind-5", "full-6", "unplugged-7", "dead-8")
    ]
    assert sum(r.label.endswith("Downtime") for r in rows) == 1
