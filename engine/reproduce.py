"""Every published figure that the project claims, beside what the engine makes of it.

The claims are the `[[published]]` entries of the bundled scenarios, and those on models and
workloads that no scenario can hold (`engine.claims`). What misses stays in, marked.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict

from engine.claims import model_claims
from engine.metrics import (
    figure,
    format_figure,
    label_of,
    migration_figures,
    published_text,
    within,
)
from engine.scenario import Scenario, bundled_scenarios, load_scenario
from engine.simulation import simulate
from engine.specs import PublishedSpec

SEEDS: Final = range(1, 21)
MODELS: Final = "models"
"""Name of the claims that no scenario holds."""
ENOUGH: Final = 15
"""So many of the twenty seeds must lie inside, where there is chance in a run."""


class Reproduced(Struct, frozen=True):
    """One published figure and its reproduction.

    Attributes:
        id: Its name in the list of targets; "" without one.
        scenario: The bundled scenario, or what was measured instead.
        quantity: What was measured.
        published: The source's figure with its unit and band, as text.
        simulated: Ours, as text: the scenario's own seed.
        value: Ours as a number, None if there is none.
        deviation: (ours - published) / published, None where that says nothing.
        runs: Ours of every seed, the first being the scenario's own; one without chance.
        inside: How many of `runs` lie in the band.
        met: Whether it counts as reproduced.
        kind: "tight" or "band".
        source: Who published it.
        note: What it stands on, or why it is missed.
        given: Inputs that the source gives. fitted: Fitted to it. assumed: Assumed.
    """

    id: str
    scenario: str
    quantity: str
    published: str
    simulated: str
    value: float | None
    deviation: float | None
    runs: tuple[float | None, ...]
    inside: int
    met: bool
    kind: str
    source: str
    note: str
    given: tuple[str, ...] = ()
    fitted: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


Progress = Callable[[str], None]


def reproduce(names: Sequence[str] = (), progress: Progress | None = None) -> list[Reproduced]:
    """Return a row for every claim.

    Args:
        names: Bundled scenarios to look at, and `MODELS`; none: all.
        progress: Is told what is being run.
    """
    rows: list[Reproduced] = []
    for found in bundled_scenarios():
        if names and found.name not in names:
            continue
        scenario = load_scenario(found.name)
        if scenario.spec.published:
            if progress:
                progress(found.name)
            rows += _scenario_rows(scenario)
    if not names or MODELS in names:
        if progress:
            progress(MODELS)
        rows += [_model_row(claim) for claim in model_claims()]
    return rows


def as_json(rows: Sequence[Reproduced]) -> list[dict[str, Any]]:
    """Return the rows as `reproduce --json` prints them."""
    return [asdict(row) for row in rows]


def _model_row(claim: Any) -> Reproduced:
    return Reproduced(
        id=claim.id,
        scenario=claim.subject,
        quantity=claim.quantity,
        published=claim.published,
        simulated=claim.simulated,
        value=claim.value,
        deviation=claim.deviation,
        runs=(claim.value,),
        inside=int(claim.met),
        met=claim.met,
        kind="tight",
        source=claim.source,
        note=claim.note,
        fitted=claim.fitted,
    )


def _scenario_rows(scenario: Scenario) -> Iterator[Reproduced]:
    """Yield the rows of one scenario; variants and seeds are run once each."""
    published = scenario.spec.published
    chance = any(p.kind == "band" for p in published)
    variants: dict[tuple[tuple[str, Any], ...], list[dict[str, dict[str, Any]]]] = {}
    for claim in published:
        key = tuple(claim.overrides.items())
        if key not in variants:
            varied = scenario.with_values([(path, str(value)) for path, value in key])
            seeds = SEEDS if chance else (scenario.spec.run.seed,)
            variants[key] = [_figures(varied, seed) for seed in seeds]
        yield _row(scenario, claim, variants[key])


def _figures(scenario: Scenario, seed: int) -> dict[str, dict[str, Any]]:
    """Return the figures of every migration of a run, by VM; the first one's also by ""."""
    run = scenario.spec.run.model_copy(update={"seed": seed})
    history = simulate(scenario.spec.model_copy(update={"run": run}))
    figures: dict[str, dict[str, Any]] = {}
    for migration in history.migrations:
        found = migration_figures(migration, history)
        figures.setdefault(migration.vm, found)
        figures.setdefault("", found)
    return figures


def _row(
    scenario: Scenario, claim: PublishedSpec, runs: Sequence[dict[str, dict[str, Any]]]
) -> Reproduced:
    values = tuple(figure(run[claim.migration], claim.key) for run in runs)
    own = scenario.spec.run.seed
    first = values[SEEDS.index(own)] if len(values) > 1 and own in SEEDS else values[0]
    inside = sum(1 for value in values if within(value, claim))
    number = first if isinstance(first, int | float) else None
    off = None if number is None or not claim.value else (number - claim.value) / claim.value
    notes = partial(_noted, scenario)
    return Reproduced(
        id=claim.id,
        scenario=scenario.name,
        quantity=label_of(claim.key) + _variant(claim),
        published=published_text(claim),
        simulated=_spread(claim, first, values),
        value=number,
        deviation=off,
        runs=values,
        inside=inside,
        met=inside >= (ENOUGH if len(values) > 1 else 1),
        kind=claim.kind,
        source=claim.source,
        note=claim.note,
        given=notes("source"),
        fitted=notes("fitted"),
        assumed=notes("assumed"),
    )


def _noted(scenario: Scenario, given: str) -> tuple[str, ...]:
    return tuple(v.key for v in scenario.spec.values if v.given == given)


def _variant(claim: PublishedSpec) -> str:
    texts = [
        f"{path.rsplit('.', maxsplit=1)[-1]} {value}" for path, value in claim.overrides.items()
    ]
    return f" ({', '.join(texts)})" if texts else ""


def _spread(claim: PublishedSpec, first: Any, values: Sequence[Any]) -> str:
    """Return the scenario's own figure; with chance, the least and the greatest beside it."""
    text = format_figure(claim.key, first)
    known = sorted(v for v in values if isinstance(v, int | float))
    if len(known) < 2 or known[0] == known[-1]:
        return text
    low, high = (format_figure(claim.key, x) for x in (known[0], known[-1]))
    return f"{text} ({low} to {high})"
