"""Where a QMP socket is: a path, or host and port, as people write them."""

import re
from typing import Final

from msgspec import Struct

from engine.errors import MigrascopeError

LONGEST_PATH_BYTES: Final = 107
"""The path of a Unix socket on Linux: 108 bytes with the zero at its end."""
_HOST_PORT: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]*):(?P<port>[0-9]+)")
_LARGEST_PORT: Final = 65_535
_EXPECTED: Final = "give the path of the socket, or host:port"


class AddressError(MigrascopeError):
    """It is no address; one sentence says what was expected."""


class Address(Struct, frozen=True):
    """Where QEMU listens.

    Attributes:
        text: As it is shown and remembered.
        target: For the client: a path, or host and port.
    """

    text: str
    target: str | tuple[str, int]

    @property
    def path(self) -> str:
        """Return the path, "" if it is host and port."""
        return self.target if isinstance(self.target, str) else ""


def parse_address(text: str) -> Address:
    """Return what somebody typed, as an address.

    Understood is what stands behind QEMU's `-qmp` as well: `unix:PATH,server=on,wait=off`.

    Raises:
        AddressError: It is none.
    """
    whole = text.strip()
    kind, _, rest = whole.partition(":")
    if kind in ("unix", "tcp"):
        whole = rest.partition(",")[0]
    if not whole:
        raise AddressError(f"No socket is named: {_EXPECTED}.")
    found = None if kind == "unix" else _HOST_PORT.fullmatch(whole)
    if found is not None:
        port = int(found["port"])
        if not 0 < port <= _LARGEST_PORT:
            raise AddressError(f'"{whole}": a port is a number from 1 to 65535.')
        return Address(whole, (found["host"].strip("[]") or "localhost", port))
    if kind == "tcp":
        raise AddressError(f'"{whole}" is no host:port: {_EXPECTED}.')
    if "\0" in whole or "\n" in whole:
        raise AddressError(f"The path holds a line end or a zero: {_EXPECTED}.")
    if len(whole.encode()) > LONGEST_PATH_BYTES:
        raise AddressError(
            f"The path of a socket has {LONGEST_PATH_BYTES} bytes at most; this one has "
            f"{len(whole.encode())}: link to it from a shorter one."
        )
    return Address(whole, whole)
