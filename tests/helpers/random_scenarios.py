"""Random small scenarios for the comparison of engine and twin: a seed gives a scenario."""

from random import Random
from typing import Any

from engine.specs import (
    PAGE_BYTES,
    ChangeSpec,
    FaultSpec,
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
from tests.helpers.random_extras import HOSTS, POLICIES, with_extras

MS = 10**6
MBIT = 10**6
NEWER_POLICIES = ("xen-v2", "xapi-emu", "cloud-hypervisor")


def random_scenario(seed: int) -> ScenarioSpec:
    """Return the scenario of a seed: about half have more than the plain things."""
    return with_extras(plain_scenario(seed), seed)


def plain_scenario(seed: int) -> ScenarioSpec:
    """Return a scenario of a seed: policies in turn, everything else by chance."""
    rng = Random(seed)
    bandwidth = rng.randrange(20, 400) * MBIT + rng.randrange(MBIT)
    n_vms = rng.choice((1, 1, 1, 2, 2, 3))
    vms = tuple(_vm(rng, f"vm{i}", bandwidth) for i in range(n_vms))
    moving = vms[: rng.choice((1, 2)) if n_vms > 1 else 1]
    migrations = _migrations(rng, seed, moving, bandwidth)
    # A guess of how long it takes, so that changes and faults fall into every phase.
    start = min(m.at_ns for m in migrations)
    bits = sum(vm.n_pages for vm in moving) * PAGE_BYTES * 8
    span = start, start + bits * 1500 * MS // bandwidth + 60 * MS
    return ScenarioSpec(
        format=1,
        title=f"random scenario {seed}",
        run=RunSpec(seed=rng.randrange(2**63), until=_until(rng, span)),
        hosts=tuple(
            HostSpec(name=name, nic_bps=bandwidth // 2 + 1 if rng.random() < 0.1 else None)
            for name in HOSTS
        ),
        storage=(StorageSpec(name="nfs", hosts=HOSTS),),
        network=NetworkSpec(
            bandwidth_bps=bandwidth,
            latency_ns=rng.choice((0, 100_000, 500_000, rng.randrange(3 * MS))),
            overhead=rng.random() < 0.5,
        ),
        stages=_stages(rng),
        vms=vms,
        migrations=migrations,
        changes=_changes(rng, migrations, vms, span, bandwidth),
        faults=_faults(rng, migrations, span),
    )


def newer_scenario(seed: int) -> ScenarioSpec:
    """Return the scenario of a seed with Xen's, XenServer's and Cloud Hypervisor's policies.

    A stream of its own: what the other scenarios of the seed hold stays what it was.
    """
    spec, rng = random_scenario(seed), Random(f"newer {seed}")
    migrations = []
    for i, m in enumerate(spec.migrations):
        policy = NEWER_POLICIES[(seed + i) % 3] if rng.random() < 0.9 else m.policy
        new = {"policy": policy, "parameters": _newer_parameters(rng, policy)}
        migrations.append(m if policy == m.policy else m.model_copy(update=new))
    changes = tuple(
        c.model_copy(update={"set": {k: _newer_value(rng, k, v) for k, v in c.set.items()}})
        for c in spec.changes
    )
    stages = spec.stages.model_copy(update={"balloon_ns": rng.choice((0, rng.randrange(50 * MS)))})
    vms = tuple(
        vm.model_copy(update={"cache_pages_ppm": rng.choice((0, rng.randrange(500_000)))})
        for vm in spec.vms
    )
    values = {"migrations": tuple(migrations), "changes": changes, "stages": stages, "vms": vms}
    return spec.model_copy(update=values)


def _newer_parameters(rng: Random, policy: str) -> dict[str, Any]:
    if policy not in NEWER_POLICIES:
        return {}
    few = rng.choice((0, 1, rng.randrange(1, 80), rng.randrange(1, 800)))
    values: dict[str, Any]
    if policy == "xen-v2":
        values = {"max_rounds": rng.randrange(1, 9), "min_dirty": few}
    elif policy == "xapi-emu":
        values = {
            "max_iteration": rng.randrange(1, 8),
            "min_dirty": few,
            "balloon": rng.random() < 0.4,
            "plug_time": rng.choice((0, 1, rng.randrange(80))),
        }
    else:  # always with a timeout: without one the twin would count an hour of writes
        return {
            "downtime_limit": rng.choice((0, 1, rng.randrange(2, 60), rng.randrange(20, 400))),
            "timeout": rng.choice((0, 1, 1, 2)),
            "timeout_action": rng.choice(("cancel", "ignore")),
        }
    return {name: value for name, value in values.items() if rng.random() < 0.8}


def _newer_value(rng: Random, path: str, value: Any) -> Any:
    """Return what a dated change sets, another policy instead of a policy."""
    return rng.choice(NEWER_POLICIES[:2]) if path.endswith(".policy") else value


def tie_scenario() -> ScenarioSpec:
    """Return a scenario in which writes fall on the very instants of reads.

    The writer sweeps at 1000 pages/s, so it writes at every whole millisecond; the request and
    the costs are whole milliseconds, and a page takes one millisecond.
    """
    hosts = tuple(HostSpec(name=name) for name in HOSTS)
    writer = WriterSpec(pattern="sweep", rate_pps=1000, offset_bytes=30 * PAGE_BYTES)
    vm = VmSpec(
        name="vm0", host="a", memory_bytes=90 * PAGE_BYTES, storage="nfs", writers=(writer,)
    )
    parameters = {"order": "ascending", "min_dirty": 10, "max_rounds": 8}
    return ScenarioSpec(
        format=1,
        run=RunSpec(until=(True, MS)),
        hosts=hosts,
        storage=(StorageSpec(name="nfs", hosts=HOSTS),),
        network=NetworkSpec(bandwidth_bps=(PAGE_BYTES + 8) * 8 * 1000, overhead=False),
        vms=(vm,),
        migrations=(
            MigrationSpec(
                vm="vm0", to="b", at_ns=10 * MS, policy="xen-legacy", parameters=parameters
            ),
        ),
    )


def _until(rng: Random, span: tuple[int, int]) -> tuple[bool, int]:
    if rng.random() < 0.1:
        return False, rng.randrange(*span)
    return True, rng.randrange(1, 200 * MS)


def _vm(rng: Random, name: str, bandwidth: int) -> VmSpec:
    n_pages = rng.choice((rng.randrange(40, 600), rng.randrange(600, 3000), 1024, 2048))
    vcpus = rng.choice((1, 1, 2, 3))
    writers = tuple(
        _writer(rng, n_pages, vcpus, bandwidth) for _ in range(rng.choice((0, 1, 1, 2, 3)))
    )
    return VmSpec(
        name=name,
        host="a",
        memory_bytes=n_pages * PAGE_BYTES,
        vcpus=vcpus,
        storage="nfs",
        zero_pages_ppm=rng.choice((0, 0, 100_000, 250_000, 600_000, rng.randrange(10**6))),
        traffic_bps=rng.choice((0, 0, bandwidth // 10, bandwidth // 3, bandwidth * 2)),
        writers=writers,
    )


def _writer(rng: Random, n_pages: int, vcpus: int, bandwidth: int) -> WriterSpec:
    link_pages = bandwidth // (PAGE_BYTES * 8)  # pages a second that the link takes
    most = link_pages * 2 + 2
    round_rate = rng.choice((200, 500, 1000, 2000, 5000))  # with whole ms of costs: ties
    rate = rng.choice((0, rng.randrange(1, 300), rng.randrange(1, most), round_rate))
    offset = rng.choice((0, 0, rng.randrange(n_pages // 2)))
    values: dict[str, Any] = {
        "pattern": rng.choice(("uniform", "hot-cold", "hot-cold", "sweep", "trace")),
        "offset_bytes": offset * PAGE_BYTES,
        "rate_pps": rate,
        "hot_share_ppm": rng.choice((rng.randrange(1, 500_000), 1_000_000)),
        "hot_writes_ppm": rng.randrange(1_000_001),
        "start_ns": rng.choice((0, 0, rng.randrange(300 * MS))),
        "vcpu": rng.choice((None, rng.randrange(vcpus))),
        "speed_percent": rng.randrange(20, 400),
    }
    if rng.random() < 0.5:
        values["region_bytes"] = rng.randrange(1, n_pages - offset + 1) * PAGE_BYTES
    if values["pattern"] == "trace":
        values["trace"] = "server"
    if values["pattern"] == "sweep" and rng.random() < 0.5:
        values["first_sweep_rate_pps"] = rng.randrange(1, 4 * link_pages)
    return WriterSpec(**values)


def _stages(rng: Random) -> StagesSpec:
    def cost(most_ms: int) -> int:
        return rng.choice((0, rng.randrange(most_ms * MS), most_ms * MS))

    return StagesSpec(
        pre_migration_ns=cost(20),
        reservation_ns=cost(20),
        round_ns=cost(8),
        suspend_delay_ns=cost(30),
        suspend_ns=cost(10),
        device_state_bytes=rng.choice((0, 4096, 256 * 1024, rng.randrange(10**6))),
        handshake_ns=cost(5),
        start_up_ns=cost(20),
        activation_ns=cost(20),
    )


def _migrations(
    rng: Random, seed: int, vms: tuple[VmSpec, ...], bandwidth: int
) -> tuple[MigrationSpec, ...]:
    at = rng.choice((rng.randrange(400 * MS), rng.randrange(400) * MS))
    result = []
    for i, vm in enumerate(vms):
        policy = POLICIES[(seed + i * rng.randrange(4)) % 4]
        result.append(
            MigrationSpec(
                vm=vm.name,
                to=rng.choice(("b", "b", "c")),
                at_ns=at + i * rng.choice((0, rng.randrange(300 * MS))),
                policy=policy,
                parameters=_parameters(rng, policy, bandwidth),
                rate_limit_bps=rng.choice((None, None, rng.randrange(bandwidth // 4, bandwidth))),
                time_limit_ns=rng.choice((3600 * 10**9,) * 6 + (rng.randrange(1, 2000 * MS),)),
            )
        )
    if rng.random() < 0.1:  # and on to another host, perhaps before the first move is over
        later = result[0].at_ns + rng.randrange(4000 * MS)
        policy = rng.choice(POLICIES)
        result.append(
            MigrationSpec(vm=vms[0].name, to=rng.choice(HOSTS), at_ns=later, policy=policy)
        )
    return tuple(result)


def _parameters(rng: Random, policy: str, bandwidth: int) -> dict[str, Any]:
    if not policy.startswith("xen"):
        return {}
    mbit = bandwidth // MBIT
    values: dict[str, Any] = {
        "max_rounds": rng.choice((rng.randrange(1, 12), 29)),
        "max_factor": rng.randrange(1, 5),
        "min_dirty": rng.choice((1, rng.randrange(1, 80))),
        "order": rng.choice(("permuted", "ascending")),
        "skip": rng.random() < 0.75,
    }
    if policy == "xen-adaptive":
        start = rng.randrange(5, mbit + 10)
        values |= {
            "start_rate": start,
            "max_rate": start + rng.choice((0, rng.randrange(1, mbit + 1))),
            "increment": rng.randrange(60),
            "rule": rng.choice(("code", "code", "printed")),
            "min_remaining": rng.randrange(PAGE_BYTES, 100 * PAGE_BYTES),
        }
    return {name: value for name, value in values.items() if rng.random() < 0.8}


def _changes(
    rng: Random,
    migrations: tuple[MigrationSpec, ...],
    vms: tuple[VmSpec, ...],
    span: tuple[int, int],
    bandwidth: int,
) -> tuple[ChangeSpec, ...]:
    def some_bandwidth() -> str:
        return f"{rng.randrange(bandwidth // 4, 2 * bandwidth)} bit/s"

    changes = []
    for _ in range(rng.choice((0, 1, 2, 4))):
        values: dict[str, str] = {}
        for _ in range(rng.choice((1, 2))):
            kind = rng.choice(("bandwidth", "limit", "writer", "writer", "policy"))
            migration, vm = rng.choice(migrations), rng.choice(vms)
            if kind == "bandwidth":
                values["network.bandwidth"] = some_bandwidth()
            elif kind == "limit":
                limit = "none" if rng.random() < 0.2 else some_bandwidth()
                values[f"migrations.{migration.vm}.rate_limit"] = limit
            elif kind == "policy" and rng.random() < 0.3:
                values[f"migrations.{migration.vm}.policy"] = rng.choice(POLICIES)
            elif vm.writers:
                i = rng.randrange(len(vm.writers))
                values |= _writer_change(rng, vm.writers[i], f"vms.{vm.name}.writers.{i}")
        if values:
            changes.append(ChangeSpec(at_ns=rng.randrange(*span), set=values))
    return tuple(changes)


def _writer_change(rng: Random, writer: WriterSpec, path: str) -> dict[str, str]:
    if writer.pattern == "trace":
        return {f"{path}.speed": f"{rng.randrange(300)} %"}
    if writer.pattern == "hot-cold" and rng.random() < 0.3:
        return {f"{path}.hot_writes": f"{rng.randrange(101)} %"}
    return {f"{path}.rate": f"{rng.choice((0, rng.randrange(1, 9000)))} pages/s"}


def _faults(
    rng: Random, migrations: tuple[MigrationSpec, ...], span: tuple[int, int]
) -> tuple[FaultSpec, ...]:
    if rng.random() < 0.65:
        return ()
    first = FaultSpec(
        at_ns=rng.randrange(*span),
        kind=rng.choice(("link-down", "link-down", "host-dies")),
        on=rng.choice(("a", migrations[0].to, rng.choice(HOSTS))),
    )
    if first.kind == "link-down" and rng.random() < 0.3:
        later = first.at_ns + rng.randrange(1, 500 * MS)
        return first, FaultSpec(at_ns=later, kind="link-up", on=first.on)
    return (first,)
