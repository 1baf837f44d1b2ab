"""Figures of a run that lessons ask for, by name: "cps.downtime", "cps>amd-3.outcome"."""

from collections.abc import Callable
from typing import Any, Final, Literal

from msgspec import Struct

from engine import units
from engine.client_figures import client_figures, ping_figures
from engine.errors import MigrascopeError
from engine.history import History, MigrationRecord
from engine.metrics import downtime_ns, service_gap_ns, total_time_ns
from engine.prediction import stopped_by_itself
from engine.probes import Fate, ProbeRecord
from engine.why import STOP_WORDS

Kind = Literal["duration", "count", "size", "word"]
NOT_THERE: Final = "never"
_MS: Final = 1_000_000
_S: Final = 1_000_000_000


class FigureError(MigrascopeError):
    """There is no such figure, or a text is no value of one; the message is a clause."""


class Figure(Struct, frozen=True):
    """A figure of a run.

    Attributes:
        kind: duration (ns), count, size (bytes) or word.
        value: None where the run never came to it.
    """

    kind: Kind
    value: int | str | None

    @property
    def text(self) -> str:
        """Return it for people, with its unit."""
        if self.value is None:
            return NOT_THERE
        if isinstance(self.value, str):  # "does-not-converge" in files; a sentence stays
            return self.value if " " in self.value else self.value.replace("-", " ")
        return format_value(self.kind, self.value)


Reader = Callable[[History, MigrationRecord], int | str | None]


def _part(name: str) -> Reader:
    return lambda history, m: dict(m.downtime_parts).get(name) if m.resumed_ns else None


def _pings_of(history: History, m: MigrationRecord) -> list[ProbeRecord]:
    return [p for p in history.probes if p.vm == m.vm and p.spec.kind == "ping"]


def _pings(key: str, scale: int) -> Reader:
    def read(history: History, m: MigrationRecord) -> int | None:
        probes = _pings_of(history, m)
        value = ping_figures(probes, m)[key] if probes else None
        return None if value is None else round(value * scale)

    return read


def _in_gap(history: History, m: MigrationRecord) -> int | None:
    """Return how many pings were sent while the VM could not be reached."""
    probes = _pings_of(history, m)
    if not probes or m.suspended_ns is None or m.reachable_ns is None:
        return None
    return sum(
        int(((p.sent_ns >= m.suspended_ns) & (p.sent_ns < m.reachable_ns)).sum()) for p in probes
    )


def _late(history: History, m: MigrationRecord) -> int | None:
    probes = _pings_of(history, m)
    if not probes:
        return None
    return sum(int(((p.fates == Fate.LATE) | (p.fates == Fate.HELD)).sum()) for p in probes)


def _client(key: str, scale: int) -> Reader:
    def read(history: History, m: MigrationRecord) -> int | None:
        probes = [p for p in history.probes if p.vm == m.vm]
        value: Any = client_figures(probes, m, history).get(key)
        return None if value is None else round(value * scale)

    return read


def _converges(history: History, m: MigrationRecord) -> str | None:
    found = stopped_by_itself(m)
    return None if found is None else "yes" if found else "no"


def _why_stopped(history: History, m: MigrationRecord) -> str | None:
    reason = m.stop_reason
    return None if reason is None else STOP_WORDS.get(reason, reason)


def _longest_stall(history: History, m: MigrationRecord) -> int:
    return max((ns for _, ns in m.stalls), default=0)


def _sent_again(history: History, m: MigrationRecord) -> int:
    return max(0, m.pages_sent - (m.pages_total - m.zero_pages))


