"""Brings a scenario to the instant of a picture, in a window that is never on a screen."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from engine import instants
from engine.errors import MigrascopeError
from engine.history import History
from engine.instants import InstantError
from engine.scenario import Scenario
from gui.look_names import DEFAULT_PALETTE, MAIN_VIEWS, PLOTS

if TYPE_CHECKING:
    from PySide6.QtWidgets import QFrame, QWidget

    from gui.app import Parts
    from gui.main_window import MainWindow
    from gui.models.compare_runs import Candidate
    from gui.session import Session

VIEWS: Final = (*MAIN_VIEWS, *PLOTS, "compare")
MOST_COMPARED: Final = 4

TURNS: Final = 3
"""Of the event loop, until everything is laid out and painted."""


class ShotError(MigrascopeError):
    """The picture cannot be made; the text is one sentence for the user."""


class Picture(Struct, frozen=True):
    """What to draw.

    Attributes:
        at: An instant as text, as `engine.instants` understands it.
        size_px: Width and height before scaling.
        theme_name: dark, light or projector.
        palette: One of `gui.look_names.PALETTES`.
        compared: For the view compare, what stands beside the scenario: names of policies, and
            values as PATH=VALUE.
        view: One of `VIEWS`.
        vm: The VM to select; "" for the first one that migrates.
        caption: Under the picture.
        narrated: Whether the narration of that instant stands there too.
        callouts: Names of parts, and what is said of each.
    """

    at: str
    size_px: tuple[int, int] = (1600, 900)
    theme_name: str = "dark"
    view: str = "window"
    vm: str = ""
    caption: str = ""
    narrated: bool = False
    callouts: tuple[tuple[str, str], ...] = ()
    palette: str = DEFAULT_PALETTE
    compared: tuple[str, ...] = ()


class Staged(Struct, frozen=True):
    """A widget that shows a picture, and what it shows.

    Attributes:
        parts: The window's parts; they live while the picture is drawn.
        widget: What is drawn.
        history: The run.
        t_ns: The instant.
        vm: The VM that is selected.
    """

    parts: Parts
    widget: QWidget
    history: History
    t_ns: int
    vm: str

    def at(self, t_ns: int) -> Staged:
        """Return the same at another instant: what is drawn is what a window for it would show."""
        self.parts.player.seek(t_ns)
        _settle(self.parts)
        return replace(self, t_ns=t_ns)


@contextmanager
def staged(scenario: Scenario, picture: Picture) -> Iterator[Staged]:
    """Yield the widget that shows a picture; the window goes afterwards.

    Raises:
        ShotError: The instant, the VM or the view does not exist, or the size is too small.
        ScenarioError: The scenario cannot be run.
    """
    from PySide6.QtCore import QCoreApplication, QEvent, Qt, qInstallMessageHandler

    from gui import app
    from gui.style.palettes import with_palette
    from gui.style.theme import THEMES

    app.create_application()
    before = qInstallMessageHandler(_without_hints)
    parts = app.build(with_palette(THEMES[picture.theme_name], picture.palette))
    widget: QWidget = parts.window
    try:
        parts.session.open(scenario)
        history = parts.session.history
        assert history is not None
        if picture.vm:
            _select(parts.session, history, picture.vm)
        t_ns = instant_ns(history, picture.at, picture.vm)
        if picture.view == "compare":
            widget = _compared(parts, scenario, picture.compared)
        elif picture.view != "window":
            widget = _alone(parts.window, picture.view)
        # Never on a screen: no focus, no pointer, and a window manager cannot size it.
        widget.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        widget.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        widget.resize(*picture.size_px)
        widget.show()
        _settle(parts)
        # Now, not before: with little room the window lays itself out lower.
        _check_size(widget, picture)
        yield Staged(parts, widget, history, t_ns, parts.session.selected).at(t_ns)
        widget.close()
        widget.deleteLater()
    finally:
        parts.runs.close()
        parts.window.close()
        parts.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        qInstallMessageHandler(before)


def _settle(parts: Parts) -> None:
    """Let everything be laid out and painted, and the pages of a large VM be counted whole."""
    from PySide6.QtCore import QCoreApplication, QEventLoop

    showing, pages = parts.wiring.showing, parts.window.pages
    while pages.counting or not showing.up_to_date:
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
    for _ in range(TURNS):
        QCoreApplication.processEvents()


def _without_hints(kind: object, context: object, message: str) -> None:
    """Pass on what Qt says, but that no screen takes a size hint: there is none."""
    if "propagateSizeHints" not in message:
        print(message, file=sys.stderr)


def instant_ns(history: History, at: str, vm: str = "") -> int:
    """Return the instant that a text names, as `engine.instants` understands it.

    Raises:
        ShotError: It is no time, or the run has no such instant.
    """
    try:
        return instants.instant_ns(history, at, vm)
    except InstantError as error:
        raise ShotError(f"--at {error}") from error


def _check_size(widget: QWidget, picture: Picture) -> None:
    smallest = widget.minimumSizeHint().expandedTo(widget.minimumSize())
    width, height = picture.size_px
    if smallest.width() > width or smallest.height() > height:
        raise ShotError(
            f"--size {width}x{height}: the {picture.view} needs "
            f"{smallest.width()}x{smallest.height()} at least"
        )


def _select(session: Session, history: History, vm: str) -> None:
    names = [record.spec.name for record in history.vms]
    if vm not in names:
        raise ShotError(f'--vm "{vm}": there is no such VM; there are: {", ".join(names)}')
    session.select(vm)


def _compared(parts: Parts, scenario: Scenario, others: tuple[str, ...]) -> QWidget:
    """Return the page that compares the scenario with others, and nothing else.

    Raises:
        ShotError: There are none, too many, or one that is neither a policy nor a value.
        ScenarioError: One of them cannot be run.
    """
    if not 1 <= len(others) < MOST_COMPARED:
        raise ShotError(
            f"--view compare: give one to {MOST_COMPARED - 1} --with, policies or PATH=VALUE"
        )
    comparing, vm = parts.wiring.comparing, parts.session.selected
    chosen = [comparing.candidates()[0], *(_candidate(scenario, vm, text) for text in others)]
    runs = [
        run if isinstance(run, History) else parts.runs.simulate_now(run)
        for run in (candidate.run for candidate in chosen)
    ]
    comparing.begin(
        [replace(c, run=run) for c, run in zip(chosen, runs, strict=True)]
    )
    page = parts.window.compare_page
    page.close_button.hide()
    return _framed(parts.window, page)


def _candidate(scenario: Scenario, vm: str, text: str) -> Candidate:
    from gui.models.compare_runs import policy_candidates, value_candidate

    path, equals, value = text.partition("=")
    if equals:
        return value_candidate(scenario, path.strip(), value.strip())
    policies = {c.label: c for c in policy_candidates(scenario, vm)}
    if text not in policies:
        there = ", ".join(policies)
        raise ShotError(f"--with {text}: neither PATH=VALUE nor another policy; there are: {there}")
    return policies[text]


def _framed(window: MainWindow, widget: QWidget) -> QFrame:
    """Return a frame on the window's ground that holds a widget."""
    from PySide6.QtWidgets import QFrame, QVBoxLayout

    frame = QFrame()
    frame.setObjectName("left")
    frame.setStyleSheet(window.styleSheet())
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(widget)
    widget.show()
    return frame


def _alone(window: MainWindow, view: str) -> QWidget:
    """Return a widget that holds nothing but one view of the window, on the window's ground."""
    if view not in PLOTS:
        return _framed(window, getattr(window, view))
    plots = window.plots
    if view not in plots.kinds:
        there = ", ".join(kind for kind in PLOTS if kind in plots.kinds)
        raise ShotError(f"--view {view}: this run has nothing for it; it has: {there}")
    if view not in plots.shown:
        plots.show_plot(0, view)
    panel = plots.panel_of(view)
    panel.set_choice(False)
    return _framed(window, panel)
