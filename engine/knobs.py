"""Which knob would help a migration, and by how much: found by trying it.

Every answer is a run of the same scenario with one thing changed, so it meets the same guest. A
knob is turned in steps of a quarter until the goal is met, and the least turn that meets it is
told, with what the run then showed.
"""

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from engine.errors import ScenarioError
from engine.history import History, MigrationRecord
from engine.metrics import downtime_ns, total_time_ns
from engine.policies import POLICIES
from engine.prediction import FORCED
from engine.scenario import Scenario
from engine.simulation import simulate
from engine.specs import MigrationSpec
from engine.units import format_bit_rate, format_duration_ns, format_page_rate

QUARTERS: Final = (5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32, 40, 48, 64)
"""How far a knob is turned, in quarters of what it is: from 1.25 times to 16 times."""
OTHER_POLICIES: Final = ("postcopy", "xen-legacy", "xen-v2", "qemu-precopy")
TURNED_OFF: Final = "none"


class Result(Struct, frozen=True):
    """What one run showed of the migration.

    Attributes:
        converged: Whether it completed because little was left, and not because it had to.
        downtime_ns: None when it never stopped and came back.
        total_ns: None when it did not complete.
    """

    converged: bool
    downtime_ns: int | None
    total_ns: int | None

    @property
    def words(self) -> str:
        """Return the figures in a clause."""
        if self.downtime_ns is None or self.total_ns is None:
            return "it does not complete"
        down, total = format_duration_ns(self.downtime_ns), format_duration_ns(self.total_ns)
        return f"a downtime of {down} and {total} in all"


class Trial(Struct, frozen=True):
    """What turning one knob does.

    Attributes:
        knob: What is turned.
        path: Where it stands in the scenario, the first place if there are several.
        helps: Whether some turn met the goal.
        sentence: What was tried and what came of it.
        before: The run as it is. after: The run with the least turn that helps, or the last one.
        values: The values of that run by path, to be taken over.
    """

    knob: str
    path: str
    helps: bool
    sentence: str
    before: Result
    after: Result
    values: tuple[tuple[str, str], ...]


class _Knob(Struct, frozen=True):
    """Something to turn: its turns in order, each as values by path, with words for it."""

    name: str
    turns: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def goal_words(before: Result) -> str:
    """Return what the knobs are turned for: to converge, or else half of the downtime."""
    if not before.converged:
        return "so that the rounds shrink and it stops by itself"
    return "so that the downtime is half of what it is"


def result_of(history: History, request: int) -> Result:
    """Return what a run shows of one of its scenario's migrations.

    Args:
        history: The run.
        request: The migration's place in the scenario.
    """
    record = next((m for m in history.migrations if m.request == request), None)
    if record is None or record.outcome != "completed":
        return Result(False, None, None)
    return Result(_converged(record), downtime_ns(record), total_time_ns(record))


def _converged(record: MigrationRecord) -> bool:
    return record.stop_reason not in FORCED


def knob_names(scenario: Scenario, request: int) -> list[str]:
    """Return the names of the knobs that this migration has, in the order of trying."""
    return [knob.name for knob in _knobs(scenario, request)]


def try_knob(scenario: Scenario, request: int, name: str) -> Trial:
    """Turn one knob until it helps.

    Args:
        scenario: As it is.
        request: The migration's place in it.
        name: One of `knob_names`.

    Raises:
        ValueError: The migration has no such knob.
    """
    knob = next((k for k in _knobs(scenario, request) if k.name == name), None)
    if knob is None:
        raise ValueError(f'no knob "{name}" here')
    before = result_of(simulate(scenario.spec), request)
    tried: dict[int, Result] = {}

    def met(turn: int) -> bool:
        tried[turn] = _run_with(scenario, request, knob.turns[turn][1])
        return _meets(before, tried[turn])

    turn = _least(len(knob.turns), met)
    helps = turn is not None
    turn = len(knob.turns) - 1 if turn is None else turn
    words, values = knob.turns[turn]
    return Trial(
        knob=knob.name,
        path=values[0][0],
        helps=helps,
        sentence=_sentence(words, before, tried[turn], helps),
        before=before,
        after=tried[turn],
        values=values,
    )


def try_knobs(scenario: Scenario, request: int) -> Iterator[Trial]:
    """Turn every knob of a migration, one after the other."""
    for name in knob_names(scenario, request):
        yield try_knob(scenario, request, name)


def _least(count: int, met: Callable[[int], bool]) -> int | None:
    """Return the first turn that meets the goal: whether the last does, then by halves."""
    if not met(count - 1):
        return None
    low, high = 0, count - 1
    while low < high:
        middle = (low + high) // 2
        if met(middle):
            high = middle
        else:
            low = middle + 1
    return high


