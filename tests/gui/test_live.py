"""Live: a running QEMU is attached to, watched, tuned, cancelled, lost; its recording is kept."""

import dataclasses
import json
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from engine.history import History
from engine.importing import history_of, read_recording
from engine.recorded import RecordedHistory
from engine.scenario import load_scenario
from gui.app import Parts
from gui.live import recorder, watcher
from gui.live.address import AddressError, parse_address
from gui.live.recorder import UNDER_WAY
from gui.live_wiring import Live
from tests.helpers.qemu_process import ABSENT, DEMO, QemuProcess, installed, writer_image
from tests.helpers.qemu_process import short_folder as new_short_folder
from tests.helpers.qmp_server import QmpServer, RefusalError, active

LEFT = Qt.MouseButton.LeftButton
CTRL_ALT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
ROOM_MS = 20_000
ASSETS = Path(__file__).resolve().parents[2] / "assets" / "live"
DONE = {
    **active(2000, sent=2**25, left=0, rounds=3), "status": "completed", "downtime": 9,
}  # fmt: skip

needs_qemu = pytest.mark.skipif(not installed(), reason=ABSENT)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder with a short name: a socket's path may not be long."""
    made = new_short_folder()
    yield made
    shutil.rmtree(made)


@pytest.fixture
def window(parts: Parts, folder: Path) -> Iterator[Parts]:
    """Return a window that keeps its live recordings in the test's folder."""
    live_of(parts).folder = folder / "kept"
    yield parts
    live_of(parts).detach()


@pytest.fixture
def attach(qtbot: QtBot) -> Callable[[Parts, Path], None]:
    """Return a function that attaches by keyboard and waits for the first figures."""

    def press(parts: Parts, path: Path) -> None:
        ask(parts, qtbot, str(path))
        live = live_of(parts)
        qtbot.waitUntil(lambda: live.attached and live.figures.run_state != "", timeout=ROOM_MS)

    return press


def live_of(parts: Parts) -> Live:
    """Return the live part of a window."""
    return parts.wiring.live_door.live


def ask(parts: Parts, qtbot: QtBot, text: str) -> None:
    """Open the dialog by its key, type an address, and press Return."""
    live = live_of(parts)
    if live.attach_dialog is None:
        qtbot.keyClick(parts.window, Qt.Key.Key_A, CTRL_ALT)
    dialog = live.attach_dialog
    assert dialog is not None
    dialog.field.selectAll()
    qtbot.keyClicks(dialog.field, text)
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)


def refused(parts: Parts, qtbot: QtBot, text: str) -> str:
    """Try to attach, and return why it did not work."""
    ask(parts, qtbot, text)
    dialog = live_of(parts).attach_dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.refusal.objectName() == "refusal", timeout=ROOM_MS)
    assert dialog.isVisible() and dialog.field.text() == text.strip("\n")
    assert not parts.window.live_bar.isVisible()
    return dialog.refusal.text()


def press(parts: Parts, qtbot: QtBot, button: str) -> None:
    """Press a button of the live bar."""
    qtbot.mouseClick(parts.window.live_bar.buttons[button], LEFT)


def answer(parts: Parts, qtbot: QtBot, value: str = "", *, agree: bool = True) -> str:
    """Type a value into the question that stands, answer it, and return its sentence."""
    question = live_of(parts).question
    assert question is not None and question.isVisible()
    if value:
        question.field.selectAll()
        qtbot.keyClicks(question.field, value)
    sentence = question.sentence.text()
    button: QPushButton = question.accept_button if agree else question.cancel_button
    qtbot.mouseClick(button, LEFT)
    return sentence


def headline(parts: Parts) -> str:
    """Return what the bar says."""
    return parts.window.live_bar.headline.whole


def kept(parts: Parts) -> Path:
    """Return the file of the recording."""
    path = live_of(parts).recording_path
    assert path is not None
    return path


def wait_status(parts: Parts, qtbot: QtBot, status: str) -> None:
    """Wait until the migration is in a state, and shown in it."""
    live = live_of(parts)
    qtbot.waitUntil(lambda: live.figures.status == status, timeout=ROOM_MS)


