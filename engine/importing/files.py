"""What a file is that somebody opens, found out by its contents: a scenario or a recording.

The window and the command line ask here, so that both take the same files and refuse the same ones
with the same sentence.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from engine.figure_text import is_picture
from engine.importing.observed import LogFileError
from engine.importing.playable import history_of
from engine.importing.reading import sniff
from engine.importing.several import read_together
from engine.recorded import RecordedHistory
from engine.scenario import BUNDLED, Scenario, load_scenario

LARGEST_SCENARIO_BYTES: Final = 16 * 2**20
ENDING: Final = ".toml"


class OpenedRecording(Struct, frozen=True):
    """A recording, ready to be played.

    Attributes:
        history: What it knows.
        title: File and format.
    """

    history: RecordedHistory
    title: str


def open_files(paths: Sequence[Path | str]) -> Scenario | OpenedRecording:
    """Return what one or several files hold.

    Args:
        paths: One scenario, by file or bundled name (a text); or a recording and, if it is there,
            the output of ping of the same migration.

    Raises:
        ScenarioError: It is a scenario with faults, or no file: all sentences.
        LogFileError: It is neither a scenario nor a recording, or a damaged one; or several files
            do not belong together.
    """
    if len(paths) == 1 and (_is_bundled(paths[0]) or not Path(paths[0]).exists()):
        return load_scenario(paths[0])
    scenarios = [p for p in paths if is_picture(Path(p)) or is_scenario(Path(p))]
    if scenarios and len(paths) == 1:
        return load_scenario(Path(paths[0]))
    if scenarios:
        name = Path(scenarios[0]).name
        raise LogFileError(f"{name}: a scenario is opened alone, not together with other files")
    return open_recording(paths)


def open_recording(paths: Sequence[Path | str]) -> OpenedRecording:
    """Return a recording, with the pings of the same migration if they are given.

    Raises:
        LogFileError: A file cannot be read, or they do not belong together.
    """
    seen = read_together(paths)
    label = seen.format.label
    others = [Path(path).name for path in paths if Path(path).name != seen.name]
    beside = f" with {', '.join(others)}" if others else ""
    return OpenedRecording(history_of(seen), f"{seen.name} ({label}){beside}")


def is_scenario(path: Path) -> bool:
    """Return whether a file is a scenario: TOML with a format, or called so and no recording."""
    try:
        if path.is_file() and path.stat().st_size <= LARGEST_SCENARIO_BYTES:
            document = tomllib.loads(path.read_bytes().decode())
            return "format" in document or path.suffix == ENDING
    except (OSError, ValueError, RecursionError):
        pass
    return path.suffix == ENDING and sniff(path) is None


def _is_bundled(name: Path | str) -> bool:
    """Return whether a text names a bundled scenario, which beats a file of that name."""
    return isinstance(name, str) and any(name == known.stem for known in BUNDLED.glob("*.toml"))
