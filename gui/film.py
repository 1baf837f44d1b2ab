"""`migrascope film`: a video of a run, from scenario time, never from the wall clock.

Every picture is the one that `migrascope shot` makes at its instant. Which instants those are is
`engine.pacing.film_instants`: with slow motion the very function that the player eases by.
"""

import os
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import click
from msgspec import Struct
from msgspec.structs import replace

from engine import units
from engine.cli import edited, pairs_of
from engine.errors import MigrascopeError, ScenarioError
from engine.history import History
from engine.instants import EVENT_WORDS, InstantError, instant_ns
from engine.pacing import MOST_FRAMES, PacingError, film_instants
from engine.scenario import Scenario, load_scenario
from gui import film_files
from gui.figure_stage import VIEWS, Picture, staged
from gui.film_files import FilmError
from gui.interrupts import tell_interrupted, waiting_interrupts
from gui.look_names import DEFAULT_PALETTE, PALETTES, THEME_NAMES
from gui.shot import EXIT_INPUT, pin_environment, size_of

FPS: Final = 30
Progress = Callable[[int, int], None]
"""Called with how many pictures are done, and how many there are to be."""


class Film(Struct, frozen=True):
    """What to film.

    Attributes:
        picture: How every picture looks; its instant is not looked at.
        from_at: An instant as text. to_at: The same; the film ends right before it.
        fps: Pictures a second.
        speed: Scenario seconds a second of film.
        slow_motion: Whether it eases into switchovers, as the player does.
    """

    picture: Picture
    from_at: str = "start"
    to_at: str = "end"
    fps: int = FPS
    speed: Fraction = Fraction(1)
    slow_motion: bool = False


class Made(Struct, frozen=True):
    """A film that is there."""

    output: str
    n_frames: int
    fps: int
    size_px: tuple[int, int]
    words: str
    n_bytes: int

    @property
    def text(self) -> str:
        """Return what was made, in one line."""
        width, height = self.size_px
        seconds = f"{self.n_frames / self.fps:g} s at {self.fps} a second"
        return (
            f"{self.output}: {units.format_count(self.n_frames)} pictures, {seconds}, "
            f"{width}x{height}, {self.words}, {units.format_size(self.n_bytes)}"
        )


def make_film(
    scenario: Scenario, film: Film, output: str, *, part: Path, progress: Progress
) -> Made:
    """Make a film; on any error nothing of it is left.

    Args:
        scenario: What to run.
        film: What to film of it.
        output: The file's name, or with a slash at its end the folder's.
        part: Where it is written until it is whole.
        progress: Is told after every picture, and while the film is finished.

    Raises:
        FilmError: It cannot be made.
        ShotError: The view or the VM does not exist, or the size is too small.
        ScenarioError: The scenario cannot be run.
    """
    from gui.figure_files import draw_image
    from gui.figure_notes import Notes

    kind = film_files.format_of(output)
    film_files.check(kind, output, film.picture.size_px, film.fps)
    with staged(scenario, replace(film.picture, at="start")) as stage:
        instants, size_px = _instants(stage.history, film), film.picture.size_px
        n_frames = len(instants)
        with film_files.sink(
            kind, output, size_px, film.fps, part=part, check=lambda: progress(n_frames, n_frames)
        ) as sink:
            for done, t_ns in enumerate(instants, start=1):
                sink.add(draw_image(stage.at(t_ns), Notes()))
                progress(done, n_frames)
    n_bytes = _bytes_of(Path(output))
    return Made(output, n_frames, film.fps, size_px, kind.words, n_bytes)


def film_for_window(
    tell: Callable[[str, Any], None], scenario: Scenario, wanted: dict[str, Any], output: str,
    part: Path,
) -> None:
    """Make a film in a process of the window's.

    Args:
        tell: Is told ("progress", (done, all)), then ("made", words) or ("refused", sentence).
        scenario: What to run.
        wanted: Attributes of `Film` and of its `Picture`; the speed is a text.
        output: As for `make_film`.
        part: As for `make_film`.
    """
    pin_environment(os.environ, 1.0)
    look = {name: wanted[name] for name in ("size_px", "theme_name", "vm", "view", "palette")}
    how = {name: wanted[name] for name in ("from_at", "to_at", "fps", "slow_motion")}
    film = Film(Picture("", **look), speed=speed_of(wanted["speed"]), **how)
    try:
        made = make_film(
            scenario, film, output, part=part,
            progress=lambda done, n_frames: tell("progress", (done, n_frames)),
        )
    except MigrascopeError as error:
        tell("refused", str(error))
        return
    tell("made", made.text)


