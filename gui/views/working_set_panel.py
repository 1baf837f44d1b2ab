"""The writable working set as a curve, and the downtimes that it lets expect.

D(t) is how many distinct pages are written in a window of t seconds; the table says how long the
last copy takes after one to four rounds, as Clark et al. 2005 predicted it in Figs 3 to 6.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPixmap, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.specs import PAGE_BYTES
from engine.units import format_count, format_duration_ns, format_size
from gui.style.theme import DARK, Theme, ui_font
from gui.views.picture_ratio import picture_ratio
from gui.views.plot_axes import axis_step
from gui.views.time_text import SECOND_NS

if TYPE_CHECKING:
    from engine.working_set import WorkingSet
    from gui.views.working_set_meter import Window

ROUNDS: Final = 4
FONT_PX: Final = 11
TITLE_PX: Final = 18
ROW_PX: Final = 15
AXIS_PX: Final = 14
VALUES_PX: Final = 46
PAD_PX: Final = 8
LOW_PX: Final = 60
"""A plot this low has half of the lines."""
CAPTION: Final = "Downtime to expect after so many rounds"
OUTLINED: Final = "outlined: cells of which at least half is written"
CURVE: Final = "D(t): pages written in t seconds"
CENTER: Final = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignHCenter)
LEFT: Final = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
UNDER: Final = int(Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight)
RIGHT: Final = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)


def downtime_text(seconds: float) -> str:
    """Return a predicted downtime for people."""
    return format_duration_ns(round(seconds * 1e9))


class WorkingSetPanel(QWidget):
    """D(t) of one VM over a plot of its own, with the table of predictions beneath."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with nothing measured."""
        super().__init__(parent)
        self._theme = DARK
        self._vm = ""
        self._measured: WorkingSet | None = None
        self._window: Window | None = None
        self._downtimes_s: npt.NDArray[np.float64] = np.zeros((0, ROUNDS))
        self._cache: QPixmap | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Writable working set")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def title(self) -> str:
        """Return the size of the working set and where it was measured."""
        if self._measured is None or self._window is None:
            return f"Working set of {self._vm}: being measured…"
        size = self._measured.size_pages
        start, stop = (t / SECOND_NS for t in (self._window.from_ns, self._window.to_ns))
        return (
            f"{format_count(size)} pages ({format_size(size * PAGE_BYTES)}) written "
            f"from {start:g} to {stop:g} s"
        )

    @property
    def downtimes_s(self) -> npt.NDArray[np.float64]:
        """Return the predictions, seconds, shape (rates, rounds)."""
        return self._downtimes_s

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme, self._cache = theme, None
        self.update()

    def show_nothing(self, vm: str) -> None:
        """Say that a VM is being measured."""
        self._vm, self._measured, self._cache = vm, None, None
        self.update()

    def show_measured(self, vm: str, window: Window, measured: WorkingSet) -> None:
        """Show a working set."""
        from engine.working_set import predicted_downtime_s

        self._vm, self._window, self._measured, self._cache = vm, window, measured, None
        n_pages = len(measured.written)
        self._downtimes_s = predicted_downtime_s(measured.curve(), n_pages, rounds=ROUNDS)
        self.setAccessibleDescription(self.title)
        self.update()

    def sizeHint(self) -> QSize:
        """Return the room of a page grid."""
        return QSize(460, 280)

    def minimumSizeHint(self) -> QSize:
        """Return the smallest size at which curve and table can be read."""
        return QSize(180, 110)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Paint anew at the new size."""
        self._cache = None

    def paintEvent(self, event: QPaintEvent) -> None:
        """Copy the picture, painted anew when it is another one."""
        if self._cache is None:
            self._cache = self._render()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._cache)
        painter.end()

    def _render(self) -> QPixmap:
        ratio = picture_ratio(self)
        picture = QPixmap(ceil(self.width() * ratio), ceil(self.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(self._theme.color("ground"))
        painter = QPainter(picture)
        painter.setFont(ui_font(FONT_PX))
        painter.setPen(self._theme.color("ink"))
        width = float(self.width())
        painter.drawText(QRectF(PAD_PX, 0, width - PAD_PX, TITLE_PX), LEFT, self.title)
        if self._measured is not None:
            table = ROW_PX * (len(self._downtimes_s) + 2)
            bottom = self.height() - table - AXIS_PX - 4
            painter.setPen(self._theme.color("dim"))
            note = QRectF(PAD_PX, TITLE_PX - 2, width - PAD_PX, ROW_PX)
            painter.drawText(note, LEFT, OUTLINED)
            top = TITLE_PX + ROW_PX + 2
            area = QRectF(VALUES_PX, top, width - VALUES_PX - PAD_PX, 0)
            area.setBottom(max(area.top() + 10, bottom))
            self._paint_curve(painter, area, self._measured)
            self._paint_table(painter, QRectF(PAD_PX, self.height() - table, width, table))
        painter.end()
        return picture

    def _paint_curve(self, painter: QPainter, area: QRectF, measured: WorkingSet) -> None:
        """Draw D(t) over its axes."""
        windows_s, pages = measured.windows_s, measured.mean_pages
        x_max, y_max = float(windows_s[-1]), 1.1 * max(1.0, float(pages[-1]))
        self._paint_axes(painter, area, x_max, y_max)
        painter.drawText(area.adjusted(0, 0, -4, -2), UNDER, CURVE)
        points = [area.bottomLeft()]
        for x, y in zip(windows_s.tolist(), pages.tolist(), strict=True):
            right, up = area.width() * x / x_max, area.height() * y / y_max
            points.append(QPointF(area.left() + right, area.bottom() - up))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("good"), 2 + self._theme.thicker_px))
        painter.drawPolyline(QPolygonF(points))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_axes(self, painter: QPainter, area: QRectF, x_max: float, y_max: float) -> None:
        step = axis_step(y_max)
        dim, grid = self._theme.color("dim"), self._theme.color("grid")
        for value in np.arange(0, y_max, step if area.height() > LOW_PX else 2 * step):
            y = area.bottom() - area.height() * float(value) / y_max
            painter.setPen(grid)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(dim)
            painter.drawText(QRectF(0, y - 8, VALUES_PX - 5, 16), RIGHT, f"{value:,.0f}")
        for second in range(0, int(x_max) + 1, 2):
            x = area.left() + area.width() * second / x_max
            place = QRectF(x - 20, area.bottom() + 1, 40, AXIS_PX)
            place.moveRight(min(place.right(), float(self.width())))
            place.moveLeft(max(place.left(), area.left() - 4))
            painter.drawText(place, CENTER, f"{second} s")

    def _paint_table(self, painter: QPainter, area: QRectF) -> None:
        """Write a line for each rate, a column for each round."""
        from engine.working_set import CLARK_RATES_BPS, MBIT

        first = 76.0
        width = (self.width() - PAD_PX - first) / ROUNDS
        painter.setPen(self._theme.color("dim"))
        caption = QRectF(area.left(), area.top(), area.width(), ROW_PX)
        painter.drawText(caption, LEFT, CAPTION)
        for line in range(-1, len(CLARK_RATES_BPS)):
            top = area.top() + (line + 2) * ROW_PX
            painter.setPen(self._theme.color("dim"))
            head = "rounds" if line < 0 else f"{CLARK_RATES_BPS[line] // MBIT} Mbit/s"
            painter.drawText(QRectF(area.left(), top, first, ROW_PX), LEFT, head)
            painter.setPen(self._theme.color("dim" if line < 0 else "ink"))
            for k in range(ROUNDS):
                text = str(k + 1) if line < 0 else downtime_text(float(self._downtimes_s[line, k]))
                place = QRectF(area.left() + first + k * width, top, width - PAD_PX, ROW_PX)
                painter.drawText(place, RIGHT, text)
