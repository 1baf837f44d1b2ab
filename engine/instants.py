"""Instants of a run by name: "4.2 s", "switchover", "round 3", "resumed + 20 ms".

What pictures, films, lessons and exports call an instant. Nothing is simulated here.
"""

import re
from typing import Final

from engine import units
from engine.errors import MigrascopeError
from engine.history import History, MigrationRecord

EVENT_WORDS: Final = (
    "start", "request", "push", "suspended", "switchover", "resumed", "reached", "pull",
    "released", "end",
)
"""The named instants; `round N` is one more, for every N that the run has."""
_ROUND: Final = re.compile(r"round\s+([0-9]{1,6})")
_OFFSET: Final = re.compile(r"\s+([+-])\s*(\S.*)$")


class InstantError(MigrascopeError):
    """A text names no instant of the run; the message is one sentence."""


def instant_ns(history: History, text: str, vm: str = "") -> int:
    """Return the instant that a text names.

    Args:
        history: The run.
        text: A time from the start of the run ("4.2 s"), one of `EVENT_WORDS`, or "round N" (its
            begin); after a name an offset may follow ("switchover + 20 ms"). `push`, `pull` and
            `switchover` (suspended to resumed) are the middle of those stretches, the others
            instants. All are those of the first migration that has them.
        vm: Only migrations of this VM; "": of any.

    Returns:
        Scenario time inside the run.

    Raises:
        InstantError: It is no time, or the run has no such instant.
    """
    name, offset_ns = _split(text)
    found = _named_ns(history, name, vm)
    if found is None:
        found = _time_ns(text)
        offset_ns = 0
    t_ns = found + offset_ns
    if not 0 <= t_ns <= history.end_ns:
        end = units.format_duration_ns(history.end_ns)
        raise InstantError(f'"{text}": the run goes from 0 s to {end}')
    return t_ns


def rounds_ns(history: History, vm: str = "") -> list[tuple[int, int]]:
    """Return (number, begin) of every round of the first migration that has any."""
    for migration in history.migrations:
        if vm in ("", migration.vm) and migration.rounds:
            return [(r.number, r.start_ns) for r in migration.rounds]
    return []


def _split(text: str) -> tuple[str, int]:
    """Return the name in a text, and the offset behind it."""
    name, offset_ns = text.strip(), 0
    found = _OFFSET.search(name)
    if found is not None and found.start() > 0:
        try:
            offset_ns = units.parse_duration(found[2])
        except ValueError as error:
            raise InstantError(f'"{text}": {error} after {found[1]}') from error
        name = name[: found.start()]
        if found[1] == "-":
            offset_ns = -offset_ns
    return " ".join(name.split()), offset_ns


def _time_ns(text: str) -> int:
    try:
        return units.parse_duration(text.strip())
    except ValueError as error:
        words = ", ".join(EVENT_WORDS)
        raise InstantError(f'"{text}": {error}; or one of {words}, round N') from error


def _named_ns(history: History, name: str, vm: str) -> int | None:
    """Return the instant of a name; None: it is not a name."""
    number = _ROUND.fullmatch(name)
    if number is None and name not in EVENT_WORDS:
        return None
    if name == "start":
        return 0
    if name == "end":
        return history.end_ns
    for migration in history.migrations:
        if vm in ("", migration.vm):
            if number is not None:
                found = _round_ns(migration, int(number[1]))
            else:
                found = _instant_of(migration, name, history.end_ns)
            if found is not None:
                return found
    whom = f" of {vm}" if vm else ""
    raise InstantError(f'"{name}": no migration{whom} in this run comes to it')


def _round_ns(migration: MigrationRecord, number: int) -> int | None:
    return next((r.start_ns for r in migration.rounds if r.number == number), None)


def _instant_of(migration: MigrationRecord, name: str, end_ns: int) -> int | None:
    if name == "switchover":
        if migration.suspended_ns is None or migration.resumed_ns is None:
            return None
        return (migration.suspended_ns + migration.resumed_ns) // 2
    moments = {
        "request": migration.requested_ns, "suspended": migration.suspended_ns,
        "resumed": migration.resumed_ns, "reached": migration.reachable_ns,
        "released": migration.released_ns,
    }
    if name in moments:
        return moments[name]
    for phase in migration.phases:
        if phase.name == name:
            stop_ns = end_ns if phase.end_ns is None else phase.end_ns
            return (phase.start_ns + stop_ns) // 2
    return None
