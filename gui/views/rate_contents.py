"""Plots of what the host sees: the migration's stream, page dirtying, and the guest's speed.

Nothing is simulated or smoothed: every step is a rate of the history.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from msgspec import Struct

from engine.history import History, VmRecord
from engine.network import PiecewiseSeries
from engine.recorded import RecordedHistory
from engine.specs import PAGE_BYTES
from engine.units import format_bit_rate, parse_bit_rate
from engine.workload import FULL_SPEED, GuestClock, WriterTimeline, zipf_table
from gui.models.plot_rows import Cell, PlotTable
from gui.views.plot_axes import axis_step, bands_of, from_start, steps_mbps
from gui.views.plot_content import Curve, Floats, PlotContent
from gui.views.plot_stats import (
    show_number,
    spread_line,
    spread_of_line,
    spread_of_steps,
    sum_of_steps,
)
from gui.views.time_text import SECOND_NS, clock_text

BIN_NS: Final = SECOND_NS // 10
MAX_BINS: Final = 400
MAX_EXACT_WRITES: Final = 100_000
LINK_OFF_SCALE: Final = 3.0
SPEED_TOP: Final = 118.0  # room above 100 % for the names of the phases


def link_series(history: History) -> PiecewiseSeries:
    """Return the bandwidth of the network in force, dated changes included."""
    series = PiecewiseSeries()
    series.step(0, history.spec.network.bandwidth_bps)
    for change in sorted(history.spec.changes, key=lambda c: c.at_ns):
        value = change.set.get("network.bandwidth")
        if value is not None and change.at_ns <= history.end_ns:
            series.step(change.at_ns, parse_bit_rate(value))
    return series


@lru_cache(maxsize=4)
def dirtying_mbps(record: VmRecord, end_ns: int) -> tuple[Floats, Floats]:
    """Return (s, Mbit/s) of the distinct pages that a VM writes in bins of 100 ms.

    Exact up to 100,000 writes and 400 bins; above, bins are taken at even distances and the
    number of distinct pages is the expected one for the writers' rates and regions.
    """
    n_bins = max(1, -(-end_ns // BIN_NS))
    writes = sum(w.writes_until(g) for w, g in _guest_ends(record, end_ns))
    if n_bins <= MAX_BINS and writes <= MAX_EXACT_WRITES:
        starts = np.arange(n_bins, dtype=np.int64) * BIN_NS
        distinct = _distinct_exact(record, n_bins)
    else:
        starts = np.linspace(0, max(0, end_ns - BIN_NS), min(n_bins, MAX_BINS)).astype(np.int64)
        distinct = np.array([_distinct_expected(record, int(t)) for t in starts])
    middle = np.minimum(starts + BIN_NS // 2, end_ns)
    return middle / SECOND_NS, distinct * (PAGE_BYTES * 8 * (SECOND_NS // BIN_NS) / 1e6)


def _guest_ends(record: VmRecord, end_ns: int) -> Iterator[tuple[WriterTimeline, int]]:
    for writer in record.writers:
        yield writer, record.clocks[writer.vcpu].guest_at(end_ns)


def _distinct_exact(record: VmRecord, n_bins: int) -> Floats:
    n_pages = record.spec.n_pages
    # Most runs have keys of 32 bits, which are sorted in half the time.
    small = (n_bins + 1) * n_pages <= np.iinfo(np.int32).max
    firsts = np.arange(n_bins + 1, dtype=np.int32 if small else np.int64) * n_pages
    keys = [firsts[:0]]
    for writer in record.writers:
        clock = record.clocks[writer.vcpu]
        edges = np.array([clock.guest_at(i * BIN_NS) for i in range(n_bins + 1)], np.int64)
        pages, times = writer.writes_between(0, int(edges[-1]))
        # Writes stand in order of time: those of a bin lie side by side.
        in_bins = np.diff(np.searchsorted(times, edges, side="right"))
        keys.append(np.repeat(firsts[:-1], in_bins) + pages.astype(firsts.dtype, copy=False))
    ordered = np.sort(np.concatenate(keys))
    new = np.ones(len(ordered), np.bool_)
    new[1:] = ordered[1:] != ordered[:-1]
    return np.diff(np.searchsorted(ordered[new], firsts)).astype(np.float64)


def _distinct_expected(record: VmRecord, from_ns: int) -> float:
    return sum(
        _expected_pages(writer, record.clocks[writer.vcpu], from_ns) for writer in record.writers
    )


def _expected_pages(writer: WriterTimeline, clock: GuestClock, from_ns: int) -> float:
    """Return how many distinct pages a writer touches in one bin, on average."""
    start, stop = clock.guest_at(from_ns), clock.guest_at(from_ns + BIN_NS)
    n = writer.n_pages
    count = writer.rate_at((start + stop) // 2) * (stop - start) / SECOND_NS
    if writer.spec.pattern in ("sweep", "trace"):
        return float(min(count, n))
    if writer.spec.pattern == "uniform":
        return _occupied(n, count)
    if writer.spec.pattern == "zipf":
        sums = zipf_table(n).astype(np.float64)
        shares = np.diff(sums, prepend=0.0) / sums[-1]
        return float(np.sum(-np.expm1(count * np.log1p(-np.minimum(shares, 1 - 1e-12)))))
    n_hot = max(1, n * writer.spec.hot_share_ppm // 1_000_000)
    hot = count * writer.spec.hot_writes_ppm / 1_000_000
    return _occupied(n_hot, hot) + _occupied(max(1, n - n_hot), count - hot)


def _occupied(n: int, count: float) -> float:
    """Return the expected number of different values among `count` draws of `n`."""
    return float(n * -np.expm1(count * np.log1p(-1 / n))) if n > 1 else min(1.0, count)


class Rates(Struct, frozen=True):
    """What a plot of rates shows.

    Attributes:
        own: Streams of the VM's migrations, bit/s. other: Those of other VMs, by name.
        dirty: (s, Mbit/s) of page dirtying; None where a recording does not tell it.
        link: Bandwidth of the network, bit/s; None where a recording does not tell it.
        stepped: Dirtying is constant from one of its instants on; else of the stretches around.
    """

    own: list[PiecewiseSeries]
    other: list[tuple[str, PiecewiseSeries]]
    dirty: tuple[Floats, Floats] | None
    link: PiecewiseSeries | None
    stepped: bool = False

    @property
    def sent(self) -> PiecewiseSeries:
        """Return the stream of the VM's migrations together."""
        return sum_of_steps(self.own) if self.own else PiecewiseSeries()

    def dirty_mbps_at(self, t_ns: int) -> float | None:
        """Return the rate of page dirtying, in Mbit/s; None where it is not known."""
        if self.dirty is None or not len(self.dirty[1]):
            return None
        if self.stepped:
            last = int(np.searchsorted(self.dirty[0], t_ns / SECOND_NS, side="right")) - 1
            return float(self.dirty[1][last]) if last >= 0 else None
        i = min(int(np.searchsorted(self.dirty[0], t_ns / SECOND_NS)), len(self.dirty[1]) - 1)
        return float(self.dirty[1][i])


