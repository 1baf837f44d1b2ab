"""Repeated looks at QEMU's counters, whoever printed them: from polls to rounds and times.

QEMU has no rounds of its own: a round here is what lies between two reads of the dirty bitmap
(dirty-sync-count). Between two polls counters are taken to grow evenly; nothing else is assumed.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from engine.importing.observed import (
    Format,
    LogFileError,
    Observed,
    ObservedRound,
    ObservedSample,
    StatusChange,
)

MOST_POLLS: Final = 100_000
_OVER: Final = ("completed", "cancelled", "failed")
_POSTCOPY: Final = "postcopy"


class Poll(Struct):
    """One look; None where it did not tell."""

    status: str = ""
    t_ns: int | None = None
    stamp_ns: int | None = None
    total_time_ns: int | None = None
    setup_ns: int | None = None
    downtime_ns: int | None = None
    transferred_bytes: int | None = None
    remaining_bytes: int | None = None
    total_bytes: int | None = None
    page_bytes: int | None = None
    normal_pages: int | None = None
    zero_pages: int | None = None
    delta_pages: int | None = None
    rate_bps: int | None = None
    dirty_rate_pps: int | None = None
    syncs: int | None = None
    throttle_percent: int | None = None
    reason: str = ""

    @property
    def sent_pages(self) -> int | None:
        """Return the pages sent with contents, whole or as a delta."""
        return None if self.normal_pages is None else self.normal_pages + (self.delta_pages or 0)


class Polls:
    """The polls and events of one recording; of several migrations in it the last one counts."""

    def __init__(self, file: str) -> None:
        """Start with nothing known of the file of that name."""
        self._file = file
        self.polls: list[Poll] = []
        self.passes: dict[int, int] = {}
        self.statuses: list[StatusChange] = []
        self.stopped_ns: int | None = None
        self.resumed_ns: int | None = None
        """When it ran at the destination."""
        self.dropped = 0

    def add(self, poll: Poll) -> None:
        """Add a poll, the newest one.

        Raises:
            LogFileError: There are more than any recording has.
        """
        if len(self.polls) >= MOST_POLLS:
            raise LogFileError(f"{self._file}: more than {MOST_POLLS:,} samples; cut out a part")
        if poll.status in ("", "none"):
            return
        last = self.polls[-1] if self.polls else None
        if last is not None and self._is_another(last, poll):
            self._start_again()
            last = None
        if last is not None and last.status in _OVER and poll.status == last.status:
            return  # the final figures, asked for again
        poll.t_ns = self._instant(poll, last)
        self.polls.append(poll)
        self.note_status(poll.t_ns, poll.status)

    def note_status(self, t_ns: int | None, status: str) -> None:
        """Note a status, if it is another one than before."""
        if not self.statuses or self.statuses[-1].status != status:
            self.statuses.append(StatusChange(t_ns, status))

    @staticmethod
    def _is_another(last: Poll, poll: Poll) -> bool:
        """Return whether a poll belongs to another migration than the one before."""
        if last.total_time_ns is not None and poll.total_time_ns is not None:
            return poll.total_time_ns < last.total_time_ns
        return last.status in _OVER and poll.status not in _OVER

    def _start_again(self) -> None:
        self.polls, self.passes, self.statuses = [], {}, []
        self.stopped_ns = self.resumed_ns = None
        self.dropped += 1

    @staticmethod
    def _instant(poll: Poll, last: Poll | None) -> int:
        """Return when a poll was made: by its total time, as told, or by its stamp.

        QEMU's own time comes first: an answer may be read late.
        """
        before_ns = 0 if last is None or last.t_ns is None else last.t_ns
        found = poll.t_ns if poll.total_time_ns is None else poll.total_time_ns
        if found is None and last is not None and None not in (poll.stamp_ns, last.stamp_ns):
            assert poll.stamp_ns is not None and last.stamp_ns is not None
            found = before_ns + poll.stamp_ns - last.stamp_ns
        return before_ns if found is None else max(before_ns, found)

    def observed(self, form: Format, notes: Sequence[str] = (), **more: Any) -> Observed:
        """Return what the polls come to.

        Args:
            form: Kind of recording.
            notes: What the reader noted.
            more: Fields of `Observed` that the reader knows by other means.

        Raises:
            LogFileError: There is no poll of a migration.
        """
        if not self.polls:
            raise LogFileError(
                f"{self._file}: no migration in it; samples taken while one goes on were expected"
            )
        notes = [*notes]
        if self.dropped:
            notes.append(
                f"The file holds {self.dropped + 1} migrations; only the last one is shown."
            )
        found = replace(self._figures(form), **more)
        if found.push_end_ns is not None and found.downtime_ns is not None:
            found = replace(found, downtime_ns=self._postcopy_downtime_ns())
            notes.append(
                "The downtime that QEMU states after post-copy holds more than the stop; "
                + ("the events are taken instead." if found.downtime_ns else "it is left out.")
            )
        rounds, missed = self._rounds(found)
        if missed:
            notes.append(
                f"{missed} reads of the dirty bitmap fell between two samples: the round before "
                "holds their pages too."
            )
        return replace(found, rounds=tuple(rounds), notes=tuple(notes))

    def _postcopy_downtime_ns(self) -> int | None:
        """Return the time from the stop until the VM ran at the destination."""
        if self.stopped_ns is None or self.resumed_ns is None:
            return None
        return max(0, self.resumed_ns - self.stopped_ns)

    def _figures(self, form: Format) -> Observed:
        """Return everything but the rounds and notes."""
        status = [s for s in self.statuses if s.status in _OVER]
        outcome = status[-1].status if status else None
        total = self.polls[-1].total_time_ns if outcome == "completed" else None
        if total is None and status:
            total = status[0].t_ns
        push_end = next((s.t_ns for s in self.statuses if s.status.startswith(_POSTCOPY)), None)
        return Observed(
            format=form,
            name=self._file,
            samples=tuple(self._samples()),
            statuses=tuple(self.statuses),
            outcome=outcome,
            reason=next((p.reason for p in reversed(self.polls) if p.reason), ""),
            total_time_ns=total,
            setup_ns=self._last("setup_ns"),
            downtime_ns=self._last("downtime_ns"),
            suspended_ns=self.stopped_ns,
            push_end_ns=push_end,
            memory_bytes=self._last("total_bytes"),
            page_bytes=self._last("page_bytes") or 4096,
            pages_sent=self._last("sent_pages"),
            zero_pages=self._last("zero_pages"),
            bytes_sent=self._last("transferred_bytes"),
            deltas=bool(self._last("delta_pages")),
            began_clock_ns=self._began_clock_ns(),
        )

    def _began_clock_ns(self) -> int | None:
        """Return the instant 0 on the clock of the stamps; an answer may be read late."""
        found = [p.stamp_ns - (p.t_ns or 0) for p in self.polls if p.stamp_ns is not None]
        return min(found, default=None)

    def _last(self, name: str) -> int | None:
        return next((v for p in reversed(self.polls) if (v := getattr(p, name)) is not None), None)

    def _samples(self) -> list[ObservedSample]:
        return [
            ObservedSample(
                p.t_ns or 0,
                p.remaining_bytes,
                p.transferred_bytes,
                # At the end QEMU gives the mean of the whole migration instead.
                None if p.status == "completed" else p.rate_bps,
                None if p.status == "completed" else p.dirty_rate_pps,
                p.throttle_percent,
            )
            for p in self.polls
            if p.transferred_bytes is not None or p.remaining_bytes is not None
        ]

    # Rounds

    def _boundaries(self, stopped_ns: int | None) -> dict[int, int]:
        """Return for each read of the bitmap that is known when it was; the last is at the stop."""
        found = dict(self.passes)
        for poll in self.polls:
            if poll.syncs and poll.status != "setup":
                at_stop = poll.status == "completed" and stopped_ns is not None
                found.setdefault(poll.syncs, (stopped_ns if at_stop else poll.t_ns) or 0)
        if found and min(found) == 1 and 1 not in self.passes:
            found[1] = min(found[1], self._last("setup_ns") or 0)
        ordered: dict[int, int] = {}
        latest_ns = 0
        for number in sorted(found):
            latest_ns = ordered[number] = max(latest_ns, found[number])
        return ordered

    def _rounds(self, seen: Observed) -> tuple[list[ObservedRound], int]:
        """Return the rounds, and how many reads of the bitmap have no instant of their own."""
        stopped_ns = stop_of(seen)
        starts = self._boundaries(stopped_ns)
        if not starts:
            return [], 0
        end_ns = max(self.polls[-1].t_ns or 0, *starts.values())
        if seen.push_end_ns is not None:
            end_ns = max(seen.push_end_ns, *starts.values())
        edges = [*starts.items(), (max(starts) + 1, end_ns)]
        dirtied = self._dirtied(seen)
        first_ns = min(starts.values())
        sent_at = self._growth(lambda p: p.sent_pages, first_ns)
        bytes_at = self._growth(lambda p: p.transferred_bytes, first_ns)
        rounds = []
        for (number, from_ns), (_, to_ns) in pairwise(edges):
            rounds.append(
                ObservedRound(
                    number=number,
                    live=stopped_ns is None or from_ns < stopped_ns,
                    start_ns=from_ns,
                    duration_ns=to_ns - from_ns,
                    pages_sent=_between(sent_at, from_ns, to_ns),
                    bytes_sent=_between(bytes_at, from_ns, to_ns),
                    pages_dirtied=dirtied.get(number),
                )
            )
        missed = max(starts) - min(starts) + 1 - len(starts)
        return rounds, missed

    def _growth(
        self, value: Callable[[Poll], int | None], first_ns: int
    ) -> Callable[[int], int] | None:
        """Return a counter as a function of time, None if the polls do not have it.

        Args:
            value: The counter of a poll.
            first_ns: When it began to grow.
        """
        points = [(p.t_ns or 0, v) for p in self.polls if (v := value(p)) is not None]
        if not points:
            return None
        if points[0][0] > first_ns:
            points.insert(0, (first_ns, 0))
        times = [t for t, _ in points]

        def at(t_ns: int) -> int:
            i = bisect_left(times, t_ns)
            if i == len(times):
                return points[-1][1]
            (t1, v1), (t0, v0) = points[i], points[max(0, i - 1)]
            return v1 if t1 <= t0 else v0 + (v1 - v0) * (t_ns - t0) // (t1 - t0)

        return at

    def _dirtied(self, seen: Observed) -> dict[int, int]:
        """Return what each read of the bitmap found newly dirty, by the round that it ended.

        Pages left plus pages sent only grow by what such a read adds. Several reads between the
        same two polls cannot be told apart: the first one has the sum.
        """
        if seen.push_end_ns is not None:
            return {}
        found: dict[int, int] = {}
        last: tuple[int, int] | None = None
        for p in self.polls:
            if p.remaining_bytes is None or p.sent_pages is None or not p.syncs:
                continue
            pages = p.remaining_bytes // seen.page_bytes + p.sent_pages + (p.zero_pages or 0)
            if last is not None and p.syncs > last[0]:
                found[last[0]] = max(0, pages - last[1])
            last = p.syncs, pages
        return found


def stop_of(seen: Observed) -> int | None:
    """Return when the VM stopped: as the recording tells, or the downtime before the end."""
    if seen.suspended_ns is not None:
        return seen.suspended_ns
    if seen.downtime_ns is None:
        return None
    if seen.push_end_ns is not None:
        return max(0, seen.push_end_ns - seen.downtime_ns)
    if seen.total_time_ns is None or seen.outcome != "completed":
        return None
    return max(0, seen.total_time_ns - seen.downtime_ns)


def _between(at: Callable[[int], int] | None, from_ns: int, to_ns: int) -> int | None:
    return None if at is None else max(0, at(to_ns) - at(from_ns))
