"""The policies that a scenario may name: their words, parameters and defaults.

This module says what exists and what it is called; how a policy moves pages is in
`engine.algorithms`. It is low in the house so that validation, command line and window share it.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field

from engine.errors import UnknownNameError

ParameterValue = bool | int | float | str


class Parameter(Struct, frozen=True):
    """One number or word that a policy's rule uses.

    Attributes:
        default: Value when the scenario does not give one; its type is the parameter's type.
        sentence: What it does, with its unit.
        choices: All allowed words, when it is a word.
        minimum: Smallest allowed number.
        maximum: Largest allowed number; None: there is none.
    """

    default: ParameterValue
    sentence: str
    choices: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int | None = None

    def fault_of(self, value: object) -> str | None:
        """Return in a clause what was expected instead of `value`, or None if it is right."""
        if self.choices:
            if value in self.choices:
                return None
            return "use " + " or ".join(f'"{choice}"' for choice in self.choices)
        if isinstance(self.default, bool):
            return None if isinstance(value, bool) else "use true or false"
        if not isinstance(value, int) or isinstance(value, bool):
            return "must be a whole number"
        if self.maximum is not None and value > self.maximum:
            return f"must be {self.maximum} or less"
        return None if value >= self.minimum else f"must be {self.minimum} or more"


class Policy(Struct, frozen=True):
    """A way to move a VM.

    Attributes:
        name: Its name in scenario files.
        title: Its name on screen.
        sentence: What it does, in one sentence.
        family: "non-live", "pre-copy" or "post-copy".
        parameters: By name, in the order in which they are explained.
        announcements_ns: When after the resume the destination announces the VM.
        recoverable: Whether a network lost after the switch pauses it instead of losing the VM.
    """

    name: str
    title: str
    sentence: str
    family: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    announcements_ns: tuple[int, ...] = (0,)
    recoverable: bool = False


def qemu_announcements_ns(
    *, initial_ms: int = 50, step_ms: int = 100, most_ms: int = 550, rounds: int = 5
) -> tuple[int, ...]:
    """Return when after the resume QEMU announces a VM: at once, then at growing distances.

    Args:
        initial_ms: Between the first announcement and the second.
        step_ms: By how much each further distance is longer.
        most_ms: The longest distance.
        rounds: How many announcements there are.

    Source: QEMU net/announce.c and the defaults of its announce parameters.
    """
    times_ms = [0]
    for made in range(1, rounds):
        times_ms.append(times_ms[-1] + min(initial_ms + (made - 1) * step_ms, most_ms))
    return tuple(ms * 10**6 for ms in times_ms)


_LEGACY: Final[dict[str, Parameter]] = {
    "max_rounds": Parameter(29, "At most so many rounds while the VM runs.", minimum=1),
    "max_factor": Parameter(
        3, "Stop when more than so many times the VM's pages were sent.", minimum=1
    ),
    "min_dirty": Parameter(50, "Stop when fewer pages than this were left in a round."),
    "skip": Parameter(True, "Skip a page that is dirty again before its turn in the round."),
    "order": Parameter(
        "permuted", "Order in which a round visits the pages.", choices=("permuted", "ascending")
    ),
    "balloon": Parameter(False, "Let the guest give free and cached pages back before round 1."),
    "stun_after": Parameter(
        0, "From the round after this one on, stun writers that fault too often; 0: never."
    ),
    "stun_faults": Parameter(
        40, "A writer with more write faults than this in a round waits until the VM has moved."
    ),
}

_ADAPTIVE: Final[dict[str, Parameter]] = {
    **_LEGACY,
    "start_rate": Parameter(
        100, "Rate limit of the first round, in Mbit/s of 2^20 bit.", minimum=1
    ),
    "max_rate": Parameter(500, "Highest rate limit, in Mbit/s of 2^20 bit.", minimum=1),
    "last_rate": Parameter(
        0, "Rate limit of the copy while stopped, in Mbit/s of 2^20 bit; 0: the one in force."
    ),
    "increment": Parameter(
        50, "How far the limit lies above the measured dirtying rate, in Mbit/s of 2^20 bit."
    ),
    "rule": Parameter(
        "code",
        "The rule of the code of 2004, or the rule that the paper prints.",
        choices=("code", "printed"),
    ),
    "min_remaining": Parameter(
        262_144, "Printed rule only: stop when fewer bytes than this are dirty."
    ),
}

_XEN_V2: Final[dict[str, Parameter]] = {
    "max_rounds": Parameter(5, "At most so many rounds while the VM runs.", minimum=1),
    "min_dirty": Parameter(
        50, "When fewer pages than this are dirty, they are sent live once more, and it stops."
    ),
}

_XAPI_EMU: Final[dict[str, Parameter]] = {
    "max_iteration": Parameter(4, "At most so many rounds while the VM runs.", minimum=1),
    "min_dirty": Parameter(50, "Stop at once when fewer pages than this remain after a round."),
    "balloon": Parameter(
        False, "Squeeze the guest first: it gives free and cached pages back before round 1."
    ),
    "plug_time": Parameter(
        100, "Devices are plugged in so many ms of the downtime (assumed: no source times it)."
    ),
}

_CLOUD_HYPERVISOR: Final[dict[str, Parameter]] = {
    "downtime_limit": Parameter(
        300, "Stop when the pages that are due would take no longer than this, in ms."
    ),
    "timeout": Parameter(3600, "After so many seconds of copying the timeout's action is taken."),
    "timeout_action": Parameter(
        "cancel",
        "At the timeout give the move up, or ignore the downtime limit and stop the VM.",
        choices=("cancel", "ignore"),
    ),
}

_QEMU: Final[dict[str, Parameter]] = {
    "downtime_limit": Parameter(
        300,
        "Stop when what is left would fit into so many ms at the last window's bandwidth.",
        maximum=2_000_000,
    ),
    "max_bandwidth": Parameter(
        134_217_728, "Most bytes a second while the VM runs, in windows of 100 ms; 0: no limit."
    ),
    "avail_switchover_bandwidth": Parameter(
        0, "Bytes a second assumed for the last copy; 0: as measured in the last window."
    ),
    "clearing": Parameter(
        "late",
        "When dirty marks are cleared: late, just before sending (KVM), or early, with the read "
        "(emulated processor).",
        choices=("late", "early"),
    ),
    "clear_bitmap_shift": Parameter(
        18, "Late clearing goes by chunks of 2 to the power of this pages.", maximum=31
    ),
    "auto_converge": Parameter(False, "Slow all vCPUs when the guest dirties too fast."),
    "throttle_trigger_threshold": Parameter(
        50, "Hold the guest back when it dirties more than so many per cent of what is sent."
    ),
    "cpu_throttle_initial": Parameter(
        20, "First step of auto-converge, in per cent of the vCPUs' time.", maximum=99
    ),
    "cpu_throttle_increment": Parameter(
        10, "Each further step of auto-converge, in per cent.", maximum=99
    ),
    "max_cpu_throttle": Parameter(
        99, "Auto-converge slows by at most so many per cent.", maximum=99
    ),
    "dirty_limit": Parameter(
        False, "Hold back each vCPU that writes more than its quota, and no other one."
    ),
    "vcpu_dirty_limit": Parameter(1, "Quota of a vCPU under the dirty limit, in MiB/s.", minimum=1),
    "vcpu_dirty_limit_period": Parameter(
        1000, "The dirty limit measures the vCPUs every so many ms.", minimum=1
    ),
    "dirty_ring_size": Parameter(
        4096, "Pages that a vCPU dirties before its dirty ring is full.", minimum=1024
    ),
    "xbzrle": Parameter(
        False, "From the first wrap of the cursor on, send only what changed in a page."
    ),
    "xbzrle_cache_size": Parameter(
        67_108_864, "Size of XBZRLE's cache of sent pages, in bytes.", minimum=4096
    ),
    "xbzrle_write_bytes": Parameter(
        8,
        "Bytes that one write changes in a page, for XBZRLE (assumed: a word).",
        minimum=1,
        maximum=4096,
    ),
}

_PUSH: Final[dict[str, Parameter]] = {
    "push": Parameter(
        "sequential",
        "What the source pushes unasked: pages in order, nothing, a bubble that grows around "
        "each fault, or what lies behind the newest fault.",
        choices=("sequential", "none", "bubbling", "cursor"),
    ),
    "direction": Parameter(
        "dual",
        "Bubbling: grow to both sides of a fault, or forward only.",
        choices=("dual", "forward"),
    ),
    "pivots": Parameter(
        1, "Bubbling: how many bubbles grow at once; the oldest is dropped.", minimum=1, maximum=64
    ),
    "service_rate": Parameter(
        0, "The most missing pages that the hosts bring in a second, pushed or asked for; 0: any."
    ),
    "background_limit": Parameter(
        0, "The most pages pushed in a second while none is asked for; 0: any."
    ),
    "page_unit": Parameter(
        1,
        "So many pages of 4 KiB are missing, asked for and sent as one; 512: huge pages of 2 MiB.",
        minimum=1,
        maximum=262_144,
    ),
}

_QEMU_POSTCOPY: Final[dict[str, Parameter]] = {
    **_QEMU,
    "switch": Parameter(
        "first-pass",
        "Switch to post-copy after the first pass over the memory, or at a time.",
        choices=("first-pass", "time"),
    ),
    "switch_after": Parameter(
        1000, "Switch at a time: so many ms after the copying began; 0: at once."
    ),
    "push": Parameter(
        "cursor",
        "What the source pushes unasked: QEMU goes on behind the newest fault.",
        choices=("cursor", "sequential"),
    ),
    "preempt": Parameter(
        False, "Send requested pages on a channel of their own, past those that wait for the link."
    ),
    "send_buffer": Parameter(
        212_992,
        "Without preempt: bytes of pushed pages that wait for the link and go before a request "
        "(Linux's default socket buffer).",
    ),
    "max_postcopy_bandwidth": Parameter(
        0, "Most bytes a second of pushed pages; those that are asked for exceed it; 0: no limit."
    ),
    "service_rate": _PUSH["service_rate"],
    "page_unit": _PUSH["page_unit"],
}

_HYBRID: Final[dict[str, Parameter]] = {
    "rounds": Parameter(1, "Switch to post-copy after so many rounds at the latest.", minimum=1),
    "switch_after": Parameter(
        0, "Switch after the first round that ends so many ms after the copying began; 0: never."
    ),
    "on_stall": Parameter(
        False, "Switch as soon as a round leaves as many dirty pages as it sent."
    ),
    **_PUSH,
}

POLICIES: Final[dict[str, Policy]] = {
    policy.name: policy
    for policy in (
        Policy(
            "stop-and-copy",
            "Stop and copy",
            "Suspends the VM, copies all of its memory and resumes it: not live, the baseline.",
            "non-live",
        ),
        Policy(
            "xen-legacy",
            "Pre-copy, Xen 2005 to 2015",
            "Copies memory in rounds at full rate while the VM runs; stops after 29 rounds, when "
            "few pages are left, or when three times the memory was sent.",
            "pre-copy",
            _LEGACY,
        ),
        Policy(
            "xen-adaptive",
            "Pre-copy with adaptive rate, Clark et al. 2005",
            "Copies in rounds and raises its rate limit with the dirtying rate, from 100 to "
            "500 Mbit/s; stops when a round at the highest rate does not shrink.",
            "pre-copy",
            _ADAPTIVE,
        ),
        Policy(
            "xen-v2",
            "Pre-copy, Xen 4.6 and later",
            "Copies in at most five rounds, in order and without skipping; few dirty pages are "
            "sent live once more before the VM stops. Always ends, at any downtime.",
            "pre-copy",
            _XEN_V2,
        ),
        Policy(
            "xapi-emu",
            "Pre-copy, XenServer and XCP-ng",
            "Copies in at most four rounds; when few pages remain it stops the VM at once, and "
            "plugs its devices at the destination while it stands still.",
            "pre-copy",
            _XAPI_EMU,
        ),
        Policy(
            "cloud-hypervisor",
            "Pre-copy, Cloud Hypervisor",
            "Copies in rounds until the rest would fit into the downtime limit at the last "
            "round's bandwidth; a timeout gives up, or stops the VM all the same.",
            "pre-copy",
            _CLOUD_HYPERVISOR,
            announcements_ns=tuple(i * 200_000_000 for i in range(5)),
        ),
        Policy(
            "qemu-precopy",
            "Pre-copy, QEMU/KVM",
            "Sends what is marked in one bitmap, round and round, and stops the VM when the rest "
            "would fit into the downtime limit. Bounds the downtime, not the time.",
            "pre-copy",
            _QEMU,
            announcements_ns=qemu_announcements_ns(),
        ),
        Policy(
            "postcopy",
            "Post-copy",
            "Moves the running state first and resumes at the destination; pages follow, pushed "
            "in order and pulled when the guest faults on a missing one.",
            "post-copy",
            _PUSH,
        ),
        Policy(
            "qemu-postcopy",
            "Post-copy, QEMU/KVM",
            "Sends the memory as QEMU does, switches to post-copy when it is asked to, and pushes "
            "on behind the newest fault. A lost network pauses it; it can be recovered.",
            "post-copy",
            _QEMU_POSTCOPY,
            announcements_ns=qemu_announcements_ns(),
            recoverable=True,
        ),
        Policy(
            "hybrid",
            "Hybrid: pre-copy, then post-copy",
            "Copies in rounds while the VM runs, then moves it, and brings what was dirty by push "
            "and pull: short stop, few faults, and it always ends.",
            "post-copy",
            _HYBRID,
        ),
    )
}


def policy_of(name: str) -> Policy:
    """Return a policy by its name.

    Raises:
        UnknownNameError: No policy has that name.
    """
    if name not in POLICIES:
        raise UnknownNameError(f'no policy "{name}"; there are: {", ".join(POLICIES)}')
    return POLICIES[name]


def parameters_of(
    policy: Policy | str, given: Mapping[str, ParameterValue]
) -> dict[str, ParameterValue]:
    """Return all parameters of a policy: the given ones, and defaults for the rest.

    Args:
        policy: The policy or its name.
        given: What the scenario says; names that the policy does not have are left out.

    Raises:
        UnknownNameError: No policy has that name.
    """
    found = policy_of(policy) if isinstance(policy, str) else policy
    return {
        name: given.get(name, parameter.default) for name, parameter in found.parameters.items()
    }


def round_limit(parameters: Mapping[str, ParameterValue]) -> int | None:
    """Return how many live rounds a policy makes at most; None if it sets no bound.

    Args:
        parameters: All parameters of a policy (see `parameters_of`).
    """
    value = parameters.get("max_rounds", parameters.get("max_iteration"))
    return None if value is None else int(value)
