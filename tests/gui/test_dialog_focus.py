"""In every dialog the focus is seen wherever the keyboard takes it, also in lists and areas."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from gui.app import Parts
from gui.dialogs.live_command import AskCommand
from gui.dialogs.restore_work import RestoreWork
from gui.keeping import Kept
from gui.live.commands import CommandError, LiveCommand, Plan
from tests.gui.test_access import (
    OPENERS,
    SECOND_NS,
    controls,
    name_of,
    pixels,
)
from tests.gui.test_predict import card_of, lock
from tests.gui.test_recordings import SAMPLES, beside, drop
from tests.helpers.colour_science import contrast

__all__ = ["beside"]

Settle = Callable[[Parts], None]
LEAST_PIXELS = 30
"""More than the caret of a field has."""
THEMES = ("dark", "light", "projector")


def reachable(dialog: QDialog) -> list[QWidget]:
    """Return what the keyboard reaches now."""
    return [w for w in controls(dialog) if w.isVisible() and w.isEnabled()]


def standing_out(before: np.ndarray, after: np.ndarray) -> int:
    """Return how many pixels changed so much that they stand out 3 to 1 against what was there."""
    changed = before != after
    old_and_new = np.stack([before[changed], after[changed]])
    pairs, counts = np.unique(old_and_new, axis=1, return_counts=True)
    return sum(
        int(count)
        for (old, new), count in zip(pairs.T.tolist(), counts, strict=True)
        if contrast(f"#{old & 0xFFFFFF:06x}", f"#{new & 0xFFFFFF:06x}") >= 3
    )


def weak_focus(dialog: QDialog, qtbot: QtBot) -> list[str]:
    """Return where the focus changes nothing that stands out 3 to 1."""
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    weak = []
    for widget in reachable(dialog):
        widget.setFocus(Qt.FocusReason.TabFocusReason)  # it scrolls into sight first
        QApplication.processEvents()
        widget.clearFocus()
        QApplication.processEvents()
        before = pixels(widget)
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        QApplication.processEvents()
        after = pixels(widget)
        assert before.shape == after.shape
        seen = standing_out(before, after)
        if seen < LEAST_PIXELS:
            weak.append(f"{type(widget).__name__} {name_of(widget)!r}: {seen}")
    return weak


def all_opened(parts: Parts) -> list[QDialog]:
    return [d for d in parts.window.findChildren(QDialog) if d.isVisible()]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", sorted(OPENERS))
def test_focus_is_seen_on_every_control_of_a_dialog(
    parts: Parts, settle: Settle, qtbot: QtBot, name: str, theme: str
) -> None:
    settle(parts)
    parts.wiring.layouts.set_theme(theme)
    parts.player.seek(2 * SECOND_NS)
    getattr(parts.window.actions_by_name, name).trigger()
    QApplication.processEvents()
    (dialog,) = all_opened(parts)
    assert reachable(dialog)
    assert weak_focus(dialog, qtbot) == []
    dialog.close()


@pytest.mark.parametrize("theme", THEMES)
def test_focus_is_seen_where_no_action_leads(
    parts: Parts, settle: Settle, qtbot: QtBot, theme: str
) -> None:
    settle(parts)
    parts.wiring.layouts.set_theme(theme)
    parts.wiring.moving.request_move("xenapp", "xen-2")
    QApplication.processEvents()
    (confirm,) = all_opened(parts)
    assert weak_focus(confirm, qtbot) == []
    confirm.close()
    lock(parts)
    parts.player.to_end()
    card = card_of(parts, qtbot)
    assert weak_focus(card, qtbot) == []
    card.close()
    asked = AskCommand(LiveCommand("Bandwidth", "Set it", "Bandwidth", _plan), "?", parts.window)
    kept = RestoreWork([(Kept(Path("a.toml"), 1e9), "The demo, edited")], parts.window)
    for dialog in (asked, kept):
        dialog.show()
        assert weak_focus(dialog, qtbot) == []
        dialog.close()
    parts.session.edit("network.bandwidth", "500 Mbit/s")
    parts.window.actions_by_name.reset_all.trigger()
    QApplication.processEvents()
    (box,) = all_opened(parts)
    assert isinstance(box, QMessageBox)
    assert weak_focus(box, qtbot) == []
    box.close()


def _plan(text: str) -> Plan:
    raise CommandError("That is no rate: write 500 Mbit/s.")


@pytest.mark.parametrize("theme", THEMES)
def test_focus_is_seen_in_the_table_of_a_twin(
    parts: Parts, settle: Settle, qtbot: QtBot, beside: Callable[[Parts], None], theme: str
) -> None:
    settle(parts)
    parts.wiring.layouts.set_theme(theme)
    drop(parts, SAMPLES / "qmp_lines.jsonl")
    beside(parts)
    parts.window.actions_by_name.twin_values.trigger()
    QApplication.processEvents()
    (dialog,) = all_opened(parts)
    assert weak_focus(dialog, qtbot) == []
    dialog.close()
