"""What somebody expects of a migration before it runs, and how far the run is from it, in words.

Nothing here is marked or scored: a row stands as "you said" beside "it did". All functions are
pure, so that a lesson may ask the same questions as the window does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.metrics import downtime_ns, total_time_ns
from engine.specs import PAGE_BYTES
from engine.units import format_duration_ns, format_size

if TYPE_CHECKING:
    from engine.history import MigrationRecord
    from engine.model_rows import ModelRow
    from engine.remaining_pages import RemainingPages
    from engine.why import Answer

Values = npt.NDArray[np.float64]
CurvePoints = tuple[tuple[int, int], ...]
"""(ns after the request, pages that are still to arrive), sorted by time."""

FORCED: Final = frozenset({"max-rounds", "max-factor", "not-shrinking", "rate-over-max", "timeout"})
"""Reasons to stop of a migration whose rounds did not shrink to what its policy wants."""
CLOSE_PERCENT: Final = 20
MOST_TIMES: Final = 1000
SAMPLES: Final = 400
NO_GUESS: Final = "–"
NO_MODEL: Final = "–"
NOT_RECORDED: Final = "not recorded"
CLOSE: Final = "close"
AS_SAID: Final = "as you said"
OTHERWISE: Final = "the other way round"
LENGTHS: Final = ("longer", "shorter")


class Prediction(Struct, frozen=True):
    """What somebody expects; whatever is None or empty was left out.

    Attributes:
        total_ns: From the request until the source is released.
        downtime_ns: From suspended to resumed.
        converges: Whether the copying stops by itself, because little is left.
        curve: Pages that are still to arrive, by time after the request.
    """

    total_ns: int | None = None
    downtime_ns: int | None = None
    converges: bool | None = None
    curve: CurvePoints = ()

    @property
    def empty(self) -> bool:
        """Return whether nothing was said at all."""
        guesses = (self.total_ns, self.downtime_ns, self.converges)
        return all(guess is None for guess in guesses) and not self.curve

    @property
    def sentence(self) -> str:
        """Return what was said, in one sentence."""
        parts = []
        if self.total_ns is not None:
            parts.append(f"total time {format_duration_ns(self.total_ns)}")
        if self.downtime_ns is not None:
            parts.append(f"downtime {format_duration_ns(self.downtime_ns)}")
        if self.converges is not None:
            parts.append("it stops by itself" if self.converges else "it does not stop by itself")
        if self.curve:
            parts.append("a curve")
        return f"You said: {', '.join(parts)}." if parts else "You made no guess."


class PredictionRow(Struct, frozen=True):
    """One line of the reveal: guess, model and simulation stand together.

    Attributes:
        name: What was asked.
        said: The guess as text, `NO_GUESS` without one.
        model: What the closed-form model says, `NO_MODEL` without one.
        simulation: What the run did.
        words: The run against the guess; "" without a guess.
    """

    name: str
    said: str
    model: str
    simulation: str
    words: str


class CurveDistance(Struct, frozen=True):
    """How far a drawn curve lies from the simulated one, where it was drawn.

    Attributes:
        mean_pages: Mean distance over time.
        mean_share: The same as a share of the VM's memory, 0 to 1.
        above_share: For which share of the time the drawn curve lies above, 0 to 1.
    """

    mean_pages: float
    mean_share: float
    above_share: float


def is_close(guess: int, actual: int) -> bool:
    """Return whether a guess lies within a fifth of what it was."""
    return abs(guess - actual) * 100 <= actual * CLOSE_PERCENT


def times_words(
    guess: int,
    actual: int | None,
    *,
    words: tuple[str, str] = LENGTHS,
    none: str = "it never ended",
) -> str:
    """Return what happened against a guess: "close", "about 3 times longer".

    Args:
        guess: What was said, 0 or more.
        actual: What it was, None if there is nothing to compare with.
        words: What it was if it was more, and if it was less.
        none: What to say of None.
    """
    if actual is None:
        return none
    if is_close(guess, actual):
        return CLOSE
    more, less = words
    low, high = sorted((guess, actual))
    word = more if actual > guess else less
    if low <= 0:
        return f"{word}: you said none" if actual > guess else f"{word}: there was none"
    if high > low * MOST_TIMES:
        return f"more than {MOST_TIMES:,} times {word}"
    ratio = high / low
    return f"about {ratio:.2g} times {word}" if ratio < 10 else f"about {ratio:,.0f} times {word}"


def stopped_by_itself(record: MigrationRecord) -> bool | None:
    """Return whether the rounds ended because little was left; None where that has no answer.

    A policy without rounds while the VM runs has no such question; a migration that broke off
    before its stop has no answer, nor has a recording that does not say why it stopped.
    """
    if not asks_convergence(record):
        return None
    if record.stop_reason is None:
        return False if record.outcome == "does-not-converge" else None
    return record.stop_reason not in FORCED


def asks_convergence(record: MigrationRecord) -> bool:
    """Return whether "will it stop by itself?" is a question about this migration."""
    return record.stop_reason not in ("non-live", "switched") and any(r.live for r in record.rounds)


def compare(
    prediction: Prediction, record: MigrationRecord, model: ModelRow | None
) -> list[PredictionRow]:
    """Return the rows of the reveal.

    Args:
        prediction: What was expected.
        record: The migration as it went.
        model: What a closed-form model says of it, None if none does.
    """
    unknown = NOT_RECORDED if record.outcome == "completed" else "never"
    rows = [
        _time_row(
            "Total time", prediction.total_ns, total_time_ns(record),
            None if model is None else model.total_time_s,
            unknown=unknown, none="it did not complete",
        ),
        _time_row(
            "Downtime", prediction.downtime_ns, downtime_ns(record),
            None if model is None else model.downtime_s,
            unknown=unknown, none="it never ran at the other host",
        ),
    ]  # fmt: skip
    if asks_convergence(record):
        rows.append(_convergence_row(prediction.converges, record, model))
    return rows


def _time_row(
    name: str,
    guess: int | None,
    actual: int | None,
    model_s: float | None,
    *,
    unknown: str,
    none: str,
) -> PredictionRow:
    comparable = guess is not None and (actual is not None or unknown != NOT_RECORDED)
    return PredictionRow(
        name,
        NO_GUESS if guess is None else format_duration_ns(guess),
        NO_MODEL if model_s is None else seconds_text(model_s),
        unknown if actual is None else format_duration_ns(actual),
        times_words(guess, actual, none=none) if comparable and guess is not None else "",
    )


def _convergence_row(
    guess: bool | None, record: MigrationRecord, model: ModelRow | None
) -> PredictionRow:
    did = stopped_by_itself(record)
    words = ""
    if guess is not None and did is not None:
        words = AS_SAID if guess is did else OTHERWISE
    return PredictionRow(
        "Stops by itself", _yes_no(guess), _yes_no(None if model is None else model.converges),
        _yes_no(did), words,
    )  # fmt: skip


def _yes_no(answer: bool | None) -> str:
    return NO_GUESS if answer is None else "yes" if answer else "no"


def seconds_text(seconds: float) -> str:
    """Return seconds of a model as text; infinite ones never end."""
    return "never ends" if math.isinf(seconds) else format_duration_ns(round(seconds * 1e9))


def pages_on(curve: CurvePoints, at_ns: Sequence[int] | npt.NDArray[np.int64]) -> Values:
    """Return a drawn curve at some instants; before and after it, it is level.

    Args:
        curve: At least one point.
        at_ns: Instants after the request, shape (n,).

    Returns:
        Pages, shape (n,).
    """
    t_ns, pages = np.array(curve, np.float64).T
    result: Values = np.interp(np.asarray(at_ns, np.float64), t_ns, pages)
    return result


def since_request(remaining: RemainingPages, requested_ns: int) -> CurvePoints:
    """Return a run's remaining pages by time after the request; steps have both their corners."""
    points: list[tuple[int, int]] = []
    for t_ns, pages in zip(remaining.t_ns.tolist(), remaining.pages.tolist(), strict=True):
        at_ns = t_ns - requested_ns
        if remaining.steps and points and points[-1][1] != pages:
            points.append((at_ns, points[-1][1]))
        points.append((at_ns, pages))
    if points and points[0][0] > 0:  # until the first page leaves nothing arrives
        points.insert(0, (0, points[0][1]))
    return tuple(points)


