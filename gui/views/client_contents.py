"""Plots of what clients see: replies to pings, echoes of keys, game packets, web throughput.

Every point is a reply of the history; of a game packet it is the time since the one before it.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.client_figures import outages_ns, web_rate
from engine.history import History
from engine.network import PiecewiseSeries
from engine.probes import FATE_LABELS, LOST_NS, Fate, ProbeRecord
from engine.units import format_bit_rate, format_duration_ns
from gui.models.plot_rows import PlotTable
from gui.views.plot_axes import axis_step, bands_of, from_start
from gui.views.plot_content import Band, Curve, Markers, PlotContent, Tag, Times
from gui.views.plot_stats import (
    show_number,
    spread_line,
    spread_of,
    spread_of_steps,
    sum_of_steps,
)
from gui.views.replies import SYMBOLS, WORDS, give_up_ns, probes_of, settled_ns
from gui.views.time_text import SECOND_NS, clock_text

MAX_TAGS: Final = 60
MAX_GAPS: Final = 200
LEAST_TOP_MS: Final = 2.0
LOST_HEIGHT: Final = 0.87  # near the top, below the names of the phases
PLOTTED: Final = ("ping", "typing", "game")
TITLES: Final = {"ping": "Ping", "typing": "key echoes", "game": "time between packets"}


class Points(Struct, frozen=True):
    """The replies of one probe as points of a plot, in order of time.

    Attributes:
        probe: The probe.
        at_ns: Where a point stands: when it was sent, a game packet when it arrived.
        value_ns: Its height; `LOST_NS` if it was lost.
        done_ns: When it was back or given up; the same instant for what is not waited for.
        fates: `Fate` of each.
    """

    probe: ProbeRecord
    at_ns: Times
    value_ns: Times
    done_ns: Times
    fates: npt.NDArray[np.uint8]


def points_of(probe: ProbeRecord, history: History) -> Points:
    """Return the points of a probe."""
    if probe.spec.kind != "game":
        done = settled_ns(probe, history)
        return Points(probe, probe.sent_ns, probe.rtt_ns, done, probe.fates)
    back = probe.rtt_ns != LOST_NS
    at_ns = np.where(back, probe.sent_ns + probe.rtt_ns, probe.sent_ns)
    values = np.full(len(at_ns), LOST_NS, np.int64)
    arrived = at_ns[back]
    usual = probe.spec.interval_ns
    values[back] = np.diff(arrived, prepend=arrived[:1] - usual)
    return Points(probe, at_ns, values, at_ns, probe.fates)


def replies_of(history: History, vm: str) -> list[Points]:
    """Return the points of every probe of a VM whose replies have a time."""
    return [points_of(p, history) for p in probes_of(history, vm) if p.spec.kind in PLOTTED]


def replies_title(points: Sequence[Points]) -> str:
    """Return what the plot shows, with its unit."""
    kinds = list(dict.fromkeys(p.probe.spec.kind for p in points)) or ["ping"]
    if kinds == ["ping"]:
        from_vm = bool(points) and points[0].probe.spec.direction == "from-vm"
        return "Ping from the VM, ms" if from_vm else "Ping from the client, ms"
    kinds.sort(key=PLOTTED.index)
    names = " and ".join(TITLES[kind] for kind in kinds)
    return f"{names[0].upper()}{names[1:]}, ms"


def ping_content(history: History, vm: str, previous: History | None = None) -> PlotContent:
    """Return the replies that the VM's clients see: round-trip times, gaps between packets."""
    points = replies_of(history, vm)
    title, bands = replies_title(points), tuple(bands_of(history, vm))
    if not points:
        note = f"Nobody pings {vm}."
        return PlotContent(title, history.end_ns, 10.0, 5.0, bands, note=note)
    at_ns, value_ns, done_ns, fates = _together(points)
    back = value_ns != LOST_NS
    y_max = max(2.0, 1.22 * float(value_ns[back].max(initial=0)) / 1e6)
    shown_ms = np.where(back, value_ns / 1e6, LOST_HEIGHT * y_max)
    markers = [*_old_replies(previous, vm, y_max)]
    for fate in Fate:
        chosen = fates == fate
        count = int(chosen.sum())
        word = f"{count} {WORDS[fate]}" if count else ""
        role = FATE_LABELS[fate]
        x_s = at_ns[chosen] / SECOND_NS
        markers.append(Markers(role, SYMBOLS[fate], x_s, shown_ms[chosen], word))
    return PlotContent(
        title,
        history.end_ns,
        y_max,
        axis_step(y_max),
        bands + tuple(gap for p in points for gap in _lost_gaps(p)),
        markers=tuple(markers),
        tags=tuple(tag for p in points for tag in _tags(p)),
        open_ns=np.stack([at_ns, done_ns]),
        open_y=shown_ms,
        read=lambda t_ns, reach_ns: _read_replies(points, t_ns, reach_ns),
        log_from=_log_from(value_ns[back]),
        least_top=LEAST_TOP_MS,
        stats=lambda start_ns, end_ns: _reply_stats(points, start_ns, end_ns),
        table=lambda: _reply_table(title, points),
    )


