"""Dated changes: what the paths of `[[changes]]` do to a run that is going on."""

from typing import Any, Protocol

from engine.migration import Migration
from engine.specs import MigrationSpec, NetworkSpec, WriterSpec
from engine.world import World

Value = bool | int | float | str


class Run(Protocol):
    """What a dated change may touch of a run that is going on."""

    world: World
    migrations: list[Migration]
    requests: dict[int, MigrationSpec]

    def is_pending(self, request: int) -> bool:
        """Return whether a request (by its number in the scenario) has not begun."""

    def limit_changed(self, m: Migration) -> None:
        """Take a running migration's new rate limit to the links."""


def apply_change(run: Run, path: str, value: Value) -> None:
    """Apply one change now; paths and values were checked with the scenario.

    Raises:
        ValueError: A path that cannot change in the middle of a run.
    """
    match path.split("."):
        case ["network", "bandwidth"]:
            network = NetworkSpec.model_validate({"bandwidth": value})
            run.world.bandwidth_bps = network.bandwidth_bps
            run.world.share_links()
        case ["vms", vm, "writers", index, key]:
            _change_writer(run, vm, int(index), key, value)
        case ["migrations", which, *rest]:
            _change_migration(run, which, rest, value)
        case _:
            raise ValueError(f"{path} cannot change in the middle of a run")


def _changed(spec: Any, key: str, value: Value) -> Any:
    fresh = type(spec).model_validate({**_required(spec), key: value})
    name = next(n for n, f in type(spec).model_fields.items() if key in (n, f.alias))
    return spec.model_copy(update={name: getattr(fresh, name)})


def _required(spec: Any) -> dict[str, Any]:
    fields = type(spec).model_fields
    return {n: getattr(spec, n) for n, f in fields.items() if f.is_required()}


def _change_writer(run: Run, vm: str, index: int, key: str, value: Value) -> None:
    world, now = run.world, run.world.now_ns
    guest = world.guests[vm]
    running = [m for m in run.migrations if m.spec.vm == vm and not m.ended]
    for m in running:
        m.before_guest_changes()
    writer = guest.writers[index]
    spec: WriterSpec = _changed(writer.spec, key, value)
    writer.change(guest.clocks[writer.vcpu].guest_at(now), spec)
    for m in running:
        m.after_guest_changed()
        if m.name in world.sendings:
            world.plan(m.name)


def _change_migration(run: Run, which: str, rest: list[str], value: Value) -> None:
    requests = run.requests
    named = [i for i, r in requests.items() if r.vm == which]
    numbers = [int(which)] if which.isdigit() else named
    pending = [i for i in numbers if run.is_pending(i)]
    for i in pending:
        requests[i] = _changed_request(requests[i], rest, value)
    if rest == ["rate_limit"]:
        for m in run.migrations:
            if not m.ended and m.request in numbers:
                _change_limit(run, m, value)


def _changed_request(request: MigrationSpec, rest: list[str], value: Value) -> MigrationSpec:
    if rest[0] == "parameters":
        parameters = {**request.parameters, rest[1]: value}
        return request.model_copy(update={"parameters": parameters})
    changed: MigrationSpec = _changed(request, rest[0], value)
    if rest[0] == "policy" and changed.policy != request.policy:
        changed = changed.model_copy(update={"parameters": {}})
    return changed


def _change_limit(run: Run, m: Migration, value: Value) -> None:
    m.spec = _changed(m.spec, "rate_limit", value)
    run.limit_changed(m)
