"""Colours and fonts of the themes; page-state hues after Okabe and Ito.

The first six page states stay apart under three kinds of colour blindness; every state has a
pattern as well (see `patterns`), so colour is never the only sign.
"""

from functools import lru_cache
from pathlib import Path
from typing import Final

from msgspec import Struct
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetrics, QGuiApplication, QPalette

from engine.states import PageState

FONTS: Final = Path(__file__).resolve().parents[2] / "assets" / "fonts"
UI_FAMILY: Final = "DejaVu Sans"
MONO_FAMILY: Final = "DejaVu Sans Mono"


_STATE_TOKENS: Final = {
    PageState.NOT_SENT: "unsent",
    PageState.IN_FLIGHT: "in_flight",
    PageState.UP_TO_DATE: "up_to_date",
    PageState.DIRTY_AGAIN: "dirty_again",
    PageState.SENT_WHILE_STOPPED: "stopped",
    PageState.PULLED: "pulled",
    PageState.SKIPPED: "ground",
    PageState.FREE: "ground",
    PageState.MISSING: "unsent",
    PageState.PUSHED: "up_to_date",
}


class Theme(Struct, frozen=True):
    """All colours of the window, as #RRGGBB, and how strong its lines are.

    Attributes:
        ground: Behind everything, and the colour of a page that is not there.
        panel: Raised surfaces. field: Inputs and VM tiles.
        line: Borders. ink: Text. dim: Secondary text (4.5:1 on panel).
        accent: Fills of the main action. accent_ink: Text on it. link: Accent for text and marks.
        warn: Text of a refusal or of lateness. good: Text of "running".
        thicker_px: Lines are wider by so much than they are drawn, without being smoothed then:
            a wide smooth line takes many times as long.
        veil_alpha: How much of the ground lies over the future of a plot, 0 to 255.
        unsent, stopped, in_flight, ...: See DESIGN's table of page states. skipped: Its outline.
        grey: Whether colours that are no field of it are to be grey too.
    """

    name: str
    ground: str
    panel: str
    field: str
    sunken: str
    line: str
    ink: str
    dim: str
    accent: str
    accent_ink: str
    link: str
    warn: str
    good: str
    pill: str
    pill_run: str
    pill_mig: str
    unsent: str
    stopped: str
    grid: str
    thicker_px: int = 0
    veil_alpha: int = 150
    in_flight: str = "#F0E442"
    up_to_date: str = "#56B4E9"
    dirty_again: str = "#D55E00"
    pulled: str = "#0072B2"
    skipped: str = "#D55E00"
    grey: bool = False

    def color(self, token: str) -> QColor:
        """Return the QColor of a field by its name."""
        return QColor(getattr(self, token))

    def state_color(self, state: PageState) -> QColor:
        """Return the fill of a page state (skipped and free are drawn on the ground)."""
        return self.color(_STATE_TOKENS[state])

    def palette(self) -> QPalette:
        """Return the Qt palette for the Fusion style."""
        p = QPalette()
        for role, token in (
            (QPalette.ColorRole.Window, "panel"),
            (QPalette.ColorRole.WindowText, "ink"),
            (QPalette.ColorRole.Base, "field"),
            (QPalette.ColorRole.AlternateBase, "panel"),
            (QPalette.ColorRole.Text, "ink"),
            (QPalette.ColorRole.Button, "field"),
            (QPalette.ColorRole.ButtonText, "ink"),
            (QPalette.ColorRole.ToolTipBase, "field"),
            (QPalette.ColorRole.ToolTipText, "ink"),
            (QPalette.ColorRole.PlaceholderText, "dim"),
            (QPalette.ColorRole.Highlight, "accent"),
            (QPalette.ColorRole.HighlightedText, "accent_ink"),
            (QPalette.ColorRole.Link, "link"),
        ):
            p.setColor(role, self.color(token))
        for role in (
            QPalette.ColorRole.WindowText,
            QPalette.ColorRole.Text,
            QPalette.ColorRole.ButtonText,
        ):
            p.setColor(QPalette.ColorGroup.Disabled, role, self.color("dim"))
        return p


