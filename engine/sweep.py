"""Many runs over a grid of values and policies, on any `concurrent.futures` executor.

A sweep is data: the same plan gives the same result on one process, on all cores or on a cluster,
because every point is a whole run of its own and the order is that of the grid.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from decimal import Context, Decimal
from itertools import product
from typing import Any, Final

from msgspec import Struct

from engine import scenario_paths as paths
from engine.errors import ScenarioError
from engine.metrics import summarize_migration
from engine.model_rows import first_look
from engine.policies import POLICIES
from engine.prediction import stopped_by_itself
from engine.scenario import Scenario, scenario_from_document
from engine.scenario_fields import parse_value
from engine.scenario_paths import Document, PathError
from engine.simulation import simulate

MOST_POINTS: Final = 1_000_000
MOST_STEPS: Final = 1000
POINTS_A_CHUNK: Final = 6
LARGE_PAGES: Final = 1 << 19
"""Runs of larger VMs are handed out one by one: a cancelled sweep waits for what is under way."""
AHEAD: Final = 3
"""So many chunks a worker are handed out at once; the others stay here, to be cancelled."""
FIGURES: Final = (
    "outcome", "converges", "total_time_s", "downtime_s", "service_gap_s", "bytes_sent",
    "pages_sent", "pages_skipped", "pages_faulted", "rounds", "model_total_time_s",
    "model_downtime_s", "model_converges",
)  # fmt: skip
"""What is kept of each run; the last three are the capped linear model's."""
NUMBERS: Final = tuple(f for f in FIGURES if f not in ("outcome", "converges", "model_converges"))
_EXACT: Final = Context(prec=40)
_UNITS: Final = {
    "bps": "bit/s", "pps": "pages/s", "ns": "ns", "bytes": "B", "packets": "packets",
}
_PAGE_BYTES: Final = 4096


class Axis(Struct, frozen=True):
    """One parameter and the values that it takes.

    Attributes:
        path: Where it stands in the scenario.
        values: As texts of a scenario file.
        numbers: The same in base units; None where a value is no number.
    """

    path: str
    values: tuple[str, ...]
    numbers: tuple[float | None, ...]


