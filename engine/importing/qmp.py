"""QMP: answers of query-migrate and events, one JSON object a line, or a recording of them.

Understood are a client's log (whatever stands before the object), plain samples with a time `t`,
pretty-printed objects one after the other, and the object of a recording with `samples`,
`events` and `final`.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine.importing.log_file import Line
from engine.importing.observed import Format, Observed
from engine.importing.polls import Poll, Polls
from engine.importing.quantities import LARGEST

MILLISECOND_NS: Final = 10**6
SECOND_NS: Final = 10**9
SAMPLE: Final = re.compile(r'"(?:ram|status|event|samples|return)"\s*:')
_EVENTS: Final = ("MIGRATION", "MIGRATION_PASS", "STOP", "RESUME")
_STATUSES: Final = (
    "none", "setup", "wait-unplug", "active", "pre-switchover", "device", "postcopy-device",
    "postcopy-active", "postcopy-paused", "postcopy-recover-setup", "postcopy-recover",
    "completed", "failed", "cancelling", "cancelled", "colo",
)  # fmt: skip
_TIMES: Final = {
    "total-time": "total_time_ns", "setup-time": "setup_ns", "downtime": "downtime_ns",
}  # fmt: skip
_COUNTERS: Final = {
    "transferred": ("transferred_bytes", "bytes"),
    "remaining": ("remaining_bytes", "bytes"),
    "total": ("total_bytes", "bytes"),
    "page-size": ("page_bytes", "bytes"),
    "normal": ("normal_pages", "pages"),
    "duplicate": ("zero_pages", "pages"),
    "dirty-pages-rate": ("dirty_rate_pps", "pages/s"),
    "dirty-sync-count": ("syncs", "reads of the bitmap"),
}
_LIMITS: Final = (
    ("max-bandwidth", "rate_limit_bps", 8),
    ("downtime-limit", "downtime_limit_ns", MILLISECOND_NS),
)


def _is_sample(value: Mapping[str, Any]) -> bool:
    """Return whether an object is an answer of query-migrate: other commands have a status too."""
    return isinstance(value.get("ram"), dict) or value.get("status") in _STATUSES


class QmpReader:
    """Reads objects in their order."""

    def __init__(self, file: str) -> None:
        """Start before the first object of the file of that name."""
        self._file = file
        self._polls = Polls(file)
        self._waiting: list[tuple[int, dict[str, Any], int]] = []
        self._notes: list[str] = []
        self._limits: dict[str, int] = {}

    def take(self, line: Line) -> None:
        """Take a line; one without an object says nothing.

        Raises:
            LogFileError: An object is broken, or holds something else than it should.
        """
        begin = line.text.find("{")
        if begin < 0:
            return
        try:
            value, _ = json.JSONDecoder().raw_decode(line.text, begin)
        except (ValueError, RecursionError) as error:
            if line.complete and SAMPLE.search(line.text) is None:
                return
            raise line.fault("a whole JSON object") from error
        self.take_value(value, line)

    def take_document(self, text: str) -> None:
        """Take JSON values that stand one after the other, over any number of lines.

        Raises:
            LogFileError: The text is no JSON, or cut off before anything can be used.
        """
        for value, line in self._values(text):
            self.take_value(value, line)

    def _values(self, text: str) -> Iterator[tuple[Any, Line]]:
        decoder, at, number, taken = json.JSONDecoder(), 0, 1, 0
        while (found := re.compile(r"\S").search(text, at)) is not None:
            number += text.count("\n", at, found.start())
            at = found.start()
            line = Line(self._file, number, text[at : at + 80].split("\n", maxsplit=1)[0])
            try:
                value, end = decoder.raw_decode(text, at)
            except (ValueError, RecursionError) as error:
                if taken and text[at] in "{[":
                    self._notes.append(
                        f"The file is cut off or damaged in the object at line {number}: what "
                        "follows is left out."
                    )
                    return
                raise line.fault("JSON to the end; the file is cut off or damaged") from error
            yield value, line
            taken += 1
            number += text.count("\n", at, end)
            at = end

    def take_value(self, value: Any, line: Line) -> None:
        """Take one JSON value.

        Raises:
            LogFileError: It holds something else than it should.
        """
        if isinstance(value, list):
            for item in value:
                self.take_value(item, line)
            return
        if not isinstance(value, dict):
            return
        if isinstance(value.get("samples"), list):
            self._take_recording(value, line)
        elif isinstance(value.get("event"), str):
            self._take_event(value, line)
        else:
            answer = value.get("return")
            sample = answer if isinstance(answer, dict) else value
            self._take_limits(sample)
            if _is_sample(sample):
                self._polls.add(self._poll(sample, line, t_s=value.get("t", sample.get("t"))))

    def _take_limits(self, held: Mapping[str, Any]) -> None:
        """Take bandwidth and downtime limit from an answer of query-migrate-parameters."""
        for key, name, factor in _LIMITS:
            value = held.get(key)
            if isinstance(value, int) and 0 < value * factor <= LARGEST:
                self._limits[name] = value * factor

    def _take_recording(self, value: Mapping[str, Any], line: Line) -> None:
        if isinstance(value.get("parameters"), dict):
            self._take_limits(value["parameters"])
        for sample in value["samples"]:
            self.take_value(sample, line)
        for event in value.get("events") or ():
            self.take_value(event, line)
        if isinstance(value.get("final"), dict):
            self.take_value({k: v for k, v in value["final"].items() if k != "t"}, line)

    def _poll(self, sample: Mapping[str, Any], line: Line, *, t_s: Any) -> Poll:
        ram = sample.get("ram")
        poll = Poll(status=str(sample.get("status", "active")), stamp_ns=line.stamp_ns)
        if t_s is not None:
            poll.t_ns = max(0, _nanoseconds(t_s, SECOND_NS, line, "t"))
        for key, name in _TIMES.items():
            if key in sample:
                setattr(poll, name, _nanoseconds(sample[key], MILLISECOND_NS, line, key))
        for key, (name, unit) in _COUNTERS.items():
            if isinstance(ram, dict) and key in ram:
                setattr(poll, name, _whole(ram[key], line, f"ram.{key}", unit))
        if isinstance(ram, dict) and "mbps" in ram:
            poll.rate_bps = _nanoseconds(ram["mbps"], 10**6, line, "ram.mbps")
        if "cpu-throttle-percentage" in sample:
            key = "cpu-throttle-percentage"
            poll.throttle_percent = min(99, _whole(sample[key], line, key, "per cent"))
        cache = sample.get("xbzrle-cache")
        if isinstance(cache, dict) and "pages" in cache:
            poll.delta_pages = _whole(cache["pages"], line, "xbzrle-cache.pages", "pages")
        poll.reason = str(sample.get("error-desc", ""))
        return poll

    def _take_event(self, value: Mapping[str, Any], line: Line) -> None:
        """Put an event aside until the start of the migration is known on its clock."""
        if value["event"] not in _EVENTS or not (_of_source(value) or value["event"] == "RESUME"):
            return
        stamp, wall = value.get("timestamp"), value.get("wall")
        if isinstance(stamp, dict):
            seconds = _whole(stamp.get("seconds"), line, "timestamp.seconds", "seconds")
            micro = _whole(stamp.get("microseconds", 0), line, "timestamp", "microseconds")
            at_ns = seconds * SECOND_NS + micro * 1000
        elif wall is not None:
            at_ns = _nanoseconds(wall, SECOND_NS, line, "wall")
        else:
            return
        self._waiting.append((at_ns, dict(value), len(self._polls.polls)))

    def _start_ns(self) -> int | None:
        """Return when the migration began on the clock of the events."""
        polls = self._polls.polls
        begun = [at for at, event, _ in self._waiting if _status(event) == "setup"]
        if begun:
            return begun[-1]
        total = polls[-1].total_time_ns if polls else None
        over = [at for at, event, _ in self._waiting if _status(event) == "completed"]
        if over and total is not None and polls[-1].status == "completed":
            return over[-1] - total
        # An event stands behind the poll before it and before the poll that follows.
        early = [at - (polls[n].t_ns or 0) for at, _, n in self._waiting if n < len(polls)]
        late = [at - (polls[n - 1].t_ns or 0) for at, _, n in self._waiting if 0 < n <= len(polls)]
        return max(early) if early else min(late) if late else None

    def _place_events(self) -> None:
        start_ns = self._start_ns()
        polls = self._polls
        if start_ns is None or polls.dropped:
            return
        timed = list(polls.statuses)
        for at_ns, event, _ in sorted(self._waiting, key=lambda w: w[0]):
            t_ns = max(0, at_ns - start_ns)
            kind = event["event"]
            if kind == "STOP":
                polls.stopped_ns = t_ns
            elif kind == "RESUME" and not _of_source(event):
                polls.resumed_ns = t_ns
            elif kind == "RESUME":
                polls.stopped_ns = None  # it went on at the source
            elif kind == "MIGRATION_PASS" and (number := _pass_of(event)):
                polls.passes.setdefault(number, t_ns)
        told = [
            (max(0, at_ns - start_ns), status)
            for at_ns, event, _ in sorted(self._waiting, key=lambda w: w[0])
            if (status := _status(event))
        ]
        if told:
            known = {status for _, status in told}
            rest = [(s.t_ns or 0, s.status) for s in timed if s.status not in known]
            polls.statuses = []
            for t_ns, status in sorted([*told, *rest], key=lambda pair: pair[0]):
                polls.note_status(t_ns, status)

    def finish(self) -> Observed:
        """Return what all objects together tell.

        Raises:
            LogFileError: There is no sample of a migration.
        """
        self._place_events()
        more: dict[str, Any] = dict(self._limits)
        start_ns = self._start_ns()
        if start_ns is not None and not self._polls.dropped:
            more |= {"began_clock_ns": start_ns, "clock": "utc"}
        return self._polls.observed(Format.QMP, self._notes, **more)


def _of_source(event: Mapping[str, Any]) -> bool:
    return bool(event.get("side", "src") == "src")


def _status(event: Mapping[str, Any]) -> str:
    held = event.get("data")
    if event.get("event") != "MIGRATION" or not isinstance(held, dict):
        return ""
    return str(held.get("status", ""))


def _pass_of(event: Mapping[str, Any]) -> int:
    held = event.get("data")
    number = held.get("pass") if isinstance(held, dict) else None
    return number if isinstance(number, int) and 0 < number < LARGEST else 0


def _whole(value: Any, line: Line, key: str, unit: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST:
        raise line.fault(f'a whole number of {unit} for "{key}"')
    return value


def _nanoseconds(value: Any, factor: int, line: Line, key: str) -> int:
    """Return a number times a factor, rounded: seconds, milliseconds, Mbit/s in base units."""
    right = isinstance(value, int | float) and not isinstance(value, bool)
    if not right or not math.isfinite(value) or abs(value) * factor > LARGEST:
        raise line.fault(f'a number for "{key}"')
    return value * factor if isinstance(value, int) else round(value * factor)
