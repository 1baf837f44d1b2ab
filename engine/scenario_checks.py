"""Validation of a scenario's document: every fault at once, one sentence each.

Single values are checked by the models in `engine.specs`; what must fit together (names, hosts,
policies, dated changes) is checked here on the raw document, so that a wrong field hides nothing
else, and a fault that only follows from another one is not reported.
"""

from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel

from engine import scenario_paths as paths
from engine import units
from engine.errors import ScenarioError
from engine.policies import POLICIES
from engine.scenario_fields import Faults, any_of, check_fields, parse_value
from engine.scenario_paths import Document, Location, PathError
from engine.specs import PAGE_BYTES, HostSpec, MigrationSpec, ScenarioSpec, VmSpec, WriterSpec
from engine.workload import load_trace

_CHANGEABLE: Final[tuple[tuple[str, ...], ...]] = (
    ("network", "bandwidth"),
    ("vms", "*", "writers", "*", "rate"),
    ("vms", "*", "writers", "*", "speed"),
    ("vms", "*", "writers", "*", "hot_writes"),
    ("migrations", "*", "rate_limit"),
    ("migrations", "*", "policy"),
    ("migrations", "*", "parameters", "*"),
)
"""What may change while a run goes on."""

FAULTS_OF_VMS: Final = ("cancel", "announcement-lost")


def validate(document: Document) -> tuple[ScenarioSpec | None, list[str]]:
    """Return the scenario that a document holds, and all its faults.

    Args:
        document: As read from TOML; it is not changed.

    Returns:
        The scenario, or None if there are faults; `PATH = VALUE: what was expected` for each.
    """
    faults = Faults(document)
    spec = check_fields(document, faults)
    _check_format(document, faults)
    for check in (_check_names, _check_references, _check_vms, _check_migrations, _check_changes):
        check(document, faults)
    if faults.found or spec is None:
        return None, faults.sentences()
    return _with_plain_changes(document, spec), []


def _with_plain_changes(document: Document, spec: ScenarioSpec) -> ScenarioSpec:
    """Return a scenario whose dated changes go by name, by position only where names repeat."""
    changes = tuple(
        change.model_copy(
            update={"set": {_plain_path(document, path): raw for path, raw in change.set.items()}}
        )
        for change in spec.changes
    )
    return spec.model_copy(update={"changes": changes}) if changes else spec


def _plain_path(document: Document, path: str) -> str:
    location, _ = paths.locate(document, path)
    moves = _names(document, "migrations")
    if location[0] == "migrations" and moves.count(moves[int(location[1])]) > 1:
        return ".".join(str(step) for step in location)
    return paths.path_of(document, location)


def _check_format(document: Document, faults: Faults) -> None:
    misspelt = any('did you mean "format"?' in sentence for _, sentence in faults.found)
    if "format" not in document and not misspelt:
        faults.add(("format",), "is missing; write format = 1 at the top", missing=True)


