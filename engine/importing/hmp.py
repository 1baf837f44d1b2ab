"""HMP: `info migrate` of QEMU's monitor, one look after the other.

Up to 10.0 a line is a key with a value and its unit; from 10.1 on lines are grouped and sizes are
for people: three digits, which is all that such a recording knows.
"""

import re
from collections.abc import Mapping
from typing import Final

from engine.importing.log_file import Line
from engine.importing.observed import Format, Observed
from engine.importing.polls import Poll, Polls
from engine.importing.quantities import (
    COUNT,
    KBYTES,
    MBPS,
    MILLISECONDS,
    PAGES,
    SIZES,
    quantity,
)

STATUS: Final = re.compile(r"(?:Migration status|Status):\s*([a-z-]+)(?:\s*\((.*)\))?$")
_PROMPT: Final = re.compile(r"^\(qemu\)\s*")
_SINGLE: Final[dict[str, tuple[str, Mapping[str, int]]]] = {
    "total time": ("total_time_ns", MILLISECONDS),
    "downtime": ("downtime_ns", MILLISECONDS),
    "setup": ("setup_ns", MILLISECONDS),
    "transferred ram": ("transferred_bytes", KBYTES),
    "remaining ram": ("remaining_bytes", KBYTES),
    "total ram": ("total_bytes", KBYTES),
    "page size": ("page_bytes", KBYTES),
    "throughput": ("rate_bps", MBPS),
    "normal": ("normal_pages", PAGES),
    "duplicate": ("zero_pages", PAGES),
    "xbzrle pages": ("delta_pages", PAGES),
    "dirty pages rate": ("dirty_rate_pps", PAGES),
    "dirty sync count": ("syncs", COUNT),
    "cpu throttle percentage": ("throttle_percent", COUNT),
    "Throughput (Mbps)": ("rate_bps", {"": 10**6}),
    "CPU Throttle (%)": ("throttle_percent", COUNT),
}
_PAIRS: Final[dict[str, dict[str, tuple[str, Mapping[str, int]]]]] = {
    "Time (ms)": {
        "total": ("total_time_ns", {"": 10**6}),
        "setup": ("setup_ns", {"": 10**6}),
        "down": ("downtime_ns", {"": 10**6}),
    },
    "Sizes": {"pagesize": ("page_bytes", SIZES), "total": ("total_bytes", SIZES)},
    "Transfers": {
        "transferred": ("transferred_bytes", SIZES),
        "remain": ("remaining_bytes", SIZES),
    },
    "Page Types": {"normal": ("normal_pages", COUNT), "zero": ("zero_pages", COUNT)},
    "Page Rates (pps)": {"dirty": ("dirty_rate_pps", COUNT)},
    "Others": {"dirty_syncs": ("syncs", COUNT)},
}
_UNITS: Final = {name.partition(" (")[0]: name for name in (*_SINGLE, *_PAIRS) if " (" in name}


class HmpReader:
    """Reads the lines of one look after the other."""

    def __init__(self, file: str) -> None:
        """Start before the first line of the file of that name."""
        self._polls = Polls(file)
        self._poll: Poll | None = None
        self._grouped = False

    def take(self, line: Line) -> None:
        """Take a line; one of something else says nothing.

        Raises:
            LogFileError: A value has another unit than QEMU gives it.
        """
        text = _PROMPT.sub("", line.text)
        found = STATUS.match(text)
        if found is not None:
            self._close()
            reason = found[2] or ""
            self._poll = Poll(status=found[1], stamp_ns=line.stamp_ns, reason=reason)
            self._grouped |= text.startswith("Status")
            return
        key, colon, value = text.partition(":")
        if self._poll is None or not colon:
            return
        self._check_unit(key, line)
        if key in _SINGLE:
            name, units = _SINGLE[key]
            setattr(self._poll, name, quantity(line, value, units))
        elif key in _PAIRS:
            self._take_pairs(_PAIRS[key], value, line)

    def _check_unit(self, key: str, line: Line) -> None:
        name, bracket, _ = key.partition(" (")
        expected = _UNITS.get(name)
        if bracket and expected is not None and key != expected:
            raise line.fault(f'"{expected}"')

    def _take_pairs(
        self, names: Mapping[str, tuple[str, Mapping[str, int]]], value: str, line: Line
    ) -> None:
        for pair in value.split(","):
            key, equals, text = pair.strip().partition("=")
            if not equals:
                raise line.fault("pairs of NAME=VALUE")
            if key in names:
                name, units = names[key]
                setattr(self._poll, name, quantity(line, text, units))

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
        notes = ["Sizes in the file have three digits."] if self._grouped else []
        return self._polls.observed(Format.HMP, notes)
