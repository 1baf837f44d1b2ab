"""A run as tables for other programs: rounds, rates, pings, events, pages at an instant, figures.

Names of columns carry their unit (`duration_s`, `rate_bps`), and mean what the same names mean in
`run --json`. The same run gives the same bytes.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from msgspec import Struct

from engine import metrics
from engine.client_figures import summarize_probe
from engine.errors import MigrascopeError
from engine.history import History, MigrationRecord
from engine.page_counts import WriteCounter
from engine.page_life import sends_in
from engine.states import STATE_LABELS, PageState
from engine.units import format_duration_ns

Cell = str | int | float | bool | None
Row = tuple[Cell, ...]
SECOND_NS: Final = 10**9


class TableError(MigrascopeError):
    """A run has no such table; the message is one sentence."""


class Column(Struct, frozen=True):
    """A column.

    Attributes:
        name: As in the header, with the unit as its end where it has one.
        unit: "" for none.
        sentence: What stands in it.
    """

    name: str
    unit: str
    sentence: str


class Table(Struct, frozen=True):
    """Rows of cells; None where the run has no such figure.

    Attributes:
        name: One of `TABLE_NAMES`.
        title: What people call it.
        columns: In order.
        rows: One cell a column.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def column(self, name: str) -> list[Cell]:
        """Return the cells of a column.

        Raises:
            KeyError: There is no such column.
        """
        names = [column.name for column in self.columns]
        if name not in names:
            raise KeyError(name)
        place = names.index(name)
        return [row[place] for row in self.rows]


_VM: Final = Column("vm", "", "Name of the VM.")
_MIGRATION: Final = Column("migration", "", "Which migration of the run, from 0, by request.")
_ROUNDS: Final = (
    _VM,
    _MIGRATION,
    Column("round", "", "Number of the round, from 1."),
    Column("live", "", "Whether the VM ran; false for the copy made while it is stopped."),
    Column("start_s", "s", "When it began, from the start of the run."),
    Column("end_s", "s", "When it ended, from the start of the run."),
    Column("duration_s", "s", "How long it took."),
    Column("pages_sent", "pages", "Page contents put on the wire."),
    Column("pages_skipped", "pages", "Pages left for later, as they were dirty again."),
    Column("pages_dirtied", "pages", "Distinct pages written meanwhile."),
    Column("bytes_sent", "B", "The migration's own stream with its headers."),
    Column("rate_bps", "bit/s", "Mean rate of that stream."),
    Column("rate_limit_bps", "bit/s", "The limit that the policy kept to; empty for none."),
)
_RATES: Final = (
    Column("t_s", "s", "From when on, from the start of the run, until the series' next row."),
    Column("series", "", "migration: the migration's own stream; web: what a web client got."),
    _VM,
    Column("index", "", "Which migration of the run, or which client of the VM, from 0."),
    Column("rate_bps", "bit/s", "The rate of the stream, without TCP, IP and Ethernet."),
)
_PINGS: Final = (
    _VM,
    Column("kind", "", "ping, game, typing: who asked."),
    Column("probe", "", "Which client of the run, from 0."),
    Column("sent_s", "s", "When it was sent, from the start of the run."),
    Column("rtt_ms", "ms", "Time until the answer; empty for a lost one."),
    Column("fate", "", "on-time, late, held or lost."),
)
_EVENTS: Final = (
    Column("t_s", "s", "When it happened, from the start of the run."),
    Column("event", "", "What happened."),
    Column("subject", "", "The VM or host that it happened to; empty for the run."),
    Column("migration", "", "Which migration of the run, from 0; empty for none."),
    Column("details", "", "Figures of the event, as name=value, with semicolons between."),
)
_PAGES: Final = (
    _VM,
    Column("page", "", "Number of the page, from 0."),
    Column("state", "", "What is known of it at the instant."),
    Column("times_sent", "", "How often its content has arrived until then, in this migration."),
    Column("times_written", "", "How often the guest has written it since the run's start."),
)
_FIGURES: Final = (
    _VM,
    _MIGRATION,
    Column("figure", "", "Name of the figure, as in `run --json`."),
    Column("label", "", "What people call it."),
    Column("value", "", "The figure, in the column `unit`; empty where it is a word or never was."),
    Column("unit", "", "Unit of the value; empty for a count or a share."),
    Column("text", "", "The figure with its unit as people read it, or the word."),
)