def curve_distance(
    curve: CurvePoints, simulated: CurvePoints, pages_total: int
) -> CurveDistance | None:
    """Return how far a drawn curve lies from a simulated one, over the time that was drawn.

    Args:
        curve: As it was drawn.
        simulated: As `since_request` gives it.
        pages_total: The VM's memory.

    Returns:
        None if either has no stretch of time.
    """
    if len(curve) < 2 or not simulated or pages_total <= 0 or curve[-1][0] <= curve[0][0]:
        return None
    at_ns = np.linspace(curve[0][0], curve[-1][0], SAMPLES).astype(np.int64)
    difference = pages_on(curve, at_ns) - pages_on(simulated, at_ns)
    mean = float(np.mean(np.abs(difference)))
    above = float(np.mean(difference > 0))
    return CurveDistance(mean, mean / pages_total, above)


def curve_sentence(
    curve: CurvePoints, simulated: CurvePoints, pages_total: int, *, made: str = "simulated"
) -> str:
    """Return in one sentence how a drawn curve and the simulated one lie; "" without either.

    Args:
        curve: As it was drawn.
        simulated: As `since_request` gives it.
        pages_total: The VM's memory.
        made: How the other one was made.
    """
    distance = curve_distance(curve, simulated, pages_total)
    if distance is None:
        return ""
    if round(distance.mean_pages) == 0:
        return f"Your curve runs on the {made} one."
    size = format_size(round(distance.mean_pages) * PAGE_BYTES)
    share = f"{distance.mean_share * 100:.0f} %" if distance.mean_share >= 0.01 else "under 1 %"
    where = "on both sides of"
    if distance.above_share >= 0.8:
        where = "above"
    elif distance.above_share <= 0.2:
        where = "below"
    return (
        f"Your curve runs {where} the {made} one, on average {size} away, {share} of the memory."
    )


