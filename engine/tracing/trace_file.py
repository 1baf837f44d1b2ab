"""What is kept of a recording, in the form that a writer with `pattern = "trace"` plays.

Columns of `bits` are the pages written at least once (those populated at the start among them),
in the order of their addresses: so the pages of a program, strewn over its address space, become
the first pages of a VM. The first row is the memory at the start.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.specs import PAGE_BYTES
from engine.tracing.kernel import TraceError
from engine.tracing.recorder import SECOND_NS, Recording
from engine.units import format_count, format_duration_ns, format_size

WINDOWS_NS: Final = (100_000_000, 500_000_000, SECOND_NS, 5 * SECOND_NS)
_MOST_WINDOWS: Final = 200
_PART: Final = ".part"


class Trace(Struct, frozen=True, eq=False):
    """A recording as rows of bits.

    Attributes:
        bits: Packed rows, one a look; shape (looks, ceil(n_pages / 8)).
        columns: Page number of every column, ascending; shape (n_pages,).
        t_ns: When each look began.
        resident_pages: The process's own pages at each look.
        interval_ns: From look to look, as asked for.
    """

    bits: npt.NDArray[np.uint8]
    columns: npt.NDArray[np.uint64]
    t_ns: npt.NDArray[np.int64]
    resident_pages: npt.NDArray[np.int64]
    interval_ns: int

    def written(self, row: int) -> npt.NDArray[np.bool_]:
        """Return which columns a row says were written, shape (n_pages,)."""
        return np.unpackbits(self.bits[row], count=len(self.columns)).astype(np.bool_)

    def pages_per_interval(self) -> list[int]:
        """Return the distinct pages written in each interval, the start left out."""
        return [int(np.count_nonzero(self.written(row))) for row in range(1, len(self.bits))]

    def working_set(self, window_ns: int) -> int | None:
        """Return the median of distinct pages written in a window; None: too long or too short."""
        rows = round(window_ns / self.interval_ns)
        last = len(self.bits) - rows
        if rows < 1 or rows * self.interval_ns != window_ns or last < 1:
            return None
        counts = []
        for first in range(1, last + 1, max(1, last // _MOST_WINDOWS)):
            merged = np.bitwise_or.reduce(self.bits[first : first + rows], axis=0)
            counts.append(int(np.count_nonzero(np.unpackbits(merged))))
        return int(np.median(counts))


def trace_of(recording: Recording) -> Trace:
    """Return a recording as rows of bits."""
    columns = np.unique(np.concatenate([look.written for look in recording.looks]))
    bits = np.zeros((len(recording.looks), -(-len(columns) // 8)), np.uint8)
    for row, look in enumerate(recording.looks):
        flags = np.zeros(len(columns), np.bool_)
        flags[np.searchsorted(columns, look.written)] = True
        bits[row] = np.packbits(flags)
    return Trace(
        bits,
        columns,
        np.array(recording.t_ns, np.int64),
        np.array([look.resident_pages for look in recording.looks], np.int64),
        recording.interval_ns,
    )


def check_writable(path: Path) -> None:
    """Make sure, before anything is recorded, that a file can be written.

    Raises:
        TraceError: It cannot.
    """
    if path.is_dir():
        raise TraceError(f"{path}: is a folder; name a file")
    part = path.with_name(path.name + _PART)
    try:
        part.open("wb").close()
        part.unlink()
    except OSError as error:
        raise TraceError(f"{path}: cannot be written: {error.strerror}") from error


def save(trace: Trace, path: Path, *, name: str, mechanism: str) -> None:
    """Write a trace; a file of that name is replaced in one step.

    Raises:
        TraceError: It cannot be written.
    """
    starts = np.flatnonzero(np.diff(trace.columns, prepend=trace.columns[:1]) != 1)
    part = path.with_name(path.name + _PART)
    try:
        with part.open("wb") as file:
            np.savez_compressed(
                file,
                bits=trace.bits,
                n_pages=np.int64(len(trace.columns)),
                t_s=trace.t_ns / SECOND_NS,
                resident_pages=trace.resident_pages,
                run_first_page=trace.columns[starts].astype(np.int64),
                run_index=starts.astype(np.int64),
                name=np.array([name]),
                mechanism=np.array([mechanism]),
            )
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise TraceError(f"{path}: cannot be written: {error.strerror}") from error


def figures(trace: Trace) -> dict[str, Any]:
    """Return the figures of a trace under the names of `trace --json`."""
    counts = trace.pages_per_interval()
    return {
        "interval_s": trace.interval_ns / SECOND_NS,
        "duration_s": int(trace.t_ns[-1]) / SECOND_NS,
        "intervals": len(counts),
        "pages": len(trace.columns),
        "resident_pages": {
            "first": int(trace.resident_pages[0]),
            "last": int(trace.resident_pages[-1]),
            "max": int(trace.resident_pages.max()),
        },
        "pages_per_interval": {
            "min": min(counts),
            "median": float(np.median(counts)),
            "max": max(counts),
        },
        "longest_interval_s": int(np.diff(trace.t_ns).max()) / SECOND_NS,
        "working_set_pages": {
            f"{window_ns / SECOND_NS:g}": trace.working_set(window_ns) for window_ns in WINDOWS_NS
        },
    }


def as_text(trace: Trace, *, title: str) -> str:
    """Return the figures of a trace in a few lines."""
    found = figures(trace)
    per, resident = found["pages_per_interval"], found["resident_pages"]["max"]
    curve = [
        f"{format_count(pages)} in {window} s"
        for window, pages in found["working_set_pages"].items()
        if pages is not None
    ]
    lines = [
        f"{title}: {found['intervals']} intervals of {format_duration_ns(trace.interval_ns)} in "
        f"{format_duration_ns(int(trace.t_ns[-1]))}; resident {format_count(resident)} pages "
        f"({format_size(resident * PAGE_BYTES)})",
        f"pages written in an interval: {format_count(per['min'])} at least, "
        f"{format_count(round(per['median']))} median, {format_count(per['max'])} at most",
    ]
    if curve:
        lines.append(f"working set (median of distinct pages written): {', '.join(curve)}")
    return "\n".join(lines)


def as_json(found: dict[str, Any], *, names: Sequence[tuple[str, object]]) -> str:
    """Return figures as a JSON object, with what they are of in front."""
    return json.dumps({**dict(names), **found}, indent=2, ensure_ascii=False)
