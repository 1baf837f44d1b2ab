"""Random small scenarios of QEMU's pre-copy for the comparison of engine and twin."""

from random import Random
from typing import Any

from engine.specs import MigrationSpec, ScenarioSpec, VmSpec, WriterSpec
from tests.helpers.random_scenarios import random_scenario

MS = 10**6
POLICY = "qemu-precopy"
MOST_NS = 9000 * MS


def qemu_scenario(seed: int) -> ScenarioSpec:
    """Return the scenario of a seed, its migrations made by QEMU (nine in ten)."""
    spec, rng = random_scenario(seed), Random(f"qemu {seed}")
    held_back = rng.choice(("", "", "", "auto_converge", "dirty_limit", "both"))
    migrations = tuple(
        _moved(rng, m, spec.network.bandwidth_bps, held_back) if rng.random() < 0.9 else m
        for m in spec.migrations
    )
    vms = tuple(_busy(rng, vm, held_back) for vm in spec.vms)
    changes = tuple(
        c.model_copy(update={"set": {k: _value(k, v) for k, v in c.set.items()}})
        for c in spec.changes
    )
    stages = spec.stages
    if rng.random() < 0.6:
        stages = stages.model_copy(update={"round_ns": rng.choice((0, rng.randrange(MS)))})
    values = {"migrations": migrations, "vms": vms, "changes": changes, "stages": stages}
    return spec.model_copy(update=values)


def _value(path: str, value: Any) -> Any:
    """Return what a dated change sets: a policy becomes QEMU's."""
    return POLICY if path.endswith(".policy") else value


def _moved(rng: Random, m: MigrationSpec, bandwidth: int, held_back: str) -> MigrationSpec:
    link = bandwidth // 8
    values: dict[str, Any] = {
        "downtime_limit": rng.choice((0, 1, rng.randrange(2, 40), rng.randrange(5, 300))),
        "max_bandwidth": rng.choice((0, 1, 2**27, rng.randrange(link // 8, 2 * link))),
        "avail_switchover_bandwidth": rng.choice((0, 0, 0, rng.randrange(1, 4 * link))),
        "clearing": rng.choice(("late", "late", "early")),
        "clear_bitmap_shift": rng.choice((18, rng.randrange(12))),
    }
    if rng.random() < 0.35:
        values |= {
            "xbzrle": True,
            "xbzrle_cache_size": rng.choice((2**26, 2**20, rng.randrange(4096, 2**23))),
            "xbzrle_write_bytes": rng.choice((1, 8, rng.randrange(1, 4097), 127, 128)),
        }
    if held_back:
        values |= {
            "auto_converge": held_back != "dirty_limit",
            "dirty_limit": held_back != "auto_converge",
            "throttle_trigger_threshold": rng.choice((50, rng.randrange(5, 60))),
            "cpu_throttle_initial": rng.randrange(1, 60),
            "cpu_throttle_increment": rng.choice((10, rng.randrange(1, 60))),
            "max_cpu_throttle": rng.choice((99, rng.randrange(30, 100))),
            "vcpu_dirty_limit": rng.randrange(1, 60),
            "vcpu_dirty_limit_period": rng.choice((100, rng.randrange(20, 300))),
            "dirty_ring_size": rng.choice((1024, 4096)),
            "max_bandwidth": rng.randrange(link // 8, link),
            "downtime_limit": rng.randrange(3, 12),
        }
    most = MOST_NS if held_back else rng.randrange(500, 4000) * MS
    return m.model_copy(
        update={
            "policy": POLICY,
            "parameters": {k: v for k, v in values.items() if rng.random() < 0.9},
            "time_limit_ns": min(m.time_limit_ns, most),
        }
    )


def _busy(rng: Random, vm: VmSpec, held_back: str) -> VmSpec:
    """Return the VM with one writer more, that dirties too fast."""
    if not held_back:
        return vm
    rate = rng.randrange(7000, 25_000) if held_back != "auto_converge" else rng.randrange(500, 5000)
    writer = WriterSpec(rate_pps=rate, pattern=rng.choice(("uniform", "sweep")))
    return vm.model_copy(update={"writers": (*vm.writers, writer)})
