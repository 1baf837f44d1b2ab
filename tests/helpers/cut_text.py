"""Finds texts that are cut: painted by hand, in labels, in tables, or behind an edge.

What views paint themselves no widget knows of, so `PaintedTexts` listens to the painter: every
text that a view draws is held against the box it was given, the clip, and the widget.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from PySide6.QtCore import QModelIndex, QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QFontMetricsF, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractScrollArea,
    QHeaderView,
    QScrollArea,
    QStyle,
    QStyleOptionHeader,
    QStyleOptionViewItem,
    QTabBar,
    QTableView,
    QTreeView,
    QWidget,
)
from shiboken6 import getCppPointer

SLACK_PX = 1.5
"""Letters may touch an edge: a pixel is lost to rounded widths, half of one to smoothing."""

NUMBER = "number_of_its_painting"
"""A painter is made for one painting of a view; it is marked with this while it is listened to."""


@dataclass(frozen=True)
class Painted:
    """One text that a view drew.

    Attributes:
        view: The type of the widget it was drawn in, or of the picture.
        place: Number of that widget; 0 for a picture.
        painting: Which painting of a view it belongs to.
        window: The window of the widget; None for a picture.
        text: The text.
        ink: Where its letters are, in the coordinates of the painter.
        cut_by: What cuts it: "its box", "the clip", "the widget"; "" if it is whole.
    """

    view: str
    place: int
    painting: int
    window: QWidget | None
    text: str
    ink: QRectF
    cut_by: str


class PaintedTexts:
    """Listens to every text drawn by Python while it is entered.

    Attributes:
        painted: All texts, in the order of drawing.
        elided: (whole text, what was left of it, the file that shortened it), once each.
    """

    def __init__(self) -> None:
        """Listen to nothing yet."""
        self.painted: list[Painted] = []
        self.elided: dict[tuple[str, str, str], None] = {}
        self._paintings = 0
        self._kept: list[tuple[type, str, Any]] = []

    def cut(self) -> list[str]:
        """Return the texts that are not whole, once each: of a widget, those painted last."""
        last = {p.place: p.painting for p in self.painted}
        return list(dict.fromkeys(
            f"{p.view}: {p.text!r} by {p.cut_by}" for p in self.painted
            if p.cut_by and (not p.place or p.painting == last[p.place])
        ))

    def collisions(self) -> list[str]:
        """Return the pairs of texts of one picture that lie over each other."""
        paintings: dict[int, list[Painted]] = {}
        for p in self.painted:
            paintings.setdefault(p.painting, []).append(p)
        found = dict[str, None]()
        for texts in paintings.values():
            for i, one in enumerate(texts):
                for other in texts[:i]:
                    over = one.ink.intersected(other.ink)
                    if min(over.width(), over.height()) > 2 and one.text != other.text:
                        found[f"{one.view}: {other.text!r} under {one.text!r}"] = None
        return list(found)

    def forget(self, window: QWidget) -> None:
        """Forget what was drawn in a window."""
        self.painted = [p for p in self.painted if p.window is not window]

    def clear(self) -> None:
        """Forget what was drawn."""
        self.painted.clear()
        self.elided.clear()

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._swap(QPainter, "drawText", self._listening)
        for metrics in (QFontMetrics, QFontMetricsF):
            self._swap(metrics, "elidedText", self._watching)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the painter its own functions back."""
        for owner, name, function in reversed(self._kept):
            setattr(owner, name, function)
        self._kept.clear()

    def _swap(self, owner: type, name: str, make: Any) -> None:
        function = getattr(owner, name)
        self._kept.append((owner, name, function))
        setattr(owner, name, make(function))

    def _listening(self, draw: Any) -> Any:
        def draw_and_note(painter: QPainter, *args: Any) -> Any:
            if not hasattr(painter, NUMBER):
                self._paintings += 1
                setattr(painter, NUMBER, self._paintings)
            noted = _judged(painter, args)
            if noted is not None:
                self.painted.append(noted)
            return draw(painter, *args)

        return draw_and_note

    def _watching(self, elide: Any) -> Any:
        def elide_and_note(metrics: Any, text: str, *args: Any) -> str:
            left = str(elide(metrics, text, *args))
            if left != text:
                where = sys._getframe(1).f_code.co_filename
                self.elided[text, left, Path(where).stem] = None
            return left

        return elide_and_note


def _judged(painter: QPainter, args: tuple[Any, ...]) -> Painted | None:
    box, flags, text = _asked(args)
    if not text.strip():
        return None
    if isinstance(box, QPointF):
        ink = QFontMetricsF(painter.font()).tightBoundingRect(text).translated(box)
        room = None
    else:
        ink, room = _ink_in(painter, box, flags, text), box
    number = int(getattr(painter, NUMBER))
    device = painter.device()
    widget = device if isinstance(device, QWidget) else None
    place = getCppPointer(widget)[0] if widget is not None else 0
    window = widget.window() if widget is not None else None
    cut_by = _cut_by(painter, ink, room)
    return Painted(_name_of(painter), place, number, window, text, ink, cut_by)


def _asked(args: tuple[Any, ...]) -> tuple[QRectF | QPointF, int, str]:
    """Return where a text was to go (a box or the start of its line), its flags, and the text."""
    first = args[0]
    if isinstance(first, QRect | QRectF):
        box = QRectF(first)
        if isinstance(args[1], str):
            return box, 0, args[1]
        return box, _number(args[1]), str(args[2])
    if isinstance(first, QPoint | QPointF):
        return QPointF(first), 0, str(args[-1])
    if len(args) == 3:
        return QPointF(first, args[1]), 0, str(args[2])
    return QRectF(*args[:4]), _number(args[4]), str(args[5])


