"""The caption says what goes on, with the run's own figures."""

import pytest

from engine.events import EventKind
from engine.history import History, MigrationRecord
from engine.metrics import downtime_ns, total_time_ns
from engine.narration import narrate
from engine.scenario import Scenario, load_scenario
from engine.simulation import simulate
from engine.units import format_duration_ns, format_size


def phase_start(migration: MigrationRecord, name: str) -> int:
    return next(p.start_ns for p in migration.phases if p.name == name)


def failing(small: Scenario, at: str, policy: str = "xen-legacy") -> History:
    """Return a run in which the destination's link goes down."""
    values = [("faults.0.at", at), ("faults.0.kind", "link-down"), ("faults.0.on", "xen-2")]
    return simulate(small.with_policy(policy).with_values(values).spec)


def test_before_the_request_the_move_is_announced(history: History) -> None:
    caption = narrate(history, 100_000_000, "cps")

    assert caption.headline == "cps runs on xen-1"
    assert "In 400 ms its move to xen-2" in caption.sentence


def test_push_tells_the_round_and_the_pages_left(history: History) -> None:
    first, second = history.migrations[0].rounds[:2]

    caption = narrate(history, first.start_ns + 100_000_000, "cps")
    start = narrate(history, second.start_ns, "cps")

    assert caption.headline == "Push, round 1 of at most 5"
    assert "skipped because they are dirty again" in caption.sentence
    assert start.headline == "Push, round 2 of at most 5"
    assert f"0 of {first.pages_dirtied:,} pages sent" in start.sentence


def test_stop_and_copy_tells_why_and_for_how_long(history: History) -> None:
    start_ns = phase_start(history.migrations[0], "stop-and-copy")

    caption = narrate(history, start_ns + 2_000_000, "cps")

    assert caption.headline == "Stop-and-copy: cps runs nowhere"
    assert "The limit of 5 rounds is reached." in caption.sentence
    assert "Downtime so far: 2 ms." in caption.sentence


def test_commitment_has_two_halves(history: History) -> None:
    start_ns = phase_start(history.migrations[0], "commitment")

    assert "acknowledges" in narrate(history, start_ns, "cps").headline
    assert "starts cps" in narrate(history, start_ns + 2_000_000, "cps").headline


def test_the_end_tells_total_time_and_downtime(history: History) -> None:
    migration = history.migrations[0]

    caption = narrate(history, history.end_ns, "cps")

    assert caption.headline == "cps runs on xen-2; xen-1 is released"
    assert format_duration_ns(total_time_ns(migration) or 0) in caption.sentence
    assert format_duration_ns(downtime_ns(migration) or 0) in caption.sentence


def test_before_the_switch_relearns_clients_wait(history: History) -> None:
    released_ns = history.migrations[0].released_ns or 0

    assert "not relearned" in narrate(history, released_ns, "cps").sentence


def test_pull_tells_missing_pushed_and_pulled(pulled: History) -> None:
    migration = pulled.migrations[0]
    t_ns = phase_start(migration, "pull") + 50_000_000
    counts = pulled.frame_at(t_ns).vms["cps"].counts

    caption = narrate(pulled, t_ns, "cps")

    assert caption.headline == "Pull: cps runs on xen-2 while pages follow"
    assert f"{counts[9]:,} were pushed" in caption.sentence
    assert f"{counts[5]:,} pulled" in caption.sentence


def test_a_failure_tells_its_reason(small: Scenario) -> None:
    caption = narrate(failing(small, "0.55 s"), 600_000_000, "cps")

    assert caption.headline == "The migration failed; cps goes on at xen-1"
    assert caption.sentence.startswith("The link of xen-2 went down")


def test_a_lost_vm_tells_its_reason(small: Scenario) -> None:
    caption = narrate(failing(small, "0.55 s", "postcopy"), 600_000_000, "cps")

    assert caption.headline == "cps is lost"
    assert "xen-2 went down" in caption.sentence


def test_a_refusal_tells_the_rule(small: Scenario) -> None:
    run = simulate(small.with_value("migrations.cps.to", "amd-1").spec)

    caption = narrate(run, run.end_ns, "cps")

    assert caption.headline == "The move of cps to amd-1 was refused"
    assert "Intel" in caption.sentence


@pytest.mark.parametrize("policy", ["stop-and-copy", "xen-legacy", "xen-adaptive", "postcopy"])
def test_there_is_a_caption_at_every_event(small: Scenario, policy: str) -> None:
    run = simulate(small.with_policy(policy).spec)

    for event in run.events:
        caption = narrate(run, event.t_ns, "cps")
        assert caption.headline
        assert caption.sentence.endswith(".")


def test_an_unknown_vm_is_a_key_error(history: History) -> None:
    with pytest.raises(KeyError):
        narrate(history, 0, "nobody")


def test_a_cancelled_move_says_where_the_vm_is_and_what_was_sent(
    history: History, small: Scenario
) -> None:
    at_ns = history.migrations[0].rounds[0].start_ns + 50_000_000
    run = simulate(small.with_fault(at_ns, "cancel", "cps").spec)

    caption = narrate(run, at_ns, "cps")

    assert caption.headline == "The migration was cancelled; cps goes on at xen-1"
    assert "every write is kept" in caption.sentence
    assert format_size(run.migrations[0].bytes_sent) in caption.sentence


def test_a_wish_to_cancel_that_comes_to_nothing_says_why(small: Scenario) -> None:
    early = simulate(small.with_fault(100_000_000, "cancel", "cps").spec)

    assert "no migration of it is under way" in narrate(early, 100_000_000, "cps").sentence


def test_a_late_wish_to_cancel_is_told_while_the_move_ends(small: Scenario) -> None:
    small = small.with_value("stages.activation", "0.2 s")
    resumed_ns = simulate(small.spec).migrations[0].resumed_ns
    assert resumed_ns is not None
    at_ns = resumed_ns + 1
    run = simulate(small.with_fault(at_ns, "cancel", "cps").spec)

    assert "xen-2 is primary already" in narrate(run, at_ns, "cps").sentence


def test_a_link_that_is_down_is_told_while_nothing_moves(small: Scenario) -> None:
    run = simulate(small.with_fault(100_000_000, "link-down", "xen-1").spec)

    assert "The link of xen-1 has been down for 50 ms" in narrate(run, 150_000_000, "cps").sentence


def test_a_lost_announcement_tells_why_clients_still_wait(small: Scenario) -> None:
    run = simulate(small.with_fault(0, "announcement-lost", "cps").spec)
    resumed_ns = run.migrations[0].resumed_ns
    assert resumed_ns is not None

    assert "announcement was lost on its way" in narrate(run, resumed_ns, "cps").sentence


def test_a_balloon_and_stunned_writers_are_told() -> None:
    run = simulate(load_scenario("clark-stunning").spec)
    told = {
        e.kind: narrate(run, e.t_ns + 1_000_000, e.subject).sentence
        for e in run.events
        if e.kind in (EventKind.STUNNED, EventKind.BALLOONED)
    }

    assert "stunned" in told[EventKind.STUNNED]
