"""One page in k of a large memory: a coarse picture of a run that is fast at any size.

A memory of 64 GiB has 16,777,216 pages. Pictures of it are mixes of thousands of pages a cell, for
which a fair part of the pages is enough while time moves; exact counts can follow.
"""

from typing import Final

import numpy as np

from engine.history import History
from engine.page_track import Lane, Pages, PageTrack, Sample, Section
from engine.states import PageState

LARGEST_EXACT_PAGES: Final = 1 << 20
"""Up to this size (4 GiB) every page is followed at every frame."""
SAMPLE_PAGES: Final = 1 << 17
"""Most pages of a sample."""
HASH_FACTOR: Final = np.uint32(2_654_435_769)
"""2^32 over the golden ratio: multiples of it spread evenly (Knuth, multiplicative hashing)."""
HASH_SHIFT: Final = 15


def stride_for(n_pages: int) -> int:
    """Return how far apart the pages of a sample of so many pages are; 1: all are taken."""
    if n_pages <= LARGEST_EXACT_PAGES:
        return 1
    every = 1
    while -(-n_pages // every) > SAMPLE_PAGES:
        every *= 2
    return every


def add_samples(history: History) -> None:
    """Give a run a sample of every VM that is too large to be followed page by page."""
    for record in history.vms:
        whole_sample(history, record.spec.name)


def whole_sample(history: History, vm: str) -> Sample | None:
    """Return the sample of all of a VM's memory, made once; None: the VM is small enough."""
    n_pages = history.vm(vm).spec.n_pages
    every = stride_for(n_pages)
    if every == 1:
        return None
    if vm not in history.samples:
        history.samples[vm] = sample_of(history, vm, 0, n_pages, every)
    return history.samples[vm]


def sample_of(history: History, vm: str, first: int, n_pages: int, every: int) -> Sample:
    """Return one page of every so many of a stretch of a VM's memory.

    Args:
        history: The run.
        vm: Name of the VM.
        first: First page of the stretch.
        n_pages: Its length.
        every: A power of two.
    """
    tracks = {
        index: sampled_track(m.track, first, n_pages, every)
        for index, m in enumerate(history.migrations)
        if m.vm == vm and m.track is not None
    }
    return Sample(first, every, -(-n_pages // every), tracks)


def sampled_pages(first: int, n_pages: int, every: int) -> Pages:
    """Return the pages of a sample, ascending: one of every so many, at no regular place.

    Policies send pages in orders with a regular grain, which an even grid of pages would fall in
    step with.
    """
    index = np.arange(-(-n_pages // every), dtype=np.uint32)
    offset = index * np.uint32(every) + _place_in(index, every)
    found: Pages = np.minimum(offset, np.uint32(n_pages - 1)) + np.uint32(first)
    return found


def _place_in(index: Pages, every: int) -> Pages:
    """Return which page of each group of so many is the one: a hash of the group's number."""
    found: Pages = (index * HASH_FACTOR) >> np.uint32(HASH_SHIFT) & np.uint32(every - 1)
    return found


def sampled_track(track: PageTrack, first: int, n_pages: int, every: int) -> PageTrack:
    """Return the states of a sample of a stretch of pages, under their numbers in the sample.

    Raises:
        ValueError: `every` is no power of two.
    """
    if every < 1 or every & (every - 1):
        raise ValueError(f"every {every}: must be a power of two")
    pages = sampled_pages(first, n_pages, every)
    sections = tuple(
        Section(
            section.start_ns,
            section.base[pages],
            tuple(_sampled(lane, pages, first, every) for lane in section.lanes),
        )
        for section in track.sections
    )
    return PageTrack(len(pages), sections, track.end_ns)


def _sampled(lane: Lane, known: Pages, first: int, every: int) -> Lane:
    """Return a lane with the changes of the pages of a sample alone."""
    index = (lane.pages - np.uint32(first)) // np.uint32(every)  # below `first`: a huge number
    inside = np.minimum(index, np.uint32(len(known) - 1))
    kept = known[inside] == lane.pages
    pages = index[kept]
    states = lane.states if isinstance(lane.states, PageState) else lane.states[kept]
    if lane.bounds is None:
        begin = None if lane.begin_ns is None else lane.begin_ns[kept]
        return Lane(lane.end_ns[kept], None, pages, states, begin)
    upto = np.zeros(len(kept) + 1, np.int64)
    np.cumsum(kept, out=upto[1:])
    return Lane(lane.end_ns, upto[lane.bounds], pages, states, lane.begin_ns)
