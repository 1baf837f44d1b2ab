"""Names of views, themes and palettes: commands read them before Qt is there, the window after.

What else both need to know of a figure stands here too.
"""

from typing import Final

MAIN_VIEWS: Final = (
    "window", "pool", "pages", "narration", "plots", "console", "timeline", "outcome",
)  # fmt: skip
"""What can be shown by itself, whatever the run."""
PLOTS: Final = ("ping", "web", "rate", "remaining", "rounds", "downtime", "speed", "stalls")
THEME_NAMES: Final = ("dark", "light", "projector")
DEFAULT_PALETTE: Final = "default"
PALETTES: Final = (DEFAULT_PALETTE, "print", "mono")
LARGEST_SCALE: Final = 4.0
"""Pixels of a figure for each of its size, at most."""
