"""The lines of a log, whatever wrote the file: bounded, decoded, with time stamps taken off.

Understood are UTF-8, UTF-16 (a redirection of PowerShell), gzip, line ends of every system, and
progress lines that a terminal redraws. Nothing here knows a format.
"""

import gzip
import io
import re
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from msgspec import Struct

from engine.importing.observed import LogFileError
from engine.importing.stamps import StampReader
from engine.units import format_size

LARGEST_FILE_BYTES: Final = 64 * 2**20
LARGEST_LINE_CHARS: Final = 2**24
_HEAD_BYTES: Final = 65_536
_SHOWN_CHARS: Final = 80
_GZIP: Final = b"\x1f\x8b"
_BOMS: Final = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
_CONTROLS: Final = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 27})
_ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x07\x08]")
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e\xa0-\ufffc]")


class Line(Struct, frozen=True):
    """A line of a log.

    Attributes:
        file: Name of the file, for messages.
        number: From 1 on.
        text: What stands after time stamp and syslog prefix.
        stamp_ns: The time stamp, on a clock of the log's own.
        complete: Whether a line end follows: if not, the file may be cut here.
    """

    file: str
    number: int
    text: str
    stamp_ns: int | None = None
    complete: bool = True

    def fault(self, expected: str) -> LogFileError:
        """Return the sentence that something else was expected here."""
        shown = _UNPRINTABLE.sub("?", self.text)
        if len(shown) > _SHOWN_CHARS:
            shown = f"{shown[:_SHOWN_CHARS]}..."
        return LogFileError(f'{self.file}: line {self.number}: "{shown}": expected {expected}')


class LogFile:
    """A log on disk; it is opened anew for every reading."""

    def __init__(self, path: Path | str) -> None:
        """Check that the file can be read at all.

        Raises:
            LogFileError: It is missing, empty, too large, binary, or no file.
        """
        self.path = Path(path)
        self.name = self.path.name or str(path)
        try:
            found = self.path.stat()
            if not stat.S_ISREG(found.st_mode):
                raise self._fault("is no file; give the file of a log")
            if found.st_size == 0:
                raise self._fault("is empty; a log of a migration or of ping was expected")
            self._check_size(found.st_size)
            with self.path.open("rb") as file:
                self._zipped = file.read(2) == _GZIP
            with self._bytes() as stream:
                head = stream.read(_HEAD_BYTES)
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from error
        except (EOFError, zlib.error) as error:
            raise self._fault("is a damaged gzip file; pack it again") from error
        self.encoding = self._encoding_of(head)
        self.clock = ""
        """Which clock the stamps read so far are of, see `StampReader.clock`."""

    def lines(self) -> Iterator[Line]:
        """Yield every line that is not blank.

        Raises:
            LogFileError: The file is damaged, or a line is longer than any log's.
        """
        stamps = StampReader()
        for number, raw in enumerate(self._raw_lines(), start=1):
            text = _ESCAPES.sub("", raw).strip()
            if not text:
                continue
            stamp_ns, rest = stamps.split(text)
            self.clock = stamps.clock
            yield Line(self.name, number, rest, stamp_ns, raw.endswith("\n"))

    def text(self) -> str:
        """Return the whole text.

        Raises:
            LogFileError: The file is damaged.
        """
        return "".join(self._raw_lines())

    def _raw_lines(self) -> Iterator[str]:
        try:
            with self._bytes() as stream, io.TextIOWrapper(
                stream, encoding=self.encoding, errors="replace", newline=None
            ) as file:
                taken = number = 0
                while raw := file.readline(LARGEST_LINE_CHARS + 1):
                    number, taken = number + 1, taken + len(raw)
                    self._check_size(taken)
                    if len(raw) > LARGEST_LINE_CHARS:
                        raise self._fault(f"line {number} has over {LARGEST_LINE_CHARS:,} letters")
                    if "\0" in raw:
                        raise self._fault(f"line {number} is binary; a text log was expected")
                    yield raw
        except (EOFError, zlib.error) as error:
            raise self._fault("is a damaged gzip file; pack it again") from error
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from error

    def _bytes(self) -> IO[bytes]:
        if self._zipped:
            return gzip.open(self.path, "rb")  # type: ignore[return-value]
        return self.path.open("rb")

    def _encoding_of(self, head: bytes) -> str:
        for bom, encoding in _BOMS:
            if head.startswith(bom):
                return encoding
        if head and head[1::2].count(0) > 0.8 * len(head[1::2]):
            return "utf-16-le"
        if len(head) - len(head.translate(None, _CONTROLS)) > len(head) // 200:
            raise self._fault("is binary; a text log was expected")
        return "utf-8"

    def _check_size(self, n_bytes: int) -> None:
        if n_bytes > LARGEST_FILE_BYTES:
            most = format_size(LARGEST_FILE_BYTES)
            raise self._fault(f"is larger than {most}; cut out the part with the migration")

    def _fault(self, clause: str) -> LogFileError:
        return LogFileError(f"{self.name}: {clause}")

    def _unreadable(self, error: Exception) -> LogFileError:
        if isinstance(error, FileNotFoundError):
            return self._fault("no such file")
        if isinstance(error, gzip.BadGzipFile):
            return self._fault("is a damaged gzip file; pack it again")
        reason = getattr(error, "strerror", None) or "not a usable file"
        return self._fault(f"cannot be read: {reason}")