def _log_from(values_ns: Times) -> float:
    """Return the decade under the shortest reply, in ms; 0 without a reply."""
    shortest = float(values_ns[values_ns > 0].min(initial=2**62)) / 1e6
    return 0.0 if shortest > 1e9 else float(10.0 ** np.floor(np.log10(max(1e-3, shortest))))


def _reply_stats(points: Sequence[Points], start_ns: int, end_ns: int) -> tuple[str, ...]:
    """Return of each client: least, mean and most of the replies of a stretch, sent and lost."""
    lines: list[str] = []
    for entry in points:
        inside = (entry.at_ns >= start_ns) & (entry.at_ns < end_ns)
        values = entry.value_ns[inside]
        lost = int(np.count_nonzero(values == LOST_NS))
        kind = entry.probe.spec.kind
        named = {"typing": "key echoes", "game": "packets"}.get(kind, kind)
        name = "" if len(points) == 1 else named
        spread = spread_of(values[values != LOST_NS] / 1e6)
        if spread is not None:
            lines.append(spread_line(name, spread, show_number, unit="ms"))
        unit = {"typing": "key", "game": "packet"}.get(kind, "ping")
        many = "" if len(values) == 1 else "s"
        lines.append(f"{len(values):,} {unit}{many}, {lost or 'none'} lost")
    return tuple(lines)


def _reply_table(title: str, points: Sequence[Points]) -> PlotTable:
    headings = ("client", "time, s", "reply, ms", "fate")
    rows = sorted(
        (at / SECOND_NS, entry.probe.spec.kind, ns, WORDS[Fate(fate)])
        for entry in points
        for at, ns, fate in zip(
            entry.at_ns.tolist(), entry.value_ns.tolist(), entry.fates.tolist(), strict=True
        )
    )
    shown = tuple(
        (kind, at_s, "" if ns == LOST_NS else ns / 1e6, fate) for at_s, kind, ns, fate in rows
    )
    return PlotTable(title, headings, shown)


def _together(points: Sequence[Points]) -> tuple[Times, Times, Times, npt.NDArray[np.uint8]]:
    """Return instants, values, ends and fates of all points, in order of time."""
    at_ns = np.concatenate([p.at_ns for p in points])
    order = np.argsort(at_ns, kind="stable")
    values = np.concatenate([p.value_ns for p in points])[order]
    done_ns = np.concatenate([p.done_ns for p in points])[order]
    return at_ns[order], values, done_ns, np.concatenate([p.fates for p in points])[order]


def _old_replies(previous: History | None, vm: str, y_max: float) -> Iterator[Markers]:
    points = [] if previous is None or vm not in _names(previous) else replies_of(previous, vm)
    if points:
        at_ns, value_ns, _, _ = _together(points)
        seen = (value_ns != LOST_NS) & (value_ns / 1e6 <= y_max)
        yield Markers("before", "o", at_ns[seen] / SECOND_NS, value_ns[seen] / 1e6, "before")


def _names(history: History) -> list[str]:
    return [record.spec.name for record in history.vms]


