"""The panel of a lesson: where one is, the text, what is asked, and what came of it."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QFont
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from engine.lesson import GoalState
from gui.style.theme import DARK, Theme, ui_font
from gui.views.lesson_answer import Answer

TEXT_PX: Final = 14
LARGE: Final = 1.45
"""Before an audience everything is so many times as large, beside the scale of the window."""
LARGE_WIDTH_PX: Final = 420
MARGIN_PX: Final = 14
MET, OPEN = "\N{CHECK MARK}", "\N{BALLOT X}"


class LessonPanel(QFrame):
    """Shows one step.

    Signals:
        go_on, go_back, replay: The buttons.
        closed: The lesson is to end.
        hint_wanted, solution_wanted: Of an exercise.
    """

    go_on = Signal()
    go_back = Signal()
    replay = Signal()
    closed = Signal()
    hint_wanted = Signal()
    solution_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty and hidden."""
        super().__init__(parent)
        self.setObjectName("lesson")
        self.setAccessibleName("Lesson")
        self._theme = DARK
        self.answer: Answer | None = None
        self.heading, self.progress, self.place = QLabel(), QProgressBar(), QLabel()
        self.title, self.text = QLabel(), QLabel()
        self.captions, self.goals, self.verdict, self.why = QLabel(), QLabel(), QLabel(), QLabel()
        self.close_button = QPushButton("End")
        self.next_button, self.back_button = QPushButton("Continue"), QPushButton("Back")
        self.replay_button = QPushButton("Replay")
        self.hint_button, self.solution_button = QPushButton("Hint"), QPushButton("Show a solution")
        self._arrange()
        self._connect()
        self.hide()

    def _arrange(self) -> None:
        self.heading.setObjectName("dim")
        self.place.setObjectName("dim")
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(5)
        self.progress.setAccessibleName("Progress of the lesson")
        labels = (self.title, self.text, self.captions, self.goals, self.verdict, self.why)
        for label in labels:
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.set_large(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, MARGIN_PX, 0, 10)
        layout.setSpacing(8)
        layout.addLayout(self._head())
        layout.addWidget(_inset(self.progress))
        layout.addWidget(self._scrolled(), 1)
        layout.addLayout(self._foot())

    def set_large(self, on: bool) -> None:
        """Write for the last row of a hall, or for one reader."""
        self._factor = LARGE if on else 1.0
        self.setMinimumWidth(LARGE_WIDTH_PX if on else 0)
        for label in (self.heading, self.place, self.close_button):
            label.setFont(self._font(12))
        for label in (self.text, self.captions, self.goals, self.why):
            label.setFont(self._font(TEXT_PX))
        self.title.setFont(self._font(17, bold=True))
        self.verdict.setFont(self._font(TEXT_PX, bold=True))
        for button in (
            self.hint_button, self.solution_button, self.back_button, self.replay_button,
            self.next_button,
        ):
            button.setFont(self._font(13))
        if self.answer is not None:
            self.answer.set_factor(self._factor)

    def _font(self, size_px: int, *, bold: bool = False) -> QFont:
        return ui_font(round(size_px * self._factor), bold=bold)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(MARGIN_PX, 0, MARGIN_PX, 0)
        row.addWidget(self.heading, 1)
        row.addWidget(self.place)
        row.addWidget(self.close_button)
        self.heading.setWordWrap(True)
        return row

    def _scrolled(self) -> QScrollArea:
        content = QWidget()
        content.setObjectName("lessonContent")
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(MARGIN_PX, 4, MARGIN_PX, 4)
        self._column.setSpacing(11)
        for label in (self.title, self.text, self.captions, self.goals, self.verdict, self.why):
            self._column.addWidget(label)
        self._column.addStretch(1)
        self.area = QScrollArea()
        self.area.setObjectName("lessonArea")
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setAccessibleName("Text of the lesson")
        self.area.setWidget(content)
        return self.area

    def _foot(self) -> QVBoxLayout:
        first, second = QHBoxLayout(), QHBoxLayout()
        for button in (self.hint_button, self.solution_button):
            first.addWidget(button)
        for button in (self.back_button, self.replay_button, self.next_button):
            second.addWidget(button)
        self.next_button.setProperty("hot", True)
        column = QVBoxLayout()
        column.setContentsMargins(MARGIN_PX, 0, MARGIN_PX, 0)
        column.addLayout(first)
        column.addLayout(second)
        return column

    def _connect(self) -> None:
        for button, signal in (
            (self.next_button, self.go_on), (self.back_button, self.go_back),
            (self.replay_button, self.replay), (self.close_button, self.closed),
            (self.hint_button, self.hint_wanted), (self.solution_button, self.solution_wanted),
        ):
            button.clicked.connect(lambda checked=False, signal=signal: signal.emit())

    def set_keys(self, next_key: str, back_key: str, replay_key: str, end_key: str) -> None:
        """Name the keys of the buttons in their tips."""
        for button, text, key in (
            (self.next_button, "Go on", next_key), (self.back_button, "Go back", back_key),
            (self.replay_button, "Play this step again", replay_key),
            (self.close_button, "End the lesson and go back to what was open", end_key),
        ):
            button.setToolTip(f"{text} ({key})")

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.setStyleSheet(
            f"#lesson {{ background: {theme.panel}; }}"
            f"#lessonArea, #lessonContent {{ background: transparent; }}"
            f"#lesson QLabel {{ background: transparent; color: {theme.ink}; }}"
            f"#lesson QLabel#dim {{ color: {theme.dim}; }}"
            f"#lesson QLabel#refusal {{ color: {theme.warn}; }}"
            f"#lesson QLineEdit {{ background: {theme.field}; color: {theme.ink};"
            f" placeholder-text-color: {theme.dim}; border: 1px solid {theme.dim};"
            f" border-radius: 4px; padding: 4px 7px; }}"
            f"#lesson QLineEdit:focus {{ border: 2px solid {theme.link}; padding: 3px 6px; }}"
            f"#lesson QProgressBar {{ background: {theme.pill}; border: 0; border-radius: 2px; }}"
            f"#lesson QProgressBar::chunk {{ background: {theme.link}; border-radius: 2px; }}"
            f"#lesson QRadioButton:focus {{ outline: 2px solid {theme.link}; }}"
        )
        if self.answer is not None and hasattr(self.answer, "canvas"):
            self.answer.canvas.set_theme(theme)

    def show_step(
        self, heading: str, place: tuple[int, int], title: str, text: str, answer: Answer | None
    ) -> None:
        """Show another step.

        Args:
            heading: Number and title of the lesson.
            place: (step counted from 1, how many there are).
            title: Of the step.
            text: Its paragraphs.
            answer: The form that asks, None if nothing is asked.
        """
        self.heading.setText(heading)
        self.place.setText(f"{place[0]} of {place[1]}")
        self.progress.setRange(0, place[1])
        self.progress.setValue(place[0])
        self.title.setText(title)
        self._put(self.text, text)
        for label in (self.captions, self.goals, self.verdict, self.why):
            self._put(label, "")
        if self.answer is not None:
            self._column.removeWidget(self.answer)
            self.answer.hide()
            self.answer.deleteLater()
        self.answer = answer
        if answer is not None:
            self._column.insertWidget(2, answer)
            answer.set_factor(self._factor)
            answer.show()
            self.set_theme(self._theme)
        self.area.verticalScrollBar().setValue(0)
        self.announce(f"{title}. {text}")

    def show_buttons(
        self, *, go_on: str, back: bool, replay: bool, exercise: bool
    ) -> None:
        """Show which buttons do something now, and what Continue is called."""
        self.next_button.setText(go_on)
        self.back_button.setEnabled(back)
        self.replay_button.setEnabled(replay)
        for button in (self.hint_button, self.solution_button):
            button.setVisible(exercise)

    def show_captions(self, captions: Sequence[str]) -> None:
        """List what has been said beside the run so far."""
        self._put(self.captions, "\n".join(f"\N{BULLET} {caption}" for caption in captions))

    def show_goals(self, goals: Sequence[GoalState]) -> None:
        """Show how the goals stand: a mark, what is asked, what the run has."""
        lines = [f"{MET if g.met else OPEN} {g.asked}; now {g.found}" for g in goals]
        if self._put(self.goals, "\n".join(lines)) and lines:
            self.announce("; ".join(f"{'met' if g.met else 'not met'}: {g.asked}" for g in goals))

    def show_verdict(self, verdict: str, why: str, *, seen: bool = True) -> None:
        """Show what was said beside what it did, and why.

        Args:
            verdict: The heading, or what was said and done.
            why: The paragraphs below it.
            seen: Whether it is scrolled to; else the text is read from its begin.
        """
        self._put(self.verdict, verdict)
        self._put(self.why, why)
        if verdict or why:
            self.announce(f"{verdict} {why}".strip())
            # The newest words may stand below what is seen, and have no place yet.
            if seen:
                QTimer.singleShot(0, self, self._show_newest)

    def _show_newest(self) -> None:
        """Scroll to the verdict, so that it is read from its begin."""
        self._column.activate()
        for label in (self.why, self.verdict):
            if not label.isHidden():
                self.area.ensureWidgetVisible(label, 0, 8)

    def announce(self, words: str) -> None:
        """Tell screen readers."""
        self.setAccessibleDescription(words)
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, words))

    def _put(self, label: QLabel, text: str) -> bool:
        """Give a label words, hide it without any; return whether they changed."""
        changed = label.text() != text
        label.setText(text)
        label.setVisible(bool(text))
        return changed


def _inset(widget: QWidget) -> QWidget:
    box = QWidget()
    layout = QHBoxLayout(box)
    layout.setContentsMargins(MARGIN_PX, 0, MARGIN_PX, 0)
    layout.addWidget(widget)
    return box
