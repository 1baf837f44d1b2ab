"""Where the pictures of a film go: a video, an animated picture, or a folder of pictures.

A file is whole or not there: it is written under another name beside its place, and moved at the
end. Videos and animations are made by PyAV, the Python binding of FFmpeg's libraries; it is only
asked for when one is wanted.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Protocol

from msgspec import Struct

from engine.errors import MigrascopeError

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

PART: Final = ".part"
THREADS: Final = 2
"""Of the encoders: their result hangs on it, so it is the same everywhere."""
NO_AV: Final = (
    'needs PyAV, which is not installed: pip install "migrascope[film]"; a folder of pictures '
    "needs nothing (-o FOLDER/)"
)


class FilmError(MigrascopeError):
    """The film cannot be made; the text is one sentence for the user."""


class FrameSink(Protocol):
    """Takes the pictures of a film, in order."""

    def add(self, image: QImage) -> None:
        """Take the next picture, in the film's size."""
        ...

    def finish(self, check: Callable[[], None]) -> None:
        """All pictures are there; what takes long calls the check now and then."""
        ...

    def drop(self) -> None:
        """Let go of what is open; what was written is thrown away by whoever asked for it."""
        ...


class Format(Struct, frozen=True):
    """A way to keep a film.

    Attributes:
        ending: Of the file's name; "": a folder.
        title: What people call it.
        codec: The encoder, as FFmpeg calls it. `container`: the same of the file.
        words: The codec for people.
        pixels: How the encoder keeps colours: `yuv420p` has every second pixel's colour.
        options: Of the encoder. `file_options`: of the container.
        even: Whether width and height must be even.
        most_fps: More pictures a second it cannot keep.
    """

    ending: str
    title: str
    codec: str = ""
    container: str = ""
    words: str = ""
    pixels: str = ""
    options: tuple[tuple[str, str], ...] = ()
    file_options: tuple[tuple[str, str], ...] = ()
    even: bool = False
    most_fps: int = 60


FORMATS: Final = (
    Format(
        ".mp4", "MP4 video", "libx264", "mp4", "H.264 (libx264, yuv420p)", "yuv420p",
        (("crf", "14"), ("preset", "medium"), ("tune", "animation")),
        (("movflags", "+faststart"),), even=True,
    ),
    Format(
        ".webm", "WebM video", "libvpx-vp9", "webm", "VP9 (libvpx-vp9, yuv420p)", "yuv420p",
        (("crf", "18"), ("b", "0"), ("deadline", "good"), ("cpu-used", "5"), ("row-mt", "1")),
        even=True,
    ),
    Format(
        ".webp", "Animated WebP", "libwebp_anim", "webp", "WebP (libwebp, without loss)", "bgra",
        (("lossless", "1"), ("compression_level", "2")), (("loop", "0"),),
    ),
    Format(".gif", "Animated GIF", "gif", "gif", "GIF (256 colours)", "pal8",
           file_options=(("loop", "0"),), most_fps=50),
    Format("", "Folder of PNG pictures", words="PNG"),
)  # fmt: skip


def format_of(output: str) -> Format:
    """Return the format that a name asks for; a name that ends in a slash is a folder's.

    Raises:
        FilmError: Its ending is none of a film.
    """
    name = output.lower()
    if output.endswith(("/", os.sep)) or Path(output).is_dir():
        return FORMATS[-1]
    for found in FORMATS[:-1]:
        if name.endswith(found.ending):
            return found
    endings = ", ".join(f.ending for f in FORMATS[:-1])
    raise FilmError(f"-o {output}: use a name that ends in {endings}, or a folder's with /")


def check(kind: Format, output: str, size_px: tuple[int, int], fps: int) -> None:
    """Say beforehand what would stop the film at its end.

    Raises:
        FilmError: The format cannot keep it, or the place cannot be written.
    """
    width, height = size_px
    if kind.even and (width % 2 or height % 2):
        raise FilmError(f"--size {width}x{height}: {kind.title} needs even numbers")
    if fps > kind.most_fps:
        raise FilmError(f"--fps {fps}: {kind.title} keeps {kind.most_fps} at most")
    path = Path(output)
    folder = path.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise FilmError(f"-o {output}: cannot be written; is there such a folder?")
    if kind.ending:
        load_av(kind)
    elif path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise FilmError(f"-o {output}: is there already; name a new or an empty folder")


