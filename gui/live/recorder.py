"""The recording of a live migration: on disk line by line as it comes, and as a History that grows.

The file is what `engine.importing` reads as QMP: one JSON object a line. Every line is handed to
the system before the next look at QEMU, so that a crash of this program loses nothing.
"""

import contextlib
import dataclasses
import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from msgspec.structs import replace

from engine.importing import LogFileError, history_of
from engine.importing.log_file import Line
from engine.importing.qmp import QmpReader
from engine.recorded import RecordedHistory
from gui.live.figures import Machine

SUFFIX: Final = ".jsonl"
UNDER_WAY: Final = "under way"
"""The outcome of a migration that is being watched."""
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME: Final = 60


def file_name(vm: str, when: datetime) -> str:
    """Return the name of a recording: the VM, and when it began."""
    safe = _UNSAFE.sub("-", vm).strip("-.")[:_LONGEST_NAME] or "vm"
    return f"{safe} {when:%Y-%m-%d %H-%M-%S}{SUFFIX}"


def free_path(folder: Path, name: str) -> Path:
    """Return a path in a folder that no file has yet."""
    path, number = folder / name, 2
    while path.exists():
        path = folder / f"{name.removesuffix(SUFFIX)} ({number}){SUFFIX}"
        number += 1
    return path


class Recorder:
    """Records one migration.

    Args:
        folder: Where its file is made; with its parents, if they are not there.
        machine: Whose migration it is.
        clock_s: Monotonic seconds.
    """

    def __init__(
        self, folder: Path, machine: Machine, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self.path: Path | None = None
        self.fault = ""
        """Why nothing can be written; the migration is shown all the same."""
        self._machine, self._clock_s = machine, clock_s
        self._began_s, self._placed = clock_s(), False
        self._values: list[dict[str, Any]] = []
        self._file: IO[str] | None = None
        name = file_name(machine.name, datetime.now())
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = free_path(folder, name)
            self._file = path.open("x", encoding="utf-8")
            self.path = path
        except OSError as error:
            self._give_up(error)
        self._take(
            {"vm": machine.name, "qemu": machine.version, "memory-bytes": machine.memory_bytes}
        )

    @property
    def title(self) -> str:
        """Return what the recording is called."""
        return f"{self._machine.name}, live" if self.path is None else self.path.name

    def add_parameters(self, answer: Mapping[str, Any]) -> None:
        """Add an answer of query-migrate-parameters."""
        self._take({"return": dict(answer)})

    def add_event(self, event: Mapping[str, Any]) -> None:
        """Add an event.

        Raises:
            LogFileError: It holds something else than it should.
        """
        self._check(dict(event))
        self._take(dict(event))

    def add_sample(self, answer: Mapping[str, Any]) -> None:
        """Add an answer of query-migrate.

        Raises:
            LogFileError: It holds something else than it should; then it is not kept.
        """
        total_ms = answer.get("total-time")
        if not self._placed and isinstance(total_ms, int):
            self._placed, self._began_s = True, self._clock_s() - total_ms / 1000
        t_s = round(max(0.0, self._clock_s() - self._began_s), 3)
        value = {"t": t_s, "return": dict(answer)}
        self._check(value)
        self._take(value)

    def history(self, *, going_on: bool) -> RecordedHistory | None:
        """Return the run so far; None while nothing is known of it.

        Args:
            going_on: More may come: a migration without an end is then "under way", and not one
                whose recording ends early.
        """
        reader = QmpReader(self.title)
        line = Line(self.title, 0, "")
        try:
            for value in self._values:
                reader.take_value(value, line)
            seen = reader.finish()
        except LogFileError:
            return None  # every value was checked: only a sample is missing still
        memory = seen.memory_bytes or self._machine.memory_bytes or None
        history = history_of(replace(seen, vm=self._machine.name, memory_bytes=memory))
        if not going_on or seen.outcome is not None:
            return history
        moves = tuple(replace(m, outcome=UNDER_WAY, reason="") for m in history.migrations)
        return dataclasses.replace(history, migrations=moves)

    def close(self) -> None:
        """Close the file; the recording stays."""
        if self._file is not None:
            file, self._file = self._file, None
            try:
                file.close()
            except OSError as error:
                self._give_up(error)

    def _check(self, value: dict[str, Any]) -> None:
        QmpReader(self.title).take_value(value, Line(self.title, 0, json.dumps(value)))

    def _take(self, value: dict[str, Any]) -> None:
        self._values.append(value)
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(value) + "\n")
            self._file.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        reason = (error.strerror or "it cannot be written").lower()
        self.fault = f"The recording cannot be kept on disk: {reason}; save a copy elsewhere."
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()

    def save_copy(self, path: Path) -> None:
        """Write the whole recording to another file.

        Raises:
            OSError: It cannot be written.
        """
        text = "".join(json.dumps(value) + "\n" for value in tuple(self._values))
        path.write_text(text, encoding="utf-8")
