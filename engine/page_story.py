"""A page told as a story: how often it was written, sent and skipped, why, and what comes next.

Every sentence rests on the page track and on the writers' own writes (`page_life`); nothing is
guessed. For several pages that share a cell the story is their mix.
"""

from typing import Final

import numpy as np
from msgspec import Struct

from engine.history import History
from engine.page_life import NEVER, Change, Era, LifeReader, PageLife, sends_in
from engine.page_writes import Times
from engine.states import N_STATES, STATE_LABELS, PageState
from engine.units import format_count, format_duration_ns

MOST_NAMED: Final = 4
"""Rounds that a sentence names; more are counted."""
WHERE: Final[dict[PageState, str]] = {
    PageState.NOT_SENT: "is not sent yet",
    PageState.IN_FLIGHT: "is in flight",
    PageState.UP_TO_DATE: "is up to date at the destination",
    PageState.DIRTY_AGAIN: "is dirty again: the destination's copy is stale",
    PageState.SENT_WHILE_STOPPED: "was sent while the VM stood still",
    PageState.PULLED: "was pulled on a fault",
    PageState.SKIPPED: "is skipped in this round",
    PageState.FREE: "is zero or free: nothing needs to be sent",
    PageState.MISSING: "is missing at the destination",
    PageState.PUSHED: "was pushed after the resume",
}


class Visit(Struct, frozen=True):
    """The page was sent, or skipped.

    Attributes:
        round: Number of the round; None outside of rounds (pulled or pushed).
        t_ns: When its contents were read, or when the round came to it and left it out.
        arrived_ns: When it was there; None: still on its way, lost, or skipped.
        why_ns: For a skip the write that made it pointless, if that is known.
        state: What it became.
    """

    round: int | None
    t_ns: int
    arrived_ns: int | None
    why_ns: int | None
    state: PageState


class PageStory(Struct, frozen=True):
    """What is known of one page at an instant.

    Attributes:
        page: Its number.
        t_ns: The instant.
        state: Its state; None while it is not being migrated.
        written: Writes up to the instant, counted after `counted_from_ns`.
        counted_from_ns: None: from the start of the run on.
        last_written_ns: The newest of them.
        sends: How it was sent so far in this migration, in order.
        skips: Where it was skipped so far in this migration, in order.
        dirtied_ns: When its copy became stale, in order.
        pulled_ns: When it arrived on a fault. pushed_ns: When it arrived by itself after resume.
        sentences: The same in words: where it stands and why, the past, what comes next.
    """

    page: int
    t_ns: int
    state: PageState | None
    written: int
    counted_from_ns: int | None
    last_written_ns: int | None
    sends: tuple[Visit, ...]
    skips: tuple[Visit, ...]
    dirtied_ns: tuple[int, ...]
    pulled_ns: int | None
    pushed_ns: int | None
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return all sentences."""
        return " ".join(self.sentences)


class RangeStory(Struct, frozen=True):
    """The mix of pages `first` to `last` at an instant; the other fields as in `PageStory`.

    Attributes:
        states: Pages in each state, None while nothing is migrated.
        written: Writes to all of them. written_pages: How many of them were written.
        sent_least: Fewest times that one of them was sent. sent_most: The most.
    """

    first: int
    last: int
    t_ns: int
    states: tuple[int, ...] | None
    written: int
    written_pages: int
    counted_from_ns: int | None
    sent_least: int
    sent_most: int
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return all sentences."""
        return " ".join(self.sentences)


def page_story(
    history: History, vm: str, page: int, t_ns: int, *, reader: LifeReader | None = None
) -> PageStory:
    """Return the story of one page.

    Args:
        history: The run.
        vm: Name of the VM.
        page: Number of the page, from 0 on.
        t_ns: Scenario time, clipped to the run.
        reader: Keeps what was read of this run and VM; a new one reads anew.

    Raises:
        KeyError: No VM has that name.
        IndexError: The VM has no such page.
    """
    reader = reader or LifeReader(history, vm)
    t_ns = max(0, min(t_ns, history.end_ns))
    life = reader.life(page)
    window = reader.writes_near(t_ns)
    times = window.times_of(page, page)
    era = life.era_at(t_ns)
    sends, skips, dirtied = _visits(era, times, t_ns)
    past = times[: int(np.searchsorted(times, t_ns, side="right"))]
    from_ns = None if window.whole else window.from_ns
    state = life.state_at(t_ns)
    sentences = (
        _standing(page, state, _why(state, sends, skips, times, t_ns)),
        f"{_written(len(past), from_ns, int(past[-1]) if len(past) else None)}"
        f"{_handled(sends, skips)}",
        _next(life, times, t_ns),
    )
    return PageStory(
        page, t_ns, state, len(past), from_ns, int(past[-1]) if len(past) else None,
        sends, skips, dirtied, _arrival(sends, PageState.PULLED), _arrival(sends, PageState.PUSHED),
        tuple(s for s in sentences if s),
    )


