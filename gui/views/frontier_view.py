"""The convergence frontier: how much bandwidth a guest needs that writes faster or slower.

Above the line pre-copy comes down to the downtime that is asked for, below it never does; a point
tells where the present migration stands.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.units import format_bit_rate, format_duration_ns
from gui.style.theme import DARK, Theme, ui_font

if TYPE_CHECKING:
    from engine.model_rows import ConvergenceFrontier

TITLE_PX: Final = 28
PLOT_PX: Final = 104
AXIS_PX: Final = 16
LEFT_PX: Final = 62
WORDS_PX: Final = 48
POINT_PX: Final = 5.0
TICK_SPEEDS: Final = (0.125, 0.5, 1.0, 2.0, 8.0)


class FrontierView(QWidget):
    """A small plot: speed of the guest across, least bandwidth up, both logarithmic."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden; `set_frontier` gives it something to show."""
        super().__init__(parent)
        self._theme = DARK
        self._frontier: ConvergenceFrontier | None = None
        self._wanted = True
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Convergence frontier")
        self.hide()

    @property
    def frontier(self) -> ConvergenceFrontier | None:
        """Return what is shown."""
        return self._frontier

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.update()

    def set_frontier(self, frontier: ConvergenceFrontier | None) -> None:
        """Show a frontier; None: there is none."""
        if frontier == self._frontier:
            return
        self._frontier = frontier
        self.setVisible(frontier is not None and self._wanted)
        self.setAccessibleDescription(self.words())
        self.setToolTip(self.words())
        self.update()

    def set_wanted(self, wanted: bool) -> None:
        """Show what there is, or leave it out."""
        self._wanted = wanted
        self.setVisible(wanted and self._frontier is not None)

    def words(self) -> str:
        """Return the plot in a sentence or two."""
        found = self._frontier
        if found is None:
            return ""
        limit = format_duration_ns(round(found.downtime_s * 1e9))
        rate = format_bit_rate(round(found.rate_bps))
        text = f"For {limit} of downtime this guest needs {format_bit_rate(round(found.least_bps))}"
        text += f"; the move may send {rate}: "
        if found.converges and found.most_speed is not None:
            return f"{text}it converges, up to {found.most_speed:.2g} times as many writes."
        return f"{text}it {'converges' if found.converges else 'does not converge'}."

    def sizeHint(self) -> QSize:
        """Return the room for title, plot and words."""
        return QSize(280, TITLE_PX + PLOT_PX + AXIS_PX + WORDS_PX)

    def minimumSizeHint(self) -> QSize:
        """Return the same: it does not shrink."""
        return QSize(200, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint title, both sides, the line, the point and the words."""
        found, theme = self._frontier, self._theme
        if found is None:
            return
        painter = QPainter(self)
        painter.setFont(ui_font(12))
        painter.setPen(theme.color("dim"))
        painter.drawText(QRectF(0, 0, self.width(), TITLE_PX), "Convergence frontier")
        plot = QRectF(LEFT_PX, TITLE_PX, self.width() - LEFT_PX - 8, PLOT_PX)
        low, high = self._range(found)

        def at(speed: float, bps: float) -> QPointF:
            first, last = math.log2(found.speeds[0]), math.log2(found.speeds[-1])
            x = plot.left() + plot.width() * (math.log2(speed) - first) / (last - first)
            share = (math.log10(max(bps, 1.0)) - low) / (high - low)
            return QPointF(x, plot.bottom() - plot.height() * min(1.0, max(0.0, share)))

        self._paint_axes(painter, plot, at, low, high)
        line = [at(s, b) for s, b in zip(found.speeds, found.bandwidths_bps, strict=True)]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shade = theme.color("warn")
        shade.setAlphaF(0.16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade)
        painter.drawPolygon(QPolygonF([plot.bottomLeft(), *line, plot.bottomRight()]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("warn"), 1))
        painter.drawPolyline(QPolygonF(line))
        here = at(1.0, found.rate_bps)
        painter.setPen(QPen(theme.color("ink"), 1))
        painter.setBrush(theme.color("link" if found.converges else "warn"))
        if found.converges:
            painter.drawEllipse(here, POINT_PX, POINT_PX)
        else:  # another shape, not only another colour
            painter.drawRect(QRectF(here.x() - 4, here.y() - 4, 8, 8))
        painter.setFont(ui_font(11))
        painter.setPen(theme.color("dim"))
        place = QRectF(plot.left() + 4, plot.top() + 2, plot.width() - 8, 14)
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft, "converges")
        place.moveBottom(plot.bottom() - 2)
        painter.drawText(place, Qt.AlignmentFlag.AlignRight, "never short enough")
        painter.setPen(theme.color("ink"))
        top = TITLE_PX + PLOT_PX + AXIS_PX
        flags = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
        painter.drawText(QRectF(0, top + 2, self.width() - 4, WORDS_PX), int(flags), self.words())
        painter.end()

    @staticmethod
    def _range(found: ConvergenceFrontier) -> tuple[float, float]:
        """Return the logarithms of the lowest and the highest rate that is shown."""
        rates = [b for b in (*found.bandwidths_bps, found.rate_bps) if b > 0]
        low, high = math.floor(math.log10(min(rates))), math.ceil(math.log10(max(rates)))
        return float(max(low, high - 4)), float(max(high, low + 1))

    def _paint_axes(
        self, painter: QPainter, plot: QRectF, at: object, low: float, high: float
    ) -> None:
        assert callable(at)
        theme = self._theme
        painter.setFont(ui_font(11))
        for power in range(round(low), round(high) + 1):
            y = round(at(1.0, 10.0**power).y())
            painter.setPen(theme.color("grid"))
            painter.drawLine(round(plot.left()), y, round(plot.right()), y)
            painter.setPen(theme.color("dim"))
            text = format_bit_rate(10**power)
            painter.drawText(
                QRectF(0, y - 8, LEFT_PX - 4, 16), Qt.AlignmentFlag.AlignRight, text
            )
        for speed in TICK_SPEEDS:
            x = at(speed, 1.0).x()
            text = f"{speed:g}×"
            painter.drawText(
                QRectF(x - 24, plot.bottom() + 1, 48, AXIS_PX), Qt.AlignmentFlag.AlignHCenter, text
            )
