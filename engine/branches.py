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
CHECKED_AT_ONCE: Final = 32
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
    scenario: Scenario, faults: list[str], kept: Sequence[Branch] = (), first: int = 0
) -> Iterator[Branch]:
    """Yield the branches that a scenario's file keeps, and note what is wrong with others.

    Args:
        scenario: The one of the file.
        faults: What is wrong is added here.
        kept: Those that the file was made of, if they are known: those before `first` too.
        first: How many branches of the file stand above those of the scenario.
    """
    known = {"", *(branch.name for branch in kept[:first])}
    for index, spec in enumerate(scenario.spec.branches):
        here = f"{scenario.name}: branches.{first + index}"
        if spec.name in known:
            faults.append(f'{here}.name = "{spec.name}": must differ from the other branches')
        if spec.parent not in known:
            faults.append(f'{here}.parent = "{spec.parent}": no branch of that name stands above')
        known.add(spec.name)
        try:
            likely = kept[first + index].scenario if first + index < len(kept) else None
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


def document_with_branches(scenario: Scenario, branches: Sequence[Branch]) -> Document:
    """Return a scenario's document that keeps these branches instead of those that it had.

    It is checked some branches at a time: with hundreds of them at once, what only the check needs
    would be many times what is kept.

    Args:
        scenario: The one that the file itself describes.
        branches: Each after its parent.

    Raises:
        ScenarioError: A branch differs in more than a file can keep (another memory size can be
            kept, another number of hosts cannot), or would come back as another one.
    """
    own = {k: v for k, v in scenario.document.items() if k != "branches"}
    if not branches:
        return own
    kept = [_kept(scenario, branch) for branch in branches]
    wrong: list[str] = []
    others: list[str] = []
    for first in range(0, len(kept), CHECKED_AT_ONCE):
        some = {**own, "branches": kept[first : first + CHECKED_AT_ONCE]}
        again = scenario_from_document(some, scenario.name, scenario)
        others += _those_that_change(again, branches, first, wrong)
    if wrong or others:
        raise ScenarioError(wrong or others)
    return {**own, "branches": kept}


def _those_that_change(
    again: Scenario, branches: Sequence[Branch], first: int, wrong: list[str]
) -> list[str]:
    """Open branches of the file as it would be written: each must run as it did.

    Args:
        again: The file with some of its branches.
        branches: All of them.
        first: How many stand above those of `again`.
        wrong: What cannot be opened at all is added here.
    """
    found = zip(_each_of(again, wrong, branches, first), branches[first:], strict=False)
    return [
        f'{branch.name}: it would come back as another one ("{_first_other(one, branch)}"); '
        "save this branch as a scenario of its own"
        for one, branch in found
        if _run_of(one.scenario) != _run_of(branch.scenario)
        or (one.name, one.parent, one.at_ns) != (branch.name, branch.parent, branch.at_ns)
    ]


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