class Plan(Struct, frozen=True):
    """A sweep that can be run.

    Attributes:
        scenario: Everything that is not varied.
        axes: One or two.
        policies: One or more; "" is the scenario's own.
        vm: Whose first migration the figures are of.
    """

    scenario: Scenario
    axes: tuple[Axis, ...]
    policies: tuple[str, ...]
    vm: str

    @property
    def n_points(self) -> int:
        """Return the number of runs."""
        n = len(self.policies)
        for axis in self.axes:
            n *= len(axis.values)
        return n

    def points(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield (policy, a value for each axis), the last axis fastest."""
        for policy in self.policies:
            for values in product(*(axis.values for axis in self.axes)):
                yield policy, values


Row = tuple[Any, ...]
"""The figures of one run, as `FIGURES`."""


class SweepResult(Struct, frozen=True):
    """The figures of all runs of a plan, in the order of `Plan.points`."""

    plan: Plan
    rows: tuple[Row, ...]

    def column(self, figure: str) -> list[Any]:
        """Return one figure of every run."""
        at = FIGURES.index(figure)
        return [row[at] for row in self.rows]

    def to_csv(self) -> str:
        """Return a table with a heading; units stand in the names."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        names = [axis.path for axis in self.plan.axes]
        writer.writerow(["policy", *names, *FIGURES])
        for (policy, values), row in zip(self.plan.points(), self.rows, strict=True):
            cells = ["" if value is None else value for value in row]
            writer.writerow([policy or self._own_policy, *values, *cells])
        return out.getvalue()

    def to_json(self) -> str:
        """Return the plan and all figures as one object."""
        plan = self.plan
        return json.dumps(
            {
                "scenario": plan.scenario.name.removesuffix(".toml"), "vm": plan.vm,
                "axes": [{"path": a.path, "values": list(a.values)} for a in plan.axes],
                "policies": [policy or self._own_policy for policy in plan.policies],
                "figures": list(FIGURES),
                "rows": [list(row) for row in self.rows],
            },
            indent=None, separators=(",", ":"), ensure_ascii=False,
        ) + "\n"  # fmt: skip

    @property
    def _own_policy(self) -> str:
        moves = self.plan.scenario.spec.migrations
        return next((m.policy for m in moves if m.vm == self.plan.vm), "")


class SweepCancelledError(Exception):
    """The sweep was given up; nothing of it is kept."""


def plan_sweep(
    scenario: Scenario, axes: Sequence[str], policies: Sequence[str] = (), vm: str = ""
) -> Plan:
    """Return a plan from texts.

    Args:
        scenario: What is varied.
        axes: One or two of `PATH=FROM:TO:COUNT`, with `:log` for even ratios, or `PATH=A,B,C`.
        policies: Names; none: the scenario's own.
        vm: Whose migration counts; "": the first that migrates.

    Raises:
        ScenarioError: Something is wrong: all faults at once.
    """
    faults: list[str] = []
    if not 1 <= len(axes) <= 2:
        faults.append(f"--vary: {len(axes)} parameters given; use one or two")
    made = []
    for text in axes:
        try:
            made.append(_axis(scenario, text))
        except ScenarioError as error:
            faults += error.faults
    for policy in policies:
        if policy not in POLICIES:
            faults.append(f"--policy {policy}: no such policy; there are: {', '.join(POLICIES)}")
    if len({axis.path for axis in made}) < len(made):
        faults.append(f"--vary {made[0].path}: given twice; use two different parameters")
    movers = [m.vm for m in scenario.spec.migrations]
    if not movers:
        faults.append(f"{scenario.name}: no VM migrates in this scenario")
    elif vm and vm not in movers:
        faults.append(f"--vm {vm}: does not migrate; these do: {', '.join(dict.fromkeys(movers))}")
    plan = Plan(scenario, tuple(made), tuple(policies) or ("",), vm or (movers or [""])[0])
    if not faults and plan.n_points > MOST_POINTS:
        faults.append(f"--vary: {plan.n_points:,} runs; at most {MOST_POINTS:,}")
    if not faults:
        faults += _first_faults(plan)
    if faults:
        raise ScenarioError(faults)
    return plan


def run_sweep(
    plan: Plan,
    executor: Executor,
    *,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
    poll_s: float = 0.1,
) -> SweepResult:
    """Run every point of a plan.

    Args:
        plan: The plan.
        executor: Where; its functions and results must be picklable. It is not shut down.
        workers: How many runs it does at once: so much is handed out ahead.
        progress: Called with (runs done, runs in all).
        cancelled: Asked every `poll_s` seconds.
        poll_s: Seconds.

    Returns:
        The figures in the order of the grid, whatever the executor did first.

    Raises:
        SweepCancelledError: `cancelled` said so.
        ScenarioError: A point makes no valid scenario.
    """
    chunks = list(_chunks(plan))
    rows: list[Row | None] = [None] * plan.n_points
    waiting: dict[Future[list[Row]], int] = {}
    handed, done, total = 0, 0, plan.n_points
    document, name = plan.scenario.document, plan.scenario.name
    paths_of = tuple(axis.path for axis in plan.axes)
    progress(0, total)
    try:
        while handed < len(chunks) or waiting:
            while handed < len(chunks) and len(waiting) < max(1, workers) * AHEAD:
                first, points = chunks[handed]
                future = executor.submit(run_points, document, name, plan.vm, paths_of, points)
                waiting[future] = first
                handed += 1
            if cancelled():
                raise SweepCancelledError
            finished = wait(waiting, timeout=poll_s, return_when=FIRST_COMPLETED).done
            for future in finished:
                first = waiting.pop(future)
                found = future.result()
                rows[first : first + len(found)] = found
                done += len(found)
            if finished:
                progress(done, total)
    finally:
        for future in waiting:
            future.cancel()
    return SweepResult(plan, tuple(row for row in rows if row is not None))


def run_points(
    document: Document, name: str, vm: str, varied: tuple[str, ...],
    points: Sequence[tuple[str, tuple[str, ...]]],
) -> list[Row]:
    """Return the figures of some points; a function of its arguments alone, for any worker."""
    base = scenario_from_document(document, name)
    return [
        _figures(_at(base, policy, varied, values), vm) for policy, values in points
    ]


def _at(base: Scenario, policy: str, varied: tuple[str, ...], values: tuple[str, ...]) -> Scenario:
    scenario = base.with_policy(policy) if policy else base
    return scenario.with_values(list(zip(varied, values, strict=True)))


def _figures(scenario: Scenario, vm: str) -> Row:
    history = simulate(scenario.spec)
    record = next(m for m in history.migrations if m.vm == vm)
    found = summarize_migration(record)
    model = first_look(scenario.spec, record.request)
    converges = stopped_by_itself(record)
    figures = {
        **found,
        "converges": converges,
        "rounds": len(record.rounds),
        "model_total_time_s": _finite(None if model is None else model.total_time_s),
        "model_downtime_s": _finite(None if model is None else model.downtime_s),
        "model_converges": None if model is None else model.converges,
    }
    return tuple(figures[name] for name in FIGURES)


def _finite(value: float | None) -> float | None:
    return None if value is None or value == float("inf") else value


def _chunks(plan: Plan) -> Iterator[tuple[int, list[tuple[str, tuple[str, ...]]]]]:
    """Yield (first point, points) of each piece of work."""
    pages = max(vm.n_pages for vm in plan.scenario.spec.vms)
    size = POINTS_A_CHUNK if pages <= LARGE_PAGES else 1
    points = list(plan.points())
    for first in range(0, len(points), size):
        yield first, points[first : first + size]


def _first_faults(plan: Plan) -> list[str]:
    """Return what is wrong with the corners of the grid, before anything is run."""
    faults: list[str] = []
    varied = tuple(axis.path for axis in plan.axes)
    for policy in plan.policies:
        for values in product(*((axis.values[0], axis.values[-1]) for axis in plan.axes)):
            try:
                _at(plan.scenario, policy, varied, values)
            except ScenarioError as error:
                faults += [fault for fault in error.faults if fault not in faults]
    return faults


# Axes


def _axis(scenario: Scenario, text: str) -> Axis:
    path, equals, given = (part.strip() for part in text.partition("="))
    if not equals or not path or not given:
        raise ScenarioError([f"--vary {text}: use PATH=FROM:TO:COUNT or PATH=A,B,C"])
    try:
        _, key = paths.locate(scenario.document, path)
    except PathError as error:
        raise ScenarioError([f"--vary {path}: {error}"]) from error
    if ":" not in given:
        values = _with_units([value.strip() for value in given.split(",") if value.strip()])
        return Axis(path, values, tuple(_number(path, key, value) for value in values))
    low, high, count, log = _range_parts(path, given)
    low, high = _with_units([low, high])
    from_, to = _number(path, key, low), _number(path, key, high)
    if from_ is None or to is None:
        raise ScenarioError([f"--vary {path}={given}: a range needs numbers; use A,B,C"])
    if from_ >= to:
        raise ScenarioError([f"--vary {path}={given}: {low} is not less than {high}"])
    if log and from_ <= 0:
        raise ScenarioError([f"--vary {path}={given}: even ratios need a beginning above 0"])
    whole = not isinstance(from_, float) and not isinstance(to, float)
    numbers = _spaced(Decimal(str(from_)), Decimal(str(to)), count, log=log, whole=whole)
    if key.attribute.endswith("_bytes"):
        numbers = [number // _PAGE_BYTES * _PAGE_BYTES for number in numbers]
    texts = [_text(key.attribute, number, whole=whole) for number in numbers]
    return Axis(path, tuple(texts), tuple(float(number) for number in numbers))


def _range_parts(path: str, given: str) -> tuple[str, str, int, bool]:
    parts = [part.strip() for part in given.split(":")]
    log = parts[-1] == "log"
    if log:
        parts.pop()
    if len(parts) != 3 or not parts[2].isdigit() or not 2 <= int(parts[2]) <= MOST_STEPS:
        raise ScenarioError(
            [f"--vary {path}={given}: use FROM:TO:COUNT with 2 to {MOST_STEPS} steps, and :log "
             "for even ratios"]
        )  # fmt: skip
    return parts[0], parts[1], int(parts[2]), log


def _with_units(values: Sequence[str]) -> tuple[str, ...]:
    """Return values of which bare numbers have the unit of the last one: "1, 2, 5 Mbit/s"."""
    unit = values[-1].lstrip("0123456789.,_+- ")
    return tuple(v if v[-1:].isalpha() or not v[-1:].isdigit() or not unit else f"{v} {unit}"
                 for v in values)


def _number(path: str, key: paths.Key, text: str) -> float | int | None:
    """Return a value in base units; None: it is no number."""
    try:
        raw = paths.value_from_text(text, key)
        value = raw if key.is_open else parse_value(raw, key)
    except PathError as error:
        raise ScenarioError([f"--vary {path}: {text}: {error}"]) from error
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _spaced(low: Decimal, high: Decimal, count: int, *, log: bool, whole: bool) -> list[Decimal]:
    """Return values from low to high; in software decimals, so that all processors agree."""
    found = []
    for i in range(count):
        share = _EXACT.divide(Decimal(i), Decimal(count - 1))
        if log:
            value = _EXACT.multiply(low, _EXACT.power(_EXACT.divide(high, low), share))
        else:
            value = _EXACT.add(low, _EXACT.multiply(_EXACT.subtract(high, low), share))
        found.append(value.to_integral_value() if whole else value.quantize(Decimal("0.000001")))
    return found


def _text(attribute: str, number: Decimal, *, whole: bool) -> str:
    suffix = attribute.rpartition("_")[2]
    if suffix == "ppm":
        return f"{(number / 10_000).normalize():f} %"
    if suffix == "percent":
        return f"{int(number)} %"
    if suffix in _UNITS:
        return f"{int(number)} {_UNITS[suffix]}"
    return str(int(number)) if whole else f"{number.normalize():f}"
