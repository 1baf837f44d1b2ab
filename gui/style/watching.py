"""Watchers of every event of the application, and a way to do without them for a moment.

Each event of each widget goes through such a watcher in Python. A new style sheet sends several to
every widget: with two watchers it takes more than twice as long.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QCoreApplication, QObject
from shiboken6 import isValid

_watchers: list[QObject] = []


def watch_application(watcher: QObject) -> None:
    """Let an object filter every event of the application."""
    application = QCoreApplication.instance()
    assert application is not None
    if watcher not in _watchers:
        _watchers.append(watcher)
    application.installEventFilter(watcher)


def unwatch_application(watcher: QObject) -> None:
    """Let it filter none any more; nothing happens if it does not."""
    if watcher in _watchers:
        _watchers.remove(watcher)
    application = QCoreApplication.instance()
    if application is not None and isValid(watcher):
        application.removeEventFilter(watcher)


@contextmanager
def unwatched() -> Iterator[None]:
    """Do without watchers for a moment, for work that no watcher wants to hear of."""
    _watchers[:] = [watcher for watcher in _watchers if isValid(watcher)]
    application, away = QCoreApplication.instance(), list(_watchers)
    if application is not None:
        for watcher in away:
            application.removeEventFilter(watcher)
    try:
        yield
    finally:
        if application is not None:
            for watcher in away:  # each one comes before those that were there
                if watcher in _watchers and isValid(watcher):
                    application.installEventFilter(watcher)
