"""The legend: every class with colour, pattern, name and count, in lines that wrap.

It filters: a click on an entry, or Space, shows these pages only; Escape shows all again.
"""

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.history import History
from engine.policies import POLICIES
from engine.states import STATE_LABELS, PageState
from engine.units import format_count
from gui.style.theme import DARK, Theme, ui_font
from gui.views.page_coding import STATE, Coding
from gui.views.page_swatch import swatch

SWATCH_PX: Final = 14
ROW_PX: Final = 20
GAP_PX: Final = 6
BETWEEN_PX: Final = 16
FONT_PX: Final = 11
DESCRIBE_MS: Final = 400
WIDEST_COUNT: Final = "0,000,000"
PRECOPY: Final = (
    PageState.NOT_SENT,
    PageState.IN_FLIGHT,
    PageState.UP_TO_DATE,
    PageState.DIRTY_AGAIN,
    PageState.SKIPPED,
    PageState.SENT_WHILE_STOPPED,
    PageState.FREE,
)
POSTCOPY: Final = (
    PageState.NOT_SENT,
    PageState.IN_FLIGHT,
    PageState.MISSING,
    PageState.PULLED,
    PageState.PUSHED,
    PageState.FREE,
)


MOVES: Final = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}

SWITCHED: Final = tuple(
    state
    for state in dict.fromkeys(PRECOPY + POSTCOPY)
    if state not in (PageState.SKIPPED, PageState.SENT_WHILE_STOPPED)
)
"""Of a policy that copies while the VM runs, and then lets the VM go first."""


