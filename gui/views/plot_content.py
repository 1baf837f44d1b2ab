"""What a plot shows of a run, as data: bands, curves, points, values, and a read-out.

`plot_picture` draws it, `plot_panel` shows it; what it means is the business of the modules that
make it (`client_contents`, `rate_contents`, `move_contents`).
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field
from msgspec.structs import replace
from PySide6.QtGui import QColor

from engine.states import PageState
from gui.models.plot_rows import PlotTable
from gui.style.theme import Theme

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
VCPU_TOKENS: Final = ("link", "warn", "good", "dim")
"""Processors have signs as well as colours: see `plot_marks`."""


class Band(Struct, frozen=True):
    """A labelled stretch of time behind the curves; labels longest first."""

    kind: str
    start_ns: int
    end_ns: int
    labels: tuple[str, ...]


class Curve(Struct, frozen=True):
    """A line. `role` names its colour, see `role_color`."""

    role: str
    x_s: Floats
    y: Floats
    word: str = ""
    dashed: bool = False
    width_px: int = 1


class Markers(Struct, frozen=True):
    """Points of one shape and colour; `symbol` as in `plot_signs`."""

    role: str
    symbol: str
    x_s: Floats
    y: Floats
    word: str = ""


class Tag(Struct, frozen=True):
    """A value written beside a point, or at either end of a stretch; texts longest first."""

    t_ns: int
    y: float
    texts: tuple[str, ...]
    role: str
    from_ns: int | None = None
    """Where the stretch begins; None: it is a point."""


class Bars(Struct, frozen=True):
    """Rectangles of one look over stretches of time.

    Attributes:
        role: Names their colour. fill: solid, outline, hatch, or stem (a line with a dot on top).
        start_ns: From when, shape (n,). end_ns: Until when, shape (n,).
        low: Lower edges, shape (n,). high: Upper edges, shape (n,).
        word: Their entry in the legend.
        known_ns: When each is known, shape (n,); None: as far as it is drawn.
    """

    role: str
    fill: str
    start_ns: Times
    end_ns: Times
    low: Floats
    high: Floats
    word: str = ""
    known_ns: Times | None = None


class Share(Struct, frozen=True):
    """How often values lie in bins of the value axis, drawn beside the plot on that axis.

    Attributes:
        role: Names the colour.
        edges: Of the bins, shape (n + 1,).
        counts: Values in each, shape (n,).
    """

    role: str
    edges: Floats
    counts: Times


class PlotContent(Struct, frozen=True):
    """Everything that one plot shows of a run.

    Attributes:
        title: Above the plot, with the unit. end_ns: Length of the time axis.
        y_max: Top of the value axis. y_step: Distance of its ticks.
        note: Instead of a plot without content, or at its top right.
        open_ns: Instants from which and until which a point is still on its way, shape (2, n).
        open_y: Their values in the end.
        read: Text of an instant (ns), points as near as the second argument (ns) included.
        bars: Under the curves, in their order.
        shares: How often which value occurs, at the right.
        y_min: Bottom of the value axis; above zero if it is logarithmic.
        log: The value axis is logarithmic.
        log_from: Its bottom if it is made so; 0: it cannot be.
        least_top: Top of the value axis while nothing is known yet and the future is hidden; 0: its
            top comes from what is given and tells nothing of the run.
        stats: Lines on a stretch from one instant to another: least, mean, most, lost.
        table: The figures as a table, made when somebody asks for it.
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
    bars: tuple[Bars, ...] = ()
    shares: tuple[Share, ...] = ()
    y_min: float = 0.0
    log: bool = False
    log_from: float = 0.0
    least_top: float = 0.0
    stats: Callable[[int, int], tuple[str, ...]] = lambda start_ns, end_ns: ()
    table: Callable[[], PlotTable] | None = None


def logarithmic(content: PlotContent) -> PlotContent:
    """Return a plot with a logarithmic value axis, if its values allow that; its title says so."""
    if content.log or content.log_from <= 0 or content.log_from >= content.y_max:
        return content
    title, top = f"{content.title}, log scale", 1.6 * content.y_max
    return replace(content, title=title, log=True, y_min=content.log_from, y_max=top)


def role_color(theme: Theme, role: str) -> QColor:
    """Return the colour of a role: sent, dirtied, limit, on-time, late, held, lost, before.

    Also other, stop (a limit that is waited for), left, and vcpu-0, vcpu-1 and so on.
    """
    tokens = {
        "sent": "link",
        "on-time": "link",
        "limit": "dim",
        "late": "warn",
        "held": "stopped",
        "before": "dim",
        "other": "good",
        "stop": "warn",
        "left": "link",
        "part": "ink",
    }
    if role in tokens:
        return theme.color(tokens[role])
    if role.startswith("vcpu-"):
        return theme.color(VCPU_TOKENS[int(role[5:]) % len(VCPU_TOKENS)])
    return theme.state_color(PageState.DIRTY_AGAIN)
