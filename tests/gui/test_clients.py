"""The client console by kind of client: spreadsheet, web, game, pings from the VM, and tabs."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from engine.client_figures import arrival_gaps_ns, outages_ns, web_rate
from engine.history import History
from engine.probes import Fate
from engine.scenario import Scenario, load_scenario
from engine.simulation import simulate
from engine.specs import FaultSpec, ProbeSpec
from gui.style.theme import DARK, LIGHT
from gui.views.console_view import ConsoleView
from gui.views.game_pane import GamePane
from gui.views.ping_pane import PingPane
from gui.views.replies import settled_ns
from gui.views.spreadsheet_view import (
    KEYS_PER_CELL,
    SpreadsheetView,
    cell_text,
    key_text,
    keys_text,
)
from gui.views.web_pane import WebPane

MS = 10**6
SECOND_NS = 10**9
TYPING = ProbeSpec(kind="typing", interval_ns=20 * MS, min_timeout_ns=50 * MS)
WEB = ProbeSpec(kind="web", rate_bps=400 * 10**6, clients=10, client_rate_bps=39 * 10**6)
GAME = ProbeSpec(kind="game", interval_ns=10 * MS)
FROM_VM = ProbeSpec(kind="ping", interval_ns=10 * MS, direction="from-vm")


def run_with(small: Scenario, *probes: ProbeSpec, **network: object) -> History:
    """Return the run of the small scenario with other clients."""
    spec = small.spec
    vm = spec.vms[0].model_copy(update={"probes": probes})
    lost = spec.network.model_copy(update={"to_old_port": "lost", **network})
    return simulate(spec.model_copy(update={"vms": (vm,), "network": lost}))


@pytest.fixture
def console(qtbot: QtBot) -> ConsoleView:
    widget = ConsoleView()
    qtbot.addWidget(widget)
    widget.resize(360, 170)
    widget.set_theme(DARK)
    return widget


def show(console: ConsoleView, history: History, t_ns: int) -> None:
    console.set_history(history, selected="cps")
    console.show_frame(history.frame_at(t_ns))


def sheet_of(console: ConsoleView) -> SpreadsheetView:
    assert isinstance(console.pane, SpreadsheetView)
    return console.pane


def stop_of(history: History) -> tuple[int, int]:
    move = history.migrations[0]
    assert move.suspended_ns is not None and move.reachable_ns is not None
    return move.suspended_ns, move.reachable_ns


def test_text_follows_from_the_number_of_the_key_alone() -> None:
    typed = [key_text(k) for k in range(5 * KEYS_PER_CELL)]

    assert "".join(typed[:4]) == cell_text(0)
    assert typed[4::KEYS_PER_CELL] == ["⇥", "⇥", "⇥", "⇥", "↵"]
    assert all(len(cell_text(c)) == 4 for c in range(2000))
    assert len({cell_text(c) for c in range(200)}) > 150


def test_cells_fill_as_echoes_come_back(console: ConsoleView, small: Scenario) -> None:
    history = run_with(small, TYPING)
    echo_ns = int(history.probes[0].sent_ns[6] + history.probes[0].rtt_ns[6])
    show(console, history, echo_ns - 1)
    before = sheet_of(console).text_of_cell(1)
    show(console, history, echo_ns)

    assert sheet_of(console).text_of_cell(0) == cell_text(0)
    assert (before, sheet_of(console).text_of_cell(1)) == (cell_text(1)[:1], cell_text(1)[:2])


def test_keys_wait_in_the_stop_and_appear_all_at_once(
    console: ConsoleView, small: Scenario
) -> None:
    history = run_with(small, TYPING)
    probe = history.probes[0]
    held = probe.fates == Fate.HELD
    back_ns = int((probe.sent_ns + probe.rtt_ns)[held].max())
    show(console, history, back_ns - 1)
    waiting, echoed = len(sheet_of(console).waiting), sheet_of(console).waiting.start
    show(console, history, back_ns)

    assert waiting >= int(held.sum()) > 1
    assert sheet_of(console).waiting.start >= echoed + int(held.sum())
    assert len(sheet_of(console).waiting) <= 1


def test_line_tells_the_longest_wait_and_that_none_is_lost(
    console: ConsoleView, small: Scenario
) -> None:
    history = run_with(small, TYPING)
    show(console, history, history.end_ns)
    status = sheet_of(console).status
    longest_ms = max(arrival_gaps_ns(history.probes[0])) / MS

    assert status[0].endswith("s ago")
    assert status[1] == f"longest wait {longest_ms:.3g} ms"
    assert status[2] == "none lost"


def test_longest_wait_grows_while_keys_wait(console: ConsoleView) -> None:
    history = simulate(load_scenario("lab-typing-session").spec)
    suspended, reachable = stop_of(history)
    console.set_history(history, selected="win2008")
    texts = []
    for t_ns in (suspended, reachable - SECOND_NS // 2, reachable + 3 * SECOND_NS):
        console.show_frame(history.frame_at(t_ns))
        texts.append(sheet_of(console).status[1])

    assert texts == ["longest wait 180 ms", "longest wait 1.1 s", "longest wait 2.28 s"]


def test_keys_of_a_lost_vm_are_told_lost(console: ConsoleView, small: Scenario) -> None:
    death = FaultSpec(at_ns=250 * MS, kind="host-dies", on="xen-1")
    vm = small.spec.vms[0].model_copy(update={"probes": (TYPING,)})
    history = simulate(small.spec.model_copy(update={"vms": (vm,), "faults": (death,)}))
    show(console, history, 249 * MS)
    alive = sheet_of(console).status[-1]
    show(console, history, 400 * MS)

    assert alive == "none lost"
    assert sheet_of(console).status[-1] == f"{len(sheet_of(console).waiting)} lost"


def test_number_of_waiting_keys_is_worded() -> None:
    assert (keys_text(1), keys_text(7)) == ("1 key waits", "7 keys wait")


def test_waiting_keys_are_hollow_and_the_sheet_is_not(
    console: ConsoleView, small: Scenario
) -> None:
    history = run_with(small, TYPING)
    suspended, reachable = stop_of(history)
    show(console, history, suspended)
    before = console.grab().toImage()
    show(console, history, reachable - 1)
    after = console.grab().toImage()

    warn = DARK.color("warn").name()
    assert any_color(after, warn) and not any_color(before, warn)


def any_color(image: QImage, name: str) -> bool:
    return any(
        image.pixelColor(x, y).name() == name
        for y in range(image.height())
        for x in range(image.width())
    )


def test_web_pane_tells_now_before_lowest_and_pause(
    console: ConsoleView, small: Scenario
) -> None:
    history = run_with(small, WEB)
    series = web_rate(history.probes[0], history)
    since, until = max(outages_ns(series, history.end_ns), key=lambda o: o[1] - o[0])
    show(console, history, (since + until) // 2)
    pane = console.pane
    assert isinstance(pane, WebPane)
    during = {f.label: f.value for f in pane.figures}
    show(console, history, history.end_ns)
    after = {f.label: f.value for f in pane.figures}

    assert during["Now"] == "nothing" and during["Before the move"] == "400 Mbit/s"
    assert during["Content clients"] == "0 of 10"
    assert after["Now"] == "400 Mbit/s" and after["Content clients"] == "10 of 10"
    assert after["Longest pause"] != "none yet"
    assert after["Each of 10 clients"] == "40 Mbit/s"


def test_web_pane_knows_nothing_of_the_future(console: ConsoleView, small: Scenario) -> None:
    history = run_with(small, WEB)
    show(console, history, 100 * MS)
    pane = console.pane
    assert isinstance(pane, WebPane)
    figures = {f.label: f.value for f in pane.figures}

    assert figures["Lowest so far"] == "400 Mbit/s"
    assert figures["Longest pause"] == "none yet"


def test_game_pane_tells_the_spike(console: ConsoleView, small: Scenario) -> None:
    history = run_with(small, GAME)
    show(console, history, 400 * MS)
    pane = console.pane
    assert isinstance(pane, GamePane)
    quiet, warm = pane.status, any_color(console.grab().toImage(), DARK.color("warn").name())
    show(console, history, history.end_ns)
    longest_ns = max(arrival_gaps_ns(history.probes[0]))

    assert quiet[:2] == ("usual 10 ms", "longest 10 ms") and not warm
    assert longest_ns > 20 * MS
    assert pane.status[1] == f"longest {longest_ns / MS:.3g} ms"
    assert pane.status[2] == "none lost"


def test_running_gap_of_a_game_grows_in_the_stop(console: ConsoleView, small: Scenario) -> None:
    history = run_with(small, GAME)
    resumed = history.migrations[0].resumed_ns or 0
    show(console, history, resumed - 1)
    pane = console.pane

    assert isinstance(pane, GamePane)
    assert pane.running_ns > 10 * MS


def test_ping_from_the_vm_says_so_and_is_timed_by_the_guest(
    console: ConsoleView, small: Scenario
) -> None:
    history = run_with(small, FROM_VM)
    show(console, history, history.end_ns)
    pane = console.pane
    assert isinstance(pane, PingPane)
    probe = history.probes[0]
    late = settled_ns(probe, history) - probe.sent_ns

    assert pane.title == "On cps: ping client"
    assert pane.shown[0].endswith("ping -t client")
    assert pane.shown[1].startswith("Reply from client: time=")
    assert (late >= probe.rtt_ns).all()


def test_ping_from_a_stopped_vm_prints_nothing_meanwhile(
    console: ConsoleView, small: Scenario
) -> None:
    history = run_with(small, FROM_VM)
    move = history.migrations[0]
    assert move.suspended_ns is not None and move.resumed_ns is not None
    show(console, history, move.suspended_ns + 1)
    pane = console.pane
    assert isinstance(pane, PingPane)
    first = pane.shown
    show(console, history, move.resumed_ns - 1)

    assert pane.shown == first


def test_one_client_has_no_tabs_and_several_have(console: ConsoleView, small: Scenario) -> None:
    show(console, run_with(small, TYPING), 0)
    assert not console.tabs.isVisibleTo(console)

    show(console, run_with(small, TYPING, FROM_VM, GAME, WEB, GAME), 0)
    assert console.tabs.isVisibleTo(console)
    assert console.tabs.texts == ("Typing", "Ping from the VM", "Game 1", "Web", "Game 2")
    assert len(console.panes) == 5


def test_tabs_change_by_mouse_and_keys_and_stay_over_a_new_run(
    qtbot: QtBot, console: ConsoleView, small: Scenario
) -> None:
    history = run_with(small, TYPING, GAME)
    show(console, history, history.end_ns)
    console.show()
    place = console.tabs.place_of(1).center()
    qtbot.mouseClick(console.tabs, Qt.MouseButton.LeftButton, pos=QPoint(place.x(), place.y()))
    assert isinstance(console.pane, GamePane)
    assert console.pane.status[0] == "usual 10 ms"

    show(console, run_with(small, TYPING, GAME), 0)
    assert isinstance(console.pane, GamePane)
    qtbot.keyClick(console.tabs, Qt.Key.Key_Left)
    assert isinstance(console.pane, SpreadsheetView)


def test_vm_without_clients_says_so(console: ConsoleView, small: Scenario) -> None:
    history = run_with(small)
    show(console, history, 0)

    assert isinstance(console.pane, PingPane)
    assert console.pane.shown == []
    assert console.grab().toImage().height() == 170


@pytest.mark.parametrize("probe", [TYPING, WEB, GAME, FROM_VM], ids=lambda p: p.kind)
def test_themes_change_the_ground_of_every_pane(
    console: ConsoleView, small: Scenario, probe: ProbeSpec
) -> None:
    show(console, run_with(small, probe), 600 * MS)
    console.set_theme(LIGHT)
    image = console.grab().toImage()

    assert image.pixelColor(180, image.height() - 4).name() == LIGHT.color("sunken").name()


def test_frame_without_change_is_not_painted_again(
    console: ConsoleView, small: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = run_with(small, TYPING)
    show(console, history, 305 * MS)
    updates: list[int] = []
    monkeypatch.setattr(console.pane, "update", lambda: updates.append(1))
    console.show_frame(history.frame_at(306 * MS))
    assert updates == []
    console.show_frame(history.frame_at(325 * MS))
    assert updates == [1]
