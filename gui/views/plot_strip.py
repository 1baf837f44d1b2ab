"""The strip under the plots: which part of the run they show, and buttons to change that."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from engine.units import format_duration_ns
from gui.style.style_sheet import dress
from gui.style.theme import DARK, Theme, ui_font
from gui.views.plot_content import Band
from gui.views.plot_geometry import Stretch, stretch_text
from gui.views.stages import blend, stage_color
from gui.views.time_text import SECOND_NS

STRIP_PX: Final = 22
BAR_PX: Final = 6
LEAST_WINDOW_PX: Final = 3


class RunOverview(QWidget):
    """The whole run as a thin bar, with a frame around what the plots show.

    Attributes:
        stretch_requested: The frame was dragged: the stretch (`Stretch`) to show.
    """

    stretch_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self._theme = DARK
        self._run_ns = 0
        self._bands: tuple[Band, ...] = ()
        self._shown: Stretch | None = None
        self._t_ns = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(STRIP_PX)
        self.setAccessibleName("Part of the run that the plots show")

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.update()

    def set_run(self, run_ns: int, bands: Sequence[Band]) -> None:
        """Show a run of a length, with its phases."""
        self._run_ns, self._bands = run_ns, tuple(bands)
        self.update()

    def set_shown(self, shown: Stretch | None) -> None:
        """Frame a stretch, or nothing while all is shown."""
        self._shown = shown
        self.setAccessibleDescription(stretch_text(shown) if shown else "the whole run")
        pointing = Qt.CursorShape.SizeHorCursor
        self.setCursor(pointing if shown else Qt.CursorShape.ArrowCursor)
        self.update()

    def set_time(self, t_ns: int) -> None:
        """Move the tick of the playhead."""
        before, self._t_ns = round(self._x(self._t_ns)), t_ns
        now = round(self._x(t_ns))
        if now != before:
            self.update(min(before, now) - 1, 0, abs(now - before) + 3, self.height())

    def window_rect(self) -> QRectF:
        """Return the frame around what is shown."""
        if self._shown is None:
            return QRectF()
        left, right = self._x(self._shown.start_ns), self._x(self._shown.end_ns)
        wide = max(float(LEAST_WINDOW_PX), right - left)
        return QRectF(round(left), (STRIP_PX - BAR_PX) / 2 - 3, round(wide), BAR_PX + 6)

    def _x(self, t_ns: int) -> float:
        return (self.width() - 1) * t_ns / max(1, self._run_ns)

    def sizeHint(self) -> QSize:
        """Return a comfortable width."""
        return QSize(160, STRIP_PX)

    def minimumSizeHint(self) -> QSize:
        """Return the width at which a switchover can be found."""
        return QSize(40, STRIP_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the run, its phases, the frame and the playhead."""
        painter, theme = QPainter(self), self._theme
        top = (STRIP_PX - BAR_PX) // 2
        painter.fillRect(QRectF(0, top, self.width(), BAR_PX), theme.color("line"))
        for band in self._bands:
            left, right = self._x(band.start_ns), self._x(band.end_ns)
            strong = band.kind == "stop-and-copy"
            share = 1.0 if strong else 0.5
            color = blend(theme.color("ground"), stage_color(theme, band.kind), share)
            rect = QRectF(round(left), top, max(2.0 if strong else 1.0, right - left), BAR_PX)
            painter.fillRect(rect, color)
        ink = theme.color("ink")
        painter.fillRect(QRectF(round(self._x(self._t_ns)), top - 2, 1, BAR_PX + 4), ink)
        if self._shown is not None:
            painter.setPen(QPen(theme.color("link"), 1))
            painter.drawRect(self.window_rect().adjusted(0, 0, -1, -1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Bring the frame to the pointer."""
        self._drag(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the frame."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._drag(event.position())

    def _drag(self, position: QPointF) -> None:
        if self._shown is not None and self.width() > 1:
            middle = round(position.x() / (self.width() - 1) * self._run_ns)
            start = middle - self._shown.length_ns // 2
            wanted = Stretch(start, start + self._shown.length_ns)
            self.stretch_requested.emit(wanted.within(self._run_ns))


class PlotStrip(QWidget):
    """Buttons, the run's overview, and in words what the plots show."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Build the row; `PlotsView` connects the buttons."""
        super().__init__(parent)
        self.switchover = self._button("Switchover", "Zoom to the switchover, or back")
        self.whole = self._button("Whole run", "Show the whole run")
        self.log = self._button("Log", "Logarithmic scale of replies and remaining pages")
        self.table = self._button("Table…", "Show the plot with the focus as a table")
        self.switchover.setCheckable(True)
        self.log.setCheckable(True)
        self.overview, self.text = RunOverview(self), QLabel()
        self.text.setFont(ui_font(11))
        self.text.setAccessibleName("Shown in the plots")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.switchover)
        layout.addWidget(self.whole)
        layout.addSpacing(4)
        layout.addWidget(self.overview, 1)
        layout.addSpacing(4)
        layout.addWidget(self.text)
        layout.addWidget(self.log)
        layout.addWidget(self.table)
        self.setFixedHeight(STRIP_PX)
        self.set_theme(DARK)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self.overview.set_theme(theme)
        dress(
            self,
            f"QToolButton {{ background: transparent; color: {theme.dim}; border: 1px solid"
            f" {theme.line}; border-radius: 4px; padding: 1px 6px; }}"
            f"QToolButton:hover {{ border-color: {theme.link}; color: {theme.ink}; }}"
            f"QToolButton:checked {{ background: {theme.pill_mig}; color: {theme.ink};"
            f" border-color: {theme.link}; }}"
            f"QToolButton:focus {{ border: 2px solid {theme.link}; padding: 0 5px;"
            f" color: {theme.ink}; }}"
            f"QToolButton:disabled {{ color: {theme.unsent}; }}"
            f"QLabel {{ color: {theme.ink}; background: transparent; }}"
        )

    def set_shown(
        self, shown: Stretch | None, run_ns: int, *, at_switchover: bool, chosen: Stretch | None
    ) -> None:
        """Say which stretch of the run is shown (None: all of it), or which is selected."""
        self.overview.set_shown(shown)
        self.whole.setEnabled(shown is not None)
        self.switchover.setChecked(at_switchover)
        whole = f"{run_ns / SECOND_NS:,.1f} s"
        zoomed = "" if shown is None else f"{stretch_text(shown)} of {whole}"
        if chosen is None:
            self.text.setText(zoomed)
            self.text.setToolTip("")
            return
        self.text.setText(f"min / mean / max of {format_duration_ns(chosen.length_ns)}")
        shown_too = f"; shown: {zoomed}" if zoomed else ""
        self.text.setToolTip(f"Selected: {stretch_text(chosen)}{shown_too}")

    @staticmethod
    def _button(text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFont(ui_font(11))
        button.setFixedHeight(STRIP_PX - 2)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button
