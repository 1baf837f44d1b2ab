"""`migrascope figures`: all figures of a document from one manifest, and which of them changed."""

import os
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import click
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import MigrascopeError, ScenarioError
from engine.scenario import Scenario, load_scenario
from gui.figure_stage import VIEWS, Picture, ShotError
from gui.interrupts import Check, tell_interrupted, waiting_interrupts
from gui.look_names import DEFAULT_PALETTE, PALETTES, THEME_NAMES
from gui.shot import pin_environment

EXIT_CHANGED: Final = 1
EXIT_INPUT: Final = 2
Side = Annotated[int, Field(ge=1, le=8192)]
Value = str | int | float | bool


class ManifestError(MigrascopeError):
    """A manifest is wrong: one sentence per fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        """Keep the faults, in the order of the file."""
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class Callout(BaseModel):
    """A part and what is said of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    part: str
    text: str


class FigureSpec(BaseModel):
    """A figure of a document.

    Attributes:
        compare: For the view compare: policies, and values as PATH=VALUE.
        file: Name of the file beside the manifest, PNG, SVG or PDF.
        alt: Words for who cannot see it, which the document gives too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    file: str = Field(pattern=r"^[\w.-]+\.(png|svg|pdf)$")
    scenario: str
    at: str
    view: str = "window"
    size: tuple[Side, Side] = (1280, 800)
    theme: str = "dark"
    palette: str = DEFAULT_PALETTE
    compare: tuple[str, ...] = ()
    vm: str = ""
    policy: str | None = None
    set: dict[str, Value] = {}
    caption: str = ""
    captions: bool = False
    callouts: tuple[Callout, ...] = ()
    alt: str = ""

    def picture(self) -> Picture:
        """Return what is to be drawn."""
        return Picture(
            self.at, self.size, self.theme, self.view, self.vm, self.caption, self.captions,
            tuple((c.part, c.text) for c in self.callouts), self.palette, self.compare,
        )

    def loaded(self, folder: Path) -> Scenario:
        """Return the scenario: a bundled one, or a file beside the manifest.

        Raises:
            ScenarioError: There is neither, or it is wrong.
        """
        beside = folder / self.scenario
        found = load_scenario(beside if beside.is_file() else self.scenario)
        if self.policy is not None:
            found = found.with_policy(self.policy)
        return found.with_values(list(self.set.items())) if self.set else found


class Manifest(BaseModel):
    """All figures of a document; `scale` is pixels for each pixel of a size."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Annotated[int, Field(ge=1, le=1)]
    scale: Annotated[float, Field(ge=1, le=4)] = 1
    figures: tuple[FigureSpec, ...] = Field(min_length=1)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("manifest", metavar="MANIFEST")
@click.option("--check", is_flag=True, help="Say which files differ; write nothing over them.")
@click.option("--only", multiple=True, metavar="FILE", help="This figure alone.")
@click.option("-o", "--output", metavar="DIR", help="Write there, not beside the manifest.")
def figures(manifest: str, check: bool, only: Sequence[str], output: str | None) -> int:
    """Make all figures of a MANIFEST, or check them against the files."""
    path = Path(manifest)
    loaded = load_manifest(path)
    names = [figure.file for figure in loaded.figures]
    unknown = [name for name in only if name not in names]
    if unknown:
        raise ManifestError([f"--only {n}: no such figure; there are: {', '.join(names)}"
                             for n in unknown])
    wanted = [f for f in loaded.figures if not only or f.file in only]
    pin_environment(os.environ, loaded.scale)
    target = path.parent if output is None else Path(output)
    if not target.is_dir():
        raise ManifestError([f"-o {target}: no such folder"])
    with waiting_interrupts() as go_on:
        if check:
            return _check(wanted, path.parent, target, go_on)
        for figure in wanted:
            _make(figure, path.parent, target / figure.file, go_on)
            print(figure.file)
    return 0


