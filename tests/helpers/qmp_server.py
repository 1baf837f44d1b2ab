"""A QMP server without a QEMU: it answers as it is told, well or badly, on a socket of its own.

One thread serves one client at a time, as QEMU does.
"""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

GREETING: Final = {
    "QMP": {
        "version": {"qemu": {"major": 7, "minor": 2, "micro": 22}, "package": "fake"},
        "capabilities": [],
    }
}
PARAMETERS: Final = {"max-bandwidth": 12_500_000, "downtime-limit": 300}
Answer = Callable[[dict[str, Any]], Any]


def active(total_ms: int, *, sent: int, left: int, rounds: int = 1) -> dict[str, Any]:
    """Return an answer of query-migrate in the midst of a migration."""
    return {
        "status": "active", "total-time": total_ms, "setup-time": 1, "expected-downtime": 300,
        "ram": {
            "total": 2**26, "transferred": sent, "remaining": left, "page-size": 4096,
            "normal": sent // 4096, "duplicate": 0, "dirty-sync-count": rounds,
            "dirty-pages-rate": 100, "mbps": 99.5,
        },
    }  # fmt: skip


class RefusalError(Exception):
    """Raised by an answer: the server sends it as an error."""


class QmpServer:
    """Serves a socket until the `with` block ends.

    Args:
        path: Of the socket.
        answers: For names of commands: what is returned, or a function of the arguments.
        greeting: What is sent first, as it stands; None: a right one; "": nothing.
        hang_up: Close the connection after the greeting.

    Attributes:
        asked: Names and arguments of the commands, as they came.
        clients: How many have come.
    """

    def __init__(
        self,
        path: Path,
        answers: Mapping[str, Any] | None = None,
        *,
        greeting: str | None = None,
        hang_up: bool = False,
    ) -> None:
        self.path = path
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.clients = 0
        self.answers: dict[str, Any] = {
            "qmp_capabilities": {},
            "query-name": {"name": "fake"},
            "query-memory-size-summary": {"base-memory": 2**26},
            "query-status": {"status": "running"},
            "query-migrate": {},
            "query-migrate-parameters": PARAMETERS,
            "query-migrate-capabilities": [],
            **(answers or {}),
        }
        self._greeting = json.dumps(GREETING) + "\r\n" if greeting is None else greeting
        self._hang_up = hang_up
        self._ended = threading.Event()
        self._client: socket.socket | None = None
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen(4)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "QmpServer":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self.drop()
        with socket.socket(socket.AF_UNIX) as last:  # wakes the thread from its waiting
            last.connect(str(self.path))
        self._thread.join(5)
        self._socket.close()

    def names(self) -> list[str]:
        """Return the commands that came and change something."""
        return [n for n, _ in self.asked if not n.startswith("query-") and n != "qmp_capabilities"]

    def drop(self) -> None:
        """Close the connection as a crash would."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def send(self, text: str) -> None:
        """Send something unasked: an event, or nonsense."""
        assert self._client is not None
        self._client.sendall(text.encode())

    def event(self, name: str, seconds: float, **held: Any) -> None:
        """Send an event."""
        stamp = {"seconds": int(seconds), "microseconds": round(seconds % 1 * 10**6)}
        self.send(json.dumps({"event": name, "timestamp": stamp, "data": held}) + "\r\n")

    def _serve(self) -> None:
        while not self._ended.is_set():
            client, _ = self._socket.accept()
            with client:
                if self._ended.is_set():
                    return
                self.clients += 1
                self._client = client
                with contextlib.suppress(OSError):
                    self._talk(client)
                self._client = None

    def _talk(self, client: socket.socket) -> None:
        client.sendall(self._greeting.encode())
        if self._hang_up:
            return
        text, decoder = "", json.JSONDecoder()
        while came := client.recv(65536):
            text += came.decode()
            while text:  # one object after the other, with or without a line end
                try:
                    message, end = decoder.raw_decode(text)
                except ValueError:
                    break
                text = text[end:].lstrip()
                client.sendall((json.dumps(self._reply(message)) + "\r\n").encode())

    def _reply(self, message: dict[str, Any]) -> dict[str, Any]:
        name, arguments = message["execute"], message.get("arguments", {})
        self.asked.append((name, arguments))
        reply: dict[str, Any] = {"id": message["id"]} if "id" in message else {}
        if name not in self.answers:
            said = f"The command {name} has not been found"
            return reply | {"error": {"class": "CommandNotFound", "desc": said}}
        answer = self.answers[name]
        try:
            value = answer(arguments) if callable(answer) else answer
        except RefusalError as refusal:
            return reply | {"error": {"class": "GenericError", "desc": str(refusal)}}
        return reply | {"return": value}
