"""Curves and points of a plot, painted into a picture: gaps, far zooms, crowds, signs."""

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QImage, QPainter

from gui.style.theme import DARK
from gui.views.plot_content import Curve, Markers, PlotContent, logarithmic
from gui.views.plot_curves import draw_curves, inside_of
from gui.views.plot_geometry import Geometry, Stretch
from gui.views.plot_signs import CORNERS, draw_signs

pytestmark = pytest.mark.usefixtures("qapp")

SECOND_NS = 1_000_000_000
AREA = QRectF(10, 5, 200, 100)
Mask = npt.NDArray[np.bool_]


def content(
    curves: tuple[Curve, ...] = (), markers: tuple[Markers, ...] = (), log: bool = False
) -> PlotContent:
    made = PlotContent(
        "Test", 10 * SECOND_NS, 100.0, 25.0, curves=curves, markers=markers, log_from=0.1
    )
    return logarithmic(made) if log else made


def painted(shown: PlotContent, start_s: float = 0, end_s: float = 10) -> Mask:
    """Return which pixels are not ground, indexed [y, x]."""
    image = QImage(220, 120, QImage.Format.Format_RGB32)
    image.fill(QColor("#000000"))
    stretch = Stretch(round(start_s * SECOND_NS), round(end_s * SECOND_NS))
    geometry = Geometry(AREA, stretch, shown.y_min, shown.y_max, shown.log)
    painter = QPainter(image)
    draw_curves(painter, shown, geometry, DARK)
    painter.end()
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(120, 220)
    return (pixels & 0xFFFFFF) != 0


def line(*points: tuple[float, float]) -> Curve:
    x_s, y = np.array(points, np.float64).T
    return Curve("sent", x_s, y)


def test_a_curve_goes_through_its_points() -> None:
    drawn = painted(content((line((0, 50), (5, 50), (5, 100), (10, 100)),)))

    assert drawn[55, 20] and drawn[55, 100] and not drawn[55, 150]
    assert drawn[30, 110], "the step up"
    assert drawn[5, 150], "the top"


def test_a_value_that_is_no_number_is_a_gap() -> None:
    whole = painted(content((line((0, 50), (4, 50), (5, 50), (6, 50), (10, 50)),)))
    cut = painted(content((line((0, 50), (4, 50), (5, np.nan), (6, 50), (10, 50)),)))

    assert whole[55, 15:205].all()
    assert cut[55, 15:88].all() and cut[55, 132:205].all()
    assert not cut[:, 92:128].any()


@pytest.mark.parametrize("length_s", [1.0, 1e-3, 20e-6])
def test_zoomed_far_in_a_slope_stands_where_it_is(length_s: float) -> None:
    slope = content((line((0, 0), (10, 100)),))
    start_s = 5 - length_s / 2
    drawn = painted(slope, start_s, start_s + length_s)

    rows = np.flatnonzero(drawn[:, 110])
    assert len(rows) and abs(rows.mean() - 55) <= 1
    assert drawn[:, 10:209].any(axis=0).all(), "from edge to edge"


def test_nothing_is_drawn_outside_the_axes() -> None:
    dots = Markers("late", "s", np.array([0.0, 10.0]), np.array([0.0, 100.0]))
    drawn = painted(content((line((-5, -50), (15, 250)),), (dots,)))

    outside = drawn.copy()
    outside[4:106, 9:211] = False
    assert not outside.any()


def test_on_a_log_scale_a_decade_is_always_as_high() -> None:
    shown = content((line((0, 1), (5, 1), (5, 10), (10, 10)),), log=True)
    drawn = painted(shown)

    geometry = Geometry(AREA, Stretch(0, 10 * SECOND_NS), shown.y_min, shown.y_max, shown.log)
    for x, value in ((50, 1.0), (150, 10.0)):
        rows = np.flatnonzero(drawn[:, x])
        assert abs(rows.mean() - geometry.y_at(value)) <= 1


def test_points_that_crowd_are_small_and_all_there() -> None:
    few = Markers("late", "o", np.array([5.0]), np.array([50.0]))
    x_s = np.linspace(0, 10, 20_000)
    many = Markers("late", "o", x_s, np.full(20_000, 50.0))

    tall = np.flatnonzero(painted(content((), (few,)))[:, 110])
    crowd = painted(content((), (many,)))
    assert len(np.flatnonzero(crowd[:, 110])) < len(tall)
    assert crowd[55, 12:208].all()


def test_a_point_without_a_value_is_not_drawn() -> None:
    lost = Markers("late", "o", np.array([5.0]), np.array([np.nan]))

    assert not painted(content((), (lost,))).any()


def test_signs_differ_in_shape() -> None:
    seen = {}
    for symbol in ("o", "x", *CORNERS):
        image = QImage(20, 20, QImage.Format.Format_RGB32)
        image.fill(QColor("#000000"))
        painter = QPainter(image)
        draw_signs(painter, symbol, [QPointF(10, 10)], color=QColor("#FFFFFF"))
        painter.end()
        seen[symbol] = bytes(image.constBits())

    assert len(set(seen.values())) == len(seen)
    assert all(any(pixels) for pixels in seen.values())


def test_the_inside_leaves_room_for_axes_and_shares() -> None:
    plain = inside_of(QSize(400, 200), shares=False)
    shared = inside_of(QSize(400, 200), shares=True)

    assert plain.left() == shared.left() > 30
    assert plain.width() - shared.width() > 50
    assert plain.bottom() < 200 - 15
    assert inside_of(QSize(10, 10), shares=True).width() == 0
