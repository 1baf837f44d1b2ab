"""Work of some seconds in a process of its own, which tells how far it has come and can be stopped.

Apart from `gui.run_controller`, because a slider must not wait behind it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

POLL_MS: Final = 50

Tell = Callable[[str, Any], None]
"""What the work calls to tell something: a word for its kind, and a value."""


def end_with_parent() -> None:
    """Let this worker end when the program does, however that ends; called in the worker."""
    import multiprocessing

    parent = multiprocessing.parent_process()
    assert parent is not None, "not called in a worker"

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _work(
    connection: Connection[Any, Any], work: Callable[..., None], args: tuple[Any, ...]
) -> None:
    """Do the work, in the worker; what goes wrong is told too."""
    end_with_parent()
    try:
        work(lambda what, value: connection.send((what, value)), *args)
        connection.send(("", None))
    except Exception as error:
        connection.send(("failed", f"{type(error).__name__}: {error}"))
    finally:
        connection.close()


class Background(QObject):
    """One piece of work at a time.

    Signals:
        told: The work has told something (word, value).
        changed: It was started or stopped, or has ended.
        failed: It broke off: what went wrong, in words.
    """

    told = Signal(str, object)
    changed = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        """Make it; nothing runs before `start`."""
        super().__init__(parent)
        self._process: BaseProcess | None = None
        self._connection: Connection[Any, Any] | None = None
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def busy(self) -> bool:
        """Return whether the worker is at work."""
        return self._process is not None

    def start(self, work: Callable[..., None], *args: Any) -> None:
        """Begin; what was going on is given up.

        Args:
            work: A function of a module, called with `Tell` and the arguments.
            args: What can be sent to another process.
        """
        import multiprocessing

        self._end()
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(there, work, args), daemon=True)
        process.start()
        there.close()
        self._process, self._connection = process, here
        self._timer.start()
        self.changed.emit()

    def stop(self) -> None:
        """Give up."""
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
            while connection is self._connection and connection is not None and connection.poll():
                self._take(*connection.recv())
        except EOFError:
            self._take("failed", "the worker ended early")

    def _take(self, what: str, value: Any) -> None:
        if what and what != "failed":
            self.told.emit(what, value)
            return
        self._end()
        self.changed.emit()
        if what:
            self.failed.emit(str(value))
