"""Scenarios of the engine's own kind from the configuration of recorded QEMU migrations.

The engine knows links and stages instead of a machine's processor: what QEMU's own costs are in
`engine.qemu_stream.HostCosts` becomes the bandwidth of the link and the costs of the stages.
Pages in use stand together at the low end here, where the engine wants them.
"""

from typing import Any

from engine.qemu_guest import FIRMWARE_PAGES, HIGH_PAGES_IN_USE, LOW_PAGES_IN_USE, MIB_PAGES
from engine.qemu_stream import DEVICE_BYTES, HostCosts
from engine.recordings import Recording
from engine.reproduce_recordings import load_of, parameters_of
from engine.specs import (
    PAGE_BYTES,
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
from engine.transfer import PAGE_WIRE_BITS

SECOND_NS = 1_000_000_000
HOSTS = ("source", "destination")
OWN_PAGES = 2
OWN_RATE_PPS = 2000


def scenario_of(recording: Recording) -> ScenarioSpec:
    """Return a scenario that does what was recorded, told by its configuration alone."""
    load, asked, costs = load_of(recording), parameters_of(recording), HostCosts()
    n_pages = load.memory_mib * MIB_PAGES + FIRMWARE_PAGES
    in_use = min(n_pages, load.fill_pages + len(LOW_PAGES_IN_USE) + HIGH_PAGES_IN_USE)
    before_ns = load.writes_before * SECOND_NS // load.rate_pps if load.rate_pps else SECOND_NS
    link_bps = PAGE_WIRE_BITS * SECOND_NS // costs.page_ns
    if asked.link_bytes_per_s is not None:
        link_bps = min(link_bps, asked.link_bytes_per_s * 8)
    parameters: dict[str, Any] = {
        "downtime_limit": asked.downtime_limit_ms,
        "max_bandwidth": asked.max_bandwidth,
        "avail_switchover_bandwidth": asked.switchover_bandwidth,
        "clearing": "early",  # an emulated processor
        "auto_converge": asked.auto_converge,
        "throttle_trigger_threshold": asked.throttle_trigger,
        "cpu_throttle_initial": asked.throttle_initial,
        "cpu_throttle_increment": asked.throttle_increment,
        "max_cpu_throttle": asked.throttle_most,
        "xbzrle": asked.xbzrle_cache_bytes is not None,
        "xbzrle_cache_size": asked.xbzrle_cache_bytes or 64 * 2**20,
        "xbzrle_write_bytes": load.write_bytes,
    }
    limit = {} if asked.time_limit_ns is None else {"time_limit_ns": asked.time_limit_ns}
    return ScenarioSpec(
        format=1,
        title=recording.name,
        run=RunSpec(seed=0),
        hosts=tuple(HostSpec(name=name) for name in HOSTS),
        storage=(StorageSpec(name="nfs", hosts=HOSTS),),
        network=NetworkSpec(latency_ns=0, bandwidth_bps=link_bps, overhead=False),
        stages=StagesSpec(
            reservation_ns=costs.setup_ns,
            round_ns=costs.read_ns,
            suspend_ns=costs.switch_ns,
            device_state_bytes=DEVICE_BYTES,
            start_up_ns=0,
        ),
        vms=(
            VmSpec(
                name="guest",
                host=HOSTS[0],
                memory_bytes=n_pages * PAGE_BYTES,
                storage="nfs",
                zero_pages_ppm=(n_pages - in_use) * 1_000_000 // n_pages,
                writers=_writers(recording),
            ),
        ),
        migrations=(
            MigrationSpec(
                vm="guest",
                to=HOSTS[1],
                at_ns=before_ns,
                policy="qemu-precopy",
                parameters=parameters,
                **limit,
            ),
        ),
    )


def _writers(recording: Recording) -> tuple[WriterSpec, ...]:
    """Return the recorded program, and the two pages that every guest writes all the time."""
    load = load_of(recording)
    own = WriterSpec(pattern="sweep", region_bytes=OWN_PAGES * PAGE_BYTES, rate_pps=OWN_RATE_PPS)
    if load.pattern == "idle":
        return (own,)
    share_ppm = -(-min(load.hot_pages, load.set_pages) * 1_000_000 // load.set_pages)
    program = WriterSpec(
        pattern=load.pattern,
        region_bytes=load.set_pages * PAGE_BYTES,
        rate_pps=load.rate_pps,
        hot_share_ppm=max(1, share_ppm),
        hot_writes_ppm=load.hot_percent * 10_000,
    )
    return program, own