def _run_with(scenario: Scenario, request: int, values: tuple[tuple[str, str], ...]) -> Result:
    try:
        changed = scenario.with_values(values)
    except ScenarioError:
        return Result(False, None, None)
    return result_of(simulate(changed.spec), request)


def _meets(before: Result, after: Result) -> bool:
    if after.downtime_ns is None or not after.converged:
        return False
    if not before.converged or before.downtime_ns is None:
        return True
    return 2 * after.downtime_ns <= before.downtime_ns


def _sentence(words: str, before: Result, after: Result, helps: bool) -> str:
    start = words[0].upper() + words[1:]
    if helps:
        return f"{start}: {after.words}, instead of {before.words}."
    if after.downtime_ns is None:
        return f"{start}: it still does not complete."
    forced = "" if after.converged else "stopped by force, "
    return f"{start}: not enough; {forced}{after.words}. As it is: {before.words}."


def _knobs(scenario: Scenario, request: int) -> list[_Knob]:
    migration = scenario.spec.migrations[request]
    found = (
        _bandwidth(scenario),
        _writers(scenario, migration),
        _rate_limit(scenario, request, migration),
        *_parameters(scenario, request, migration),
        *_policies(request, migration),
    )
    return [knob for knob in found if knob is not None and knob.turns]


def _bandwidth(scenario: Scenario) -> _Knob | None:
    spec = scenario.spec
    links = [("network.bandwidth", spec.network.bandwidth_bps)]
    links += [(f"hosts.{h.name}.nic", h.nic_bps) for h in spec.hosts if h.nic_bps is not None]
    turns = []
    for quarters in QUARTERS:
        values = tuple((path, f"{bps * quarters // 4} bit/s") for path, bps in links)
        turns.append((f"with links of {format_bit_rate(links[0][1] * quarters // 4)}", values))
    return _Knob("Link bandwidth", tuple(turns))


def _writers(scenario: Scenario, migration: MigrationSpec) -> _Knob | None:
    vm = next(vm for vm in scenario.spec.vms if vm.name == migration.vm)
    rates = [(i, w.rate_pps) for i, w in enumerate(vm.writers) if w.rate_pps]
    speeds = [(i, w.speed_percent) for i, w in enumerate(vm.writers) if w.pattern == "trace"]
    if not rates and not speeds:
        return None
    turns = []
    for quarters in QUARTERS:
        values = [
            (f"vms.{vm.name}.writers.{i}.rate", f"{max(1, 4 * r // quarters)} pages/s")
            for i, r in rates
        ]
        values += [
            (f"vms.{vm.name}.writers.{i}.speed", f"{max(1, 4 * s // quarters)} %")
            for i, s in speeds
        ]
        total = format_page_rate(sum(4 * rate // quarters for _, rate in rates))
        words = f"with a guest that writes {total}" if rates else (
            f"with a guest at {100 * 4 // quarters} % of its speed"
        )
        turns.append((words, tuple(values)))
    return _Knob("Dirty rate", tuple(turns))


def _rate_limit(scenario: Scenario, request: int, migration: MigrationSpec) -> _Knob | None:
    if migration.rate_limit_bps is None:
        return None
    path = f"migrations.{request}.rate_limit"
    turns = [
        (f"with a rate limit of {format_bit_rate(bps)}", ((path, f"{bps} bit/s"),))
        for quarters in QUARTERS
        for bps in (migration.rate_limit_bps * quarters // 4,)
        if bps < scenario.spec.network.bandwidth_bps
    ]
    turns.append(("without a rate limit", ((path, TURNED_OFF),)))
    return _Knob("Rate limit", tuple(turns))


_TURNED_PARAMETERS: Final = {
    "max_rate": ("Highest rate of the policy", "with a highest rate of {} Mbit/s"),
    "max_bandwidth": ("Bandwidth of the policy", "with max-bandwidth {} MiB/s"),
    "downtime_limit": ("Downtime limit", "with a downtime limit of {} ms"),
}


def _parameters(
    scenario: Scenario, request: int, migration: MigrationSpec
) -> Iterator[_Knob]:
    for name, (title, words) in _TURNED_PARAMETERS.items():
        path = f"migrations.{request}.parameters.{name}"
        if name not in POLICIES[migration.policy].parameters:
            continue
        now = scenario.value_at(path, 0)
        if not isinstance(now, int) or isinstance(now, bool) or now <= 0:
            continue
        values = sorted({now * quarters // 4 for quarters in QUARTERS})
        turns = tuple((words.format(v), ((path, str(v)),)) for v in values if v > now)
        yield _Knob(title, turns)


def _policies(request: int, migration: MigrationSpec) -> Iterator[_Knob]:
    for name in OTHER_POLICIES:
        if name != migration.policy and name in POLICIES:
            turn = (f"with {POLICIES[name].title}", ((f"migrations.{request}.policy", name),))
            yield _Knob(f"Policy {name}", (turn,))
