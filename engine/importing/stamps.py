"""Time stamps before the lines of a log: syslog, journal, ISO, `ping -D`, `ts`, `date`.

A stamp is nanoseconds on the log's own clock. Only differences mean something, unless the log says
that it is UTC: `StampReader.clock`.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

SECOND_NS: Final = 10**9
_DAY_NS: Final = 86_400 * SECOND_NS
_LEAP_YEAR: Final = 2000  # of a stamp without a year
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun",
                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # fmt: skip
_EPOCH_DAY: Final = datetime(1970, 1, 1).toordinal()

_UNIX: Final = re.compile(r"\[?(\d{9,10})\.(\d{1,9})\]?:?(?:\s+|$)")
_ISO: Final = re.compile(
    r"\[?(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    r"\s?(Z|[+-]\d\d:?\d\d|(?!PING|TASK|ERROR|INFO|WARN)[A-Z]{3,5}(?=[ \]]))?\]?"
    r"(?:\s+\[\d+\])?:?(?:\s+|$)"
)
_SYSLOG: Final = re.compile(
    r"([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))? \S+ [\w./@-]+(?:\[\d+\])?: ?"
)
_DATE: Final = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) (?:([AP])M )?"
    r"(?:[A-Z+-][A-Z0-9]* )?(\d{4})$"
)
_UTC: Final = ("Z", "UTC", "GMT")
_SENDER: Final = re.compile(r"[\w.-]+ [\w./@-]+\[\d+\]: ?")


def _fraction_ns(digits: str | None) -> int:
    return int((digits or "").ljust(9, "0"))


def _clock_ns(day: tuple[int, int, int], clock: tuple[str, str, str], digits: str | None) -> int:
    """Return nanoseconds since 1970.

    Raises:
        ValueError: There is no such day.
    """
    days = datetime(*day).toordinal() - _EPOCH_DAY
    hours, minutes, seconds = (int(x) for x in clock)
    return days * _DAY_NS + (hours * 3600 + minutes * 60 + seconds) * SECOND_NS + _fraction_ns(
        digits
    )


def _offset_ns(zone: str | None) -> int:
    if not zone or zone[0] not in "+-":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return (minutes if zone[0] == "+" else -minutes) * 60 * SECOND_NS


def _unix(found: re.Match[str]) -> int:
    return int(found[1]) * SECOND_NS + _fraction_ns(found[2])


def _iso(found: re.Match[str]) -> int:
    day = (int(found[1]), int(found[2]), int(found[3]))
    return _clock_ns(day, (found[4], found[5], found[6]), found[7]) - _offset_ns(found[8])


def _syslog(found: re.Match[str]) -> int:
    day = (_LEAP_YEAR, _MONTHS.index(found[1]) + 1, int(found[2]))
    return _clock_ns(day, (found[3], found[4], found[5]), found[6])


def _date(found: re.Match[str]) -> int:
    hour = found[3]
    if found[6]:
        hour = str(int(hour) % 12 + (12 if found[6] == "P" else 0))
    day = (int(found[7]), _MONTHS.index(found[1]) + 1, int(found[2]))
    return _clock_ns(day, (hour, found[4], found[5]), None)


_Kinds = tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], int]], ...]
_IN_DIGITS: Final[_Kinds] = ((_UNIX, _unix), (_ISO, _iso))
_IN_WORDS: Final[_Kinds] = ((_SYSLOG, _syslog), (_DATE, _date))


def _clock_of(pattern: re.Pattern[str], found: re.Match[str]) -> str:
    if pattern is _UNIX:
        return "utc"
    if pattern is _ISO:
        zone = found[8] or ""
        return "utc" if zone in _UTC or zone[:1] in ("+", "-") else "local"
    if pattern is _DATE:
        return "utc" if any(f" {zone} " in found[0] for zone in _UTC) else "local"
    return "local"


class StampReader:
    """Takes the stamps off the lines of one log."""

    def __init__(self) -> None:
        """Start before the first line."""
        self._last_ns: int | None = None
        self._years_ns = 0
        self.clock = ""
        """Which clock the newest stamp is of: "utc", or "local" where the zone is not told."""

    def split(self, text: str) -> tuple[int | None, str]:
        """Return the stamp of a line, None without one, and what follows it."""
        kinds = _IN_DIGITS if text[:1].isdigit() or text.startswith("[") else _IN_WORDS
        for pattern, read in kinds:
            found = pattern.match(text)
            if found is None:
                continue
            try:
                stamp_ns = read(found)
            except ValueError:
                continue
            self.clock = _clock_of(pattern, found)
            rest = text[found.end() :]
            sender = _SENDER.match(rest) if pattern is _ISO else None
            return self._onward(stamp_ns), (rest[sender.end() :] if sender else rest).strip()
        return None, text

    def _onward(self, stamp_ns: int) -> int:
        """Return a stamp that has not gone back over New Year for want of a year."""
        stamp_ns += self._years_ns
        if self._last_ns is not None and stamp_ns < self._last_ns - 180 * _DAY_NS:
            self._years_ns += 366 * _DAY_NS
            stamp_ns += 366 * _DAY_NS
        self._last_ns = stamp_ns
        return stamp_ns
