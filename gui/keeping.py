"""Autosave: what is being edited is kept beside the program until it is saved or closed.

A crash, a power cut or a closed lid loses at most a moment. Two programs at once keep two files;
a lock says which of them is still at work.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec import Struct
from PySide6.QtCore import QIODevice, QLockFile, QObject, QSaveFile, QTimer, QUuid, Signal

KEEP_AFTER_MS: Final = 1500
SUFFIX: Final = ".toml"


class Kept(Struct, frozen=True):
    """Work that a program left behind when it ended unasked.

    Attributes:
        path: The scenario file that holds it.
        modified_s: When it was kept, seconds since 1970.
    """

    path: Path
    modified_s: float


def left_behind(folder: Path) -> list[Kept]:
    """Return the work of programs that are gone, newest first."""
    found = []
    for path in folder.glob(f"*{SUFFIX}"):
        lock = _lock_of(path)
        if lock.tryLock(0):
            lock.unlock()
            found.append(Kept(path, path.stat().st_mtime))
    return sorted(found, key=lambda kept: (-kept.modified_s, kept.path.name))


def _lock_of(path: Path) -> QLockFile:
    lock = QLockFile(str(path.with_suffix(".lock")))
    lock.setStaleLockTime(0)  # a lock is stale when its program is gone, however old it is
    return lock


class Keeper(QObject):
    """Keeps the work of this program.

    Args:
        folder: Where; made when it is needed.
        text: Returns what is to be kept, as a scenario file holds it; "" while nothing is edited.

    Attributes:
        failed: With one sentence, once, when nothing can be kept there.
    """

    failed = Signal(str)

    def __init__(
        self, folder: Path, text: Callable[[], str], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._folder, self._text = folder, text
        name = QUuid.createUuid().toString(QUuid.StringFormat.WithoutBraces)
        self.path = folder / f"{name}{SUFFIX}"
        self._lock: QLockFile | None = None
        self._told = False
        self._timer = QTimer(self, singleShot=True, interval=KEEP_AFTER_MS)
        self._timer.timeout.connect(self.keep)

    def touch(self) -> None:
        """Keep what is there soon: something was edited."""
        if not self._timer.isActive():
            self._timer.start()

    def keep(self) -> None:
        """Keep what is there now; the old version stays until the new one is whole."""
        self._timer.stop()
        text = self._text()
        if not text:
            self._remove()
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._tell(error.strerror or "the folder cannot be made")
            return
        if self._lock is None:
            self._lock = _lock_of(self.path)
            self._lock.tryLock(0)
        file = QSaveFile(str(self.path))
        data = text.encode()
        written = file.open(QIODevice.OpenModeFlag.WriteOnly) and file.write(data) == len(data)
        if not written or not file.commit():
            self._tell(file.errorString())

    def close(self) -> None:
        """Forget what was kept: the program ends as it should."""
        self._timer.stop()
        self._remove()
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None

    def _remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def _tell(self, why: str) -> None:
        if not self._told:
            self._told = True
            self.failed.emit(f"Edits cannot be kept against a crash: {why.rstrip('.')}.")


def discard(kept: Kept) -> None:
    """Delete work that was left behind."""
    kept.path.unlink(missing_ok=True)
    lock = kept.path.with_suffix(".lock")
    if lock.exists():
        os.unlink(lock)
