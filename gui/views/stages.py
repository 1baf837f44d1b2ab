"""Stages of a migration for the timeline and the plots: their words, colours and sentences.

What a stage is, in which words and colours, is decided here for both, so that they never disagree.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from PySide6.QtGui import QColor

from engine.history import MigrationRecord, RoundRecord
from engine.states import PageState
from engine.units import format_duration_ns
from gui.style.theme import Theme

STAGE_WORDS: Final = {
    "reservation": ("reservation", "reserve"),
    "push": ("push",),
    "stop-and-copy": ("stop-and-copy", "stop"),
    "commitment": ("commitment", "commit"),
    "activation": ("activation", "activate"),
    "pull": ("pull",),
}


class Stage(Struct, frozen=True):
    """A stretch of the timeline.

    Attributes:
        kind: A phase's name, or round, runs, failed, lost.
        start_ns: Scenario time. end_ns: The same.
        labels: What to write above it, longest first; the first that fits is taken.
        sentence: What a pointer over it is told.
        number: Number of the round, 0 for other kinds.
    """

    kind: str
    start_ns: int
    end_ns: int
    labels: tuple[str, ...]
    sentence: str
    number: int = 0


def blend(a: QColor, b: QColor, share: float) -> QColor:
    """Return the colour that has `share` of `b` and the rest of `a`."""
    pairs = ((a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue()))
    return QColor(*(round(x + (y - x) * share) for x, y in pairs))


@lru_cache(maxsize=256)
def stage_color(theme: Theme, kind: str, number: int = 0) -> QColor:
    """Return the fill of a stage, not to be changed; rounds alternate: neighbours stay apart."""
    ground, fresh = theme.color("panel"), theme.state_color(PageState.UP_TO_DATE)
    if kind in ("stop-and-copy", "commitment", "lost", "failed"):
        strength = {"commitment": 0.65, "failed": 0.35}.get(kind, 1.0)
        return blend(ground, theme.state_color(PageState.DIRTY_AGAIN), strength)
    if kind == "round":
        return blend(ground, fresh, 0.78 if number % 2 else 0.55)
    if kind == "pull":
        return theme.state_color(PageState.PULLED)
    tokens = {"reservation": "dim", "push": "link", "activation": "good"}
    token = tokens.get(kind, "link")
    return blend(
        ground,
        theme.color(token),
        {"reservation": 0.55, "push": 0.3, "activation": 0.35}.get(kind, 0.2),
    )


def downtime_of(migration: MigrationRecord, end_ns: int) -> tuple[int, int] | None:
    """Return from when to when the VM runs nowhere, or None if it never stops."""
    if migration.suspended_ns is None:
        return None
    ends = (migration.resumed_ns, migration.ended_ns, end_ns)
    return migration.suspended_ns, next(t for t in ends if t is not None)


def stages_of(migration: MigrationRecord, end_ns: int) -> list[Stage]:
    """Return the stages of a migration in order of time; later ones lie on top."""
    if migration.outcome == "refused":
        return []
    before = f"{migration.vm} runs on {migration.source}"
    labels = (f"runs on {migration.source}", migration.source)
    found = [Stage("runs", 0, migration.requested_ns, labels, before)]
    for phase in migration.phases:
        stop_ns = end_ns if phase.end_ns is None else phase.end_ns
        length = format_duration_ns(stop_ns - phase.start_ns)
        words = STAGE_WORDS.get(phase.name, (phase.name,))
        live = [r for r in migration.rounds if r.live] if phase.name == "push" else []
        sentence = f"{words[0].capitalize()}: {length}"
        shown = () if live else words
        found.append(Stage(phase.name, phase.start_ns, stop_ns, shown, sentence))
        found += [_round_stage(r) for r in live]
    return [s for s in [*found, *_after(migration, end_ns)] if s.end_ns > s.start_ns]


def past_of(stages: list[Stage], t_ns: int) -> list[Stage]:
    """Return what is known of stages at an instant: the one under way has only its name."""
    known = [s for s in stages if s.start_ns < t_ns]
    return [
        s
        if s.end_ns <= t_ns
        else replace(s, end_ns=t_ns, sentence=(s.labels[0] if s.labels else s.kind).capitalize())
        for s in known
    ]


def _round_stage(record: RoundRecord) -> Stage:
    number = str(record.number)
    labels = ("push, round 1", "push 1", number) if record.number == 1 else (number,)
    sentence = (
        f"Push, round {number}: {record.pages_sent:,} pages sent, {record.pages_skipped:,} "
        f"skipped, {format_duration_ns(record.end_ns - record.start_ns)}"
    )
    return Stage("round", record.start_ns, record.end_ns, labels, sentence, record.number)


def _after(migration: MigrationRecord, end_ns: int) -> Iterator[Stage]:
    """Yield what follows the last phase."""
    ended = migration.ended_ns
    if ended is None:
        return
    if migration.outcome == "lost":
        yield Stage("lost", ended, end_ns, (f"{migration.vm} is lost", "lost"), migration.reason)
        return
    host = migration.destination if migration.outcome == "completed" else migration.source
    text = f"runs on {host}"
    kind = "runs" if migration.outcome == "completed" else "failed"
    sentence = f"{migration.vm} {text}. {migration.reason}".strip()
    yield Stage(kind, ended, end_ns, (text, host), sentence)
