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

from gui.app import Parts
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
    "scenarios": "scenarios", "why": "why", "parameters": "parameters", "migrate": "migrate",
    "keys": "keys", "palette": "palette", "note": "note", "compare": "compare",
    "plot_table": "plot_table", "predict": "predict", "reproduce": "reproduce",
    "attach": "attach", "open_share_code": "open_share_code",
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
    assert view.accessibleDescription() or path in ("outcome", "rounds")


LIVE = ("pool", "pages.source", "pages.destination", "plots.panels.0", "plots.panels.1",
        "timeline", "narration")


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
