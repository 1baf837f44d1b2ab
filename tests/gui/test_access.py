"""Names and descriptions for those who do not see, and a focus that those who do can see."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QMenuBar,
    QScrollBar,
    QSplitterHandle,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from engine.scenario import load_scenario
from gui.app import Parts
from gui.models.plot_rows import PlotTable
from tests.gui.test_compare import compare
from tests.helpers.colour_science import contrast

Settle = Callable[[Parts], None]
SECOND_NS = 1_000_000_000
PARTS_OF_OTHERS = (QScrollBar, QSplitterHandle, QTabBar, QMenuBar)


def controls(root: QWidget) -> Iterator[QWidget]:
    """Yield what the keyboard reaches."""
    for widget in root.findChildren(QWidget):
        if isinstance(widget, QLabel) and not widget.text():
            continue  # it says nothing yet
        inside = widget.parentWidget()
        part = isinstance(inside, QComboBox | QAbstractSpinBox) and isinstance(widget, QLineEdit)
        viewport = isinstance(inside, QAbstractScrollArea) and inside.viewport() is widget
        if part or viewport or isinstance(widget, PARTS_OF_OTHERS):
            continue
        if widget.objectName().startswith("qt_") or widget.window() is not root.window():
            continue
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
            yield widget


def name_of(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton | QLabel) else ""
    return widget.accessibleName() or text


def nameless(root: QWidget) -> list[str]:
    return [
        f"{type(w).__name__} {w.objectName()} in {type(w.parentWidget()).__name__}"
        for w in controls(root)
        if not name_of(w).strip()
    ]


def test_every_control_of_the_window_has_a_name(parts: Parts) -> None:
    assert nameless(parts.window) == []
    assert len(list(controls(parts.window))) > 30


OPENERS = {
    "export_data": "export_data", "export_film": "export_film",
    "scenarios": "scenarios", "why": "why", "parameters": "parameters", "migrate": "migrate",
    "keys": "keys", "palette": "palette", "note": "note", "compare": "compare",
    "plot_table": "plot_table", "predict": "predict", "reproduce": "reproduce",
    "attach": "attach", "open_share_code": "open_share_code", "lessons": "lessons",
    "export_picture": "export_picture",
    "sweep": "sweep",
}


@pytest.mark.parametrize("name", sorted(OPENERS))
def test_every_control_of_a_dialog_has_a_name(parts: Parts, qtbot: QtBot, name: str) -> None:
    parts.player.seek(2 * SECOND_NS)
    before = {d for d in parts.window.findChildren(QDialog) if d.isVisible()}
    QApplication.clipboard().clear()
    getattr(parts.window.actions_by_name, name).trigger()
    QApplication.processEvents()
    opened = [d for d in parts.window.findChildren(QDialog) if d.isVisible() and d not in before]
    for dialog in opened:
        assert nameless(dialog) == []
        assert dialog.windowTitle() or dialog.accessibleName()
        dialog.close()
    assert opened or name == "predict"


IN_WORDS = {  # actions that open no dialog of ours from the recorded demo, and why
    "open_file": "the system's dialog", "save_scenario": "the system's dialog",
    "save_recording": "no QEMU is attached",
    "reset_all": "asks with a box of the system", "twin_values": "no recording is open",
    "go_to_page": "goes to a field", "live_start": "no QEMU is attached",
    "live_cancel": "no QEMU is attached", "live_bandwidth": "no QEMU is attached",
    "live_downtime": "no QEMU is attached", "live_postcopy": "no QEMU is attached",
    "lesson_answers": "the system's dialog", "lesson_sheet": "the system's dialog",
    "lesson_key": "the system's dialog",
}  # fmt: skip


def test_no_dialog_is_left_out(parts: Parts) -> None:
    asking = {row.name for row, action in parts.window.actions_by_name.rows()
              if action.text().endswith("…")}  # fmt: skip
    assert asking - set(OPENERS) == set(IN_WORDS)


def painters(root: QWidget) -> Iterator[QWidget]:
    """Yield what is seen and paints itself, so that no text of a child is there to be read."""
    for widget in root.findChildren(QWidget):
        ours = any(
            "paintEvent" in kind.__dict__ and kind.__module__.startswith("gui.")
            for kind in type(widget).__mro__
        )
        if ours and widget.isVisible() and widget.window() is root.window():
            yield widget


def mute(root: QWidget) -> list[str]:
    """Return what paints itself without a name, or without telling what it shows."""
    return [
        f"{type(w).__name__} {w.accessibleName()!r}: {w.accessibleDescription()!r}"
        for w in painters(root)
        if not w.accessibleName() or not w.accessibleDescription()
    ]


SHOWN = ("recorded-demo", "clark-quake3", "clark-web", "lab-typing-session", "postcopy-pull",
         "evacuate-for-maintenance")


@pytest.mark.parametrize("name", SHOWN)
def test_everything_painted_has_a_name_and_tells_what_it_shows(
    open_window: Callable[..., Parts], settle: Settle, qtbot: QtBot, name: str
) -> None:
    parts = open_window(load_scenario(name))
    settle(parts)
    console = parts.window.console
    history = parts.session.history
    assert history is not None
    (first, *_) = history.migrations
    for t_ns in (0, first.requested_ns + SECOND_NS, history.end_ns):
        parts.player.seek(t_ns)
        for _ in console.panes:
            qtbot.keyClick(console.tabs, Qt.Key.Key_Right)
            # What changes at every frame is told a moment later.
            qtbot.waitUntil(lambda: mute(parts.window) == [], timeout=2000)
    assert len(list(painters(parts.window))) > 20


@pytest.mark.parametrize("name", SHOWN)
def test_every_plot_tells_its_figures_at_the_playhead_and_has_a_table(
    open_window: Callable[..., Parts], settle: Settle, qtbot: QtBot, name: str
) -> None:
    parts = open_window(load_scenario(name))
    settle(parts)
    plots, history = parts.window.plots, parts.session.history
    assert history is not None
    tables: list[PlotTable] = []
    plots.table_requested.connect(tables.append)
    for kind in plots.kinds:
        plots.show_plot(0, kind)
        panel = plots.panel_of(kind)
        assert panel.accessibleName().strip() not in ("", "Plot")
        for tenth in (3, 6, 9) if kind not in SAME_ALL_ALONG else ():
            before = panel.accessibleDescription()
            parts.player.seek(history.end_ns * tenth // 10)
            qtbot.waitUntil(lambda p=panel, b=before: p.accessibleDescription() != b, timeout=3000)
        assert panel.accessibleDescription()
        plots.request_table(0)
        (table,) = tables
        assert table.title and len(table.headings) >= 2 and len(table.rows) > 0
        tables.clear()
        for dialog in parts.window.findChildren(QDialog):
            if dialog.isVisible():
                assert nameless(dialog) == []
                dialog.close()


SAME_ALL_ALONG = ("downtime",)
"""Its parts are those of the whole run."""


def test_compared_runs_tell_their_figures(parts: Parts, settle: Settle, qtbot: QtBot) -> None:
    settle(parts)
    compare(parts, qtbot, "stop-and-copy")
    page = parts.window.compare_page
    told = set()
    for t_s in (7, 9, 12):
        parts.player.seek(t_s * SECOND_NS)
        qtbot.waitUntil(lambda: mute(parts.window) == [], timeout=2000)
        assert nameless(page) == []
        told.add(tuple(w.accessibleDescription() for w in painters(page)))
    assert len(told) == 3


def test_another_client_tells_its_own_while_the_playhead_rests(
    open_window: Callable[..., Parts], settle: Settle, qtbot: QtBot
) -> None:
    parts = open_window(load_scenario("clark-quake3"))
    settle(parts)
    parts.player.seek(3 * SECOND_NS)
    console = parts.window.console
    first = console.accessibleDescription()
    qtbot.keyClick(console.tabs, Qt.Key.Key_Right)
    assert console.accessibleName() == console.panes[1].title
    assert console.accessibleDescription() == console.panes[1].words_at(3 * SECOND_NS) != first


def test_sliders_tell_values_and_not_positions(
    parts: Parts, settle: Settle, qtbot: QtBot
) -> None:
    settle(parts)
    row = parts.window.controls.bandwidth
    assert row.slider.accessibleDescription().startswith(row.box.text())
    before = row.slider.accessibleDescription()
    row.slider.setFocus()
    qtbot.keyClick(row.slider, Qt.Key.Key_Left)
    assert row.box.text() != before.partition(";")[0]
    assert row.slider.accessibleDescription().startswith(row.box.text())
    row.box.setFocus()
    row.box.selectAll()
    qtbot.keyClicks(row.box, "fast")
    qtbot.keyClick(row.box, Qt.Key.Key_Return)
    assert row.box.toolTip() and row.box.toolTip() in row.box.accessibleDescription()
    row.set_usable("It is not to be changed.")
    assert "It is not to be changed." in row.slider.accessibleDescription()


def test_a_phase_that_comes_too_soon_is_announced_later(parts: Parts, qtbot: QtBot) -> None:
    telling = parts.wiring.telling
    parts.player.seek(8 * SECOND_NS)
    telling.tell()
    assert "Phase: push" in telling.announced
    parts.player.seek(14 * SECOND_NS)
    telling.tell()
    assert "Phase: push" in telling.announced
    qtbot.waitUntil(lambda: "completed" in telling.announced, timeout=3000)


def test_what_a_prediction_hides_is_not_told_either(parts: Parts, settle: Settle) -> None:
    settle(parts)
    parts.player.seek(8 * SECOND_NS)
    outcome, rounds = parts.window.outcome, parts.window.rounds
    assert "39.1 ms" in outcome.accessibleDescription()
    assert rounds.accessibleDescription().startswith("Now: round 1. Round 1: ")
    for view in (outcome, rounds):
        view.set_future_hidden(True)
    assert outcome.accessibleDescription() == "hidden"
    assert rounds.accessibleDescription() == "Now: round 1"


VIEWS = ("pool", "pages.source", "pages.destination", "plots.panels.0", "plots.panels.1",
         "timeline", "narration", "console", "outcome", "rounds")


def view_of(parts: Parts, path: str) -> QWidget:
    found = parts.window
    for name in path.split("."):
        found = found[int(name)] if name.isdigit() else getattr(found, name)  # type: ignore[index]
    return found


@pytest.mark.parametrize("path", VIEWS)
def test_what_paints_data_has_a_name_and_says_what_it_shows(parts: Parts, path: str) -> None:
    view = view_of(parts, path)
    parts.player.seek(8 * SECOND_NS)
    QApplication.processEvents()
    assert view.accessibleName()
    assert view.accessibleDescription()


LIVE = ("pool", "pages.source", "pages.destination", "plots.panels.0", "plots.panels.1",
        "timeline", "narration", "console", "console.pane")


@pytest.mark.parametrize("path", LIVE)
def test_descriptions_follow_the_playhead(parts: Parts, qtbot: QtBot, path: str) -> None:
    view = view_of(parts, path)
    for t_s in (8, 11, 7):
        before = view.accessibleDescription()
        parts.player.seek(t_s * SECOND_NS)
        qtbot.waitUntil(lambda before=before: view.accessibleDescription() != before)


def test_the_window_tells_its_state_and_a_line_shows_it(parts: Parts, qtbot: QtBot) -> None:
    telling = parts.wiring.telling
    parts.player.seek(8 * SECOND_NS)
    telling.tell()
    told = parts.window.accessibleDescription()
    for word in ("Phase: push", "Round 1", "pages left", "Downtime so far: none"):
        assert word in told
    assert telling.announced == told
    qtbot.keyClick(parts.window, "W", Qt.KeyboardModifier.ControlModifier)
    assert parts.window.summary.isVisible() and parts.window.summary.text() == told
    parts.player.seek(14 * SECOND_NS)
    qtbot.waitUntil(lambda: "Downtime: 39.1 ms" in parts.window.summary.text())
    # Announced again only when a second has passed.
    assert telling.announced == told


# Focus


def pixels(widget: QWidget) -> np.ndarray:
    """Return what is seen of a widget and just around it."""
    window = widget.window()
    corner = widget.mapTo(window, widget.rect().topLeft())
    around = widget.rect().translated(corner).adjusted(-2, -2, 2, 2).intersected(window.rect())
    image = window.grab(around).toImage().convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), np.uint32)
    return raw.reshape(image.height(), image.bytesPerLine() // 4).copy()


def strongest_change(before: np.ndarray, after: np.ndarray) -> float:
    """Return the best contrast between the old and new colour of any pixel that changed much."""
    changed = before != after
    pairs, counts = np.unique(
        np.stack([before[changed], after[changed]]), axis=1, return_counts=True
    )
    best = 1.0
    for (old, new), count in zip(pairs.T.tolist(), counts.tolist(), strict=True):
        if count >= 8:
            best = max(best, contrast(f"#{old & 0xFFFFFF:06x}", f"#{new & 0xFFFFFF:06x}"))
    return best


@pytest.mark.parametrize("theme", ["dark", "light", "projector"])
def test_focus_is_seen_on_every_control(parts: Parts, qtbot: QtBot, theme: str) -> None:
    parts.wiring.layouts.set_theme(theme)
    parts.window.actions_by_name.branches.trigger()
    parts.window.activateWindow()
    qtbot.waitUntil(parts.window.isActiveWindow)
    weak = []
    for widget in controls(parts.window):
        if not widget.isVisible() or not widget.isEnabled() or widget is parts.window:
            continue
        if widget.visibleRegion().isEmpty():
            continue
        parts.window.setFocus()
        QApplication.processEvents()
        before = pixels(widget)
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        QApplication.processEvents()
        after = pixels(widget)
        if before.shape != after.shape:
            continue  # it scrolled into sight
        seen = strongest_change(before, after)
        if seen < 3:
            weak.append(f"{type(widget).__name__} {name_of(widget)!r}: {seen:.1f}")
    assert weak == []
