"""The simulated twin of a recording: a scenario whose values are taken from it, and no others fit.

Memory, limits, throughput and what the guest dirtied come from the recording; the rest is assumed,
and `[[values]]` says of each value which it is. Nothing is fitted to the result: not the downtime,
not the total time.
"""

from typing import Any, Final

from engine.errors import MigrascopeError
from engine.history import MigrationRecord
from engine.importing.guest_load import (
    Writing,
    held_back,
    is_slowed,
    three_digits,
    throughput_bps,
    writing_of,
    zero_pages_of,
)
from engine.policies import POLICIES
from engine.recorded import RecordedHistory
from engine.scenario import Scenario, scenario_from_document
from engine.scenario_paths import Document
from engine.specs import PAGE_BYTES
from engine.units import format_bit_rate, format_size

SECOND_NS: Final = 10**9
LARGEST_BYTES: Final = 64 * 2**30
RECORDED, ASSUMED = "source", "assumed"
NOT_TOLD: Final = "no limit is told: the link alone holds it back"
FROM_RECORDING: Final = "from the recording"
STREAM_SHARE: Final = (1448, 1538)
"""Of a frame on the wire so many bytes are the stream's."""
NICS_BPS: Final = (10**9, 10 * 10**9, 25 * 10**9, 100 * 10**9)
LONGEST_FACTOR: Final = 4
LEAST_LIMIT_NS: Final = 60 * SECOND_NS


class TwinError(MigrascopeError):
    """A recording has no simulated twin; one sentence says why."""


class _Values:
    """Notes on where each value comes from, in their order."""

    def __init__(self) -> None:
        self.entries: list[dict[str, str]] = []

    def add(self, key: str, note: str, *, known: bool) -> None:
        words = f"{FROM_RECORDING}: {note}" if known else note
        given = RECORDED if known else ASSUMED
        self.entries.append({"key": key, "given": given, "note": words})


def twin_of(recording: RecordedHistory) -> Scenario:
    """Return a scenario that simulates what a recording shows.

    Raises:
        TwinError: It holds no migration, or one of a VM too large to simulate.
        ScenarioError: Its values are none that a scenario can have.
    """
    if not recording.migrations:
        raise TwinError("This recording holds pings only: there is no migration to simulate.")
    m = recording.migrations[0]
    memory = m.pages_total * PAGE_BYTES
    if memory > LARGEST_BYTES:
        raise TwinError(
            f"The VM has {format_size(memory)} of memory; beside a recording at most "
            f"{format_size(LARGEST_BYTES)} are simulated."
        )
    name = recording.spec.title.removeprefix("Recorded: ")
    return scenario_from_document(_document(recording, m), f"{name}, simulated")


def _document(recording: RecordedHistory, m: MigrationRecord) -> Document:
    values = _Values()
    writing = writing_of(recording)
    vm = _vm(recording, m, writing, values)
    migration = _migration(recording, m, values)
    network = _network(recording, m, values)
    setup = next((p for p in m.phases if p.name == "reservation" and p.end_ns), None)
    document: dict[str, Any] = {
        "format": 1,
        "title": f"Simulated: {recording.spec.title.removeprefix('Recorded: ')}",
        "description": f"The simulated twin of a recording ({recording.kind}).",
        "run": {"until": "3 s after last migration"},
        "hosts": [
            {"name": host.name, "memory": f"{host.memory_bytes} B", "cpu": host.cpu}
            for host in recording.spec.hosts
        ],
        "storage": [{"name": "shared", "hosts": [host.name for host in recording.spec.hosts]}],
        "network": network,
        "vms": [vm],
        "migrations": [migration],
    }
    if setup is not None and setup.end_ns is not None:
        document["stages"] = {"reservation": f"{setup.end_ns - setup.start_ns} ns"}
        values.add("stages.reservation", "the time before the first page", known=True)
    values.add("storage", "both hosts see the VM's disks", known=False)
    values.add("stages", "the costs of suspending and starting are defaults", known=False)
    if m.outcome == "cancelled" and m.ended_ns is not None:
        document["faults"] = [{"at": f"{m.ended_ns} ns", "kind": "cancel", "on": m.vm}]
        values.add("faults.0.at", "it was cancelled then", known=True)
    document["values"] = values.entries
    return document


