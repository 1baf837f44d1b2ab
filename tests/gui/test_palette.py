"""Contrast of text and graphics, and page states told apart by everybody, in every theme."""

from itertools import combinations

import numpy as np
import pytest
from msgspec.structs import asdict
from PySide6.QtGui import QColor

from engine.states import PageState
from gui.look_names import PALETTES, THEME_NAMES
from gui.style.palettes import grey, with_palette
from gui.style.patterns import MIN_PATTERN_PX, pattern_color, pattern_mask
from gui.style.theme import THEMES, Theme
from gui.views.page_coding import CODINGS, class_color
from gui.views.plot_content import role_color
from tests.helpers.colour_science import (
    BLINDNESS,
    ciede2000,
    contrast,
    difference,
    luminance,
)

# What is written in which ink on which ground, wherever it is in the window.
TEXT = [
    *((ink, ground) for ink in ("ink", "dim", "warn", "link")
      for ground in ("ground", "panel", "field", "sunken")),
    ("good", "panel"), ("good", "field"), ("accent_ink", "accent"), ("ink", "pill"),
    ("dim", "pill"), ("good", "pill_run"), ("ink", "pill_run"), ("link", "pill_mig"),
    ("ink", "pill_mig"),
]
# Lines, marks and fills that carry something by themselves.
GRAPHICS = [
    (mark, ground)
    for mark in ("link", "warn", "good", "ink", "dim")
    for ground in ("ground", "panel", "field")
]
STATES_AT_THE_SOURCE = (
    PageState.NOT_SENT, PageState.IN_FLIGHT, PageState.UP_TO_DATE, PageState.DIRTY_AGAIN,
    PageState.SENT_WHILE_STOPPED, PageState.SKIPPED, PageState.FREE,
)
STATES_AT_THE_DESTINATION = (
    PageState.IN_FLIGHT, PageState.UP_TO_DATE, PageState.DIRTY_AGAIN,
    PageState.SENT_WHILE_STOPPED, PageState.PULLED, PageState.MISSING, PageState.PUSHED,
    PageState.FREE,
)
# Fills that are too near to each other for somebody: their patterns tell them apart.
BY_PATTERN = {
    frozenset({PageState.SKIPPED, PageState.FREE}): "an outline, and a hatch",
    frozenset({PageState.UP_TO_DATE, PageState.PUSHED}): "a dot, and a bar below",
}


@pytest.fixture(params=[(name, palette) for name in sorted(THEMES) for palette in PALETTES])
def theme(request: pytest.FixtureRequest) -> Theme:
    name, palette = request.param
    return with_palette(THEMES[name], palette)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 3.1571, -77.2803), (50, 0, -82.7485), 2.8615),
        ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (61, -5, 29), 22.8977),
    ],
)
def test_the_difference_is_that_of_the_published_pairs(
    one: tuple[float, float, float], other: tuple[float, float, float], expected: float
) -> None:
    assert ciede2000(one, other) == pytest.approx(expected, abs=1e-4)
    assert ciede2000(other, one) == pytest.approx(expected, abs=1e-4)


def test_contrast_is_that_of_its_definition() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_has_four_and_a_half_to_one(theme: Theme, ink: str, ground: str) -> None:
    assert contrast(getattr(theme, ink), getattr(theme, ground)) >= 4.5


@pytest.mark.parametrize(("mark", "ground"), GRAPHICS)
def test_graphics_have_three_to_one(theme: Theme, mark: str, ground: str) -> None:
    assert contrast(getattr(theme, mark), getattr(theme, ground)) >= 3


@pytest.mark.parametrize("state", list(PageState))
def test_a_pattern_has_three_to_one_on_its_fill(theme: Theme, state: PageState) -> None:
    if not pattern_mask(state, 12).any() or state is PageState.FREE:
        return  # no pattern; free pages are no memory, their hatch is to be faint
    fill, ink = theme.state_color(state).name(), pattern_color(state, theme).name()
    assert contrast(fill, ink) >= 3


def fill_of(theme: Theme, state: PageState) -> str:
    return QColor(theme.state_color(state)).name()


@pytest.mark.parametrize("blindness", [None, *BLINDNESS])
@pytest.mark.parametrize("states", [STATES_AT_THE_SOURCE, STATES_AT_THE_DESTINATION])
def test_states_of_one_grid_are_told_apart_by_everybody(
    theme: Theme, states: tuple[PageState, ...], blindness: str | None
) -> None:
    near = {
        frozenset({a, b})
        for a, b in combinations(states, 2)
        if difference(fill_of(theme, a), fill_of(theme, b), blindness) < 10
    }
    assert near <= set(BY_PATTERN) | PATTERN_PAIRS_OF_THEME.get(theme.name, set())


# With white as the ground and white for what was sent while stopped in none: listed by theme.
PATTERN_PAIRS_OF_THEME: dict[str, set[frozenset[PageState]]] = {}


@pytest.mark.parametrize("pair", list(BY_PATTERN))
@pytest.mark.parametrize("size_px", [MIN_PATTERN_PX, 12, 22])
def test_patterns_of_listed_pairs_differ(pair: frozenset[PageState], size_px: int) -> None:
    one, other = (pattern_mask(state, size_px) for state in pair)
    differing = np.count_nonzero(one != other) / size_px**2
    assert differing > 0.1


@pytest.mark.parametrize("name", sorted(THEMES))
@pytest.mark.parametrize("palette", ["print", "mono"])
@pytest.mark.parametrize("states", [STATES_AT_THE_SOURCE, STATES_AT_THE_DESTINATION])
def test_palettes_for_paper_are_told_apart_in_a_grey_copy(
    name: str, palette: str, states: tuple[PageState, ...]
) -> None:
    theme = with_palette(THEMES[name], palette)
    near = {
        frozenset({a, b})
        for a, b in combinations(states, 2)
        if difference(grey(fill_of(theme, a)).name(), grey(fill_of(theme, b)).name(), None) < 10
    }

    assert near <= set(BY_PATTERN)


def test_a_grey_is_as_light_as_its_colour() -> None:
    for color in ("#56B4E9", "#D55E00", "#0A0A0A", "#FFFFFF", "#F0E442"):
        assert luminance(grey(color).name()) == pytest.approx(luminance(color), abs=0.004)


@pytest.mark.parametrize("name", sorted(THEMES))
def test_mono_has_no_colour_at_all(name: str) -> None:
    theme = with_palette(THEMES[name], "mono")
    colors = [QColor(v) for v in asdict(theme).values() if isinstance(v, str) and v[0] == "#"]
    colors += [class_color(coding, k, theme) for coding in CODINGS for k in range(10)]
    colors += [pattern_color(state, theme) for state in PageState]
    colors += [role_color(theme, role) for role in ("sent", "late", "held", "other", "dirtied")]

    assert all(c.red() == c.green() == c.blue() for c in colors if c.name() != "#101418")


def test_the_default_palette_is_the_theme_itself() -> None:
    assert all(with_palette(theme, "default") is theme for theme in THEMES.values())
    with pytest.raises(KeyError):
        with_palette(THEMES["dark"], "sepia")


def test_the_commands_know_every_theme() -> None:
    assert tuple(THEMES) == THEME_NAMES