def telling_answer(answers: Sequence[Answer], rows: Sequence[PredictionRow]) -> Answer | None:
    """Return the answer that explains most of what was not expected.

    Args:
        answers: What `engine.why.why` says at the end of the migration.
        rows: The rows of the reveal.

    Returns:
        Why it failed, if it did; else why the rounds shrink, or do not, where the stop or the total
        time was another; else where the downtime went if only that was; else why it stopped.
    """
    off = {row.name for row in rows if row.words not in ("", CLOSE, AS_SAID)}
    wanted = ["Why did it end as", "Why may"]
    if off == {"Downtime"}:
        wanted.append("Where did the downtime go")
    forced = any(row.name == "Stops by itself" and row.simulation == "no" for row in rows)
    if off & {"Stops by itself", "Total time"}:
        wanted.append("Why do the rounds not shrink" if forced else "Why do the rounds shrink")
    wanted += ["Why did it stop", "Where did the downtime go", "Why"]
    for beginning in wanted:
        for answer in answers:
            if answer.question.startswith(beginning):
                return answer
    return answers[0] if answers else None


def next_migration(
    migrations: Sequence[MigrationRecord], vm: str, t_ns: int
) -> MigrationRecord | None:
    """Return the migration of a VM that is to be predicted: the next one, or else its last.

    Args:
        migrations: Those of a run, in order of their requests.
        vm: Name of the VM.
        t_ns: The playhead.

    Returns:
        None if the VM has none that was not refused.
    """
    own = [m for m in migrations if m.vm == vm and m.outcome != "refused"]
    later = [m for m in own if m.requested_ns >= t_ns]
    return later[0] if later else own[-1] if own else None
