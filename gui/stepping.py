"""Steps by page, batch and stage, and a stretch of the run that is played again and again."""

from functools import partial

from PySide6.QtCore import QObject

from engine.history import History
from engine.steps import StepKind, step_to
from gui.main_window import MainWindow
from gui.player import Player
from gui.session import Session
from gui.views.plot_geometry import Stretch


class Stepping(QObject):
    """What the keys do with the time of a window."""

    def __init__(self, window: MainWindow, player: Player, session: Session) -> None:
        """Connect the actions, and the stretch that plots and timeline select."""
        super().__init__(window)
        self._window, self._player, self._session = window, player, session
        a = window.actions_by_name
        steps: tuple[tuple[StepKind, str], ...] = (
            ("page", "page"), ("batch", "batch"), ("stage", "stage")
        )
        for kind, name in steps:
            for direction, word in ((1, "next"), (-1, "previous")):
                action = getattr(a, f"{word}_{name}")
                action.triggered.connect(
                    lambda checked=False, kind=kind, direction=direction: self.step(kind, direction)
                )
        a.loop.toggled.connect(lambda on: self._on_loop())
        window.plots.selection_changed.connect(self._on_selection_changed)
        window.timeline.stretch_requested.connect(window.plots.select)
        session.history_changed.connect(lambda history, previous: self._on_loop())

    def step(self, kind: StepKind, direction: int) -> None:
        """Pause and go a step on (or back, with a negative direction)."""
        selected = self._session.selected
        self._player.jump(partial(_find, vm=selected, kind=kind, direction=direction))

    def _on_selection_changed(self, chosen: Stretch | None) -> None:
        """Loop what is selected now; a selection that is cleared ends the loop."""
        if chosen is None:
            self._window.actions_by_name.loop.setChecked(False)
        self._on_loop()

    def _on_loop(self) -> None:
        """Loop what is selected; with nothing selected, the stage at the playhead."""
        action, plots = self._window.actions_by_name.loop, self._window.plots
        if action.isChecked() and plots.selection is None:
            stage = self.stage_here()
            if stage is not None:
                plots.select(stage.start_ns, stage.end_ns)
                return  # the selection brings us here again
        chosen = plots.selection
        looping = action.isChecked() and chosen is not None
        loop = (chosen.start_ns, chosen.end_ns) if chosen is not None and looping else None
        self._player.set_loop(loop)
        self._window.timeline.set_stretch(chosen, looping=looping)

    def stage_here(self) -> Stretch | None:
        """Return the stage at the playhead, if there is one."""
        history, t_ns = self._session.history, self._player.t_ns
        if history is None:
            return None
        vm = self._session.selected
        edges = [
            step_to(history, t_ns + 1, vm, "stage", -1), step_to(history, t_ns, vm, "stage", 1)
        ]
        return Stretch(*edges) if edges[1] > edges[0] else None


def _find(history: History, t_ns: int, *, vm: str, kind: StepKind, direction: int) -> int:
    return step_to(history, t_ns, vm, kind, direction)
