"""Plots of what the host sees: the migration's stream, page dirtying, and the guest's speed.

Nothing is simulated or smoothed: every step is a rate of the history.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from engine.history import History, MigrationRecord, VmRecord
from engine.network import PiecewiseSeries
from engine.specs import PAGE_BYTES
from engine.units import format_bit_rate, parse_bit_rate
from engine.workload import FULL_SPEED, GuestClock, WriterTimeline
from gui.views.plot_axes import axis_step, bands_of, from_start, steps_mbps
from gui.views.plot_content import Curve, Floats, PlotContent
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
    writes = sum(w.rate_at(g) for w, g in _guest_ends(record, end_ns)) * end_ns // SECOND_NS
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
    n_pages, keys = record.spec.n_pages, [np.empty(0, np.int64)]
    for writer in record.writers:
        clock = record.clocks[writer.vcpu]
        edges = np.array([clock.guest_at(i * BIN_NS) for i in range(n_bins + 1)], np.int64)
        pages, times = writer.writes_between(0, int(edges[-1]))
        bins = np.searchsorted(edges, times, side="left") - 1
        keys.append(bins * n_pages + pages)
    ordered = np.sort(np.concatenate(keys))
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return np.bincount(ordered[first] // n_pages, minlength=n_bins)[:n_bins].astype(np.float64)


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
    n_hot = max(1, n * writer.spec.hot_share_ppm // 1_000_000)
    hot = count * writer.spec.hot_writes_ppm / 1_000_000
    return _occupied(n_hot, hot) + _occupied(max(1, n - n_hot), count - hot)


def _occupied(n: int, count: float) -> float:
    """Return the expected number of different values among `count` draws of `n`."""
    return float(n * -np.expm1(count * np.log1p(-1 / n))) if n > 1 else min(1.0, count)


def rate_content(history: History, vm: str, previous: History | None = None) -> PlotContent:
    """Return the migration streams, the VM's dirtying and the link, in Mbit/s."""
    end_ns = history.end_ns
    dirty = dirtying_mbps(history.vm(vm), end_ns)
    link = link_series(history)
    own = [m for m in history.migrations if m.vm == vm]
    other = [m for m in history.migrations if m.vm != vm]
    highest = max([float(dirty[1].max(initial=0)), *(_peak_mbps(m) for m in own + other)])
    link_mbps = max(link.values) / 1e6
    seen = link_mbps <= LINK_OFF_SCALE * highest or highest <= 0
    y_max = 1.18 * max(1.0, highest, link_mbps if seen else 0.0)
    word = f"link {format_bit_rate(link.values[-1])}" + ("" if seen else ", above")
    curves = [*_old_rates(previous, vm)]
    curves.append(Curve("limit", *from_start(link, end_ns), word))
    curves += [Curve("other", *steps_mbps(m.rate, end_ns), f"sent for {m.vm}") for m in other]
    curves.append(Curve("dirtied", *dirty, "dirtied"))
    curves += [
        Curve("sent", *steps_mbps(m.rate, end_ns), "" if i else "sent", width_px=2)
        for i, m in enumerate(own)
    ]
    return PlotContent(
        "Link rate and page dirtying, Mbit/s",
        end_ns,
        y_max,
        axis_step(y_max),
        tuple(bands_of(history, vm)),
        tuple(curves),
        read=lambda t_ns, reach_ns: _read_rate(own, dirty, t_ns),
    )


def _peak_mbps(migration: MigrationRecord) -> float:
    return max(migration.rate.values, default=0) / 1e6


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
    yield Curve("before", *dirtying_mbps(previous.vm(vm), previous.end_ns), word, dashed=True)


def _read_rate(own: list[MigrationRecord], dirty: tuple[Floats, Floats], t_ns: int) -> str:
    sent = sum(m.rate.value_at(t_ns) for m in own)
    i = min(int(np.searchsorted(dirty[0], t_ns / SECOND_NS)), len(dirty[1]) - 1)
    return (
        f"{clock_text(t_ns)}\nsent {format_bit_rate(sent)}\n"
        f"dirtied {format_bit_rate(round(float(dirty[1][i]) * 1e6))}"
    )


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
    )


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
