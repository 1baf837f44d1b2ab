"""Which pages the grids show: zooming and panning over the memory, as plain arithmetic."""

from typing import Final

from msgspec import Struct

LEAST_PAGES: Final = 48
"""A window holds no fewer pages than this (a smaller VM: all of its pages)."""
STEP: Final = 1.6
"""Factor of one step of zooming."""


class Lens(Struct, frozen=True):
    """A window of pages.

    Attributes:
        n_pages: Pages of the VM.
        first: First page shown.
        n_shown: Number of pages shown.
    """

    n_pages: int
    first: int
    n_shown: int

    @classmethod
    def whole(cls, n_pages: int) -> "Lens":
        """Return the window that shows everything."""
        return cls(n_pages, 0, n_pages)

    @property
    def is_whole(self) -> bool:
        """Return whether everything is shown."""
        return self.n_shown >= self.n_pages

    @property
    def last(self) -> int:
        """Return the last page shown."""
        return self.first + self.n_shown - 1

    def size_after(self, steps: float) -> int:
        """Return how many pages are shown after so many steps towards single pages."""
        wanted = round(float(self.n_shown / STEP**steps))
        return max(min(LEAST_PAGES, self.n_pages), min(self.n_pages, wanted))

    def placed(self, first: int, n_shown: int) -> "Lens":
        """Return a window of this memory, moved to lie inside of it."""
        n_shown = max(1, min(n_shown, self.n_pages))
        return Lens(self.n_pages, max(0, min(first, self.n_pages - n_shown)), n_shown)

    def around(self, page: int, n_shown: int) -> "Lens":
        """Return a window with a page in its middle."""
        return self.placed(page - n_shown // 2, n_shown)

    def containing(self, page: int) -> "Lens":
        """Return this window, moved only if a page is not in it."""
        if self.first <= page <= self.last:
            return self
        return self.around(page, self.n_shown)
