"""Files: recent ones, saving what is on screen, share codes, and work kept against a crash.

A part of `gui.wiring`; opening itself is in `gui.opening`.
"""

from pathlib import Path

from PySide6.QtCore import QIODevice, QObject, QSaveFile
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from engine.errors import ScenarioError
from engine.scenario import BUNDLED, Scenario, load_scenario, scenario_from_document
from engine.scenario_paths import Document
from engine.scenario_text import (
    is_share_code,
    scenario_of_share_code,
    scenario_text,
    share_code,
)
from gui.branching import Branching
from gui.keeping import Keeper, Kept, discard, left_behind
from gui.main_window import MainWindow
from gui.opening import Opening
from gui.session import RECORDING_LOCKED, Session
from gui.settings import Settings

RESTORED = "unsaved work"
FILTER = "Scenarios (*.toml)"


class Files(QObject):
    """Saves, shares and remembers.

    Args:
        tree: Tells what is on screen as a file keeps it, branches and notes included.
        keep_in: Folder for work that is kept against a crash; None: nothing is kept.
    """

    def __init__(
        self,
        window: MainWindow,
        session: Session,
        opening: Opening,
        settings: Settings,
        *,
        tree: Branching,
        keep_in: Path | None = None,
    ) -> None:
        super().__init__(window)
        self._window, self._session, self._opening = window, session, opening
        self._settings, self._tree, self._folder = settings, tree, keep_in
        self._keeper: Keeper | None = None
        if keep_in is not None:
            self._keeper = Keeper(keep_in, self._unsaved, self)
            self._keeper.failed.connect(window.show_notice)
            session.scenario_changed.connect(self._keeper.touch)
            tree.changed.connect(self._keeper.touch)
            window.closed.connect(self._keeper.close)
        session.aside_changed.connect(self._on_aside_changed)
        opening.opened.connect(self._on_opened)
        opening.refused.connect(settings.drop_recent)
        self._saved: Document | None = None
        self._aside: str | None = None
        self._saved_aside: Document | None = None
        a = window.actions_by_name
        for action, handler in (
            (a.save_scenario, self.save),
            (a.copy_share_code, self.copy_share_code),
            (a.open_share_code, self.open_share_code),
        ):
            action.triggered.connect(lambda checked=False, handler=handler: handler())
        window.recent.aboutToShow.connect(self._fill_recent)
        self._fill_recent()

    # Saving

    def save(self) -> None:
        """Ask for a file, and save what is on screen as a scenario."""
        document = self._what_to_keep()
        scenario = self._session.scenario
        if document is None or scenario is None:
            return
        proposed = f"{Path(scenario.name).stem or 'scenario'}.toml"
        name, _ = QFileDialog.getSaveFileName(self._window, "Save scenario", proposed, FILTER)
        if name:
            self.save_to(Path(name), document)

    def save_to(self, path: Path, document: Document) -> bool:
        """Save a document; the old file stays until the new one is whole.

        Returns:
            Whether it is saved; if not, the window says why.
        """
        if not path.suffix:
            path = path.with_suffix(".toml")
        file = QSaveFile(str(path))
        data = scenario_text(document).encode()
        opened = file.open(QIODevice.OpenModeFlag.WriteOnly)
        if not opened or file.write(data) != len(data) or not file.commit():
            why = file.errorString().rstrip(".")
            self._window.error_notice.show_lines(
                f"{path.name} cannot be written", [f"{why}; choose another folder."]
            )
            return False
        self._saved = document
        self._settings.add_recent(str(path.absolute()))
        self._window.show_notice(f"Saved as {path.name}")
        if self._keeper is not None:
            self._keeper.keep()
        return True

    def copy_share_code(self) -> None:
        """Put what is on screen onto the clipboard as a share code."""
        document = self._what_to_keep()
        if document is None:
            return
        code = share_code(document)
        QGuiApplication.clipboard().setText(code)
        self._window.show_notice(f"Share code copied: {len(code):,} characters; paste it anywhere")

    def open_share_code(self) -> None:
        """Open the share code on the clipboard, or ask for one."""
        text = QGuiApplication.clipboard().text()
        if is_share_code(text):
            try:
                self._opening.show_opened(scenario_of_share_code(text))
                return
            except ScenarioError:
                pass  # the page shows what is wrong with it
        from gui.dialogs.share_code import PasteShareCode

        page = PasteShareCode(text if is_share_code(text) else "", self._window)
        page.scenario_wanted.connect(self._opening.show_opened)
        page.finished.connect(page.deleteLater)
        page.open()

    def _what_to_keep(self) -> Document | None:
        try:
            document = self._tree.document()
        except ScenarioError as error:
            self._window.error_notice.show_lines("It cannot be saved", error.faults)
            return None
        if document is None:
            self._window.error_notice.show_lines("It cannot be saved", [RECORDING_LOCKED])
        return document

    # Work kept against a crash

    def offer_left_behind(self) -> bool:
        """Offer work of a program that ended unasked; return whether there is any."""
        found = [
            (kept, title)
            for kept in (left_behind(self._folder) if self._folder is not None else [])
            if (title := _title_of(kept)) is not None
        ]
        if not found:
            return False
        from gui.dialogs.restore_work import RestoreWork

        page = RestoreWork(found, self._window)
        page.restore_wanted.connect(self._on_restore)
        page.discard_wanted.connect(discard)
        page.finished.connect(page.deleteLater)
        page.open()
        return True

    def _on_restore(self, kept: Kept) -> None:
        scenario = load_scenario(kept.path)
        restored = scenario_from_document(scenario.document, RESTORED)

        def forget() -> None:
            self._saved = None
            if self._keeper is not None:
                self._keeper.touch()
            discard(kept)

        self._opening.show_opened(restored, then=forget)

    def _on_aside_changed(self, what: str) -> None:
        """Keep what waits during a lesson, and not what is tried in the lesson."""
        if what == "about to":
            self._aside = self._unsaved() if self._keeper is not None else ""
            self._saved_aside = self._saved
        elif what != "aside":
            self._aside = None
        if what == "back":
            self._saved = self._saved_aside  # a lesson's scenario may have been saved meanwhile

    def _unsaved(self) -> str:
        """Return the text of what is open if it, or a future of it, was edited and not saved."""
        if self._aside is not None:
            return self._aside
        session = self._session
        scenario = session.scenario
        edited = scenario is not None and (
            scenario is not session.original
            or scenario.name == RESTORED
            or self._tree.differs_from_file
        )
        if not edited:
            return ""
        document = self._tree.document(all_of_them=False)
        return "" if document is None or document == self._saved else scenario_text(document)

    # Recent files

    def _on_opened(self, names: list[str]) -> None:
        if len(names) == 1:
            self._settings.add_recent(names[0])

    def _fill_recent(self) -> None:
        menu = self._window.recent
        menu.clear()
        for index, name in enumerate(self._settings.recent, start=1):
            text = name if _is_bundled(name) else f"{Path(name).name}   {Path(name).parent}"
            action = menu.addAction(f"&{index % 10}  {text.replace('&', '&&')}")
            action.triggered.connect(
                lambda checked=False, name=name: self._opening.open_path(
                    name if _is_bundled(name) else Path(name)
                )
            )
        if menu.isEmpty():
            menu.addAction("Nothing yet").setEnabled(False)
            return
        menu.addSeparator()
        menu.addAction("Forget them").triggered.connect(
            lambda checked=False: self._settings.clear_recent()
        )


def _is_bundled(name: str) -> bool:
    return "/" not in name and "\\" not in name and (BUNDLED / f"{name}.toml").is_file()


def _title_of(kept: Kept) -> str | None:
    """Return the title of kept work; None if the file is no scenario any more."""
    try:
        scenario: Scenario = load_scenario(kept.path)
    except ScenarioError:
        return None
    return scenario.spec.title or kept.path.stem
