"""Stories of pages, against the deltas read one by one and against the rounds' own records."""

from __future__ import annotations

import numpy as np
import pytest

from engine.history import History
from engine.page_counts import AGE_FROM_NS, AgeMeter, SentCounter, WriteCounter
from engine.page_life import LifeReader
from engine.page_story import page_story, range_story
from engine.page_writes import dated_writes
from engine.playback import PageCursor
from engine.scenario import load_scenario
from engine.simulation import simulate
from engine.states import N_STATES, PageState

SMALL = (
    ("vms.cps.writers.0.region", "4 MiB"),
    ("vms.cps.writers.1.offset", "1 MiB"),
    ("vms.cps.writers.1.region", "6 MiB"),
    ("vms.cps.writers.0.rate", "300 pages/s"),
    ("vms.cps.memory", "8 MiB"),
    ("network.bandwidth", "30 Mbit/s"),
)
SECOND_NS = 10**9


@pytest.fixture(scope="module")
def small() -> History:
    """Return the recorded demo with so few pages that all of them can be told."""
    return simulate(load_scenario("recorded-demo").with_values(SMALL).spec)


@pytest.fixture(scope="module")
def demo() -> History:
    return simulate(load_scenario("recorded-demo").spec)


@pytest.fixture(scope="module")
def pulled() -> History:
    return simulate(load_scenario("postcopy-pull").spec)


def instants(history: History) -> list[int]:
    """Return every instant at which the page track of the first migration changes."""
    track = history.migrations[0].track
    assert track is not None
    found: set[int] = set()
    for section in track.sections:
        found.add(section.start_ns)
        for lane in section.lanes:
            found |= set(lane.end_ns.tolist())
            found |= set(() if lane.begin_ns is None else lane.begin_ns.tolist())
    return sorted(t for t in found if t <= history.end_ns)


def test_sends_and_skips_of_all_pages_add_up_to_the_rounds(small: History) -> None:
    migration = small.migrations[0]
    reader = LifeReader(small, "cps")
    n_pages = small.vm("cps").spec.n_pages
    stories = [page_story(small, "cps", p, small.end_ns, reader=reader) for p in range(n_pages)]
    assert len(migration.rounds) > 3
    for record in migration.rounds:
        sent = sum(v.round == record.number for s in stories for v in s.sends)
        skipped = sum(v.round == record.number for s in stories for v in s.skips)
        assert (sent, skipped) == (record.pages_sent, record.pages_skipped), record.number


def test_sends_are_those_that_the_deltas_show(small: History) -> None:
    n_pages = small.vm("cps").spec.n_pages
    sends, dirtied = np.zeros(n_pages, int), np.zeros(n_pages, int)
    cursor, before = PageCursor(small, "cps"), None
    stop_ns = small.migrations[0].suspended_ns
    assert stop_ns is not None
    for t_ns in [t for t in instants(small) if t <= stop_ns]:
        cursor.move_to(t_ns)
        assert cursor.states is not None
        now = cursor.states.copy()
        if before is not None:
            sends += (now == PageState.IN_FLIGHT) & (before != PageState.IN_FLIGHT)
            fresh = np.isin(before, (PageState.IN_FLIGHT, PageState.UP_TO_DATE))
            dirtied += (now == PageState.DIRTY_AGAIN) & fresh
        else:
            sends += now == PageState.IN_FLIGHT
        before = now
    reader = LifeReader(small, "cps")
    for page in range(0, n_pages, 7):
        story = page_story(small, "cps", page, stop_ns, reader=reader)
        assert len(story.sends) == sends[page], page
        assert len(story.dirtied_ns) == dirtied[page], page


