"""Writes a file that is whole or not there, and leaves an older one until then."""

import os
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under another name beside its place, and move it there.

    Args:
        path: Its place; a file that stands there is replaced.
        data: All of it.

    Raises:
        OSError: It cannot be written; nothing of it is left.
    """
    part = path.with_name(f".{path.name}-{os.getpid()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
