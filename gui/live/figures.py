"""What QEMU says of a VM and its migration, as values, and as sentences for people."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from engine.units import format_bit_rate, format_duration_ns, format_size

MILLISECOND_NS: Final = 10**6
OVER: Final = ("completed", "failed", "cancelled")
"""A migration in one of these states is over."""
IDLE: Final = ("", "none")
_STATES: Final = {
    "setup": "is being set up",
    "wait-unplug": "waits for a device to be unplugged",
    "active": "is under way",
    "pre-switchover": "waits before its switchover",
    "device": "sends the state of the devices: the VM stands still",
    "postcopy-device": "sends the state of the devices: the VM stands still",
    "postcopy-active": "is in post-copy: the VM runs at the destination",
    "postcopy-paused": "has lost its connection in post-copy, and waits to be recovered",
    "postcopy-recover-setup": "is being recovered",
    "postcopy-recover": "is being recovered",
    "cancelling": "is being cancelled",
    "completed": "is complete",
    "failed": "has failed",
    "cancelled": "was cancelled",
}
_NO_COUNTER: Final = "–"


class Machine(Struct, frozen=True):
    """What does not change while a QEMU runs.

    Attributes:
        address: Where its QMP socket is.
        name: Of the VM; "vm" if it has none.
        version: Of QEMU, as in "7.2.22".
        memory_bytes: Of the VM; 0 if QEMU does not tell.
    """

    address: str
    name: str
    version: str
    memory_bytes: int = 0

    @property
    def sentence(self) -> str:
        """Return who is watched."""
        size = f", {format_size(self.memory_bytes)}" if self.memory_bytes else ""
        return f"{self.name} (QEMU {self.version}{size})"


class Figures(Struct, frozen=True):
    """What the newest answers say; None where they do not.

    Attributes:
        run_state: Of the VM: running, paused, inmigrate, postmigrate.
        status: Of its migration, in QEMU's words; "" for none so far.
        sent_bytes: So far. remaining_bytes: As of the newest look at it.
        rate_bps: As QEMU measures it.
        rounds: Reads of the dirty bitmap.
        expected_downtime_ns: If it stopped now. downtime_ns: As it was.
        total_time_ns: Since the request.
        bandwidth_bps: What it may use; 0: as much as it can get.
        downtime_limit_ns: What it is to stay within.
        postcopy: Whether post-copy may be started.
        reason: Why it failed, in QEMU's words.
    """

    run_state: str = ""
    status: str = ""
    sent_bytes: int | None = None
    remaining_bytes: int | None = None
    rate_bps: int | None = None
    rounds: int | None = None
    expected_downtime_ns: int | None = None
    downtime_ns: int | None = None
    total_time_ns: int | None = None
    bandwidth_bps: int | None = None
    downtime_limit_ns: int | None = None
    postcopy: bool = False
    reason: str = ""

    @property
    def moving(self) -> bool:
        """Return whether a migration is under way."""
        return self.status not in OVER and self.status not in IDLE

    @property
    def pulling(self) -> bool:
        """Return whether post-copy has begun: giving up now would lose the VM."""
        return self.status.startswith("postcopy")

    @property
    def waits_for_another(self) -> bool:
        """Return whether this QEMU is a destination that waits."""
        return self.run_state == "inmigrate"


def figures_of(
    run_state: Mapping[str, Any],
    answer: Mapping[str, Any],
    parameters: Mapping[str, Any],
    *,
    postcopy: bool,
) -> Figures:
    """Return what the answers say.

    Args:
        run_state: Of query-status.
        answer: Of query-migrate.
        parameters: Of query-migrate-parameters.
        postcopy: Whether the capability postcopy-ram is on.
    """
    ram = answer.get("ram")
    ram = ram if isinstance(ram, dict) else {}
    rate = ram.get("mbps")
    bandwidth = _whole(parameters, "max-bandwidth", 8)
    return Figures(
        run_state=str(run_state.get("status", "")),
        status=str(answer.get("status", "")),
        sent_bytes=_whole(ram, "transferred"),
        remaining_bytes=_whole(ram, "remaining"),
        rate_bps=round(rate * 10**6) if isinstance(rate, int | float) and rate >= 0 else None,
        rounds=_whole(ram, "dirty-sync-count"),
        expected_downtime_ns=_whole(answer, "expected-downtime", MILLISECOND_NS),
        downtime_ns=_whole(answer, "downtime", MILLISECOND_NS),
        total_time_ns=_whole(answer, "total-time", MILLISECOND_NS),
        bandwidth_bps=bandwidth,
        downtime_limit_ns=_whole(parameters, "downtime-limit", MILLISECOND_NS),
        postcopy=postcopy,
        reason=str(answer.get("error-desc", "")),
    )


def _whole(held: Mapping[str, Any], key: str, factor: int = 1) -> int | None:
    value = held.get(key)
    return value * factor if isinstance(value, int) and not isinstance(value, bool) else None


def headline(machine: Machine, figures: Figures) -> str:
    """Return in a sentence what the migration does."""
    if figures.waits_for_another:
        return f"{machine.name} waits for a migration to come in; attach to the QEMU that sends it."
    if figures.status in IDLE:
        state = "does not run" if figures.run_state not in ("", "running") else "runs"
        return f"{machine.sentence} {state}; no migration so far."
    state = _STATES.get(figures.status, f'is in the state "{figures.status}"')
    return f"The migration of {machine.name} {state}."


def figures_line(figures: Figures) -> str:
    """Return the figures in one line."""
    parts = []
    if figures.status not in IDLE:
        parts = [
            f"sent {_told(figures.sent_bytes, format_size)}",
            f"left {_told(figures.remaining_bytes, format_size)}",
            f"at {_told(figures.rate_bps, format_bit_rate)}",
            f"round {figures.rounds}" if figures.rounds else "no round yet",
        ]
        if figures.status in OVER:
            parts.append(f"downtime {_told(figures.downtime_ns, format_duration_ns)}")
        else:
            parts.append(
                f"expected downtime {_told(figures.expected_downtime_ns, format_duration_ns)}"
            )
    limits = []
    if figures.bandwidth_bps is not None:
        limits.append(bandwidth_text(figures.bandwidth_bps))
    if figures.downtime_limit_ns is not None:
        limits.append(format_duration_ns(figures.downtime_limit_ns))
    if limits:
        parts.append(f"limits {', '.join(limits)}")
    return " · ".join(parts)


def bandwidth_text(rate_bps: int) -> str:
    """Return a limit of the bandwidth; QEMU's 0 is none."""
    return format_bit_rate(rate_bps) if rate_bps else "unlimited"


def end_sentence(machine: Machine, figures: Figures) -> str:
    """Return how a migration ended."""
    name, took = machine.name, ""
    if figures.total_time_ns is not None:
        took = f" after {format_duration_ns(figures.total_time_ns)}"
    if figures.status == "completed":
        down = ""
        if figures.downtime_ns is not None:
            down = f", and stood still for {format_duration_ns(figures.downtime_ns)}"
        return f"{name} has moved{took}{down}."
    if figures.status == "cancelled":
        return f"The migration of {name} was cancelled{took}; {name} stays here."
    why = figures.reason.strip().rstrip(".")
    told = f": {why}" if why else "; QEMU does not say why"
    return f"The migration of {name} failed{took}{told}. {name} stays here."


def _told(value: int | None, form: Any) -> str:
    return _NO_COUNTER if value is None else str(form(value))
