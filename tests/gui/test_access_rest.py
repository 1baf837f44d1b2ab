"""Names and descriptions where the walk of the demo does not come by, and none that tell too much.

Recordings, questions before and after a run, a followed page, the working set, kept work.
"""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.metrics import downtime_ns, total_time_ns
from engine.units import format_duration_ns
from gui.app import Parts
from gui.dialogs.live_command import AskCommand
from gui.dialogs.restore_work import RestoreWork
from gui.dialogs.twin_values import TwinValues
from gui.keeping import Kept
from gui.live.commands import CommandError, LiveCommand, Plan
from gui.views.summary_view import SummaryView
from tests.gui.test_access import SECOND_NS, mute, nameless
from tests.gui.test_predict import ask, card_of, lock
from tests.gui.test_recordings import SAMPLES, beside, drop

Settle = Callable[[Parts], None]
__all__ = ["beside"]


def whole(root: QWidget, qtbot: QtBot) -> None:
    """Hold everything in a window to names and descriptions; some follow a moment later."""
    qtbot.waitUntil(lambda: mute(root) == [], timeout=2000)
    assert nameless(root) == []


def test_a_recording_and_its_twin(
    parts: Parts, settle: Settle, qtbot: QtBot, beside: Callable[[Parts], None]
) -> None:
    settle(parts)
    drop(parts, SAMPLES / "qmp_lines.jsonl")
    history = parts.session.history
    assert history is not None and parts.session.recording is not None
    parts.player.seek(history.end_ns // 2)
    whole(parts.window, qtbot)
    beside(parts)
    whole(parts.window, qtbot)
    parts.window.actions_by_name.twin_values.trigger()
    QApplication.processEvents()
    (dialog,) = [d for d in parts.window.findChildren(TwinValues) if d.isVisible()]
    whole(dialog, qtbot)
    dialog.close()


def test_a_page_that_is_followed_and_the_working_set(
    parts: Parts, settle: Settle, qtbot: QtBot
) -> None:
    settle(parts)
    parts.player.seek(8 * SECOND_NS)
    pages = parts.window.pages
    pages.sight.go_to(100)
    whole(parts.window, qtbot)
    assert pages.sight.strip.isVisible() and "100" in pages.sight.strip.accessibleDescription()
    qtbot.keyClick(parts.window, Qt.Key.Key_W)
    whole(parts.window, qtbot)


def test_the_question_before_a_run_and_the_answer_after_it(parts: Parts, qtbot: QtBot) -> None:
    form = ask(parts)
    whole(form, qtbot)
    qtbot.keyClick(form, Qt.Key.Key_Escape)
    QApplication.processEvents()
    lock(parts)
    whole(parts.window, qtbot)
    parts.player.to_end()
    whole(card_of(parts, qtbot), qtbot)


def test_no_description_tells_the_outcome_while_a_prediction_stands(
    parts: Parts, settle: Settle, qtbot: QtBot
) -> None:
    settle(parts)
    history = parts.session.history
    assert history is not None
    record = history.migrations[0]
    total, down = total_time_ns(record), downtime_ns(record)
    assert total is not None and down is not None and record.suspended_ns is not None
    secrets = (format_duration_ns(total), format_duration_ns(down))

    def told() -> str:
        widgets = [w for w in parts.window.findChildren(QWidget) if w.isVisible()]
        widgets.append(parts.window)
        return "\n".join(f"{w.accessibleName()} {w.accessibleDescription()}" for w in widgets)

    parts.player.seek(record.suspended_ns - 2 * SECOND_NS)
    assert all(secret in told() for secret in secrets)
    lock(parts)
    parts.player.seek(record.suspended_ns - SECOND_NS)
    qtbot.wait(700)  # what is told with a delay
    lines = [line for line in told().splitlines() if any(s in line for s in secrets)]
    assert lines == []


def test_confirming_a_move(parts: Parts, settle: Settle, qtbot: QtBot) -> None:
    settle(parts)
    parts.wiring.moving.request_move("xenapp", "xen-2")
    QApplication.processEvents()
    dialog = parts.wiring.moving.dialog
    assert dialog is not None and dialog.isVisible()
    whole(dialog, qtbot)
    dialog.close()


def test_work_that_was_kept_and_a_live_command(parts: Parts, qtbot: QtBot) -> None:
    def plan(text: str) -> Plan:
        raise CommandError("That is no rate: write 500 Mbit/s.")

    kept = RestoreWork([(Kept(Path("a.toml"), 1e9), "The demo, edited")], parts.window)
    asked = AskCommand(LiveCommand("Bandwidth", "Set it", "Bandwidth", plan), "?", parts.window)
    for dialog in (kept, asked):
        dialog.show()
        QApplication.processEvents()
        whole(dialog, qtbot)
        dialog.close()


def test_the_line_in_words_keeps_its_room_while_words_come_and_go(
    parts: Parts, settle: Settle
) -> None:
    settle(parts)
    parts.window.actions_by_name.summary.trigger()
    line: SummaryView = parts.window.summary
    tops = []
    for words in ("Long " * 90, "Short.", "Long " * 60):
        line.say(words)
        QApplication.processEvents()
        tops.append(parts.window.splitters["across"].y())
    assert tops[0] == tops[1] == tops[2] and line.height() > 40
    line.say("Short.")
    parts.window.resize(1900, 800)
    QApplication.processEvents()
    assert line.height() < 40
