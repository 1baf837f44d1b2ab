"""The sheet of keys, made from the actions themselves, so that it cannot tell something else."""

from collections.abc import Iterator, Sequence
from typing import Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import (
    QAction,
    QFont,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gui.action_table import ActionRow
from gui.models.fuzzy import fit
from gui.models.key_words import keys_text
from gui.style.enlarging import scale_of
from gui.style.theme import ui_font

COLUMNS: Final = 3
COLUMN_PX: Final = 352
HEIGHT_PX: Final = 700
SIDES_PX: Final = 48
LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
WRAPPED: Final = int(LEFT) | int(Qt.TextFlag.TextWordWrap)
NOTHING: Final = "No key and no action is called that."


class KeySheet(QDialog):
    """Shows every action that has a key, under the heading of its group.

    Attributes:
        rows: (group, what it does, keys), in the order of the table.
    """

    def __init__(
        self, actions: Sequence[tuple[ActionRow, QAction]], parent: QWidget | None = None
    ) -> None:
        """Show the keys of these actions."""
        super().__init__(parent)
        self.setObjectName("dialogBox")
        self.setWindowTitle("Keys")
        self.rows = [
            (row.group, action.text().rstrip("…"), keys_text(action))
            for row, action in actions
            if action.shortcuts()
        ]
        self.field = QLineEdit()
        self.field.setFont(ui_font(13))
        self.field.setPlaceholderText("Find a key or what it does")
        self.field.setAccessibleName("Find")
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._fill)
        self._n_columns = 0
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFrameShape(QScrollArea.Shape.NoFrame)
        self._area.setAccessibleName("Keys")
        self._text = KeyColumns()
        self._area.setWidget(self._text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 12, 14)
        layout.setSpacing(10)
        layout.addWidget(self.field)
        layout.addWidget(self._area, 1)
        room = parent.height() - 40 if parent is not None else HEIGHT_PX
        self.resize(COLUMNS * COLUMN_PX + SIDES_PX, min(HEIGHT_PX, room))
        self._set_columns()

    def shown(self) -> list[tuple[str, str, str]]:
        """Return the rows that fit what is looked for."""
        typed = self.field.text()
        if not typed.strip():
            return self.rows
        return [
            (group, text, keys)
            for group, text, keys in self.rows
            if typed.strip() == keys or fit(typed, f"{text} {keys} {group}") is not None
        ]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Set as many columns as there is room for."""
        super().resizeEvent(event)
        self._set_columns()

    def _set_columns(self) -> None:
        inside = self.width() / scale_of(self) - SIDES_PX
        n_columns = max(1, min(COLUMNS, int(inside // COLUMN_PX)))
        if n_columns != self._n_columns:
            self._n_columns = n_columns
            self._fill(self.field.text())

    def _fill(self, typed: str) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for group, text, keys in self.shown():
            groups.setdefault(group, []).append((text, keys))
        self._text.show_columns(_columns(groups, self._n_columns))


Groups = list[tuple[str, list[tuple[str, str]]]]


def _columns(groups: dict[str, list[tuple[str, str]]], n_columns: int) -> list[Groups]:
    """Return the groups in columns of about the same height, in their order."""
    heights = [len(rows) + 2 for rows in groups.values()]
    most = max([sum(heights) / n_columns, *heights], default=0)
    columns: list[Groups] = [[]]
    filled = 0
    for (title, rows), height in zip(groups.items(), heights, strict=True):
        if columns[-1] and filled + height / 2 > most and len(columns) < n_columns:
            columns.append([])
            filled = 0
        columns[-1].append((title, rows))
        filled += height
    return columns


class KeyColumns(QWidget):
    """Groups of keys beside each other, painted: hundreds of labels would take long to open."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self.setObjectName("sideContent")
        self.setAccessibleName("Keys")
        self._columns: list[Groups] = []
        self._scale = 1.0

    def show_columns(self, columns: list[Groups]) -> None:
        """Show other keys."""
        self._columns = columns
        rows = [(title, row) for column in columns for title, each in column for row in each]
        told = "; ".join(f"{title}: {text}, {keys}" for title, (text, keys) in rows)
        self.setAccessibleDescription(told or NOTHING)
        self._fit()

    def set_scale(self, scale: float) -> None:
        """Paint so many times as large."""
        self._scale = scale
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break texts anew."""
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw everything."""
        painter = QPainter(self)
        for rect, text, font, flags, role in self._pieces():
            painter.setFont(font)
            painter.setPen(self.palette().color(role))
            painter.drawText(rect, flags, text)

    def _fit(self) -> None:
        self.setMinimumHeight(max((piece[0].bottom() + 1 for piece in self._pieces()), default=0))
        self.update()

    def _px(self, px: int) -> int:
        return round(px * self._scale)

    def _pieces(self) -> Iterator[tuple[QRect, str, QFont, int, QPalette.ColorRole]]:
        """Yield every text with its place, font, alignment and colour."""
        plain, bold = (ui_font(self._px(12), bold=b) for b in (False, True))
        ink, dim = QPalette.ColorRole.WindowText, QPalette.ColorRole.PlaceholderText
        bold_metrics, metrics = QFontMetrics(bold), QFontMetrics(plain)
        line, gap = metrics.height() + self._px(4), self._px(12)
        if not any(self._columns):
            yield QRect(0, 0, self.width(), line), NOTHING, plain, int(LEFT), ink
        pitch = (self.width() - self._px(8) + self._px(18)) // max(1, len(self._columns))
        for i, column in enumerate(self._columns):
            widths = [bold_metrics.horizontalAdvance(k) for _, rows in column for _, k in rows]
            keys_px = max(widths, default=0)
            left, y = i * pitch, 0
            beside = left + keys_px + gap
            room = pitch - self._px(18) - keys_px - gap
            for title, rows in column:
                y += self._px(10) if y else 0
                yield QRect(left, y, pitch, line), title, bold, int(LEFT), dim
                y += line
                for text, keys in rows:
                    high = metrics.boundingRect(0, 0, room, 9999, WRAPPED, text).height()
                    high = max(line, high + self._px(4))
                    yield QRect(left, y, keys_px, high), keys, bold, int(RIGHT), ink
                    yield QRect(beside, y, room, high), text, plain, WRAPPED, ink
                    y += high
