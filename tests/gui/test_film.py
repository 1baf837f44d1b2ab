"""`migrascope film`: the pictures of `shot`, whole files or none, and faults in one sentence."""

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from engine.history import History
from engine.pacing import MOST_FRAMES, PacingError, SlowMotion, film_instants, switchovers
from engine.scenario import Scenario, load_scenario
from engine.simulation import simulate
from gui import film, film_files, shot
from gui.figure_stage import Picture
from gui.player import Player
from tests.gui.conftest import FakeWallClock

ROOT = Path(__file__).resolve().parents[2]
SECOND_NS = 10**9
TOLERANCE = 3.0
"""Mean difference of a picture of a video, of 255: colours are kept for every second pixel."""


@pytest.fixture(scope="module")
def history() -> History:
    return simulate(load_scenario("recorded-demo").spec)


def pixels(image: QImage) -> np.ndarray:
    """Return red, green and blue, shape (height, width, 3)."""
    data = np.frombuffer(image.constBits(), np.uint8)
    return data.reshape(image.height(), image.width(), 4)[..., 2::-1].astype(int)


def make(scenario: Scenario, output: str, **how: object) -> film.Made:
    wanted = film.Film(**{"picture": Picture("", (1280, 720)), **how})  # type: ignore[arg-type]
    part = film_files.part_of(output)
    return film.make_film(scenario, wanted, output, part=part, progress=lambda done, n: None)


# Which instants


def test_a_film_of_whole_seconds_has_as_many_pictures(history: History) -> None:
    found = film_instants(
        history, 0, 2 * SECOND_NS, fps=30, speed=Fraction(1), slow_motion=False
    )

    assert len(found) == 60
    assert found[0] == 0
    assert found[30] == SECOND_NS
    assert set(np.diff(found)) == {33_333_333, 33_333_334}


def test_a_quarter_of_the_speed_gives_four_times_the_pictures(history: History) -> None:
    slow, fast = (
        film_instants(history, 0, SECOND_NS, fps=30, speed=speed, slow_motion=False)
        for speed in (Fraction(1, 4), Fraction(1))
    )

    assert len(slow) == 4 * len(fast)
    assert slow[::4] == fast


def test_slow_motion_is_the_players(application: QApplication, history: History) -> None:
    at = switchovers(history)[0]
    begin, end = at.start_ns - SECOND_NS, at.end_ns + SECOND_NS
    found = film_instants(history, begin, end, fps=50, speed=Fraction(1), slow_motion=True)
    clock, seen = FakeWallClock(), []
    player = Player(clock)
    player.set_history(history)
    player.set_slow_motion(True)
    player.seek(begin)
    player.play()
    for _ in found:
        seen.append(player.t_ns)
        clock.pass_ms(20)
        player.tick()
    player.pause()

    assert found == seen
    assert SlowMotion(history).speed_at(at.start_ns, 1.0) < 0.1
    inside = [t for t in found if at.start_ns <= t <= at.end_ns]
    assert len(inside) >= 4 * 50 * 0.9


def test_a_film_without_end_is_refused(history: History) -> None:
    with pytest.raises(PacingError, match="108,000 pictures"):
        film_instants(
            history, 0, history.end_ns, fps=60, speed=Fraction(1, 1000), slow_motion=False
        )
    assert MOST_FRAMES == 108_000


# The pictures


def test_a_folder_holds_exactly_the_pictures_of_shot(
    application: QApplication, demo: Scenario, history: History, tmp_path: Path
) -> None:
    out = f"{tmp_path}/film/"
    made = make(demo, out, from_at="0 s", to_at="end", fps=1, speed=Fraction(3, 4))
    instants = film_instants(
        history, 0, history.end_ns, fps=1, speed=Fraction(3, 4), slow_motion=False
    )
    files = sorted((tmp_path / "film").iterdir())

    assert made.n_frames == len(files) == len(instants) == 21
    for file, t_ns in list(zip(files, instants, strict=True))[:20]:
        one = shot.render(demo, Picture(f"{t_ns} ns", (1280, 720)))
        assert QImage(str(file)).convertToFormat(one.format()) == one, file.name
    assert list(tmp_path.iterdir()) == [tmp_path / "film"]


@pytest.mark.parametrize(
    ("ending", "codec"), [(".mp4", "h264"), (".webm", "vp9"), (".gif", "gif")]
)
def test_a_video_shows_the_pictures_of_shot(
    application: QApplication, demo: Scenario, tmp_path: Path, ending: str, codec: str
) -> None:
    out = str(tmp_path / f"film{ending}")
    made = make(demo, out, from_at="suspended - 100 ms", to_at="suspended + 300 ms", fps=25)
    with av.open(out) as file:
        stream = file.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in file.decode(stream)]
        found = stream.codec_context.name, stream.width, stream.height
        seconds = (file.duration or 0) / 1e6

    assert found == (codec, 1280, 720)
    assert len(frames) == made.n_frames == 10
    assert seconds == pytest.approx(0.4, abs=0.001)
    one = pixels(shot.render(demo, Picture("suspended - 100 ms", (1280, 720))))
    other = pixels(shot.render(demo, Picture("start", (1280, 720))))
    assert np.abs(frames[0] - one).mean() < TOLERANCE < np.abs(frames[0] - other).mean()