def range_story(
    history: History, vm: str, first: int, last: int, t_ns: int, *, reader: LifeReader | None = None
) -> RangeStory:
    """Return the mix of pages `first` to `last`; arguments and errors as in `page_story`."""
    reader = reader or LifeReader(history, vm)
    if not 0 <= first <= last < reader.record.spec.n_pages:
        raise IndexError(f"pages {first} to {last}: the VM has {reader.record.spec.n_pages} pages")
    t_ns = max(0, min(t_ns, history.end_ns))
    window = reader.writes_near(t_ns)
    inside = (window.pages >= first) & (window.pages <= last) & (window.times_ns <= t_ns)
    written_pages = len(np.unique(window.pages[inside]))
    track = history.track_at(vm, t_ns)
    states, sent = None, np.zeros(1, np.int64)
    if track is not None:
        found = track.states_at(t_ns)[first : last + 1]
        states = tuple(np.bincount(found, minlength=N_STATES).tolist())
        sent = sends_in(track, first, last, t_ns)
    from_ns = None if window.whole else window.from_ns
    story = RangeStory(
        first, last, t_ns, states, int(np.count_nonzero(inside)), written_pages, from_ns,
        int(sent.min()), int(sent.max()), (),
    )
    return _worded(story)


# Facts


def _visits(
    era: Era | None, times: Times, t_ns: int
) -> tuple[tuple[Visit, ...], tuple[Visit, ...], tuple[int, ...]]:
    """Return how the page was sent, where it was skipped, when it became dirty, up to `t_ns`."""
    sends, skips, dirtied = [], [], []
    state = None if era is None else era.stretches[0].base
    for change in era.changes if era is not None else ():
        if change.begin_ns is not None:
            if change.begin_ns <= t_ns:
                sends.append(_sent(era, change, t_ns))
        elif change.end_ns <= t_ns and change.state is PageState.SKIPPED:
            skips.append(_skipped(era, change, times))
        elif change.end_ns <= t_ns and change.state is PageState.DIRTY_AGAIN:
            if state not in (PageState.DIRTY_AGAIN, PageState.SKIPPED):
                dirtied.append(change.end_ns)
        if change.end_ns <= t_ns:
            state = change.state
    return tuple(sends), tuple(skips), tuple(dirtied)


def _sent(era: Era | None, change: Change, t_ns: int) -> Visit:
    assert era is not None and change.begin_ns is not None
    record = era.round_of(change)
    arrived = change.end_ns if change.end_ns <= t_ns else None
    number = None if record is None else record.number
    return Visit(number, change.begin_ns, arrived, None, change.state)


def _skipped(era: Era | None, change: Change, times: Times) -> Visit:
    assert era is not None
    record = era.round_of(change)
    why = None
    if record is not None:
        inside = times[(times > record.start_ns) & (times <= change.end_ns)]
        why = int(inside[0]) if len(inside) else None
    number = None if record is None else record.number
    return Visit(number, change.end_ns, None, why, PageState.SKIPPED)


def _arrival(sends: tuple[Visit, ...], state: PageState) -> int | None:
    return next((v.arrived_ns for v in sends if v.state is state and v.arrived_ns), None)


# Words


def _at(t_ns: int) -> str:
    """Return an instant of the run: "8.312 s", cut."""
    return f"{t_ns // 10**9:,}.{t_ns // 10**6 % 1000:03d} s"


def _standing(page: int, state: PageState | None, why: str) -> str:
    if state is None:
        return f"Page {format_count(page)} is at rest: no copying has begun."
    return f"Page {format_count(page)} {WHERE[state]}{why}."


def _why(
    state: PageState | None,
    sends: tuple[Visit, ...],
    skips: tuple[Visit, ...],
    times: Times,
    t_ns: int,
) -> str:
    """Return the clause that says why the page is in its state, or ""."""
    if state is PageState.SKIPPED and skips:
        return _why_skipped(skips[-1])
    if state is PageState.MISSING:
        return ": the VM runs there already, and would stop at a touch"
    return _why_sent(state, sends[-1], times, t_ns) if sends else ""


def _why_sent(state: PageState | None, newest: Visit, times: Times, t_ns: int) -> str:
    """Return the same for a page that was sent: when it was read, and whether written since."""
    later = times[(times > newest.t_ns) & (times <= t_ns)]
    if state is PageState.DIRTY_AGAIN:
        when = f" at {_at(int(later[0]))}" if len(later) else ""
        return f", written{when}, after it was read at {_at(newest.t_ns)}"
    if state is PageState.IN_FLIGHT:
        stale = ", and written since: it will arrive stale" if len(later) else ""
        return f", read at {_at(newest.t_ns)}{stale}"
    if newest.arrived_ns is None:
        return ""
    since = _at(newest.arrived_ns)
    if state is PageState.UP_TO_DATE:
        return f" since {since}" + ("" if len(later) else ": not written after it was read")
    if state is PageState.PULLED:
        return f" and is there since {since}: the VM touched it before it was pushed"
    return f" and is there since {since}"


