"""Why a QEMU cannot be attached to, or was lost: one sentence with the way out."""

import errno
import socket
import stat
from pathlib import Path
from typing import Final

from qemu.qmp import ConnectError, QMPError
from qemu.qmp.error import ProtocolError

from gui.live.address import Address

GREETS_WITHIN_S: Final = 3.0
_HINT: Final = "give QEMU -qmp unix:PATH,server=on,wait=off"


def why_not_attached(address: Address, error: BaseException) -> str:
    """Return why no session came about.

    Args:
        address: Where it was tried.
        error: What the client raised.
    """
    where, cause = address.text, _root(error)
    if isinstance(cause, TimeoutError):
        return (
            f"{where} did not answer within {GREETS_WITHIN_S:g} s: another program may be attached "
            "to this monitor (it serves one at a time), or it is no QMP socket."
        )
    if isinstance(cause, OSError) and not isinstance(cause, socket.gaierror):
        return f"{where}: {_of_system(address, cause)}."
    if isinstance(cause, socket.gaierror):
        return f"{where}: there is no host of that name."
    if isinstance(cause, EOFError):
        return f"{where} closed the connection at once: it is no QMP socket, or QEMU is ending."
    if isinstance(cause, ProtocolError | ValueError):
        return f"{where} answers, but does not speak QMP: {_HINT}."
    return f"{where}: no session came about ({type(cause).__name__})."


def why_lost(error: BaseException) -> str:
    """Return why a session ended that was under way, as a clause; "" for a plain hang-up."""
    cause = _root(error)
    if isinstance(cause, ProtocolError | ValueError):
        return "what came from there is not QMP"
    if isinstance(cause, OSError) and cause.errno not in (errno.EPIPE, errno.ECONNRESET, None):
        return (cause.strerror or "the socket failed").lower()
    return ""


def _of_system(address: Address, error: OSError) -> str:
    path = Path(address.path) if address.path else None
    if isinstance(error, FileNotFoundError):
        return f"no such socket; {_HINT}"
    if isinstance(error, PermissionError):
        return "this user may not open the socket; run as the user of that QEMU"
    if isinstance(error, ConnectionRefusedError):
        if path is not None and _exists_otherwise(path):
            return f"this is no socket; {_HINT}"
        return "nobody listens there; has that QEMU ended?"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "the connection was closed at once: it is no QMP socket, or QEMU is ending"
    return (error.strerror or "it cannot be opened").lower().rstrip(".")


def _exists_otherwise(path: Path) -> bool:
    try:
        return not stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return False


def _root(error: BaseException) -> BaseException:
    """Return what is at the bottom of the errors of the client."""
    while True:
        below = error.__cause__
        if isinstance(error, ConnectError):
            below = error.exc
        if below is None or not isinstance(error, QMPError):
            return error
        if isinstance(error, ProtocolError) and not isinstance(below, OSError | EOFError):
            return error
        error = below
