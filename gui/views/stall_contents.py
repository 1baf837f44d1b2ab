"""The plot of fault stalls: when a processor stopped at a missing page, and for how long."""

from typing import Final

import numpy as np

from engine.history import History, MigrationRecord
from engine.units import format_count, format_duration_ns
from gui.models.plot_rows import PlotTable
from gui.views.move_contents import migrations_of
from gui.views.plot_axes import axis_step, bands_of
from gui.views.plot_content import Bars, PlotContent, Share, Times
from gui.views.plot_stats import show_number, spread_line, spread_of
from gui.views.time_text import SECOND_NS, clock_text

LEAST_TOP_MS: Final = 1.0
BINS: Final = 24

Stalls = dict[int | None, Times]
"""(when, ns) of each stall by the processor, shape (2, n); None where it is not told."""


def stalls_of(history: History, vm: str) -> Stalls:
    """Return the stalls of a VM at missing pages, by processor."""
    found: dict[int | None, list[tuple[int, int]]] = {}
    for m in migrations_of(history, vm):
        for (since, length), vcpu in zip(m.stalls, _vcpus_of(m), strict=True):
            found.setdefault(vcpu, []).append((since, length))
    order = sorted(found, key=lambda vcpu: -1 if vcpu is None else vcpu)
    return {vcpu: np.array(sorted(found[vcpu]), np.int64).T for vcpu in order}


def _vcpus_of(m: MigrationRecord) -> list[int | None]:
    """Return the processor of each stall, None where there is but one."""
    several = len(set(m.stall_vcpus)) > 1
    return list(m.stall_vcpus) if several else [None] * len(m.stalls)


def has_stalls(history: History, vm: str) -> bool:
    """Return whether a VM ever stopped at a missing page."""
    return any(m.stalls for m in migrations_of(history, vm))


def stall_content(history: History, vm: str, previous: History | None = None) -> PlotContent:
    """Return every stall as a stem of its length, and how often which length occurs."""
    stalls = stalls_of(history, vm)
    longest_ms = max((float(s[1].max()) / 1e6 for s in stalls.values()), default=1.0)
    y_max = 1.25 * longest_ms
    edges = np.linspace(0.0, y_max, BINS + 1)
    bars, shares = [], []
    for number, (vcpu, (since, length)) in enumerate(stalls.items()):
        role, ms = f"vcpu-{number}", length / 1e6
        name = f"{format_count(len(ms))} stalls" if vcpu is None else f"vCPU {vcpu}: {len(ms):,}"
        bars.append(Bars(role, "stem", since, since + length, np.zeros(len(ms)), ms, name))
        shares.append(Share(role, edges, np.histogram(ms, edges)[0].astype(np.int64)))
    return PlotContent(
        "Fault stalls, ms",
        history.end_ns,
        y_max,
        axis_step(y_max),
        tuple(bands_of(history, vm)),
        bars=tuple(bars),
        least_top=LEAST_TOP_MS,
        shares=tuple(shares),
        read=lambda t_ns, reach_ns: _read_stall(stalls, t_ns, reach_ns),
        stats=lambda start_ns, end_ns: _stall_stats(stalls, start_ns, end_ns),
        table=lambda: _stall_table(stalls),
    )


def _named(vcpu: int | None) -> str:
    return "" if vcpu is None else f"vCPU {vcpu}: "


def _read_stall(stalls: Stalls, t_ns: int, reach_ns: int) -> str:
    """Return the stalls that go on, or the nearest that is within reach."""
    lines = []
    for vcpu, (since, length) in stalls.items():
        i = int(np.searchsorted(since, t_ns, side="right")) - 1
        near = [j for j in (i, i + 1) if 0 <= j < len(since)]
        near.sort(key=lambda j: _distance(int(since[j]), int(length[j]), t_ns))
        if near and _distance(int(since[near[0]]), int(length[near[0]]), t_ns) <= reach_ns:
            lines.append(f"{_named(vcpu)}stopped {format_duration_ns(int(length[near[0]]))}")
    return "\n".join([clock_text(t_ns), *(lines or ["no stall"])])


def _distance(since: int, length: int, t_ns: int) -> int:
    return max(since - t_ns, t_ns - since - length, 0)


def _stall_stats(stalls: Stalls, start_ns: int, end_ns: int) -> tuple[str, ...]:
    lines = []
    for vcpu, (since, length) in stalls.items():
        inside = length[(since >= start_ns) & (since < end_ns)]
        total = format_duration_ns(int(inside.sum()))
        lines.append(f"{_named(vcpu)}{format_count(len(inside))} stalls, {total} in all")
        if len(inside):
            lines.append(spread_line("", spread_of(inside / 1e6), show_number, unit="ms"))
    return tuple(lines)


def _stall_table(stalls: Stalls) -> PlotTable:
    rows = sorted(
        (since / SECOND_NS, length / 1e6, "" if vcpu is None else vcpu)
        for vcpu, pair in stalls.items()
        for since, length in pair.T.tolist()
    )
    return PlotTable("Fault stalls", ("since, s", "length, ms", "vCPU"), tuple(rows))
