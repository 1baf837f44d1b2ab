"""The commands that may be sent to a running QEMU, each with the sentence that is asked before."""

import re
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from engine.errors import MigrascopeError
from engine.units import format_bit_rate, format_duration_ns, parse_bit_rate, parse_duration
from gui.live.figures import MILLISECOND_NS, Figures, Machine, bandwidth_text

Step = tuple[str, dict[str, Any]]
LONGEST_DOWNTIME_MS: Final = 2_000_000
"""QEMU takes no more."""
_DESTINATION: Final = re.compile(r"(unix:.+|tcp:.*:[0-9]+)")
_BITS_A_BYTE: Final = 8


class CommandError(MigrascopeError):
    """A value that cannot be sent; one sentence says what was expected."""


class Plan(Struct, frozen=True):
    """What will be sent, and what that means.

    Attributes:
        sentence: For the user, before it is sent.
        steps: Commands of QMP with their arguments.
    """

    sentence: str
    steps: tuple[Step, ...]


class LiveCommand(Struct, frozen=True):
    """A command that can be asked for.

    Attributes:
        title: Of the question.
        button: That sends it.
        label: Of the value that it takes; "" for none.
        plan: Returns what a value means. Raises `CommandError` for one that cannot be sent.
    """

    title: str
    button: str
    label: str
    plan: Callable[[str], Plan]


def start_command(machine: Machine) -> LiveCommand:
    """Return the start of a migration."""

    def plan(text: str) -> Plan:
        uri = text.strip()
        if not _DESTINATION.fullmatch(uri):
            raise CommandError(
                "Give where the other QEMU waits, as it was told by -incoming: unix:PATH or "
                "tcp:HOST:PORT."
            )
        sentence = (
            f"{machine.name} starts to move to {uri}: QEMU sends its memory there while it runs, "
            "stops it here at the end, and it goes on there. QEMU is also asked to report every "
            "round (capability events)."
        )
        events = {"capabilities": [{"capability": "events", "state": True}]}
        return Plan(sentence, (("migrate-set-capabilities", events), ("migrate", {"uri": uri})))

    return LiveCommand(
        f"Start the migration of {machine.name}", "Start the migration", "Destination", plan
    )


def cancel_command(machine: Machine) -> LiveCommand:
    """Return the end of a migration before its time."""

    def plan(text: str) -> Plan:
        sentence = (
            f"The migration of {machine.name} is given up: {machine.name} stays here and goes on, "
            "and what was sent so far is thrown away at the destination."
        )
        return Plan(sentence, (("migrate_cancel", {}),))

    title = f"Cancel the migration of {machine.name}"
    return LiveCommand(title, "Cancel the migration", "", plan)


def bandwidth_command(machine: Machine, figures: Figures) -> LiveCommand:
    """Return another bandwidth, from now on and for later migrations."""
    now = "" if figures.bandwidth_bps is None else bandwidth_text(figures.bandwidth_bps)

    def plan(text: str) -> Plan:
        try:
            rate_bps = parse_bit_rate(text.strip())
        except ValueError as error:
            raise CommandError(f'"{text.strip()}": give a rate, as in 500 Mbit/s; {error}.') from (
                error
            )
        if rate_bps < _BITS_A_BYTE:
            raise CommandError(f'"{text.strip()}": a rate is more than 0, as in 500 Mbit/s.')
        new = format_bit_rate(rate_bps)
        instead = f" instead of {now}" if now else ""
        when = "from now on" if figures.moving else "when it moves"
        sentence = f"{machine.name}: its migration may use {new}{instead}, {when}."
        step = ("migrate-set-parameters", {"max-bandwidth": rate_bps // _BITS_A_BYTE})
        return Plan(sentence, (step,))

    return LiveCommand(
        f"Bandwidth of the migration of {machine.name}", "Set the bandwidth", "Bandwidth", plan
    )


def downtime_command(machine: Machine, figures: Figures) -> LiveCommand:
    """Return another limit of the downtime, from now on and for later migrations."""
    now = ""
    if figures.downtime_limit_ns is not None:
        now = f" instead of {format_duration_ns(figures.downtime_limit_ns)}"

    def plan(text: str) -> Plan:
        try:
            limit_ns = parse_duration(text.strip())
        except ValueError as error:
            raise CommandError(f'"{text.strip()}": give a time, as in 300 ms; {error}.') from error
        limit_ms, rest = divmod(limit_ns, MILLISECOND_NS)
        if rest or not 0 <= limit_ms <= LONGEST_DOWNTIME_MS:
            raise CommandError(
                f'"{text.strip()}": QEMU takes whole milliseconds, from 0 ms to 2000 s.'
            )
        sentence = (
            f"QEMU stops {machine.name} for the last part as soon as it expects that to take "
            f"{format_duration_ns(limit_ns)} or less{now}. A longer limit ends the migration "
            "sooner, and the VM stands still longer."
        )
        return Plan(sentence, (("migrate-set-parameters", {"downtime-limit": limit_ms}),))

    title = f"Downtime limit of {machine.name}"
    return LiveCommand(title, "Set the downtime limit", "Downtime limit", plan)


def postcopy_command(machine: Machine) -> LiveCommand:
    """Return the change to post-copy."""

    def plan(text: str) -> Plan:
        sentence = (
            f"{machine.name} goes over to the destination at once, and fetches the pages that are "
            "missing there when it touches them. From then on it cannot be cancelled, and a lost "
            "connection stops the VM until it is recovered."
        )
        return Plan(sentence, (("migrate-start-postcopy", {}),))

    return LiveCommand(f"Post-copy of {machine.name}", "Start post-copy", "", plan)
