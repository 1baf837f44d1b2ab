"""The table of published figures, computed in a worker process of its own that can be stopped.

Some hundred runs take a dozen seconds; the window goes on meanwhile. Apart from
`gui.run_controller`, because a slider must not wait behind them.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from engine.scenario import bundled_scenarios

if TYPE_CHECKING:
    from engine.reproduce import Reproduced

POLL_MS: Final = 50
MODELS: Final = "models"
BUG_SENTENCE: Final = (
    "The published figures could not be computed; this is a bug of ours: {details}"
)


def _work(connection: Connection[Any, Any]) -> None:
    """Compute all rows and tell the window, in the worker."""
    from engine.reproduce import reproduce

    try:
        rows = reproduce((), lambda name: connection.send(("began", name)))
        connection.send(("rows", rows))
    except Exception as error:
        connection.send(("failed", f"{type(error).__name__}: {error}"))
    finally:
        connection.close()


class Reproduction(QObject):
    """Computes the rows of `engine.reproduce` and keeps them.

    Attributes:
        began: With the name of the scenario that is being run.
        changed: It was started, stopped, or has its rows.
        failed: With a sentence.
    """

    began = Signal(str)
    changed = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        """Make it; nothing runs before `start`."""
        super().__init__(parent)
        self.rows: tuple[Reproduced, ...] = ()
        self.done: list[str] = []
        self._process: BaseProcess | None = None
        self._connection: Connection[Any, Any] | None = None
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def busy(self) -> bool:
        """Return whether the worker is at work."""
        return self._process is not None

    @property
    def n_parts(self) -> int:
        """Return in how many steps it is told how far it has come, at most."""
        return len(bundled_scenarios()) + 1

    def start(self) -> None:
        """Compute all rows; once at a time."""
        if self.busy:
            return
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(there,), daemon=True)
        process.start()
        there.close()
        self._process, self._connection, self.done = process, here, []
        self._timer.start()
        self.changed.emit()

    def stop(self) -> None:
        """Give up; rows of an earlier time stay."""
        if self.busy:
            self._end()
            self.changed.emit()

    def _end(self) -> None:
        self._timer.stop()
        process, connection = self._process, self._connection
        self._process = self._connection = None
        if process is not None:
            process.terminate()
            process.join()
        if connection is not None:
            connection.close()

    def _poll(self) -> None:
        """Take what the worker has said since the last time."""
        connection = self._connection
        try:
            while connection is not None and self.busy and connection.poll():
                self._take(*connection.recv())
        except EOFError:
            self._fail("the worker ended early")

    def _take(self, what: str, value: Any) -> None:
        if what == "began":
            self.done.append(value)
            self.began.emit(value)
        elif what == "rows":
            self.rows = tuple(value)
            self._end()
            self.changed.emit()
        else:
            self._fail(value)

    def _fail(self, details: str) -> None:
        self._end()
        self.changed.emit()
        self.failed.emit(BUG_SENTENCE.format(details=details))
