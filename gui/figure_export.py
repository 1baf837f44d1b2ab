"""Exports what is on screen as a figure: drawn by `migrascope shot` in a process of its own.

So a figure from the window has the same bytes as one from the command line, and carries the
scenario with all edits.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment
from PySide6.QtGui import QGuiApplication
from shiboken6 import isValid

from gui.look_names import MAIN_VIEWS
from gui.main_window import MainWindow
from gui.player import Player
from gui.session import Session

if TYPE_CHECKING:
    from gui.dialogs.figure import FigureDialog

ROOT: Final = Path(__file__).resolve().parent.parent
Done = Callable[[bool, str, str], None]
"""Called with whether it worked, what was printed, and what was complained of."""


class FigureExport(QObject):
    """Opens the dialog and draws, one picture at a time; the newest preview wins."""

    def __init__(self, window: MainWindow, player: Player, session: Session) -> None:
        """Connect the action."""
        super().__init__(window)
        self._window, self._player, self._session = window, player, session
        self.dialog: FigureDialog | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: QProcess | None = None
        self._again = False
        window.actions_by_name.export_picture.triggered.connect(
            lambda checked=False: self.ask()
        )
        window.closed.connect(self._end)

    @property
    def busy(self) -> bool:
        """Return whether a picture is being drawn."""
        return self._process is not None

    def ask(self) -> None:
        """Open the dialog on the instant that is shown; of a recording a plain picture is kept."""
        self._player.pause()
        if self._session.scenario is None:
            self._save_grab()
            return
        if self.dialog is not None:
            self.dialog.raise_()
            return
        from gui.dialogs.figure import FigureDialog

        self._folder = tempfile.TemporaryDirectory(prefix="figure-")
        views = [*MAIN_VIEWS, *self._window.plots.kinds]
        self.dialog = FigureDialog(views, self._window.theme.name, self._window)
        self.dialog.changed.connect(self._preview)
        self.dialog.save_wanted.connect(self._save)
        self.dialog.cite_wanted.connect(self._cite)
        self.dialog.finished.connect(self._end)
        self.dialog.show()
        self._preview()

    def _preview(self) -> None:
        if self.dialog is None or self._folder is None:
            return
        if self.busy:
            self._again = True
            return
        path, view = Path(self._folder.name) / "preview.png", self.dialog.view.currentText()

        def done(fine: bool, out: str, fault: str) -> None:
            if self.dialog is None:
                return
            if fine:
                self.dialog.show_preview(path)
                self.dialog.offer_parts(view, out.splitlines())
            self.dialog.say("" if fine else fault)
            if self._again:
                self._again = False
                self._preview()

        self._draw(path, [*self.dialog.arguments, "--parts"], done)

    def _save(self, name: str) -> None:
        if self.dialog is None or self._waits(lambda: self._save(name)):
            return
        path = Path(name)

        def done(fine: bool, out: str, fault: str) -> None:
            if self.dialog is not None:
                self.dialog.say(f"Saved: {path.name}" if fine else fault)

        self._draw(path, self.dialog.arguments, done)

    def _cite(self) -> None:
        if self.dialog is None or self._folder is None or self._waits(self._cite):
            return

        def done(fine: bool, out: str, fault: str) -> None:
            if fine:
                QGuiApplication.clipboard().setText(out)
            if self.dialog is not None:
                self.dialog.say("The citation is copied." if fine else fault)

        path = Path(self._folder.name) / "cited.png"
        self._draw(path, [*self.dialog.arguments, "--cite"], done)

    def _waits(self, wish: Callable[[], None]) -> bool:
        """Meet a wish once the picture under way is done; return whether it has to wait."""
        if self._process is None:
            return False
        self._process.finished.connect(lambda code, status: wish())
        return True

    def _draw(self, path: Path, arguments: list[str], done: Done) -> None:
        """Draw into a file and tell what came of it."""
        from engine.scenario_text import scenario_text

        scenario = self._session.scenario
        assert scenario is not None and self.dialog is not None and self._folder is not None
        name = scenario.name.removesuffix(".toml").replace("/", "-") or "scenario"
        kept = Path(self._folder.name) / f"{name}.toml"
        kept.write_text(scenario_text(scenario.document), encoding="utf-8")
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        places = [str(ROOT), *filter(None, [environment.value("PYTHONPATH", "")])]
        environment.insert("PYTHONPATH", os.pathsep.join(places))
        process.setProcessEnvironment(environment)
        self._process = process
        self.dialog.set_busy(True)

        def finished(code: int, status: QProcess.ExitStatus) -> None:
            if not isValid(process):  # the window has gone meanwhile
                return
            self._process = None
            out = bytes(process.readAllStandardOutput().data()).decode("utf-8", "replace")
            fault = bytes(process.readAllStandardError().data()).decode("utf-8", "replace")
            process.deleteLater()
            if self.dialog is not None:
                self.dialog.set_busy(False)
            done(code == 0, out, " ".join(fault.split()))

        process.finished.connect(finished)
        at, vm = f"{self._player.t_ns} ns", self._session.selected
        process.start(
            sys.executable,
            ["-m", "gui", "shot", str(kept), "--at", at, "--vm", vm, *arguments, "-o", str(path)],
        )

    def _save_grab(self) -> None:
        """Keep the window as it is: a recording is no scenario that could be drawn again."""
        from PySide6.QtWidgets import QFileDialog

        picture = self._window.grab()
        name, _ = QFileDialog.getSaveFileName(
            self._window, "Export picture", "migrascope.png", "Pictures (*.png)"
        )
        if name and not picture.save(name):
            self._window.error_notice.show_lines(
                "That does not work", [f"{name} cannot be written; choose another folder."]
            )

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.blockSignals(True)
            process.kill()
            process.waitForFinished(2000)
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.deleteLater()
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()
