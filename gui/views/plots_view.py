"""Ping and rate over the time of a run, side by side on one time axis.

What the two plots show is computed here, once a run; `plot_panel` draws it. Nothing is
simulated or smoothed: every point is a reply, every step a rate of the history.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.history import Frame, History, MigrationRecord, VmRecord
from engine.network import PiecewiseSeries
from engine.probes import FATE_LABELS, LOST_NS, Fate, ProbeRecord
from engine.specs import PAGE_BYTES
from engine.units import format_bit_rate, format_duration_ns, parse_bit_rate
from engine.workload import GuestClock, WriterTimeline
from gui.style.theme import Theme
from gui.views.plot_panel import Band, Curve, Markers, PlotContent, PlotPanel, Tag
from gui.views.timeline_view import SECOND_NS, STAGE_WORDS, clock_text, downtime_of

Floats = npt.NDArray[np.float64]

BIN_NS: Final = SECOND_NS // 10
MAX_BINS: Final = 400
MAX_EXACT_WRITES: Final = 100_000
MAX_TAGS: Final = 60
TIME_OUT_NS: Final = 4 * SECOND_NS  # Windows ping gives up after four seconds
SYMBOLS: Final = {Fate.ON_TIME: "o", Fate.LATE: "t1", Fate.HELD: "d", Fate.LOST: "x"}
WORDS: Final = {Fate.ON_TIME: "on time", Fate.LATE: "late", Fate.HELD: "held", Fate.LOST: "lost"}
LINK_OFF_SCALE: Final = 3.0
LOST_HEIGHT: Final = 0.87  # near the top, below the names of the phases


def axis_step(y_max: float) -> float:
    """Return a distance of ticks (1, 2 or 5 times a power of ten) that gives three to five."""
    step = 10.0 ** np.floor(np.log10(max(y_max, 1e-3) / 3))
    for factor in (1, 2, 5, 10):
        if y_max / (step * factor) <= 5:
            return float(step * factor)
    return float(step * 10)


def give_up_ns(probe: ProbeRecord) -> int:
    """Return how long a client waits for a reply: the interval, at most four seconds."""
    return min(probe.spec.interval_ns, TIME_OUT_NS)


def probe_of(history: History, vm: str) -> ProbeRecord | None:
    """Return the first ping probe of a VM."""
    return next((p for p in history.probes if p.vm == vm and p.spec.kind == "ping"), None)


def bands_of(history: History, vm: str) -> Iterator[Band]:
    """Yield the phases of the VM's migrations; the time that it is stopped is one band."""
    for migration in history.migrations:
        if migration.vm != vm:
            continue
        for phase in migration.phases:
            end_ns = history.end_ns if phase.end_ns is None else phase.end_ns
            if phase.name in ("stop-and-copy", "commitment") or end_ns <= phase.start_ns:
                continue
            yield Band(phase.name, phase.start_ns, end_ns, STAGE_WORDS[phase.name])
        stop = downtime_of(migration, history.end_ns)
        if stop is not None and stop[1] > stop[0]:
            length = format_duration_ns(stop[1] - stop[0])
            yield Band("stop-and-copy", *stop, (f"stopped {length}", length))


