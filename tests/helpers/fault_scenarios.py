"""Many small random scenarios for faults at any instant of a run."""

from random import Random
from typing import Any

from engine.simulation import simulate
from engine.specs import (
    PAGE_BYTES,
    FaultSpec,
    HostSpec,
    MigrationSpec,
    NetworkSpec,
    ProbeSpec,
    RunSpec,
    ScenarioSpec,
    StagesSpec,
    StorageSpec,
    VmSpec,
    WriterSpec,
)
from tests.helpers.random_extras import HOSTS, MS, POLICIES

KINDS = ("link-down", "link-down", "link-up", "host-dies", "host-dies", "cancel")


def small_scenario(seed: int) -> ScenarioSpec:
    """Return a scenario without faults: one or two VMs of 40 to 400 pages that move."""
    rng = Random(f"small {seed}")
    bandwidth = rng.randrange(10, 200) * 10**6
    vms = tuple(_vm(rng, f"vm{i}", bandwidth) for i in range(rng.choice((1, 1, 2))))
    return ScenarioSpec(
        format=1,
        title=f"small scenario {seed}",
        run=RunSpec(seed=seed, until=(True, rng.randrange(1, 100 * MS))),
        hosts=tuple(_host(rng, name) for name in HOSTS),
        storage=(StorageSpec(name="nfs", hosts=HOSTS),),
        network=NetworkSpec(
            bandwidth_bps=bandwidth,
            latency_ns=rng.choice((0, 500_000, rng.randrange(3 * MS))),
            relearn_delay_ns=rng.randrange(60 * MS),
        ),
        stages=StagesSpec(
            reservation_ns=rng.randrange(5 * MS),
            balloon_ns=rng.randrange(5 * MS),
            round_ns=rng.choice((0, MS, rng.randrange(5 * MS))),
            suspend_delay_ns=rng.choice((0, rng.randrange(10 * MS))),
            suspend_ns=rng.choice((0, rng.randrange(5 * MS))),
            device_state_bytes=rng.choice((0, PAGE_BYTES, rng.randrange(200_000))),
            handshake_ns=rng.choice((0, rng.randrange(3 * MS))),
            start_up_ns=rng.choice((0, rng.randrange(20 * MS))),
            activation_ns=rng.choice((0, rng.randrange(20 * MS))),
        ),
        vms=vms,
        migrations=_migrations(rng, seed, vms),
    )


def with_faults(spec: ScenarioSpec, seed: int) -> ScenarioSpec:
    """Return the scenario with one to three faults at any instants of its length."""
    rng = Random(f"faults {seed}")
    end_ns = simulate(spec).end_ns
    ends = ("a", spec.migrations[0].to)
    faults = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        kind = rng.choice((*KINDS, "announcement-lost"))
        on = rng.choice((*ends, *ends, *HOSTS))
        if kind in ("cancel", "announcement-lost"):
            on = rng.choice(spec.vms).name
        faults.append(FaultSpec(at_ns=rng.randrange(end_ns), kind=kind, on=on))
        if kind == "link-down" and rng.random() < 0.6:
            up = faults[-1].at_ns + rng.randrange(100 * MS)
            faults.append(FaultSpec(at_ns=up, kind="link-up", on=on))
    return spec.model_copy(update={"faults": tuple(faults)})


def _host(rng: Random, name: str) -> HostSpec:
    return HostSpec(
        name=name,
        copy_cost_ppm=rng.choice((0, 0, rng.randrange(900_000))),
        first_write_cost_ns=rng.choice((0, 0, rng.randrange(MS))),
    )


def _vm(rng: Random, name: str, bandwidth: int) -> VmSpec:
    n_pages = rng.randrange(40, 401)
    vcpus = rng.choice((1, 2))
    link_pages = bandwidth // (PAGE_BYTES * 8)
    writers = tuple(
        WriterSpec(
            pattern=rng.choice(("uniform", "hot-cold", "sweep")),
            rate_pps=rng.randrange(1, rng.choice((100, link_pages, 2 * link_pages))),
            start_ns=rng.choice((0, rng.randrange(100 * MS))),
        )
        for _ in range(rng.choice((0, 1, 2)))
    )
    web = ProbeSpec(
        kind="web", sender=rng.choice(("vm", "client")), min_timeout_ns=rng.randrange(MS, 50 * MS)
    )
    return VmSpec(
        name=name,
        host="a",
        memory_bytes=n_pages * PAGE_BYTES,
        vcpus=vcpus,
        storage="nfs",
        zero_pages_ppm=rng.choice((0, 300_000, rng.randrange(10**6))),
        cache_pages_ppm=rng.choice((0, 200_000)),
        sending_ceiling_bps=rng.choice((None, None, bandwidth // 3)),
        writers=writers,
        probes=(web,) if rng.random() < 0.3 else (),
    )


def _migrations(rng: Random, seed: int, vms: tuple[VmSpec, ...]) -> tuple[MigrationSpec, ...]:
    result = []
    for i, vm in enumerate(vms):
        policy = POLICIES[(seed + i) % len(POLICIES)]
        at = rng.randrange(60 * MS)
        result.append(_migration(rng, vm.name, policy, to=rng.choice(("b", "c")), at_ns=at))
    if rng.random() < 0.3:
        after = {"to": rng.choice(HOSTS), "at_ns": rng.randrange(20 * MS), "after": "vm0"}
        result.append(_migration(rng, "vm0", rng.choice(POLICIES), **after))
    return tuple(result)


def _migration(rng: Random, vm: str, policy: str, **values: Any) -> MigrationSpec:
    parameters: dict[str, Any] = {}
    if policy.startswith("xen"):
        parameters = {
            "max_rounds": rng.randrange(1, 8),
            "min_dirty": rng.randrange(1, 30),
            "skip": rng.random() < 0.7,
            "balloon": rng.random() < 0.3,
        }
    if policy == "xen-adaptive":
        parameters["start_rate"] = rng.randrange(5, 60)
        parameters["rule"] = rng.choice(("code", "printed"))
    return MigrationSpec(vm=vm, policy=policy, parameters=parameters, **values)
