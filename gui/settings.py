"""What the program remembers between two starts, and nothing else does.

A file of the user's own, in the format of Qt. Tests, pictures and films remember nothing: they use
`Settings(None)`.
"""

from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QObject, QSettings, QStandardPaths, Signal

MOST_RECENT: Final = 10


def config_file() -> Path:
    """Return the file in which the program remembers."""
    where = QStandardPaths.StandardLocation.AppConfigLocation
    return Path(QStandardPaths.writableLocation(where)) / "settings.ini"


def data_folder() -> Path:
    """Return the folder for what is kept unasked: recordings, and work that was not saved."""
    where = QStandardPaths.StandardLocation.AppDataLocation
    return Path(QStandardPaths.writableLocation(where))


class Settings(QObject):
    """Remembered values, each with its default.

    Args:
        path: The file; None: nothing outlives this object.

    Attributes:
        recent_changed: The list of recent files is another one.
    """

    recent_changed = Signal()

    def __init__(self, path: Path | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._values: dict[str, object] = {}
        self._file: QSettings | None = None
        if path is not None:
            self._file = QSettings(str(path), QSettings.Format.IniFormat)
            self._file.setFallbacksEnabled(False)

    # Plain values

    def text(self, key: str, default: str, choices: tuple[str, ...] = ()) -> str:
        """Return a word; the default if there is none, or none of the choices."""
        value = self._value(key)
        if not isinstance(value, str) or (choices and value not in choices):
            return default
        return value

    def flag(self, key: str, default: bool) -> bool:
        """Return a yes or no."""
        return self.text(key, "yes" if default else "no", ("yes", "no")) == "yes"

    def number(self, key: str, default: int, low: int, high: int) -> int:
        """Return a whole number between two bounds; the default for anything else."""
        try:
            value = int(str(self._value(key)))
        except ValueError:
            return default
        return value if low <= value <= high else default

    def state(self, key: str) -> QByteArray:
        """Return what a widget of Qt said about itself; empty if there is nothing."""
        value = self._value(key)
        return value if isinstance(value, QByteArray) else QByteArray()

    def put(self, key: str, value: str | bool | int | QByteArray) -> None:
        """Remember a value."""
        if isinstance(value, bool):
            value = "yes" if value else "no"
        if self._file is not None:
            self._file.setValue(key, value)
        else:
            self._values[key] = value

    def forget(self) -> None:
        """Forget everything."""
        self._values.clear()
        if self._file is not None:
            self._file.clear()
        self.recent_changed.emit()

    def _value(self, key: str) -> object:
        return self._values.get(key) if self._file is None else self._file.value(key)

    # Recent files

    @property
    def recent(self) -> list[str]:
        """Return the files and bundled names that were opened, newest first."""
        return [line for line in self.text("recent", "").split("\n") if line]

    def add_recent(self, name: str) -> None:
        """Put a file or bundled name to the top of the list."""
        if "\n" in name:
            return
        names = [name, *(other for other in self.recent if other != name)]
        self._put_recent(names[:MOST_RECENT])

    def drop_recent(self, name: str) -> None:
        """Take a file that is gone from the list."""
        self._put_recent([other for other in self.recent if other != name])

    def clear_recent(self) -> None:
        """Empty the list."""
        self._put_recent([])

    def _put_recent(self, names: list[str]) -> None:
        self.put("recent", "\n".join(names))
        self.recent_changed.emit()
