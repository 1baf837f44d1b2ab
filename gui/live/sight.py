"""One session with a QEMU: what it sees, what it records, and the commands that it passes on.

It runs in the event loop of `gui.live.watcher`. By itself it only looks (query-...); what changes
something comes in as a `Wish`.
"""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from qemu.qmp import EventListener, ExecuteError, QMPClient

from engine.importing import LogFileError
from engine.recorded import RecordedHistory
from gui.live.figures import IDLE, OVER, Figures, Machine, figures_of
from gui.live.messages import Answered, Attached, Began, Over, Seen, Wish
from gui.live.recorder import Recorder

EVENTS: Final = ("MIGRATION", "MIGRATION_PASS", "STOP", "RESUME", "SHUTDOWN")
POLL_S: Final = 0.25
SLOWER: Final = ((300.0, 1.0), (3600.0, 5.0))
"""After so many seconds of one migration, the time from one look to the next."""
IDLE_POLL_S: Final = 0.5
PARAMETERS_S: Final = 1.0
"""Somebody else may tune the migration by another monitor: its values are asked for so often."""
SETTLES_S: Final = 0.05
MOST_SETTLING: Final = 20
ANSWERS_WITHIN_S: Final = 10.0
_BUILD_SHARE: Final = 10
"""A history is made again after so many times of what making it took."""

Item = Wish | dict[str, Any] | None
"""What the inbox holds: a wish, an event, or None: look at once."""


class Hearer(Protocol):
    """Who is told what the session sees."""

    def tell(self, message: object) -> None:
        """Take one of the values of `gui.live.messages`."""

    def offer(self, history: RecordedHistory) -> None:
        """Take the newest history."""

    @property
    def wants_history(self) -> bool:
        """Return whether the last history was used."""