def _lost_gaps(points: Points) -> Iterator[Band]:
    """Yield a faint band for each lost ping; keys and frames have none."""
    probe = points.probe
    if probe.spec.kind == "ping":
        for t_ns in points.at_ns[points.value_ns == LOST_NS][:MAX_GAPS].tolist():
            yield Band("lost-ping", t_ns, t_ns + give_up_ns(probe) // 2, ())


def _tags(points: Points) -> Iterator[Tag]:
    """Yield values: of pings that were held, then late; of other clients only the longest."""
    if points.probe.spec.kind != "ping":
        yield from _longest_tag(points)
        return
    for fate in (Fate.HELD, Fate.LATE):
        chosen = np.flatnonzero(points.fates == fate)
        order = chosen[np.argsort(-points.value_ns[chosen], kind="stable")][:MAX_TAGS]
        for i in order:
            ms = int(points.value_ns[i]) / 1e6
            number = f"{ms:.0f}" if ms >= 1 else f"{ms:.1f}"
            held = fate is Fate.HELD
            texts = (f"{number} ms, held", f"{number} ms") if held else (f"{number} ms", number)
            yield Tag(int(points.at_ns[i]), ms, texts, FATE_LABELS[fate])


def _longest_tag(points: Points) -> Iterator[Tag]:
    if len(points.value_ns) < 2:
        return
    i = int(np.argmax(points.value_ns))
    value_ns = int(points.value_ns[i])
    if value_ns > points.probe.spec.interval_ns * 3 // 2:
        fate = Fate(int(points.fates[i]))
        text = format_duration_ns(value_ns)
        role = "late" if fate is Fate.ON_TIME else FATE_LABELS[fate]
        texts = (f"{text}, held", text) if fate is Fate.HELD else (text, text)
        yield Tag(int(points.at_ns[i]), value_ns / 1e6, texts, role)


def _read_replies(points: Sequence[Points], t_ns: int, reach_ns: int) -> str:
    """Return the replies nearest to an instant as text, or the instant alone."""
    lines: list[str] = []
    at_ns = t_ns
    for entry in points:
        if not len(entry.at_ns):
            continue
        i = int(np.argmin(np.abs(entry.at_ns - t_ns)))
        if abs(int(entry.at_ns[i]) - t_ns) > reach_ns:
            continue
        at_ns = at_ns if lines else int(entry.at_ns[i])
        fate, value_ns = Fate(int(entry.fates[i])), int(entry.value_ns[i])
        value = "no reply" if value_ns == LOST_NS else format_duration_ns(value_ns)
        kind = {"typing": "key: ", "game": "packet: "}.get(entry.probe.spec.kind, "")
        lines.append(f"{kind}{value}, {WORDS[fate]}")
    return "\n".join([clock_text(at_ns), *lines])


def web_content(history: History, vm: str, previous: History | None = None) -> PlotContent:
    """Return what the web clients of a VM get, in Mbit/s."""
    probes = _web_probes(history, vm)
    rates = [web_rate(p, history) for p in probes]
    y_max = 1.22 * max([1.0, *(max(rate.values, default=0) / 1e6 for rate in rates)])
    curves: list[Curve] = []
    if previous is not None and vm in _names(previous):
        for probe in _web_probes(previous, vm):
            steps = from_start(web_rate(probe, previous), previous.end_ns)
            curves.append(Curve("before", *steps, "" if curves else "before", dashed=True))
    pauses = [b - a for rate in rates for a, b in outages_ns(rate, history.end_ns)]
    word = f"longest pause {format_duration_ns(max(pauses))}" if pauses else "no pause"
    for i, rate in enumerate(rates):
        curves.append(Curve("sent", *from_start(rate, history.end_ns), "" if i else word, False, 2))
    return PlotContent(
        "Web throughput, Mbit/s",
        history.end_ns,
        y_max,
        axis_step(y_max),
        tuple(bands_of(history, vm)),
        tuple(curves),
        read=lambda t_ns, reach_ns: (
            f"{clock_text(t_ns)}\n{format_bit_rate(sum(r.value_at(t_ns) for r in rates))}"
        ),
        stats=lambda start_ns, end_ns: (
            spread_line(
                "",
                spread_of_steps(sum_of_steps(rates), start_ns, end_ns),
                lambda rate_bps: show_number(rate_bps / 1e6),
                unit="Mbit/s",
            ),
        ),
        table=lambda: _web_table(rates),
    )


def _web_table(rates: Sequence[PiecewiseSeries]) -> PlotTable:
    total = sum_of_steps(rates)
    rows = zip(total.t_ns, total.values, strict=True)
    cells = tuple((t / SECOND_NS, value / 1e6) for t, value in rows)
    return PlotTable("Web throughput", ("from, s", "throughput, Mbit/s"), cells)


def _web_probes(history: History, vm: str) -> list[ProbeRecord]:
    return [p for p in probes_of(history, vm) if p.spec.kind == "web"]


def has_web_clients(history: History, vm: str) -> bool:
    """Return whether a VM has web clients."""
    return bool(_web_probes(history, vm))