def _vm(
    recording: RecordedHistory, m: MigrationRecord, writing: Writing, values: _Values
) -> dict[str, Any]:
    memory = m.pages_total * PAGE_BYTES
    values.add(
        f"vms.{m.vm}.memory",
        format_size(memory) if recording.memory_known else "not recorded; a default",
        known=recording.memory_known,
    )
    most = max(0, m.pages_total - writing.region_pages)
    zero_pages, zero_note = zero_pages_of(m)
    zero_ppm = min(zero_pages, most) * 1_000_000 // m.pages_total
    values.add(f"vms.{m.vm}.zero_pages", zero_note or "none told", known=bool(zero_note))
    values.add(f"vms.{m.vm}.writers.0.rate", writing.note, known=writing.known)
    values.add(
        f"vms.{m.vm}.writers.0.pattern", "every page of the region alike: uniform", known=False
    )
    vm: dict[str, Any] = {
        "name": m.vm,
        "host": m.source,
        "memory": f"{memory} B",
        "storage": "shared",
        "zero_pages": f"{zero_ppm / 10_000:.4f} %",
        "writers": [
            {
                "pattern": "uniform",
                "rate": f"{writing.rate_pps} pages/s",
                "region": f"{writing.region_pages * PAGE_BYTES} B",
            }
        ],
    }
    if recording.probes and len(recording.probes[0].sent_ns):
        probe = recording.probes[0]
        interval, first = probe.spec.interval_ns, int(probe.sent_ns[0])
        vm["probes"] = [{"kind": "ping", "interval": f"{interval} ns", "phase": f"{first} ns"}]
        values.add(f"vms.{m.vm}.probes.0.interval", "as the pings were sent", known=True)
    return vm


def _migration(
    recording: RecordedHistory, m: MigrationRecord, values: _Values
) -> dict[str, Any]:
    path = f"migrations.{m.vm}"
    values.add(f"{path}.policy", f"by its format, {recording.kind}", known=True)
    if POLICIES[m.policy].family == "post-copy" and m.rounds:
        note = f"post-copy from the start; the recording pushed {len(m.rounds)} rounds before"
        values.add(f"{path}.policy", note, known=False)
    limit_ns = max(LEAST_LIMIT_NS, LONGEST_FACTOR * recording.end_ns)
    entry: dict[str, Any] = {
        "vm": m.vm, "to": m.destination, "policy": m.policy, "time_limit": f"{limit_ns} ns",
    }  # fmt: skip
    parameters = _parameters(recording, m.policy)
    if parameters:
        entry["parameters"] = {key: value for key, (value, _) in parameters.items()}
        for key, (_, note) in parameters.items():
            values.add(f"{path}.parameters.{key}", note or NOT_TOLD, known=bool(note))
    if held_back(recording, m) and "max_bandwidth" not in parameters:
        entry["rate_limit"] = f"{_limit_of(recording)} bit/s"
        values.add(f"{path}.rate_limit", "its bandwidth limit", known=True)
    return entry


def _limit_of(recording: RecordedHistory) -> int | None:
    return recording.spec.migrations[0].rate_limit_bps


def _parameters(recording: RecordedHistory, policy: str) -> dict[str, tuple[int | bool, str]]:
    """Return the parameters of its policy that follow from the recording, and how ("": assumed)."""
    known = POLICIES[policy].parameters
    limit_ns, limit_bps = recording.downtime_limit_ns, _limit_of(recording)
    found: dict[str, tuple[int | bool, str]] = {}
    if limit_ns is not None:
        found["downtime_limit"] = (limit_ns // 10**6, "as it was set")
    if limit_bps is not None:
        found["max_bandwidth"] = (limit_bps // 8, "as it was set")
    else:
        found["max_bandwidth"] = (0, "")
    if is_slowed(recording):
        found["auto_converge"] = (True, "its guest was slowed down")
    if recording.deltas:
        found["xbzrle"] = (True, "pages were sent as differences")
    return {key: entry for key, entry in found.items() if key in known}


def _network(
    recording: RecordedHistory, m: MigrationRecord, values: _Values
) -> dict[str, str]:
    measured = throughput_bps(m)
    if held_back(recording, m):
        limit = _limit_of(recording) or 0
        link = next((nic for nic in NICS_BPS if nic > limit), limit)
        note = f"faster than the limit of {format_bit_rate(limit)}"
        values.add("network.bandwidth", note, known=False)
        return {"bandwidth": f"{link} bit/s"}
    if not measured:
        values.add("network.bandwidth", "no throughput is recorded", known=False)
        return {"bandwidth": f"{NICS_BPS[0]} bit/s"}
    stream, frame = STREAM_SHARE
    link = three_digits(measured * frame // stream)
    values.add(
        "network.bandwidth", f"{format_bit_rate(measured)} of stream were measured", known=True
    )
    return {"bandwidth": f"{link} bit/s"}


def values_text(scenario: Scenario) -> list[tuple[str, str, str]]:
    """Return (path, origin, note) of every value of a twin whose origin is told."""
    words = {RECORDED: FROM_RECORDING, ASSUMED: "assumed"}
    return [
        (v.key, words.get(v.given, v.given), v.note.removeprefix(f"{FROM_RECORDING}: "))
        for v in scenario.spec.values
    ]
