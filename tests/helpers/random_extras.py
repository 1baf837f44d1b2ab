"""What half of the random scenarios have beside the plain ones: clients, brownout, help, cancels.

Drawn from a stream of its own, so that the plain part of a seed's scenario stays what it was.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from engine.specs import FaultSpec, MigrationSpec, ProbeSpec, ScenarioSpec, VmSpec

MS = 10**6
HOSTS = ("a", "b", "c")
POLICIES = ("stop-and-copy", "xen-legacy", "xen-adaptive", "postcopy")


def with_extras(spec: ScenarioSpec, seed: int) -> ScenarioSpec:
    """Return the scenario with some of the new things, or (about half of them) as it is."""
    spec = with_patterns(spec, seed)
    rng = Random(f"extras {seed}")
    if rng.random() < 0.5:
        return spec
    for extra in rng.sample(_EXTRAS, rng.choice((1, 2, 3, len(_EXTRAS)))):
        spec = extra(spec, rng)
    return spec


def _changed_vms(spec: ScenarioSpec, change: Callable[[VmSpec], dict[str, Any]]) -> ScenarioSpec:
    vms = tuple(vm.model_copy(update=change(vm)) for vm in spec.vms)
    return spec.model_copy(update={"vms": vms})


def with_patterns(spec: ScenarioSpec, seed: int) -> ScenarioSpec:
    """Return the scenario with some of its evenly written regions written by other patterns."""
    rng = Random(f"patterns {seed}")
    if rng.random() < 0.6:
        return spec

    def other(vm: VmSpec) -> dict[str, Any]:
        writers = []
        for w in vm.writers:
            values = {
                "pattern": rng.choice(("zipf", "phases", "phases", w.pattern)),
                "phase_length_ns": rng.choice((10 * MS, rng.randrange(MS, 400 * MS))),
            }
            even = w.pattern in ("uniform", "hot-cold")
            writers.append(w.model_copy(update=values) if even else w)
        return {"writers": tuple(writers)}

    return _changed_vms(spec, other)


def _span(spec: ScenarioSpec) -> tuple[int, int]:
    """Guess from when to when something moves."""
    start = min(m.at_ns for m in spec.migrations if not m.after)
    bits = sum(vm.memory_bytes for vm in spec.vms) * 8
    return start, start + bits * 1500 * MS // spec.network.bandwidth_bps + 60 * MS


def with_clients(spec: ScenarioSpec, rng: Random) -> ScenarioSpec:
    """Return the scenario with clients of all kinds, and other delays of the switch."""

    def probe() -> ProbeSpec:
        rate = rng.randrange(spec.network.bandwidth_bps // 20, spec.network.bandwidth_bps)
        return ProbeSpec(
            kind=rng.choice(("web", "web", "web", "ping", "game", "typing")),
            direction=rng.choice(("to-vm", "from-vm")),
            interval_ns=rng.choice((20 * MS, 1000 * MS, rng.randrange(5 * MS, 3000 * MS))),
            phase_ns=rng.choice((0, rng.randrange(2000) * MS, rng.randrange(2000 * MS))),
            rate_bps=rng.choice((None, rate, rate // 4)),
            sender=rng.choice(("vm", "client")),
            min_timeout_ns=rng.choice((200 * MS, rng.randrange(MS, 60 * MS))),
        )

    spec = _changed_vms(
        spec, lambda vm: {"probes": tuple(probe() for _ in range(rng.choice((0, 1, 1, 2, 3))))}
    )
    network = spec.network.model_copy(
        update={
            "relearn_delay_ns": rng.choice((0, 30 * MS, rng.randrange(200 * MS))),
            "mac_age_ns": rng.choice((300_000 * MS, rng.randrange(1, 1500 * MS))),
        }
    )
    return spec.model_copy(update={"network": network})


def _brownout(spec: ScenarioSpec, rng: Random) -> ScenarioSpec:
    def costs() -> dict[str, int]:
        return {
            "copy_cost_ppm": rng.choice((0, 100_000, 999, rng.randrange(900_001))),
            "first_write_cost_ns": rng.choice((0, 20_000, rng.randrange(1, 2 * MS))),
        }

    hosts = tuple(host.model_copy(update=costs()) for host in spec.hosts)
    return spec.model_copy(update={"hosts": hosts})


def _help_of_the_guest(spec: ScenarioSpec, rng: Random) -> ScenarioSpec:
    """Balloons, stunning, and a last rate: parameters of the policies of Xen."""

    def helped(m: MigrationSpec) -> MigrationSpec:
        if not m.policy.startswith("xen"):
            return m
        values: dict[str, Any] = {
            "balloon": rng.random() < 0.6,
            "stun_after": rng.choice((0, 1, 1, 2, 3)),
            "stun_faults": rng.choice((0, rng.randrange(40), rng.randrange(400))),
        }
        if m.policy == "xen-adaptive":
            values["last_rate"] = rng.choice((0, rng.randrange(1, 400)))
        return m.model_copy(update={"parameters": {**m.parameters, **values}})

    def memory(vm: VmSpec) -> dict[str, Any]:
        writers = tuple(
            w.model_copy(update={"interactive": rng.random() < 0.25}) for w in vm.writers
        )
        return {
            "cache_pages_ppm": rng.choice((0, 200_000, rng.randrange(10**6 + 1))),
            "writers": writers,
        }

    stages = {"balloon_ns": rng.choice((0, 20 * MS, rng.randrange(100 * MS)))}
    spec = _changed_vms(spec, memory)
    return spec.model_copy(
        update={
            "migrations": tuple(helped(m) for m in spec.migrations),
            "stages": spec.stages.model_copy(update=stages),
        }
    )


def _ceilings(spec: ScenarioSpec, rng: Random) -> ScenarioSpec:
    bandwidth = spec.network.bandwidth_bps

    def ceiling(_: VmSpec) -> dict[str, Any]:
        return {"sending_ceiling_bps": rng.choice((None, rng.randrange(bandwidth // 8, bandwidth)))}

    return _changed_vms(spec, ceiling)


def _followers(spec: ScenarioSpec, rng: Random) -> ScenarioSpec:
    """Add migrations that count from the end of another one."""
    migrations = list(spec.migrations)
    for _ in range(rng.choice((1, 1, 2))):
        migrations.append(
            MigrationSpec(
                vm=rng.choice(spec.vms).name,
                to=rng.choice(HOSTS),
                after=rng.choice(migrations).vm,
                at_ns=rng.choice((0, rng.randrange(50) * MS, rng.randrange(300 * MS))),
                policy=rng.choice(POLICIES),
                time_limit_ns=rng.choice(
                    (3600_000 * MS, 3600_000 * MS, rng.randrange(1, 900 * MS))
                ),
            )
        )
    return spec.model_copy(update={"migrations": tuple(migrations)})


def _faults(spec: ScenarioSpec, rng: Random) -> ScenarioSpec:
    span = _span(spec)
    faults = list(spec.faults)
    for _ in range(rng.choice((1, 1, 2, 3))):
        kind = rng.choice(("cancel", "announcement-lost", "announcement-lost", "link-down"))
        at = rng.choice((rng.randrange(*span), span[0] + rng.randrange(1000) * MS))
        if kind == "link-down":
            host = rng.choice(HOSTS)
            up = at + rng.choice((1, rng.randrange(1, 500) * MS, rng.randrange(1, 2000 * MS)))
            faults += [
                FaultSpec(at_ns=at, kind="link-down", on=host),
                FaultSpec(at_ns=up, kind="link-up", on=host),
            ]
        elif kind == "cancel":
            faults.append(FaultSpec(at_ns=at, kind="cancel", on=rng.choice(spec.vms).name))
        else:
            at = rng.choice((0, at))
            faults.append(
                FaultSpec(at_ns=at, kind="announcement-lost", on=rng.choice(spec.vms).name)
            )
    return spec.model_copy(update={"faults": tuple(faults)})


def _stunning(spec: ScenarioSpec, rng: Random) -> ScenarioSpec:
    """Make every migration a long pre-copy that stuns soon, of guests that write a lot."""
    migrations = []
    for m in spec.migrations:
        parameters = {
            "max_rounds": rng.randrange(3, 12),
            "max_factor": 6,
            "min_dirty": 1,
            "skip": rng.random() < 0.7,
            "stun_after": rng.choice((1, 1, 2, 3)),
            "stun_faults": rng.choice((0, rng.randrange(8), rng.randrange(60))),
        }
        policy = m.policy if m.policy.startswith("xen") else "xen-legacy"
        if policy == m.policy:
            parameters = {**m.parameters, **parameters}
        migrations.append(m.model_copy(update={"policy": policy, "parameters": parameters}))

    def busy(vm: VmSpec) -> dict[str, Any]:
        link_pages = spec.network.bandwidth_bps // (4096 * 8)
        writers = [
            w.model_copy(
                update={
                    "rate_pps": rng.randrange(50, link_pages + 51),
                    "interactive": rng.random() < 0.2,
                }
            )
            for w in vm.writers
        ]
        return {"writers": tuple(writers)}

    spec = spec.model_copy(update={"migrations": tuple(migrations)})
    return _changed_vms(spec, busy)


def _highest_rate(spec: ScenarioSpec, rng: Random) -> ScenarioSpec:
    """Let adaptive pre-copy begin at its highest rate, where a round must shrink."""
    values = {"start_rate": 20, "max_rate": 20, "max_factor": 6, "min_dirty": 1, "rule": "code"}
    migrations = []
    for m in spec.migrations:
        if m.policy == "xen-adaptive" or rng.random() < 0.3:
            parameters = {**values, "skip": rng.random() < 0.5}
            update = {"policy": "xen-adaptive", "parameters": parameters}
            migrations.append(m.model_copy(update=update))
        else:
            migrations.append(m)
    return spec.model_copy(update={"migrations": tuple(migrations)})


def _wandering(spec: ScenarioSpec, rng: Random) -> ScenarioSpec:
    """Let rates of writers wander, but not those of sweeps with another first pass."""

    def wander(vm: VmSpec) -> dict[str, Any]:
        writers = []
        for w in vm.writers:
            jitter = rng.choice((0, 100_000, rng.randrange(900_001)))
            interval = rng.choice((10 * MS, rng.randrange(10, 200) * MS))
            values = {"jitter_ppm": jitter, "jitter_interval_ns": interval}
            plain = w.first_sweep_rate_pps is not None
            writers.append(w if plain else w.model_copy(update=values))
        return {"writers": tuple(writers)}

    return _changed_vms(spec, wander)


_EXTRAS = (
    _wandering,
    _highest_rate,
    with_clients,
    with_clients,
    _brownout,
    _help_of_the_guest,
    _stunning,
    _stunning,
    _ceilings,
    _followers,
    _faults,
)
