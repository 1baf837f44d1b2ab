"""The actions of the window, made from their table, and the menus that offer them.

The actions do nothing by themselves; `gui.wiring` connects them.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QComboBox,
    QMenu,
    QMenuBar,
    QWidget,
)

from gui.action_table import TABLE, ActionRow


class Actions:
    """Every action by its name, as an attribute: `actions.next_round`."""

    def __init__(self, actions: Mapping[str, QAction]) -> None:
        """Take the actions in the order of the table."""
        self._actions = dict(actions)

    def __getattr__(self, name: str) -> QAction:
        """Return an action by its name in the table."""
        try:
            return self.__dict__["_actions"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(f"no action is called {name!r}") from None

    def all(self) -> list[QAction]:
        """Return the actions in the order of the key sheet."""
        return list(self._actions.values())

    def rows(self) -> list[tuple[ActionRow, QAction]]:
        """Return every action with its row of the table."""
        return [(row, self._actions[row.name]) for row in TABLE]


class Menus(Struct, frozen=True):
    """The menus that are filled by what is open.

    Attributes:
        destinations: Hosts that the selected VM may move to.
        faults: What can break at the playhead.
        recent: Files that were open.
    """

    destinations: QMenu
    faults: QMenu
    recent: QMenu


def build_actions(window: QWidget) -> Actions:
    """Return the actions, with their keys live in the window."""
    made = {}
    for row in TABLE:
        action = QAction(row.text, window)
        action.setObjectName(row.name)
        action.setShortcuts([QKeySequence(key) for key in row.keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        # Stepping repeats while a key is held; anything else happens once.
        action.setAutoRepeat(row.repeats)
        action.setCheckable(row.switch)
        action.setStatusTip(row.help)
        window.addAction(action)
        made[row.name] = action
    return Actions(made)


_TITLES: Final = ("&File", "&Edit", "&Run", "&VM", "F&aults", "Vie&w", "&Lessons", "&Help")


def fill_menus(bar: QMenuBar, actions: Actions) -> Menus:
    """Put the actions into the menus; return those that are filled by what is open."""
    made = {title.replace("&", ""): bar.addMenu(title) for title in _TITLES}
    destinations = made["VM"].addMenu("Migrate to")
    groups: dict[str, str] = {}
    for row, action in actions.rows():
        if not row.menu:
            continue
        menu = _menu(made, row.menu)
        if groups.get(row.menu, row.group) != row.group:
            menu.addSeparator()
        groups[row.menu] = row.group
        menu.addAction(action)
    recent = QMenu("Open recent", made["File"])
    made["File"].insertMenu(actions.open_share_code, recent)
    return Menus(destinations, made["Faults"], recent)


def _menu(made: dict[str, QMenu], path: str) -> QMenu:
    """Return the menu of a path; it and those above it are made when they are first named."""
    if path not in made:
        above, _, title = path.rpartition("/")
        made[path] = _menu(made, above).addMenu(title)
    return made[path]


_KEYS_OF_WIDGETS: tuple[tuple[type[QWidget], frozenset[Qt.Key]], ...] = (
    (QAbstractButton, frozenset({Qt.Key.Key_Space})),
    (
        QAbstractSlider,
        frozenset(
            {
                Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
                Qt.Key.Key_Home, Qt.Key.Key_End,
            }
        ),
    ),
    (QComboBox, frozenset({Qt.Key.Key_Space, Qt.Key.Key_Home, Qt.Key.Key_End})),
    (QAbstractItemView, frozenset({Qt.Key.Key_Home, Qt.Key.Key_End})),
)


class KeyKeeper(QObject):
    """Leaves a focused control the keys that it needs itself; text fields do so by themselves.

    Without it Space would play while the focus is on a button, and no button could be pressed
    from the keyboard.
    """

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take a shortcut back for the widget that has the focus."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() in (
                Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier
            )
            for kind, keys in _KEYS_OF_WIDGETS:
                if plain and isinstance(watched, kind) and Qt.Key(event.key()) in keys:
                    event.accept()
                    return True
        return False
