"""`migrascope shot`: exact, repeatable pictures of the window or of one view, without a display.

The same scenario, instant and options give the same bytes in every process: the platform is
Qt's offscreen one, fonts and how they are drawn are bundled, sizes are in pixels, and nothing has
focus or a pointer.
"""

import os
import sys
import time
from collections.abc import Iterable, MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from msgspec.structs import replace

from engine.cli import edited, pairs_of
from engine.errors import MigrascopeError, ScenarioError
from engine.instants import EVENT_WORDS, rounds_ns
from engine.scenario import Scenario, exact_duration, load_scenario
from engine.simulation import simulate
from engine.whole_file import write_whole
from gui.figure_stage import VIEWS, Picture, ShotError, instant_ns, staged
from gui.interrupts import tell_interrupted, waiting_interrupts
from gui.look_names import DEFAULT_PALETTE, LARGEST_SCALE, PALETTES, THEME_NAMES

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

__all__ = [
    "VIEWS", "Picture", "ShotError", "instant_ns", "main", "pin_environment", "render", "shot",
]  # fmt: skip

EXIT_INPUT: Final = 2
LARGEST_PX: Final = 8192
FONT_CONFIG: Final = Path(__file__).resolve().parent.parent / "assets" / "fonts" / "fonts.conf"
ALL_ROUNDS: Final = "rounds"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("scenario", metavar="FILE|NAME")
@click.option(
    "--at", "instants", metavar="T", required=True, multiple=True,
    help="Instant from the start of the run, as in '4.2 s', or "
    f"{', '.join(EVENT_WORDS)}, round N; or one of them and an offset, as in 'resumed + 20 ms'; "
    "or rounds: one picture a round. Several give numbered files.",
)
@click.option("-o", "--output", metavar="OUT.{png,svg,pdf}", required=True, help="The file.")
@click.option("--size", default="1600x900", show_default=True, help="Width x height in pixels.")
@click.option("--scale", default="1", show_default=True, help="Pixels for each of these, 1 to 4.")
@click.option(
    "--theme", type=click.Choice([*THEME_NAMES, "both"]), default="dark", show_default=True,
    help="both: dark and light, as two files.",
)
@click.option(
    "--palette", type=click.Choice(PALETTES), default=DEFAULT_PALETTE, show_default=True,
    help="print: page states apart in a grey copy too; mono: greys alone.",
)
@click.option("--view", type=click.Choice(VIEWS), default="window", show_default=True)
@click.option(
    "--with", "compared", metavar="POLICY|PATH=VALUE", multiple=True,
    help="For --view compare: what the scenario is compared with, up to three.",
)
@click.option("--vm", default="", help="The VM that is selected.")
@click.option("--policy", metavar="P", help="Move every VM with this policy; drops parameters.")
@click.option("--set", "values", metavar="PATH=VALUE", multiple=True, help="Change a value.")
@click.option("--caption", default="", help="Words under the picture.")
@click.option("--captions", "narrated", is_flag=True, help="What happens, in words, under it.")
@click.option(
    "--callout", "callouts", metavar="PART=TEXT", multiple=True,
    help="Frame and number a part, such as link, pages or host:NAME, and explain it beneath.",
)
@click.option("--parts", is_flag=True, help="Print the names of parts that --callout takes.")
@click.option("--alt", default="", help="Words for who cannot see it, in place of ours.")
@click.option("--alt-text", "alt_file", metavar="OUT.txt", help="Write these words there too.")
@click.option("--cite", is_flag=True, help="Print how to cite the figure.")
@click.option(
    "--platform", type=click.Choice(["offscreen", "xcb"]), default="offscreen", hidden=True
)
def shot(
    scenario: str, instants: Sequence[str], output: str, size: str, scale: str, theme: str,
    palette: str, view: str, compared: Sequence[str], vm: str, policy: str | None,
    values: Sequence[str], caption: str, narrated: bool, callouts: Sequence[str], alt: str,
    alt_file: str | None, parts: bool, cite: bool, platform: str,
) -> None:
    """Draw a scenario FILE, or a bundled one by its name, at one instant or at several."""
    from gui.figure_files import ENDINGS, Words, make_figure

    if Path(output).suffix.lower() not in ENDINGS:
        raise ShotError(f"-o {output}: use a name that ends in {', '.join(ENDINGS)}")
    picture = Picture(
        "", size_of(size), theme, view, vm, caption, narrated,
        tuple(callout(text) for text in callouts), palette, tuple(compared),
    )  # fmt: skip
    factor = _scale(scale)
    loaded = edited(load_scenario(scenario), policy=policy, pairs=pairs_of(values))
    pin_environment(os.environ, factor, platform)
    words: Words | None = None
    with waiting_interrupts() as check:
        for path, at, name in _pictures(loaded, instants, Path(output), theme, vm):
            one = replace(picture, at=at, theme_name=name)
            words = make_figure(loaded, one, path, alt=alt, check=check)
    assert words is not None
    _check_platform(platform)
    if alt_file is not None:
        _put(Path(alt_file), words.alt + "\n")
    for part in words.parts if parts else ():
        print(part)
    if cite:
        print(words.cite, end="")


