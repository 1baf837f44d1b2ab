"""The main window: what is open is told, scaled, themed and laid over its content.

`gui.window_content` makes and arranges the views, `gui.wiring` connects, `gui.session` decides. The
first picture of the window can be a shell; views, engine and simulation follow after
`first_painted`. Nothing heavy is imported here for that reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QMainWindow, QToolTip, QVBoxLayout, QWidget

from gui.recoloring import Recoloring
from gui.style.style_sheet import dress, style_sheet
from gui.style.theme import DARK, Theme, ui_font
from gui.views.shell_view import BRAND, ShellView

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu, QMenuBar, QPushButton, QScrollArea, QSplitter

    from engine.history import Frame, History
    from gui.actions import Actions
    from gui.dialogs.error_notice import ErrorNotice
    from gui.views.branch_tree import BranchTree
    from gui.views.compare_page import ComparePage
    from gui.views.comparison_view import ComparisonView
    from gui.views.console_view import ConsoleView
    from gui.views.controls_view import ControlsView
    from gui.views.live_bar import LiveBar
    from gui.views.narration_view import NarrationView
    from gui.views.outcome_view import OutcomeView
    from gui.views.pages_view import PagesView
    from gui.views.plots_view import PlotsView
    from gui.views.pool_verdicts import Verdicts
    from gui.views.pool_view import PoolView
    from gui.views.recorded_panel import RecordedPanel
    from gui.views.rounds_view import RoundsView
    from gui.views.scaled_view import ScaledView
    from gui.views.standing_card import StandingBar
    from gui.views.summary_view import SummaryView
    from gui.views.timeline_view import TimelineView
    from gui.views.title_label import TitleLabel
    from gui.views.transport_view import TransportView
    from gui.views.verdict_table import VerdictTable

OVERLAY_MARGIN_PX: Final = 8
DEFAULT_SIZE: Final = QSize(1600, 900)
MINIMUM_SIZE: Final = QSize(1120, 700)
TIP_PX: Final = 13


class Themed(Protocol):
    """What has colours."""

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        ...


class HistoryView(Themed, Protocol):
    """What every view of a run can do."""

    def setProperty(self, name: str, value: object, /) -> bool:
        """Carry something by name, as every object of Qt can."""
        ...

    def set_history(self, history: History, *, selected: str) -> None:
        """Show a run and one of its VMs."""
        ...

    def show_frame(self, frame: Frame) -> None:
        """Show an instant."""
        ...


class MainWindow(QMainWindow):
    """The window.

    Attributes:
        first_painted: Once, when the window is painted for the first time, as a shell or whole.
        content_painted: Once, when it is painted for the first time with its content.
        files_dropped: With the `Path`s of the files that were dropped on the window.
        closed: The window is about to go.
        room_changed: The content has another size to be laid out in.
        theme_changed: With the `Theme` that the views have taken.
    """

    first_painted = Signal()
    content_painted = Signal()
    files_dropped = Signal(object)
    closed = Signal()
    room_changed = Signal()
    theme_changed = Signal(object)

    pool: PoolView
    pages: PagesView
    narration: NarrationView
    plots: PlotsView
    console: ConsoleView
    controls: ControlsView
    outcome: OutcomeView
    rounds: RoundsView
    comparison: ComparisonView
    recorded: RecordedPanel
    live_bar: LiveBar
    branches: BranchTree
    standing_bar: StandingBar
    summary: SummaryView
    timeline: TimelineView
    transport: TransportView
    verdict_table: VerdictTable
    error_notice: ErrorNotice
    actions_by_name: Actions
    menu_bar: QMenuBar
    destinations: QMenu
    faults: QMenu
    recent: QMenu
    title: TitleLabel
    notice: TitleLabel
    buttons: dict[str, QPushButton]
    splitters: dict[str, QSplitter]
    canvas: QWidget
    header: QWidget
    footer: QWidget
    side: QScrollArea
    beside: QWidget
    middle: QWidget
    below: QSplitter
    plots_box: QWidget
    console_box: QWidget

    def __init__(
        self, theme: Theme = DARK, parent: QWidget | None = None, *, shell: bool = False
    ) -> None:
        """Build the window in a theme's colours; nothing is open yet.

        Args:
            theme: Its colours.
            parent: As Qt has it.
            shell: Only what is painted first, header and ground; `fill` makes the rest.
        """
        super().__init__(parent)
        self.theme = theme
        self._made, self._filled = False, False
        self._painted, self._content_painted = False, False
        self._scale = 1.0
        self._scaled: ScaledView | None = None
        self._compare_page: ComparePage | None = None
        self._compare_compact = self._compare_hidden = False
        self.recoloring = Recoloring(self)
        # The keys belong to the window until Tab is used; no button looks chosen at the start.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(MINIMUM_SIZE)
        self.resize(DEFAULT_SIZE)
        self.setWindowTitle(BRAND)
        self._take_colors()
        if shell:
            self.setCentralWidget(ShellView(theme))
        else:
            self.fill()

    def make_views(self) -> None:
        """Make the views, which `fill` puts into their places: half of its time."""
        if self._made:
            return
        # Here, not above: the shell is painted before the views are even imported.
        from gui.window_content import make_views

        self._made = True
        make_views(self)

    def fill(self) -> None:
        """Make everything that is not there yet: views, menus, buttons, and what lies over them."""
        if self._filled:
            return
        self.make_views()
        from gui.window_content import arrange

        self._filled = True
        arrange(self)
        self.setAcceptDrops(True)
        self.setFocus()
        self.show_title("", "")
        self.title.set_lines(2)

    @property
    def filled(self) -> bool:
        """Return whether there is more than the shell."""
        return self._filled

    @property
    def compare_page(self) -> ComparePage:
        """Return the page that compares runs, which is made when it is first asked for."""
        if self._compare_page is None:
            from gui.window_content import add_compare_page

            self._compare_page = add_compare_page(self)
            self._compare_page.set_theme(self.theme)
            self._compare_page.set_compact(self._compare_compact)
            self._compare_page.set_future_hidden(self._compare_hidden)
        return self._compare_page

    def hide_compared_future(self, hidden: bool) -> None:
        """Hide what comes on the page that compares runs too, once there is one."""
        self._compare_hidden = hidden
        if self._compare_page is not None:
            self._compare_page.set_future_hidden(hidden)

    def fit_to_screen(self) -> None:
        """Be no larger than the screen has room, and in its middle; fill a small one."""
        room = self.screen().availableGeometry()
        if self.width() > room.width() or self.height() > room.height():
            self.setGeometry(room)
            self.showMaximized()
        else:
            self.move(room.center() - self.rect().center())

    @property
    def views(self) -> tuple[HistoryView, ...]:
        """Return every view of the run."""
        return (
            self.pool, self.pages, self.narration, self.plots, self.console, self.outcome,
            self.rounds, self.timeline, self.transport,
        )

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme, in every view, at once."""
        self.recoloring.stop()
        for _ in self._recolor(theme):
            pass

    def change_theme(self, theme: Theme) -> None:
        """Take the colours of a theme a part at a time; all are seen together, a moment later."""
        self.recoloring.begin(self._recolor(theme))

    def _recolor(self, theme: Theme) -> Iterator[None]:
        self.theme = theme
        self._take_colors()
        yield
        if self._scaled is not None:
            # Scaled, the content is no child of the window.
            dress(self.canvas, self.styleSheet())
            yield
        yield from self._theme_views()
        if self._scaled is not None:
            for widget in self.canvas.findChildren(QWidget):
                widget.updateGeometry()  # texts break at other places: what was measured is void
            self.room_changed.emit()
        self.theme_changed.emit(theme)

    def theme_views(self) -> None:
        """Give every view the colours of the theme."""
        for _ in self._theme_views():
            pass
        self.theme_changed.emit(self.theme)

    def _theme_views(self) -> Iterator[None]:
        parts: list[Themed] = [
            *self.views, self.branches, self.controls, self.recorded, self.live_bar,
            self.comparison, self.verdict_table,
        ]
        if self._compare_page is not None:
            parts.append(self._compare_page)
        for part in parts:
            part.set_theme(self.theme)
            yield

    def _take_colors(self) -> None:
        """Let what Qt paints have the colours of the theme."""
        # Dialogs take their palette from the application and not from their parent.
        QApplication.setPalette(self.theme.palette())
        dress(self, style_sheet(self.theme))

    @property
    def scale(self) -> float:
        """Return how many times as large as drawn the content is shown."""
        return self._scale

    @property
    def room(self) -> QSize:
        """Return the size in which the content is laid out, in its own pixels."""
        # The content fills the window; the view may not have been laid out yet.
        return QSize(int(self.width() / self._scale), int(self.height() / self._scale))

    def set_scale(self, factor: float) -> None:
        """Show everything so many times as large; 1.0: as it is drawn."""
        if factor != self._scale:
            self._take_scale(factor)
            self.set_theme(self.theme)  # cached pictures are drawn anew

    def change_scale(self, factor: float) -> None:
        """Do as `set_scale`, a part at a time: all is seen together, a moment later."""
        if factor != self._scale:
            self.recoloring.begin(self._rescale(factor))

    def _rescale(self, factor: float) -> Iterator[None]:
        self._take_scale(factor)
        yield
        yield from self._recolor(self.theme)

    def _take_scale(self, factor: float) -> None:
        """Embed the content and show it through a transform."""
        self._scale = factor
        if self._scaled is None:
            from gui.views.scaled_view import ScaledView

            self.takeCentralWidget()
            self._scaled = ScaledView(self)
            self._scaled.room_changed.connect(self.room_changed)
            self.setCentralWidget(self._scaled)
            self._scaled.take(self.canvas)
            # No child of the window any more, it would never hear that the window paints again.
            self.canvas.setUpdatesEnabled(True)
        # Once embedded the content stays so, at 100 % too: Qt loses hidden parts on the way back.
        self._scaled.set_factor(factor)
        QToolTip.setFont(ui_font(round(TIP_PX * factor)))  # tips are windows of their own

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell that the content has another room."""
        super().resizeEvent(event)
        self.room_changed.emit()

    def show_title(self, name: str, title: str) -> None:
        """Say which scenario is open."""
        self.setWindowTitle(f"{title or name} - {BRAND}" if name else BRAND)
        self.title.set_whole(title or name)

    def show_recording(self, history: History | None, title: str, *, beside: bool) -> None:
        """Show the recording that is open in place of the controls; beside a twin, above them.

        Args:
            history: The recording; None: there is none.
            title: What it is called.
            beside: Whether its simulated twin is shown too, which the controls change.
        """
        self.recorded.show_recording(history, title, beside=beside)
        self.controls.setVisible(history is None or beside)
        if history is not None and not beside:
            self.show_title(title, f"Recording: {title}")

    def set_compare_compact(self, compact: bool) -> None:
        """Let the page that compares runs, now or when it is made, do with little room."""
        self._compare_compact = compact
        if self._compare_page is not None:
            self._compare_page.set_compact(compact)

    def show_compare(self, on: bool) -> None:
        """Show runs side by side in place of the one run; the timeline stays."""
        self.splitters["across"].setVisible(not on)
        if on or self._compare_page is not None:
            self.compare_page.setVisible(on)

    def add_beside(self, widget: QWidget) -> None:
        """Let something stand beside the run, above the controls: a lesson."""
        layout = self.beside.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertWidget(0, widget, 3)
        layout.setStretch(1, 2)  # goals of an exercise are seen without scrolling

    def show_notice(self, sentence: str) -> None:
        """Say under the title what was edited; "" takes it away."""
        self.notice.set_whole(sentence)
        self.notice.setVisible(bool(sentence))
        self.title.set_lines(1 if sentence else 2)

    def show_verdicts(self, verdicts: Verdicts | None) -> None:
        """Lay what every host answers under the pool; None takes it away."""
        table = self.verdict_table
        table.set_verdicts(verdicts)
        if verdicts is None:
            table.hide()
            return
        corner = self.pool.mapTo(self.canvas, self.pool.rect().bottomLeft())
        # In a small window the table goes over the side too, rather than leave a host out.
        widest = self.canvas.width() - 2 * OVERLAY_MARGIN_PX
        beside = self.pool.width() - 2 * OVERLAY_MARGIN_PX
        width = min(widest, max(beside, table.needed_width_px()))
        foot = self.timeline.mapTo(self.canvas, self.timeline.rect().topLeft())
        room = foot.y() - corner.y() - 2 * OVERLAY_MARGIN_PX
        height = min(table.needed_height_px(width), room)
        left, top = corner.x() + OVERLAY_MARGIN_PX, corner.y() + OVERLAY_MARGIN_PX
        table.setGeometry(left, top, width, height)
        table.show()
        table.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint, and tell once that the shell, and once that the content is on screen."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            self.first_painted.emit()
        if self._filled and not self._content_painted:
            self._content_painted = True
            self.content_painted.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take local files: a scenario, a recording, or a recording and its pings."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Ask for the files to be opened."""
        paths = [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.files_dropped.emit(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Tell that the window goes."""
        super().closeEvent(event)
        self.closed.emit()
