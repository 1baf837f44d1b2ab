"""`migrascope shot`: exact, repeatable pictures of the window or of one view, without a display.

The same scenario, instant and options give the same bytes in every process: the platform is
Qt's offscreen one, the font is bundled, sizes are in pixels, and nothing has focus or a pointer.
"""

import os
import sys
from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from engine import instants
from engine.cli import edited, pairs_of
from engine.errors import ScenarioError
from engine.history import History
from engine.instants import EVENT_WORDS, InstantError
from engine.scenario import Scenario, load_scenario

if TYPE_CHECKING:
    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QWidget

    from gui.main_window import MainWindow
    from gui.session import Session

EXIT_INPUT: Final = 2
VIEWS: Final = ("window", "pool", "pages", "plots", "timeline")
LARGEST_PX: Final = 8192
LARGEST_SCALE: Final = 4.0


@dataclass(frozen=True)
class Picture:
    """What to draw.

    Attributes:
        at: An instant as text, or one of `EVENT_WORDS`.
        size_px: Width and height before scaling.
        theme_name: dark, light or projector.
        view: One of `VIEWS`.
        vm: The VM to select; "" for the first one that migrates.
    """

    at: str
    size_px: tuple[int, int] = (1600, 900)
    theme_name: str = "dark"
    view: str = "window"
    vm: str = ""


class ShotError(Exception):
    """The picture cannot be made; the text is one sentence for the user."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("scenario", metavar="FILE|NAME")
@click.option(
    "--at", metavar="T", required=True,
    help="Instant from the start of the run, as in '4.2 s', or "
    f"{', '.join(EVENT_WORDS)}, round N; or one of them and an offset, as in 'resumed + 20 ms'.",
)
@click.option("-o", "--output", metavar="OUT.png", required=True, help="The picture's file.")
@click.option("--size", default="1600x900", show_default=True, help="Width x height in pixels.")
@click.option("--scale", default="1", show_default=True, help="Pixels for each of these, 1 to 4.")
@click.option(
    "--theme", type=click.Choice(["dark", "light", "projector"]), default="dark", show_default=True
)
@click.option("--view", type=click.Choice(VIEWS), default="window", show_default=True)
@click.option("--vm", default="", help="The VM that is selected.")
@click.option("--policy", metavar="P", help="Move every VM with this policy; drops parameters.")
@click.option("--set", "values", metavar="PATH=VALUE", multiple=True, help="Change a value.")
def shot(
    scenario: str, at: str, output: str, size: str, scale: str, theme: str, view: str, vm: str,
    policy: str | None, values: Sequence[str],
) -> None:
    """Draw a scenario FILE, or a bundled one by its name, at one instant."""
    if not output.lower().endswith(".png"):
        raise ShotError(f'-o {output}: only PNG can be written; use a name that ends in ".png"')
    picture = Picture(at, _size(size), theme, view, vm)
    factor = _scale(scale)
    loaded = edited(load_scenario(scenario), policy=policy, pairs=pairs_of(values))
    pin_environment(os.environ, factor)
    image = render(loaded, picture)
    if not image.save(output):
        raise ShotError(f"-o {output}: cannot be written; is there such a folder?")


def main(arguments: Sequence[str]) -> int:
    """Make a picture and return the exit status; faults are sentences on standard error."""
    try:
        shot.main(args=list(arguments), prog_name="migrascope shot", standalone_mode=False)
    except ScenarioError as error:
        return _fail(error.faults)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        return _fail([error.format_message().rstrip(".") + "; see migrascope shot --help"])
    except ShotError as error:
        return _fail([str(error)])
    return 0


def pin_environment(environment: MutableMapping[str, str], scale: float) -> None:
    """Take away what would make one machine draw otherwise than another."""
    for name in list(environment):
        if name.startswith(("QT_", "QSG_", "FREETYPE_PROPERTIES")):
            del environment[name]
    environment["QT_QPA_PLATFORM"] = "offscreen"
    environment["QT_SCALE_FACTOR"] = f"{scale:g}"
    environment["LC_ALL"] = "C.UTF-8"


def render(scenario: Scenario, picture: Picture) -> "QImage":
    """Return the picture of a scenario.

    Raises:
        ShotError: The instant or the VM does not exist.
        ScenarioError: The scenario cannot be run.
    """
    from PySide6.QtCore import QCoreApplication, QEvent, Qt

    from gui import app
    from gui.style.theme import THEMES

    application = app.create_application()
    parts = app.build(THEMES[picture.theme_name])
    try:
        parts.session.open(scenario)
        history = parts.session.history
        assert history is not None
        if picture.vm:
            _select(parts.session, history, picture.vm)
        t_ns = instant_ns(history, picture.at, picture.vm)
        widget: QWidget = parts.window
        if picture.view != "window":
            widget = _alone(parts.window, picture.view)
        smallest = widget.minimumSizeHint().expandedTo(widget.minimumSize())
        if smallest.width() > picture.size_px[0] or smallest.height() > picture.size_px[1]:
            raise ShotError(
                f"--size {picture.size_px[0]}x{picture.size_px[1]}: the {picture.view} needs "
                f"{smallest.width()}x{smallest.height()} at least"
            )
        # Never on a screen: no focus, no pointer, and a window manager cannot size it.
        widget.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        widget.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        widget.resize(*picture.size_px)
        widget.show()
        parts.player.seek(t_ns)
        for _ in range(3):
            application.processEvents()
        image = widget.grab().toImage()
        widget.close()
        widget.deleteLater()
    finally:
        parts.runs.close()
        parts.window.close()
        parts.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return _plain(image)


def instant_ns(history: History, at: str, vm: str = "") -> int:
    """Return the instant that a text names, as `engine.instants` understands it.

    Raises:
        ShotError: It is no time, or the run has no such instant.
    """
    try:
        return instants.instant_ns(history, at, vm)
    except InstantError as error:
        raise ShotError(f"--at {error}") from error


def _select(session: "Session", history: History, vm: str) -> None:
    names = [record.spec.name for record in history.vms]
    if vm not in names:
        raise ShotError(f'--vm "{vm}": there is no such VM; there are: {", ".join(names)}')
    session.select(vm)


def _alone(window: "MainWindow", view: str) -> "QWidget":
    """Return a widget that holds nothing but one view of the window, on the window's ground."""
    from PySide6.QtWidgets import QFrame, QVBoxLayout

    frame = QFrame()
    frame.setObjectName("left")
    frame.setStyleSheet(window.styleSheet())
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(getattr(window, view))
    return frame


def _plain(image: "QImage") -> "QImage":
    """Return the picture without what a file would say about screens and programs."""
    from PySide6.QtGui import QImage

    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    plain.setDotsPerMeterX(3780)
    plain.setDotsPerMeterY(3780)
    for key in plain.textKeys():
        plain.setText(key, "")
    return plain


def _size(text: str) -> tuple[int, int]:
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
