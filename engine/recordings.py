"""Recorded live migrations of real QEMU machines: files `NAME.json` and `NAME.json.gz`.

A recording holds its configuration, what the guest counted, `query-migrate` samples and events.
What is wrong with a file is said in one sentence.
"""

import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from msgspec import Struct
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from engine.errors import MigrascopeError

ENDINGS: Final = (".json.gz", ".json")
MOST_BYTES: Final = 128 * 2**20
"""Larger files, unpacked, are no recordings of this form."""
COMPLETED: Final = "completed"
DOES_NOT_CONVERGE: Final = "does-not-converge"

Count = Annotated[int, Field(ge=0, le=10**15)]
Seconds = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]


class RecordingError(MigrascopeError):
    """A file is no recording, or a damaged one: what is wrong, and what was expected."""


def _empty_if_null(value: object) -> object:
    return {} if value is None else value


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class GuestSettings(_Form):
    """The guest that was recorded: what it fills and writes (pages; `rate` a second)."""

    fill: Annotated[int, Field(ge=0, le=2**28)]
    ws: Annotated[int, Field(ge=0, le=2**28)]
    rate: Annotated[int, Field(ge=0, le=10**7)]
    mode: Annotated[int, Field(ge=0, le=3)]
    hot: Annotated[int, Field(ge=1, le=2**28)] = 1
    hotp: Annotated[int, Field(ge=0, le=100)] = 90
    wb: Annotated[int, Field(ge=1, le=4096)] = 4
    pace: Annotated[int, Field(ge=0, le=1)] = 0


class Settings(_Form):
    """What a run was configured with; bytes a second, MiB, milliseconds, seconds."""

    mem_mib: Annotated[int, Field(ge=8, le=65_536)]
    bw: Count
    downtime_ms: Annotated[int, Field(ge=0, le=2_000_000)]
    guest: GuestSettings
    caps: Annotated[dict[str, bool], BeforeValidator(_empty_if_null)] = {}
    params: Annotated[dict[str, Any], BeforeValidator(_empty_if_null)] = {}
    postcopy_at_sync: Annotated[int, Field(ge=1)] | None = None
    link: Annotated[int, Field(ge=1000, le=10**12)] | None = None
    limit_s: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] | None = None


class RamFigures(_Form):
    """Figures of `query-migrate` on memory."""

    transferred: Count
    sync_count: Annotated[Count, Field(alias="dirty-sync-count")]
    remaining: Count = 0


class Sample(_Form):
    """One answer to `query-migrate`, `t` seconds after the request."""

    t: Seconds | None = None
    status: str | None = None
    total_ms: Annotated[Count | None, Field(alias="total-time")] = None
    downtime_ms: Annotated[Count | None, Field(alias="downtime")] = None
    ram: RamFigures | None = None


class Event(_Form):
    """One event of QEMU: when it was read, of which side, and its name."""

    t: Seconds
    side: str = "src"
    event: str
    data: dict[str, Any] = {}


class _Counted(_Form):
    writes: list[tuple[Seconds, Count]] = Field(min_length=1)


class _Sides(_Form):
    src: _Counted


class _Version(_Form):
    major: Annotated[int, Field(ge=0)]


class _Qemu(_Form):
    qemu: _Version


class _Document(_Form):
    config: Settings
    samples: list[Sample]
    events: list[Event] = []
    final: Sample
    guest: _Sides
    parameters: dict[str, Any] = {}
    qemu: _Qemu | None = None
    cancelled_t: Seconds | None = None
    postcopy_started_t: Seconds | None = None


class Recording(Struct, frozen=True):
    """A recorded migration.

    Attributes:
        name: Of its file, without the ending.
        settings: What the run was configured with.
        parameters: QEMU's own parameters then, the run's among them.
        qemu_major: Version of QEMU.
        writes_before: (seconds, page writes so far) that the guest counted up to the request.
        samples: `query-migrate` of the source.
        events: Events of both sides.
        outcome: "completed", "does-not-converge", or another last status of QEMU.
        total_time_s: From the request to the end; of a cancelled run, to its last sample.
        downtime_s: As QEMU reports it; None where there was none, or it is known to be wrong.
        bytes_sent: All that was transferred.
        dirty_syncs: Reads of the dirty bitmap.
    """

    name: str
    settings: Settings
    parameters: Mapping[str, Any]
    qemu_major: int
    writes_before: tuple[tuple[float, int], ...]
    samples: tuple[Sample, ...]
    events: tuple[Event, ...]
    outcome: str
    total_time_s: float
    downtime_s: float | None
    bytes_sent: int
    dirty_syncs: int