def _tables(document: Document, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield position and table of every well-formed item of a list of the document."""
    entries = document.get(name)
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            yield index, entry


def _names(document: Document, list_name: str) -> list[str]:
    found = (paths.item_name(list_name, entry) for _, entry in _tables(document, list_name))
    return [name for name in found if name is not None]


def _check_names(document: Document, faults: Faults) -> None:
    for list_name, what in (("hosts", "host"), ("storage", "storage"), ("vms", "VM")):
        seen: set[str] = set()
        for index, entry in _tables(document, list_name):
            name = entry.get("name")
            if name == "":
                faults.add((list_name, index, "name"), "must not be empty")
            if not isinstance(name, str) or not name:
                continue
            if list_name == "vms" and ("." in name or name.isdigit()):
                expected = "use a name without dots that is no number: paths go by it"
                faults.add((list_name, index, "name"), expected)
            if name in seen:
                faults.add((list_name, index, "name"), f"another {what} has this name")
            seen.add(name)


def _check_references(document: Document, faults: Faults) -> None:
    """Check that everything which is named exists."""
    for index, entry in _tables(document, "vms"):
        _check_name(document, faults, ("vms", index, "host"), "hosts")
        if "storage" in entry:
            _check_name(document, faults, ("vms", index, "storage"), "storage")
    for index, entry in _tables(document, "storage"):
        seen_by = entry.get("hosts")
        for i in range(len(seen_by) if isinstance(seen_by, list) else 0):
            _check_name(document, faults, ("storage", index, "hosts", i), "hosts")
    for index, _ in _tables(document, "migrations"):
        _check_name(document, faults, ("migrations", index, "vm"), "vms")
        _check_name(document, faults, ("migrations", index, "to"), "hosts")
    for index, fault in _tables(document, "faults"):
        kind = "vms" if fault.get("kind") in FAULTS_OF_VMS else "hosts"
        _check_name(document, faults, ("faults", index, "on"), kind)
    moved = [m.get("vm") for _, m in _tables(document, "migrations")]
    for index, entry in _tables(document, "published"):
        if entry.get("migration", "") not in ("", *moved):
            faults.add(("published", index, "migration"), "no migration moves a VM of that name")


def _check_name(document: Document, faults: Faults, location: Location, list_name: str) -> None:
    name = paths.raw_value(document, location)
    known = _names(document, list_name)
    if not isinstance(name, str) or name in known:
        return
    entries = document.get(list_name)
    if len(known) < len(entries if isinstance(entries, list) else []):
        return  # some item has no right name: it may be the one that is meant
    if (list_name == "hosts" and not known) or any(p == (list_name,) for p, _ in faults.found):
        return  # what is wrong with the whole list is said already
    if list_name not in document and any(
        place[0] != list_name and f'"{list_name}"' in sentence for place, sentence in faults.found
    ):
        return  # the whole list stands under a misspelt name
    what = {"hosts": "host", "vms": "VM", "storage": "storage"}[list_name]
    there = f"; there are: {', '.join(dict.fromkeys(known))}" if known else ""
    faults.add(location, f"no {what} of that name{there}")


def _check_vms(document: Document, faults: Faults) -> None:
    for index, vm in _tables(document, "vms"):
        writers = vm.get("writers")
        for i, writer in enumerate(writers if isinstance(writers, list) else []):
            if isinstance(writer, dict):
                _check_writer(vm, writer, faults, ("vms", index, "writers", i))
    _check_room(document, faults)


def _parsed(table: dict[str, Any], name: str, model: type[BaseModel]) -> Any:
    """Return a table's value in base units, its default, or None if it is wrong or not given."""
    key = paths.keys_of(model)[name]
    if name not in table:
        return None if key.field.is_required() else key.field.default
    try:
        return parse_value(table[name], key)
    except PathError:
        return None


def _check_writer(
    vm: dict[str, Any], writer: dict[str, Any], faults: Faults, location: Location
) -> None:
    memory = _parsed(vm, "memory", VmSpec)
    offset = _parsed(writer, "offset", WriterSpec)
    region = _parsed(writer, "region", WriterSpec)
    vcpus, vcpu = _parsed(vm, "vcpus", VmSpec), _parsed(writer, "vcpu", WriterSpec)
    if memory is not None and offset is not None:
        room = memory - offset
        if room < PAGE_BYTES:
            faults.add((*location, "offset"), "begins beyond the VM's memory")
        elif region is not None and region > room:
            expected = f"reaches beyond the VM's memory; at most {units.format_size(room)} here"
            faults.add((*location, "region"), expected)
    if vcpus is not None and vcpu is not None and vcpu >= vcpus:
        faults.add((*location, "vcpu"), f"the VM has {vcpus} vCPU, counted from 0")
    if "jitter" in writer and ("trace" in writer or "first_sweep_rate" in writer):
        faults.add((*location, "jitter"), "not with a trace or a first_sweep_rate")
    if "phase_length" in writer and writer.get("pattern") != "phases":
        expected = 'only a writer with pattern = "phases" has one'
        faults.add((*location, "phase_length"), expected)
    _check_trace(writer, faults, location)


def _check_trace(writer: dict[str, Any], faults: Faults, location: Location) -> None:
    trace, is_trace = writer.get("trace"), writer.get("pattern") == "trace"
    if is_trace and "trace" not in writer:
        faults.add((*location, "trace"), "is missing; name the recorded trace", missing=True)
    elif "trace" in writer and not is_trace:
        faults.add((*location, "trace"), 'only a writer with pattern = "trace" has one')
    elif is_trace and isinstance(trace, str):
        try:
            load_trace(trace)
        except ScenarioError as error:
            faults.add((*location, "trace"), error.faults[0].partition(": ")[2])


def _check_room(document: Document, faults: Faults) -> None:
    """Check that every host has the memory that its VMs take at the start."""
    for index, host in _tables(document, "hosts"):
        total = _parsed(host, "memory", HostSpec)
        sizes = [
            _parsed(vm, "memory", VmSpec) or 0
            for _, vm in _tables(document, "vms")
            if vm.get("host") == host.get("name")
        ]
        if total is not None and sum(sizes) > total and not faults.touched(("hosts", index)):
            expected = f"its VMs take {units.format_size(sum(sizes))} at the start"
            faults.add(("hosts", index, "memory"), expected, missing="memory" not in host)


def _check_migrations(document: Document, faults: Faults) -> None:
    homes: dict[str, Any] = {}
    for _, vm in _tables(document, "vms"):
        homes.setdefault(str(vm.get("name")), vm.get("host"))
    for index in _first_moves(document):
        migration = paths.raw_value(document, ("migrations", index))
        to, home = migration.get("to"), homes.get(str(migration.get("vm")))
        location = ("migrations", index, "to")
        if isinstance(to, str) and to == home and not faults.touched(location):
            faults.add(location, "the VM is on this host already; name another host")
    above: list[str] = []
    for index, migration in _tables(document, "migrations"):
        _check_policy(document, migration, faults, index)
        after = migration.get("after", "")
        if isinstance(after, str) and after and after not in above:
            faults.add(("migrations", index, "after"), "no migration above moves a VM of that name")
        above.append(str(migration.get("vm")))


def _first_moves(document: Document) -> list[int]:
    """Return the position of each VM's earliest migration; where a later one starts is not known.

    A migration that would not move its VM does not count as one.
    """
    dated = [
        (_parsed(m, "at", MigrationSpec) or 0, i, str(m.get("vm")))
        for i, m in _tables(document, "migrations")
    ]
    first: dict[str, int] = {}
    for _, index, vm in sorted(dated):
        first.setdefault(vm, index)
    return sorted(first.values())


def _policies_of(document: Document, index: int) -> list[str]:
    """Return the policy of a migration, and those that dated changes give it."""
    migration = paths.raw_value(document, ("migrations", index))
    result = [migration.get("policy", "xen-legacy")]
    for _, change in _tables(document, "changes"):
        values = change.get("set")
        for path, value in values.items() if isinstance(values, dict) else ():
            try:
                location, _ = paths.locate(document, path)
            except PathError:
                continue
            if location == ("migrations", index, "policy"):
                result.append(value)
    return result


def _check_policy(
    document: Document, migration: dict[str, Any], faults: Faults, index: int
) -> None:
    name = migration.get("policy", "xen-legacy")
    if isinstance(name, str) and name not in POLICIES:
        faults.add(("migrations", index, "policy"), policy_expectation(name))
    given = migration.get("parameters")
    for parameter, value in given.items() if isinstance(given, dict) else ():
        expected = _parameter_fault(parameter, value, _policies_of(document, index))
        expected = expected or _unit_fault(document, migration, parameter, value)
        location = ("migrations", index, "parameters", parameter)
        if expected and not faults.touched(location):
            faults.add(location, expected)


def policy_expectation(name: str) -> str:
    """Return in a clause which policies there are, the nearest one first."""
    return f"unknown policy{paths.suggestion(name, list(POLICIES))}; use {any_of(tuple(POLICIES))}"


def _parameter_fault(name: str, value: object, policy_names: list[str]) -> str | None:
    policies = [POLICIES[p] for p in policy_names if isinstance(p, str) and p in POLICIES]
    if len(policies) < len(policy_names):
        return None  # the policy itself is wrong
    for policy in policies:
        if name in policy.parameters:
            return policy.parameters[name].fault_of(value)
    known = list(policies[0].parameters)
    there = f"it has: {', '.join(known)}" if known else "it has none"
    near = paths.suggestion(name, known)
    return f"policy {policies[0].name} has no such parameter{near or f'; {there}'}"


def _unit_fault(
    document: Document, migration: dict[str, Any], parameter: str, value: object
) -> str | None:
    """Return in a clause what is wrong with a page of the host that does not divide a memory."""
    if parameter != "page_unit" or not isinstance(value, int) or isinstance(value, bool):
        return None
    for _, vm in _tables(document, "vms"):
        memory = _parsed(vm, "memory", VmSpec)
        if vm.get("name") != migration.get("vm") or memory is None or value < 1:
            continue
        n_pages = memory // PAGE_BYTES
        if n_pages % value:
            return f"must divide the {n_pages:,} pages of VM {vm['name']} without a rest"
    return None


def _check_changes(document: Document, faults: Faults) -> None:
    for index, change in _tables(document, "changes"):
        values = change.get("set")
        for path, value in values.items() if isinstance(values, dict) else ():
            place = ("changes", index, "set", path)
            expected = change_fault(document, path, value)
            if expected and not faults.touched(place):
                faults.add(place, expected)


def change_fault(document: Document, path: str, value: object) -> str | None:
    """Return in a clause what is wrong with one dated value, or None."""
    try:
        location = _changed_place(document, path, value)
    except PathError as error:
        return str(error)
    if location[0] == "migrations" and location[2] == "policy" and value not in POLICIES:
        return policy_expectation(str(value))
    if location[0] == "migrations" and location[2] == "parameters":
        names = _policies_of(document, int(location[1]))
        migration = paths.raw_value(document, ("migrations", location[1]))
        fault = _parameter_fault(str(location[3]), value, names)
        return fault or _unit_fault(document, migration, str(location[3]), value)
    return None


def _changed_place(document: Document, path: str, value: object) -> Location:
    """Return where a dated value goes.

    Raises:
        PathError: It cannot go there, or is not right there.
    """
    location, key = paths.locate(document, path)
    if isinstance(location[-1], int) or not _changeable(location):
        raise PathError("cannot change while the run goes on")
    depth = 4 if location[0] == "vms" else 2
    if location[0] != "network" and paths.raw_value(document, location[:depth]) is None:
        raise PathError("there is no such " + ("writer" if location[0] == "vms" else "migration"))
    parse_value(value, key)
    return location


def _changeable(location: Location) -> bool:
    return any(
        len(pattern) == len(location)
        and all(p in ("*", step) for p, step in zip(pattern, location, strict=True))
        for pattern in _CHANGEABLE
    )