def wait_outcome(parts: Parts, qtbot: QtBot, outcome: str) -> RecordedHistory:
    """Wait until the recording that is shown has an outcome, and return it."""

    def shown() -> bool:
        history = parts.session.recording
        return history is not None and history.migrations[0].outcome == outcome

    qtbot.waitUntil(shown, timeout=ROOM_MS)
    history = parts.session.recording
    assert isinstance(history, RecordedHistory)
    return history


def wait_headline(parts: Parts, qtbot: QtBot, start: str) -> None:
    """Wait until the bar says something that begins so."""
    qtbot.waitUntil(lambda: headline(parts).startswith(start), timeout=ROOM_MS)


def as_file(path: Path, vm: str) -> History:
    """Return the run of a recording on disk, under the name that the live one has."""
    return history_of(replace(read_recording(path), vm=vm))


def assert_same(live: History, read: History) -> None:
    """Compare what was shown with what the file holds; clocks of guests know no equality."""
    assert dataclasses.replace(live, vms=()) == dataclasses.replace(read, vms=())
    assert [(v.spec, v.placements) for v in live.vms] == [(v.spec, v.placements) for v in read.vms]


# Where it cannot attach


def test_no_such_socket(window: Parts, qtbot: QtBot, folder: Path) -> None:
    before = window.session.history
    said = refused(window, qtbot, str(folder / "absent.qmp"))

    assert said == (
        f"{folder}/absent.qmp: no such socket; give QEMU -qmp unix:PATH,server=on,wait=off."
    )
    assert window.session.history is before


def test_a_file_that_is_no_socket(window: Parts, qtbot: QtBot, folder: Path) -> None:
    (folder / "file").write_text("no socket")

    assert "this is no socket" in refused(window, qtbot, str(folder / "file"))


def test_nobody_listens_any_more(window: Parts, qtbot: QtBot, folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "dead.qmp"))

    assert "nobody listens there" in refused(window, qtbot, str(folder / "dead.qmp"))


def test_no_address_at_all(window: Parts, qtbot: QtBot) -> None:
    assert "1 to 65535" in refused(window, qtbot, "localhost:99999")
    assert "107 bytes at most" in refused(window, qtbot, "/" + "x" * 120)


@pytest.mark.parametrize(
    "greeting",
    ["220 mail.example ESMTP ready\r\n", '{"hello": 1}\r\n', '{"QMP": 7}\r\n', "{}{}\r\n", "[]\n"],
)
def test_something_else_than_qmp(
    window: Parts, qtbot: QtBot, folder: Path, greeting: str
) -> None:
    with QmpServer(folder / "s", greeting=greeting):
        said = refused(window, qtbot, str(folder / "s"))

    assert "does not speak QMP" in said
    assert "\n" not in said


@pytest.mark.parametrize("greeting", ["", None])
def test_it_hangs_up_at_once(
    window: Parts, qtbot: QtBot, folder: Path, greeting: str | None
) -> None:
    with QmpServer(folder / "s", greeting=greeting, hang_up=True):
        said = refused(window, qtbot, str(folder / "s"))

    assert "closed" in said and "at once" in said


def test_a_monitor_that_is_in_use_does_not_answer(
    window: Parts, qtbot: QtBot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "GREETS_WITHIN_S", 0.3)
    with QmpServer(folder / "s") as server, socket.socket(socket.AF_UNIX) as first:
        first.connect(str(server.path))
        qtbot.waitUntil(lambda: server.clients == 1)
        said = refused(window, qtbot, str(server.path))

    assert "another program may be attached to this monitor" in said


def test_a_program_with_qmp_but_without_a_vm(window: Parts, qtbot: QtBot, folder: Path) -> None:
    def absent(arguments: dict[str, Any]) -> None:
        raise RefusalError("The command query-migrate has not been found")

    with QmpServer(folder / "s", {"query-migrate": absent}) as server:
        said = refused(window, qtbot, str(server.path))

    assert "has no VM to move" in said


