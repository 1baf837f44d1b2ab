"""What the plots of a move show: pages left, rounds, downtime's parts, stalls; and their tables."""

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from engine.history import History
from engine.network import PiecewiseSeries
from engine.recorded import RecordedHistory
from engine.scenario import Scenario
from engine.simulation import simulate
from gui.models.plot_rows import PlotRowsModel, PlotTable
from gui.style.theme import LIGHT
from gui.views.client_contents import ping_content
from gui.views.move_contents import (
    RELEARNING,
    downtime_content,
    downtime_parts,
    remaining_content,
    rounds_content,
)
from gui.views.plot_content import logarithmic
from gui.views.plot_downtime import DowntimeBar
from gui.views.plot_kinds import MAKERS, NAMES, kinds_of
from gui.views.plot_stats import spread_of_line, spread_of_steps
from gui.views.plots_view import PlotsView
from gui.views.rate_contents import rate_content
from gui.views.stall_contents import stall_content

SECOND_NS = 10**9


def recorded(history: History, **changed: object) -> RecordedHistory:
    """Return a run as a recording has it: rounds and rates, no pages, nobody who pings."""
    known = {f.name: getattr(history, f.name) for f in fields(History) if f.init}
    known["migrations"] = tuple(replace(m, track=None) for m in history.migrations)
    known["probes"] = ()
    return RecordedHistory(**{**known, **changed})


def test_remaining_pages_come_with_the_threshold_in_force(history: History) -> None:
    content = remaining_content(history, "cps")
    curves = {c.role: c for c in content.curves}

    assert curves["stop"].word == "stop below 50 pages" and curves["stop"].dashed
    assert np.all(curves["stop"].y == 50)
    assert curves["left"].y.max() > 3000 and curves["left"].y[-1] == 0
    assert [tag.texts for tag in content.tags] == [("stop below 50",)]
    assert "pages left\nstop below 50" in content.read(600_000_000, 0)


def test_previous_run_of_remaining_pages_is_dashed_behind(
    history: History, small: Scenario
) -> None:
    old = simulate(small.with_value("network.bandwidth", "500 Mbit/s").spec)
    first = remaining_content(history, "cps", old).curves[0]

    assert first.role == "before" and first.dashed
    assert first.x_s[-1] > remaining_content(history, "cps").curves[0].x_s[-1]


def test_rounds_are_bars_of_sent_skipped_and_dirtied_over_their_time(history: History) -> None:
    bars = rounds_content(history, "cps").bars
    rounds = history.migrations[0].rounds

    assert [(b.word, b.fill) for b in bars] == [
        ("sent", "solid"), ("skipped", "outline"), ("dirtied", "hatch"),
    ]  # fmt: skip
    assert bars[0].high.tolist() == [r.pages_sent for r in rounds]
    assert bars[2].high.tolist() == [r.pages_dirtied for r in rounds]
    for group in bars:
        assert all(
            r.start_ns <= a < b <= r.end_ns
            for r, a, b in zip(rounds, group.start_ns, group.end_ns, strict=True)
        )


def test_parts_of_the_downtime_follow_each_other_and_fill_it(history: History) -> None:
    move = history.migrations[0]
    parts = downtime_parts(history, move)
    stopped = [p for p in parts if p[0] != RELEARNING]

    assert stopped[0][1] == move.suspended_ns and stopped[-1][2] == move.resumed_ns
    assert all(a[2] == b[1] for a, b in pairwise(stopped))
    assert parts[-1] == (RELEARNING, move.resumed_ns, move.reachable_ns)
    names = [tag.texts[0].rsplit(" ", 2)[0] for tag in downtime_content(history, "cps").tags]
    assert names == [name for name, _, _ in parts]