def rates_of(history: History, vm: str) -> Rates:
    """Return the rates that are known of a VM."""
    own = [m.rate for m in history.migrations if m.vm == vm]
    other = [(m.vm, m.rate) for m in history.migrations if m.vm != vm]
    if isinstance(history, RecordedHistory):
        known = history.dirtied_pps
        in_bits = PiecewiseSeries(known.t_ns, [pps * PAGE_BYTES * 8 for pps in known.values])
        dirty = from_start(in_bits, history.end_ns) if known.t_ns else None
        return Rates(own, other, dirty, None, stepped=True)
    return Rates(own, other, dirtying_mbps(history.vm(vm), history.end_ns), link_series(history))


def rate_content(history: History, vm: str, previous: History | None = None) -> PlotContent:
    """Return the migration streams, the VM's dirtying and the link, in Mbit/s."""
    end_ns, rates = history.end_ns, rates_of(history, vm)
    streams = [*rates.own, *(rate for _, rate in rates.other)]
    highest = max((max(rate.values, default=0) / 1e6 for rate in streams), default=0.0)
    if rates.dirty is not None:
        highest = max(highest, float(rates.dirty[1].max(initial=0)))
    link_mbps = max(rates.link.values) / 1e6 if rates.link is not None else 0.0
    seen = link_mbps <= LINK_OFF_SCALE * highest or highest <= 0
    y_max = 1.18 * max(1.0, highest, link_mbps if seen else 0.0)
    curves = [*_old_rates(previous, vm)]
    if rates.link is not None:
        word = f"link {format_bit_rate(rates.link.values[-1])}" + ("" if seen else ", above")
        curves.append(Curve("limit", *from_start(rates.link, end_ns), word))
    for name, rate in rates.other:
        curves.append(Curve("other", *steps_mbps(rate, end_ns), f"sent for {name}"))
    if rates.dirty is not None:
        curves.append(Curve("dirtied", *rates.dirty, "dirtied"))
    curves += [
        Curve("sent", *steps_mbps(rate, end_ns), "" if i else "sent", width_px=2)
        for i, rate in enumerate(rates.own)
    ]
    return PlotContent(
        "Link rate and page dirtying, Mbit/s" if rates.dirty is not None else "Rate sent, Mbit/s",
        end_ns,
        y_max,
        axis_step(y_max),
        tuple(bands_of(history, vm)),
        tuple(curves),
        read=lambda t_ns, reach_ns: _read_rate(rates, t_ns),
        stats=lambda start_ns, stop_ns: _rate_stats(rates, start_ns, stop_ns),
        table=lambda: _rate_table(rates, end_ns),
    )