FIGURES: Final[dict[str, tuple[str, Kind, Reader]]] = {
    "total_time": ("total migration time", "duration", lambda h, m: total_time_ns(m)),
    "downtime": ("downtime", "duration", lambda h, m: downtime_ns(m)),
    "service_gap": ("service gap", "duration", lambda h, m: service_gap_ns(m)),
    "last_copy": ("last copy", "duration", _part("last_copy")),
    "start_up": ("start-up", "duration", _part("start_up")),
    "rounds": ("rounds", "count", lambda h, m: len(m.rounds)),
    "pages_total": ("pages of the VM", "count", lambda h, m: m.pages_total),
    "pages_sent": ("pages sent", "count", lambda h, m: m.pages_sent),
    "pages_again": ("pages sent more than once", "count", _sent_again),
    "pages_skipped": ("pages skipped", "count", lambda h, m: m.pages_skipped),
    "pages_faulted": ("pages pulled on a fault", "count", lambda h, m: m.pages_faulted),
    "longest_stall": ("longest wait for a page", "duration", _longest_stall),
    "sent": ("data sent", "size", lambda h, m: m.bytes_sent),
    "base_ping": ("shortest ping", "duration", _pings("base_ping_ms", _MS)),
    "push_ping": ("median ping during push", "duration", _pings("push_ping_ms", _MS)),
    "longest_ping": ("longest ping", "duration", _pings("latest_ping_ms", _MS)),
    "pings_lost": ("pings lost", "count", _pings("pings_lost", 1)),
    "pings_late": ("pings late or held", "count", _late),
    "pings_in_gap": ("pings sent into the service gap", "count", _in_gap),
    "typing_gap": ("longest wait for an echo", "duration", _client("typing_gap_s", _S)),
    "keys_lost": ("keys lost", "count", _client("keys_lost", 1)),
    "outcome": ("outcome", "word", lambda h, m: m.outcome),
    "stop_reason": ("reason to stop", "word", lambda h, m: m.stop_reason),
    "why_stopped": ("reason to stop, in words", "word", _why_stopped),
    "converges": ("convergence", "word", _converges),
    "rule": ("rule that refuses", "word", lambda h, m: m.refusals[0].rule if m.refusals else None),
}
"""Name: label, kind, and how it is read from a run."""


def label_of(key: str) -> str:
    """Return what a figure is called: "downtime of cps".

    Raises:
        FigureError: There is no such figure.
    """
    who, name = _split(key)
    vm, _, host = who.partition(">")
    return f"{FIGURES[name][0]} of {vm}" + (f" to {host}" if host else "")


def kind_of(key: str) -> Kind:
    """Return the kind of a figure.

    Raises:
        FigureError: There is no such figure.
    """
    return FIGURES[_split(key)[1]][1]


def figure_of(history: History, key: str) -> Figure:
    """Return a figure of a run.

    Args:
        history: The run.
        key: `VM.NAME` for the VM's first migration, `VM>HOST.NAME` for its first one to a host;
            NAME is one of `FIGURES`.

    Raises:
        FigureError: There is no such figure, or no such migration.
    """
    who, name = _split(key)
    vm, _, host = who.partition(">")
    _, kind, read = FIGURES[name]
    for m in history.migrations:
        if m.vm == vm and host in ("", m.destination):
            return Figure(kind, read(history, m))
    raise FigureError(f"{key}: no migration of {vm}{f' to {host}' if host else ''} in this run")


def parse_value(kind: Kind, text: str) -> int | str:
    """Return the value that a text names: "60 ms", "1,200", "512 MiB", "completed".

    Raises:
        FigureError: It is none, in a clause that says what was expected.
    """
    word = text.strip()
    try:
        if kind == "duration":
            return units.parse_duration(word)
        if kind == "size":
            return units.parse_size(word)
        if kind == "count":
            return int(word.replace(",", ""))
    except ValueError as error:
        expected = "a whole number, such as 1,200" if kind == "count" else str(error)
        raise FigureError(f'"{text}": {expected}') from error
    return word


def format_value(kind: Kind, value: int) -> str:
    """Return a value for people."""
    if kind == "duration":
        return units.format_duration_ns(value)
    return units.format_size(value) if kind == "size" else units.format_count(value)


def _split(key: str) -> tuple[str, str]:
    who, dot, name = key.rpartition(".")
    if not dot or name not in FIGURES:
        raise FigureError(f"{key}: use VM.FIGURE with one of {', '.join(FIGURES)}")
    return who, name