def recording_files(folder: Path) -> list[Path]:
    """Return the files of a folder that may be recordings, by name.

    Raises:
        RecordingError: It is no folder, cannot be read, or has no such file.
    """
    try:
        found = sorted(
            path for path in folder.iterdir() if path.name.endswith(ENDINGS) and path.is_file()
        )
    except NotADirectoryError:
        raise RecordingError(f"{folder}: not a folder; name one that holds recordings") from None
    except OSError as error:
        raise RecordingError(f"{folder}: cannot be read ({_reason(error)})") from error
    if not found:
        raise RecordingError(f"{folder}: no recording in this folder (NAME.json or NAME.json.gz)")
    return found


def load_recording(path: Path) -> Recording:
    """Read one recording.

    Raises:
        RecordingError: The file cannot be read, or is damaged.
    """
    raw = _raw_document(path)
    try:
        document = _Document.model_validate(raw)
    except ValidationError as error:
        raise RecordingError(f"{path.name}: {_first_fault(error)}") from error
    before = tuple(entry for entry in document.guest.src.writes if entry[0] <= 0)
    if not before:
        clause = "no count before the request (t <= 0); the write rate is taken from those"
        raise RecordingError(f"{path.name}: guest.src.writes: {clause}")
    return _recording(path, document, before)


def _recording(path: Path, document: _Document, before: tuple[tuple[float, int], ...]) -> Recording:
    outcome, last = _outcome(document), _last_figures(document)
    if last is None or last.ram is None or last.total_ms is None:
        clause = "no figures; expected final with ram and total-time, or an active sample"
        raise RecordingError(f"{path.name}: samples: {clause}")
    known = outcome == COMPLETED and document.postcopy_started_t is None
    downtime_ms = last.downtime_ms if known else None
    return Recording(
        name=_stem(path),
        settings=document.config,
        parameters=document.parameters,
        qemu_major=10 if document.qemu is None else document.qemu.qemu.major,
        writes_before=before,
        samples=tuple(document.samples),
        events=tuple(document.events),
        outcome=outcome,
        total_time_s=last.total_ms / 1000,
        downtime_s=None if downtime_ms is None else downtime_ms / 1000,
        bytes_sent=last.ram.transferred,
        dirty_syncs=last.ram.sync_count,
    )


def _outcome(document: _Document) -> str:
    status = document.final.status or "unknown"
    if status in ("cancelled", "cancelling") or document.cancelled_t is not None:
        return DOES_NOT_CONVERGE
    return status


def _last_figures(document: _Document) -> Sample | None:
    if _outcome(document) == COMPLETED:
        return document.final
    active = [s for s in document.samples if s.status == "active" and s.ram is not None]
    return active[-1] if active else None


def _stem(path: Path) -> str:
    for ending in ENDINGS:
        if path.name.endswith(ending):
            return path.name.removesuffix(ending)
    return path.name


def _raw_document(path: Path) -> dict[str, Any]:
    """Return the JSON object of a file, packed or not."""
    name = path.name
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            source = gzip.GzipFile(fileobj=file) if packed else file
            data = source.read(MOST_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        clause = "cut off or damaged; expected a whole gzip file"
        raise RecordingError(f"{name}: {clause} ({_reason(error)})") from error
    except OSError as error:
        raise RecordingError(f"{name}: cannot be read ({_reason(error)})") from error
    if len(data) > MOST_BYTES:
        limit = f"{MOST_BYTES // 2**20} MiB"
        raise RecordingError(f"{name}: more than {limit}; expected a recording, which is smaller")
    try:
        document = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RecordingError(f"{name}: byte {error.start} is no text; expected JSON") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise RecordingError(f"{name}: {place}: expected JSON ({error.msg})") from error
    except (RecursionError, ValueError) as error:
        raise RecordingError(f"{name}: expected JSON of a recording's form") from error
    if not isinstance(document, dict):
        kind = type(document).__name__
        raise RecordingError(f"{name}: a {kind}; expected one JSON object with config and samples")
    return document


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())


def _first_fault(error: ValidationError) -> str:
    """Return the first of a document's faults: where, what, and what was expected."""
    faults = error.errors(include_url=False)
    fault = faults[0]
    where = _where(fault["loc"])
    if fault["type"] == "missing":
        return f"{where}: missing; expected a recording with config, samples, final and guest"
    given = repr(fault["input"])
    shown = given if len(given) <= 40 else f"{given[:37]}..."
    return f"{where} = {shown}: {fault['msg'][:1].lower()}{fault['msg'][1:]}"


def _where(location: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in location)
