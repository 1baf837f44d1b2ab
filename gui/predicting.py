"""Predict, then reveal: asked before a run, hidden while it plays, shown together at its end.

A part of `gui.wiring`. While a prediction stands, no view shows what comes after the playhead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer

from engine.history import Frame, History, MigrationRecord
from engine.policies import POLICIES
from engine.prediction import (
    Prediction,
    PredictionRow,
    asks_convergence,
    compare,
    next_migration,
    since_request,
    telling_answer,
)
from engine.recorded import RecordedHistory
from engine.remaining_pages import remaining_pages
from engine.specs import PAGE_BYTES
from engine.units import format_bit_rate, format_size
from engine.why import Answer, why
from gui.main_window import MainWindow
from gui.moving import Moving
from gui.player import Player
from gui.run_controller import RunController
from gui.session import Session
from gui.views.hidden_future import horizon_ns
from gui.views.standing_card import ASKING
from gui.views.time_text import SECOND_NS

if TYPE_CHECKING:
    from engine.model_rows import ConvergenceFrontier, ModelRow
    from engine.scenario import Scenario
    from engine.specs import ScenarioSpec
    from gui.dialogs.predict import Asked, PredictDialog
    from gui.dialogs.reveal import RevealDialog

LEAD_NS: Final = SECOND_NS
"""It plays from so long before the request."""
COPIES: Final = 3
"""The canvas has room for so many copies of the memory over the link."""
DEFAULT_AXIS_NS: Final = 60 * SECOND_NS
MODELS_AGAIN_MS: Final = 500
PREDICT, REVEAL = "Predict…", "Reveal the prediction now"


class Predicting(QObject):
    """Asks, hides, and reveals; one prediction at a time."""

    def __init__(
        self,
        window: MainWindow,
        player: Player,
        session: Session,
        runs: RunController,
        moving: Moving,
    ) -> None:
        """Connect the action; nothing is asked yet.

        Args:
            window: Its views hide the future.
            player: Plays what was predicted.
            session: What is open.
            runs: Asks closed-form models.
            moving: Its question before a move tells prices, which are hidden too.
        """
        super().__init__(window)
        self._window, self._player = window, player
        self._session, self._runs, self._moving = session, runs, moving
        self._action = window.actions_by_name.predict
        self._record: MigrationRecord | None = None
        self._opened: Scenario | None = None
        self._hidden = False
        self._back_to_ns = 0
        self._models: tuple[ScenarioSpec, int, Sequence[ModelRow]] | None = None
        self.prediction: Prediction | None = None
        self.form: PredictDialog | None = None
        self.card: RevealDialog | None = None
        # A frame is shown by every view before anything is revealed on top of it.
        self._reveal_timer = QTimer(self, singleShot=True, interval=0)
        self._reveal_timer.timeout.connect(self.reveal)
        self._models_timer = QTimer(self, singleShot=True, interval=MODELS_AGAIN_MS)
        self._models_timer.timeout.connect(self._show_models)
        self._action.triggered.connect(lambda checked=False: self.ask())
        for card in (window.outcome.standing, window.standing_bar):
            card.reveal_requested.connect(self.reveal)
            card.drop_requested.connect(self.drop)
        player.frame_changed.connect(self._on_frame_changed)
        session.history_changed.connect(self._on_history_changed)
        runs.models_finished.connect(self._on_models_finished)

    @property
    def standing(self) -> bool:
        """Return whether a prediction waits for its reveal."""
        return self.prediction is not None

    @property
    def hidden(self) -> bool:
        """Return whether views hide what comes after the playhead."""
        return self._hidden

    def ask(self) -> None:
        """Open the form; while a prediction stands, reveal it."""
        if self.standing:
            self.reveal()
            return
        history, vm = self._session.history, self._session.selected
        if history is None or self.form is not None:
            return
        record = next_migration(history.migrations, vm, self._player.t_ns)
        if record is None:
            line = f"{vm or 'No VM'} does not move in this run; let it migrate first (M)."
            self._window.error_notice.show_lines("There is nothing to predict", [line])
            return
        if self.card is not None:
            self.card.close()
        from gui.dialogs.predict import PredictDialog

        self._player.pause()
        self._back_to_ns = self._player.t_ns
        self._record, self._opened = record, self._session.original
        self._hide(True)
        self._player.seek(max(0, min(self._player.t_ns, record.requested_ns - LEAD_NS)))
        self.form = PredictDialog(_asked(history, record), self._window.theme, self._window)
        self.form.locked.connect(self._on_locked)
        self.form.rejected.connect(self._on_cancelled)
        self.form.finished.connect(self._on_form_finished)
        self.form.open()

    def reveal(self) -> None:
        """Show everything again, and the guess beside the run."""
        history, prediction, record = self._session.history, self.prediction, self._record
        if history is None or prediction is None or record is None:
            return
        from gui.dialogs.reveal import RevealDialog, Revealed, revealed_question

        self._player.pause()
        self._forget()
        simulated = remaining_pages(history, record)
        revealed = Revealed(
            revealed_question(record.vm, record.source, record.destination, record.requested_ns),
            prediction,
            lambda model: compare(prediction, record, model),
            lambda rows: _explain(history, record, rows),
            () if simulated is None else since_request(simulated, record.requested_ns),
            _pages_of(history, record),
            isinstance(history, RecordedHistory),
        )
        self._record = record
        self.card = RevealDialog(
            revealed, self._window.theme, self._window, large=self._window.isFullScreen()
        )
        self.card.closed.connect(self._on_card_closed)
        self.card.again_requested.connect(self.ask)
        self.card.show()
        self.card.raise_()
        self.card.activateWindow()
        self._show_models()

    def drop(self) -> None:
        """Forget the prediction and show everything again."""
        self._forget()
        self._record = None

    def _forget(self) -> None:
        self._reveal_timer.stop()
        self.prediction = None
        self._action.setText(PREDICT)
        self._hide(False)

    def set_hidden(self, hidden: bool, asking: str = ASKING) -> None:
        """Hide the future while somebody else asks, or show it again.

        Args:
            hidden: Whether views hide it.
            asking: What stands in its place.
        """
        if hidden != self._hidden:
            self._hide(hidden, asking=asking)

    def _hide(self, hidden: bool, said: str = "", asking: str = ASKING) -> None:
        """Hide the future in every view that shows it, or show it again."""
        self._hidden = hidden
        window, actions = self._window, self._window.actions_by_name
        for card in (window.outcome.standing, window.standing_bar):
            card.show_said(said, asking)
        for view in (
            window.outcome, window.rounds, window.plots, window.timeline, window.transport,
            window.comparison, window.branches, window.pages.sight,
            window.standing_bar, self._moving,
        ):  # fmt: skip
            view.set_future_hidden(hidden)
        window.hide_compared_future(hidden)
        for action in (actions.why, actions.plot_table, actions.zoom_switchover):
            action.setEnabled(not hidden)

    def _on_locked(self, prediction: Prediction) -> None:
        record, history = self._record, self._session.history
        if record is None or history is None:
            return
        self.prediction = prediction
        self._action.setText(REVEAL)
        self._hide(True, prediction.sentence)
        self._ask_models()
        self._player.seek(max(0, record.requested_ns - LEAD_NS))
        self._player.play()

    def _on_cancelled(self) -> None:
        self.drop()
        self._player.seek(self._back_to_ns)

    def _on_form_finished(self) -> None:
        if self.form is not None:
            self.form.deleteLater()
            self.form = None

    def _on_card_closed(self) -> None:
        if self.card is not None:
            self.card.deleteLater()
            self.card = None

    def _on_frame_changed(self, frame: Frame) -> None:
        record, history = self._record, self._session.history
        if not self.standing or record is None or history is None:
            return
        end_ns = history.end_ns if record.ended_ns is None else record.ended_ns
        if frame.t_ns >= min(end_ns, history.end_ns):
            self._player.pause()
            self._reveal_timer.start()

    def _on_history_changed(self, history: History, previous: History | None) -> None:
        """Keep a prediction through edits; another scenario, or none of the move, ends it."""
        before = self._record
        if not self._hidden or before is None:
            return
        same = self._session.original is self._opened
        record = next(
            (m for m in history.migrations if m.request == before.request and m.vm == before.vm),
            None,
        )
        if same and record is not None and record.outcome != "refused":
            self._record = record
            return
        if self.form is not None:
            self.form.close()
        self.drop()
        if same:
            self._window.show_notice(
                f"The prediction was dropped: {before.vm} does not move any more."
            )

    def _ask_models(self) -> None:
        """Ask closed-form models about the migration, unless they have answered."""
        history, record = self._session.history, self._record
        if self._session.scenario is None or history is None or record is None:
            return
        if self._answered(history, record) is None:
            self._runs.request_models(history.spec, record.request)

    def _answered(self, history: History, record: MigrationRecord) -> Sequence[ModelRow] | None:
        if self._models is None:
            return None
        spec, request, rows = self._models
        return rows if request == record.request and spec == history.spec else None

    def _on_models_finished(
        self,
        spec: ScenarioSpec,
        request: int,
        rows: Sequence[ModelRow],
        frontier: ConvergenceFrontier | None,
    ) -> None:
        self._models = (spec, request, rows)
        self._show_models()

    def _show_models(self) -> None:
        """Let the models stand in the card, or ask for them."""
        history, record, card = self._session.history, self._record, self.card
        if card is None or history is None or record is None:
            return
        recorded = self._session.scenario is None or isinstance(history, RecordedHistory)
        rows = () if recorded else self._answered(history, record)
        if rows is None:
            self._ask_models()
            self._models_timer.start()
        else:
            self._models_timer.stop()
            card.show_models(rows)


def _explain(
    history: History, record: MigrationRecord, rows: Sequence[PredictionRow]
) -> Answer | None:
    """Return the one answer to why, as it stands once the migration has ended."""
    times = (record.reachable_ns, record.ended_ns)
    known = [t for t in times if t is not None]
    t_ns = max(known) if known else history.end_ns
    later = [
        m.requested_ns
        for m in history.migrations
        if m.vm == record.vm and m.requested_ns > record.requested_ns
    ]
    t_ns = min([t_ns, *(t - 1 for t in later)])
    return telling_answer(why(history, t_ns, record.vm), rows)


def _pages_of(history: History, record: MigrationRecord) -> int:
    return max(1, record.pages_total, history.vm(record.vm).spec.n_pages)


def _asked(history: History, record: MigrationRecord) -> Asked:
    """Return what is told of a migration before it runs: inputs, and nothing that came out."""
    from gui.dialogs.predict import Asked

    pages = _pages_of(history, record)
    memory = format_size(pages * PAGE_BYTES)
    facts, length_ns = f"{memory} of memory.", DEFAULT_AXIS_NS
    if not isinstance(history, RecordedHistory):
        from engine.model_rows import rate_of

        migration = history.spec.migrations[record.request]
        rate_bps = rate_of(history.spec, migration)
        title = POLICIES[record.policy].title
        facts = f"{memory} of memory, at most {format_bit_rate(rate_bps)}, policy: {title}."
        length_ns = horizon_ns(COPIES * pages * PAGE_BYTES * 8 * SECOND_NS // max(1, rate_bps))
    return Asked(
        f"What do you expect of {record.vm}, from {record.source} to {record.destination}?",
        facts,
        pages,
        length_ns,
        asks_convergence(record),
    )
