"""From a file to what it knows: which format it is, and the reader of that format.

A file that is cut in its last line gives what stands before, and a note; everything else that a
reader does not understand is an error with the line.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from msgspec.structs import replace

from engine.importing import ping, proxmox, xl
from engine.importing.domjobinfo import JOB, DomjobinfoReader
from engine.importing.hmp import STATUS, HmpReader
from engine.importing.log_file import LARGEST_LINE_CHARS, Line, LogFile
from engine.importing.observed import Format, LogFileError, Observed
from engine.importing.qmp import SAMPLE, QmpReader

_SNIFFED_LINES: Final = 50_000
_LONGEST_CHARS: Final = 1000
"""Longer lines are no log's but QMP's; no pattern has to be tried on them."""
_DOCUMENT: Final = re.compile(r"[\[{][\s\[{]*$|[\[{].*[,{\[]$")
KNOWN: Final = (
    "QMP or HMP of QEMU, xl -v migrate, virsh domjobinfo, a Proxmox task log, or ping"
)


class Reader(Protocol):
    """Reads one kind of recording, line by line."""

    def take(self, line: Line) -> None:
        """Take the next line."""

    def finish(self) -> Observed:
        """Return what all lines together tell."""


_SIGNS: Final[tuple[tuple[Format, tuple[re.Pattern[str], ...]], ...]] = (
    (Format.QMP, (SAMPLE,)),
    (Format.HMP, (STATUS, re.compile(r"\(qemu\) info migrate"))),
    (Format.DOMJOBINFO, (JOB,)),
    (Format.PROXMOX, (proxmox.START, proxmox.ACTIVE)),
    (Format.XL_LEGACY, (xl.ITER_BEGUN, xl.DELTA_BEGUN)),
    (Format.XL, (xl.FRAMES_BEGUN,)),
    (Format.PING_LINUX, (ping.LINUX_HEAD, ping.LINUX_REPLY, ping.LINUX_SILENT)),
    (
        Format.PING_WINDOWS,
        (ping.WINDOWS_HEAD, ping.WINDOWS_REPLY, ping.WINDOWS_LOST, ping.FOREIGN),
    ),
)
_READERS: Final[dict[Format, Callable[[str], Reader]]] = {
    Format.QMP: QmpReader,
    Format.HMP: HmpReader,
    Format.XL: xl.XlReader,
    Format.XL_LEGACY: xl.XlReader,
    Format.DOMJOBINFO: DomjobinfoReader,
    Format.PROXMOX: proxmox.ProxmoxReader,
    Format.PING_LINUX: ping.LinuxPingReader,
    Format.PING_WINDOWS: ping.WindowsPingReader,
}


def sniff(path: Path | str) -> Format | None:
    """Return which kind of recording a file is; None: none, or it cannot be read."""
    try:
        return _sniffed(LogFile(path))[0]
    except LogFileError:
        return None


def _sniffed(log: LogFile) -> tuple[Format | None, bool]:
    """Return the format, and whether the file is JSON over several lines."""
    weak: Format | None = None
    for n, line in enumerate(log.lines()):
        if n == 0 and _DOCUMENT.match(line.text):
            return Format.QMP, True
        if len(line.text) <= _LONGEST_CHARS and xl.TALK.search(line.text):
            weak = Format.XL  # both generations of Xen talk like this
        for form, signs in _SIGNS:
            if len(line.text) > _LONGEST_CHARS and form is not Format.QMP:
                break
            if any(sign.search(line.text) for sign in signs):
                array = n == 0 and form is Format.QMP and line.text.startswith("[")
                return form, array
        if n >= _SNIFFED_LINES:
            break
    return weak, False


def read_recording(path: Path | str) -> Observed:
    """Return what a recording knows.

    Args:
        path: The file; its kind is found out by its contents.

    Raises:
        LogFileError: It is no recording, damaged, or too large: one sentence that says what,
            in which line, and what was expected.
    """
    log = LogFile(path)
    form, document = _sniffed(log)
    if form is None:
        raise LogFileError(f"{log.name}: no known recording; expected {KNOWN}")
    if document:
        reader = QmpReader(log.name)
        reader.take_document(log.text())
        return reader.finish()
    longest = LARGEST_LINE_CHARS if form is Format.QMP else _LONGEST_CHARS
    return _read_lines(log, _READERS[form](log.name), longest)


def _read_lines(log: LogFile, reader: Reader, longest_chars: int) -> Observed:
    cut: LogFileError | None = None
    for line in log.lines():
        if len(line.text) > longest_chars:
            continue
        try:
            reader.take(line)
        except LogFileError as error:
            if line.complete:
                raise
            cut = error
            note = f"The file is cut off in line {line.number}: the recording ends before it."
    try:
        found = reader.finish()
    except LogFileError as error:
        raise cut or error from error
    if found.began_clock_ns is not None and not found.clock:
        found = replace(found, clock=log.clock)
    return replace(found, notes=(*found.notes, note)) if cut else found
