"""VMs of 1 GiB whose rounds dirty known numbers of pages: the worked traces, as runs."""

from typing import Any

from engine.specs import ChangeSpec, ScenarioSpec, WriterSpec
from tests.helpers.by_hand import PAGE, PAGE_A_MS, small_pool

GIB_PAGES = 262_144
PAGE_US = 10  # what a page takes on the link


def gib_pool(policy: str, *writers: WriterSpec, **values: Any) -> ScenarioSpec:
    """Return a VM of 1 GiB whose pages take 10 us each, without any other cost."""
    spec = small_pool(
        policy,
        vm={"memory_bytes": GIB_PAGES * PAGE, "writers": writers},
        stages={"device_state_bytes": 0},
        migration={"at_ns": 0, "parameters": values.pop("parameters", {})},
        **values,
    )
    network = spec.network.model_copy(
        update={"bandwidth_bps": PAGE_A_MS * 1000 // PAGE_US, "latency_ns": 0}
    )
    return spec.model_copy(update={"network": network})


def constant(policy: str, **parameters: Any) -> ScenarioSpec:
    """20 000 pages are dirtied in every round, and in every other time of 0.2 s or more."""
    writer = WriterSpec(pattern="sweep", region_bytes=20_000 * PAGE, rate_pps=100_000)
    return gib_pool(policy, writer, parameters=parameters)


def shrinking(policy: str, **parameters: Any) -> ScenarioSpec:
    """9000, 400 and 30 pages are dirtied in the first three rounds, then none.

    Round 1 ends at 2.62144 s, round 2 lasts 90 ms, round 3 lasts 4 ms: each of the writers works
    inside of one of them and is then stopped.
    """
    at_us = ((1_000_000, 2_000_000), (2_630_000, 2_700_000), (2_712_000, 2_715_000))
    counts, writers, changes = (9000, 400, 30), [], []
    for i, ((start, stop), pages) in enumerate(zip(at_us, counts, strict=True)):
        region = {"region_bytes": pages * PAGE, "offset_bytes": i * 10_000 * PAGE}
        writers.append(WriterSpec(pattern="sweep", rate_pps=0, **region))
        for at, rate in ((start, 100_000), (stop, 0)):
            path = f"vms.v.writers.{i}.rate"
            changes.append(ChangeSpec(at_ns=at * 1000, set={path: f"{rate} pages/s"}))
    return gib_pool(policy, *writers, parameters=parameters, changes=tuple(changes))
