"""Recorded QEMU migrations beside what the model makes of their configuration.

The model is given the configuration, the parameters, and what the guest counted before the
request: nothing that was recorded of the migration itself, and no value of its own per file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict

from engine.qemu_guest import GuestLoad, Pattern
from engine.qemu_model import migrate
from engine.qemu_terms import QemuParameters, QemuRun
from engine.recordings import (
    Recording,
    RecordingError,
    load_recording,
    recording_files,
)

SECOND_NS: Final = 1_000_000_000
MS_NS: Final = 1_000_000
PATTERNS: Final[tuple[Pattern, ...]] = ("idle", "sweep", "uniform", "hot-cold")
FIRST_THAT_COUNTS_FLUSHES: Final = 8
OWN_LIMITER: Final = "own limiter"
LINK: Final = "link"
BANDS: Final = {OWN_LIMITER: (0.01, 0.01), LINK: (0.03, 0.02)}
"""Claimed for plain pre-copy: of the total time, and of the bytes."""
MOST_READS_OFF: Final = 1


class Figures(Struct, frozen=True):
    """What is compared; a time is None where there is none, or none that is right."""

    outcome: str
    total_time_s: float
    downtime_s: float | None
    bytes_sent: int
    dirty_syncs: int


class Compared(Struct, frozen=True):
    """One recording: what was recorded beside what was simulated."""

    name: str
    kind: str
    recorded: Figures
    simulated: Figures

    @property
    def total_deviation(self) -> float | None:
        """Simulated total time against the recorded one."""
        return _deviation(self.simulated.total_time_s, self.recorded.total_time_s)

    @property
    def bytes_deviation(self) -> float | None:
        """Simulated bytes against the recorded ones."""
        return _deviation(self.simulated.bytes_sent, self.recorded.bytes_sent)

    @property
    def in_band(self) -> bool | None:
        """Whether it lies in the bands that the project claims; None: it claims none for it."""
        verdict = self.recorded.outcome == self.simulated.outcome
        if self.kind not in BANDS or None in (self.total_deviation, self.bytes_deviation):
            return None if verdict else False
        time_band, bytes_band = BANDS[self.kind]
        off_reads = abs(self.simulated.dirty_syncs - self.recorded.dirty_syncs)
        near = abs(self.total_deviation or 0) <= time_band
        near = near and abs(self.bytes_deviation or 0) <= bytes_band
        return verdict and near and off_reads <= MOST_READS_OFF


def _deviation(simulated: float, recorded: float) -> float | None:
    return (simulated - recorded) / recorded if recorded else None


def reproduce_folder(folder: Path) -> tuple[list[Compared], list[str]]:
    """Return a row for every recording of a folder, and a sentence for every damaged file.

    Raises:
        RecordingError: The folder cannot be read or holds no recording.
    """
    rows, faults = [], []
    for path in recording_files(folder):
        try:
            rows.append(compare(load_recording(path)))
        except RecordingError as error:
            faults.append(str(error))
    return rows, faults


def compare(recording: Recording) -> Compared:
    """Return a recording beside its simulated twin."""
    recorded = Figures(
        outcome=recording.outcome,
        total_time_s=recording.total_time_s,
        downtime_s=recording.downtime_s,
        bytes_sent=recording.bytes_sent,
        dirty_syncs=recording.dirty_syncs,
    )
    run = migrate(load_of(recording), parameters_of(recording))
    return Compared(recording.name, kind_of(recording), recorded, figures_of(run))


def figures_of(run: QemuRun) -> Figures:
    """Return a run's figures; total time and downtime in whole ms, as QEMU reports them."""
    downtime = run.downtime_ns
    return Figures(
        outcome=run.outcome,
        total_time_s=run.total_ns // MS_NS / 1000,
        downtime_s=None if downtime is None else downtime // MS_NS / 1000,
        bytes_sent=run.bytes_sent,
        dirty_syncs=len(run.reads),
    )


def load_of(recording: Recording) -> GuestLoad:
    """Return the guest of a recording; its rate is what it counted before the request."""
    guest = recording.settings.guest
    rate_pps, writes_before = counted_before(recording)
    return GuestLoad(
        memory_mib=recording.settings.mem_mib,
        fill_pages=guest.fill,
        set_pages=guest.ws,
        pattern=PATTERNS[guest.mode],
        hot_pages=guest.hot,
        hot_percent=guest.hotp,
        write_bytes=guest.wb,
        by_work=bool(guest.pace),
        rate_pps=rate_pps,
        writes_before=writes_before,
    )


def counted_before(recording: Recording) -> tuple[int, int]:
    """Return the guest's write rate before the request, and its writes by then."""
    counted = recording.writes_before
    end_s, end = counted[-1]
    # It begins with the last count before the first write: what came before was not writing.
    begin_s, begin = [entry for entry in counted if entry[1] == counted[0][1]][-1]
    rate = max(0.0, (end - begin) / (end_s - begin_s)) if end_s > begin_s else 0.0
    return round(rate), max(0, round(end - rate * end_s))


def parameters_of(recording: Recording) -> QemuParameters:
    """Return QEMU's parameters of a recording: as reported, with the run's own over them."""
    settings = recording.settings
    given = dict(recording.parameters)
    given |= {key.replace("_", "-"): value for key, value in settings.params.items()}
    limit_s = settings.limit_s
    xbzrle, postcopy = settings.caps.get("xbzrle"), settings.caps.get("postcopy-ram")
    plain = QemuParameters()
    return QemuParameters(
        max_bandwidth=settings.bw,
        downtime_limit_ms=settings.downtime_ms,
        switchover_bandwidth=_whole(given, "avail-switchover-bandwidth", 0),
        link_bytes_per_s=settings.link,
        auto_converge=bool(settings.caps.get("auto-converge")),
        throttle_trigger=_whole(given, "throttle-trigger-threshold", plain.throttle_trigger),
        throttle_initial=_whole(given, "cpu-throttle-initial", plain.throttle_initial),
        throttle_increment=_whole(given, "cpu-throttle-increment", plain.throttle_increment),
        throttle_most=min(99, _whole(given, "max-cpu-throttle", plain.throttle_most)),
        xbzrle_cache_bytes=_whole(given, "xbzrle-cache-size", 64 * 2**20) if xbzrle else None,
        postcopy_at_read=settings.postcopy_at_sync if postcopy else None,
        postcopy_bandwidth=_whole(given, "max-postcopy-bandwidth", 0),
        time_limit_ns=None if limit_s is None else round(limit_s * SECOND_NS),
        counts_flushes=recording.qemu_major >= FIRST_THAT_COUNTS_FLUSHES,
    )


def _whole(given: Mapping[str, Any], key: str, default: int) -> int:
    value = given.get(key, default)
    right = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if right else default


def kind_of(recording: Recording) -> str:
    """Return what kind of migration it was, for a reader."""
    settings = recording.settings
    parts = [
        word
        for key, word in (
            ("auto-converge", "auto-converge"),
            ("xbzrle", "XBZRLE"),
            ("postcopy-ram", "post-copy"),
        )
        if settings.caps.get(key)
    ]
    base = OWN_LIMITER if settings.link is None else LINK
    return ", ".join([base, *parts])


def as_json(rows: list[Compared]) -> list[dict[str, Any]]:
    """Return the rows as `reproduce --recordings --json` prints them."""
    return [
        {"name": row.name, "recorded": asdict(row.recorded), "simulated": asdict(row.simulated)}
        for row in rows
    ]
