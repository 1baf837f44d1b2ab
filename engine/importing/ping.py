"""The output of `ping`: of Linux (also BusyBox and macOS) and of Windows, in English.

A ping without a reply is lost, whether the program says so or its number is just missing;
"no answer yet" alone is not: the reply may still come. Windows in another language is recognised
and refused. Where no line has a time, pings are taken to be sent at even intervals.
"""

import re
from typing import Final

from engine.importing.log_file import Line
from engine.importing.observed import Format, LogFileError, Observed, ObservedPing

SECOND_NS: Final = 10**9
MILLISECOND_NS: Final = 10**6
MOST_PINGS: Final = 500_000
SEQUENCE_NUMBERS: Final = 65_536
WINDOWS_TIMEOUT_NS: Final = 4 * SECOND_NS
"""After so long Windows gives up a reply and sends the next ping."""

LINUX_HEAD: Final = re.compile(r"PING \S+ .*(?:bytes of data|data bytes)")
LINUX_REPLY: Final = re.compile(r"\b\d{1,6} bytes from .*?(?:icmp_)?seq=(\d{1,6})\b(.*)$")
_LINUX_TIME: Final = re.compile(r"time=(\d{1,9}(?:\.\d{1,9})?) ?(\w*)")
LINUX_SILENT: Final = re.compile(r"no answer yet for icmp_seq=(\d{1,6})$")
_MAC_SILENT: Final = re.compile(r"Request timeout for icmp_seq (\d{1,6})$")
_UNREACHABLE: Final = re.compile(r"From .*icmp_seq=(\d{1,6}) ")
_SUMMARY: Final = re.compile(r"(\d{1,9}) packets transmitted, (\d{1,9})(?: packets)? received")
_SUMMARY_TIME: Final = re.compile(r"time (\d{1,12})ms$")
_TARGET: Final = re.compile(r"PING (\S+)")

WINDOWS_HEAD: Final = re.compile(r"Pinging \S+ .*with \d+ bytes of data:")
WINDOWS_REPLY: Final = re.compile(r"Reply from \S+: (?:bytes=\d+ )?time([=<])(\d{1,9})(\w*)(?: |$)")
WINDOWS_LOST: Final = re.compile(
    r"Request timed out\.$|Reply from .*(?:unreachable|expired in transit)\.$"
    r"|(?:PING: transmit failed\. )?General failure\.$"
)
_WINDOWS_REPLY_BEGUN: Final = re.compile(r"Reply from \S+: ")
_WINDOWS_SUMMARY: Final = re.compile(r"Packets: Sent = (\d{1,9}), Received = (\d{1,9})")
FOREIGN: Final = re.compile(r"\S.{0,80}\d ?: \S{1,20}=\d+ \S{1,20}[=<]\d+ ?ms TTL=\d+$")


