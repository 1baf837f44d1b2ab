"""Plots of a VM's migrations: pages left against the stop threshold, rounds, downtime's parts.

Counts and thresholds are the engine's; here they become curves, bars, words and tables.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from engine.history import History, MigrationRecord, RoundRecord
from engine.recorded import RecordedHistory
from engine.remaining_pages import RemainingPages, remaining_pages
from engine.stop_thresholds import stop_threshold
from engine.units import format_count, format_duration_ns
from gui.models.plot_rows import PlotTable
from gui.views.plot_axes import axis_step, bands_of
from gui.views.plot_content import Bars, Curve, Floats, PlotContent, Tag, Times
from gui.views.plot_stats import show_pages, spread_line, spread_of, spread_of_line
from gui.views.stages import downtime_of
from gui.views.time_text import SECOND_NS, clock_text

PART_WORDS: Final = {
    "suspend": "suspend",
    "last_copy": "last copy",
    "device_state": "device state",
    "handshake": "handshake",
    "start_up": "start-up",
    "recorded": "downtime, as recorded",
}
RELEARNING: Final = "relearning"
BAR_SHARE: Final = 0.32
ROW_GAP: Final = 0.14
Part = tuple[str, int, int]
"""Name, from when, until when."""


def migrations_of(history: History, vm: str) -> list[MigrationRecord]:
    """Return a VM's migrations that began."""
    return [m for m in history.migrations if m.vm == vm and m.outcome != "refused"]


def left_of(history: History, vm: str) -> list[tuple[MigrationRecord, RemainingPages]]:
    """Return the pages left of each of a VM's migrations, where they are known."""
    found = ((m, remaining_pages(history, m)) for m in migrations_of(history, vm))
    return [(m, left) for m, left in found if left is not None]


def left_is_known(migrations: list[MigrationRecord], history: History) -> bool:
    """Return whether anything is known of what is left, without counting it."""
    if isinstance(history, RecordedHistory) and history.remaining_bytes.t_ns:
        return bool(migrations)
    return any(m.track is not None or m.rounds for m in migrations)


def remaining_content(history: History, vm: str, previous: History | None = None) -> PlotContent:
    """Return the pages that are still to arrive, and below how many the policy stops the VM."""
    lefts = left_of(history, vm)
    curves = [*_old_remaining(previous, vm)]
    tags: list[Tag] = []
    for i, (m, left) in enumerate(lefts):
        end_ns = m.ended_ns if m.ended_ns is not None else history.end_ns
        word = "" if i else "left" if left.exact else "left, by rounds"
        if left.steps:
            word = "" if i else "left, as recorded"
        curves.append(Curve("left", *_line(left, end_ns), word, width_px=2))
        steps = stop_threshold(history, m)
        if steps:
            stop_ns = m.suspended_ns if m.suspended_ns is not None else end_ns
            text = f"stop below {format_count(steps[-1][1])}"
            x_s, y = _steps(steps, stop_ns)
            curves.append(Curve("stop", x_s, y, "" if i else f"{text} pages", True))
            middle = (steps[0][0] + stop_ns) // 2
            tags.append(Tag(middle, steps[-1][1], (text,), "stop"))
    y_max = 1.2 * max(1.0, *(float(c.y.max(initial=0)) for c in curves))
    lowest = min((float(c.y.min()) for c in curves if c.role == "stop"), default=10.0)
    return PlotContent(
        "Remaining pages",
        history.end_ns,
        y_max,
        axis_step(y_max),
        tuple(bands_of(history, vm)),
        tuple(curves),
        tags=tuple(tags),
        read=lambda t_ns, reach_ns: _read_left(history, lefts, t_ns),
        log_from=float(10 ** np.floor(np.log10(max(1.0, lowest / 3)))),
        stats=lambda start_ns, end_ns: _left_stats(lefts, start_ns, end_ns),
        table=lambda: _left_table(history, lefts),
    )


def _line(left: RemainingPages, end_ns: int) -> tuple[Floats, Floats]:
    """Return points (s, pages) of what is left, steps as corners."""
    t_ns, pages = left.t_ns, left.pages
    if left.steps:
        t_ns = np.append(np.repeat(t_ns, 2)[1:], max(end_ns, int(t_ns[-1])))
        pages = np.repeat(pages, 2)
    return t_ns / SECOND_NS, pages.astype(np.float64)


def _steps(steps: list[tuple[int, int]], end_ns: int) -> tuple[Floats, Floats]:
    corners = [t for t, _ in steps for _ in (0, 1)]
    x = [*corners[1:], max(end_ns, steps[-1][0])]
    y = [v for _, v in steps for _ in (0, 1)]
    return np.array(x, np.float64) / SECOND_NS, np.array(y, np.float64)


def _old_remaining(previous: History | None, vm: str) -> Iterator[Curve]:
    if previous is None or all(r.spec.name != vm for r in previous.vms):
        return
    for i, (m, left) in enumerate(left_of(previous, vm)):
        end_ns = m.ended_ns if m.ended_ns is not None else previous.end_ns
        yield Curve("before", *_line(left, end_ns), "" if i else "before", dashed=True)


