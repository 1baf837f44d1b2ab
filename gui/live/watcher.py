"""The watcher: a thread that talks to one QEMU, tells what it sees, and passes on what is asked.

Everything that changes something over there is sent only by `Watcher.request`. Leaving changes
nothing: the VM and its migration go on.
"""

import asyncio
import contextlib
import threading
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QObject, Signal
from qemu.qmp import ExecuteError, QMPClient, QMPError

from engine.importing import LogFileError
from engine.recorded import RecordedHistory
from gui.live.address import Address
from gui.live.figures import Figures
from gui.live.messages import Grown, Lost, Refused, Wish
from gui.live.refusals import GREETS_WITHIN_S, why_lost, why_not_attached
from gui.live.sight import ANSWERS_WITHIN_S, Item, Sight

ENDS_WITHIN_S: Final = 3.0
_STRANGE: Final = "its answers are not those of QEMU"


class Watcher(QObject):
    """Watches one QEMU from attaching to leaving.

    Args:
        address: Where it listens.
        folder: Where recordings are kept.

    Attributes:
        told: With this watcher and one of the values above. Late ones may still arrive after
            `leave`: the receiver looks from whom they come.
    """

    told = Signal(object, object)

    def __init__(self, address: Address, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.address = address
        self._folder = folder
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._inbox: asyncio.Queue[Item] | None = None
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._run, name="qmp", daemon=True)
        self._grown: RecordedHistory | None = None
        self._lock = threading.Lock()

    # Called by the window

    def start(self) -> None:
        """Attach."""
        self._thread.start()

    def request(self, *steps: tuple[str, dict[str, Any]]) -> None:
        """Send commands one after the other, up to the first that is refused.

        `Answered` follows, with the last of them that was sent.

        Args:
            steps: Names of commands with their arguments, as QMP has them.
        """
        loop, inbox = self._loop, self._inbox
        if loop is not None and inbox is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):  # it has just ended: `Lost` says so
                loop.call_soon_threadsafe(inbox.put_nowait, Wish(steps))

    def take_history(self) -> RecordedHistory | None:
        """Return the newest history, once."""
        with self._lock:
            history, self._grown = self._grown, None
        return history

    def leave(self) -> None:
        """End the session from here; nothing is sent for it."""
        self._left.set()
        loop, task = self._loop, self._task
        if loop is not None and task is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(task.cancel)
        if self._thread.is_alive():
            self._thread.join(ENDS_WITHIN_S)

    # The thread

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            try:
                asyncio.run(self._main())
            except Exception:
                self.tell(Lost("this program has made a mistake", Figures(), False))
                raise

    def tell(self, message: object) -> None:
        """Tell the window something, unless it has left; for the session."""
        if not self._left.is_set():
            self.told.emit(self, message)

    async def _main(self) -> None:
        self._task = asyncio.current_task()
        self._inbox = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        if self._left.is_set():
            return
        client = QMPClient("migrascope")
        try:
            async with asyncio.timeout(GREETS_WITHIN_S):
                await client.connect(self.address.target)
        except (QMPError, OSError, EOFError, ValueError) as error:
            self.tell(Refused(why_not_attached(self.address, error)))
            return
        sight = Sight(
            client,
            address=self.address.text,
            folder=self._folder,
            inbox=self._inbox,
            hearer=self,
        )
        try:
            if await self._meet(sight, client):
                await self._watch(sight, client)
        finally:
            sight.close()
            await _hang_up(client)

    async def _meet(self, sight: Sight, client: QMPClient) -> bool:
        """Return whether there is a VM that can be watched."""
        where = self.address.text
        try:
            async with asyncio.timeout(GREETS_WITHIN_S):
                await sight.meet()
        except ExecuteError as error:
            self.tell(Refused(f"{where} speaks QMP, but has no VM to move: {_ended(str(error))}"))
        except LogFileError:
            self.tell(Refused(f"{where} answers, but {_STRANGE}."))
        except (QMPError, OSError, EOFError) as error:
            self.tell(Refused(why_not_attached(self.address, await _hang_up(client) or error)))
        else:
            return True
        return False

    async def _watch(self, sight: Sight, client: QMPClient) -> None:
        try:
            await sight.watch()
        except (ExecuteError, LogFileError):
            sight.build(finished=True)
            self.tell(Lost(_STRANGE, sight.figures, sight.said_goodbye))
        except (QMPError, OSError, EOFError) as error:
            cause = await _hang_up(client) or error
            sight.build(finished=True)
            self.tell(Lost(_clause(cause), sight.figures, sight.said_goodbye))

    def offer(self, history: RecordedHistory) -> None:
        """Put a history where `take_history` finds it; for the session."""
        with self._lock:
            self._grown = history
        self.tell(Grown())

    @property
    def wants_history(self) -> bool:
        """Return whether the last history was taken; for the session."""
        return self._grown is None


def _clause(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"it did not answer for {ANSWERS_WITHIN_S:g} s"
    return why_lost(error)


async def _hang_up(client: QMPClient) -> BaseException | None:
    """Close the connection, and return what had ended it before."""
    try:
        async with asyncio.timeout(1.0):
            await client.disconnect()
    except (QMPError, OSError, EOFError, TimeoutError) as error:
        return error
    return None


def _ended(text: str) -> str:
    return f"{text.rstrip('.')}."
