"""The small pool of the cases that were worked out by hand: a page takes a millisecond."""

from typing import Any

from engine.specs import (
    HostSpec,
    MigrationSpec,
    NetworkSpec,
    RunSpec,
    ScenarioSpec,
    StagesSpec,
    StorageSpec,
    VmSpec,
    WriterSpec,
)

MS = 10**6
PAGE = 4096
PAGE_A_MS = 4104 * 8 * 1000  # bit/s at which a page takes one millisecond
LATENCY = 500_000
DEVICE = 4104  # bytes: one millisecond as well


def small_pool(policy: str, **values: Any) -> ScenarioSpec:
    """Return a VM of 10 pages on `a` that moves to `b` at 100 ms, a page a millisecond."""
    vm: dict[str, Any] = {"name": "v", "host": "a", "memory_bytes": 10 * PAGE, "storage": "s"}
    vm |= values.pop("vm", {})
    migration: dict[str, Any] = {"vm": "v", "to": "b", "at_ns": 100 * MS, "policy": policy}
    migration |= values.pop("migration", {})
    stages: dict[str, Any] = {"round_ns": 0, "start_up_ns": 0, "device_state_bytes": DEVICE}
    stages |= values.pop("stages", {})
    return ScenarioSpec(
        format=1,
        run=RunSpec(until=(True, 50 * MS)),
        hosts=(HostSpec(name="a", **values.pop("source", {})), HostSpec(name="b")),
        storage=(StorageSpec(name="s", hosts=("a", "b")),),
        network=NetworkSpec(bandwidth_bps=PAGE_A_MS, overhead=False, latency_ns=LATENCY),
        stages=StagesSpec(**stages),
        vms=(VmSpec(**vm),),
        migrations=(MigrationSpec(**migration), *values.pop("later", ())),
        **values,
    )


def sweeping(rate: int, **values: Any) -> dict[str, Any]:
    """Return the values of a VM with one writer that sweeps."""
    return {"writers": (WriterSpec(pattern="sweep", rate_pps=rate, **values),)}
