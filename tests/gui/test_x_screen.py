"""The stories once more on a virtual X screen, by a hand outside of the program."""

import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QWidget

from gui import startup
from gui.app import Parts
from tests.helpers.x_screen import Screen, is_possible, program_on_screen

pytestmark = pytest.mark.skipif(
    not is_possible() or not all(startup.library_loads(n) for n in startup.XCB_LIBRARIES),
    reason="Xvfb, xdotool or Qt's X libraries are not installed",
)

TITLE = "Recorded demo"


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    """Return the program on the recorded demo, on a screen of 1280x800."""
    with program_on_screen(tmp_path, "recorded-demo") as found:
        found.wait_for(TITLE)
        time.sleep(1.5)  # the run comes after the first paint
        yield found


def spot(parts: Parts, view: QWidget, position: QPoint) -> tuple[int, int]:
    """Return where something of a view is on a screen that the same window fills."""
    found = view.mapTo(parts.window, position)
    return found.x(), found.y()


def saved(screen: Screen, path: Path) -> dict[str, Any]:
    """Save what is on screen by keys, and read it."""
    screen.wait_for(TITLE)
    screen.key("ctrl+s")
    screen.wait_for("Save scenario")
    screen.key("ctrl+a")
    screen.type(str(path))
    screen.key("Return")
    end = time.monotonic() + 20
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.1)
    screen.wait_for("Save scenario", gone=True)
    screen.wait_for(TITLE)
    return tomllib.loads(path.read_text())


def test_drag_confirm_refuse_scrub_change_undo_by_an_outside_hand(
    parts: Parts, screen: Screen, tmp_path: Path
) -> None:
    pool, timeline, row = parts.window.pool, parts.window.timeline, parts.window.controls.bandwidth
    tile = spot(parts, pool, pool.tile_rect("cps").center())
    unmoved = saved(screen, tmp_path / "unmoved.toml")

    # Refused: a notice comes, and nothing is different.
    screen.drag(tile, spot(parts, pool, pool.host_rect("amd-3").center()))
    time.sleep(0.5)
    screen.key("Escape")
    assert saved(screen, tmp_path / "refused.toml") == unmoved

    # Confirmed: the migration begins at the playhead, which stands at the start.
    screen.drag(tile, spot(parts, pool, pool.host_rect("xen-2").center()))
    screen.wait_for("Migrate")
    screen.key("Return")
    screen.wait_for("Migrate", gone=True)
    screen.wait_for(TITLE)
    screen.key("space")
    moved = saved(screen, tmp_path / "moved.toml")
    assert len(moved["migrations"]) == 1 and moved["migrations"][0]["to"] == "xen-2"
    assert moved["migrations"][0]["at"] != unmoved["migrations"][0]["at"]

    # Scrubbed to the middle, a value changed there: a dated change; undone: it is gone.
    middle = QPoint(timeline.width() // 2, timeline.height() // 2)
    screen.click(spot(parts, timeline, middle))
    slider = row.slider
    y = slider.height() // 2
    start = spot(parts, slider, QPoint(round(slider.x_at(slider.value())), y))
    end = spot(parts, slider, QPoint(round(slider.x_at(row.scale.position_of(300_000_000))), y))
    screen.drag(start, end)
    time.sleep(1.0)
    changed = saved(screen, tmp_path / "changed.toml")
    (change,) = changed["changes"]
    assert list(change["set"]) == ["network.bandwidth"]
    screen.key("ctrl+z")
    assert "changes" not in saved(screen, tmp_path / "undone.toml")

    screen.key("ctrl+q")
    out, err = screen.program.communicate(timeout=30)
    assert screen.program.returncode == 0
    assert out == err == ""


def test_the_first_migration_by_keys_alone(screen: Screen, tmp_path: Path) -> None:
    screen.key("m")
    screen.wait_for("Migrate")
    screen.key("Return")
    time.sleep(1.0)
    screen.wait_for("Migrate")
    screen.key("Return")
    screen.wait_for("Migrate", gone=True)
    moved = saved(screen, tmp_path / "moved.toml")

    assert [m["at"] for m in moved["migrations"]] == ["0 s"]
    screen.key("ctrl+q")
    out, err = screen.program.communicate(timeout=30)
    assert (screen.program.returncode, out, err) == (0, "", "")


def test_branch_compare_predict_and_present_by_an_outside_hand(
    parts: Parts, screen: Screen, tmp_path: Path
) -> None:
    timeline, slider = parts.window.timeline, parts.window.controls.bandwidth.slider
    scale = parts.window.controls.bandwidth.scale

    # A change in the middle makes a future; both are kept in the file.
    screen.click(spot(parts, timeline, QPoint(timeline.width() // 2, timeline.height() // 2)))
    y = slider.height() // 2
    start = spot(parts, slider, QPoint(round(slider.x_at(slider.value())), y))
    end = spot(parts, slider, QPoint(round(slider.x_at(scale.position_of(300_000_000))), y))
    screen.drag(start, end)
    time.sleep(1.0)
    kept = saved(screen, tmp_path / "kept.toml")
    assert [b["name"] for b in kept["branches"]] == ["as opened"] and kept["changes"]

    # Compared with another policy: the second of the list is checked with Space.
    screen.key("ctrl+d")
    screen.wait_for("Compare")
    screen.key("space", "Return")
    screen.wait_for("Compare", gone=True)
    screen.wait_for(TITLE)
    time.sleep(1.5)
    screen.key("Escape")

    # Predicted: nothing but a number of seconds; locked in by keys, revealed and closed.
    screen.key("Home", "shift+y")
    screen.wait_for("Predict")
    screen.type("9 s")
    screen.key("Return")
    screen.wait_for("Predict", gone=True)
    screen.wait_for(TITLE)

    # Presented with a clicker, and left.
    screen.key("F11")
    time.sleep(1.0)
    screen.key("Next", "Next", "Prior", "period", "period", "Escape")
    time.sleep(0.5)
    again = saved(screen, tmp_path / "again.toml")
    assert again == kept
    screen.key("ctrl+q")
    out, err = screen.program.communicate(timeout=30)
    assert (screen.program.returncode, out, err) == (0, "", "")