def _why_skipped(skip: Visit) -> str:
    if skip.why_ns is None:
        return ", as it is dirty again"
    early = format_duration_ns(skip.t_ns - skip.why_ns)
    return f": it was written again {early} before its turn, so sending it now would be wasted"


def _written(count: int, from_ns: int | None, last_ns: int | None) -> str:
    since = "" if from_ns is None else f" since {_at(from_ns)} (counted from there)"
    if not count:
        return f"Not written{since or ' so far'}"
    times = _times(count)
    newest = "" if last_ns is None else f", last at {_at(last_ns)}"
    return f"Written {times}{since}{newest}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{format_count(count)} times")


def _listed(visits: tuple[Visit, ...]) -> str:
    """Return "round 1 and 3"; many are counted."""
    numbers = [str(v.round) for v in visits]
    if len(numbers) > MOST_NAMED:
        return f"{len(numbers)} rounds, {numbers[0]} to {numbers[-1]}"
    word = "round" if len(numbers) == 1 else "rounds"
    head = ", ".join(numbers[:-1])
    return f"{word} {head} and {numbers[-1]}" if head else f"{word} {numbers[0]}"


def _handled(sends: tuple[Visit, ...], skips: tuple[Visit, ...]) -> str:
    """Return what rounds and pulls did with the page, as the rest of a sentence."""
    in_rounds = tuple(v for v in sends if v.round is not None)
    parts = []
    if in_rounds:
        parts.append(f"sent in {_listed(in_rounds)}")
    if skips:
        parts.append(f"skipped in {_listed(skips)}")
    parts += [
        f"{'pulled' if v.state is PageState.PULLED else 'pushed'} at {_at(v.t_ns)}"
        for v in sends
        if v.round is None
    ]
    return "; " + ", ".join(parts) + "." if parts else "."


def _next(life: PageLife, times: Times, t_ns: int) -> str:
    """Return what the run does with the page after an instant."""
    coming: list[tuple[int, str]] = []
    for era in life.eras:
        for change in era.changes:
            word = _coming(era, change)
            when = change.end_ns if change.begin_ns is None else change.begin_ns
            if word and t_ns < when < min(NEVER, era.until_ns):
                coming.append((when, word))
    if coming:
        when, word = min(coming)
        return f"Next: {word} at {_at(when)}."
    later = times[times > t_ns]
    if len(later):
        return f"Not sent again in this run; next written at {_at(int(later[0]))}."
    return "Nothing more is sent of it in this run."


def _coming(era: Era, change: Change) -> str:
    record = era.round_of(change)
    if change.begin_ns is None:
        if change.state is PageState.SKIPPED and record is not None:
            return f"round {record.number} skips it, as it will be dirty again,"
        return "the VM resumes without it" if change.state is PageState.MISSING else ""
    if change.state is PageState.PULLED:
        return "pulled, as the VM touches it,"
    if change.state is PageState.PUSHED or record is None:
        return "pushed"
    return f"sent in round {record.number}" if record.live else "sent while the VM stands still"


def _worded(story: RangeStory) -> RangeStory:
    n = story.last - story.first + 1
    name = f"Pages {format_count(story.first)} to {format_count(story.last)}"
    if story.states is None:
        mix = f"{name}: at rest, no copying has begun."
    else:
        parts = [(count, STATE_LABELS[PageState(s)]) for s, count in enumerate(story.states)]
        named = sorted(((c, label) for c, label in parts if c), key=lambda part: -part[0])
        mix = f"{name}: " + ", ".join(f"{format_count(c)} {label}" for c, label in named) + "."
    since = "" if story.counted_from_ns is None else f" since {_at(story.counted_from_ns)}"
    times = _times(story.written)
    pages = format_count(story.written_pages)
    written = f"Written {times}{since}: {pages} of {format_count(n)} pages."
    if not story.written:
        written = f"None of them was written{since or ' so far'}."
    most, least = story.sent_most, story.sent_least
    each = _times(most)
    sent = f"Sent {least} to {most} times each." if most > least else f"Sent {each} each."
    if not most:
        sent = "None of them has arrived." if story.states else ""
    sentences = tuple(s for s in (mix, written, sent) if s)
    return RangeStory(
        story.first, story.last, story.t_ns, story.states, story.written, story.written_pages,
        story.counted_from_ns, story.sent_least, story.sent_most, sentences,
    )
