"""The actions of the window: one table of texts and keys for menus, buttons and the key sheet.

The actions do nothing by themselves; `gui.wiring` connects them.
"""

from dataclasses import dataclass, fields

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

_TABLE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("scenarios", "Scenarios…", ("Ctrl+Shift+O",)),
    ("open_file", "Open a file…", ("Ctrl+O",)),
    ("save_scenario", "Save as a scenario…", ("Ctrl+S",)),
    ("copy_share_code", "Copy a share code", ("Ctrl+Shift+C",)),
    ("open_share_code", "Open a share code…", ("Ctrl+V", "Ctrl+Shift+V")),
    ("beside", "Simulate beside the recording", ("B",)),
    ("twin_values", "Values of the simulated twin…", ("Shift+B",)),
    ("attach", "Attach to QEMU…", ("Ctrl+Alt+A",)),
    ("live_start", "Live: start the migration…", ("Ctrl+Alt+S",)),
    ("live_cancel", "Live: cancel the migration…", ("Ctrl+Alt+C",)),
    ("live_bandwidth", "Live: bandwidth…", ("Ctrl+Alt+B",)),
    ("live_downtime", "Live: downtime limit…", ("Ctrl+Alt+W",)),
    ("live_postcopy", "Live: start post-copy…", ("Ctrl+Alt+P",)),
    ("live_show", "Live: show the recording", ("Ctrl+Alt+V",)),
    ("save_recording", "Live: save the recording as…", ("Ctrl+Alt+R",)),
    ("detach", "Live: detach", ("Ctrl+Alt+Q",)),
    ("export_picture", "Export picture…", ("Ctrl+E",)),
    ("quit", "Quit", ("Ctrl+Q",)),
    ("undo", "Undo", ("Ctrl+Z",)),
    ("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y")),
    ("reset", "Reset", ("R",)),
    ("why", "Why?", ("Y",)),
    ("play", "Play or pause", ("Space", ".")),
    ("step_forward", "Step forward 20 ms", ("Right",)),
    ("step_back", "Step back 20 ms", ("Left",)),
    ("next_event", "Next event", ("Shift+Right",)),
    ("previous_event", "Previous event", ("Shift+Left",)),
    ("next_round", "Next round", ("PgDown",)),
    ("previous_round", "Previous round", ("PgUp",)),
    ("to_start", "To the start", ("Home",)),
    ("to_end", "To the end", ("End",)),
    ("faster", "Faster", ("+", "=")),
    ("slower", "Slower", ("-",)),
    ("parameters", "Parameters of the policy…", ("Shift+P",)),
    ("slow_motion", "Slow motion at switchovers", ("S",)),
    ("migrate", "Migrate…", ("M",)),
    ("link_fault", "Link of the VM's host fails or mends", ("Shift+L",)),
    ("host_fault", "The VM's host dies", ("Shift+D",)),
    ("far_link_fault", "Link of the other host fails or mends", ("Ctrl+Shift+L",)),
    ("far_host_fault", "The other host dies", ("Ctrl+Shift+D",)),
    ("cancel_fault", "Cancel the VM's migration", ("Shift+C",)),
    ("announcement_fault", "Lose the VM's next announcement", ("Shift+A",)),
    ("zoom_switchover", "Zoom the plots to the switchover, or back", ("Z",)),
    ("plots_whole", "Plots: the whole run", ("Shift+Z",)),
    ("plots_in", "Zoom into the plots", ("Ctrl+Up",)),
    ("plots_out", "Zoom out of the plots", ("Ctrl+Down",)),
    ("log_scale", "Plots: logarithmic scale", ("L",)),
    ("mark_start", "Select from the playhead on", ("[",)),
    ("mark_end", "Select up to the playhead", ("]",)),
    ("clear_selection", "Clear the selection", ("Esc",)),
    ("plot_table", "Plot as a table…", ("Ctrl+T",)),
    ("reproduce", "Published figures…", ("P",)),
    ("working_set", "Working set, outlined", ("W",)),
    ("page_colors", "Colours of pages: the next quantity", ("C",)),
    ("go_to_page", "Go to a page and follow it…", ("G",)),
    ("pages_in", "Zoom into the memory", ("Ctrl++", "Ctrl+=")),
    ("pages_out", "Zoom out of the memory", ("Ctrl+-",)),
    ("pages_whole", "Show all of the memory", ("Ctrl+0",)),
    ("theme", "Light or dark", ("T",)),
    ("full_screen", "Full screen", ("F11",)),
    ("keys", "Keys", ("?", "F1")),
)

_SWITCHES = frozenset({"slow_motion"})
"""Actions that are on or off."""