def main(arguments: Sequence[str]) -> int:
    """Make a picture and return the exit status; faults are sentences on standard error."""
    try:
        shot.main(args=list(arguments), prog_name="migrascope shot", standalone_mode=False)
    except ScenarioError as error:
        return _fail(error.faults)
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        return tell_interrupted("shot", "every picture that is there is whole")
    except click.ClickException as error:
        return _fail([error.format_message().rstrip(".") + "; see migrascope shot --help"])
    except MigrascopeError as error:
        return _fail([str(error)])
    return 0


def pin_environment(
    environment: MutableMapping[str, str], scale: float, platform: str = "offscreen"
) -> None:
    """Take away what would make one machine draw otherwise than another."""
    for name in list(environment):
        if name.startswith(("QT_", "QSG_", "FREETYPE_PROPERTIES", "FONTCONFIG_", "FC_")):
            del environment[name]
    environment["QT_QPA_PLATFORM"] = platform
    environment["QT_SCALE_FACTOR"] = f"{scale:g}"
    # A desktop's dots an inch, theme and font settings are not asked.
    environment["QT_FONT_DPI"] = "96"
    environment["QT_QPA_PLATFORMTHEME"] = "none"
    environment["FONTCONFIG_FILE"] = str(FONT_CONFIG)
    environment["LC_ALL"] = "C.UTF-8"
    environment["TZ"] = "UTC"  # a PDF names the zone
    if hasattr(time, "tzset"):
        time.tzset()


def render(scenario: Scenario, picture: Picture) -> "QImage":
    """Return the picture of a scenario, with its callouts and caption.

    Raises:
        ShotError: The instant, the VM or a part does not exist.
        ScenarioError: The scenario cannot be run.
    """
    from gui.figure_files import draw_image, notes_of

    with staged(scenario, picture) as stage:
        return draw_image(stage, notes_of(stage, picture))


def callout(text: str) -> tuple[str, str]:
    """Return part and words of "PART=WORDS".

    Raises:
        ShotError: One of them is missing.
    """
    part, equals, words = text.partition("=")
    if not equals or not part.strip() or not words.strip():
        raise ShotError(f'--callout {text}: use PART=TEXT, as in link="Pages travel here"')
    return part.strip(), words.strip()


def _pictures(
    scenario: Scenario, instants: Sequence[str], path: Path, theme: str, vm: str
) -> list[tuple[Path, str, str]]:
    """Return file, instant and theme of every picture that is asked for."""
    found: list[str] = []
    for at in instants:
        if at.strip() == ALL_ROUNDS:
            rounds = rounds_ns(simulate(scenario.spec), vm)
            if not rounds:
                raise ShotError("--at rounds: no migration in this run has rounds")
            found += [exact_duration(t_ns) for _, t_ns in rounds]
        else:
            found.append(at)
    themes = ("dark", "light") if theme == "both" else (theme,)
    width = len(str(len(found)))
    result = []
    for number, at in enumerate(found, 1):
        for name in themes:
            stem = path.stem + (f"-{number:0{width}}" if len(found) > 1 else "")
            stem += f"-{name}" if len(themes) > 1 else ""
            result.append((path.with_name(stem + path.suffix), at, name))
    return result


def _check_platform(platform: str) -> None:
    from PySide6.QtGui import QGuiApplication

    found = QGuiApplication.platformName()
    if found != platform:
        raise ShotError(f"--platform {platform}: Qt drew on {found}")


def _put(path: Path, text: str) -> None:
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise ShotError(f"--alt-text {path}: cannot be written: {error.strerror}") from error


def size_of(text: str) -> tuple[int, int]:
    """Return width and height of a text such as "1600x900".

    Raises:
        ShotError: It is none.
    """
    width, x, height = text.lower().partition("x")
    if not (x and width.isascii() and height.isascii() and width.isdigit() and height.isdigit()):
        raise ShotError(f"--size {text}: use width x height in pixels, as in 1600x900")
    size = int(width), int(height)
    if min(size) < 1 or max(size) > LARGEST_PX:
        raise ShotError(f"--size {text}: {LARGEST_PX} pixels a side at most")
    return size


def _scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 1.0 <= scale <= LARGEST_SCALE:
        raise ShotError(f"--scale {text}: use a number from 1 to {LARGEST_SCALE:g}")
    return scale


def _fail(sentences: Iterable[str]) -> int:
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    return EXIT_INPUT
