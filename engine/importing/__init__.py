"""Recordings of real migrations: from the log of another program to a History that plays.

`sniff` tells which kind of log a file is, `read_recording` what it knows, `history_of` makes of
that a run for the window. Nothing is invented: what a log does not tell stays unknown, and what
has to be assumed (where it has no times, say) is a sentence in `Observed.notes`.
"""

from engine.importing.differences import reasons_for
from engine.importing.files import OpenedRecording, open_files, open_recording
from engine.importing.observed import (
    Format,
    LogFileError,
    Observed,
    ObservedPing,
    ObservedRound,
    ObservedSample,
    StatusChange,
)
from engine.importing.playable import history_of
from engine.importing.reading import read_recording, sniff
from engine.importing.report import as_json, as_text
from engine.importing.several import read_together, with_pings
from engine.importing.twin_scenario import TwinError, twin_of

__all__ = [
    "Format",
    "LogFileError",
    "Observed",
    "ObservedPing",
    "ObservedRound",
    "ObservedSample",
    "OpenedRecording",
    "StatusChange",
    "TwinError",
    "as_json",
    "as_text",
    "history_of",
    "open_files",
    "open_recording",
    "read_recording",
    "read_together",
    "reasons_for",
    "sniff",
    "twin_of",
    "with_pings",
]