def _left_at(left: RemainingPages, t_ns: int) -> int | None:
    """Return the pages left at an instant, None outside of what is known."""
    if not len(left.t_ns) or t_ns < left.t_ns[0]:
        return None
    if left.steps:
        return int(left.pages[int(np.searchsorted(left.t_ns, t_ns, side="right")) - 1])
    return round(float(np.interp(t_ns, left.t_ns, left.pages)))


def _threshold_at(history: History, m: MigrationRecord, t_ns: int) -> int | None:
    steps = stop_threshold(history, m) or []
    return next((pages for at, pages in reversed(steps) if at <= t_ns), None)


def _read_left(
    history: History, lefts: list[tuple[MigrationRecord, RemainingPages]], t_ns: int
) -> str:
    lines = [clock_text(t_ns)]
    for m, left in reversed(lefts):
        pages = _left_at(left, t_ns)
        if pages is not None:
            lines.append(f"{format_count(pages)} pages left")
            stop = _threshold_at(history, m, t_ns)
            if stop is not None:
                lines.append(f"stop below {format_count(stop)}")
            break
    return "\n".join(lines if len(lines) > 1 else [*lines, "nothing sent yet"])


def _left_stats(
    lefts: list[tuple[MigrationRecord, RemainingPages]], start_ns: int, end_ns: int
) -> tuple[str, ...]:
    lines = []
    for _, left in lefts:
        spread = spread_of_line(left.t_ns, left.pages, start_ns, end_ns)
        if spread is not None:
            lines.append(spread_line("", spread, show_pages, unit="pages"))
    return tuple(lines) or ("nothing to send then",)


def _left_table(
    history: History, lefts: list[tuple[MigrationRecord, RemainingPages]]
) -> PlotTable:
    rows = [
        (t / SECOND_NS, pages, _shown(_threshold_at(history, m, t)))
        for m, left in lefts
        for t, pages in zip(left.t_ns.tolist(), left.pages.tolist(), strict=True)
    ]
    headings = ("time, s", "left, pages", "stop below, pages")
    return PlotTable("Remaining pages", headings, tuple(rows))


def _shown(value: int | None) -> int | str:
    return "" if value is None else value


def _rounds_of(history: History, vm: str) -> list[RoundRecord]:
    return [r for m in migrations_of(history, vm) for r in m.rounds]


def has_rounds(history: History, vm: str) -> bool:
    """Return whether a VM's migrations have rounds."""
    return bool(_rounds_of(history, vm))


def rounds_content(history: History, vm: str, previous: History | None = None) -> PlotContent:
    """Return each round as bars over its time: pages sent, skipped and dirtied."""
    rounds = _rounds_of(history, vm)
    most = max((max(r.pages_sent, r.pages_skipped, r.pages_dirtied) for r in rounds), default=0)
    start = np.array([r.start_ns for r in rounds], np.int64)
    length = np.array([max(1, r.end_ns - r.start_ns) for r in rounds], np.int64)
    bars = []
    for place, (word, role, fill) in enumerate(
        (
            ("sent", "left", "solid"),
            ("skipped", "dirtied", "outline"),
            ("dirtied", "dirtied", "hatch"),
        )
    ):
        pages = [getattr(r, f"pages_{word}") for r in rounds]
        from_ns = start + (length * (place / 3)).astype(np.int64)
        until_ns = from_ns + (length * BAR_SHARE).astype(np.int64)
        low = np.zeros(len(rounds))
        high = np.array(pages, np.float64)
        bars.append(Bars(role, fill, from_ns, until_ns, low, high, word, start + length))
    y_max = 1.2 * max(1.0, most)
    return PlotContent(
        "Rounds, pages",
        history.end_ns,
        y_max,
        axis_step(y_max),
        tuple(bands_of(history, vm)),
        read=lambda t_ns, reach_ns: _read_round(rounds, t_ns),
        bars=tuple(bars),
        stats=lambda start_ns, end_ns: _round_stats(rounds, start_ns, end_ns),
        table=lambda: _round_table(rounds),
    )


def _read_round(rounds: list[RoundRecord], t_ns: int) -> str:
    for r in rounds:
        if r.start_ns <= t_ns < r.end_ns:
            return "\n".join(
                (
                    f"{clock_text(t_ns)}, {_round_name(r)}",
                    f"{format_count(r.pages_sent)} sent, {format_count(r.pages_skipped)} skipped",
                    f"{format_count(r.pages_dirtied)} dirtied",
                )
            )
    return f"{clock_text(t_ns)}\nno round"


def _round_name(r: RoundRecord) -> str:
    return f"round {r.number}" if r.live else "VM stopped"


