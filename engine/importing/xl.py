"""Xen: what `xl -v migrate` prints, from 4.6 on ("Frames iteration") and before ("iter").

Numbers are pages of 4096 bytes. The newer log has times only with `xl -T`, to the second; the
older one has a line of figures after each round, which is read at "delta".
"""

import re
from itertools import pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from engine.importing.log_file import Line
from engine.importing.observed import (
    Format,
    LogFileError,
    Observed,
    ObservedRound,
    ObservedSample,
    StatusChange,
)

PAGE_BYTES: Final = 4096
MILLISECOND_NS: Final = 10**6
MOST_ROUNDS: Final = 10_000
MOST_SAMPLES: Final = 100_000
LARGEST: Final = 2**40
ASSUMED: Final = "rounds without a time are shown as if they went at 1 Gbit/s"
FRAMES: Final = re.compile(
    r"Frames iteration (\d{1,6})(?: of \d+)?: (\d{1,15})/(\d{1,15})\s+(\d{1,3})%"
)
FRAMES_BEGUN: Final = re.compile(r"Frames iteration ")
ITER: Final = re.compile(
    r"Saving memory: iter (\d{1,6}) \(last sent (\d{1,15}) skipped (\d{1,15})\)"
    r"(?:: (\d{1,15})/(\d{1,15})\s+\d{1,3}%)?"
)
ITER_BEGUN: Final = re.compile(r"Saving memory: iter ")
DELTA: Final = re.compile(
    r"delta (\d{1,12})ms, dom0 -?\d+%, target -?\d+%, sent (-?\d{1,9})Mb/s, "
    r"dirtied (-?\d{1,9})Mb/s (-?\d{1,12}) pages"
)
DELTA_BEGUN: Final = re.compile(r"\bdelta \S+, dom0 ")
TALK: Final = re.compile(
    r"migration target: Ready to receive domain|Saving to migration stream new xl format"
    r"|migration sender: |xc: \w+: Saving domain \d+"
)
_DOMAIN: Final = re.compile(r"Saving domain (\d+)")
_SUSPENDED: Final = re.compile(r"Domain now suspended|SUSPEND shinfo")
_LAST: Final = re.compile(r"Start last iteration")
_TOTAL: Final = re.compile(r"Total pages sent= ?(\d{1,15}) ")
_DONE: Final = re.compile(r"Migration successful\.|Target reports successful startup")
_FAILED: Final = re.compile(r"Migration failed|[Mm]igration sender: (?:Failed|.*failed)")


class _Round(Struct):
    """A round while it is read."""

    number: int
    total: int | None = None
    done: int = 0
    sent: int | None = None
    skipped: int | None = None
    dirtied: int | None = None
    duration_ns: int | None = None
    rate_bps: int | None = None
    start_ns: int | None = None
    live: bool = True