def _seconds(t_ns: int) -> float:
    return t_ns / SECOND_NS


def _rounds(history: History) -> Iterator[Row]:
    for index, m in enumerate(history.migrations):
        for r in m.rounds:
            yield (
                m.vm, index, r.number, r.live, _seconds(r.start_ns), _seconds(r.end_ns),
                _seconds(r.end_ns - r.start_ns), r.pages_sent, r.pages_skipped, r.pages_dirtied,
                r.bytes_sent, metrics.round_rate_bps(r), r.rate_limit_bps,
            )  # fmt: skip


def _rates(history: History) -> Iterator[Row]:
    for index, m in enumerate(history.migrations):
        for t_ns, rate_bps in zip(m.rate.t_ns, m.rate.values, strict=True):
            yield (_seconds(t_ns), "migration", m.vm, index, rate_bps)
    for name in sorted(history.web_rates):
        vm, _, number = name.removeprefix("web:").rpartition(":")
        series = history.web_rates[name]
        for t_ns, rate_bps in zip(series.t_ns, series.values, strict=True):
            yield (_seconds(t_ns), "web", vm, int(number), rate_bps)


def _pings(history: History) -> Iterator[Row]:
    for index, probe in enumerate(history.probes):
        for reply in summarize_probe(probe)["replies"]:
            yield (
                probe.vm, probe.spec.kind, index, reply["sent_s"], reply["rtt_ms"], reply["fate"]
            )  # fmt: skip


def _events(history: History) -> Iterator[Row]:
    for event in history.events:
        details = "; ".join(f"{name}={value}" for name, value in event.details)
        yield (_seconds(event.t_ns), event.kind.value, event.subject, event.migration, details)


_UNITS: Final = (
    ("_ms", "ms"), ("_s", "s"), ("_bps", "bit/s"), ("bytes_sent", "B"), ("_mib", "MiB"),
    ("_mibit", "Mibit/s"),
)  # fmt: skip


def _unit_of(key: str) -> str:
    if key.startswith("downtime_parts."):
        return "s"
    if key.startswith("pages_") or key == "zero_pages":
        return "pages"
    return next((unit for end, unit in _UNITS if key.endswith(end)), "")


def _figures(history: History) -> Iterator[Row]:
    for index, m in enumerate(history.migrations):
        for key, value in _flat(m, history):
            number = value if isinstance(value, int | float) else None
            text = metrics.format_figure(key, value)
            yield (m.vm, index, key, metrics.label_of(key), number, _unit_of(key), text)


def _flat(migration: MigrationRecord, history: History) -> Iterator[tuple[str, Any]]:
    """Yield the figures of a migration that are one value each; `rounds` is their number."""
    for key, value in metrics.migration_figures(migration, history).items():
        if key == "rounds":
            yield key, len(value)
        elif isinstance(value, dict) and key == "downtime_parts":
            yield from ((f"{key}.{name}", part) for name, part in value.items())
        elif key != "vm" and not isinstance(value, list | dict):
            yield key, value


_Maker = Callable[[History], Iterator[Row]]
_MAKERS: Final[dict[str, tuple[str, tuple[Column, ...], _Maker]]] = {
    "rounds": ("Rounds of copying", _ROUNDS, _rounds),
    "rates": ("Rates of streams", _RATES, _rates),
    "pings": ("Answers to clients", _PINGS, _pings),
    "events": ("Events", _EVENTS, _events),
    "figures": ("Figures of the migrations", _FIGURES, _figures),
}
PAGES: Final = "pages"
TABLE_NAMES: Final = ("rounds", "rates", "pings", "events", PAGES, "figures")
TABLE_TITLES: Final = {n: _MAKERS[n][0] if n != PAGES else "Pages at an instant"
                       for n in TABLE_NAMES}  # fmt: skip