def load_manifest(path: Path) -> Manifest:
    """Return a manifest.

    Raises:
        ManifestError: It cannot be read, or is wrong: all faults.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ManifestError([f"{path}: cannot be read: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError([f"{path.name}: not valid TOML: {error}"]) from error
    try:
        found = Manifest.model_validate(document)
    except ValidationError as error:
        raise ManifestError(
            [f"{path.name}: {'.'.join(map(str, e['loc']))}: {e['msg'].lower()}"
             for e in error.errors()]
        ) from error
    faults = []
    for i, figure in enumerate(found.figures):
        if figure.view not in VIEWS:
            faults.append(f'figures.{i}.view = "{figure.view}": use one of {", ".join(VIEWS)}')
        if figure.theme not in THEME_NAMES:
            faults.append(f'figures.{i}.theme = "{figure.theme}": use {", ".join(THEME_NAMES)}')
        if figure.palette not in PALETTES:
            faults.append(f'figures.{i}.palette = "{figure.palette}": use {", ".join(PALETTES)}')
        if sum(other.file == figure.file for other in found.figures) > 1:
            faults.append(f'figures.{i}.file = "{figure.file}": given twice')
    if faults:
        raise ManifestError([f"{path.name}: {fault}" for fault in faults])
    return found


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status; faults are sentences on standard error."""
    try:
        status = figures.main(
            args=list(arguments), prog_name="migrascope figures", standalone_mode=False
        )
    except (ScenarioError, ManifestError) as error:
        return _fail(error.faults)
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        return tell_interrupted("figures", "every picture that is there is whole")
    except click.ClickException as error:
        return _fail([error.format_message().rstrip(".") + "; see migrascope figures --help"])
    except MigrascopeError as error:
        return _fail([str(error)])
    return status if isinstance(status, int) else 0


def _make(figure: FigureSpec, folder: Path, path: Path, go_on: Check) -> None:
    from gui.figure_files import make_figure

    try:
        make_figure(
            figure.loaded(folder), figure.picture(), path, alt=figure.alt, check=go_on
        )
    except ShotError as error:
        raise ManifestError([f"{figure.file}: {error}"]) from error


def _check(wanted: Sequence[FigureSpec], folder: Path, target: Path, go_on: Check) -> int:
    """Say which figures differ from their files, with a picture of the difference beside."""
    import tempfile

    changed = 0
    with tempfile.TemporaryDirectory() as made:
        for figure in wanted:
            fresh, kept = Path(made) / figure.file, folder / figure.file
            _make(figure, folder, fresh, go_on)
            sentence = difference(kept, fresh, target)
            if sentence:
                changed += 1
                print(f"{figure.file}: {sentence}")
    print(f"{len(wanted) - changed} of {len(wanted)} figures are as their manifest says")
    return EXIT_CHANGED if changed else 0


def difference(kept: Path, fresh: Path, target: Path) -> str:
    """Return how a kept figure differs from a fresh one, "" if it does not.

    Of PNG a picture of the difference is written to `target`: what is the same pale, what is not
    in full.
    """
    if not kept.is_file():
        return "is missing"
    if kept.read_bytes() == fresh.read_bytes():
        return ""
    if kept.suffix != ".png":
        return "differs"
    import numpy as np
    from PySide6.QtGui import QImage

    pictures = []
    for path in (kept, fresh):
        image = QImage(str(path)).convertToFormat(QImage.Format.Format_RGB32)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
        pictures.append(rows[:, : image.width(), :3].astype(np.int16))
    old, new = pictures
    if old.shape != new.shape:
        return f"is {new.shape[1]}x{new.shape[0]}, not {old.shape[1]}x{old.shape[0]}"
    differs = (old != new).any(axis=2)
    count = int(differs.sum())
    if count == 0:
        return "differs in its text keys alone"
    shown = np.where(differs[:, :, None], new, 235 + new // 13).astype(np.uint8)
    shown[differs] = (shown[differs] // 2) + np.array([0, 0, 127], np.uint8)
    padded = np.full((*shown.shape[:2], 4), 255, np.uint8)
    padded[:, :, :3] = shown
    height, width = shown.shape[:2]
    data = padded.tobytes()
    picture = QImage(data, width, height, width * 4, QImage.Format.Format_RGB32)
    name = f"{kept.stem}.difference.png"
    picture.save(str(target / name))
    return f"{count:,} pixels differ, see {name}"


def _fail(sentences: Sequence[str]) -> int:
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    return EXIT_INPUT