class XlReader:
    """Reads the lines of a migration of either kind."""

    def __init__(self, file: str) -> None:
        """Start before the first line of the file of that name."""
        self._file = file
        self._rounds: list[_Round] = []
        self._samples: list[ObservedSample] = []
        self._legacy = False
        self._vm, self._reason = "vm", ""
        self._began_ns: int | None = None
        self._now_ns: int | None = None
        self._suspended_ns: int | None = None
        self._suspended = False
        self._ended_ns: int | None = None
        self._total_pages: int | None = None
        self._sent_before = 0
        self._outcome: str | None = None

    def take(self, line: Line) -> None:
        """Take a line; one of something else says nothing.

        Raises:
            LogFileError: A line of progress or figures has another form.
        """
        if line.stamp_ns is not None:
            self._began_ns = line.stamp_ns if self._began_ns is None else self._began_ns
            self._now_ns = max(self._now_ns or 0, line.stamp_ns - self._began_ns)
        text = line.text
        if FRAMES_BEGUN.search(text):
            self._take_frames(line)
        elif ITER_BEGUN.search(text):
            self._take_iter(line)
        elif DELTA_BEGUN.search(text):
            self._take_delta(line)
        else:
            self._take_talk(text)

    def _take_frames(self, line: Line) -> None:
        found = FRAMES.search(line.text)
        if found is None:
            raise line.fault('"Frames iteration N: DONE/TOTAL PERCENT%"')
        number, done, total = int(found[1]) + 1, int(found[2]), int(found[3])
        if done > total or total > LARGEST:
            raise line.fault("no more pages done than there are")
        current = self._round(number, line)
        if current.total is None:
            current.live = not self._suspended
        current.total, current.done = total, max(done, current.done)
        if self._now_ns is not None and len(self._samples) < MOST_SAMPLES:
            sent = (self._sent_before + done) * PAGE_BYTES
            self._samples.append(ObservedSample(self._now_ns, (total - done) * PAGE_BYTES, sent))

    def _round(self, number: int, line: Line) -> _Round:
        """Return the round of a number: the newest one, or a new one."""
        if self._rounds and self._rounds[-1].number == number:
            return self._rounds[-1]
        if self._rounds and number < self._rounds[-1].number:
            raise line.fault("rounds in their order, of one migration")
        if len(self._rounds) >= MOST_ROUNDS:
            raise LogFileError(f"{self._file}: more than {MOST_ROUNDS:,} rounds")
        if self._rounds:
            self._sent_before += self._rounds[-1].total or 0
        self._rounds.append(_Round(number, start_ns=self._now_ns))
        return self._rounds[-1]

    def _take_iter(self, line: Line) -> None:
        self._legacy = True
        found = ITER.search(line.text)
        if found is None:
            raise line.fault('"Saving memory: iter N (last sent PAGES skipped PAGES)"')
        number = int(found[1]) + 1
        before = self._rounds[-1] if self._rounds else None
        if before is not None and before.number == number - 1:
            before.sent, before.skipped = int(found[2]), int(found[3])
        if before is None or before.number != number:
            current = self._round(number, line)
            current.live = not self._suspended
            if found[5] and number == 1:
                current.total = int(found[5])
            elif before is not None:
                current.total = before.dirtied

    def _take_delta(self, line: Line) -> None:
        found = DELTA.search(line.text)
        if found is None:
            form = "delta TIMEms, dom0 N%, target N%, sent NMb/s, dirtied NMb/s N pages"
            raise line.fault(f'"{form}"')
        if not self._rounds:
            return
        current = self._rounds[-1]
        current.duration_ns = int(found[1]) * MILLISECOND_NS
        current.rate_bps = max(0, int(found[2])) * 10**6
        current.dirtied = max(0, int(found[4]))

    def _take_talk(self, text: str) -> None:
        if found := _DOMAIN.search(text):
            self._vm = f"domain-{found[1]}"
        elif _SUSPENDED.search(text) or _LAST.search(text):
            self._suspended = True
            if _SUSPENDED.search(text):
                self._suspended_ns = self._now_ns
        elif found := _TOTAL.search(text):
            self._total_pages = int(found[1])
        elif _DONE.search(text):
            self._outcome, self._ended_ns = "completed", self._now_ns
        elif _FAILED.search(text) and self._outcome is None:
            self._outcome, self._reason, self._ended_ns = "failed", text, self._now_ns

    def finish(self) -> Observed:
        """Return what the log tells.

        Raises:
            LogFileError: There is no round in it.
        """
        if not self._rounds:
            raise LogFileError(
                f"{self._file}: no round in it; print them with xl -v migrate (better -vT)"
            )
        if self._legacy:
            return self._finish_legacy()
        return self._finish_frames()

    def _finish_legacy(self) -> Observed:
        last = self._rounds[-1]
        if last.sent is None and self._total_pages is not None:
            others = sum(r.sent or 0 for r in self._rounds[:-1])
            last.sent = max(0, self._total_pages - others)
        if self._total_pages is not None and self._outcome is None:
            last.live = False
        last.dirtied = last.dirtied if last.live else None
        rounds, at_ns = [], 0
        timed = all(r.duration_ns is not None for r in self._rounds[:-1])
        for r in self._rounds:
            rounds.append(_finished(replace(r, start_ns=at_ns if timed else None)))
            at_ns += r.duration_ns or 0
        notes = [
            "The log tells neither the downtime nor when the VM stopped: it stood still in the "
            "last round at the latest."
        ]
        if not timed:
            notes.append(f"A round has no line of figures: {ASSUMED}.")
        sent = self._total_pages or sum(r.pages_sent or 0 for r in rounds)
        return Observed(
            format=Format.XL_LEGACY,
            name=self._file,
            rounds=tuple(rounds),
            statuses=self._statuses(at_ns if timed else None),
            outcome=self._outcome,
            reason=self._reason,
            total_time_ns=at_ns if timed and self._outcome == "completed" else None,
            memory_bytes=(self._rounds[0].total or 0) * PAGE_BYTES or None,
            pages_sent=sent,
            timed=timed,
            vm=self._vm,
            notes=tuple(notes),
        )

    def _finish_frames(self) -> Observed:
        over = self._outcome == "completed" or self._suspended
        for r, following in pairwise(self._rounds):
            r.dirtied, r.sent = following.total, r.total
            if None not in (r.start_ns, following.start_ns):
                r.duration_ns = (following.start_ns or 0) - (r.start_ns or 0)
        last = self._rounds[-1]
        finished = self._outcome == "completed" or (last.live and over)
        last.sent = last.total if finished else last.done
        if last.start_ns is not None and self._now_ns is not None:
            ended = self._ended_ns if last.live is False and self._ended_ns else self._now_ns
            last.duration_ns = max(0, (ended or 0) - last.start_ns)
        timed = self._now_ns is not None
        notes = []
        if timed:
            notes.append("The times of the log are whole seconds.")
        else:
            notes.append(f"The log has no times (print them with xl -T): {ASSUMED}.")
        return Observed(
            format=Format.XL,
            name=self._file,
            rounds=tuple(_finished(r) for r in self._rounds),
            samples=tuple(self._samples),
            statuses=self._statuses(self._ended_ns),
            outcome=self._outcome,
            reason=self._reason,
            total_time_ns=self._ended_ns,
            suspended_ns=self._suspended_ns,
            memory_bytes=(self._rounds[0].total or 0) * PAGE_BYTES or None,
            pages_sent=sum(r.sent or 0 for r in self._rounds),
            timed=timed,
            vm=self._vm,
            notes=tuple(notes),
            began_clock_ns=self._began_ns,
        )

    def _statuses(self, ended_ns: int | None) -> tuple[StatusChange, ...]:
        found = [StatusChange(self._rounds[0].start_ns, "active")]
        if self._suspended:
            found.append(StatusChange(self._suspended_ns, "suspended"))
        if self._outcome is not None:
            found.append(StatusChange(ended_ns, self._outcome))
        return tuple(found)


def _finished(r: _Round) -> ObservedRound:
    return ObservedRound(
        number=r.number,
        live=r.live,
        start_ns=r.start_ns,
        duration_ns=r.duration_ns,
        pages=r.total,
        pages_sent=r.sent,
        pages_skipped=r.skipped,
        pages_dirtied=r.dirtied,
        rate_bps=r.rate_bps,
    )
