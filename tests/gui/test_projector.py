"""The projector theme keeps what its help says: strong lines, and a future that can be seen."""

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from gui.app import Parts
from gui.style.theme import PROJECTOR, THEMES
from gui.views.plot_content import role_color
from tests.helpers.colour_science import contrast

Settle = Callable[[Parts], None]
SECOND_NS = 1_000_000_000


def inside(parts: Parts, kind: str, t_ns: int) -> tuple[np.ndarray, int]:
    """Return the pixels of a plot's inside at an instant, and where the cursor is in them."""
    parts.player.seek(t_ns)
    QApplication.processEvents()
    panel = parts.window.plots.panel_of(kind)
    image = panel.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1) & 0xFFFFFF
    area = panel._picture.area.toRect()
    cut = raw[area.top() + 2 : area.bottom() - 2, area.left() + 3 : area.right() - 2]
    return cut.copy(), round(panel.x_at(t_ns)) - area.left() - 3


def thickness(parts: Parts, theme: str) -> int:
    """Return how many pixels of the rate's colour the column at 9 s has."""
    parts.wiring.layouts.set_theme(theme)
    pixels, _ = inside(parts, "rate", 12 * SECOND_NS)
    panel = parts.window.plots.panel_of("rate")
    column = round(panel.x_at(9 * SECOND_NS)) - panel._picture.area.toRect().left() - 3
    color = role_color(parts.window.theme, "sent").rgb() & 0xFFFFFF
    return int((pixels[:, column] == color).sum())


def test_lines_are_stronger_than_in_the_light_theme(parts: Parts, settle: Settle) -> None:
    settle(parts)
    parts.window.plots.show_plot(0, "rate")
    assert thickness(parts, "projector") == thickness(parts, "light") + 1


def test_the_future_of_a_curve_is_seen(parts: Parts, settle: Settle) -> None:
    settle(parts)
    parts.window.plots.show_plot(0, "rate")
    parts.wiring.layouts.set_theme("projector")
    pixels, cursor = inside(parts, "rate", 2 * SECOND_NS)
    colors, counts = np.unique(pixels[:, cursor + 5 :], return_counts=True)
    inked = [
        f"#{color:06x}" for color, count in zip(colors.tolist(), counts, strict=True) if count > 20
    ]
    blue = [c for c in inked if QColor(c).blue() > QColor(c).red() + 60]
    assert blue and max(contrast(c, PROJECTOR.ground) for c in blue) >= 3


@pytest.mark.parametrize("theme", sorted(set(THEMES) - {"projector"}))
def test_other_themes_draw_as_they_did(theme: str) -> None:
    assert THEMES[theme].thicker_px == 0