class Sight:
    """What one session sees.

    Args:
        client: Connected.
        address: Where, as it is shown.
        folder: Where recordings are kept.
        inbox: Wishes come in here, and go out from here.
        hearer: Is told everything.

    Attributes:
        figures: The last ones.
        said_goodbye: Whether QEMU has told that it shuts down.
    """

    def __init__(
        self,
        client: QMPClient,
        *,
        address: str,
        folder: Path,
        inbox: asyncio.Queue[Item],
        hearer: Hearer,
    ) -> None:
        self.figures = Figures()
        self.said_goodbye = False
        self._client, self._folder, self._inbox, self._hearer = client, folder, inbox, hearer
        self._machine = Machine(address, "vm", "?")
        self._recorder: Recorder | None = None
        self._parameters: dict[str, Any] = {}
        self._parameters_s = self._began_s = self._built_s = 0.0
        self._build_takes_s = 0.0
        self._last_over: dict[str, Any] | None = None
        self._postcopy = False
        self._listener = EventListener(EVENTS)

    async def meet(self) -> None:
        """Learn who is there, and what its last migration came to.

        Raises:
            ExecuteError: There is no VM that could be moved.
        """
        self._client.register_listener(self._listener)
        named = await self._ask_optional("query-name")
        size = (await self._ask_optional("query-memory-size-summary")).get("base-memory", 0)
        self._machine = Machine(
            self._machine.address,
            str(named.get("name") or "vm"),
            _version(self._client),
            size if isinstance(size, int) else 0,
        )
        answer = await self._ask_mapping("query-migrate")
        if answer.get("status") in OVER:
            self._last_over = answer
        await self._learn_parameters()
        self._hearer.tell(Attached(self._machine))

    async def watch(self) -> None:
        """Look until the session ends or is cancelled."""
        helpers = [
            asyncio.create_task(self._pump()), asyncio.create_task(self._heed_loss())
        ]
        try:
            while True:
                await self._look()
                await self._wait()
        finally:
            for helper in helpers:
                helper.cancel()

    def close(self) -> None:
        """Keep what was recorded."""
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None

    async def _ask(self, command: str, arguments: dict[str, Any] | None = None) -> Any:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            return await self._client.execute(command, arguments)

    async def _ask_mapping(self, command: str) -> dict[str, Any]:
        answer = await self._ask(command)
        if not isinstance(answer, dict):
            raise LogFileError(f"{command}: expected an object")
        return answer

    async def _ask_optional(self, command: str) -> dict[str, Any]:
        try:
            return await self._ask_mapping(command)
        except ExecuteError:
            return {}  # an older QEMU

    async def _learn_parameters(self) -> None:
        found = await self._ask_mapping("query-migrate-parameters")
        if self._recorder is not None and found != self._parameters:
            self._recorder.add_parameters(found)
        self._parameters, self._parameters_s = found, time.monotonic()
        capabilities = await self._ask("query-migrate-capabilities")
        self._postcopy = isinstance(capabilities, list) and any(
            isinstance(c, dict) and c.get("capability") == "postcopy-ram" and c.get("state") is True
            for c in capabilities
        )

    async def _pump(self) -> None:
        async for event in self._listener:
            self._inbox.put_nowait(dict(event))

    async def _heed_loss(self) -> None:
        await self._client.runstate_changed()
        self._inbox.put_nowait(None)

    async def _look(self) -> None:
        """Take the newest answers, and tell them."""
        if time.monotonic() - self._parameters_s >= PARAMETERS_S:
            await self._learn_parameters()
        answer = await self._ask_mapping("query-migrate")
        if self._recorder is not None and answer.get("status") in OVER:
            answer = await self._settled(answer)
        run_state = await self._ask_mapping("query-status")
        self.figures = figures_of(run_state, answer, self._parameters, postcopy=self._postcopy)
        self._record(answer)
        self._hearer.tell(Seen(self.figures))
        self.build(finished=self.figures.status in OVER)
        if self._recorder is not None and self.figures.status in OVER:
            self.close()
            self._last_over = answer
            self._hearer.tell(Over(self.figures))

    async def _settled(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return the final figures: QEMU says that it is over before it has worked them out."""
        for _ in range(MOST_SETTLING):
            await asyncio.sleep(SETTLES_S)
            again = await self._ask_mapping("query-migrate")
            if again == answer and answer.get("total-time") != 0:
                break
            answer = again
        return answer

    def _record(self, answer: Mapping[str, Any]) -> None:
        status = str(answer.get("status", ""))
        # A destination has no counters of its own: what comes in is recorded where it is sent.
        if status in IDLE or (self._recorder is None and self.figures.waits_for_another):
            return
        if self._recorder is None:
            known = status in OVER and answer == self._last_over
            incoming = "ram" not in answer and status in ("active", "completed")
            if known or incoming:
                return
            self._begin()
        assert self._recorder is not None
        self._recorder.add_sample(answer)

    def _begin(self) -> None:
        self._recorder = Recorder(self._folder, self._machine)
        self._hearer.tell(Began(self._recorder))
        self._recorder.add_parameters(self._parameters)
        self._began_s = time.monotonic()
        self._built_s = self._build_takes_s = 0.0

    def build(self, *, finished: bool) -> None:
        """Make the history anew, as often as it is taken and costs little.

        Args:
            finished: No more comes: make it surely.
        """
        if self._recorder is None:
            return
        now_s = time.monotonic()
        due = now_s - self._built_s >= _BUILD_SHARE * self._build_takes_s
        if not finished and not (due and self._hearer.wants_history):
            return
        history = self._recorder.history(going_on=not finished)
        self._built_s = time.monotonic()
        self._build_takes_s = self._built_s - now_s
        if history is not None:
            self._hearer.offer(history)

    async def _wait(self) -> None:
        """Wait until the next look is due, or something has happened."""
        try:
            async with asyncio.timeout(self._interval_s()):
                item = await self._inbox.get()
        except TimeoutError:
            return
        await self._take(item)  # outside: a command is never given up half way
        while not self._inbox.empty():
            await self._take(self._inbox.get_nowait())

    def _interval_s(self) -> float:
        if self._recorder is None:
            return IDLE_POLL_S
        lasts_s = time.monotonic() - self._began_s
        return max([POLL_S, *(every_s for after_s, every_s in SLOWER if lasts_s > after_s)])

    async def _take(self, item: Item) -> None:
        if isinstance(item, Wish):
            await self._carry_out(item)
        elif item is not None:
            self._take_event(item)

    def _take_event(self, event: dict[str, Any]) -> None:
        if event.get("event") == "SHUTDOWN":
            self.said_goodbye = True
            return
        held = event.get("data")
        begins = isinstance(held, dict) and held.get("status") == "setup"
        if self._recorder is None and begins and not self.figures.waits_for_another:
            self._begin()
        if self._recorder is not None:
            self._recorder.add_event(event)

    async def _carry_out(self, wish: Wish) -> None:
        """Send what was asked for, and nothing else."""
        fault = ""
        command = wish.steps[-1][0]
        for name, arguments in wish.steps:
            try:
                await self._ask(name, arguments)
            except ExecuteError as error:
                command, fault = name, str(error)
                break
        self._hearer.tell(Answered(command, fault))
        self._parameters_s = 0.0


def _version(client: QMPClient) -> str:
    greeting = client.greeting
    qemu = greeting.QMP.version.get("qemu") if greeting is not None else None
    if not isinstance(qemu, dict):
        return "of unknown version"
    return ".".join(str(qemu.get(key, "?")) for key in ("major", "minor", "micro"))
