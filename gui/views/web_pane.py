"""What the web clients of a VM get: now, before, at the lowest, and their longest pause."""

from bisect import bisect_right
from typing import Final

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from engine.client_figures import mean_bps, outages_ns, web_rate
from engine.history import History
from engine.network import PiecewiseSeries
from engine.units import format_bit_rate, format_count, format_duration_ns
from gui.views.client_pane import ClientPane, Figure

BAR_PX: Final = 10
MARK_PX: Final = 2
TENTH_MS_NS: Final = 100_000


class WebPane(ClientPane):
    """Throughput of web clients at the player's instant."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self._series = PiecewiseSeries()
        self._lowest: list[int] = []
        self._pauses: list[tuple[int, int]] = []
        self._moves_ns: int | None = None
        self._end_ns = self._highest = 1
        self._figures: tuple[Figure, ...] = ()
        self._now = self._before = 0
        self.setToolTip("What web clients fetch from the VM, as fast as the link leaves it.")

    @property
    def tab(self) -> str:
        """Return the short name."""
        return "Web"

    @property
    def title(self) -> str:
        """Return who fetches."""
        clients = self._probe.spec.clients if self._probe else 1
        who = f"{format_count(clients)} web clients" if clients > 1 else "Web client"
        return f"{who} of {self._selected}"

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Return the figures at the playhead."""
        return self._figures

    def _read(self, history: History) -> None:
        assert self._probe is not None
        self._series, self._end_ns = web_rate(self._probe, history), history.end_ns
        self._highest = max([1, *self._series.values])
        self._pauses = outages_ns(self._series, history.end_ns)
        moves = [m.requested_ns for m in history.migrations if m.vm == self._selected]
        self._moves_ns = min(moves, default=None)
        self._lowest, lowest = [], 0
        for value in self._series.values:
            lowest = min(lowest, value) if lowest and value else lowest or value
            self._lowest.append(lowest)

    def _move(self, t_ns: int) -> bool:
        assert self._probe is not None
        old, self._t_ns = (self._figures, self._now, self._before), t_ns
        self._now = self._series.value_at(t_ns)
        until = self._end_ns if self._moves_ns is None else self._moves_ns
        self._before = mean_bps(self._series, 0, min(max(1, t_ns), until)) if until else 0
        self._figures = tuple(self._figures_at(t_ns))
        return old != (self._figures, self._now, self._before)

    def _figures_at(self, t_ns: int) -> list[Figure]:
        assert self._probe is not None
        spec = self._probe.spec
        paused = next((t_ns - a for a, b in self._pauses if a <= t_ns < b), None)
        longest = max((min(b, t_ns) - a for a, b in self._pauses if a <= t_ns), default=0)
        longest = longest // TENTH_MS_NS * TENTH_MS_NS
        i = bisect_right(self._series.t_ns, t_ns) - 1
        lowest = self._lowest[i] if i >= 0 else 0
        now = Figure("Now", format_bit_rate(self._now))
        if paused is not None:
            now = Figure("Now", "nothing", "warn")
        early = self._moves_ns is None or t_ns <= self._moves_ns
        figures = [
            now,
            Figure("So far" if early else "Before the move", format_bit_rate(self._before)),
            Figure("Lowest so far", format_bit_rate(lowest)),
            Figure(
                "Longest pause",
                format_duration_ns(longest) if longest else "none yet",
                "warn" if longest else "ink",
            ),
        ]
        if spec.client_rate_bps:
            content = self._now >= spec.clients * spec.client_rate_bps
            count = spec.clients if content else 0
            text = f"{format_count(count)} of {format_count(spec.clients)}"
            figures.append(Figure("Content clients", text, "good" if content else "warn"))
        if spec.clients > 1:
            label = f"Each of {format_count(spec.clients)} clients"
            figures.append(Figure(label, format_bit_rate(self._now // spec.clients)))
        return figures

    def _paint_inside(self, painter: QPainter, inner: QRectF) -> None:
        bar = QRectF(round(inner.left()), round(inner.top()) + 2, round(inner.width()), BAR_PX)
        painter.fillRect(bar, self._theme.color("grid"))
        share = self._now / self._highest
        filled = QRectF(bar.left(), bar.top(), round(bar.width() * share), BAR_PX)
        painter.fillRect(filled, self._theme.color("link"))
        x = round(bar.left() + (bar.width() - MARK_PX) * self._before / self._highest)
        mark = QRectF(x, bar.top() - 3, MARK_PX, BAR_PX + 6)
        painter.fillRect(mark, self._theme.color("ink"))
        top = bar.bottom() + 9
        area = QRectF(inner.left(), top, inner.width(), inner.bottom() - top)
        self._paint_figures(painter, area, self._figures, 2 if len(self._figures) <= 4 else 3)
