"""Faults by hand: the menu Faults, the menus of hosts and VMs, and the keys.

A part of `gui.wiring`, apart because faults have menus of their own. What can happen at the
playhead is listed by `gui.models.fault_choices`; `gui.session` makes it so.
"""

from collections.abc import Iterable

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QMenu

from gui.main_window import MainWindow
from gui.models.fault_choices import FaultChoice, host_faults, migration_under_way, vm_faults
from gui.player import Player
from gui.session import Session
from gui.style.theme import ui_font


class FaultMenus(QObject):
    """Offers the faults that can happen at the playhead."""

    def __init__(self, window: MainWindow, player: Player, session: Session) -> None:
        """Connect menus and keys."""
        super().__init__(window)
        self._window, self._player, self._session = window, player, session
        a = window.actions_by_name
        for action, handler in (
            (a.link_fault, lambda: self._on_key(far=False, number=0)),
            (a.host_fault, lambda: self._on_key(far=False, number=1)),
            (a.far_link_fault, lambda: self._on_key(far=True, number=0)),
            (a.far_host_fault, lambda: self._on_key(far=True, number=1)),
            (a.cancel_fault, lambda: self._on_vm_key(0)),
            (a.announcement_fault, lambda: self._on_vm_key(1)),
        ):
            action.triggered.connect(lambda checked=False, handler=handler: handler())
        window.faults.aboutToShow.connect(self._fill_menu_bar)
        window.pool.host_menu_requested.connect(self._popup_host)

    def add_to(self, menu: QMenu, vm: str) -> None:
        """Add the faults of a VM, and of every host, to the menu of the VM."""
        history = self._session.history
        if history is None or not vm:
            return
        if menu.actions():
            menu.addSeparator()
        self._add(menu, vm_faults(history, self._player.t_ns, vm))
        hosts = menu.addMenu("Faults of hosts")
        hosts.setFont(ui_font(13))
        self._add_hosts(hosts)

    def _fill_menu_bar(self) -> None:
        menu, history = self._window.faults, self._session.history
        menu.clear()
        menu.setFont(ui_font(13))
        if history is None:
            return
        selected = self._session.selected
        if selected:
            self._add(menu, vm_faults(history, self._player.t_ns, selected))
            menu.addSeparator()
        self._add_hosts(menu)

    def _add_hosts(self, menu: QMenu) -> None:
        history = self._session.history
        assert history is not None
        for host in history.spec.hosts:
            self._add(menu, host_faults(history, self._player.t_ns, host.name))
            menu.addSeparator()

    def _popup_host(self, host: str, position: QPoint) -> None:
        history = self._session.history
        if history is None:
            return
        menu = QMenu(self._window)
        menu.setFont(ui_font(13))
        menu.setAccessibleName(f"Faults of {host}")
        self._add(menu, host_faults(history, self._player.t_ns, host))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(position)

    def _add(self, menu: QMenu, choices: Iterable[FaultChoice]) -> None:
        for choice in choices:
            text = f"{choice.text}  ({choice.why_not})" if choice.why_not else choice.text
            action = menu.addAction(text.replace("&", "&&"))
            action.setEnabled(not choice.why_not)
            action.triggered.connect(lambda checked=False, choice=choice: self._make(choice))

    def _make(self, choice: FaultChoice) -> None:
        if choice.why_not:
            self._window.error_notice.show_lines(
                "That cannot happen now", [f"{choice.text}: {choice.why_not}."]
            )
            return
        self._session.fault(choice.kind, choice.on)

    def _on_vm_key(self, number: int) -> None:
        history, vm = self._session.history, self._session.selected
        if history is not None and vm:
            self._make(vm_faults(history, self._player.t_ns, vm)[number])

    def _on_key(self, *, far: bool, number: int) -> None:
        """Make a fault of the host where the selected VM is, or of that to which it moves."""
        history, vm, t_ns = self._session.history, self._session.selected, self._player.t_ns
        if history is None or not vm:
            return
        host, under_way = history.vm(vm).placement_at(t_ns).host, None
        if far:
            under_way = migration_under_way(history, t_ns, vm)
            if under_way is None:
                self._window.error_notice.show_lines(
                    "That cannot happen now", [f"No migration of {vm} is under way."]
                )
                return
            ends = (under_way.source, under_way.destination)
            host = ends[0] if host == ends[1] else ends[1]
        self._make(host_faults(history, t_ns, host)[number])
