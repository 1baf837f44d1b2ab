"""Connects the actions of the plots: zoom, selection, scale, and the table behind a plot."""

from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit

from gui.main_window import MainWindow
from gui.models.key_words import keys_text
from gui.models.plot_rows import PlotTable
from gui.player import Player

IN_FACTOR: Final = 0.5


class PlotCommands(QObject):
    """What the keys and the menu do with the plots of a window."""

    def __init__(self, window: MainWindow, player: Player) -> None:
        """Connect the actions."""
        super().__init__(window)
        self._window, self._player = window, player
        a, plots = window.actions_by_name, window.plots
        for action, handler in (
            (a.zoom_switchover, plots.toggle_switchover),
            (a.plots_whole, plots.show_whole_run),
            (a.plots_in, lambda: plots.zoom_at_playhead(IN_FACTOR)),
            (a.plots_out, lambda: plots.zoom_at_playhead(1 / IN_FACTOR)),
            (a.log_scale, plots.strip.log.toggle),
            (a.mark_start, plots.mark_start),
            (a.mark_end, plots.mark_end),
            (a.clear_selection, plots.clear_selection),
            (a.plot_table, plots.request_table),
        ):
            # `triggered` carries whether the action is checked, which nobody here takes.
            action.triggered.connect(lambda checked=False, handler=handler: handler())
        strip = plots.strip
        for button, named in (
            (strip.switchover, a.zoom_switchover), (strip.whole, a.plots_whole),
            (strip.log, a.log_scale), (strip.table, a.plot_table),
        ):  # fmt: skip
            button.setToolTip(f"{button.toolTip()} ({keys_text(named)})")
        plots.table_requested.connect(self._on_table_requested)
        for watched in (window, window.canvas):  # scaled, the content is no child of the window
            watched.installEventFilter(self)

    def _on_table_requested(self, table: PlotTable) -> None:
        self._player.pause()
        from gui.dialogs.plot_table import PlotTableDialog

        dialog = PlotTableDialog(table, self._window.theme, self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _esc_is_taken(self) -> bool:
        """Return whether Esc is for something else than the selection."""
        return (
            self._window.plots.selection is None
            or self._window.error_notice.isVisible()
            or QApplication.mouseButtons() != Qt.MouseButton.NoButton
            or isinstance(QApplication.focusWidget(), QLineEdit)
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Leave Esc to a notice, a field or a drag; without a selection, to anything."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape and self._esc_is_taken():
                event.accept()
                return True
        return False
