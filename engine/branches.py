"""Branches: other futures of one scenario, kept in its file as what differs from it.

A branch is a scenario of its own when it is opened. The file keeps of it only values from the
start on (`set`), and its migrations, changes and faults where they are not the scenario's own;
an empty list where it has none and the scenario has some.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct

from engine import scenario_paths as paths
from engine.errors import ScenarioError
from engine.scenario import (
    Scenario,
    document_with_values,
    exact_duration,
    scenario_from_document,
)
from engine.scenario_paths import Document, Location
from engine.specs import ScenarioSpec
from engine.units import format_duration_ns

LISTS: Final = ("migrations", "changes", "faults")
"""What a branch has instead of the scenario's own."""
_ASIDE: Final = ("branches", "notes")
"""Parts of a file that no run depends on."""


class Branch(Struct, frozen=True):
    """Another future.

    Attributes:
        name: What its viewer calls it; unique in a file.
        parent: Name of the branch from which it forked; "": the scenario itself.
        at_ns: Where it forked.
        scenario: The whole scenario with this future.
    """

    name: str
    parent: str
    at_ns: int
    scenario: Scenario


def branches_of(scenario: Scenario) -> list[Branch]:
    """Return the branches that a scenario's file keeps, in its order.

    Raises:
        ScenarioError: A branch's name repeats, its parent is missing or comes later, or what it
            holds makes no valid scenario: all faults.
    """
    faults: list[str] = []
    found = list(_each_of(scenario, faults))
    if faults:
        raise ScenarioError(faults)
    return found


def _each_of(
    scenario: Scenario, faults: list[str], kept: Sequence[Branch] = ()
) -> Iterator[Branch]:
    """Yield the branches that a scenario's file keeps, and note what is wrong with others.

    Args:
        scenario: The one of the file.
        faults: What is wrong is added here.
        kept: Those that the file was made of, if they are known.
    """
    known = {""}
    for index, spec in enumerate(scenario.spec.branches):
        here = f"{scenario.name}: branches.{index}"
        if spec.name in known:
            faults.append(f'{here}.name = "{spec.name}": must differ from the other branches')
        if spec.parent not in known:
            faults.append(f'{here}.parent = "{spec.parent}": no branch of that name stands above')
        known.add(spec.name)
        try:
            likely = kept[index].scenario if index < len(kept) else None
            branch = _opened(scenario, scenario.document["branches"][index], likely)
        except ScenarioError as error:
            faults += [f"{here}: {fault}" for fault in error.faults]
            continue
        yield Branch(spec.name, spec.parent, spec.at_ns, branch)


def _opened(scenario: Scenario, raw: Document, likely: Scenario | None) -> Scenario:
    """Return what a branch is: a scenario that is known already if it has the same document."""
    base = {k: v for k, v in scenario.document.items() if k != "branches"}
    # An empty list is not an absent one: the branch has none where the scenario has some.
    lists: Document = {name: raw[name] for name in LISTS if name in raw}
    # Changes name migrations: the lists are put in first, at once, and then the values.
    whole: Document = {**base, **lists}
    both = {k: v for k, v in whole.items() if v or k not in lists}
    values: Document = raw.get("set", {})
    if likely is not None:
        known, faults = document_with_values(both, values.items(), scenario.name)
        if not faults and _without_aside(known) == _without_aside(likely.document):
            return likely
    opened = scenario_from_document(both, scenario.name, scenario)
    return opened.with_values(values.items()) if values else opened  # validated once is enough


def _without_aside(document: Document) -> Document:
    return {key: value for key, value in document.items() if key not in _ASIDE}


def with_branches(scenario: Scenario, branches: Sequence[Branch]) -> Scenario:
    """Return a scenario whose file keeps these branches instead of those that it had.

    Args:
        scenario: The one that the file itself describes.
        branches: Each after its parent.

    Raises:
        ScenarioError: A branch differs in more than a file can keep (another memory size can be
            kept, another number of hosts cannot), or would come back as another one.
    """
    kept = [_kept(scenario, branch) for branch in branches]
    document = {k: v for k, v in scenario.document.items() if k != "branches"}
    if kept:
        document["branches"] = kept
    again = scenario_from_document(document, scenario.name, scenario)
    _check_they_come_back(again, branches)
    return Scenario(document, scenario.name, again.spec)


def _check_they_come_back(again: Scenario, branches: Sequence[Branch]) -> None:
    """Open each branch of the file as it would be written: it must run as it did."""
    wrong: list[str] = []
    others = [
        f'{branch.name}: it would come back as another one ("{_first_other(found, branch)}"); '
        "save this branch as a scenario of its own"
        for found, branch in zip(_each_of(again, wrong, branches), branches, strict=False)
        if _run_of(found.scenario) != _run_of(branch.scenario)
        or (found.name, found.parent, found.at_ns) != (branch.name, branch.parent, branch.at_ns)
    ]
    if wrong or others:
        raise ScenarioError(wrong or others)


def _run_of(scenario: Scenario) -> ScenarioSpec:
    return scenario.spec.model_copy(update={name: () for name in _ASIDE})


def _first_other(found: Branch, branch: Branch) -> str:
    """Return the first part of a scenario in which two branches differ."""
    one, other = _run_of(found.scenario), _run_of(branch.scenario)
    parts = type(one).model_fields
    return next((name for name in parts if getattr(one, name) != getattr(other, name)), "name")


def _kept(scenario: Scenario, branch: Branch) -> Document:
    base, other = scenario.document, branch.scenario.document
    raw: Document = {"name": branch.name}
    if branch.parent:
        raw["parent"] = branch.parent
    if branch.at_ns:
        raw["at"] = exact_duration(branch.at_ns)
    values: dict[str, Any] = {}
    for key in dict.fromkeys((*base, *other)):
        if key in LISTS or key in _ASIDE or base.get(key) == other.get(key):
            continue
        for location, value in _differences(base.get(key), other.get(key), (key,)):
            if value is None or isinstance(value, dict | list):
                raise ScenarioError(
                    [
                        f'{branch.name}: "{paths.path_of(other, location)}" differs in a way that '
                        "no file can keep; save this branch as a scenario of its own"
                    ]
                )
            values[paths.path_of(other, location)] = value
    if values:
        raw["set"] = values
    for name in LISTS:
        if other.get(name, []) != base.get(name, []):
            raw[name] = other.get(name, [])
    return raw


def _differences(old: Any, new: Any, at: Location) -> Iterator[tuple[Location, Any]]:
    """Yield place and new value of everything that differs, leaf by leaf."""
    if old == new and type(old) is type(new):
        return
    if isinstance(new, dict) and isinstance(old, dict | None):
        for key in dict.fromkeys((*(old or {}), *new)):
            yield from _differences((old or {}).get(key), new.get(key), (*at, key))
    elif isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from _differences(*pair, (*at, index))
    else:
        yield at, new


def fork_name(at_ns: int, edit: str, taken: Sequence[str]) -> str:
    """Return a name for a branch that nobody has named yet.

    Args:
        at_ns: Where it forks.
        edit: What was done there, in words; "" if it is not known.
        taken: Names that are given.
    """
    name = edit or f"from {format_duration_ns(at_ns)}"
    count = 2
    result = name
    while result in taken or not result:
        result = f"{name} ({count})"
        count += 1
    return result
