"""The style sheet of the window's own widgets: header, menus, buttons, dialogs, scroll bars.

Views paint themselves with a theme's colours; only standard widgets are styled here. Fonts are
never set here: their pixel sizes and hinting are pinned in `gui.style.theme`.
"""

from string import Template
from typing import Final

from msgspec.structs import asdict
from PySide6.QtWidgets import QWidget

from gui.style.theme import Theme
from gui.style.watching import unwatched

_SHEET: Final = Template("""
QMainWindow, QDialog, QMessageBox { background: $panel; color: $ink; }
#left, #pool { background: $ground; }
#header { background: $panel; border-bottom: 1px solid $line; }
#footer { background: $panel; border-top: 1px solid $line; }
#side, #side > QWidget, #sideContent { background: $panel; border: 0; }
#side { border-left: 1px solid $line; }
QDialog #side { border: 2px solid transparent; }
QDialog #side:focus { border-color: $link; }
#sectionTitle, #dim { color: $dim; background: transparent; }
#brand { color: $ink; background: transparent; }
#notice { color: $warn; background: transparent; }
#refusal { color: $warn; background: transparent; }

QMenuBar { background: transparent; color: $ink; border: 0; }
QMenuBar::item { padding: 5px 6px; border-radius: 5px; background: transparent; }
QMenuBar::item:selected { background: $pill; }
QMenu { background: $field; color: $ink; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 5px 22px 5px 22px; border-radius: 4px; }
QMenu::item:selected { background: $accent; color: $accent_ink; }
QMenu::item:disabled { color: $dim; background: transparent; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }

QPushButton { background: $field; color: $ink; border: 1px solid $line; border-radius: 6px;
  padding: 5px 9px; }
QPushButton:hover { border-color: $link; }
QPushButton:focus { border: 2px solid $link; padding: 4px 8px; }
QPushButton:pressed { background: $pill; }
QPushButton:disabled { color: $dim; background: transparent; }
QPushButton[hot="true"] { background: $accent; color: $accent_ink; border-color: $link; }
QPushButton[hot="true"]:focus { border: 4px double $accent_ink; padding: 2px 6px; }
QPushButton[hot="true"]:disabled { background: $pill; color: $dim; border-color: $line; }

QCheckBox { color: $ink; background: transparent; spacing: 6px; }
QCheckBox::indicator { width: 15px; height: 15px; border: 1px solid $dim; border-radius: 3px;
  background: $field; }
QCheckBox::indicator:checked { background: $link; border-color: $ink; }
QComboBox:focus { border: 2px solid $link; border-radius: 4px; }
QCheckBox:focus { border: 1px solid $link; border-radius: 3px; }
QRadioButton { color: $ink; background: transparent; spacing: 7px; padding: 2px;
  border: 1px solid transparent; border-radius: 3px; }
QRadioButton::indicator { width: 13px; height: 13px; border: 1px solid $dim; border-radius: 7px;
  background: $field; }
QRadioButton::indicator:checked { width: 7px; height: 7px; border: 4px solid $link;
  background: $ground; border-radius: 7px; }
QRadioButton:focus { border-color: $link; }

QDialog QLineEdit { background: $field; color: $ink; placeholder-text-color: $dim;
  border: 1px solid $dim; border-radius: 4px;
  padding: 2px 5px; }
QDialog QLineEdit:focus { border: 2px solid $link; padding: 1px 4px; }
QDialog QComboBox QLineEdit, QDialog QAbstractSpinBox QLineEdit { border: 0; padding: 0;
  background: transparent; }

QSplitter::handle { background: $line; }
QSplitter::handle:hover { background: $link; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $line; border-radius: 4px; min-height: 24px; min-width: 24px;
  margin: 1px; }
QScrollBar::handle:hover { background: $dim; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QToolTip { background: $field; color: $ink; border: 1px solid $line; padding: 3px; }

QListWidget { background: $field; color: $ink; border: 1px solid $line; border-radius: 6px;
  padding: 4px; outline: 0; }
QListWidget:focus { border: 2px solid $link; padding: 3px; }
QLabel[reading="true"] { border: 1px solid transparent; border-radius: 3px; padding: 1px; }
QLabel[reading="true"]:focus { border-color: $link; }
QTableView:focus { border: 2px solid $link; }
QDialog QPlainTextEdit { background: $field; color: $ink; border: 1px solid $dim;
  border-radius: 4px; padding: 1px; }
QDialog QPlainTextEdit:focus { border: 2px solid $link; padding: 0; }
QDialog QAbstractSpinBox { background: $field; color: $ink; border: 1px solid $dim;
  border-radius: 4px; padding: 2px 4px; }
QDialog QAbstractSpinBox:focus { border: 2px solid $link; padding: 1px 3px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { width: 16px; border: 0;
  background: transparent; subcontrol-origin: border; }
QAbstractSpinBox::up-button { subcontrol-position: top right; }
QAbstractSpinBox::down-button { subcontrol-position: bottom right; }
QAbstractSpinBox::up-arrow { width: 0; height: 0; border-left: 4px solid $field;
  border-right: 4px solid $field; border-bottom: 5px solid $dim; }
QAbstractSpinBox::down-arrow { width: 0; height: 0; border-left: 4px solid $field;
  border-right: 4px solid $field; border-top: 5px solid $dim; }
QDialog QComboBox { background: $field; color: $ink; border: 1px solid $dim; border-radius: 4px;
  padding: 2px 5px; }
QDialog QComboBox:focus { border: 2px solid $link; padding: 1px 4px; }
QDialog QComboBox::drop-down { width: 18px; border: 0; background: transparent; }
QDialog QComboBox::down-arrow { width: 0; height: 0; border-left: 4px solid $field;
  border-right: 4px solid $field; border-top: 5px solid $dim; }
QDialog QComboBox QAbstractItemView { background: $field; color: $ink; border: 1px solid $line;
  selection-background-color: $accent; selection-color: $accent_ink; }
QScrollArea:focus { border: 2px solid $link; }
QListWidget::item { padding: 7px 9px; border-radius: 4px; }
QListWidget::indicator { width: 13px; height: 13px; border: 1px solid $dim; border-radius: 3px;
  background: $ground; }
QListWidget::indicator:checked { width: 7px; height: 7px; border: 4px solid $link;
  background: $ground; }
QListWidget::indicator:checked:selected { border-color: $accent_ink; background: $accent; }
QListWidget::item:selected { background: $accent; color: $accent_ink; }
#summary { background: $sunken; color: $ink; border-bottom: 1px solid $line; }
#standingBar { background: $pill_mig; border-top: 1px solid $line; }
#standingBar QLabel { background: transparent; color: $ink; }
#comparePage { background: $ground; }
#compareColumn { background: $panel; border: 1px solid $line; border-radius: 8px; }
#compareColumn QLabel { background: transparent; }
#noteBubble { background: $field; border: 1px solid $link; border-radius: 8px; }
#noteBubble QLabel { background: transparent; color: $ink; }
#toast { background: $field; color: $ink; border: 2px solid $link; border-radius: 10px; }
#errorNotice { background: $field; border: 1px solid $warn; border-radius: 8px; }
#errorNotice QLabel { background: transparent; color: $ink; }
#errorNotice #refusal { color: $warn; }
""")


def style_sheet(theme: Theme, scale: float = 1.0) -> str:
    """Return the style sheet of a theme; for a dialog, so many times as large."""
    tokens = {name: value for name, value in asdict(theme).items() if name != "name"}
    sheet = _SHEET.substitute(tokens)
    if scale == 1:
        return sheet
    from gui.style.enlarging import enlarged_sheet

    return enlarged_sheet(sheet, scale)


def dress(widget: QWidget, sheet: str) -> None:
    """Give a widget a style sheet of its own, unless it wears it already.

    Qt works the style of a widget and of all in it out anew even for the same text.
    """
    if widget.styleSheet() != sheet:
        with unwatched():
            widget.setStyleSheet(sheet)
