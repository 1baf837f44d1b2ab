"""The 256 colours of an animated GIF: chosen once, from all pictures of the film.

A palette for every picture would be a little truer, but then no part of a picture can stand from
the one before: such a film is many times as large. So pictures are kept until all are there, as
what has changed since the one before, in a file without a name that nothing is left of.
"""

import tempfile
import zlib
from collections.abc import Iterator
from fractions import Fraction
from types import ModuleType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

FASTEST: Final = 1
Rows = npt.NDArray[np.uint8]
"""Blue, green, red and a fourth byte; shape (height, width, 4)."""


class FilmPalette:
    """Takes the pictures of a film, then gives them back in its colours."""

    def __init__(self, av: ModuleType, size_px: tuple[int, int], fps: int) -> None:
        """Start without pictures.

        Args:
            av: PyAV.
            size_px: Width and height of every picture.
            fps: Pictures a second.
        """
        self._av, self._size_px, self._beat = av, size_px, Fraction(1, fps)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115, closed by `close`
        self._lengths: list[int] = []
        self._last = np.zeros((size_px[1], size_px[0], 4), np.uint8)
        self._chosen, source, drain = self._begin(size_px)
        choice = self._chosen.add("palettegen", "stats_mode=full")
        source.link_to(choice)
        choice.link_to(drain)
        self._chosen.configure()

    def add(self, rows: Rows) -> None:
        """Take the next picture."""
        packed = zlib.compress((rows ^ self._last).tobytes(), FASTEST)
        self._file.write(packed)
        self._chosen.vpush(self._frame(rows, len(self._lengths)))
        self._lengths.append(len(packed))
        self._last = rows

    def frames(self) -> Iterator[Any]:
        """Yield all pictures, of 256 colours each, the same in all."""
        self._chosen.vpush(None)
        palette = self._chosen.vpull()
        graph, source, drain = self._begin(self._size_px)
        colours = self._source(graph, (palette.width, palette.height))
        use = graph.add("paletteuse", "dither=none")
        source.link_to(use, 0, 0)
        colours.link_to(use, 0, 1)
        use.link_to(drain)
        graph.configure()
        palette.pts, palette.time_base = 0, self._beat
        colours.push(palette)
        colours.push(None)
        for frame in self._kept():
            source.push(frame)
            yield from self._ready(drain)
        source.push(None)
        yield from self._ready(drain)

    def close(self) -> None:
        """Let go of the pictures."""
        self._file.close()

    def _ready(self, drain: Any) -> Iterator[Any]:
        while True:
            try:
                yield drain.pull()
            except (self._av.error.BlockingIOError, self._av.error.EOFError):
                return

    def _kept(self) -> Iterator[Any]:
        self._file.seek(0)
        rows = np.zeros_like(self._last)
        for number, length in enumerate(self._lengths):
            change = np.frombuffer(zlib.decompress(self._file.read(length)), np.uint8)
            rows = rows ^ change.reshape(rows.shape)
            yield self._frame(rows, number)

    def _frame(self, rows: Rows, number: int) -> Any:
        frame = self._av.VideoFrame.from_ndarray(rows, format="bgra")
        frame.pts, frame.time_base = number, self._beat
        return frame

    def _begin(self, size_px: tuple[int, int]) -> tuple[Any, Any, Any]:
        """Return a graph, and where pictures come in and go out."""
        graph = self._av.filter.Graph()
        return graph, self._source(graph, size_px), graph.add("buffersink")

    def _source(self, graph: Any, size_px: tuple[int, int]) -> Any:
        width, height = size_px
        return graph.add_buffer(width=width, height=height, format="bgra", time_base=self._beat)
