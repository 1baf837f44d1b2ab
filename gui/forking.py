"""Connects the tree of futures with its panel and the window's words about it."""

from PySide6.QtCore import QObject

from gui.branching import Branching, Node
from gui.main_window import MainWindow
from gui.session import Session


class Forking(QObject):
    """Shows the tree, and does what is asked of it.

    Attributes:
        tree: The futures.
    """

    def __init__(self, window: MainWindow, session: Session) -> None:
        """Connect panel, action and notice."""
        super().__init__(window)
        self._window, self._session = window, session
        self.tree = Branching(session, self)
        self._panel = window.branches
        action = window.actions_by_name.branches
        action.toggled.connect(self._on_toggled)
        self.tree.changed.connect(self._show)
        self._panel.chosen.connect(self.tree.go_to)
        self._panel.renamed.connect(self._rename)
        self._panel.deleted.connect(self._delete)
        session.edited.connect(self._tell_kept)

    def _on_toggled(self, on: bool) -> None:
        self._panel.setVisible(on)
        if on:
            self._window.actions_by_name.panel_side.setChecked(True)
            self._show()
            self._panel.tree.setFocus()
        else:
            self._panel.show_futures((), None, ())  # it holds no runs while nobody looks at it
            self._window.setFocus()

    def _show(self) -> None:
        if not self._panel.isHidden() or not self.tree.nodes():
            self._panel.show_futures(self.tree.nodes(), self.tree.current, self.tree.depths())

    def _rename(self, node: Node, name: str) -> None:
        why = self.tree.rename(node, name)
        if why:
            self._window.error_notice.show_lines("It cannot be called that", [why])
        self._show()

    def _delete(self, node: Node) -> None:
        why = self.tree.delete(node)
        if why:
            self._window.error_notice.show_lines("It cannot be deleted", [why])

    def _tell_kept(self, sentence: str) -> None:
        """Say where the future went that was replaced."""
        current = self.tree.current
        if sentence.startswith("New future: ") and current is not None:
            if current.parent is not None and not sentence.startswith("New future: went to"):
                kept = f"the old one is kept as “{current.parent.name}” (Shift+T)"
                self._window.show_notice(f"{sentence}; {kept}")
