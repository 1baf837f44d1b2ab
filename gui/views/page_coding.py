"""What the colours of a page grid stand for: states, times sent, times written, age.

Every coding has at most `N_CLASSES` classes, so that one grid can show each of them: cells count
pages in classes. A class of states has its pattern; a class of a scale has a bar as high as its
place on the scale, the second sign beside the colour.
"""

import itertools
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from PySide6.QtGui import QColor

from engine.page_counts import AGE_FROM_NS, SENT_FROM, WRITTEN_FROM
from engine.states import N_STATES, STATE_LABELS, PageState
from engine.units import format_duration_ns
from gui.style.palettes import grey
from gui.style.patterns import pattern_color, pattern_mask
from gui.style.theme import Theme

N_CLASSES: Final = N_STATES
ABSENT: Final = N_CLASSES - 1
"""On a scale: the page is not on this side."""
RAMP: Final = (
    "#243F76", "#3C5A87", "#5B7390", "#7D8B8C", "#A09F7E", "#C2B46A", "#E0CA53", "#FDE737",
)  # fmt: skip
"""From little to much on a dark ground, blue to yellow, lightness rising; light: reversed."""
LIGHT_RAMP: Final = (
    "#F3DC50", "#D8C25E", "#B9A96F", "#989180", "#76798A", "#56648A", "#38507F", "#1B2F63",
)  # fmt: skip


class Coding(Struct, frozen=True):
    """A way to colour pages.

    Attributes:
        name: "state", "sent", "written" or "age".
        title: Its name on screen.
        labels: Names of the classes, in the order of their numbers.
        quantity: Since when a class counts, for the legend: "since the start"; "" for states.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    quantity: str = ""

    @property
    def is_state(self) -> bool:
        """Return whether the classes are page states."""
        return not self.quantity


def _counted(bounds: tuple[int, ...]) -> tuple[str, ...]:
    """Return the labels of classes of counts: "0", "1", "2 to 3", "16 or more"."""
    pairs = itertools.pairwise(bounds)
    middle = [f"{a}" if b == a + 1 else f"{a} to {b - 1}" for a, b in pairs]
    return ("0", *middle, f"{bounds[-1]} or more")


def _aged() -> tuple[str, ...]:
    names = [format_duration_ns(age) for age in AGE_FROM_NS]
    pairs = list(itertools.pairwise(names))
    between = [f"{a} to {b}" for a, b in reversed(pairs)]
    return ("never", f"{names[-1]} or more", *between, f"under {names[0]}")


STATE: Final = Coding("state", "State", tuple(STATE_LABELS[s] for s in PageState))
SENT: Final = Coding("sent", "Times sent", _counted(SENT_FROM), "in this migration")
WRITTEN: Final = Coding(
    "written", "Times written", _counted(WRITTEN_FROM), "since the start"
)
AGE: Final = Coding("age", "Age", _aged(), "time ago")
CODINGS: Final = (STATE, SENT, WRITTEN, AGE)


def class_color(coding: Coding, number: int, theme: Theme) -> QColor:
    """Return the fill of a class."""
    if coding.is_state:
        return theme.state_color(PageState(number))
    if number == 0 or number >= len(coding.labels):
        return theme.color("grid")
    ramp = RAMP if theme.color("ground").lightnessF() < 0.5 else LIGHT_RAMP
    steps = max(1, len(coding.labels) - 2)
    color = QColor(ramp[(number - 1) * (len(ramp) - 1) // steps])
    return grey(color) if theme.grey else color


def class_ink(coding: Coding, number: int, theme: Theme) -> QColor:
    """Return the colour of a class's pattern."""
    if coding.is_state:
        return pattern_color(PageState(number), theme)
    fill = class_color(coding, number, theme)
    return QColor("#FFFFFF") if fill.lightnessF() < 0.45 else QColor("#101418")


def class_mask(coding: Coding, number: int, size_px: int) -> npt.NDArray[np.bool_]:
    """Return which pixels of a square carry the pattern of a class."""
    if coding.is_state:
        return pattern_mask(PageState(number), size_px)
    return bar_mask(number, len(coding.labels), size_px)


@lru_cache(maxsize=48)  # of one page that fills the view it is as large as a picture
def bar_mask(number: int, n_labels: int, n: int) -> npt.NDArray[np.bool_]:
    """Return which pixels of a square of `n` carry a bar, higher for a later class."""
    mask = np.zeros((n, n), np.bool_)
    if 0 < number < n_labels and n > 3:
        height = max(1, round((n - 2) * number / (n_labels - 1)))
        mask[n - 1 - height : n - 1, 1 : 1 + max(1, n // 4)] = True
    mask.setflags(write=False)
    return mask
