"""Parts of the window by name: what a callout points to and a spotlight lights.

A name is bound to what it means, not to pixels: it holds in every layout, size and scale.
"""

from collections.abc import Iterator
from typing import Final

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QWidget

from gui.main_window import MainWindow

_KNOBS: Final = {
    "network.bandwidth": "bandwidth",
    "network.relearn_delay": "relearn",
    "rate_limit": "rate_limit",
    "policy": "policy",
    "dirty_rate": "dirty_rate",
}


def part_names(window: MainWindow) -> list[str]:
    """Return the names of all parts that are shown now, the large ones first."""
    return [name for name, _ in _parts(window)]


def part_rect(window: MainWindow, name: str) -> QRect | None:
    """Return where a part is.

    Args:
        window: The window.
        name: As `part_names` gives it; `knob:PATH` also takes the paths of a scenario file, such
            as `knob:migrations.cps.rate_limit`.

    Returns:
        Its rectangle in the coordinates of `window.canvas`; None: it is not shown now, or there is
        no such part.
    """
    wanted = _knob_name(name)
    return next((rect for found, rect in _parts(window) if found == wanted), None)


def part_widget(window: MainWindow, name: str) -> QWidget | None:
    """Return the widget of a part, shown or not; None: there is none of that name."""
    wanted = _knob_name(name)
    return next((widget for found, widget in _widgets(window) if found == wanted), None)


def _knob_name(name: str) -> str:
    """Return the short name of a knob's path; other names as they are."""
    kind, _, path = name.partition(":")
    if kind != "knob":
        return name
    for last, short in (
        (".rate_limit", "rate_limit"), (".policy", "policy"), (".rate", "dirty_rate"),
        (".speed", "dirty_rate"),
    ):
        if path.endswith(last):
            return f"knob:{short}"
    return name


def _parts(window: MainWindow) -> Iterator[tuple[str, QRect]]:
    for name, widget in _widgets(window):
        rect = _on_canvas(window, widget)
        if rect is not None:
            yield name, rect
    pool = window.pool
    if pool.isVisible():
        corner = pool.mapTo(window.canvas, QPoint(0, 0))
        for name, rect in pool.part_rects().items():
            if not rect.isEmpty():
                yield name, rect.translated(corner)


def _on_canvas(window: MainWindow, widget: QWidget) -> QRect | None:
    """Return what is seen of a widget on the canvas; None: nothing."""
    if not widget.isVisible() or not window.canvas.isAncestorOf(widget):
        return None
    rect = QRect(widget.mapTo(window.canvas, QPoint(0, 0)), widget.size())
    above = widget.parentWidget()
    while above is not None and above is not window.canvas:
        rect &= QRect(above.mapTo(window.canvas, QPoint(0, 0)), above.size())
        above = above.parentWidget()
    return None if rect.isEmpty() else rect


def _widgets(window: MainWindow) -> Iterator[tuple[str, QWidget]]:
    pages, plots, controls = window.pages, window.plots, window.controls
    yield "pool", window.pool
    yield "pages", pages
    yield "source-memory", pages.source
    yield "destination-memory", pages.destination
    yield "legend", pages.legend
    yield "narration", window.narration
    yield "plots", plots
    for kind in plots.shown:
        yield kind, plots.panel_of(kind)
    yield "console", window.console
    yield "timeline", window.timeline
    yield "transport", window.transport
    yield "controls", controls
    for short in ("dirty_rate", "bandwidth", "relearn", "rate_limit", "policy"):
        yield _names_of_knob(short), getattr(controls, short)
    yield "outcome", window.outcome
    yield "rounds-table", window.rounds
    yield "summary", window.summary
    yield "branches", window.branches
    yield "header", window.header


def _names_of_knob(short: str) -> str:
    path = next(path for path, name in _KNOBS.items() if name == short)
    return f"knob:{path}"
