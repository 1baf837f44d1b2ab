"""What the window contains: made, put in its places, and given its keys.

Apart from `gui.main_window`, so that the shell is painted before all of this is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QBoxLayout,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenuBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from gui.actions import KeyKeeper, build_actions, fill_menus
from gui.dialogs.error_notice import ErrorNotice
from gui.models.key_words import keys_text
from gui.style.theme import ui_font
from gui.views.branch_tree import BranchTree
from gui.views.comparison_view import ComparisonView
from gui.views.console_view import ConsoleView
from gui.views.controls_view import ControlsView
from gui.views.live_bar import LiveBar
from gui.views.narration_view import NarrationView
from gui.views.outcome_view import OutcomeView
from gui.views.pages_view import PagesView
from gui.views.plots_view import PlotsView
from gui.views.pool_view import PoolView
from gui.views.recorded_panel import RecordedPanel
from gui.views.rounds_view import RoundsView
from gui.views.shell_view import BRAND, HEADER_PX, MARGIN_PX, SIDE_PX
from gui.views.standing_card import StandingBar
from gui.views.summary_view import SummaryView
from gui.views.timeline_view import TimelineView
from gui.views.title_label import TitleLabel
from gui.views.transport_view import TransportView
from gui.views.verdict_table import VerdictTable

if TYPE_CHECKING:
    from gui.main_window import MainWindow
    from gui.views.compare_page import ComparePage

CONSOLE_PX: Final = 320
POOL_PX: Final = 190
"""Room for three lines on why a host refuses."""
BUTTONS: Final = (
    ("scenarios", "Scenarios"), ("undo", "Undo"), ("reset", "Reset"), ("theme", "Theme"),
    ("export_picture", "Export"), ("migrate", "Migrate…"),
)  # fmt: skip

W = TypeVar("W", bound=QWidget)


def _named(widget: W, name: str) -> W:
    """Return a widget after giving it the name that the style sheet calls it."""
    widget.setObjectName(name)
    return widget


def _padded(widget: QWidget) -> QWidget:
    """Return a widget with the margins of the picture around another one."""
    around = QWidget()
    layout = QVBoxLayout(around)
    layout.setContentsMargins(16, 8, 16, 6)
    layout.addWidget(widget)
    return around


def make_views(window: MainWindow) -> None:
    """Make the views of a window, in the colours of its theme; they have no places yet."""
    w = window
    w.pool, w.pages, w.narration = PoolView(), PagesView(), NarrationView()
    w.plots, w.console = PlotsView(), ConsoleView()
    w.controls, w.outcome = ControlsView(), OutcomeView()
    w.rounds, w.comparison = RoundsView(), ComparisonView()
    w.recorded, w.live_bar = RecordedPanel(), LiveBar()
    w.branches, w.summary = BranchTree(), SummaryView()
    w.standing_bar = StandingBar()
    w.timeline, w.transport = TimelineView(), TransportView()
    w.verdict_table = VerdictTable()
    # Before the views have a parent: a style that comes later is worked out for each of them anew.
    w.theme_views()


def arrange(window: MainWindow) -> None:
    """Make menus and buttons and put everything into its place; `make_views` comes first."""
    w = window
    w.actions_by_name = build_actions(w)
    w.menu_bar = QMenuBar()
    w.menu_bar.setFont(ui_font(13))
    menus = fill_menus(w.menu_bar, w.actions_by_name)
    w.destinations, w.faults, w.recent = menus.destinations, menus.faults, menus.recent
    w.title, w.notice = TitleLabel("dim", 12), TitleLabel("notice", 12, keep_end=True)
    w.buttons = _make_buttons(w)
    _arrange(w)
    # What lies over the content is scaled with it.
    w.error_notice = ErrorNotice(w.canvas)
    w.verdict_table.setParent(w.canvas)
    w.verdict_table.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    w.verdict_table.hide()
    _tell_keys(w)
    keep_keys(w, w)


def add_compare_page(window: MainWindow) -> ComparePage:
    """Make the page that compares runs and put it, hidden, into its place above the timeline."""
    from gui.views.compare_page import ComparePage

    page = ComparePage()
    layout = window.canvas.layout()
    assert isinstance(layout, QBoxLayout)
    layout.insertWidget(layout.indexOf(window.footer), page, 1)
    keep_keys(window, page)
    return page


def _make_buttons(window: MainWindow) -> dict[str, QPushButton]:
    made = {}
    for name, text in BUTTONS:
        action = getattr(window.actions_by_name, name)
        button = QPushButton(text)
        button.setFont(ui_font(13))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolTip(f"{action.text().rstrip('…')} ({keys_text(action)})")
        button.setEnabled(action.isEnabled())
        button.clicked.connect(action.trigger)
        action.enabledChanged.connect(button.setEnabled)
        made[name] = button
    return made


def _arrange(window: MainWindow) -> None:
    window.splitters = {}
    across = QSplitter(Qt.Orientation.Horizontal)
    across.setHandleWidth(1)
    across.setChildrenCollapsible(False)
    window.side = _side(window)
    across.addWidget(_left(window))
    window.beside = QWidget()
    beside = QVBoxLayout(window.beside)
    beside.setContentsMargins(0, 0, 0, 0)
    beside.setSpacing(1)
    beside.addWidget(window.side, 1)
    across.addWidget(window.beside)
    across.setStretchFactor(0, 1)
    across.setStretchFactor(1, 0)
    across.setSizes([1280, SIDE_PX])
    window.splitters["across"] = across
    window.header, window.footer = _header(window), _footer(window)
    central = QWidget()
    layout = QVBoxLayout(central)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    layout.addWidget(window.header)
    layout.addWidget(window.live_bar)
    layout.addWidget(window.summary)
    layout.addWidget(across, 1)
    layout.addWidget(window.footer)
    window.canvas = central
    window.setCentralWidget(central)


def _header(window: MainWindow) -> QWidget:
    header = _named(QFrame(), "header")
    header.setFixedHeight(HEADER_PX)
    brand = _named(QLabel(BRAND), "brand")
    brand.setFont(ui_font(15, bold=True))
    titles = QVBoxLayout()
    titles.setSpacing(0)
    titles.addStretch(1)
    titles.addWidget(window.title)
    titles.addWidget(window.notice)
    titles.addStretch(1)
    window.menu_bar.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)
    layout = QHBoxLayout(header)
    layout.setContentsMargins(MARGIN_PX, 0, MARGIN_PX, 0)
    layout.setSpacing(7)
    layout.addWidget(brand)
    layout.addWidget(window.menu_bar, 0, Qt.AlignmentFlag.AlignVCenter)
    layout.addLayout(titles, 1)
    for button in window.buttons.values():
        layout.addWidget(button)
    return header


def _left(window: MainWindow) -> QWidget:
    pages = QWidget()
    column = QVBoxLayout(pages)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addWidget(window.pages, 1)
    column.addWidget(window.narration)
    column.addWidget(window.standing_bar)
    below = QSplitter(Qt.Orientation.Horizontal)
    below.setHandleWidth(1)
    below.setChildrenCollapsible(False)
    window.plots_box, window.console_box = _padded(window.plots), _padded(window.console)
    below.addWidget(window.plots_box)
    below.addWidget(window.console_box)
    below.setStretchFactor(0, 1)
    below.setSizes([860, CONSOLE_PX])
    left = _named(QSplitter(Qt.Orientation.Vertical), "left")
    left.setHandleWidth(1)
    left.setChildrenCollapsible(False)
    for widget, stretch in ((window.pool, 2), (pages, 9), (below, 4)):
        left.addWidget(widget)
        left.setStretchFactor(left.count() - 1, stretch)
    window.pool.setMinimumHeight(POOL_PX)
    left.setSizes([POOL_PX, 440, 240])
    window.below, window.middle = below, pages
    window.splitters |= {"below": below, "left": left}
    return left


def _side(window: MainWindow) -> QScrollArea:
    content = _named(QWidget(), "sideContent")
    layout = QVBoxLayout(content)
    layout.setContentsMargins(14, 12, 12, 12)
    layout.setSpacing(8)
    layout.addWidget(window.branches)
    layout.addWidget(window.recorded)
    layout.addWidget(window.comparison)
    layout.addWidget(window.controls)
    for view in (window.outcome, window.rounds):
        layout.addWidget(view)
    layout.addStretch(1)
    side = _named(QScrollArea(), "side")
    side.setWidgetResizable(True)
    side.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    side.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    side.setWidget(content)
    side.setMinimumWidth(max(SIDE_PX, content.minimumSizeHint().width() + 12))
    return side


def _footer(window: MainWindow) -> QWidget:
    footer = _named(QFrame(), "footer")
    layout = QHBoxLayout(footer)
    layout.setContentsMargins(16, 4, 16, 4)
    layout.setSpacing(14)
    layout.addWidget(window.transport)
    layout.addWidget(window.timeline, 1)
    return footer


def _tell_keys(window: MainWindow) -> None:
    """Let the transport's tips name the keys of the actions that do the same."""
    a = window.actions_by_name
    actions = (
        a.to_start, a.previous_round, a.previous_event, a.play, a.next_event, a.next_round,
    )
    for button, action in zip(window.transport.buttons, actions, strict=True):
        button.setToolTip(f"{action.text()} ({keys_text(action)})")
    keys = [keys_text(action) for action in (a.beside, a.twin_values)]
    window.recorded.set_actions(a.beside, a.twin_values, keys)


def keep_keys(window: MainWindow, part: QWidget) -> None:
    """Leave controls in a part their own keys; a click takes no focus from the window's keys."""
    keeper = KeyKeeper(window)
    for button in part.findChildren(QAbstractButton):
        button.installEventFilter(keeper)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    for kind in (QAbstractSlider, QComboBox):
        for widget in part.findChildren(kind):
            widget.installEventFilter(keeper)