def table_of(history: History, name: str, *, at_ns: int | None = None, vm: str = "") -> Table:
    """Return a table of a run.

    Args:
        history: The run.
        name: One of `TABLE_NAMES`.
        at_ns: For `pages`: the instant, scenario time.
        vm: For `pages`: whose pages; "": those of the first VM that migrates.

    Raises:
        TableError: There is no such table, or no pages are known of at the instant.
    """
    if name == PAGES:
        return _pages_table(history, at_ns, vm)
    if name not in _MAKERS:
        raise TableError(f'"{name}": no such table; there are: {", ".join(TABLE_NAMES)}')
    title, columns, make = _MAKERS[name]
    return Table(name, title, columns, tuple(make(history)))


def _pages_table(history: History, at_ns: int | None, vm: str) -> Table:
    if at_ns is None:
        raise TableError("pages: name an instant, as in --at switchover")
    vm = vm or next((m.vm for m in history.migrations if m.track is not None), "")
    names = [record.spec.name for record in history.vms]
    if not vm:
        raise TableError("pages: no migration in this run has come to copying any")
    if vm not in names:
        raise TableError(f'"{vm}": there is no such VM; there are: {", ".join(names)}')
    track, at = history.track_at(vm, at_ns), format_duration_ns(at_ns)
    if track is None:
        begins = [m.track.start_ns for m in history.migrations if m.vm == vm and m.track]
        first = f"it begins at {format_duration_ns(min(begins))}" if begins else "none begins"
        raise TableError(f"pages of {vm} at {at}: no copying has begun; {first}")
    states = track.states_at(at_ns)
    counter = WriteCounter(history.vm(vm), history.end_ns)
    counter.move_to(at_ns)
    sent = sends_in(track, 0, len(states) - 1, at_ns).tolist()
    labels = [STATE_LABELS[PageState(state)] for state in np.asarray(states).tolist()]
    rows = tuple(
        (vm, page, *cells)
        for page, cells in enumerate(zip(labels, sent, counter.counts.tolist(), strict=True))
    )
    return Table(PAGES, f"Pages of {vm} at {at}", _PAGES, rows)


def csv_text(table: Table) -> str:
    """Return a table as comma separated values: a header, then one line a row.

    Whole numbers and decimals as they are, `true` and `false`, nothing where nothing is known.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows([_csv_cell(cell) for cell in row] for row in table.rows)
    return text.getvalue()


def _csv_cell(cell: Cell) -> Cell:
    return str(cell).lower() if isinstance(cell, bool) else cell


def json_text(table: Table) -> str:
    """Return a table as a JSON object: `table`, `columns` (name, unit, sentence) and `rows`."""
    head = {
        "table": table.name,
        "title": table.title,
        "columns": [
            {"name": c.name, "unit": c.unit, "sentence": c.sentence} for c in table.columns
        ],
    }
    lines = ",\n    ".join(json.dumps(row, ensure_ascii=False) for row in table.rows)
    text = json.dumps(head, indent=2, ensure_ascii=False)
    rows = f"[\n    {lines}\n  ]" if table.rows else "[]"
    return f'{text[:-2]},\n  "rows": {rows}\n}}\n'


FORMATS: Final[dict[str, Callable[[Table], str]]] = {".csv": csv_text, ".json": json_text}
"""By the ending of a file's name."""


def text_for(table: Table, file_name: str) -> str:
    """Return what a file of that name is to hold.

    Raises:
        TableError: Its ending names no format.
    """
    for ending, make in FORMATS.items():
        if file_name.lower().endswith(ending):
            return make(table)
    raise TableError(f'{file_name}: use a name that ends in {" or ".join(FORMATS)}')