@pytest.mark.parametrize("name", ["recorded-demo", "postcopy-pull", "sqlite-vm"])
def test_state_is_that_of_the_track_at_any_instant(name: str) -> None:
    history = simulate(load_scenario(name).spec)
    vm = history.migrations[0].vm
    reader = LifeReader(history, vm)
    bits = np.random.Philox(key=9)
    n_pages = history.vm(vm).spec.n_pages
    for t_ns in [int(t) % history.end_ns for t in bits.random_raw(12)]:
        track = history.track_at(vm, t_ns)
        states = None if track is None else track.states_at(t_ns)
        for page in [int(p) % n_pages for p in bits.random_raw(40)]:
            found = reader.life(page).state_at(t_ns)
            assert found == (None if states is None else states[page])


def test_writes_are_counted_as_the_writers_made_them(demo: History) -> None:
    t_ns = 9 * SECOND_NS
    pages, times = dated_writes(demo.vm("cps"), -1, t_ns)
    busy = int(np.bincount(pages).argmax())
    story = page_story(demo, "cps", busy, t_ns)

    assert story.written == int((pages == busy).sum()) > 5
    assert story.last_written_ns == int(times[pages == busy].max())
    assert story.counted_from_ns is None
    assert f"Written {story.written} times" in story.text


def test_a_skipped_page_is_told_with_the_write_that_made_it_so(demo: History) -> None:
    t_ns = 8_600_000_000
    track = demo.track_at("cps", t_ns)
    assert track is not None
    page = int(np.flatnonzero(track.states_at(t_ns) == PageState.SKIPPED)[0])
    story = page_story(demo, "cps", page, t_ns)
    pages, times = dated_writes(demo.vm("cps"), -1, t_ns)
    why = story.skips[-1].why_ns

    assert story.state is PageState.SKIPPED
    assert why in times[pages == page]
    assert why is not None and why <= story.skips[-1].t_ns
    assert "is skipped in this round: it was written again" in story.sentences[0]
    assert story.sentences[-1].startswith("Next: sent in round 2")


def test_what_comes_next_comes(small: History) -> None:
    reader, told = LifeReader(small, "cps"), 0
    for page in range(0, 2000, 13):
        early = page_story(small, "cps", page, 7 * SECOND_NS, reader=reader)
        if not early.sentences[-1].startswith("Next: sent in round"):
            continue
        whole = page_story(small, "cps", page, small.end_ns, reader=reader)
        coming = whole.sends[len(early.sends)]
        assert early.sentences[-1].startswith(f"Next: sent in round {coming.round} ")
        told += 1
    assert told > 20


def test_pulled_and_pushed_pages_say_so(pulled: History) -> None:
    t_ns = 2_500_000_000
    track = pulled.track_at("busy", t_ns)
    assert track is not None
    states = track.states_at(t_ns)
    for state, word in ((PageState.PULLED, "pulled at"), (PageState.PUSHED, "pushed at")):
        page = int(np.flatnonzero(states == state)[0])
        story = page_story(pulled, "busy", page, t_ns)
        when = story.pulled_ns if state is PageState.PULLED else story.pushed_ns
        assert when is not None and when <= t_ns
        assert word in story.text


def test_spans_of_a_life_have_no_gap_and_the_states_of_the_track(small: History) -> None:
    life = LifeReader(small, "cps").life(5)
    assert life.spans[-1][1] == small.end_ns
    for (_, stop, a), (start, _, b) in zip(life.spans, life.spans[1:], strict=False):
        assert stop == start and a is not b
    for start, stop, state in life.spans:
        assert life.state_at(start) is state is life.state_at(stop - 1)


def test_a_range_is_told_as_its_mix(small: History) -> None:
    t_ns = 7 * SECOND_NS
    story = range_story(small, "cps", 100, 149, t_ns)
    track = small.track_at("cps", t_ns)
    assert track is not None and story.states is not None
    expected = np.bincount(track.states_at(t_ns)[100:150], minlength=N_STATES)
    reader = LifeReader(small, "cps")
    each = [page_story(small, "cps", p, t_ns, reader=reader) for p in range(100, 150)]
    arrived = [sum(v.arrived_ns is not None for v in s.sends) for s in each]

    assert list(story.states) == expected.tolist()
    assert story.written == sum(s.written for s in each)
    assert story.written_pages == sum(s.written > 0 for s in each)
    assert (story.sent_least, story.sent_most) == (min(arrived), max(arrived))