@dataclass(frozen=True)
class Actions:
    """Every action by its name."""

    scenarios: QAction
    open_file: QAction
    save_scenario: QAction
    copy_share_code: QAction
    open_share_code: QAction
    beside: QAction
    twin_values: QAction
    attach: QAction
    live_start: QAction
    live_cancel: QAction
    live_bandwidth: QAction
    live_downtime: QAction
    live_postcopy: QAction
    live_show: QAction
    save_recording: QAction
    detach: QAction
    export_picture: QAction
    quit: QAction
    undo: QAction
    redo: QAction
    reset: QAction
    why: QAction
    play: QAction
    step_forward: QAction
    step_back: QAction
    next_event: QAction
    previous_event: QAction
    next_round: QAction
    previous_round: QAction
    to_start: QAction
    to_end: QAction
    faster: QAction
    slower: QAction
    parameters: QAction
    slow_motion: QAction
    migrate: QAction
    link_fault: QAction
    host_fault: QAction
    far_link_fault: QAction
    far_host_fault: QAction
    cancel_fault: QAction
    announcement_fault: QAction
    zoom_switchover: QAction
    plots_whole: QAction
    plots_in: QAction
    plots_out: QAction
    log_scale: QAction
    mark_start: QAction
    mark_end: QAction
    clear_selection: QAction
    plot_table: QAction
    reproduce: QAction
    working_set: QAction
    page_colors: QAction
    go_to_page: QAction
    pages_in: QAction
    pages_out: QAction
    pages_whole: QAction
    theme: QAction
    full_screen: QAction
    keys: QAction

    def all(self) -> list[QAction]:
        """Return the actions in the order of the key sheet."""
        return [getattr(self, field.name) for field in fields(self)]


def build_actions(window: QWidget) -> Actions:
    """Return the actions, with their keys live in the window."""
    made = {}
    for name, text, keys in _TABLE:
        action = QAction(text, window)
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        # Stepping repeats while a key is held; anything else happens once.
        action.setAutoRepeat(name.startswith(("step", "next", "previous")))
        action.setCheckable(name in _SWITCHES)
        window.addAction(action)
        made[name] = action
    return Actions(**made)


def fill_menus(bar: QMenuBar, actions: Actions) -> tuple[QMenu, QMenu, QMenu]:
    """Put the actions into the menus; return those of destinations, faults and recent files."""
    a = actions
    separator = None
    menus: tuple[tuple[str, tuple[QAction | None, ...]], ...] = (
        ("&Edit", (a.undo, a.redo, a.reset)),
        (
            "&Run",
            (
                a.play, separator, a.step_forward, a.step_back, a.next_event, a.previous_event,
                a.next_round, a.previous_round, a.to_start, a.to_end, separator, a.faster,
                a.slower, a.slow_motion,
            ),
        ),
    )
    files = bar.addMenu("&File")
    _fill(files, (a.scenarios, a.open_file))
    recent = files.addMenu("Open recent")
    opening = (
        a.open_share_code, separator, a.save_scenario, a.copy_share_code, separator, a.beside,
        a.twin_values, separator, a.attach, separator, a.export_picture, separator, a.quit,
    )
    _fill(files, opening)
    for title, entries in menus:
        _fill(bar.addMenu(title), entries)
    vm_menu = bar.addMenu("&VM")
    destinations = vm_menu.addMenu("Migrate to")
    vm_menu.addAction(a.migrate)
    vm_menu.addAction(a.parameters)
    live = (
        a.attach, separator, a.live_start, a.live_cancel, a.live_bandwidth, a.live_downtime,
        a.live_postcopy, separator, a.live_show, a.save_recording, a.detach,
    )
    _fill(vm_menu.addMenu("Running QEMU"), live)
    faults = bar.addMenu("F&aults")
    pages = (
        a.working_set, a.page_colors, a.go_to_page, a.pages_in, a.pages_out, a.pages_whole,
    )
    plots = (
        a.zoom_switchover, a.plots_whole, a.plots_in, a.plots_out, separator, a.log_scale,
        a.plot_table, separator, a.mark_start, a.mark_end, a.clear_selection,
    )
    view = bar.addMenu("Vie&w")
    _fill(view, (*pages, separator))
    _fill(view.addMenu("Plots"), plots)
    _fill(view, (separator, a.theme, a.full_screen))
    _fill(bar.addMenu("&Help"), (a.why, a.reproduce, a.keys))
    return destinations, faults, recent


def _fill(menu: QMenu, entries: tuple[QAction | None, ...]) -> None:
    for action in entries:
        if action is None:
            menu.addSeparator()
        else:
            menu.addAction(action)


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
