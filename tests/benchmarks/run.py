"""Every figure that the project claims about speed.

`python tests/benchmarks/run.py [--json] [NAME...]`

Each figure is the best of three runs, with a fixed calibration kernel (numpy's scattered write)
timed beside it and the limit it is held against. It asserts nothing: machines are noisy.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from engine.history import History  # noqa: E402
from engine.scenario import load_scenario  # noqa: E402
from engine.simulation import simulate  # noqa: E402
from engine.specs import (  # noqa: E402
    HostSpec,
    MigrationSpec,
    NetworkSpec,
    RunSpec,
    ScenarioSpec,
    StorageSpec,
    VmSpec,
    WriterSpec,
)

GIB = 2**30
RUNS = 3


@dataclass(frozen=True)
class Figure:
    """One measured figure and what it is held against."""

    name: str
    value: float
    unit: str
    limit: str
    calibration_ms: float


def best_of(action: Callable[[], object], runs: int = RUNS) -> float:
    """Return the shortest of several runs, in seconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def scatter_seconds(n_pages: int) -> float:
    """Return numpy's own time for one scattered write of as many pages."""
    rng = np.random.Generator(np.random.Philox(key=1))
    index = rng.integers(0, n_pages, n_pages, dtype=np.int64)
    values = np.arange(n_pages, dtype=np.uint32)
    target = np.zeros(n_pages, np.uint32)

    def write() -> None:
        target[index] = values

    return best_of(write, 5)


def move(memory_bytes: int, *, rate_pps: int, bandwidth_bps: int = 10**10) -> ScenarioSpec:
    """Return a scenario that moves one VM with a hot-cold writer under xen-legacy."""
    return ScenarioSpec(
        format=1,
        run=RunSpec(seed=7, until=(True, 10**9)),
        hosts=tuple(HostSpec(name=n, memory_bytes=2**40) for n in ("a", "b")),
        storage=(StorageSpec(name="s", hosts=("a", "b")),),
        network=NetworkSpec(bandwidth_bps=bandwidth_bps),
        vms=(
            VmSpec(
                name="vm",
                host="a",
                storage="s",
                memory_bytes=memory_bytes,
                writers=(
                    WriterSpec(
                        pattern="hot-cold",
                        rate_pps=rate_pps,
                        hot_share_ppm=20_000,
                        hot_writes_ppm=900_000,
                    ),
                ),
            ),
        ),
        migrations=(MigrationSpec(vm="vm", to="b", at_ns=10**9),),
    )


def engine_speed() -> list[Figure]:
    """4 GiB at 10 Gbit/s with 50,000 writes a second: pages sent per second of computing."""
    spec = move(4 * GIB, rate_pps=50_000)
    sent = simulate(spec).migrations[0].pages_sent
    seconds, scatter = best_of(lambda: simulate(spec)), scatter_seconds(sent)
    return [
        Figure("4gib_pages_per_s", sent / seconds, "pages/s", ">= 13e6", scatter * 1e3),
        Figure("4gib_over_scatter", seconds / scatter, "times", "<= 40", scatter * 1e3),
    ]


def busy_engine() -> list[Figure]:
    """The same at 800,000 writes a second."""
    spec = move(4 * GIB, rate_pps=800_000)
    seconds = best_of(lambda: simulate(spec))
    return [Figure("4gib_800k_writes_s", seconds, "s", "<= 1", scatter_seconds(2**20) * 1e3)]


