"""Recordings in the window: dropped, played, simulated beside; damaged ones lose nothing."""

import json
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from engine.errors import ScenarioError
from engine.importing import ObservedPing, history_of, read_recording
from engine.recorded import RecordedHistory
from engine.scenario import Scenario
from gui import __main__ as program
from gui.app import Parts
from gui.dialogs.twin_values import TwinValues
from gui.models.comparison_model import comparison_rows, percent_text
from gui.session import RECORDING_LOCKED
from gui.views.comparison_view import ComparisonView
from gui.views.no_pages_view import NO_PAGES, PINGS_ONLY
from tests.gui.conftest import ROOM_MS, FakeWallClock

DATA = Path(__file__).resolve().parents[1] / "data"
SAMPLES, QEMU = DATA / "importing", DATA / "qemu"
MOVES = [
    "qmp_lines.jsonl", "hmp_10_0.txt", "hmp_10_1.txt", "domjobinfo.txt", "proxmox_task.log",
    "xl_new.log", "xl_new_untimed.log", "xl_legacy.log",
]  # fmt: skip
PINGS = ["ping_linux.txt", "ping_windows.txt"]
LEFT = Qt.MouseButton.LeftButton


def drop(parts: Parts, *paths: Path) -> None:
    """Drag files over the window and drop them, as a file manager does."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    where = parts.window.rect().center()
    over = QDragEnterEvent(where, copy, data, LEFT, none)
    QApplication.sendEvent(parts.window, over)
    assert over.isAccepted()
    event = QDropEvent(QPointF(where), copy, data, LEFT, none)
    QApplication.sendEvent(parts.window, event)
    assert event.isAccepted()


def shown(parts: Parts) -> tuple[object, ...]:
    """Return everything that a damaged file must leave as it was."""
    session = parts.session
    return (
        session.scenario, session.history, session.recording, session.selected, parts.player.t_ns,
        parts.window.title.whole, session.undo_stack.count(),
    )  # fmt: skip


@pytest.fixture
def beside(qtbot: QtBot) -> Callable[[Parts], None]:
    """Return a function that presses "Simulate beside" and waits for the twin."""

    def press(parts: Parts) -> None:
        qtbot.mouseClick(parts.window.recorded.button, LEFT)
        qtbot.waitUntil(
            lambda: parts.session.beside and parts.wiring.showing.up_to_date, timeout=ROOM_MS
        )

    return press


# Each format


@pytest.mark.parametrize("name", [*MOVES, *PINGS])
def test_a_dropped_recording_opens_at_its_start(parts: Parts, name: str) -> None:
    drop(parts, SAMPLES / name)

    recording = parts.session.recording
    assert isinstance(recording, RecordedHistory)
    assert parts.session.history is recording
    assert parts.session.scenario is None
    assert parts.player.t_ns == 0
    assert not parts.window.error_notice.isVisible()
    assert parts.window.title.whole == f"Recording: {name} ({recording.kind})"


@pytest.mark.parametrize("path", sorted(QEMU.glob("*.json.gz")), ids=lambda p: p.name)
def test_packed_recordings_of_qemu_open(parts: Parts, path: Path) -> None:
    drop(parts, path)

    assert parts.session.recording is not None
    assert path.name in parts.window.title.whole


@pytest.mark.parametrize("name", MOVES)
def test_a_recording_plays_and_scrubs(
    parts: Parts, clock: FakeWallClock, qtbot: QtBot, name: str
) -> None:
    drop(parts, SAMPLES / name)
    window, player = parts.window, parts.player
    qtbot.keyClick(window, Qt.Key.Key_Space)
    clock.pass_ms(200)
    player.tick()
    assert player.playing
    assert player.t_ns > 0
    qtbot.keyClick(window, Qt.Key.Key_Space)

    panel = window.plots.panels[0]
    x = round(panel.x_at(player.end_ns // 2))
    qtbot.mouseClick(panel, LEFT, pos=panel.rect().center() - panel.rect().topLeft())
    assert abs(player.t_ns - panel.time_at(panel.rect().center().x())) < player.end_ns // 50
    assert x > 0
    qtbot.keyClick(window, Qt.Key.Key_End)
    assert player.t_ns == player.end_ns
    assert "pages sent" not in window.narration.text


@pytest.mark.parametrize("name", [*MOVES, *PINGS])
def test_no_recording_speaks_of_what_it_does_not_know(parts: Parts, name: str) -> None:
    drop(parts, SAMPLES / name)

    for part in range(21):
        parts.player.seek(parts.player.end_ns * part // 20)
        words = parts.window.narration.text
        for wrong in (" pages sent", "of at most", "relearned", "dirty bitmap", "Drag the VM"):
            assert wrong not in words, words


# No pages


def test_the_page_map_says_that_there_are_no_pages(parts: Parts) -> None:
    drop(parts, SAMPLES / "hmp_10_0.txt")
    parts.player.seek(5_000_000_000)
    pages = parts.window.pages

    assert pages.no_pages.isVisible()
    assert pages.no_pages.lines[0] == NO_PAGES
    assert any(line.startswith("Left: ") for line in pages.no_pages.lines)
    assert not pages.working_set.button.isEnabled()


def test_pings_alone_have_no_pages_either(parts: Parts) -> None:
    drop(parts, SAMPLES / "ping_linux.txt")

    assert parts.window.pages.no_pages.lines == (PINGS_ONLY,)


def test_the_map_is_hatched_and_not_filled(parts: Parts) -> None:
    drop(parts, SAMPLES / "hmp_10_0.txt")
    picture = parts.window.pages.no_pages.grab().toImage()
    colors = {picture.pixelColor(x, 40).name() for x in range(8, 60)}

    assert len(colors) > 1
    assert picture.format() != QImage.Format.Format_Invalid


def test_a_scenario_after_a_recording_has_its_pages_again(parts: Parts, demo: Scenario) -> None:
    drop(parts, SAMPLES / "hmp_10_0.txt")
    parts.wiring.open_path("recorded-demo")

    assert not parts.window.pages.no_pages.isVisible()
    assert parts.session.recording is None
    assert parts.window.controls.isVisible()
    assert not parts.window.recorded.isVisible()
    assert parts.window.pages.working_set.button.isEnabled()


def test_a_guest_of_a_tebibyte_takes_no_room(parts: Parts, tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    path.write_text("".join(large_polls()))
    tracemalloc.start()
    drop(parts, path)
    parts.player.seek(parts.player.end_ns // 2)
    parts.window.grab()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert parts.session.recording is not None, parts.window.error_notice.lines
    assert most < 64 * 2**20


def large_polls() -> list[str]:
    """Return two answers of a VM with 1 TiB."""
    lines = []
    for ms, sent in ((1000, 10**9), (2000, 2 * 10**9)):
        ram = {"total": 2**40, "transferred": sent, "remaining": 2**40 - sent,
               "page-size": 4096, "normal": sent // 4096, "duplicate": 0,
               "dirty-sync-count": 1}  # fmt: skip
        answer = {"return": {"status": "active", "total-time": ms, "ram": ram}}
        lines.append(json.dumps(answer) + "\n")
    return lines


# What is damaged


def damaged(tmp_path: Path, kind: str) -> Path:
    """Return a recording that is broken in one way."""
    path = tmp_path / "broken.log"
    text = (SAMPLES / "hmp_10_0.txt").read_text()
    if kind == "cut":
        path = tmp_path / "broken.json.gz"
        path.write_bytes((QEMU / "a02_idle_full256.json.gz").read_bytes()[:4000])
    elif kind == "wrong unit":
        path.write_text(text.replace("kbytes", "parsec"))
    elif kind == "binary":
        path.write_bytes(bytes(range(256)) * 300)
    elif kind == "large":
        with path.open("wb") as file:
            file.truncate(200 * 2**20)
    elif kind == "empty":
        path.write_bytes(b"")
    else:
        path.write_text("# Shopping\nmilk\n")
    return path


@pytest.mark.parametrize("kind", ["cut", "wrong unit", "binary", "large", "empty", "other"])
@pytest.mark.parametrize("before", ["scenario", "recording"])
def test_a_damaged_file_gives_one_sentence_and_loses_nothing(
    parts: Parts, tmp_path: Path, qtbot: QtBot, kind: str, before: str
) -> None:
    if before == "recording":
        drop(parts, SAMPLES / "xl_new.log")
    parts.player.seek(3_000_000_000)
    was = shown(parts)
    path = damaged(tmp_path, kind)
    drop(parts, path)
    notice = parts.window.error_notice
    qtbot.waitUntil(notice.isVisible, timeout=ROOM_MS)

    assert notice.title == f"{path.name} cannot be opened"
    assert len(notice.lines) == 1
    assert path.name in notice.lines[0]
    assert "\n" not in notice.lines[0]
    assert shown(parts) == was


def test_a_file_that_is_gone_gives_a_sentence(parts: Parts, tmp_path: Path) -> None:
    was = shown(parts)
    drop(parts, tmp_path / "gone.log")

    assert "no such file" in parts.window.error_notice.lines[0]
    assert shown(parts) == was


def test_content_counts_and_not_the_name(parts: Parts, tmp_path: Path) -> None:
    path = tmp_path / "notes.toml"
    shutil.copy(SAMPLES / "xl_legacy.log", path)
    drop(parts, path)
    assert parts.session.recording is not None, parts.window.error_notice.lines

    scenario = tmp_path / "scenario.log"
    text = Path(__file__).resolve().parents[2] / "assets" / "scenarios" / "recorded-demo.toml"
    shutil.copy(text, scenario)
    drop(parts, scenario)
    assert parts.session.recording is None
    assert parts.session.scenario is not None


def test_a_long_file_is_read_aside_and_opens(
    parts: Parts, tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "long.txt"
    path.write_text("nothing of interest\n" * 40_000 + (SAMPLES / "hmp_10_0.txt").read_text())
    with qtbot.waitSignal(parts.wiring.opening.ended, timeout=ROOM_MS):
        drop(parts, path)
        assert parts.window.notice.whole == "Reading long.txt …"

    assert parts.session.recording is not None
    assert parts.window.notice.whole == ""


# Several files


def test_pings_join_the_migration_by_their_clocks(parts: Parts) -> None:
    drop(parts, SAMPLES / "ping_linux.txt", SAMPLES / "qmp_lines.jsonl")
    recording = parts.session.recording

    assert recording is not None
    assert len(recording.probes[0].sent_ns) == 10
    assert recording.migrations[0].outcome == "completed"
    assert parts.window.plots.panel_of("ping").content.markers
    assert "ping_linux.txt" in parts.window.title.whole


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("hmp_10_0.txt", "ping_linux.txt"), "hmp_10_0.txt: it has no times of day"),
        (("qmp_lines.jsonl", "ping_windows.txt"), "ping_windows.txt: it has no times of day"),
        (("qmp_lines.jsonl", "proxmox_task.log"), "2 migrations and no ping outputs"),
        (("xl_new.log", "ping_linux.txt"), "its last ping was sent"),
    ],
)
def test_files_that_do_not_fit_give_one_sentence(
    parts: Parts, names: tuple[str, str], words: str
) -> None:
    was = shown(parts)
    drop(parts, *(SAMPLES / name for name in names))

    assert len(parts.window.error_notice.lines) == 1
    assert words in parts.window.error_notice.lines[0]
    assert shown(parts) == was


# Locked


def test_a_recording_cannot_be_edited(parts: Parts, qtbot: QtBot) -> None:
    drop(parts, SAMPLES / "xl_new.log")
    recording = parts.session.recording
    window = parts.window
    assert not window.controls.isVisible()
    assert window.recorded.isVisible()
    for key, modifier in (
        (Qt.Key.Key_M, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_D, Qt.KeyboardModifier.ShiftModifier),
        (Qt.Key.Key_R, Qt.KeyboardModifier.NoModifier),
    ):
        qtbot.keyClick(window, key, modifier)
        assert window.error_notice.lines == (RECORDING_LOCKED,)
        qtbot.keyClick(window.error_notice, Qt.Key.Key_Escape)

    parts.session.edit("network.bandwidth", "1 Mbit/s")
    assert window.error_notice.lines == (RECORDING_LOCKED,)
    assert parts.session.history is recording
    assert parts.session.undo_stack.count() == 0


def test_opening_a_recording_clears_what_can_be_undone(parts: Parts) -> None:
    parts.session.edit("network.bandwidth", "500 Mbit/s")
    parts.session.end_gesture()
    assert parts.session.undo_stack.count() == 1
    drop(parts, SAMPLES / "xl_new.log")

    assert parts.session.undo_stack.count() == 0
    assert not parts.window.actions_by_name.undo.isEnabled()


# A live recording grows


def growing(count: int) -> RecordedHistory:
    """Return the first samples of a migration that goes on."""
    from engine.importing.polls import Poll, Polls

    polls = Polls("live")
    for i in range(1, count + 1):
        polls.add(
            Poll("active", total_time_ns=i * 10**9, transferred_bytes=i * 10**8,
                 remaining_bytes=(20 - i) * 10**8, total_bytes=2 * 10**9, normal_pages=i * 24_000,
                 page_bytes=4096, syncs=1)
        )  # fmt: skip
    from engine.importing import Format

    return history_of(polls.observed(Format.QMP))


def test_a_growing_recording_leaves_the_playhead(parts: Parts) -> None:
    parts.session.open_recording(growing(5), "live")
    parts.player.seek(2_000_000_000)

    assert parts.session.update_recording(growing(8))
    assert parts.player.t_ns == 2_000_000_000
    assert parts.player.end_ns == 8_000_000_000
    assert parts.window.pages.no_pages.lines[1].startswith("Sent: 191 MiB")


def test_a_growing_recording_is_followed_at_its_end(parts: Parts) -> None:
    parts.session.open_recording(growing(5), "live")
    parts.player.to_end()
    parts.session.update_recording(growing(8))

    assert parts.player.t_ns == 8_000_000_000


def test_a_recording_grows_behind_its_twin_too(
    parts: Parts, beside: Callable[[Parts], None]
) -> None:
    parts.session.open_recording(growing(5), "live")
    beside(parts)
    run, more = parts.session.history, growing(8)
    parts.player.seek(1_000_000_000)

    assert parts.session.update_recording(more)
    assert parts.session.history is run
    assert parts.session.recording is more
    assert parts.player.t_ns == 1_000_000_000
    sent = parts.window.comparison.model.rows[3]
    assert sent.values[0] == "763 MiB"


def test_a_recording_that_grows_does_not_displace_a_scenario(parts: Parts) -> None:
    was = shown(parts)

    assert not parts.session.update_recording(growing(5))
    assert shown(parts) == was


# Beside


@pytest.mark.parametrize("name", ["qmp_lines.jsonl", "xl_new.log", "proxmox_task.log"])
def test_a_twin_is_simulated_beside(
    parts: Parts, beside: Callable[[Parts], None], name: str
) -> None:
    drop(parts, SAMPLES / name)
    recording = parts.session.recording
    beside(parts)
    window, session = parts.window, parts.session

    assert session.recording is recording
    assert session.scenario is not None
    assert session.history is not None
    assert session.history is not recording
    assert session.history.end_ns >= recording.end_ns
    assert parts.player.t_ns == 0
    assert window.controls.isVisible()
    assert window.comparison.isVisible()
    assert [row.key for row in window.comparison.model.rows] == [
        "outcome", "total_time_s", "downtime_s", "bytes_sent", "rounds",
    ]
    words = [c.word for c in window.plots.panel_of("rate").content.curves if c.word]
    assert "recorded" in words
    assert "before" not in words


def test_the_twin_goes_on_to_the_end_of_the_recording(
    parts: Parts, beside: Callable[[Parts], None]
) -> None:
    seen = replace(
        read_recording(SAMPLES / "qmp_lines.jsonl"),
        pings=tuple(ObservedPing(i * 10**9, 10**6) for i in range(45)),
        ping_interval_ns=10**9,
    )
    parts.session.open_recording(history_of(seen), "long pings")
    beside(parts)

    assert parts.session.history is not None
    assert parts.session.history.end_ns >= 44 * 10**9


def test_pings_alone_offer_no_simulation(parts: Parts) -> None:
    drop(parts, SAMPLES / "ping_linux.txt")

    assert not parts.window.recorded.button.isVisible()
    assert "together with these pings" in parts.window.recorded.sentence.text()


def test_a_burst_does_not_flatten_the_rest_of_the_plot(parts: Parts) -> None:
    drop(parts, QEMU / "d02_diverge_autoconv.json.gz")
    content = parts.window.plots.panel_of("rate").content

    assert 300 < content.y_max < 1000
    assert all(c.y.max() <= content.y_max for c in content.curves)
    assert any("peak 4.6 Gbit/s" in c.word for c in content.curves)


def test_no_link_is_drawn_that_was_not_recorded(parts: Parts) -> None:
    drop(parts, SAMPLES / "qmp_lines.jsonl")
    content = parts.window.plots.panel_of("rate").content
    dirtied = next(c for c in content.curves if c.role == "dirtied")

    assert "limit" not in [c.role for c in content.curves]
    assert dirtied.y.max() == pytest.approx(5400 * 4096 * 8 / 1e6)


def test_edits_of_the_twin_keep_the_recording_behind(
    parts: Parts, beside: Callable[[Parts], None], settle: Callable[[Parts], None]
) -> None:
    drop(parts, SAMPLES / "qmp_lines.jsonl")
    beside(parts)
    before = parts.window.comparison.model.rows
    parts.session.edit("network.bandwidth", "200 Mbit/s")
    parts.session.end_gesture()
    settle(parts)

    words = [c.word for c in parts.window.plots.panel_of("rate").content.curves]
    assert "recorded" in words
    assert parts.window.comparison.model.rows != before
    total = parts.window.comparison.model.rows[1]
    assert total.percents[0] is not None and total.percents[0] > 200
    assert "times longer than recorded" in total.sentence


def test_the_recording_alone_comes_back(
    parts: Parts, beside: Callable[[Parts], None], qtbot: QtBot
) -> None:
    drop(parts, SAMPLES / "qmp_lines.jsonl")
    recording = parts.session.recording
    beside(parts)
    qtbot.keyClick(parts.window, Qt.Key.Key_B)

    assert not parts.session.beside
    assert parts.session.history is recording
    assert not parts.window.comparison.isVisible()
    assert parts.window.pages.no_pages.isVisible()
    assert not parts.window.controls.isVisible()


def test_the_key_simulates_beside_too(parts: Parts, qtbot: QtBot) -> None:
    drop(parts, SAMPLES / "qmp_lines.jsonl")
    qtbot.keyClick(parts.window, Qt.Key.Key_B)
    qtbot.waitUntil(lambda: parts.session.beside, timeout=ROOM_MS)

    assert parts.window.recorded.button.text() == "Recording alone"


def test_what_has_no_twin_says_why(parts: Parts, qtbot: QtBot) -> None:
    qtbot.keyClick(parts.window, Qt.Key.Key_B)
    assert "Only a recording" in parts.window.error_notice.lines[0]
    drop(parts, SAMPLES / "ping_linux.txt")
    assert not parts.window.error_notice.isVisible()
    qtbot.keyClick(parts.window, Qt.Key.Key_B)

    assert parts.window.error_notice.lines == (
        "This recording holds pings only: there is no migration to simulate.",
    )


def test_a_twin_that_is_late_does_not_displace_what_was_opened_since(
    parts: Parts, qtbot: QtBot
) -> None:
    drop(parts, SAMPLES / "qmp_lines.jsonl")
    qtbot.keyClick(parts.window, Qt.Key.Key_B)
    drop(parts, SAMPLES / "xl_new.log")
    recording = parts.session.recording
    qtbot.waitUntil(lambda: not parts.runs.busy, timeout=ROOM_MS)
    QApplication.processEvents()

    assert parts.session.history is recording
    assert not parts.session.beside


def test_the_values_say_where_they_come_from(
    parts: Parts, beside: Callable[[Parts], None], qtbot: QtBot
) -> None:
    drop(parts, SAMPLES / "qmp_lines.jsonl")
    assert not parts.window.actions_by_name.twin_values.isEnabled()
    beside(parts)
    qtbot.mouseClick(parts.window.recorded.values_button, LEFT)
    page = parts.window.findChild(TwinValues)
    origins = {row[0]: row[2] for row in page.model.rows}

    assert origins["vms.vm.memory"] == "from the recording"
    assert origins["vms.vm.writers.0.pattern"] == "assumed"
    qtbot.mouseClick(page.findChild(QPushButton), LEFT)


def test_opening_a_scenario_ends_the_comparison(
    parts: Parts, beside: Callable[[Parts], None]
) -> None:
    drop(parts, SAMPLES / "qmp_lines.jsonl")
    beside(parts)
    parts.wiring.open_path("recorded-demo")

    assert not parts.window.comparison.isVisible()
    assert not parts.window.recorded.isVisible()
    words = [c.word for c in parts.window.plots.panel_of("rate").content.curves]
    assert "recorded" not in words


# The table


def test_rows_compare_with_the_first_run(demo: Scenario, parts: Parts) -> None:
    recording = history_of(read_recording(SAMPLES / "qmp_lines.jsonl"))
    run = parts.session.history
    assert run is not None
    rows = {
        row.key: row
        for row in comparison_rows(
            [("recorded", recording), ("one", run), ("two", run)], reasons={"bytes_sent": "Why."}
        )
    }

    assert rows["outcome"].texts == ("Outcome", "completed", *["completed", "same"] * 2)
    assert rows["rounds"].label == "Bitmap reads"
    first, second = rows["bytes_sent"].percents
    assert first == second
    assert first is not None and first < -20
    assert rows["bytes_sent"].sentence.endswith("Why.")
    assert "less than recorded" in rows["bytes_sent"].sentence


def test_what_is_not_known_is_not_compared() -> None:
    recording = history_of(read_recording(SAMPLES / "xl_legacy.log"))
    other = history_of(read_recording(SAMPLES / "proxmox_task.log"))
    rows = {r.key: r for r in comparison_rows([("a", recording), ("b", other)])}

    assert rows["downtime_s"].values[0] == "–"
    assert rows["downtime_s"].percents == (None,)
    assert rows["rounds"].values[1] == "–"


@pytest.mark.parametrize(
    ("percent", "text"),
    [(None, "–"), (0.2, "0 %"), (-68.0, "−68 %"), (5.4, "+5 %"), (900.0, "×10")],
)
def test_percents_are_short(percent: float | None, text: str) -> None:
    assert percent_text(percent) == text


def test_more_than_four_runs_are_refused(qtbot: QtBot, application: QApplication) -> None:
    view = ComparisonView()
    qtbot.addWidget(view)
    run = history_of(read_recording(SAMPLES / "xl_legacy.log"))
    view.set_runs([("a", run), ("b", run)])
    assert view.model.columnCount() == 4
    with pytest.raises(ValueError, match="5 runs"):
        view.set_runs([(str(i), run) for i in range(5)])
    view.set_runs([])

    assert not view.isVisibleTo(None)


# The command line


def test_the_program_opens_a_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    from gui import app, startup

    taken: list[object] = []
    monkeypatch.setattr(startup, "check_display", lambda environ: "")
    monkeypatch.setattr(app, "run", lambda opened, theme_name: taken.append(opened) or 0)
    status = program.main([str(SAMPLES / "qmp_lines.jsonl"), str(SAMPLES / "ping_linux.txt")])

    assert status == 0
    assert taken[0].title.startswith("qmp_lines.jsonl")  # type: ignore[attr-defined]


def test_the_program_refuses_a_damaged_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = damaged(tmp_path, "binary")

    assert program.main([str(path)]) == program.EXIT_INPUT
    assert capsys.readouterr().err == f"{path.name}: is binary; a text log was expected\n"


def test_a_wrong_scenario_is_still_told_as_one(parts: Parts, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("format = 1\nhosts = []\n")
    with pytest.raises(ScenarioError) as caught:
        from engine.importing import open_files

        open_files([path])
    drop(parts, path)

    assert parts.window.error_notice.lines == tuple(caught.value.faults)


def test_the_window_starts_without_the_readers_of_recordings() -> None:
    code = "import sys, gui.app; print([m for m in sys.modules if 'importing' in m])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "[]"
