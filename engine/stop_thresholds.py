"""How few pages must be left before a migration stops its VM, as its policy has it, over time.

It reads a policy's parameters by their names, so that a new policy needs nothing here: a number of
pages (`min_dirty`), or a downtime that is allowed, which is worth as many pages as the stream
carries in it. Nothing here is part of a run.
"""

from collections.abc import Mapping
from typing import Final

from engine.errors import UnknownNameError
from engine.events import EventKind
from engine.history import History, MigrationRecord
from engine.policies import ParameterValue, parameters_of
from engine.recorded import RecordedHistory
from engine.specs import PAGE_BYTES
from engine.units import parse_duration

SECOND_NS: Final = 10**9
_NS_OF_SUFFIX: Final = {"ns": 1, "us": 10**3, "ms": 10**6, "s": SECOND_NS}
_DOWNTIME_NAMES: Final = ("downtime_limit", "max_downtime", "target_downtime", "downtime")
"""What policies call the downtime that they stay within; a bare number counts milliseconds."""


def stop_threshold(history: History, migration: MigrationRecord) -> list[tuple[int, int]] | None:
    """Return the number of pages below which the policy would stop the VM, as dated steps.

    Args:
        history: The run.
        migration: One of its migrations.

    Returns:
        (from when on, pages), in order of time, or None where the policy has no such number, or
        where nothing was pushed. The number of a downtime limit follows the stream's rate.
    """
    start_ns = _push_start(migration)
    if start_ns is None:
        return None
    if isinstance(history, RecordedHistory):
        limit_ns = history.downtime_limit_ns  # its policy is a guess, and has other numbers
        return None if limit_ns is None else _within_downtime(migration, limit_ns, start_ns)
    parameters = _parameters(history, migration)
    if parameters.get("rule") == "printed" and "min_remaining" in parameters:
        return [(start_ns, int(parameters["min_remaining"]) // PAGE_BYTES)]
    if "min_dirty" in parameters:
        return [(start_ns, int(parameters["min_dirty"]))]
    if migration.policy == "qemu-precopy":
        return _at_reads(history, migration)
    limit_ns = downtime_limit_ns(parameters)
    return None if limit_ns is None else _within_downtime(migration, limit_ns, start_ns)


def downtime_limit_ns(parameters: Mapping[str, ParameterValue]) -> int | None:
    """Return the downtime that a policy's parameters allow, None if they say nothing of it."""
    for stem in _DOWNTIME_NAMES:
        for suffix, factor in (("", 10**6), *((f"_{u}", n) for u, n in _NS_OF_SUFFIX.items())):
            value = parameters.get(stem + suffix)
            if isinstance(value, str):
                try:
                    return parse_duration(value)
                except ValueError:
                    continue
            if isinstance(value, int | float) and not isinstance(value, bool):
                return round(value * factor)
    return None


def _parameters(history: History, migration: MigrationRecord) -> dict[str, ParameterValue]:
    given: Mapping[str, ParameterValue] = {}
    if migration.request < len(history.spec.migrations):
        given = history.spec.migrations[migration.request].parameters
    try:
        return parameters_of(migration.policy, given)
    except UnknownNameError:
        return {}


def _push_start(migration: MigrationRecord) -> int | None:
    return next((p.start_ns for p in migration.phases if p.name == "push"), None)


def _at_reads(history: History, migration: MigrationRecord) -> list[tuple[int, int]] | None:
    """Return the threshold of the read that ended each stretch: QEMU's own, by its windows."""
    found = [
        (event.t_ns, int(event.detail("threshold", 0)) // PAGE_BYTES)
        for event in history.events
        if event.kind is EventKind.ROUND_STARTED
        and event.migration is not None
        and history.migrations[event.migration] is migration
        and event.detail("live", 0)
    ]
    ends = [pages for _, pages in found[1:]] + [pages for _, pages in found[-1:]]
    steps: list[tuple[int, int]] = []
    for (t_ns, _), pages in zip(found, ends, strict=True):
        if not steps or steps[-1][1] != pages:
            steps.append((t_ns, pages))
    return steps or None


def _within_downtime(
    migration: MigrationRecord, limit_ns: int, start_ns: int
) -> list[tuple[int, int]] | None:
    """Return how many pages the stream carries within a downtime, at each of its rates."""
    stopped_ns = migration.suspended_ns
    steps: list[tuple[int, int]] = []
    for t_ns, rate_bps in zip(migration.rate.t_ns, migration.rate.values, strict=True):
        if rate_bps <= 0 or (stopped_ns is not None and t_ns > stopped_ns):
            continue
        pages = rate_bps * limit_ns // (8 * PAGE_BYTES * SECOND_NS)
        if not steps or steps[-1][1] != pages:
            steps.append((max(start_ns, t_ns), pages))
    return steps or None
