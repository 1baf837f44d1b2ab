"""Proxmox VE: the log of a migration task.

It gives a line a second with what was transferred (with two or three digits), and the downtime at
the end. What is left it does not give, nor the rounds. Its "average migration speed" is the size
of the memory over the time, not what was sent over the time, so it is not read.
"""

import re
from typing import Final

from engine.importing.log_file import Line
from engine.importing.observed import Format, Observed
from engine.importing.polls import Poll, Polls
from engine.importing.quantities import MILLISECONDS, RATES, SIZES, count, quantity

SECOND_NS: Final = 10**9
START: Final = re.compile(r"starting migration of VM (\d+) to node '([^']+)'")
ACTIVE: Final = re.compile(r"migration active, transferred ")
_PROGRESS: Final = re.compile(
    r"migration active, transferred (\S+ \S+) of (\S+ \S+) VM-state, (\S+ [^\s,]+)"
    r"(?:, VM dirties lots of memory: (\S+ \S+))?$"
)
_OLD_ACTIVE: Final = re.compile(
    r"migration status: active \(transferred (\S+), remaining ([^)\s]+)\), total ([^)\s]+)\)?$"
)
_STATUS: Final = re.compile(r"migration status(?: error)?: (\w+)$")
_DOWNTIME: Final = re.compile(r"(?:average )?migration speed: .* - downtime (.+)$")
_LIMIT: Final = re.compile(r"auto-increased downtime to continue migration: (.+)$")
_COMMAND: Final = re.compile(r"start migrate command to ")
_DURATION: Final = re.compile(r"migration finished .*\(duration (\d+):(\d\d):(\d\d)\)")
_SENT: Final = re.compile(r"migration completed, transferred (.+) VM-state$")
_ERROR: Final = re.compile(r"(?:TASK ERROR|ERROR): (.*)$")


class ProxmoxReader:
    """Reads the lines of a task."""

    def __init__(self, file: str) -> None:
        """Start before the first line of the file of that name."""
        self._polls = Polls(file)
        self._vm, self._node = "vm", "destination"
        self._began_ns: int | None = None
        self._command_ns: int | None = None
        self._now_ns = 0
        self._timed = False
        self._downtime_ns: int | None = None
        self._total_ns: int | None = None
        self._sent_bytes: int | None = None
        self._limits: list[str] = []

    def take(self, line: Line) -> None:
        """Take a line; one of something else says nothing.

        Raises:
            LogFileError: A line of progress has another form or unit.
        """
        self._tick(line)
        text = line.text
        if found := START.search(text):
            self._vm, self._node = f"vm-{found[1]}", found[2].replace(".", "-")
        elif _COMMAND.search(text):
            self._command_ns = self._now_ns
        elif ACTIVE.search(text):
            self._take_progress(line)
        elif found := _OLD_ACTIVE.search(text):
            sent, left, total = (count(line, x) for x in found.groups())
            self._add(Poll("active", transferred_bytes=sent, remaining_bytes=left,
                           total_bytes=total))  # fmt: skip
        elif found := _DOWNTIME.search(text):
            self._downtime_ns = quantity(line, found[1], MILLISECONDS)
        elif found := _SENT.search(text):
            self._sent_bytes = quantity(line, found[1], SIZES)
        elif found := _LIMIT.search(text):
            quantity(line, found[1], MILLISECONDS)
            self._limits.append(found[1])
        else:
            self._take_end(text)

    def _tick(self, line: Line) -> None:
        """Let the time be that of the line; without stamps a line of progress is a second."""
        if line.stamp_ns is not None:
            self._timed = True
            if self._began_ns is None:
                self._began_ns = line.stamp_ns
            self._now_ns = max(self._now_ns, line.stamp_ns - self._began_ns)
        elif not self._timed and (ACTIVE.search(line.text) or _OLD_ACTIVE.search(line.text)):
            self._now_ns += SECOND_NS

    def _take_progress(self, line: Line) -> None:
        found = _PROGRESS.search(line.text)
        if found is None:
            raise line.fault('"transferred SIZE of SIZE VM-state, SIZE/s"')
        sent, total = (quantity(line, x, SIZES) for x in (found[1], found[2]))
        poll = Poll("active", transferred_bytes=sent, total_bytes=total)
        poll.rate_bps = quantity(line, found[3], RATES)
        if found[4]:
            poll.dirty_rate_pps = quantity(line, found[4], RATES) // (8 * 4096)
        self._add(poll)

    def _take_end(self, text: str) -> None:
        if found := _STATUS.search(text):
            self._add(Poll(found[1]))
        elif found := _DURATION.search(text):
            hours, minutes, seconds = (int(x) for x in found.groups())
            self._total_ns = (hours * 3600 + minutes * 60 + seconds) * SECOND_NS
        elif (found := _ERROR.search(text)) and self._polls.polls:
            self._add(Poll("failed", reason=found[1]))

    def _add(self, poll: Poll) -> None:
        poll.t_ns = self._now_ns
        last = self._polls.polls[-1].status if self._polls.polls else ""
        if poll.status != "failed" or last not in ("completed", "cancelled", "failed"):
            self._polls.add(poll)

    def finish(self) -> Observed:
        """Return what the task tells.

        Raises:
            LogFileError: There is no line of progress.
        """
        notes = ["The log does not tell when the VM stopped: its stop is put before the end."]
        if not self._timed:
            notes.append("The log has no time stamps: a line of progress is taken as a second.")
        if self._limits:
            notes.append(f"The downtime limit was raised to {self._limits[-1]}.")
        over_ns = self._polls.polls[-1].t_ns if self._polls.polls else None
        total = self._total_ns if self._timed and self._total_ns else over_ns
        ended = bool(self._polls.polls) and self._polls.polls[-1].status != "active"
        return self._polls.observed(
            Format.PROXMOX,
            notes if self._downtime_ns is not None else notes[1:],
            vm=self._vm,
            destination=self._node,
            source="source" if self._node != "source" else "from",
            downtime_ns=self._downtime_ns,
            suspended_ns=None if self._downtime_ns is None or over_ns is None
            else max(0, over_ns - self._downtime_ns),
            setup_ns=self._command_ns,
            bytes_sent=self._sent_bytes,
            total_time_ns=total if ended else None,
            timed=self._timed,
            began_clock_ns=self._began_ns,
        )  # fmt: skip