def _instants(history: History, film: Film) -> list[int]:
    stretch = []
    for option, text in (("--from", film.from_at), ("--to", film.to_at)):
        try:
            stretch.append(instant_ns(history, text, film.picture.vm))
        except InstantError as error:
            raise FilmError(f"{option} {error}") from error
    if stretch[0] >= stretch[1]:
        raise FilmError(f"--from {film.from_at} --to {film.to_at}: the end is not after the begin")
    try:
        return film_instants(
            history, *stretch, fps=film.fps, speed=film.speed, slow_motion=film.slow_motion
        )
    except PacingError as error:
        raise FilmError(str(error)) from error


def _bytes_of(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def speed_of(text: str) -> Fraction:
    """Return the speed that a text names: "1", "1/4", "0.25".

    Raises:
        FilmError: It is none between 1/1000 and 20.
    """
    try:
        speed = Fraction(text.strip().removesuffix("×"))
    except (ValueError, ZeroDivisionError):
        speed = Fraction(0)
    if not Fraction(1, 1000) <= speed <= 20:
        raise FilmError(f"--speed {text}: use a number from 1/1000 to 20, as in 1/4")
    return speed


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("scenario", metavar="FILE|NAME")
@click.option(
    "--from", "from_at", metavar="T", default="start", show_default=True,
    help="First instant, as in '4.2 s', or "
    f"{', '.join(EVENT_WORDS)}, round N; or one of them and an offset, as in 'suspended - 1 s'.",
)
@click.option("--to", "to_at", metavar="T", default="end", show_default=True,
              help="The film ends right before this instant.")
@click.option(
    "-o", "--output", metavar="OUT", required=True,
    help="OUT.mp4, .webm, .webp or .gif; OUT/ is a folder of PNG pictures.",
)
@click.option("--fps", type=click.IntRange(1, 60), default=FPS, show_default=True,
              help="Pictures a second.")
@click.option("--size", default="1280x720", show_default=True, help="Width x height in pixels.")
@click.option("--speed", default="1", show_default=True,
              help="Seconds of the run in a second of film, 1/1000 to 20, as in 1/4.")
@click.option("--slow-motion", is_flag=True, help="Ease into switchovers, as the window does.")
@click.option(
    "--theme", type=click.Choice(THEME_NAMES), default="dark", show_default=True
)
@click.option("--palette", type=click.Choice(PALETTES), default=DEFAULT_PALETTE, show_default=True)
@click.option("--view", type=click.Choice(VIEWS), default="window", show_default=True)
@click.option(
    "--with", "compared", metavar="POLICY|PATH=VALUE", multiple=True,
    help="For --view compare: what the scenario is compared with, up to three.",
)
@click.option("--vm", default="", help="The VM that is selected.")
@click.option("--policy", metavar="P", help="Move every VM with this policy; drops parameters.")
@click.option("--set", "values", metavar="PATH=VALUE", multiple=True, help="Change a value.")
def film_command(
    scenario: str, from_at: str, to_at: str, output: str, fps: int, size: str, speed: str,
    slow_motion: bool, theme: str, palette: str, view: str, compared: Sequence[str], vm: str,
    policy: str | None,    values: Sequence[str],
) -> None:
    """Film a scenario FILE, or a bundled one by its name."""
    picture = Picture("", size_of(size), theme, view, vm, palette=palette, compared=tuple(compared))
    film = Film(picture, from_at, to_at, fps, speed_of(speed), slow_motion)
    film_files.check(film_files.format_of(output), output, picture.size_px, fps)
    loaded = edited(load_scenario(scenario), policy=policy, pairs=pairs_of(values))
    pin_environment(os.environ, 1.0)
    tell = _tell if sys.stderr.isatty() else _nothing
    part = film_files.part_of(output)
    try:
        with waiting_interrupts() as check:

            def progress(done: int, n_frames: int) -> None:
                check()
                tell(done, n_frames)

            made = make_film(loaded, film, output, part=part, progress=progress)
    finally:
        if tell is _tell:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
    click.echo(made.text)


def _tell(done: int, n_frames: int) -> None:
    """Say in a terminal how far it has come, in one line that is written over."""
    text = f"\rfilm: {done:,} of {n_frames:,} pictures, {100 * done // n_frames} %"
    print(text, end="", file=sys.stderr, flush=True)


def _nothing(done: int, n_frames: int) -> None:
    """Say nothing."""


def main(arguments: Sequence[str]) -> int:
    """Make a film and return the exit status; faults are sentences on standard error."""
    try:
        film_command.main(args=list(arguments), prog_name="migrascope film", standalone_mode=False)
    except ScenarioError as error:
        return _fail(error.faults)
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        return tell_interrupted("film", "nothing is left of it")
    except click.ClickException as error:
        return _fail([error.format_message().rstrip(".") + "; see migrascope film --help"])
    except MigrascopeError as error:
        return _fail([str(error)])
    return 0


def _fail(sentences: Sequence[str]) -> int:
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    return EXIT_INPUT


__all__ = ["MOST_FRAMES", "Film", "FilmError", "Made", "main", "make_film", "speed_of"]
