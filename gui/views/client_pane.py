"""What all kinds of clients share in the console: a sunken box, a title and a size."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.history import Frame, History
from engine.probes import FATE_LABELS, Fate, ProbeRecord
from engine.units import format_duration_ns
from gui.style.theme import DARK, Theme, mono_font, ui_font
from gui.views.replies import WORDS

PAD_PX: Final = 9
LINE_PX: Final = 17
FONT_PX: Final = 11
LABEL_PX: Final = 15
VALUE_PX: Final = 19
LEFT: Final = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
RIGHT: Final = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)


class Figure(Struct, frozen=True):
    """A value with its label; `token` is the colour of the value."""

    label: str
    value: str
    token: str = "ink"


class ClientPane(QWidget):
    """One client of a VM at the player's instant."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty; `set_probe` gives it a run."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = DARK
        self._probe: ProbeRecord | None = None
        self._selected = self._address = ""
        self._t_ns = 0
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    @property
    def tab(self) -> str:
        """Return the short name, for a tab."""
        raise NotImplementedError

    @property
    def title(self) -> str:
        """Return what stands above the pane when it is the only one."""
        raise NotImplementedError

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def set_probe(self, history: History, vm: str, probe: ProbeRecord | None) -> None:
        """Show a probe of a VM; None: nobody watches it."""
        self._selected, self._probe = vm, probe
        self._address = history.vm(vm).spec.address or vm
        self._read(history)
        self.setAccessibleName(self.title)
        self._move(self._t_ns)
        self.update()

    def show_frame(self, frame: Frame) -> None:
        """Show what the client sees at the frame's instant, and tell it."""
        if self._move(frame.t_ns):
            self.update()
        told = self.words_at(frame.t_ns)
        if told != self.accessibleDescription():
            self.setAccessibleDescription(told)

    def words_at(self, t_ns: int) -> str:
        """Return what the client has seen so far, for those who do not see the pane."""
        probe = self._probe
        if probe is None:
            return f"{self.title}: nobody watches"
        sent_ns, rtt_ns, fates = probe.sent_ns, probe.rtt_ns, probe.fates
        lost = fates == Fate.LOST
        back = ~lost & (sent_ns + rtt_ns <= t_ns)
        told = f"{self.title}: {int(back.sum())} answers"
        newest = np.flatnonzero(back)
        if len(newest):
            i = int(newest[-1])
            label = FATE_LABELS[Fate(int(fates[i]))]
            told += f", the last in {format_duration_ns(int(rtt_ns[i]))}, {label}"
        n_lost = int((lost & (sent_ns <= t_ns)).sum())
        return f"{told}, {n_lost} lost" if n_lost else told

    def _read(self, history: History) -> None:
        """Take from a run what the pane needs."""
        raise NotImplementedError

    def _move(self, t_ns: int) -> bool:
        """Go to an instant; return whether anything looks different then."""
        raise NotImplementedError

    def _paint_inside(self, painter: QPainter, inner: QRectF) -> None:
        """Paint what the client sees."""
        raise NotImplementedError

    def sizeHint(self) -> QSize:
        """Return room for a whole line with its word, and ten lines."""
        return QSize(self.minimumSizeHint().width() + 12, 10 * LINE_PX + 2 * PAD_PX)

    def minimumSizeHint(self) -> QSize:
        """Return a width that holds the longest line of a ping and its word."""
        longest = f"Reply from {self._address or '10.0.0.210'}: time=1000ms TTL=128"
        width = QFontMetrics(mono_font(FONT_PX)).horizontalAdvance(longest)
        word = QFontMetrics(ui_font(FONT_PX)).horizontalAdvance(max(WORDS.values(), key=len))
        return QSize(width + word + 2 * PAD_PX + 8, 4 * LINE_PX + 2 * PAD_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box and what is in it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.color("ground"))
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("line"), 1))
        painter.setBrush(self._theme.color("sunken"))
        painter.drawRoundedRect(box, 6, 6)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._paint_inside(painter, box.adjusted(PAD_PX, PAD_PX - 2, -PAD_PX, -PAD_PX + 2))
        painter.end()

    def _paint_note(self, painter: QPainter, inner: QRectF, note: str) -> None:
        painter.setFont(ui_font(12))
        painter.setPen(self._theme.color("dim"))
        painter.drawText(inner, Qt.TextFlag.TextWordWrap, note)

    def _paint_status(
        self, painter: QPainter, row: QRectF, parts: Sequence[tuple[str, str]]
    ) -> None:
        """Write parts (text, colour) in one line; the last ones go if there is no room."""
        painter.setFont(ui_font(FONT_PX))
        metrics, x = painter.fontMetrics(), row.left()
        for i, (text, token) in enumerate(parts):
            shown = f" · {text}" if i else text
            if x + metrics.horizontalAdvance(shown) > row.right() + 1:
                return
            painter.setPen(self._theme.color(token))
            painter.drawText(QRectF(x, row.top(), row.right() - x, row.height()), LEFT, shown)
            x += metrics.horizontalAdvance(shown)

    def _paint_figures(
        self, painter: QPainter, area: QRectF, figures: Sequence[Figure], columns: int
    ) -> None:
        """Write figures in columns, each with its label above."""
        width = area.width() / columns
        step = min(LABEL_PX + VALUE_PX + 8.0, area.height() / -(-len(figures) // columns))
        for i, figure in enumerate(figures):
            line, place = divmod(i, columns)
            left, top = area.left() + place * width, area.top() + line * step
            painter.setFont(ui_font(FONT_PX))
            painter.setPen(self._theme.color("dim"))
            painter.drawText(QRectF(left, top, width, LABEL_PX), LEFT, figure.label)
            painter.setFont(ui_font(14))
            painter.setPen(self._theme.color(figure.token))
            painter.drawText(QRectF(left, top + LABEL_PX, width, VALUE_PX), LEFT, figure.value)