def load_av(kind: Format) -> ModuleType:
    """Return PyAV.

    Raises:
        FilmError: It is not installed, or has no such encoder.
    """
    try:
        import av
    except ImportError as error:
        raise FilmError(f"{kind.title} {NO_AV}") from error
    if kind.codec not in av.codecs_available:
        raise FilmError(f"{kind.title}: this PyAV was built without {kind.codec}")
    return av


def part_of(output: str) -> Path:
    """Return where a film is written until it is whole: beside its place, hidden."""
    path = Path(output).absolute()
    return path.with_name(f".{path.stem}-{os.getpid()}{PART}{path.suffix}")


def discard(part: Path) -> None:
    """Throw away what was written of a film."""
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)


@contextmanager
def sink(
    kind: Format, output: str, size_px: tuple[int, int], fps: int, *, part: Path,
    check: Callable[[], None],
) -> Iterator[FrameSink]:
    """Give a place for the pictures; the film is there afterwards, or on any error nothing is.

    Args:
        kind: One of `FORMATS`.
        output: The file's name, or the folder's.
        size_px: Width and height of every picture.
        fps: Pictures a second.
        part: Where it is written until then, as `part_of` says.
        check: Is called while it is finished; what it raises ends it.

    Raises:
        FilmError: It cannot be written.
    """
    made: FrameSink | None = None
    try:
        made = _Pictures(part) if not kind.ending else _Video(kind, part, size_px, fps)
        yield made
        made.finish(check)
        if part.is_dir() and Path(output).is_dir():
            Path(output).rmdir()  # it is empty: `check` has looked
        part.replace(Path(output).absolute())
    except OSError as error:
        raise FilmError(f"-o {output}: {error.strerror or error}") from error
    finally:
        if made is not None:
            made.drop()
        discard(part)


class _Pictures:
    """A folder of pictures, numbered from 1 as video programs want them."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder, self._count = folder, 0

    def add(self, image: QImage) -> None:
        self._count += 1
        name = self._folder / f"frame-{self._count:06d}.png"
        if not image.save(str(name)):
            raise FilmError(f"{name.name}: cannot be written; is the disk full?")

    def finish(self, check: Callable[[], None]) -> None:
        pass

    def drop(self) -> None:
        pass


class _Video:
    """A video or an animation, by PyAV."""

    def __init__(self, kind: Format, path: Path, size_px: tuple[int, int], fps: int) -> None:
        from gui.film_palette import FilmPalette

        av = load_av(kind)
        self._av, self._kind, self._fps = av, kind, fps
        options = {"fflags": "+bitexact", **dict(kind.file_options)}
        self._file: Any = av.open(
            str(path), "w", format=kind.container, container_options=options
        )
        stream = self._stream = self._file.add_stream(
            kind.codec, rate=fps, options=dict(kind.options)
        )
        stream.width, stream.height = size_px
        stream.pix_fmt = kind.pixels
        stream.time_base = Fraction(1, fps)
        context = stream.codec_context
        context.thread_count = THREADS
        if kind.pixels == "yuv420p":
            # HD's colours, and said so: else players guess, and blue turns a little green.
            context.colorspace = context.color_primaries = context.color_trc = 1
            context.color_range = 1
        self._palette = FilmPalette(av, size_px, fps) if kind.pixels == "pal8" else None
        self._count = 0

    def add(self, image: QImage) -> None:
        import numpy as np

        height, width = image.height(), image.width()
        pixels = np.frombuffer(image.constBits(), np.uint8)
        rows = pixels.reshape(height, image.bytesPerLine())[:, : 4 * width]
        picture = rows.copy().reshape(height, width, 4)
        if self._palette is not None:
            self._palette.add(picture)
            return
        frame = self._av.VideoFrame.from_ndarray(picture, format="bgra")
        frame.pts, frame.time_base = self._count, Fraction(1, self._fps)
        self._count += 1
        if self._kind.pixels == "yuv420p":
            frame = frame.reformat(
                format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
            )
        self._write(self._stream.encode(frame))

    def _write(self, packets: list[Any]) -> None:
        for packet in packets:
            self._file.mux(packet)

    def finish(self, check: Callable[[], None]) -> None:
        for frame in self._palette.frames() if self._palette is not None else ():
            check()
            self._write(self._stream.encode(frame))
        self._write(self._stream.encode(None))
        self._file.close()
        self._file = None

    def drop(self) -> None:
        if self._palette is not None:
            self._palette.close()
        if self._file is not None:
            self._file.close()
            self._file = None
