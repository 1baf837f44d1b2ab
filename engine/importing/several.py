"""Several files of one migration: its log, and the pings that somebody sent meanwhile.

The pings go onto the time axis of the migration, by the clocks of both files. What cannot be put
there with certainty is refused in one sentence; no offset is guessed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from engine.importing.observed import LogFileError, Observed, ObservedPing
from engine.importing.reading import read_recording
from engine.units import format_count, format_duration_ns

LATEST_NS: Final = 60 * 10**9
"""Pings so long after the end of a migration still belong to it."""


def read_together(paths: Sequence[Path | str]) -> Observed:
    """Return what one or several files together know of one migration.

    Args:
        paths: A log of a migration, the output of ping, or one of each.

    Raises:
        LogFileError: A file cannot be read, they are not one migration and its pings, or their
            clocks do not fit.
    """
    seen = [read_recording(path) for path in paths]
    if len(seen) == 1:
        return seen[0]
    moves = [one for one in seen if not one.pings]
    pings = [one for one in seen if one.pings]
    if len(moves) != 1 or len(pings) != 1:
        names = ", ".join(one.name for one in seen)
        raise LogFileError(
            f"{names}: {_several('migration', len(moves))} and "
            f"{_several('ping output', len(pings))}; expected one log of a migration and one "
            "output of ping"
        )
    return with_pings(moves[0], pings[0])


def with_pings(seen: Observed, pings: Observed) -> Observed:
    """Return a migration with pings on its time axis.

    Args:
        seen: The migration.
        pings: The output of ping.

    Raises:
        LogFileError: One of them has no clock, they have different ones, or no ping was sent
            while the migration went on.
    """
    for one, way in ((pings, "ping -D prints them"), (seen, "log with time stamps")):
        if one.began_clock_ns is None:
            raise LogFileError(
                f"{one.name}: it has no times of day, so pings and migration cannot be put on one "
                f"time axis; {way}"
            )
    if seen.clock != pings.clock:
        told, untold = (seen, pings) if seen.clock == "utc" else (pings, seen)
        raise LogFileError(
            f"{untold.name}: its times do not tell their zone, those of {told.name} do; "
            "log both with the zone, or both without"
        )
    assert seen.began_clock_ns is not None and pings.began_clock_ns is not None
    return _joined(seen, pings, pings.began_clock_ns - seen.began_clock_ns)


def _joined(seen: Observed, pings: Observed, later_ns: int) -> Observed:
    """Return both; the first ping was sent `later_ns` after the migration began."""
    latest_ns = _end_of(seen) + LATEST_NS
    moved = [ObservedPing(p.t_ns + later_ns, p.rtt_ns) for p in pings.pings]
    kept = tuple(p for p in moved if 0 <= p.t_ns <= latest_ns)
    if not any(p.t_ns <= _end_of(seen) for p in kept):
        raise LogFileError(f"{pings.name}: {_apart(moved, seen)}; the two files do not belong "
                           "together, or a clock is wrong")  # fmt: skip
    notes = [f"The pings are those of {pings.name}, put on the time axis by the times of day."]
    notes += pings.notes
    before = sum(p.t_ns < 0 for p in moved)
    after = len(moved) - before - len(kept)
    for count, word in ((before, "before the migration began"), (after, "long after its end")):
        if count:
            notes.append(f"{format_count(count)} pings {word} are left out.")
    return replace(
        seen,
        pings=kept,
        ping_interval_ns=pings.ping_interval_ns,
        notes=(*seen.notes, *notes),
    )


def _apart(moved: Sequence[ObservedPing], seen: Observed) -> str:
    first_ns, last_ns = moved[0].t_ns, moved[-1].t_ns
    if last_ns < 0:
        return f"its last ping was sent {format_duration_ns(-last_ns)} before {seen.name} begins"
    if first_ns > _end_of(seen):
        gap = format_duration_ns(first_ns - _end_of(seen))
        return f"its first ping was sent {gap} after {seen.name} ends"
    return f"none of its pings was sent while the migration of {seen.name} went on"


def _end_of(seen: Observed) -> int:
    """Return when a recording ends, from the start of the migration."""
    marks = [seen.total_time_ns or 0]
    marks += [s.t_ns for s in seen.samples] + [s.t_ns or 0 for s in seen.statuses]
    marks += [(r.start_ns or 0) + (r.duration_ns or 0) for r in seen.rounds]
    return max(marks)


def _several(word: str, count: int) -> str:
    return f"{count or 'no'} {word}{'' if count == 1 else 's'}"