def test_the_dialog_can_be_left_while_it_tries(
    window: Parts, qtbot: QtBot, folder: Path
) -> None:
    with QmpServer(folder / "s", greeting="") as server:
        ask(window, qtbot, str(server.path))
        dialog = live_of(window).attach_dialog
        assert dialog is not None
        begun_s = time.monotonic()
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        took_s = time.monotonic() - begun_s

    assert live_of(window).attach_dialog is None
    assert took_s < 2


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        ("/run/vm.qmp", "/run/vm.qmp"),
        (" unix:/run/vm.qmp,server=on,wait=off ", "/run/vm.qmp"),
        ("localhost:4444", ("localhost", 4444)),
        ("tcp:10.0.0.1:4444,server=on", ("10.0.0.1", 4444)),
        ("[::1]:4444", ("::1", 4444)),
        (":4444", ("localhost", 4444)),
        ("./vm:1", "./vm:1"),
        ("unix:vm:1", "vm:1"),
    ],
)
def test_addresses(typed: str, target: object) -> None:
    assert parse_address(typed).target == target


@pytest.mark.parametrize("typed", ["", "  ", "unix:", "tcp:nowhere", "a:0", "a\nb"])
def test_what_is_no_address(typed: str) -> None:
    with pytest.raises(AddressError):
        parse_address(typed)


# What is sent, and what is not


def test_looking_changes_nothing(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    with QmpServer(folder / "s") as server:
        attach(window, server.path)
        server.answers["query-migrate"] = active(500, sent=2**20, left=2**25)
        wait_outcome(window, qtbot, UNDER_WAY)
        press(window, qtbot, "Detach")

        assert server.names() == []
    assert "untouched" in window.window.notice.whole
    assert not window.window.live_bar.isVisible()


@pytest.mark.parametrize(
    ("moving", "button", "value", "words", "sent"),
    [
        (True, "Cancel", "", "given up", [("migrate_cancel", {})]),
        (
            True, "Bandwidth", "200 Mbit/s", "may use 200 Mbit/s instead of 100 Mbit/s, from now",
            [("migrate-set-parameters", {"max-bandwidth": 25_000_000})],
        ),
        (
            True, "Downtime", "50 ms", "50 ms or less instead of 300 ms",
            [("migrate-set-parameters", {"downtime-limit": 50})],
        ),
        (True, "Post-copy", "", "cannot be cancelled", [("migrate-start-postcopy", {})]),
        (
            False, "Start", "unix:/run/there", "starts to move to unix:/run/there",
            [
                (
                    "migrate-set-capabilities",
                    {"capabilities": [{"capability": "events", "state": True}]},
                ),
                ("migrate", {"uri": "unix:/run/there"}),
            ],
        ),
    ],
)
def test_a_command_is_asked_before_it_is_sent(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None],
    moving: bool, button: str, value: str, words: str, sent: list[tuple[str, dict[str, Any]]],
) -> None:  # fmt: skip
    answers: dict[str, Any] = {name: {} for name, _ in sent}
    answers["query-migrate-capabilities"] = [{"capability": "postcopy-ram", "state": True}]
    if moving:
        answers["query-migrate"] = active(500, sent=2**20, left=2**25)
    with QmpServer(folder / "s", answers) as server:
        attach(window, server.path)
        press(window, qtbot, button)
        answer(window, qtbot, value, agree=False)
        qtbot.wait(50)
        assert server.names() == []

        press(window, qtbot, button)
        assert words in answer(window, qtbot, value)
        qtbot.waitUntil(lambda: len(server.names()) == len(sent), timeout=ROOM_MS)

        asked = [step for step in server.asked if step[0] in server.names()]
        assert asked == sent


def test_post_copy_cannot_be_cancelled(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    pulling = {**active(500, sent=2**20, left=2**25), "status": "postcopy-active"}
    with QmpServer(folder / "s", {"query-migrate": pulling}) as server:
        attach(window, server.path)
        actions = window.window.actions_by_name

        assert "post-copy: the VM runs at the destination" in headline(window)
        assert not actions.live_cancel.isEnabled() and not actions.live_postcopy.isEnabled()
        assert not window.window.live_bar.buttons["Cancel"].isVisible()


@pytest.mark.parametrize(
    ("button", "value", "words"),
    [
        ("Start", "exec:rm", "unix:PATH or tcp:HOST:PORT"),
        ("Bandwidth", "fast", "500 Mbit/s"),
        ("Bandwidth", "0 bit/s", "more than 0"),
        ("Downtime", "300", "300 ms"),
        ("Downtime", "90 min", "2000 s"),
    ],
)
def test_a_value_that_cannot_be_sent(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None],
    button: str, value: str, words: str,
) -> None:  # fmt: skip
    with QmpServer(folder / "s") as server:
        attach(window, server.path)
        press(window, qtbot, button)
        sentence = answer(window, qtbot, value)
        question = live_of(window).question

        assert words in sentence
        assert question is not None and not question.accept_button.isEnabled()
        assert server.names() == []
        question.reject()