class LinuxPingReader:
    """Reads replies by their sequence numbers."""

    def __init__(self, file: str) -> None:
        """Start before the first line of the file of that name."""
        self._file = file
        self._rtts: dict[int, int | None] = {}
        self._stamps: dict[int, int] = {}
        self._newest: int | None = None
        self._sent: int | None = None
        self._time_ns: int | None = None

    def take(self, line: Line) -> None:
        """Take a line; one of something else says nothing.

        Raises:
            LogFileError: A reply has no time in ms.
        """
        text = line.text
        if found := LINUX_REPLY.search(text):
            number = self._number(int(found[1]))
            rtt_ns = _rtt_ns(found[2], line)
            if self._rtts.get(number) is None:  # of duplicates the first one counts
                self._rtts[number] = rtt_ns
                if line.stamp_ns is not None:
                    self._stamps[number] = line.stamp_ns - rtt_ns
        elif found := (
            LINUX_SILENT.search(text) or _MAC_SILENT.search(text) or _UNREACHABLE.search(text)
        ):
            self._rtts.setdefault(self._number(int(found[1])), None)
        elif found := _SUMMARY.search(text):
            self._sent = int(found[1])
            time = _SUMMARY_TIME.search(text)
            self._time_ns = int(time[1]) * MILLISECOND_NS if time else None

    def _number(self, shown: int) -> int:
        """Return the true number of a ping: 16 bits are shown."""
        if self._newest is None:
            self._newest = shown
            return shown
        laps = (self._newest - shown + SEQUENCE_NUMBERS // 2) // SEQUENCE_NUMBERS
        number = shown + max(0, laps) * SEQUENCE_NUMBERS
        self._newest = max(self._newest, number)
        if len(self._rtts) > MOST_PINGS:
            raise LogFileError(f"{self._file}: more than {MOST_PINGS:,} pings; cut out a part")
        return number

    def finish(self) -> Observed:
        """Return all pings, the lost ones too.

        Raises:
            LogFileError: There is none, or more than any recording has.
        """
        if not self._rtts and not self._sent:
            raise LogFileError(f"{self._file}: no ping in it; replies of ping were expected")
        first = min(self._rtts, default=1)
        first = min(first, 1) if first <= 1 else first
        last = max(self._rtts, default=first - 1)
        if self._sent is not None and first <= 1:
            last = max(last, first + self._sent - 1)
        if last - first >= MOST_PINGS:
            raise LogFileError(f"{self._file}: more than {MOST_PINGS:,} pings; cut out a part")
        interval_ns, notes = self._interval_ns()
        times = self._times(first, last, interval_ns)
        pings = tuple(
            ObservedPing(t_ns, self._rtts.get(n))
            for n, t_ns in zip(range(first, last + 1), times, strict=True)
        )
        return Observed(
            format=Format.PING_LINUX,
            name=self._file,
            pings=pings,
            ping_interval_ns=interval_ns,
            timed=not notes,
            notes=tuple(notes),
            began_clock_ns=self._began_clock_ns(first, times),
        )

    def _began_clock_ns(self, first: int, times: list[int]) -> int | None:
        """Return when the first ping was sent, on the clock of the stamps."""
        if not self._stamps:
            return None
        known = min(self._stamps)
        return self._stamps[known] - times[known - first]

    def _interval_ns(self) -> tuple[int, list[str]]:
        """Return the interval, and what had to be assumed for it."""
        numbers = sorted(self._stamps)
        if len(numbers) > 1:
            span = self._stamps[numbers[-1]] - self._stamps[numbers[0]]
            return max(1, span // (numbers[-1] - numbers[0])), []
        if self._time_ns and self._sent and self._sent > 1:
            note = "The lines have no times: pings are put at even intervals over the time given."
            return max(1, self._time_ns // (self._sent - 1)), [note]
        return SECOND_NS, ["The lines have no times: one ping a second is assumed (use ping -D)."]

    def _times(self, first: int, last: int, interval_ns: int) -> list[int]:
        """Return when each ping was sent, between two known ones evenly."""
        known = sorted(self._stamps)
        if not known:
            return [i * interval_ns for i in range(last - first + 1)]
        found: dict[int, int] = {}
        for a, b in zip(known, [*known[1:], last + 1], strict=True):
            at_ns = self._stamps[a]
            step = (self._stamps[b] - at_ns) // (b - a) if b in self._stamps else interval_ns
            for n in range(a, b):
                found[n] = at_ns + (n - a) * max(0, step)
        for n in range(known[0] - 1, first - 1, -1):
            found[n] = found[n + 1] - interval_ns
        start_ns, latest, times = found[first], 0, []
        for n in range(first, last + 1):
            latest = max(latest, found[n] - start_ns)
            times.append(latest)
        return times


def _rtt_ns(rest: str, line: Line) -> int:
    found = _LINUX_TIME.search(rest)
    if found is None or found[2] != "ms":
        raise line.fault('"time=TIME ms"')
    return round(float(found[1]) * MILLISECOND_NS)


class WindowsPingReader:
    """Reads replies in their order: they have no numbers and no times."""

    def __init__(self, file: str) -> None:
        """Start before the first line of the file of that name."""
        self._file = file
        self._rtts: list[int | None] = []
        self._stamps: list[int | None] = []
        self._short = False

    def take(self, line: Line) -> None:
        """Take a line; one of something else says nothing.

        Raises:
            LogFileError: A reply has no time in ms, or another language.
        """
        text = line.text
        if found := WINDOWS_REPLY.search(text):
            if found[3] != "ms":
                raise line.fault('"time=TIMEms"')
            self._short |= found[1] == "<"
            self._add(int(found[2]) * MILLISECOND_NS, line)
        elif WINDOWS_LOST.search(text):
            self._add(None, line)
        elif _WINDOWS_REPLY_BEGUN.search(text):
            raise line.fault('"time=TIMEms"')
        elif FOREIGN.match(text):
            raise line.fault("the English output of ping; other languages of Windows are not read")

    def _add(self, rtt_ns: int | None, line: Line) -> None:
        if len(self._rtts) >= MOST_PINGS:
            raise LogFileError(f"{self._file}: more than {MOST_PINGS:,} pings; cut out a part")
        self._rtts.append(rtt_ns)
        self._stamps.append(line.stamp_ns)

    def finish(self) -> Observed:
        """Return all pings.

        Raises:
            LogFileError: There is none.
        """
        if not self._rtts:
            raise LogFileError(f"{self._file}: no ping in it; replies of ping were expected")
        timed = all(stamp is not None for stamp in self._stamps)
        pings, at_ns = [], 0
        first = self._stamps[0] or 0
        for rtt_ns, stamp in zip(self._rtts, self._stamps, strict=True):
            waited = WINDOWS_TIMEOUT_NS if rtt_ns is None else rtt_ns
            if timed:
                at_ns = max(at_ns, (stamp or 0) - waited - first + (self._first_wait()))
            pings.append(ObservedPing(at_ns, rtt_ns))
            at_ns += 0 if timed else max(SECOND_NS, waited)
        notes = []
        if not timed:
            notes.append(
                "Windows prints no times: one ping a second, and four seconds for a lost one, "
                "are assumed."
            )
        if self._short:
            notes.append('A reply in "<1ms" counts as 1 ms.')
        return Observed(
            format=Format.PING_WINDOWS,
            name=self._file,
            pings=tuple(pings),
            ping_interval_ns=SECOND_NS,
            timed=timed,
            notes=tuple(notes),
            began_clock_ns=first - self._first_wait() if timed else None,
        )

    def _first_wait(self) -> int:
        return WINDOWS_TIMEOUT_NS if self._rtts[0] is None else self._rtts[0]