def test_downtime_bar_names_every_part_and_frames_the_present_one(
    qtbot: QtBot, history: History
) -> None:
    bar = DowntimeBar()
    qtbot.addWidget(bar)
    bar.set_theme(LIGHT)
    bar.set_history(history, selected="cps")
    bar.resize(300, bar.sizeHint().height())
    _, start, end = max(bar.parts, key=lambda part: part[2] - part[1])
    plain = bar.grab().toImage()
    bar.show_frame(history.frame_at((start + end) // 2))

    assert bar.grab().toImage() != plain
    assert all(f"{name} " in bar.accessibleDescription() for name, _, _ in bar.parts)
    rects = bar.part_rects()
    assert rects[-1].right() <= bar.width()
    assert all(a.right() <= b.left() for a, b in pairwise(rects))
    middle = rects[0].center().toPoint()
    assert bar.description_at(middle).startswith(bar.parts[0][0])


def test_bar_is_away_where_nothing_stops(qtbot: QtBot, small: Scenario) -> None:
    quiet = simulate(small.spec.model_copy(update={"migrations": ()}))
    bar = DowntimeBar()
    qtbot.addWidget(bar)
    bar.set_history(quiet, selected="cps")

    assert bar.isHidden() and bar.part_rects() == []


def test_stalls_are_stems_with_their_lengths_and_a_share_of_each(pulled: History) -> None:
    content = stall_content(pulled, "cps")
    stalls = pulled.migrations[0].stalls

    assert sum(len(b.high) for b in content.bars) == len(stalls)
    assert max(float(b.high.max()) for b in content.bars) == max(ns for _, ns in stalls) / 1e6
    assert sum(int(s.counts.sum()) for s in content.shares) == len(stalls)
    since, length = stalls[3]
    assert "stopped" in content.read(since + length // 2, 0)
    everything = content.stats(0, pulled.end_ns)[0]
    assert everything.startswith(f"{len(stalls)} stalls")


def test_plots_exist_for_what_a_run_has(history: History, pulled: History, small: Scenario) -> None:
    slowed = simulate(small.with_value("hosts.xen-1.copy_cost", "12 %").spec)

    assert kinds_of(history, "cps") == ["ping", "rate", "remaining", "rounds", "downtime"]
    assert "stalls" in kinds_of(pulled, "cps") and "rounds" not in kinds_of(pulled, "cps")
    assert "speed" in kinds_of(slowed, "cps")
    assert set(MAKERS) == set(NAMES)


def test_recording_shows_what_it_knows_and_no_empty_plot(qtbot: QtBot, history: History) -> None:
    told = recorded(history)
    view = PlotsView()
    qtbot.addWidget(view)
    view.resize(1200, 240)
    view.show()
    view.set_history(told, selected="cps")
    view.grab()

    assert view.kinds == ("rate", "remaining", "rounds", "downtime")
    assert all(p.content is not None and p.content.note == "" for p in view.panels)
    curves = rate_content(told, "cps").curves
    assert [c.role for c in curves] == ["sent"]
    known = recorded(history, dirtied_pps=PiecewiseSeries([0], [1000]))
    assert [c.role for c in rate_content(known, "cps").curves] == ["dirtied", "sent"]


def test_dirtying_is_not_told_before_a_recording_knows_it(history: History) -> None:
    told = recorded(history, dirtied_pps=PiecewiseSeries([200_000_000], [1000]))
    content = rate_content(told, "cps")
    assert content.table is not None
    rows = content.table().rows

    assert content.read(100_000_000, 0) == "00:00.100\nsent 0 bit/s"
    assert content.read(300_000_000, 0).endswith("dirtied 32.8 Mbit/s")
    assert all((row[2] == "") == (float(row[0]) < 0.2) for row in rows)


def test_logarithmic_scale_is_told_in_the_title(history: History) -> None:
    plain = ping_content(history, "cps")
    content = logarithmic(plain)

    assert content.log and content.title == "Ping from the client, ms, log scale"
    lowest = min(float(m.y.min()) for m in plain.markers if len(m.y))
    assert 0 < content.y_min <= lowest
    assert not logarithmic(downtime_content(history, "cps")).log


def test_stretch_of_pings_tells_least_mean_most_and_lost(history: History) -> None:
    content = ping_content(history, "cps")
    probe = history.probes[0]
    inside = (probe.sent_ns >= 100_000_000) & (probe.sent_ns < 300_000_000)
    ms = probe.rtt_ns[inside] / 1e6
    values, count = content.stats(100_000_000, 300_000_000)

    assert values == f"{ms.min():.3g} / {ms.mean():.3g} / {ms.max():.3g} ms"
    assert count == f"{int(inside.sum())} pings, none lost"


def test_means_of_a_stretch_go_by_time() -> None:
    steps = PiecewiseSeries([0, 30], [100, 200])
    line = np.array([0, 10], np.int64), np.array([0.0, 20.0])

    assert spread_of_steps(steps, 0, 40) == (100.0, 125.0, 200.0)
    assert spread_of_line(*line, 0, 5) == (0.0, 5.0, 10.0)
    assert spread_of_line(*line, 11, 15) is None


@pytest.mark.parametrize("kind", list(MAKERS))
def test_every_plot_has_a_table_with_units(kind: str, history: History, pulled: History) -> None:
    run = pulled if kind == "stalls" else history
    maker = MAKERS[kind]
    content = maker(run, "cps", None)

    assert content.table is not None
    table = content.table()
    assert table.headings and all(len(row) == len(table.headings) for row in table.rows)
    assert any(", " in heading for heading in table.headings)
    assert kind == "web" or table.rows


def test_table_is_copied_as_tab_separated_numbers_without_commas() -> None:
    table = PlotTable("Rounds", ("round", "sent, pages"), ((1, 119_602), (2, 1.5)))
    model = PlotRowsModel(table)

    assert model.tab_separated() == "round\tsent, pages\n1\t119602\n2\t1.5\n"
    assert model.tab_separated([1]) == "round\tsent, pages\n2\t1.5\n"


def test_ping_table_has_every_ping_with_its_fate(history: History) -> None:
    content = ping_content(history, "cps")
    assert content.table is not None
    rows = content.table().rows

    assert len(rows) == len(history.probes[0].sent_ns)
    assert {row[3] for row in rows} <= {"on time", "late", "held", "lost"}
