"""Saving and loading a History: one zip file that numpy calls npz.

Arrays are members in numpy's own format, everything else is one JSON member; nothing is pickled and
nothing in a file is executed. The same History gives the same bytes. Keyframes are made anew.
"""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import Any, Final

import numpy as np
from msgspec import Struct
from pydantic import BaseModel

from engine import history as records
from engine import page_track, specs
from engine.errors import HistoryFileError, ScenarioError
from engine.events import Event, EventKind
from engine.history import History
from engine.network import PiecewiseSeries, QueueKnot, QueueSeries
from engine.probes import ProbeRecord
from engine.recorded import RecordedHistory
from engine.states import PageState
from engine.workload import GuestClock, Stretch, WriterTimeline

FORMAT: Final = "migrascope history 1"
_MEMBER: Final = "history.json"
_FIXED_DATE: Final = (1980, 1, 1, 0, 0, 0)
_AFTER_ALL_NS: Final = 2**63 - 1
_KIND: Final = "_"  # key that says what a JSON object stands for

_RECORDS: Final[dict[str, type[Any]]] = {
    kind.__name__: kind
    for kind in (
        records.History,
        RecordedHistory,
        page_track.Lane,
        page_track.Section,
        page_track.PageTrack,
        records.RoundRecord,
        records.PhaseRecord,
        records.Refusal,
        records.MigrationRecord,
        records.Placement,
        records.VmRecord,
        Event,
        PiecewiseSeries,
        QueueKnot,
        QueueSeries,
        ProbeRecord,
        Stretch,
    )
}
_ENUMS: Final[dict[str, type[Enum]]] = {"EventKind": EventKind, "PageState": PageState}
_SPECS: Final[dict[str, type[BaseModel]]] = {
    kind.__name__: kind
    for kind in (specs.ScenarioSpec, specs.VmSpec, specs.ProbeSpec, specs.WriterSpec)
}


class _Writer:
    """Turns records into JSON values; arrays are put aside by number."""

    def __init__(self) -> None:
        self.arrays: list[np.ndarray[Any, Any]] = []

    def encode(self, value: Any) -> Any:
        """Return a value as JSON has it, tagged where JSON has no such kind."""
        if isinstance(value, Enum):
            return {_KIND: type(value).__name__, "value": value.value}
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, list):
            return [self.encode(item) for item in value]
        if isinstance(value, tuple):
            return {_KIND: "tuple", "items": [self.encode(item) for item in value]}
        if isinstance(value, dict):
            return {_KIND: "dict", "items": [[k, self.encode(v)] for k, v in value.items()]}
        return self._encode_object(value)

    def _encode_object(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            self.arrays.append(value)
            return {_KIND: "array", "number": len(self.arrays) - 1}
        if isinstance(value, BaseModel):
            return {_KIND: type(value).__name__, "spec": value.model_dump(mode="json")}
        if isinstance(value, GuestClock):
            return {_KIND: "GuestClock", "knots": value.knots_until(_AFTER_ALL_NS)}
        if isinstance(value, WriterTimeline):
            stretches = [self.encode(s) for s in value.stretches]
            return {
                _KIND: "WriterTimeline",
                "spec": self.encode(value.spec),
                "seed": value.seed,
                "vm": value.vm,
                "index": value.index,
                "stretches": stretches,
            }
        assert type(value).__name__ in _RECORDS, type(value)
        held = {name: getattr(value, name) for name in _names(value)}
        return {_KIND: type(value).__name__} | {k: self.encode(v) for k, v in held.items()}


def _names(record: Any) -> list[str]:
    """Return the names of what a record holds, without what was worked out from it."""
    if isinstance(record, Struct):
        return list(record.__struct_fields__)
    return [f.name for f in fields(record) if f.compare]


class _Reader:
    """Turns JSON values back into records."""

    def __init__(self, array: Callable[[int], np.ndarray[Any, Any]]) -> None:
        self._array = array
        self._vms: dict[str, specs.VmSpec] = {}

    def decode(self, value: Any) -> Any:
        """Return what a JSON value stands for."""
        if isinstance(value, list):
            return [self.decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        kind = value[_KIND]
        if kind == "tuple":
            return tuple(self.decode(item) for item in value["items"])
        if kind == "dict":
            return {key: self.decode(item) for key, item in value["items"]}
        if kind == "array":
            return self._array(value["number"])
        return self._decode_object(kind, value)

    def _decode_object(self, kind: str, value: dict[str, Any]) -> Any:
        if kind in _ENUMS:
            return _ENUMS[kind](value["value"])
        if kind in _SPECS:
            spec = _SPECS[kind].model_validate(value["spec"])
            if isinstance(spec, specs.ScenarioSpec):
                self._vms = {vm.name: vm for vm in spec.vms}
            return spec
        if kind == "GuestClock":
            return GuestClock.from_knots(value["knots"])
        if kind == "WriterTimeline":
            return self._writer_from(value)
        held = {k: self.decode(v) for k, v in value.items() if k != _KIND}
        return _RECORDS[kind](**held)

    def _writer_from(self, value: dict[str, Any]) -> WriterTimeline:
        writer = WriterTimeline(value["seed"], self._vms[value["vm"]], value["index"])
        writer.spec = self.decode(value["spec"])
        writer.stretches = self.decode(value["stretches"])
        return writer


def save_history(history: History, path: Path | str) -> None:
    """Write a History into a file.

    Args:
        history: The finished run.
        path: The file; what was there is replaced. The name is taken as it is.

    Raises:
        HistoryFileError: The file cannot be written.
    """
    writer = _Writer()
    whole = {"format": FORMAT, "digest": history.digest(), "history": writer.encode(history)}
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            _add(archive, _MEMBER, text.encode())
            for number, array in enumerate(writer.arrays):
                buffer = io.BytesIO()
                np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
                _add(archive, f"a{number}.npy", buffer.getvalue())
    except OSError as error:
        raise HistoryFileError(f"{path}: cannot be written: {error.strerror}") from error


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _FIXED_DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)


def load_history(path: Path | str) -> History:
    """Read a History from a file that `save_history` wrote.

    Args:
        path: The file.

    Returns:
        A History whose digest is the saved one's.

    Raises:
        HistoryFileError: The file is missing, is no saved run, is damaged, or was written by
            another version.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            whole = json.loads(archive[_MEMBER])
            _check_format(whole, path)
            reader = _Reader(lambda number: _frozen(archive[f"a{number}"]))
            history = reader.decode(whole["history"])
            saved_digest = whole["digest"]
        intact = isinstance(history, History) and history.digest() == saved_digest
    except FileNotFoundError as error:
        raise HistoryFileError(f"{path}: no such file") from error
    except ScenarioError as error:
        raise HistoryFileError(f"{path}: {error.faults[0]}") from error
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise HistoryFileError(f"{path}: not a saved run of Migrascope, or damaged") from error
    except (zipfile.BadZipFile, EOFError, IndexError, NotImplementedError) as error:
        raise HistoryFileError(f"{path}: not a saved run of Migrascope, or damaged") from error
    if not intact:
        raise HistoryFileError(f"{path}: damaged: its contents do not match its digest")
    return history  # type: ignore[no-any-return]


def _frozen(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    array.flags.writeable = False
    return array


def _check_format(whole: Any, path: Path | str) -> None:
    found = whole.get("format") if isinstance(whole, dict) else None
    if found != FORMAT:
        raise HistoryFileError(
            f"{path}: not a saved run that this version reads: {found!r} instead of {FORMAT!r}"
        )
