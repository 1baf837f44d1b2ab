"""The working set over the page grids: its outline where the VM runs, its curve on the other side.

Off at first: the outline competes with the marks of fresh writes, and measuring costs time. It
measures between frames, a few milliseconds at a time, and changes at most three times a second.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QPushButton

from engine.history import History, VmRecord
from gui.style.style_sheet import dress
from gui.style.theme import Theme, ui_font
from gui.views.page_grid import PageGrid
from gui.views.working_set_panel import WorkingSetPanel

if TYPE_CHECKING:
    from engine.working_set import WorkingSet
    from gui.views.working_set_meter import Window, WorkingSetMeter

TURN_MS: Final = 16
BUDGET_NS: Final = 3_000_000
REST_NS: Final = 330_000_000
"""Least time between two changes of the picture."""


class WorkingSetSight(QObject):
    """Shows or hides the working set of the selected VM.

    Args:
        grids: Memory at the source and at the destination.
        panels: What takes the place of each of them.
        parent: Whom it belongs to.

    Attributes:
        button: Turns it on and off.
    """

    def __init__(
        self,
        grids: tuple[PageGrid, PageGrid],
        panels: tuple[WorkingSetPanel, WorkingSetPanel],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._grids, self._panels = grids, panels
        self._record: VmRecord | None = None
        self._meter: WorkingSetMeter | None = None
        self._end_ns = self._t_ns = self._changed_ns = 0
        self._runs_at = 0
        self._shown: tuple[Window, WorkingSet] | None = None
        self.button = QPushButton("Working set")
        self.button.setFont(ui_font(11))
        self.button.setCheckable(True)
        self.button.setToolTip(
            "Outline the pages written in 8 s, and draw how their number grows with time (W)"
        )
        self.button.toggled.connect(self._on_toggled)
        self._timer = QTimer(self, interval=TURN_MS)
        self._timer.timeout.connect(self._on_turn)
        for panel in panels:
            panel.hide()

    @property
    def measured(self) -> WorkingSet | None:
        """Return what is shown."""
        return self._shown[1] if self._shown else None

    @property
    def up_to_date(self) -> bool:
        """Return whether nothing is left to be measured."""
        return not self._timer.isActive()

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        for panel in self._panels:
            panel.set_theme(theme)
        dress(
            self.button,
            f"QPushButton {{ padding: 1px 8px; color: {theme.dim}; background: transparent; }}"
            f"QPushButton:checked {{ color: {theme.ink}; border-color: {theme.good}; }}"
            f"QPushButton:focus {{ border-color: {theme.link}; }}"
        )

    def set_history(self, history: History, vm: str) -> None:
        """Measure another run; of the same VM the old picture stays until the new one is there."""
        known = self._record is not None and self._record.spec.name == vm
        self._record, self._end_ns = history.vm(vm), history.end_ns
        self._meter = None
        if known and self._shown is not None:
            self._shown = None
        else:
            self._clear()
        self._look()

    def show_instant(self, t_ns: int, *, at_destination: bool) -> None:
        """Follow the playhead, and the VM from one side to the other."""
        self._t_ns = t_ns
        if self._runs_at != int(at_destination):
            self._runs_at = int(at_destination)
            self._place()
        self._look()

    def _clear(self) -> None:
        self._shown = None
        for panel in self._panels:
            panel.show_nothing(self._record.spec.name if self._record else "")
        for grid in self._grids:
            grid.set_outline(None)

    def _place(self) -> None:
        """Put the panel on the side where the VM does not run."""
        on = self.button.isChecked()
        for side, (grid, panel) in enumerate(zip(self._grids, self._panels, strict=True)):
            covered = on and side != self._runs_at
            panel.setVisible(covered)
            grid.setVisible(not covered)
        self._put()

    def _put(self) -> None:
        """Give outline and curve to the sides that show them."""
        on = self.button.isChecked()
        if self._shown is None or self._record is None or not on:
            return
        window, measured = self._shown
        self._grids[self._runs_at].set_outline(measured.written)
        self._panels[1 - self._runs_at].show_measured(self._record.spec.name, window, measured)

    def _on_toggled(self, on: bool) -> None:
        if not on:
            self._clear()
            self._meter = None
        self._place()
        self._changed_ns = 0
        self._look()

    def _look(self) -> None:
        """Begin to measure if what is shown is not what the playhead asks for."""
        wanted = self._wanted() if self.button.isChecked() else None
        if wanted is None or (self._shown is not None and self._shown[0] == wanted):
            self._timer.stop()
        elif not self._timer.isActive():
            self._timer.start()

    def _wanted(self) -> Window | None:
        """Return the window that the playhead asks for."""
        from gui.views.working_set_meter import window_at  # heavy, and for those who ask only

        return window_at(self._t_ns, self._end_ns)

    def _on_turn(self) -> None:
        from gui.views.working_set_meter import WorkingSetMeter

        now_ns = time.monotonic_ns()
        window = self._wanted()
        if self._meter is None and self._record is not None:
            self._meter = WorkingSetMeter(self._record)
        if window is None or self._meter is None:
            self._timer.stop()
        elif now_ns - self._changed_ns >= REST_NS:
            measured = self._meter.measure(window, BUDGET_NS)
            if measured is not None:
                self._shown, self._changed_ns = (window, measured), now_ns
                self._timer.stop()
                self._put()