def _old_rates(previous: History | None, vm: str) -> Iterator[Curve]:
    """Yield what the run looked like before the change."""
    if previous is None or all(r.spec.name != vm for r in previous.vms):
        return
    word = "before"
    for migration in previous.migrations:
        if migration.vm == vm:
            steps = steps_mbps(migration.rate, previous.end_ns)
            yield Curve("before", *steps, word, dashed=True)
            word = ""
    unknown = np.empty(0), np.empty(0)
    yield Curve("before", *(rates_of(previous, vm).dirty or unknown), word, dashed=True)


def _read_rate(rates: Rates, t_ns: int) -> str:
    lines = [clock_text(t_ns), f"sent {format_bit_rate(rates.sent.value_at(t_ns))}"]
    dirty = rates.dirty_mbps_at(t_ns)
    if dirty is not None:
        lines.append(f"dirtied {format_bit_rate(round(dirty * 1e6))}")
    return "\n".join(lines)


def _show_mbps(rate_bps: float) -> str:
    return show_number(rate_bps / 1e6)


def _rate_stats(rates: Rates, start_ns: int, end_ns: int) -> tuple[str, ...]:
    spread = spread_of_steps(rates.sent, start_ns, end_ns)
    lines = [spread_line("sent", spread, _show_mbps, unit="Mbit/s")]
    if rates.dirty is not None:
        t_ns = (rates.dirty[0] * SECOND_NS).astype(np.int64)
        spread = spread_of_line(t_ns, rates.dirty[1] * 1e6, start_ns, end_ns)
        lines.append(spread_line("dirtied", spread, _show_mbps, unit="Mbit/s"))
    return tuple(lines)


