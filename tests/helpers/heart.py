"""A heart in the event loop, and a watch that looks where the loop is while it does not beat."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from types import FrameType

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer

ROOT = str(Path(__file__).resolve().parents[2])
BEAT_MS = 1
LATE_S = 0.030
"""The watch looks at blocks that are longer than this."""
LOOK_S = 0.004
MOST_MS = 100.0
"""No block may ever be longer."""


class Heart(QObject):
    """Beats once a millisecond while the event loop turns.

    Attributes:
        gaps_ms: Milliseconds between beats: so long an event had to wait.
        work_ms: Milliseconds of processor time of the event loop's own thread in each gap: what
            the window itself asks for, also where other programs take the processor.
        collected_ms: Generation, and processor time of the garbage collector where it is over 5 ms.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        """Make a heart that does not beat yet."""
        super().__init__(parent)
        self.gaps_ms: list[float] = []
        self.collected_ms: list[tuple[int, float]] = []
        self.work_ms: list[float] = []
        self._last_s = self._last_work_s = 0.0
        self._worst: defaultdict[str, list[float]] = defaultdict(list)
        self._seen: Counter[str] = Counter()
        self._timer = QTimer(self, interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._stop = threading.Event()
        self._main = threading.main_thread().ident
        self._collection_s = 0.0
        self._doing = ""

    def start(self) -> None:
        """Begin to beat and to watch."""
        self._last_s, self._last_work_s = time.perf_counter(), time.thread_time()
        self._stop.clear()
        gc.callbacks.append(self._on_collection)
        threading.Thread(target=self._watch, daemon=True).start()
        self._timer.start()

    def stop(self) -> None:
        """Stop both."""
        self._beat()
        self._timer.stop()
        self._stop.set()
        gc.callbacks.remove(self._on_collection)

    def name(self, action: str) -> None:
        """Say what is being done: it stands beside the places of blocks from now on."""
        self._beat()
        self._doing = action

    def told(self) -> str:
        """Return percentiles and maxima of the gaps, and of the loop's own work in them."""
        return "; ".join(
            f"{name} p99 {np.percentile(ms, 99):.1f}, p99.9 {np.percentile(ms, 99.9):.1f}, "
            f"longest {max(ms):.1f} ms, {sum(m > MOST_MS for m in ms)} over {MOST_MS:.0f} ms"
            for name, ms in (("blocked", self.gaps_ms), ("own work", self.work_ms))
        )

    def worst(self, count: int = 12) -> list[str]:
        """Return where the loop was in the longest blocks: a line for each place, worst first."""
        ordered = sorted(self._worst.items(), key=lambda item: -max(item[1]))
        return [
            f"{max(gaps):6.1f} ms of work at most, {len(gaps):3d} times over "
            f"{LATE_S * 1e3:.0f} ms: {place}"
            for place, gaps in ordered[:count]
        ]

    def _beat(self) -> None:
        now, work = time.perf_counter(), time.thread_time()
        gap, spent = now - self._last_s, work - self._last_work_s
        self._last_s, self._last_work_s = now, work
        self.gaps_ms.append(gap * 1e3)
        self.work_ms.append(spent * 1e3)
        if spent > LATE_S and self._seen:
            place = self._seen.most_common(1)[0][0]
            self._worst[f"({self._doing}) {place}" if self._doing else place].append(spent * 1e3)
        if self._seen:
            self._seen = Counter()

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_S):
            if time.perf_counter() - self._last_s > LATE_S / 2 and self._main is not None:
                self._seen[_place(sys._current_frames().get(self._main))] += 1

    def _on_collection(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._collection_s = time.thread_time()
            return
        took_ms = (time.thread_time() - self._collection_s) * 1e3
        if took_ms > 5:
            self.collected_ms.append((info["generation"], took_ms))


def _place(frame: FrameType | None) -> str:
    """Return the innermost places of our own code, the inner first."""
    found: list[str] = []
    while frame is not None and len(found) < 5:
        name = frame.f_code.co_filename
        if name.startswith(ROOT):
            found.append(f"{name[len(ROOT) + 1:]}:{frame.f_lineno} {frame.f_code.co_name}")
        elif not found and "multiprocessing" in name:
            found.append(f"multiprocessing {frame.f_code.co_name}")
        frame = frame.f_back
    return " < ".join(found) or "elsewhere"