def _number(flags: Any) -> int:
    return int(getattr(flags, "value", flags))


def _ink_in(painter: QPainter, box: QRectF, flags: int, text: str) -> QRectF:
    needed = painter.boundingRect(box, flags, text)
    metrics = QFontMetricsF(painter.font())
    if needed.height() > 1.5 * metrics.height():  # several lines: the last may lack descenders
        return needed.adjusted(0, metrics.descent() / 2, 0, -metrics.descent() / 2)
    tight = metrics.tightBoundingRect(text)
    return tight.translated(needed.left(), needed.top() + metrics.ascent())


def _name_of(painter: QPainter) -> str:
    device = painter.device()
    name = device.objectName() if isinstance(device, QWidget) else ""
    return f"{type(device).__name__} {name}".strip()


def _cut_by(painter: QPainter, ink: QRectF, room: QRectF | None) -> str:
    inside = ink.adjusted(SLACK_PX, SLACK_PX, -SLACK_PX, -SLACK_PX)
    if room is not None and not room.contains(inside):
        return "its box"
    if painter.hasClipping() and not painter.clipBoundingRect().contains(inside):
        return "the clip"
    device = painter.device()
    if isinstance(device, QWidget):
        shown = painter.worldTransform().mapRect(inside)
        room_there = QRectF(device.rect())
        if _scrolls_down(device):
            room_there.setTop(shown.top())
            room_there.setBottom(shown.bottom())
        if not room_there.contains(shown):
            return "the widget"
    return ""


def _scrolls_down(device: QWidget) -> bool:
    """Return whether what is under an edge can be scrolled to."""
    area = device.parentWidget()
    return isinstance(area, QAbstractScrollArea) and area.verticalScrollBar().maximum() > 0


def cut_items(root: QWidget) -> list[str]:
    """Return the cells, headings and tabs that are narrower than their text."""
    found = []
    for view in root.findChildren(QAbstractItemView):
        if view.isVisible() and not isinstance(view, QHeaderView):
            found += [f"{type(view).__name__}: {text!r}" for text in _cut_cells(view)]
    for header in root.findChildren(QHeaderView):
        if header.isVisible():
            found += [f"heading {text!r}" for text in _cut_headings(header)]
    for tabs in root.findChildren(QTabBar):
        found += [
            f"tab {tabs.tabText(i)!r}" for i in range(tabs.count())
            if tabs.isVisible() and tabs.tabRect(i).width() < tabs.tabSizeHint(i).width()
        ]
    return found


def _cut_cells(view: QAbstractItemView) -> Iterator[str]:
    model, root = view.model(), view.rootIndex()
    if model is None:
        return
    for row in range(model.rowCount(root)):
        for column in _columns(view):
            index = model.index(row, column, root)
            text = str(index.data() or "")
            place = view.visualRect(index)
            if text and place.isValid() and not _cell_fits(view, index, place):
                yield text


def _columns(view: QAbstractItemView) -> range:
    """Return the columns of a view; a list has one, and its model does not tell."""
    if isinstance(view, QTableView | QTreeView):
        return range(view.model().columnCount(view.rootIndex()))
    return range(1)


def _cell_fits(view: QAbstractItemView, index: QModelIndex, place: QRect) -> bool:
    option = QStyleOptionViewItem()
    view.initViewItemOption(option)
    option.rect = place
    wraps = isinstance(view, QTableView) and view.wordWrap()
    needed = view.itemDelegateForIndex(index).sizeHint(option, index)
    if wraps:
        return needed.height() <= place.height() + SLACK_PX
    return needed.width() <= max(place.width(), _widest(view)) + SLACK_PX


def _widest(view: QAbstractItemView) -> int:
    """Return how far a view may be scrolled, as width; a view without a scroll bar is as wide."""
    if view.horizontalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff:
        return view.viewport().width()
    return 0


def _cut_headings(header: QHeaderView) -> Iterator[str]:
    across = header.orientation() == Qt.Orientation.Horizontal
    for section in range(header.count()):
        if header.isSectionHidden(section):
            continue
        text = str(header.model().headerData(section, header.orientation()) or "")
        option = QStyleOptionHeader()
        header.initStyleOption(option)
        size = header.sectionSize(section)
        option.rect = QRect(0, 0, size, header.height()) if across else QRect(
            0, 0, header.width(), size)
        room = header.style().subElementRect(
            QStyle.SubElement.SE_HeaderLabel, option, header)
        metrics = QFontMetrics(header.font())
        if metrics.horizontalAdvance(text) > room.width() + SLACK_PX:
            yield text


def hidden_edges(root: QWidget) -> list[str]:
    """Return the widgets that reach out of those around them where nothing can be scrolled."""
    found = []
    for widget in root.findChildren(QWidget):
        around = widget.parentWidget()
        if not widget.isVisible() or widget.isWindow() or around is None:
            continue
        if _scrolls(around):
            continue
        if widget.width() and widget.height() and not around.rect().contains(widget.geometry()):
            found.append(
                f"{type(widget).__name__} {widget.objectName()} in {type(around).__name__}"
            )
    return found


def _scrolls(around: QWidget) -> bool:
    area = around.parentWidget()
    if not isinstance(area, QAbstractScrollArea) or area.viewport() is not around:
        return False
    content = area.widget() if isinstance(area, QScrollArea) else None
    if content is None:
        return True
    off = area.horizontalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    return not off or content.width() <= around.width()
