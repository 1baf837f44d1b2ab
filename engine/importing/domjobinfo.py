"""libvirt: the output of `virsh domjobinfo`, one look after the other, in English.

Memory counts, disks do not. Time stamps may stand before the lines or between the looks; the time
of a look is its own "Time elapsed".
"""

import re
from collections.abc import Mapping
from typing import Final

from engine.importing.log_file import Line
from engine.importing.observed import Format, Observed
from engine.importing.polls import Poll, Polls
from engine.importing.quantities import COUNT, MILLISECONDS, RATES, SIZES, quantity

JOB: Final = re.compile(r"Job type:\s+(\w+)$")
_STATUS: Final = {
    "None": "none", "Bounded": "active", "Unbounded": "active", "Completed": "completed",
    "Failed": "failed", "Cancelled": "cancelled",
}  # fmt: skip
_LABELS: Final[dict[str, tuple[str, Mapping[str, int]]]] = {
    "Time elapsed": ("total_time_ns", MILLISECONDS),
    "Setup time": ("setup_ns", MILLISECONDS),
    "Total downtime": ("downtime_ns", MILLISECONDS),
    "Memory processed": ("transferred_bytes", SIZES),
    "Memory remaining": ("remaining_bytes", SIZES),
    "Memory total": ("total_bytes", SIZES),
    "Memory bandwidth": ("rate_bps", RATES),
    "Dirty rate": ("dirty_rate_pps", {"pages/s": 1}),
    "Page size": ("page_bytes", {**SIZES, "bytes": 1}),
    "Iteration": ("syncs", COUNT),
    "Normal pages": ("normal_pages", COUNT),
    "Constant pages": ("zero_pages", COUNT),
    "Compressed pages": ("delta_pages", COUNT),
    "Auto converge throttle": ("throttle_percent", COUNT),
}


class DomjobinfoReader:
    """Reads the lines of one look after the other."""

    def __init__(self, file: str) -> None:
        """Start before the first line of the file of that name."""
        self._polls = Polls(file)
        self._poll: Poll | None = None
        self._stamp_ns: int | None = None

    def take(self, line: Line) -> None:
        """Take a line; one of something else says nothing.

        Raises:
            LogFileError: A value has another unit than virsh gives it.
        """
        if line.stamp_ns is not None:
            self._stamp_ns = line.stamp_ns
        found = JOB.match(line.text)
        if found is not None:
            self._close()
            if found[1] not in _STATUS:
                raise line.fault(f"one of {', '.join(_STATUS)}")
            self._poll = Poll(status=_STATUS[found[1]], stamp_ns=self._stamp_ns)
            return
        label, colon, value = line.text.partition(":")
        if self._poll is not None and colon and label in _LABELS:
            name, units = _LABELS[label]
            setattr(self._poll, name, quantity(line, value, units))

    def _close(self) -> None:
        if self._poll is not None:
            self._polls.add(self._poll)
            self._poll = None

    def finish(self) -> Observed:
        """Return what all looks together tell.

        Raises:
            LogFileError: No migration was going on in any of them.
        """
        self._close()
        return self._polls.observed(Format.DOMJOBINFO)
