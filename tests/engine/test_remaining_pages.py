"""Pages left over a migration, and the number below which its policy stops the VM."""

from dataclasses import fields

import numpy as np
import pytest
from msgspec.structs import replace

from engine.history import History
from engine.network import PiecewiseSeries
from engine.recorded import RecordedHistory
from engine.remaining_pages import remaining_at, remaining_pages
from engine.scenario import Scenario
from engine.simulation import simulate
from engine.states import PENDING
from engine.stop_thresholds import downtime_limit_ns, stop_threshold

SECOND_NS = 10**9
MS_NS = 10**6


def recorded(history: History, **changed: object) -> RecordedHistory:
    """Return a run as a recording has it: no page is known."""
    known = {f.name: getattr(history, f.name) for f in fields(History) if f.init}
    known["migrations"] = tuple(replace(m, track=None) for m in history.migrations)
    return RecordedHistory(**{**known, **changed})


@pytest.mark.parametrize("policy", ["xen-legacy", "xen-adaptive", "stop-and-copy", "postcopy"])
def test_every_instant_counts_the_pages_that_a_frame_shows(small: Scenario, policy: str) -> None:
    history = simulate(small.with_policy(policy).spec)
    move = history.migrations[0]
    left = remaining_pages(history, move)

    assert left is not None and left.exact and move.track is not None
    for t_ns, pages in list(zip(left.t_ns.tolist(), left.pages.tolist(), strict=True))[::13]:
        states = move.track.states_at(t_ns)
        assert pages == int(np.isin(states, PENDING).sum())
    assert left.pages[0] > 1000 and left.pages[-1] == 0


def test_count_is_that_of_the_instant_of_an_arrival_and_not_of_the_one_before(
    history: History,
) -> None:
    track = history.migrations[0].track
    assert track is not None
    lane = next(lane for lane in track.sections[0].lanes if lane.begin_ns is not None)
    at_ns = int(lane.end_ns[3])
    before, after = remaining_at(track, np.array([at_ns - 1, at_ns], np.int64)).tolist()

    assert after < before


def test_without_pages_the_ends_of_the_rounds_are_told(history: History) -> None:
    move = replace(history.migrations[0], track=None)
    left = remaining_pages(history, move)
    first = move.rounds[0]

    assert left is not None and not left.exact
    assert left.t_ns[:2].tolist() == [first.start_ns, first.end_ns]
    assert left.pages[0] == first.pages_sent + first.pages_skipped
    assert left.pages[1] == first.pages_dirtied
    assert remaining_pages(history, replace(move, rounds=())) is None


def test_recording_tells_its_own_counter(history: History) -> None:
    told = recorded(history, remaining_bytes=PiecewiseSeries([0, SECOND_NS], [8192, 4096]))
    left = remaining_pages(told, told.migrations[0])

    assert left is not None and left.steps
    assert left.pages.tolist() == [2, 1]


def test_threshold_of_xen_is_its_parameter_from_the_push_on(small: Scenario) -> None:
    history = simulate(small.with_value("migrations.cps.parameters.min_dirty", 80).spec)
    push = next(p for p in history.migrations[0].phases if p.name == "push")

    assert stop_threshold(history, history.migrations[0]) == [(push.start_ns, 80)]


def test_policy_without_rounds_has_no_threshold(pulled: History) -> None:
    assert stop_threshold(pulled, pulled.migrations[0]) is None


def test_downtime_limit_is_worth_the_pages_that_the_stream_carries_in_it(
    history: History,
) -> None:
    told = recorded(history, downtime_limit_ns=300 * MS_NS)
    move = replace(
        told.migrations[0], rate=PiecewiseSeries([0, 1, 2], [0, 32_768_000, 65_536_000])
    )
    steps = stop_threshold(told, move)

    assert steps is not None
    assert [pages for _, pages in steps] == [300, 600]
    assert stop_threshold(recorded(history), move) is None


def test_policy_with_a_downtime_limit_has_a_threshold(small: Scenario) -> None:
    history = simulate(small.with_policy("cloud-hypervisor").spec)
    move = history.migrations[0]
    steps = stop_threshold(history, move)

    assert steps is not None
    rate_bps = max(move.rate.values)
    assert steps[0][1] == rate_bps * 300 * MS_NS // (8 * 4096 * SECOND_NS)


@pytest.mark.parametrize(
    ("parameters", "limit_ns"),
    [
        ({"downtime_limit": 300}, 300 * MS_NS),
        ({"downtime_limit": "0.5 s"}, 500 * MS_NS),
        ({"max_downtime_us": 40}, 40_000),
        ({"downtime_limit": True}, None),
        ({"max_rounds": 29}, None),
    ],
)
def test_downtime_limit_is_read_by_its_name(
    parameters: dict[str, bool | int | float | str], limit_ns: int | None
) -> None:
    assert downtime_limit_ns(parameters) == limit_ns


def test_pages_are_counted_once_for_a_run(history: History) -> None:
    move = history.migrations[0]

    assert remaining_pages(history, move) is remaining_pages(history, move)
    assert remaining_pages(history, replace(move)) is not remaining_pages(history, move)
