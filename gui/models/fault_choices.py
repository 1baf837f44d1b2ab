"""Which faults can be made by hand at an instant, in words for menus; pure, no widget.

A fault that would change nothing there is listed with the reason why it cannot be chosen.
"""

from msgspec import Struct

from engine.eligibility import Situation, situation_at
from engine.history import History, MigrationRecord


class FaultChoice(Struct, frozen=True):
    """One fault that a menu offers.

    Attributes:
        kind: As in a scenario file: link-down, link-up, host-dies, cancel, announcement-lost.
        on: Name of the host or VM.
        text: For the menu.
        why_not: Why it cannot be chosen now; "" if it can.
    """

    kind: str
    on: str
    text: str
    why_not: str = ""


def host_faults(history: History, t_ns: int, host: str) -> list[FaultChoice]:
    """Return what can happen to a host."""
    situation = situation_at(history, t_ns)
    dead = f"{host} died" if host in situation.dead_hosts else ""
    return [_link(situation, host), FaultChoice("host-dies", host, f"{host} dies", dead)]


def _link(situation: Situation, host: str) -> FaultChoice:
    dead = f"{host} died" if host in situation.dead_hosts else ""
    if host in situation.down_hosts:
        return FaultChoice("link-up", host, f"Link of {host} comes up", dead)
    return FaultChoice("link-down", host, f"Link of {host} goes down", dead)


def vm_faults(history: History, t_ns: int, vm: str) -> list[FaultChoice]:
    """Return what can happen to a VM: its migration cancelled, its announcement lost."""
    idle = "" if migration_under_way(history, t_ns, vm) else "no migration of it is under way"
    lost = history.vm(vm).placement_at(t_ns).status == "lost"
    return [
        FaultChoice("cancel", vm, f"Cancel the migration of {vm}", idle),
        FaultChoice(
            "announcement-lost",
            vm,
            f"Lose the next announcement of {vm}",
            f"{vm} is lost" if lost else "",
        ),
    ]


def migration_under_way(history: History, t_ns: int, vm: str) -> MigrationRecord | None:
    """Return a VM's migration that has begun and not ended."""
    for migration in history.migrations:
        begun = migration.vm == vm and migration.requested_ns <= t_ns
        open_yet = migration.ended_ns is None or t_ns < migration.ended_ns
        if begun and open_yet and migration.outcome != "refused":
            return migration
    return None


def fault_sentence(kind: str, on: str) -> str:
    """Return what happens, for the notice and for undo."""
    return {
        "link-down": f"the link of {on} goes down",
        "link-up": f"the link of {on} comes up",
        "host-dies": f"{on} dies",
        "cancel": f"the migration of {on} is cancelled",
        "announcement-lost": f"the next announcement of {on} is lost",
    }[kind]