class LegendView(QWidget):
    """What the cells mean, and how many pages are in each class now.

    Attributes:
        filter_changed: The classes to be shown, a frozenset of numbers; empty: all.
        let_go: Escape, when nothing was filtered.
    """

    filter_changed = Signal(object)
    let_go = Signal()

    def __init__(self) -> None:
        """Start empty, dark."""
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Page states")
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._theme = DARK
        self._counts: list[int] | None = None
        self._states: tuple[PageState, ...] = PRECOPY
        self._coding: Coding = STATE
        self._counting = False
        self._sampled = 1
        self._widest_count = WIDEST_COUNT
        self._exact = True
        self._filter: frozenset[int] = frozenset()
        self._at = 0
        self._corner: QWidget | None = None
        self._per_cell = 1
        self._swatches: dict[int, QPixmap] = {}
        self._label_px: dict[str, int] = {}
        self._kept: tuple[tuple[object, ...], tuple[list[QRect], int]] | None = None
        # Not at every frame: nobody hears that fast.
        self._describe = QTimer(self, singleShot=True, interval=DESCRIBE_MS)
        self._describe.timeout.connect(
            lambda: self.setAccessibleDescription(f"{self.text()}; {self.footer()}.")
        )
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip("Click an entry to show these pages only; Esc shows all")

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self._swatches = {}
        self.update()

    def set_history(self, history: History, *, selected: str) -> None:
        """Show the states that this VM's migrations can have."""
        n_pages = history.vm(selected).spec.n_pages
        widest = max(WIDEST_COUNT, format_count(n_pages), key=len)
        if len(widest) != len(self._widest_count):
            self._widest_count = widest
            self._relay()
        policies = {m.policy for m in history.migrations if m.vm == selected}
        states: tuple[PageState, ...] = PRECOPY
        pulling = {p for p in policies if p in POLICIES and POLICIES[p].family == "post-copy"}
        if pulling and policies <= pulling:
            states = POSTCOPY if policies == {"postcopy"} else SWITCHED
        elif pulling:
            states = tuple(dict.fromkeys(PRECOPY + POSTCOPY))
        if states != self._states:
            self._states = states
            self.clear_filter()
            self.updateGeometry()
            self._relay()

    def set_corner(self, widget: QWidget) -> None:
        """Keep room for a widget at the right end of the last line."""
        self._corner = widget
        widget.setParent(self)
        widget.show()
        self._relay()

    def set_coding(self, coding: Coding) -> None:
        """Explain another coding; nothing is filtered then."""
        if coding is not self._coding:
            self._coding, self._swatches, self._counts, self._at = coding, {}, None, 0
            self.clear_filter()
            self._relay()

    def set_counting(self, counting: bool) -> None:
        """Say whether what is shown is still being counted."""
        if counting != self._counting:
            self._counting = counting
            self.update()

    def set_sampled(self, every: int, *, exact: bool) -> None:
        """Say that while time moves every so many pages are counted, and whether all are now."""
        if (every, exact) != (self._sampled, self._exact):
            relay = every != self._sampled
            self._sampled, self._exact = every, exact
            if relay:
                self._relay()
            self.update()

    def show_counts(self, counts: list[int] | None, pages_per_cell: int) -> None:
        """Show how many pages are in each class (None: nothing was sent), and a cell's size."""
        if (counts, pages_per_cell) != (self._counts, self._per_cell):
            self._counts, self._per_cell = counts, pages_per_cell
            if not self._describe.isActive():
                self._describe.start()
            beside = QRegion(self.rect())  # the corner's controls would be painted with it
            if self._corner is not None:
                beside -= QRegion(self._corner.geometry())
            self.update(beside)

    @property
    def filtered(self) -> frozenset[int]:
        """Return the classes that are shown; empty: all."""
        return self._filter

    def toggle(self, number: int) -> None:
        """Show a class beside those that are chosen already, or no longer."""
        self._set_filter(self._filter ^ {number})

    def clear_filter(self) -> None:
        """Show all classes."""
        self._set_filter(frozenset())

    def _set_filter(self, chosen: frozenset[int]) -> None:
        if chosen != self._filter:
            self._filter = chosen
            self._describe.start()
            self.filter_changed.emit(chosen)
            self.update()

    def _entries(self) -> list[tuple[int, str]]:
        """Return number and label of each class."""
        if self._coding.is_state:
            return [(int(state), STATE_LABELS[state]) for state in self._states]
        return list(enumerate(self._coding.labels))

    def text(self) -> str:
        """Return the legend as a sentence, for who cannot see it."""
        if self._counts is None:
            return "No pages have been sent."
        counts = self._counts
        named = [(counts[k], name) for k, name in self._entries() if counts[k]]
        if not self._coding.is_state:
            return ", ".join(f"{name}: {format_count(n)}" for n, name in named)
        return ", ".join(f"{format_count(n)} {name}" for n, name in named)

    def footer(self) -> str:
        """Return what a cell is; or that a filter is on, and how many pages pass it."""
        if self._filter:
            n = sum(self._counts[k] for k in self._filter) if self._counts else 0
            return f"filter on: {format_count(n)} pages lit; Esc clears it"
        return self._cell_text()

    def _cell_text(self) -> str:
        head = "" if self._coding.is_state else f"{self._coding.quantity}; "
        if self._counting:
            return f"{head}counting…"
        if self._per_cell == 1:
            return f"{head}one cell = 1 page of 4 KiB"
        cell = f"{head}one cell = {format_count(self._per_cell)} pages of 4 KiB"
        if self._sampled == 1:
            return f"{cell}, mixed"
        if self._exact:
            return f"{cell}, all counted"
        return f"{cell}; coarse: 1 page in {self._sampled} counted"

    def _places(self, width: int) -> tuple[list[QRect], int]:
        """Return a place for each class and the footer, and the height of all."""
        key = (
            width, self._coding, self._states, self._per_cell, self._counting, self._sampled,
            len(self._widest_count), self._corner is None,
        )
        if self._kept is None or self._kept[0] != key:
            self._kept = key, self._laid_out(width)
        return self._kept[1]

    def _laid_out(self, width: int) -> tuple[list[QRect], int]:
        metrics = QFontMetrics(ui_font(FONT_PX))
        number = metrics.horizontalAdvance(self._widest_count) + GAP_PX
        widths = [
            SWATCH_PX + GAP_PX + metrics.horizontalAdvance(label) + number
            for _, label in self._entries()
        ]
        widest_filter = "filter on: 000,000 pages lit; Esc clears it"
        texts = [self._cell_text(), widest_filter]
        if self._sampled > 1:  # what it says changes whenever time stands still
            cell = f"one cell = {self._per_cell:,} pages of 4 KiB"
            texts.append(f"{cell}; coarse: 1 page in 000 counted")
        footer = max(metrics.horizontalAdvance(text) for text in texts)
        widths.append(footer + 2)
        places, x, y = [], 0, 0
        for item in widths:
            if x and x + item > width:
                x, y = 0, y + ROW_PX
            places.append(QRect(x, y, item, ROW_PX))
            x += item + BETWEEN_PX
        corner = self._corner
        if corner is not None and x + corner.sizeHint().width() > width:
            y += ROW_PX
        return places, y + ROW_PX

    def _relay(self) -> None:
        """Take the height that the entries need, and put the corner into its place."""
        height = self._places(max(1, self.width()))[1]
        self.setFixedHeight(height)
        if self._corner is not None:
            size = self._corner.sizeHint()
            left = max(0, self.width() - size.width())
            self._corner.setGeometry(left, height - ROW_PX, size.width(), ROW_PX)
        self.update()

    def _swatch(self, number: int) -> QPixmap:
        if number not in self._swatches:
            self._swatches[number] = swatch(self._coding, number, SWATCH_PX, self._theme)
        return self._swatches[number]

    def entry_at(self, at: QPoint) -> int | None:
        """Return the class of the entry at a point."""
        places, _ = self._places(self.width())
        for (number, _), place in zip(self._entries(), places, strict=False):
            if place.contains(at):
                return number
        return None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Filter by the entry under the mouse."""
        number = self.entry_at(event.position().toPoint())
        if number is not None and event.button() == Qt.MouseButton.LeftButton:
            self._at = [k for k, _ in self._entries()].index(number)
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.toggle(number)

    def event(self, event: QEvent) -> bool:
        """Keep Space and arrows, which else play and step."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            keys = (*MOVES, Qt.Key.Key_Space, Qt.Key.Key_Escape)
            if Qt.Key(event.key()) in keys and not event.modifiers():
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose an entry by the arrows, filter by Space, show all by Escape."""
        key, entries = Qt.Key(event.key()), self._entries()
        if key in MOVES:
            self._at = (self._at + MOVES[key]) % len(entries)
            self.update()
        elif key == Qt.Key.Key_Space:
            self.toggle(entries[self._at][0])
        elif key == Qt.Key.Key_Escape:
            if self._filter:
                self.clear_filter()
            else:
                self.let_go.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus."""
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that it went."""
        self.update()

    def hasHeightForWidth(self) -> bool:
        """Return that the lines wrap."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height of all lines."""
        return self._places(width)[1]

    def sizeHint(self) -> QSize:
        """Return two lines, roughly."""
        return QSize(900, self._places(max(300, self.width()))[1])

    def minimumSizeHint(self) -> QSize:
        """Return room for the widest entry."""
        widest = max(place.width() for place in self._places(10_000)[0])
        return QSize(widest, self._places(max(300, self.width()))[1])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take the height that the new width needs."""
        self._relay()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint every entry."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("ground"))
        painter.setFont(ui_font(FONT_PX))
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        places, _ = self._places(self.width())
        metrics = painter.fontMetrics()
        for i, ((number, label), place) in enumerate(zip(self._entries(), places, strict=False)):
            out = bool(self._filter) and number not in self._filter
            painter.setOpacity(0.35 if out else 1.0)
            painter.drawPixmap(place.x(), place.y() + 3, self._swatch(number))
            painter.setOpacity(1.0)
            count = self._counts[number] if self._counts else 0
            text = place.adjusted(SWATCH_PX + GAP_PX, 0, 0, 0)
            painter.setPen(self._theme.color("ink" if count and not out else "dim"))
            painter.drawText(text, middle, label)
            if label not in self._label_px:
                self._label_px[label] = metrics.horizontalAdvance(label)
            wide = self._label_px[label]
            if number in self._filter:
                painter.fillRect(text.x(), place.bottom() - 1, wide, 2, self._theme.color("warn"))
            if count:
                painter.setPen(self._theme.color("dim"))
                painter.drawText(
                    text.adjusted(wide + GAP_PX, 0, 0, 0), middle, format_count(count)
                )
            if self.hasFocus() and i == self._at:
                painter.setPen(self._theme.color("link"))
                painter.drawRect(place.adjusted(-2, 0, -4, -1))
        painter.setPen(self._theme.color("warn" if self._filter else "dim"))
        painter.drawText(places[-1], middle, self.footer())
        painter.end()