def ping_content(history: History, vm: str, previous: History | None = None) -> PlotContent:
    """Return the round-trip times that the VM's client sees."""
    probe = probe_of(history, vm)
    title = "Ping from the client, ms"
    bands = tuple(bands_of(history, vm))
    if probe is None:
        note = f"Nobody pings {vm}."
        return PlotContent(title, history.end_ns, 10.0, 5.0, bands, note=note)
    sent_s, rtt_ms = probe.sent_ns / SECOND_NS, probe.rtt_ns / 1e6
    back = probe.rtt_ns != LOST_NS
    y_max = max(2.0, 1.22 * float(rtt_ms[back].max(initial=0.0)))
    old = probe_of(previous, vm) if previous else None
    markers = [] if old is None else [_old_pings(old, y_max)]
    shown_ms = np.where(back, rtt_ms, LOST_HEIGHT * y_max)
    for fate in Fate:
        chosen = probe.fates == fate
        count = int(chosen.sum())
        word = f"{count} {WORDS[fate]}" if count else ""
        role = FATE_LABELS[fate]
        markers.append(Markers(role, SYMBOLS[fate], sent_s[chosen], shown_ms[chosen], word))
    wait_ns = np.where(back, probe.rtt_ns, give_up_ns(probe))
    gaps = tuple(
        Band("lost-ping", int(t), int(t) + give_up_ns(probe) // 2, ())
        for t in probe.sent_ns[~back][:200]
    )
    return PlotContent(
        title,
        history.end_ns,
        y_max,
        axis_step(y_max),
        bands + gaps,
        markers=tuple(markers),
        tags=tuple(_ping_tags(probe)),
        open_ns=np.stack([probe.sent_ns, probe.sent_ns + wait_ns]),
        open_y=shown_ms,
        read=lambda t_ns, reach_ns: _read_ping(probe, t_ns, reach_ns),
    )


def _old_pings(probe: ProbeRecord, y_max: float) -> Markers:
    seen = (probe.rtt_ns != LOST_NS) & (probe.rtt_ns / 1e6 <= y_max)
    word = "before"
    return Markers("before", "o", probe.sent_ns[seen] / SECOND_NS, probe.rtt_ns[seen] / 1e6, word)


def _ping_tags(probe: ProbeRecord) -> Iterator[Tag]:
    """Yield the values of held replies, then of late ones, the highest first."""
    for fate in (Fate.HELD, Fate.LATE):
        chosen = np.flatnonzero(probe.fates == fate)
        order = chosen[np.argsort(-probe.rtt_ns[chosen], kind="stable")][:MAX_TAGS]
        for i in order:
            ms = int(probe.rtt_ns[i]) / 1e6
            number = f"{ms:.0f}" if ms >= 1 else f"{ms:.1f}"
            held = fate is Fate.HELD
            texts = (f"{number} ms, held", f"{number} ms") if held else (f"{number} ms", number)
            yield Tag(int(probe.sent_ns[i]), ms, texts, FATE_LABELS[fate])


def _read_ping(probe: ProbeRecord, t_ns: int, reach_ns: int) -> str:
    """Return the reply nearest to an instant as text, or the instant alone."""
    if not len(probe.sent_ns):
        return clock_text(t_ns)
    i = int(np.argmin(np.abs(probe.sent_ns - t_ns)))
    if abs(int(probe.sent_ns[i]) - t_ns) > reach_ns:
        return clock_text(t_ns)
    fate, rtt_ns = Fate(int(probe.fates[i])), int(probe.rtt_ns[i])
    value = "no reply" if rtt_ns == LOST_NS else format_duration_ns(rtt_ns)
    return f"{clock_text(int(probe.sent_ns[i]))}\n{value}, {WORDS[fate]}"


def steps_mbps(series: PiecewiseSeries, end_ns: int) -> tuple[Floats, Floats]:
    """Return corner points (s, Mbit/s) of a piecewise rate from 0 to the end of the run."""
    x = [0, *(t for t in series.t_ns for _ in (0, 1)), end_ns]
    y = [0, 0, *(v for v in series.values for _ in (0, 1))]
    if not series.values:
        y = [0, 0]
    return np.array(x, np.float64) / SECOND_NS, np.array(y, np.float64) / 1e6


def link_series(history: History) -> PiecewiseSeries:
    """Return the bandwidth of the network in force, dated changes included."""
    series = PiecewiseSeries()
    series.step(0, history.spec.network.bandwidth_bps)
    for change in sorted(history.spec.changes, key=lambda c: c.at_ns):
        value = change.set.get("network.bandwidth")
        if value is not None and change.at_ns <= history.end_ns:
            series.step(change.at_ns, parse_bit_rate(value))
    return series


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
    curves.append(Curve("limit", *_from_start(link, end_ns), word))
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


def _from_start(series: PiecewiseSeries, end_ns: int) -> tuple[Floats, Floats]:
    """Return corner points without the climb from zero at the start."""
    x, y = steps_mbps(series, end_ns)
    return x[2:], y[2:]


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


class PlotsView(QWidget):
    """The ping plot and the rate plot; one range, one cursor."""

    seek_requested = Signal(object)
    """The user asks for an instant in either plot: scenario time in ns."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty; `set_history` gives it a run."""
        super().__init__(parent)
        self.ping_panel, self.rate_panel = PlotPanel(self), PlotPanel(self)
        self._history: History | None = None
        self._previous: History | None = None
        self._selected = ""
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(14)
        for panel in (self.ping_panel, self.rate_panel):
            layout.addWidget(panel, 1)
            panel.seek_requested.connect(self.seek_requested)
            panel.hovered.connect(self._on_hovered)
        self.setAccessibleName("Plots of ping and rates")

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        for panel in (self.ping_panel, self.rate_panel):
            panel.set_theme(theme)

    def set_history(self, history: History, *, selected: str) -> None:
        """Show a run as its client and its network card see the selected VM."""
        self._history, self._selected = history, selected
        self._rebuild()

    def set_previous(self, previous: History | None) -> None:
        """Draw another run thinly behind, so that a change shows old against new; None: no."""
        if previous is self._previous:
            return
        self._previous = previous
        if self._history is not None:
            self._rebuild()

    def show_frame(self, frame: Frame) -> None:
        """Move both cursors to the frame's instant."""
        self.ping_panel.set_time(frame.t_ns)
        self.rate_panel.set_time(frame.t_ns)

    def _rebuild(self) -> None:
        assert self._history is not None
        run = (self._history, self._selected, self._previous)
        self.ping_panel.set_content(ping_content(*run))
        self.rate_panel.set_content(rate_content(*run))

    def _on_hovered(self, t_ns: int | None) -> None:
        self.ping_panel.set_hover(t_ns)
        self.rate_panel.set_hover(t_ns)