def test_a_refusal_of_qemu_is_shown_in_its_words(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    def no(arguments: dict[str, Any]) -> None:
        raise RefusalError("There's a migration process in progress")

    with QmpServer(folder / "s", {"migrate-set-capabilities": no, "migrate": {}}) as server:
        attach(window, server.path)
        press(window, qtbot, "Start")
        answer(window, qtbot, "tcp:there:4444")
        notice = window.window.error_notice
        qtbot.waitUntil(notice.isVisible, timeout=ROOM_MS)

        assert "There's a migration process in progress. (migrate-set-capabilities)" in notice.lines
        assert "migrate" not in server.names()


# What is shown and kept


def test_the_recording_grows_and_the_playhead_follows(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    with QmpServer(folder / "s") as server:
        attach(window, server.path)
        server.answers["query-migrate"] = active(500, sent=2**20, left=2**25)
        wait_outcome(window, qtbot, UNDER_WAY)
        assert window.session.history is window.session.recording
        first_end_ns = window.player.end_ns
        server.answers["query-migrate"] = active(1500, sent=2**24, left=2**24, rounds=2)
        qtbot.waitUntil(lambda: window.player.end_ns >= 1_500_000_000, timeout=ROOM_MS)

        assert first_end_ns == 500_000_000
        assert window.player.t_ns == window.player.end_ns
        assert "16 MiB · left 16 MiB · at 99.5 Mbit/s" in window.window.live_bar.figures.whole
        window.player.seek(100_000_000)
        server.answers["query-migrate"] = DONE
        history = wait_outcome(window, qtbot, "completed")
        assert window.player.t_ns == 100_000_000
    assert headline(window) == "fake has moved after 2 s, and stood still for 9 ms."
    assert_same(history, as_file(kept(window), "fake"))


def test_a_file_holds_every_sample_as_it_comes(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    with QmpServer(folder / "s") as server:
        attach(window, server.path)
        server.answers["query-migrate"] = active(500, sent=2**20, left=2**25)
        wait_outcome(window, qtbot, UNDER_WAY)
        now = [json.loads(line) for line in kept(window).read_text().splitlines()]

        assert now[-1]["return"]["ram"]["transferred"] == 2**20
        assert {"return": {"max-bandwidth": 12_500_000, "downtime-limit": 300}} in now
        assert read_recording(kept(window)).samples[-1].transferred_bytes == 2**20


def test_events_of_qemu_are_in_the_recording(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    with QmpServer(folder / "s") as server:
        attach(window, server.path)
        server.answers["query-migrate"] = active(500, sent=2**20, left=2**25)
        server.event("MIGRATION", 1000.0, status="setup")
        wait_outcome(window, qtbot, UNDER_WAY)
        server.event("STOP", 1001.9)
        server.event("MIGRATION", 1002.0, status="completed")
        server.answers["query-migrate"] = DONE
        history = wait_outcome(window, qtbot, "completed")

    assert history.migrations[0].suspended_ns == 1_900_000_000
    assert_same(history, as_file(kept(window), "fake"))


def test_figures_that_qemu_works_out_late_are_waited_for(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    late = iter([{**DONE, "total-time": 0, "downtime": 0}] * 3)
    with QmpServer(folder / "s") as server:
        attach(window, server.path)
        server.answers["query-migrate"] = active(500, sent=2**20, left=2**25)
        wait_outcome(window, qtbot, UNDER_WAY)
        server.answers["query-migrate"] = lambda arguments: next(late, DONE)
        history = wait_outcome(window, qtbot, "completed")

    assert history.migrations[0].ended_ns == 2_000_000_000
    assert len(read_recording(kept(window)).samples) > 1


def test_a_connection_that_breaks_keeps_the_recording(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    with QmpServer(folder / "s") as server:
        attach(window, server.path)
        server.answers["query-migrate"] = active(500, sent=2**20, left=2**25)
        wait_outcome(window, qtbot, UNDER_WAY)
        server.drop()
        history = wait_outcome(window, qtbot, "does-not-converge")

    assert headline(window) == (
        "The QEMU of fake is gone 500 ms into its migration: it ended, or closed its socket."
    )
    assert kept(window).name in window.window.live_bar.figures.whole
    assert_same(history, as_file(kept(window), "fake"))
    bar = window.window.live_bar
    assert not bar.buttons["Cancel"].isVisible() and bar.buttons["Save as"].isVisible()
    press(window, qtbot, "Detach")
    assert not bar.isVisible()
    assert window.session.recording is history


@pytest.mark.parametrize("nonsense", ["what?\r\n", '{"a": \r\n', "[1, 2]\r\n"])
def test_nonsense_in_the_midst_ends_it_with_a_sentence(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None], nonsense: str
) -> None:
    with QmpServer(folder / "s") as server:
        attach(window, server.path)
        server.send(nonsense)
        qtbot.waitUntil(lambda: not live_of(window).attached, timeout=ROOM_MS)

    assert headline(window) == "The QEMU of fake is lost: what came from there is not QMP."


def test_counters_that_are_no_numbers_end_it_with_a_sentence(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    with QmpServer(folder / "s") as server:
        attach(window, server.path)
        good = active(500, sent=2**20, left=2**25)
        server.answers["query-migrate"] = good
        wait_outcome(window, qtbot, UNDER_WAY)
        server.answers["query-migrate"] = good | {"ram": {"transferred": "much"}}
        qtbot.waitUntil(lambda: not live_of(window).attached, timeout=ROOM_MS)

    assert "is lost 500 ms into its migration: its answers are not those" in headline(window)
    assert read_recording(kept(window)).samples


def test_a_qemu_that_says_goodbye_has_shut_down(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    with QmpServer(folder / "s") as server:
        attach(window, server.path)
        server.event("SHUTDOWN", 1000.0, guest=True)
        qtbot.wait(20)
        server.drop()
        qtbot.waitUntil(lambda: not live_of(window).attached, timeout=ROOM_MS)

    assert headline(window) == "The QEMU of fake has shut down."


def test_a_failed_migration_says_why(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    with QmpServer(folder / "s") as server:
        attach(window, server.path)
        server.answers["query-migrate"] = {
            "status": "failed", "error-desc": "Connection refused",
        }  # fmt: skip
        wait_outcome(window, qtbot, "failed")

    assert headline(window) == (
        "The migration of fake failed: Connection refused. fake stays here."
    )
    assert "Connection refused" in window.window.narration.text


def test_edits_are_not_replaced_by_a_migration(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    window.session.edit("network.latency", "2 ms")
    window.session.end_gesture()
    edited = window.session.scenario
    with QmpServer(folder / "s") as server:
        attach(window, server.path)
        server.answers["query-migrate"] = active(500, sent=2**20, left=2**25)
        show = window.window.live_bar.buttons["Show"]
        qtbot.waitUntil(show.isVisible, timeout=ROOM_MS)
        assert window.session.scenario is edited
        qtbot.mouseClick(show, LEFT)

        assert window.session.recording is not None
        assert not show.isVisible()


def test_another_scenario_may_be_opened_meanwhile(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    with QmpServer(folder / "s") as server:
        attach(window, server.path)
        server.answers["query-migrate"] = active(500, sent=2**20, left=2**25)
        wait_outcome(window, qtbot, UNDER_WAY)
        window.session.open(load_scenario("recorded-demo"))
        opened = window.session.history
        server.answers["query-migrate"] = DONE
        wait_status(window, qtbot, "completed")
        qtbot.waitUntil(lambda: "kept as" in window.window.live_bar.figures.whole, timeout=ROOM_MS)
        assert window.session.history is opened
        press(window, qtbot, "Show")

        assert_same(wait_outcome(window, qtbot, "completed"), as_file(kept(window), "fake"))


def test_two_migrations_are_two_recordings(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    with QmpServer(folder / "s", {"query-migrate": DONE}) as server:
        attach(window, server.path)
        assert live_of(window).recording_path is None  # that one is over
        for n in (1, 2):
            server.answers["query-migrate"] = active(500 * n, sent=2**20, left=2**25)
            wait_outcome(window, qtbot, UNDER_WAY)
            server.answers["query-migrate"] = {"status": "cancelled"}
            wait_outcome(window, qtbot, "cancelled")

    assert len(list((folder / "kept").iterdir())) == 2


def test_a_full_disk_is_told_and_the_migration_shown(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    (folder / "kept").write_text("a file where the folder should be")
    with QmpServer(folder / "s") as server:
        attach(window, server.path)
        server.answers["query-migrate"] = active(500, sent=2**20, left=2**25)
        history = wait_outcome(window, qtbot, UNDER_WAY)
        assert "cannot be kept on disk" in window.window.live_bar.figures.whole
        live_of(window).save_to(folder / "copy.jsonl")

    assert history.end_ns == as_file(folder / "copy.jsonl", "fake").end_ns


def test_a_copy_is_the_recording(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    with QmpServer(folder / "s") as server:
        attach(window, server.path)
        server.answers["query-migrate"] = active(500, sent=2**20, left=2**25)
        wait_outcome(window, qtbot, UNDER_WAY)
        live_of(window).save_to(folder / "nowhere" / "copy.jsonl")
        assert "no such file" in window.window.error_notice.lines[0]
        server.answers["query-migrate"] = DONE
        wait_outcome(window, qtbot, "completed")
        live_of(window).save_to(folder / "copy.jsonl")

    assert (folder / "copy.jsonl").read_bytes() == kept(window).read_bytes()


def test_recent_sockets_are_offered(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    with QmpServer(folder / "s") as server:
        attach(window, server.path)
        live_of(window).detach()
        window.window.activateWindow()
        QApplication.processEvents()
        qtbot.keyClick(window.window, Qt.Key.Key_A, CTRL_ALT)
        dialog = live_of(window).attach_dialog

        assert dialog is not None and dialog.field.text() == str(server.path)
        assert dialog.recent.item(0).text() == str(server.path)
        dialog.reject()


def test_a_destination_says_that_it_waits(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    with QmpServer(folder / "s", {"query-status": {"status": "inmigrate"}}) as server:
        attach(window, server.path)

        assert "waits for a migration to come in" in headline(window)
        assert not window.window.live_bar.buttons["Start"].isEnabled()


def test_nothing_live_is_made_before_it_is_asked_for(parts: Parts) -> None:
    a = parts.window.actions_by_name

    assert a.attach.isEnabled()
    assert not any(
        action.isEnabled()
        for action in (a.live_start, a.live_cancel, a.live_bandwidth, a.live_downtime,
                       a.live_postcopy, a.live_show, a.save_recording, a.detach)
    )  # fmt: skip
    assert not parts.window.live_bar.isVisible()


def test_the_window_may_be_closed_while_it_watches(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    with QmpServer(folder / "s") as server:
        attach(window, server.path)
        server.answers["query-migrate"] = active(500, sent=2**20, left=2**25)
        wait_outcome(window, qtbot, UNDER_WAY)
        path = kept(window)
        window.window.close()

        assert server.names() == []
    assert read_recording(path).samples


@pytest.mark.parametrize(
    ("name", "file"),
    [("web 1", "web-1"), ("../../etc", "etc"), ("", "vm"), ("ä" * 9, "vm"), ("x" * 99, "x" * 60)],
)
def test_a_file_has_the_name_of_the_vm(name: str, file: str) -> None:
    when = recorder.datetime(2030, 1, 2, 3, 4, 5)

    assert recorder.file_name(name, when) == f"{file} 2030-01-02 03-04-05.jsonl"


# A real QEMU


def test_the_guest_of_the_demo_is_the_one_whose_source_is_here() -> None:
    assert (ASSETS / "writer.img").read_bytes() == writer_image(**DEMO)


@needs_qemu
@pytest.mark.slow
def test_a_real_migration_is_watched_tuned_and_completed(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    there = f"unix:{folder}/there"
    with (
        QemuProcess(folder, "to", incoming=there) as destination,
        QemuProcess(folder, "real") as source,
    ):
        attach(window, source.socket)
        assert headline(window).startswith("real (QEMU ")
        assert headline(window).endswith(", 96 MiB) runs; no migration so far.")
        press(window, qtbot, "Bandwidth")
        answer(window, qtbot, "80 Mbit/s")
        qtbot.waitUntil(
            lambda: live_of(window).figures.bandwidth_bps == 80_000_000, timeout=ROOM_MS
        )
        press(window, qtbot, "Start")
        answer(window, qtbot, there)
        qtbot.waitUntil(
            lambda: (live_of(window).figures.total_time_ns or 0) > 800_000_000, timeout=ROOM_MS
        )
        slow = window.session.recording
        assert isinstance(slow, RecordedHistory)
        assert slow.migrations[0].outcome == UNDER_WAY
        press(window, qtbot, "Bandwidth")
        answer(window, qtbot, "800 Mbit/s")
        history = wait_outcome(window, qtbot, "completed")
        m = history.migrations[0]

        assert destination.running and source.running
        assert not window.window.live_bar.buttons["Start"].isEnabled()
    # 48 MiB hold something: they were sent, the rest of the 96 MiB as pages of zeros.
    assert m.pages_sent >= 48 * 256
    assert m.zero_pages > 20 * 256
    assert m.suspended_ns is not None and m.rounds[-1].number >= 2
    rates = [m.rate.value_at(t) for t in (400_000_000, 700_000_000)]
    assert all(60_000_000 < rate < 100_000_000 for rate in rates)
    assert max(m.rate.values) > 200_000_000
    wait_headline(window, qtbot, "real has moved after ")
    assert_same(history, as_file(kept(window), "real"))
    assert "real runs on destination" in window.window.narration.text


@needs_qemu
@pytest.mark.slow
def test_a_real_migration_is_cancelled_from_the_window(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    with socket.socket(socket.AF_UNIX) as sink, QemuProcess(folder, "real") as source:
        sink.bind(str(folder / "sink"))
        sink.listen()
        attach(window, source.socket)
        press(window, qtbot, "Start")
        answer(window, qtbot, f"unix:{folder}/sink")
        wait_outcome(window, qtbot, UNDER_WAY)
        stream, _ = sink.accept()
        with stream:
            press(window, qtbot, "Cancel")
            assert "given up" in answer(window, qtbot)
            history = wait_outcome(window, qtbot, "cancelled")
        qtbot.waitUntil(
            lambda: live_of(window).figures.run_state == "running", timeout=ROOM_MS
        )

        assert source.running
    qtbot.waitUntil(lambda: "was cancelled" in headline(window), timeout=ROOM_MS)
    assert "real stays here" in headline(window)
    assert_same(history, as_file(kept(window), "real"))


@needs_qemu
@pytest.mark.slow
def test_a_real_qemu_that_is_killed_in_the_middle(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    there = f"unix:{folder}/there"
    with (
        QemuProcess(folder, "to", incoming=there),
        QemuProcess(folder, "real") as source,
    ):
        attach(window, source.socket)
        press(window, qtbot, "Bandwidth")
        answer(window, qtbot, "40 Mbit/s")
        press(window, qtbot, "Start")
        answer(window, qtbot, there)
        qtbot.waitUntil(
            lambda: (live_of(window).figures.total_time_ns or 0) > 500_000_000, timeout=ROOM_MS
        )
        source.kill()
        history = wait_outcome(window, qtbot, "does-not-converge")

    wait_headline(window, qtbot, "The QEMU of real is gone ")
    assert "into its migration" in headline(window)
    assert_same(history, as_file(kept(window), "real"))
    assert history.end_ns > 500_000_000
    assert not window.window.error_notice.isVisible()


@needs_qemu
@pytest.mark.slow
def test_a_real_migration_to_nobody_fails_with_qemus_reason(
    window: Parts, qtbot: QtBot, folder: Path, attach: Callable[[Parts, Path], None]
) -> None:
    with QemuProcess(folder, "real") as source:
        attach(window, source.socket)
        with socket.socket(socket.AF_UNIX) as second:
            second.connect(str(source.socket))  # a monitor serves one at a time
            QApplication.processEvents()
        press(window, qtbot, "Start")
        answer(window, qtbot, f"unix:{folder}/nobody")
        wait_outcome(window, qtbot, "failed")

        assert live_of(window).figures.run_state == "running"
        assert "No such file or directory" in headline(window)
