"""Which runs can be compared with the one on screen, and the figures of one at an instant."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from engine.errors import ScenarioError
from engine.history import History, MigrationRecord
from engine.narration import narrate
from engine.policies import POLICIES
from engine.recorded import RecordedHistory
from engine.scenario import Scenario
from engine.states import PENDING
from engine.units import format_count, format_duration_ns
from gui.models.comparison_model import migration_of

FEWEST: Final = 2
MOST: Final = 4


class Candidate(Struct, frozen=True):
    """A run that may be compared.

    Attributes:
        label: What it is called in headings; short.
        words: What it is, in a sentence.
        run: A scenario to simulate, or a run that is there already.
    """

    label: str
    words: str
    run: Scenario | History


def policy_candidates(scenario: Scenario, vm: str) -> Iterator[Candidate]:
    """Yield the scenario under each other policy that can run it."""
    own = [m for m in scenario.spec.migrations if m.vm == vm] or list(scenario.spec.migrations)
    if not own:
        return
    for name, policy in POLICIES.items():
        if name == own[0].policy:
            continue
        try:
            other = scenario.with_policy(name)
        except ScenarioError:
            continue
        yield Candidate(name, f"The same under {policy.title}", other)


def value_paths(scenario: Scenario, vm: str) -> list[str]:
    """Return the paths that people vary most, those that the scenario has."""
    wanted = [
        "network.bandwidth", f"vms.{vm}.writers.0.rate", f"migrations.{vm}.rate_limit",
        f"vms.{vm}.memory", "network.relearn_delay", "network.transmit_queue", "run.seed",
    ]
    found = []
    for path in wanted:
        try:
            scenario.value_at(path, 0)
        except ScenarioError:
            continue
        found.append(path)
    return found


def value_candidate(scenario: Scenario, path: str, text: str) -> Candidate:
    """Return the scenario with another value.

    Raises:
        ScenarioError: The path leads nowhere, or the value does not fit there.
    """
    other = scenario.with_value(path, text)
    label = f"{path.rpartition('.')[2].replace('_', ' ')} {text.strip()}"
    return Candidate(label, f"The same with {path} = {text.strip()}", other)


class Instant(Struct, frozen=True):
    """What a column says of its run at an instant.

    Attributes:
        headline: What goes on, in a few words.
        lines: (what, figure), in a fixed order.
        over: "ended at 12.3 s" once the run is over; else "".
    """

    headline: str
    lines: tuple[tuple[str, str], ...]
    over: str


def instant_of(history: History, vm: str, t_ns: int, counts: Sequence[int]) -> Instant:
    """Return what goes on in a run at an instant.

    Args:
        history: The run.
        vm: The VM that is looked at.
        t_ns: Of the common clock: it may be later than the run's end.
        counts: Pages in each state, shape (N_STATES,); all zero where no page is known.
    """
    told = narrate(history, min(t_ns, history.end_ns), vm)
    frame = history.frame_at(t_ns).vms[vm]
    move = migration_of(history, vm)
    left = format_count(sum(counts[s] for s in PENDING)) if any(counts) else "–"
    lines = (
        ("Round", str(frame.round.number) if frame.round is not None else "–"),
        ("Pages left", left),
        ("Since request", _since(move, t_ns)),
        ("Runs on", frame.host if frame.status == "running" else frame.status),
    )
    over = f"ended at {format_duration_ns(history.end_ns)}" if t_ns > history.end_ns else ""
    return Instant(told.headline, lines, over)


def _since(move: MigrationRecord | None, t_ns: int) -> str:
    if move is None or t_ns < move.requested_ns:
        return "–"
    end_ns = t_ns if move.ended_ns is None else min(t_ns, move.ended_ns)
    return format_duration_ns(end_ns - move.requested_ns)


def writes_sentence(runs: Sequence[History]) -> str:
    """Return what is the same in all runs: the writes of the guests, or not.

    A guest writes the same if seed, VM and its dated changes are the same; policies and networks
    do not matter. A recording has writes of its own.
    """
    if any(isinstance(run, RecordedHistory) for run in runs):
        return "The recording had a guest of its own; the others meet its measured rate."
    same = all(_workload(run) == _workload(runs[0]) for run in runs[1:])
    if same:
        return "All runs meet the same writes, at the same instants of the guest's time."
    return "The guests differ in what they write."


def _workload(run: History) -> object:
    spec = run.spec
    changes = [
        (c.at_ns, path, value)
        for c in spec.changes
        for path, value in sorted(c.set.items())
        if path.startswith("vms.")
    ]
    return spec.run.seed, spec.vms, changes