def test_an_animated_webp_is_whole(
    application: QApplication, demo: Scenario, tmp_path: Path
) -> None:
    out = tmp_path / "film.webp"
    make(demo, str(out), from_at="push", to_at="push + 200 ms", fps=25)
    data = out.read_bytes()

    assert data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    assert int.from_bytes(data[4:8], "little") + 8 == len(data)
    assert data.count(b"ANMF") == 5


def test_a_gif_keeps_what_stands_only_once_and_its_colours(
    application: QApplication, demo: Scenario, tmp_path: Path
) -> None:
    look = Picture("", (640, 360), view="remaining")
    for name, fps in (("one.gif", 1), ("many.gif", 20), ("many/", 20)):
        make(demo, f"{tmp_path}/{name}", picture=look, from_at="push", to_at="push + 1 s", fps=fps)
    with av.open(str(tmp_path / "many.gif")) as file:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in file.decode(video=0)]
    pictures = [pixels(QImage(str(path)).convertToFormat(QImage.Format.Format_RGB32))
                for path in sorted((tmp_path / "many").iterdir())]  # fmt: skip

    assert len(frames) == len(pictures) == 20
    # A palette for each picture made it more than 15 times as large.
    assert (tmp_path / "many.gif").stat().st_size < 2 * (tmp_path / "one.gif").stat().st_size
    for frame, picture in zip(frames, pictures, strict=True):
        assert np.abs(frame - picture).max() < 24


@pytest.mark.parametrize("ending", [".mp4", ".gif"])
def test_the_same_film_has_the_same_bytes(
    application: QApplication, demo: Scenario, tmp_path: Path, ending: str
) -> None:
    outs = [tmp_path / f"1{ending}", tmp_path / f"2{ending}"]
    for out in outs:
        make(demo, str(out), from_at="push", to_at="push + 500 ms", fps=20)

    assert outs[0].read_bytes() == outs[1].read_bytes()


# What is left


def test_what_fails_leaves_nothing(
    application: QApplication, demo: Scenario, tmp_path: Path
) -> None:
    wanted = film.Film(Picture("", (1280, 720)), "push", "push + 1 s", 10)

    def give_up(done: int, n_frames: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    for name in ("film.mp4", "film.gif", "film/"):
        out = f"{tmp_path}/{name}"
        part = film_files.part_of(out)
        with pytest.raises(KeyboardInterrupt):
            film.make_film(demo, wanted, out, part=part, progress=give_up)
        assert list(tmp_path.iterdir()) == [], name


def test_a_film_that_is_there_stays_until_the_new_one_is_whole(
    application: QApplication, demo: Scenario, tmp_path: Path
) -> None:
    out = tmp_path / "film.mp4"
    out.write_bytes(b"old")
    seen: list[bytes] = []
    film.make_film(
        demo, film.Film(Picture("", (1280, 720)), "push", "push + 200 ms", 10), str(out),
        part=film_files.part_of(str(out)), progress=lambda done, n: seen.append(out.read_bytes()),
    )

    assert seen == [b"old", b"old"]
    assert out.stat().st_size > 1000


def test_the_command_says_what_it_made_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    done = subprocess.run(
        [sys.executable, "-m", "gui", "film", "recorded-demo", "--from", "suspended - 50 ms",
         "--to", "resumed", "--view", "timeline", "--size", "800x80", "--slow-motion",
         "-o", str(out)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "QT_SCALE_FACTOR": "2"},
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "800x80, H.264 (libx264, yuv420p)" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "x.avi"), "-o x.avi: use a name that ends in .mp4, .webm, .webp, .gif"),
        (("-o", "/nowhere/x.mp4"), "-o /nowhere/x.mp4: cannot be written; is there such a folder?"),
        (("-o", "x.mp4", "--size", "1281x721"), "--size 1281x721: MP4 video needs even numbers"),
        (("-o", "x.gif", "--fps", "60"), "--fps 60: Animated GIF keeps 50 at most"),
        (("-o", "x.mp4", "--speed", "never"), "--speed never: use a number from 1/1000 to 20"),
        (("-o", "x.mp4", "--speed", "1/0"), "--speed 1/0: use a number"),
        (("-o", f"{ROOT}/engine/"), "engine/: is there already; name a new or an empty folder"),
    ],
)
def test_faults_are_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)

    assert film.main(["recorded-demo", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"from_at": "noon"}, '--from "noon":'),
        ({"from_at": "5 s", "to_at": "4 s"}, "the end is not after the begin"),
        ({"picture": Picture("", (800, 400))}, "the window needs"),
        ({"picture": Picture("", (1280, 720), vm="nobody")}, "there is no such VM"),
    ],
)
def test_what_the_run_does_not_have_is_said(
    application: QApplication, demo: Scenario, tmp_path: Path, how: dict[str, object], said: str
) -> None:
    with pytest.raises(film.MigrascopeError, match=said):
        make(demo, str(tmp_path / "x.mp4"), **how)
    assert list(tmp_path.iterdir()) == []


def test_without_the_encoders_a_folder_is_offered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    kind = film_files.FORMATS[0]

    with pytest.raises(film.FilmError, match=r"pip install .migrascope\[film\].* a folder"):
        film_files.check(kind, str(tmp_path / "x.mp4"), (1280, 720), 30)
    film_files.check(film_files.FORMATS[-1], f"{tmp_path}/x/", (1280, 720), 30)