def test_a_page_that_does_not_exist_is_refused(small: History) -> None:
    with pytest.raises(IndexError, match="2048 pages"):
        page_story(small, "cps", 2048, 0)
    with pytest.raises(IndexError):
        range_story(small, "cps", 5, 2048, 0)


def test_a_run_with_too_many_writes_says_from_where_it_counts(
    demo: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.page_life.MOST_WRITES", 4096)
    t_ns = 12 * SECOND_NS
    reader = LifeReader(demo, "cps")
    window = reader.writes_near(t_ns)
    pages, _times = dated_writes(demo.vm("cps"), window.from_ns, t_ns)
    busy = int(np.bincount(pages).argmax())
    story = page_story(demo, "cps", busy, t_ns, reader=reader)

    assert len(window.pages) <= 4096 and not window.whole
    assert story.counted_from_ns == window.from_ns > 0
    assert story.written == int((pages == busy).sum())
    assert "counted from there" in story.text


# Counters


@pytest.mark.parametrize("name", ["recorded-demo", "postcopy-pull"])
def test_counters_are_right_after_every_jump(name: str) -> None:
    history = simulate(load_scenario(name).spec)
    vm = history.migrations[0].vm
    record, end_ns = history.vm(vm), history.end_ns
    n_pages = record.spec.n_pages
    sent, written = SentCounter(history, vm), WriteCounter(record, end_ns)
    age = AgeMeter(record, end_ns)
    third = end_ns // 3
    for t_ns in (third, third + 20_000_000, end_ns, end_ns - 20_000_000, third, 5, end_ns):
        sent.move_to(t_ns)
        written.move_to(t_ns)
        age.move_to(t_ns)
        pages, times = dated_writes(record, -1, t_ns)
        assert np.array_equal(written.counts, np.bincount(pages, minlength=n_pages))
        last = np.full(n_pages, -1)
        np.maximum.at(last, pages, times)
        classes = 6 - np.searchsorted(AGE_FROM_NS, t_ns - last, side="right")
        assert np.array_equal(age.classes, np.where(last < 0, 0, classes))
        fresh = SentCounter(history, vm)
        fresh.move_to(t_ns)
        assert np.array_equal(sent.counts, fresh.counts)
    assert sent.counts.sum() == history.migrations[0].pages_sent


def test_counters_tell_which_pages_changed(demo: History) -> None:
    record = demo.vm("cps")
    meters = (
        SentCounter(demo, "cps"), WriteCounter(record, demo.end_ns),
        AgeMeter(record, demo.end_ns),
    )
    for meter in meters:
        meter.move_to(8 * SECOND_NS)
        before = meter.classes.copy()
        told = meter.move_to(8 * SECOND_NS + 200_000_000)
        changed = np.flatnonzero(before != meter.classes)
        assert told is not None and len(changed)
        assert np.isin(changed, told).all()
        assert len(np.unique(told)) == len(told) < len(before) // 10


def test_a_bounded_move_arrives_after_some_turns(demo: History) -> None:
    record, t_ns = demo.vm("cps"), 12 * SECOND_NS
    at_once, in_turns = AgeMeter(record, demo.end_ns), AgeMeter(record, demo.end_ns)
    at_once.move_to(t_ns)
    turns = 0
    while in_turns.t_ns != t_ns:
        in_turns.move_to(t_ns, most_writes=2000)
        turns += 1
        assert turns < 1000

    assert turns > 3
    assert np.array_equal(in_turns.classes, at_once.classes)


def test_a_vm_that_never_moves_has_stories_too():
    history = simulate(load_scenario("recorded-demo").spec)
    lives = LifeReader(history, "xenapp")
    assert lives.tracks() == []
    assert lives.life(0).eras == ()
