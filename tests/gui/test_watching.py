"""Watchers of the whole application, and new style sheets that they hear nothing of."""

import pytest
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget
from shiboken6 import delete

from gui.style.style_sheet import dress
from gui.style.watching import unwatch_application, unwatched, watch_application


class Watcher(QObject):
    """Counts what it hears of."""

    def __init__(self, name: str, heard: list[str]) -> None:
        super().__init__()
        self._name, self._heard = name, heard

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note who heard it."""
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.User):
            self._heard.append(self._name)
        return False


@pytest.fixture
def watchers(qapp):
    """Two watchers and what they have heard."""
    heard: list[str] = []
    pair = [Watcher("first", heard), Watcher("second", heard)]
    for watcher in pair:
        watch_application(watcher)
    yield pair, heard
    for watcher in pair:
        unwatch_application(watcher)


def send() -> None:
    QApplication.sendEvent(QApplication.instance(), QEvent(QEvent.Type.User))


def test_a_new_style_sheet_goes_by_no_watcher_and_they_are_back_in_their_order(watchers, qtbot):
    _, heard = watchers
    window = QWidget()
    qtbot.addWidget(window)
    layout = QVBoxLayout(window)
    for i in range(3):
        layout.addWidget(QLabel(str(i)))
    window.show()
    heard.clear()
    window.setStyleSheet("QLabel { color: red; }")
    assert heard
    heard.clear()
    dress(window, "QLabel { color: blue; }")
    assert not heard
    send()
    assert heard == ["second", "first"]  # as Qt asks them: the newest first


def test_what_goes_meanwhile_does_not_come_back(watchers):
    (first, second), heard = watchers
    with unwatched():
        unwatch_application(first)
        send()
    assert heard == []
    send()
    assert heard == ["second"]
    with unwatched():
        unwatch_application(second)
        delete(second)
    send()
    assert heard == ["second"]


def test_watching_twice_is_watching_once(watchers):
    (first, _), heard = watchers
    watch_application(first)
    send()
    assert sorted(heard) == ["first", "second"]
