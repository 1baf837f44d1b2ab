"""What a full lecture hall asks of the window: large pools, large VMs, jumps, cold starts.

`run.py` calls `pool`, `large` and `cold_start`: the real window, offscreen, at 1920x1080.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PySide6.QtCore import QCoreApplication, Qt, QTimer

from engine.scenario import Scenario
from gui import app
from tests.benchmarks.gui_benchmarks import (
    Row,
    SteppedClock,
    _close,
    _open,
    _process,
)
from tests.helpers.many_vms import large_vm, many_vms

ROOT = Path(__file__).resolve().parents[2]
FRAME_NS = 33_333_333
"""Thirty frames a second."""
FRAMES = 300
SEEKS = 60
STARTS = 9


def pool() -> list[Row]:
    """Frames with 8 hosts, 32 VMs of 1 GiB and four migrations at once, at 1x and 20x."""
    return _frames(many_vms(), "pool")


def large() -> list[Row]:
    """Frames and jumps with one VM of 64 GiB."""
    app.create_application()
    scenario = large_vm()
    return [*_frames(scenario, "64gib"), *_jumps(scenario)]


def _frames(scenario: Scenario, name: str) -> list[Row]:
    app.create_application()
    rows: list[Row] = []
    for speed, limit in ((1.0, 16.7), (20.0, 33.0)):
        runs = [_play(scenario, speed) for _ in range(3)]
        times, distinct, blocked = min(runs, key=lambda run: float(np.percentile(run[0], 99)))
        late = sum(t > FRAME_NS / 1e6 for t in times)
        at = f"{name}_{speed:g}x"
        rows += [
            (f"{at}_frame_median_ms", float(np.median(times)), "ms", "none"),
            (f"{at}_frame_p99_ms", float(np.percentile(times, 99)), "ms", f"<= {limit}"),
            (f"{at}_frames_late", float(late), "frames", "<= 0"),
            (f"{at}_frames_distinct", float(distinct), f"of {len(times)}", "all"),
            (f"{at}_longest_ms", blocked, "ms", "<= 100"),
        ]
    return rows


def _play(scenario: Scenario, speed: float) -> tuple[list[float], int, float]:
    """Return milliseconds of each frame, how many instants were shown, and the longest frame."""
    clock = SteppedClock()
    parts = _open(clock)
    parts.session.open(scenario)
    _process()
    parts.player.set_speed(speed)
    parts.player.seek(1_000_000_000)
    _process()
    times: list[float] = []
    distinct, shown_ns = 0, -1
    parts.player.play()
    while len(times) < FRAMES:
        if not parts.player.playing:
            parts.player.seek(1_000_000_000)
            _process()
            parts.player.play()
        clock.t_ns += FRAME_NS
        begin = time.perf_counter()
        parts.player.tick()
        _process()
        times.append((time.perf_counter() - begin) * 1e3)
        distinct += parts.player.t_ns != shown_ns
        shown_ns = parts.player.t_ns
    _close(parts)
    return times, distinct, max(times)


def _jumps(scenario: Scenario) -> list[Row]:
    """From a jump to the end of the paint, and until the counts are exact."""
    parts = _open(SteppedClock())
    parts.session.open(scenario)
    _process()
    rng = np.random.Generator(np.random.Philox(key=5))
    firsts, exacts = [], []
    beats: list[float] = []
    heart = QTimer(interval=1, timerType=Qt.TimerType.PreciseTimer)
    heart.timeout.connect(lambda: beats.append(time.perf_counter()))
    heart.start()
    for t_ns in rng.integers(0, parts.player.end_ns, SEEKS):
        begin = time.perf_counter()
        parts.player.seek(int(t_ns))
        QCoreApplication.sendPostedEvents()  # paints what the jump has changed at once
        firsts.append((time.perf_counter() - begin) * 1e3)
        end = time.perf_counter() + 10
        while parts.window.pages.counting and time.perf_counter() < end:
            _process()
            time.sleep(0.001)  # else the thread that counts would wait for us
        exacts.append((time.perf_counter() - begin) * 1e3)
    heart.stop()
    _close(parts)
    return [
        ("64gib_seek_first_median_ms", float(np.median(firsts)), "ms", "<= 10"),
        ("64gib_seek_first_max_ms", float(np.max(firsts)), "ms", "<= 100"),
        ("64gib_seek_longest_block_ms", 1e3 * float(np.diff(beats).max()), "ms", "<= 100"),
        ("64gib_seek_exact_median_ms", float(np.median(exacts)), "ms", "none"),
    ]


BARE = """
import time, sys
begin = time.perf_counter()
from PySide6.QtWidgets import QApplication, QMainWindow
import pyqtgraph as pg
application = QApplication([])
window = QMainWindow()
plot = pg.PlotWidget()
plot.plot(list(range(100)))
window.setCentralWidget(plot)
window.resize(1600, 900)
window.show()
application.processEvents()
window.grab()
print(time.perf_counter() - begin, time.process_time())
"""
OURS = """
import time, sys
begin = time.perf_counter()
import os
from gui import startup
startup.skip_plugins()
startup.check_qt_libraries()
startup.check_display(os.environ)
startup.check_reference_counts()
startup.skip_source_reading()
from gui import app
import_module, open_first = app.import_module, app.open_first
times = []
def watched_import(name):
    if not times:
        times.append(time.perf_counter() - begin)  # the shell has been painted
    return import_module(name)
def watched_open(parts, *rest):
    from gui.views.plot_panel import PlotPanel
    open_first(parts, *rest)
    paint, panels, painted = PlotPanel.paintEvent, parts.window.plots.panels, set()
    def watched_paint(panel, event):
        paint(panel, event)
        if panel.content is not None:
            painted.add(panel)
        if painted >= {panel for panel in panels if panel.isVisible()}:
            print(*times, time.perf_counter() - begin, time.process_time(), flush=True)
            os._exit(0)
    PlotPanel.paintEvent = watched_paint
app.import_module, app.open_first = watched_import, watched_open
app.run(None)
"""
"""The program itself, from its checks on, until the shell and until every plot is painted."""


def cold_start() -> list[Row]:
    """Process start to painted window, against a bare window with one plot, alternating.

    Processor time stands beside it: on a busy machine it says more than the clock.
    """
    remembered = tempfile.mkdtemp(prefix="cold-start-")
    screen = ROOT / "tests" / "data" / "screen.json"
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": f"offscreen:configfile={screen}",
        "PYTHONPATH": str(ROOT),
        "XDG_CONFIG_HOME": remembered,
        "XDG_DATA_HOME": remembered,
        # As for everybody who starts it the second time: compiled modules are kept.
        "PYTHONPYCACHEPREFIX": tempfile.mkdtemp(prefix="cold-start-"),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def run(code: str) -> list[float]:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env=environment, cwd=ROOT,
        )
        return [float(word) for word in done.stdout.split()]

    run(BARE)
    run(OURS)
    bare, ours = [], []
    for _ in range(STARTS):
        bare.append(run(BARE))
        ours.append(run(OURS))
    base, base_cpu = np.median(bare, axis=0).tolist()
    shell, plots, cpu = np.median(ours, axis=0).tolist()
    return [
        ("start_bare_s", base, "s", "none"),
        ("start_shell_over_bare", shell / base, "times", "< 1"),
        ("start_demo_over_bare", plots / base, "times", "<= 1.2"),
        ("start_demo_cpu_over_bare", cpu / base_cpu, "times", "none"),
    ]