def _rate_table(rates: Rates, end_ns: int) -> PlotTable:
    """Return a row for each instant at which a rate changes or was measured."""
    sent, link = rates.sent, rates.link
    instants = {t for t in (*sent.t_ns, *(link.t_ns if link is not None else ())) if t <= end_ns}
    if rates.dirty is not None:
        instants |= set((rates.dirty[0] * SECOND_NS).round().astype(np.int64).tolist())
    headings = ["time, s", "sent, Mbit/s"]
    headings += ["dirtied, Mbit/s"] if rates.dirty is not None else []
    headings += ["link, Mbit/s"] if link is not None else []
    rows: list[tuple[Cell, ...]] = []
    for t in sorted(instants):
        row: list[Cell] = [t / SECOND_NS, sent.value_at(t) / 1e6]
        dirty = rates.dirty_mbps_at(t)
        row += [] if rates.dirty is None else ["" if dirty is None else dirty]
        row += [] if link is None else [link.value_at(t) / 1e6]
        rows.append(tuple(row))
    return PlotTable("Rates", tuple(headings), tuple(rows))


def speed_series(record: VmRecord, end_ns: int) -> PiecewiseSeries:
    """Return the guest's speed in thousandths; nothing runs of a VM that is lost."""
    instants, values = record.speed_steps(end_ns)
    series = PiecewiseSeries()
    lost_ns = next((p.t_ns for p in record.placements if p.status == "lost"), end_ns + 1)
    for t_ns, value in zip(instants, values, strict=True):
        if t_ns < lost_ns:
            series.step(t_ns, value)
    if lost_ns <= end_ns:
        series.step(lost_ns, 0)
    return series


def speed_content(history: History, vm: str, previous: History | None = None) -> PlotContent:
    """Return how fast the guest runs, in per cent: slowed, stalled or stopped by its move."""
    series = speed_series(history.vm(vm), history.end_ns)
    curves = []
    if previous is not None and any(r.spec.name == vm for r in previous.vms):
        old = speed_series(previous.vm(vm), previous.end_ns)
        curves.append(Curve("before", *_percent(old, previous.end_ns), "before", dashed=True))
    x_s, percent = _percent(series, history.end_ns)
    curves.append(Curve("sent", x_s, percent, _speed_word(series.values), width_px=2))
    return PlotContent(
        "Guest speed, %",
        history.end_ns,
        SPEED_TOP,
        25.0,
        tuple(bands_of(history, vm)),
        tuple(curves),
        read=lambda t_ns, reach_ns: (
            f"{clock_text(t_ns)}\n{series.value_at(t_ns) * 100 / FULL_SPEED:g} %"
        ),
        stats=lambda start_ns, end_ns: (
            spread_line("", spread_of_steps(series, start_ns, end_ns), _show_speed, unit="%"),
        ),
        table=lambda: PlotTable(
            "Guest speed",
            ("from, s", "speed, %"),
            tuple(
                (t / SECOND_NS, value * 100 / FULL_SPEED)
                for t, value in zip(series.t_ns, series.values, strict=True)
            ),
        ),
    )


def _show_speed(thousandths: float) -> str:
    return show_number(thousandths * 100 / FULL_SPEED)


def is_slowed(history: History, vm: str) -> bool:
    """Return whether a guest ever runs slower than it should, without standing still."""
    clocks = history.vm(vm).clocks
    knots = (knot for clock in clocks for knot in clock.knots_until(history.end_ns + 1))
    return any(0 < speed < FULL_SPEED for _, _, speed in knots)


def _speed_word(values: Sequence[int]) -> str:
    """Return what a guest's speed came to: slowed down to, and whether it ever stood still."""
    slowest = min((value for value in values if value), default=FULL_SPEED)
    words = [f"slowed to {slowest * 100 // FULL_SPEED} %"] if slowest < FULL_SPEED else []
    if 0 in values:
        words.append("stood still" if not words else "still at times")
    return ", ".join(words) or "full speed"


def _percent(series: PiecewiseSeries, end_ns: int) -> tuple[Floats, Floats]:
    x_s, mbps = from_start(series, end_ns)
    return x_s, mbps * (1e6 * 100 / FULL_SPEED)