LARGE = """
import resource, sys, time
sys.path.insert(0, {root!r})
sys.path.insert(0, {here!r})
from run import GIB, move
from engine.simulation import simulate
spec = move(64 * GIB, rate_pps=50_000)
best = 1e9
for _ in range(3):
    start = time.perf_counter()
    history = simulate(spec)
    best = min(best, time.perf_counter() - start)
    del history
print(best, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def large_vm() -> list[Figure]:
    """64 GiB: time, and the peak memory of a process of its own."""
    code = LARGE.format(root=str(ROOT), here=str(Path(__file__).parent))
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    kernel = scatter_seconds(2**20) * 1e3
    return [
        Figure("64gib_s", float(out[0]), "s", "<= 4", kernel),
        Figure("64gib_peak_gib", int(out[1]) / 2**20, "GiB", "<= 1.5", kernel),
    ]


def frame_at() -> list[Figure]:
    """A random `frame_at` in the 4 GiB run."""
    history: History = simulate(move(4 * GIB, rate_pps=50_000))
    rng = np.random.Generator(np.random.Philox(key=2))
    instants = [int(t) for t in rng.integers(0, history.end_ns, 400)]
    vm = history.vms[0].spec.name
    _ = history.frame_at(instants[0]).vms[vm].states  # the keyframes are made with the first
    times = []
    for t_ns in instants:
        start = time.perf_counter()
        _ = history.frame_at(t_ns).vms[vm].states  # they are made when they are asked for
        times.append(time.perf_counter() - start)
    kernel = scatter_seconds(2**20) * 1e3
    return [Figure("frame_at_median_ms", float(np.median(times)) * 1e3, "ms", "<= 1", kernel)]


def postcopy_fault() -> list[Figure]:
    """Time per fault of the bundled post-copy run."""
    spec = load_scenario("postcopy-pull").spec
    faults = simulate(spec).migrations[0].pages_faulted
    seconds = best_of(lambda: simulate(spec))
    kernel = scatter_seconds(2**20) * 1e3
    return [Figure("postcopy_us_per_fault", seconds / faults * 1e6, "us", "none", kernel)]


def over_twin() -> list[Figure]:
    """How much faster per page than the slow twin of the tests, on a scenario both can run."""
    from tests.helpers.twin import Twin

    spec = move(32 * 2**20, rate_pps=5_000, bandwidth_bps=10**9)
    sent = simulate(spec).migrations[0].pages_sent
    large = move(4 * GIB, rate_pps=50_000)
    engine_per_page = best_of(lambda: simulate(large)) / simulate(large).migrations[0].pages_sent
    twin_per_page = best_of(lambda: Twin(spec).simulate(), 1) / sent
    kernel = scatter_seconds(2**20) * 1e3
    return [Figure("faster_than_twin", twin_per_page / engine_per_page, "times", ">= 20", kernel)]


def window() -> list[Figure]:
    """Slider to paint, event loop, and frames of the whole window (needs PySide6)."""
    from tests.benchmarks import gui_benchmarks

    kernel = scatter_seconds(2**20) * 1e3
    return [Figure(n, v, u, limit, kernel) for n, v, u, limit in gui_benchmarks.figures()]


def hall(name: str) -> Callable[[], list[Figure]]:
    """Return a benchmark of `hall_benchmarks` by its name."""

    def measure() -> list[Figure]:
        from tests.benchmarks import hall_benchmarks

        kernel = scatter_seconds(2**20) * 1e3
        rows = getattr(hall_benchmarks, name)()
        return [Figure(n, v, u, limit, kernel) for n, v, u, limit in rows]

    return measure


BENCHMARKS: dict[str, Callable[[], list[Figure]]] = {
    "engine": engine_speed,
    "busy": busy_engine,
    "large": large_vm,
    "frame": frame_at,
    "postcopy": postcopy_fault,
    "twin": over_twin,
    "window": window,
    "pool": hall("pool"),
    "large_window": hall("large"),
    "start": hall("cold_start"),
}


def main() -> int:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    args = parser.parse_args()
    unknown = [n for n in args.names if n not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark named {unknown[0]}; there are: {', '.join(BENCHMARKS)}")
    figures = [f for name in args.names or BENCHMARKS for f in BENCHMARKS[name]()]
    if args.json:
        print(json.dumps([asdict(f) for f in figures], indent=1))
    else:
        for f in figures:
            print(f"{f.name:28} {f.value:14,.4g} {f.unit:8} limit {f.limit:9} "
                  f"(calibration {f.calibration_ms:.2f} ms)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