def _round_stats(rounds: list[RoundRecord], start_ns: int, end_ns: int) -> tuple[str, ...]:
    inside = [r for r in rounds if r.start_ns < end_ns and r.end_ns > start_ns]
    if not inside:
        return ("no round",)
    sent = spread_of([float(r.pages_sent) for r in inside])
    total = sum(r.pages_sent for r in inside)
    count = f"{len(inside)} rounds" if len(inside) > 1 else "1 round"
    told = f"{count}, {format_count(total)} pages sent"
    if len(inside) == 1:
        return (told,)
    return told, spread_line("", sent, show_pages, unit="a round")


def _round_table(rounds: list[RoundRecord]) -> PlotTable:
    headings = (
        "round", "VM", "start, s", "length, ms", "sent, pages", "skipped, pages",
        "dirtied, pages", "sent, MiB",
    )  # fmt: skip
    rows = tuple(
        (
            r.number, "runs" if r.live else "stopped", r.start_ns / SECOND_NS,
            (r.end_ns - r.start_ns) / 1e6, r.pages_sent, r.pages_skipped, r.pages_dirtied,
            round(r.bytes_sent / 2**20, 3),
        )
        for r in rounds
    )  # fmt: skip
    return PlotTable("Rounds", headings, rows)


def downtime_parts(history: History, m: MigrationRecord) -> list[Part]:
    """Return the parts of a migration's downtime in order, then relearning, each with its time."""
    stop = downtime_of(m, history.end_ns)
    if stop is None:
        return []
    parts: list[Part] = []
    at_ns = stop[0]
    for name, length in m.downtime_parts:
        if length > 0:
            parts.append((PART_WORDS.get(name, name.replace("_", " ")), at_ns, at_ns + length))
            at_ns += length
    if not parts and stop[1] > stop[0]:
        parts.append(("stopped", *stop))
    if m.reachable_ns is not None and m.resumed_ns is not None and m.reachable_ns > m.resumed_ns:
        parts.append((RELEARNING, m.resumed_ns, m.reachable_ns))
    return parts


def has_downtime(history: History, vm: str) -> bool:
    """Return whether a VM is ever stopped by a migration."""
    return any(downtime_parts(history, m) for m in migrations_of(history, vm))


def downtime_content(history: History, vm: str, previous: History | None = None) -> PlotContent:
    """Return the parts of the downtime one below the other, each over its own time."""
    moves = [downtime_parts(history, m) for m in migrations_of(history, vm)]
    rows = list(dict.fromkeys(name for parts in moves for name, _, _ in parts))
    everything = [part for parts in moves for part in parts]
    stopped = [p for p in everything if p[0] != RELEARNING]
    again = [p for p in everything if p[0] == RELEARNING]
    word = f"stopped {_total(stopped)}"
    bars = [_part_bars("dirtied", "solid", stopped, rows, word=word)]
    if again:
        word = f"{RELEARNING} {_total(again)}"
        bars.append(_part_bars("late", "hatch", again, rows, word=word))
    tags = [
        Tag(
            end, _row_middle(rows, name),
            (f"{name} {format_duration_ns(end - start)}", format_duration_ns(end - start)),
            "part", start,
        )
        for name, start, end in everything
    ]  # fmt: skip
    return PlotContent(
        "Downtime, its parts in ms",
        history.end_ns,
        len(rows) + 1.0,
        0.0,
        tuple(b for b in bands_of(history, vm) if b.kind != "stop-and-copy"),
        tags=tuple(tags),
        bars=tuple(bars),
        read=lambda t_ns, reach_ns: _read_part(everything, t_ns),
        stats=lambda start_ns, end_ns: _part_stats(stopped, start_ns, end_ns),
        table=lambda: PlotTable(
            "Downtime and its parts",
            ("part", "start, s", "length, ms"),
            tuple((n, start / SECOND_NS, (end - start) / 1e6) for n, start, end in everything),
        ),
    )


def _row_middle(rows: list[str], name: str) -> float:
    return len(rows) - rows.index(name) - 0.5


def _total(parts: list[Part]) -> str:
    return format_duration_ns(sum(end - start for _, start, end in parts))


def _part_bars(role: str, fill: str, parts: list[Part], rows: list[str], *, word: str) -> Bars:
    middle = np.array([_row_middle(rows, name) for name, _, _ in parts], np.float64)
    half = 0.5 - ROW_GAP
    start: Times = np.array([start for _, start, _ in parts], np.int64)
    end: Times = np.array([end for _, _, end in parts], np.int64)
    return Bars(role, fill, start, end, middle - half, middle + half, word)


def _read_part(parts: list[Part], t_ns: int) -> str:
    names = [
        f"{name}, {format_duration_ns(end - start)}"
        for name, start, end in parts
        if start <= t_ns < end
    ]
    return "\n".join([clock_text(t_ns), *(names or ["not stopped"])])


def _part_stats(stopped: list[Part], start_ns: int, end_ns: int) -> tuple[str, ...]:
    inside = sum(max(0, min(end, end_ns) - max(start, start_ns)) for _, start, end in stopped)
    whole = format_duration_ns(max(0, end_ns - start_ns))
    return (f"stopped {format_duration_ns(inside)}", f"of {whole}")
