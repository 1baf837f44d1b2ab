"""What a plot shows of a run, as data: bands, curves, points, values, and a read-out.

`plot_picture` draws it, `plot_panel` shows it; what it means is the business of the modules that
make it (`client_contents`, `rate_contents`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor

from engine.states import PageState
from gui.style.theme import Theme

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Band:
    """A labelled stretch of time behind the curves; labels longest first."""

    kind: str
    start_ns: int
    end_ns: int
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """A line. `role` names its colour, see `role_color`."""

    role: str
    x_s: Floats
    y: Floats
    word: str = ""
    dashed: bool = False
    width_px: int = 1


@dataclass(frozen=True, slots=True)
class Markers:
    """Points of one shape and colour; `symbol` as in pyqtgraph."""

    role: str
    symbol: str
    x_s: Floats
    y: Floats
    word: str = ""


@dataclass(frozen=True, slots=True)
class Tag:
    """A value written beside a point; texts longest first."""

    t_ns: int
    y: float
    texts: tuple[str, ...]
    role: str


@dataclass(frozen=True)
class PlotContent:
    """Everything that one plot shows of a run.

    Attributes:
        title: Above the plot, with the unit. end_ns: Length of the time axis.
        y_max: Top of the value axis. y_step: Distance of its ticks.
        note: Instead of a plot without content, or at its top right.
        open_ns: Instants from which and until which a point is still on its way, shape (2, n).
        open_y: Their values in the end.
    """

    title: str
    end_ns: int
    y_max: float
    y_step: float
    bands: tuple[Band, ...] = ()
    curves: tuple[Curve, ...] = ()
    markers: tuple[Markers, ...] = ()
    tags: tuple[Tag, ...] = ()
    note: str = ""
    open_ns: Times = field(default_factory=lambda: np.empty((2, 0), np.int64))
    open_y: Floats = field(default_factory=lambda: np.empty(0))
    read: Callable[[int, int], str] = lambda t_ns, reach_ns: ""


def role_color(theme: Theme, role: str) -> QColor:
    """Return the colour of a role: sent, dirtied, limit, on-time, late, held, lost, before."""
    tokens = {
        "sent": "link",
        "on-time": "link",
        "limit": "dim",
        "late": "warn",
        "held": "stopped",
        "before": "dim",
        "other": "good",
    }
    if role in tokens:
        return theme.color(tokens[role])
    return theme.state_color(PageState.DIRTY_AGAIN)
