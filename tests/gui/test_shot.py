"""`migrascope shot`: the same bytes each time, and faults in one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from engine.history import History
from gui import shot

ROOT = Path(__file__).resolve().parents[2]


def shoot(out: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Make a picture in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "gui", "shot", *arguments, "-o", str(out)],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120,
        check=False,
    )


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "1.png", tmp_path / "2.png"
    done = [
        shoot(one, "recorded-demo", "--at", "push", PYTHONHASHSEED="1"),
        shoot(
            two, "recorded-demo", "--at", "push", PYTHONHASHSEED="2", QT_SCALE_FACTOR="1.5",
            QT_FONT_DPI="144", TZ="Asia/Tokyo", LC_ALL="C",
        ),
    ]

    assert [d.returncode for d in done] == [0, 0], done[0].stderr + done[1].stderr
    assert done[0].stderr == ""
    assert one.read_bytes() == two.read_bytes()


def test_no_date_stands_in_the_file(tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    shoot(out, "recorded-demo", "--at", "4.2 s", "--view", "timeline", "--size", "800x80")
    kinds, data, at = [], out.read_bytes(), 8
    while at < len(data):
        kinds.append(data[at + 4 : at + 8])
        at += 12 + int.from_bytes(data[at : at + 4], "big")

    assert b"tIME" not in kinds
    assert set(QImage(str(out)).textKeys()) == {
        "Title", "Description", "Software", "Scenario", "At", "Vm"
    }


def test_scale_gives_more_pixels_for_the_same_picture(tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    done = shoot(
        out, "recorded-demo", "--at", "push", "--view", "timeline", "--size", "800x80",
        "--scale", "2",
    )

    assert done.returncode == 0, done.stderr
    assert (QImage(str(out)).width(), QImage(str(out)).height()) == (1600, 160)


@pytest.fixture
def picture(application: QApplication, demo: object):  # type: ignore[no-untyped-def]
    def draw(**what: object) -> QImage:
        return shot.render(demo, shot.Picture(**what))  # type: ignore[arg-type]

    return draw


def test_every_view_can_be_drawn_alone(picture) -> None:  # type: ignore[no-untyped-def]
    nothing = {"web", "stalls", "speed"}  # this run has no such clients, faults or slow guest
    for view in [v for v in shot.VIEWS if v not in nothing]:
        sizes = {"window": (1280, 800), "outcome": (400, 420), "compare": (1280, 720)}
        size = sizes.get(view, (900, 300))
        beside = ("stop-and-copy",) if view == "compare" else ()
        image = picture(at="push", view=view, size_px=size, compared=beside)
        colors = {image.pixel(x, y) for x in range(0, size[0], 5) for y in range(0, size[1], 3)}

        assert (image.width(), image.height()) == size
        assert len(colors) > 4, view


def test_another_instant_and_another_theme_are_other_pictures(picture) -> None:  # type: ignore[no-untyped-def]
    dark, later = picture(at="push"), picture(at="end")
    light = picture(at="push", theme_name="light")

    assert dark != later
    assert QColor(dark.pixel(5, 5)).lightness() < 80 < 180 < QColor(light.pixel(5, 5)).lightness()


def test_named_instants_lie_where_they_should(history: History, pulled: History) -> None:
    record = history.migrations[0]
    assert record.suspended_ns is not None and record.resumed_ns is not None

    assert shot.instant_ns(history, "start") == 0
    assert shot.instant_ns(history, "end") == history.end_ns
    assert shot.instant_ns(history, "suspended") == record.suspended_ns
    assert shot.instant_ns(history, "resumed") == record.resumed_ns
    assert record.suspended_ns < shot.instant_ns(history, "switchover") < record.resumed_ns
    assert record.requested_ns < shot.instant_ns(history, "push") < record.suspended_ns
    assert shot.instant_ns(history, "0.25 s") == 250_000_000
    assert shot.instant_ns(pulled, "pull") > (pulled.migrations[0].resumed_ns or 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such", "--at", "1 s", "-o", "a.png"], "no-such"),
        (["recorded-demo", "--at", "1 s", "-o", "a.jpg"], "ends in .png, .svg, .pdf"),
        (["recorded-demo", "--at", "1 s", "-o", "a.png", "--size", "big"], "width x height"),
        (["recorded-demo", "--at", "1 s", "-o", "a.png", "--size", "9000x20"], "at most"),
        (["recorded-demo", "--at", "1 s", "-o", "a.png", "--scale", "9"], "from 1 to 4"),
        (["recorded-demo", "--at", "1 s", "-o", "a.png", "--set", "nothing"], "PATH=VALUE"),
        (["recorded-demo", "--at", "1 s", "-o", "a.png", "--set", "network.x=1"], "network.x"),
        (["recorded-demo", "--at", "1 s", "-o", "a.png", "--policy", "none"], "policy"),
        (["recorded-demo", "-o", "a.png"], "--at"),
        (["recorded-demo", "--at", "1 s"], "-o"),
    ],
)
def test_bad_usage_is_one_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shot.main(arguments) == 2
    text = capsys.readouterr().err
    assert said in text
    assert text.count("\n") == 1


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"at": "later"}, "switchover"),
        ({"at": "1 s", "size_px": (300, 200)}, "the window needs"),
        ({"at": "99 s"}, "the run goes from"),
        ({"at": "pull"}, "no migration"),
        ({"at": "1 s", "vm": "nobody"}, "there are: cps"),
    ],
)
def test_an_instant_or_a_vm_that_is_not_there(picture, what, said) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(shot.ShotError, match=said):
        picture(**what)
