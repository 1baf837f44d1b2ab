"""One page in k of a large memory."""

import pickle

import numpy as np
import pytest

from engine import sampling
from engine.playback import PageCursor
from engine.scenario import load_scenario
from engine.simulation import simulate

PLACES = ("recorded-demo", "postcopy-pull", "evacuate-for-maintenance", "clark-diabolical")


@pytest.fixture(scope="module", params=PLACES)
def history(request):
    return simulate(load_scenario(request.param).spec)


def _instants(history):
    rng = np.random.Generator(np.random.Philox(key=11))
    times = {int(t) for t in rng.integers(0, history.end_ns, 25)}
    for m in history.migrations:
        times |= {t for t in (m.suspended_ns, m.resumed_ns, m.released_ns) if t is not None}
        times |= {r.end_ns for r in m.rounds}
    return sorted(times)


@pytest.mark.parametrize(
    ("first", "share", "every"), [(0, 1, 1), (0, 1, 64), (0, 1, 512), (1000, 3, 8), (77, 5, 1)]
)
def test_a_sample_has_the_states_of_its_pages(history, first, share, every):
    vm = next(m.vm for m in history.migrations if m.track is not None)
    n_pages = history.vm(vm).spec.n_pages // share - first
    sample = sampling.sample_of(history, vm, first, n_pages, every)
    exact, part = PageCursor(history, vm), PageCursor(history, vm, sample)
    known = 0
    for t_ns in _instants(history):
        exact.move_to(t_ns)
        part.move_to(t_ns)
        if exact.states is None:
            assert part.states is None
            continue
        known += 1
        wanted = exact.states[sampling.sampled_pages(first, n_pages, every)]
        assert part.states is not None
        assert len(part.states) == sample.n_pages
        assert np.array_equal(part.states, wanted), t_ns
    assert known > 10


def test_steps_of_a_sample_name_the_pages_that_change(history):
    vm = next(m.vm for m in history.migrations if m.track is not None)
    sample = sampling.sample_of(history, vm, 0, history.vm(vm).spec.n_pages, 16)
    cursor = PageCursor(history, vm, sample)
    before, moved = None, 0
    for t_ns in range(0, history.end_ns, history.end_ns // 200):
        delta = cursor.move_to(t_ns)
        if before is not None and delta is not None:
            before[delta.pages] = delta.new
            assert np.array_equal(before, cursor.states)
            moved += len(delta.pages)
        before = None if cursor.states is None else cursor.states.copy()
    assert moved > 0


@pytest.mark.parametrize(("first", "n_pages", "every"), [(0, 4096, 1), (5, 1000, 64), (0, 65, 64)])
def test_there_is_one_page_of_every_group(first, n_pages, every):
    pages = sampling.sampled_pages(first, n_pages, every).astype(np.int64)
    assert np.array_equal((pages - first) // every, np.arange(-(-n_pages // every)))
    assert pages.max() < first + n_pages


def test_pages_of_a_sample_stand_at_all_places_of_their_groups():
    pages = sampling.sampled_pages(0, 1 << 22, 128)
    places = np.bincount(pages % 128, minlength=128)
    assert places.min() > 0.8 * places.mean() and places.max() < 1.2 * places.mean()


def test_small_memories_are_not_sampled_and_large_ones_a_little():
    assert sampling.stride_for(sampling.LARGEST_EXACT_PAGES) == 1
    for n_pages in (sampling.LARGEST_EXACT_PAGES + 1, 1 << 24, (1 << 24) + 5, 1 << 28):
        every = sampling.stride_for(n_pages)
        assert sampling.SAMPLE_PAGES / 2 < -(-n_pages // every) <= sampling.SAMPLE_PAGES


def test_a_sample_is_no_part_of_the_record(monkeypatch):
    history = simulate(load_scenario("recorded-demo").spec)
    digest = history.digest()
    assert history.samples == {}
    monkeypatch.setattr(sampling, "LARGEST_EXACT_PAGES", 1 << 10)
    monkeypatch.setattr(sampling, "SAMPLE_PAGES", 1 << 9)
    sampling.add_samples(history)
    assert set(history.samples) == {vm.spec.name for vm in history.vms}
    assert sampling.whole_sample(history, "cps") is history.samples["cps"]
    assert history.digest() == digest
    assert pickle.loads(pickle.dumps(history)).samples["cps"].every > 1


def test_only_powers_of_two_are_strides(history):
    track = next(m.track for m in history.migrations if m.track is not None)
    with pytest.raises(ValueError, match="every 48: must be a power of two"):
        sampling.sampled_track(track, 0, 100, 48)
