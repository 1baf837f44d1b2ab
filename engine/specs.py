"""The scenario as values: everything that a run depends on, checked and in base units.

The models are what validates a scenario file (see `engine.scenario`), so a key of the file
and a field are one thing: the alias is the key in the file, the name carries the unit.
Sizes are bytes, rates bit/s (or pages/s), times nanoseconds. Nothing here is executed.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from engine import units

PAGE_BYTES = 4096

Bytes = Annotated[int, BeforeValidator(units.parse_size)]
PageBytes = Annotated[int, BeforeValidator(units.parse_page_size)]
BitRate = Annotated[int, BeforeValidator(units.parse_bit_rate)]
RateLimit = Annotated[int | None, BeforeValidator(units.parse_rate_limit)]
PageRate = Annotated[int, BeforeValidator(units.parse_page_rate)]
Duration = Annotated[int, BeforeValidator(units.parse_duration)]
Share = Annotated[int, BeforeValidator(units.parse_share)]  # parts per million
Speed = Annotated[int, BeforeValidator(units.parse_speed)]  # percent
Packets = Annotated[int, BeforeValidator(units.parse_packets)]
Until = Annotated[tuple[bool, int], BeforeValidator(units.parse_until)]

Outcome = Literal["completed", "refused", "failed", "cancelled", "lost", "does-not-converge"]


ParameterValue = bool | int | float | str


class Spec(BaseModel):
    """Base of all parts of a scenario: frozen, no unknown keys, keys by alias."""

    # Validators are worked out when they are first needed: reading a file needs that of the whole
    # and no part's own, and a worker that is sent a scenario needs none.
    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, strict=False, defer_build=True
    )


class RunSpec(Spec):
    """How long the run lasts and its seed."""

    seed: int = Field(default=0, ge=0, lt=2**63)
    until: Until = (True, 3_000_000_000)
    """(counted from the end of the last migration?, nanoseconds)."""


class PoolSpec(Spec):
    """The resource pool."""

    name: str = "pool"
    edition: Literal["Enterprise", "Standard", "Express"] = "Enterprise"


class HostSpec(Spec):
    """A host of the pool."""

    name: str
    vendor: str = "Intel"
    cpu: str = "Xeon 5130"
    cpu_type: str | None = None
    """Processors of one type may exchange VMs; derived from `cpu` when absent."""
    memory_bytes: Bytes = Field(default=8 * 2**30, alias="memory", gt=0)
    nic_bps: BitRate | None = Field(default=None, alias="nic", gt=0)
    """Speed of the network card; absent: as the network."""
    copy_cost_ppm: Share = Field(default=0, alias="copy_cost", ge=0, le=900_000)
    """Share of its speed that a guest loses while its memory is copied from here."""
    first_write_cost_ns: Duration = Field(default=0, alias="first_write_cost", ge=0)
    """What the first write of a page in a round costs the guest while log-dirty is on."""


class StorageSpec(Spec):
    """A storage repository and the hosts that see it."""

    name: str
    kind: Literal["nfs", "iscsi", "local"] = "nfs"
    hosts: tuple[str, ...] = ()


class NetworkSpec(Spec):
    """The switched network between the hosts and the client."""

    latency_ns: Duration = Field(default=500_000, alias="latency", ge=0)
    """One way, client or host to host, the switch included."""
    bandwidth_bps: BitRate = Field(default=10**9, alias="bandwidth", gt=0)
    transmit_queue_packets: Packets = Field(default=1000, alias="transmit_queue", ge=0)
    relearn_delay_ns: Duration = Field(default=30_000_000, alias="relearn_delay", ge=0)
    to_old_port: Literal["lost", "forwarded"] = "lost"
    mac_age_ns: Duration = Field(default=300 * 10**9, alias="mac_age", gt=0)
    """When the switch forgets a port from which nothing came, and floods."""
    overhead: bool = True
    """A link carries 1448 of every 1538 bytes as stream."""


class StagesSpec(Spec):
    """What the six stages of Clark et al. 2005 cost beyond the copying."""

    pre_migration_ns: Duration = Field(default=0, alias="pre_migration", ge=0)
    reservation_ns: Duration = Field(default=0, alias="reservation", ge=0)
    balloon_ns: Duration = Field(default=0, alias="balloon", ge=0)
    """Until the guest has given free and cached pages back, where a policy asks for it."""
    round_ns: Duration = Field(default=5_000_000, alias="round", ge=0)
    """From reading the dirty bitmap to the first page of a round."""
    suspend_delay_ns: Duration = Field(default=0, alias="suspend_delay", ge=0)
    """From the decision to the suspended guest; it still runs meanwhile."""
    suspend_ns: Duration = Field(default=0, alias="suspend", ge=0)
    """From the suspended guest to the start of the last copy."""
    device_state_bytes: Bytes = Field(default=256 * 1024, alias="device_state", ge=0)
    handshake_ns: Duration = Field(default=0, alias="handshake", ge=0)
    """Beside one round trip."""
    start_up_ns: Duration = Field(default=10_000_000, alias="start_up", ge=0)
    activation_ns: Duration = Field(default=0, alias="activation", ge=0)


class WriterSpec(Spec):
    """Something in a guest that writes memory."""

    pattern: Literal["uniform", "hot-cold", "zipf", "sweep", "phases", "trace"] = "uniform"
    region_bytes: PageBytes | None = Field(default=None, alias="region", gt=0)
    """Absent: all of the memory; for a trace: as many pages as it has."""
    offset_bytes: PageBytes = Field(default=0, alias="offset", ge=0)
    rate_pps: PageRate = Field(default=0, alias="rate", ge=0)
    hot_share_ppm: Share = Field(default=100_000, alias="hot_share", gt=0, le=1_000_000)
    hot_writes_ppm: Share = Field(default=900_000, alias="hot_writes", ge=0, le=1_000_000)
    phase_length_ns: Duration = Field(default=5 * 10**9, alias="phase_length", ge=1_000_000)
    """Guest time after which the hot pages of `phases` lie elsewhere."""
    trace: str | None = None
    speed_percent: Speed = Field(default=100, alias="speed", ge=0, le=100_000)
    """How fast a trace is played."""
    start_ns: Duration = Field(default=0, alias="start", ge=0)
    """Guest time at which it begins to write."""
    first_sweep_rate_pps: PageRate | None = Field(default=None, alias="first_sweep_rate", gt=0)
    """Rate of the first pass of a sweep, when it differs."""
    jitter_ppm: Share = Field(default=0, alias="jitter", ge=0, le=900_000)
    """How far the rate wanders to either side, anew in every `jitter_interval`."""
    jitter_interval_ns: Duration = Field(
        default=500_000_000, alias="jitter_interval", ge=10_000_000
    )
    vcpu: int | None = Field(default=None, ge=0)
    """Absent: writers take the vCPUs in turn."""
    interactive: bool = False
    """An important interactive service: never stunned."""


class ProbeSpec(Spec):
    """A client that watches a VM."""

    kind: Literal["ping", "web", "game", "typing"] = "ping"
    interval_ns: Duration = Field(default=10**9, alias="interval", gt=0)
    """Between two pings, keys or game frames; of a web client, between two samples."""
    phase_ns: Duration = Field(default=0, alias="phase", ge=0)
    direction: Literal["to-vm", "from-vm"] = "to-vm"
    """Which way a ping goes out."""
    rate_bps: RateLimit = Field(default=None, alias="rate", gt=0)
    """Web: the most that the clients fetch, as stream; absent: all that the link leaves."""
    sender: Literal["vm", "client"] = "vm"
    """Web: who sends the data, and so whose time-outs count."""
    min_timeout_ns: Duration = Field(default=200_000_000, alias="min_timeout", gt=0)
    """Web and typing: the least retransmission time-out of TCP; it doubles each time."""
    clients: int = Field(default=1, ge=1)
    """Web: how many clients share the throughput."""
    client_rate_bps: BitRate = Field(default=0, alias="client_rate", ge=0)
    """Web: what a client must get to be content."""


class VmSpec(Spec):
    """A virtual machine."""

    name: str
    host: str
    memory_bytes: PageBytes = Field(default=512 * 2**20, alias="memory", gt=0)
    vcpus: int = Field(default=1, ge=1, le=1024)
    storage: str | None = None
    address: str = ""
    note: str = ""
    zero_pages_ppm: Share = Field(default=0, alias="zero_pages", ge=0, le=1_000_000)
    """Share of the memory, at its end, that is zero or free until written."""
    cache_pages_ppm: Share = Field(default=0, alias="cache_pages", ge=0, le=1_000_000)
    """Share of the memory, below the zero pages, that a balloon can take: free, or page cache."""
    sending_ceiling_bps: RateLimit = Field(default=None, alias="sending_ceiling", gt=0)
    """The most that its migration sends while the guest itself runs and uses the machine."""
    traffic_bps: BitRate = Field(default=0, alias="traffic", ge=0)
    """What the VM itself sends to clients, as stream."""
    writers: tuple[WriterSpec, ...] = ()
    probes: tuple[ProbeSpec, ...] = ()

    @property
    def n_pages(self) -> int:
        """Number of pages of the VM."""
        return self.memory_bytes // PAGE_BYTES

    @property
    def first_zero_page(self) -> int:
        """Page number from which on pages are zero until they are written."""
        return self.n_pages - self.n_pages * self.zero_pages_ppm // 1_000_000

    @property
    def first_cache_page(self) -> int:
        """Page number from which on a balloon takes pages that were not written."""
        return max(0, self.first_zero_page - self.n_pages * self.cache_pages_ppm // 1_000_000)


class MigrationSpec(Spec):
    """A request to move a VM."""

    vm: str
    to: str
    at_ns: Duration = Field(default=0, alias="at", ge=0)
    after: str = ""
    """A VM: `at` counts from the end of its migration, the nearest one above in the file."""
    policy: str = "xen-legacy"
    parameters: dict[str, ParameterValue] = Field(default_factory=dict)
    rate_limit_bps: RateLimit = Field(default=None, alias="rate_limit")
    time_limit_ns: Duration = Field(default=3600 * 10**9, alias="time_limit", gt=0)
    expect: Outcome = "completed"


class ChangeSpec(Spec):
    """A dated change of values, by path."""

    at_ns: Duration = Field(alias="at", ge=0)
    set: dict[str, bool | int | float | str]


class FaultSpec(Spec):
    """Something that breaks."""

    at_ns: Duration = Field(alias="at", ge=0)
    kind: Literal["link-down", "link-up", "host-dies", "cancel", "announcement-lost"]
    on: str
    """A host; for `cancel` and `announcement-lost` a VM."""


class PublishedSpec(Spec):
    """A figure that a source gives for this scenario; never an input of the run."""

    key: str
    """A name of `run --json`, or a figure of `metrics.migration_figures`."""
    value: float
    tolerance: str = ""
    low: float | None = None
    """With `high`: the band that counts as reproduced, instead of a tolerance."""
    high: float | None = None
    source: str = ""
    migration: str = ""
    id: str = ""
    """Its name in a list of targets."""
    kind: Literal["tight", "band"] = "tight"
    """tight: follows from the algorithm alone; band: depends on chance in the workload."""
    overrides: dict[str, ParameterValue] = Field(default_factory=dict, alias="with")
    """Values by path that this figure is for: a variant of the scenario."""
    note: str = ""
    """Why it may be missed, or what it stands on."""


class NoteSpec(Spec):
    """A remark at an instant, shown on the timeline; no part of the run."""

    at_ns: Duration = Field(alias="at", ge=0)
    text: str = Field(min_length=1, max_length=2000)


class BranchSpec(Spec):
    """Another future of this scenario: what differs from the file itself; no part of its run."""

    name: str = Field(min_length=1, max_length=200)
    parent: str = ""
    """The branch from which it forked; absent: the scenario itself."""
    at_ns: Duration = Field(default=0, alias="at", ge=0)
    """Where it forked."""
    set: dict[str, bool | int | float | str] = Field(default_factory=dict)
    """Values by path, from the start on."""
    migrations: tuple[MigrationSpec, ...] = ()
    """Instead of the scenario's own; absent: those."""
    changes: tuple[ChangeSpec, ...] = ()
    """Instead of the scenario's own; absent: those."""
    faults: tuple[FaultSpec, ...] = ()
    """Instead of the scenario's own; absent: those."""


class ValueNote(Spec):
    """Where a number of the file comes from."""

    key: str
    given: Literal["source", "fitted", "assumed"]
    note: str = ""


class ScenarioSpec(Spec):
    """A whole scenario."""

    format: Literal[1]
    title: str = ""
    description: str = ""
    run: RunSpec = RunSpec.model_construct()
    pool: PoolSpec = PoolSpec.model_construct()
    hosts: tuple[HostSpec, ...] = Field(min_length=1)
    storage: tuple[StorageSpec, ...] = ()
    network: NetworkSpec = NetworkSpec.model_construct()
    stages: StagesSpec = StagesSpec.model_construct()
    vms: tuple[VmSpec, ...] = ()
    migrations: tuple[MigrationSpec, ...] = ()
    changes: tuple[ChangeSpec, ...] = ()
    faults: tuple[FaultSpec, ...] = ()
    published: tuple[PublishedSpec, ...] = ()
    values: tuple[ValueNote, ...] = ()
    notes: tuple[NoteSpec, ...] = ()
    branches: tuple[BranchSpec, ...] = ()
