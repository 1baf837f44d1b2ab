"""Widgets in another scale than they were built in: fonts, margins, sizes, style sheets.

Only numbers are changed, so that focus, keys, pop-ups and modality stay those of Qt. What a widget
was built with is kept in properties of the widget: enlarging again begins from there.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, Protocol, runtime_checkable

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QFormLayout,
    QGridLayout,
    QHeaderView,
    QLayout,
    QTableView,
    QWidget,
)

SCALE_PROPERTY: Final = "dialogScale"
"""Of a dialog: how many times as large as built it is shown."""
LEAST_SCALE_PROPERTY: Final = "leastScale"
"""Of a dialog that is to be read from far: at least so many times, whatever the window has."""
_NO_LIMIT_PX: Final = (1 << 24) - 1
_PIXELS: Final = re.compile(r"(\d+)px")
_FONT: Final = "builtFont"


@runtime_checkable
class PaintsScaled(Protocol):
    """A widget that paints itself and knows how large."""

    def set_scale(self, scale: float) -> None:
        """Paint so many times as large."""
        ...


def scale_of(widget: QWidget | None) -> float:
    """Return how many times as large as built the dialog around a widget is shown."""
    scale = widget.window().property(SCALE_PROPERTY) if widget is not None else None
    return float(scale) if scale else 1.0


def shrunk(size: QSize, factor: float) -> QSize:
    """Return the room there is in a size for what is painted so many times as large."""
    return QSize(int(size.width() / factor), int(size.height() / factor))


def enlarged_sheet(sheet: str, factor: float) -> str:
    """Return a style sheet with all its pixels multiplied; a line stays at least one wide."""
    return _PIXELS.sub(lambda found: f"{_times(int(found[1]), factor)}px", sheet)


def enlarge(widget: QWidget, factor: float) -> None:
    """Show a widget, its layouts and what it paints so many times as large as built.

    The widgets in it are not touched; see `widgets_in`.
    """
    inside = isinstance(widget.parentWidget(), QComboBox | QAbstractSpinBox)  # takes its font
    own = widget.testAttribute(Qt.WidgetAttribute.WA_SetFont) or widget.property(_FONT) is not None
    # Buttons of a box take no font from it.
    if (own and not inside) or isinstance(widget, QAbstractButton):
        enlarge_font(widget, factor)
    _enlarge_limits(widget, factor)
    own_sheet = _first(widget, "builtSheet", widget.styleSheet())
    if isinstance(own_sheet, str) and own_sheet:
        widget.setStyleSheet(enlarged_sheet(own_sheet, factor))
    layout = widget.layout()
    if layout is not None:
        for each in _layouts_in(layout):
            _enlarge_layout(each, factor)
    if isinstance(widget, QTableView):
        _enlarge_table(widget, factor)
    if isinstance(widget, PaintsScaled):
        widget.set_scale(factor)


def widgets_in(root: QWidget) -> Iterator[QWidget]:
    """Yield a widget and all in it that are no windows of their own."""
    yield root
    for widget in root.findChildren(QWidget):
        if widget.window() is root.window():
            yield widget


def _first(thing: QObject, name: str, value: object) -> object:
    """Return a property as it was first, which is now if it was never asked for."""
    kept = thing.property(name)
    if kept is None:
        thing.setProperty(name, value)
        return value
    return kept


def _times(px: int, factor: float) -> int:
    return max(1, round(px * factor)) if px else 0


def enlarge_font(widget: QWidget, factor: float) -> None:
    """Give a widget a font so many times as large as built."""
    font = QFont(widget.font())
    by_pixels = font.pixelSize() > 0
    built = _first(widget, _FONT, font.pixelSize() if by_pixels else font.pointSizeF())
    assert isinstance(built, int | float)
    if by_pixels:
        font.setPixelSize(max(1, round(built * factor)))
    else:
        font.setPointSizeF(built * factor)
    widget.setFont(font)


def _enlarge_limits(widget: QWidget, factor: float) -> None:
    if isinstance(widget.parentWidget(), QTableView):
        return  # headers and viewports are laid out by the table
    limits = [
        widget.minimumWidth(), widget.minimumHeight(), widget.maximumWidth(),
        widget.maximumHeight(),
    ]
    built = _first(widget, "builtLimits", limits)
    assert isinstance(built, list)
    if built == [0, 0, _NO_LIMIT_PX, _NO_LIMIT_PX]:
        return
    low_w, low_h, high_w, high_h = (
        px if px >= _NO_LIMIT_PX else _times(px, factor) for px in built
    )
    widget.setMinimumSize(low_w, low_h)
    widget.setMaximumSize(high_w, high_h)


def _layouts_in(layout: QLayout) -> Iterator[QLayout]:
    yield layout
    for index in range(layout.count()):
        item = layout.itemAt(index)
        inner = item.layout() if item is not None else None
        if inner is not None:
            yield from _layouts_in(inner)


def _enlarge_layout(layout: QLayout, factor: float) -> None:
    left, top, right, bottom = (_times(px, factor) for px in margins_of(layout))
    layout.setContentsMargins(left, top, right, bottom)
    if isinstance(layout, QGridLayout | QFormLayout):
        gaps = _first(
            layout, "builtGaps", [layout.horizontalSpacing(), layout.verticalSpacing()]
        )
        assert isinstance(gaps, list)
        layout.setHorizontalSpacing(_gap(gaps[0], factor))
        layout.setVerticalSpacing(_gap(gaps[1], factor))
    else:
        gap = _first(layout, "builtGap", layout.spacing())
        assert isinstance(gap, int)
        layout.setSpacing(_gap(gap, factor))


def set_margins(layout: QLayout, sides: Sequence[int], factor: float) -> None:
    """Give a layout other margins (left, top, right, bottom), as they are unscaled."""
    layout.setProperty("builtMargins", list(sides))
    _enlarge_layout(layout, factor)


def margins_of(layout: QLayout) -> list[int]:
    """Return the margins of a layout (left, top, right, bottom), as they are unscaled."""
    margins = layout.contentsMargins()
    sides = [margins.left(), margins.top(), margins.right(), margins.bottom()]
    built = _first(layout, "builtMargins", sides)
    assert isinstance(built, list)
    return built


def _gap(px: int, factor: float) -> int:
    return px if px < 0 else _times(px, factor)


def _enlarge_table(table: QTableView, factor: float) -> None:
    rows, columns = table.verticalHeader(), table.horizontalHeader()
    built = _first(
        table, "builtSections", [rows.defaultSectionSize(), rows.minimumSectionSize()]
    )
    before = table.property("columnsAt") or 1.0
    assert isinstance(built, list) and isinstance(before, int | float)
    if rows.sectionResizeMode(0) != QHeaderView.ResizeMode.ResizeToContents or not rows.count():
        rows.setMinimumSectionSize(_times(built[1], factor))
        rows.setDefaultSectionSize(_times(built[0], factor))
    for column in range(columns.count()):
        if columns.sectionResizeMode(column) == QHeaderView.ResizeMode.Interactive:
            table.setColumnWidth(column, round(table.columnWidth(column) * factor / before))
    table.setProperty("columnsAt", float(factor))
