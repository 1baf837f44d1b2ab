"""Palettes of figures: other colours of the page states, for paper and for print without colour.

A theme says what is dark and what is light; a palette says what the page states look like on it.
In `print` they are told apart by how light they are alone, so that a grey copy loses nothing; in
`mono` everything is grey. Patterns and signs are the same in all of them.
"""

from typing import Final

from msgspec.structs import fields, replace
from PySide6.QtGui import QColor

from gui.look_names import DEFAULT_PALETTE, PALETTES
from gui.style.theme import Theme

# Lightness (L* of CIELAB), so that neighbours are 10 or more apart by CIEDE2000 in grey: on a light
# ground 83, 68, 55, 44 and 31, on a dark one 76, 62, 51, 39 and 25.
_ON_LIGHT: Final = {
    "in_flight": "#EACD13", "unsent": "#A6A6A6", "up_to_date": "#328AC9",
    "dirty_again": "#B34505", "pulled": "#0A4B79", "skipped": "#B34505",
}  # fmt: skip
_ON_DARK: Final = {
    "in_flight": "#D7BD11", "up_to_date": "#529ED4", "dirty_again": "#D15005",
    "pulled": "#0D5F9B", "unsent": "#3B3B3B", "skipped": "#D15005",
}  # fmt: skip


def with_palette(theme: Theme, palette: str) -> Theme:
    """Return a theme with the colours of a palette.

    Args:
        theme: Any.
        palette: One of `PALETTES`.

    Raises:
        KeyError: There is no such palette.
    """
    if palette not in PALETTES:
        raise KeyError(palette)
    if palette == DEFAULT_PALETTE:
        return theme
    dark = theme.color("ground").lightnessF() < 0.5
    printed = replace(theme, **(_ON_DARK if dark else _ON_LIGHT))
    return printed if palette == "print" else _without_colour(printed)


def _without_colour(theme: Theme) -> Theme:
    """Return a theme in greys, each as light as the colour was: contrasts stay."""
    greys = {
        f.name: grey(value).name().upper()
        for f in fields(theme)
        if isinstance(value := getattr(theme, f.name), str) and value.startswith("#")
    }
    return replace(theme, **greys, grey=True)


def grey(color: QColor | str) -> QColor:
    """Return the grey of the same relative luminance (WCAG 2.2, as the contrast is defined)."""
    found = QColor(color)
    luminance = sum(
        share * _linear(value)
        for share, value in zip(
            (0.2126, 0.7152, 0.0722),
            (found.redF(), found.greenF(), found.blueF()),
            strict=True,
        )
    )
    low = luminance * 12.92
    value = low if luminance <= 0.0031308 else 1.055 * luminance ** (1 / 2.4) - 0.055
    level = round(255 * value)
    return QColor(level, level, level)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
