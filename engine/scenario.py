"""Scenario files: loading, editing by path, and what is in force at an instant.

A `Scenario` is a value: its raw document, which an editor shows and saves, and the validated
spec, which a run needs. Every edit gives another scenario, validated again; nothing in a file is
executed.
"""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from engine import figure_text, units
from engine import scenario_paths as paths
from engine.errors import ScenarioError
from engine.policies import POLICIES, parameters_of
from engine.scenario_checks import policy_expectation, validate
from engine.scenario_fields import parse_value
from engine.scenario_paths import Document, Location, PathError
from engine.shared_parts import with_parts_of
from engine.specs import ScenarioSpec

BUNDLED: Final = Path(__file__).resolve().parent.parent / "assets" / "scenarios"
_LARGEST_FILE_BYTES: Final = 16 * 2**20

Given = str | bool | int | float
"""A value as text, or as TOML has it."""


class Scenario(Struct, frozen=True, dict=True):
    """A valid scenario.

    Attributes:
        document: The raw data as in the file. Shared between versions: never change it in place.
        name: What messages call it: the bundled name, or the file's name.
        spec: The parsed values that a run depends on.
    """

    document: Document
    name: str
    spec: ScenarioSpec

    def with_value(self, path: str, text: Given) -> "Scenario":
        """Return this scenario with another value at a path; see `with_values`.

        Raises:
            ScenarioError: The path leads nowhere, or the value does not fit there.
        """
        return self.with_values([(path, text)])

    def with_values(self, values: Iterable[tuple[str, Given]]) -> "Scenario":
        """Return this scenario with other values at some paths.

        A new policy drops those parameters of its migration that it does not have.

        Args:
            values: Pairs of path and value; a text is read as TOML, or taken as it is.

        Raises:
            ScenarioError: A path leads nowhere, or a value does not fit: all faults.
        """
        document, faults = document_with_values(self.document, values, self.name)
        return _validated(document, self.name, faults, self.spec)

    def with_policy(self, policy: str) -> "Scenario":
        """Return this scenario with one policy for all migrations, and no parameters.

        Raises:
            ScenarioError: There is no such policy.
        """
        if policy not in POLICIES:
            raise ScenarioError(
                [f"{self.name}: policy = {paths.shown(policy)}: {policy_expectation(policy)}"]
            )
        moves = [
            {k: v for k, v in m.items() if k != "parameters"} | {"policy": policy}
            for m in self.document.get("migrations", [])
        ]
        document = {**self.document, "migrations": moves} if moves else self.document
        return _validated(_without_policy_changes(document), self.name, older=self.spec)

    def with_change(self, at_ns: int, values: Mapping[str, Given]) -> "Scenario":
        """Return this scenario with dated changes added to those of that instant.

        Args:
            at_ns: Scenario time of the change.
            values: New value for each path.

        Raises:
            ScenarioError: A path or value is wrong or cannot change while the run goes on.
        """
        parsed: dict[str, Any] = {}
        for path, text in values.items():
            try:
                parsed[path] = paths.value_from_text(text, paths.locate(self.document, path)[1])
            except PathError:
                parsed[path] = text
        entries: list[Any] = list(self.document.get("changes", []))
        times = [change.at_ns for change in self.spec.changes]
        if at_ns in times:
            index = len(times) - 1 - times[::-1].index(at_ns)
            merged = self._without_same_place(entries[index]["set"], parsed) | parsed
            entries[index] = {**entries[index], "set": merged}
        else:
            index = sum(t < at_ns for t in times)
            entries.insert(index, {"at": exact_duration(at_ns), "set": parsed})
        return _validated({**self.document, "changes": entries}, self.name, older=self.spec)

    def _without_same_place(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
        """Return the old values but those that stand at the place of a new one."""
        places = {self._location(path) for path in new}
        return {p: v for p, v in old.items() if self._location(p) not in places}

    def _location(self, path: str) -> Location | str:
        try:
            return paths.locate(self.document, path)[0]
        except PathError:
            return path

    def with_migration(
        self, vm: str, to: str, at_ns: int, policy: str = "xen-legacy"
    ) -> "Scenario":
        """Return this scenario with one more migration.

        Args:
            vm: Name of the VM.
            to: Name of the destination.
            at_ns: Scenario time of the request.
            policy: Name of its policy.

        Raises:
            ScenarioError: A name is unknown, or the VM is there already.
        """
        added = {"vm": vm, "to": to, "at": exact_duration(at_ns), "policy": policy}
        moves = [*self.document.get("migrations", []), added]
        return _validated({**self.document, "migrations": moves}, self.name, older=self.spec)

    def with_fault(self, at_ns: int, kind: str, on: str) -> "Scenario":
        """Return this scenario with one more fault.

        Args:
            at_ns: Scenario time of the fault; it comes after those of the same instant.
            kind: link-down, link-up, host-dies, cancel or announcement-lost.
            on: Name of the host; for `cancel` and `announcement-lost` of the VM.

        Raises:
            ScenarioError: There is no such kind, host or VM.
        """
        added = {"at": exact_duration(at_ns), "kind": kind, "on": on}
        entries = list(self.document.get("faults", []))
        entries.insert(sum(fault.at_ns <= at_ns for fault in self.spec.faults), added)
        return _validated({**self.document, "faults": entries}, self.name, older=self.spec)

    def value_at(self, path: str, t_ns: int) -> Any:
        """Return the parsed value in force at an instant, dated changes included.

        Args:
            path: Where it stands; its default counts if the file does not give it.
            t_ns: Scenario time.

        Raises:
            ScenarioError: The path leads nowhere.
        """
        try:
            location, key = paths.locate(self.document, path)
            result = self._base_value(location, t_ns)
            for at_ns, place, raw in self._dated:
                if at_ns <= t_ns and place == location:
                    result = parse_value(raw, key)
        except PathError as error:
            raise ScenarioError([f"{self.name}: {path}: {error}"]) from error
        return result

    def _base_value(self, location: Location, t_ns: int) -> Any:
        if location[0] == "migrations" and location[2:3] == ("parameters",) and location[3:]:
            migration = self.spec.migrations[int(location[1])]
            policy = self.value_at(f"migrations.{location[1]}.policy", t_ns)
            known = parameters_of(policy, migration.parameters)
            return known.get(str(location[3]))
        return paths.spec_value(self.spec, location)

    @cached_property
    def _dated(self) -> list[tuple[int, Location, Any]]:
        """Return instant, place and raw value of every dated change, in order of time."""
        ordered = sorted(self.spec.changes, key=lambda change: change.at_ns)
        return [
            (change.at_ns, paths.locate(self.document, path)[0], raw)
            for change in ordered
            for path, raw in change.set.items()
        ]


class BundledScenario(Struct, frozen=True):
    """A scenario that comes with the program.

    Attributes:
        name: What `run` and `open` call it.
        title: For a menu.
        description: What it shows.
        path: Its file.
    """

    name: str
    title: str
    description: str
    path: Path


def exact_duration(duration_ns: int) -> str:
    """Return a duration as a file would write it, exact, in the largest whole unit."""
    for unit in ("s", "ms", "us"):
        if duration_ns % units.DURATION_UNITS[unit] == 0:
            return f"{duration_ns // units.DURATION_UNITS[unit]} {unit}"
    return f"{duration_ns} ns"


def _without_foreign_parameters(document: Document, location: Location) -> Document:
    """Return a document in which a migration keeps only parameters that its policy has."""
    migration = paths.raw_value(document, location)
    policy, given = POLICIES.get(str(migration.get("policy"))), migration.get("parameters")
    if policy is None or not isinstance(given, dict):
        return document
    kept = {name: value for name, value in given.items() if name in policy.parameters}
    return paths.with_raw_value(document, (*location, "parameters"), kept)


def _without_policy_changes(document: Document) -> Document:
    """Return a document without dated changes of policies and parameters."""
    entries = []
    for change in document.get("changes", []):
        kept = {}
        for path, value in change["set"].items():
            location, _ = paths.locate(document, path)
            if location[0] != "migrations" or location[2] == "rate_limit":
                kept[path] = value
        entries.append({**change, "set": kept})
    return {**document, "changes": entries} if entries else document


def _validated(
    document: Document,
    name: str,
    faults: Iterable[str] = (),
    older: ScenarioSpec | None = None,
) -> Scenario:
    spec, found = validate(document)
    all_faults = [*faults, *(f"{name}: {fault}" for fault in found)]
    if spec is None or all_faults:
        raise ScenarioError(all_faults)
    return Scenario(document, name, spec if older is None else with_parts_of(spec, older))


def document_with_values(
    document: Document, values: Iterable[tuple[str, Given]], name: str
) -> tuple[Document, list[str]]:
    """Return a document with other values at some paths, not validated, and what cannot be set.

    Args:
        document: As a file would hold it.
        values: Pairs of path and value, as for `Scenario.with_values`.
        name: What messages call it.
    """
    faults: list[str] = []
    for path, text in values:
        try:
            location, key = paths.locate(document, path)
        except PathError as error:
            faults.append(f"{name}: {path} = {paths.shown(text)}: {error}")
            continue
        value = paths.value_from_text(text, key)
        document = paths.with_raw_value(document, location, value)
        if location[0] == "migrations" and location[-1] == "policy":
            document = _without_foreign_parameters(document, location[:-1])
    return document, faults


def scenario_from_document(
    document: Document, name: str, older: Scenario | None = None
) -> Scenario:
    """Return the scenario of a document that a program made.

    Args:
        document: As a file would hold it.
        name: What messages call it.
        older: The version from which it was made: both share what they have in common.

    Raises:
        ScenarioError: It is wrong: all faults.
    """
    return _validated(document, name, older=older.spec if older is not None else None)


def parse_scenario(text: str, name: str) -> Scenario:
    """Return the scenario that a text in TOML describes.

    Args:
        text: As in a scenario file.
        name: What messages call it.

    Raises:
        ScenarioError: It is no TOML, or a wrong scenario: all faults.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([f"{name}: {_syntax_sentence(str(error))}"]) from error
    except RecursionError as error:
        raise ScenarioError([f"{name}: nested too deeply for a scenario"]) from error
    return _validated(document, name)


def _syntax_sentence(message: str) -> str:
    """Return tomllib's `What (at line L, column C)` as `line L, column C: what`."""
    what, _, place = message.rpartition(" (at ")
    if not what:
        return f"not valid TOML: {message}"
    return f"{place.removesuffix(')')}: not valid TOML: {what[0].lower()}{what[1:]}"


def bundled_scenarios() -> list[BundledScenario]:
    """Return the scenarios that come with the program, sorted by name."""
    result = []
    for path in sorted(BUNDLED.glob("*.toml")):
        with path.open("rb") as file:
            document = tomllib.load(file)
        title, description = document.get("title", path.stem), document.get("description", "")
        result.append(BundledScenario(path.stem, title, description, path))
    return result


def load_scenario(path_or_name: str | Path) -> Scenario:
    """Return a scenario: the bundled one of that name, or else the one in that file.

    Args:
        path_or_name: A text that names a bundled scenario means that one (`./NAME` means the
            file); a `Path` always means a file. A picture of ours is the scenario it carries.

    Raises:
        ScenarioError: There is neither, or it is wrong: all faults.
    """
    if isinstance(path_or_name, str) and "/" not in path_or_name and "\\" not in path_or_name:
        bundled = BUNDLED / f"{path_or_name}.toml"
        if bundled.is_file():
            return parse_scenario(_text_of(bundled), path_or_name)
    path = Path(path_or_name)
    if figure_text.is_picture(path) and path.is_file():
        return parse_scenario(figure_text.read_figure(path).scenario, path.name)
    return parse_scenario(_text_of(path, asked=str(path_or_name)), path.name or str(path))


def _text_of(path: Path, asked: str = "") -> str:
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise ScenarioError([f"{asked or path}: too large for a scenario file"])
        return path.read_bytes().decode()
    except FileNotFoundError as error:
        known = ", ".join(p.stem for p in sorted(BUNDLED.glob("*.toml")))
        there = f"; bundled are: {known}" if known else ""
        raise ScenarioError(
            [f"{asked or path}: no such file and no bundled scenario of that name{there}"]
        ) from error
    except UnicodeDecodeError as error:
        raise ScenarioError([f"{asked or path}: not a text file in UTF-8"]) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable file name"
        raise ScenarioError([f"{asked or path}: cannot be read: {reason}"]) from error