DARK: Final = Theme(
    name="dark",
    ground="#12161D",
    panel="#1A2029",
    field="#202836",
    sunken="#0B0E13",
    line="#2C3542",
    ink="#E8EDF4",
    dim="#9AA8B9",
    accent="#0F5F91",
    accent_ink="#FFFFFF",
    link="#56B4E9",
    warn="#FF9A4D",
    good="#7FE0BF",
    pill="#2C3646",
    pill_run="#14493A",
    pill_mig="#0C4060",
    unsent="#4A4F57",
    stopped="#FFFFFF",
    grid="#232B36",
)
LIGHT: Final = Theme(
    name="light",
    ground="#FFFFFF",
    panel="#F4F6F9",
    field="#FFFFFF",
    sunken="#FBFCFD",
    line="#D3DAE3",
    ink="#16202C",
    dim="#536072",
    accent="#0B6AA8",
    accent_ink="#FFFFFF",
    link="#0B6AA8",
    warn="#A84300",
    good="#0B6B4A",
    pill="#E3E8EF",
    pill_run="#D3F0E4",
    pill_mig="#D5EAFA",
    unsent="#C4C8CE",
    stopped="#000000",
    grid="#E1E7EE",
)
PROJECTOR: Final = Theme(
    name="projector",
    ground="#FFFFFF",
    panel="#FFFFFF",
    field="#FFFFFF",
    sunken="#F0F2F5",
    line="#78818D",
    ink="#000000",
    dim="#33393F",
    accent="#003E6B",
    accent_ink="#FFFFFF",
    link="#004B80",
    warn="#8A2F00",
    good="#004D33",
    pill="#DDE3EA",
    pill_run="#C4EBD9",
    pill_mig="#C3E0F7",
    unsent="#B1B7BF",
    stopped="#000000",
    grid="#B5BDC7",
    thicker_px=1,
    veil_alpha=90,
)
"""For weak projectors: no pale ink, strong lines, borders that can be seen, on white."""
THEMES: Final = {theme.name: theme for theme in (DARK, LIGHT, PROJECTOR)}
FOLLOW_SYSTEM: Final = "system"
"""Dark or light, as the desktop says."""
THEME_CHOICES: Final = (*THEMES, FOLLOW_SYSTEM)


def theme_of(name: str) -> Theme:
    """Return the theme of a choice; that of the desktop for "system".

    Raises:
        KeyError: There is no such theme.
    """
    if name != FOLLOW_SYSTEM:
        return THEMES[name]
    dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
    return DARK if dark else LIGHT


def load_fonts() -> None:
    """Register the bundled fonts; call once, after the application exists."""
    for path in sorted(FONTS.glob("*.ttf")):
        QFontDatabase.addApplicationFont(str(path))


def forget_glyphs() -> None:
    """Drop the pictures of letters that Qt keeps, in every size and scale that there ever was.

    Those on screen are drawn again at need. Qt drops them when a font goes, and has no other way.
    """
    one_more = QFontDatabase.addApplicationFont(str(min(FONTS.glob("*.ttf"))))
    QFontDatabase.removeApplicationFont(one_more)


def ui_font(size_px: int = 13, *, bold: bool = False) -> QFont:
    """Return the interface font; its size is in pixels so that pictures repeat."""
    return _font(UI_FAMILY, size_px, bold=bold)


def mono_font(size_px: int = 12) -> QFont:
    """Return the font of the client console."""
    return _font(MONO_FAMILY, size_px, bold=False)


@lru_cache(maxsize=2048)
def text_px(text: str, size_px: int = 13, *, bold: bool = False) -> int:
    """Return how wide a text is in the interface font; the same texts are asked about often."""
    return QFontMetrics(ui_font(size_px, bold=bold)).horizontalAdvance(text)


@lru_cache(maxsize=64)
def _font(family: str, size_px: int, *, bold: bool) -> QFont:
    """Return a font, the same one each time: Qt finds its glyphs once. Not to be changed."""
    font = QFont(family)
    font.setPixelSize(size_px)
    font.setBold(bold)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    font.setStyleStrategy(QFont.StyleStrategy.NoSubpixelAntialias)
    return font
