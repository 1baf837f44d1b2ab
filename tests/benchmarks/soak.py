"""Hours of use in minutes: random hands, or playing on and on; memory must stay flat.

`python tests/benchmarks/soak.py monkey [--seconds 300] [--seed 1]`
`python tests/benchmarks/soak.py play [--seconds 1800] [--fast]`

A line a minute: memory of its own, references to True, and what was done. Before every line
everything is reset and the demo opened anew, so that the same is compared with the same: no kept
branches, one scale, one theme; what lies free is given back, as the window itself does a moment
after the last run, answer or dialog. Memory of its own is what Linux calls RssAnon: mapped files,
such as libraries, come and go as the system likes, and are told beside it. `play` takes as long as
it says, thirty frames a second by the clock on the wall; `--fast` plays as many without waiting.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
# A screen of 1920x1080, as in the tests; the platform's own has 800x800, as no hall has.
os.environ["QT_QPA_PLATFORM"] = "offscreen:configfile=" + str(
    Path(__file__).resolve().parents[1] / "data" / "screen.json"
)

from PySide6.QtCore import QEventLoop, QTimer, qInstallMessageHandler
from PySide6.QtWidgets import QComboBox, QDialog, QMenu

from engine.lesson import bundled_lessons, load_lesson
from engine.scenario import bundled_scenarios, load_scenario
from gui import app
from gui.branching import MOST_HISTORIES
from gui.heap import leave_out_of_collections
from gui.layouts import SCALES
from gui.style.theme import DARK, THEME_CHOICES
from tests.helpers.monkey import Monkey

MINUTE_S = 60.0
SETTLE_MS = 2000
MOST_SETTLE_S = 30.0
"""The window tidies a second after the last thing has come, which may be late on a busy machine."""
WARM_MS, WARM_SLIDES, WARM_BRANCHES = 100, 60, 480
FRAMES_PER_MINUTE = 30 * 60


def memory_mib() -> tuple[float, float]:
    """Return the memory of this process in MiB: its own, and that of mapped files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = dict(line.split(":", 1) for line in lines)
    own, files = (int(found[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile"))
    return own, files


def open_demo(parts: app.Parts) -> None:
    """Begin anew, as a viewer does between two demos."""
    window = parts.window
    parts.wiring.comparing.close()
    if parts.wiring.presenting.on:
        parts.wiring.presenting.leave()
    window.showNormal()
    if parts.wiring.teaching.running is not None:
        parts.wiring.teaching.end()
    window.resize(1280, 800)
    parts.session.open(load_scenario("recorded-demo"))
    parts.wiring.layouts.reset_all()
    window.error_notice.dismiss()
    for dialog in window.findChildren(QDialog):
        if dialog.isVisible():
            dialog.close()
    turn(SETTLE_MS)
    settle(parts)


def settle(parts: app.Parts) -> None:
    """Wait until the newest run has come and the window has tidied."""
    end = time.monotonic() + MOST_SETTLE_S
    turn(WARM_MS)
    while time.monotonic() < end and not (parts.session.settled and parts.wiring.tidying.done):
        turn(WARM_MS)


def turn(milliseconds: int) -> None:
    """Let the event loop turn for so long."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def do_everything(parts: app.Parts) -> None:
    """Do everything once: what is imported, or drawn in its size, at its first use is no growth.

    Every action (what it opens is closed), every scale and theme, every scenario, a comparison, a
    lesson, every menu and list (Qt keeps the picture of each that was open once), both sliders many
    times, as many branches as hands make in a minute, and runs as long as a slider alone can make
    them.
    """
    hands, layouts = Monkey(parts, 0), parts.wiring.layouts
    for name in sorted(row.name for row, _ in parts.window.actions_by_name.rows()):
        hands.act(name)
    for scenario in bundled_scenarios():
        parts.session.open(load_scenario(scenario.name))
        parts.player.seek(parts.player.end_ns // 2)
        turn(WARM_MS)
    open_demo(parts)
    open_lists(parts)
    compare_and_learn(parts, hands)
    open_demo(parts)
    for percent in SCALES:
        layouts.set_scale(percent)
        parts.player.seek(parts.player.end_ns // 2)
        turn(WARM_MS)
    for theme in THEME_CHOICES:
        layouts.set_theme(theme)
        turn(WARM_MS)
    for _ in range(WARM_SLIDES):
        hands.slide()
        turn(WARM_MS // 3)
    open_demo(parts)
    branch_often(parts, hands)
    open_demo(parts)
    run_slowly(parts)
    open_demo(parts)


def open_lists(parts: app.Parts) -> None:
    """Open every menu and every list of choices once."""
    for menu in parts.window.findChildren(QMenu):
        menu.popup(parts.window.pos())
        turn(WARM_MS // 3)
        menu.close()
    for box in parts.window.findChildren(QComboBox):
        if box.isVisible():
            box.showPopup()
            turn(WARM_MS // 3)
            box.hidePopup()


def compare_and_learn(parts: app.Parts, hands: Monkey) -> None:
    """Compare two runs, and go through a lesson."""
    comparing, teaching = parts.wiring.comparing, parts.wiring.teaching
    comparing.begin(comparing.candidates()[:2])
    turn(SETTLE_MS)
    comparing.close()
    lesson = load_lesson(bundled_lessons()[0])
    teaching.start(lesson)
    for _ in lesson.steps:
        turn(WARM_MS)
        hands.act("lesson_next")
        hands.act("lesson_back")
        teaching.go_on()
    teaching.end()


def branch_often(parts: app.Parts, hands: Monkey) -> None:
    """Make many branches, and a text of them all.

    Kept branches are counted apart: Python keeps the room of the most that there were, because it
    gives memory back in pieces of 1 MiB in which nothing is left. What is measured begins there.
    """
    for i in range(WARM_BRANCHES):
        parts.player.seek((i * 7919) % WARM_BRANCHES * parts.player.end_ns // WARM_BRANCHES)
        parts.session.edit("network.bandwidth", f"{500 + i} Mbit/s")
        parts.session.end_gesture()
        if i % 2:  # else a future of its own, not one of the newest
            parts.session.undo_stack.undo()
        turn(1)
    hands.act("copy_share_code")


def run_slowly(parts: app.Parts) -> None:
    """Make as many of the longest runs that a slider alone can ask for as the branches keep."""
    for rate in range(MOST_HISTORIES + 1):
        parts.session.edit("network.bandwidth", f"{10 + rate} Mbit/s")
        parts.session.end_gesture()
        settle(parts)


def monkey(parts: app.Parts, seconds: float, seed: int) -> list[str]:
    """Let random hands play; return what failed."""
    do_everything(parts)
    hands = Monkey(parts, seed)
    first = 0.0
    minutes = max(1, round(seconds / MINUTE_S))
    for minute in range(1, minutes + 1):
        hands.play(min(MINUTE_S, seconds))
        open_demo(parts)
        gc.collect()
        parts.wiring.tidying.tidy()
        used, files = memory_mib()
        first = first or used
        print(
            f"minute {minute}: {used:.1f} MiB ({used / first - 1:+.1%} of the first), "
            f"{files:.0f} MiB of files, "
            f"True {sys.getrefcount(True)}, {sum(hands.done.values())} things done, "
            f"{len(hands.failures)} failures",
            flush=True,
        )
    return hands.failures


def play(parts: app.Parts, seconds: float, *, fast: bool) -> None:
    """Play the demo at 30 frames a second, again and again."""

    class Clock:
        t_ns = 0

        def now_ns(self) -> int:
            return self.t_ns

    clock = Clock()
    parts.player._clock = clock
    frames, first, late = 0, 0.0, 0
    for minute in range(1, max(1, round(seconds / MINUTE_S)) + 1):
        due = time.perf_counter()
        for _ in range(FRAMES_PER_MINUTE):
            if not parts.player.playing:
                parts.player.play()
            clock.t_ns += 33_333_333
            parts.player.tick()
            parts.window.grab() if frames % 300 == 0 else None
            application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)
            frames += 1
            due += MINUTE_S / FRAMES_PER_MINUTE
            left = due - time.perf_counter()
            late += left < 0
            if left > 0 and not fast:
                time.sleep(left)
            elif left < 0:
                due = time.perf_counter()
        gc.collect()
        used, files = memory_mib()
        first = first or used
        print(
            f"minute {minute}: {used:.1f} MiB ({used / first - 1:+.1%} of the first), "
            f"{files:.0f} MiB of files, "
            f"True {sys.getrefcount(True)}, {frames} frames, {late} of them late",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("monkey", "play"))
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fast", action="store_true")
    arguments = parser.parse_args()
    warnings: list[str] = []
    qInstallMessageHandler(
        lambda kind, context, text: None
        if text.startswith("This plugin does not support")
        else warnings.append(text)
    )
    application = app.create_application()
    window = app.build(DARK)
    window.window.resize(1280, 800)
    window.window.show()
    open_demo(window)
    leave_out_of_collections()
    begun = time.monotonic()
    if arguments.what == "monkey":
        failed = monkey(window, arguments.seconds or 300.0, arguments.seed)
        print("\n".join(dict.fromkeys(failed)) or "no exception")
    else:
        play(window, arguments.seconds or 1800.0, fast=arguments.fast)
    print(f"{time.monotonic() - begun:.0f} s, Qt warnings: {warnings[:3] or 'none'}")
    window.runs.close()
    os._exit(0)
